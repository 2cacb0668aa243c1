-- Connecting a provider makes its first number; further ones are added by an admin.
create function private.sends_whatsapp(provider text) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from private.whatsapp_providers as known
        where known.provider::text = sends_whatsapp.provider
    )
$$;

create function private.sender_account(provider public.provider_name, settings jsonb)
returns text
language sql
stable
security definer
set search_path = ''
as $$
    select sender_account.settings ->> known.account_field
    from private.whatsapp_providers as known where known.provider = sender_account.provider
$$;

create function private.tg_integrations__sender() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.senders as known
        (tenant_id, integration_id, provider, name, phone, account, is_default)
    select connected.tenant_id, connected.id, connected.provider,
        case when company.says_account
            then private.sender_account(connected.provider, connected.settings)
            else split_part(company.label, ' ', 1) || ' ' || (connected.settings ->> 'source')
        end,
        '+' || (connected.settings ->> 'source'),
        private.sender_account(connected.provider, connected.settings),
        not exists (
            select from public.senders as first
            where first.tenant_id = connected.tenant_id and first.is_default
        )
    from new_rows as connected
    join private.whatsapp_providers as company on company.provider = connected.provider
    where private.sender_account(connected.provider, connected.settings) is not null
      and connected.settings ->> 'source' ~ '^[1-9][0-9]{7,14}$'
    on conflict on constraint senders_are_unique do update set phone = excluded.phone
    where known.phone <> excluded.phone;
    return null;
end;
$$;

create trigger _300_sender_insert after insert on public.integrations
referencing new table as new_rows for each statement
execute function private.tg_integrations__sender();
create trigger _300_sender_update after update on public.integrations
referencing new table as new_rows for each statement
execute function private.tg_integrations__sender();

create function private.save_sender(sender jsonb) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_wrong text;
    v_integration public.integrations;
    v_id uuid;
begin
    v_wrong := (
        select given.key from jsonb_each_text(sender) as given
        where not case given.key
            when 'provider' then private.sends_whatsapp(given.value)
            when 'name' then btrim(given.value) <> '' and length(given.value) <= 80
            when 'phone' then given.value ~ '^\+[1-9][0-9]{7,14}$'
            when 'account' then given.value ~ '^[A-Za-z0-9 _-]{1,100}$'
            when 'throughput_per_second' then given.value ~ '^[0-9]{1,4}$'
                and given.value::int between 1 and 1000
            when 'is_default' then given.value in ('true', 'false')
            else false
        end
        limit 1
    );
    v_wrong := coalesce(v_wrong, (
        select wanted from unnest(array['provider', 'name', 'phone', 'account']) as wanted
        where sender ->> wanted is null limit 1
    ));
    select * into v_integration from public.integrations as integration
    where integration.tenant_id = v_tenant_id
      and integration.provider::text = sender ->> 'provider';
    if v_wrong is not null then
        raise exception 'sender_invalid' using errcode = 'PT400', detail = v_wrong;
    elsif v_integration.id is null then
        raise exception 'sender_provider_missing' using errcode = 'PT409',
            detail = 'connect the provider first';
    end if;
    if (sender ->> 'is_default')::boolean then
        update public.senders as other set is_default = false
        where other.tenant_id = v_tenant_id and other.is_default
          and other.account <> sender ->> 'account';
    end if;
    insert into public.senders as known (
        tenant_id, integration_id, provider, name, phone, account, throughput_per_second, is_default
    )
    values (
        v_tenant_id, v_integration.id, v_integration.provider, btrim(sender ->> 'name'),
        sender ->> 'phone', sender ->> 'account',
        coalesce((sender ->> 'throughput_per_second')::int, 80),
        coalesce((sender ->> 'is_default')::boolean, false)
    )
    on conflict on constraint senders_are_unique do update
    set name = excluded.name, phone = excluded.phone,
        throughput_per_second = coalesce(
            (sender ->> 'throughput_per_second')::int, known.throughput_per_second
        ),
        is_default = coalesce((sender ->> 'is_default')::boolean, known.is_default)
    returning known.id into v_id;
    return v_id;
end;
$$;

create function private.set_sender_state(sender_id uuid, state public.sender_state)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    update public.senders as sender
    set state = set_sender_state.state, paused_detail = null, paused_until = null,
        paused_reason = case when set_sender_state.state = 'paused' then 'person' end
    where sender.tenant_id = v_tenant_id and sender.id = set_sender_state.sender_id;
    if not found then
        raise exception 'sender_not_found' using errcode = 'PT404', detail = 'no such sender here';
    end if;
    perform private.wake_function('send-notifications');
end;
$$;

create function public.save_sender(sender jsonb) returns uuid
language sql
set search_path = ''
as $$ select private.save_sender(sender) $$;
comment on function public.save_sender(jsonb) is
'Admin: {provider, name, phone, account, throughput_per_second?, is_default?} → id; the account
names it, so that saving again changes it.';

create function public.set_sender_state(sender_id uuid, state public.sender_state) returns void
language sql
set search_path = ''
as $$ select private.set_sender_state(sender_id, state) $$;
comment on function public.set_sender_state(uuid, public.sender_state) is
'Supervisor: active forgets why it was paused and goes on.';

grant execute on function
private.save_sender(jsonb), public.save_sender(jsonb),
private.set_sender_state(uuid, public.sender_state),
public.set_sender_state(uuid, public.sender_state)
to authenticated;

-- The sender that an event of a provider happened to. A number we do not know is nobody's: nothing
-- is guessed between two numbers.
create function private.sender_of_event(integration_id uuid, account text) returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    select sender.id
    from public.senders as sender
    join public.integrations as integration on integration.id = sender.integration_id
    where sender.integration_id = sender_of_event.integration_id
      and (
          sender.account = sender_of_event.account
          -- Gupshup's v3 names the app by its id, and an older callback none at all.
          or sender_of_event.account is null
          or sender_of_event.account = integration.settings ->> 'app_id'
      )
    order by (sender.account = sender_of_event.account) desc nulls last,
        sender.account = private.sender_account(integration.provider, integration.settings) desc,
        sender.created_at
    limit 1
$$;

-- What an adapter needs to send through it: the integration's settings with its own name on top.
create function private.sender_settings(sender_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select integration.settings || jsonb_build_object(
        company.account_field, sender.account, 'source', ltrim(sender.phone, '+')
    )
    from public.senders as sender
    join private.whatsapp_providers as company on company.provider = sender.provider
    join public.integrations as integration on integration.id = sender.integration_id
    where sender.id = sender_settings.sender_id
$$;

-- The account that the number's templates are listed by, whatever the provider calls it.
create function private.template_account(sender_id uuid) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select private.sender_settings(sender.id) ->> company.listed_by
    from public.senders as sender
    join private.whatsapp_providers as company on company.provider = sender.provider
    where sender.id = template_account.sender_id
$$;

create function private.fits_sender(template public.message_templates, sender public.senders)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select (template).provider = (sender).provider and (
        (template).account is null
        or (template).account = private.template_account((sender).id)
    )
$$;

-- A webhook's own secret, for the one request that must be verified before it is believed. Only the
-- fields that verify; null for an unknown key, which is then refused like a wrong signature.
create function private.webhook_secret(
    provider public.provider_name, webhook_key text, field text
) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select private.integration_secret(integration.id, webhook_secret.field)
    from public.integrations as integration
    where integration.id = private.integration_of_key(
        webhook_secret.provider, webhook_secret.webhook_key
    )
      and exists (
          select from private.whatsapp_providers as company
          where company.provider = webhook_secret.provider
            and webhook_secret.field = any(company.verified_by)
      )
$$;
grant execute on function private.webhook_secret(public.provider_name, text, text) to webhook;

insert into private.integration_fields (provider, field, is_secret, is_required, pattern)
values
('gupshup', 'app_id', false, false, '^[A-Za-z0-9-]{8,64}$'),
('meta', 'waba_id', false, true, '^[0-9]{5,30}$'),
('meta', 'phone_number_id', false, true, '^[0-9]{5,30}$'),
('meta', 'source', false, true, '^[1-9][0-9]{9,14}$'),
('meta', 'api_version', false, false, '^v[0-9]{1,3}\.[0-9]$'),
('meta', 'access_token', true, true, '^\S{8,}$'),
('meta', 'app_secret', true, true, '^\S{8,200}$'),
('meta', 'verify_token', true, true, '^\S{8,200}$');
