-- What is counted of the stock: only of all people or one creditor at a time, and only where it was
-- written down. The opening is that of the period's first day, the rest that of its last one known.

create function private.panel_stock_day(scope private.panel_scope) returns date
language sql
stable
security definer
set search_path = ''
as $$
    select max(known.day) from private.panel_stock_days as known
    where known.tenant_id = (scope).tenant_id
      and known.day between (scope).from_day and (scope).until_day
$$;

create function private.has_panel_rows(tenant_id uuid, day date) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from private.panel_stock_days as known
        where known.tenant_id = has_panel_rows.tenant_id and known.day = has_panel_rows.day
          and known.has_rows
    )
$$;

-- Clients of a record: who may and can be contacted, their open titles, and who owes anything.
create function private.panel_stock_people(
    scope private.panel_scope, split_by text, day date
) returns table (key text, clients bigint, titles bigint, debtors bigint)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    if split_by = 'creditor' or coalesce(cardinality(scope.creditor_ids), 1) = 1 then
        return query
        select coalesce(case when split_by = 'creditor' then known.creditor_id::text end, ''),
            known.clients, known.titles, known.debtors
        from private.panel_eligible as known
        where known.tenant_id = scope.tenant_id and known.day = panel_stock_people.day
          and case
              when scope.creditor_ids is not null then known.creditor_id = any(scope.creditor_ids)
              else (known.creditor_id is not null) = (split_by = 'creditor')
          end;
    -- Who owes two of several creditors is one: only the rows know who that is.
    elsif private.has_panel_rows(scope.tenant_id, day) then
        return query
        select '', count(distinct person.client_id), count(person.client_id),
            count(distinct title.client_id)
        from private.panel_titles as title
        left join private.panel_reachable as person
            on person.tenant_id = title.tenant_id and person.client_id = title.client_id
            and panel_stock_people.day between person.from_day and person.until_day
            and title.state = 'open'
        where title.tenant_id = scope.tenant_id and title.state in ('open', 'agreed', 'held')
          and panel_stock_people.day between title.from_day and title.until_day
          and title.creditor_id = any(scope.creditor_ids);
    end if;
end;
$$;

create function private.panel_stock_sums(scope private.panel_scope, split_by text)
returns table (key text, measure text, events bigint, clients bigint, amount bigint)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_located_days constant int := 90;
    v_located private.panel_scope := scope;
    v_day date := private.panel_stock_day(scope);
    v_is_framed boolean := private.has_panel_rows(scope.tenant_id, scope.from_day);
begin
    if v_day is null or split_by not in ('', 'creditor', 'operator') then
        return;
    end if;
    return query
    select told.key, 'stock_provisional', sum(told.parts)::bigint, 0::bigint,
        sum(told.cents)::bigint
    from (
        select case split_by when 'creditor' then late.creditor_id::text
            when 'operator' then coalesce(late.operator_id::text, '') else '' end as key,
            1 as parts, late.cents
        from private.panel_provisional as late
        where late.tenant_id = scope.tenant_id and late.day = v_day
          and (scope.creditor_ids is null or late.creditor_id = any(scope.creditor_ids))
          and (scope.operator_ids is null or late.operator_id = any(scope.operator_ids))
          and private.panel_is_seated(scope, late.operator_id, late.day)
        union all
        -- None is a number, too, of a record that counted them: the same that first told titles.
        select '', 0, 0
        from private.panel_eligible as known
        where split_by = '' and known.tenant_id = scope.tenant_id and known.day = v_day
          and known.creditor_id is null and known.titles is not null
    ) as told
    group by told.key;
    if scope.operator_ids is not null or split_by = 'operator' then
        return;
    end if;
    return query
    with part as (
        select stock.creditor_id, told.measure, stock.titles, told.cents
        from private.panel_stock as stock
        cross join lateral (
            values
            ('stock', stock.day = v_day, 1),
            ('stock_opening', stock.day = scope.from_day, 1),
            -- What could have been collected, and what was: all that was owed or came, without what
            -- is not due yet; and without what is left.
            ('stock_collectable', v_is_framed and stock.day = scope.from_day, 1),
            ('stock_collectable', v_is_framed and stock.day = v_day and stock.band = 1, -1),
            ('stock_collected', v_is_framed and stock.day = scope.from_day, 1),
            ('stock_collected', v_is_framed and stock.day = v_day, -1)
        ) as asked (measure, holds, sign)
        cross join lateral (select asked.measure, stock.cents * asked.sign as cents) as told
        where stock.tenant_id = scope.tenant_id and stock.day in (v_day, scope.from_day)
          and asked.holds
        union all
        select title.creditor_id, told.measure, 1, title.cents
        from private.panel_titles as title
        cross join (
            values ('stock_entered'), ('stock_collectable'), ('stock_collected')
        ) as told (measure)
        where title.tenant_id = scope.tenant_id and title.is_entry and v_is_framed
          and title.from_day > scope.from_day and title.from_day <= v_day
          and title.state in ('open', 'agreed', 'held')
    ),
    added as (
        select case when split_by = 'creditor' then part.creditor_id::text else '' end as key,
            part.measure, sum(part.titles)::bigint as titles, sum(part.cents)::bigint as cents
        from part
        where scope.creditor_ids is null or part.creditor_id = any(scope.creditor_ids)
        group by 1, 2
    ),
    people as materialized (
        select * from private.panel_stock_people(scope, split_by, v_day)
    )
    select added.key, added.measure, added.titles,
        case when added.measure = 'stock' then people.debtors else 0 end, added.cents
    from added
    left join people on people.key = added.key and added.measure = 'stock'
    union all
    select people.key, told.measure, told.events, told.events, 0
    from people
    cross join lateral (
        values ('stock_eligible', people.clients), ('stock_eligible_title', people.titles)
    ) as told (measure, events)
    union all
    -- Nothing came new, and that is known.
    select '', 'stock_entered', 0, 0, 0
    where split_by = '' and v_is_framed
      and not exists (select from added where added.measure = 'stock_entered');
    v_located.until_day := least(scope.until_day, private.today(scope.tenant_id));
    v_located.from_day := v_located.until_day - c_located_days + 1;
    return query
    select reached.key, 'stock_located', reached.clients, reached.clients, 0::bigint
    from private.panel_sums(v_located, split_by, 'right_party') as reached
    where reached.measure = 'right_party';
end;
$$;
