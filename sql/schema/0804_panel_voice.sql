-- Events of voice: calls and dispositions. A call and the disposition it ended in are one attempt,
-- on the call's day; a disposition that no call points at is an attempt of its own; one that was
-- taken back was none.

-- Whether a disposition was made in a talk on WhatsApp: no call, and the client wrote just before.
create function private.is_told_in_writing(tenant_id uuid, client_id uuid, at timestamptz)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.message_logs as message
        where message.tenant_id = is_told_in_writing.tenant_id
          and message.client_id = is_told_in_writing.client_id
          and message.direction = 'in'
          -- Who writes and is served answers within the hour; later it is another contact.
          and message.created_at > is_told_in_writing.at - interval '60 minutes'
          and message.created_at <= is_told_in_writing.at
    )
$$;

-- In plpgsql because `calls` is made later (0934). Lean: whose attempts, dispositions and right
-- contacts, and nothing that has to be looked up (creditors, law, prices), for what is asked again
-- and again.
create function private.panel_voice(
    tenant_id uuid, zone text, from_day date, until_day date, is_lean boolean default false
) returns setof private.panel_event
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_from timestamptz := from_day::timestamp at time zone zone;
    v_until timestamptz := (until_day + 1)::timestamp at time zone zone;
    v_hours_since date := private.panel_hours_since(tenant_id);
    v_has_cap boolean := not is_lean and private.has_cap(tenant_id, 'call');
    v_has_opt_outs boolean := not is_lean and exists (
        select from public.suppressions as said where said.tenant_id = panel_voice.tenant_id
    );
begin
    return query
    with attempt as materialized (
        select call.called_at as at,
            (call.called_at at time zone panel_voice.zone)::date as day,
            call.client_id, call.id::text as source_id, 'calls' as source, call.phone,
            coalesce(done.operator_id, call.operator_id) as operator_id,
            -- The word of whoever spoke counts; without one, the dialer's.
            coalesce(
                word.human_answered, call.connected_at is not null or call.status = 'abandoned'
            ) as is_alo,
            coalesce(word.right_party, false) as is_right,
            coalesce(word.unworkable, false) as is_wrong,
            coalesce(call.talk_seconds, 0) as seconds,
            coalesce(call.billed_seconds, call.talk_seconds, 0) as billed_seconds,
            coalesce(call.wrap_seconds, 0) as wrap_seconds,
            call.agent_id is not null as has_agent,
            coalesce(call.qualification_source = 'automatic', false) as is_auto,
            false as is_written, done.id is not null as is_told
        from public.calls as call
        left join public.call_dispositions as done
            on done.tenant_id = call.tenant_id and done.id = call.disposition_id
            and not exists (
                select from public.disposition_undos as undone
                where undone.disposition_id = done.id
            )
        left join public.disposition_types as word
            on word.tenant_id = call.tenant_id
            and word.key = coalesce(done.disposition_type, call.outcome_type)
        where call.tenant_id = panel_voice.tenant_id
          and call.called_at >= v_from and call.called_at < v_until
          and (private.call_rank(call.status) >= 5 or word.key is not null)
        union all
        select done.created_at, (done.created_at at time zone panel_voice.zone)::date,
            done.client_id, done.id::text, 'call_dispositions', null, done.operator_id,
            word.human_answered, word.right_party, word.unworkable, 0, 0, 0, false, false,
            word.right_party and private.is_told_in_writing(
                done.tenant_id, done.client_id, done.created_at
            ), true
        from public.call_dispositions as done
        join public.disposition_types as word
            on word.tenant_id = done.tenant_id and word.key = done.disposition_type
        where done.tenant_id = panel_voice.tenant_id
          and done.created_at >= v_from and done.created_at < v_until
          and not exists (
              select from public.calls as call
              where call.tenant_id = done.tenant_id and call.disposition_id = done.id
          )
          and not exists (
              select from public.disposition_undos as undone
              where undone.disposition_id = done.id
          )
    ),
    known as materialized (
        select person.*
        from (
            select array_agg(seen.client_id) as client_ids, array_agg(seen.day) as days
            from (
                select distinct attempt.client_id, attempt.day from attempt
                where attempt.client_id is not null and not is_lean
            ) as seen
        ) as asked
        cross join lateral private.panel_known_clients(
            panel_voice.tenant_id, panel_voice.zone, asked.client_ids, asked.days
        ) as person
    ),
    hours as materialized (
        select * from private.panel_hours(
            panel_voice.tenant_id, panel_voice.zone,
            array(select distinct known.uf from known), from_day, until_day
        )
    ),
    price as materialized (
        select * from private.cost_days(
            panel_voice.tenant_id, 'voice_minute', 'BRL', from_day, until_day
        )
    ),
    judged as (
        select attempt.*, coalesce(known.creditor_ids, '{}') as creditor_ids,
            coalesce(known.has_deal, false) as has_deal,
            price.price_micros * attempt.billed_seconds / 60 as cost,
            attempt.client_id is not null and not attempt.is_written and not exists (
                select from hours
                where hours.uf = known.uf and hours.day = attempt.day
                  and attempt.at >= hours.opens_at and attempt.at < hours.closes_at
            ) as is_outside,
            v_has_cap and attempt.client_id is not null and private.is_over_cap(
                panel_voice.tenant_id, attempt.client_id, 'call',
                -- The attempts before this one.
                attempt.at - interval '1 microsecond'
            ) as is_over_cap,
            v_has_opt_outs and attempt.client_id is not null and private.was_suppressed(
                panel_voice.tenant_id, attempt.client_id, attempt.phone, 'call', attempt.at
            ) as is_opted_out,
            -- A client's number counts once a day, by its first call and by the first that found its owner.
            attempt.phone is not null and not is_lean and row_number() over (
                partition by attempt.day, attempt.client_id, private.phone_match(attempt.phone)
                order by attempt.at, attempt.source_id
            ) = 1 as is_first,
            attempt.phone is not null and attempt.is_right and not is_lean and row_number() over (
                partition by attempt.day, attempt.client_id, private.phone_match(attempt.phone),
                    attempt.is_right
                order by attempt.at, attempt.source_id
            ) = 1 as is_first_hit
        from attempt
        left join known on known.client_id = attempt.client_id and known.day = attempt.day
        left join price on price.day = attempt.day
    )
    select told.measure, judged.day, judged.at, judged.client_id, judged.operator_id,
        judged.creditor_ids, judged.source, judged.source_id, told.amount
    from judged
    cross join lateral (
        values
        ('voice_attempt', true, 0::bigint),
        ('attempt', judged.client_id is not null, 0),
        ('disposition', judged.is_told, 0),
        ('phone_tried', judged.is_first, 0),
        ('phone_hit', judged.is_first_hit, 0),
        ('alo', judged.is_alo, 0),
        ('right_party', judged.is_right, 0),
        ('right_party_accepted', judged.is_right and judged.has_deal, 0),
        ('right_party_written', judged.is_right and judged.is_written, 0),
        ('wrong_party', judged.is_wrong, 0),
        ('talked', judged.seconds > 0, judged.seconds),
        ('wrapped', judged.wrap_seconds > 0, judged.wrap_seconds),
        ('handled', judged.seconds + judged.wrap_seconds > 0,
            judged.seconds + judged.wrap_seconds),
        -- Whoever did it, for what is told by the hour: since hours are known.
        ('own_attempt', judged.client_id is not null and judged.operator_id is not null
            and judged.day >= v_hours_since, 0),
        ('own_right_party', judged.is_right and judged.operator_id is not null
            and judged.day >= v_hours_since, 0),
        ('own_handled', judged.operator_id is not null and judged.day >= v_hours_since
            and judged.seconds + judged.wrap_seconds > 0, judged.seconds + judged.wrap_seconds),
        ('call', judged.has_agent, 0),
        ('auto_closed', judged.has_agent and judged.is_auto, 0),
        ('outside_hours', judged.is_outside, 0),
        ('over_cap', judged.is_over_cap, 0),
        ('after_opt_out', judged.is_opted_out, 0),
        ('cost', judged.cost > 0, judged.cost),
        ('cost_voice', judged.cost > 0, judged.cost),
        ('cost_unknown', judged.billed_seconds > 0 and judged.cost is null, 0)
    ) as told (measure, holds, amount)
    where told.holds and (not is_lean or told.measure in (
        'attempt', 'disposition', 'right_party'
    ));
end;
$$;
