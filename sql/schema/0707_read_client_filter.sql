-- jsonb of a caller → typed filter. Whoever stores a filter (segments) reads it through here too.
create function private.read_client_filter(tenant_id uuid, filter jsonb)
returns private.client_filter
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_filter private.client_filter;
    v_key text;
    v_value jsonb;
    v_values text[];
    v_zone text;
    v_scope uuid[] := private.creditor_scope();
begin
    v_filter.tenant_id := tenant_id;
    v_filter.now_at := private.now();
    v_filter.is_all := true;
    if jsonb_typeof(filter) is distinct from 'object' then
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
        -- A chip with nothing in it is no filter. A null is no chip's: a program that could not tell
        -- the day must not be given all days.
        if v_value = 'null' then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
        end if;
        continue when v_value in ('""', '[]', '{}');
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
                v_values := private.filter_values(v_key, v_value, 'text');
                if not v_values <@ private.agreement_words() then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                v_filter.has_no_agreement := 'none' = any(v_values);
                v_filter.agreement_statuses := array(
                    select known.status
                    from unnest(enum_range(null::public.agreement_status)) as known (status)
                    where known.status::text = any(v_values)
                       or 'living' = any(v_values) and private.is_living(known.status)
                );
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
    -- Who is limited to creditors asks for theirs, whatever else is asked.
    if v_scope is not null then
        v_filter.is_all := false;
        v_filter.creditor_ids := case when v_filter.creditor_ids is null then v_scope else array(
            select unnest(v_filter.creditor_ids) intersect select unnest(v_scope)
        ) end;
    end if;
    return v_filter;
end;
$$;

create function private.filter_flag(key text, value jsonb) returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
    if jsonb_typeof(value) <> 'boolean' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
    return value::boolean;
end;
$$;

-- A bare date is the tenant's day, from its first instant.
create function private.filter_instant(bound text, zone text) returns timestamptz
language sql
stable
set search_path = ''
as $$
    select case
        when length(bound) = 10 then bound::date::timestamp at time zone zone
        else bound::timestamptz
    end
$$;
