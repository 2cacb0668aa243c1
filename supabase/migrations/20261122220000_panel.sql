-- The panel: what the agency measures itself by (private.panel_kpis), daily facts of it, the journal
-- that keeps them true, numbers and the rows behind them, and the live board.
-- Locks: each trigger takes a short exclusive lock of its table; three indexes are read into being
-- under a lock that stops writes (agreements, agreement_events, installments: small), the BRIN ones
-- read calls, call_dispositions and message_logs once, minutes for ten million rows.
-- Facts are kept by the job from then on, newest days first; nothing has to be deployed before.
set local check_function_bodies = off;

CREATE TABLE "private"."panel_days" ("tenant_id" uuid NOT NULL, "day" date NOT NULL, CONSTRAINT "panel_days_pkey" PRIMARY KEY (tenant_id, day), "kept_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "private"."panel_days" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_days" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_dirty" ("id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL, "tenant_id" uuid NOT NULL, "day" date NOT NULL, CONSTRAINT "panel_dirty_pkey" PRIMARY KEY (id));

ALTER TABLE "private"."panel_dirty" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_dirty" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_facts" ("tenant_id" uuid NOT NULL, "day" date NOT NULL, "measure" text NOT NULL, "creditor_id" uuid, "operator_id" uuid, "events" bigint NOT NULL, "amount" bigint NOT NULL, CONSTRAINT "panel_facts_are_said_once" UNIQUE NULLS NOT DISTINCT (tenant_id, creditor_id, day, measure, operator_id));

ALTER TABLE "private"."panel_facts" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_facts" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_kpis" ("code" text NOT NULL, "position" smallint NOT NULL, "section" text NOT NULL, "name" text NOT NULL, "sentence" text NOT NULL, "formula" text NOT NULL, "unit" text NOT NULL, "date_basis" text NOT NULL, "numerator" text NOT NULL, "numerator_as" text NOT NULL, "denominator" text, "denominator_as" text, CONSTRAINT "panel_kpis_are_counted_somehow" CHECK (((numerator_as = ANY (ARRAY['events'::text, 'clients'::text, 'amount'::text])) AND (COALESCE(denominator_as, 'events'::text) = ANY (ARRAY['events'::text, 'clients'::text, 'amount'::text])) AND ((denominator IS NULL) = (denominator_as IS NULL)))), CONSTRAINT "panel_kpis_pkey" PRIMARY KEY (code), CONSTRAINT "panel_kpis_position_is_unique" UNIQUE ("position"), CONSTRAINT "panel_kpis_unit_is_known" CHECK ((unit = ANY (ARRAY['count'::text, 'cents'::text, 'percent'::text, 'ratio'::text, 'seconds'::text]))));

ALTER TABLE "private"."panel_kpis" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_kpis" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_reach" ("tenant_id" uuid NOT NULL, "day" date NOT NULL, "measure" text NOT NULL, "client_id" uuid NOT NULL, "operator_id" uuid, "creditor_ids" uuid[] NOT NULL, CONSTRAINT "panel_reach_is_said_once" UNIQUE NULLS NOT DISTINCT (tenant_id, measure, day, client_id, operator_id));

ALTER TABLE "private"."panel_reach" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_reach" FORCE ROW LEVEL SECURITY;

CREATE TYPE "private"."panel_event" AS ("measure" text, "day" date, "at" timestamp with time zone, "client_id" uuid, "operator_id" uuid, "creditor_ids" uuid[], "source" text, "source_id" text, "amount" bigint);

CREATE TYPE "private"."panel_scope" AS ("tenant_id" uuid, "from_day" date, "until_day" date, "creditor_id" uuid, "operator_id" uuid);

CREATE OR REPLACE FUNCTION private.keep_panel_days(tenant_id uuid, days date[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_first date;
    v_last date;
begin
    delete from private.panel_facts as known
    where known.tenant_id = keep_panel_days.tenant_id and known.day = any(days);
    delete from private.panel_reach as known
    where known.tenant_id = keep_panel_days.tenant_id and known.day = any(days);
    -- Days in a row are read in one go.
    for v_first, v_last in
        select min(asked.day), max(asked.day)
        from (
            select listed.day, listed.day - (row_number() over (order by listed.day))::int as island
            from (select distinct unnest(days) as day) as listed
        ) as asked
        group by asked.island
    loop
        with event as materialized (
            select * from private.panel_events(keep_panel_days.tenant_id, v_first, v_last)
        ),
        reached as (
            insert into private.panel_reach (
                tenant_id, day, measure, client_id, operator_id, creditor_ids
            )
            select keep_panel_days.tenant_id, event.day, event.measure, event.client_id,
                event.operator_id, array(
                    select distinct said.creditor_id
                    from unnest(array_agg(event.creditor_ids::text)) as many (ids)
                    cross join unnest(many.ids::uuid []) as said (creditor_id)
                )
            from event
            where private.panel_is_reach(event.measure) and event.client_id is not null
            group by event.day, event.measure, event.client_id, event.operator_id
        )
        insert into private.panel_facts (
            tenant_id, day, measure, creditor_id, operator_id, events, amount
        )
        select keep_panel_days.tenant_id, event.day, event.measure, scope.creditor_id,
            event.operator_id, count(*), sum(event.amount)
        from event
        cross join lateral (
            select null::uuid as creditor_id
            union all
            select unnest(event.creditor_ids)
        ) as scope
        group by event.day, event.measure, scope.creditor_id, event.operator_id;
    end loop;
    insert into private.panel_days (tenant_id, day)
    select keep_panel_days.tenant_id, listed.day
    from (select distinct unnest(days) as day) as listed
    on conflict on constraint panel_days_pkey do update set kept_at = excluded.kept_at;
end;
$function$;

CREATE OR REPLACE FUNCTION private.mark_agreements(agreement_ids uuid[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.mark_panel_days(concerned.tenant_id, array_agg(concerned.day))
    from (
        select agreement.tenant_id,
            (agreement.formalised_at at time zone tenants.time_zone)::date as day
        from public.agreements as agreement
        join public.tenants on tenants.id = agreement.tenant_id
        where agreement.id = any(mark_agreements.agreement_ids)
          and agreement.formalised_at is not null
        union
        select event.tenant_id, event.on_date
        from public.agreements as agreement
        join public.agreement_events as event
            on event.tenant_id = agreement.tenant_id and event.agreement_id = agreement.id
        where agreement.id = any(mark_agreements.agreement_ids) and event.to_status = 'broken'
        union
        select part.tenant_id, part.effective_due_on
        from public.agreements as agreement
        join public.installments as part
            on part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
        where agreement.id = any(mark_agreements.agreement_ids)
          and agreement.formalised_at is not null
    ) as concerned
    group by concerned.tenant_id
$function$;

CREATE OR REPLACE FUNCTION private.mark_panel_days(tenant_id uuid, days date[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into private.panel_dirty (tenant_id, day)
    select distinct mark_panel_days.tenant_id, touched.day
    from unnest(mark_panel_days.days) as touched (day)
    where touched.day < private.panel_open_from(mark_panel_days.tenant_id)
$function$;

CREATE OR REPLACE FUNCTION private.mark_panel_since(tenant_id uuid, since date)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- Not from `panel_days`: a day that is being kept for the first time is not seen there yet.
    insert into private.panel_dirty (tenant_id, day)
    select mark_panel_since.tenant_id, ended.open_from - step
    from (
        select private.panel_open_from(mark_panel_since.tenant_id) as open_from,
            -- Another zone may have moved it.
            private.panel_since(mark_panel_since.tenant_id) - 1 as first_day
    ) as ended
    cross join lateral generate_series(
        1, ended.open_from - greatest(ended.first_day, mark_panel_since.since)
    ) as step
$function$;

CREATE OR REPLACE FUNCTION private.panel_agreements(tenant_id uuid, zone text, from_day date, until_day date)
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select told.measure,
        (agreement.formalised_at at time zone panel_agreements.zone)::date,
        agreement.formalised_at, agreement.client_id, agreement.created_by,
        array[agreement.creditor_id], 'agreements', agreement.id::text, told.amount
    from public.agreements as agreement
    cross join lateral (
        select exists (
            select from public.installments as part
            where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
              and part.paid_on is not null
        ) as is_effective
    ) as found
    cross join lateral (
        values
        ('agreement', true, agreement.total_cents),
        ('agreement_value', true, agreement.original_cents),
        ('agreement_discount', true, agreement.discount_cents),
        ('agreement_effective', found.is_effective, agreement.total_cents),
        ('agreement_kept', found.is_effective and agreement.status = 'active',
            agreement.total_cents),
        ('agreement_settled', found.is_effective and agreement.status = 'settled',
            agreement.total_cents),
        ('agreement_broken', found.is_effective and agreement.status = 'broken',
            agreement.total_cents),
        ('agreement_lapsed', agreement.status = 'lapsed', agreement.total_cents)
    ) as told (measure, holds, amount)
    where agreement.tenant_id = panel_agreements.tenant_id
      and agreement.formalised_at
          >= panel_agreements.from_day::timestamp at time zone panel_agreements.zone
      and agreement.formalised_at
          < (panel_agreements.until_day + 1)::timestamp at time zone panel_agreements.zone
      and told.holds
$function$;

CREATE OR REPLACE FUNCTION private.panel_board()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    return jsonb_build_object(
        'now', private.now(), 'today', private.today(v_tenant_id),
        'people', private.panel_people(v_tenant_id),
        'waiting', private.panel_waiting(v_tenant_id),
        'providers', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'provider', integration.provider, 'last_event_at', integration.last_event_at,
                'silent_since', private.silent_since(integration),
                'failing_since', integration.failing_since
            ) order by integration.provider), '[]')
            from public.integrations as integration
            where integration.tenant_id = v_tenant_id and integration.is_active
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_breaks(tenant_id uuid, from_day date, until_day date)
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select 'broke', event.on_date, event.created_at, agreement.client_id, agreement.created_by,
        array[agreement.creditor_id], 'agreement_events', event.id::text,
        agreement.total_cents - coalesce((
            select sum(part.paid_cents) from public.installments as part
            where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
        ), 0)::bigint
    from public.agreement_events as event
    join public.agreements as agreement
        on agreement.tenant_id = event.tenant_id and agreement.id = event.agreement_id
    where event.tenant_id = panel_breaks.tenant_id and event.to_status = 'broken'
      and event.on_date between panel_breaks.from_day and panel_breaks.until_day
$function$;

CREATE OR REPLACE FUNCTION private.panel_cards()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.require_role('supervisor');
    return (
        select jsonb_agg(to_jsonb(kpi) - 'position' order by kpi.position)
        from private.panel_kpis as kpi
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_creditors(tenant_id uuid, client_id uuid, until_at timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(array_agg(distinct debts.creditor_id), '{}')
    from public.debts
    where debts.tenant_id = panel_creditors.tenant_id
      and debts.client_id = panel_creditors.client_id
      and debts.created_at < panel_creditors.until_at
$function$;

CREATE OR REPLACE FUNCTION private.panel_days_with(scope private.panel_scope, measure text)
 RETURNS SETOF date
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with kept as materialized (
        select unnest(private.panel_kept_days(panel_days_with.scope)) as day
    )
    select days.day
    from (
        select (panel_days_with.scope).from_day + step as day
        from generate_series(
            0, (panel_days_with.scope).until_day - (panel_days_with.scope).from_day
        ) as step
    ) as days
    where not exists (select from kept where kept.day = days.day) or exists (
        select from private.panel_facts as fact
        where fact.tenant_id = (panel_days_with.scope).tenant_id and fact.day = days.day
          and fact.creditor_id is null and fact.measure = panel_days_with.measure
    )
    order by days.day desc
$function$;

CREATE OR REPLACE FUNCTION private.panel_events(tenant_id uuid, from_day date, until_day date, families text[] DEFAULT NULL::text[])
 RETURNS SETOF private.panel_event
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = panel_events.tenant_id
    );
begin
    if families is null or 'voice' = any(families) then
        return query select * from private.panel_voice(tenant_id, v_zone, from_day, until_day);
    end if;
    if families is null or 'message' = any(families) then
        return query select * from private.panel_messages(tenant_id, v_zone, from_day, until_day);
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
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_families(measure text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case
        when measure = 'attempt' then array['voice', 'message']
        when measure like 'message%' then array['message']
        when measure like 'agreement%' then array['agreement']
        when measure = 'broke' then array['break']
        when measure like 'promise%' then array['promise']
        when measure = 'payment' then array['payment']
        else array['voice']
    end
$function$;

CREATE OR REPLACE FUNCTION private.panel_is_reach(measure text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select measure in ('attempt', 'right_party', 'agreement') $function$;

CREATE OR REPLACE FUNCTION private.panel_kept_days(scope private.panel_scope)
 RETURNS date[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(array_agg(known.day order by known.day), '{}')
    from private.panel_days as known
    where known.tenant_id = scope.tenant_id
      and known.day between scope.from_day and scope.until_day
      and known.day < private.panel_open_from(scope.tenant_id)
      and not exists (
          select from private.panel_dirty as dirty
          where dirty.tenant_id = known.tenant_id and dirty.day = known.day
      )
$function$;

CREATE OR REPLACE FUNCTION private.panel_live_events(scope private.panel_scope, kept date[])
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select event.*
    from (
        select min(asked.day) as from_day, max(asked.day) as until_day
        from (
            select days.day, days.day - (row_number() over (order by days.day))::int as island
            from (
                select scope.from_day + step as day
                from generate_series(0, scope.until_day - scope.from_day) as step
            ) as days
            where days.day <> all(panel_live_events.kept)
        ) as asked
        group by asked.island
    ) as live
    cross join lateral private.panel_events(
        scope.tenant_id, live.from_day, live.until_day
    ) as event
    where (scope.operator_id is null or event.operator_id = scope.operator_id)
      and (scope.creditor_id is null or event.creditor_ids @> array[scope.creditor_id])
$function$;

CREATE OR REPLACE FUNCTION private.panel_messages(tenant_id uuid, zone text, from_day date, until_day date)
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with accepted as materialized (
        select message.submitted_at as at,
            (message.submitted_at at time zone panel_messages.zone)::date as day,
            message.client_id, message.created_by, message.id, message.status,
            message.delivered_at, message.read_at
        from public.message_logs as message
        where message.tenant_id = panel_messages.tenant_id and message.direction = 'out'
          and message.submitted_at
              >= panel_messages.from_day::timestamp at time zone panel_messages.zone
          and message.submitted_at
              < (panel_messages.until_day + 1)::timestamp at time zone panel_messages.zone
    ),
    known as materialized (
        select seen.client_id, seen.day, private.panel_creditors(
            panel_messages.tenant_id, seen.client_id,
            (seen.day + 1)::timestamp at time zone panel_messages.zone
        ) as creditor_ids
        from (
            select distinct accepted.client_id, accepted.day from accepted
            where accepted.client_id is not null
        ) as seen
    )
    select told.measure, accepted.day, accepted.at, accepted.client_id, accepted.created_by,
        coalesce(known.creditor_ids, '{}'), 'message_logs', accepted.id::text, 0::bigint
    from accepted
    left join known on known.client_id = accepted.client_id and known.day = accepted.day
    cross join lateral (
        values
        ('message_accepted', true),
        ('attempt', accepted.client_id is not null),
        -- Read without a receipt of delivery was delivered.
        ('message_delivered', accepted.delivered_at is not null
            or accepted.read_at is not null or accepted.status in ('delivered', 'read')),
        ('message_read', accepted.read_at is not null or accepted.status = 'read')
    ) as told (measure, holds)
    where told.holds
$function$;

CREATE OR REPLACE FUNCTION private.panel_numbers(filter jsonb, split_by text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
begin
    if split_by not in ('', 'day', 'operator', 'creditor') then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'split_by';
    end if;
    return jsonb_build_object(
        'is_partial', v_scope.until_day >= private.panel_open_from(v_tenant_id),
        'groups', (
            with summed as materialized (
                select * from private.panel_sums(v_scope, split_by)
            ),
            part as (
                select keys.key, kpi.code, kpi.unit, kpi.denominator is not null as is_divided,
                    coalesce(case kpi.numerator_as
                        when 'events' then above.events
                        when 'clients' then above.clients else above.amount end, 0) as numerator,
                    coalesce(case kpi.denominator_as
                        when 'events' then below.events
                        when 'clients' then below.clients else below.amount end, 0) as denominator
                from (
                    select distinct summed.key from summed
                    -- Nothing happened is a number, too.
                    union
                    select '' where split_by = ''
                ) as keys
                cross join private.panel_kpis as kpi
                left join summed as above
                    on above.key = keys.key and above.measure = kpi.numerator
                left join summed as below
                    on below.key = keys.key and below.measure = kpi.denominator
            ),
            grouped as (
                select part.key, jsonb_object_agg(part.code, jsonb_strip_nulls(jsonb_build_object(
                    'numerator', part.numerator,
                    'denominator', case when part.is_divided then part.denominator end,
                    'value', case when part.is_divided
                        then private.panel_value(part.unit, part.numerator, part.denominator)
                        else part.numerator end
                ))) as kpis
                from part
                group by part.key
            )
            select coalesce(jsonb_agg(jsonb_build_object(
                'key', grouped.key,
                'label', case split_by
                    when 'operator' then private.actor_name(
                        v_tenant_id, nullif(grouped.key, '')::uuid
                    )
                    when 'creditor' then (
                        select creditors.name from public.creditors
                        where creditors.tenant_id = v_tenant_id
                          and creditors.id::text = grouped.key
                    )
                end,
                'kpis', grouped.kpis
            ) order by grouped.key), '[]')
            from grouped
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_open_from(tenant_id uuid)
 RETURNS date
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select ((private.now() - interval '2 hours') at time zone tenants.time_zone)::date
    from public.tenants where tenants.id = panel_open_from.tenant_id
$function$;

CREATE OR REPLACE FUNCTION private.panel_payments(tenant_id uuid, zone text, from_day date, until_day date)
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with booked as materialized (
        select payment.id, payment.client_id, payment.paid_on,
            part.agreement_id, debt.creditor_id, sum(booking.total_cents)::bigint as cents
        from public.payments as payment
        join public.payment_allocations as booking
            on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
        left join public.installments as part
            on part.tenant_id = booking.tenant_id and part.id = booking.installment_id
        left join public.debts as debt
            on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
        where payment.tenant_id = panel_payments.tenant_id
          and payment.paid_on between panel_payments.from_day and panel_payments.until_day
        group by payment.id, part.agreement_id, debt.creditor_id
        having sum(booking.total_cents) <> 0
    ),
    -- One payment that covers titles of two creditors is received for each.
    counted as (
        select booked.*, bool_or(booked.agreement_id is not null) over (
            partition by booked.id
        ) as pays_installments
        from booked
    ),
    whose as (
        select counted.id, counted.client_id, counted.paid_on, counted.cents,
            coalesce(agreement.creditor_id, counted.creditor_id) as creditor_id,
            agreement.created_by
        from counted
        left join public.agreements as agreement
            on agreement.tenant_id = panel_payments.tenant_id
            and agreement.id = counted.agreement_id
        where counted.pays_installments = (counted.agreement_id is not null)
    )
    select 'payment', whose.paid_on,
        whose.paid_on::timestamp at time zone panel_payments.zone, whose.client_id,
        whose.created_by, array[whose.creditor_id], 'payments',
        whose.id::text || ':' || whose.creditor_id::text
            || coalesce(':' || whose.created_by::text, ''),
        sum(whose.cents)::bigint
    from whose
    group by whose.id, whose.client_id, whose.paid_on, whose.creditor_id, whose.created_by
$function$;

CREATE OR REPLACE FUNCTION private.panel_people(tenant_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_today date := private.today(tenant_id);
begin
    return (
        with summed as materialized (
            select * from private.panel_sums(
                (panel_people.tenant_id, v_today, v_today, null, null)::private.panel_scope,
                'operator'
            )
        )
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', member.user_id, 'name', member.display_name, 'role', member.role,
            'serving', case when held.client_id is not null then jsonb_build_object(
                'client_id', held.client_id, 'client', clients.name,
                'document', clients.document, 'since', held.since
            ) end,
            'last_disposition_at', last_done.at,
            'attempts', coalesce(counted.attempts, 0),
            'right_party', coalesce(counted.right_party, 0),
            'agreements', coalesce(counted.agreements, 0),
            'agreed_cents', coalesce(counted.agreed_cents, 0)
        ) order by held.since is null, held.since, member.display_name, member.user_id), '[]')
        from public.memberships as member
        left join lateral (
            select serving.client_id, serving.since
            from public.client_services as serving
            where serving.operator_id = member.user_id
              and serving.tenant_id = panel_people.tenant_id
              and serving.seen_at > private.now() - private.service_patience()
            order by serving.since desc limit 1
        ) as held on true
        left join public.clients
            on clients.tenant_id = panel_people.tenant_id and clients.id = held.client_id
        left join lateral (
            select done.created_at as at
            from public.call_dispositions as done
            where done.operator_id = member.user_id and done.tenant_id = panel_people.tenant_id
            order by done.created_at desc limit 1
        ) as last_done on true
        left join lateral (
            select sum(summed.events) filter (where summed.measure = 'attempt') as attempts,
                sum(summed.events) filter (where summed.measure = 'right_party') as right_party,
                sum(summed.events) filter (where summed.measure = 'agreement') as agreements,
                sum(summed.amount) filter (where summed.measure = 'agreement') as agreed_cents
            from summed where summed.key = member.user_id::text
        ) as counted on true
        where member.tenant_id = panel_people.tenant_id and member.revoked_at is null
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_promises(tenant_id uuid, zone text, from_day date, until_day date)
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select told.measure, part.effective_due_on, part.effective_due_on::timestamp
            at time zone panel_promises.zone,
        part.client_id, agreement.created_by, array[agreement.creditor_id], 'installments',
        part.id::text, part.amount_cents
    from public.installments as part
    join public.agreements as agreement
        on agreement.tenant_id = part.tenant_id and agreement.id = part.agreement_id
        and agreement.formalised_at is not null
    join public.agreement_policies as policy
        on policy.tenant_id = agreement.tenant_id and policy.id = agreement.policy_id
    cross join lateral (
        values
        ('promise', true),
        ('promise_kept', part.status = 'paid'
            and part.paid_on < part.effective_due_on + policy.provisional_after_days)
    ) as told (measure, holds)
    where part.tenant_id = panel_promises.tenant_id
      and part.effective_due_on between panel_promises.from_day and panel_promises.until_day
      and told.holds
      and (part.status <> 'cancelled'
          or part.cancel_reason in ('agreement_broken', 'agreement_lapsed')
          and part.effective_due_on
              <= (agreement.closed_at at time zone panel_promises.zone)::date)
$function$;

CREATE OR REPLACE FUNCTION private.panel_row(tenant_id uuid, event private.panel_event)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'source', event.source, 'source_id', event.source_id, 'day', event.day, 'at', event.at,
        'amount', event.amount,
        'client', (
            select jsonb_build_object(
                'id', clients.id, 'name', clients.name, 'document', clients.document
            )
            from public.clients
            where clients.tenant_id = panel_row.tenant_id and clients.id = event.client_id
        ),
        'operator', case when event.operator_id is not null then jsonb_build_object(
            'id', event.operator_id,
            'name', private.actor_name(panel_row.tenant_id, event.operator_id)
        ) end,
        'creditor', (
            select string_agg(creditors.name, ', ' order by creditors.name)
            from public.creditors
            where creditors.tenant_id = panel_row.tenant_id
              and creditors.id = any(event.creditor_ids)
        )
    )
$function$;

CREATE OR REPLACE FUNCTION private.panel_rows(kpi text, part text, filter jsonb, after text, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- As the carteira's longest page.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_cursor text [] := case when after is not null
        then private.decode_cursor(after, 'date', 'timestamptz', 'text') end;
    v_measure text;
    v_day date;
    v_found private.panel_event [] := '{}';
begin
    select case part when 'numerator' then known.numerator
        when 'denominator' then known.denominator end
    into v_measure
    from private.panel_kpis as known where known.code = panel_rows.kpi;
    if v_measure is null then
        raise exception 'panel_kpi_unknown' using errcode = 'PT404',
            detail = 'no such number, or it has no such part';
    end if;
    for v_day in select days from private.panel_days_with(v_scope, v_measure) as days loop
        continue when v_day > v_cursor[1]::date;
        v_found := v_found || array(
            select event::private.panel_event
            from private.panel_events(
                v_tenant_id, v_day, v_day, private.panel_families(v_measure)
            ) as event
            where event.measure = v_measure
              and (v_scope.operator_id is null or event.operator_id = v_scope.operator_id)
              and (v_scope.creditor_id is null
                  or event.creditor_ids @> array[v_scope.creditor_id])
              and (v_cursor is null or event.day < v_cursor[1]::date
                  or (event.at, event.source_id) < (v_cursor[2]::timestamptz, v_cursor[3]))
            order by event.at desc, event.source_id desc
            limit v_size + 1 - cardinality(v_found)
        );
        exit when cardinality(v_found) > v_size;
    end loop;
    return jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(
                private.panel_row(v_tenant_id, v_found[listed.place]) order by listed.place
            ), '[]')
            from generate_series(1, least(cardinality(v_found), v_size)) as listed (place)
        ),
        'next', case when cardinality(v_found) > v_size then private.encode_cursor(
            v_found[v_size].day::text, v_found[v_size].at::text, v_found[v_size].source_id
        ) end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_since(tenant_id uuid)
 RETURNS date
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select (tenants.created_at at time zone tenants.time_zone)::date
    from public.tenants where tenants.id = panel_since.tenant_id
$function$;

CREATE OR REPLACE FUNCTION private.panel_sums(scope private.panel_scope, split_by text)
 RETURNS TABLE(key text, measure text, events bigint, clients bigint, amount bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_kept date [] := private.panel_kept_days(scope);
begin
    return query execute replace(replace(replace(replace($sql$
        with event as materialized (
            select * from private.panel_live_events($1, $2)
        ),
        added as (
            select fact.day, fact.measure, fact.creditor_id, fact.operator_id, fact.events,
                fact.amount
            from private.panel_facts as fact
            where fact.tenant_id = ($1).tenant_id and fact.day = any($2)
              and fact.creditor_id $creditor
              and (($1).operator_id is null or fact.operator_id = ($1).operator_id)
            union all
            select event.day, event.measure, scope.creditor_id, event.operator_id, 1,
                event.amount
            from event
            cross join lateral $scopes as scope (creditor_id)
        ),
        added_up as (
            select $key as key, row.measure, sum(row.events)::bigint as events,
                sum(row.amount)::bigint as amount
            from added as row group by 1, 2
        ),
        reached as (
            select known.day, known.measure, known.client_id, known.operator_id,
                known.creditor_ids
            from private.panel_reach as known
            where known.tenant_id = ($1).tenant_id and known.day = any($2)
              and (($1).operator_id is null or known.operator_id = ($1).operator_id)
              and (($1).creditor_id is null or known.creditor_ids @> array[($1).creditor_id])
            union all
            select event.day, event.measure, event.client_id, event.operator_id,
                event.creditor_ids
            from event
            where private.panel_is_reach(event.measure) and event.client_id is not null
        ),
        different as (
            select $key as key, row.measure, count(distinct row.client_id) as clients
            from (
                select reached.*, scope.creditor_id
                from reached
                cross join lateral $scopes_of_reached as scope (creditor_id)
            ) as row
            group by 1, 2
        )
        select added_up.key, added_up.measure, added_up.events,
            coalesce(different.clients, 0), added_up.amount
        from added_up
        left join different
            on different.key = added_up.key and different.measure = added_up.measure
    $sql$,
        '$scopes_of_reached', case when split_by = 'creditor' and scope.creditor_id is null
            then 'unnest(reached.creditor_ids)' else '(values (($1).creditor_id))' end),
        '$scopes', case when split_by = 'creditor' and scope.creditor_id is null
            then 'unnest(event.creditor_ids)' else '(values (($1).creditor_id))' end),
        '$key', case split_by
            when 'day' then 'row.day::text'
            when 'operator' then 'coalesce(row.operator_id::text, '''')'
            when 'creditor' then 'row.creditor_id::text' else '''''' end),
        '$creditor', case
            when split_by = 'creditor' and scope.creditor_id is null then 'is not null'
            when scope.creditor_id is null then 'is null'
            else '= ($1).creditor_id' end
        )
    using scope, v_kept;
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_value(unit text, numerator bigint, denominator bigint)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case
        when panel_value.unit = 'percent' then round(100.0 * numerator / nullif(denominator, 0), 2)
        when panel_value.unit = 'ratio' then round(1.0 * numerator / nullif(denominator, 0), 2)
        else round(1.0 * numerator / nullif(denominator, 0))
    end
$function$;

CREATE OR REPLACE FUNCTION private.panel_voice(tenant_id uuid, zone text, from_day date, until_day date)
 RETURNS SETOF private.panel_event
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_from timestamptz := from_day::timestamp at time zone zone;
    v_until timestamptz := (until_day + 1)::timestamp at time zone zone;
begin
    return query
    with attempt as materialized (
        select call.called_at as at, call.client_id, call.id::text as source_id,
            'calls' as source, coalesce(done.operator_id, call.operator_id) as operator_id,
            -- The word of whoever spoke counts; without one, the dialer's.
            coalesce(
                word.human_answered, call.connected_at is not null or call.status = 'abandoned'
            ) as is_alo,
            coalesce(word.right_party, false) as is_right,
            coalesce(word.unworkable, false) as is_wrong,
            coalesce(call.talk_seconds, 0) as seconds,
            call.agent_id is not null as has_agent,
            coalesce(call.qualification_source = 'automatic', false) as is_auto
        from public.calls as call
        left join public.call_dispositions as done
            on done.tenant_id = call.tenant_id and done.id = call.disposition_id
        left join public.disposition_types as word
            on word.tenant_id = call.tenant_id
            and word.key = coalesce(done.disposition_type, call.outcome_type)
        where call.tenant_id = panel_voice.tenant_id
          and call.called_at >= v_from and call.called_at < v_until
          and (private.call_rank(call.status) >= 5 or word.key is not null)
        union all
        select done.created_at, done.client_id, done.id::text, 'call_dispositions',
            done.operator_id, word.human_answered, word.right_party, word.unworkable,
            0, false, false
        from public.call_dispositions as done
        join public.disposition_types as word
            on word.tenant_id = done.tenant_id and word.key = done.disposition_type
        where done.tenant_id = panel_voice.tenant_id
          and done.created_at >= v_from and done.created_at < v_until
          and not exists (
              select from public.calls as call
              where call.tenant_id = done.tenant_id and call.disposition_id = done.id
          )
    ),
    known as materialized (
        select seen.client_id, seen.day, private.panel_creditors(
            panel_voice.tenant_id, seen.client_id,
            (seen.day + 1)::timestamp at time zone panel_voice.zone
        ) as creditor_ids
        from (
            select distinct attempt.client_id, (attempt.at at time zone panel_voice.zone)::date as day
            from attempt where attempt.client_id is not null
        ) as seen
    )
    select told.measure, (attempt.at at time zone panel_voice.zone)::date, attempt.at,
        attempt.client_id, attempt.operator_id, coalesce(known.creditor_ids, '{}'),
        attempt.source, attempt.source_id, told.amount
    from attempt
    left join known
        on known.client_id = attempt.client_id
        and known.day = (attempt.at at time zone panel_voice.zone)::date
    cross join lateral (
        values
        ('voice_attempt', true, 0::bigint),
        ('attempt', attempt.client_id is not null, 0),
        ('alo', attempt.is_alo, 0),
        ('right_party', attempt.is_right, 0),
        ('wrong_party', attempt.is_wrong, 0),
        ('talked', attempt.seconds > 0, attempt.seconds),
        ('call', attempt.has_agent, 0),
        ('auto_closed', attempt.has_agent and attempt.is_auto, 0)
    ) as told (measure, holds, amount)
    where told.holds;
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_waiting(tenant_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Older failures were seen or never will be.
    c_recent constant interval := interval '7 days';
    v_recent timestamptz := private.now() - c_recent;
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', found.kind, 'is_decision', found.is_decision, 'count', found.waiting,
            'oldest_at', found.oldest_at
        ) order by not found.is_decision, found.oldest_at, found.kind), '[]')
        from (
            select 'agreements_to_approve' as kind, true as is_decision, count(*) as waiting,
                min(agreement.created_at) as oldest_at
            from public.agreements as agreement
            where agreement.tenant_id = panel_waiting.tenant_id
              and agreement.status = 'pending_approval'
            union all
            select 'settlements_to_decide', true, count(*), min(wanted.created_at)
            from public.manual_settlements as wanted
            where wanted.tenant_id = panel_waiting.tenant_id and wanted.status = 'pending'
            union all
            select 'payments_to_decide', true, count(*), min(known.opened_at)
            from public.payment_cases as known
            where known.tenant_id = panel_waiting.tenant_id and known.resolved_at is null
            union all
            select 'batches_to_confirm', true, count(*), min(batch.created_at)
            from public.message_batches as batch
            where batch.tenant_id = panel_waiting.tenant_id
              and batch.status = 'awaiting_confirmation'
            union all
            select 'callbacks_overdue', false, count(*), min(promised.due_at)
            from public.callbacks as promised
            where promised.tenant_id = panel_waiting.tenant_id
              and promised.status = 'scheduled' and promised.due_at < private.now()
            union all
            select 'automations_failed', false, count(*), min(run.finished_at)
            from public.automation_runs as run
            where run.tenant_id = panel_waiting.tenant_id and run.status = 'failed'
              and run.finished_at > v_recent
            union all
            select 'charges_failed', false, count(*), min(charge.updated_at)
            from public.charges as charge
            where charge.tenant_id = panel_waiting.tenant_id
              and charge.status in ('failed', 'unknown') and charge.updated_at > v_recent
            union all
            select 'imports_failed', false, count(*), min(import.created_at)
            from public.imports as import
            where import.tenant_id = panel_waiting.tenant_id
              and import.status in ('failed', 'interrupted') and import.created_at > v_recent
            union all
            select 'jobs_failed', false, count(*), min(run.started_at)
            from public.job_runs as run
            where run.tenant_id = panel_waiting.tenant_id and run.failures > 0
              and run.on_date >= private.today(panel_waiting.tenant_id) - 1
        ) as found
        where found.waiting > 0
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_panel_filter(tenant_id uuid, filter jsonb)
 RETURNS private.panel_scope
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
    -- A year and its last day.
    c_max_days constant int := 366;
    v_types constant jsonb :=
        '{"from": "date", "to": "date", "creditor_id": "uuid", "operator_id": "uuid"}';
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
        (filter ->> 'creditor_id')::uuid, (filter ->> 'operator_id')::uuid
    )::private.panel_scope;
    if (v_scope.until_day - v_scope.from_day between 0 and c_max_days - 1) is not true then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'from, to';
    end if;
    return v_scope;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refresh_panel()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid;
    v_days int;
    v_sum int := 0;
    v_run_id bigint;
begin
    for v_tenant_id in select tenants.id from public.tenants order by tenants.id loop
        begin
            v_days := private.refresh_panel_of(v_tenant_id);
            v_sum := v_sum + v_days;
            continue when v_days = 0;
            insert into public.job_runs (tenant_id, job, on_date)
            values (v_tenant_id, 'refresh_panel', private.today(v_tenant_id))
            returning id into v_run_id;
            perform private.finish_job(v_run_id, jsonb_build_object('days', v_days), 0);
        exception when others then
            insert into public.job_runs (tenant_id, job, on_date)
            values (v_tenant_id, 'refresh_panel', private.today(v_tenant_id))
            returning id into v_run_id;
            perform private.finish_job(
                v_run_id, jsonb_build_object('code', sqlstate, 'error', sqlerrm), 1
            );
        end;
    end loop;
    return v_sum;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refresh_panel_of(tenant_id uuid, day_limit integer DEFAULT 31)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_open_from date := private.panel_open_from(tenant_id);
    v_days date [];
    v_since date;
begin
    -- Who does not get it leaves the days to whoever has it, or to the next.
    if not pg_try_advisory_xact_lock(hashtextextended('refresh_panel:' || tenant_id, 0)) then
        return 0;
    end if;
    -- A clock that was set back (the demo's): what is open again is not kept.
    delete from private.panel_days as known
    where known.tenant_id = refresh_panel_of.tenant_id and known.day >= v_open_from;
    with taken as (
        delete from private.panel_dirty as dirty
        where dirty.tenant_id = refresh_panel_of.tenant_id
          and dirty.day in (
              select several.day from private.panel_dirty as several
              where several.tenant_id = refresh_panel_of.tenant_id
              group by several.day
              order by several.day desc
              limit day_limit
          )
        returning dirty.day
    )
    select array_agg(distinct taken.day) into v_days
    from taken
    -- A day that was never kept is read below, in its turn.
    where exists (
        select from private.panel_days as known
        where known.tenant_id = refresh_panel_of.tenant_id and known.day = taken.day
    );
    v_since := private.panel_since(tenant_id);
    v_days := coalesce(v_days, '{}') || array(
        select missing.day
        from (
            select v_open_from - step as day
            from generate_series(1, v_open_from - v_since) as step
        ) as missing
        where not exists (
            select from private.panel_days as known
            where known.tenant_id = refresh_panel_of.tenant_id and known.day = missing.day
        )
        order by missing.day desc
        limit greatest(day_limit - coalesce(cardinality(v_days), 0), 0)
    );
    if cardinality(v_days) > 0 then
        perform private.keep_panel_days(tenant_id, v_days);
    end if;
    return cardinality(v_days);
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_agreement_events__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_panel_days(touched.tenant_id, array_agg(distinct touched.on_date))
    from new_rows as touched
    where touched.to_status = 'broken'
    group by touched.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_agreements__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_agreements(array(select new_rows.id from new_rows));
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_calls__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if tg_op = 'INSERT' then
        perform private.mark_panel_days(touched.tenant_id, array_agg(touched.day))
        from (
            select distinct changed.tenant_id,
                (changed.called_at at time zone tenants.time_zone)::date as day
            from new_rows as changed join public.tenants on tenants.id = changed.tenant_id
        ) as touched
        group by touched.tenant_id;
    else
        perform private.mark_panel_days(touched.tenant_id, array_agg(touched.day))
        from (
            select distinct changed.tenant_id,
                (changed.called_at at time zone tenants.time_zone)::date as day
            from (table old_rows union all table new_rows) as changed
            join public.tenants on tenants.id = changed.tenant_id
        ) as touched
        group by touched.tenant_id;
    end if;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_debts__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_panel_since(
        gone.tenant_id, (min(gone.created_at) at time zone tenants.time_zone)::date
    )
    from old_rows as gone
    join public.tenants on tenants.id = gone.tenant_id
    group by gone.tenant_id, tenants.time_zone;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_disposition_types__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_panel_since(changed.tenant_id, '-infinity')
    from (
        select distinct became.tenant_id
        from new_rows as became
        join old_rows as was on was.tenant_id = became.tenant_id and was.key = became.key
        where (became.human_answered, became.right_party, became.unworkable)
            is distinct from (was.human_answered, was.right_party, was.unworkable)
    ) as changed;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_installments__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_agreements(array(select distinct new_rows.agreement_id from new_rows));
    -- A due day that was moved leaves the day it fell on.
    perform private.mark_panel_days(moved.tenant_id, array_agg(moved.effective_due_on))
    from (
        select distinct was.tenant_id, was.effective_due_on
        from old_rows as was
        join new_rows as became on became.id = was.id
        where became.effective_due_on <> was.effective_due_on
    ) as moved
    group by moved.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_message_logs__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_panel_days(touched.tenant_id, array_agg(touched.day))
    from (
        select distinct changed.tenant_id,
            (days.at at time zone tenants.time_zone)::date as day
        from new_rows as changed
        join old_rows as was on was.id = changed.id
        join public.tenants on tenants.id = changed.tenant_id
        cross join lateral (values (was.submitted_at), (changed.submitted_at)) as days (at)
        where changed.direction = 'out' and days.at is not null and (
            changed.submitted_at, changed.client_id, changed.created_by, changed.status,
            changed.delivered_at, changed.read_at
        ) is distinct from (
            was.submitted_at, was.client_id, was.created_by, was.status, was.delivered_at,
            was.read_at
        )
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_payment_allocations__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_panel_days(touched.tenant_id, array_agg(distinct payment.paid_on))
    from new_rows as touched
    join public.payments as payment
        on payment.tenant_id = touched.tenant_id and payment.id = touched.payment_id
    group by touched.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_tenants__panel()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_panel_since(became.id, '-infinity')
    from new_rows as became
    join old_rows as was on was.id = became.id
    where became.time_zone <> was.time_zone;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.panel_board()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.panel_board() $function$;

CREATE OR REPLACE FUNCTION public.panel_cards()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.panel_cards() $function$;

CREATE OR REPLACE FUNCTION public.panel_numbers(filter jsonb, split_by text DEFAULT ''::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.panel_numbers(filter, split_by) $function$;

CREATE OR REPLACE FUNCTION public.panel_rows(kpi text, part text, filter jsonb, after text DEFAULT NULL::text, page_size integer DEFAULT 60)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.panel_rows(kpi, part, filter, after, page_size) $function$;

ALTER TABLE "private"."panel_days" ADD CONSTRAINT "panel_days_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_dirty" ADD CONSTRAINT "panel_dirty_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_facts" ADD CONSTRAINT "panel_facts_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_reach" ADD CONSTRAINT "panel_reach_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE INDEX panel_dirty_of_tenant ON private.panel_dirty USING btree (tenant_id, day);

CREATE INDEX agreement_events_of_breaks ON public.agreement_events USING btree (tenant_id, on_date) WHERE (to_status = 'broken'::public.agreement_status);

CREATE INDEX agreements_by_formalised ON public.agreements USING btree (tenant_id, formalised_at) WHERE (formalised_at IS NOT NULL);

CREATE INDEX call_dispositions_by_day ON public.call_dispositions USING brin (created_at) WITH (autosummarize='true');

CREATE INDEX calls_by_day ON public.calls USING brin (called_at) WITH (autosummarize='true');

CREATE INDEX installments_by_day ON public.installments USING btree (tenant_id, effective_due_on);

CREATE INDEX message_logs_by_day ON public.message_logs USING brin (submitted_at) WITH (autosummarize='true');

CREATE TRIGGER _700_panel_insert AFTER INSERT ON public.agreement_events REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_agreement_events__panel();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.agreements REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_agreements__panel();

CREATE TRIGGER _700_panel_insert AFTER INSERT ON public.calls REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_calls__panel();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.calls REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_calls__panel();

CREATE TRIGGER _700_panel_delete AFTER DELETE ON public.debts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_debts__panel();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.disposition_types REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_disposition_types__panel();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.installments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_installments__panel();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.message_logs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_message_logs__panel();

CREATE TRIGGER _700_panel_insert AFTER INSERT ON public.payment_allocations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_payment_allocations__panel();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.tenants REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_tenants__panel();

COMMENT ON FUNCTION "private"."refresh_panel"() IS 'Days kept. The numbers are exact without it, and slow.';

COMMENT ON FUNCTION "public"."panel_board"() IS 'Supervisor: {now, today, people: [{id, name, role, serving: {client_id, client, document, since} |
null, last_disposition_at, attempts, right_party, agreements, agreed_cents}], waiting: [{kind,
is_decision, count, oldest_at}], providers: [{provider, last_event_at, silent_since,
failing_since}]}.';

COMMENT ON FUNCTION "public"."panel_cards"() IS 'Supervisor: the definition of every number: [{code, section, name, sentence, formula, unit,
date_basis, numerator, numerator_as, denominator, denominator_as}].';

COMMENT ON FUNCTION "public"."panel_numbers"(jsonb, text) IS 'Supervisor. filter {from, to (days of the agency, 366 at most), creditor_id, operator_id}; split_by
'''' | day | operator | creditor → {is_partial, groups: [{key, label, kpis: {code: {numerator,
denominator?, value?}}}]}. Without a value nothing can be divided by. PT400 filter_invalid,
unknown_filter.';

COMMENT ON FUNCTION "public"."panel_rows"(text, text, jsonb, text, integer) IS 'Supervisor. part numerator | denominator; filter as panel_numbers → {rows: [{source, source_id,
day, at, amount, client, operator, creditor}], next}. What is counted in clients is the different clients
of these rows. PT404 panel_kpi_unknown, PT400 filter_invalid, unknown_filter.';

COMMENT ON TABLE "private"."panel_days" IS 'Days whose facts are kept.';

COMMENT ON TABLE "private"."panel_dirty" IS 'Days whose kept facts are not true any more.';

COMMENT ON TABLE "private"."panel_facts" IS 'Derived: sums of a day''s events.';

COMMENT ON TABLE "private"."panel_kpis" IS 'KPIs: definition cards and what each is made of.';

COMMENT ON TABLE "private"."panel_reach" IS 'Derived: clients of a day''s events.';

REVOKE ALL ON FUNCTION "private"."keep_panel_days"(uuid, date[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mark_agreements"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mark_panel_days"(uuid, date[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mark_panel_since"(uuid, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_agreements"(uuid, text, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_board"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."panel_board"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."panel_breaks"(uuid, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_cards"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."panel_cards"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."panel_creditors"(uuid, uuid, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_days_with"(private.panel_scope, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_events"(uuid, date, date, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_families"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_is_reach"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_kept_days"(private.panel_scope) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_live_events"(private.panel_scope, date[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_messages"(uuid, text, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_numbers"(jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."panel_numbers"(jsonb, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."panel_open_from"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_payments"(uuid, text, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_people"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_promises"(uuid, text, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_row"(uuid, private.panel_event) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_rows"(text, text, jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."panel_rows"(text, text, jsonb, text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."panel_since"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_sums"(private.panel_scope, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_value"(text, bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_voice"(uuid, text, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_waiting"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_panel_filter"(uuid, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refresh_panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refresh_panel_of"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_agreement_events__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_agreements__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_calls__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_debts__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_disposition_types__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_installments__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_message_logs__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_payment_allocations__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_tenants__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "public"."panel_board"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_board"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_cards"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_cards"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_numbers"(jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_numbers"(jsonb, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_rows"(text, text, jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_rows"(text, text, jsonb, text, integer) TO "authenticated", "postgres", "service_role";

-- Rows and jobs, which a differ does not see.
insert into private.panel_kpis (
    position, section, code, name, unit, date_basis, numerator, numerator_as, denominator,
    denominator_as, formula, sentence
)
values
(
    1, 'contact', 'attempts', 'Acionamentos', 'count', 'dia do acionamento',
    'attempt', 'events', null, null, 'ligações encerradas + WhatsApp aceitos',
    'Tentativas de falar com clientes: ligações encerradas ou tabuladas e mensagens de WhatsApp'
    || ' aceitas pelo provedor. O que o cliente manda não conta.'
),
(
    2, 'contact', 'clients_attempted', 'Clientes acionados', 'count', 'dia do acionamento',
    'attempt', 'clients', null, null, 'clientes diferentes com acionamento',
    'Cada cliente conta uma vez no período, por mais vezes que tenha sido acionado.'
),
(
    3, 'contact', 'spin', 'Spin', 'ratio', 'dia do acionamento',
    'attempt', 'events', 'attempt', 'clients', 'acionamentos ÷ clientes acionados',
    'Quantas vezes, em média, cada cliente acionado foi procurado.'
),
(
    4, 'contact', 'answer_rate', 'Taxa de alô', 'percent', 'dia da ligação',
    'alo', 'events', 'voice_attempt', 'events', 'ligações atendidas ÷ ligações',
    'Das ligações feitas, quantas foram atendidas por uma pessoa, segundo a tabulação; sem ela,'
    || ' segundo o discador.'
),
(
    5, 'contact', 'right_party', 'CPC', 'count', 'dia da ligação',
    'right_party', 'events', null, null, 'ligações tabuladas como pessoa certa',
    'Contatos com a pessoa certa: a tabulação diz que quem falou era o próprio cliente.'
),
(
    6, 'contact', 'right_party_per_attempt', 'CPC por tentativa', 'percent', 'dia da ligação',
    'right_party', 'events', 'voice_attempt', 'events', 'CPC ÷ ligações',
    'De todas as ligações feitas, quantas chegaram à pessoa certa.'
),
(
    7, 'contact', 'right_party_per_alo', 'CPC por alô', 'percent', 'dia da ligação',
    'right_party', 'events', 'alo', 'events', 'CPC ÷ ligações atendidas',
    'Das ligações atendidas, quantas eram com a pessoa certa.'
),
(
    8, 'contact', 'clients_reached', 'Clientes localizados', 'count', 'dia da ligação',
    'right_party', 'clients', null, null, 'clientes diferentes com CPC',
    'Clientes com quem se falou ao menos uma vez no período.'
),
(
    9, 'contact', 'wrong_party_rate', 'Contato incorreto', 'percent', 'dia da ligação',
    'wrong_party', 'events', 'alo', 'events', 'ligações com a pessoa errada ÷ ligações atendidas',
    'Das ligações atendidas, em quantas o número era de outra pessoa.'
),
(
    10, 'contact', 'talk_time', 'Tempo médio falado', 'seconds', 'dia da ligação',
    'talked', 'amount', 'talked', 'events', 'tempo falado ÷ ligações com conversa',
    'Duração média da conversa, contada pelo discador.'
),
(
    11, 'contact', 'auto_closed', 'Tabulação automática', 'percent', 'dia da ligação',
    'auto_closed', 'events', 'call', 'events', 'encerradas pelo tempo ÷ ligações com operador',
    'Ligações que o discador tabulou sozinho porque o tempo acabou. Alta, põe em dúvida os outros'
    || ' números.'
),
(
    12, 'contact', 'delivered_rate', 'WhatsApp entregue', 'percent', 'dia do envio',
    'message_delivered', 'events', 'message_accepted', 'events', 'entregues ÷ aceitas',
    'Das mensagens aceitas pelo provedor no período, quantas já chegaram ao aparelho.'
),
(
    13, 'contact', 'read_rate', 'WhatsApp lido', 'percent', 'dia do envio',
    'message_read', 'events', 'message_delivered', 'events', 'lidas ÷ entregues',
    'Das entregues, quantas foram lidas. Quem desliga a confirmação de leitura não aparece.'
),
(
    20, 'agreement', 'agreements', 'Acordos fechados', 'count', 'dia da formalização',
    'agreement', 'events', null, null, 'acordos formalizados',
    'Acordos formalizados no período; simulações, propostas recusadas e vencidas não contam.'
),
(
    21, 'agreement', 'agreed', 'Valor acordado', 'cents', 'dia da formalização',
    'agreement', 'amount', null, null, 'soma dos totais dos acordos',
    'O que os clientes se comprometeram a pagar nos acordos fechados no período.'
),
(
    22, 'agreement', 'conversion', 'Conversão', 'percent', 'dia de cada evento',
    'agreement', 'clients', 'right_party', 'clients', 'clientes com acordo ÷ clientes com CPC',
    'Dos clientes com quem se falou, quantos fecharam acordo. Conta pessoas, não ligações.'
),
(
    23, 'agreement', 'conversion_attempted', 'Conversão sobre acionados', 'percent',
    'dia de cada evento',
    'agreement', 'clients', 'attempt', 'clients', 'clientes com acordo ÷ clientes acionados',
    'Dos clientes procurados, quantos fecharam acordo.'
),
(
    24, 'agreement', 'average_ticket', 'Ticket médio do acordo', 'cents', 'dia da formalização',
    'agreement', 'amount', 'agreement', 'events', 'valor acordado ÷ acordos',
    'Valor médio de um acordo fechado no período.'
),
(
    25, 'agreement', 'discount', 'Desconto médio concedido', 'percent', 'dia da formalização',
    'agreement_discount', 'amount', 'agreement_value', 'amount', 'descontos ÷ valor atualizado',
    'De cada real devido no dia do acordo, quanto foi abatido.'
),
(
    26, 'agreement', 'first_payment', 'Efetivação', 'percent', 'dia da formalização',
    'agreement_effective', 'events', 'agreement', 'events', 'acordos com pagamento ÷ acordos',
    'Dos acordos fechados no período, quantos já têm ao menos uma parcela quitada.'
),
(
    27, 'agreement', 'kept_rate', 'Acordos em dia', 'percent', 'dia da formalização',
    'agreement_kept', 'events', 'agreement_effective', 'events', 'em dia ÷ efetivados',
    'Dos acordos do período que começaram a ser pagos, quantos estão em dia hoje.'
),
(
    28, 'agreement', 'finished_rate', 'Acordos concluídos', 'percent', 'dia da formalização',
    'agreement_settled', 'events', 'agreement_effective', 'events', 'quitados ÷ efetivados',
    'Dos acordos do período que começaram a ser pagos, quantos já foram quitados.'
),
(
    29, 'agreement', 'broken_rate', 'Quebra por safra', 'percent', 'dia da formalização',
    'agreement_broken', 'events', 'agreement_effective', 'events', 'quebrados ÷ efetivados',
    'Dos acordos do período que começaram a ser pagos, quantos foram quebrados. Quem nunca pagou'
    || ' aparece em Caducados.'
),
(
    30, 'agreement', 'lapsed_rate', 'Caducados', 'percent', 'dia da formalização',
    'agreement_lapsed', 'events', 'agreement', 'events', 'caducados ÷ acordos',
    'Dos acordos fechados no período, quantos caducaram sem nenhum pagamento.'
),
(
    31, 'agreement', 'breaks', 'Quebras no período', 'count', 'dia da quebra',
    'broke', 'events', null, null, 'entradas em quebra',
    'Acordos que quebraram no período, fechados em qualquer data.'
),
(
    32, 'agreement', 'broken_value', 'Valor quebrado', 'cents', 'dia da quebra',
    'broke', 'amount', null, null, 'saldo dos acordos quebrados',
    'O que faltava pagar dos acordos que quebraram no período.'
),
(
    40, 'money', 'received', 'Recebido', 'cents', 'dia do pagamento',
    'payment', 'amount', null, null, 'pagamentos alocados − estornos',
    'Dinheiro que entrou e foi alocado, pelo dia em que o cliente pagou, já sem os estornos.'
),
(
    41, 'money', 'payments', 'Pagamentos', 'count', 'dia do pagamento',
    'payment', 'events', null, null, 'pagamentos alocados',
    'Quantos pagamentos formam o recebido.'
),
(
    42, 'money', 'payment_ticket', 'Ticket médio do pagamento', 'cents', 'dia do pagamento',
    'payment', 'amount', 'payment', 'events', 'recebido ÷ pagamentos',
    'Valor médio de um pagamento.'
),
(
    43, 'money', 'promises', 'Promessas no vencimento', 'count', 'dia do vencimento',
    'promise', 'events', null, null, 'parcelas que venceram',
    'Parcelas de acordos formalizados que vencem no período.'
),
(
    44, 'money', 'promised', 'Valor prometido', 'cents', 'dia do vencimento',
    'promise', 'amount', null, null, 'soma das parcelas que venceram',
    'Quanto os clientes prometeram pagar no período.'
),
(
    45, 'money', 'promises_kept', 'Promessas cumpridas', 'percent', 'dia do vencimento',
    'promise_kept', 'events', 'promise', 'events', 'pagas no prazo ÷ vencidas no período',
    'Das parcelas que vencem no período, quantas foram pagas dentro da tolerância do acordo.'
);

select cron.schedule('refresh-panel', '*/5 * * * *', 'select private.refresh_panel()');
