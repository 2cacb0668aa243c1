-- Writes one chunk as it was planned (0446), and the undo log of it. Rows that were new when
-- planned are plain inserts. What was stored already is merged with what is stored now: between
-- plan and turn lies the time a person needs to correct an e-mail, or a crash.

-- The rows of new people; totals and reach come with them, and their numbers and titles are written
-- as such: the triggers on both do not work out again what nobody else can have changed.
create function private.insert_chunk_people(chunk private.import_chunks, created_at timestamptz)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_created int;
begin
    insert into public.clients (
        id, tenant_id, document, name, email, uf, external_id, extra, has_phone, has_whatsapp,
        open_cents, open_debts, oldest_due_on, creditor_ids, debt_status, created_at, updated_at
    )
    select planned.client_id, chunk.tenant_id, planned.document, planned.name, planned.email,
        planned.uf, planned.external_id, coalesce(planned.extra, '{}'),
        cardinality(planned.phones) > 0, case when cardinality(planned.phones) = 0 then false end,
        planned.open_cents, planned.open_debts, planned.oldest_due_on, planned.creditor_ids,
        'open', insert_chunk_people.created_at, insert_chunk_people.created_at
    from unnest(chunk.clients) as planned
    where planned.is_new
    order by planned.document;
    get diagnostics v_created = row_count;
    return v_created;
end;
$$;

-- Somebody added one of the new people by hand since the plan: known now, like any other. Their new
-- id goes into the titles too.
create function private.recognise_chunk_people(chunk private.import_chunks)
returns private.import_chunks
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_known jsonb := (
        select coalesce(jsonb_object_agg(planned.client_id, clients.id), '{}')
        from unnest(chunk.clients) as planned
        join public.clients
            on clients.tenant_id = chunk.tenant_id and clients.document = planned.document
        where planned.is_new
    );
begin
    chunk.clients := array(
        select row(
            coalesce((v_known ->> planned.client_id::text)::uuid, planned.client_id),
            planned.is_new and not v_known ? planned.client_id::text,
            planned.is_changed or v_known ? planned.client_id::text,
            planned.document, planned.name, planned.email, planned.uf, planned.external_id,
            planned.extra, planned.phones, planned.open_cents, planned.open_debts,
            planned.oldest_due_on, planned.creditor_ids
        )::private.planned_client
        from unnest(chunk.clients) as planned
        order by planned.document
    );
    chunk.debts := array(
        select row(
            planned.action, planned.debt_id,
            coalesce((v_known ->> planned.client_id::text)::uuid, planned.client_id),
            planned.creditor_id, planned.contract, planned.installment, planned.due_on,
            planned.principal_cents
        )::private.planned_debt
        from unnest(chunk.debts) as planned
        order by planned.creditor_id, planned.contract, planned.installment
    );
    return chunk;
end;
$$;

-- The known people whose rows this chunk will write, themselves or by their titles' totals: before
-- any title, and in one order, as everything that moves their money does.
create function private.lock_chunk_people(chunk private.import_chunks) returns void
language plpgsql
security definer
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    perform from public.clients
    where clients.id in (
        select planned.client_id from unnest(chunk.clients) as planned where planned.is_changed
        union
        (
            select planned.client_id from unnest(chunk.debts) as planned
            where planned.action = 'new'
            except
            select planned.client_id from unnest(chunk.clients) as planned where planned.is_new
        )
        union
        select debts.client_id from unnest(chunk.debts) as planned
        join public.debts on debts.id = planned.debt_id
        where planned.action <> 'new'
    )
    order by clients.id
    for no key update;
end;
$$;

-- Answers the chunk as it was written, for its debts, and whom it touched.
create function private.write_chunk_people(
    inout chunk private.import_chunks, out created int, out touched uuid[],
    out changes private.import_change[]
)
language plpgsql
security definer
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    -- Once and not by each row's default, which reads the clock's table.
    v_now timestamptz := private.now();
begin
    perform private.lock_chunk_people(chunk);
    begin
        created := private.insert_chunk_people(chunk, v_now);
    exception when unique_violation then
        chunk := private.recognise_chunk_people(chunk);
        created := private.insert_chunk_people(chunk, v_now);
    end;
    perform set_config('cobranca.is_derived_already', 'true', true);
    insert into public.client_phones (tenant_id, client_id, phone, kind, position, created_at)
    -- +55, two digits of area, and nine that begin with 9.
    select chunk.tenant_id, planned.client_id, numbers.phone,
        case when length(numbers.phone) = 14 then 'mobile' else 'landline' end::public.phone_kind,
        numbers.place - 1, v_now
    from unnest(chunk.clients) as planned
    cross join unnest(planned.phones) with ordinality as numbers (phone, place)
    where planned.is_new
    order by planned.document;
    perform set_config('cobranca.is_derived_already', '', true);
    insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
    select chunk.tenant_id, chunk.import_id, 'clients', array_agg(planned.client_id)
    from unnest(chunk.clients) as planned
    where planned.is_new
    having count(*) > 0;
    select written.touched, written.changes into touched, changes
    from private.update_chunk_people(chunk, v_now) as written;
end;
$$;

-- Known people: their changed fields, and their new numbers behind those already there.
create function private.update_chunk_people(
    chunk private.import_chunks, at timestamptz, out touched uuid[],
    out changes private.import_change[]
)
language plpgsql
security definer
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_phoned uuid[];
begin
    perform from public.clients
    where clients.id in (
        select planned.client_id from unnest(chunk.clients) as planned where planned.is_changed
    )
    order by clients.id
    for update;
    changes := private.chunk_people_changes(chunk);
    perform private.note_chunk_changes(chunk, changes);
    update public.clients
    set name = coalesce(change.after ->> 'name', clients.name),
        email = coalesce(change.after ->> 'email', clients.email),
        uf = coalesce(change.after ->> 'uf', clients.uf),
        external_id = coalesce(change.after ->> 'external_id', clients.external_id),
        extra = coalesce(change.after -> 'extra', clients.extra)
    from unnest(changes) as change
    where clients.id = change.row_id;

    with wanted as materialized (
        select planned.client_id, numbers.phone, numbers.place
        from unnest(chunk.clients) as planned
        cross join unnest(planned.phones) with ordinality as numbers (phone, place)
        where not planned.is_new
    ),
    added as (
        insert into public.client_phones (tenant_id, client_id, phone, kind, position, created_at)
        select chunk.tenant_id, wanted.client_id, wanted.phone,
            case when length(wanted.phone) = 14 then 'mobile' else 'landline' end
                ::public.phone_kind,
            row_number() over (partition by wanted.client_id order by wanted.place) + coalesce((
                select max(stored.position) from public.client_phones as stored
                where stored.tenant_id = chunk.tenant_id and stored.client_id = wanted.client_id
            ), -1),
            update_chunk_people.at
        from wanted
        -- Added by hand since the plan.
        on conflict on constraint client_phones_are_unique do nothing
        returning client_phones.client_id, client_phones.id
    ),
    noted as (
        insert into private.import_changes
            (tenant_id, import_id, table_name, row_id, before, after)
        select chunk.tenant_id, chunk.import_id, 'client_phones', added.id, '{}', '{}'
        from added
    )
    select array_agg(added.client_id) into v_phoned from added;
    touched := array(
        select change.client_id from unnest(changes) as change
        union
        select unnest(v_phoned)
    );
    insert into private.import_touches (tenant_id, import_id, client_id)
    select chunk.tenant_id, chunk.import_id, person.id from unnest(touched) as person (id)
    on conflict do nothing;
end;
$$;

create function private.note_chunk_changes(
    chunk private.import_chunks, changes private.import_change[]
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into private.import_changes (tenant_id, import_id, table_name, row_id, before, after)
    select chunk.tenant_id, chunk.import_id, change.table_name, change.row_id, change.before,
        change.after
    from unnest(changes) as change;
end;
$$;

-- Titles that are new, of people who are new with them, or of the others.
create function private.insert_chunk_debts(
    chunk private.import_chunks, is_of_new boolean, created_at timestamptz
) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_created int;
begin
    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select chunk.tenant_id, planned.client_id, planned.creditor_id, planned.contract,
        planned.installment, planned.due_on, planned.principal_cents, chunk.import_id,
        insert_chunk_debts.created_at, insert_chunk_debts.created_at
    from unnest(chunk.debts) as planned
    where planned.action = 'new'
      -- A hashed list, whatever joins are forbidden.
      and (
          planned.client_id in (
              select person.client_id from unnest(chunk.clients) as person where person.is_new
          )
      ) = insert_chunk_debts.is_of_new;
    get diagnostics v_created = row_count;
    return v_created;
end;
$$;

create function private.write_chunk_debts(
    chunk private.import_chunks, out created int, out touched uuid[],
    out changes private.import_change[]
)
language plpgsql
security definer
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_now timestamptz := private.now();
begin
    perform set_config('cobranca.is_derived_already', 'true', true);
    created := private.insert_chunk_debts(chunk, true, v_now);
    perform set_config('cobranca.is_derived_already', '', true);
    created := created + private.insert_chunk_debts(chunk, false, v_now);

    perform from public.debts
    where debts.id in (
        select planned.debt_id from unnest(chunk.debts) as planned where planned.action <> 'new'
    )
    order by debts.id
    for update;
    changes := private.chunk_title_changes(chunk);
    perform private.note_chunk_changes(chunk, changes);
    -- The title no longer says so of the import that wrote it before.
    insert into private.import_touches (tenant_id, import_id, client_id)
    select distinct chunk.tenant_id, (change.before ->> 'import_id')::uuid, change.client_id
    from unnest(changes) as change
    where change.before ->> 'import_id' is not null
    on conflict do nothing;
    update public.debts
    set due_on = coalesce((change.after ->> 'due_on')::date, debts.due_on),
        principal_cents = coalesce(
            (change.after ->> 'principal_cents')::bigint, debts.principal_cents
        ),
        status = coalesce((change.after ->> 'status')::public.debt_status, debts.status),
        import_id = chunk.import_id
    from unnest(changes) as change
    where debts.id = change.row_id;
    touched := array(
        select change.client_id from unnest(changes) as change
        union
        select planned.client_id from unnest(chunk.debts) as planned where planned.action = 'new'
    );
end;
$$;

create function private.write_chunk(chunk private.import_chunks) returns private.chunk_outcome
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_outcome private.chunk_outcome;
    v_people record;
    v_debts record;
begin
    select * into v_people from private.write_chunk_people(chunk);
    select * into v_debts from private.write_chunk_debts(v_people.chunk);
    v_outcome.clients_created := v_people.created;
    v_outcome.clients_updated := cardinality(v_people.touched);
    v_outcome.clients_touched := (
        select count(distinct person.id)
        from unnest(v_people.touched || v_debts.touched) as person (id)
    );
    v_outcome.debts_created := v_debts.created;
    v_outcome.changes := v_people.changes || v_debts.changes;
    return private.count_title_changes(v_outcome);
end;
$$;
