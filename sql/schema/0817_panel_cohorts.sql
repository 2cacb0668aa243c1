-- Recovery by month of entry: of what came in a month, how much was paid in that month and in each
-- one after it. Read from titles and the titles' book of the ledger, where nothing is moved later.

-- Whole calendar months from a title's entry; what was paid before it is of the month itself.
create function private.months_since(entered_at timestamptz, zone text, paid_on date) returns int
language sql
immutable
set search_path = ''
as $$
    select greatest(0, (
        extract(year from paid_on) * 12 + extract(month from paid_on)
        - extract(year from entered_at at time zone zone) * 12
        - extract(month from entered_at at time zone zone)
    )::int)
$$;

-- Titles that came in a month, and payments of them by months since; of twelve months at most.
create function private.panel_cohort_months(scope private.panel_scope)
returns table (month date, titles bigint, cents bigint, months_since int, paid_cents bigint)
language sql
stable
security definer
set search_path = ''
as $$
    with span as materialized (
        select agency.id, agency.time_zone,
            (date_trunc('month', (scope).until_day) - interval '11 months')::date as first_month,
            (scope).until_day as last_day
        from public.tenants as agency where agency.id = (scope).tenant_id
    ),
    entered as (
        select date_trunc('month', debt.created_at at time zone span.time_zone)::date as month,
            count(*) as titles, sum(debt.principal_cents)::bigint as cents
        from span
        join public.debts as debt on debt.tenant_id = span.id
            and debt.created_at >= span.first_month::timestamp at time zone span.time_zone
            and debt.created_at < (span.last_day + 1)::timestamp at time zone span.time_zone
        where (scope).creditor_ids is null or debt.creditor_id = any((scope).creditor_ids)
        group by 1
    ),
    paid as (
        select date_trunc('month', debt.created_at at time zone span.time_zone)::date as month,
            private.months_since(debt.created_at, span.time_zone, payment.paid_on) as months_since,
            sum(booking.total_cents)::bigint as cents
        from span
        join public.payments as payment
            on payment.tenant_id = span.id and payment.paid_on <= span.last_day
        join public.payment_allocations as booking
            on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
        join public.debts as debt
            on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
            and debt.created_at >= span.first_month::timestamp at time zone span.time_zone
            and debt.created_at < (span.last_day + 1)::timestamp at time zone span.time_zone
        where (scope).creditor_ids is null or debt.creditor_id = any((scope).creditor_ids)
        group by 1, 2
    )
    select entered.month, entered.titles, entered.cents, paid.months_since, paid.cents
    from entered
    left join paid on paid.month = entered.month
$$;

create function private.panel_cohorts(filter jsonb) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'month', to_char(cohort.month, 'YYYY-MM'), 'titles', cohort.titles,
            'cents', cohort.cents, 'paid', cohort.paid
        ) order by cohort.month), '[]')
        from (
            select each.month, each.titles, each.cents, coalesce(jsonb_object_agg(
                each.months_since, each.paid_cents
            ) filter (where each.paid_cents <> 0), '{}') as paid
            from private.panel_cohort_months(v_scope) as each
            group by each.month, each.titles, each.cents
        ) as cohort
    );
end;
$$;

create function private.panel_cohort_page(
    scope private.panel_scope, measure text, month text, months_since text, after text, size int
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_cursor text [] := case when after is not null
        then private.decode_cursor(
            after, 'date', case measure when 'cohort' then 'uuid' else 'bigint' end
        ) end;
    v_after_day date := v_cursor[1];
    v_after_debt uuid := case measure when 'cohort' then v_cursor[2] end;
    v_after_booking bigint := case measure when 'cohort' then null else v_cursor[2] end;
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = scope.tenant_id
    );
    v_from timestamptz;
    v_until timestamptz;
    v_found private.panel_event [];
begin
    if month !~ '^[0-9]{4}-[0-9]{2}$' or not pg_input_is_valid(month || '-01', 'date')
        or months_since !~ '^[0-9]{1,3}$'
    then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'band, outcome';
    end if;
    v_from := (month || '-01')::timestamp at time zone v_zone;
    v_until := ((month || '-01')::timestamp + interval '1 month') at time zone v_zone;
    v_until := least(v_until, (scope.until_day + 1)::timestamp at time zone v_zone);
    v_found := array(
        select (
            measure, found.day, found.day::timestamp at time zone v_zone, found.client_id, null,
            array[found.creditor_id], found.source, found.source_id, found.cents
        )::private.panel_event
        from (
            select debt.due_on as day, debt.client_id, debt.creditor_id, 'debts' as source,
                debt.id as debt_id, 0::bigint as booking_id, debt.id::text as source_id,
                debt.principal_cents as cents
            from public.debts as debt
            where measure = 'cohort' and debt.tenant_id = scope.tenant_id
              and debt.created_at >= v_from and debt.created_at < v_until
              and (after is null or (debt.due_on, debt.id) > (v_after_day, v_after_debt))
            union all
            select payment.paid_on, payment.client_id, debt.creditor_id, 'payment_allocations',
                null, booking.id, booking.id::text, booking.total_cents
            from public.payments as payment
            join public.payment_allocations as booking
                on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
            join public.debts as debt
                on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
                and debt.created_at >= v_from and debt.created_at < v_until
            where measure = 'cohort_paid' and payment.tenant_id = scope.tenant_id
              and payment.paid_on <= scope.until_day
              and (after is null or (payment.paid_on, booking.id)
                  > (v_after_day, v_after_booking))
              and (panel_cohort_page.months_since is null
                  or private.months_since(debt.created_at, v_zone, payment.paid_on)
                      = panel_cohort_page.months_since::int)
        ) as found
        where scope.creditor_ids is null or found.creditor_id = any(scope.creditor_ids)
        order by found.day, found.debt_id, found.booking_id
        limit size + 1
    );
    return private.panel_page(scope.tenant_id, v_found, size, v_zone);
end;
$$;

create function public.panel_cohorts(filter jsonb) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.panel_cohorts(filter) $$;
comment on function public.panel_cohorts(jsonb) is
'Supervisor. filter as panel_numbers (people do not matter) → [{month (YYYY-MM of entry), titles,
cents (principal as it came), paid: {months since: cents}}] of the twelve months to the period''s end.';

grant execute on function private.panel_cohorts(jsonb), public.panel_cohorts(jsonb)
to authenticated;
