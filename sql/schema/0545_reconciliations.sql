-- One sweep over the payments a provider has for one day: what it found and what callbacks had
-- lost. A day counts as reconciled when it was swept after it had ended; breaks wait for that.
create table public.reconciliations (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    integration_id uuid not null,
    -- The provider's payment date that was asked for.
    day date not null,
    started_at timestamptz not null default private.now(),
    finished_at timestamptz,
    -- The tenant's business day on which it ended.
    finished_on date,
    found int,
    -- Payments no callback had told us.
    recovered int,
    quarantined int,
    error text,
    requested_by uuid,
    constraint reconciliations_pkey primary key (id),
    constraint reconciliations_tenant_id_key unique (tenant_id, id),
    constraint reconciliations_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint reconciliations_requested_by_fkey foreign key (requested_by)
    references auth.users (id)
);
comment on table public.reconciliations is 'Sweeps over a provider''s payments, day by day.';

create index reconciliations_of_day
on public.reconciliations (tenant_id, integration_id, day desc, finished_on);
create index reconciliations_of_requester on public.reconciliations (requested_by);

alter table public.reconciliations enable row level security;
alter table public.reconciliations force row level security;

create policy reconciliations_select_member on public.reconciliations for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by the job. Not audited: the rows are the record.
grant select on public.reconciliations to authenticated;

create function private.begin_reconciliation(integration_id uuid, day date) returns uuid
language sql
security definer
set search_path = ''
as $$
    insert into public.reconciliations (tenant_id, integration_id, day)
    select integration.tenant_id, integration.id, begin_reconciliation.day
    from public.integrations as integration
    where integration.id = begin_reconciliation.integration_id
    returning id
$$;

create function private.finish_reconciliation(
    reconciliation_id uuid, found int, recovered int, quarantined int, error text default null
) returns void
language sql
security definer
set search_path = ''
as $$
    update public.reconciliations as sweep
    set finished_at = private.now(), found = finish_reconciliation.found,
        recovered = finish_reconciliation.recovered,
        quarantined = finish_reconciliation.quarantined, error = finish_reconciliation.error,
        -- A failed sweep reconciles nothing.
        finished_on = case when finish_reconciliation.error is null
            then private.today(sweep.tenant_id) end
    where sweep.id = finish_reconciliation.reconciliation_id and sweep.finished_at is null
$$;
comment on function private.finish_reconciliation(uuid, int, int, int, text) is
'With an error the day stays unreconciled; a second finish changes nothing.';

-- Which days each connected account should be swept for: the last `days`, and every older day some
-- agreement waits for; what was swept longest ago first, so that a sweep that runs out of time
-- leaves other days than the one before.
create function private.reconciliation_days(days int)
returns table (tenant_id uuid, integration_id uuid, settings jsonb, day date)
language sql
stable
security definer
set search_path = ''
as $$
    with wanted (tenant_id, integration_id, settings, day) as (
        select integration.tenant_id, integration.id, integration.settings,
            private.today(integration.tenant_id) - ago
        from public.integrations as integration
        cross join generate_series(0, reconciliation_days.days - 1) as ago
        where integration.provider = 'negociarie' and integration.is_active
        union
        select integration.tenant_id, integration.id, integration.settings, waiting.day
        from public.agreement_events as event
        join public.agreements as agreement
            on agreement.id = event.agreement_id and private.is_living(agreement.status)
        join public.integrations as integration
            on integration.tenant_id = event.tenant_id and integration.provider = 'negociarie'
            and integration.is_active
        cross join lateral (
            select jsonb_array_elements_text(event.details -> 'unreconciled')::date as day
        ) as waiting
        where event.kind = 'break_waits'
          and event.on_date >= private.today(event.tenant_id) - 1
    )
    select wanted.*
    from wanted
    order by (
        select max(sweep.started_at) from public.reconciliations as sweep
        where sweep.tenant_id = wanted.tenant_id
          and sweep.integration_id = wanted.integration_id and sweep.day = wanted.day
    ) nulls first, wanted.integration_id, wanted.day
$$;

-- After a sweep began at the full hour: the rest of it, until every day was tried.
create function private.continue_reconciliation() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- As in functions/reconcile_payments.py.
    c_days constant int := 4;
begin
    if exists (
        select from private.reconciliation_days(c_days) as wanted
        where not exists (
            select from public.reconciliations as sweep
            where sweep.tenant_id = wanted.tenant_id
              and sweep.integration_id = wanted.integration_id and sweep.day = wanted.day
              and sweep.started_at >= date_trunc('hour', private.now())
        )
    ) then
        perform private.wake_function('reconcile-payments');
    end if;
end;
$$;
grant execute on function
private.begin_reconciliation(uuid, date),
private.finish_reconciliation(uuid, int, int, int, text),
private.reconciliation_days(int)
to worker;
