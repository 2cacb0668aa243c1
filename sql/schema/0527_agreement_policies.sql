-- How agreements of a creditor live: when they break, what a late or uneven payment means, how long
-- an offer stands. Versions are never changed; an agreement keeps the version it was made under
-- until somebody says that a newer one counts for it too.
create table public.agreement_policies (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    creditor_id uuid,
    version int not null,
    offer_validity_days smallint not null default 2,
    -- Days after the effective due date: 4 = provisional on D+4, 11 = definitive on D+11.
    provisional_after_days smallint not null default 4,
    definitive_after_days smallint not null default 11,
    -- A first payment that never came lapses on D+4: three days of tolerance.
    lapse_after_days smallint not null default 4,
    -- A boleto paid on the last day arrives one business day later, at times two.
    compensation_days smallint not null default 2,
    -- How many installments must have passed the deadline.
    max_overdue_installments smallint not null default 1,
    -- False: titles stay with dialer and rulers until the first payment.
    is_locking_at_once boolean not null default true,
    -- False: paying the scheduled amount late settles it, the difference stays visible.
    is_late_charged boolean not null default false,
    late_fine_percent numeric(7, 4) not null default 2,
    late_interest_percent numeric(7, 4) not null default 1,
    -- Where more than the installment goes: next, last, spread, credit (refund).
    surplus_mode text not null default 'next',
    -- Missing that little settles; the smaller of the two.
    tolerance_cents bigint not null default 100,
    tolerance_percent numeric(7, 4) not null default 0.5,
    -- More than this left over opens a refund (CDC 42); less is recorded as an adjustment.
    refund_above_cents bigint not null default 100,
    -- A supervisor settles up to here alone; 0 = always a second person.
    manual_limit_cents bigint not null default 0,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    constraint agreement_policies_pkey primary key (id),
    constraint agreement_policies_tenant_id_key unique (tenant_id, id),
    constraint agreement_policies_version_is_unique
    unique nulls not distinct (tenant_id, creditor_id, version),
    constraint agreement_policies_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint agreement_policies_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint agreement_policies_created_by_fkey foreign key (created_by)
    references auth.users (id),
    constraint agreement_policies_definitive_is_later check (
        provisional_after_days between 1 and 365
        and definitive_after_days between provisional_after_days + 1 and 365
    ),
    constraint agreement_policies_days_are_sane check (
        lapse_after_days between 1 and 365 and compensation_days between 0 and 10
        and max_overdue_installments between 1 and 3 and offer_validity_days between 0 and 60
    ),
    constraint agreement_policies_late_fine_is_capped check (late_fine_percent between 0 and 2),
    constraint agreement_policies_late_interest_is_percent check (
        late_interest_percent between 0 and 100
    ),
    constraint agreement_policies_surplus_is_known check (
        surplus_mode in ('next', 'last', 'spread', 'credit')
    ),
    constraint agreement_policies_amounts_are_sane check (
        tolerance_cents between 0 and 10000 and tolerance_percent between 0 and 5
        and refund_above_cents between 0 and 10000 and manual_limit_cents >= 0
    )
);
comment on table public.agreement_policies is 'Break, lateness, surplus and validity, by version.';

create index agreement_policies_of_author on public.agreement_policies (created_by);

alter table public.agreement_policies enable row level security;
alter table public.agreement_policies force row level security;

create policy agreement_policies_select_member on public.agreement_policies
for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by `save_agreement_policy` only.
grant select on public.agreement_policies to authenticated;

create function private.tg_tenants__agreement_policy() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.agreement_policies (tenant_id, version)
    select new_rows.id, 1 from new_rows;
    return null;
end;
$$;
create trigger _220_ship_agreement_policy after insert on public.tenants
referencing new table as new_rows for each statement
execute function private.tg_tenants__agreement_policy();

-- The newest of the creditor, else of the tenant.
create function private.agreement_policy(tenant_id uuid, creditor_id uuid)
returns public.agreement_policies
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_policy public.agreement_policies;
begin
    select * into v_policy
    from public.agreement_policies as known
    where known.tenant_id = agreement_policy.tenant_id
      and (known.creditor_id = agreement_policy.creditor_id or known.creditor_id is null)
    order by known.creditor_id nulls last, known.version desc
    limit 1;
    return v_policy;
end;
$$;

-- Tenants that are there already get what a new one gets.
insert into public.agreement_policies (tenant_id, version)
select
    tenants.id,
    1 as version
from public.tenants;

create trigger _900_audit_insert after insert on public.agreement_policies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.agreement_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.agreement_policies
referencing old table as old_rows for each statement execute function private.tg_audit();
