-- A person in a tenant, with one role. Revoked memberships stay as history; at most one is alive
-- per person and tenant.
create table public.memberships (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    role public.member_role not null,
    display_name text not null,
    -- The creditors this person is limited to (private.creditor_scope); null is by team, or all.
    creditor_ids uuid[],
    created_at timestamptz not null default private.now(),
    revoked_at timestamptz,
    constraint memberships_pkey primary key (id),
    constraint memberships_creditors_are_some check (cardinality(creditor_ids) > 0),
    constraint memberships_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint memberships_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade
);
comment on table public.memberships is 'Who works in which tenant, and as what.';

-- Serves private.tenant_id() on every request; also the rule "one live membership".
create unique index memberships_one_alive_per_person
on public.memberships (user_id, tenant_id) where revoked_at is null;
create index memberships_of_user on public.memberships (user_id);
create index memberships_of_tenant on public.memberships (tenant_id, role);

alter table public.memberships enable row level security;
alter table public.memberships force row level security;

-- Everybody sees colleagues: the timeline names who did what.
create policy memberships_select_member on public.memberships for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- No insert, update or delete is granted: people join by invitation, and roles change through
-- `set_member_role` and `revoke_membership`, which guard the last admin.
grant select on public.memberships to authenticated;

create trigger _900_audit_insert after insert on public.memberships
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.memberships
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.memberships
referencing old table as old_rows for each statement execute function private.tg_audit();
