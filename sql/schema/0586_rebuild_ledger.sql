-- The ledger's one writer: both books of a client brought to what the facts say. Called after every
-- payment, decision and reversal; called twice it changes nothing; in whatever order payments were
-- heard of, it ends the same.
create function private.sync_installments(
    agreement public.agreements, book private.installment_book
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_planned private.planned_allocation;
begin
    perform private.reverse_allocation(standing.id)
    from private.living_allocations as standing
    join public.installments as part
        on part.tenant_id = standing.tenant_id and part.id = standing.installment_id
    where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
      and not exists (
          select from unnest(book.rows) as planned
          where private.is_same_allocation(standing.id, planned)
      );
    foreach v_planned in array book.rows loop
        if not exists (
            select from private.living_allocations as standing
            where standing.tenant_id = agreement.tenant_id
              and standing.installment_id = v_planned.installment_id
              and private.is_same_allocation(standing.id, v_planned)
        ) then
            perform private.insert_allocation(agreement.tenant_id, v_planned);
        end if;
    end loop;

    update public.installments as part
    set status = became.status, paid_on = became.settled_on,
        paid_cents = became.paid_cents, late_cents = became.late_cents,
        adjustment_cents = became.adjustment_cents,
        cancel_reason = case when became.status = 'cancelled'
            then coalesce(part.cancel_reason, 'agreement_' || agreement.status) end
    from (
        select booked.installment_id, booked.settled_on, booked.adjustment_cents,
            booked.amount_cents - (booked.item).principal_cents as paid_cents,
            case
                when booked.settled_on is not null then 'paid'
                when known.status = 'cancelled' then 'cancelled'
                -- Its payment was taken back after the agreement had ended.
                when agreement.status in ('broken', 'lapsed', 'cancelled', 'replaced')
                    then 'cancelled'
                else 'open'
            end::public.installment_status as status,
            (
                select coalesce(sum((planned.parts).total_cents
                    - (planned.parts).principal_cents), 0)
                from unnest(book.rows) as planned
                where planned.installment_id = booked.installment_id
            ) as late_cents
        from unnest(book.items) as booked
        join public.installments as known on known.id = booked.installment_id
    ) as became
    where part.id = became.installment_id
      and (part.status, part.paid_on, part.paid_cents, part.late_cents, part.adjustment_cents)
          is distinct from (became.status, became.settled_on, became.paid_cents,
              became.late_cents, became.adjustment_cents);

    -- One that a person cancelled is in no book: what it had been paid went elsewhere.
    update public.installments as part
    set paid_cents = 0, late_cents = 0, adjustment_cents = 0
    where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
      and part.status = 'cancelled' and part.paid_cents + part.late_cents > 0
      and not exists (
          select from unnest(book.items) as booked where booked.installment_id = part.id
      );

    -- Nobody should be able to pay again what is paid.
    perform private.unwant_charges(charge.id, 'installment_paid')
    from public.charges as charge
    join public.installments as part on part.id = charge.installment_id
    where charge.tenant_id = agreement.tenant_id and charge.agreement_id = agreement.id
      and part.status = 'paid' and charge.is_wanted
      and charge.status not in ('paid', 'cancelled');
end;
$$;

create function private.is_same_allocation(
    standing_id bigint, planned private.planned_allocation
) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.payment_allocations as standing
        where standing.id = standing_id
          and standing.payment_id = (planned).payment_id
          and standing.installment_id = (planned).installment_id
          and standing.paid_on = (planned).paid_on
          and standing.principal_cents = ((planned).parts).principal_cents
          and standing.fine_cents = ((planned).parts).fine_cents
          and standing.interest_cents = ((planned).parts).interest_cents
          and standing.before_cents = (planned).before_cents
          and standing.after_cents = (planned).after_cents
          and standing.position_after = to_jsonb((planned).position_after)
    )
$$;

-- Cases the ledger finds and loses by itself; what a person resolved is not asked again.
create function private.sync_cases(
    tenant_id uuid, client_id uuid, findings private.book_finding[], on_date date
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Ten days: a surplus kept longer without a word looks like an undue charge (CDC 42).
    c_refund_days constant int := 10;
begin
    update public.payment_cases as known
    set resolved_at = private.now(), resolution = 'vanished'
    where known.tenant_id = sync_cases.tenant_id and known.client_id = sync_cases.client_id
      and known.kind in ('duplicate', 'overpayment') and known.resolved_at is null
      and not exists (
          select from unnest(findings) as finding
          where finding.payment_id = known.payment_id and finding.kind = known.kind
            and finding.amount_cents = known.amount_cents
      );
    insert into public.payment_cases (
        tenant_id, client_id, agreement_id, payment_id, charge_id, kind, amount_cents, case_key,
        due_on
    )
    select sync_cases.tenant_id, sync_cases.client_id, word.agreement_id, payment.id,
        payment.charge_id, finding.kind, finding.amount_cents,
        finding.kind || ':' || payment.id,
        case when finding.kind = 'overpayment' then on_date + c_refund_days end
    from unnest(findings) as finding
    join public.payments as payment on payment.id = finding.payment_id
    cross join lateral (
        select course.agreement_id from public.payment_courses as course
        where course.tenant_id = payment.tenant_id and course.payment_id = payment.id
        order by course.id desc
        limit 1
    ) as word
    where not exists (
        select from public.payment_cases as known
        where known.tenant_id = sync_cases.tenant_id
          and known.case_key = finding.kind || ':' || payment.id
          and known.amount_cents = finding.amount_cents
          and known.resolution is distinct from 'vanished'
    );
end;
$$;

create function private.rebuild_ledger(tenant_id uuid, client_id uuid, on_date date)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_payments private.effective_payment[];
    v_agreement public.agreements;
    v_book private.installment_book;
    v_rows private.planned_allocation[] := '{}';
    v_findings private.book_finding[] := '{}';
begin
    perform private.lock_client(tenant_id, client_id);
    v_payments := array(
        select payment from private.effective_payments(tenant_id, client_id) as payment
    );
    for v_agreement in
        select agreement.* from public.agreements as agreement
        where agreement.tenant_id = rebuild_ledger.tenant_id
          and agreement.client_id = rebuild_ledger.client_id
          and agreement.formalised_at is not null
        order by agreement.id
    loop
        v_book := private.installment_book(v_agreement, v_payments);
        perform private.sync_installments(v_agreement, v_book);
        v_rows := v_rows || v_book.rows;
        v_findings := v_findings || v_book.findings;
    end loop;
    v_findings := v_findings || private.write_debt_book(
        tenant_id, client_id, private.debt_entries(v_payments, v_rows)
    );
    perform private.sync_cases(tenant_id, client_id, v_findings, on_date);
    for v_agreement in
        select agreement.* from public.agreements as agreement
        where agreement.tenant_id = rebuild_ledger.tenant_id
          and agreement.client_id = rebuild_ledger.client_id
          and agreement.formalised_at is not null
        order by agreement.id
    loop
        perform private.refresh_agreement(v_agreement.id, on_date, 'ledger');
    end loop;
    perform private.sync_debt_statuses(tenant_id, client_id, on_date);
end;
$$;

-- What each payment brings to the titles: as much as its installments took, or all of it.
create function private.debt_entries(
    payments private.effective_payment[], planned private.planned_allocation[]
) returns private.debt_entry[]
language sql
immutable
set search_path = ''
as $$
    select coalesce(array_agg(
        (
            listed.payment_id, listed.paid_on, brought.cents, listed.debt_ids,
            listed.course = 'abate',
            concat_ws('|', listed.payment_id, listed.course_id, brought.cents)
        )::private.debt_entry
        order by listed.paid_on, listed.payment_key
    ), '{}')
    from unnest(payments) as listed
    cross join lateral (
        select case
            when listed.course = 'abate' then listed.amount_cents
            when listed.course in ('apply', 'advance') then (
                select coalesce(sum((taken.parts).total_cents), 0)::bigint
                from unnest(planned) as taken
                where taken.payment_id = listed.payment_id
            )
            else 0
        end as cents
    ) as brought
    where brought.cents > 0
$$;
