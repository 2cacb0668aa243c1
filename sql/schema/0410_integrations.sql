-- A provider connected by a tenant. Secrets lie in the Vault as `integration:<id>:<field>` and
-- never come out to a browser; the row shows only the last four characters of the key.
create table public.integrations (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    provider public.provider_name not null,
    -- What is not secret: app name, source number.
    settings jsonb not null default '{}',
    secret_hint text,
    -- [{field, ends, at}]: what of each secret may be shown. A list, because the audit log drops
    -- what is named like a secret, and should tell which one was replaced.
    secret_notes jsonb not null default '[]',
    -- SHA-256 of the key in our webhook's address: routes a call to its tenant, opens nothing else.
    webhook_key_hash text,
    -- The key before it, while the provider may still be calling the old address.
    previous_key_hash text,
    previous_key_until timestamptz,
    is_active boolean not null default true,
    last_event_at timestamptz,
    -- Since when the provider owes us word of what it took; older than the last event: nothing.
    awaiting_since timestamptz,
    -- The last test by a person, and its verdict (functions/providers/events.py, Verdict).
    tested_at timestamptz,
    test_verdict text,
    -- Since when, and in the provider's words why, every message fails: key, app, number or wallet.
    failing_since timestamptz,
    failure_detail text,
    -- The provider's rate limit is the account's, so every message of it waits.
    paused_until timestamptz,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint integrations_pkey primary key (id),
    constraint integrations_tenant_id_key unique (tenant_id, id),
    constraint integrations_one_per_provider unique (tenant_id, provider),
    constraint integrations_webhook_key_is_unique unique (webhook_key_hash),
    constraint integrations_previous_key_is_unique unique (previous_key_hash),
    constraint integrations_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint integrations_settings_is_object check (jsonb_typeof(settings) = 'object')
);
comment on table public.integrations is 'Connected providers; secrets are in the Vault.';

alter table public.integrations enable row level security;
alter table public.integrations force row level security;

create policy integrations_select_supervisor on public.integrations for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy integrations_update_admin on public.integrations for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- `webhook_key_hash` is nobody's to read. Everything but the switch goes through
-- `save_integration`, so that a row and its secrets change together.
grant select (
    id, tenant_id, provider, settings, secret_hint, is_active, last_event_at, failing_since,
    failure_detail, paused_until, created_at, updated_at
) on public.integrations to authenticated;
grant update (is_active) on public.integrations to authenticated;

create trigger _100_touch_updated_at before update on public.integrations
for each row execute function private.tg_touch_updated_at();

create trigger _900_audit_insert after insert on public.integrations
referencing new table as new_rows for each statement
execute function private.tg_audit('last_event_at', 'awaiting_since', 'paused_until');
create trigger _900_audit_update after update on public.integrations
referencing old table as old_rows new table as new_rows
for each statement
execute function private.tg_audit('last_event_at', 'awaiting_since', 'paused_until');
create trigger _900_audit_delete after delete on public.integrations
referencing old table as old_rows for each statement
execute function private.tg_audit('last_event_at', 'awaiting_since', 'paused_until');
