-- Callbacks on the day they are due. One that was called off was due no more.
create function private.panel_callbacks(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Domain: within ten minutes of the moment that was promised, to either side.
    c_tolerance constant interval := '10 minutes';
begin
    return query
    select told.measure, promised.day, promised.due_at, promised.client_id,
        coalesce(promised.operator_id, promised.released_from), promised.creditor_ids,
        'callbacks', promised.id::text, 0::bigint
    from (
        select due.*, known.day, known.creditor_ids,
            exists (
                select from public.call_dispositions as done
                where done.tenant_id = due.tenant_id and done.client_id = due.client_id
                  and done.created_at between due.due_at - c_tolerance and due.due_at + c_tolerance
                  and done.id <> due.disposition_id and not private.is_undone(done.id)
            ) or exists (
                select from public.calls as call
                where call.tenant_id = due.tenant_id and call.client_id = due.client_id
                  and call.called_at between due.due_at - c_tolerance and due.due_at + c_tolerance
                  and call.disposition_id is distinct from due.disposition_id
            ) as is_in_time
        from public.callbacks as due
        cross join lateral private.panel_known_clients(
            due.tenant_id, panel_callbacks.zone, array[due.client_id],
            array[(due.due_at at time zone panel_callbacks.zone)::date]
        ) as known
        where due.tenant_id = panel_callbacks.tenant_id and due.status <> 'cancelled'
          and due.due_at >= panel_callbacks.from_day::timestamp at time zone panel_callbacks.zone
          and due.due_at
              < (panel_callbacks.until_day + 1)::timestamp at time zone panel_callbacks.zone
    ) as promised
    cross join lateral (
        values ('callback', true), ('callback_in_time', promised.is_in_time)
    ) as told (measure, holds)
    where told.holds;
end;
$$;

-- Serves a day of them.
create index callbacks_by_day on public.callbacks (tenant_id, due_at)
where status <> 'cancelled';

-- What is paid by the month, a day's part on each day; of no creditor and no operator.
create function private.panel_fixed_costs(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    select told.measure, price.day, price.day::timestamp at time zone panel_fixed_costs.zone,
        null::uuid, null::uuid, '{}'::uuid [], 'cost_rates',
        price.rate_id::text || ':' || price.day::text,
        -- Months are 28 to 31 days long; a whole month costs its price, but for the rounding.
        round(price.price_micros / extract(day from (
            date_trunc('month', price.day) + interval '1 month - 1 day'
        )))::bigint
    from (values ('licence_month'), ('labour_month')) as monthly (kind)
    cross join lateral private.cost_days(
        panel_fixed_costs.tenant_id, monthly.kind, 'BRL', panel_fixed_costs.from_day,
        panel_fixed_costs.until_day
    ) as price
    cross join (values ('cost'), ('cost_fixed')) as told (measure)
    where price.price_micros > 0
$$;

-- Every event of these days, of some families or of all.
create function private.panel_events(
    tenant_id uuid, from_day date, until_day date, families text[] default null,
    is_lean boolean default false
) returns setof private.panel_event
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = panel_events.tenant_id
    );
begin
    if families is null or 'voice' = any(families) then
        return query
        select * from private.panel_voice(tenant_id, v_zone, from_day, until_day, is_lean);
    end if;
    if families is null or 'message' = any(families) then
        return query
        select * from private.panel_messages(tenant_id, v_zone, from_day, until_day, is_lean);
        if not is_lean then
            return query
            select * from private.panel_answers(tenant_id, v_zone, from_day, until_day);
        end if;
    end if;
    if families is null or 'callback' = any(families) then
        return query select * from private.panel_callbacks(tenant_id, v_zone, from_day, until_day);
    end if;
    if families is null or 'agreement' = any(families) then
        return query select * from private.panel_agreements(tenant_id, v_zone, from_day, until_day);
    end if;
    if families is null or 'break' = any(families) then
        return query select * from private.panel_breaks(tenant_id, from_day, until_day);
    end if;
    if families is null or 'promise' = any(families) then
        return query select * from private.panel_promises(tenant_id, v_zone, from_day, until_day);
    end if;
    if families is null or 'payment' = any(families) then
        return query select * from private.panel_payments(tenant_id, v_zone, from_day, until_day);
    end if;
    if families is null or 'fixed' = any(families) then
        return query
        select * from private.panel_fixed_costs(tenant_id, v_zone, from_day, until_day);
    end if;
    if families is null or 'hours' = any(families) then
        return query
        select * from private.panel_hours_worked(tenant_id, v_zone, from_day, until_day);
    end if;
end;
$$;

-- Where a measure's rows come from.
create function private.panel_families(measure text) returns text[]
language sql
immutable
set search_path = ''
as $$
    select case
        when measure in (
            'attempt', 'own_attempt', 'outside_hours', 'over_cap', 'after_opt_out', 'cost_unknown'
        )
            then array['voice', 'message']
        when measure = 'cost' then array['voice', 'message', 'fixed']
        when measure = 'cost_fixed' then array['fixed']
        when measure = 'cost_message' or measure like 'message%' then array['message']
        when measure like 'callback%' then array['callback']
        when measure in ('logged', 'paused', 'productive', 'serving') then array['hours']
        when measure like 'agreement%' or measure = 'own_agreement' then array['agreement']
        when measure like 'broke%' then array['break']
        when measure like 'promise%' then array['promise']
        when measure in ('payment', 'own_payment') then array['payment']
        else array['voice']
    end
$$;
