-- What waits for a decision, what is stuck and what is on its way out, by the same sight as the
-- lists that the board leads to, less what somebody has set aside there. In plpgsql because half of
-- the tables are made later.

-- Each {kind, count, oldest_at}, only where there is something.
create function private.panel_waiting(tenant_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Older failures were seen or never will be.
    c_recent constant interval := interval '7 days';
    v_recent timestamptz := private.now() - c_recent;
    -- Null: all of them. Not asked row by row: a ruler's morning is 200,000 rows.
    v_scope uuid [] := private.creditor_scope();
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', found.kind, 'is_decision', found.is_decision, 'count', found.waiting,
            'oldest_at', found.oldest_at
        ) order by not found.is_decision, found.oldest_at, found.kind), '[]')
        from (
            select 'agreements_to_approve' as kind, true as is_decision, count(*) as waiting,
                min(agreement.created_at) as oldest_at
            from public.agreements as agreement
            where agreement.tenant_id = panel_waiting.tenant_id
              and agreement.status = 'pending_approval'
              and (v_scope is null or agreement.creditor_id = any(v_scope))
            union all
            select 'settlements_to_decide', true, count(*), min(wanted.created_at)
            from public.manual_settlements as wanted
            where wanted.tenant_id = panel_waiting.tenant_id and wanted.status = 'pending'
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = wanted.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'payments_to_decide', true, count(*), min(known.opened_at)
            from public.payment_cases as known
            where known.tenant_id = panel_waiting.tenant_id and known.resolved_at is null
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = known.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'batches_to_confirm', true, count(*), min(batch.created_at)
            from public.message_batches as batch
            where batch.tenant_id = panel_waiting.tenant_id
              and batch.status = 'awaiting_confirmation'
            union all
            select 'callbacks_overdue', false, count(*), min(promised.due_at)
            from public.callbacks as promised
            where promised.tenant_id = panel_waiting.tenant_id
              and promised.status = 'scheduled' and promised.due_at < private.now()
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = promised.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'automations_failed', false, count(*), min(run.finished_at)
            from public.automation_runs as run
            where run.tenant_id = panel_waiting.tenant_id and run.status = 'failed'
              and run.finished_at > v_recent
              and not private.is_set_aside(
                  run.tenant_id, 'automation', run.id::text, run.finished_at
              )
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = run.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'charges_failed', false, count(*), min(charge.updated_at)
            from public.charges as charge
            where charge.tenant_id = panel_waiting.tenant_id
              -- As the list: the first is the index's condition.
              and charge.status in ('failed', 'unknown') and charge.status = 'failed'
              and charge.updated_at > v_recent
              and not private.is_set_aside(
                  charge.tenant_id, 'charge', charge.id::text, charge.updated_at
              )
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = charge.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'imports_failed', false, count(*), min(import.created_at)
            from public.imports as import
            where import.tenant_id = panel_waiting.tenant_id
              and import.status in ('failed', 'interrupted') and import.created_at > v_recent
              and not import.is_rehearsal
              and not private.is_set_aside(
                  import.tenant_id, 'import', import.id::text,
                  coalesce(import.finished_at, import.created_at)
              )
              and (v_scope is null or import.creditor_id = any(v_scope))
            union all
            select 'jobs_failed', false, count(*), min(run.started_at)
            from public.job_runs as run
            where run.tenant_id = panel_waiting.tenant_id and run.failures > 0
              and run.on_date >= private.today(panel_waiting.tenant_id) - 1
              and not private.is_set_aside(
                  run.tenant_id, 'job', run.id::text, coalesce(run.finished_at, run.started_at)
              )
        ) as found
        where found.waiting > 0
    );
end;
$$;

-- What is on its way out, by kind: {kind, count, oldest_at}, only where there is something.
create function private.panel_queues(tenant_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope uuid [] := private.creditor_scope();
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', found.kind, 'count', found.waiting, 'oldest_at', found.oldest_at
        ) order by found.oldest_at, found.kind), '[]')
        from (
            select 'automations' as kind, count(*) as waiting, min(run.created_at) as oldest_at
            from public.automation_runs as run
            where run.tenant_id = panel_queues.tenant_id and run.status in ('queued', 'running')
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = run.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'bulk_messages', count(*), min(batch.created_at)
            from public.message_batches as batch
            join public.batch_recipients as recipient
                on recipient.batch_id = batch.id and recipient.status = 'waiting'
            where batch.tenant_id = panel_queues.tenant_id and batch.status = 'sending'
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = recipient.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'charges', count(*), min(charge.created_at)
            from public.charges as charge
            where charge.tenant_id = panel_queues.tenant_id
              and charge.status in ('queued', 'sending', 'registering')
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = charge.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'imports', count(*), min(import.created_at)
            from public.imports as import
            where import.tenant_id = panel_queues.tenant_id
              and import.status in ('queued', 'running')
              and (v_scope is null or import.creditor_id = any(v_scope))
            union all
            select 'dialer_exports', count(*), min(export.created_at)
            from public.dialer_exports as export
            where export.tenant_id = panel_queues.tenant_id
              and export.status in ('planning', 'loading')
        ) as found
        where found.waiting > 0
    );
end;
$$;
-- Serve the above: what is under way is little beside what is over.
create index automation_runs_under_way on public.automation_runs (tenant_id, created_at)
where status in ('queued', 'running');
create index charges_under_way on public.charges (tenant_id, created_at)
where status in ('queued', 'sending', 'registering');
