-- /acordos: agreements by filter, newest first, with the totals of everything that matches. What a
-- person typed is looked for as the carteira does (0700), as parameter ($1).search.
create function private.agreement_filter(tenant_id uuid, filter jsonb) returns text
language plpgsql
stable
set search_path = ''
as $$
declare
    v_key text;
    v_value jsonb;
    v_types jsonb := '{"creditor_id": "uuid", "client_id": "uuid", "template_id": "uuid",
        "created_by": "uuid", "created_from": "date", "created_to": "date",
        "due_from": "date", "due_to": "date"}';
    v_scope uuid[] := private.creditor_scope();
    v_sql text := format('agreement.tenant_id = %L', tenant_id) || case
        when v_scope is null then ''
        else format(' and agreement.creditor_id = any(%L::uuid[])', v_scope) end;
    v_time_zone text := (
        select tenants.time_zone from public.tenants
        where tenants.id = agreement_filter.tenant_id
    );
begin
    if jsonb_typeof(filter) <> 'object' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'an object is needed';
    end if;
    for v_key, v_value in select entry.key, entry.value from jsonb_each(filter) as entry loop
        continue when v_value in ('null', '""', '[]');
        if v_key = 'created_by' and v_value = '"me"' then
            v_value := to_jsonb(auth.uid());
        end if;
        -- As long as what the carteira searches for.
        if v_key = 'q' and (jsonb_typeof(v_value) <> 'string' or length(v_value #>> '{}') > 200)
            or v_types ? v_key and not pg_input_is_valid(v_value #>> '{}', v_types ->> v_key)
            or v_key = 'status' and exists (
                select from jsonb_array_elements_text(case jsonb_typeof(v_value)
                    when 'array' then v_value else jsonb_build_array(v_value) end) as word
                where not pg_input_is_valid(word, 'public.agreement_status')
            )
        then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
        end if;
        v_sql := v_sql || ' and ' || case v_key
            when 'q' then format(
                'agreement.client_id in (select clients.id from public.clients where '
                || 'clients.tenant_id = ($1).tenant_id and %s)',
                private.search_condition(private.read_search(v_value #>> '{}'))
            )
            when 'status' then format(
                'agreement.status = any(%L::public.agreement_status [])',
                array(select jsonb_array_elements_text(case jsonb_typeof(v_value)
                    when 'array' then v_value else jsonb_build_array(v_value) end))
            )
            -- Days are the tenant's, also after 21 h.
            when 'created_from' then format(
                'agreement.created_at >= %L::date::timestamp at time zone %L', v_value #>> '{}',
                v_time_zone
            )
            when 'created_to' then format(
                'agreement.created_at < (%L::date + 1)::timestamp at time zone %L',
                v_value #>> '{}', v_time_zone
            )
            -- By the day of the next open installment.
            when 'due_from' then format('next_part.due_on >= %L', v_value #>> '{}')
            when 'due_to' then format('next_part.due_on <= %L', v_value #>> '{}')
            else case when v_types ? v_key
                then format('agreement.%I = %L', v_key, v_value #>> '{}') end
        end;
        if v_sql is null then
            raise exception 'unknown_filter' using errcode = 'PT400', detail = v_key;
        end if;
    end loop;
    return v_sql;
end;
$$;

create function private.list_agreements(filter jsonb, after text, page_size int) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- As in the carteira: more than a screen shows.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_condition text := private.agreement_filter(v_tenant_id, coalesce(filter, '{}'));
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    v_from text := ' from public.agreements as agreement left join lateral ('
        || ' select min(part.due_on) as due_on from public.installments as part'
        || ' where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id'
        || ' and part.status = ''open'') as next_part on true where ' || v_condition;
    v_asked private.client_filter;
    v_page public.agreements[];
    v_total jsonb;
begin
    v_asked.tenant_id := v_tenant_id;
    v_asked.search := private.read_search(filter ->> 'q');
    execute 'select array_agg(listed.agreement) from (select agreement' || v_from || case
            when v_cursor is null then '' else format(
                ' and (agreement.created_at, agreement.id) < (%L::timestamptz, %L::uuid)',
                v_cursor[1], v_cursor[2]
            ) end
        || ' order by agreement.created_at desc, agreement.id desc limit ' || v_size + 1
        || ') as listed'
    into v_page using v_asked;
    if after is null then
        execute 'select jsonb_build_object(''agreements'', count(*),'
            || ' ''total_cents'', coalesce(sum(agreement.total_cents), 0),'
            || ' ''paid_cents'', coalesce(sum(counted.paid_cents), 0),'
            || ' ''open_cents'', coalesce(sum(counted.open_cents), 0),'
            || ' ''overdue_cents'', coalesce(sum(counted.overdue_cents), 0))'
            || replace(v_from, ' where ' || v_condition, format(
                ' cross join lateral (select sum(part.paid_cents) as paid_cents,'
                || ' sum(part.amount_cents - part.paid_cents)'
                || ' filter (where part.status = ''open'') as open_cents,'
                || ' sum(part.amount_cents - part.paid_cents)'
                || ' filter (where part.status = ''open'' and part.effective_due_on < %L)'
                || ' as overdue_cents from public.installments as part'
                || ' where part.tenant_id = agreement.tenant_id'
                || ' and part.agreement_id = agreement.id) as counted where %s',
                private.today(v_tenant_id), v_condition
            ))
        into v_total using v_asked;
    end if;
    return jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(private.agreement_row(item) order by position), '[]')
            from unnest(v_page) with ordinality as listed
            cross join lateral (select v_page[listed.ordinality] as item,
                listed.ordinality as position) as placed
            where placed.position <= v_size
        ),
        'next', case when cardinality(v_page) > v_size then private.encode_cursor(
            v_page[v_size].created_at::text, v_page[v_size].id::text
        ) end,
        'total', v_total
    );
end;
$$;

create function public.list_agreements(
    filter jsonb default '{}', after text default null, page_size int default 60
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_agreements(filter, after, page_size) $$;
comment on function public.list_agreements(jsonb, text, int) is
'{rows, next, total: {agreements, total_cents, paid_cents, open_cents, overdue_cents} | null after
the first page}. filter: q, status, creditor_id, client_id, template_id, created_by (uuid or "me"),
created_from, created_to, due_from, due_to. PT400 unknown_filter, filter_invalid.';

grant execute on function
private.list_agreements(jsonb, text, int), public.list_agreements(jsonb, text, int)
to authenticated;
