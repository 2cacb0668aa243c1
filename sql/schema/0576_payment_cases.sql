-- Money a person has to look at: nobody's, paid twice, too much, paid after the agreement broke, or
-- told in a way that contradicts itself. Opened and closed by the ledger, decided by people.
create table public.payment_cases (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid,
    agreement_id uuid,
    payment_id uuid,
    charge_id uuid,
    kind public.payment_case_kind not null,
    -- What the case is about: the whole payment or what is left of it.
    amount_cents bigint not null,
    details jsonb not null default '{}',
    -- What makes it the same case however often it is found.
    case_key text collate "C" not null,
    opened_at timestamptz not null default private.now(),
    -- A refund has a clock: money kept without a reason is owed twice (CDC 42).
    due_on date,
    resolved_at timestamptz,
    resolved_by uuid,
    -- reactivate, abate, return, advance, assign, dismiss; vanished: the ledger no longer finds it.
    resolution text,
    resolution_reason text,
    constraint payment_cases_pkey primary key (id),
    constraint payment_cases_tenant_id_key unique (tenant_id, id),
    constraint payment_cases_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint payment_cases_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint payment_cases_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint payment_cases_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint payment_cases_charge_fkey foreign key (tenant_id, charge_id)
    references public.charges (tenant_id, id),
    constraint payment_cases_resolved_by_fkey foreign key (resolved_by) references auth.users (id),
    constraint payment_cases_resolution_is_known check (
        resolution in (
            'reactivate', 'abate', 'return', 'advance', 'assign', 'dismiss', 'vanished'
        )
        and (resolution is null) = (resolved_at is null)
    )
);
comment on table public.payment_cases is 'Payments that wait for a person''s decision.';

create unique index payment_cases_one_open_per_key
on public.payment_cases (tenant_id, case_key) where resolved_at is null;
create index payment_cases_open on public.payment_cases (tenant_id, opened_at, id)
where resolved_at is null;
create index payment_cases_of_client on public.payment_cases (tenant_id, client_id);
create index payment_cases_of_agreement on public.payment_cases (tenant_id, agreement_id);
create index payment_cases_of_payment on public.payment_cases (tenant_id, payment_id);
create index payment_cases_of_charge on public.payment_cases (tenant_id, charge_id);
create index payment_cases_of_resolver on public.payment_cases (resolved_by);

alter table public.payment_cases enable row level security;
alter table public.payment_cases force row level security;

create policy payment_cases_select_member on public.payment_cases for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = payment_cases.client_id
    ))
);

-- Resolved through `resolve_payment_case` only.
grant select on public.payment_cases to authenticated;

-- Money that waits is told to those who may decide, and to the agreement's author: whoever found
-- it, once.
create function private.tg_payment_cases__notify() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select waiting.tenant_id, member.user_id, 'payment_' || waiting.kind,
        jsonb_build_object(
            'payment_id', waiting.payment_id, 'client_id', waiting.client_id,
            'agreement_id', waiting.agreement_id
        )
    from new_rows as waiting
    join public.memberships as member
        on member.tenant_id = waiting.tenant_id and member.revoked_at is null
    where (member.role >= 'supervisor' or member.user_id = (
            select agreement.created_by from public.agreements as agreement
            where agreement.id = waiting.agreement_id
        ))
      -- The same one with another amount, after the books were made again.
      and not exists (
          select from public.payment_cases as earlier
          where earlier.tenant_id = waiting.tenant_id and earlier.case_key = waiting.case_key
            and earlier.id <> waiting.id
      );
    return null;
end;
$$;

create trigger _400_notify after insert on public.payment_cases
referencing new table as new_rows for each statement
execute function private.tg_payment_cases__notify();

create trigger _500_broadcast_insert after insert on public.payment_cases
referencing new table as new_rows for each statement
execute function private.tg_broadcast('payment_case_changed');

create trigger _900_audit_insert after insert on public.payment_cases
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.payment_cases
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.payment_cases
referencing old table as old_rows for each statement execute function private.tg_audit();
