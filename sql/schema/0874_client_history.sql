-- Who changed a client, its phones, addresses and responsible: the audit log read for one client.
-- What files brought is not in it (0060); the timeline tells of those.

-- Serves the rows that a client had and has no more.
create index audit_log_of_clients_rows
on public.audit_log (tenant_id, (coalesce(after, before) ->> 'client_id'))
where table_name in ('client_addresses', 'client_phones') and action in ('insert', 'delete');

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
    )
    select coalesce(jsonb_agg(found.item order by found.id desc), '[]') into v_items
    from (
        select told.id, jsonb_build_object(
            'id', told.id, 'at', told.created_at, 'table', told.table_name, 'action', told.action,
            'actor', coalesce(
                private.actor_name(told.tenant_id, told.actor_id),
                case when told.actor_id is not null then told.actor end
            ),
            'changes', private.field_changes(told.before, told.after)
        ) as item
        from rows
        join public.audit_log as told
            on told.tenant_id = v_tenant_id and told.table_name = rows.table_name
            and told.row_id = rows.row_id
        where told.id < coalesce(client_history.before_id, 9223372036854775807)
        order by told.id desc
        limit v_size + 1
    ) as found;
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
as $$ select private.client_history(client_id, before_id, page_size) $$;
comment on function public.client_history(uuid, bigint, int) is
'Admin: {items: [{id, at, actor | null, table, action, changes: [{field, from, to}]}], next};
extra data as extra.<key>; newest first. PT404 client_not_found.';

grant execute on function
private.client_history(uuid, bigint, int), public.client_history(uuid, bigint, int)
to authenticated;
