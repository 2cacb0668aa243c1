-- What a list, a selection or a segment asks for: a closed list of keys, each read into a typed
-- field. An unknown key or a bad value is refused by name, never ignored: a filter that does not
-- reach the query would select the whole portfolio.
create type private.client_filter as (
    tenant_id uuid,
    is_all boolean,
    search private.client_search,
    creditor_ids uuid [],
    statuses public.debt_status [],
    -- Ranges of the oldest open title's due date; adjacent bands are one range.
    aged_from date [],
    aged_to date [],
    min_cents bigint,
    max_cents bigint,
    due_from date,
    due_to date,
    ufs text [],
    contact_from timestamptz,
    contact_before timestamptz,
    is_never_contacted boolean,
    disposition_types text [],
    has_phone boolean,
    -- true | false | unknown
    whatsapp text [],
    is_opted_out boolean,
    now_at timestamptz,
    -- Of any agreement of the client; besides, or instead: none under way.
    agreement_statuses public.agreement_status [],
    has_no_agreement boolean,
    import_id uuid,
    tag_ids uuid [],
    operator_ids uuid [],
    is_unassigned boolean,
    -- A selection's own: only these, or all but these.
    ids uuid [],
    except_ids uuid [],
    -- The list's own, when it is sorted by creditor: all of the tenant's, by name.
    creditor_order uuid [],
    -- The import wrote so much that its people are met sooner along the list than looked up.
    is_broad_import boolean
);

-- Days late, both ends included; an open end is infinite.
create function private.aging_bands() returns table (band text, days_from int, days_to int)
language sql
immutable
set search_path = ''
as $$
    values ('0', null, 0), ('1-30', 1, 30), ('31-60', 31, 60), ('61-90', 61, 90),
        ('91-120', 91, 120), ('121-180', 121, 180), ('181-360', 181, 360), ('361-720', 361, 720),
        ('721-1800', 721, 1800), ('1800+', 1801, null)
$$;

-- The values of a key as texts, each valid as that type: 'a' or ['a', 'b'].
create function private.filter_values(key text, value jsonb, type_name text) returns text[]
language plpgsql
immutable
set search_path = ''
as $$
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
$$;

-- One bound of {"min": …} or {"from": …}: null when absent, refused when malformed. One that is
-- there and null is malformed: a program that could not tell the day must not be given all days.
create function private.filter_bound(key text, value jsonb, bound text, type_name text) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_text text := value ->> bound;
begin
    if value ? bound and v_text is null or v_text is not null and not (
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
$$;

create function private.filter_range(key text, value jsonb, allowed text[]) returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if jsonb_typeof(value) <> 'object' or value - allowed <> '{}' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
end;
$$;
