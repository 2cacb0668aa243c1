-- A debtor: one row per person or company and tenant, whatever the number of titles. Totals are
-- derived from `debts` by statement triggers and by nothing else, so that lists need no joins.
create table public.clients (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- Text: a CNPJ may hold letters since July 2026. Collation "C" makes prefixes index ranges.
    document text collate "C" not null,
    name text not null,
    -- What is searched is stored as it is searched: an expression's index has statistics that the
    -- planner does not find under a collation, and then it walks a million rows.
    name_key text collate "C" not null generated always as (private.search_key(name)) stored,
    email text,
    email_key text collate "C" generated always as (lower(email)) stored,
    external_id text collate "C",
    uf text,
    extra jsonb not null default '{}',
    open_cents bigint not null default 0,
    open_debts int not null default 0,
    oldest_due_on date,
    creditor_ids uuid[] not null default '{}',
    -- Null without debts; open if any title is open, else settled if any is, else returned.
    debt_status public.debt_status,
    -- Derived from the phones. WhatsApp: true if a number was proved to have it, false if every
    -- number was proved not to (or there is none), null while nobody knows.
    has_phone boolean not null default false,
    has_whatsapp boolean default false,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint clients_pkey primary key (id),
    constraint clients_tenant_id_key unique (tenant_id, id),
    constraint clients_document_is_unique unique (tenant_id, document),
    constraint clients_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    -- Shape only: check digits are judged where a person can mend them, at the import.
    constraint clients_document_has_shape check (document ~ '^([0-9]{11}|[0-9A-Z]{12}[0-9]{2})$'),
    constraint clients_name_is_filled check (btrim(name) <> ''),
    constraint clients_uf_has_shape check (uf ~ '^[A-Z]{2}$'),
    constraint clients_extra_is_object check (jsonb_typeof(extra) = 'object')
);
comment on table public.clients is 'Debtors, one row per document and tenant.';
comment on column public.clients.open_cents is 'Derived: sum of the principal of open debts.';

-- Serves the list in its default order, with and without a status. It holds the name so that who
-- searches a common one walks the order without a visit to each client: half the time, for a
-- hundredth of what an import costs.
create index clients_by_open_value on public.clients (tenant_id, open_cents desc, id desc)
include (name_key);
create index clients_by_status
on public.clients (tenant_id, debt_status, open_cents desc, id desc);
-- Serve the other orders of the list, and aging, which is a range of the oldest open title.
create index clients_by_name on public.clients (tenant_id, name_key, id);
create index clients_by_oldest_due on public.clients (tenant_id, oldest_due_on, id);
create index clients_by_age on public.clients (tenant_id, created_at, id);
-- Serve filters that pick few: everybody else is found faster by walking the list's order.
create index clients_by_uf on public.clients (tenant_id, uf);
create index clients_without_phone on public.clients (tenant_id, open_cents desc, id desc)
where not has_phone;
create index clients_with_whatsapp on public.clients (tenant_id, open_cents desc, id desc)
where has_whatsapp;
-- Serves search by name and by creditor; reached from `private.list_clients` only, because the
-- operators are not leakproof and RLS would keep the planner from these indexes.
create index clients_name_trigrams on public.clients
using gin (tenant_id, name_key extensions.gin_trgm_ops);
create index clients_by_creditor on public.clients using gin (tenant_id, creditor_ids);
create index clients_by_external_id on public.clients (tenant_id, external_id)
where external_id is not null;
create index clients_by_email on public.clients (tenant_id, email_key)
where email_key is not null;

alter table public.clients enable row level security;
alter table public.clients force row level security;

create policy clients_select_member on public.clients for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or creditor_ids && (select private.creditor_scope()))
);

create policy clients_insert_supervisor on public.clients for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or creditor_ids && (select private.creditor_scope()))
);

create policy clients_update_supervisor on public.clients for update to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or creditor_ids && (select private.creditor_scope()))
)
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or creditor_ids && (select private.creditor_scope()))
);

-- No delete: dispositions and messages are history. Derived columns are not granted.
grant select on public.clients to authenticated;
grant insert (id, tenant_id, document, name, email, external_id, uf, extra)
on public.clients to authenticated;
grant update (name, email, external_id, uf, extra) on public.clients to authenticated;

create trigger _100_touch_updated_at before update on public.clients
for each row execute function private.tg_touch_updated_at();

create function private.tg_clients__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.send_change(
        'client_changed', 'clients', changed.tenant_id, changed.client_ids[1]::text,
        changed.client_ids
    )
    from (
        select new_rows.tenant_id, array_agg(new_rows.id) as client_ids
        from new_rows
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;

create trigger _200_broadcast_insert after insert on public.clients
referencing new table as new_rows for each statement
execute function private.tg_clients__broadcast();
create trigger _200_broadcast_update after update on public.clients
referencing new table as new_rows for each statement
execute function private.tg_clients__broadcast();

create trigger _900_audit_insert after insert on public.clients
referencing new table as new_rows for each statement execute function private.tg_audit(
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone',
    'has_whatsapp', 'name_key', 'email_key'
);
create trigger _900_audit_update after update on public.clients
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit(
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone',
    'has_whatsapp', 'name_key', 'email_key'
);
create trigger _900_audit_delete after delete on public.clients
referencing old table as old_rows for each statement execute function private.tg_audit(
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone',
    'has_whatsapp', 'name_key', 'email_key'
);
