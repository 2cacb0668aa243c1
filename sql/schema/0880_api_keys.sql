-- A key with which a tenant's own program sends portfolios. Shown once, stored as its SHA-256 (the
-- key is 256 random bits, so no slow hash is needed). It acts with the rights of the person who
-- made it and dies with their membership.
create table public.api_keys (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    name text not null,
    -- Enough to tell keys apart in a list, too little to guess one.
    prefix text not null,
    key_hash text not null,
    created_by uuid not null,
    created_at timestamptz not null default private.now(),
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_pkey primary key (id),
    constraint api_keys_tenant_id_key unique (tenant_id, id),
    constraint api_keys_key_hash_is_unique unique (key_hash),
    constraint api_keys_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint api_keys_created_by_fkey foreign key (created_by) references auth.users (id)
    on delete cascade,
    constraint api_keys_name_has_length check (length(btrim(name)) between 1 and 80)
);
comment on table public.api_keys is 'Keys of programs; only the hash is kept.';

create index api_keys_of_tenant on public.api_keys (tenant_id, created_at desc, id desc);
create index api_keys_of_author on public.api_keys (created_by);

alter table public.imports add constraint imports_api_key_fkey
foreign key (tenant_id, api_key_id) references public.api_keys (tenant_id, id);
create index imports_of_api_key on public.imports (tenant_id, api_key_id)
where api_key_id is not null;

alter table public.api_keys enable row level security;
alter table public.api_keys force row level security;

create policy api_keys_select_admin on public.api_keys for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- Not the hash: nobody needs it, and who has none can try no keys against it.
grant select (id, tenant_id, name, prefix, created_by, created_at, last_used_at, revoked_at)
on public.api_keys to authenticated;

create trigger _900_audit_insert after insert on public.api_keys
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.api_keys
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit('last_used_at');
create trigger _900_audit_delete after delete on public.api_keys
referencing old table as old_rows for each statement execute function private.tg_audit();

create function private.hash_api_key(key text) returns text
language sql
immutable
set search_path = ''
as $$
    select encode(sha256(convert_to(key, 'UTF8')), 'hex')
$$;

create function private.create_api_key(name text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('admin');
    v_key text := 'cbk_' || encode(extensions.gen_random_bytes(32), 'hex');
    v_row public.api_keys;
begin
    if coalesce(length(btrim(name)), 0) not between 1 and 80 then
        raise exception 'api_key_name_invalid' using errcode = 'PT400',
            detail = '1 to 80 characters that say which program uses the key';
    end if;
    insert into public.api_keys (tenant_id, name, prefix, key_hash, created_by)
    values (
        v_tenant, btrim(create_api_key.name), left(v_key, 10), private.hash_api_key(v_key),
        auth.uid()
    )
    returning * into v_row;
    return jsonb_build_object(
        'id', v_row.id, 'name', v_row.name, 'key', v_key, 'prefix', v_row.prefix
    );
end;
$$;

create function public.create_api_key(name text) returns jsonb
language sql
set search_path = ''
as $$ select private.create_api_key(name) $$;
comment on function public.create_api_key(text) is
'Admin: {id, name, key, prefix}; the key can never be read again.';

create function private.revoke_api_key(id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('admin');
begin
    update public.api_keys set revoked_at = coalesce(api_keys.revoked_at, private.now())
    where api_keys.id = revoke_api_key.id and api_keys.tenant_id = v_tenant;
    if not found then
        raise exception 'api_key_not_found' using errcode = 'PT404',
            detail = 'no such key in this tenant';
    end if;
end;
$$;

create function public.revoke_api_key(id uuid) returns void
language sql
set search_path = ''
as $$ select private.revoke_api_key(id) $$;
comment on function public.revoke_api_key(uuid) is 'Admin: the key opens nothing from now on.';

-- Who a key stands for. For the functions' login only, before any tenant is known.
create function private.use_api_key(key text)
returns table (api_key_id uuid, tenant_id uuid, user_id uuid, email text)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    update public.api_keys set last_used_at = private.now()
    from public.memberships, auth.users
    where api_keys.key_hash = private.hash_api_key(use_api_key.key)
      and api_keys.revoked_at is null
      and memberships.tenant_id = api_keys.tenant_id
      and memberships.user_id = api_keys.created_by
      and memberships.revoked_at is null
      and users.id = api_keys.created_by
    returning api_keys.id, api_keys.tenant_id, api_keys.created_by, users.email::text;
    if not found then
        raise exception 'api_key_unknown' using errcode = 'PT401',
            detail = 'unknown or revoked, or its author has left the tenant';
    end if;
end;
$$;
grant execute on function private.use_api_key(text) to webhook;
grant execute on function
private.create_api_key(text), public.create_api_key(text),
private.revoke_api_key(uuid), public.revoke_api_key(uuid)
to authenticated;
