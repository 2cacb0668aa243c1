-- A promised call ends: done, called off, or moved to another moment. By whom it was promised to,
-- by anybody if nobody is named, and by a supervisor. A second click on the same end is no error.
create function private.lock_callback(callback_id uuid) returns public.callbacks
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_promised public.callbacks;
begin
    select * into v_promised
    from public.callbacks as promised
    where promised.id = lock_callback.callback_id and promised.tenant_id = v_tenant_id
    for update;
    if not found then
        raise exception 'callback_not_found' using errcode = 'PT404',
            detail = 'no callback with this id in the tenant';
    end if;
    if v_promised.operator_id <> auth.uid() and not private.has_role('supervisor') then
        raise exception 'callback_of_another' using errcode = 'PT403',
            detail = 'its operator or a supervisor';
    end if;
    return v_promised;
end;
$$;

create function private.end_callback(callback_id uuid, status public.callback_status) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
begin
    if v_promised.status = end_callback.status then
        return;
    end if;
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    update public.callbacks
    set status = end_callback.status, ended_at = private.now(), ended_by = auth.uid()
    where callbacks.id = v_promised.id;
end;
$$;

create function private.reschedule_callback(callback_id uuid, due_at timestamptz) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
    v_contact record;
begin
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    if due_at is null or due_at <= private.now() then
        raise exception 'callback_in_past' using errcode = 'PT400',
            detail = 'due_at must lie in the future';
    end if;
    select * into v_contact
    from private.contact_decision(v_promised.tenant_id, v_promised.client_id, 'call', due_at);
    if v_contact.reason = 'outside_hours' then
        raise exception 'outside_hours' using errcode = 'PT409',
            detail = to_json(v_contact.next_allowed_at) #>> '{}';
    end if;
    update public.callbacks
    set due_at = reschedule_callback.due_at
    where callbacks.id = v_promised.id;
end;
$$;

create function public.complete_callback(callback_id uuid) returns void
language sql
set search_path = ''
as $$ select private.end_callback(callback_id, 'done') $$;
comment on function public.complete_callback(uuid) is
'The promised call was made. Errors: callback_not_found, callback_of_another, callback_ended.';

create function public.cancel_callback(callback_id uuid) returns void
language sql
set search_path = ''
as $$ select private.end_callback(callback_id, 'cancelled') $$;
comment on function public.cancel_callback(uuid) is
'Nobody will call. Errors: callback_not_found, callback_of_another, callback_ended.';

create function public.reschedule_callback(callback_id uuid, due_at timestamptz) returns void
language sql
set search_path = ''
as $$ select private.reschedule_callback(callback_id, due_at) $$;
comment on function public.reschedule_callback(uuid, timestamptz) is
'Errors: callback_not_found, callback_of_another, callback_ended, callback_in_past, outside_hours
(detail: the next lawful instant).';

grant execute on function
private.end_callback(uuid, public.callback_status),
private.reschedule_callback(uuid, timestamptz),
public.complete_callback(uuid), public.cancel_callback(uuid),
public.reschedule_callback(uuid, timestamptz)
to authenticated;
