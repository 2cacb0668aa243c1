-- Steps of the plan (0448) and of the writing (0450), each with a rule of its own.

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
            when 'owner' then 'debt_of_another_client' else 'repeated_with_difference'
        end,
        column_name = headers ->> replace(refused.differs_in, 'owner', 'document'),
        value = case refused.differs_in
            when 'due_on' then to_char(staged.due_on, 'DD/MM/YYYY')
            when 'principal' then (staged.principal_cents / 100.0)::numeric(20, 2)::text
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
create function private.create_import_creditors(tenant_id uuid) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_new_creditors constant int := 100;
    v_new text[] := array(
        select min(import_creditors.creditor) from pg_temp.import_creditors
        where import_creditors.is_new
        group by import_creditors.creditor_id
        order by 1
    );
begin
    if cardinality(v_new) > 0 and not private.has_role('admin') then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'unknown: ' || array_to_string(v_new[1:5], '; ')
                || ' - an admin''s import creates new creditors';
    elsif cardinality(v_new) > c_new_creditors then
        raise exception 'too_many_new_creditors' using errcode = 'PT409',
            detail = format('%s names; is another column taken for the creditor?', cardinality(v_new));
    end if;
    insert into public.creditors (id, tenant_id, name)
    select import_creditors.creditor_id, create_import_creditors.tenant_id,
        min(import_creditors.creditor)
    from pg_temp.import_creditors
    where import_creditors.is_new
    group by import_creditors.creditor_id;
    return cardinality(v_new);
end;
$$;

-- Adds the numbers that are new to their client, behind those already there; nothing is removed,
-- because an operator may have added one. Answers the clients that were known before and got one.
create function private.add_import_phones(tenant_id uuid, added_at timestamptz) returns setof uuid
language plpgsql
security definer
set search_path = ''
as $$
begin
    return query
    with listed as (
        select import_rows.document, numbers.phone,
            min(import_rows.line * 100::bigint + numbers.place) as place
        from pg_temp.import_rows
        cross join unnest(import_rows.phones) with ordinality as numbers (phone, place)
        where import_rows.reason is null
        group by import_rows.document, numbers.phone
    ),
    stored as (
        select client_phones.client_id, max(client_phones.position) + 1 as next_position
        from public.client_phones
        join pg_temp.import_clients using (client_id)
        where client_phones.tenant_id = add_import_phones.tenant_id and not import_clients.is_new
        group by client_phones.client_id
    ),
    added as (
        insert into public.client_phones
            (tenant_id, client_id, phone, kind, position, created_at)
        select add_import_phones.tenant_id, import_clients.client_id, listed.phone,
            -- +55, two digits of area, and nine that begin with 9.
            case when length(listed.phone) = 14 then 'mobile' else 'landline' end
                ::public.phone_kind,
            coalesce(stored.next_position, 0) - 1
                + row_number() over (partition by listed.document order by listed.place),
            add_import_phones.added_at
        from listed
        join pg_temp.import_clients using (document)
        left join stored using (client_id)
        where import_clients.is_new or not exists (
            select from public.client_phones
            where client_phones.tenant_id = add_import_phones.tenant_id
              and client_phones.client_id = import_clients.client_id
              and client_phones.phone = listed.phone
        )
        order by import_clients.document
        returning client_phones.client_id
    )
    select distinct added.client_id
    from added
    join pg_temp.import_clients using (client_id)
    where not import_clients.is_new;
end;
$$;
