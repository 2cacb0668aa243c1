-- Why, which locks, and what must be deployed first:
--

set local check_function_bodies = off;

DROP TRIGGER "_900_audit_delete" ON "public"."clients";

DROP TRIGGER "_900_audit_insert" ON "public"."clients";

DROP TRIGGER "_900_audit_update" ON "public"."clients";

ALTER TABLE "public"."audit_log" DROP CONSTRAINT "audit_log_action_is_known";

DROP FUNCTION "private"."client_filter"(uuid, jsonb);

DROP FUNCTION "private"."client_row"(public.clients);

DROP FUNCTION "private"."client_totals"(uuid, text, boolean);

DROP FUNCTION "private"."like_word"(text);

DROP FUNCTION "private"."list_clients"(jsonb, text, integer);

DROP FUNCTION "private"."prefix_range"(text, text);

DROP FUNCTION "private"."search_condition"(uuid, text);

DROP FUNCTION "public"."list_clients"(jsonb, text, integer);

CREATE TABLE "private"."client_contacts" ("tenant_id" uuid NOT NULL, "client_id" uuid NOT NULL, "last_contact_at" timestamp with time zone, "last_disposition_type" text, "call_blocked_until" timestamp with time zone, "whatsapp_blocked_until" timestamp with time zone, CONSTRAINT "client_contacts_pkey" PRIMARY KEY (tenant_id, client_id));

ALTER TABLE "private"."client_contacts" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."client_contacts" FORCE ROW LEVEL SECURITY;

ALTER TABLE "private"."client_contacts" SET (fillfactor=80);

CREATE TABLE "public"."client_addresses" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "client_id" uuid NOT NULL, "street" text NOT NULL, "number" text, "complement" text, "district" text, "city" text NOT NULL, "uf" text NOT NULL, "cep" text COLLATE pg_catalog."C", "source" text NOT NULL DEFAULT 'person'::text, CONSTRAINT "client_addresses_cep_has_shape" CHECK ((cep ~ '^[0-9]{8}$'::text)), CONSTRAINT "client_addresses_city_is_filled" CHECK ((btrim(city) <> ''::text)), CONSTRAINT "client_addresses_lines_are_short" CHECK ((GREATEST(length(street), length(number), length(complement), length(district), length(city)) <= 200)), CONSTRAINT "client_addresses_pkey" PRIMARY KEY (id), CONSTRAINT "client_addresses_source_is_known" CHECK ((source = ANY (ARRAY['person'::text, 'import'::text]))), CONSTRAINT "client_addresses_street_is_filled" CHECK ((btrim(street) <> ''::text)), CONSTRAINT "client_addresses_uf_has_shape" CHECK ((uf ~ '^[A-Z]{2}$'::text)), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."client_addresses" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."client_addresses" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."client_tags" ("client_id" uuid NOT NULL, "tag_id" uuid NOT NULL, "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "client_tags_pkey" PRIMARY KEY (tenant_id, tag_id, client_id), "created_by" uuid DEFAULT auth.uid(), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."client_tags" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."client_tags" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."segments" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "name" text NOT NULL, "filter" jsonb NOT NULL, "sort" text NOT NULL DEFAULT '-open_cents'::text, "is_shared" boolean NOT NULL DEFAULT false, CONSTRAINT "segments_name_is_filled" CHECK ((btrim(name) <> ''::text)), CONSTRAINT "segments_name_is_short" CHECK ((length(name) <= 80)), CONSTRAINT "segments_pkey" PRIMARY KEY (id), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), "owner_id" uuid NOT NULL DEFAULT auth.uid(), CONSTRAINT "segments_name_is_unique" UNIQUE (tenant_id, owner_id, name), "created_at" timestamp with time zone NOT NULL DEFAULT private.now(), "updated_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."segments" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."segments" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."tags" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "name" text NOT NULL, "color" text NOT NULL DEFAULT 'gray'::text, CONSTRAINT "tags_color_has_shape" CHECK ((color ~ '^[a-z]{3,20}$'::text)), CONSTRAINT "tags_name_is_filled" CHECK ((btrim(name) <> ''::text)), CONSTRAINT "tags_name_is_short" CHECK ((length(name) <= 40)), CONSTRAINT "tags_pkey" PRIMARY KEY (id), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "tags_tenant_id_key" UNIQUE (tenant_id, id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."tags" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."tags" FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."clients" ADD COLUMN "has_phone" boolean NOT NULL DEFAULT false;

ALTER TABLE "public"."clients" ADD COLUMN "has_whatsapp" boolean DEFAULT false;

ALTER TABLE "public"."clients" ADD COLUMN "assigned_to" uuid;

CREATE TYPE "private"."client_search" AS ("typed" text, "words" text[], "name_prefix" text, "name_key" text, "email" text, "code" text, "document" text, "phone" text, "foreign_phone" text, "phone_tail" text);

CREATE TYPE "private"."client_filter" AS ("tenant_id" uuid, "is_all" boolean, "search" private.client_search, "creditor_ids" uuid[], "statuses" public.debt_status[], "aged_from" date[], "aged_to" date[], "min_cents" bigint, "max_cents" bigint, "due_from" date, "due_to" date, "ufs" text[], "contact_from" timestamp with time zone, "contact_before" timestamp with time zone, "is_never_contacted" boolean, "disposition_types" text[], "has_phone" boolean, "whatsapp" text[], "is_opted_out" boolean, "now_at" timestamp with time zone, "import_id" uuid, "tag_ids" uuid[], "operator_ids" uuid[], "is_unassigned" boolean, "ids" uuid[], "except_ids" uuid[]);

CREATE TYPE "private"."client_sort" AS ("name" text, "expression" text, "type_name" text, "empty_last" text, "is_nullable" boolean, "is_descending" boolean);

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
        changed as (
            update public.clients set assigned_to = $2
            from selected
            where clients.id = selected.id and clients.assigned_to is distinct from $2
            returning 1
        )
        select jsonb_build_object(
            ''selected'', (select count(*) from selected), ''changed'', (select count(*) from changed)
        )'
    into v_outcome using v_filter, user_id;
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
        raise exception 'action_unknown' using errcode = 'PT400', detail = action;
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
            insert into public.client_tags (tenant_id, tag_id, client_id)
            select ($1).tenant_id, $2, selected.id from selected
            order by selected.id
            on conflict do nothing
            returning 1' end || '
        )
        select jsonb_build_object(
            ''selected'', (select count(*) from selected), ''changed'', (select count(*) from changed)
        )'
    into v_outcome using v_filter, tag_id;
    perform private.end_bulk(v_audit_id, v_outcome || jsonb_build_object('tag_id', tag_id));
    return v_outcome;
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

CREATE OR REPLACE FUNCTION private.client_condition(filter private.client_filter)
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
        v_all := v_all || private.contact_exists(array_to_string(v_contact, ' and '));
    end if;
    if filter.is_never_contacted then
        v_all := v_all || ('not ' || private.contact_exists('contact.last_contact_at is not null'));
    end if;
    if filter.is_opted_out is not null then
        v_all := v_all || (
            case when filter.is_opted_out then '' else 'not ' end || private.contact_exists(
                '(contact.call_blocked_until is not null
                  or contact.whatsapp_blocked_until is not null)
                 and greatest(contact.call_blocked_until, contact.whatsapp_blocked_until)
                     > ($1).now_at'
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
        v_any := v_any || 'clients.assigned_to is null'::text;
    end if;
    if cardinality(filter.operator_ids) > 0 then
        v_any := v_any || private.one_or_any(
            'clients.assigned_to', 'operator_ids', cardinality(filter.operator_ids)
        );
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
        'assigned_to', case when clients.assigned_to is not null then jsonb_build_object(
            'user_id', clients.assigned_to,
            'name', private.actor_name(clients.tenant_id, clients.assigned_to)
        ) end,
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

CREATE OR REPLACE FUNCTION private.client_page_sql(sort private.client_sort, condition text, is_ranked boolean, after text[])
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_way text := case when sort.is_descending then 'desc' else 'asc' end;
    v_beyond text := case when sort.is_descending then '<' else '>' end;
    v_value text := sort.expression;
    v_id text := 'clients.id';
    v_from text := 'public.clients';
    v_walks text[] := '{}';
    v_rank text;
begin
    if sort.type_name = 'timestamptz' and sort.is_nullable then
        v_from := v_from || case when is_ranked then ' left' else '' end || '
            join private.client_contacts as dated
                on dated.tenant_id = ($1).tenant_id and dated.client_id = clients.id';
        v_id := case when is_ranked then v_id else 'dated.client_id' end;
    end if;
    if is_ranked then
        -- The whole phrase before its scattered words, and an exact name before all. Every match is
        -- ranked, so no index order is lost by one walk with a stand-in for empty values.
        v_rank := case when sort.is_descending then '-' else '' end || '(case
            when clients.name_key = (($1).search).name_key then 0
            when starts_with(clients.name_key, (($1).search).name_key) then 1
            when strpos(clients.name_key, (($1).search).name_key) > 0 then 2
            else 3 end)';
        if sort.is_nullable then
            v_value := format('coalesce(%s, %L)', v_value, sort.empty_last);
        end if;
        return format(
            'select clients.id, %1$s as rank, (%2$s)::text as value, false as is_empty
            from %3$s where %4$s and %5$s order by %1$s %6$s, %2$s %6$s, clients.id %6$s limit $3',
            v_rank, v_value, v_from, condition,
            case when after is null then 'true' else format(
                '(%s, %s, clients.id) %s (($2)[2]::int, ($2)[5]::%s, ($2)[4]::uuid)',
                v_rank, v_value, v_beyond, sort.type_name
            ) end, v_way
        );
    end if;
    if after is null or not after[3]::boolean then
        v_walks := v_walks || format(
            '(select clients.id, null::int as rank, (%1$s)::text as value, false as is_empty
            from %2$s where %3$s%4$s%5$s order by %1$s %6$s, %7$s %6$s limit $3)',
            v_value, v_from, condition,
            case when sort.is_nullable then format(' and %s is not null', v_value) else '' end,
            case when after is null then '' else format(
                ' and (%s, %s) %s (($2)[5]::%s, ($2)[4]::uuid)',
                v_value, v_id, v_beyond, sort.type_name
            ) end, v_way, v_id
        );
    end if;
    if sort.is_nullable then
        v_walks := v_walks || format(
            '(select clients.id, null::int as rank, ''infinity'' as value, true as is_empty
            from public.clients where %1$s and %2$s%3$s order by clients.id limit $3)',
            condition,
            case sort.type_name when 'date' then v_value || ' is null'
                else 'not ' || private.contact_exists('contact.last_contact_at is not null') end,
            case when after[3]::boolean then ' and clients.id > ($2)[4]::uuid' else '' end
        );
    end if;
    -- Without an order of its own the second walk is not begun before the first has ended.
    return case cardinality(v_walks)
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
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select $sql$
        with page as materialized (
            select found.*, row_number() over () as place from ($sql$ || page || $sql$) as found
        )
        select jsonb_build_object(
            'rows', coalesce(
                jsonb_agg(line.item order by line.place) filter (where line.place < $3), '[]'
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
                jsonb_build_object(
                    'id', clients.id, 'document', clients.document, 'name', clients.name,
                    'external_id', clients.external_id, 'email', clients.email, 'uf', clients.uf,
                    'open_cents', clients.open_cents, 'open_debts', clients.open_debts,
                    'oldest_due_on', clients.oldest_due_on,
                    'days_late', greatest($4::date - clients.oldest_due_on, 0),
                    'status', clients.debt_status, 'has_phone', clients.has_phone,
                    'has_whatsapp', clients.has_whatsapp, 'created_at', clients.created_at,
                    'creditors', (
                        select coalesce(jsonb_agg(creditors.name order by creditors.name), '[]')
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
                    'last_disposition', case when types.key is not null then jsonb_build_object(
                        'type', types.key, 'label', types.label, 'color', types.color,
                        'at', contact.last_contact_at
                    ) end,
                    'assigned_to', case when clients.assigned_to is not null then
                        jsonb_build_object('user_id', clients.assigned_to, 'name', (
                            select memberships.display_name
                            from public.memberships
                            where memberships.user_id = clients.assigned_to
                              and memberships.tenant_id = ($1).tenant_id
                            order by memberships.created_at desc
                            limit 1
                        ))
                    end,
                    'tags', (
                        select coalesce(jsonb_agg(jsonb_build_object(
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
    $sql$
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

CREATE OR REPLACE FUNCTION private.contact_exists(condition text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select 'exists (
        select from private.client_contacts as contact
        where contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
          and ' || condition || ')'
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
        join public.clients on clients.id = listed.client_id
        left join lateral (
            select string_agg(ltrim(known.phone, '+'), ' / ' order by known.position, known.id)
                as listed
            from public.client_phones as known
            where known.tenant_id = clients.tenant_id and known.client_id = clients.id
        ) as phones on true
        left join lateral (
            select string_agg(creditors.name, ' / ' order by creditors.name) as creditors
            from public.creditors where creditors.id = any(clients.creditor_ids)
        ) as owed on true
        left join lateral (
            select string_agg(tags.name, ' / ' order by tags.name) as tags
            from public.client_tags
            join public.tags on tags.id = client_tags.tag_id
            where client_tags.tenant_id = clients.tenant_id and client_tags.client_id = clients.id
        ) as worn on true
        left join lateral (
            select memberships.display_name from public.memberships
            where memberships.user_id = clients.assigned_to
              and memberships.tenant_id = clients.tenant_id
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
        when 'assigned_to' then 'coalesce(clients.assigned_to::text, ''none'')'
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
            raise exception 'unknown_facet' using errcode = 'PT400', detail = v_facet;
        end if;
        v_filter := private.read_client_filter(v_tenant_id, v_given - v_facet);
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

CREATE OR REPLACE FUNCTION private.import_portfolio(import_id uuid, headers jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
    v_changed_clients uuid[];
    v_warnings jsonb;
    -- Once and not by each row's default, which reads the clock's table.
    v_now timestamptz := private.now();
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
begin
    select * into v_import from public.imports
    where imports.id = import_portfolio.import_id
      and imports.tenant_id = v_tenant and imports.status = 'running';
    -- Reading a staging table of the caller's own making would lend the caller our rights.
    if v_import.id is null or not exists (
        select from pg_catalog.pg_class
        where pg_class.oid = to_regclass('pg_temp.import_rows')
          and pg_class.relowner = current_user::regrole
    ) then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_import in the same transaction first';
    end if;

    -- A plan that checks foreign keys lives as long as its connection; one made while a table was
    -- nearly empty scans it for every row of a large import.
    discard plans;
    perform private.plan_import(v_tenant, headers);
    v_import.creditors_created := private.create_import_creditors(v_tenant);

    -- Totals come with the row; the trigger on debts recomputes them and finds nothing to mend,
    -- which spares every new client a second write.
    insert into public.clients (
        id, tenant_id, document, name, email, uf, external_id,
        open_cents, open_debts, oldest_due_on, creditor_ids, debt_status, created_at, updated_at
    )
    select import_clients.client_id, v_tenant, import_clients.document, import_clients.name,
        import_clients.email, import_clients.uf, import_clients.external_id,
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
    get diagnostics v_import.clients_created = row_count;

    with changed as (
        update public.clients
        set name = import_clients.name, email = import_clients.email,
            uf = import_clients.uf, external_id = import_clients.external_id
        from pg_temp.import_clients
        where import_clients.is_changed and clients.id = import_clients.client_id
        returning clients.id
    )
    select array_agg(changed.id) into v_changed_clients from changed;
    v_changed_clients := array(
        select unnest(v_changed_clients) union select private.add_import_phones(v_tenant, v_now)
    );
    v_import.clients_updated := cardinality(v_changed_clients);

    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select v_tenant, import_clients.client_id, import_debts.creditor_id, import_debts.contract,
        import_debts.installment, import_debts.due_on, import_debts.principal_cents, v_import.id,
        v_now, v_now
    from pg_temp.import_debts
    join pg_temp.import_clients using (document)
    where import_debts.debt_id is null
    order by import_debts.creditor_id, import_debts.contract, import_debts.installment;
    get diagnostics v_import.debts_created = row_count;

    update public.debts
    set due_on = import_debts.due_on, principal_cents = import_debts.principal_cents,
        import_id = v_import.id
    from pg_temp.import_debts
    where import_debts.is_changed and debts.id = import_debts.debt_id;
    get diagnostics v_import.debts_updated = row_count;

    insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
    select v_tenant, v_import.id, import_rows.line, coalesce(import_rows.column_name, ''),
        import_rows.value, import_rows.reason
    from pg_temp.import_rows
    where import_rows.reason is not null
    order by import_rows.line;
    get diagnostics v_import.rejected = row_count;

    select count(*), jsonb_build_object(
        'name_invalid', coalesce(sum(import_rows.names_lost), 0),
        'email_invalid', coalesce(sum(import_rows.emails_lost), 0),
        'phone_invalid', coalesce(sum(import_rows.phones_lost), 0)
    ) into v_import.accepted, v_warnings
    from pg_temp.import_rows
    where import_rows.reason is null;

    update public.imports
    set status = 'done', finished_at = v_now,
        rows = v_import.accepted + v_import.rejected,
        accepted = v_import.accepted, rejected = v_import.rejected,
        duplicates = (select coalesce(sum(import_debts.lines - 1), 0) from pg_temp.import_debts),
        clients_created = v_import.clients_created, clients_updated = v_import.clients_updated,
        debts_created = v_import.debts_created, debts_updated = v_import.debts_updated,
        creditors_created = v_import.creditors_created,
        reject_reasons = (
            select coalesce(jsonb_object_agg(counted.reason, counted.lines), '{}')
            from (
                select import_rows.reason, count(*) as lines
                from pg_temp.import_rows
                where import_rows.reason is not null
                group by import_rows.reason
            ) as counted
        )
    where imports.id = v_import.id
    returning * into v_import;
    -- The next import and every list plan by these; autovacuum may come too late for both. The
    -- lock it takes lasts only until the commit that follows.
    if v_import.debts_created > c_many_rows then
        analyze public.clients;
        analyze public.client_phones;
        analyze public.debts;
    end if;
    drop table pg_temp.import_rows, pg_temp.import_debts, pg_temp.import_clients,
        pg_temp.import_creditors;

    return jsonb_build_object(
        'import_id', v_import.id, 'status', v_import.status, 'rows', v_import.rows,
        'accepted', v_import.accepted, 'rejected', v_import.rejected,
        'clients_created', v_import.clients_created, 'clients_updated', v_import.clients_updated,
        'debts_created', v_import.debts_created, 'debts_updated', v_import.debts_updated,
        'duplicates', v_import.duplicates, 'creditors_created', v_import.creditors_created,
        'reject_reasons', v_import.reject_reasons, 'warnings', v_warnings
    );
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

CREATE OR REPLACE FUNCTION private.list_clients(filter jsonb, after text, page_size integer, sort text)
 RETURNS jsonb
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
        private.read_client_filter(v_tenant_id, coalesce(filter, '{}'));
    v_is_ranked boolean := ((v_filter).search).name_key is not null;
    v_cursor text[];
    v_answer jsonb;
begin
    if after is not null then
        v_cursor := private.decode_cursor(
            after, 'text', case when v_is_ranked then 'int' else 'text' end, 'boolean', 'uuid',
            v_sort.type_name
        );
        if v_cursor[1] <> v_sort.name or (v_cursor[2] = '') = v_is_ranked then
            raise exception 'invalid_cursor' using errcode = 'PT400',
                detail = 'the cursor belongs to another order or search';
        end if;
        v_cursor[5] := replace(replace(v_cursor[5], '%7C', '|'), '%25', '%');
    end if;
    execute private.client_rows_sql(private.client_page_sql(
        v_sort, private.client_condition(v_filter), v_is_ranked, v_cursor
    ))
    into v_answer
    using v_filter, v_cursor, v_size + 1, private.today(v_tenant_id), v_sort.name;
    return v_answer;
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
    create temp table export_clients (place int, client_id uuid) on commit drop;
    grant select on pg_temp.export_clients to authenticated;
    execute 'insert into pg_temp.export_clients
        select row_number() over (order by clients.open_cents desc, clients.id desc), clients.id
        from public.clients where ' || private.client_condition(v_filter)
    using v_filter;
    get diagnostics v_clients = row_count;
    analyze pg_temp.export_clients;
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
        'case when left(ltrim($cell), 1) in (''='', ''+'', ''-'', ''@'', e''\t'', e''\r'', ''|'', ''%'')
            then '''''''' || $cell else $cell end', '$cell', expression
    )
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
    select sort, known.expression, known.type_name,
        case when sort like '-%' then '-infinity' else 'infinity' end, known.is_nullable,
        sort like '-%'
    into v_sort
    from (
        values ('name', 'clients.name_key collate "C"', 'text', false),
            ('document', 'clients.document', 'text', false),
            ('open_cents', 'clients.open_cents', 'bigint', false),
            ('oldest_due_on', 'clients.oldest_due_on', 'date', true),
            ('last_contact_at', 'dated.last_contact_at', 'timestamptz', true),
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
    if v_is_number then
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
        end if;
    end if;
    return v_search;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_selection(tenant_id uuid, selection jsonb)
 RETURNS private.client_filter
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
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
    return v_filter;
end;
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
            max(coalesce(found.expires_at, 'infinity')) filter (
                where found.channel is distinct from 'whatsapp'
            ) as call_blocked_until,
            max(coalesce(found.expires_at, 'infinity')) filter (
                where found.channel is distinct from 'call'
            ) as whatsapp_blocked_until
        from unnest(refresh_contact_blocks.client_ids) as touched (client_id)
        left join lateral (
            select named.expires_at, named.channel
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
            select numbered.expires_at, numbered.channel
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

CREATE OR REPLACE FUNCTION private.search_condition(search private.client_search)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_ids text[] := '{}';
    v_name text;
begin
    if search.email is not null then
        return 'lower(clients.email) collate "C" >= (($1).search).email
            and lower(clients.email) collate "C" < (($1).search).email || ''~''';
    end if;
    if search.code is not null then
        v_ids := v_ids || '
            select debts.client_id from public.debts
            where debts.tenant_id = ($1).tenant_id and (
                debts.contract >= (($1).search).code
                and debts.contract < (($1).search).code || ''~''
                or debts.contract >= upper((($1).search).code)
                and debts.contract < upper((($1).search).code) || ''~''
            )'::text || '
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id
              and known.external_id >= (($1).search).code
              and known.external_id < (($1).search).code || ''~'''::text;
    end if;
    if search.document is not null then
        v_ids := v_ids || '
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id
              and known.document >= (($1).search).document
              and known.document < (($1).search).document || ''~'''::text;
    end if;
    if search.phone is not null then
        v_ids := v_ids || '
            select phones.client_id from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id and (
                phones.phone >= (($1).search).phone
                and phones.phone < (($1).search).phone || ''~''
                or phones.phone >= (($1).search).foreign_phone
                and phones.phone < (($1).search).foreign_phone || ''~''
            )'::text;
    end if;
    if search.phone_tail is not null then
        v_ids := v_ids || '
            select phones.client_id from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id
              and reverse(phones.phone) collate "C" >= (($1).search).phone_tail
              and reverse(phones.phone) collate "C" < (($1).search).phone_tail || ''~'''::text;
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
    if v_ids = '{}' then
        return coalesce(v_name, 'false');
    end if;
    if v_name is not null then
        v_ids := v_ids || (
            'select clients.id from public.clients
            where clients.tenant_id = ($1).tenant_id and ' || v_name
        );
    end if;
    return 'clients.id in (' || array_to_string(v_ids, ' union all ') || ')';
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

CREATE OR REPLACE FUNCTION public.client_profile(document text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.client_profile(document) $function$;

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

CREATE OR REPLACE FUNCTION public.list_clients(filter jsonb DEFAULT '{}'::jsonb, after text DEFAULT NULL::text, page_size integer DEFAULT 60, sort text DEFAULT '-open_cents'::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.list_clients(filter, after, page_size, sort) $function$;

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

ALTER TABLE "public"."audit_log" ADD CONSTRAINT "audit_log_action_is_known" CHECK ((action = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text, 'bulk'::text, 'export'::text])));

ALTER TABLE "public"."clients" ADD CONSTRAINT "clients_assigned_to_fkey" FOREIGN KEY (assigned_to) REFERENCES auth.users(id) ON DELETE SET NULL;

CREATE INDEX client_contacts_blocked ON private.client_contacts USING btree (tenant_id, client_id) WHERE ((call_blocked_until IS NOT NULL) OR (whatsapp_blocked_until IS NOT NULL));

CREATE INDEX client_contacts_by_type ON private.client_contacts USING btree (tenant_id, last_disposition_type, client_id);

CREATE INDEX client_contacts_newest ON private.client_contacts USING btree (tenant_id, last_contact_at, client_id) WHERE (last_contact_at IS NOT NULL);

CREATE INDEX clients_assigned_to ON public.clients USING btree (assigned_to) WHERE (assigned_to IS NOT NULL);

CREATE INDEX clients_by_age ON public.clients USING btree (tenant_id, created_at, id);

CREATE INDEX clients_by_oldest_due ON public.clients USING btree (tenant_id, oldest_due_on, id);

CREATE INDEX clients_by_uf ON public.clients USING btree (tenant_id, uf);

CREATE INDEX clients_of_operator ON public.clients USING btree (tenant_id, assigned_to, open_cents DESC, id DESC) WHERE (assigned_to IS NOT NULL);

CREATE INDEX clients_with_whatsapp ON public.clients USING btree (tenant_id, open_cents DESC, id DESC) WHERE has_whatsapp;

CREATE INDEX clients_without_phone ON public.clients USING btree (tenant_id, open_cents DESC, id DESC) WHERE (NOT has_phone);

CREATE TRIGGER _400_last_contact AFTER INSERT ON public.call_dispositions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_call_dispositions__last_contact();

CREATE TRIGGER _200_broadcast_insert AFTER INSERT ON public.client_addresses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_broadcast('client_changed');

CREATE TRIGGER _200_broadcast_update AFTER UPDATE ON public.client_addresses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_broadcast('client_changed');

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.client_addresses REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.client_addresses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.client_addresses REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _300_reach_delete AFTER DELETE ON public.client_phones REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_client_phones__reach();

CREATE TRIGGER _300_reach_insert AFTER INSERT ON public.client_phones REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_client_phones__reach();

CREATE TRIGGER _300_reach_update AFTER UPDATE ON public.client_phones REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_client_phones__reach();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.clients REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone', 'has_whatsapp');

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.clients REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone', 'has_whatsapp');

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.clients REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone', 'has_whatsapp');

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

COMMENT ON FUNCTION "private"."contact_hours"(uuid, uuid, timestamp with time zone, integer) IS 'The same for a client, whose own state gives hour and holidays.';

COMMENT ON FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer) IS 'Lawful intervals [opens_at, closes_at) in a state (null: not known) from the local day of `since`,
for that many days.';

COMMENT ON FUNCTION "private"."is_client_list"(uuid, jsonb, text) IS 'True, or the list''s own refusal: unknown_filter, filter_invalid, sort_invalid.';

COMMENT ON FUNCTION "private"."open_export"(jsonb) IS 'Supervisor: the SELECT to COPY in this same transaction; the audit is written.';

COMMENT ON FUNCTION "private"."sample_scale"(private.client_filter, text, bigint) IS 'Null: count every row. Else count in the sample and multiply by this.';

COMMENT ON FUNCTION "private"."search_condition"(private.client_search) IS 'SQL text on clients; holds no value of the search, which is parameter ($1).search.';

COMMENT ON FUNCTION "public"."bulk_assign"(jsonb, uuid) IS 'Supervisor: gives the selected clients to a member (null: to nobody) → {selected, changed}.';

COMMENT ON FUNCTION "public"."bulk_eligibility"(jsonb, text) IS '{action, selected, eligible, is_estimate, excluded: [{reason, count}], next_allowed_at}; actions:
dialer whatsapp assign tag export.';

COMMENT ON FUNCTION "public"."bulk_tag"(jsonb, uuid, boolean) IS 'Supervisor: puts a tag on the selected clients or takes it off → {selected, changed}.';

COMMENT ON FUNCTION "public"."client_profile"(text) IS '{client, phones, debts, creditors, open_cents, totals, wrong_contact, addresses, agreements,
payments, callbacks, contact, timeline} of a document, punctuation allowed.';

COMMENT ON FUNCTION "public"."filter_counts"(jsonb, text[]) IS '{is_estimate, facets: {<facet>: {<value>: clients}}}; null = all facets.';

COMMENT ON FUNCTION "public"."list_clients"(jsonb, text, integer, text) IS '{rows, next}. filter: see private.read_client_filter; sort: name document open_cents oldest_due_on
last_contact_at created_at, each with or without a leading minus.';

COMMENT ON FUNCTION "public"."selection_totals"(jsonb) IS '{clients, debts, open_cents, is_estimate} of a selection.';

COMMENT ON FUNCTION "public"."update_client"(uuid, jsonb) IS 'Supervisor: patch of name, email, external_id, uf, extra → the client as client_profile tells it.';

COMMENT ON TABLE "private"."client_contacts" IS 'Derived: last contact and opt-outs, per client.';

COMMENT ON TABLE "public"."client_addresses" IS 'Postal addresses of clients.';

COMMENT ON TABLE "public"."client_tags" IS 'Which client wears which tag, since when and by whom.';

COMMENT ON TABLE "public"."segments" IS 'Saved filters of the carteira, private or shared.';

COMMENT ON TABLE "public"."tags" IS 'Labels of a tenant, put on clients by people.';

REVOKE ALL ON FUNCTION "private"."aging_bands"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."aging_bands"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."begin_bulk"(uuid, text, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_bulk"(uuid, text, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."bulk_assign"(jsonb, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."bulk_assign"(jsonb, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."bulk_eligibility"(jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."bulk_eligibility"(jsonb, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."bulk_tag"(jsonb, uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."bulk_tag"(jsonb, uuid, boolean) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."client_callbacks"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_callbacks"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_condition"(private.client_filter) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_condition"(private.client_filter) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_facts"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_facts"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_page_sql"(private.client_sort, text, boolean, text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_page_sql"(private.client_sort, text, boolean, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_profile"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_profile"(text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."client_rows_sql"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_rows_sql"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."client_source"(double precision) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."client_source"(double precision) TO "postgres";

REVOKE ALL ON FUNCTION "private"."clients_of_phone"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."clients_of_phone"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."closed_ufs"(uuid, timestamp with time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."closed_ufs"(uuid, timestamp with time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."contact_exists"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."contact_exists"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."end_bulk"(bigint, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."end_bulk"(bigint, jsonb) TO "postgres";

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

REVOKE ALL ON FUNCTION "private"."is_bulk"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_bulk"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_client_list"(uuid, jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_client_list"(uuid, jsonb, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_clients"(jsonb, text, integer, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_clients"(jsonb, text, integer, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."one_or_any"(text, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."one_or_any"(text, text, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."open_export"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."open_export"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."phone_health"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."phone_health"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."plain_cell"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."plain_cell"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_client_filter"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_client_filter"(uuid, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_client_sort"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_client_sort"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_search"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_search"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_selection"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_selection"(uuid, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refresh_client_reach"(uuid, uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."refresh_client_reach"(uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refresh_contact_blocks"(uuid, uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."refresh_contact_blocks"(uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sample_scale"(private.client_filter, text, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sample_scale"(private.client_filter, text, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sample_size"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sample_size"() TO "postgres";

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

REVOKE ALL ON FUNCTION "public"."bulk_assign"(jsonb, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."bulk_assign"(jsonb, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."bulk_eligibility"(jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."bulk_eligibility"(jsonb, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."bulk_tag"(jsonb, uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."bulk_tag"(jsonb, uuid, boolean) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."client_profile"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."client_profile"(text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."filter_counts"(jsonb, text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."filter_counts"(jsonb, text[]) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."filter_options"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."filter_options"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_clients"(jsonb, text, integer, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_clients"(jsonb, text, integer, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."selection_totals"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."selection_totals"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."update_client"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."update_client"(uuid, jsonb) TO "authenticated", "postgres", "service_role";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "private"."client_contacts" TO "postgres";

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

GRANT INSERT ("client_id") ON TABLE "public"."client_tags" TO "authenticated";

GRANT INSERT ("tag_id") ON TABLE "public"."client_tags" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."client_tags" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."client_tags" TO "postgres", "service_role";

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
