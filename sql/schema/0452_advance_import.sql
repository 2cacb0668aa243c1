-- One step of an import that is planned: its next chunk with the counts, the undo log and the
-- progress, or its end. Everything of a step commits together, so that whoever takes the next one,
-- be it the same process, the next import or a sweep after a crash, finds the import exactly where
-- the last commit left it. Two at once wait for each other on the plan's row and take turns.
create function private.advance_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_plan private.import_plans;
    v_import public.imports;
    v_chunk private.import_chunks;
    v_wrote private.chunk_outcome;
begin
    if exists (
        select from private.import_rollbacks as back
        where back.import_id = advance_import.import_id
    ) then
        return private.advance_rollback(import_id);
    end if;
    select * into v_plan from private.import_plans as plan
    where plan.import_id = advance_import.import_id
    for update;
    select * into v_import from public.imports where imports.id = advance_import.import_id;
    if v_plan.import_id is null then
        return private.import_step(v_import);  -- somebody else took the last step
    elsif v_import.cancel_requested_at is not null then
        return private.take_back_import(v_import, 'cancelled', 'import_cancelled');
    end if;
    select * into v_chunk from private.import_chunks as chunk
    where chunk.import_id = v_plan.import_id
    order by chunk.place
    limit 1;
    if v_chunk.import_id is null and v_plan.creditors = '[]' then
        return private.finish_import(v_plan);
    end if;

    if v_plan.is_rehearsal then
        v_wrote := private.rehearse_chunk(v_chunk);
    else
        v_wrote := private.write_as_import(v_plan, v_chunk);
    end if;
    delete from private.import_chunks as chunk
    where chunk.import_id = v_plan.import_id and chunk.place = v_chunk.place;
    update private.import_plans as plan
    set writer = null, attempts = 0, creditors = '[]',
        rows_written = plan.rows_written + coalesce(v_chunk.rows, 0),
        creditors_created = plan.creditors_created + jsonb_array_length(v_plan.creditors),
        clients_created = plan.clients_created + v_wrote.clients_created,
        clients_updated = plan.clients_updated + v_wrote.clients_updated,
        clients_touched = plan.clients_touched + coalesce(v_wrote.clients_touched, 0),
        debts_created = plan.debts_created + v_wrote.debts_created,
        debts_updated = plan.debts_updated + v_wrote.debts_updated,
        debts_returned = plan.debts_returned + v_wrote.debts_returned,
        debts_reopened = plan.debts_reopened + v_wrote.debts_reopened,
        changed_fields = private.count_changed_fields(plan.changed_fields, v_wrote.changes),
        -- Chunks go by document, and so do these.
        changed_rows = case
            when jsonb_array_length(plan.changed_rows) >= private.listed_changes()
                then plan.changed_rows
            else plan.changed_rows || private.list_changed_rows(
                v_wrote.changes,
                private.listed_changes() - jsonb_array_length(plan.changed_rows)
            ) end,
        begun_at = coalesce(plan.begun_at, v_import.started_at, private.now())
    where plan.import_id = v_plan.import_id
    returning plan.* into v_plan;
    if not v_plan.is_rehearsal then
        perform private.show_import_progress(v_plan);
        -- A commit that a crash of Postgres loses leaves its chunk in the plan; the last step waits
        -- for the disk, and with it all of them.
        perform set_config('synchronous_commit', 'off', true);
    end if;
    return jsonb_build_object('status', 'running', 'rows_written', v_plan.rows_written);
end;
$$;
comment on function private.advance_import(uuid) is
'{status: running, rows_written}: call again; else {status, answer} of the end.';

create function private.listed_changes() returns int
language sql
immutable
set search_path = ''
as $$ select 200 $$;  -- as many as a person looks through

-- The audit leaves what is written here to the import's own row.
create function private.write_as_import(
    v_plan private.import_plans, v_chunk private.import_chunks
) returns private.chunk_outcome
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_wrote private.chunk_outcome;
begin
    discard plans;  -- as in plan_portfolio
    perform set_config('cobranca.import_id', v_plan.import_id::text, true);
    update private.import_plans as plan set writer = pg_current_xact_id()
    where plan.import_id = v_plan.import_id;
    if v_plan.creditors <> '[]' then
        perform private.write_planned_creditors(v_plan);
    end if;
    v_wrote := private.write_chunk(v_chunk);
    perform set_config('cobranca.import_id', '', true);
    return v_wrote;
end;
$$;

create function private.import_step(v_import public.imports) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'status', v_import.status, 'error_code', v_import.error_code,
        'answer', case when v_import.status = 'done' then private.import_answer(v_import) end
    )
$$;

-- Whose name came into being since the plan, made by an admin by hand: then nothing is written yet,
-- and the unique key refuses the import.
create function private.write_planned_creditors(v_plan private.import_plans) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.creditors (id, tenant_id, name)
    select planned.id, v_plan.tenant_id, planned.name
    from jsonb_to_recordset(v_plan.creditors) as planned (id uuid, name text);
    insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
    select v_plan.tenant_id, v_plan.import_id, 'creditors', array_agg(planned.id)
    from jsonb_to_recordset(v_plan.creditors) as planned (id uuid);
end;
$$;

create function private.show_import_progress(v_plan private.import_plans) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_seconds float := extract(epoch from private.now() - v_plan.begun_at);
    -- Rows a second since the writing began, or went on.
    v_rate float := (v_plan.rows_written - v_plan.begun_rows) / nullif(v_seconds, 0);
begin
    update public.imports
    set status = 'running', phase = 'writing', rows_read = v_plan.rows,
        rows_total = v_plan.rows, rows_valid = v_plan.accepted,
        rows_written = v_plan.rows_written, rows_per_second = v_rate,
        seconds_left = ceil((v_plan.accepted - v_plan.rows_written) / nullif(v_rate, 0)),
        writing_at = coalesce(imports.writing_at, private.now())
    where imports.id = v_plan.import_id;
end;
$$;

-- The next import and every list plan by the tables' statistics, for which autovacuum may come too
-- late. Not at the import's end: nobody waits for it there, and it locks all three tables.
create function private.analyze_imported() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
    c_lately constant interval := '2 minutes';  -- a minute is missed when the job is late
begin
    if exists (
        select from public.imports
        where imports.finished_at > private.now() - c_lately and imports.status = 'done'
          and imports.debts_created > c_many_rows
          -- Once for each: what ends later than the titles are read is seen to next time. Ages,
          -- because the statistics have the server's clock.
          and private.now() - imports.finished_at < coalesce(
              now() - pg_stat_get_last_analyze_time('public.debts'::regclass), c_lately
          )
    ) then
        -- A vacuum that is under way would give way to who waits for it, each time anew, and never
        -- come to its end; it takes the statistics by itself.
        analyze (skip_locked) public.debts, public.clients, public.client_phones;
    end if;
end;
$$;
select cron.schedule('analyze-imported', '* * * * *', 'select private.analyze_imported()');

create function private.finish_import(v_plan private.import_plans) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_import public.imports;
begin
    update public.imports
    set status = 'done', finished_at = private.now(), phase = null, header = v_plan.header,
        creditor_id = (
            select creditors.id from public.creditors
            where creditors.tenant_id = v_plan.tenant_id
              and creditors.name_key = private.search_key(v_plan.creditor)
        ),
        rows = v_plan.rows, accepted = v_plan.accepted, rejected = v_plan.rejected,
        rows_read = v_plan.rows, rows_total = v_plan.rows, rows_valid = v_plan.accepted,
        rows_written = v_plan.accepted, seconds_left = 0, duplicates = v_plan.duplicates,
        creditors_created = v_plan.creditors_created, clients_created = v_plan.clients_created,
        clients_updated = v_plan.clients_updated, debts_created = v_plan.debts_created,
        debts_updated = v_plan.debts_updated, debts_absent = v_plan.debts_absent,
        debts_returned = v_plan.debts_returned, debts_reopened = v_plan.debts_reopened,
        debts_kept = v_plan.debts_kept, clients_touched = v_plan.clients_touched,
        reject_reasons = v_plan.reject_reasons, differences = jsonb_build_object(
            'fields', v_plan.changed_fields, 'rows', v_plan.changed_rows,
            'kept', v_plan.kept_titles
        ),
        warnings = v_plan.warnings, writing_at = coalesce(imports.writing_at, private.now())
    where imports.id = v_plan.import_id
    returning imports.* into v_import;
    if v_import.idempotency_key is not null then
        -- For whoever sends the same key again.
        update public.imports set answer = private.import_answer(v_import)
        where imports.id = v_import.id;
    end if;
    if v_plan.mapping <> '{}' then
        perform private.save_import_mapping(
            v_import, v_plan.header_key, v_plan.mapping
        );
    end if;
    delete from private.import_plans as plan where plan.import_id = v_plan.import_id;
    return private.import_step(v_import);
end;
$$;

-- A cancelled import leaves nothing, and so does one that cannot be written: the chunks that are in
-- go back step by step (0888), but for rows that somebody acted on meanwhile, which are counted.
create function private.take_back_import(
    v_import public.imports, outcome public.import_status, code text
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
    delete from private.import_plans as plan where plan.import_id = v_import.id;
    if v_import.writing_at is null then
        return private.end_taken_back(v_import, outcome, code, 0);
    end if;
    perform private.begin_rollback(v_import, outcome, code);
    return private.import_step(v_import) || jsonb_build_object('status', 'running');
end;
$$;

create function private.end_taken_back(
    v_import public.imports, outcome public.import_status, code text, rows_kept int
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
    delete from private.import_changes as noted
    where noted.tenant_id = v_import.tenant_id and noted.import_id = v_import.id;
    delete from public.import_rejects
    where import_rejects.tenant_id = v_import.tenant_id
      and import_rejects.import_id = v_import.id;
    update public.imports
    set status = end_taken_back.outcome, finished_at = private.now(), phase = null,
        rows_written = 0, seconds_left = null, rows_kept = end_taken_back.rows_kept,
        error_code = case
            when end_taken_back.rows_kept > 0 and end_taken_back.outcome = 'cancelled'
                then 'import_cancelled_in_part' else end_taken_back.code end
    where imports.id = v_import.id
    returning imports.* into v_import;
    return private.import_step(v_import);
end;
$$;
