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
    c_countable constant bigint := 10000;
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

-- One tier of one page, as a JSON array; `after` holds the sort values of the row before.
create function private.client_rows(condition text, after text[], size int) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_rows jsonb;
begin
    execute format(
        $sql$
            select coalesce(jsonb_agg(
                private.client_row(page.client)
                order by (page.client).open_cents desc, (page.client).id desc
            ), '[]')
            from (
                select clients as client
                from public.clients
                where %s and %s
                order by clients.open_cents desc, clients.id desc
                limit %s
            ) as page
        $sql$,
        condition,
        case when after is null then 'true' else format(
            '(clients.open_cents, clients.id) < (%L::bigint, %L::uuid)', after[2], after[3]
        ) end,
        size
    ) into v_rows;
    return v_rows;
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
    v_condition text := private.client_filter(v_tenant_id, v_filter);
    v_tiers text[] := private.search_tiers(v_filter ->> 'q');
    -- Tier, and the last row's open value and id.
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'int', 'bigint', 'uuid') end;
    v_first_tier int := coalesce(v_cursor[1]::int, 1);
    v_found jsonb;
    v_rows jsonb := '[]';
    v_last jsonb;
    v_next text;
begin
    if v_first_tier not between 1 and cardinality(v_tiers) then
        raise exception 'invalid_cursor' using errcode = 'PT400',
            detail = 'not a cursor this list gave out';
    end if;
    for v_tier in v_first_tier .. cardinality(v_tiers) loop
        v_found := private.client_rows(
            v_condition || ' and ' || v_tiers[v_tier],
            case when v_tier = v_first_tier then v_cursor end,
            -- One more than fits tells that there is a next page.
            v_size + 1 - jsonb_array_length(v_rows)
        );
        if jsonb_array_length(v_rows) < v_size then
            -- The page's last row, if this tier holds it.
            v_last := v_found -> (v_size - 1 - jsonb_array_length(v_rows));
            v_next := private.encode_cursor(
                v_tier::text, v_last ->> 'open_cents', v_last ->> 'id'
            );
        end if;
        v_rows := v_rows || v_found;
        exit when jsonb_array_length(v_rows) > v_size;
    end loop;
    return jsonb_build_object(
        -- Taking the element after the last, which exists only when there is more.
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size then v_next end,
        -- Counted once, with the first page.
        'total', case when after is null then private.client_totals(
            v_tenant_id, v_condition, v_condition = private.client_filter(v_tenant_id, '{}')
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
