-- What the dialer said of one call, in our words (adapter `threecplus`): {external_id,
-- telephony_id, number (E.164), identifier, campaign_id, campaign_name, list_id, agent_id, status,
-- mode, called_at, talk_seconds, billed_seconds, wrap_seconds, hangup_cause, is_recorded,
-- qualification: {id, name, is_unknown}, qualification_note}. Told twice, late or backwards it
-- changes nothing that is known better.
create function private.record_call(
    integration_id uuid, said jsonb, heard_at timestamptz default private.now()
) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_integration public.integrations;
    v_known_id uuid;
    v_call public.calls;
    v_status public.call_status;
    v_at timestamptz;
    v_is_news boolean;
    v_is_over boolean;
begin
    select * into v_integration from public.integrations as integration
    where integration.id = record_call.integration_id;
    if not pg_input_is_valid(said ->> 'status', 'public.call_status')
        or coalesce(said ->> 'external_id', said ->> 'telephony_id') is null
    then
        return 'payload_invalid';
    end if;
    v_status := (said ->> 'status')::public.call_status;
    v_is_over := private.call_rank(v_status) >= 5;
    -- Without a readable time it began when we heard of it, and none begins in the future.
    v_at := least(coalesce(
        case when pg_input_is_valid(said ->> 'called_at', 'timestamptz')
            then private.told_instant((said ->> 'called_at')::timestamptz) end,
        heard_at
    ), private.now());

    -- Both events of one call, and a sweep beside them, take their turn. By the number, because a
    -- sweep knows the call by another id than the first event.
    perform pg_advisory_xact_lock(hashtextextended('call:' || coalesce(
        private.phone_match(said ->> 'number'), said ->> 'telephony_id', said ->> 'external_id'
    ), 0));
    v_known_id := private.call_told_of(v_integration.id, said, v_at);
    select * into v_call from public.calls as call where call.id = v_known_id for update;
    if not found then
        insert into public.calls (
            tenant_id, integration_id, external_id, telephony_id, status, called_at
        )
        values (
            v_integration.tenant_id, v_integration.id, said ->> 'external_id',
            said ->> 'telephony_id', v_status, v_at
        )
        returning * into v_call;
        v_is_news := true;
    end if;

    update public.calls as call
    -- A list may have told the connection's id for the record's.
    set external_id = coalesce(
            nullif(call.external_id, coalesce(call.telephony_id, said ->> 'telephony_id')),
            said ->> 'external_id', call.external_id
        ),
        telephony_id = coalesce(call.telephony_id, said ->> 'telephony_id'),
        phone = coalesce(call.phone, said ->> 'number'),
        identifier = coalesce(call.identifier, said ->> 'identifier'),
        client_id = coalesce(
            call.client_id,
            private.client_of_call(
                v_integration.tenant_id, said ->> 'identifier', said ->> 'number'
            ),
            private.client_on_screen(
                v_integration.tenant_id, (said ->> 'agent_id')::bigint, said ->> 'number'
            )
        ),
        campaign_id = coalesce(call.campaign_id, (said ->> 'campaign_id')::bigint),
        campaign_name = coalesce(said ->> 'campaign_name', call.campaign_name),
        list_id = coalesce(call.list_id, (said ->> 'list_id')::bigint),
        agent_id = coalesce(call.agent_id, nullif((said ->> 'agent_id')::bigint, 0)),
        operator_id = coalesce(call.operator_id, (
            select seat.user_id from public.dialer_agents as seat
            where seat.tenant_id = v_integration.tenant_id
              and seat.agent_id = (said ->> 'agent_id')::bigint
        )),
        status = case when private.call_rank(v_status) > private.call_rank(call.status)
            then v_status else call.status end,
        mode = coalesce(call.mode, said ->> 'mode'),
        called_at = least(call.called_at, v_at),
        connected_at = coalesce(call.connected_at, case
            when v_status = 'connected' then v_at
            when v_status = 'finished' then v_at end),
        ended_at = coalesce(call.ended_at, case when v_is_over then private.now() end),
        talk_seconds = coalesce((said ->> 'talk_seconds')::int, call.talk_seconds),
        billed_seconds = coalesce((said ->> 'billed_seconds')::int, call.billed_seconds),
        wrap_seconds = coalesce((said ->> 'wrap_seconds')::int, call.wrap_seconds),
        hangup_cause = coalesce((said ->> 'hangup_cause')::int, call.hangup_cause),
        is_recorded = call.is_recorded or coalesce((said ->> 'is_recorded')::boolean, false)
    where call.id = v_call.id
    returning * into v_call;
    perform private.note_qualification(v_call.id, said);
    -- The agency's cap is reached: the machine does not go on by itself.
    if v_call.client_id is not null and private.has_cap(v_call.tenant_id, 'call')
        and private.is_over_cap(v_call.tenant_id, v_call.client_id, 'call', private.now())
    then
        perform private.leave_dialer(
            v_call.tenant_id, array[v_call.client_id], null, 'attempt_cap'
        );
    end if;
    return case when v_is_news then 'recorded' else 'known' end;
end;
$$;
comment on function private.record_call(uuid, jsonb, timestamptz) is
'recorded | known | payload_invalid.';
grant execute on function private.record_call(uuid, jsonb, timestamptz) to worker;

-- The dialer's word for what came of a call, and who said it there.
create function private.note_qualification(call_id uuid, said jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id bigint := (said #>> '{qualification,id}')::bigint;
begin
    if v_id is null then
        return;
    end if;
    update public.calls as call
    set qualification_id = v_id,
        qualification_name = said #>> '{qualification,name}',
        qualification_note = said ->> 'qualification_note',
        qualification_source = case
            when v_id < 0 or coalesce((said #>> '{qualification,is_unknown}')::boolean, false)
                or v_id::text = any(string_to_array(coalesce(
                    integration.settings ->> 'automatic_qualifications', ''), ','))
                then 'automatic'
            when exists (
                select from public.call_dispositions as done
                where done.tenant_id = call.tenant_id and done.id = call.disposition_id
                  and private.qualification_of(
                      call.tenant_id, call.campaign_id, done.disposition_type) = v_id
            ) then 'ours'
            else 'dialer'
        end::public.qualification_source
    from public.integrations as integration
    where call.id = note_qualification.call_id and integration.id = call.integration_id;
end;
$$;

create function private.qualification_of(
    tenant_id uuid, campaign_id bigint, disposition_type text
) returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select word.qualification_id
    from public.dialer_qualifications as word
    where word.tenant_id = qualification_of.tenant_id
      and word.disposition_type = qualification_of.disposition_type
      and word.campaign_id in (0, qualification_of.campaign_id)
    order by word.campaign_id desc limit 1
$$;

-- A stored event of the inbox becomes the call it tells of. Null, or why nothing changed;
-- call_busy: somebody else is writing of this number, and the queue asks again.
create function private.apply_call_event(
    event_id uuid, patience interval default '50 milliseconds'
) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_was text := current_setting('lock_timeout');
    v_event private.provider_events;
    v_outcome text;
begin
    perform set_config(
        'lock_timeout', (extract(epoch from patience) * 1000)::int::text, true
    );
    select * into v_event from private.provider_events as event
    where event.id = apply_call_event.event_id;
    v_outcome := private.record_call(
        v_event.integration_id, v_event.payload -> 'call', v_event.received_at
    );
    -- The webhook's, or the screen that it could not open for somebody's writing; nobody's who is
    -- not on the line any more.
    if v_event.kind = 'call_connected' then
        perform private.pop_screen(
            v_event.integration_id, v_event.payload #>> '{call,telephony_id}'
        );
    end if;
    perform set_config('lock_timeout', v_was, true);
    return case when v_outcome = 'payload_invalid' then v_outcome end;
exception when lock_not_available then
    return 'call_busy';
end;
$$;

-- The webhook's way in: the inbox's, and a call that has just reached an operator is written down
-- and opens the screen in the same transaction. Nobody should say "alô" to an empty page while a
-- queue turns.
create function private.receive_call_event(
    webhook_key text, external_id text, kind text, payload jsonb
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Longer than a turn of the queue or a sweep's call holds a number, and within the second that
    -- a screen may take: who waits has the number the moment it is free.
    c_patience constant interval := interval '400 milliseconds';
    v_event private.provider_events := private.store_provider_event(
        'threecplus', webhook_key, external_id, kind, payload
    );
    v_error text;
begin
    if v_event.id is null then
        return false;
    end if;
    if kind = 'call_connected' then
        begin
            v_error := private.apply_call_event(v_event.id, c_patience);
        exception when integrity_constraint_violation or data_exception then
            v_error := 'payload_invalid';
        end;
    end if;
    if kind <> 'call_connected' or v_error = 'call_busy' then
        perform private.queue_provider_event(v_event);
    else
        update private.provider_events as event
        set handled_at = private.now(), error = v_error
        where event.id = v_event.id;
    end if;
    return true;
end;
$$;
comment on function private.receive_call_event(text, text, text, jsonb) is
'True when new; PT401 webhook_key_unknown. kind: call_connected | call_finished | other.';
grant execute on function private.receive_call_event(text, text, text, jsonb) to webhook;

-- Ids only: the page asks for the rest, and so row-level security decides.
create function private.pop_screen(integration_id uuid, telephony_id text) returns void
language sql
security definer
set search_path = ''
as $$
    select realtime.send(
        pg_catalog.jsonb_build_object(
            'call_id', call.id, 'client_id', call.client_id, 'tenant_id', call.tenant_id,
            'at', private.now()
        ),
        'call_connected', 'user:' || call.operator_id, true
    )
    from public.calls as call
    where call.integration_id = pop_screen.integration_id
      and call.telephony_id = pop_screen.telephony_id
      and call.operator_id is not null and call.status = 'connected'
$$;
