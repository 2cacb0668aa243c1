-- The rows behind a number: the very events it is counted from, newest first.

-- Days of the scope that may have rows of the measure: a kept day without a fact has none.
create function private.panel_days_with(scope private.panel_scope, measure text)
returns setof date
language sql
stable
security definer
set search_path = ''
as $$
    with kept as materialized (
        select unnest(private.panel_kept_days(panel_days_with.scope)) as day
    )
    select days.day
    from (
        select (panel_days_with.scope).from_day + step as day
        from generate_series(
            0, (panel_days_with.scope).until_day - (panel_days_with.scope).from_day
        ) as step
    ) as days
    where not exists (select from kept where kept.day = days.day) or exists (
        select from private.panel_facts as fact
        where fact.tenant_id = (panel_days_with.scope).tenant_id and fact.day = days.day
          and fact.creditor_id is null and fact.measure = panel_days_with.measure
    )
    order by days.day desc
$$;

create function private.panel_row(tenant_id uuid, event private.panel_event) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'source', event.source, 'source_id', event.source_id, 'day', event.day, 'at', event.at,
        'amount', event.amount,
        'client', (
            select jsonb_build_object(
                'id', clients.id, 'name', clients.name, 'document', clients.document
            )
            from public.clients
            where clients.tenant_id = panel_row.tenant_id and clients.id = event.client_id
        ),
        'operator', case when event.operator_id is not null then jsonb_build_object(
            'id', event.operator_id,
            'name', private.actor_name(panel_row.tenant_id, event.operator_id)
        ) end,
        'creditor', (
            select string_agg(creditors.name, ', ' order by creditors.name)
            from public.creditors
            where creditors.tenant_id = panel_row.tenant_id
              and creditors.id = any(event.creditor_ids)
              and (private.sees_everything() or creditors.id = any(private.creditor_scope()))
        )
    ) || case when event.source in ('debts', 'payment_allocations') then jsonb_build_object(
        'title', (
            select jsonb_build_object(
                'contract', debts.contract, 'installment', debts.installment,
                -- As its record had it.
                'due_on', case event.source when 'debts' then (
                    select (event.at at time zone tenants.time_zone)::date
                    from public.tenants where tenants.id = panel_row.tenant_id
                ) else debts.due_on end
            )
            from public.debts
            where debts.tenant_id = panel_row.tenant_id and debts.id = case event.source
                when 'debts' then event.source_id::uuid
                else (
                    select booking.debt_id from public.payment_allocations as booking
                    where booking.id = event.source_id::bigint
                ) end
        )
    ) else '{}' end
$$;

create function private.panel_rows(
    kpi text, part text, filter jsonb, after text, page_size int
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A download of 300,000 rows is then 150 requests, each a fraction of a second.
    c_max_page constant int := 2000;
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_cursor text [];
    v_measure text;
    v_day date;
    v_found private.panel_event [] := '{}';
begin
    select case part when 'numerator' then known.numerator
        when 'denominator' then known.denominator end
    into v_measure
    from private.panel_kpis as known where known.code = panel_rows.kpi;
    -- Who was found in ninety days.
    if v_measure = 'stock_located' then
        v_measure := 'right_party';
        v_scope.until_day := least(v_scope.until_day, private.today(v_tenant_id));
        v_scope.from_day := v_scope.until_day - 89;
    end if;
    if v_measure is null then
        raise exception 'panel_kpi_unknown' using errcode = 'PT404', detail = 'no such number';
    end if;
    if v_measure like 'stock%' then
        return private.panel_stock_page(v_scope, v_measure, null, null, after, v_size);
    end if;
    if after is not null then
        v_cursor := private.decode_cursor(after, 'date', 'timestamptz', 'text');
    end if;
    for v_day in select days from private.panel_days_with(v_scope, v_measure) as days loop
        continue when v_day > v_cursor[1]::date;
        v_found := v_found || array(
            select event::private.panel_event
            from private.panel_events(
                v_tenant_id, v_day, v_day, private.panel_families(v_measure)
            ) as event
            where event.measure = v_measure
              and (v_scope.operator_ids is null or event.operator_id = any(v_scope.operator_ids))
              and (v_scope.team_id is null
                  or private.panel_is_seated(v_scope, event.operator_id, event.day))
              and (v_scope.creditor_ids is null or event.creditor_ids && v_scope.creditor_ids)
              and (v_cursor is null or event.day < v_cursor[1]::date
                  or (event.at, event.source_id) < (v_cursor[2]::timestamptz, v_cursor[3]))
            order by event.at desc, event.source_id desc
            limit v_size + 1 - cardinality(v_found)
        );
        exit when cardinality(v_found) > v_size;
    end loop;
    return jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(
                private.panel_row(v_tenant_id, v_found[listed.place]) order by listed.place
            ), '[]')
            from generate_series(1, least(cardinality(v_found), v_size)) as listed (place)
        ),
        'next', case when cardinality(v_found) > v_size then private.encode_cursor(
            v_found[v_size].day::text, v_found[v_size].at::text, v_found[v_size].source_id
        ) end
    );
end;
$$;

create function public.panel_rows(
    kpi text, part text, filter jsonb, after text default null, page_size int default 60
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.panel_rows(kpi, part, filter, after, page_size) $$;
comment on function public.panel_rows(text, text, jsonb, text, int) is
'Supervisor. part numerator | denominator; filter as panel_numbers → {rows: [{source, source_id,
day, at, amount, client, operator, creditor, title?: {contract, installment, due_on}}], next, day?,
asked_day? (a stock''s record)}. What is counted in clients is the different clients of these rows. PT404 panel_kpi_unknown, PT400 filter_invalid, unknown_filter.';

grant execute on function
private.panel_rows(text, text, jsonb, text, int), public.panel_rows(text, text, jsonb, text, int)
to authenticated;
