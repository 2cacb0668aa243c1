-- Money received, by the day it was paid: what of it is allocated, without what was taken back. A
-- payment of an agreement stands in both books of the ledger; it is counted in the installments',
-- and in the titles' only when it pays no installment.
create function private.panel_payments(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    with booked as materialized (
        select payment.id, payment.client_id, payment.paid_on,
            part.agreement_id, debt.creditor_id, sum(booking.total_cents)::bigint as cents
        from public.payments as payment
        join public.payment_allocations as booking
            on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
        left join public.installments as part
            on part.tenant_id = booking.tenant_id and part.id = booking.installment_id
        left join public.debts as debt
            on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
        where payment.tenant_id = panel_payments.tenant_id
          and payment.paid_on between panel_payments.from_day and panel_payments.until_day
        group by payment.id, part.agreement_id, debt.creditor_id
        having sum(booking.total_cents) <> 0
    ),
    -- One payment that covers titles of two creditors is received for each.
    counted as (
        select booked.*, bool_or(booked.agreement_id is not null) over (
            partition by booked.id
        ) as pays_installments
        from booked
    ),
    whose as (
        select counted.id, counted.client_id, counted.paid_on, counted.cents,
            coalesce(agreement.creditor_id, counted.creditor_id) as creditor_id,
            agreement.created_by
        from counted
        left join public.agreements as agreement
            on agreement.tenant_id = panel_payments.tenant_id
            and agreement.id = counted.agreement_id
        where counted.pays_installments = (counted.agreement_id is not null)
    )
    select told.measure, paid.paid_on,
        paid.paid_on::timestamp at time zone panel_payments.zone, paid.client_id,
        paid.created_by, array[paid.creditor_id], 'payments',
        paid.id::text || ':' || paid.creditor_id::text
            || coalesce(':' || paid.created_by::text, ''),
        paid.cents
    from (
        select whose.id, whose.client_id, whose.paid_on, whose.creditor_id, whose.created_by,
            sum(whose.cents)::bigint as cents
        from whose
        group by whose.id, whose.client_id, whose.paid_on, whose.creditor_id, whose.created_by
    ) as paid
    cross join (
        select private.panel_hours_since(panel_payments.tenant_id) as hours_since
    ) as known
    cross join lateral (
        values ('payment', true),
        ('own_payment', paid.created_by is not null and paid.paid_on >= known.hours_since)
    ) as told (measure, holds)
    where told.holds
$$;
