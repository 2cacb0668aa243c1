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
