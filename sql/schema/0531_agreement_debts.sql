-- The titles inside an agreement, with what each cost on the day of the offer and what was waived.
create table public.agreement_debts (
    tenant_id uuid not null,
    agreement_id uuid not null,
    debt_id uuid not null,
    position smallint not null,
    principal_cents bigint not null,
    correction_cents bigint not null,
    fine_cents bigint not null,
    interest_cents bigint not null,
    collection_fee_cents bigint not null,
    discount_principal_cents bigint not null,
    discount_correction_cents bigint not null,
    discount_fine_cents bigint not null,
    discount_interest_cents bigint not null,
    discount_collection_fee_cents bigint not null,
    -- The agreement holds the title: from formalising until it ends.
    is_live boolean not null default false,
    constraint agreement_debts_pkey primary key (agreement_id, debt_id),
    constraint agreement_debts_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint agreement_debts_debt_fkey foreign key (tenant_id, debt_id)
    references public.debts (tenant_id, id),
    constraint agreement_debts_no_component_is_negative check (
        discount_principal_cents between 0 and principal_cents
        and discount_correction_cents between 0 and correction_cents
        and discount_fine_cents between 0 and fine_cents
        and discount_interest_cents between 0 and interest_cents
        and discount_collection_fee_cents between 0 and collection_fee_cents
    )
);
comment on table public.agreement_debts is 'Titles of an agreement, priced on its base day.';

-- A title is in one living agreement.
create unique index agreement_debts_one_living_agreement
on public.agreement_debts (tenant_id, debt_id) where is_live;
create index agreement_debts_of_debt on public.agreement_debts (tenant_id, debt_id);
create index agreement_debts_of_agreement on public.agreement_debts (tenant_id, agreement_id);

alter table public.agreement_debts enable row level security;
alter table public.agreement_debts force row level security;

create policy agreement_debts_select_member on public.agreement_debts for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.agreements
        where agreements.id = agreement_debts.agreement_id
    ))
);

-- Written with the agreement. Not audited: prices never change, `is_live` follows the status.
grant select on public.agreement_debts to authenticated;
