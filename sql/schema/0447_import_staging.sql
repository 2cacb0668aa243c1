-- Where the rows of one file wait to be judged: temporary, made by the owner and not by the caller,
-- so that the definer functions never read a table (or a view) of somebody else's making. The
-- caller may only COPY into it. The import's own row is made here too, unless it was announced
-- beforehand (0886) for people to watch.

-- Two imports of one tenant queue up: each sees what the one before it wrote.
create function private.import_turn(tenant_id uuid) returns bigint
language sql
immutable
set search_path = ''
as $$
    select hashtextextended('import_portfolio:' || tenant_id, 0)
$$;

-- Held until the transaction ends. What an earlier import left unfinished comes first: its id, or
-- null when the turn is the caller's.
create function private.await_import_turn() returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    perform pg_advisory_xact_lock(private.import_turn(v_tenant));
    return private.unfinished_import(v_tenant);
end;
$$;

-- Half written, or half taken back.
create function private.unfinished_import(tenant_id uuid) returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select plan.import_id
        from private.import_plans as plan
        where plan.tenant_id = unfinished_import.tenant_id
        union all
        select back.import_id
        from private.import_rollbacks as back
        where back.tenant_id = unfinished_import.tenant_id
        limit 1
    );
end;
$$;

create function private.refuse_beside_unfinished(tenant_id uuid) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    if private.unfinished_import(tenant_id) is not null then
        raise exception 'import_unfinished' using errcode = 'PT409',
            detail = 'another import of this tenant is to be continued or cancelled first';
    end if;
end;
$$;
grant execute on function private.await_import_turn() to authenticated;

create function private.open_import(
    file_name text, file_sha256 text, creditor text, announced uuid default null,
    source text default 'csv'
)
returns table (import_id uuid, creditor_id uuid, creditor_name text)
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_creditor public.creditors;
begin
    -- A file may bring any creditor's people, and changes what several creditors share.
    if not private.sees_everything() then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'who is limited to creditors does not import';
    end if;
    perform private.refuse_beside_unfinished(v_tenant);
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
    elsif not v_creditor.is_active then
        raise exception 'creditor_inactive' using errcode = 'PT409', detail = v_creditor.name;
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
        emails_lost int not null,
        -- Columns that are none of ours, by the file's own names.
        extra jsonb
    ) on commit drop;
    grant insert on pg_temp.import_rows to authenticated;

    if announced is null then
        insert into public.imports
            (tenant_id, creditor_id, file_name, file_sha256, source, created_by)
        values (v_tenant, v_creditor.id, open_import.file_name, open_import.file_sha256,
            open_import.source, auth.uid())
        returning id into import_id;
    else
        select imports.id into import_id from public.imports
        where imports.id = announced and imports.tenant_id = v_tenant
          and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
        if import_id is null then
            raise exception 'import_cancelled' using errcode = 'PT409',
                detail = 'cancelled while it waited for another import';
        end if;
    end if;
    creditor_id := v_creditor.id;
    creditor_name := coalesce(v_creditor.name, open_import.creditor);
    return next;
end;
$$;
comment on function private.open_import(text, text, text, uuid, text) is
'Supervisor or admin, whose turn it is (private.await_import_turn): makes the staging table
pg_temp.import_rows; announced = the committed row of imports, or null to make one here.';
grant execute on function private.open_import(text, text, text, uuid, text) to authenticated;

-- Reading a staging table of the caller's own making would lend the caller our rights: only
-- private.open_import makes one that is the owner's, and it ends with the transaction. Meanwhile a
-- person may have cancelled.
create function private.require_open_import(import_id uuid) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    select * into v_import from public.imports
    where imports.id = require_open_import.import_id and imports.tenant_id = v_tenant;
    if v_import.id is null or not exists (
        select from pg_catalog.pg_class
        where pg_class.oid = pg_catalog.to_regclass('pg_temp.import_rows')
          and pg_class.relowner = current_user::regrole
    ) then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_import in the same transaction first';
    elsif v_import.cancel_requested_at is not null
        or v_import.status not in ('queued', 'running')
    then
        raise exception 'import_cancelled' using errcode = 'PT409',
            detail = 'nothing of it was written';
    end if;
    return v_tenant;
end;
$$;
