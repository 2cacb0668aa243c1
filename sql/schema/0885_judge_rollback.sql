-- What of an import goes back, judged for the people of one chunk (0888) before anything is
-- touched. A row stays when a person, or a fact that people made, needs it as it is: an edit in the
-- audit, a contact, a payment, an agreement, a tag. What later imports did to it is no such reason.
-- The files lie over each other in layers, and taking one out closes the gap: where a later one
-- wrote the same field, that one will give back what this one found; and a row that this one made
-- and a later one changed stays (`imported_since`) and is the later one's own from now on, to go
-- with it.

-- Does any row of any table point at this one? Asked of the catalog, so that rooms added later
-- count by themselves.
create function private.references_sql(target regclass, row_alias text, ignored regclass[])
returns text
language sql
stable
set search_path = ''
as $$
    select coalesce(string_agg(
        format(
            'exists (select from %s as other where %s)',
            fk.conrelid::regclass, (
                select string_agg(
                    format('other.%I = %s.%I', own.attname, row_alias, theirs.attname), ' and '
                )
                from unnest(fk.conkey, fk.confkey) as pair (own, theirs)
                join pg_catalog.pg_attribute as own
                    on own.attrelid = fk.conrelid and own.attnum = pair.own
                join pg_catalog.pg_attribute as theirs
                    on theirs.attrelid = fk.confrelid and theirs.attnum = pair.theirs
            )
        ), ' or '
    ), 'false')
    from pg_catalog.pg_constraint as fk
    where fk.contype = 'f' and fk.confrelid = target and fk.conrelid <> all(ignored)
$$;

-- pg_temp.rollback: one row per row of the import; reason null = goes back; heir = the later
-- import whose own it is from now on. pg_temp.rollback_layers: what it and the later ones noted
-- about these people. pg_temp.rollback_fields: each value it changed, and the layer that wrote it
-- next.
create function private.judge_rollback(v_import public.imports, people uuid[], created uuid[])
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table rollback_rows on commit drop as
    select 'clients' as table_name, listed.id, listed.id as client_id
    from unnest(people) as listed (id)
    union all
    select 'debts', debts.id, debts.client_id from public.debts
    where debts.tenant_id = v_import.tenant_id and debts.client_id = any(people)
    union all
    select 'client_phones', phones.id, phones.client_id from public.client_phones as phones
    where phones.tenant_id = v_import.tenant_id and phones.client_id = any(people);
    analyze pg_temp.rollback_rows;
    create temp table rollback_layers on commit drop as
    select noted.id, noted.table_name, noted.row_id, noted.import_id, noted.before, noted.after,
        noted.is_live,
        noted.is_live and noted.import_id <> v_import.id and later.status = 'done' as is_later
    from pg_temp.rollback_rows as item
    join private.import_changes as noted
        on noted.tenant_id = v_import.tenant_id and noted.row_id = item.id
        and noted.table_name = item.table_name
    join public.imports as later on later.id = noted.import_id
    where noted.is_live or noted.import_id = v_import.id;
    create index rollback_layers_by_row on pg_temp.rollback_layers (row_id);
    analyze pg_temp.rollback_layers;

    create temp table rollback (
        table_name text not null, id uuid not null, client_id uuid not null,
        is_created boolean not null, change_id bigint, before jsonb, after jsonb, reason text,
        heir uuid
    ) on commit drop;
    insert into pg_temp.rollback
        (table_name, id, client_id, is_created, change_id, before, after)
    select item.table_name, item.id, item.client_id, item.table_name = 'client_phones', own.id,
        own.before, own.after
    from pg_temp.rollback_layers as own
    join pg_temp.rollback_rows as item
        on item.id = own.row_id and item.table_name = own.table_name
    where own.import_id = v_import.id and own.is_live;
    -- Debts it created: those that still name it, and those that a later import changed.
    insert into pg_temp.rollback (table_name, id, client_id, is_created)
    select 'debts', debts.id, debts.client_id, true
    from pg_temp.rollback_rows as item
    join public.debts on item.table_name = 'debts' and debts.id = item.id
    where (
        debts.import_id = v_import.id or exists (
            select from pg_temp.rollback_layers as later
            where later.row_id = debts.id and later.import_id <> v_import.id
              and later.before ->> 'import_id' = v_import.id::text
        )
    ) and not exists (
        select from pg_temp.rollback_layers as own
        where own.row_id = debts.id and own.import_id = v_import.id and own.is_live
    );
    insert into pg_temp.rollback (table_name, id, client_id, is_created)
    select 'clients', listed.id, listed.id, true from unnest(created) as listed (id);
    -- Half of what follows asks of one row at a time whether it goes back.
    create index rollback_by_id on pg_temp.rollback (id);
    create index rollback_by_client on pg_temp.rollback (client_id);
    analyze pg_temp.rollback;

    perform private.judge_changed_rows(v_import);
    perform private.judge_debts(v_import);
    perform private.judge_created_clients(v_import);
end;
$$;

create function private.judge_changed_rows(v_import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table rollback_fields on commit drop as
    select item.change_id, item.table_name, field.name, item.before -> field.name as before,
        later.id as later_id,
        item.after -> field.name is not distinct from case
            when later.id is not null then later.before -> field.name
            else became.item -> field.name
        end as is_as_left
    from pg_temp.rollback as item
    left join public.clients on item.table_name = 'clients' and clients.id = item.id
    left join public.debts on item.table_name = 'debts' and debts.id = item.id
    cross join lateral (
        select case item.table_name when 'clients' then to_jsonb(clients)
            else to_jsonb(debts) end as item
    ) as became
    cross join lateral jsonb_object_keys(item.after) as field (name)
    left join lateral (
        select layer.id, layer.before from pg_temp.rollback_layers as layer
        where layer.row_id = item.id and layer.import_id <> v_import.id and layer.is_live
          and layer.id > item.change_id and layer.after ? field.name
        order by layer.id
        limit 1
    ) as later on true
    where not item.is_created;
    update pg_temp.rollback as item set reason = 'changed_since'
    where exists (
        select from pg_temp.rollback_fields as field
        where field.change_id = item.change_id and not field.is_as_left
    );
    -- A later file's extra data lie among those of this one; they part when that one goes back.
    update pg_temp.rollback as item set reason = 'imported_since'
    from pg_temp.rollback_fields as field
    where item.reason is null and field.change_id = item.change_id and field.name = 'extra'
      and field.later_id is not null;
    update pg_temp.rollback as item
    set reason = case
        when phones.has_whatsapp is not null then 'changed_since'
        when exists (
            select from public.message_logs as written
            where written.tenant_id = v_import.tenant_id and written.client_id = phones.client_id
              and written.phone = phones.phone
              and written.created_at >= coalesce(v_import.writing_at, v_import.finished_at)
        ) or exists (
            select from public.calls as called
            where called.tenant_id = v_import.tenant_id and called.client_id = phones.client_id
              and private.phone_match(called.phone) = private.phone_match(phones.phone)
              and called.called_at >= coalesce(v_import.writing_at, v_import.finished_at)
        ) then 'contacted_since'
        -- Somebody blocked it, or sent it to the dialer, where it is called by itself.
        when phones.id in (select acted.id from private.numbers_acted_on(
            v_import, array(select own.client_id from pg_temp.rollback as own
                where own.table_name = 'client_phones')
        ) as acted) then 'in_use'
    end
    from public.client_phones as phones
    where item.table_name = 'client_phones' and phones.id = item.id;
end;
$$;

-- Numbers of these people that a person has blocked since, or put into a list of the dialer. Both
-- name the number itself, and would outlive it without a word.
create function private.numbers_acted_on(v_import public.imports, people uuid[])
returns setof public.client_phones
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return query select phones.*
    from public.client_phones as phones
    where phones.tenant_id = v_import.tenant_id and phones.client_id = any(people) and (
        exists (
            select from public.suppressions as blocked
            where blocked.tenant_id = v_import.tenant_id
              and private.phone_match(blocked.phone) = private.phone_match(phones.phone)
              and blocked.created_by is not null
              and blocked.created_at >= coalesce(v_import.writing_at, v_import.finished_at)
        ) or exists (
            select from public.dialer_export_rows as listed
            join public.dialer_exports as export on export.id = listed.export_id
            where listed.tenant_id = v_import.tenant_id and listed.client_id = phones.client_id
              and private.phone_match(listed.phone) = private.phone_match(phones.phone)
              and listed.status not in ('excluded', 'filtered')
              and export.created_at >= coalesce(v_import.writing_at, v_import.finished_at)
        )
    );
end;
$$;

create function private.judge_debts(v_import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_since timestamptz := coalesce(v_import.writing_at, v_import.finished_at);
begin
    -- Files leave a title open or returned: another status is somebody's word since. That it grew
    -- old is nobody's.
    update pg_temp.rollback as item set reason = 'changed_since'
    from public.debts
    cross join lateral (
        select coalesce((
            select layer.after ->> 'status' from pg_temp.rollback_layers as layer
            where layer.row_id = debts.id and layer.after ? 'status'
            order by layer.id desc
            limit 1
        ), 'open') as status
    ) as left_as
    where item.table_name = 'debts' and debts.id = item.id and item.reason is null
      and debts.status::text <> left_as.status
      and not (item.is_created and left_as.status = 'open' and debts.status = 'prescribed');
    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.debts as held
        where item.table_name = ''debts'' and item.is_created and item.reason is null
          and held.id = item.id
          and (' || private.references_sql('public.debts', 'held', '{}') || ')';
    -- What it changed was agreed upon, or paid in part, as the import left it.
    update pg_temp.rollback as item set reason = 'in_use'
    where item.table_name = 'debts' and not item.is_created and item.reason is null and (
        exists (
            select from public.agreement_debts as held
            join public.agreements as agreement on agreement.id = held.agreement_id
            where held.tenant_id = v_import.tenant_id and held.debt_id = item.id
              and (held.is_live or agreement.created_at >= v_since)
        ) or exists (
            select from public.payment_allocations as paid
            where paid.tenant_id = v_import.tenant_id and paid.debt_id = item.id
              and paid.created_at >= v_since
        )
    );
    -- Somebody spoke or wrote to the person since: the debt was talked about.
    update pg_temp.rollback as item set reason = 'contacted_since'
    where item.table_name = 'debts' and item.reason is null and (
        exists (
            select from public.call_dispositions as spoken
            where spoken.tenant_id = v_import.tenant_id and spoken.client_id = item.client_id
              and spoken.created_at >= v_since
        ) or exists (
            select from public.message_logs as written
            where written.tenant_id = v_import.tenant_id and written.client_id = item.client_id
              and written.created_at >= v_since
        ) or exists (
            select from public.calls as called
            where called.tenant_id = v_import.tenant_id and called.client_id = item.client_id
              and called.called_at >= v_since and called.connected_at is not null
        )
    );
    update pg_temp.rollback as item set reason = 'imported_since', heir = later.import_id
    from (
        select distinct on (layer.row_id) layer.row_id, layer.import_id
        from pg_temp.rollback_layers as layer
        where layer.table_name = 'debts' and layer.is_later
        order by layer.row_id, layer.id
    ) as later
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and later.row_id = item.id;
end;
$$;

-- A person with a title, a number or anything else that stays, stays.
create function private.judge_created_clients(v_import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- What of theirs does not go, and the later import that brought it; null: a person, or a fact.
    create temp table rollback_rests on commit drop as
    select person.id as client_id, rest.table_name, rest.heir
    from pg_temp.rollback as person
    cross join lateral (
        select 'debts' as table_name, case
                when item.id is null or not item.is_created then (
                    select imports.id from public.imports
                    where imports.id = coalesce(
                        (item.before ->> 'import_id')::uuid, debts.import_id
                    )
                      and imports.id <> v_import.id and imports.status = 'done'
                )
                when item.reason = 'imported_since' then item.heir
            end as heir
        from public.debts
        left join pg_temp.rollback as item on item.id = debts.id
        where debts.tenant_id = v_import.tenant_id and debts.client_id = person.id
          and (item.id is null or not item.is_created or item.reason is not null)
        union all
        select 'client_phones', (
            select layer.import_id from pg_temp.rollback_layers as layer
            where layer.row_id = phones.id and layer.is_later
            limit 1
        )
        from public.client_phones as phones
        join public.clients on clients.id = phones.client_id
        left join pg_temp.rollback as item on item.id = phones.id
        where phones.tenant_id = v_import.tenant_id and phones.client_id = person.id
          and (item.id is null and phones.created_at <> clients.created_at
               or item.reason is not null)
        union all
        select 'clients', layer.import_id from pg_temp.rollback_layers as layer
        where layer.row_id = person.id and layer.is_later
    ) as rest
    where person.table_name = 'clients' and person.is_created;
    analyze pg_temp.rollback_rests;

    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.clients as held
        where item.table_name = ''clients'' and item.is_created and held.id = item.id and ('
        || private.references_sql('public.clients', 'held', array[
            'public.debts', 'public.client_phones', 'private.import_touches'
        ]::regclass[]) || '
            or exists (select from pg_temp.rollback_rests as rest
                where rest.client_id = held.id and rest.heir is null)
            or held.id in (select acted.client_id from private.numbers_acted_on($1, array(
                select made.id from pg_temp.rollback as made
                where made.table_name = ''clients'' and made.is_created
            )) as acted))' using v_import;
    update pg_temp.rollback as item set reason = 'changed_since'
    where item.table_name = 'clients' and item.is_created and item.reason is null and exists (
        select from public.audit_log as said
        where said.tenant_id = v_import.tenant_id and said.table_name = 'clients'
          and said.row_id = item.id::text and said.action = 'update'
    );
    update pg_temp.rollback as item set reason = 'imported_since', heir = (
        select rest.heir from pg_temp.rollback_rests as rest
        where rest.client_id = item.id
        order by rest.heir
        limit 1
    )
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and exists (select from pg_temp.rollback_rests as rest where rest.client_id = item.id);
    -- The titles of a person who stays because of an edit, or of what a later file added to the
    -- person alone, stay too: they are why the person is here.
    update pg_temp.rollback as item set reason = kept.reason, heir = kept.heir
    from pg_temp.rollback as kept
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and kept.table_name = 'clients' and kept.is_created and kept.id = item.client_id
      and (kept.reason = 'changed_since' or kept.reason = 'imported_since' and not exists (
          select from pg_temp.rollback_rests as rest
          where rest.client_id = kept.id and rest.table_name = 'debts'
      ));
    drop table pg_temp.rollback_rests;
end;
$$;
