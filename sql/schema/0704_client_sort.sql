-- The orders of the carteira: one for each column that the page shows.
create type private.client_sort as (
    name text,
    -- What is compared, and its type.
    expression text,
    type_name text,
    is_descending boolean,
    -- Whose rows are walked in that order: `clients`, or a table that has the value in an index.
    source text,
    client_id text,
    -- Who has no value and comes last in both directions; null when everybody has one.
    is_empty text,
    -- The same value asked of one client, for the sort of a name search, which takes few.
    of_client text
);

create function private.read_client_sort(sort text) returns private.client_sort
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_sort private.client_sort;
begin
    select sort, known.expression, known.type_name, sort like '-%',
        coalesce(known.source, 'public.clients'), coalesce(known.client_id, 'clients.id'),
        known.is_empty, coalesce(known.of_client, known.expression)
    into v_sort
    from (
        values
        ('name', 'clients.name_key collate "C"', 'text', null, null, null, null),
        ('document', 'clients.document', 'text', null, null, null, null),
        ('open_cents', 'clients.open_cents', 'bigint', null, null, null, null),
        ('open_debts', 'clients.open_debts', 'int', null, null, null, null),
        ('created_at', 'clients.created_at', 'timestamptz', null, null, null, null),
        ('oldest_due_on', 'clients.oldest_due_on', 'date', null, null,
            'clients.oldest_due_on is null', null),
        ('last_contact_at', 'contact.last_contact_at', 'timestamptz',
            'private.client_contacts as contact join public.clients
                on clients.tenant_id = contact.tenant_id and clients.id = contact.client_id
                and contact.tenant_id = ($1).tenant_id', 'contact.client_id',
            'not ' || private.contact_is('contact.last_contact_at is not null', false),
            '(select contact.last_contact_at from private.client_contacts as contact
              where contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id)'),
        -- The phone that the row shows: the first to try.
        ('phone', 'reach.phone', 'text',
            'public.client_phones as reach join public.clients
                on clients.tenant_id = reach.tenant_id and clients.id = reach.client_id
                and reach.tenant_id = ($1).tenant_id and not exists (
                    select from public.client_phones as earlier
                    where earlier.tenant_id = reach.tenant_id
                      and earlier.client_id = reach.client_id
                      and (earlier.position, earlier.id) < (reach.position, reach.id)
                )', 'reach.client_id', 'not clients.has_phone',
            '(select reach.phone from public.client_phones as reach
              where reach.tenant_id = ($1).tenant_id and reach.client_id = clients.id
              order by reach.position, reach.id limit 1)'),
        -- Walked creditor by creditor; a client of several stands with the first by name.
        ('creditor', null, 'text', null, null, 'clients.creditor_ids = ''{}''',
            '(select owed.name_key collate "C" from public.creditors as owed
              where owed.tenant_id = ($1).tenant_id and owed.id = any(clients.creditor_ids)
              order by owed.name_key collate "C", owed.id limit 1)')
    ) as known (name, expression, type_name, source, client_id, is_empty, of_client)
    where known.name = ltrim(sort, '-') and sort !~ '^--';
    if not found then
        raise exception 'sort_invalid' using errcode = 'PT400', detail = sort;
    end if;
    return v_sort;
end;
$$;

-- Serves the order by number of titles; the others' indexes stand beside their tables.
create index clients_by_open_debts on public.clients (tenant_id, open_debts, id);
