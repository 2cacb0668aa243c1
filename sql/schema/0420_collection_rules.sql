-- If a call ends like this, do that. One row links a disposition type to an action.
create type public.rule_action as enum ('send_template');

create table public.collection_rules (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    disposition_type text not null,
    action public.rule_action not null default 'send_template',
    template_id uuid not null,
    is_enabled boolean not null default true,
    created_at timestamptz not null default private.now(),
    constraint collection_rules_pkey primary key (id),
    constraint collection_rules_tenant_id_key unique (tenant_id, id),
    constraint collection_rules_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint collection_rules_type_fkey foreign key (tenant_id, disposition_type)
    references public.disposition_types (tenant_id, key),
    constraint collection_rules_template_fkey foreign key (tenant_id, template_id)
    references public.message_templates (tenant_id, id),
    constraint collection_rules_name_is_filled check (btrim(name) <> '')
);
comment on table public.collection_rules is 'What follows a disposition automatically.';

-- Read by the trigger of every disposition.
create index collection_rules_by_type
on public.collection_rules (tenant_id, disposition_type, is_enabled);
create index collection_rules_of_template on public.collection_rules (tenant_id, template_id);

alter table public.collection_rules enable row level security;
alter table public.collection_rules force row level security;

create policy collection_rules_select_member on public.collection_rules
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy collection_rules_insert_admin on public.collection_rules
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy collection_rules_update_admin on public.collection_rules
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: runs point here; `is_enabled` switches a rule off.
grant select on public.collection_rules to authenticated;
grant insert (id, tenant_id, name, disposition_type, action, template_id, is_enabled)
on public.collection_rules to authenticated;
grant update (name, disposition_type, template_id, is_enabled) on public.collection_rules
to authenticated;

create trigger _900_audit_insert after insert on public.collection_rules
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.collection_rules
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.collection_rules
referencing old table as old_rows for each statement execute function private.tg_audit();
