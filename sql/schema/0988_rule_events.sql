-- What happens to agreements, money, messages and callbacks sets rules off in its own transaction:
-- a run per rule and target, with its queue message. Whether anything is done is decided when its
-- turn comes (0980).
create type private.rule_event as (
    tenant_id uuid,
    client_id uuid,
    target_id uuid,
    trigger public.rule_trigger,
    event text
);

-- Serves the rehearsal of a rule that follows what debtors write.
create index message_logs_inbound on public.message_logs (tenant_id, created_at)
where direction = 'in';
-- Serves that of one that follows agreements.
create index agreement_events_by_day
on public.agreement_events using brin (created_at) with (autosummarize = true);

create function private.open_event_runs(events private.rule_event[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    with found as materialized (
        select distinct on (rule.id, happened.target_id)
            gen_random_uuid() as new_id, rule.id as rule_id, rule.version, happened.tenant_id,
            happened.client_id, happened.target_id, private.today(happened.tenant_id) as on_date,
            make_interval(mins => first_step.wait_minutes) as wait
        from unnest(events) as happened
        join public.collection_rules as rule
            on rule.tenant_id = happened.tenant_id and rule.is_enabled
            and rule.trigger = happened.trigger
            and rule.event is not distinct from happened.event
        join public.rule_steps as first_step
            on first_step.rule_id = rule.id and first_step.version = rule.version
            and first_step.position = 1
        where not exists (
            select from public.automation_runs as known
            where known.rule_id = rule.id and known.target_id = happened.target_id
              and known.on_date = private.today(happened.tenant_id) and known.position = 1
        )
    )
    insert into public.automation_runs (
        id, tenant_id, rule_id, version, target_id, on_date, client_id, next_attempt_at,
        queue_msg_id
    )
    select found.new_id, found.tenant_id, found.rule_id, found.version, found.target_id,
        found.on_date, found.client_id,
        case when found.wait > interval '0' then private.now() + found.wait end,
        private.enqueue_run(found.new_id, private.now() + found.wait)
    from found
    on conflict do nothing;
    if found then
        perform private.wake_function('run-automations');
    end if;
end;
$$;

create function private.tg_agreement_events__run_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.open_event_runs(array(
        select (
            line.tenant_id, agreement.client_id,
            case when happened.event in ('received', 'reversed')
                then (line.details ->> 'payment_id')::uuid else line.agreement_id end,
            case when happened.event in ('received', 'reversed')
                then 'payment_event' else 'agreement_event' end::public.rule_trigger,
            happened.event
        )::private.rule_event
        from new_rows as line
        join public.agreements as agreement on agreement.id = line.agreement_id
        cross join lateral private.rule_event_of(line::public.agreement_events)
            as happened (event)
        where happened.event is not null
    ));
    return null;
end;
$$;
create trigger _310_run_rules after insert on public.agreement_events
referencing new table as new_rows for each statement
execute function private.tg_agreement_events__run_rules();

create function private.tg_message_logs__run_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- What goes out comes by the thousand and sets off nothing.
    if exists (select from new_rows where new_rows.direction = 'in') then
        perform private.open_event_runs(array(
            select (
                inbound.tenant_id, inbound.client_id, inbound.id,
                'message_received'::public.rule_trigger, null
            )::private.rule_event
            from new_rows as inbound
            where inbound.direction = 'in' and inbound.client_id is not null
        ));
    end if;
    return null;
end;
$$;
create trigger _310_run_rules after insert on public.message_logs
referencing new table as new_rows for each statement
execute function private.tg_message_logs__run_rules();

-- The sweep of 0962 marks each callback that has come due, once per moment.
create function private.tg_callbacks__run_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.open_event_runs(array(
        select (
            became.tenant_id, became.client_id, became.id,
            'callback_due'::public.rule_trigger, null
        )::private.rule_event
        from new_rows as became
        join old_rows as was on was.id = became.id
        where became.status = 'scheduled' and became.reminded_for = became.due_at
          and was.reminded_for is distinct from became.reminded_for
    ));
    return null;
end;
$$;
create trigger _310_run_rules after update on public.callbacks
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_callbacks__run_rules();
