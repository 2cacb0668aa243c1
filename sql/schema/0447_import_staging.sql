-- Where the rows of one file wait for the merge: temporary, made by the owner and not by the
-- caller, so that the definer functions never read a table (or a view) of somebody else's making.
-- The caller may only COPY into it.
create function private.open_import(file_name text, file_sha256 text, creditor text)
returns table (import_id uuid, creditor_name text)
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_creditor public.creditors;
begin
    -- Two imports of one tenant queue up: each sees what the one before it wrote.
    perform pg_advisory_xact_lock(hashtextextended('import_portfolio:' || v_tenant, 0));

    -- The creditor by id or by name; a name may be new, an id must be one of the tenant's.
    select * into v_creditor from public.creditors
    where creditors.tenant_id = v_tenant
      and (creditors.id::text = lower(open_import.creditor)
           or creditors.name_key = private.search_key(open_import.creditor));
    if v_creditor.id is null and (
        open_import.creditor ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        or open_import.creditor is not null and not private.has_role('admin')
    ) then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'the creditor is not one of this tenant; an admin''s import creates it by name';
    end if;

    create temp table import_rows (
        line int not null,
        -- Why the row cannot be taken; null for an accepted one.
        reason text,
        column_name text,
        value text,
        document text collate "C",
        name text,
        email text,
        uf text,
        external_id text,
        creditor text,
        contract text collate "C",
        installment int,
        due_on date,
        principal_cents bigint,
        phones text [] not null,
        phones_lost int not null,
        names_lost int not null,
        emails_lost int not null
    ) on commit drop;
    grant insert on pg_temp.import_rows to authenticated;

    insert into public.imports (tenant_id, creditor_id, file_name, file_sha256, created_by)
    values (v_tenant, v_creditor.id, open_import.file_name, open_import.file_sha256, auth.uid())
    returning id into import_id;
    perform set_config('cobranca.import_id', import_id::text, true);
    creditor_name := coalesce(v_creditor.name, open_import.creditor);
    return next;
end;
$$;
comment on function private.open_import(text, text, text) is
'Supervisor or admin: waits for the tenant''s other import, makes the staging table
pg_temp.import_rows and the running row of imports. Ends with the transaction.';
grant execute on function private.open_import(text, text, text) to authenticated;
