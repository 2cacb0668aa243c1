-- What a sample met seldom, or never, is counted in earnest: a state of thirty people among a
-- million is neither hidden nor said to be nobody's.

create function private.facet_candidates(tenant_id uuid, facet text) returns text[]
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return case facet
        when 'status' then enum_range(null::public.debt_status)::text[]
        when 'uf' then private.ufs()
        when 'aging' then array(select bands.band from private.aging_bands() as bands)
        when 'creditor_id' then array(
            select creditors.id::text from public.creditors
            where creditors.tenant_id = facet_candidates.tenant_id
              and ((select private.sees_everything()) or private.sees_creditor(creditors.id))
        )
        when 'has_phone' then '{true,false}'
        when 'opted_out' then '{true,false}'
        when 'has_whatsapp' then '{true,false,unknown}'
        when 'last_contact' then '{never,ever}'
        when 'last_disposition' then array(
            select types.key from public.disposition_types as types
            where types.tenant_id = facet_candidates.tenant_id
        )
        when 'agreement' then private.agreement_words()
        when 'tag_id' then array(
            select tags.id::text from public.tags
            where tags.tenant_id = facet_candidates.tenant_id
        )
        when 'assigned_to' then array(
            select people.user_id::text from public.memberships as people
            where people.tenant_id = facet_candidates.tenant_id and people.revoked_at is null
        ) || '{none}'
    end;
end;
$$;

-- The filter that finds these values of a facet; null: no filter says it, so all is to be counted.
create function private.facet_filter(facet text, wanted text[]) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select case
        when facet not in ('has_phone', 'opted_out', 'last_contact') then to_jsonb(wanted)
        when cardinality(wanted) > 1 then null
        when facet <> 'last_contact' then to_jsonb(wanted[1]::boolean)
        when wanted[1] = 'never' then '{"never": true}'
        else '{"after": "0001-01-01"}'::jsonb
    end
$$;

-- A sample's counts by value → the portfolio's. Exact where the sample met few, if they can be
-- looked up; what it never met, and nobody can look up quickly, has no count.
create function private.settle_counts(
    given jsonb, filter private.client_filter, facet text, sampled jsonb, scale double precision
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Of so many found in a sample the true number is within a third of the estimate.
    c_telling constant int := 50;
    -- Looking up so many rows takes some tens of milliseconds; so does a plan of that cost.
    c_countable constant bigint := 20000;
    c_cost constant double precision := 100000;
    v_rare text[];
    v_plan json;
    v_condition text;
    v_exact jsonb;
    v_counts jsonb := (
        select coalesce(jsonb_object_agg(met.key, round(met.value::bigint * scale)), '{}')
        from jsonb_each_text(sampled) as met
    );
begin
    v_rare := array(
        select seldom.value
        from (
            select listed.value, sum(listed.clients) over (
                order by listed.clients, listed.value rows unbounded preceding
            ) * scale as looked_up
            from (
                select candidate.value,
                    coalesce((sampled ->> candidate.value)::bigint, 0) as clients
                from unnest(private.facet_candidates((filter).tenant_id, facet))
                    as candidate (value)
            ) as listed
            where listed.clients < c_telling
        ) as seldom
        where seldom.looked_up <= c_countable
        limit 200  -- as many as a filter takes
    );
    if v_rare = '{}' then
        return v_counts;
    end if;
    filter := private.weigh_search(private.read_client_filter(
        (filter).tenant_id,
        given - facet
        || jsonb_strip_nulls(jsonb_build_object(facet, private.facet_filter(facet, v_rare)))
    ));
    v_condition := private.client_condition(filter);
    execute 'explain (format json) select from public.clients where ' || v_condition
    into v_plan using filter;
    if (v_plan -> 0 -> 'Plan' ->> 'Total Cost')::double precision > c_cost then
        return v_counts;
    end if;
    execute private.facet_query(facet, null, v_condition)
    into v_exact using filter, private.today((filter).tenant_id), v_rare;
    return v_counts || (
        select jsonb_object_agg(rare.value, coalesce((v_exact ->> rare.value)::bigint, 0))
        from unnest(v_rare) as rare (value)
    );
end;
$$;

-- SQL that counts clients by value of a facet. $1: the filter; $2: today; $3: only these values, or
-- null.
create function private.facet_query(facet text, scale double precision, condition text)
returns text
language sql
immutable
set search_path = ''
as $$
    select 'select coalesce(jsonb_object_agg(counted.value, counted.clients), ''{}'')
        from (
            select listed.value, count(*) as clients
            from (
                select ' || private.facet_value(facet) || ' as value
                from ' || private.client_source(scale) || case
                    when facet in ('last_disposition', 'last_contact', 'opted_out') then '
                        left join private.client_contacts as contact
                            on contact.tenant_id = ($1).tenant_id
                            and contact.client_id = clients.id'
                    when facet = 'assigned_to' then '
                        left join public.client_assignments as given
                            on given.tenant_id = ($1).tenant_id
                            and given.client_id = clients.id'
                    when facet = 'tag_id' then '
                        join public.client_tags as worn
                            on worn.tenant_id = ($1).tenant_id and worn.client_id = clients.id'
                    when facet = 'agreement' then '
                        cross join lateral (
                            select array_agg(distinct agreement.status::text) || case
                                when bool_or(private.is_living(agreement.status))
                                then ''{living}''::text[] else ''{}'' end || case
                                when bool_or(private.is_under_way(agreement.status)) is not true
                                then ''{none}''::text[] else ''{}'' end as words
                            from public.agreements as agreement
                            where agreement.tenant_id = ($1).tenant_id
                              and agreement.client_id = clients.id
                        ) as held'
                    else '' end || '
                where ' || condition || '
            ) as listed
            where listed.value is not null and ($3::text[] is null or listed.value = any($3))
            group by listed.value
        ) as counted'
$$;

-- Above this, clients by value are sampled: grouping costs more than summing.
create function private.countable_values() returns bigint
language sql
immutable
set search_path = ''
as $$ select 20000::bigint $$;
