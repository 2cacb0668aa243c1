-- The only places where a run changes state. Each writes the run and its queue message together.
-- Opens the runs that disposition messages ask for. The first rule's run lives under the message
-- itself, any further one, and one that waits, under a message of its own. Asked again, it finds
-- them and does nothing.
create function private.open_runs(msg_ids bigint[]) returns void
language sql
security definer
set search_path = ''
as $$
    with wanted as materialized (
        select gen_random_uuid() as id, disposition.tenant_id, asked.rule_id::uuid as rule_id,
            rule.version, disposition.id as disposition_id, disposition.client_id, item.msg_id,
            asked.position = 1 and first_step.wait_minutes = 0 as is_at_once,
            make_interval(mins => first_step.wait_minutes) as wait
        from pgmq.q_automations as item
        join public.call_dispositions as disposition
            on disposition.id::text = item.message ->> 'disposition_id'
        cross join lateral jsonb_array_elements_text(item.message -> 'rule_ids')
            with ordinality as asked (rule_id, position)
        join public.collection_rules as rule
            on rule.id::text = asked.rule_id and rule.tenant_id = disposition.tenant_id
        join public.rule_steps as first_step
            on first_step.rule_id = rule.id and first_step.version = rule.version
            and first_step.position = 1
        where item.msg_id = any(open_runs.msg_ids)
          and not exists (
              select from public.automation_runs as run
              where run.rule_id = rule.id and run.disposition_id = disposition.id
                and run.position = 1
          )
          and not private.is_undone(disposition.id)
    )
    insert into public.automation_runs
        (id, tenant_id, rule_id, version, disposition_id, client_id, next_attempt_at, queue_msg_id)
    select wanted.id, wanted.tenant_id, wanted.rule_id, wanted.version, wanted.disposition_id,
        wanted.client_id,
        case when wanted.wait > interval '0' then private.now() + wanted.wait end,
        case when wanted.is_at_once then wanted.msg_id
            else private.enqueue_run(wanted.id, private.now() + wanted.wait) end
    from wanted
    on conflict on constraint automation_runs_one_per_disposition do nothing
$$;

-- Whether it is of a day's rule, which speaks to a portfolio and not because of what somebody did.
create function private.is_of_a_day(rule_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.collection_rules as rule
        where rule.id = is_of_a_day.rule_id
          and rule.trigger in ('debt_due', 'installment_due')
    )
$$;

-- "And then": the next step of the same version for the same target, once. What made the rule as
-- a whole void for the target ends it; what only this step could not do, if it says so.
create function private.open_next_step(run public.automation_runs) returns void
language sql
security definer
set search_path = ''
as $$
    with following as materialized (
        select gen_random_uuid() as id, step.position,
            private.now() + make_interval(mins => step.wait_minutes) as at
        from public.rule_steps as ended
        join public.rule_steps as step
            on step.rule_id = ended.rule_id and step.version = ended.version
            and step.position = ended.position + 1
        where ended.rule_id = (run).rule_id and ended.version = (run).version
          and ended.position = (run).position
          and ((run).status = 'done'
              or ended.goes_on and not private.ends_rule((run).reason))
          and not exists (
              select from public.automation_runs as known
              where known.rule_id = (run).rule_id and known.position = step.position
                and (known.disposition_id = (run).disposition_id
                    or known.target_id = (run).target_id and known.on_date = (run).on_date)
          )
    )
    insert into public.automation_runs (
        id, tenant_id, rule_id, version, position, disposition_id, target_id, on_date, client_id,
        next_attempt_at, queue_msg_id
    )
    select following.id, (run).tenant_id, (run).rule_id, (run).version, following.position,
        (run).disposition_id, (run).target_id, (run).on_date, (run).client_id, following.at,
        private.enqueue_run(
            following.id, following.at, private.is_of_a_day((run).rule_id)
        )
    from following
    on conflict do nothing
$$;

-- An ended run keeps its reason; its queue message is archived, so that a dead letter can be read.
create function private.finish_run(run_id uuid, status public.run_status, reason text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run public.automation_runs;
    v_msg_id bigint;
begin
    update public.automation_runs as run
    set status = finish_run.status, reason = finish_run.reason, finished_at = private.now(),
        lease_until = null, next_attempt_at = null, claim_id = null
    where run.id = finish_run.run_id
    returning * into v_run;
    v_msg_id := v_run.queue_msg_id;
    perform private.open_next_step(v_run);
    if finish_run.status <> 'done' then
        -- A message that was never begun must not look as if it were still to come.
        update public.message_logs
        set status = 'failed', failed_at = private.now(), error_code = finish_run.reason
        where message_logs.automation_run_id = finish_run.run_id
          and message_logs.status = 'queued';
        perform pgmq.archive('automations', v_msg_id);
    else
        perform pgmq.delete('automations', v_msg_id);
    end if;
end;
$$;

-- Back to the queue under a new message, whose read count begins at zero: only reads that were
-- never answered count as poison.
create function private.postpone_run(run_id uuid, until timestamptz, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_msg_id bigint;
begin
    select run.queue_msg_id into v_msg_id
    from public.automation_runs as run where run.id = postpone_run.run_id;
    perform pgmq.delete('automations', v_msg_id);
    update public.automation_runs as run
    set status = 'queued', reason = postpone_run.reason, next_attempt_at = postpone_run.until,
        lease_until = null, claim_id = null, finished_at = null,
        queue_msg_id = private.enqueue_run(
            run.id, postpone_run.until, private.is_of_a_day(run.rule_id)
        )
    where run.id = postpone_run.run_id;
end;
$$;

-- Outcome unknown: the run stays running until a receipt tells, at most this long.
create function private.await_receipt(run_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Receipts arrive within seconds; the slowest seen by providers is minutes.
    c_wait constant interval := interval '15 minutes';
    v_msg_id bigint;
begin
    update public.automation_runs as run
    set reason = 'outcome_unknown', lease_until = private.now() + c_wait, claim_id = null
    where run.id = await_receipt.run_id
    returning run.queue_msg_id into v_msg_id;
    perform pgmq.set_vt('automations', v_msg_id, extract(epoch from c_wait)::int);
end;
$$;
