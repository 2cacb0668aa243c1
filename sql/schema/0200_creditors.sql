-- Who is owed. An import by an admin may create one; the normalised name is the identity, so that
-- "Telefônica Ipê" and "TELEFONICA IPE" are one creditor.
create table public.creditors (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    name_key text not null generated always as (private.search_key(name)) stored,
    document text collate "C",
    -- Consumer law (CDC 42-A) wants name, document and address on what a debtor is shown.
    address text,
    -- False: no file brings titles of it and no picker offers it; its titles and its past go on.
    is_active boolean not null default true,
    created_at timestamptz not null default private.now(),
    constraint creditors_pkey primary key (id),
    constraint creditors_tenant_id_key unique (tenant_id, id),
    constraint creditors_name_is_unique unique (tenant_id, name_key),
    constraint creditors_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint creditors_name_is_filled check (btrim(name) <> '')
);
comment on table public.creditors is 'Companies whose debts the tenant collects.';

alter table public.creditors enable row level security;
alter table public.creditors force row level security;

create policy creditors_select_member on public.creditors for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (
        (select private.sees_everything())
        or id = any((select private.creditor_scope())::uuid[])
    )
);

create policy creditors_insert_admin on public.creditors for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy creditors_update_admin on public.creditors for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete but of one that nothing points to (0975): debts and history name their creditor.
grant select on public.creditors to authenticated;
grant insert (id, tenant_id, name, document, address, is_active) on public.creditors
to authenticated;
grant update (name, document, address, is_active) on public.creditors to authenticated;

create trigger _900_audit_insert after insert on public.creditors
referencing new table as new_rows for each statement
execute function private.tg_audit('name_key');
create trigger _900_audit_update after update on public.creditors
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit('name_key');
create trigger _900_audit_delete after delete on public.creditors
referencing old table as old_rows for each statement
execute function private.tg_audit('name_key');
