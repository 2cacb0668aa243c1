-- Which column of a creditor's file is which, once a person has said so.
create table public.import_mappings (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    -- Null for files that name the creditor in a column of their own: the headers then tell.
    creditor_id uuid,
    -- The file's column names, folded and joined: files with the same ones are the same report.
    header_key text not null,
    mapping jsonb not null,
    updated_by uuid,
    updated_at timestamptz not null default private.now(),
    constraint import_mappings_pkey primary key (id),
    constraint import_mappings_is_unique unique nulls not distinct
    (tenant_id, creditor_id, header_key),
    constraint import_mappings_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint import_mappings_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id) on delete cascade,
    constraint import_mappings_updated_by_fkey foreign key (updated_by)
    references auth.users (id) on delete set null,
    constraint import_mappings_mapping_is_object check (jsonb_typeof(mapping) = 'object'),
    -- 300 columns of 100 characters; a longer one is no header.
    constraint import_mappings_has_size check (
        length(header_key) <= 30000 and length(mapping::text) <= 60000
    )
);
comment on table public.import_mappings is 'Saved answers of the import wizard.';

create index import_mappings_of_creditor on public.import_mappings (tenant_id, creditor_id);
create index import_mappings_of_author on public.import_mappings (updated_by);

alter table public.import_mappings enable row level security;
alter table public.import_mappings force row level security;

create policy import_mappings_select_supervisor on public.import_mappings
for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy import_mappings_delete_supervisor on public.import_mappings
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

-- Written by the import alone.
grant select, delete on public.import_mappings to authenticated;

create trigger _900_audit_insert after insert on public.import_mappings
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.import_mappings
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.import_mappings
referencing old table as old_rows for each statement execute function private.tg_audit();

-- By the import that succeeded with it, for its creditor if it was for one.
create function private.save_import_mapping(
    v_import public.imports, header_key text, mapping jsonb
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.import_mappings as saved
        (tenant_id, creditor_id, header_key, mapping, updated_by)
    values (
        v_import.tenant_id, v_import.creditor_id, save_import_mapping.header_key,
        save_import_mapping.mapping, v_import.created_by
    )
    on conflict on constraint import_mappings_is_unique do update
    set mapping = excluded.mapping, updated_by = excluded.updated_by, updated_at = private.now()
    where saved.mapping <> excluded.mapping;
end;
$$;

-- The same creditor's own before anybody's with these headers.
create function private.saved_import_mapping(creditor_id uuid, header_key text) returns jsonb
language sql
stable
set search_path = ''
as $$
    select import_mappings.mapping
    from public.import_mappings
    where import_mappings.tenant_id = (select private.tenant_id())
      and (import_mappings.creditor_id = saved_import_mapping.creditor_id
           or import_mappings.header_key = saved_import_mapping.header_key
           and import_mappings.creditor_id is null)
    order by import_mappings.header_key = saved_import_mapping.header_key desc,
        import_mappings.creditor_id is null, import_mappings.updated_at desc
    limit 1
$$;
grant execute on function private.saved_import_mapping(uuid, text) to authenticated;
