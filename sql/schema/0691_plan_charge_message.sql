-- May this charge be sent to its debtor now, where to and in which words: asked at the click and
-- again at the moment of sending.
create type private.message_plan as (
    -- send | postpone | refuse
    verdict text,
    reason text,
    not_before timestamptz,
    provider public.provider_name,
    integration_id uuid,
    settings jsonb,
    phone text,
    template_id uuid,
    provider_template_id text,
    language text,
    body text,
    params text [],
    conversation_id uuid,
    sender_id uuid
);

-- Where to: the newest talk whose 24 hours still run, through the number of ours that they wrote
-- to, for there alone WhatsApp takes free text; else their first mobile, and no conversation_id.
-- Never a number that opted out, never through one of ours that may not send.
create function private.whatsapp_contact(
    tenant_id uuid, client_id uuid,
    out phone text, out conversation_id uuid, out sender_id uuid
)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    select talk.phone, talk.id, talk.sender_id
    into whatsapp_contact.phone, whatsapp_contact.conversation_id, whatsapp_contact.sender_id
    from public.conversations as talk
    join public.senders as sender on sender.id = talk.sender_id and sender.state = 'active'
    join public.integrations as integration
        on integration.id = sender.integration_id and integration.is_active
    where talk.tenant_id = whatsapp_contact.tenant_id
      and talk.client_id = whatsapp_contact.client_id
      and private.window_until(talk) > private.now()
      and (talk.is_linked_by_person or exists (
          select from public.client_phones as known
          where known.tenant_id = talk.tenant_id and known.client_id = talk.client_id
            and private.phone_match(known.phone) = talk.phone_key
      ))
      and talk.phone is not null and not private.is_suppressed(
          talk.tenant_id, talk.client_id, talk.phone, 'whatsapp', private.now()
      )
    order by talk.last_inbound_at desc
    limit 1;
    if found then
        return;
    end if;
    select known.phone into whatsapp_contact.phone
    from public.client_phones as known
    where known.tenant_id = whatsapp_contact.tenant_id
      and known.client_id = whatsapp_contact.client_id
      and known.kind = 'mobile' and known.has_whatsapp is not false
      and not private.is_suppressed(
          known.tenant_id, known.client_id, known.phone, 'whatsapp', private.now()
      )
    order by known.position, known.created_at, known.id
    limit 1;
end;
$$;

-- What people read inside the 24 hours. Codes stand alone in their line, to be copied.
create function private.charge_text(charge public.charges) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select concat_ws(
        e'\n\n',
        format(
            'Olá, %s! Aqui é da %s. Segue o pagamento da parcela %s do seu acordo com %s: %s, '
            || 'com vencimento em %s.',
            filled.params[1], rtrim(filled.params[2], '.'), part.number || ' de ' || agreement.installments,
            creditor.name, filled.params[3], filled.params[4]
        ),
        e'Pix copia e cola:\n' || (charge).pix_code,
        e'Linha digitável:\n' || (charge).digitable_line,
        e'Pague também por aqui:\n' || (charge).link
    )
    from public.installments as part
    join public.agreements as agreement on agreement.id = part.agreement_id
    join public.creditors as creditor on creditor.id = agreement.creditor_id
    cross join lateral (
        select private.template_values(
            (charge).client_id,
            array['client.first_name', 'tenant.name', 'charge.amount', 'charge.due_on'],
            (charge).id
        ) as params
    ) as filled
    where part.id = (charge).installment_id
$$;

-- The tenant's words for outside the 24 hours: a template that brings the charge, and says nothing
-- of it that is not known (a Pix has no digitable line). One that may not be sent is answered when
-- there is no other, for its reason.
create function private.charge_template(charge public.charges) returns public.message_templates
language sql
stable
security definer
set search_path = ''
as $$
    select template.*
    from public.message_templates as template
    cross join lateral private.sender_for(
        (charge).tenant_id, (charge).client_id, template.provider, template.account
    ) as sender
    where template.tenant_id = (charge).tenant_id and template.channel = 'whatsapp'
      and template.variables && array['charge.link', 'charge.pix_code', 'charge.digitable_line']
      and ((charge).link is not null or 'charge.link' <> all(template.variables))
      and ((charge).pix_code is not null or 'charge.pix_code' <> all(template.variables))
      and ((charge).digitable_line is not null
          or 'charge.digitable_line' <> all(template.variables))
    -- One that can leave now; one that holds the code to pay with, before one that only links to it.
    order by private.template_obstacle(template) is null desc,
        sender.sender_id is not null and not sender.is_paused desc,
        template.variables && array['charge.pix_code', 'charge.digitable_line'] desc,
        template.created_at, template.name
    limit 1
$$;

create function private.plan_charge_message(charge public.charges) returns private.message_plan
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_plan private.message_plan;
    v_hours record;
    v_to record;
    v_sender record;
    v_paused_until timestamptz;
    v_template public.message_templates;
    v_values text[];
begin
    v_hours := private.contact_decision(
        charge.tenant_id, charge.client_id, 'whatsapp', private.now()
    );
    select * into v_to from private.whatsapp_contact(charge.tenant_id, charge.client_id);
    v_template := private.charge_template(charge);
    v_values := private.template_values(
        charge.client_id, v_template.variables, charge.id,
        scope => array(
            select agreement.creditor_id from public.agreements as agreement
            where agreement.id = charge.agreement_id
        )
    );
    select sender.*, integration.paused_until as account_paused_until
    into v_sender
    from public.senders as sender
    join public.integrations as integration on integration.id = sender.integration_id
    where sender.id = coalesce(v_to.sender_id, (
        select chosen.sender_id from private.sender_for(
            charge.tenant_id, charge.client_id, v_template.provider, v_template.account
        ) as chosen
    ));
    v_paused_until := greatest(v_sender.paused_until, v_sender.account_paused_until);
    v_plan.reason := case
        when not private.is_payable(charge) then 'charge_not_payable'
        when num_nonnulls(charge.link, charge.pix_code, charge.digitable_line) = 0
            then 'charge_not_ready'
        when v_sender.state is distinct from 'active' then 'integration_inactive'
        when v_hours.reason = 'suppressed' then 'suppressed'
        when v_to.phone is null then 'no_reachable_phone'
        when v_to.conversation_id is not null then null
        when v_template.id is null then 'template_missing'
        when private.template_obstacle(v_template) = 'unbound' then 'template_unbound'
        when private.template_obstacle(v_template) is not null then 'template_not_sendable'
        when array_position(v_values, null) is not null then 'variable_missing'
    end;
    v_plan.reason := coalesce(v_plan.reason, case
        -- outside_hours, or as often as is decent.
        when not v_hours.allowed then v_hours.reason
        when v_paused_until > private.now() then 'rate_limited'
    end);
    v_plan.verdict := case
        when v_plan.reason is null then 'send'
        when v_plan.reason = 'rate_limited' or v_plan.reason = v_hours.reason
            and v_hours.next_allowed_at is not null then 'postpone'
        else 'refuse'
    end;
    v_plan.not_before := greatest(v_hours.next_allowed_at, v_paused_until);
    v_plan.provider := v_sender.provider;
    v_plan.integration_id := v_sender.integration_id;
    v_plan.sender_id := v_sender.id;
    v_plan.settings := private.sender_settings(v_sender.id);
    v_plan.phone := private.whatsapp_form(charge.tenant_id, v_to.phone);
    v_plan.conversation_id := coalesce(v_to.conversation_id, (
        select talk.id from public.conversations as talk
        where talk.sender_id = v_sender.id
          and talk.phone_key = private.phone_match(v_plan.phone)
    ));
    if v_to.conversation_id is not null then
        v_plan.body := private.charge_text(charge);
        v_plan.params := '{}';
    else
        v_plan.template_id := v_template.id;
        v_plan.provider_template_id := v_template.provider_template_id;
        v_plan.language := v_template.language;
        v_plan.params := private.without_double_dots(v_template.body, v_values);
        v_plan.body := private.render_body(v_template.body, v_plan.params);
    end if;
    return v_plan;
end;
$$;
