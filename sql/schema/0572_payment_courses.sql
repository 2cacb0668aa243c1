-- Where a payment goes; the last word counts, and every word stays. apply: to the agreement, first
-- to the installment named, then as its policy says. advance: to the agreement's next installments,
-- although its own was paid already. abate: to the titles alone. return: back to the debtor.
-- parked: nowhere until a person decides.
create table public.payment_courses (
    id bigint generated always as identity,
    tenant_id uuid not null,
    payment_id uuid not null,
    course public.payment_course not null,
    agreement_id uuid,
    installment_id uuid,
    debt_ids uuid[],
    reason text,
    actor_id uuid,
    created_at timestamptz not null default private.now(),
    constraint payment_courses_pkey primary key (id),
    constraint payment_courses_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint payment_courses_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint payment_courses_installment_fkey foreign key (tenant_id, installment_id)
    references public.installments (tenant_id, id),
    constraint payment_courses_actor_fkey foreign key (actor_id) references auth.users (id),
    constraint payment_courses_have_a_target check (
        course in ('return', 'parked')
        or course in ('apply', 'advance') and agreement_id is not null
        or course = 'abate' and (agreement_id is not null or cardinality(debt_ids) > 0)
    )
);
comment on table public.payment_courses is 'Decisions where payments go; append-only.';

create index payment_courses_of_payment on public.payment_courses (tenant_id, payment_id, id desc);
create index payment_courses_of_agreement on public.payment_courses (tenant_id, agreement_id);
create index payment_courses_of_installment on public.payment_courses (tenant_id, installment_id);
create index payment_courses_of_actor on public.payment_courses (actor_id);

alter table public.payment_courses enable row level security;
alter table public.payment_courses force row level security;

create policy payment_courses_select_member on public.payment_courses for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.payments
        where payments.id = payment_courses.payment_id
    ))
);

-- Not audited: the rows are the record.
grant select on public.payment_courses to authenticated;

create trigger _100_append_only before update or delete on public.payment_courses
for each statement execute function private.tg_append_only();

-- A payment taken back: Pix return (MED), chargeback, returned boleto, or a mistake of ours.
create table public.payment_reversals (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    payment_id uuid not null,
    reason text not null,
    reversed_on date not null,
    actor_id uuid,
    created_at timestamptz not null default private.now(),
    constraint payment_reversals_pkey primary key (id),
    constraint payment_reversals_once_per_payment unique (tenant_id, payment_id),
    constraint payment_reversals_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint payment_reversals_actor_fkey foreign key (actor_id) references auth.users (id),
    constraint payment_reversals_reason_is_filled check (btrim(reason) <> '')
);
comment on table public.payment_reversals is 'Payments that were taken back; append-only.';

create index payment_reversals_of_actor on public.payment_reversals (actor_id);

alter table public.payment_reversals enable row level security;
alter table public.payment_reversals force row level security;

create policy payment_reversals_select_member on public.payment_reversals
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.payments
        where payments.id = payment_reversals.payment_id
    ))
);

grant select on public.payment_reversals to authenticated;

create trigger _100_append_only before update or delete on public.payment_reversals
for each statement execute function private.tg_append_only();
