-- What happened to an agreement, in order: every transition and every decision. Append-only.
create table public.agreement_events (
    id bigint generated always as identity,
    tenant_id uuid not null,
    agreement_id uuid not null,
    -- transition, or a code such as installment_cancelled, payment_allocated, break_waits.
    kind text not null,
    from_status public.agreement_status,
    to_status public.agreement_status,
    reason text,
    details jsonb not null default '{}',
    -- The tenant's business day it counts for.
    on_date date not null,
    actor_id uuid,
    created_at timestamptz not null default private.now(),
    constraint agreement_events_pkey primary key (id),
    constraint agreement_events_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint agreement_events_actor_fkey foreign key (actor_id) references auth.users (id),
    constraint agreement_events_kind_is_code check (kind ~ '^[a-z_]+$')
);
comment on table public.agreement_events is 'History of agreements; append-only.';

create index agreement_events_of_agreement
on public.agreement_events (tenant_id, agreement_id, id);
create index agreement_events_of_actor on public.agreement_events (actor_id);

alter table public.agreement_events enable row level security;
alter table public.agreement_events force row level security;

create policy agreement_events_select_member on public.agreement_events
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.agreements
        where agreements.id = agreement_events.agreement_id
    ))
);

-- Written by functions; not audited, because the rows are the record.
grant select on public.agreement_events to authenticated;

-- Ledger and history are written once, also by us: a correction is a new row.
create function private.tg_append_only() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'append_only' using errcode = 'PT409',
        detail = tg_table_name || ' is append-only; write a reversal';
end;
$$;
create trigger _100_append_only before update or delete on public.agreement_events
for each statement execute function private.tg_append_only();

create function private.tell_agreement(
    agreement_id uuid, kind text, on_date date, reason text default null,
    details jsonb default '{}', from_status public.agreement_status default null,
    to_status public.agreement_status default null
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.agreement_events (
        tenant_id, agreement_id, kind, from_status, to_status, reason, details, on_date, actor_id
    )
    select agreement.tenant_id, agreement.id, tell_agreement.kind, tell_agreement.from_status,
        tell_agreement.to_status, tell_agreement.reason, tell_agreement.details,
        tell_agreement.on_date, auth.uid()
    from public.agreements as agreement
    where agreement.id = tell_agreement.agreement_id
$$;
