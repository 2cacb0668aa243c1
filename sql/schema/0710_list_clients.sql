-- The carteira. Definer with the tenant inside, because the search operators are not leakproof and
-- under RLS would scan a million rows. The statement is built per request, so that the planner sees
-- the values: a rare creditor goes through its index, a common one through the order.
create function private.client_filter(tenant_id uuid, filter jsonb) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_unknown text;
    v_sql text := format('clients.tenant_id = %L', tenant_id);
begin
    select given.key into v_unknown
    from jsonb_object_keys(filter) as given (key)
    where given.key not in ('q', 'creditor_id', 'status');
    if found then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = v_unknown;
    end if;
    if btrim(filter ->> 'q') <> '' then
        v_sql := v_sql || ' and ' || private.search_condition(tenant_id, filter ->> 'q');
    end if;
    if filter ->> 'creditor_id' is not null then
        if not pg_input_is_valid(filter ->> 'creditor_id', 'uuid') then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = 'creditor_id';
        end if;
        v_sql := v_sql
            || format(' and clients.creditor_ids @> array[%L]::uuid[]', filter ->> 'creditor_id');
    end if;
    if filter ->> 'status' is not null then
        if not pg_input_is_valid(filter ->> 'status', 'public.debt_status') then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = 'status';
        end if;
        v_sql := v_sql || format(' and clients.debt_status = %L', filter ->> 'status');
    end if;
    return v_sql;
end;
$$;

-- Exact up to a size that costs some milliseconds; the whole portfolio from its counter; above,
-- what the planner thinks, and it says so.
create function private.client_totals(tenant_id uuid, condition text, is_whole boolean)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_countable constant bigint := 50000;
    v_plan json;
    v_estimate bigint;
    v_totals jsonb;
begin
    if is_whole then
        return (
            select jsonb_build_object(
                'clients', coalesce(max(totals.clients), 0),
                'debts', coalesce(max(totals.open_debts), 0),
                'open_cents', coalesce(max(totals.open_cents), 0), 'is_estimate', false
            )
            from private.portfolio_totals as totals
            where totals.tenant_id = client_totals.tenant_id
        );
    end if;
    execute 'explain (format json) select 1 from public.clients where ' || condition into v_plan;
    v_estimate := (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
    if v_estimate > c_countable then
        return jsonb_build_object(
            'clients', v_estimate, 'debts', null, 'open_cents', null, 'is_estimate', true
        );
    end if;
    execute 'select jsonb_build_object(
            ''clients'', count(*), ''debts'', coalesce(sum(open_debts), 0),
            ''open_cents'', coalesce(sum(open_cents), 0), ''is_estimate'', false
        ) from public.clients where ' || condition into v_totals;
    return v_totals;
end;
$$;

create function private.list_clients(filter jsonb, after text, page_size int) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 200 rows is more than a screen shows and still a small answer.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_filter jsonb := coalesce(filter, '{}');
    v_condition text;
    v_rank text := '0';
    v_key text := private.search_key(filter ->> 'q');
    v_cursor text[];
    v_last jsonb;
    v_after text := 'true';
    v_rows jsonb;
begin
    v_condition := private.client_filter(v_tenant_id, v_filter);
    -- The whole phrase before its scattered words, and an exact name before all.
    if v_key ~ '[a-z]' then
        v_rank := format(
            'case when clients.name_key = %1$L then 0
                when starts_with(clients.name_key, %1$L) then -1
                when strpos(clients.name_key, %1$L) > 0 then -2
                else -3 end', v_key
        );
    end if;
    if after is not null then
        v_cursor := private.decode_cursor(after, 'int', 'bigint', 'uuid');
        v_after := case
            when v_rank = '0' then format(
                '(clients.open_cents, clients.id) < (%L::bigint, %L::uuid)',
                v_cursor[2], v_cursor[3]
            )
            else format(
                '(%s, clients.open_cents, clients.id) < (%L::int, %L::bigint, %L::uuid)',
                v_rank, v_cursor[1], v_cursor[2], v_cursor[3]
            )
        end;
    end if;

    execute format(
        $sql$
            select coalesce(jsonb_agg(private.client_row(page.client) || jsonb_build_object(
                'rank', page.rank
            ) order by page.rank desc, (page.client).open_cents desc, (page.client).id desc), '[]')
            from (
                select clients as client, %1$s as rank
                from public.clients
                where %2$s and %3$s
                order by %4$s clients.open_cents desc, clients.id desc
                limit %5$s
            ) as page
        $sql$,
        v_rank, v_condition, v_after, case when v_rank = '0' then '' else v_rank || ' desc,' end,
        v_size + 1
    ) into v_rows;

    v_last := v_rows -> (v_size - 1);
    return jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(item - 'rank' order by position), '[]')
            from jsonb_array_elements(v_rows) with ordinality as listed (item, position)
            where position <= v_size
        ),
        'next', case when jsonb_array_length(v_rows) > v_size
            then private.encode_cursor(
                v_last ->> 'rank', v_last ->> 'open_cents', v_last ->> 'id'
            ) end,
        -- Counted once, with the first page.
        'total', case when after is null then private.client_totals(
            v_tenant_id, v_condition, v_filter = '{}'
        ) end
    );
end;
$$;

create function public.list_clients(
    filter jsonb default '{}', after text default null, page_size int default 60
) returns jsonb
language sql
set search_path = ''
as $$ select private.list_clients(filter, after, page_size) $$;
comment on function public.list_clients(jsonb, text, int) is
'{rows, next, total}; filter keys: q, creditor_id, status. total is null after the first page.';

grant execute on function
private.list_clients(jsonb, text, int), public.list_clients(jsonb, text, int) to authenticated;
