-- Contact is lawful by construction: asked here at the moment of sending, for every channel, and
-- the answer names the next lawful instant. The debtor's own state gives hour and holidays, else
-- the tenant's zone.
create function private.contact_hours(
    tenant_id uuid, client_id uuid, since timestamptz, days int
) returns table (day date, opens_at timestamptz, closes_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    select calendar.day, (calendar.day + calling_windows.opens) at time zone place.time_zone,
        (calendar.day + calling_windows.closes) at time zone place.time_zone
    from (
        select clients.uf,
            case
                when clients.uf is null then tenants.time_zone
                else coalesce(uf_time_zones.time_zone, 'America/Sao_Paulo')
            end as time_zone
        from public.tenants
        left join public.clients
            on clients.tenant_id = tenants.id and clients.id = contact_hours.client_id
        left join private.uf_time_zones on uf_time_zones.uf = clients.uf
        where tenants.id = contact_hours.tenant_id
    ) as place
    cross join lateral (
        select dated.day, private.easter(extract(year from dated.day)::int) as easter
        from (
            select (contact_hours.since at time zone place.time_zone)::date + ahead as day
            from generate_series(0, contact_hours.days - 1) as ahead
        ) as dated
    ) as calendar
    join private.calling_windows
        on calling_windows.weekday = extract(isodow from calendar.day)
        and calling_windows.uf is not distinct from (
            select place.uf where exists (
                select from private.calling_windows as own where own.uf = place.uf
            )
        )
    where not exists (
        select from private.holidays
        where (holidays.uf is null or holidays.uf = place.uf)
          and (
              holidays.easter_offset = calendar.day - calendar.easter
              or (holidays.month = extract(month from calendar.day)
                  and holidays.day = extract(day from calendar.day))
          )
    )
    order by 2
$$;
comment on function private.contact_hours(uuid, uuid, timestamptz, int) is
'Lawful intervals [opens_at, closes_at) from the local day of `since`, for that many days.';

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
    v_first record;
begin
    if private.is_suppressed(tenant_id, client_id, null, channel, at) then
        allowed := false;
        reason := 'suppressed';
        return;
    end if;
    select hours.opens_at, hours.closes_at into v_first
    from private.contact_hours(tenant_id, client_id, at, c_days_ahead) as hours
    where hours.closes_at > at
    limit 1;
    allowed := coalesce(v_first.opens_at <= at, false);
    next_allowed_at := greatest(v_first.opens_at, at);
    reason := case when not allowed then 'outside_hours' end;
end;
$$;
comment on function private.contact_decision(uuid, uuid, public.channel, timestamptz) is
'reason: null | outside_hours | suppressed. next_allowed_at is `at` when allowed, null when never.';
