-- Money settled by hand (cash, a transfer, paid to the creditor): with evidence, and above the
-- policy's limit with a second person. Only the confirmed one becomes a payment.
create table public.manual_settlements (
    -- Made by the page, so that a second click is the same request.
    id uuid not null,
    tenant_id uuid not null,
    client_id uuid not null,
    agreement_id uuid,
    installment_id uuid,
    debt_ids uuid[],
    amount_cents bigint not null,
    paid_on date not null,
    -- Receipt number, who received it, where the copy lies.
    evidence text not null,
    status public.request_status not null default 'pending',
    requested_by uuid not null,
    decided_by uuid,
    decided_at timestamptz,
    decision_reason text,
    payment_id uuid,
    created_at timestamptz not null default private.now(),
    constraint manual_settlements_pkey primary key (id),
    constraint manual_settlements_tenant_id_key unique (tenant_id, id),
    constraint manual_settlements_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint manual_settlements_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint manual_settlements_installment_fkey foreign key (tenant_id, installment_id)
    references public.installments (tenant_id, id),
    constraint manual_settlements_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint manual_settlements_requested_by_fkey foreign key (requested_by)
    references auth.users (id),
    constraint manual_settlements_decided_by_fkey foreign key (decided_by)
    references auth.users (id),
    constraint manual_settlements_amount_is_positive check (amount_cents > 0),
    constraint manual_settlements_evidence_is_filled check (btrim(evidence) <> ''),
    constraint manual_settlements_approved_is_a_payment check (
        (status = 'approved') = (payment_id is not null)
    )
);
comment on table public.manual_settlements is 'Payments settled by hand, and who confirmed them.';

-- Two people, one installment: the second request waits for the first one's decision.
create unique index manual_settlements_one_pending_per_installment
on public.manual_settlements (tenant_id, installment_id) where status = 'pending';
create index manual_settlements_pending on public.manual_settlements (tenant_id, created_at, id)
where status = 'pending';
create index manual_settlements_of_client on public.manual_settlements (tenant_id, client_id);
create index manual_settlements_of_agreement
on public.manual_settlements (tenant_id, agreement_id);
create index manual_settlements_of_installment
on public.manual_settlements (tenant_id, installment_id);
create index manual_settlements_of_payment on public.manual_settlements (tenant_id, payment_id);
create index manual_settlements_of_requester on public.manual_settlements (requested_by);
create index manual_settlements_of_decider on public.manual_settlements (decided_by);

alter table public.manual_settlements enable row level security;
alter table public.manual_settlements force row level security;

create policy manual_settlements_select_member on public.manual_settlements
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = manual_settlements.client_id
    ))
);

-- Written by `settle_manually` and `decide_settlement` only.
grant select on public.manual_settlements to authenticated;

create trigger _500_broadcast_insert after insert on public.manual_settlements
referencing new table as new_rows for each statement
execute function private.tg_broadcast('settlement_changed');
create trigger _500_broadcast_update after update on public.manual_settlements
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('settlement_changed');

create trigger _900_audit_insert after insert on public.manual_settlements
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.manual_settlements
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.manual_settlements
referencing old table as old_rows for each statement execute function private.tg_audit();
