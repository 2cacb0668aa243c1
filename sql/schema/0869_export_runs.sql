-- Whether an export of clients came to its end. Its line of audit is committed before the first
-- byte leaves, because half a file has left as well; that the rest did is written after the last
-- byte. A torn download fails in the browser (its length is not told, and the connection breaks
-- before the end); the page says so too, and the audit keeps `incomplete`.
create table private.export_runs (
    -- Chosen by the page, which asks for it.
    id uuid not null,
    tenant_id uuid not null,
    user_id uuid not null,
    -- Of the audit; without a key, as the audit has none.
    audit_id bigint not null,
    -- running | complete | incomplete
    state text not null default 'running',
    clients bigint,
    started_at timestamptz not null default private.now(),
    constraint export_runs_pkey primary key (id),
    constraint export_runs_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint export_runs_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade,
    constraint export_runs_state_is_known check (state in ('running', 'complete', 'incomplete'))
);
comment on table private.export_runs is 'Exports of clients of the last day, and how they ended.';
create index export_runs_of_tenant on private.export_runs (tenant_id);
create index export_runs_of_user on private.export_runs (user_id);
create index export_runs_by_age on private.export_runs (started_at);
alter table private.export_runs enable row level security;
alter table private.export_runs force row level security;

-- Held by the transaction that streams: dies with it.
create function private.export_lock(run_id uuid) returns bigint
language sql
immutable
set search_path = ''
as $$
    select hashtextextended('export:' || run_id, 0)
$$;

create function private.begin_export(run_id uuid, selection jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    perform private.read_selection(v_tenant_id, selection);
    insert into private.export_runs (id, tenant_id, user_id, audit_id)
    values (
        begin_export.run_id, v_tenant_id, auth.uid(),
        private.note_act(v_tenant_id, 'export', 'clients', 'export', jsonb_build_object(
            'selection', begin_export.selection, 'state', 'running'
        ))
    );
exception when unique_violation then
    raise exception 'ticket_used' using errcode = 'PT410',
        detail = 'an export with this id was begun already';
end;
$$;

-- In the transaction that streams: it holds the lock (open_export), and no row, however slowly it
-- is taken.
create function private.count_export(run_id uuid, clients bigint) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform from private.export_runs as run
    where run.id = count_export.run_id and run.tenant_id = private.tenant_id()
      and run.user_id = auth.uid() and run.state = 'running';
    if not found then
        raise exception 'ticket_used' using errcode = 'PT410', detail = 'no such export was begun';
    end if;
    perform set_config('cobranca.export_clients', clients::text, true);
end;
$$;

create function private.end_export(run_id uuid, outcome text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run private.export_runs;
begin
    update private.export_runs as run
    set state = outcome, clients = case when outcome = 'complete' then
        nullif(current_setting('cobranca.export_clients', true), '')::bigint end
    where run.id = run_id and run.state <> 'complete'
    returning run.* into v_run;
    update public.audit_log
    set after = audit_log.after - 'state' || case outcome
        when 'complete' then jsonb_build_object('selected', v_run.clients)
        else jsonb_build_object('state', outcome) end
    where audit_log.id = v_run.audit_id;
end;
$$;

-- After the last byte, in the transaction that streamed; or, of what was torn, in one of its own.
create function private.close_export(run_id uuid, is_complete boolean) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform from private.export_runs as run
    where run.id = close_export.run_id and run.tenant_id = private.tenant_id()
      and run.user_id = auth.uid();
    if found then
        perform private.end_export(
            run_id, case when is_complete then 'complete' else 'incomplete' end
        );
    end if;
end;
$$;
grant execute on function
private.begin_export(uuid, jsonb), private.close_export(uuid, boolean)
to authenticated;

-- Whose process was killed says nothing more: nobody holds its lock.
create function private.is_export_torn(run private.export_runs) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_begins constant interval := '1 minute';  -- from the line of audit to the lock
begin
    return (run).state = 'incomplete' or (run).state = 'running'
        and (run).started_at < private.now() - c_begins
        and pg_try_advisory_xact_lock_shared(private.export_lock((run).id));
end;
$$;

create function private.export_outcome(run_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_run private.export_runs;
begin
    select * into v_run from private.export_runs as run
    where run.id = run_id and run.tenant_id = v_tenant_id and run.user_id = auth.uid();
    return jsonb_build_object('clients', v_run.clients, 'state', case
        when v_run.id is null then 'waiting'
        when private.is_export_torn(v_run) then 'incomplete'
        else v_run.state
    end);
end;
$$;

create function public.export_outcome(run_id uuid) returns jsonb
language sql
set search_path = ''
as $$ select private.export_outcome(run_id) $$;
comment on function public.export_outcome(uuid) is
'Supervisor: {state: waiting | running | complete | incomplete, clients | null} of an export of
their own; waiting: not begun, or nobody''s.';
grant execute on function private.export_outcome(uuid), public.export_outcome(uuid)
to authenticated;

-- Nobody asks any more; the audit stays.
create function private.settle_exports() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_kept constant interval := '1 day';
begin
    perform private.end_export(run.id, 'incomplete') from private.export_runs as run
    where run.state = 'running' and private.is_export_torn(run);
    delete from private.export_runs as run where run.started_at < private.now() - c_kept;
end;
$$;
select cron.schedule('settle-exports', '* * * * *', 'select private.settle_exports()');
