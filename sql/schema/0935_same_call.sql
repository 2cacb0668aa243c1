-- One call has two ids: the connection's, from its first second, and the record's, when it is over.
-- The list of calls (GET /calls) tells the record's alone, so that a call whose history was lost is
-- known again by who spoke with whom and when.
create function private.call_told_of(integration_id uuid, said jsonb, at timestamptz)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Between dialling and connecting, and between two clocks; a second call to the same number by
    -- the same agent in less would have to be told without an id of its own.
    c_apart constant interval := interval '3 minutes';
    v_known uuid[];
begin
    v_known := array(
        select call.id from public.calls as call
        where call.integration_id = call_told_of.integration_id
          and (call.telephony_id = said ->> 'telephony_id'
              or call.external_id = said ->> 'external_id'
              -- A list of calls does not say which of the two its id is.
              or call.telephony_id = said ->> 'external_id'
              or call.external_id = said ->> 'telephony_id')
        order by call.created_at, call.id
    );
    if cardinality(v_known) = 0 then
        v_known := array(
            select call.id from public.calls as call
            where call.integration_id = call_told_of.integration_id
              and call.agent_id = (said ->> 'agent_id')::bigint
              and private.phone_match(call.phone) = private.phone_match(said ->> 'number')
              and call.called_at between call_told_of.at - c_apart and call_told_of.at + c_apart
              -- What has both ids is another call, and so is what has the one that is told.
              and (call.external_id is null and said ->> 'telephony_id' is null
                  or call.telephony_id is null and said ->> 'external_id' is null)
            order by abs(extract(epoch from call.called_at - call_told_of.at)), call.id limit 1
        );
    else
        perform private.merge_calls(v_known[1], twin.id)
        from unnest(v_known[2:]) with ordinality as twin (id, nth) order by twin.nth;
    end if;
    return v_known[1];
end;
$$;

-- A sweep made a second row before the history said that both are one: what either knows is kept.
create function private.merge_calls(kept_id uuid, twin_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_twin public.calls;
begin
    update public.client_services as service set call_id = kept_id where service.call_id = twin_id;
    update private.dialer_tasks as task set call_id = kept_id where task.call_id = twin_id;
    delete from public.calls as call where call.id = twin_id returning * into v_twin;
    update public.calls as call
    set external_id = coalesce(call.external_id, v_twin.external_id),
        telephony_id = coalesce(call.telephony_id, v_twin.telephony_id),
        client_id = coalesce(call.client_id, v_twin.client_id),
        operator_id = coalesce(call.operator_id, v_twin.operator_id),
        phone = coalesce(call.phone, v_twin.phone),
        identifier = coalesce(call.identifier, v_twin.identifier),
        agent_id = coalesce(call.agent_id, v_twin.agent_id),
        campaign_id = coalesce(call.campaign_id, v_twin.campaign_id),
        campaign_name = coalesce(call.campaign_name, v_twin.campaign_name),
        list_id = coalesce(call.list_id, v_twin.list_id),
        mode = coalesce(call.mode, v_twin.mode),
        wrap_seconds = coalesce(call.wrap_seconds, v_twin.wrap_seconds),
        -- One outcome: the one that stands, else the twin's.
        disposition_id = case when call.outcome_type is null
            then coalesce(call.disposition_id, v_twin.disposition_id) end,
        outcome_type = case when coalesce(call.disposition_id, v_twin.disposition_id) is null
            then coalesce(call.outcome_type, v_twin.outcome_type) else call.outcome_type end,
        qualify_status = coalesce(call.qualify_status, v_twin.qualify_status),
        qualification_id = coalesce(call.qualification_id, v_twin.qualification_id),
        qualification_name = coalesce(call.qualification_name, v_twin.qualification_name),
        qualification_source = coalesce(call.qualification_source, v_twin.qualification_source),
        qualification_note = coalesce(call.qualification_note, v_twin.qualification_note),
        status = case when private.call_rank(v_twin.status) > private.call_rank(call.status)
            then v_twin.status else call.status end,
        talk_seconds = coalesce(call.talk_seconds, v_twin.talk_seconds),
        billed_seconds = coalesce(call.billed_seconds, v_twin.billed_seconds),
        hangup_cause = coalesce(call.hangup_cause, v_twin.hangup_cause),
        is_recorded = call.is_recorded or v_twin.is_recorded,
        called_at = least(call.called_at, v_twin.called_at),
        connected_at = least(call.connected_at, v_twin.connected_at),
        ended_at = coalesce(call.ended_at, v_twin.ended_at)
    where call.id = kept_id;
end;
$$;
