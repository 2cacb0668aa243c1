-- The only way in which a batch changes its state. From where to where is a table.
create table private.batch_moves (
    from_status public.batch_status not null,
    to_status public.batch_status not null,
    constraint batch_moves_pkey primary key (from_status, to_status)
);
alter table private.batch_moves enable row level security;
alter table private.batch_moves force row level security;

insert into private.batch_moves (from_status, to_status)
values
('awaiting_confirmation', 'scheduled'), ('awaiting_confirmation', 'sending'),
('awaiting_confirmation', 'cancelled'), ('scheduled', 'sending'), ('scheduled', 'paused'),
('scheduled', 'cancelled'), ('sending', 'paused'), ('sending', 'cancelled'),
('paused', 'sending'), ('paused', 'scheduled'), ('paused', 'cancelled'),
-- What failed in passing is tried once more.
('done', 'sending');

create function private.move_batch(batch_id uuid, to_status public.batch_status) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_from public.batch_status;
begin
    select batch.status into v_from from public.message_batches as batch
    where batch.id = move_batch.batch_id for update;
    if not exists (
        select from private.batch_moves as known
        where known.from_status = v_from and known.to_status = move_batch.to_status
    ) then
        raise exception 'batch_not_movable' using errcode = 'PT409',
            detail = v_from || ' cannot become ' || to_status;
    end if;
    update public.message_batches as batch
    set status = move_batch.to_status, alerted_at = null, last_progress_at = private.now(),
        rate_per_second = 0,
        started_at = case when to_status = 'sending'
            then coalesce(batch.started_at, private.now()) else batch.started_at end,
        finished_at = case when to_status = 'cancelled' then private.now() end
    where batch.id = move_batch.batch_id;
    perform realtime.send(
        jsonb_build_object('id', batch.id, 'at', private.now()), 'batch_changed',
        'tenant:' || batch.tenant_id, true
    )
    from public.message_batches as batch where batch.id = move_batch.batch_id;
    if to_status = 'sending' then
        perform private.wake_function('send-notifications');
    end if;
end;
$$;

-- Nothing stands against it any more: now, or at its time.
create function private.release_batch(batch_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.move_batch(batch.id, case when batch.scheduled_at > private.now()
        then 'scheduled' else 'sending' end::public.batch_status)
    from public.message_batches as batch where batch.id = release_batch.batch_id;
end;
$$;

-- Who has not been written to never will be. A worker may hold some at this very moment: what it
-- has begun goes out, and what it gives back is dropped by the watch (0917).
create function private.cancel_batch(batch_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.move_batch(batch_id, 'cancelled');
    update public.message_batches as batch set cancelled_by = auth.uid()
    where batch.id = cancel_batch.batch_id;
    perform private.drop_waiting(batch_id);
    perform private.fold_batch_counts();
end;
$$;

-- A message that never began is no message.
create function private.drop_waiting(batch_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    with waiting as materialized (
        select recipient.client_id, recipient.message_id
        from public.batch_recipients as recipient
        where recipient.batch_id = drop_waiting.batch_id and recipient.status = 'waiting'
        order by recipient.client_id
        for update
    ),
    dropped as (
        update public.batch_recipients as recipient
        set status = 'skipped', reason = 'cancelled', message_id = null, lease_until = null
        from waiting
        where recipient.batch_id = drop_waiting.batch_id
          and recipient.client_id = waiting.client_id
    )
    delete from public.message_logs as message
    using waiting
    where message.id = waiting.message_id and message.status = 'queued'
$$;

create function private.change_message_batch(batch_id uuid, change text, reason text) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_batch public.message_batches;
begin
    select * into v_batch from public.message_batches as batch
    where batch.tenant_id = v_tenant_id and batch.id = change_message_batch.batch_id
    for update;
    if not found then
        raise exception 'batch_not_found' using errcode = 'PT404',
            detail = 'no such bulk send here';
    end if;
    case change
        when 'confirm' then
            if v_batch.created_by = auth.uid() then
                raise exception 'approval_by_author' using errcode = 'PT403',
                    detail = 'a second person confirms';
            elsif v_batch.status <> 'awaiting_confirmation' then
                raise exception 'batch_not_movable' using errcode = 'PT409',
                    detail = 'it does not wait for a confirmation';
            end if;
            update public.message_batches as batch
            set confirmed_by = auth.uid(), confirmed_at = private.now()
            where batch.id = v_batch.id;
            perform private.release_batch(v_batch.id);
        when 'refuse' then
            if v_batch.created_by = auth.uid() then
                raise exception 'approval_by_author' using errcode = 'PT403',
                    detail = 'a second person refuses; the author cancels';
            elsif v_batch.status <> 'awaiting_confirmation' then
                raise exception 'batch_not_movable' using errcode = 'PT409',
                    detail = 'it does not wait for a confirmation';
            elsif btrim(coalesce(reason, '')) = '' then
                raise exception 'reason_missing' using errcode = 'PT400',
                    detail = 'the author wants to know why';
            end if;
            update public.message_batches as batch
            set refusal_reason = btrim(reason) where batch.id = v_batch.id;
            perform private.cancel_batch(v_batch.id);
            insert into public.notifications (tenant_id, user_id, kind, payload)
            values (
                v_tenant_id, v_batch.created_by, 'batch_refused',
                jsonb_build_object('batch_id', v_batch.id)
            );
        when 'pause' then
            perform private.move_batch(v_batch.id, 'paused');
        when 'resume' then
            -- Only what was paused: a resume is no confirmation.
            if v_batch.status <> 'paused' then
                raise exception 'batch_not_movable' using errcode = 'PT409',
                    detail = 'it is not paused';
            end if;
            perform private.release_batch(v_batch.id);
        when 'cancel' then
            perform private.cancel_batch(v_batch.id);
        else
            raise exception 'action_unknown' using errcode = 'PT400', detail = coalesce(change, '');
    end case;
    return (
        select batch.status::text from public.message_batches as batch where batch.id = v_batch.id
    );
end;
$$;

-- The six classes of the failure vocabulary; only the first is worth another try as it is.
create function private.failure_class(error_code text) returns text
language sql
immutable
set search_path = ''
as $$
    select case
        when error_code in ('rate_limited', 'provider_unavailable') then 'transient'
        when error_code in ('number_invalid', 'policy', 'opted_out') then error_code
        when error_code in ('configuration', 'template_rejected') then 'configuration'
        else 'unknown'
    end
$$;

-- Again, for those alone whom the provider could not serve at that moment. The old message stays in
-- the history under its own provider id; the new try is a new message.
create function private.retry_message_batch(batch_id uuid) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_batch public.message_batches;
    v_retried int;
begin
    select * into v_batch from public.message_batches as batch
    where batch.tenant_id = v_tenant_id and batch.id = retry_message_batch.batch_id
    for update;
    if not found then
        raise exception 'batch_not_found' using errcode = 'PT404',
            detail = 'no such bulk send here';
    elsif v_batch.status not in ('sending', 'paused', 'done') then
        raise exception 'batch_not_movable' using errcode = 'PT409',
            detail = 'nothing was sent of it';
    end if;
    with old as (
        update public.message_logs as message
        set retried_batch_id = message.batch_id, batch_id = null
        where message.tenant_id = v_tenant_id and message.batch_id = v_batch.id
          and message.status = 'failed'
          and private.failure_class(message.error_code) = 'transient'
          and private.sees_client(message.client_id)
        returning message.client_id
    )
    update public.batch_recipients as recipient
    set status = 'waiting', reason = 'retried', failures = 0, message_id = null,
        not_before = private.now()
    from old
    where recipient.batch_id = v_batch.id and recipient.client_id = old.client_id;
    get diagnostics v_retried = row_count;
    if v_retried > 0 and v_batch.status = 'done' then
        perform private.move_batch(v_batch.id, 'sending');
    end if;
    perform private.fold_batch_counts();
    return v_retried;
end;
$$;

create function public.change_message_batch(batch_id uuid, change text, reason text default null)
returns text
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.change_message_batch(batch_id, change, reason) $$;
comment on function public.change_message_batch(uuid, text, text) is
'Supervisor: confirm (not the author) | refuse (not the author, with a reason) | pause | resume |
cancel → the new status.';
create function public.retry_message_batch(batch_id uuid) returns int
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.retry_message_batch(batch_id) $$;
comment on function public.retry_message_batch(uuid) is
'Supervisor: tries the transient failures again → how many.';

grant execute on function
private.change_message_batch(uuid, text, text), public.change_message_batch(uuid, text, text),
private.retry_message_batch(uuid), public.retry_message_batch(uuid)
to authenticated;
