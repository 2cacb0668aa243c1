-- An import's row is committed before anything else, so that people can watch, wait for and cancel
-- it. Whether the process behind it still lives is told by a lock that dies with it: hold_import
-- takes it in a transaction that stays open beside the writing ones.
create function private.import_lock(import_id uuid) returns bigint
language sql
immutable
set search_path = ''
as $$
    select hashtextextended('import:' || import_id, 0)
$$;

-- A transaction that only holds locks beside the writing ones is idle for as long as they take.
create function private.stay_open() returns void
language sql
set search_path = ''
as $$
    select set_config('idle_in_transaction_session_timeout', '0', true)
$$;

create function private.hold_import(import_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.require_role('supervisor');
    perform private.stay_open();
    if not pg_try_advisory_xact_lock(private.import_lock(import_id)) then
        raise exception 'import_id_taken' using errcode = 'PT409',
            detail = 'an import with this id is running';
    end if;
end;
$$;

-- Null = go on; else {answer} of the import that had the same idempotency key, or {resume: its id}
-- when it was interrupted: whoever asks again continues it.
create function private.announce_import(
    import_id uuid, file_name text, file_sha256 text, source text,
    idempotency_key text, request_fingerprint text, api_key_id uuid, is_rehearsal boolean
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_known public.imports;
begin
    perform private.mark_dead_imports(v_tenant);
    -- A key is given back by what failed, and by what was taken back: sending again means it.
    update public.imports set idempotency_key = null
    where imports.tenant_id = v_tenant
      and imports.idempotency_key = announce_import.idempotency_key
      and imports.status in ('failed', 'cancelled', 'rolled_back');
    insert into public.imports (
        id, tenant_id, file_name, file_sha256, source, idempotency_key, request_fingerprint,
        api_key_id, created_by, status, is_rehearsal
    )
    values (
        announce_import.import_id, v_tenant, announce_import.file_name,
        announce_import.file_sha256, announce_import.source, announce_import.idempotency_key,
        announce_import.request_fingerprint, announce_import.api_key_id, auth.uid(), 'queued', announce_import.is_rehearsal
    )
    on conflict do nothing;
    if found then
        return null;
    end if;
    select * into v_known from public.imports
    where imports.tenant_id = v_tenant
      and imports.idempotency_key = announce_import.idempotency_key;
    if v_known.id is null then
        raise exception 'import_id_taken' using errcode = 'PT409',
            detail = 'another import has this id';
    elsif v_known.request_fingerprint <> announce_import.request_fingerprint then
        raise exception 'idempotency_key_reused' using errcode = 'PT409',
            detail = 'the key was used for another body or other options';
    elsif v_known.status = 'interrupted' then
        return jsonb_build_object('resume', v_known.id);
    elsif v_known.answer is null or v_known.status = 'rolling_back' then
        raise exception 'import_in_progress' using errcode = 'PT409',
            detail = v_known.id::text;
    elsif v_known.error_code = 'rollback_stopped' then
        raise exception 'import_unfinished' using errcode = 'PT409',
            detail = 'what this key brought went back in part; take it back again first';
    end if;
    return jsonb_build_object('answer', v_known.answer);
end;
$$;

-- Answers whether somebody wants it to stop. While it writes, its chunks report (0452); of a dry
-- run, whose chunks nobody else sees, `rows_written` are those that are counted.
create function private.report_import(
    import_id uuid, phase text, rows_read int, rows_valid int, rows_written int, rows_total int
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    -- Measured: to read and check a row costs a twentieth of planning and writing it, and a quarter
    -- of planning and counting it.
    c_write_units constant int := 20;
    c_count_units constant int := 4;
    v_units int;
    v_import public.imports;
    v_seconds float;
    v_done float;
    v_all float;
begin
    select * into v_import from public.imports
    where imports.id = report_import.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid();
    if v_import.id is null or v_import.status not in ('queued', 'running')
        or v_import.cancel_requested_at is not null
    then
        return true;
    end if;
    -- Told again in a moment, or by whoever finds the import dead: no wait for the disk.
    perform set_config('synchronous_commit', 'off', true);
    v_units := case when v_import.is_rehearsal then c_count_units else c_write_units end;
    v_seconds := extract(epoch from private.now() - v_import.started_at);
    v_done := report_import.rows_read + v_units * report_import.rows_written;
    v_all := report_import.rows_total * (1 + v_units);
    update public.imports
    set status = 'running', started_at = coalesce(imports.started_at, private.now()),
        phase = report_import.phase, rows_read = report_import.rows_read,
        rows_valid = report_import.rows_valid, rows_written = report_import.rows_written,
        rows_total = report_import.rows_total,
        rows_per_second = case when v_seconds > 0 then report_import.rows_read / v_seconds end,
        seconds_left = case when v_done > 0 then
            ceil(v_seconds * greatest(v_all - v_done, 0) / v_done) end
    where imports.id = v_import.id and imports.status in ('queued', 'running');
    return false;
end;
$$;

-- How it ended when it did not end well.
create function private.end_import(import_id uuid, outcome text, error_code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    update public.imports
    set status = case when end_import.outcome = 'cancelled' then 'cancelled' else 'failed' end
            ::public.import_status,
        error_code = end_import.error_code, finished_at = private.now(), phase = null,
        seconds_left = null
    where imports.id = end_import.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
end;
$$;

-- The answer of a dry run, kept with its row for whoever watches that and not the request. False:
-- somebody cancelled it.
create function private.keep_rehearsal(import_id uuid, answer jsonb) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    update public.imports
    set status = 'rehearsed', answer = keep_rehearsal.answer, finished_at = private.now(),
        phase = null, seconds_left = 0, rows_written = 0
    where imports.id = keep_rehearsal.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid() and imports.is_rehearsal
      and imports.status in ('queued', 'running') and imports.cancel_requested_at is null;
    return found;
end;
$$;

-- The answer names people; the audit, which stays, is not to.
create function private.forget_rehearsals() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_kept constant interval := '1 day';  -- whoever was called away comes back to it
    v_old uuid[] := array(
        select imports.id from public.imports
        where imports.is_rehearsal and imports.status not in ('queued', 'running')
          and imports.created_at < private.now() - c_kept
    );
begin
    update public.imports set answer = null
    where imports.id = any(v_old) and imports.answer is not null;
    delete from public.imports where imports.id = any(v_old);
end;
$$;

-- The file's own cells of the refused lines, which only its reader knows.
create function private.open_reject_cells() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table import_cells (line int not null, cells text [] not null) on commit drop;
    grant insert on pg_temp.import_cells to authenticated;
end;
$$;

create function private.keep_reject_cells(import_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if not exists (
        select from pg_catalog.pg_class
        where pg_class.oid = to_regclass('pg_temp.import_cells')
          and pg_class.relowner = current_user::regrole
    ) then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_reject_cells in the same transaction first';
    end if;
    analyze pg_temp.import_cells;
    update public.import_rejects set cells = import_cells.cells
    from pg_temp.import_cells
    where import_rejects.tenant_id = private.require_role('supervisor')
      and import_rejects.import_id = keep_reject_cells.import_id
      and import_rejects.line = import_cells.line;
    drop table pg_temp.import_cells;
end;
$$;

-- Who died says nothing more: its lock is free. What was planned is interrupted and will be
-- continued, unless somebody is at it already: the tenant's next import, which has the turn. What
-- was still being read wrote nothing and failed. Of one tenant, or of all (null).
create function private.mark_dead_imports(tenant_id uuid) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_dead int;
begin
    -- Materialized: the lock is tried for unfinished imports alone.
    with unfinished as materialized (
        select imports.id, imports.tenant_id,
            plan.import_id is not null or back.import_id is not null as is_planned
        from public.imports
        left join private.import_plans as plan on plan.import_id = imports.id
        left join private.import_rollbacks as back on back.import_id = imports.id
        where imports.status in ('queued', 'running')
          and (mark_dead_imports.tenant_id is null
               or imports.tenant_id = mark_dead_imports.tenant_id)
    )
    update public.imports
    set status = case when unfinished.is_planned then 'interrupted' else 'failed' end
            ::public.import_status,
        error_code = case when not unfinished.is_planned then 'process_died' end,
        finished_at = case when not unfinished.is_planned then private.now() end,
        phase = case when unfinished.is_planned then imports.phase end, seconds_left = null
    from unfinished
    where imports.id = unfinished.id
      and pg_try_advisory_xact_lock(private.import_lock(unfinished.id))
      and (
          not unfinished.is_planned
          or pg_try_advisory_xact_lock(private.import_turn(unfinished.tenant_id))
      );
    get diagnostics v_dead = row_count;
    return v_dead;
end;
$$;

create function private.imports_alive() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('operator');
    v_dead int := private.mark_dead_imports(v_tenant);
begin
    if v_dead > 0 and private.unfinished_import(v_tenant) is not null or exists (
        select from private.import_rollbacks as back
        where back.tenant_id = v_tenant
          and pg_try_advisory_xact_lock(private.import_lock(back.import_id))
    ) then
        perform private.wake_function('portfolio-resume');
    end if;
    return v_dead;
end;
$$;

create function public.imports_alive() returns int
language sql
set search_path = ''
as $$ select private.imports_alive() $$;
comment on function public.imports_alive() is
'Marks the tenant''s imports whose process died as interrupted, and has them continued, or as failed
(process_died) when they were still being read; answers how many. Has rollbacks continued, too.';

create function private.cancel_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    select * into v_import from public.imports
    where imports.id = cancel_import.import_id and imports.tenant_id = v_tenant;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status not in ('queued', 'running', 'interrupted') then
        raise exception 'import_not_running' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    -- Whoever imports ends it at its next step, and takes back what is in; what only waits ends
    -- here. Nobody is at an interrupted one: the job is woken to take it back.
    update public.imports
    set cancel_requested_at = coalesce(imports.cancel_requested_at, private.now()),
        status = case when imports.status = 'queued' then 'cancelled'
            else imports.status end::public.import_status,
        finished_at = case when imports.status = 'queued' then private.now() end
    where imports.id = v_import.id and imports.status in ('queued', 'running', 'interrupted')
    returning * into v_import;
    if v_import.status = 'interrupted' then
        perform private.wake_function('portfolio-resume');
    end if;
    return jsonb_build_object('status', v_import.status);
end;
$$;

create function public.cancel_import(import_id uuid) returns jsonb
language sql
set search_path = ''
as $$ select private.cancel_import(private.seen('imports', import_id)) $$;
comment on function public.cancel_import(uuid) is
'Supervisor or admin: {status}; what a cancelled import has written goes back.';

grant execute on function
private.hold_import(uuid),
private.announce_import(uuid, text, text, text, text, text, uuid, boolean),
private.report_import(uuid, text, int, int, int, int),
private.end_import(uuid, text, text), private.keep_rehearsal(uuid, jsonb),
private.open_reject_cells(), private.keep_reject_cells(uuid),
private.imports_alive(), public.imports_alive(),
private.cancel_import(uuid), public.cancel_import(uuid)
to authenticated;
