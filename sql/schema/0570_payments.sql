-- Money that came in: a fact, written once. Where it goes is told by `payment_courses`, what it
-- covered by `payment_allocations`, and that it was taken back by `payment_reversals`.
create table public.payments (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    -- Null: an orphan, nobody knows yet whose money it is.
    client_id uuid,
    -- Null: settled by hand.
    provider public.provider_name,
    integration_id uuid,
    charge_id uuid,
    -- The provider's own words for what was paid.
    reference text,
    -- What makes it the same payment however often it is told.
    payment_key text collate "C" not null,
    amount_cents bigint not null,
    paid_on date not null,
    method public.charge_method,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    constraint payments_pkey primary key (id),
    constraint payments_tenant_id_key unique (tenant_id, id),
    constraint payments_are_stored_once unique (tenant_id, payment_key),
    constraint payments_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint payments_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint payments_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint payments_charge_fkey foreign key (tenant_id, charge_id)
    references public.charges (tenant_id, id),
    constraint payments_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint payments_amount_is_positive check (amount_cents > 0)
);
comment on table public.payments is 'Money received; append-only.';

create index payments_of_client on public.payments (tenant_id, client_id, paid_on, payment_key);
create index payments_by_day on public.payments (tenant_id, paid_on);
create index payments_of_charge on public.payments (tenant_id, charge_id);
create index payments_of_integration on public.payments (tenant_id, integration_id);
create index payments_of_author on public.payments (created_by);

alter table public.payments enable row level security;
alter table public.payments force row level security;

create policy payments_select_member on public.payments for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = payments.client_id
    ) and (payments.charge_id is null or exists (
        select from public.charges
        where charges.id = payments.charge_id
    )))
);

-- Written by functions only: nobody confirms a payment through the REST API. Not audited: the rows
-- are the record.
grant select on public.payments to authenticated;

create trigger _500_broadcast_insert after insert on public.payments
referencing new table as new_rows for each statement
execute function private.tg_broadcast('payment_changed');

-- An orphan that found its owner is a new course, not a changed payment; the client is filled once.
create function private.tg_payments__append_only() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_op = 'UPDATE' and not exists (
        select from old_rows as was
        left join new_rows as became on became.id = was.id
        where was.client_id is not null
           or to_jsonb(became) - 'client_id' is distinct from to_jsonb(was) - 'client_id'
    ) then
        return null;
    end if;
    raise exception 'append_only' using errcode = 'PT409',
        detail = 'payments are append-only; write a reversal';
end;
$$;
create trigger _100_append_only_update after update on public.payments
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_payments__append_only();
create trigger _100_append_only_delete after delete on public.payments
referencing old table as old_rows
for each statement execute function private.tg_payments__append_only();

-- Of a client of several creditors: a payment of an agreement belongs to its creditor; what was
-- never charged is nobody's in particular.
create function private.sees_payment(payment public.payments) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select not exists (
        select from public.charges as charge
        join public.agreements as agreement on agreement.id = charge.agreement_id
        where charge.id = payment.charge_id
          and not private.sees_creditor(agreement.creditor_id)
    )
$$;
