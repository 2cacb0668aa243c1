-- Whom a rule is for in a period: asked by the sweep that opens a day's runs and by the dry run.

-- Of a history's line, the event of a rule's trigger; null: none that a rule waits for.
create function private.rule_event_of(line public.agreement_events) returns text
language sql
immutable
set search_path = ''
as $$
    select case
        when (line).kind = 'payment_received' and (line).details ->> 'course' <> 'parked'
            then 'received'
        when (line).kind = 'payment_reversed' then 'reversed'
        when (line).kind <> 'transition' then null
        when (line).to_status = 'awaiting_first_payment'
            and (line).from_status in ('draft', 'pending_approval') then 'approved'
        when (line).to_status in ('broken', 'lapsed') then 'broken'
        when (line).to_status in ('rejected', 'settled', 'cancelled') then (line).to_status::text
    end
$$;

-- What has happened within the period, or is promised for it: the rules of events.
create function private.event_candidates(
    rule public.collection_rules, zone text, since timestamptz, until timestamptz
) returns table (client_id uuid, target_id uuid, on_date date)
language sql
stable
security definer
set search_path = ''
as $$
    select distinct agreement.client_id, case (rule).trigger
            when 'payment_event' then (line.details ->> 'payment_id')::uuid else agreement.id
        end, (line.created_at at time zone zone)::date
    from public.agreement_events as line
    join public.agreements as agreement on agreement.id = line.agreement_id
    where line.tenant_id = (rule).tenant_id
      and (rule).trigger in ('agreement_event', 'payment_event')
      and line.created_at >= since and line.created_at < until
      and private.rule_event_of(line) = (rule).event
    union all
    select inbound.client_id, inbound.id, (inbound.created_at at time zone zone)::date
    from public.message_logs as inbound
    where inbound.tenant_id = (rule).tenant_id and (rule).trigger = 'message_received'
      and inbound.direction = 'in' and inbound.client_id is not null
      and inbound.created_at >= since and inbound.created_at < until
    union all
    select promised.client_id, promised.id, (promised.due_at at time zone zone)::date
    from public.callbacks as promised
    where promised.tenant_id = (rule).tenant_id and (rule).trigger = 'callback_due'
      and promised.status = 'scheduled'
      and promised.due_at >= since and promised.due_at < until
$$;

create function private.rule_candidates(
    rule public.collection_rules, from_date date, to_date date
) returns table (client_id uuid, disposition_id uuid, target_id uuid, on_date date)
language sql
stable
security definer
set search_path = ''
as $$
    select done.client_id, done.id, null::uuid, (done.created_at at time zone tenant.time_zone)::date
    from public.tenants as tenant
    join public.call_dispositions as done
        on done.tenant_id = tenant.id
        and done.created_at >= from_date::timestamp at time zone tenant.time_zone
        and done.created_at < (to_date + 1)::timestamp at time zone tenant.time_zone
    join public.disposition_types as kind
        on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type
    where tenant.id = (rule).tenant_id and (rule).trigger = 'disposition'
      and private.is_of_rule(rule, kind) and not private.is_undone(done.id)
    union all
    -- A client is as late as the oldest open title, as everywhere; one day is one message.
    select client.id, null, client.id, client.oldest_due_on + (rule).day_offset
    from public.clients as client
    where client.tenant_id = (rule).tenant_id and (rule).trigger = 'debt_due'
      and client.open_debts > 0
      and client.oldest_due_on between from_date - (rule).day_offset and to_date - (rule).day_offset
      and not private.has_living_agreement(client.tenant_id, client.id)
    union all
    select part.client_id, null, part.id, part.effective_due_on + (rule).day_offset
    from public.installments as part
    join public.agreements as agreement on agreement.id = part.agreement_id
    where part.tenant_id = (rule).tenant_id and (rule).trigger = 'installment_due'
      and part.status = 'open' and private.is_living(agreement.status)
      and part.effective_due_on
          between from_date - (rule).day_offset and to_date - (rule).day_offset
    union all
    select found.client_id, null, found.target_id, found.on_date
    from public.tenants as tenant
    cross join lateral private.event_candidates(
        rule, tenant.time_zone, from_date::timestamp at time zone tenant.time_zone,
        (to_date + 1)::timestamp at time zone tenant.time_zone
    ) as found
    where tenant.id = (rule).tenant_id
      and (rule).trigger not in ('disposition', 'debt_due', 'installment_due')
$$;

-- Every step of each target, judged as if its turn were now.
create function private.steps_of_targets(targets private.rule_target[])
returns private.rule_target[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg((
        -- Eight steps at most: places stay apart, and in the order of targets.
        target.place * 8 + step.position - 8, target.run_id, target.tenant_id, target.rule_id,
        target.version, step.position, target.client_id, target.disposition_id,
        target.target_id, target.on_date, target.asked_at
    )::private.rule_target), '{}')
    from unnest(targets) as target
    join public.rule_steps as step
        on step.rule_id = target.rule_id and step.version = target.version
$$;

-- As the planner takes them. What happened to somebody who does not fit the rule's conditions is
-- told as a skip; of a day's rule, who does not fit was never meant.
create function private.rule_targets(
    rule public.collection_rules, from_date date, to_date date, at timestamptz
) returns private.rule_target[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_targets private.rule_target[] := array(
        select (
            row_number() over (
                order by found.on_date, found.client_id, found.disposition_id, found.target_id
            )::int,
            null, rule.tenant_id, rule.id, rule.version, 1::smallint, found.client_id, found.disposition_id,
            found.target_id, found.on_date, at
        )::private.rule_target
        from private.rule_candidates(rule, from_date, to_date) as found
    );
begin
    if rule.trigger not in ('debt_due', 'installment_due') or rule.filter = '{}' then
        return v_targets;
    end if;
    return array(
        select target
        from unnest(v_targets) as target
        where target.place in (
            select fitting.place from private.places_in_filter(v_targets, at) as fitting (place)
        )
        order by target.place
    );
end;
$$;
