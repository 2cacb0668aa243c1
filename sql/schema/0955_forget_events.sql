-- What providers told us holds names, numbers and texts, and is copied to where it belongs as it is
-- applied. The raw event is kept for questions of the last months, then nobody needs it.
create function private.forget_provider_events() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Beyond every provider's redelivery (a week at most) and any month's complaint.
    c_kept constant interval := interval '90 days';
    -- Longer than any question about a night that failed.
    c_looks_kept constant interval := '7 days';
    -- About ten seconds; after a long silence the next nights go on.
    c_max_events constant int := 500000;
    v_forgotten int;
begin
    delete from private.provider_events as event
    where event.id in (
        select old.id
        from public.integrations as integration
        cross join lateral (
            select stored.id from private.provider_events as stored
            where stored.tenant_id = integration.tenant_id
              and stored.integration_id = integration.id
              and stored.received_at < private.now() - c_kept
            order by stored.received_at
        ) as old
        limit c_max_events
    );
    get diagnostics v_forgotten = row_count;
    -- Dead letters hold ids alone, and point at rows that say what became of them.
    delete from pgmq.a_automations as ended
    where ended.archived_at < clock_timestamp() - c_kept;
    delete from pgmq.a_messages as ended
    where ended.archived_at < clock_timestamp() - c_kept;
    delete from pgmq.a_charges as ended
    where ended.archived_at < clock_timestamp() - c_kept;
    -- One that failed may be resumed, and keeps what it has done.
    delete from private.dialer_tasks as task
    where task.status in ('done', 'failed', 'cancelled') and task.done_at < private.now() - c_kept
      and not exists (
          select from public.dialer_exports as export
          where export.tenant_id = task.tenant_id and export.id = task.export_id
            and export.status not in ('done', 'cancelled')
      );
    -- Where the next sweep begins is told by the last.
    delete from public.call_sweeps as sweep
    where sweep.started_at < private.now() - c_kept;
    -- The scheduler notes every look, some every two seconds, and never forgets one itself.
    if to_regclass('cron.job_run_details') is not null then
        delete from cron.job_run_details as look
        where coalesce(look.end_time, look.start_time) < clock_timestamp() - c_looks_kept;
    end if;
    return v_forgotten;
end;
$$;
comment on function private.forget_provider_events() is
'Number of events deleted, those received more than 90 days ago.';

select cron.schedule('forget-events', '43 4 * * *', 'select private.forget_provider_events()');

-- Who was sent to the dialer, and what became of each, is kept for half a year; then of an export
-- stay its counts, and how many ended how. Its list is silent for five months by then (0949).
create function private.forget_dialer_results() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A debtor's complaint, and a campaign compared with the one before it, ask no further back.
    c_kept constant interval := interval '180 days';
    -- About ten seconds; after a long silence the next nights go on.
    c_max_rows constant int := 200000;
    v_forgotten int;
begin
    update public.dialer_exports as export
    set results = private.count_dialer_results(export.id, null),
        -- It cannot be resumed any more.
        status = case when export.status = 'failed' then 'cancelled' else export.status
            end::public.dialer_export_status
    where export.results is null and export.status in ('done', 'failed', 'cancelled')
      and coalesce(export.finished_at, export.created_at) < private.now() - c_kept;
    delete from private.dialer_tasks as task
    using public.dialer_exports as export
    where export.tenant_id = task.tenant_id and export.id = task.export_id
      and export.results is not null and task.status not in ('queued', 'sending');
    delete from public.dialer_export_rows as contact
    where (contact.export_id, contact.place) in (
        select old.export_id, old.place
        from public.dialer_exports as export
        join public.dialer_export_rows as old
            on old.tenant_id = export.tenant_id and old.export_id = export.id
        where export.results is not null
        limit c_max_rows
    );
    get diagnostics v_forgotten = row_count;
    return v_forgotten;
end;
$$;
comment on function private.forget_dialer_results() is
'Rows of exports that ended more than 180 days ago, deleted; their counts stay.';

select cron.schedule(
    'forget-dialer-results', '53 4 * * *', 'select private.forget_dialer_results()'
);
