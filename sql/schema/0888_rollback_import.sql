-- Takes one import back: what it created goes, what it changed returns to what it was. What anybody
-- did something with since stays as it is, and is listed with the reason (0885). Like the import it
-- goes in chunks of people, each with its undo in one transaction, so that a million rows hold no
-- lock for minutes, people see how far it is, and a crash at any point leaves it to be continued
-- (0889). Cancelled imports go back the same way.
create table private.import_rollbacks (
    import_id uuid not null,
    tenant_id uuid not null,
    -- What the import is when it has gone back, and the code it then carries.
    outcome public.import_status not null,
    code text,
    -- The one line of audit for all of its rows; without a key, as the audit has none.
    audit_id bigint not null,
    attempts int not null default 0,
    clients int not null,
    clients_done int not null default 0,
    begun_at timestamptz not null,
    begun_clients int not null default 0,
    -- {deleted: {table: rows}, restored: {table: rows}, kept: {count, rows}} so far.
    done jsonb not null,
    constraint import_rollbacks_pkey primary key (import_id),
    constraint import_rollbacks_tenant_id_key unique (tenant_id, import_id),
    constraint import_rollbacks_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id) on delete cascade
);
comment on table private.import_rollbacks is 'Imports that are being taken back.';
alter table private.import_rollbacks enable row level security;
alter table private.import_rollbacks force row level security;

create table private.rollback_chunks (
    import_id uuid not null,
    tenant_id uuid not null,
    place int not null,
    -- People the import made, and people it only touched.
    created uuid[] not null,
    known uuid[] not null,
    constraint rollback_chunks_pkey primary key (import_id, place),
    constraint rollback_chunks_rollback_fkey foreign key (tenant_id, import_id)
    references private.import_rollbacks (tenant_id, import_id) on delete cascade
);
comment on table private.rollback_chunks is 'People whose rows wait to go back, by document.';
create index rollback_chunks_of_tenant on private.rollback_chunks (tenant_id, import_id);
alter table private.rollback_chunks enable row level security;
alter table private.rollback_chunks force row level security;

-- People in a chunk: half a second's work.
create function private.rollback_chunk_size() returns int
language sql
immutable
set search_path = ''
as $$ select 2000 $$;

create function private.rollback_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
    v_people int;
    v_step jsonb := '{"status": "running"}';
begin
    -- Not beside another import: each sees what the one before it wrote, and one that is planned
    -- counts on the rows it saw. Asked before the turn as well: the job holds that for minutes.
    perform private.refuse_beside_unfinished(v_tenant);
    perform pg_advisory_xact_lock(private.import_turn(v_tenant));
    perform private.refuse_beside_unfinished(v_tenant);
    select * into v_import from public.imports
    where imports.id = rollback_import.import_id and imports.tenant_id = v_tenant
    for update;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status <> 'done' and v_import.error_code is distinct from 'rollback_stopped' then
        raise exception 'import_not_done' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    -- One that was cancelled, or failed, and could not be taken back then is still that afterwards.
    v_people := case v_import.status
        when 'done' then private.begin_rollback(v_import, 'rolled_back', null)
        when 'cancelled' then private.begin_rollback(v_import, 'cancelled', 'import_cancelled')
        else private.begin_rollback(v_import, 'failed', 'internal')
    end;
    if v_people > private.rollback_chunk_size() then
        perform private.wake_function('portfolio-resume');
        return jsonb_build_object(
            'import_id', v_import.id, 'status', 'rolling_back', 'clients', v_people
        );
    end if;
    while v_step ->> 'status' = 'running' loop
        v_step := private.advance_rollback(v_import.id);
    end loop;
    return (
        select jsonb_build_object('import_id', imports.id, 'status', imports.status)
            || imports.rolled_back
        from public.imports where imports.id = v_import.id
    );
end;
$$;

create function public.rollback_import(import_id uuid) returns jsonb
language sql
set search_path = ''
-- To find the people of a million rows takes some seconds, and it waits for its turn; the API ends
-- what people ask after eight, unless the function says otherwise.
set statement_timeout = '15min'
as $$ select private.rollback_import(private.seen('imports', import_id)) $$;
comment on function public.rollback_import(uuid) is
'Supervisor or admin: {import_id, status: rolled_back, deleted, restored, kept: {count, rows: first
200}}; of many people {import_id, status: rolling_back, clients}: imports.rolled_back holds the rest
when it is over. Of a cancelled or failed import whose taking-back stopped, goes on with that, and
the status at the end is the import''s own. PT404 import_not_found, PT409 import_not_done, import_unfinished.';
grant execute on function private.rollback_import(uuid), public.rollback_import(uuid)
to authenticated;

-- Cuts the people of an import into chunks and answers how many they are.
create function private.begin_rollback(
    v_import public.imports, outcome public.import_status, code text
) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_audit bigint := private.begin_bulk(
        v_import.tenant_id, 'import_rollback', jsonb_build_object('import_id', v_import.id)
    );
    v_people int;
    -- One that stopped and is asked again tells what its first half did, too; what that kept is
    -- judged once more.
    v_done jsonb := case when v_import.error_code = 'rollback_stopped' then v_import.rolled_back end
        || '{"kept": {"count": 0, "rows": []}}';
begin
    perform private.end_bulk(v_audit, '{}');
    insert into private.import_rollbacks
        (import_id, tenant_id, outcome, code, audit_id, clients, begun_at, done)
    values (
        v_import.id, v_import.tenant_id, begin_rollback.outcome, begin_rollback.code, v_audit, 0,
        private.now(), coalesce(
            v_done,
            '{"deleted": {"debts": 0, "clients": 0, "phones": 0, "creditors": 0},
                "restored": {"debts": 0, "clients": 0}, "kept": {"count": 0, "rows": []}}'
        )
    );
    -- Before numbers had rows of their own they lay in one.
    with older as (
        delete from private.import_changes as noted
        where noted.tenant_id = v_import.tenant_id and noted.import_id = v_import.id
          and noted.table_name = 'client_phones' and noted.created_ids is not null
        returning noted.created_ids
    )
    insert into private.import_changes (tenant_id, import_id, table_name, row_id, before, after)
    select v_import.tenant_id, v_import.id, 'client_phones', phone.id, '{}', '{}'
    from older
    cross join unnest(older.created_ids) as phone (id);

    insert into private.rollback_chunks (import_id, tenant_id, place, created, known)
    with noted as (
        select changes.* from private.import_changes as changes
        where changes.tenant_id = v_import.tenant_id and changes.import_id = v_import.id
    ),
    -- One look at each list: asked person by person whether the import made them, a list of half a
    -- million would be read from end to end half a million times.
    people as (
        select listed.id, bool_or(listed.is_created) as is_created
        from (
            select unnest(noted.created_ids) as id, true as is_created
            from noted where noted.table_name = 'clients'
            union all
            select noted.row_id, false from noted
            where noted.table_name = 'clients' and noted.row_id is not null
            union all
            select phones.client_id, false from noted
            join public.client_phones as phones
                on noted.table_name = 'client_phones' and phones.id = noted.row_id
            union all
            select debts.client_id, false from noted
            join public.debts on noted.table_name = 'debts' and debts.id = noted.row_id
            union all
            select debts.client_id, false from public.debts
            where debts.tenant_id = v_import.tenant_id and debts.import_id = v_import.id
            union all
            select touched.client_id, false from private.import_touches as touched
            where touched.tenant_id = v_import.tenant_id and touched.import_id = v_import.id
        ) as listed
        group by listed.id
    ),
    placed as (
        select clients.id, people.is_created,
            (row_number() over (order by clients.document) - 1) / private.rollback_chunk_size()
                as place
        from people
        join public.clients on clients.id = people.id
    )
    select v_import.id, v_import.tenant_id, placed.place,
        coalesce(array_agg(placed.id) filter (where placed.is_created), '{}'),
        coalesce(array_agg(placed.id) filter (where not placed.is_created), '{}')
    from placed
    group by placed.place;
    select coalesce(sum(cardinality(chunk.created) + cardinality(chunk.known)), 0) into v_people
    from private.rollback_chunks as chunk
    where chunk.import_id = v_import.id;
    update private.import_rollbacks as back set clients = v_people
    where back.import_id = v_import.id;
    update public.imports
    set status = case when begin_rollback.outcome = 'rolled_back' then 'rolling_back'
            else imports.status end::public.import_status,
        error_code = null, undo_done = 0, undo_total = v_people, rows_per_second = null,
        seconds_left = null
    where imports.id = v_import.id;
    return v_people;
end;
$$;

-- One step: the next chunk, or the end. Two at once take turns on the rollback's row.
create function private.advance_rollback(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_back private.import_rollbacks;
    v_import public.imports;
    v_chunk private.rollback_chunks;
begin
    select * into v_back from private.import_rollbacks as back
    where back.import_id = advance_rollback.import_id
    for update;
    select * into v_import from public.imports where imports.id = advance_rollback.import_id;
    if v_back.import_id is null then
        return private.import_step(v_import);  -- somebody else took the last step
    end if;
    select * into v_chunk from private.rollback_chunks as chunk
    where chunk.import_id = v_back.import_id
    order by chunk.place
    limit 1;
    perform private.go_on_with_bulk(v_back.audit_id);
    if v_chunk.import_id is null then
        return private.finish_rollback(v_back, v_import);
    end if;
    discard plans;  -- as in plan_portfolio: every row that goes is looked for in other tables
    perform private.lock_rollback_people(v_chunk.created || v_chunk.known);
    perform private.judge_rollback(v_import, v_chunk.created || v_chunk.known, v_chunk.created);
    v_back := private.count_rolled_back(v_back, private.write_rollback(
        v_import, private.listed_kept_rows() - jsonb_array_length(v_back.done #> '{kept,rows}')
    ));
    perform private.end_bulk(v_back.audit_id, '{}');
    delete from private.rollback_chunks as chunk
    where chunk.import_id = v_chunk.import_id and chunk.place = v_chunk.place;
    update private.import_rollbacks as back
    set done = v_back.done, attempts = 0,
        clients_done = back.clients_done + cardinality(v_chunk.created) + cardinality(v_chunk.known)
    where back.import_id = v_back.import_id
    returning back.* into v_back;
    perform private.show_rollback_progress(v_back);
    return private.import_step(v_import) || jsonb_build_object('status', 'running');
end;
$$;

create function private.listed_kept_rows() returns int
language sql
immutable
set search_path = ''
as $$ select 200 $$;  -- as many as a person looks through

-- The line of audit speaks for this transaction's rows, too (0062).
create function private.go_on_with_bulk(audit_id bigint) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.audit_log set after = audit_log.after || '{"state": "running"}'
    where audit_log.id = go_on_with_bulk.audit_id;
    perform set_config('cobranca.bulk_audit_id', go_on_with_bulk.audit_id::text, true);
end;
$$;

-- The people first, in one order, as everything that moves their money does, and against whoever
-- would hang something on them. All at once: whoever came in between a weaker lock and this one
-- would hold the person and wait for it, as we would.
create function private.lock_rollback_people(people uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform from public.clients where clients.id = any(people)
    order by clients.id
    for update;
end;
$$;

create function private.count_rolled_back(v_back private.import_rollbacks, written jsonb)
returns private.import_rollbacks
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_kind text;
    v_table text;
    v_rows int;
begin
    foreach v_kind in array array['deleted', 'restored'] loop
        for v_table, v_rows in select * from jsonb_each_text(written -> v_kind) loop
            v_back.done := jsonb_set(
                v_back.done, array[v_kind, v_table],
                to_jsonb((v_back.done #>> array[v_kind, v_table])::int + v_rows)
            );
        end loop;
    end loop;
    v_back.done := jsonb_set(v_back.done, '{kept}', jsonb_build_object(
        'count',
        (v_back.done #>> '{kept,count}')::int + (written #>> '{kept,count}')::int,
        'rows', (v_back.done #> '{kept,rows}') || (written #> '{kept,rows}')
    ));
    return v_back;
end;
$$;

create function private.show_rollback_progress(v_back private.import_rollbacks) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_seconds float := extract(epoch from private.now() - v_back.begun_at);
    v_rate float := (v_back.clients_done - v_back.begun_clients) / nullif(v_seconds, 0);
begin
    update public.imports
    set undo_done = v_back.clients_done, rows_per_second = v_rate,
        seconds_left = ceil((v_back.clients - v_back.clients_done) / nullif(v_rate, 0))
    where imports.id = v_back.import_id;
end;
$$;

create function private.finish_rollback(
    v_back private.import_rollbacks, v_import public.imports
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
    v_back := private.count_rolled_back(v_back, private.rollback_creditors(v_import));
    perform private.end_bulk(v_back.audit_id, v_back.done #- '{kept,rows}');
    delete from private.import_rollbacks as back where back.import_id = v_back.import_id;
    if v_back.outcome <> 'rolled_back' then
        update public.imports set rolled_back = v_back.done, undo_done = v_back.clients
        where imports.id = v_import.id;
        return private.end_taken_back(
            v_import, v_back.outcome, v_back.code, (v_back.done #>> '{kept,count}')::int
        );
    end if;
    update public.imports
    set status = 'rolled_back', rolled_back = v_back.done, undo_done = v_back.clients,
        seconds_left = null
    where imports.id = v_import.id
    returning imports.* into v_import;
    return private.import_step(v_import);
end;
$$;

-- Tried too often: what went back stays back, and the rest stays until somebody asks again.
create function private.give_rollback_up(v_import public.imports) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_back private.import_rollbacks;
begin
    delete from private.import_rollbacks as back where back.import_id = v_import.id
    returning back.* into v_back;
    update public.imports
    set status = case when v_back.outcome = 'rolled_back' then 'done'
            else v_back.outcome end::public.import_status,
        error_code = 'rollback_stopped', phase = null, seconds_left = null,
        rolled_back = v_back.done, finished_at = coalesce(imports.finished_at, private.now())
    where imports.id = v_import.id
    returning imports.* into v_import;
    return private.import_step(v_import);
end;
$$;
