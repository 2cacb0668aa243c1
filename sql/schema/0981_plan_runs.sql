-- What to do with each claimed run, asked at the last moment before sending. The answers are those
-- of `plan_targets`, which a dry run asks, too.
create function private.plan_runs(claim_id uuid) returns setof private.run_plan
language sql
stable
security definer
set search_path = ''
as $$
    with claimed as materialized (
        select run.*, row_number() over (order by rule.priority, run.created_at, run.id)::int
                as place,
            -- What waits is asked for by the end of its wait.
            coalesce(run.retried_at, make_interval(mins => step.wait_minutes) + case
                when run.position = 1 then coalesce(call.created_at, run.created_at)
                else run.created_at end) as asked_at
        from public.automation_runs as run
        join public.collection_rules as rule on rule.id = run.rule_id
        join public.rule_steps as step
            on step.rule_id = run.rule_id and step.version = run.version
            and step.position = run.position
        left join public.call_dispositions as call on call.id = run.disposition_id
        where run.claim_id = plan_runs.claim_id and run.status = 'running'
    )
    select claimed.id, claimed.tenant_id, claimed.client_id, claimed.queue_msg_id,
        plan.verdict, plan.reason, plan.not_before, claimed.attempt + 1, plan.provider,
        plan.integration_id, plan.settings, plan.phone, plan.template_id,
        plan.provider_template_id, plan.language, plan.body, plan.params, plan.sender_id
    from claimed
    join private.plan_targets(
        array(
            select (
                claimed.place, claimed.id, claimed.tenant_id, claimed.rule_id, claimed.version,
                claimed.position, claimed.client_id, claimed.disposition_id, claimed.target_id,
                claimed.on_date, claimed.asked_at
            )::private.rule_target
            from claimed
        ), private.now()
    ) as plan on plan.place = claimed.place
$$;
