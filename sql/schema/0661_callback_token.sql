-- Negociarie sends the same word with every callback: sha1(client_id || client_secret). It signs no
-- body, so it only comes on top of the key in the URL; the secret does not leave the database.
create function private.is_callback_token(webhook_key text, token text) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    -- Hashes are compared, so that the time taken says nothing about how much of it was right.
    select coalesce(bool_or(
        pg_catalog.sha256(pg_catalog.convert_to(is_callback_token.token, 'UTF8'))
        = pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.encode(extensions.digest(
            (integration.settings ->> 'client_id')
            || private.integration_secret(integration.id, 'client_secret'), 'sha1'
        ), 'hex'), 'UTF8'))
    ), false)
    from public.integrations as integration
    where integration.id = private.integration_of_key(
        'negociarie', is_callback_token.webhook_key
    )
$$;
comment on function private.is_callback_token(text, text) is
'False for an unknown key as well.';
grant execute on function private.is_callback_token(text, text) to webhook;
