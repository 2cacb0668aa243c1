-- The book of installments: which payment pays which installment of one agreement. Computed from
-- the facts alone, in chronological order, so that every order of arrival ends the same.
create type private.book_item as (
    installment_id uuid,
    number int,
    due_on date,
    effective_due_on date,
    amount_cents bigint,
    item private.ledger_state,
    settled_on date,
    adjustment_cents bigint
);

create type private.book_finding as (
    payment_id uuid,
    kind public.payment_case_kind,
    amount_cents bigint
);

create type private.installment_book as (
    items private.book_item [],
    rows private.planned_allocation [],
    findings private.book_finding []
);

-- Lateness inside an agreement follows its own contract, which has neither index nor fee.
create function private.late_terms(policy public.agreement_policies)
returns public.charge_policies
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_populate_record(
        null::public.charge_policies, pg_catalog.jsonb_build_object(
            'tenant_id', policy.tenant_id, 'fine_percent', policy.late_fine_percent,
            'interest_percent', policy.late_interest_percent, 'interest_rule', 'daily_30',
            'collection_fee_percent', 0, 'grace_days', 0, 'is_fine_on_corrected', false,
            'counts_from_nominal', false,
            -- Charged: they come first (Civil Code 354). Absorbed: the schedule comes first, and
            -- only what is paid beyond it counts as charges.
            'allocation_order', case when policy.is_late_charged
                then '["fine", "interest", "correction", "collection_fee", "principal"]'
                else '["principal", "fine", "interest", "correction", "collection_fee"]'
            end::jsonb
        )
    )
$$;

-- Pays one item; `most` caps what may go there (null: everything it owes).
create function private.pay_item(
    item private.book_item, policy public.agreement_policies, paid_on date, amount_cents bigint,
    out item_after private.book_item, out planned private.planned_allocation
)
language plpgsql
stable
set search_path = ''
as $$
declare
    v_terms public.charge_policies := private.late_terms(policy);
    v_owed private.accrual := private.accrue(
        item.item, v_terms, item.due_on, item.effective_due_on, paid_on
    );
    v_paid record;
    v_left bigint;
begin
    v_paid := private.pay_position(item.item, v_owed, amount_cents, v_terms.allocation_order);
    item_after := item;
    item_after.item := v_paid.after;
    planned.installment_id := item.installment_id;
    planned.paid_on := paid_on;
    planned.parts := v_paid.parts;
    planned.before_cents := v_owed.total_cents;
    planned.after_cents := v_owed.total_cents - (v_paid.parts).total_cents;
    planned.position_after := v_paid.after;
    -- What settles: the schedule's amount, or also its late charges; a trifle may be missing.
    v_left := case when policy.is_late_charged then planned.after_cents
        else (v_paid.after).principal_cents end;
    if v_left <= least(
        policy.tolerance_cents,
        private.round_ratio(item.amount_cents * policy.tolerance_percent, 100)
    ) then
        item_after.settled_on := paid_on;
        item_after.adjustment_cents := (v_paid.after).principal_cents;
    end if;
end;
$$;

-- In which order, and how much at most, a surplus goes to the open items.
create function private.surplus_shares(
    items private.book_item[], surplus_mode text, amount_cents bigint
) returns table (place int, share_cents bigint)
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_left bigint := amount_cents;
    v_count int;
begin
    if surplus_mode in ('next', 'last') then
        return query
        select listed.position::int, null::bigint
        from unnest(items) with ordinality as listed (
            installment_id, number, due_on, effective_due_on, amount_cents, item, settled_on,
            adjustment_cents, position
        )
        where listed.settled_on is null
        order by listed.number * case surplus_mode when 'last' then -1 else 1 end;
    elsif surplus_mode = 'spread' then
        -- Equal shares; who needs less gives the rest to those after, smallest need first.
        v_count := (select count(*) from unnest(items) as open where open.settled_on is null);
        for place, share_cents in
            select listed.position::int, (listed.item).principal_cents
            from unnest(items) with ordinality as listed (
                installment_id, number, due_on, effective_due_on, amount_cents, item, settled_on,
                adjustment_cents, position
            )
            where listed.settled_on is null
            order by (listed.item).principal_cents, listed.number
        loop
            share_cents := least(share_cents, (v_left + v_count - 1) / v_count);
            v_left := v_left - share_cents;
            v_count := v_count - 1;
            return next;
        end loop;
    end if;
end;
$$;

create function private.installment_book(
    agreement public.agreements, payments private.effective_payment[]
) returns private.installment_book
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_book private.installment_book;
    v_policy public.agreement_policies;
    v_payment private.effective_payment;
    v_target int;
    v_left bigint;
    v_paid record;
    v_share record;
begin
    select * into v_policy from public.agreement_policies as policy
    where policy.id = agreement.policy_id;
    v_book.rows := '{}';
    v_book.findings := '{}';
    -- An installment a person cancelled takes no money; those ended with the agreement keep theirs.
    v_book.items := array(
        select (
            part.id, part.number, part.due_on, part.effective_due_on, part.amount_cents,
            private.new_position(part.amount_cents), null, 0
        )::private.book_item
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
          and (part.status <> 'cancelled' or part.cancel_reason like 'agreement\_%')
        order by part.number
    );
    foreach v_payment in array payments loop
        continue when v_payment.agreement_id is distinct from agreement.id
            or v_payment.course not in ('apply', 'advance') or v_payment.amount_cents <= 0;
        v_left := v_payment.amount_cents;
        v_target := (
            select listed.position from unnest(v_book.items) with ordinality as listed (
                installment_id, number, due_on, effective_due_on, amount_cents, item, settled_on,
                adjustment_cents, position
            )
            where listed.installment_id = v_payment.installment_id
        );
        if v_payment.course = 'apply' and v_target is not null then
            -- A second full payment is not guessed about: a person decides.
            if v_book.items[v_target].settled_on is not null then
                v_book.findings := v_book.findings || (
                    v_payment.payment_id, 'duplicate', v_payment.amount_cents
                )::private.book_finding;
                continue;
            end if;
            v_paid := private.pay_item(
                v_book.items[v_target], v_policy, v_payment.paid_on, v_left
            );
            v_paid.planned.payment_id := v_payment.payment_id;
            v_book.items[v_target] := v_paid.item_after;
            v_book.rows := v_book.rows || v_paid.planned;
            v_left := v_left - ((v_paid.planned).parts).total_cents;
        end if;
        for v_share in
            select * from private.surplus_shares(v_book.items, case
                -- Without an installment of its own a payment goes to the oldest.
                when v_target is null or v_payment.course = 'advance' then 'next'
                else v_policy.surplus_mode
            end, v_left)
        loop
            exit when v_left <= 0;
            continue when v_share.place = v_target and v_payment.course = 'apply';
            v_paid := private.pay_item(
                v_book.items[v_share.place], v_policy, v_payment.paid_on,
                least(v_left, coalesce(v_share.share_cents, v_left))
            );
            continue when ((v_paid.planned).parts).total_cents = 0;
            v_paid.planned.payment_id := v_payment.payment_id;
            v_book.items[v_share.place] := v_paid.item_after;
            v_book.rows := v_book.rows || v_paid.planned;
            v_left := v_left - ((v_paid.planned).parts).total_cents;
        end loop;
        if v_left > v_policy.refund_above_cents then
            v_book.findings := v_book.findings || (
                v_payment.payment_id, 'overpayment', v_left
            )::private.book_finding;
        end if;
    end loop;
    return v_book;
end;
$$;
