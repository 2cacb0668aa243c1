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
    v_by_creditor boolean := split_by = 'creditor';
begin
    return query execute replace(replace(replace(replace(replace($sql$
        with event as materialized (
            select * from private.panel_live_events($1, $2, $4) as live
            where $3 is null or live.measure = $3
        ),
        added as (
            select fact.day, fact.measure, fact.creditor_id, fact.operator_id, fact.events,
                fact.amount
            from private.panel_facts as fact
            where fact.tenant_id = ($1).tenant_id and fact.day = any($2)
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
            where $is_summed and shared.tenant_id = ($1).tenant_id and shared.day = any($2)
              and shared.creditor_ids && ($1).creditor_ids and common.size > 1
              and ($3 is null or shared.measure = $3)
              and (($1).operator_ids is null or shared.operator_id = any(($1).operator_ids))
            union all
            select event.day, event.measure, scope.creditor_id, event.operator_id, 1,
                event.amount
            from event
            cross join lateral $scopes as scope (creditor_id)
        ),
        added_up as (
            select $key as key, row.measure, sum(row.events)::bigint as events,
                sum(row.amount)::bigint as amount
            from added as row $teams group by 1, 2
        ),
        reached as (
            select known.day, known.measure, known.client_id, known.operator_id,
                known.creditor_ids
            from private.panel_reach as known
            where known.tenant_id = ($1).tenant_id and known.day = any($2)
              and ($3 is null or known.measure = $3)
              and (($1).operator_ids is null or known.operator_id = any(($1).operator_ids))
              and (($1).creditor_ids is null or known.creditor_ids && ($1).creditor_ids)
            union all
            select event.day, event.measure, event.client_id, event.operator_id,
                event.creditor_ids
            from event
            where event.measure in ('attempt', 'right_party', 'agreement') and event.client_id is not null
        ),
        different as (
            select $key as key, row.measure, count(distinct row.client_id) as clients
            from (
                select event.*, scope.creditor_id
                from reached as event
                cross join lateral $scopes as scope (creditor_id)
            ) as row $teams
            group by 1, 2
        )
        select added_up.key, added_up.measure, added_up.events,
            coalesce(different.clients, 0), added_up.amount
        from added_up
        left join different
            on different.key = added_up.key and different.measure = added_up.measure
    $sql$,
        '$scopes', case
            when v_by_creditor and scope.creditor_ids is null then 'unnest(event.creditor_ids)'
            when v_by_creditor then '(select said.id from unnest(event.creditor_ids) as said (id)
                where said.id = any(($1).creditor_ids))'
            else '(values (null::uuid))' end),
        '$key', case split_by
            when 'day' then 'row.day::text'
            when 'operator' then 'coalesce(row.operator_id::text, '''')'
            when 'team' then 'coalesce(team.team_id::text, '''')'
            when 'creditor' then 'row.creditor_id::text' else '''''' end),
        '$teams', case when split_by = 'team' then 'left join public.team_members as team
            on team.tenant_id = ($1).tenant_id and team.user_id = row.operator_id'
            else '' end),
        '$creditor', case
            when scope.creditor_ids is not null then '= any(($1).creditor_ids)'
            when v_by_creditor then 'is not null' else 'is null' end),
        '$is_summed', case when v_by_creditor then 'false' else 'true' end
        )
    using scope, v_kept, only_measure,
        case when only_measure is not null then private.panel_families(only_measure) end;
end;
$$;
