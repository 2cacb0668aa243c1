-- What to do with each claimed run, asked at the last moment before sending: is the rule still on,
-- is the template approved, is there a number, does anybody forbid it, is it a lawful hour.
create type private.run_plan as (
    run_id uuid,
    tenant_id uuid,
    client_id uuid,
    queue_msg_id bigint,
    -- send | skip | postpone
    verdict text,
    reason text,
    not_before timestamptz,
    attempt int,
    provider public.provider_name,
    integration_id uuid,
    settings jsonb,
    phone text,
    template_id uuid,
    provider_template_id text,
    language text,
    body text,
    params text [],
    sender_id uuid
);

-- Which number of ours speaks to this person, when nobody chose it: one that may send, before all
-- the one they wrote to within a day, else the agency's first. Null: none is connected.
create function private.sender_for(
    tenant_id uuid, client_id uuid, provider public.provider_name,
    out sender_id uuid, out integration_id uuid, out settings jsonb, out is_paused boolean,
    out paused_until timestamptz
)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    select sender.id, sender.integration_id, private.sender_settings(sender.id),
        sender.state <> 'active', greatest(sender.paused_until, integration.paused_until)
    into sender_for.sender_id, sender_for.integration_id, sender_for.settings,
        sender_for.is_paused, sender_for.paused_until
    from public.senders as sender
    join public.integrations as integration
        on integration.id = sender.integration_id and integration.is_active
    left join lateral (
        select max(talk.last_inbound_at) as at
        from public.conversations as talk
        where talk.tenant_id = sender.tenant_id and talk.client_id = sender_for.client_id
          and talk.sender_id = sender.id and private.window_until(talk) > private.now()
    ) as heard on true
    where sender.tenant_id = sender_for.tenant_id and sender.state <> 'disabled'
      and (sender_for.provider is null or sender.provider = sender_for.provider)
    order by sender.state = 'active' desc, heard.at desc nulls last, sender.is_default desc,
        sender.created_at
    limit 1;
end;
$$;

create function private.plan_runs(claim_id uuid) returns setof private.run_plan
language sql
stable
security definer
set search_path = ''
as $$
    select run.id, run.tenant_id, run.client_id, run.queue_msg_id,
        case
            when verdict.reason is not null then 'skip'
            when hours.next_allowed_at is null then 'skip'
            when not hours.allowed or sender.is_paused or sender.paused_until > private.now()
                then 'postpone'
            else 'send'
        end,
        coalesce(
            verdict.reason, hours.reason,
            case when sender.is_paused then 'sender_paused' else 'rate_limited' end
        ),
        greatest(
            hours.next_allowed_at, sender.paused_until,
            -- Until somebody lets the number send again: looked at as often as an answer is late.
            case when sender.is_paused then private.now() + interval '15 minutes' end
        ),
        run.attempt + 1,
        template.provider, sender.integration_id, sender.settings,
        private.whatsapp_form(run.tenant_id, best.phone), template.id,
        template.provider_template_id, template.language,
        private.render_body(template.body, filled.params), filled.params, sender.sender_id
    from public.automation_runs as run
    join public.collection_rules as rule on rule.id = run.rule_id
    join public.message_templates as template on template.id = rule.template_id
    join public.clients as client on client.id = run.client_id
    join public.call_dispositions as call on call.id = run.disposition_id
    cross join lateral private.sender_for(
        run.tenant_id, run.client_id, template.provider
    ) as sender
    left join lateral (
        select client_phones.phone
        from public.client_phones
        where client_phones.tenant_id = run.tenant_id and client_phones.client_id = run.client_id
          and client_phones.kind = 'mobile'
          and client_phones.has_whatsapp is not false
          and not private.is_suppressed(
              run.tenant_id, run.client_id, client_phones.phone, template.channel, private.now()
          )
        order by client_phones.position, client_phones.created_at, client_phones.id
        limit 1
    ) as best on true
    cross join lateral private.contact_decision(
        run.tenant_id, run.client_id, template.channel, private.now()
    ) as hours
    cross join lateral (
        select private.without_double_dots(
            template.body, private.template_params(run.client_id, template.variables)
        ) as params
    ) as filled
    cross join lateral (
        select case
            -- A week later the call it followed is forgotten: silence is better.
            when coalesce(run.retried_at, call.created_at) < private.now() - interval '7 days'
                then 'expired'
            when not rule.is_enabled then 'rule_disabled'
            when template.status <> 'approved' then 'template_not_approved'
            -- It speaks of a charge, and a rule brings none.
            when exists (
                select from unnest(template.variables) as variable where variable like 'charge.%'
            ) then 'template_needs_charge'
            when sender.sender_id is null then 'integration_inactive'
            when client.open_debts = 0 then 'nothing_owed'
            when hours.reason = 'suppressed' then 'suppressed'
            when best.phone is null then 'no_reachable_phone'
        end as reason
    ) as verdict
    where run.claim_id = plan_runs.claim_id and run.status = 'running'
$$;
