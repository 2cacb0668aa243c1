-- Events of contact: calls, dispositions, messages. A call and the disposition it ended in are one
-- attempt, on the call's day; a disposition that no call points at is an attempt of its own.

-- Creditors of the client's titles that were there when the day ended: a title that comes later
-- does not change a day that is over.
create function private.panel_creditors(tenant_id uuid, client_id uuid, until_at timestamptz)
returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(distinct debts.creditor_id), '{}')
    from public.debts
    where debts.tenant_id = panel_creditors.tenant_id
      and debts.client_id = panel_creditors.client_id
      and debts.created_at < panel_creditors.until_at
$$;

-- In plpgsql because `calls` is made later (0934).
create function private.panel_voice(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_from timestamptz := from_day::timestamp at time zone zone;
    v_until timestamptz := (until_day + 1)::timestamp at time zone zone;
begin
    return query
    with attempt as materialized (
        select call.called_at as at, call.client_id, call.id::text as source_id,
            'calls' as source, coalesce(done.operator_id, call.operator_id) as operator_id,
            -- The word of whoever spoke counts; without one, the dialer's.
            coalesce(
                word.human_answered, call.connected_at is not null or call.status = 'abandoned'
            ) as is_alo,
            coalesce(word.right_party, false) as is_right,
            coalesce(word.unworkable, false) as is_wrong,
            coalesce(call.talk_seconds, 0) as seconds,
            call.agent_id is not null as has_agent,
            coalesce(call.qualification_source = 'automatic', false) as is_auto
        from public.calls as call
        left join public.call_dispositions as done
            on done.tenant_id = call.tenant_id and done.id = call.disposition_id
        left join public.disposition_types as word
            on word.tenant_id = call.tenant_id
            and word.key = coalesce(done.disposition_type, call.outcome_type)
        where call.tenant_id = panel_voice.tenant_id
          and call.called_at >= v_from and call.called_at < v_until
          and (private.call_rank(call.status) >= 5 or word.key is not null)
        union all
        select done.created_at, done.client_id, done.id::text, 'call_dispositions',
            done.operator_id, word.human_answered, word.right_party, word.unworkable,
            0, false, false
        from public.call_dispositions as done
        join public.disposition_types as word
            on word.tenant_id = done.tenant_id and word.key = done.disposition_type
        where done.tenant_id = panel_voice.tenant_id
          and done.created_at >= v_from and done.created_at < v_until
          and not exists (
              select from public.calls as call
              where call.tenant_id = done.tenant_id and call.disposition_id = done.id
          )
    ),
    known as materialized (
        select seen.client_id, seen.day, private.panel_creditors(
            panel_voice.tenant_id, seen.client_id,
            (seen.day + 1)::timestamp at time zone panel_voice.zone
        ) as creditor_ids
        from (
            select distinct attempt.client_id, (attempt.at at time zone panel_voice.zone)::date as day
            from attempt where attempt.client_id is not null
        ) as seen
    )
    select told.measure, (attempt.at at time zone panel_voice.zone)::date, attempt.at,
        attempt.client_id, attempt.operator_id, coalesce(known.creditor_ids, '{}'),
        attempt.source, attempt.source_id, told.amount
    from attempt
    left join known
        on known.client_id = attempt.client_id
        and known.day = (attempt.at at time zone panel_voice.zone)::date
    cross join lateral (
        values
        ('voice_attempt', true, 0::bigint),
        ('attempt', attempt.client_id is not null, 0),
        ('alo', attempt.is_alo, 0),
        ('right_party', attempt.is_right, 0),
        ('wrong_party', attempt.is_wrong, 0),
        ('talked', attempt.seconds > 0, attempt.seconds),
        ('call', attempt.has_agent, 0),
        ('auto_closed', attempt.has_agent and attempt.is_auto, 0)
    ) as told (measure, holds, amount)
    where told.holds;
end;
$$;

create function private.panel_messages(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    with accepted as materialized (
        select message.submitted_at as at,
            (message.submitted_at at time zone panel_messages.zone)::date as day,
            message.client_id, message.created_by, message.id, message.status,
            message.delivered_at, message.read_at
        from public.message_logs as message
        where message.tenant_id = panel_messages.tenant_id and message.direction = 'out'
          and message.submitted_at
              >= panel_messages.from_day::timestamp at time zone panel_messages.zone
          and message.submitted_at
              < (panel_messages.until_day + 1)::timestamp at time zone panel_messages.zone
    ),
    known as materialized (
        select seen.client_id, seen.day, private.panel_creditors(
            panel_messages.tenant_id, seen.client_id,
            (seen.day + 1)::timestamp at time zone panel_messages.zone
        ) as creditor_ids
        from (
            select distinct accepted.client_id, accepted.day from accepted
            where accepted.client_id is not null
        ) as seen
    )
    select told.measure, accepted.day, accepted.at, accepted.client_id, accepted.created_by,
        coalesce(known.creditor_ids, '{}'), 'message_logs', accepted.id::text, 0::bigint
    from accepted
    left join known on known.client_id = accepted.client_id and known.day = accepted.day
    cross join lateral (
        values
        ('message_accepted', true),
        ('attempt', accepted.client_id is not null),
        -- Read without a receipt of delivery was delivered.
        ('message_delivered', accepted.delivered_at is not null
            or accepted.read_at is not null or accepted.status in ('delivered', 'read')),
        ('message_read', accepted.read_at is not null or accepted.status = 'read')
    ) as told (measure, holds)
    where told.holds
$$;
