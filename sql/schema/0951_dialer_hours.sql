-- The dialer knows the hours of its campaign and nothing of states, Sundays and holidays: who was
-- loaded in time would be called after closing. Each minute every list is compared with the law's
-- (and the agency's) hours of the states its people live in. Where most are closed the list is set
-- to weight 0, which loses nothing; else the few are taken out, and brought back when their state
-- opens. Asked twice it changes nothing.
create function private.keep_dialer_hours() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agency record;
    v_export public.dialer_exports;
begin
    for v_agency in
        select busy.tenant_id, array(
            select closed.uf
            from private.closed_ufs(busy.tenant_id, private.now()) as closed order by closed.uf
        ) as closed
        from (
            select distinct integration.tenant_id from public.integrations as integration
            where integration.provider = 'threecplus' and integration.is_active
        ) as busy
    loop
        for v_export in
            select * from public.dialer_exports as export
            where export.tenant_id = v_agency.tenant_id and export.status = 'done'
              and export.planned > 0
              and (export.closed_ufs is distinct from v_agency.closed
                  or export.hours_state = 'opening')
            order by export.created_at desc
            -- Not against the key: whoever takes a person out meanwhile points a task at it.
            for no key update skip locked
        loop
            perform private.keep_export_hours(v_export, v_agency.closed);
        end loop;
    end loop;
end;
$$;

create function private.keep_export_hours(export public.dialer_exports, closed text[])
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_is_silent boolean;
    v_state text := 'open';
begin
    -- Every state, and those whose state nobody knows.
    if cardinality(closed) > cardinality(private.ufs()) then
        v_is_silent := true;
    elsif cardinality(closed) > 0 then
        select count(*) filter (where private.is_in_ufs(contact, closed)) * 2 > count(*)
        into v_is_silent
        from public.dialer_export_rows as contact
        where contact.export_id = (export).id and contact.status = 'loaded';
    else
        v_is_silent := false;
    end if;
    if v_is_silent then
        if (export).hours_state <> 'silent' then
            perform private.weigh_for_hours(export, 0);
        end if;
        v_state := 'silent';
    else
        perform private.take_out_closed(export, closed);
        perform private.bring_back_opened(export, closed);
        if (export).hours_state <> 'open' then
            if exists (
                select from public.dialer_export_rows as contact
                where contact.export_id = (export).id and contact.status = 'removing'
                  and contact.reason = 'outside_hours'
            ) then
                v_state := 'opening';
            else
                perform private.weigh_for_hours(export, (export).weight);
            end if;
        end if;
    end if;
    update public.dialer_exports as kept
    set closed_ufs = closed, hours_state = v_state
    where kept.id = (export).id
      and (kept.closed_ufs, kept.hours_state) is distinct from (closed, v_state);
end;
$$;

-- '' stands for clients whose state nobody knows.
create function private.is_in_ufs(contact public.dialer_export_rows, ufs text[]) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(client.uf, private.uf_of(client.tenant_id, client.id, null), '') = any(ufs)
    from public.clients as client where client.id = (contact).client_id
$$;

create function private.weigh_for_hours(export public.dialer_exports, weight int) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- The last word counts: what was to be said before, and was not, is not said any more.
    update private.dialer_tasks as task set status = 'cancelled', done_at = private.now()
    where task.tenant_id = (export).tenant_id and task.export_id = (export).id
      and task.kind = 'weight' and task.payload ? 'hours' and task.status in ('queued', 'failed');
    perform private.wish_dialer_task(
        (export).integration_id, 'weight', 'hours:' || gen_random_uuid(), (export).id, null, null,
        jsonb_build_object('weight', weigh_for_hours.weight, 'hours', true)
    );
    perform private.wake_function('3cplus-export');
end;
$$;

create function private.take_out_closed(export public.dialer_exports, closed text[])
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if cardinality(closed) = 0 then
        return;
    end if;
    update public.dialer_export_rows as contact
    set status = 'removing', reason = 'outside_hours', task_id = null
    where contact.export_id = (export).id and contact.place in (
        select inside.place from public.dialer_export_rows as inside
        where inside.export_id = (export).id and inside.status = 'loaded'
          and private.is_in_ufs(inside, closed)
        order by inside.place
        -- Who holds one is taking it out.
        for no key update skip locked
    );
    if found then
        perform private.wish_dialer_removals(array[(export).id]);
    end if;
end;
$$;

-- Who was taken out for the hour, or not put in for it, and whose state is open again; not who has
-- spoken to somebody since. Loading asks everything else again (0946).
create function private.bring_back_opened(export public.dialer_exports, closed text[])
returns void
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
declare
    v_first int;
    v_gone int;
    v_parts int;
begin
    select coalesce(max(contact.part), -1) + 1 into v_first
    from public.dialer_export_rows as contact
    where contact.export_id = (export).id and contact.part is not null;
    with opened as (
        select contact.place, contact.status,
            (row_number() over (order by contact.place) - 1) / private.dialer_part_size() as part
        from public.dialer_export_rows as contact
        where contact.export_id = (export).id and contact.reason = 'outside_hours'
          and contact.phone is not null and contact.part is not null
          and contact.status in ('removed', 'excluded')
          and not private.is_in_ufs(contact, closed)
          and not exists (
              select from public.calls as call
              where call.tenant_id = contact.tenant_id and call.client_id = contact.client_id
                and call.called_at > (export).created_at
                and (call.operator_id is not null or call.talk_seconds > 0)
          )
    ),
    back as (
        update public.dialer_export_rows as contact
        set status = 'waiting', reason = null, task_id = null, part = v_first + opened.part
        from opened
        where contact.export_id = (export).id and contact.place = opened.place
        returning opened.status, opened.part
    )
    select count(*) filter (where back.status = 'removed'), max(back.part) + 1
    into v_gone, v_parts from back;
    if v_parts is null then
        return;
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
end;
$$;
