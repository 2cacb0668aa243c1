-- The stock by days past due, what came of each band, and where the last whole month's opening
-- balance went.

-- What was paid of titles in the scope's days, by how old each was when they began: the titles'
-- book of the ledger, so that an agreement's money is told by what it abated. Null: of titles that
-- came later.
create function private.panel_recovered(scope private.panel_scope)
returns table (place smallint, cents bigint)
language sql
stable
security definer
set search_path = ''
as $$
    select case
            when (debt.created_at at time zone agency.time_zone)::date < (scope).from_day
                then private.aging_band((scope).from_day - debt.due_on)
        end,
        sum(booking.total_cents)::bigint
    from public.tenants as agency
    join public.payments as payment on payment.tenant_id = agency.id
    join public.payment_allocations as booking
        on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
    join public.debts as debt
        on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
    where agency.id = (scope).tenant_id
      and payment.paid_on between (scope).from_day and (scope).until_day
      and ((scope).creditor_ids is null or debt.creditor_id = any((scope).creditor_ids))
    group by 1
    having sum(booking.total_cents) <> 0
$$;

create function private.panel_portfolio(filter jsonb) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
    v_stock private.panel_stock_days;
    v_rolled_on date;
begin
    select known.* into v_stock
    from private.panel_stock_days as known
    where known.tenant_id = v_tenant_id
      and known.day between v_scope.from_day and v_scope.until_day
    order by known.day desc limit 1;
    select max(roll.to_day) into v_rolled_on
    from private.panel_rolls as roll
    where roll.tenant_id = v_tenant_id and roll.to_day <= v_scope.until_day;
    return jsonb_build_object(
        'day', v_stock.day, 'taken_at', v_stock.taken_at,
        'since', (
            select min(known.day) from private.panel_stock_days as known
            where known.tenant_id = v_tenant_id
        ),
        'bands', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'band', bands.band, 'titles', stock.titles, 'cents', stock.cents
            ) order by stock.place), '[]')
            from (
                select taken.band as place, sum(taken.titles) as titles, sum(taken.cents) as cents
                from private.panel_stock as taken
                where taken.tenant_id = v_tenant_id and taken.day = v_stock.day
                  and (v_scope.creditor_ids is null
                      or taken.creditor_id = any(v_scope.creditor_ids))
                group by taken.band
            ) as stock
            join private.aging_bands() with ordinality as bands (band, days_from, days_to, place)
                on bands.place = stock.place
        ),
        'has_opening', exists (
            select from private.panel_stock_days as known
            where known.tenant_id = v_tenant_id and known.day = v_scope.from_day
        ),
        'recovered', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'band', bands.band, 'opening_cents', opening.cents,
                'received_cents', coalesce(gained.cents, 0)
            ) order by bands.place), '[]')
            from private.aging_bands() with ordinality as bands (band, days_from, days_to, place)
            left join private.panel_recovered(v_scope) as gained on gained.place = bands.place
            left join (
                select taken.band as place, sum(taken.cents) as cents
                from private.panel_stock as taken
                where taken.tenant_id = v_tenant_id and taken.day = v_scope.from_day
                  and (v_scope.creditor_ids is null
                      or taken.creditor_id = any(v_scope.creditor_ids))
                group by taken.band
            ) as opening on opening.place = bands.place
            where gained.place is not null or opening.place is not null
        ),
        'entered_cents', coalesce((
            select gained.cents from private.panel_recovered(v_scope) as gained
            where gained.place is null
        ), 0),
        'rolled_from', (
            select min(roll.from_day) from private.panel_rolls as roll
            where roll.tenant_id = v_tenant_id and roll.to_day = v_rolled_on
        ),
        'rolled_to', v_rolled_on,
        'rolls', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'band', bands.band, 'cents', gone.cents, 'outcomes', gone.outcomes
            ) order by gone.place), '[]')
            from (
                select part.place, sum(part.cents) as cents,
                    jsonb_object_agg(part.outcome, part.cents) as outcomes
                from (
                    select roll.band as place, roll.outcome, sum(roll.cents) as cents
                    from private.panel_rolls as roll
                    where roll.tenant_id = v_tenant_id and roll.to_day = v_rolled_on
                      and (v_scope.creditor_ids is null
                          or roll.creditor_id = any(v_scope.creditor_ids))
                    group by roll.band, roll.outcome
                ) as part
                group by part.place
            ) as gone
            join private.aging_bands() with ordinality as bands (band, days_from, days_to, place)
                on bands.place = gone.place
        )
    );
end;
$$;

create function public.panel_portfolio(filter jsonb) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.panel_portfolio(filter) $$;
comment on function public.panel_portfolio(jsonb) is
'Supervisor. filter as panel_numbers (people do not matter) → {since, day, taken_at, bands: [{band,
titles, cents}], has_opening, recovered: [{band, opening_cents, received_cents}], entered_cents,
rolled_from, rolled_to, rolls: [{band, cents, outcomes: {forward, same, back, cured,
paid, left}}]}; day null: no stock was written down in the period.';

grant execute on function private.panel_portfolio(jsonb), public.panel_portfolio(jsonb)
to authenticated;
