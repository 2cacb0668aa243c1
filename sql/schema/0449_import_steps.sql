-- Steps of the plan (0448), each with a rule of its own, and how it is kept until it is written.

-- Gives every line of a refused debt its reason, the file's own column name and the value.
create function private.refuse_import_debts(headers jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if not exists (select from pg_temp.import_debts where import_debts.differs_in is not null) then
        return;
    end if;
    update pg_temp.import_rows as staged
    set reason = case refused.differs_in
            when 'owner' then 'debt_of_another_client'
            when 'paid' then 'debt_paid_in_part'
            else 'repeated_with_difference'
        end,
        column_name = headers ->> case refused.differs_in
            when 'owner' then 'document' when 'paid' then 'principal' else refused.differs_in
        end,
        value = case
            when refused.differs_in = 'due_on' then to_char(staged.due_on, 'DD/MM/YYYY')
            when refused.differs_in in ('principal', 'paid')
                then (staged.principal_cents / 100.0)::numeric(20, 2)::text
            else staged.document
        end
    from pg_temp.import_debts as refused
    join pg_temp.import_creditors using (creditor_id)
    where refused.differs_in is not null
      and staged.reason is null
      and staged.creditor = import_creditors.creditor
      and staged.contract = refused.contract
      and staged.installment = refused.installment;
    delete from pg_temp.import_debts where import_debts.differs_in is not null;
end;
$$;

-- Only an admin's import makes creditors, and not many: an agency works for tens of them, so a
-- file with more new ones has another column under that name.
create function private.plan_import_creditors() returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_new_creditors constant int := 100;
    v_inactive text := (
        select string_agg(distinct creditors.name, '; ')
        from pg_temp.import_creditors
        join public.creditors on creditors.id = import_creditors.creditor_id
        where not creditors.is_active
    );
    v_new jsonb := (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', new_ones.creditor_id, 'name', new_ones.name)
            order by new_ones.name
        ), '[]')
        from (
            select import_creditors.creditor_id, min(import_creditors.creditor) as name
            from pg_temp.import_creditors
            where import_creditors.is_new
            group by import_creditors.creditor_id
        ) as new_ones
    );
begin
    if v_new <> '[]' and not private.has_role('admin') then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'unknown: ' || (
                select string_agg(listed.item ->> 'name', '; ' order by listed.item ->> 'name')
                from jsonb_array_elements(v_new) with ordinality as listed (item, place)
                where listed.place <= 5  -- enough to recognise the column
            ) || ' - an admin''s import creates new creditors';
    elsif v_inactive is not null then
        raise exception 'creditor_inactive' using errcode = 'PT409', detail = v_inactive;
    elsif jsonb_array_length(v_new) > c_new_creditors then
        raise exception 'too_many_new_creditors' using errcode = 'PT409', detail = format(
            '%s names; is another column taken for the creditor?', jsonb_array_length(v_new)
        );
    end if;
    return v_new;
end;
$$;

-- The numbers that are new to their person, in the file's order. Nothing is ever removed, because
-- an operator may have added one.
create function private.plan_import_phones(tenant_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table import_phones on commit drop as
    with listed as (
        select import_rows.document, numbers.phone,
            min(import_rows.line * 100::bigint + numbers.place) as place
        from pg_temp.import_rows
        cross join unnest(import_rows.phones) with ordinality as numbers (phone, place)
        where import_rows.reason is null
        group by import_rows.document, numbers.phone
    )
    select listed.document, array_agg(listed.phone order by listed.place) as phones
    from listed
    join pg_temp.import_clients using (document)
    left join public.client_phones as stored
        on stored.tenant_id = plan_import_phones.tenant_id
        and stored.client_id = import_clients.client_id
        and stored.phone = listed.phone
    where stored.id is null
    group by listed.document;
end;
$$;

-- Cuts what is to be written into chunks of about so many rows (people, phones and debts), by
-- document. Who has nothing new is in none. The import's plan must be there already.
create function private.keep_import_chunks(tenant_id uuid, import_id uuid, chunk_rows int)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table import_titles on commit drop as
    select import_debts.document, case
            when import_debts.debt_id is null then 'new'
            when import_debts.status = 'returned' then 'reopened'
            else 'changed'
        end as action, import_debts.debt_id, import_clients.client_id, import_debts.creditor_id,
        import_debts.contract, import_debts.installment, import_debts.due_on,
        import_debts.principal_cents
    from pg_temp.import_debts
    join pg_temp.import_clients using (document)
    where import_debts.debt_id is null or import_debts.is_changed
       or import_debts.status = 'returned' and import_debts.kept is null
    union all
    select clients.document, 'returned', debts.id, debts.client_id, debts.creditor_id,
        debts.contract, debts.installment, debts.due_on, debts.principal_cents
    from pg_temp.import_absent
    join public.debts on debts.id = import_absent.debt_id
    join public.clients on clients.id = debts.client_id
    where import_absent.is_returned;

    create temp table import_people on commit drop as
    with titles as (
        select import_titles.document, count(*)::int as titles,
            sum(import_titles.principal_cents)::bigint as open_cents,
            min(import_titles.due_on) as oldest_due_on,
            array_agg(distinct import_titles.creditor_id) as creditor_ids
        from pg_temp.import_titles
        group by import_titles.document
    )
    select document, import_clients.client_id, coalesce(import_clients.is_new, false) as is_new,
        coalesce(import_clients.is_changed, false) as is_changed, import_clients.name,
        import_clients.email, import_clients.uf, import_clients.external_id, import_clients.extra,
        coalesce(import_phones.phones, '{}') as phones, titles.open_cents,
        titles.titles as open_debts, titles.oldest_due_on, titles.creditor_ids,
        coalesce(import_clients.lines, 0) as lines,
        sum(1 + cardinality(coalesce(import_phones.phones, '{}')) + coalesce(titles.titles, 0))
            over (order by document rows unbounded preceding)::int / chunk_rows as place
    from pg_temp.import_clients
    left join pg_temp.import_phones using (document)
    full join titles using (document)
    where import_clients.is_new or import_clients.is_changed
       or import_phones.phones is not null or titles.titles is not null;
    analyze pg_temp.import_people;

    insert into private.import_chunks (import_id, tenant_id, place, rows, clients, debts)
    select keep_import_chunks.import_id, keep_import_chunks.tenant_id, people.place, people.rows,
        coalesce(people.clients, '{}'), coalesce(titles.debts, '{}')
    from (
        select import_people.place, sum(import_people.lines) as rows, array_agg(
            row(
                import_people.client_id, import_people.is_new, import_people.is_changed,
                import_people.document, import_people.name, import_people.email, import_people.uf,
                import_people.external_id, import_people.extra, import_people.phones,
                import_people.open_cents, import_people.open_debts, import_people.oldest_due_on,
                import_people.creditor_ids
            )::private.planned_client
            order by import_people.document
        ) filter (where import_people.client_id is not null) as clients
        from pg_temp.import_people
        group by import_people.place
    ) as people
    left join (
        select import_people.place, array_agg(
            row(
                import_titles.action, import_titles.debt_id, import_titles.client_id,
                import_titles.creditor_id, import_titles.contract, import_titles.installment,
                import_titles.due_on, import_titles.principal_cents
            )::private.planned_debt
            -- By key, so that indexes grow at their end.
            order by import_titles.creditor_id, import_titles.contract, import_titles.installment
        ) as debts
        from pg_temp.import_titles
        join pg_temp.import_people using (document)
        group by import_people.place
    ) as titles using (place);
    drop table pg_temp.import_titles, pg_temp.import_people;
end;
$$;

-- What the file names and the import leaves alone: titles by status, and the first of them with
-- what the file says otherwise.
create function private.list_import_kept(out titles jsonb, out listed jsonb)
language plpgsql
security definer
set search_path = ''
as $$
begin
    select coalesce(jsonb_object_agg(counted.kept, counted.titles), '{}') into titles
    from (
        select import_debts.kept, count(*) as titles
        from pg_temp.import_debts
        where import_debts.kept is not null
        group by import_debts.kept
    ) as counted;
    select coalesce(jsonb_agg(
        jsonb_build_object(
            'document', shown.document, 'name', shown.name, 'contract', shown.contract,
            'installment', shown.installment, 'status', shown.kept,
            'changes', (
                select coalesce(jsonb_object_agg(
                    field.name, jsonb_build_array(shown.stored -> field.name, field.value)
                ), '{}')
                from jsonb_each(shown.said) as field (name, value)
                where shown.stored -> field.name <> field.value
            )
        )
        order by shown.document, shown.contract, shown.installment
    ), '[]') into listed
    from (
        select named.document, named.contract, named.installment, named.kept,
            -- As the import leaves it: a name that only its capitals tell apart is the same.
            case when lower(people.name) = lower(clients.name) then clients.name
                else coalesce(people.name, clients.name) end as name,
            jsonb_build_object(
                'due_on', debts.due_on, 'principal_cents', debts.principal_cents
            ) as stored,
            jsonb_build_object(
                'due_on', named.due_on, 'principal_cents', named.principal_cents
            ) as said
        from pg_temp.import_debts as named
        join public.debts on debts.id = named.debt_id
        join public.clients on clients.id = debts.client_id
        join pg_temp.import_clients as people on people.document = named.document
        where named.kept is not null
        order by named.document, named.contract, named.installment
        limit private.listed_changes()
    ) as shown;
end;
$$;
