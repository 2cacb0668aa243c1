-- The daily work of money, for every tenant on its own day: titles and agreements age, and the
-- ledger is checked. Hourly, because the tenants' midnights differ and because a break may wait for
-- a sweep of the afternoon; doing it again changes nothing.
-- Client by client, each in its own transaction: whoever works on one waits for that one alone. A
-- procedure because only those may commit, and without a search path of its own because only
-- then; it names every schema, and nobody but its owner may call it.
create procedure private.run_money_jobs(is_committing boolean default true)
language plpgsql
as $$
declare
    v_tenant record;
    v_run record;
    v_client_id uuid;
    v_with_titles boolean;
    v_sum jsonb;
begin
    for v_tenant in
        select tenants.id, private.today(tenants.id) as today from public.tenants
        order by tenants.id
    loop
        continue when not pg_catalog.pg_try_advisory_lock(private.clock_lock(v_tenant.id));
        v_with_titles := not private.are_titles_aged(v_tenant.id, v_tenant.today);
        v_run := private.begin_aging(v_tenant.id, v_tenant.today, v_with_titles);
        v_sum := '{"counts": {}, "failures": []}';
        foreach v_client_id in array v_run.clients loop
            if is_committing then
                commit;
            end if;
            v_sum := private.add_outcomes(v_sum, private.age_client(
                v_tenant.id, v_client_id, v_tenant.today, v_with_titles
            ));
        end loop;
        perform private.end_aging(v_run.run_id, v_sum);
        if is_committing then
            commit;
        end if;
        perform pg_catalog.pg_advisory_unlock(private.clock_lock(v_tenant.id));
    end loop;
end;
$$;
comment on procedure private.run_money_jobs(boolean) is
'is_committing: false leaves everything to the caller''s transaction. A tenant whose clock runs
elsewhere is left to that.';

-- At night, once: apart from the clock, because it reads every ledger and must hold up nobody.
create function private.run_ledger_checks() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant record;
    v_found int := 0;
begin
    for v_tenant in
        select tenants.id, private.today(tenants.id) as today from public.tenants
        where not exists (
            select from public.job_runs as run
            where run.tenant_id = tenants.id and run.job = 'check_ledger'
              and run.on_date = private.today(tenants.id)
        )
        order by tenants.id
    loop
        v_found := v_found
            + jsonb_array_length(private.check_ledger(v_tenant.id, v_tenant.today));
    end loop;
    return v_found;
end;
$$;
comment on function private.run_ledger_checks() is 'How many clients'' ledgers differ; 0 is well.';

-- What a lost wake-up left in the queue, and the sweep of payments twice a day (06:10 and 14:10
-- UTC: after the banks' night run and in the early afternoon of Brazil).
create function private.sweep_charges() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if exists (select from pgmq.q_charges where vt <= clock_timestamp()) then
        perform private.wake_function('negociarie-charge');
    end if;
end;
$$;

select cron.schedule('sweep-charges', '* * * * *', 'select private.sweep_charges()');
select cron.schedule('money-jobs', '5 * * * *', 'call private.run_money_jobs()');
-- Hourly from 05:35 to 09:35 UTC, night in every zone of Brazil; the first run of a day does it.
select cron.schedule('check-ledgers', '35 5-9 * * *', 'select private.run_ledger_checks()');
select cron.schedule(
    'reconcile-payments', '10 6,14 * * *', $$select private.wake_function('reconcile-payments')$$
);

-- On demand: a supervisor asks for a sweep now.
create function private.request_reconciliation() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    if not exists (
        select from public.integrations as integration
        where integration.tenant_id = v_tenant_id and integration.provider = 'negociarie'
          and integration.is_active
    ) then
        raise exception 'provider_not_connected' using errcode = 'PT409',
            detail = 'connect Negociarie in the settings';
    end if;
    perform private.wake_function('reconcile-payments');
end;
$$;

create function public.request_reconciliation() returns void
language sql
set search_path = ''
as $$ select private.request_reconciliation() $$;
comment on function public.request_reconciliation() is
'Supervisor: sweeps the provider''s payments now. PT409 provider_not_connected.';

grant execute on function
private.request_reconciliation(), public.request_reconciliation()
to authenticated;
