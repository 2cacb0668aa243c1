-- /agenda: promised calls by their moment, overdue first because they are the earliest, each with
-- the hours in which its client may be called.

-- $1 tenant, $2 person; whose promises a filter means.
create function private.callback_owner_sql(whose text) returns text
language plpgsql
stable
set search_path = ''
as $$
begin
    return case
        when coalesce(whose, 'all') = 'all' then ''
        when whose = 'me' then ' and promised.operator_id = auth.uid()'
        when whose = 'anyone' then ' and promised.operator_id is null'
        when pg_input_is_valid(whose, 'uuid')
            then format(' and promised.operator_id = %L', whose)
    end;
end;
$$;

-- The rest of the filter: instants of the tenant's days, [from, to).
create function private.read_callback_filter(
    tenant_id uuid, filter jsonb, out owner_sql text, out from_at timestamptz,
    out until_at timestamptz
)
language plpgsql
stable
set search_path = ''
as $$
declare
    v_key text;
    v_zone text := (
        select tenants.time_zone from public.tenants
        where tenants.id = read_callback_filter.tenant_id
    );
begin
    if jsonb_typeof(filter) is distinct from 'object' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'an object is needed';
    end if;
    for v_key in select jsonb_object_keys(filter) loop
        if v_key not in ('whose', 'from', 'to') then
            raise exception 'unknown_filter' using errcode = 'PT400', detail = v_key;
        end if;
        if v_key in ('from', 'to') and not pg_input_is_valid(
            coalesce(filter ->> v_key, 'null'), 'date'
        ) then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
        end if;
    end loop;
    owner_sql := private.callback_owner_sql(filter ->> 'whose');
    if owner_sql is null then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'whose';
    end if;
    owner_sql := owner_sql
        || case when private.sees_everything() then ''
            else ' and private.sees_client(promised.client_id)' end;
    from_at := coalesce((filter ->> 'from')::date::timestamp at time zone v_zone, '-infinity');
    until_at := coalesce(((filter ->> 'to')::date + 1)::timestamp at time zone v_zone, 'infinity');
end;
$$;

-- What a line of the agenda shows. States are few and rows are many: the hours are asked once per
-- state. The agency's caps do not count: the debtor asked for the call.
create function private.callback_rows(tenant_id uuid, ids uuid[]) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Longer than any run of holidays and Sundays.
    c_days_ahead constant int := 15;
    v_now timestamptz := private.now();
    v_is_supervisor boolean := private.has_role('supervisor');
begin
    return (
        with listed as materialized (
            select promised.*, asked.place,
                private.uf_of(promised.tenant_id, promised.client_id, clients.uf) as uf
            from unnest(callback_rows.ids) with ordinality as asked (id, place)
            join public.callbacks as promised on promised.id = asked.id
            join public.clients
                on clients.tenant_id = promised.tenant_id and clients.id = promised.client_id
            where promised.tenant_id = callback_rows.tenant_id
        ),
        hours as materialized (
            select states.uf, opening.opens_at, opening.closes_at
            from (select distinct listed.uf from listed) as states
            cross join lateral (
                select found.opens_at, found.closes_at
                from private.contact_hours_in(
                    callback_rows.tenant_id, states.uf, v_now, c_days_ahead
                ) as found
                where found.closes_at > v_now
                order by found.opens_at limit 1
            ) as opening
        )
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', listed.id, 'due_at', listed.due_at, 'is_overdue', listed.due_at < v_now,
            'note', listed.note, 'made_at', listed.created_at,
            'made_by', private.actor_name(listed.tenant_id, made.operator_id),
            'operator', case when listed.operator_id is not null then jsonb_build_object(
                'id', listed.operator_id,
                'name', private.actor_name(listed.tenant_id, listed.operator_id)
            ) end,
            'released_from', private.actor_name(listed.tenant_id, listed.released_from),
            'is_mine', coalesce(listed.operator_id = auth.uid(), false),
            'may_change', listed.operator_id is null or listed.operator_id = auth.uid()
                or v_is_supervisor,
            'client', jsonb_build_object(
                'id', clients.id, 'name', clients.name, 'document', clients.document,
                'open_cents', clients.open_cents, 'oldest_due_on', clients.oldest_due_on,
                'creditor', (
                    select string_agg(creditors.name, ', ' order by creditors.name)
                    from public.creditors
                    where creditors.tenant_id = clients.tenant_id
                      and creditors.id = any(clients.creditor_ids)
                ),
                'phone', (
                    select known.phone from public.client_phones as known
                    where known.tenant_id = clients.tenant_id and known.client_id = clients.id
                    order by known.position, known.id limit 1
                )
            ),
            'window', case when private.is_suppressed(
                listed.tenant_id, listed.client_id, null, 'call', v_now
            ) then jsonb_build_object('allowed', false, 'reason', 'suppressed')
            else jsonb_build_object(
                'allowed', coalesce(hours.opens_at <= v_now, false),
                'opens_at', hours.opens_at, 'closes_at', hours.closes_at,
                'reason', case when coalesce(hours.opens_at > v_now, true)
                    then 'outside_hours' end
            ) end,
            'in_service', (
                select serving.state ->> 'operator'
                from private.service_state(listed.tenant_id, listed.client_id) as serving (state)
                where not (serving.state -> 'is_mine')::boolean
            )
        ) order by listed.place), '[]')
        from listed
        join public.clients
            on clients.tenant_id = listed.tenant_id and clients.id = listed.client_id
        left join public.call_dispositions as made
            on made.tenant_id = listed.tenant_id and made.id = listed.disposition_id
        left join hours on hours.uf is not distinct from listed.uf
    );
end;
$$;

create function private.list_callbacks(filter jsonb, after text, page_size int) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A day's work of a team on one page at most.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_asked record := private.read_callback_filter(v_tenant_id, coalesce(filter, '{}'));
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    v_ids uuid[];
    v_last timestamptz;
    v_total jsonb;
begin
    execute private.callback_page_sql(v_asked.owner_sql, v_cursor is not null)
    into v_ids, v_last
    using v_tenant_id, v_asked.from_at, v_asked.until_at, v_size,
        v_cursor[1]::timestamptz, v_cursor[2]::uuid;
    if v_cursor is null then
        execute 'select jsonb_build_object(
                ''overdue'', count(*) filter (where promised.due_at < $4),
                ''later'', count(*) filter (where promised.due_at >= $4))
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.status = ''scheduled''
              and promised.due_at >= $2 and promised.due_at < $3' || v_asked.owner_sql
        into v_total
        using v_tenant_id, v_asked.from_at, v_asked.until_at, private.now();
    end if;
    return jsonb_build_object(
        'rows', private.callback_rows(v_tenant_id, v_ids[1:v_size]), 'total', v_total,
        'next', case when cardinality(v_ids) > v_size
            then private.encode_cursor(v_last::text, v_ids[v_size]::text) end
    );
end;
$$;

-- $1 tenant, $2 and $3 the days, $4 size, $5 and $6 the cursor. One id more than asked says that
-- there is a next page; the instant is that of the page's last row.
create function private.callback_page_sql(owner_sql text, is_later boolean) returns text
language sql
immutable
set search_path = ''
as $$
    select 'select array_agg(page.id order by page.due_at, page.id),
            max(page.due_at) filter (where page.place <= $4)
        from (
            select promised.id, promised.due_at,
                row_number() over (order by promised.due_at, promised.id) as place
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.status = ''scheduled''
              and promised.due_at >= $2 and promised.due_at < $3' || owner_sql
        || case when is_later then ' and (promised.due_at, promised.id) > ($5, $6)' else '' end
        || ' order by promised.due_at, promised.id limit $4 + 1) as page'
$$;

create function public.list_callbacks(
    filter jsonb default '{}', after text default null, page_size int default 60
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_callbacks(filter, after, page_size) $$;
comment on function public.list_callbacks(jsonb, text, int) is
'filter {whose: me|anyone|all|user id, from, to (days)} → {rows: [{id, due_at, is_overdue, note,
made_at, made_by, operator, released_from, is_mine, may_change, client, window: {allowed, opens_at,
closes_at, reason}, in_service}], total: {overdue, later} on the first page, next}';

grant execute on function
private.list_callbacks(jsonb, text, int), public.list_callbacks(jsonb, text, int)
to authenticated;
