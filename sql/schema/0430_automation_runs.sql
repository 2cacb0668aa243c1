-- One step of one rule for one disposition, or for one client, installment or event on one day:
-- queued → running → done | skipped | failed. The queue message commits with the disposition and
-- names the rules that were on; the first reader of the message opens the runs, so that an
-- operator's insert pays for one queue row and no more.
-- `reason` is a code the page translates.
create table public.automation_runs (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    rule_id uuid not null,
    -- Of the rule's definition: a run ends under the steps it began with.
    version int not null default 1,
    position smallint not null default 1,
    -- What it was asked for by: a disposition, or on a day of the agency a client, an installment,
    -- an agreement, a payment, a message or a callback, as its rule's trigger says.
    disposition_id uuid,
    target_id uuid,
    on_date date,
    client_id uuid not null,
    status public.run_status not null default 'queued',
    reason text,
    -- Grows with every try that may send; the fence of `begin_sending` and `settle_message`.
    attempt int not null default 0,
    -- Tries the provider answered with an error of its own; a 429 is not one.
    failures smallint not null default 0,
    next_attempt_at timestamptz,
    lease_until timestamptz,
    -- The one live queue message; any other that names this run is stale.
    queue_msg_id bigint not null,
    -- Which call of `claim_automation_runs` holds the run.
    claim_id uuid,
    -- The charge whose link it sent.
    charge_id uuid,
    created_at timestamptz not null default private.now(),
    -- Set when a person said "again": age counts from then.
    retried_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    constraint automation_runs_pkey primary key (id),
    constraint automation_runs_tenant_id_key unique (tenant_id, id),
    -- A trigger fired twice still makes one run.
    constraint automation_runs_one_per_disposition unique (rule_id, disposition_id, position),
    -- A day swept twice, too.
    constraint automation_runs_one_per_day unique (rule_id, target_id, on_date, position),
    constraint automation_runs_have_one_target check (
        num_nonnulls(disposition_id, target_id) = 1 and (target_id is null) = (on_date is null)
    ),
    constraint automation_runs_rule_fkey foreign key (tenant_id, rule_id)
    references public.collection_rules (tenant_id, id),
    constraint automation_runs_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id),
    constraint automation_runs_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint automation_runs_reason_is_code check (reason ~ '^[a-z_]+$'),
    constraint automation_runs_ends_with_time check (
        (finished_at is not null) = (status in ('done', 'skipped', 'failed'))
    )
);
comment on table public.automation_runs is 'Rules at work, and why they did or did not act.';

create index automation_runs_of_client
on public.automation_runs (tenant_id, client_id, created_at desc, id desc);
-- Serves the rule's log.
create index automation_runs_of_rule
on public.automation_runs (tenant_id, rule_id, created_at desc, id desc);
-- Serve a rule's daily cap, and "once per client".
create index automation_runs_sent_by_rule on public.automation_runs (rule_id, finished_at)
where status in ('done', 'failed');
create index automation_runs_by_client_of_rule
on public.automation_runs (rule_id, client_id) where status in ('running', 'done', 'failed');
create index automation_runs_of_disposition
on public.automation_runs (tenant_id, disposition_id);
create unique index automation_runs_by_queue_message on public.automation_runs (queue_msg_id);
create index automation_runs_of_claim on public.automation_runs (claim_id)
where status = 'running';
create index automation_runs_failed on public.automation_runs (tenant_id, finished_at desc)
where status = 'failed';

alter table public.automation_runs enable row level security;
alter table public.automation_runs force row level security;

create policy automation_runs_select_member on public.automation_runs
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = automation_runs.client_id
    ))
);

-- Written by triggers and jobs; people re-run through `retry_automation_run`. Not audited: the row
-- and its messages are the record.
grant select on public.automation_runs to authenticated;

create trigger _500_broadcast_insert after insert on public.automation_runs
referencing new table as new_rows for each statement
execute function private.tg_broadcast('automation_changed');
create trigger _500_broadcast_update after update on public.automation_runs
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('automation_changed');
