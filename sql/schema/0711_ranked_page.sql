-- An exact name before all, then what begins so, what holds the phrase, and its scattered words:
-- one walk each, the next begun only when the page is not full. A common name thus fills its page
-- from the list's order; ranking all of its bearers would take them all. Of few bearers the last
-- two are looked up at once: the phrase alone has more trigrams to intersect than its words.
create function private.ranked_page_sql(
    filter private.client_filter, sort private.client_sort, after text[]
) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_search constant private.client_search := (filter).search;
    v_key constant text := '(($1).search).name_key';
    v_begins constant text := '(clients.name_key collate "C" >= ' || v_key
        || ' and clients.name_key collate "C" < ' || v_key || ' || ''~'')';
    v_holds constant text := 'clients.name_key like (($1).search).phrase';
    v_scattered text;
    v_walks text[];
begin
    -- One word without any digit has nothing else to be found by.
    if cardinality(v_search.words) > 1
        or cardinality(private.search_branches(v_search, false)) > 0
    then
        v_scattered := private.search_condition(v_search);
    end if;
    filter.search := null;
    v_walks := array[
        private.rank_walk(filter, sort, after, 0, 'clients.name_key collate "C" = ' || v_key),
        private.rank_walk(
            filter, sort, after, 1, v_begins || ' and clients.name_key <> ' || v_key
        )
    ];
    if v_search.phrase is null then
        -- Two letters have no phrase.
        v_walks := v_walks || private.rank_walk(
            filter, sort, after, 3, v_scattered || ' and not ' || v_begins
        );
    elsif v_scattered is not null and not v_search.is_common then
        v_walks := v_walks || private.rank_walk(
            filter, sort, after, 2, v_scattered || ' and not ' || v_begins, 'not ' || v_holds
        );
    else
        v_walks := v_walks || array[
            private.rank_walk(filter, sort, after, 2, v_holds || ' and not ' || v_begins),
            private.rank_walk(filter, sort, after, 3, v_scattered || ' and not ' || v_holds)
        ];
    end if;
    v_walks := array_remove(v_walks, null);
    return case cardinality(v_walks)
        when 0 then private.empty_page_sql()
        when 1 then v_walks[1]
        else array_to_string(v_walks, ' union all ') || ' limit $3' end;
end;
$$;

-- Who meets the condition, in the order of the sort; with `is_next`, those of whom it holds are of
-- the next rank and come after the others. Null when the page begins beyond, or nobody can.
create function private.rank_walk(
    filter private.client_filter, sort private.client_sort, after text[],
    rank int, condition text, is_next text default null
) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_after_rank constant int := after[2];
    v_last constant int := case when is_next is null then rank else rank + 1 end;
    v_rank constant text := case
        when is_next is null then rank::text
        else format('case when %s then %s else %s end', is_next, v_last, rank) end;
    -- Last in both directions; '~' sorts after every letter and digit, a space before.
    v_value constant text := case when sort.is_empty is null then sort.expression else format(
        'coalesce(%s, %L)', sort.of_client, case
            when sort.type_name = 'text' then case when sort.is_descending then ' ' else '~' end
            when sort.is_descending then '-infinity' else 'infinity' end
    ) end;
    v_begin text := '';
begin
    if condition is null or v_last < v_after_rank then
        return null;
    end if;
    if rank <= v_after_rank then
        v_begin := format(
            '(%s, clients.id) %s (($2)[5]::%s, ($2)[4]::uuid)',
            v_value, case when sort.is_descending then '<' else '>' end, sort.type_name
        );
        v_begin := ' and ' || case
            when is_next is null then v_begin
            when rank < v_after_rank then is_next || ' and ' || v_begin
            else '(' || is_next || ' or ' || v_begin || ')' end;
    end if;
    return format(
        '(select clients.id, %1$s as rank, (%2$s)::text as value, false as is_empty
        from public.clients where %3$s and (%4$s)%5$s
        order by %6$s%2$s %7$s, clients.id %7$s limit $3)',
        v_rank, v_value, private.client_condition(filter), condition, v_begin,
        case when is_next is null then '' else 'rank, ' end,
        case when sort.is_descending then 'desc' else 'asc' end
    );
end;
$$;
