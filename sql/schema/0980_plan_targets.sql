-- What would become of these targets at this moment, asked of one function by the real run (0981)
-- and by the dry run (0984): is the rule on, is the client still one of those it is for, is the
-- template approved, is there a number, does anybody forbid it, is it a lawful hour.
create type private.rule_target as (
    place int,
    -- Null in a dry run: nothing has begun, and whether the rule is on is not the question.
    run_id uuid,
    tenant_id uuid,
    rule_id uuid,
    version int,
    client_id uuid,
    disposition_id uuid,
    -- Of a day's rule: the client or the installment, and its day.
    target_id uuid,
    on_date date,
    asked_at timestamptz
);

create type private.target_plan as (
    place int,
    -- send | skip | postpone
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
    sender_id uuid
);

-- Places of the targets whose client is one of those the rule is for: one query per rule, never one
-- per client.
create function private.places_in_filter(targets private.rule_target[], at timestamptz)
returns setof int
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_rule record;
    v_filter private.client_filter;
begin
    for v_rule in
        select rule.id, rule.tenant_id, rule.filter, array_agg(target.client_id) as client_ids,
            array_agg(target.place) as places
        from unnest(targets) as target
        join public.collection_rules as rule on rule.id = target.rule_id
        group by rule.id
    loop
        if v_rule.filter = '{}' then
            return query select unnest(v_rule.places);
            continue;
        end if;
        v_filter := private.read_client_filter(v_rule.tenant_id, v_rule.filter);
        v_filter.now_at := at;
        v_filter.is_all := false;
        v_filter.ids := v_rule.client_ids;
        return query execute 'select asked.place
            from unnest($2, $3) as asked (client_id, place)
            join public.clients on clients.id = asked.client_id
            where ' || private.client_condition(v_filter)
        using v_filter, v_rule.client_ids, v_rule.places;
    end loop;
end;
$$;

-- What this rule has sent to this client, or is sending, since then.
create function private.has_repeated(
    rule_id uuid, client_id uuid, run_id uuid, since timestamptz
) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.automation_runs as run
        where run.rule_id = has_repeated.rule_id and run.client_id = has_repeated.client_id
          and run.id is distinct from has_repeated.run_id
          and (run.status = 'done' and run.finished_at > since
              or run.status = 'running' and run.attempt > 0)
    )
$$;

-- A title's ruler and an installment's never speak to the same person: who has an agreement hears
-- of its installments alone.
create function private.has_living_agreement(tenant_id uuid, client_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.agreements as agreement
        where agreement.tenant_id = has_living_agreement.tenant_id
          and agreement.client_id = has_living_agreement.client_id
          and private.is_living(agreement.status)
    )
$$;

create function private.day_obstacle(
    rule public.collection_rules, target_id uuid, client public.clients, on_date date
) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select case (rule).trigger
        when 'debt_due' then case
            when (client).open_debts = 0 then 'nothing_owed'
            when private.has_living_agreement((client).tenant_id, (client).id)
                then 'agreement_running'
            when (client).oldest_due_on <> on_date - (rule).day_offset then 'day_passed'
        end
        when 'installment_due' then coalesce((
            select case
                when part.status <> 'open' or not private.is_living(agreement.status)
                    then 'installment_ended'
                when part.effective_due_on <> on_date - (rule).day_offset then 'day_passed'
                else ''
            end
            from public.installments as part
            join public.agreements as agreement on agreement.id = part.agreement_id
            where part.id = day_obstacle.target_id
        ), 'installment_ended')
    end
$$;

-- When the rule's own hours next begin; null: now, or it has none.
create function private.opens_again_at(
    rule public.collection_rules, zone text, at timestamptz
) returns timestamptz
language sql
immutable
set search_path = ''
as $$
    select case
        when (rule).opens is null or local.clock >= (rule).opens and local.clock < (rule).closes
            then null
        else ((local.day + case when local.clock < (rule).opens then 0 else 1 end)
            + (rule).opens) at time zone zone
    end
    from (
        select (at at time zone zone)::date as day, (at at time zone zone)::time as clock
    ) as local
$$;

-- Sent, or being sent, on the agency's day so far.
create function private.sent_today(rule public.collection_rules, zone text, at timestamptz)
returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select case when (rule).daily_cap is null then 0 else (
        select count(*) from public.automation_runs as run
        where run.rule_id = (rule).id
          and (run.status = 'done' and run.finished_at
                  >= (at at time zone zone)::date::timestamp at time zone zone
              or run.status = 'running' and run.attempt > 0)
    ) end
$$;

create function private.plan_targets(targets private.rule_target[], at timestamptz)
returns setof private.target_plan
language sql
stable
security definer
set search_path = ''
as $$
    with fitting as materialized (
        select found.place
        from private.places_in_filter(plan_targets.targets, plan_targets.at) as found (place)
    ),
    asked as materialized (
        select target.*, rule, template, sender, client, best.phone as best_phone,
            hours.allowed, hours.next_allowed_at, hours.reason as hours_reason,
            tenant.time_zone, policy.is_stopped, policy.stopped_channels,
            private.opens_again_at(rule, tenant.time_zone, plan_targets.at) as opens_again_at,
            row_number() over (
                partition by target.rule_id, target.client_id order by target.place
            ) as turn_of_client
        from unnest(plan_targets.targets) as target
        join public.collection_rules as rule on rule.id = target.rule_id
        join public.tenants as tenant on tenant.id = target.tenant_id
        join public.rule_steps as step
            on step.rule_id = target.rule_id and step.version = target.version
            and step.position = 1
        join public.message_templates as template on template.id = step.template_id
        join public.clients as client on client.id = target.client_id
        left join public.automation_policies as policy on policy.tenant_id = target.tenant_id
        cross join lateral private.sender_for(
            target.tenant_id, target.client_id, template.provider
        ) as sender
        left join lateral (
            select client_phones.phone
            from public.client_phones
            where client_phones.tenant_id = target.tenant_id
              and client_phones.client_id = target.client_id
              and client_phones.kind = 'mobile'
              and client_phones.has_whatsapp is not false
              and not private.is_suppressed(
                  target.tenant_id, target.client_id, client_phones.phone, template.channel,
                  plan_targets.at
              )
            order by client_phones.position, client_phones.created_at, client_phones.id
            limit 1
        ) as best on true
        cross join lateral private.contact_decision(
            target.tenant_id, target.client_id, template.channel, plan_targets.at
        ) as hours
    ),
    told as materialized (
        select asked.*, case
            -- A week later what it followed is forgotten: silence is better.
            when asked.asked_at < plan_targets.at - interval '7 days' then 'expired'
            when private.is_undone(asked.disposition_id) then 'undone'
            when asked.run_id is not null and not (asked.rule).is_enabled then 'rule_disabled'
            when asked.run_id is not null and asked.is_stopped then 'automations_stopped'
            when asked.run_id is not null
                and (asked.template).channel = any(asked.stopped_channels) then 'channel_stopped'
            when (asked.template).status <> 'approved' then 'template_not_approved'
            -- It speaks of a charge, and a rule brings none.
            when exists (
                select from unnest((asked.template).variables) as variable
                where variable like 'charge.%'
            ) then 'template_needs_charge'
            when (asked.sender).sender_id is null then 'integration_inactive'
            when asked.place not in (select fitting.place from fitting) then 'filter_left'
            when (asked.rule).trigger <> 'disposition' then coalesce(
                private.day_obstacle(asked.rule, asked.target_id, asked.client, asked.on_date), ''
            )
            when (asked.client).open_debts = 0 then 'nothing_owed'
            else ''
        end as obstacle
        from asked
    ),
    judged as materialized (
        select told.*, case
            when told.obstacle <> '' then told.obstacle
            when told.hours_reason = 'suppressed' then 'suppressed'
            when (told.rule).repeat_days is not null and (
                told.turn_of_client > 1 or private.has_repeated(
                    told.rule_id, told.client_id, told.run_id,
                    plan_targets.at - make_interval(days => (told.rule).repeat_days)
                )
            ) then 'repeated'
            when told.best_phone is null then 'no_reachable_phone'
            when told.next_allowed_at is null then coalesce(told.hours_reason, 'outside_hours')
        end as refusal,
        case
            when not told.allowed then told.hours_reason
            when (told.sender).is_paused then 'sender_paused'
            when (told.sender).paused_until > plan_targets.at then 'rate_limited'
            when told.opens_again_at is not null then 'outside_window'
        end as delay
        from told
    ),
    -- Only who would go now counts against the day, in the order of their places.
    counted as materialized (
        select judged.*, judged.refusal is null and judged.delay is null
            and (judged.rule).daily_cap is not null
            and row_number() over (
                partition by judged.rule_id, judged.refusal is null and judged.delay is null
                order by judged.place
            ) + private.sent_today(judged.rule, judged.time_zone, plan_targets.at)
                > (judged.rule).daily_cap as is_over_cap
        from judged
    )
    select counted.place,
        case
            when counted.refusal is not null then 'skip'
            when counted.delay is not null or counted.is_over_cap then 'postpone'
            else 'send'
        end,
        coalesce(
            counted.refusal, counted.delay, case when counted.is_over_cap then 'daily_cap' end
        ),
        greatest(
            counted.next_allowed_at, (counted.sender).paused_until, counted.opens_again_at,
            -- Until somebody lets the number send again: looked at as often as an answer is late.
            case when (counted.sender).is_paused
                then plan_targets.at + interval '15 minutes' end,
            case when counted.is_over_cap then (
                (plan_targets.at at time zone counted.time_zone)::date + 1
                + coalesce((counted.rule).opens, '00:00')
            ) at time zone counted.time_zone end
        ),
        (counted.template).provider, (counted.sender).integration_id, (counted.sender).settings,
        private.whatsapp_form(counted.tenant_id, counted.best_phone), (counted.template).id,
        (counted.template).provider_template_id, (counted.template).language,
        private.render_body((counted.template).body, filled.params), filled.params,
        (counted.sender).sender_id
    from counted
    cross join lateral (
        select private.without_double_dots(
            (counted.template).body,
            private.template_params(counted.client_id, (counted.template).variables)
        ) as params
    ) as filled
$$;
comment on function private.plan_targets(private.rule_target[], timestamptz) is
'One verdict per target. not_before is a first guess where several delays meet: it is asked again
then.';
