-- Where a debtor lives, as a boleto wants it. Asked for before the provider is called, not by its
-- refusal. The newest address counts.
create table public.client_addresses (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    cep text not null,
    street text not null,
    number text not null,
    complement text,
    district text not null,
    city text not null,
    uf text not null,
    -- person, import, viacep
    source text not null default 'person',
    created_at timestamptz not null default private.now(),
    constraint client_addresses_pkey primary key (id),
    constraint client_addresses_tenant_id_key unique (tenant_id, id),
    constraint client_addresses_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint client_addresses_cep_has_shape check (cep ~ '^[0-9]{8}$'),
    constraint client_addresses_uf_has_shape check (uf ~ '^[A-Z]{2}$'),
    constraint client_addresses_is_filled check (
        btrim(street) <> '' and btrim(number) <> '' and btrim(district) <> ''
        and btrim(city) <> ''
    )
);
comment on table public.client_addresses is 'Addresses of clients, newest first.';

create index client_addresses_of_client
on public.client_addresses (tenant_id, client_id, created_at desc, id desc);

alter table public.client_addresses enable row level security;
alter table public.client_addresses force row level security;

create policy client_addresses_select_member on public.client_addresses for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- An operator asks the debtor, so an operator may write it down. A change is a new row.
create policy client_addresses_insert_member on public.client_addresses for insert to authenticated
with check (tenant_id = (select private.tenant_id()));

grant select on public.client_addresses to authenticated;
grant insert (
    id, tenant_id, client_id, cep, street, number, complement, district, city, uf, source
) on public.client_addresses to authenticated;

create trigger _500_broadcast_insert after insert on public.client_addresses
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');

create trigger _900_audit_insert after insert on public.client_addresses
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.client_addresses
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.client_addresses
referencing old table as old_rows for each statement execute function private.tg_audit();
