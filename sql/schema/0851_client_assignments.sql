-- Whose client this is: the single record of it, nobody's without one. Kept beside `clients`
-- because a supervisor gives away a hundred thousand at once, and each would rewrite a client's
-- every index.
create table public.client_assignments (
    tenant_id uuid not null,
    client_id uuid not null,
    -- Not of `memberships`: a colleague who left keeps the clients until they are given to another.
    -- Whoever assigns checks that the person works here.
    user_id uuid not null,
    -- Null when a job did it, or when who did it is gone.
    assigned_by uuid,
    assigned_at timestamptz not null default private.now(),
    constraint client_assignments_pkey primary key (tenant_id, client_id),
    constraint client_assignments_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_assignments_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade,
    constraint client_assignments_author_fkey foreign key (assigned_by) references auth.users (id)
    on delete set null
);
comment on table public.client_assignments is
'Which member a client is given to, by whom and when.';

-- Serves "mine" and a supervisor's view of one operator; the second and third, people who leave.
create index client_assignments_of_user
on public.client_assignments (tenant_id, user_id, client_id);
create index client_assignments_by_user on public.client_assignments (user_id);
create index client_assignments_by_author on public.client_assignments (assigned_by)
where assigned_by is not null;

alter table public.client_assignments enable row level security;
alter table public.client_assignments force row level security;

create policy client_assignments_select_member on public.client_assignments
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_assignments.client_id
    ))
);

-- Written by `bulk_assign` only.
grant select on public.client_assignments to authenticated;

create trigger _900_audit_insert after insert on public.client_assignments
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.client_assignments
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.client_assignments
referencing old table as old_rows for each statement execute function private.tg_audit();
