-- Why, which locks, and what must be deployed first:
--

set local check_function_bodies = off;

CREATE OR REPLACE FUNCTION private.add_import_phones(tenant_id uuid, added_at timestamp with time zone)
 RETURNS TABLE(known_client uuid, phone_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return query
    with listed as (
        select import_rows.document, numbers.phone,
            min(import_rows.line * 100::bigint + numbers.place) as place
        from pg_temp.import_rows
        cross join unnest(import_rows.phones) with ordinality as numbers (phone, place)
        where import_rows.reason is null
        group by import_rows.document, numbers.phone
    ),
    stored as (
        select client_phones.client_id, max(client_phones.position) + 1 as next_position
        from public.client_phones
        join pg_temp.import_clients using (client_id)
        where client_phones.tenant_id = add_import_phones.tenant_id and not import_clients.is_new
        group by client_phones.client_id
    ),
    added as (
        insert into public.client_phones
            (tenant_id, client_id, phone, kind, position, created_at)
        select add_import_phones.tenant_id, import_clients.client_id, listed.phone,
            -- +55, two digits of area, and nine that begin with 9.
            case when length(listed.phone) = 14 then 'mobile' else 'landline' end
                ::public.phone_kind,
            coalesce(stored.next_position, 0) - 1
                + row_number() over (partition by listed.document order by listed.place),
            add_import_phones.added_at
        from listed
        join pg_temp.import_clients using (document)
        left join stored using (client_id)
        where import_clients.is_new or not exists (
            select from public.client_phones
            where client_phones.tenant_id = add_import_phones.tenant_id
              and client_phones.client_id = import_clients.client_id
              and client_phones.phone = listed.phone
        )
        order by import_clients.document
        returning client_phones.client_id, client_phones.id
    )
    select added.client_id, added.id
    from added
    join pg_temp.import_clients using (client_id)
    where not import_clients.is_new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.aging_bands()
 RETURNS TABLE(band text, days_from integer, days_to integer)
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    values ('0', null, 0), ('1-30', 1, 30), ('31-60', 31, 60), ('61-90', 61, 90),
        ('91-120', 91, 120), ('121-180', 121, 180), ('181-360', 181, 360), ('361-720', 361, 720),
        ('721-1800', 721, 1800), ('1800+', 1801, null)
$function$;

CREATE OR REPLACE FUNCTION private.announce_import(import_id uuid, file_name text, file_sha256 text, source text, idempotency_key text, request_fingerprint text, api_key_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_known public.imports;
begin
    perform private.mark_dead_imports(v_tenant);
    -- A key is given back by what failed, and by what was taken back: sending again means it.
    update public.imports set idempotency_key = null
    where imports.tenant_id = v_tenant
      and imports.idempotency_key = announce_import.idempotency_key
      and imports.status in ('failed', 'cancelled', 'rolled_back');
    insert into public.imports (
        id, tenant_id, file_name, file_sha256, source, idempotency_key, request_fingerprint,
        api_key_id, created_by, status
    )
    values (
        announce_import.import_id, v_tenant, announce_import.file_name,
        announce_import.file_sha256, announce_import.source, announce_import.idempotency_key,
        announce_import.request_fingerprint, announce_import.api_key_id, auth.uid(), 'queued'
    )
    on conflict do nothing;
    if found then
        return null;
    end if;
    select * into v_known from public.imports
    where imports.tenant_id = v_tenant
      and imports.idempotency_key = announce_import.idempotency_key;
    if v_known.id is null then
        raise exception 'import_id_taken' using errcode = 'PT409',
            detail = 'another import has this id';
    elsif v_known.request_fingerprint <> announce_import.request_fingerprint then
        raise exception 'idempotency_key_reused' using errcode = 'PT409',
            detail = 'the key was used for another body or other options';
    elsif v_known.answer is null then
        raise exception 'import_in_progress' using errcode = 'PT409',
            detail = v_known.id::text;
    end if;
    return v_known.answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.audit_row_id(item jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select coalesce(item ->> 'id', item ->> 'key', item ->> 'client_id')
$function$;

CREATE OR REPLACE FUNCTION private.begin_bulk(tenant_id uuid, what text, selection jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_id bigint;
begin
    insert into public.audit_log (tenant_id, actor_id, actor, table_name, row_id, action, after)
    values (
        begin_bulk.tenant_id, auth.uid(),
        coalesce((select users.email from auth.users where users.id = auth.uid()), session_user),
        'clients', what, 'bulk',
        jsonb_build_object('selection', selection, 'state', 'running')
    )
    returning id into v_id;
    perform set_config('cobranca.bulk_audit_id', v_id::text, true);
    return v_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.bulk_assign(selection jsonb, user_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_audit_id bigint;
    v_outcome jsonb;
begin
    if user_id is not null and not exists (
        select from public.memberships
        where memberships.tenant_id = v_tenant_id
          and memberships.user_id = bulk_assign.user_id
          and memberships.revoked_at is null
    ) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'nobody of this tenant has that id';
    end if;
    v_audit_id := private.begin_bulk(v_tenant_id, 'assign', selection);
    execute 'with selected as materialized (
            select clients.id from public.clients where '
            || private.client_condition(v_filter) || '
        ),
        changed as ('
            || case when user_id is null then '
            delete from public.client_assignments as given using selected
            where given.tenant_id = ($1).tenant_id and given.client_id = selected.id
            returning 1'
            else '
            insert into public.client_assignments as given
                (tenant_id, client_id, user_id, assigned_by, assigned_at)
            select ($1).tenant_id, selected.id, $2, $3, ($1).now_at from selected
            order by selected.id
            on conflict (tenant_id, client_id) do update
            set user_id = excluded.user_id, assigned_by = excluded.assigned_by,
                assigned_at = excluded.assigned_at
            where given.user_id <> excluded.user_id
            returning 1' end || '
        )
        select jsonb_build_object(
            ''selected'', (select count(*) from selected), ''changed'', (select count(*) from changed)
        )'
    into v_outcome using v_filter, user_id, auth.uid();
    perform private.end_bulk(v_audit_id, v_outcome || jsonb_build_object('assigned_to', user_id));
    return v_outcome;
end;
$function$;

CREATE OR REPLACE FUNCTION private.bulk_eligibility(selection jsonb, action text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    c_countable constant bigint := 50000;
    c_mobile constant text := $sql$
        when clients.has_whatsapp is false or not exists (
            select from public.client_phones as mobiles
            where mobiles.tenant_id = ($1).tenant_id and mobiles.client_id = clients.id
              and mobiles.kind = 'mobile' and mobiles.has_whatsapp is not false
        ) then 'no_whatsapp'$sql$;
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_condition text := private.client_condition(v_filter);
    v_scale double precision := private.sample_scale(v_filter, v_condition, c_countable);
    v_closed text[];
    v_opens_at timestamptz;
    v_counts jsonb;
begin
    if action is null or action not in ('dialer', 'whatsapp', 'assign', 'tag', 'export') then
        raise exception 'action_unknown' using errcode = 'PT400', detail = coalesce(action, '');
    end if;
    if action in ('dialer', 'whatsapp') then
        select array_agg(closed.uf), min(closed.opens_at) into v_closed, v_opens_at
        from private.closed_ufs(v_filter.tenant_id, v_filter.now_at) as closed;
    end if;
    execute 'select coalesce(jsonb_object_agg(counted.reason, counted.clients), ''{}'')
        from (
            select listed.reason, round(count(*) * $3)::bigint as clients
            from (
                select ' || replace(
                    private.exclusion_reason(action), '$reachable',
                    case action when 'whatsapp' then c_mobile else '' end
                ) || ' as reason
                from ' || private.client_source(v_scale) || '
                left join private.client_contacts as contact
                    on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
                where ' || v_condition || '
            ) as listed
            group by listed.reason
        ) as counted'
    into v_counts
    using v_filter, coalesce(v_closed, '{}'), coalesce(v_scale, 1);
    return jsonb_build_object(
        'action', action,
        'selected', (
            select coalesce(sum(entry.value::bigint), 0) from jsonb_each_text(v_counts) as entry
        ),
        'eligible', coalesce((v_counts ->> 'eligible')::bigint, 0),
        'is_estimate', v_scale is not null,
        'excluded', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', entry.key, 'count', entry.value::bigint
            ) order by entry.value::bigint desc, entry.key), '[]')
            from jsonb_each_text(v_counts) as entry
            where entry.key <> 'eligible'
        ),
        'next_allowed_at', case when v_counts ? 'outside_hours' then v_opens_at end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.bulk_tag(selection jsonb, tag_id uuid, is_removal boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_audit_id bigint;
    v_outcome jsonb;
begin
    if not exists (
        select from public.tags
        where tags.tenant_id = v_tenant_id and tags.id = bulk_tag.tag_id
    ) then
        raise exception 'tag_not_found' using errcode = 'PT404', detail = 'no such tag here';
    end if;
    v_audit_id := private.begin_bulk(
        v_tenant_id, case when is_removal then 'untag' else 'tag' end, selection
    );
    execute 'with selected as materialized (
            select clients.id from public.clients where '
            || private.client_condition(v_filter) || '
        ),
        changed as ('
            || case when is_removal then '
            delete from public.client_tags as worn using selected
            where worn.tenant_id = ($1).tenant_id and worn.tag_id = $2
              and worn.client_id = selected.id
            returning 1'
            else '
            insert into public.client_tags (tenant_id, tag_id, client_id, created_by, created_at)
            select ($1).tenant_id, $2, selected.id, $3, ($1).now_at from selected
            order by selected.id
            on conflict do nothing
            returning 1' end || '
        )
        select jsonb_build_object(
            ''selected'', (select count(*) from selected), ''changed'', (select count(*) from changed)
        )'
    into v_outcome using v_filter, tag_id, auth.uid();
    perform private.end_bulk(v_audit_id, v_outcome || jsonb_build_object('tag_id', tag_id));
    return v_outcome;
end;
$function$;

CREATE OR REPLACE FUNCTION private.cancel_import(import_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    select * into v_import from public.imports
    where imports.id = cancel_import.import_id and imports.tenant_id = v_tenant;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status not in ('queued', 'running') then
        raise exception 'import_not_running' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    -- The importing process ends it at its next step; what only waits ends here.
    update public.imports
    set cancel_requested_at = coalesce(imports.cancel_requested_at, private.now()),
        status = case when imports.status = 'queued' then 'cancelled'
            else imports.status end::public.import_status,
        finished_at = case when imports.status = 'queued' then private.now() end
    where imports.id = v_import.id and imports.status in ('queued', 'running')
    returning * into v_import;
    return jsonb_build_object('status', v_import.status);
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_callbacks(tenant_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', callback.id, 'due_at', callback.due_at, 'note', callback.note,
        'status', callback.status, 'operator_id', callback.operator_id,
        'operator', private.actor_name(callback.tenant_id, callback.operator_id)
    ) order by callback.due_at), '[]')
    from public.callbacks as callback
    where callback.tenant_id = client_callbacks.tenant_id
      and callback.client_id = client_callbacks.client_id
      and callback.status = 'scheduled'
$function$;

CREATE OR REPLACE FUNCTION private.client_condition(filter private.client_filter, is_joined boolean DEFAULT false)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_all text[] := array['clients.tenant_id = ($1).tenant_id'];
    v_contact text[] := '{}';
    v_any text[] := '{}';
begin
    if (filter.search).typed is not null then
        v_all := v_all || private.search_condition(filter.search);
    end if;
    if filter.creditor_ids is not null then
        v_all := v_all || 'clients.creditor_ids && ($1).creditor_ids'::text;
    end if;
    if filter.statuses is not null then
        v_all := v_all || private.one_or_any(
            'clients.debt_status', 'statuses', cardinality(filter.statuses)
        );
    end if;
    if filter.aged_from is not null then
        v_all := v_all || (
            select '(' || string_agg(format(
                'clients.oldest_due_on between (($1).aged_from)[%1$s] and (($1).aged_to)[%1$s]',
                place
            ), ' or ') || ')'
            from generate_series(1, cardinality(filter.aged_from)) as place
        );
    end if;
    if filter.min_cents is not null then
        v_all := v_all || 'clients.open_cents >= ($1).min_cents'::text;
    end if;
    if filter.max_cents is not null then
        v_all := v_all || 'clients.open_cents <= ($1).max_cents'::text;
    end if;
    if filter.due_from is not null then
        v_all := v_all || 'clients.oldest_due_on >= ($1).due_from'::text;
    end if;
    if filter.due_to is not null then
        v_all := v_all || 'clients.oldest_due_on <= ($1).due_to'::text;
    end if;
    if filter.ufs is not null then
        v_all := v_all || private.one_or_any('clients.uf', 'ufs', cardinality(filter.ufs));
    end if;

    if filter.contact_from is not null then
        v_contact := v_contact || 'contact.last_contact_at >= ($1).contact_from'::text;
    end if;
    if filter.contact_before is not null then
        v_contact := v_contact || 'contact.last_contact_at < ($1).contact_before'::text;
    end if;
    if filter.disposition_types is not null then
        v_contact := v_contact || private.one_or_any(
            'contact.last_disposition_type', 'disposition_types',
            cardinality(filter.disposition_types)
        );
    end if;
    if v_contact <> '{}' then
        v_all := v_all || private.contact_is(array_to_string(v_contact, ' and '), is_joined);
    end if;
    if filter.is_never_contacted then
        v_all := v_all
            || ('not ' || private.contact_is('contact.last_contact_at is not null', is_joined));
    end if;
    if filter.is_opted_out is not null then
        v_all := v_all || (
            case when filter.is_opted_out then '' else 'not ' end || private.contact_is(
                '(contact.call_blocked_until is not null
                  or contact.whatsapp_blocked_until is not null)
                 and coalesce(greatest(contact.call_blocked_until, contact.whatsapp_blocked_until)
                     > ($1).now_at, false)', is_joined
            )
        );
    end if;

    if filter.has_phone is not null then
        v_all := v_all || case
            when filter.has_phone then 'clients.has_phone' else 'not clients.has_phone' end;
    end if;
    if filter.whatsapp is not null then
        v_all := v_all || (
            select '(' || string_agg(case answer.word
                when 'true' then 'clients.has_whatsapp'
                when 'false' then 'not clients.has_whatsapp'
                else 'clients.has_whatsapp is null'
            end, ' or ') || ')'
            from unnest(filter.whatsapp) as answer (word)
        );
    end if;
    if filter.import_id is not null then
        v_all := v_all || 'clients.id in (
            select debts.client_id from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.import_id = ($1).import_id
        )'::text;
    end if;
    if filter.tag_ids is not null then
        v_all := v_all || ('clients.id in (
            select worn.client_id from public.client_tags as worn
            where worn.tenant_id = ($1).tenant_id and ' || private.one_or_any(
                'worn.tag_id', 'tag_ids', cardinality(filter.tag_ids)
            ) || ')');
    end if;
    if filter.is_unassigned then
        v_any := v_any || ('not ' || private.is_given('true'));
    end if;
    if cardinality(filter.operator_ids) > 0 then
        v_any := v_any || private.is_given(private.one_or_any(
            'given.user_id', 'operator_ids', cardinality(filter.operator_ids)
        ));
    end if;
    if v_any <> '{}' then
        v_all := v_all || ('(' || array_to_string(v_any, ' or ') || ')');
    end if;
    if filter.ids is not null then
        v_all := v_all || 'clients.id = any(($1).ids)'::text;
    end if;
    if filter.except_ids is not null then
        v_all := v_all || 'clients.id <> all(($1).except_ids)'::text;
    end if;
    return array_to_string(v_all, ' and ');
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_facts(tenant_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'has_phone', clients.has_phone, 'has_whatsapp', clients.has_whatsapp,
        'days_late', greatest(private.today(clients.tenant_id) - clients.oldest_due_on, 0),
        'last_contact_at', contact.last_contact_at,
        'opted_out', coalesce(
            greatest(contact.call_blocked_until, contact.whatsapp_blocked_until) > private.now(),
            false
        ),
        'assigned_to', (
            select jsonb_build_object(
                'user_id', given.user_id, 'name', private.actor_name(given.tenant_id, given.user_id),
                'since', given.assigned_at
            )
            from public.client_assignments as given
            where given.tenant_id = clients.tenant_id and given.client_id = clients.id
        ),
        'tags', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', tags.id, 'name', tags.name, 'color', tags.color
            ) order by tags.name_key), '[]')
            from public.client_tags as worn
            join public.tags on tags.tenant_id = worn.tenant_id and tags.id = worn.tag_id
            where worn.tenant_id = clients.tenant_id and worn.client_id = clients.id
        )
    )
    from public.clients
    left join private.client_contacts as contact
        on contact.tenant_id = clients.tenant_id and contact.client_id = clients.id
    where clients.tenant_id = client_facts.tenant_id and clients.id = client_facts.client_id
$function$;

CREATE OR REPLACE FUNCTION private.client_page_sql(filter private.client_filter, sort private.client_sort, after text[])
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_way text := case when sort.is_descending then 'desc' else 'asc' end;
    v_beyond text := case when sort.is_descending then '<' else '>' end;
    v_is_dated boolean := sort.name like '%last_contact_at';
    v_walks text[] := '{}';
begin
    if private.is_ranked((filter).search) then
        return private.ranked_page_sql(filter, sort, after);
    end if;
    -- Rows without the sort's value are a second walk that begins where the first ends, so that
    -- both follow an index. A walk that can find nobody is not begun: it would look at everybody.
    if (after is null or not after[3]::boolean)
        and not (v_is_dated and coalesce(filter.is_never_contacted, false))
        and not (sort.name like '%oldest_due_on' and coalesce('open' <> all(filter.statuses), false))
    then
        v_walks := v_walks || format(
            '(select clients.id, null::int as rank, (%1$s)::text as value, false as is_empty
            from %2$s where %3$s%4$s%5$s order by %1$s %6$s, %7$s %6$s limit $3)',
            sort.expression,
            case when v_is_dated then 'private.client_contacts as contact
                join public.clients
                    on clients.tenant_id = contact.tenant_id and clients.id = contact.client_id'
                else 'public.clients' end,
            private.client_condition(filter, v_is_dated)
                || case when v_is_dated then ' and contact.tenant_id = ($1).tenant_id' else '' end,
            case when sort.is_nullable then format(' and %s is not null', sort.expression)
                else '' end,
            case when after is null then '' else format(
                ' and (%s, %s) %s (($2)[5]::%s, ($2)[4]::uuid)', sort.expression,
                case when v_is_dated then 'contact.client_id' else 'clients.id' end,
                v_beyond, sort.type_name
            ) end,
            v_way, case when v_is_dated then 'contact.client_id' else 'clients.id' end
        );
    end if;
    if sort.is_nullable
        and not (v_is_dated and num_nonnulls(
            filter.contact_from, filter.contact_before, filter.disposition_types) > 0)
        and not (sort.name like '%oldest_due_on' and coalesce('open' = all(filter.statuses), false))
    then
        v_walks := v_walks || format(
            '(select clients.id, null::int as rank, ''infinity'' as value, true as is_empty
            from public.clients where %1$s and %2$s%3$s order by clients.id limit $3)',
            private.client_condition(filter),
            case when v_is_dated
                then 'not ' || private.contact_is('contact.last_contact_at is not null', false)
                else sort.expression || ' is null' end,
            case when after[3]::boolean then ' and clients.id > ($2)[4]::uuid' else '' end
        );
    end if;
    -- Without an order of its own the second walk is not begun before the first has ended.
    return case cardinality(v_walks)
        when 0 then private.empty_page_sql()
        when 1 then v_walks[1]
        else v_walks[1] || ' union all ' || v_walks[2] || ' limit $3'
    end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_profile(document text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_client_id uuid;
    v_card jsonb;
begin
    select clients.id into v_client_id
    from public.clients
    where clients.tenant_id = v_tenant_id
      and clients.document = regexp_replace(upper(client_profile.document), '[^0-9A-Z]', '', 'g');
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
    v_card := private.client_card(v_tenant_id, v_client_id);
    return v_card || jsonb_build_object(
        'client', v_card -> 'client' || private.client_facts(v_tenant_id, v_client_id),
        'totals', jsonb_build_object(
            'open_cents', v_card -> 'client' -> 'open_cents',
            'open_debts', v_card -> 'client' -> 'open_debts',
            'oldest_due_on', v_card -> 'client' -> 'oldest_due_on'
        ),
        'phones', private.phone_health(v_tenant_id, v_client_id),
        'wrong_contact', (
            select jsonb_build_object('reports', count(*), 'last_at', max(call.created_at))
            from public.call_dispositions as call
            join public.disposition_types as types
                on types.tenant_id = call.tenant_id and types.key = call.disposition_type
                and types.unworkable
            where call.tenant_id = v_tenant_id and call.client_id = v_client_id
        ),
        'addresses', (
            select coalesce(jsonb_agg(
                to_jsonb(known) - 'tenant_id' - 'client_id' order by known.created_at desc, known.id
            ), '[]')
            from public.client_addresses as known
            where known.tenant_id = v_tenant_id and known.client_id = v_client_id
        ),
        -- Part of the page's shape; their tables come with agreements and payments.
        'agreements', '[]'::jsonb,
        'payments', '[]'::jsonb,
        'callbacks', private.client_callbacks(v_tenant_id, v_client_id),
        'contact', (
            select jsonb_build_object(
                'allowed', decision.allowed, 'next_allowed_at', decision.next_allowed_at,
                'reason', decision.reason
            )
            from private.contact_decision(
                v_tenant_id, v_client_id, 'call', private.now()
            ) as decision
        ),
        'timeline', private.client_timeline(v_client_id, null, 50)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_rows_sql(page text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
    return $sql$
        with page as materialized (
            select found.*, row_number() over () as place from ($sql$ || page || $sql$) as found
        )
        select json_build_object(
            'rows', coalesce(
                json_agg(line.item order by line.place) filter (where line.place < $3), '[]'
            ),
            'next', case when count(*) = $3 then
                max(line.keyset) filter (where line.place = $3 - 1) end
        )
        from (
            select page.place,
                -- A name may hold the sign that parts a cursor's values.
                case when page.place = $3 - 1 then private.encode_cursor(
                    $5, coalesce(page.rank::text, ''), page.is_empty::text, page.id::text,
                    replace(replace(page.value, '%', '%25'), '|', '%7C')
                ) end as keyset,
                json_build_object(
                    'id', clients.id, 'document', clients.document, 'name', clients.name,
                    'external_id', clients.external_id, 'email', clients.email, 'uf', clients.uf,
                    'open_cents', clients.open_cents, 'open_debts', clients.open_debts,
                    'oldest_due_on', clients.oldest_due_on,
                    'days_late', greatest($4::date - clients.oldest_due_on, 0),
                    'status', clients.debt_status, 'has_phone', clients.has_phone,
                    'has_whatsapp', clients.has_whatsapp, 'created_at', clients.created_at,
                    'creditors', (
                        select coalesce(json_agg(creditors.name order by creditors.name), '[]')
                        from public.creditors
                        where creditors.tenant_id = ($1).tenant_id
                          and creditors.id = any(clients.creditor_ids)
                    ),
                    'phone', (
                        select client_phones.phone
                        from public.client_phones
                        where client_phones.tenant_id = ($1).tenant_id
                          and client_phones.client_id = clients.id
                        order by client_phones.position, client_phones.id
                        limit 1
                    ),
                    'opted_out', coalesce(greatest(
                        contact.call_blocked_until, contact.whatsapp_blocked_until
                    ) > ($1).now_at, false),
                    'last_contact_at', contact.last_contact_at,
                    'last_disposition', case when types.key is not null then json_build_object(
                        'type', types.key, 'label', types.label, 'color', types.color,
                        'at', contact.last_contact_at
                    ) end,
                    'assigned_to', (
                        select json_build_object('user_id', given.user_id, 'name', (
                            select memberships.display_name
                            from public.memberships
                            where memberships.user_id = given.user_id
                              and memberships.tenant_id = given.tenant_id
                            order by memberships.created_at desc
                            limit 1
                        ))
                        from public.client_assignments as given
                        where given.tenant_id = ($1).tenant_id and given.client_id = clients.id
                    ),
                    'tags', (
                        select coalesce(json_agg(json_build_object(
                            'id', tags.id, 'name', tags.name, 'color', tags.color
                        ) order by tags.name_key), '[]')
                        from public.client_tags as worn
                        join public.tags on tags.tenant_id = worn.tenant_id and tags.id = worn.tag_id
                        where worn.tenant_id = ($1).tenant_id and worn.client_id = clients.id
                    )
                ) as item
            from page
            join public.clients on clients.id = page.id
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
            left join public.disposition_types as types
                on types.tenant_id = ($1).tenant_id and types.key = contact.last_disposition_type
        ) as line
    $sql$;
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_source(scale double precision)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case when scale is null then 'public.clients' else
        '(select sampled.* from public.clients as sampled
          where sampled.tenant_id = ($1).tenant_id
          order by sampled.id limit ' || private.sample_size() || ') as clients'
    end
$function$;

CREATE OR REPLACE FUNCTION private.clients_of_phone(tenant_id uuid, phone text)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- The last eight digits are what an index holds; the area code is compared after.
    select client_phones.client_id
    from public.client_phones
    where client_phones.tenant_id = clients_of_phone.tenant_id
      and reverse(client_phones.phone) collate "C" >= reverse(right(clients_of_phone.phone, 8))
      and reverse(client_phones.phone) collate "C"
          < reverse(right(clients_of_phone.phone, 8)) || '~'
      and private.phone_match(client_phones.phone) = private.phone_match(clients_of_phone.phone)
$function$;

CREATE OR REPLACE FUNCTION private.close_import(import_id uuid, header text[])
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_import public.imports;
    v_warnings jsonb;
    v_accepted int;
    v_rejected int;
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
begin
    insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
    select v_tenant, close_import.import_id, import_rows.line,
        coalesce(import_rows.column_name, ''), import_rows.value, import_rows.reason
    from pg_temp.import_rows
    where import_rows.reason is not null
    order by import_rows.line;
    get diagnostics v_rejected = row_count;

    select count(*), jsonb_build_object(
        'name_invalid', coalesce(sum(import_rows.names_lost), 0),
        'email_invalid', coalesce(sum(import_rows.emails_lost), 0),
        'phone_invalid', coalesce(sum(import_rows.phones_lost), 0)
    ) into v_accepted, v_warnings
    from pg_temp.import_rows
    where import_rows.reason is null;

    update public.imports
    set status = 'done', finished_at = private.now(), phase = null, header = close_import.header,
        rows = v_accepted + v_rejected, accepted = v_accepted, rejected = v_rejected,
        rows_read = v_accepted + v_rejected, rows_total = v_accepted + v_rejected,
        rows_valid = v_accepted, rows_written = v_accepted, seconds_left = 0,
        duplicates = (select coalesce(sum(import_debts.lines - 1), 0) from pg_temp.import_debts),
        clients_created = outcome.clients_created, clients_updated = outcome.clients_updated,
        debts_created = outcome.debts_created, debts_updated = outcome.debts_updated,
        debts_absent = outcome.debts_absent, debts_returned = outcome.debts_returned,
        creditors_created = outcome.creditors_created,
        reject_reasons = (
            select coalesce(jsonb_object_agg(counted.reason, counted.lines), '{}')
            from (
                select import_rows.reason, count(*) as lines
                from pg_temp.import_rows
                where import_rows.reason is not null
                group by import_rows.reason
            ) as counted
        )
    from pg_temp.import_outcome as outcome
    where imports.id = close_import.import_id
    returning imports.* into v_import;
    -- The next import and every list plan by these; autovacuum may come too late for both. The
    -- lock it takes lasts only until the commit that follows.
    if v_import.debts_created > c_many_rows then
        analyze public.clients;
        analyze public.client_phones;
        analyze public.debts;
    end if;
    drop table pg_temp.import_rows, pg_temp.import_debts, pg_temp.import_clients,
        pg_temp.import_creditors, pg_temp.import_absent, pg_temp.import_phones,
        pg_temp.import_outcome;

    return jsonb_build_object(
        'import_id', v_import.id, 'status', v_import.status, 'rows', v_import.rows,
        'accepted', v_import.accepted, 'rejected', v_import.rejected,
        'clients_created', v_import.clients_created, 'clients_updated', v_import.clients_updated,
        'debts_created', v_import.debts_created, 'debts_updated', v_import.debts_updated,
        'debts_absent', v_import.debts_absent, 'debts_returned', v_import.debts_returned,
        'duplicates', v_import.duplicates, 'creditors_created', v_import.creditors_created,
        'reject_reasons', v_import.reject_reasons, 'warnings', v_warnings,
        'differences', private.list_import_differences(v_tenant, v_import.id)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.closed_ufs(tenant_id uuid, at timestamp with time zone)
 RETURNS TABLE(uf text, opens_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- '' stands for clients whose state nobody knows.
    select states.uf, opening.opens_at
    from unnest(private.ufs() || ''::text) as states (uf)
    cross join lateral (
        select min(hours.opens_at) filter (where hours.closes_at > at) as opens_at
        from private.contact_hours_in(closed_ufs.tenant_id, nullif(states.uf, ''), at, 15) as hours
    ) as opening
    where opening.opens_at > at or opening.opens_at is null
$function$;

CREATE OR REPLACE FUNCTION private.contact_hours(tenant_id uuid, client_id uuid, since timestamp with time zone, days integer)
 RETURNS TABLE(day date, opens_at timestamp with time zone, closes_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select hours.day, hours.opens_at, hours.closes_at
    from private.contact_hours_in(
        contact_hours.tenant_id,
        (
            select clients.uf from public.clients
            where clients.tenant_id = contact_hours.tenant_id
              and clients.id = contact_hours.client_id
        ),
        contact_hours.since, contact_hours.days
    ) as hours
    order by hours.opens_at
$function$;

CREATE OR REPLACE FUNCTION private.contact_hours_in(tenant_id uuid, uf text, since timestamp with time zone, days integer)
 RETURNS TABLE(day date, opens_at timestamp with time zone, closes_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select calendar.day, (calendar.day + calling_windows.opens) at time zone place.time_zone,
        (calendar.day + calling_windows.closes) at time zone place.time_zone
    from (
        select case
                when contact_hours_in.uf is null then tenants.time_zone
                else coalesce(uf_time_zones.time_zone, 'America/Sao_Paulo')
            end as time_zone
        from public.tenants
        left join private.uf_time_zones on uf_time_zones.uf = contact_hours_in.uf
        where tenants.id = contact_hours_in.tenant_id
    ) as place
    cross join lateral (
        select (contact_hours_in.since at time zone place.time_zone)::date + ahead as day
        from generate_series(0, contact_hours_in.days - 1) as ahead
    ) as calendar
    join private.calling_windows
        on calling_windows.weekday = extract(isodow from calendar.day)
        and calling_windows.uf is not distinct from (
            select contact_hours_in.uf where exists (
                select from private.calling_windows as own where own.uf = contact_hours_in.uf
            )
        )
    where not private.is_holiday(calendar.day, contact_hours_in.uf)
    order by 2
$function$;

CREATE OR REPLACE FUNCTION private.contact_is(condition text, is_joined boolean)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case when is_joined then '(' || condition || ')' else 'exists (
        select from private.client_contacts as contact
        where contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
          and ' || condition || ')'
    end
$function$;

CREATE OR REPLACE FUNCTION private.create_api_key(name text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.empty_page_sql()
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select 'select clients.id, null::int as rank, null as value, true as is_empty
        from public.clients where false'
$function$;

CREATE OR REPLACE FUNCTION private.end_bulk(audit_id bigint, outcome jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform set_config('cobranca.bulk_audit_id', '', true);
    update public.audit_log set after = audit_log.after - 'state' || outcome
    where audit_log.id = end_bulk.audit_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_import(import_id uuid, outcome text, error_code text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    if end_import.outcome = 'discarded' then
        delete from public.imports
        where imports.id = end_import.import_id and imports.tenant_id = v_tenant
          and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
        return;
    end if;
    update public.imports
    set status = case when end_import.outcome = 'cancelled' then 'cancelled' else 'failed' end
            ::public.import_status,
        error_code = end_import.error_code, finished_at = private.now(), phase = null,
        seconds_left = null
    where imports.id = end_import.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
end;
$function$;

CREATE OR REPLACE FUNCTION private.exclusion_reason(action text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case when action in ('assign', 'tag', 'export') then '''eligible''' else
        replace(replace($sql$case
            -- Few are marked; only they are asked number by number.
            when contact.$blocked > ($1).now_at and not exists (
                select from public.client_phones as phones
                where phones.tenant_id = ($1).tenant_id and phones.client_id = clients.id
                  and not private.is_suppressed(
                      ($1).tenant_id, clients.id, phones.phone, '$channel', ($1).now_at
                  )
            ) then 'opted_out'
            when clients.open_debts = 0 then 'nothing_owed'
            when not clients.has_phone then 'no_phone'
            $reachable
            when coalesce(clients.uf, '') = any($2) then 'outside_hours'
            else 'eligible'
        end$sql$, '$blocked', case action
            when 'dialer' then 'call_blocked_until' else 'whatsapp_blocked_until' end
        ), '$channel', case action when 'dialer' then 'call' else 'whatsapp' end)
    end
$function$;

CREATE OR REPLACE FUNCTION private.export_sql()
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select $sql$
        select clients.document as "Documento",
            $sql$ || private.plain_cell('clients.name') || $sql$ as "Nome",
            $sql$ || private.plain_cell('clients.external_id') || $sql$ as "Código externo",
            $sql$ || private.plain_cell('clients.email') || $sql$ as "E-mail",
            phones.listed as "Telefones",
            clients.uf as "UF",
            $sql$ || private.plain_cell('owed.creditors') || $sql$ as "Credores",
            clients.open_debts as "Títulos em aberto",
            replace((clients.open_cents / 100.0)::numeric(20, 2)::text, '.', ',')
                as "Valor em aberto",
            to_char(clients.oldest_due_on, 'DD/MM/YYYY') as "Vencimento mais antigo",
            case clients.debt_status when 'open' then 'Em aberto' when 'settled' then 'Quitado'
                when 'returned' then 'Devolvido' end as "Situação",
            case when clients.has_whatsapp then 'Sim' when not clients.has_whatsapp then 'Não'
                else 'Não se sabe' end as "WhatsApp",
            $sql$ || private.plain_cell('worn.tags') || $sql$ as "Etiquetas",
            $sql$ || private.plain_cell('people.display_name') || $sql$ as "Responsável"
        from pg_temp.export_clients as listed
        -- One by one along the key: the planner cannot know whose tenant the policy means, and would
        -- read all of it.
        cross join lateral (
            select found.* from public.clients as found where found.id = listed.client_id offset 0
        ) as clients
        left join (
            select known.client_id,
                string_agg(ltrim(known.phone, '+'), ' / ' order by known.position, known.id) as listed
            from pg_temp.export_clients as asked
            cross join lateral (
                select numbers.* from public.client_phones as numbers
                where numbers.tenant_id = asked.tenant_id and numbers.client_id = asked.client_id
                offset 0
            ) as known
            group by known.client_id
        ) as phones on phones.client_id = listed.client_id
        left join lateral (
            select string_agg(creditors.name, ' / ' order by creditors.name) as creditors
            from public.creditors where creditors.id = any(clients.creditor_ids)
        ) as owed on true
        left join (
            select client_tags.client_id, string_agg(tags.name, ' / ' order by tags.name) as tags
            from pg_temp.export_clients as asked
            join public.client_tags
                on client_tags.tenant_id = asked.tenant_id
                and client_tags.client_id = asked.client_id
            join public.tags on tags.id = client_tags.tag_id
            group by client_tags.client_id
        ) as worn on worn.client_id = listed.client_id
        left join public.client_assignments as given
            on given.tenant_id = listed.tenant_id and given.client_id = listed.client_id
        left join lateral (
            select memberships.display_name from public.memberships
            where memberships.user_id = given.user_id
              and memberships.tenant_id = given.tenant_id
            order by memberships.created_at desc limit 1
        ) as people on true
        order by listed.place
    $sql$
$function$;

CREATE OR REPLACE FUNCTION private.facet_value(facet text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case facet
        when 'status' then 'clients.debt_status::text'
        when 'uf' then 'coalesce(clients.uf, '''')'
        when 'aging' then '(
            select bands.band from private.aging_bands() as bands
            where $2::date - clients.oldest_due_on
                between coalesce(bands.days_from, -1000000) and coalesce(bands.days_to, 1000000)
        )'
        when 'creditor_id' then 'unnest(clients.creditor_ids)::text'
        when 'has_phone' then 'clients.has_phone::text'
        when 'has_whatsapp' then 'coalesce(clients.has_whatsapp::text, ''unknown'')'
        when 'assigned_to' then 'coalesce(given.user_id::text, ''none'')'
        when 'last_disposition' then 'contact.last_disposition_type'
        when 'last_contact' then
            'case when contact.last_contact_at is null then ''never'' else ''ever'' end'
        when 'opted_out' then
            'coalesce(greatest(contact.call_blocked_until, contact.whatsapp_blocked_until)
                > ($1).now_at, false)::text'
        when 'tag_id' then 'worn.tag_id::text'
    end
$function$;

CREATE OR REPLACE FUNCTION private.filter_bound(key text, value jsonb, bound text, type_name text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_text text := value ->> bound;
begin
    if v_text is not null and not (
        case type_name
            -- Spelled out: within a transaction Postgres remembers the type that a parameter named
            -- first, and would judge a date as a number.
            when 'bigint' then
                jsonb_typeof(value -> bound) = 'number' and pg_input_is_valid(v_text, 'bigint')
            -- Postgres also reads 'today' and 'infinity'; a stored segment must not.
            when 'date' then jsonb_typeof(value -> bound) = 'string'
                and v_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid(v_text, 'date')
            when 'timestamptz' then jsonb_typeof(value -> bound) = 'string'
                and v_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}'
                and pg_input_is_valid(v_text, 'timestamptz')
        end
    ) then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
    return v_text;
end;
$function$;

CREATE OR REPLACE FUNCTION private.filter_counts(filter jsonb, facets text[])
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    c_all constant text[] := '{status,uf,aging,creditor_id,last_disposition,last_contact,
        has_whatsapp,has_phone,opted_out,tag_id,assigned_to}';
    -- Grouping costs more than summing.
    c_countable constant bigint := 20000;
    v_tenant_id uuid := private.require_role('operator');
    v_given jsonb := coalesce(filter, '{}');
    v_facet text;
    v_filter private.client_filter;
    v_condition text;
    v_scale double precision;
    v_is_estimate boolean := false;
    v_counts jsonb;
    v_answer jsonb := '{}';
begin
    foreach v_facet in array coalesce(facets, c_all) loop
        if v_facet is null or v_facet <> all(c_all) then
            raise exception 'unknown_facet' using errcode = 'PT400',
                detail = coalesce(v_facet, '');
        end if;
        v_filter := private.weigh_search(
            private.read_client_filter(v_tenant_id, v_given - v_facet)
        );
        v_condition := private.client_condition(v_filter);
        v_scale := private.sample_scale(v_filter, v_condition, c_countable);
        execute 'select coalesce(jsonb_object_agg(counted.value, counted.clients), ''{}'')
            from (
                select listed.value, round(count(*) * $3) as clients
                from (
                    select ' || private.facet_value(v_facet) || ' as value
                    from ' || private.client_source(v_scale) || case
                        when v_facet in ('last_disposition', 'last_contact', 'opted_out') then '
                            left join private.client_contacts as contact
                                on contact.tenant_id = ($1).tenant_id
                                and contact.client_id = clients.id'
                        when v_facet = 'assigned_to' then '
                            left join public.client_assignments as given
                                on given.tenant_id = ($1).tenant_id
                                and given.client_id = clients.id'
                        when v_facet = 'tag_id' then '
                            join public.client_tags as worn
                                on worn.tenant_id = ($1).tenant_id and worn.client_id = clients.id'
                        else '' end || '
                    where ' || v_condition || '
                ) as listed
                where listed.value is not null
                group by listed.value
            ) as counted'
        into v_counts
        using v_filter, private.today(v_tenant_id), coalesce(v_scale, 1);
        v_is_estimate := v_is_estimate or v_scale is not null;
        v_answer := v_answer || jsonb_build_object(v_facet, v_counts);
    end loop;
    return jsonb_build_object('is_estimate', v_is_estimate, 'facets', v_answer);
end;
$function$;

CREATE OR REPLACE FUNCTION private.filter_flag(key text, value jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
    if jsonb_typeof(value) <> 'boolean' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
    return value::boolean;
end;
$function$;

CREATE OR REPLACE FUNCTION private.filter_instant(bound text, zone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
    select case
        when length(bound) = 10 then bound::date::timestamp at time zone zone
        else bound::timestamptz
    end
$function$;

CREATE OR REPLACE FUNCTION private.filter_options()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- An import further back is found by its page, not by a menu.
    c_imports constant int := 50;
    v_tenant_id uuid := private.require_role('operator');
begin
    return jsonb_build_object(
        'creditors', (
            select coalesce(jsonb_agg(jsonb_build_object('id', creditors.id, 'name', creditors.name)
                order by creditors.name_key), '[]')
            from public.creditors where creditors.tenant_id = v_tenant_id
        ),
        'tags', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', tags.id, 'name', tags.name, 'color', tags.color
            ) order by tags.name_key), '[]')
            from public.tags where tags.tenant_id = v_tenant_id
        ),
        'members', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'user_id', people.user_id, 'name', people.display_name, 'role', people.role
            ) order by people.display_name), '[]')
            from public.memberships as people
            where people.tenant_id = v_tenant_id and people.revoked_at is null
        ),
        'dispositions', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'key', types.key, 'label', types.label, 'color', types.color
            ) order by types.position, types.key), '[]')
            from public.disposition_types as types where types.tenant_id = v_tenant_id
        ),
        'imports', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', newest.id, 'file_name', newest.file_name, 'created_at', newest.created_at
            ) order by newest.created_at desc), '[]')
            from (
                select imports.* from public.imports
                where imports.tenant_id = v_tenant_id and imports.status = 'done'
                order by imports.created_at desc, imports.id desc
                limit c_imports
            ) as newest
        ),
        'ufs', to_jsonb(private.ufs()),
        'agings', (select jsonb_agg(bands.band) from private.aging_bands() as bands),
        'agreements', jsonb_build_array('none')
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.filter_range(key text, value jsonb, allowed text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
    if jsonb_typeof(value) <> 'object' or value - allowed <> '{}' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.filter_values(key text, value jsonb, type_name text)
 RETURNS text[]
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    -- More than a person picks from any list of the page.
    c_max_values constant int := 200;
    v_values text[];
begin
    if jsonb_typeof(value) in ('string', 'boolean') then
        v_values := array[value #>> '{}'];
    elsif jsonb_typeof(value) = 'array' then
        v_values := array(select jsonb_array_elements_text(value));
    end if;
    if v_values is null or cardinality(v_values) > c_max_values or exists (
        select from unnest(v_values) as given (text)
        where given.text is null or not pg_input_is_valid(given.text, type_name)
    ) then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
    return v_values;
end;
$function$;

CREATE OR REPLACE FUNCTION private.has_staging()
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from pg_catalog.pg_class
        where pg_class.oid = pg_catalog.to_regclass('pg_temp.import_rows')
          and pg_class.relowner = current_user::regrole
    )
$function$;

CREATE OR REPLACE FUNCTION private.hash_api_key(key text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select encode(sha256(convert_to(key, 'UTF8')), 'hex')
$function$;

CREATE OR REPLACE FUNCTION private.hold_import(import_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.require_role('supervisor');
    if not pg_try_advisory_xact_lock(private.import_lock(import_id)) then
        raise exception 'import_id_taken' using errcode = 'PT409',
            detail = 'an import with this id is running';
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.import_differences(import_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    return private.list_import_differences(v_tenant, import_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.import_lock(import_id uuid)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select hashtextextended('import:' || import_id, 0)
$function$;

CREATE OR REPLACE FUNCTION private.imports_alive()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return private.mark_dead_imports(private.require_role('operator'));
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_bulk()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_id text := nullif(current_setting('cobranca.bulk_audit_id', true), '');
begin
    return v_id is not null and exists (
        select from public.audit_log
        where audit_log.id = v_id::bigint and audit_log.action = 'bulk'
          and audit_log.after ->> 'state' = 'running'
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_client_list(tenant_id uuid, filter jsonb, sort text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.read_client_filter(tenant_id, filter), private.read_client_sort(sort);
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_given(condition text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select 'exists (
        select from public.client_assignments as given
        where given.tenant_id = ($1).tenant_id and given.client_id = clients.id
          and ' || condition || ')'
$function$;

CREATE OR REPLACE FUNCTION private.is_importing()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_import_id text := nullif(current_setting('cobranca.import_id', true), '');
begin
    return v_import_id is not null and private.has_staging() and exists (
        select from public.imports
        where imports.id = v_import_id::uuid and imports.status = 'running'
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_ranked(search private.client_search)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select search.name_key is not null and search.is_broad is not true $function$;

CREATE OR REPLACE FUNCTION private.keep_import_answer(import_id uuid, answer jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    update public.imports set answer = keep_import_answer.answer
    where imports.id = keep_import_answer.import_id
      and imports.tenant_id = private.require_role('supervisor')
      and imports.created_by = auth.uid() and imports.idempotency_key is not null
      and imports.answer is null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_reject_cells(import_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if not exists (
        select from pg_catalog.pg_class
        where pg_class.oid = to_regclass('pg_temp.import_cells')
          and pg_class.relowner = current_user::regrole
    ) then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_reject_cells in the same transaction first';
    end if;
    analyze pg_temp.import_cells;
    update public.import_rejects set cells = import_cells.cells
    from pg_temp.import_cells
    where import_rejects.tenant_id = private.require_role('supervisor')
      and import_rejects.import_id = keep_reject_cells.import_id
      and import_rejects.line = import_cells.line;
    drop table pg_temp.import_cells;
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_clients(filter jsonb, after text, page_size integer, sort text)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    -- 200 rows is more than a screen shows and still a small answer.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_sort private.client_sort := private.read_client_sort(coalesce(sort, '-open_cents'));
    v_filter private.client_filter :=
        private.weigh_search(private.read_client_filter(v_tenant_id, coalesce(filter, '{}')));
    v_is_ranked boolean := private.is_ranked((v_filter).search);
    v_cursor text[];
    v_answer json;
begin
    if after is not null then
        v_cursor := private.decode_cursor(
            after, 'text', case when v_is_ranked then 'int' else 'text' end, 'boolean', 'uuid',
            v_sort.type_name
        );
        if v_cursor[1] <> v_sort.name or (v_cursor[2] = '') = v_is_ranked
            or v_is_ranked and v_cursor[2]::int not between 0 and 3
        then
            raise exception 'invalid_cursor' using errcode = 'PT400',
                detail = 'the cursor belongs to another order or search';
        end if;
        v_cursor[5] := replace(replace(v_cursor[5], '%7C', '|'), '%25', '%');
    end if;
    execute private.client_rows_sql(private.client_page_sql(
        v_filter, v_sort, v_cursor
    ))
    into v_answer
    using v_filter, v_cursor, v_size + 1, private.today(v_tenant_id), v_sort.name;
    return v_answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_import_differences(tenant_id uuid, import_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with changed as (
        select changes.table_name, changes.row_id, changes.before - 'import_id' as before,
            changes.after - 'import_id' as after
        from private.import_changes as changes
        where changes.tenant_id = list_import_differences.tenant_id
          and changes.import_id = list_import_differences.import_id
          and changes.row_id is not null
    ),
    counted as (
        select changed.table_name || '.' || field.name as name, count(*) as changes
        from changed
        cross join jsonb_object_keys(changed.after) as field (name)
        group by 1
    ),
    listed as (
        select changed.table_name, clients.document, clients.name, debts.contract,
            debts.installment, changed.before, changed.after
        from changed
        left join public.debts on changed.table_name = 'debts' and debts.id = changed.row_id
        join public.clients on clients.id = coalesce(debts.client_id, changed.row_id)
        order by clients.document, changed.table_name, debts.contract, debts.installment
        limit 200  -- as many as a person looks through
    )
    select jsonb_build_object(
        'fields', (select coalesce(jsonb_object_agg(counted.name, counted.changes), '{}') from counted),
        'rows', coalesce(jsonb_agg(
            jsonb_build_object(
                'table', listed.table_name, 'document', listed.document, 'name', listed.name,
                'contract', listed.contract, 'installment', listed.installment,
                'changes', (
                    select jsonb_object_agg(
                        field.name,
                        jsonb_build_array(listed.before -> field.name, listed.after -> field.name)
                    )
                    from jsonb_object_keys(listed.after) as field (name)
                )
            )
            order by listed.document, listed.table_name, listed.contract, listed.installment
        ), '[]')
    )
    from listed
$function$;

CREATE OR REPLACE FUNCTION private.mark_dead_imports(tenant_id uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_dead int;
begin
    -- Materialized: the lock is tried for unfinished imports alone.
    with unfinished as materialized (
        select imports.id from public.imports
        where imports.tenant_id = mark_dead_imports.tenant_id
          and imports.status in ('queued', 'running')
    )
    update public.imports
    set status = 'failed', error_code = 'process_died', finished_at = private.now(), phase = null,
        seconds_left = null
    from unfinished
    where imports.id = unfinished.id
      and pg_try_advisory_xact_lock(private.import_lock(unfinished.id));
    get diagnostics v_dead = row_count;
    return v_dead;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_client_changes(tenant_id uuid, import_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into private.import_changes (tenant_id, import_id, table_name, row_id, before, after)
    select note_client_changes.tenant_id, note_client_changes.import_id, 'clients', clients.id,
        private.jsonb_changes(became.item, was.item), private.jsonb_changes(was.item, became.item)
    from pg_temp.import_clients as planned
    join public.clients on clients.id = planned.client_id
    cross join lateral (
        select jsonb_build_object(
            'name', clients.name, 'email', clients.email, 'uf', clients.uf,
            'external_id', clients.external_id, 'extra', clients.extra
        ) as item
    ) as was
    cross join lateral (
        select jsonb_build_object(
            'name', planned.name, 'email', planned.email, 'uf', planned.uf,
            'external_id', planned.external_id, 'extra', planned.extra
        ) as item
    ) as became
    where planned.is_changed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_created(tenant_id uuid, import_id uuid, table_name text, ids_sql text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_ids_in_a_row constant int := 10000;  -- 160 kB
begin
    execute format(
        'insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
        select $1, $2, $3, array_agg(numbered.id)
        from (select made.id, row_number() over () / %s as chunk from (%s) as made (id)) as numbered
        group by numbered.chunk',
        c_ids_in_a_row, ids_sql
    ) using tenant_id, import_id, table_name;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_debt_changes(tenant_id uuid, import_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into private.import_changes (tenant_id, import_id, table_name, row_id, before, after)
    select note_debt_changes.tenant_id, note_debt_changes.import_id, 'debts', debts.id,
        private.jsonb_changes(became.item, was.item), private.jsonb_changes(was.item, became.item)
    from (
        select import_debts.debt_id, import_debts.due_on, import_debts.principal_cents,
            'open'::public.debt_status as status
        from pg_temp.import_debts
        where import_debts.is_changed
        union all
        select import_absent.debt_id, null, null, 'returned'
        from pg_temp.import_absent
        where import_absent.is_returned
    ) as planned
    join public.debts on debts.id = planned.debt_id
    cross join lateral (
        select jsonb_build_object(
            'due_on', debts.due_on, 'principal_cents', debts.principal_cents,
            'status', debts.status, 'import_id', debts.import_id
        ) as item
    ) as was
    cross join lateral (
        select jsonb_build_object(
            'due_on', coalesce(planned.due_on, debts.due_on),
            'principal_cents', coalesce(planned.principal_cents, debts.principal_cents),
            'status', planned.status, 'import_id', note_debt_changes.import_id
        ) as item
    ) as became;
end;
$function$;

CREATE OR REPLACE FUNCTION private.one_or_any(expression text, field text, size integer)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select expression || case
        when size = 1 then ' = (($1).' || field || ')[1]'
        else ' = any(($1).' || field || ')'
    end
$function$;

CREATE OR REPLACE FUNCTION private.open_export(selection jsonb)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_clients bigint;
begin
    drop table if exists pg_temp.export_clients;
    create temp table export_clients (
        place int, tenant_id uuid, client_id uuid
    ) on commit drop;
    grant select on pg_temp.export_clients to authenticated;
    execute 'insert into pg_temp.export_clients
        select row_number() over (order by clients.open_cents desc, clients.id desc),
            clients.tenant_id, clients.id
        from public.clients where ' || private.client_condition(v_filter)
    using v_filter;
    get diagnostics v_clients = row_count;
    analyze pg_temp.export_clients;
    -- For the statement that follows in this transaction: it sorts what may be the whole portfolio.
    perform set_config('jit', 'off', true), set_config('work_mem', '64MB', true);
    insert into public.audit_log
        (tenant_id, actor_id, actor, table_name, row_id, action, after)
    values (
        v_tenant_id, auth.uid(),
        coalesce((select users.email from auth.users where users.id = auth.uid()), session_user),
        'clients', 'export', 'export',
        jsonb_build_object('selection', selection, 'selected', v_clients)
    );
    return private.export_sql();
end;
$function$;

CREATE OR REPLACE FUNCTION private.open_import(file_name text, file_sha256 text, creditor text, announced uuid DEFAULT NULL::uuid, source text DEFAULT 'csv'::text)
 RETURNS TABLE(import_id uuid, creditor_id uuid, creditor_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_creditor public.creditors;
begin
    -- Two imports of one tenant queue up: each sees what the one before it wrote.
    perform pg_advisory_xact_lock(hashtextextended('import_portfolio:' || v_tenant, 0));

    -- The creditor by id or by name; a name may be new, an id must be one of the tenant's.
    select * into v_creditor from public.creditors
    where creditors.tenant_id = v_tenant
      and (creditors.id::text = lower(open_import.creditor)
           or creditors.name_key = private.search_key(open_import.creditor));
    if v_creditor.id is null and (
        open_import.creditor ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        or open_import.creditor is not null and not private.has_role('admin')
    ) then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'the creditor is not one of this tenant; an admin''s import creates it by name';
    end if;

    create temp table import_rows (
        line int not null,
        -- Why the row cannot be taken; null for an accepted one.
        reason text,
        column_name text,
        value text,
        document text collate "C",
        name text,
        email text,
        uf text,
        external_id text,
        creditor text,
        contract text collate "C",
        installment int,
        due_on date,
        principal_cents bigint,
        phones text [] not null,
        phones_lost int not null,
        names_lost int not null,
        emails_lost int not null,
        -- Columns that are none of ours, by the file's own names.
        extra jsonb
    ) on commit drop;
    grant insert on pg_temp.import_rows to authenticated;
    -- What the steps of the merge tell each other.
    create temp table import_outcome (
        creditors_created int, clients_created int, clients_updated int, debts_created int,
        debts_updated int, debts_absent int, debts_returned int
    ) on commit drop;
    insert into pg_temp.import_outcome default values;

    if announced is null then
        insert into public.imports
            (tenant_id, creditor_id, file_name, file_sha256, source, created_by)
        values (v_tenant, v_creditor.id, open_import.file_name, open_import.file_sha256,
            open_import.source, auth.uid())
        returning id into import_id;
    else
        select imports.id into import_id from public.imports
        where imports.id = announced and imports.tenant_id = v_tenant
          and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
        if import_id is null then
            raise exception 'import_cancelled' using errcode = 'PT409',
                detail = 'cancelled while it waited for another import';
        end if;
    end if;
    perform set_config('cobranca.import_id', import_id::text, true);
    creditor_id := v_creditor.id;
    creditor_name := coalesce(v_creditor.name, open_import.creditor);
    return next;
end;
$function$;

CREATE OR REPLACE FUNCTION private.open_reject_cells()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    create temp table import_cells (line int not null, cells text [] not null) on commit drop;
    grant insert on pg_temp.import_cells to authenticated;
end;
$function$;

CREATE OR REPLACE FUNCTION private.phone_health(tenant_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', known.id, 'phone', known.phone, 'kind', known.kind,
        'has_whatsapp', known.has_whatsapp,
        'opted_out', private.is_suppressed(
            known.tenant_id, known.client_id, known.phone, 'call', private.now()
        ) or private.is_suppressed(
            known.tenant_id, known.client_id, known.phone, 'whatsapp', private.now()
        ),
        'last_reply_at', told.last_reply_at, 'last_read_at', told.last_read_at,
        'last_delivered_at', told.last_delivered_at,
        'last_failure', case when told.failed_at is not null then
            jsonb_build_object('code', told.error_code, 'at', told.failed_at) end
    ) order by known.position, known.id), '[]')
    from public.client_phones as known
    left join lateral (
        select max(message.created_at) filter (where message.direction = 'in') as last_reply_at,
            max(message.read_at) as last_read_at, max(message.delivered_at) as last_delivered_at,
            max(message.failed_at) as failed_at,
            (array_agg(message.error_code order by message.failed_at desc)
             filter (where message.failed_at is not null))[1] as error_code
        from (
            -- What a number said two hundred messages ago says nothing of it today.
            select recent.* from public.message_logs as recent
            where recent.tenant_id = known.tenant_id and recent.client_id = known.client_id
            order by recent.created_at desc, recent.id desc
            limit 200
        ) as message
        where private.phone_match(message.phone) = private.phone_match(known.phone)
    ) as told on true
    where known.tenant_id = phone_health.tenant_id and known.client_id = phone_health.client_id
$function$;

CREATE OR REPLACE FUNCTION private.plain_cell(expression text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select replace(
        'case when ascii(ltrim($cell)) = any (''{61,43,45,64,124,37,9,13,10}''::int[])
            then '''''''' || $cell else $cell end', '$cell', expression
    )
$function$;

CREATE OR REPLACE FUNCTION private.plan_absent_debts(tenant_id uuid, absent text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    create temp table import_absent on commit drop as
    select debts.id as debt_id, plan_absent_debts.absent = 'return' as is_returned
    from public.debts
    where debts.tenant_id = plan_absent_debts.tenant_id
      and debts.status = 'open'
      and debts.creditor_id in (select import_creditors.creditor_id from pg_temp.import_creditors)
      and not exists (
          select from pg_temp.import_debts where import_debts.debt_id = debts.id
      );
    if exists (select from pg_temp.import_absent) then
        delete from pg_temp.import_absent
        using public.debts
        where debts.id = import_absent.debt_id and debts.contract in (
            select refused.contract from pg_temp.import_rows as refused
            where refused.reason is not null
        );
        delete from pg_temp.import_absent
        using public.debts
        join public.clients on clients.id = debts.client_id
        where debts.id = import_absent.debt_id and clients.document in (
            select refused.document from pg_temp.import_rows as refused
            where refused.reason is not null and refused.contract is null
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.plan_client_rollback(tenant_id uuid, v_import public.imports)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
begin
    -- A client with a debt, a number or anything else that stays, stays.
    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.clients as held
        where item.table_name = ''clients'' and item.is_created and held.id = item.id and ('
        || private.references_sql(
            'public.clients', 'held', array['public.debts', 'public.client_phones']::regclass[]
        ) || '
            or exists (select from public.debts where debts.tenant_id = held.tenant_id
                and debts.client_id = held.id and not exists (
                    select from pg_temp.rollback as going where going.table_name = ''debts''
                    and going.id = debts.id and going.is_created and going.reason is null))
            or exists (select from public.client_phones as phones
                where phones.tenant_id = held.tenant_id and phones.client_id = held.id
                and phones.created_at <> held.created_at))';
    update pg_temp.rollback as item set reason = 'changed_since'
    from public.clients
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and clients.id = item.id and clients.updated_at <> clients.created_at;
    -- The debts of a client who stays because of an edit stay too: they are why the client is here.
    update pg_temp.rollback as item set reason = 'changed_since'
    from pg_temp.rollback as kept
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and kept.table_name = 'clients' and kept.is_created and kept.reason = 'changed_since'
      and kept.id = item.client_id;
    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.creditors as held
        where item.table_name = ''creditors'' and held.id = item.id and ('
        || private.references_sql(
            'public.creditors', 'held',
            array['public.debts', 'public.import_mappings']::regclass[]
        ) || '
            or exists (select from public.debts where debts.tenant_id = held.tenant_id
                and debts.creditor_id = held.id and not exists (
                    select from pg_temp.rollback as going where going.table_name = ''debts''
                    and going.id = debts.id and going.is_created and going.reason is null)))';
end;
$function$;

CREATE OR REPLACE FUNCTION private.plan_import(tenant_id uuid, headers jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_few_rows constant int := 1000;  -- as many index look-ups cost 10 ms
begin
    -- A join in nested loops is right for a few rows and ruinous for many, and the planner cannot
    -- tell: a tenant that is new has no statistics yet.
    perform set_config(
        'enable_nestloop',
        case when (select count(*) from pg_temp.import_rows) > c_few_rows then 'off' else 'on' end,
        true
    );
    analyze pg_temp.import_rows;

    -- Spellings of one creditor are one creditor ("Telefônica Ipê", "TELEFONICA IPE").
    create temp table import_creditors on commit drop as
    with written as (
        select import_rows.creditor, private.search_key(import_rows.creditor) as name_key
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.creditor
    ),
    keyed as materialized (  -- one new id a key, however often it is looked at
        select written.name_key, gen_random_uuid() as new_id
        from written
        group by written.name_key
    )
    select written.creditor, coalesce(creditors.id, keyed.new_id) as creditor_id,
        creditors.id is null as is_new
    from written
    join keyed using (name_key)
    left join public.creditors
        on creditors.tenant_id = plan_import.tenant_id and creditors.name_key = written.name_key;

    -- One row per natural key; a repeated line counts in `lines`.
    create temp table import_debts on commit drop as
    with keyed as (
        select import_creditors.creditor_id, import_rows.contract, import_rows.installment,
            count(*)::int as lines,
            min(import_rows.document) as document, max(import_rows.document) as other_document,
            min(import_rows.due_on) as due_on, max(import_rows.due_on) as other_due_on,
            min(import_rows.principal_cents) as principal_cents,
            max(import_rows.principal_cents) as other_cents
        from pg_temp.import_rows
        join pg_temp.import_creditors using (creditor)
        where import_rows.reason is null
        group by import_creditors.creditor_id, import_rows.contract, import_rows.installment
    )
    select keyed.*, debts.id as debt_id,
        debts.status = 'open'
        and (debts.due_on, debts.principal_cents) <> (keyed.due_on, keyed.principal_cents)
            as is_changed,
        case
            -- Two lines for one debt that disagree: nobody can tell which of them is owed.
            when keyed.document <> keyed.other_document then 'document'
            when keyed.due_on <> keyed.other_due_on then 'due_on'
            when keyed.principal_cents <> keyed.other_cents then 'principal'
            -- A contract that moves to another person may be a mended mistake or a new one, and
            -- the first person's history hangs on it: a person decides.
            when debts.id is not null and keyed.document <> (
                select clients.document from public.clients where clients.id = debts.client_id
            ) then 'owner'
        end as differs_in
    from keyed
    left join public.debts
        on debts.tenant_id = plan_import.tenant_id
        and debts.creditor_id = keyed.creditor_id
        and debts.contract = keyed.contract
        and debts.installment = keyed.installment;

    perform private.refuse_import_debts(headers);

    -- One row per person. A line later in the file knows better; a name in mixed case is preferred
    -- to one in capitals. What the file leaves empty stays as stored.
    create temp table import_clients on commit drop as
    with people as (
        select import_rows.document,
            coalesce(
                (array_agg(import_rows.name order by import_rows.line desc)
                 filter (where import_rows.name <> upper(import_rows.name)))[1],
                (array_agg(import_rows.name order by import_rows.line desc)
                 filter (where import_rows.name is not null))[1]
            ) as name,
            (array_agg(import_rows.email order by import_rows.line desc)
             filter (where import_rows.email is not null))[1] as email,
            (array_agg(import_rows.uf order by import_rows.line desc)
             filter (where import_rows.uf is not null))[1] as uf,
            (array_agg(import_rows.external_id order by import_rows.line desc)
             filter (where import_rows.external_id is not null))[1] as external_id,
            bool_or(cardinality(import_rows.phones) > 0) as has_phone
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.document
    ),
    extras as (
        -- Of a repeated column the later line counts.
        select import_rows.document, jsonb_object_agg(pair.key, pair.value order by import_rows.line)
            as extra
        from pg_temp.import_rows
        cross join jsonb_each(import_rows.extra) as pair (key, value)
        where import_rows.reason is null and import_rows.extra is not null
          and pair.value <> 'null'
        group by import_rows.document
    )
    select people.document, coalesce(clients.id, gen_random_uuid()) as client_id,
        clients.id is null as is_new, people.has_phone, merged.*,
        clients.id is not null
        and (merged.name, merged.email, merged.uf, merged.external_id, merged.extra)
            is distinct from (clients.name, clients.email, clients.uf, clients.external_id,
                clients.extra)
            as is_changed
    from people
    left join extras using (document)
    left join public.clients
        on clients.tenant_id = plan_import.tenant_id and clients.document = people.document
    cross join lateral (
        select
            -- Capitals or not, the same name is no change.
            case
                when lower(people.name) = lower(clients.name) then clients.name
                else coalesce(people.name, clients.name)
            end as name,
            coalesce(people.email, clients.email) as email,
            coalesce(people.uf, clients.uf) as uf,
            coalesce(people.external_id, clients.external_id) as external_id,
            coalesce(clients.extra, '{}') || coalesce(extras.extra, '{}') as extra
    ) as merged;

    -- A debt of somebody whose name neither the file nor the portfolio knows.
    if exists (select from pg_temp.import_clients where import_clients.name is null) then
        update pg_temp.import_rows as staged
        set reason = case when staged.value is null then 'name_missing' else 'name_invalid' end,
            column_name = headers ->> 'name'
        from pg_temp.import_clients
        where import_clients.name is null and staged.document = import_clients.document
          and staged.reason is null;
        delete from pg_temp.import_debts using pg_temp.import_clients
        where import_clients.name is null and import_debts.document = import_clients.document;
        delete from pg_temp.import_clients where import_clients.name is null;
    end if;
    analyze pg_temp.import_debts;
    analyze pg_temp.import_clients;
end;
$function$;

CREATE OR REPLACE FUNCTION private.plan_portfolio(import_id uuid, headers jsonb, absent text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_open_import(import_id);
begin
    -- A plan that checks foreign keys lives as long as its connection; one made while a table was
    -- nearly empty scans it for every row of a large import.
    discard plans;
    perform private.plan_import(v_tenant, headers);
    perform private.plan_absent_debts(v_tenant, absent);
end;
$function$;

CREATE OR REPLACE FUNCTION private.plan_rollback(tenant_id uuid, v_import public.imports)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
    v_tenant uuid := tenant_id;
begin
    create temp table rollback (
        table_name text not null, id uuid not null, client_id uuid, is_created boolean not null,
        before jsonb, reason text
    ) on commit drop;

    insert into pg_temp.rollback (table_name, id, is_created)
    select changes.table_name, unnest(changes.created_ids), true
    from private.import_changes as changes
    where changes.tenant_id = v_tenant and changes.import_id = v_import.id
      and changes.created_ids is not null;
    insert into pg_temp.rollback (table_name, id, is_created, before, reason)
    select changes.table_name, changes.row_id, false, changes.before,
        case when changes.after is distinct from (
            select jsonb_object_agg(field.name, became.item -> field.name)
            from jsonb_object_keys(changes.after) as field (name)
        ) then 'changed_since' end
    from private.import_changes as changes
    left join public.clients on changes.table_name = 'clients' and clients.id = changes.row_id
    left join public.debts on changes.table_name = 'debts' and debts.id = changes.row_id
    cross join lateral (
        select case changes.table_name when 'clients' then to_jsonb(clients)
            else to_jsonb(debts) end as item
    ) as became
    where changes.tenant_id = v_tenant and changes.import_id = v_import.id
      and changes.row_id is not null;
    -- Debts it created: those that still name it, and those a later import changed.
    insert into pg_temp.rollback (table_name, id, client_id, is_created, reason)
    select 'debts', debts.id, debts.client_id, true,
        case when debts.updated_at <> debts.created_at or debts.status <> 'open'
            then 'changed_since' end
    from public.debts
    where debts.tenant_id = v_tenant and debts.import_id = v_import.id
      and not exists (
          select from private.import_changes as changes
          where changes.tenant_id = v_tenant and changes.import_id = v_import.id
            and changes.table_name = 'debts' and changes.row_id = debts.id
      )
    union
    select 'debts', debts.id, debts.client_id, true, 'changed_since'
    from private.import_changes as later
    join public.debts on debts.id = later.row_id and debts.import_id <> v_import.id
    where later.tenant_id = v_tenant and later.table_name = 'debts'
      and later.before ->> 'import_id' = v_import.id::text
      and not exists (
          select from pg_temp.rollback as known
          where known.table_name = 'debts' and known.id = later.row_id
      );
    update pg_temp.rollback as item set client_id = debts.client_id
    from public.debts
    where item.table_name = 'debts' and item.client_id is null and debts.id = item.id;
    update pg_temp.rollback as item set client_id = client_phones.client_id,
        reason = case when client_phones.has_whatsapp is not null then 'changed_since' end
    from public.client_phones
    where item.table_name = 'client_phones' and client_phones.id = item.id;
    update pg_temp.rollback as item set client_id = item.id where item.table_name = 'clients';
    -- Gone since, by another hand: nothing is left to take back.
    delete from pg_temp.rollback as item
    where item.table_name in ('debts', 'client_phones') and item.client_id is null
       or item.table_name = 'clients'
       and not exists (select from public.clients where clients.id = item.id);
    analyze pg_temp.rollback;

    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.debts as held
        where item.table_name = ''debts'' and item.is_created and item.reason is null
          and held.id = item.id and (' || private.references_sql('public.debts', 'held', '{}') || ')';
    -- Somebody spoke or wrote to the person since: the debt was talked about.
    update pg_temp.rollback as item set reason = 'contacted_since'
    where item.table_name = 'debts' and item.reason is null and (
        exists (
            select from public.call_dispositions as spoken
            where spoken.tenant_id = v_tenant and spoken.client_id = item.client_id
              and spoken.created_at >= v_import.finished_at
        ) or exists (
            select from public.message_logs as written
            where written.tenant_id = v_tenant and written.client_id = item.client_id
              and written.created_at >= v_import.finished_at
        )
    );
    perform private.plan_client_rollback(v_tenant, v_import);
end;
$function$;

CREATE OR REPLACE FUNCTION private.ranked_page_sql(filter private.client_filter, sort private.client_sort, after text[])
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_key constant text := '(($1).search).name_key';
    v_begins constant text := '(clients.name_key collate "C" >= ' || v_key
        || ' and clients.name_key collate "C" < ' || v_key || ' || ''~'')';
    v_holds constant text := 'clients.name_key like (($1).search).phrase';
    v_is_dated boolean := sort.name like '%last_contact_at';
    v_way text := case when sort.is_descending then 'desc' else 'asc' end;
    v_value text := case when sort.is_nullable then format(
        'coalesce(%s, %L)', sort.expression,
        case when sort.is_descending then '-infinity' else 'infinity' end
    ) else sort.expression end;
    v_ranks text[];
    v_walks text[] := '{}';
begin
    v_ranks := array[
        'clients.name_key collate "C" = ' || v_key,
        v_begins || ' and clients.name_key <> ' || v_key,
        -- Two letters have no phrase …
        case when ((filter).search).phrase is not null then v_holds || ' and not ' || v_begins end,
        -- … and one word without any digit has nothing else to be found by.
        case when cardinality(((filter).search).words) > 1
            or cardinality(private.search_branches((filter).search, false)) > 0
            then private.search_condition((filter).search) || ' and not ' || case
                when ((filter).search).phrase is not null then v_holds else v_begins end
        end
    ];
    filter.search := null;
    for rank in coalesce(after[2]::int, 0)..3 loop
        continue when v_ranks[rank + 1] is null;
        v_walks := v_walks || format(
            '(select clients.id, %1$s as rank, (%2$s)::text as value, false as is_empty
            from public.clients%3$s where %4$s and (%5$s)%6$s
            order by %2$s %7$s, clients.id %7$s limit $3)',
            rank, v_value,
            case when v_is_dated then '
                left join private.client_contacts as contact
                    on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id'
                else '' end,
            private.client_condition(filter, v_is_dated), v_ranks[rank + 1],
            case when rank = after[2]::int then format(
                ' and (%s, clients.id) %s (($2)[5]::%s, ($2)[4]::uuid)',
                v_value, case when sort.is_descending then '<' else '>' end, sort.type_name
            ) else '' end,
            v_way
        );
    end loop;
    return case when v_walks = '{}' then private.empty_page_sql()
        when cardinality(v_walks) = 1 then v_walks[1]
        else array_to_string(v_walks, ' union all ') || ' limit $3' end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_client_filter(tenant_id uuid, filter jsonb)
 RETURNS private.client_filter
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_filter private.client_filter;
    v_key text;
    v_value jsonb;
    v_values text[];
    v_zone text;
begin
    v_filter.tenant_id := tenant_id;
    v_filter.now_at := private.now();
    v_filter.is_all := true;
    if jsonb_typeof(filter) <> 'object' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'filter';
    end if;
    for v_key, v_value in select entry.key, entry.value from jsonb_each(filter) as entry loop
        if v_key not in (
            'q', 'creditor_id', 'status', 'aging', 'open_cents', 'due_on', 'uf', 'last_contact',
            'last_disposition', 'has_whatsapp', 'has_phone', 'opted_out', 'agreement', 'import_id',
            'tag_id', 'assigned_to'
        ) then
            raise exception 'unknown_filter' using errcode = 'PT400', detail = v_key;
        end if;
        -- A chip with nothing in it is no filter.
        continue when v_value in ('null', '""', '[]', '{}');
        v_filter.is_all := false;
        case v_key
            when 'q' then
                -- 200 characters: the longest name anybody types.
                if jsonb_typeof(v_value) <> 'string' or length(v_value #>> '{}') > 200 then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                if btrim(v_value #>> '{}') <> '' then
                    v_filter.search := private.read_search(v_value #>> '{}');
                end if;
            when 'creditor_id' then
                v_filter.creditor_ids := private.filter_values(v_key, v_value, 'uuid');
            when 'status' then
                v_filter.statuses :=
                    private.filter_values(v_key, v_value, 'public.debt_status');
            when 'aging' then
                v_values := private.filter_values(v_key, v_value, 'text');
                if not v_values <@ array(select bands.band from private.aging_bands() as bands) then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                select array_agg(lower(span)), array_agg(upper(span) - 1)
                into v_filter.aged_from, v_filter.aged_to
                from (
                    select unnest(range_agg(daterange(
                        coalesce(today - bands.days_to, '-infinity'),
                        coalesce(today - bands.days_from, 'infinity'), '[]'
                    ))) as span
                    from private.aging_bands() as bands
                    cross join private.today(tenant_id) as today
                    where bands.band = any(v_values)
                ) as merged;
            when 'open_cents' then
                perform private.filter_range(v_key, v_value, '{min,max}');
                v_filter.min_cents := private.filter_bound(v_key, v_value, 'min', 'bigint');
                v_filter.max_cents := private.filter_bound(v_key, v_value, 'max', 'bigint');
            when 'due_on' then
                perform private.filter_range(v_key, v_value, '{from,to}');
                v_filter.due_from := private.filter_bound(v_key, v_value, 'from', 'date');
                v_filter.due_to := private.filter_bound(v_key, v_value, 'to', 'date');
            when 'uf' then
                v_filter.ufs := private.filter_values(v_key, v_value, 'text');
            when 'last_contact' then
                perform private.filter_range(v_key, v_value, '{before,after,never}');
                if v_value ? 'never' and v_value -> 'never' <> 'true' then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                v_filter.is_never_contacted := v_value ? 'never';
                v_zone := (
                    select tenants.time_zone from public.tenants
                    where tenants.id = read_client_filter.tenant_id
                );
                v_filter.contact_from := private.filter_instant(
                    private.filter_bound(v_key, v_value, 'after', 'timestamptz'), v_zone
                );
                v_filter.contact_before := private.filter_instant(
                    private.filter_bound(v_key, v_value, 'before', 'timestamptz'), v_zone
                );
            when 'last_disposition' then
                v_filter.disposition_types := private.filter_values(v_key, v_value, 'text');
            when 'has_whatsapp' then
                v_values := private.filter_values(v_key, v_value, 'text');
                if not v_values <@ '{true,false,unknown}' then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                v_filter.whatsapp := v_values;
            when 'has_phone' then
                v_filter.has_phone := private.filter_flag(v_key, v_value);
            when 'opted_out' then
                v_filter.is_opted_out := private.filter_flag(v_key, v_value);
            when 'agreement' then
                -- No title is in an agreement while there are no agreements.
                if private.filter_values(v_key, v_value, 'text') <> '{none}' then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
            when 'import_id' then
                v_values := private.filter_values(v_key, v_value, 'uuid');
                if cardinality(v_values) <> 1 then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                v_filter.import_id := v_values[1];
            when 'tag_id' then
                v_filter.tag_ids := private.filter_values(v_key, v_value, 'uuid');
            when 'assigned_to' then
                v_values := private.filter_values(v_key, v_value, 'text');
                v_filter.is_unassigned := 'none' = any(v_values);
                v_values := array_replace(
                    array_remove(v_values, 'none'), 'me', auth.uid()::text
                );
                v_filter.operator_ids :=
                    private.filter_values(v_key, to_jsonb(v_values), 'uuid');
        end case;
    end loop;
    return v_filter;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_client_sort(sort text)
 RETURNS private.client_sort
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_sort private.client_sort;
begin
    select sort, known.expression, known.type_name, known.is_nullable, sort like '-%'
    into v_sort
    from (
        values ('name', 'clients.name_key collate "C"', 'text', false),
            ('document', 'clients.document', 'text', false),
            ('open_cents', 'clients.open_cents', 'bigint', false),
            ('oldest_due_on', 'clients.oldest_due_on', 'date', true),
            ('last_contact_at', 'contact.last_contact_at', 'timestamptz', true),
            ('created_at', 'clients.created_at', 'timestamptz', false)
    ) as known (name, expression, type_name, is_nullable)
    where known.name = ltrim(sort, '-') and sort !~ '^--';
    if not found then
        raise exception 'sort_invalid' using errcode = 'PT400', detail = sort;
    end if;
    return v_sort;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_search(typed text)
 RETURNS private.client_search
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_typed text := btrim(typed);
    v_key text := private.search_key(typed);
    v_digits text := regexp_replace(typed, '\D', '', 'g');
    v_document text := regexp_replace(upper(typed), '[^0-9A-Z]', '', 'g');
    -- Only digits and what people put between them: perhaps a phone.
    v_is_number boolean := v_typed ~ '^[0-9.\-/() +]+$' and length(v_digits) >= 3;
    v_search private.client_search;
begin
    v_search.typed := v_typed;
    if v_typed like '%@%' then
        v_search.email := lower(v_typed);
        return v_search;
    end if;
    if v_typed ~ '[0-9]' then
        v_search.code := v_typed;
    end if;
    -- A CNPJ may hold letters, so whatever has a digit may be the beginning of a document.
    if v_typed ~ '[0-9]' and length(v_document) >= 3 then
        v_search.document := v_document;
    end if;
    -- Fewer digits begin half the phones of a town.
    if v_is_number and length(v_digits) >= 5 then
        v_search.phone := '+55' || v_digits;
        v_search.foreign_phone := '+' || v_digits;
        -- From eight digits on, people say a number without its area code.
        if length(v_digits) >= 8 then
            v_search.phone_tail := reverse(v_digits);
        end if;
    end if;
    if v_key ~ '[a-z]' then
        v_search.name_key := v_key;
        if length(v_key) < 3 then
            v_search.name_prefix := v_key;
        else
            v_search.words := array(
                select '%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%'
                from unnest(string_to_array(v_key, ' ')) as word
            );
            v_search.phrase := '%' || regexp_replace(v_key, '([\\%_])', '\\\1', 'g') || '%';
        end if;
    end if;
    return v_search;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_selection(tenant_id uuid, selection jsonb)
 RETURNS private.client_filter
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- More than anybody ticks; more than these is a filter.
    c_max_ids constant int := 10000;
    v_filter private.client_filter;
    v_ids jsonb := coalesce(selection -> 'ids', selection -> 'except', '[]');
begin
    if jsonb_typeof(selection) <> 'object'
        or (selection ? 'filter') = (selection ? 'ids')
        or selection ? 'ids' and selection ? 'except'
        or selection - '{filter,except,ids}'::text[] <> '{}'
        or jsonb_typeof(v_ids) <> 'array'
        or jsonb_array_length(v_ids) > c_max_ids
        or exists (
            select from jsonb_array_elements_text(v_ids) as given (id)
            where given.id is null or not pg_input_is_valid(given.id, 'uuid')
        )
    then
        raise exception 'selection_invalid' using errcode = 'PT400',
            detail = '{"filter": {…}, "except": [ids]} or {"ids": [ids]}, 10000 ids at most';
    end if;
    v_filter := private.read_client_filter(tenant_id, coalesce(selection -> 'filter', '{}'));
    if selection ? 'ids' then
        v_filter.is_all := false;
        v_filter.ids := array(select jsonb_array_elements_text(v_ids))::uuid[];
    elsif v_ids <> '[]' then
        v_filter.except_ids := array(select jsonb_array_elements_text(v_ids))::uuid[];
    end if;
    return private.weigh_search(v_filter);
end;
$function$;

CREATE OR REPLACE FUNCTION private.references_sql(target regclass, row_alias text, ignored regclass[])
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
    select coalesce(string_agg(
        format(
            'exists (select from %s as other where %s)',
            fk.conrelid::regclass, (
                select string_agg(
                    format('other.%I = %s.%I', own.attname, row_alias, theirs.attname), ' and '
                )
                from unnest(fk.conkey, fk.confkey) as pair (own, theirs)
                join pg_catalog.pg_attribute as own
                    on own.attrelid = fk.conrelid and own.attnum = pair.own
                join pg_catalog.pg_attribute as theirs
                    on theirs.attrelid = fk.confrelid and theirs.attnum = pair.theirs
            )
        ), ' or '
    ), 'false')
    from pg_catalog.pg_constraint as fk
    where fk.contype = 'f' and fk.confrelid = target and fk.conrelid <> all(ignored)
$function$;

CREATE OR REPLACE FUNCTION private.refresh_client_reach(tenant_id uuid, client_ids uuid[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with reach as (
        select touched.client_id, count(phones.id) > 0 as has_phone,
            case
                when bool_or(phones.has_whatsapp) then true
                -- A number nobody tried leaves the question open.
                when count(phones.id) filter (where phones.has_whatsapp is null) = 0 then false
            end as has_whatsapp
        from unnest(refresh_client_reach.client_ids) as touched (client_id)
        left join public.client_phones as phones
            on phones.tenant_id = refresh_client_reach.tenant_id
            and phones.client_id = touched.client_id
        group by touched.client_id
    )
    update public.clients
    set has_phone = reach.has_phone, has_whatsapp = reach.has_whatsapp
    from reach
    where clients.tenant_id = refresh_client_reach.tenant_id
      and clients.id = reach.client_id
      and (clients.has_phone, clients.has_whatsapp)
          is distinct from (reach.has_phone, reach.has_whatsapp)
$function$;

CREATE OR REPLACE FUNCTION private.refresh_contact_blocks(tenant_id uuid, client_ids uuid[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with blocks as (
        select touched.client_id,
            max(found.until_at) filter (where found.channel is distinct from 'whatsapp')
                as call_blocked_until,
            max(found.until_at) filter (where found.channel is distinct from 'call')
                as whatsapp_blocked_until
        from unnest(refresh_contact_blocks.client_ids) as touched (client_id)
        left join lateral (
            select coalesce(named.expires_at, 'infinity') as until_at, named.channel
            from public.suppressions as named
            where named.tenant_id = refresh_contact_blocks.tenant_id
              and named.client_id = touched.client_id
              and (named.phone is null or exists (
                  select from public.client_phones
                  where client_phones.tenant_id = named.tenant_id
                    and client_phones.client_id = touched.client_id
                    and private.phone_match(client_phones.phone)
                        = private.phone_match(named.phone)
              ))
            union all
            select coalesce(numbered.expires_at, 'infinity'), numbered.channel
            from public.client_phones
            join public.suppressions as numbered
                on numbered.tenant_id = client_phones.tenant_id
                and private.phone_match(numbered.phone) = private.phone_match(client_phones.phone)
                and numbered.client_id is null
            where client_phones.tenant_id = refresh_contact_blocks.tenant_id
              and client_phones.client_id = touched.client_id
        ) as found on true
        where touched.client_id is not null
        group by touched.client_id
    )
    insert into private.client_contacts as known (
        tenant_id, client_id, call_blocked_until, whatsapp_blocked_until
    )
    select refresh_contact_blocks.tenant_id, blocks.client_id, blocks.call_blocked_until,
        blocks.whatsapp_blocked_until
    from blocks
    left join private.client_contacts as was
        on was.tenant_id = refresh_contact_blocks.tenant_id and was.client_id = blocks.client_id
    where (was.call_blocked_until, was.whatsapp_blocked_until)
          is distinct from (blocks.call_blocked_until, blocks.whatsapp_blocked_until)
    order by blocks.client_id
    on conflict (tenant_id, client_id) do update
    set call_blocked_until = excluded.call_blocked_until,
        whatsapp_blocked_until = excluded.whatsapp_blocked_until
$function$;

CREATE OR REPLACE FUNCTION private.refuse_import_debts(headers jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if not exists (select from pg_temp.import_debts where import_debts.differs_in is not null) then
        return;
    end if;
    update pg_temp.import_rows as staged
    set reason = case refused.differs_in
            when 'owner' then 'debt_of_another_client' else 'repeated_with_difference'
        end,
        column_name = headers ->> replace(refused.differs_in, 'owner', 'document'),
        value = case refused.differs_in
            when 'due_on' then to_char(staged.due_on, 'DD/MM/YYYY')
            when 'principal' then (staged.principal_cents / 100.0)::numeric(20, 2)::text
            else staged.document
        end
    from pg_temp.import_debts as refused
    join pg_temp.import_creditors using (creditor_id)
    where refused.differs_in is not null
      and staged.reason is null
      and staged.creditor = import_creditors.creditor
      and staged.contract = refused.contract
      and staged.installment = refused.installment;
    delete from pg_temp.import_debts where import_debts.differs_in is not null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.report_import(import_id uuid, phase text, rows_read integer, rows_valid integer, rows_written integer, rows_total integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    c_write_units constant int := 3;
    v_import public.imports;
    v_seconds float;
    v_done float;
    v_all float;
begin
    select * into v_import from public.imports
    where imports.id = report_import.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid();
    if v_import.id is null or v_import.status not in ('queued', 'running')
        or v_import.cancel_requested_at is not null
    then
        return true;
    end if;
    v_seconds := extract(epoch from private.now() - v_import.started_at);
    v_done := report_import.rows_read + c_write_units * report_import.rows_written;
    v_all := report_import.rows_total * (1 + c_write_units);
    update public.imports
    set status = 'running', started_at = coalesce(imports.started_at, private.now()),
        phase = report_import.phase, rows_read = report_import.rows_read,
        rows_valid = report_import.rows_valid, rows_written = report_import.rows_written,
        rows_total = report_import.rows_total,
        rows_per_second = case when v_seconds > 0 then report_import.rows_read / v_seconds end,
        seconds_left = case when v_done > 0 then
            ceil(v_seconds * greatest(v_all - v_done, 0) / v_done) end
    where imports.id = v_import.id and imports.status in ('queued', 'running');
    return false;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_open_import(import_id uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    select * into v_import from public.imports
    where imports.id = require_open_import.import_id and imports.tenant_id = v_tenant;
    if v_import.id is null or not private.has_staging()
        or import_id::text <> current_setting('cobranca.import_id', true)
    then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_import in the same transaction first';
    elsif v_import.cancel_requested_at is not null or v_import.status <> 'running' then
        raise exception 'import_cancelled' using errcode = 'PT409',
            detail = 'nothing of it was written';
    end if;
    return v_tenant;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_role(minimum public.member_role)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.tenant_id();
    -- What `has_role` asks, without looking the tenant up again: each call of the API begins here.
    v_role public.member_role := (
        select memberships.role
        from public.memberships
        where memberships.user_id = auth.uid()
          and memberships.tenant_id = v_tenant_id
          and memberships.revoked_at is null
    );
begin
    if v_role >= minimum then
        return v_tenant_id;
    end if;
    raise exception 'not_allowed' using errcode = 'PT403',
        detail = format('needs the role %s or higher in one tenant', minimum);
end;
$function$;

CREATE OR REPLACE FUNCTION private.revoke_api_key(id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.rollback_import(import_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
    v_audit bigint;
    v_answer jsonb;
begin
    -- Not beside another import: each sees what the one before it wrote.
    perform pg_advisory_xact_lock(hashtextextended('import_portfolio:' || v_tenant, 0));
    select * into v_import from public.imports
    where imports.id = rollback_import.import_id and imports.tenant_id = v_tenant
    for update;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status <> 'done' then
        raise exception 'import_not_done' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    v_audit := private.begin_bulk(
        v_tenant, 'import_rollback', jsonb_build_object('import_id', v_import.id)
    );
    perform private.plan_rollback(v_tenant, v_import);
    v_answer := jsonb_build_object('import_id', v_import.id, 'status', 'rolled_back')
        || private.write_rollback(v_tenant, v_import);
    perform private.end_bulk(v_audit, v_answer #- '{kept,rows}');
    update public.imports set status = 'rolled_back' where imports.id = v_import.id;
    return v_answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sample_scale(filter private.client_filter, condition text, countable bigint)
 RETURNS double precision
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_clients bigint := coalesce((
        select totals.clients from private.portfolio_totals as totals
        where totals.tenant_id = (filter).tenant_id
    ), 0);
    v_plan json;
begin
    if v_clients <= private.sample_size() or (filter).ids is not null then
        return null;
    end if;
    execute 'explain (format json) select from public.clients where ' || condition
    into v_plan using filter;
    return case when (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision > countable
        then v_clients::double precision / private.sample_size() end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sample_size()
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select 20000 $function$;

CREATE OR REPLACE FUNCTION private.save_import_mapping(creditor_id uuid, header_key text, mapping jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    insert into public.import_mappings as saved
        (tenant_id, creditor_id, header_key, mapping, updated_by)
    values (
        v_tenant, save_import_mapping.creditor_id, save_import_mapping.header_key,
        save_import_mapping.mapping, auth.uid()
    )
    on conflict on constraint import_mappings_is_unique do update
    set mapping = excluded.mapping, updated_by = excluded.updated_by, updated_at = private.now()
    where saved.mapping <> excluded.mapping;
end;
$function$;

CREATE OR REPLACE FUNCTION private.saved_import_mapping(creditor_id uuid, header_key text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
    select import_mappings.mapping
    from public.import_mappings
    where import_mappings.tenant_id = (select private.tenant_id())
      and (import_mappings.creditor_id = saved_import_mapping.creditor_id
           or import_mappings.header_key = saved_import_mapping.header_key
           and import_mappings.creditor_id is null)
    order by import_mappings.header_key = saved_import_mapping.header_key desc,
        import_mappings.creditor_id is null, import_mappings.updated_at desc
    limit 1
$function$;

CREATE OR REPLACE FUNCTION private.search_branches(search private.client_search, by_client boolean)
 RETURNS text[]
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_branches text[] := '{}';
    v_debts text := case when by_client then ' and debts.client_id = clients.id' else '' end;
    v_phones text := case when by_client then ' and phones.client_id = clients.id' else '' end;
    v_known text := case when by_client then ' and known.id = clients.id' else '' end;
begin
    if search.code is not null then
        v_branches := v_branches || ('
            select debts.client_id from public.debts
            where debts.tenant_id = ($1).tenant_id' || v_debts || ' and (
                debts.contract >= (($1).search).code
                and debts.contract < (($1).search).code || ''~''
                or debts.contract >= upper((($1).search).code)
                and debts.contract < upper((($1).search).code) || ''~''
            )') || ('
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id' || v_known || '
              and known.external_id >= (($1).search).code
              and known.external_id < (($1).search).code || ''~''');
    end if;
    if search.document is not null then
        v_branches := v_branches || ('
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id' || v_known || '
              and known.document >= (($1).search).document
              and known.document < (($1).search).document || ''~''');
    end if;
    if search.phone is not null then
        v_branches := v_branches || ('
            select phones.client_id from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id' || v_phones || ' and (
                phones.phone >= (($1).search).phone
                and phones.phone < (($1).search).phone || ''~''
                or phones.phone >= (($1).search).foreign_phone
                and phones.phone < (($1).search).foreign_phone || ''~''
            )');
    end if;
    if search.phone_tail is not null then
        v_branches := v_branches || ('
            select phones.client_id from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id' || v_phones || '
              and reverse(phones.phone) collate "C" >= (($1).search).phone_tail
              and reverse(phones.phone) collate "C" < (($1).search).phone_tail || ''~''');
    end if;
    return v_branches;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_condition(search private.client_search)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_branches text[] := private.search_branches(search, coalesce(search.is_broad, false));
    v_name text := 'false';
begin
    if search.email is not null then
        -- Found first and ordered after: addresses of one portfolio resemble each other so much that
        -- the planner takes few for many, and would look for them along the list's order. The index
        -- holds filled addresses only, which it does not see through `collate`.
        return 'clients.id = any(array(
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id and known.email is not null
              and lower(known.email) collate "C" >= (($1).search).email
              and lower(known.email) collate "C" < (($1).search).email || ''~''
        ))';
    end if;
    if search.name_prefix is not null then
        v_name := 'clients.name_key collate "C" >= (($1).search).name_prefix
            and clients.name_key collate "C" < (($1).search).name_prefix || ''~''';
    elsif search.words is not null then
        v_name := (
            select string_agg(format('clients.name_key like ((($1).search).words)[%s]', place), ' and ')
            from generate_series(1, cardinality(search.words)) as place
        );
    end if;
    if v_branches = '{}' then
        return v_name;
    end if;
    if search.is_broad then
        return '(' || v_name || (
            select string_agg(' or exists (' || branch || ')', '') from unnest(v_branches) as branch
        ) || ')';
    end if;
    if v_name <> 'false' then
        v_branches := v_branches || (
            'select clients.id from public.clients
            where clients.tenant_id = ($1).tenant_id and ' || v_name
        );
    end if;
    return 'clients.id in (' || array_to_string(v_branches, ' union all ') || ')';
end;
$function$;

CREATE OR REPLACE FUNCTION private.selection_totals(selection jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    -- Summing them reads as many rows: below a tenth of a second.
    c_countable constant bigint := 50000;
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_condition text;
    v_scale double precision;
    v_sum record;
    v_whole private.portfolio_totals;
begin
    if v_filter.is_all then
        -- The whole portfolio has a counter; what is taken out of it is a list.
        select * into v_whole from private.portfolio_totals as totals
        where totals.tenant_id = v_filter.tenant_id;
        v_filter.ids := coalesce(v_filter.except_ids, '{}');
        v_filter.except_ids := null;
    end if;
    v_condition := private.client_condition(v_filter);
    v_scale := private.sample_scale(v_filter, v_condition, c_countable);
    execute 'select count(*) as clients, coalesce(sum(clients.open_debts), 0) as debts,
            coalesce(sum(clients.open_cents), 0) as open_cents
        from ' || private.client_source(v_scale) || ' where ' || v_condition
    into v_sum using v_filter;
    if v_filter.is_all then
        return jsonb_build_object(
            'clients', coalesce(v_whole.clients, 0) - v_sum.clients,
            'debts', coalesce(v_whole.open_debts, 0) - v_sum.debts,
            'open_cents', coalesce(v_whole.open_cents, 0) - v_sum.open_cents, 'is_estimate', false
        );
    end if;
    return jsonb_build_object(
        'clients', round(v_sum.clients * coalesce(v_scale, 1)),
        'debts', round(v_sum.debts * coalesce(v_scale, 1)),
        'open_cents', round(v_sum.open_cents * coalesce(v_scale, 1)),
        'is_estimate', v_scale is not null
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.service_screen(client_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- The callback picker offers a week and the day it is opened on.
    c_days_offered constant int := 8;
    v_tenant_id uuid := private.require_role('operator');
    v_now timestamptz := private.now();
begin
    perform private.require_client(v_tenant_id, client_id);
    return private.client_card(v_tenant_id, client_id) || jsonb_build_object(
        'disposition_types', (
            select coalesce(jsonb_agg(to_jsonb(types) - 'tenant_id'
                order by types.position, types.key), '[]')
            from public.disposition_types as types
            where types.tenant_id = v_tenant_id and types.is_active
        ),
        'timeline', private.client_timeline(client_id, null, 50),
        'contact', (
            select jsonb_build_object(
                'allowed', decision.allowed, 'next_allowed_at', decision.next_allowed_at,
                'reason', decision.reason
            )
            from private.contact_decision(
                v_tenant_id, service_screen.client_id, 'call', v_now
            ) as decision
        ) || jsonb_build_object('hours', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'date', hours.day, 'from', hours.opens_at, 'to', hours.closes_at
            ) order by hours.opens_at), '[]')
            from private.contact_hours(
                v_tenant_id, service_screen.client_id, v_now, c_days_offered
            ) as hours
        )),
        'callbacks', private.client_callbacks(v_tenant_id, client_id)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_audit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_actor_id uuid := auth.uid();
    v_actor text := coalesce(
        (select users.email from auth.users where users.id = v_actor_id), session_user
    );
    v_ignored text[] := tg_argv[0:] || array['updated_at'];
begin
    -- A bulk import is told by its `imports` row, which is audited; per row it would drown the log.
    if tg_table_name <> 'imports' and private.is_importing() or private.is_bulk() then
        return null;
    end if;
    if tg_op = 'INSERT' then
        insert into public.audit_log
            (tenant_id, actor_id, actor, table_name, row_id, action, after)
        select private.audit_tenant(tg_table_name, item), v_actor_id, v_actor, tg_table_name,
            private.audit_row_id(item), 'insert', private.without_secrets(item)
        from (select to_jsonb(new_rows) as item from new_rows) as added;
    elsif tg_op = 'DELETE' then
        insert into public.audit_log
            (tenant_id, actor_id, actor, table_name, row_id, action, before)
        select private.audit_tenant(tg_table_name, item), v_actor_id, v_actor, tg_table_name,
            private.audit_row_id(item), 'delete', private.without_secrets(item)
        from (select to_jsonb(old_rows) as item from old_rows) as removed;
    else
        insert into public.audit_log
            (tenant_id, actor_id, actor, table_name, row_id, action, before, after)
        select private.audit_tenant(tg_table_name, was.item), v_actor_id, v_actor, tg_table_name,
            private.audit_row_id(was.item), 'update',
            coalesce(private.without_secrets(private.jsonb_changes(became.item, was.item)), '{}'),
            coalesce(private.without_secrets(private.jsonb_changes(was.item, became.item)), '{}')
        from (select to_jsonb(old_rows) - v_ignored as item from old_rows) as was
        join (select to_jsonb(new_rows) - v_ignored as item from new_rows) as became
            on private.audit_row_id(became.item) = private.audit_row_id(was.item)
            and private.audit_tenant(tg_table_name, became.item)
                = private.audit_tenant(tg_table_name, was.item)
        where was.item <> became.item;
    end if;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_call_dispositions__last_contact()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into private.client_contacts as known (
        tenant_id, client_id, last_contact_at, last_disposition_type
    )
    select distinct on (new_rows.client_id) new_rows.tenant_id, new_rows.client_id,
        new_rows.created_at, new_rows.disposition_type
    from new_rows
    -- The same order for everybody who writes several, so that nobody waits in a circle.
    order by new_rows.client_id, new_rows.created_at desc, new_rows.id desc
    on conflict (tenant_id, client_id) do update
    set last_contact_at = excluded.last_contact_at,
        last_disposition_type = excluded.last_disposition_type
    where known.last_contact_at is null or known.last_contact_at <= excluded.last_contact_at;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_client_phones__reach()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if tg_op = 'INSERT' then
        -- A number more can only open what was closed: most new numbers change nothing, and a
        -- million of them are compared in one join.
        perform private.refresh_client_reach(touched.tenant_id, array_agg(touched.client_id))
        from (
            select added.tenant_id, added.client_id
            from (
                select new_rows.tenant_id, new_rows.client_id,
                    bool_or(new_rows.has_whatsapp) as is_proved,
                    bool_or(new_rows.has_whatsapp is null) as is_open
                from new_rows
                group by new_rows.tenant_id, new_rows.client_id
            ) as added
            join public.clients
                on clients.tenant_id = added.tenant_id and clients.id = added.client_id
            where not clients.has_phone
               or added.is_proved and clients.has_whatsapp is not true
               or added.is_open and clients.has_whatsapp is false
        ) as touched
        group by touched.tenant_id;
        perform private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
        from (
            select distinct new_rows.tenant_id, new_rows.client_id
            from new_rows
            join public.suppressions
                on suppressions.tenant_id = new_rows.tenant_id
                and right(suppressions.phone, 8) = right(new_rows.phone, 8)
        ) as touched
        group by touched.tenant_id;
        return null;
    end if;
    -- Changed and removed numbers are few: a person or a provider's answer.
    perform private.refresh_client_reach(touched.tenant_id, array_agg(touched.client_id)),
        private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
    from (
        select distinct old_rows.tenant_id, old_rows.client_id
        from old_rows
        join public.clients
            on clients.tenant_id = old_rows.tenant_id and clients.id = old_rows.client_id
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_suppressions__contact_blocks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
    from (
        select changed_rows.tenant_id, changed_rows.client_id from changed_rows
        union
        select changed_rows.tenant_id, owner.client_id
        from changed_rows
        cross join private.clients_of_phone(changed_rows.tenant_id, changed_rows.phone)
            as owner (client_id)
        where changed_rows.client_id is null
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.ufs()
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select '{AC,AL,AM,AP,BA,CE,DF,ES,GO,MA,MG,MS,MT,PA,PB,PE,PI,PR,RJ,RN,RO,RR,RS,SC,SE,SP,TO}'
        ::text[]
$function$;

CREATE OR REPLACE FUNCTION private.use_api_key(key text)
 RETURNS TABLE(api_key_id uuid, tenant_id uuid, user_id uuid, email text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.weigh_search(filter private.client_filter)
 RETURNS private.client_filter
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Looking up and sorting these takes a tenth of a second.
    c_many constant bigint := 20000;
    v_search private.client_search := (filter).search;
    v_branches text[] := private.search_branches(v_search, false);
    v_plan json;
begin
    if v_branches <> '{}' then
        execute 'explain (format json) ' || array_to_string(v_branches, ' union all ')
        into v_plan using filter;
        v_search.is_broad := (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision > c_many;
        filter.search := v_search;
    end if;
    return filter;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_import_clients(import_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_creditors int;
    v_created int;
    v_updated int;
    -- Once and not by each row's default, which reads the clock's table.
    v_now timestamptz := private.now();
begin
    v_creditors := private.create_import_creditors(v_tenant);

    -- Totals and reach come with the row; the triggers on debts and phones recompute them and find
    -- nothing to mend, which spares every new client a second write.
    insert into public.clients (
        id, tenant_id, document, name, email, uf, external_id, extra, has_phone, has_whatsapp,
        open_cents, open_debts, oldest_due_on, creditor_ids, debt_status, created_at, updated_at
    )
    select import_clients.client_id, v_tenant, import_clients.document, import_clients.name,
        import_clients.email, import_clients.uf, import_clients.external_id, import_clients.extra,
        import_clients.has_phone, case when not import_clients.has_phone then false end,
        totals.open_cents, totals.open_debts, totals.oldest_due_on, totals.creditor_ids, 'open',
        v_now, v_now
    from pg_temp.import_clients
    join (
        select import_debts.document, sum(import_debts.principal_cents)::bigint as open_cents,
            count(*)::int as open_debts, min(import_debts.due_on) as oldest_due_on,
            array_agg(distinct import_debts.creditor_id) as creditor_ids
        from pg_temp.import_debts
        group by import_debts.document
    ) as totals using (document)
    where import_clients.is_new
    order by import_clients.document;
    get diagnostics v_created = row_count;
    perform private.note_created(
        v_tenant, import_id, 'clients',
        'select client_id from pg_temp.import_clients where is_new'
    );
    perform private.note_created(
        v_tenant, import_id, 'creditors',
        'select distinct creditor_id from pg_temp.import_creditors where is_new'
    );

    perform private.note_client_changes(v_tenant, import_id);
    update public.clients
    set name = import_clients.name, email = import_clients.email, uf = import_clients.uf,
        external_id = import_clients.external_id, extra = import_clients.extra
    from pg_temp.import_clients
    where import_clients.is_changed and clients.id = import_clients.client_id;

    create temp table import_phones on commit drop as
    select * from private.add_import_phones(v_tenant, v_now);
    perform private.note_created(
        v_tenant, import_id, 'client_phones', 'select phone_id from pg_temp.import_phones'
    );
    select count(*) into v_updated from (
        select import_clients.client_id from pg_temp.import_clients where import_clients.is_changed
        union
        select import_phones.known_client from pg_temp.import_phones
    ) as touched;
    update pg_temp.import_outcome
    set creditors_created = v_creditors, clients_created = v_created, clients_updated = v_updated;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_import_debts(import_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_created int;
    v_updated int;
    v_returned int;
    v_now timestamptz := private.now();
begin
    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select v_tenant, import_clients.client_id, import_debts.creditor_id, import_debts.contract,
        import_debts.installment, import_debts.due_on, import_debts.principal_cents,
        write_import_debts.import_id, v_now, v_now
    from pg_temp.import_debts
    join pg_temp.import_clients using (document)
    where import_debts.debt_id is null
    order by import_debts.creditor_id, import_debts.contract, import_debts.installment;
    get diagnostics v_created = row_count;

    perform private.note_debt_changes(v_tenant, import_id);
    update public.debts
    set due_on = import_debts.due_on, principal_cents = import_debts.principal_cents,
        import_id = write_import_debts.import_id
    from pg_temp.import_debts
    where import_debts.is_changed and debts.id = import_debts.debt_id;
    get diagnostics v_updated = row_count;

    update public.debts
    set status = 'returned', import_id = write_import_debts.import_id
    from pg_temp.import_absent
    where import_absent.is_returned and debts.id = import_absent.debt_id;
    get diagnostics v_returned = row_count;
    update pg_temp.import_outcome
    set debts_created = v_created, debts_updated = v_updated, debts_returned = v_returned,
        debts_absent = (select count(*) from pg_temp.import_absent);
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_rollback(tenant_id uuid, v_import public.imports)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_deleted jsonb := '{}';
    v_restored jsonb := '{}';
    v_rows bigint;
begin
    update public.debts
    set due_on = coalesce((item.before ->> 'due_on')::date, debts.due_on),
        principal_cents = coalesce(
            (item.before ->> 'principal_cents')::bigint, debts.principal_cents
        ),
        status = coalesce((item.before ->> 'status')::public.debt_status, debts.status),
        import_id = (item.before ->> 'import_id')::uuid
    from pg_temp.rollback as item
    where item.table_name = 'debts' and not item.is_created and item.reason is null
      and debts.id = item.id;
    get diagnostics v_rows = row_count;
    v_restored := v_restored || jsonb_build_object('debts', v_rows);
    update public.clients
    set name = case when item.before ? 'name' then item.before ->> 'name' else clients.name end,
        email = case when item.before ? 'email' then item.before ->> 'email' else clients.email end,
        uf = case when item.before ? 'uf' then item.before ->> 'uf' else clients.uf end,
        external_id = case when item.before ? 'external_id' then item.before ->> 'external_id'
            else clients.external_id end,
        extra = case when item.before ? 'extra' then item.before -> 'extra' else clients.extra end
    from pg_temp.rollback as item
    where item.table_name = 'clients' and not item.is_created and item.reason is null
      and clients.id = item.id;
    get diagnostics v_rows = row_count;
    v_restored := v_restored || jsonb_build_object('clients', v_rows);

    delete from public.debts using pg_temp.rollback as item
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and debts.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('debts', v_rows);
    delete from public.client_phones using pg_temp.rollback as item
    where item.table_name = 'client_phones' and item.reason is null
      and client_phones.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('phones', v_rows);
    delete from public.client_phones using pg_temp.rollback as item
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and client_phones.tenant_id = write_rollback.tenant_id
      and client_phones.client_id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := jsonb_set(
        v_deleted, '{phones}', to_jsonb((v_deleted ->> 'phones')::bigint + v_rows)
    );
    delete from public.clients using pg_temp.rollback as item
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and clients.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('clients', v_rows);
    delete from public.creditors using pg_temp.rollback as item
    where item.table_name = 'creditors' and item.reason is null and creditors.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('creditors', v_rows);

    return jsonb_build_object('deleted', v_deleted, 'restored', v_restored, 'kept', (
        select jsonb_build_object(
            'count', (
                select count(*) from pg_temp.rollback as item
                where item.reason is not null and item.table_name <> 'creditors'
            ),
            'rows', coalesce(jsonb_agg(to_jsonb(listed)), '[]')
        )
        from (
            select item.table_name as table, item.id, clients.document, clients.name,
                debts.contract, debts.installment, item.reason
            from pg_temp.rollback as item
            join public.clients on clients.id = item.client_id
            left join public.debts on item.table_name = 'debts' and debts.id = item.id
            where item.reason is not null and item.table_name <> 'creditors'
            order by clients.document, item.table_name, debts.contract, debts.installment
            limit 200  -- as many as a person looks through
        ) as listed
    ));
end;
$function$;

CREATE OR REPLACE FUNCTION public.bulk_assign(selection jsonb, user_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
 SET statement_timeout TO '5min'
AS $function$ select private.bulk_assign(selection, user_id) $function$;

CREATE OR REPLACE FUNCTION public.bulk_eligibility(selection jsonb, action text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.bulk_eligibility(selection, action) $function$;

CREATE OR REPLACE FUNCTION public.bulk_tag(selection jsonb, tag_id uuid, remove boolean DEFAULT false)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
 SET statement_timeout TO '5min'
AS $function$ select private.bulk_tag(selection, tag_id, remove) $function$;

CREATE OR REPLACE FUNCTION public.cancel_import(import_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.cancel_import(import_id) $function$;

CREATE OR REPLACE FUNCTION public.client_profile(document text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.client_profile(document) $function$;

CREATE OR REPLACE FUNCTION public.create_api_key(name text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.create_api_key(name) $function$;

CREATE OR REPLACE FUNCTION public.filter_counts(filter jsonb DEFAULT '{}'::jsonb, facets text[] DEFAULT NULL::text[])
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.filter_counts(filter, facets) $function$;

CREATE OR REPLACE FUNCTION public.filter_options()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.filter_options() $function$;

CREATE OR REPLACE FUNCTION public.import_differences(import_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.import_differences(import_id) $function$;

CREATE OR REPLACE FUNCTION public.imports_alive()
 RETURNS integer
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.imports_alive() $function$;

CREATE OR REPLACE FUNCTION public.list_clients(filter jsonb DEFAULT '{}'::jsonb, after text DEFAULT NULL::text, page_size integer DEFAULT 60, sort text DEFAULT '-open_cents'::text)
 RETURNS json
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.list_clients(filter, after, page_size, sort) $function$;

CREATE OR REPLACE FUNCTION public.revoke_api_key(id uuid)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.revoke_api_key(id) $function$;

CREATE OR REPLACE FUNCTION public.rollback_import(import_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.rollback_import(import_id) $function$;

CREATE OR REPLACE FUNCTION public.selection_totals(selection jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.selection_totals(selection) $function$;

CREATE OR REPLACE FUNCTION public.update_client(id uuid, patch jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_key text;
    v_value jsonb;
    v_client public.clients;
begin
    if jsonb_typeof(patch) is distinct from 'object' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'patch';
    end if;
    select clients.* into v_client from public.clients
    where clients.tenant_id = v_tenant_id and clients.id = update_client.id
    for update;
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
    for v_key, v_value in
        select entry.key, case when entry.value = '""' then 'null' else entry.value end
        from jsonb_each(patch) as entry
    loop
        if v_key not in ('name', 'email', 'external_id', 'uf', 'extra') then
            raise exception 'field_unknown' using errcode = 'PT400', detail = v_key;
        end if;
        if jsonb_typeof(v_value) not in (
                case when v_key = 'extra' then 'object' else 'string' end,
                case when v_key in ('name', 'extra') then 'object' else 'null' end
            )
            or length(v_value #>> '{}') > (case when v_key = 'extra' then 10000 else 200 end)
            or v_key = 'name' and coalesce(btrim(v_value #>> '{}'), '') = ''
            or v_key = 'uf' and v_value #>> '{}' <> all(private.ufs())
            -- One @ with something around it; only a message that arrives proves an address.
            or v_key = 'email' and v_value #>> '{}' !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'
        then
            raise exception 'field_invalid' using errcode = 'PT400', detail = v_key;
        end if;
        case v_key
            when 'name' then v_client.name := btrim(v_value #>> '{}');
            when 'email' then v_client.email := lower(v_value #>> '{}');
            when 'external_id' then v_client.external_id := btrim(v_value #>> '{}');
            when 'uf' then v_client.uf := v_value #>> '{}';
            -- Key by key: two people who mend different fields do not undo each other.
            when 'extra' then v_client.extra := jsonb_strip_nulls(v_client.extra || v_value);
        end case;
    end loop;
    update public.clients
    set name = v_client.name, email = v_client.email, external_id = v_client.external_id,
        uf = v_client.uf, extra = v_client.extra
    where clients.tenant_id = v_tenant_id and clients.id = v_client.id;
    return private.client_profile(v_client.document) -> 'client';
end;
$function$;

ALTER TABLE "private"."client_contacts" ADD CONSTRAINT "client_contacts_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."import_changes" ADD CONSTRAINT "import_changes_import_fkey" FOREIGN KEY (tenant_id, import_id) REFERENCES public.imports(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."api_keys" ADD CONSTRAINT "api_keys_created_by_fkey" FOREIGN KEY (created_by) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE "public"."api_keys" ADD CONSTRAINT "api_keys_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "public"."audit_log" ADD CONSTRAINT "audit_log_action_is_known" CHECK ((action = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text, 'bulk'::text, 'export'::text])));

ALTER TABLE "public"."client_assignments" ADD CONSTRAINT "client_assignments_author_fkey" FOREIGN KEY (assigned_by) REFERENCES auth.users(id) ON DELETE SET NULL;

ALTER TABLE "public"."client_assignments" ADD CONSTRAINT "client_assignments_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."client_assignments" ADD CONSTRAINT "client_assignments_user_fkey" FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE "public"."import_mappings" ADD CONSTRAINT "import_mappings_creditor_fkey" FOREIGN KEY (tenant_id, creditor_id) REFERENCES public.creditors(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."import_mappings" ADD CONSTRAINT "import_mappings_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "public"."import_mappings" ADD CONSTRAINT "import_mappings_updated_by_fkey" FOREIGN KEY (updated_by) REFERENCES auth.users(id) ON DELETE SET NULL;

ALTER TABLE "public"."imports" ADD CONSTRAINT "imports_api_key_fkey" FOREIGN KEY (tenant_id, api_key_id) REFERENCES public.api_keys(tenant_id, id);

ALTER TABLE "public"."imports" ADD CONSTRAINT "imports_idempotency_key_has_shape" CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 200)));

ALTER TABLE "public"."imports" ADD CONSTRAINT "imports_phase_is_known" CHECK ((phase = ANY (ARRAY['reading'::text, 'writing'::text])));

ALTER TABLE "public"."imports" ADD CONSTRAINT "imports_source_is_known" CHECK ((source = ANY (ARRAY['csv'::text, 'xlsx'::text, 'api'::text])));

CREATE INDEX client_contacts_blocked ON private.client_contacts USING btree (tenant_id, client_id) WHERE ((call_blocked_until IS NOT NULL) OR (whatsapp_blocked_until IS NOT NULL));

CREATE INDEX client_contacts_by_type ON private.client_contacts USING btree (tenant_id, last_disposition_type, client_id);

CREATE INDEX client_contacts_newest ON private.client_contacts USING btree (tenant_id, last_contact_at, client_id) WHERE (last_contact_at IS NOT NULL);

CREATE INDEX import_changes_of_import ON private.import_changes USING btree (tenant_id, import_id, table_name, row_id);

CREATE INDEX api_keys_of_author ON public.api_keys USING btree (created_by);

CREATE INDEX client_assignments_by_author ON public.client_assignments USING btree (assigned_by) WHERE (assigned_by IS NOT NULL);

CREATE INDEX client_assignments_by_user ON public.client_assignments USING btree (user_id);

CREATE INDEX client_assignments_of_user ON public.client_assignments USING btree (tenant_id, user_id, client_id);

CREATE INDEX clients_by_age ON public.clients USING btree (tenant_id, created_at, id);

CREATE INDEX clients_by_oldest_due ON public.clients USING btree (tenant_id, oldest_due_on, id);

CREATE INDEX clients_by_uf ON public.clients USING btree (tenant_id, uf);

CREATE INDEX clients_with_whatsapp ON public.clients USING btree (tenant_id, open_cents DESC, id DESC) WHERE has_whatsapp;

CREATE INDEX clients_without_phone ON public.clients USING btree (tenant_id, open_cents DESC, id DESC) WHERE (NOT has_phone);

CREATE INDEX import_mappings_of_author ON public.import_mappings USING btree (updated_by);

CREATE INDEX import_mappings_of_creditor ON public.import_mappings USING btree (tenant_id, creditor_id);

CREATE UNIQUE INDEX imports_idempotency ON public.imports USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX imports_of_api_key ON public.imports USING btree (tenant_id, api_key_id) WHERE (api_key_id IS NOT NULL);

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.api_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.api_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.api_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('last_used_at');

CREATE TRIGGER _400_last_contact AFTER INSERT ON public.call_dispositions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_call_dispositions__last_contact();

CREATE TRIGGER _200_broadcast_insert AFTER INSERT ON public.client_addresses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_broadcast('client_changed');

CREATE TRIGGER _200_broadcast_update AFTER UPDATE ON public.client_addresses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_broadcast('client_changed');

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.client_addresses REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.client_addresses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.client_addresses REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.client_assignments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.client_assignments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.client_assignments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _300_reach_delete AFTER DELETE ON public.client_phones REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_client_phones__reach();

CREATE TRIGGER _300_reach_insert AFTER INSERT ON public.client_phones REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_client_phones__reach();

CREATE TRIGGER _300_reach_update AFTER UPDATE ON public.client_phones REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_client_phones__reach();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.clients REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone', 'has_whatsapp');

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.clients REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone', 'has_whatsapp');

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.clients REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone', 'has_whatsapp');

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.import_mappings REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.import_mappings REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.import_mappings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.imports REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('phase', 'rows_read', 'rows_valid', 'rows_written', 'rows_total', 'rows_per_second', 'seconds_left', 'answer');

CREATE TRIGGER _100_touch_updated_at BEFORE UPDATE ON public.segments FOR EACH ROW EXECUTE FUNCTION private.tg_touch_updated_at();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.segments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.segments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.segments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _200_contact_blocks_delete AFTER DELETE ON public.suppressions REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_suppressions__contact_blocks();

CREATE TRIGGER _200_contact_blocks_insert AFTER INSERT ON public.suppressions REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_suppressions__contact_blocks();

CREATE TRIGGER _200_contact_blocks_update AFTER UPDATE ON public.suppressions REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_suppressions__contact_blocks();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.tags REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.tags REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.tags REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE POLICY "api_keys_select_admin" ON "public"."api_keys" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "client_assignments_select_member" ON "public"."client_assignments" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "import_mappings_delete_supervisor" ON "public"."import_mappings" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "import_mappings_select_supervisor" ON "public"."import_mappings" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

COMMENT ON FUNCTION "private"."close_import"(uuid, text[]) IS 'The answer of an import. Accepted rows include the repeated ones (duplicates);
accepted + rejected = rows.';

COMMENT ON FUNCTION "private"."contact_hours"(uuid, uuid, timestamp with time zone, integer) IS 'The same for a client, whose own state gives hour and holidays.';

COMMENT ON FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer) IS 'Lawful intervals [opens_at, closes_at) in a state (null: not known) from the local day of `since`,
for that many days.';

COMMENT ON FUNCTION "private"."is_client_list"(uuid, jsonb, text) IS 'True, or the list''s own refusal: unknown_filter, filter_invalid, sort_invalid.';

COMMENT ON FUNCTION "private"."note_created"(uuid, uuid, text, text) IS 'ids_sql comes from the import''s own steps, never from a caller.';

COMMENT ON FUNCTION "private"."open_export"(jsonb) IS 'Supervisor: the SELECT to COPY in this same transaction; the audit is written.';

COMMENT ON FUNCTION "private"."open_import"(text, text, text, uuid, text) IS 'Supervisor or admin: waits for the tenant''s other import, makes the staging table
pg_temp.import_rows; announced = the committed row of imports, or null to make one here.';

COMMENT ON FUNCTION "private"."sample_scale"(private.client_filter, text, bigint) IS 'Null: count every row. Else count in the sample and multiply by this.';

COMMENT ON FUNCTION "private"."save_import_mapping"(uuid, text, jsonb) IS 'Supervisor or admin; called by the import that succeeded with it.';

COMMENT ON FUNCTION "public"."bulk_assign"(jsonb, uuid) IS 'Supervisor: gives the selected clients to a member (null: to nobody) → {selected, changed}.';

COMMENT ON FUNCTION "public"."bulk_eligibility"(jsonb, text) IS '{action, selected, eligible, is_estimate, excluded: [{reason, count}], next_allowed_at}; actions:
dialer whatsapp assign tag export.';

COMMENT ON FUNCTION "public"."bulk_tag"(jsonb, uuid, boolean) IS 'Supervisor: puts a tag on the selected clients or takes it off → {selected, changed}.';

COMMENT ON FUNCTION "public"."cancel_import"(uuid) IS 'Supervisor or admin: {status}; nothing of a cancelled import is written.';

COMMENT ON FUNCTION "public"."client_profile"(text) IS '{client, phones, debts, creditors, open_cents, totals, wrong_contact, addresses, agreements,
payments, callbacks, contact, timeline} of a document, punctuation allowed.';

COMMENT ON FUNCTION "public"."create_api_key"(text) IS 'Admin: {id, name, key, prefix}; the key can never be read again.';

COMMENT ON FUNCTION "public"."filter_counts"(jsonb, text[]) IS '{is_estimate, facets: {<facet>: {<value>: clients}}}; null = all facets.';

COMMENT ON FUNCTION "public"."import_differences"(uuid) IS 'Supervisor or admin: {fields: {"table.field": count}, rows: first 200 with before and after}.';

COMMENT ON FUNCTION "public"."imports_alive"() IS 'Marks the tenant''s imports whose process died as failed (process_died); answers how many.';

COMMENT ON FUNCTION "public"."list_clients"(jsonb, text, integer, text) IS '{rows, next}. filter: see private.read_client_filter; sort: name document open_cents oldest_due_on
last_contact_at created_at, each with or without a leading minus.';

COMMENT ON FUNCTION "public"."revoke_api_key"(uuid) IS 'Admin: the key opens nothing from now on.';

COMMENT ON FUNCTION "public"."rollback_import"(uuid) IS 'Supervisor or admin: {import_id, status, deleted, restored, kept: {count, rows: first 200}}.';

COMMENT ON FUNCTION "public"."selection_totals"(jsonb) IS '{clients, debts, open_cents, is_estimate} of a selection.';

COMMENT ON FUNCTION "public"."update_client"(uuid, jsonb) IS 'Supervisor: patch of name, email, external_id, uf, extra → the client as client_profile tells it.';

COMMENT ON TABLE "private"."client_contacts" IS 'Derived: last contact and opt-outs, per client.';

COMMENT ON TABLE "private"."import_changes" IS 'Before- and after-images of one import.';

COMMENT ON TABLE "public"."api_keys" IS 'Keys of programs; only the hash is kept.';

COMMENT ON TABLE "public"."client_addresses" IS 'Postal addresses of clients.';

COMMENT ON TABLE "public"."client_assignments" IS 'Which member a client is given to, by whom and when.';

COMMENT ON TABLE "public"."client_tags" IS 'Which client wears which tag, since when and by whom.';

COMMENT ON TABLE "public"."import_mappings" IS 'Saved answers of the import wizard.';

COMMENT ON TABLE "public"."segments" IS 'Saved filters of the carteira, private or shared.';

COMMENT ON TABLE "public"."tags" IS 'Labels of a tenant, put on clients by people.';

REVOKE ALL ON FUNCTION "private"."add_import_phones"(uuid, timestamp with time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."add_import_phones"(uuid, timestamp with time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."aging_bands"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."aging_bands"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."announce_import"(uuid, text, text, text, text, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."announce_import"(uuid, text, text, text, text, text, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."begin_bulk"(uuid, text, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_bulk"(uuid, text, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."bulk_assign"(jsonb, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."bulk_assign"(jsonb, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."bulk_eligibility"(jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."bulk_eligibility"(jsonb, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."bulk_tag"(jsonb, uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."bulk_tag"(jsonb, uuid, boolean) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."cancel_import"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."cancel_import"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."client_callbacks"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_callbacks"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_condition"(private.client_filter, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_condition"(private.client_filter, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_facts"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_facts"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_page_sql"(private.client_filter, private.client_sort, text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_page_sql"(private.client_filter, private.client_sort, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_profile"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_profile"(text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."client_rows_sql"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_rows_sql"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_source"(double precision) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_source"(double precision) TO "postgres";

REVOKE ALL ON FUNCTION "private"."clients_of_phone"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."clients_of_phone"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."close_import"(uuid, text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."close_import"(uuid, text[]) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."closed_ufs"(uuid, timestamp with time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."closed_ufs"(uuid, timestamp with time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."contact_is"(text, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."contact_is"(text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."create_api_key"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."create_api_key"(text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."empty_page_sql"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."empty_page_sql"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."end_bulk"(bigint, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."end_bulk"(bigint, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."end_import"(uuid, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."end_import"(uuid, text, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."exclusion_reason"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."exclusion_reason"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."export_sql"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."export_sql"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."facet_value"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."facet_value"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."filter_bound"(text, jsonb, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."filter_bound"(text, jsonb, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."filter_counts"(jsonb, text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."filter_counts"(jsonb, text[]) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."filter_flag"(text, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."filter_flag"(text, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."filter_instant"(text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."filter_instant"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."filter_options"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."filter_options"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."filter_range"(text, jsonb, text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."filter_range"(text, jsonb, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."filter_values"(text, jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."filter_values"(text, jsonb, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."has_staging"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."has_staging"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."hash_api_key"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."hash_api_key"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_import"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."hold_import"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."import_differences"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."import_differences"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."import_lock"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."import_lock"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."imports_alive"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."imports_alive"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."is_bulk"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_bulk"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_client_list"(uuid, jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_client_list"(uuid, jsonb, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."is_given"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_given"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_ranked"(private.client_search) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_ranked"(private.client_search) TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_import_answer"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."keep_import_answer"(uuid, jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."keep_reject_cells"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."keep_reject_cells"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_clients"(jsonb, text, integer, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_clients"(jsonb, text, integer, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_import_differences"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_import_differences"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mark_dead_imports"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."mark_dead_imports"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."note_client_changes"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."note_client_changes"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."note_created"(uuid, uuid, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."note_created"(uuid, uuid, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."note_debt_changes"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."note_debt_changes"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."one_or_any"(text, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."one_or_any"(text, text, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."open_export"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."open_export"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."open_import"(text, text, text, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."open_import"(text, text, text, uuid, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."open_reject_cells"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."open_reject_cells"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."phone_health"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."phone_health"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."plain_cell"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."plain_cell"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."plan_absent_debts"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."plan_absent_debts"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."plan_client_rollback"(uuid, public.imports) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."plan_client_rollback"(uuid, public.imports) TO "postgres";

REVOKE ALL ON FUNCTION "private"."plan_portfolio"(uuid, jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."plan_portfolio"(uuid, jsonb, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."plan_rollback"(uuid, public.imports) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."plan_rollback"(uuid, public.imports) TO "postgres";

REVOKE ALL ON FUNCTION "private"."ranked_page_sql"(private.client_filter, private.client_sort, text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."ranked_page_sql"(private.client_filter, private.client_sort, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_client_filter"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_client_filter"(uuid, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_client_sort"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_client_sort"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_search"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_search"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_selection"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_selection"(uuid, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."references_sql"(regclass, text, regclass[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."references_sql"(regclass, text, regclass[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refresh_client_reach"(uuid, uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."refresh_client_reach"(uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refresh_contact_blocks"(uuid, uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."refresh_contact_blocks"(uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."report_import"(uuid, text, integer, integer, integer, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."report_import"(uuid, text, integer, integer, integer, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."require_open_import"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."require_open_import"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."revoke_api_key"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."revoke_api_key"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."rollback_import"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."rollback_import"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."sample_scale"(private.client_filter, text, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sample_scale"(private.client_filter, text, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sample_size"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sample_size"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."save_import_mapping"(uuid, text, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."save_import_mapping"(uuid, text, jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."saved_import_mapping"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."saved_import_mapping"(uuid, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."search_branches"(private.client_search, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."search_branches"(private.client_search, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_condition"(private.client_search) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."search_condition"(private.client_search) TO "postgres";

REVOKE ALL ON FUNCTION "private"."selection_totals"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."selection_totals"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."tg_call_dispositions__last_contact"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."tg_call_dispositions__last_contact"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."tg_client_phones__reach"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."tg_client_phones__reach"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."tg_suppressions__contact_blocks"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."tg_suppressions__contact_blocks"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."ufs"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."ufs"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."use_api_key"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."use_api_key"(text) TO "postgres", "webhook";

REVOKE ALL ON FUNCTION "private"."weigh_search"(private.client_filter) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."weigh_search"(private.client_filter) TO "postgres";

REVOKE ALL ON FUNCTION "private"."write_import_clients"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."write_import_clients"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."write_import_debts"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."write_import_debts"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."write_rollback"(uuid, public.imports) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."write_rollback"(uuid, public.imports) TO "postgres";

REVOKE ALL ON FUNCTION "public"."bulk_assign"(jsonb, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."bulk_assign"(jsonb, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."bulk_eligibility"(jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."bulk_eligibility"(jsonb, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."bulk_tag"(jsonb, uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."bulk_tag"(jsonb, uuid, boolean) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."cancel_import"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."cancel_import"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."client_profile"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."client_profile"(text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."create_api_key"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."create_api_key"(text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."filter_counts"(jsonb, text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."filter_counts"(jsonb, text[]) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."filter_options"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."filter_options"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."import_differences"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."import_differences"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."imports_alive"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."imports_alive"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_clients"(jsonb, text, integer, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_clients"(jsonb, text, integer, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."revoke_api_key"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."revoke_api_key"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."rollback_import"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."rollback_import"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."selection_totals"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."selection_totals"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."update_client"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."update_client"(uuid, jsonb) TO "authenticated", "postgres", "service_role";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "private"."client_contacts" TO "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "private"."import_changes" TO "postgres";

GRANT SELECT ("created_by") ON TABLE "public"."api_keys" TO "authenticated";

GRANT SELECT ("id") ON TABLE "public"."api_keys" TO "authenticated";

GRANT SELECT ("last_used_at") ON TABLE "public"."api_keys" TO "authenticated";

GRANT SELECT ("name") ON TABLE "public"."api_keys" TO "authenticated";

GRANT SELECT ("prefix") ON TABLE "public"."api_keys" TO "authenticated";

GRANT SELECT ("revoked_at") ON TABLE "public"."api_keys" TO "authenticated";

GRANT SELECT ("tenant_id") ON TABLE "public"."api_keys" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."api_keys" TO "postgres", "service_role";

GRANT INSERT ("cep"), UPDATE ("cep") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT INSERT ("city"), UPDATE ("city") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT INSERT ("client_id") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT INSERT ("complement"), UPDATE ("complement") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT INSERT ("district"), UPDATE ("district") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT INSERT ("number"), UPDATE ("number") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT INSERT ("street"), UPDATE ("street") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT INSERT ("uf"), UPDATE ("uf") ON TABLE "public"."client_addresses" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."client_addresses" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."client_addresses" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."client_assignments" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."client_assignments" TO "postgres", "service_role";

GRANT INSERT ("client_id") ON TABLE "public"."client_tags" TO "authenticated";

GRANT INSERT ("tag_id") ON TABLE "public"."client_tags" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."client_tags" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."client_tags" TO "postgres", "service_role";

GRANT DELETE, SELECT ON TABLE "public"."import_mappings" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."import_mappings" TO "postgres", "service_role";

GRANT INSERT ("filter"), UPDATE ("filter") ON TABLE "public"."segments" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."segments" TO "authenticated";

GRANT INSERT ("is_shared"), UPDATE ("is_shared") ON TABLE "public"."segments" TO "authenticated";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."segments" TO "authenticated";

GRANT INSERT ("sort"), UPDATE ("sort") ON TABLE "public"."segments" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."segments" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."segments" TO "postgres", "service_role";

GRANT INSERT ("color"), UPDATE ("color") ON TABLE "public"."tags" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."tags" TO "authenticated";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."tags" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."tags" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."tags" TO "postgres", "service_role";

GRANT USAGE ON TYPE "private"."client_filter" TO "postgres";

GRANT USAGE ON TYPE "private"."client_search" TO "postgres";

GRANT USAGE ON TYPE "private"."client_sort" TO "postgres";

CREATE INDEX api_keys_of_tenant ON public.api_keys USING btree (tenant_id, created_at DESC, id DESC);

GRANT SELECT ("created_at") ON TABLE "public"."api_keys" TO "authenticated";

ALTER TABLE "public"."client_addresses" ADD CONSTRAINT "client_addresses_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id) ON DELETE CASCADE;

CREATE POLICY "client_addresses_delete_supervisor" ON "public"."client_addresses" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "client_addresses_insert_supervisor" ON "public"."client_addresses" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "client_addresses_select_member" ON "public"."client_addresses" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "client_addresses_update_supervisor" ON "public"."client_addresses" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id") ON TABLE "public"."client_addresses" TO "authenticated";

CREATE INDEX client_addresses_of_client ON public.client_addresses USING btree (tenant_id, client_id, created_at DESC);

ALTER TABLE "public"."client_tags" ADD CONSTRAINT "client_tags_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id) ON DELETE CASCADE;

CREATE INDEX client_tags_of_client ON public.client_tags USING btree (tenant_id, client_id);

CREATE POLICY "client_tags_delete_member" ON "public"."client_tags" FOR DELETE TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "client_tags_select_member" ON "public"."client_tags" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

GRANT INSERT ("tenant_id") ON TABLE "public"."client_tags" TO "authenticated";

ALTER TABLE "public"."client_tags" ADD CONSTRAINT "client_tags_author_fkey" FOREIGN KEY (created_by) REFERENCES auth.users(id) ON DELETE SET NULL;

CREATE INDEX client_tags_of_author ON public.client_tags USING btree (created_by);

CREATE POLICY "client_tags_insert_member" ON "public"."client_tags" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (created_by = ( SELECT auth.uid() AS uid))));

ALTER TABLE "public"."segments" ADD CONSTRAINT "segments_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

GRANT INSERT ("tenant_id") ON TABLE "public"."segments" TO "authenticated";

ALTER TABLE "public"."segments" ADD CONSTRAINT "segments_owner_fkey" FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

CREATE INDEX segments_of_owner ON public.segments USING btree (owner_id);

CREATE POLICY "segments_delete_own_or_shared" ON "public"."segments" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ((owner_id = ( SELECT auth.uid() AS uid)) OR (is_shared AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)))));

CREATE POLICY "segments_insert_own" ON "public"."segments" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (owner_id = ( SELECT auth.uid() AS uid)) AND ((NOT is_shared) OR ( SELECT private.has_role('supervisor'::public.member_role) AS has_role))));

CREATE POLICY "segments_select_own_or_shared" ON "public"."segments" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (is_shared OR (owner_id = ( SELECT auth.uid() AS uid)))));

CREATE POLICY "segments_update_own" ON "public"."segments" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (owner_id = ( SELECT auth.uid() AS uid)))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (owner_id = ( SELECT auth.uid() AS uid)) AND ((NOT is_shared) OR ( SELECT private.has_role('supervisor'::public.member_role) AS has_role))));

ALTER TABLE "public"."tags" ADD CONSTRAINT "tags_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "public"."client_tags" ADD CONSTRAINT "client_tags_tag_fkey" FOREIGN KEY (tenant_id, tag_id) REFERENCES public.tags(tenant_id, id) ON DELETE CASCADE;

CREATE POLICY "tags_delete_supervisor" ON "public"."tags" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "tags_insert_supervisor" ON "public"."tags" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "tags_select_member" ON "public"."tags" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "tags_update_supervisor" ON "public"."tags" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id") ON TABLE "public"."tags" TO "authenticated";

ALTER TABLE "public"."tags" ADD COLUMN "name_key" text GENERATED ALWAYS AS (private.search_key(name)) STORED NOT NULL;

ALTER TABLE "public"."segments" ADD CONSTRAINT "segments_filter_is_known" CHECK (private.is_client_list(tenant_id, filter, sort));

ALTER TABLE "public"."tags" ADD CONSTRAINT "tags_name_is_unique" UNIQUE (tenant_id, name_key);

CREATE INDEX clients_by_name ON public.clients USING btree (tenant_id, name_key COLLATE "C", id);
