-- The outbox's queues, and how a function is woken: pg_net right after the commit, pg_cron for what
-- a lost wake-up left behind. Messages hold ids only.
select pgmq.create('automations');
select pgmq.create('messages');
select pgmq.create('provider_events');

-- Queue rows are rewritten at every read: leave room in the page, vacuum early and at full speed.
alter table pgmq.q_automations set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);
alter table pgmq.q_messages set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);
alter table pgmq.q_provider_events set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);

-- What a day's rule asks of a whole portfolio is background; what somebody has just done is not,
-- and never stands behind it. Each lane is read by what is due first (0630).
create index q_automations_at_once on pgmq.q_automations (vt)
where (message ? 'is_background') is not true;
create index q_automations_background on pgmq.q_automations (vt)
where (message ? 'is_background') is true;

-- Calls that are over stand behind nobody's receipt (0670).
create index q_provider_events_of_calls on pgmq.q_provider_events (msg_id)
where (message ? 'is_call') is true;
create index q_provider_events_of_others on pgmq.q_provider_events (msg_id)
where (message ? 'is_call') is not true;

-- Both secrets are written by the local stack, or by the deploy guide. Without them nothing is
-- called: the work stays queued, visible and safe.
create function private.wake_function(name text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_url text;
    v_key text;
begin
    select
        max(known.decrypted_secret) filter (where known.name = 'functions_url'),
        max(known.decrypted_secret) filter (where known.name = 'jobs_key')
    into v_url, v_key
    from vault.decrypted_secrets as known
    where known.name in ('functions_url', 'jobs_key');
    if v_url is null or v_key is null then
        return;
    end if;
    perform net.http_post(
        url => v_url || '/' || wake_function.name,
        body => '{}'::jsonb,
        headers => jsonb_build_object(
            'Content-Type', 'application/json', 'Authorization', 'Bearer ' || v_key
        )
    );
end;
$$;

create function private.sweep_queues() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- A message nobody read for half a minute: show its runs as queued while the function is down.
    perform private.open_runs(array(
        select unread.msg_id
        from pgmq.q_automations as unread
        where unread.read_ct = 0 and unread.enqueued_at < now() - interval '30 seconds'
          and unread.vt <= clock_timestamp()
          and (unread.message ? 'is_background') is not true
          and unread.message ? 'disposition_id'
        limit 500
    ));
    if exists (select from pgmq.q_automations where vt <= clock_timestamp())
        or exists (select from pgmq.q_provider_events where vt <= clock_timestamp())
    then
        perform private.wake_function('run-automations');
    end if;
    if exists (select from pgmq.q_messages where vt <= clock_timestamp()) then
        perform private.wake_function('send-message');
    end if;
end;
$$;

select cron.schedule('sweep-queues', '* * * * *', 'select private.sweep_queues()');

-- A disposition's effects leave when it can no longer be taken back: nobody else wakes the function
-- then. Every two seconds, a look at the few rows that nobody has read.
create function private.release_held() returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Held tasks of the dialer come due between two looks; older ones are the sweep's (0954).
    c_look constant interval := '10 seconds';
begin
    perform private.release_removals();
    if exists (
        select from private.dialer_tasks as task
        where task.status in ('queued', 'sending') and task.kind = 'qualify' and task.attempt = 0
          and task.next_attempt_at between private.now() - c_look and private.now()
    ) then
        perform private.wake_function('3cplus-export');
    end if;
    if exists (
        select from pgmq.q_automations as held
        where held.vt <= clock_timestamp() and held.read_ct = 0
          and (held.message ? 'is_background') is not true
    ) then
        perform private.wake_function('run-automations');
        return true;
    end if;
    return false;
end;
$$;
comment on function private.release_held() is 'Whether something was due.';

select cron.schedule('release-held', '2 seconds', 'select private.release_held()');

-- `at` is the product's time; the queue lives in real time.
create function private.enqueue_run(
    run_id uuid, at timestamptz, is_background boolean default false
) returns bigint
language sql
security definer
set search_path = ''
as $$
    insert into pgmq.q_automations (vt, message)
    values (
        pg_catalog.clock_timestamp() + (enqueue_run.at - private.now()),
        pg_catalog.jsonb_build_object('run_id', enqueue_run.run_id)
        || case when enqueue_run.is_background then '{"is_background": true}' else '{}'::jsonb end
    )
    returning msg_id
$$;
