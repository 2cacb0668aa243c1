-- A keyset cursor is the last row's sort values, opaque to the page. What comes back is checked
-- value by value, because anybody can write one.
create function private.encode_cursor(variadic sort_values text[]) returns text
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.array_to_string(sort_values, '|')
$$;

create function private.decode_cursor(cursor_text text, variadic types text[]) returns text[]
language plpgsql
stable
set search_path = ''
as $$
declare
    v_values text[] := string_to_array(cursor_text, '|');
begin
    if cardinality(v_values) <> cardinality(types) or exists (
        select from unnest(v_values, types) as given (value, type)
        where not pg_input_is_valid(given.value, given.type)
    ) then
        raise exception 'invalid_cursor' using errcode = 'PT400',
            detail = 'not a cursor this list gave out';
    end if;
    return v_values;
end;
$$;

-- One line of the carteira.
create function private.client_row(client public.clients) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', client.id, 'document', client.document, 'name', client.name,
        'external_id', client.external_id, 'email', client.email, 'uf', client.uf,
        'open_cents', client.open_cents, 'open_debts', client.open_debts,
        'oldest_due_on', client.oldest_due_on, 'status', client.debt_status,
        'creditors', (
            select coalesce(jsonb_agg(creditors.name order by creditors.name), '[]')
            from public.creditors
            where creditors.tenant_id = client.tenant_id
              and creditors.id = any(client.creditor_ids)
        ),
        'phone', (
            select client_phones.phone
            from public.client_phones
            where client_phones.tenant_id = client.tenant_id
              and client_phones.client_id = client.id
            order by client_phones.position, client_phones.id
            limit 1
        ),
        'last_disposition', (
            select jsonb_build_object(
                'type', types.key, 'label', types.label, 'at', call_dispositions.created_at
            )
            from public.call_dispositions
            join public.disposition_types as types
                on types.tenant_id = call_dispositions.tenant_id
                and types.key = call_dispositions.disposition_type
            where call_dispositions.tenant_id = client.tenant_id
              and call_dispositions.client_id = client.id
            order by call_dispositions.created_at desc, call_dispositions.id desc
            limit 1
        )
    )
$$;
