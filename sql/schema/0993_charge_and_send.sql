-- "Create the charge and send its link": asked for in the run's own transaction, waited for while
-- the provider makes it, and then sent as a person's click would (0693), once.

alter table public.automation_runs add constraint automation_runs_charge_fkey
foreign key (tenant_id, charge_id) references public.charges (tenant_id, id);
create index automation_runs_of_charge on public.automation_runs (tenant_id, charge_id)
where charge_id is not null;

-- What is to be paid next of what the rule speaks of: that installment, that agreement's or that
-- payment's agreement's, else the client's.
create function private.installment_of_target(
    rule public.collection_rules, client_id uuid, target_id uuid
) returns public.installments
language sql
stable
security definer
set search_path = ''
as $$
    select part.*
    from public.agreements as agreement
    join public.installments as part
        on part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
    where agreement.tenant_id = (rule).tenant_id
      and agreement.client_id = installment_of_target.client_id
      and private.is_living(agreement.status) and agreement.formalised_at is not null
      and part.status = 'open' and part.cancelling_reason is null
      and case (rule).trigger
          when 'installment_due' then part.id = installment_of_target.target_id
          when 'agreement_event' then agreement.id = installment_of_target.target_id
          when 'payment_event' then agreement.id in (
              select word.agreement_id from public.payment_courses as word
              where word.tenant_id = (rule).tenant_id
                and word.payment_id = installment_of_target.target_id
          )
          else true
      end
    order by part.effective_due_on, part.number
    limit 1
$$;

create function private.charge_obstacle(
    step public.rule_steps, rule public.collection_rules, client_id uuid, target_id uuid
) returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_part public.installments := private.installment_of_target(rule, client_id, target_id);
    v_methods text := (
        select coalesce(integration.settings ->> 'methods', 'boleto')
        from public.integrations as integration
        where integration.tenant_id = (rule).tenant_id and integration.provider = 'negociarie'
          and integration.is_active
    );
    v_payer jsonb;
begin
    if v_part.id is null then
        return 'no_installment';
    elsif v_methods is null then
        return 'provider_not_connected';
    elsif coalesce((step).settings ->> 'method', v_part.method::text)
        <> all(string_to_array(v_methods, ','))
    then
        return 'method_not_offered';
    elsif exists (
        select from public.charges as charge
        where charge.tenant_id = (rule).tenant_id and charge.installment_id = v_part.id
          and charge.is_wanted and charge.status = 'failed'
    ) then
        -- Somebody looks at it first; asked again and again it would fail again and again.
        return 'charge_failed';
    end if;
    v_payer := private.payer_of((rule).tenant_id, client_id);
    return case when not v_payer ? 'cep' then 'address_missing'
        when v_payer ->> 'phone' is null then 'phone_missing' end;
end;
$$;

create function private.charge_and_send(
    run public.automation_runs, rule public.collection_rules, step public.rule_steps
) returns private.act_outcome
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The provider answers within seconds, or registers later.
    c_soon constant interval := '2 minutes';
    v_part public.installments := private.installment_of_target(
        rule, (run).client_id, (run).target_id
    );
    v_account public.integrations;
    v_charge_id uuid;
    v_charge public.charges;
    v_plan private.message_plan;
    v_message_id uuid := gen_random_uuid();
begin
    select * into v_account from public.integrations as integration
    where integration.tenant_id = (run).tenant_id and integration.provider = 'negociarie'
      and integration.is_active;
    if v_part.id is null or v_account.id is null then
        return ('skip', case when v_part.id is null then 'no_installment'
            else 'provider_not_connected' end, null)::private.act_outcome;
    end if;
    v_charge_id := private.want_charge(
        v_part, v_account, ((step).settings ->> 'method')::public.charge_method
    );
    -- Locked: a person's click at this moment is the same message.
    select * into v_charge from public.charges as charge
    where charge.id = v_charge_id for update;
    -- A person who sent it since has said what this would say.
    if exists (
        select from public.message_logs as message
        where message.tenant_id = (run).tenant_id and message.charge_id = v_charge.id
          and message.status <> 'failed' and message.created_at >= (run).created_at
    ) then
        return ('done', null, null)::private.act_outcome;
    elsif num_nonnulls(v_charge.link, v_charge.pix_code, v_charge.digitable_line) = 0 then
        perform private.wake_function('negociarie-charge');
        return ('postpone', 'charge_not_ready', private.now() + case
            when v_charge.created_at > private.now() - c_soon then interval '5 seconds'
            else interval '5 minutes' end)::private.act_outcome;
    end if;
    v_plan := private.plan_charge_message(v_charge);
    if v_plan.verdict = 'refuse' then
        return ('skip', v_plan.reason, null)::private.act_outcome;
    elsif v_plan.verdict = 'postpone' then
        return ('postpone', v_plan.reason, v_plan.not_before)::private.act_outcome;
    end if;
    insert into public.message_logs (
        id, tenant_id, client_id, direction, provider, integration_id, sender_id,
        conversation_id, phone, template_id, body, params, status, charge_id, queue_msg_id
    )
    values (
        v_message_id, (run).tenant_id, (run).client_id, 'out', v_plan.provider,
        v_plan.integration_id, v_plan.sender_id, v_plan.conversation_id, v_plan.phone,
        v_plan.template_id, v_plan.body, v_plan.params, 'queued', v_charge.id,
        private.enqueue_message(v_message_id, private.now())
    );
    update public.automation_runs as known set charge_id = v_charge.id where known.id = (run).id;
    perform private.wake_function('send-message');
    return ('done', null, null)::private.act_outcome;
end;
$$;
