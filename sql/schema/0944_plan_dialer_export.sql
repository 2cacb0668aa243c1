-- The next clients of an export, judged and written down; the caller commits. A quarter of a
-- million people are planned without a long transaction, and a crash costs one batch.
create function private.dialer_part_size() returns int
language sql
immutable
set search_path = ''
-- Contacts of one mailing.json: twenty calls at most before files take over, 60 kB each.
as $$ select 500 $$;

create function private.dialer_file_parts() returns int
language sql
immutable
set search_path = ''
-- Parts in one CSV: 50,000 contacts, about 4 MB.
as $$ select 100 $$;

create function private.plan_export_batch(v_export public.dialer_exports, max int) returns int
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_filter private.client_filter;
    v_planned record;
begin
    v_filter := private.read_selection(v_export.tenant_id, v_export.selection);
    if v_export.creditor_scope is not null then
        v_filter.creditor_ids := case when v_filter.creditor_ids is null
            then v_export.creditor_scope else array(
                select unnest(v_filter.creditor_ids)
                intersect select unnest(v_export.creditor_scope)
            ) end;
    end if;
    execute 'with batch as materialized (
            select clients.id from public.clients
            where ' || private.client_condition(v_filter) || ' and clients.id > $5
            order by clients.id limit $6
        ),
        judged as materialized (
            select clients.id as client_id, ' || replace(
                private.exclusion_reason('dialer'), '$reachable', private.wrong_contact_reason()
                || case when v_export.creditor_scope is not null then '
                    when not (private.owed_in_scope(($1).tenant_id, clients.id, $11)).is_owing
                        then ''nothing_owed''' else '' end
            ) || ' as reason,
                contact.call_blocked_until is not null as is_marked,
                contact.last_disposition_type is not null as is_known
            from batch
            join public.clients on clients.id = batch.id
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
        ),
        listed as (
            select judged.client_id, null as phone, judged.reason, 0 as position
            from judged where judged.reason <> ''eligible''
            union all
            select judged.client_id, phones.phone, case
                    when phones.phone not like ''+55%'' then ''phone_foreign''
                    when judged.is_marked and private.is_suppressed(
                        ($1).tenant_id, judged.client_id, phones.phone, ''call'', ($1).now_at
                    ) then ''opted_out''
                    when judged.is_known and private.is_wrong_number(
                        ($1).tenant_id, judged.client_id, phones.phone
                    ) then ''wrong_contact''
                end, phones.position
            from judged
            join public.client_phones as phones
                on phones.tenant_id = ($1).tenant_id and phones.client_id = judged.client_id
            where judged.reason = ''eligible''
        ),
        placed as (
            select listed.*, row_number() over in_order as place,
                count(*) filter (where listed.reason is null) over in_order as ordinal
            from listed
            window in_order as (
                order by listed.client_id, listed.position, listed.phone
                rows unbounded preceding
            )
        ),
        written as (
            insert into public.dialer_export_rows
                (export_id, place, tenant_id, client_id, phone, part, status, reason)
            select $7, $8 + placed.place, ($1).tenant_id, placed.client_id, placed.phone,
                case when placed.reason is null then ($9 + placed.ordinal - 1) / $10 end,
                case when placed.reason is null then ''waiting'' else ''excluded''
                end::public.dialer_row_status,
                placed.reason
            from placed
            returning phone, status
        )
        select (select count(*) from judged)::int as clients,
            (select max(batch.id::text) from batch)::uuid as last_id,
            (select count(*) from written where written.status = ''waiting'')::int as phones,
            array(
                select distinct coalesce(
                    clients.uf, private.uf_of(($1).tenant_id, clients.id, null), ''''
                )
                from placed join public.clients on clients.id = placed.client_id
                where placed.reason is null
            ) as ufs,
            (
                select coalesce(jsonb_object_agg(counted.reason, counted.clients), ''{}'')
                from (
                    select judged.reason, count(*) as clients from judged
                    where judged.reason <> ''eligible'' group by judged.reason
                ) as counted
            ) as excluded'
    into v_planned
    using v_filter,
        array(select closed.uf from private.closed_ufs(v_filter.tenant_id, v_filter.now_at) as closed),
        1::double precision, private.has_cap(v_filter.tenant_id, 'call'),
        coalesce(v_export.planned_until, '00000000-0000-0000-0000-000000000000'), max, v_export.id,
        (
            select coalesce(max(known.place), 0) from public.dialer_export_rows as known
            where known.export_id = v_export.id
        ),
        v_export.planned, private.dialer_part_size(), v_export.creditor_scope;

    update public.dialer_exports as export
    set planned_until = coalesce(v_planned.last_id, export.planned_until),
        selected = export.selected + v_planned.clients,
        planned = export.planned + v_planned.phones,
        ufs = array(
            select unnest(export.ufs) union select unnest(v_planned.ufs)
        ),
        excluded = private.add_counts(export.excluded, v_planned.excluded)
    where export.id = v_export.id;
    if v_planned.clients < max then
        perform private.begin_dialer_loading(v_export.id);
    end if;
    return v_planned.clients;
end;
$$;

-- In turns: who was planned longest ago is next, and what cannot be planned fails alone.
create function private.plan_dialer_export(max int) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_export public.dialer_exports;
begin
    select * into v_export from public.dialer_exports as export
    where export.status = 'planning'
    order by export.updated_at limit 1
    for update skip locked;
    if not found then
        return 0;
    end if;
    begin
        return greatest(private.plan_export_batch(v_export, max), 1);
    exception
        -- Somebody else's fault (a lock, a lack of memory, a shutdown) is over the next time.
        when transaction_rollback or insufficient_resources or operator_intervention then
            -- A heavy filter's timeout is of this class, and is the export's own.
            if sqlstate <> '57014' then
                raise;
            end if;
            perform private.fail_dialer_plan(v_export.id, sqlstate || ' ' || sqlerrm);
        when others then
            perform private.fail_dialer_plan(v_export.id, sqlstate || ' ' || sqlerrm);
    end;
    return 1;
end;
$$;

create function private.fail_dialer_plan(export_id uuid, error_detail text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.dialer_exports as export
    set status = 'failed', error_code = 'unclassified', finished_at = private.now(),
        error_detail = left(fail_dialer_plan.error_detail, 500)
    where export.id = fail_dialer_plan.export_id;
    perform private.tell_dialer_export(fail_dialer_plan.export_id);
end;
$$;
comment on function private.plan_dialer_export(int) is
'Clients planned; 0 = no export is waiting for it. Commit and call again.';
grant execute on function private.plan_dialer_export(int) to worker;

create function private.add_counts(a jsonb, b jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select coalesce(jsonb_object_agg(summed.key, summed.total), '{}')
    from (
        select entry.key, sum(entry.value::bigint) as total
        from (select * from jsonb_each_text(a) union all select * from jsonb_each_text(b)) as entry
        group by entry.key
    ) as summed
$$;

create function private.begin_dialer_loading(export_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Beyond it the provider recommends its CSV (help page 5509385).
    c_most_by_json constant int := 10000;
    v_export public.dialer_exports;
    v_size int := private.dialer_part_size();
begin
    update public.dialer_exports as export
    set is_csv = export.planned > c_most_by_json,
        parts = ceil(export.planned::numeric / case
            when export.planned > c_most_by_json then v_size * private.dialer_file_parts()
            else v_size end)::int,
        status = case when export.planned = 0 then 'done' else 'loading'
            end::public.dialer_export_status,
        finished_at = case when export.planned = 0 then private.now() end
    where export.id = begin_dialer_loading.export_id
    returning * into v_export;
    if v_export.status = 'done' then
        perform private.tell_dialer_export(v_export.id);
    elsif v_export.is_csv then
        perform private.wish_dialer_task(
            v_export.integration_id, 'file', 'file:' || v_export.id || ':' || part, v_export.id,
            null, part
        )
        from generate_series(0, v_export.parts - 1) as part;
    else
        perform private.wish_dialer_task(
            v_export.integration_id, 'list', 'list:' || v_export.id, v_export.id
        );
    end if;
end;
$$;

-- Whoever asked, and everybody who would mend it, learns how it ended.
create function private.tell_dialer_export(export_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select export.tenant_id, member.user_id, 'dialer_export_finished',
        jsonb_build_object('export_id', export.id, 'status', export.status)
    from public.dialer_exports as export
    join public.memberships as member
        on member.tenant_id = export.tenant_id and member.revoked_at is null
        and (member.user_id = export.created_by
            or member.role >= 'supervisor' and export.status = 'failed')
    where export.id = tell_dialer_export.export_id
$$;
