-- What a person typed, taken apart into what it may be: a name, a document, a phone, a contract, an
-- e-mail, an external id. Only values come out; the SQL that compares them is written below, once,
-- and gets them as parameters.
create type private.client_search as (
    typed text,
    -- Trigrams need three letters: a longer name is matched word by word anywhere …
    words text [],
    -- … a shorter one is the beginning of a name.
    name_prefix text,
    -- The whole of it, for ranking; null when it holds no letter. As a pattern, from three on.
    name_key text,
    phrase text,
    email text,
    -- Contract or external id: as typed; contracts also in capitals.
    code text,
    document text,
    -- Phones by their first digits, with and without the country; by their last ones, reversed.
    phone text,
    foreign_phone text,
    phone_tail text,
    -- So many begin with it that they are met sooner along the list's order than looked up.
    is_broad boolean,
    -- So many have the words in their names.
    is_common boolean
);

create function private.read_search(typed text) returns private.client_search
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_typed text := btrim(typed);
    v_key text := private.search_key(typed);
    v_digits text := regexp_replace(typed, '\D', '', 'g');
    v_document text := regexp_replace(upper(typed), '[^0-9A-Z]', '', 'g');
    -- Only digits and what people put between them: perhaps a phone.
    v_is_number boolean := v_typed ~ '^[0-9.\-/() +]+$' and length(v_digits) >= 3;
    v_search private.client_search;
begin
    v_search.typed := v_typed;
    if v_typed like '%@%' then
        v_search.email := lower(v_typed);
        return v_search;
    end if;
    if v_typed ~ '[0-9]' then
        v_search.code := v_typed;
    end if;
    -- A CNPJ may hold letters, so whatever has a digit may be the beginning of a document.
    if v_typed ~ '[0-9]' and length(v_document) >= 3 then
        v_search.document := v_document;
    end if;
    -- Fewer digits begin half the phones of a town.
    if v_is_number and length(v_digits) >= 5 then
        v_search.phone := '+55' || v_digits;
        v_search.foreign_phone := '+' || v_digits;
        -- From eight digits on, people say a number without its area code.
        if length(v_digits) >= 8 then
            v_search.phone_tail := reverse(v_digits);
        end if;
    end if;
    if v_key ~ '[a-z]' then
        v_search.name_key := v_key;
        if length(v_key) < 3 then
            v_search.name_prefix := v_key;
        else
            v_search.words := array(
                select '%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%'
                from unnest(string_to_array(v_key, ' ')) as word
            );
            v_search.phrase := '%' || regexp_replace(v_key, '([\\%_])', '\\\1', 'g') || '%';
        end if;
    end if;
    return v_search;
end;
$$;

-- Where an id may be found: SELECTs of client ids for a search in ($1).search, or, `by_client`, of
-- anything for one row of `clients`. Prefixes are ranges that an index can serve: '~' sorts after
-- every letter and digit under collate "C".
create function private.search_branches(search private.client_search, by_client boolean)
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_branches text[] := '{}';
    v_debts text := case when by_client then ' and debts.client_id = clients.id' else '' end;
    v_phones text := case when by_client then ' and phones.client_id = clients.id' else '' end;
    v_known text := case when by_client then ' and known.id = clients.id' else '' end;
begin
    if search.code is not null then
        v_branches := v_branches || ('
            select debts.client_id from public.debts
            where debts.tenant_id = ($1).tenant_id' || v_debts || ' and (
                debts.contract >= (($1).search).code
                and debts.contract < (($1).search).code || ''~''
                or debts.contract >= upper((($1).search).code)
                and debts.contract < upper((($1).search).code) || ''~''
            )') || ('
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id' || v_known || '
              and known.external_id >= (($1).search).code
              and known.external_id < (($1).search).code || ''~''');
    end if;
    if search.document is not null then
        v_branches := v_branches || ('
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id' || v_known || '
              and known.document >= (($1).search).document
              and known.document < (($1).search).document || ''~''');
    end if;
    if search.phone is not null then
        v_branches := v_branches || ('
            select phones.client_id from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id' || v_phones || ' and (
                phones.phone >= (($1).search).phone
                and phones.phone < (($1).search).phone || ''~''
                or phones.phone >= (($1).search).foreign_phone
                and phones.phone < (($1).search).foreign_phone || ''~''
            )');
    end if;
    if search.phone_tail is not null then
        v_branches := v_branches || ('
            select phones.client_id from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id' || v_phones || '
              and phones.phone_tail >= (($1).search).phone_tail
              and phones.phone_tail < (($1).search).phone_tail || ''~''');
    end if;
    return v_branches;
end;
$$;

create function private.words_condition(search private.client_search) returns text
language sql
immutable
set search_path = ''
as $$
    select string_agg(format('clients.name_key like ((($1).search).words)[%s]', place), ' and ')
    from generate_series(1, cardinality(search.words)) as place
$$;

-- The condition on `clients`: holds no value of the search, which is parameter ($1).search.
create function private.search_condition(search private.client_search) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_branches text[] := private.search_branches(search, coalesce(search.is_broad, false));
    v_name text := 'false';
begin
    if search.email is not null then
        -- Found first and ordered after: addresses of one portfolio resemble each other so much that
        -- the planner takes few for many, and would look for them along the list's order. The index
        -- holds filled addresses only, which it does not see through `collate`.
        return 'clients.id = any(array(
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id and known.email_key is not null
              and known.email_key >= (($1).search).email
              and known.email_key < (($1).search).email || ''~''
        ))';
    end if;
    if search.name_prefix is not null then
        v_name := 'clients.name_key collate "C" >= (($1).search).name_prefix
            and clients.name_key collate "C" < (($1).search).name_prefix || ''~''';
    elsif search.words is not null then
        v_name := private.words_condition(search);
    end if;
    if v_branches = '{}' then
        return v_name;
    end if;
    if search.is_broad then
        return '(' || v_name || (
            select string_agg(' or exists (' || branch || ')', '') from unnest(v_branches) as branch
        ) || ')';
    end if;
    if v_name <> 'false' then
        v_branches := v_branches || (
            'select clients.id from public.clients
            where clients.tenant_id = ($1).tenant_id and ' || v_name
        );
    end if;
    return 'clients.id in (' || array_to_string(v_branches, ' union all ') || ')';
end;
$$;
