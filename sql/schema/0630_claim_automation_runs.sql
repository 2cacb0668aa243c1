-- What to do with a claimed run; decided by private.plan_runs (0981).
create type private.run_plan as (
    run_id uuid,
    tenant_id uuid,
    client_id uuid,
    queue_msg_id bigint,
    -- send | act | skip | postpone
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

-- Takes a batch of runs to send. Everything is decided and written here and committed by the caller
-- before anything is sent, so that a worker may die at any point and the next claim knows where.
create function private.claim_automation_runs(max int, lease_seconds int)
returns table (
    run_id uuid, tenant_id uuid, attempt int, message_id uuid, provider public.provider_name,
    destination text, template_provider_id text, language text, params text[], settings jsonb,
    integration_id uuid, queue_msg_id bigint
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A batch in which nothing may be sent is no reason to stop: the next may hold something. Bounded,
    -- so that the leases of what is found last are still whole.
    c_rounds constant int := 20;
    v_claim_id uuid := gen_random_uuid();
    v_plans private.run_plan[];
    v_may_have_more boolean;
begin
    for v_round in 1 .. c_rounds loop
        v_may_have_more := private.take_runs(v_claim_id, max, lease_seconds);
        exit when not v_may_have_more;
        perform private.resolve_interrupted_runs(v_claim_id);
        perform private.lock_limited_rules(v_claim_id, may_wait => v_round = 1);
        v_plans := array(select plan from private.plan_runs(v_claim_id) as plan);
        perform private.finish_run(plan.run_id, 'skipped', plan.reason)
        from unnest(v_plans) as plan where plan.verdict = 'skip';
        perform private.postpone_run(plan.run_id, plan.not_before, plan.reason)
        from unnest(v_plans) as plan where plan.verdict = 'postpone';
        perform private.act_on_run(plan.run_id)
        from unnest(v_plans) as plan where plan.verdict = 'act';
        exit when exists (select from unnest(v_plans) as plan where plan.verdict = 'send');
    end loop;
    -- Steps that are done here leave the worker nothing to send; it would take that for the end.
    if v_may_have_more and not exists (
        select from unnest(v_plans) as plan where plan.verdict = 'send'
    ) then
        perform private.wake_function('run-automations');
    end if;

    update public.automation_runs as run set attempt = plan.attempt, reason = null
    from unnest(v_plans) as plan where plan.verdict = 'send' and run.id = plan.run_id;

    return query
    with outgoing as (
        insert into public.message_logs as message (
            tenant_id, client_id, direction, provider, integration_id, sender_id, phone,
            template_id, body, params, status, attempt, automation_run_id
        )
        select plan.tenant_id, plan.client_id, 'out', plan.provider, plan.integration_id,
            plan.sender_id, plan.phone, plan.template_id, plan.body, plan.params, 'queued',
            plan.attempt, plan.run_id
        from unnest(v_plans) as plan where plan.verdict = 'send'
        on conflict on constraint message_logs_one_per_run do update
        set attempt = excluded.attempt, phone = excluded.phone, body = excluded.body,
            params = excluded.params, integration_id = excluded.integration_id,
            sender_id = excluded.sender_id, conversation_id = excluded.conversation_id,
            template_id = excluded.template_id, error_code = null, error_detail = null
        -- Only what nobody has begun to send.
        where message.status = 'queued'
        returning message.id, message.automation_run_id
    )
    select plan.run_id, plan.tenant_id, plan.attempt, outgoing.id, plan.provider, plan.phone,
        plan.provider_template_id, plan.language, plan.params, plan.settings,
        plan.integration_id, plan.queue_msg_id
    from outgoing
    join unnest(v_plans) as plan on plan.run_id = outgoing.automation_run_id;
end;
$$;
comment on function private.claim_automation_runs(int, int) is
'Runs to send now, leased for lease_seconds (real time). Commit before sending.';
grant execute on function private.claim_automation_runs(int, int) to worker;

-- Whoever counts what a rule has sent counts alone, until the claim is committed. A claim's first
-- batch waits for its rules in their order; a later one, which holds some already, waits for none,
-- so that two workers never wait for each other: what is somebody else's comes back in a moment.
create function private.lock_limited_rules(claim_id uuid, may_wait boolean) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A claim is committed within tenths of a second.
    c_moment constant interval := '1 second';
    v_rule record;
    v_key bigint;
begin
    for v_rule in
        select rule.id, array_agg(run.id) as run_ids
        from public.automation_runs as run
        join public.collection_rules as rule on rule.id = run.rule_id
        where run.claim_id = lock_limited_rules.claim_id and run.status = 'running'
          and num_nonnulls(rule.daily_cap, rule.repeat_days) > 0
        group by rule.id
        order by rule.id
    loop
        v_key := hashtextextended('rule:' || v_rule.id, 0);
        if may_wait then
            perform pg_advisory_xact_lock(v_key);
        elsif not pg_try_advisory_xact_lock(v_key) then
            perform private.postpone_run(run.id, private.now() + c_moment, run.reason)
            from public.automation_runs as run where run.id = any(v_rule.run_ids);
        end if;
    end loop;
end;
$$;

-- Takes what is due in both lanes. Neither waits for the other: a quarter is the background's, and
-- what one lane leaves is the other's. As pgmq.read, which knows one order only.
create function private.read_runs(max int, lease_seconds int) returns bigint[]
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_at_once bigint[];
    v_later bigint[];
begin
    v_at_once := private.read_lane(false, max - max / 4, lease_seconds);
    v_later := private.read_lane(true, max - cardinality(v_at_once), lease_seconds);
    return v_at_once || v_later || private.read_lane(
        false, max - cardinality(v_at_once) - cardinality(v_later), lease_seconds
    );
end;
$$;

create function private.read_lane(is_background boolean, max int, lease_seconds int)
returns bigint[]
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_ids bigint[];
begin
    if max <= 0 then
        return '{}';
    end if;
    -- Two statements, because a partial index is found by its own words alone.
    if is_background then
        v_ids := array(
            select item.msg_id from pgmq.q_automations as item
            where item.vt <= clock_timestamp() and (item.message ? 'is_background') is true
            order by item.vt limit max
            for update skip locked
        );
    else
        v_ids := array(
            select item.msg_id from pgmq.q_automations as item
            where item.vt <= clock_timestamp() and (item.message ? 'is_background') is not true
            order by item.vt limit max
            for update skip locked
        );
    end if;
    update pgmq.q_automations as item
    set vt = clock_timestamp() + make_interval(secs => lease_seconds),
        read_ct = item.read_ct + 1
    where item.msg_id = any(v_ids);
    return v_ids;
end;
$$;

-- False when the queue gave nothing.
create function private.take_runs(claim_id uuid, max int, lease_seconds int) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A message read this often without an answer kills its worker: stop feeding it.
    c_max_reads constant int := 5;
    v_msg_ids bigint[];
begin
    v_msg_ids := private.read_runs(max, lease_seconds);
    perform private.open_runs(v_msg_ids);

    update public.automation_runs as run
    set claim_id = take_runs.claim_id, status = 'running', next_attempt_at = null,
        started_at = coalesce(run.started_at, private.now()),
        lease_until = private.now() + make_interval(secs => lease_seconds)
    from (
        select candidate.id
        from public.automation_runs as candidate
        where candidate.queue_msg_id = any(v_msg_ids)
          and (candidate.status = 'queued'
              or (candidate.status = 'running' and candidate.lease_until <= private.now()))
        order by candidate.id
        for update of candidate skip locked
    ) as due
    where run.id = due.id;

    perform private.finish_run(run.id, 'failed', 'poisoned')
    from public.automation_runs as run
    join pgmq.q_automations as item on item.msg_id = run.queue_msg_id
    left join public.message_logs as message on message.automation_run_id = run.id
    where run.claim_id = take_runs.claim_id and item.read_ct > c_max_reads
      and coalesce(message.status, 'queued') = 'queued';

    -- Dead letters: no run lives under this message, or the one that did has ended.
    perform pgmq.archive('automations', array(
        select item.msg_id
        from unnest(v_msg_ids) as item (msg_id)
        left join public.automation_runs as run on run.queue_msg_id = item.msg_id
        where run.id is null or run.status not in ('queued', 'running')
    ));
    return cardinality(v_msg_ids) > 0;
end;
$$;

-- A claimed run whose message is past `queued` belonged to a worker that never settled.
create function private.resolve_interrupted_runs(claim_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run record;
begin
    for v_run in
        select run.id, message.id as message_id, message.status, message.error_code
        from public.automation_runs as run
        join public.message_logs as message on message.automation_run_id = run.id
        where run.claim_id = resolve_interrupted_runs.claim_id and run.status = 'running'
          and message.status <> 'queued'
    loop
        case v_run.status
            when 'sending' then
                -- The provider may have it. Never resend blindly: wait for a receipt.
                update public.message_logs set status = 'unknown'
                where message_logs.id = v_run.message_id;
                perform private.await_receipt(v_run.id);
            when 'unknown' then
                update public.message_logs
                set status = 'failed', failed_at = private.now(), error_code = 'outcome_unknown'
                where message_logs.id = v_run.message_id;
                perform private.finish_run(v_run.id, 'failed', 'outcome_unknown');
            when 'failed' then
                perform private.finish_run(
                    v_run.id, 'failed', coalesce(v_run.error_code, 'unclassified')
                );
            else
                perform private.finish_run(v_run.id, 'done', null);
        end case;
    end loop;
end;
$$;
