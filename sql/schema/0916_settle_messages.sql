-- Two of our numbers may have claimed one telephone in the same instant, each blind to the other:
-- whoever begins holds it until the commit, and who comes within its six seconds waits. An agency
-- of one number holds nothing, because its claims follow one another.
create function private.hold_numbers(message_ids uuid[]) returns uuid[]
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_asked uuid[] := array(
        select message.id
        from public.message_logs as message
        where message.id = any(hold_numbers.message_ids) and exists (
            select from public.senders as other
            where other.tenant_id = message.tenant_id and other.id <> message.sender_id
              and other.state = 'active'
        )
    );
begin
    if cardinality(v_asked) = 0 then
        return '{}';
    end if;
    perform pg_advisory_xact_lock(hashtextextended(held.number, 2))
    from (
        select distinct message.tenant_id || private.phone_match(message.phone) as number
        from public.message_logs as message where message.id = any(v_asked)
        order by 1
    ) as held;
    return array(
        select message.id
        from public.message_logs as message
        where message.id = any(v_asked) and exists (
            select from public.message_logs as latest
            where latest.tenant_id = message.tenant_id
              and private.phone_match(latest.phone) = private.phone_match(message.phone)
              and latest.direction = 'out' and latest.id <> message.id
              and latest.status not in ('queued', 'failed')
              -- Not by its age: what was put back keeps its row, and begins days later.
              and latest.sending_at > private.now() - interval '6 seconds'
        )
    );
end;
$$;
comment on function private.hold_numbers(uuid[]) is
'Which messages would reach a telephone that another number of ours has just written to.';

-- Before and after the provider's calls, for many messages at once. `attempt` is the fence: a
-- worker whose lease ran out holds an older number and can neither begin nor settle.
create function private.begin_batch_messages(message_ids uuid[], attempts int[])
returns setof uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_held uuid[];
    v_capped uuid[];
    v_begun uuid[];
begin
    -- Two sends may have claimed one person in the same instant: both saw no attempt yet.
    v_capped := private.hold_attempts(begin_batch_messages.message_ids)
        || private.hold_numbers(begin_batch_messages.message_ids);
    -- Whose lease ran out is being given back at this moment, and may be sent by another.
    v_held := array(
        select recipient.message_id
        from public.batch_recipients as recipient
        join public.message_logs as message on message.id = recipient.message_id
        where message.id = any(begin_batch_messages.message_ids)
          and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
          -- The lease ends with the hours of the person's state at the latest.
          and recipient.status = 'claimed' and recipient.lease_until > private.now()
        order by recipient.batch_id, recipient.client_id
        for update of recipient
    );
    with begun as (
        update public.message_logs as message
        set status = 'sending', sending_at = private.now()
        from unnest(begin_batch_messages.message_ids, begin_batch_messages.attempts)
            as asked (id, attempt)
        where message.id = asked.id and message.attempt = asked.attempt
          and message.status = 'queued'
          and message.id = any(v_held) and message.id <> all(v_capped)
          -- Somebody may have pressed pause since the claim.
          and exists (
              select from public.message_batches as batch
              where batch.id = message.batch_id and batch.status = 'sending'
          )
          -- Or have asked for silence; only who is marked is looked up.
          and not exists (
              select from private.client_contacts as contact
              where contact.tenant_id = message.tenant_id
                and contact.client_id = message.client_id
                and contact.whatsapp_blocked_until > private.now()
                and private.is_suppressed(
                    message.tenant_id, message.client_id, message.phone, 'whatsapp', private.now()
                )
          )
        returning message.id
    )
    select coalesce(array_agg(begun.id), '{}') into v_begun from begun;
    -- Paused meanwhile, silenced, or one too many: the next claim says which, and until when.
    update public.batch_recipients as recipient
    set status = 'waiting', lease_until = null
    from public.message_logs as message
    join unnest(begin_batch_messages.message_ids, begin_batch_messages.attempts)
        as asked (id, attempt)
        on asked.id = message.id and asked.attempt = message.attempt
    where message.id = any(v_held) and message.id <> all(v_begun) and message.status = 'queued'
      and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
      and recipient.status = 'claimed';
    return query select begun.id from unnest(v_begun) as begun (id);
end;
$$;
comment on function private.begin_batch_messages(uuid[], int[]) is
'The ids that may be sent, each exactly once per attempt; commit, then call the provider.';

-- A worker that is asked to stop gives back what it has not called: claimed or begun, it certainly
-- never left, and waits again at once instead of for its lease.
create function private.release_batch_messages(message_ids uuid[], attempts int[]) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_back uuid[];
begin
    with asked as materialized (
        select message.id
        from unnest(release_batch_messages.message_ids, release_batch_messages.attempts)
            as told (id, attempt)
        join public.message_logs as message
            on message.id = told.id and message.attempt = told.attempt
            and message.status in ('queued', 'sending')
        order by message.id
        for update of message
    ),
    back as (
        update public.message_logs as message set status = 'queued', sending_at = null
        from asked
        where message.id = asked.id
        returning message.id
    )
    select coalesce(array_agg(back.id), '{}') into v_back from back;
    update public.batch_recipients as recipient set status = 'waiting', lease_until = null
    from public.message_logs as message
    where message.id = any(v_back)
      and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
      and recipient.status = 'claimed';
    return cardinality(v_back);
end;
$$;
comment on function private.release_batch_messages(uuid[], int[]) is
'How many wait again. Only for messages whose call was never made and never will be.';

-- results: [{message_id, attempt, outcome, provider_message_id, error_code, error_detail,
-- retry_after_seconds}]. Answers the ids that are settled or are nobody's to settle any more;
-- whoever is missing was held by a receipt at that moment and is asked again.
create function private.settle_batch_messages(results jsonb) returns setof uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Gone, paused or disabled for all; other refusals are of one person's variables.
    c_template_is_stopped constant text := '^(132001|132007|132015|132016|4003|4005)\M';
    v_ids uuid[];
    v_result record;
begin
    -- Receipts lock many messages in their own order: to wait for them while holding others would
    -- deadlock.
    v_ids := array(
        select message.id
        from jsonb_to_recordset(results) as told (message_id uuid, attempt int)
        join public.message_logs as message on message.id = told.message_id
        order by message.id
        for update of message skip locked
    );
    update public.message_logs as message
    set status = case
            when private.message_rank(message.status) < private.message_rank('submitted')
                or message.status = 'failed' and message.error_code = 'outcome_unknown'
                then 'submitted' else message.status end,
        provider_message_id = coalesce(message.provider_message_id, told.provider_message_id),
        -- Meta's own id is WhatsApp's.
        wamid = coalesce(message.wamid, case when told.provider_message_id like 'wamid.%'
            then told.provider_message_id end),
        submitted_at = least(message.submitted_at, private.now()),
        failed_at = case when message.error_code = 'outcome_unknown' then null
            else message.failed_at end,
        error_code = case when message.error_code = 'outcome_unknown' then null
            else message.error_code end
    from jsonb_to_recordset(results) as told (
        message_id uuid, attempt int, outcome text, provider_message_id text
    )
    where told.outcome = 'submitted' and message.id = told.message_id
      and message.id = any(v_ids) and message.attempt = told.attempt
      and message.sending_at is not null and message.status <> 'queued';
    perform private.await_word(array(
        select distinct message.integration_id
        from jsonb_to_recordset(results) as told (message_id uuid, outcome text)
        join public.message_logs as message on message.id = told.message_id
        where told.outcome = 'submitted'
    ));
    for v_result in
        select told.*, message.batch_id, message.client_id, message.sender_id
        from jsonb_to_recordset(results) as told (
            message_id uuid, attempt int, outcome text, provider_message_id text,
            error_code text, error_detail text, retry_after_seconds int
        )
        join public.message_logs as message
            on message.id = told.message_id and message.attempt = told.attempt
            and message.status in ('sending', 'unknown')
        where told.outcome <> 'submitted' and message.id = any(v_ids)
        order by message.id
    loop
        if v_result.error_code = 'configuration' and v_result.outcome = 'failed' then
            -- Not this person's failure: it waits until somebody has mended the sender.
            perform private.put_back(
                v_result.message_id, private.now(), 'configuration', v_result.error_detail
            );
            perform private.mark_integration(
                sender.integration_id, coalesce(v_result.error_detail, 'configuration')
            ), private.pause_sender(sender.id, 'configuration', v_result.error_detail)
            from public.senders as sender where sender.id = v_result.sender_id;
        elsif v_result.error_code = 'template_rejected' and v_result.outcome = 'failed'
            and v_result.error_detail ~ c_template_is_stopped
        then
            -- Everybody behind would meet the same: they wait until the template is mended.
            perform private.put_back(
                v_result.message_id, private.now(), 'template_rejected', v_result.error_detail
            ), private.halt_batch(v_result.batch_id);
        elsif v_result.outcome = 'failed' then
            perform private.advance_message(
                v_result.message_id, 'failed', private.now(), v_result.provider_message_id,
                error_code => coalesce(v_result.error_code, 'unclassified'),
                error_detail => v_result.error_detail
            );
        elsif v_result.outcome = 'retry' then
            perform private.retry_batch_message(
                v_result.message_id, coalesce(v_result.error_code, 'provider_unavailable'),
                v_result.error_detail, v_result.retry_after_seconds
            );
        else
            update public.message_logs as message
            set status = 'unknown', error_detail = v_result.error_detail
            where message.id = v_result.message_id;
        end if;
    end loop;
    update public.batch_recipients as recipient
    set status = 'done', lease_until = null, reason = null
    from public.message_logs as message
    where message.id = any(v_ids) and message.status not in ('queued', 'sending')
      and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
      and recipient.status = 'claimed';
    return query
    select distinct told.message_id
    from jsonb_to_recordset(results) as told (message_id uuid)
    where told.message_id = any(v_ids)
       or not exists (
           select from public.message_logs as message where message.id = told.message_id
       );
end;
$$;

-- Its template may not be sent any more: it rests, and somebody hears of it once.
create function private.halt_batch(batch_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_batch public.message_batches;
begin
    select * into v_batch from public.message_batches as batch
    where batch.id = halt_batch.batch_id for update;
    if v_batch.status = 'sending' then
        perform private.move_batch(v_batch.id, 'paused');
        perform private.tell_supervisors(
            v_batch.tenant_id, 'batch_stalled', jsonb_build_object('batch_id', v_batch.id)
        );
    end if;
end;
$$;

-- The message was certainly not taken: the same row waits again.
create function private.put_back(
    message_id uuid, until timestamptz, error_code text, error_detail text
) returns void
language sql
security definer
set search_path = ''
as $$
    -- Its lease had run out, and the batch with it: somebody waits again.
    select private.move_batch(batch.id, 'sending')
    from public.message_logs as message
    join public.message_batches as batch on batch.id = message.batch_id
    where message.id = put_back.message_id and batch.status = 'done';
    with back as (
        update public.message_logs as message
        set status = 'queued', sending_at = null, error_code = put_back.error_code,
            error_detail = put_back.error_detail
        where message.id = put_back.message_id
        returning message.batch_id, message.client_id
    )
    update public.batch_recipients as recipient
    set status = 'waiting', lease_until = null, reason = put_back.error_code,
        not_before = put_back.until
    from back
    where recipient.batch_id = back.batch_id and recipient.client_id = back.client_id
$$;

-- A 429 waits as told and costs no attempt; the provider's own errors cost one of five. The
-- number's limit holds everybody's messages, the pair limit (131056) one person's.
create function private.retry_batch_message(
    message_id uuid, error_code text, error_detail text, retry_after_seconds int
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_most_failures constant int := 5; -- as a message alone
    v_is_free boolean := error_code = 'rate_limited';
    v_failures int;
    v_pause double precision;
begin
    update public.batch_recipients as recipient
    set failures = recipient.failures + case when v_is_free then 0 else 1 end
    from public.message_logs as message
    where message.id = retry_batch_message.message_id
      and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
    returning recipient.failures into v_failures;
    v_pause := private.retry_pause(v_failures, retry_after_seconds, c_most_failures);
    if v_pause is null then
        perform private.advance_message(
            message_id, 'failed', private.now(),
            error_code => retry_batch_message.error_code,
            error_detail => retry_batch_message.error_detail
        );
        return;
    end if;
    perform private.put_back(
        message_id, private.now() + make_interval(secs => v_pause), error_code, error_detail
    );
    if v_is_free and coalesce(error_detail, '') not like '131056%' then
        update public.senders as sender
        set paused_until = greatest(
            sender.paused_until, private.now() + make_interval(secs => v_pause)
        )
        from public.message_logs as message
        where message.id = retry_batch_message.message_id and sender.id = message.sender_id;
    end if;
end;
$$;

grant execute on function
private.begin_batch_messages(uuid[], int[]), private.release_batch_messages(uuid[], int[]),
private.settle_batch_messages(jsonb), private.fold_batch_counts()
to worker;
