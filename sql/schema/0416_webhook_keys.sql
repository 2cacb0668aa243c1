-- The key in a webhook's address: which tenant a call is for. It is shown once, when it is made. A
-- new one does not close the old address at once, because an event that meets a closed door is lost
-- (3C Plus gives a webhook up after 50 of them): for a day both are right, time to paste the new
-- address at the provider. A key that leaked can be ended on the spot.
create function private.integration_of_key(provider public.provider_name, webhook_key text)
returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    -- Looking up a hash takes the same time whatever part of the key is right.
    select integration.id
    from public.integrations as integration
    where integration.provider = integration_of_key.provider
      and (
          integration.webhook_key_hash
          = private.webhook_key_hash(integration_of_key.webhook_key)
          or (
              integration.previous_key_hash
              = private.webhook_key_hash(integration_of_key.webhook_key)
              and integration.previous_key_until > private.now()
          )
      )
$$;

create function private.rotate_webhook_key(
    provider public.provider_name, ends_old_now boolean
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_grace constant interval := interval '24 hours';
    v_tenant_id uuid := private.require_role('admin');
    v_key text := encode(extensions.gen_random_bytes(24), 'hex');
    v_until timestamptz := case when not ends_old_now then private.now() + c_grace end;
begin
    update public.integrations as integration
    set previous_key_hash = case when not ends_old_now then integration.webhook_key_hash end,
        previous_key_until = v_until,
        webhook_key_hash = private.webhook_key_hash(v_key)
    where integration.tenant_id = v_tenant_id
      and integration.provider = rotate_webhook_key.provider;
    if not found then
        raise exception 'integration_not_found' using errcode = 'PT404',
            detail = 'connect the provider first';
    end if;
    return jsonb_build_object('webhook_key', v_key, 'previous_until', v_until);
end;
$$;

create function public.rotate_webhook_key(
    provider public.provider_name, ends_old_now boolean default false
) returns jsonb
language sql
set search_path = ''
as $$ select private.rotate_webhook_key(provider, ends_old_now) $$;
comment on function public.rotate_webhook_key(public.provider_name, boolean) is
'Admin: {webhook_key, previous_until}. The key is shown here and never again; the one before it
lives 24 hours more, unless ends_old_now. PT404 integration_not_found.';

-- The provider took something and owes us word of it. Asked with every answer, written once.
create function private.await_word(integration_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if exists (
        select from public.integrations as integration
        where integration.id = any(integration_ids)
          and (integration.awaiting_since is null
              or integration.awaiting_since <= integration.last_event_at)
    ) then
        update public.integrations as integration set awaiting_since = private.now()
        where integration.id in (
            select waiting.id from public.integrations as waiting
            where waiting.id = any(integration_ids)
              and (waiting.awaiting_since is null
                  or waiting.awaiting_since <= waiting.last_event_at)
            order by waiting.id
            -- Who holds it writes the same; to wait while holding messages could deadlock.
            for no key update skip locked
        );
    end if;
end;
$$;

-- What a test of the connection needs, in the name of the admin who asks for it.
create function private.integration_to_test(provider public.provider_name)
returns table (integration_id uuid, settings jsonb)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    return query
    select integration.id, integration.settings
    from public.integrations as integration
    where integration.tenant_id = v_tenant_id
      and integration.provider = integration_to_test.provider;
    if not found then
        raise exception 'integration_not_found' using errcode = 'PT404',
            detail = 'connect the provider first';
    end if;
end;
$$;
comment on function private.integration_to_test(public.provider_name) is
'Admin. PT404 integration_not_found.';

-- quality: of the number that was asked for, where the provider tells it.
create function private.note_integration_test(
    provider public.provider_name, verdict text, quality text
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    update public.integrations as integration
    set tested_at = private.now(), test_verdict = note_integration_test.verdict
    where integration.tenant_id = v_tenant_id
      and integration.provider = note_integration_test.provider;
    update public.senders as sender
    set quality = note_integration_test.quality::public.sender_quality
    from public.integrations as integration
    where integration.tenant_id = v_tenant_id
      and integration.provider = note_integration_test.provider
      and sender.integration_id = integration.id
      and sender.account = private.sender_account(integration.provider, integration.settings)
      and note_integration_test.quality is not null
      and sender.quality::text <> note_integration_test.quality;
end;
$$;

grant execute on function
private.rotate_webhook_key(public.provider_name, boolean),
public.rotate_webhook_key(public.provider_name, boolean),
private.integration_to_test(public.provider_name),
private.note_integration_test(public.provider_name, text, text)
to authenticated;
