-- The file is read: what it means is planned, the rows it lost are put on record, and what is to be
-- written is kept (0446). All of it in the reader's transaction, which writes nothing else; from
-- its commit on, the file is no longer needed.
create function private.plan_portfolio(
    import_id uuid, headers jsonb, absent text, chunk_rows int, said jsonb
) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_creditors jsonb;
    v_rejected int;
begin
    -- A plan that checks foreign keys lives as long as its connection; one made while a table was
    -- nearly empty scans it for every row of a large import.
    discard plans;
    perform private.plan_import(v_tenant, headers);
    v_creditors := private.plan_import_creditors();
    perform private.plan_absent_debts(v_tenant, absent);
    perform private.plan_import_phones(v_tenant);

    insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
    select v_tenant, plan_portfolio.import_id, import_rows.line,
        coalesce(import_rows.column_name, ''), import_rows.value, import_rows.reason
    from pg_temp.import_rows
    where import_rows.reason is not null
    order by import_rows.line;
    get diagnostics v_rejected = row_count;

    insert into private.import_plans (
        import_id, tenant_id, creditors, creditor, mapping, header, header_key, is_rehearsal,
        rows, accepted, rejected, duplicates, reject_reasons, warnings, debts_absent, debts_kept,
        kept_titles, rows_written
    )
    select plan_portfolio.import_id, v_tenant, v_creditors, said ->> 'creditor',
        said -> 'mapping', array(select jsonb_array_elements_text(said -> 'header')),
        said ->> 'header_key', (said ->> 'is_rehearsal')::boolean,
        counted.accepted + v_rejected, counted.accepted, v_rejected,
        (select coalesce(sum(import_debts.lines - 1), 0) from pg_temp.import_debts),
        (
            select coalesce(jsonb_object_agg(refused.reason, refused.lines), '{}')
            from (
                select import_rows.reason, count(*) as lines
                from pg_temp.import_rows
                where import_rows.reason is not null
                group by import_rows.reason
            ) as refused
        ),
        counted.warnings, (select count(*) from pg_temp.import_absent),
        kept.titles, kept.listed, 0
    from (
        select count(*)::int as accepted, jsonb_build_object(
            'name_invalid', coalesce(sum(import_rows.names_lost), 0),
            'email_invalid', coalesce(sum(import_rows.emails_lost), 0),
            'phone_invalid', coalesce(sum(import_rows.phones_lost), 0)
        ) as warnings
        from pg_temp.import_rows
        where import_rows.reason is null
    ) as counted
    cross join private.list_import_kept() as kept;
    perform private.keep_import_chunks(v_tenant, import_id, chunk_rows);
    update private.import_plans as plan
    set rows_written = plan.accepted - (
        select coalesce(sum(chunk.rows), 0) from private.import_chunks as chunk
        where chunk.import_id = plan_portfolio.import_id
    )
    where plan.import_id = plan_portfolio.import_id;
    drop table pg_temp.import_rows, pg_temp.import_debts, pg_temp.import_clients,
        pg_temp.import_creditors, pg_temp.import_absent, pg_temp.import_phones;
    return v_rejected;
end;
$$;
comment on function private.plan_portfolio(uuid, jsonb, text, int, jsonb) is
'How many rows were refused. headers: field → the file''s column name; chunk_rows: rows of people,
phones and debts in a chunk; said: {creditor, mapping, header, header_key, is_rehearsal}.';
grant execute on function private.plan_portfolio(uuid, jsonb, text, int, jsonb) to authenticated;

create function private.first_rejects(v_import public.imports) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select coalesce(jsonb_agg(to_jsonb(shown)), '[]')
        from (
            select refused.line, refused.column_name, refused.value, refused.reason
            from public.import_rejects as refused
            where refused.tenant_id = v_import.tenant_id and refused.import_id = v_import.id
            order by refused.line, refused.id
            limit private.listed_changes()
        ) as shown
    );
end;
$$;

-- What the caller of an import is told, then or later.
create function private.import_answer(v_import public.imports) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return jsonb_build_object(
        'import_id', v_import.id, 'status', v_import.status, 'rows', v_import.rows,
        'accepted', v_import.accepted, 'rejected', v_import.rejected,
        'clients_created', v_import.clients_created, 'clients_updated', v_import.clients_updated,
        'debts_created', v_import.debts_created, 'debts_updated', v_import.debts_updated,
        'debts_absent', v_import.debts_absent, 'debts_returned', v_import.debts_returned,
        'debts_reopened', v_import.debts_reopened, 'debts_kept', v_import.debts_kept,
        'duplicates', v_import.duplicates, 'creditors_created', v_import.creditors_created,
        'reject_reasons', v_import.reject_reasons, 'warnings', v_import.warnings,
        'differences', v_import.differences, 'rejects', private.first_rejects(v_import)
    );
end;
$$;
comment on function private.import_answer(public.imports) is
'Accepted rows include the repeated ones (duplicates); accepted + rejected = rows.';
