-- Addresses of a client, of the person and not of the title: a boleto asks for one.
create table public.client_addresses (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    street text not null,
    number text,
    complement text,
    district text,
    city text not null,
    uf text not null,
    cep text collate "C",
    -- Who told us.
    source text not null default 'person',
    created_at timestamptz not null default private.now(),
    constraint client_addresses_pkey primary key (id),
    constraint client_addresses_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_addresses_street_is_filled check (btrim(street) <> ''),
    constraint client_addresses_city_is_filled check (btrim(city) <> ''),
    constraint client_addresses_uf_has_shape check (uf ~ '^[A-Z]{2}$'),
    constraint client_addresses_cep_has_shape check (cep ~ '^[0-9]{8}$'),
    constraint client_addresses_source_is_known check (source in ('person', 'import')),
    -- 200 characters hold any line of an envelope.
    constraint client_addresses_lines_are_short check (
        greatest(
            length(street), length(number), length(complement), length(district), length(city)
        ) <= 200
    )
);
comment on table public.client_addresses is 'Postal addresses of clients.';

create index client_addresses_of_client
on public.client_addresses (tenant_id, client_id, created_at desc);

alter table public.client_addresses enable row level security;
alter table public.client_addresses force row level security;

create policy client_addresses_select_member on public.client_addresses for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_addresses.client_id
    ))
);

create policy client_addresses_insert_supervisor on public.client_addresses
for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_addresses.client_id
    ))
);

create policy client_addresses_update_supervisor on public.client_addresses
for update to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_addresses.client_id
    ))
)
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_addresses.client_id
    ))
);

create policy client_addresses_delete_supervisor on public.client_addresses
for delete to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_addresses.client_id
    ))
);

grant select, delete on public.client_addresses to authenticated;
grant insert (
    id, tenant_id, client_id, street, number, complement, district, city, uf, cep
) on public.client_addresses to authenticated;
grant update (street, number, complement, district, city, uf, cep) on public.client_addresses
to authenticated;

create trigger _200_broadcast_insert after insert on public.client_addresses
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');
create trigger _200_broadcast_update after update on public.client_addresses
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');

create trigger _900_audit_insert after insert on public.client_addresses
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.client_addresses
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.client_addresses
referencing old table as old_rows for each statement execute function private.tg_audit();
