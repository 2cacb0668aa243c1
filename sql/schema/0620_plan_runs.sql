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
    params text []
);

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
            when not hours.allowed or integration.paused_until > private.now() then 'postpone'
            else 'send'
        end,
        coalesce(verdict.reason, hours.reason, 'rate_limited'),
        greatest(hours.next_allowed_at, integration.paused_until),
        run.attempt + 1,
        template.provider, integration.id, integration.settings,
        private.whatsapp_form(run.tenant_id, best.phone), template.id,
        template.provider_template_id, template.language,
        private.render_body(template.body, filled.params), filled.params
    from public.automation_runs as run
    join public.collection_rules as rule on rule.id = run.rule_id
    join public.message_templates as template on template.id = rule.template_id
    join public.clients as client on client.id = run.client_id
    join public.call_dispositions as call on call.id = run.disposition_id
    left join public.integrations as integration
        on integration.tenant_id = run.tenant_id and integration.provider = template.provider
        and integration.is_active
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
            when integration.id is null then 'integration_inactive'
            when client.open_debts = 0 then 'nothing_owed'
            when hours.reason = 'suppressed' then 'suppressed'
            when best.phone is null then 'no_reachable_phone'
        end as reason
    ) as verdict
    where run.claim_id = plan_runs.claim_id and run.status = 'running'
$$;
