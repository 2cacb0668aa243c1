-- Everything that failed and waits for a person, in one list: rules, messages that no rule sent,
-- charges, bulk sends (each once, with how many of its messages failed and mostly why), imports,
-- loads of the dialer, jobs, and events that changed nothing, less what somebody has set aside;
-- that is a list of its own.
-- Each branch reads at most a page of its own; who may look, and what is done again, is each area's
-- own word.
create index message_logs_failed on public.message_logs (tenant_id, failed_at desc)
where status = 'failed' and direction = 'out' and automation_run_id is null
and retried_run_id is null and batch_id is null;
create index job_runs_failed on public.job_runs (tenant_id, finished_at desc) where failures > 0;
create index provider_events_refused on private.provider_events (tenant_id, received_at desc)
where error is not null;

create function private.failed_work(
    tenant_id uuid, kinds text[], before_at timestamptz, before_id text, page_size int,
    aside boolean default false
) returns table (
    kind text, id text, failed_at timestamptz, client_id uuid, title text, reason text,
    detail text, may_retry boolean
)
language sql
stable
security definer
set search_path = ''
as $$
    -- Few: of what was set aside the branches look at these alone.
    with let_be as materialized (
        select seen.failed_id from private.failures_set_aside as seen
        where seen.tenant_id = failed_work.tenant_id
    )
    select found.kind, found.id, found.failed_at, found.client_id, found.title, found.reason,
        found.detail, found.may_retry
    from (
        (
            select 'automation' as kind, run.id::text as id, run.finished_at as failed_at,
                run.client_id, rule.name as title, run.reason, null::text as detail,
                true as may_retry
            from public.automation_runs as run
            join public.collection_rules as rule on rule.id = run.rule_id
            where run.tenant_id = failed_work.tenant_id and run.status = 'failed'
              and ((select private.sees_everything()) or private.sees_client(run.client_id))
              and 'automation' = any(kinds) and run.finished_at <= before_at
              and private.is_set_aside(
                  run.tenant_id, 'automation', run.id::text,
                  run.finished_at
              ) = aside
              and (not aside or run.id::text in (table let_be))
              and (run.finished_at, run.id::text) < (before_at, before_id)
            order by run.finished_at desc, run.id::text desc limit page_size
        )
        union all
        (
            -- What a rule or a bulk send sent is told by those.
            select 'message', message.id::text, message.failed_at, message.client_id,
                template.name, coalesce(message.error_code, 'unclassified'),
                message.error_detail, message.charge_id is not null
            from public.message_logs as message
            left join public.message_templates as template on template.id = message.template_id
            where message.tenant_id = failed_work.tenant_id and message.status = 'failed'
              and (message.client_id is null or (select private.sees_everything())
                  or private.sees_client(message.client_id))
              and message.direction = 'out' and message.automation_run_id is null
              and message.retried_run_id is null and message.batch_id is null
              and 'message' = any(kinds) and message.failed_at <= before_at
              and private.is_set_aside(
                  message.tenant_id, 'message', message.id::text,
                  message.failed_at
              ) = aside
              and (not aside or message.id::text in (table let_be))
              and (message.failed_at, message.id::text) < (before_at, before_id)
            order by message.failed_at desc, message.id::text desc limit page_size
        )
        union all
        (
            select 'charge', charge.id::text, charge.updated_at, charge.client_id,
                charge.method::text, coalesce(charge.error_code, 'unclassified'),
                charge.error_detail, true
            from public.charges as charge
            where charge.tenant_id = failed_work.tenant_id
              and ((select private.sees_everything()) or private.sees_client(charge.client_id))
              -- The first is the index's condition; an unknown one is being looked up.
              and charge.status in ('failed', 'unknown') and charge.status = 'failed'
              and 'charge' = any(kinds) and charge.updated_at <= before_at
              and private.is_set_aside(
                  charge.tenant_id, 'charge', charge.id::text,
                  charge.updated_at
              ) = aside
              and (not aside or charge.id::text in (table let_be))
              and (charge.updated_at, charge.id::text) < (before_at, before_id)
            order by charge.updated_at desc, charge.id::text desc limit page_size
        )
        union all
        (
            -- Who did not get it, and who may get it again, is told on its own page.
            select 'batch', batch.id::text,
                coalesce(batch.finished_at, batch.last_progress_at, batch.created_at), null,
                format('%s (%s)', batch.name, failed.messages), failed.code, null, false
            from public.message_batches as batch
            cross join lateral (
                select sum(counts.amount) as messages, (array_agg(
                        split_part(counts.key, ':', 2) order by counts.amount desc, counts.key
                    ))[1] as code
                from private.batch_counts as counts
                where counts.batch_id = batch.id and counts.key like 'failed:%'
                  and counts.amount > 0
            ) as failed
            where batch.tenant_id = failed_work.tenant_id and failed.messages > 0
              and 'batch' = any(kinds)
              and private.is_set_aside(
                  batch.tenant_id, 'batch', batch.id::text,
                  coalesce(batch.finished_at, batch.last_progress_at, batch.created_at)
              ) = aside
              and (not aside or batch.id::text in (table let_be))
              and (
                  coalesce(batch.finished_at, batch.last_progress_at, batch.created_at),
                  batch.id::text
              ) < (before_at, before_id)
            order by coalesce(batch.finished_at, batch.last_progress_at, batch.created_at) desc,
                batch.id::text desc
            limit page_size
        )
        union all
        (
            -- Of a failed one nothing stayed: the file is sent again. One that was cut off goes on.
            select 'import', import.id::text, coalesce(import.finished_at, import.created_at), null,
                import.file_name, coalesce(import.error_code, case import.status
                    when 'interrupted' then 'interrupted' else 'unclassified' end), null,
                import.status = 'interrupted'
            from public.imports as import
            where import.tenant_id = failed_work.tenant_id and import.status in ('failed', 'interrupted')
              and ((select private.sees_everything()) or private.sees_creditor(import.creditor_id))
              and not import.is_rehearsal and 'import' = any(kinds)
              and private.is_set_aside(
                  import.tenant_id, 'import', import.id::text,
                  coalesce(import.finished_at, import.created_at)
              ) = aside
              and (not aside or import.id::text in (table let_be))
              and (coalesce(import.finished_at, import.created_at), import.id::text)
                  < (before_at, before_id)
            order by coalesce(import.finished_at, import.created_at) desc, import.id::text desc
            limit page_size
        )
        union all
        (
            select 'dialer_export', export.id::text,
                coalesce(export.finished_at, export.created_at), null, export.list_name,
                coalesce(export.error_code, 'unclassified'), export.error_detail, true
            from public.dialer_exports as export
            where export.tenant_id = failed_work.tenant_id and export.status = 'failed'
              and 'dialer_export' = any(kinds)
              and private.is_set_aside(
                  export.tenant_id, 'dialer_export', export.id::text,
                  coalesce(export.finished_at, export.created_at)
              ) = aside
              and (not aside or export.id::text in (table let_be))
              and (coalesce(export.finished_at, export.created_at), export.id::text)
                  < (before_at, before_id)
            order by coalesce(export.finished_at, export.created_at) desc, export.id::text desc
            limit page_size
        )
        union all
        (
            -- The next run does it all again: there is nothing to press.
            select 'job', job.id::text, coalesce(job.finished_at, job.started_at), null, job.job,
                coalesce(job.result ->> 'code', 'job_failed'), job.result ->> 'error', false
            from public.job_runs as job
            where job.tenant_id = failed_work.tenant_id and job.failures > 0
              and 'job' = any(kinds)
              and private.is_set_aside(
                  job.tenant_id, 'job', job.id::text,
                  coalesce(job.finished_at, job.started_at)
              ) = aside
              and (not aside or job.id::text in (table let_be))
              and (coalesce(job.finished_at, job.started_at), job.id::text)
                  < (before_at, before_id)
            order by coalesce(job.finished_at, job.started_at) desc, job.id::text desc
            limit page_size
        )
        union all
        (
            select 'webhook', event.id::text, event.received_at, null, event.provider::text,
                event.error, event.kind, true
            from private.provider_events as event
            where event.tenant_id = failed_work.tenant_id and event.error is not null
              and 'webhook' = any(kinds)
              and private.is_set_aside(
                  event.tenant_id, 'webhook', event.id::text,
                  event.received_at
              ) = aside
              and (not aside or event.id::text in (table let_be))
              and (event.received_at, event.id::text) < (before_at, before_id)
            order by event.received_at desc, event.id::text desc limit page_size
        )
    ) as found
    order by found.failed_at desc, found.id desc
    limit page_size
$$;

create function private.failure_kinds() returns text[]
language sql
immutable
set search_path = ''
as $$
    select array[
        'automation', 'message', 'charge', 'batch', 'import', 'dialer_export', 'job', 'webhook'
    ]
$$;

create function private.list_failures(
    kinds text[], after text, page_size int, aside boolean
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('supervisor');
    v_size int := least(greatest(coalesce(page_size, 50), 1), c_max_page);
    v_kinds text[] := coalesce(kinds, private.failure_kinds());
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'text') end;
    v_rows jsonb;
begin
    if not v_kinds <@ private.failure_kinds() then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'kinds';
    end if;
    v_rows := (
        select coalesce(jsonb_agg(to_jsonb(failed) || jsonb_build_object('client_name', (
            select clients.name from public.clients
            where clients.tenant_id = v_tenant_id and clients.id = failed.client_id
        )) order by failed.failed_at desc, failed.id desc), '[]')
        from private.failed_work(
            v_tenant_id, v_kinds, coalesce(v_cursor[1]::timestamptz, 'infinity'),
            -- After every id.
            coalesce(v_cursor[2], '~'), v_size, coalesce(list_failures.aside, false)
        ) as failed
    );
    return jsonb_build_object(
        'rows', v_rows,
        'next', case when jsonb_array_length(v_rows) = v_size then private.encode_cursor(
            v_rows -> -1 ->> 'failed_at', v_rows -> -1 ->> 'id'
        ) end
    );
end;
$$;

create function private.count_failures() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- More is "999+", and a morning's work in any case.
    c_most constant int := 1000;
    v_tenant_id uuid := private.require_role('supervisor');
begin
    return (
        select jsonb_object_agg(asked.kind, (
            select count(*) from private.failed_work(
                v_tenant_id, array[asked.kind], 'infinity', '~', c_most
            )
        ))
        from unnest(private.failure_kinds()) as asked (kind)
    );
end;
$$;

create function public.list_failures(
    kinds text[] default null, after text default null, page_size int default 50,
    aside boolean default false
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_failures(kinds, after, page_size, aside) $$;
comment on function public.list_failures(text[], text, int, boolean) is
'Supervisor: {rows: [{kind, id, failed_at, client_id, client_name, title, reason, detail,
may_retry}], next}, newest first; kinds: automation message charge batch import dialer_export job
webhook; aside: those that somebody set aside instead. Errors: filter_invalid, invalid_cursor.';

create function public.count_failures() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.count_failures() $$;
comment on function public.count_failures() is 'Supervisor: {kind: how many, 1000 at most}.';

grant execute on function
private.list_failures(text[], text, int, boolean), public.list_failures(text[], text, int, boolean),
private.count_failures(), public.count_failures()
to authenticated;
