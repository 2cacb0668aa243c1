-- Money arrives: stored once, sent on its course, booked. The one entrance for callbacks' re-
-- queries, sweeps and settlements by hand.

-- Where a charge's payment goes by itself: to its agreement while that lives (or is settled: then
-- it is a duplicate, which the ledger finds), to the agreement that renegotiated it, else to a
-- person.
create function private.course_of_charge(
    charge public.charges, out course public.payment_course, out agreement_id uuid,
    out installment_id uuid
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_successor uuid;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = charge.agreement_id;
    while not private.is_living(v_agreement.status) and v_agreement.status <> 'settled' loop
        select successor.id into v_successor
        from public.agreements as successor
        where successor.tenant_id = v_agreement.tenant_id
          and successor.replaces_id = v_agreement.id and successor.formalised_at is not null
        order by successor.formalised_at desc
        limit 1;
        if not found then
            course := 'parked';
            agreement_id := charge.agreement_id;
            return;
        end if;
        select * into v_agreement from public.agreements as agreement
        where agreement.id = v_successor;
    end loop;
    course := 'apply';
    agreement_id := v_agreement.id;
    installment_id := case when v_agreement.id = charge.agreement_id
        then charge.installment_id end;
end;
$$;

create function private.set_course(
    payment_id uuid, course public.payment_course, agreement_id uuid, installment_id uuid,
    debt_ids uuid[], reason text
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.payment_courses (
        tenant_id, payment_id, course, agreement_id, installment_id, debt_ids, reason, actor_id
    )
    select payment.tenant_id, payment.id, set_course.course, set_course.agreement_id,
        set_course.installment_id, set_course.debt_ids, set_course.reason, auth.uid()
    from public.payments as payment
    where payment.id = set_course.payment_id
$$;

create function private.open_case(
    kind public.payment_case_kind, payment public.payments, agreement_id uuid, details jsonb
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.payment_cases (
        tenant_id, client_id, agreement_id, payment_id, charge_id, kind, amount_cents, details,
        case_key
    )
    values (
        payment.tenant_id, payment.client_id, open_case.agreement_id, payment.id,
        payment.charge_id, open_case.kind, payment.amount_cents, open_case.details,
        open_case.kind || ':' || payment.id
    )
    on conflict (tenant_id, case_key) where resolved_at is null do nothing;
end;
$$;

-- True when it was new. `payment` names everything but its id; the client is locked by the caller.
create function private.take_payment(
    payment public.payments, course public.payment_course, agreement_id uuid,
    installment_id uuid, debt_ids uuid[], reason text
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_payment public.payments;
    v_today date := private.today(payment.tenant_id);
begin
    insert into public.payments (
        tenant_id, client_id, provider, integration_id, charge_id, reference, payment_key,
        amount_cents, paid_on, method, created_by
    )
    values (
        payment.tenant_id, payment.client_id, payment.provider, payment.integration_id,
        payment.charge_id, payment.reference, payment.payment_key, payment.amount_cents,
        payment.paid_on, payment.method, auth.uid()
    )
    on conflict on constraint payments_are_stored_once do nothing
    returning * into v_payment;
    if v_payment.id is null then
        return false;
    end if;
    perform private.set_course(
        v_payment.id, course, agreement_id, installment_id, debt_ids, reason
    );
    if agreement_id is not null then
        perform private.tell_agreement(
            agreement_id, 'payment_received', v_today, reason, jsonb_build_object(
                'payment_id', v_payment.id, 'amount_cents', v_payment.amount_cents,
                'paid_on', v_payment.paid_on, 'course', course
            )
        );
    end if;
    if course = 'parked' then
        perform private.open_case(
            case when v_payment.client_id is null then 'orphan' else 'paid_after_break'
            end::public.payment_case_kind, v_payment, agreement_id, '{}'
        );
    else
        perform private.rebuild_ledger(v_payment.tenant_id, v_payment.client_id, v_today);
    end if;
    return true;
end;
$$;
