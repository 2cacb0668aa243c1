-- What a scope adds up to: facts of the days that are kept, events of the others.

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
create function private.panel_live_events(
    scope private.panel_scope, kept date[], families text[] default null
)
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
        scope.tenant_id, live.from_day, live.until_day, panel_live_events.families
    ) as event
    where (scope.operator_ids is null or event.operator_id = any(scope.operator_ids))
      and (scope.creditor_ids is null or event.creditor_ids && scope.creditor_ids)
$$;

-- A statement with its places filled in.
create function private.panel_text(statement text, places jsonb) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_place record;
begin
    for v_place in select * from jsonb_each_text(places) loop
        statement := replace(statement, v_place.key, v_place.value);
    end loop;
    return statement;
end;
$$;

-- {key, measure, events, clients, amount}. `split_by` is what the rows are summed by: '' (all in
-- one), day, operator, team (who is in two counts in both), creditor. Of one measure, less is read.
create function private.panel_sums(
    scope private.panel_scope, split_by text, only_measure text default null
)
returns table (key text, measure text, events bigint, clients bigint, amount bigint)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_kept date [] := private.panel_kept_days(scope);
    v_months date [] := case when split_by <> 'day' then private.panel_kept_months(
        scope.tenant_id, v_kept, split_by = 'team' or scope.team_id is not null
    ) else '{}' end;
    v_by_creditor boolean := split_by = 'creditor';
begin
    return query execute private.panel_text($sql$
        with event as materialized (
            select * from private.panel_live_events($1, $2, $4) as live
            where $3 is null or live.measure = $3
        ),
        added as (
            select fact.day, fact.measure, fact.creditor_id, fact.operator_id, fact.events,
                fact.amount
            from private.panel_facts as fact
            where fact.tenant_id = ($1).tenant_id and fact.day = any($6)
              and fact.creditor_id $creditor
              and ($3 is null or fact.measure = $3)
              and (($1).operator_ids is null or fact.operator_id = any(($1).operator_ids))
            union all
            select fact.month, fact.measure, fact.creditor_id, fact.operator_id, fact.events,
                fact.amount
            from private.panel_month_facts as fact
            where fact.tenant_id = ($1).tenant_id and fact.month = any($5)
              and fact.creditor_id $creditor
              and ($3 is null or fact.measure = $3)
              and (($1).operator_ids is null or fact.operator_id = any(($1).operator_ids))
            union all
            -- What two of some creditors share was added twice.
            select shared.day, shared.measure, null, shared.operator_id,
                shared.events * (1 - common.size), shared.amount * (1 - common.size)
            from private.panel_overlaps as shared
            cross join lateral (
                select count(*) as size from unnest(shared.creditor_ids) as said (id)
                where said.id = any(($1).creditor_ids)
            ) as common
            where $whole and shared.tenant_id = ($1).tenant_id and shared.day = any($2)
              and shared.creditor_ids && ($1).creditor_ids and common.size > 1
              and ($3 is null or shared.measure = $3)
              and (($1).operator_ids is null or shared.operator_id = any(($1).operator_ids))
            union all
            select event.day, event.measure, scope.creditor_id, event.operator_id, 1,
                event.amount
            from event
            cross join lateral $each as scope (creditor_id)
        ),
        added_up as (
            select $key as key, row.measure, sum(row.events)::bigint as events,
                sum(row.amount)::bigint as amount
            from added as row $teams where $seated group by 1, 2
        ),
        picked as materialized (
            select $key as key, row.measure, row.members, row.bits
            from (
                select kept.*, kept.from_day as day
                from (
                    select false as is_month, listed as day from unnest($6) as listed
                    union all
                    select true, listed from unnest($5) as listed
                ) as span
                join private.panel_sets as kept
                    on kept.tenant_id = ($1).tenant_id and kept.is_month = span.is_month
                    and kept.from_day = span.day
                where kept.is_sum = $of_all and kept.creditor_id $creditor
                  and ($3 is null or kept.measure = $3)
                  and (($1).operator_ids is null or kept.operator_id = any(($1).operator_ids))
            ) as row $teams
            where $seated
        ),
        live as (
            select distinct $key as key, row.measure, row.client_id, known.ordinal
            from (
                select event.*, scope.creditor_id
                from event
                cross join lateral $each as scope (creditor_id)
                where event.measure in ('attempt', 'right_party', 'agreement')
                  and event.client_id is not null
            ) as row $teams
            left join private.panel_ordinals as known
                on known.tenant_id = ($1).tenant_id and known.client_id = row.client_id
            where $seated
        ),
        dense as materialized (
            select picked.key, picked.measure, bit_or(picked.bits::bit($size)) as bits
            from picked where picked.bits is not null
            group by picked.key, picked.measure
        ),
        loose as (
            select picked.key, picked.measure, member
            from picked cross join unnest(picked.members) as member
            union
            select live.key, live.measure, live.ordinal from live where live.ordinal is not null
        ),
        different as (
            select part.key, part.measure, sum(part.clients)::bigint as clients
            from (
                select dense.key, dense.measure, bit_count(dense.bits) as clients from dense
                union all
                select loose.key, loose.measure, count(*)
                from loose
                left join dense on dense.key = loose.key and dense.measure = loose.measure
                where dense.key is null or get_bit(dense.bits, loose.member) = 0
                group by loose.key, loose.measure
                union all
                -- Whom no kept day has seen yet.
                select live.key, live.measure, count(*)
                from live where live.ordinal is null
                group by live.key, live.measure
            ) as part
            group by part.key, part.measure
        )
        select added_up.key, added_up.measure, added_up.events,
            coalesce(different.clients, 0), added_up.amount
        from added_up
        left join different
            on different.key = added_up.key and different.measure = added_up.measure
    $sql$, jsonb_build_object(
        '$each', case
            when v_by_creditor and scope.creditor_ids is null then 'unnest(event.creditor_ids)'
            when v_by_creditor then '(select said.id from unnest(event.creditor_ids) as said (id)
                where said.id = any(($1).creditor_ids))'
            else '(values (null::uuid))' end,
        '$key', case split_by
            when 'day' then 'row.day::text'
            when 'operator' then 'coalesce(row.operator_id::text, '''')'
            when 'team' then 'coalesce(team.team_id::text, '''')'
            when 'creditor' then 'row.creditor_id::text' else '''''' end,
        '$teams', case when split_by = 'team' then 'left join private.team_seats as team
            on team.tenant_id = ($1).tenant_id and team.user_id = row.operator_id
            and row.day between team.from_on and team.until_on'
            else '' end,
        '$seated', case when scope.team_id is null then 'true'
            -- Written out: a function would be called for every fact.
            else 'exists (
                select from private.team_seats as seat
                where seat.tenant_id = ($1).tenant_id and seat.team_id = ($1).team_id
                  and seat.user_id = row.operator_id
                  and row.day between seat.from_on and seat.until_on
            )' end,
        '$creditor', case
            when scope.creditor_ids is not null then '= any(($1).creditor_ids)'
            when v_by_creditor then 'is not null' else 'is null' end,
        '$whole', (not v_by_creditor)::text,
        '$of_all', (split_by not in ('operator', 'team') and scope.operator_ids is null)::text,
        '$size', greatest(private.panel_size(scope.tenant_id), 1)::text
    ))
    using scope, v_kept, only_measure,
        case when only_measure is not null then private.panel_families(only_measure) end,
        v_months,
        array(
            select listed from unnest(v_kept) as listed
            where date_trunc('month', listed)::date <> all(v_months)
        );
end;
$$;
