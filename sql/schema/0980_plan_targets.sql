-- One verdict per target, in sets: who fits the conditions, what stands in the way, how often.
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
            tenant.time_zone, (plan_targets.at at time zone tenant.time_zone)::date as today,
            -- Many days are rehearsed each by itself; what is asked in earnest is of today.
            case when target.run_id is null then target.on_date end as rehearsed_on, policy.is_stopped, policy.stopped_channels,
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
                        case when told.run_id is not null then told.today end
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
    -- The first of a client that nothing hinders is the one that is done.
    repeating as materialized (
        select unnest(asking.places) as place,
            unnest(private.too_soon(asking.days, asking.gap)) as is_too_soon
        from (
            select array_agg(hindered.place order by hindered.place) as places,
                array_agg(coalesce(hindered.rehearsed_on, hindered.today) order by hindered.place)
                    as days,
                min((hindered.rule).repeat_days) as gap
            from hindered
            where hindered.hindrance is null and (hindered.rule).repeat_days is not null
            group by hindered.rule_id, hindered.position, hindered.client_id
        ) as asking
    ),
    judged as materialized (
        select hindered.*, filled.params, case
            when hindered.hindrance is not null then hindered.hindrance
            when hindered.hours_reason = 'suppressed' then 'suppressed'
            when (hindered.rule).repeat_days is not null and (
                repeating.is_too_soon or private.has_repeated(
                    hindered.target, plan_targets.at + make_interval(
                        days => coalesce(hindered.rehearsed_on - hindered.today, 0)
                            - (hindered.rule).repeat_days
                    )
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
            -- Today's cap is not another day's.
            when not hindered.allowed and (
                hindered.hours_reason is distinct from 'attempt_cap'
                or hindered.rehearsed_on is not distinct from hindered.today
                or hindered.rehearsed_on is null
            ) then hindered.hours_reason
            when (hindered.sender).is_paused then 'sender_paused'
            when (hindered.sender).paused_until > plan_targets.at then 'rate_limited'
            when hindered.opens_again_at is not null then 'outside_window'
        end as delay
        from hindered
        left join repeating on repeating.place = hindered.place
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
                partition by judged.rule_id, judged.position, judged.rehearsed_on,
                    judged.refusal is null and judged.delay is null
                order by judged.place
            ) + case when coalesce(judged.rehearsed_on, judged.today) = judged.today
                then private.done_today(
                    judged.rule, judged.position, judged.time_zone, plan_targets.at
                ) else 0 end > (judged.rule).daily_cap as is_over_cap
        from judged
    ),
    capped as materialized (
        select unnest(asking.places) as place,
            unnest(private.over_caps(
                asking.tenant_id, asking.client_id, asking.channel, asking.days, plan_targets.at
            )) as is_over
        from (
            select counted.tenant_id, counted.client_id, counted.channel,
                array_agg(counted.place order by counted.place) as places,
                array_agg(coalesce(counted.rehearsed_on, counted.today) order by counted.place)
                    as days
            from counted
            where counted.refusal is null and counted.delay is null and not counted.is_over_cap
              and private.has_cap(counted.tenant_id, counted.channel)
            group by counted.tenant_id, counted.client_id, counted.channel, counted.position
        ) as asking
    ),
    rationed as materialized (
        select counted.*, coalesce(capped.is_over, false) as is_rationed
        from counted
        left join capped on capped.place = counted.place
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
                coalesce(counted.rehearsed_on, counted.today) + 1
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
