-- Turns what a person typed into one condition on `clients`. Every value is quoted by format(%L);
-- every branch carries the tenant, because it runs as definer.
create function private.prefix_range(expression text, prefix text) returns text
language sql
immutable
set search_path = ''
as $$
    -- '~' sorts after every letter and digit under collate "C": a range an index can serve.
    select pg_catalog.format('(%1$s >= %2$L and %1$s < %3$L)', expression, prefix, prefix || '~')
$$;

create function private.like_word(word text) returns text
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.format(
        'clients.name_key like %L',
        '%' || pg_catalog.regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%'
    )
$$;

create function private.search_condition(tenant_id uuid, typed text) returns text
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
    v_ids text[] := '{}';
    v_name text;
begin
    if v_typed like '%@%' then
        v_ids := v_ids || format(
            'select known.id from public.clients as known where known.tenant_id = %L and %s',
            tenant_id, private.prefix_range('known.email_key', lower(v_typed))
        );
        return format('clients.id in (%s)', v_ids[1]);
    end if;
    if v_typed ~ '[0-9]' then
        v_ids := v_ids || format(
            'select debts.client_id from public.debts where debts.tenant_id = %L and (%s or %s)',
            tenant_id, private.prefix_range('debts.contract', v_typed),
            private.prefix_range('debts.contract', upper(v_typed))
        ) || format(
            'select known.id from public.clients as known where known.tenant_id = %L and %s',
            tenant_id, private.prefix_range('known.external_id', v_typed)
        );
    end if;
    -- A CNPJ may hold letters, so whatever has a digit may be the beginning of a document.
    if v_typed ~ '[0-9]' and length(v_document) >= 3 then
        v_ids := v_ids || format(
            'select known.id from public.clients as known where known.tenant_id = %L and %s',
            tenant_id, private.prefix_range('known.document', v_document)
        );
    end if;
    if v_is_number then
        v_ids := v_ids || format(
            'select phones.client_id from public.client_phones as phones
             where phones.tenant_id = %L and (%s or %s)',
            tenant_id, private.prefix_range('phones.phone', '+55' || v_digits),
            private.prefix_range('phones.phone', '+' || v_digits)
        );
        -- From eight digits on, people say a number without its area code.
        if length(v_digits) >= 8 then
            v_ids := v_ids || format(
                'select phones.client_id from public.client_phones as phones
                 where phones.tenant_id = %L and %s',
                tenant_id,
                private.prefix_range('phones.phone_tail', reverse(v_digits))
            );
        end if;
    end if;
    if v_key ~ '[a-z]' then
        -- Trigrams need three letters; less is the beginning of a name.
        v_name := case when length(v_key) < 3
            then private.prefix_range('clients.name_key', v_key)
            else (
                select string_agg(private.like_word(word), ' and ')
                from unnest(string_to_array(v_key, ' ')) as word
            )
        end;
        if v_ids = '{}' then
            return v_name;
        end if;
        v_ids := v_ids || format(
            'select clients.id from public.clients where clients.tenant_id = %L and %s',
            tenant_id, v_name
        );
    end if;
    if v_ids = '{}' then
        return 'false';
    end if;
    return format('clients.id in (%s)', array_to_string(v_ids, ' union all '));
end;
$$;
comment on function private.search_condition(uuid, text) is
'SQL condition on clients for a typed name, document, phone, contract, external id or e-mail.';

-- A name search answers in tiers: the exact name, then the phrase, then its scattered words. Each
-- tier is a query of its own in the list's order, so that a common word walks that order and stops,
-- instead of ranking a hundred thousand people to show sixty.
create function private.search_tiers(typed text) returns text[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_key text := private.search_key(typed);
    v_phrase text := private.like_word(v_key);
begin
    -- With a digit or an @ it is no name alone, and below three letters there are no trigrams.
    if v_key is null or v_key !~ '[a-z]' or v_key ~ '[0-9@]' or length(v_key) < 3 then
        return array['true'];
    end if;
    return array[
        format('clients.name_key = %L', v_key),
        format('%s and clients.name_key <> %L', v_phrase, v_key)
    ] || case when v_key like '% %' then array['not ' || v_phrase] else '{}' end;
end;
$$;
