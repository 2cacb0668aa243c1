-- Writes what the plan (0448) says, sorted by key so that indexes grow at their end, and counts
-- what was written, after writing it. New rows are known beforehand: plain inserts and updates.
create function private.import_portfolio(import_id uuid, headers jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
    v_changed_clients uuid[];
    v_warnings jsonb;
    -- Once and not by each row's default, which reads the clock's table.
    v_now timestamptz := private.now();
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
begin
    select * into v_import from public.imports
    where imports.id = import_portfolio.import_id
      and imports.tenant_id = v_tenant and imports.status = 'running';
    -- Reading a staging table of the caller's own making would lend the caller our rights.
    if v_import.id is null or not exists (
        select from pg_catalog.pg_class
        where pg_class.oid = to_regclass('pg_temp.import_rows')
          and pg_class.relowner = current_user::regrole
    ) then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_import in the same transaction first';
    end if;

    -- A plan that checks foreign keys lives as long as its connection; one made while a table was
    -- nearly empty scans it for every row of a large import.
    discard plans;
    perform private.plan_import(v_tenant, headers);
    v_import.creditors_created := private.create_import_creditors(v_tenant);

    -- Totals come with the row; the trigger on debts recomputes them and finds nothing to mend,
    -- which spares every new client a second write.
    insert into public.clients (
        id, tenant_id, document, name, email, uf, external_id,
        open_cents, open_debts, oldest_due_on, creditor_ids, debt_status, created_at, updated_at
    )
    select import_clients.client_id, v_tenant, import_clients.document, import_clients.name,
        import_clients.email, import_clients.uf, import_clients.external_id,
        totals.open_cents, totals.open_debts, totals.oldest_due_on, totals.creditor_ids, 'open',
        v_now, v_now
    from pg_temp.import_clients
    join (
        select import_debts.document, sum(import_debts.principal_cents)::bigint as open_cents,
            count(*)::int as open_debts, min(import_debts.due_on) as oldest_due_on,
            array_agg(distinct import_debts.creditor_id) as creditor_ids
        from pg_temp.import_debts
        group by import_debts.document
    ) as totals using (document)
    where import_clients.is_new
    order by import_clients.document;
    get diagnostics v_import.clients_created = row_count;

    with changed as (
        update public.clients
        set name = import_clients.name, email = import_clients.email,
            uf = import_clients.uf, external_id = import_clients.external_id
        from pg_temp.import_clients
        where import_clients.is_changed and clients.id = import_clients.client_id
        returning clients.id
    )
    select array_agg(changed.id) into v_changed_clients from changed;
    v_changed_clients := array(
        select unnest(v_changed_clients) union select private.add_import_phones(v_tenant, v_now)
    );
    v_import.clients_updated := cardinality(v_changed_clients);

    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select v_tenant, import_clients.client_id, import_debts.creditor_id, import_debts.contract,
        import_debts.installment, import_debts.due_on, import_debts.principal_cents, v_import.id,
        v_now, v_now
    from pg_temp.import_debts
    join pg_temp.import_clients using (document)
    where import_debts.debt_id is null
    order by import_debts.creditor_id, import_debts.contract, import_debts.installment;
    get diagnostics v_import.debts_created = row_count;

    update public.debts
    set due_on = import_debts.due_on, principal_cents = import_debts.principal_cents,
        import_id = v_import.id
    from pg_temp.import_debts
    where import_debts.is_changed and debts.id = import_debts.debt_id;
    get diagnostics v_import.debts_updated = row_count;

    insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
    select v_tenant, v_import.id, import_rows.line, coalesce(import_rows.column_name, ''),
        import_rows.value, import_rows.reason
    from pg_temp.import_rows
    where import_rows.reason is not null
    order by import_rows.line;
    get diagnostics v_import.rejected = row_count;

    select count(*), jsonb_build_object(
        'name_invalid', coalesce(sum(import_rows.names_lost), 0),
        'email_invalid', coalesce(sum(import_rows.emails_lost), 0),
        'phone_invalid', coalesce(sum(import_rows.phones_lost), 0)
    ) into v_import.accepted, v_warnings
    from pg_temp.import_rows
    where import_rows.reason is null;

    update public.imports
    set status = 'done', finished_at = v_now,
        rows = v_import.accepted + v_import.rejected,
        accepted = v_import.accepted, rejected = v_import.rejected,
        duplicates = (select coalesce(sum(import_debts.lines - 1), 0) from pg_temp.import_debts),
        clients_created = v_import.clients_created, clients_updated = v_import.clients_updated,
        debts_created = v_import.debts_created, debts_updated = v_import.debts_updated,
        creditors_created = v_import.creditors_created,
        reject_reasons = (
            select coalesce(jsonb_object_agg(counted.reason, counted.lines), '{}')
            from (
                select import_rows.reason, count(*) as lines
                from pg_temp.import_rows
                where import_rows.reason is not null
                group by import_rows.reason
            ) as counted
        )
    where imports.id = v_import.id
    returning * into v_import;
    -- The next import and every list plan by these; autovacuum may come too late for both. The
    -- lock it takes lasts only until the commit that follows.
    if v_import.debts_created > c_many_rows then
        analyze public.clients;
        analyze public.client_phones;
        analyze public.debts;
    end if;
    drop table pg_temp.import_rows, pg_temp.import_debts, pg_temp.import_clients,
        pg_temp.import_creditors;

    return jsonb_build_object(
        'import_id', v_import.id, 'status', v_import.status, 'rows', v_import.rows,
        'accepted', v_import.accepted, 'rejected', v_import.rejected,
        'clients_created', v_import.clients_created, 'clients_updated', v_import.clients_updated,
        'debts_created', v_import.debts_created, 'debts_updated', v_import.debts_updated,
        'duplicates', v_import.duplicates, 'creditors_created', v_import.creditors_created,
        'reject_reasons', v_import.reject_reasons, 'warnings', v_warnings
    );
end;
$$;
comment on function private.import_portfolio(uuid, jsonb) is
'Supervisor or admin: merges pg_temp.import_rows; headers = field → the file''s column name.
Accepted rows include the repeated ones (duplicates); accepted + rejected = rows.';
grant execute on function private.import_portfolio(uuid, jsonb) to authenticated;
