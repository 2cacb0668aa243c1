-- One spelling for comparing names: no accents, lower case, single spaces. Immutable so that it can
-- feed stored columns and indexes; the dictionary is named in full, hence no search_path surprise.
create function private.search_key(value text) returns text
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
    select pg_catalog.btrim(pg_catalog.regexp_replace(
        pg_catalog.lower(
            extensions.unaccent('extensions.unaccent'::pg_catalog.regdictionary, value)
        ),
        '\s+', ' ', 'g'
    ))
$$;
grant execute on function private.search_key(text) to authenticated;
