-- Connecting a provider is filling a form: settings in the row, secrets in the Vault. What a
-- provider needs is a table, so that a new provider is rows and not branches.
create table private.integration_fields (
    provider public.provider_name not null,
    field text not null,
    is_secret boolean not null,
    is_required boolean not null default true,
    -- A setting must match all of it; urls a tenant can type are thus held to the provider's hosts.
    pattern text not null,
    constraint integration_fields_pkey primary key (provider, field)
);
comment on table private.integration_fields is 'Which settings and secrets a provider takes.';

alter table private.integration_fields enable row level security;
alter table private.integration_fields force row level security;

insert into private.integration_fields (provider, field, is_secret, is_required, pattern)
values
('gupshup', 'app_name', false, true, '^[A-Za-z0-9 _-]{1,100}$'),
('gupshup', 'source', false, true, '^[0-9]{10,15}$'),
('gupshup', 'api_key', true, true, '^\S{8,200}$');

create function private.put_secret(name text, value text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid;
begin
    select secrets.id into v_id from vault.secrets where secrets.name = put_secret.name;
    if found then
        perform vault.update_secret(v_id, value);
    else
        perform vault.create_secret(value, name);
    end if;
end;
$$;

create function private.save_integration(
    provider public.provider_name, settings jsonb, secrets jsonb
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_integration_id uuid;
    v_is_new boolean;
    v_webhook_key text;
    v_wrong text;
begin
    settings := coalesce(settings, '{}');
    secrets := coalesce(secrets, '{}');
    select integrations.id into v_integration_id
    from public.integrations
    where integrations.tenant_id = v_tenant_id
      and integrations.provider = save_integration.provider
    for update;
    v_is_new := not found;

    -- Unknown, malformed, or missing; a saved secret may be left out to keep it.
    select given.key into v_wrong
    from (
        select key, value, false as is_secret from jsonb_each(settings)
        union all
        select key, value, true from jsonb_each(secrets)
    ) as given
    left join private.integration_fields as known
        on known.provider = save_integration.provider and known.field = given.key
        and known.is_secret = given.is_secret
    where known.field is null or jsonb_typeof(given.value) <> 'string'
       or given.value #>> '{}' !~ known.pattern
    limit 1;
    if v_wrong is null then
        select known.field into v_wrong
        from private.integration_fields as known
        where known.provider = save_integration.provider and known.is_required
          and not (case when known.is_secret then secrets else settings end) ? known.field
          and (v_is_new or not known.is_secret)
        limit 1;
    end if;
    -- No fields: a provider we have no adapter for, whose messages would stop the worker.
    if not exists (
        select from private.integration_fields as known
        where known.provider = save_integration.provider
    ) then
        v_wrong := 'provider';
    end if;
    if v_wrong is not null then
        raise exception 'integration_field_invalid' using errcode = 'PT400', detail = v_wrong;
    end if;

    if v_is_new then
        v_webhook_key := encode(extensions.gen_random_bytes(24), 'hex');
        insert into public.integrations (tenant_id, provider, settings, webhook_key_hash)
        values (
            v_tenant_id, save_integration.provider, save_integration.settings,
            private.webhook_key_hash(v_webhook_key)
        )
        returning id into v_integration_id;
    else
        -- Whatever was wrong with it may be mended now.
        update public.integrations
        set settings = save_integration.settings, failing_since = null, failure_detail = null,
            paused_until = null
        where integrations.id = v_integration_id;
    end if;

    perform private.put_secret(format('integration:%s:%s', v_integration_id, key), value)
    from jsonb_each_text(secrets);
    -- Four characters tell two keys apart and open nothing.
    update public.integrations
    set secret_hint = right((select min(value) from jsonb_each_text(secrets)), 4),
        secret_notes = (
            select jsonb_agg(note.said order by note.said ->> 'field')
            from (
                select jsonb_build_object(
                    'field', given.key, 'ends', right(given.value, 4), 'at', private.now()
                ) as said
                from jsonb_each_text(secrets) as given
                union all
                select known.value from jsonb_array_elements(integrations.secret_notes) as known
                where not secrets ? (known.value ->> 'field')
            ) as note
        )
    where integrations.id = v_integration_id and secrets <> '{}';

    return jsonb_build_object(
        'integration_id', v_integration_id,
        'secret_hint', (
            select integrations.secret_hint from public.integrations
            where integrations.id = v_integration_id
        ),
        'webhook_key', v_webhook_key
    );
end;
$$;

create function private.webhook_key_hash(webhook_key text) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(webhook_key, 'UTF8')), 'hex')
$$;

-- For workers only, one field at a time, at the moment of the call.
create function private.integration_secret(integration_id uuid, field text) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select decrypted_secrets.decrypted_secret
    from vault.decrypted_secrets
    where decrypted_secrets.name = pg_catalog.format('integration:%s:%s', integration_id, field)
$$;
grant execute on function private.integration_secret(uuid, text) to worker;

create function public.save_integration(
    provider public.provider_name, settings jsonb, secrets jsonb default '{}'
) returns jsonb
language sql
set search_path = ''
as $$ select private.save_integration(provider, settings, secrets) $$;
comment on function public.save_integration(public.provider_name, jsonb, jsonb) is
'Admin only. {integration_id, secret_hint, webhook_key}; webhook_key is shown once, null on later
saves. Saved secrets may be left out to keep them.';

grant execute on function
private.save_integration(public.provider_name, jsonb, jsonb),
public.save_integration(public.provider_name, jsonb, jsonb)
to authenticated;
