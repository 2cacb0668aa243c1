-- The only places where a run changes state. Each writes the run and its queue message together.
-- Opens the runs that disposition messages ask for. The first rule's run lives under the message
-- itself, any further one under a message of its own. Asked again, it finds them and does nothing.
create function private.open_runs(msg_ids bigint[]) returns void
language sql
security definer
set search_path = ''
as $$
    with wanted as materialized (
        select gen_random_uuid() as id, disposition.tenant_id, asked.rule_id::uuid as rule_id,
            rule.version, disposition.id as disposition_id, disposition.client_id, item.msg_id,
            asked.position = 1 as is_first
        from pgmq.q_automations as item
        join public.call_dispositions as disposition
            on disposition.id::text = item.message ->> 'disposition_id'
        cross join lateral jsonb_array_elements_text(item.message -> 'rule_ids')
            with ordinality as asked (rule_id, position)
        join public.collection_rules as rule
            on rule.id::text = asked.rule_id and rule.tenant_id = disposition.tenant_id
        where item.msg_id = any(open_runs.msg_ids)
          and not exists (
              select from public.automation_runs as run
              where run.rule_id = rule.id and run.disposition_id = disposition.id
          )
          and not private.is_undone(disposition.id)
    )
    insert into public.automation_runs
        (id, tenant_id, rule_id, version, disposition_id, client_id, queue_msg_id)
    select wanted.id, wanted.tenant_id, wanted.rule_id, wanted.version, wanted.disposition_id,
        wanted.client_id,
        case when wanted.is_first then wanted.msg_id
            else private.enqueue_run(wanted.id, private.now()) end
    from wanted
    on conflict on constraint automation_runs_one_per_disposition do nothing
$$;

-- An ended run keeps its reason; its queue message is archived, so that a dead letter can be read.
create function private.finish_run(run_id uuid, status public.run_status, reason text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_msg_id bigint;
begin
    update public.automation_runs as run
    set status = finish_run.status, reason = finish_run.reason, finished_at = private.now(),
        lease_until = null, next_attempt_at = null, claim_id = null
    where run.id = finish_run.run_id
    returning run.queue_msg_id into v_msg_id;
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
        queue_msg_id = private.enqueue_run(run.id, postpone_run.until)
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
