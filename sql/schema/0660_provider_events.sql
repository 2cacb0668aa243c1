-- What providers tell us, stored once and worked on later. The raw event stays, also when nobody
-- understands it. `external_id` is the provider's, and unique only within one integration: else one
-- tenant could hide another's receipt.
create table private.provider_events (
    id uuid not null default gen_random_uuid(),
    provider public.provider_name not null,
    external_id text collate "C" not null,
    tenant_id uuid not null,
    integration_id uuid not null,
    kind text not null,
    payload jsonb not null,
    received_at timestamptz not null default private.now(),
    handled_at timestamptz,
    -- Why it changed nothing: message_not_found, payload_invalid.
    error text,
    constraint provider_events_pkey primary key (id),
    constraint provider_events_are_stored_once unique (integration_id, external_id),
    constraint provider_events_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id)
);
comment on table private.provider_events is 'Inbox of webhooks; payloads are free of secrets.';

create index provider_events_of_integration
on private.provider_events (tenant_id, integration_id, received_at desc);

alter table private.provider_events enable row level security;
alter table private.provider_events force row level security;

-- When the drain was last woken for these, and until when it stays: one request a second, however
-- many events.
create table private.event_wakes (
    name text not null,
    quiet_until timestamptz not null,
    constraint event_wakes_pkey primary key (name)
);
comment on table private.event_wakes is 'Until when a woken drain of the inbox keeps looking.';
alter table private.event_wakes enable row level security;
alter table private.event_wakes force row level security;

create function private.wake_for_events() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_name constant text := 'run-automations';
    -- What a receipt may wait; a thousand messages are four thousand receipts.
    c_quiet constant interval := interval '1 second';
begin
    -- Held until the commit: a drain that means to leave asks whether somebody is storing.
    perform pg_advisory_xact_lock_shared(hashtextextended('provider_events', 0));
    insert into private.event_wakes (name, quiet_until) values (c_name, '-infinity')
    on conflict on constraint event_wakes_pkey do nothing;
    -- Who finds the row locked is behind somebody who is waking at this moment.
    perform from private.event_wakes as wake
    where wake.name = c_name and wake.quiet_until <= clock_timestamp()
    for update skip locked;
    if found then
        -- Nobody is woken where no functions are, so nobody stays.
        update private.event_wakes as wake set quiet_until = clock_timestamp() + c_quiet
        where wake.name = c_name
          and exists (select from vault.secrets as known where known.name = 'functions_url');
        perform private.wake_function(c_name);
    end if;
end;
$$;

-- Null when it is known already.
create function private.store_provider_event(
    provider public.provider_name, webhook_key text, external_id text, kind text, payload jsonb
) returns private.provider_events
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The settings page shows "last event" to the minute; each time would make one hot row.
    c_freshness constant interval := interval '30 seconds';
    v_integration public.integrations;
    v_event private.provider_events;
begin
    -- Looking up the hash takes the same time whatever part of the key is right.
    select * into v_integration
    from public.integrations
    where integrations.id = private.integration_of_key(
        store_provider_event.provider, store_provider_event.webhook_key
    );
    if not found then
        raise exception 'webhook_key_unknown' using errcode = 'PT401',
            detail = 'no integration has this key';
    end if;
    insert into private.provider_events
        (provider, external_id, tenant_id, integration_id, kind, payload)
    values (
        v_integration.provider, store_provider_event.external_id, v_integration.tenant_id,
        v_integration.id, store_provider_event.kind, store_provider_event.payload
    )
    on conflict on constraint provider_events_are_stored_once do nothing
    returning * into v_event;
    if not found then
        return null;
    end if;
    update public.integrations set last_event_at = private.now()
    where integrations.id = v_integration.id
      and (integrations.last_event_at is null
          or integrations.last_event_at < private.now() - c_freshness);
    return v_event;
end;
$$;

create function private.queue_provider_event(event private.provider_events) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into pgmq.q_provider_events (vt, message)
    values (
        clock_timestamp(),
        jsonb_build_object('event_id', (event).id)
        -- In a lane of their own (0670).
        || case when (event).kind = 'call_finished' then '{"is_call": true}' else '{}'::jsonb end
    );
    -- Once for all that one request brings: the wake goes out with its commit.
    if coalesce(current_setting('private.events_woken', true), '') = '' then
        perform set_config('private.events_woken', 'yes', true);
        perform private.wake_for_events();
    end if;
end;
$$;

create function private.receive_provider_event(
    provider public.provider_name, webhook_key text, external_id text, kind text, payload jsonb
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events := private.store_provider_event(
        provider, webhook_key, external_id, kind, payload
    );
begin
    if v_event.id is null then
        return false;
    end if;
    perform private.queue_provider_event(v_event);
    return true;
end;
$$;
comment on function private.receive_provider_event(
    public.provider_name, text, text, text, jsonb
) is 'True when new; PT401 webhook_key_unknown.';
grant execute on function private.receive_provider_event(
    public.provider_name, text, text, text, jsonb
) to webhook;

-- Seconds for which a drain that found nothing still stays: who stored an event meanwhile did not
-- wake another, and what was put off for less than a second would wait for the sweep. 0: look once
-- more, then leave.
create function private.events_pause() returns double precision
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_soon constant interval := interval '1 second';
    v_left double precision := (
        select extract(epoch from min(later.at) - clock_timestamp())
        from (
            select wake.quiet_until as at from private.event_wakes as wake
            where wake.name = 'run-automations' and wake.quiet_until > clock_timestamp()
            union all
            select min(item.vt) from pgmq.q_provider_events as item
            where item.vt > clock_timestamp() and item.vt < clock_timestamp() + c_soon
        ) as later
    );
begin
    if v_left is null and pg_try_advisory_xact_lock(hashtextextended('provider_events', 0)) then
        return 0;
    end if;
    -- Somebody is storing: a commit later.
    return coalesce(v_left, 0.05);
end;
$$;
grant execute on function private.events_pause() to worker;
