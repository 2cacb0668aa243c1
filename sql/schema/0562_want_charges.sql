-- Asking for a charge and taking the wish back. Both only write the wish and its queue message, in
-- the transaction of whoever decided; a worker does the rest (0566).
select pgmq.create('charges');
alter table pgmq.q_charges set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);

create function private.enqueue_charge(charge_id uuid, at timestamptz) returns bigint
language sql
security definer
set search_path = ''
as $$
    insert into pgmq.q_charges (vt, message)
    values (
        pg_catalog.clock_timestamp() + (enqueue_charge.at - private.now()),
        pg_catalog.jsonb_build_object('charge_id', enqueue_charge.charge_id)
    )
    returning msg_id
$$;

-- Puts the charge into the queue once more, now; an older message of it is stale from here on.
create function private.poke_charge(charge_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.charges as charge
    set queue_msg_id = private.enqueue_charge(charge.id, private.now()), next_attempt_at = null
    where charge.id = poke_charge.charge_id;
    perform private.wake_function('negociarie-charge');
end;
$$;

create function private.unwant_charges(charge_id uuid, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_charge public.charges;
begin
    update public.charges as charge
    set is_wanted = false, cancel_reason = unwant_charges.reason, failures = 0,
        status = case
            -- Nobody has begun to send it: nothing to take back at the provider.
            when charge.status = 'queued' then 'cancelled'
            -- Sent before it failed, it may be there: looked up, and taken back if it is.
            when charge.status = 'failed' and charge.sent_at is not null then 'unknown'
            else charge.status
        end,
        cancelled_at = case when charge.status = 'queued' then private.now() end
    where charge.id = unwant_charges.charge_id and charge.is_wanted
    returning * into v_charge;
    if found and v_charge.status not in ('cancelled', 'failed') then
        perform private.poke_charge(v_charge.id);
    end if;
end;
$$;
