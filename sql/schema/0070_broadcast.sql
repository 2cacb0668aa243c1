-- Realtime carries ids, the screen fetches the row, so RLS decides what is seen. One statement
-- makes at most one message per tenant: one client touched goes to its own topic, several go
-- aggregated to the tenant's topic (a message per row would cost 8 × on a thousand rows).
create function private.send_change(
    event text, table_name text, tenant_id uuid, id text, client_ids uuid[]
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 500 ids keep the payload far below the platform's limit of 256 kB.
    c_ids_in_payload constant int := 500;
    v_clients int := cardinality(client_ids);
begin
    if v_clients = 1 then
        perform realtime.send(
            jsonb_build_object('id', id, 'client_id', client_ids[1], 'at', private.now()),
            event, 'client:' || client_ids[1], true
        );
    elsif v_clients > 1 then
        perform realtime.send(
            jsonb_build_object(
                'table', table_name, 'count', v_clients,
                'client_ids', to_jsonb(client_ids[1:c_ids_in_payload])
            ),
            event, 'tenant:' || tenant_id, true
        );
    end if;
end;
$$;

-- For tables with columns id, tenant_id and client_id; the trigger's argument is the event.
create function private.tg_broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.send_change(
        tg_argv[0], tg_table_name, changed.tenant_id, changed.id, changed.client_ids
    )
    from (
        select new_rows.tenant_id, min(new_rows.id::text) as id,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        where new_rows.client_id is not null
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;
comment on function private.tg_broadcast() is
'Statement trigger with transition table new_rows; argument: event name.';

-- For tables whose rows live through statuses: bookkeeping (leases, attempts) is no news.
create function private.tg_broadcast_status() returns trigger
language plpgsql
security definer
set search_path = ''
-- A writer of chunks switches it off, and its settings hold in here; and a plan made for a
-- statement of no rows, which is the next one's too, would compare each row with each.
set enable_hashjoin = on
set enable_nestloop = off
as $$
begin
    perform private.send_change(
        tg_argv[0], tg_table_name, changed.tenant_id, changed.id, changed.client_ids
    )
    from (
        select new_rows.tenant_id, min(new_rows.id::text) as id,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        join old_rows on old_rows.id = new_rows.id
        where new_rows.status <> old_rows.status and new_rows.client_id is not null
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;

create function private.tg_touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at := private.now();
    return new;
end;
$$;
