-- Events of agreements: closing one (and, on that same day, what has become of it since), its
-- break, and each of its installments on the day it falls due.
create function private.panel_agreements(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    select told.measure,
        (agreement.formalised_at at time zone panel_agreements.zone)::date,
        agreement.formalised_at, agreement.client_id, agreement.created_by,
        array[agreement.creditor_id], 'agreements', agreement.id::text, told.amount
    from public.agreements as agreement
    cross join (
        select private.panel_hours_since(panel_agreements.tenant_id) as hours_since
    ) as known
    cross join lateral (
        select exists (
            select from public.installments as part
            where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
              and part.paid_on is not null
        ) as is_effective
    ) as found
    cross join lateral (
        select sum(title.principal_cents)::bigint as principal,
            sum(title.correction_cents)::bigint as correction,
            sum(title.fine_cents)::bigint as fine, sum(title.interest_cents)::bigint as interest,
            sum(title.collection_fee_cents)::bigint as fee,
            sum(title.discount_principal_cents)::bigint as off_principal,
            sum(title.discount_correction_cents)::bigint as off_correction,
            sum(title.discount_fine_cents)::bigint as off_fine,
            sum(title.discount_interest_cents)::bigint as off_interest,
            sum(title.discount_collection_fee_cents)::bigint as off_fee
        from public.agreement_debts as title
        where title.tenant_id = agreement.tenant_id and title.agreement_id = agreement.id
    ) as priced
    cross join lateral (
        values
        ('agreement', true, agreement.total_cents),
        ('own_agreement', agreement.created_by is not null
            and (agreement.formalised_at at time zone panel_agreements.zone)::date
                >= known.hours_since, agreement.total_cents),
        ('agreement_value', true, agreement.original_cents),
        ('agreement_discount', true, agreement.discount_cents),
        ('agreement_effective', found.is_effective, agreement.total_cents),
        ('agreement_kept', found.is_effective and agreement.status = 'active',
            agreement.total_cents),
        ('agreement_settled', found.is_effective and agreement.status = 'settled',
            agreement.total_cents),
        ('agreement_broken', found.is_effective and agreement.status = 'broken',
            agreement.total_cents),
        ('agreement_lapsed', agreement.status = 'lapsed', agreement.total_cents),
        ('agreement_value_principal', priced.principal > 0, priced.principal),
        ('agreement_value_correction', priced.correction > 0, priced.correction),
        ('agreement_value_fine', priced.fine > 0, priced.fine),
        ('agreement_value_interest', priced.interest > 0, priced.interest),
        ('agreement_value_fee', priced.fee > 0, priced.fee),
        ('agreement_discount_principal', priced.off_principal > 0, priced.off_principal),
        ('agreement_discount_correction', priced.off_correction > 0, priced.off_correction),
        ('agreement_discount_fine', priced.off_fine > 0, priced.off_fine),
        ('agreement_discount_interest', priced.off_interest > 0, priced.off_interest),
        ('agreement_discount_fee', priced.off_fee > 0, priced.off_fee)
    ) as told (measure, holds, amount)
    where agreement.tenant_id = panel_agreements.tenant_id
      and agreement.formalised_at
          >= panel_agreements.from_day::timestamp at time zone panel_agreements.zone
      and agreement.formalised_at
          < (panel_agreements.until_day + 1)::timestamp at time zone panel_agreements.zone
      and told.holds
$$;

create function private.panel_breaks(tenant_id uuid, from_day date, until_day date)
returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    select told.measure, event.on_date, event.created_at, agreement.client_id,
        agreement.created_by, array[agreement.creditor_id], 'agreement_events', event.id::text,
        agreement.total_cents - coalesce(schedule.paid_cents, 0)
    from public.agreement_events as event
    join public.agreements as agreement
        on agreement.tenant_id = event.tenant_id and agreement.id = event.agreement_id
    cross join lateral (
        select sum(part.paid_cents)::bigint as paid_cents,
            min(part.number) filter (where part.status <> 'paid') as stopped_at
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
    ) as schedule
    cross join lateral (
        values ('broke', true), ('broke_1', schedule.stopped_at = 1),
        ('broke_2', schedule.stopped_at = 2), ('broke_3', schedule.stopped_at = 3),
        ('broke_later', schedule.stopped_at > 3)
    ) as told (measure, holds)
    where event.tenant_id = panel_breaks.tenant_id and event.to_status = 'broken'
      and event.on_date between panel_breaks.from_day and panel_breaks.until_day and told.holds
$$;

-- What a person cancelled was no promise any more; what ended with its agreement was one if it had
-- fallen due by then.
create function private.panel_promises(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    select told.measure, part.effective_due_on, part.effective_due_on::timestamp
            at time zone panel_promises.zone,
        part.client_id, agreement.created_by, array[agreement.creditor_id], 'installments',
        part.id::text, part.amount_cents
    from public.installments as part
    join public.agreements as agreement
        on agreement.tenant_id = part.tenant_id and agreement.id = part.agreement_id
        and agreement.formalised_at is not null
    join public.agreement_policies as policy
        on policy.tenant_id = agreement.tenant_id and policy.id = agreement.policy_id
    cross join lateral (
        values
        ('promise', true),
        ('promise_kept', part.status = 'paid'
            and part.paid_on < part.effective_due_on + policy.provisional_after_days)
    ) as told (measure, holds)
    where part.tenant_id = panel_promises.tenant_id
      and part.effective_due_on between panel_promises.from_day and panel_promises.until_day
      and told.holds
      and (part.status <> 'cancelled'
          or part.cancel_reason in ('agreement_broken', 'agreement_lapsed')
          and part.effective_due_on
              <= (agreement.closed_at at time zone panel_promises.zone)::date)
$$;

-- Serve the three, a day at a time.
create index agreements_by_formalised on public.agreements (tenant_id, formalised_at)
where formalised_at is not null;
create index agreement_events_of_breaks on public.agreement_events (tenant_id, on_date)
where to_status = 'broken';
create index installments_by_day on public.installments (tenant_id, effective_due_on);
