-- How many clients each value of a filter would leave: a facet counts what matches all the *other*
-- keys, so that the value chosen now can be exchanged for its neighbour. Small sets are counted,
-- large ones sampled; the answer says which. What a sample met seldom is counted after all (0863).
create function private.facet_value(facet text) returns text
language sql
immutable
set search_path = ''
as $$
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
        when 'agreement' then 'unnest(held.words)'
    end
$$;

create function private.filter_counts(filter jsonb, facets text[]) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    c_all constant text[] := '{status,uf,aging,creditor_id,last_disposition,last_contact,
        has_whatsapp,has_phone,opted_out,agreement,tag_id,assigned_to}';
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
        v_scale := private.sample_scale(v_filter, v_condition, private.countable_values());
        execute private.facet_query(v_facet, v_scale, v_condition)
        into v_counts using v_filter, private.today(v_tenant_id), null::text[];
        if v_scale is not null then
            v_counts := private.settle_counts(v_given, v_filter, v_facet, v_counts, v_scale);
        end if;
        if v_facet = 'creditor_id' and not private.sees_everything() then
            -- Somebody in sight may owe to others, too: those are not named.
            v_counts := (
                select coalesce(jsonb_object_agg(seen.key, seen.value), '{}')
                from jsonb_each(v_counts) as seen
                where private.sees_creditor(seen.key::uuid)
            );
        end if;
        v_is_estimate := v_is_estimate or v_scale is not null;
        v_answer := v_answer || jsonb_build_object(v_facet, v_counts);
    end loop;
    return jsonb_build_object('is_estimate', v_is_estimate, 'facets', v_answer);
end;
$$;

-- What the filter panel offers, in one call.
create function private.filter_options() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- An import further back is found by its page, not by a menu.
    c_imports constant int := 50;
    v_tenant_id uuid := private.require_role('operator');
begin
    return jsonb_build_object(
        'creditors', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', creditors.id, 'name', creditors.name, 'is_active', creditors.is_active
            ) order by creditors.name_key), '[]')
            from public.creditors
            where creditors.tenant_id = v_tenant_id
              and ((select private.sees_everything()) or private.sees_creditor(creditors.id))
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
                'id', newest.id, 'file_name', newest.file_name, 'created_at', newest.created_at,
                'clients', newest.clients_touched
            ) order by newest.created_at desc), '[]')
            from (
                select imports.* from public.imports
                where imports.tenant_id = v_tenant_id and imports.status = 'done'
                  and (
                      (select private.sees_everything())
                      or private.sees_creditor(imports.creditor_id)
                  )
                order by imports.created_at desc, imports.id desc
                limit c_imports
            ) as newest
        ),
        'ufs', to_jsonb(private.ufs()),
        'agings', (select jsonb_agg(bands.band) from private.aging_bands() as bands),
        'agreements', to_jsonb(private.agreement_words())
    );
end;
$$;

create function private.ufs() returns text[]
language sql
immutable
set search_path = ''
as $$
    select '{AC,AL,AM,AP,BA,CE,DF,ES,GO,MA,MG,MS,MT,PA,PB,PE,PI,PR,RJ,RN,RO,RR,RS,SC,SE,SP,TO}'
        ::text[]
$$;

create function public.filter_counts(filter jsonb default '{}', facets text[] default null)
returns jsonb
language sql
set search_path = ''
as $$ select private.filter_counts(filter, facets) $$;
comment on function public.filter_counts(jsonb, text[]) is
'{is_estimate, facets: {<facet>: {<value>: clients}}}; null = all facets. A value missing of an
estimate is one the sample did not meet.';

create function public.filter_options() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.filter_options() $$;

grant execute on function
private.filter_counts(jsonb, text[]), public.filter_counts(jsonb, text[]),
private.filter_options(), public.filter_options()
to authenticated;
