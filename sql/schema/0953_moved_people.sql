-- Whoever moves while their number is in the dialer is called by the hours of where they live now:
-- the state joins their list's, and the list is compared as if that state had just closed (0949).
-- A journal, read every minute, because an import that waited for a list would wait for the dialer;
-- for the same reason without a reference to it.
create table private.dialer_moves (
    id bigint generated always as identity,
    export_id uuid not null,
    uf text not null,
    constraint dialer_moves_pkey primary key (id)
);
comment on table private.dialer_moves is 'States that lists of the dialer did not know of yet.';
create index dialer_moves_of_export on private.dialer_moves (export_id);
alter table private.dialer_moves enable row level security;
alter table private.dialer_moves force row level security;

create function private.has_dialer_lists(tenant_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.dialer_exports as export
        where export.tenant_id = has_dialer_lists.tenant_id
          and export.status in ('planning', 'loading', 'done')
          and export.hours_state in ('open', 'silent', 'opening')
    )
$$;

create function private.note_moves(tenant_id uuid, client_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.dialer_moves (export_id, uf)
    select distinct contact.export_id, coalesce(
        client.uf, private.uf_of(client.tenant_id, client.id, null), ''
    )
    from public.dialer_export_rows as contact
    join public.clients as client on client.id = contact.client_id
    join public.dialer_exports as export on export.id = contact.export_id
    where contact.tenant_id = note_moves.tenant_id
      and contact.client_id = any(note_moves.client_ids)
      and contact.status in ('waiting', 'loaded')
      and export.hours_state in ('open', 'silent', 'opening')
$$;

create function private.follow_moves() returns void
language sql
security definer
set search_path = ''
as $$
    with held as materialized (
        select export.id from public.dialer_exports as export
        where export.id in (select moved.export_id from private.dialer_moves as moved)
        for no key update skip locked
    ),
    seen as (
        delete from private.dialer_moves as moved using held
        where moved.export_id = held.id
        returning moved.export_id, moved.uf
    ),
    became as (
        select seen.export_id, array_agg(distinct seen.uf) as ufs from seen group by seen.export_id
    )
    update public.dialer_exports as export
    set ufs = array(select unnest(export.ufs) union select unnest(became.ufs)),
        closed_ufs = case when export.closed_ufs is not null then array(
            select unnest(export.closed_ufs) except select unnest(became.ufs) order by 1
        ) end
    from became
    where export.id = became.export_id and export.ufs is not null
      and (not export.ufs @> became.ufs or export.closed_ufs && became.ufs)
$$;

create function private.tg_clients__note_moves() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- Once per agency: without the offset the question goes below the distinct, to each row.
    if not exists (
        select from (select distinct new_rows.tenant_id from new_rows offset 0) as busy
        where private.has_dialer_lists(busy.tenant_id)
    ) then
        return null;
    end if;
    perform private.note_moves(moved.tenant_id, array_agg(moved.id))
    from (
        -- Grouped, not joined, as in 0558.
        select known.tenant_id, known.id
        from (
            select new_rows.tenant_id, new_rows.id, new_rows.uf as became, null::text as was
            from new_rows
            union all
            select old_rows.tenant_id, old_rows.id, null, old_rows.uf from old_rows
        ) as known
        group by known.tenant_id, known.id
        having max(known.became) is distinct from max(known.was)
    ) as moved
    group by moved.tenant_id;
    return null;
end;
$$;
create trigger _420_note_moves after update on public.clients
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_clients__note_moves();

-- Of whoever has no state of their own an address tells it, or the first number.
create function private.tg_places__note_moves() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.note_moves(busy.tenant_id, array(
        select distinct changed.client_id
        from changed_rows as changed
        join public.clients as client on client.id = changed.client_id and client.uf is null
        where changed.tenant_id = busy.tenant_id
    ))
    from (select distinct changed_rows.tenant_id from changed_rows offset 0) as busy
    where private.has_dialer_lists(busy.tenant_id);
    return null;
end;
$$;
-- Of a number that changes only its digits and its place tell where: what is learnt of it, as from
-- every first receipt, would have whole lists counted again.
create function private.tg_client_phones__note_moves() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.note_moves(busy.tenant_id, array(
        select distinct changed.client_id
        from (
            select known.client_id
            from (
                select new_rows.id, new_rows.client_id, new_rows.phone, new_rows.position
                from new_rows where new_rows.tenant_id = busy.tenant_id
                union all
                select old_rows.id, old_rows.client_id, old_rows.phone, old_rows.position
                from old_rows where old_rows.tenant_id = busy.tenant_id
            ) as known
            group by known.id, known.client_id
            having min(known.phone) <> max(known.phone)
                or min(known.position) <> max(known.position)
        ) as changed
        join public.clients as client on client.id = changed.client_id and client.uf is null
    ))
    from (select distinct new_rows.tenant_id from new_rows offset 0) as busy
    where private.has_dialer_lists(busy.tenant_id);
    return null;
end;
$$;

create trigger _420_note_moves_insert after insert on public.client_addresses
referencing new table as changed_rows for each statement
execute function private.tg_places__note_moves();
create trigger _420_note_moves_update after update on public.client_addresses
referencing new table as changed_rows for each statement
execute function private.tg_places__note_moves();
create trigger _420_note_moves_delete after delete on public.client_addresses
referencing old table as changed_rows for each statement
execute function private.tg_places__note_moves();
create trigger _420_note_moves_insert after insert on public.client_phones
referencing new table as changed_rows for each statement
execute function private.tg_places__note_moves();
create trigger _420_note_moves_update after update on public.client_phones
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_client_phones__note_moves();
create trigger _420_note_moves_delete after delete on public.client_phones
referencing old table as changed_rows for each statement
execute function private.tg_places__note_moves();
