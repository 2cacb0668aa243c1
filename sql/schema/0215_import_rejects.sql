-- A refused line of an import, so that a person can mend the file: line, column, value, reason.
create table public.import_rejects (
    id bigint generated always as identity,
    tenant_id uuid not null,
    import_id uuid not null,
    -- 1 is the header, as a spreadsheet counts.
    line int not null,
    column_name text not null,
    value text,
    reason text not null,
    -- The whole row as it stood in the file, in the order of imports.header.
    cells text[] not null default '{}',
    constraint import_rejects_pkey primary key (id),
    constraint import_rejects_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id) on delete cascade,
    constraint import_rejects_reason_is_code check (reason ~ '^[a-z_]+$')
);
comment on table public.import_rejects is 'Lines an import refused, with the value and the reason.';

create index import_rejects_of_import
on public.import_rejects (tenant_id, import_id, line, id);

alter table public.import_rejects enable row level security;
alter table public.import_rejects force row level security;

-- Operators have no use for raw lines of other people's files.
create policy import_rejects_select_supervisor on public.import_rejects
for select to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.imports
        where imports.id = import_rejects.import_id
    ))
);

-- Written by the import function only; not audited, because the rows are the record.
grant select on public.import_rejects to authenticated;
