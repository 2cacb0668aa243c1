-- How much a tenant writes, and from when on two people must want it. One row per tenant, made when
-- an admin first changes something; without it the numbers below hold.
create table public.contact_policies (
    tenant_id uuid not null default private.tenant_id(),
    -- More recipients than this need a second person's confirmation.
    confirm_above_recipients int not null default 5000,
    -- Written messages of ours to one client, in 24 hours and in seven days. No law names a number;
    -- CDC art. 42 forbids harassment.
    messages_per_day int not null default 2,
    messages_per_week int not null default 5,
    constraint contact_policies_pkey primary key (tenant_id),
    constraint contact_policies_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint contact_policies_confirmation_is_positive check (confirm_above_recipients >= 0),
    constraint contact_policies_caps_are_sane check (
        messages_per_day between 1 and 20 and messages_per_week between messages_per_day and 50
    )
);
comment on table public.contact_policies is 'Attempt caps and the limit of the second person.';

alter table public.contact_policies enable row level security;
alter table public.contact_policies force row level security;

create policy contact_policies_select_member on public.contact_policies for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy contact_policies_insert_admin on public.contact_policies for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy contact_policies_update_admin on public.contact_policies for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select on public.contact_policies to authenticated;
grant insert (tenant_id, confirm_above_recipients, messages_per_day, messages_per_week)
on public.contact_policies to authenticated;
grant update (confirm_above_recipients, messages_per_day, messages_per_week)
on public.contact_policies to authenticated;

create trigger _900_audit_insert after insert on public.contact_policies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.contact_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();

create function private.contact_policy(tenant_id uuid) returns public.contact_policies
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_policy public.contact_policies;
begin
    select * into v_policy from public.contact_policies as policy
    where policy.tenant_id = contact_policy.tenant_id;
    if not found then
        v_policy := (contact_policy.tenant_id, 5000, 2, 5);
    end if;
    return v_policy;
end;
$$;
