-- Of which days, whose creditors and whose people a number is asked.
create type private.panel_scope as (
    tenant_id uuid,
    from_day date,
    until_day date,
    -- Null: all of them.
    creditor_ids uuid [],
    operator_ids uuid [],
    -- Then the above are who ever sat there, and each counts on the days of their seat.
    team_id uuid
);

-- The chosen creditor, as far as the caller works for it; null: all.
create function private.panel_creditors_of(creditor_id uuid) returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select case
        when panel_creditors_of.creditor_id is null then mine.ids
        when mine.ids is null or panel_creditors_of.creditor_id = any(mine.ids)
            then array[panel_creditors_of.creditor_id]
        else '{}'
    end
    from (select private.creditor_scope() as ids) as mine
$$;

-- Null: everybody, and nobody's events too.
create function private.panel_people_of(tenant_id uuid, operator_id uuid, team_id uuid)
returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select case
        when panel_people_of.team_id is not null then array(
            select distinct seat.user_id from private.team_seats as seat
            where seat.tenant_id = panel_people_of.tenant_id
              and seat.team_id = panel_people_of.team_id
              and seat.user_id = coalesce(panel_people_of.operator_id, seat.user_id)
        )
        when panel_people_of.operator_id is not null then array[panel_people_of.operator_id]
    end
$$;

-- Whether somebody counts for the scope's team on a day.
create function private.panel_is_seated(scope private.panel_scope, operator_id uuid, day date)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select (panel_is_seated.scope).team_id is null or exists (
        select from private.team_seats as seat
        where seat.tenant_id = (panel_is_seated.scope).tenant_id
          and seat.team_id = (panel_is_seated.scope).team_id
          and seat.user_id = panel_is_seated.operator_id
          and panel_is_seated.day between seat.from_on and seat.until_on
    )
$$;

create function private.read_panel_filter(tenant_id uuid, filter jsonb)
returns private.panel_scope
language plpgsql
stable
set search_path = ''
as $$
declare
    -- A year and its last day.
    c_max_days constant int := 366;
    v_types constant jsonb := '{"from": "date", "to": "date", "creditor_id": "uuid",
        "operator_id": "uuid", "team_id": "uuid"}';
    v_key text;
    v_value text;
    v_scope private.panel_scope;
begin
    if jsonb_typeof(filter) is distinct from 'object' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'an object is needed';
    end if;
    for v_key, v_value in select entry.key, entry.value from jsonb_each_text(filter) as entry loop
        if not v_types ? v_key then
            raise exception 'unknown_filter' using errcode = 'PT400', detail = v_key;
        end if;
        if v_value is not null and not pg_input_is_valid(v_value, v_types ->> v_key) then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
        end if;
    end loop;
    v_scope := (
        read_panel_filter.tenant_id, (filter ->> 'from')::date, (filter ->> 'to')::date,
        private.panel_creditors_of((filter ->> 'creditor_id')::uuid),
        private.panel_people_of(
            read_panel_filter.tenant_id, (filter ->> 'operator_id')::uuid,
            (filter ->> 'team_id')::uuid
        ),
        (filter ->> 'team_id')::uuid
    )::private.panel_scope;
    if (v_scope.until_day - v_scope.from_day between 0 and c_max_days - 1) is not true then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'from, to';
    end if;
    return v_scope;
end;
$$;
