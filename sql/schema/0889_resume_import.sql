-- Who takes the steps of an import (0452): the process that read the file, else the tenant's next
-- import, else a sweep that wakes the function `portfolio-resume`. Whether somebody is at it is
-- told by the import's lock (0886), which dies with its holder.

create function private.write_import_chunk(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    if not exists (
        select from public.imports
        where imports.id = write_import_chunk.import_id and imports.tenant_id = v_tenant
    ) then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    end if;
    return private.advance_import(import_id);
end;
$$;
comment on function private.write_import_chunk(uuid) is
'Supervisor or admin: the next step of an import, as private.advance_import.';

-- A chunk that the database refuses for good: nothing of the import stays.
create function private.abandon_import(import_id uuid, code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    perform from private.import_plans as plan
    where plan.import_id = abandon_import.import_id and plan.tenant_id = v_tenant
    for update;
    if found then  -- not being taken back already
        select * into v_import from public.imports where imports.id = abandon_import.import_id;
        perform private.take_back_import(v_import, 'failed', code);
    end if;
end;
$$;

-- For the job: an import (or a rollback) nobody is at, and its tenant's turn, both held until the
-- transaction ends. Never waits: who holds either is importing.
create function private.claim_import() returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_left record;
begin
    for v_left in
        select plan.import_id, plan.tenant_id, plan.attempts from private.import_plans as plan
        union all
        select back.import_id, back.tenant_id, back.attempts from private.import_rollbacks as back
        order by attempts, import_id
    loop
        if pg_try_advisory_xact_lock(private.import_lock(v_left.import_id))
            and pg_try_advisory_xact_lock(private.import_turn(v_left.tenant_id))
        then
            perform private.stay_open();
            return v_left.import_id;
        end if;
    end loop;
    return null;
end;
$$;

-- Committed before the first step, so that a chunk that kills whoever writes it is counted. Null:
-- tried too often, and taken back instead.
create function private.begin_resumption(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_attempts constant int := 5;  -- a sweep a minute: five minutes of a database in trouble
    v_import public.imports;
    v_attempts int;
begin
    select * into v_import from public.imports
    where imports.id = begin_resumption.import_id
    for update;
    update private.import_rollbacks as back
    set attempts = back.attempts + 1, begun_at = private.now(), begun_clients = back.clients_done
    where back.import_id = v_import.id
    returning back.attempts into v_attempts;
    if v_attempts > c_attempts then
        return private.give_rollback_up(v_import);
    elsif v_attempts is not null then
        return private.import_step(v_import) || jsonb_build_object('status', 'running');
    end if;
    update private.import_plans as plan
    set attempts = plan.attempts + 1, begun_at = private.now(), begun_rows = plan.rows_written
    where plan.import_id = v_import.id
    returning plan.attempts into v_attempts;
    if v_attempts > c_attempts then
        return private.take_back_import(v_import, 'failed', 'internal');
    elsif v_attempts is not null then
        update public.imports set status = 'running', phase = 'writing', seconds_left = null
        where imports.id = v_import.id and imports.status in ('running', 'interrupted');
    end if;
    return private.import_step(v_import) || jsonb_build_object('status', 'running');
end;
$$;
grant execute on function
private.claim_import(), private.begin_resumption(uuid), private.advance_import(uuid)
to worker;

create function private.sweep_imports() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_dead_imports(null);
    perform private.forget_rehearsals();
    if exists (select from public.imports where imports.status = 'interrupted')
        or exists (select from private.import_rollbacks)
    then
        perform private.wake_function('portfolio-resume');
    end if;
end;
$$;
select cron.schedule('sweep-imports', '* * * * *', 'select private.sweep_imports()');

-- The page's button: now, and not within a minute.
create function private.resume_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    perform private.mark_dead_imports(v_tenant);
    select * into v_import from public.imports
    where imports.id = resume_import.import_id and imports.tenant_id = v_tenant;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status <> 'interrupted' then
        raise exception 'import_not_interrupted' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    perform private.wake_function('portfolio-resume');
    return jsonb_build_object('status', v_import.status);
end;
$$;

create function public.resume_import(import_id uuid) returns jsonb
language sql
set search_path = ''
as $$ select private.resume_import(private.seen('imports', import_id)) $$;
comment on function public.resume_import(uuid) is
'Supervisor or admin: {status}; continues an interrupted import where it stopped.
PT404 import_not_found, PT409 import_not_interrupted.';

grant execute on function
private.write_import_chunk(uuid), private.abandon_import(uuid, text),
private.resume_import(uuid), public.resume_import(uuid)
to authenticated;
