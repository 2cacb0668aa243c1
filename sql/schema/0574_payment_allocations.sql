-- The ledger: what each payment covered, in two books that are kept side by side. In the book of
-- installments it pays the agreement's schedule; in the book of titles it abates what was really
-- owed, whatever agreement is running, so that a break, a cancellation or a renegotiation finds the
-- real balance already there. Append-only: a correction is a row that takes another one back.
create table public.payment_allocations (
    id bigint generated always as identity,
    tenant_id uuid not null,
    payment_id uuid not null,
    installment_id uuid,
    debt_id uuid,
    paid_on date not null,
    principal_cents bigint not null default 0,
    correction_cents bigint not null default 0,
    fine_cents bigint not null default 0,
    interest_cents bigint not null default 0,
    collection_fee_cents bigint not null default 0,
    total_cents bigint not null generated always as (
        principal_cents + correction_cents + fine_cents + interest_cents + collection_fee_cents
    ) stored,
    -- Owed before and after, as it was on `paid_on`.
    before_cents bigint not null,
    after_cents bigint not null,
    -- private.ledger_state: from here the next day's charges are counted.
    position_after jsonb not null,
    reverses_id bigint,
    created_at timestamptz not null default private.now(),
    constraint payment_allocations_pkey primary key (id),
    constraint payment_allocations_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint payment_allocations_installment_fkey foreign key (tenant_id, installment_id)
    references public.installments (tenant_id, id),
    constraint payment_allocations_debt_fkey foreign key (tenant_id, debt_id)
    references public.debts (tenant_id, id),
    constraint payment_allocations_tenant_id_key unique (tenant_id, id),
    constraint payment_allocations_reverses_fkey foreign key (tenant_id, reverses_id)
    references public.payment_allocations (tenant_id, id),
    -- A row is taken back once.
    constraint payment_allocations_reversed_once unique (tenant_id, reverses_id),
    constraint payment_allocations_have_one_target check (
        (installment_id is null) <> (debt_id is null)
    ),
    constraint payment_allocations_add_up check (
        reverses_id is not null or least(
            principal_cents, correction_cents, fine_cents, interest_cents, collection_fee_cents
        ) >= 0
    ),
    constraint payment_allocations_take_back check (
        reverses_id is null or greatest(
            principal_cents, correction_cents, fine_cents, interest_cents, collection_fee_cents
        ) <= 0
    )
);
comment on table public.payment_allocations is 'What payments covered; append-only.';

create index payment_allocations_of_payment
on public.payment_allocations (tenant_id, payment_id, id);
create index payment_allocations_of_debt
on public.payment_allocations (tenant_id, debt_id, paid_on desc, id desc)
where debt_id is not null;
create index payment_allocations_of_installment
on public.payment_allocations (tenant_id, installment_id, paid_on desc, id desc)
where installment_id is not null;

alter table public.payment_allocations enable row level security;
alter table public.payment_allocations force row level security;

create policy payment_allocations_select_member on public.payment_allocations
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.payments
        where payments.id = payment_allocations.payment_id
    ))
);

-- Written by the ledger only. Not audited: the rows are the record.
grant select on public.payment_allocations to authenticated;

create trigger _100_append_only before update or delete on public.payment_allocations
for each statement execute function private.tg_append_only();

-- Rows that stand: neither a taking-back nor taken back.
create view private.living_allocations with (security_invoker = true) as
select
    allocation.id,
    allocation.tenant_id,
    allocation.payment_id,
    allocation.installment_id,
    allocation.debt_id,
    allocation.paid_on,
    allocation.principal_cents,
    allocation.correction_cents,
    allocation.fine_cents,
    allocation.interest_cents,
    allocation.collection_fee_cents,
    allocation.total_cents,
    allocation.before_cents,
    allocation.after_cents,
    allocation.position_after
from public.payment_allocations as allocation
where allocation.reverses_id is null and not exists (
    select from public.payment_allocations as reversal
    where reversal.tenant_id = allocation.tenant_id and reversal.reverses_id = allocation.id
);
comment on view private.living_allocations is 'Allocations in force.';
