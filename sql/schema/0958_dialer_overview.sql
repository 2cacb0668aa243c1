-- The supervisor's view: is the integration alive, what was sent, and what came of it for whom.
create function private.dialer_overview() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_integration public.integrations;
    v_today timestamptz := private.today(v_tenant_id)::timestamp at time zone (
        select tenants.time_zone from public.tenants where tenants.id = v_tenant_id
    );
begin
    select * into v_integration from public.integrations as integration
    where integration.tenant_id = v_tenant_id and integration.provider = 'threecplus';
    return jsonb_build_object(
        'connected', v_integration.id is not null and v_integration.is_active,
        'health', case when v_integration.id is not null then jsonb_build_object(
            'last_event_at', v_integration.last_event_at,
            -- The last sweep that found calls nobody told us of, and no event since.
            'silent_since', (
                select coalesce(v_integration.last_event_at, v_integration.created_at)
                from public.call_sweeps as sweep
                where sweep.tenant_id = v_tenant_id
                  and sweep.integration_id = v_integration.id and sweep.recovered > 0
                  and coalesce(v_integration.last_event_at, '-infinity') < sweep.started_at
                order by sweep.started_at desc limit 1
            ),
            'failing_since', v_integration.failing_since,
            'failure_detail', v_integration.failure_detail,
            'can_qualify', exists (
                select from vault.secrets
                where secrets.name = format('integration:%s:agent_token', v_integration.id)
            ),
            'calls_today', (
                select count(*) from public.calls as call
                where call.integration_id = v_integration.id
                  and call.tenant_id = v_tenant_id
                  and call.called_at >= v_today
            ),
            -- Dispositions of today that the dialer was not told: {no_mapping | failed | …: calls}.
            'untold_today', (
                select coalesce(jsonb_object_agg(untold.qualify_status, untold.calls), '{}')
                from (
                    select call.qualify_status, count(*) as calls
                    from public.calls as call
                    where call.integration_id = v_integration.id
                      and call.tenant_id = v_tenant_id and call.called_at >= v_today
                      and call.qualify_status in ('no_mapping', 'failed', 'no_agent_token')
                    group by call.qualify_status
                ) as untold
            ),
            'automatic_today', (
                select count(*) from public.calls as call
                where call.integration_id = v_integration.id
                  and call.tenant_id = v_tenant_id and call.called_at >= v_today
                  and call.qualification_source = 'automatic'
            ),
            'events_failed', (
                select count(*) from private.provider_events as event
                where event.tenant_id = v_tenant_id
                  and event.integration_id = v_integration.id and event.error is not null
                  and event.received_at > private.now() - interval '1 day'
            ),
            'last_sweep', (
                select to_jsonb(sweep) - 'tenant_id' from public.call_sweeps as sweep
                where sweep.tenant_id = v_tenant_id
                  and sweep.integration_id = v_integration.id and sweep.finished_at is not null
                order by sweep.started_at desc limit 1
            )
        ) end,
        'exports', (
            select coalesce(jsonb_agg(
                to_jsonb(export) - '{tenant_id,selection,selection_hash,planned_until}'::text[]
                || jsonb_build_object(
                    'author', private.actor_name(v_tenant_id, export.created_by),
                    -- As in dialer_export_results.
                    'results', case when private.sees_results(export) then export.results
                        when export.results is not null then '[]'::jsonb end
                ) order by export.created_at desc), '[]')
            from (
                select newest.* from public.dialer_exports as newest
                where newest.tenant_id = v_tenant_id
                order by newest.created_at desc, newest.id desc limit 50
            ) as export
        ),
        'agents', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', seat.id, 'agent_id', seat.agent_id, 'agent_name', seat.agent_name,
                'extension', seat.extension, 'user_id', seat.user_id,
                'operator', private.actor_name(v_tenant_id, seat.user_id)
            ) order by seat.agent_id), '[]')
            from public.dialer_agents as seat where seat.tenant_id = v_tenant_id
        )
    );
end;
$$;

-- Sums of rows that are forgotten cannot be told apart by creditor.
create function private.sees_results(export public.dialer_exports) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select private.sees_everything()
        or coalesce((export).creditor_scope <@ private.creditor_scope(), false)
$$;

-- Of everybody, or of the clients of some creditors.
create function private.count_dialer_results(export_id uuid, scope uuid[]) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(
        jsonb_agg(to_jsonb(counted) order by counted.outcome, counted.contacts desc), '[]'
    )
    from (
        select contact.status as outcome, contact.reason, count(*) as contacts
        from public.dialer_export_rows as contact
        where contact.export_id = count_dialer_results.export_id
          and (scope is null or exists (
              select from public.clients as client
              where client.id = contact.client_id and client.creditor_ids && scope
          ))
        group by contact.status, contact.reason
    ) as counted
$$;

-- Contacts and people of one export in the order of loading, and how many ended how.
create function private.dialer_export_results(
    export_id uuid, filter jsonb, after int, page_size int
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A download asks for pages of this size.
    c_max_page constant int := 1000;
    v_tenant_id uuid := private.require_role('supervisor');
    v_size int := least(greatest(coalesce(page_size, 100), 1), c_max_page);
    v_rows jsonb;
begin
    if not exists (
        select from public.dialer_exports as export
        where export.tenant_id = v_tenant_id and export.id = dialer_export_results.export_id
    ) then
        raise exception 'dialer_export_not_found' using errcode = 'PT404',
            detail = 'no such export in the tenant';
    elsif coalesce(filter, '{}') - '{outcome,reason}'::text[] <> '{}' then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = 'outcome, reason';
    end if;
    v_rows := (
        select coalesce(jsonb_agg(to_jsonb(page) order by page.place), '[]')
        from (
            select contact.place, contact.client_id, client.name, client.document,
                contact.phone, contact.status as outcome, contact.reason
            from public.dialer_export_rows as contact
            join public.clients as client
                on client.tenant_id = contact.tenant_id and client.id = contact.client_id
            where contact.tenant_id = v_tenant_id
              and contact.export_id = dialer_export_results.export_id
              and contact.place > coalesce(dialer_export_results.after, 0)
              and ((select private.sees_everything()) or private.sees_client(contact.client_id))
              and (filter ->> 'outcome' is null or contact.status::text = filter ->> 'outcome')
              and (filter ->> 'reason' is null or contact.reason = filter ->> 'reason')
            order by contact.place limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size
            then v_rows -> (v_size - 1) -> 'place' end,
        -- Counted for the first page alone.
        'counts', case when dialer_export_results.after is null then coalesce(
            (
                select export.results from public.dialer_exports as export
                where export.tenant_id = v_tenant_id
                  and export.id = dialer_export_results.export_id
                  and private.sees_results(export)
            ),
            private.count_dialer_results(
                dialer_export_results.export_id, private.creditor_scope()
            )
        ) end
    );
end;
$$;

create function public.dialer_overview() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.dialer_overview() $$;
comment on function public.dialer_overview() is
'Supervisor: {connected, health, exports (newest 50), agents}.';

create function public.dialer_export_results(
    export_id uuid, filter jsonb default '{}', after int default null, page_size int default 100
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.dialer_export_results(export_id, filter, after, page_size) $$;
comment on function public.dialer_export_results(uuid, jsonb, int, int) is
'Supervisor: {rows: [{place, client_id, name, document, phone (null: the whole client), outcome,
reason}], next, counts: [{outcome, reason, contacts}] (first page)}. 404 dialer_export_not_found.';

grant execute on function
private.dialer_overview(), public.dialer_overview(),
private.dialer_export_results(uuid, jsonb, int, int),
public.dialer_export_results(uuid, jsonb, int, int)
to authenticated;
