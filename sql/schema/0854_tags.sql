-- Words a team sticks on clients, and which client wears which. A tag says nothing to the rules; it
-- is there to be filtered by.
create table public.tags (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    name_key text not null generated always as (private.search_key(name)) stored,
    -- A colour name of the page's palette.
    color text not null default 'gray',
    created_at timestamptz not null default private.now(),
    constraint tags_pkey primary key (id),
    constraint tags_tenant_id_key unique (tenant_id, id),
    constraint tags_name_is_unique unique (tenant_id, name_key),
    constraint tags_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint tags_name_is_filled check (btrim(name) <> ''),
    -- A word on a chip, not a sentence.
    constraint tags_name_is_short check (length(name) <= 40),
    constraint tags_color_has_shape check (color ~ '^[a-z]{3,20}$')
);
comment on table public.tags is 'Labels of a tenant, put on clients by people.';

alter table public.tags enable row level security;
alter table public.tags force row level security;

create policy tags_select_member on public.tags for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy tags_insert_supervisor on public.tags for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy tags_update_supervisor on public.tags for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy tags_delete_supervisor on public.tags for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

grant select, delete on public.tags to authenticated;
grant insert (id, tenant_id, name, color) on public.tags to authenticated;
grant update (name, color) on public.tags to authenticated;

create trigger _900_audit_insert after insert on public.tags
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.tags
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.tags
referencing old table as old_rows for each statement execute function private.tg_audit();

create table public.client_tags (
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    tag_id uuid not null,
    created_by uuid default auth.uid(),
    created_at timestamptz not null default private.now(),
    constraint client_tags_pkey primary key (tenant_id, tag_id, client_id),
    constraint client_tags_tag_fkey foreign key (tenant_id, tag_id)
    references public.tags (tenant_id, id) on delete cascade,
    constraint client_tags_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_tags_author_fkey foreign key (created_by) references auth.users (id)
    on delete set null
);
comment on table public.client_tags is 'Which client wears which tag, since when and by whom.';

create index client_tags_of_client on public.client_tags (tenant_id, client_id);
create index client_tags_of_author on public.client_tags (created_by);

alter table public.client_tags enable row level security;
alter table public.client_tags force row level security;

create policy client_tags_select_member on public.client_tags for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_tags.client_id
    ))
);

-- One client at a time any operator may tag; a whole selection is `bulk_tag`, for supervisors.
create policy client_tags_insert_member on public.client_tags for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and created_by = (select auth.uid())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_tags.client_id
    ))
);

create policy client_tags_delete_member on public.client_tags for delete to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_tags.client_id
    ))
);

-- The tag's own line tells of what goes with it (depth 1): a worn tag may be on every client.
create trigger _900_audit_insert after insert on public.client_tags
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.client_tags
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.client_tags
referencing old table as old_rows for each statement when (pg_trigger_depth() = 0)
execute function private.tg_audit();

grant select, delete on public.client_tags to authenticated;
grant insert (tenant_id, client_id, tag_id) on public.client_tags to authenticated;
