-- What a person says about a title beside what it costs: it is disputed (on hold: nobody collects
-- until released), or it may be collected although five years have passed. Both want a reason and
-- stay as history.
create type public.debt_mark_kind as enum ('hold', 'prescription_override');

create table public.debt_marks (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    debt_id uuid not null,
    kind public.debt_mark_kind not null,
    reason text not null,
    created_by uuid not null,
    created_at timestamptz not null default private.now(),
    released_by uuid,
    released_at timestamptz,
    release_reason text,
    constraint debt_marks_pkey primary key (id),
    constraint debt_marks_tenant_id_key unique (tenant_id, id),
    constraint debt_marks_debt_fkey foreign key (tenant_id, debt_id)
    references public.debts (tenant_id, id),
    constraint debt_marks_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint debt_marks_released_by_fkey foreign key (released_by) references auth.users (id),
    constraint debt_marks_reason_is_filled check (btrim(reason) <> ''),
    constraint debt_marks_release_has_reason check (
        (released_at is null) = (release_reason is null)
    )
);
comment on table public.debt_marks is 'Disputes and overridden prescriptions, with reasons.';

create unique index debt_marks_one_alive_per_kind
on public.debt_marks (tenant_id, debt_id, kind) where released_at is null;
create index debt_marks_of_debt on public.debt_marks (tenant_id, debt_id);
create index debt_marks_of_author on public.debt_marks (created_by);
create index debt_marks_of_releaser on public.debt_marks (released_by);

alter table public.debt_marks enable row level security;
alter table public.debt_marks force row level security;

create policy debt_marks_select_member on public.debt_marks for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.debts
        where debts.id = debt_marks.debt_id
    ))
);

-- Written by the functions below only.
grant select on public.debt_marks to authenticated;

-- Civil Code 206 §5 I: five years from the due date for a liquid debt on an instrument.
create function private.prescribes_on(debt public.debts) returns date
language sql
immutable
set search_path = ''
as $$
    select ((debt).due_on + interval '5 years')::date
$$;

create function private.is_prescribed(debt public.debts, on_date date) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select is_prescribed.on_date > private.prescribes_on(debt) and not exists (
        select from public.debt_marks as mark
        where mark.tenant_id = (debt).tenant_id and mark.debt_id = (debt).id
          and mark.kind = 'prescription_override' and mark.released_at is null
    )
$$;

-- The status a title has when no agreement holds it.
create function private.free_status(debt public.debts, on_date date) returns public.debt_status
language sql
stable
security definer
set search_path = ''
as $$
    select case
        when exists (
            select from public.debt_marks as mark
            where mark.tenant_id = (debt).tenant_id and mark.debt_id = (debt).id
              and mark.kind = 'hold' and mark.released_at is null
        ) then 'on_hold'
        when private.is_prescribed(debt, on_date) then 'prescribed'
        else 'open'
    end::public.debt_status
$$;

create trigger _500_broadcast_update after update on public.debts
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('debt_changed');

create trigger _900_audit_insert after insert on public.debt_marks
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.debt_marks
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.debt_marks
referencing old table as old_rows for each statement execute function private.tg_audit();
