-- A rule's log: every step it took or did not take, and why. Scoped as the runs themselves are, so
-- asked as the caller.
create function public.list_rule_runs(
    rule_id uuid, statuses text[] default null, after text default null, page_size int default 50
) returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 50), 1), c_max_page);
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    v_rows jsonb;
begin
    if not coalesce(statuses, '{}') <@ array['queued', 'running', 'done', 'skipped', 'failed'] then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'statuses';
    end if;
    v_rows := (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', run.id, 'position', run.position, 'action', step.action,
            'version', run.version, 'client_id', run.client_id, 'client_name', client.name,
            'status', run.status, 'reason', run.reason, 'attempt', run.attempt,
            'created_at', run.created_at, 'next_attempt_at', run.next_attempt_at,
            'finished_at', run.finished_at, 'message_id', sent.id,
            'message_status', sent.status, 'charge_id', run.charge_id
        ) order by run.created_at desc, run.id desc), '[]')
        from (
            select known.* from public.automation_runs as known
            where known.tenant_id = v_tenant_id and known.rule_id = list_rule_runs.rule_id
              and (statuses is null or known.status::text = any(statuses))
              and (v_cursor is null
                  or (known.created_at, known.id) < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by known.created_at desc, known.id desc
            limit v_size
        ) as run
        join public.rule_steps as step
            on step.rule_id = run.rule_id and step.version = run.version
            and step.position = run.position
        join public.clients as client on client.id = run.client_id
        left join lateral (
            select message.id, message.status from public.message_logs as message
            where message.tenant_id = v_tenant_id
              and (message.automation_run_id = run.id
                  or message.charge_id = run.charge_id and message.created_at >= run.created_at)
            order by message.created_at desc limit 1
        ) as sent on true
    );
    return jsonb_build_object(
        'rows', v_rows,
        'next', case when jsonb_array_length(v_rows) = v_size then private.encode_cursor(
            v_rows -> -1 ->> 'created_at', v_rows -> -1 ->> 'id'
        ) end
    );
end;
$$;
comment on function public.list_rule_runs(uuid, text[], text, int) is
'{rows: [{id, position, action, version, client_id, client_name, status, reason, attempt,
created_at, next_attempt_at, finished_at, message_id, message_status, charge_id}], next}, newest
first. Errors: filter_invalid, invalid_cursor.';

create function public.count_rule_runs(rule_id uuid, from_date date, to_date date) returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_zone text := (
        select tenant.time_zone from public.tenants as tenant where tenant.id = v_tenant_id
    );
begin
    return (
        select coalesce(jsonb_agg(to_jsonb(told) order by told.position, told.status, told.reason),
            '[]')
        from (
            select run.position, step.action, run.status, run.reason, count(*)
            from public.automation_runs as run
            join public.rule_steps as step
                on step.rule_id = run.rule_id and step.version = run.version
                and step.position = run.position
            where run.tenant_id = v_tenant_id and run.rule_id = count_rule_runs.rule_id
              and run.created_at >= from_date::timestamp at time zone v_zone
              and run.created_at < (to_date + 1)::timestamp at time zone v_zone
            group by 1, 2, 3, 4
        ) as told
    );
end;
$$;
comment on function public.count_rule_runs(uuid, date, date) is
'[{position, action, status, reason, count}] of the runs that began on those days.';

-- They read nothing but what they are given.
grant execute on function
private.encode_cursor(text[]), private.decode_cursor(text, text[])
to authenticated;
grant execute on function
public.list_rule_runs(uuid, text[], text, int), public.count_rule_runs(uuid, date, date)
to authenticated;
