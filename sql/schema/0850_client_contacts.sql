-- What work leaves on a client: the last contact and who must not be called or written to. Kept
-- beside `clients` and not in it, because an import holds the locks of a million client rows for as
-- long as it writes, and an operator's disposition must never wait for that. Derived, by triggers
-- alone; a client nobody has touched has no row.
create table private.client_contacts (
    tenant_id uuid not null,
    client_id uuid not null,
    last_contact_at timestamptz,
    last_disposition_type text,
    -- Until when each channel is closed; 'infinity' = for good, null or past = open.
    call_blocked_until timestamptz,
    whatsapp_blocked_until timestamptz,
    constraint client_contacts_pkey primary key (tenant_id, client_id),
    constraint client_contacts_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade
)
-- Room on each page, so that most updates of the same day stay on it.
with (fillfactor = 80);
comment on table private.client_contacts is 'Derived: last contact and opt-outs, per client.';

-- Serve the list by last contact, and the filters that pick few.
create index client_contacts_newest
on private.client_contacts (tenant_id, last_contact_at, client_id)
where last_contact_at is not null;
create index client_contacts_by_type
on private.client_contacts (tenant_id, last_disposition_type, client_id);
create index client_contacts_blocked on private.client_contacts (tenant_id, client_id)
where call_blocked_until is not null or whatsapp_blocked_until is not null;

alter table private.client_contacts enable row level security;
alter table private.client_contacts force row level security;

-- Recomputed from `suppressions`, never added up. A suppression that names a person binds all of
-- that person's numbers; one that names a number binds whoever has it.
create function private.refresh_contact_blocks(tenant_id uuid, client_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    with blocks as (
        select touched.client_id,
            max(found.until_at) filter (where found.channel is distinct from 'whatsapp')
                as call_blocked_until,
            max(found.until_at) filter (where found.channel is distinct from 'call')
                as whatsapp_blocked_until
        from unnest(refresh_contact_blocks.client_ids) as touched (client_id)
        left join lateral (
            select coalesce(named.expires_at, 'infinity') as until_at, named.channel
            from public.suppressions as named
            where named.tenant_id = refresh_contact_blocks.tenant_id
              and named.client_id = touched.client_id
              and (named.phone is null or exists (
                  select from public.client_phones
                  where client_phones.tenant_id = named.tenant_id
                    and client_phones.client_id = touched.client_id
                    and private.phone_match(client_phones.phone)
                        = private.phone_match(named.phone)
              ))
            union all
            select coalesce(numbered.expires_at, 'infinity'), numbered.channel
            from public.client_phones
            join public.suppressions as numbered
                on numbered.tenant_id = client_phones.tenant_id
                and private.phone_match(numbered.phone) = private.phone_match(client_phones.phone)
                and numbered.client_id is null
            where client_phones.tenant_id = refresh_contact_blocks.tenant_id
              and client_phones.client_id = touched.client_id
        ) as found on true
        where touched.client_id is not null
        group by touched.client_id
    )
    insert into private.client_contacts as known (
        tenant_id, client_id, call_blocked_until, whatsapp_blocked_until
    )
    select refresh_contact_blocks.tenant_id, blocks.client_id, blocks.call_blocked_until,
        blocks.whatsapp_blocked_until
    from blocks
    left join private.client_contacts as was
        on was.tenant_id = refresh_contact_blocks.tenant_id and was.client_id = blocks.client_id
    where (was.call_blocked_until, was.whatsapp_blocked_until)
          is distinct from (blocks.call_blocked_until, blocks.whatsapp_blocked_until)
    order by blocks.client_id
    on conflict (tenant_id, client_id) do update
    set call_blocked_until = excluded.call_blocked_until,
        whatsapp_blocked_until = excluded.whatsapp_blocked_until
$$;

create function private.clients_of_phone(tenant_id uuid, phone text) returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    -- The last eight digits are what an index holds; the area code is compared after.
    select client_phones.client_id
    from public.client_phones
    where client_phones.tenant_id = clients_of_phone.tenant_id
      and client_phones.phone_tail >= reverse(right(clients_of_phone.phone, 8))
      and client_phones.phone_tail
          < reverse(right(clients_of_phone.phone, 8)) || '~'
      and private.phone_match(client_phones.phone) = private.phone_match(clients_of_phone.phone)
$$;

create function private.tg_suppressions__contact_blocks() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
    from (
        select changed_rows.tenant_id, changed_rows.client_id from changed_rows
        union
        select changed_rows.tenant_id, owner.client_id
        from changed_rows
        cross join private.clients_of_phone(changed_rows.tenant_id, changed_rows.phone)
            as owner (client_id)
        where changed_rows.client_id is null
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$$;

create trigger _200_contact_blocks_insert after insert on public.suppressions
referencing new table as changed_rows for each statement
execute function private.tg_suppressions__contact_blocks();
create trigger _200_contact_blocks_update after update on public.suppressions
referencing new table as changed_rows for each statement
execute function private.tg_suppressions__contact_blocks();
create trigger _200_contact_blocks_delete after delete on public.suppressions
referencing old table as changed_rows for each statement
execute function private.tg_suppressions__contact_blocks();
