-- "Again", for one failure or many: each by its own area's way, which asks the law once more and
-- never doubles what has happened. What one refuses is told beside it and holds up no other.
--
-- What is out of the caller's sight does not exist for them. Loads, events and jobs are nobody's
-- alone.
create function private.sees_failure(kind text, id text) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return private.sees_everything() or case kind
        when 'automation' then (
            select private.sees_client(run.client_id) from public.automation_runs as run
            where run.id = sees_failure.id::uuid
        )
        when 'charge' then (
            select private.sees_client(charge.client_id) from public.charges as charge
            where charge.id = sees_failure.id::uuid
        )
        when 'message' then (
            -- Of nobody, it is listed for everybody.
            select message.client_id is null or private.sees_client(message.client_id)
            from public.message_logs as message
            where message.id = sees_failure.id::uuid
        )
        when 'import' then (
            select private.sees_creditor(import.creditor_id) from public.imports as import
            where import.id = sees_failure.id::uuid
        )
        else true
    end;
end;
$$;

create function private.reprocess_failure(kind text, id text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_charge_id uuid;
begin
    if private.sees_failure(kind, id) is not true then
        id := null;
    end if;
    case kind
        when 'automation' then perform private.retry_automation_run(id::uuid);
        when 'charge' then perform private.retry_charge(id::uuid);
        when 'dialer_export' then perform private.resume_dialer_export(id::uuid);
        when 'import' then perform private.resume_import(id::uuid);
        when 'webhook' then
            -- Applied once more as it was received; applied before, it changes nothing.
            update private.provider_events as event set handled_at = null, error = null
            where event.tenant_id = v_tenant_id and event.error is not null
              and event.id = reprocess_failure.id::uuid;
            if not found then
                raise exception 'not_retryable' using errcode = 'PT409',
                    detail = 'only an event that changed nothing, once';
            end if;
            perform pgmq.send('provider_events', jsonb_build_object('event_id', id));
            perform private.wake_function('run-automations');
        when 'message' then
            select message.charge_id into v_charge_id
            from public.message_logs as message
            where message.tenant_id = v_tenant_id and message.id = reprocess_failure.id::uuid
              and message.status = 'failed' and message.charge_id is not null
              -- Sent again since, by whomever.
              and not exists (
                  select from public.message_logs as later
                  where later.tenant_id = message.tenant_id
                    and later.charge_id = message.charge_id
                    and later.created_at > message.created_at and later.status <> 'failed'
              );
            if v_charge_id is null then
                raise exception 'not_retryable' using errcode = 'PT409',
                    detail = 'only a failed message that brought a charge, once';
            end if;
            perform private.send_charge(v_charge_id, null, 'whatsapp');
        else
            raise exception 'not_retryable' using errcode = 'PT409', detail = kind;
    end case;
end;
$$;

create function private.require_failures(items jsonb) returns void
language plpgsql
stable
set search_path = ''
as $$
declare
    -- A page and more; each is a transaction of its own inside one.
    c_max_items constant int := 500;
begin
    if jsonb_typeof(items) is distinct from 'array' or jsonb_array_length(items) > c_max_items
        or exists (
            select from jsonb_array_elements(items) as given (item)
            where not coalesce(given.item ->> 'kind' = any(private.failure_kinds()), false)
               or not coalesce(pg_input_is_valid(given.item ->> 'id', case given.item ->> 'kind'
                    when 'job' then 'bigint' else 'uuid' end), false)
        )
    then
        raise exception 'selection_invalid' using errcode = 'PT400',
            detail = format('[{kind, id}], %s at most', c_max_items);
    end if;
end;
$$;

create function private.reprocess_failures(items jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_item jsonb;
    v_outcome text;
    v_outcomes jsonb := '[]';
begin
    perform private.require_role('supervisor');
    perform private.require_failures(items);
    for v_item in
        -- The same order for everybody, so that nobody waits in a circle.
        select distinct jsonb_build_object('kind', given.item ->> 'kind', 'id', given.item ->> 'id')
            as item
        from jsonb_array_elements(items) as given (item)
        order by item
    loop
        begin
            perform private.reprocess_failure(v_item ->> 'kind', v_item ->> 'id');
            v_outcome := 'done';
        exception when others then
            -- A refusal by name; anything else is a bug and ends the whole.
            if sqlstate not like 'PT4%' then
                raise;
            end if;
            v_outcome := sqlerrm;
        end;
        v_outcomes := v_outcomes || jsonb_build_array(
            v_item || jsonb_build_object('outcome', v_outcome)
        );
    end loop;
    return v_outcomes;
end;
$$;

-- Somebody has looked at them and lets them be (0989), or wants them back.
create function private.set_aside_failures(items jsonb) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_count int;
begin
    perform private.require_failures(items);
    with changed as (
        insert into private.failures_set_aside as aside (
            tenant_id, kind, failed_id, set_aside_by
        )
        select distinct v_tenant_id, given.item ->> 'kind', lower(given.item ->> 'id'),
            auth.uid()
        from jsonb_array_elements(items) as given (item)
        where private.sees_failure(given.item ->> 'kind', given.item ->> 'id')
        on conflict (tenant_id, kind, failed_id) do update
        set set_aside_by = excluded.set_aside_by, set_aside_at = excluded.set_aside_at
        returning aside.kind, aside.failed_id
    )
    select count(private.note_set_aside('insert', changed.kind, changed.failed_id)) into v_count
    from changed;
    return v_count;
end;
$$;

create function private.bring_back_failures(items jsonb) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_count int;
begin
    perform private.require_failures(items);
    with changed as (
        delete from private.failures_set_aside as aside
        using jsonb_array_elements(items) as given (item)
        where aside.tenant_id = v_tenant_id and aside.kind = given.item ->> 'kind'
          and aside.failed_id = lower(given.item ->> 'id')
          and private.sees_failure(aside.kind, aside.failed_id)
        returning aside.kind, aside.failed_id
    )
    select count(private.note_set_aside('delete', changed.kind, changed.failed_id)) into v_count
    from changed;
    return v_count;
end;
$$;

-- As a trigger would tell of the row, which has no one id.
create function private.note_set_aside(action text, kind text, failed_id text) returns bigint
language sql
security definer
set search_path = ''
as $$
    select private.note_act(
        private.tenant_id(), note_set_aside.action, 'failures_set_aside', note_set_aside.failed_id,
        jsonb_build_object('kind', note_set_aside.kind)
    )
$$;

create function public.reprocess_failures(items jsonb) returns jsonb
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.reprocess_failures(items) $$;
comment on function public.reprocess_failures(jsonb) is
'Supervisor: [{kind, id}] → [{kind, id, outcome}], outcome done or the area''s refusal
(run_not_retryable, charge_not_failed, dialer_export_not_failed, import_not_interrupted,
not_retryable …). Errors:
selection_invalid.';

create function public.bring_back_failures(items jsonb) returns int
language sql
set search_path = ''
as $$ select private.bring_back_failures(items) $$;
comment on function public.bring_back_failures(jsonb) is
'Supervisor: [{kind, id}] that were set aside are on the list again → how many. Errors:
selection_invalid.';

create function public.set_aside_failures(items jsonb) returns int
language sql
set search_path = ''
as $$ select private.set_aside_failures(items) $$;
comment on function public.set_aside_failures(jsonb) is
'Supervisor: [{kind, id}] leave the list until they fail anew → how many. Errors:
selection_invalid.';

grant execute on function
private.reprocess_failures(jsonb), public.reprocess_failures(jsonb),
private.set_aside_failures(jsonb), public.set_aside_failures(jsonb),
private.bring_back_failures(jsonb), public.bring_back_failures(jsonb)
to authenticated;
