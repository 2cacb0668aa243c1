-- Every night: what was kept for a while, and what files and providers brought since. Who is gone
-- already is passed by. Person by person, each in its own transaction: whoever works on one waits
-- for that one alone, and a crash leaves the others gone. One whose rows refuse stops nobody else's
-- erasure: somebody reads of it, and the next night tries again. A procedure because only those may
-- commit, and without a search path of its own because only then; it names every schema, and
-- nobody but its owner may call it.
create procedure private.repeat_erasures(is_committing boolean default true)
language plpgsql
as $$
declare
    v_agency record;
    v_run_id bigint;
    v_client_id uuid;
    v_state text;
    v_failed jsonb;
    v_states text[];
begin
    for v_agency in select due.tenant_id, due.client_ids from private.erasures_due() as due loop
        v_run_id := private.begin_erasures(v_agency.tenant_id);
        v_failed := '[]';
        v_states := '{}';
        foreach v_client_id in array v_agency.client_ids loop
            if is_committing then
                commit;
            end if;
            v_state := private.repeat_erasure(v_agency.tenant_id, v_client_id);
            if v_state is not null then
                v_failed := v_failed || pg_catalog.to_jsonb(v_client_id);
                v_states := v_states || v_state;
            end if;
        end loop;
        perform private.end_erasures(
            v_run_id, pg_catalog.cardinality(v_agency.client_ids), v_failed, v_states
        );
        if is_committing then
            commit;
        end if;
    end loop;
end;
$$;
comment on procedure private.repeat_erasures (boolean) is
'is_committing: false leaves everything to the caller''s transaction.';

create function private.erasures_due() returns table (tenant_id uuid, client_ids uuid[])
language sql
stable
security definer
set search_path = ''
as $$
    with asked as (
        select gone.tenant_id, gone.client_id from private.erased_people as gone
        union
        select request.tenant_id, request.client_id from public.privacy_requests as request
        where request.kind = 'erase'
    )
    select asked.tenant_id, array_agg(asked.client_id order by asked.client_id) as client_ids
    from asked
    join public.clients as client
        on client.tenant_id = asked.tenant_id and client.id = asked.client_id
    where client.document not like 'ZZ%'
    group by asked.tenant_id
$$;

create function private.begin_erasures(tenant_id uuid) returns bigint
language sql
security definer
set search_path = ''
as $$
    insert into public.job_runs (tenant_id, job, on_date)
    values (begin_erasures.tenant_id, 'erasures', private.today(begin_erasures.tenant_id))
    returning id
$$;

-- Null, or the error's state: its own words may hold what the row does.
create function private.repeat_erasure(tenant_id uuid, client_id uuid) returns text
language plpgsql
security definer
set search_path = ''
-- Whoever has a client open for longer is waited for the next night.
set lock_timeout = '5s'
as $$
declare
    v_outcome jsonb;
begin
    v_outcome := private.erase_client(tenant_id, client_id, true);
    update public.privacy_requests as request set outcome = v_outcome
    where request.tenant_id = repeat_erasure.tenant_id
      and request.client_id = repeat_erasure.client_id
      and request.kind = 'erase' and request.outcome <> v_outcome;
    return null;
exception when others then
    return sqlstate;
end;
$$;

create function private.end_erasures(
    run_id bigint, people int, failed jsonb, states text[]
) returns void
language sql
security definer
set search_path = ''
as $$
    select private.finish_job(run_id, jsonb_strip_nulls(jsonb_build_object(
        'counts', jsonb_build_object('people', people),
        'failed', failed,
        'error', nullif(array_to_string(array(
            select distinct met.state from unnest(states) as met (state) order by 1
        ), ' '), '')
    )), cardinality(states))
$$;

select cron.schedule('repeat-erasures', '17 5 * * *', 'call private.repeat_erasures()');
