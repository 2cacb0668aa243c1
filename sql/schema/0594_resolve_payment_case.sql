-- What a person does with money that waits: put an agreement back to life and pay it, abate the
-- titles, send it back, let it pay ahead, say whose it is, or say that it is nothing.
create function private.require_resolution(payment_case public.payment_cases, resolution text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if coalesce(resolution, '') <> all(case payment_case.kind
        when 'paid_after_break' then array['reactivate', 'abate', 'return']
        when 'duplicate' then array['advance', 'abate', 'return']
        when 'overpayment' then array['return']
        when 'orphan' then array['assign', 'return']
        else array['assign', 'dismiss']
    end) then
        raise exception 'resolution_unknown' using errcode = 'PT400',
            detail = format('%s for %s', resolution, payment_case.kind);
    end if;
end;
$$;

-- An orphan finds its owner: an installment, an agreement, or titles of one client.
create function private.assign_payment(
    tenant_id uuid, payment_id uuid, target jsonb, reason text
) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_part public.installments;
    v_wanted public.manual_settlements;
    v_client_id uuid := (target ->> 'client_id')::uuid;
    v_debts uuid[] := array(select jsonb_array_elements_text(target -> 'debt_ids')::uuid);
begin
    if target ->> 'installment_id' is not null then
        v_part := private.open_installment(tenant_id, (target ->> 'installment_id')::uuid);
        v_client_id := v_part.client_id;
    elsif v_client_id is null or cardinality(v_debts) = 0 then
        raise exception 'target_missing' using errcode = 'PT400',
            detail = 'an installment, or a client with titles';
    else
        perform private.lock_client(tenant_id, v_client_id);
        -- As by hand: titles an agreement holds are paid through its installments.
        v_wanted.tenant_id := tenant_id;
        v_wanted.client_id := v_client_id;
        v_wanted.debt_ids := v_debts;
        perform private.require_settleable(v_wanted);
    end if;
    update public.payments as payment set client_id = v_client_id
    where payment.id = assign_payment.payment_id and payment.client_id is null;
    perform private.set_course(
        payment_id,
        case when v_part.id is null then 'abate' else 'apply' end::public.payment_course,
        v_part.agreement_id, v_part.id, nullif(v_debts, '{}'), reason
    );
    return v_client_id;
end;
$$;

-- Titles that meanwhile were agreed anew are paid through that schedule, as after a renegotiation.
create function private.abate_payment(
    tenant_id uuid, payment_id uuid, agreement_id uuid, reason text
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_holders uuid[] := array(
        select distinct held.agreement_id from public.agreement_debts as held
        where held.tenant_id = abate_payment.tenant_id and held.is_live
          and held.agreement_id <> abate_payment.agreement_id
          and held.debt_id = any(private.agreement_debt_ids(abate_payment.agreement_id))
    );
begin
    if cardinality(v_holders) > 1 then
        raise exception 'debt_in_agreement' using errcode = 'PT409',
            detail = 'the titles are in several agreements';
    end if;
    perform private.set_course(
        payment_id, case when v_holders = '{}' then 'abate' else 'apply' end::public.payment_course,
        coalesce(v_holders[1], agreement_id), null, null, reason
    );
end;
$$;

-- The contradiction was a payment after all: it is taken with what the provider told, and with the
-- day and amount the person read off the bank's statement where that said something else.
create function private.confirm_contradiction(
    payment_case public.payment_cases, target jsonb, reason text
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_charge public.charges;
    v_payment public.payments;
    v_course record;
begin
    select * into v_charge from public.charges as charge
    where charge.id = payment_case.charge_id;
    v_payment.tenant_id := payment_case.tenant_id;
    v_payment.client_id := v_charge.client_id;
    v_payment.provider := 'negociarie';
    v_payment.integration_id := v_charge.integration_id;
    v_payment.charge_id := v_charge.id;
    v_payment.reference := v_charge.reference;
    v_payment.method := v_charge.method;
    v_payment.paid_on := coalesce(target ->> 'paid_on', payment_case.details ->> 'paid_on')::date;
    v_payment.amount_cents := coalesce(
        target ->> 'amount_cents', payment_case.details ->> 'paid_cents'
    )::bigint;
    if v_charge.id is null or v_payment.paid_on is null
        or coalesce(v_payment.amount_cents, 0) <= 0
        or not private.is_payment_day(payment_case.tenant_id, v_payment.paid_on)
    then
        raise exception 'target_missing' using errcode = 'PT400',
            detail = 'a known charge, paid_on (not in the future) and amount_cents';
    end if;
    -- As the provider would tell it, so that a later clear word is the same payment.
    v_payment.payment_key := private.told_payment_key(
        v_charge.integration_id, payment_case.details, v_payment.paid_on::text,
        v_payment.amount_cents::text
    );
    update public.charges as charge set status = 'paid' where charge.id = v_charge.id;
    v_course := private.course_of_charge(v_charge);
    perform private.take_payment(
        v_payment, v_course.course, v_course.agreement_id, v_course.installment_id, null, reason
    );
end;
$$;

create function private.resolve_payment_case(
    case_id uuid, resolution text, reason text, target jsonb
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_reason text := private.require_reason(reason);
    v_today date := private.today(v_tenant_id);
    v_target jsonb := coalesce(target, '{}');
    v_case public.payment_cases;
    v_payment public.payments;
    v_client_id uuid;
begin
    perform private.require_known_keys(v_target, array[
        'installment_id', 'client_id', 'debt_ids', 'first_due_on', 'paid_on', 'amount_cents'
    ]);
    select * into v_case from public.payment_cases as known
    where known.tenant_id = v_tenant_id and known.id = resolve_payment_case.case_id;
    if not found then
        raise exception 'case_not_found' using errcode = 'PT404',
            detail = 'no payment case with this id in the tenant';
    end if;
    v_client_id := v_case.client_id;
    if v_client_id is not null then
        perform private.lock_client(v_tenant_id, v_client_id);
    end if;
    select * into v_case from public.payment_cases as known where known.id = v_case.id for update;
    if v_case.resolved_at is not null then
        raise exception 'case_resolved' using errcode = 'PT409', detail = v_case.resolution;
    end if;
    perform private.require_resolution(v_case, resolution);
    select * into v_payment from public.payments as payment
    where payment.id = v_case.payment_id;

    update public.payment_cases as known
    set resolved_at = private.now(), resolved_by = auth.uid(),
        resolution = resolve_payment_case.resolution, resolution_reason = v_reason
    where known.id = v_case.id;

    begin
        if resolution = 'reactivate' then
            perform private.set_course(
                v_payment.id, 'apply', v_case.agreement_id, charge.installment_id, null, v_reason
            )
            from (select) as nothing
            left join public.charges as charge on charge.id = v_payment.charge_id;
            perform private.revive(
                agreement, v_reason, (v_target ->> 'first_due_on')::date, v_today
            )
            from public.agreements as agreement where agreement.id = v_case.agreement_id;
        elsif resolution = 'abate' then
            perform private.abate_payment(v_tenant_id, v_payment.id, v_case.agreement_id, v_reason);
        elsif resolution = 'advance' then
            perform private.set_course(
                v_payment.id, 'advance', v_case.agreement_id, null, null, v_reason
            );
        elsif resolution = 'return' and v_case.kind <> 'overpayment' then
            perform private.set_course(v_payment.id, 'return', null, null, null, v_reason);
        elsif resolution = 'assign' and v_case.kind = 'orphan' then
            v_client_id := private.assign_payment(
                v_tenant_id, v_payment.id, v_target, v_reason
            );
        elsif resolution = 'assign' then
            perform private.confirm_contradiction(v_case, v_target, v_reason);
        end if;
    exception when data_exception then
        raise exception 'target_missing' using errcode = 'PT400', detail = sqlerrm;
    end;
    if v_client_id is not null then
        perform private.rebuild_ledger(v_tenant_id, v_client_id, v_today);
    end if;
    if v_case.agreement_id is not null then
        perform private.tell_agreement(
            v_case.agreement_id, 'payment_case_resolved', v_today, v_reason,
            jsonb_build_object(
                'payment_id', v_case.payment_id, 'kind', v_case.kind,
                'resolution', resolve_payment_case.resolution
            )
        );
    end if;
    return jsonb_build_object('case_id', v_case.id, 'resolution', resolution);
end;
$$;

create function public.resolve_payment_case(
    case_id uuid, resolution text, reason text, target jsonb default null
) returns jsonb
language sql
set search_path = ''
as $$
    select private.resolve_payment_case(
        private.seen('payment_cases', case_id), resolution, reason, target
    )
$$;
comment on function public.resolve_payment_case(uuid, text, text, jsonb) is
'Supervisor. paid_after_break: reactivate {first_due_on} | abate | return; duplicate: advance |
abate | return; overpayment: return; orphan: assign {installment_id} or {client_id, debt_ids} |
return; contradiction: assign {paid_on, amount_cents} | dismiss.';

grant execute on function
private.resolve_payment_case(uuid, text, text, jsonb),
public.resolve_payment_case(uuid, text, text, jsonb)
to authenticated;
