-- The job that fetches files: claimed with a lease, settled with the attempt as a fence, so that a
-- file is kept once whoever dies and however many instances run.
create function private.claim_media(max int, lease_seconds int)
returns table (
    message_id uuid, attempt int, integration_id uuid, provider public.provider_name,
    settings jsonb, media jsonb
)
language sql
security definer
set search_path = ''
as $$
    with due as (
        select waiting.message_id, known.source is null as is_gone
        from public.message_media as waiting
        left join private.media_sources as known on known.message_id = waiting.message_id
        where waiting.status = 'waiting' and waiting.next_attempt_at <= private.now()
          and (waiting.lease_until is null or waiting.lease_until <= private.now())
        order by waiting.next_attempt_at
        limit claim_media.max
        for update of waiting skip locked
    ),
    -- Nobody knows any more where it lies.
    gone as (
        update public.message_media as waiting
        set status = 'failed', reason = 'gone', next_attempt_at = null, lease_until = null
        from due
        where waiting.message_id = due.message_id and due.is_gone
    ),
    claimed as (
        update public.message_media as waiting
        set attempt = waiting.attempt + 1,
            lease_until = private.now() + make_interval(secs => claim_media.lease_seconds)
        from due
        where waiting.message_id = due.message_id and not due.is_gone
        returning waiting.message_id, waiting.attempt
    )
    select claimed.message_id, claimed.attempt, message.integration_id, message.provider,
        private.sender_settings(message.sender_id), known.source
    from claimed
    join public.message_logs as message on message.id = claimed.message_id
    join private.media_sources as known on known.message_id = claimed.message_id
$$;
comment on function private.claim_media(int, int) is
'Files to fetch now, leased for lease_seconds. Commit before fetching.';

-- outcome: kept (with content, mime_type), retry, refused, failed. False: a newer attempt has it.
create function private.settle_media(
    message_id uuid, attempt int, outcome text, reason text default null,
    mime_type text default null, content bytea default null
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 20 s doubling, 85 minutes in all: Meta gives a new address each time, Gupshup's are dead then.
    c_max_failures constant int := 9;
    c_first_pause constant interval := interval '20 seconds';
    v_media public.message_media;
begin
    if outcome is null or outcome not in ('kept', 'retry', 'refused', 'failed')
        or (outcome = 'kept') <> (content is not null)
    then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    select * into v_media from public.message_media as media
    where media.message_id = settle_media.message_id and media.attempt = settle_media.attempt
      and media.status = 'waiting'
    for update;
    if not found then
        return false;
    end if;
    if outcome = 'kept' then
        insert into private.media_files (message_id, tenant_id, content)
        values (v_media.message_id, v_media.tenant_id, settle_media.content);
    elsif outcome = 'retry' and v_media.failures + 1 >= c_max_failures then
        outcome := 'failed';
    end if;
    update public.message_media as media
    set status = case outcome when 'retry' then 'waiting' else outcome end::public.media_status,
        failures = media.failures + case when outcome = 'retry' then 1 else 0 end,
        next_attempt_at = case when outcome = 'retry'
            then private.now() + c_first_pause * 2 ^ media.failures end,
        lease_until = null,
        mime_type = coalesce(media.mime_type, settle_media.mime_type),
        size_bytes = octet_length(settle_media.content),
        reason = case when outcome <> 'kept' then settle_media.reason end,
        kept_at = case when outcome = 'kept' then private.now() end
    where media.message_id = v_media.message_id;
    delete from private.media_sources as known
    where known.message_id = v_media.message_id and outcome <> 'retry';
    -- The talk's pages fetch it anew.
    perform realtime.send(
        jsonb_build_object('conversation_ids', jsonb_build_array(message.conversation_id),
            'count', 1, 'at', private.now()),
        'conversation_changed', 'tenant:' || v_media.tenant_id, true
    )
    from public.message_logs as message
    where message.id = v_media.message_id and outcome <> 'retry';
    return true;
end;
$$;

grant execute on function
private.claim_media(int, int), private.settle_media(uuid, int, text, text, text, bytea)
to worker;

create function private.sweep_media() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if exists (
        select from public.message_media as waiting
        where waiting.status = 'waiting' and waiting.next_attempt_at <= private.now()
    ) then
        perform private.wake_function('fetch-media');
    end if;
end;
$$;
select cron.schedule('sweep-media', '* * * * *', 'select private.sweep_media()');
