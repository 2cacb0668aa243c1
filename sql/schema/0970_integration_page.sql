-- The page of integrations: every provider there is an adapter for, with the fields its form asks,
-- what is kept of its secrets, and whether it is heard of.

-- Since when a provider should have told us something and has not; null: nothing is missed.
create function private.silent_since(integration public.integrations) returns timestamptz
language sql
stable
security definer
set search_path = ''
as $$
    select case
        when not (integration).is_active then null
        -- The dialer's sweeps find calls that nobody told us of.
        when (integration).provider = 'threecplus' then (
            select max(sweep.started_at) from public.call_sweeps as sweep
            where sweep.integration_id = (integration).id and sweep.recovered > 0
              and sweep.started_at > private.now() - interval '1 day'
              and sweep.started_at > coalesce((integration).last_event_at, '-infinity')
        )
        when (integration).awaiting_since > coalesce((integration).last_event_at, '-infinity')
            -- Receipts come within seconds, the slowest within minutes; Negociarie tells of a
            -- boleto when the bank has registered it.
            and (integration).awaiting_since < private.now() - case (integration).provider
                when 'negociarie' then interval '6 hours' else interval '30 minutes' end
            then (integration).awaiting_since
    end
$$;

create function private.integration_page() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    return (
        select jsonb_agg(jsonb_build_object(
            'provider', company.provider,
            'fields', (
                select jsonb_agg(jsonb_build_object(
                    'field', known.field, 'is_secret', known.is_secret,
                    'is_required', known.is_required, 'pattern', known.pattern,
                    'label', said.label, 'help', said.help, 'placeholder', said.placeholder
                ) order by not known.is_required, known.is_secret, known.field)
                from private.integration_fields as known
                left join private.field_words as said
                    on said.provider = known.provider and said.field = known.field
                where known.provider = company.provider
            ),
            -- Null: the page's own, of what is no WhatsApp provider.
            'words', (
                select jsonb_build_object(
                    'name', declared.label, 'what', declared.what, 'where', declared.guide,
                    'webhook', declared.webhook || case
                        when declared.webhook = 'whatsapp-webhook'
                            then '/' || declared.provider else '' end,
                    'account', declared.account_label
                )
                from private.whatsapp_providers as declared
                where declared.provider = company.provider
            ),
            'connected', case when integration.id is not null then jsonb_build_object(
                'id', integration.id, 'settings', integration.settings,
                'is_active', integration.is_active,
                'secrets', (
                    -- Saved before notes were kept: then only that it is there.
                    select coalesce(jsonb_agg(coalesce(
                        note.said, jsonb_build_object('field', known.field)
                    )), '[]')
                    from private.integration_fields as known
                    left join lateral (
                        select kept.value as said
                        from jsonb_array_elements(integration.secret_notes) as kept
                        where kept.value ->> 'field' = known.field
                    ) as note on true
                    where known.provider = company.provider and known.is_secret
                      and exists (
                          select from vault.secrets
                          where secrets.name
                              = format('integration:%s:%s', integration.id, known.field)
                      )
                ),
                'last_event_at', integration.last_event_at,
                'silent_since', private.silent_since(integration),
                'failing_since', integration.failing_since,
                'failure_detail', integration.failure_detail,
                'paused_until', case when integration.paused_until > private.now()
                    then integration.paused_until end,
                'previous_key_until', case when integration.previous_key_until > private.now()
                    then integration.previous_key_until end,
                'tested_at', integration.tested_at, 'test_verdict', integration.test_verdict
            ) end
        ) order by company.provider)
        from (select distinct known.provider from private.integration_fields as known) as company
        left join public.integrations as integration
            on integration.tenant_id = v_tenant_id and integration.provider = company.provider
    );
end;
$$;

create function public.integration_page() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.integration_page() $$;
comment on function public.integration_page() is
'Admin: [{provider, words: null | {name, what, where, webhook, account}, fields: [{field, is_secret,
is_required, pattern, label, help, placeholder}], connected: null | {id,
settings, is_active, secrets: [{field, ends?, at?}], last_event_at, silent_since, failing_since,
failure_detail, paused_until, previous_key_until, tested_at, test_verdict}}].';

-- The hours within which contact is lawful, as the law gives them, for reading.
create function private.lawful_hours() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    perform private.require_role('operator');
    return (
        select jsonb_agg(jsonb_build_object(
            'uf', law.uf, 'weekday', law.weekday, 'opens', law.opens, 'closes', law.closes,
            'source', law.source
        ) order by law.uf nulls first, law.weekday, law.opens)
        from private.calling_windows as law
    );
end;
$$;

create function public.lawful_hours() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.lawful_hours() $$;
comment on function public.lawful_hours() is
'[{uf | null: every other state, weekday (ISO), opens, closes, source}].';

-- Says once a day that a provider is silent. The dialer's sweeps do so themselves (0954).
create function private.watch_integrations() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.tell_supervisors(
        integration.tenant_id, 'integration_silent', jsonb_build_object(
            'integration_id', integration.id, 'provider', integration.provider,
            'since', private.silent_since(integration)
        )
    )
    from public.integrations as integration
    where integration.provider <> 'threecplus'
      and private.silent_since(integration) is not null
      and not exists (
          select from public.notifications as told
          where told.tenant_id = integration.tenant_id and told.kind = 'integration_silent'
            and told.payload ->> 'integration_id' = integration.id::text
            and told.created_at > private.now() - interval '1 day'
      );
end;
$$;
select cron.schedule('watch-integrations', '*/10 * * * *', 'select private.watch_integrations()');

grant execute on function
private.integration_page(), public.integration_page(), private.lawful_hours(),
public.lawful_hours()
to authenticated;
