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
    -- An export's own tasks stay with it: it may be resumed.
    delete from private.dialer_tasks as task
    where task.kind in ('qualify', 'remove') and task.status in ('done', 'failed', 'cancelled')
      and task.done_at < private.now() - c_kept;
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
