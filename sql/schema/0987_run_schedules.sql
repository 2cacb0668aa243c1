-- The rules of a day, swept every ten minutes: whoever has come to the day of a rule that is on
-- gets a run, once per rule, target and day, however often the sweep comes by. What is said, and
-- whether, is decided when it is sent (0980).

-- The last day each rule was swept; absent, it was switched on since and has missed nothing.
create table private.rule_sweeps (
    rule_id uuid not null,
    tenant_id uuid not null,
    swept_on date not null,
    constraint rule_sweeps_pkey primary key (rule_id),
    constraint rule_sweeps_rule_fkey foreign key (tenant_id, rule_id)
    references public.collection_rules (tenant_id, id)
);
create index rule_sweeps_of_rule on private.rule_sweeps (tenant_id, rule_id);
alter table private.rule_sweeps enable row level security;
alter table private.rule_sweeps force row level security;

-- What fell due while everything was stopped is skipped, as the days a rule was off (0984).
create function private.tg_automation_policies__forget_days() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    delete from private.rule_sweeps as sweep
    using old_rows
    join new_rows on new_rows.id = old_rows.id
    where sweep.tenant_id = new_rows.tenant_id and old_rows.is_stopped and not new_rows.is_stopped;
    return null;
end;
$$;
create trigger _300_forget_days after update on public.automation_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_automation_policies__forget_days();

-- One day of one rule as one statement. What a day missed is late by now: it comes spread over an
-- hour, and only to whom no later day of the same ruler has spoken.
create function private.open_day(
    rule public.collection_rules, on_date date, today date, at timestamptz
) returns bigint
language sql
security definer
set search_path = ''
as $$
    with found as materialized (
        select gen_random_uuid() as new_id, target.*, row_number() over () as turn,
            count(*) over () as crowd, make_interval(mins => first_step.wait_minutes) as wait
        from unnest(private.rule_targets(rule, open_day.on_date, open_day.on_date, open_day.at))
            as target
        join public.rule_steps as first_step
            on first_step.rule_id = target.rule_id and first_step.version = target.version
            and first_step.position = 1
        where not exists (
            select from public.automation_runs as run
            where run.rule_id = (rule).id and run.target_id = target.target_id
              and run.on_date = target.on_date and run.position = 1
        )
          and (open_day.on_date = open_day.today or not exists (
              select from public.automation_runs as run
              join public.collection_rules as other on other.id = run.rule_id
              where run.tenant_id = target.tenant_id and run.client_id = target.client_id
                and run.on_date > open_day.on_date and other.trigger = (rule).trigger
          ))
    ),
    queued as (
        insert into pgmq.q_automations (vt, message)
        select clock_timestamp() + found.wait + case when open_day.on_date = open_day.today then interval '0'
                else interval '1 hour' * (found.turn::double precision / found.crowd) end,
            jsonb_build_object('run_id', found.new_id, 'is_background', true)
        from found
        returning msg_id, (message ->> 'run_id')::uuid as new_id
    ),
    opened as (
        insert into public.automation_runs (
            id, tenant_id, rule_id, version, target_id, on_date, client_id, next_attempt_at,
            queue_msg_id
        )
        select found.new_id, found.tenant_id, found.rule_id, found.version, found.target_id,
            found.on_date, found.client_id,
            case when found.wait > interval '0' then open_day.at + found.wait end, queued.msg_id
        from found
        join queued on queued.new_id = found.new_id
        returning 1
    )
    select count(*) from opened
$$;
comment on function private.open_day(public.collection_rules, date, date, timestamptz) is
'How many runs it opened.';

-- Day by day, the newest first, and of each day every rule: the newest is the one that speaks.
create function private.sweep_rules(tenant_id uuid, zone text, at timestamptz) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- What is older is silence: the days after it have spoken, or the debtor has.
    c_days_back constant int := 3;
    v_today date := (at at time zone zone)::date;
    v_due record;
    v_opened bigint := 0;
begin
    for v_due in
        select rule, back.days as days_back
        from public.collection_rules as rule
        left join private.rule_sweeps as sweep on sweep.rule_id = rule.id
        cross join generate_series(0, c_days_back) as back (days)
        where rule.tenant_id = sweep_rules.tenant_id and rule.is_enabled
          and rule.trigger in ('debt_due', 'installment_due')
          and (back.days = 0 or v_today - back.days > sweep.swept_on)
          -- Nothing may leave before: what would be opened now would only be put off.
          and (at at time zone zone)::time >= coalesce(
              rule.opens, (select min(law.opens) from private.calling_windows as law)
          )
        order by back.days, rule.priority, rule.id
    loop
        v_opened := v_opened
            + private.open_day(v_due.rule, v_today - v_due.days_back, v_today, at);
        insert into private.rule_sweeps as sweep (rule_id, tenant_id, swept_on)
        values ((v_due.rule).id, sweep_rules.tenant_id, v_today)
        on conflict (rule_id) do update set swept_on = excluded.swept_on
        where sweep.swept_on < excluded.swept_on;
    end loop;
    return v_opened;
end;
$$;

-- Every tenant by its own clock. One that fails does not stop the rest, and somebody reads of it,
-- once a day.
create function private.run_schedules() returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant record;
    v_at timestamptz;
    v_opened bigint;
    v_all bigint := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('run_schedules', 0)) then
        return 0;
    end if;
    for v_tenant in
        select tenant.id, tenant.time_zone
        from public.tenants as tenant
        where exists (
            select from public.collection_rules as rule
            where rule.tenant_id = tenant.id and rule.is_enabled and rule.trigger in ('debt_due', 'installment_due')
        )
          and not exists (
              select from public.automation_policies as policy
              where policy.tenant_id = tenant.id and policy.is_stopped
          )
        order by tenant.id
    loop
        v_at := private.now();
        begin
            v_opened := private.sweep_rules(v_tenant.id, v_tenant.time_zone, v_at);
            perform private.note_schedule(
                v_tenant.id, (v_at at time zone v_tenant.time_zone)::date, v_opened, null
            );
            v_all := v_all + v_opened;
        exception when others then
            perform private.note_schedule(
                v_tenant.id, (v_at at time zone v_tenant.time_zone)::date, 0,
                jsonb_build_object('code', sqlstate, 'error', sqlerrm)
            );
        end;
    end loop;
    if v_all > 0 then
        perform private.wake_function('run-automations');
    end if;
    return v_all;
end;
$$;
comment on function private.run_schedules() is 'How many runs it opened.';

-- One row a day and tenant: how many so far, and what went wrong.
create function private.note_schedule(
    tenant_id uuid, on_date date, opened bigint, failure jsonb
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run public.job_runs;
begin
    select * into v_run from public.job_runs as run
    where run.tenant_id = note_schedule.tenant_id and run.job = 'rules'
      and run.on_date = note_schedule.on_date
    order by run.id desc limit 1
    for update;
    if not found then
        insert into public.job_runs (tenant_id, job, on_date, result)
        values (note_schedule.tenant_id, 'rules', note_schedule.on_date, '{"opened": 0}')
        returning * into v_run;
    end if;
    if failure is not null and v_run.failures = 0 then
        perform private.finish_job(v_run.id, v_run.result || failure, 1);
        return;
    end if;
    update public.job_runs as run
    set finished_at = private.now(), result = run.result || jsonb_build_object(
            'opened', (run.result ->> 'opened')::bigint + note_schedule.opened
        )
    where run.id = v_run.id;
end;
$$;

select cron.schedule('run-schedules', '*/10 * * * *', 'select private.run_schedules()');
