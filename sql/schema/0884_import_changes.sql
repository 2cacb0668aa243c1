-- What an import did, so that it can be shown field by field and taken back: the ids it created
-- (many to a row; a million rows of them would cost as much as the import), and one row for each
-- row it changed, with the fields before and after. Created debts name their import themselves.
create table private.import_changes (
    id bigint generated always as identity,
    tenant_id uuid not null,
    import_id uuid not null,
    table_name text not null,
    created_ids uuid[],
    row_id uuid,
    before jsonb,
    after jsonb,
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

alter table private.import_changes enable row level security;
alter table private.import_changes force row level security;

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

-- {fields, rows}: how many values of each field changed, and the first changed rows.
create function private.list_import_differences(tenant_id uuid, import_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    with changed as (
        select changes.table_name, changes.row_id, changes.before - 'import_id' as before,
            changes.after - 'import_id' as after
        from private.import_changes as changes
        where changes.tenant_id = list_import_differences.tenant_id
          and changes.import_id = list_import_differences.import_id
          and changes.row_id is not null
    ),
    counted as (
        select changed.table_name || '.' || field.name as name, count(*) as changes
        from changed
        cross join jsonb_object_keys(changed.after) as field (name)
        group by 1
    ),
    listed as (
        select changed.table_name, clients.document, clients.name, debts.contract,
            debts.installment, changed.before, changed.after
        from changed
        left join public.debts on changed.table_name = 'debts' and debts.id = changed.row_id
        join public.clients on clients.id = coalesce(debts.client_id, changed.row_id)
        order by clients.document, changed.table_name, debts.contract, debts.installment
        limit 200  -- as many as a person looks through
    )
    select jsonb_build_object(
        'fields', (select coalesce(jsonb_object_agg(counted.name, counted.changes), '{}') from counted),
        'rows', coalesce(jsonb_agg(
            jsonb_build_object(
                'table', listed.table_name, 'document', listed.document, 'name', listed.name,
                'contract', listed.contract, 'installment', listed.installment,
                'changes', (
                    select jsonb_object_agg(
                        field.name,
                        jsonb_build_array(listed.before -> field.name, listed.after -> field.name)
                    )
                    from jsonb_object_keys(listed.after) as field (name)
                )
            )
            order by listed.document, listed.table_name, listed.contract, listed.installment
        ), '[]')
    )
    from listed
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
    return private.list_import_differences(v_tenant, import_id);
end;
$$;

create function public.import_differences(import_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.import_differences(import_id) $$;
comment on function public.import_differences(uuid) is
'Supervisor or admin: {fields: {"table.field": count}, rows: first 200 with before and after}.';
grant execute on function private.import_differences(uuid), public.import_differences(uuid)
to authenticated;
