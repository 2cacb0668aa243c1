-- What a transition does to titles, installments and charges. Called by transition_agreement only,
-- inside its transaction.
create function private.hold_agreement_debts(
    agreement_id uuid, from_status public.agreement_status, to_status public.agreement_status
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_held public.debts;
    v_locks boolean;
begin
    select policy.is_locking_at_once or to_status <> 'awaiting_first_payment' into v_locks
    from public.agreements as agreement
    join public.agreement_policies as policy on policy.id = agreement.policy_id
    where agreement.id = hold_agreement_debts.agreement_id;
    for v_held in
        select debts.*
        from public.agreement_debts as held
        join public.debts on debts.tenant_id = held.tenant_id and debts.id = held.debt_id
        where held.agreement_id = hold_agreement_debts.agreement_id
        order by debts.id
        for update of debts
    loop
        -- Held already: whatever was said of the title meanwhile, money that came in is booked.
        if private.is_living(from_status) then
            if v_locks and v_held.status in ('open', 'prescribed') then
                update public.debts set status = 'in_agreement' where debts.id = v_held.id;
            end if;
            continue;
        end if;
        if exists (
            select from public.agreement_debts as other
            where other.tenant_id = v_held.tenant_id and other.debt_id = v_held.id
              and other.is_live and other.agreement_id <> hold_agreement_debts.agreement_id
        ) then
            raise exception 'debt_in_agreement' using errcode = 'PT409', detail = v_held.id::text;
        elsif v_held.status in ('on_hold', 'prescribed', 'returned') then
            raise exception 'debt_not_collectable' using errcode = 'PT409',
                detail = format('%s is %s', v_held.id, v_held.status);
        -- Settled by another agreement; this one's own is reopened by a payment taken back.
        elsif v_held.status = 'settled' and from_status <> 'settled' then
            raise exception 'debt_closed' using errcode = 'PT409', detail = v_held.id::text;
        elsif v_locks and v_held.status <> 'in_agreement' then
            update public.debts set status = 'in_agreement' where debts.id = v_held.id;
        end if;
    end loop;
    update public.agreement_debts as held set is_live = true
    where held.agreement_id = hold_agreement_debts.agreement_id and not held.is_live;
end;
$$;

-- What the end of the agreement had cancelled; what a person cancelled stays so.
create function private.reopen_installments(agreement_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    update public.installments as part set status = 'open', cancel_reason = null
    where part.agreement_id = reopen_installments.agreement_id
      and part.status = 'cancelled' and part.cancel_reason like 'agreement\_%'
$$;

-- Everything agreed was paid: what the titles still showed was the discount, and is forgiven.
create function private.settle_agreement_debts(agreement_id uuid, on_date date) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_owed bigint;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = settle_agreement_debts.agreement_id;
    select coalesce(sum((title.accrual).total_cents), 0) into v_owed
    from private.owed(
        v_agreement.tenant_id, v_agreement.client_id, on_date,
        private.agreement_debt_ids(v_agreement.id)
    ) as title;
    update public.agreement_debts as held set is_live = false
    where held.agreement_id = v_agreement.id and held.is_live;
    update public.debts set status = 'settled'
    where debts.tenant_id = v_agreement.tenant_id
      and debts.id = any(private.agreement_debt_ids(v_agreement.id))
      and debts.status not in ('settled', 'returned');
    perform private.unwant_charges(charge.id, 'agreement_settled')
    from public.charges as charge
    where charge.agreement_id = v_agreement.id and charge.is_wanted
      and charge.status not in ('paid', 'cancelled');
    return jsonb_build_object('forgiven_cents', v_owed);
end;
$$;

create function private.agreement_debt_ids(agreement_id uuid) returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(held.debt_id order by held.position), '{}')
    from public.agreement_debts as held
    where held.agreement_id = agreement_debt_ids.agreement_id
$$;

-- Titles go back at their real balance: the ledger of titles ran on beside the agreement, so there
-- is nothing to compute. The discount is forfeited, open installments and their charges end.
create function private.release_agreement(
    agreement_id uuid, from_status public.agreement_status, to_status public.agreement_status,
    on_date date
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_restored bigint;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = release_agreement.agreement_id;
    update public.installments as part
    set status = 'cancelled', cancel_reason = 'agreement_' || release_agreement.to_status
    where part.agreement_id = v_agreement.id and part.status = 'open';
    perform private.unwant_charges(charge.id, 'agreement_' || to_status)
    from public.charges as charge
    where charge.agreement_id = v_agreement.id and charge.is_wanted
      and charge.status not in ('paid', 'cancelled');
    if not private.is_living(from_status) then
        return '{}';
    end if;
    update public.agreement_debts as held set is_live = false
    where held.agreement_id = v_agreement.id and held.is_live;
    update public.debts set status = private.free_status(debts, on_date)
    where debts.tenant_id = v_agreement.tenant_id
      and debts.id = any(private.agreement_debt_ids(v_agreement.id))
      and debts.status = 'in_agreement';
    -- One that the payments covered whole is not owed again.
    perform private.sync_debt_statuses(v_agreement.tenant_id, v_agreement.client_id, on_date);
    select coalesce(sum((title.accrual).total_cents), 0) into v_restored
    from private.owed(
        v_agreement.tenant_id, v_agreement.client_id, on_date,
        private.agreement_debt_ids(v_agreement.id)
    ) as title;
    return jsonb_build_object(
        'restored_cents', v_restored, 'forfeited_discount_cents', v_agreement.discount_cents,
        'paid_cents', (
            select coalesce(sum(part.paid_cents + part.late_cents), 0)
            from public.installments as part where part.agreement_id = v_agreement.id
        )
    );
end;
$$;

-- Who should learn of it without looking: its author, and for an end also those who supervise.
create function private.notify_agreement(
    agreement_id uuid, from_status public.agreement_status, to_status public.agreement_status,
    reason text
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select agreement.tenant_id, member.user_id, 'agreement_' || notify_agreement.to_status,
        jsonb_build_object(
            'agreement_id', agreement.id, 'client_id', agreement.client_id,
            'reason', notify_agreement.reason
        )
    from public.agreements as agreement
    join public.memberships as member
        on member.tenant_id = agreement.tenant_id and member.revoked_at is null
    where agreement.id = notify_agreement.agreement_id
      and member.user_id is distinct from auth.uid()
      and case notify_agreement.to_status
          when 'pending_approval' then member.role >= agreement.approval_role
          when 'broken' then member.role >= 'supervisor' or member.user_id = agreement.created_by
          when 'awaiting_first_payment' then
              notify_agreement.from_status = 'pending_approval'
              and member.user_id = agreement.created_by
          when 'rejected' then member.user_id = agreement.created_by
          when 'expired' then member.user_id = agreement.created_by
          when 'lapsed' then member.user_id = agreement.created_by
          when 'settled' then member.user_id = agreement.created_by
          when 'cancelled' then member.user_id = agreement.created_by
          else false
      end
$$;
