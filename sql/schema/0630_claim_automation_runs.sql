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
    v_claim_id uuid := gen_random_uuid();
    v_plans private.run_plan[];
begin
    perform private.take_runs(v_claim_id, max, lease_seconds);
    perform private.resolve_interrupted_runs(v_claim_id);

    v_plans := array(select plan from private.plan_runs(v_claim_id) as plan);
    perform private.finish_run(plan.run_id, 'skipped', plan.reason)
    from unnest(v_plans) as plan where plan.verdict = 'skip';
    perform private.postpone_run(plan.run_id, plan.not_before, plan.reason)
    from unnest(v_plans) as plan where plan.verdict = 'postpone';

    update public.automation_runs as run set attempt = plan.attempt, reason = null
    from unnest(v_plans) as plan where plan.verdict = 'send' and run.id = plan.run_id;

    return query
    with outgoing as (
        insert into public.message_logs as message (
            tenant_id, client_id, direction, provider, integration_id, phone, template_id, body,
            params, status, attempt, automation_run_id
        )
        select plan.tenant_id, plan.client_id, 'out', plan.provider, plan.integration_id,
            plan.phone, plan.template_id, plan.body, plan.params, 'queued', plan.attempt,
            plan.run_id
        from unnest(v_plans) as plan where plan.verdict = 'send'
        on conflict on constraint message_logs_one_per_run do update
        set attempt = excluded.attempt, phone = excluded.phone, body = excluded.body,
            params = excluded.params, integration_id = excluded.integration_id,
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

create function private.take_runs(claim_id uuid, max int, lease_seconds int) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A message read this often without an answer kills its worker: stop feeding it.
    c_max_reads constant int := 5;
    v_read private.queue_read[];
begin
    v_read := array(
        select (
            message.msg_id, message.read_ct,
            case when pg_input_is_valid(message.message ->> 'run_id', 'uuid')
                then (message.message ->> 'run_id')::uuid end
        )::private.queue_read
        from pgmq.read('automations', lease_seconds, max) as message
    );

    update public.automation_runs as run
    set claim_id = take_runs.claim_id, queue_msg_id = due.msg_id, status = 'running',
        started_at = coalesce(run.started_at, private.now()), next_attempt_at = null,
        lease_until = private.now() + make_interval(secs => lease_seconds)
    from (
        select candidate.id, item.msg_id
        from unnest(v_read) as item
        join public.automation_runs as candidate on candidate.id = item.run_id
        where coalesce(candidate.queue_msg_id, item.msg_id) = item.msg_id
          and (candidate.status = 'queued'
              or (candidate.status = 'running' and candidate.lease_until <= private.now()))
        order by candidate.id
        for update of candidate skip locked
    ) as due
    where run.id = due.id;

    perform private.finish_run(run.id, 'failed', 'poisoned')
    from unnest(v_read) as item
    join public.automation_runs as run
        on run.queue_msg_id = item.msg_id and run.claim_id = take_runs.claim_id
    left join public.message_logs as message on message.automation_run_id = run.id
    where item.read_ct > c_max_reads
      and coalesce(message.status, 'queued') = 'queued';

    -- Dead letters: no such run, or a run that has ended or lives under another message.
    perform pgmq.archive('automations', array(
        select item.msg_id
        from unnest(v_read) as item
        left join public.automation_runs as run on run.id = item.run_id
        where run.id is null
           or run.status not in ('queued', 'running')
           or run.queue_msg_id <> item.msg_id
    ));
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
