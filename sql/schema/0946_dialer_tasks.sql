-- The worker's side: claim, begin, read the contacts, settle. The attempt's number fences a worker
-- whose lease ran out; a call that got no answer is undone or looked up before it is made again.
create function private.claim_dialer_tasks(max int, lease_seconds int)
returns table (
    task_id uuid, attempt int, integration_id uuid, kind text, is_doubtful boolean,
    settings jsonb, body jsonb
)
language plpgsql
security definer
set search_path = ''
as $$
begin
    return query
    with due as (
        select task.id
        from private.dialer_tasks as task
        where task.id in (
            -- In turns, so that one agency's thousand files do not hold up another's call.
            select ranked.id
            from (
                select waiting.id, waiting.next_attempt_at, row_number() over (
                    partition by waiting.tenant_id
                    order by waiting.kind <> 'qualify', waiting.next_attempt_at, waiting.id
                ) as turn
                from private.dialer_tasks as waiting
                join public.integrations as integration
                    on integration.id = waiting.integration_id
                where waiting.status in ('queued', 'sending')
                  and waiting.next_attempt_at <= private.now()
                  and (waiting.lease_until is null or waiting.lease_until <= private.now())
                  and integration.is_active
                  and coalesce(integration.paused_until <= private.now(), true)
                  -- Taken out before it is in, a contact would come back.
                  and (waiting.kind <> 'remove' or not exists (
                      select from private.dialer_tasks as loading
                      where loading.export_id = waiting.export_id
                        and loading.kind in ('part', 'file')
                        and (loading.status = 'sending' or loading.is_doubtful
                            and loading.status = 'queued')
                  ))
                  -- Two weights of one list arrive in the order they were wished in.
                  and (waiting.kind <> 'weight' or not exists (
                      select from private.dialer_tasks as earlier
                      where earlier.export_id = waiting.export_id and earlier.kind = 'weight'
                        and earlier.status in ('queued', 'sending')
                        and (earlier.created_at, earlier.id) < (waiting.created_at, waiting.id)
                  ))
            ) as ranked
            order by ranked.turn, ranked.next_attempt_at limit max
        )
        for update of task skip locked
    ),
    claimed as (
        update private.dialer_tasks as task
        set attempt = task.attempt + 1,
            -- A worker that died while sending has failed, too: what kills workers must end.
            failures = task.failures + case when task.status = 'sending' then 1 else 0 end,
            status = 'queued',
            lease_until = private.now() + make_interval(secs => lease_seconds)
        from due
        where task.id = due.id
        returning task.*
    )
    select claimed.id, claimed.attempt, claimed.integration_id, claimed.kind,
        claimed.is_doubtful, integration.settings, private.dialer_task_body(claimed.id)
    from claimed
    join public.integrations as integration on integration.id = claimed.integration_id;
end;
$$;
comment on function private.claim_dialer_tasks(int, int) is
'Tasks leased for lease_seconds; commit, then begin each. body by kind: list {campaign_id, name};
part {campaign_id, list_id}; file {campaign_id, name}; weight {campaign_id, list_ids, weight};
remove {campaign_id}; qualify {agent_id, call_id, mode, qualification_id, note}.';
grant execute on function private.claim_dialer_tasks(int, int) to worker;

create function private.dialer_task_body(task_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select case task.kind
        when 'qualify' then jsonb_build_object(
            'agent_id', call.agent_id, 'mode', call.mode,
            'call_id', case coalesce(integration.settings ->> 'qualify_call_id', 'telephony_id')
                when 'id' then call.external_id
                else coalesce(call.telephony_id, call.external_id) end,
            'qualification_id', task.payload -> 'qualification_id',
            'note', task.payload -> 'note'
        )
        else jsonb_build_object(
            'campaign_id', export.campaign_id, 'list_id', export.list_ids[1],
            'list_ids', to_jsonb(export.list_ids),
            -- Said too late, a weight would be heard again: what it is now is what the hours say.
            'weight', case
                when export.status = 'cancelled' then 0
                when task.payload ->> 'weight' = '0' and not task.payload ? 'hours' then 0
                when export.hours_state <> 'open' then 0
                else export.weight
            end,
            -- The mark makes the name ours, so that a list made before a crash is found again.
            'name', export.list_name || ' · ' || left(export.id::text, 8)
                || case when export.is_csv and task.part is not null
                    then format(' (%s/%s)', task.part + 1, export.parts) else '' end
        )
    end
    from private.dialer_tasks as task
    join public.integrations as integration on integration.id = task.integration_id
    left join public.dialer_exports as export on export.id = task.export_id
    left join public.calls as call on call.id = task.call_id
    where task.id = dialer_task_body.task_id
$$;

-- The fence before the provider's call. What has changed since the plan is asked again here, at the
-- last moment: a person who paid or said no meanwhile is not loaded.
create function private.begin_dialer_task(task_id uuid, attempt int) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_task private.dialer_tasks;
begin
    update private.dialer_tasks as task
    set status = 'sending', is_doubtful = true
    where task.id = begin_dialer_task.task_id and task.attempt = begin_dialer_task.attempt
      and task.status = 'queued' and task.lease_until > private.now()
    returning * into v_task;
    if not found then
        return false;
    end if;
    if v_task.kind in ('part', 'file') then
        perform private.recheck_dialer_rows(v_task);
    elsif v_task.kind = 'remove' then
        update public.dialer_export_rows as contact set task_id = v_task.id
        where contact.export_id = v_task.export_id and contact.place in (
            select leaving.place from public.dialer_export_rows as leaving
            where leaving.export_id = v_task.export_id and leaving.status = 'removing'
              and coalesce(leaving.task_id, v_task.id) = v_task.id
            order by leaving.place limit private.dialer_part_size()
        );
    end if;
    return true;
end;
$$;
comment on function private.begin_dialer_task(uuid, int) is
'True exactly once per attempt; commit, then call the provider.';
grant execute on function private.begin_dialer_task(uuid, int) to worker;

create function private.dialer_rows_of(task private.dialer_tasks)
returns setof public.dialer_export_rows
language sql
stable
security definer
set search_path = ''
as $$
    select contact.*
    from public.dialer_export_rows as contact
    where contact.export_id = (task).export_id
      and case (task).kind
          when 'part' then contact.part = (task).part
          when 'file' then contact.part >= (task).part * private.dialer_file_parts()
              and contact.part < ((task).part + 1) * private.dialer_file_parts()
          when 'remove' then contact.status = 'removing' and contact.task_id = (task).id
      end
$$;

create function private.recheck_dialer_rows(task private.dialer_tasks) returns void
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
declare
    v_closed text[] := private.dialer_closed_ufs((task).tenant_id);
    v_has_cap boolean := private.has_cap((task).tenant_id, 'call');
    v_scope uuid[] := (
        select export.creditor_scope from public.dialer_exports as export
        where export.id = (task).export_id
    );
begin
    update public.dialer_export_rows as contact
    set status = 'excluded', reason = judged.reason
    from (
        select waiting.place, case
                when exists (
                    select from public.agreements as agreement
                    where agreement.tenant_id = client.tenant_id
                      and agreement.client_id = client.id and private.is_kept(agreement.status)
                ) then 'agreement_running'
                when client.open_debts = 0 and not exists (
                    select from public.agreements as agreement
                    where agreement.tenant_id = client.tenant_id
                      and agreement.client_id = client.id
                      and private.is_living(agreement.status)
                ) then 'nothing_owed'
                when v_scope is not null and not (private.owed_in_scope(
                    waiting.tenant_id, waiting.client_id, v_scope
                )).is_owing then 'nothing_owed'
                when marks.call_blocked_until is not null and private.is_suppressed(
                    waiting.tenant_id, waiting.client_id, waiting.phone, 'call', private.now()
                ) then 'opted_out'
                when marks.last_disposition_type is not null and private.is_wrong_number(
                    waiting.tenant_id, waiting.client_id, waiting.phone
                ) then 'wrong_contact'
                when v_has_cap and private.is_over_cap(
                    waiting.tenant_id, waiting.client_id, 'call', private.now()
                ) then 'attempt_cap'
                when cardinality(v_closed) > 0 and coalesce(client.uf, private.uf_of(
                    waiting.tenant_id, waiting.client_id, null
                ), '') = any(v_closed) then 'outside_hours'
            end as reason
        from private.dialer_rows_of(task) as waiting
        join public.clients as client on client.id = waiting.client_id
        left join private.client_contacts as marks
            on marks.tenant_id = waiting.tenant_id and marks.client_id = waiting.client_id
        where waiting.status = 'waiting'
    ) as judged
    where contact.export_id = (task).export_id and contact.place = judged.place
      and judged.reason is not null;
end;
$$;

create function private.dialer_task_rows(task_id uuid, attempt int)
returns table (identifier text, phone text, name text, amount text, is_wanted boolean)
language sql
stable
security definer
set search_path = ''
as $$
    select contact.client_id::text,
        -- National, as the provider wants it: its platform puts the 55 before.
        pg_catalog.substr(contact.phone, 4),
        client.name,
        -- Of whoever is limited to creditors, what is owed to those.
        pg_catalog.replace((case
            when export.creditor_scope is null then client.open_cents
            else (private.owed_in_scope(
                client.tenant_id, client.id, export.creditor_scope
            )).cents
        end / 100.0)::pg_catalog.numeric(20, 2)::text, '.', ','),
        -- Written down by an attempt that died before it settled: as wanted as ever.
        contact.status in ('waiting', 'loaded', 'filtered')
    from private.dialer_tasks as task
    join public.dialer_exports as export
        on export.tenant_id = task.tenant_id and export.id = task.export_id
    cross join lateral private.dialer_rows_of(task) as contact
    join public.clients as client on client.id = contact.client_id
    where task.id = dialer_task_rows.task_id and task.attempt = dialer_task_rows.attempt
      and task.status = 'sending' and contact.phone is not null
    order by contact.place
$$;
comment on function private.dialer_task_rows(uuid, int) is
'Contacts of a part, file or removal that was begun; is_wanted: to be loaded.';
grant execute on function private.dialer_task_rows(uuid, int) to worker;
