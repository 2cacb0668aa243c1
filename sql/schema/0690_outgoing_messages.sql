-- Messages that a person sends to one client now: the row of `message_logs` is the outbox, its
-- queue message commits with it, and whoever drains the queue asks again whether it is lawful.
-- Begun, settled and told by receipts as every message (0640, 0650); only who carries it differs.
alter table public.message_logs add constraint message_logs_charge_fkey
foreign key (tenant_id, charge_id) references public.charges (tenant_id, id);
-- Two clicks, two tabs: one message on its way for a charge.
create unique index message_logs_one_underway_per_charge
on public.message_logs (tenant_id, charge_id)
where charge_id is not null and status in ('queued', 'sending', 'unknown');
create index message_logs_of_charge on public.message_logs (tenant_id, charge_id)
where charge_id is not null;

-- `at` is the product's time; the queue lives in real time.
create function private.enqueue_message(message_id uuid, at timestamptz) returns bigint
language sql
security definer
set search_path = ''
as $$
    insert into pgmq.q_messages (vt, message)
    values (
        pg_catalog.clock_timestamp() + (enqueue_message.at - private.now()),
        pg_catalog.jsonb_build_object('message_id', enqueue_message.message_id)
    )
    returning msg_id
$$;

create function private.leave_message_queue(message_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_msg_id bigint;
begin
    update public.message_logs as message
    set queue_msg_id = null, lease_until = null, next_attempt_at = null
    from (
        select known.id, known.queue_msg_id from public.message_logs as known
        where known.id = leave_message_queue.message_id and known.queue_msg_id is not null
        for update
    ) as was
    where message.id = was.id
    returning was.queue_msg_id into v_msg_id;
    -- Kept, so that a dead letter can be read.
    perform pgmq.archive('messages', v_msg_id) where v_msg_id is not null;
end;
$$;

-- Under a new queue message, whose read count begins at zero: only reads that were never answered
-- count as poison.
create function private.postpone_message(message_id uuid, until timestamptz) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform pgmq.delete('messages', message.queue_msg_id)
    from public.message_logs as message
    where message.id = postpone_message.message_id and message.queue_msg_id is not null;
    update public.message_logs as message
    set next_attempt_at = until, lease_until = null,
        queue_msg_id = private.enqueue_message(message.id, until)
    where message.id = postpone_message.message_id;
end;
$$;

-- Only what nobody has begun to send can be called back.
create function private.drop_message(message_id uuid, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.message_logs as message
    set status = 'failed', failed_at = private.now(), error_code = drop_message.reason
    where message.id = drop_message.message_id and message.status = 'queued';
    if found then
        perform private.leave_message_queue(drop_message.message_id);
    end if;
end;
$$;

-- Outcome unknown: it waits for a receipt, at most this long, and is never sent again blindly.
create function private.await_message_receipt(message_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- As for runs: receipts arrive within seconds; the slowest seen by providers is minutes.
    c_wait constant interval := interval '15 minutes';
begin
    perform private.postpone_message(message_id, private.now() + c_wait);
    update public.message_logs as message set lease_until = private.now() + c_wait
    where message.id = await_message_receipt.message_id;
end;
$$;

-- Paid, taken back or failed: what would have brought it leaves the queue at once.
create function private.tg_charges__leave_messages() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.drop_message(message.id, 'charge_not_payable')
    from new_rows as became
    join public.message_logs as message
        on message.tenant_id = became.tenant_id and message.charge_id = became.id
        and message.status = 'queued'
    where not private.is_payable(became);
    return null;
end;
$$;

create function private.is_payable(charge public.charges) returns boolean
language sql
immutable
set search_path = ''
as $$ select (charge).is_wanted and (charge).status in ('registering', 'open') $$;
-- Asked by charge-document as the caller, of a row they may read.
grant execute on function private.is_payable(public.charges) to authenticated;

create trigger _400_leave_messages after update on public.charges
referencing new table as new_rows for each statement
execute function private.tg_charges__leave_messages();
