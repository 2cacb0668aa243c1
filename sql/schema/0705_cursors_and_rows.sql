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
