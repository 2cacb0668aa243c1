-- A keyset cursor is opaque to the page: base64 of a JSON array of the last row's sort values.
create function private.encode_cursor(sort_values jsonb) returns text
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.translate(
        pg_catalog.encode(pg_catalog.convert_to(sort_values::text, 'UTF8'), 'base64'), E'\n', ''
    )
$$;

create function private.decode_cursor(cursor_text text, size int) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_json text;
begin
    if cursor_text ~ '^[A-Za-z0-9+/]+={0,2}$' and length(cursor_text) % 4 = 0 then
        v_json := convert_from(decode(cursor_text, 'base64'), 'SQL_ASCII');
        if pg_input_is_valid(v_json, 'jsonb') then
            if jsonb_typeof(v_json::jsonb) = 'array' and jsonb_array_length(v_json::jsonb) = size
            then
                return v_json::jsonb;
            end if;
        end if;
    end if;
    raise exception 'invalid_cursor' using errcode = 'PT400',
        detail = 'not a cursor this list gave out';
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
                'type', call_dispositions.disposition_type, 'at', call_dispositions.created_at
            )
            from public.call_dispositions
            where call_dispositions.tenant_id = client.tenant_id
              and call_dispositions.client_id = client.id
            order by call_dispositions.created_at desc, call_dispositions.id desc
            limit 1
        )
    )
$$;
