-- How often: what a rule's hours, its daily cap, "once per client" and the agency's caps of contact
-- leave to a target. A rehearsal over many days counts each day's own (`rule_target.on_date`); what
-- is asked at the moment of sending is all of one day.
--
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

-- Of one client's targets in their order, on their days: those that come too soon after one that is
-- done. Within a day the first is done.
create function private.too_soon(days date[], gap int) returns boolean[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_day date;
    v_done date;
    v_marks boolean[] := '{}';
begin
    foreach v_day in array days loop
        v_marks := v_marks || coalesce(v_day < v_done + gap, false);
        if not v_marks[cardinality(v_marks)] then
            v_done := v_day;
        end if;
    end loop;
    return v_marks;
end;
$$;

-- The same for the agency's caps on a channel: two rules of one event, or two events of one person,
-- share what the caps leave beside what has been sent. Between batches last_word_on (0981) holds
-- it.
create function private.over_caps(
    tenant_id uuid, client_id uuid, channel public.channel, days date[], at timestamptz
) returns boolean[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_zone text := (
        select agency.time_zone from public.tenants as agency where agency.id = over_caps.tenant_id
    );
    v_day date;
    v_taken date[] := '{}';
    v_is_over boolean;
    v_marks boolean[] := '{}';
begin
    foreach v_day in array days loop
        v_is_over := exists (
            select from public.contact_caps as cap
            where cap.tenant_id = over_caps.tenant_id and cap.channel = over_caps.channel
              and cap.attempts <= (
                  select count(*) from private.contact_attempts(
                      cap.tenant_id, over_caps.client_id, cap.channel,
                      (v_day - cap.days + 1)::timestamp at time zone v_zone,
                      least(over_caps.at, (v_day + 1)::timestamp at time zone v_zone)
                  )
              ) + (
                  select count(*) from unnest(v_taken) as taken (day)
                  where taken.day > v_day - cap.days
              )
        );
        v_marks := v_marks || v_is_over;
        if not v_is_over then
            v_taken := v_taken || v_day;
        end if;
    end loop;
    return v_marks;
end;
$$;
