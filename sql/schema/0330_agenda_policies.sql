-- How long a promised call waits for the person who promised it. One row per tenant, made when an
-- admin first changes it; without it the number below holds.
create table public.agenda_policies (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- Minutes after its moment at which a personal callback becomes anyone's. 15: ten minutes late
    -- still counts as in time, and five more let a call that is running come to its end.
    release_after_minutes int not null default 15,
    constraint agenda_policies_pkey primary key (id),
    constraint agenda_policies_one_per_tenant unique (tenant_id),
    constraint agenda_policies_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    -- A day at most: longer is "never", and then the promise rots with an absent colleague.
    constraint agenda_policies_release_within_a_day check (
        release_after_minutes between 1 and 1440
    )
);
comment on table public.agenda_policies is
'After how many minutes somebody''s overdue callback becomes anyone''s.';

alter table public.agenda_policies enable row level security;
alter table public.agenda_policies force row level security;

create policy agenda_policies_select_member on public.agenda_policies for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy agenda_policies_insert_admin on public.agenda_policies for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy agenda_policies_update_admin on public.agenda_policies for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select on public.agenda_policies to authenticated;
-- `tenant_id` is updatable only so that an upsert may name it; the policy keeps it where it is.
grant insert (id, tenant_id, release_after_minutes) on public.agenda_policies to authenticated;
grant update (tenant_id, release_after_minutes) on public.agenda_policies to authenticated;

create trigger _900_audit_insert after insert on public.agenda_policies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.agenda_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.agenda_policies
referencing old table as old_rows for each statement execute function private.tg_audit();

create function private.release_after(tenant_id uuid) returns interval
language sql
stable
security definer
set search_path = ''
as $$
    select make_interval(mins => coalesce((
        select policy.release_after_minutes from public.agenda_policies as policy
        where policy.tenant_id = release_after.tenant_id
    ), 15))
$$;
