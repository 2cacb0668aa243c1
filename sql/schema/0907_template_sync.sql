-- Templates are the provider's: what it lists is taken over, what it no longer lists is paused.
-- What is ours, which field fills which variable, stays.
--
-- An account that lists nothing, though it had some, is taken for a fault of the answer: nobody
-- deletes all, and all bulk sends would stop. What it had is kept, as of one that did not answer
-- (`silent`); the other accounts are taken over.
create function private.take_templates(
    integration_id uuid, templates jsonb, accounts text[], silent text[] default '{}'
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_integration public.integrations;
    v_templates jsonb;
    v_emptied text[];
    v_kept text[];
    v_changed int;
    v_gone int;
begin
    select * into v_integration from public.integrations as integration
    where integration.id = take_templates.integration_id;
    v_emptied := array(
        select distinct coalesce(known.account, '')
        from public.message_templates as known
        where known.tenant_id = v_integration.tenant_id
          and known.provider = v_integration.provider and known.synced_at is not null
          and known.provider_status is distinct from 'GONE'
          and (known.account = any(take_templates.accounts) or known.account is null)
          and not exists (
              select from jsonb_array_elements(take_templates.templates) as told
              where known.account is null or told.value ->> 'account' = known.account
          )
    );
    -- Of before accounts were known (''): anybody's, so kept while anybody is missing.
    v_kept := take_templates.silent || v_emptied;
    if v_kept <> '{}' then
        v_kept := v_kept || ''::text;
    end if;
    -- Within an account a name is one template: ours stays that whose id we know.
    select coalesce(jsonb_agg(chosen.value), '[]') into v_templates
    from (
        select distinct on (
            told.value ->> 'account', told.value ->> 'name', told.value ->> 'language'
        ) told.value
        from jsonb_array_elements(take_templates.templates) as told
        left join public.message_templates as known
            on known.tenant_id = v_integration.tenant_id
            and known.provider = v_integration.provider
            and known.provider_template_id = told.value ->> 'provider_template_id'
        order by told.value ->> 'account', told.value ->> 'name', told.value ->> 'language',
            known.id is null, told.value ->> 'provider_template_id'
    ) as chosen;
    -- Deleted there and made again under the same name: the same template with another id. One that
    -- is listed itself is nobody else's, and one that was never listed is of whoever has its name.
    update public.message_templates as known
    set provider_template_id = renamed.provider_template_id, account = renamed.account
    from (
        select distinct on (old.id) old.id, fresh.provider_template_id, fresh.account
        from (
            select distinct on (told.value ->> 'provider_template_id')
                told.value ->> 'provider_template_id' as provider_template_id,
                told.value ->> 'account' as account, same.id
            from jsonb_array_elements(v_templates) as told
            join public.message_templates as same
                on same.tenant_id = v_integration.tenant_id
                and same.provider = v_integration.provider
                and same.name = told.value ->> 'name'
                and same.language = told.value ->> 'language'
                and (same.account is null or same.account = told.value ->> 'account')
            where not exists (
                select from jsonb_array_elements(v_templates) as listed
                where listed.value ->> 'provider_template_id' = same.provider_template_id
            ) and not exists (
                select from public.message_templates as other
                where other.tenant_id = same.tenant_id and other.provider = same.provider
                  and other.provider_template_id = told.value ->> 'provider_template_id'
            )
            order by told.value ->> 'provider_template_id', same.account nulls last
        ) as fresh
        join public.message_templates as old on old.id = fresh.id
        order by old.id, fresh.account, fresh.provider_template_id
    ) as renamed
    where known.id = renamed.id;
    with listed as (
        select told.value ->> 'provider_template_id' as provider_template_id,
            told.value ->> 'account' as account,
            told.value ->> 'name' as name, told.value ->> 'language' as language,
            told.value ->> 'category' as category,
            (told.value ->> 'status')::public.template_status as status,
            told.value ->> 'provider_status' as provider_status, told.value ->> 'body' as body,
            (told.value ->> 'variables')::int as variables,
            told.value ->> 'header_type' as header_type
        from jsonb_array_elements(v_templates) as told
    )
    insert into public.message_templates as known (
        tenant_id, provider, account, provider_template_id, name, language, category, body,
        variables, status, provider_status, header_type, synced_at
    )
    select v_integration.tenant_id, v_integration.provider, listed.account,
        listed.provider_template_id, listed.name, listed.language, listed.category, listed.body,
        array_fill(''::text, array[listed.variables]), listed.status, listed.provider_status,
        listed.header_type, private.now()
    from listed
    on conflict on constraint message_templates_are_unique do update
    set account = excluded.account, language = excluded.language, category = excluded.category,
        body = excluded.body, status = excluded.status,
        provider_status = excluded.provider_status, header_type = excluded.header_type,
        synced_at = excluded.synced_at,
        -- Bindings are kept as far as there are variables for them.
        variables = case when cardinality(known.variables) = cardinality(excluded.variables)
            then known.variables
            else array(
                select coalesce(known.variables[place], '')
                from generate_series(1, cardinality(excluded.variables)) as place
            ) end;
    get diagnostics v_changed = row_count;
    update public.message_templates as known
    set status = 'paused', provider_status = 'GONE', synced_at = private.now()
    where known.tenant_id = v_integration.tenant_id
      and known.provider = v_integration.provider and known.synced_at is not null
      and known.status <> 'paused' and coalesce(known.account, '') <> all(v_kept)
      and not exists (
          select from jsonb_array_elements(take_templates.templates) as told
          where told.value ->> 'provider_template_id' = known.provider_template_id
      );
    get diagnostics v_gone = row_count;
    return jsonb_build_object(
        'error', case when v_emptied <> '{}' then 'templates_missing' end,
        'listed', v_changed, 'gone', v_gone,
        'accounts', to_jsonb(array_remove(v_emptied, ''))
    );
end;
$$;
comment on function private.take_templates(uuid, jsonb, text[], text[]) is
'Whole lists in the words of providers/whatsapp.py KnownTemplate, each with its account, the
accounts that answered and those that did not → {error: null | templates_missing, listed, gone,
accounts: which listed nothing}.';
grant execute on function private.take_templates(uuid, jsonb, text[], text[]) to worker;

-- What the worker needs to ask each provider of a tenant (null: of all) for its lists: templates
-- belong to an account, and numbers of one integration may be of several.
create function private.integrations_to_sync(tenant_id uuid)
returns table (
    integration_id uuid, provider public.provider_name, names text[], accounts jsonb[]
)
language sql
stable
security definer
set search_path = ''
as $$
    select integration.id, integration.provider, listing.names, listing.accounts
    from public.integrations as integration
    join private.whatsapp_providers as company on company.provider = integration.provider
    cross join lateral (
        select array_agg(account.name order by account.name) as names,
            array_agg(account.said order by account.name) as accounts
        from (
            select distinct on (named.name) named.name, known.said
            from (
                select private.sender_settings(sender.id) as said
                from public.senders as sender
                where sender.tenant_id = integration.tenant_id
                  and sender.integration_id = integration.id and sender.state <> 'disabled'
                union all
                select integration.settings
            ) as known
            cross join lateral (
                select known.said ->> company.listed_by as name
            ) as named
            order by named.name
        ) as account
    ) as listing
    where (integrations_to_sync.tenant_id is null
        or integration.tenant_id = integrations_to_sync.tenant_id) and integration.is_active
    order by integration.tenant_id, integration.provider
$$;
grant execute on function private.integrations_to_sync(uuid) to worker;

-- A webhook that was lost, a template made at the provider: once a day nobody has to click.
select cron.schedule(
    'sync-templates', '23 4 * * *', $$select private.wake_function('sync-templates')$$
);

-- A provider says that it approved, refused or paused one.
create function private.apply_template_event(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_told jsonb;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_template_event.event_id;
    v_told := v_event.payload -> 'template';
    update public.message_templates as known
    set provider_status = v_told ->> 'status', synced_at = private.now(),
        status = (case upper(v_told ->> 'status')
            when 'APPROVED' then 'approved' when 'REJECTED' then 'rejected'
            when 'DISABLED' then 'rejected' else 'paused' end)::public.template_status
    where known.tenant_id = v_event.tenant_id and known.provider = v_event.provider
      and known.provider_template_id = v_told ->> 'provider_template_id'
      and v_told ->> 'status' is not null;
    return case when not found then 'template_not_found' end;
end;
$$;

-- The template as one debtor would read it.
create function private.preview_template(template_id uuid, client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_template public.message_templates;
    v_values text[];
begin
    perform private.require_client(v_tenant_id, client_id);
    select * into v_template from public.message_templates as template
    where template.tenant_id = v_tenant_id and template.id = preview_template.template_id;
    if not found then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no such template in the tenant';
    end if;
    v_values := private.template_values(
        client_id, v_template.variables, scope => private.creditor_scope()
    );
    return jsonb_build_object(
        'body', private.render_body(v_template.body, array(
            select coalesce(filled.value, '—')
            from unnest(v_values) with ordinality as filled (value, place) order by filled.place
        )),
        'params', to_jsonb(v_values),
        'missing', (
            select coalesce(
                jsonb_agg(v_template.variables[filled.place] order by filled.place), '[]'
            )
            from unnest(v_values) with ordinality as filled (value, place)
            where filled.value is null
        )
    );
end;
$$;

create function public.preview_template(template_id uuid, client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.preview_template(template_id, private.seen('clients', client_id)) $$;
comment on function public.preview_template(uuid, uuid) is
'{body, params, missing}: missing names the variables without a value for this client.';
grant execute on function
private.preview_template(uuid, uuid), public.preview_template(uuid, uuid) to authenticated;

-- The files that messages' templates want in their header, for the moment of sending.
create function private.template_headers(message_ids uuid[])
returns table (message_id uuid, header jsonb)
language sql
stable
security definer
set search_path = ''
as $$
    select message.id, jsonb_build_object(
        'kind', template.header_type, 'url', template.header_link, 'name', template.header_name
    )
    from public.message_logs as message
    join public.message_templates as template on template.id = message.template_id
    where message.id = any(message_ids)
      and template.header_type is not null and template.header_link is not null
$$;
comment on function private.template_headers(uuid[]) is
'{kind, url, name} of providers/whatsapp.py Media; no row for a message without a file.';
grant execute on function private.template_headers(uuid[]) to worker;
