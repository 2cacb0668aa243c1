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
    params text []
);

-- The best number: one that wrote within the last 24 hours, when WhatsApp takes free text, else the
-- first mobile; never one that opted out.
create function private.whatsapp_contact(
    tenant_id uuid, client_id uuid, out phone text, out is_window_open boolean
)
language sql
stable
security definer
set search_path = ''
as $$
    select known.phone, coalesce(heard.is_recent, false)
    from public.client_phones as known
    left join lateral (
        select true as is_recent
        from public.message_logs as inbound
        where inbound.tenant_id = known.tenant_id and inbound.client_id = known.client_id
          and inbound.direction = 'in' and inbound.channel = 'whatsapp'
          and inbound.created_at > private.now() - interval '24 hours'
          and private.phone_match(inbound.phone) = private.phone_match(known.phone)
        limit 1
    ) as heard on true
    where known.tenant_id = whatsapp_contact.tenant_id
      and known.client_id = whatsapp_contact.client_id
      and known.kind = 'mobile' and known.has_whatsapp is not false
      and not private.is_suppressed(
          known.tenant_id, known.client_id, known.phone, 'whatsapp', private.now()
      )
    order by coalesce(heard.is_recent, false) desc, known.position, known.created_at, known.id
    limit 1
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
        select private.template_params(
            (charge).client_id,
            array['client.first_name', 'tenant.name', 'charge.amount', 'charge.due_on'],
            (charge).id
        ) as params
    ) as filled
    where part.id = (charge).installment_id
$$;

-- The tenant's words for outside the 24 hours: an approved template that brings the charge, and
-- says nothing of it that is not known (a Pix has no digitable line).
create function private.charge_template(charge public.charges) returns public.message_templates
language sql
stable
security definer
set search_path = ''
as $$
    select template.*
    from public.message_templates as template
    where template.tenant_id = (charge).tenant_id and template.channel = 'whatsapp'
      and template.status = 'approved'
      and template.variables && array['charge.link', 'charge.pix_code', 'charge.digitable_line']
      and ((charge).link is not null or 'charge.link' <> all(template.variables))
      and ((charge).pix_code is not null or 'charge.pix_code' <> all(template.variables))
      and ((charge).digitable_line is not null
          or 'charge.digitable_line' <> all(template.variables))
    -- One that holds the code to pay with, before one that only links to it.
    order by template.variables && array['charge.pix_code', 'charge.digitable_line'] desc,
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
    v_phone text;
    v_is_window_open boolean;
    v_integration public.integrations;
    v_template public.message_templates;
begin
    v_hours := private.contact_decision(
        charge.tenant_id, charge.client_id, 'whatsapp', private.now()
    );
    select contact.phone, contact.is_window_open into v_phone, v_is_window_open
    from private.whatsapp_contact(charge.tenant_id, charge.client_id) as contact;
    v_template := private.charge_template(charge);
    select integration.* into v_integration
    from public.integrations as integration
    where integration.tenant_id = charge.tenant_id and integration.is_active
      and integration.provider = coalesce(v_template.provider, 'gupshup');
    v_plan.reason := case
        when not private.is_payable(charge) then 'charge_not_payable'
        when num_nonnulls(charge.link, charge.pix_code, charge.digitable_line) = 0
            then 'charge_not_ready'
        when v_integration.id is null then 'integration_inactive'
        when v_hours.reason = 'suppressed' then 'suppressed'
        when v_phone is null then 'no_reachable_phone'
        when v_template.id is null and not v_is_window_open then 'template_missing'
        -- outside_hours, or as often as is decent.
        when not v_hours.allowed then v_hours.reason
        when v_integration.paused_until > private.now() then 'rate_limited'
    end;
    v_plan.verdict := case
        when v_plan.reason is null then 'send'
        when v_plan.reason = 'rate_limited' or v_plan.reason = v_hours.reason
            and v_hours.next_allowed_at is not null then 'postpone'
        else 'refuse'
    end;
    v_plan.not_before := greatest(v_hours.next_allowed_at, v_integration.paused_until);
    v_plan.provider := v_integration.provider;
    v_plan.integration_id := v_integration.id;
    v_plan.settings := v_integration.settings;
    v_plan.phone := private.whatsapp_form(charge.tenant_id, v_phone);
    if v_is_window_open then
        v_plan.body := private.charge_text(charge);
        v_plan.params := '{}';
    else
        v_plan.template_id := v_template.id;
        v_plan.provider_template_id := v_template.provider_template_id;
        v_plan.language := v_template.language;
        v_plan.params := private.without_double_dots(
            v_template.body,
            private.template_params(charge.client_id, v_template.variables, charge.id)
        );
        v_plan.body := private.render_body(v_template.body, v_plan.params);
    end if;
    return v_plan;
end;
$$;
