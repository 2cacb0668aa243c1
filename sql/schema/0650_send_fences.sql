-- Before and after the provider's call, for what rules send and for what people send. `attempt` is
-- the fence: a worker whose lease ran out and whose run or message was claimed anew holds an older
-- number and can neither begin nor settle.
create function private.begin_sending(message_id uuid, attempt int) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.message_logs as message
    set status = 'sending', sending_at = private.now()
    where message.id = begin_sending.message_id
      and message.attempt = begin_sending.attempt
      and message.status = 'queued'
      and case
          when message.automation_run_id is null then message.lease_until > private.now()
          else exists (
              select from public.automation_runs as run
              where run.id = message.automation_run_id and run.status = 'running'
          )
      end;
    return found;
end;
$$;
comment on function private.begin_sending(uuid, int) is
'True exactly once per attempt; asked by begin_turn, which takes the number''s token.';

-- The provider's answer: submitted | retry | failed | unknown. False: the fence refused, because
-- somebody else owns the message by now.
create function private.settle_message(
    message_id uuid, attempt int, outcome text, provider_message_id text default null,
    error_code text default null, error_detail text default null,
    retry_after_seconds int default null
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run_id uuid;
    v_message public.message_logs;
begin
    if outcome is null or outcome not in ('submitted', 'retry', 'failed', 'unknown') then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    select message.automation_run_id into v_run_id
    from public.message_logs as message where message.id = settle_message.message_id;
    perform from public.automation_runs as run where run.id = v_run_id for update;
    select * into v_message
    from public.message_logs as message
    where message.id = settle_message.message_id
      and message.attempt = settle_message.attempt
      and message.status <> 'queued'
      and message.sending_at is not null
    for update;
    if not found then
        return false;
    end if;

    -- An acceptance is the truth however late it comes, also after a receipt or our own guess.
    if outcome = 'submitted' then
        perform private.advance_message(
            v_message.id, 'submitted', private.now(), settle_message.provider_message_id
        );
        perform private.await_word(array[v_message.integration_id]);
        return true;
    end if;
    -- Any other answer is void once a receipt or the deadline has spoken.
    if v_message.status not in ('sending', 'unknown') then
        return false;
    end if;
    if outcome = 'failed' then
        perform private.advance_message(
            v_message.id, 'failed', private.now(), settle_message.provider_message_id,
            error_code => coalesce(settle_message.error_code, 'unclassified'),
            error_detail => settle_message.error_detail
        );
    elsif outcome = 'retry' then
        perform private.retry_message(
            v_message.id, coalesce(settle_message.error_code, 'provider_unavailable'),
            settle_message.error_detail, settle_message.retry_after_seconds
        );
    else
        update public.message_logs as message
        set status = 'unknown', error_detail = settle_message.error_detail
        where message.id = v_message.id and message.status = 'sending';
        if v_run_id is null then
            perform private.await_message_receipt(v_message.id);
        else
            perform private.await_receipt(v_run_id);
        end if;
    end if;
    return true;
end;
$$;
comment on function private.settle_message(uuid, int, text, text, text, text, int) is
'Result, run and queue in one transaction. False: a newer attempt owns the message.';

-- Seconds until refused work is tried again: as the provider told, or doubling from 5, and up to a
-- quarter more, so that a crowd does not come back at once. Null at `most_failures`: given up.
create function private.retry_pause(failures int, retry_after_seconds int, most_failures int)
returns double precision
language sql
volatile
set search_path = ''
as $$
    select case
        when failures >= most_failures then null
        else coalesce(retry_after_seconds, 5 * 2 ^ greatest(failures - 1, 0)) * (1 + random() / 4)
    end
$$;

-- The provider refused for now and therefore has nothing: the same row will be sent again. A 429
-- waits as told and costs no attempt; its own errors cost one of five.
create function private.retry_message(
    message_id uuid, error_code text, error_detail text, retry_after_seconds int
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_most_failures constant int := 5; -- 5, 10, 20, 40 s: a minute in all
    v_is_free boolean := error_code = 'rate_limited';
    v_run_id uuid;
    v_failures int;
    v_pause double precision;
    v_until timestamptz;
begin
    update public.automation_runs as run
    set failures = run.failures + case when v_is_free then 0 else 1 end
    from public.message_logs as message
    where message.id = retry_message.message_id and run.id = message.automation_run_id
    returning run.id, run.failures into v_run_id, v_failures;
    if v_run_id is null then
        update public.message_logs as message
        set failures = message.failures + case when v_is_free then 0 else 1 end
        where message.id = retry_message.message_id
        returning message.failures into v_failures;
    end if;
    v_pause := private.retry_pause(v_failures, retry_after_seconds, c_most_failures);
    if v_pause is null then
        perform private.advance_message(
            message_id, 'failed', private.now(),
            error_code => retry_message.error_code, error_detail => retry_message.error_detail
        );
        return;
    end if;
    v_until := private.now() + make_interval(secs => v_pause);
    update public.message_logs as message
    set status = 'queued', sending_at = null, error_code = retry_message.error_code,
        error_detail = retry_message.error_detail
    where message.id = retry_message.message_id;
    if v_run_id is null then
        perform private.postpone_message(message_id, v_until);
    else
        perform private.postpone_run(v_run_id, v_until, error_code);
    end if;
    if v_is_free then
        perform private.pause_integration(message_id, make_interval(secs => v_pause));
    end if;
end;
$$;

create function private.pause_integration(message_id uuid, pause interval) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid;
begin
    select integration.id into v_id
    from public.message_logs as message
    join public.integrations as integration on integration.id = message.integration_id
    where message.id = pause_integration.message_id
    -- A batch-mate that met the same limit is writing the same.
    for no key update of integration skip locked;
    if found then
        update public.integrations as integration
        set paused_until = greatest(integration.paused_until, private.now() + pause)
        where integration.id = v_id;
    end if;
end;
$$;

grant execute on function
private.settle_message(uuid, int, text, text, text, text, int)
to worker;
