-- The dialer knows the hours of its campaign and nothing of states, Sundays and holidays: who was
-- loaded in time would be called after closing. So a list with anybody of a state that closes gets
-- weight 0 first, of all agencies in one short look; who is taken out, and what may be dialled on,
-- is found out list by list afterwards (0951). A list that errs stands in no other's way.
create function private.silence_closed_lists(may_wait boolean default false) returns int
language plpgsql
security definer
set search_path = ''
-- Whoever holds a list settles an answer of the dialer, or compares it (0951), which silences it.
set lock_timeout = '5s'
as $$
declare
    -- A list this old is last month's portfolio, and is not asked about its people any more.
    c_longest constant interval := interval '30 days';
    v_export_id uuid;
    v_state text;
    v_closed text[];
    v_silenced int := 0;
begin
    perform private.follow_moves();
    for v_export_id, v_state, v_closed in
        select export.id, case
                when export.created_at < private.now() - c_longest then 'expired' else 'silent'
            end, agency.closed
        from private.dialer_agencies() as agency
        join public.dialer_exports as export on export.tenant_id = agency.tenant_id
        where export.status in ('loading', 'done')
          and export.hours_state in ('open', 'silent', 'opening')
          and (
              export.status = 'done' and export.created_at < private.now() - c_longest
              or export.hours_state = 'open'
              and private.is_closing(export.ufs, export.closed_ufs, agency.closed)
          )
    loop
        begin
            if not may_wait then
                perform from public.dialer_exports as export where export.id = v_export_id
                for no key update skip locked;
                continue when not found;
            end if;
            -- Asked again under the lock: while it was held the list may have been compared (0951),
            -- and nobody would open it before the next state opens or closes.
            perform from public.dialer_exports as export
            where export.id = v_export_id and (
                v_state = 'expired' or export.hours_state = 'open'
                and private.is_closing(export.ufs, export.closed_ufs, v_closed)
            )
            for no key update;
            if found then
                v_silenced := v_silenced + private.silence_list(v_export_id, v_state);
            end if;
        exception when others then
            perform private.note_hours_failure(v_export_id, sqlstate, sqlerrm);
        end;
    end loop;
    if v_silenced > 0 then
        perform private.wake_function('3cplus-export');
    end if;
    return v_silenced;
end;
$$;
comment on function private.silence_closed_lists(boolean) is
'Lists that are to be silent from now on; may_wait: also those that somebody holds.';

-- What nobody holds is silent first, of all agencies; only then is anybody waited for. A procedure
-- because only those may commit, and without a search path of its own because only then.
create procedure private.silence_dialer()
language plpgsql
as $$
begin
    perform private.silence_closed_lists();
    commit;
    perform private.silence_closed_lists(may_wait => true);
end;
$$;

-- The states that are closed or will be at the next look, a minute from now: at closing time nobody
-- is dialled any more. '' stands for clients whose state nobody knows.
create function private.dialer_closed_ufs(tenant_id uuid) returns text[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(states.uf order by states.uf), '{}')
    from unnest(private.ufs() || ''::text) as states (uf)
    -- Two days, because a minute from now may be tomorrow.
    where not exists (
        select from private.contact_hours_in(
            dialer_closed_ufs.tenant_id, nullif(states.uf, ''), private.now(), 2
        ) as hours
        where hours.opens_at <= private.now()
          and hours.closes_at > private.now() + interval '1 minute'
    )
$$;

-- Agencies with anything in the dialer.
create function private.dialer_agencies() returns table (tenant_id uuid, closed text[])
language sql
stable
security definer
set search_path = ''
as $$
    select busy.tenant_id, private.dialer_closed_ufs(busy.tenant_id)
    from (
        select distinct integration.tenant_id from public.integrations as integration
        where integration.provider = 'threecplus' and integration.is_active
    ) as busy
    where exists (
        select from public.dialer_exports as export
        where export.tenant_id = busy.tenant_id and export.status in ('loading', 'done')
          and export.hours_state in ('open', 'silent', 'opening')
    )
$$;

-- Is anybody of the list in a state that was open when it was last compared? ufs null: not known.
create function private.is_closing(ufs text[], compared text[], closed text[]) returns boolean
language sql
immutable
set search_path = ''
as $$
    select exists (
        select from unnest(closed) as shut (uf)
        where shut.uf <> all(coalesce(compared, '{}')) and (ufs is null or shut.uf = any(ufs))
    )
$$;

create function private.silence_list(export_id uuid, state text) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_was public.dialer_exports;
begin
    select * into v_was from public.dialer_exports as export
    where export.id = silence_list.export_id
    -- Not against the key: whoever takes a person out meanwhile points a task at it.
    for no key update;
    if v_was.hours_state = silence_list.state or v_was.status not in ('loading', 'done') then
        return 0;
    end if;
    update public.dialer_exports as export set hours_state = silence_list.state
    where export.id = v_was.id;
    -- While it is being loaded it has weight 0, and keeps it.
    if v_was.status = 'done' and v_was.hours_state = 'open' and v_was.list_ids <> '{}' then
        perform private.weigh_for_hours(v_was, 0);
    end if;
    return 1;
end;
$$;

-- The last word counts: what was to be said before, and was not, is not said any more. What is said
-- is what the list's state says when the task is claimed (0946).
create function private.weigh_for_hours(export public.dialer_exports, weight int) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update private.dialer_tasks as task set status = 'cancelled', done_at = private.now()
    where task.tenant_id = (export).tenant_id and task.export_id = (export).id
      and task.kind = 'weight' and task.payload ? 'hours' and task.status in ('queued', 'failed');
    perform private.wish_dialer_task(
        (export).integration_id, 'weight', 'hours:' || gen_random_uuid(), (export).id, null, null,
        jsonb_build_object('weight', weigh_for_hours.weight, 'hours', true)
    );
end;
$$;

-- Once a day for the same failure: the look comes every minute.
create function private.note_hours_failure(export_id uuid, code text, error text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_result jsonb := jsonb_build_object('export_id', export_id, 'code', code, 'error', error);
    v_tenant_id uuid := (
        select export.tenant_id from public.dialer_exports as export
        where export.id = note_hours_failure.export_id
    );
    v_today date := private.today(v_tenant_id);
    v_run_id bigint;
begin
    if exists (
        select from public.job_runs as run
        where run.tenant_id = v_tenant_id and run.job = 'dialer_hours' and run.on_date = v_today
          and run.result = v_result
    ) then
        return;
    end if;
    insert into public.job_runs (tenant_id, job, on_date)
    values (v_tenant_id, 'dialer_hours', v_today) returning id into v_run_id;
    perform private.finish_job(v_run_id, v_result, 1);
end;
$$;

select cron.schedule('silence-dialer', '* * * * *', 'call private.silence_dialer()');
