-- Writes what 0885 judged, for the people of one chunk, and clears its tables.

-- {deleted, restored, kept: {count, rows}}; `listed` = how many kept rows are still to be shown.
create function private.write_rollback(v_import public.imports, listed int) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_kept jsonb := private.list_kept_rows(listed);
    v_restored jsonb := private.restore_changed_rows();
    v_debts int;
    v_phones int;
    v_people int;
begin
    perform private.pass_rows_on(v_import);
    -- In one statement: totals and reach are kept for people who are still there when it ends, and
    -- most of these are not.
    with gone_debts as (
        delete from public.debts using pg_temp.rollback as item
        where item.table_name = 'debts' and item.is_created and item.reason is null
          and debts.id = item.id
        returning debts.id
    ),
    gone_phones as (
        delete from public.client_phones
        where client_phones.id in (
            select item.id from pg_temp.rollback as item
            where item.table_name = 'client_phones' and item.reason is null
            union all
            select phones.id
            from pg_temp.rollback as item
            join public.client_phones as phones
                on phones.tenant_id = v_import.tenant_id and phones.client_id = item.id
            where item.table_name = 'clients' and item.is_created and item.reason is null
        )
        returning client_phones.id
    ),
    gone_people as (
        delete from public.clients using pg_temp.rollback as item
        where item.table_name = 'clients' and item.is_created and item.reason is null
          and clients.id = item.id
        returning clients.id
    )
    select (select count(*) from gone_debts), (select count(*) from gone_phones),
        (select count(*) from gone_people)
    into v_debts, v_phones, v_people;
    delete from private.import_touches as touched
    using pg_temp.rollback_rows as person
    where person.table_name = 'clients' and touched.tenant_id = v_import.tenant_id
      and touched.import_id = v_import.id and touched.client_id = person.id
      and not exists (
          select from pg_temp.rollback as item
          where item.client_id = person.id and item.reason is not null
      );
    drop table pg_temp.rollback, pg_temp.rollback_rows, pg_temp.rollback_layers,
        pg_temp.rollback_fields;
    return jsonb_build_object(
        'deleted', jsonb_build_object(
            'debts', v_debts, 'clients', v_people, 'phones', v_phones
        ),
        'restored', v_restored, 'kept', v_kept
    );
end;
$$;

create function private.list_kept_rows(listed int) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
    return jsonb_build_object(
        'count', (select count(*) from pg_temp.rollback as item where item.reason is not null),
        'rows', (
            select coalesce(jsonb_agg(to_jsonb(kept)), '[]')
            from (
                select item.table_name as table, item.id, clients.document, clients.name,
                    debts.contract, debts.installment, item.reason
                from pg_temp.rollback as item
                join public.clients on clients.id = item.client_id
                left join public.debts on item.table_name = 'debts' and debts.id = item.id
                where item.reason is not null
                order by clients.document, item.table_name, debts.contract, debts.installment
                limit listed
            ) as kept
        )
    );
end;
$$;

-- Values nobody wrote since return to what they were; where a later import wrote, it will return
-- them to that.
create function private.restore_changed_rows() returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_debts int;
    v_clients int;
begin
    create temp table rollback_values on commit drop as
    select item.table_name, item.id, item.change_id,
        coalesce(
            jsonb_object_agg(field.name, field.before) filter (where field.later_id is null), '{}'
        ) as before
    from pg_temp.rollback as item
    join pg_temp.rollback_fields as field using (change_id)
    where coalesce(item.reason, 'imported_since') = 'imported_since'
    group by item.table_name, item.id, item.change_id;
    analyze pg_temp.rollback_values;

    update private.import_changes as later set before = later.before || found.before
    from (
        select field.later_id, jsonb_object_agg(field.name, field.before) as before
        from pg_temp.rollback_fields as field
        join pg_temp.rollback_values using (change_id)
        where field.later_id is not null
        group by field.later_id
    ) as found
    where later.id = found.later_id;
    update private.import_changes as own set is_live = false
    from pg_temp.rollback_values as item
    where own.id = item.change_id;
    update public.debts
    set due_on = coalesce((item.before ->> 'due_on')::date, debts.due_on),
        principal_cents = coalesce(
            (item.before ->> 'principal_cents')::bigint, debts.principal_cents
        ),
        status = coalesce((item.before ->> 'status')::public.debt_status, debts.status),
        import_id = case when item.before ? 'import_id' then (item.before ->> 'import_id')::uuid
            else debts.import_id end
    from pg_temp.rollback_values as item
    where item.table_name = 'debts' and debts.id = item.id and item.before <> '{}';
    update public.clients
    set name = case when item.before ? 'name' then item.before ->> 'name' else clients.name end,
        email = case when item.before ? 'email' then item.before ->> 'email' else clients.email end,
        uf = case when item.before ? 'uf' then item.before ->> 'uf' else clients.uf end,
        external_id = case when item.before ? 'external_id' then item.before ->> 'external_id'
            else clients.external_id end,
        extra = case when item.before ? 'extra' then item.before -> 'extra' else clients.extra end
    from pg_temp.rollback_values as item
    where item.table_name = 'clients' and clients.id = item.id and item.before <> '{}';
    -- What a later import has written over in every field looks as it did.
    select count(*) filter (where item.table_name = 'debts'),
        count(*) filter (where item.table_name = 'clients')
    into v_debts, v_clients
    from pg_temp.rollback as item
    join pg_temp.rollback_values as returned using (change_id)
    where not item.is_created and item.reason is null and returned.before <> '{}';
    drop table pg_temp.rollback_values;
    return jsonb_build_object('debts', v_debts, 'clients', v_clients);
end;
$$;

-- Rows that a later import needs are that one's own from now on: what it changed in them has
-- nothing any more to go back to.
create function private.pass_rows_on(v_import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update private.import_changes as noted set is_live = false
    from pg_temp.rollback_layers as layer
    join pg_temp.rollback as item
        on item.id = layer.row_id and item.table_name = layer.table_name
        and item.is_created and item.heir = layer.import_id
    where noted.id = layer.id and noted.is_live;
    update public.debts set import_id = item.heir
    from pg_temp.rollback as item
    where item.table_name = 'debts' and item.heir is not null and debts.id = item.id
      and debts.import_id = v_import.id;
    insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
    select v_import.tenant_id, item.heir, 'clients', array_agg(item.id)
    from pg_temp.rollback as item
    where item.table_name = 'clients' and item.heir is not null
    group by item.heir;
end;
$$;

-- When no title is left to go. Several later imports may need one: whoever goes last takes it
-- along. Answers what became of them, as write_rollback.
create function private.rollback_creditors(v_import public.imports) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_deleted int;
    v_kept jsonb;
begin
    create temp table rollback_creditors on commit drop as
    select creditors.id, creditors.name, null::text as reason
    from public.creditors
    where creditors.id in (
        select unnest(noted.created_ids) from private.import_changes as noted
        where noted.tenant_id = v_import.tenant_id and noted.import_id = v_import.id
          and noted.table_name = 'creditors'
    );
    execute 'update pg_temp.rollback_creditors as item set reason = ''in_use''
        from public.creditors as held
        where held.id = item.id and (' || private.references_sql(
            'public.creditors', 'held',
            array['public.debts', 'public.import_mappings', 'public.imports']::regclass[]
        ) || ')';
    update pg_temp.rollback_creditors as item set reason = 'changed_since'
    where item.reason is null and exists (
        select from public.audit_log as said
        where said.tenant_id = v_import.tenant_id and said.table_name = 'creditors'
          and said.row_id = item.id::text and said.action = 'update'
    );
    with heirs as (
        select item.id, imports.id as heir
        from pg_temp.rollback_creditors as item
        join public.imports
            on imports.tenant_id = v_import.tenant_id and imports.creditor_id = item.id
        where item.reason is null and imports.id <> v_import.id and imports.status = 'done'
        union
        select distinct item.id, imports.id
        from pg_temp.rollback_creditors as item
        join public.debts
            on debts.tenant_id = v_import.tenant_id and debts.creditor_id = item.id
        join public.imports on imports.id = debts.import_id and imports.status = 'done'
        where item.reason is null and imports.id <> v_import.id
    ),
    passed_on as (
        insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
        select v_import.tenant_id, heirs.heir, 'creditors', array_agg(heirs.id)
        from heirs
        group by heirs.heir
    )
    update pg_temp.rollback_creditors as item set reason = 'imported_since'
    from heirs
    where heirs.id = item.id;
    update pg_temp.rollback_creditors as item set reason = 'in_use'
    where item.reason is null and exists (
        select from public.debts
        where debts.tenant_id = v_import.tenant_id and debts.creditor_id = item.id
    );
    -- Of this import, and of others that were taken back.
    update public.imports set creditor_id = null
    from pg_temp.rollback_creditors as item
    where item.reason is null and imports.tenant_id = v_import.tenant_id
      and imports.creditor_id = item.id;
    delete from public.creditors using pg_temp.rollback_creditors as item
    where item.reason is null and creditors.id = item.id;
    get diagnostics v_deleted = row_count;
    v_kept := (
        select coalesce(jsonb_agg(jsonb_build_object(
            'table', 'creditors', 'id', item.id, 'document', null, 'name', item.name,
            'contract', null, 'installment', null, 'reason', item.reason
        ) order by item.name), '[]')
        from pg_temp.rollback_creditors as item
        where item.reason is not null
    );
    drop table pg_temp.rollback_creditors;
    return jsonb_build_object(
        'deleted', jsonb_build_object('creditors', v_deleted), 'restored', '{}'::jsonb,
        'kept', jsonb_build_object('count', jsonb_array_length(v_kept), 'rows', v_kept)
    );
end;
$$;
