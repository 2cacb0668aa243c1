-- The part of Vault that migrations touch, with its names. The key is a file beside the data
-- folder, readable only by the server's own superuser functions, so that neither a dump nor a
-- copied table gives a secret away.

create table vault.secrets (
    id uuid primary key default gen_random_uuid(),
    name text,
    description text not null default '',
    secret text not null,
    key_id uuid,
    nonce bytea,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
);

create unique index secrets_name_idx on vault.secrets (name) where name is not null;

create function vault._key() returns text
language sql
stable
set search_path = ''
as $$
    select trim(pg_read_file('../vault.key'));
$$;

-- The id is sealed in with the secret: a ciphertext moved to another row does not open.
create function vault._encrypt(secret_id uuid, secret text) returns text
language sql
security definer
set search_path = ''
as $$
    select encode(extensions.pgp_sym_encrypt(
        secret_id::text || ':' || secret, vault._key(), 'cipher-algo=aes256, s2k-mode=1'
    ), 'base64');
$$;

create function vault._decrypt(secret_id uuid, sealed text) returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_plain text := extensions.pgp_sym_decrypt(decode(sealed, 'base64'), vault._key());
begin
    if not starts_with(v_plain, secret_id::text || ':') then
        raise exception 'this ciphertext belongs to another secret';
    end if;
    return substr(v_plain, 38);  -- 36 characters of a uuid and the colon
end;
$$;

create view vault.decrypted_secrets as
select
    id, name, description, secret,
    vault._decrypt(id, secret) as decrypted_secret,
    key_id, nonce, created_at, updated_at
from vault.secrets;

create function vault.create_secret(
    new_secret text,
    new_name text default null,
    new_description text default '',
    new_key_id uuid default null
) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid := gen_random_uuid();
begin
    insert into vault.secrets (id, secret, name, description, key_id)
    values (v_id, vault._encrypt(v_id, new_secret), new_name, new_description, new_key_id);
    return v_id;
end;
$$;

create function vault.update_secret(
    secret_id uuid,
    new_secret text default null,
    new_name text default null,
    new_description text default null,
    new_key_id uuid default null
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update vault.secrets as s
    set secret = coalesce(vault._encrypt(secret_id, new_secret), s.secret),
        name = coalesce(new_name, s.name),
        description = coalesce(new_description, s.description),
        key_id = coalesce(new_key_id, s.key_id),
        updated_at = current_timestamp
    where s.id = secret_id;
end;
$$;

revoke all on all functions in schema vault from public;
grant usage on schema vault to postgres, service_role;
grant select, delete on vault.secrets to postgres, service_role;
grant select, delete on vault.decrypted_secrets to postgres, service_role;
grant execute on function vault.create_secret, vault.update_secret, vault._decrypt
to postgres, service_role;
