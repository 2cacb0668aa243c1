-- A person asks for a boleto, a Pix or a card link. Nothing is payable before the agreement is
-- formalised, and what the provider will need is asked for now.

-- Printed as agreed, and never a day that is over, which no bank takes: then today, or the next
-- business day. The page and every message show the charge's own day.
create function private.charge_due_on(part public.installments) returns date
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_today date := private.today((part).tenant_id);
    -- Where the rule moves it back in time the debtor must see that.
    v_due_on date := least((part).due_on, (part).effective_due_on);
begin
    if v_due_on >= v_today then
        return v_due_on;
    end if;
    return (
        select private.next_business_day((part).tenant_id, (private.charge_policy(
            agreement.tenant_id, agreement.creditor_id, v_today
        )).holiday_uf, v_today)
        from public.agreements as agreement
        where agreement.id = (part).agreement_id
    );
end;
$$;

create function private.issue_charge(
    part public.installments, integration_id uuid, method public.charge_method
) returns uuid
language sql
security definer
set search_path = ''
as $$
    insert into public.charges (
        tenant_id, client_id, agreement_id, installment_id, integration_id, method, sequence,
        reference, amount_cents, due_on, queue_msg_id, created_by, id
    )
    select (part).tenant_id, (part).client_id, (part).agreement_id, (part).id,
        issue_charge.integration_id, issue_charge.method, counted.sequence,
        -- The provider refuses a number twice: the first is the installment's own, a later one says
        -- which it is.
        (part).id || case when counted.sequence > 1 then '-' || counted.sequence else '' end,
        (part).amount_cents - (part).paid_cents,
        private.charge_due_on(part),
        private.enqueue_charge(counted.charge_id, private.now()), auth.uid(), counted.charge_id
    from (
        select coalesce(max(earlier.sequence), 0) + 1 as sequence,
            gen_random_uuid() as charge_id
        from public.charges as earlier
        where earlier.tenant_id = (part).tenant_id and earlier.installment_id = (part).id
    ) as counted
    returning id
$$;

-- The charge that this installment should have, made if it has none such. Asked by people, and by
-- rules, who are nobody.
create function private.want_charge(
    wanted public.installments, account public.integrations, method public.charge_method
) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_part public.installments := wanted;
    v_agreement public.agreements;
    v_method public.charge_method;
    v_current public.charges;
    v_id uuid;
begin
    v_agreement := private.agreement_for_change(v_part.tenant_id, v_part.agreement_id);
    select * into v_part from public.installments as part where part.id = v_part.id;
    if v_agreement.formalised_at is null then
        raise exception 'charge_before_approval' using errcode = 'PT409',
            detail = v_agreement.status::text;
    elsif not private.is_living(v_agreement.status) then
        raise exception 'agreement_not_living' using errcode = 'PT409',
            detail = v_agreement.status::text;
    elsif v_part.status <> 'open' or v_part.cancelling_reason is not null then
        raise exception 'installment_not_open' using errcode = 'PT409',
            detail = case when v_part.status = 'open' then 'cancelling'
                else v_part.status::text end;
    end if;
    v_method := coalesce(want_charge.method, v_part.method);
    if v_method::text <> all(string_to_array(
        coalesce(account.settings ->> 'methods', 'boleto'), ','))
    then
        raise exception 'method_not_offered' using errcode = 'PT409',
            detail = v_method::text;
    end if;
    perform private.require_payer(v_part.tenant_id, v_part.client_id);
    select * into v_current from public.charges as charge
    where charge.tenant_id = v_part.tenant_id and charge.installment_id = v_part.id
      and charge.is_wanted and charge.status not in ('cancelled', 'failed', 'paid');
    -- The same thing asked again is the same charge; another method or amount replaces it.
    if v_current.id is not null and v_current.method = v_method
        and v_current.amount_cents = v_part.amount_cents - v_part.paid_cents
        -- One that was due as agreed stays payable with its own fine and interest.
        and (v_current.due_on = least(v_part.due_on, v_part.effective_due_on)
            or v_current.due_on >= private.charge_due_on(v_part))
    then
        return v_current.id;
    elsif v_current.id is not null then
        perform private.unwant_charges(v_current.id, 'replaced');
    end if;
    -- One that was sent and failed may exist after all: it is looked up before another is made.
    select * into v_current from public.charges as charge
    where charge.tenant_id = v_part.tenant_id and charge.installment_id = v_part.id
      and charge.is_wanted and charge.status = 'failed' and charge.sent_at is not null
      and charge.method = v_method
      and charge.amount_cents = v_part.amount_cents - v_part.paid_cents
      and charge.due_on = private.charge_due_on(v_part)
    order by charge.sequence desc
    limit 1;
    if found then
        perform private.retry_charge(v_current.id);
        return v_current.id;
    end if;
    perform private.unwant_charges(charge.id, 'replaced')
    from public.charges as charge
    where charge.tenant_id = v_part.tenant_id and charge.installment_id = v_part.id
      and charge.is_wanted and charge.status = 'failed';
    v_id := private.issue_charge(v_part, account.id, v_method);
    update public.installments as part set method = v_method
    where part.id = v_part.id and part.method <> v_method;
    perform private.tell_agreement(
        v_agreement.id, 'charge_requested', private.today(v_part.tenant_id), null,
        jsonb_build_object(
            'installment_id', v_part.id, 'method', v_method,
            'due_on', private.charge_due_on(v_part)
        )
    );
    return v_id;
end;
$$;

create function private.request_charges(
    installment_ids uuid[], method public.charge_method
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_part public.installments;
    v_integration public.integrations;
    v_ids uuid[] := '{}';
begin
    select * into v_integration from public.integrations as integration
    where integration.tenant_id = v_tenant_id and integration.provider = 'negociarie'
      and integration.is_active;
    if not found then
        raise exception 'provider_not_connected' using errcode = 'PT409',
            detail = 'connect Negociarie in the settings';
    end if;
    if coalesce(cardinality(installment_ids), 0) = 0 then
        raise exception 'installment_not_found' using errcode = 'PT404', detail = 'none named';
    end if;
    for v_part in
        select part.* from unnest(installment_ids) with ordinality as wanted (id, place)
        left join public.installments as part
            on part.tenant_id = v_tenant_id and part.id = wanted.id
        order by part.client_id, part.number
    loop
        if v_part.id is null then
            raise exception 'installment_not_found' using errcode = 'PT404',
                detail = 'no installment with this id in the tenant';
        end if;
        v_ids := v_ids || private.want_charge(v_part, v_integration, request_charges.method);
    end loop;
    perform private.wake_function('negociarie-charge');
    return (
        select jsonb_agg(jsonb_build_object(
            'charge_id', charge.id, 'installment_id', charge.installment_id,
            'status', charge.status, 'method', charge.method
        ) order by array_position(v_ids, charge.id))
        from public.charges as charge
        where charge.id = any(v_ids)
    );
end;
$$;

create function public.request_charges(
    installment_ids uuid[], method public.charge_method default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.request_charges(private.seen_all('installments', installment_ids), method) $$;
comment on function public.request_charges(uuid[], public.charge_method) is
'[{charge_id, installment_id, status, method}]; without a method each installment''s own. PT409
charge_before_approval, agreement_not_living, installment_not_open, address_missing, phone_missing,
method_not_offered, provider_not_connected.';

grant execute on function
private.request_charges(uuid[], public.charge_method),
public.request_charges(uuid[], public.charge_method)
to authenticated;
