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
    -- Which step of it.
    position smallint,
    client_id uuid,
    disposition_id uuid,
    -- Of any other trigger: what it is about, and its day.
    target_id uuid,
    on_date date,
    asked_at timestamptz
);

create type private.target_plan as (
    place int,
    -- send: a message · act: what the database does by itself (0991) · skip · postpone
    verdict text,
    reason text,
    not_before timestamptz,
    action public.rule_action,
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

-- Of a message whose answer was lost nobody knows whether it came: it counts, so that it is never
-- said twice.
create function private.may_have_acted(run public.automation_runs) returns boolean
language sql
immutable
set search_path = ''
as $$ select (run).status = 'done' or (run).reason = 'outcome_unknown' $$;

-- What this rule has done for this client, or is doing, since then: for another target than this,
-- whose further steps are no repetition.
create function private.has_repeated(target private.rule_target, since timestamptz)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.automation_runs as run
        where run.rule_id = (target).rule_id and run.client_id = (target).client_id
          and (run.disposition_id, run.target_id, run.on_date)
              is distinct from ((target).disposition_id, (target).target_id, (target).on_date)
          and (run.status in ('done', 'failed') and private.may_have_acted(run)
                  and run.finished_at > since
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
    rule public.collection_rules, target_id uuid, client public.clients, on_date date,
    -- Of the agency; null in a dry run, whose days may all be past.
    today date
) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(case (rule).trigger
        when 'debt_due' then case
            when (client).open_debts = 0 then 'nothing_owed'
            when private.has_living_agreement((client).tenant_id, (client).id)
                then 'agreement_running'
            when (client).oldest_due_on <> on_date - (rule).day_offset then 'day_passed'
        end
        when 'installment_due' then (
            select case
                when part.status is distinct from 'open' or not private.is_living(agreement.status)
                    then 'installment_ended'
                when part.effective_due_on <> on_date - (rule).day_offset then 'day_passed'
            end
            from (select) as asked
            left join public.installments as part on part.id = day_obstacle.target_id
            left join public.agreements as agreement on agreement.id = part.agreement_id
        )
    end, case
        -- "It falls due tomorrow" is not said of what is late by now.
        when (rule).day_offset < 0 and on_date - (rule).day_offset < today then 'day_passed'
    end)
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

-- How often this step was done, or is being done, on the agency's day so far.
create function private.done_today(
    rule public.collection_rules, "position" smallint, zone text, at timestamptz
) returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select case when (rule).daily_cap is null then 0 else (
        select count(*) from public.automation_runs as run
        where run.rule_id = (rule).id and run.position = done_today.position
          and (run.status in ('done', 'failed') and private.may_have_acted(run)
                  and run.finished_at >= (at at time zone zone)::date::timestamp at time zone zone
              or run.status = 'running' and run.attempt > 0)
    ) end
$$;

-- Null: its words may be sent by a rule.
create function private.template_obstacle_of_rule(template public.message_templates)
returns text
language sql
stable
set search_path = ''
as $$
    select case
        when (template).id is null then 'template_missing'
        when private.template_obstacle(template) in ('not_approved', 'gone')
            then 'template_not_approved'
        when private.template_obstacle(template) = 'unbound' then 'template_unbound'
        when private.template_obstacle(template) is not null then 'template_not_sendable'
        -- It speaks of a charge, and a rule's message brings none: that is create_charge's.
        when exists (
            select from unnest((template).variables) as variable
            where variable like 'charge.%'
        ) then 'template_needs_charge'
    end
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
        select target as target, target.*, rule, step, template, sender, client,
            spoken.channel, best.phone as best_phone,
            hours.allowed, hours.next_allowed_at, hours.reason as hours_reason,
            case when private.has_cap(target.tenant_id, spoken.channel) then private.attempts_left(
                target.tenant_id, target.client_id, spoken.channel, plan_targets.at
            ) end as attempts_left,
            tenant.time_zone, policy.is_stopped, policy.stopped_channels,
            private.opens_again_at(rule, tenant.time_zone, plan_targets.at) as opens_again_at
        from unnest(plan_targets.targets) as target
        join public.collection_rules as rule on rule.id = target.rule_id
        join public.tenants as tenant on tenant.id = target.tenant_id
        join public.rule_steps as step
            on step.rule_id = target.rule_id and step.version = target.version
            and step.position = target.position
        join public.clients as client on client.id = target.client_id
        left join public.message_templates as template on template.id = step.template_id
        left join public.automation_policies as policy on policy.tenant_id = target.tenant_id
        -- Null: it speaks to nobody, and no hour forbids it.
        cross join lateral (
            select case
                when step.action in ('send_template', 'create_charge') then 'whatsapp'
                when step.action = 'send_to_dialer' then 'call'
            end::public.channel as channel
        ) as spoken
        left join lateral (
            select known.*
            from private.sender_for(
                target.tenant_id, target.client_id, template.provider, template.account
            ) as known
            where spoken.channel = 'whatsapp'
        ) as sender on true
        left join lateral (
            select client_phones.phone
            from public.client_phones
            where spoken.channel is not null
              and client_phones.tenant_id = target.tenant_id
              and client_phones.client_id = target.client_id
              and case spoken.channel
                  when 'whatsapp' then
                      client_phones.kind = 'mobile' and client_phones.has_whatsapp is not false
                  else client_phones.phone like '+55%' and not private.is_wrong_number(
                      target.tenant_id, target.client_id, client_phones.phone
                  )
              end
              and not private.is_suppressed(
                  target.tenant_id, target.client_id, client_phones.phone, spoken.channel,
                  plan_targets.at
              )
            order by client_phones.position, client_phones.created_at, client_phones.id
            limit 1
        ) as best on true
        left join lateral (
            select decided.*
            from private.contact_decision(
                target.tenant_id, target.client_id, spoken.channel, plan_targets.at
            ) as decided
            where spoken.channel is not null
        ) as hours on true
    ),
    told as materialized (
        select asked.*, case
            -- A week later what it followed is forgotten: silence is better.
            when asked.asked_at < plan_targets.at - interval '7 days' then 'expired'
            when private.is_undone(asked.disposition_id) then 'undone'
            when asked.run_id is not null and not (asked.rule).is_enabled then 'rule_disabled'
            when asked.run_id is not null and asked.is_stopped then 'automations_stopped'
            when asked.run_id is not null
                and asked.channel = any(asked.stopped_channels) then 'channel_stopped'
            when (asked.step).action = 'send_template' then private.template_obstacle_of_rule(
                asked.template
            )
        end as obstacle
        from asked
    ),
    hindered as materialized (
        select told.*, coalesce(
            told.obstacle,
            case
                when told.channel = 'whatsapp' and (told.sender).sender_id is null
                    then 'integration_inactive'
                when told.place not in (select fitting.place from fitting) then 'filter_left'
                when (told.rule).trigger in ('debt_due', 'installment_due') then
                    private.day_obstacle(
                        told.rule, told.target_id, told.client, told.on_date,
                        case when told.run_id is not null
                            then (plan_targets.at at time zone told.time_zone)::date end
                    )
                when (told.rule).trigger = 'disposition' then case
                    when (told.step).action in ('send_template', 'send_to_dialer')
                        and (told.client).open_debts = 0 then 'nothing_owed'
                end
                else private.event_obstacle(told.rule, told.target_id, plan_targets.at)
            end,
            case
                -- What was paid is spoken of to whoever owes nothing any more.
                when (told.step).action in ('send_template', 'send_to_dialer')
                    and (told.rule).trigger in (
                        'callback_due', 'message_received', 'agreement_event'
                    )
                    and (told.rule).event is distinct from 'settled'
                    and (told.client).open_debts = 0
                    and not private.has_living_agreement(told.tenant_id, told.client_id)
                    then 'nothing_owed'
            end,
            private.step_obstacle(
                told.step, told.rule, told.client_id, told.disposition_id, told.target_id,
                plan_targets.at
            )
        ) as hindrance
        from told
    ),
    judged as materialized (
        select hindered.*, filled.params, case
            when hindered.hindrance is not null then hindered.hindrance
            when hindered.hours_reason = 'suppressed' then 'suppressed'
            when (hindered.rule).repeat_days is not null and (
                -- The first of a client that nothing hinders is the one that is done.
                row_number() over (
                    partition by hindered.rule_id, hindered.position, hindered.client_id,
                        hindered.hindrance is null
                    order by hindered.place
                ) > 1 or private.has_repeated(
                    hindered.target,
                    plan_targets.at - make_interval(days => (hindered.rule).repeat_days)
                )
            ) then 'repeated'
            when hindered.channel is not null and hindered.best_phone is null
                then 'no_reachable_phone'
            -- Something it says is not known of this person.
            when array_position(filled.params, null) is not null then 'variable_missing'
            when hindered.channel is not null and hindered.next_allowed_at is null
                then coalesce(hindered.hours_reason, 'outside_hours')
        end as refusal,
        case
            when not hindered.allowed then hindered.hours_reason
            when (hindered.sender).is_paused then 'sender_paused'
            when (hindered.sender).paused_until > plan_targets.at then 'rate_limited'
            when hindered.opens_again_at is not null then 'outside_window'
        end as delay
        from hindered
        left join lateral (
            select private.template_values(
                hindered.client_id, (hindered.template).variables
            ) as params
            where (hindered.step).action = 'send_template' and hindered.hindrance is null
        ) as filled on true
    ),
    -- Only what would be done now counts against the day, in the order of the places.
    counted as materialized (
        select judged.*, judged.refusal is null and judged.delay is null
            and (judged.rule).daily_cap is not null
            and row_number() over (
                partition by judged.rule_id, judged.position,
                    judged.refusal is null and judged.delay is null
                order by judged.place
            ) + private.done_today(
                judged.rule, judged.position, judged.time_zone, plan_targets.at
            ) > (judged.rule).daily_cap as is_over_cap
        from judged
    ),
    -- Two rules of one event, or two events of one person, in the same batch: what the first takes
    -- of the agency's cap is gone for the next. Between batches last_word_on (0981) holds it.
    rationed as materialized (
        select counted.*, counted.refusal is null and counted.delay is null
            and not counted.is_over_cap and counted.attempts_left is not null
            and row_number() over (
                partition by counted.tenant_id, counted.client_id, counted.channel,
                    counted.position, counted.refusal is null and counted.delay is null
                    and not counted.is_over_cap
                order by counted.place
            ) > counted.attempts_left as is_rationed
        from counted
    )
    select counted.place,
        case
            when counted.refusal is not null then 'skip'
            when counted.delay is not null or counted.is_over_cap or counted.is_rationed
                then 'postpone'
            when (counted.step).action = 'send_template' then 'send'
            else 'act'
        end,
        coalesce(
            counted.refusal, counted.delay, case when counted.is_over_cap then 'daily_cap'
                when counted.is_rationed then 'attempt_cap' end
        ),
        greatest(
            counted.next_allowed_at, (counted.sender).paused_until, counted.opens_again_at,
            -- Until somebody lets the number send again: looked at as often as an answer is late.
            case when (counted.sender).is_paused
                then plan_targets.at + interval '15 minutes' end,
            case when counted.is_over_cap or counted.is_rationed then (
                (plan_targets.at at time zone counted.time_zone)::date + 1
                + coalesce((counted.rule).opens, '00:00')
            ) at time zone counted.time_zone end
        ),
        (counted.step).action, (counted.template).provider, (counted.sender).integration_id,
        (counted.sender).settings,
        private.whatsapp_form(counted.tenant_id, counted.best_phone), (counted.template).id,
        (counted.template).provider_template_id, (counted.template).language,
        private.render_body((counted.template).body, said.params), said.params,
        (counted.sender).sender_id
    from rationed as counted
    cross join lateral (
        select private.without_double_dots(
            (counted.template).body, array_replace(counted.params, null, '—')
        ) as params
    ) as said
$$;
comment on function private.plan_targets(private.rule_target[], timestamptz) is
'One verdict per target. not_before is a first guess where several delays meet: it is asked again
then.';
