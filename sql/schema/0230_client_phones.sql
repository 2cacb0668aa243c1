-- Phones of a client, best first. E.164 under a check, so that nobody compares spellings again.
create table public.client_phones (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    phone text collate "C" not null,
    -- Backwards, because people say the last digits: a prefix again.
    phone_tail text collate "C" not null generated always as (reverse(phone)) stored,
    kind public.phone_kind not null,
    -- 0 is the first to try.
    position smallint not null default 0,
    -- Null until a provider told us.
    has_whatsapp boolean,
    -- A provider's "no" is believed until then; numbers get WhatsApp, and lose it.
    whatsapp_retry_at timestamptz,
    created_at timestamptz not null default private.now(),
    constraint client_phones_pkey primary key (id),
    constraint client_phones_are_unique unique (tenant_id, client_id, phone),
    constraint client_phones_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_phones_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$')
);
comment on table public.client_phones is 'E.164 phones of clients, lowest position first.';

-- Serves search by the first digits, and by the last eight as people say them (no area code).
create index client_phones_by_phone on public.client_phones (tenant_id, phone);
create index client_phones_by_tail on public.client_phones (tenant_id, phone_tail);

create index client_phones_to_forgive on public.client_phones (whatsapp_retry_at)
where whatsapp_retry_at is not null;

alter table public.client_phones enable row level security;
alter table public.client_phones force row level security;

create policy client_phones_select_member on public.client_phones for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_phones.client_id
    ))
);

create policy client_phones_insert_supervisor on public.client_phones for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_phones.client_id
    ))
);

create policy client_phones_update_supervisor on public.client_phones for update to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_phones.client_id
    ))
)
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_phones.client_id
    ))
);

create policy client_phones_delete_supervisor on public.client_phones for delete to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_phones.client_id
    ))
);

grant select, delete on public.client_phones to authenticated;
grant insert (id, tenant_id, client_id, phone, kind, position) on public.client_phones
to authenticated;
grant update (phone, kind, position) on public.client_phones to authenticated;

-- Area code and the last eight digits: the same line with and without the ninth digit.
create function private.phone_match(phone text) returns text
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
    select case
        when pg_catalog.length(digits) > 11 and digits like '55%'
            then pg_catalog.substr(digits, 1, 4) || pg_catalog.right(digits, 8)
        else digits
    end
    from (select pg_catalog.regexp_replace(phone, '[^0-9]', '', 'g') as digits) as plain
$$;
-- Indexes are built on it, and an index is written with the writer's own rights.
grant execute on function private.phone_match(text) to authenticated;

create trigger _200_broadcast_insert after insert on public.client_phones
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');
create trigger _200_broadcast_update after update on public.client_phones
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');

create trigger _900_audit_insert after insert on public.client_phones
referencing new table as new_rows for each statement
execute function private.tg_audit('phone_tail');
-- Whether a number has WhatsApp is told by messages, and they say when.
create trigger _900_audit_update after update on public.client_phones
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit(
    'phone_tail', 'has_whatsapp', 'whatsapp_retry_at'
);
create trigger _900_audit_delete after delete on public.client_phones
referencing old table as old_rows for each statement
execute function private.tg_audit('phone_tail');
