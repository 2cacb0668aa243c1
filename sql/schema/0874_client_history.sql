-- Who changed a client, its phones, addresses, tags and responsible: the audit log read for one
-- client. What files brought is not in it (0060); the timeline tells of those. What was done to a
-- whole selection is one line of the audit: it names whom somebody picked by hand, and whom a
-- filter found is kept beside it (0867).

-- Serves the rows that a client had and has no more.
create index audit_log_of_clients_rows
on public.audit_log (tenant_id, (coalesce(after, before) ->> 'client_id'))
where table_name in ('client_addresses', 'client_phones') and action in ('insert', 'delete');

-- And the people picked by hand for a bulk action.
create index audit_log_of_picked on public.audit_log using gin ((after #> '{selection,ids}'))
where action = 'bulk';

-- A bulk line told as one row's change: the tag or responsible that was given. What was before is
-- not on record.
create function private.bulk_change(action text, after jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select case action
        when 'assign' then jsonb_build_object(
            'table', 'client_assignments',
            'action', case when after ->> 'assigned_to' is null then 'delete'
                else 'insert' end,
            'changes', jsonb_build_array(jsonb_build_object(
                'field', 'user_id', 'from', null, 'to', after -> 'assigned_to'
            ))
        )
        else jsonb_build_object(
            'table', 'client_tags',
            'action', case action when 'tag' then 'insert' else 'delete' end,
            'changes', jsonb_build_array(jsonb_build_object(
                'field', 'tag_id',
                'from', case action when 'untag' then after -> 'tag_id' end,
                'to', case action when 'tag' then after -> 'tag_id' end
            ))
        )
    end
$$;

-- [{field, from, to}]: extra data key by key, or two people's columns would be one long line.
create function private.field_changes(before jsonb, after jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'field', part.prefix || key.name, 'from', part.was -> key.name,
        'to', part.became -> key.name
    ) order by part.prefix, key.name), '[]')
    from (
        values (coalesce(before, '{}') - 'extra', coalesce(after, '{}') - 'extra', ''),
        (
            case when jsonb_typeof(before -> 'extra') = 'object' then before -> 'extra'
                else '{}' end,
            case when jsonb_typeof(after -> 'extra') = 'object' then after -> 'extra'
                else '{}' end,
            'extra.'
        )
    ) as part (was, became, prefix)
    cross join lateral jsonb_object_keys(part.was || part.became) as key (name)
    where coalesce(part.was -> key.name, 'null') <> coalesce(part.became -> key.name, 'null')
$$;

create function private.client_history(client_id uuid, before_id bigint, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('admin');
    v_size int := least(greatest(coalesce(page_size, 30), 1), c_max_page);
    v_items jsonb;
begin
    perform private.require_client(v_tenant_id, client_id);
    with rows as (
        select 'clients' as table_name, client_history.client_id::text as row_id
        union
        select 'client_assignments', client_history.client_id::text
        union
        select 'client_tags', client_history.client_id::text
        union
        select touched.table_name, touched.row_id
        from public.audit_log as touched
        where touched.tenant_id = v_tenant_id
          and touched.table_name in ('client_addresses', 'client_phones')
          and touched.action in ('insert', 'delete')
          and coalesce(touched.after, touched.before) ->> 'client_id'
              = client_history.client_id::text
        union
        select 'client_phones', known.id::text from public.client_phones as known
        where known.tenant_id = v_tenant_id and known.client_id = client_history.client_id
        union
        select 'client_addresses', known.id::text from public.client_addresses as known
        where known.tenant_id = v_tenant_id and known.client_id = client_history.client_id
    ),
    found as (
        select told.*
        from rows
        join public.audit_log as told
            on told.tenant_id = v_tenant_id and told.table_name = rows.table_name
            and told.row_id = rows.row_id
        union all
        select told.*
        from public.audit_log as told
        where told.tenant_id = v_tenant_id and told.action = 'bulk'
          and told.row_id in ('assign', 'tag', 'untag')
          and told.after #> '{selection,ids}' ? client_history.client_id::text
          and told.after ->> 'changed' <> '0'
        union all
        -- One look-up for each action of the agency: the range that would hold the client.
        select told.*
        from public.audit_log as told
        cross join lateral (
            select touched.last_id, touched.client_ids
            from private.bulk_touches as touched
            where touched.tenant_id = v_tenant_id and touched.audit_id = told.id
              and touched.first_id <= client_history.client_id
            order by touched.first_id desc
            limit 1
        ) as range
        where told.tenant_id = v_tenant_id and told.table_name = 'clients'
          and told.row_id in ('assign', 'tag', 'untag') and told.action = 'bulk'
          and range.last_id >= client_history.client_id
          and client_history.client_id = any(range.client_ids)
    )
    select coalesce(jsonb_agg(newest.item order by newest.id desc), '[]') into v_items
    from (
        select found.id, jsonb_build_object(
            'id', found.id, 'at', found.created_at,
            'actor', coalesce(
                private.actor_name(found.tenant_id, found.actor_id),
                case when found.actor_id is not null then found.actor end
            )
        ) || case when found.action = 'bulk' then private.bulk_change(found.row_id, found.after)
            else jsonb_build_object(
                'table', found.table_name, 'action', found.action,
                'changes', private.field_changes(found.before, found.after)
            )
        end as item
        from found
        where found.id < coalesce(client_history.before_id, 9223372036854775807)
        order by found.id desc
        limit v_size + 1
    ) as newest;
    return jsonb_build_object(
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size
            then v_items -> (v_size - 1) -> 'id' end
    );
end;
$$;

create function public.client_history(
    client_id uuid, before_id bigint default null, page_size int default 30
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.client_history(private.seen('clients', client_id), before_id, page_size) $$;
comment on function public.client_history(uuid, bigint, int) is
'Admin: {items: [{id, at, actor | null, table, action, changes: [{field, from, to}]}], next};
extra data as extra.<key>; newest first. PT404 client_not_found.';

grant execute on function
private.client_history(uuid, bigint, int), public.client_history(uuid, bigint, int)
to authenticated;
