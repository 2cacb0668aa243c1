-- Writes what the plan (0448) says, sorted by key so that indexes grow at their end, and counts
-- what was written, after writing it. New rows are known beforehand: plain inserts and updates.
-- Four steps of one transaction, so that whoever watches sees them pass and may cancel between.
create function private.plan_portfolio(import_id uuid, headers jsonb, absent text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_open_import(import_id);
begin
    -- A plan that checks foreign keys lives as long as its connection; one made while a table was
    -- nearly empty scans it for every row of a large import.
    discard plans;
    perform private.plan_import(v_tenant, headers);
    perform private.plan_absent_debts(v_tenant, absent);
end;
$$;

create function private.write_import_clients(import_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_creditors int;
    v_created int;
    v_updated int;
    -- Once and not by each row's default, which reads the clock's table.
    v_now timestamptz := private.now();
begin
    v_creditors := private.create_import_creditors(v_tenant);

    -- Totals and reach come with the row; the triggers on debts and phones recompute them and find
    -- nothing to mend, which spares every new client a second write.
    insert into public.clients (
        id, tenant_id, document, name, email, uf, external_id, extra, has_phone, has_whatsapp,
        open_cents, open_debts, oldest_due_on, creditor_ids, debt_status, created_at, updated_at
    )
    select import_clients.client_id, v_tenant, import_clients.document, import_clients.name,
        import_clients.email, import_clients.uf, import_clients.external_id, import_clients.extra,
        import_clients.has_phone, case when not import_clients.has_phone then false end,
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
    get diagnostics v_created = row_count;
    perform private.note_created(
        v_tenant, import_id, 'clients',
        'select client_id from pg_temp.import_clients where is_new'
    );
    perform private.note_created(
        v_tenant, import_id, 'creditors',
        'select distinct creditor_id from pg_temp.import_creditors where is_new'
    );

    perform private.note_client_changes(v_tenant, import_id);
    update public.clients
    set name = import_clients.name, email = import_clients.email, uf = import_clients.uf,
        external_id = import_clients.external_id, extra = import_clients.extra
    from pg_temp.import_clients
    where import_clients.is_changed and clients.id = import_clients.client_id;

    create temp table import_phones on commit drop as
    select * from private.add_import_phones(v_tenant, v_now);
    perform private.note_created(
        v_tenant, import_id, 'client_phones', 'select phone_id from pg_temp.import_phones'
    );
    select count(*) into v_updated from (
        select import_clients.client_id from pg_temp.import_clients where import_clients.is_changed
        union
        select import_phones.known_client from pg_temp.import_phones
    ) as touched;
    update pg_temp.import_outcome
    set creditors_created = v_creditors, clients_created = v_created, clients_updated = v_updated;
end;
$$;

create function private.write_import_debts(import_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_created int;
    v_updated int;
    v_returned int;
    v_now timestamptz := private.now();
begin
    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select v_tenant, import_clients.client_id, import_debts.creditor_id, import_debts.contract,
        import_debts.installment, import_debts.due_on, import_debts.principal_cents,
        write_import_debts.import_id, v_now, v_now
    from pg_temp.import_debts
    join pg_temp.import_clients using (document)
    where import_debts.debt_id is null
    order by import_debts.creditor_id, import_debts.contract, import_debts.installment;
    get diagnostics v_created = row_count;

    perform private.note_debt_changes(v_tenant, import_id);
    update public.debts
    set due_on = import_debts.due_on, principal_cents = import_debts.principal_cents,
        import_id = write_import_debts.import_id
    from pg_temp.import_debts
    where import_debts.is_changed and debts.id = import_debts.debt_id;
    get diagnostics v_updated = row_count;

    update public.debts
    set status = 'returned', import_id = write_import_debts.import_id
    from pg_temp.import_absent
    where import_absent.is_returned and debts.id = import_absent.debt_id;
    get diagnostics v_returned = row_count;
    update pg_temp.import_outcome
    set debts_created = v_created, debts_updated = v_updated, debts_returned = v_returned,
        debts_absent = (select count(*) from pg_temp.import_absent);
end;
$$;

create function private.close_import(import_id uuid, header text[]) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_import public.imports;
    v_warnings jsonb;
    v_accepted int;
    v_rejected int;
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
begin
    insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
    select v_tenant, close_import.import_id, import_rows.line,
        coalesce(import_rows.column_name, ''), import_rows.value, import_rows.reason
    from pg_temp.import_rows
    where import_rows.reason is not null
    order by import_rows.line;
    get diagnostics v_rejected = row_count;

    select count(*), jsonb_build_object(
        'name_invalid', coalesce(sum(import_rows.names_lost), 0),
        'email_invalid', coalesce(sum(import_rows.emails_lost), 0),
        'phone_invalid', coalesce(sum(import_rows.phones_lost), 0)
    ) into v_accepted, v_warnings
    from pg_temp.import_rows
    where import_rows.reason is null;

    update public.imports
    set status = 'done', finished_at = private.now(), phase = null, header = close_import.header,
        rows = v_accepted + v_rejected, accepted = v_accepted, rejected = v_rejected,
        rows_read = v_accepted + v_rejected, rows_total = v_accepted + v_rejected,
        rows_valid = v_accepted, rows_written = v_accepted, seconds_left = 0,
        duplicates = (select coalesce(sum(import_debts.lines - 1), 0) from pg_temp.import_debts),
        clients_created = outcome.clients_created, clients_updated = outcome.clients_updated,
        debts_created = outcome.debts_created, debts_updated = outcome.debts_updated,
        debts_absent = outcome.debts_absent, debts_returned = outcome.debts_returned,
        creditors_created = outcome.creditors_created,
        reject_reasons = (
            select coalesce(jsonb_object_agg(counted.reason, counted.lines), '{}')
            from (
                select import_rows.reason, count(*) as lines
                from pg_temp.import_rows
                where import_rows.reason is not null
                group by import_rows.reason
            ) as counted
        )
    from pg_temp.import_outcome as outcome
    where imports.id = close_import.import_id
    returning imports.* into v_import;
    -- The next import and every list plan by these; autovacuum may come too late for both. The
    -- lock it takes lasts only until the commit that follows.
    if v_import.debts_created > c_many_rows then
        analyze public.clients;
        analyze public.client_phones;
        analyze public.debts;
    end if;
    drop table pg_temp.import_rows, pg_temp.import_debts, pg_temp.import_clients,
        pg_temp.import_creditors, pg_temp.import_absent, pg_temp.import_phones,
        pg_temp.import_outcome;

    return jsonb_build_object(
        'import_id', v_import.id, 'status', v_import.status, 'rows', v_import.rows,
        'accepted', v_import.accepted, 'rejected', v_import.rejected,
        'clients_created', v_import.clients_created, 'clients_updated', v_import.clients_updated,
        'debts_created', v_import.debts_created, 'debts_updated', v_import.debts_updated,
        'debts_absent', v_import.debts_absent, 'debts_returned', v_import.debts_returned,
        'duplicates', v_import.duplicates, 'creditors_created', v_import.creditors_created,
        'reject_reasons', v_import.reject_reasons, 'warnings', v_warnings,
        'differences', private.list_import_differences(v_tenant, v_import.id)
    );
end;
$$;
comment on function private.close_import(uuid, text[]) is
'The answer of an import. Accepted rows include the repeated ones (duplicates);
accepted + rejected = rows.';

grant execute on function
private.plan_portfolio(uuid, jsonb, text), private.write_import_clients(uuid),
private.write_import_debts(uuid), private.close_import(uuid, text[])
to authenticated;
