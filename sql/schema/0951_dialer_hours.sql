-- What a list that the hours silenced (0949) may do: where most of its people are closed it stays
-- silent, which loses nothing; else the few are taken out, and brought back when their state opens,
-- and the list is dialled on. List by list and a few thousand people at a time, each in its own
-- transaction: nobody who pays waits for it, and a list that errs stops no other. A procedure
-- because only those may commit, and without a search path of its own because only then; it names
-- every schema, and nobody but its owner may call it. Asked twice it changes nothing.
create procedure private.keep_dialer_hours(is_committing boolean default true)
language plpgsql
as $$
declare
    v_export_id uuid;
begin
    foreach v_export_id in array private.exports_to_compare() loop
        while private.keep_export_hours(v_export_id) loop
            if is_committing then
                commit;
            end if;
        end loop;
        if is_committing then
            commit;
        end if;
    end loop;
end;
$$;
comment on procedure private.keep_dialer_hours (boolean) is
'is_committing: false leaves everything to the caller''s transaction.';

-- The newest first: the others have been compared more often. What holds nobody is not asked.
create function private.exports_to_compare() returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select array(
        select export.id
        from private.dialer_agencies() as agency
        join public.dialer_exports as export on export.tenant_id = agency.tenant_id
        where export.status = 'done' and export.hours_state in ('open', 'silent', 'opening')
          and (export.closed_ufs is distinct from agency.closed or export.hours_state = 'opening')
          and (export.loaded > export.removed or exists (
              select from public.dialer_export_rows as contact
              where contact.export_id = export.id and contact.reason = 'outside_hours'
                and contact.phone is not null
          ))
        order by export.created_at desc, export.id
    )
$$;

-- One step of one list; true: call again.
create function private.keep_export_hours(export_id uuid) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_export public.dialer_exports;
begin
    select * into v_export from public.dialer_exports as export
    where export.id = keep_export_hours.export_id and export.status = 'done'
      and export.hours_state in ('open', 'silent', 'opening')
    -- Not against the key: whoever takes a person out meanwhile points a task at it.
    for no key update skip locked;
    if not found then
        return false;
    end if;
    return private.step_export_hours(
        v_export, private.dialer_closed_ufs(v_export.tenant_id)
    );
exception when others then
    -- It stays as silent as it is, and somebody reads of it.
    perform private.note_hours_failure(keep_export_hours.export_id, sqlstate, sqlerrm);
    return false;
end;
$$;

create function private.step_export_hours(export public.dialer_exports, closed text[])
returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Some hundred milliseconds of one transaction.
    c_step constant int := 5000;
    v_state text := (export).hours_state;
    v_moved int;
    v_left int := 0;
begin
    if (export).closed_ufs is distinct from closed then
        if private.is_mostly_closed(export, closed) then
            perform private.silence_list((export).id, 'silent');
            update public.dialer_exports as kept set closed_ufs = closed, hours_state = 'silent'
            where kept.id = (export).id;
            return false;
        end if;
        -- Its own clock may come later in this same minute: nobody is taken out of a loud list.
        if v_state = 'open' and private.is_closing((export).ufs, (export).closed_ufs, closed) then
            perform private.silence_list((export).id, 'silent');
            v_state := 'silent';
        end if;
        v_state := case v_state when 'silent' then 'opening' else v_state end;
        v_moved := private.take_out_closed(export, closed, c_step);
        v_left := v_moved / c_step;
        v_moved := private.bring_back_opened(export, closed, c_step);
        v_left := v_left + v_moved / c_step;
    end if;
    if v_state = 'opening' and v_left = 0 and not exists (
        select from public.dialer_export_rows as contact
        where contact.export_id = (export).id and contact.status = 'removing'
          and contact.reason = 'outside_hours'
    ) then
        v_state := 'open';
    end if;
    update public.dialer_exports as kept
    set closed_ufs = case when v_left = 0 then closed else kept.closed_ufs end,
        hours_state = v_state
    where kept.id = (export).id
      and (v_left = 0 and kept.closed_ufs is distinct from closed
          or kept.hours_state <> v_state);
    if v_state = 'open' and (export).hours_state <> 'open' then
        perform private.weigh_for_hours(export, (export).weight);
        perform private.wake_function('3cplus-export');
    end if;
    return v_left > 0;
end;
$$;

-- Without a count where every state is closed, and those whose state nobody knows, or none is; and
-- while people are being taken out, which is never turned back for a share.
create function private.is_mostly_closed(export public.dialer_exports, closed text[])
returns boolean
language plpgsql
stable
security definer
set search_path = ''
set jit = off
as $$
begin
    if cardinality(closed) > cardinality(private.ufs()) then
        return true;
    elsif cardinality(closed) = 0 or (export).hours_state = 'opening' then
        return false;
    end if;
    return (
        select count(*) filter (where coalesce(
            client.uf, private.uf_of(client.tenant_id, client.id, null), ''
        ) = any(closed)) * 2 > count(*)
        from public.dialer_export_rows as contact
        join public.clients as client on client.id = contact.client_id
        where contact.export_id = (export).id and contact.status = 'loaded'
    );
end;
$$;

-- Also who is on the way in at this moment; who only waits is asked again before loading (0946).
create function private.take_out_closed(export public.dialer_exports, closed text[], max int)
returns int
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
declare
    v_moved int;
    v_statuses public.dialer_row_status[] := case when exists (
        select from private.dialer_tasks as task
        where task.export_id = (export).id and task.kind in ('part', 'file')
          and task.is_doubtful and task.status in ('queued', 'sending')
    ) then '{loaded,waiting}' else '{loaded}' end;
begin
    if cardinality(closed) = 0 then
        return 0;
    end if;
    update public.dialer_export_rows as contact
    set status = 'removing', reason = 'outside_hours', task_id = null
    where contact.export_id = (export).id and contact.place in (
        select inside.place from public.dialer_export_rows as inside
        join public.clients as client on client.id = inside.client_id
        where inside.export_id = (export).id and inside.status = any(v_statuses)
          and coalesce(client.uf, private.uf_of(client.tenant_id, client.id, null), '')
              = any(closed)
        limit max
        -- Who holds one is taking it out.
        for no key update of inside skip locked
    );
    get diagnostics v_moved = row_count;
    if v_moved > 0 then
        perform private.wish_dialer_removals(array[(export).id]);
    end if;
    return v_moved;
end;
$$;

-- Who was taken out for the hour, or not put in for it, and whose state is open again; not who has
-- spoken to somebody since. Loading asks everything else again (0946).
create function private.bring_back_opened(
    export public.dialer_exports, closed text[], max int
) returns int
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
declare
    v_first int := (
        select coalesce(max(contact.part), -1) + 1 from public.dialer_export_rows as contact
        where contact.export_id = (export).id and contact.part is not null
    );
    v_moved int;
    v_gone int;
    v_parts int;
begin
    with opened as (
        select chosen.place, chosen.status,
            (row_number() over (order by chosen.place) - 1) / private.dialer_part_size() as part
        from (
            select contact.place, contact.status
            from public.dialer_export_rows as contact
            join public.clients as client on client.id = contact.client_id
            where contact.export_id = (export).id and contact.reason = 'outside_hours'
              and contact.phone is not null and contact.part is not null
              and contact.status in ('removed', 'excluded')
              and coalesce(client.uf, private.uf_of(client.tenant_id, client.id, null), '')
                  <> all(closed)
              and not exists (
                  select from public.calls as call
                  where call.tenant_id = contact.tenant_id
                    and call.client_id = contact.client_id
                    and call.called_at > (export).created_at
                    and (call.operator_id is not null or call.talk_seconds > 0)
              )
            order by contact.place limit max
        ) as chosen
    ),
    back as (
        update public.dialer_export_rows as contact
        set status = 'waiting', reason = null, task_id = null, part = v_first + opened.part
        from opened
        where contact.export_id = (export).id and contact.place = opened.place
        returning opened.status, opened.part
    )
    select count(*), count(*) filter (where back.status = 'removed'), max(back.part) + 1
    into v_moved, v_gone, v_parts from back;
    if v_moved = 0 then
        return 0;
    end if;
    update public.dialer_exports as kept
    set loaded = kept.loaded - v_gone, removed = kept.removed - v_gone
    where kept.id = (export).id;
    perform private.wish_dialer_task(
        (export).integration_id, 'part', 'back:' || (export).id || ':' || part, (export).id, null,
        part
    )
    from generate_series(v_first, v_first + v_parts - 1) as part;
    perform private.wake_function('3cplus-export');
    return v_moved;
end;
$$;

select cron.schedule('keep-dialer-hours', '* * * * *', 'call private.keep_dialer_hours()');
