-- What each role may grant alone, per component; a row without a creditor is the tenant's default.
-- An approver is held to the limits of their own role: nobody overrides into "no limits".
create table public.approval_limits (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    creditor_id uuid,
    role public.member_role not null,
    principal_percent numeric(7, 4) not null default 0,
    correction_percent numeric(7, 4) not null default 0,
    fine_percent numeric(7, 4) not null default 0,
    interest_percent numeric(7, 4) not null default 0,
    -- The agency's own money, another authority than the creditor's.
    collection_fee_percent numeric(7, 4) not null default 0,
    -- Of everything together.
    total_percent numeric(7, 4) not null default 100,
    max_installments smallint not null default 1,
    min_installment_cents bigint not null default 0,
    -- The higher of the two; asked for only when there is more than one payment.
    min_down_payment_cents bigint not null default 0,
    min_down_payment_percent numeric(7, 4) not null default 0,
    -- First and last due date, in days after the day of the offer.
    max_first_due_days smallint not null default 30,
    max_last_due_days smallint not null default 1830,
    -- How many agreements may have been renegotiated or broken before this one.
    max_renegotiations smallint not null default 0,
    may_follow_break boolean not null default false,
    updated_at timestamptz not null default private.now(),
    constraint approval_limits_pkey primary key (id),
    constraint approval_limits_tenant_id_key unique (tenant_id, id),
    constraint approval_limits_one_per_role unique nulls not distinct (
        tenant_id, creditor_id, role
    ),
    constraint approval_limits_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint approval_limits_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint approval_limits_percents_are_percent check (
        principal_percent between 0 and 100 and correction_percent between 0 and 100
        and fine_percent between 0 and 100 and interest_percent between 0 and 100
        and collection_fee_percent between 0 and 100 and total_percent between 0 and 100
        and min_down_payment_percent between 0 and 100
    ),
    constraint approval_limits_counts_are_sane check (
        max_installments between 0 and 120 and min_installment_cents >= 0
        and min_down_payment_cents >= 0 and max_first_due_days between 0 and 3660
        and max_last_due_days between 0 and 3660 and max_renegotiations >= 0
    )
);
comment on table public.approval_limits is 'What each role may grant without asking.';

create index approval_limits_of_creditor on public.approval_limits (tenant_id, creditor_id);

alter table public.approval_limits enable row level security;
alter table public.approval_limits force row level security;

create policy approval_limits_select_member on public.approval_limits for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy approval_limits_insert_admin on public.approval_limits for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy approval_limits_update_admin on public.approval_limits for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select on public.approval_limits to authenticated;
grant insert (
    id, tenant_id, creditor_id, role, principal_percent, correction_percent, fine_percent,
    interest_percent, collection_fee_percent, total_percent, max_installments,
    min_installment_cents, min_down_payment_cents, min_down_payment_percent,
    max_first_due_days, max_last_due_days, max_renegotiations, may_follow_break
) on public.approval_limits to authenticated;
grant update (
    principal_percent, correction_percent, fine_percent, interest_percent,
    collection_fee_percent, total_percent, max_installments, min_installment_cents,
    min_down_payment_cents, min_down_payment_percent, max_first_due_days, max_last_due_days,
    max_renegotiations, may_follow_break
) on public.approval_limits to authenticated;

create trigger _100_touch_updated_at before update on public.approval_limits
for each row execute function private.tg_touch_updated_at();

-- A tenant begins careful: an operator forgives charges, principal wants somebody above.
create function private.ship_approval_limits(tenant_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.approval_limits (
        tenant_id, role, principal_percent, correction_percent, fine_percent, interest_percent,
        collection_fee_percent, max_installments, min_installment_cents, max_renegotiations,
        may_follow_break
    )
    values
        (ship_approval_limits.tenant_id, 'operator', 0, 0, 100, 50, 0, 12, 2000, 0, false),
        (ship_approval_limits.tenant_id, 'supervisor', 20, 50, 100, 100, 50, 24, 2000, 2, true),
        (ship_approval_limits.tenant_id, 'admin', 60, 100, 100, 100, 100, 60, 0, 10, true)
$$;

-- Tenants that are there already get what a new one gets.
select private.ship_approval_limits(tenants.id) from public.tenants;

create function private.tg_tenants__approval_limits() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.ship_approval_limits(new_rows.id) from new_rows;
    return null;
end;
$$;
create trigger _210_ship_approval_limits after insert on public.tenants
referencing new table as new_rows for each statement
execute function private.tg_tenants__approval_limits();

-- The creditor's row for that role, else the tenant's, else nothing at all.
create function private.limits_of(
    tenant_id uuid, creditor_id uuid, role public.member_role
) returns public.approval_limits
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_limits public.approval_limits;
begin
    select * into v_limits
    from public.approval_limits as known
    where known.tenant_id = limits_of.tenant_id and known.role = limits_of.role
      and (known.creditor_id = limits_of.creditor_id or known.creditor_id is null)
    order by known.creditor_id nulls last
    limit 1;
    return v_limits;
end;
$$;

create trigger _900_audit_insert after insert on public.approval_limits
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.approval_limits
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.approval_limits
referencing old table as old_rows for each statement execute function private.tg_audit();
