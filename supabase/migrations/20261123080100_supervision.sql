-- What readings of imports, channels, rules and the panel found.
-- Locks: see each statement; nothing rewrites a table.
-- Schema first, functions after: the functions of the release before keep working on it.

set local check_function_bodies = off;

select cron.unschedule('repeat-erasures');

DROP FUNCTION "private"."apply_call_event"(uuid);

DROP FUNCTION "private"."batch_exclusion"(text[]);

DROP FUNCTION "private"."repeat_erasures"();

DROP FUNCTION "private"."repeat_erasures_of"(uuid, uuid[]);

DROP FUNCTION "private"."template_values"(uuid, text[], uuid);

ALTER TABLE "public"."message_batches" ADD COLUMN "creditor_scope" uuid[];

CREATE OR REPLACE FUNCTION private.apply_call_event(event_id uuid, patience interval DEFAULT '00:00:00.05'::interval)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_was text := current_setting('lock_timeout');
    v_event private.provider_events;
    v_outcome text;
begin
    perform set_config(
        'lock_timeout', (extract(epoch from patience) * 1000)::int::text, is_local => true
    );
    select * into v_event from private.provider_events as event
    where event.id = apply_call_event.event_id;
    v_outcome := private.record_call(
        v_event.integration_id, v_event.payload -> 'call', v_event.received_at
    );
    -- The webhook's, or the screen that it could not open for somebody's writing; nobody's who is
    -- not on the line any more.
    if v_event.kind = 'call_connected' then
        perform private.pop_screen(
            v_event.integration_id, v_event.payload #>> '{call,telephony_id}'
        );
    end if;
    perform set_config('lock_timeout', v_was, is_local => true);
    return case when v_outcome = 'payload_invalid' then v_outcome end;
exception when lock_not_available then
    return 'call_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.apply_event(event_id uuid, kind text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return case kind
        when 'message_status' then private.apply_receipt(event_id)
        when 'message_received' then private.apply_inbound(event_id)
        when 'consent_changed' then private.apply_consent(event_id)
        when 'template_changed' then private.apply_template_event(event_id)
        when 'charge_changed' then private.apply_charge_event(event_id)
        when 'call_connected' then private.apply_call_event(event_id)
        when 'call_finished' then private.apply_call_event(event_id)
    end;
exception
    -- It contradicts what is stored, as one WhatsApp id for two messages does. Raised on, it would
    -- come back for ever and stop every agency's messages.
    when integrity_constraint_violation or data_exception then
        return 'payload_invalid';
end;
$function$;

CREATE OR REPLACE FUNCTION private.apply_provider_events(max integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Of the dialer in one turn, and after everything else, some 100 ms: until the turn's end their
    -- numbers are held, and a call that reaches an operator meanwhile waits with its screen.
    c_max_calls constant int := 20;
    v_handled int;
begin
    -- One drain at a time, so that two never lock the same messages in opposite order. The other
    -- looks again before it leaves; to wait for it would hold a connection.
    if not pg_try_advisory_xact_lock(hashtextextended('apply_provider_events', 0)) then
        return null;
    end if;
    v_handled := private.handle_events(private.read_events(false, max));
    if v_handled > 0 then
        perform private.fold_batch_counts();
    end if;
    return v_handled + private.handle_events(private.read_events(true, c_max_calls));
end;
$function$;

CREATE OR REPLACE FUNCTION private.batch_exclusion(variables text[], scope uuid[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select $sql$case
        when contact.whatsapp_blocked_until > ($1).now_at and not exists (
            select from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id and phones.client_id = clients.id
              and not private.is_suppressed(
                  ($1).tenant_id, clients.id, phones.phone, 'whatsapp', ($1).now_at
              )
        ) then 'opted_out'
        when not $2 and $sql$ || private.has_agreement('private.is_kept(agreement.status)')
            || $sql$ then 'agreement_running'
        when $sql$ || case when batch_exclusion.scope is null
            then 'clients.open_debts = 0 and not '
                || private.has_agreement('private.is_living(agreement.status)')
            else format(
                'not (private.owed_in_scope(($1).tenant_id, clients.id, %L::uuid[])).is_owing',
                batch_exclusion.scope
            ) end || $sql$ then 'nothing_owed'
        when not clients.has_phone then 'no_phone'
        when clients.has_whatsapp is false or not exists (
            select from public.client_phones as mobiles
            where mobiles.tenant_id = ($1).tenant_id and mobiles.client_id = clients.id
              and mobiles.kind = 'mobile' and mobiles.has_whatsapp is not false
        ) then 'no_whatsapp'
        when $sql$ || coalesce((
            select string_agg(case
                when named.variable = '' then 'true'
                when named.variable like 'client.extra.%' then format(
                    'coalesce(btrim(clients.extra ->> %L), '''') = ''''',
                    substr(named.variable, length('client.extra.') + 1)
                )
                when named.variable in ('client.name', 'client.first_name')
                    then 'btrim(clients.name) = '''''
                when named.variable in ('client.oldest_due_on', 'creditor.name')
                    and batch_exclusion.scope is not null then format(
                        '(private.open_in_scope(($1).tenant_id, clients.id, %L::uuid[])).debts = 0',
                        batch_exclusion.scope
                    )
                when named.variable = 'client.oldest_due_on' then 'clients.oldest_due_on is null'
                when named.variable = 'creditor.name' then 'clients.open_debts = 0'
                else 'false'
            end, ' or ')
            from unnest(batch_exclusion.variables) as named (variable)
        ), 'false') || $sql$ then 'variable_missing'
    end$sql$
$function$;

CREATE OR REPLACE FUNCTION private.begin_erasures(tenant_id uuid)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into public.job_runs (tenant_id, job, on_date)
    values (begin_erasures.tenant_id, 'erasures', private.today(begin_erasures.tenant_id))
    returning id
$function$;

CREATE OR REPLACE FUNCTION private.conversation_templates(conversation_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A tenant has dozens; a list for choosing from needs no second page.
    c_listed constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations;
    v_message public.message_logs;
    v_template record;
    v_plan private.message_plan;
    v_rate private.rate;
    v_listed jsonb := '[]';
begin
    select * into v_talk from public.conversations as talk
    where talk.tenant_id = v_tenant_id and talk.id = conversation_templates.conversation_id;
    if not found then
        raise exception 'conversation_not_found' using errcode = 'PT404',
            detail = 'no such conversation in the tenant';
    end if;
    v_message.conversation_id := v_talk.id;
    v_message.created_by := auth.uid();
    for v_template in
        select template.id, template.name, template.category, template.provider
        from public.message_templates as template
        join public.senders as sender
            on sender.id = v_talk.sender_id and private.fits_sender(template, sender)
        where template.tenant_id = v_tenant_id and template.status = 'approved'
          -- Those bring a charge, which the chat sends by itself.
          and not exists (
              select from unnest(template.variables) as named (variable)
              where named.variable like 'charge.%'
          )
        order by template.name, template.id
        limit c_listed
    loop
        v_message.template_id := v_template.id;
        v_plan := private.plan_chat_message(v_message);
        v_rate := private.rate_of(
            v_tenant_id, v_template.provider, v_template.category, private.today(v_tenant_id)
        );
        v_listed := v_listed || jsonb_build_object(
            'id', v_template.id, 'name', v_template.name, 'category', v_template.category,
            'body', v_plan.body,
            'reason', case when v_plan.verdict = 'refuse' then v_plan.reason end,
            'next_allowed_at', case when v_plan.verdict = 'refuse' then v_plan.not_before end,
            'cost', case when v_rate.currency is not null then jsonb_build_object(
                'currency', v_rate.currency, 'is_own', v_rate.is_own,
                'price_micros', case when v_rate.is_free_in_window
                    and private.window_until(v_talk) > private.now() then 0
                    else v_rate.price_micros end
            ) end
        );
    end loop;
    return v_listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.create_message_batch(id uuid, selection jsonb, sender_id uuid, template_id uuid, name text, scheduled_at timestamp with time zone, includes_agreements boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope uuid[] := private.creditor_scope();
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_means record := private.require_batch_means(v_tenant_id, sender_id, template_id);
    v_template public.message_templates := v_means.template;
    v_batch public.message_batches;
    v_eligible bigint;
    v_in_window bigint;
    v_rate private.rate;
    -- Where it is night when it begins, and until when: nobody there is claimed before.
    v_opens jsonb := (
        select coalesce(jsonb_object_agg(closed.uf, closed.opens_at), '{}')
        from private.closed_ufs(v_tenant_id, greatest(scheduled_at, private.now())) as closed
    );
begin
    if id is null or btrim(coalesce(name, '')) = '' or scheduled_at < private.now() then
        raise exception 'batch_invalid' using errcode = 'PT400',
            detail = 'an id, a name, and no time in the past';
    end if;
    v_rate := private.rate_at(
        v_tenant_id, v_template.provider, v_template.category,
        greatest(scheduled_at, private.now())
    );
    insert into public.message_batches (
        id, tenant_id, name, sender_id, template_id, selection, includes_agreements, status,
        scheduled_at, created_by, creditor_scope
    )
    values (
        create_message_batch.id, v_tenant_id, btrim(create_message_batch.name),
        create_message_batch.sender_id, create_message_batch.template_id,
        create_message_batch.selection, create_message_batch.includes_agreements,
        'awaiting_confirmation', create_message_batch.scheduled_at, auth.uid(), v_scope
    )
    on conflict do nothing
    returning * into v_batch;
    if not found then
        select * into v_batch from public.message_batches as known
        where known.id = create_message_batch.id and known.tenant_id = v_tenant_id
          and known.created_by = auth.uid()
          and (known.selection, known.sender_id, known.template_id)
              = (create_message_batch.selection, create_message_batch.sender_id,
                 create_message_batch.template_id);
        if not found then
            raise exception 'batch_id_reused' using errcode = 'PT409',
                detail = 'this id belongs to another bulk send';
        end if;
        return jsonb_build_object('id', v_batch.id, 'status', v_batch.status, 'is_repeated', true);
    end if;

    execute 'insert into public.batch_recipients
            (tenant_id, batch_id, client_id, status, reason, not_before)
        select ($1).tenant_id, $3, clients.id,
            (case when told.reason is null then ''waiting'' else ''excluded'' end)
                ::public.recipient_status,
            coalesce(told.reason, case when rests.until is not null then ''outside_hours'' end),
            greatest(($1).now_at, $4, rests.until)
        from public.clients
        left join private.client_contacts as contact
            on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
        cross join lateral (
            select ' || private.batch_exclusion(v_template.variables, v_scope) || ' as reason offset 0
        ) as told
        cross join lateral (
            select case when told.reason is null and $5 <> ''{}'' then ($5 ->> coalesce(
                clients.uf, private.uf_of(($1).tenant_id, clients.id, null), ''''
            ))::timestamptz end as until offset 0
        ) as rests
        where ' || private.client_condition(v_filter) || '
        order by clients.id'
    using v_filter, includes_agreements, v_batch.id, scheduled_at, v_opens;
    v_eligible := coalesce((
        select sum(told.delta) from private.batch_deltas as told
        where told.batch_id = v_batch.id and told.key = 'recipient:waiting'
    ), 0);
    if v_eligible = 0 then
        raise exception 'batch_empty' using errcode = 'PT409',
            detail = 'nobody of the selection may get it';
    end if;
    v_in_window := case when v_rate.is_free_in_window then (
        select count(distinct talk.client_id)
        from public.conversations as talk
        join public.batch_recipients as recipient
            on recipient.batch_id = v_batch.id and recipient.client_id = talk.client_id
            and recipient.status = 'waiting'
        where talk.tenant_id = v_tenant_id and talk.sender_id = v_batch.sender_id
          and talk.last_inbound_at
              > greatest(v_batch.scheduled_at, private.now()) - interval '24 hours'
    ) else 0 end;
    update public.message_batches as batch
    set forecast = jsonb_build_object('eligible', v_eligible) || coalesce(
            private.batch_cost(v_template.category, v_rate, v_eligible, v_in_window), '{}'
        ),
        last_progress_at = private.now()
    where batch.id = v_batch.id;
    -- Two that one person makes at once are counted one after the other.
    perform pg_advisory_xact_lock(hashtextextended('batches of ' || auth.uid(), 0));
    if v_eligible + private.already_sent_by(
        v_tenant_id, auth.uid(), greatest(v_batch.scheduled_at, private.now())
    ) <= private.confirmation_limit(v_tenant_id) then
        perform private.release_batch(v_batch.id);
    else
        perform private.tell_supervisors(
            v_tenant_id, 'batch_awaits_confirmation', jsonb_build_object('batch_id', v_batch.id)
        );
    end if;
    perform private.fold_batch_counts();
    select * into v_batch from public.message_batches as known where known.id = v_batch.id;
    return jsonb_build_object('id', v_batch.id, 'status', v_batch.status, 'is_repeated', false);
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_erasures(run_id bigint, people integer, failed jsonb, states text[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.finish_job(run_id, jsonb_strip_nulls(jsonb_build_object(
        'counts', jsonb_build_object('people', people),
        'failed', failed,
        'error', nullif(array_to_string(array(
            select distinct met.state from unnest(states) as met (state) order by 1
        ), ' '), '')
    )), cardinality(states))
$function$;

CREATE OR REPLACE FUNCTION private.erase_from_filters(person private.person)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_rows bigint;
    v_sum bigint;
begin
    update public.segments as kept set filter = private.unnamed_filter(kept.filter, person)
    where kept.tenant_id = (person).tenant_id and kept.filter ? 'q'
      and private.unnamed_filter(kept.filter, person) <> kept.filter;
    get diagnostics v_sum = row_count;
    update public.message_batches as kept set selection = private.unnamed_image(selection, person)
    where kept.tenant_id = (person).tenant_id
      and private.unnamed_image(kept.selection, person) <> kept.selection;
    get diagnostics v_rows = row_count;
    v_sum := v_sum + v_rows;
    update public.dialer_exports as kept set selection = private.unnamed_image(selection, person)
    where kept.tenant_id = (person).tenant_id
      and private.unnamed_image(kept.selection, person) <> kept.selection;
    get diagnostics v_rows = row_count;
    v_sum := v_sum + v_rows;
    -- The line of a segment that was named so, and of a selection: what 0062 and 0868 write, found
    -- by their index, for an agency's audit is long.
    update public.audit_log as kept
    set before = private.unnamed_image(kept.before, person),
        after = private.unnamed_image(kept.after, person)
    where kept.tenant_id = (person).tenant_id
      and (
          kept.table_name = 'clients' and kept.row_id in ('assign', 'export', 'tag', 'untag')
          or kept.table_name in ('segments', 'message_batches', 'dialer_exports')
      )
      and (private.unnamed_image(kept.before, person) <> kept.before
          or private.unnamed_image(kept.after, person) <> kept.after);
    get diagnostics v_rows = row_count;
    return v_sum + v_rows;
end;
$function$;

CREATE OR REPLACE FUNCTION private.erasures_due()
 RETURNS TABLE(tenant_id uuid, client_ids uuid[])
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with asked as (
        select gone.tenant_id, gone.client_id from private.erased_people as gone
        union
        select request.tenant_id, request.client_id from public.privacy_requests as request
        where request.kind = 'erase'
    )
    select asked.tenant_id, array_agg(asked.client_id order by asked.client_id) as client_ids
    from asked
    join public.clients as client
        on client.tenant_id = asked.tenant_id and client.id = asked.client_id
    where client.document not like 'ZZ%'
    group by asked.tenant_id
$function$;

CREATE OR REPLACE FUNCTION private.events_pause()
 RETURNS double precision
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_soon constant interval := interval '1 second';
    v_left double precision := (
        select extract(epoch from min(later.at) - clock_timestamp())
        from (
            select wake.quiet_until as at from private.event_wakes as wake
            where wake.name = 'run-automations' and wake.quiet_until > clock_timestamp()
            union all
            select min(item.vt) from pgmq.q_provider_events as item
            where item.vt > clock_timestamp() and item.vt < clock_timestamp() + c_soon
        ) as later
    );
begin
    if v_left is null and pg_try_advisory_xact_lock(hashtextextended('provider_events', 0)) then
        return 0;
    end if;
    -- Somebody is storing: a commit later.
    return coalesce(v_left, 0.05);
end;
$function$;

CREATE OR REPLACE FUNCTION private.handle_events(msg_ids bigint[])
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- 2 s, 4 s, … 512 s: a quarter of an hour in all, as long as an unknown outcome waits.
    c_max_reads constant int := 9;
    v_item record;
    v_pause double precision;
    v_error text;
    v_handled int := 0;
begin
    for v_item in
        select item.msg_id, item.read_ct, event.*
        from pgmq.q_provider_events as item
        left join private.provider_events as event
            on event.id = case when pg_input_is_valid(item.message ->> 'event_id', 'uuid')
                then (item.message ->> 'event_id')::uuid end
        where item.msg_id = any(handle_events.msg_ids)
        order by item.msg_id
    loop
        v_error := private.apply_event(v_item.id, v_item.kind);
        if v_error in ('message_not_found', 'charge_busy', 'call_busy')
            and v_item.read_ct < c_max_reads
        then
            -- An operator may be waiting for the screen: 0.1 s, 0.3 s, 0.9 s, … five minutes in all.
            v_pause := case when v_error = 'call_busy' then 0.1 * 3 ^ (v_item.read_ct - 1)
                else 2 ^ v_item.read_ct end;
            update pgmq.q_provider_events as item
            set vt = clock_timestamp() + make_interval(secs => v_pause)
            where item.msg_id = v_item.msg_id;
            continue;
        end if;
        update private.provider_events as event
        set handled_at = private.now(), error = v_error
        where event.id = v_item.id;
        perform pgmq.delete('provider_events', v_item.msg_id);
        v_handled := v_handled + 1;
    end loop;
    return v_handled;
end;
$function$;

CREATE OR REPLACE FUNCTION private.open_in_scope(tenant_id uuid, client_id uuid, scope uuid[], OUT cents bigint, OUT debts integer, OUT oldest_due_on date)
 RETURNS record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(sum(greatest(debts.principal_cents - debts.abated_cents, 0)), 0)::bigint,
        count(*)::int, min(debts.due_on)
    from public.debts
    where debts.tenant_id = open_in_scope.tenant_id and debts.client_id = open_in_scope.client_id
      and debts.status = 'open' and debts.creditor_id = any(open_in_scope.scope)
$function$;

CREATE OR REPLACE FUNCTION private.owed_in_scope(tenant_id uuid, client_id uuid, scope uuid[], OUT cents bigint, OUT is_owing boolean)
 RETURNS record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select owed.cents, owed.debts > 0 or exists (
            -- Titles of a broken promise are still locked in it, and owed.
            select from public.agreements as agreement
            where agreement.tenant_id = owed_in_scope.tenant_id
              and agreement.client_id = owed_in_scope.client_id
              and agreement.creditor_id = any(scope) and private.is_living(agreement.status)
        )
    from private.open_in_scope(
        owed_in_scope.tenant_id, owed_in_scope.client_id, owed_in_scope.scope
    ) as owed
$function$;

CREATE OR REPLACE FUNCTION private.plan_charge_message(charge public.charges)
 RETURNS private.message_plan
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_plan private.message_plan;
    v_hours record;
    v_to record;
    v_sender record;
    v_paused_until timestamptz;
    v_template public.message_templates;
    v_values text[];
begin
    v_hours := private.contact_decision(
        charge.tenant_id, charge.client_id, 'whatsapp', private.now()
    );
    select * into v_to from private.whatsapp_contact(charge.tenant_id, charge.client_id);
    v_template := private.charge_template(charge);
    v_values := private.template_values(
        charge.client_id, v_template.variables, charge.id,
        scope => array(
            select agreement.creditor_id from public.agreements as agreement
            where agreement.id = charge.agreement_id
        )
    );
    select sender.*, integration.paused_until as account_paused_until
    into v_sender
    from public.senders as sender
    join public.integrations as integration on integration.id = sender.integration_id
    where sender.id = coalesce(v_to.sender_id, (
        select chosen.sender_id from private.sender_for(
            charge.tenant_id, charge.client_id, v_template.provider, v_template.account
        ) as chosen
    ));
    v_paused_until := greatest(v_sender.paused_until, v_sender.account_paused_until);
    v_plan.reason := case
        when not private.is_payable(charge) then 'charge_not_payable'
        when num_nonnulls(charge.link, charge.pix_code, charge.digitable_line) = 0
            then 'charge_not_ready'
        when v_sender.state is distinct from 'active' then 'integration_inactive'
        when v_hours.reason = 'suppressed' then 'suppressed'
        when v_to.phone is null then 'no_reachable_phone'
        when v_to.conversation_id is not null then null
        when v_template.id is null then 'template_missing'
        when private.template_obstacle(v_template) = 'unbound' then 'template_unbound'
        when private.template_obstacle(v_template) is not null then 'template_not_sendable'
        when array_position(v_values, null) is not null then 'variable_missing'
    end;
    v_plan.reason := coalesce(v_plan.reason, case
        -- outside_hours, or as often as is decent.
        when not v_hours.allowed then v_hours.reason
        when v_paused_until > private.now() then 'rate_limited'
    end);
    v_plan.verdict := case
        when v_plan.reason is null then 'send'
        when v_plan.reason = 'rate_limited' or v_plan.reason = v_hours.reason
            and v_hours.next_allowed_at is not null then 'postpone'
        else 'refuse'
    end;
    v_plan.not_before := greatest(v_hours.next_allowed_at, v_paused_until);
    v_plan.provider := v_sender.provider;
    v_plan.integration_id := v_sender.integration_id;
    v_plan.sender_id := v_sender.id;
    v_plan.settings := private.sender_settings(v_sender.id);
    v_plan.phone := private.whatsapp_form(charge.tenant_id, v_to.phone);
    v_plan.conversation_id := coalesce(v_to.conversation_id, (
        select talk.id from public.conversations as talk
        where talk.sender_id = v_sender.id
          and talk.phone_key = private.phone_match(v_plan.phone)
    ));
    if v_to.conversation_id is not null then
        v_plan.body := private.charge_text(charge);
        v_plan.params := '{}';
    else
        v_plan.template_id := v_template.id;
        v_plan.provider_template_id := v_template.provider_template_id;
        v_plan.language := v_template.language;
        v_plan.params := private.without_double_dots(v_template.body, v_values);
        v_plan.body := private.render_body(v_template.body, v_plan.params);
    end if;
    return v_plan;
end;
$function$;

CREATE OR REPLACE FUNCTION private.plan_chat_message(message public.message_logs)
 RETURNS private.message_plan
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_plan private.message_plan;
    v_talk public.conversations;
    v_sender public.senders;
    v_integration public.integrations;
    v_template public.message_templates;
    v_hours record;
begin
    select * into v_talk from public.conversations as talk where talk.id = message.conversation_id;
    select * into v_sender from public.senders as sender where sender.id = v_talk.sender_id;
    select * into v_integration from public.integrations as integration
    where integration.id = v_sender.integration_id;
    select * into v_template from public.message_templates as template
    where template.id = message.template_id;
    -- Of a stranger no state is known: all null.
    select decided.* into v_hours
    from (select v_talk.client_id as id) as person
    left join lateral private.contact_decision(
        v_talk.tenant_id, person.id, 'whatsapp', private.now()
    ) as decided on person.id is not null;
    v_plan.params := message.params;
    v_plan.body := message.body;
    if v_template.id is not null then
        v_plan.params := private.template_values(
            v_talk.client_id, v_template.variables,
            -- Of whoever writes, also when the worker asks again.
            scope => private.creditor_scope_of(v_talk.tenant_id, message.created_by)
        );
        v_plan.body := private.render_body(v_template.body, v_plan.params);
    end if;
    v_plan.reason := case
        when not v_integration.is_active or v_sender.state <> 'active'
            then 'integration_inactive'
        when v_talk.phone is null then 'no_reachable_phone'
        when private.is_suppressed(
            v_talk.tenant_id, v_talk.client_id, v_talk.phone, 'whatsapp', private.now()
        ) then 'suppressed'
        when v_template.id is null
            and coalesce(private.window_until(v_talk) <= private.now(), true)
            then 'window_closed'
        when v_template.id is not null and (
            -- Nobody can say which hours are lawful for a stranger.
            v_talk.client_id is null
            or not private.fits_sender(v_template, v_sender)
            -- A variable without a field is a value that is missing.
            or coalesce(private.template_obstacle(v_template), 'unbound') <> 'unbound'
        ) then 'template_not_sendable'
        when v_template.id is not null and (
            array_position(v_plan.params, null) is not null
            or cardinality(v_plan.params) is distinct from cardinality(v_template.variables)
        ) then 'variable_missing'
        -- An answer to somebody who wrote just now is no contact out of the blue.
        when v_template.id is not null and not v_hours.allowed then v_hours.reason
        when v_integration.paused_until > private.now() or v_sender.paused_until > private.now()
            then 'rate_limited'
    end;
    v_plan.verdict := case
        when v_plan.reason is null then 'send'
        when v_plan.reason = 'rate_limited' then 'postpone'
        else 'refuse'
    end;
    v_plan.not_before := case when v_plan.reason = 'rate_limited'
        then greatest(v_integration.paused_until, v_sender.paused_until)
        when v_template.id is not null and v_talk.client_id is not null
        then v_hours.next_allowed_at end;
    v_plan.provider := v_sender.provider;
    v_plan.integration_id := v_sender.integration_id;
    v_plan.sender_id := v_sender.id;
    v_plan.conversation_id := v_talk.id;
    v_plan.settings := private.sender_settings(v_sender.id);
    v_plan.phone := private.whatsapp_form(v_talk.tenant_id, v_talk.phone);
    v_plan.template_id := v_template.id;
    v_plan.provider_template_id := v_template.provider_template_id;
    v_plan.language := v_template.language;
    return v_plan;
end;
$function$;

CREATE OR REPLACE FUNCTION private.plan_recipients(batch_id uuid, client_ids uuid[])
 RETURNS SETOF private.recipient_plan
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with batch as materialized (
        select known.*, template.variables, private.now() as now_at,
            private.has_cap(known.tenant_id, 'whatsapp') as has_cap,
            private.rate_of(
                known.tenant_id, template.provider, template.category,
                private.today(known.tenant_id)
            ) as rate
        from public.message_batches as known
        join public.message_templates as template on template.id = known.template_id
        where known.id = plan_recipients.batch_id
    ),
    people as materialized (
        select client.id, client.open_debts, batch.tenant_id,
            private.uf_of(batch.tenant_id, client.id, client.uf) as uf,
            contact.whatsapp_blocked_until > batch.now_at as may_be_blocked
        from batch
        join public.clients as client
            on client.tenant_id = batch.tenant_id
            and client.id = any(plan_recipients.client_ids)
        left join private.client_contacts as contact
            on contact.tenant_id = client.tenant_id and contact.client_id = client.id
    ),
    -- Each state's hours are looked up once.
    states as materialized (
        select place.uf, opening.opens_at
        from (select distinct people.uf from people) as place
        cross join batch
        cross join lateral (
            -- Longer than any run of holidays and Sundays.
            select min(hours.opens_at) as opens_at
            from private.contact_hours_in(batch.tenant_id, place.uf, batch.now_at, 15) as hours
            where hours.closes_at > batch.now_at
        ) as opening
    )
    select person.id,
        case
            when verdict.reason is not null then 'skip'
            when states.opens_at > batch.now_at or history.is_just_now
                or row_number() over same_phone > 1
                or history.capped_until is not null then 'postpone'
            else 'send'
        end,
        coalesce(verdict.reason, case when states.opens_at > batch.now_at then 'outside_hours'
            when history.capped_until is not null then 'attempt_cap'
            when history.is_just_now or row_number() over same_phone > 1
                then 'just_written' end),
        -- Meta takes about one message per 6 s to one person.
        greatest(states.opens_at, history.capped_until, batch.now_at + interval '6 seconds'),
        private.whatsapp_form(person.tenant_id, best.phone), filled.params,
        case when not (batch.rate).is_free_in_window
            or talk.last_inbound_at is null
            or talk.last_inbound_at <= batch.now_at - interval '24 hours'
            then (batch.rate).price_micros else 0 end,
        talk.id
    from batch
    cross join people as person
    join states on states.uf is not distinct from person.uf
    left join lateral (
        select phones.phone
        from public.client_phones as phones
        where phones.tenant_id = person.tenant_id and phones.client_id = person.id
          and phones.kind = 'mobile' and phones.has_whatsapp is not false
          and (person.may_be_blocked is not true or not private.is_suppressed(
              person.tenant_id, person.id, phones.phone, 'whatsapp', batch.now_at
          ))
        order by phones.position, phones.created_at, phones.id
        limit 1
    ) as best on true
    left join public.conversations as talk
        on talk.sender_id = batch.sender_id
        and talk.phone_key = private.phone_match(best.phone)
    cross join lateral (
        select private.template_values(
            person.id, batch.variables, scope => batch.creditor_scope
        ) as params
        -- Once, however often it is named below; the same of the next two.
        offset 0
    ) as filled
    cross join lateral (
        select
            case when batch.has_cap then private.capped_until(
                person.tenant_id, person.id, 'whatsapp', batch.now_at
            ) end as capped_until,
            exists (
                select from public.message_logs as latest
                where latest.tenant_id = person.tenant_id
                  and private.phone_match(latest.phone) = private.phone_match(best.phone)
                  and latest.direction = 'out' and latest.status <> 'failed'
                  and (latest.batch_id is distinct from batch.id
                      or latest.client_id is distinct from person.id)
                  and latest.created_at > batch.now_at - interval '6 seconds'
            ) as is_just_now
        offset 0
    ) as history
    cross join lateral (
        select coalesce(bool_or(private.is_kept(agreement.status)), false) as is_kept,
            coalesce(bool_or(private.is_living(agreement.status)), false) as is_living
        from public.agreements as agreement
        where agreement.tenant_id = person.tenant_id and agreement.client_id = person.id
    ) as agreed
    cross join lateral (
        select case
            when best.phone is null and person.may_be_blocked then 'opted_out'
            when agreed.is_kept and not batch.includes_agreements then 'agreement_running'
            when case when batch.creditor_scope is null
                then person.open_debts = 0 and not agreed.is_living
                else not (private.owed_in_scope(
                    person.tenant_id, person.id, batch.creditor_scope
                )).is_owing end then 'nothing_owed'
            when best.phone is null then 'no_whatsapp'
            when array_position(filled.params, null) is not null then 'variable_missing'
            when states.opens_at is null then 'outside_hours'
        end as reason
        offset 0
    ) as verdict
    -- Two people with one telephone are not written to in one instant.
    window same_phone as (partition by private.phone_match(best.phone) order by person.id)
$function$;

CREATE OR REPLACE FUNCTION private.preview_message_batch(selection jsonb, sender_id uuid, template_id uuid, includes_agreements boolean, scheduled_at timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    -- Each row asks for its phones, its agreements and perhaps its attempts.
    c_countable constant bigint := 20000;
    c_examples constant int := 5;
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope uuid[] := private.creditor_scope();
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_condition text := private.client_condition(v_filter);
    v_scale double precision := private.sample_scale(v_filter, v_condition, c_countable);
    v_means record := private.require_batch_means(v_tenant_id, sender_id, template_id);
    v_template public.message_templates := v_means.template;
    -- When the first message would leave: its hours and its day's price count.
    v_at timestamptz := greatest(scheduled_at, private.now());
    v_opens jsonb;
    v_groups jsonb;
    v_examples uuid[];
    v_rate private.rate;
    v_eligible bigint;
    v_in_window bigint;
begin
    select coalesce(jsonb_object_agg(closed.uf, closed.opens_at), '{}') into v_opens
    from private.closed_ufs(v_tenant_id, v_at) as closed;
    execute 'select coalesce(jsonb_agg(to_jsonb(counted)), ''[]'')
        from (
            select told.reason, told.is_open, waits.reason as wait,
                case when waits.reason = ''outside_hours'' then lives.uf end as uf,
                round(count(*) * $3)::bigint as people
            from ' || private.client_source(v_scale) || '
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
            cross join lateral (
                select excluded.reason, excluded.reason is null and exists (
                    select from public.conversations as talk
                    where talk.tenant_id = ($1).tenant_id and talk.client_id = clients.id
                      and talk.sender_id = $5
                      and talk.last_inbound_at > $7 - interval ''24 hours''
                ) as is_open
                from (
                    select ' || private.batch_exclusion(v_template.variables, v_scope) || ' as reason
                ) as excluded
            ) as told
            cross join lateral (
                select case when told.reason is null and $4 <> ''{}'' then coalesce(
                    clients.uf, private.uf_of(($1).tenant_id, clients.id, null), ''''
                ) end as uf
            ) as lives
            cross join lateral (
                select case
                    when told.reason is not null then null
                    when $6 and private.is_over_cap(
                        ($1).tenant_id, clients.id, ''whatsapp'', $7
                    ) then ''attempt_cap''
                    when $4 ? lives.uf then ''outside_hours''
                end as reason
            ) as waits
            where ' || v_condition || '
            group by 1, 2, 3, 4
        ) as counted'
    into v_groups
    using v_filter, includes_agreements, coalesce(v_scale, 1), v_opens, sender_id,
        private.has_cap(v_tenant_id, 'whatsapp'), v_at;
    execute 'select array(
            select clients.id from public.clients
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
            where ' || v_condition || ' and ' || private.batch_exclusion(v_template.variables, v_scope)
        || ' is null limit $3)'
    into v_examples using v_filter, includes_agreements, c_examples;
    select coalesce(sum(counted.people) filter (where counted.reason is null), 0),
        coalesce(sum(counted.people) filter (where counted.is_open), 0)
    into v_eligible, v_in_window
    from jsonb_to_recordset(v_groups) as counted (reason text, is_open boolean, people bigint);
    v_rate := private.rate_at(v_tenant_id, v_template.provider, v_template.category, v_at);
    return jsonb_build_object(
        'selected', (
            select coalesce(sum(counted.people), 0)
            from jsonb_to_recordset(v_groups) as counted (people bigint)
        ),
        'eligible', v_eligible,
        'is_estimate', v_scale is not null,
        'excluded', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', listed.reason, 'count', listed.people
            ) order by listed.people desc, listed.reason), '[]')
            from (
                select counted.reason, sum(counted.people) as people
                from jsonb_to_recordset(v_groups) as counted (reason text, people bigint)
                where counted.reason is not null group by counted.reason
            ) as listed
        ),
        -- Eligible all the same: they get it later.
        'waits', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', listed.wait, 'uf', nullif(listed.uf, ''),
                'opens_at', v_opens -> listed.uf, 'count', listed.people
            ) order by listed.people desc, listed.uf), '[]')
            from (
                select counted.wait, counted.uf, sum(counted.people) as people
                from jsonb_to_recordset(v_groups) as counted (wait text, uf text, people bigint)
                where counted.wait is not null group by counted.wait, counted.uf
            ) as listed
        ),
        'seconds', ceil(v_eligible / (0.9 * (v_means.sender).throughput_per_second)),
        'examples', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'client_id', client.id, 'name', client.name
            ) || private.preview_template(v_template.id, client.id) order by client.id), '[]')
            from public.clients as client where client.id = any(v_examples)
        ),
        'cost', private.batch_cost(v_template.category, v_rate, v_eligible, v_in_window),
        'confirmation', private.confirmation_of(
            v_tenant_id, v_eligible, private.already_sent_by(v_tenant_id, auth.uid(), v_at)
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.preview_template(template_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_template public.message_templates;
    v_values text[];
begin
    perform private.require_client(v_tenant_id, client_id);
    select * into v_template from public.message_templates as template
    where template.tenant_id = v_tenant_id and template.id = preview_template.template_id;
    if not found then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no such template in the tenant';
    end if;
    v_values := private.template_values(
        client_id, v_template.variables, scope => private.creditor_scope()
    );
    return jsonb_build_object(
        'body', private.render_body(v_template.body, array(
            select coalesce(filled.value, '—')
            from unnest(v_values) with ordinality as filled (value, place) order by filled.place
        )),
        'params', to_jsonb(v_values),
        'missing', (
            select coalesce(
                jsonb_agg(v_template.variables[filled.place] order by filled.place), '[]'
            )
            from unnest(v_values) with ordinality as filled (value, place)
            where filled.value is null
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.queue_provider_event(event private.provider_events)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into pgmq.q_provider_events (vt, message)
    values (
        clock_timestamp(),
        jsonb_build_object('event_id', (event).id)
        -- In a lane of their own (0670).
        || case when (event).kind = 'call_finished' then '{"is_call": true}' else '{}'::jsonb end
    );
    -- Once for all that one request brings: the wake goes out with its commit.
    if coalesce(current_setting('private.events_woken', true), '') = '' then
        perform set_config('private.events_woken', 'yes', true);
        perform private.wake_for_events();
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_events(is_call boolean, max integer)
 RETURNS bigint[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Far above what a turn takes; a dead drain gives its events back after it.
    c_lease constant interval := interval '60 seconds';
    v_ids bigint[];
begin
    -- Two statements, because a partial index is found by its own words alone.
    if is_call then
        v_ids := array(
            select item.msg_id from pgmq.q_provider_events as item
            where item.vt <= clock_timestamp() and (item.message ? 'is_call') is true
            order by item.msg_id limit max
            for update skip locked
        );
    else
        v_ids := array(
            select item.msg_id from pgmq.q_provider_events as item
            where item.vt <= clock_timestamp() and (item.message ? 'is_call') is not true
            order by item.msg_id limit max
            for update skip locked
        );
    end if;
    update pgmq.q_provider_events as item
    set vt = clock_timestamp() + c_lease, read_ct = item.read_ct + 1
    where item.msg_id = any(v_ids);
    return v_ids;
end;
$function$;

CREATE OR REPLACE FUNCTION private.receive_call_event(webhook_key text, external_id text, kind text, payload jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Longer than a turn of the queue or a sweep's call holds a number, and within the second that
    -- a screen may take: who waits has the number the moment it is free.
    c_patience constant interval := interval '400 milliseconds';
    v_event private.provider_events := private.store_provider_event(
        'threecplus', webhook_key, external_id, kind, payload
    );
    v_error text;
begin
    if v_event.id is null then
        return false;
    end if;
    if kind = 'call_connected' then
        begin
            v_error := private.apply_call_event(v_event.id, c_patience);
        exception when integrity_constraint_violation or data_exception then
            v_error := 'payload_invalid';
        end;
    end if;
    if kind <> 'call_connected' or v_error = 'call_busy' then
        perform private.queue_provider_event(v_event);
    else
        update private.provider_events as event
        set handled_at = private.now(), error = v_error
        where event.id = v_event.id;
    end if;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.receive_provider_event(provider public.provider_name, webhook_key text, external_id text, kind text, payload jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_event private.provider_events := private.store_provider_event(
        provider, webhook_key, external_id, kind, payload
    );
begin
    if v_event.id is null then
        return false;
    end if;
    perform private.queue_provider_event(v_event);
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.render_canned_reply(reply_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_body text := (
        select reply.body from public.canned_replies as reply
        where reply.tenant_id = v_tenant_id and reply.id = render_canned_reply.reply_id
    );
    v_names text[] := private.reply_variables(v_body);
    v_values text[];
begin
    if v_body is null then
        raise exception 'canned_reply_not_found' using errcode = 'PT404',
            detail = 'no such canned reply in the tenant';
    end if;
    perform private.require_client(v_tenant_id, client_id);
    v_values := private.template_values(client_id, v_names, scope => private.creditor_scope());
    for i in 1 .. cardinality(v_names) loop
        -- What is not known stays a gap that the person sees and fills.
        v_body := replace(v_body, '{{' || v_names[i] || '}}', coalesce(v_values[i], '…'));
    end loop;
    return jsonb_build_object('body', v_body, 'missing', (
        select coalesce(jsonb_agg(v_names[place]), '[]')
        from generate_subscripts(v_names, 1) as place where v_values[place] is null
    ));
end;
$function$;

CREATE OR REPLACE FUNCTION private.repeat_erasure(tenant_id uuid, client_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET lock_timeout TO '5s'
AS $function$
declare
    v_outcome jsonb;
begin
    v_outcome := private.erase_client(tenant_id, client_id, true);
    update public.privacy_requests as request set outcome = v_outcome
    where request.tenant_id = repeat_erasure.tenant_id
      and request.client_id = repeat_erasure.client_id
      and request.kind = 'erase' and request.outcome <> v_outcome;
    return null;
exception when others then
    return sqlstate;
end;
$function$;

CREATE OR REPLACE FUNCTION private.send_chat_message(conversation_id uuid, message_id uuid, body text, template_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    -- Locked: two clicks at once are one message.
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, send_chat_message.conversation_id);
    v_message public.message_logs;
    v_plan private.message_plan;
    v_known jsonb;
begin
    if message_id is null or num_nonnulls(nullif(btrim(body), ''), template_id) <> 1
        -- WhatsApp's own limit of a text message.
        or length(body) > 4096
    then
        raise exception 'message_invalid' using errcode = 'PT400',
            detail = 'an id, and either a text of 4096 characters at most or a template';
    end if;
    v_known := private.clicked_before(v_talk, message_id);
    if v_known is not null then
        return v_known;
    end if;
    v_message.tenant_id := v_tenant_id;
    v_message.conversation_id := v_talk.id;
    v_message.created_by := auth.uid();
    v_message.template_id := (
        select template.id from public.message_templates as template
        where template.tenant_id = v_tenant_id and template.id = send_chat_message.template_id
    );
    if template_id is not null and v_message.template_id is null then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no such template in the tenant';
    end if;
    v_message.body := coalesce(btrim(body), '');
    v_message.params := '{}';
    v_plan := private.plan_chat_message(v_message);
    perform private.refuse_chat(v_plan, v_talk);
    perform private.queue_chat(v_talk, message_id, v_plan, null);
    delete from public.conversation_drafts as draft
    where draft.conversation_id = v_talk.id and draft.user_id = auth.uid();
    return jsonb_build_object('message_id', message_id, 'status', 'queued');
end;
$function$;

CREATE OR REPLACE FUNCTION private.store_provider_event(provider public.provider_name, webhook_key text, external_id text, kind text, payload jsonb)
 RETURNS private.provider_events
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- The settings page shows "last event" to the minute; each time would make one hot row.
    c_freshness constant interval := interval '30 seconds';
    v_integration public.integrations;
    v_event private.provider_events;
begin
    -- Looking up the hash takes the same time whatever part of the key is right.
    select * into v_integration
    from public.integrations
    where integrations.id = private.integration_of_key(
        store_provider_event.provider, store_provider_event.webhook_key
    );
    if not found then
        raise exception 'webhook_key_unknown' using errcode = 'PT401',
            detail = 'no integration has this key';
    end if;
    insert into private.provider_events
        (provider, external_id, tenant_id, integration_id, kind, payload)
    values (
        v_integration.provider, store_provider_event.external_id, v_integration.tenant_id,
        v_integration.id, store_provider_event.kind, store_provider_event.payload
    )
    on conflict on constraint provider_events_are_stored_once do nothing
    returning * into v_event;
    if not found then
        return null;
    end if;
    update public.integrations set last_event_at = private.now()
    where integrations.id = v_integration.id
      and (integrations.last_event_at is null
          or integrations.last_event_at < private.now() - c_freshness);
    return v_event;
end;
$function$;

CREATE OR REPLACE FUNCTION private.template_values(client_id uuid, variables text[], charge_id uuid DEFAULT NULL::uuid, scope uuid[] DEFAULT NULL::uuid[])
 RETURNS text[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(array_agg(nullif(btrim(case
        when named.variable like 'client.extra.%'
            then clients.extra ->> substr(named.variable, length('client.extra.') + 1)
        else case named.variable
        when 'client.name' then initcap(clients.name)
        when 'client.first_name' then initcap(split_part(btrim(clients.name), ' ', 1))
        when 'client.open_total' then private.brl(owed.cents)
        when 'client.open_debts' then owed.debts::text
        when 'client.oldest_due_on' then to_char(owed.oldest_due_on, 'DD/MM/YYYY')
        when 'creditor.name' then coalesce((
            -- A charge is of one creditor; else that of the oldest open title speaks.
            select creditors.name
            from public.agreements as agreement
            join public.creditors
                on creditors.tenant_id = agreement.tenant_id
                and creditors.id = agreement.creditor_id
            where agreement.tenant_id = charge.tenant_id and agreement.id = charge.agreement_id
        ), (
            select creditors.name
            from public.debts
            join public.creditors
                on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
            where debts.tenant_id = clients.tenant_id and debts.client_id = clients.id
              and debts.status = 'open'
              and (template_values.scope is null or debts.creditor_id = any(template_values.scope))
            order by debts.due_on, debts.id
            limit 1
        ))
        when 'tenant.name' then tenants.name
        when 'charge.amount' then private.brl(charge.amount_cents)
        when 'charge.due_on' then to_char(charge.due_on, 'DD/MM/YYYY')
        when 'charge.link' then charge.link
        when 'charge.pix_code' then charge.pix_code
        when 'charge.digitable_line' then charge.digitable_line
        end
    end), '') order by named.position), '{}')
    from public.clients
    join public.tenants on tenants.id = clients.tenant_id
    left join public.charges as charge
        on charge.tenant_id = clients.tenant_id and charge.client_id = clients.id
        and charge.id = template_values.charge_id
    cross join lateral (
        select clients.open_cents as cents, clients.open_debts as debts, clients.oldest_due_on
        where template_values.scope is null
        union all
        select of_theirs.cents, of_theirs.debts, of_theirs.oldest_due_on
        from private.open_in_scope(clients.tenant_id, clients.id, template_values.scope)
            as of_theirs
        where template_values.scope is not null
    ) as owed
    cross join unnest(template_values.variables) with ordinality as named (variable, position)
    where clients.id = template_values.client_id
$function$;

CREATE OR REPLACE FUNCTION private.unnamed_filter(filter jsonb, person private.person)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case
        when private.search_key(filter ->> 'q') = private.search_key((person).name)
            or exists (
                select from unnest((person).needles) as needle
                where strpos(
                    regexp_replace(upper(filter ->> 'q'), '[^0-9A-Z]', '', 'g'), needle
                ) > 0
            )
            then jsonb_set(filter, '{q}', to_jsonb(private.nobodys_document((person).client_id)))
        else filter
    end
$function$;

CREATE OR REPLACE PROCEDURE private.repeat_erasures(IN is_committing boolean DEFAULT true)
 LANGUAGE plpgsql
AS $procedure$
declare
    v_agency record;
    v_run_id bigint;
    v_client_id uuid;
    v_state text;
    v_failed jsonb;
    v_states text[];
begin
    for v_agency in select due.tenant_id, due.client_ids from private.erasures_due() as due loop
        v_run_id := private.begin_erasures(v_agency.tenant_id);
        v_failed := '[]';
        v_states := '{}';
        foreach v_client_id in array v_agency.client_ids loop
            if is_committing then
                commit;
            end if;
            v_state := private.repeat_erasure(v_agency.tenant_id, v_client_id);
            if v_state is not null then
                v_failed := v_failed || pg_catalog.to_jsonb(v_client_id);
                v_states := v_states || v_state;
            end if;
        end loop;
        perform private.end_erasures(
            v_run_id, pg_catalog.cardinality(v_agency.client_ids), v_failed, v_states
        );
        if is_committing then
            commit;
        end if;
    end loop;
end;
$procedure$;

COMMENT ON FUNCTION "private"."apply_provider_events"(integer) IS 'Number of events handled, at most `max` and twenty calls that are over; 0: nothing visible; null:
another drain is at them. Call again while it is not 0; before leaving ask events_pause.';

COMMENT ON PROCEDURE "private"."repeat_erasures"(boolean) IS 'is_committing: false leaves everything to the caller''s transaction.';

REVOKE ALL ON FUNCTION "private"."apply_call_event"(uuid, interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_event"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."batch_exclusion"(text[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_erasures"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."end_erasures"(bigint, integer, jsonb, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erasures_due"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."handle_events"(bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."open_in_scope"(uuid, uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."queue_provider_event"(private.provider_events) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_events"(boolean, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."repeat_erasure"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."store_provider_event"(public.provider_name, text, text, text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."template_values"(uuid, text[], uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON PROCEDURE "private"."repeat_erasures"(boolean) FROM PUBLIC;

-- Rows of reference tables and jobs, which a differ does not see.
select cron.schedule('repeat-erasures', '17 5 * * *', 'call private.repeat_erasures()');
