-- The carteira. Definer with the tenant inside, because the search operators are not leakproof and
-- under RLS would scan a million rows. The statement is put together from fixed fragments, one set
-- per need; what the caller typed travels as parameters.
-- A name is ranked by how well it fits; what merely begins like everybody's contract is not.
create function private.is_ranked(search private.client_search) returns boolean
language sql
immutable
set search_path = ''
as $$ select search.name_key is not null and search.is_broad is not true $$;

create function private.empty_page_sql() returns text
language sql
immutable
set search_path = ''
as $$
    select 'select clients.id, null::int as rank, null as value, true as is_empty
        from public.clients where false'
$$;

-- Ids of one page in their order. Parameters: $1 filter, $2 cursor, $3 how many.
create function private.client_page_sql(
    filter private.client_filter, sort private.client_sort, after text[]
) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_walks text[] := '{}';
begin
    if private.is_ranked((filter).search) then
        return private.ranked_page_sql(filter, sort, after);
    end if;
    -- Rows without the sort's value are a last walk that begins where the others end, so that all
    -- follow an index. A walk that can find nobody is not begun: it would look at everybody.
    if after is null or not after[3]::boolean then
        v_walks := case
            when sort.name like '%creditor' then private.creditor_walks(filter, sort, after)
            when private.is_walkable(filter, sort, false)
                then array[private.client_walk(filter, sort, after)]
            else v_walks end;
    end if;
    if sort.is_empty is not null and private.is_walkable(filter, sort, true) then
        v_walks := v_walks || format(
            '(select clients.id, null::int as rank, ''infinity'' as value, true as is_empty
            from public.clients where %s and %s%s order by clients.id limit $3)',
            private.client_condition(filter), sort.is_empty,
            case when after[3]::boolean then ' and clients.id > ($2)[4]::uuid' else '' end
        );
    end if;
    -- Without an order of its own the second walk is not begun before the first has ended.
    return case cardinality(v_walks)
        when 0 then private.empty_page_sql()
        when 1 then v_walks[1]
        else array_to_string(v_walks, ' union all ') || ' limit $3'
    end;
end;
$$;

-- Whether anybody with (without) the sort's value can match.
create function private.is_walkable(
    filter private.client_filter, sort private.client_sort, is_empty boolean
) returns boolean
language sql
immutable
set search_path = ''
as $$
    select case ltrim(sort.name, '-')
        when 'last_contact_at' then case when is_empty
            then num_nonnulls(
                filter.contact_from, filter.contact_before, filter.disposition_types) = 0
            else not coalesce(filter.is_never_contacted, false) end
        when 'oldest_due_on' then case when is_empty
            then not coalesce('open' = all(filter.statuses), false)
            else not coalesce('open' <> all(filter.statuses), false) end
        when 'phone' then coalesce(filter.has_phone <> is_empty, true)
        else true
    end
$$;

-- One walk along the sort's index.
create function private.client_walk(
    filter private.client_filter, sort private.client_sort, after text[]
) returns text
language sql
immutable
set search_path = ''
as $$
    select format(
        '(select clients.id, null::int as rank, (%1$s)::text as value, false as is_empty
        from %2$s where %3$s%4$s%5$s order by %1$s %6$s, %7$s %6$s limit $3)',
        sort.expression, sort.source,
        private.client_condition(filter, sort.name like '%last_contact_at'),
        case when sort.is_empty is not null then format(' and %s is not null', sort.expression)
            else '' end,
        case when after is null then '' else format(
            ' and (%s, %s) %s (($2)[5]::%s, ($2)[4]::uuid)', sort.expression, sort.client_id,
            case when sort.is_descending then '<' else '>' end, sort.type_name
        ) end,
        case when sort.is_descending then 'desc' else 'asc' end, sort.client_id
    )
$$;

-- Creditor by creditor, in the order of ($1).creditor_order; a tenant works for tens of them. Who
-- has several stands with the first by name, in both directions.
create function private.creditor_walks(
    filter private.client_filter, sort private.client_sort, after text[]
) returns text[]
language sql
immutable
set search_path = ''
as $$
    select coalesce(array_agg(format(
        '(select clients.id, null::int as rank, (($1).creditor_order)[%1$s]::text as value,
            false as is_empty
        from public.clients
        where %2$s and clients.creditor_ids @> (($1).creditor_order)[%1$s:%1$s]%3$s%4$s
        order by clients.id %5$s limit $3)',
        place, private.client_condition(filter),
        case when place > 1 then format(
            ' and not clients.creditor_ids && (($1).creditor_order)[1:%s]', place - 1
        ) else '' end,
        case when place = from_place then format(
            ' and clients.id %s ($2)[4]::uuid', case when sort.is_descending then '<' else '>' end
        ) else '' end,
        case when sort.is_descending then 'desc' else 'asc' end
    ) order by case when sort.is_descending then -place else place end), '{}')
    from array_position(filter.creditor_order, after[5]::uuid) as from_place
    cross join generate_series(1, cardinality(filter.creditor_order)) as place
    where from_place is null
       or case when sort.is_descending then place <= from_place else place >= from_place end
$$;

-- The page's ids in one array, and the cursor of the last that is shown. $4: name of the order.
create function private.page_and_next_sql(page text) returns text
language sql
immutable
set search_path = ''
as $$
    select 'with page as materialized (
            select found.*, row_number() over () as place from (' || page || ') as found
        )
        select array_agg(page.id order by page.place),
            case when count(*) = $3 then max(private.encode_cursor(
                $4, coalesce(page.rank::text, ''''), page.is_empty::text, page.id::text,
                -- A name may hold the sign that parts the values.
                replace(replace(page.value, ''%'', ''%25''), ''|'', ''%7C'')
            )) filter (where page.place = $3 - 1) end
        from page'
$$;

create function private.list_clients(filter jsonb, after text, page_size int, sort text)
returns json
language plpgsql
security definer
set search_path = ''
-- Compiling a plan costs more than any page takes; and no plan may read the others' portfolios.
set jit = off
set enable_seqscan = off
as $$
declare
    -- 200 rows is more than a screen shows and still a small answer.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_sort private.client_sort := private.read_client_sort(coalesce(sort, '-open_cents'));
    v_filter private.client_filter :=
        private.weigh_search(private.read_client_filter(v_tenant_id, coalesce(filter, '{}')));
    v_is_ranked boolean := private.is_ranked((v_filter).search);
    v_cursor text[];
    v_ids uuid[];
    v_next text;
begin
    if after is not null then
        v_cursor := private.decode_cursor(
            after, 'text', case when v_is_ranked then 'int' else 'text' end, 'boolean', 'uuid',
            v_sort.type_name
        );
        if v_cursor[1] <> v_sort.name or (v_cursor[2] = '') = v_is_ranked
            or v_is_ranked and v_cursor[2]::int not between 0 and 3
        then
            raise exception 'invalid_cursor' using errcode = 'PT400',
                detail = 'the cursor belongs to another order or search';
        end if;
        v_cursor[5] := replace(replace(v_cursor[5], '%7C', '|'), '%25', '%');
    end if;
    if v_sort.name like '%creditor' and not v_is_ranked then
        v_filter.creditor_order := array(
            select owed.id from public.creditors as owed where owed.tenant_id = v_tenant_id
            order by owed.name_key collate "C", owed.id
        );
        if v_cursor is not null and not v_cursor[3]::boolean
            and v_cursor[5] <> all(v_filter.creditor_order::text[])
        then
            raise exception 'invalid_cursor' using errcode = 'PT400',
                detail = 'no such creditor in the tenant';
        end if;
    end if;
    -- One more than asked says that there is a next page.
    execute private.page_and_next_sql(private.client_page_sql(v_filter, v_sort, v_cursor))
    into v_ids, v_next
    using v_filter, v_cursor, v_size + 1, v_sort.name;
    return json_build_object(
        'rows', private.client_rows(
            v_tenant_id, v_ids[:v_size], private.today(v_tenant_id), v_filter.now_at
        ),
        'next', v_next
    );
end;
$$;

create function public.list_clients(
    filter jsonb default '{}', after text default null, page_size int default 60,
    sort text default '-open_cents'
) returns json
language sql
set search_path = ''
as $$ select private.list_clients(filter, after, page_size, sort) $$;
comment on function public.list_clients(jsonb, text, int, text) is
'{rows, next}. filter: see private.read_client_filter; sort: name document open_cents open_debts
oldest_due_on last_contact_at phone creditor created_at, each with or without a leading minus.';

grant execute on function
private.list_clients(jsonb, text, int, text), public.list_clients(jsonb, text, int, text)
to authenticated;
