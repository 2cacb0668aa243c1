-- Jobs leave a row with their result: a job that ran and did nothing and one that never ran are two
-- different alarms.
create table public.job_runs (
    id bigint generated always as identity,
    tenant_id uuid not null,
    job text not null,
    on_date date not null,
    started_at timestamptz not null default private.now(),
    finished_at timestamptz,
    result jsonb,
    -- How many parts failed; each is in `result`.
    failures int not null default 0,
    constraint job_runs_pkey primary key (id),
    constraint job_runs_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table public.job_runs is 'Daily jobs of a tenant and what came of them.';

create index job_runs_newest on public.job_runs (tenant_id, job, on_date desc, id desc);

alter table public.job_runs enable row level security;
alter table public.job_runs force row level security;

create policy job_runs_select_supervisor on public.job_runs for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

-- Not audited: the rows are the record.
grant select on public.job_runs to authenticated;

-- A failure is read by somebody.
create function private.finish_job(run_id bigint, result jsonb, failures int) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.job_runs as run
    set finished_at = private.now(), result = finish_job.result, failures = finish_job.failures
    where run.id = finish_job.run_id;
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select run.tenant_id, member.user_id, 'job_failed',
        jsonb_build_object('job', run.job, 'run_id', run.id, 'failures', finish_job.failures)
    from public.job_runs as run
    join public.memberships as member
        on member.tenant_id = run.tenant_id and member.revoked_at is null
        and member.role >= 'supervisor'
    where run.id = finish_job.run_id and finish_job.failures > 0;
end;
$$;

-- Of work that goes on in the background: one row a day and one notice, however often it fails.
-- `failure`: {code?, error}, never what a row held.
create function private.note_job_failure(tenant_id uuid, job text, failure jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run_id bigint;
begin
    update public.job_runs as run
    set failures = run.failures + 1, finished_at = private.now(),
        result = note_job_failure.failure
    where run.id = (
        select known.id from public.job_runs as known
        where known.tenant_id = note_job_failure.tenant_id and known.job = note_job_failure.job
          and known.on_date = private.today(note_job_failure.tenant_id) and known.failures > 0
        order by known.id desc limit 1
    );
    if found then
        return;
    end if;
    insert into public.job_runs (tenant_id, job, on_date)
    values (note_job_failure.tenant_id, note_job_failure.job, private.today(tenant_id))
    returning id into v_run_id;
    perform private.finish_job(v_run_id, failure, 1);
end;
$$;
