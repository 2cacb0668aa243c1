-- The wrong key was pressed: within the agency's window the disposition is taken back with all it
-- did. What it wanted to send has not left, because its queue message is held that long.
create function private.undo_disposition(disposition_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_done public.call_dispositions;
begin
    -- Waits for a worker that is opening its runs, and holds off one that comes now: it will see
    -- the undo.
    select * into v_done from public.call_dispositions as done
    where done.id = undo_disposition.disposition_id and done.tenant_id = v_tenant_id
    for update;
    if not found then
        raise exception 'disposition_not_found' using errcode = 'PT404',
            detail = 'no disposition with this id in the tenant';
    end if;
    if v_done.operator_id <> auth.uid() then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'only who made it takes it back';
    end if;
    if private.is_undone(v_done.id) then
        return;
    end if;
    if private.now() >= v_done.created_at + private.undo_window(v_tenant_id) or exists (
        select from public.automation_runs as run
        where run.tenant_id = v_tenant_id and run.disposition_id = v_done.id
    ) then
        raise exception 'undo_too_late' using errcode = 'PT409',
            detail = 'what follows from it has begun';
    end if;

    insert into public.disposition_undos (disposition_id, tenant_id, client_id, undone_by)
    values (v_done.id, v_tenant_id, v_done.client_id, auth.uid());
    -- In the order a disposition writes them (0953), so that two never wait in a circle.
    perform private.refresh_last_contact(v_tenant_id, v_done.client_id),
        private.give_back_callbacks(v_done.id),
        private.give_back_call(v_done.id);
    perform private.send_change(
        'disposition_changed', 'call_dispositions', v_tenant_id, v_done.id::text,
        array[v_done.client_id]
    );
end;
$$;

-- What it promised is not promised, and what it kept is to be kept.
create function private.give_back_callbacks(disposition_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    update public.callbacks as promised
    set status = 'cancelled', ended_at = private.now(), ended_by = auth.uid(),
        cancel_reason = 'Tabulação desfeita'
    from public.call_dispositions as done
    where done.id = give_back_callbacks.disposition_id
      and promised.tenant_id = done.tenant_id and promised.disposition_id = done.id
      and promised.status = 'scheduled';
    update public.callbacks as promised
    set status = 'scheduled', ended_at = null, ended_by = null, kept_by = null
    from public.call_dispositions as done
    where done.id = give_back_callbacks.disposition_id
      and promised.tenant_id = done.tenant_id and promised.kept_by = done.id
      and promised.status = 'done'
$$;

-- The call waits for its outcome again. The dialer has been told nothing of it: its task is held
-- for as long as it may be taken back, and so is a wrong number's way out of the mailing.
create function private.give_back_call(disposition_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    delete from private.dialer_tasks as task
    using public.calls as call, public.call_dispositions as done
    where done.id = give_back_call.disposition_id
      and call.tenant_id = done.tenant_id and call.disposition_id = done.id
      and task.tenant_id = call.tenant_id and task.call_id = call.id
      and task.kind = 'qualify' and task.status = 'queued' and task.attempt = 0;
    delete from private.held_removals as held
    where held.disposition_id = give_back_call.disposition_id;
    update public.calls as call
    set disposition_id = null, qualify_status = null
    from public.call_dispositions as done
    where done.id = give_back_call.disposition_id
      and call.tenant_id = done.tenant_id and call.disposition_id = done.id
$$;

create function private.refresh_last_contact(tenant_id uuid, client_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    update private.client_contacts as known
    set (last_contact_at, last_disposition_type) = (
        select done.created_at, done.disposition_type
        from public.call_dispositions as done
        where done.tenant_id = refresh_last_contact.tenant_id
          and done.client_id = refresh_last_contact.client_id
          and not private.is_undone(done.id)
        order by done.created_at desc, done.id desc
        limit 1
    )
    where known.tenant_id = refresh_last_contact.tenant_id
      and known.client_id = refresh_last_contact.client_id
$$;

create function public.undo_disposition(disposition_id uuid) returns void
language sql
set search_path = ''
as $$ select private.undo_disposition(private.seen('call_dispositions', disposition_id)) $$;
comment on function public.undo_disposition(uuid) is
'Who made it, within automation_policies.undo_seconds; again is no error. Errors:
disposition_not_found, not_allowed, undo_too_late.';

grant execute on function
private.undo_disposition(uuid), public.undo_disposition(uuid)
to authenticated;
