-- What an agreement is on a given day, from its installments alone. One function, asked by the
-- clock, after every payment, and by the preview of a changed policy, so that none of them can
-- differ from another.
create type private.aging as (
    to_status public.agreement_status,
    -- An end is due but a payment may still be under way: compensating, reconciliation_late.
    waits_for text,
    unreconciled date []
);

-- An end (break or lapse) may be said only when a payment made on the last tolerated day would be
-- known: where money comes through a provider when every day was reconciled, else when the time
-- of compensation has passed.
create function private.awaited_days(
    agreement public.agreements, policy public.agreement_policies, first_day date, last_day date,
    on_date date, out waits_for text, out unreconciled date[]
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_uf text := (private.charge_policy(
        agreement.tenant_id, agreement.creditor_id, on_date
    )).holiday_uf;
    v_is_compensated boolean := on_date > private.add_business_days(
        agreement.tenant_id, v_uf, last_day, policy.compensation_days
    );
    v_charge record;
begin
    select charge.integration_id, min((charge.created_at at time zone tenants.time_zone)::date)
        as since
    into v_charge
    from public.charges as charge
    join public.tenants on tenants.id = charge.tenant_id
    where charge.tenant_id = agreement.tenant_id and charge.agreement_id = agreement.id
      -- What never reached the provider cannot have been paid there.
      and (charge.status not in ('queued', 'failed') or charge.sent_at is not null)
    group by charge.integration_id;
    if v_charge.since is null or v_charge.since > last_day then
        waits_for := case when not v_is_compensated then 'compensating' end;
        return;
    end if;
    select array_agg(calendar.day::date order by calendar.day) into unreconciled
    from generate_series(greatest(first_day, v_charge.since), last_day, '1 day') as calendar (day)
    where not exists (
        select from public.reconciliations as sweep
        where sweep.tenant_id = agreement.tenant_id
          and sweep.integration_id = v_charge.integration_id
          and sweep.day = calendar.day::date
          and sweep.finished_on > calendar.day::date
    );
    waits_for := case
        when unreconciled is null then null
        when v_is_compensated then 'reconciliation_late'
        else 'compensating'
    end;
end;
$$;

create function private.aged_status(
    agreement public.agreements, policy public.agreement_policies, on_date date
) returns private.aging
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_aging private.aging;
    v_open date[];
    v_paid int;
    v_has_money boolean;
    v_deadline date;
    v_days int;
    v_awaited record;
begin
    if agreement.status = 'pending_approval' then
        v_aging.to_status := case when agreement.valid_until < on_date
            then 'expired' else 'pending_approval' end;
        return v_aging;
    end if;
    select array_agg(part.effective_due_on order by part.effective_due_on)
            filter (where part.status = 'open'),
        count(*) filter (where part.status = 'paid'),
        coalesce(bool_or(part.paid_cents > 0), false)
    into v_open, v_paid, v_has_money
    from public.installments as part
    where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id;

    v_days := on_date - v_open[1];
    v_aging.to_status := case
        when v_open is null and v_paid > 0 then 'settled'
        when v_paid = 0 then 'awaiting_first_payment'
        when v_days >= policy.provisional_after_days then 'broken_provisionally'
        when v_days > 0 then 'overdue'
        else 'active'
    end;
    if v_open is null then
        return v_aging;
    end if;

    -- Nobody breaks what they have not begun to keep.
    v_deadline := case
        when not v_has_money then v_open[1] + policy.lapse_after_days
        else v_open[policy.max_overdue_installments] + policy.definitive_after_days
    end;
    -- Fewer installments than the policy asks for: the last one decides.
    v_deadline := coalesce(
        v_deadline, v_open[cardinality(v_open)] + policy.definitive_after_days
    );
    if on_date >= v_deadline then
        v_awaited := private.awaited_days(
            agreement, policy, v_open[1], v_deadline - 1, on_date
        );
        if v_awaited.waits_for is null then
            v_aging.to_status := case when v_has_money then 'broken' else 'lapsed' end;
        else
            v_aging.waits_for := v_awaited.waits_for;
            v_aging.unreconciled := v_awaited.unreconciled;
        end if;
    end if;
    return v_aging;
end;
$$;

-- After money moved: the status follows the installments. Ends are the clock's alone.
create function private.refresh_agreement(agreement_id uuid, on_date date, reason text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_policy public.agreement_policies;
    v_to public.agreement_status;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = refresh_agreement.agreement_id
    for no key update;
    if not private.is_living(v_agreement.status) and v_agreement.status <> 'settled' then
        return;
    end if;
    select * into v_policy from public.agreement_policies as policy
    where policy.id = v_agreement.policy_id;
    v_to := (private.aged_status(v_agreement, v_policy, on_date)).to_status;
    if v_to in ('broken', 'lapsed') then
        if v_agreement.status <> 'settled' then
            return;
        end if;
        -- Reopened by a payment taken back. The clock reads what lives, so it must live first.
        v_to := case v_to when 'broken' then 'broken_provisionally'
            else 'awaiting_first_payment' end;
    end if;
    if v_to <> v_agreement.status then
        perform private.transition_agreement(v_agreement.id, v_to, reason, on_date);
    end if;
end;
$$;
