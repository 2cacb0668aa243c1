-- At its moment a promised call rings its person's bell, and what nobody came for becomes anyone's.
-- As sets, every few seconds; a run that dies leaves nothing, so the next one does the whole of it.

-- One bell per call; several at once (an outage, a morning's pile) are one that says how many.
create function private.remind_callbacks() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- As many as a transaction should hold; the next run takes the rest.
    c_batch constant int := 5000;
    -- More than three bells at the same moment are read as none.
    c_apart constant int := 3;
    v_reminded int;
begin
    with due as (
        select promised.id
        from public.callbacks as promised
        where promised.status = 'scheduled' and promised.due_at <= private.now()
          and promised.reminded_for is distinct from promised.due_at
        order by promised.due_at
        limit c_batch
        for update skip locked
    ),
    marked as (
        update public.callbacks as promised set reminded_for = promised.due_at
        from due
        where promised.id = due.id
        returning promised.*
    ),
    personal as (
        select marked.*, count(*) over (
            partition by marked.tenant_id, marked.operator_id
        ) as together
        from marked
        join public.memberships as member
            on member.tenant_id = marked.tenant_id and member.user_id = marked.operator_id
            and member.revoked_at is null
    ),
    told as (
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select personal.tenant_id, personal.operator_id, 'callback_due', jsonb_build_object(
            'callback_id', personal.id, 'client_id', personal.client_id,
            'due_at', personal.due_at
        )
        from personal where personal.together <= c_apart
        union all
        select personal.tenant_id, personal.operator_id, 'callbacks_overdue', jsonb_build_object(
            'count', count(*), 'since', min(personal.due_at)
        )
        from personal where personal.together > c_apart
        group by personal.tenant_id, personal.operator_id
    )
    select count(*) into v_reminded from marked;
    return v_reminded;
end;
$$;
comment on function private.remind_callbacks() is
'How many promised calls have come due since the last run.';

create function private.release_callbacks() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_batch constant int := 5000;
    v_released int;
begin
    with late as (
        select promised.id
        from public.callbacks as promised
        where promised.status = 'scheduled' and promised.operator_id is not null
          and promised.due_at <= private.now() - coalesce(
              make_interval(mins => promised.release_minutes),
              private.release_after(promised.tenant_id)
          )
        order by promised.due_at
        limit c_batch
        for update skip locked
    )
    update public.callbacks as promised
    set operator_id = null, released_from = promised.operator_id
    from late
    where promised.id = late.id;
    get diagnostics v_released = row_count;
    return v_released;
end;
$$;
comment on function private.release_callbacks() is 'How many became anyone''s.';

create function private.sweep_callbacks() returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- What was offered yesterday may be offered again; the list stays as long as a day's work.
    delete from private.client_offers as offered
    where offered.offered_at < private.now() - interval '1 day';
    return jsonb_build_object(
        'reminded', private.remind_callbacks(), 'released', private.release_callbacks()
    );
end;
$$;
-- A quarter of a minute: whoever promised "às 14:05" is told before 14:06.
select cron.schedule('sweep-callbacks', '15 seconds', 'select private.sweep_callbacks()');

-- Who leaves takes no promise along.
create function private.tg_memberships__release_callbacks() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.callbacks as promised
    set operator_id = null, released_from = promised.operator_id
    from new_rows as became
    where became.revoked_at is not null
      and promised.tenant_id = became.tenant_id and promised.operator_id = became.user_id
      and promised.status = 'scheduled';
    return null;
end;
$$;

create trigger _300_release_callbacks after update on public.memberships
referencing new table as new_rows for each statement
execute function private.tg_memberships__release_callbacks();

-- A bell for a call that was made, moved, called off or given away has nothing to say any more.
create function private.tg_callbacks__quiet_reminders() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.notifications as told set read_at = private.now()
    from new_rows as became
    where told.kind = 'callback_due' and told.read_at is null
      and told.payload ->> 'callback_id' = became.id::text
      and told.tenant_id = became.tenant_id
      and (
          became.status <> 'scheduled' or became.due_at > private.now()
          or became.operator_id is distinct from told.user_id
      );
    return null;
end;
$$;

create trigger _400_quiet_reminders after update on public.callbacks
referencing new table as new_rows for each statement
execute function private.tg_callbacks__quiet_reminders();
