-- Drains the inbox. Each event is judged by itself: a malformed one is kept with its reason and
-- does not hold back the batch; one whose message is not known yet (a receipt overtook our own note
-- of the id) comes back a little later.
create function private.apply_provider_events(max int) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Of the dialer in one turn, and after everything else, some 100 ms: until the turn's end their
    -- numbers are held, and a call that reaches an operator meanwhile waits with its screen.
    c_max_calls constant int := 20;
    v_handled int;
begin
    -- One drain at a time, so that two never lock the same messages in opposite order. The other
    -- looks again before it leaves; to wait for it would hold a connection.
    if not pg_try_advisory_xact_lock(hashtextextended('apply_provider_events', 0)) then
        return null;
    end if;
    v_handled := private.handle_events(private.read_events(false, max));
    if v_handled > 0 then
        perform private.fold_batch_counts();
    end if;
    v_handled := v_handled + private.handle_events(private.read_events(true, c_max_calls));
    perform private.take_proofs();
    return v_handled;
end;
$$;
comment on function private.apply_provider_events(int) is
'Number of events handled, at most `max` and twenty calls that are over; 0: nothing visible; null:
another drain is at them. Call again while it is not 0; before leaving ask events_pause.';
grant execute on function private.apply_provider_events(int) to worker;

-- A predictive dialer tells of every attempt: calls that are over have a lane of their own (0660),
-- so that nobody's receipt and no "sair" stands behind them.
create function private.read_events(is_call boolean, max int) returns bigint[]
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Far above what a turn takes; a dead drain gives its events back after it.
    c_lease constant interval := interval '60 seconds';
    v_ids bigint[];
begin
    -- Two statements, because a partial index is found by its own words alone.
    if is_call then
        v_ids := array(
            select item.msg_id from pgmq.q_provider_events as item
            where item.vt <= clock_timestamp() and (item.message ? 'is_call') is true
            order by item.msg_id limit max
            for update skip locked
        );
    else
        v_ids := array(
            select item.msg_id from pgmq.q_provider_events as item
            where item.vt <= clock_timestamp() and (item.message ? 'is_call') is not true
            order by item.msg_id limit max
            for update skip locked
        );
    end if;
    update pgmq.q_provider_events as item
    set vt = clock_timestamp() + c_lease, read_ct = item.read_ct + 1
    where item.msg_id = any(v_ids);
    return v_ids;
end;
$$;

-- Read first, looked up in a statement of its own: one that did both would not see an event
-- committed after it began, whose queue message it already found, and drop it.
create function private.handle_events(msg_ids bigint[]) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 2 s, 4 s, … 512 s: a quarter of an hour in all, as long as an unknown outcome waits.
    c_max_reads constant int := 9;
    v_item record;
    v_pause double precision;
    v_error text;
    v_handled int := 0;
begin
    for v_item in
        select item.msg_id, item.read_ct, event.*
        from pgmq.q_provider_events as item
        left join private.provider_events as event
            on event.id = case when pg_input_is_valid(item.message ->> 'event_id', 'uuid')
                then (item.message ->> 'event_id')::uuid end
        where item.msg_id = any(handle_events.msg_ids)
        order by item.msg_id
    loop
        v_error := private.apply_event(v_item.id, v_item.kind);
        if v_error in ('message_not_found', 'charge_busy', 'call_busy')
            and v_item.read_ct < c_max_reads
        then
            -- An operator may be waiting for the screen: 0.1 s, 0.3 s, 0.9 s, … five minutes in all.
            v_pause := case when v_error = 'call_busy' then 0.1 * 3 ^ (v_item.read_ct - 1)
                else 2 ^ v_item.read_ct end;
            update pgmq.q_provider_events as item
            set vt = clock_timestamp() + make_interval(secs => v_pause)
            where item.msg_id = v_item.msg_id;
            continue;
        end if;
        update private.provider_events as event
        set handled_at = private.now(), error = v_error
        where event.id = v_item.id;
        perform pgmq.delete('provider_events', v_item.msg_id);
        v_handled := v_handled + 1;
    end loop;
    return v_handled;
end;
$$;

-- Null, or the reason why nothing changed.
create function private.apply_event(event_id uuid, kind text) returns text
language plpgsql
security definer
set search_path = ''
as $$
begin
    return case kind
        when 'message_status' then private.apply_receipt(event_id)
        when 'message_received' then private.apply_inbound(event_id)
        when 'consent_changed' then private.apply_consent(event_id)
        when 'template_changed' then private.apply_template_event(event_id)
        when 'charge_changed' then private.apply_charge_event(event_id)
        when 'call_connected' then private.apply_call_event(event_id)
        when 'call_finished' then private.apply_call_event(event_id)
    end;
exception
    -- It contradicts what is stored, as one WhatsApp id for two messages does. Raised on, it would
    -- come back for ever and stop every agency's messages.
    when integrity_constraint_violation or data_exception then
        return 'payload_invalid';
end;
$$;

-- Answers null or the reason why nothing changed.
create function private.apply_receipt(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_receipt jsonb;
    v_at timestamptz;
    v_message_id uuid;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_receipt.event_id;
    v_receipt := v_event.payload -> 'message';
    if coalesce(v_receipt ->> 'status', '') not in
        ('submitted', 'sent', 'delivered', 'read', 'failed')
    then
        return 'payload_invalid';
    end if;
    -- A receipt without a readable time happened when it arrived, and none happens in the future.
    v_at := case when pg_input_is_valid(v_receipt ->> 'at', 'timestamptz')
        then private.told_instant((v_receipt ->> 'at')::timestamptz) end;
    v_at := least(coalesce(v_at, v_event.received_at), v_event.received_at);

    v_message_id := private.message_of_receipt(v_event.integration_id, v_receipt);
    if v_message_id is null then
        return 'message_not_found';
    end if;
    perform private.advance_message(
        v_message_id, (v_receipt ->> 'status')::public.message_status, v_at,
        v_receipt ->> 'provider_message_id', v_receipt ->> 'wamid',
        v_receipt ->> 'error_code', v_receipt ->> 'error_detail'
    );
    if v_receipt ->> 'status' in ('sent', 'delivered', 'read') then
        perform private.learn_form(v_message_id, v_receipt ->> 'destination');
    end if;
    return null;
end;
$$;

-- By the provider's id, else by WhatsApp's, else by number: a message whose outcome is unknown is
-- adopted when it is the only one of that number still without an id.
create function private.message_of_receipt(integration_id uuid, receipt jsonb) returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_found uuid[];
begin
    -- Our own id, where the provider carries it: no guessing, also for an unknown outcome.
    select array[message.id] into v_found
    from public.message_logs as message
    where message.integration_id = message_of_receipt.integration_id
      and message.direction = 'out'
      and message.id = case when pg_input_is_valid(receipt ->> 'reference', 'uuid')
          then (receipt ->> 'reference')::uuid end;
    if not found then
        select array[message.id] into v_found
        from public.message_logs as message
        where message.integration_id = message_of_receipt.integration_id
          and message.direction = 'out'
          and message.provider_message_id = receipt ->> 'provider_message_id';
    end if;
    if v_found is null then
        select array[message.id] into v_found
        from public.message_logs as message
        where message.integration_id = message_of_receipt.integration_id
          and message.direction = 'out'
          and message.wamid = receipt ->> 'wamid';
    end if;
    if v_found is null then
        select array_agg(message.id) into v_found
        from public.message_logs as message
        where message.integration_id = message_of_receipt.integration_id
          and message.direction = 'out'
          and message.provider_message_id is null
          and private.phone_match(message.phone) = private.phone_match(receipt ->> 'destination')
          and (message.status in ('sending', 'unknown')
              or (message.status = 'failed' and message.error_code = 'outcome_unknown'));
    end if;
    return case when cardinality(v_found) = 1 then v_found[1] end;
end;
$$;

create function private.apply_consent(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_phone text;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_consent.event_id;
    v_phone := '+' || ltrim(v_event.payload #>> '{consent,phone}', '+');
    if v_phone is null or v_phone !~ '^\+[1-9][0-9]{7,14}$' then
        return 'payload_invalid';
    end if;
    -- An opt-in does not lift a suppression: that is a person's decision.
    if v_event.payload #>> '{consent,state}' = 'opted_out' then
        perform private.opt_out_phone(v_event.tenant_id, v_phone);
    end if;
    return null;
end;
$$;
