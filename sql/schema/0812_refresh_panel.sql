-- Keeps the facts of days that are over, as sets. What commits while a day is being read leaves a
-- row in the journal, and the next run reads the day again: the journal's rows are taken first, by
-- a statement of their own, and the days are read with a later snapshot.
create function private.keep_panel_days(tenant_id uuid, days date[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_first date;
    v_last date;
    v_changed date [];
begin
    delete from private.panel_facts as known
    where known.tenant_id = keep_panel_days.tenant_id and known.day = any(days);
    delete from private.panel_overlaps as known
    where known.tenant_id = keep_panel_days.tenant_id and known.day = any(days);
    delete from private.panel_sets as known
    where known.tenant_id = keep_panel_days.tenant_id and not known.is_month
      and known.from_day = any(days);
    -- Days in a row are read in one go.
    for v_first, v_last in
        select min(asked.day), max(asked.day)
        from (
            select listed.day, listed.day - (row_number() over (order by listed.day))::int as island
            from (select distinct unnest(days) as day) as listed
        ) as asked
        group by asked.island
    loop
        with event as materialized (
            select * from private.panel_events(keep_panel_days.tenant_id, v_first, v_last)
        ),
        numbered as (
            insert into private.panel_ordinals (tenant_id, client_id, ordinal)
            select keep_panel_days.tenant_id, fresh.client_id,
                private.panel_size(keep_panel_days.tenant_id) - 1 + row_number() over ()
            from (
                select distinct event.client_id from event
                where event.measure in ('attempt', 'right_party', 'agreement')
                  and event.client_id is not null and not exists (
                      select from private.panel_ordinals as known
                      where known.tenant_id = keep_panel_days.tenant_id
                        and known.client_id = event.client_id
                  )
            ) as fresh
            returning client_id, ordinal
        ),
        reached as (
            select event.day, event.measure, event.operator_id, scope.creditor_id,
                coalesce(known.ordinal, numbered.ordinal) as ordinal
            from event
            left join private.panel_ordinals as known
                on known.tenant_id = keep_panel_days.tenant_id
                and known.client_id = event.client_id
            left join numbered on numbered.client_id = event.client_id
            cross join lateral (
                select null::uuid as creditor_id
                union all
                select unnest(event.creditor_ids)
            ) as scope
            where event.measure in ('attempt', 'right_party', 'agreement')
              and event.client_id is not null
        ),
        listed as (
            select reached.day, reached.measure, reached.creditor_id, reached.operator_id,
                grouping(reached.operator_id) = 1 as is_sum,
                array_agg(distinct reached.ordinal) as members
            from reached
            group by grouping sets (
                (reached.day, reached.measure, reached.creditor_id),
                (reached.day, reached.measure, reached.creditor_id, reached.operator_id)
            )
        ),
        sets as (
            insert into private.panel_sets (
                tenant_id, is_month, from_day, measure, creditor_id, is_sum, operator_id, members,
                bits
            )
            select keep_panel_days.tenant_id, false, judged.day, judged.measure,
                judged.creditor_id, judged.is_sum, judged.operator_id,
                case when judged.is_list then judged.members end,
                case when not judged.is_list then private.panel_bits(judged.members) end
            from (
                -- 32 bits are an integer: whichever is shorter.
                select listed.*,
                    cardinality(listed.members) * 32 <= listed.members[cardinality(listed.members)]
                        as is_list
                from listed
            ) as judged
        ),
        shared as (
            insert into private.panel_overlaps (
                tenant_id, day, measure, creditor_ids, operator_id, events, amount
            )
            select keep_panel_days.tenant_id, event.day, event.measure,
                array(select unnest(event.creditor_ids) order by 1) as ids, event.operator_id,
                count(*), sum(event.amount)
            from event
            where cardinality(event.creditor_ids) > 1
            group by event.day, event.measure, ids, event.operator_id
        )
        insert into private.panel_facts (
            tenant_id, day, measure, creditor_id, operator_id, events, amount
        )
        select keep_panel_days.tenant_id, event.day, event.measure, scope.creditor_id,
            event.operator_id, count(*), sum(event.amount)
        from event
        cross join lateral (
            select null::uuid as creditor_id
            union all
            select unnest(event.creditor_ids)
        ) as scope
        group by event.day, event.measure, scope.creditor_id, event.operator_id;
    end loop;
    with told as materialized (
        select listed.day, private.panel_reach_of(keep_panel_days.tenant_id, listed.day) as reach,
            known.reach as was
        from (select distinct unnest(days) as day) as listed
        left join private.panel_days as known
            on known.tenant_id = keep_panel_days.tenant_id and known.day = listed.day
    ),
    kept as (
        insert into private.panel_days (tenant_id, day, reach)
        select keep_panel_days.tenant_id, told.day, told.reach from told
        on conflict on constraint panel_days_pkey do update
        set kept_at = excluded.kept_at, reach = excluded.reach
    )
    select array_agg(told.day) into v_changed
    from told where told.reach is distinct from told.was;
    perform private.keep_panel_months(tenant_id, v_changed);
    perform private.keep_month_facts(tenant_id, days);
end;
$$;

-- How many days it kept. A month a run: a new agency's years are read without a long transaction.
create function private.refresh_panel_of(tenant_id uuid, day_limit int default 31) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_open_from date := private.panel_open_from(tenant_id);
    v_days date [];
    v_since date;
begin
    -- Who does not get it leaves the days to whoever has it, or to the next.
    if not pg_try_advisory_xact_lock(hashtextextended('refresh_panel:' || tenant_id, 0)) then
        return 0;
    end if;
    -- A clock that was set back (the demo's): what is open again is not kept.
    delete from private.panel_days as known
    where known.tenant_id = refresh_panel_of.tenant_id and known.day >= v_open_from;
    with taken as (
        delete from private.panel_dirty as dirty
        where dirty.tenant_id = refresh_panel_of.tenant_id
          and dirty.day in (
              select several.day from private.panel_dirty as several
              where several.tenant_id = refresh_panel_of.tenant_id
              group by several.day
              order by several.day desc
              limit day_limit
          )
        returning dirty.day
    )
    select array_agg(distinct taken.day) into v_days
    from taken
    -- A day that was never kept is read below, in its turn.
    where exists (
        select from private.panel_days as known
        where known.tenant_id = refresh_panel_of.tenant_id and known.day = taken.day
    );
    v_since := private.panel_since(tenant_id);
    v_days := coalesce(v_days, '{}') || array(
        select missing.day
        from (
            select v_open_from - step as day
            from generate_series(1, v_open_from - v_since) as step
        ) as missing
        where not exists (
            select from private.panel_days as known
            where known.tenant_id = refresh_panel_of.tenant_id and known.day = missing.day
        )
        order by missing.day desc
        limit greatest(day_limit - coalesce(cardinality(v_days), 0), 0)
    );
    if cardinality(v_days) > 0 then
        perform private.keep_panel_days(tenant_id, v_days);
    end if;
    return cardinality(v_days);
end;
$$;

-- Agency by agency, each in its own transaction: a long one keeps neither its locks nor the others'
-- numbers, and a crash leaves what was read before it. A procedure because only those may commit,
-- and without a search path of its own because only then; it names every schema, and nobody but its
-- owner may call it.
create procedure private.refresh_panel(is_committing boolean default true)
language plpgsql
as $$
declare
    v_tenant_id uuid;
begin
    for v_tenant_id in select tenants.id from public.tenants order by tenants.id loop
        perform private.refresh_panel_for(v_tenant_id);
        if is_committing then
            commit;
        end if;
    end loop;
end;
$$;
comment on procedure private.refresh_panel (boolean) is
'is_committing: false leaves everything to the caller''s transaction. Without it the numbers of
events are exact, and slow; a day''s stock is lost.';

-- One that fails does not stop the rest, and somebody reads of it.
create function private.refresh_panel_for(tenant_id uuid) returns void
language plpgsql
security definer
set search_path = ''
-- Whoever holds an agency's records for longer is waited for in the next run.
set lock_timeout = '5s'
as $$
declare
    v_has_stock boolean;
    v_days int;
    v_run_id bigint;
begin
    v_has_stock := private.take_panel_stock(tenant_id);
    v_days := private.refresh_panel_of(tenant_id);
    if v_days = 0 and not v_has_stock then
        return;
    end if;
    insert into public.job_runs (tenant_id, job, on_date)
    values (refresh_panel_for.tenant_id, 'refresh_panel', private.today(tenant_id))
    returning id into v_run_id;
    perform private.finish_job(
        v_run_id, jsonb_build_object('days', v_days, 'stock', v_has_stock), 0
    );
exception when others then
    perform private.note_job_failure(
        tenant_id, 'refresh_panel', jsonb_build_object('code', sqlstate, 'error', sqlerrm)
    );
end;
$$;

select cron.schedule('refresh-panel', '*/5 * * * *', 'call private.refresh_panel()');
