-- Contact is lawful by construction: asked here at the moment of sending, for every channel, and
-- the answer names the next lawful instant. The debtor's own state gives hour and holidays, else
-- the tenant's zone.
--
-- Of a state nobody knows the agency's zone and the default hours hold. plpgsql, because the
-- agency's holidays are a later file's.
create function private.contact_hours_in(
    tenant_id uuid, uf text, since timestamptz, days int
) returns table (day date, opens_at timestamptz, closes_at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_zone text := (
        select case
                when contact_hours_in.uf is null then tenants.time_zone
                else coalesce(uf_time_zones.time_zone, 'America/Sao_Paulo')
            end
        from public.tenants
        left join private.uf_time_zones on uf_time_zones.uf = contact_hours_in.uf
        where tenants.id = contact_hours_in.tenant_id
    );
    v_first date := (since at time zone v_zone)::date;
    v_law text := (
        select law.uf from private.calling_windows as law
        where law.uf = contact_hours_in.uf limit 1
    );
    v_is_narrowed boolean := exists (
        select from public.tenant_calling_windows as own
        where own.tenant_id = contact_hours_in.tenant_id
    );
begin
    return query
    select open_day.day, (open_day.day + open_day.opens) at time zone v_zone,
        (open_day.day + open_day.closes) at time zone v_zone
    from (
        select calendar.day, calendar.easter, greatest(law.opens, own.opens) as opens,
            least(law.closes, own.closes) as closes
        from (
            select v_first + ahead as day,
                private.easter(extract(year from v_first + ahead)::int) as easter
            from generate_series(0, contact_hours_in.days - 1) as ahead
        ) as calendar
        join private.calling_windows as law
            on law.weekday = extract(isodow from calendar.day)
            and law.uf is not distinct from v_law
        left join public.tenant_calling_windows as own
            on own.tenant_id = contact_hours_in.tenant_id and own.weekday = law.weekday
        where own.id is not null or not v_is_narrowed
    ) as open_day
    where open_day.opens < open_day.closes
      and not exists (
          select from private.holidays
          where (holidays.uf is null or holidays.uf = contact_hours_in.uf)
            and (
                holidays.easter_offset = open_day.day - open_day.easter
                or (holidays.month = extract(month from open_day.day)
                    and holidays.day = extract(day from open_day.day))
            )
      )
      and not exists (
          select from public.tenant_holidays as own_day
          where own_day.tenant_id = contact_hours_in.tenant_id
            and own_day.day = open_day.day and own_day.revoked_at is null
      )
    order by 2;
end;
$$;
comment on function private.contact_hours_in(uuid, text, timestamptz, int) is
'Lawful intervals [opens_at, closes_at) in a state (null: not known) from the local day of `since`,
for that many days.';

-- Where a client lives: their own state, else that of the newest address, else of the area code of
-- the first phone.
create function private.uf_of(tenant_id uuid, client_id uuid, known_uf text) returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return coalesce(
        known_uf,
        (
            select place.uf from public.client_addresses as place
            where place.tenant_id = uf_of.tenant_id and place.client_id = uf_of.client_id
            order by place.created_at desc, place.id desc limit 1
        ),
        (
            select plan.uf
            from (
                select substr(known.phone, 4, 2) as area_code
                from public.client_phones as known
                where known.tenant_id = uf_of.tenant_id and known.client_id = uf_of.client_id
                  and known.phone like '+55%'
                order by known.position, known.created_at, known.id limit 1
            ) as first_phone
            join private.area_codes as plan on plan.area_code = first_phone.area_code
        )
    );
end;
$$;

create function private.contact_uf(tenant_id uuid, client_id uuid) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select private.uf_of(clients.tenant_id, clients.id, clients.uf)
    from public.clients
    where clients.tenant_id = contact_uf.tenant_id and clients.id = contact_uf.client_id
$$;

create function private.contact_hours(
    tenant_id uuid, client_id uuid, since timestamptz, days int
) returns table (day date, opens_at timestamptz, closes_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    select hours.day, hours.opens_at, hours.closes_at
    from private.contact_hours_in(
        contact_hours.tenant_id,
        private.contact_uf(contact_hours.tenant_id, contact_hours.client_id),
        contact_hours.since, contact_hours.days
    ) as hours
    order by hours.opens_at
$$;
comment on function private.contact_hours(uuid, uuid, timestamptz, int) is
'The same for a client, whose own state gives hour and holidays.';

create function private.is_suppressed(
    tenant_id uuid, client_id uuid, phone text, channel public.channel, at timestamptz
) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.suppressions
        where suppressions.tenant_id = is_suppressed.tenant_id
          and (
              suppressions.client_id = is_suppressed.client_id
              or private.phone_match(suppressions.phone) = private.phone_match(is_suppressed.phone)
          )
          -- A row that names both a person and a phone binds where both fit.
          and (suppressions.client_id is null or suppressions.client_id = is_suppressed.client_id)
          and (suppressions.phone is null or private.phone_match(suppressions.phone)
              = private.phone_match(is_suppressed.phone))
          and (suppressions.channel is null or suppressions.channel = is_suppressed.channel)
          and (suppressions.expires_at is null or suppressions.expires_at > is_suppressed.at)
    )
$$;

create function private.contact_decision(
    tenant_id uuid, client_id uuid, channel public.channel, at timestamptz,
    out allowed boolean, out next_allowed_at timestamptz, out reason text
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Longer than any run of holidays and Sundays.
    c_days_ahead constant int := 15;
    v_capped_until timestamptz;
    v_from timestamptz;
    v_first record;
begin
    if private.is_suppressed(tenant_id, client_id, null, channel, at) then
        allowed := false;
        reason := 'suppressed';
        return;
    end if;
    v_capped_until := private.capped_until(tenant_id, client_id, channel, at);
    v_from := greatest(v_capped_until, at);
    select hours.opens_at, hours.closes_at into v_first
    from private.contact_hours(tenant_id, client_id, v_from, c_days_ahead) as hours
    where hours.closes_at > v_from
    limit 1;
    allowed := v_capped_until is null and coalesce(v_first.opens_at <= at, false);
    next_allowed_at := greatest(v_first.opens_at, v_from);
    reason := case
        when v_capped_until is not null then 'attempt_cap'
        when not allowed then 'outside_hours'
    end;
end;
$$;
comment on function private.contact_decision(uuid, uuid, public.channel, timestamptz) is
'reason: null | outside_hours | attempt_cap | suppressed. next_allowed_at is `at` when allowed, null
when never.';
