-- A filter somebody named, to come back to it. Private unless shared; sharing puts words before the
-- whole team and is a supervisor's. What is stored is checked as a list would check it: a segment
-- can never hold a filter that is not understood.
create function private.is_client_list(tenant_id uuid, filter jsonb, sort text) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    perform private.read_client_filter(tenant_id, filter), private.read_client_sort(sort);
    return true;
end;
$$;
comment on function private.is_client_list(uuid, jsonb, text) is
'True, or the list''s own refusal: unknown_filter, filter_invalid, sort_invalid.';
-- Asked by the table's constraint in the name of whoever writes.
grant execute on function private.is_client_list(uuid, jsonb, text) to authenticated;

create table public.segments (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    owner_id uuid not null default auth.uid(),
    name text not null,
    filter jsonb not null,
    sort text not null default '-open_cents',
    is_shared boolean not null default false,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint segments_pkey primary key (id),
    constraint segments_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint segments_owner_fkey foreign key (owner_id) references auth.users (id)
    on delete cascade,
    constraint segments_name_is_unique unique (tenant_id, owner_id, name),
    constraint segments_name_is_filled check (btrim(name) <> ''),
    -- One line of a menu.
    constraint segments_name_is_short check (length(name) <= 80),
    constraint segments_filter_is_known check (private.is_client_list(tenant_id, filter, sort))
);
comment on table public.segments is 'Saved filters of the carteira, private or shared.';

create index segments_of_owner on public.segments (owner_id);

alter table public.segments enable row level security;
alter table public.segments force row level security;

create policy segments_select_own_or_shared on public.segments for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (is_shared or owner_id = (select auth.uid()))
);

create policy segments_insert_own on public.segments for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and owner_id = (select auth.uid())
    and (not is_shared or (select private.has_role('supervisor')))
);

create policy segments_update_own on public.segments for update to authenticated
using (tenant_id = (select private.tenant_id()) and owner_id = (select auth.uid()))
with check (
    tenant_id = (select private.tenant_id()) and owner_id = (select auth.uid())
    and (not is_shared or (select private.has_role('supervisor')))
);

-- What everybody sees, an admin can clear away.
create policy segments_delete_own_or_shared on public.segments for delete to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (owner_id = (select auth.uid()) or (is_shared and (select private.has_role('admin'))))
);

grant select, delete on public.segments to authenticated;
grant insert (id, tenant_id, name, filter, sort, is_shared) on public.segments to authenticated;
grant update (name, filter, sort, is_shared) on public.segments to authenticated;

create trigger _100_touch_updated_at before update on public.segments
for each row execute function private.tg_touch_updated_at();

create trigger _900_audit_insert after insert on public.segments
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.segments
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.segments
referencing old table as old_rows for each statement execute function private.tg_audit();
