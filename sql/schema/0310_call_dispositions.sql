-- What came of a call (tabulação). Inserted straight through REST with an id made by the client,
-- so that a retry after a lost answer is a no-op; never changed or deleted by anybody. The operator
-- and the tenant default to the caller's, and the policy refuses any other.
create table public.call_dispositions (
    id uuid not null default gen_random_uuid(),
    client_id uuid not null,
    tenant_id uuid not null default private.tenant_id(),
    operator_id uuid not null default auth.uid(),
    disposition_type text not null,
    notes text,
    scheduled_callback timestamptz,
    created_at timestamptz not null default private.now(),
    constraint call_dispositions_pkey primary key (id),
    constraint call_dispositions_tenant_id_key unique (tenant_id, id),
    constraint call_dispositions_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint call_dispositions_operator_fkey foreign key (operator_id)
    references auth.users (id),
    constraint call_dispositions_type_fkey foreign key (tenant_id, disposition_type)
    references public.disposition_types (tenant_id, key),
    -- 4,000 characters: a long call's notes, not a document.
    constraint call_dispositions_notes_are_short check (length(notes) <= 4000)
);
comment on table public.call_dispositions is 'Outcomes of calls; append-only.';

-- Serves the timeline and "last disposition" of a list row.
create index call_dispositions_of_client
on public.call_dispositions (tenant_id, client_id, created_at desc, id desc);
create index call_dispositions_of_operator
on public.call_dispositions (operator_id, created_at desc);
create index call_dispositions_of_type
on public.call_dispositions (tenant_id, disposition_type, created_at desc);
-- Serves a day of the panel, at next to no cost for whoever presses a key.
create index call_dispositions_by_day
on public.call_dispositions using brin (created_at) with (autosummarize = true);

alter table public.call_dispositions enable row level security;
alter table public.call_dispositions force row level security;

create policy call_dispositions_select_member on public.call_dispositions
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = call_dispositions.client_id
    ))
);

create policy call_dispositions_insert_self on public.call_dispositions
for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and operator_id = (select auth.uid())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = call_dispositions.client_id
    ))
);

-- No update, no delete, and `created_at` is not granted: nobody back-dates a call.
-- Not audited: the row is its own immutable record of who, what and when.
grant select on public.call_dispositions to authenticated;
grant insert (
    id, client_id, tenant_id, operator_id, disposition_type, notes, scheduled_callback
) on public.call_dispositions to authenticated;

-- Two copies of one request may arrive at the same moment (a retry that overtakes): the lock on the
-- id makes the second wait for the first, see its row and fall silent instead of failing.
create function private.is_repeated_disposition(given public.call_dispositions) returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
    v_earlier public.call_dispositions;
begin
    select * into v_earlier from public.call_dispositions where call_dispositions.id = given.id;
    if not found then
        return false;
    end if;
    if (v_earlier.tenant_id, v_earlier.client_id, v_earlier.operator_id,
        v_earlier.disposition_type, v_earlier.notes, v_earlier.scheduled_callback)
        is not distinct from
        (given.tenant_id, given.client_id, auth.uid(), given.disposition_type,
         given.notes, given.scheduled_callback)
        and given.operator_id = auth.uid()
    then
        return true;
    end if;
    raise exception 'disposition_id_reused' using errcode = 'PT409',
        detail = 'this id already names another disposition';
end;
$$;

create function private.tg_call_dispositions__accept() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_is_callback boolean;
    v_is_known boolean;
begin
    -- Nearly always free; as a condition it is asked without a statement of its own.
    if not pg_try_advisory_xact_lock(hashtextextended(new.id::text, 0)) then
        perform pg_advisory_xact_lock(hashtextextended(new.id::text, 0));
    end if;
    -- One question for both checks: this runs on every press of a key.
    select types.is_callback,
        exists (select from public.call_dispositions as earlier where earlier.id = new.id)
    into v_is_callback, v_is_known
    from public.disposition_types as types
    where types.tenant_id = new.tenant_id and types.key = new.disposition_type
      and types.is_active;
    -- A type may have been put away since the first copy.
    if v_is_known or v_is_callback is null then
        if private.is_repeated_disposition(new) then
            return null;
        end if;
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = 'not an active disposition type of the tenant';
    end if;
    if v_is_callback and new.scheduled_callback is null then
        raise exception 'callback_needs_time' using errcode = 'PT400',
            detail = 'scheduled_callback is missing';
    end if;
    if not v_is_callback and new.scheduled_callback is not null then
        raise exception 'callback_not_expected' using errcode = 'PT400',
            detail = 'scheduled_callback belongs to callback types only';
    end if;
    if new.scheduled_callback is not null and new.scheduled_callback <= private.now() then
        raise exception 'callback_in_past' using errcode = 'PT400',
            detail = 'scheduled_callback must lie in the future';
    end if;
    if new.scheduled_callback is not null then
        perform private.require_lawful_callback(
            new.tenant_id, new.client_id, new.scheduled_callback
        );
    end if;
    return new;
end;
$$;

-- A promise nobody may keep is not made. The agency's caps do not count: the debtor asked for it.
create function private.require_lawful_callback(
    tenant_id uuid, client_id uuid, at timestamptz
) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_decision record;
begin
    select * into v_decision
    from private.contact_decision(tenant_id, client_id, 'call', at) as decision;
    if v_decision.reason = 'suppressed' then
        raise exception 'client_suppressed' using errcode = 'PT409',
            detail = 'this client must not be called';
    end if;
    if v_decision.reason = 'outside_hours' or v_decision.reason = 'attempt_cap' and not exists (
        select from private.contact_hours(tenant_id, client_id, at, 1) as hours
        where hours.opens_at <= at and hours.closes_at > at
    ) then
        raise exception 'callback_outside_hours' using errcode = 'PT400',
            detail = to_char(
                v_decision.next_allowed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
            );
    end if;
end;
$$;

create trigger _100_accept before insert on public.call_dispositions
for each row execute function private.tg_call_dispositions__accept();

-- What follows is one trigger (0953): an operator waits for it.
