-- From how many recipients on two people must want a bulk send. One row per tenant, made when an
-- admin first changes it; without it the number below holds. How often anybody is contacted stands
-- in contact_caps.
create table public.message_policies (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- More recipients than this need a second person's confirmation.
    confirm_above_recipients int not null default 5000,
    constraint message_policies_pkey primary key (id),
    constraint message_policies_one_per_tenant unique (tenant_id),
    constraint message_policies_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint message_policies_confirmation_is_positive check (confirm_above_recipients >= 0)
);
comment on table public.message_policies is 'From which size on a bulk send needs a second person.';

alter table public.message_policies enable row level security;
alter table public.message_policies force row level security;

create policy message_policies_select_member on public.message_policies for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy message_policies_insert_admin on public.message_policies for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy message_policies_update_admin on public.message_policies for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select on public.message_policies to authenticated;
grant insert (id, tenant_id, confirm_above_recipients) on public.message_policies to authenticated;
grant update (confirm_above_recipients) on public.message_policies to authenticated;

create trigger _900_audit_insert after insert on public.message_policies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.message_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();

create trigger _900_audit_delete after delete on public.message_policies
referencing old table as old_rows for each statement execute function private.tg_audit();

create function private.confirmation_limit(tenant_id uuid) returns int
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce((
        select policy.confirm_above_recipients from public.message_policies as policy
        where policy.tenant_id = confirmation_limit.tenant_id
    ), 5000)
$$;
