-- What a chunk changes in rows that are stored already: judged against what is stored at its turn,
-- for its writer (0451_write_chunks), and for a dry run, which asks the same and writes nothing. A
-- dry run does so in the planner's own transaction, which joined the whole file without loops.
create type private.import_change as (
    -- clients or debts
    table_name text,
    row_id uuid,
    client_id uuid,
    -- Of a title: changed, returned, reopened.
    action text,
    before jsonb,
    after jsonb
);
create type private.chunk_outcome as (
    clients_created int,
    clients_updated int,
    clients_touched int,
    debts_created int,
    debts_updated int,
    debts_returned int,
    debts_reopened int,
    changes private.import_change []
);

create function private.chunk_people_changes(chunk private.import_chunks)
returns private.import_change[]
language plpgsql
security definer
set search_path = ''
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    return array(
        select row(
            'clients', merged.id, merged.id, null, merged.before, merged.after
        )::private.import_change
        from (
            select clients.id, private.jsonb_changes(became.item, was.item) as before,
                private.jsonb_changes(was.item, became.item) as after
            from unnest(chunk.clients) as planned
            join public.clients on clients.id = planned.client_id
            cross join lateral (
                select jsonb_build_object(
                    'name', clients.name, 'email', clients.email, 'uf', clients.uf,
                    'external_id', clients.external_id, 'extra', clients.extra
                ) as item
            ) as was
            cross join lateral (
                select jsonb_build_object(
                    -- Capitals or not, the same name is no change.
                    'name', case
                        when lower(planned.name) = lower(clients.name) then clients.name
                        else coalesce(planned.name, clients.name)
                    end,
                    'email', coalesce(planned.email, clients.email),
                    'uf', coalesce(planned.uf, clients.uf),
                    'external_id', coalesce(planned.external_id, clients.external_id),
                    'extra', clients.extra || coalesce(planned.extra, '{}')
                ) as item
            ) as became
            where planned.is_changed
        ) as merged
        where merged.after is not null
    );
end;
$$;

-- A title that is no longer open is nobody's to change: it was paid or agreed upon since the plan.
create function private.chunk_title_changes(chunk private.import_chunks)
returns private.import_change[]
language plpgsql
security definer
set search_path = ''
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    return array(
        select row(
            'debts', debts.id, debts.client_id, planned.action,
            private.jsonb_changes(became.item, was.item),
            private.jsonb_changes(was.item, became.item)
        )::private.import_change
        from unnest(chunk.debts) as planned
        join public.debts on debts.id = planned.debt_id and planned.action <> 'new'
            and case planned.action when 'reopened' then private.is_returned_by_file(debts)
                else debts.status = 'open' end
            and not exists (
                select from public.agreement_debts as held
                where held.tenant_id = debts.tenant_id and held.debt_id = debts.id
                  and held.is_live
            )
            -- Paid in part since the plan: the value stays what the payment was taken off.
            and (
                planned.action = 'returned' or debts.abated_cents = 0
                or debts.principal_cents = planned.principal_cents
            )
        cross join lateral (
            select jsonb_build_object(
                'due_on', debts.due_on, 'principal_cents', debts.principal_cents,
                'status', debts.status, 'import_id', debts.import_id
            ) as item
        ) as was
        cross join lateral (
            select was.item || jsonb_build_object('import_id', chunk.import_id)
                || case planned.action
                    when 'returned' then jsonb_build_object('status', 'returned')
                    else jsonb_build_object(
                        'due_on', planned.due_on, 'principal_cents', planned.principal_cents,
                        'status', 'open'
                    )
                end as item
        ) as became
    );
end;
$$;

-- What writing the chunk would come to; nothing is locked, and nothing written.
create function private.rehearse_chunk(chunk private.import_chunks)
returns private.chunk_outcome
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_people private.import_change[] := private.chunk_people_changes(chunk);
    v_titles private.import_change[] := private.chunk_title_changes(chunk);
    v_outcome private.chunk_outcome;
begin
    v_outcome.clients_created := (
        select count(*) from unnest(chunk.clients) as planned where planned.is_new
    );
    v_outcome.clients_updated := (
        select count(*)
        from (
            select change.client_id from unnest(v_people) as change
            union
            select planned.client_id from unnest(chunk.clients) as planned
            where not planned.is_new and planned.phones <> '{}'
        ) as touched
    );
    v_outcome.debts_created := (
        select count(*) from unnest(chunk.debts) as planned where planned.action = 'new'
    );
    v_outcome.changes := v_people || v_titles;
    return private.count_title_changes(v_outcome);
end;
$$;

create function private.count_title_changes(outcome private.chunk_outcome)
returns private.chunk_outcome
language plpgsql
immutable
set search_path = ''
as $$
begin
    select count(*) filter (where change.action = 'changed'),
        count(*) filter (where change.action = 'returned'),
        count(*) filter (where change.action = 'reopened')
    into outcome.debts_updated, outcome.debts_returned, outcome.debts_reopened
    from unnest(outcome.changes) as change;
    return outcome;
end;
$$;

-- {"table.field": rows} with those of one more chunk.
create function private.count_changed_fields(so_far jsonb, changes private.import_change[])
returns jsonb
language sql
immutable
set search_path = ''
as $$
    select coalesce(jsonb_object_agg(counted.name, counted.rows), '{}')
    from (
        select noted.name, sum(noted.rows) as rows
        from (
            select known.key as name, known.value::int as rows
            from jsonb_each_text(so_far) as known
            union all
            select change.table_name || '.' || field.name, 1
            from unnest(changes) as change
            cross join jsonb_object_keys(change.after - 'import_id') as field (name)
        ) as noted
        group by noted.name
    ) as counted
$$;

-- The first of them as people read them, under the name that the chunk gives the person.
create function private.list_changed_rows(changes private.import_change[], listed int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    return (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'table', shown.table_name, 'document', shown.document, 'name', shown.name,
                'contract', shown.contract, 'installment', shown.installment,
                'changes', (
                    select jsonb_object_agg(
                        field.name,
                        jsonb_build_array(shown.before -> field.name, shown.after -> field.name)
                    )
                    from jsonb_object_keys(shown.after) as field (name)
                )
            )
            order by shown.document, shown.table_name, shown.contract, shown.installment
        ), '[]')
        from (
            select picked.*, coalesce((
                select person.after ->> 'name' from unnest(changes) as person
                where person.table_name = 'clients' and person.row_id = picked.client_id
            ), picked.stored_name) as name
            from (
                select change.client_id, change.table_name, clients.document,
                    clients.name as stored_name, debts.contract, debts.installment,
                    change.before - 'import_id' as before, change.after - 'import_id' as after
                from unnest(changes) as change
                join public.clients on clients.id = change.client_id
                left join public.debts on change.table_name = 'debts' and debts.id = change.row_id
                where change.after - 'import_id' <> '{}'
                order by clients.document, change.table_name, debts.contract, debts.installment
                limit listed
            ) as picked
        ) as shown
    );
end;
$$;
