-- What an import did, so that it can be shown field by field and taken back: the ids it created
-- (many to a row; a million rows of them would cost as much as the import), and one row for each
-- row it changed, with the fields before and after (and one for each number it gave to somebody
-- known, with neither). Created debts name their import themselves.
create table private.import_changes (
    id bigint generated always as identity,
    tenant_id uuid not null,
    import_id uuid not null,
    table_name text not null,
    created_ids uuid[],
    row_id uuid,
    before jsonb,
    after jsonb,
    -- False: it went back; or nothing is left for it to go back to, because the import that had
    -- made the row was taken back first, and the row is this one's own now.
    is_live boolean not null default true,
    constraint import_changes_pkey primary key (id),
    constraint import_changes_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id) on delete cascade,
    constraint import_changes_is_one_kind check (
        (created_ids is null) = (row_id is not null)
        and (row_id is null) = (before is null) and (row_id is null) = (after is null)
    )
);
comment on table private.import_changes is 'Before- and after-images of one import.';
create index import_changes_of_import
on private.import_changes (tenant_id, import_id, table_name, row_id);
-- Serves: what later imports did to a row.
create index import_changes_of_row on private.import_changes (tenant_id, row_id)
where row_id is not null;

alter table private.import_changes enable row level security;
alter table private.import_changes force row level security;

-- Whom an import touched, where their titles do not say it: it changed only the person or a number,
-- or a later import has written the title since. Who is on neither list was not touched.
create table private.import_touches (
    tenant_id uuid not null,
    import_id uuid not null,
    client_id uuid not null,
    constraint import_touches_pkey primary key (tenant_id, import_id, client_id),
    constraint import_touches_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id) on delete cascade,
    constraint import_touches_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade
);
comment on table private.import_touches is 'Imports of a client that its titles do not name.';
-- Serves the client's timeline.
create index import_touches_of_client
on private.import_touches (tenant_id, client_id, import_id);

alter table private.import_touches enable row level security;
alter table private.import_touches force row level security;

-- Returned by its absence from a file, and by nobody's word since.
create function private.is_returned_by_file(debt public.debts) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (debt).status = 'returned' and exists (
        select from private.import_changes as noted
        where noted.tenant_id = (debt).tenant_id and noted.row_id = (debt).id
          and noted.import_id = (debt).import_id and noted.table_name = 'debts'
          and noted.after ->> 'status' = 'returned'
    ) and not exists (
        select from public.audit_log as said
        where said.tenant_id = (debt).tenant_id and said.table_name = 'debts'
          and said.row_id = (debt).id::text and said.after ->> 'status' = 'returned'
    );
end;
$$;

-- Open debts of the file's creditors that no line names. A refused line names its debt as well; one
-- whose key cannot be read speaks for all debts of its person.
create function private.plan_absent_debts(tenant_id uuid, absent text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table import_absent on commit drop as
    select debts.id as debt_id, plan_absent_debts.absent = 'return' as is_returned
    from public.debts
    where debts.tenant_id = plan_absent_debts.tenant_id
      and debts.status = 'open'
      and debts.creditor_id in (select import_creditors.creditor_id from pg_temp.import_creditors)
      and not exists (
          select from pg_temp.import_debts where import_debts.debt_id = debts.id
      )
      -- In an agreement that has yet to see its first payment.
      and not exists (
          select from public.agreement_debts as held
          where held.tenant_id = debts.tenant_id and held.debt_id = debts.id and held.is_live
      );
    if exists (select from pg_temp.import_absent) then
        delete from pg_temp.import_absent
        using public.debts
        where debts.id = import_absent.debt_id and debts.contract in (
            select refused.contract from pg_temp.import_rows as refused
            where refused.reason is not null
        );
        delete from pg_temp.import_absent
        using public.debts
        join public.clients on clients.id = debts.client_id
        where debts.id = import_absent.debt_id and clients.document in (
            select refused.document from pg_temp.import_rows as refused
            where refused.reason is not null and refused.contract is null
        );
    end if;
end;
$$;

create function private.import_differences(import_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    return coalesce((
        select imports.differences from public.imports
        where imports.tenant_id = v_tenant and imports.id = import_differences.import_id
    ), '{"fields": {}, "rows": [], "kept": []}');
end;
$$;

create function public.import_differences(import_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.import_differences(private.seen('imports', import_id)) $$;
comment on function public.import_differences(uuid) is
'Supervisor or admin: {fields: {"table.field": count}, rows: first 200 with before and after, kept:
first 200 titles left alone}; empty until it is done.';
grant execute on function private.import_differences(uuid), public.import_differences(uuid)
to authenticated;
