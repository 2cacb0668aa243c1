-- What is going on right now: who serves whom, what waits for a decision, what is stuck, and
-- whether the providers still talk to us. In plpgsql because half of the tables are made later.
create function private.panel_people(tenant_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_today date := private.today(tenant_id);
    v_scope uuid [] := private.creditor_scope();
begin
    return (
        -- The day is open, so these are the very events that the panel's numbers are summed from.
        with counted as materialized (
            select event.operator_id, count(*) filter (where event.measure = 'attempt') as attempts,
                count(*) filter (where event.measure = 'right_party') as right_party,
                count(*) filter (where event.measure = 'agreement') as agreements,
                sum(event.amount) filter (where event.measure = 'agreement') as agreed_cents
            from private.panel_events(
                panel_people.tenant_id, v_today, v_today, array['voice', 'message', 'agreement'],
                v_scope is null
            ) as event
            where v_scope is null or event.creditor_ids && v_scope
            group by event.operator_id
        )
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', member.user_id, 'name', member.display_name, 'role', member.role,
            'serving', case when held.client_id is not null then jsonb_build_object(
                -- Who works for some creditors sees that a colleague is busy, not with whom.
                'client_id', clients.id, 'client', clients.name,
                'document', clients.document, 'since', held.since
            ) end,
            'last_disposition_at', last_done.at,
            'attempts', coalesce(counted.attempts, 0),
            'right_party', coalesce(counted.right_party, 0),
            'agreements', coalesce(counted.agreements, 0),
            'agreed_cents', coalesce(counted.agreed_cents, 0)
        ) order by held.since is null, held.since, member.display_name, member.user_id), '[]')
        from public.memberships as member
        left join lateral (
            select serving.client_id, serving.since
            from public.client_services as serving
            where serving.operator_id = member.user_id
              and serving.tenant_id = panel_people.tenant_id
              and serving.seen_at > private.now() - private.service_patience()
            order by serving.since desc limit 1
        ) as held on true
        left join public.clients
            on clients.tenant_id = panel_people.tenant_id and clients.id = held.client_id
            and private.sees_client(clients.id)
        left join lateral (
            select done.created_at as at
            from public.call_dispositions as done
            where done.operator_id = member.user_id and done.tenant_id = panel_people.tenant_id
            order by done.created_at desc limit 1
        ) as last_done on true
        left join counted on counted.operator_id = member.user_id
        where member.tenant_id = panel_people.tenant_id and member.revoked_at is null
    );
end;
$$;

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
              and (private.sees_everything()
                  or agreement.creditor_id = any(private.creditor_scope()))
            union all
            select 'settlements_to_decide', true, count(*), min(wanted.created_at)
            from public.manual_settlements as wanted
            where wanted.tenant_id = panel_waiting.tenant_id and wanted.status = 'pending'
            union all
            select 'payments_to_decide', true, count(*), min(known.opened_at)
            from public.payment_cases as known
            where known.tenant_id = panel_waiting.tenant_id and known.resolved_at is null
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
            union all
            select 'automations_failed', false, count(*), min(run.finished_at)
            from public.automation_runs as run
            where run.tenant_id = panel_waiting.tenant_id and run.status = 'failed'
              and run.finished_at > v_recent
            union all
            select 'charges_failed', false, count(*), min(charge.updated_at)
            from public.charges as charge
            where charge.tenant_id = panel_waiting.tenant_id
              and charge.status in ('failed', 'unknown') and charge.updated_at > v_recent
            union all
            select 'imports_failed', false, count(*), min(import.created_at)
            from public.imports as import
            where import.tenant_id = panel_waiting.tenant_id
              and import.status in ('failed', 'interrupted') and import.created_at > v_recent
              and not import.is_rehearsal
            union all
            select 'jobs_failed', false, count(*), min(run.started_at)
            from public.job_runs as run
            where run.tenant_id = panel_waiting.tenant_id and run.failures > 0
              and run.on_date >= private.today(panel_waiting.tenant_id) - 1
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
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', found.kind, 'count', found.waiting, 'oldest_at', found.oldest_at
        ) order by found.oldest_at, found.kind), '[]')
        from (
            select 'automations' as kind, count(*) as waiting, min(run.created_at) as oldest_at
            from public.automation_runs as run
            where run.tenant_id = panel_queues.tenant_id and run.status in ('queued', 'running')
            union all
            select 'bulk_messages', count(*), min(batch.created_at)
            from public.message_batches as batch
            join public.batch_recipients as recipient
                on recipient.batch_id = batch.id and recipient.status = 'waiting'
            where batch.tenant_id = panel_queues.tenant_id and batch.status = 'sending'
            union all
            select 'charges', count(*), min(charge.created_at)
            from public.charges as charge
            where charge.tenant_id = panel_queues.tenant_id
              and charge.status in ('queued', 'sending', 'registering')
            union all
            select 'imports', count(*), min(import.created_at)
            from public.imports as import
            where import.tenant_id = panel_queues.tenant_id
              and import.status in ('queued', 'running')
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

create function private.panel_board() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    return jsonb_build_object(
        'now', private.now(), 'today', private.today(v_tenant_id),
        'people', private.panel_people(v_tenant_id),
        'waiting', private.panel_waiting(v_tenant_id),
        'queues', private.panel_queues(v_tenant_id),
        'providers', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'provider', integration.provider, 'last_event_at', integration.last_event_at,
                'silent_since', private.silent_since(integration),
                'failing_since', integration.failing_since
            ) order by integration.provider), '[]')
            from public.integrations as integration
            where integration.tenant_id = v_tenant_id and integration.is_active
        )
    );
end;
$$;

create function public.panel_board() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.panel_board() $$;
comment on function public.panel_board() is
'Supervisor: {now, today, people: [{id, name, role, serving: {client_id, client, document, since} |
null, last_disposition_at, attempts, right_party, agreements, agreed_cents}], waiting: [{kind,
is_decision, count, oldest_at}], queues: [{kind, count, oldest_at}], providers: [{provider, last_event_at, silent_since,
failing_since}]}.';

grant execute on function private.panel_board(), public.panel_board() to authenticated;
