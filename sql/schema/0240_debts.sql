-- A title. Immutable in meaning: amounts come from imports, and later from one ledger; nobody marks
-- a debt paid through the REST API, hence no insert, update or delete is granted.
create table public.debts (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    creditor_id uuid not null,
    contract text collate "C" not null,
    installment int not null default 1,
    due_on date not null,
    principal_cents bigint not null,
    -- Derived: principal that payments have abated (sum of `payment_allocations`). Written by the
    -- ledger alone; what is owed is principal_cents - abated_cents.
    abated_cents bigint not null default 0,
    status public.debt_status not null default 'open',
    -- The import that wrote this row last.
    import_id uuid,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint debts_pkey primary key (id),
    constraint debts_tenant_id_key unique (tenant_id, id),
    constraint debts_natural_key unique (tenant_id, creditor_id, contract, installment),
    constraint debts_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint debts_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint debts_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id),
    constraint debts_contract_is_filled check (btrim(contract) <> ''),
    constraint debts_installment_is_not_negative check (installment >= 0),
    constraint debts_principal_is_positive check (principal_cents > 0),
    constraint debts_abated_is_not_negative check (abated_cents >= 0)
);
comment on table public.debts is 'Titles. Natural key: tenant, creditor, contract, installment.';

create index debts_of_client on public.debts (tenant_id, client_id, due_on, id);
create index debts_by_contract on public.debts (tenant_id, contract);
create index debts_of_import on public.debts (tenant_id, import_id);

alter table public.debts enable row level security;
alter table public.debts force row level security;

create policy debts_select_member on public.debts for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (
        (select private.sees_everything())
        or creditor_id = any((select private.creditor_scope())::uuid[])
    )
);

grant select on public.debts to authenticated;

create trigger _100_touch_updated_at before update on public.debts
for each row execute function private.tg_touch_updated_at();

create trigger _900_audit_insert after insert on public.debts
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.debts
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.debts
referencing old table as old_rows for each statement execute function private.tg_audit();
