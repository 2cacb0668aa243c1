-- The schedule of an agreement: rows from day one, with ids that go to the provider as ours. Nobody
-- computes a schedule again after it was agreed.
create table public.installments (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    agreement_id uuid not null,
    client_id uuid not null,
    -- 1, 2, 3… over down payments and installments alike; two down payments are two numbers.
    number smallint not null,
    kind public.installment_kind not null,
    -- Printed, and the day that counts: moved to a business day by the creditor's rule.
    due_on date not null,
    effective_due_on date not null,
    amount_cents bigint not null,
    method public.charge_method not null,
    status public.installment_status not null default 'open',
    -- Derived from `payment_allocations` by the ledger alone.
    paid_cents bigint not null default 0,
    late_cents bigint not null default 0,
    -- Forgiven within the tolerance when it was settled; never silent.
    adjustment_cents bigint not null default 0,
    -- The day of the payment that settled it.
    paid_on date,
    -- agreement_<status> when the agreement ended, else a person's words.
    cancel_reason text,
    -- A person wants it cancelled, and its charge must become unpayable first.
    cancelling_reason text,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint installments_pkey primary key (id),
    constraint installments_tenant_id_key unique (tenant_id, id),
    constraint installments_number_is_unique unique (agreement_id, number),
    constraint installments_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint installments_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint installments_amount_is_positive check (amount_cents > 0),
    constraint installments_paid_fits check (
        paid_cents between 0 and amount_cents and late_cents >= 0
        and adjustment_cents between 0 and amount_cents
    ),
    constraint installments_paid_has_day check ((status = 'paid') = (paid_on is not null)),
    constraint installments_cancelled_has_reason check (
        (status = 'cancelled') = (cancel_reason is not null)
    )
);
comment on table public.installments is 'Payments an agreement consists of.';

create index installments_of_agreement on public.installments (tenant_id, agreement_id, number);
create index installments_of_client on public.installments (tenant_id, client_id);
-- Serves the clock: what is open and due.
create index installments_open_by_day on public.installments (tenant_id, effective_due_on)
where status = 'open';

alter table public.installments enable row level security;
alter table public.installments force row level security;

create policy installments_select_member on public.installments for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.agreements
        where agreements.id = installments.agreement_id
    ))
);

-- Written by functions only.
grant select on public.installments to authenticated;

create trigger _100_touch_updated_at before update on public.installments
for each row execute function private.tg_touch_updated_at();

create trigger _500_broadcast_update after update on public.installments
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('installment_changed');

create trigger _900_audit_insert after insert on public.installments
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.installments
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.installments
referencing old table as old_rows for each statement execute function private.tg_audit();
