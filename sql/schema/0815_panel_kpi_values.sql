-- What the page shows: the catalogue's KPIs with their two parts and the value.
create function private.panel_value(
    unit text, numerator bigint, denominator bigint, days int default 1
) returns numeric
language sql
immutable
set search_path = ''
as $$
    select case
        when panel_value.unit = 'percent' then round(100.0 * numerator / nullif(denominator, 0), 2)
        when panel_value.unit = 'days'
            then round(1.0 * numerator * panel_value.days / nullif(denominator, 0), 1)
        when panel_value.unit = 'ratio' then round(1.0 * numerator / nullif(denominator, 0), 2)
        -- Millionths of a real by cents; a cent of a cent is told.
        when panel_value.unit = 'rate' then round(numerator / 10000.0 / nullif(denominator, 0), 4)
        when panel_value.unit = 'per_hour'
            then round(3600.0 * numerator / nullif(denominator, 0), 2)
        when panel_value.unit = 'cents_per_hour'
            then round(3600.0 * numerator / nullif(denominator, 0))
        else round(1.0 * numerator / nullif(denominator, 0))
    end
$$;

create function private.panel_numbers(filter jsonb, split_by text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
    -- From one record to the other.
    v_days int := coalesce(private.panel_stock_day(v_scope) - v_scope.from_day, 0);
begin
    if split_by not in ('', 'day', 'operator', 'team', 'creditor') then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'split_by';
    end if;
    return jsonb_build_object(
        'is_partial', v_scope.until_day >= private.panel_open_from(v_tenant_id),
        'stock_since', (
            select min(known.day) from private.panel_stock_days as known
            where known.tenant_id = v_tenant_id
        ),
        'hours_since', private.panel_hours_since(v_tenant_id),
        'groups', (
            with summed as materialized (
                select * from private.panel_sums(v_scope, split_by)
                union all
                select * from private.panel_stock_sums(v_scope, split_by)
            ),
            part as (
                select keys.key, kpi.code, kpi.unit, kpi.denominator is not null as is_divided,
                    coalesce(case kpi.numerator_as
                        when 'events' then above.events
                        when 'clients' then above.clients else above.amount end,
                        -- What was not written down is not nothing.
                        case when not kpi.numerator like 'stock%' then 0 end) as numerator,
                    coalesce(case kpi.denominator_as
                        when 'events' then below.events
                        when 'clients' then below.clients else below.amount end,
                        case when not kpi.denominator like 'stock%' then 0 end) as denominator
                from (
                    select distinct summed.key from summed where not summed.measure like 'stock%'
                    -- Nothing happened is a number, too.
                    union
                    select '' where split_by = ''
                ) as keys
                cross join private.panel_kpis as kpi
                left join summed as above
                    on above.key = keys.key and above.measure = kpi.numerator
                left join summed as below
                    on below.key = keys.key and below.measure = kpi.denominator
            ),
            grouped as (
                select part.key, jsonb_object_agg(part.code, jsonb_strip_nulls(jsonb_build_object(
                    'numerator', part.numerator,
                    'denominator', case when part.is_divided then part.denominator end,
                    'value', case when part.is_divided
                        then private.panel_value(
                            part.unit, part.numerator, part.denominator, v_days
                        )
                        else part.numerator end
                ))) as kpis
                from part
                group by part.key
            )
            select coalesce(jsonb_agg(jsonb_build_object(
                'key', grouped.key,
                'label', case split_by
                    when 'operator' then private.actor_name(
                        v_tenant_id, nullif(grouped.key, '')::uuid
                    )
                    when 'team' then (
                        select teams.name from public.teams
                        where teams.tenant_id = v_tenant_id and teams.id::text = grouped.key
                    )
                    when 'creditor' then (
                        select creditors.name from public.creditors
                        where creditors.tenant_id = v_tenant_id
                          and creditors.id::text = grouped.key
                    )
                end,
                'kpis', grouped.kpis
            ) order by grouped.key), '[]')
            from grouped
        )
    );
end;
$$;

create function public.panel_numbers(filter jsonb, split_by text default '') returns jsonb
language sql
stable
set search_path = ''
as $$ select private.panel_numbers(filter, split_by) $$;
comment on function public.panel_numbers(jsonb, text) is
'Supervisor. filter {from, to (days of the agency, 366 at most), creditor_id, operator_id, team_id};
split_by '''' | day | operator | team | creditor → {is_partial, stock_since, hours_since, groups: [{key, label,
kpis: {code: {numerator?, denominator?, value?}}}]}. Without a value nothing can be divided by, or
nobody wrote it down. PT400 filter_invalid, unknown_filter.';

create function private.panel_cards() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    perform private.require_role('supervisor');
    return (
        select jsonb_agg(to_jsonb(kpi) - 'position' order by kpi.position)
        from private.panel_kpis as kpi
    );
end;
$$;

create function public.panel_cards() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.panel_cards() $$;
comment on function public.panel_cards() is
'Supervisor: the definition of every number: [{code, section, name, sentence, formula, unit,
date_basis, numerator, numerator_as, denominator, denominator_as}].';

grant execute on function
private.panel_numbers(jsonb, text), public.panel_numbers(jsonb, text),
private.panel_cards(), public.panel_cards()
to authenticated;
