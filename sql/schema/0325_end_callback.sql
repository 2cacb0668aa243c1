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

create function private.end_callback(
    callback_id uuid, status public.callback_status, reason text default null
) returns void
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
    set status = end_callback.status, ended_at = private.now(), ended_by = auth.uid(),
        -- 200 characters: a sentence.
        cancel_reason = left(btrim(end_callback.reason), 200)
    where callbacks.id = v_promised.id;
end;
$$;

create function private.cancel_callback(callback_id uuid, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- Whoever may not is refused before being told what is missing.
    perform private.lock_callback(callback_id);
    if btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a promise that nobody will keep says why';
    end if;
    perform private.end_callback(callback_id, 'cancelled', reason);
end;
$$;

-- To oneself: anyone's by anybody, another's by a supervisor. To nobody in particular: by whose it
-- is. To a colleague: by a supervisor.
create function private.assign_callback(callback_id uuid, user_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
begin
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    if user_id <> auth.uid() and not private.has_role('supervisor') then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'only a supervisor gives a callback to somebody else';
    end if;
    if user_id is not null and not exists (
        select from public.memberships as member
        where member.tenant_id = v_promised.tenant_id
          and member.user_id = assign_callback.user_id and member.revoked_at is null
    ) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'no live member of the tenant with this id';
    end if;
    update public.callbacks
    set operator_id = assign_callback.user_id,
        -- Who gets one that is due hears of it.
        reminded_for = case when assign_callback.user_id <> auth.uid() then null
            else callbacks.reminded_for end
    where callbacks.id = v_promised.id
      and callbacks.operator_id is distinct from assign_callback.user_id;
end;
$$;

create function private.reschedule_callback(callback_id uuid, due_at timestamptz) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
begin
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    if due_at is null or due_at <= private.now() then
        raise exception 'callback_in_past' using errcode = 'PT400',
            detail = 'due_at must lie in the future';
    end if;
    perform private.require_lawful_callback(v_promised.tenant_id, v_promised.client_id, due_at);
    update public.callbacks
    set due_at = reschedule_callback.due_at
    where callbacks.id = v_promised.id;
end;
$$;

create function public.complete_callback(callback_id uuid) returns void
language sql
set search_path = ''
as $$ select private.end_callback(private.seen('callbacks', callback_id), 'done') $$;
comment on function public.complete_callback(uuid) is
'The promised call was made. Errors: callback_not_found, callback_of_another, callback_ended.';

create function public.cancel_callback(callback_id uuid, reason text) returns void
language sql
set search_path = ''
as $$ select private.cancel_callback(private.seen('callbacks', callback_id), reason) $$;
comment on function public.cancel_callback(uuid, text) is
'Nobody will call. Errors: callback_not_found, callback_of_another, callback_ended,
reason_missing.';

create function public.assign_callback(callback_id uuid, user_id uuid) returns void
language sql
set search_path = ''
as $$ select private.assign_callback(private.seen('callbacks', callback_id), user_id) $$;
comment on function public.assign_callback(uuid, uuid) is
'Null: anyone''s. Errors: callback_not_found, callback_of_another, callback_ended, member_not_found,
not_allowed.';

create function public.reschedule_callback(callback_id uuid, due_at timestamptz) returns void
language sql
set search_path = ''
as $$ select private.reschedule_callback(private.seen('callbacks', callback_id), due_at) $$;
comment on function public.reschedule_callback(uuid, timestamptz) is
'Errors: callback_not_found, callback_of_another, callback_ended, callback_in_past,
callback_outside_hours (detail: the next lawful instant), client_suppressed.';

grant execute on function
private.end_callback(uuid, public.callback_status, text),
private.cancel_callback(uuid, text), private.assign_callback(uuid, uuid),
private.reschedule_callback(uuid, timestamptz),
public.complete_callback(uuid), public.cancel_callback(uuid, text),
public.assign_callback(uuid, uuid), public.reschedule_callback(uuid, timestamptz)
to authenticated;
