-- What a disposition sets off, in its own transaction: the rules of its type are enqueued, the
-- client's last contact is noted, whoever has the client open is told, a promise that fell due is
-- kept, a new one made, and the dialer's call ended. One trigger and one question, because an
-- operator waits for it sixty times an hour: seven statements took twice as long.
create function private.tg_call_dispositions__follow_up() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A callback is in time from ten minutes before to ten minutes after its moment.
    c_tolerance constant interval := '10 minutes';
    -- A call nobody disposed of by the end of the day stays without one.
    c_longest_service constant interval := '12 hours';
    v_called_since constant timestamptz := private.now() - c_longest_service;
    v_next record;
begin
    -- Enqueued rules are held for as long as the disposition may be taken back: until then no
    -- worker sees the message. `pgmq.send` would pay dynamic SQL on each call (1.5 × the insert);
    -- the direct insert is held to pgmq's layout by a test.
    with enqueued as (
        insert into pgmq.q_automations (vt, message)
        select clock_timestamp() + wanted.held_for, jsonb_build_object(
            'disposition_id', done.id, 'rule_ids', wanted.rule_ids
        )
        from new_rows as done
        join private.disposition_rules as wanted
            on wanted.tenant_id = done.tenant_id
            and wanted.disposition_type = done.disposition_type
        returning vt
    ),

    contacted as (
        insert into private.client_contacts as known (
            tenant_id, client_id, last_contact_at, last_disposition_type
        )
        select distinct on (done.client_id) done.tenant_id, done.client_id,
            done.created_at, done.disposition_type
        from new_rows as done
        -- The same order for everybody who writes several, so that nobody waits in a circle.
        order by done.client_id, done.created_at desc, done.id desc
        on conflict (tenant_id, client_id) do update
        set last_contact_at = excluded.last_contact_at,
            last_disposition_type = excluded.last_disposition_type
        where known.last_contact_at is null or known.last_contact_at <= excluded.last_contact_at
    ),

    told as (
        select private.send_change(
            'disposition_changed', 'call_dispositions',
            changed.tenant_id, changed.id, changed.client_ids
        )
        from (
            select done.tenant_id, min(done.id::text) as id,
                array_agg(distinct done.client_id) as client_ids
            from new_rows as done
            group by done.tenant_id
        ) as changed
    )

    select
        (select count(*) from told) as told,
        (select bool_or(enqueued.vt <= clock_timestamp()) from enqueued) as is_due,
        array_agg(done.id) as dispositions,
        bool_or(done.scheduled_callback is not null) as promises,
        (
            select array_agg(promised.id)
            from new_rows as keeping
            join public.callbacks as promised
                on promised.tenant_id = keeping.tenant_id
                and promised.client_id = keeping.client_id
                and promised.due_at <= keeping.created_at + c_tolerance
                and promised.status = 'scheduled'
                and coalesce(promised.operator_id, keeping.operator_id) = keeping.operator_id
        ) as kept,
        array_agg(done.id) filter (where kind.unworkable or exists (
            select from public.calls as open_call
            where open_call.tenant_id = done.tenant_id and open_call.client_id = done.client_id
              and open_call.operator_id = done.operator_id
              and open_call.disposition_id is null and open_call.outcome_type is null
              and open_call.called_at > v_called_since
        )) as ending
    into v_next
    from new_rows as done
    join public.disposition_types as kind
        on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type;

    -- Most keep and promise nothing and end no call: an update of nothing would still be audited.
    if v_next.kept is not null then
        perform private.keep_callbacks(v_next.kept, v_next.dispositions);
    end if;
    if v_next.promises then
        perform private.make_callbacks(v_next.dispositions);
    end if;
    if v_next.ending is not null then
        perform private.end_calls(v_next.ending, v_called_since);
    end if;
    -- What is held is woken when it is due (0600).
    if v_next.is_due then
        perform private.wake_function('run-automations');
    end if;
    return null;
end;
$$;

create trigger _300_follow_up after insert on public.call_dispositions
referencing new table as new_rows for each statement
execute function private.tg_call_dispositions__follow_up();
