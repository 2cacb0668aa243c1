-- What stands in the tables of the portfolio, row by row.
create function private.panel_stock_rows(
    part text, band text, outcome text, filter jsonb, after text, page_size int
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- As panel_rows.
    c_max_page constant int := 2000;
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_measure text := case part when 'bands' then 'stock' when 'opening' then 'stock_opening'
        when 'rolled' then 'rolled' when 'recovered' then 'recovered'
        when 'cohort' then 'cohort' when 'cohort_paid' then 'cohort_paid' end;
    v_place smallint;
begin
    if v_measure is null then
        raise exception 'panel_kpi_unknown' using errcode = 'PT404', detail = 'no such part';
    end if;
    -- People do not matter to what is owed.
    v_scope.operator_ids := null;
    if v_measure like 'cohort%' then
        return private.panel_cohort_page(v_scope, v_measure, band, outcome, after, v_size);
    end if;
    if band is not null then
        select bands.place into v_place
        from private.aging_bands() with ordinality as bands (band, days_from, days_to, place)
        where bands.band = panel_stock_rows.band;
        if not found then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = 'band';
        end if;
    end if;
    return private.panel_stock_page(v_scope, v_measure, v_place, outcome, after, v_size);
end;
$$;

create function public.panel_stock_rows(
    part text, band text, filter jsonb, outcome text default null, after text default null,
    page_size int default 60
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.panel_stock_rows(part, band, outcome, filter, after, page_size) $$;
comment on function public.panel_stock_rows(text, text, jsonb, text, text, int) is
'Supervisor. What panel_portfolio and panel_cohorts sum. part bands | opening | recovered (band
null: titles that came later) | rolled (outcome null: all of the band) | cohort | cohort_paid (band:
YYYY-MM of entry; outcome: months since, null: all); filter as panel_numbers → as panel_rows.
PT404 panel_kpi_unknown, PT400 filter_invalid, unknown_filter.';

grant execute on function
private.panel_stock_rows(text, text, text, jsonb, text, int),
public.panel_stock_rows(text, text, jsonb, text, text, int)
to authenticated;
