-- A selection is a query, not a list of ids: a filter with some rows taken out, or some rows picked
-- by hand. Whatever is done to a selection is done to what this reads.
create function private.read_selection(tenant_id uuid, selection jsonb)
returns private.client_filter
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- More than anybody ticks; more than these is a filter.
    c_max_ids constant int := 10000;
    v_filter private.client_filter;
    v_ids jsonb := coalesce(selection -> 'ids', selection -> 'except', '[]');
begin
    if jsonb_typeof(selection) is distinct from 'object'
        or (selection ? 'filter') = (selection ? 'ids')
        or selection ? 'ids' and selection ? 'except'
        or selection - '{filter,except,ids}'::text[] <> '{}'
        or jsonb_typeof(v_ids) <> 'array'
        or jsonb_array_length(v_ids) > c_max_ids
        or exists (
            select from jsonb_array_elements_text(v_ids) as given (id)
            where given.id is null or not pg_input_is_valid(given.id, 'uuid')
        )
    then
        raise exception 'selection_invalid' using errcode = 'PT400',
            detail = '{"filter": {…}, "except": [ids]} or {"ids": [ids]}, 10000 ids at most';
    end if;
    v_filter := private.read_client_filter(tenant_id, coalesce(selection -> 'filter', '{}'));
    if selection ? 'ids' then
        v_filter.is_all := false;
        v_filter.ids := array(select jsonb_array_elements_text(v_ids))::uuid[];
    elsif v_ids <> '[]' then
        v_filter.except_ids := array(select jsonb_array_elements_text(v_ids))::uuid[];
    end if;
    return private.weigh_search(v_filter);
end;
$$;

-- How to count what a condition selects: all of it while that takes some milliseconds, else a
-- sample. Ids are random, so the first ones in their order are a fair sample of a tenant: of every
-- mix of filters, which the planner's statistics of single columns are not. (Whatever asks the
-- planner has to be volatile, though it changes nothing.)
create function private.sample_scale(filter private.client_filter, condition text, countable bigint)
returns double precision
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_clients bigint := (private.portfolio_of((filter).tenant_id)).clients;
    v_plan json;
begin
    if v_clients <= private.sample_size() or (filter).ids is not null then
        return null;
    end if;
    execute 'explain (format json) select from public.clients where ' || condition
    into v_plan using filter;
    return case when (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision > countable
        then v_clients::double precision / private.sample_size() end;
end;
$$;
comment on function private.sample_scale(private.client_filter, text, bigint) is
'Null: count every row. Else count in the sample and multiply by this.';

create function private.sample_size() returns int
language sql
immutable
set search_path = ''
-- A share of one in ten is then known to two in a hundred of itself, nineteen times of twenty to
-- four; reading them takes some ten milliseconds.
as $$ select 20000 $$;

create function private.client_source(scale double precision) returns text
language sql
immutable
set search_path = ''
as $$
    select case when scale is null then 'public.clients' else
        '(select sampled.* from public.clients as sampled
          where sampled.tenant_id = ($1).tenant_id
          order by sampled.id limit ' || private.sample_size() || ') as clients'
    end
$$;

create function private.selection_totals(selection jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    -- Summing them reads as many rows: below a tenth of a second.
    c_countable constant bigint := 50000;
    -- Of so many found in a sample the true number is within a third of the estimate.
    c_telling constant int := 50;
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_scope uuid[] := private.creditor_scope();
    -- Where the money of a client is read, and what joins that.
    v_owed text := 'clients';
    v_own text := '';
    v_condition text;
    v_scale double precision;
    v_sum record;
    v_whole record;
begin
    if v_filter.is_all then
        -- The whole portfolio has a counter; what is taken out of it is a list.
        v_whole := private.portfolio_of(v_filter.tenant_id);
        v_filter.ids := coalesce(v_filter.except_ids, '{}');
        v_filter.except_ids := null;
    end if;
    v_condition := private.client_condition(v_filter);
    v_scale := private.sample_scale(v_filter, v_condition, c_countable);
    -- Who is limited to creditors is told what is owed to those; nothing is read for others.
    if v_scope is not null then
        v_owed := 'own';
        v_own := ' cross join lateral (
            select count(*) as open_debts,
                sum(debts.principal_cents - debts.abated_cents) as open_cents
            from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.client_id = clients.id
              and debts.status = ''open'' and debts.creditor_id = any($2)
        ) as own';
    end if;
    -- Of one type whoever asks: the session's plan of the answer is made once.
    execute 'select count(*) as clients,
            coalesce(sum(' || v_owed || '.open_debts), 0)::bigint as debts,
            coalesce(sum(' || v_owed || '.open_cents), 0)::bigint as open_cents
        from ' || private.client_source(v_scale) || v_own || ' where ' || v_condition
    into v_sum using v_filter, v_scope;
    -- The planner overrated it, and too few were in the sample to judge by: then they are few.
    if v_scale is not null and v_sum.clients < c_telling then
        v_scale := null;
        execute 'select count(*) as clients,
                coalesce(sum(found.open_debts), 0)::bigint as debts,
                coalesce(sum(found.open_cents), 0)::bigint as open_cents
            from (
                select ' || v_owed || '.open_debts, ' || v_owed || '.open_cents
                from public.clients' || v_own || '
                where ' || v_condition || ' limit ' || c_countable || '
            ) as found'
        into v_sum using v_filter, v_scope;
    end if;
    if v_filter.is_all then
        return jsonb_build_object(
            'clients', v_whole.clients - v_sum.clients,
            'debts', v_whole.open_debts - v_sum.debts,
            'open_cents', v_whole.open_cents - v_sum.open_cents, 'is_estimate', false
        );
    end if;
    return jsonb_build_object(
        'clients', round(v_sum.clients * coalesce(v_scale, 1)),
        'debts', round(v_sum.debts * coalesce(v_scale, 1)),
        'open_cents', round(v_sum.open_cents * coalesce(v_scale, 1)),
        'is_estimate', v_scale is not null
    );
end;
$$;

create function public.selection_totals(selection jsonb) returns jsonb
language sql
set search_path = ''
as $$ select private.selection_totals(selection) $$;
comment on function public.selection_totals(jsonb) is
'{clients, debts, open_cents, is_estimate} of a selection.';

grant execute on function
private.selection_totals(jsonb), public.selection_totals(jsonb) to authenticated;
