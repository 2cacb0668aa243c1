-- What readings of imports, channels, rules and the panel found: an import's own steps, limits in what
-- templates say, one trigger after a disposition, titles behind every number of stock.
-- Locks: `message_logs` and `audit_log` are read once for indexes under a lock, `call_dispositions` and `client_phones`
-- lose triggers and gain others: apply it at night. Whoever holds one of them for five seconds makes it
-- fail as a whole; nothing has changed then, and it is applied again.
-- Schema first, functions after: the functions of the release before keep working on it.

set local check_function_bodies = off;


-- Gives up instead of standing in front of everybody who comes after it: apply it again.
set local lock_timeout = '5s';
-- The titles of the month's first record: their table goes, they become lines of panel_titles below.
create temporary table roll_titles_before on commit drop as
select tenant_id, debt_id, day, was_agreed, cents from private.panel_roll_titles;

select cron.unschedule('refresh-panel');

select cron.unschedule('repeat-erasures');

select cron.unschedule('silence-dialer');

DROP TRIGGER "_200_callbacks" ON "public"."call_dispositions";

DROP TRIGGER "_300_run_rules" ON "public"."call_dispositions";

DROP TRIGGER "_400_last_contact" ON "public"."call_dispositions";

DROP TRIGGER "_500_broadcast" ON "public"."call_dispositions";

DROP TRIGGER "_600_qualify" ON "public"."call_dispositions";

DROP TRIGGER "_900_audit_update" ON "public"."client_phones";

DROP INDEX "public"."message_logs_of_run";

ALTER TABLE "private"."panel_kpis" DROP CONSTRAINT "panel_kpis_unit_is_known";

ALTER TABLE "private"."panel_roll_titles" DROP CONSTRAINT "panel_roll_titles_tenant_fkey";

DROP FUNCTION "private"."accept_invitations"(uuid, uuid);

DROP FUNCTION "private"."apply_call_event"(uuid);

DROP FUNCTION "private"."attempts_left"(uuid, uuid, public.channel, timestamp with time zone);

DROP FUNCTION "private"."batch_exclusion"(text[]);

DROP FUNCTION "private"."bulk_eligibility"(jsonb, text);

DROP FUNCTION "private"."failed_work"(uuid, text[], timestamp with time zone, text, integer);

DROP FUNCTION "private"."has_clock"(public.agreement_status);

DROP FUNCTION "private"."is_in_stock"(public.debt_status);

DROP FUNCTION "private"."list_failures"(text[], text, integer);

DROP FUNCTION "private"."own_talks"(uuid[], uuid[]);

DROP FUNCTION "private"."panel_value"(text, bigint, bigint);

DROP FUNCTION "private"."phone_health"(uuid, uuid);

DROP FUNCTION "private"."phone_kind_of"(text);

DROP FUNCTION "private"."record_call"(uuid, jsonb, timestamp with time zone);

DROP FUNCTION "private"."refresh_panel"();

DROP FUNCTION "private"."repeat_erasures"();

DROP FUNCTION "private"."repeat_erasures_of"(uuid, uuid[]);

DROP FUNCTION "private"."require_forgivable"(public.agreements, uuid);

DROP FUNCTION "private"."require_reason"(text);

DROP FUNCTION "private"."silence_closed_lists"();

DROP FUNCTION "private"."take_templates"(uuid, jsonb, text[]);

DROP FUNCTION "private"."template_values"(uuid, text[], uuid);

DROP FUNCTION "private"."tg_call_dispositions__callbacks"();

DROP FUNCTION "private"."tg_call_dispositions__last_contact"();

DROP FUNCTION "private"."tg_call_dispositions__qualify"();

DROP FUNCTION "private"."tg_call_dispositions__run_rules"();

DROP FUNCTION "public"."bulk_eligibility"(jsonb, text);

DROP FUNCTION "public"."list_failures"(text[], text, integer);

DROP TABLE "private"."panel_roll_titles";

CREATE TABLE "private"."dialer_moves" ("id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL, "export_id" uuid NOT NULL, "uf" text NOT NULL, CONSTRAINT "dialer_moves_pkey" PRIMARY KEY (id));

ALTER TABLE "private"."dialer_moves" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."dialer_moves" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."failures_set_aside" ("tenant_id" uuid NOT NULL, "kind" text NOT NULL, "failed_id" text NOT NULL, "set_aside_by" uuid, CONSTRAINT "failures_set_aside_pkey" PRIMARY KEY (tenant_id, kind, failed_id));

ALTER TABLE "private"."failures_set_aside" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."failures_set_aside" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."field_words" ("provider" public.provider_name NOT NULL, "field" text NOT NULL, "label" text NOT NULL, "help" text, "placeholder" text, CONSTRAINT "field_words_pkey" PRIMARY KEY (provider, field));

ALTER TABLE "private"."field_words" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."field_words" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_month_facts" ("tenant_id" uuid NOT NULL, "month" date NOT NULL, "measure" text NOT NULL, "creditor_id" uuid, "operator_id" uuid, "events" bigint NOT NULL, "amount" bigint NOT NULL, CONSTRAINT "panel_month_facts_are_said_once" UNIQUE NULLS NOT DISTINCT (tenant_id, creditor_id, month, measure, operator_id));

ALTER TABLE "private"."panel_month_facts" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_month_facts" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_months" ("tenant_id" uuid NOT NULL, "month" date NOT NULL, CONSTRAINT "panel_months_pkey" PRIMARY KEY (tenant_id, month));

ALTER TABLE "private"."panel_months" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_months" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_provisional" ("tenant_id" uuid NOT NULL, "day" date NOT NULL, "installment_id" uuid NOT NULL, "client_id" uuid NOT NULL, "creditor_id" uuid NOT NULL, "operator_id" uuid, "due_on" date NOT NULL, "cents" bigint NOT NULL, CONSTRAINT "panel_provisional_pkey" PRIMARY KEY (tenant_id, day, installment_id));

ALTER TABLE "private"."panel_provisional" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_provisional" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_reachable" ("tenant_id" uuid NOT NULL, "client_id" uuid NOT NULL, "from_day" date NOT NULL, "until_day" date NOT NULL DEFAULT 'infinity'::date, "creditor_ids" uuid[] NOT NULL, CONSTRAINT "panel_reachable_end_after_they_begin" CHECK ((until_day >= from_day)), CONSTRAINT "panel_reachable_pkey" PRIMARY KEY (tenant_id, client_id, from_day));

ALTER TABLE "private"."panel_reachable" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_reachable" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."panel_titles" ("tenant_id" uuid NOT NULL, "debt_id" uuid NOT NULL, "from_day" date NOT NULL, "until_day" date NOT NULL DEFAULT 'infinity'::date, "client_id" uuid NOT NULL, "creditor_id" uuid NOT NULL, "due_on" date NOT NULL, "state" text NOT NULL, "cents" bigint NOT NULL, "is_entry" boolean NOT NULL, CONSTRAINT "panel_titles_end_after_they_begin" CHECK ((until_day >= from_day)), CONSTRAINT "panel_titles_pkey" PRIMARY KEY (tenant_id, debt_id, from_day), CONSTRAINT "panel_titles_state_is_known" CHECK ((state = ANY (ARRAY['open'::text, 'agreed'::text, 'held'::text, 'paid'::text, 'left'::text]))));

ALTER TABLE "private"."panel_titles" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_titles" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."proof_backlog" ("after_client_id" uuid NOT NULL, CONSTRAINT "proof_backlog_pkey" PRIMARY KEY (after_client_id));

ALTER TABLE "private"."proof_backlog" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."proof_backlog" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."proved_numbers" ("id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL, "phone_id" uuid NOT NULL, "overrules" boolean NOT NULL, CONSTRAINT "proved_numbers_pkey" PRIMARY KEY (id));

ALTER TABLE "private"."proved_numbers" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."proved_numbers" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."whatsapp_providers" ("provider" public.provider_name NOT NULL, "label" text NOT NULL, "what" text NOT NULL, "guide" text NOT NULL, "account_field" text NOT NULL, "account_label" text NOT NULL, "says_account" boolean NOT NULL, "listed_by" text NOT NULL, "verified_by" text[] NOT NULL, "webhook" text NOT NULL, CONSTRAINT "whatsapp_providers_pkey" PRIMARY KEY (provider), CONSTRAINT "whatsapp_providers_webhook_is_function" CHECK ((webhook ~ '^[a-z-]+$'::text)));

ALTER TABLE "private"."whatsapp_providers" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."whatsapp_providers" FORCE ROW LEVEL SECURITY;

ALTER TABLE "private"."panel_eligible" ADD COLUMN "titles" bigint;

ALTER TABLE "private"."panel_eligible" ADD COLUMN "debtors" bigint;

ALTER TABLE "private"."panel_stock_days" ADD COLUMN "has_rows" boolean NOT NULL DEFAULT false;

ALTER TABLE "public"."message_batches" ADD COLUMN "creditor_scope" uuid[];

ALTER TABLE "public"."rule_dry_runs" ADD COLUMN "wording" text;




ALTER TYPE "private"."recipient_plan" ADD ATTRIBUTE "closes_at" timestamp with time zone CASCADE;

CREATE OR REPLACE FUNCTION private.accept_invitation(user_id uuid, invitation_id uuid)
 RETURNS uuid
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with accepted as (
        update public.invitations
        set accepted_at = private.now()
        from auth.users
        where users.id = accept_invitation.user_id
          and invitations.id = accept_invitation.invitation_id
          and users.email_confirmed_at is not null
          and invitations.email = lower(users.email)
          and invitations.accepted_at is null
          and invitations.revoked_at is null
          and invitations.expires_at > private.now()
        returning invitations.tenant_id, invitations.role, invitations.creditor_ids,
            coalesce(
                nullif(btrim(users.raw_user_meta_data ->> 'name'), ''),
                invitations.display_name,
                split_part(users.email, '@', 1)
            ) as display_name
    )
    insert into public.memberships (tenant_id, user_id, role, display_name, creditor_ids)
    select accepted.tenant_id, accept_invitation.user_id, accepted.role, accepted.display_name,
        accepted.creditor_ids
    from accepted
    on conflict (user_id, tenant_id) where revoked_at is null do nothing
    returning memberships.tenant_id
$function$;

CREATE OR REPLACE FUNCTION private.add_upload_part(upload_id uuid, place integer, body bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_upload private.import_uploads := private.own_upload(upload_id);
begin
    -- Told by the rows' headers: no body is read. Files that come at the same moment do not see
    -- each other, and go over by that much.
    if octet_length(body) + (
        select coalesce(sum(octet_length(part.body)), 0) from private.import_upload_parts as part
        where part.tenant_id = v_upload.tenant_id
    ) > private.kept_bytes() then
        raise exception 'uploads_full' using errcode = 'PT409',
            detail = 'no room to keep it: send the file itself each time';
    end if;
    insert into private.import_upload_parts (upload_id, tenant_id, place, body)
    values (v_upload.id, v_upload.tenant_id, add_upload_part.place, add_upload_part.body);
    update private.import_uploads as upload set parts = upload.parts + 1
    where upload.id = v_upload.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.address_invitation(invitation_id uuid, OUT email text, OUT name text, OUT agency text)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_mailed_at timestamptz;
begin
    select sent.email, coalesce(sent.display_name, ''), tenants.name, sent.mailed_at
    into address_invitation.email, address_invitation.name, address_invitation.agency, v_mailed_at
    from public.invitations as sent
    join public.tenants on tenants.id = sent.tenant_id
    where sent.id = address_invitation.invitation_id and sent.tenant_id = v_tenant_id
      and sent.accepted_at is null and sent.revoked_at is null;
    if not found then
        raise exception 'invitation_not_found' using errcode = 'PT404',
            detail = 'no open invitation with this id in the tenant';
    elsif v_mailed_at > private.now() - interval '1 minute' then
        raise exception 'mail_too_soon' using errcode = 'PT429',
            detail = 'the address got a mail within this minute';
    end if;
    update auth.users set raw_user_meta_data = case jsonb_typeof(users.raw_user_meta_data)
        when 'object' then users.raw_user_meta_data else '{}' end
        || jsonb_build_object('agency', agency, 'invitation_id', invitation_id)
    where lower(users.email) = address_invitation.email;
end;
$function$;

CREATE OR REPLACE FUNCTION private.advance_import(import_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_plan private.import_plans;
    v_import public.imports;
    v_chunk private.import_chunks;
    v_wrote private.chunk_outcome;
begin
    if exists (
        select from private.import_rollbacks as back
        where back.import_id = advance_import.import_id
    ) then
        return private.advance_rollback(import_id);
    end if;
    select * into v_plan from private.import_plans as plan
    where plan.import_id = advance_import.import_id
    for update;
    select * into v_import from public.imports where imports.id = advance_import.import_id;
    if v_plan.import_id is null then
        return private.import_step(v_import);  -- somebody else took the last step
    elsif v_import.cancel_requested_at is not null then
        return private.take_back_import(v_import, 'cancelled', 'import_cancelled');
    end if;
    select * into v_chunk from private.import_chunks as chunk
    where chunk.import_id = v_plan.import_id
    order by chunk.place
    limit 1;
    if v_chunk.import_id is null and v_plan.creditors = '[]' then
        return private.finish_import(v_plan);
    end if;

    if v_plan.is_rehearsal then
        v_wrote := private.rehearse_chunk(v_chunk);
    else
        v_wrote := private.write_as_import(v_plan, v_chunk);
    end if;
    delete from private.import_chunks as chunk
    where chunk.import_id = v_plan.import_id and chunk.place = v_chunk.place;
    update private.import_plans as plan
    set writer = null, attempts = 0, creditors = '[]',
        rows_written = plan.rows_written + coalesce(v_chunk.rows, 0),
        creditors_created = plan.creditors_created + jsonb_array_length(v_plan.creditors),
        clients_created = plan.clients_created + v_wrote.clients_created,
        clients_updated = plan.clients_updated + v_wrote.clients_updated,
        clients_touched = plan.clients_touched + coalesce(v_wrote.clients_touched, 0),
        debts_created = plan.debts_created + v_wrote.debts_created,
        debts_updated = plan.debts_updated + v_wrote.debts_updated,
        debts_returned = plan.debts_returned + v_wrote.debts_returned,
        debts_reopened = plan.debts_reopened + v_wrote.debts_reopened,
        changed_fields = private.count_changed_fields(plan.changed_fields, v_wrote.changes),
        -- Chunks go by document, and so do these.
        changed_rows = case
            when jsonb_array_length(plan.changed_rows) >= private.listed_changes()
                then plan.changed_rows
            else plan.changed_rows || private.list_changed_rows(
                v_wrote.changes,
                private.listed_changes() - jsonb_array_length(plan.changed_rows)
            ) end,
        begun_at = coalesce(plan.begun_at, v_import.started_at, private.now())
    where plan.import_id = v_plan.import_id
    returning plan.* into v_plan;
    if not v_plan.is_rehearsal then
        perform private.show_import_progress(v_plan);
        -- A commit that a crash of Postgres loses leaves its chunk in the plan; the last step waits
        -- for the disk, and with it all of them.
        perform set_config('synchronous_commit', 'off', true);
    end if;
    return jsonb_build_object('status', 'running', 'rows_written', v_plan.rows_written);
end;
$function$;

CREATE OR REPLACE FUNCTION private.advance_message(message_id uuid, status public.message_status, at timestamp with time zone, provider_message_id text DEFAULT NULL::text, wamid text DEFAULT NULL::text, error_code text DEFAULT NULL::text, error_detail text DEFAULT NULL::text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_was public.message_logs;
    v_is_guess boolean;
    v_moves boolean;
    v_fails_first boolean;
begin
    -- Run before message, the order in which every job locks them.
    perform from public.automation_runs as run
    where run.id = (
        select message.automation_run_id from public.message_logs as message
        where message.id = advance_message.message_id
    )
    for update;
    select * into v_was from public.message_logs as message
    where message.id = advance_message.message_id and message.direction = 'out'
    for update;
    if not found then
        return false;
    end if;

    -- "No receipt came" was our guess; any receipt knows better.
    v_is_guess := v_was.status = 'failed' and v_was.error_code = 'outcome_unknown';
    v_moves := v_is_guess
        or private.message_rank(advance_message.status) > private.message_rank(v_was.status);
    -- Of several failures the earliest is told; the word decides between two of one instant.
    v_fails_first := advance_message.status = 'failed' and (
        v_is_guess or v_was.failed_at is null
        or (advance_message.at, coalesce(advance_message.error_code, ''))
            < (v_was.failed_at, coalesce(v_was.error_code, ''))
    );

    update public.message_logs as message
    set status = case when v_moves then advance_message.status else message.status end,
        provider_message_id =
            coalesce(message.provider_message_id, advance_message.provider_message_id),
        wamid = coalesce(message.wamid, advance_message.wamid),
        submitted_at = case when advance_message.status = 'submitted'
            then least(message.submitted_at, at) else message.submitted_at end,
        sent_at = case when advance_message.status = 'sent'
            then least(message.sent_at, at) else message.sent_at end,
        delivered_at = case when advance_message.status = 'delivered'
            then least(message.delivered_at, at) else message.delivered_at end,
        read_at = case when advance_message.status = 'read'
            then least(message.read_at, at) else message.read_at end,
        failed_at = case when v_fails_first then at
            when not v_is_guess then message.failed_at end,
        error_code = case when v_fails_first then advance_message.error_code
            when not v_is_guess then message.error_code end,
        error_detail = case when v_fails_first then advance_message.error_detail
            when not v_is_guess then message.error_detail end
    where message.id = v_was.id;

    if v_moves and advance_message.status = 'failed'
        and advance_message.error_code = 'number_invalid'
        and private.try_other_form(v_was.id)
    then
        return true;
    end if;
    perform private.follow_message(v_was.id);
    if advance_message.status = 'failed' then
        perform private.learn_from_failure(v_was.id, advance_message.error_code);
    elsif advance_message.status = 'submitted' then
        perform private.mark_integration(v_was.integration_id, null);
    elsif v_moves and advance_message.status in ('delivered', 'read') then
        perform private.prove_whatsapp(v_was.tenant_id, v_was.client_id, v_was.phone);
    end if;
    return v_moves;
end;
$function$;

CREATE OR REPLACE FUNCTION private.age_client(tenant_id uuid, client_id uuid, on_date date, with_titles boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_id uuid;
    v_outcome text;
    v_outcomes text[] := '{}';
    v_failures jsonb := '[]';
begin
    if with_titles and exists (
        select from private.debts_to_age(
            age_client.tenant_id, age_client.on_date, age_client.client_id
        )
    ) then
        begin
            -- The client before its titles, as everybody.
            perform from public.clients
            where clients.tenant_id = age_client.tenant_id and clients.id = age_client.client_id
            for no key update nowait;
            perform private.age_debts(
                age_client.tenant_id, age_client.on_date, age_client.client_id
            );
        exception
            when lock_not_available then
                v_outcomes := v_outcomes || 'titles_busy'::text;
            when others then
                v_outcomes := v_outcomes || 'failed'::text;
                v_failures := v_failures || jsonb_build_object(
                    'client_id', client_id, 'code', sqlstate, 'error', sqlerrm
                );
        end;
    end if;
    for v_id in
        select agreement.id from public.agreements as agreement
        where agreement.tenant_id = age_client.tenant_id
          and agreement.client_id = age_client.client_id
          and private.is_under_way(agreement.status)
        order by agreement.id
    loop
        begin
            v_outcome := private.age_agreement(v_id, on_date);
        exception when others then
            v_outcome := 'failed';
            v_failures := v_failures || jsonb_build_object(
                'agreement_id', v_id, 'code', sqlstate, 'error', sqlerrm
            );
        end;
        v_outcomes := v_outcomes || v_outcome;
    end loop;
    return jsonb_build_object('counts', (
        select coalesce(jsonb_object_agg(counted.outcome, counted.times), '{}')
        from (
            select outcome, count(*) as times from unnest(v_outcomes) as outcome group by outcome
        ) as counted
    ), 'failures', v_failures);
end;
$function$;

CREATE OR REPLACE FUNCTION private.aging_band(days integer)
 RETURNS smallint
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select (1 + width_bucket(aging_band.days, private.band_edges()))::smallint $function$;

CREATE OR REPLACE FUNCTION private.analyze_imported()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
    c_lately constant interval := '2 minutes';  -- a minute is missed when the job is late
begin
    if exists (
        select from public.imports
        where imports.finished_at > private.now() - c_lately and imports.status = 'done'
          and imports.debts_created > c_many_rows
          -- Once for each: what ends later than the titles are read is seen to next time. Ages,
          -- because the statistics have the server's clock.
          and private.now() - imports.finished_at < coalesce(
              now() - pg_stat_get_last_analyze_time('public.debts'::regclass), c_lately
          )
    ) then
        -- A vacuum that is under way would give way to who waits for it, each time anew, and never
        -- come to its end; it takes the statistics by itself.
        analyze (skip_locked) public.debts, public.clients, public.client_phones;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.answer_invitation(invitation_id uuid, accepts boolean)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid;
begin
    if accepts then
        v_tenant_id := private.accept_invitation(auth.uid(), invitation_id);
    else
        update public.invitations as sent
        set revoked_at = private.now(), declined_at = private.now()
        from auth.users
        where users.id = auth.uid() and users.email_confirmed_at is not null
          and sent.id = invitation_id and sent.email = lower(users.email)
          and sent.accepted_at is null and sent.revoked_at is null
        returning sent.tenant_id into v_tenant_id;
    end if;
    if v_tenant_id is null then
        raise exception 'invitation_not_found' using errcode = 'PT404',
            detail = 'no open invitation with this id for the caller''s address';
    end if;
    perform private.tell_membership(v_tenant_id, auth.uid());
    return v_tenant_id;
end;
$function$;

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
        'lock_timeout', (extract(epoch from patience) * 1000)::int::text, true
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
    perform set_config('lock_timeout', v_was, true);
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

CREATE OR REPLACE FUNCTION private.apply_inbound(event_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_event private.provider_events;
    v_inbound jsonb;
    v_phone text;
    v_at timestamptz;
    v_sender_id uuid;
    v_conversation public.conversations;
    v_client_id uuid;
    v_message_id uuid;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_inbound.event_id;
    v_inbound := v_event.payload -> 'inbound';
    v_phone := '+' || ltrim(v_inbound ->> 'phone', '+');
    if v_phone !~ '^\+[1-9][0-9]{7,14}$' then
        v_phone := null;
    end if;
    if v_phone is null and coalesce(v_inbound ->> 'user_id', '') = '' then
        return 'payload_invalid';
    end if;
    v_sender_id := private.sender_of_event(v_event.integration_id, v_inbound ->> 'account');
    if v_sender_id is null then
        return 'sender_unknown';
    end if;
    if v_inbound ? 'moved_to' then
        return private.follow_number(
            v_event.tenant_id, v_sender_id, v_phone, '+' || (v_inbound ->> 'moved_to')
        );
    end if;
    v_at := case when pg_input_is_valid(v_inbound ->> 'at', 'timestamptz')
        then private.told_instant((v_inbound ->> 'at')::timestamptz) end;
    v_at := least(coalesce(v_at, v_event.received_at), v_event.received_at);

    v_conversation := private.find_conversation(
        v_event.tenant_id, v_sender_id, v_phone, v_inbound
    );
    v_client_id := private.client_of_inbound(v_event, v_conversation, v_phone);
    insert into public.message_logs (
        tenant_id, client_id, direction, provider, integration_id, sender_id, conversation_id,
        phone, business_user_id, body, media, status, wamid
    )
    values (
        v_event.tenant_id, v_client_id, 'in', v_event.provider, v_event.integration_id,
        v_sender_id, v_conversation.id, v_phone, v_inbound ->> 'user_id',
        coalesce(v_inbound ->> 'text', '[' || coalesce(v_inbound ->> 'type', '?') || ']'),
        -- The provider's own address of it goes no further than private.media_sources.
        case when jsonb_typeof(v_inbound -> 'media') = 'object'
            then (v_inbound -> 'media') - 'url' - 'provider_media_id' end,
        'received', v_inbound ->> 'wamid'
    )
    on conflict (integration_id, wamid) where wamid is not null do nothing
    returning id into v_message_id;
    if v_message_id is null then
        return null;
    end if;

    perform private.want_media(v_message_id, v_inbound -> 'media'),
        private.prove_whatsapp(v_event.tenant_id, v_client_id, v_phone, true);
    update public.conversations as talk
    set client_id = v_client_id,
        owner_id = case when private.works_here(talk.tenant_id, talk.owner_id) then talk.owner_id
            else private.negotiator_of(talk.tenant_id, v_client_id) end,
        last_inbound_at = greatest(talk.last_inbound_at, v_at),
        last_message_at = private.now(), unread = talk.unread + 1,
        contact_name = coalesce(v_inbound ->> 'name', talk.contact_name),
        wa_id = coalesce(private.wa_id_of(v_inbound), talk.wa_id)
    where talk.id = v_conversation.id
    returning * into v_conversation;
    if private.is_opt_out(v_inbound ->> 'text') then
        perform private.opt_out(v_conversation);
    end if;
    perform private.mark_answered(v_conversation, v_at);
    perform private.tell_of_inbound(v_conversation, v_message_id);
    return null;
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
    v_handled := v_handled + private.handle_events(private.read_events(true, c_max_calls));
    perform private.take_proofs();
    return v_handled;
end;
$function$;

CREATE OR REPLACE FUNCTION private.audit_of(person private.person)
 RETURNS SETOF bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 20
 SET search_path TO ''
AS $function$
    with naming as materialized (
        select line.id, line.table_name, line.row_id
        from public.audit_log as line
        where line.tenant_id = (person).tenant_id
          and coalesce(line.after, line.before) ? 'client_id'
          and coalesce(line.after, line.before) ->> 'client_id' = (person).client_id::text
          and line.action in ('insert', 'update', 'delete')
    ),
    own as (
        select 'clients' as table_name, (person).client_id::text as row_id
        union
        select 'client_phones', phone.id::text from public.client_phones as phone
        where phone.tenant_id = (person).tenant_id and phone.client_id = (person).client_id
        union
        select 'client_addresses', home.id::text from public.client_addresses as home
        where home.tenant_id = (person).tenant_id and home.client_id = (person).client_id
        union
        select 'callbacks', promise.id::text from public.callbacks as promise
        where promise.tenant_id = (person).tenant_id and promise.client_id = (person).client_id
        union
        select naming.table_name, naming.row_id from naming
        where naming.table_name in ('client_phones', 'client_addresses', 'callbacks')
    )
    select naming.id from naming
    union
    select line.id
    from own
    join public.audit_log as line
        on line.tenant_id = (person).tenant_id and line.table_name = own.table_name
        and line.row_id = own.row_id
    where line.action in ('insert', 'update', 'delete')
    union
    select line.id from public.audit_log as line
    where line.tenant_id = (person).tenant_id and line.table_name = 'suppressions'
      and coalesce(line.after, line.before) ->> 'phone' = any((person).phones)
      and line.action in ('insert', 'update', 'delete')
$function$;

CREATE OR REPLACE FUNCTION private.band_edges()
 RETURNS integer[]
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select '{1,31,61,91,121,181,361,721,1801}'::int[] $function$;

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

CREATE OR REPLACE FUNCTION private.batch_numbers(batch public.message_batches)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with known as materialized (
        select counts.key, counts.amount from private.batch_counts as counts
        where counts.batch_id = batch.id and counts.amount <> 0
    ),
    one as materialized (
        select jsonb_object_agg(known.key, known.amount) as at from known
    ),
    named as (
        select
            coalesce((one.at ->> 'recipient:waiting')::bigint, 0)
                + coalesce((one.at ->> 'recipient:claimed')::bigint, 0) as queued,
            coalesce((one.at ->> 'waiting:outside_hours')::bigint, 0)
                + coalesce((one.at ->> 'waiting:attempt_cap')::bigint, 0) as held,
            coalesce((one.at ->> 'accepted')::bigint, 0) as sent,
            coalesce((one.at ->> 'message:delivered')::bigint, 0)
                + coalesce((one.at ->> 'message:read')::bigint, 0) as delivered,
            coalesce((one.at ->> 'message:read')::bigint, 0) as read,
            coalesce((one.at ->> 'answered')::bigint, 0) as answered,
            coalesce((one.at ->> 'message:failed')::bigint, 0) as failed,
            coalesce((one.at ->> 'message:unknown')::bigint, 0) as unknown,
            coalesce((one.at ->> 'recipient:skipped')::bigint, 0) as skipped,
            coalesce((one.at ->> 'recipient:excluded')::bigint, 0) as excluded,
            coalesce((one.at ->> 'recipient:done')::bigint, 0) as done,
            coalesce((one.at ->> 'spent_micros')::bigint, 0) as spent_micros
        from one
    )
    select to_jsonb(named) || jsonb_build_object(
        'selected', named.queued + named.done + named.skipped + named.excluded,
        'rate_per_second', case when batch.status = 'sending'
            then round(pace.per_second::numeric, 1) else 0 end,
        -- Of those who need not wait for the hour or a cap.
        'seconds_left', case when batch.status = 'sending' and pace.per_second > 0.05
            then ceil((named.queued - named.held) / pace.per_second)::bigint end,
        'next_due_at', (
            select recipient.not_before
            from public.batch_recipients as recipient
            where recipient.batch_id = batch.id and recipient.status = 'waiting'
            order by recipient.not_before limit 1
        ),
        'reasons', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', split_part(known.key, ':', 1), 'reason', split_part(known.key, ':', 2),
                'class', case when known.key like 'failed:%'
                    then private.failure_class(split_part(known.key, ':', 2)) end,
                'count', known.amount
            ) order by known.amount desc, known.key), '[]')
            from known
            where known.key ~ '^(failed|skipped|excluded|waiting):'
        ),
        'retryable', private.retryable_of(
            batch, array['rate_limited', 'provider_unavailable'], (select one.at from one)
        ),
        'doubtful', private.retryable_of(batch, array['outcome_unknown'], (select one.at from one))
    )
    from named
    cross join (
        -- What note_progress would make of it, were nothing accepted since.
        select batch.rate_per_second * exp(-least(greatest(extract(
            epoch from private.now() - coalesce(batch.last_progress_at, batch.created_at)
        )::double precision, 0), 3600) / 43) as per_second
    ) as pace
$function$;

CREATE OR REPLACE FUNCTION private.begin_batch_messages(message_ids uuid[], attempts integer[])
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_held uuid[];
    v_capped uuid[];
    v_begun uuid[];
begin
    -- Two sends may have claimed one person in the same instant: both saw no attempt yet.
    v_capped := private.hold_attempts(begin_batch_messages.message_ids)
        || private.hold_numbers(begin_batch_messages.message_ids);
    -- Whose lease ran out is being given back at this moment, and may be sent by another.
    v_held := array(
        select recipient.message_id
        from public.batch_recipients as recipient
        join public.message_logs as message on message.id = recipient.message_id
        where message.id = any(begin_batch_messages.message_ids)
          and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
          -- The lease ends with the hours of the person's state at the latest.
          and recipient.status = 'claimed' and recipient.lease_until > private.now()
        order by recipient.batch_id, recipient.client_id
        for update of recipient
    );
    with begun as (
        update public.message_logs as message
        set status = 'sending', sending_at = private.now()
        from unnest(begin_batch_messages.message_ids, begin_batch_messages.attempts)
            as asked (id, attempt)
        where message.id = asked.id and message.attempt = asked.attempt
          and message.status = 'queued'
          and message.id = any(v_held) and message.id <> all(v_capped)
          -- Somebody may have pressed pause since the claim.
          and exists (
              select from public.message_batches as batch
              where batch.id = message.batch_id and batch.status = 'sending'
          )
          -- Or have asked for silence; only who is marked is looked up.
          and not exists (
              select from private.client_contacts as contact
              where contact.tenant_id = message.tenant_id
                and contact.client_id = message.client_id
                and contact.whatsapp_blocked_until > private.now()
                and private.is_suppressed(
                    message.tenant_id, message.client_id, message.phone, 'whatsapp', private.now()
                )
          )
        returning message.id
    )
    select coalesce(array_agg(begun.id), '{}') into v_begun from begun;
    -- Paused meanwhile, silenced, or one too many: the next claim says which, and until when.
    update public.batch_recipients as recipient
    set status = 'waiting', lease_until = null
    from public.message_logs as message
    join unnest(begin_batch_messages.message_ids, begin_batch_messages.attempts)
        as asked (id, attempt)
        on asked.id = message.id and asked.attempt = message.attempt
    where message.id = any(v_held) and message.id <> all(v_begun) and message.status = 'queued'
      and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
      and recipient.status = 'claimed';
    return query select begun.id from unnest(v_begun) as begun (id);
end;
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

CREATE OR REPLACE FUNCTION private.board_alarm(tenant_id uuid, user_id uuid, state text, reason text, since timestamp with time zone, usual_wrap_up integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Domain §7.3.
    c_patience constant interval := '60 seconds';
    v_ended_at timestamptz;
begin
    if state = 'paused' then
        return case when reason = 'dialer' and since < private.now() - c_patience
            then jsonb_build_object('kind', 'pause', 'since', since) end;
    end if;
    select last_call.ended_at into v_ended_at
    from (
        select call.* from public.calls as call
        where call.operator_id = board_alarm.user_id and call.tenant_id = board_alarm.tenant_id
        order by call.called_at desc
        limit 1
    ) as last_call
    where last_call.status = 'ended' and last_call.connected_at is not null
      and last_call.disposition_id is null and last_call.outcome_type is null
      -- One whose end the dialer never told: the sweep asks for it.
      and last_call.ended_at > private.now() - interval '1 hour';
    return case
        when v_ended_at < private.now() - make_interval(secs => 2 * usual_wrap_up)
            then jsonb_build_object(
                'kind', 'wrap_up', 'since', v_ended_at, 'usual_seconds', usual_wrap_up
            ) end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.bring_back_failures(items jsonb)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_count int;
begin
    perform private.require_failures(items);
    with changed as (
        delete from private.failures_set_aside as aside
        using jsonb_array_elements(items) as given (item)
        where aside.tenant_id = v_tenant_id and aside.kind = given.item ->> 'kind'
          and aside.failed_id = lower(given.item ->> 'id')
          and private.sees_failure(aside.kind, aside.failed_id)
        returning aside.kind, aside.failed_id
    )
    select count(private.note_set_aside('delete', changed.kind, changed.failed_id)) into v_count
    from changed;
    return v_count;
end;
$function$;

CREATE OR REPLACE FUNCTION private.bulk_assign(selection jsonb, user_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    v_scope uuid[];
    v_hidden bigint := 0;
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_condition text := private.client_condition(v_filter);
    v_audit_id bigint;
    v_outcome jsonb;
begin
    if user_id is not null then
        -- Held: whoever removes them waits, and then finds what was given here.
        perform from public.memberships
        where memberships.tenant_id = v_tenant_id
          and memberships.user_id = bulk_assign.user_id
          and memberships.revoked_at is null
        for share;
        if not found then
            raise exception 'member_not_found' using errcode = 'PT404',
                detail = 'nobody of this tenant has that id';
        end if;
        v_scope := private.creditor_scope_of(v_tenant_id, user_id);
    end if;
    -- Who has no title with a creditor that this colleague sees stays whose they are.
    if v_scope is not null then
        execute 'select count(*) from public.clients where ' || v_condition
            || ' and not clients.creditor_ids && $2'
        into v_hidden using v_filter, v_scope;
        v_condition := v_condition || ' and clients.creditor_ids && $5';
    end if;
    v_audit_id := private.begin_bulk(v_tenant_id, 'assign', selection);
    execute private.bulk_query(v_condition, case
        when user_id is null then '
            delete from public.client_assignments as given using selected
            where given.tenant_id = ($1).tenant_id and given.client_id = selected.id
            returning given.client_id'
        else '
            insert into public.client_assignments as given
                (tenant_id, client_id, user_id, assigned_by, assigned_at)
            select ($1).tenant_id, selected.id, $2, $3, ($1).now_at from selected
            order by selected.id
            on conflict (tenant_id, client_id) do update
            set user_id = excluded.user_id, assigned_by = excluded.assigned_by,
                assigned_at = excluded.assigned_at
            where given.user_id <> excluded.user_id
            returning given.client_id' end)
    into v_outcome using v_filter, user_id, auth.uid(),
        case when not selection ? 'ids' then v_audit_id end, v_scope;
    v_outcome := v_outcome || jsonb_build_object('hidden', v_hidden);
    perform private.end_bulk(v_audit_id, v_outcome || jsonb_build_object('assigned_to', user_id));
    return v_outcome;
end;
$function$;

CREATE OR REPLACE FUNCTION private.bulk_eligibility(selection jsonb, action text, assignee uuid DEFAULT NULL::uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    -- Each row asks for its mobiles and its agreements: dearer than summing.
    c_countable constant bigint := 20000;
    c_mobile constant text := $sql$
        when clients.has_whatsapp is false or not exists (
            select from public.client_phones as mobiles
            where mobiles.tenant_id = ($1).tenant_id and mobiles.client_id = clients.id
              and mobiles.kind = 'mobile' and mobiles.has_whatsapp is not false
        ) then 'no_whatsapp'$sql$;
    -- Who is limited to creditors speaks to people of what is owed to those.
    c_owing constant text := $sql$
        when not (private.owed_in_scope(($1).tenant_id, clients.id, $5)).is_owing
            then 'nothing_owed'$sql$;
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_condition text := private.client_condition(v_filter);
    v_scope uuid[] := private.creditor_scope();
    v_theirs uuid[] := private.creditor_scope_of(v_filter.tenant_id, assignee);
    v_reason text := replace(
        private.exclusion_reason(action), '$reachable',
        case action when 'whatsapp' then c_mobile when 'dialer' then private.wrong_contact_reason()
            else '' end || case when v_scope is null then '' else c_owing end
    );
    v_scale double precision := private.sample_scale(v_filter, v_condition, c_countable);
    v_closed text[];
    v_opens_at timestamptz;
    v_counts jsonb;
begin
    if action is null or action not in ('dialer', 'whatsapp', 'assign', 'tag', 'export') then
        raise exception 'action_unknown' using errcode = 'PT400', detail = coalesce(action, '');
    end if;
    if action in ('dialer', 'whatsapp') then
        select array_agg(closed.uf), min(closed.opens_at) into v_closed, v_opens_at
        from private.closed_ufs(v_filter.tenant_id, v_filter.now_at) as closed;
    end if;
    if action = 'assign' and v_theirs is not null then
        v_reason := 'case when clients.creditor_ids && $6 then ''eligible''
            else ''assignee_limited'' end';
    end if;
    execute 'select coalesce(jsonb_object_agg(counted.reason, counted.clients), ''{}'')
        from (
            select listed.reason, round(count(*) * $3)::bigint as clients
            from (
                select ' || v_reason || ' as reason
                from ' || private.client_source(v_scale) || '
                left join private.client_contacts as contact
                    on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
                where ' || v_condition || '
            ) as listed
            group by listed.reason
        ) as counted'
    into v_counts
    using v_filter, coalesce(v_closed, '{}'), coalesce(v_scale, 1), case action
        when 'dialer' then private.has_cap(v_filter.tenant_id, 'call')
        when 'whatsapp' then private.has_cap(v_filter.tenant_id, 'whatsapp')
        else false
    end, v_scope, v_theirs;
    return jsonb_build_object(
        'action', action,
        'selected', (
            select coalesce(sum(entry.value::bigint), 0) from jsonb_each_text(v_counts) as entry
        ),
        'eligible', coalesce((v_counts ->> 'eligible')::bigint, 0),
        'is_estimate', v_scale is not null,
        'excluded', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', entry.key, 'count', entry.value::bigint
            ) order by entry.value::bigint desc, entry.key), '[]')
            from jsonb_each_text(v_counts) as entry
            where entry.key <> 'eligible'
        ),
        'next_allowed_at', case when v_counts ? 'outside_hours' then v_opens_at end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.claim_batch_messages(max integer, lease_seconds integer, worker uuid DEFAULT NULL::uuid)
 RETURNS TABLE(message_id uuid, attempt integer, tenant_id uuid, integration_id uuid, provider public.provider_name, settings jsonb, destination text, template_provider_id text, template_name text, language text, params text[], sender_id uuid, starts_in double precision, gap double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_senders constant int := 50;
    v_sender record;
    v_left int := max;
    v_share int;
    v_lent record;
    v_got uuid[];
    v_ids uuid[] := '{}';
    v_starts double precision[] := '{}';
    v_gaps double precision[] := '{}';
    v_senders uuid[] := '{}';
    v_settings jsonb[] := '{}';
begin
    perform private.recover_leases();
    for v_sender in
        select sender.id, count(*) over () as waiting
        from public.senders as sender
        join public.integrations as integration
            on integration.id = sender.integration_id and integration.is_active
        left join private.sender_buckets as bucket on bucket.sender_id = sender.id
        where sender.state = 'active'
          and (sender.paused_until is null or sender.paused_until <= private.now())
          and exists (
              select from public.message_batches as batch
              join public.batch_recipients as recipient on recipient.batch_id = batch.id
              where batch.tenant_id = sender.tenant_id and batch.sender_id = sender.id
                and batch.status = 'sending'
                and recipient.status = 'waiting' and recipient.not_before <= private.now()
          )
        order by bucket.last_claimed_at nulls first, sender.id
        limit c_senders
    loop
        exit when v_left <= 0;
        -- Another instance is at this sender: its bucket will not hold more for us.
        continue when not pg_try_advisory_xact_lock(hashtextextended(v_sender.id::text, 1));
        v_share := greatest(max / v_sender.waiting::int, 1);
        v_lent := private.take_tokens(v_sender.id, least(v_share, v_left), worker);
        continue when v_lent.taken = 0;
        v_got := private.claim_of_sender(v_sender.id, v_lent.taken, lease_seconds);
        if cardinality(v_got) < v_lent.taken then
            perform private.give_back_tokens(
                v_sender.id, v_lent.taken - cardinality(v_got), v_lent.gap
            );
        end if;
        continue when cardinality(v_got) = 0;
        v_senders := v_senders || v_sender.id;
        v_settings := v_settings || private.sender_settings(v_sender.id);
        v_ids := v_ids || v_got;
        v_starts := v_starts || array(
            select v_lent.starts_in + nth * v_lent.gap
            from generate_series(0, cardinality(v_got) - 1) as nth
        );
        v_gaps := v_gaps || array_fill(v_lent.gap, array[cardinality(v_got)]);
        v_left := v_left - cardinality(v_got);
    end loop;
    return query
    select message.id, message.attempt, message.tenant_id, message.integration_id,
        message.provider, settings.said, message.phone, template.provider_template_id,
        template.name, template.language, message.params, message.sender_id, claimed.starts_in,
        claimed.gap
    from unnest(v_ids, v_starts, v_gaps) as claimed (id, starts_in, gap)
    join public.message_logs as message on message.id = claimed.id
    join public.message_templates as template on template.id = message.template_id
    join unnest(v_senders, v_settings) as settings (id, said) on settings.id = message.sender_id
    order by claimed.starts_in, message.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.claim_of_sender(sender_id uuid, tokens integer, lease_seconds integer)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Recipients that are skipped or wait cost no token: look further, but not for ever.
    c_rounds constant int := 20;
    v_batch_id uuid;
    v_candidates uuid[];
    v_plans private.recipient_plan[];
    v_written uuid[];
    v_claimed uuid[] := '{}';
begin
    for v_round in 1 .. c_rounds loop
        exit when cardinality(v_claimed) >= tokens;
        select batch.id into v_batch_id
        from public.message_batches as batch
        where batch.sender_id = claim_of_sender.sender_id and batch.status = 'sending'
          and exists (
              select from public.batch_recipients as recipient
              where recipient.batch_id = batch.id and recipient.status = 'waiting'
                and recipient.not_before <= private.now()
          )
        order by batch.created_at limit 1;
        exit when not found;
        if (
            select private.template_obstacle(template) is not null
            from public.message_batches as batch
            join public.message_templates as template on template.id = batch.template_id
            where batch.id = v_batch_id
        ) then
            perform private.halt_batch(v_batch_id);
            continue;
        end if;
        v_candidates := array(
            select recipient.client_id from public.batch_recipients as recipient
            where recipient.batch_id = v_batch_id and recipient.status = 'waiting'
              and recipient.not_before <= private.now()
            order by recipient.not_before, recipient.client_id
            limit tokens - cardinality(v_claimed)
            for update skip locked
        );
        exit when cardinality(v_candidates) = 0;
        -- Given back in the very moment in which its message was begun: held for one more lease, so
        -- that it is in doubt after it when nobody settles; else the message tells the rest.
        with healed as (
            update public.batch_recipients as recipient
            set status = (case when message.status = 'sending' then 'claimed' else 'done' end)
                    ::public.recipient_status,
                lease_until = case when message.status = 'sending' then private.now()
                    + make_interval(secs => claim_of_sender.lease_seconds) end,
                reason = null
            from public.message_logs as message
            where recipient.batch_id = v_batch_id and recipient.client_id = any(v_candidates)
              and message.id = recipient.message_id and message.status <> 'queued'
            returning recipient.client_id
        )
        select array(
            select candidate.id from unnest(v_candidates) as candidate (id)
            where candidate.id not in (select healed.client_id from healed)
        ) into v_candidates;
        v_plans := array(
            select plan from private.plan_recipients(v_batch_id, v_candidates) as plan
        );
        update public.batch_recipients as recipient
        set status = case when plan.verdict = 'skip' then 'skipped'::public.recipient_status
                else recipient.status end,
            reason = plan.reason,
            not_before = case when plan.verdict = 'postpone' then plan.not_before
                else recipient.not_before end,
            message_id = case when plan.verdict <> 'skip' then recipient.message_id end
        from unnest(v_plans) as plan
        where recipient.batch_id = v_batch_id and recipient.client_id = plan.client_id
          and plan.verdict <> 'send';
        if exists (select from unnest(v_plans) as plan where plan.verdict = 'skip') then
            -- Claimed before and given back: a message that never began is no message.
            delete from public.message_logs as message using unnest(v_plans) as plan
            where plan.verdict = 'skip' and message.batch_id = v_batch_id
              and message.client_id = plan.client_id and message.status = 'queued';
        end if;
        v_written := private.write_claims(v_batch_id, v_plans, claim_of_sender.lease_seconds);
        v_claimed := v_claimed || v_written;
    end loop;
    return v_claimed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.confirm_contradiction(payment_case public.payment_cases, target jsonb, reason text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_charge public.charges;
    v_payment public.payments;
    v_course record;
begin
    select * into v_charge from public.charges as charge
    where charge.id = payment_case.charge_id;
    v_payment.tenant_id := payment_case.tenant_id;
    v_payment.client_id := v_charge.client_id;
    v_payment.provider := 'negociarie';
    v_payment.integration_id := v_charge.integration_id;
    v_payment.charge_id := v_charge.id;
    v_payment.reference := v_charge.reference;
    v_payment.method := v_charge.method;
    v_payment.paid_on := coalesce(target ->> 'paid_on', payment_case.details ->> 'paid_on')::date;
    v_payment.amount_cents := coalesce(
        target ->> 'amount_cents', payment_case.details ->> 'paid_cents'
    )::bigint;
    if v_charge.id is null or v_payment.paid_on is null
        or coalesce(v_payment.amount_cents, 0) <= 0
        or not private.is_payment_day(payment_case.tenant_id, v_payment.paid_on)
    then
        raise exception 'target_missing' using errcode = 'PT400',
            detail = 'a known charge, paid_on (not in the future) and amount_cents';
    end if;
    -- As the provider would tell it, so that a later clear word is the same payment.
    v_payment.payment_key := private.told_payment_key(
        v_charge.integration_id, payment_case.details, v_payment.paid_on::text,
        v_payment.amount_cents::text
    );
    update public.charges as charge set status = 'paid' where charge.id = v_charge.id;
    v_course := private.course_of_charge(v_charge);
    perform private.take_payment(
        v_payment, v_course.course, v_course.agreement_id, v_course.installment_id, null, reason
    );
end;
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

CREATE OR REPLACE FUNCTION private.decide_agreement(agreement_id uuid, decision text, reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
    v_agreement public.agreements;
    v_priced jsonb;
begin
    if decision is null or decision not in ('approve', 'reject') then
        raise exception 'decision_unknown' using errcode = 'PT400',
            detail = coalesce(decision, 'none');
    end if;
    v_agreement := private.agreement_for_change(v_tenant_id, agreement_id);
    if v_agreement.status <> 'pending_approval' then
        raise exception 'agreement_not_pending' using errcode = 'PT409',
            detail = v_agreement.status::text;
    elsif v_agreement.created_by = auth.uid() then
        raise exception 'approval_by_author' using errcode = 'PT403',
            detail = 'another person decides';
    end if;
    perform private.require_reason(reason, is_wanted => decision = 'reject');
    if decision = 'approve' then
        v_priced := private.unseal(
            v_tenant_id, v_role, v_agreement.priced -> 'proposal', v_agreement.proposal_hash
        );
        if v_priced is null then
            perform private.transition_agreement(
                v_agreement.id, 'expired', 'price_changed', v_today
            );
            return jsonb_build_object(
                'outcome', 'expired', 'agreement_id', v_agreement.id,
                'simulation', private.reprice(
                    v_tenant_id, v_role, v_agreement.priced -> 'proposal'
                )
            );
        end if;
        perform private.refuse_obstacles(v_priced -> 'obstacles');
        if v_priced -> 'approval_reasons' <> '[]' then
            raise exception 'approval_above_role' using errcode = 'PT403',
                detail = (v_priced -> 'approval_reasons')::text;
        end if;
    end if;
    update public.agreements as agreement
    set decided_by = auth.uid(), decided_at = private.now(),
        decision_reason = nullif(btrim(decide_agreement.reason), '')
    where agreement.id = v_agreement.id;
    if decision = 'approve' then
        perform private.formalise_agreement(v_agreement.id, 'approved', v_today);
    else
        perform private.transition_agreement(v_agreement.id, 'rejected', btrim(reason), v_today);
    end if;
    return jsonb_build_object(
        'outcome', case decision when 'approve' then 'approved' else 'rejected' end,
        'agreement_id', v_agreement.id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.decide_settlement(settlement_id uuid, decision text, reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_request public.manual_settlements;
begin
    if decision is null or decision not in ('approve', 'reject') then
        raise exception 'decision_unknown' using errcode = 'PT400',
            detail = coalesce(decision, 'none');
    end if;
    select * into v_request from public.manual_settlements as request
    where request.tenant_id = v_tenant_id and request.id = decide_settlement.settlement_id;
    if not found then
        raise exception 'settlement_not_found' using errcode = 'PT404',
            detail = 'no settlement with this id in the tenant';
    end if;
    perform private.lock_client(v_tenant_id, v_request.client_id);
    select * into v_request from public.manual_settlements as request
    where request.id = v_request.id
    for update;
    if v_request.status <> 'pending' then
        raise exception 'settlement_decided' using errcode = 'PT409',
            detail = v_request.status::text;
    elsif v_request.requested_by = auth.uid() then
        raise exception 'approval_by_author' using errcode = 'PT403',
            detail = 'another person decides';
    end if;
    perform private.require_reason(reason, is_wanted => decision = 'reject');
    if decision = 'approve' then
        perform private.require_settleable(v_request);
    end if;
    update public.manual_settlements as request
    set decided_by = auth.uid(), decided_at = private.now(),
        decision_reason = nullif(btrim(decide_settlement.reason), ''),
        status = case when decision = 'reject' then 'rejected' else request.status end
    where request.id = v_request.id;
    if decision = 'approve' then
        perform private.confirm_settlement(v_request.id);
    end if;
    return private.settlement_outcome(v_request.id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.dialer_export_results(export_id uuid, filter jsonb, after integer, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A download asks for pages of this size.
    c_max_page constant int := 1000;
    v_tenant_id uuid := private.require_role('supervisor');
    v_size int := least(greatest(coalesce(page_size, 100), 1), c_max_page);
    v_rows jsonb;
begin
    if not exists (
        select from public.dialer_exports as export
        where export.tenant_id = v_tenant_id and export.id = dialer_export_results.export_id
    ) then
        raise exception 'dialer_export_not_found' using errcode = 'PT404',
            detail = 'no such export in the tenant';
    elsif coalesce(filter, '{}') - '{outcome,reason}'::text[] <> '{}' then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = 'outcome, reason';
    end if;
    v_rows := (
        select coalesce(jsonb_agg(to_jsonb(page) order by page.place), '[]')
        from (
            select contact.place, contact.client_id, client.name, client.document,
                contact.phone, contact.status as outcome, contact.reason
            from public.dialer_export_rows as contact
            join public.clients as client
                on client.tenant_id = contact.tenant_id and client.id = contact.client_id
            where contact.tenant_id = v_tenant_id
              and contact.export_id = dialer_export_results.export_id
              and contact.place > coalesce(dialer_export_results.after, 0)
              and ((select private.sees_everything()) or private.sees_client(contact.client_id))
              and (filter ->> 'outcome' is null or contact.status::text = filter ->> 'outcome')
              and (filter ->> 'reason' is null or contact.reason = filter ->> 'reason')
            order by contact.place limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size
            then v_rows -> (v_size - 1) -> 'place' end,
        -- Counted for the first page alone.
        'counts', case when dialer_export_results.after is null then coalesce(
            (
                select export.results from public.dialer_exports as export
                where export.tenant_id = v_tenant_id
                  and export.id = dialer_export_results.export_id
                  and private.sees_results(export)
            ),
            private.count_dialer_results(
                dialer_export_results.export_id, private.creditor_scope()
            )
        ) end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.dialer_overview()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_integration public.integrations;
    v_today timestamptz := private.today(v_tenant_id)::timestamp at time zone (
        select tenants.time_zone from public.tenants where tenants.id = v_tenant_id
    );
begin
    select * into v_integration from public.integrations as integration
    where integration.tenant_id = v_tenant_id and integration.provider = 'threecplus';
    return jsonb_build_object(
        'connected', v_integration.id is not null and v_integration.is_active,
        'health', case when v_integration.id is not null then jsonb_build_object(
            'last_event_at', v_integration.last_event_at,
            -- The last sweep that found calls nobody told us of, and no event since.
            'silent_since', (
                select coalesce(v_integration.last_event_at, v_integration.created_at)
                from public.call_sweeps as sweep
                where sweep.tenant_id = v_tenant_id
                  and sweep.integration_id = v_integration.id and sweep.recovered > 0
                  and coalesce(v_integration.last_event_at, '-infinity') < sweep.started_at
                order by sweep.started_at desc limit 1
            ),
            'failing_since', v_integration.failing_since,
            'failure_detail', v_integration.failure_detail,
            'can_qualify', exists (
                select from vault.secrets
                where secrets.name = format('integration:%s:agent_token', v_integration.id)
            ),
            'calls_today', (
                select count(*) from public.calls as call
                where call.integration_id = v_integration.id
                  and call.tenant_id = v_tenant_id
                  and call.called_at >= v_today
            ),
            -- Dispositions of today that the dialer was not told: {no_mapping | failed | …: calls}.
            'untold_today', (
                select coalesce(jsonb_object_agg(untold.qualify_status, untold.calls), '{}')
                from (
                    select call.qualify_status, count(*) as calls
                    from public.calls as call
                    where call.integration_id = v_integration.id
                      and call.tenant_id = v_tenant_id and call.called_at >= v_today
                      and call.qualify_status in ('no_mapping', 'failed', 'no_agent_token')
                    group by call.qualify_status
                ) as untold
            ),
            'automatic_today', (
                select count(*) from public.calls as call
                where call.integration_id = v_integration.id
                  and call.tenant_id = v_tenant_id and call.called_at >= v_today
                  and call.qualification_source = 'automatic'
            ),
            'events_failed', (
                select count(*) from private.provider_events as event
                where event.tenant_id = v_tenant_id
                  and event.integration_id = v_integration.id and event.error is not null
                  and event.received_at > private.now() - interval '1 day'
            ),
            'last_sweep', (
                select to_jsonb(sweep) - 'tenant_id' from public.call_sweeps as sweep
                where sweep.tenant_id = v_tenant_id
                  and sweep.integration_id = v_integration.id and sweep.finished_at is not null
                order by sweep.started_at desc limit 1
            )
        ) end,
        'exports', (
            select coalesce(jsonb_agg(
                to_jsonb(export) - '{tenant_id,selection,selection_hash,planned_until}'::text[]
                || jsonb_build_object(
                    'author', private.actor_name(v_tenant_id, export.created_by),
                    -- As in dialer_export_results.
                    'results', case when private.sees_results(export) then export.results
                        when export.results is not null then '[]'::jsonb end
                ) order by export.created_at desc), '[]')
            from (
                select newest.* from public.dialer_exports as newest
                where newest.tenant_id = v_tenant_id
                order by newest.created_at desc, newest.id desc limit 50
            ) as export
        ),
        'agents', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', seat.id, 'agent_id', seat.agent_id, 'agent_name', seat.agent_name,
                'extension', seat.extension, 'user_id', seat.user_id,
                'operator', private.actor_name(v_tenant_id, seat.user_id)
            ) order by seat.agent_id), '[]')
            from public.dialer_agents as seat where seat.tenant_id = v_tenant_id
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.dry_run_rule(rule_id uuid, from_date date, to_date date)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
AS $function$
declare
    -- A month of a large agency's dispositions; each is asked as a message would be, some
    -- milliseconds.
    c_max_targets constant int := 20000;
    c_max_days constant int := 31;
    v_tenant_id uuid := private.require_role('supervisor');
    v_at timestamptz := private.now();
    v_rule public.collection_rules;
    v_run public.rule_dry_runs;
    v_targets private.rule_target[];
begin
    select * into v_rule from public.collection_rules as rule
    where rule.id = dry_run_rule.rule_id and rule.tenant_id = v_tenant_id;
    if not found then
        raise exception 'rule_not_found' using errcode = 'PT404',
            detail = 'no rule with this id in the tenant';
    end if;
    if from_date is null or to_date is null or to_date - from_date not between 0 and c_max_days then
        raise exception 'period_invalid' using errcode = 'PT400',
            detail = format('from a day to the same or a later one, at most %s apart', c_max_days);
    end if;
    v_targets := private.rule_targets(v_rule, from_date, to_date, v_at);
    if cardinality(v_targets) > c_max_targets then
        raise exception 'dry_run_too_large' using errcode = 'PT409',
            detail = format('more than %s; ask for fewer days', c_max_targets);
    end if;

    delete from public.rule_dry_run_lines as line using public.rule_dry_runs as older
    where older.tenant_id = v_tenant_id and older.rule_id = v_rule.id
      and line.dry_run_id = older.id;
    insert into public.rule_dry_runs
        (tenant_id, rule_id, version, wording, frozen_at, from_date, to_date, created_by)
    values (
        v_tenant_id, v_rule.id, v_rule.version,
        private.wording_of(v_rule.id, v_rule.version), v_at, dry_run_rule.from_date,
        dry_run_rule.to_date, auth.uid()
    )
    returning * into v_run;
    v_targets := private.steps_of_targets(v_targets);
    insert into public.rule_dry_run_lines (
        tenant_id, dry_run_id, place, position, action, client_id, verdict, reason, not_before,
        phone, body, price_micros
    )
    select v_tenant_id, v_run.id, plan.place, target.position, plan.action, target.client_id,
        plan.verdict, plan.reason,
        case when plan.verdict = 'postpone' then plan.not_before end,
        case when plan.verdict <> 'skip' then plan.phone end,
        case when plan.verdict <> 'skip' then plan.body end,
        case when plan.verdict <> 'skip' and plan.action = 'send_template' then
            private.message_price(v_tenant_id, target.client_id, plan.template_id, v_at)
        end
    from private.plan_targets(v_targets, v_at) as plan
    join unnest(v_targets) as target on target.place = plan.place;
    -- What a skipped step ends is not told of as if it came.
    delete from public.rule_dry_run_lines as line
    using public.rule_dry_run_lines as earlier
    join public.rule_steps as step
        on step.rule_id = v_rule.id and step.version = v_rule.version
        and step.position = earlier.position
    where line.dry_run_id = v_run.id and earlier.dry_run_id = v_run.id
      and earlier.place between line.place - line.position + 1 and line.place - 1
      and earlier.verdict = 'skip'
      and (not step.goes_on or private.ends_rule(earlier.reason));

    update public.rule_dry_runs as run
    set counts = coalesce(told.counts, '[]'), price_micros = told.price_micros,
        currency = (
            select (private.rate_at(
                v_tenant_id, template.provider, template.category, v_at
            )).currency
            from public.rule_steps as step
            join public.message_templates as template on template.id = step.template_id
            where step.rule_id = v_rule.id and step.version = v_rule.version
              and step.action = 'send_template'
            order by step.position limit 1
        )
    from (
        select jsonb_agg(jsonb_build_object(
                'position', by_reason.position, 'action', by_reason.action,
                'verdict', by_reason.verdict, 'reason', by_reason.reason, 'count', by_reason.count
            ) order by by_reason.position, by_reason.verdict, by_reason.reason) as counts,
            sum(by_reason.price_micros) as price_micros
        from (
            select line.position, line.action, line.verdict, line.reason, count(*),
                sum(line.price_micros) filter (where line.verdict = 'send') as price_micros
            from public.rule_dry_run_lines as line
            where line.dry_run_id = v_run.id
            group by 1, 2, 3, 4
        ) as by_reason
    ) as told
    where run.id = v_run.id
    returning run.* into v_run;
    return to_jsonb(v_run) - '{tenant_id,created_by,wording}'::text[];
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_calls(dispositions uuid[], called_since timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_done record;
    v_call public.calls;
    v_word bigint;
begin
    for v_done in
        select done.*, kind.unworkable
        from public.call_dispositions as done
        join public.disposition_types as kind
            on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type
        where done.id = any(end_calls.dispositions)
    loop
        update public.calls as call set disposition_id = v_done.id
        where call.id = (
            select open_call.id from public.calls as open_call
            where open_call.tenant_id = v_done.tenant_id
              and open_call.client_id = v_done.client_id
              and open_call.operator_id = v_done.operator_id
              and open_call.disposition_id is null and open_call.outcome_type is null
              and open_call.called_at > end_calls.called_since
            order by open_call.called_at desc limit 1
            for update
        )
        returning * into v_call;
        if found then
            v_word := private.qualification_of(
                v_call.tenant_id, v_call.campaign_id, v_done.disposition_type
            );
            perform private.qualify_call(v_call.id, v_word, v_done.notes);
        end if;
        if v_done.unworkable then
            perform private.hold_removal(v_done.id, v_done.tenant_id, v_done.client_id);
        end if;
    end loop;
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
    -- A rule goes on finding whom it found; its version is the same, for nobody edited it.
    update public.collection_rules as kept set filter = private.unnamed_filter(kept.filter, person)
    where kept.tenant_id = (person).tenant_id and kept.filter ? 'q'
      and private.unnamed_filter(kept.filter, person) <> kept.filter;
    get diagnostics v_rows = row_count;
    v_sum := v_sum + v_rows;
    update public.rule_versions as kept
    set definition = private.unnamed_image(kept.definition, person)
    where kept.tenant_id = (person).tenant_id
      and private.unnamed_image(kept.definition, person) <> kept.definition;
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
          or kept.table_name in (
              'segments', 'message_batches', 'dialer_exports', 'collection_rules'
          )
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

CREATE OR REPLACE FUNCTION private.failed_work(tenant_id uuid, kinds text[], before_at timestamp with time zone, before_id text, page_size integer, aside boolean DEFAULT false)
 RETURNS TABLE(kind text, id text, failed_at timestamp with time zone, client_id uuid, title text, reason text, detail text, may_retry boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- Few: of what was set aside the branches look at these alone.
    with let_be as materialized (
        select seen.failed_id from private.failures_set_aside as seen
        where seen.tenant_id = failed_work.tenant_id
    )
    select found.kind, found.id, found.failed_at, found.client_id, found.title, found.reason,
        found.detail, found.may_retry
    from (
        (
            select 'automation' as kind, run.id::text as id, run.finished_at as failed_at,
                run.client_id, rule.name as title, run.reason, null::text as detail,
                true as may_retry
            from public.automation_runs as run
            join public.collection_rules as rule on rule.id = run.rule_id
            where run.tenant_id = failed_work.tenant_id and run.status = 'failed'
              and ((select private.sees_everything()) or private.sees_client(run.client_id))
              and 'automation' = any(kinds) and run.finished_at <= before_at
              and private.is_set_aside(
                  run.tenant_id, 'automation', run.id::text,
                  run.finished_at
              ) = aside
              and (not aside or run.id::text in (table let_be))
              and (run.finished_at, run.id::text) < (before_at, before_id)
            order by run.finished_at desc, run.id::text desc limit page_size
        )
        union all
        (
            -- What a rule or a bulk send sent is told by those.
            select 'message', message.id::text, message.failed_at, message.client_id,
                template.name, coalesce(message.error_code, 'unclassified'),
                message.error_detail, message.charge_id is not null
            from public.message_logs as message
            left join public.message_templates as template on template.id = message.template_id
            where message.tenant_id = failed_work.tenant_id and message.status = 'failed'
              and (message.client_id is null or (select private.sees_everything())
                  or private.sees_client(message.client_id))
              and message.direction = 'out' and message.automation_run_id is null
              and message.retried_run_id is null and message.batch_id is null
              and 'message' = any(kinds) and message.failed_at <= before_at
              and private.is_set_aside(
                  message.tenant_id, 'message', message.id::text,
                  message.failed_at
              ) = aside
              and (not aside or message.id::text in (table let_be))
              and (message.failed_at, message.id::text) < (before_at, before_id)
            order by message.failed_at desc, message.id::text desc limit page_size
        )
        union all
        (
            select 'charge', charge.id::text, charge.updated_at, charge.client_id,
                charge.method::text, coalesce(charge.error_code, 'unclassified'),
                charge.error_detail, true
            from public.charges as charge
            where charge.tenant_id = failed_work.tenant_id
              and ((select private.sees_everything()) or private.sees_client(charge.client_id))
              -- The first is the index's condition; an unknown one is being looked up.
              and charge.status in ('failed', 'unknown') and charge.status = 'failed'
              and 'charge' = any(kinds) and charge.updated_at <= before_at
              and private.is_set_aside(
                  charge.tenant_id, 'charge', charge.id::text,
                  charge.updated_at
              ) = aside
              and (not aside or charge.id::text in (table let_be))
              and (charge.updated_at, charge.id::text) < (before_at, before_id)
            order by charge.updated_at desc, charge.id::text desc limit page_size
        )
        union all
        (
            -- Who did not get it, and who may get it again, is told on its own page.
            select 'batch', batch.id::text,
                coalesce(batch.finished_at, batch.last_progress_at, batch.created_at), null,
                format('%s (%s)', batch.name, failed.messages), failed.code, null, false
            from public.message_batches as batch
            cross join lateral (
                select sum(counts.amount) as messages, (array_agg(
                        split_part(counts.key, ':', 2) order by counts.amount desc, counts.key
                    ))[1] as code
                from private.batch_counts as counts
                where counts.batch_id = batch.id and counts.key like 'failed:%'
                  and counts.amount > 0
            ) as failed
            where batch.tenant_id = failed_work.tenant_id and failed.messages > 0
              and 'batch' = any(kinds)
              and private.is_set_aside(
                  batch.tenant_id, 'batch', batch.id::text,
                  coalesce(batch.finished_at, batch.last_progress_at, batch.created_at)
              ) = aside
              and (not aside or batch.id::text in (table let_be))
              and (
                  coalesce(batch.finished_at, batch.last_progress_at, batch.created_at),
                  batch.id::text
              ) < (before_at, before_id)
            order by coalesce(batch.finished_at, batch.last_progress_at, batch.created_at) desc,
                batch.id::text desc
            limit page_size
        )
        union all
        (
            -- Of a failed one nothing stayed: the file is sent again. One that was cut off goes on.
            select 'import', import.id::text, coalesce(import.finished_at, import.created_at), null,
                import.file_name, coalesce(import.error_code, case import.status
                    when 'interrupted' then 'interrupted' else 'unclassified' end), null,
                import.status = 'interrupted'
            from public.imports as import
            where import.tenant_id = failed_work.tenant_id and import.status in ('failed', 'interrupted')
              and ((select private.sees_everything()) or private.sees_creditor(import.creditor_id))
              and not import.is_rehearsal and 'import' = any(kinds)
              and private.is_set_aside(
                  import.tenant_id, 'import', import.id::text,
                  coalesce(import.finished_at, import.created_at)
              ) = aside
              and (not aside or import.id::text in (table let_be))
              and (coalesce(import.finished_at, import.created_at), import.id::text)
                  < (before_at, before_id)
            order by coalesce(import.finished_at, import.created_at) desc, import.id::text desc
            limit page_size
        )
        union all
        (
            select 'dialer_export', export.id::text,
                coalesce(export.finished_at, export.created_at), null, export.list_name,
                coalesce(export.error_code, 'unclassified'), export.error_detail, true
            from public.dialer_exports as export
            where export.tenant_id = failed_work.tenant_id and export.status = 'failed'
              and 'dialer_export' = any(kinds)
              and private.is_set_aside(
                  export.tenant_id, 'dialer_export', export.id::text,
                  coalesce(export.finished_at, export.created_at)
              ) = aside
              and (not aside or export.id::text in (table let_be))
              and (coalesce(export.finished_at, export.created_at), export.id::text)
                  < (before_at, before_id)
            order by coalesce(export.finished_at, export.created_at) desc, export.id::text desc
            limit page_size
        )
        union all
        (
            -- The next run does it all again: there is nothing to press.
            select 'job', job.id::text, coalesce(job.finished_at, job.started_at), null, job.job,
                coalesce(job.result ->> 'code', 'job_failed'), job.result ->> 'error', false
            from public.job_runs as job
            where job.tenant_id = failed_work.tenant_id and job.failures > 0
              and 'job' = any(kinds)
              and private.is_set_aside(
                  job.tenant_id, 'job', job.id::text,
                  coalesce(job.finished_at, job.started_at)
              ) = aside
              and (not aside or job.id::text in (table let_be))
              and (coalesce(job.finished_at, job.started_at), job.id::text)
                  < (before_at, before_id)
            order by coalesce(job.finished_at, job.started_at) desc, job.id::text desc
            limit page_size
        )
        union all
        (
            select 'webhook', event.id::text, event.received_at, null, event.provider::text,
                event.error, event.kind, true
            from private.provider_events as event
            where event.tenant_id = failed_work.tenant_id and event.error is not null
              and 'webhook' = any(kinds)
              and private.is_set_aside(
                  event.tenant_id, 'webhook', event.id::text,
                  event.received_at
              ) = aside
              and (not aside or event.id::text in (table let_be))
              and (event.received_at, event.id::text) < (before_at, before_id)
            order by event.received_at desc, event.id::text desc limit page_size
        )
    ) as found
    order by found.failed_at desc, found.id desc
    limit page_size
$function$;

CREATE OR REPLACE FUNCTION private.finish_import(v_plan private.import_plans)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_import public.imports;
begin
    update public.imports
    set status = 'done', finished_at = private.now(), phase = null, header = v_plan.header,
        creditor_id = (
            select creditors.id from public.creditors
            where creditors.tenant_id = v_plan.tenant_id
              and creditors.name_key = private.search_key(v_plan.creditor)
        ),
        rows = v_plan.rows, accepted = v_plan.accepted, rejected = v_plan.rejected,
        rows_read = v_plan.rows, rows_total = v_plan.rows, rows_valid = v_plan.accepted,
        rows_written = v_plan.accepted, seconds_left = 0, duplicates = v_plan.duplicates,
        creditors_created = v_plan.creditors_created, clients_created = v_plan.clients_created,
        clients_updated = v_plan.clients_updated, debts_created = v_plan.debts_created,
        debts_updated = v_plan.debts_updated, debts_absent = v_plan.debts_absent,
        debts_returned = v_plan.debts_returned, debts_reopened = v_plan.debts_reopened,
        debts_kept = v_plan.debts_kept, clients_touched = v_plan.clients_touched,
        reject_reasons = v_plan.reject_reasons, differences = jsonb_build_object(
            'fields', v_plan.changed_fields, 'rows', v_plan.changed_rows,
            'kept', v_plan.kept_titles
        ),
        warnings = v_plan.warnings, writing_at = coalesce(imports.writing_at, private.now())
    where imports.id = v_plan.import_id
    returning imports.* into v_import;
    if v_import.idempotency_key is not null then
        -- For whoever sends the same key again.
        update public.imports set answer = private.import_answer(v_import)
        where imports.id = v_import.id;
    end if;
    if v_plan.mapping <> '{}' then
        perform private.save_import_mapping(
            v_import, v_plan.header_key, v_plan.mapping
        );
    end if;
    delete from private.import_plans as plan where plan.import_id = v_plan.import_id;
    return private.import_step(v_import);
end;
$function$;

CREATE OR REPLACE FUNCTION private.first_steps()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A first hour's work: enough that the panel has something to say.
    c_clients constant int := 10;
    -- Who has so many has worked ten clients; all of them would be the whole past.
    c_looked_at constant int := 1000;
    v_tenant_id uuid := private.require_role('operator');
    v_known private.first_steps;
    v_steps jsonb;
begin
    select * into v_known from private.first_steps as known where known.tenant_id = v_tenant_id;
    if not private.has_role('admin') or v_known.hidden_at is not null then
        return null;
    end if;
    select jsonb_agg(jsonb_build_object(
        'key', step.key, 'is_done', step.have >= step.want,
        'have', least(step.have, step.want), 'want', step.want
    ) order by step.place) into v_steps
    from (
        values
        -- The dialer, WhatsApp by either provider, and payments.
        (1, 'providers', (
            select count(distinct case when private.sends_whatsapp(linked.provider::text)
                then 'whatsapp' else linked.provider::text end)
            from public.integrations as linked
            where linked.tenant_id = v_tenant_id and linked.is_active
              and linked.test_verdict = 'works'
        ), 3),
        -- What a first rule sends; only the provider's own list brings one.
        (2, 'templates', (
            select count(*) from public.message_templates as template
            where template.tenant_id = v_tenant_id
              and private.template_obstacle(template) is null
        ), 1),
        (3, 'people', (
            select count(*) from public.memberships as member
            where member.tenant_id = v_tenant_id and member.user_id <> auth.uid()
        ) + (
            select count(*) from public.invitations as sent
            where sent.tenant_id = v_tenant_id and sent.invited_by is not null
        ), 1),
        (4, 'portfolio', (
            select count(*) from public.imports as import
            where import.tenant_id = v_tenant_id and import.status = 'done'
              and import.accepted > 0
        ), 1),
        -- Switched on asks for a dry run that is newer than the last edit.
        (5, 'rule', (
            select count(*) from public.collection_rules as rule
            where rule.tenant_id = v_tenant_id and rule.is_enabled
        ), 2),
        (6, 'disposition', (
            select count(distinct worked.client_id) from (
                select done.client_id from public.call_dispositions as done
                where done.tenant_id = v_tenant_id limit c_looked_at
            ) as worked
        ), c_clients),
        (7, 'panel', case when v_known.panel_read_at is not null then 1 else 0 end, 1)
    ) as step (place, key, have, want);
    return jsonb_build_object('steps', v_steps, 'left', (
        select count(*) from jsonb_array_elements(v_steps) as step
        where not (step -> 'is_done')::boolean
    ));
end;
$function$;

CREATE OR REPLACE FUNCTION private.follow_moves()
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with held as materialized (
        select export.id from public.dialer_exports as export
        where export.id in (select moved.export_id from private.dialer_moves as moved)
        for no key update skip locked
    ),
    seen as (
        delete from private.dialer_moves as moved using held
        where moved.export_id = held.id
        returning moved.export_id, moved.uf
    ),
    became as (
        select seen.export_id, array_agg(distinct seen.uf) as ufs from seen group by seen.export_id
    )
    update public.dialer_exports as export
    set ufs = array(select unnest(export.ufs) union select unnest(became.ufs)),
        closed_ufs = case when export.closed_ufs is not null then array(
            select unnest(export.closed_ufs) except select unnest(became.ufs) order by 1
        ) end
    from became
    where export.id = became.export_id and export.ufs is not null
      and (not export.ufs @> became.ufs or export.closed_ufs && became.ufs)
$function$;

CREATE OR REPLACE FUNCTION private.follow_number(tenant_id uuid, sender_id uuid, phone text, moved_to text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- As after "number invalid" (0640).
    c_rest constant interval := '90 days';
    v_talk public.conversations;
    v_owners uuid[] := array(
        select distinct owner.id
        from private.clients_of_phone(follow_number.tenant_id, follow_number.phone) as owner (id)
    );
    v_client_id uuid;
begin
    if phone is null or moved_to !~ '^\+[1-9][0-9]{7,14}$' then
        return 'payload_invalid';
    end if;
    select * into v_talk from public.conversations as talk
    where talk.sender_id = follow_number.sender_id
      and talk.phone_key = private.phone_match(follow_number.phone);
    -- As of a message (0904): whose the talk was until now proves nothing.
    v_client_id := case when v_talk.is_linked_by_person then v_talk.client_id
        when cardinality(v_owners) = 1 then v_owners[1] end;
    if v_client_id is null then
        insert into public.conversation_events (tenant_id, conversation_id, kind)
        select follow_number.tenant_id, v_talk.id, 'number_changed' where v_talk.id is not null;
        return 'client_unknown';
    end if;
    if v_talk.id is null then
        v_talk := private.find_conversation(
            follow_number.tenant_id, follow_number.sender_id, follow_number.phone, '{}'
        );
        update public.conversations as talk set client_id = v_client_id where talk.id = v_talk.id;
    end if;
    if private.is_suppressed(
        follow_number.tenant_id, v_client_id, follow_number.phone, 'whatsapp', private.now()
    ) then
        perform private.opt_out_phone(follow_number.tenant_id, follow_number.moved_to);
    end if;
    insert into public.client_phones (tenant_id, client_id, phone, kind, position)
    select follow_number.tenant_id, v_client_id, follow_number.moved_to, 'mobile', coalesce((
        select max(known.position) + 1 from public.client_phones as known
        where known.tenant_id = follow_number.tenant_id and known.client_id = v_client_id
    ), 0)
    where not exists (
        select from private.clients_of_phone(
            follow_number.tenant_id, follow_number.moved_to
        ) as owner (id)
    )
    on conflict do nothing;
    update public.client_phones as known
    set has_whatsapp = false, whatsapp_retry_at = private.now() + c_rest
    where known.tenant_id = follow_number.tenant_id and known.client_id = v_client_id
      and private.phone_match(known.phone) = private.phone_match(follow_number.phone)
      and private.phone_match(known.phone) <> private.phone_match(follow_number.moved_to);
    insert into public.conversation_events (tenant_id, conversation_id, client_id, kind)
    values (follow_number.tenant_id, v_talk.id, v_client_id, 'number_changed');
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_operator_states()
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with forgotten as (
        delete from public.operator_states as known
        using public.tenants
        cross join lateral (
            select oldest.id from public.operator_states as oldest
            where oldest.tenant_id = tenants.id
            order by oldest.since
            limit 1
        ) as first
        where known.tenant_id = tenants.id and known.id <> first.id
          and known.since < private.now() - interval '732 days'
        returning known.id
    )
    select count(*)::int from forgotten
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

CREATE OR REPLACE FUNCTION private.has_dialer_lists(tenant_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from public.dialer_exports as export
        where export.tenant_id = has_dialer_lists.tenant_id
          and export.status in ('planning', 'loading', 'done')
          and export.hours_state in ('open', 'silent', 'opening')
    )
$function$;

CREATE OR REPLACE FUNCTION private.has_panel_rows(tenant_id uuid, day date)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from private.panel_stock_days as known
        where known.tenant_id = has_panel_rows.tenant_id and known.day = has_panel_rows.day
          and known.has_rows
    )
$function$;

CREATE OR REPLACE FUNCTION private.hold_numbers(message_ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_asked uuid[] := array(
        select message.id
        from public.message_logs as message
        where message.id = any(hold_numbers.message_ids) and exists (
            select from public.senders as other
            where other.tenant_id = message.tenant_id and other.id <> message.sender_id
              and other.state = 'active'
        )
    );
begin
    if cardinality(v_asked) = 0 then
        return '{}';
    end if;
    perform pg_advisory_xact_lock(hashtextextended(held.number, 2))
    from (
        select distinct message.tenant_id || private.phone_match(message.phone) as number
        from public.message_logs as message where message.id = any(v_asked)
        order by 1
    ) as held;
    return array(
        select message.id
        from public.message_logs as message
        where message.id = any(v_asked) and exists (
            select from public.message_logs as latest
            where latest.tenant_id = message.tenant_id
              and private.phone_match(latest.phone) = private.phone_match(message.phone)
              and latest.direction = 'out' and latest.id <> message.id
              and latest.status not in ('queued', 'failed')
              -- Not by its age: what was put back keeps its row, and begins days later.
              and latest.sending_at > private.now() - interval '6 seconds'
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.insert_chunk_debts(chunk private.import_chunks, is_of_new boolean, created_at timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_created int;
begin
    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select chunk.tenant_id, planned.client_id, planned.creditor_id, planned.contract,
        planned.installment, planned.due_on, planned.principal_cents, chunk.import_id,
        insert_chunk_debts.created_at, insert_chunk_debts.created_at
    from unnest(chunk.debts) as planned
    where planned.action = 'new'
      -- A hashed list, whatever joins are forbidden.
      and (
          planned.client_id in (
              select person.client_id from unnest(chunk.clients) as person where person.is_new
          )
      ) = insert_chunk_debts.is_of_new;
    get diagnostics v_created = row_count;
    return v_created;
end;
$function$;

CREATE OR REPLACE FUNCTION private.integration_page()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    return (
        select jsonb_agg(jsonb_build_object(
            'provider', company.provider,
            'fields', (
                select jsonb_agg(jsonb_build_object(
                    'field', known.field, 'is_secret', known.is_secret,
                    'is_required', known.is_required, 'pattern', known.pattern,
                    'label', said.label, 'help', said.help, 'placeholder', said.placeholder
                ) order by not known.is_required, known.is_secret, known.field)
                from private.integration_fields as known
                left join private.field_words as said
                    on said.provider = known.provider and said.field = known.field
                where known.provider = company.provider
            ),
            -- Null: the page's own, of what is no WhatsApp provider.
            'words', (
                select jsonb_build_object(
                    'name', declared.label, 'what', declared.what, 'where', declared.guide,
                    'webhook', declared.webhook || case
                        when declared.webhook = 'whatsapp-webhook'
                            then '/' || declared.provider else '' end,
                    'account', declared.account_label
                )
                from private.whatsapp_providers as declared
                where declared.provider = company.provider
            ),
            'connected', case when integration.id is not null then jsonb_build_object(
                'id', integration.id, 'settings', integration.settings,
                'is_active', integration.is_active,
                'secrets', (
                    -- Saved before notes were kept: then only that it is there.
                    select coalesce(jsonb_agg(coalesce(
                        note.said, jsonb_build_object('field', known.field)
                    )), '[]')
                    from private.integration_fields as known
                    left join lateral (
                        select kept.value as said
                        from jsonb_array_elements(integration.secret_notes) as kept
                        where kept.value ->> 'field' = known.field
                    ) as note on true
                    where known.provider = company.provider and known.is_secret
                      and exists (
                          select from vault.secrets
                          where secrets.name
                              = format('integration:%s:%s', integration.id, known.field)
                      )
                ),
                'last_event_at', integration.last_event_at,
                'silent_since', private.silent_since(integration),
                'failing_since', integration.failing_since,
                'failure_detail', integration.failure_detail,
                'paused_until', case when integration.paused_until > private.now()
                    then integration.paused_until end,
                'previous_key_until', case when integration.previous_key_until > private.now()
                    then integration.previous_key_until end,
                'tested_at', integration.tested_at, 'test_verdict', integration.test_verdict
            ) end
        ) order by company.provider)
        from (select distinct known.provider from private.integration_fields as known) as company
        left join public.integrations as integration
            on integration.tenant_id = v_tenant_id and integration.provider = company.provider
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.integrations_to_sync(tenant_id uuid)
 RETURNS TABLE(integration_id uuid, provider public.provider_name, names text[], accounts jsonb[])
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select integration.id, integration.provider, listing.names, listing.accounts
    from public.integrations as integration
    join private.whatsapp_providers as company on company.provider = integration.provider
    cross join lateral (
        select array_agg(account.name order by account.name) as names,
            array_agg(account.said order by account.name) as accounts
        from (
            select distinct on (named.name) named.name, known.said
            from (
                select private.sender_settings(sender.id) as said
                from public.senders as sender
                where sender.tenant_id = integration.tenant_id
                  and sender.integration_id = integration.id and sender.state <> 'disabled'
                union all
                select integration.settings
            ) as known
            cross join lateral (
                select known.said ->> company.listed_by as name
            ) as named
            order by named.name
        ) as account
    ) as listing
    where (integrations_to_sync.tenant_id is null
        or integration.tenant_id = integrations_to_sync.tenant_id) and integration.is_active
    order by integration.tenant_id, integration.provider
$function$;

CREATE OR REPLACE FUNCTION private.is_derived_already()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return current_setting('cobranca.is_derived_already', true) = 'true' and private.is_importing();
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_rehearsed(rule public.collection_rules)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from public.rule_dry_runs as seen
        where seen.tenant_id = (rule).tenant_id and seen.rule_id = (rule).id
          and seen.version = (rule).version
          and seen.wording is not distinct from private.wording_of((rule).id, (rule).version)
    )
$function$;

CREATE OR REPLACE FUNCTION private.is_repeated_disposition(given public.call_dispositions)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
    v_earlier public.call_dispositions;
begin
    select * into v_earlier from public.call_dispositions where call_dispositions.id = given.id;
    if not found then
        return false;
    end if;
    if (v_earlier.tenant_id, v_earlier.client_id, v_earlier.operator_id,
        v_earlier.disposition_type, v_earlier.notes, v_earlier.scheduled_callback)
        is not distinct from
        (given.tenant_id, given.client_id, auth.uid(), given.disposition_type,
         given.notes, given.scheduled_callback)
        and given.operator_id = auth.uid()
    then
        return true;
    end if;
    raise exception 'disposition_id_reused' using errcode = 'PT409',
        detail = 'this id already names another disposition';
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_set_aside(tenant_id uuid, kind text, failed_id text, failed_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from private.failures_set_aside as aside
        where aside.tenant_id = is_set_aside.tenant_id and aside.kind = is_set_aside.kind
          and aside.failed_id = is_set_aside.failed_id
          and aside.set_aside_at >= is_set_aside.failed_at
    )
$function$;

CREATE OR REPLACE FUNCTION private.is_stock_early(tenant_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select not exists (
        select from private.panel_stock as known
        where known.tenant_id = is_stock_early.tenant_id and known.day < taken.day
    ) and (
        exists (
            select from public.debts
            where debts.tenant_id = is_stock_early.tenant_id and debts.created_at > taken.taken_at
        )
        or exists (
            select from public.imports
            where imports.tenant_id = is_stock_early.tenant_id
              and imports.finished_at > taken.taken_at and not imports.is_rehearsal
        )
    )
    from private.panel_stock_days as taken
    where taken.tenant_id = is_stock_early.tenant_id
      and taken.day = private.today(is_stock_early.tenant_id)
$function$;

CREATE OR REPLACE FUNCTION private.keep_callbacks(kept uuid[], dispositions uuid[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    update public.callbacks as promised
    set status = 'done', ended_at = private.now(), ended_by = auth.uid(), kept_by = (
            select keeping.id from public.call_dispositions as keeping
            where keeping.id = any(keep_callbacks.dispositions)
              and keeping.tenant_id = promised.tenant_id
              and keeping.client_id = promised.client_id
            order by keeping.created_at limit 1
        )
    where promised.id = any(keep_callbacks.kept)
      -- Called off in the same moment, it stays so.
      and promised.status = 'scheduled'
$function$;

CREATE OR REPLACE FUNCTION private.keep_month_facts(tenant_id uuid, days date[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    delete from private.panel_months as known
    where known.tenant_id = keep_month_facts.tenant_id and known.month in (
        select date_trunc('month', asked)::date from unnest(days) as asked
    );
    insert into private.panel_months (tenant_id, month)
    select keep_month_facts.tenant_id, asked.month
    from (
        select distinct date_trunc('month', each)::date as month from unnest(days) as each
    ) as asked
    where asked.month + interval '1 month' - asked.month::timestamp = make_interval(days => (
        select count(*)::int from private.panel_days as known
        where known.tenant_id = keep_month_facts.tenant_id and known.day >= asked.month
          and known.day < asked.month + interval '1 month'
    ));
    insert into private.panel_month_facts (
        tenant_id, month, measure, creditor_id, operator_id, events, amount
    )
    select fact.tenant_id, kept.month, fact.measure, fact.creditor_id, fact.operator_id,
        sum(fact.events), sum(fact.amount)
    from private.panel_months as kept
    join private.panel_facts as fact
        on fact.tenant_id = kept.tenant_id
        and fact.day >= kept.month and fact.day < kept.month + interval '1 month'
    where kept.tenant_id = keep_month_facts.tenant_id and kept.month in (
        select date_trunc('month', asked)::date from unnest(days) as asked
    )
    group by fact.tenant_id, kept.month, fact.measure, fact.creditor_id, fact.operator_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_panel_days(tenant_id uuid, days date[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_first date;
    v_last date;
    v_changed date [];
begin
    delete from private.panel_facts as known
    where known.tenant_id = keep_panel_days.tenant_id and known.day = any(days);
    delete from private.panel_overlaps as known
    where known.tenant_id = keep_panel_days.tenant_id and known.day = any(days);
    delete from private.panel_sets as known
    where known.tenant_id = keep_panel_days.tenant_id and not known.is_month
      and known.from_day = any(days);
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
        numbered as (
            insert into private.panel_ordinals (tenant_id, client_id, ordinal)
            select keep_panel_days.tenant_id, fresh.client_id,
                private.panel_size(keep_panel_days.tenant_id) - 1 + row_number() over ()
            from (
                select distinct event.client_id from event
                where event.measure in ('attempt', 'right_party', 'agreement')
                  and event.client_id is not null and not exists (
                      select from private.panel_ordinals as known
                      where known.tenant_id = keep_panel_days.tenant_id
                        and known.client_id = event.client_id
                  )
            ) as fresh
            returning client_id, ordinal
        ),
        reached as (
            select event.day, event.measure, event.operator_id, scope.creditor_id,
                coalesce(known.ordinal, numbered.ordinal) as ordinal
            from event
            left join private.panel_ordinals as known
                on known.tenant_id = keep_panel_days.tenant_id
                and known.client_id = event.client_id
            left join numbered on numbered.client_id = event.client_id
            cross join lateral (
                select null::uuid as creditor_id
                union all
                select unnest(event.creditor_ids)
            ) as scope
            where event.measure in ('attempt', 'right_party', 'agreement')
              and event.client_id is not null
        ),
        listed as (
            select reached.day, reached.measure, reached.creditor_id, reached.operator_id,
                grouping(reached.operator_id) = 1 as is_sum,
                array_agg(distinct reached.ordinal) as members
            from reached
            group by grouping sets (
                (reached.day, reached.measure, reached.creditor_id),
                (reached.day, reached.measure, reached.creditor_id, reached.operator_id)
            )
        ),
        sets as (
            insert into private.panel_sets (
                tenant_id, is_month, from_day, measure, creditor_id, is_sum, operator_id, members,
                bits
            )
            select keep_panel_days.tenant_id, false, judged.day, judged.measure,
                judged.creditor_id, judged.is_sum, judged.operator_id,
                case when judged.is_list then judged.members end,
                case when not judged.is_list then private.panel_bits(judged.members) end
            from (
                -- 32 bits are an integer: whichever is shorter.
                select listed.*,
                    cardinality(listed.members) * 32 <= listed.members[cardinality(listed.members)]
                        as is_list
                from listed
            ) as judged
        ),
        shared as (
            insert into private.panel_overlaps (
                tenant_id, day, measure, creditor_ids, operator_id, events, amount
            )
            select keep_panel_days.tenant_id, event.day, event.measure,
                array(select unnest(event.creditor_ids) order by 1) as ids, event.operator_id,
                count(*), sum(event.amount)
            from event
            where cardinality(event.creditor_ids) > 1
            group by event.day, event.measure, ids, event.operator_id
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
    with told as materialized (
        select listed.day, private.panel_reach_of(keep_panel_days.tenant_id, listed.day) as reach,
            known.reach as was
        from (select distinct unnest(days) as day) as listed
        left join private.panel_days as known
            on known.tenant_id = keep_panel_days.tenant_id and known.day = listed.day
    ),
    kept as (
        insert into private.panel_days (tenant_id, day, reach)
        select keep_panel_days.tenant_id, told.day, told.reach from told
        on conflict on constraint panel_days_pkey do update
        set kept_at = excluded.kept_at, reach = excluded.reach
    )
    select array_agg(told.day) into v_changed
    from told where told.reach is distinct from told.was;
    perform private.keep_panel_months(tenant_id, v_changed);
    perform private.keep_month_facts(tenant_id, days);
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_panel_months(tenant_id uuid, days date[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_month date;
    v_end date;
begin
    for v_month in select distinct date_trunc('month', asked)::date from unnest(days) as asked loop
        v_end := v_month + interval '1 month - 1 day';
        delete from private.panel_sets as known
        where known.tenant_id = keep_panel_months.tenant_id and known.is_month
          and known.from_day = v_month;
        continue when v_end - v_month + 1 <> (
            select count(*) from private.panel_days as known
            where known.tenant_id = keep_panel_months.tenant_id
              and known.day between v_month and v_end
        );
        execute replace($sql$
            insert into private.panel_sets (
                tenant_id, is_month, from_day, measure, creditor_id, is_sum, operator_id, members,
                bits
            )
            with part as materialized (
                select * from private.panel_sets as kept
                where kept.tenant_id = $1 and not kept.is_month
                  and kept.from_day between $2 and $3
            ),
            packed as (
                select part.measure, part.creditor_id, part.is_sum, part.operator_id,
                    array_agg(distinct member) as members, null::bit($size) as bits
                from part cross join unnest(part.members) as member
                group by part.measure, part.creditor_id, part.is_sum, part.operator_id
                union all
                select part.measure, part.creditor_id, part.is_sum, part.operator_id,
                    null, bit_or(part.bits::bit($size))
                from part where part.bits is not null
                group by part.measure, part.creditor_id, part.is_sum, part.operator_id
            ),
            whole as (
                select packed.measure, packed.creditor_id, packed.is_sum, packed.operator_id,
                    max(packed.members) as members, bit_or(packed.bits) as bits
                from packed
                group by packed.measure, packed.creditor_id, packed.is_sum, packed.operator_id
            ),
            judged as (
                -- Bits may be eight times as long as the list: they are what is read by the year.
                select whole.*, whole.bits is null
                    and cardinality(whole.members) * 256 <= $size as is_list
                from whole
            )
            select $1, true, $2, judged.measure, judged.creditor_id, judged.is_sum,
                judged.operator_id, case when judged.is_list then judged.members end,
                case when judged.is_list then null
                    when judged.members is null then judged.bits
                    when judged.bits is null then private.panel_bits(judged.members)
                    else judged.bits | private.panel_bits(judged.members)::bit($size) end
            from judged
        $sql$, '$size', greatest(private.panel_size(tenant_id), 1)::text)
        using tenant_id, v_month, v_end;
    end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.kept_bytes()
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select 1073741824 $function$;

CREATE OR REPLACE FUNCTION private.knows_titles_since(tenant_id uuid, day date)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.has_panel_rows(knows_titles_since.tenant_id, knows_titles_since.day)
        or knows_titles_since.day >= private.today(knows_titles_since.tenant_id) - 366
        and exists (
            select from private.panel_stock_days as known
            where known.tenant_id = knows_titles_since.tenant_id
              and known.day = knows_titles_since.day
        )
        and exists (
            select from private.panel_titles as title
            where title.tenant_id = knows_titles_since.tenant_id and title.is_entry
              and title.from_day <= knows_titles_since.day
        )
$function$;

CREATE OR REPLACE FUNCTION private.leave_scoped_exports(tenant_id uuid, client_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_export record;
begin
    for v_export in
        with held as materialized (
            select distinct export.id, export.creditor_scope, contact.client_id
            from public.dialer_exports as export
            join public.dialer_export_rows as contact
                on contact.tenant_id = export.tenant_id and contact.export_id = export.id
                and contact.client_id = any(leave_scoped_exports.client_ids)
                and contact.status in ('waiting', 'loaded')
            where export.tenant_id = leave_scoped_exports.tenant_id
              and export.creditor_scope is not null and export.status <> 'cancelled'
              and export.hours_state not in ('expired', 'gone')
        ),
        asked as materialized (
            select distinct held.creditor_scope, held.client_id from held
        ),
        gone as materialized (
            select asked.* from asked
            cross join lateral private.owed_in_scope(
                leave_scoped_exports.tenant_id, asked.client_id, asked.creditor_scope
            ) as still
            where not still.is_owing
        )
        select held.id, array_agg(held.client_id) as client_ids
        from held
        join gone on gone.client_id = held.client_id and gone.creditor_scope = held.creditor_scope
        group by held.id order by held.id
    loop
        perform private.leave_dialer(
            leave_scoped_exports.tenant_id, v_export.client_ids, null, 'nothing_owed', v_export.id
        );
    end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_failures(kinds text[], after text, page_size integer, aside boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('supervisor');
    v_size int := least(greatest(coalesce(page_size, 50), 1), c_max_page);
    v_kinds text[] := coalesce(kinds, private.failure_kinds());
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'text') end;
    v_rows jsonb;
begin
    if not v_kinds <@ private.failure_kinds() then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'kinds';
    end if;
    v_rows := (
        select coalesce(jsonb_agg(to_jsonb(failed) || jsonb_build_object('client_name', (
            select clients.name from public.clients
            where clients.tenant_id = v_tenant_id and clients.id = failed.client_id
        )) order by failed.failed_at desc, failed.id desc), '[]')
        from private.failed_work(
            v_tenant_id, v_kinds, coalesce(v_cursor[1]::timestamptz, 'infinity'),
            -- After every id.
            coalesce(v_cursor[2], '~'), v_size, coalesce(list_failures.aside, false)
        ) as failed
    );
    return jsonb_build_object(
        'rows', v_rows,
        'next', case when jsonb_array_length(v_rows) = v_size then private.encode_cursor(
            v_rows -> -1 ->> 'failed_at', v_rows -> -1 ->> 'id'
        ) end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_rules()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_may_see_runs boolean := private.has_role('supervisor');
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', rule.id, 'version', rule.version, 'is_enabled', rule.is_enabled,
            'kit', rule.kit,
            'definition', private.definition_of(
                rule, private.steps_of(rule.id, rule.version)
            ),
            'speaks', exists (
                select from public.rule_steps as step
                where step.rule_id = rule.id and step.version = rule.version
                  and private.speaks_or_spends(step.action)
            ),
            'missing', to_jsonb(private.missing_of(rule)),
            'last_dry_run', case when v_may_see_runs and seen.id is not null
                then to_jsonb(seen) - '{tenant_id,rule_id,created_by,wording}'::text[]
                    || jsonb_build_object('author', private.actor_name(
                        rule.tenant_id, seen.created_by
                    )) end,
            'may_enable', private.is_rehearsed(rule) and private.missing_of(rule) = '{}',
            'today', private.runs_today(rule.tenant_id, rule.id),
            'last_run_at', (
                select max(run.created_at) from public.automation_runs as run
                where run.tenant_id = rule.tenant_id and run.rule_id = rule.id
            )
        ) order by rule.priority, rule.name, rule.id), '[]')
        from public.collection_rules as rule
        left join lateral (
            select dry.* from public.rule_dry_runs as dry
            where dry.tenant_id = rule.tenant_id and dry.rule_id = rule.id
            order by dry.version desc, dry.frozen_at desc limit 1
        ) as seen on true
        where rule.tenant_id = v_tenant_id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.make_callbacks(dispositions uuid[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into public.callbacks (tenant_id, client_id, disposition_id, operator_id, due_at, note)
    select done.tenant_id, done.client_id, done.id, done.operator_id,
        done.scheduled_callback, done.notes
    from public.call_dispositions as done
    where done.id = any(make_callbacks.dispositions) and done.scheduled_callback is not null
$function$;

CREATE OR REPLACE FUNCTION private.mark_debts(debt_ids uuid[], mark public.debt_mark_kind, reason text, minimum public.member_role)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role(minimum);
    v_today date := private.today(v_tenant_id);
    v_debt public.debts;
    v_marked int := 0;
begin
    perform private.require_reason(reason);
    perform private.lock_clients_of(v_tenant_id, debt_ids);
    for v_debt in
        select debts.* from public.debts
        where debts.tenant_id = v_tenant_id and debts.id = any(debt_ids)
        order by debts.id
        for update
    loop
        if v_debt.status = 'in_agreement' then
            raise exception 'debt_in_agreement' using errcode = 'PT409', detail = v_debt.id::text;
        elsif v_debt.status in ('settled', 'returned') then
            raise exception 'debt_closed' using errcode = 'PT409', detail = v_debt.id::text;
        end if;
        insert into public.debt_marks (tenant_id, debt_id, kind, reason, created_by)
        values (v_tenant_id, v_debt.id, mark_debts.mark, btrim(mark_debts.reason), auth.uid())
        on conflict (tenant_id, debt_id, kind) where released_at is null do nothing;
        update public.debts set status = private.free_status(v_debt, v_today)
        where debts.id = v_debt.id;
        v_marked := v_marked + 1;
    end loop;
    if v_marked <> cardinality(debt_ids) then
        raise exception 'debt_not_found' using errcode = 'PT404',
            detail = 'not all ids are titles of the tenant';
    end if;
    return v_marked;
end;
$function$;

CREATE OR REPLACE FUNCTION private.merge_calls(kept_id uuid, twin_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_twin public.calls;
begin
    update public.client_services as service set call_id = kept_id where service.call_id = twin_id;
    update private.dialer_tasks as task set call_id = kept_id where task.call_id = twin_id;
    delete from public.calls as call where call.id = twin_id returning * into v_twin;
    update public.calls as call
    set external_id = coalesce(call.external_id, v_twin.external_id),
        telephony_id = coalesce(call.telephony_id, v_twin.telephony_id),
        client_id = coalesce(call.client_id, v_twin.client_id),
        operator_id = coalesce(call.operator_id, v_twin.operator_id),
        phone = coalesce(call.phone, v_twin.phone),
        identifier = coalesce(call.identifier, v_twin.identifier),
        agent_id = coalesce(call.agent_id, v_twin.agent_id),
        campaign_id = coalesce(call.campaign_id, v_twin.campaign_id),
        campaign_name = coalesce(call.campaign_name, v_twin.campaign_name),
        list_id = coalesce(call.list_id, v_twin.list_id),
        mode = coalesce(call.mode, v_twin.mode),
        wrap_seconds = coalesce(call.wrap_seconds, v_twin.wrap_seconds),
        -- One outcome: the one that stands, else the twin's.
        disposition_id = case when call.outcome_type is null
            then coalesce(call.disposition_id, v_twin.disposition_id) end,
        outcome_type = case when coalesce(call.disposition_id, v_twin.disposition_id) is null
            then coalesce(call.outcome_type, v_twin.outcome_type) else call.outcome_type end,
        qualify_status = coalesce(call.qualify_status, v_twin.qualify_status),
        qualification_id = coalesce(call.qualification_id, v_twin.qualification_id),
        qualification_name = coalesce(call.qualification_name, v_twin.qualification_name),
        qualification_source = coalesce(call.qualification_source, v_twin.qualification_source),
        qualification_note = coalesce(call.qualification_note, v_twin.qualification_note),
        status = case when private.call_rank(v_twin.status) > private.call_rank(call.status)
            then v_twin.status else call.status end,
        talk_seconds = coalesce(call.talk_seconds, v_twin.talk_seconds),
        billed_seconds = coalesce(call.billed_seconds, v_twin.billed_seconds),
        hangup_cause = coalesce(call.hangup_cause, v_twin.hangup_cause),
        is_recorded = call.is_recorded or v_twin.is_recorded,
        called_at = least(call.called_at, v_twin.called_at),
        connected_at = least(call.connected_at, v_twin.connected_at),
        ended_at = coalesce(call.ended_at, v_twin.ended_at)
    where call.id = kept_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.months_since(entered_at timestamp with time zone, zone text, paid_on date)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select greatest(0, (
        extract(year from paid_on) * 12 + extract(month from paid_on)
        - extract(year from entered_at at time zone zone) * 12
        - extract(month from entered_at at time zone zone)
    )::int)
$function$;

CREATE OR REPLACE FUNCTION private.name_wrong_number(disposition_id uuid, client_id uuid, disposition_type text, phone text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    perform private.require_client(v_tenant_id, client_id);
    -- Whether the number is still the client's is not asked: a disposition that was kept offline
    -- while somebody replaced the numbers is as true as before, and of that number alone.
    if not exists (
        select from public.disposition_types as kind
        where kind.tenant_id = v_tenant_id and kind.unworkable
          and kind.key = name_wrong_number.disposition_type
    ) or coalesce(name_wrong_number.phone !~ '^\+[1-9][0-9]{7,14}$', true) then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'phone';
    end if;
    if exists (
        select from public.call_dispositions as done
        where done.id = name_wrong_number.disposition_id
          and (done.tenant_id <> v_tenant_id or done.operator_id is distinct from auth.uid()
              or done.client_id <> name_wrong_number.client_id)
    ) then
        raise exception 'disposition_id_reused' using errcode = 'PT409',
            detail = 'this id already names another disposition';
    end if;
    insert into private.wrong_numbers (disposition_id, tenant_id, client_id, phone)
    values (
        name_wrong_number.disposition_id, v_tenant_id, name_wrong_number.client_id,
        name_wrong_number.phone
    )
    on conflict on constraint wrong_numbers_pkey do nothing;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_contradiction(integration public.integrations, charge public.charges, item jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into public.payment_cases (
        tenant_id, client_id, agreement_id, charge_id, kind, amount_cents, details, case_key
    )
    select integration.tenant_id, charge.client_id, charge.agreement_id, charge.id,
        'contradiction', coalesce((item ->> 'paid_cents')::bigint, 0), item, told.key
    from (
        select concat_ws(':', 'contradiction', integration.id, item ->> 'reference',
            item ->> 'status_code', item ->> 'status_text', item ->> 'paid_on',
            item ->> 'paid_cents', private.told_again(item)) as key
    ) as told
    -- Told again in the same words, also after somebody looked at it, it is no news.
    where not exists (
        select from public.payment_cases as known
        where known.tenant_id = integration.tenant_id and known.case_key = told.key
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_moves(tenant_id uuid, client_ids uuid[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into private.dialer_moves (export_id, uf)
    select distinct contact.export_id, coalesce(
        client.uf, private.uf_of(client.tenant_id, client.id, null), ''
    )
    from public.dialer_export_rows as contact
    join public.clients as client on client.id = contact.client_id
    join public.dialer_exports as export on export.id = contact.export_id
    where contact.tenant_id = note_moves.tenant_id
      and contact.client_id = any(note_moves.client_ids)
      and contact.status in ('waiting', 'loaded')
      and export.hours_state in ('open', 'silent', 'opening')
$function$;

CREATE OR REPLACE FUNCTION private.note_provisional(tenant_id uuid, on_day date)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into private.panel_provisional (
        tenant_id, day, installment_id, client_id, creditor_id, operator_id, due_on, cents
    )
    select part.tenant_id, note_provisional.on_day, part.id, part.client_id,
        agreement.creditor_id, agreement.created_by, part.effective_due_on,
        part.amount_cents - part.paid_cents
    from public.installments as part
    join public.agreements as agreement
        on agreement.tenant_id = part.tenant_id and agreement.id = part.agreement_id
        and agreement.formalised_at is not null and private.is_living(agreement.status)
    join public.agreement_policies as policy
        on policy.tenant_id = agreement.tenant_id and policy.id = agreement.policy_id
    where part.tenant_id = note_provisional.tenant_id and part.status = 'open'
      and part.amount_cents > part.paid_cents
      and part.effective_due_on < note_provisional.on_day
      and note_provisional.on_day - part.effective_due_on
          between policy.provisional_after_days and policy.definitive_after_days - 1
$function$;

CREATE OR REPLACE FUNCTION private.note_reachable(tenant_id uuid, on_day date)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    with differing as materialized (
        select coalesce(was.client_id, became.client_id) as client_id, became.creditor_ids
        from (
            select known.* from private.panel_reachable as known
            where known.tenant_id = note_reachable.tenant_id and known.until_day = 'infinity'
        ) as was
        full join (
            select title.client_id,
                array_agg(distinct title.creditor_id order by title.creditor_id) as creditor_ids
            from private.panel_titles as title
            join public.clients
                on clients.tenant_id = title.tenant_id and clients.id = title.client_id
                and clients.has_phone
            left join private.client_contacts as contact
                on contact.tenant_id = title.tenant_id and contact.client_id = title.client_id
            where title.tenant_id = note_reachable.tenant_id and title.until_day = 'infinity'
              and title.state = 'open'
              and (
                  least(contact.call_blocked_until, contact.whatsapp_blocked_until)
                      > private.now()
                  and num_nonnulls(contact.call_blocked_until, contact.whatsapp_blocked_until) = 2
              ) is not true
            group by title.client_id
        ) as became on became.client_id = was.client_id
        where was.creditor_ids is distinct from became.creditor_ids
    ),
    ended as (
        update private.panel_reachable as known set until_day = note_reachable.on_day - 1
        from differing
        where known.tenant_id = note_reachable.tenant_id
          and known.client_id = differing.client_id
          and known.until_day = 'infinity' and known.from_day < note_reachable.on_day
    ),
    replaced as (
        delete from private.panel_reachable as known using differing
        where known.tenant_id = note_reachable.tenant_id
          and known.client_id = differing.client_id and known.from_day = note_reachable.on_day
          and differing.creditor_ids is null
    )
    insert into private.panel_reachable (tenant_id, client_id, from_day, creditor_ids)
    select note_reachable.tenant_id, differing.client_id, note_reachable.on_day,
        differing.creditor_ids
    from differing where differing.creditor_ids is not null
    on conflict on constraint panel_reachable_pkey do update
    set creditor_ids = excluded.creditor_ids;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_set_aside(action text, kind text, failed_id text)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.note_act(
        private.tenant_id(), note_set_aside.action, 'failures_set_aside', note_set_aside.failed_id,
        jsonb_build_object('kind', note_set_aside.kind)
    )
$function$;

CREATE OR REPLACE FUNCTION private.note_titles(tenant_id uuid, on_day date)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with differing as materialized (
        select coalesce(was.debt_id, became.id) as debt_id,
            coalesce(became.client_id, was.client_id) as client_id,
            coalesce(became.creditor_id, was.creditor_id) as creditor_id,
            coalesce(became.due_on, was.due_on) as due_on, told.state, told.cents,
            coalesce(not was.state in ('open', 'agreed', 'held'), true)
            and told.state in ('open', 'agreed', 'held') as is_entry
        from (
            select known.* from private.panel_titles as known
            where known.tenant_id = note_titles.tenant_id and known.until_day = 'infinity'
        ) as was
        full join (
            select debts.* from public.debts where debts.tenant_id = note_titles.tenant_id
        ) as became on became.id = was.debt_id
        cross join lateral (
            select case became.status
                when 'open' then 'open' when 'in_agreement' then 'agreed'
                when 'on_hold' then 'held' when 'settled' then 'paid' else 'left' end as state,
                case when became.status in ('open', 'in_agreement', 'on_hold')
                    then greatest(became.principal_cents - became.abated_cents, 0)
                    else 0 end as cents
        ) as told
        where (was.debt_id is not null or told.state in ('open', 'agreed', 'held')) and (
            was.client_id, was.creditor_id, was.due_on, was.state, was.cents
        ) is distinct from (
            coalesce(became.client_id, was.client_id),
            coalesce(became.creditor_id, was.creditor_id), coalesce(became.due_on, was.due_on),
            told.state, told.cents
        )
    ),
    ended as (
        update private.panel_titles as known set until_day = note_titles.on_day - 1
        from differing
        where known.tenant_id = note_titles.tenant_id and known.debt_id = differing.debt_id
          and known.until_day = 'infinity' and known.from_day < note_titles.on_day
    )
    insert into private.panel_titles (
        tenant_id, debt_id, from_day, client_id, creditor_id, due_on, state, cents, is_entry
    )
    select note_titles.tenant_id, differing.debt_id, note_titles.on_day, differing.client_id,
        differing.creditor_id, differing.due_on, differing.state, differing.cents,
        differing.is_entry
    from differing
    on conflict on constraint panel_titles_pkey do update
    set client_id = excluded.client_id, creditor_id = excluded.creditor_id,
        due_on = excluded.due_on, state = excluded.state, cents = excluded.cents,
        is_entry = panel_titles.is_entry or excluded.is_entry
$function$;

CREATE OR REPLACE FUNCTION private.now()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_shift interval;
begin
    select clock.shift into v_shift from private.clock;
    return pg_catalog.clock_timestamp() + v_shift;
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

CREATE OR REPLACE FUNCTION private.over_caps(tenant_id uuid, client_id uuid, channel public.channel, days date[], at timestamp with time zone)
 RETURNS boolean[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_zone text := (
        select agency.time_zone from public.tenants as agency where agency.id = over_caps.tenant_id
    );
    v_day date;
    v_taken date[] := '{}';
    v_is_over boolean;
    v_marks boolean[] := '{}';
begin
    foreach v_day in array days loop
        v_is_over := exists (
            select from public.contact_caps as cap
            where cap.tenant_id = over_caps.tenant_id and cap.channel = over_caps.channel
              and cap.attempts <= (
                  select count(*) from private.contact_attempts(
                      cap.tenant_id, over_caps.client_id, cap.channel,
                      (v_day - cap.days + 1)::timestamp at time zone v_zone,
                      least(over_caps.at, (v_day + 1)::timestamp at time zone v_zone)
                  )
              ) + (
                  select count(*) from unnest(v_taken) as taken (day)
                  where taken.day > v_day - cap.days
              )
        );
        v_marks := v_marks || v_is_over;
        if not v_is_over then
            v_taken := v_taken || v_day;
        end if;
    end loop;
    return v_marks;
end;
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

CREATE OR REPLACE FUNCTION private.own_talks(talk_ids uuid[], owner_ids uuid[], takes_over boolean DEFAULT false)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with known as materialized (
        select talk.id, given.owner_id, case
                when private.works_here(talk.tenant_id, talk.owner_id) then talk.owner_id
            end as before_id
        from unnest(own_talks.talk_ids, own_talks.owner_ids) as given (talk_id, owner_id)
        join public.conversations as talk on talk.id = given.talk_id
        where given.owner_id is not null and talk.owner_id is distinct from given.owner_id
        order by talk.id
        for no key update of talk
    ),
    taken as (
        update public.conversations as talk set owner_id = known.owner_id
        from known
        where talk.id = known.id and (known.before_id is null or own_talks.takes_over)
        returning talk.tenant_id, talk.id, talk.client_id, known.owner_id, known.before_id
    )
    insert into public.conversation_events
        (tenant_id, conversation_id, client_id, kind, actor_id, from_user_id, to_user_id)
    select taken.tenant_id, taken.id, taken.client_id,
        (case when taken.before_id is null then 'assigned' else 'taken_over' end)
            ::public.conversation_event_kind,
        taken.owner_id, taken.before_id, taken.owner_id
    from taken
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
    cross join (
        select private.panel_hours_since(panel_agreements.tenant_id) as hours_since
    ) as known
    cross join lateral (
        select exists (
            select from public.installments as part
            where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
              and part.paid_on is not null
        ) as is_effective
    ) as found
    cross join lateral (
        select sum(title.principal_cents)::bigint as principal,
            sum(title.correction_cents)::bigint as correction,
            sum(title.fine_cents)::bigint as fine, sum(title.interest_cents)::bigint as interest,
            sum(title.collection_fee_cents)::bigint as fee,
            sum(title.discount_principal_cents)::bigint as off_principal,
            sum(title.discount_correction_cents)::bigint as off_correction,
            sum(title.discount_fine_cents)::bigint as off_fine,
            sum(title.discount_interest_cents)::bigint as off_interest,
            sum(title.discount_collection_fee_cents)::bigint as off_fee
        from public.agreement_debts as title
        where title.tenant_id = agreement.tenant_id and title.agreement_id = agreement.id
    ) as priced
    cross join lateral (
        values
        ('agreement', true, agreement.total_cents),
        ('own_agreement', agreement.created_by is not null
            and (agreement.formalised_at at time zone panel_agreements.zone)::date
                >= known.hours_since, agreement.total_cents),
        ('agreement_value', true, agreement.original_cents),
        ('agreement_discount', true, agreement.discount_cents),
        ('agreement_effective', found.is_effective, agreement.total_cents),
        ('agreement_kept', found.is_effective and agreement.status = 'active',
            agreement.total_cents),
        ('agreement_settled', found.is_effective and agreement.status = 'settled',
            agreement.total_cents),
        ('agreement_broken', found.is_effective and agreement.status = 'broken',
            agreement.total_cents),
        ('agreement_lapsed', agreement.status = 'lapsed', agreement.total_cents),
        ('agreement_value_principal', priced.principal > 0, priced.principal),
        ('agreement_value_correction', priced.correction > 0, priced.correction),
        ('agreement_value_fine', priced.fine > 0, priced.fine),
        ('agreement_value_interest', priced.interest > 0, priced.interest),
        ('agreement_value_fee', priced.fee > 0, priced.fee),
        ('agreement_discount_principal', priced.off_principal > 0, priced.off_principal),
        ('agreement_discount_correction', priced.off_correction > 0, priced.off_correction),
        ('agreement_discount_fine', priced.off_fine > 0, priced.off_fine),
        ('agreement_discount_interest', priced.off_interest > 0, priced.off_interest),
        ('agreement_discount_fee', priced.off_fee > 0, priced.off_fee)
    ) as told (measure, holds, amount)
    where agreement.tenant_id = panel_agreements.tenant_id
      and agreement.formalised_at
          >= panel_agreements.from_day::timestamp at time zone panel_agreements.zone
      and agreement.formalised_at
          < (panel_agreements.until_day + 1)::timestamp at time zone panel_agreements.zone
      and told.holds
$function$;

CREATE OR REPLACE FUNCTION private.panel_answers(tenant_id uuid, zone text, from_day date, until_day date)
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
$function$;

CREATE OR REPLACE FUNCTION private.panel_breaks(tenant_id uuid, from_day date, until_day date)
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select told.measure, event.on_date, event.created_at, agreement.client_id,
        agreement.created_by, array[agreement.creditor_id], 'agreement_events', event.id::text,
        agreement.total_cents - coalesce(schedule.paid_cents, 0)
    from public.agreement_events as event
    join public.agreements as agreement
        on agreement.tenant_id = event.tenant_id and agreement.id = event.agreement_id
    cross join lateral (
        select sum(part.paid_cents)::bigint as paid_cents,
            min(part.number) filter (where part.status <> 'paid') as stopped_at
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
    ) as schedule
    cross join lateral (
        values ('broke', true), ('broke_1', schedule.stopped_at = 1),
        ('broke_2', schedule.stopped_at = 2), ('broke_3', schedule.stopped_at = 3),
        ('broke_later', schedule.stopped_at > 3)
    ) as told (measure, holds)
    where event.tenant_id = panel_breaks.tenant_id and event.to_status = 'broken'
      and event.on_date between panel_breaks.from_day and panel_breaks.until_day and told.holds
$function$;

CREATE OR REPLACE FUNCTION private.panel_cohort_months(scope private.panel_scope)
 RETURNS TABLE(month date, titles bigint, cents bigint, months_since integer, paid_cents bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with span as materialized (
        select agency.id, agency.time_zone,
            (date_trunc('month', (scope).until_day) - interval '11 months')::date as first_month,
            (scope).until_day as last_day
        from public.tenants as agency where agency.id = (scope).tenant_id
    ),
    entered as (
        select date_trunc('month', debt.created_at at time zone span.time_zone)::date as month,
            count(*) as titles, sum(debt.principal_cents)::bigint as cents
        from span
        join public.debts as debt on debt.tenant_id = span.id
            and debt.created_at >= span.first_month::timestamp at time zone span.time_zone
            and debt.created_at < (span.last_day + 1)::timestamp at time zone span.time_zone
        where (scope).creditor_ids is null or debt.creditor_id = any((scope).creditor_ids)
        group by 1
    ),
    paid as (
        select date_trunc('month', debt.created_at at time zone span.time_zone)::date as month,
            private.months_since(debt.created_at, span.time_zone, payment.paid_on) as months_since,
            sum(booking.total_cents)::bigint as cents
        from span
        join public.payments as payment
            on payment.tenant_id = span.id and payment.paid_on <= span.last_day
        join public.payment_allocations as booking
            on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
        join public.debts as debt
            on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
            and debt.created_at >= span.first_month::timestamp at time zone span.time_zone
            and debt.created_at < (span.last_day + 1)::timestamp at time zone span.time_zone
        where (scope).creditor_ids is null or debt.creditor_id = any((scope).creditor_ids)
        group by 1, 2
    )
    select entered.month, entered.titles, entered.cents, paid.months_since, paid.cents
    from entered
    left join paid on paid.month = entered.month
$function$;

CREATE OR REPLACE FUNCTION private.panel_cohort_page(scope private.panel_scope, measure text, month text, months_since text, after text, size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_cursor text [] := case when after is not null
        then private.decode_cursor(
            after, 'date', case measure when 'cohort' then 'uuid' else 'bigint' end
        ) end;
    v_after_day date := v_cursor[1];
    v_after_debt uuid := case measure when 'cohort' then v_cursor[2] end;
    v_after_booking bigint := case measure when 'cohort' then null else v_cursor[2] end;
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = scope.tenant_id
    );
    v_from timestamptz;
    v_until timestamptz;
    v_found private.panel_event [];
begin
    if month !~ '^[0-9]{4}-[0-9]{2}$' or not pg_input_is_valid(month || '-01', 'date')
        or months_since !~ '^[0-9]{1,3}$'
    then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'band, outcome';
    end if;
    v_from := (month || '-01')::timestamp at time zone v_zone;
    v_until := ((month || '-01')::timestamp + interval '1 month') at time zone v_zone;
    v_until := least(v_until, (scope.until_day + 1)::timestamp at time zone v_zone);
    v_found := array(
        select (
            measure, found.day, found.day::timestamp at time zone v_zone, found.client_id, null,
            array[found.creditor_id], found.source, found.source_id, found.cents
        )::private.panel_event
        from (
            select debt.due_on as day, debt.client_id, debt.creditor_id, 'debts' as source,
                debt.id as debt_id, 0::bigint as booking_id, debt.id::text as source_id,
                debt.principal_cents as cents
            from public.debts as debt
            where measure = 'cohort' and debt.tenant_id = scope.tenant_id
              and debt.created_at >= v_from and debt.created_at < v_until
              and (after is null or (debt.due_on, debt.id) > (v_after_day, v_after_debt))
            union all
            select payment.paid_on, payment.client_id, debt.creditor_id, 'payment_allocations',
                null, booking.id, booking.id::text, booking.total_cents
            from public.payments as payment
            join public.payment_allocations as booking
                on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
            join public.debts as debt
                on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
                and debt.created_at >= v_from and debt.created_at < v_until
            where measure = 'cohort_paid' and payment.tenant_id = scope.tenant_id
              and payment.paid_on <= scope.until_day
              and (after is null or (payment.paid_on, booking.id)
                  > (v_after_day, v_after_booking))
              and (panel_cohort_page.months_since is null
                  or private.months_since(debt.created_at, v_zone, payment.paid_on)
                      = panel_cohort_page.months_since::int)
        ) as found
        where scope.creditor_ids is null or found.creditor_id = any(scope.creditor_ids)
        order by found.day, found.debt_id, found.booking_id
        limit size + 1
    );
    return private.panel_page(scope.tenant_id, v_found, size, v_zone);
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_cohorts(filter jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'month', to_char(cohort.month, 'YYYY-MM'), 'titles', cohort.titles,
            'cents', cohort.cents, 'paid', cohort.paid
        ) order by cohort.month), '[]')
        from (
            select each.month, each.titles, each.cents, coalesce(jsonb_object_agg(
                each.months_since, each.paid_cents
            ) filter (where each.paid_cents <> 0), '{}') as paid
            from private.panel_cohort_months(v_scope) as each
            group by each.month, each.titles, each.cents
        ) as cohort
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_day_with_rows(tenant_id uuid, asked date)
 RETURNS date
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select known.day from private.panel_stock_days as known
    where known.tenant_id = panel_day_with_rows.tenant_id and known.has_rows
      and exists (
          select from private.panel_stock_days as said
          where said.tenant_id = known.tenant_id and said.day = panel_day_with_rows.asked
      )
    order by abs(known.day - panel_day_with_rows.asked), known.day
    limit 1
$function$;

CREATE OR REPLACE FUNCTION private.panel_events(tenant_id uuid, from_day date, until_day date, families text[] DEFAULT NULL::text[], is_lean boolean DEFAULT false)
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
$function$;

CREATE OR REPLACE FUNCTION private.panel_families(measure text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.panel_kept_months(tenant_id uuid, kept date[], is_by_team boolean)
 RETURNS date[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(array_agg(whole.month), '{}')
    from (
        select date_trunc('month', listed)::date as month,
            (date_trunc('month', listed) + interval '1 month - 1 day')::date as last_day,
            count(*) as days
        from unnest(panel_kept_months.kept) as listed
        group by 1, 2
    ) as whole
    where whole.days = whole.last_day - whole.month + 1
      and exists (
          select from private.panel_months as known
          where known.tenant_id = panel_kept_months.tenant_id and known.month = whole.month
      )
      and not (panel_kept_months.is_by_team and exists (
          select from private.team_seats as seat
          where seat.tenant_id = panel_kept_months.tenant_id
            and (seat.from_on > whole.month and seat.from_on <= whole.last_day
                or seat.until_on >= whole.month and seat.until_on < whole.last_day)
      ))
$function$;

CREATE OR REPLACE FUNCTION private.panel_messages(tenant_id uuid, zone text, from_day date, until_day date, is_lean boolean DEFAULT false)
 RETURNS SETOF private.panel_event
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
    -- From one record to the other.
    v_days int := coalesce(private.panel_stock_day(v_scope) - v_scope.from_day, 0);
begin
    if split_by not in ('', 'day', 'operator', 'team', 'creditor') then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'split_by';
    end if;
    return jsonb_build_object(
        'is_partial', v_scope.until_day >= private.panel_open_from(v_tenant_id),
        'stock_since', (
            select min(known.day) from private.panel_stock_days as known
            where known.tenant_id = v_tenant_id
        ),
        'hours_since', private.panel_hours_since(v_tenant_id),
        'groups', (
            with summed as materialized (
                select * from private.panel_sums(v_scope, split_by)
                union all
                select * from private.panel_stock_sums(v_scope, split_by)
            ),
            part as (
                select keys.key, kpi.code, kpi.unit, kpi.denominator is not null as is_divided,
                    coalesce(case kpi.numerator_as
                        when 'events' then above.events
                        when 'clients' then above.clients else above.amount end,
                        -- What was not written down is not nothing.
                        case when not kpi.numerator like 'stock%' then 0 end) as numerator,
                    coalesce(case kpi.denominator_as
                        when 'events' then below.events
                        when 'clients' then below.clients else below.amount end,
                        case when not kpi.denominator like 'stock%' then 0 end) as denominator
                from (
                    select distinct summed.key from summed where not summed.measure like 'stock%'
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
                        then private.panel_value(
                            part.unit, part.numerator, part.denominator, v_days
                        )
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
                    when 'team' then (
                        select teams.name from public.teams
                        where teams.tenant_id = v_tenant_id and teams.id::text = grouped.key
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

CREATE OR REPLACE FUNCTION private.panel_page(tenant_id uuid, found private.panel_event[], size integer, zone text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(
                private.panel_row(panel_page.tenant_id, panel_page.found[listed.place])
                order by listed.place
            ), '[]')
            from generate_series(1, least(cardinality(panel_page.found), panel_page.size))
                as listed (place)
        ),
        'next', case when cardinality(panel_page.found) > panel_page.size
            then private.encode_cursor(
                ((panel_page.found[panel_page.size].at at time zone panel_page.zone)::date)::text,
                panel_page.found[panel_page.size].source_id
            ) end
    )
$function$;

CREATE OR REPLACE FUNCTION private.panel_people(tenant_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_today date := private.today(tenant_id);
    v_scope uuid [] := private.creditor_scope();
    v_usual int := private.usual_wrap_up(tenant_id);
begin
    return (
        -- The day is open, so these are the very events that the panel's numbers are summed from.
        with counted as materialized (
            select event.operator_id,
                count(*) filter (where event.measure = 'disposition') as dispositions,
                count(*) filter (where event.measure = 'right_party') as right_party,
                count(*) filter (where event.measure = 'agreement') as agreements,
                sum(event.amount) filter (where event.measure = 'agreement') as agreed_cents
            from private.panel_events(
                panel_people.tenant_id, v_today, v_today, array['voice', 'message', 'agreement'],
                v_scope is null
            ) as event
            where v_scope is null or event.creditor_ids && v_scope
            group by event.operator_id
        )
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', member.user_id, 'name', member.display_name, 'role', member.role,
            'serving', case when held.client_id is not null then jsonb_build_object(
                -- Who works for some creditors sees that a colleague is busy, not with whom.
                'client_id', clients.id, 'client', clients.name,
                'document', clients.document, 'since', held.since
            ) end,
            'state', case when stood.until_at is null
                and stood.seen_at > private.now() - private.service_patience()
                then jsonb_build_object(
                    'state', stood.state, 'reason', stood.reason, 'since', stood.since
                ) end,
            'seen_at', coalesce(stood.until_at, stood.seen_at),
            'last_disposition_at', last_done.at,
            'alarm', case when stood.until_at is null
                and stood.seen_at > private.now() - private.service_patience()
                then private.board_alarm(
                    panel_people.tenant_id, member.user_id, stood.state, stood.reason, stood.since,
                    v_usual
                ) end,
            'dispositions', coalesce(counted.dispositions, 0),
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
            and private.sees_client(clients.id)
        left join lateral (
            select done.created_at as at
            from public.call_dispositions as done
            where done.operator_id = member.user_id and done.tenant_id = panel_people.tenant_id
              and not private.is_undone(done.id)
            order by done.created_at desc limit 1
        ) as last_done on true
        left join lateral (
            select known.* from public.operator_states as known
            where known.user_id = member.user_id and known.tenant_id = panel_people.tenant_id
            order by known.since desc limit 1
        ) as stood on true
        left join counted on counted.operator_id = member.user_id
        where member.tenant_id = panel_people.tenant_id and member.revoked_at is null
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_provisional_found(scope private.panel_scope, on_day date, after_day date, after_id uuid, row_limit integer)
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select 'stock_provisional', late.day, late.due_on::timestamp at time zone agency.time_zone,
        late.client_id, late.operator_id, array[late.creditor_id], 'installments',
        late.installment_id::text, late.cents
    from private.panel_provisional as late
    join public.tenants as agency on agency.id = late.tenant_id
    where late.tenant_id = (scope).tenant_id and late.day = panel_provisional_found.on_day
      and ((scope).creditor_ids is null or late.creditor_id = any((scope).creditor_ids))
      and ((scope).operator_ids is null or late.operator_id = any((scope).operator_ids))
      and private.panel_is_seated(scope, late.operator_id, late.day)
      and (late.due_on, late.installment_id)
          > (panel_provisional_found.after_day, panel_provisional_found.after_id)
    order by late.due_on, late.installment_id
    limit panel_provisional_found.row_limit
$function$;

CREATE OR REPLACE FUNCTION private.panel_queues(tenant_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_scope uuid [] := private.creditor_scope();
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', found.kind, 'count', found.waiting, 'oldest_at', found.oldest_at
        ) order by found.oldest_at, found.kind), '[]')
        from (
            select 'automations' as kind, count(*) as waiting, min(run.created_at) as oldest_at
            from public.automation_runs as run
            where run.tenant_id = panel_queues.tenant_id and run.status in ('queued', 'running')
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = run.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'bulk_messages', count(*), min(batch.created_at)
            from public.message_batches as batch
            join public.batch_recipients as recipient
                on recipient.batch_id = batch.id and recipient.status = 'waiting'
            where batch.tenant_id = panel_queues.tenant_id and batch.status = 'sending'
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = recipient.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'charges', count(*), min(charge.created_at)
            from public.charges as charge
            where charge.tenant_id = panel_queues.tenant_id
              and charge.status in ('queued', 'sending', 'registering')
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = charge.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'imports', count(*), min(import.created_at)
            from public.imports as import
            where import.tenant_id = panel_queues.tenant_id
              and import.status in ('queued', 'running')
              and (v_scope is null or import.creditor_id = any(v_scope))
            union all
            select 'dialer_exports', count(*), min(export.created_at)
            from public.dialer_exports as export
            where export.tenant_id = panel_queues.tenant_id
              and export.status in ('planning', 'loading')
        ) as found
        where found.waiting > 0
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_recovered_found(scope private.panel_scope, band smallint, after_day date, after_id bigint, row_limit integer)
 RETURNS SETOF private.panel_event
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select 'recovered', payment.paid_on,
        payment.paid_on::timestamp at time zone agency.time_zone, payment.client_id, null::uuid,
        array[debt.creditor_id], 'payment_allocations', booking.id::text, booking.total_cents
    from public.tenants as agency
    join public.payments as payment on payment.tenant_id = agency.id
    join public.payment_allocations as booking
        on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
    join public.debts as debt
        on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
    where agency.id = (scope).tenant_id
      and payment.paid_on between (scope).from_day and (scope).until_day
      and ((scope).creditor_ids is null or debt.creditor_id = any((scope).creditor_ids))
      and case
          when (debt.created_at at time zone agency.time_zone)::date < (scope).from_day
              then private.aging_band((scope).from_day - debt.due_on) = panel_recovered_found.band
          else panel_recovered_found.band is null
      end
      and (payment.paid_on, booking.id)
          > (panel_recovered_found.after_day, panel_recovered_found.after_id)
    order by payment.paid_on, booking.id
    limit panel_recovered_found.row_limit
$function$;

CREATE OR REPLACE FUNCTION private.panel_rolled(tenant_id uuid, from_day date, to_day date, in_band smallint DEFAULT NULL::smallint, outcome_is text DEFAULT NULL::text, creditor_ids uuid[] DEFAULT NULL::uuid[], after_day date DEFAULT '-infinity'::date, after_id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid, row_limit integer DEFAULT NULL::integer)
 RETURNS TABLE(debt_id uuid, client_id uuid, creditor_id uuid, due_on date, band smallint, outcome text, cents bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return query
    select was.debt_id, was.client_id, was.creditor_id, was.due_on, was_in.band, part.outcome,
        part.cents
    from private.panel_titles as was
    cross join lateral (
        select (1 + width_bucket(
            panel_rolled.from_day - was.due_on, private.band_edges()
        ))::smallint as band
    ) as was_in
    join private.panel_titles as became
        on became.tenant_id = was.tenant_id and became.debt_id = was.debt_id
        and panel_rolled.to_day between became.from_day and became.until_day
    cross join lateral (
        -- What the title has grown by is no part of what was owed.
        select least(was.cents, became.cents) as kept,
            (1 + width_bucket(
                panel_rolled.to_day - became.due_on, private.band_edges()
            ))::smallint as band
    ) as now_is
    cross join lateral (
        values
        (case
            when became.state = 'agreed' and was.state <> 'agreed' then 'cured'
            when now_is.band > was_in.band then 'forward'
            when now_is.band < was_in.band then 'back'
            else 'same'
        end, now_is.kept),
        (case when became.state = 'left' then 'left' else 'paid' end, was.cents - now_is.kept)
    ) as part (outcome, cents)
    where was.tenant_id = panel_rolled.tenant_id
      and panel_rolled.from_day between was.from_day and was.until_day
      and was.state in ('open', 'agreed', 'held') and part.cents > 0
      and (was.due_on, was.debt_id) > (panel_rolled.after_day, panel_rolled.after_id)
      and (panel_rolled.in_band is null or was_in.band = panel_rolled.in_band)
      and (panel_rolled.outcome_is is null or part.outcome = panel_rolled.outcome_is)
      and (
          panel_rolled.creditor_ids is null or was.creditor_id = any(panel_rolled.creditor_ids)
      )
    order by was.due_on, was.debt_id
    limit panel_rolled.row_limit;
end;
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
              and (private.sees_everything() or creditors.id = any(private.creditor_scope()))
        )
    ) || case when event.source in ('debts', 'payment_allocations') then jsonb_build_object(
        'title', (
            select jsonb_build_object(
                'contract', debts.contract, 'installment', debts.installment,
                -- As its record had it.
                'due_on', case event.source when 'debts' then (
                    select (event.at at time zone tenants.time_zone)::date
                    from public.tenants where tenants.id = panel_row.tenant_id
                ) else debts.due_on end
            )
            from public.debts
            where debts.tenant_id = panel_row.tenant_id and debts.id = case event.source
                when 'debts' then event.source_id::uuid
                else (
                    select booking.debt_id from public.payment_allocations as booking
                    where booking.id = event.source_id::bigint
                ) end
        )
    ) else '{}' end
$function$;

CREATE OR REPLACE FUNCTION private.panel_rows(kpi text, part text, filter jsonb, after text, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A download of 300,000 rows is then 150 requests, each a fraction of a second.
    c_max_page constant int := 2000;
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_cursor text [];
    v_measure text;
    v_day date;
    v_found private.panel_event [] := '{}';
begin
    select case part when 'numerator' then known.numerator
        when 'denominator' then known.denominator end
    into v_measure
    from private.panel_kpis as known where known.code = panel_rows.kpi;
    -- Who was found in ninety days.
    if v_measure = 'stock_located' then
        v_measure := 'right_party';
        v_scope.until_day := least(v_scope.until_day, private.today(v_tenant_id));
        v_scope.from_day := v_scope.until_day - 89;
    end if;
    if v_measure is null then
        raise exception 'panel_kpi_unknown' using errcode = 'PT404', detail = 'no such number';
    end if;
    if v_measure like 'stock%' then
        return private.panel_stock_page(v_scope, v_measure, null, null, after, v_size);
    end if;
    if after is not null then
        v_cursor := private.decode_cursor(after, 'date', 'timestamptz', 'text');
    end if;
    for v_day in select days from private.panel_days_with(v_scope, v_measure) as days loop
        continue when v_day > v_cursor[1]::date;
        v_found := v_found || array(
            select event::private.panel_event
            from private.panel_events(
                v_tenant_id, v_day, v_day, private.panel_families(v_measure)
            ) as event
            where event.measure = v_measure
              and (v_scope.operator_ids is null or event.operator_id = any(v_scope.operator_ids))
              and (v_scope.team_id is null
                  or private.panel_is_seated(v_scope, event.operator_id, event.day))
              and (v_scope.creditor_ids is null or event.creditor_ids && v_scope.creditor_ids)
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

CREATE OR REPLACE FUNCTION private.panel_stock_day(scope private.panel_scope)
 RETURNS date
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select max(known.day) from private.panel_stock_days as known
    where known.tenant_id = (scope).tenant_id
      and known.day between (scope).from_day and (scope).until_day
$function$;

CREATE OR REPLACE FUNCTION private.panel_stock_found(scope private.panel_scope, measure text, on_day date, band smallint, outcome text, after_day date, after_id uuid, row_limit integer)
 RETURNS SETOF private.panel_event
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = scope.tenant_id
    );
    v_last date := private.panel_stock_day(scope);
    v_bounds record;
    v_due_from date := '-infinity';
    v_due_to date := 'infinity';
begin
    select bands.days_from, bands.days_to into v_bounds
    from private.aging_bands() with ordinality as bands (band, days_from, days_to, place)
    where bands.place = panel_stock_found.band;
    v_due_from := coalesce(on_day - v_bounds.days_to, v_due_from);
    v_due_to := coalesce(on_day - v_bounds.days_from, v_due_to);
    if measure = 'stock_eligible' then
        return query
        select measure, on_day, on_day::timestamp at time zone v_zone, person.client_id,
            null::uuid, person.creditor_ids, 'clients', person.client_id::text, 0::bigint
        from private.panel_reachable as person
        where person.tenant_id = scope.tenant_id and person.client_id > after_id
          and on_day between person.from_day and person.until_day
          and (scope.creditor_ids is null or person.creditor_ids && scope.creditor_ids)
        order by person.client_id
        limit row_limit;
    elsif measure in ('stock', 'stock_opening', 'stock_eligible_title') then
        return query
        select measure, on_day, title.due_on::timestamp at time zone v_zone, title.client_id,
            null::uuid, array[title.creditor_id], 'debts', title.debt_id::text, title.cents
        from private.panel_titles as title
        where title.tenant_id = scope.tenant_id
          and title.due_on between v_due_from and v_due_to
          and (title.due_on, title.debt_id) > (after_day, after_id)
          and on_day between title.from_day and title.until_day
          and title.state in ('open', 'agreed', 'held')
          and (scope.creditor_ids is null or title.creditor_id = any(scope.creditor_ids))
          and (measure <> 'stock_eligible_title' or title.state = 'open' and exists (
              select from private.panel_reachable as person
              where person.tenant_id = title.tenant_id and person.client_id = title.client_id
                and on_day between person.from_day and person.until_day
          ))
        order by title.due_on, title.debt_id
        limit row_limit;
    elsif measure = 'rolled' then
        return query
        select measure, on_day, gone.due_on::timestamp at time zone v_zone, gone.client_id,
            null::uuid, array[gone.creditor_id], 'debts', gone.debt_id::text, gone.cents
        from private.panel_rolled(
            scope.tenant_id, scope.from_day, on_day, panel_stock_found.band,
            panel_stock_found.outcome, scope.creditor_ids, after_day, after_id, row_limit
        ) as gone;
    else
        -- What was owed as the period began, what came new, and what of it was still there.
        return query
        select measure, v_last, max(part.due_on)::timestamp at time zone v_zone,
            max(part.client_id::text)::uuid, null::uuid, array[max(part.creditor_id::text)::uuid],
            'debts', part.debt_id::text, sum(part.cents)::bigint
        from (
            select title.debt_id, title.due_on, title.client_id, title.creditor_id,
                case when told.is_left then -title.cents else title.cents end as cents
            from private.panel_titles as title
            cross join lateral (
                values
                (false, measure <> 'stock_entered'
                    and scope.from_day between title.from_day and title.until_day),
                (false, title.is_entry and title.from_day > scope.from_day
                    and title.from_day <= v_last),
                (true, measure <> 'stock_entered'
                    and v_last between title.from_day and title.until_day
                    and (measure = 'stock_collected'
                        or title.due_on >= v_last))
            ) as told (is_left, holds)
            where title.tenant_id = scope.tenant_id and told.holds
              and title.state in ('open', 'agreed', 'held') and title.debt_id > after_id
              and (scope.creditor_ids is null or title.creditor_id = any(scope.creditor_ids))
        ) as part
        group by part.debt_id
        having sum(part.cents) <> 0 or measure = 'stock_entered'
        order by part.debt_id
        limit row_limit;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_stock_page(scope private.panel_scope, measure text, band smallint, outcome text, after text, size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_least constant uuid := '00000000-0000-0000-0000-000000000000';
    v_cursor text [] := case when after is not null
        then private.decode_cursor(
            after, 'date', case measure when 'recovered' then 'bigint' else 'uuid' end
        ) end;
    v_after_day date := coalesce(v_cursor[1], '-infinity');
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = scope.tenant_id
    );
    v_asked date := private.panel_stock_day(scope);
    v_day date;
    v_found private.panel_event [] := '{}';
begin
    if measure = 'stock_opening' then
        v_asked := scope.from_day;
    elsif measure = 'rolled' then
        select max(roll.to_day) into v_asked from private.panel_rolls as roll
        where roll.tenant_id = scope.tenant_id and roll.to_day <= scope.until_day;
        select min(roll.from_day) into scope.from_day from private.panel_rolls as roll
        where roll.tenant_id = scope.tenant_id and roll.to_day = v_asked;
    end if;
    if measure = 'rolled' and outcome is null then
        measure := 'stock';
        v_asked := scope.from_day;
    end if;
    v_day := case
        when measure in ('stock', 'stock_opening', 'stock_eligible', 'stock_eligible_title')
            then private.panel_day_with_rows(scope.tenant_id, v_asked)
        -- Nothing, rather than the part that is still known.
        when measure = 'rolled' and not private.knows_titles_since(scope.tenant_id, scope.from_day)
            or measure in ('stock_entered', 'stock_collectable', 'stock_collected')
            and not private.has_panel_rows(scope.tenant_id, scope.from_day) then null
        else v_asked end;
    if measure = 'recovered' then
        v_found := array(
            select event::private.panel_event from private.panel_recovered_found(
                scope, band, v_after_day, coalesce(v_cursor[2]::bigint, 0), size + 1
            ) as event
        );
    elsif measure = 'stock_provisional' then
        v_found := array(
            select event::private.panel_event from private.panel_provisional_found(
                scope, v_day, v_after_day, coalesce(v_cursor[2]::uuid, c_least), size + 1
            ) as event
        );
    -- A person's work has no stock, and of some records only the sums are left.
    elsif scope.operator_ids is null and v_day is not null then
        v_found := array(
            select event::private.panel_event from private.panel_stock_found(
                scope, measure, v_day, band, outcome, v_after_day,
                coalesce(v_cursor[2]::uuid, c_least), size + 1
            ) as event
        );
    end if;
    return jsonb_build_object('day', v_day, 'asked_day', v_asked)
        || private.panel_page(scope.tenant_id, v_found, size, v_zone);
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_stock_people(scope private.panel_scope, split_by text, day date)
 RETURNS TABLE(key text, clients bigint, titles bigint, debtors bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if split_by = 'creditor' or coalesce(cardinality(scope.creditor_ids), 1) = 1 then
        return query
        select coalesce(case when split_by = 'creditor' then known.creditor_id::text end, ''),
            known.clients, known.titles, known.debtors
        from private.panel_eligible as known
        where known.tenant_id = scope.tenant_id and known.day = panel_stock_people.day
          and case
              when scope.creditor_ids is not null then known.creditor_id = any(scope.creditor_ids)
              else (known.creditor_id is not null) = (split_by = 'creditor')
          end;
    -- Who owes two of several creditors is one: only the rows know who that is.
    elsif private.has_panel_rows(scope.tenant_id, day) then
        return query
        select '', count(distinct person.client_id), count(person.client_id),
            count(distinct title.client_id)
        from private.panel_titles as title
        left join private.panel_reachable as person
            on person.tenant_id = title.tenant_id and person.client_id = title.client_id
            and panel_stock_people.day between person.from_day and person.until_day
            and title.state = 'open'
        where title.tenant_id = scope.tenant_id and title.state in ('open', 'agreed', 'held')
          and panel_stock_people.day between title.from_day and title.until_day
          and title.creditor_id = any(scope.creditor_ids);
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_stock_rows(part text, band text, outcome text, filter jsonb, after text, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- As panel_rows.
    c_max_page constant int := 2000;
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope private.panel_scope := private.read_panel_filter(v_tenant_id, filter);
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_measure text := case part when 'bands' then 'stock' when 'opening' then 'stock_opening'
        when 'rolled' then 'rolled' when 'recovered' then 'recovered'
        when 'cohort' then 'cohort' when 'cohort_paid' then 'cohort_paid' end;
    v_place smallint;
begin
    if v_measure is null then
        raise exception 'panel_kpi_unknown' using errcode = 'PT404', detail = 'no such part';
    end if;
    -- People do not matter to what is owed.
    v_scope.operator_ids := null;
    if v_measure like 'cohort%' then
        return private.panel_cohort_page(v_scope, v_measure, band, outcome, after, v_size);
    end if;
    if band is not null then
        select bands.place into v_place
        from private.aging_bands() with ordinality as bands (band, days_from, days_to, place)
        where bands.band = panel_stock_rows.band;
        if not found then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = 'band';
        end if;
    end if;
    return private.panel_stock_page(v_scope, v_measure, v_place, outcome, after, v_size);
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_stock_sums(scope private.panel_scope, split_by text)
 RETURNS TABLE(key text, measure text, events bigint, clients bigint, amount bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_located_days constant int := 90;
    v_located private.panel_scope := scope;
    v_day date := private.panel_stock_day(scope);
    v_is_framed boolean := private.has_panel_rows(scope.tenant_id, scope.from_day);
begin
    if v_day is null or split_by not in ('', 'creditor', 'operator') then
        return;
    end if;
    return query
    select told.key, 'stock_provisional', sum(told.parts)::bigint, 0::bigint,
        sum(told.cents)::bigint
    from (
        select case split_by when 'creditor' then late.creditor_id::text
            when 'operator' then coalesce(late.operator_id::text, '') else '' end as key,
            1 as parts, late.cents
        from private.panel_provisional as late
        where late.tenant_id = scope.tenant_id and late.day = v_day
          and (scope.creditor_ids is null or late.creditor_id = any(scope.creditor_ids))
          and (scope.operator_ids is null or late.operator_id = any(scope.operator_ids))
          and private.panel_is_seated(scope, late.operator_id, late.day)
        union all
        -- None is a number, too, of a record that counted them: the same that first told titles.
        select '', 0, 0
        from private.panel_eligible as known
        where split_by = '' and known.tenant_id = scope.tenant_id and known.day = v_day
          and known.creditor_id is null and known.titles is not null
    ) as told
    group by told.key;
    if scope.operator_ids is not null or split_by = 'operator' then
        return;
    end if;
    return query
    with part as (
        select stock.creditor_id, told.measure, stock.titles, told.cents
        from private.panel_stock as stock
        cross join lateral (
            values
            ('stock', stock.day = v_day, 1),
            ('stock_opening', stock.day = scope.from_day, 1),
            -- What could have been collected, and what was: all that was owed or came, without what
            -- is not due yet; and without what is left.
            ('stock_collectable', v_is_framed and stock.day = scope.from_day, 1),
            ('stock_collectable', v_is_framed and stock.day = v_day and stock.band = 1, -1),
            ('stock_collected', v_is_framed and stock.day = scope.from_day, 1),
            ('stock_collected', v_is_framed and stock.day = v_day, -1)
        ) as asked (measure, holds, sign)
        cross join lateral (select asked.measure, stock.cents * asked.sign as cents) as told
        where stock.tenant_id = scope.tenant_id and stock.day in (v_day, scope.from_day)
          and asked.holds
        union all
        select title.creditor_id, told.measure, 1, title.cents
        from private.panel_titles as title
        cross join (
            values ('stock_entered'), ('stock_collectable'), ('stock_collected')
        ) as told (measure)
        where title.tenant_id = scope.tenant_id and title.is_entry and v_is_framed
          and title.from_day > scope.from_day and title.from_day <= v_day
          and title.state in ('open', 'agreed', 'held')
    ),
    added as (
        select case when split_by = 'creditor' then part.creditor_id::text else '' end as key,
            part.measure, sum(part.titles)::bigint as titles, sum(part.cents)::bigint as cents
        from part
        where scope.creditor_ids is null or part.creditor_id = any(scope.creditor_ids)
        group by 1, 2
    ),
    people as materialized (
        select * from private.panel_stock_people(scope, split_by, v_day)
    )
    select added.key, added.measure, added.titles,
        case when added.measure = 'stock' then people.debtors else 0 end, added.cents
    from added
    left join people on people.key = added.key and added.measure = 'stock'
    union all
    select people.key, told.measure, told.events, told.events, 0
    from people
    cross join lateral (
        values ('stock_eligible', people.clients), ('stock_eligible_title', people.titles)
    ) as told (measure, events)
    union all
    -- Nothing came new, and that is known.
    select '', 'stock_entered', 0, 0, 0
    where split_by = '' and v_is_framed
      and not exists (select from added where added.measure = 'stock_entered');
    v_located.until_day := least(scope.until_day, private.today(scope.tenant_id));
    v_located.from_day := v_located.until_day - c_located_days + 1;
    return query
    select reached.key, 'stock_located', reached.clients, reached.clients, 0::bigint
    from private.panel_sums(v_located, split_by, 'right_party') as reached
    where reached.measure = 'right_party';
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_sums(scope private.panel_scope, split_by text, only_measure text DEFAULT NULL::text)
 RETURNS TABLE(key text, measure text, events bigint, clients bigint, amount bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_kept date [] := private.panel_kept_days(scope);
    v_months date [] := case when split_by <> 'day' then private.panel_kept_months(
        scope.tenant_id, v_kept, split_by = 'team' or scope.team_id is not null
    ) else '{}' end;
    v_by_creditor boolean := split_by = 'creditor';
begin
    return query execute private.panel_text($sql$
        with event as materialized (
            select * from private.panel_live_events($1, $2, $4) as live
            where $3 is null or live.measure = $3
        ),
        added as (
            select fact.day, fact.measure, fact.creditor_id, fact.operator_id, fact.events,
                fact.amount
            from private.panel_facts as fact
            where fact.tenant_id = ($1).tenant_id and fact.day = any($6)
              and fact.creditor_id $creditor
              and ($3 is null or fact.measure = $3)
              and (($1).operator_ids is null or fact.operator_id = any(($1).operator_ids))
            union all
            select fact.month, fact.measure, fact.creditor_id, fact.operator_id, fact.events,
                fact.amount
            from private.panel_month_facts as fact
            where fact.tenant_id = ($1).tenant_id and fact.month = any($5)
              and fact.creditor_id $creditor
              and ($3 is null or fact.measure = $3)
              and (($1).operator_ids is null or fact.operator_id = any(($1).operator_ids))
            union all
            -- What two of some creditors share was added twice.
            select shared.day, shared.measure, null, shared.operator_id,
                shared.events * (1 - common.size), shared.amount * (1 - common.size)
            from private.panel_overlaps as shared
            cross join lateral (
                select count(*) as size from unnest(shared.creditor_ids) as said (id)
                where said.id = any(($1).creditor_ids)
            ) as common
            where $whole and shared.tenant_id = ($1).tenant_id and shared.day = any($2)
              and shared.creditor_ids && ($1).creditor_ids and common.size > 1
              and ($3 is null or shared.measure = $3)
              and (($1).operator_ids is null or shared.operator_id = any(($1).operator_ids))
            union all
            select event.day, event.measure, scope.creditor_id, event.operator_id, 1,
                event.amount
            from event
            cross join lateral $each as scope (creditor_id)
        ),
        added_up as (
            select $key as key, row.measure, sum(row.events)::bigint as events,
                sum(row.amount)::bigint as amount
            from added as row $teams where $seated group by 1, 2
        ),
        picked as materialized (
            select $key as key, row.measure, row.members, row.bits
            from (
                select kept.*, kept.from_day as day
                from (
                    select false as is_month, listed as day from unnest($6) as listed
                    union all
                    select true, listed from unnest($5) as listed
                ) as span
                join private.panel_sets as kept
                    on kept.tenant_id = ($1).tenant_id and kept.is_month = span.is_month
                    and kept.from_day = span.day
                where kept.is_sum = $of_all and kept.creditor_id $creditor
                  and ($3 is null or kept.measure = $3)
                  and (($1).operator_ids is null or kept.operator_id = any(($1).operator_ids))
            ) as row $teams
            where $seated
        ),
        live as (
            select distinct $key as key, row.measure, row.client_id, known.ordinal
            from (
                select event.*, scope.creditor_id
                from event
                cross join lateral $each as scope (creditor_id)
                where event.measure in ('attempt', 'right_party', 'agreement')
                  and event.client_id is not null
            ) as row $teams
            left join private.panel_ordinals as known
                on known.tenant_id = ($1).tenant_id and known.client_id = row.client_id
            where $seated
        ),
        dense as materialized (
            select picked.key, picked.measure, bit_or(picked.bits::bit($size)) as bits
            from picked where picked.bits is not null
            group by picked.key, picked.measure
        ),
        loose as (
            select picked.key, picked.measure, member
            from picked cross join unnest(picked.members) as member
            union
            select live.key, live.measure, live.ordinal from live where live.ordinal is not null
        ),
        different as (
            select part.key, part.measure, sum(part.clients)::bigint as clients
            from (
                select dense.key, dense.measure, bit_count(dense.bits) as clients from dense
                union all
                select loose.key, loose.measure, count(*)
                from loose
                left join dense on dense.key = loose.key and dense.measure = loose.measure
                where dense.key is null or get_bit(dense.bits, loose.member) = 0
                group by loose.key, loose.measure
                union all
                -- Whom no kept day has seen yet.
                select live.key, live.measure, count(*)
                from live where live.ordinal is null
                group by live.key, live.measure
            ) as part
            group by part.key, part.measure
        )
        select added_up.key, added_up.measure, added_up.events,
            coalesce(different.clients, 0), added_up.amount
        from added_up
        left join different
            on different.key = added_up.key and different.measure = added_up.measure
    $sql$, jsonb_build_object(
        '$each', case
            when v_by_creditor and scope.creditor_ids is null then 'unnest(event.creditor_ids)'
            when v_by_creditor then '(select said.id from unnest(event.creditor_ids) as said (id)
                where said.id = any(($1).creditor_ids))'
            else '(values (null::uuid))' end,
        '$key', case split_by
            when 'day' then 'row.day::text'
            when 'operator' then 'coalesce(row.operator_id::text, '''')'
            when 'team' then 'coalesce(team.team_id::text, '''')'
            when 'creditor' then 'row.creditor_id::text' else '''''' end,
        '$teams', case when split_by = 'team' then 'left join private.team_seats as team
            on team.tenant_id = ($1).tenant_id and team.user_id = row.operator_id
            and row.day between team.from_on and team.until_on'
            else '' end,
        '$seated', case when scope.team_id is null then 'true'
            -- Written out: a function would be called for every fact.
            else 'exists (
                select from private.team_seats as seat
                where seat.tenant_id = ($1).tenant_id and seat.team_id = ($1).team_id
                  and seat.user_id = row.operator_id
                  and row.day between seat.from_on and seat.until_on
            )' end,
        '$creditor', case
            when scope.creditor_ids is not null then '= any(($1).creditor_ids)'
            when v_by_creditor then 'is not null' else 'is null' end,
        '$whole', (not v_by_creditor)::text,
        '$of_all', (split_by not in ('operator', 'team') and scope.operator_ids is null)::text,
        '$size', greatest(private.panel_size(scope.tenant_id), 1)::text
    ))
    using scope, v_kept, only_measure,
        case when only_measure is not null then private.panel_families(only_measure) end,
        v_months,
        array(
            select listed from unnest(v_kept) as listed
            where date_trunc('month', listed)::date <> all(v_months)
        );
end;
$function$;

CREATE OR REPLACE FUNCTION private.panel_value(unit text, numerator bigint, denominator bigint, days integer DEFAULT 1)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case
        when panel_value.unit = 'percent' then round(100.0 * numerator / nullif(denominator, 0), 2)
        when panel_value.unit = 'days'
            then round(1.0 * numerator * panel_value.days / nullif(denominator, 0), 1)
        when panel_value.unit = 'ratio' then round(1.0 * numerator / nullif(denominator, 0), 2)
        -- Millionths of a real by cents; a cent of a cent is told.
        when panel_value.unit = 'rate' then round(numerator / 10000.0 / nullif(denominator, 0), 4)
        when panel_value.unit = 'per_hour'
            then round(3600.0 * numerator / nullif(denominator, 0), 2)
        when panel_value.unit = 'cents_per_hour'
            then round(3600.0 * numerator / nullif(denominator, 0))
        else round(1.0 * numerator / nullif(denominator, 0))
    end
$function$;

CREATE OR REPLACE FUNCTION private.panel_voice(tenant_id uuid, zone text, from_day date, until_day date, is_lean boolean DEFAULT false)
 RETURNS SETOF private.panel_event
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_from timestamptz := from_day::timestamp at time zone zone;
    v_until timestamptz := (until_day + 1)::timestamp at time zone zone;
    v_hours_since date := private.panel_hours_since(tenant_id);
    v_has_cap boolean := not is_lean and private.has_cap(tenant_id, 'call');
    v_has_opt_outs boolean := not is_lean and exists (
        select from public.suppressions as said where said.tenant_id = panel_voice.tenant_id
    );
begin
    return query
    with attempt as materialized (
        select call.called_at as at,
            (call.called_at at time zone panel_voice.zone)::date as day,
            call.client_id, call.id::text as source_id, 'calls' as source, call.phone,
            coalesce(done.operator_id, call.operator_id) as operator_id,
            -- The word of whoever spoke counts; without one, the dialer's.
            coalesce(
                word.human_answered, call.connected_at is not null or call.status = 'abandoned'
            ) as is_alo,
            coalesce(word.right_party, false) as is_right,
            coalesce(word.unworkable, false) as is_wrong,
            coalesce(call.talk_seconds, 0) as seconds,
            coalesce(call.billed_seconds, call.talk_seconds, 0) as billed_seconds,
            coalesce(call.wrap_seconds, 0) as wrap_seconds,
            call.agent_id is not null as has_agent,
            coalesce(call.qualification_source = 'automatic', false) as is_auto,
            false as is_written, done.id is not null as is_told
        from public.calls as call
        left join public.call_dispositions as done
            on done.tenant_id = call.tenant_id and done.id = call.disposition_id
            and not exists (
                select from public.disposition_undos as undone
                where undone.disposition_id = done.id
            )
        left join public.disposition_types as word
            on word.tenant_id = call.tenant_id
            and word.key = coalesce(done.disposition_type, call.outcome_type)
        where call.tenant_id = panel_voice.tenant_id
          and call.called_at >= v_from and call.called_at < v_until
          and (private.call_rank(call.status) >= 5 or word.key is not null)
        union all
        select done.created_at, (done.created_at at time zone panel_voice.zone)::date,
            done.client_id, done.id::text, 'call_dispositions', null, done.operator_id,
            word.human_answered, word.right_party, word.unworkable, 0, 0, 0, false, false,
            word.right_party and private.is_told_in_writing(
                done.tenant_id, done.client_id, done.created_at
            ), true
        from public.call_dispositions as done
        join public.disposition_types as word
            on word.tenant_id = done.tenant_id and word.key = done.disposition_type
        where done.tenant_id = panel_voice.tenant_id
          and done.created_at >= v_from and done.created_at < v_until
          and not exists (
              select from public.calls as call
              where call.tenant_id = done.tenant_id and call.disposition_id = done.id
          )
          and not exists (
              select from public.disposition_undos as undone
              where undone.disposition_id = done.id
          )
    ),
    known as materialized (
        select person.*
        from (
            select array_agg(seen.client_id) as client_ids, array_agg(seen.day) as days
            from (
                select distinct attempt.client_id, attempt.day from attempt
                where attempt.client_id is not null and not is_lean
            ) as seen
        ) as asked
        cross join lateral private.panel_known_clients(
            panel_voice.tenant_id, panel_voice.zone, asked.client_ids, asked.days
        ) as person
    ),
    hours as materialized (
        select * from private.panel_hours(
            panel_voice.tenant_id, panel_voice.zone,
            array(select distinct known.uf from known), from_day, until_day
        )
    ),
    price as materialized (
        select * from private.cost_days(
            panel_voice.tenant_id, 'voice_minute', 'BRL', from_day, until_day
        )
    ),
    judged as (
        select attempt.*, coalesce(known.creditor_ids, '{}') as creditor_ids,
            coalesce(known.has_deal, false) as has_deal,
            price.price_micros * attempt.billed_seconds / 60 as cost,
            attempt.client_id is not null and not attempt.is_written and not exists (
                select from hours
                where hours.uf = known.uf and hours.day = attempt.day
                  and attempt.at >= hours.opens_at and attempt.at < hours.closes_at
            ) as is_outside,
            v_has_cap and attempt.client_id is not null and private.is_over_cap(
                panel_voice.tenant_id, attempt.client_id, 'call',
                -- The attempts before this one.
                attempt.at - interval '1 microsecond'
            ) as is_over_cap,
            v_has_opt_outs and attempt.client_id is not null and private.was_suppressed(
                panel_voice.tenant_id, attempt.client_id, attempt.phone, 'call', attempt.at
            ) as is_opted_out,
            -- A client's number counts once a day, by its first call and by the first that found its owner.
            attempt.phone is not null and not is_lean and row_number() over (
                partition by attempt.day, attempt.client_id, private.phone_match(attempt.phone)
                order by attempt.at, attempt.source_id
            ) = 1 as is_first,
            attempt.phone is not null and attempt.is_right and not is_lean and row_number() over (
                partition by attempt.day, attempt.client_id, private.phone_match(attempt.phone),
                    attempt.is_right
                order by attempt.at, attempt.source_id
            ) = 1 as is_first_hit
        from attempt
        left join known on known.client_id = attempt.client_id and known.day = attempt.day
        left join price on price.day = attempt.day
    )
    select told.measure, judged.day, judged.at, judged.client_id, judged.operator_id,
        judged.creditor_ids, judged.source, judged.source_id, told.amount
    from judged
    cross join lateral (
        values
        ('voice_attempt', true, 0::bigint),
        ('attempt', judged.client_id is not null, 0),
        ('disposition', judged.is_told, 0),
        ('phone_tried', judged.is_first, 0),
        ('phone_hit', judged.is_first_hit, 0),
        ('alo', judged.is_alo, 0),
        ('right_party', judged.is_right, 0),
        ('right_party_accepted', judged.is_right and judged.has_deal, 0),
        ('right_party_written', judged.is_right and judged.is_written, 0),
        ('wrong_party', judged.is_wrong, 0),
        ('talked', judged.seconds > 0, judged.seconds),
        ('wrapped', judged.wrap_seconds > 0, judged.wrap_seconds),
        ('handled', judged.seconds + judged.wrap_seconds > 0,
            judged.seconds + judged.wrap_seconds),
        -- Whoever did it, for what is told by the hour: since hours are known.
        ('own_attempt', judged.client_id is not null and judged.operator_id is not null
            and judged.day >= v_hours_since, 0),
        ('own_right_party', judged.is_right and judged.operator_id is not null
            and judged.day >= v_hours_since, 0),
        ('own_handled', judged.operator_id is not null and judged.day >= v_hours_since
            and judged.seconds + judged.wrap_seconds > 0, judged.seconds + judged.wrap_seconds),
        ('call', judged.has_agent, 0),
        ('auto_closed', judged.has_agent and judged.is_auto, 0),
        ('outside_hours', judged.is_outside, 0),
        ('over_cap', judged.is_over_cap, 0),
        ('after_opt_out', judged.is_opted_out, 0),
        ('cost', judged.cost > 0, judged.cost),
        ('cost_voice', judged.cost > 0, judged.cost),
        ('cost_unknown', judged.billed_seconds > 0 and judged.cost is null, 0)
    ) as told (measure, holds, amount)
    where told.holds and (not is_lean or told.measure in (
        'attempt', 'disposition', 'right_party'
    ));
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
    -- Null: all of them. Not asked row by row: a ruler's morning is 200,000 rows.
    v_scope uuid [] := private.creditor_scope();
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
              and (v_scope is null or agreement.creditor_id = any(v_scope))
            union all
            select 'settlements_to_decide', true, count(*), min(wanted.created_at)
            from public.manual_settlements as wanted
            where wanted.tenant_id = panel_waiting.tenant_id and wanted.status = 'pending'
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = wanted.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'payments_to_decide', true, count(*), min(known.opened_at)
            from public.payment_cases as known
            where known.tenant_id = panel_waiting.tenant_id and known.resolved_at is null
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = known.client_id and clients.creditor_ids && v_scope
              ))
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
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = promised.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'automations_failed', false, count(*), min(run.finished_at)
            from public.automation_runs as run
            where run.tenant_id = panel_waiting.tenant_id and run.status = 'failed'
              and run.finished_at > v_recent
              and not private.is_set_aside(
                  run.tenant_id, 'automation', run.id::text, run.finished_at
              )
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = run.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'charges_failed', false, count(*), min(charge.updated_at)
            from public.charges as charge
            where charge.tenant_id = panel_waiting.tenant_id
              -- As the list: the first is the index's condition.
              and charge.status in ('failed', 'unknown') and charge.status = 'failed'
              and charge.updated_at > v_recent
              and not private.is_set_aside(
                  charge.tenant_id, 'charge', charge.id::text, charge.updated_at
              )
              and (v_scope is null or exists (
                  select from public.clients
                  where clients.id = charge.client_id and clients.creditor_ids && v_scope
              ))
            union all
            select 'imports_failed', false, count(*), min(import.created_at)
            from public.imports as import
            where import.tenant_id = panel_waiting.tenant_id
              and import.status in ('failed', 'interrupted') and import.created_at > v_recent
              and not import.is_rehearsal
              and not private.is_set_aside(
                  import.tenant_id, 'import', import.id::text,
                  coalesce(import.finished_at, import.created_at)
              )
              and (v_scope is null or import.creditor_id = any(v_scope))
            union all
            select 'jobs_failed', false, count(*), min(run.started_at)
            from public.job_runs as run
            where run.tenant_id = panel_waiting.tenant_id and run.failures > 0
              and run.on_date >= private.today(panel_waiting.tenant_id) - 1
              and not private.is_set_aside(
                  run.tenant_id, 'job', run.id::text, coalesce(run.finished_at, run.started_at)
              )
        ) as found
        where found.waiting > 0
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.phone_health(tenant_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', known.id, 'phone', known.phone, 'kind', known.kind,
            'has_whatsapp', known.has_whatsapp,
            'is_wrong', private.is_wrong_number(known.tenant_id, known.client_id, known.phone),
            'opted_out', private.is_suppressed(
                known.tenant_id, known.client_id, known.phone, 'call', private.now()
            ) or private.is_suppressed(
                known.tenant_id, known.client_id, known.phone, 'whatsapp', private.now()
            ),
            'last_reply_at', told.last_reply_at, 'last_read_at', told.last_read_at,
            'last_delivered_at', told.last_delivered_at,
            'last_failure', case when told.failed_at is not null then
                jsonb_build_object('code', told.error_code, 'at', told.failed_at) end
        ) order by known.position, known.id), '[]')
        from public.client_phones as known
        left join lateral (
            select max(message.created_at) filter (where message.direction = 'in') as last_reply_at,
                max(message.read_at) as last_read_at, max(message.delivered_at) as last_delivered_at,
                max(message.failed_at) as failed_at,
                (array_agg(message.error_code order by message.failed_at desc)
                 filter (where message.failed_at is not null))[1] as error_code
            from (
                -- What a number said two hundred messages ago says nothing of it today.
                select recent.* from public.message_logs as recent
                where recent.tenant_id = known.tenant_id and recent.client_id = known.client_id
                order by recent.created_at desc, recent.id desc
                limit 200
            ) as message
            where private.phone_match(message.phone) = private.phone_match(known.phone)
        ) as told on true
        where known.tenant_id = phone_health.tenant_id and known.client_id = phone_health.client_id
    );
end;
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

CREATE OR REPLACE FUNCTION private.plan_import(tenant_id uuid, headers jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_few_rows constant int := 1000;  -- as many index look-ups cost 10 ms
begin
    -- A join in nested loops is right for a few rows and ruinous for many, and the planner cannot
    -- tell: a tenant that is new has no statistics yet.
    perform set_config(
        'enable_nestloop',
        case when (select count(*) from pg_temp.import_rows) > c_few_rows then 'off' else 'on' end,
        true
    );
    -- A sample of 3,000 rows of each temporary table tells as much about its shape as one of 30,000.
    perform set_config('default_statistics_target', '10', true);
    analyze pg_temp.import_rows;

    -- Spellings of one creditor are one creditor ("Telefônica Ipê", "TELEFONICA IPE").
    create temp table import_creditors on commit drop as
    with written as (
        select import_rows.creditor, private.search_key(import_rows.creditor) as name_key
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.creditor
    ),
    keyed as materialized (  -- one new id a key, however often it is looked at
        select written.name_key, gen_random_uuid() as new_id
        from written
        group by written.name_key
    )
    select written.creditor, coalesce(creditors.id, keyed.new_id) as creditor_id,
        creditors.id is null as is_new
    from written
    join keyed using (name_key)
    left join public.creditors
        on creditors.tenant_id = plan_import.tenant_id and creditors.name_key = written.name_key;

    -- One row per natural key; a repeated line counts in `lines`.
    create temp table import_debts on commit drop as
    with keyed as (
        select import_creditors.creditor_id, import_rows.contract, import_rows.installment,
            count(*)::int as lines,
            min(import_rows.document) as document, max(import_rows.document) as other_document,
            min(import_rows.due_on) as due_on, max(import_rows.due_on) as other_due_on,
            min(import_rows.principal_cents) as principal_cents,
            max(import_rows.principal_cents) as other_cents
        from pg_temp.import_rows
        join pg_temp.import_creditors using (creditor)
        where import_rows.reason is null
        group by import_creditors.creditor_id, import_rows.contract, import_rows.installment
    )
    select keyed.*, debts.id as debt_id,
        debts.status = 'open'
        and (debts.due_on, debts.principal_cents) <> (keyed.due_on, keyed.principal_cents)
            as is_changed,
        debts.status,
        -- Why it stays as it is, whatever the file says. What only its absence from an earlier file
        -- returned opens again.
        -- Of a new title nothing stored is asked: a null does not end an `and`, and the look-ups of
        -- is_returned_by_file were a quarter of an import of new rows.
        case
            when debts.id is null then null
            when debts.status <> 'open' and not private.is_returned_by_file(debts)
                then debts.status::text
        end as kept,
        case
            -- Two lines for one debt that disagree: nobody can tell which of them is owed.
            when keyed.document <> keyed.other_document then 'document'
            when keyed.due_on <> keyed.other_due_on then 'due_on'
            when keyed.principal_cents <> keyed.other_cents then 'principal'
            when debts.id is null then null
            -- A contract that moves to another person may be a mended mistake or a new one, and
            -- the first person's history hangs on it: a person decides.
            when keyed.document <> (
                select clients.document from public.clients where clients.id = debts.client_id
            ) then 'owner'
            -- Has the creditor taken the payment off the value already, or not? Guessed wrong, it
            -- is taken off twice: a person decides.
            when debts.abated_cents > 0 and keyed.principal_cents <> debts.principal_cents
                and (debts.status = 'open' or private.is_returned_by_file(debts)) then 'paid'
        end as differs_in
    from keyed
    left join public.debts
        on debts.tenant_id = plan_import.tenant_id
        and debts.creditor_id = keyed.creditor_id
        and debts.contract = keyed.contract
        and debts.installment = keyed.installment;

    perform private.refuse_import_debts(headers);
    -- Priced into an agreement that has yet to see its first payment.
    update pg_temp.import_debts as named set kept = 'in_agreement', is_changed = false
    from public.agreement_debts as held
    where named.status = 'open' and held.tenant_id = plan_import.tenant_id
      and held.debt_id = named.debt_id and held.is_live;

    -- One row per person. A line later in the file knows better; a name in mixed case is preferred
    -- to one in capitals. What the file leaves empty stays as stored.
    create temp table import_clients on commit drop as
    with people as (
        select import_rows.document,
            coalesce(
                (array_agg(import_rows.name order by import_rows.line desc)
                 filter (where import_rows.name <> upper(import_rows.name)))[1],
                (array_agg(import_rows.name order by import_rows.line desc)
                 filter (where import_rows.name is not null))[1]
            ) as name,
            (array_agg(import_rows.email order by import_rows.line desc)
             filter (where import_rows.email is not null))[1] as email,
            (array_agg(import_rows.uf order by import_rows.line desc)
             filter (where import_rows.uf is not null))[1] as uf,
            (array_agg(import_rows.external_id order by import_rows.line desc)
             filter (where import_rows.external_id is not null))[1] as external_id,
            bool_or(cardinality(import_rows.phones) > 0) as has_phone,
            count(*)::int as lines
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.document
    ),
    extras as (
        -- Of a repeated column the later line counts.
        select import_rows.document, jsonb_object_agg(pair.key, pair.value order by import_rows.line)
            as extra
        from pg_temp.import_rows
        cross join jsonb_each(import_rows.extra) as pair (key, value)
        where import_rows.reason is null and import_rows.extra is not null
          and pair.value <> 'null'
        group by import_rows.document
    )
    select people.*, extras.extra, coalesce(clients.id, gen_random_uuid()) as client_id,
        clients.id is null as is_new, coalesce(people.name, clients.name) is null as is_nameless,
        clients.id is not null
        and (merged.name, merged.email, merged.uf, merged.external_id, merged.extra)
            is distinct from (clients.name, clients.email, clients.uf, clients.external_id,
                clients.extra)
            as is_changed
    from people
    left join extras using (document)
    left join public.clients
        on clients.tenant_id = plan_import.tenant_id and clients.document = people.document
    cross join lateral (
        -- As private.write_chunk_people merges them when their turn comes.
        select
            case
                when lower(people.name) = lower(clients.name) then clients.name
                else coalesce(people.name, clients.name)
            end as name,
            coalesce(people.email, clients.email) as email,
            coalesce(people.uf, clients.uf) as uf,
            coalesce(people.external_id, clients.external_id) as external_id,
            coalesce(clients.extra, '{}') || coalesce(extras.extra, '{}') as extra
    ) as merged;

    -- A debt of somebody whose name neither the file nor the portfolio knows.
    if exists (select from pg_temp.import_clients where import_clients.is_nameless) then
        update pg_temp.import_rows as staged
        set reason = case when staged.value is null then 'name_missing' else 'name_invalid' end,
            column_name = headers ->> 'name'
        from pg_temp.import_clients
        where import_clients.is_nameless and staged.document = import_clients.document
          and staged.reason is null;
        delete from pg_temp.import_debts using pg_temp.import_clients
        where import_clients.is_nameless and import_debts.document = import_clients.document;
        delete from pg_temp.import_clients where import_clients.is_nameless;
    end if;
    analyze pg_temp.import_debts;
    analyze pg_temp.import_clients;
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
            coalesce(client.uf, private.uf_of(batch.tenant_id, client.id, null)) as uf,
            contact.whatsapp_blocked_until > batch.now_at as may_be_blocked
        from batch
        join public.clients as client
            on client.tenant_id = batch.tenant_id
            and client.id = any(plan_recipients.client_ids)
        left join private.client_contacts as contact
            on contact.tenant_id = client.tenant_id and contact.client_id = client.id
    ),
    -- What the template says to all of them, in one statement.
    said as materialized (
        select known.client_id, known.params
        from batch
        cross join private.values_of_people(
            plan_recipients.client_ids, batch.variables, scope => batch.creditor_scope
        ) as known
    ),
    -- Each state's hours are looked up once.
    states as materialized (
        select place.uf, opening.opens_at, opening.closes_at
        from (select distinct people.uf from people) as place
        cross join batch
        cross join lateral (
            -- Longer than any run of holidays and Sundays; the first to come or to end.
            select min(hours.opens_at) as opens_at, min(hours.closes_at) as closes_at
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
        coalesce(form.phone, best.phone), filled.params,
        case when not (batch.rate).is_free_in_window
            or talk.last_inbound_at is null
            or talk.last_inbound_at <= batch.now_at - interval '24 hours'
            then (batch.rate).price_micros else 0 end,
        talk.id, states.closes_at
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
    ) as known on true
    cross join lateral (
        -- Once, however often they are named below; the same of the next two.
        select known.phone, private.phone_match(known.phone) as phone_key offset 0
    ) as best
    left join private.whatsapp_forms as form
        on form.tenant_id = person.tenant_id and form.phone_key = best.phone_key
    left join public.conversations as talk
        on talk.sender_id = batch.sender_id and talk.phone_key = best.phone_key
    left join said on said.client_id = person.id
    cross join lateral (
        -- A template without variables says the same to everybody.
        select coalesce(said.params, '{}') as params
    ) as filled
    cross join lateral (
        select
            case when batch.has_cap then private.capped_until(
                person.tenant_id, person.id, 'whatsapp', batch.now_at
            ) end as capped_until,
            exists (
                select from public.message_logs as latest
                where latest.tenant_id = person.tenant_id
                  and private.phone_match(latest.phone) = best.phone_key
                  and latest.direction = 'out' and latest.status <> 'failed'
                  and (latest.batch_id is distinct from batch.id
                      or latest.client_id is distinct from person.id)
                  -- What was put back keeps its row, and begins days later.
                  and greatest(latest.created_at, latest.sending_at)
                      > batch.now_at - interval '6 seconds'
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
    window same_phone as (partition by best.phone_key order by person.id)
$function$;

CREATE OR REPLACE FUNCTION private.plan_targets(targets private.rule_target[], at timestamp with time zone)
 RETURNS SETOF private.target_plan
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with fitting as materialized (
        select found.place
        from private.places_in_filter(plan_targets.targets, plan_targets.at) as found (place)
    ),
    asked as materialized (
        select target as target, target.*, rule, step, template, sender, client,
            spoken.channel, best.phone as best_phone,
            hours.allowed, hours.next_allowed_at, hours.reason as hours_reason,
            tenant.time_zone, (plan_targets.at at time zone tenant.time_zone)::date as today,
            -- Many days are rehearsed each by itself; what is asked in earnest is of today.
            case when target.run_id is null then target.on_date end as rehearsed_on, policy.is_stopped, policy.stopped_channels,
            private.opens_again_at(rule, tenant.time_zone, plan_targets.at) as opens_again_at
        from unnest(plan_targets.targets) as target
        join public.collection_rules as rule on rule.id = target.rule_id
        join public.tenants as tenant on tenant.id = target.tenant_id
        join public.rule_steps as step
            on step.rule_id = target.rule_id and step.version = target.version
            and step.position = target.position
        join public.clients as client on client.id = target.client_id
        left join public.message_templates as template on template.id = step.template_id
        left join public.automation_policies as policy on policy.tenant_id = target.tenant_id
        -- Null: it speaks to nobody, and no hour forbids it.
        cross join lateral (
            select case
                when step.action in ('send_template', 'create_charge') then 'whatsapp'
                when step.action = 'send_to_dialer' then 'call'
            end::public.channel as channel
        ) as spoken
        left join lateral (
            select known.*
            from private.sender_for(
                target.tenant_id, target.client_id, template.provider, template.account
            ) as known
            where spoken.channel = 'whatsapp'
        ) as sender on true
        left join lateral (
            select client_phones.phone
            from public.client_phones
            where spoken.channel is not null
              and client_phones.tenant_id = target.tenant_id
              and client_phones.client_id = target.client_id
              and case spoken.channel
                  when 'whatsapp' then
                      client_phones.kind = 'mobile' and client_phones.has_whatsapp is not false
                  else client_phones.phone like '+55%' and not private.is_wrong_number(
                      target.tenant_id, target.client_id, client_phones.phone
                  )
              end
              and not private.is_suppressed(
                  target.tenant_id, target.client_id, client_phones.phone, spoken.channel,
                  plan_targets.at
              )
            order by client_phones.position, client_phones.created_at, client_phones.id
            limit 1
        ) as best on true
        left join lateral (
            select decided.*
            from private.contact_decision(
                target.tenant_id, target.client_id, spoken.channel, plan_targets.at
            ) as decided
            where spoken.channel is not null
        ) as hours on true
    ),
    told as materialized (
        select asked.*, case
            -- A week later what it followed is forgotten: silence is better.
            when asked.asked_at < plan_targets.at - interval '7 days' then 'expired'
            when private.is_undone(asked.disposition_id) then 'undone'
            when asked.run_id is not null and not (asked.rule).is_enabled then 'rule_disabled'
            when asked.run_id is not null and asked.is_stopped then 'automations_stopped'
            when asked.run_id is not null
                and asked.channel = any(asked.stopped_channels) then 'channel_stopped'
            when (asked.step).action = 'send_template' then private.template_obstacle_of_rule(
                asked.template
            )
        end as obstacle
        from asked
    ),
    hindered as materialized (
        select told.*, coalesce(
            told.obstacle,
            case
                when told.channel = 'whatsapp' and (told.sender).sender_id is null
                    then 'integration_inactive'
                when told.place not in (select fitting.place from fitting) then 'filter_left'
                when (told.rule).trigger in ('debt_due', 'installment_due') then
                    private.day_obstacle(
                        told.rule, told.target_id, told.client, told.on_date,
                        case when told.run_id is not null then told.today end
                    )
                when (told.rule).trigger = 'disposition' then case
                    when (told.step).action in ('send_template', 'send_to_dialer')
                        and (told.client).open_debts = 0 then 'nothing_owed'
                end
                else private.event_obstacle(told.rule, told.target_id, plan_targets.at)
            end,
            case
                -- What was paid is spoken of to whoever owes nothing any more.
                when (told.step).action in ('send_template', 'send_to_dialer')
                    and (told.rule).trigger in (
                        'callback_due', 'message_received', 'agreement_event'
                    )
                    and (told.rule).event is distinct from 'settled'
                    and (told.client).open_debts = 0
                    and not private.has_living_agreement(told.tenant_id, told.client_id)
                    then 'nothing_owed'
            end,
            private.step_obstacle(
                told.step, told.rule, told.client_id, told.disposition_id, told.target_id,
                plan_targets.at
            )
        ) as hindrance
        from told
    ),
    -- The first of a client that nothing hinders is the one that is done.
    repeating as materialized (
        select unnest(asking.places) as place,
            unnest(private.too_soon(asking.days, asking.gap)) as is_too_soon
        from (
            select array_agg(hindered.place order by hindered.place) as places,
                array_agg(coalesce(hindered.rehearsed_on, hindered.today) order by hindered.place)
                    as days,
                min((hindered.rule).repeat_days) as gap
            from hindered
            where hindered.hindrance is null and (hindered.rule).repeat_days is not null
            group by hindered.rule_id, hindered.position, hindered.client_id
        ) as asking
    ),
    judged as materialized (
        select hindered.*, filled.params, case
            when hindered.hindrance is not null then hindered.hindrance
            when hindered.hours_reason = 'suppressed' then 'suppressed'
            when (hindered.rule).repeat_days is not null and (
                repeating.is_too_soon or private.has_repeated(
                    hindered.target, plan_targets.at + make_interval(
                        days => coalesce(hindered.rehearsed_on - hindered.today, 0)
                            - (hindered.rule).repeat_days
                    )
                )
            ) then 'repeated'
            when hindered.channel is not null and hindered.best_phone is null
                then 'no_reachable_phone'
            -- Something it says is not known of this person.
            when array_position(filled.params, null) is not null then 'variable_missing'
            when hindered.channel is not null and hindered.next_allowed_at is null
                then coalesce(hindered.hours_reason, 'outside_hours')
        end as refusal,
        case
            -- Today's cap is not another day's.
            when not hindered.allowed and (
                hindered.hours_reason is distinct from 'attempt_cap'
                or hindered.rehearsed_on is not distinct from hindered.today
                or hindered.rehearsed_on is null
            ) then hindered.hours_reason
            when (hindered.sender).is_paused then 'sender_paused'
            when (hindered.sender).paused_until > plan_targets.at then 'rate_limited'
            when hindered.opens_again_at is not null then 'outside_window'
        end as delay
        from hindered
        left join repeating on repeating.place = hindered.place
        left join lateral (
            select private.template_values(
                hindered.client_id, (hindered.template).variables
            ) as params
            where (hindered.step).action = 'send_template' and hindered.hindrance is null
        ) as filled on true
    ),
    -- Only what would be done now counts against the day, in the order of the places.
    counted as materialized (
        select judged.*, judged.refusal is null and judged.delay is null
            and (judged.rule).daily_cap is not null
            and row_number() over (
                partition by judged.rule_id, judged.position, judged.rehearsed_on,
                    judged.refusal is null and judged.delay is null
                order by judged.place
            ) + case when coalesce(judged.rehearsed_on, judged.today) = judged.today
                then private.done_today(
                    judged.rule, judged.position, judged.time_zone, plan_targets.at
                ) else 0 end > (judged.rule).daily_cap as is_over_cap
        from judged
    ),
    capped as materialized (
        select unnest(asking.places) as place,
            unnest(private.over_caps(
                asking.tenant_id, asking.client_id, asking.channel, asking.days, plan_targets.at
            )) as is_over
        from (
            select counted.tenant_id, counted.client_id, counted.channel,
                array_agg(counted.place order by counted.place) as places,
                array_agg(coalesce(counted.rehearsed_on, counted.today) order by counted.place)
                    as days
            from counted
            where counted.refusal is null and counted.delay is null and not counted.is_over_cap
              and private.has_cap(counted.tenant_id, counted.channel)
            group by counted.tenant_id, counted.client_id, counted.channel, counted.position
        ) as asking
    ),
    rationed as materialized (
        select counted.*, coalesce(capped.is_over, false) as is_rationed
        from counted
        left join capped on capped.place = counted.place
    )
    select counted.place,
        case
            when counted.refusal is not null then 'skip'
            when counted.delay is not null or counted.is_over_cap or counted.is_rationed
                then 'postpone'
            when (counted.step).action = 'send_template' then 'send'
            else 'act'
        end,
        coalesce(
            counted.refusal, counted.delay, case when counted.is_over_cap then 'daily_cap'
                when counted.is_rationed then 'attempt_cap' end
        ),
        greatest(
            counted.next_allowed_at, (counted.sender).paused_until, counted.opens_again_at,
            -- Until somebody lets the number send again: looked at as often as an answer is late.
            case when (counted.sender).is_paused
                then plan_targets.at + interval '15 minutes' end,
            case when counted.is_over_cap or counted.is_rationed then (
                coalesce(counted.rehearsed_on, counted.today) + 1
                + coalesce((counted.rule).opens, '00:00')
            ) at time zone counted.time_zone end
        ),
        (counted.step).action, (counted.template).provider, (counted.sender).integration_id,
        (counted.sender).settings,
        private.whatsapp_form(counted.tenant_id, counted.best_phone), (counted.template).id,
        (counted.template).provider_template_id, (counted.template).language,
        private.render_body((counted.template).body, said.params), said.params,
        (counted.sender).sender_id
    from rationed as counted
    cross join lateral (
        select private.without_double_dots(
            (counted.template).body, array_replace(counted.params, null, '—')
        ) as params
    ) as said
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

CREATE OR REPLACE FUNCTION private.prove_before()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A second or two of work, in a night of five hours more than a million.
    c_people constant int := 5000;
    v_after uuid;
    v_people uuid[];
begin
    -- What a turn left to a later one that has not come.
    perform private.take_proofs();
    select backlog.after_client_id into v_after from private.proof_backlog as backlog
    limit 1 for update skip locked;
    if not found then
        return;
    end if;
    v_people := array(
        select clients.id from public.clients where clients.id > v_after
        order by clients.id limit c_people
    );
    insert into private.proved_numbers (phone_id, overrules)
    select known.id, false
    from public.clients
    join public.client_phones as known
        on known.tenant_id = clients.tenant_id and known.client_id = clients.id
        and known.has_whatsapp is null
    where clients.id = any(v_people) and exists (
        select from public.message_logs as message
        where message.tenant_id = known.tenant_id and message.client_id = known.client_id
          and message.status in ('received', 'delivered', 'read')
          and private.phone_match(message.phone) = private.phone_match(known.phone)
    );
    perform private.take_proofs();
    if cardinality(v_people) < c_people then
        delete from private.proof_backlog;
    else
        update private.proof_backlog set after_client_id = v_people[c_people];
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.prove_numbers(lately interval)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    create temp table proved_numbers on commit drop as
    select distinct known.id, known.client_id
    from (
        select arrived.tenant_id, arrived.client_id, arrived.phone
        from public.message_logs as arrived
        where arrived.submitted_at > private.now() - lately
          and arrived.status in ('delivered', 'read')
        union all
        select wrote.tenant_id, wrote.client_id, wrote.phone
        from public.message_logs as wrote
        where wrote.direction = 'in' and wrote.created_at > private.now() - lately
    ) as message
    join public.client_phones as known
        on known.tenant_id = message.tenant_id and known.client_id = message.client_id
        and known.has_whatsapp is null
        and private.phone_match(known.phone) = private.phone_match(message.phone);
    -- In one order, as everybody who locks several.
    perform from public.clients
    where clients.id in (select proved_numbers.client_id from pg_temp.proved_numbers)
    order by clients.id
    for no key update;
    update public.client_phones as known set has_whatsapp = true
    where known.id in (select proved_numbers.id from pg_temp.proved_numbers)
      and known.has_whatsapp is null;
    drop table pg_temp.proved_numbers;
end;
$function$;

CREATE OR REPLACE FUNCTION private.prove_whatsapp(tenant_id uuid, client_id uuid, phone text, overrules boolean DEFAULT false)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into private.proved_numbers (phone_id, overrules)
    select known.id, prove_whatsapp.overrules
    from public.client_phones as known
    where known.tenant_id = prove_whatsapp.tenant_id
      and known.client_id = prove_whatsapp.client_id
      and (known.has_whatsapp is null or prove_whatsapp.overrules and not known.has_whatsapp)
      and private.phone_match(known.phone) = private.phone_match(prove_whatsapp.phone)
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

CREATE OR REPLACE FUNCTION private.read_client_filter(tenant_id uuid, filter jsonb)
 RETURNS private.client_filter
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
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

CREATE OR REPLACE FUNCTION private.record_call(integration_id uuid, said jsonb, heard_at timestamp with time zone DEFAULT private.now())
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_integration public.integrations;
    v_known_id uuid;
    v_call public.calls;
    v_status public.call_status;
    v_at timestamptz;
    v_is_news boolean;
    v_is_over boolean;
begin
    select * into v_integration from public.integrations as integration
    where integration.id = record_call.integration_id;
    if not pg_input_is_valid(said ->> 'status', 'public.call_status')
        or coalesce(said ->> 'external_id', said ->> 'telephony_id') is null
    then
        return 'payload_invalid';
    end if;
    v_status := (said ->> 'status')::public.call_status;
    v_is_over := private.call_rank(v_status) >= 5;
    -- Without a readable time it began when we heard of it, and none begins in the future.
    v_at := least(coalesce(
        case when pg_input_is_valid(said ->> 'called_at', 'timestamptz')
            then private.told_instant((said ->> 'called_at')::timestamptz) end,
        heard_at
    ), private.now());

    -- Both events of one call, and a sweep beside them, take their turn. By the number, because a
    -- sweep knows the call by another id than the first event.
    perform pg_advisory_xact_lock(hashtextextended('call:' || coalesce(
        private.phone_match(said ->> 'number'), said ->> 'telephony_id', said ->> 'external_id'
    ), 0));
    v_known_id := private.call_told_of(v_integration.id, said, v_at);
    select * into v_call from public.calls as call where call.id = v_known_id for update;
    if not found then
        insert into public.calls (
            tenant_id, integration_id, external_id, telephony_id, status, called_at
        )
        values (
            v_integration.tenant_id, v_integration.id, said ->> 'external_id',
            said ->> 'telephony_id', v_status, v_at
        )
        returning * into v_call;
        v_is_news := true;
    end if;

    update public.calls as call
    -- A list may have told the connection's id for the record's.
    set external_id = coalesce(
            nullif(call.external_id, coalesce(call.telephony_id, said ->> 'telephony_id')),
            said ->> 'external_id', call.external_id
        ),
        telephony_id = coalesce(call.telephony_id, said ->> 'telephony_id'),
        phone = coalesce(call.phone, said ->> 'number'),
        identifier = coalesce(call.identifier, said ->> 'identifier'),
        client_id = coalesce(
            call.client_id,
            private.client_of_call(
                v_integration.tenant_id, said ->> 'identifier', said ->> 'number'
            ),
            private.client_on_screen(
                v_integration.tenant_id, (said ->> 'agent_id')::bigint, said ->> 'number'
            )
        ),
        campaign_id = coalesce(call.campaign_id, (said ->> 'campaign_id')::bigint),
        campaign_name = coalesce(said ->> 'campaign_name', call.campaign_name),
        list_id = coalesce(call.list_id, (said ->> 'list_id')::bigint),
        agent_id = coalesce(call.agent_id, nullif((said ->> 'agent_id')::bigint, 0)),
        operator_id = coalesce(call.operator_id, (
            select seat.user_id from public.dialer_agents as seat
            where seat.tenant_id = v_integration.tenant_id
              and seat.agent_id = (said ->> 'agent_id')::bigint
        )),
        status = case when private.call_rank(v_status) > private.call_rank(call.status)
            then v_status else call.status end,
        mode = coalesce(call.mode, said ->> 'mode'),
        called_at = least(call.called_at, v_at),
        connected_at = coalesce(call.connected_at, case
            when v_status = 'connected' then v_at
            when v_status = 'finished' then v_at end),
        ended_at = coalesce(call.ended_at, case when v_is_over then private.now() end),
        talk_seconds = coalesce((said ->> 'talk_seconds')::int, call.talk_seconds),
        billed_seconds = coalesce((said ->> 'billed_seconds')::int, call.billed_seconds),
        wrap_seconds = coalesce((said ->> 'wrap_seconds')::int, call.wrap_seconds),
        hangup_cause = coalesce((said ->> 'hangup_cause')::int, call.hangup_cause),
        is_recorded = call.is_recorded or coalesce((said ->> 'is_recorded')::boolean, false)
    where call.id = v_call.id
    returning * into v_call;
    perform private.note_qualification(v_call.id, said);
    -- The agency's cap is reached: the machine does not go on by itself.
    if v_call.client_id is not null and private.has_cap(v_call.tenant_id, 'call')
        and private.is_over_cap(v_call.tenant_id, v_call.client_id, 'call', private.now())
    then
        perform private.leave_dialer(
            v_call.tenant_id, array[v_call.client_id], null, 'attempt_cap'
        );
    end if;
    return case when v_is_news then 'recorded' else 'known' end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.record_payment_event(integration_id uuid, source text, item jsonb)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_integration public.integrations;
    v_charge public.charges;
    v_class text;
    v_payment public.payments;
    v_course record;
    v_is_new boolean;
begin
    select * into v_integration from public.integrations as integration
    where integration.id = record_payment_event.integration_id;
    if not found or item ->> 'reference' is null then
        raise exception 'payment_event_invalid' using errcode = 'PT400',
            detail = 'integration and reference are needed';
    end if;
    select * into v_charge from public.charges as charge
    where charge.integration_id = v_integration.id and charge.reference = item ->> 'reference';
    if found then
        perform private.lock_client(v_charge.tenant_id, v_charge.client_id);
        select * into v_charge from public.charges as charge
        where charge.id = v_charge.id
        for update;
    end if;
    begin
        v_class := private.classify_charge(
            v_integration.settings, item, private.today(v_integration.tenant_id)
        );
    exception when data_exception then
        raise exception 'payment_event_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    if v_class = 'paid' and private.is_doubtful(v_charge, item) then
        v_class := 'contradiction';
    end if;
    if v_class = 'contradiction' then
        perform private.note_contradiction(v_integration, v_charge, item);
        -- Whatever else is doubtful, the provider has it.
        update public.charges as charge set status = 'open'
        where charge.id = v_charge.id and charge.status in ('sending', 'unknown');
        return v_class;
    elsif v_class <> 'paid' then
        return case when v_charge.id is null then 'ignored'
            else private.follow_charge(v_charge.id, v_class, item) end;
    end if;

    v_payment.tenant_id := v_integration.tenant_id;
    v_payment.client_id := v_charge.client_id;
    v_payment.provider := v_integration.provider;
    v_payment.integration_id := v_integration.id;
    v_payment.charge_id := v_charge.id;
    v_payment.reference := item ->> 'reference';
    v_payment.payment_key := private.told_payment_key(
        v_integration.id, item, item ->> 'paid_on', item ->> 'paid_cents'
    );
    v_payment.amount_cents := (item ->> 'paid_cents')::bigint;
    v_payment.paid_on := (item ->> 'paid_on')::date;
    v_payment.method := v_charge.method;
    if v_charge.id is null then
        v_is_new := private.take_payment(v_payment, 'parked', null, null, null, source);
        return case when v_is_new then 'orphan' else 'repeated' end;
    end if;
    update public.charges as charge
    set status = 'paid', needs_lookup = false
    where charge.id = v_charge.id and charge.status <> 'paid';
    v_course := private.course_of_charge(v_charge);
    v_is_new := private.take_payment(
        v_payment, v_course.course, v_course.agreement_id, v_course.installment_id, null, source
    );
    return case when v_is_new then 'recorded' else 'repeated' end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refresh_panel_for(tenant_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET lock_timeout TO '5s'
AS $function$
declare
    v_has_stock boolean;
    v_days int;
    v_run_id bigint;
begin
    v_has_stock := private.take_panel_stock(tenant_id);
    v_days := private.refresh_panel_of(tenant_id);
    if v_days = 0 and not v_has_stock then
        return;
    end if;
    insert into public.job_runs (tenant_id, job, on_date)
    values (refresh_panel_for.tenant_id, 'refresh_panel', private.today(tenant_id))
    returning id into v_run_id;
    perform private.finish_job(
        v_run_id, jsonb_build_object('days', v_days, 'stock', v_has_stock), 0
    );
exception when others then
    perform private.note_job_failure(
        tenant_id, 'refresh_panel', jsonb_build_object('code', sqlstate, 'error', sqlerrm)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.release_debts(debt_ids uuid[], reason text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_today date := private.today(v_tenant_id);
    v_released int;
begin
    perform private.require_reason(reason);
    perform private.lock_clients_of(v_tenant_id, debt_ids);
    update public.debt_marks as mark
    set released_at = private.now(), released_by = auth.uid(),
        release_reason = btrim(release_debts.reason)
    where mark.tenant_id = v_tenant_id and mark.debt_id = any(debt_ids)
      and mark.kind = 'hold' and mark.released_at is null;
    get diagnostics v_released = row_count;
    update public.debts set status = private.free_status(debts, v_today)
    where debts.tenant_id = v_tenant_id and debts.id = any(debt_ids)
      and debts.status = 'on_hold';
    return v_released;
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

CREATE OR REPLACE FUNCTION private.report_import(import_id uuid, phase text, rows_read integer, rows_valid integer, rows_written integer, rows_total integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    -- Measured: to read and check a row costs a twentieth of planning and writing it, and a quarter
    -- of planning and counting it.
    c_write_units constant int := 20;
    c_count_units constant int := 4;
    v_units int;
    v_import public.imports;
    v_seconds float;
    v_done float;
    v_all float;
begin
    select * into v_import from public.imports
    where imports.id = report_import.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid();
    if v_import.id is null or v_import.status not in ('queued', 'running')
        or v_import.cancel_requested_at is not null
    then
        return true;
    end if;
    -- Told again in a moment, or by whoever finds the import dead: no wait for the disk.
    perform set_config('synchronous_commit', 'off', true);
    v_units := case when v_import.is_rehearsal then c_count_units else c_write_units end;
    v_seconds := extract(epoch from private.now() - v_import.started_at);
    v_done := report_import.rows_read + v_units * report_import.rows_written;
    v_all := report_import.rows_total * (1 + v_units);
    update public.imports
    set status = 'running', started_at = coalesce(imports.started_at, private.now()),
        phase = report_import.phase, rows_read = report_import.rows_read,
        rows_valid = report_import.rows_valid, rows_written = report_import.rows_written,
        rows_total = report_import.rows_total,
        rows_per_second = case when v_seconds > 0 then report_import.rows_read / v_seconds end,
        seconds_left = case when v_done > 0 then
            ceil(v_seconds * greatest(v_all - v_done, 0) / v_done) end
    where imports.id = v_import.id and imports.status in ('queued', 'running');
    return false;
end;
$function$;

CREATE OR REPLACE FUNCTION private.reprocess_failures(items jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_item jsonb;
    v_outcome text;
    v_outcomes jsonb := '[]';
begin
    perform private.require_role('supervisor');
    perform private.require_failures(items);
    for v_item in
        -- The same order for everybody, so that nobody waits in a circle.
        select distinct jsonb_build_object('kind', given.item ->> 'kind', 'id', given.item ->> 'id')
            as item
        from jsonb_array_elements(items) as given (item)
        order by item
    loop
        begin
            perform private.reprocess_failure(v_item ->> 'kind', v_item ->> 'id');
            v_outcome := 'done';
        exception when others then
            -- A refusal by name; anything else is a bug and ends the whole.
            if sqlstate not like 'PT4%' then
                raise;
            end if;
            v_outcome := sqlerrm;
        end;
        v_outcomes := v_outcomes || jsonb_build_array(
            v_item || jsonb_build_object('outcome', v_outcome)
        );
    end loop;
    return v_outcomes;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_allowed(facts private.offer_facts, tenant_id uuid, creditor_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_reasons jsonb := private.offer_violations(
        facts, private.limits_of(tenant_id, creditor_id, private.member_role())
    );
begin
    if v_reasons = '[]' then
        return;
    elsif private.approving_role(facts, tenant_id, creditor_id) is null then
        raise exception 'above_every_limit' using errcode = 'PT409', detail = v_reasons::text;
    end if;
    raise exception 'approval_above_role' using errcode = 'PT403', detail = v_reasons::text;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_failures(items jsonb)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
    -- A page and more; each is a transaction of its own inside one.
    c_max_items constant int := 500;
begin
    if jsonb_typeof(items) is distinct from 'array' or jsonb_array_length(items) > c_max_items
        or exists (
            select from jsonb_array_elements(items) as given (item)
            where not coalesce(given.item ->> 'kind' = any(private.failure_kinds()), false)
               or not coalesce(pg_input_is_valid(given.item ->> 'id', case given.item ->> 'kind'
                    when 'job' then 'bigint' else 'uuid' end), false)
        )
    then
        raise exception 'selection_invalid' using errcode = 'PT400',
            detail = format('[{kind, id}], %s at most', c_max_items);
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_forgivable(agreement public.agreements, installment_id uuid)
 RETURNS void
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.require_allowed(
        private.remainder_facts(agreement, installment_id), (agreement).tenant_id,
        (agreement).creditor_id
    )
$function$;

CREATE OR REPLACE FUNCTION private.require_reason(reason text, is_wanted boolean DEFAULT true)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    -- Three sentences; the page says so, and takes no more.
    c_longest constant int := 500;
begin
    if is_wanted and btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400', detail = 'say why';
    elsif length(btrim(reason)) > c_longest then
        raise exception 'reason_too_long' using errcode = 'PT400',
            detail = format('%s characters of %s', length(btrim(reason)), c_longest);
    end if;
    return nullif(btrim(reason), '');
end;
$function$;

CREATE OR REPLACE FUNCTION private.retry_message_batch(batch_id uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_batch public.message_batches;
    v_retried int;
begin
    select * into v_batch from public.message_batches as batch
    where batch.tenant_id = v_tenant_id and batch.id = retry_message_batch.batch_id
    for update;
    if not found then
        raise exception 'batch_not_found' using errcode = 'PT404',
            detail = 'no such bulk send here';
    elsif v_batch.status not in ('sending', 'paused', 'done') then
        raise exception 'batch_not_movable' using errcode = 'PT409',
            detail = 'nothing was sent of it';
    end if;
    with old as (
        update public.message_logs as message
        set retried_batch_id = message.batch_id, batch_id = null
        where message.tenant_id = v_tenant_id and message.batch_id = v_batch.id
          and message.status = 'failed'
          and private.failure_class(message.error_code) = 'transient'
          and private.sees_client(message.client_id)
        returning message.client_id
    )
    update public.batch_recipients as recipient
    set status = 'waiting', reason = 'retried', failures = 0, message_id = null,
        not_before = private.now()
    from old
    where recipient.batch_id = v_batch.id and recipient.client_id = old.client_id;
    get diagnostics v_retried = row_count;
    if v_retried > 0 and v_batch.status = 'done' then
        perform private.move_batch(v_batch.id, 'sending');
    end if;
    perform private.fold_batch_counts();
    return v_retried;
end;
$function$;

CREATE OR REPLACE FUNCTION private.retryable_of(batch public.message_batches, codes text[], counts jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_counted bigint := (
        select coalesce(sum((counts ->> ('failed:' || code))::bigint), 0)
        from unnest(codes) as code
    );
begin
    if v_counted = 0 or private.sees_everything() then
        return v_counted;
    end if;
    return (
        select count(*)
        from public.message_logs as message
        where message.batch_id = (batch).id and message.status = 'failed'
          and message.error_code = any(codes) and private.sees_client(message.client_id)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.reverse_payment(payment_id uuid, reason text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_payment public.payments;
    v_agreement_id uuid;
begin
    perform private.require_reason(reason);
    select * into v_payment from public.payments as payment
    where payment.tenant_id = v_tenant_id and payment.id = reverse_payment.payment_id;
    if not found then
        raise exception 'payment_not_found' using errcode = 'PT404',
            detail = 'no payment with this id in the tenant';
    end if;
    if v_payment.client_id is null then
        -- Somebody may be saying at this moment whose it is, and holds the case.
        perform from public.payment_cases as known
        where known.tenant_id = v_tenant_id and known.payment_id = v_payment.id
        order by known.id
        for update;
        select * into v_payment from public.payments as payment where payment.id = v_payment.id;
    end if;
    if v_payment.client_id is not null then
        perform private.lock_client(v_tenant_id, v_payment.client_id);
    end if;
    insert into public.payment_reversals (tenant_id, payment_id, reason, reversed_on, actor_id)
    values (
        v_tenant_id, v_payment.id, btrim(reverse_payment.reason), private.today(v_tenant_id),
        auth.uid()
    )
    on conflict on constraint payment_reversals_once_per_payment do nothing;
    if not found then
        raise exception 'payment_reversed' using errcode = 'PT409',
            detail = 'this payment was taken back already';
    end if;
    update public.payment_cases as known
    set resolved_at = private.now(), resolved_by = auth.uid(), resolution = 'vanished'
    where known.tenant_id = v_tenant_id and known.payment_id = v_payment.id
      and known.resolved_at is null;
    select word.agreement_id into v_agreement_id
    from public.payment_courses as word
    where word.tenant_id = v_tenant_id and word.payment_id = v_payment.id
    order by word.id desc
    limit 1;
    if v_agreement_id is not null then
        perform private.tell_agreement(
            v_agreement_id, 'payment_reversed', private.today(v_tenant_id), btrim(reason),
            jsonb_build_object('payment_id', v_payment.id, 'amount_cents', v_payment.amount_cents)
        );
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select v_tenant_id, agreement.created_by, 'payment_reversed', jsonb_build_object(
            'payment_id', v_payment.id, 'agreement_id', agreement.id,
            'client_id', agreement.client_id
        )
        from public.agreements as agreement
        where agreement.id = v_agreement_id and agreement.created_by is not null;
    end if;
    if v_payment.client_id is not null then
        perform private.rebuild_ledger(
            v_tenant_id, v_payment.client_id, private.today(v_tenant_id)
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.revival_facts(agreement public.agreements, owed private.owed_debt[], paid_cents bigint, on_date date)
 RETURNS private.offer_facts
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_facts private.offer_facts := private.offer_history(
        agreement.tenant_id,
        jsonb_build_object('client_id', agreement.client_id, 'base_on', on_date), null
    );
    v_paid bigint;
    v_asked bigint;
begin
    v_facts.generation := agreement.generation + (agreement.status = 'broken')::int;
    v_facts.broke_before := v_facts.broke_before or agreement.status = 'broken';
    select coalesce(sum(part.amount_cents), 0) - revival_facts.paid_cents,
        sum(part.paid_cents - part.late_cents)
    into v_asked, v_paid
    from public.installments as part
    where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
      and part.status <> 'cancelled' and part.cancelling_reason is null;
    -- Of what is financed, the share that pays the debt.
    v_asked := private.round_ratio(
        (agreement.priced #>> '{totals,after,total_cents}')::bigint * v_asked::numeric,
        agreement.total_cents
    );
    v_facts.parts := private.priced_parts(owed);
    v_facts.before_cents := (select sum(part.before_cents) from unnest(v_facts.parts) as part);
    v_facts.parts := private.discount_parts(v_facts.parts, jsonb_build_object(
        'target_total_cents', jsonb_build_object(
            'cents', least(v_facts.before_cents, greatest(v_asked, 0))
        )
    ));
    v_facts.after_cents := (
        select sum(part.before_cents - part.discount_cents) from unnest(v_facts.parts) as part
    );
    v_facts.schedule := array(
        select (
            part.number, part.kind, part.due_on, part.effective_due_on, part.amount_cents,
            part.method
        )::private.scheduled
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
          and part.status = 'open'
        order by part.number
    );
    -- What was paid is its down payment.
    if v_paid > 0 and v_facts.schedule <> '{}' then
        v_facts.schedule := v_facts.schedule || (
            0, 'down_payment', v_facts.schedule[1].due_on, v_facts.schedule[1].due_on, v_paid, null
        )::private.scheduled;
    end if;
    return v_facts;
end;
$function$;

CREATE OR REPLACE FUNCTION private.revive(agreement public.agreements, reason text, first_due_on date, on_date date)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_owed private.owed_debt[] := array(
        select title from private.owed(
            agreement.tenant_id, agreement.client_id, on_date, array(
                select line.debt_id from public.agreement_debts as line
                where line.tenant_id = agreement.tenant_id and line.agreement_id = agreement.id
            )
        ) as title
    );
    v_paid bigint := (
        select coalesce(sum(part.paid_cents - part.late_cents), 0)
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
    );
begin
    if agreement.formalised_at is null then
        raise exception 'transition_illegal' using errcode = 'PT409',
            detail = 'it was never formalised';
    elsif first_due_on < on_date then
        raise exception 'due_date_in_past' using errcode = 'PT400', detail = 'today or later';
    -- Beyond the longest horizon of an offer.
    elsif first_due_on > on_date + 3660 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'first_due_on';
    end if;
    perform private.transition_agreement(
        agreement.id, 'awaiting_first_payment', reason, on_date,
        jsonb_build_object('first_due_on', first_due_on)
    );
    -- Money that came meanwhile pays first; only what is open then needs a new day.
    perform private.rebuild_ledger(agreement.tenant_id, agreement.client_id, on_date);
    if first_due_on is null and exists (
        select from public.installments as part
        where part.agreement_id = revive.agreement.id and part.status = 'open'
          and part.effective_due_on < on_date
    ) then
        raise exception 'first_due_missing' using errcode = 'PT400',
            detail = 'an open installment is overdue; say when it is due now';
    end if;
    if first_due_on is not null then
        perform private.move_installment(
            listed.id, private.nth_due_date(
                revive.first_due_on, null,
                (revive.agreement.priced #>> '{proposal,interval}')::public.due_interval,
                listed.place::int
            )
        )
        from (
            select part.id, row_number() over (order by part.number) - 1 as place
            from public.installments as part
            where part.agreement_id = revive.agreement.id and part.status = 'open'
        ) as listed;
    end if;
    perform private.require_allowed(
        private.revival_facts(agreement, v_owed, v_paid, on_date), agreement.tenant_id,
        agreement.creditor_id
    );
    perform private.rebuild_ledger(agreement.tenant_id, agreement.client_id, on_date);
end;
$function$;

CREATE OR REPLACE FUNCTION private.sees_failure(kind text, id text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return private.sees_everything() or case kind
        when 'automation' then (
            select private.sees_client(run.client_id) from public.automation_runs as run
            where run.id = sees_failure.id::uuid
        )
        when 'charge' then (
            select private.sees_client(charge.client_id) from public.charges as charge
            where charge.id = sees_failure.id::uuid
        )
        when 'message' then (
            -- Of nobody, it is listed for everybody.
            select message.client_id is null or private.sees_client(message.client_id)
            from public.message_logs as message
            where message.id = sees_failure.id::uuid
        )
        when 'import' then (
            select private.sees_creditor(import.creditor_id) from public.imports as import
            where import.id = sees_failure.id::uuid
        )
        else true
    end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sees_results(export public.dialer_exports)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.sees_everything()
        or coalesce((export).creditor_scope <@ private.creditor_scope(), false)
$function$;

CREATE OR REPLACE FUNCTION private.selection_totals(selection jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    -- Summing them reads as many rows: below a tenth of a second.
    c_countable constant bigint := 50000;
    -- Of so many found in a sample the true number is within a third of the estimate.
    c_telling constant int := 50;
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_scope uuid[] := private.creditor_scope();
    -- Where the money of a client is read, and what joins that.
    v_owed text := 'clients';
    v_own text := '';
    v_condition text;
    v_scale double precision;
    v_sum record;
    v_whole record;
begin
    if v_filter.is_all then
        -- The whole portfolio has a counter; what is taken out of it is a list.
        v_whole := private.portfolio_of(v_filter.tenant_id);
        v_filter.ids := coalesce(v_filter.except_ids, '{}');
        v_filter.except_ids := null;
    end if;
    v_condition := private.client_condition(v_filter);
    v_scale := private.sample_scale(v_filter, v_condition, c_countable);
    -- Who is limited to creditors is told what is owed to those; nothing is read for others.
    if v_scope is not null then
        v_owed := 'own';
        v_own := ' cross join lateral (
            select count(*) as open_debts,
                sum(debts.principal_cents - debts.abated_cents) as open_cents
            from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.client_id = clients.id
              and debts.status = ''open'' and debts.creditor_id = any($2)
        ) as own';
    end if;
    -- Of one type whoever asks: the session's plan of the answer is made once.
    execute 'select count(*) as clients,
            coalesce(sum(' || v_owed || '.open_debts), 0)::bigint as debts,
            coalesce(sum(' || v_owed || '.open_cents), 0)::bigint as open_cents
        from ' || private.client_source(v_scale) || v_own || ' where ' || v_condition
    into v_sum using v_filter, v_scope;
    -- The planner overrated it, and too few were in the sample to judge by: then they are few.
    if v_scale is not null and v_sum.clients < c_telling then
        v_scale := null;
        execute 'select count(*) as clients,
                coalesce(sum(found.open_debts), 0)::bigint as debts,
                coalesce(sum(found.open_cents), 0)::bigint as open_cents
            from (
                select ' || v_owed || '.open_debts, ' || v_owed || '.open_cents
                from public.clients' || v_own || '
                where ' || v_condition || ' limit ' || c_countable || '
            ) as found'
        into v_sum using v_filter, v_scope;
    end if;
    if v_filter.is_all then
        return jsonb_build_object(
            'clients', v_whole.clients - v_sum.clients,
            'debts', v_whole.open_debts - v_sum.debts,
            'open_cents', v_whole.open_cents - v_sum.open_cents, 'is_estimate', false
        );
    end if;
    return jsonb_build_object(
        'clients', round(v_sum.clients * coalesce(v_scale, 1)),
        'debts', round(v_sum.debts * coalesce(v_scale, 1)),
        'open_cents', round(v_sum.open_cents * coalesce(v_scale, 1)),
        'is_estimate', v_scale is not null
    );
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

CREATE OR REPLACE FUNCTION private.sender_account(provider public.provider_name, settings jsonb)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select sender_account.settings ->> known.account_field
    from private.whatsapp_providers as known where known.provider = sender_account.provider
$function$;

CREATE OR REPLACE FUNCTION private.sender_settings(sender_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select integration.settings || jsonb_build_object(
        company.account_field, sender.account, 'source', ltrim(sender.phone, '+')
    )
    from public.senders as sender
    join private.whatsapp_providers as company on company.provider = sender.provider
    join public.integrations as integration on integration.id = sender.integration_id
    where sender.id = sender_settings.sender_id
$function$;

CREATE OR REPLACE FUNCTION private.sends_whatsapp(provider text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from private.whatsapp_providers as known
        where known.provider::text = sends_whatsapp.provider
    )
$function$;

CREATE OR REPLACE FUNCTION private.set_aside_failures(items jsonb)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_count int;
begin
    perform private.require_failures(items);
    with changed as (
        insert into private.failures_set_aside as aside (
            tenant_id, kind, failed_id, set_aside_by
        )
        select distinct v_tenant_id, given.item ->> 'kind', lower(given.item ->> 'id'),
            auth.uid()
        from jsonb_array_elements(items) as given (item)
        where private.sees_failure(given.item ->> 'kind', given.item ->> 'id')
        on conflict (tenant_id, kind, failed_id) do update
        set set_aside_by = excluded.set_aside_by, set_aside_at = excluded.set_aside_at
        returning aside.kind, aside.failed_id
    )
    select count(private.note_set_aside('insert', changed.kind, changed.failed_id)) into v_count
    from changed;
    return v_count;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_rule_enabled(rule_id uuid, is_enabled boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_rule public.collection_rules;
begin
    select * into v_rule from public.collection_rules as rule
    where rule.id = set_rule_enabled.rule_id and rule.tenant_id = v_tenant_id
    for no key update;
    if not found then
        raise exception 'rule_not_found' using errcode = 'PT404',
            detail = 'no rule with this id in the tenant';
    end if;
    if is_enabled is null then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = 'on or off';
    end if;
    if is_enabled and not v_rule.is_enabled and not private.is_rehearsed(v_rule) then
        raise exception 'dry_run_needed' using errcode = 'PT409',
            detail = 'run it dry as it is now, then switch it on';
    end if;
    if is_enabled and private.missing_of(v_rule) <> '{}' then
        raise exception 'rule_incomplete' using errcode = 'PT409',
            detail = array_to_string(private.missing_of(v_rule), ', ');
    end if;
    -- The days it was off are not caught up with.
    delete from private.rule_sweeps as sweep
    where sweep.rule_id = v_rule.id and not v_rule.is_enabled;
    update public.collection_rules as rule
    set is_enabled = set_rule_enabled.is_enabled,
        enabled_by = case when set_rule_enabled.is_enabled then auth.uid() else rule.enabled_by end
    where rule.id = v_rule.id and rule.is_enabled <> set_rule_enabled.is_enabled;
end;
$function$;

CREATE OR REPLACE FUNCTION private.settings_history(room text, before_id bigint, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_max_page constant int := 100;
    v_tenant_id uuid := private.require_role('admin');
    v_size int := least(greatest(coalesce(page_size, 20), 1), c_max_page);
    v_items jsonb;
begin
    select coalesce(jsonb_agg(newest.item order by newest.id desc), '[]') into v_items
    from (
        select entry.id, jsonb_build_object(
            'id', entry.id, 'at', entry.created_at, 'table', entry.table_name,
            'action', entry.action,
            'actor', coalesce(
                private.actor_name(entry.tenant_id, entry.actor_id),
                case when entry.actor_id is not null then entry.actor end
            ),
            'title', private.setting_title(
                entry.tenant_id, private.setting_state(entry), kept.title
            ),
            'changes', told.changes,
            'is_current', private.is_current(entry, kept.series),
            'can_restore', kept.restore <> 'never' and not private.is_current(entry, kept.series)
                -- A change of nothing that may be brought back is told only.
                and (kept.only_columns is null or entry.action <> 'update' or exists (
                    select from jsonb_array_elements(told.changes) as change
                    where change.value ->> 'field' = any(kept.only_columns)
                ))
        ) as item
        from private.settings_tables as kept
        join public.audit_log as entry
            on entry.tenant_id = v_tenant_id and entry.table_name = kept.table_name
        cross join lateral (
            select private.field_changes(
                private.with_creditor_names(
                    private.told_part(private.setting_before(entry, kept.series)), v_tenant_id
                ),
                private.with_creditor_names(private.told_part(entry.after), v_tenant_id)
            ) as changes
        ) as told
        where kept.room = settings_history.room
          and entry.action in ('insert', 'update', 'delete')
          and entry.id < coalesce(settings_history.before_id, 9223372036854775807)
          and told.changes <> '[]'
        order by entry.id desc
        limit v_size + 1
    ) as newest;
    return jsonb_build_object(
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size
            then v_items -> (v_size - 1) -> 'id' end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.settle_counts(given jsonb, filter private.client_filter, facet text, sampled jsonb, scale double precision)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Of so many found in a sample the true number is within a third of the estimate.
    c_telling constant int := 50;
    -- Looking up so many rows takes some tens of milliseconds; so does a plan of that cost.
    c_countable constant bigint := 20000;
    c_cost constant double precision := 100000;
    v_rare text[];
    v_plan json;
    v_condition text;
    v_exact jsonb;
    v_counts jsonb := (
        select coalesce(jsonb_object_agg(met.key, round(met.value::bigint * scale)), '{}')
        from jsonb_each_text(sampled) as met
    );
begin
    v_rare := array(
        select seldom.value
        from (
            select listed.value, sum(listed.clients) over (
                order by listed.clients, listed.value rows unbounded preceding
            ) * scale as looked_up
            from (
                select candidate.value,
                    coalesce((sampled ->> candidate.value)::bigint, 0) as clients
                from unnest(private.facet_candidates((filter).tenant_id, facet))
                    as candidate (value)
            ) as listed
            where listed.clients < c_telling
        ) as seldom
        where seldom.looked_up <= c_countable
        limit 200  -- as many as a filter takes
    );
    if v_rare = '{}' then
        return v_counts;
    end if;
    filter := private.weigh_search(private.read_client_filter(
        (filter).tenant_id,
        given - facet
        || jsonb_strip_nulls(jsonb_build_object(facet, private.facet_filter(facet, v_rare)))
    ));
    v_condition := private.client_condition(filter);
    execute 'explain (format json) select from public.clients where ' || v_condition
    into v_plan using filter;
    if (v_plan -> 0 -> 'Plan' ->> 'Total Cost')::double precision > c_cost then
        return v_counts;
    end if;
    execute private.facet_query(facet, null, v_condition)
    into v_exact using filter, private.today((filter).tenant_id), v_rare;
    return v_counts || (
        select jsonb_object_agg(rare.value, coalesce((v_exact ->> rare.value)::bigint, 0))
        from unnest(v_rare) as rare (value)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.settle_manually(settlement jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Above any payment; a larger number is a fault, not money.
    c_largest_cents constant bigint := 10000000000000;
    v_tenant_id uuid := private.require_role('operator');
    v_request public.manual_settlements;
    v_known public.manual_settlements;
    v_agreement public.agreements;
    v_limit bigint;
begin
    perform private.require_known_keys(settlement, array[
        'id', 'client_id', 'agreement_id', 'installment_id', 'debt_ids', 'amount_cents',
        'paid_on', 'evidence'
    ]);
    begin
        v_request := jsonb_populate_record(null::public.manual_settlements, settlement);
    exception when data_exception then
        raise exception 'settlement_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    v_request.tenant_id := v_tenant_id;
    if v_request.id is null
        or coalesce(v_request.amount_cents, 0) not between 1 and c_largest_cents
        or not coalesce(private.is_payment_day(v_tenant_id, v_request.paid_on), false)
        or cardinality(v_request.debt_ids) = 0
        or num_nonnulls(v_request.installment_id, v_request.agreement_id, v_request.debt_ids) <> 1
    then
        raise exception 'settlement_invalid' using errcode = 'PT400',
            detail = 'id, amount, a day not in the future and exactly one target are needed';
    elsif btrim(coalesce(v_request.evidence, '')) = '' then
        raise exception 'evidence_missing' using errcode = 'PT400',
            detail = 'say how it is known that this was paid';
    end if;
    perform private.require_reason(v_request.evidence);
    perform private.require_client(v_tenant_id, v_request.client_id);
    perform private.lock_client(v_tenant_id, v_request.client_id);
    select * into v_known from public.manual_settlements as request
    where request.id = v_request.id;
    if found then
        -- The page would show as done what was never asked.
        if v_known.tenant_id <> v_tenant_id or v_known.requested_by <> auth.uid() or (
            v_known.client_id, v_known.installment_id, v_known.debt_ids, v_known.amount_cents,
            v_known.paid_on, v_known.evidence
        ) is distinct from (
            v_request.client_id, v_request.installment_id, v_request.debt_ids,
            v_request.amount_cents, v_request.paid_on, btrim(v_request.evidence)
        ) or v_known.installment_id is null
            and v_known.agreement_id is distinct from v_request.agreement_id
        then
            raise exception 'settlement_id_reused' using errcode = 'PT409',
                detail = 'this id already names another settlement';
        end if;
        return private.settlement_outcome(v_known.id);
    end if;

    v_agreement := private.require_settleable(v_request);
    v_request.agreement_id := v_agreement.id;
    if exists (
        select from public.manual_settlements as request
        where request.tenant_id = v_tenant_id and request.status = 'pending'
          and request.installment_id = v_request.installment_id
    ) then
        raise exception 'settlement_pending' using errcode = 'PT409',
            detail = 'another settlement of this installment waits for its decision';
    end if;
    insert into public.manual_settlements (
        id, tenant_id, client_id, agreement_id, installment_id, debt_ids, amount_cents, paid_on,
        evidence, requested_by
    )
    values (
        v_request.id, v_tenant_id, v_request.client_id, v_request.agreement_id,
        v_request.installment_id, v_request.debt_ids, v_request.amount_cents, v_request.paid_on,
        btrim(v_request.evidence), auth.uid()
    );
    v_limit := coalesce(
        (select policy.manual_limit_cents from public.agreement_policies as policy
            where policy.id = v_agreement.policy_id),
        (private.agreement_policy(v_tenant_id, null)).manual_limit_cents
    );
    if private.has_role('supervisor') and v_request.amount_cents <= v_limit then
        perform private.confirm_settlement(v_request.id);
    else
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select v_tenant_id, member.user_id, 'settlement_pending', jsonb_build_object(
            'settlement_id', v_request.id, 'client_id', v_request.client_id
        )
        from public.memberships as member
        where member.tenant_id = v_tenant_id and member.revoked_at is null
          and member.role >= 'supervisor' and member.user_id <> auth.uid();
    end if;
    return private.settlement_outcome(v_request.id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.silence_closed_lists(may_wait boolean DEFAULT false)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET lock_timeout TO '5s'
AS $function$
declare
    -- A list this old is last month's portfolio, and is not asked about its people any more.
    c_longest constant interval := interval '30 days';
    v_export_id uuid;
    v_state text;
    v_closed text[];
    v_silenced int := 0;
begin
    perform private.follow_moves();
    for v_export_id, v_state, v_closed in
        select export.id, case
                when export.created_at < private.now() - c_longest then 'expired' else 'silent'
            end, agency.closed
        from private.dialer_agencies() as agency
        join public.dialer_exports as export on export.tenant_id = agency.tenant_id
        where export.status in ('loading', 'done')
          and export.hours_state in ('open', 'silent', 'opening')
          and (
              export.status = 'done' and export.created_at < private.now() - c_longest
              or export.hours_state = 'open'
              and private.is_closing(export.ufs, export.closed_ufs, agency.closed)
          )
    loop
        begin
            if not may_wait then
                perform from public.dialer_exports as export where export.id = v_export_id
                for no key update skip locked;
                continue when not found;
            end if;
            -- Asked again under the lock: while it was held the list may have been compared (0951),
            -- and nobody would open it before the next state opens or closes.
            perform from public.dialer_exports as export
            where export.id = v_export_id and (
                v_state = 'expired' or export.hours_state = 'open'
                and private.is_closing(export.ufs, export.closed_ufs, v_closed)
            )
            for no key update;
            if found then
                v_silenced := v_silenced + private.silence_list(v_export_id, v_state);
            end if;
        exception when others then
            perform private.note_hours_failure(v_export_id, sqlstate, sqlerrm);
        end;
    end loop;
    if v_silenced > 0 then
        perform private.wake_function('3cplus-export');
    end if;
    return v_silenced;
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

CREATE OR REPLACE FUNCTION private.sweep_imports()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.mark_dead_imports(null);
    perform private.forget_rehearsals();
    if exists (select from public.imports where imports.status = 'interrupted')
        or exists (select from private.import_rollbacks)
    then
        perform private.wake_function('portfolio-resume');
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_panel_stock(tenant_id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- The panel's year: what a supervisor may ask for.
    c_kept_days constant int := 366;
    v_today date := private.today(tenant_id);
begin
    insert into private.panel_stock_days (tenant_id, day, has_rows)
    values (tenant_id, v_today, true)
    on conflict on constraint panel_stock_days_pkey do nothing;
    if not found then
        if not private.is_stock_early(tenant_id) then
            return false;
        end if;
        update private.panel_stock_days as known set taken_at = private.now(), has_rows = true
        where known.tenant_id = take_panel_stock.tenant_id and known.day = v_today;
        delete from private.panel_stock as known
        where known.tenant_id = take_panel_stock.tenant_id and known.day = v_today;
        delete from private.panel_eligible as known
        where known.tenant_id = take_panel_stock.tenant_id and known.day = v_today;
        delete from private.panel_provisional as known
        where known.tenant_id = take_panel_stock.tenant_id and known.day = v_today;
    end if;
    perform private.note_titles(tenant_id, v_today);
    perform private.note_reachable(tenant_id, v_today);
    perform private.note_provisional(tenant_id, v_today);
    insert into private.panel_stock (tenant_id, day, creditor_id, band, titles, cents)
    select title.tenant_id, v_today, title.creditor_id,
        1 + width_bucket(v_today - title.due_on, private.band_edges()) as band, count(*),
        sum(title.cents)
    from private.panel_titles as title
    where title.tenant_id = take_panel_stock.tenant_id and title.until_day = 'infinity'
      and title.state in ('open', 'agreed', 'held')
    group by title.tenant_id, title.creditor_id, band;
    insert into private.panel_eligible (tenant_id, day, creditor_id, clients, titles, debtors)
    select take_panel_stock.tenant_id, v_today, title.creditor_id,
        count(distinct person.client_id), count(person.client_id),
        count(distinct title.client_id)
    from private.panel_titles as title
    left join private.panel_reachable as person
        on person.tenant_id = title.tenant_id and person.client_id = title.client_id
        and person.until_day = 'infinity' and title.state = 'open'
    where title.tenant_id = take_panel_stock.tenant_id and title.until_day = 'infinity'
      and title.state in ('open', 'agreed', 'held')
    group by grouping sets ((), (title.creditor_id));
    perform private.write_panel_rolls(tenant_id, v_today);
    delete from private.panel_titles as known
    where known.tenant_id = take_panel_stock.tenant_id and known.until_day < v_today - c_kept_days;
    delete from private.panel_reachable as known
    where known.tenant_id = take_panel_stock.tenant_id and known.until_day < v_today - c_kept_days;
    update private.panel_stock_days as known set has_rows = false
    where known.tenant_id = take_panel_stock.tenant_id and known.day < v_today - c_kept_days
      and known.has_rows;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_proofs()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_notes bigint[];
    v_noted uuid[];
    v_clients uuid[];
    v_phones uuid[];
begin
    select array_agg(noted.id), array_agg(distinct noted.phone_id) into v_notes, v_noted
    from private.proved_numbers as noted;
    if v_notes is null then
        return;
    end if;
    v_clients := array(
        select clients.id from public.clients
        where clients.id in (
            select known.client_id from public.client_phones as known
            where known.id = any(v_noted)
        )
        order by clients.id
        for no key update skip locked
    );
    v_phones := array(
        select known.id from public.client_phones as known
        where known.id = any(v_noted) and known.client_id = any(v_clients)
        order by known.id
        for no key update skip locked
    );
    update public.client_phones as known
    set has_whatsapp = true, whatsapp_retry_at = null
    where known.id = any(v_phones)
      -- Refused since, or no longer theirs (0904): what arrived there before proves nothing.
      and (known.has_whatsapp is null or not known.has_whatsapp and exists (
          select from private.proved_numbers as noted
          where noted.phone_id = known.id and noted.overrules and noted.id = any(v_notes)
      ));
    delete from private.proved_numbers as noted
    where noted.id = any(v_notes) and (
        noted.phone_id = any(v_phones)
        or not exists (select from public.client_phones as known where known.id = noted.phone_id)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_templates(integration_id uuid, templates jsonb, accounts text[], silent text[] DEFAULT '{}'::text[])
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_integration public.integrations;
    v_templates jsonb;
    v_emptied text[];
    v_kept text[];
    v_changed int;
    v_gone int;
begin
    select * into v_integration from public.integrations as integration
    where integration.id = take_templates.integration_id;
    v_emptied := array(
        select distinct coalesce(known.account, '')
        from public.message_templates as known
        where known.tenant_id = v_integration.tenant_id
          and known.provider = v_integration.provider and known.synced_at is not null
          and known.provider_status is distinct from 'GONE'
          and (known.account = any(take_templates.accounts) or known.account is null)
          and not exists (
              select from jsonb_array_elements(take_templates.templates) as told
              where known.account is null or told.value ->> 'account' = known.account
          )
    );
    -- Of before accounts were known (''): anybody's, so kept while anybody is missing.
    v_kept := take_templates.silent || v_emptied;
    if v_kept <> '{}' then
        v_kept := v_kept || ''::text;
    end if;
    -- Within an account a name is one template: ours stays that whose id we know.
    select coalesce(jsonb_agg(chosen.value), '[]') into v_templates
    from (
        select distinct on (
            told.value ->> 'account', told.value ->> 'name', told.value ->> 'language'
        ) told.value
        from jsonb_array_elements(take_templates.templates) as told
        left join public.message_templates as known
            on known.tenant_id = v_integration.tenant_id
            and known.provider = v_integration.provider
            and known.provider_template_id = told.value ->> 'provider_template_id'
        order by told.value ->> 'account', told.value ->> 'name', told.value ->> 'language',
            known.id is null, told.value ->> 'provider_template_id'
    ) as chosen;
    -- Deleted there and made again under the same name: the same template with another id. One that
    -- is listed itself is nobody else's, and one that was never listed is of whoever has its name.
    update public.message_templates as known
    set provider_template_id = renamed.provider_template_id, account = renamed.account
    from (
        select distinct on (old.id) old.id, fresh.provider_template_id, fresh.account
        from (
            select distinct on (told.value ->> 'provider_template_id')
                told.value ->> 'provider_template_id' as provider_template_id,
                told.value ->> 'account' as account, same.id
            from jsonb_array_elements(v_templates) as told
            join public.message_templates as same
                on same.tenant_id = v_integration.tenant_id
                and same.provider = v_integration.provider
                and same.name = told.value ->> 'name'
                and same.language = told.value ->> 'language'
                and (same.account is null or same.account = told.value ->> 'account')
            where not exists (
                select from jsonb_array_elements(v_templates) as listed
                where listed.value ->> 'provider_template_id' = same.provider_template_id
            ) and not exists (
                select from public.message_templates as other
                where other.tenant_id = same.tenant_id and other.provider = same.provider
                  and other.provider_template_id = told.value ->> 'provider_template_id'
            )
            order by told.value ->> 'provider_template_id', same.account nulls last
        ) as fresh
        join public.message_templates as old on old.id = fresh.id
        order by old.id, fresh.account, fresh.provider_template_id
    ) as renamed
    where known.id = renamed.id;
    with listed as (
        select told.value ->> 'provider_template_id' as provider_template_id,
            told.value ->> 'account' as account,
            told.value ->> 'name' as name, told.value ->> 'language' as language,
            told.value ->> 'category' as category,
            (told.value ->> 'status')::public.template_status as status,
            told.value ->> 'provider_status' as provider_status, told.value ->> 'body' as body,
            (told.value ->> 'variables')::int as variables,
            told.value ->> 'header_type' as header_type
        from jsonb_array_elements(v_templates) as told
    )
    insert into public.message_templates as known (
        tenant_id, provider, account, provider_template_id, name, language, category, body,
        variables, status, provider_status, header_type, synced_at
    )
    select v_integration.tenant_id, v_integration.provider, listed.account,
        listed.provider_template_id, listed.name, listed.language, listed.category, listed.body,
        array_fill(''::text, array[listed.variables]), listed.status, listed.provider_status,
        listed.header_type, private.now()
    from listed
    on conflict on constraint message_templates_are_unique do update
    set account = excluded.account, language = excluded.language, category = excluded.category,
        body = excluded.body, status = excluded.status,
        provider_status = excluded.provider_status, header_type = excluded.header_type,
        synced_at = excluded.synced_at,
        -- Bindings are kept as far as there are variables for them.
        variables = case when cardinality(known.variables) = cardinality(excluded.variables)
            then known.variables
            else array(
                select coalesce(known.variables[place], '')
                from generate_series(1, cardinality(excluded.variables)) as place
            ) end;
    get diagnostics v_changed = row_count;
    update public.message_templates as known
    set status = 'paused', provider_status = 'GONE', synced_at = private.now()
    where known.tenant_id = v_integration.tenant_id
      and known.provider = v_integration.provider and known.synced_at is not null
      and known.status <> 'paused' and coalesce(known.account, '') <> all(v_kept)
      and not exists (
          select from jsonb_array_elements(take_templates.templates) as told
          where told.value ->> 'provider_template_id' = known.provider_template_id
      );
    get diagnostics v_gone = row_count;
    return jsonb_build_object(
        'error', case when v_emptied <> '{}' then 'templates_missing' end,
        'listed', v_changed, 'gone', v_gone,
        'accounts', to_jsonb(array_remove(v_emptied, ''))
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.tell_of_rule(run public.automation_runs, rule public.collection_rules, note text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with counted as (
        update public.notifications as told
        set payload = told.payload || jsonb_build_object(
            'count', (told.payload ->> 'count')::int + 1, 'client_id', null
        )
        where told.id in (
            select distinct on (unread.user_id) unread.id
            from public.notifications as unread
            where unread.tenant_id = (run).tenant_id and unread.kind = 'rule_notice'
              and unread.read_at is null
              and unread.payload ->> 'rule_id' = (rule).id::text
              -- That its words changed is another piece of news (0983).
              and not unread.payload ? 'template'
              -- Who is not to hear of this client is not told that there is one more.
              and private.may_hear(
                  unread.tenant_id, unread.user_id,
                  jsonb_build_object('client_id', (run).client_id)
              )
              and unread.created_at > private.now() - interval '1 day'
            order by unread.user_id, unread.created_at desc
        )
        returning told.user_id
    )
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select (run).tenant_id, member.user_id, 'rule_notice', jsonb_build_object(
        'rule_id', (rule).id, 'rule', (rule).name, 'note', note, 'count', 1,
        'client_id', (run).client_id
    )
    from public.memberships as member
    where member.tenant_id = (run).tenant_id and member.revoked_at is null
      and member.role >= 'supervisor'
      and member.user_id not in (select counted.user_id from counted)
$function$;

CREATE OR REPLACE FUNCTION private.template_account(sender_id uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.sender_settings(sender.id) ->> company.listed_by
    from public.senders as sender
    join private.whatsapp_providers as company on company.provider = sender.provider
    where sender.id = template_account.sender_id
$function$;

CREATE OR REPLACE FUNCTION private.template_values(client_id uuid, variables text[], charge_id uuid DEFAULT NULL::uuid, scope uuid[] DEFAULT NULL::uuid[])
 RETURNS text[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce((
        select said.params from private.values_of_people(
            array[template_values.client_id], template_values.variables, template_values.charge_id,
            template_values.scope
        ) as said
    ), '{}')
$function$;

CREATE OR REPLACE FUNCTION private.tg_agreements__own_talks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.own_talks(array_agg(last.talk_id), array_agg(last.created_by), true)
    from (
        select distinct on (talk.id) talk.id as talk_id, made.created_by
        from new_rows as made
        join public.conversations as talk
            on talk.tenant_id = made.tenant_id and talk.client_id = made.client_id
        where private.works_here(made.tenant_id, made.created_by)
        order by talk.id, made.created_at desc
    ) as last
    having count(*) > 0;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_broadcast_status()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_hashjoin TO 'on'
 SET enable_nestloop TO 'off'
AS $function$
begin
    perform private.send_change(
        tg_argv[0], tg_table_name, changed.tenant_id, changed.id, changed.client_ids
    )
    from (
        select new_rows.tenant_id, min(new_rows.id::text) as id,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        join old_rows on old_rows.id = new_rows.id
        where new_rows.status <> old_rows.status and new_rows.client_id is not null
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_call_dispositions__accept()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_is_callback boolean;
    v_is_known boolean;
begin
    -- Nearly always free; as a condition it is asked without a statement of its own.
    if not pg_try_advisory_xact_lock(hashtextextended(new.id::text, 0)) then
        perform pg_advisory_xact_lock(hashtextextended(new.id::text, 0));
    end if;
    -- One question for both checks: this runs on every press of a key.
    select types.is_callback,
        exists (select from public.call_dispositions as earlier where earlier.id = new.id)
    into v_is_callback, v_is_known
    from public.disposition_types as types
    where types.tenant_id = new.tenant_id and types.key = new.disposition_type
      and types.is_active;
    -- A type may have been put away since the first copy.
    if v_is_known or v_is_callback is null then
        if private.is_repeated_disposition(new) then
            return null;
        end if;
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = 'not an active disposition type of the tenant';
    end if;
    if v_is_callback and new.scheduled_callback is null then
        raise exception 'callback_needs_time' using errcode = 'PT400',
            detail = 'scheduled_callback is missing';
    end if;
    if not v_is_callback and new.scheduled_callback is not null then
        raise exception 'callback_not_expected' using errcode = 'PT400',
            detail = 'scheduled_callback belongs to callback types only';
    end if;
    if new.scheduled_callback is not null and new.scheduled_callback <= private.now() then
        raise exception 'callback_in_past' using errcode = 'PT400',
            detail = 'scheduled_callback must lie in the future';
    end if;
    if new.scheduled_callback is not null then
        perform private.require_lawful_callback(
            new.tenant_id, new.client_id, new.scheduled_callback
        );
    end if;
    return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_call_dispositions__follow_up()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A callback is in time from ten minutes before to ten minutes after its moment.
    c_tolerance constant interval := '10 minutes';
    -- A call nobody disposed of by the end of the day stays without one.
    c_longest_service constant interval := '12 hours';
    v_called_since constant timestamptz := private.now() - c_longest_service;
    v_next record;
begin
    -- Enqueued rules are held for as long as the disposition may be taken back: until then no
    -- worker sees the message. `pgmq.send` would pay dynamic SQL on each call (1.5 × the insert);
    -- the direct insert is held to pgmq's layout by a test.
    with enqueued as (
        insert into pgmq.q_automations (vt, message)
        select clock_timestamp() + wanted.held_for, jsonb_build_object(
            'disposition_id', done.id, 'rule_ids', wanted.rule_ids
        )
        from new_rows as done
        join private.disposition_rules as wanted
            on wanted.tenant_id = done.tenant_id
            and wanted.disposition_type = done.disposition_type
        returning vt
    ),

    contacted as (
        insert into private.client_contacts as known (
            tenant_id, client_id, last_contact_at, last_disposition_type
        )
        select distinct on (done.client_id) done.tenant_id, done.client_id,
            done.created_at, done.disposition_type
        from new_rows as done
        -- The same order for everybody who writes several, so that nobody waits in a circle.
        order by done.client_id, done.created_at desc, done.id desc
        on conflict (tenant_id, client_id) do update
        set last_contact_at = excluded.last_contact_at,
            last_disposition_type = excluded.last_disposition_type
        where known.last_contact_at is null or known.last_contact_at <= excluded.last_contact_at
    ),

    told as (
        select private.send_change(
            'disposition_changed', 'call_dispositions',
            changed.tenant_id, changed.id, changed.client_ids
        )
        from (
            select done.tenant_id, min(done.id::text) as id,
                array_agg(distinct done.client_id) as client_ids
            from new_rows as done
            group by done.tenant_id
        ) as changed
    )

    select
        (select count(*) from told) as told,
        (select bool_or(enqueued.vt <= clock_timestamp()) from enqueued) as is_due,
        array_agg(done.id) as dispositions,
        bool_or(done.scheduled_callback is not null) as promises,
        (
            select array_agg(promised.id)
            from new_rows as keeping
            join public.callbacks as promised
                on promised.tenant_id = keeping.tenant_id
                and promised.client_id = keeping.client_id
                and promised.due_at <= keeping.created_at + c_tolerance
                and promised.status = 'scheduled'
                and coalesce(promised.operator_id, keeping.operator_id) = keeping.operator_id
        ) as kept,
        array_agg(done.id) filter (where kind.unworkable or exists (
            select from public.calls as open_call
            where open_call.tenant_id = done.tenant_id and open_call.client_id = done.client_id
              and open_call.operator_id = done.operator_id
              and open_call.disposition_id is null and open_call.outcome_type is null
              and open_call.called_at > v_called_since
        )) as ending
    into v_next
    from new_rows as done
    join public.disposition_types as kind
        on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type;

    -- Most keep and promise nothing and end no call: an update of nothing would still be audited.
    if v_next.kept is not null then
        perform private.keep_callbacks(v_next.kept, v_next.dispositions);
    end if;
    if v_next.promises then
        perform private.make_callbacks(v_next.dispositions);
    end if;
    if v_next.ending is not null then
        perform private.end_calls(v_next.ending, v_called_since);
    end if;
    -- What is held is woken when it is due (0600).
    if v_next.is_due then
        perform private.wake_function('run-automations');
    end if;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_client_phones__note_moves()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.note_moves(busy.tenant_id, array(
        select distinct changed.client_id
        from (
            select known.client_id
            from (
                select new_rows.id, new_rows.client_id, new_rows.phone, new_rows.position
                from new_rows where new_rows.tenant_id = busy.tenant_id
                union all
                select old_rows.id, old_rows.client_id, old_rows.phone, old_rows.position
                from old_rows where old_rows.tenant_id = busy.tenant_id
            ) as known
            group by known.id, known.client_id
            having min(known.phone) <> max(known.phone)
                or min(known.position) <> max(known.position)
        ) as changed
        join public.clients as client on client.id = changed.client_id and client.uf is null
    ))
    from (select distinct new_rows.tenant_id from new_rows offset 0) as busy
    where private.has_dialer_lists(busy.tenant_id);
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_client_phones__reach()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if tg_op = 'INSERT' then
        -- A number more can only open what was closed: most new numbers change nothing, and a
        -- million of them are compared in one join.
        if not private.is_derived_already() then
            perform private.refresh_client_reach(touched.tenant_id, array_agg(touched.client_id))
            from (
                select added.tenant_id, added.client_id
                from (
                    select new_rows.tenant_id, new_rows.client_id,
                        bool_or(new_rows.has_whatsapp) as is_proved,
                        bool_or(new_rows.has_whatsapp is null) as is_open
                    from new_rows
                    group by new_rows.tenant_id, new_rows.client_id
                ) as added
                join public.clients
                    on clients.tenant_id = added.tenant_id and clients.id = added.client_id
                where not clients.has_phone
                   or added.is_proved and clients.has_whatsapp is not true
                   or added.is_open and clients.has_whatsapp is false
            ) as touched
            group by touched.tenant_id;
        end if;
        -- To work out what a number is compared by takes longer than to compare it: not where
        -- nobody has opted out.
        if not exists (
            select from public.suppressions
            where suppressions.phone is not null
              and suppressions.tenant_id in (select distinct new_rows.tenant_id from new_rows)
        ) then
            return null;
        end if;
        perform private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
        from (
            select distinct new_rows.tenant_id, new_rows.client_id
            from new_rows
            join public.suppressions
                on suppressions.tenant_id = new_rows.tenant_id
                and private.phone_match(suppressions.phone)
                    = private.phone_match(new_rows.phone)
        ) as touched
        group by touched.tenant_id;
        return null;
    end if;
    -- Changed and removed numbers are few: a person or a provider's answer.
    perform private.refresh_client_reach(touched.tenant_id, array_agg(touched.client_id)),
        private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
    from (
        select distinct old_rows.tenant_id, old_rows.client_id
        from old_rows
        join public.clients
            on clients.tenant_id = old_rows.tenant_id and clients.id = old_rows.client_id
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_clients__leave_collection()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.finish_run(run.id, 'skipped', 'nothing_owed')
    from (
        -- Grouped, not joined: a plan made for a statement of no rows, which is the next one's too,
        -- would compare each row with each.
        select moved.tenant_id, moved.id
        from (
            select new_rows.tenant_id, new_rows.id from new_rows where new_rows.open_debts = 0
            union all
            select old_rows.tenant_id, old_rows.id from old_rows where old_rows.open_debts > 0
        ) as moved
        group by moved.tenant_id, moved.id
        having count(*) = 2
    ) as became
    join public.automation_runs as run
        on run.tenant_id = became.tenant_id and run.client_id = became.id
        and run.status = 'queued'
    join public.collection_rules as rule on rule.id = run.rule_id
    where rule.trigger <> 'payment_event' and rule.event is distinct from 'settled';
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_clients__leave_dialer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    -- Grouped, not joined, as in 0558.
    perform private.leave_dialer(
        gone.tenant_id, array_agg(gone.id), null,
        case gone.debt_status when 'in_agreement' then 'agreement_running'
            when 'on_hold' then 'on_hold' when 'prescribed' then 'prescribed' else 'nothing_owed' end
    )
    from (
        select moved.tenant_id, moved.id, max(moved.debt_status) as debt_status
        from (
            select new_rows.tenant_id, new_rows.id, new_rows.debt_status
            from new_rows where new_rows.open_debts = 0
            union all
            select old_rows.tenant_id, old_rows.id, null
            from old_rows where old_rows.open_debts > 0
        ) as moved
        group by moved.tenant_id, moved.id
        having count(*) = 2
    ) as gone
    group by gone.tenant_id, gone.debt_status;
    perform private.leave_scoped_exports(fewer.tenant_id, array_agg(fewer.id))
    from (
        select moved.tenant_id, moved.id
        from (
            select new_rows.tenant_id, new_rows.id, new_rows.open_debts as became, null::int as was
            from new_rows where new_rows.open_debts > 0
            union all
            select old_rows.tenant_id, old_rows.id, null, old_rows.open_debts from old_rows
        ) as moved
        group by moved.tenant_id, moved.id
        having max(moved.was) > max(moved.became)
    ) as fewer
    -- Few agencies limit anybody.
    where exists (
        select from public.dialer_exports as export
        where export.tenant_id = fewer.tenant_id and export.creditor_scope is not null
          and export.status <> 'cancelled' and export.hours_state not in ('expired', 'gone')
    )
    group by fewer.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_clients__note_moves()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    -- Once per agency: without the offset the question goes below the distinct, to each row.
    if not exists (
        select from (select distinct new_rows.tenant_id from new_rows offset 0) as busy
        where private.has_dialer_lists(busy.tenant_id)
    ) then
        return null;
    end if;
    perform private.note_moves(moved.tenant_id, array_agg(moved.id))
    from (
        -- Grouped, not joined, as in 0558.
        select known.tenant_id, known.id
        from (
            select new_rows.tenant_id, new_rows.id, new_rows.uf as became, null::text as was
            from new_rows
            union all
            select old_rows.tenant_id, old_rows.id, null, old_rows.uf from old_rows
        ) as known
        group by known.tenant_id, known.id
        having max(known.became) is distinct from max(known.was)
    ) as moved
    group by moved.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_debts__client_totals()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    -- A transition table exists only for its own event, hence three spellings of one sentence.
    if tg_op = 'INSERT' then
        if private.is_derived_already() then
            return null;
        end if;
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (select distinct new_rows.tenant_id, new_rows.client_id from new_rows) as touched
        group by touched.tenant_id;
    elsif tg_op = 'DELETE' then
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (select distinct old_rows.tenant_id, old_rows.client_id from old_rows) as touched
        group by touched.tenant_id;
    else
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (
            select new_rows.tenant_id, new_rows.client_id from new_rows
            union
            select old_rows.tenant_id, old_rows.client_id from old_rows
        ) as touched
        group by touched.tenant_id;
    end if;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_imports__stock()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Half a second's work (5.3 s of processor for 100,000 titles).
    c_short constant int := 10000;
begin
    perform private.take_panel_stock(ended.tenant_id)
    from (
        select distinct became.tenant_id
        from new_rows as became
        join old_rows as was on was.id = became.id
        where was.finished_at is null and became.finished_at is not null
          and not became.is_rehearsal
    ) as ended
    where private.is_stock_early(ended.tenant_id) and (
        -- The record is of all that the agency has, not of what one file brought.
        select count(*) from (
            select from public.debts where debts.tenant_id = ended.tenant_id limit c_short + 1
        ) as titles
    ) <= c_short;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_integrations__sender()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into public.senders as known
        (tenant_id, integration_id, provider, name, phone, account, is_default)
    select connected.tenant_id, connected.id, connected.provider,
        case when company.says_account
            then private.sender_account(connected.provider, connected.settings)
            else split_part(company.label, ' ', 1) || ' ' || (connected.settings ->> 'source')
        end,
        '+' || (connected.settings ->> 'source'),
        private.sender_account(connected.provider, connected.settings),
        not exists (
            select from public.senders as first
            where first.tenant_id = connected.tenant_id and first.is_default
        )
    from new_rows as connected
    join private.whatsapp_providers as company on company.provider = connected.provider
    where private.sender_account(connected.provider, connected.settings) is not null
      and connected.settings ->> 'source' ~ '^[1-9][0-9]{7,14}$'
    on conflict on constraint senders_are_unique do update set phone = excluded.phone
    where known.phone <> excluded.phone;
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
            changed.delivered_at, changed.read_at, changed.error_code
        ) is distinct from (
            was.submitted_at, was.client_id, was.created_by, was.status, was.delivered_at,
            was.read_at, was.error_code
        )
        union
        -- Whether what was said within a day of it is an answer.
        select changed.tenant_id, (changed.created_at at time zone tenants.time_zone)::date + late
        from new_rows as changed
        join old_rows as was on was.id = changed.id
        join public.tenants on tenants.id = changed.tenant_id
        cross join generate_series(0, 1) as late
        where (changed.submitted_at is null, changed.client_id)
            is distinct from (was.submitted_at is null, was.client_id)
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_message_templates__tell_rules()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select rule.tenant_id, member.user_id, 'rule_notice', jsonb_build_object(
        'rule_id', rule.id, 'rule', rule.name, 'template', edited.name, 'count', 1
    )
    from new_rows as edited
    join old_rows as was on was.id = edited.id
    join public.rule_steps as step
        on step.tenant_id = edited.tenant_id and step.template_id = edited.id
    join public.collection_rules as rule
        on rule.id = step.rule_id and rule.version = step.version and rule.is_enabled
    join public.memberships as member
        on member.tenant_id = rule.tenant_id and member.revoked_at is null
        and member.role >= 'supervisor'
    where (was.body, was.variables, was.header_link)
          is distinct from (edited.body, edited.variables, edited.header_link)
      -- Who edited it knows.
      and member.user_id is distinct from auth.uid()
      and not exists (
          select from public.notifications as told
          where told.tenant_id = rule.tenant_id and told.user_id = member.user_id
            and told.kind = 'rule_notice' and told.read_at is null
            and told.payload ->> 'rule_id' = rule.id::text
            and told.payload ->> 'template' = edited.name
      )
    group by rule.tenant_id, member.user_id, rule.id, rule.name, edited.name;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_places__note_moves()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.note_moves(busy.tenant_id, array(
        select distinct changed.client_id
        from changed_rows as changed
        join public.clients as client on client.id = changed.client_id and client.uf is null
        where changed.tenant_id = busy.tenant_id
    ))
    from (select distinct changed_rows.tenant_id from changed_rows offset 0) as busy
    where private.has_dialer_lists(busy.tenant_id);
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_users__accept_invitations()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_open uuid[];
begin
    -- An address is confirmed for the first time once; who has another one now is asked.
    if new.email_confirmed_at is null or new.invited_at is not null
        or tg_op = 'UPDATE' and old.email_confirmed_at is not null then
        return null;
    end if;
    v_open := array(
        select sent.id from public.invitations as sent
        where sent.email = lower(new.email) and sent.accepted_at is null
          and sent.revoked_at is null and sent.expires_at > private.now()
    );
    if cardinality(v_open) = 1 then
        perform private.accept_invitation(new.id, v_open[1]);
    end if;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.told_again(item jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select nullif(item ->> 'copy', '1') $function$;

CREATE OR REPLACE FUNCTION private.told_payment_key(integration_id uuid, item jsonb, paid_on text, paid_cents text)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
    select concat_ws(
        ':', integration_id, item ->> 'reference', paid_on, paid_cents, private.told_again(item)
    )
$function$;

CREATE OR REPLACE FUNCTION private.too_soon(days date[], gap integer)
 RETURNS boolean[]
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_day date;
    v_done date;
    v_marks boolean[] := '{}';
begin
    foreach v_day in array days loop
        v_marks := v_marks || coalesce(v_day < v_done + gap, false);
        if not v_marks[cardinality(v_marks)] then
            v_done := v_day;
        end if;
    end loop;
    return v_marks;
end;
$function$;

CREATE OR REPLACE FUNCTION private.undo_disposition(disposition_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_done public.call_dispositions;
begin
    -- Waits for a worker that is opening its runs, and holds off one that comes now: it will see
    -- the undo.
    select * into v_done from public.call_dispositions as done
    where done.id = undo_disposition.disposition_id and done.tenant_id = v_tenant_id
    for update;
    if not found then
        raise exception 'disposition_not_found' using errcode = 'PT404',
            detail = 'no disposition with this id in the tenant';
    end if;
    if v_done.operator_id <> auth.uid() then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'only who made it takes it back';
    end if;
    if private.is_undone(v_done.id) then
        return;
    end if;
    if private.now() >= v_done.created_at + private.undo_window(v_tenant_id) or exists (
        select from public.automation_runs as run
        where run.tenant_id = v_tenant_id and run.disposition_id = v_done.id
    ) then
        raise exception 'undo_too_late' using errcode = 'PT409',
            detail = 'what follows from it has begun';
    end if;

    insert into public.disposition_undos (disposition_id, tenant_id, client_id, undone_by)
    values (v_done.id, v_tenant_id, v_done.client_id, auth.uid());
    -- In the order a disposition writes them (0953), so that two never wait in a circle.
    perform private.refresh_last_contact(v_tenant_id, v_done.client_id),
        private.give_back_callbacks(v_done.id),
        private.give_back_call(v_done.id);
    perform private.send_change(
        'disposition_changed', 'call_dispositions', v_tenant_id, v_done.id::text,
        array[v_done.client_id]
    );
end;
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

CREATE OR REPLACE FUNCTION private.update_chunk_people(chunk private.import_chunks, at timestamp with time zone, OUT touched uuid[], OUT changes private.import_change[])
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
    v_phoned uuid[];
begin
    perform from public.clients
    where clients.id in (
        select planned.client_id from unnest(chunk.clients) as planned where planned.is_changed
    )
    order by clients.id
    for update;
    changes := private.chunk_people_changes(chunk);
    perform private.note_chunk_changes(chunk, changes);
    update public.clients
    set name = coalesce(change.after ->> 'name', clients.name),
        email = coalesce(change.after ->> 'email', clients.email),
        uf = coalesce(change.after ->> 'uf', clients.uf),
        external_id = coalesce(change.after ->> 'external_id', clients.external_id),
        extra = coalesce(change.after -> 'extra', clients.extra)
    from unnest(changes) as change
    where clients.id = change.row_id;

    with wanted as materialized (
        select planned.client_id, numbers.phone, numbers.place
        from unnest(chunk.clients) as planned
        cross join unnest(planned.phones) with ordinality as numbers (phone, place)
        where not planned.is_new
    ),
    added as (
        insert into public.client_phones (tenant_id, client_id, phone, kind, position, created_at)
        select chunk.tenant_id, wanted.client_id, wanted.phone,
            case when length(wanted.phone) = 14 then 'mobile' else 'landline' end
                ::public.phone_kind,
            row_number() over (partition by wanted.client_id order by wanted.place) + coalesce((
                select max(stored.position) from public.client_phones as stored
                where stored.tenant_id = chunk.tenant_id and stored.client_id = wanted.client_id
            ), -1),
            update_chunk_people.at
        from wanted
        -- Added by hand since the plan.
        on conflict on constraint client_phones_are_unique do nothing
        returning client_phones.client_id, client_phones.id
    ),
    noted as (
        insert into private.import_changes
            (tenant_id, import_id, table_name, row_id, before, after)
        select chunk.tenant_id, chunk.import_id, 'client_phones', added.id, '{}', '{}'
        from added
    )
    select array_agg(added.client_id) into v_phoned from added;
    touched := array(
        select change.client_id from unnest(changes) as change
        union
        select unnest(v_phoned)
    );
    insert into private.import_touches (tenant_id, import_id, client_id)
    select chunk.tenant_id, chunk.import_id, person.id from unnest(touched) as person (id)
    on conflict do nothing;
end;
$function$;

CREATE OR REPLACE FUNCTION private.usual_wrap_up(tenant_id uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- Of a floor that has none yet: a minute, as of a pause.
    select coalesce((sum(fact.amount) / nullif(sum(fact.events), 0))::int, 60)
    from private.panel_facts as fact
    where fact.tenant_id = usual_wrap_up.tenant_id and fact.creditor_id is null
      and fact.measure = 'wrapped'
      and fact.day > private.today(usual_wrap_up.tenant_id) - 30
$function$;

CREATE OR REPLACE FUNCTION private.values_of_people(client_ids uuid[], variables text[], charge_id uuid DEFAULT NULL::uuid, scope uuid[] DEFAULT NULL::uuid[])
 RETURNS TABLE(client_id uuid, params text[])
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select clients.id, array_agg(nullif(btrim(case
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
              and (values_of_people.scope is null or debts.creditor_id = any(values_of_people.scope))
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
    end), '') order by named.position)
    from public.clients
    join public.tenants on tenants.id = clients.tenant_id
    left join public.charges as charge
        on charge.tenant_id = clients.tenant_id and charge.client_id = clients.id
        and charge.id = values_of_people.charge_id
    cross join lateral (
        select clients.open_cents as cents, clients.open_debts as debts, clients.oldest_due_on
        where values_of_people.scope is null
        union all
        select of_theirs.cents, of_theirs.debts, of_theirs.oldest_due_on
        from private.open_in_scope(clients.tenant_id, clients.id, values_of_people.scope)
            as of_theirs
        where values_of_people.scope is not null
    ) as owed
    cross join unnest(values_of_people.variables) with ordinality as named (variable, position)
    where clients.id = any(values_of_people.client_ids)
    group by clients.id
$function$;

CREATE OR REPLACE FUNCTION private.webhook_secret(provider public.provider_name, webhook_key text, field text)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.integration_secret(integration.id, webhook_secret.field)
    from public.integrations as integration
    where integration.id = private.integration_of_key(
        webhook_secret.provider, webhook_secret.webhook_key
    )
      and exists (
          select from private.whatsapp_providers as company
          where company.provider = webhook_secret.provider
            and webhook_secret.field = any(company.verified_by)
      )
$function$;

CREATE OR REPLACE FUNCTION private.weigh_search(filter private.client_filter)
 RETURNS private.client_filter
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Looking up and sorting these takes a tenth of a second.
    c_many constant bigint := 20000;
    -- Reading these takes as long as meeting a page of them along the list's order.
    c_common constant bigint := 5000;
    v_search private.client_search := (filter).search;
    v_branches text[] := private.search_branches(v_search, false);
begin
    if exists (
        select from public.clients as known
        where known.tenant_id = (filter).tenant_id and known.document = v_search.document
    ) then
        -- What begins with somebody's whole document is theirs, so it is little; and to ask how much
        -- takes as long as to look it up.
        v_search.is_broad := false;
    elsif v_branches <> '{}' then
        v_search.is_broad :=
            private.planned_rows(array_to_string(v_branches, ' union all '), filter) > c_many;
    end if;
    -- One word alone is a phrase: there is nothing scattered to rank beside it.
    if cardinality(v_search.words) > 1 or v_search.words is not null and v_branches <> '{}' then
        v_search.is_common := private.planned_rows(
            'select from public.clients where clients.tenant_id = ($1).tenant_id and '
            || private.words_condition(v_search), filter
        ) > c_common;
    end if;
    filter.search := v_search;
    if filter.import_id is not null then
        filter.is_broad_import := private.planned_rows(
            'select from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.import_id = ($1).import_id
            union all
            select from private.import_touches as touched
            where touched.tenant_id = ($1).tenant_id and touched.import_id = ($1).import_id', filter
        ) > c_many;
    end if;
    return filter;
end;
$function$;

CREATE OR REPLACE FUNCTION private.with_creditor_names(document jsonb, tenant_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
    select document
        || coalesce((
            select jsonb_build_object('creditor_id', known.name) from public.creditors as known
            where known.tenant_id = with_creditor_names.tenant_id
              and known.id::text = with_creditor_names.document ->> 'creditor_id'
        ), '{}')
        || case when jsonb_typeof(document -> 'creditor_ids') = 'array' then (
            select jsonb_build_object('creditor_ids', coalesce(
                jsonb_agg(coalesce(known.name, listed.id) order by known.name, listed.id), '[]'
            ))
            from jsonb_array_elements_text(document -> 'creditor_ids') as listed (id)
            left join public.creditors as known
                on known.tenant_id = with_creditor_names.tenant_id and known.id::text = listed.id
        ) else '{}' end
$function$;

CREATE OR REPLACE FUNCTION private.wording_of(rule_id uuid, version integer)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select md5(string_agg(concat_ws(
        e'\n', text.id, text.language, text.category, text.body, text.variables::text,
        text.header_type, text.header_link, text.header_name
    ), e'\n' order by text.id))
    from (
        select distinct template.*
        from public.rule_steps as step
        join public.message_templates as template
            on template.tenant_id = step.tenant_id and case step.action
                when 'send_template' then template.id = step.template_id
                -- Which of them brings a charge is known when the charge is (0691).
                when 'create_charge' then exists (
                    select from unnest(template.variables) as variable
                    where variable like 'charge.%'
                )
            end
        where step.rule_id = wording_of.rule_id and step.version = wording_of.version
    ) as text
$function$;

CREATE OR REPLACE FUNCTION private.write_chunk_debts(chunk private.import_chunks, OUT created integer, OUT touched uuid[], OUT changes private.import_change[])
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
    v_now timestamptz := private.now();
begin
    perform set_config('cobranca.is_derived_already', 'true', true);
    created := private.insert_chunk_debts(chunk, true, v_now);
    perform set_config('cobranca.is_derived_already', '', true);
    created := created + private.insert_chunk_debts(chunk, false, v_now);

    perform from public.debts
    where debts.id in (
        select planned.debt_id from unnest(chunk.debts) as planned where planned.action <> 'new'
    )
    order by debts.id
    for update;
    changes := private.chunk_title_changes(chunk);
    perform private.note_chunk_changes(chunk, changes);
    -- The title no longer says so of the import that wrote it before.
    insert into private.import_touches (tenant_id, import_id, client_id)
    select distinct chunk.tenant_id, (change.before ->> 'import_id')::uuid, change.client_id
    from unnest(changes) as change
    where change.before ->> 'import_id' is not null
    on conflict do nothing;
    update public.debts
    set due_on = coalesce((change.after ->> 'due_on')::date, debts.due_on),
        principal_cents = coalesce(
            (change.after ->> 'principal_cents')::bigint, debts.principal_cents
        ),
        status = coalesce((change.after ->> 'status')::public.debt_status, debts.status),
        import_id = chunk.import_id
    from unnest(changes) as change
    where debts.id = change.row_id;
    touched := array(
        select change.client_id from unnest(changes) as change
        union
        select planned.client_id from unnest(chunk.debts) as planned where planned.action = 'new'
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_chunk_people(INOUT chunk private.import_chunks, OUT created integer, OUT touched uuid[], OUT changes private.import_change[])
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
    -- Once and not by each row's default, which reads the clock's table.
    v_now timestamptz := private.now();
begin
    perform private.lock_chunk_people(chunk);
    begin
        created := private.insert_chunk_people(chunk, v_now);
    exception when unique_violation then
        chunk := private.recognise_chunk_people(chunk);
        created := private.insert_chunk_people(chunk, v_now);
    end;
    perform set_config('cobranca.is_derived_already', 'true', true);
    insert into public.client_phones (tenant_id, client_id, phone, kind, position, created_at)
    -- +55, two digits of area, and nine that begin with 9.
    select chunk.tenant_id, planned.client_id, numbers.phone,
        case when length(numbers.phone) = 14 then 'mobile' else 'landline' end::public.phone_kind,
        numbers.place - 1, v_now
    from unnest(chunk.clients) as planned
    cross join unnest(planned.phones) with ordinality as numbers (phone, place)
    where planned.is_new
    order by planned.document;
    perform set_config('cobranca.is_derived_already', '', true);
    insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
    select chunk.tenant_id, chunk.import_id, 'clients', array_agg(planned.client_id)
    from unnest(chunk.clients) as planned
    where planned.is_new
    having count(*) > 0;
    select written.touched, written.changes into touched, changes
    from private.update_chunk_people(chunk, v_now) as written;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_claims(batch_id uuid, plans private.recipient_plan[], lease_seconds integer)
 RETURNS uuid[]
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with outgoing as (
        insert into public.message_logs as message (
            tenant_id, client_id, direction, provider, integration_id, sender_id,
            conversation_id, phone, template_id, body, params, status, attempt, batch_id,
            price_micros, created_by
        )
        select batch.tenant_id, plan.client_id, 'out', sender.provider, sender.integration_id,
            sender.id, plan.conversation_id, plan.phone, template.id,
            private.render_body(template.body, plan.params), plan.params, 'queued', 1, batch.id,
            plan.price_micros, batch.created_by
        from unnest(write_claims.plans) as plan
        cross join public.message_batches as batch
        join public.senders as sender on sender.id = batch.sender_id
        join public.message_templates as template on template.id = batch.template_id
        where plan.verdict = 'send' and batch.id = write_claims.batch_id
        order by plan.client_id
        on conflict on constraint message_logs_one_per_recipient do update
        set attempt = message.attempt + 1, phone = excluded.phone, body = excluded.body,
            params = excluded.params, price_micros = excluded.price_micros, sending_at = null,
            error_code = null, error_detail = null,
            -- What a stopped number held for days counts as an attempt of now (0472).
            created_at = case when message.created_at < private.now() - interval '6 days'
                then private.now() else message.created_at end
        -- Only what nobody has begun to send.
        where message.status = 'queued'
        returning message.id, message.client_id
    ),
    leased as (
        update public.batch_recipients as recipient
        set status = 'claimed', reason = null, message_id = outgoing.id,
            -- Begun in time or not at all.
            lease_until = least(
                private.now() + make_interval(secs => write_claims.lease_seconds), plan.closes_at
            )
        from outgoing
        join unnest(write_claims.plans) as plan on plan.client_id = outgoing.client_id
        where recipient.batch_id = write_claims.batch_id
          and recipient.client_id = outgoing.client_id
        returning recipient.message_id
    )
    select coalesce(array_agg(leased.message_id), '{}') from leased
$function$;

CREATE OR REPLACE FUNCTION private.write_panel_rolls(tenant_id uuid, on_day date)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into private.panel_rolls (
        tenant_id, from_day, to_day, creditor_id, band, outcome, titles, cents
    )
    select write_panel_rolls.tenant_id, opening.day, write_panel_rolls.on_day, part.creditor_id,
        part.band, part.outcome, count(*), sum(part.cents)
    from (
        -- A month that was missed is no month's roll.
        select min(known.day) as day from private.panel_stock_days as known
        where known.tenant_id = write_panel_rolls.tenant_id
          and date_trunc('month', known.day)
              = date_trunc('month', write_panel_rolls.on_day) - interval '1 month'
    ) as opening
    cross join lateral private.panel_rolled(
        write_panel_rolls.tenant_id, opening.day, write_panel_rolls.on_day
    ) as part
    where not exists (
        select from private.panel_stock_days as known
        where known.tenant_id = write_panel_rolls.tenant_id and known.day < write_panel_rolls.on_day
          and known.day >= date_trunc('month', write_panel_rolls.on_day)
    )
    group by opening.day, part.creditor_id, part.band, part.outcome
    on conflict do nothing
$function$;

CREATE OR REPLACE FUNCTION public.bring_back_failures(items jsonb)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.bring_back_failures(items) $function$;

CREATE OR REPLACE FUNCTION public.bulk_eligibility(selection jsonb, action text, assignee uuid DEFAULT NULL::uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.bulk_eligibility(selection, action, assignee) $function$;

CREATE OR REPLACE FUNCTION public.list_failures(kinds text[] DEFAULT NULL::text[], after text DEFAULT NULL::text, page_size integer DEFAULT 50, aside boolean DEFAULT false)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.list_failures(kinds, after, page_size, aside) $function$;

CREATE OR REPLACE FUNCTION public.panel_cohorts(filter jsonb)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.panel_cohorts(filter) $function$;

CREATE OR REPLACE FUNCTION public.panel_stock_rows(part text, band text, filter jsonb, outcome text DEFAULT NULL::text, after text DEFAULT NULL::text, page_size integer DEFAULT 60)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.panel_stock_rows(part, band, outcome, filter, after, page_size) $function$;

CREATE OR REPLACE FUNCTION public.set_aside_failures(items jsonb)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.set_aside_failures(items) $function$;

CREATE OR REPLACE PROCEDURE private.refresh_panel(IN is_committing boolean DEFAULT true)
 LANGUAGE plpgsql
AS $procedure$
declare
    v_tenant_id uuid;
begin
    for v_tenant_id in select tenants.id from public.tenants order by tenants.id loop
        perform private.refresh_panel_for(v_tenant_id);
        if is_committing then
            commit;
        end if;
    end loop;
end;
$procedure$;

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

CREATE OR REPLACE PROCEDURE private.silence_dialer()
 LANGUAGE plpgsql
AS $procedure$
begin
    perform private.silence_closed_lists();
    commit;
    perform private.silence_closed_lists(may_wait => true);
end;
$procedure$;

ALTER TABLE "private"."failures_set_aside" ADD CONSTRAINT "failures_set_aside_by_fkey" FOREIGN KEY (set_aside_by) REFERENCES auth.users(id);

ALTER TABLE "private"."failures_set_aside" ADD CONSTRAINT "failures_set_aside_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_kpis" ADD CONSTRAINT "panel_kpis_unit_is_known" CHECK ((unit = ANY (ARRAY['count'::text, 'cents'::text, 'micros'::text, 'percent'::text, 'ratio'::text, 'rate'::text, 'seconds'::text, 'hours'::text, 'per_hour'::text, 'cents_per_hour'::text, 'days'::text])));

ALTER TABLE "private"."panel_month_facts" ADD CONSTRAINT "panel_month_facts_month_fkey" FOREIGN KEY (tenant_id, month) REFERENCES private.panel_months(tenant_id, month) ON DELETE CASCADE;

ALTER TABLE "private"."panel_months" ADD CONSTRAINT "panel_months_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_provisional" ADD CONSTRAINT "panel_provisional_day_fkey" FOREIGN KEY (tenant_id, day) REFERENCES private.panel_stock_days(tenant_id, day);

ALTER TABLE "private"."panel_reachable" ADD CONSTRAINT "panel_reachable_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_titles" ADD CONSTRAINT "panel_titles_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE INDEX dialer_moves_of_export ON private.dialer_moves USING btree (export_id);

CREATE INDEX failures_set_aside_by_whom ON private.failures_set_aside USING btree (set_aside_by);

CREATE INDEX panel_month_facts_of_month ON private.panel_month_facts USING btree (tenant_id, month);

CREATE INDEX panel_titles_by_age ON private.panel_titles USING btree (tenant_id, due_on, debt_id);

CREATE INDEX panel_titles_new ON private.panel_titles USING btree (tenant_id, from_day) WHERE is_entry;

CREATE INDEX audit_log_naming_clients ON public.audit_log USING btree (tenant_id, ((COALESCE(after, before) ->> 'client_id'::text))) WHERE ((action = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text])) AND (COALESCE(after, before) ? 'client_id'::text));

CREATE INDEX audit_log_of_blocked_numbers ON public.audit_log USING btree (tenant_id, ((COALESCE(after, before) ->> 'phone'::text))) WHERE ((table_name = 'suppressions'::text) AND (action = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text])));

CREATE INDEX message_logs_of_run ON public.message_logs USING btree (tenant_id, automation_run_id) WHERE (automation_run_id IS NOT NULL);

CREATE INDEX suppressions_of_wishes ON public.suppressions USING btree (tenant_id, created_at) WHERE (reason = 'opted_out'::text);

CREATE TRIGGER _300_follow_up AFTER INSERT ON public.call_dispositions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_call_dispositions__follow_up();

CREATE TRIGGER _420_note_moves_delete AFTER DELETE ON public.client_addresses REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_places__note_moves();

CREATE TRIGGER _420_note_moves_insert AFTER INSERT ON public.client_addresses REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_places__note_moves();

CREATE TRIGGER _420_note_moves_update AFTER UPDATE ON public.client_addresses REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_places__note_moves();

CREATE TRIGGER _420_note_moves_delete AFTER DELETE ON public.client_phones REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_places__note_moves();

CREATE TRIGGER _420_note_moves_insert AFTER INSERT ON public.client_phones REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_places__note_moves();

CREATE TRIGGER _420_note_moves_update AFTER UPDATE ON public.client_phones REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_client_phones__note_moves();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.client_phones REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('phone_tail', 'has_whatsapp', 'whatsapp_retry_at');

CREATE TRIGGER _420_note_moves AFTER UPDATE ON public.clients REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_clients__note_moves();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.imports REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_imports__stock();

CREATE TRIGGER _300_tell_rules AFTER UPDATE ON public.message_templates REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_message_templates__tell_rules();

COMMENT ON FUNCTION "private"."apply_provider_events"(integer) IS 'Number of events handled, at most `max` and twenty calls that are over; 0: nothing visible; null:
another drain is at them. Call again while it is not 0; before leaving ask events_pause.';

COMMENT ON FUNCTION "private"."hold_numbers"(uuid[]) IS 'Which messages would reach a telephone that another number of ours has just written to.';

COMMENT ON FUNCTION "private"."now"() IS 'The present instant of the product (real time plus shift).';

COMMENT ON FUNCTION "private"."prove_before"() IS 'One step; every minute of the night until all is asked.';

COMMENT ON FUNCTION "private"."record_call"(uuid, jsonb, timestamp with time zone) IS 'recorded | known | payload_invalid.';

COMMENT ON FUNCTION "private"."record_payment_event"(uuid, text, jsonb) IS 'source: lookup | sweep. item: {reference, status_code, status_text, paid_on, paid_cents,
amount_cents, link, digitable_line, pix_code, pdf_url, copy (of a sweep)}. Answers recorded, repeated, orphan,
contradiction, open, registering, cancelled or ignored.';

COMMENT ON FUNCTION "private"."require_reason"(text, boolean) IS 'Without blanks at its ends; null where none is wanted and none was given.';

COMMENT ON FUNCTION "private"."silence_closed_lists"(boolean) IS 'Lists that are to be silent from now on; may_wait: also those that somebody holds.';

COMMENT ON FUNCTION "private"."take_templates"(uuid, jsonb, text[], text[]) IS 'Whole lists in the words of providers/whatsapp.py KnownTemplate, each with its account, the
accounts that answered and those that did not → {error: null | templates_missing, listed, gone,
accounts: which listed nothing}.';

COMMENT ON FUNCTION "public"."bring_back_failures"(jsonb) IS 'Supervisor: [{kind, id}] that were set aside are on the list again → how many. Errors:
selection_invalid.';

COMMENT ON FUNCTION "public"."bulk_assign"(jsonb, uuid) IS 'Supervisor: gives the selected clients to a member (null: to nobody) → {selected, changed, hidden};
hidden: not among the selected, because the member does not see their creditors.';

COMMENT ON FUNCTION "public"."bulk_eligibility"(jsonb, text, uuid) IS '{action, selected, eligible, is_estimate, excluded: [{reason, count}], next_allowed_at}; actions:
dialer whatsapp assign tag export; assignee: who would take them, if that is known.';

COMMENT ON FUNCTION "public"."dispose_wrong_number"(uuid, uuid, text, text, text) IS 'A disposition that says somebody else is at `phone`, one of the client''s, or once. 400
field_invalid, and as inserting one.';

COMMENT ON FUNCTION "public"."integration_page"() IS 'Admin: [{provider, words: null | {name, what, where, webhook, account}, fields: [{field, is_secret,
is_required, pattern, label, help, placeholder}], connected: null | {id,
settings, is_active, secrets: [{field, ends?, at?}], last_event_at, silent_since, failing_since,
failure_detail, paused_until, previous_key_until, tested_at, test_verdict}}].';

COMMENT ON FUNCTION "public"."list_failures"(text[], text, integer, boolean) IS 'Supervisor: {rows: [{kind, id, failed_at, client_id, client_name, title, reason, detail,
may_retry}], next}, newest first; kinds: automation message charge batch import dialer_export job
webhook; aside: those that somebody set aside instead. Errors: filter_invalid, invalid_cursor.';

COMMENT ON FUNCTION "public"."panel_board"() IS 'Supervisor: {now, today, people: [{id, name, role, serving: {client_id, client, document, since} |
null, state: {state, reason, since} | null, seen_at, last_disposition_at, alarm: {kind: pause |
wrap_up, since, usual_seconds?} | null, dispositions, right_party, agreements, agreed_cents}],
waiting: [{kind, is_decision, count, oldest_at}], queues: [{kind, count, oldest_at}], providers: [{provider, last_event_at, silent_since,
failing_since}]}.';

COMMENT ON FUNCTION "public"."panel_cohorts"(jsonb) IS 'Supervisor. filter as panel_numbers (people do not matter) → [{month (YYYY-MM of entry), titles,
cents (principal as it came), paid: {months since: cents}}] of the twelve months to the period''s end.';

COMMENT ON FUNCTION "public"."panel_rows"(text, text, jsonb, text, integer) IS 'Supervisor. part numerator | denominator; filter as panel_numbers → {rows: [{source, source_id,
day, at, amount, client, operator, creditor, title?: {contract, installment, due_on}}], next, day?,
asked_day? (a stock''s record)}. What is counted in clients is the different clients of these rows. PT404 panel_kpi_unknown, PT400 filter_invalid, unknown_filter.';

COMMENT ON FUNCTION "public"."panel_stock_rows"(text, text, jsonb, text, text, integer) IS 'Supervisor. What panel_portfolio and panel_cohorts sum. part bands | opening | recovered (band
null: titles that came later) | rolled (outcome null: all of the band) | cohort | cohort_paid (band:
YYYY-MM of entry; outcome: months since, null: all); filter as panel_numbers → as panel_rows.
PT404 panel_kpi_unknown, PT400 filter_invalid, unknown_filter.';

COMMENT ON FUNCTION "public"."reactivate_agreement"(uuid, text, date) IS 'Supervisor. {agreement_id, status}. PT400 first_due_missing, PT409 transition_illegal,
debt_in_agreement, debt_not_collectable, above_every_limit, PT403 approval_above_role.';

COMMENT ON FUNCTION "public"."set_aside_failures"(jsonb) IS 'Supervisor: [{kind, id}] leave the list until they fail anew → how many. Errors:
selection_invalid.';

COMMENT ON PROCEDURE "private"."refresh_panel"(boolean) IS 'is_committing: false leaves everything to the caller''s transaction. Without it the numbers of
events are exact, and slow; a day''s stock is lost.';

COMMENT ON PROCEDURE "private"."repeat_erasures"(boolean) IS 'is_committing: false leaves everything to the caller''s transaction.';

COMMENT ON TABLE "private"."dialer_moves" IS 'States that lists of the dialer did not know of yet.';

COMMENT ON TABLE "private"."failures_set_aside" IS 'Failures somebody has seen and lets be: who, when.';

COMMENT ON TABLE "private"."field_words" IS 'Labels of integration_fields, where an adapter has them.';

COMMENT ON TABLE "private"."panel_month_facts" IS 'Derived: panel_facts by the month.';

COMMENT ON TABLE "private"."panel_months" IS 'Months whose facts and sets are kept as one.';

COMMENT ON TABLE "private"."panel_provisional" IS 'Late installments at the opening of a day.';

COMMENT ON TABLE "private"."panel_reachable" IS 'Who could and might be contacted, record to record.';

COMMENT ON TABLE "private"."panel_titles" IS 'How each title stood, from record to record.';

COMMENT ON TABLE "private"."proof_backlog" IS 'The client up to whom old messages were asked.';

COMMENT ON TABLE "private"."proved_numbers" IS 'Phones a message arrived at, not yet noted there.';

COMMENT ON TABLE "private"."whatsapp_providers" IS 'What each WhatsApp adapter declares of itself.';

REVOKE ALL ON FUNCTION "private"."accept_invitation"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."address_invitation"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."address_invitation"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."analyze_imported"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_call_event"(uuid, interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_event"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit_of"(private.person) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."band_edges"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."batch_exclusion"(text[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_erasures"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."board_alarm"(uuid, uuid, text, text, timestamp with time zone, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."bring_back_failures"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."bring_back_failures"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."bulk_eligibility"(jsonb, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."bulk_eligibility"(jsonb, text, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."end_calls"(uuid[], timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."end_erasures"(bigint, integer, jsonb, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erasures_due"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."failed_work"(uuid, text[], timestamp with time zone, text, integer, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follow_moves"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follow_number"(uuid, uuid, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_operator_states"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."handle_events"(bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."has_dialer_lists"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."has_panel_rows"(uuid, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_numbers"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."insert_chunk_debts"(private.import_chunks, boolean, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_derived_already"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_rehearsed"(public.collection_rules) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_repeated_disposition"(public.call_dispositions) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_set_aside"(uuid, text, text, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_stock_early"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_callbacks"(uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_month_facts"(uuid, date[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."kept_bytes"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."knows_titles_since"(uuid, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."list_failures"(text[], text, integer, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_failures"(text[], text, integer, boolean) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."make_callbacks"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."months_since"(timestamp with time zone, text, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_moves"(uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_provisional"(uuid, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_reachable"(uuid, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_set_aside"(text, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_titles"(uuid, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."now"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."now"() TO "authenticated", "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."open_in_scope"(uuid, uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."over_caps"(uuid, uuid, public.channel, date[], timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."own_talks"(uuid[], uuid[], boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_answers"(uuid, text, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_cohort_months"(private.panel_scope) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_cohort_page"(private.panel_scope, text, text, text, text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_cohorts"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."panel_cohorts"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."panel_day_with_rows"(uuid, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_page"(uuid, private.panel_event[], integer, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_provisional_found"(private.panel_scope, date, date, uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_recovered_found"(private.panel_scope, smallint, date, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_rolled"(uuid, date, date, smallint, text, uuid[], date, uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_stock_day"(private.panel_scope) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_stock_found"(private.panel_scope, text, date, smallint, text, date, uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_stock_page"(private.panel_scope, text, smallint, text, text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_stock_people"(private.panel_scope, text, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_stock_rows"(text, text, text, jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."panel_stock_rows"(text, text, text, jsonb, text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."panel_value"(text, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."phone_health"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."prove_before"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."prove_numbers"(interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."prove_whatsapp"(uuid, uuid, text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."queue_provider_event"(private.provider_events) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_events"(boolean, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."record_call"(uuid, jsonb, timestamp with time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."record_call"(uuid, jsonb, timestamp with time zone) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."refresh_panel_for"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."repeat_erasure"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_allowed"(private.offer_facts, uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_failures"(jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_forgivable"(public.agreements, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_reason"(text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."retryable_of"(public.message_batches, text[], jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."revival_facts"(public.agreements, private.owed_debt[], bigint, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sees_results"(public.dialer_exports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."set_aside_failures"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."set_aside_failures"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."silence_closed_lists"(boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."store_provider_event"(public.provider_name, text, text, text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_proofs"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_templates"(uuid, jsonb, text[], text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."take_templates"(uuid, jsonb, text[], text[]) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."template_values"(uuid, text[], uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_call_dispositions__follow_up"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_client_phones__note_moves"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_clients__note_moves"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_imports__stock"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_message_templates__tell_rules"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_places__note_moves"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."told_again"(jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."told_payment_key"(uuid, jsonb, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."too_soon"(date[], integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."usual_wrap_up"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."values_of_people"(uuid[], text[], uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."with_creditor_names"(jsonb, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."wording_of"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "public"."bring_back_failures"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."bring_back_failures"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."bulk_eligibility"(jsonb, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."bulk_eligibility"(jsonb, text, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_failures"(text[], text, integer, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_failures"(text[], text, integer, boolean) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_cohorts"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_cohorts"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_stock_rows"(text, text, jsonb, text, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_stock_rows"(text, text, jsonb, text, text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."set_aside_failures"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."set_aside_failures"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON PROCEDURE "private"."refresh_panel"(boolean) FROM PUBLIC;

REVOKE ALL ON PROCEDURE "private"."repeat_erasures"(boolean) FROM PUBLIC;

REVOKE ALL ON PROCEDURE "private"."silence_dialer"() FROM PUBLIC;

ALTER TABLE "private"."failures_set_aside" ADD COLUMN "set_aside_at" timestamp with time zone NOT NULL DEFAULT private.now();

-- Rows of reference tables and jobs, which a differ does not see.
select cron.schedule('forget-uploads', '* * * * *', 'select private.forget_uploads()');

select cron.schedule('analyze-imported', '* * * * *', 'select private.analyze_imported()');

select cron.schedule('prove-before', '* 3-7 * * *', 'select private.prove_before()');

select cron.schedule('prove-numbers', '27 5 * * *', $$select private.prove_numbers('2 days')$$);

select cron.schedule('refresh-panel', '*/5 * * * *', 'call private.refresh_panel()');

select cron.schedule(
    'forget-operator-states', '41 4 * * *', 'select private.forget_operator_states()'
);

insert into private.panel_kpis (
    position, section, code, name, unit, date_basis, numerator, numerator_as, denominator,
    denominator_as, formula, sentence
)
values
(
    46, 'money', 'provisional', 'Quebra provisória', 'cents', 'abertura do último dia',
    'stock_provisional', 'amount', null, null, 'parcelas de D+4 a D+10 ainda não pagas',
    'O que falta pagar das parcelas atrasadas que ainda não viraram quebra, pelos prazos da'
    || ' política de cada credor. É uma fotografia da abertura do dia.'
),
(
    55, 'portfolio', 'eligible_titles', 'Títulos elegíveis', 'count', 'abertura do último dia',
    'stock_eligible_title', 'events', null, null, 'títulos em aberto da carteira elegível',
    'Títulos em aberto de quem pode e dá para contatar. É uma fotografia da abertura do dia.'
),
(
    56, 'portfolio', 'debt_ticket', 'Ticket médio da dívida', 'cents', 'abertura do último dia',
    'stock', 'amount', 'stock', 'clients', 'saldo em carteira ÷ clientes que devem',
    'Quanto cada cliente com título em carteira deve, em média, de principal.'
),
(
    57, 'portfolio', 'entries', 'Entradas na carteira', 'cents', 'dia da entrada',
    'stock_entered', 'amount', null, null, 'principal dos títulos que chegaram',
    'Principal dos títulos que entraram na carteira depois da abertura do primeiro dia. Quem entra'
    || ' e sai no mesmo dia não aparece.'
),
(
    58, 'portfolio', 'cei', 'Eficácia de cobrança (CEI)', 'percent', 'do primeiro ao último dia',
    'stock_collected', 'amount', 'stock_collectable', 'amount',
    '(saldo inicial + entradas − saldo final) ÷ (saldo inicial + entradas − a vencer no final)',
    'Visão do credor: do que podia ter saído da carteira no período, quanto saiu, por pagamento ou'
    || ' devolução. Precisa da fotografia do primeiro dia.'
),
(
    59, 'portfolio', 'dso', 'Prazo médio de recebimento (DSO)', 'days', 'do primeiro ao último dia',
    'stock', 'amount', 'stock_entered', 'amount', 'saldo final ÷ entradas × dias do período',
    'Visão do credor: quantos dias de entradas a carteira representa. Sem entradas no período não'
    || ' há o que dividir.'
),
(
    19, 'contact', 'dispositions', 'Tabulações', 'count', 'dia do contato',
    'disposition', 'events', null, null, 'contatos que um operador tabulou',
    'Ligações e outros contatos que uma pessoa tabulou. O que foi desfeito não conta, nem o que o'
    || ' discador encerrou sozinho.'
),
(
    33, 'agreement', 'broken_first', 'Quebra na 1ª parcela', 'percent', 'dia da quebra',
    'broke_1', 'events', 'broke', 'events', 'quebras na 1ª parcela ÷ quebras',
    'Dos acordos que quebraram no período, quantos pararam na entrada ou primeira parcela: a menor'
    || ' que ficou sem pagar.'
),
(
    34, 'agreement', 'broken_second', 'Quebra na 2ª parcela', 'percent', 'dia da quebra',
    'broke_2', 'events', 'broke', 'events', 'quebras na 2ª parcela ÷ quebras',
    'Dos acordos que quebraram no período, quantos pagaram só a primeira parcela.'
),
(
    35, 'agreement', 'broken_third', 'Quebra na 3ª parcela', 'percent', 'dia da quebra',
    'broke_3', 'events', 'broke', 'events', 'quebras na 3ª parcela ÷ quebras',
    'Dos acordos que quebraram no período, quantos pararam na terceira parcela.'
),
(
    36, 'agreement', 'broken_later', 'Quebra da 4ª em diante', 'percent', 'dia da quebra',
    'broke_later', 'events', 'broke', 'events', 'quebras da 4ª parcela em diante ÷ quebras',
    'Dos acordos que quebraram no período, quantos já tinham pago três parcelas ou mais.'
),
(
    37, 'agreement', 'discount_principal', 'Desconto no principal', 'percent',
    'dia da formalização',
    'agreement_discount_principal', 'amount', 'agreement_value_principal', 'amount',
    'desconto no principal ÷ principal',
    'De cada real de principal dos acordos fechados, quanto foi abatido.'
),
(
    38, 'agreement', 'discount_correction', 'Desconto na correção', 'percent',
    'dia da formalização',
    'agreement_discount_correction', 'amount', 'agreement_value_correction', 'amount',
    'desconto na correção ÷ correção monetária',
    'De cada real de correção monetária dos acordos fechados, quanto foi abatido.'
),
(
    39, 'agreement', 'discount_interest', 'Desconto nos juros', 'percent', 'dia da formalização',
    'agreement_discount_interest', 'amount', 'agreement_value_interest', 'amount',
    'desconto nos juros ÷ juros',
    'De cada real de juros dos acordos fechados, quanto foi abatido.'
),
(
    47, 'agreement', 'discount_fine', 'Desconto na multa', 'percent', 'dia da formalização',
    'agreement_discount_fine', 'amount', 'agreement_value_fine', 'amount',
    'desconto na multa ÷ multa',
    'De cada real de multa dos acordos fechados, quanto foi abatido.'
),
(
    48, 'agreement', 'discount_fee', 'Desconto nos honorários', 'percent', 'dia da formalização',
    'agreement_discount_fee', 'amount', 'agreement_value_fee', 'amount',
    'desconto nos honorários ÷ honorários',
    'De cada real de honorários dos acordos fechados, quanto foi abatido.'
),
(
    73, 'contact', 'phone_hit_rate', 'Acerto de telefone', 'percent', 'dia da ligação',
    'phone_hit', 'events', 'phone_tried', 'events', 'telefones com CPC ÷ telefones discados',
    'Dos telefones discados, em quantos se achou a pessoa certa. Cada telefone conta uma vez por'
    || ' dia.'
),
(
    74, 'contact', 'answers', 'WhatsApp respondido', 'percent', 'dia da resposta',
    'message_answered', 'events', 'message_delivered', 'events', 'respostas ÷ entregues',
    'Quantas vezes o cliente respondeu a uma mensagem nossa em até 24 horas, sobre as entregues no'
    || ' período. O que ele escreve em seguida é a mesma resposta.'
),
(
    75, 'contact', 'opt_outs', 'Descadastros', 'percent', 'dia do pedido',
    'message_opted_out', 'events', 'message_delivered', 'events', 'pedidos para sair ÷ entregues',
    'Quantas pessoas pediram por WhatsApp para não receber mais mensagens, sobre as entregues.'
),
(
    76, 'contact', 'failed_rate', 'WhatsApp recusado', 'percent', 'dia do envio',
    'message_failed', 'events', 'message_accepted', 'events', 'falhas depois do aceite ÷ aceitas',
    'Das mensagens que o provedor aceitou, quantas o WhatsApp depois recusou.'
),
(
    77, 'contact', 'failed_number', 'Recusa: número sem WhatsApp', 'percent', 'dia do envio',
    'message_failed_number', 'events', 'message_accepted', 'events',
    'recusas por número ÷ aceitas',
    'Das aceitas, quantas não tinham WhatsApp naquele número.'
),
(
    78, 'contact', 'failed_policy', 'Recusa: regra do WhatsApp', 'percent', 'dia do envio',
    'message_failed_policy', 'events', 'message_accepted', 'events',
    'recusas por regra ÷ aceitas',
    'Das aceitas, quantas o WhatsApp segurou por regra sua. Alta, põe o número em risco.'
),
(
    79, 'contact', 'failed_opt_out', 'Recusa: cliente bloqueou', 'percent', 'dia do envio',
    'message_failed_opt_out', 'events', 'message_accepted', 'events',
    'recusas por bloqueio do cliente ÷ aceitas',
    'Das aceitas, quantas o cliente já tinha pedido ao WhatsApp para não receber.'
),
(
    89, 'contact', 'failed_other', 'Recusa: outros motivos', 'percent', 'dia do envio',
    'message_failed_other', 'events', 'message_accepted', 'events',
    'outras recusas ÷ aceitas',
    'Das aceitas, quantas falharam por configuração, por modelo recusado ou sem causa conhecida.'
),
(
    90, 'cost', 'cost_per_answer', 'Custo por resposta', 'micros', 'dia de cada evento',
    'cost_message', 'amount', 'message_answered', 'events', 'custo de WhatsApp ÷ respostas',
    'Quanto se gastou em mensagens para cada resposta de cliente.'
);

select cron.schedule('settle-exports', '* * * * *', 'select private.settle_exports()');

insert into private.whatsapp_providers (
    provider, label, what, guide, account_field, account_label, says_account, listed_by,
    verified_by, webhook
)
values
(
    'gupshup', 'Gupshup', 'WhatsApp: disparos, conversas e recibos pela Gupshup.',
    'No painel da Gupshup: o app → Webhooks → Callback URL, com todos os eventos.', 'app_name',
    'Nome do app na Gupshup', true, 'app_name', array[]::text[], 'gupshup-webhook'
),
(
    'meta', 'Meta (WhatsApp Cloud API)', 'WhatsApp direto com a Meta, sem intermediário.',
    'No app da Meta: WhatsApp → Configuração → Webhook; o token de verificação é o '
    || 'do formulário.',
    'phone_number_id', 'ID do número (phone_number_id)', false, 'waba_id',
    array['app_secret', 'verify_token']::text[], 'meta-webhook'
);

insert into private.field_words (provider, field, label, help, placeholder)
values
('gupshup', 'app_name', 'Nome do app', 'Como está no painel da Gupshup, letra por letra.', null),
(
    'gupshup', 'source', 'Número de envio',
    'Com 55 e DDD, só números. Outros números do mesmo provedor entram em WhatsApp.',
    '5511999990000'
),
('gupshup', 'api_key', 'Chave da API (apikey)', null, null),
('gupshup', 'app_id', 'ID do app', 'Opcional; com ele os modelos são lidos em páginas.', null),
('meta', 'waba_id', 'ID da conta do WhatsApp Business', 'WABA ID, só números.', null),
('meta', 'phone_number_id', 'ID do número de telefone', 'phone_number_id: não é o telefone.', null),
('meta', 'source', 'Número de envio', 'Com 55 e DDD, só números.', '5511999990000'),
('meta', 'api_version', 'Versão da API', null, 'v25.0'),
('meta', 'access_token', 'Token de acesso', 'De um usuário do sistema, sem data de fim.', null),
(
    'meta', 'app_secret', 'Chave secreta do app', 'Com ela conferimos a assinatura de cada aviso.',
    null
),
(
    'meta', 'verify_token', 'Token de verificação',
    'Uma palavra sua; a Meta a repete ao ligar o webhook.', null
);

select cron.schedule('silence-dialer', '* * * * *', 'call private.silence_dialer()');

insert into private.personal_tables (place, table_name, area, finds, erases)
select
    listed.place,
    listed.table_name,
    'ledger' as area,
    'kept.tenant_id = ($1).tenant_id and kept.client_id = ($1).client_id' as finds,
    null as erases
from (
    values
    (67, 'private.panel_titles'),
    (68, 'private.panel_reachable'),
    (69, 'private.panel_provisional')
) as listed (place, table_name);

select cron.schedule('repeat-erasures', '17 5 * * *', 'call private.repeat_erasures()');

-- The month that is under way keeps its opening, so that its roll is told when the next one begins.
-- How a title stood on the days since is in the sums alone (panel_stock_days.has_rows is false).
insert into private.panel_titles (
    tenant_id, debt_id, from_day, client_id, creditor_id, due_on, state, cents, is_entry
)
select was.tenant_id, was.debt_id, was.day, debts.client_id, debts.creditor_id, debts.due_on,
    case when was.was_agreed then 'agreed' else 'open' end, was.cents, true
from roll_titles_before as was
join public.debts on debts.tenant_id = was.tenant_id and debts.id = was.debt_id;

-- What is told besides (dispositions, phones, answers, components) is not in the days that are
-- kept: they are read anew, a month a run. Until then the numbers are exact, and slower.
select private.mark_panel_since(tenants.id, '-infinity') from public.tenants;

-- Each lane of the inbox finds its own without walking over the other's.
create index q_provider_events_of_calls on pgmq.q_provider_events (msg_id)
where (message ? 'is_call') is true;
create index q_provider_events_of_others on pgmq.q_provider_events (msg_id)
where (message ? 'is_call') is not true;

-- Calls that are over and wait in the queue go into the lane of their own.
update pgmq.q_provider_events as item set message = item.message || '{"is_call": true}'
from private.provider_events as event
where event.id = case when pg_input_is_valid(item.message ->> 'event_id', 'uuid')
    then (item.message ->> 'event_id')::uuid end
  and event.kind = 'call_finished';

-- A code is not a word of theirs, and is counted.
update private.personal_tables
set erases = replace(
    erases, 'case reason when ''Pedido da pessoa (LGPD)'' then',
    'case when reason in (''Pedido da pessoa (LGPD)'', ''opted_out'') then'
)
where table_name = 'public.suppressions';

-- The audit is long: its lines are found by index, one person's at a time.
update private.personal_tables
set finds = 'kept.tenant_id = ($1).tenant_id
        and not coalesce(kept.after, kept.before, ''{}'') ? ''erased''
        and kept.id = any(array(select private.audit_of($1)))'
where table_name = 'public.audit_log';

-- A filter's null is refused from now on; one that was stored means what it meant, no filter.
update public.segments set filter = jsonb_strip_nulls(filter)
where filter <> jsonb_strip_nulls(filter);
update public.collection_rules set filter = jsonb_strip_nulls(filter)
where filter <> jsonb_strip_nulls(filter);

-- What messages of before proved of numbers nobody had noted: the next nights do, a step a minute.
insert into private.proof_backlog (after_client_id)
select '00000000-0000-0000-0000-000000000000' where exists (select from public.message_logs);

-- A send that is open goes on by what its author may see now.
update public.message_batches as batch
set creditor_scope = private.creditor_scope_of(batch.tenant_id, batch.created_by)
where batch.status not in ('done', 'cancelled') and batch.creditor_scope is null;
