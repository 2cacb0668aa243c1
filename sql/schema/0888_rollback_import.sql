-- Takes one import back: what it created goes, what it changed returns to what it was. What anybody
-- did something with since stays as it is, and is listed with the reason.

-- Does any row of any table point at this one? Asked of the catalog, so that rooms added later
-- count by themselves.
create function private.references_sql(target regclass, row_alias text, ignored regclass[])
returns text
language sql
stable
set search_path = ''
as $$
    select coalesce(string_agg(
        format(
            'exists (select from %s as other where %s)',
            fk.conrelid::regclass, (
                select string_agg(
                    format('other.%I = %s.%I', own.attname, row_alias, theirs.attname), ' and '
                )
                from unnest(fk.conkey, fk.confkey) as pair (own, theirs)
                join pg_catalog.pg_attribute as own
                    on own.attrelid = fk.conrelid and own.attnum = pair.own
                join pg_catalog.pg_attribute as theirs
                    on theirs.attrelid = fk.confrelid and theirs.attnum = pair.theirs
            )
        ), ' or '
    ), 'false')
    from pg_catalog.pg_constraint as fk
    where fk.contype = 'f' and fk.confrelid = target and fk.conrelid <> all(ignored)
$$;

create function private.rollback_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
    v_answer jsonb;
begin
    -- Not beside another import: each sees what the one before it wrote, and one that is planned
    -- counts on the rows it saw.
    perform pg_advisory_xact_lock(private.import_turn(v_tenant));
    if private.unfinished_import(v_tenant) is not null then
        raise exception 'import_unfinished' using errcode = 'PT409',
            detail = 'another import of this tenant is to be continued or cancelled first';
    end if;
    select * into v_import from public.imports
    where imports.id = rollback_import.import_id and imports.tenant_id = v_tenant
    for update;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status <> 'done' then
        raise exception 'import_not_done' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    v_answer := jsonb_build_object('import_id', v_import.id, 'status', 'rolled_back')
        || private.undo_import(v_import);
    update public.imports set status = 'rolled_back' where imports.id = v_import.id;
    return v_answer;
end;
$$;

-- {deleted, restored, kept}: what became of an import's rows; one line of audit for all of them.
create function private.undo_import(v_import public.imports) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_audit bigint := private.begin_bulk(
        v_import.tenant_id, 'import_rollback', jsonb_build_object('import_id', v_import.id)
    );
    v_done jsonb;
begin
    discard plans;  -- as in plan_portfolio: every row that goes is looked for in other tables
    perform private.plan_rollback(v_import.tenant_id, v_import);
    v_done := private.write_rollback(v_import.tenant_id, v_import);
    perform private.end_bulk(v_audit, v_done #- '{kept,rows}');
    drop table pg_temp.rollback;
    return v_done;
end;
$$;

create function public.rollback_import(import_id uuid) returns jsonb
language sql
set search_path = ''
-- Taking back lasts as long as importing; the API ends what people ask after eight seconds, unless
-- the function says otherwise.
set statement_timeout = '15min'
as $$ select private.rollback_import(import_id) $$;
comment on function public.rollback_import(uuid) is
'Supervisor or admin: {import_id, status, deleted, restored, kept: {count, rows: first 200}}.';
grant execute on function private.rollback_import(uuid), public.rollback_import(uuid)
to authenticated;

-- pg_temp.rollback: one row per row of the import; reason null = goes back. All is judged before
-- anything is touched, because taking a debt back touches its client.
create function private.plan_rollback(tenant_id uuid, v_import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_tenant uuid := tenant_id;
    v_since timestamptz := coalesce(v_import.writing_at, v_import.finished_at);
begin
    create temp table rollback (
        table_name text not null, id uuid not null, client_id uuid, is_created boolean not null,
        before jsonb, reason text
    ) on commit drop;

    insert into pg_temp.rollback (table_name, id, is_created)
    select changes.table_name, unnest(changes.created_ids), true
    from private.import_changes as changes
    where changes.tenant_id = v_tenant and changes.import_id = v_import.id
      and changes.created_ids is not null;
    insert into pg_temp.rollback (table_name, id, is_created, before, reason)
    select changes.table_name, changes.row_id, false, changes.before,
        case when changes.after is distinct from (
            select jsonb_object_agg(field.name, became.item -> field.name)
            from jsonb_object_keys(changes.after) as field (name)
        )
        -- It leaves a title open or returned: another status is somebody's word since.
        or debts.status <> coalesce((changes.after ->> 'status')::public.debt_status, 'open')
            then 'changed_since' end
    from private.import_changes as changes
    left join public.clients on changes.table_name = 'clients' and clients.id = changes.row_id
    left join public.debts on changes.table_name = 'debts' and debts.id = changes.row_id
    cross join lateral (
        select case changes.table_name when 'clients' then to_jsonb(clients)
            else to_jsonb(debts) end as item
    ) as became
    where changes.tenant_id = v_tenant and changes.import_id = v_import.id
      and changes.row_id is not null;
    -- Debts it created: those that still name it, and those a later import changed.
    insert into pg_temp.rollback (table_name, id, client_id, is_created, reason)
    select 'debts', debts.id, debts.client_id, true,
        case when debts.updated_at <> debts.created_at or debts.status <> 'open'
            then 'changed_since' end
    from public.debts
    where debts.tenant_id = v_tenant and debts.import_id = v_import.id
      and not exists (
          select from private.import_changes as changes
          where changes.tenant_id = v_tenant and changes.import_id = v_import.id
            and changes.table_name = 'debts' and changes.row_id = debts.id
      )
    union
    select 'debts', debts.id, debts.client_id, true, 'changed_since'
    from private.import_changes as later
    join public.debts on debts.id = later.row_id and debts.import_id <> v_import.id
    where later.tenant_id = v_tenant and later.table_name = 'debts'
      and later.before ->> 'import_id' = v_import.id::text
      and not exists (
          select from pg_temp.rollback as known
          where known.table_name = 'debts' and known.id = later.row_id
      );
    update pg_temp.rollback as item set client_id = debts.client_id
    from public.debts
    where item.table_name = 'debts' and item.client_id is null and debts.id = item.id;
    update pg_temp.rollback as item set client_id = client_phones.client_id,
        reason = case
            when client_phones.has_whatsapp is not null then 'changed_since'
            when exists (
                select from public.message_logs as written
                where written.tenant_id = v_tenant and written.client_id = client_phones.client_id
                  and written.phone = client_phones.phone and written.created_at >= v_since
            ) then 'contacted_since'
        end
    from public.client_phones
    where item.table_name = 'client_phones' and client_phones.id = item.id;
    update pg_temp.rollback as item set client_id = item.id where item.table_name = 'clients';
    -- Gone since, by another hand: nothing is left to take back.
    delete from pg_temp.rollback as item
    where item.table_name in ('debts', 'client_phones') and item.client_id is null
       or item.table_name = 'clients'
       and not exists (select from public.clients where clients.id = item.id);
    -- Half of what follows asks of one row at a time whether it goes back.
    create index rollback_by_id on pg_temp.rollback (id);
    analyze pg_temp.rollback;

    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.debts as held
        where item.table_name = ''debts'' and item.is_created and item.reason is null
          and held.id = item.id and (' || private.references_sql('public.debts', 'held', '{}') || ')';
    -- What it changed was agreed upon, or paid in part, as the import left it.
    update pg_temp.rollback as item set reason = 'in_use'
    where item.table_name = 'debts' and not item.is_created and item.reason is null and (
        exists (
            select from public.agreement_debts as held
            join public.agreements as agreement on agreement.id = held.agreement_id
            where held.tenant_id = v_tenant and held.debt_id = item.id
              and (held.is_live or agreement.created_at >= v_since)
        ) or exists (
            select from public.payment_allocations as paid
            where paid.tenant_id = v_tenant and paid.debt_id = item.id
              and paid.created_at >= v_since
        )
    );
    -- Somebody spoke or wrote to the person since: the debt was talked about.
    update pg_temp.rollback as item set reason = 'contacted_since'
    where item.table_name = 'debts' and item.reason is null and (
        exists (
            select from public.call_dispositions as spoken
            where spoken.tenant_id = v_tenant and spoken.client_id = item.client_id
              and spoken.created_at >= v_since
        ) or exists (
            select from public.message_logs as written
            where written.tenant_id = v_tenant and written.client_id = item.client_id
              and written.created_at >= v_since
        )
    );
    perform private.plan_client_rollback(v_tenant, v_import);
end;
$$;

create function private.plan_client_rollback(tenant_id uuid, v_import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    -- A client with a debt, a number or anything else that stays, stays.
    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.clients as held
        where item.table_name = ''clients'' and item.is_created and held.id = item.id and ('
        || private.references_sql(
            'public.clients', 'held', array['public.debts', 'public.client_phones']::regclass[]
        ) || '
            or exists (select from public.debts where debts.tenant_id = held.tenant_id
                and debts.client_id = held.id and not exists (
                    select from pg_temp.rollback as going where going.table_name = ''debts''
                    and going.id = debts.id and going.is_created and going.reason is null))
            or exists (select from public.client_phones as phones
                where phones.tenant_id = held.tenant_id and phones.client_id = held.id
                and phones.created_at <> held.created_at))';
    update pg_temp.rollback as item set reason = 'changed_since'
    from public.clients
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and clients.id = item.id and clients.updated_at <> clients.created_at;
    -- The debts of a client who stays because of an edit stay too: they are why the client is here.
    update pg_temp.rollback as item set reason = 'changed_since'
    from pg_temp.rollback as kept
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and kept.table_name = 'clients' and kept.is_created and kept.reason = 'changed_since'
      and kept.id = item.client_id;
    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.creditors as held
        where item.table_name = ''creditors'' and held.id = item.id and ('
        || private.references_sql(
            'public.creditors', 'held',
            array['public.debts', 'public.import_mappings', 'public.imports']::regclass[]
        ) || '
            or exists (select from public.imports as other where other.tenant_id = held.tenant_id
                and other.creditor_id = held.id and other.id <> $1)
            or exists (select from public.debts where debts.tenant_id = held.tenant_id
                and debts.creditor_id = held.id and not exists (
                    select from pg_temp.rollback as going where going.table_name = ''debts''
                    and going.id = debts.id and going.is_created and going.reason is null)))'
    using v_import.id;
end;
$$;

create function private.write_rollback(tenant_id uuid, v_import public.imports) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_deleted jsonb := '{}';
    v_restored jsonb := '{}';
    v_rows bigint;
begin
    update public.debts
    set due_on = coalesce((item.before ->> 'due_on')::date, debts.due_on),
        principal_cents = coalesce(
            (item.before ->> 'principal_cents')::bigint, debts.principal_cents
        ),
        status = coalesce((item.before ->> 'status')::public.debt_status, debts.status),
        import_id = (item.before ->> 'import_id')::uuid
    from pg_temp.rollback as item
    where item.table_name = 'debts' and not item.is_created and item.reason is null
      and debts.id = item.id;
    get diagnostics v_rows = row_count;
    v_restored := v_restored || jsonb_build_object('debts', v_rows);
    update public.clients
    set name = case when item.before ? 'name' then item.before ->> 'name' else clients.name end,
        email = case when item.before ? 'email' then item.before ->> 'email' else clients.email end,
        uf = case when item.before ? 'uf' then item.before ->> 'uf' else clients.uf end,
        external_id = case when item.before ? 'external_id' then item.before ->> 'external_id'
            else clients.external_id end,
        extra = case when item.before ? 'extra' then item.before -> 'extra' else clients.extra end
    from pg_temp.rollback as item
    where item.table_name = 'clients' and not item.is_created and item.reason is null
      and clients.id = item.id;
    get diagnostics v_rows = row_count;
    v_restored := v_restored || jsonb_build_object('clients', v_rows);

    delete from public.debts using pg_temp.rollback as item
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and debts.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('debts', v_rows);
    delete from public.client_phones using pg_temp.rollback as item
    where item.table_name = 'client_phones' and item.reason is null
      and client_phones.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('phones', v_rows);
    delete from public.client_phones using pg_temp.rollback as item
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and client_phones.tenant_id = write_rollback.tenant_id
      and client_phones.client_id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := jsonb_set(
        v_deleted, '{phones}', to_jsonb((v_deleted ->> 'phones')::bigint + v_rows)
    );
    delete from public.clients using pg_temp.rollback as item
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and clients.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('clients', v_rows);
    update public.imports set creditor_id = null
    where imports.id = v_import.id and imports.creditor_id in (
        select item.id from pg_temp.rollback as item
        where item.table_name = 'creditors' and item.reason is null
    );
    delete from public.creditors using pg_temp.rollback as item
    where item.table_name = 'creditors' and item.reason is null and creditors.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('creditors', v_rows);

    return jsonb_build_object('deleted', v_deleted, 'restored', v_restored, 'kept', (
        select jsonb_build_object(
            'count', (
                select count(*) from pg_temp.rollback as item
                where item.reason is not null and item.table_name <> 'creditors'
            ),
            'rows', coalesce(jsonb_agg(to_jsonb(listed)), '[]')
        )
        from (
            select item.table_name as table, item.id, clients.document, clients.name,
                debts.contract, debts.installment, item.reason
            from pg_temp.rollback as item
            join public.clients on clients.id = item.client_id
            left join public.debts on item.table_name = 'debts' and debts.id = item.id
            where item.reason is not null and item.table_name <> 'creditors'
            order by clients.document, item.table_name, debts.contract, debts.installment
            limit 200  -- as many as a person looks through
        ) as listed
    ));
end;
$$;
