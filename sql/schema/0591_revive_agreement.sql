-- Giving time: another day for one installment, or a new life for an agreement that ended. Amounts
-- stay as they were sealed; every change of a date is told with its reason.
create function private.move_installment(installment_id uuid, due_on date) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_policy public.charge_policies;
begin
    select (private.charge_policy(
        agreement.tenant_id, agreement.creditor_id, private.today(agreement.tenant_id)
    )).* into v_policy
    from public.installments as part
    join public.agreements as agreement on agreement.id = part.agreement_id
    where part.id = move_installment.installment_id;
    update public.installments as part
    set due_on = move_installment.due_on,
        effective_due_on = private.next_business_day(
            part.tenant_id, v_policy.holiday_uf, move_installment.due_on, v_policy.due_rule
        )
    where part.id = move_installment.installment_id;
end;
$$;

create function private.reschedule_installment(installment_id uuid, due_on date, reason text)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_reason text := private.require_reason(reason);
    v_today date := private.today(v_tenant_id);
    v_part public.installments;
    v_charge public.charges;
begin
    if reschedule_installment.due_on is null or reschedule_installment.due_on < v_today then
        raise exception 'due_date_in_past' using errcode = 'PT400',
            detail = 'today or later';
    elsif reschedule_installment.due_on > v_today + 3660 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'due_on';
    end if;
    v_part := private.open_installment(v_tenant_id, installment_id);
    if v_part.cancelling_reason is not null then
        raise exception 'installment_not_open' using errcode = 'PT409', detail = 'cancelling';
    end if;
    perform private.move_installment(v_part.id, reschedule_installment.due_on);
    perform private.tell_agreement(
        v_part.agreement_id, 'installment_rescheduled', v_today, v_reason,
        jsonb_build_object(
            'installment_id', v_part.id, 'from', v_part.due_on,
            'to', reschedule_installment.due_on
        )
    );
    -- The old link shows the old day: it is taken back and a new one made.
    select * into v_charge from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.installment_id = v_part.id
      and charge.is_wanted and charge.status not in ('paid', 'cancelled', 'failed');
    if found then
        perform private.unwant_charges(v_charge.id, 'rescheduled');
        select * into v_part from public.installments as part where part.id = v_part.id;
        perform private.issue_charge(v_part, v_charge.integration_id, v_charge.method);
        perform private.wake_function('negociarie-charge');
    end if;
    perform private.rebuild_ledger(v_tenant_id, v_part.client_id, v_today);
    return jsonb_build_object('installment_id', v_part.id, 'due_on', reschedule_installment.due_on);
end;
$$;

-- Broken, lapsed or cancelled after it was formalised: the same schedule goes on. If something
-- would be overdue at once, the first open installment gets `first_due_on` and the others follow.
-- It is judged as a new offer of what is left would be (0589): no detour around a limit.
create function private.revive(
    agreement public.agreements, reason text, first_due_on date, on_date date
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_owed private.owed_debt[] := array(
        select title from private.owed(
            agreement.tenant_id, agreement.client_id, on_date, array(
                select line.debt_id from public.agreement_debts as line
                where line.tenant_id = agreement.tenant_id and line.agreement_id = agreement.id
            )
        ) as title
    );
    v_paid bigint := (
        select coalesce(sum(part.paid_cents - part.late_cents), 0)
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
    );
begin
    if agreement.formalised_at is null then
        raise exception 'transition_illegal' using errcode = 'PT409',
            detail = 'it was never formalised';
    elsif first_due_on < on_date then
        raise exception 'due_date_in_past' using errcode = 'PT400', detail = 'today or later';
    -- Beyond the longest horizon of an offer.
    elsif first_due_on > on_date + 3660 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'first_due_on';
    end if;
    perform private.transition_agreement(
        agreement.id, 'awaiting_first_payment', reason, on_date,
        jsonb_build_object('first_due_on', first_due_on)
    );
    -- Money that came meanwhile pays first; only what is open then needs a new day.
    perform private.rebuild_ledger(agreement.tenant_id, agreement.client_id, on_date);
    if first_due_on is null and exists (
        select from public.installments as part
        where part.agreement_id = revive.agreement.id and part.status = 'open'
          and part.effective_due_on < on_date
    ) then
        raise exception 'first_due_missing' using errcode = 'PT400',
            detail = 'an open installment is overdue; say when it is due now';
    end if;
    if first_due_on is not null then
        perform private.move_installment(
            listed.id, private.nth_due_date(
                revive.first_due_on, null,
                (revive.agreement.priced #>> '{proposal,interval}')::public.due_interval,
                listed.place::int
            )
        )
        from (
            select part.id, row_number() over (order by part.number) - 1 as place
            from public.installments as part
            where part.agreement_id = revive.agreement.id and part.status = 'open'
        ) as listed;
    end if;
    perform private.require_allowed(
        private.revival_facts(agreement, v_owed, v_paid, on_date), agreement.tenant_id,
        agreement.creditor_id
    );
    perform private.rebuild_ledger(agreement.tenant_id, agreement.client_id, on_date);
end;
$$;

create function private.reactivate_agreement(agreement_id uuid, reason text, first_due_on date)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_reason text := private.require_reason(reason);
    v_agreement public.agreements;
begin
    v_agreement := private.agreement_for_change(v_tenant_id, agreement_id);
    -- The ledger may reopen what it had settled; a person only what had ended.
    if v_agreement.status not in ('broken', 'lapsed', 'cancelled') then
        raise exception 'transition_illegal' using errcode = 'PT409',
            detail = format('%s -> awaiting_first_payment', v_agreement.status);
    end if;
    perform private.revive(v_agreement, v_reason, first_due_on, private.today(v_tenant_id));
    select * into v_agreement from public.agreements as agreement
    where agreement.id = v_agreement.id;
    return jsonb_build_object('agreement_id', v_agreement.id, 'status', v_agreement.status);
end;
$$;

create function public.reschedule_installment(installment_id uuid, due_on date, reason text)
returns jsonb
language sql
set search_path = ''
as $$
    select private.reschedule_installment(
        private.seen('installments', installment_id), due_on, reason
    )
$$;
comment on function public.reschedule_installment(uuid, date, text) is
'Supervisor. Another day, the same amount, a new link where there was one.';

create function public.reactivate_agreement(
    agreement_id uuid, reason text, first_due_on date default null
) returns jsonb
language sql
set search_path = ''
as $$
    select private.reactivate_agreement(
        private.seen('agreements', agreement_id), reason, first_due_on
    )
$$;
comment on function public.reactivate_agreement(uuid, text, date) is
'Supervisor. {agreement_id, status}. PT400 first_due_missing, PT409 transition_illegal,
debt_in_agreement, debt_not_collectable, above_every_limit, PT403 approval_above_role.';

grant execute on function
private.reschedule_installment(uuid, date, text), public.reschedule_installment(uuid, date, text),
private.reactivate_agreement(uuid, text, date), public.reactivate_agreement(uuid, text, date)
to authenticated;
