-- A person looks at a failed or skipped run and says "again". The old message stays in the history
-- with its own provider id, so that its late receipts still find it; the new try is a new message.
create function private.retry_automation_run(run_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_run public.automation_runs;
begin
    select * into v_run
    from public.automation_runs as run
    where run.id = retry_automation_run.run_id and run.tenant_id = v_tenant_id
    for update;
    if not found then
        raise exception 'run_not_found' using errcode = 'PT404',
            detail = 'no automation run with this id in the tenant';
    end if;
    if v_run.status not in ('failed', 'skipped') then
        raise exception 'run_not_retryable' using errcode = 'PT409',
            detail = 'only failed and skipped runs; this one is ' || v_run.status;
    end if;
    update public.message_logs as message
    set retried_run_id = message.automation_run_id, automation_run_id = null
    where message.automation_run_id = v_run.id;
    -- Whoever says "again" means the rule as it is today, where it still does this at this place.
    update public.automation_runs as run
    set status = 'queued', reason = null, failures = 0, retried_at = private.now(),
        finished_at = null, next_attempt_at = null, lease_until = null, claim_id = null,
        version = case when exists (
            select from public.rule_steps as was
            join public.rule_steps as became
                on became.rule_id = was.rule_id and became.position = was.position
                and became.action = was.action and became.version = rule.version
            where was.rule_id = run.rule_id and was.version = run.version
              and was.position = run.position
        ) then rule.version else run.version end,
        queue_msg_id = private.enqueue_run(run.id, private.now())
    from public.collection_rules as rule
    where run.id = v_run.id and rule.id = run.rule_id;
    perform private.wake_function('run-automations');
end;
$$;

create function public.retry_automation_run(run_id uuid) returns void
language sql
set search_path = ''
as $$ select private.retry_automation_run(private.seen('automation_runs', run_id)) $$;

grant execute on function
private.retry_automation_run(uuid), public.retry_automation_run(uuid)
to authenticated;
