-- One run of the clock over a tenant: whom it concerns, what came of each, and its record.
create function private.clients_to_age(tenant_id uuid, on_date date, with_titles boolean)
returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(concerned.client_id order by concerned.client_id), '{}')
    from (
        select agreement.client_id from public.agreements as agreement
        where agreement.tenant_id = clients_to_age.tenant_id
          and agreement.status in (
              'pending_approval', 'awaiting_first_payment', 'active', 'overdue',
              'broken_provisionally'
          )
        union
        select old.client_id
        from private.debts_to_age(clients_to_age.tenant_id, clients_to_age.on_date, null) as old
        where clients_to_age.with_titles
    ) as concerned
$$;

-- A title's birthday comes once a day, and finding it reads the portfolio.
create function private.are_titles_aged(tenant_id uuid, on_date date) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.job_runs as run
        where run.tenant_id = are_titles_aged.tenant_id and run.job = 'age_agreements'
          and run.on_date = are_titles_aged.on_date and run.finished_at is not null
          and not run.result -> 'counts' ?| array['titles_busy', 'failed']
    )
$$;

create function private.begin_aging(
    tenant_id uuid, on_date date, with_titles boolean, out run_id bigint, out clients uuid[]
)
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.job_runs (tenant_id, job, on_date)
    values (begin_aging.tenant_id, 'age_agreements', begin_aging.on_date)
    returning id into run_id;
    clients := private.clients_to_age(tenant_id, on_date, with_titles);
exception when others then
    -- One tenant that fails does not stop the rest, and somebody reads of it.
    insert into public.job_runs (tenant_id, job, on_date)
    values (begin_aging.tenant_id, 'age_agreements', begin_aging.on_date)
    returning id into run_id;
    clients := '{}';
    perform private.finish_job(
        run_id, jsonb_build_object('code', sqlstate, 'error', sqlerrm), 1
    );
end;
$$;

create function private.add_outcomes(sum jsonb, outcomes jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_build_object(
        'counts', (sum -> 'counts') || (
            select coalesce(pg_catalog.jsonb_object_agg(
                counted.key,
                counted.value::int + coalesce((sum #>> array['counts', counted.key])::int, 0)
            ), '{}')
            from pg_catalog.jsonb_each_text(outcomes -> 'counts') as counted
        ),
        'failures', (sum -> 'failures') || (outcomes -> 'failures')
    )
$$;

create function private.end_aging(run_id bigint, outcomes jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- Break and lapse wait for a sweep that should have come: somebody must look.
    if outcomes -> 'counts' ? 'reconciliation_late' then
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select member.tenant_id, member.user_id, 'reconciliation_late',
            jsonb_build_object('agreements', outcomes #> '{counts,reconciliation_late}')
        from public.job_runs as run
        join public.memberships as member
            on member.tenant_id = run.tenant_id and member.revoked_at is null
            and member.role >= 'supervisor'
        where run.id = end_aging.run_id
          and not exists (
              select from public.notifications as told
              where told.tenant_id = member.tenant_id
                and told.user_id = member.user_id and told.kind = 'reconciliation_late'
                and told.created_at > private.now() - interval '20 hours'
          );
    end if;
    perform private.finish_job(run_id, outcomes, jsonb_array_length(outcomes -> 'failures'))
    from public.job_runs as run
    where run.id = end_aging.run_id and run.finished_at is null;
end;
$$;

-- Two clocks at once would only get into each other's way.
create function private.clock_lock(tenant_id uuid) returns bigint
language sql
immutable
set search_path = ''
as $$ select pg_catalog.hashtextextended('age_agreements:' || tenant_id, 0) $$;

-- The whole tenant in one transaction, its titles apart: for a day somebody names.
create function private.age_agreements(tenant_id uuid, on_date date) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run record;
    v_client_id uuid;
    v_sum jsonb := '{"counts": {}, "failures": []}';
begin
    perform pg_advisory_xact_lock(private.clock_lock(tenant_id));
    v_run := private.begin_aging(tenant_id, on_date, false);
    foreach v_client_id in array v_run.clients loop
        v_sum := private.add_outcomes(
            v_sum, private.age_client(tenant_id, v_client_id, on_date, false)
        );
    end loop;
    perform private.end_aging(v_run.run_id, v_sum);
    return v_sum -> 'counts';
end;
$$;
comment on function private.age_agreements(uuid, date) is
'How many became what: {overdue: 3, broken: 1, compensating: 2, unchanged: 40, …}.';
