-- Asking for a settlement by hand, and confirming it: two people, or one with the limit for it.
create function private.confirm_settlement(settlement_id uuid) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_request public.manual_settlements;
    v_payment public.payments;
    v_payment_id uuid;
begin
    select * into v_request from public.manual_settlements as request
    where request.id = confirm_settlement.settlement_id;
    v_payment.tenant_id := v_request.tenant_id;
    v_payment.client_id := v_request.client_id;
    v_payment.payment_key := 'manual:' || v_request.id;
    v_payment.amount_cents := v_request.amount_cents;
    v_payment.paid_on := v_request.paid_on;
    perform private.take_payment(
        v_payment,
        case when v_request.agreement_id is null then 'abate' else 'apply'
        end::public.payment_course,
        v_request.agreement_id, v_request.installment_id, v_request.debt_ids, 'manual'
    );
    select payment.id into v_payment_id from public.payments as payment
    where payment.tenant_id = v_request.tenant_id
      and payment.payment_key = v_payment.payment_key;
    update public.manual_settlements as request
    set status = 'approved', payment_id = v_payment_id
    where request.id = v_request.id;
    return v_payment_id;
end;
$$;

-- Not in the future, and not older than any claim (Civil Code 205: ten years).
create function private.is_payment_day(tenant_id uuid, paid_on date) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select paid_on between (private.today(tenant_id) - interval '10 years')::date
        and private.today(tenant_id)
$$;

-- Asked when it is requested and again when it is confirmed: meanwhile the installment may have
-- been paid, the agreement broken, or the titles agreed upon at a price without this money.
create function private.require_settleable(request public.manual_settlements)
returns public.agreements
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_part public.installments;
    v_agreement public.agreements;
    v_agreement_id uuid := request.agreement_id;
begin
    if request.installment_id is not null then
        select * into v_part from public.installments as part
        where part.tenant_id = request.tenant_id and part.id = request.installment_id
          and part.client_id = request.client_id;
        if not found then
            raise exception 'installment_not_found' using errcode = 'PT404',
                detail = request.installment_id::text;
        elsif v_part.status <> 'open' then
            raise exception 'installment_not_open' using errcode = 'PT409',
                detail = v_part.status::text;
        end if;
        v_agreement_id := v_part.agreement_id;
    end if;
    if v_agreement_id is null then
        perform private.require_debts(request.tenant_id, request.client_id, request.debt_ids);
        if exists (
            select from public.debts
            where debts.id = any(request.debt_ids) and debts.status in ('settled', 'returned')
        ) then
            raise exception 'debt_closed' using errcode = 'PT409',
                detail = 'one of the titles was settled or returned';
        elsif exists (
            select from public.agreement_debts as held
            where held.tenant_id = request.tenant_id and held.is_live
              and held.debt_id = any(request.debt_ids)
        ) then
            raise exception 'debt_in_agreement' using errcode = 'PT409',
                detail = 'settle the installment of its agreement';
        end if;
        return null;
    end if;
    select * into v_agreement from public.agreements as agreement
    where agreement.tenant_id = request.tenant_id and agreement.id = v_agreement_id
      and agreement.client_id = request.client_id;
    if not found then
        raise exception 'agreement_not_found' using errcode = 'PT404',
            detail = v_agreement_id::text;
    elsif not private.is_living(v_agreement.status) then
        raise exception 'agreement_not_living' using errcode = 'PT409',
            detail = v_agreement.status::text;
    end if;
    return v_agreement;
end;
$$;

create function private.settle_manually(settlement jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Above any payment; a larger number is a fault, not money.
    c_largest_cents constant bigint := 10000000000000;
    v_tenant_id uuid := private.require_role('operator');
    v_request public.manual_settlements;
    v_known public.manual_settlements;
    v_agreement public.agreements;
    v_limit bigint;
begin
    perform private.require_known_keys(settlement, array[
        'id', 'client_id', 'agreement_id', 'installment_id', 'debt_ids', 'amount_cents',
        'paid_on', 'evidence'
    ]);
    begin
        v_request := jsonb_populate_record(null::public.manual_settlements, settlement);
    exception when data_exception then
        raise exception 'settlement_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    v_request.tenant_id := v_tenant_id;
    if v_request.id is null
        or coalesce(v_request.amount_cents, 0) not between 1 and c_largest_cents
        or not coalesce(private.is_payment_day(v_tenant_id, v_request.paid_on), false)
        or cardinality(v_request.debt_ids) = 0
        or num_nonnulls(v_request.installment_id, v_request.agreement_id, v_request.debt_ids) <> 1
    then
        raise exception 'settlement_invalid' using errcode = 'PT400',
            detail = 'id, amount, a day not in the future and exactly one target are needed';
    elsif btrim(coalesce(v_request.evidence, '')) = '' then
        raise exception 'evidence_missing' using errcode = 'PT400',
            detail = 'say how it is known that this was paid';
    end if;
    perform private.require_reason(v_request.evidence);
    perform private.require_client(v_tenant_id, v_request.client_id);
    perform private.lock_client(v_tenant_id, v_request.client_id);
    select * into v_known from public.manual_settlements as request
    where request.id = v_request.id;
    if found then
        -- The page would show as done what was never asked.
        if v_known.tenant_id <> v_tenant_id or v_known.requested_by <> auth.uid() or (
            v_known.client_id, v_known.installment_id, v_known.debt_ids, v_known.amount_cents,
            v_known.paid_on, v_known.evidence
        ) is distinct from (
            v_request.client_id, v_request.installment_id, v_request.debt_ids,
            v_request.amount_cents, v_request.paid_on, btrim(v_request.evidence)
        ) or v_known.installment_id is null
            and v_known.agreement_id is distinct from v_request.agreement_id
        then
            raise exception 'settlement_id_reused' using errcode = 'PT409',
                detail = 'this id already names another settlement';
        end if;
        return private.settlement_outcome(v_known.id);
    end if;

    v_agreement := private.require_settleable(v_request);
    v_request.agreement_id := v_agreement.id;
    if exists (
        select from public.manual_settlements as request
        where request.tenant_id = v_tenant_id and request.status = 'pending'
          and request.installment_id = v_request.installment_id
    ) then
        raise exception 'settlement_pending' using errcode = 'PT409',
            detail = 'another settlement of this installment waits for its decision';
    end if;
    insert into public.manual_settlements (
        id, tenant_id, client_id, agreement_id, installment_id, debt_ids, amount_cents, paid_on,
        evidence, requested_by
    )
    values (
        v_request.id, v_tenant_id, v_request.client_id, v_request.agreement_id,
        v_request.installment_id, v_request.debt_ids, v_request.amount_cents, v_request.paid_on,
        btrim(v_request.evidence), auth.uid()
    );
    v_limit := coalesce(
        (select policy.manual_limit_cents from public.agreement_policies as policy
            where policy.id = v_agreement.policy_id),
        (private.agreement_policy(v_tenant_id, null)).manual_limit_cents
    );
    if private.has_role('supervisor') and v_request.amount_cents <= v_limit then
        perform private.confirm_settlement(v_request.id);
    else
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select v_tenant_id, member.user_id, 'settlement_pending', jsonb_build_object(
            'settlement_id', v_request.id, 'client_id', v_request.client_id
        )
        from public.memberships as member
        where member.tenant_id = v_tenant_id and member.revoked_at is null
          and member.role >= 'supervisor' and member.user_id <> auth.uid();
    end if;
    return private.settlement_outcome(v_request.id);
end;
$$;

create function private.settlement_outcome(settlement_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'settlement_id', request.id, 'status', request.status, 'payment_id', request.payment_id
    )
    from public.manual_settlements as request
    where request.id = settlement_outcome.settlement_id
$$;

create function private.decide_settlement(settlement_id uuid, decision text, reason text)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_request public.manual_settlements;
begin
    if decision is null or decision not in ('approve', 'reject') then
        raise exception 'decision_unknown' using errcode = 'PT400',
            detail = coalesce(decision, 'none');
    end if;
    select * into v_request from public.manual_settlements as request
    where request.tenant_id = v_tenant_id and request.id = decide_settlement.settlement_id;
    if not found then
        raise exception 'settlement_not_found' using errcode = 'PT404',
            detail = 'no settlement with this id in the tenant';
    end if;
    perform private.lock_client(v_tenant_id, v_request.client_id);
    select * into v_request from public.manual_settlements as request
    where request.id = v_request.id
    for update;
    if v_request.status <> 'pending' then
        raise exception 'settlement_decided' using errcode = 'PT409',
            detail = v_request.status::text;
    elsif v_request.requested_by = auth.uid() then
        raise exception 'approval_by_author' using errcode = 'PT403',
            detail = 'another person decides';
    end if;
    perform private.require_reason(reason, is_wanted => decision = 'reject');
    if decision = 'approve' then
        perform private.require_settleable(v_request);
    end if;
    update public.manual_settlements as request
    set decided_by = auth.uid(), decided_at = private.now(),
        decision_reason = nullif(btrim(decide_settlement.reason), ''),
        status = case when decision = 'reject' then 'rejected' else request.status end
    where request.id = v_request.id;
    if decision = 'approve' then
        perform private.confirm_settlement(v_request.id);
    end if;
    return private.settlement_outcome(v_request.id);
end;
$$;

create function public.settle_manually(settlement jsonb) returns jsonb
language sql
set search_path = ''
as $$ select private.settle_manually(settlement) $$;
comment on function public.settle_manually(jsonb) is
'{id, client_id, installment_id | agreement_id | debt_ids, amount_cents, paid_on, evidence} ->
{settlement_id, status: pending | approved, payment_id}. The same id again is the same request.';

create function public.decide_settlement(
    settlement_id uuid, decision text, reason text default null
) returns jsonb
language sql
set search_path = ''
as $$
    select private.decide_settlement(
        private.seen('manual_settlements', settlement_id), decision, reason
    )
$$;
comment on function public.decide_settlement(uuid, text, text) is
'Supervisor or admin, never the requester. decision: approve | reject (reason needed).';

grant execute on function
private.settle_manually(jsonb), public.settle_manually(jsonb),
private.decide_settlement(uuid, text, text), public.decide_settlement(uuid, text, text)
to authenticated;
