-- What is going on right now: who serves whom and how everybody stands, what waits and is stuck
-- (0819), and whether the providers still talk to us. In plpgsql because half of the tables are
-- made later.

-- What an agency's people take after a talk, in seconds: the mean of thirty days that are kept.
create function private.usual_wrap_up(tenant_id uuid) returns int
language sql
stable
security definer
set search_path = ''
as $$
    -- Of a floor that has none yet: a minute, as of a pause.
    select coalesce((sum(fact.amount) / nullif(sum(fact.events), 0))::int, 60)
    from private.panel_facts as fact
    where fact.tenant_id = usual_wrap_up.tenant_id and fact.creditor_id is null
      and fact.measure = 'wrapped'
      and fact.day > private.today(usual_wrap_up.tenant_id) - 30
$$;

-- Who is stuck, and since when: a pause that the dialer began and nobody gave a reason for, over a
-- minute; a talk that ended over twice the usual time ago and has no outcome yet.
create function private.board_alarm(
    tenant_id uuid, user_id uuid, state text, reason text, since timestamptz, usual_wrap_up int
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Domain §7.3.
    c_patience constant interval := '60 seconds';
    v_ended_at timestamptz;
begin
    if state = 'paused' then
        return case when reason = 'dialer' and since < private.now() - c_patience
            then jsonb_build_object('kind', 'pause', 'since', since) end;
    end if;
    select last_call.ended_at into v_ended_at
    from (
        select call.* from public.calls as call
        where call.operator_id = board_alarm.user_id and call.tenant_id = board_alarm.tenant_id
        order by call.called_at desc
        limit 1
    ) as last_call
    where last_call.status = 'ended' and last_call.connected_at is not null
      and last_call.disposition_id is null and last_call.outcome_type is null
      -- One whose end the dialer never told: the sweep asks for it.
      and last_call.ended_at > private.now() - interval '1 hour';
    return case
        when v_ended_at < private.now() - make_interval(secs => 2 * usual_wrap_up)
            then jsonb_build_object(
                'kind', 'wrap_up', 'since', v_ended_at, 'usual_seconds', usual_wrap_up
            ) end;
end;
$$;

create function private.panel_people(tenant_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_today date := private.today(tenant_id);
    v_scope uuid [] := private.creditor_scope();
    v_usual int := private.usual_wrap_up(tenant_id);
begin
    return (
        -- The day is open, so these are the very events that the panel's numbers are summed from.
        with counted as materialized (
            select event.operator_id,
                count(*) filter (where event.measure = 'disposition') as dispositions,
                count(*) filter (where event.measure = 'right_party') as right_party,
                count(*) filter (where event.measure = 'agreement') as agreements,
                sum(event.amount) filter (where event.measure = 'agreement') as agreed_cents
            from private.panel_events(
                panel_people.tenant_id, v_today, v_today, array['voice', 'message', 'agreement'],
                v_scope is null
            ) as event
            where v_scope is null or event.creditor_ids && v_scope
            group by event.operator_id
        )
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', member.user_id, 'name', member.display_name, 'role', member.role,
            'serving', case when held.client_id is not null then jsonb_build_object(
                -- Who works for some creditors sees that a colleague is busy, not with whom.
                'client_id', clients.id, 'client', clients.name,
                'document', clients.document, 'since', held.since
            ) end,
            'state', case when stood.until_at is null
                and stood.seen_at > private.now() - private.service_patience()
                then jsonb_build_object(
                    'state', stood.state, 'reason', stood.reason, 'since', stood.since
                ) end,
            'seen_at', coalesce(stood.until_at, stood.seen_at),
            'last_disposition_at', last_done.at,
            'alarm', case when stood.until_at is null
                and stood.seen_at > private.now() - private.service_patience()
                then private.board_alarm(
                    panel_people.tenant_id, member.user_id, stood.state, stood.reason, stood.since,
                    v_usual
                ) end,
            'dispositions', coalesce(counted.dispositions, 0),
            'right_party', coalesce(counted.right_party, 0),
            'agreements', coalesce(counted.agreements, 0),
            'agreed_cents', coalesce(counted.agreed_cents, 0)
        ) order by held.since is null, held.since, member.display_name, member.user_id), '[]')
        from public.memberships as member
        left join lateral (
            select serving.client_id, serving.since
            from public.client_services as serving
            where serving.operator_id = member.user_id
              and serving.tenant_id = panel_people.tenant_id
              and serving.seen_at > private.now() - private.service_patience()
            order by serving.since desc limit 1
        ) as held on true
        left join public.clients
            on clients.tenant_id = panel_people.tenant_id and clients.id = held.client_id
            and private.sees_client(clients.id)
        left join lateral (
            select done.created_at as at
            from public.call_dispositions as done
            where done.operator_id = member.user_id and done.tenant_id = panel_people.tenant_id
              and not private.is_undone(done.id)
            order by done.created_at desc limit 1
        ) as last_done on true
        left join lateral (
            select known.* from public.operator_states as known
            where known.user_id = member.user_id and known.tenant_id = panel_people.tenant_id
            order by known.since desc limit 1
        ) as stood on true
        left join counted on counted.operator_id = member.user_id
        where member.tenant_id = panel_people.tenant_id and member.revoked_at is null
    );
end;
$$;

create function private.panel_board() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    return jsonb_build_object(
        'now', private.now(), 'today', private.today(v_tenant_id),
        'people', private.panel_people(v_tenant_id),
        'waiting', private.panel_waiting(v_tenant_id),
        'queues', private.panel_queues(v_tenant_id),
        'providers', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'provider', integration.provider, 'last_event_at', integration.last_event_at,
                'silent_since', private.silent_since(integration),
                'failing_since', integration.failing_since
            ) order by integration.provider), '[]')
            from public.integrations as integration
            where integration.tenant_id = v_tenant_id and integration.is_active
        )
    );
end;
$$;

create function public.panel_board() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.panel_board() $$;
comment on function public.panel_board() is
'Supervisor: {now, today, people: [{id, name, role, serving: {client_id, client, document, since} |
null, state: {state, reason, since} | null, seen_at, last_disposition_at, alarm: {kind: pause |
wrap_up, since, usual_seconds?} | null, dispositions, right_party, agreements, agreed_cents}],
waiting: [{kind, is_decision, count, oldest_at}], queues: [{kind, count, oldest_at}], providers: [{provider, last_event_at, silent_since,
failing_since}]}.';

grant execute on function private.panel_board(), public.panel_board() to authenticated;
