-- What the law, the agency's caps and the clients' own word say of an attempt that was made. Judged
-- by the rules as they stand when a day is read: a day that is kept stays judged by those of then.

-- The lawful hours of some states ('': nobody knows which) over days, by the agency's calendar.
-- No state's zone moves eight in the evening into another of the agency's days.
create function private.panel_hours(
    tenant_id uuid, zone text, ufs text[], from_day date, until_day date
) returns table (uf text, day date, opens_at timestamptz, closes_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    select states.uf, (hours.opens_at at time zone panel_hours.zone)::date, hours.opens_at,
        hours.closes_at
    from unnest(panel_hours.ufs) as states (uf)
    cross join lateral private.contact_hours_in(
        panel_hours.tenant_id, nullif(states.uf, ''),
        -- A state's day may begin some hours before the agency's.
        (panel_hours.from_day - 1)::timestamp at time zone panel_hours.zone,
        panel_hours.until_day - panel_hours.from_day + 3
    ) as hours
$$;

-- Whether somebody had asked by then not to be contacted. `private.is_suppressed` tells of now.
create function private.was_suppressed(
    tenant_id uuid, client_id uuid, phone text, channel public.channel, at timestamptz
) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.suppressions as said
        where said.tenant_id = was_suppressed.tenant_id
          and (
              said.client_id = was_suppressed.client_id
              or private.phone_match(said.phone) = private.phone_match(was_suppressed.phone)
          )
          and (said.client_id is null or said.client_id = was_suppressed.client_id)
          and (said.phone is null
              or private.phone_match(said.phone) = private.phone_match(was_suppressed.phone))
          and (said.channel is null or said.channel = was_suppressed.channel)
          and said.created_at < was_suppressed.at
          and (said.expires_at is null or said.expires_at > was_suppressed.at)
    )
$$;

-- What is known of the clients of some days: creditors and state, and whether they closed an
-- agreement that was proposed that day.
create type private.panel_known as (
    client_id uuid, day date, creditor_ids uuid [], uf text, has_deal boolean
);

create function private.panel_known_clients(
    tenant_id uuid, zone text, client_ids uuid[], days date[]
) returns setof private.panel_known
language sql
stable
security definer
set search_path = ''
as $$
    select seen.client_id, seen.day,
        coalesce(titles.creditor_ids, '{}'),
        coalesce(clients.uf, private.uf_of(clients.tenant_id, clients.id, null), ''),
        exists (
            select from public.agreements as deal
            where deal.tenant_id = panel_known_clients.tenant_id
              and deal.client_id = seen.client_id and deal.formalised_at is not null
              and deal.created_at
                  >= seen.day::timestamp at time zone panel_known_clients.zone
              and deal.created_at
                  < (seen.day + 1)::timestamp at time zone panel_known_clients.zone
        )
    from unnest(panel_known_clients.client_ids, panel_known_clients.days) as seen (client_id, day)
    join public.clients
        on clients.tenant_id = panel_known_clients.tenant_id and clients.id = seen.client_id
    -- A title that comes later does not change a day that is over.
    left join lateral (
        select array_agg(distinct debts.creditor_id) as creditor_ids
        from public.debts
        where debts.tenant_id = panel_known_clients.tenant_id
          and debts.client_id = seen.client_id
          and debts.created_at
              < (seen.day + 1)::timestamp at time zone panel_known_clients.zone
    ) as titles on true
$$;
