-- What holds for all of an agency's rules: how long a disposition may be taken back before anything
-- leaves, and the switches that stop everything at once. One row per tenant, made when an admin
-- first changes it; without it the defaults below hold.
create table public.automation_policies (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- 10: long enough to see that it was the wrong key, short enough to wait for.
    undo_seconds smallint not null default 10,
    is_stopped boolean not null default false,
    stopped_channels public.channel[] not null default '{}',
    constraint automation_policies_pkey primary key (id),
    constraint automation_policies_one_per_tenant unique (tenant_id),
    constraint automation_policies_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    -- A minute at most: by then the operator speaks with the next client.
    constraint automation_policies_undo_within_a_minute check (undo_seconds between 0 and 60)
);
comment on table public.automation_policies is
'Undo window and kill switches of an agency''s rules. Stopped: what falls due is skipped.';

alter table public.automation_policies enable row level security;
alter table public.automation_policies force row level security;

create policy automation_policies_select_member on public.automation_policies
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy automation_policies_insert_admin on public.automation_policies
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy automation_policies_update_admin on public.automation_policies
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select on public.automation_policies to authenticated;
-- `tenant_id` is updatable only so that an upsert may name it; the policy keeps it where it is.
grant insert (id, tenant_id, undo_seconds, is_stopped, stopped_channels)
on public.automation_policies to authenticated;
grant update (tenant_id, undo_seconds, is_stopped, stopped_channels)
on public.automation_policies to authenticated;

create trigger _900_audit_insert after insert on public.automation_policies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.automation_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.automation_policies
referencing old table as old_rows for each statement execute function private.tg_audit();

create function private.undo_window(tenant_id uuid) returns interval
language sql
stable
security definer
set search_path = ''
as $$
    select make_interval(secs => coalesce((
        select policy.undo_seconds from public.automation_policies as policy
        where policy.tenant_id = undo_window.tenant_id
    ), 10))
$$;
