-- Events of messages, on the day the provider accepted them: what became of each, what it cost, and
-- whether it might go out. In plpgsql because prices are made later (0908).
create function private.panel_messages(
    tenant_id uuid, zone text, from_day date, until_day date, is_lean boolean default false
) returns setof private.panel_event
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_hours_since date := private.panel_hours_since(tenant_id);
    v_has_cap boolean := not is_lean and private.has_cap(tenant_id, 'whatsapp');
    v_has_opt_outs boolean := not is_lean and exists (
        select from public.suppressions as said where said.tenant_id = panel_messages.tenant_id
    );
begin
    return query
    with accepted as materialized (
        select message.submitted_at as at,
            (message.submitted_at at time zone panel_messages.zone)::date as day,
            message.client_id, message.created_by, message.id, message.status, message.phone,
            message.delivered_at, message.read_at, message.provider, message.created_at,
            message.error_code,
            -- An answer to somebody who wrote just now is no contact out of the blue.
            message.template_id is null as is_answer,
            coalesce(template.category, 'service') as category
        from public.message_logs as message
        left join public.message_templates as template on template.id = message.template_id
        where message.tenant_id = panel_messages.tenant_id and message.direction = 'out'
          and message.submitted_at
              >= panel_messages.from_day::timestamp at time zone panel_messages.zone
          and message.submitted_at
              < (panel_messages.until_day + 1)::timestamp at time zone panel_messages.zone
    ),
    known as materialized (
        select person.*
        from (
            select array_agg(seen.client_id) as client_ids, array_agg(seen.day) as days
            from (
                select distinct accepted.client_id, accepted.day from accepted
                where accepted.client_id is not null and not is_lean
            ) as seen
        ) as asked
        cross join lateral private.panel_known_clients(
            panel_messages.tenant_id, panel_messages.zone, asked.client_ids, asked.days
        ) as person
    ),
    hours as materialized (
        select * from private.panel_hours(
            panel_messages.tenant_id, panel_messages.zone,
            array(select distinct known.uf from known), from_day, until_day
        )
    ),
    price as materialized (
        select kind.provider, kind.category, kind.day, rate.is_free_in_window,
            case when rate.currency = 'BRL' or rate.price_micros = 0 then rate.price_micros
                else rate.price_micros * abroad.price_micros / 1000000 end as price_micros
        from (select distinct accepted.provider, accepted.category, accepted.day from accepted)
            as kind
        cross join lateral private.rate_of(
            panel_messages.tenant_id, kind.provider, kind.category, kind.day
        ) as rate
        left join lateral private.cost_days(
            panel_messages.tenant_id, 'exchange', rate.currency, kind.day, kind.day
        ) as abroad on rate.currency <> 'BRL'
    ),
    judged as (
        select accepted.*, coalesce(known.creditor_ids, '{}') as creditor_ids,
            case
                -- The provider bills what it delivers.
                when accepted.status = 'failed' then 0
                when price.is_free_in_window and exists (
                    select from public.message_logs as written
                    where written.tenant_id = panel_messages.tenant_id
                      and written.client_id = accepted.client_id and written.direction = 'in'
                      and written.created_at > accepted.at - interval '24 hours'
                      and written.created_at <= accepted.at
                ) then 0
                else price.price_micros
            end as cost,
            not accepted.is_answer and accepted.client_id is not null and not exists (
                select from hours
                where hours.uf = known.uf and hours.day = accepted.day
                  and accepted.at >= hours.opens_at and accepted.at < hours.closes_at
            ) as is_outside,
            v_has_cap and not accepted.is_answer and accepted.client_id is not null
            and private.is_over_cap(
                panel_messages.tenant_id, accepted.client_id, 'whatsapp',
                accepted.created_at - interval '1 microsecond'
            ) as is_over_cap,
            v_has_opt_outs and accepted.client_id is not null and private.was_suppressed(
                panel_messages.tenant_id, accepted.client_id, accepted.phone, 'whatsapp',
                accepted.at
            ) as is_opted_out
        from accepted
        left join known on known.client_id = accepted.client_id and known.day = accepted.day
        left join price on price.provider = accepted.provider
            and price.category = accepted.category and price.day = accepted.day
    )
    select told.measure, judged.day, judged.at, judged.client_id, judged.created_by,
        judged.creditor_ids, 'message_logs', judged.id::text, told.amount
    from judged
    cross join lateral (
        values
        ('message_accepted', true, 0::bigint),
        ('attempt', judged.client_id is not null, 0),
        ('own_attempt', judged.client_id is not null and judged.created_by is not null
            and judged.day >= v_hours_since, 0),
        -- Read without a receipt of delivery was delivered.
        ('message_delivered', judged.delivered_at is not null
            or judged.read_at is not null or judged.status in ('delivered', 'read'), 0),
        ('message_read', judged.read_at is not null or judged.status = 'read', 0),
        ('message_failed', judged.status = 'failed', 0),
        ('message_failed_number', judged.status = 'failed'
            and judged.error_code is not distinct from 'number_invalid', 0),
        ('message_failed_policy', judged.status = 'failed'
            and judged.error_code is not distinct from 'policy', 0),
        ('message_failed_opt_out', judged.status = 'failed'
            and judged.error_code is not distinct from 'opted_out', 0),
        ('message_failed_other', judged.status = 'failed' and (
            judged.error_code in ('number_invalid', 'policy', 'opted_out')) is not true, 0),
        ('outside_hours', judged.is_outside, 0),
        ('over_cap', judged.is_over_cap, 0),
        ('after_opt_out', judged.is_opted_out, 0),
        ('cost', judged.cost > 0, judged.cost),
        ('cost_message', judged.cost > 0, judged.cost),
        ('cost_unknown', judged.cost is null, 0)
    ) as told (measure, holds, amount)
    where told.holds and (not is_lean or told.measure = 'attempt');
end;
$$;

-- What clients said in return, on its own day: the first word after a message of ours, and a wish
-- not to be written to any more.
create function private.panel_answers(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_from timestamptz := from_day::timestamp at time zone zone;
    v_until timestamptz := (until_day + 1)::timestamp at time zone zone;
begin
    return query
    with said as materialized (
        select 'message_answered' as measure, message.created_at as at, message.client_id,
            'message_logs' as source, message.id
        from public.message_logs as message
        cross join lateral (
            select earlier.direction, earlier.created_at
            from public.message_logs as earlier
            where earlier.tenant_id = message.tenant_id
              and earlier.client_id = message.client_id
              and (earlier.created_at, earlier.id) < (message.created_at, message.id)
              and (earlier.direction = 'in' or earlier.submitted_at is not null)
            order by earlier.created_at desc, earlier.id desc
            limit 1
        ) as ours
        where message.tenant_id = panel_answers.tenant_id and message.direction = 'in'
          and message.created_at >= v_from and message.created_at < v_until
          -- Later it is another talk: WhatsApp's own window.
          and ours.direction = 'out' and ours.created_at > message.created_at - interval '24 hours'
        union all
        select 'message_opted_out', wish.created_at, wish.client_id, 'suppressions', wish.id
        from public.suppressions as wish
        where wish.tenant_id = panel_answers.tenant_id and wish.reason = 'opted_out'
          and wish.created_at >= v_from and wish.created_at < v_until
    ),
    dated as (
        select said.*, (said.at at time zone panel_answers.zone)::date as day from said
    ),
    known as materialized (
        select person.*
        from (
            select array_agg(seen.client_id) as client_ids, array_agg(seen.day) as days
            from (
                select distinct dated.client_id, dated.day from dated
                where dated.client_id is not null
            ) as seen
        ) as asked
        cross join lateral private.panel_known_clients(
            panel_answers.tenant_id, panel_answers.zone, asked.client_ids, asked.days
        ) as person
    )
    select dated.measure, dated.day, dated.at, dated.client_id, null::uuid,
        coalesce(known.creditor_ids, '{}'), dated.source, dated.id::text, 0::bigint
    from dated
    left join known on known.client_id = dated.client_id and known.day = dated.day;
end;
$$;

-- Serves a day of them.
create index suppressions_of_wishes on public.suppressions (tenant_id, created_at)
where reason = 'opted_out';
