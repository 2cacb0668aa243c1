-- The numbers of a period, for a creditor or an operator, by day, operator or creditor: facts of
-- the days that are kept and clean, events of the others, in one snapshot.
create type private.panel_scope as (
    tenant_id uuid,
    from_day date,
    until_day date,
    creditor_id uuid,
    operator_id uuid
);

create function private.read_panel_filter(tenant_id uuid, filter jsonb)
returns private.panel_scope
language plpgsql
stable
set search_path = ''
as $$
declare
    -- A year and its last day.
    c_max_days constant int := 366;
    v_types constant jsonb :=
        '{"from": "date", "to": "date", "creditor_id": "uuid", "operator_id": "uuid"}';
    v_key text;
    v_value text;
    v_scope private.panel_scope;
begin
    if jsonb_typeof(filter) is distinct from 'object' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'an object is needed';
    end if;
    for v_key, v_value in select entry.key, entry.value from jsonb_each_text(filter) as entry loop
        if not v_types ? v_key then
            raise exception 'unknown_filter' using errcode = 'PT400', detail = v_key;
        end if;
        if v_value is not null and not pg_input_is_valid(v_value, v_types ->> v_key) then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
        end if;
    end loop;
    v_scope := (
        read_panel_filter.tenant_id, (filter ->> 'from')::date, (filter ->> 'to')::date,
        (filter ->> 'creditor_id')::uuid, (filter ->> 'operator_id')::uuid
    )::private.panel_scope;
    if (v_scope.until_day - v_scope.from_day between 0 and c_max_days - 1) is not true then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'from, to';
    end if;
    return v_scope;
end;
$$;

-- Days whose facts can be trusted.
create function private.panel_kept_days(scope private.panel_scope) returns date[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(known.day order by known.day), '{}')
    from private.panel_days as known
    where known.tenant_id = scope.tenant_id
      and known.day between scope.from_day and scope.until_day
      and known.day < private.panel_open_from(scope.tenant_id)
      and not exists (
          select from private.panel_dirty as dirty
          where dirty.tenant_id = known.tenant_id and dirty.day = known.day
      )
$$;

-- Events of all other days of the scope, days in a row read in one go.
create function private.panel_live_events(scope private.panel_scope, kept date[])
returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    select event.*
    from (
        select min(asked.day) as from_day, max(asked.day) as until_day
        from (
            select days.day, days.day - (row_number() over (order by days.day))::int as island
            from (
                select scope.from_day + step as day
                from generate_series(0, scope.until_day - scope.from_day) as step
            ) as days
            where days.day <> all(panel_live_events.kept)
        ) as asked
        group by asked.island
    ) as live
    cross join lateral private.panel_events(
        scope.tenant_id, live.from_day, live.until_day
    ) as event
    where (scope.operator_id is null or event.operator_id = scope.operator_id)
      and (scope.creditor_id is null or event.creditor_ids @> array[scope.creditor_id])
$$;

-- {key, measure, events, clients, amount}. `split_by` is what the rows are summed by: '' (all in
-- one), day, operator, creditor.
create function private.panel_sums(scope private.panel_scope, split_by text)
returns table (key text, measure text, events bigint, clients bigint, amount bigint)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_kept date [] := private.panel_kept_days(scope);
begin
    return query execute replace(replace(replace(replace($sql$
        with event as materialized (
            select * from private.panel_live_events($1, $2)
        ),
        added as (
            select fact.day, fact.measure, fact.creditor_id, fact.operator_id, fact.events,
                fact.amount
            from private.panel_facts as fact
            where fact.tenant_id = ($1).tenant_id and fact.day = any($2)
              and fact.creditor_id $creditor
              and (($1).operator_id is null or fact.operator_id = ($1).operator_id)
            union all
            select event.day, event.measure, scope.creditor_id, event.operator_id, 1,
                event.amount
            from event
            cross join lateral $scopes as scope (creditor_id)
        ),
        added_up as (
            select $key as key, row.measure, sum(row.events)::bigint as events,
                sum(row.amount)::bigint as amount
            from added as row group by 1, 2
        ),
        reached as (
            select known.day, known.measure, known.client_id, known.operator_id,
                known.creditor_ids
            from private.panel_reach as known
            where known.tenant_id = ($1).tenant_id and known.day = any($2)
              and (($1).operator_id is null or known.operator_id = ($1).operator_id)
              and (($1).creditor_id is null or known.creditor_ids @> array[($1).creditor_id])
            union all
            select event.day, event.measure, event.client_id, event.operator_id,
                event.creditor_ids
            from event
            where private.panel_is_reach(event.measure) and event.client_id is not null
        ),
        different as (
            select $key as key, row.measure, count(distinct row.client_id) as clients
            from (
                select reached.*, scope.creditor_id
                from reached
                cross join lateral $scopes_of_reached as scope (creditor_id)
            ) as row
            group by 1, 2
        )
        select added_up.key, added_up.measure, added_up.events,
            coalesce(different.clients, 0), added_up.amount
        from added_up
        left join different
            on different.key = added_up.key and different.measure = added_up.measure
    $sql$,
        '$scopes_of_reached', case when split_by = 'creditor' and scope.creditor_id is null
            then 'unnest(reached.creditor_ids)' else '(values (($1).creditor_id))' end),
        '$scopes', case when split_by = 'creditor' and scope.creditor_id is null
            then 'unnest(event.creditor_ids)' else '(values (($1).creditor_id))' end),
        '$key', case split_by
            when 'day' then 'row.day::text'
            when 'operator' then 'coalesce(row.operator_id::text, '''')'
            when 'creditor' then 'row.creditor_id::text' else '''''' end),
        '$creditor', case
            when split_by = 'creditor' and scope.creditor_id is null then 'is not null'
            when scope.creditor_id is null then 'is null'
            else '= ($1).creditor_id' end
        )
    using scope, v_kept;
end;
$$;
