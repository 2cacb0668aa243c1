-- People who work together. A team may be limited to some creditors, and then so is everybody who
-- belongs to such teams alone (0145); panels count by it. One that ended stays, for their sake.
create table public.teams (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    name text not null,
    -- Null: every creditor. No reference: a creditor that an undone import takes along is nobody's.
    creditor_ids uuid[],
    created_at timestamptz not null default private.now(),
    archived_at timestamptz,
    constraint teams_pkey primary key (id),
    constraint teams_tenant_id_key unique (tenant_id, id),
    constraint teams_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint teams_name_is_filled check (btrim(name) <> '' and length(name) <= 60),
    constraint teams_creditors_are_some check (cardinality(creditor_ids) > 0)
);
comment on table public.teams is 'Groups of members; creditor_ids null is every creditor.';
create unique index teams_one_alive_per_name
on public.teams (tenant_id, lower(name)) where archived_at is null;

alter table public.teams enable row level security;
alter table public.teams force row level security;

-- As memberships: everybody sees their colleagues.
create policy teams_select_member on public.teams for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by `save_team` and `archive_team` only.
grant select on public.teams to authenticated;

create trigger _900_audit_insert after insert on public.teams
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.teams
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.teams
referencing old table as old_rows for each statement execute function private.tg_audit();

create table public.team_members (
    -- The audit names rows by it.
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    team_id uuid not null,
    -- Not of `memberships`: who comes back is the same person. Leaving the agency removes the row.
    user_id uuid not null,
    created_at timestamptz not null default private.now(),
    constraint team_members_pkey primary key (tenant_id, team_id, user_id),
    constraint team_members_team_fkey foreign key (tenant_id, team_id)
    references public.teams (tenant_id, id),
    constraint team_members_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade
);
comment on table public.team_members is 'Who belongs to which team; a person may be in several.';
-- Serves private.creditor_scope() and the panel's "by team".
create index team_members_of_user on public.team_members (user_id, tenant_id);

alter table public.team_members enable row level security;
alter table public.team_members force row level security;

create policy team_members_select_member on public.team_members for select to authenticated
using (tenant_id = (select private.tenant_id()));

grant select on public.team_members to authenticated;

create trigger _900_audit_insert after insert on public.team_members
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.team_members
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.team_members
referencing old table as old_rows for each statement execute function private.tg_audit();
