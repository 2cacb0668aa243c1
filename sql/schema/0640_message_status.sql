-- The one guarded transition of a message's status. Receipts come late, twice and in any order; the
-- end state depends on which came, never on the order: the status is the highest by this rank, and
-- each timestamp is the earliest told. `failed` ranks above `sent` and below `delivered`: it counts
-- only while nobody saw the message arrive.
create function private.message_rank(status public.message_status) returns int
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.array_position(
        array[
            'queued', 'sending', 'unknown', 'submitted', 'sent', 'failed', 'delivered', 'read'
        ]::public.message_status[], status
    )
$$;

create function private.advance_message(
    message_id uuid, status public.message_status, at timestamptz,
    provider_message_id text default null, wamid text default null,
    error_code text default null, error_detail text default null
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_was public.message_logs;
    v_is_guess boolean;
    v_moves boolean;
    v_fails_first boolean;
begin
    -- Run before message, the order in which every job locks them.
    perform from public.automation_runs as run
    where run.id = (
        select message.automation_run_id from public.message_logs as message
        where message.id = advance_message.message_id
    )
    for update;
    select * into v_was from public.message_logs as message
    where message.id = advance_message.message_id and message.direction = 'out'
    for update;
    if not found then
        return false;
    end if;

    -- "No receipt came" was our guess; any receipt knows better.
    v_is_guess := v_was.status = 'failed' and v_was.error_code = 'outcome_unknown';
    v_moves := v_is_guess
        or private.message_rank(advance_message.status) > private.message_rank(v_was.status);
    -- Of several failures the earliest is told; the word decides between two of one instant.
    v_fails_first := advance_message.status = 'failed' and (
        v_is_guess or v_was.failed_at is null
        or (advance_message.at, coalesce(advance_message.error_code, ''))
            < (v_was.failed_at, coalesce(v_was.error_code, ''))
    );

    update public.message_logs as message
    set status = case when v_moves then advance_message.status else message.status end,
        provider_message_id =
            coalesce(message.provider_message_id, advance_message.provider_message_id),
        wamid = coalesce(message.wamid, advance_message.wamid),
        submitted_at = case when advance_message.status = 'submitted'
            then least(message.submitted_at, at) else message.submitted_at end,
        sent_at = case when advance_message.status = 'sent'
            then least(message.sent_at, at) else message.sent_at end,
        delivered_at = case when advance_message.status = 'delivered'
            then least(message.delivered_at, at) else message.delivered_at end,
        read_at = case when advance_message.status = 'read'
            then least(message.read_at, at) else message.read_at end,
        failed_at = case when v_fails_first then at
            when not v_is_guess then message.failed_at end,
        error_code = case when v_fails_first then advance_message.error_code
            when not v_is_guess then message.error_code end,
        error_detail = case when v_fails_first then advance_message.error_detail
            when not v_is_guess then message.error_detail end
    where message.id = v_was.id;

    if v_moves and advance_message.status = 'failed'
        and advance_message.error_code = 'number_invalid'
        and private.try_other_form(v_was.id)
    then
        return true;
    end if;
    perform private.follow_message(v_was.id);
    if advance_message.status = 'failed' then
        perform private.learn_from_failure(v_was.id, advance_message.error_code);
    elsif advance_message.status = 'submitted' then
        perform private.mark_integration(v_was.integration_id, null);
    elsif v_moves and advance_message.status in ('delivered', 'read') then
        perform private.prove_whatsapp(v_was.tenant_id, v_was.client_id, v_was.phone);
    end if;
    return v_moves;
end;
$$;
comment on function private.advance_message(
    uuid, public.message_status, timestamptz, text, text, text, text
) is 'True when the status moved. Callers pass receipts; only ever forward.';

-- A run that sent follows its message, and a message of a person leaves its queue: what the
-- provider accepted is done, what failed is failed.
create function private.follow_message(message_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_message public.message_logs;
    v_run public.automation_runs;
begin
    select * into v_message from public.message_logs as message
    where message.id = follow_message.message_id;
    select * into v_run from public.automation_runs as run
    where run.id = v_message.automation_run_id;
    if not found then
        if v_message.status = 'failed'
            or private.message_rank(v_message.status) >= private.message_rank('submitted')
        then
            perform private.leave_message_queue(v_message.id);
        end if;
        return;
    end if;
    if v_message.status = 'failed' then
        if (v_run.status, v_run.reason) is distinct from
            ('failed'::public.run_status, coalesce(v_message.error_code, 'unclassified'))
        then
            perform private.finish_run(
                v_run.id, 'failed', coalesce(v_message.error_code, 'unclassified')
            );
        end if;
    elsif private.message_rank(v_message.status) >= private.message_rank('submitted')
        and v_run.status <> 'done'
    then
        perform private.finish_run(v_run.id, 'done', null);
    end if;
end;
$$;

-- What a refusal teaches about the number, so that the next run does not ask again.
create function private.learn_from_failure(message_id uuid, error_code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if error_code = 'number_invalid' then
        -- For a quarter of a year, then it may be asked again: the only refusal that closes a number.
        update public.client_phones as known
        set has_whatsapp = false, whatsapp_retry_at = private.now() + interval '90 days'
        from public.message_logs as message
        where message.id = learn_from_failure.message_id
          and known.tenant_id = message.tenant_id
          and known.client_id = message.client_id
          and private.phone_match(known.phone) = private.phone_match(message.phone);
    elsif error_code = 'opted_out' then
        perform private.opt_out_phone(message.tenant_id, message.phone)
        from public.message_logs as message
        where message.id = learn_from_failure.message_id;
    elsif error_code = 'configuration' then
        perform private.mark_integration(message.integration_id, message.error_detail),
            private.pause_sender(message.sender_id, 'configuration', message.error_detail)
        from public.message_logs as message
        where message.id = learn_from_failure.message_id;
    end if;
end;
$$;

-- With a detail: it fails, as the settings page must say. With null: a message went out, it works.
create function private.mark_integration(integration_id uuid, failure_detail text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform from public.integrations as integration
    where integration.id = mark_integration.integration_id
      and (integration.failing_since is null) = (mark_integration.failure_detail is not null)
    -- Who holds it is being told the same; to wait while holding messages could deadlock.
    for no key update skip locked;
    if found then
        update public.integrations as integration
        set failure_detail = mark_integration.failure_detail,
            failing_since = case when mark_integration.failure_detail is not null
                then private.now() end
        where integration.id = mark_integration.integration_id;
    end if;
end;
$$;

-- For good. What only holds for a while, or for somebody who shares the number, keeps nothing back.
create function private.suppress_phone(
    tenant_id uuid, phone text, channel public.channel, reason text
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.suppressions (tenant_id, phone, channel, reason)
    select suppress_phone.tenant_id, suppress_phone.phone, suppress_phone.channel,
        suppress_phone.reason
    where not exists (
        select from public.suppressions as known
        where known.tenant_id = suppress_phone.tenant_id and known.client_id is null
          and private.phone_match(known.phone) = private.phone_match(suppress_phone.phone)
          and coalesce(known.channel = suppress_phone.channel, true) and known.expires_at is null
    )
$$;
