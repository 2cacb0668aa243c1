-- What webhooks lost, found by asking for the list of calls. The provider switches a webhook off
-- after 50 failures, and then is silent: a sweep that finds calls nobody told us of says so.
create table public.call_sweeps (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    integration_id uuid not null,
    from_at timestamptz not null,
    until_at timestamptz not null,
    started_at timestamptz not null default private.now(),
    finished_at timestamptz,
    listed int,
    recovered int,
    -- Null: read to the end.
    failure text,
    constraint call_sweeps_pkey primary key (id),
    constraint call_sweeps_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id)
);
comment on table public.call_sweeps is 'Reconciliations with the dialer''s own list of calls.';
create index call_sweeps_newest
on public.call_sweeps (tenant_id, integration_id, started_at desc);
create index call_sweeps_read
on public.call_sweeps (integration_id, until_at desc) where finished_at is not null;

alter table public.call_sweeps enable row level security;
alter table public.call_sweeps force row level security;
create policy call_sweeps_select_supervisor on public.call_sweeps for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));
-- The rows are the record.
grant select on public.call_sweeps to authenticated;

-- The next account that this run has not had, the one that waited longest first.
create function private.begin_call_sweep(except_ids uuid[])
returns table (
    sweep_id uuid, integration_id uuid, settings jsonb, from_at timestamptz, until_at timestamptz
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Calls end, and are written down at the provider, a while after they began.
    c_overlap constant interval := interval '30 minutes';
    -- Further back than any outage anybody slept through.
    c_furthest constant interval := interval '3 days';
begin
    return query
    with begun as (
        insert into public.call_sweeps (tenant_id, integration_id, from_at, until_at)
        select integration.tenant_id, integration.id,
            greatest(private.now() - c_furthest, coalesce(
                (
                    select max(read.until_at) from public.call_sweeps as read
                    where read.integration_id = integration.id and read.finished_at is not null
                      -- What failed had been read up to there.
                      and read.until_at > read.from_at
                ) - c_overlap,
                integration.created_at
            )),
            private.now()
        from public.integrations as integration
        where integration.provider = 'threecplus' and integration.is_active
          and integration.id <> all(except_ids)
        order by (
            select max(earlier.started_at) from public.call_sweeps as earlier
            where earlier.integration_id = integration.id
        ) nulls first, integration.id
        limit 1
        returning *
    )
    select begun.id, begun.integration_id, integration.settings,
        -- In the provider's time: the clock's shift is ours alone.
        begun.from_at - (private.now() - clock_timestamp()),
        begun.until_at - (private.now() - clock_timestamp())
    from begun
    join public.integrations as integration on integration.id = begun.integration_id;
end;
$$;

-- Read up to `read_until` and no further: the next sweep goes on from there, nothing is read from
-- the beginning again.
create function private.finish_call_sweep(
    sweep_id uuid, listed int, recovered int, failure text, read_until timestamptz
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_sweep public.call_sweeps;
begin
    update public.call_sweeps as sweep
    set finished_at = private.now(), listed = finish_call_sweep.listed,
        recovered = finish_call_sweep.recovered, failure = finish_call_sweep.failure,
        until_at = least(sweep.until_at, private.told_instant(read_until))
    where sweep.id = finish_call_sweep.sweep_id and sweep.finished_at is null
    returning * into v_sweep;
    if v_sweep.failure is null then
        perform private.mend_dialer(v_sweep.integration_id, false);
    end if;
    if v_sweep.recovered > 0 or v_sweep.failure is not null then
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select v_sweep.tenant_id, member.user_id, 'dialer_silent', jsonb_build_object(
            'sweep_id', v_sweep.id, 'recovered', v_sweep.recovered, 'failure', v_sweep.failure
        )
        from public.memberships as member
        where member.tenant_id = v_sweep.tenant_id and member.revoked_at is null
          and member.role >= 'supervisor'
          -- Once a day is an alarm, every ten minutes is noise.
          and not exists (
              select from public.notifications as told
              where told.tenant_id = v_sweep.tenant_id and told.user_id = member.user_id
                and told.kind = 'dialer_silent'
                and told.created_at > private.now() - interval '1 day'
          );
    end if;
end;
$$;
grant execute on function
private.begin_call_sweep(uuid[]),
private.finish_call_sweep(uuid, int, int, text, timestamptz) to worker;

-- Removals that were refused, again: once the integration is mended, else after a pause.
create function private.wish_failed_removals() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- As long as the dialer was given before, attempt by attempt.
    c_pause constant interval := interval '10 minutes';
begin
    perform private.wish_dialer_removals(array(
        select export.id
        from public.dialer_exports as export
        join public.integrations as integration
            on integration.tenant_id = export.tenant_id and integration.id = export.integration_id
        where integration.is_active
          and export.id in (
              select contact.export_id from public.dialer_export_rows as contact
              where contact.status = 'removing' and contact.task_id is null
          )
          and not exists (
              select from private.dialer_tasks as task
              where task.export_id = export.id and task.tenant_id = export.tenant_id
                and task.kind = 'remove' and task.status = 'failed'
                and task.done_at > private.now() - c_pause
                and (task.error_code <> 'configuration' or integration.failing_since is not null)
          )
    ));
end;
$$;

-- A list that should have been silenced, or be heard again, until it is: in the same pauses.
create function private.repeat_failed_weights() returns void
language sql
security definer
set search_path = ''
as $$
    update private.dialer_tasks as task
    set status = 'queued', failures = 0, next_attempt_at = private.now(), error_code = null
    from public.dialer_exports as export
    join public.integrations as integration
        on integration.tenant_id = export.tenant_id and integration.id = export.integration_id
    where export.tenant_id = task.tenant_id and export.id = task.export_id
      and task.kind = 'weight' and task.status = 'failed'
      -- Set with the export's own weight at its end, it is the export that failed: people resume it.
      and task.payload ? 'weight' and export.status in ('done', 'cancelled')
      -- A week more than a list is dialled at all (0949): what cannot be told by then is told to
      -- nobody any more.
      and export.created_at > private.now() - interval '37 days'
      and (export.status = 'done' or (task.payload ->> 'weight')::int = 0)
      and integration.is_active
      and (
          task.done_at < private.now() - interval '10 minutes'
          or task.error_code = 'configuration' and integration.failing_since is null
      )
$$;

-- What a lost wake-up left behind, and the sweep of calls every ten minutes.
create function private.sweep_dialer() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.wish_failed_removals();
    perform private.repeat_failed_weights();
    if exists (select from public.dialer_exports as export where export.status = 'planning')
        or exists (
            select from private.dialer_tasks as task
            where task.status in ('queued', 'sending')
              and task.next_attempt_at <= private.now()
              and (task.lease_until is null or task.lease_until <= private.now())
        )
    then
        perform private.wake_function('3cplus-export');
    end if;
end;
$$;
select cron.schedule('sweep-dialer', '* * * * *', 'select private.sweep_dialer()');
select cron.schedule(
    'reconcile-calls', '*/10 * * * *',
    $$select private.wake_function('3cplus-reconcile')
      where exists (
          select from public.integrations
          where integrations.provider = 'threecplus' and integrations.is_active
      )$$
);
