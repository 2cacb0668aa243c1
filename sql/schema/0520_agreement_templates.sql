-- An offer the agency may always make: "30% à vista", "entrada + 6x". What is inside the template
-- in every respect needs nobody's approval; what leaves it in one respect is judged by the person's
-- own limits alone, so that the discount for cash cannot be had in twelve installments.
create table public.agreement_templates (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- Null: for every creditor.
    creditor_id uuid,
    name text not null,
    position smallint not null default 0,
    -- Days late of the oldest title; the band may be open above.
    aging_from_days int not null default 0,
    aging_to_days int,
    principal_percent numeric(7, 4) not null default 0,
    correction_percent numeric(7, 4) not null default 0,
    fine_percent numeric(7, 4) not null default 0,
    interest_percent numeric(7, 4) not null default 0,
    collection_fee_percent numeric(7, 4) not null default 0,
    -- 0: paid by the down payment alone; 1: one payment.
    max_installments smallint not null default 1,
    min_installment_cents bigint not null default 0,
    -- The higher of the two counts.
    min_down_payment_cents bigint not null default 0,
    min_down_payment_percent numeric(7, 4) not null default 0,
    -- Price table, per cent a month; a price for time, never called fine or late interest.
    financing_percent numeric(7, 4) not null default 0,
    due_interval public.due_interval not null default 'monthly',
    validity_days smallint not null default 2,
    is_active boolean not null default true,
    created_at timestamptz not null default private.now(),
    constraint agreement_templates_pkey primary key (id),
    constraint agreement_templates_tenant_id_key unique (tenant_id, id),
    constraint agreement_templates_name_is_unique
    unique nulls not distinct (tenant_id, creditor_id, name),
    constraint agreement_templates_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint agreement_templates_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint agreement_templates_name_is_filled check (btrim(name) <> ''),
    constraint agreement_templates_band_is_a_span check (aging_to_days >= aging_from_days),
    constraint agreement_templates_percents_are_percent check (
        principal_percent between 0 and 100 and correction_percent between 0 and 100
        and fine_percent between 0 and 100 and interest_percent between 0 and 100
        and collection_fee_percent between 0 and 100
        and min_down_payment_percent between 0 and 100 and financing_percent between 0 and 100
    ),
    -- 120: ten years of months, beyond which a title prescribes twice.
    constraint agreement_templates_installments_are_few check (max_installments between 0 and 120),
    constraint agreement_templates_amounts_are_not_negative check (
        min_installment_cents >= 0 and min_down_payment_cents >= 0
    ),
    constraint agreement_templates_validity_is_short check (validity_days between 0 and 60)
);
comment on table public.agreement_templates is 'Offers that need no approval.';

create index agreement_templates_of_creditor
on public.agreement_templates (tenant_id, creditor_id, position);

alter table public.agreement_templates enable row level security;
alter table public.agreement_templates force row level security;

create policy agreement_templates_select_member on public.agreement_templates
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy agreement_templates_insert_admin on public.agreement_templates
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy agreement_templates_update_admin on public.agreement_templates
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: agreements point here; `is_active` retires an offer.
grant select on public.agreement_templates to authenticated;
grant insert (
    id, tenant_id, creditor_id, name, position, aging_from_days, aging_to_days,
    principal_percent, correction_percent, fine_percent, interest_percent,
    collection_fee_percent, max_installments, min_installment_cents, min_down_payment_cents,
    min_down_payment_percent, financing_percent, due_interval, validity_days, is_active
) on public.agreement_templates to authenticated;
grant update (
    name, position, aging_from_days, aging_to_days, principal_percent, correction_percent,
    fine_percent, interest_percent, collection_fee_percent, max_installments,
    min_installment_cents, min_down_payment_cents, min_down_payment_percent, financing_percent,
    due_interval, validity_days, is_active
) on public.agreement_templates to authenticated;

create trigger _900_audit_insert after insert on public.agreement_templates
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.agreement_templates
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.agreement_templates
referencing old table as old_rows for each statement execute function private.tg_audit();
