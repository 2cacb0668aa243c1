-- The facts the ledger is rebuilt from: a client's payments that were not taken back, each with the
-- last word on where it goes, in an order that does not depend on when we heard of them.
create type private.effective_payment as (
    payment_id uuid,
    payment_key text,
    amount_cents bigint,
    paid_on date,
    course_id bigint,
    course public.payment_course,
    agreement_id uuid,
    installment_id uuid,
    debt_ids uuid []
);

create function private.effective_payments(tenant_id uuid, client_id uuid)
returns setof private.effective_payment
language sql
stable
security definer
set search_path = ''
as $$
    -- What was sent back of it is not there to be used again.
    select payment.id, payment.payment_key, payment.amount_cents - (
            select coalesce(sum(known.amount_cents), 0)::bigint
            from public.payment_cases as known
            where known.tenant_id = payment.tenant_id and known.payment_id = payment.id
              and known.kind = 'overpayment' and known.resolution = 'return'
        ), payment.paid_on,
        word.id, word.course, word.agreement_id, word.installment_id,
        case when word.agreement_id is not null
            then private.agreement_debt_ids(word.agreement_id) else word.debt_ids end
    from public.payments as payment
    cross join lateral (
        select course.* from public.payment_courses as course
        where course.tenant_id = payment.tenant_id and course.payment_id = payment.id
        order by course.id desc
        limit 1
    ) as word
    where payment.tenant_id = effective_payments.tenant_id
      and payment.client_id = effective_payments.client_id
      and not exists (
          select from public.payment_reversals as reversal
          where reversal.tenant_id = payment.tenant_id and reversal.payment_id = payment.id
      )
    -- On one day what names its installment goes first; the rest fills what is left.
    order by payment.paid_on, word.installment_id is null, payment.payment_key
$$;

-- One wanted row of the ledger, before it is compared with what stands.
create type private.planned_allocation as (
    payment_id uuid,
    installment_id uuid,
    debt_id uuid,
    paid_on date,
    parts private.paid_parts,
    before_cents bigint,
    after_cents bigint,
    position_after private.ledger_state
);

create function private.insert_allocation(tenant_id uuid, planned private.planned_allocation)
returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.payment_allocations (
        tenant_id, payment_id, installment_id, debt_id, paid_on, principal_cents,
        correction_cents, fine_cents, interest_cents, collection_fee_cents, before_cents,
        after_cents, position_after
    )
    values (
        insert_allocation.tenant_id, planned.payment_id, planned.installment_id, planned.debt_id,
        planned.paid_on, (planned.parts).principal_cents, (planned.parts).correction_cents,
        (planned.parts).fine_cents, (planned.parts).interest_cents,
        (planned.parts).collection_fee_cents, planned.before_cents, planned.after_cents,
        to_jsonb(planned.position_after)
    )
$$;

-- A row that takes another one back, on the same business day, so that sums of any past day agree.
create function private.reverse_allocation(allocation_id bigint) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.payment_allocations (
        tenant_id, payment_id, installment_id, debt_id, paid_on, principal_cents,
        correction_cents, fine_cents, interest_cents, collection_fee_cents, before_cents,
        after_cents, position_after, reverses_id
    )
    select standing.tenant_id, standing.payment_id, standing.installment_id, standing.debt_id,
        standing.paid_on, -standing.principal_cents, -standing.correction_cents,
        -standing.fine_cents, -standing.interest_cents, -standing.collection_fee_cents,
        standing.after_cents, standing.before_cents, '{}', standing.id
    from public.payment_allocations as standing
    where standing.id = reverse_allocation.allocation_id
$$;
