-- A person mends what the file had wrong. The caller's own rights and policies decide (supervisor);
-- the audit's trigger writes what was and what became.
create function public.update_client(id uuid, patch jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_key text;
    v_value jsonb;
    v_client public.clients;
begin
    if jsonb_typeof(patch) is distinct from 'object' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'patch';
    end if;
    select clients.* into v_client from public.clients
    where clients.tenant_id = v_tenant_id and clients.id = update_client.id
    for update;
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
    for v_key, v_value in
        select entry.key, case when entry.value = '""' then 'null' else entry.value end
        from jsonb_each(patch) as entry
    loop
        if v_key not in ('name', 'email', 'external_id', 'uf', 'extra') then
            raise exception 'field_unknown' using errcode = 'PT400', detail = v_key;
        end if;
        if jsonb_typeof(v_value) not in (
                case when v_key = 'extra' then 'object' else 'string' end,
                case when v_key in ('name', 'extra') then 'object' else 'null' end
            )
            or length(v_value #>> '{}') > (case when v_key = 'extra' then 10000 else 200 end)
            or v_key = 'name' and coalesce(btrim(v_value #>> '{}'), '') = ''
            or v_key = 'uf' and v_value #>> '{}' <> all(private.ufs())
            -- One @ with something around it; only a message that arrives proves an address.
            or v_key = 'email' and v_value #>> '{}' !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'
        then
            raise exception 'field_invalid' using errcode = 'PT400', detail = v_key;
        end if;
        case v_key
            when 'name' then v_client.name := btrim(v_value #>> '{}');
            when 'email' then v_client.email := lower(v_value #>> '{}');
            when 'external_id' then v_client.external_id := btrim(v_value #>> '{}');
            when 'uf' then v_client.uf := v_value #>> '{}';
            -- Key by key: two people who mend different fields do not undo each other.
            when 'extra' then v_client.extra := jsonb_strip_nulls(v_client.extra || v_value);
        end case;
    end loop;
    update public.clients
    set name = v_client.name, email = v_client.email, external_id = v_client.external_id,
        uf = v_client.uf, extra = v_client.extra
    where clients.tenant_id = v_tenant_id and clients.id = v_client.id;
    return private.client_profile(v_client.document) -> 'client';
end;
$$;
comment on function public.update_client(uuid, jsonb) is
'Supervisor: patch of name, email, external_id, uf, extra → the client as client_profile tells it.';
grant execute on function public.update_client(uuid, jsonb), private.ufs() to authenticated;
