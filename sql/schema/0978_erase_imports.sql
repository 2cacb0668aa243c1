-- What an import tells lists rows of many people at once, so it is no table of one person (0976):
-- where the erased one is among them, the lists go, and the counts stay. Answers how many lists.
create function private.erase_from_imports(person private.person) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_rows bigint;
begin
    update public.imports as kept
    set answer = jsonb_set(jsonb_set(jsonb_set(
            kept.answer, '{rejects}', '[]'), '{differences,rows}', '[]'),
            '{differences,kept}', '[]'),
        differences = kept.differences || '{"rows": [], "kept": []}',
        rolled_back = jsonb_set(kept.rolled_back, '{kept,rows}', '[]')
    where kept.tenant_id = (person).tenant_id and exists (
        select from unnest((person).needles) as needle
        where strpos(
            -- As a file or a person wrote it: with or without points.
            regexp_replace(
                upper(concat(kept.answer, kept.differences, kept.rolled_back)), '[^0-9A-Z]', '', 'g'
            ), needle
        ) > 0
    );
    get diagnostics v_rows = row_count;
    return v_rows;
end;
$$;
