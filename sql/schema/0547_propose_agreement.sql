-- From offer to agreement. A proposal is priced again from its own words; only if the seal comes
-- out the same is it written. Expired, tampered with or overtaken by a payment: the new price goes
-- back and nothing is written.

-- The same offer as of today: dates that have passed are chosen anew.
create function private.reprice(tenant_id uuid, role public.member_role, offer jsonb) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_today date := private.today(tenant_id);
    v_first date := (offer ->> 'first_due_date')::date;
    v_downs jsonb := (
        select jsonb_agg(down || jsonb_build_object(
            'due_on', greatest((down ->> 'due_on')::date, v_today)
        ))
        from jsonb_array_elements(offer -> 'down_payments') as down
    );
    v_offer jsonb;
begin
    v_offer := private.normal_offer(
        tenant_id, (offer ->> 'client_id')::uuid,
        array(select jsonb_array_elements_text(offer -> 'debt_ids')::uuid),
        (offer ->> 'template_id')::uuid, private.given_discounts(offer -> 'discounts'),
        (offer ->> 'installments')::int, 0,
        case when v_first >= v_today then v_first end, (offer ->> 'due_day')::int,
        (offer ->> 'interval')::public.due_interval, (offer ->> 'method')::public.charge_method,
        v_downs, (offer ->> 'replaces_agreement_id')::uuid, v_today
    );
    return private.price_offer(tenant_id, role, v_offer)
        || jsonb_build_object('best', private.best_offer(tenant_id, role, v_offer));
end;
$$;

-- A normal form read again: {"cents": 1} of a target is the number itself.
create function private.given_discounts(normal jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select case when normal ? 'target_total_cents'
        then jsonb_build_object('target_total_cents', normal #> '{target_total_cents,cents}')
        else normal end
$$;

-- The offer priced on its own day by `role`, or null when it cannot be: not sealed like that, no
-- longer valid, or money has come in since.
create function private.unseal(
    tenant_id uuid, role public.member_role, proposal jsonb, proposal_hash text
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_today date := private.today(tenant_id);
    v_base_on date := (proposal ->> 'base_on')::date;
    v_priced jsonb;
begin
    if v_base_on > v_today then
        return null;
    end if;
    v_priced := private.price_offer(tenant_id, role, private.normal_offer(
        tenant_id, (proposal ->> 'client_id')::uuid,
        array(select jsonb_array_elements_text(proposal -> 'debt_ids')::uuid),
        (proposal ->> 'template_id')::uuid, private.given_discounts(proposal -> 'discounts'),
        (proposal ->> 'installments')::int, 0, (proposal ->> 'first_due_date')::date,
        (proposal ->> 'due_day')::int, (proposal ->> 'interval')::public.due_interval,
        (proposal ->> 'method')::public.charge_method, proposal -> 'down_payments',
        (proposal ->> 'replaces_agreement_id')::uuid, v_base_on
    ));
    if v_priced ->> 'proposal_hash' is distinct from proposal_hash
        or (v_priced ->> 'valid_until')::date < v_today
        or exists (
            select from private.living_allocations as allocation
            where allocation.tenant_id = unseal.tenant_id
              and proposal -> 'debt_ids' ? allocation.debt_id::text
              and allocation.paid_on > v_base_on
        )
    then
        return null;
    end if;
    return v_priced;
end;
$$;

create function private.insert_agreement(tenant_id uuid, priced jsonb) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid;
begin
    insert into public.agreements (
        tenant_id, client_id, creditor_id, priced, proposal_hash, statement, base_on,
        valid_until, original_cents, discount_cents, financing_cents, total_cents,
        discount_percent, installments, first_due_on, last_due_on, template_id, policy_id,
        replaces_id, generation, approval_reasons, approval_role, created_by
    )
    select insert_agreement.tenant_id, (offer ->> 'client_id')::uuid,
        (priced ->> 'creditor_id')::uuid, priced, priced ->> 'proposal_hash',
        private.statement(
            insert_agreement.tenant_id, (offer ->> 'client_id')::uuid,
            (priced ->> 'base_on')::date,
            array(select jsonb_array_elements_text(offer -> 'debt_ids')::uuid)
        ),
        (priced ->> 'base_on')::date, (priced ->> 'valid_until')::date,
        (priced ->> 'original_cents')::bigint, (priced ->> 'discount_cents')::bigint,
        (priced ->> 'financing_cents')::bigint, (priced ->> 'total_cents')::bigint,
        (priced ->> 'discount_percent')::numeric, jsonb_array_length(priced -> 'schedule'),
        (priced #>> '{schedule,0,due_on}')::date, (priced #>> '{schedule,-1,due_on}')::date,
        (offer ->> 'template_id')::uuid, (priced ->> 'policy_id')::uuid,
        (priced ->> 'replaces_id')::uuid, (priced ->> 'generation')::int,
        priced -> 'approval_reasons', (priced ->> 'approval_role')::public.member_role,
        auth.uid()
    from (select priced -> 'proposal' as offer) as sealed
    returning id into v_id;

    insert into public.agreement_debts (
        tenant_id, agreement_id, debt_id, position, principal_cents, correction_cents, fine_cents,
        interest_cents, collection_fee_cents, discount_principal_cents,
        discount_correction_cents, discount_fine_cents, discount_interest_cents,
        discount_collection_fee_cents
    )
    select insert_agreement.tenant_id, v_id, (debt ->> 'debt_id')::uuid, place,
        (debt #>> '{before,principal_cents}')::bigint,
        (debt #>> '{before,correction_cents}')::bigint, (debt #>> '{before,fine_cents}')::bigint,
        (debt #>> '{before,interest_cents}')::bigint,
        (debt #>> '{before,collection_fee_cents}')::bigint,
        (debt #>> '{discount,principal_cents}')::bigint,
        (debt #>> '{discount,correction_cents}')::bigint,
        (debt #>> '{discount,fine_cents}')::bigint,
        (debt #>> '{discount,interest_cents}')::bigint,
        (debt #>> '{discount,collection_fee_cents}')::bigint
    from jsonb_array_elements(priced -> 'debts') with ordinality as listed (debt, place);

    insert into public.installments (
        tenant_id, agreement_id, client_id, number, kind, due_on, effective_due_on,
        amount_cents, method
    )
    select insert_agreement.tenant_id, v_id, (priced #>> '{proposal,client_id}')::uuid,
        planned.number, planned.kind, planned.due_on, planned.effective_due_on,
        planned.amount_cents, planned.method
    from jsonb_populate_recordset(null::private.scheduled, priced -> 'schedule') as planned;
    return v_id;
end;
$$;
