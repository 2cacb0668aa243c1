-- Which of our operators sits at which agent of the dialer, and what our dispositions are called
-- there. Without the first no screen opens by itself, without the second no call is qualified.
create table public.dialer_agents (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    agent_id bigint not null,
    user_id uuid not null,
    agent_name text,
    -- What click-to-call rings.
    extension text,
    created_at timestamptz not null default private.now(),
    constraint dialer_agents_pkey primary key (id),
    constraint dialer_agents_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint dialer_agents_user_fkey foreign key (user_id) references auth.users (id),
    constraint dialer_agents_one_operator_per_agent unique (tenant_id, agent_id),
    constraint dialer_agents_one_agent_per_operator unique (tenant_id, user_id),
    -- 0 is how the dialer says that no agent took part.
    constraint dialer_agents_agent_is_somebody check (agent_id > 0),
    constraint dialer_agents_extension_is_short check (extension ~ '^[0-9]{1,10}$')
);
comment on table public.dialer_agents is 'Operators and their agents at the dialer.';
create index dialer_agents_of_user on public.dialer_agents (user_id);

create table public.dialer_qualifications (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- 0: every campaign without a row of its own.
    campaign_id bigint not null default 0,
    disposition_type text not null,
    qualification_id bigint not null,
    qualification_name text not null default '',
    created_at timestamptz not null default private.now(),
    constraint dialer_qualifications_pkey primary key (id),
    constraint dialer_qualifications_type_fkey foreign key (tenant_id, disposition_type)
    references public.disposition_types (tenant_id, key),
    constraint dialer_qualifications_one_per_campaign
    unique (tenant_id, disposition_type, campaign_id),
    constraint dialer_qualifications_campaign_is_not_negative check (campaign_id >= 0)
);
comment on table public.dialer_qualifications is
'What a disposition is called at the dialer, per campaign.';

alter table public.dialer_agents enable row level security;
alter table public.dialer_agents force row level security;
alter table public.dialer_qualifications enable row level security;
alter table public.dialer_qualifications force row level security;

create policy dialer_agents_select_member on public.dialer_agents for select to authenticated
using (tenant_id = (select private.tenant_id()));
create policy dialer_agents_insert_admin on public.dialer_agents for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('admin'))
    and exists (
        select from public.memberships
        where
            memberships.tenant_id = dialer_agents.tenant_id
            and memberships.user_id = dialer_agents.user_id
            and memberships.revoked_at is null
    )
);
create policy dialer_agents_update_admin on public.dialer_agents for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('admin'))
    and exists (
        select from public.memberships
        where
            memberships.tenant_id = dialer_agents.tenant_id
            and memberships.user_id = dialer_agents.user_id
            and memberships.revoked_at is null
    )
);
create policy dialer_agents_delete_admin on public.dialer_agents for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy dialer_qualifications_select_member on public.dialer_qualifications
for select to authenticated
using (tenant_id = (select private.tenant_id()));
create policy dialer_qualifications_insert_admin on public.dialer_qualifications
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
create policy dialer_qualifications_update_admin on public.dialer_qualifications
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
create policy dialer_qualifications_delete_admin on public.dialer_qualifications
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select, delete on public.dialer_agents, public.dialer_qualifications to authenticated;
grant insert (id, tenant_id, agent_id, user_id, agent_name, extension) on public.dialer_agents
to authenticated;
grant update (agent_id, user_id, agent_name, extension) on public.dialer_agents to authenticated;
grant insert (
    id, tenant_id, campaign_id, disposition_type, qualification_id, qualification_name
) on public.dialer_qualifications to authenticated;
grant update (qualification_id, qualification_name) on public.dialer_qualifications
to authenticated;

create trigger _900_audit_insert after insert on public.dialer_agents
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.dialer_agents
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.dialer_agents
referencing old table as old_rows for each statement execute function private.tg_audit();
create trigger _900_audit_insert after insert on public.dialer_qualifications
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.dialer_qualifications
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.dialer_qualifications
referencing old table as old_rows for each statement execute function private.tg_audit();
