-- Channels (WhatsApp through two providers, bulk sends, conversations, the dialer), the agenda, rules
-- with versions, and the panel's numbers.
-- Locks: `message_logs`, `message_templates` and `client_phones` gain columns without a rewrite; new
-- constraints and indexes of `message_logs` and the BRIN indexes of calls and dispositions read them
-- once under lock, so apply it at night.
-- Schema first, functions after: the functions of the release before keep working on it.

set local check_function_bodies = off;

-- Names of files longer than the new bound keep their beginning.
update public.imports set file_name = left(file_name, 255) where length(file_name) > 255;

-- What each rule did becomes its first step, below, when there is a table for it.
create temporary table steps_before on commit drop as
select tenant_id, id as rule_id, template_id from public.collection_rules;


REVOKE ALL ("disposition_type") ON TABLE "public"."collection_rules" FROM "authenticated";

REVOKE ALL ("id") ON TABLE "public"."collection_rules" FROM "authenticated";

REVOKE ALL ("is_enabled") ON TABLE "public"."collection_rules" FROM "authenticated";

REVOKE ALL ("name") ON TABLE "public"."collection_rules" FROM "authenticated";

REVOKE ALL ("tenant_id") ON TABLE "public"."collection_rules" FROM "authenticated";

DROP POLICY "agreement_debts_select_member" ON "public"."agreement_debts";

DROP POLICY "agreement_events_select_member" ON "public"."agreement_events";

DROP POLICY "agreements_select_member" ON "public"."agreements";

DROP POLICY "automation_runs_select_member" ON "public"."automation_runs";

DROP POLICY "call_dispositions_insert_self" ON "public"."call_dispositions";

DROP POLICY "call_dispositions_select_member" ON "public"."call_dispositions";

DROP POLICY "callbacks_select_member" ON "public"."callbacks";

DROP POLICY "charges_select_member" ON "public"."charges";

DROP POLICY "client_addresses_delete_supervisor" ON "public"."client_addresses";

DROP POLICY "client_addresses_insert_supervisor" ON "public"."client_addresses";

DROP POLICY "client_addresses_select_member" ON "public"."client_addresses";

DROP POLICY "client_addresses_update_supervisor" ON "public"."client_addresses";

DROP POLICY "client_assignments_select_member" ON "public"."client_assignments";

DROP POLICY "client_phones_delete_supervisor" ON "public"."client_phones";

DROP POLICY "client_phones_insert_supervisor" ON "public"."client_phones";

DROP POLICY "client_phones_select_member" ON "public"."client_phones";

DROP POLICY "client_phones_update_supervisor" ON "public"."client_phones";

DROP POLICY "client_tags_delete_member" ON "public"."client_tags";

DROP POLICY "client_tags_insert_member" ON "public"."client_tags";

DROP POLICY "client_tags_select_member" ON "public"."client_tags";

DROP POLICY "clients_insert_supervisor" ON "public"."clients";

DROP POLICY "clients_select_member" ON "public"."clients";

DROP POLICY "clients_update_supervisor" ON "public"."clients";

DROP POLICY "collection_rules_insert_admin" ON "public"."collection_rules";

DROP POLICY "collection_rules_update_admin" ON "public"."collection_rules";

DROP POLICY "creditors_select_member" ON "public"."creditors";

DROP POLICY "debt_marks_select_member" ON "public"."debt_marks";

DROP POLICY "debts_select_member" ON "public"."debts";

DROP POLICY "import_rejects_select_supervisor" ON "public"."import_rejects";

DROP POLICY "imports_select_member" ON "public"."imports";

DROP POLICY "installments_select_member" ON "public"."installments";

DROP POLICY "manual_settlements_select_member" ON "public"."manual_settlements";

DROP POLICY "message_logs_select_member" ON "public"."message_logs";

DROP POLICY "negotiation_drafts_delete_own" ON "public"."negotiation_drafts";

DROP POLICY "negotiation_drafts_insert_own" ON "public"."negotiation_drafts";

DROP POLICY "negotiation_drafts_select_own" ON "public"."negotiation_drafts";

DROP POLICY "negotiation_drafts_update_own" ON "public"."negotiation_drafts";

DROP POLICY "payment_allocations_select_member" ON "public"."payment_allocations";

DROP POLICY "payment_cases_select_member" ON "public"."payment_cases";

DROP POLICY "payment_courses_select_member" ON "public"."payment_courses";

DROP POLICY "payment_reversals_select_member" ON "public"."payment_reversals";

DROP POLICY "payments_select_member" ON "public"."payments";

DROP POLICY "suppressions_delete_admin" ON "public"."suppressions";

DROP POLICY "suppressions_insert_member" ON "public"."suppressions";

DROP POLICY "suppressions_select_member" ON "public"."suppressions";

DROP TRIGGER "_500_broadcast" ON "public"."callbacks";

DROP TRIGGER "_900_audit_delete" ON "public"."callbacks";

DROP TRIGGER "_900_audit_insert" ON "public"."callbacks";

DROP TRIGGER "_900_audit_update" ON "public"."callbacks";

DROP TRIGGER "_900_audit_update" ON "public"."imports";

DROP TRIGGER "_900_audit_delete" ON "public"."integrations";

DROP TRIGGER "_900_audit_insert" ON "public"."integrations";

DROP TRIGGER "_900_audit_update" ON "public"."integrations";

DROP INDEX "public"."callbacks_due";

DROP INDEX "public"."clients_by_open_value";

DROP INDEX "public"."collection_rules_of_template";

ALTER TABLE "private"."download_tickets" DROP CONSTRAINT "download_tickets_purpose_is_known";

ALTER TABLE "public"."collection_rules" DROP CONSTRAINT "collection_rules_template_fkey";

ALTER TABLE "public"."message_templates" DROP CONSTRAINT "message_templates_name_is_unique";

ALTER TABLE "public"."message_templates" DROP CONSTRAINT "message_templates_variables_are_known";

DROP FUNCTION "private"."announce_import"(uuid, text, text, text, text, text, uuid);

DROP FUNCTION "private"."client_rows_sql"(text);

DROP FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer);

DROP FUNCTION "private"."end_callback"(uuid, public.callback_status);

DROP FUNCTION "private"."list_import_differences"(uuid, uuid);

DROP FUNCTION "private"."plan_client_rollback"(uuid, public.imports);

DROP FUNCTION "private"."plan_rollback"(uuid, public.imports);

DROP FUNCTION "private"."revoke_membership"(uuid);

DROP FUNCTION "private"."undo_import"(public.imports);

DROP FUNCTION "private"."unfinished_import"(uuid);

DROP FUNCTION "private"."update_chunk_people"(private.import_chunks, timestamp with time zone);

DROP FUNCTION "private"."whatsapp_contact"(uuid, uuid);

DROP FUNCTION "private"."write_chunk_debts"(private.import_chunks);

DROP FUNCTION "private"."write_chunk_people"(private.import_chunks);

DROP FUNCTION "private"."write_rollback"(uuid, public.imports);

DROP FUNCTION "public"."cancel_callback"(uuid);

DROP FUNCTION "public"."revoke_membership"(uuid);

ALTER TABLE "public"."collection_rules" DROP COLUMN "action";

ALTER TABLE "public"."collection_rules" DROP COLUMN "template_id";

CREATE TABLE "private"."area_codes" ("area_code" text NOT NULL, "uf" text NOT NULL, CONSTRAINT "area_codes_pkey" PRIMARY KEY (area_code));

ALTER TABLE "private"."area_codes" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."area_codes" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."batch_counts" ("batch_id" uuid NOT NULL, "key" text NOT NULL, "amount" bigint NOT NULL, CONSTRAINT "batch_counts_pkey" PRIMARY KEY (batch_id, key));

ALTER TABLE "private"."batch_counts" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."batch_counts" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."batch_deltas" ("id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL, "batch_id" uuid NOT NULL, "key" text NOT NULL, "delta" bigint NOT NULL, CONSTRAINT "batch_deltas_pkey" PRIMARY KEY (id));

ALTER TABLE "private"."batch_deltas" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."batch_deltas" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."batch_moves" ();

ALTER TABLE "private"."batch_moves" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."batch_moves" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."client_offers" ("tenant_id" uuid NOT NULL, "client_id" uuid NOT NULL, "operator_id" uuid NOT NULL, CONSTRAINT "client_offers_pkey" PRIMARY KEY (tenant_id, client_id, operator_id), "offered_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "private"."client_offers" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."client_offers" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."dialer_tasks" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "integration_id" uuid NOT NULL, "kind" text NOT NULL, "task_key" text NOT NULL, "export_id" uuid, "call_id" uuid, "part" integer, "payload" jsonb NOT NULL DEFAULT '{}'::jsonb, "status" text NOT NULL DEFAULT 'queued'::text, "attempt" integer NOT NULL DEFAULT 0, "failures" integer NOT NULL DEFAULT 0, "is_doubtful" boolean NOT NULL DEFAULT false, "lease_until" timestamp with time zone, "error_code" text, "error_detail" text, "done_at" timestamp with time zone, CONSTRAINT "dialer_tasks_are_wished_once" UNIQUE (integration_id, task_key), CONSTRAINT "dialer_tasks_kind_is_known" CHECK ((kind = ANY (ARRAY['list'::text, 'part'::text, 'file'::text, 'weight'::text, 'remove'::text, 'qualify'::text]))), CONSTRAINT "dialer_tasks_pkey" PRIMARY KEY (id), CONSTRAINT "dialer_tasks_status_is_known" CHECK ((status = ANY (ARRAY['queued'::text, 'sending'::text, 'done'::text, 'failed'::text, 'cancelled'::text]))), "next_attempt_at" timestamp with time zone NOT NULL DEFAULT private.now(), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "private"."dialer_tasks" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."dialer_tasks" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."import_rollbacks" ("import_id" uuid NOT NULL, "tenant_id" uuid NOT NULL, "code" text, "audit_id" bigint NOT NULL, "attempts" integer NOT NULL DEFAULT 0, "clients" integer NOT NULL, "clients_done" integer NOT NULL DEFAULT 0, "begun_at" timestamp with time zone NOT NULL, "begun_clients" integer NOT NULL DEFAULT 0, "done" jsonb NOT NULL, CONSTRAINT "import_rollbacks_pkey" PRIMARY KEY (import_id), CONSTRAINT "import_rollbacks_tenant_id_key" UNIQUE (tenant_id, import_id));

ALTER TABLE "private"."import_rollbacks" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."import_rollbacks" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."import_touches" ("tenant_id" uuid NOT NULL, "import_id" uuid NOT NULL, "client_id" uuid NOT NULL, CONSTRAINT "import_touches_pkey" PRIMARY KEY (tenant_id, import_id, client_id));

ALTER TABLE "private"."import_touches" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."import_touches" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."media_files" ("message_id" uuid NOT NULL, "tenant_id" uuid NOT NULL, "content" bytea NOT NULL, CONSTRAINT "media_files_content_fits" CHECK ((octet_length(content) <= 16777216)), CONSTRAINT "media_files_pkey" PRIMARY KEY (message_id));

ALTER TABLE "private"."media_files" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."media_files" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."opt_out_words" ("words" text NOT NULL, CONSTRAINT "opt_out_words_pkey" PRIMARY KEY (words), CONSTRAINT "opt_out_words_are_keys" CHECK ((words = private.search_key(words))));

ALTER TABLE "private"."opt_out_words" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."opt_out_words" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."outcome_words" ("code" text NOT NULL, "word" text NOT NULL, CONSTRAINT "outcome_words_pkey" PRIMARY KEY (code));

ALTER TABLE "private"."outcome_words" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."outcome_words" FORCE ROW LEVEL SECURITY;

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

CREATE TABLE "private"."published_rates" ("provider" public.provider_name NOT NULL, "category" text NOT NULL, "currency" text NOT NULL, "price_micros" bigint NOT NULL, "is_free_in_window" boolean NOT NULL, "valid_from" date NOT NULL, "source" text NOT NULL, CONSTRAINT "published_rates_pkey" PRIMARY KEY (provider, category, valid_from));

ALTER TABLE "private"."published_rates" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."published_rates" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."rollback_chunks" ("import_id" uuid NOT NULL, "tenant_id" uuid NOT NULL, "place" integer NOT NULL, "created" uuid[] NOT NULL, "known" uuid[] NOT NULL, CONSTRAINT "rollback_chunks_pkey" PRIMARY KEY (import_id, place));

ALTER TABLE "private"."rollback_chunks" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."rollback_chunks" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."rule_sweeps" ("rule_id" uuid NOT NULL, "tenant_id" uuid NOT NULL, "swept_on" date NOT NULL, CONSTRAINT "rule_sweeps_pkey" PRIMARY KEY (rule_id));

ALTER TABLE "private"."rule_sweeps" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."rule_sweeps" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."sender_buckets" ("tenant_id" uuid NOT NULL, "sender_id" uuid NOT NULL, "tokens" double precision NOT NULL, "refilled_at" timestamp with time zone NOT NULL, "last_claimed_at" timestamp with time zone, "holder" uuid, CONSTRAINT "sender_buckets_pkey" PRIMARY KEY (sender_id));

ALTER TABLE "private"."sender_buckets" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."sender_buckets" FORCE ROW LEVEL SECURITY;

CREATE TABLE "private"."whatsapp_forms" ("tenant_id" uuid NOT NULL, "phone_key" text NOT NULL, "phone" text NOT NULL, CONSTRAINT "whatsapp_forms_pkey" PRIMARY KEY (tenant_id, phone_key), "learnt_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "private"."whatsapp_forms" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."whatsapp_forms" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."agenda_policies" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "release_after_minutes" integer NOT NULL DEFAULT 15, CONSTRAINT "agenda_policies_pkey" PRIMARY KEY (id), CONSTRAINT "agenda_policies_release_within_a_day" CHECK (((release_after_minutes >= 1) AND (release_after_minutes <= 1440))), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "agenda_policies_one_per_tenant" UNIQUE (tenant_id));

ALTER TABLE "public"."agenda_policies" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."agenda_policies" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."automation_policies" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "undo_seconds" smallint NOT NULL DEFAULT 10, "is_stopped" boolean NOT NULL DEFAULT false, "stopped_channels" public.channel[] NOT NULL DEFAULT '{}'::public.channel[], CONSTRAINT "automation_policies_pkey" PRIMARY KEY (id), CONSTRAINT "automation_policies_undo_within_a_minute" CHECK (((undo_seconds >= 0) AND (undo_seconds <= 60))), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "automation_policies_one_per_tenant" UNIQUE (tenant_id));

ALTER TABLE "public"."automation_policies" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."automation_policies" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."batch_recipients" ("tenant_id" uuid NOT NULL, "batch_id" uuid NOT NULL, "client_id" uuid NOT NULL, "reason" text, "message_id" uuid, "failures" smallint NOT NULL DEFAULT 0, "lease_until" timestamp with time zone, CONSTRAINT "batch_recipients_pkey" PRIMARY KEY (batch_id, client_id), CONSTRAINT "batch_recipients_reason_is_code" CHECK ((reason ~ '^[a-z_]+$'::text)), "not_before" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."batch_recipients" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."batch_recipients" FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."batch_recipients" SET (fillfactor=70, autovacuum_vacuum_scale_factor=0.02);

CREATE TABLE "public"."call_sweeps" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "integration_id" uuid NOT NULL, "from_at" timestamp with time zone NOT NULL, "until_at" timestamp with time zone NOT NULL, "finished_at" timestamp with time zone, "listed" integer, "recovered" integer, "failure" text, CONSTRAINT "call_sweeps_pkey" PRIMARY KEY (id), "started_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."call_sweeps" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."call_sweeps" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."calls" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "integration_id" uuid NOT NULL, "external_id" text COLLATE pg_catalog."C", "telephony_id" text COLLATE pg_catalog."C", "client_id" uuid, "phone" text COLLATE pg_catalog."C", "identifier" text, "campaign_id" bigint, "campaign_name" text, "list_id" bigint, "agent_id" bigint, "operator_id" uuid, "mode" text, "disposition_id" uuid, "outcome_type" text, "qualification_id" bigint, "qualification_name" text, "qualification_note" text, "qualify_status" text, "hangup_cause" integer, "talk_seconds" integer, "billed_seconds" integer, "is_recorded" boolean NOT NULL DEFAULT false, "called_at" timestamp with time zone NOT NULL, "connected_at" timestamp with time zone, "ended_at" timestamp with time zone, CONSTRAINT "calls_are_named" CHECK (((external_id IS NOT NULL) OR (telephony_id IS NOT NULL))), CONSTRAINT "calls_have_one_outcome" CHECK (((disposition_id IS NULL) OR (outcome_type IS NULL))), CONSTRAINT "calls_phone_is_e164" CHECK ((phone ~ '^\+[1-9][0-9]{7,14}$'::text)), CONSTRAINT "calls_pkey" PRIMARY KEY (id), CONSTRAINT "calls_qualify_status_is_known" CHECK ((qualify_status = ANY (ARRAY['queued'::text, 'done'::text, 'failed'::text, 'no_mapping'::text, 'no_agent_token'::text]))), CONSTRAINT "calls_tenant_id_key" UNIQUE (tenant_id, id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."calls" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."calls" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."canned_replies" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "shortcut" text NOT NULL, "body" text NOT NULL, CONSTRAINT "canned_replies_body_fits" CHECK (((length(btrim(body)) >= 1) AND (length(btrim(body)) <= 4096))), CONSTRAINT "canned_replies_pkey" PRIMARY KEY (id), CONSTRAINT "canned_replies_shortcut_has_shape" CHECK ((shortcut ~ '^[a-z0-9-]{1,40}$'::text)), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "canned_replies_shortcut_is_unique" UNIQUE (tenant_id, shortcut), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."canned_replies" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."canned_replies" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."client_services" ("tenant_id" uuid NOT NULL, "client_id" uuid NOT NULL, "operator_id" uuid NOT NULL, "call_id" uuid, "taken_from" uuid, "reason" text, CONSTRAINT "client_services_pkey" PRIMARY KEY (tenant_id, client_id), "since" timestamp with time zone NOT NULL DEFAULT private.now(), "seen_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."client_services" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."client_services" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."contact_caps" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "channel" public.channel NOT NULL, "days" smallint NOT NULL, "attempts" smallint NOT NULL, CONSTRAINT "contact_caps_allow_something" CHECK (((attempts >= 1) AND (attempts <= 1000))), CONSTRAINT "contact_caps_pkey" PRIMARY KEY (id), CONSTRAINT "contact_caps_span_is_a_month_at_most" CHECK (((days >= 1) AND (days <= 31))), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "contact_caps_one_per_span" UNIQUE (tenant_id, channel, days), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."contact_caps" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."contact_caps" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."conversation_drafts" ("conversation_id" uuid NOT NULL, "body" text NOT NULL, CONSTRAINT "conversation_drafts_body_fits" CHECK ((length(body) <= 4096)), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), "user_id" uuid NOT NULL DEFAULT auth.uid(), CONSTRAINT "conversation_drafts_pkey" PRIMARY KEY (conversation_id, user_id), "updated_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."conversation_drafts" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."conversation_drafts" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."conversation_events" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "conversation_id" uuid NOT NULL, "client_id" uuid, "actor_id" uuid, "from_user_id" uuid, "to_user_id" uuid, CONSTRAINT "conversation_events_pkey" PRIMARY KEY (id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."conversation_events" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."conversation_events" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."conversations" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "sender_id" uuid NOT NULL, "client_id" uuid, "phone" text COLLATE pg_catalog."C", "wa_id" text COLLATE pg_catalog."C", "business_user_id" text COLLATE pg_catalog."C", "contact_name" text, "owner_id" uuid, "is_linked_by_person" boolean NOT NULL DEFAULT false, "last_inbound_at" timestamp with time zone, "last_outbound_at" timestamp with time zone, "unread" integer NOT NULL DEFAULT 0, "opted_out_at" timestamp with time zone, "ignored_at" timestamp with time zone, CONSTRAINT "conversations_name_somebody" CHECK (((phone IS NOT NULL) OR (business_user_id IS NOT NULL))), CONSTRAINT "conversations_phone_is_e164" CHECK ((phone ~ '^\+[1-9][0-9]{7,14}$'::text)), CONSTRAINT "conversations_pkey" PRIMARY KEY (id), CONSTRAINT "conversations_tenant_id_key" UNIQUE (tenant_id, id), CONSTRAINT "conversations_wa_id_is_digits" CHECK ((wa_id ~ '^[0-9]{8,15}$'::text)), "last_message_at" timestamp with time zone NOT NULL DEFAULT private.now(), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."conversations" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."conversations" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."dialer_agents" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "agent_id" bigint NOT NULL, "user_id" uuid NOT NULL, "agent_name" text, "extension" text, CONSTRAINT "dialer_agents_agent_is_somebody" CHECK ((agent_id > 0)), CONSTRAINT "dialer_agents_extension_is_short" CHECK ((extension ~ '^[0-9]{1,10}$'::text)), CONSTRAINT "dialer_agents_pkey" PRIMARY KEY (id), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "dialer_agents_one_agent_per_operator" UNIQUE (tenant_id, user_id), CONSTRAINT "dialer_agents_one_operator_per_agent" UNIQUE (tenant_id, agent_id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."dialer_agents" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."dialer_agents" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."dialer_export_rows" ("export_id" uuid NOT NULL, "place" integer NOT NULL, "tenant_id" uuid NOT NULL, "client_id" uuid NOT NULL, "phone" text COLLATE pg_catalog."C", "part" integer, "reason" text, "task_id" uuid, CONSTRAINT "dialer_export_rows_phone_is_e164" CHECK ((phone ~ '^\+[1-9][0-9]{7,14}$'::text)), CONSTRAINT "dialer_export_rows_pkey" PRIMARY KEY (export_id, place));

ALTER TABLE "public"."dialer_export_rows" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."dialer_export_rows" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."dialer_exports" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "integration_id" uuid NOT NULL, "campaign_id" bigint NOT NULL, "campaign_name" text NOT NULL DEFAULT ''::text, "list_name" text NOT NULL, "weight" integer NOT NULL DEFAULT 1, "selection" jsonb NOT NULL, "selection_hash" text NOT NULL, "on_date" date NOT NULL, "planned_until" uuid, "is_csv" boolean NOT NULL DEFAULT false, "parts" integer NOT NULL DEFAULT 0, "list_ids" bigint[] NOT NULL DEFAULT '{}'::bigint[], "selected" integer NOT NULL DEFAULT 0, "excluded" jsonb NOT NULL DEFAULT '{}'::jsonb, "planned" integer NOT NULL DEFAULT 0, "loaded" integer NOT NULL DEFAULT 0, "filtered" integer NOT NULL DEFAULT 0, "removed" integer NOT NULL DEFAULT 0, "is_reported" boolean NOT NULL DEFAULT true, "error_code" text, "error_detail" text, "finished_at" timestamp with time zone, CONSTRAINT "dialer_exports_campaign_is_positive" CHECK ((campaign_id > 0)), CONSTRAINT "dialer_exports_list_name_is_filled" CHECK ((btrim(list_name) <> ''::text)), CONSTRAINT "dialer_exports_pkey" PRIMARY KEY (id), CONSTRAINT "dialer_exports_tenant_id_key" UNIQUE (tenant_id, id), CONSTRAINT "dialer_exports_weight_is_positive" CHECK (((weight >= 1) AND (weight <= 100))), "created_by" uuid NOT NULL DEFAULT auth.uid(), "created_at" timestamp with time zone NOT NULL DEFAULT private.now(), "updated_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."dialer_exports" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."dialer_exports" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."dialer_qualifications" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "campaign_id" bigint NOT NULL DEFAULT 0, "disposition_type" text NOT NULL, "qualification_id" bigint NOT NULL, "qualification_name" text NOT NULL DEFAULT ''::text, CONSTRAINT "dialer_qualifications_campaign_is_not_negative" CHECK ((campaign_id >= 0)), CONSTRAINT "dialer_qualifications_pkey" PRIMARY KEY (id), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "dialer_qualifications_one_per_campaign" UNIQUE (tenant_id, disposition_type, campaign_id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."dialer_qualifications" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."dialer_qualifications" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."disposition_undos" ("disposition_id" uuid NOT NULL, "tenant_id" uuid NOT NULL, "client_id" uuid NOT NULL, "undone_by" uuid NOT NULL, CONSTRAINT "disposition_undos_pkey" PRIMARY KEY (disposition_id), "undone_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."disposition_undos" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."disposition_undos" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."message_batches" ("id" uuid NOT NULL, "tenant_id" uuid NOT NULL, "name" text NOT NULL, "sender_id" uuid NOT NULL, "template_id" uuid NOT NULL, "selection" jsonb NOT NULL, "includes_agreements" boolean NOT NULL DEFAULT false, "scheduled_at" timestamp with time zone, "forecast" jsonb NOT NULL DEFAULT '{}'::jsonb, "created_by" uuid NOT NULL, "confirmed_by" uuid, "cancelled_by" uuid, "refusal_reason" text, "confirmed_at" timestamp with time zone, "started_at" timestamp with time zone, "finished_at" timestamp with time zone, "last_progress_at" timestamp with time zone, "alerted_at" timestamp with time zone, "rate_per_second" real NOT NULL DEFAULT 0, CONSTRAINT "message_batches_name_is_filled" CHECK ((btrim(name) <> ''::text)), CONSTRAINT "message_batches_pkey" PRIMARY KEY (id), CONSTRAINT "message_batches_tenant_id_key" UNIQUE (tenant_id, id), CONSTRAINT "message_batches_two_people" CHECK ((confirmed_by <> created_by)), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."message_batches" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."message_batches" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."message_media" ("message_id" uuid NOT NULL, "tenant_id" uuid NOT NULL, "attempt" integer NOT NULL DEFAULT 0, "failures" smallint NOT NULL DEFAULT 0, "lease_until" timestamp with time zone, "mime_type" text, "size_bytes" integer, "reason" text, "kept_at" timestamp with time zone, CONSTRAINT "message_media_pkey" PRIMARY KEY (message_id), CONSTRAINT "message_media_reason_is_code" CHECK ((reason ~ '^[a-z_]+$'::text)), CONSTRAINT "message_media_tenant_id_key" UNIQUE (tenant_id, message_id), "next_attempt_at" timestamp with time zone DEFAULT private.now(), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."message_media" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."message_media" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."message_policies" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "confirm_above_recipients" integer NOT NULL DEFAULT 5000, CONSTRAINT "message_policies_confirmation_is_positive" CHECK ((confirm_above_recipients >= 0)), CONSTRAINT "message_policies_pkey" PRIMARY KEY (id), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "message_policies_one_per_tenant" UNIQUE (tenant_id));

ALTER TABLE "public"."message_policies" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."message_policies" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."notification_preferences" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "muted_topics" text[] NOT NULL DEFAULT '{}'::text[], "plays_sound" boolean NOT NULL DEFAULT true, CONSTRAINT "notification_preferences_pkey" PRIMARY KEY (id), CONSTRAINT "notification_preferences_topics_are_known" CHECK ((muted_topics <@ ARRAY['callbacks'::text, 'agreements'::text, 'payments'::text, 'messages'::text, 'imports'::text, 'sends'::text])), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), "user_id" uuid NOT NULL DEFAULT auth.uid(), CONSTRAINT "notification_preferences_one_per_person" UNIQUE (tenant_id, user_id));

ALTER TABLE "public"."notification_preferences" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."notification_preferences" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."rate_cards" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "provider" public.provider_name NOT NULL, "category" text NOT NULL, "currency" text NOT NULL DEFAULT 'BRL'::text, "price_micros" bigint NOT NULL, "is_free_in_window" boolean NOT NULL DEFAULT false, "valid_from" date NOT NULL, CONSTRAINT "rate_cards_category_is_known" CHECK ((category = ANY (ARRAY['marketing'::text, 'utility'::text, 'authentication'::text, 'service'::text]))), CONSTRAINT "rate_cards_currency_is_code" CHECK ((currency ~ '^[A-Z]{3}$'::text)), CONSTRAINT "rate_cards_pkey" PRIMARY KEY (id), CONSTRAINT "rate_cards_price_is_not_negative" CHECK ((price_micros >= 0)), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "rate_cards_one_a_day" UNIQUE (tenant_id, provider, category, valid_from), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."rate_cards" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."rate_cards" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."rule_dry_run_lines" ("tenant_id" uuid NOT NULL, "dry_run_id" uuid NOT NULL, "place" integer NOT NULL, "client_id" uuid NOT NULL, "verdict" text NOT NULL, "reason" text, "not_before" timestamp with time zone, "phone" text, "body" text, "price_micros" bigint, CONSTRAINT "rule_dry_run_lines_pkey" PRIMARY KEY (dry_run_id, place), CONSTRAINT "rule_dry_run_lines_verdict_is_known" CHECK ((verdict = ANY (ARRAY['send'::text, 'postpone'::text, 'skip'::text]))));

ALTER TABLE "public"."rule_dry_run_lines" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."rule_dry_run_lines" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."rule_dry_runs" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "rule_id" uuid NOT NULL, "version" integer NOT NULL, "frozen_at" timestamp with time zone NOT NULL, "from_date" date NOT NULL, "to_date" date NOT NULL, "counts" jsonb NOT NULL DEFAULT '[]'::jsonb, "price_micros" bigint, "currency" text, "created_by" uuid, CONSTRAINT "rule_dry_runs_period_is_whole" CHECK ((from_date <= to_date)), CONSTRAINT "rule_dry_runs_pkey" PRIMARY KEY (id), CONSTRAINT "rule_dry_runs_tenant_id_key" UNIQUE (tenant_id, id));

ALTER TABLE "public"."rule_dry_runs" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."rule_dry_runs" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."rule_steps" ("tenant_id" uuid NOT NULL, "rule_id" uuid NOT NULL, "version" integer NOT NULL DEFAULT 1, "position" smallint NOT NULL DEFAULT 1, "action" public.rule_action NOT NULL DEFAULT 'send_template'::public.rule_action, "template_id" uuid, CONSTRAINT "rule_steps_pkey" PRIMARY KEY (rule_id, version, "position"), CONSTRAINT "rule_steps_template_is_said" CHECK (((action = 'send_template'::public.rule_action) = (template_id IS NOT NULL))));

ALTER TABLE "public"."rule_steps" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."rule_steps" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."rule_versions" ("tenant_id" uuid NOT NULL, "rule_id" uuid NOT NULL, "version" integer NOT NULL, "definition" jsonb NOT NULL, "edited_by" uuid, CONSTRAINT "rule_versions_pkey" PRIMARY KEY (rule_id, version), "edited_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."rule_versions" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."rule_versions" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."senders" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "integration_id" uuid NOT NULL, "provider" public.provider_name NOT NULL, "name" text NOT NULL, "phone" text COLLATE pg_catalog."C" NOT NULL, "account" text COLLATE pg_catalog."C" NOT NULL, "throughput_per_second" integer NOT NULL DEFAULT 80, "is_default" boolean NOT NULL DEFAULT false, "paused_reason" text, "paused_detail" text, "paused_until" timestamp with time zone, CONSTRAINT "senders_account_has_shape" CHECK ((account ~ '^[A-Za-z0-9 _-]{1,100}$'::text)), CONSTRAINT "senders_are_unique" UNIQUE (integration_id, account), CONSTRAINT "senders_name_is_filled" CHECK ((btrim(name) <> ''::text)), CONSTRAINT "senders_phone_is_e164" CHECK ((phone ~ '^\+[1-9][0-9]{7,14}$'::text)), CONSTRAINT "senders_pkey" PRIMARY KEY (id), CONSTRAINT "senders_tenant_id_key" UNIQUE (tenant_id, id), CONSTRAINT "senders_throughput_is_granted" CHECK (((throughput_per_second >= 1) AND (throughput_per_second <= 1000))), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."senders" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."senders" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."team_members" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "team_id" uuid NOT NULL, "user_id" uuid NOT NULL, CONSTRAINT "team_members_pkey" PRIMARY KEY (tenant_id, team_id, user_id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."team_members" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."team_members" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."teams" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "name" text NOT NULL, "creditor_ids" uuid[], "archived_at" timestamp with time zone, CONSTRAINT "teams_creditors_are_some" CHECK ((cardinality(creditor_ids) > 0)), CONSTRAINT "teams_name_is_filled" CHECK (((btrim(name) <> ''::text) AND (length(name) <= 60))), CONSTRAINT "teams_pkey" PRIMARY KEY (id), CONSTRAINT "teams_tenant_id_key" UNIQUE (tenant_id, id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."teams" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."teams" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."tenant_calling_windows" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "weekday" smallint NOT NULL, "opens" time without time zone NOT NULL, "closes" time without time zone NOT NULL, CONSTRAINT "tenant_calling_windows_open_before_close" CHECK ((opens < closes)), CONSTRAINT "tenant_calling_windows_pkey" PRIMARY KEY (id), CONSTRAINT "tenant_calling_windows_weekday_is_iso" CHECK (((weekday >= 1) AND (weekday <= 7))), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "tenant_calling_windows_one_per_day" UNIQUE (tenant_id, weekday), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."tenant_calling_windows" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."tenant_calling_windows" FORCE ROW LEVEL SECURITY;

-- The law's rows are all written again below, with their source.
DELETE FROM private.calling_windows;
ALTER TABLE "private"."calling_windows" ADD COLUMN "source" text NOT NULL;

ALTER TABLE "private"."import_changes" ADD COLUMN "is_live" boolean NOT NULL DEFAULT true;

ALTER TABLE "private"."import_plans" ADD COLUMN "debts_kept" jsonb NOT NULL DEFAULT '{}'::jsonb;

ALTER TABLE "private"."import_plans" ADD COLUMN "kept_titles" jsonb NOT NULL DEFAULT '[]'::jsonb;

ALTER TABLE "private"."import_plans" ADD COLUMN "debts_reopened" integer NOT NULL DEFAULT 0;

ALTER TABLE "private"."import_plans" ADD COLUMN "clients_touched" integer NOT NULL DEFAULT 0;

ALTER TABLE "private"."import_plans" ADD COLUMN "changed_fields" jsonb NOT NULL DEFAULT '{}'::jsonb;

ALTER TABLE "private"."import_plans" ADD COLUMN "changed_rows" jsonb NOT NULL DEFAULT '[]'::jsonb;

ALTER TABLE "public"."automation_runs" ADD COLUMN "version" integer NOT NULL DEFAULT 1;

ALTER TABLE "public"."automation_runs" ADD COLUMN "target_id" uuid;

ALTER TABLE "public"."automation_runs" ADD COLUMN "on_date" date;

ALTER TABLE "public"."callbacks" ADD COLUMN "cancel_reason" text;

ALTER TABLE "public"."callbacks" ADD COLUMN "released_from" uuid;

ALTER TABLE "public"."callbacks" ADD COLUMN "reminded_for" timestamp with time zone;

ALTER TABLE "public"."callbacks" ADD COLUMN "kept_by" uuid;

ALTER TABLE "public"."client_phones" ADD COLUMN "whatsapp_retry_at" timestamp with time zone;

ALTER TABLE "public"."collection_rules" ADD COLUMN "disposition_meaning" text;

ALTER TABLE "public"."collection_rules" ADD COLUMN "day_offset" integer;

ALTER TABLE "public"."collection_rules" ADD COLUMN "filter" jsonb NOT NULL DEFAULT '{}'::jsonb;

ALTER TABLE "public"."collection_rules" ADD COLUMN "opens" time without time zone;

ALTER TABLE "public"."collection_rules" ADD COLUMN "closes" time without time zone;

ALTER TABLE "public"."collection_rules" ADD COLUMN "daily_cap" integer;

ALTER TABLE "public"."collection_rules" ADD COLUMN "repeat_days" integer;

ALTER TABLE "public"."collection_rules" ADD COLUMN "priority" smallint NOT NULL DEFAULT 100;

ALTER TABLE "public"."collection_rules" ADD COLUMN "version" integer NOT NULL DEFAULT 1;

ALTER TABLE "public"."imports" ADD COLUMN "is_rehearsal" boolean NOT NULL DEFAULT false;

ALTER TABLE "public"."imports" ADD COLUMN "differences" jsonb;

ALTER TABLE "public"."imports" ADD COLUMN "debts_reopened" integer NOT NULL DEFAULT 0;

ALTER TABLE "public"."imports" ADD COLUMN "debts_kept" jsonb NOT NULL DEFAULT '{}'::jsonb;

ALTER TABLE "public"."imports" ADD COLUMN "clients_touched" integer;

ALTER TABLE "public"."imports" ADD COLUMN "undo_done" integer NOT NULL DEFAULT 0;

ALTER TABLE "public"."imports" ADD COLUMN "undo_total" integer;

ALTER TABLE "public"."imports" ADD COLUMN "rolled_back" jsonb;

ALTER TABLE "public"."integrations" ADD COLUMN "secret_notes" jsonb NOT NULL DEFAULT '[]'::jsonb;

ALTER TABLE "public"."integrations" ADD COLUMN "previous_key_hash" text;

ALTER TABLE "public"."integrations" ADD COLUMN "previous_key_until" timestamp with time zone;

ALTER TABLE "public"."integrations" ADD COLUMN "awaiting_since" timestamp with time zone;

ALTER TABLE "public"."integrations" ADD COLUMN "tested_at" timestamp with time zone;

ALTER TABLE "public"."integrations" ADD COLUMN "test_verdict" text;

ALTER TABLE "public"."invitations" ADD COLUMN "mailed_at" timestamp with time zone;

ALTER TABLE "public"."memberships" ADD COLUMN "creditor_ids" uuid[];

ALTER TABLE "public"."message_logs" ADD COLUMN "sender_id" uuid;

ALTER TABLE "public"."message_logs" ADD COLUMN "conversation_id" uuid;

ALTER TABLE "public"."message_logs" ADD COLUMN "business_user_id" text COLLATE pg_catalog."C";

ALTER TABLE "public"."message_logs" ADD COLUMN "media" jsonb;

ALTER TABLE "public"."message_logs" ADD COLUMN "batch_id" uuid;

ALTER TABLE "public"."message_logs" ADD COLUMN "retried_batch_id" uuid;

ALTER TABLE "public"."message_logs" ADD COLUMN "price_micros" bigint;

ALTER TABLE "public"."message_logs" ADD COLUMN "answered_at" timestamp with time zone;

ALTER TABLE "public"."message_logs" ADD COLUMN "other_form_of" uuid;

ALTER TABLE "public"."message_templates" ADD COLUMN "provider_status" text;

ALTER TABLE "public"."message_templates" ADD COLUMN "synced_at" timestamp with time zone;

ALTER TABLE "public"."message_templates" ADD COLUMN "header_type" text;

ALTER TABLE "public"."message_templates" ADD COLUMN "header_link" text;

ALTER TABLE "public"."message_templates" ADD COLUMN "header_name" text;

ALTER TABLE "public"."automation_runs" ALTER COLUMN "disposition_id" DROP NOT NULL;

ALTER TABLE "public"."collection_rules" ALTER COLUMN "disposition_type" DROP NOT NULL;

ALTER TABLE "public"."message_logs" ALTER COLUMN "phone" DROP NOT NULL;

ALTER TABLE "public"."collection_rules" ALTER COLUMN "is_enabled" SET DEFAULT false;

CREATE TYPE "private"."import_change" AS ("table_name" text, "row_id" uuid, "client_id" uuid, "action" text, "before" jsonb, "after" jsonb);

CREATE TYPE "private"."chunk_outcome" AS ("clients_created" integer, "clients_updated" integer, "clients_touched" integer, "debts_created" integer, "debts_updated" integer, "debts_returned" integer, "debts_reopened" integer, "changes" private.import_change[]);

CREATE TYPE "private"."panel_event" AS ("measure" text, "day" date, "at" timestamp with time zone, "client_id" uuid, "operator_id" uuid, "creditor_ids" uuid[], "source" text, "source_id" text, "amount" bigint);

CREATE TYPE "private"."panel_scope" AS ("tenant_id" uuid, "from_day" date, "until_day" date, "creditor_id" uuid, "operator_id" uuid);

CREATE TYPE "private"."rate" AS ("currency" text, "price_micros" bigint, "is_free_in_window" boolean, "valid_from" date, "is_own" boolean);

CREATE TYPE "private"."recipient_plan" AS ("client_id" uuid, "verdict" text, "reason" text, "not_before" timestamp with time zone, "phone" text, "params" text[], "price_micros" bigint, "conversation_id" uuid);

CREATE TYPE "private"."rule_target" AS ("place" integer, "run_id" uuid, "tenant_id" uuid, "rule_id" uuid, "version" integer, "client_id" uuid, "disposition_id" uuid, "target_id" uuid, "on_date" date, "asked_at" timestamp with time zone);

CREATE TYPE "private"."target_plan" AS ("place" integer, "verdict" text, "reason" text, "not_before" timestamp with time zone, "provider" public.provider_name, "integration_id" uuid, "settings" jsonb, "phone" text, "template_id" uuid, "provider_template_id" text, "language" text, "body" text, "params" text[], "sender_id" uuid);

CREATE TYPE "public"."batch_status" AS ENUM ('awaiting_confirmation', 'scheduled', 'sending', 'paused', 'done', 'cancelled');

ALTER TABLE "private"."batch_moves" ADD COLUMN "from_status" public.batch_status NOT NULL;

ALTER TABLE "private"."batch_moves" ADD COLUMN "to_status" public.batch_status NOT NULL;

ALTER TABLE "public"."message_batches" ADD COLUMN "status" public.batch_status NOT NULL;

CREATE TYPE "public"."call_status" AS ENUM ('dialing', 'answered', 'connected', 'transferred', 'ended', 'not_answered', 'abandoned', 'finished', 'failed', 'voicemail', 'outside_hours');

ALTER TABLE "public"."calls" ADD COLUMN "status" public.call_status NOT NULL;

CREATE TYPE "public"."conversation_event_kind" AS ENUM ('assigned', 'taken_over', 'released', 'opted_out', 'linked', 'ignored', 'restored');

ALTER TABLE "public"."conversation_events" ADD COLUMN "kind" public.conversation_event_kind NOT NULL;

CREATE TYPE "public"."dialer_export_status" AS ENUM ('planning', 'loading', 'done', 'failed', 'cancelled');

ALTER TABLE "public"."dialer_exports" ADD COLUMN "status" public.dialer_export_status NOT NULL DEFAULT 'planning'::public.dialer_export_status;

CREATE TYPE "public"."dialer_row_status" AS ENUM ('excluded', 'waiting', 'loaded', 'filtered', 'removing', 'removed');

ALTER TABLE "public"."dialer_export_rows" ADD COLUMN "status" public.dialer_row_status NOT NULL;







ALTER TABLE "private"."import_rollbacks" ADD COLUMN "outcome" public.import_status NOT NULL;

CREATE TYPE "public"."media_status" AS ENUM ('waiting', 'kept', 'refused', 'failed');

ALTER TABLE "public"."message_media" ADD COLUMN "status" public.media_status NOT NULL DEFAULT 'waiting'::public.media_status;

CREATE TYPE "public"."qualification_source" AS ENUM ('ours', 'dialer', 'automatic');

ALTER TABLE "public"."calls" ADD COLUMN "qualification_source" public.qualification_source;

CREATE TYPE "public"."recipient_status" AS ENUM ('waiting', 'claimed', 'done', 'skipped', 'excluded');

ALTER TABLE "public"."batch_recipients" ADD COLUMN "status" public.recipient_status NOT NULL;

CREATE TYPE "public"."rule_trigger" AS ENUM ('disposition', 'debt_due', 'installment_due');

ALTER TABLE "public"."collection_rules" ADD COLUMN "trigger" public.rule_trigger NOT NULL DEFAULT 'disposition'::public.rule_trigger;

CREATE TYPE "public"."sender_quality" AS ENUM ('unknown', 'green', 'yellow', 'red');

ALTER TABLE "public"."senders" ADD COLUMN "quality" public.sender_quality NOT NULL DEFAULT 'unknown'::public.sender_quality;

CREATE TYPE "public"."sender_state" AS ENUM ('active', 'paused', 'disabled');

ALTER TABLE "public"."senders" ADD COLUMN "state" public.sender_state NOT NULL DEFAULT 'active'::public.sender_state;

ALTER TYPE "private"."client_filter" ADD ATTRIBUTE "is_broad_import" boolean CASCADE;

ALTER TYPE "private"."client_search" ADD ATTRIBUTE "is_common" boolean CASCADE;

ALTER TYPE "private"."message_plan" ADD ATTRIBUTE "conversation_id" uuid CASCADE;

ALTER TYPE "private"."message_plan" ADD ATTRIBUTE "sender_id" uuid CASCADE;

ALTER TYPE "private"."run_plan" ADD ATTRIBUTE "sender_id" uuid CASCADE;

CREATE OR REPLACE FUNCTION private.abandon_import(import_id uuid, code text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    perform from private.import_plans as plan
    where plan.import_id = abandon_import.import_id and plan.tenant_id = v_tenant
    for update;
    if found then  -- not being taken back already
        select * into v_import from public.imports where imports.id = abandon_import.import_id;
        perform private.take_back_import(v_import, 'failed', code);
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.add_called_phone(tenant_id uuid, client_id uuid, phone text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into public.client_phones (tenant_id, client_id, phone, kind, position)
    select add_called_phone.tenant_id, add_called_phone.client_id, add_called_phone.phone,
        case when pg_catalog.substr(add_called_phone.phone, 6, 1) in ('2', '3', '4', '5')
            then 'landline' else 'mobile' end::public.phone_kind,
        -- After the ones that came with the portfolio.
        9
    where add_called_phone.phone is not null
    on conflict on constraint client_phones_are_unique do nothing
$function$;

CREATE OR REPLACE FUNCTION private.add_counts(a jsonb, b jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select coalesce(jsonb_object_agg(summed.key, summed.total), '{}')
    from (
        select entry.key, sum(entry.value::bigint) as total
        from (select * from jsonb_each_text(a) union all select * from jsonb_each_text(b)) as entry
        group by entry.key
    ) as summed
$function$;

CREATE OR REPLACE FUNCTION private.adopt_history(talk public.conversations)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    update public.message_logs as message
    set conversation_id = talk.id
    where message.tenant_id = talk.tenant_id
      and private.phone_match(message.phone) = talk.phone_key
      and message.conversation_id is null
      and message.sender_id = talk.sender_id
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
    end if;
    return v_moves;
end;
$function$;

CREATE OR REPLACE FUNCTION private.advance_rollback(import_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_back private.import_rollbacks;
    v_import public.imports;
    v_chunk private.rollback_chunks;
begin
    select * into v_back from private.import_rollbacks as back
    where back.import_id = advance_rollback.import_id
    for update;
    select * into v_import from public.imports where imports.id = advance_rollback.import_id;
    if v_back.import_id is null then
        return private.import_step(v_import);  -- somebody else took the last step
    end if;
    select * into v_chunk from private.rollback_chunks as chunk
    where chunk.import_id = v_back.import_id
    order by chunk.place
    limit 1;
    perform private.go_on_with_bulk(v_back.audit_id);
    if v_chunk.import_id is null then
        return private.finish_rollback(v_back, v_import);
    end if;
    discard plans;  -- as in plan_portfolio: every row that goes is looked for in other tables
    perform private.lock_rollback_people(v_chunk.created || v_chunk.known);
    perform private.judge_rollback(v_import, v_chunk.created || v_chunk.known, v_chunk.created);
    v_back := private.count_rolled_back(v_back, private.write_rollback(
        v_import, private.listed_kept_rows() - jsonb_array_length(v_back.done #> '{kept,rows}')
    ));
    perform private.end_bulk(v_back.audit_id, '{}');
    delete from private.rollback_chunks as chunk
    where chunk.import_id = v_chunk.import_id and chunk.place = v_chunk.place;
    update private.import_rollbacks as back
    set done = v_back.done, attempts = 0,
        clients_done = back.clients_done + cardinality(v_chunk.created) + cardinality(v_chunk.known)
    where back.import_id = v_back.import_id
    returning back.* into v_back;
    perform private.show_rollback_progress(v_back);
    return private.import_step(v_import) || jsonb_build_object('status', 'running');
end;
$function$;

CREATE OR REPLACE FUNCTION private.announce_import(import_id uuid, file_name text, file_sha256 text, source text, idempotency_key text, request_fingerprint text, api_key_id uuid, is_rehearsal boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_known public.imports;
begin
    perform private.mark_dead_imports(v_tenant);
    -- A key is given back by what failed, and by what was taken back: sending again means it.
    update public.imports set idempotency_key = null
    where imports.tenant_id = v_tenant
      and imports.idempotency_key = announce_import.idempotency_key
      and imports.status in ('failed', 'cancelled', 'rolled_back');
    insert into public.imports (
        id, tenant_id, file_name, file_sha256, source, idempotency_key, request_fingerprint,
        api_key_id, created_by, status, is_rehearsal
    )
    values (
        announce_import.import_id, v_tenant, announce_import.file_name,
        announce_import.file_sha256, announce_import.source, announce_import.idempotency_key,
        announce_import.request_fingerprint, announce_import.api_key_id, auth.uid(), 'queued', announce_import.is_rehearsal
    )
    on conflict do nothing;
    if found then
        return null;
    end if;
    select * into v_known from public.imports
    where imports.tenant_id = v_tenant
      and imports.idempotency_key = announce_import.idempotency_key;
    if v_known.id is null then
        raise exception 'import_id_taken' using errcode = 'PT409',
            detail = 'another import has this id';
    elsif v_known.request_fingerprint <> announce_import.request_fingerprint then
        raise exception 'idempotency_key_reused' using errcode = 'PT409',
            detail = 'the key was used for another body or other options';
    elsif v_known.status = 'interrupted' then
        return jsonb_build_object('resume', v_known.id);
    elsif v_known.answer is null or v_known.status = 'rolling_back' then
        raise exception 'import_in_progress' using errcode = 'PT409',
            detail = v_known.id::text;
    elsif v_known.error_code = 'rollback_stopped' then
        raise exception 'import_unfinished' using errcode = 'PT409',
            detail = 'what this key brought went back in part; take it back again first';
    end if;
    return jsonb_build_object('answer', v_known.answer);
end;
$function$;

CREATE OR REPLACE FUNCTION private.apply_call_event(event_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_event private.provider_events;
    v_outcome text;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_call_event.event_id;
    v_outcome := private.record_call(
        v_event.integration_id, v_event.payload -> 'call', v_event.received_at
    );
    return case when v_outcome = 'payload_invalid' then v_outcome end;
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
        case when jsonb_typeof(v_inbound -> 'media') = 'object' then v_inbound -> 'media' end,
        'received', v_inbound ->> 'wamid'
    )
    on conflict (integration_id, wamid) where wamid is not null do nothing
    returning id into v_message_id;
    if v_message_id is null then
        return null;
    end if;

    perform private.want_media(v_message_id);
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
    -- 2 s, 4 s, … 512 s: a quarter of an hour in all, as long as an unknown outcome waits.
    c_max_reads constant int := 9;
    v_reads pgmq.message_record [];
    v_item record;
    v_error text;
    v_handled int := 0;
begin
    -- One drain at a time, so that two never lock the same messages in opposite order.
    perform pg_advisory_xact_lock(hashtextextended('apply_provider_events', 0));
    -- Read first, look up in a statement of its own: one that did both would not see an event
    -- committed after it began, whose queue message `read` already returns, and drop it.
    -- 60 s: far above what a batch takes; a dead drain gives its events back after it.
    v_reads := array(select item from pgmq.read('provider_events', 60, max) as item);
    for v_item in
        select message.msg_id, message.read_ct, event.*
        from unnest(v_reads) as message
        left join private.provider_events as event
            on event.id = case when pg_input_is_valid(message.message ->> 'event_id', 'uuid')
                then (message.message ->> 'event_id')::uuid end
        order by message.msg_id
    loop
        begin
            v_error := case v_item.kind
                when 'message_status' then private.apply_receipt(v_item.id)
                when 'message_received' then private.apply_inbound(v_item.id)
                when 'consent_changed' then private.apply_consent(v_item.id)
                when 'template_changed' then private.apply_template_event(v_item.id)
                when 'charge_changed' then private.apply_charge_event(v_item.id)
                when 'call_connected' then private.apply_call_event(v_item.id)
                when 'call_finished' then private.apply_call_event(v_item.id)
            end;
        exception
            -- It contradicts what is stored, as one WhatsApp id for two messages does. Raised on, it
            -- would come back for ever and stop every agency's messages.
            when integrity_constraint_violation or data_exception then
                v_error := 'payload_invalid';
        end;
        if v_error in ('message_not_found', 'charge_busy') and v_item.read_ct < c_max_reads then
            perform pgmq.set_vt('provider_events', v_item.msg_id, (2 ^ v_item.read_ct)::int);
            continue;
        end if;
        update private.provider_events as event
        set handled_at = private.now(), error = v_error
        where event.id = v_item.id;
        perform pgmq.delete('provider_events', v_item.msg_id);
        v_handled := v_handled + 1;
    end loop;
    if v_handled > 0 then
        perform private.fold_batch_counts();
    end if;
    return v_handled;
end;
$function$;

CREATE OR REPLACE FUNCTION private.apply_receipt(event_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_event private.provider_events;
    v_receipt jsonb;
    v_at timestamptz;
    v_message_id uuid;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_receipt.event_id;
    v_receipt := v_event.payload -> 'message';
    if coalesce(v_receipt ->> 'status', '') not in
        ('submitted', 'sent', 'delivered', 'read', 'failed')
    then
        return 'payload_invalid';
    end if;
    -- A receipt without a readable time happened when it arrived, and none happens in the future.
    v_at := case when pg_input_is_valid(v_receipt ->> 'at', 'timestamptz')
        then private.told_instant((v_receipt ->> 'at')::timestamptz) end;
    v_at := least(coalesce(v_at, v_event.received_at), v_event.received_at);

    v_message_id := private.message_of_receipt(v_event.integration_id, v_receipt);
    if v_message_id is null then
        return 'message_not_found';
    end if;
    perform private.advance_message(
        v_message_id, (v_receipt ->> 'status')::public.message_status, v_at,
        v_receipt ->> 'provider_message_id', v_receipt ->> 'wamid',
        v_receipt ->> 'error_code', v_receipt ->> 'error_detail'
    );
    if v_receipt ->> 'status' in ('sent', 'delivered', 'read') then
        perform private.learn_form(v_message_id, v_receipt ->> 'destination');
    end if;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.apply_template_event(event_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_event private.provider_events;
    v_told jsonb;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_template_event.event_id;
    v_told := v_event.payload -> 'template';
    update public.message_templates as known
    set provider_status = v_told ->> 'status', synced_at = private.now(),
        status = (case upper(v_told ->> 'status')
            when 'APPROVED' then 'approved' when 'REJECTED' then 'rejected'
            when 'DISABLED' then 'rejected' else 'paused' end)::public.template_status
    where known.tenant_id = v_event.tenant_id and known.provider = v_event.provider
      and known.provider_template_id = v_told ->> 'provider_template_id'
      and v_told ->> 'status' is not null;
    return case when not found then 'template_not_found' end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.archive_team(team_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    update public.teams set archived_at = private.now()
    where teams.tenant_id = v_tenant_id and teams.id = archive_team.team_id
      and teams.archived_at is null;
    if not found then
        raise exception 'team_not_found' using errcode = 'PT404', detail = 'no living team';
    end if;
    perform private.seat_team(v_tenant_id, archive_team.team_id, '{}');
end;
$function$;

CREATE OR REPLACE FUNCTION private.are_template_variables(variables text[])
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select coalesce(bool_and(
        named.variable = any(array[
            '', 'client.name', 'client.first_name', 'client.open_total', 'client.open_debts',
            'client.oldest_due_on', 'creditor.name', 'tenant.name',
            -- Of one charge: only a message that brings it can fill these (0693).
            'charge.amount', 'charge.due_on', 'charge.link', 'charge.pix_code',
            'charge.digitable_line'
        ])
        or named.variable ~ '^client\.extra\.[^.]{1,60}$'
    ), true)
    from unnest(are_template_variables.variables) as named (variable)
$function$;

CREATE OR REPLACE FUNCTION private.assign_callback(callback_id uuid, user_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
begin
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    if user_id <> auth.uid() and not private.has_role('supervisor') then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'only a supervisor gives a callback to somebody else';
    end if;
    if user_id is not null and not exists (
        select from public.memberships as member
        where member.tenant_id = v_promised.tenant_id
          and member.user_id = assign_callback.user_id and member.revoked_at is null
    ) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'no live member of the tenant with this id';
    end if;
    update public.callbacks
    set operator_id = assign_callback.user_id,
        -- Who gets one that is due hears of it.
        reminded_for = case when assign_callback.user_id <> auth.uid() then null
            else callbacks.reminded_for end
    where callbacks.id = v_promised.id
      and callbacks.operator_id is distinct from assign_callback.user_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.await_word(integration_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if exists (
        select from public.integrations as integration
        where integration.id = any(integration_ids)
          and (integration.awaiting_since is null
              or integration.awaiting_since <= integration.last_event_at)
    ) then
        update public.integrations as integration set awaiting_since = private.now()
        where integration.id in (
            select waiting.id from public.integrations as waiting
            where waiting.id = any(integration_ids)
              and (waiting.awaiting_since is null
                  or waiting.awaiting_since <= waiting.last_event_at)
            order by waiting.id
            -- Who holds it writes the same; to wait while holding messages could deadlock.
            for no key update skip locked
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.batch_cost(category text, rate private.rate, eligible bigint, in_window bigint)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case when rate.price_micros is not null then jsonb_build_object(
        'category', batch_cost.category, 'currency', rate.currency,
        'price_micros', rate.price_micros, 'valid_from', rate.valid_from,
        'is_own', rate.is_own, 'in_window', batch_cost.in_window,
        'is_free_in_window', rate.is_free_in_window,
        'total_micros', rate.price_micros * (
            batch_cost.eligible - case when rate.is_free_in_window then batch_cost.in_window else 0 end
        )
    ) end
$function$;

CREATE OR REPLACE FUNCTION private.batch_exclusion(variables text[])
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
        when clients.open_debts = 0 and not $sql$
            || private.has_agreement('private.is_living(agreement.status)')
            || $sql$ then 'nothing_owed'
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
                when named.variable = 'client.oldest_due_on' then 'clients.oldest_due_on is null'
                when named.variable = 'creditor.name' then 'clients.open_debts = 0'
                else 'false'
            end, ' or ')
            from unnest(batch_exclusion.variables) as named (variable)
        ), 'false') || $sql$ then 'variable_missing'
    end$sql$
$function$;

CREATE OR REPLACE FUNCTION private.batch_export_sql(batch_id uuid, condition text, zone text)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select regexp_replace(replace(replace(replace(replace(replace($sql$
        select client.document as "Documento",
            $name as "Nome",
            ltrim(message.phone, '+') as "Telefone",
            case coalesce(message.status::text, recipient.status::text)
                when 'waiting' then 'Na fila' when 'claimed' then 'Na fila'
                when 'queued' then 'Na fila' when 'sending' then 'Enviando'
                when 'unknown' then 'Sem confirmação' when 'submitted' then 'Aceita'
                when 'sent' then 'Enviada' when 'delivered' then 'Entregue'
                when 'read' then 'Lida' when 'failed' then 'Falhou'
                when 'skipped' then 'Pulada' when 'excluded' then 'Fora do disparo'
            end as "Situação",
            coalesce(
                $words::jsonb ->> coalesce(message.error_code, recipient.reason),
                message.error_code, recipient.reason
            ) as "Motivo",
            $detail as "Resposta do provedor",
            $message.submitted_at as "Aceita em", $message.sent_at as "Enviada em",
            $message.delivered_at as "Entregue em", $message.read_at as "Lida em",
            $message.answered_at as "Respondida em", $message.failed_at as "Falhou em"
        from public.batch_recipients as recipient
        -- One by one along the key: the planner cannot know whose tenant the policy means.
        cross join lateral (
            select found.* from public.clients as found
            where found.id = recipient.client_id offset 0
        ) as client
        left join lateral (
            select found.* from public.message_logs as found
            where found.id = recipient.message_id offset 0
        ) as message on true
        where recipient.batch_id = $batch and $condition
        order by recipient.client_id
    $sql$,
    '$name', private.plain_cell('client.name')),
    '$detail', private.plain_cell('message.error_detail')),
    '$words', (
        select quote_literal(jsonb_object_agg(known.code, known.word)::text)
        from private.outcome_words as known
    )),
    '$condition', batch_export_sql.condition),
    '$batch', quote_literal(batch_export_sql.batch_id)),
    -- The agency's own wall.
    '\$(message\.\w+_at)',
    'to_char(\1 at time zone ' || quote_literal(batch_export_sql.zone)
        || ', ''DD/MM/YYYY HH24:MI:SS'')', 'g')
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
        'retryable', (
            select coalesce(sum(known.amount), 0) from known
            where known.key in ('failed:rate_limited', 'failed:provider_unavailable')
        )
    )
    from named
    cross join (
        -- What note_progress would make of it, were nothing accepted since.
        select batch.rate_per_second * exp(-least(greatest(extract(
            epoch from private.now() - coalesce(batch.last_progress_at, batch.created_at)
        )::double precision, 0), 3600) / 43) as per_second
    ) as pace
$function$;

CREATE OR REPLACE FUNCTION private.batch_pause()
 RETURNS double precision
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select case
        when due.at is null then null
        else greatest(extract(epoch from due.at - private.now()), 0.1)::double precision
    end
    from (
        select min(greatest(next.not_before, sender.paused_until)) as at
        from public.message_batches as batch
        join public.senders as sender on sender.id = batch.sender_id and sender.state = 'active'
        join public.integrations as integration
            on integration.id = sender.integration_id and integration.is_active
        cross join lateral (
            select recipient.not_before
            from public.batch_recipients as recipient
            where recipient.batch_id = batch.id and recipient.status = 'waiting'
            order by recipient.not_before limit 1
        ) as next
        where batch.status = 'sending'
    ) as due
$function$;

CREATE OR REPLACE FUNCTION private.batch_results(batch_id uuid, filter jsonb, after uuid, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_max_page constant int := 1000;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 100), 1), c_max_page);
    v_rows jsonb;
begin
    perform private.message_batch(batch_results.batch_id);
    if coalesce(filter, '{}') - '{outcome,reason}'::text[] <> '{}' then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = 'outcome, reason';
    end if;
    execute 'select coalesce(jsonb_agg(to_jsonb(page) order by page.client_id), ''[]'')
        from (
            select recipient.client_id, client.name, client.document, message.phone,
                coalesce(message.status::text, recipient.status::text) as outcome,
                coalesce(message.error_code, recipient.reason) as reason,
                private.failure_class(message.error_code) as failure,
                message.error_detail, recipient.not_before, message.id as message_id,
                message.submitted_at, message.sent_at, message.delivered_at, message.read_at,
                message.answered_at, message.failed_at, message.price_micros
            from public.batch_recipients as recipient
            join public.clients as client
                on client.tenant_id = recipient.tenant_id and client.id = recipient.client_id
            left join public.message_logs as message
                on message.id = recipient.message_id and message.batch_id = recipient.batch_id
                and message.client_id = recipient.client_id
            where recipient.batch_id = $1 and recipient.tenant_id = $2
              and ($3 is null or recipient.client_id > $3)
              and ' || private.outcome_condition(filter ->> 'outcome', filter ->> 'reason') || '
            order by recipient.client_id
            limit $4
        ) as page'
    into v_rows using batch_results.batch_id, v_tenant_id, batch_results.after, v_size + 1;
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size
            then v_rows -> (v_size - 1) -> 'client_id' end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.batch_row(batch public.message_batches)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'id', batch.id, 'name', batch.name, 'status', batch.status,
        'scheduled_at', batch.scheduled_at, 'created_at', batch.created_at,
        'started_at', batch.started_at, 'finished_at', batch.finished_at,
        'includes_agreements', batch.includes_agreements, 'forecast', batch.forecast,
        'last_progress_at', batch.last_progress_at, 'is_stalled', batch.alerted_at is not null,
        'created_by', jsonb_build_object(
            'user_id', batch.created_by,
            'name', private.actor_name(batch.tenant_id, batch.created_by)
        ),
        'confirmed_by', case when batch.confirmed_by is not null then jsonb_build_object(
            'user_id', batch.confirmed_by,
            'name', private.actor_name(batch.tenant_id, batch.confirmed_by)
        ) end,
        'cancelled_by', case when batch.cancelled_by is not null then jsonb_build_object(
            'user_id', batch.cancelled_by,
            'name', private.actor_name(batch.tenant_id, batch.cancelled_by)
        ) end,
        'refusal_reason', batch.refusal_reason,
        'confirmation', case when batch.status = 'awaiting_confirmation'
            then private.confirmation_of(
                batch.tenant_id, (batch.forecast ->> 'eligible')::bigint
            ) end,
        'may_confirm', batch.status = 'awaiting_confirmation' and batch.created_by <> auth.uid()
            and private.has_role('supervisor'),
        'sender', (
            select jsonb_build_object(
                'id', sender.id, 'name', sender.name, 'phone', sender.phone,
                'state', sender.state, 'paused_reason', sender.paused_reason,
                'paused_detail', sender.paused_detail, 'paused_until', sender.paused_until
            )
            from public.senders as sender where sender.id = batch.sender_id
        ),
        'template', (
            select jsonb_build_object(
                'id', template.id, 'name', template.name, 'category', template.category
            )
            from public.message_templates as template where template.id = batch.template_id
        ),
        'numbers', private.batch_numbers(batch)
    )
$function$;

CREATE OR REPLACE FUNCTION private.begin_batch_messages(message_ids uuid[], attempts integer[])
 RETURNS SETOF uuid
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- Whose lease ran out is being given back at this moment, and may be sent by another.
    with held as materialized (
        select recipient.message_id
        from public.batch_recipients as recipient
        join public.message_logs as message on message.id = recipient.message_id
        where message.id = any(begin_batch_messages.message_ids)
          and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
          and recipient.status = 'claimed' and recipient.lease_until > private.now()
        order by recipient.batch_id, recipient.client_id
        for update of recipient
    )
    update public.message_logs as message
    set status = 'sending', sending_at = private.now()
    from unnest(begin_batch_messages.message_ids, begin_batch_messages.attempts)
        as asked (id, attempt)
    where message.id = asked.id and message.attempt = asked.attempt
      and message.status = 'queued'
      and message.id in (select held.message_id from held)
      -- Somebody may have pressed pause since the claim.
      and exists (
          select from public.message_batches as batch
          where batch.id = message.batch_id and batch.status = 'sending'
      )
    returning message.id
$function$;

CREATE OR REPLACE FUNCTION private.begin_call_sweeps()
 RETURNS TABLE(sweep_id uuid, integration_id uuid, settings jsonb, from_at timestamp with time zone, until_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Calls end, and are written down at the provider, a while after they began.
    c_overlap constant interval := interval '30 minutes';
    -- Further back than any outage anybody slept through.
    c_furthest constant interval := interval '3 days';
begin
    return query
    with begun as (
        insert into public.call_sweeps (tenant_id, integration_id, from_at, until_at)
        select integration.tenant_id, integration.id,
            greatest(private.now() - c_furthest, coalesce(
                (
                    select max(read.until_at) from public.call_sweeps as read
                    where read.integration_id = integration.id and read.finished_at is not null
                      and read.failure is null
                ) - c_overlap,
                integration.created_at
            )),
            private.now()
        from public.integrations as integration
        where integration.provider = 'threecplus' and integration.is_active
        returning *
    )
    select begun.id, begun.integration_id, integration.settings,
        -- In the provider's time: the clock's shift is ours alone.
        begun.from_at - (private.now() - clock_timestamp()),
        begun.until_at - (private.now() - clock_timestamp())
    from begun
    join public.integrations as integration on integration.id = begun.integration_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.begin_dialer_loading(export_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Beyond it the provider recommends its CSV (help page 5509385).
    c_most_by_json constant int := 10000;
    v_export public.dialer_exports;
    v_size int := private.dialer_part_size();
begin
    update public.dialer_exports as export
    set is_csv = export.planned > c_most_by_json,
        parts = ceil(export.planned::numeric / case
            when export.planned > c_most_by_json then v_size * private.dialer_file_parts()
            else v_size end)::int,
        status = case when export.planned = 0 then 'done' else 'loading'
            end::public.dialer_export_status,
        finished_at = case when export.planned = 0 then private.now() end
    where export.id = begin_dialer_loading.export_id
    returning * into v_export;
    if v_export.status = 'done' then
        perform private.tell_dialer_export(v_export.id);
    elsif v_export.is_csv then
        perform private.wish_dialer_task(
            v_export.integration_id, 'file', 'file:' || v_export.id || ':' || part, v_export.id,
            null, part
        )
        from generate_series(0, v_export.parts - 1) as part;
    else
        perform private.wish_dialer_task(
            v_export.integration_id, 'list', 'list:' || v_export.id, v_export.id
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.begin_dialer_task(task_id uuid, attempt integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_task private.dialer_tasks;
begin
    update private.dialer_tasks as task
    set status = 'sending', is_doubtful = true
    where task.id = begin_dialer_task.task_id and task.attempt = begin_dialer_task.attempt
      and task.status = 'queued' and task.lease_until > private.now()
    returning * into v_task;
    if not found then
        return false;
    end if;
    if v_task.kind in ('part', 'file') then
        perform private.recheck_dialer_rows(v_task);
    elsif v_task.kind = 'remove' then
        update public.dialer_export_rows as contact set task_id = v_task.id
        where contact.export_id = v_task.export_id and contact.place in (
            select leaving.place from public.dialer_export_rows as leaving
            where leaving.export_id = v_task.export_id and leaving.status = 'removing'
              and coalesce(leaving.task_id, v_task.id) = v_task.id
            order by leaving.place limit private.dialer_part_size()
        );
    end if;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.begin_resumption(import_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_attempts constant int := 5;  -- a sweep a minute: five minutes of a database in trouble
    v_import public.imports;
    v_attempts int;
begin
    select * into v_import from public.imports
    where imports.id = begin_resumption.import_id
    for update;
    update private.import_rollbacks as back
    set attempts = back.attempts + 1, begun_at = private.now(), begun_clients = back.clients_done
    where back.import_id = v_import.id
    returning back.attempts into v_attempts;
    if v_attempts > c_attempts then
        return private.give_rollback_up(v_import);
    elsif v_attempts is not null then
        return private.import_step(v_import) || jsonb_build_object('status', 'running');
    end if;
    update private.import_plans as plan
    set attempts = plan.attempts + 1, begun_at = private.now(), begun_rows = plan.rows_written
    where plan.import_id = v_import.id
    returning plan.attempts into v_attempts;
    if v_attempts > c_attempts then
        return private.take_back_import(v_import, 'failed', 'internal');
    elsif v_attempts is not null then
        update public.imports set status = 'running', phase = 'writing', seconds_left = null
        where imports.id = v_import.id and imports.status in ('running', 'interrupted');
    end if;
    return private.import_step(v_import) || jsonb_build_object('status', 'running');
end;
$function$;

CREATE OR REPLACE FUNCTION private.begin_rollback(v_import public.imports, outcome public.import_status, code text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_audit bigint := private.begin_bulk(
        v_import.tenant_id, 'import_rollback', jsonb_build_object('import_id', v_import.id)
    );
    v_people int;
    -- One that stopped and is asked again tells what its first half did, too; what that kept is
    -- judged once more.
    v_done jsonb := case when v_import.error_code = 'rollback_stopped' then v_import.rolled_back end
        || '{"kept": {"count": 0, "rows": []}}';
begin
    perform private.end_bulk(v_audit, '{}');
    insert into private.import_rollbacks
        (import_id, tenant_id, outcome, code, audit_id, clients, begun_at, done)
    values (
        v_import.id, v_import.tenant_id, begin_rollback.outcome, begin_rollback.code, v_audit, 0,
        private.now(), coalesce(
            v_done,
            '{"deleted": {"debts": 0, "clients": 0, "phones": 0, "creditors": 0},
                "restored": {"debts": 0, "clients": 0}, "kept": {"count": 0, "rows": []}}'
        )
    );
    -- Before numbers had rows of their own they lay in one.
    with older as (
        delete from private.import_changes as noted
        where noted.tenant_id = v_import.tenant_id and noted.import_id = v_import.id
          and noted.table_name = 'client_phones' and noted.created_ids is not null
        returning noted.created_ids
    )
    insert into private.import_changes (tenant_id, import_id, table_name, row_id, before, after)
    select v_import.tenant_id, v_import.id, 'client_phones', phone.id, '{}', '{}'
    from older
    cross join unnest(older.created_ids) as phone (id);

    insert into private.rollback_chunks (import_id, tenant_id, place, created, known)
    with noted as (
        select changes.* from private.import_changes as changes
        where changes.tenant_id = v_import.tenant_id and changes.import_id = v_import.id
    ),
    created as (
        select unnest(noted.created_ids) as id from noted where noted.table_name = 'clients'
    ),
    people as (
        select created.id from created
        union
        select noted.row_id from noted where noted.table_name = 'clients'
        union
        select phones.client_id from noted
        join public.client_phones as phones
            on noted.table_name = 'client_phones' and phones.id = noted.row_id
        union
        select debts.client_id from noted
        join public.debts on noted.table_name = 'debts' and debts.id = noted.row_id
        union
        select debts.client_id from public.debts
        where debts.tenant_id = v_import.tenant_id and debts.import_id = v_import.id
        union
        select touched.client_id from private.import_touches as touched
        where touched.tenant_id = v_import.tenant_id and touched.import_id = v_import.id
    ),
    placed as (
        select clients.id, exists (select from created where created.id = clients.id) as is_created,
            (row_number() over (order by clients.document) - 1) / private.rollback_chunk_size()
                as place
        from people
        join public.clients on clients.id = people.id
    )
    select v_import.id, v_import.tenant_id, placed.place,
        coalesce(array_agg(placed.id) filter (where placed.is_created), '{}'),
        coalesce(array_agg(placed.id) filter (where not placed.is_created), '{}')
    from placed
    group by placed.place;
    select coalesce(sum(cardinality(chunk.created) + cardinality(chunk.known)), 0) into v_people
    from private.rollback_chunks as chunk
    where chunk.import_id = v_import.id;
    update private.import_rollbacks as back set clients = v_people
    where back.import_id = v_import.id;
    update public.imports
    set status = case when begin_rollback.outcome = 'rolled_back' then 'rolling_back'
            else imports.status end::public.import_status,
        error_code = null, undo_done = 0, undo_total = v_people, rows_per_second = null,
        seconds_left = null
    where imports.id = v_import.id;
    return v_people;
end;
$function$;

CREATE OR REPLACE FUNCTION private.begin_service(client_id uuid, call_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_changed int;
begin
    perform private.require_client(v_tenant_id, client_id);
    -- Free, forgotten, or one's own (a sign of life); somebody else's stays theirs.
    insert into public.client_services as held (tenant_id, client_id, operator_id, call_id)
    values (v_tenant_id, begin_service.client_id, auth.uid(), (
        select call.id from public.calls as call
        where call.tenant_id = v_tenant_id and call.id = begin_service.call_id
    ))
    on conflict on constraint client_services_pkey do update
    set operator_id = excluded.operator_id, seen_at = private.now(),
        call_id = coalesce(excluded.call_id, held.call_id),
        since = case when held.operator_id = excluded.operator_id
            then held.since else private.now() end,
        taken_from = case when held.operator_id = excluded.operator_id
            then held.taken_from end,
        reason = case when held.operator_id = excluded.operator_id then held.reason end
    where held.operator_id = excluded.operator_id
       or held.seen_at <= private.now() - private.service_patience();
    get diagnostics v_changed = row_count;
    if v_changed > 0 then
        perform private.tell_service(v_tenant_id, client_id);
    end if;
    return private.service_state(v_tenant_id, client_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.bulk_change(action text, after jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case action
        when 'assign' then jsonb_build_object(
            'table', 'client_assignments',
            'action', case when after ->> 'assigned_to' is null then 'delete'
                else 'insert' end,
            'changes', jsonb_build_array(jsonb_build_object(
                'field', 'user_id', 'from', null, 'to', after -> 'assigned_to'
            ))
        )
        else jsonb_build_object(
            'table', 'client_tags',
            'action', case action when 'tag' then 'insert' else 'delete' end,
            'changes', jsonb_build_array(jsonb_build_object(
                'field', 'tag_id',
                'from', case action when 'untag' then after -> 'tag_id' end,
                'to', case action when 'tag' then after -> 'tag_id' end
            ))
        )
    end
$function$;

CREATE OR REPLACE FUNCTION private.bulk_eligibility(selection jsonb, action text)
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
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_condition text := private.client_condition(v_filter);
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
    execute 'select coalesce(jsonb_object_agg(counted.reason, counted.clients), ''{}'')
        from (
            select listed.reason, round(count(*) * $3)::bigint as clients
            from (
                select ' || replace(
                    private.exclusion_reason(action), '$reachable',
                    case action when 'whatsapp' then c_mobile
                        when 'dialer' then private.wrong_contact_reason() else '' end
                ) || ' as reason
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
    end;
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

CREATE OR REPLACE FUNCTION private.call_card(call public.calls)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'id', (call).id, 'client_id', (call).client_id, 'phone', (call).phone,
        'client', (
            select client.name from public.clients as client
            where client.tenant_id = (call).tenant_id and client.id = (call).client_id
        ),
        'campaign', (call).campaign_name, 'status', (call).status, 'mode', (call).mode,
        'called_at', (call).called_at, 'connected_at', (call).connected_at,
        'ended_at', (call).ended_at, 'disposition_id', (call).disposition_id,
        'outcome_type', (call).outcome_type,
        'qualification', (call).qualification_name,
        'qualification_source', (call).qualification_source,
        'qualify_status', (call).qualify_status
    )
$function$;

CREATE OR REPLACE FUNCTION private.call_rank(status public.call_status)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case call_rank.status
        when 'dialing' then 1 when 'answered' then 2 when 'connected' then 3
        when 'transferred' then 4
        -- Over, with nothing more known; the ways it can be over are all equal.
        when 'ended' then 5
        else 6
    end
$function$;

CREATE OR REPLACE FUNCTION private.call_timeline(tenant_id uuid, client_id uuid, before_at timestamp with time zone, before_id uuid, page_size integer)
 RETURNS TABLE(at timestamp with time zone, id uuid, item jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select call.called_at, call.id, jsonb_build_object(
        'kind', 'call', 'phone', call.phone, 'status', call.status, 'mode', call.mode,
        'campaign', call.campaign_name, 'talk_seconds', call.talk_seconds,
        'ended_at', call.ended_at, 'is_recorded', call.is_recorded,
        'qualification', call.qualification_name,
        'qualification_source', call.qualification_source,
        'qualify_status', call.qualify_status, 'disposition_id', call.disposition_id,
        'actor', private.actor_name(call.tenant_id, call.operator_id)
    )
    from public.calls as call
    where call.tenant_id = $1 and call.client_id = $2
      and (call.called_at, call.id) < ($3, $4)
    order by call.called_at desc, call.id desc
    limit $5
$function$;

CREATE OR REPLACE FUNCTION private.callback_days(filter jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A fortnight is more than a screen shows; a day's column shows eight calls and says how many
    -- more there are.
    c_max_days constant int := 14;
    c_shown constant int := 8;
    v_tenant_id uuid := private.require_role('operator');
    v_asked record := private.read_callback_filter(v_tenant_id, coalesce(filter, '{}'));
    v_first date := (filter ->> 'from')::date;
    v_days int := (filter ->> 'to')::date - (filter ->> 'from')::date + 1;
    v_day record;
    v_found jsonb := '[]';
    v_counted record;
    v_ids uuid[];
    v_last timestamptz;
begin
    if v_days is null or v_days not between 1 and c_max_days then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'from, to';
    end if;
    for v_day in
        select ahead.day, hours.from_at, hours.until_at
        from (
            select v_first + step as day from generate_series(0, v_days - 1) as step
        ) as ahead
        cross join lateral private.read_callback_filter(
            v_tenant_id, jsonb_build_object('from', ahead.day, 'to', ahead.day)
        ) as hours
        order by ahead.day
    loop
        execute 'select count(*) as calls, count(*) filter (where promised.due_at < $4) as overdue
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.status = ''scheduled''
              and promised.due_at >= $2 and promised.due_at < $3' || v_asked.owner_sql
        into v_counted
        using v_tenant_id, v_day.from_at, v_day.until_at, private.now();
        execute private.callback_page_sql(v_asked.owner_sql, false)
        into v_ids, v_last
        using v_tenant_id, v_day.from_at, v_day.until_at, c_shown;
        v_found := v_found || jsonb_build_object(
            'day', v_day.day, 'count', v_counted.calls, 'overdue', v_counted.overdue,
            'rows', private.callback_rows(v_tenant_id, v_ids[1:c_shown])
        );
    end loop;
    return v_found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.callback_hours(callback_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- As the picker of the service screen: a week and the day it is opened on.
    c_days_offered constant int := 8;
    v_tenant_id uuid := private.require_role('operator');
    v_client_id uuid := (
        select promised.client_id from public.callbacks as promised
        where promised.tenant_id = v_tenant_id and promised.id = callback_hours.callback_id
    );
begin
    if v_client_id is null then
        raise exception 'callback_not_found' using errcode = 'PT404',
            detail = 'no callback with this id in the tenant';
    end if;
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'date', hours.day, 'from', hours.opens_at, 'to', hours.closes_at
        ) order by hours.opens_at), '[]')
        from private.contact_hours(
            v_tenant_id, v_client_id, private.now(), c_days_offered
        ) as hours
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.callback_owner_sql(whose text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
    return case
        when coalesce(whose, 'all') = 'all' then ''
        when whose = 'me' then ' and promised.operator_id = auth.uid()'
        when whose = 'anyone' then ' and promised.operator_id is null'
        when pg_input_is_valid(whose, 'uuid')
            then format(' and promised.operator_id = %L', whose)
    end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.callback_page_sql(owner_sql text, is_later boolean)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select 'select array_agg(page.id order by page.due_at, page.id),
            max(page.due_at) filter (where page.place <= $4)
        from (
            select promised.id, promised.due_at,
                row_number() over (order by promised.due_at, promised.id) as place
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.status = ''scheduled''
              and promised.due_at >= $2 and promised.due_at < $3' || owner_sql
        || case when is_later then ' and (promised.due_at, promised.id) > ($5, $6)' else '' end
        || ' order by promised.due_at, promised.id limit $4 + 1) as page'
$function$;

CREATE OR REPLACE FUNCTION private.callback_rows(tenant_id uuid, ids uuid[])
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Longer than any run of holidays and Sundays.
    c_days_ahead constant int := 15;
    v_now timestamptz := private.now();
    v_is_supervisor boolean := private.has_role('supervisor');
begin
    return (
        with listed as materialized (
            select promised.*, asked.place,
                private.uf_of(promised.tenant_id, promised.client_id, clients.uf) as uf
            from unnest(callback_rows.ids) with ordinality as asked (id, place)
            join public.callbacks as promised on promised.id = asked.id
            join public.clients
                on clients.tenant_id = promised.tenant_id and clients.id = promised.client_id
            where promised.tenant_id = callback_rows.tenant_id
        ),
        hours as materialized (
            select states.uf, opening.opens_at, opening.closes_at
            from (select distinct listed.uf from listed) as states
            cross join lateral (
                select found.opens_at, found.closes_at
                from private.contact_hours_in(
                    callback_rows.tenant_id, states.uf, v_now, c_days_ahead
                ) as found
                where found.closes_at > v_now
                order by found.opens_at limit 1
            ) as opening
        )
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', listed.id, 'due_at', listed.due_at, 'is_overdue', listed.due_at < v_now,
            'note', listed.note, 'made_at', listed.created_at,
            'made_by', private.actor_name(listed.tenant_id, made.operator_id),
            'operator', case when listed.operator_id is not null then jsonb_build_object(
                'id', listed.operator_id,
                'name', private.actor_name(listed.tenant_id, listed.operator_id)
            ) end,
            'released_from', private.actor_name(listed.tenant_id, listed.released_from),
            'is_mine', coalesce(listed.operator_id = auth.uid(), false),
            'may_change', listed.operator_id is null or listed.operator_id = auth.uid()
                or v_is_supervisor,
            'client', jsonb_build_object(
                'id', clients.id, 'name', clients.name, 'document', clients.document,
                'open_cents', clients.open_cents, 'oldest_due_on', clients.oldest_due_on,
                'creditor', (
                    select string_agg(creditors.name, ', ' order by creditors.name)
                    from public.creditors
                    where creditors.tenant_id = clients.tenant_id
                      and creditors.id = any(clients.creditor_ids)
                ),
                'phone', (
                    select known.phone from public.client_phones as known
                    where known.tenant_id = clients.tenant_id and known.client_id = clients.id
                    order by known.position, known.id limit 1
                )
            ),
            'window', case when private.is_suppressed(
                listed.tenant_id, listed.client_id, null, 'call', v_now
            ) then jsonb_build_object('allowed', false, 'reason', 'suppressed')
            else jsonb_build_object(
                'allowed', coalesce(hours.opens_at <= v_now, false),
                'opens_at', hours.opens_at, 'closes_at', hours.closes_at,
                'reason', case when coalesce(hours.opens_at > v_now, true)
                    then 'outside_hours' end
            ) end,
            'in_service', (
                select serving.state ->> 'operator'
                from private.service_state(listed.tenant_id, listed.client_id) as serving (state)
                where not (serving.state -> 'is_mine')::boolean
            )
        ) order by listed.place), '[]')
        from listed
        join public.clients
            on clients.tenant_id = listed.tenant_id and clients.id = listed.client_id
        join public.call_dispositions as made
            on made.tenant_id = listed.tenant_id and made.id = listed.disposition_id
        left join hours on hours.uf is not distinct from listed.uf
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.cancel_batch(batch_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.move_batch(batch_id, 'cancelled');
    update public.message_batches as batch set cancelled_by = auth.uid()
    where batch.id = cancel_batch.batch_id;
    perform private.drop_waiting(batch_id);
    perform private.fold_batch_counts();
end;
$function$;

CREATE OR REPLACE FUNCTION private.cancel_callback(callback_id uuid, reason text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    -- Whoever may not is refused before being told what is missing.
    perform private.lock_callback(callback_id);
    if btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a promise that nobody will keep says why';
    end if;
    perform private.end_callback(callback_id, 'cancelled', reason);
end;
$function$;

CREATE OR REPLACE FUNCTION private.cancel_dialer_export(export_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_export public.dialer_exports;
begin
    select * into v_export from public.dialer_exports as export
    where export.tenant_id = v_tenant_id and export.id = cancel_dialer_export.export_id
    for update;
    if not found then
        raise exception 'dialer_export_not_found' using errcode = 'PT404',
            detail = 'no such export in the tenant';
    end if;
    if v_export.status = 'cancelled' then
        return 'cancelled';
    end if;
    update private.dialer_tasks as task set status = 'cancelled', done_at = private.now()
    -- Whoever must not be called leaves, whatever becomes of the others.
    where task.export_id = v_export.id and task.status = 'queued' and task.kind <> 'remove';
    update public.dialer_exports as export
    set status = 'cancelled', finished_at = private.now()
    where export.id = v_export.id;
    -- What is loaded stays, and is not dialled any more.
    perform private.wish_dialer_task(
        v_export.integration_id, 'weight', 'silence:' || v_export.id, v_export.id, null, null,
        '{"weight": 0}'
    );
    perform private.wake_function('3cplus-export');
    return 'cancelled';
end;
$function$;

CREATE OR REPLACE FUNCTION private.capped_until(tenant_id uuid, client_id uuid, channel public.channel, at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = capped_until.tenant_id
    );
    v_today date := (at at time zone v_zone)::date;
begin
    return (
        select max((((
            select attempted.at from private.contact_attempts(
                cap.tenant_id, capped_until.client_id, cap.channel,
                (v_today - cap.days + 1)::timestamp at time zone v_zone, capped_until.at
            ) as attempted
            order by attempted.at desc offset cap.attempts - 1 limit 1
        ) at time zone v_zone)::date + cap.days)::timestamp at time zone v_zone)
        from public.contact_caps as cap
        where cap.tenant_id = capped_until.tenant_id and cap.channel = capped_until.channel
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.change_message_batch(batch_id uuid, change text, reason text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_batch public.message_batches;
begin
    select * into v_batch from public.message_batches as batch
    where batch.tenant_id = v_tenant_id and batch.id = change_message_batch.batch_id
    for update;
    if not found then
        raise exception 'batch_not_found' using errcode = 'PT404',
            detail = 'no such bulk send here';
    end if;
    case change
        when 'confirm' then
            if v_batch.created_by = auth.uid() then
                raise exception 'approval_by_author' using errcode = 'PT403',
                    detail = 'a second person confirms';
            elsif v_batch.status <> 'awaiting_confirmation' then
                raise exception 'batch_not_movable' using errcode = 'PT409',
                    detail = 'it does not wait for a confirmation';
            end if;
            update public.message_batches as batch
            set confirmed_by = auth.uid(), confirmed_at = private.now()
            where batch.id = v_batch.id;
            perform private.release_batch(v_batch.id);
        when 'refuse' then
            if v_batch.created_by = auth.uid() then
                raise exception 'approval_by_author' using errcode = 'PT403',
                    detail = 'a second person refuses; the author cancels';
            elsif v_batch.status <> 'awaiting_confirmation' then
                raise exception 'batch_not_movable' using errcode = 'PT409',
                    detail = 'it does not wait for a confirmation';
            elsif btrim(coalesce(reason, '')) = '' then
                raise exception 'reason_missing' using errcode = 'PT400',
                    detail = 'the author wants to know why';
            end if;
            update public.message_batches as batch
            set refusal_reason = btrim(reason) where batch.id = v_batch.id;
            perform private.cancel_batch(v_batch.id);
            insert into public.notifications (tenant_id, user_id, kind, payload)
            values (
                v_tenant_id, v_batch.created_by, 'batch_refused',
                jsonb_build_object('batch_id', v_batch.id)
            );
        when 'pause' then
            perform private.move_batch(v_batch.id, 'paused');
        when 'resume' then
            -- Only what was paused: a resume is no confirmation.
            if v_batch.status <> 'paused' then
                raise exception 'batch_not_movable' using errcode = 'PT409',
                    detail = 'it is not paused';
            end if;
            perform private.release_batch(v_batch.id);
        when 'cancel' then
            perform private.cancel_batch(v_batch.id);
        else
            raise exception 'action_unknown' using errcode = 'PT400', detail = coalesce(change, '');
    end case;
    return (
        select batch.status::text from public.message_batches as batch where batch.id = v_batch.id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.charge_template(charge public.charges)
 RETURNS public.message_templates
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select template.*
    from public.message_templates as template
    cross join lateral private.sender_for(
        (charge).tenant_id, (charge).client_id, template.provider
    ) as sender
    where template.tenant_id = (charge).tenant_id and template.channel = 'whatsapp'
      and template.status = 'approved'
      and template.variables && array['charge.link', 'charge.pix_code', 'charge.digitable_line']
      and ((charge).link is not null or 'charge.link' <> all(template.variables))
      and ((charge).pix_code is not null or 'charge.pix_code' <> all(template.variables))
      and ((charge).digitable_line is not null
          or 'charge.digitable_line' <> all(template.variables))
    -- One that can leave now; one that holds the code to pay with, before one that only links to it.
    order by sender.sender_id is not null and not sender.is_paused desc,
        template.variables && array['charge.pix_code', 'charge.digitable_line'] desc,
        template.created_at, template.name
    limit 1
$function$;

CREATE OR REPLACE FUNCTION private.chat_obstacles(talk public.conversations)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_text public.message_logs;
    v_reason text;
    v_hours record;
begin
    v_text.conversation_id := talk.id;
    v_text.body := '';
    v_reason := (private.plan_chat_message(v_text)).reason;
    select decided.* into v_hours
    from (select talk.client_id as id) as person
    left join lateral private.contact_decision(
        talk.tenant_id, person.id, 'whatsapp', private.now()
    ) as decided on person.id is not null;
    return jsonb_build_object(
        -- A pause of the number only delays.
        'text', nullif(v_reason, 'rate_limited'),
        'template', case
            when v_reason in ('integration_inactive', 'no_reachable_phone', 'suppressed')
                then v_reason
            when talk.client_id is null then 'client_unknown'
            when not v_hours.allowed then v_hours.reason
        end,
        'next_allowed_at', case when talk.client_id is not null and not v_hours.allowed
            then v_hours.next_allowed_at end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.chunk_people_changes(chunk private.import_chunks)
 RETURNS private.import_change[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
begin
    return array(
        select row(
            'clients', merged.id, merged.id, null, merged.before, merged.after
        )::private.import_change
        from (
            select clients.id, private.jsonb_changes(became.item, was.item) as before,
                private.jsonb_changes(was.item, became.item) as after
            from unnest(chunk.clients) as planned
            join public.clients on clients.id = planned.client_id
            cross join lateral (
                select jsonb_build_object(
                    'name', clients.name, 'email', clients.email, 'uf', clients.uf,
                    'external_id', clients.external_id, 'extra', clients.extra
                ) as item
            ) as was
            cross join lateral (
                select jsonb_build_object(
                    -- Capitals or not, the same name is no change.
                    'name', case
                        when lower(planned.name) = lower(clients.name) then clients.name
                        else coalesce(planned.name, clients.name)
                    end,
                    'email', coalesce(planned.email, clients.email),
                    'uf', coalesce(planned.uf, clients.uf),
                    'external_id', coalesce(planned.external_id, clients.external_id),
                    'extra', clients.extra || coalesce(planned.extra, '{}')
                ) as item
            ) as became
            where planned.is_changed
        ) as merged
        where merged.after is not null
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.chunk_title_changes(chunk private.import_chunks)
 RETURNS private.import_change[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
begin
    return array(
        select row(
            'debts', debts.id, debts.client_id, planned.action,
            private.jsonb_changes(became.item, was.item),
            private.jsonb_changes(was.item, became.item)
        )::private.import_change
        from unnest(chunk.debts) as planned
        join public.debts on debts.id = planned.debt_id and planned.action <> 'new'
            and case planned.action when 'reopened' then private.is_returned_by_file(debts)
                else debts.status = 'open' end
            and not exists (
                select from public.agreement_debts as held
                where held.tenant_id = debts.tenant_id and held.debt_id = debts.id
                  and held.is_live
            )
            -- Paid in part since the plan: the value stays what the payment was taken off.
            and (
                planned.action = 'returned' or debts.abated_cents = 0
                or debts.principal_cents = planned.principal_cents
            )
        cross join lateral (
            select jsonb_build_object(
                'due_on', debts.due_on, 'principal_cents', debts.principal_cents,
                'status', debts.status, 'import_id', debts.import_id
            ) as item
        ) as was
        cross join lateral (
            select was.item || jsonb_build_object('import_id', chunk.import_id)
                || case planned.action
                    when 'returned' then jsonb_build_object('status', 'returned')
                    else jsonb_build_object(
                        'due_on', planned.due_on, 'principal_cents', planned.principal_cents,
                        'status', 'open'
                    )
                end as item
        ) as became
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.claim_automation_runs(max integer, lease_seconds integer)
 RETURNS TABLE(run_id uuid, tenant_id uuid, attempt integer, message_id uuid, provider public.provider_name, destination text, template_provider_id text, language text, params text[], settings jsonb, integration_id uuid, queue_msg_id bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A batch in which nothing may be sent is no reason to stop: the next may hold something. Bounded,
    -- so that the leases of what is found last are still whole.
    c_rounds constant int := 20;
    v_claim_id uuid := gen_random_uuid();
    v_plans private.run_plan[];
begin
    for v_round in 1 .. c_rounds loop
        exit when not private.take_runs(v_claim_id, max, lease_seconds);
        perform private.resolve_interrupted_runs(v_claim_id);
        perform private.lock_limited_rules(v_claim_id);
        v_plans := array(select plan from private.plan_runs(v_claim_id) as plan);
        perform private.finish_run(plan.run_id, 'skipped', plan.reason)
        from unnest(v_plans) as plan where plan.verdict = 'skip';
        perform private.postpone_run(plan.run_id, plan.not_before, plan.reason)
        from unnest(v_plans) as plan where plan.verdict = 'postpone';
        exit when exists (select from unnest(v_plans) as plan where plan.verdict = 'send');
    end loop;

    update public.automation_runs as run set attempt = plan.attempt, reason = null
    from unnest(v_plans) as plan where plan.verdict = 'send' and run.id = plan.run_id;

    return query
    with outgoing as (
        insert into public.message_logs as message (
            tenant_id, client_id, direction, provider, integration_id, sender_id, phone,
            template_id, body, params, status, attempt, automation_run_id
        )
        select plan.tenant_id, plan.client_id, 'out', plan.provider, plan.integration_id,
            plan.sender_id, plan.phone, plan.template_id, plan.body, plan.params, 'queued',
            plan.attempt, plan.run_id
        from unnest(v_plans) as plan where plan.verdict = 'send'
        on conflict on constraint message_logs_one_per_run do update
        set attempt = excluded.attempt, phone = excluded.phone, body = excluded.body,
            params = excluded.params, integration_id = excluded.integration_id,
            sender_id = excluded.sender_id, conversation_id = excluded.conversation_id,
            template_id = excluded.template_id, error_code = null, error_detail = null
        -- Only what nobody has begun to send.
        where message.status = 'queued'
        returning message.id, message.automation_run_id
    )
    select plan.run_id, plan.tenant_id, plan.attempt, outgoing.id, plan.provider, plan.phone,
        plan.provider_template_id, plan.language, plan.params, plan.settings,
        plan.integration_id, plan.queue_msg_id
    from outgoing
    join unnest(v_plans) as plan on plan.run_id = outgoing.automation_run_id;
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
            update private.sender_buckets as bucket
            set tokens = bucket.tokens + v_lent.taken - cardinality(v_got)
            where bucket.sender_id = v_sender.id;
        end if;
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
    join (
        select sender.id, private.sender_settings(sender.id) as said
        from public.senders as sender
        where sender.id in (
            select known.sender_id from public.message_logs as known where known.id = any(v_ids)
        )
    ) as settings on settings.id = message.sender_id
    order by claimed.starts_in, message.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.claim_dialer_tasks(max integer, lease_seconds integer)
 RETURNS TABLE(task_id uuid, attempt integer, integration_id uuid, kind text, is_doubtful boolean, settings jsonb, body jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return query
    with due as (
        select task.id
        from private.dialer_tasks as task
        where task.id in (
            -- In turns, so that one agency's thousand files do not hold up another's call.
            select ranked.id
            from (
                select waiting.id, waiting.next_attempt_at, row_number() over (
                    partition by waiting.tenant_id
                    order by waiting.kind <> 'qualify', waiting.next_attempt_at, waiting.id
                ) as turn
                from private.dialer_tasks as waiting
                join public.integrations as integration
                    on integration.id = waiting.integration_id
                where waiting.status in ('queued', 'sending')
                  and waiting.next_attempt_at <= private.now()
                  and (waiting.lease_until is null or waiting.lease_until <= private.now())
                  and integration.is_active
                  and coalesce(integration.paused_until <= private.now(), true)
                  -- Taken out before it is in, a contact would come back.
                  and (waiting.kind <> 'remove' or not exists (
                      select from private.dialer_tasks as loading
                      where loading.export_id = waiting.export_id
                        and loading.kind in ('part', 'file')
                        and (loading.status = 'sending' or loading.is_doubtful
                            and loading.status = 'queued')
                  ))
            ) as ranked
            order by ranked.turn, ranked.next_attempt_at limit max
        )
        for update of task skip locked
    ),
    claimed as (
        update private.dialer_tasks as task
        set attempt = task.attempt + 1,
            -- A worker that died while sending has failed, too: what kills workers must end.
            failures = task.failures + case when task.status = 'sending' then 1 else 0 end,
            status = 'queued',
            lease_until = private.now() + make_interval(secs => lease_seconds)
        from due
        where task.id = due.id
        returning task.*
    )
    select claimed.id, claimed.attempt, claimed.integration_id, claimed.kind,
        claimed.is_doubtful, integration.settings, private.dialer_task_body(claimed.id)
    from claimed
    join public.integrations as integration on integration.id = claimed.integration_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.claim_import()
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_left record;
begin
    for v_left in
        select plan.import_id, plan.tenant_id, plan.attempts from private.import_plans as plan
        union all
        select back.import_id, back.tenant_id, back.attempts from private.import_rollbacks as back
        order by attempts, import_id
    loop
        if pg_try_advisory_xact_lock(private.import_lock(v_left.import_id))
            and pg_try_advisory_xact_lock(private.import_turn(v_left.tenant_id))
        then
            perform private.stay_open();
            return v_left.import_id;
        end if;
    end loop;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.claim_media(max integer, lease_seconds integer)
 RETURNS TABLE(message_id uuid, attempt integer, integration_id uuid, provider public.provider_name, settings jsonb, media jsonb)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with due as (
        select waiting.message_id
        from public.message_media as waiting
        where waiting.status = 'waiting' and waiting.next_attempt_at <= private.now()
          and (waiting.lease_until is null or waiting.lease_until <= private.now())
        order by waiting.next_attempt_at
        limit claim_media.max
        for update skip locked
    ),
    claimed as (
        update public.message_media as waiting
        set attempt = waiting.attempt + 1,
            lease_until = private.now() + make_interval(secs => claim_media.lease_seconds)
        from due
        where waiting.message_id = due.message_id
        returning waiting.message_id, waiting.attempt
    )
    select claimed.message_id, claimed.attempt, message.integration_id, message.provider,
        private.sender_settings(message.sender_id), message.media
    from claimed
    join public.message_logs as message on message.id = claimed.message_id
$function$;

CREATE OR REPLACE FUNCTION private.claim_message(id uuid, queue_msg_id bigint, reads integer, lease_seconds integer)
 RETURNS TABLE(message_id uuid, tenant_id uuid, attempt integer, provider public.provider_name, destination text, template_provider_id text, language text, params text[], body text, settings jsonb, integration_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Read this often without an answer, a message kills its worker: stop feeding it.
    c_max_reads constant int := 5;
    v_message public.message_logs;
    v_charge public.charges;
    v_plan private.message_plan;
begin
    select * into v_message from public.message_logs as message
    where message.id = claim_message.id
    for update skip locked;
    if v_message.id is null and exists (
        select from public.message_logs as message where message.id = claim_message.id
    ) then
        -- Locked by somebody who will settle it.
        return;
    elsif v_message.queue_msg_id is distinct from claim_message.queue_msg_id then
        perform pgmq.archive('messages', claim_message.queue_msg_id);
        return;
    elsif v_message.lease_until > private.now() then
        return;
    elsif v_message.status = 'sending' then
        -- Its worker never settled; the provider may have it.
        update public.message_logs as message set status = 'unknown'
        where message.id = v_message.id;
        perform private.await_message_receipt(v_message.id);
        return;
    elsif v_message.status = 'unknown' then
        perform private.advance_message(
            v_message.id, 'failed', private.now(), error_code => 'outcome_unknown'
        );
        return;
    elsif v_message.status <> 'queued' then
        perform private.leave_message_queue(v_message.id);
        return;
    elsif claim_message.reads > c_max_reads then
        perform private.drop_message(v_message.id, 'poisoned');
        return;
    end if;
    select * into v_charge from public.charges as charge where charge.id = v_message.charge_id;
    v_plan := case when v_message.charge_id is null then private.plan_chat_message(v_message)
        else private.plan_charge_message(v_charge) end;
    if v_message.created_at < private.now() - interval '7 days' then
        -- As a run: a week later silence is better.
        perform private.drop_message(v_message.id, 'expired');
        return;
    elsif v_plan.verdict = 'refuse' then
        perform private.drop_message(v_message.id, v_plan.reason);
        return;
    elsif v_plan.verdict = 'postpone' then
        perform private.postpone_message(v_message.id, v_plan.not_before);
        return;
    end if;
    return query
    update public.message_logs as message
    set attempt = message.attempt + 1, next_attempt_at = null,
        lease_until = private.now() + make_interval(secs => claim_message.lease_seconds),
        provider = v_plan.provider, integration_id = v_plan.integration_id,
        sender_id = v_plan.sender_id, conversation_id = v_plan.conversation_id,
        phone = v_plan.phone,
        template_id = v_plan.template_id, body = v_plan.body, params = v_plan.params,
        error_code = null, error_detail = null
    where message.id = v_message.id
    returning message.id, message.tenant_id, message.attempt, message.provider, message.phone,
        v_plan.provider_template_id, v_plan.language, message.params, message.body,
        v_plan.settings, message.integration_id;
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
        v_plans := array(
            select plan from private.plan_recipients(v_batch_id, v_candidates) as plan
        );
        update public.batch_recipients as recipient
        set status = case when plan.verdict = 'skip' then 'skipped'::public.recipient_status
                else recipient.status end,
            reason = plan.reason,
            not_before = case when plan.verdict = 'postpone' then plan.not_before
                else recipient.not_before end
        from unnest(v_plans) as plan
        where recipient.batch_id = v_batch_id and recipient.client_id = plan.client_id
          and plan.verdict <> 'send';
        v_claimed := v_claimed
            || private.write_claims(v_batch_id, v_plans, claim_of_sender.lease_seconds);
    end loop;
    return v_claimed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_condition(filter private.client_filter, is_joined boolean DEFAULT false)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_all text[] := array['clients.tenant_id = ($1).tenant_id'];
    v_contact text[] := '{}';
    v_any text[] := '{}';
begin
    if (filter.search).typed is not null then
        v_all := v_all || private.search_condition(filter.search);
    end if;
    if filter.creditor_ids is not null then
        v_all := v_all || 'clients.creditor_ids && ($1).creditor_ids'::text;
    end if;
    if filter.statuses is not null then
        v_all := v_all || private.one_or_any(
            'clients.debt_status', 'statuses', cardinality(filter.statuses)
        );
    end if;
    if filter.aged_from is not null then
        v_all := v_all || (
            select '(' || string_agg(format(
                'clients.oldest_due_on between (($1).aged_from)[%1$s] and (($1).aged_to)[%1$s]',
                place
            ), ' or ') || ')'
            from generate_series(1, cardinality(filter.aged_from)) as place
        );
    end if;
    if filter.min_cents is not null then
        v_all := v_all || 'clients.open_cents >= ($1).min_cents'::text;
    end if;
    if filter.max_cents is not null then
        v_all := v_all || 'clients.open_cents <= ($1).max_cents'::text;
    end if;
    if filter.due_from is not null then
        v_all := v_all || 'clients.oldest_due_on >= ($1).due_from'::text;
    end if;
    if filter.due_to is not null then
        v_all := v_all || 'clients.oldest_due_on <= ($1).due_to'::text;
    end if;
    if filter.ufs is not null then
        v_all := v_all || private.one_or_any('clients.uf', 'ufs', cardinality(filter.ufs));
    end if;

    if filter.contact_from is not null then
        v_contact := v_contact || 'contact.last_contact_at >= ($1).contact_from'::text;
    end if;
    if filter.contact_before is not null then
        v_contact := v_contact || 'contact.last_contact_at < ($1).contact_before'::text;
    end if;
    if filter.disposition_types is not null then
        v_contact := v_contact || private.one_or_any(
            'contact.last_disposition_type', 'disposition_types',
            cardinality(filter.disposition_types)
        );
    end if;
    if v_contact <> '{}' then
        v_all := v_all || private.contact_is(array_to_string(v_contact, ' and '), is_joined);
    end if;
    if filter.is_never_contacted then
        v_all := v_all
            || ('not ' || private.contact_is('contact.last_contact_at is not null', is_joined));
    end if;
    if filter.is_opted_out is not null then
        v_all := v_all || (
            case when filter.is_opted_out then '' else 'not ' end || private.contact_is(
                '(contact.call_blocked_until is not null
                  or contact.whatsapp_blocked_until is not null)
                 and coalesce(greatest(contact.call_blocked_until, contact.whatsapp_blocked_until)
                     > ($1).now_at, false)', is_joined
            )
        );
    end if;

    if filter.has_phone is not null then
        v_all := v_all || case
            when filter.has_phone then 'clients.has_phone' else 'not clients.has_phone' end;
    end if;
    if filter.whatsapp is not null then
        v_all := v_all || (
            select '(' || string_agg(case answer.word
                when 'true' then 'clients.has_whatsapp'
                when 'false' then 'not clients.has_whatsapp'
                else 'clients.has_whatsapp is null'
            end, ' or ') || ')'
            from unnest(filter.whatsapp) as answer (word)
        );
    end if;
    if cardinality(filter.agreement_statuses) > 0 or filter.has_no_agreement then
        v_all := v_all || private.agreement_condition(
            cardinality(filter.agreement_statuses), filter.has_no_agreement
        );
    end if;
    if filter.import_id is not null then
        -- With an offset the planner cannot gather them all first, which is what is not wanted.
        v_all := v_all || case when filter.is_broad_import then '(exists (
            select from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.client_id = clients.id
              and debts.import_id = ($1).import_id offset 0
        ) or exists (
            select from private.import_touches as touched
            where touched.tenant_id = ($1).tenant_id and touched.client_id = clients.id
              and touched.import_id = ($1).import_id offset 0
        ))' else 'clients.id in (
            select debts.client_id from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.import_id = ($1).import_id
            union all
            select touched.client_id from private.import_touches as touched
            where touched.tenant_id = ($1).tenant_id and touched.import_id = ($1).import_id
        )' end;
    end if;
    if filter.tag_ids is not null then
        v_all := v_all || ('clients.id in (
            select worn.client_id from public.client_tags as worn
            where worn.tenant_id = ($1).tenant_id and ' || private.one_or_any(
                'worn.tag_id', 'tag_ids', cardinality(filter.tag_ids)
            ) || ')');
    end if;
    if filter.is_unassigned then
        v_any := v_any || ('not ' || private.is_given('true'));
    end if;
    if cardinality(filter.operator_ids) > 0 then
        v_any := v_any || private.is_given(private.one_or_any(
            'given.user_id', 'operator_ids', cardinality(filter.operator_ids)
        ));
    end if;
    if v_any <> '{}' then
        v_all := v_all || ('(' || array_to_string(v_any, ' or ') || ')');
    end if;
    if filter.ids is not null then
        v_all := v_all || 'clients.id = any(($1).ids)'::text;
    end if;
    if filter.except_ids is not null then
        v_all := v_all || 'clients.id <> all(($1).except_ids)'::text;
    end if;
    return array_to_string(v_all, ' and ');
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_history(client_id uuid, before_id bigint, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('admin');
    v_size int := least(greatest(coalesce(page_size, 30), 1), c_max_page);
    v_items jsonb;
begin
    perform private.require_client(v_tenant_id, client_id);
    with rows as (
        select 'clients' as table_name, client_history.client_id::text as row_id
        union
        select 'client_assignments', client_history.client_id::text
        union
        select 'client_tags', client_history.client_id::text
        union
        select touched.table_name, touched.row_id
        from public.audit_log as touched
        where touched.tenant_id = v_tenant_id
          and touched.table_name in ('client_addresses', 'client_phones')
          and touched.action in ('insert', 'delete')
          and coalesce(touched.after, touched.before) ->> 'client_id'
              = client_history.client_id::text
        union
        select 'client_phones', known.id::text from public.client_phones as known
        where known.tenant_id = v_tenant_id and known.client_id = client_history.client_id
        union
        select 'client_addresses', known.id::text from public.client_addresses as known
        where known.tenant_id = v_tenant_id and known.client_id = client_history.client_id
    ),
    found as (
        select told.*
        from rows
        join public.audit_log as told
            on told.tenant_id = v_tenant_id and told.table_name = rows.table_name
            and told.row_id = rows.row_id
        union all
        select told.*
        from public.audit_log as told
        where told.tenant_id = v_tenant_id and told.action = 'bulk'
          and told.row_id in ('assign', 'tag', 'untag')
          and told.after #> '{selection,ids}' ? client_history.client_id::text
          and told.after ->> 'changed' <> '0'
    )
    select coalesce(jsonb_agg(newest.item order by newest.id desc), '[]') into v_items
    from (
        select found.id, jsonb_build_object(
            'id', found.id, 'at', found.created_at,
            'actor', coalesce(
                private.actor_name(found.tenant_id, found.actor_id),
                case when found.actor_id is not null then found.actor end
            )
        ) || case when found.action = 'bulk' then private.bulk_change(found.row_id, found.after)
            else jsonb_build_object(
                'table', found.table_name, 'action', found.action,
                'changes', private.field_changes(found.before, found.after)
            )
        end as item
        from found
        where found.id < coalesce(client_history.before_id, 9223372036854775807)
        order by found.id desc
        limit v_size + 1
    ) as newest;
    return jsonb_build_object(
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size
            then v_items -> (v_size - 1) -> 'id' end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_of_call(tenant_id uuid, identifier text, phone text)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_found uuid[];
begin
    if pg_input_is_valid(identifier, 'uuid') then
        v_found := array(
            select client.id from public.clients as client
            where client.tenant_id = client_of_call.tenant_id and client.id = identifier::uuid
        );
    elsif identifier <> '' then
        v_found := array(
            select client.id from public.clients as client
            where client.tenant_id = client_of_call.tenant_id
              and client.external_id = client_of_call.identifier
            union
            select client.id from public.clients as client
            where client.tenant_id = client_of_call.tenant_id
              and client.document = client_of_call.identifier
            union
            select debt.client_id from public.debts as debt
            where debt.tenant_id = client_of_call.tenant_id
              and debt.contract = client_of_call.identifier
            limit 2
        );
    end if;
    if cardinality(v_found) = 1 then
        return v_found[1];
    end if;
    return case when phone is not null then private.client_of_phone(tenant_id, phone) end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_of_inbound(event private.provider_events, talk public.conversations, phone text)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_owners uuid[];
    v_replied uuid;
begin
    if talk.is_linked_by_person then
        return talk.client_id;
    end if;
    v_owners := array(
        select distinct owner.id
        -- Who has hidden the number behind a user name since is still the person we know.
        from private.clients_of_phone(
            event.tenant_id, coalesce(client_of_inbound.phone, talk.phone)
        ) as owner (id)
    );
    if cardinality(v_owners) = 1 then
        return v_owners[1];
    end if;
    select message.client_id into v_replied
    from public.message_logs as message
    where message.integration_id = event.integration_id and message.direction = 'out'
      and event.payload #>> '{inbound,replies_to}' in (message.provider_message_id, message.wamid)
      and private.phone_match(message.phone)
          = coalesce(private.phone_match(client_of_inbound.phone), talk.phone_key)
    limit 1;
    -- Two people share the number: who it was until now proves nothing.
    return case when v_replied = any(v_owners) then v_replied end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_on_screen(tenant_id uuid, agent_id bigint, phone text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select held.client_id
    from public.dialer_agents as seat
    join public.client_services as held
        on held.operator_id = seat.user_id and held.tenant_id = seat.tenant_id
    where seat.tenant_id = client_on_screen.tenant_id
      and seat.agent_id = client_on_screen.agent_id
      and held.seen_at > private.now() - private.service_patience()
      and held.client_id in (
          select private.clients_of_phone(client_on_screen.tenant_id, client_on_screen.phone)
      )
    order by held.since desc limit 1
$function$;

CREATE OR REPLACE FUNCTION private.client_profile(document text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_client_id uuid;
    v_card jsonb;
begin
    select clients.id into v_client_id
    from public.clients
    where clients.tenant_id = v_tenant_id
      and clients.document = regexp_replace(upper(client_profile.document), '[^0-9A-Z]', '', 'g');
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
    v_card := private.client_card(v_tenant_id, v_client_id);
    return v_card || jsonb_build_object(
        'client', v_card -> 'client' || private.client_facts(v_tenant_id, v_client_id),
        'totals', jsonb_build_object(
            'open_cents', v_card -> 'client' -> 'open_cents',
            'open_debts', v_card -> 'client' -> 'open_debts',
            'oldest_due_on', v_card -> 'client' -> 'oldest_due_on'
        ),
        'phones', private.phone_health(v_tenant_id, v_client_id),
        'wrong_contact', (
            select jsonb_build_object('reports', count(*), 'last_at', max(call.created_at))
            from public.call_dispositions as call
            join public.disposition_types as types
                on types.tenant_id = call.tenant_id and types.key = call.disposition_type
                and types.unworkable
            where call.tenant_id = v_tenant_id and call.client_id = v_client_id
              and not private.is_undone(call.id)
        ),
        'addresses', (
            select coalesce(jsonb_agg(
                to_jsonb(known) - 'tenant_id' - 'client_id' order by known.created_at desc, known.id
            ), '[]')
            from public.client_addresses as known
            where known.tenant_id = v_tenant_id and known.client_id = v_client_id
        ),
        'callbacks', private.client_callbacks(v_tenant_id, v_client_id),
        'contact', (
            select jsonb_build_object(
                'allowed', decision.allowed, 'next_allowed_at', decision.next_allowed_at,
                'reason', decision.reason
            )
            from private.contact_decision(
                v_tenant_id, v_client_id, 'call', private.now()
            ) as decision
        ),
        'timeline', private.client_timeline(v_client_id, null, 50)
    ) || private.client_money(v_tenant_id, v_client_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.client_rows(tenant_id uuid, ids uuid[], today date, now_at timestamp with time zone)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
    return (
        select coalesce(json_agg(json_build_object(
            'id', clients.id, 'document', clients.document, 'name', clients.name,
            'external_id', clients.external_id, 'email', clients.email, 'uf', clients.uf,
            'open_cents', clients.open_cents, 'open_debts', clients.open_debts,
            'oldest_due_on', clients.oldest_due_on,
            'days_late', greatest(client_rows.today - clients.oldest_due_on, 0),
            'status', clients.debt_status, 'has_phone', clients.has_phone,
            'has_whatsapp', clients.has_whatsapp, 'created_at', clients.created_at,
            'creditors', (
                select coalesce(json_agg(
                    creditors.name order by creditors.name_key collate "C"
                ), '[]')
                from public.creditors
                where creditors.tenant_id = client_rows.tenant_id
                  and creditors.id = any(clients.creditor_ids)
            ),
            'phone', (
                select client_phones.phone
                from public.client_phones
                where client_phones.tenant_id = client_rows.tenant_id
                  and client_phones.client_id = clients.id
                order by client_phones.position, client_phones.id
                limit 1
            ),
            'opted_out', coalesce(greatest(
                contact.call_blocked_until, contact.whatsapp_blocked_until
            ) > client_rows.now_at, false),
            'last_contact_at', contact.last_contact_at,
            'last_disposition', case when types.key is not null then json_build_object(
                'type', types.key, 'label', types.label, 'color', types.color,
                'at', contact.last_contact_at
            ) end,
            'assigned_to', (
                select json_build_object('user_id', given.user_id, 'name', (
                    select memberships.display_name
                    from public.memberships
                    where memberships.user_id = given.user_id
                      and memberships.tenant_id = given.tenant_id
                    order by memberships.created_at desc
                    limit 1
                ))
                from public.client_assignments as given
                where given.tenant_id = client_rows.tenant_id and given.client_id = clients.id
            ),
            'tags', (
                select coalesce(json_agg(json_build_object(
                    'id', tags.id, 'name', tags.name, 'color', tags.color
                ) order by tags.name_key), '[]')
                from public.client_tags as worn
                join public.tags on tags.tenant_id = worn.tenant_id and tags.id = worn.tag_id
                where worn.tenant_id = client_rows.tenant_id and worn.client_id = clients.id
            )
        ) order by page.place), '[]')
        from unnest(client_rows.ids) with ordinality as page (id, place)
        join public.clients on clients.id = page.id
        left join private.client_contacts as contact
            on contact.tenant_id = client_rows.tenant_id and contact.client_id = clients.id
        left join public.disposition_types as types
            on types.tenant_id = client_rows.tenant_id and types.key = contact.last_disposition_type
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.confirmation_limit(tenant_id uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce((
        select policy.confirm_above_recipients from public.message_policies as policy
        where policy.tenant_id = confirmation_limit.tenant_id
    ), 5000)
$function$;

CREATE OR REPLACE FUNCTION private.confirmation_of(tenant_id uuid, eligible bigint)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'above', policy.above, 'is_needed', confirmation_of.eligible > policy.above,
        'people', (
            select coalesce(jsonb_agg(member.display_name order by member.display_name), '[]')
            from public.memberships as member
            where member.tenant_id = confirmation_of.tenant_id and member.revoked_at is null
              and member.role >= 'supervisor' and member.user_id <> (select auth.uid())
        )
    )
    from (select private.confirmation_limit(confirmation_of.tenant_id) as above) as policy
$function$;

CREATE OR REPLACE FUNCTION private.contact_attempts(tenant_id uuid, client_id uuid, channel public.channel, since timestamp with time zone, until timestamp with time zone)
 RETURNS TABLE(at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if channel = 'whatsapp' then
        return query
        select message.created_at from public.message_logs as message
        where message.tenant_id = contact_attempts.tenant_id
          and message.client_id = contact_attempts.client_id
          and message.direction = 'out' and message.status not in ('failed', 'queued')
          and message.template_id is not null
          and message.created_at >= since and message.created_at <= until;
        return;
    end if;
    return query
    select call.called_at from public.calls as call
    where call.tenant_id = contact_attempts.tenant_id
      and call.client_id = contact_attempts.client_id
      and call.called_at >= since and call.called_at <= until
    union all
    select done.created_at from public.call_dispositions as done
    where done.tenant_id = contact_attempts.tenant_id
      and done.client_id = contact_attempts.client_id
      and done.created_at >= since and done.created_at <= until
      and not private.is_undone(done.id)
      and not exists (
          select from public.calls as call
          where call.tenant_id = done.tenant_id and call.disposition_id = done.id
      );
end;
$function$;

CREATE OR REPLACE FUNCTION private.contact_decision(tenant_id uuid, client_id uuid, channel public.channel, at timestamp with time zone, OUT allowed boolean, OUT next_allowed_at timestamp with time zone, OUT reason text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.contact_hours(tenant_id uuid, client_id uuid, since timestamp with time zone, days integer)
 RETURNS TABLE(day date, opens_at timestamp with time zone, closes_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select hours.day, hours.opens_at, hours.closes_at
    from private.contact_hours_in(
        contact_hours.tenant_id,
        private.contact_uf(contact_hours.tenant_id, contact_hours.client_id),
        contact_hours.since, contact_hours.days
    ) as hours
    order by hours.opens_at
$function$;

CREATE OR REPLACE FUNCTION private.contact_hours_in(tenant_id uuid, uf text, since timestamp with time zone, days integer)
 RETURNS TABLE(day date, opens_at timestamp with time zone, closes_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.contact_uf(tenant_id uuid, client_id uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.uf_of(clients.tenant_id, clients.id, clients.uf)
    from public.clients
    where clients.tenant_id = contact_uf.tenant_id and clients.id = contact_uf.client_id
$function$;

CREATE OR REPLACE FUNCTION private.conversation_counts()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_counted constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
begin
    return jsonb_build_object(
        'mine', (
            select count(*) from (
                select from public.conversations as talk
                where talk.tenant_id = v_tenant_id and talk.unread > 0
                  and talk.ignored_at is null and talk.owner_id = auth.uid()
                limit c_counted
            ) as counted
        ),
        'nobody', (
            select count(*) from (
                select from public.conversations as talk
                where talk.tenant_id = v_tenant_id and talk.unread > 0
                  and talk.ignored_at is null and talk.owner_id is null
                  and talk.client_id is not null
                limit c_counted
            ) as counted
        ),
        'unknown', (
            select count(*) from (
                select from public.conversations as talk
                where talk.tenant_id = v_tenant_id and talk.unread > 0
                  and talk.ignored_at is null and talk.client_id is null
                limit c_counted
            ) as counted
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.conversation_history(talk public.conversations)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', event.id, 'kind', event.kind, 'at', event.created_at,
        'actor', private.actor_name(event.tenant_id, event.actor_id),
        'from', private.actor_name(event.tenant_id, event.from_user_id),
        'to', private.actor_name(event.tenant_id, event.to_user_id)
    ) order by event.created_at desc, event.id desc), '[]')
    from (
        select * from public.conversation_events as listed
        where listed.tenant_id = talk.tenant_id and listed.conversation_id = talk.id
        -- Longer than any talk's: who took it, who let it go.
        order by listed.created_at desc, listed.id desc limit 50
    ) as event
$function$;

CREATE OR REPLACE FUNCTION private.conversation_item(message public.message_logs)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'id', message.id, 'at', message.created_at, 'direction', message.direction,
        'body', message.body, 'status', message.status,
        'media', message.media - 'url' - 'provider_media_id' || coalesce((
            select jsonb_build_object(
                'status', file.status, 'size_bytes', file.size_bytes, 'reason', file.reason
            )
            from public.message_media as file where file.message_id = message.id
        ), '{}'),
        'template_id', message.template_id,
        'template', (
            select template.name from public.message_templates as template
            where template.id = message.template_id
        ),
        'charge_id', message.charge_id, 'error_code', message.error_code,
        'sent_at', message.sent_at, 'delivered_at', message.delivered_at,
        'read_at', message.read_at, 'next_attempt_at', message.next_attempt_at,
        'is_bulk', num_nonnulls(message.batch_id, message.retried_batch_id) > 0,
        'is_automatic', num_nonnulls(message.automation_run_id, message.retried_run_id) > 0,
        'actor', private.actor_name(message.tenant_id, message.created_by)
    )
$function$;

CREATE OR REPLACE FUNCTION private.conversation_page(conversation_id uuid, before text, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 50), 1), c_max_page);
    v_cursor text[] := case when before is not null
        then private.decode_cursor(before, 'timestamptz', 'uuid') end;
    v_talk public.conversations;
    v_items jsonb;
begin
    select * into v_talk from public.conversations as talk
    where talk.tenant_id = v_tenant_id and talk.id = conversation_page.conversation_id;
    if not found then
        raise exception 'conversation_not_found' using errcode = 'PT404',
            detail = 'no such conversation in the tenant';
    end if;
    v_items := (
        select coalesce(jsonb_agg(
            private.conversation_item(page) order by page.created_at desc, page.id desc
        ), '[]')
        from (
            select message.*
            from public.message_logs as message
            where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
              and private.is_shown(message, v_talk)
              and (v_cursor is null or (message.created_at, message.id)
                  < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by message.created_at desc, message.id desc
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'conversation', private.conversation_row(v_talk),
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size then private.encode_cursor(
            v_items -> (v_size - 1) ->> 'at', v_items -> (v_size - 1) ->> 'id'
        ) end,
        'draft', (
            select draft.body from public.conversation_drafts as draft
            where draft.conversation_id = v_talk.id and draft.user_id = auth.uid()
        ),
        'events', private.conversation_history(v_talk),
        'people', private.people_of_talk(v_talk),
        'composer', private.chat_obstacles(v_talk),
        'contact', case when v_talk.client_id is not null then (
            select jsonb_build_object(
                'allowed', decided.allowed, 'next_allowed_at', decided.next_allowed_at,
                'reason', decided.reason
            )
            from private.contact_decision(
                v_tenant_id, v_talk.client_id, 'whatsapp', private.now()
            ) as decided
        ) end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.conversation_row(talk public.conversations)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'id', talk.id, 'phone', talk.phone, 'business_user_id', talk.business_user_id,
        'contact_name', talk.contact_name, 'unread', talk.unread,
        'last_message_at', talk.last_message_at, 'last_inbound_at', talk.last_inbound_at,
        'window_until', private.window_until(talk), 'opted_out_at', talk.opted_out_at,
        'ignored_at', talk.ignored_at,
        'client', (
            select jsonb_build_object(
                'id', client.id, 'name', client.name, 'document', client.document
            )
            from public.clients as client
            where client.tenant_id = talk.tenant_id and client.id = talk.client_id
        ),
        'sender', (
            select jsonb_build_object(
                'id', sender.id, 'name', sender.name, 'phone', sender.phone,
                'provider', sender.provider, 'state', sender.state
            )
            from public.senders as sender where sender.id = talk.sender_id
        ),
        'owner', case when talk.owner_id is not null then jsonb_build_object(
            'user_id', talk.owner_id, 'name', private.actor_name(talk.tenant_id, talk.owner_id),
            'is_here', private.works_here(talk.tenant_id, talk.owner_id)
        ) end,
        'last_message', (
            select jsonb_build_object(
                'direction', message.direction, 'body', left(message.body, 160),
                'status', message.status, 'media', message.media ->> 'type'
            )
            from public.message_logs as message
            where message.tenant_id = talk.tenant_id and message.conversation_id = talk.id
              and private.is_shown(message, talk)
            order by message.created_at desc, message.id desc limit 1
        )
    )
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
    for v_template in
        select template.id, template.name, template.category, template.provider
        from public.message_templates as template
        join public.senders as sender
            on sender.id = v_talk.sender_id and sender.provider = template.provider
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

CREATE OR REPLACE FUNCTION private.count_changed_fields(so_far jsonb, changes private.import_change[])
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select coalesce(jsonb_object_agg(counted.name, counted.rows), '{}')
    from (
        select noted.name, sum(noted.rows) as rows
        from (
            select known.key as name, known.value::int as rows
            from jsonb_each_text(so_far) as known
            union all
            select change.table_name || '.' || field.name, 1
            from unnest(changes) as change
            cross join jsonb_object_keys(change.after - 'import_id') as field (name)
        ) as noted
        group by noted.name
    ) as counted
$function$;

CREATE OR REPLACE FUNCTION private.count_failures()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- More is "999+", and a morning's work in any case.
    c_most constant int := 1000;
    v_tenant_id uuid := private.require_role('supervisor');
begin
    return (
        select jsonb_object_agg(asked.kind, (
            select count(*) from private.failed_work(
                v_tenant_id, array[asked.kind], 'infinity', '~', c_most
            )
        ))
        from unnest(private.failure_kinds()) as asked (kind)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.count_rolled_back(v_back private.import_rollbacks, written jsonb)
 RETURNS private.import_rollbacks
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_kind text;
    v_table text;
    v_rows int;
begin
    foreach v_kind in array array['deleted', 'restored'] loop
        for v_table, v_rows in select * from jsonb_each_text(written -> v_kind) loop
            v_back.done := jsonb_set(
                v_back.done, array[v_kind, v_table],
                to_jsonb((v_back.done #>> array[v_kind, v_table])::int + v_rows)
            );
        end loop;
    end loop;
    v_back.done := jsonb_set(v_back.done, '{kept}', jsonb_build_object(
        'count',
        (v_back.done #>> '{kept,count}')::int + (written #>> '{kept,count}')::int,
        'rows', (v_back.done #> '{kept,rows}') || (written #> '{kept,rows}')
    ));
    return v_back;
end;
$function$;

CREATE OR REPLACE FUNCTION private.count_title_changes(outcome private.chunk_outcome)
 RETURNS private.chunk_outcome
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
    select count(*) filter (where change.action = 'changed'),
        count(*) filter (where change.action = 'returned'),
        count(*) filter (where change.action = 'reopened')
    into outcome.debts_updated, outcome.debts_returned, outcome.debts_reopened
    from unnest(outcome.changes) as change;
    return outcome;
end;
$function$;

CREATE OR REPLACE FUNCTION private.create_client_for_call(call_id uuid, document text, name text, phone text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_document text := upper(regexp_replace(coalesce(document, ''), '[.\-/\s]', '', 'g'));
    v_client_id uuid;
begin
    if v_document !~ '^([0-9]{11}|[0-9A-Z]{12}[0-9]{2})$' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'document';
    elsif btrim(coalesce(name, '')) = '' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'name';
    elsif phone !~ '^\+[1-9][0-9]{7,14}$' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'phone';
    end if;
    insert into public.clients (tenant_id, document, name)
    values (v_tenant_id, v_document, left(btrim(create_client_for_call.name), 200))
    on conflict on constraint clients_document_is_unique do nothing
    returning id into v_client_id;
    -- Known already: the call is theirs, their name stays what it is.
    v_client_id := coalesce(v_client_id, (
        select client.id from public.clients as client
        where client.tenant_id = v_tenant_id and client.document = v_document
    ));
    if call_id is not null then
        return private.link_call(call_id, v_client_id);
    end if;
    -- The dialer's link came before its call, or without one.
    perform private.add_called_phone(v_tenant_id, v_client_id, create_client_for_call.phone);
    return jsonb_build_object('id', null, 'client_id', v_client_id);
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
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_means record := private.require_batch_means(v_tenant_id, sender_id, template_id);
    v_template public.message_templates := v_means.template;
    v_batch public.message_batches;
    v_eligible bigint;
    v_in_window bigint;
    v_rate private.rate;
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
        scheduled_at, created_by
    )
    values (
        create_message_batch.id, v_tenant_id, btrim(create_message_batch.name),
        create_message_batch.sender_id, create_message_batch.template_id,
        create_message_batch.selection, create_message_batch.includes_agreements,
        'awaiting_confirmation', create_message_batch.scheduled_at, auth.uid()
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
            told.reason, greatest(($1).now_at, coalesce($4, ($1).now_at))
        from public.clients
        left join private.client_contacts as contact
            on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
        cross join lateral (
            select ' || private.batch_exclusion(v_template.variables) || ' as reason
        ) as told
        where ' || private.client_condition(v_filter) || '
        order by clients.id'
    using v_filter, includes_agreements, v_batch.id, scheduled_at;
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
    if v_eligible <= private.confirmation_limit(v_tenant_id) then
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

CREATE OR REPLACE FUNCTION private.creditor_scope()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return private.creditor_scope_of(private.tenant_id(), auth.uid());
end;
$function$;

CREATE OR REPLACE FUNCTION private.creditor_scope_of(tenant_id uuid, user_id uuid)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_member public.memberships;
begin
    select * into v_member
    from public.memberships
    where memberships.user_id = creditor_scope_of.user_id
      and memberships.tenant_id = creditor_scope_of.tenant_id
      and memberships.revoked_at is null;
    -- A stranger has no tenant, and so no row, whatever is answered here.
    if not found or v_member.role = 'admin' then
        return null;
    end if;
    if v_member.creditor_ids is not null then
        return v_member.creditor_ids;
    end if;
    return (
        -- One team without a limit is enough for everything.
        select case when bool_and(teams.creditor_ids is not null)
            then array_agg(distinct creditor.id) end
        from public.team_members as mine
        join public.teams
            on teams.tenant_id = mine.tenant_id and teams.id = mine.team_id
            and teams.archived_at is null
        left join lateral unnest(teams.creditor_ids) as creditor (id) on true
        where mine.user_id = v_member.user_id and mine.tenant_id = v_member.tenant_id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.day_obstacle(rule public.collection_rules, target_id uuid, client public.clients, on_date date)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select case (rule).trigger
        when 'debt_due' then case
            when (client).open_debts = 0 then 'nothing_owed'
            when private.has_living_agreement((client).tenant_id, (client).id)
                then 'agreement_running'
            when (client).oldest_due_on <> on_date - (rule).day_offset then 'day_passed'
        end
        when 'installment_due' then coalesce((
            select case
                when part.status <> 'open' or not private.is_living(agreement.status)
                    then 'installment_ended'
                when part.effective_due_on <> on_date - (rule).day_offset then 'day_passed'
                else ''
            end
            from public.installments as part
            join public.agreements as agreement on agreement.id = part.agreement_id
            where part.id = day_obstacle.target_id
        ), 'installment_ended')
    end
$function$;

CREATE OR REPLACE FUNCTION private.definition_of(rule public.collection_rules, steps jsonb)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'name', (rule).name, 'trigger', (rule).trigger,
        'disposition_type', (rule).disposition_type,
        'disposition_meaning', (rule).disposition_meaning, 'day_offset', (rule).day_offset,
        'filter', (rule).filter, 'opens', (rule).opens, 'closes', (rule).closes,
        'daily_cap', (rule).daily_cap, 'repeat_days', (rule).repeat_days,
        'priority', (rule).priority, 'steps', steps
    )
$function$;

CREATE OR REPLACE FUNCTION private.delete_disposition_type(key text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    -- Asked before: a rule's own reference to it would only say that something points here.
    perform private.require_no_rule(v_tenant_id, array[key]);
    delete from public.disposition_types as kind
    where kind.tenant_id = v_tenant_id and kind.key = delete_disposition_type.key;
    if not found then
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = 'no disposition type with this key in the tenant';
    end if;
exception
    when foreign_key_violation then
        raise exception 'disposition_used' using errcode = 'PT409', detail = sqlerrm;
end;
$function$;

CREATE OR REPLACE FUNCTION private.dialer_account()
 RETURNS TABLE(integration_id uuid, settings jsonb)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    return query
    select integration.id, integration.settings
    from public.integrations as integration
    where integration.tenant_id = v_tenant_id and integration.provider = 'threecplus'
      and integration.is_active;
    if not found then
        raise exception 'dialer_not_connected' using errcode = 'PT409',
            detail = 'connect 3C Plus in the settings';
    end if;
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
        'counts', case when dialer_export_results.after is null then (
            select coalesce(jsonb_agg(
                to_jsonb(counted) order by counted.outcome, counted.contacts desc
            ), '[]')
            from (
                select contact.status as outcome, contact.reason, count(*) as contacts
                from public.dialer_export_rows as contact
                where contact.tenant_id = v_tenant_id
                  and contact.export_id = dialer_export_results.export_id
                group by contact.status, contact.reason
            ) as counted
        ) end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.dialer_file_parts()
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select 100 $function$;

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
                    'author', private.actor_name(v_tenant_id, export.created_by)
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

CREATE OR REPLACE FUNCTION private.dialer_part_size()
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select 500 $function$;

CREATE OR REPLACE FUNCTION private.dialer_rows_of(task private.dialer_tasks)
 RETURNS SETOF public.dialer_export_rows
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select contact.*
    from public.dialer_export_rows as contact
    where contact.export_id = (task).export_id
      and case (task).kind
          when 'part' then contact.part = (task).part
          when 'file' then contact.part >= (task).part * private.dialer_file_parts()
              and contact.part < ((task).part + 1) * private.dialer_file_parts()
          when 'remove' then contact.status = 'removing' and contact.task_id = (task).id
      end
$function$;

CREATE OR REPLACE FUNCTION private.dialer_seat()
 RETURNS TABLE(integration_id uuid, settings jsonb, agent_id bigint, extension text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    return query
    select integration.id, integration.settings, seat.agent_id, seat.extension
    from public.integrations as integration
    join public.dialer_agents as seat
        on seat.tenant_id = integration.tenant_id and seat.user_id = auth.uid()
    where integration.tenant_id = v_tenant_id and integration.provider = 'threecplus'
      and integration.is_active;
    if not found then
        raise exception 'dialer_seat_missing' using errcode = 'PT409',
            detail = 'no agent of a connected dialer is mapped to the caller';
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.dialer_task_body(task_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select case task.kind
        when 'qualify' then jsonb_build_object(
            'agent_id', call.agent_id, 'mode', call.mode,
            'call_id', case coalesce(integration.settings ->> 'qualify_call_id', 'telephony_id')
                when 'id' then call.external_id
                else coalesce(call.telephony_id, call.external_id) end,
            'qualification_id', task.payload -> 'qualification_id',
            'note', task.payload -> 'note'
        )
        else jsonb_build_object(
            'campaign_id', export.campaign_id, 'list_id', export.list_ids[1],
            'list_ids', to_jsonb(export.list_ids),
            'weight', coalesce((task.payload ->> 'weight')::int, export.weight),
            -- The mark makes the name ours, so that a list made before a crash is found again.
            'name', export.list_name || ' · ' || left(export.id::text, 8)
                || case when export.is_csv and task.part is not null
                    then format(' (%s/%s)', task.part + 1, export.parts) else '' end
        )
    end
    from private.dialer_tasks as task
    join public.integrations as integration on integration.id = task.integration_id
    left join public.dialer_exports as export on export.id = task.export_id
    left join public.calls as call on call.id = task.call_id
    where task.id = dialer_task_body.task_id
$function$;

CREATE OR REPLACE FUNCTION private.dialer_task_rows(task_id uuid, attempt integer)
 RETURNS TABLE(identifier text, phone text, name text, amount text, is_wanted boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select contact.client_id::text,
        -- National, as the provider wants it: its platform puts the 55 before.
        pg_catalog.substr(contact.phone, 4),
        client.name,
        pg_catalog.replace(
            (client.open_cents / 100.0)::pg_catalog.numeric(20, 2)::text, '.', ','
        ),
        contact.status = 'waiting'
    from private.dialer_tasks as task
    cross join lateral private.dialer_rows_of(task) as contact
    join public.clients as client on client.id = contact.client_id
    where task.id = dialer_task_rows.task_id and task.attempt = dialer_task_rows.attempt
      and task.status = 'sending' and contact.phone is not null
    order by contact.place
$function$;

CREATE OR REPLACE FUNCTION private.dispose_call(call_id uuid, disposition_type text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_call public.calls;
    v_kind public.disposition_types;
begin
    select * into v_kind from public.disposition_types as kind
    where kind.tenant_id = v_tenant_id and kind.key = dispose_call.disposition_type
      and kind.is_active;
    if not found then
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = dispose_call.disposition_type;
    elsif v_kind.is_callback or v_kind.opens_negotiation then
        raise exception 'disposition_needs_client' using errcode = 'PT409',
            detail = 'a promise and an offer are somebody''s';
    end if;
    select * into v_call from public.calls as call
    where call.tenant_id = v_tenant_id and call.id = dispose_call.call_id
      and (call.operator_id = auth.uid() or private.has_role('supervisor'))
    for update;
    if not found then
        raise exception 'call_not_found' using errcode = 'PT404',
            detail = 'no such call of the caller''s';
    elsif v_call.client_id is not null or v_call.outcome_type is not null then
        raise exception 'call_disposed' using errcode = 'PT409',
            detail = 'the call has an outcome, or a client whose history it belongs to';
    end if;
    update public.calls as call set outcome_type = v_kind.key where call.id = v_call.id;
    perform private.qualify_call(
        v_call.id, private.qualification_of(v_tenant_id, v_call.campaign_id, v_kind.key), null
    );
    select * into v_call from public.calls as call where call.id = v_call.id;
    return private.call_card(v_call);
end;
$function$;

CREATE OR REPLACE FUNCTION private.disposition_effects(client_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_at timestamptz := private.now() + private.undo_window(v_tenant_id);
    v_targets private.rule_target[];
begin
    if not exists (
        select from public.clients
        where clients.tenant_id = v_tenant_id and clients.id = disposition_effects.client_id
    ) then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no client with this id in the tenant';
    end if;
    -- One target per rule: the same rule would say the same after any of its dispositions.
    v_targets := array(
        select (
            row_number() over (order by rule.priority, rule.id)::int, null, v_tenant_id, rule.id,
            rule.version, disposition_effects.client_id, null, null, null, v_at
        )::private.rule_target
        from public.collection_rules as rule
        where rule.tenant_id = v_tenant_id and rule.trigger = 'disposition' and rule.is_enabled
    );
    return jsonb_build_object(
        'undo_seconds', extract(epoch from private.undo_window(v_tenant_id))::int,
        'effects', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'disposition_type', kind.key, 'rule', rule.name, 'action', 'send_template',
                'template', template.name, 'verdict', plan.verdict,
                'reason', case when plan.verdict <> 'send' then plan.reason end,
                'not_before', case when plan.verdict = 'postpone' then plan.not_before end
            ) order by kind.position, plan.place), '[]')
            from private.plan_targets(v_targets, v_at) as plan
            join unnest(v_targets) as target on target.place = plan.place
            join public.collection_rules as rule on rule.id = target.rule_id
            join public.message_templates as template on template.id = plan.template_id
            join public.disposition_types as kind
                on kind.tenant_id = v_tenant_id and kind.is_active
                and private.is_of_rule(rule, kind)
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.drop_waiting(batch_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with waiting as materialized (
        select recipient.client_id, recipient.message_id
        from public.batch_recipients as recipient
        where recipient.batch_id = drop_waiting.batch_id and recipient.status = 'waiting'
        order by recipient.client_id
        for update
    ),
    dropped as (
        update public.batch_recipients as recipient
        set status = 'skipped', reason = 'cancelled', message_id = null, lease_until = null
        from waiting
        where recipient.batch_id = drop_waiting.batch_id
          and recipient.client_id = waiting.client_id
    )
    delete from public.message_logs as message
    using waiting
    where message.id = waiting.message_id and message.status = 'queued'
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
        (tenant_id, rule_id, version, frozen_at, from_date, to_date, created_by)
    values (
        v_tenant_id, v_rule.id, v_rule.version, v_at, dry_run_rule.from_date,
        dry_run_rule.to_date, auth.uid()
    )
    returning * into v_run;
    insert into public.rule_dry_run_lines (
        tenant_id, dry_run_id, place, client_id, verdict, reason, not_before, phone, body,
        price_micros
    )
    select v_tenant_id, v_run.id, plan.place, target.client_id, plan.verdict, plan.reason,
        case when plan.verdict = 'postpone' then plan.not_before end,
        case when plan.verdict <> 'skip' then plan.phone end,
        case when plan.verdict <> 'skip' then plan.body end,
        case when plan.verdict <> 'skip' then private.message_price(
            v_tenant_id, target.client_id, plan.template_id, v_at
        ) end
    from private.plan_targets(v_targets, v_at) as plan
    join unnest(v_targets) as target on target.place = plan.place;

    update public.rule_dry_runs as run
    set counts = coalesce(told.counts, '[]'), price_micros = told.price_micros,
        currency = (
            select (private.rate_at(
                v_tenant_id, template.provider, template.category, v_at
            )).currency
            from public.rule_steps as step
            join public.message_templates as template on template.id = step.template_id
            where step.rule_id = v_rule.id and step.version = v_rule.version
              and step.position = 1
        )
    from (
        select jsonb_agg(jsonb_build_object(
                'verdict', by_reason.verdict, 'reason', by_reason.reason, 'count', by_reason.count
            ) order by by_reason.verdict, by_reason.reason) as counts,
            sum(by_reason.price_micros) as price_micros
        from (
            select line.verdict, case when line.verdict <> 'send' then line.reason end as reason,
                count(*), sum(line.price_micros) filter (where line.verdict = 'send')
                    as price_micros
            from public.rule_dry_run_lines as line
            where line.dry_run_id = v_run.id
            group by 1, 2
        ) as by_reason
    ) as told
    where run.id = v_run.id
    returning run.* into v_run;
    return to_jsonb(v_run) - '{tenant_id,created_by}'::text[];
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_batch(batch_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_batch public.message_batches;
begin
    select * into v_batch from public.message_batches as batch
    where batch.id = end_batch.batch_id;
    if v_batch.status = 'sending' and not exists (
        select from public.batch_recipients as recipient
        where recipient.batch_id = v_batch.id and recipient.status = 'waiting'
    ) and not exists (
        select from public.batch_recipients as recipient
        where recipient.batch_id = v_batch.id and recipient.status = 'claimed'
    ) then
        update public.message_batches as batch
        set status = 'done', finished_at = private.now()
        where batch.id = v_batch.id and batch.status = 'sending';
        insert into public.notifications (tenant_id, user_id, kind, payload)
        values (
            v_batch.tenant_id, v_batch.created_by, 'batch_finished',
            jsonb_build_object('batch_id', v_batch.id)
        );
    end if;
    perform realtime.send(
        jsonb_build_object('id', v_batch.id, 'at', private.now()),
        'batch_changed', 'tenant:' || v_batch.tenant_id, true
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_callback(callback_id uuid, status public.callback_status, reason text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
begin
    if v_promised.status = end_callback.status then
        return;
    end if;
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    update public.callbacks
    set status = end_callback.status, ended_at = private.now(), ended_by = auth.uid(),
        -- 200 characters: a sentence.
        cancel_reason = left(btrim(end_callback.reason), 200)
    where callbacks.id = v_promised.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_import(import_id uuid, outcome text, error_code text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    update public.imports
    set status = case when end_import.outcome = 'cancelled' then 'cancelled' else 'failed' end
            ::public.import_status,
        error_code = end_import.error_code, finished_at = private.now(), phase = null,
        seconds_left = null
    where imports.id = end_import.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_service(client_id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    delete from public.client_services as held
    where held.tenant_id = v_tenant_id and held.client_id = end_service.client_id
      and held.operator_id = auth.uid();
    if not found then
        return false;
    end if;
    perform private.tell_service(v_tenant_id, client_id);
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_taken_back(v_import public.imports, outcome public.import_status, code text, rows_kept integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    delete from private.import_changes as noted
    where noted.tenant_id = v_import.tenant_id and noted.import_id = v_import.id;
    delete from public.import_rejects
    where import_rejects.tenant_id = v_import.tenant_id
      and import_rejects.import_id = v_import.id;
    update public.imports
    set status = end_taken_back.outcome, finished_at = private.now(), phase = null,
        rows_written = 0, seconds_left = null, rows_kept = end_taken_back.rows_kept,
        error_code = case
            when end_taken_back.rows_kept > 0 and end_taken_back.outcome = 'cancelled'
                then 'import_cancelled_in_part' else end_taken_back.code end
    where imports.id = v_import.id
    returning imports.* into v_import;
    return private.import_step(v_import);
end;
$function$;

CREATE OR REPLACE FUNCTION private.exclusion_reason(action text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case when action in ('assign', 'tag', 'export') then '''eligible''' else
        replace(replace(replace(replace($sql$case
            -- Few are marked; only they are asked number by number.
            when contact.$blocked > ($1).now_at and not exists (
                select from public.client_phones as phones
                where phones.tenant_id = ($1).tenant_id and phones.client_id = clients.id
                  and not private.is_suppressed(
                      ($1).tenant_id, clients.id, phones.phone, '$channel', ($1).now_at
                  )
            ) then 'opted_out'
            when $kept then 'agreement_running'
            -- Titles of a broken promise are still locked in it, and owed.
            when clients.open_debts = 0 and not $living then case clients.debt_status
                when 'on_hold' then 'on_hold'
                when 'prescribed' then 'prescribed'
                else 'nothing_owed'
            end
            when not clients.has_phone then 'no_phone'
            $reachable
            when $4 and private.is_over_cap(
                ($1).tenant_id, clients.id, '$channel', ($1).now_at
            ) then 'attempt_cap'
            -- Nobody is looked up while every state is open.
            when cardinality($2) > 0 and coalesce(
                clients.uf, private.uf_of(($1).tenant_id, clients.id, null), ''
            ) = any($2) then 'outside_hours'
            else 'eligible'
        end$sql$, '$blocked', case action
            when 'dialer' then 'call_blocked_until' else 'whatsapp_blocked_until' end
        ), '$channel', case action when 'dialer' then 'call' else 'whatsapp' end
        ), '$kept', private.has_agreement('private.is_kept(agreement.status)')
        ), '$living', private.has_agreement('private.is_living(agreement.status)'))
    end
$function$;

CREATE OR REPLACE FUNCTION private.fail_dialer_task(task private.dialer_tasks, error_code text, error_detail text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_code text := coalesce(error_code, 'unclassified');
    v_failed uuid;
begin
    update private.dialer_tasks as failed
    set status = 'failed', lease_until = null, done_at = private.now(), error_code = v_code,
        error_detail = left(fail_dialer_task.error_detail, 500)
    where failed.id = (task).id;
    if v_code = 'configuration' then
        update public.integrations as integration
        set failing_since = coalesce(integration.failing_since, private.now()),
            failure_detail = left(fail_dialer_task.error_detail, 500)
        where integration.id = (task).integration_id;
    end if;
    if (task).kind = 'qualify' then
        update public.calls as call set qualify_status = 'failed' where call.id = (task).call_id;
    elsif (task).kind = 'remove' then
        perform private.free_dialer_removal(task, v_code);
    elsif not ((task).payload ? 'weight') then
        update public.dialer_exports as export
        set status = 'failed', error_code = v_code, finished_at = private.now(),
            error_detail = left(fail_dialer_task.error_detail, 500)
        where export.id = (task).export_id and export.status = 'loading'
        returning export.id into v_failed;
        -- Its other parts wait for a person, too.
        update private.dialer_tasks as other set status = 'failed', error_code = v_code
        where other.export_id = v_failed and other.status = 'queued' and other.kind <> 'remove';
        perform private.tell_dialer_export(v_failed);
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.failed_work(tenant_id uuid, kinds text[], before_at timestamp with time zone, before_id text, page_size integer)
 RETURNS TABLE(kind text, id text, failed_at timestamp with time zone, client_id uuid, title text, reason text, detail text, may_retry boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
              and 'automation' = any(kinds) and run.finished_at <= before_at
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
              and message.direction = 'out' and message.automation_run_id is null
              and message.retried_run_id is null and message.batch_id is null
              and 'message' = any(kinds) and message.failed_at <= before_at
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
              -- The first is the index's condition; an unknown one is being looked up.
              and charge.status in ('failed', 'unknown') and charge.status = 'failed'
              and 'charge' = any(kinds) and charge.updated_at <= before_at
              and (charge.updated_at, charge.id::text) < (before_at, before_id)
            order by charge.updated_at desc, charge.id::text desc limit page_size
        )
        union all
        (
            -- Nothing of it stayed: the file is sent again.
            select 'import', import.id::text, coalesce(import.finished_at, import.created_at), null,
                import.file_name, coalesce(import.error_code, 'unclassified'), null,
                false
            from public.imports as import
            where import.tenant_id = failed_work.tenant_id and import.status = 'failed'
              and not import.is_rehearsal and 'import' = any(kinds)
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
              and (coalesce(job.finished_at, job.started_at), job.id::text)
                  < (before_at, before_id)
            order by coalesce(job.finished_at, job.started_at) desc, job.id::text desc
            limit page_size
        )
        union all
        (
            select 'webhook', event.id::text, event.received_at, null, event.provider::text,
                event.error, event.kind, false
            from private.provider_events as event
            where event.tenant_id = failed_work.tenant_id and event.error is not null
              and 'webhook' = any(kinds)
              and (event.received_at, event.id::text) < (before_at, before_id)
            order by event.received_at desc, event.id::text desc limit page_size
        )
    ) as found
    order by found.failed_at desc, found.id desc
    limit page_size
$function$;

CREATE OR REPLACE FUNCTION private.failure_class(error_code text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case
        when error_code in ('rate_limited', 'provider_unavailable') then 'transient'
        when error_code in ('number_invalid', 'policy', 'opted_out') then error_code
        when error_code in ('configuration', 'template_rejected') then 'configuration'
        else 'unknown'
    end
$function$;

CREATE OR REPLACE FUNCTION private.failure_kinds()
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select array['automation', 'message', 'charge', 'import', 'dialer_export', 'job', 'webhook']
$function$;

CREATE OR REPLACE FUNCTION private.filter_options()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- An import further back is found by its page, not by a menu.
    c_imports constant int := 50;
    v_tenant_id uuid := private.require_role('operator');
begin
    return jsonb_build_object(
        'creditors', (
            select coalesce(jsonb_agg(jsonb_build_object('id', creditors.id, 'name', creditors.name)
                order by creditors.name_key), '[]')
            from public.creditors where creditors.tenant_id = v_tenant_id
        ),
        'tags', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', tags.id, 'name', tags.name, 'color', tags.color
            ) order by tags.name_key), '[]')
            from public.tags where tags.tenant_id = v_tenant_id
        ),
        'members', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'user_id', people.user_id, 'name', people.display_name, 'role', people.role
            ) order by people.display_name), '[]')
            from public.memberships as people
            where people.tenant_id = v_tenant_id and people.revoked_at is null
        ),
        'dispositions', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'key', types.key, 'label', types.label, 'color', types.color
            ) order by types.position, types.key), '[]')
            from public.disposition_types as types where types.tenant_id = v_tenant_id
        ),
        'imports', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', newest.id, 'file_name', newest.file_name, 'created_at', newest.created_at,
                'clients', newest.clients_touched
            ) order by newest.created_at desc), '[]')
            from (
                select imports.* from public.imports
                where imports.tenant_id = v_tenant_id and imports.status = 'done'
                order by imports.created_at desc, imports.id desc
                limit c_imports
            ) as newest
        ),
        'ufs', to_jsonb(private.ufs()),
        'agings', (select jsonb_agg(bands.band) from private.aging_bands() as bands),
        'agreements', to_jsonb(private.agreement_words())
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.find_client_for_call(identifier text, phone text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_digits text := regexp_replace(coalesce(phone, ''), '[^0-9]', '', 'g');
    v_phone text;
    v_candidates uuid[];
begin
    -- 12 or 13 digits hold the country; 10 or 11 that begin with 55 are Rio Grande do Sul's.
    v_phone := case
        when v_digits ~ '^55[0-9]{10,11}$' then '+' || v_digits
        when v_digits ~ '^[1-9][0-9]{9,10}$' then '+55' || v_digits
    end;
    v_candidates := case when v_phone is not null
        then array(select distinct private.clients_of_phone(v_tenant_id, v_phone) limit 20) end;
    return jsonb_build_object(
        'client_id', private.client_of_call(
            v_tenant_id, left(coalesce(identifier, ''), 200), v_phone
        ),
        'phone', v_phone,
        'candidates', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', client.id, 'name', client.name, 'document', client.document
            ) order by client.name), '[]')
            from public.clients as client
            where client.tenant_id = v_tenant_id and client.id = any(v_candidates)
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.find_conversation(tenant_id uuid, sender_id uuid, phone text, person jsonb)
 RETURNS public.conversations
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_user_id text := nullif(person ->> 'user_id', '');
    v_found public.conversations;
begin
    -- Twice: between looking and writing somebody else may have opened it.
    for v_try in 1 .. 2 loop
        select * into v_found from public.conversations as talk
        where talk.sender_id = find_conversation.sender_id
          and (talk.phone_key = private.phone_match(find_conversation.phone)
              or talk.business_user_id = v_user_id)
        -- A number is what we may answer, so the talk that has it is the one.
        order by talk.phone_key = private.phone_match(find_conversation.phone) desc nulls last
        limit 1;
        if found then
            -- What was learnt about who this is, unless another talk holds it already.
            update public.conversations as talk
            set phone = coalesce(talk.phone, find_conversation.phone),
                business_user_id = coalesce(talk.business_user_id, v_user_id)
            where talk.id = v_found.id
              and (talk.phone is null and find_conversation.phone is not null
                  or talk.business_user_id is null and v_user_id is not null)
              and not exists (
                  select from public.conversations as other
                  where other.sender_id = talk.sender_id and other.id <> talk.id
                    and (other.business_user_id = v_user_id
                        or other.phone_key = private.phone_match(find_conversation.phone))
              );
            select * into v_found from public.conversations as talk where talk.id = v_found.id;
            return v_found;
        end if;
        insert into public.conversations (
            tenant_id, sender_id, phone, business_user_id, contact_name, wa_id
        )
        values (
            find_conversation.tenant_id, find_conversation.sender_id, find_conversation.phone,
            v_user_id, person ->> 'name', private.wa_id_of(person)
        )
        on conflict do nothing
        returning * into v_found;
        if found then
            perform private.adopt_history(v_found);
            return v_found;
        end if;
    end loop;
    return v_found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.finish_call_sweep(sweep_id uuid, listed integer, recovered integer, failure text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_sweep public.call_sweeps;
begin
    update public.call_sweeps as sweep
    set finished_at = private.now(), listed = finish_call_sweep.listed,
        recovered = finish_call_sweep.recovered, failure = finish_call_sweep.failure
    where sweep.id = finish_call_sweep.sweep_id and sweep.finished_at is null
    returning * into v_sweep;
    if v_sweep.recovered > 0 or v_sweep.failure is not null then
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select v_sweep.tenant_id, member.user_id, 'dialer_silent', jsonb_build_object(
            'sweep_id', v_sweep.id, 'recovered', v_sweep.recovered, 'failure', v_sweep.failure
        )
        from public.memberships as member
        where member.tenant_id = v_sweep.tenant_id and member.revoked_at is null
          and member.role >= 'supervisor'
          -- Once a day is an alarm, every ten minutes is noise.
          and not exists (
              select from public.notifications as told
              where told.tenant_id = v_sweep.tenant_id and told.user_id = member.user_id
                and told.kind = 'dialer_silent'
                and told.created_at > private.now() - interval '1 day'
          );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.finish_dialer_removal(task private.dialer_tasks)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_removed int;
begin
    update public.dialer_export_rows as contact set status = 'removed'
    where contact.export_id = (task).export_id and contact.status = 'removing'
      and contact.task_id = (task).id;
    get diagnostics v_removed = row_count;
    update public.dialer_exports as export set removed = export.removed + v_removed
    where export.id = (task).export_id;
    -- What another removal still holds, or a refusal gave back, is not this one's to ask for again.
    if v_removed > 0 then
        perform private.wish_dialer_removals(array[(task).export_id]);
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.finish_import(v_plan private.import_plans)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
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
    -- The next import and every list plan by these; autovacuum may come too late for both. The
    -- lock it takes lasts only until the commit that follows.
    if v_plan.debts_created > c_many_rows and not v_plan.is_rehearsal then
        analyze public.clients;
        analyze public.client_phones;
        analyze public.debts;
    end if;
    return private.import_step(v_import);
end;
$function$;

CREATE OR REPLACE FUNCTION private.finish_rollback(v_back private.import_rollbacks, v_import public.imports)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    v_back := private.count_rolled_back(v_back, private.rollback_creditors(v_import));
    perform private.end_bulk(v_back.audit_id, v_back.done #- '{kept,rows}');
    delete from private.import_rollbacks as back where back.import_id = v_back.import_id;
    if v_back.outcome <> 'rolled_back' then
        update public.imports set rolled_back = v_back.done, undo_done = v_back.clients
        where imports.id = v_import.id;
        return private.end_taken_back(
            v_import, v_back.outcome, v_back.code, (v_back.done #>> '{kept,count}')::int
        );
    end if;
    update public.imports
    set status = 'rolled_back', rolled_back = v_back.done, undo_done = v_back.clients,
        seconds_left = null
    where imports.id = v_import.id
    returning imports.* into v_import;
    return private.import_step(v_import);
end;
$function$;

CREATE OR REPLACE FUNCTION private.first_rejects(v_import public.imports)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return (
        select coalesce(jsonb_agg(to_jsonb(shown)), '[]')
        from (
            select refused.line, refused.column_name, refused.value, refused.reason
            from public.import_rejects as refused
            where refused.tenant_id = v_import.tenant_id and refused.import_id = v_import.id
            order by refused.line, refused.id
            limit private.listed_changes()
        ) as shown
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.fold_batch_counts()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_moved record;
begin
    -- Who does not get it leaves its lines to whoever has it, or to the next.
    if not pg_try_advisory_xact_lock(hashtextextended('fold_batch_counts', 0)) then
        return;
    end if;
    for v_moved in
        with taken as (
            delete from private.batch_deltas returning batch_id, key, delta
        ),
        summed as (
            select taken.batch_id, taken.key, sum(taken.delta) as delta
            from taken group by taken.batch_id, taken.key
        ),
        folded as (
            insert into private.batch_counts as known (batch_id, key, amount)
            select summed.batch_id, summed.key, summed.delta from summed
            order by summed.batch_id, summed.key
            on conflict on constraint batch_counts_pkey do update
            set amount = known.amount + excluded.amount
            returning known.batch_id
        )
        select moved.batch_id,
            coalesce((
                select summed.delta from summed
                where summed.batch_id = moved.batch_id and summed.key = 'accepted'
            ), 0) as accepted,
            -- Whoever is put back to wait once more has not got any further.
            exists (
                select from summed
                where summed.batch_id = moved.batch_id and summed.delta <> 0
                  and summed.key in ('accepted', 'recipient:done', 'recipient:skipped')
            ) as is_progress
        from (select distinct folded.batch_id from folded) as moved
        order by moved.batch_id
    loop
        if v_moved.is_progress then
            perform private.note_progress(v_moved.batch_id, v_moved.accepted::double precision);
        end if;
        perform private.end_batch(v_moved.batch_id);
    end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follow_dialer_task(task private.dialer_tasks, answer jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_export public.dialer_exports;
begin
    if (task).kind = 'qualify' then
        -- It is what the call is called there now, whatever the timer had said before.
        update public.calls as call
        set qualify_status = 'done', qualification_source = 'ours',
            qualification_id = ((task).payload ->> 'qualification_id')::bigint,
            qualification_name = coalesce((
                select word.qualification_name from public.dialer_qualifications as word
                where word.tenant_id = call.tenant_id and word.qualification_name <> ''
                  and word.qualification_id = ((task).payload ->> 'qualification_id')::bigint
                order by word.campaign_id = call.campaign_id desc limit 1
            ), (
                -- A word saved without its name: ours for the same.
                select kind.label from public.disposition_types as kind
                left join public.call_dispositions as done
                    on done.tenant_id = kind.tenant_id and done.id = call.disposition_id
                where kind.tenant_id = call.tenant_id
                  and kind.key = coalesce(done.disposition_type, call.outcome_type)
            ))
        where call.id = (task).call_id;
        return;
    elsif (task).kind = 'remove' then
        perform private.finish_dialer_removal(task);
        return;
    end if;
    if (task).kind in ('part', 'file') then
        perform private.note_loaded_rows(task, answer);
    end if;
    update public.dialer_exports as export
    set list_ids = case when answer ? 'list_id'
            then array_append(export.list_ids, (answer ->> 'list_id')::bigint)
            else export.list_ids end,
        is_reported = export.is_reported
            and ((task).kind not in ('part', 'file') or answer ? 'imported')
    where export.id = (task).export_id
    returning * into v_export;
    if v_export.status <> 'loading' then
        if v_export.status = 'cancelled' and answer ? 'list_id' then
            -- Made while somebody cancelled: silent as the others.
            perform private.wish_dialer_task(
                v_export.integration_id, 'weight', 'silence:' || (task).id, v_export.id, null,
                null, '{"weight": 0}'
            );
        end if;
        return;
    end if;
    if (task).kind = 'list' then
        perform private.wish_dialer_task(
            v_export.integration_id, 'part', 'part:' || v_export.id || ':' || part, v_export.id,
            null, part
        )
        from generate_series(0, v_export.parts - 1) as part;
    elsif (task).kind = 'weight' then
        update public.dialer_exports as export
        set status = 'done', finished_at = private.now()
        where export.id = v_export.id;
        perform private.tell_dialer_export(v_export.id);
    elsif not exists (
        select from private.dialer_tasks as other
        where other.export_id = v_export.id and other.kind in ('part', 'file')
          and other.status <> 'done'
    ) then
        perform private.wish_dialer_task(
            v_export.integration_id, 'weight', 'weight:' || v_export.id, v_export.id
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_provider_events()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Beyond every provider's redelivery (a week at most) and any month's complaint.
    c_kept constant interval := interval '90 days';
    -- About ten seconds; after a long silence the next nights go on.
    c_max_events constant int := 500000;
    v_forgotten int;
begin
    delete from private.provider_events as event
    where event.id in (
        select old.id
        from public.integrations as integration
        cross join lateral (
            select stored.id from private.provider_events as stored
            where stored.tenant_id = integration.tenant_id
              and stored.integration_id = integration.id
              and stored.received_at < private.now() - c_kept
            order by stored.received_at
        ) as old
        limit c_max_events
    );
    get diagnostics v_forgotten = row_count;
    -- Dead letters hold ids alone, and point at rows that say what became of them.
    delete from pgmq.a_automations as ended
    where ended.archived_at < clock_timestamp() - c_kept;
    delete from pgmq.a_messages as ended
    where ended.archived_at < clock_timestamp() - c_kept;
    delete from pgmq.a_charges as ended
    where ended.archived_at < clock_timestamp() - c_kept;
    -- An export's own tasks stay with it: it may be resumed.
    delete from private.dialer_tasks as task
    where task.kind in ('qualify', 'remove') and task.status in ('done', 'failed', 'cancelled')
      and task.done_at < private.now() - c_kept;
    return v_forgotten;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_rehearsals()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_kept constant interval := '1 day';  -- whoever was called away comes back to it
    v_old uuid[] := array(
        select imports.id from public.imports
        where imports.is_rehearsal and imports.status not in ('queued', 'running')
          and imports.created_at < private.now() - c_kept
    );
begin
    update public.imports set answer = null
    where imports.id = any(v_old) and imports.answer is not null;
    delete from public.imports where imports.id = any(v_old);
end;
$function$;

CREATE OR REPLACE FUNCTION private.forgive_numbers()
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    update public.client_phones as known set has_whatsapp = null, whatsapp_retry_at = null
    where known.whatsapp_retry_at <= private.now()
$function$;

CREATE OR REPLACE FUNCTION private.free_dialer_removal(task private.dialer_tasks, error_code text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    update public.dialer_export_rows as contact set task_id = null
    where contact.export_id = (task).export_id and contact.status = 'removing'
      and contact.task_id = (task).id;
    -- It is tried every ten minutes; once a day is an alarm.
    if found and not exists (
        select from public.notifications as told
        where told.tenant_id = (task).tenant_id and told.kind = 'dialer_removal_failed'
          and told.created_at > private.now() - interval '1 day'
    ) then
        perform private.tell_supervisors(
            (task).tenant_id, 'dialer_removal_failed', jsonb_build_object(
                'export_id', (task).export_id, 'reason', free_dialer_removal.error_code
            )
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.free_disposition_key(tenant_id uuid, label text)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select wanted.key
    from (
        select coalesce(nullif(left(regexp_replace(regexp_replace(
            private.search_key(label), '^[^a-z]+', ''
        ), '[^a-z0-9]+', '_', 'g'), 30), ''), 'resultado') as stem
    ) as word
    cross join lateral (
        select word.stem || case when step = 1 then '' else '_' || step end as key, step
        from generate_series(1, 1000) as step
    ) as wanted
    where not exists (
        select from public.disposition_types as kind
        where kind.tenant_id = free_disposition_key.tenant_id and kind.key = wanted.key
    )
    order by wanted.step
    limit 1
$function$;

CREATE OR REPLACE FUNCTION private.give_back_call(disposition_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    delete from private.dialer_tasks as task
    using public.calls as call, public.call_dispositions as done
    where done.id = give_back_call.disposition_id
      and call.tenant_id = done.tenant_id and call.disposition_id = done.id
      and task.tenant_id = call.tenant_id and task.call_id = call.id
      and task.kind = 'qualify' and task.status = 'queued' and task.attempt = 0;
    update public.calls as call
    set disposition_id = null
    from public.call_dispositions as done
    where done.id = give_back_call.disposition_id
      and call.tenant_id = done.tenant_id and call.disposition_id = done.id
$function$;

CREATE OR REPLACE FUNCTION private.give_back_callbacks(disposition_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    update public.callbacks as promised
    set status = 'cancelled', ended_at = private.now(), ended_by = auth.uid(),
        cancel_reason = 'Tabulação desfeita'
    from public.call_dispositions as done
    where done.id = give_back_callbacks.disposition_id
      and promised.tenant_id = done.tenant_id and promised.disposition_id = done.id
      and promised.status = 'scheduled';
    update public.callbacks as promised
    set status = 'scheduled', ended_at = null, ended_by = null, kept_by = null
    from public.call_dispositions as done
    where done.id = give_back_callbacks.disposition_id
      and promised.tenant_id = done.tenant_id and promised.kept_by = done.id
      and promised.status = 'done'
$function$;

CREATE OR REPLACE FUNCTION private.give_rollback_up(v_import public.imports)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_back private.import_rollbacks;
begin
    delete from private.import_rollbacks as back where back.import_id = v_import.id
    returning back.* into v_back;
    update public.imports
    set status = case when v_back.outcome = 'rolled_back' then 'done'
            else v_back.outcome end::public.import_status,
        error_code = 'rollback_stopped', phase = null, seconds_left = null,
        rolled_back = v_back.done, finished_at = coalesce(imports.finished_at, private.now())
    where imports.id = v_import.id
    returning imports.* into v_import;
    return private.import_step(v_import);
end;
$function$;

CREATE OR REPLACE FUNCTION private.go_on_with_bulk(audit_id bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    update public.audit_log set after = audit_log.after || '{"state": "running"}'
    where audit_log.id = go_on_with_bulk.audit_id;
    perform set_config('cobranca.bulk_audit_id', go_on_with_bulk.audit_id::text, true);
end;
$function$;

CREATE OR REPLACE FUNCTION private.halt_batch(batch_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_batch public.message_batches;
begin
    select * into v_batch from public.message_batches as batch
    where batch.id = halt_batch.batch_id for update;
    if v_batch.status = 'sending' then
        perform private.move_batch(v_batch.id, 'paused');
        perform private.tell_supervisors(
            v_batch.tenant_id, 'batch_stalled', jsonb_build_object('batch_id', v_batch.id)
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hand_over(tenant_id uuid, user_id uuid, hand_to uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
    v_freed uuid[];
begin
    with freed as (
        delete from public.client_services as held
        where held.tenant_id = hand_over.tenant_id and held.operator_id = hand_over.user_id
        returning held.client_id
    )
    select array_agg(freed.client_id) into v_freed from freed;
    perform private.tell_service(hand_over.tenant_id, left_client.id)
    from unnest(v_freed) as left_client (id);
    update public.callbacks as promised
    -- Who gets one that is due hears of it.
    set operator_id = hand_over.hand_to, reminded_for = null
    where promised.tenant_id = hand_over.tenant_id and promised.operator_id = hand_over.user_id
      and promised.status = 'scheduled';
    with given as (
        update public.conversations as talk set owner_id = hand_over.hand_to
        where talk.tenant_id = hand_over.tenant_id and talk.owner_id = hand_over.user_id
        returning talk.id, talk.client_id
    )
    insert into public.conversation_events
        (tenant_id, conversation_id, client_id, kind, actor_id, from_user_id, to_user_id)
    select hand_over.tenant_id, given.id, given.client_id, 'assigned', auth.uid(),
        hand_over.user_id, hand_over.hand_to
    from given;
    if hand_over.hand_to is null then
        delete from public.client_assignments as given
        where given.tenant_id = hand_over.tenant_id and given.user_id = hand_over.user_id;
    else
        update public.client_assignments as given
        set user_id = hand_over.hand_to, assigned_by = auth.uid(), assigned_at = private.now()
        where given.tenant_id = hand_over.tenant_id and given.user_id = hand_over.user_id;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.has_cap(tenant_id uuid, channel public.channel)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from public.contact_caps as cap
        where cap.tenant_id = has_cap.tenant_id and cap.channel = has_cap.channel
    )
$function$;

CREATE OR REPLACE FUNCTION private.has_living_agreement(tenant_id uuid, client_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from public.agreements as agreement
        where agreement.tenant_id = has_living_agreement.tenant_id
          and agreement.client_id = has_living_agreement.client_id
          and private.is_living(agreement.status)
    )
$function$;

CREATE OR REPLACE FUNCTION private.has_repeated(rule_id uuid, client_id uuid, run_id uuid, since timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from public.automation_runs as run
        where run.rule_id = has_repeated.rule_id and run.client_id = has_repeated.client_id
          and run.id is distinct from has_repeated.run_id
          and (run.status = 'done' and run.finished_at > since
              or run.status = 'running' and run.attempt > 0)
    )
$function$;

CREATE OR REPLACE FUNCTION private.held_work(tenant_id uuid, user_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'clients', (
            select count(*) from public.client_assignments as given
            where given.tenant_id = held_work.tenant_id and given.user_id = held_work.user_id
        ),
        'callbacks', (
            select count(*) from public.callbacks as promised
            where promised.tenant_id = held_work.tenant_id
              and promised.operator_id = held_work.user_id and promised.status = 'scheduled'
        ),
        'talks', (
            select count(*) from public.conversations as talk
            where talk.tenant_id = held_work.tenant_id and talk.owner_id = held_work.user_id
        )
    )
$function$;

CREATE OR REPLACE FUNCTION private.ids_in(document jsonb, key text)
 RETURNS uuid[]
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_texts text[];
begin
    if jsonb_typeof(document -> key) = 'array' then
        v_texts := array(select jsonb_array_elements_text(document -> key));
    end if;
    if v_texts is null or exists (
        select from unnest(v_texts) as given (text)
        where given.text is null or not pg_input_is_valid(given.text, 'uuid')
    ) then
        raise exception 'malformed_payload' using errcode = 'PT400', detail = key || ': ids';
    end if;
    return v_texts::uuid[];
end;
$function$;

CREATE OR REPLACE FUNCTION private.ignore_conversation(conversation_id uuid, is_ignored boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, ignore_conversation.conversation_id);
begin
    if v_talk.client_id is not null then
        raise exception 'conversation_known' using errcode = 'PT409',
            detail = 'it belongs to a client';
    elsif (v_talk.ignored_at is not null) = is_ignored then
        return;
    end if;
    update public.conversations as talk
    set ignored_at = case when is_ignored then private.now() end
    where talk.id = v_talk.id;
    insert into public.conversation_events (tenant_id, conversation_id, kind, actor_id)
    values (
        v_tenant_id, v_talk.id,
        (case when is_ignored then 'ignored' else 'restored' end)::public.conversation_event_kind,
        auth.uid()
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.import_answer(v_import public.imports)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return jsonb_build_object(
        'import_id', v_import.id, 'status', v_import.status, 'rows', v_import.rows,
        'accepted', v_import.accepted, 'rejected', v_import.rejected,
        'clients_created', v_import.clients_created, 'clients_updated', v_import.clients_updated,
        'debts_created', v_import.debts_created, 'debts_updated', v_import.debts_updated,
        'debts_absent', v_import.debts_absent, 'debts_returned', v_import.debts_returned,
        'debts_reopened', v_import.debts_reopened, 'debts_kept', v_import.debts_kept,
        'duplicates', v_import.duplicates, 'creditors_created', v_import.creditors_created,
        'reject_reasons', v_import.reject_reasons, 'warnings', v_import.warnings,
        'differences', v_import.differences, 'rejects', private.first_rejects(v_import)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.import_differences(import_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    return (
        select imports.differences from public.imports
        where imports.tenant_id = v_tenant and imports.id = import_differences.import_id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.imports_alive()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('operator');
    v_dead int := private.mark_dead_imports(v_tenant);
begin
    if v_dead > 0 and private.unfinished_import(v_tenant) is not null or exists (
        select from private.import_rollbacks as back
        where back.tenant_id = v_tenant
          and pg_try_advisory_xact_lock(private.import_lock(back.import_id))
    ) then
        perform private.wake_function('portfolio-resume');
    end if;
    return v_dead;
end;
$function$;

CREATE OR REPLACE FUNCTION private.integration_of_key(provider public.provider_name, webhook_key text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- Looking up a hash takes the same time whatever part of the key is right.
    select integration.id
    from public.integrations as integration
    where integration.provider = integration_of_key.provider
      and (
          integration.webhook_key_hash
          = private.webhook_key_hash(integration_of_key.webhook_key)
          or (
              integration.previous_key_hash
              = private.webhook_key_hash(integration_of_key.webhook_key)
              and integration.previous_key_until > private.now()
          )
      )
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
                    'is_required', known.is_required, 'pattern', known.pattern
                ) order by not known.is_required, known.is_secret, known.field)
                from private.integration_fields as known
                where known.provider = company.provider
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

CREATE OR REPLACE FUNCTION private.integration_to_test(provider public.provider_name)
 RETURNS TABLE(integration_id uuid, settings jsonb)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    return query
    select integration.id, integration.settings
    from public.integrations as integration
    where integration.tenant_id = v_tenant_id
      and integration.provider = integration_to_test.provider;
    if not found then
        raise exception 'integration_not_found' using errcode = 'PT404',
            detail = 'connect the provider first';
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.integrations_to_sync(tenant_id uuid)
 RETURNS TABLE(integration_id uuid, provider public.provider_name, settings jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select integration.id, integration.provider, integration.settings
    from public.integrations as integration
    where integration.tenant_id = integrations_to_sync.tenant_id and integration.is_active
      and private.sends_whatsapp(integration.provider::text)
$function$;

CREATE OR REPLACE FUNCTION private.invitation_state(sent public.invitations)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select case
        when sent.accepted_at is not null then 'accepted'
        when sent.revoked_at is not null then 'revoked'
        when sent.expires_at <= private.now() then 'expired'
        else 'open'
    end
$function$;

CREATE OR REPLACE FUNCTION private.is_callback_token(webhook_key text, token text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- Hashes are compared, so that the time taken says nothing about how much of it was right.
    select coalesce(bool_or(
        pg_catalog.sha256(pg_catalog.convert_to(is_callback_token.token, 'UTF8'))
        = pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.encode(extensions.digest(
            (integration.settings ->> 'client_id')
            || private.integration_secret(integration.id, 'client_secret'), 'sha1'
        ), 'hex'), 'UTF8'))
    ), false)
    from public.integrations as integration
    where integration.id = private.integration_of_key(
        'negociarie', is_callback_token.webhook_key
    )
$function$;

CREATE OR REPLACE FUNCTION private.is_of_rule(rule public.collection_rules, kind public.disposition_types)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case (rule).disposition_meaning
        when 'human_answered' then (kind).human_answered
        when 'right_party' then (kind).right_party
        when 'is_callback' then (kind).is_callback
        when 'unworkable' then (kind).unworkable
        when 'opens_negotiation' then (kind).opens_negotiation
        else (rule).disposition_type = (kind).key
    end
$function$;

CREATE OR REPLACE FUNCTION private.is_open_for_number(tenant_id uuid, phone text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from private.contact_hours_in(
            is_open_for_number.tenant_id,
            (
                select plan.uf from private.area_codes as plan
                where is_open_for_number.phone like '+55%'
                  and plan.area_code = pg_catalog.substr(is_open_for_number.phone, 4, 2)
            ),
            private.now(), 1
        ) as hours
        where hours.opens_at <= private.now() and hours.closes_at > private.now()
    )
$function$;

CREATE OR REPLACE FUNCTION private.is_opt_out(text text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from private.opt_out_words as known
        where known.words in (said.plain, pg_catalog.regexp_replace(
            pg_catalog.regexp_replace(
                said.plain,
                '^((por favor|favor|pfv?|oi|ola|bom dia|boa tarde|boa noite|eu|quero|gostaria de'
                || '|ja falei|ja disse|entao) )+', ''
            ),
            '( (por favor|por gentileza|favor|pfv?|obrigad[oa]|grat[oa]|ok|viu))+$', ''
        ))
    )
    from (
        select private.search_key(pg_catalog.regexp_replace(
            private.search_key(is_opt_out.text), '[^a-z0-9]+', ' ', 'g'
        )) as plain
    ) as said
$function$;

CREATE OR REPLACE FUNCTION private.is_over_cap(tenant_id uuid, client_id uuid, channel public.channel, at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$ select private.capped_until(tenant_id, client_id, channel, at) is not null $function$;

CREATE OR REPLACE FUNCTION private.is_returned_by_file(debt public.debts)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return (debt).status = 'returned' and exists (
        select from private.import_changes as noted
        where noted.tenant_id = (debt).tenant_id and noted.row_id = (debt).id
          and noted.import_id = (debt).import_id and noted.table_name = 'debts'
          and noted.after ->> 'status' = 'returned'
    ) and not exists (
        select from public.audit_log as said
        where said.tenant_id = (debt).tenant_id and said.table_name = 'debts'
          and said.row_id = (debt).id::text and said.after ->> 'status' = 'returned'
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_shown(message public.message_logs, talk public.conversations)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select (message.client_id is null or talk.client_id is null
            or message.client_id = talk.client_id)
        and not (message.status = 'failed' and message.error_code = 'number_invalid'
            and exists (
                select from public.message_logs as again
                where again.tenant_id = message.tenant_id and again.other_form_of = message.id
            ))
$function$;

CREATE OR REPLACE FUNCTION private.is_undone(disposition_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from public.disposition_undos as undone
        where undone.disposition_id = is_undone.disposition_id
    )
$function$;

CREATE OR REPLACE FUNCTION private.is_wrong_number(tenant_id uuid, client_id uuid, phone text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return exists (
        select from public.call_dispositions as done
        join public.disposition_types as kind
            on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type
            and kind.unworkable
        left join public.calls as call
            on call.tenant_id = done.tenant_id and call.disposition_id = done.id
        where done.tenant_id = is_wrong_number.tenant_id
          and done.client_id = is_wrong_number.client_id
          and not private.is_undone(done.id)
          and case
              when call.phone is not null then
                  private.phone_match(call.phone) = private.phone_match(is_wrong_number.phone)
              else not exists (
                  select from public.call_dispositions as later
                  where later.tenant_id = done.tenant_id and later.client_id = done.client_id
                    and (later.created_at, later.id) > (done.created_at, done.id)
                    and not private.is_undone(later.id)
              ) and exists (
                  select from public.client_phones as known
                  where known.tenant_id = done.tenant_id and known.client_id = done.client_id
                    and known.phone = is_wrong_number.phone
                    and known.created_at <= done.created_at
              )
          end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.judge_changed_rows(v_import public.imports)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    create temp table rollback_fields on commit drop as
    select item.change_id, item.table_name, field.name, item.before -> field.name as before,
        later.id as later_id,
        item.after -> field.name is not distinct from case
            when later.id is not null then later.before -> field.name
            else became.item -> field.name
        end as is_as_left
    from pg_temp.rollback as item
    left join public.clients on item.table_name = 'clients' and clients.id = item.id
    left join public.debts on item.table_name = 'debts' and debts.id = item.id
    cross join lateral (
        select case item.table_name when 'clients' then to_jsonb(clients)
            else to_jsonb(debts) end as item
    ) as became
    cross join lateral jsonb_object_keys(item.after) as field (name)
    left join lateral (
        select layer.id, layer.before from pg_temp.rollback_layers as layer
        where layer.row_id = item.id and layer.import_id <> v_import.id and layer.is_live
          and layer.id > item.change_id and layer.after ? field.name
        order by layer.id
        limit 1
    ) as later on true
    where not item.is_created;
    update pg_temp.rollback as item set reason = 'changed_since'
    where exists (
        select from pg_temp.rollback_fields as field
        where field.change_id = item.change_id and not field.is_as_left
    );
    -- A later file's extra data lie among those of this one; they part when that one goes back.
    update pg_temp.rollback as item set reason = 'imported_since'
    from pg_temp.rollback_fields as field
    where item.reason is null and field.change_id = item.change_id and field.name = 'extra'
      and field.later_id is not null;
    update pg_temp.rollback as item
    set reason = case
        when phones.has_whatsapp is not null then 'changed_since'
        when exists (
            select from public.message_logs as written
            where written.tenant_id = v_import.tenant_id and written.client_id = phones.client_id
              and written.phone = phones.phone
              and written.created_at >= coalesce(v_import.writing_at, v_import.finished_at)
        ) or exists (
            select from public.calls as called
            where called.tenant_id = v_import.tenant_id and called.client_id = phones.client_id
              and private.phone_match(called.phone) = private.phone_match(phones.phone)
              and called.called_at >= coalesce(v_import.writing_at, v_import.finished_at)
        ) then 'contacted_since'
    end
    from public.client_phones as phones
    where item.table_name = 'client_phones' and phones.id = item.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.judge_created_clients(v_import public.imports)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    -- What of theirs does not go, and the later import that brought it; null: a person, or a fact.
    create temp table rollback_rests on commit drop as
    select person.id as client_id, rest.table_name, rest.heir
    from pg_temp.rollback as person
    cross join lateral (
        select 'debts' as table_name, case
                when item.id is null or not item.is_created then (
                    select imports.id from public.imports
                    where imports.id = coalesce(
                        (item.before ->> 'import_id')::uuid, debts.import_id
                    )
                      and imports.id <> v_import.id and imports.status = 'done'
                )
                when item.reason = 'imported_since' then item.heir
            end as heir
        from public.debts
        left join pg_temp.rollback as item on item.id = debts.id
        where debts.tenant_id = v_import.tenant_id and debts.client_id = person.id
          and (item.id is null or not item.is_created or item.reason is not null)
        union all
        select 'client_phones', (
            select layer.import_id from pg_temp.rollback_layers as layer
            where layer.row_id = phones.id and layer.is_later
            limit 1
        )
        from public.client_phones as phones
        join public.clients on clients.id = phones.client_id
        left join pg_temp.rollback as item on item.id = phones.id
        where phones.tenant_id = v_import.tenant_id and phones.client_id = person.id
          and (item.id is null and phones.created_at <> clients.created_at
               or item.reason is not null)
        union all
        select 'clients', layer.import_id from pg_temp.rollback_layers as layer
        where layer.row_id = person.id and layer.is_later
    ) as rest
    where person.table_name = 'clients' and person.is_created;
    analyze pg_temp.rollback_rests;

    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.clients as held
        where item.table_name = ''clients'' and item.is_created and held.id = item.id and ('
        || private.references_sql('public.clients', 'held', array[
            'public.debts', 'public.client_phones', 'private.import_touches'
        ]::regclass[]) || '
            or exists (select from pg_temp.rollback_rests as rest
                where rest.client_id = held.id and rest.heir is null))';
    update pg_temp.rollback as item set reason = 'changed_since'
    where item.table_name = 'clients' and item.is_created and item.reason is null and exists (
        select from public.audit_log as said
        where said.tenant_id = v_import.tenant_id and said.table_name = 'clients'
          and said.row_id = item.id::text and said.action = 'update'
    );
    update pg_temp.rollback as item set reason = 'imported_since', heir = (
        select rest.heir from pg_temp.rollback_rests as rest
        where rest.client_id = item.id
        order by rest.heir
        limit 1
    )
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and exists (select from pg_temp.rollback_rests as rest where rest.client_id = item.id);
    -- The titles of a person who stays because of an edit, or of what a later file added to the
    -- person alone, stay too: they are why the person is here.
    update pg_temp.rollback as item set reason = kept.reason, heir = kept.heir
    from pg_temp.rollback as kept
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and kept.table_name = 'clients' and kept.is_created and kept.id = item.client_id
      and (kept.reason = 'changed_since' or kept.reason = 'imported_since' and not exists (
          select from pg_temp.rollback_rests as rest
          where rest.client_id = kept.id and rest.table_name = 'debts'
      ));
    drop table pg_temp.rollback_rests;
end;
$function$;

CREATE OR REPLACE FUNCTION private.judge_debts(v_import public.imports)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_since timestamptz := coalesce(v_import.writing_at, v_import.finished_at);
begin
    -- Files leave a title open or returned: another status is somebody's word since. That it grew
    -- old is nobody's.
    update pg_temp.rollback as item set reason = 'changed_since'
    from public.debts
    cross join lateral (
        select coalesce((
            select layer.after ->> 'status' from pg_temp.rollback_layers as layer
            where layer.row_id = debts.id and layer.after ? 'status'
            order by layer.id desc
            limit 1
        ), 'open') as status
    ) as left_as
    where item.table_name = 'debts' and debts.id = item.id and item.reason is null
      and debts.status::text <> left_as.status
      and not (item.is_created and left_as.status = 'open' and debts.status = 'prescribed');
    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.debts as held
        where item.table_name = ''debts'' and item.is_created and item.reason is null
          and held.id = item.id
          and (' || private.references_sql('public.debts', 'held', '{}') || ')';
    -- What it changed was agreed upon, or paid in part, as the import left it.
    update pg_temp.rollback as item set reason = 'in_use'
    where item.table_name = 'debts' and not item.is_created and item.reason is null and (
        exists (
            select from public.agreement_debts as held
            join public.agreements as agreement on agreement.id = held.agreement_id
            where held.tenant_id = v_import.tenant_id and held.debt_id = item.id
              and (held.is_live or agreement.created_at >= v_since)
        ) or exists (
            select from public.payment_allocations as paid
            where paid.tenant_id = v_import.tenant_id and paid.debt_id = item.id
              and paid.created_at >= v_since
        )
    );
    -- Somebody spoke or wrote to the person since: the debt was talked about.
    update pg_temp.rollback as item set reason = 'contacted_since'
    where item.table_name = 'debts' and item.reason is null and (
        exists (
            select from public.call_dispositions as spoken
            where spoken.tenant_id = v_import.tenant_id and spoken.client_id = item.client_id
              and spoken.created_at >= v_since
        ) or exists (
            select from public.message_logs as written
            where written.tenant_id = v_import.tenant_id and written.client_id = item.client_id
              and written.created_at >= v_since
        ) or exists (
            select from public.calls as called
            where called.tenant_id = v_import.tenant_id and called.client_id = item.client_id
              and called.called_at >= v_since and called.connected_at is not null
        )
    );
    update pg_temp.rollback as item set reason = 'imported_since', heir = later.import_id
    from (
        select distinct on (layer.row_id) layer.row_id, layer.import_id
        from pg_temp.rollback_layers as layer
        where layer.table_name = 'debts' and layer.is_later
        order by layer.row_id, layer.id
    ) as later
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and later.row_id = item.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.judge_rollback(v_import public.imports, people uuid[], created uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    create temp table rollback_rows on commit drop as
    select 'clients' as table_name, listed.id, listed.id as client_id
    from unnest(people) as listed (id)
    union all
    select 'debts', debts.id, debts.client_id from public.debts
    where debts.tenant_id = v_import.tenant_id and debts.client_id = any(people)
    union all
    select 'client_phones', phones.id, phones.client_id from public.client_phones as phones
    where phones.tenant_id = v_import.tenant_id and phones.client_id = any(people);
    analyze pg_temp.rollback_rows;
    create temp table rollback_layers on commit drop as
    select noted.id, noted.table_name, noted.row_id, noted.import_id, noted.before, noted.after,
        noted.is_live,
        noted.is_live and noted.import_id <> v_import.id and later.status = 'done' as is_later
    from pg_temp.rollback_rows as item
    join private.import_changes as noted
        on noted.tenant_id = v_import.tenant_id and noted.row_id = item.id
        and noted.table_name = item.table_name
    join public.imports as later on later.id = noted.import_id
    where noted.is_live or noted.import_id = v_import.id;
    create index rollback_layers_by_row on pg_temp.rollback_layers (row_id);
    analyze pg_temp.rollback_layers;

    create temp table rollback (
        table_name text not null, id uuid not null, client_id uuid not null,
        is_created boolean not null, change_id bigint, before jsonb, after jsonb, reason text,
        heir uuid
    ) on commit drop;
    insert into pg_temp.rollback
        (table_name, id, client_id, is_created, change_id, before, after)
    select item.table_name, item.id, item.client_id, item.table_name = 'client_phones', own.id,
        own.before, own.after
    from pg_temp.rollback_layers as own
    join pg_temp.rollback_rows as item
        on item.id = own.row_id and item.table_name = own.table_name
    where own.import_id = v_import.id and own.is_live;
    -- Debts it created: those that still name it, and those that a later import changed.
    insert into pg_temp.rollback (table_name, id, client_id, is_created)
    select 'debts', debts.id, debts.client_id, true
    from pg_temp.rollback_rows as item
    join public.debts on item.table_name = 'debts' and debts.id = item.id
    where (
        debts.import_id = v_import.id or exists (
            select from pg_temp.rollback_layers as later
            where later.row_id = debts.id and later.import_id <> v_import.id
              and later.before ->> 'import_id' = v_import.id::text
        )
    ) and not exists (
        select from pg_temp.rollback_layers as own
        where own.row_id = debts.id and own.import_id = v_import.id and own.is_live
    );
    insert into pg_temp.rollback (table_name, id, client_id, is_created)
    select 'clients', listed.id, listed.id, true from unnest(created) as listed (id);
    -- Half of what follows asks of one row at a time whether it goes back.
    create index rollback_by_id on pg_temp.rollback (id);
    create index rollback_by_client on pg_temp.rollback (client_id);
    analyze pg_temp.rollback;

    perform private.judge_changed_rows(v_import);
    perform private.judge_debts(v_import);
    perform private.judge_created_clients(v_import);
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_import_chunks(tenant_id uuid, import_id uuid, chunk_rows integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    create temp table import_titles on commit drop as
    select import_debts.document, case
            when import_debts.debt_id is null then 'new'
            when import_debts.status = 'returned' then 'reopened'
            else 'changed'
        end as action, import_debts.debt_id, import_clients.client_id, import_debts.creditor_id,
        import_debts.contract, import_debts.installment, import_debts.due_on,
        import_debts.principal_cents
    from pg_temp.import_debts
    join pg_temp.import_clients using (document)
    where import_debts.debt_id is null or import_debts.is_changed
       or import_debts.status = 'returned' and import_debts.kept is null
    union all
    select clients.document, 'returned', debts.id, debts.client_id, debts.creditor_id,
        debts.contract, debts.installment, debts.due_on, debts.principal_cents
    from pg_temp.import_absent
    join public.debts on debts.id = import_absent.debt_id
    join public.clients on clients.id = debts.client_id
    where import_absent.is_returned;

    create temp table import_people on commit drop as
    with titles as (
        select import_titles.document, count(*)::int as titles,
            sum(import_titles.principal_cents)::bigint as open_cents,
            min(import_titles.due_on) as oldest_due_on,
            array_agg(distinct import_titles.creditor_id) as creditor_ids
        from pg_temp.import_titles
        group by import_titles.document
    )
    select document, import_clients.client_id, coalesce(import_clients.is_new, false) as is_new,
        coalesce(import_clients.is_changed, false) as is_changed, import_clients.name,
        import_clients.email, import_clients.uf, import_clients.external_id, import_clients.extra,
        coalesce(import_phones.phones, '{}') as phones, titles.open_cents,
        titles.titles as open_debts, titles.oldest_due_on, titles.creditor_ids,
        coalesce(import_clients.lines, 0) as lines,
        sum(1 + cardinality(coalesce(import_phones.phones, '{}')) + coalesce(titles.titles, 0))
            over (order by document rows unbounded preceding)::int / chunk_rows as place
    from pg_temp.import_clients
    left join pg_temp.import_phones using (document)
    full join titles using (document)
    where import_clients.is_new or import_clients.is_changed
       or import_phones.phones is not null or titles.titles is not null;
    analyze pg_temp.import_people;

    insert into private.import_chunks (import_id, tenant_id, place, rows, clients, debts)
    select keep_import_chunks.import_id, keep_import_chunks.tenant_id, people.place, people.rows,
        coalesce(people.clients, '{}'), coalesce(titles.debts, '{}')
    from (
        select import_people.place, sum(import_people.lines) as rows, array_agg(
            row(
                import_people.client_id, import_people.is_new, import_people.is_changed,
                import_people.document, import_people.name, import_people.email, import_people.uf,
                import_people.external_id, import_people.extra, import_people.phones,
                import_people.open_cents, import_people.open_debts, import_people.oldest_due_on,
                import_people.creditor_ids
            )::private.planned_client
            order by import_people.document
        ) filter (where import_people.client_id is not null) as clients
        from pg_temp.import_people
        group by import_people.place
    ) as people
    left join (
        select import_people.place, array_agg(
            row(
                import_titles.action, import_titles.debt_id, import_titles.client_id,
                import_titles.creditor_id, import_titles.contract, import_titles.installment,
                import_titles.due_on, import_titles.principal_cents
            )::private.planned_debt
            -- By key, so that indexes grow at their end.
            order by import_titles.creditor_id, import_titles.contract, import_titles.installment
        ) as debts
        from pg_temp.import_titles
        join pg_temp.import_people using (document)
        group by import_people.place
    ) as titles using (place);
    drop table pg_temp.import_titles, pg_temp.import_people;
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

CREATE OR REPLACE FUNCTION private.keep_rehearsal(import_id uuid, answer jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    update public.imports
    set status = 'rehearsed', answer = keep_rehearsal.answer, finished_at = private.now(),
        phase = null, seconds_left = 0, rows_written = 0
    where imports.id = keep_rehearsal.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid() and imports.is_rehearsal
      and imports.status in ('queued', 'running') and imports.cancel_requested_at is null;
    return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.last_seen(user_id uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.told_instant(greatest(users.last_sign_in_at, (
        select max(greatest(sessions.created_at, sessions.refreshed_at at time zone 'UTC'))
        from auth.sessions where sessions.user_id = users.id
    )))
    from auth.users where users.id = last_seen.user_id
$function$;

CREATE OR REPLACE FUNCTION private.lawful_hours()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.require_role('operator');
    return (
        select jsonb_agg(jsonb_build_object(
            'uf', law.uf, 'weekday', law.weekday, 'opens', law.opens, 'closes', law.closes,
            'source', law.source
        ) order by law.uf nulls first, law.weekday, law.opens)
        from private.calling_windows as law
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.learn_form(message_id uuid, destination text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into private.whatsapp_forms as form (tenant_id, phone_key, phone)
    select message.tenant_id, private.phone_match(message.phone), '+' || told.digits
    from public.message_logs as message
    cross join (select ltrim(learn_form.destination, '+') as digits) as told
    where message.id = learn_form.message_id
      and '+' || told.digits in (message.phone, private.other_form(message.phone))
      and '+' || told.digits <> private.whatsapp_form(message.tenant_id, message.phone)
    on conflict on constraint whatsapp_forms_pkey do update
    set phone = excluded.phone, learnt_at = excluded.learnt_at
$function$;

CREATE OR REPLACE FUNCTION private.learn_from_failure(message_id uuid, error_code text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if error_code = 'number_invalid' then
        -- For a quarter of a year, then it may be asked again: the only refusal that closes a number.
        update public.client_phones as known
        set has_whatsapp = false, whatsapp_retry_at = private.now() + interval '90 days'
        from public.message_logs as message
        where message.id = learn_from_failure.message_id
          and known.tenant_id = message.tenant_id
          and known.client_id = message.client_id
          and private.phone_match(known.phone) = private.phone_match(message.phone);
    elsif error_code = 'opted_out' then
        perform private.suppress_phone(
            message.tenant_id, message.phone, message.channel, 'opted_out'
        )
        from public.message_logs as message
        where message.id = learn_from_failure.message_id;
    elsif error_code = 'configuration' then
        perform private.mark_integration(message.integration_id, message.error_detail),
            private.pause_sender(message.sender_id, 'configuration', message.error_detail)
        from public.message_logs as message
        where message.id = learn_from_failure.message_id;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.leave_agency(tenant_id uuid, user_id uuid, hand_to uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
begin
    if hand_to is not null and (hand_to = leave_agency.user_id or not exists (
        select from public.memberships as colleague
        where colleague.tenant_id = leave_agency.tenant_id
          and colleague.user_id = leave_agency.hand_to and colleague.revoked_at is null
    )) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'hand_to: another live member of the tenant, or null for nobody';
    end if;
    perform private.hand_over(leave_agency.tenant_id, leave_agency.user_id, leave_agency.hand_to);
    delete from public.team_members as seat
    where seat.tenant_id = leave_agency.tenant_id and seat.user_id = leave_agency.user_id;
    delete from public.dialer_agents as seat
    where seat.tenant_id = leave_agency.tenant_id and seat.user_id = leave_agency.user_id;
    -- A key speaks as who made it.
    update public.api_keys as held set revoked_at = private.now()
    where held.tenant_id = leave_agency.tenant_id and held.created_by = leave_agency.user_id
      and held.revoked_at is null;
    -- Who works elsewhere too keeps the sign-in; here it opens nothing any more.
    if not exists (
        select from public.memberships as other
        where other.user_id = leave_agency.user_id and other.revoked_at is null
    ) then
        delete from auth.sessions where sessions.user_id = leave_agency.user_id;
        delete from auth.refresh_tokens
        where refresh_tokens.user_id::text = leave_agency.user_id::text;
    end if;
    perform private.tell_membership(leave_agency.tenant_id, leave_agency.user_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.leave_dialer(tenant_id uuid, client_ids uuid[], phone text, reason text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_exports uuid[];
begin
    with gone as (
        update public.dialer_export_rows as contact
        set status = case
                -- Being sent at this moment: it is taken out when it is in.
                when contact.status = 'waiting' and not exists (
                    select from private.dialer_tasks as task
                    where task.export_id = contact.export_id and task.is_doubtful
                      and task.kind in ('part', 'file')
                      and task.status in ('queued', 'sending')
                ) then 'excluded'
                else 'removing'
            end::public.dialer_row_status,
            reason = leave_dialer.reason
        where contact.tenant_id = leave_dialer.tenant_id
          and contact.client_id = any(leave_dialer.client_ids)
          and contact.status in ('waiting', 'loaded')
          and (leave_dialer.phone is null
              or private.phone_match(contact.phone) = private.phone_match(leave_dialer.phone))
        returning contact.export_id, contact.status
    )
    select array_agg(distinct gone.export_id) filter (where gone.status = 'removing')
    into v_exports from gone;
    if v_exports is not null then
        perform private.wish_dialer_removals(v_exports);
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.leave_wrong_numbers(tenant_id uuid, client_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.leave_dialer(
        leave_wrong_numbers.tenant_id, array[leave_wrong_numbers.client_id], known.phone,
        'wrong_contact'
    )
    from public.client_phones as known
    where known.tenant_id = leave_wrong_numbers.tenant_id
      and known.client_id = leave_wrong_numbers.client_id
      and private.is_wrong_number(known.tenant_id, known.client_id, known.phone)
$function$;

CREATE OR REPLACE FUNCTION private.link_call(call_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_call public.calls;
begin
    perform private.require_client(v_tenant_id, client_id);
    select * into v_call from public.calls as call
    where call.tenant_id = v_tenant_id and call.id = link_call.call_id
      and (call.operator_id = auth.uid() or private.has_role('supervisor'))
    for update;
    if not found then
        raise exception 'call_not_found' using errcode = 'PT404',
            detail = 'no such call of the caller''s';
    end if;
    if v_call.outcome_type is not null
        or v_call.disposition_id is not null and v_call.client_id <> link_call.client_id
    then
        raise exception 'call_disposed' using errcode = 'PT409',
            detail = 'the call already has an outcome';
    end if;
    update public.calls as call set client_id = link_call.client_id
    where call.id = v_call.id
    returning * into v_call;
    perform private.add_called_phone(v_tenant_id, link_call.client_id, v_call.phone);
    return private.call_card(v_call);
end;
$function$;

CREATE OR REPLACE FUNCTION private.link_conversation(conversation_id uuid, client_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, link_conversation.conversation_id);
begin
    perform private.require_client(v_tenant_id, link_conversation.client_id);
    update public.conversations as talk
    set client_id = link_conversation.client_id, is_linked_by_person = true, ignored_at = null
    where talk.id = v_talk.id;
    -- What nobody's was becomes theirs; what was another's stays in that history.
    update public.message_logs as message set client_id = link_conversation.client_id
    where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
      and message.client_id is null;
    insert into public.conversation_events (tenant_id, conversation_id, client_id, kind, actor_id)
    values (v_tenant_id, v_talk.id, link_conversation.client_id, 'linked', auth.uid());
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_callbacks(filter jsonb, after text, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A day's work of a team on one page at most.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_asked record := private.read_callback_filter(v_tenant_id, coalesce(filter, '{}'));
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    v_ids uuid[];
    v_last timestamptz;
    v_total jsonb;
begin
    execute private.callback_page_sql(v_asked.owner_sql, v_cursor is not null)
    into v_ids, v_last
    using v_tenant_id, v_asked.from_at, v_asked.until_at, v_size,
        v_cursor[1]::timestamptz, v_cursor[2]::uuid;
    if v_cursor is null then
        execute 'select jsonb_build_object(
                ''overdue'', count(*) filter (where promised.due_at < $4),
                ''later'', count(*) filter (where promised.due_at >= $4))
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.status = ''scheduled''
              and promised.due_at >= $2 and promised.due_at < $3' || v_asked.owner_sql
        into v_total
        using v_tenant_id, v_asked.from_at, v_asked.until_at, private.now();
    end if;
    return jsonb_build_object(
        'rows', private.callback_rows(v_tenant_id, v_ids[1:v_size]), 'total', v_total,
        'next', case when cardinality(v_ids) > v_size
            then private.encode_cursor(v_last::text, v_ids[v_size]::text) end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_changed_rows(changes private.import_change[], listed integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
begin
    return (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'table', shown.table_name, 'document', shown.document, 'name', shown.name,
                'contract', shown.contract, 'installment', shown.installment,
                'changes', (
                    select jsonb_object_agg(
                        field.name,
                        jsonb_build_array(shown.before -> field.name, shown.after -> field.name)
                    )
                    from jsonb_object_keys(shown.after) as field (name)
                )
            )
            order by shown.document, shown.table_name, shown.contract, shown.installment
        ), '[]')
        from (
            select picked.*, coalesce((
                select person.after ->> 'name' from unnest(changes) as person
                where person.table_name = 'clients' and person.row_id = picked.client_id
            ), picked.stored_name) as name
            from (
                select change.client_id, change.table_name, clients.document,
                    clients.name as stored_name, debts.contract, debts.installment,
                    change.before - 'import_id' as before, change.after - 'import_id' as after
                from unnest(changes) as change
                join public.clients on clients.id = change.client_id
                left join public.debts on change.table_name = 'debts' and debts.id = change.row_id
                where change.after - 'import_id' <> '{}'
                order by clients.document, change.table_name, debts.contract, debts.installment
                limit listed
            ) as picked
        ) as shown
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_clients(filter jsonb, after text, page_size integer, sort text)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    -- 200 rows is more than a screen shows and still a small answer.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_sort private.client_sort := private.read_client_sort(coalesce(sort, '-open_cents'));
    v_filter private.client_filter :=
        private.weigh_search(private.read_client_filter(v_tenant_id, coalesce(filter, '{}')));
    v_is_ranked boolean := private.is_ranked((v_filter).search);
    v_cursor text[];
    v_ids uuid[];
    v_next text;
begin
    if after is not null then
        v_cursor := private.decode_cursor(
            after, 'text', case when v_is_ranked then 'int' else 'text' end, 'boolean', 'uuid',
            v_sort.type_name
        );
        if v_cursor[1] <> v_sort.name or (v_cursor[2] = '') = v_is_ranked
            or v_is_ranked and v_cursor[2]::int not between 0 and 3
        then
            raise exception 'invalid_cursor' using errcode = 'PT400',
                detail = 'the cursor belongs to another order or search';
        end if;
        v_cursor[5] := replace(replace(v_cursor[5], '%7C', '|'), '%25', '%');
    end if;
    if v_sort.name like '%creditor' and not v_is_ranked then
        v_filter.creditor_order := array(
            select owed.id from public.creditors as owed where owed.tenant_id = v_tenant_id
            order by owed.name_key collate "C", owed.id
        );
        if v_cursor is not null and not v_cursor[3]::boolean
            and v_cursor[5] <> all(v_filter.creditor_order::text[])
        then
            raise exception 'invalid_cursor' using errcode = 'PT400',
                detail = 'no such creditor in the tenant';
        end if;
    end if;
    -- One more than asked says that there is a next page.
    execute private.page_and_next_sql(private.client_page_sql(v_filter, v_sort, v_cursor))
    into v_ids, v_next
    using v_filter, v_cursor, v_size + 1, v_sort.name;
    return json_build_object(
        'rows', private.client_rows(
            v_tenant_id, v_ids[:v_size], private.today(v_tenant_id), v_filter.now_at
        ),
        'next', v_next
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_conversations(filter jsonb, after text, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_max_page constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 40), 1), c_max_page);
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    v_owner text := filter ->> 'owner';
    v_wrong text;
    v_rows jsonb;
begin
    v_wrong := (
        select given.key from jsonb_each_text(coalesce(filter, '{}')) as given
        where not case given.key
            when 'owner' then given.value in ('me', 'none')
                or pg_input_is_valid(given.value, 'uuid')
            when 'client_id' then pg_input_is_valid(given.value, 'uuid')
            when 'unread' then given.value in ('true', 'false')
            when 'known' then given.value in ('true', 'false')
            when 'ignored' then given.value in ('true', 'false')
            else false
        end
        limit 1
    );
    if v_wrong is not null then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = v_wrong;
    end if;
    v_rows := (
        select coalesce(jsonb_agg(
            private.conversation_row(page) order by page.last_message_at desc, page.id desc
        ), '[]')
        from (
            select talk.*
            from public.conversations as talk
            where talk.tenant_id = v_tenant_id
              and (v_owner is null
                  or v_owner = 'none' and talk.owner_id is null
                  or talk.owner_id::text = case when v_owner = 'me' then auth.uid()::text
                      else v_owner end)
              and (filter ->> 'client_id' is null
                  or talk.client_id = (filter ->> 'client_id')::uuid)
              and (filter ->> 'unread' is null
                  or (talk.unread > 0) = (filter ->> 'unread')::boolean)
              and (filter ->> 'known' is null
                  or (talk.client_id is not null) = (filter ->> 'known')::boolean)
              and (filter ->> 'client_id' is not null or (talk.ignored_at is not null)
                  = coalesce((filter ->> 'ignored')::boolean, false))
              and (v_cursor is null or (talk.last_message_at, talk.id)
                  < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by talk.last_message_at desc, talk.id desc
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size then private.encode_cursor(
            v_rows -> (v_size - 1) ->> 'last_message_at', v_rows -> (v_size - 1) ->> 'id'
        ) end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_failures(kinds text[], after text, page_size integer)
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
            coalesce(v_cursor[2], '~'), v_size
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

CREATE OR REPLACE FUNCTION private.list_import_kept(OUT titles jsonb, OUT listed jsonb)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    select coalesce(jsonb_object_agg(counted.kept, counted.titles), '{}') into titles
    from (
        select import_debts.kept, count(*) as titles
        from pg_temp.import_debts
        where import_debts.kept is not null
        group by import_debts.kept
    ) as counted;
    select coalesce(jsonb_agg(
        jsonb_build_object(
            'document', shown.document, 'name', shown.name, 'contract', shown.contract,
            'installment', shown.installment, 'status', shown.kept,
            'changes', (
                select coalesce(jsonb_object_agg(
                    field.name, jsonb_build_array(shown.stored -> field.name, field.value)
                ), '{}')
                from jsonb_each(shown.said) as field (name, value)
                where shown.stored -> field.name <> field.value
            )
        )
        order by shown.document, shown.contract, shown.installment
    ), '[]') into listed
    from (
        select named.document, named.contract, named.installment, named.kept,
            -- As the import leaves it: a name that only its capitals tell apart is the same.
            case when lower(people.name) = lower(clients.name) then clients.name
                else coalesce(people.name, clients.name) end as name,
            jsonb_build_object(
                'due_on', debts.due_on, 'principal_cents', debts.principal_cents
            ) as stored,
            jsonb_build_object(
                'due_on', named.due_on, 'principal_cents', named.principal_cents
            ) as said
        from pg_temp.import_debts as named
        join public.debts on debts.id = named.debt_id
        join public.clients on clients.id = debts.client_id
        join pg_temp.import_clients as people on people.document = named.document
        where named.kept is not null
        order by named.document, named.contract, named.installment
        limit private.listed_changes()
    ) as shown;
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_kept_rows(listed integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return jsonb_build_object(
        'count', (select count(*) from pg_temp.rollback as item where item.reason is not null),
        'rows', (
            select coalesce(jsonb_agg(to_jsonb(kept)), '[]')
            from (
                select item.table_name as table, item.id, clients.document, clients.name,
                    debts.contract, debts.installment, item.reason
                from pg_temp.rollback as item
                join public.clients on clients.id = item.client_id
                left join public.debts on item.table_name = 'debts' and debts.id = item.id
                where item.reason is not null
                order by clients.document, item.table_name, debts.contract, debts.installment
                limit listed
            ) as kept
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_message_batches(filter jsonb, after text, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_max_page constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 30), 1), c_max_page);
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    -- Known values first: what is no status is nobody's.
    v_status text := filter ->> 'status';
    v_name text := '%' || replace(replace(replace(
        lower(btrim(filter ->> 'q')), '\', '\\'
    ), '%', '\%'), '_', '\_') || '%';
    v_rows jsonb;
begin
    if coalesce(filter, '{}') - '{status,q,mine}'::text[] <> '{}' then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = 'status, q, mine';
    elsif not pg_input_is_valid(v_status, 'public.batch_status') then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'status';
    end if;
    v_rows := (
        select coalesce(jsonb_agg(
            private.batch_row(page) order by page.created_at desc, page.id desc
        ), '[]')
        from (
            select batch.*
            from public.message_batches as batch
            where batch.tenant_id = v_tenant_id
              and (v_status is null or batch.status = v_status::public.batch_status)
              and (v_name is null or lower(batch.name) like v_name)
              and (filter -> 'mine' is distinct from 'true' or batch.created_by = auth.uid())
              and (v_cursor is null or (batch.created_at, batch.id)
                  < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by batch.created_at desc, batch.id desc
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size then private.encode_cursor(
            v_rows -> (v_size - 1) ->> 'created_at', v_rows -> (v_size - 1) ->> 'id'
        ) end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_people()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- An agency has tens of people; what is older than a year of comings and goings is the audit's.
    c_past constant int := 100;
    v_tenant_id uuid := private.require_role('admin');
begin
    return jsonb_build_object(
        'people', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'membership_id', member.id, 'user_id', member.user_id, 'name', member.display_name,
                'email', users.email, 'role', member.role, 'since', member.created_at,
                'is_me', member.user_id = auth.uid(), 'last_seen_at', private.last_seen(member.user_id),
                'creditor_ids', member.creditor_ids,
                'scope', private.creditor_scope_of(member.tenant_id, member.user_id),
                'is_last_admin', member.role = 'admin' and not exists (
                    select from public.memberships as other
                    where other.tenant_id = v_tenant_id and other.role = 'admin'
                      and other.revoked_at is null and other.id <> member.id
                ),
                'work', private.held_work(member.tenant_id, member.user_id)
            ) order by lower(member.display_name), member.id), '[]')
            from public.memberships as member
            join auth.users on users.id = member.user_id
            where member.tenant_id = v_tenant_id and member.revoked_at is null
        ),
        'invitations', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', sent.id, 'email', sent.email, 'role', sent.role, 'name', sent.display_name,
                'state', private.invitation_state(sent), 'created_at', sent.created_at,
                'expires_at', sent.expires_at, 'mailed_at', sent.mailed_at,
                'invited_by', private.actor_name(sent.tenant_id, sent.invited_by)
            ) order by sent.created_at desc, sent.id), '[]')
            from (
                select * from public.invitations
                where invitations.tenant_id = v_tenant_id and invitations.accepted_at is null
                order by invitations.created_at desc limit c_past
            ) as sent
        ),
        'past', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'membership_id', gone.id, 'name', gone.display_name, 'email', users.email,
                'role', gone.role, 'ended_at', gone.revoked_at
            ) order by gone.revoked_at desc, gone.id), '[]')
            from (
                select * from public.memberships
                where memberships.tenant_id = v_tenant_id and memberships.revoked_at is not null
                order by memberships.revoked_at desc limit c_past
            ) as gone
            join auth.users on users.id = gone.user_id
        ),
        'teams', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', teams.id, 'name', teams.name, 'creditor_ids', teams.creditor_ids,
                'user_ids', array(
                    select seat.user_id from public.team_members as seat
                    where seat.tenant_id = v_tenant_id and seat.team_id = teams.id
                )
            ) order by lower(teams.name)), '[]')
            from public.teams where teams.tenant_id = v_tenant_id and teams.archived_at is null
        ),
        'creditors', (
            select coalesce(jsonb_agg(jsonb_build_object('id', creditors.id, 'name', creditors.name)
                order by creditors.name_key, creditors.id), '[]')
            from public.creditors where creditors.tenant_id = v_tenant_id
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_templates(search text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Meta allows 6,000; whoever has more than this looks for one by its name.
    c_most constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_words text := lower(btrim(coalesce(search, '')));
begin
    return (
        select jsonb_build_object(
            'rows', coalesce(jsonb_agg(to_jsonb(listed) - 'place' order by listed.place)
                filter (where listed.place <= c_most), '[]'),
            'has_more', count(*) > c_most
        )
        from (
            select template.id, template.provider, template.name, template.language,
                template.category, template.body, template.variables, template.status,
                template.provider_status, template.header_type, template.header_link,
                template.header_name, template.synced_at,
                private.template_obstacle(template) as obstacle,
                row_number() over (order by template.name, template.language, template.id)
                as place
            from public.message_templates as template
            where template.tenant_id = v_tenant_id and template.channel = 'whatsapp'
              and position(v_words in lower(template.name || ' ' || template.body)) > 0
            order by template.name, template.language, template.id
            limit c_most + 1
        ) as listed
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.listed_changes()
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select 200 $function$;

CREATE OR REPLACE FUNCTION private.listed_kept_rows()
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select 200 $function$;

CREATE OR REPLACE FUNCTION private.lock_limited_rules(claim_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select pg_advisory_xact_lock(hashtextextended('rule:' || limited.id, 0))
    from (
        select distinct rule.id
        from public.automation_runs as run
        join public.collection_rules as rule on rule.id = run.rule_id
        where run.claim_id = lock_limited_rules.claim_id and run.status = 'running'
          and num_nonnulls(rule.daily_cap, rule.repeat_days) > 0
        order by rule.id
    ) as limited
$function$;

CREATE OR REPLACE FUNCTION private.lock_rollback_people(people uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform from public.clients where clients.id = any(people)
    order by clients.id
    for update;
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

CREATE OR REPLACE FUNCTION private.mark_answered(talk public.conversations, at timestamp with time zone)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    update public.message_logs as message
    set answered_at = mark_answered.at
    where message.id = (
        select asked.id
        from public.message_logs as asked
        where asked.tenant_id = talk.tenant_id
          and private.phone_match(asked.phone) = talk.phone_key
          and asked.sender_id = talk.sender_id
          and asked.batch_id is not null
          and asked.created_at > private.now() - interval '7 days'
        order by asked.created_at desc
        limit 1
    )
    and message.answered_at is null
$function$;

CREATE OR REPLACE FUNCTION private.mark_dead_imports(tenant_id uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_dead int;
begin
    -- Materialized: the lock is tried for unfinished imports alone.
    with unfinished as materialized (
        select imports.id, imports.tenant_id,
            plan.import_id is not null or back.import_id is not null as is_planned
        from public.imports
        left join private.import_plans as plan on plan.import_id = imports.id
        left join private.import_rollbacks as back on back.import_id = imports.id
        where imports.status in ('queued', 'running')
          and (mark_dead_imports.tenant_id is null
               or imports.tenant_id = mark_dead_imports.tenant_id)
    )
    update public.imports
    set status = case when unfinished.is_planned then 'interrupted' else 'failed' end
            ::public.import_status,
        error_code = case when not unfinished.is_planned then 'process_died' end,
        finished_at = case when not unfinished.is_planned then private.now() end,
        phase = case when unfinished.is_planned then imports.phase end, seconds_left = null
    from unfinished
    where imports.id = unfinished.id
      and pg_try_advisory_xact_lock(private.import_lock(unfinished.id))
      and (
          not unfinished.is_planned
          or pg_try_advisory_xact_lock(private.import_turn(unfinished.tenant_id))
      );
    get diagnostics v_dead = row_count;
    return v_dead;
end;
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

CREATE OR REPLACE FUNCTION private.may_be_next(tenant_id uuid, client_id uuid, code text, closed_ufs text[])
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_channel public.channel := case when code = 'reply_waiting' then 'whatsapp' else 'call' end;
    v_is_asked boolean := code in ('callback_mine', 'callback_anyone', 'reply_waiting');
    v_now timestamptz := private.now();
    v_client public.clients;
begin
    select * into v_client from public.clients
    where clients.tenant_id = may_be_next.tenant_id and clients.id = may_be_next.client_id;
    -- The cheap question first: after eight at night it answers for everybody.
    if coalesce(private.uf_of(tenant_id, client_id, v_client.uf), '') = any(closed_ufs)
        or private.is_suppressed(tenant_id, client_id, null, v_channel, v_now)
    then
        return false;
    end if;
    if code <> 'reply_waiting' and (
        coalesce(v_client.debt_status not in ('open', 'in_agreement'), true)
        or not exists (
            select from public.client_phones as known
            where known.tenant_id = may_be_next.tenant_id
              and known.client_id = may_be_next.client_id
              and not private.is_wrong_number(
                  may_be_next.tenant_id, may_be_next.client_id, known.phone
              )
        )
    ) then
        return false;
    end if;
    return v_is_asked
        or (private.contact_decision(tenant_id, client_id, v_channel, v_now)).allowed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.may_join(topic text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_scope text := split_part(topic, ':', 1);
    v_id text := split_part(topic, ':', 2);
begin
    if auth.uid() is null or topic <> v_scope || ':' || v_id
        or not pg_input_is_valid(v_id, 'uuid')
    then
        return false;
    end if;
    if v_scope = 'user' then
        return v_id::uuid = auth.uid();
    end if;
    return exists (
        select from public.memberships
        where memberships.user_id = auth.uid()
          and memberships.revoked_at is null
          and memberships.tenant_id = case v_scope
              when 'tenant' then v_id::uuid
              when 'client' then (
                  select clients.tenant_id from public.clients
                  where clients.id = v_id::uuid and (
                      private.creditor_scope_of(clients.tenant_id, auth.uid()) is null
                      or clients.creditor_ids
                          && private.creditor_scope_of(clients.tenant_id, auth.uid())
                  )
              )
          end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.meanings_of(kind public.disposition_types)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select array_remove(array[
        case when (kind).human_answered then 'human_answered' else 'nobody_answered' end,
        case when (kind).right_party then 'right_party' end,
        case when (kind).is_callback then 'is_callback' end,
        case when (kind).unworkable then 'unworkable' end,
        case when (kind).opens_negotiation then 'opens_negotiation' end
    ], null)
$function$;

CREATE OR REPLACE FUNCTION private.message_batch(batch_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_batch public.message_batches;
begin
    select * into v_batch from public.message_batches as batch
    where batch.tenant_id = v_tenant_id and batch.id = message_batch.batch_id;
    if not found then
        raise exception 'batch_not_found' using errcode = 'PT404',
            detail = 'no such bulk send here';
    end if;
    return private.batch_row(v_batch);
end;
$function$;

CREATE OR REPLACE FUNCTION private.message_of_receipt(integration_id uuid, receipt jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_found uuid[];
begin
    -- Our own id, where the provider carries it: no guessing, also for an unknown outcome.
    select array[message.id] into v_found
    from public.message_logs as message
    where message.integration_id = message_of_receipt.integration_id
      and message.direction = 'out'
      and message.id = case when pg_input_is_valid(receipt ->> 'reference', 'uuid')
          then (receipt ->> 'reference')::uuid end;
    if not found then
        select array[message.id] into v_found
        from public.message_logs as message
        where message.integration_id = message_of_receipt.integration_id
          and message.direction = 'out'
          and message.provider_message_id = receipt ->> 'provider_message_id';
    end if;
    if v_found is null then
        select array[message.id] into v_found
        from public.message_logs as message
        where message.integration_id = message_of_receipt.integration_id
          and message.direction = 'out'
          and message.wamid = receipt ->> 'wamid';
    end if;
    if v_found is null then
        select array_agg(message.id) into v_found
        from public.message_logs as message
        where message.integration_id = message_of_receipt.integration_id
          and message.direction = 'out'
          and message.provider_message_id is null
          and private.phone_match(message.phone) = private.phone_match(receipt ->> 'destination')
          and (message.status in ('sending', 'unknown')
              or (message.status = 'failed' and message.error_code = 'outcome_unknown'));
    end if;
    return case when cardinality(v_found) = 1 then v_found[1] end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.message_price(tenant_id uuid, client_id uuid, template_id uuid, at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select case when rate.is_free_in_window and exists (
        select from public.message_logs as inbound
        where inbound.tenant_id = message_price.tenant_id
          and inbound.client_id = message_price.client_id
          and inbound.direction = 'in' and inbound.channel = 'whatsapp'
          and inbound.created_at > message_price.at - interval '24 hours'
          and inbound.created_at <= message_price.at
    ) then 0 else rate.price_micros end
    from public.message_templates as template
    cross join lateral private.rate_at(
        message_price.tenant_id, template.provider, template.category, message_price.at
    ) as rate
    where template.id = message_price.template_id
$function$;

CREATE OR REPLACE FUNCTION private.message_tally(message public.message_logs)
 RETURNS TABLE(batch_id uuid, key text, amount bigint)
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select message.batch_id, told.key, told.amount
    from (
        values
        ('message:' || message.status, 1::bigint),
        (case when message.status = 'failed'
            then 'failed:' || coalesce(message.error_code, 'unclassified') end, 1),
        (case when message.submitted_at is not null or message.status
            in ('submitted', 'sent', 'delivered', 'read') then 'accepted' end, 1),
        (case when message.answered_at is not null then 'answered' end, 1),
        -- Charged when delivered.
        (case when message.status in ('delivered', 'read') then 'spent_micros' end,
            coalesce(message.price_micros, 0))
    ) as told (key, amount)
    where message.batch_id is not null and told.key is not null
$function$;

CREATE OR REPLACE FUNCTION private.move_batch(batch_id uuid, to_status public.batch_status)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_from public.batch_status;
begin
    select batch.status into v_from from public.message_batches as batch
    where batch.id = move_batch.batch_id for update;
    if not exists (
        select from private.batch_moves as known
        where known.from_status = v_from and known.to_status = move_batch.to_status
    ) then
        raise exception 'batch_not_movable' using errcode = 'PT409',
            detail = v_from || ' cannot become ' || to_status;
    end if;
    update public.message_batches as batch
    set status = move_batch.to_status, alerted_at = null, last_progress_at = private.now(),
        rate_per_second = 0,
        started_at = case when to_status = 'sending'
            then coalesce(batch.started_at, private.now()) else batch.started_at end,
        finished_at = case when to_status = 'cancelled' then private.now() end
    where batch.id = move_batch.batch_id;
    perform realtime.send(
        jsonb_build_object('id', batch.id, 'at', private.now()), 'batch_changed',
        'tenant:' || batch.tenant_id, true
    )
    from public.message_batches as batch where batch.id = move_batch.batch_id;
    if to_status = 'sending' then
        perform private.wake_function('send-notifications');
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.my_open_calls()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    -- Newest first; today's, still without an outcome, and really connected.
    return (
        select coalesce(jsonb_agg(private.call_card(call) order by call.called_at desc), '[]')
        from (
            select mine.* from public.calls as mine
            where mine.operator_id = auth.uid() and mine.tenant_id = v_tenant_id
              and mine.disposition_id is null and mine.outcome_type is null
              and mine.connected_at is not null
              and mine.called_at > private.now() - interval '12 hours'
            order by mine.called_at desc limit 5
        ) as call
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.negotiator_of(tenant_id uuid, client_id uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select agreement.created_by
    from public.agreements as agreement
    where agreement.tenant_id = negotiator_of.tenant_id
      and agreement.client_id = negotiator_of.client_id
      and (private.is_living(agreement.status) or agreement.status = 'pending_approval')
      and private.works_here(agreement.tenant_id, agreement.created_by)
    order by agreement.created_at desc limit 1
$function$;

CREATE OR REPLACE FUNCTION private.next_client(leaving uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_now timestamptz := private.now();
    v_closed text[] := array(
        select closed.uf from private.closed_ufs(v_tenant_id, v_now) as closed
    );
    v_code text;
    v_source text;
    v_found record;
    v_taken jsonb;
begin
    foreach v_code in array array[
        'callback_mine', 'callback_anyone', 'reply_waiting', 'installment_due',
        'agreement_broken', 'oldest_contact'
    ] loop
        -- Nobody may be contacted anywhere: nobody is looked at.
        exit when cardinality(v_closed) > cardinality(private.ufs());
        v_source := private.next_source(v_code);
        for v_found in execute v_source
            using v_tenant_id, auth.uid(), v_now, private.today(v_tenant_id), leaving, null::uuid
        loop
            continue when not private.may_be_next(
                v_tenant_id, v_found.client_id, v_code, v_closed
            );
            v_taken := private.take_next(
                v_tenant_id, v_found.client_id, v_code, v_found.at, v_found.callback_id,
                v_source, leaving
            );
            if v_taken is not null then
                return v_taken;
            end if;
        end loop;
    end loop;
    return jsonb_build_object(
        'client_id', null,
        'next_callback_at', (
            select min(promised.due_at) from public.callbacks as promised
            where promised.tenant_id = v_tenant_id and promised.operator_id = auth.uid()
              and promised.status = 'scheduled' and promised.due_at > v_now
        ),
        'opens_at', (
            select min(closed.opens_at) from private.closed_ufs(v_tenant_id, v_now) as closed
            where cardinality(v_closed) > cardinality(private.ufs())
        )
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.next_common_sql(client text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select pg_catalog.replace($sql$
        $client is distinct from $5 and ($6::uuid is null or $client = $6)
        and not exists (
            select from public.client_services as held
            where held.tenant_id = $1 and held.client_id = $client and held.operator_id <> $2
              and held.seen_at > $3 - private.service_patience()
        )
        and not exists (
            select from private.client_offers as offered
            where offered.tenant_id = $1 and offered.client_id = $client
              and offered.operator_id = $2 and offered.offered_at > $3 - private.offer_rest()
        )
    $sql$, '$client', client)
$function$;

CREATE OR REPLACE FUNCTION private.next_mine_sql(client text, author text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select pg_catalog.replace(pg_catalog.replace($sql$
        coalesce((
            select given.user_id from public.client_assignments as given
            where given.tenant_id = $1 and given.client_id = $client
        ), $author) = $2
    $sql$, '$client', client), '$author', author)
$function$;

CREATE OR REPLACE FUNCTION private.next_source(code text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case code
        when 'callback_mine' then $sql$
            select promised.client_id, promised.due_at as at, promised.id as callback_id
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.operator_id = $2
              and promised.status = 'scheduled' and promised.due_at <= $3
              and $sql$ || private.next_common_sql('promised.client_id') || $sql$
            order by promised.due_at, promised.id $sql$
        when 'callback_anyone' then $sql$
            select promised.client_id, promised.due_at as at, promised.id as callback_id
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.operator_id is null
              and promised.status = 'scheduled' and promised.due_at <= $3
              and $sql$ || private.next_common_sql('promised.client_id') || $sql$
            order by promised.due_at, promised.id $sql$
        when 'reply_waiting' then $sql$
            select talk.client_id, talk.last_inbound_at as at, null::uuid as callback_id
            from public.conversations as talk
            where talk.tenant_id = $1 and talk.unread > 0 and talk.client_id is not null
              and talk.opted_out_at is null
              and coalesce(talk.owner_id, (
                  select given.user_id from public.client_assignments as given
                  where given.tenant_id = $1 and given.client_id = talk.client_id
              ), $2) = $2
              and $sql$ || private.next_common_sql('talk.client_id') || $sql$
            order by talk.last_inbound_at, talk.id $sql$
        -- Not spoken with today yet; the largest first.
        when 'installment_due' then $sql$
            select part.client_id, part.effective_due_on::timestamp at time zone 'UTC' as at,
                null::uuid as callback_id
            from public.installments as part
            join public.agreements as agreement
                on agreement.tenant_id = part.tenant_id and agreement.id = part.agreement_id
                and private.is_living(agreement.status)
            where part.tenant_id = $1 and part.status = 'open' and part.effective_due_on = $4
              and not exists (
                  select from private.client_contacts as known
                  join public.tenants on tenants.id = known.tenant_id
                  where known.tenant_id = $1 and known.client_id = part.client_id
                    and (known.last_contact_at at time zone tenants.time_zone)::date >= $4
              )
              and $sql$ || private.next_mine_sql('part.client_id', 'agreement.created_by')
            || ' and ' || private.next_common_sql('part.client_id') || $sql$
            order by part.amount_cents desc, part.id $sql$
        -- Not spoken with since it broke, and nothing new agreed.
        when 'agreement_broken' then $sql$
            select agreement.client_id, broke.at, null::uuid as callback_id
            from public.agreements as agreement
            cross join lateral (
                select max(event.created_at) as at from public.agreement_events as event
                where event.tenant_id = $1 and event.agreement_id = agreement.id
                  and event.to_status = agreement.status
            ) as broke
            where agreement.tenant_id = $1
              and agreement.status in ('broken', 'broken_provisionally') and broke.at is not null
              and not exists (
                  select from public.agreements as kept
                  where kept.tenant_id = $1 and kept.client_id = agreement.client_id
                    and private.is_kept(kept.status)
              )
              and not exists (
                  select from private.client_contacts as known
                  where known.tenant_id = $1 and known.client_id = agreement.client_id
                    and known.last_contact_at >= broke.at
              )
              and $sql$ || private.next_mine_sql('agreement.client_id', 'agreement.created_by')
            || ' and ' || private.next_common_sql('agreement.client_id') || $sql$
            order by broke.at, agreement.id $sql$
        -- Four hours: as long as an unanswered call waits for the next. Whoever keeps an agreement
        -- is not called about the debt.
        when 'oldest_contact' then $sql$
            select given.client_id, known.last_contact_at as at, null::uuid as callback_id
            from public.client_assignments as given
            left join private.client_contacts as known
                on known.tenant_id = $1 and known.client_id = given.client_id
            where given.tenant_id = $1 and given.user_id = $2
              and (known.last_contact_at is null
                  or known.last_contact_at <= $3 - interval '4 hours')
              and not exists (
                  select from public.agreements as kept
                  where kept.tenant_id = $1 and kept.client_id = given.client_id
                    and private.is_kept(kept.status)
              )
              and $sql$ || private.next_common_sql('given.client_id') || $sql$
            order by known.last_contact_at nulls first, given.client_id $sql$
    end
$function$;

CREATE OR REPLACE FUNCTION private.note_chunk_changes(chunk private.import_chunks, changes private.import_change[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into private.import_changes (tenant_id, import_id, table_name, row_id, before, after)
    select chunk.tenant_id, chunk.import_id, change.table_name, change.row_id, change.before,
        change.after
    from unnest(changes) as change;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_integration_test(provider public.provider_name, verdict text, quality text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    update public.integrations as integration
    set tested_at = private.now(), test_verdict = note_integration_test.verdict
    where integration.tenant_id = v_tenant_id
      and integration.provider = note_integration_test.provider;
    update public.senders as sender
    set quality = note_integration_test.quality::public.sender_quality
    from public.integrations as integration
    where integration.tenant_id = v_tenant_id
      and integration.provider = note_integration_test.provider
      and sender.integration_id = integration.id
      and sender.account = private.sender_account(integration.provider, integration.settings)
      and note_integration_test.quality is not null
      and sender.quality::text <> note_integration_test.quality;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_invitation_mail(invitation_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    update public.invitations set mailed_at = private.now()
    where invitations.id = note_invitation_mail.invitation_id
      and invitations.tenant_id = v_tenant_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_loaded_rows(task private.dialer_tasks, answer jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_counts record;
begin
    with refused as (
        select item ->> 'phone' as phone, item ->> 'identifier' as identifier,
            coalesce(nullif(item ->> 'reason', ''), 'refused') as reason
        from jsonb_array_elements(coalesce(answer -> 'filtered', '[]')) as item
    ),
    told as (
        update public.dialer_export_rows as contact
        set status = case when refused.reason is null then 'loaded' else 'filtered'
                end::public.dialer_row_status,
            reason = left(refused.reason, 100)
        from private.dialer_rows_of(task) as sent
        left join lateral (
            select filtered.reason from refused as filtered
            where private.phone_match('+55' || filtered.phone) = private.phone_match(sent.phone)
              and coalesce(filtered.identifier, sent.client_id::text) = sent.client_id::text
            limit 1
        ) as refused on true
        where contact.export_id = sent.export_id and contact.place = sent.place
          and contact.status = 'waiting'
        returning contact.status
    )
    select count(*) filter (where told.status = 'loaded') as loaded,
        count(*) filter (where told.status = 'filtered') as filtered
    into v_counts from told;
    update public.dialer_exports as export
    set loaded = export.loaded + v_counts.loaded, filtered = export.filtered + v_counts.filtered
    where export.id = (task).export_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_offer(tenant_id uuid, client_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into private.client_offers as known (tenant_id, client_id, operator_id)
    values (note_offer.tenant_id, note_offer.client_id, auth.uid())
    on conflict on constraint client_offers_pkey do update set offered_at = private.now()
$function$;

CREATE OR REPLACE FUNCTION private.note_progress(batch_id uuid, accepted double precision)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    update public.message_batches as batch
    set last_progress_at = private.now(),
        -- Half of what is shown is of the last half minute.
        rate_per_second = batch.rate_per_second + (1 - exp(-since.seconds / 43))
            * (note_progress.accepted / since.seconds - batch.rate_per_second)
    from (
        select greatest(extract(
            epoch from private.now() - coalesce(known.last_progress_at, known.created_at)
        ), 0.05) as seconds
        from public.message_batches as known where known.id = note_progress.batch_id
    ) as since
    where batch.id = note_progress.batch_id
$function$;

CREATE OR REPLACE FUNCTION private.note_qualification(call_id uuid, said jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_id bigint := (said #>> '{qualification,id}')::bigint;
begin
    if v_id is null then
        return;
    end if;
    update public.calls as call
    set qualification_id = v_id,
        qualification_name = said #>> '{qualification,name}',
        qualification_note = said ->> 'qualification_note',
        qualification_source = case
            when v_id < 0 or coalesce((said #>> '{qualification,is_unknown}')::boolean, false)
                or v_id::text = any(string_to_array(coalesce(
                    integration.settings ->> 'automatic_qualifications', ''), ','))
                then 'automatic'
            when exists (
                select from public.call_dispositions as done
                where done.tenant_id = call.tenant_id and done.id = call.disposition_id
                  and private.qualification_of(
                      call.tenant_id, call.campaign_id, done.disposition_type) = v_id
            ) then 'ours'
            else 'dialer'
        end::public.qualification_source
    from public.integrations as integration
    where call.id = note_qualification.call_id and integration.id = call.integration_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.note_schedule(tenant_id uuid, on_date date, opened bigint, failure jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_run public.job_runs;
begin
    select * into v_run from public.job_runs as run
    where run.tenant_id = note_schedule.tenant_id and run.job = 'rules'
      and run.on_date = note_schedule.on_date
    order by run.id desc limit 1
    for update;
    if not found then
        insert into public.job_runs (tenant_id, job, on_date, result)
        values (note_schedule.tenant_id, 'rules', note_schedule.on_date, '{"opened": 0}')
        returning * into v_run;
    end if;
    if failure is not null and v_run.failures = 0 then
        perform private.finish_job(v_run.id, v_run.result || failure, 1);
        return;
    end if;
    update public.job_runs as run
    set finished_at = private.now(), result = run.result || jsonb_build_object(
            'opened', (run.result ->> 'opened')::bigint + note_schedule.opened
        )
    where run.id = v_run.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.notification_bell(after text, page_size integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A badge that says "99+" need not know how many more.
    c_counted constant int := 100;
    c_max_page constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 30), 1), c_max_page);
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
begin
    return (
        with page as (
            select told.id, told.kind, told.payload, told.created_at, told.read_at,
                (
                    select clients.name from public.clients
                    where clients.tenant_id = v_tenant_id
                      and clients.id = (told.payload ->> 'client_id')::uuid
                ) as client_name,
                row_number() over (order by told.created_at desc, told.id desc) as place
            from public.notifications as told
            where told.user_id = (select auth.uid()) and told.tenant_id = v_tenant_id
              and (v_cursor is null
                  or (told.created_at, told.id) < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by told.created_at desc, told.id desc
            limit v_size + 1
        )
        select jsonb_build_object(
            'unread', (
                select count(*) from (
                    select from public.notifications as told
                    where told.user_id = (select auth.uid()) and told.tenant_id = v_tenant_id
                      and told.read_at is null
                    limit c_counted
                ) as waiting
            ),
            'rows', coalesce(jsonb_agg(to_jsonb(page) - 'place' order by page.place)
                filter (where page.place <= v_size), '[]'),
            'next', case when count(*) > v_size then (
                select private.encode_cursor(last.created_at::text, last.id::text)
                from page as last where last.place = v_size
            ) end
        )
        from page
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.notification_topic(kind text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case
        when kind in ('callback_due', 'callbacks_overdue') then 'callbacks'
        when kind like 'agreement\_%' then 'agreements'
        when kind like 'payment\_%' or kind in ('settlement_pending', 'charge_failed')
            then 'payments'
        when kind in ('message_received', 'conversation_given') then 'messages'
        when kind = 'import_finished' then 'imports'
        when kind in (
            'batch_awaits_confirmation', 'batch_finished', 'dialer_export_finished'
        ) then 'sends'
        -- What failed is told to those who can mend it, whatever they would rather hear.
        else 'failures'
    end
$function$;

CREATE OR REPLACE FUNCTION private.offer_rest()
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select interval '15 minutes' $function$;

CREATE OR REPLACE FUNCTION private.open_batch_export(batch_id uuid, filter jsonb)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_condition text := private.outcome_condition(filter ->> 'outcome', filter ->> 'reason');
begin
    perform private.message_batch(open_batch_export.batch_id);
    insert into public.audit_log
        (tenant_id, actor_id, actor, table_name, row_id, action, after)
    values (
        v_tenant_id, auth.uid(),
        coalesce((select users.email from auth.users where users.id = auth.uid()), session_user),
        'message_batches', open_batch_export.batch_id::text, 'export',
        jsonb_build_object('filter', coalesce(filter, '{}'))
    );
    return private.batch_export_sql(open_batch_export.batch_id, v_condition, (
        select tenants.time_zone from public.tenants where tenants.id = v_tenant_id
    ));
end;
$function$;

CREATE OR REPLACE FUNCTION private.open_conversation(client_id uuid, sender_id uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_sender_id uuid;
    v_phone text;
    v_talk public.conversations;
    v_is_shared boolean;
begin
    perform private.require_client(v_tenant_id, client_id);
    select talk.id into v_talk.id from public.conversations as talk
    where talk.tenant_id = v_tenant_id and talk.client_id = open_conversation.client_id
      and (open_conversation.sender_id is null or talk.sender_id = open_conversation.sender_id)
    order by talk.last_message_at desc limit 1;
    if found then
        return v_talk.id;
    end if;
    select sender.id into v_sender_id from public.senders as sender
    where sender.tenant_id = v_tenant_id and sender.state <> 'disabled'
      and (open_conversation.sender_id is null or sender.id = open_conversation.sender_id)
    order by sender.is_default desc, sender.created_at limit 1;
    select phones.phone into v_phone
    from public.client_phones as phones
    where phones.tenant_id = v_tenant_id and phones.client_id = open_conversation.client_id
      and phones.kind = 'mobile' and phones.has_whatsapp is not false
    order by phones.position, phones.created_at, phones.id limit 1;
    if v_sender_id is null then
        raise exception 'sender_not_found' using errcode = 'PT404', detail = 'no number to send by';
    elsif v_phone is null then
        raise exception 'no_reachable_phone' using errcode = 'PT409',
            detail = 'the client has no mobile number that may have WhatsApp';
    end if;
    v_talk := private.find_conversation(v_tenant_id, v_sender_id, v_phone, '{}');
    v_is_shared := (
        select count(distinct owner.id) > 1
        from private.clients_of_phone(v_tenant_id, v_phone) as owner (id)
    );
    if v_talk.client_id <> open_conversation.client_id then
        raise exception 'number_of_another' using errcode = 'PT409', detail = v_talk.id::text;
    elsif v_is_shared and v_talk.last_inbound_at is not null then
        raise exception 'number_shared' using errcode = 'PT409', detail = v_talk.id::text;
    end if;
    update public.conversations as talk set client_id = open_conversation.client_id
    where talk.id = v_talk.id and talk.client_id is null;
    update public.message_logs as message set client_id = open_conversation.client_id
    where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
      and message.client_id is null;
    return v_talk.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.open_day(rule public.collection_rules, on_date date, today date, at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with found as materialized (
        select gen_random_uuid() as new_id, target.*, row_number() over () as turn,
            count(*) over () as crowd
        from unnest(private.rule_targets(rule, open_day.on_date, open_day.on_date, open_day.at))
            as target
        where not exists (
            select from public.automation_runs as run
            where run.rule_id = (rule).id and run.target_id = target.target_id
              and run.on_date = target.on_date
        )
          and (open_day.on_date = open_day.today or not exists (
              select from public.automation_runs as run
              join public.collection_rules as other on other.id = run.rule_id
              where run.tenant_id = target.tenant_id and run.client_id = target.client_id
                and run.on_date > open_day.on_date and other.trigger = (rule).trigger
          ))
    ),
    queued as (
        insert into pgmq.q_automations (vt, message)
        select clock_timestamp() + case when open_day.on_date = open_day.today then interval '0'
                else interval '1 hour' * (found.turn::double precision / found.crowd) end,
            jsonb_build_object('run_id', found.new_id)
        from found
        returning msg_id, (message ->> 'run_id')::uuid as new_id
    ),
    opened as (
        insert into public.automation_runs (
            id, tenant_id, rule_id, version, target_id, on_date, client_id, queue_msg_id
        )
        select found.new_id, found.tenant_id, found.rule_id, found.version, found.target_id,
            found.on_date, found.client_id, queued.msg_id
        from found
        join queued on queued.new_id = found.new_id
        returning 1
    )
    select count(*) from opened
$function$;

CREATE OR REPLACE FUNCTION private.open_download(purpose text, arguments jsonb)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- The page follows the link at once.
    c_lifetime constant interval := '1 minute';
    v_tenant_id uuid := private.require_role('supervisor');
    v_secret text := encode(extensions.gen_random_bytes(32), 'hex');
begin
    -- What would be refused is refused here, where the page can say why.
    case purpose
        when 'portfolio-export' then
            perform private.read_selection(v_tenant_id, arguments -> 'selection');
        when 'portfolio-rejects' then
            perform from public.imports
            where imports.tenant_id = v_tenant_id and imports.id::text = arguments ->> 'import_id';
            if not found then
                raise exception 'import_not_found' using errcode = 'PT404',
                    detail = 'no such import in the tenant';
            end if;
        when 'batch-results' then
            perform private.message_batch(case
                when pg_input_is_valid(arguments ->> 'batch_id', 'uuid')
                    then (arguments ->> 'batch_id')::uuid
            end);
            perform private.outcome_condition(arguments ->> 'outcome', arguments ->> 'reason');
        else
            raise exception 'download_unknown' using errcode = 'PT400',
                detail = coalesce(purpose, '');
    end case;
    delete from private.download_tickets as old where old.expires_at < private.now();
    insert into private.download_tickets (
        secret_hash, tenant_id, user_id, purpose, arguments, expires_at
    )
    values (
        private.hash_api_key(v_secret), v_tenant_id, auth.uid(), purpose, arguments,
        private.now() + c_lifetime
    );
    return v_secret;
end;
$function$;

CREATE OR REPLACE FUNCTION private.open_import(file_name text, file_sha256 text, creditor text, announced uuid DEFAULT NULL::uuid, source text DEFAULT 'csv'::text)
 RETURNS TABLE(import_id uuid, creditor_id uuid, creditor_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_creditor public.creditors;
begin
    perform private.refuse_beside_unfinished(v_tenant);
    -- The creditor by id or by name; a name may be new, an id must be one of the tenant's.
    select * into v_creditor from public.creditors
    where creditors.tenant_id = v_tenant
      and (creditors.id::text = lower(open_import.creditor)
           or creditors.name_key = private.search_key(open_import.creditor));
    if v_creditor.id is null and (
        open_import.creditor ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        or open_import.creditor is not null and not private.has_role('admin')
    ) then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'the creditor is not one of this tenant; an admin''s import creates it by name';
    end if;

    create temp table import_rows (
        line int not null,
        -- Why the row cannot be taken; null for an accepted one.
        reason text,
        column_name text,
        value text,
        document text collate "C",
        name text,
        email text,
        uf text,
        external_id text,
        creditor text,
        contract text collate "C",
        installment int,
        due_on date,
        principal_cents bigint,
        phones text [] not null,
        phones_lost int not null,
        names_lost int not null,
        emails_lost int not null,
        -- Columns that are none of ours, by the file's own names.
        extra jsonb
    ) on commit drop;
    grant insert on pg_temp.import_rows to authenticated;

    if announced is null then
        insert into public.imports
            (tenant_id, creditor_id, file_name, file_sha256, source, created_by)
        values (v_tenant, v_creditor.id, open_import.file_name, open_import.file_sha256,
            open_import.source, auth.uid())
        returning id into import_id;
    else
        select imports.id into import_id from public.imports
        where imports.id = announced and imports.tenant_id = v_tenant
          and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
        if import_id is null then
            raise exception 'import_cancelled' using errcode = 'PT409',
                detail = 'cancelled while it waited for another import';
        end if;
    end if;
    creditor_id := v_creditor.id;
    creditor_name := coalesce(v_creditor.name, open_import.creditor);
    return next;
end;
$function$;

CREATE OR REPLACE FUNCTION private.open_runs(msg_ids bigint[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with wanted as materialized (
        select gen_random_uuid() as id, disposition.tenant_id, asked.rule_id::uuid as rule_id,
            rule.version, disposition.id as disposition_id, disposition.client_id, item.msg_id,
            asked.position = 1 as is_first
        from pgmq.q_automations as item
        join public.call_dispositions as disposition
            on disposition.id::text = item.message ->> 'disposition_id'
        cross join lateral jsonb_array_elements_text(item.message -> 'rule_ids')
            with ordinality as asked (rule_id, position)
        join public.collection_rules as rule
            on rule.id::text = asked.rule_id and rule.tenant_id = disposition.tenant_id
        where item.msg_id = any(open_runs.msg_ids)
          and not exists (
              select from public.automation_runs as run
              where run.rule_id = rule.id and run.disposition_id = disposition.id
          )
          and not private.is_undone(disposition.id)
    )
    insert into public.automation_runs
        (id, tenant_id, rule_id, version, disposition_id, client_id, queue_msg_id)
    select wanted.id, wanted.tenant_id, wanted.rule_id, wanted.version, wanted.disposition_id,
        wanted.client_id,
        case when wanted.is_first then wanted.msg_id
            else private.enqueue_run(wanted.id, private.now()) end
    from wanted
    on conflict on constraint automation_runs_one_per_disposition do nothing
$function$;

CREATE OR REPLACE FUNCTION private.opens_again_at(rule public.collection_rules, zone text, at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case
        when (rule).opens is null or local.clock >= (rule).opens and local.clock < (rule).closes
            then null
        else ((local.day + case when local.clock < (rule).opens then 0 else 1 end)
            + (rule).opens) at time zone zone
    end
    from (
        select (at at time zone zone)::date as day, (at at time zone zone)::time as clock
    ) as local
$function$;

CREATE OR REPLACE FUNCTION private.opt_out(talk public.conversations)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if talk.phone is not null then
        perform private.suppress_phone(talk.tenant_id, talk.phone, 'whatsapp', 'opted_out');
    end if;
    insert into public.suppressions (tenant_id, client_id, channel, reason)
    select talk.tenant_id, talk.client_id, 'whatsapp', 'opted_out'
    where talk.client_id is not null and not exists (
        select from public.suppressions as known
        where known.tenant_id = talk.tenant_id and known.client_id = talk.client_id
          and known.phone is null and coalesce(known.channel = 'whatsapp', true)
          -- What only holds for a while would let us write again.
          and known.expires_at is null
    );
    update public.conversations as found set opted_out_at = private.now()
    where found.id = talk.id;
    insert into public.conversation_events (tenant_id, conversation_id, client_id, kind)
    values (talk.tenant_id, talk.id, talk.client_id, 'opted_out');
end;
$function$;

CREATE OR REPLACE FUNCTION private.order_disposition_types(keys text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    update public.disposition_types as kind set position = wanted.place
    from unnest(keys) with ordinality as wanted (key, place)
    where kind.tenant_id = v_tenant_id and kind.key = wanted.key
      and kind.position <> wanted.place;
end;
$function$;

CREATE OR REPLACE FUNCTION private.other_form(phone text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE STRICT
 SET search_path TO ''
AS $function$
    select case
        when other_form.phone ~ '^\+55[1-9][0-9]9[0-9]{8}$'
            then left(other_form.phone, 5) || right(other_form.phone, 8)
        -- Landlines begin with 2 to 5 and have one form.
        when other_form.phone ~ '^\+55[1-9][0-9][6-9][0-9]{7}$'
            then left(other_form.phone, 5) || '9' || right(other_form.phone, 8)
    end
$function$;

CREATE OR REPLACE FUNCTION private.outcome_condition(outcome text, reason text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_condition text := case coalesce(outcome, 'everybody')
        when 'everybody' then 'true'
        when 'queued' then $sql$recipient.status in ('waiting', 'claimed')$sql$
        when 'sent' then $sql$(message.submitted_at is not null
            or message.status in ('submitted', 'sent', 'delivered', 'read'))$sql$
        when 'delivered' then $sql$message.status in ('delivered', 'read')$sql$
        when 'read' then $sql$message.status = 'read'$sql$
        when 'answered' then 'message.answered_at is not null'
        when 'failed' then $sql$message.status = 'failed'$sql$
        when 'unknown' then $sql$message.status = 'unknown'$sql$
        when 'skipped' then $sql$recipient.status = 'skipped'$sql$
        when 'excluded' then $sql$recipient.status = 'excluded'$sql$
    end;
begin
    if v_condition is null or reason !~ '^[a-z_]+$' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'outcome, reason';
    end if;
    return v_condition || coalesce(
        ' and coalesce(message.error_code, recipient.reason) = ' || quote_literal(reason), ''
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.own_talks(talk_ids uuid[], owner_ids uuid[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with taken as (
        update public.conversations as talk set owner_id = given.owner_id
        from unnest(own_talks.talk_ids, own_talks.owner_ids) as given (talk_id, owner_id)
        where talk.id = given.talk_id and given.owner_id is not null
          and (talk.owner_id is null or not private.works_here(talk.tenant_id, talk.owner_id))
        returning talk.tenant_id, talk.id, talk.client_id, given.owner_id
    )
    insert into public.conversation_events
        (tenant_id, conversation_id, client_id, kind, actor_id, to_user_id)
    select taken.tenant_id, taken.id, taken.client_id, 'assigned', taken.owner_id, taken.owner_id
    from taken
$function$;

CREATE OR REPLACE FUNCTION private.page_and_next_sql(page text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select 'with page as materialized (
            select found.*, row_number() over () as place from (' || page || ') as found
        )
        select array_agg(page.id order by page.place),
            case when count(*) = $3 then max(private.encode_cursor(
                $4, coalesce(page.rank::text, ''''), page.is_empty::text, page.id::text,
                -- A name may hold the sign that parts the values.
                replace(replace(page.value, ''%'', ''%25''), ''|'', ''%7C'')
            )) filter (where page.place = $3 - 1) end
        from page'
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
              and not import.is_rehearsal
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

CREATE OR REPLACE FUNCTION private.pass_rows_on(v_import public.imports)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    update private.import_changes as noted set is_live = false
    from pg_temp.rollback_layers as layer
    join pg_temp.rollback as item
        on item.id = layer.row_id and item.table_name = layer.table_name
        and item.is_created and item.heir = layer.import_id
    where noted.id = layer.id and noted.is_live;
    update public.debts set import_id = item.heir
    from pg_temp.rollback as item
    where item.table_name = 'debts' and item.heir is not null and debts.id = item.id
      and debts.import_id = v_import.id;
    insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
    select v_import.tenant_id, item.heir, 'clients', array_agg(item.id)
    from pg_temp.rollback as item
    where item.table_name = 'clients' and item.heir is not null
    group by item.heir;
end;
$function$;

CREATE OR REPLACE FUNCTION private.pause_sender(sender_id uuid, reason text, detail text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_sender public.senders;
begin
    update public.senders as sender
    set state = 'paused', paused_reason = pause_sender.reason, paused_detail = pause_sender.detail
    where sender.id = pause_sender.sender_id and sender.state = 'active'
    returning * into v_sender;
    if found then
        perform private.tell_supervisors(
            v_sender.tenant_id, 'sender_paused',
            jsonb_build_object('sender_id', v_sender.id, 'reason', pause_sender.reason)
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.people_of_talk(talk public.conversations)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', known.id, 'name', known.name, 'document', known.document
    ) order by known.name, known.id), '[]')
    from (
        select client.id, client.name, client.document
        from public.clients as client
        where client.tenant_id = talk.tenant_id and client.id in (
            select owner.id from private.clients_of_phone(talk.tenant_id, talk.phone) as owner (id)
        )
        -- A call centre's number stands in a thousand records; nobody chooses from a thousand.
        limit 20
    ) as known
$function$;

CREATE OR REPLACE FUNCTION private.places_in_filter(targets private.rule_target[], at timestamp with time zone)
 RETURNS SETOF integer
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_rule record;
    v_filter private.client_filter;
begin
    for v_rule in
        select rule.id, rule.tenant_id, rule.filter, array_agg(target.client_id) as client_ids,
            array_agg(target.place) as places
        from unnest(targets) as target
        join public.collection_rules as rule on rule.id = target.rule_id
        group by rule.id
    loop
        if v_rule.filter = '{}' then
            return query select unnest(v_rule.places);
            continue;
        end if;
        v_filter := private.read_client_filter(v_rule.tenant_id, v_rule.filter);
        v_filter.now_at := at;
        v_filter.is_all := false;
        v_filter.ids := v_rule.client_ids;
        return query execute 'select asked.place
            from unnest($2, $3) as asked (client_id, place)
            join public.clients on clients.id = asked.client_id
            where ' || private.client_condition(v_filter)
        using v_filter, v_rule.client_ids, v_rule.places;
    end loop;
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
begin
    v_hours := private.contact_decision(
        charge.tenant_id, charge.client_id, 'whatsapp', private.now()
    );
    select * into v_to from private.whatsapp_contact(charge.tenant_id, charge.client_id);
    v_template := private.charge_template(charge);
    select sender.*, integration.paused_until as account_paused_until
    into v_sender
    from public.senders as sender
    join public.integrations as integration on integration.id = sender.integration_id
    where sender.id = coalesce(v_to.sender_id, (
        select chosen.sender_id from private.sender_for(
            charge.tenant_id, charge.client_id, v_template.provider
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
        when v_template.id is null and v_to.conversation_id is null then 'template_missing'
        -- outside_hours, or as often as is decent.
        when not v_hours.allowed then v_hours.reason
        when v_paused_until > private.now() then 'rate_limited'
    end;
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
        v_plan.params := private.without_double_dots(
            v_template.body,
            private.template_params(charge.client_id, v_template.variables, charge.id)
        );
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
        v_plan.params := private.template_values(v_talk.client_id, v_template.variables);
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
            or v_template.provider <> v_sender.provider
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

CREATE OR REPLACE FUNCTION private.plan_dialer_export(max integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
declare
    v_export public.dialer_exports;
    v_filter private.client_filter;
    v_planned record;
begin
    select * into v_export from public.dialer_exports as export
    where export.status = 'planning'
    order by export.created_at limit 1
    for update skip locked;
    if not found then
        return 0;
    end if;
    v_filter := private.read_selection(v_export.tenant_id, v_export.selection);
    execute 'with batch as materialized (
            select clients.id from public.clients
            where ' || private.client_condition(v_filter) || ' and clients.id > $5
            order by clients.id limit $6
        ),
        judged as materialized (
            select clients.id as client_id, ' || replace(
                private.exclusion_reason('dialer'), '$reachable', private.wrong_contact_reason()
            ) || ' as reason,
                contact.call_blocked_until is not null as is_marked,
                contact.last_disposition_type is not null as is_known
            from batch
            join public.clients on clients.id = batch.id
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
        ),
        listed as (
            select judged.client_id, null as phone, judged.reason, 0 as position
            from judged where judged.reason <> ''eligible''
            union all
            select judged.client_id, phones.phone, case
                    when phones.phone not like ''+55%'' then ''phone_foreign''
                    when judged.is_marked and private.is_suppressed(
                        ($1).tenant_id, judged.client_id, phones.phone, ''call'', ($1).now_at
                    ) then ''opted_out''
                    when judged.is_known and private.is_wrong_number(
                        ($1).tenant_id, judged.client_id, phones.phone
                    ) then ''wrong_contact''
                end, phones.position
            from judged
            join public.client_phones as phones
                on phones.tenant_id = ($1).tenant_id and phones.client_id = judged.client_id
            where judged.reason = ''eligible''
        ),
        placed as (
            select listed.*, row_number() over in_order as place,
                count(*) filter (where listed.reason is null) over in_order as ordinal
            from listed
            window in_order as (
                order by listed.client_id, listed.position, listed.phone
                rows unbounded preceding
            )
        ),
        written as (
            insert into public.dialer_export_rows
                (export_id, place, tenant_id, client_id, phone, part, status, reason)
            select $7, $8 + placed.place, ($1).tenant_id, placed.client_id, placed.phone,
                case when placed.reason is null then ($9 + placed.ordinal - 1) / $10 end,
                case when placed.reason is null then ''waiting'' else ''excluded''
                end::public.dialer_row_status,
                placed.reason
            from placed
            returning phone, status
        )
        select (select count(*) from judged)::int as clients,
            (select max(batch.id::text) from batch)::uuid as last_id,
            (select count(*) from written where written.status = ''waiting'')::int as phones,
            (
                select coalesce(jsonb_object_agg(counted.reason, counted.clients), ''{}'')
                from (
                    select judged.reason, count(*) as clients from judged
                    where judged.reason <> ''eligible'' group by judged.reason
                ) as counted
            ) as excluded'
    into v_planned
    using v_filter,
        array(select closed.uf from private.closed_ufs(v_filter.tenant_id, v_filter.now_at) as closed),
        1::double precision, private.has_cap(v_filter.tenant_id, 'call'),
        coalesce(v_export.planned_until, '00000000-0000-0000-0000-000000000000'), max, v_export.id,
        (
            select coalesce(max(known.place), 0) from public.dialer_export_rows as known
            where known.export_id = v_export.id
        ),
        v_export.planned, private.dialer_part_size();

    update public.dialer_exports as export
    set planned_until = coalesce(v_planned.last_id, export.planned_until),
        selected = export.selected + v_planned.clients,
        planned = export.planned + v_planned.phones,
        excluded = private.add_counts(export.excluded, v_planned.excluded)
    where export.id = v_export.id;
    if v_planned.clients < max then
        perform private.begin_dialer_loading(v_export.id);
    end if;
    return greatest(v_planned.clients, 1);
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
        case
            when debts.status <> 'open' and not private.is_returned_by_file(debts)
                then debts.status::text
        end as kept,
        case
            -- Two lines for one debt that disagree: nobody can tell which of them is owed.
            when keyed.document <> keyed.other_document then 'document'
            when keyed.due_on <> keyed.other_due_on then 'due_on'
            when keyed.principal_cents <> keyed.other_cents then 'principal'
            -- A contract that moves to another person may be a mended mistake or a new one, and
            -- the first person's history hangs on it: a person decides.
            when debts.id is not null and keyed.document <> (
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

CREATE OR REPLACE FUNCTION private.plan_portfolio(import_id uuid, headers jsonb, absent text, chunk_rows integer, said jsonb)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_creditors jsonb;
    v_rejected int;
begin
    -- A plan that checks foreign keys lives as long as its connection; one made while a table was
    -- nearly empty scans it for every row of a large import.
    discard plans;
    perform private.plan_import(v_tenant, headers);
    v_creditors := private.plan_import_creditors();
    perform private.plan_absent_debts(v_tenant, absent);
    perform private.plan_import_phones(v_tenant);

    insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
    select v_tenant, plan_portfolio.import_id, import_rows.line,
        coalesce(import_rows.column_name, ''), import_rows.value, import_rows.reason
    from pg_temp.import_rows
    where import_rows.reason is not null
    order by import_rows.line;
    get diagnostics v_rejected = row_count;

    insert into private.import_plans (
        import_id, tenant_id, creditors, creditor, mapping, header, header_key, is_rehearsal,
        rows, accepted, rejected, duplicates, reject_reasons, warnings, debts_absent, debts_kept,
        kept_titles, rows_written
    )
    select plan_portfolio.import_id, v_tenant, v_creditors, said ->> 'creditor',
        said -> 'mapping', array(select jsonb_array_elements_text(said -> 'header')),
        said ->> 'header_key', (said ->> 'is_rehearsal')::boolean,
        counted.accepted + v_rejected, counted.accepted, v_rejected,
        (select coalesce(sum(import_debts.lines - 1), 0) from pg_temp.import_debts),
        (
            select coalesce(jsonb_object_agg(refused.reason, refused.lines), '{}')
            from (
                select import_rows.reason, count(*) as lines
                from pg_temp.import_rows
                where import_rows.reason is not null
                group by import_rows.reason
            ) as refused
        ),
        counted.warnings, (select count(*) from pg_temp.import_absent),
        kept.titles, kept.listed, 0
    from (
        select count(*)::int as accepted, jsonb_build_object(
            'name_invalid', coalesce(sum(import_rows.names_lost), 0),
            'email_invalid', coalesce(sum(import_rows.emails_lost), 0),
            'phone_invalid', coalesce(sum(import_rows.phones_lost), 0)
        ) as warnings
        from pg_temp.import_rows
        where import_rows.reason is null
    ) as counted
    cross join private.list_import_kept() as kept;
    perform private.keep_import_chunks(v_tenant, import_id, chunk_rows);
    update private.import_plans as plan
    set rows_written = plan.accepted - (
        select coalesce(sum(chunk.rows), 0) from private.import_chunks as chunk
        where chunk.import_id = plan_portfolio.import_id
    )
    where plan.import_id = plan_portfolio.import_id;
    drop table pg_temp.import_rows, pg_temp.import_debts, pg_temp.import_clients,
        pg_temp.import_creditors, pg_temp.import_absent, pg_temp.import_phones;
    return v_rejected;
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
        select private.template_values(person.id, batch.variables) as params
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
            when person.open_debts = 0 and not agreed.is_living then 'nothing_owed'
            when best.phone is null then 'no_whatsapp'
            when array_position(filled.params, null) is not null then 'variable_missing'
            when states.opens_at is null then 'outside_hours'
        end as reason
    ) as verdict
    -- Two people with one telephone are not written to in one instant.
    window same_phone as (partition by private.phone_match(best.phone) order by person.id)
$function$;

CREATE OR REPLACE FUNCTION private.plan_runs(claim_id uuid)
 RETURNS SETOF private.run_plan
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    with claimed as materialized (
        select run.*, row_number() over (order by rule.priority, run.created_at, run.id)::int
                as place,
            coalesce(run.retried_at, call.created_at, run.created_at) as asked_at
        from public.automation_runs as run
        join public.collection_rules as rule on rule.id = run.rule_id
        left join public.call_dispositions as call on call.id = run.disposition_id
        where run.claim_id = plan_runs.claim_id and run.status = 'running'
    )
    select claimed.id, claimed.tenant_id, claimed.client_id, claimed.queue_msg_id,
        plan.verdict, plan.reason, plan.not_before, claimed.attempt + 1, plan.provider,
        plan.integration_id, plan.settings, plan.phone, plan.template_id,
        plan.provider_template_id, plan.language, plan.body, plan.params, plan.sender_id
    from claimed
    join private.plan_targets(
        array(
            select (
                claimed.place, claimed.id, claimed.tenant_id, claimed.rule_id, claimed.version,
                claimed.client_id, claimed.disposition_id, claimed.target_id, claimed.on_date,
                claimed.asked_at
            )::private.rule_target
            from claimed
        ), private.now()
    ) as plan on plan.place = claimed.place
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
        select target.*, rule, template, sender, client, best.phone as best_phone,
            hours.allowed, hours.next_allowed_at, hours.reason as hours_reason,
            tenant.time_zone, policy.is_stopped, policy.stopped_channels,
            private.opens_again_at(rule, tenant.time_zone, plan_targets.at) as opens_again_at,
            row_number() over (
                partition by target.rule_id, target.client_id order by target.place
            ) as turn_of_client
        from unnest(plan_targets.targets) as target
        join public.collection_rules as rule on rule.id = target.rule_id
        join public.tenants as tenant on tenant.id = target.tenant_id
        join public.rule_steps as step
            on step.rule_id = target.rule_id and step.version = target.version
            and step.position = 1
        join public.message_templates as template on template.id = step.template_id
        join public.clients as client on client.id = target.client_id
        left join public.automation_policies as policy on policy.tenant_id = target.tenant_id
        cross join lateral private.sender_for(
            target.tenant_id, target.client_id, template.provider
        ) as sender
        left join lateral (
            select client_phones.phone
            from public.client_phones
            where client_phones.tenant_id = target.tenant_id
              and client_phones.client_id = target.client_id
              and client_phones.kind = 'mobile'
              and client_phones.has_whatsapp is not false
              and not private.is_suppressed(
                  target.tenant_id, target.client_id, client_phones.phone, template.channel,
                  plan_targets.at
              )
            order by client_phones.position, client_phones.created_at, client_phones.id
            limit 1
        ) as best on true
        cross join lateral private.contact_decision(
            target.tenant_id, target.client_id, template.channel, plan_targets.at
        ) as hours
    ),
    told as materialized (
        select asked.*, case
            -- A week later what it followed is forgotten: silence is better.
            when asked.asked_at < plan_targets.at - interval '7 days' then 'expired'
            when private.is_undone(asked.disposition_id) then 'undone'
            when asked.run_id is not null and not (asked.rule).is_enabled then 'rule_disabled'
            when asked.run_id is not null and asked.is_stopped then 'automations_stopped'
            when asked.run_id is not null
                and (asked.template).channel = any(asked.stopped_channels) then 'channel_stopped'
            when (asked.template).status <> 'approved' then 'template_not_approved'
            -- It speaks of a charge, and a rule brings none.
            when exists (
                select from unnest((asked.template).variables) as variable
                where variable like 'charge.%'
            ) then 'template_needs_charge'
            when (asked.sender).sender_id is null then 'integration_inactive'
            when asked.place not in (select fitting.place from fitting) then 'filter_left'
            when (asked.rule).trigger <> 'disposition' then coalesce(
                private.day_obstacle(asked.rule, asked.target_id, asked.client, asked.on_date), ''
            )
            when (asked.client).open_debts = 0 then 'nothing_owed'
            else ''
        end as obstacle
        from asked
    ),
    judged as materialized (
        select told.*, case
            when told.obstacle <> '' then told.obstacle
            when told.hours_reason = 'suppressed' then 'suppressed'
            when (told.rule).repeat_days is not null and (
                told.turn_of_client > 1 or private.has_repeated(
                    told.rule_id, told.client_id, told.run_id,
                    plan_targets.at - make_interval(days => (told.rule).repeat_days)
                )
            ) then 'repeated'
            when told.best_phone is null then 'no_reachable_phone'
            when told.next_allowed_at is null then coalesce(told.hours_reason, 'outside_hours')
        end as refusal,
        case
            when not told.allowed then told.hours_reason
            when (told.sender).is_paused then 'sender_paused'
            when (told.sender).paused_until > plan_targets.at then 'rate_limited'
            when told.opens_again_at is not null then 'outside_window'
        end as delay
        from told
    ),
    -- Only who would go now counts against the day, in the order of their places.
    counted as materialized (
        select judged.*, judged.refusal is null and judged.delay is null
            and (judged.rule).daily_cap is not null
            and row_number() over (
                partition by judged.rule_id, judged.refusal is null and judged.delay is null
                order by judged.place
            ) + private.sent_today(judged.rule, judged.time_zone, plan_targets.at)
                > (judged.rule).daily_cap as is_over_cap
        from judged
    )
    select counted.place,
        case
            when counted.refusal is not null then 'skip'
            when counted.delay is not null or counted.is_over_cap then 'postpone'
            else 'send'
        end,
        coalesce(
            counted.refusal, counted.delay, case when counted.is_over_cap then 'daily_cap' end
        ),
        greatest(
            counted.next_allowed_at, (counted.sender).paused_until, counted.opens_again_at,
            -- Until somebody lets the number send again: looked at as often as an answer is late.
            case when (counted.sender).is_paused
                then plan_targets.at + interval '15 minutes' end,
            case when counted.is_over_cap then (
                (plan_targets.at at time zone counted.time_zone)::date + 1
                + coalesce((counted.rule).opens, '00:00')
            ) at time zone counted.time_zone end
        ),
        (counted.template).provider, (counted.sender).integration_id, (counted.sender).settings,
        private.whatsapp_form(counted.tenant_id, counted.best_phone), (counted.template).id,
        (counted.template).provider_template_id, (counted.template).language,
        private.render_body((counted.template).body, filled.params), filled.params,
        (counted.sender).sender_id
    from counted
    cross join lateral (
        select private.without_double_dots(
            (counted.template).body,
            private.template_params(counted.client_id, (counted.template).variables)
        ) as params
    ) as filled
$function$;

CREATE OR REPLACE FUNCTION private.planned_rows(query text, filter private.client_filter)
 RETURNS double precision
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
    v_plan json;
begin
    execute 'explain (format json) ' || query into v_plan using filter;
    return v_plan -> 0 -> 'Plan' ->> 'Plan Rows';
end;
$function$;

CREATE OR REPLACE FUNCTION private.pop_screen(integration_id uuid, telephony_id text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select realtime.send(
        pg_catalog.jsonb_build_object(
            'call_id', call.id, 'client_id', call.client_id, 'tenant_id', call.tenant_id,
            'at', private.now()
        ),
        'call_connected', 'user:' || call.operator_id, true
    )
    from public.calls as call
    where call.integration_id = pop_screen.integration_id
      and call.telephony_id = pop_screen.telephony_id
      and call.operator_id is not null and call.status = 'connected'
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
                    select ' || private.batch_exclusion(v_template.variables) || ' as reason
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
            where ' || v_condition || ' and ' || private.batch_exclusion(v_template.variables)
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
        'confirmation', private.confirmation_of(v_tenant_id, v_eligible)
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
    v_values := private.template_values(client_id, v_template.variables);
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

CREATE OR REPLACE FUNCTION private.put_back(message_id uuid, until timestamp with time zone, error_code text, error_detail text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    -- Its lease had run out, and the batch with it: somebody waits again.
    select private.move_batch(batch.id, 'sending')
    from public.message_logs as message
    join public.message_batches as batch on batch.id = message.batch_id
    where message.id = put_back.message_id and batch.status = 'done';
    with back as (
        update public.message_logs as message
        set status = 'queued', sending_at = null, error_code = put_back.error_code,
            error_detail = put_back.error_detail
        where message.id = put_back.message_id
        returning message.batch_id, message.client_id
    )
    update public.batch_recipients as recipient
    set status = 'waiting', lease_until = null, reason = put_back.error_code,
        not_before = put_back.until
    from back
    where recipient.batch_id = back.batch_id and recipient.client_id = back.client_id
$function$;

CREATE OR REPLACE FUNCTION private.qualification_of(tenant_id uuid, campaign_id bigint, disposition_type text)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select word.qualification_id
    from public.dialer_qualifications as word
    where word.tenant_id = qualification_of.tenant_id
      and word.disposition_type = qualification_of.disposition_type
      and word.campaign_id in (0, qualification_of.campaign_id)
    order by word.campaign_id desc limit 1
$function$;

CREATE OR REPLACE FUNCTION private.qualify_call(call_id uuid, qualification_id bigint, note text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_call public.calls;
    v_can_say boolean;
begin
    select * into v_call from public.calls as call where call.id = qualify_call.call_id;
    v_can_say := exists (
        select from vault.secrets
        where secrets.name = format('integration:%s:agent_token', v_call.integration_id)
    );
    update public.calls as call
    set qualify_status = case
            when qualify_call.qualification_id is null then 'no_mapping'
            when v_call.agent_id is null or not v_can_say then 'no_agent_token'
            else 'queued' end
    where call.id = v_call.id
    returning * into v_call;
    if v_call.qualify_status = 'queued' then
        perform private.wish_dialer_task(
            v_call.integration_id, 'qualify', 'qualify:' || v_call.id, null, v_call.id, null,
            jsonb_build_object(
                'qualification_id', qualify_call.qualification_id,
                -- The dialer's note is a line.
                'note', left(qualify_call.note, 200)
            )
        );
        perform private.wake_function('3cplus-export');
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.rank_walk(filter private.client_filter, sort private.client_sort, after text[], rank integer, condition text, is_next text DEFAULT NULL::text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_after_rank constant int := after[2];
    v_last constant int := case when is_next is null then rank else rank + 1 end;
    v_rank constant text := case
        when is_next is null then rank::text
        else format('case when %s then %s else %s end', is_next, v_last, rank) end;
    -- Last in both directions; '~' sorts after every letter and digit, a space before.
    v_value constant text := case when sort.is_empty is null then sort.expression else format(
        'coalesce(%s, %L)', sort.of_client, case
            when sort.type_name = 'text' then case when sort.is_descending then ' ' else '~' end
            when sort.is_descending then '-infinity' else 'infinity' end
    ) end;
    v_begin text := '';
begin
    if condition is null or v_last < v_after_rank then
        return null;
    end if;
    if rank <= v_after_rank then
        v_begin := format(
            '(%s, clients.id) %s (($2)[5]::%s, ($2)[4]::uuid)',
            v_value, case when sort.is_descending then '<' else '>' end, sort.type_name
        );
        v_begin := ' and ' || case
            when is_next is null then v_begin
            when rank < v_after_rank then is_next || ' and ' || v_begin
            else '(' || is_next || ' or ' || v_begin || ')' end;
    end if;
    return format(
        '(select clients.id, %1$s as rank, (%2$s)::text as value, false as is_empty
        from public.clients where %3$s and (%4$s)%5$s
        order by %6$s%2$s %7$s, clients.id %7$s limit $3)',
        v_rank, v_value, private.client_condition(filter), condition, v_begin,
        case when is_next is null then '' else 'rank, ' end,
        case when sort.is_descending then 'desc' else 'asc' end
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.ranked_page_sql(filter private.client_filter, sort private.client_sort, after text[])
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_search constant private.client_search := (filter).search;
    v_key constant text := '(($1).search).name_key';
    v_begins constant text := '(clients.name_key collate "C" >= ' || v_key
        || ' and clients.name_key collate "C" < ' || v_key || ' || ''~'')';
    v_holds constant text := 'clients.name_key like (($1).search).phrase';
    v_scattered text;
    v_walks text[];
begin
    -- One word without any digit has nothing else to be found by.
    if cardinality(v_search.words) > 1
        or cardinality(private.search_branches(v_search, false)) > 0
    then
        v_scattered := private.search_condition(v_search);
    end if;
    filter.search := null;
    v_walks := array[
        private.rank_walk(filter, sort, after, 0, 'clients.name_key collate "C" = ' || v_key),
        private.rank_walk(
            filter, sort, after, 1, v_begins || ' and clients.name_key <> ' || v_key
        )
    ];
    if v_search.phrase is null then
        -- Two letters have no phrase.
        v_walks := v_walks || private.rank_walk(
            filter, sort, after, 3, v_scattered || ' and not ' || v_begins
        );
    elsif v_scattered is not null and not v_search.is_common then
        v_walks := v_walks || private.rank_walk(
            filter, sort, after, 2, v_scattered || ' and not ' || v_begins, 'not ' || v_holds
        );
    else
        v_walks := v_walks || array[
            private.rank_walk(filter, sort, after, 2, v_holds || ' and not ' || v_begins),
            private.rank_walk(filter, sort, after, 3, v_scattered || ' and not ' || v_holds)
        ];
    end if;
    v_walks := array_remove(v_walks, null);
    return case cardinality(v_walks)
        when 0 then private.empty_page_sql()
        when 1 then v_walks[1]
        else array_to_string(v_walks, ' union all ') || ' limit $3' end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.rate_at(tenant_id uuid, provider public.provider_name, category text, at timestamp with time zone)
 RETURNS private.rate
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.rate_of(
        rate_at.tenant_id, rate_at.provider, rate_at.category,
        (rate_at.at at time zone tenants.time_zone)::date
    )
    from public.tenants where tenants.id = rate_at.tenant_id
$function$;

CREATE OR REPLACE FUNCTION private.rate_card()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Four categories of two providers, changed every month for five years.
    c_most constant int := 500;
    v_tenant_id uuid := private.require_role('operator');
    v_today date := private.today(v_tenant_id);
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'provider', price.provider, 'category', price.category, 'currency', price.currency,
            'price_micros', price.price_micros, 'is_free_in_window', price.is_free_in_window,
            'valid_from', price.valid_from, 'is_own', price.is_own, 'source', price.source,
            'is_current', price.valid_from = (now_valid.rate).valid_from
                and price.is_own = (now_valid.rate).is_own
        ) order by price.provider, price.category, price.valid_from desc, price.is_own desc), '[]')
        from (
            select rate.provider, rate.category, rate.currency, rate.price_micros,
                rate.is_free_in_window, rate.valid_from, true as is_own, null as source
            from public.rate_cards as rate where rate.tenant_id = v_tenant_id
            union all
            select rate.provider, rate.category, rate.currency, rate.price_micros,
                rate.is_free_in_window, rate.valid_from, false, rate.source
            from private.published_rates as rate
            order by valid_from desc
            limit c_most
        ) as price
        cross join lateral (
            select private.rate_of(v_tenant_id, price.provider, price.category, v_today) as rate
        ) as now_valid
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.rate_of(tenant_id uuid, provider public.provider_name, category text, on_date date)
 RETURNS private.rate
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select (
        known.currency, known.price_micros, known.is_free_in_window, known.valid_from, known.is_own
    )::private.rate
    from (
        select rate.currency, rate.price_micros, rate.is_free_in_window, rate.valid_from,
            true as is_own
        from public.rate_cards as rate
        where rate.tenant_id = rate_of.tenant_id and rate.provider = rate_of.provider
          and rate.category = rate_of.category and rate.valid_from <= rate_of.on_date
        union all
        select rate.currency, rate.price_micros, rate.is_free_in_window, rate.valid_from, false
        from private.published_rates as rate
        where rate.provider = rate_of.provider and rate.category = rate_of.category
          and rate.valid_from <= rate_of.on_date
    ) as known
    order by known.is_own desc, known.valid_from desc
    limit 1
$function$;

CREATE OR REPLACE FUNCTION private.read_callback_filter(tenant_id uuid, filter jsonb, OUT owner_sql text, OUT from_at timestamp with time zone, OUT until_at timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
    v_key text;
    v_zone text := (
        select tenants.time_zone from public.tenants
        where tenants.id = read_callback_filter.tenant_id
    );
begin
    if jsonb_typeof(filter) is distinct from 'object' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'an object is needed';
    end if;
    for v_key in select jsonb_object_keys(filter) loop
        if v_key not in ('whose', 'from', 'to') then
            raise exception 'unknown_filter' using errcode = 'PT400', detail = v_key;
        end if;
        if v_key in ('from', 'to') and not pg_input_is_valid(
            coalesce(filter ->> v_key, 'null'), 'date'
        ) then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
        end if;
    end loop;
    owner_sql := private.callback_owner_sql(filter ->> 'whose');
    if owner_sql is null then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'whose';
    end if;
    from_at := coalesce((filter ->> 'from')::date::timestamp at time zone v_zone, '-infinity');
    until_at := coalesce(((filter ->> 'to')::date + 1)::timestamp at time zone v_zone, 'infinity');
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_conversation(conversation_id uuid, message_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, read_conversation.conversation_id);
    v_left int;
begin
    if v_talk.owner_id <> auth.uid() and private.works_here(v_tenant_id, v_talk.owner_id) then
        return;
    end if;
    v_left := (
        select count(*)
        from public.message_logs as message
        where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
          and message.direction = 'in'
          and (message.created_at, message.id) > (
              select seen.created_at, seen.id from public.message_logs as seen
              where seen.tenant_id = v_tenant_id and seen.conversation_id = v_talk.id
                and seen.id = read_conversation.message_id
          )
    );
    update public.conversations as talk set unread = v_left
    where talk.id = v_talk.id and talk.unread > v_left;
    update public.notifications as bell set read_at = private.now()
    where v_left = 0 and bell.user_id = auth.uid() and bell.read_at is null
      and bell.kind = 'message_received'
      and bell.payload ->> 'conversation_id' = v_talk.id::text;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_media(message_id uuid)
 RETURNS TABLE(mime_type text, name text, content bytea)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    return query
    select media.mime_type, message.media ->> 'name', file.content
    from public.message_media as media
    join public.message_logs as message
        on message.tenant_id = media.tenant_id and message.id = media.message_id
    join private.media_files as file on file.message_id = media.message_id
    where media.tenant_id = v_tenant_id and media.message_id = read_media.message_id
      and media.status = 'kept';
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

CREATE OR REPLACE FUNCTION private.read_rule(tenant_id uuid, definition jsonb)
 RETURNS public.collection_rules
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_keys constant text[] := array[
        'name', 'trigger', 'disposition_type', 'disposition_meaning', 'day_offset', 'filter',
        'opens', 'closes', 'daily_cap', 'repeat_days', 'priority', 'steps'
    ];
    v_rule public.collection_rules;
begin
    if jsonb_typeof(definition) is distinct from 'object' or definition - c_keys <> '{}' then
        raise exception 'rule_invalid' using errcode = 'PT400',
            detail = 'an object of ' || array_to_string(c_keys, ', ');
    end if;
    begin
        v_rule := jsonb_populate_record(
            null::public.collection_rules,
            '{"trigger": "disposition", "filter": {}, "priority": 100}'::jsonb
                || jsonb_strip_nulls(definition - 'steps')
        );
    exception
        when invalid_text_representation or invalid_datetime_format or datetime_field_overflow
            or numeric_value_out_of_range then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    v_rule.name := btrim(v_rule.name);
    -- Refused by the carteira's own words; and a rule is nobody, who has no "mine".
    perform private.read_client_filter(tenant_id, v_rule.filter);
    if v_rule.filter #>> '{assigned_to}' = 'me' or v_rule.filter -> 'assigned_to' ? 'me' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'assigned_to';
    end if;
    return v_rule;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_steps(tenant_id uuid, steps jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_step jsonb := steps -> 0;
begin
    if jsonb_typeof(steps) is distinct from 'array' or jsonb_array_length(steps) <> 1
        or jsonb_typeof(v_step) <> 'object' or v_step - '{action,template_id}'::text[] <> '{}'
        or v_step ->> 'action' is distinct from 'send_template'
        or not coalesce(pg_input_is_valid(v_step ->> 'template_id', 'uuid'), false)
    then
        raise exception 'rule_invalid' using errcode = 'PT400',
            detail = 'steps: [{"action": "send_template", "template_id": id}]';
    end if;
    if not exists (
        select from public.message_templates as template
        where template.tenant_id = read_steps.tenant_id
          and template.id = (v_step ->> 'template_id')::uuid
    ) then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no message template with this id in the tenant';
    end if;
    return jsonb_build_array(jsonb_build_object(
        'action', 'send_template', 'template_id', (v_step ->> 'template_id')::uuid
    ));
end;
$function$;

CREATE OR REPLACE FUNCTION private.receive_call_event(webhook_key text, external_id text, kind text, payload jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_event private.provider_events;
begin
    if not private.receive_provider_event('threecplus', webhook_key, external_id, kind, payload)
    then
        return false;
    end if;
    if kind <> 'call_connected' then
        return true;
    end if;
    select event.* into v_event
    from public.integrations as integration
    join private.provider_events as event on event.integration_id = integration.id
    where integration.id = private.integration_of_key(
        'threecplus', receive_call_event.webhook_key
    )
      and event.external_id = receive_call_event.external_id;
    begin
        perform private.apply_call_event(v_event.id);
        perform private.pop_screen(
            v_event.integration_id, payload #>> '{call,telephony_id}'
        );
    exception
        -- The event is kept; the queue will judge it, and name what is wrong with it.
        when integrity_constraint_violation or data_exception then return true;
    end;
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
    -- The settings page shows "last event" to the minute; each time would make one hot row.
    c_freshness constant interval := interval '30 seconds';
    v_integration public.integrations;
    v_event_id uuid;
begin
    -- Looking up the hash takes the same time whatever part of the key is right.
    select * into v_integration
    from public.integrations
    where integrations.id = private.integration_of_key(
        receive_provider_event.provider, receive_provider_event.webhook_key
    );
    if not found then
        raise exception 'webhook_key_unknown' using errcode = 'PT401',
            detail = 'no integration has this key';
    end if;
    insert into private.provider_events
        (provider, external_id, tenant_id, integration_id, kind, payload)
    values (
        v_integration.provider, receive_provider_event.external_id, v_integration.tenant_id,
        v_integration.id, receive_provider_event.kind, receive_provider_event.payload
    )
    on conflict on constraint provider_events_are_stored_once do nothing
    returning id into v_event_id;
    if v_event_id is null then
        return false;
    end if;
    insert into pgmq.q_provider_events (vt, message)
    values (clock_timestamp(), jsonb_build_object('event_id', v_event_id));
    update public.integrations set last_event_at = private.now()
    where integrations.id = v_integration.id
      and (integrations.last_event_at is null
          or integrations.last_event_at < private.now() - c_freshness);
    -- Once for all that one request brings: the wake goes out with its commit.
    if coalesce(current_setting('private.events_woken', true), '') = '' then
        perform set_config('private.events_woken', 'yes', true);
        perform private.wake_function('run-automations');
    end if;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.recheck_dialer_rows(task private.dialer_tasks)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
 SET jit TO 'off'
AS $function$
declare
    v_closed text[] := array(
        select closed.uf from private.closed_ufs((task).tenant_id, private.now()) as closed
    );
    v_has_cap boolean := private.has_cap((task).tenant_id, 'call');
begin
    update public.dialer_export_rows as contact
    set status = 'excluded', reason = judged.reason
    from (
        select waiting.place, case
                when exists (
                    select from public.agreements as agreement
                    where agreement.tenant_id = client.tenant_id
                      and agreement.client_id = client.id and private.is_kept(agreement.status)
                ) then 'agreement_running'
                when client.open_debts = 0 and not exists (
                    select from public.agreements as agreement
                    where agreement.tenant_id = client.tenant_id
                      and agreement.client_id = client.id
                      and private.is_living(agreement.status)
                ) then 'nothing_owed'
                when marks.call_blocked_until is not null and private.is_suppressed(
                    waiting.tenant_id, waiting.client_id, waiting.phone, 'call', private.now()
                ) then 'opted_out'
                when marks.last_disposition_type is not null and private.is_wrong_number(
                    waiting.tenant_id, waiting.client_id, waiting.phone
                ) then 'wrong_contact'
                when v_has_cap and private.is_over_cap(
                    waiting.tenant_id, waiting.client_id, 'call', private.now()
                ) then 'attempt_cap'
                when cardinality(v_closed) > 0 and coalesce(client.uf, private.uf_of(
                    waiting.tenant_id, waiting.client_id, null
                ), '') = any(v_closed) then 'outside_hours'
            end as reason
        from private.dialer_rows_of(task) as waiting
        join public.clients as client on client.id = waiting.client_id
        left join private.client_contacts as marks
            on marks.tenant_id = waiting.tenant_id and marks.client_id = waiting.client_id
        where waiting.status = 'waiting'
    ) as judged
    where contact.export_id = (task).export_id and contact.place = judged.place
      and judged.reason is not null;
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

    -- Both events of one call, and a sweep beside them, take their turn.
    perform pg_advisory_xact_lock(hashtextextended(
        'call:' || coalesce(said ->> 'telephony_id', said ->> 'external_id'), 0
    ));
    select * into v_call from public.calls as call
    where call.integration_id = v_integration.id
      and (call.telephony_id = said ->> 'telephony_id'
          or call.external_id = said ->> 'external_id'
          -- A list of calls names only one id, and does not say which of the two it is.
          or call.telephony_id = said ->> 'external_id')
    order by call.created_at limit 1
    for update;
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
    set external_id = coalesce(call.external_id, said ->> 'external_id'),
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

CREATE OR REPLACE FUNCTION private.recover_leases()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    with late as materialized (
        select recipient.batch_id, recipient.client_id, recipient.message_id
        from public.batch_recipients as recipient
        where recipient.status = 'claimed' and recipient.lease_until <= private.now()
        order by recipient.batch_id, recipient.client_id
        limit 1000
        for update skip locked
    ),
    parked as (
        update public.message_logs as message set status = 'unknown'
        where message.status = 'sending'
          and message.id in (select late.message_id from late)
        returning message.id
    )
    update public.batch_recipients as recipient
    set status = (case when message.status = 'queued' then 'waiting' else 'done' end)
            ::public.recipient_status,
        lease_until = null
    from late
    join public.message_logs as message on message.id = late.message_id
    where recipient.batch_id = late.batch_id and recipient.client_id = late.client_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refresh_last_contact(tenant_id uuid, client_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    update private.client_contacts as known
    set (last_contact_at, last_disposition_type) = (
        select done.created_at, done.disposition_type
        from public.call_dispositions as done
        where done.tenant_id = refresh_last_contact.tenant_id
          and done.client_id = refresh_last_contact.client_id
          and not private.is_undone(done.id)
        order by done.created_at desc, done.id desc
        limit 1
    )
    where known.tenant_id = refresh_last_contact.tenant_id
      and known.client_id = refresh_last_contact.client_id
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

CREATE OR REPLACE FUNCTION private.refuse_beside_unfinished(tenant_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if private.unfinished_import(tenant_id) is not null then
        raise exception 'import_unfinished' using errcode = 'PT409',
            detail = 'another import of this tenant is to be continued or cancelled first';
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_chat(plan private.message_plan, talk public.conversations)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
    perform private.refuse_message(plan, '');
    case (plan).reason
        when 'window_closed' then
            raise exception 'window_closed' using errcode = 'PT409',
                detail = coalesce(to_jsonb(private.window_until(talk)) #>> '{}', 'nobody wrote');
        when 'template_not_sendable' then
            raise exception 'template_not_sendable' using errcode = 'PT409',
                detail = 'not approved, of another provider, or with a file';
        when 'variable_missing' then
            raise exception 'variable_missing' using errcode = 'PT409',
                detail = 'a variable has no value for this client';
        else
            return;
    end case;
end;
$function$;

CREATE OR REPLACE FUNCTION private.rehearse_chunk(chunk private.import_chunks)
 RETURNS private.chunk_outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_people private.import_change[] := private.chunk_people_changes(chunk);
    v_titles private.import_change[] := private.chunk_title_changes(chunk);
    v_outcome private.chunk_outcome;
begin
    v_outcome.clients_created := (
        select count(*) from unnest(chunk.clients) as planned where planned.is_new
    );
    v_outcome.clients_updated := (
        select count(*)
        from (
            select change.client_id from unnest(v_people) as change
            union
            select planned.client_id from unnest(chunk.clients) as planned
            where not planned.is_new and planned.phones <> '{}'
        ) as touched
    );
    v_outcome.debts_created := (
        select count(*) from unnest(chunk.debts) as planned where planned.action = 'new'
    );
    v_outcome.changes := v_people || v_titles;
    return private.count_title_changes(v_outcome);
end;
$function$;

CREATE OR REPLACE FUNCTION private.release_after(tenant_id uuid)
 RETURNS interval
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select make_interval(mins => coalesce((
        select policy.release_after_minutes from public.agenda_policies as policy
        where policy.tenant_id = release_after.tenant_id
    ), 15))
$function$;

CREATE OR REPLACE FUNCTION private.release_batch(batch_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.move_batch(batch.id, case when batch.scheduled_at > private.now()
        then 'scheduled' else 'sending' end::public.batch_status)
    from public.message_batches as batch where batch.id = release_batch.batch_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.release_callbacks()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_batch constant int := 5000;
    v_released int;
begin
    with late as (
        select promised.id
        from public.callbacks as promised
        where promised.status = 'scheduled' and promised.operator_id is not null
          and promised.due_at <= private.now() - private.release_after(promised.tenant_id)
        order by promised.due_at
        limit c_batch
        for update skip locked
    )
    update public.callbacks as promised
    set operator_id = null, released_from = promised.operator_id
    from late
    where promised.id = late.id;
    get diagnostics v_released = row_count;
    return v_released;
end;
$function$;

CREATE OR REPLACE FUNCTION private.release_held()
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if exists (
        select from pgmq.q_automations as held
        where held.vt <= clock_timestamp() and held.read_ct = 0
    ) then
        perform private.wake_function('run-automations');
        return true;
    end if;
    return false;
end;
$function$;

CREATE OR REPLACE FUNCTION private.remind_callbacks()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- As many as a transaction should hold; the next run takes the rest.
    c_batch constant int := 5000;
    -- More than three bells at the same moment are read as none.
    c_apart constant int := 3;
    v_reminded int;
begin
    with due as (
        select promised.id
        from public.callbacks as promised
        where promised.status = 'scheduled' and promised.due_at <= private.now()
          and promised.reminded_for is distinct from promised.due_at
        order by promised.due_at
        limit c_batch
        for update skip locked
    ),
    marked as (
        update public.callbacks as promised set reminded_for = promised.due_at
        from due
        where promised.id = due.id
        returning promised.*
    ),
    personal as (
        select marked.*, count(*) over (
            partition by marked.tenant_id, marked.operator_id
        ) as together
        from marked
        join public.memberships as member
            on member.tenant_id = marked.tenant_id and member.user_id = marked.operator_id
            and member.revoked_at is null
    ),
    told as (
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select personal.tenant_id, personal.operator_id, 'callback_due', jsonb_build_object(
            'callback_id', personal.id, 'client_id', personal.client_id,
            'due_at', personal.due_at
        )
        from personal where personal.together <= c_apart
        union all
        select personal.tenant_id, personal.operator_id, 'callbacks_overdue', jsonb_build_object(
            'count', count(*), 'since', min(personal.due_at)
        )
        from personal where personal.together > c_apart
        group by personal.tenant_id, personal.operator_id
    )
    select count(*) into v_reminded from marked;
    return v_reminded;
end;
$function$;

CREATE OR REPLACE FUNCTION private.rename_me(name text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_name text := btrim(coalesce(rename_me.name, ''));
begin
    if v_name = '' or length(v_name) > 80 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'name: 1 to 80 characters';
    end if;
    update public.memberships set display_name = v_name
    where memberships.tenant_id = v_tenant_id and memberships.user_id = auth.uid()
      and memberships.revoked_at is null;
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
    v_values := private.template_values(client_id, v_names);
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

CREATE OR REPLACE FUNCTION private.renew_invitation(invitation_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_sent public.invitations;
begin
    update public.invitations set expires_at = private.now() + interval '14 days'
    where invitations.id = renew_invitation.invitation_id
      and invitations.tenant_id = v_tenant_id
      and invitations.accepted_at is null and invitations.revoked_at is null
    returning * into v_sent;
    if not found then
        raise exception 'invitation_not_found' using errcode = 'PT404',
            detail = 'no open invitation with this id in the tenant';
    end if;
    return jsonb_build_object('id', v_sent.id, 'email', v_sent.email, 'name', v_sent.display_name);
end;
$function$;

CREATE OR REPLACE FUNCTION private.repeat_dialer_task(task private.dialer_tasks, error_code text, error_detail text, retry_after_seconds integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- 5 s, 10 s, … about ten minutes in all; waiting as told costs nothing.
    c_most_failures constant int := 8;
    v_is_free boolean := coalesce(error_code = 'rate_limited', false);
    v_failures int := (task).failures + case when v_is_free then 0 else 1 end;
    v_pause interval := make_interval(
        secs => private.retry_pause(v_failures, retry_after_seconds, c_most_failures)
    );
begin
    if v_pause is null then
        perform private.fail_dialer_task(task, coalesce(error_code, 'outcome_unknown'), error_detail);
        return;
    end if;
    update private.dialer_tasks as repeated
    set status = 'queued', failures = v_failures, lease_until = null, error_code = repeat_dialer_task.error_code,
        error_detail = left(repeat_dialer_task.error_detail, 500),
        next_attempt_at = private.now() + v_pause
    where repeated.id = (task).id;
    if v_is_free then
        update public.integrations as integration
        set paused_until = greatest(integration.paused_until, private.now() + v_pause)
        where integration.id = (task).integration_id;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.reply_variables(body text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select coalesce(array_agg(distinct found.word[1]), '{}')
    from regexp_matches(reply_variables.body, '\{\{([^{}]*)\}\}', 'g') as found (word)
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

CREATE OR REPLACE FUNCTION private.reprocess_failure(kind text, id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_charge_id uuid;
begin
    case kind
        when 'automation' then perform private.retry_automation_run(id::uuid);
        when 'charge' then perform private.retry_charge(id::uuid);
        when 'dialer_export' then perform private.resume_dialer_export(id::uuid);
        when 'message' then
            select message.charge_id into v_charge_id
            from public.message_logs as message
            where message.tenant_id = v_tenant_id and message.id = reprocess_failure.id::uuid
              and message.status = 'failed' and message.charge_id is not null
              -- Sent again since, by whomever.
              and not exists (
                  select from public.message_logs as later
                  where later.tenant_id = message.tenant_id
                    and later.charge_id = message.charge_id
                    and later.created_at > message.created_at and later.status <> 'failed'
              );
            if v_charge_id is null then
                raise exception 'not_retryable' using errcode = 'PT409',
                    detail = 'only a failed message that brought a charge, once';
            end if;
            perform private.send_charge(v_charge_id, null, 'whatsapp');
        else
            raise exception 'not_retryable' using errcode = 'PT409', detail = kind;
    end case;
end;
$function$;

CREATE OR REPLACE FUNCTION private.reprocess_failures(items jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A page and more; each is a transaction of its own inside this one.
    c_max_items constant int := 500;
    v_item jsonb;
    v_outcome text;
    v_outcomes jsonb := '[]';
begin
    perform private.require_role('supervisor');
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

CREATE OR REPLACE FUNCTION private.request_dialer_export(selection jsonb, campaign_id bigint, campaign_name text, list_name text, weight integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_account record;
    v_export public.dialer_exports;
    v_asked jsonb := selection;
    v_is_new boolean := true;
begin
    select * into v_account from private.dialer_account() as account;
    -- Refused here and not by the worker, with nobody left to read it.
    perform private.read_selection(v_tenant_id, selection);
    if campaign_id is null or campaign_id <= 0 then
        raise exception 'campaign_invalid' using errcode = 'PT400',
            detail = 'the id of a campaign of the dialer';
    end if;
    if weight is null or weight not between 1 and 100 then
        raise exception 'weight_invalid' using errcode = 'PT400',
            detail = '1 to 100; a list of weight 0 is not dialled';
    end if;
    -- The worker is nobody: "mine" is written out while it still means somebody.
    if jsonb_typeof(v_asked #> '{filter,assigned_to}') = 'array' then
        v_asked := jsonb_set(v_asked, '{filter,assigned_to}', (
            select jsonb_agg(case when entry = '"me"' then to_jsonb(auth.uid()) else entry end)
            from jsonb_array_elements(v_asked #> '{filter,assigned_to}') as entry
        ));
    elsif v_asked #>> '{filter,assigned_to}' = 'me' then
        v_asked := jsonb_set(v_asked, '{filter,assigned_to}', to_jsonb(auth.uid()));
    end if;

    insert into public.dialer_exports (
        tenant_id, integration_id, campaign_id, campaign_name, list_name, weight, selection,
        selection_hash, on_date
    )
    values (
        v_tenant_id, v_account.integration_id, request_dialer_export.campaign_id,
        left(coalesce(request_dialer_export.campaign_name, ''), 200),
        -- 150 characters: the mark that makes the name unique follows.
        left(coalesce(nullif(btrim(request_dialer_export.list_name), ''),
            'Carteira ' || to_char(private.today(v_tenant_id), 'YYYY-MM-DD')), 150),
        request_dialer_export.weight, v_asked, md5(v_asked::text), private.today(v_tenant_id)
    )
    -- dialer_exports_once_a_day; no other index can be met.
    on conflict do nothing
    returning * into v_export;
    if not found then
        v_is_new := false;
        select * into v_export from public.dialer_exports as export
        where export.tenant_id = v_tenant_id
          and export.campaign_id = request_dialer_export.campaign_id
          and export.selection_hash = md5(v_asked::text)
          and export.on_date = private.today(v_tenant_id)
          and export.status not in ('failed', 'cancelled');
    else
        insert into public.audit_log
            (tenant_id, actor_id, actor, table_name, row_id, action, after)
        values (
            v_tenant_id, auth.uid(),
            coalesce(
                (select users.email from auth.users where users.id = auth.uid()), session_user
            ),
            'dialer_exports', v_export.id::text, 'export',
            jsonb_build_object('selection', v_asked, 'campaign_id', campaign_id)
        );
        perform private.wake_function('3cplus-export');
    end if;
    return jsonb_build_object(
        'id', v_export.id, 'status', v_export.status, 'is_new', v_is_new
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.requeue_recipient(message public.message_logs)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_status public.batch_status := (
        select batch.status from public.message_batches as batch where batch.id = message.batch_id
    );
begin
    if v_status not in ('sending', 'paused', 'done') then
        return false;
    end if;
    update public.message_logs as refused
    set retried_batch_id = refused.batch_id, batch_id = null
    where refused.id = message.id;
    update public.batch_recipients as recipient
    set status = 'waiting', reason = null, message_id = null, lease_until = null,
        not_before = private.now()
    where recipient.batch_id = message.batch_id and recipient.client_id = message.client_id;
    if v_status = 'done' then
        perform private.move_batch(message.batch_id, 'sending');
    else
        perform private.wake_function('send-notifications');
    end if;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_batch_means(tenant_id uuid, sender_id uuid, template_id uuid, OUT sender public.senders, OUT template public.message_templates)
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    select * into sender from public.senders as known
    where known.tenant_id = require_batch_means.tenant_id
      and known.id = require_batch_means.sender_id;
    select * into template from public.message_templates as known
    where known.tenant_id = require_batch_means.tenant_id
      and known.id = require_batch_means.template_id;
    if sender.id is null or sender.state = 'disabled' then
        raise exception 'sender_not_found' using errcode = 'PT404', detail = 'no such sender here';
    elsif template.id is null then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no such template in the tenant';
    elsif template.provider <> sender.provider then
        raise exception 'template_of_other_provider' using errcode = 'PT409',
            detail = 'the template belongs to ' || template.provider;
    elsif private.template_obstacle(template) = 'unbound' then
        raise exception 'template_unbound' using errcode = 'PT409',
            detail = 'a variable has no field';
    elsif private.template_obstacle(template) is not null then
        raise exception 'template_not_sendable' using errcode = 'PT409',
            detail = private.template_obstacle(template);
    elsif array_to_string(template.variables, ' ') like '%charge.%' then
        raise exception 'template_not_sendable' using errcode = 'PT409',
            detail = 'it speaks of a charge, and a bulk send brings none';
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_callable(phone text, client_id text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_client_id uuid;
    v_asked uuid;
    v_decision record;
begin
    if phone is null or phone !~ '^\+[1-9][0-9]{7,14}$' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'phone';
    end if;
    if client_id is not null then
        -- What is no id is nobody's. Not one CASE: planning it would already read the text.
        if pg_input_is_valid(client_id, 'uuid') then
            v_client_id := client_id::uuid;
        end if;
        perform private.require_client(v_tenant_id, v_client_id);
    end if;
    foreach v_asked in array case
        when client_id is not null then array[v_client_id]
        else array(select distinct private.clients_of_phone(v_tenant_id, phone)) || null::uuid
    end loop
        if private.is_suppressed(v_tenant_id, v_asked, phone, 'call', private.now()) then
            raise exception 'client_suppressed' using errcode = 'PT409',
                detail = 'this number must not be called';
        end if;
        if v_asked is not null then
            select * into v_decision from private.contact_decision(
                v_tenant_id, v_asked, 'call', private.now()
            ) as decision;
            if not v_decision.allowed then
                raise exception 'contact_not_allowed' using errcode = 'PT409',
                    detail = v_decision.reason;
            end if;
        elsif not private.is_open_for_number(v_tenant_id, phone) then
            raise exception 'contact_not_allowed' using errcode = 'PT409',
                detail = 'outside_hours';
        end if;
    end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_conversation(tenant_id uuid, conversation_id uuid)
 RETURNS public.conversations
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_talk public.conversations;
begin
    select * into v_talk from public.conversations as talk
    where talk.tenant_id = require_conversation.tenant_id
      and talk.id = require_conversation.conversation_id
    for no key update;
    if not found then
        raise exception 'conversation_not_found' using errcode = 'PT404',
            detail = 'no such conversation in the tenant';
    end if;
    return v_talk;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_creditors(tenant_id uuid, creditor_ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_asked uuid[] := array(select distinct asked.id from unnest(creditor_ids) as asked (id));
begin
    if creditor_ids is null then
        return null;
    end if;
    if v_asked = '{}' or cardinality(v_asked) <> (
        select count(*) from public.creditors
        where creditors.tenant_id = require_creditors.tenant_id and creditors.id = any(v_asked)
    ) then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'creditor_ids: at least one, all of the tenant; null for every creditor';
    end if;
    return v_asked;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_lawful_callback(tenant_id uuid, client_id uuid, at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_decision record;
begin
    select * into v_decision
    from private.contact_decision(tenant_id, client_id, 'call', at) as decision;
    if v_decision.reason = 'suppressed' then
        raise exception 'client_suppressed' using errcode = 'PT409',
            detail = 'this client must not be called';
    end if;
    if v_decision.reason = 'outside_hours' or v_decision.reason = 'attempt_cap' and not exists (
        select from private.contact_hours(tenant_id, client_id, at, 1) as hours
        where hours.opens_at <= at and hours.closes_at > at
    ) then
        raise exception 'callback_outside_hours' using errcode = 'PT400',
            detail = to_char(
                v_decision.next_allowed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
            );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_meanings(tenant_id uuid, meanings text[])
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_lost text := (
        select lost from unnest(meanings) as lost
        where not exists (
            select from public.disposition_types as kind
            where kind.tenant_id = require_meanings.tenant_id and kind.is_active
              and lost = any(private.meanings_of(kind))
        )
        limit 1
    );
begin
    if v_lost is not null then
        raise exception 'disposition_meaning_lost' using errcode = 'PT409', detail = v_lost;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_no_rule(tenant_id uuid, keys text[])
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_rules text := (
        select string_agg(rule.name, ', ' order by rule.name)
        from public.collection_rules as rule
        where rule.tenant_id = require_no_rule.tenant_id and rule.is_enabled
          and rule.disposition_type = any(keys)
    );
begin
    if v_rules is not null then
        raise exception 'disposition_in_rule' using errcode = 'PT409', detail = v_rules;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.reschedule_callback(callback_id uuid, due_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
begin
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    if due_at is null or due_at <= private.now() then
        raise exception 'callback_in_past' using errcode = 'PT400',
            detail = 'due_at must lie in the future';
    end if;
    perform private.require_lawful_callback(v_promised.tenant_id, v_promised.client_id, due_at);
    update public.callbacks
    set due_at = reschedule_callback.due_at
    where callbacks.id = v_promised.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.restore_changed_rows()
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_debts int;
    v_clients int;
begin
    create temp table rollback_values on commit drop as
    select item.table_name, item.id, item.change_id,
        coalesce(
            jsonb_object_agg(field.name, field.before) filter (where field.later_id is null), '{}'
        ) as before
    from pg_temp.rollback as item
    join pg_temp.rollback_fields as field using (change_id)
    where coalesce(item.reason, 'imported_since') = 'imported_since'
    group by item.table_name, item.id, item.change_id;
    analyze pg_temp.rollback_values;

    update private.import_changes as later set before = later.before || found.before
    from (
        select field.later_id, jsonb_object_agg(field.name, field.before) as before
        from pg_temp.rollback_fields as field
        join pg_temp.rollback_values using (change_id)
        where field.later_id is not null
        group by field.later_id
    ) as found
    where later.id = found.later_id;
    update private.import_changes as own set is_live = false
    from pg_temp.rollback_values as item
    where own.id = item.change_id;
    update public.debts
    set due_on = coalesce((item.before ->> 'due_on')::date, debts.due_on),
        principal_cents = coalesce(
            (item.before ->> 'principal_cents')::bigint, debts.principal_cents
        ),
        status = coalesce((item.before ->> 'status')::public.debt_status, debts.status),
        import_id = case when item.before ? 'import_id' then (item.before ->> 'import_id')::uuid
            else debts.import_id end
    from pg_temp.rollback_values as item
    where item.table_name = 'debts' and debts.id = item.id and item.before <> '{}';
    update public.clients
    set name = case when item.before ? 'name' then item.before ->> 'name' else clients.name end,
        email = case when item.before ? 'email' then item.before ->> 'email' else clients.email end,
        uf = case when item.before ? 'uf' then item.before ->> 'uf' else clients.uf end,
        external_id = case when item.before ? 'external_id' then item.before ->> 'external_id'
            else clients.external_id end,
        extra = case when item.before ? 'extra' then item.before -> 'extra' else clients.extra end
    from pg_temp.rollback_values as item
    where item.table_name = 'clients' and clients.id = item.id and item.before <> '{}';
    -- What a later import has written over in every field looks as it did.
    select count(*) filter (where item.table_name = 'debts'),
        count(*) filter (where item.table_name = 'clients')
    into v_debts, v_clients
    from pg_temp.rollback as item
    join pg_temp.rollback_values as returned using (change_id)
    where not item.is_created and item.reason is null and returned.before <> '{}';
    drop table pg_temp.rollback_values;
    return jsonb_build_object('debts', v_debts, 'clients', v_clients);
end;
$function$;

CREATE OR REPLACE FUNCTION private.resume_dialer_export(export_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_status public.dialer_export_status;
begin
    select export.status into v_status from public.dialer_exports as export
    where export.tenant_id = v_tenant_id and export.id = resume_dialer_export.export_id
    for update;
    if not found then
        raise exception 'dialer_export_not_found' using errcode = 'PT404',
            detail = 'no such export in the tenant';
    end if;
    if v_status <> 'failed' then
        raise exception 'dialer_export_not_failed' using errcode = 'PT409',
            detail = 'only what failed can be resumed';
    end if;
    begin
        update public.dialer_exports as export
        set status = 'loading', error_code = null, error_detail = null, finished_at = null
        where export.id = resume_dialer_export.export_id;
    exception when unique_violation then
        raise exception 'dialer_export_replaced' using errcode = 'PT409',
            detail = 'the same selection was exported again meanwhile';
    end;
    update private.dialer_tasks as task
    set status = 'queued', failures = 0, next_attempt_at = private.now(), error_code = null
    -- A failed removal has given its people back.
    where task.export_id = resume_dialer_export.export_id and task.status = 'failed'
      and task.kind <> 'remove';
    perform private.wake_function('3cplus-export');
    return 'loading';
end;
$function$;

CREATE OR REPLACE FUNCTION private.retry_automation_run(run_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_run public.automation_runs;
begin
    select * into v_run
    from public.automation_runs as run
    where run.id = retry_automation_run.run_id and run.tenant_id = v_tenant_id
    for update;
    if not found then
        raise exception 'run_not_found' using errcode = 'PT404',
            detail = 'no automation run with this id in the tenant';
    end if;
    if v_run.status not in ('failed', 'skipped') then
        raise exception 'run_not_retryable' using errcode = 'PT409',
            detail = 'only failed and skipped runs; this one is ' || v_run.status;
    end if;
    update public.message_logs as message
    set retried_run_id = message.automation_run_id, automation_run_id = null
    where message.automation_run_id = v_run.id;
    -- Whoever says "again" means the rule as it is today.
    update public.automation_runs as run
    set status = 'queued', reason = null, failures = 0, retried_at = private.now(),
        finished_at = null, next_attempt_at = null, lease_until = null, claim_id = null,
        version = rule.version, queue_msg_id = private.enqueue_run(run.id, private.now())
    from public.collection_rules as rule
    where run.id = v_run.id and rule.id = run.rule_id;
    perform private.wake_function('run-automations');
end;
$function$;

CREATE OR REPLACE FUNCTION private.retry_batch_message(message_id uuid, error_code text, error_detail text, retry_after_seconds integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_most_failures constant int := 5; -- as a message alone
    v_is_free boolean := error_code = 'rate_limited';
    v_failures int;
    v_pause double precision;
begin
    update public.batch_recipients as recipient
    set failures = recipient.failures + case when v_is_free then 0 else 1 end
    from public.message_logs as message
    where message.id = retry_batch_message.message_id
      and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
    returning recipient.failures into v_failures;
    v_pause := private.retry_pause(v_failures, retry_after_seconds, c_most_failures);
    if v_pause is null then
        perform private.advance_message(
            message_id, 'failed', private.now(),
            error_code => retry_batch_message.error_code,
            error_detail => retry_batch_message.error_detail
        );
        return;
    end if;
    perform private.put_back(
        message_id, private.now() + make_interval(secs => v_pause), error_code, error_detail
    );
    if v_is_free and coalesce(error_detail, '') not like '131056%' then
        update public.senders as sender
        set paused_until = greatest(
            sender.paused_until, private.now() + make_interval(secs => v_pause)
        )
        from public.message_logs as message
        where message.id = retry_batch_message.message_id and sender.id = message.sender_id;
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.retry_charge_later(charge_id uuid, error_code text, error_detail text, retry_after_seconds integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- 5, 10, 20 … 320 s: ten minutes in all; then a person looks.
    c_most_failures constant int := 8;
    v_charge public.charges;
    v_pause double precision;
begin
    update public.charges as charge
    set status = case when charge.status = 'sending' then 'unknown' else charge.status::text
        end::public.charge_status,
        failures = charge.failures
            + case when retry_charge_later.error_code = 'rate_limited' then 0 else 1 end,
        error_code = retry_charge_later.error_code,
        error_detail = retry_charge_later.error_detail
    where charge.id = retry_charge_later.charge_id
    returning * into v_charge;
    v_pause := private.retry_pause(v_charge.failures, retry_after_seconds, c_most_failures);
    if v_pause is null then
        perform private.fail_charge(v_charge.id, error_code, error_detail);
        return;
    end if;
    update public.charges as charge
    set next_attempt_at = private.now() + make_interval(secs => v_pause),
        queue_msg_id = private.enqueue_charge(
            charge.id, private.now() + make_interval(secs => v_pause))
    where charge.id = v_charge.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.retry_message(message_id uuid, error_code text, error_detail text, retry_after_seconds integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_most_failures constant int := 5; -- 5, 10, 20, 40 s: a minute in all
    v_is_free boolean := error_code = 'rate_limited';
    v_run_id uuid;
    v_failures int;
    v_pause double precision;
    v_until timestamptz;
begin
    update public.automation_runs as run
    set failures = run.failures + case when v_is_free then 0 else 1 end
    from public.message_logs as message
    where message.id = retry_message.message_id and run.id = message.automation_run_id
    returning run.id, run.failures into v_run_id, v_failures;
    if v_run_id is null then
        update public.message_logs as message
        set failures = message.failures + case when v_is_free then 0 else 1 end
        where message.id = retry_message.message_id
        returning message.failures into v_failures;
    end if;
    v_pause := private.retry_pause(v_failures, retry_after_seconds, c_most_failures);
    if v_pause is null then
        perform private.advance_message(
            message_id, 'failed', private.now(),
            error_code => retry_message.error_code, error_detail => retry_message.error_detail
        );
        return;
    end if;
    v_until := private.now() + make_interval(secs => v_pause);
    update public.message_logs as message
    set status = 'queued', sending_at = null, error_code = retry_message.error_code,
        error_detail = retry_message.error_detail
    where message.id = retry_message.message_id;
    if v_run_id is null then
        perform private.postpone_message(message_id, v_until);
    else
        perform private.postpone_run(v_run_id, v_until, error_code);
    end if;
    if v_is_free then
        perform private.pause_integration(message_id, make_interval(secs => v_pause));
    end if;
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

CREATE OR REPLACE FUNCTION private.retry_pause(failures integer, retry_after_seconds integer, most_failures integer)
 RETURNS double precision
 LANGUAGE sql
 SET search_path TO ''
AS $function$
    select case
        when failures >= most_failures then null
        else coalesce(retry_after_seconds, 5 * 2 ^ greatest(failures - 1, 0)) * (1 + random() / 4)
    end
$function$;

CREATE OR REPLACE FUNCTION private.revoke_membership(membership_id uuid, hand_to uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_membership public.memberships;
begin
    v_membership := private.membership_for_change(membership_id, leaves_admin => true);
    update public.memberships set revoked_at = private.now()
    where memberships.id = v_membership.id;
    perform private.leave_agency(v_membership.tenant_id, v_membership.user_id, hand_to);
end;
$function$;

CREATE OR REPLACE FUNCTION private.rollback_chunk_size()
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select 2000 $function$;

CREATE OR REPLACE FUNCTION private.rollback_creditors(v_import public.imports)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_deleted int;
    v_kept jsonb;
begin
    create temp table rollback_creditors on commit drop as
    select creditors.id, creditors.name, null::text as reason
    from public.creditors
    where creditors.id in (
        select unnest(noted.created_ids) from private.import_changes as noted
        where noted.tenant_id = v_import.tenant_id and noted.import_id = v_import.id
          and noted.table_name = 'creditors'
    );
    execute 'update pg_temp.rollback_creditors as item set reason = ''in_use''
        from public.creditors as held
        where held.id = item.id and (' || private.references_sql(
            'public.creditors', 'held',
            array['public.debts', 'public.import_mappings', 'public.imports']::regclass[]
        ) || ')';
    update pg_temp.rollback_creditors as item set reason = 'changed_since'
    where item.reason is null and exists (
        select from public.audit_log as said
        where said.tenant_id = v_import.tenant_id and said.table_name = 'creditors'
          and said.row_id = item.id::text and said.action = 'update'
    );
    with heirs as (
        select item.id, imports.id as heir
        from pg_temp.rollback_creditors as item
        join public.imports
            on imports.tenant_id = v_import.tenant_id and imports.creditor_id = item.id
        where item.reason is null and imports.id <> v_import.id and imports.status = 'done'
        union
        select distinct item.id, imports.id
        from pg_temp.rollback_creditors as item
        join public.debts
            on debts.tenant_id = v_import.tenant_id and debts.creditor_id = item.id
        join public.imports on imports.id = debts.import_id and imports.status = 'done'
        where item.reason is null and imports.id <> v_import.id
    ),
    passed_on as (
        insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
        select v_import.tenant_id, heirs.heir, 'creditors', array_agg(heirs.id)
        from heirs
        group by heirs.heir
    )
    update pg_temp.rollback_creditors as item set reason = 'imported_since'
    from heirs
    where heirs.id = item.id;
    update pg_temp.rollback_creditors as item set reason = 'in_use'
    where item.reason is null and exists (
        select from public.debts
        where debts.tenant_id = v_import.tenant_id and debts.creditor_id = item.id
    );
    -- Of this import, and of others that were taken back.
    update public.imports set creditor_id = null
    from pg_temp.rollback_creditors as item
    where item.reason is null and imports.tenant_id = v_import.tenant_id
      and imports.creditor_id = item.id;
    delete from public.creditors using pg_temp.rollback_creditors as item
    where item.reason is null and creditors.id = item.id;
    get diagnostics v_deleted = row_count;
    v_kept := (
        select coalesce(jsonb_agg(jsonb_build_object(
            'table', 'creditors', 'id', item.id, 'document', null, 'name', item.name,
            'contract', null, 'installment', null, 'reason', item.reason
        ) order by item.name), '[]')
        from pg_temp.rollback_creditors as item
        where item.reason is not null
    );
    drop table pg_temp.rollback_creditors;
    return jsonb_build_object(
        'deleted', jsonb_build_object('creditors', v_deleted), 'restored', '{}'::jsonb,
        'kept', jsonb_build_object('count', jsonb_array_length(v_kept), 'rows', v_kept)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.rollback_import(import_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
    v_people int;
    v_step jsonb := '{"status": "running"}';
begin
    -- Not beside another import: each sees what the one before it wrote, and one that is planned
    -- counts on the rows it saw. Asked before the turn as well: the job holds that for minutes.
    perform private.refuse_beside_unfinished(v_tenant);
    perform pg_advisory_xact_lock(private.import_turn(v_tenant));
    perform private.refuse_beside_unfinished(v_tenant);
    select * into v_import from public.imports
    where imports.id = rollback_import.import_id and imports.tenant_id = v_tenant
    for update;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status <> 'done' and v_import.error_code is distinct from 'rollback_stopped' then
        raise exception 'import_not_done' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    -- One that was cancelled, or failed, and could not be taken back then is still that afterwards.
    v_people := case v_import.status
        when 'done' then private.begin_rollback(v_import, 'rolled_back', null)
        when 'cancelled' then private.begin_rollback(v_import, 'cancelled', 'import_cancelled')
        else private.begin_rollback(v_import, 'failed', 'internal')
    end;
    if v_people > private.rollback_chunk_size() then
        perform private.wake_function('portfolio-resume');
        return jsonb_build_object(
            'import_id', v_import.id, 'status', 'rolling_back', 'clients', v_people
        );
    end if;
    while v_step ->> 'status' = 'running' loop
        v_step := private.advance_rollback(v_import.id);
    end loop;
    return (
        select jsonb_build_object('import_id', imports.id, 'status', imports.status)
            || imports.rolled_back
        from public.imports where imports.id = v_import.id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.rotate_webhook_key(provider public.provider_name, ends_old_now boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    c_grace constant interval := interval '24 hours';
    v_tenant_id uuid := private.require_role('admin');
    v_key text := encode(extensions.gen_random_bytes(24), 'hex');
    v_until timestamptz := case when not ends_old_now then private.now() + c_grace end;
begin
    update public.integrations as integration
    set previous_key_hash = case when not ends_old_now then integration.webhook_key_hash end,
        previous_key_until = v_until,
        webhook_key_hash = private.webhook_key_hash(v_key)
    where integration.tenant_id = v_tenant_id
      and integration.provider = rotate_webhook_key.provider;
    if not found then
        raise exception 'integration_not_found' using errcode = 'PT404',
            detail = 'connect the provider first';
    end if;
    return jsonb_build_object('webhook_key', v_key, 'previous_until', v_until);
end;
$function$;

CREATE OR REPLACE FUNCTION private.rule_candidates(rule public.collection_rules, from_date date, to_date date)
 RETURNS TABLE(client_id uuid, disposition_id uuid, target_id uuid, on_date date)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select done.client_id, done.id, null::uuid, (done.created_at at time zone tenant.time_zone)::date
    from public.tenants as tenant
    join public.call_dispositions as done
        on done.tenant_id = tenant.id
        and done.created_at >= from_date::timestamp at time zone tenant.time_zone
        and done.created_at < (to_date + 1)::timestamp at time zone tenant.time_zone
    join public.disposition_types as kind
        on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type
    where tenant.id = (rule).tenant_id and (rule).trigger = 'disposition'
      and private.is_of_rule(rule, kind) and not private.is_undone(done.id)
    union all
    -- A client is as late as the oldest open title, as everywhere; one day is one message.
    select client.id, null, client.id, client.oldest_due_on + (rule).day_offset
    from public.clients as client
    where client.tenant_id = (rule).tenant_id and (rule).trigger = 'debt_due'
      and client.open_debts > 0
      and client.oldest_due_on between from_date - (rule).day_offset and to_date - (rule).day_offset
      and not private.has_living_agreement(client.tenant_id, client.id)
    union all
    select part.client_id, null, part.id, part.effective_due_on + (rule).day_offset
    from public.installments as part
    join public.agreements as agreement on agreement.id = part.agreement_id
    where part.tenant_id = (rule).tenant_id and (rule).trigger = 'installment_due'
      and part.status = 'open' and private.is_living(agreement.status)
      and part.effective_due_on
          between from_date - (rule).day_offset and to_date - (rule).day_offset
$function$;

CREATE OR REPLACE FUNCTION private.rule_targets(rule public.collection_rules, from_date date, to_date date, at timestamp with time zone)
 RETURNS private.rule_target[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_targets private.rule_target[] := array(
        select (
            row_number() over (
                order by found.on_date, found.client_id, found.disposition_id, found.target_id
            )::int,
            null, rule.tenant_id, rule.id, rule.version, found.client_id, found.disposition_id,
            found.target_id, found.on_date, at
        )::private.rule_target
        from private.rule_candidates(rule, from_date, to_date) as found
    );
begin
    if rule.trigger = 'disposition' or rule.filter = '{}' then
        return v_targets;
    end if;
    return array(
        select target
        from unnest(v_targets) as target
        where target.place in (
            select fitting.place from private.places_in_filter(v_targets, at) as fitting (place)
        )
        order by target.place
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.run_schedules()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant record;
    v_at timestamptz;
    v_opened bigint;
    v_all bigint := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('run_schedules', 0)) then
        return 0;
    end if;
    for v_tenant in
        select tenant.id, tenant.time_zone
        from public.tenants as tenant
        where exists (
            select from public.collection_rules as rule
            where rule.tenant_id = tenant.id and rule.is_enabled and rule.trigger <> 'disposition'
        )
          and not exists (
              select from public.automation_policies as policy
              where policy.tenant_id = tenant.id and policy.is_stopped
          )
        order by tenant.id
    loop
        v_at := private.now();
        begin
            v_opened := private.sweep_rules(v_tenant.id, v_tenant.time_zone, v_at);
            perform private.note_schedule(
                v_tenant.id, (v_at at time zone v_tenant.time_zone)::date, v_opened, null
            );
            v_all := v_all + v_opened;
        exception when others then
            perform private.note_schedule(
                v_tenant.id, (v_at at time zone v_tenant.time_zone)::date, 0,
                jsonb_build_object('code', sqlstate, 'error', sqlerrm)
            );
        end;
    end loop;
    if v_all > 0 then
        perform private.wake_function('run-automations');
    end if;
    return v_all;
end;
$function$;

CREATE OR REPLACE FUNCTION private.save_disposition_type(key text, fields jsonb)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_kind public.disposition_types;
begin
    perform private.require_known_keys(fields, array[
        'label', 'hotkey', 'color', 'human_answered', 'right_party', 'is_callback', 'unworkable',
        'opens_negotiation', 'is_active'
    ]);
    select * into v_kind from public.disposition_types as kind
    where kind.tenant_id = v_tenant_id and kind.key = save_disposition_type.key;
    if save_disposition_type.key is null then
        v_kind := jsonb_populate_record(null::public.disposition_types, jsonb_build_object(
            'tenant_id', v_tenant_id,
            'key', private.free_disposition_key(v_tenant_id, fields ->> 'label'),
            'position', (
                select coalesce(max(kind.position), 0) + 1 from public.disposition_types as kind
                where kind.tenant_id = v_tenant_id
            ),
            'color', 'gray', 'human_answered', false, 'right_party', false, 'is_callback', false,
            'unworkable', false, 'opens_negotiation', false, 'is_active', true
        ));
    elsif v_kind.key is null then
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = 'no disposition type with this key in the tenant';
    end if;
    v_kind := jsonb_populate_record(v_kind, fields);
    v_kind.label := btrim(v_kind.label);
    insert into public.disposition_types values (v_kind.*)
    on conflict on constraint disposition_types_pkey do update
    set label = excluded.label, hotkey = excluded.hotkey, color = excluded.color,
        human_answered = excluded.human_answered, right_party = excluded.right_party,
        is_callback = excluded.is_callback, unworkable = excluded.unworkable,
        opens_negotiation = excluded.opens_negotiation, is_active = excluded.is_active;
    return v_kind.key;
exception
    when unique_violation then
        raise exception 'hotkey_taken' using errcode = 'PT409', detail = sqlerrm;
    when check_violation or not_null_violation or invalid_text_representation
        or numeric_value_out_of_range
    then
        raise exception 'disposition_type_invalid' using errcode = 'PT400', detail = sqlerrm;
end;
$function$;

CREATE OR REPLACE FUNCTION private.save_integration(provider public.provider_name, settings jsonb, secrets jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_integration_id uuid;
    v_is_new boolean;
    v_webhook_key text;
    v_wrong text;
begin
    settings := coalesce(settings, '{}');
    secrets := coalesce(secrets, '{}');
    select integrations.id into v_integration_id
    from public.integrations
    where integrations.tenant_id = v_tenant_id
      and integrations.provider = save_integration.provider
    for update;
    v_is_new := not found;

    -- Unknown, malformed, or missing; a saved secret may be left out to keep it.
    select given.key into v_wrong
    from (
        select key, value, false as is_secret from jsonb_each(settings)
        union all
        select key, value, true from jsonb_each(secrets)
    ) as given
    left join private.integration_fields as known
        on known.provider = save_integration.provider and known.field = given.key
        and known.is_secret = given.is_secret
    where known.field is null or jsonb_typeof(given.value) <> 'string'
       or given.value #>> '{}' !~ known.pattern
    limit 1;
    if v_wrong is null then
        select known.field into v_wrong
        from private.integration_fields as known
        where known.provider = save_integration.provider and known.is_required
          and not (case when known.is_secret then secrets else settings end) ? known.field
          and (v_is_new or not known.is_secret)
        limit 1;
    end if;
    -- No fields: a provider we have no adapter for, whose messages would stop the worker.
    if not exists (
        select from private.integration_fields as known
        where known.provider = save_integration.provider
    ) then
        v_wrong := 'provider';
    end if;
    if v_wrong is not null then
        raise exception 'integration_field_invalid' using errcode = 'PT400', detail = v_wrong;
    end if;

    if v_is_new then
        v_webhook_key := encode(extensions.gen_random_bytes(24), 'hex');
        insert into public.integrations (tenant_id, provider, settings, webhook_key_hash)
        values (
            v_tenant_id, save_integration.provider, save_integration.settings,
            private.webhook_key_hash(v_webhook_key)
        )
        returning id into v_integration_id;
    else
        -- Whatever was wrong with it may be mended now.
        update public.integrations
        set settings = save_integration.settings, failing_since = null, failure_detail = null,
            paused_until = null
        where integrations.id = v_integration_id;
    end if;

    perform private.put_secret(format('integration:%s:%s', v_integration_id, key), value)
    from jsonb_each_text(secrets);
    -- Four characters tell two keys apart and open nothing.
    update public.integrations
    set secret_hint = right((select min(value) from jsonb_each_text(secrets)), 4),
        secret_notes = (
            select jsonb_agg(note.said order by note.said ->> 'field')
            from (
                select jsonb_build_object(
                    'field', given.key, 'ends', right(given.value, 4), 'at', private.now()
                ) as said
                from jsonb_each_text(secrets) as given
                union all
                select known.value from jsonb_array_elements(integrations.secret_notes) as known
                where not secrets ? (known.value ->> 'field')
            ) as note
        )
    where integrations.id = v_integration_id and secrets <> '{}';

    return jsonb_build_object(
        'integration_id', v_integration_id,
        'secret_hint', (
            select integrations.secret_hint from public.integrations
            where integrations.id = v_integration_id
        ),
        'webhook_key', v_webhook_key
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.save_rule(rule_id uuid, definition jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_new public.collection_rules := private.read_rule(v_tenant_id, definition);
    v_steps jsonb := private.read_steps(v_tenant_id, definition -> 'steps');
    v_was public.collection_rules;
    v_before jsonb;
    v_after jsonb := private.definition_of(v_new, v_steps);
    v_version int;
begin
    if rule_id is null then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = 'an id';
    end if;
    -- Two clicks on "save" of a new rule are one rule.
    perform pg_advisory_xact_lock(hashtextextended('save_rule:' || rule_id, 0));
    select * into v_was from public.collection_rules as rule
    where rule.id = save_rule.rule_id for no key update;
    if v_was.tenant_id <> v_tenant_id then
        raise exception 'rule_not_found' using errcode = 'PT404',
            detail = 'no rule with this id in the tenant';
    end if;
    if v_was.id is not null then
        v_before := private.definition_of(v_was, private.steps_of(v_was.id, v_was.version));
        if v_before = v_after then
            return jsonb_build_object(
                'id', v_was.id, 'version', v_was.version, 'is_enabled', v_was.is_enabled
            );
        end if;
        -- What came with the product has no first page of its history yet.
        insert into public.rule_versions (tenant_id, rule_id, version, definition, edited_at)
        values (v_tenant_id, v_was.id, v_was.version, v_before, v_was.created_at)
        on conflict do nothing;
    end if;

    v_version := coalesce(v_was.version, 0) + 1;
    -- It speaks to people: changed, it is off until somebody has seen what it does now.
    insert into public.collection_rules as rule (
        id, tenant_id, name, trigger, disposition_type, disposition_meaning, day_offset, filter,
        opens, closes, daily_cap, repeat_days, priority, version
    )
    values (
        save_rule.rule_id, v_tenant_id, v_new.name, v_new.trigger, v_new.disposition_type,
        v_new.disposition_meaning, v_new.day_offset, v_new.filter, v_new.opens, v_new.closes,
        v_new.daily_cap, v_new.repeat_days, v_new.priority, v_version
    )
    on conflict (id) do update
    set name = excluded.name, trigger = excluded.trigger,
        disposition_type = excluded.disposition_type,
        disposition_meaning = excluded.disposition_meaning, day_offset = excluded.day_offset,
        filter = excluded.filter, opens = excluded.opens, closes = excluded.closes,
        daily_cap = excluded.daily_cap, repeat_days = excluded.repeat_days,
        priority = excluded.priority, version = excluded.version, is_enabled = false;
    insert into public.rule_steps (tenant_id, rule_id, version, position, action, template_id)
    select v_tenant_id, save_rule.rule_id, v_version, step.place,
        (step.value ->> 'action')::public.rule_action, (step.value ->> 'template_id')::uuid
    from jsonb_array_elements(v_steps) with ordinality as step (value, place);
    insert into public.rule_versions (tenant_id, rule_id, version, definition, edited_by)
    values (v_tenant_id, save_rule.rule_id, v_version, v_after, auth.uid());
    return jsonb_build_object('id', rule_id, 'version', v_version, 'is_enabled', false);
exception
    when check_violation or not_null_violation or foreign_key_violation then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = sqlerrm;
end;
$function$;

CREATE OR REPLACE FUNCTION private.save_sender(sender jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_wrong text;
    v_integration public.integrations;
    v_id uuid;
begin
    v_wrong := (
        select given.key from jsonb_each_text(sender) as given
        where not case given.key
            when 'provider' then private.sends_whatsapp(given.value)
            when 'name' then btrim(given.value) <> '' and length(given.value) <= 80
            when 'phone' then given.value ~ '^\+[1-9][0-9]{7,14}$'
            when 'account' then given.value ~ '^[A-Za-z0-9 _-]{1,100}$'
            when 'throughput_per_second' then given.value ~ '^[0-9]{1,4}$'
                and given.value::int between 1 and 1000
            when 'is_default' then given.value in ('true', 'false')
            else false
        end
        limit 1
    );
    v_wrong := coalesce(v_wrong, (
        select wanted from unnest(array['provider', 'name', 'phone', 'account']) as wanted
        where sender ->> wanted is null limit 1
    ));
    select * into v_integration from public.integrations as integration
    where integration.tenant_id = v_tenant_id
      and integration.provider::text = sender ->> 'provider';
    if v_wrong is not null then
        raise exception 'sender_invalid' using errcode = 'PT400', detail = v_wrong;
    elsif v_integration.id is null then
        raise exception 'sender_provider_missing' using errcode = 'PT409',
            detail = 'connect the provider first';
    end if;
    if (sender ->> 'is_default')::boolean then
        update public.senders as other set is_default = false
        where other.tenant_id = v_tenant_id and other.is_default
          and other.account <> sender ->> 'account';
    end if;
    insert into public.senders as known (
        tenant_id, integration_id, provider, name, phone, account, throughput_per_second, is_default
    )
    values (
        v_tenant_id, v_integration.id, v_integration.provider, btrim(sender ->> 'name'),
        sender ->> 'phone', sender ->> 'account',
        coalesce((sender ->> 'throughput_per_second')::int, 80),
        coalesce((sender ->> 'is_default')::boolean, false)
    )
    on conflict on constraint senders_are_unique do update
    set name = excluded.name, phone = excluded.phone,
        throughput_per_second = coalesce(
            (sender ->> 'throughput_per_second')::int, known.throughput_per_second
        ),
        is_default = coalesce((sender ->> 'is_default')::boolean, known.is_default)
    returning known.id into v_id;
    return v_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.save_team(team jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_id uuid;
    v_name text := btrim(coalesce(team ->> 'name', ''));
    v_creditors uuid[];
    v_people uuid[];
begin
    -- Two admins who save the same team follow one another.
    perform from public.tenants where tenants.id = v_tenant_id for update;
    if v_name = '' or length(v_name) > 60 then
        raise exception 'team_name_invalid' using errcode = 'PT400',
            detail = 'name: 1 to 60 characters';
    end if;
    if jsonb_typeof(team -> 'creditor_ids') = 'array' then
        v_creditors := private.require_creditors(v_tenant_id, private.ids_in(team, 'creditor_ids'));
    end if;
    v_people := private.ids_in(team, 'user_ids');
    if exists (
        select from unnest(v_people) as asked (id)
        where not exists (
            select from public.memberships
            where memberships.tenant_id = v_tenant_id and memberships.user_id = asked.id
              and memberships.revoked_at is null
        )
    ) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'user_ids: live members of the tenant';
    end if;
    if exists (
        select from public.teams
        where teams.tenant_id = v_tenant_id and lower(teams.name) = lower(v_name)
          and teams.archived_at is null and teams.id is distinct from (team ->> 'id')::uuid
    ) then
        raise exception 'team_name_taken' using errcode = 'PT409', detail = 'another team has it';
    end if;
    if team ->> 'id' is null then
        insert into public.teams (tenant_id, name, creditor_ids)
        values (v_tenant_id, v_name, v_creditors)
        returning id into v_id;
    else
        update public.teams set name = v_name, creditor_ids = v_creditors
        where teams.tenant_id = v_tenant_id and teams.id = (team ->> 'id')::uuid
          and teams.archived_at is null
        returning teams.id into v_id;
        if v_id is null then
            raise exception 'team_not_found' using errcode = 'PT404', detail = 'no living team';
        end if;
    end if;
    perform private.seat_team(v_tenant_id, v_id, v_people);
    return v_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_condition(search private.client_search)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
declare
    v_branches text[] := private.search_branches(search, coalesce(search.is_broad, false));
    v_name text := 'false';
begin
    if search.email is not null then
        -- Found first and ordered after: addresses of one portfolio resemble each other so much that
        -- the planner takes few for many, and would look for them along the list's order. The index
        -- holds filled addresses only, which it does not see through `collate`.
        return 'clients.id = any(array(
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id and known.email_key is not null
              and known.email_key >= (($1).search).email
              and known.email_key < (($1).search).email || ''~''
        ))';
    end if;
    if search.name_prefix is not null then
        v_name := 'clients.name_key collate "C" >= (($1).search).name_prefix
            and clients.name_key collate "C" < (($1).search).name_prefix || ''~''';
    elsif search.words is not null then
        v_name := private.words_condition(search);
    end if;
    if v_branches = '{}' then
        return v_name;
    end if;
    if search.is_broad then
        return '(' || v_name || (
            select string_agg(' or exists (' || branch || ')', '') from unnest(v_branches) as branch
        ) || ')';
    end if;
    if v_name <> 'false' then
        v_branches := v_branches || (
            'select clients.id from public.clients
            where clients.tenant_id = ($1).tenant_id and ' || v_name
        );
    end if;
    return 'clients.id in (' || array_to_string(v_branches, ' union all ') || ')';
end;
$function$;

CREATE OR REPLACE FUNCTION private.seat_team(tenant_id uuid, team_id uuid, user_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
#variable_conflict use_column
declare
    v_before uuid[] := array(
        select seat.user_id from public.team_members as seat
        where seat.tenant_id = seat_team.tenant_id and seat.team_id = seat_team.team_id
    );
begin
    delete from public.team_members as seat
    where seat.tenant_id = seat_team.tenant_id and seat.team_id = seat_team.team_id
      and seat.user_id <> all(seat_team.user_ids);
    insert into public.team_members (tenant_id, team_id, user_id)
    select seat_team.tenant_id, seat_team.team_id, asked.id
    from unnest(seat_team.user_ids) as asked (id)
    on conflict on constraint team_members_pkey do nothing;
    perform private.tell_membership(seat_team.tenant_id, told.id)
    from (select unnest(v_before || seat_team.user_ids) as id group by 1) as told;
end;
$function$;

CREATE OR REPLACE FUNCTION private.seen_client(id uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
    if (select private.sees_everything()) then
        return id;
    end if;
    return (select clients.id from public.clients where clients.id = seen_client.id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.sees_client(client_id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_scope uuid[] := private.creditor_scope();
begin
    return v_scope is null or exists (
        select from public.clients
        where clients.id = sees_client.client_id and clients.creditor_ids && v_scope
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.sees_everything()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return private.creditor_scope() is null;
end;
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
    execute 'select count(*) as clients, coalesce(sum(clients.open_debts), 0) as debts,
            coalesce(sum(clients.open_cents), 0) as open_cents
        from ' || private.client_source(v_scale) || ' where ' || v_condition
    into v_sum using v_filter;
    -- The planner overrated it, and too few were in the sample to judge by: then they are few.
    if v_scale is not null and v_sum.clients < c_telling then
        v_scale := null;
        execute 'select count(*) as clients, coalesce(sum(found.open_debts), 0) as debts,
                coalesce(sum(found.open_cents), 0) as open_cents
            from (
                select clients.open_debts, clients.open_cents from public.clients
                where ' || v_condition || ' limit ' || c_countable || '
            ) as found'
        into v_sum using v_filter;
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

CREATE OR REPLACE FUNCTION private.send_charge(charge_id uuid, message_id uuid, channel public.channel)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_id uuid := coalesce(message_id, gen_random_uuid());
    v_charge public.charges;
    v_message public.message_logs;
    v_plan private.message_plan;
begin
    -- The same click again, before the charge is looked at: it may have been paid since.
    select * into v_message from public.message_logs as message
    where message.id = v_id;
    if found and (v_message.tenant_id, v_message.charge_id)
        is distinct from (v_tenant_id, send_charge.charge_id)
    then
        raise exception 'message_id_reused' using errcode = 'PT409',
            detail = 'this id belongs to another message';
    end if;
    -- Locked: two clicks at once are one message.
    select * into v_charge from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.id = send_charge.charge_id
    for update;
    if not found then
        raise exception 'charge_not_found' using errcode = 'PT404',
            detail = 'no charge with this id in the tenant';
    end if;
    if channel is distinct from 'whatsapp' then
        raise exception 'channel_not_offered' using errcode = 'PT409', detail = channel::text;
    end if;
    select * into v_message from public.message_logs as message
    where message.tenant_id = v_tenant_id and message.charge_id = v_charge.id
      and (message.id = v_id or message.status in ('queued', 'sending', 'unknown'))
    order by message.id = v_id desc
    limit 1;
    if not found then
        v_plan := private.plan_charge_message(v_charge);
        perform private.refuse_message(v_plan, v_charge.status::text);
        insert into public.message_logs (
            id, tenant_id, client_id, direction, provider, integration_id, sender_id,
            conversation_id, phone, template_id, body, params, status, charge_id, created_by,
            queue_msg_id
        )
        values (
            v_id, v_tenant_id, v_charge.client_id, 'out', v_plan.provider,
            v_plan.integration_id, v_plan.sender_id, v_plan.conversation_id, v_plan.phone,
            v_plan.template_id, v_plan.body, v_plan.params, 'queued', v_charge.id, auth.uid(),
            private.enqueue_message(v_id, private.now())
        )
        returning * into v_message;
        perform private.wake_function('send-message');
    end if;
    return jsonb_build_object('message_id', v_message.id, 'status', v_message.status);
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
begin
    if message_id is null or num_nonnulls(nullif(btrim(body), ''), template_id) <> 1
        -- WhatsApp's own limit of a text message.
        or length(body) > 4096
    then
        raise exception 'message_invalid' using errcode = 'PT400',
            detail = 'an id, and either a text of 4096 characters at most or a template';
    end if;
    select * into v_message from public.message_logs as message
    where message.id = send_chat_message.message_id;
    if found and (v_message.tenant_id, v_message.conversation_id)
        is distinct from (v_tenant_id, v_talk.id)
    then
        raise exception 'message_id_reused' using errcode = 'PT409',
            detail = 'this id belongs to another message';
    elsif found then
        return jsonb_build_object('message_id', v_message.id, 'status', v_message.status);
    end if;
    v_message.tenant_id := v_tenant_id;
    v_message.conversation_id := v_talk.id;
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
    insert into public.message_logs (
        id, tenant_id, client_id, direction, provider, integration_id, sender_id, conversation_id,
        phone, template_id, body, params, status, created_by, queue_msg_id
    )
    values (
        send_chat_message.message_id, v_tenant_id, v_talk.client_id, 'out', v_plan.provider,
        v_plan.integration_id, v_talk.sender_id, v_talk.id, v_plan.phone, v_plan.template_id,
        v_plan.body, v_plan.params, 'queued', auth.uid(),
        private.enqueue_message(send_chat_message.message_id, private.now())
    );
    delete from public.conversation_drafts as draft
    where draft.conversation_id = v_talk.id and draft.user_id = auth.uid();
    perform private.wake_function('send-message');
    return jsonb_build_object('message_id', message_id, 'status', 'queued');
end;
$function$;

CREATE OR REPLACE FUNCTION private.send_settings_change(table_name text, tenant_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select realtime.send(
        jsonb_build_object('table', table_name), 'settings_changed', 'tenant:' || tenant_id, true
    )
$function$;

CREATE OR REPLACE FUNCTION private.sender_account(provider public.provider_name, settings jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case sender_account.provider
        when 'gupshup' then sender_account.settings ->> 'app_name'
        when 'meta' then sender_account.settings ->> 'phone_number_id'
    end
$function$;

CREATE OR REPLACE FUNCTION private.sender_for(tenant_id uuid, client_id uuid, provider public.provider_name, OUT sender_id uuid, OUT integration_id uuid, OUT settings jsonb, OUT is_paused boolean, OUT paused_until timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    select sender.id, sender.integration_id, private.sender_settings(sender.id),
        sender.state <> 'active', greatest(sender.paused_until, integration.paused_until)
    into sender_for.sender_id, sender_for.integration_id, sender_for.settings,
        sender_for.is_paused, sender_for.paused_until
    from public.senders as sender
    join public.integrations as integration
        on integration.id = sender.integration_id and integration.is_active
    left join lateral (
        select max(talk.last_inbound_at) as at
        from public.conversations as talk
        where talk.tenant_id = sender.tenant_id and talk.client_id = sender_for.client_id
          and talk.sender_id = sender.id and private.window_until(talk) > private.now()
    ) as heard on true
    where sender.tenant_id = sender_for.tenant_id and sender.state <> 'disabled'
      and (sender_for.provider is null or sender.provider = sender_for.provider)
    order by sender.state = 'active' desc, heard.at desc nulls last, sender.is_default desc,
        sender.created_at
    limit 1;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sender_of_event(integration_id uuid, account text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select sender.id
    from public.senders as sender
    join public.integrations as integration on integration.id = sender.integration_id
    where sender.integration_id = sender_of_event.integration_id
      and (
          sender.account = sender_of_event.account
          -- Gupshup's v3 names the app by its id, and an older callback none at all.
          or sender_of_event.account is null
          or sender_of_event.account = integration.settings ->> 'app_id'
      )
    order by (sender.account = sender_of_event.account) desc nulls last,
        sender.account = private.sender_account(integration.provider, integration.settings) desc,
        sender.created_at
    limit 1
$function$;

CREATE OR REPLACE FUNCTION private.sender_settings(sender_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select integration.settings || case sender.provider
        when 'gupshup' then jsonb_build_object(
            'app_name', sender.account, 'source', ltrim(sender.phone, '+')
        )
        else jsonb_build_object('phone_number_id', sender.account)
    end
    from public.senders as sender
    join public.integrations as integration on integration.id = sender.integration_id
    where sender.id = sender_settings.sender_id
$function$;

CREATE OR REPLACE FUNCTION private.sends_whatsapp(provider text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select sends_whatsapp.provider in ('gupshup', 'meta') $function$;

CREATE OR REPLACE FUNCTION private.sent_today(rule public.collection_rules, zone text, at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select case when (rule).daily_cap is null then 0 else (
        select count(*) from public.automation_runs as run
        where run.rule_id = (rule).id
          and (run.status = 'done' and run.finished_at
                  >= (at at time zone zone)::date::timestamp at time zone zone
              or run.status = 'running' and run.attempt > 0)
    ) end
$function$;

CREATE OR REPLACE FUNCTION private.service_patience()
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select interval '3 minutes' $function$;

CREATE OR REPLACE FUNCTION private.service_state(tenant_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select jsonb_build_object(
        'client_id', held.client_id, 'operator_id', held.operator_id,
        'operator', private.actor_name(held.tenant_id, held.operator_id),
        'since', held.since, 'call_id', held.call_id,
        'is_mine', held.operator_id = auth.uid()
    )
    from public.client_services as held
    where held.tenant_id = service_state.tenant_id and held.client_id = service_state.client_id
      and held.seen_at > private.now() - private.service_patience()
$function$;

CREATE OR REPLACE FUNCTION private.service_window(tenant_id uuid, sender_id uuid, phone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select max(private.window_until(talk))
    from public.conversations as talk
    where talk.tenant_id = service_window.tenant_id
      and talk.sender_id = service_window.sender_id
      and talk.phone_key = private.phone_match(service_window.phone)
$function$;

CREATE OR REPLACE FUNCTION private.set_member_role(membership_id uuid, role public.member_role)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_membership public.memberships;
begin
    v_membership := private.membership_for_change(membership_id, leaves_admin => role <> 'admin');
    if role is null or role > private.member_role() then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'nobody grants more than they have';
    end if;
    update public.memberships
    set role = set_member_role.role,
        -- An admin sees everything; a limit that slept would come back with the next demotion.
        creditor_ids = case when set_member_role.role <> 'admin' then memberships.creditor_ids end
    where memberships.id = v_membership.id;
    perform private.tell_membership(v_membership.tenant_id, v_membership.user_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_member_scope(membership_id uuid, creditor_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_member public.memberships := private.membership_for_change(membership_id, false);
begin
    if v_member.role = 'admin' and creditor_ids is not null then
        raise exception 'admin_sees_everything' using errcode = 'PT409',
            detail = 'change the role first: who manages people cannot be limited';
    end if;
    update public.memberships
    set creditor_ids = private.require_creditors(v_member.tenant_id, set_member_scope.creditor_ids)
    where memberships.id = v_member.id;
    perform private.tell_membership(v_member.tenant_id, v_member.user_id);
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
    if is_enabled and not v_rule.is_enabled and not exists (
        select from public.rule_dry_runs as seen
        where seen.tenant_id = v_tenant_id and seen.rule_id = v_rule.id
          and seen.version = v_rule.version
    ) then
        raise exception 'dry_run_needed' using errcode = 'PT409',
            detail = 'run it dry as it is now, then switch it on';
    end if;
    -- The days it was off are not caught up with.
    delete from private.rule_sweeps as sweep
    where sweep.rule_id = v_rule.id and not v_rule.is_enabled;
    update public.collection_rules as rule
    set is_enabled = set_rule_enabled.is_enabled
    where rule.id = v_rule.id and rule.is_enabled <> set_rule_enabled.is_enabled;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_sender_state(sender_id uuid, state public.sender_state)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    update public.senders as sender
    set state = set_sender_state.state, paused_detail = null, paused_until = null,
        paused_reason = case when set_sender_state.state = 'paused' then 'person' end
    where sender.tenant_id = v_tenant_id and sender.id = set_sender_state.sender_id;
    if not found then
        raise exception 'sender_not_found' using errcode = 'PT404', detail = 'no such sender here';
    end if;
    perform private.wake_function('send-notifications');
end;
$function$;

CREATE OR REPLACE FUNCTION private.settle_batch_messages(results jsonb)
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Gone, paused or disabled for all; other refusals are of one person's variables.
    c_template_is_stopped constant text := '^(132001|132007|132015|132016|4003|4005)\M';
    v_ids uuid[];
    v_result record;
begin
    -- Receipts lock many messages in their own order: to wait for them while holding others would
    -- deadlock.
    v_ids := array(
        select message.id
        from jsonb_to_recordset(results) as told (message_id uuid, attempt int)
        join public.message_logs as message on message.id = told.message_id
        order by message.id
        for update of message skip locked
    );
    update public.message_logs as message
    set status = case
            when private.message_rank(message.status) < private.message_rank('submitted')
                or message.status = 'failed' and message.error_code = 'outcome_unknown'
                then 'submitted' else message.status end,
        provider_message_id = coalesce(message.provider_message_id, told.provider_message_id),
        -- Meta's own id is WhatsApp's.
        wamid = coalesce(message.wamid, case when told.provider_message_id like 'wamid.%'
            then told.provider_message_id end),
        submitted_at = least(message.submitted_at, private.now()),
        failed_at = case when message.error_code = 'outcome_unknown' then null
            else message.failed_at end,
        error_code = case when message.error_code = 'outcome_unknown' then null
            else message.error_code end
    from jsonb_to_recordset(results) as told (
        message_id uuid, attempt int, outcome text, provider_message_id text
    )
    where told.outcome = 'submitted' and message.id = told.message_id
      and message.id = any(v_ids) and message.attempt = told.attempt
      and message.sending_at is not null and message.status <> 'queued';
    perform private.await_word(array(
        select distinct message.integration_id
        from jsonb_to_recordset(results) as told (message_id uuid, outcome text)
        join public.message_logs as message on message.id = told.message_id
        where told.outcome = 'submitted'
    ));
    for v_result in
        select told.*, message.batch_id, message.client_id, message.sender_id
        from jsonb_to_recordset(results) as told (
            message_id uuid, attempt int, outcome text, provider_message_id text,
            error_code text, error_detail text, retry_after_seconds int
        )
        join public.message_logs as message
            on message.id = told.message_id and message.attempt = told.attempt
            and message.status in ('sending', 'unknown')
        where told.outcome <> 'submitted' and message.id = any(v_ids)
        order by message.id
    loop
        if v_result.error_code = 'configuration' and v_result.outcome = 'failed' then
            -- Not this person's failure: it waits until somebody has mended the sender.
            perform private.put_back(
                v_result.message_id, private.now(), 'configuration', v_result.error_detail
            );
            perform private.mark_integration(
                sender.integration_id, coalesce(v_result.error_detail, 'configuration')
            ), private.pause_sender(sender.id, 'configuration', v_result.error_detail)
            from public.senders as sender where sender.id = v_result.sender_id;
        elsif v_result.error_code = 'template_rejected' and v_result.outcome = 'failed'
            and v_result.error_detail ~ c_template_is_stopped
        then
            -- Everybody behind would meet the same: they wait until the template is mended.
            perform private.put_back(
                v_result.message_id, private.now(), 'template_rejected', v_result.error_detail
            ), private.halt_batch(v_result.batch_id);
        elsif v_result.outcome = 'failed' then
            perform private.advance_message(
                v_result.message_id, 'failed', private.now(), v_result.provider_message_id,
                error_code => coalesce(v_result.error_code, 'unclassified'),
                error_detail => v_result.error_detail
            );
        elsif v_result.outcome = 'retry' then
            perform private.retry_batch_message(
                v_result.message_id, coalesce(v_result.error_code, 'provider_unavailable'),
                v_result.error_detail, v_result.retry_after_seconds
            );
        else
            update public.message_logs as message
            set status = 'unknown', error_detail = v_result.error_detail
            where message.id = v_result.message_id;
        end if;
    end loop;
    update public.batch_recipients as recipient
    set status = 'done', lease_until = null, reason = null
    from public.message_logs as message
    where message.id = any(v_ids) and message.status not in ('queued', 'sending')
      and recipient.batch_id = message.batch_id and recipient.client_id = message.client_id
      and recipient.status = 'claimed';
    return query
    select distinct told.message_id
    from jsonb_to_recordset(results) as told (message_id uuid)
    where told.message_id = any(v_ids)
       or not exists (
           select from public.message_logs as message where message.id = told.message_id
       );
end;
$function$;

CREATE OR REPLACE FUNCTION private.settle_charge(charge_id uuid, attempt integer, outcome text, answer jsonb DEFAULT '{}'::jsonb, error_code text DEFAULT NULL::text, error_detail text DEFAULT NULL::text, retry_after_seconds integer DEFAULT NULL::integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_charge public.charges;
    v_action text;
begin
    if outcome is null
        or outcome not in ('done', 'found', 'not_found', 'retry', 'failed', 'unknown')
    then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    perform private.lock_client(charge.tenant_id, charge.client_id)
    from public.charges as charge where charge.id = settle_charge.charge_id;
    select * into v_charge from public.charges as charge
    where charge.id = settle_charge.charge_id and charge.attempt = settle_charge.attempt
      and charge.action like 'begun %'
    for update;
    if not found then
        return false;
    end if;
    v_action := substr(v_charge.action, 7);
    update public.charges as charge
    set action = null, lease_until = null,
        -- No answer to a question: it stays asked.
        needs_lookup = charge.needs_lookup
            or (v_action = 'lookup' and outcome in ('retry', 'unknown'))
    where charge.id = v_charge.id;
    perform pgmq.archive('charges', v_charge.queue_msg_id);

    if outcome = 'done' and v_action = 'cancel' then
        perform private.follow_charge(v_charge.id, 'cancelled', answer);
    elsif outcome = 'done' then
        perform private.follow_charge(v_charge.id, 'registering', answer);
        perform private.await_registration(v_charge.id, 0);
        perform private.await_word(array[v_charge.integration_id]);
    elsif outcome = 'found' then
        perform private.record_payment_event(
            v_charge.integration_id, 'lookup',
            answer || jsonb_build_object('reference', v_charge.reference)
        );
        perform private.await_registration(v_charge.id, v_charge.failures);
    elsif outcome = 'not_found' then
        perform private.miss_charge(v_charge);
    elsif outcome = 'unknown' then
        perform private.retry_charge_later(
            v_charge.id, 'outcome_unknown', error_detail, retry_after_seconds
        );
    elsif outcome = 'retry' then
        -- Refused for now, so certainly not taken: a create may be sent again.
        update public.charges as charge set status = 'queued'
        where charge.id = v_charge.id and charge.status = 'sending';
        perform private.retry_charge_later(
            v_charge.id, coalesce(error_code, 'provider_unavailable'), error_detail,
            retry_after_seconds
        );
    else
        perform private.fail_charge(
            v_charge.id, coalesce(error_code, 'unclassified'), error_detail
        );
    end if;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.settle_dialer_task(task_id uuid, attempt integer, outcome text, answer jsonb DEFAULT '{}'::jsonb, error_code text DEFAULT NULL::text, error_detail text DEFAULT NULL::text, retry_after_seconds integer DEFAULT NULL::integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_task private.dialer_tasks;
begin
    if outcome is null or outcome not in ('done', 'retry', 'failed', 'unknown') then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    -- The export before its tasks, for everybody who locks both.
    perform from public.dialer_exports as export
    where export.id = (
        select task.export_id from private.dialer_tasks as task
        where task.id = settle_dialer_task.task_id
    )
    for update;
    select * into v_task from private.dialer_tasks as task
    where task.id = settle_dialer_task.task_id
      and task.attempt = settle_dialer_task.attempt and task.status = 'sending'
    for update;
    if not found then
        return false;
    end if;
    if outcome = 'done' then
        update private.dialer_tasks as task
        set status = 'done', is_doubtful = false, lease_until = null, done_at = private.now(),
            error_code = null, error_detail = null
        where task.id = v_task.id;
        perform private.follow_dialer_task(v_task, coalesce(answer, '{}'));
    elsif outcome = 'failed' then
        perform private.fail_dialer_task(v_task, error_code, error_detail);
    else
        -- Also a call that was certainly refused leaves the task doubtful: an earlier one may not
        -- have been, and undoing what is not there costs one call.
        perform private.repeat_dialer_task(
            v_task, error_code, error_detail, retry_after_seconds
        );
    end if;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.settle_media(message_id uuid, attempt integer, outcome text, reason text DEFAULT NULL::text, mime_type text DEFAULT NULL::text, content bytea DEFAULT NULL::bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- 20 s doubling, 85 minutes in all: Meta gives a new address each time, Gupshup's are dead then.
    c_max_failures constant int := 9;
    c_first_pause constant interval := interval '20 seconds';
    v_media public.message_media;
begin
    if outcome is null or outcome not in ('kept', 'retry', 'refused', 'failed')
        or (outcome = 'kept') <> (content is not null)
    then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    select * into v_media from public.message_media as media
    where media.message_id = settle_media.message_id and media.attempt = settle_media.attempt
      and media.status = 'waiting'
    for update;
    if not found then
        return false;
    end if;
    if outcome = 'kept' then
        insert into private.media_files (message_id, tenant_id, content)
        values (v_media.message_id, v_media.tenant_id, settle_media.content);
    elsif outcome = 'retry' and v_media.failures + 1 >= c_max_failures then
        outcome := 'failed';
    end if;
    update public.message_media as media
    set status = case outcome when 'retry' then 'waiting' else outcome end::public.media_status,
        failures = media.failures + case when outcome = 'retry' then 1 else 0 end,
        next_attempt_at = case when outcome = 'retry'
            then private.now() + c_first_pause * 2 ^ media.failures end,
        lease_until = null,
        mime_type = coalesce(media.mime_type, settle_media.mime_type),
        size_bytes = octet_length(settle_media.content),
        reason = case when outcome <> 'kept' then settle_media.reason end,
        kept_at = case when outcome = 'kept' then private.now() end
    where media.message_id = v_media.message_id;
    -- The talk's pages fetch it anew.
    perform realtime.send(
        jsonb_build_object('conversation_ids', jsonb_build_array(message.conversation_id),
            'count', 1, 'at', private.now()),
        'conversation_changed', 'tenant:' || v_media.tenant_id, true
    )
    from public.message_logs as message
    where message.id = v_media.message_id and outcome <> 'retry';
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.settle_message(message_id uuid, attempt integer, outcome text, provider_message_id text DEFAULT NULL::text, error_code text DEFAULT NULL::text, error_detail text DEFAULT NULL::text, retry_after_seconds integer DEFAULT NULL::integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_run_id uuid;
    v_message public.message_logs;
begin
    if outcome is null or outcome not in ('submitted', 'retry', 'failed', 'unknown') then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    select message.automation_run_id into v_run_id
    from public.message_logs as message where message.id = settle_message.message_id;
    perform from public.automation_runs as run where run.id = v_run_id for update;
    select * into v_message
    from public.message_logs as message
    where message.id = settle_message.message_id
      and message.attempt = settle_message.attempt
      and message.status <> 'queued'
      and message.sending_at is not null
    for update;
    if not found then
        return false;
    end if;

    -- An acceptance is the truth however late it comes, also after a receipt or our own guess.
    if outcome = 'submitted' then
        perform private.advance_message(
            v_message.id, 'submitted', private.now(), settle_message.provider_message_id
        );
        perform private.await_word(array[v_message.integration_id]);
        return true;
    end if;
    -- Any other answer is void once a receipt or the deadline has spoken.
    if v_message.status not in ('sending', 'unknown') then
        return false;
    end if;
    if outcome = 'failed' then
        perform private.advance_message(
            v_message.id, 'failed', private.now(), settle_message.provider_message_id,
            error_code => coalesce(settle_message.error_code, 'unclassified'),
            error_detail => settle_message.error_detail
        );
    elsif outcome = 'retry' then
        perform private.retry_message(
            v_message.id, coalesce(settle_message.error_code, 'provider_unavailable'),
            settle_message.error_detail, settle_message.retry_after_seconds
        );
    else
        update public.message_logs as message
        set status = 'unknown', error_detail = settle_message.error_detail
        where message.id = v_message.id and message.status = 'sending';
        if v_run_id is null then
            perform private.await_message_receipt(v_message.id);
        else
            perform private.await_receipt(v_run_id);
        end if;
    end if;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.show_rollback_progress(v_back private.import_rollbacks)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_seconds float := extract(epoch from private.now() - v_back.begun_at);
    v_rate float := (v_back.clients_done - v_back.begun_clients) / nullif(v_seconds, 0);
begin
    update public.imports
    set undo_done = v_back.clients_done, rows_per_second = v_rate,
        seconds_left = ceil((v_back.clients - v_back.clients_done) / nullif(v_rate, 0))
    where imports.id = v_back.import_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.silent_since(integration public.integrations)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select case
        when not (integration).is_active then null
        -- The dialer's sweeps find calls that nobody told us of.
        when (integration).provider = 'threecplus' then (
            select max(sweep.started_at) from public.call_sweeps as sweep
            where sweep.integration_id = (integration).id and sweep.recovered > 0
              and sweep.started_at > private.now() - interval '1 day'
              and sweep.started_at > coalesce((integration).last_event_at, '-infinity')
        )
        when (integration).awaiting_since > coalesce((integration).last_event_at, '-infinity')
            -- Receipts come within seconds, the slowest within minutes; Negociarie tells of a
            -- boleto when the bank has registered it.
            and (integration).awaiting_since < private.now() - case (integration).provider
                when 'negociarie' then interval '6 hours' else interval '30 minutes' end
            then (integration).awaiting_since
    end
$function$;

CREATE OR REPLACE FUNCTION private.steps_of(rule_id uuid, version integer)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(jsonb_agg(jsonb_build_object(
        'action', step.action, 'template_id', step.template_id
    ) order by step.position), '[]')
    from public.rule_steps as step
    where step.rule_id = steps_of.rule_id and step.version = steps_of.version
$function$;

CREATE OR REPLACE FUNCTION private.suppress_phone(tenant_id uuid, phone text, channel public.channel, reason text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into public.suppressions (tenant_id, phone, channel, reason)
    select suppress_phone.tenant_id, suppress_phone.phone, suppress_phone.channel,
        suppress_phone.reason
    where not exists (
        select from public.suppressions as known
        where known.tenant_id = suppress_phone.tenant_id and known.client_id is null
          and private.phone_match(known.phone) = private.phone_match(suppress_phone.phone)
          and coalesce(known.channel = suppress_phone.channel, true) and known.expires_at is null
    )
$function$;

CREATE OR REPLACE FUNCTION private.sweep_callbacks()
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    -- What was offered yesterday may be offered again; the list stays as long as a day's work.
    delete from private.client_offers as offered
    where offered.offered_at < private.now() - interval '1 day';
    return jsonb_build_object(
        'reminded', private.remind_callbacks(), 'released', private.release_callbacks()
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.sweep_dialer()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.wish_failed_removals();
    if exists (select from public.dialer_exports as export where export.status = 'planning')
        or exists (
            select from private.dialer_tasks as task
            where task.status in ('queued', 'sending')
              and task.next_attempt_at <= private.now()
              and (task.lease_until is null or task.lease_until <= private.now())
        )
    then
        perform private.wake_function('3cplus-export');
    end if;
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

CREATE OR REPLACE FUNCTION private.sweep_media()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if exists (
        select from public.message_media as waiting
        where waiting.status = 'waiting' and waiting.next_attempt_at <= private.now()
    ) then
        perform private.wake_function('fetch-media');
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sweep_queues()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    -- A message nobody read for half a minute: show its runs as queued while the function is down.
    perform private.open_runs(array(
        select unread.msg_id
        from pgmq.q_automations as unread
        where unread.read_ct = 0 and unread.enqueued_at < now() - interval '30 seconds'
          and unread.vt <= clock_timestamp()
          and unread.message ? 'disposition_id'
        limit 500
    ));
    if exists (select from pgmq.q_automations where vt <= clock_timestamp())
        or exists (select from pgmq.q_provider_events where vt <= clock_timestamp())
    then
        perform private.wake_function('run-automations');
    end if;
    if exists (select from pgmq.q_messages where vt <= clock_timestamp()) then
        perform private.wake_function('send-message');
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sweep_rules(tenant_id uuid, zone text, at timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- What is older is silence: the days after it have spoken, or the debtor has.
    c_days_back constant int := 3;
    v_today date := (at at time zone zone)::date;
    v_due record;
    v_opened bigint := 0;
begin
    for v_due in
        select rule, back.days as days_back
        from public.collection_rules as rule
        left join private.rule_sweeps as sweep on sweep.rule_id = rule.id
        cross join generate_series(0, c_days_back) as back (days)
        where rule.tenant_id = sweep_rules.tenant_id and rule.is_enabled
          and rule.trigger <> 'disposition'
          and (back.days = 0 or v_today - back.days > sweep.swept_on)
          -- Nothing may leave before: what would be opened now would only be put off.
          and (at at time zone zone)::time >= coalesce(
              rule.opens, (select min(law.opens) from private.calling_windows as law)
          )
        order by back.days, rule.priority, rule.id
    loop
        v_opened := v_opened
            + private.open_day(v_due.rule, v_today - v_due.days_back, v_today, at);
        insert into private.rule_sweeps as sweep (rule_id, tenant_id, swept_on)
        values ((v_due.rule).id, sweep_rules.tenant_id, v_today)
        on conflict (rule_id) do update set swept_on = excluded.swept_on
        where sweep.swept_on < excluded.swept_on;
    end loop;
    return v_opened;
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_back_import(v_import public.imports, outcome public.import_status, code text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    delete from private.import_plans as plan where plan.import_id = v_import.id;
    if v_import.writing_at is null then
        return private.end_taken_back(v_import, outcome, code, 0);
    end if;
    perform private.begin_rollback(v_import, outcome, code);
    return private.import_step(v_import) || jsonb_build_object('status', 'running');
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_conversation(conversation_id uuid, user_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, take_conversation.conversation_id);
begin
    -- What is free or one's own, anybody may take or let go; all else is a supervisor's.
    if user_id is distinct from auth.uid()
        and (user_id is not null or v_talk.owner_id <> auth.uid())
        or user_id = auth.uid() and v_talk.owner_id <> auth.uid()
        and private.works_here(v_tenant_id, v_talk.owner_id)
    then
        perform private.require_role('supervisor');
    end if;
    if user_id is not null and not private.works_here(v_tenant_id, user_id) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'nobody of this tenant has that id';
    end if;
    if v_talk.owner_id is not distinct from user_id then
        return;
    end if;
    update public.conversations as talk set owner_id = take_conversation.user_id
    where talk.id = v_talk.id;
    insert into public.conversation_events (
        tenant_id, conversation_id, client_id, kind, actor_id, from_user_id, to_user_id
    )
    values (
        v_tenant_id, v_talk.id, v_talk.client_id,
        (case when user_id is null then 'released' when v_talk.owner_id is null then 'assigned'
            else 'taken_over' end)::public.conversation_event_kind,
        auth.uid(), v_talk.owner_id, take_conversation.user_id
    );
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select v_tenant_id, take_conversation.user_id, 'conversation_given',
        jsonb_build_object('conversation_id', v_talk.id, 'client_id', v_talk.client_id)
    where user_id <> auth.uid();
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_next(tenant_id uuid, client_id uuid, code text, at timestamp with time zone, callback_id uuid, source text, leaving uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_is_still boolean;
begin
    if not pg_try_advisory_xact_lock(
        hashtextextended('next_client:' || tenant_id || client_id, 0)
    ) then
        return null;
    end if;
    execute 'select exists (select from (' || source || ') as again)' into v_is_still
    using tenant_id, auth.uid(), private.now(), private.today(tenant_id), leaving, client_id;
    if not v_is_still
        or not (private.begin_service(client_id, null) -> 'is_mine')::boolean
    then
        return null;
    end if;
    perform private.note_offer(tenant_id, client_id);
    return jsonb_build_object(
        'client_id', client_id, 'code', code, 'at', at, 'callback_id', callback_id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_over_service(client_id uuid, reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_was public.client_services;
begin
    perform private.require_client(v_tenant_id, client_id);
    if btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a takeover says why';
    end if;
    select * into v_was from public.client_services as held
    where held.tenant_id = v_tenant_id and held.client_id = take_over_service.client_id
    for update;
    insert into public.client_services as held
        (tenant_id, client_id, operator_id, call_id, taken_from, reason)
    values (
        v_tenant_id, take_over_service.client_id, auth.uid(), v_was.call_id, v_was.operator_id,
        -- 200 characters: a sentence.
        left(btrim(take_over_service.reason), 200)
    )
    on conflict on constraint client_services_pkey do update
    set operator_id = excluded.operator_id, since = private.now(), seen_at = private.now(),
        taken_from = excluded.taken_from, reason = excluded.reason;
    insert into public.audit_log
        (tenant_id, actor_id, actor, table_name, row_id, action, before, after)
    values (
        v_tenant_id, auth.uid(),
        coalesce((select users.email from auth.users where users.id = auth.uid()), session_user),
        'client_services', client_id::text, 'update',
        to_jsonb(v_was),
        jsonb_build_object('operator_id', auth.uid(), 'reason', left(btrim(reason), 200))
    );
    perform private.tell_service(v_tenant_id, client_id);
    return private.service_state(v_tenant_id, client_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_templates(integration_id uuid, templates jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_integration public.integrations;
    v_changed int;
    v_gone int;
begin
    select * into v_integration from public.integrations as integration
    where integration.id = take_templates.integration_id;
    -- Deleted there and made again under the same name: the same template with another id.
    update public.message_templates as known
    set provider_template_id = told.value ->> 'provider_template_id'
    from jsonb_array_elements(take_templates.templates) as told
    where known.tenant_id = v_integration.tenant_id and known.provider = v_integration.provider
      and known.name = told.value ->> 'name' and known.language = told.value ->> 'language'
      and not exists (
          select from public.message_templates as other
          where other.tenant_id = known.tenant_id and other.provider = known.provider
            and other.provider_template_id = told.value ->> 'provider_template_id'
      );
    with listed as (
        select told.value ->> 'provider_template_id' as provider_template_id,
            told.value ->> 'name' as name, told.value ->> 'language' as language,
            told.value ->> 'category' as category,
            (told.value ->> 'status')::public.template_status as status,
            told.value ->> 'provider_status' as provider_status, told.value ->> 'body' as body,
            (told.value ->> 'variables')::int as variables,
            told.value ->> 'header_type' as header_type
        from jsonb_array_elements(take_templates.templates) as told
    )
    insert into public.message_templates as known (
        tenant_id, provider, provider_template_id, name, language, category, body, variables,
        status, provider_status, header_type, synced_at
    )
    select v_integration.tenant_id, v_integration.provider, listed.provider_template_id,
        listed.name, listed.language, listed.category, listed.body,
        array_fill(''::text, array[listed.variables]), listed.status, listed.provider_status,
        listed.header_type, private.now()
    from listed
    on conflict on constraint message_templates_are_unique do update
    set language = excluded.language, category = excluded.category, body = excluded.body,
        status = excluded.status, provider_status = excluded.provider_status,
        header_type = excluded.header_type, synced_at = excluded.synced_at,
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
      and known.status <> 'paused'
      and not exists (
          select from jsonb_array_elements(take_templates.templates) as told
          where told.value ->> 'provider_template_id' = known.provider_template_id
      );
    get diagnostics v_gone = row_count;
    return jsonb_build_object('listed', v_changed, 'gone', v_gone);
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_tokens(sender_id uuid, wanted integer, worker uuid, OUT taken integer, OUT starts_in double precision, OUT gap double precision)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Longer than a claim takes on a busy machine.
    c_ahead_seconds constant double precision := 1.5;
    v_rate double precision := (
        select 0.9 * sender.throughput_per_second from public.senders as sender
        where sender.id = take_tokens.sender_id
    );
    v_room double precision := greatest(v_rate / 9, 1);
    v_now timestamptz := clock_timestamp();
    v_bucket private.sender_buckets;
begin
    insert into private.sender_buckets (tenant_id, sender_id, tokens, refilled_at)
    select sender.tenant_id, sender.id, v_room, v_now from public.senders as sender
    where sender.id = take_tokens.sender_id
    on conflict on constraint sender_buckets_pkey do nothing;
    select * into v_bucket from private.sender_buckets as bucket
    where bucket.sender_id = take_tokens.sender_id for update;
    v_now := greatest(clock_timestamp(), v_bucket.refilled_at);
    v_bucket.tokens := least(
        v_room,
        v_bucket.tokens + v_rate * extract(epoch from v_now - v_bucket.refilled_at)
    );
    taken := case when v_bucket.tokens < 0 and v_bucket.holder is distinct from worker then 0
        else least(greatest(floor(v_bucket.tokens + v_rate * c_ahead_seconds)::int, 0), wanted)
    end;
    starts_in := (1 - v_bucket.tokens) / v_rate;
    gap := 1 / v_rate;
    update private.sender_buckets as bucket
    set tokens = v_bucket.tokens - taken, refilled_at = v_now, last_claimed_at = v_now,
        holder = case when taken > 0 then worker else bucket.holder end
    where bucket.sender_id = take_tokens.sender_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tell_dialer_export(export_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select export.tenant_id, member.user_id, 'dialer_export_finished',
        jsonb_build_object('export_id', export.id, 'status', export.status)
    from public.dialer_exports as export
    join public.memberships as member
        on member.tenant_id = export.tenant_id and member.revoked_at is null
        and (member.user_id = export.created_by
            or member.role >= 'supervisor' and export.status = 'failed')
    where export.id = tell_dialer_export.export_id
$function$;

CREATE OR REPLACE FUNCTION private.tell_integration_failing(tenant_id uuid, provider text, reason text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select member.tenant_id, member.user_id, 'integration_failing', jsonb_build_object(
        'provider', tell_integration_failing.provider, 'reason', tell_integration_failing.reason
    )
    from public.memberships as member
    where member.tenant_id = tell_integration_failing.tenant_id and member.revoked_at is null
      and member.role >= 'supervisor'
      and not exists (
          select from public.notifications as told
          where told.tenant_id = member.tenant_id and told.user_id = member.user_id
            and told.kind = 'integration_failing'
            and told.payload ->> 'provider' = tell_integration_failing.provider
            and told.created_at > private.now() - interval '1 day'
      )
$function$;

CREATE OR REPLACE FUNCTION private.tell_membership(tenant_id uuid, user_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select realtime.send(
        jsonb_build_object('id', tell_membership.tenant_id, 'at', private.now()),
        'membership_changed', 'user:' || tell_membership.user_id, true
    )
$function$;

CREATE OR REPLACE FUNCTION private.tell_of_inbound(talk public.conversations, message_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select talk.tenant_id, person.user_id, 'message_received', jsonb_build_object(
        'conversation_id', talk.id, 'client_id', talk.client_id,
        'message_id', tell_of_inbound.message_id
    )
    from (
        select coalesce(talk.owner_id, (
            select given.user_id from public.client_assignments as given
            where given.tenant_id = talk.tenant_id and given.client_id = talk.client_id
        )) as user_id
    ) as person
    where talk.unread = 1 and talk.ignored_at is null
      and private.works_here(talk.tenant_id, person.user_id)
$function$;

CREATE OR REPLACE FUNCTION private.tell_service(tenant_id uuid, client_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select private.send_change(
        'service_changed', 'client_services', tenant_id, client_id::text, array[client_id]
    )
$function$;

CREATE OR REPLACE FUNCTION private.tell_supervisors(tenant_id uuid, kind text, payload jsonb)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select member.tenant_id, member.user_id, tell_supervisors.kind, tell_supervisors.payload
    from public.memberships as member
    where member.tenant_id = tell_supervisors.tenant_id and member.revoked_at is null
      and member.role >= 'supervisor'
$function$;

CREATE OR REPLACE FUNCTION private.template_headers(message_ids uuid[])
 RETURNS TABLE(message_id uuid, header jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select message.id, jsonb_build_object(
        'kind', template.header_type, 'url', template.header_link, 'name', template.header_name
    )
    from public.message_logs as message
    join public.message_templates as template on template.id = message.template_id
    where message.id = any(message_ids)
      and template.header_type is not null and template.header_link is not null
$function$;

CREATE OR REPLACE FUNCTION private.template_name(message_id uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select template.name
    from public.message_logs as message
    join public.message_templates as template on template.id = message.template_id
    where message.id = template_name.message_id
$function$;

CREATE OR REPLACE FUNCTION private.template_obstacle(template public.message_templates)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select case
        when (template).provider_status = 'GONE' then 'gone'
        when (template).status <> 'approved' then 'not_approved'
        -- A place, or a variable in the header or a button: nothing of ours fills those.
        when (template).header_type not in ('image', 'document', 'video') then 'header_unknown'
        when (template).header_type is not null and (template).header_link is null
            then 'header_missing'
        when '' = any((template).variables) then 'unbound'
    end
$function$;

CREATE OR REPLACE FUNCTION private.template_params(client_id uuid, variables text[], charge_id uuid DEFAULT NULL::uuid)
 RETURNS text[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select array(
        select coalesce(filled.value, '-')
        from unnest(private.template_values(client_id, variables, charge_id)) with ordinality
            as filled (value, position)
        order by filled.position
    )
$function$;

CREATE OR REPLACE FUNCTION private.template_values(client_id uuid, variables text[], charge_id uuid DEFAULT NULL::uuid)
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
        when 'client.open_total' then private.brl(clients.open_cents)
        when 'client.open_debts' then clients.open_debts::text
        when 'client.oldest_due_on' then to_char(clients.oldest_due_on, 'DD/MM/YYYY')
        when 'creditor.name' then (
            -- The creditor of the oldest open title speaks for the message.
            select creditors.name
            from public.debts
            join public.creditors
                on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
            where debts.tenant_id = clients.tenant_id and debts.client_id = clients.id
              and debts.status = 'open'
            order by debts.due_on, debts.id
            limit 1
        )
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
    cross join unnest(template_values.variables) with ordinality as named (variable, position)
    where clients.id = template_values.client_id
$function$;

CREATE OR REPLACE FUNCTION private.tg_agreement_events__notify()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    -- To the agreement's author and to whoever has the client. What was parked is a case of its
    -- own, told by it.
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select event.tenant_id, member.user_id, 'payment_received', jsonb_build_object(
        'agreement_id', event.agreement_id, 'client_id', agreement.client_id,
        'payment_id', event.details -> 'payment_id',
        'amount_cents', event.details -> 'amount_cents'
    )
    from new_rows as event
    join public.agreements as agreement
        on agreement.tenant_id = event.tenant_id and agreement.id = event.agreement_id
    left join public.client_assignments as given
        on given.tenant_id = event.tenant_id and given.client_id = agreement.client_id
    join public.memberships as member
        on member.tenant_id = event.tenant_id and member.revoked_at is null
        and member.user_id in (agreement.created_by, given.user_id)
    where event.kind = 'payment_received' and event.details ->> 'course' <> 'parked'
      -- Who settled by hand knows.
      and member.user_id is distinct from event.actor_id;
    return null;
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

CREATE OR REPLACE FUNCTION private.tg_agreements__leave_dialer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.leave_dialer(
        gone.tenant_id, array_agg(gone.client_id), null, gone.reason
    )
    from (
        select became.tenant_id, became.client_id, case
                when private.is_kept(became.status) then 'agreement_running'
                when became.status = 'settled' and client.open_debts = 0 and not exists (
                    select from public.agreements as other
                    where other.tenant_id = became.tenant_id
                      and other.client_id = became.client_id
                      and private.is_living(other.status)
                ) then 'nothing_owed'
            end as reason
        from new_rows as became
        join public.clients as client
            on client.tenant_id = became.tenant_id and client.id = became.client_id
    ) as gone
    where gone.reason is not null
    group by gone.tenant_id, gone.reason;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_agreements__own_talks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.own_talks(array_agg(talk.id), array_agg(made.created_by))
    from new_rows as made
    join public.conversations as talk
        on talk.tenant_id = made.tenant_id and talk.client_id = made.client_id
    where made.created_by is not null
    having count(*) > 0;
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

CREATE OR REPLACE FUNCTION private.tg_automation_runs__notify()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select became.tenant_id, memberships.user_id, 'automation_failed', jsonb_build_object(
        'run_id', became.id, 'client_id', became.client_id, 'reason', became.reason
    )
    from new_rows as became
    join old_rows as was on was.id = became.id and was.status <> 'failed'
    left join public.call_dispositions
        on call_dispositions.tenant_id = became.tenant_id
        and call_dispositions.id = became.disposition_id
    join public.memberships
        on memberships.tenant_id = became.tenant_id
        and memberships.revoked_at is null
        and (memberships.role >= 'supervisor'
            or memberships.user_id = call_dispositions.operator_id)
    where became.status = 'failed';
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_batch_recipients__count()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if tg_op = 'INSERT' then
        insert into private.batch_deltas (batch_id, key, delta)
        select told.batch_id, told.key, count(*)
        from (
            select new_rows.batch_id, 'recipient:' || new_rows.status as key from new_rows
            union all
            select new_rows.batch_id, new_rows.status || ':' || new_rows.reason from new_rows
            where new_rows.status in ('skipped', 'excluded')
        ) as told
        group by told.batch_id, told.key;
    else
        insert into private.batch_deltas (batch_id, key, delta)
        select told.batch_id, told.key, sum(told.delta)
        from (
            select changed.batch_id, told.key, told.delta
            from (
                select new_rows.batch_id, old_rows.status as was, old_rows.reason as was_for,
                    new_rows.status, new_rows.reason
                from new_rows
                join old_rows using (batch_id, client_id)
                where new_rows.status <> old_rows.status
                   or new_rows.status = 'waiting' and new_rows.reason is distinct from old_rows.reason
            ) as changed
            cross join lateral (
                values
                ('recipient:' || changed.was, -1), ('recipient:' || changed.status, 1),
                (case when changed.was in ('waiting', 'skipped', 'excluded')
                    then changed.was || ':' || changed.was_for end, -1),
                (case when changed.status in ('waiting', 'skipped', 'excluded')
                    then changed.status || ':' || changed.reason end, 1)
            ) as told (key, delta)
        ) as told
        where told.key is not null
        group by told.batch_id, told.key
        having sum(told.delta) <> 0;
    end if;
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
    v_known record;
begin
    perform pg_advisory_xact_lock(hashtextextended(new.id::text, 0));
    -- One question for both checks: this runs on every press of a key.
    select types.is_callback, earlier.id as earlier_id,
        (earlier.tenant_id, earlier.client_id, earlier.operator_id, earlier.disposition_type,
         earlier.notes, earlier.scheduled_callback)
        is not distinct from
        (new.tenant_id, new.client_id, auth.uid(), new.disposition_type,
         new.notes, new.scheduled_callback) as is_repeat
    into v_known
    from (select new.id) as given (id)
    left join public.call_dispositions as earlier on earlier.id = given.id
    left join public.disposition_types as types
        on types.tenant_id = new.tenant_id and types.key = new.disposition_type
        and types.is_active;
    if v_known.earlier_id is not null then
        if v_known.is_repeat and new.operator_id = auth.uid() then
            return null;
        end if;
        raise exception 'disposition_id_reused' using errcode = 'PT409',
            detail = 'this id already names another disposition';
    end if;
    if v_known.is_callback is null then
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = 'not an active disposition type of the tenant';
    end if;
    if v_known.is_callback and new.scheduled_callback is null then
        raise exception 'callback_needs_time' using errcode = 'PT400',
            detail = 'scheduled_callback is missing';
    end if;
    if not v_known.is_callback and new.scheduled_callback is not null then
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

CREATE OR REPLACE FUNCTION private.tg_call_dispositions__callbacks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A callback is in time from ten minutes before to ten minutes after its moment.
    c_tolerance constant interval := '10 minutes';
    v_kept uuid[] := (
        select array_agg(promised.id)
        from new_rows
        join public.callbacks as promised
            on promised.tenant_id = new_rows.tenant_id
            and promised.client_id = new_rows.client_id
            and promised.due_at <= new_rows.created_at + c_tolerance
            and promised.status = 'scheduled'
            and coalesce(promised.operator_id, new_rows.operator_id) = new_rows.operator_id
    );
begin
    if v_kept is not null then
        update public.callbacks as promised
        set status = 'done', ended_at = private.now(), ended_by = auth.uid(), kept_by = (
                select keeping.id from new_rows as keeping
                where keeping.tenant_id = promised.tenant_id
                  and keeping.client_id = promised.client_id
                order by keeping.created_at limit 1
            )
        where promised.id = any(v_kept);
    end if;
    if not exists (select from new_rows where new_rows.scheduled_callback is not null) then
        return null;
    end if;
    -- The trigger before made sure that exactly the callback types carry a time.
    insert into public.callbacks (tenant_id, client_id, disposition_id, operator_id, due_at, note)
    select new_rows.tenant_id, new_rows.client_id, new_rows.id, new_rows.operator_id,
        new_rows.scheduled_callback, new_rows.notes
    from new_rows
    where new_rows.scheduled_callback is not null;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_call_dispositions__qualify()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- A call nobody disposed of by the end of the day stays without one.
    c_longest_service constant interval := interval '12 hours';
    v_done record;
    v_call public.calls;
    v_word bigint;
begin
    for v_done in
        select done.*, kind.unworkable
        from new_rows as done
        join public.disposition_types as kind
            on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type
    loop
        update public.calls as call set disposition_id = v_done.id
        where call.id = (
            select open_call.id from public.calls as open_call
            where open_call.tenant_id = v_done.tenant_id
              and open_call.client_id = v_done.client_id
              and open_call.operator_id = v_done.operator_id
              and open_call.disposition_id is null and open_call.outcome_type is null
              and open_call.called_at > private.now() - c_longest_service
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
            perform private.leave_wrong_numbers(v_done.tenant_id, v_done.client_id);
        end if;
    end loop;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_call_dispositions__run_rules()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_hold interval;
begin
    insert into pgmq.q_automations (vt, message)
    select clock_timestamp() + private.undo_window(matched.tenant_id), jsonb_build_object(
        'disposition_id', matched.disposition_id, 'rule_ids', matched.rule_ids
    )
    from (
        select new_rows.id as disposition_id, new_rows.tenant_id,
            array_agg(rule.id order by rule.priority, rule.id) as rule_ids
        from new_rows
        join public.disposition_types as kind
            on kind.tenant_id = new_rows.tenant_id and kind.key = new_rows.disposition_type
        join public.collection_rules as rule
            on rule.tenant_id = new_rows.tenant_id and rule.is_enabled
            and rule.trigger = 'disposition'
            and (rule.disposition_type = new_rows.disposition_type
                or rule.disposition_meaning is not null and private.is_of_rule(rule, kind))
        group by new_rows.id, new_rows.tenant_id
    ) as matched;
    if not found then
        return null;
    end if;
    select min(private.undo_window(agency.tenant_id)) into v_hold
    from (select distinct new_rows.tenant_id from new_rows) as agency;
    -- What is held is woken when it is due (0600).
    if v_hold = '0' then
        perform private.wake_function('run-automations');
    end if;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_callbacks__broadcast()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- 500 ids keep the payload far below the platform's limit of 256 kB.
    c_ids_in_payload constant int := 500;
begin
    perform realtime.send(
        jsonb_build_object(
            'table', 'callbacks', 'count', changed.count,
            'client_ids', to_jsonb(changed.client_ids[1:c_ids_in_payload]), 'at', private.now()
        ),
        'callback_changed', 'tenant:' || changed.tenant_id, true
    )
    from (
        select new_rows.tenant_id, count(*) as count,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_callbacks__quiet_reminders()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    update public.notifications as told set read_at = private.now()
    from new_rows as became
    where told.kind = 'callback_due' and told.read_at is null
      and told.payload ->> 'callback_id' = became.id::text
      and told.tenant_id = became.tenant_id
      and (
          became.status <> 'scheduled' or became.due_at > private.now()
          or became.operator_id is distinct from told.user_id
      );
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_calls__broadcast()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.send_change(
        'call_changed', tg_table_name, changed.tenant_id, changed.id, changed.client_ids
    )
    from (
        select new_rows.tenant_id, min(new_rows.id::text) as id,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        join old_rows on old_rows.id = new_rows.id
        where new_rows.client_id is not null and (
            new_rows.status, new_rows.client_id, new_rows.qualification_id,
            new_rows.qualify_status
        ) is distinct from (
            old_rows.status, old_rows.client_id, old_rows.qualification_id,
            old_rows.qualify_status
        )
        group by new_rows.tenant_id
    ) as changed;
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

CREATE OR REPLACE FUNCTION private.tg_clients__leave_dialer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.leave_dialer(
        gone.tenant_id, array_agg(gone.id), null,
        case gone.debt_status when 'in_agreement' then 'agreement_running'
            when 'on_hold' then 'on_hold' when 'prescribed' then 'prescribed' else 'nothing_owed' end
    )
    from (
        select became.tenant_id, became.id, became.debt_status
        from new_rows as became
        join old_rows as was on was.id = became.id and was.open_debts > 0
        where became.open_debts = 0
    ) as gone
    group by gone.tenant_id, gone.debt_status;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_conversations__broadcast()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- 500 ids keep the payload far below the platform's limit of 256 kB.
    c_ids_in_payload constant int := 500;
begin
    perform realtime.send(
        jsonb_build_object('conversation_ids', to_jsonb(changed.ids[1:c_ids_in_payload]),
            'count', cardinality(changed.ids), 'at', private.now()),
        'conversation_changed', 'tenant:' || changed.tenant_id, true
    )
    from (
        select new_rows.tenant_id, array_agg(new_rows.id) as ids
        from new_rows group by new_rows.tenant_id
    ) as changed;
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

CREATE OR REPLACE FUNCTION private.tg_dialer_exports__broadcast()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform realtime.send(
        jsonb_build_object('id', min(new_rows.id::text), 'at', private.now()),
        'dialer_export_changed', 'tenant:' || new_rows.tenant_id, true
    )
    from new_rows group by new_rows.tenant_id;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_disposition_types__keep_whole()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.require_no_rule(was.tenant_id, array_agg(was.key))
    from old_rows as was
    where was.is_active and not exists (
        select from public.disposition_types as kind
        where kind.tenant_id = was.tenant_id and kind.key = was.key and kind.is_active
    )
    group by was.tenant_id;
    perform private.require_meanings(was.tenant_id, array_agg(distinct meaning.name))
    from old_rows as was
    cross join lateral unnest(private.meanings_of(was)) as meaning (name)
    where was.is_active
    group by was.tenant_id;
    perform private.send_settings_change('disposition_types', was.tenant_id)
    from (select distinct old_rows.tenant_id from old_rows) as was;
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

CREATE OR REPLACE FUNCTION private.tg_disposition_types__tell()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.send_settings_change('disposition_types', added.tenant_id)
    from (select distinct new_rows.tenant_id from new_rows) as added;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_imports__notify()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select became.tenant_id, became.created_by, 'import_finished', jsonb_build_object(
        'import_id', became.id, 'status', became.status
    )
    from new_rows as became
    join old_rows as was on was.id = became.id and was.status = 'running'
    where became.status <> 'running' and became.created_by is not null
      and not became.is_rehearsal;
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
        -- Nobody knows a number by Meta's id of it.
        case connected.provider
            when 'meta' then 'Meta ' || (connected.settings ->> 'source')
            else private.sender_account(connected.provider, connected.settings)
        end,
        '+' || (connected.settings ->> 'source'),
        private.sender_account(connected.provider, connected.settings),
        not exists (
            select from public.senders as first
            where first.tenant_id = connected.tenant_id and first.is_default
        )
    from new_rows as connected
    where private.sender_account(connected.provider, connected.settings) is not null
      and connected.settings ->> 'source' ~ '^[1-9][0-9]{7,14}$'
    on conflict on constraint senders_are_unique do update set phone = excluded.phone
    where known.phone <> excluded.phone;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_memberships__release_callbacks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    update public.callbacks as promised
    set operator_id = null, released_from = promised.operator_id
    from new_rows as became
    where became.revoked_at is not null
      and promised.tenant_id = became.tenant_id and promised.operator_id = became.user_id
      and promised.status = 'scheduled';
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_message_logs__conversation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    new.sender_id := coalesce(new.sender_id, (
        select sender.id from public.senders as sender
        where sender.integration_id = new.integration_id
        order by sender.is_default desc, sender.created_at
        limit 1
    ));
    new.conversation_id := coalesce(new.conversation_id, (
        select talk.id from public.conversations as talk
        where talk.sender_id = new.sender_id
          and talk.phone_key = private.phone_match(new.phone)
    ));
    return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_message_logs__count()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if tg_op = 'INSERT' then
        insert into private.batch_deltas (batch_id, key, delta)
        select told.batch_id, told.key, sum(told.amount)
        from new_rows
        cross join lateral private.message_tally(new_rows) as told
        where new_rows.batch_id is not null
        group by told.batch_id, told.key;
    else
        insert into private.batch_deltas (batch_id, key, delta)
        select told.batch_id, told.key, sum(told.delta)
        from (
            select was.batch_id, was.key, -was.amount as delta
            from old_rows cross join lateral private.message_tally(old_rows) as was
            where old_rows.batch_id is not null
            union all
            select became.batch_id, became.key, became.amount
            from new_rows cross join lateral private.message_tally(new_rows) as became
            where new_rows.batch_id is not null
        ) as told
        group by told.batch_id, told.key
        having sum(told.delta) <> 0;
    end if;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_message_logs__own()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    update public.conversations as talk
    set last_outbound_at = private.now(), last_message_at = private.now()
    where talk.id in (
        select new_rows.conversation_id from new_rows where new_rows.direction = 'out'
    );
    perform private.own_talks(array_agg(spoken.conversation_id), array_agg(spoken.created_by))
    from (
        select distinct on (new_rows.conversation_id)
            new_rows.conversation_id, new_rows.created_by
        from new_rows
        where new_rows.direction = 'out' and new_rows.batch_id is null
          and new_rows.conversation_id is not null and new_rows.created_by is not null
    ) as spoken
    having count(*) > 0;
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

CREATE OR REPLACE FUNCTION private.tg_notifications__preferences()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    if exists (
        select from public.notification_preferences as wish
        where wish.tenant_id = new.tenant_id and wish.user_id = new.user_id
          and private.notification_topic(new.kind) = any(wish.muted_topics)
    ) then
        return null;
    end if;
    return new;
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

CREATE OR REPLACE FUNCTION private.tg_reconciliations__notify()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.tell_integration_failing(
        failed.tenant_id, failed.provider::text, failed.error
    )
    from (
        select distinct on (integration.tenant_id, integration.provider)
            integration.tenant_id, integration.provider, became.error
        from new_rows as became
        join public.integrations as integration
            on integration.tenant_id = became.tenant_id and integration.id = became.integration_id
        where became.error is not null
        order by integration.tenant_id, integration.provider, became.id
    ) as failed;
    return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tg_suppressions__leave_dialer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.leave_dialer(
        said.tenant_id,
        case when said.client_id is not null then array[said.client_id]
            else array(select private.clients_of_phone(said.tenant_id, said.phone)) end,
        said.phone, 'opted_out'
    )
    from new_rows as said
    where said.channel is distinct from 'whatsapp';
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

CREATE OR REPLACE FUNCTION private.timeline_items(tenant_id uuid, client_id uuid, before_at timestamp with time zone, before_id uuid, page_size integer)
 RETURNS TABLE(at timestamp with time zone, id uuid, item jsonb)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return query
    (
        select call.created_at, call.id, jsonb_build_object(
            'kind', 'disposition', 'type', call.disposition_type, 'label', kind.label,
            'color', kind.color,
            'notes', call.notes, 'scheduled_callback', call.scheduled_callback,
            'actor', private.actor_name(call.tenant_id, call.operator_id),
            'undone_at', (
                select undone.undone_at from public.disposition_undos as undone
                where undone.disposition_id = call.id
            ),
            'is_mine', call.operator_id = auth.uid(),
            -- A minute is the longest window: nobody asks about older ones.
            'undo_until', case
                when call.created_at > private.now() - interval '1 minute'
                    and not private.is_undone(call.id) and not exists (
                        select from public.automation_runs as run
                        where run.tenant_id = call.tenant_id and run.disposition_id = call.id
                    )
                then call.created_at + private.undo_window(call.tenant_id)
            end
        )
        from public.call_dispositions as call
        join public.disposition_types as kind
            on kind.tenant_id = call.tenant_id and kind.key = call.disposition_type
        where call.tenant_id = $1 and call.client_id = $2
          and (call.created_at, call.id) < ($3, $4)
        order by call.created_at desc, call.id desc
        limit $5
    )
    union all
    (
        select message.created_at, message.id, jsonb_build_object(
            'kind', 'message', 'direction', message.direction, 'channel', message.channel,
            'body', message.body, 'media', message.media, 'batch_id', message.batch_id,
            'conversation_id', message.conversation_id, 'phone', message.phone, 'status', message.status,
            'template', template.name, 'error_code', message.error_code,
            'error_detail', message.error_detail, 'submitted_at', message.submitted_at,
            'sent_at', message.sent_at, 'delivered_at', message.delivered_at,
            'read_at', message.read_at, 'failed_at', message.failed_at,
            'run_id', coalesce(message.automation_run_id, message.retried_run_id),
            'actor', private.actor_name(message.tenant_id, message.created_by)
        )
        from public.message_logs as message
        left join public.message_templates as template on template.id = message.template_id
        where message.tenant_id = $1 and message.client_id = $2
          and (message.created_at, message.id) < ($3, $4)
        order by message.created_at desc, message.id desc
        limit $5
    )
    union all
    (
        select run.created_at, run.id, jsonb_build_object(
            'kind', 'automation', 'run_id', run.id, 'rule', rule.name, 'status', run.status,
            'reason', run.reason, 'next_attempt_at', run.next_attempt_at,
            'disposition_id', run.disposition_id, 'actor', null
        )
        from public.automation_runs as run
        join public.collection_rules as rule on rule.id = run.rule_id
        where run.tenant_id = $1 and run.client_id = $2
          and (run.created_at, run.id) < ($3, $4)
        order by run.created_at desc, run.id desc
        limit $5
    )
    union all
    (
        select callback.created_at, callback.id, jsonb_build_object(
            'kind', 'callback', 'due_at', callback.due_at, 'status', callback.status,
            'note', callback.note, 'disposition_id', callback.disposition_id,
            'actor', private.actor_name(callback.tenant_id, callback.operator_id)
        )
        from public.callbacks as callback
        where callback.tenant_id = $1 and callback.client_id = $2
          and (callback.created_at, callback.id) < ($3, $4)
        order by callback.created_at desc, callback.id desc
        limit $5
    )
    union all
    (
        select event.created_at, event.id, jsonb_build_object(
            'kind', 'conversation', 'event', event.kind,
            'conversation_id', event.conversation_id,
            'to', private.actor_name(event.tenant_id, event.to_user_id),
            'actor', private.actor_name(event.tenant_id, event.actor_id)
        )
        from public.conversation_events as event
        where event.tenant_id = $1 and event.client_id = $2
          and (event.created_at, event.id) < ($3, $4)
        order by event.created_at desc, event.id desc
        limit $5
    )
    union all
    (
        select import.created_at, import.id, jsonb_build_object(
            'kind', 'import', 'file_name', import.file_name, 'status', import.status,
            'actor', private.actor_name(import.tenant_id, import.created_by)
        )
        from public.imports as import
        where import.tenant_id = $1
          and import.id in (
              select debts.import_id from public.debts
              where debts.tenant_id = $1 and debts.client_id = $2
              union all
              select touched.import_id from private.import_touches as touched
              where touched.tenant_id = $1 and touched.client_id = $2
          )
          and (import.created_at, import.id) < ($3, $4)
        order by import.created_at desc, import.id desc
        limit $5
    )
    union all
    select money.at, money.id, money.item
    from private.money_timeline($1, $2, $3, $4, $5) as money
    union all
    select call.at, call.id, call.item
    from private.call_timeline($1, $2, $3, $4, $5) as call;
end;
$function$;

CREATE OR REPLACE FUNCTION private.try_other_form(message_id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_message public.message_logs;
    v_other text;
    v_known text;
begin
    select * into v_message from public.message_logs as message
    where message.id = try_other_form.message_id;
    v_other := private.other_form(v_message.phone);
    if v_other is null or v_message.channel <> 'whatsapp' or v_message.other_form_of is not null
        or exists (
            select from public.message_logs as refused
            where refused.tenant_id = v_message.tenant_id and refused.error_code = 'number_invalid'
              and (refused.retried_run_id = v_message.automation_run_id
                  or refused.retried_batch_id = v_message.batch_id
                  and refused.client_id = v_message.client_id)
              and refused.phone = v_other
        )
    then
        delete from private.whatsapp_forms as form
        where form.tenant_id = v_message.tenant_id and form.phone = v_message.phone;
        return false;
    end if;
    insert into private.whatsapp_forms as form (tenant_id, phone_key, phone)
    values (v_message.tenant_id, private.phone_match(v_message.phone), v_other)
    on conflict on constraint whatsapp_forms_pkey do update
    set phone = excluded.phone, learnt_at = excluded.learnt_at
    where form.phone = v_message.phone;
    if v_message.automation_run_id is not null then
        update public.message_logs as message
        set retried_run_id = message.automation_run_id, automation_run_id = null
        where message.id = v_message.id;
        perform private.postpone_run(v_message.automation_run_id, private.now(), 'number_invalid');
        perform private.wake_function('run-automations');
    elsif v_message.batch_id is not null then
        return private.requeue_recipient(v_message);
    else
        insert into public.message_logs (
            tenant_id, client_id, direction, channel, provider, integration_id, sender_id,
            conversation_id, phone, template_id, body, params, status, charge_id, other_form_of,
            created_by, queue_msg_id, id
        )
        select v_message.tenant_id, v_message.client_id, 'out', v_message.channel,
            v_message.provider, v_message.integration_id, v_message.sender_id,
            v_message.conversation_id, v_other, v_message.template_id, v_message.body,
            v_message.params, 'queued', v_message.charge_id, v_message.id, v_message.created_by,
            private.enqueue_message(again.id, private.now()), again.id
        from (select gen_random_uuid() as id) as again;
        perform private.leave_message_queue(v_message.id);
        perform private.wake_function('send-message');
    end if;
    return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.uf_of(tenant_id uuid, client_id uuid, known_uf text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
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
    perform private.give_back_callbacks(v_done.id),
        private.give_back_call(v_done.id),
        private.refresh_last_contact(v_tenant_id, v_done.client_id);
    perform private.send_change(
        'disposition_changed', 'call_dispositions', v_tenant_id, v_done.id::text,
        array[v_done.client_id]
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.undo_window(tenant_id uuid)
 RETURNS interval
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select make_interval(secs => coalesce((
        select policy.undo_seconds from public.automation_policies as policy
        where policy.tenant_id = undo_window.tenant_id
    ), 10))
$function$;

CREATE OR REPLACE FUNCTION private.unfinished_import(tenant_id uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    return (
        select plan.import_id
        from private.import_plans as plan
        where plan.tenant_id = unfinished_import.tenant_id
        union all
        select back.import_id
        from private.import_rollbacks as back
        where back.tenant_id = unfinished_import.tenant_id
        limit 1
    );
end;
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
            private.phone_kind_of(wanted.phone),
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

CREATE OR REPLACE FUNCTION private.wa_id_of(inbound jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select wa_id_of.inbound ->> 'wa_id' where wa_id_of.inbound ->> 'wa_id' ~ '^[0-9]{8,15}$'
$function$;

CREATE OR REPLACE FUNCTION private.want_media(message_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    insert into public.message_media (message_id, tenant_id, mime_type)
    select message.id, message.tenant_id,
        nullif(lower(btrim(split_part(message.media ->> 'mime_type', ';', 1))), '')
    from public.message_logs as message
    where message.id = want_media.message_id and message.direction = 'in'
      and num_nonnulls(message.media ->> 'url', message.media ->> 'provider_media_id') > 0
    on conflict on constraint message_media_pkey do nothing;
    if found then
        perform private.wake_function('fetch-media');
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.watch_batches()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- Receipts arrive within seconds; the slowest seen by providers is minutes.
    c_wait_for_receipts constant interval := interval '15 minutes';
    -- Two sweeps and the longest pause of a retry; longer is no hiccup.
    c_no_progress constant interval := interval '5 minutes';
    -- A worker gives back what it held within its lease of a minute.
    c_cancelled_lately constant interval := interval '1 hour';
    v_batch record;
begin
    perform private.move_batch(batch.id, 'sending')
    from public.message_batches as batch
    where batch.status = 'scheduled' and batch.scheduled_at <= private.now();
    perform private.recover_leases();
    perform private.drop_waiting(batch.id)
    from public.message_batches as batch
    where batch.status = 'cancelled' and batch.finished_at > private.now() - c_cancelled_lately
      and exists (
          select from public.batch_recipients as recipient
          where recipient.batch_id = batch.id and recipient.status = 'waiting'
      );
    perform private.advance_message(
        late.id, 'failed', private.now(), error_code => 'outcome_unknown'
    )
    from (
        select message.id
        from public.message_logs as message
        where message.batch_id is not null and message.status = 'unknown'
          and message.sending_at <= private.now() - c_wait_for_receipts
        order by message.id
        limit 1000
        for update skip locked
    ) as late;
    perform private.fold_batch_counts();

    for v_batch in
        select batch.id, batch.tenant_id
        from public.message_batches as batch
        where batch.status = 'sending'
          and coalesce(batch.last_progress_at, batch.started_at) < private.now() - c_no_progress
          and batch.alerted_at is null
          -- A number serves its oldest batch first: who is behind it waits for its turn.
          and not exists (
              select from public.message_batches as ahead
              where ahead.tenant_id = batch.tenant_id and ahead.sender_id = batch.sender_id
                and ahead.status = 'sending' and ahead.created_at < batch.created_at
                and ahead.last_progress_at >= private.now() - c_no_progress
          )
          and exists (
              select from public.batch_recipients as recipient
              where recipient.batch_id = batch.id and recipient.status = 'waiting'
                and recipient.not_before < private.now() + case
                    when recipient.reason in ('outside_hours', 'attempt_cap') then - c_no_progress
                    -- Put back again and again, its time is always near.
                    else c_no_progress
                end
          )
    loop
        update public.message_batches as batch set alerted_at = private.now()
        where batch.id = v_batch.id;
        perform private.tell_supervisors(
            v_batch.tenant_id, 'batch_stalled', jsonb_build_object('batch_id', v_batch.id)
        );
    end loop;
    -- It moves again: the next standstill is told again.
    update public.message_batches as batch set alerted_at = null
    where batch.status = 'sending' and batch.last_progress_at > batch.alerted_at;
    if private.batch_pause() < 60 then
        perform private.wake_function('send-notifications');
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.watch_integrations()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    perform private.tell_supervisors(
        integration.tenant_id, 'integration_silent', jsonb_build_object(
            'integration_id', integration.id, 'provider', integration.provider,
            'since', private.silent_since(integration)
        )
    )
    from public.integrations as integration
    where integration.provider <> 'threecplus'
      and private.silent_since(integration) is not null
      and not exists (
          select from public.notifications as told
          where told.tenant_id = integration.tenant_id and told.kind = 'integration_silent'
            and told.payload ->> 'integration_id' = integration.id::text
            and told.created_at > private.now() - interval '1 day'
      );
end;
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
      and webhook_secret.field in ('app_secret', 'verify_token')
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
    if v_branches <> '{}' then
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

CREATE OR REPLACE FUNCTION private.whatsapp_contact(tenant_id uuid, client_id uuid, OUT phone text, OUT conversation_id uuid, OUT sender_id uuid)
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
    select talk.phone, talk.id, talk.sender_id
    into whatsapp_contact.phone, whatsapp_contact.conversation_id, whatsapp_contact.sender_id
    from public.conversations as talk
    join public.senders as sender on sender.id = talk.sender_id and sender.state = 'active'
    join public.integrations as integration
        on integration.id = sender.integration_id and integration.is_active
    where talk.tenant_id = whatsapp_contact.tenant_id
      and talk.client_id = whatsapp_contact.client_id
      and private.window_until(talk) > private.now()
      and (talk.is_linked_by_person or exists (
          select from public.client_phones as known
          where known.tenant_id = talk.tenant_id and known.client_id = talk.client_id
            and private.phone_match(known.phone) = talk.phone_key
      ))
      and talk.phone is not null and not private.is_suppressed(
          talk.tenant_id, talk.client_id, talk.phone, 'whatsapp', private.now()
      )
    order by talk.last_inbound_at desc
    limit 1;
    if found then
        return;
    end if;
    select known.phone into whatsapp_contact.phone
    from public.client_phones as known
    where known.tenant_id = whatsapp_contact.tenant_id
      and known.client_id = whatsapp_contact.client_id
      and known.kind = 'mobile' and known.has_whatsapp is not false
      and not private.is_suppressed(
          known.tenant_id, known.client_id, known.phone, 'whatsapp', private.now()
      )
    order by known.position, known.created_at, known.id
    limit 1;
end;
$function$;

CREATE OR REPLACE FUNCTION private.whatsapp_form(tenant_id uuid, phone text)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select coalesce(
        (
            select form.phone from private.whatsapp_forms as form
            where form.tenant_id = whatsapp_form.tenant_id
              and form.phone_key = private.phone_match(whatsapp_form.phone)
        ),
        whatsapp_form.phone
    )
$function$;

CREATE OR REPLACE FUNCTION private.window_until(talk public.conversations)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$ select talk.last_inbound_at + interval '24 hours' $function$;

CREATE OR REPLACE FUNCTION private.wish_dialer_removals(export_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_export record;
begin
    for v_export in
        select export.id, export.integration_id
        from public.dialer_exports as export
        where export.id = any(export_ids)
          and exists (
              select from public.dialer_export_rows as contact
              where contact.export_id = export.id and contact.status = 'removing'
          )
          -- One that has not begun takes these along.
          and not exists (
              select from private.dialer_tasks as task
              where task.export_id = export.id and task.kind = 'remove'
                and task.status = 'queued' and not task.is_doubtful
          )
    loop
        perform private.wish_dialer_task(
            v_export.integration_id, 'remove', 'remove:' || gen_random_uuid(), v_export.id
        );
        perform private.wake_function('3cplus-export');
    end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.wish_dialer_task(integration_id uuid, kind text, task_key text, export_id uuid DEFAULT NULL::uuid, call_id uuid DEFAULT NULL::uuid, part integer DEFAULT NULL::integer, payload jsonb DEFAULT '{}'::jsonb)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
    insert into private.dialer_tasks as task
        (tenant_id, integration_id, kind, task_key, export_id, call_id, part, payload)
    select integration.tenant_id, integration.id, wish_dialer_task.kind,
        wish_dialer_task.task_key, wish_dialer_task.export_id, wish_dialer_task.call_id,
        wish_dialer_task.part, wish_dialer_task.payload
    from public.integrations as integration
    where integration.id = wish_dialer_task.integration_id
    on conflict on constraint dialer_tasks_are_wished_once do nothing
$function$;

CREATE OR REPLACE FUNCTION private.wish_failed_removals()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    -- As long as the dialer was given before, attempt by attempt.
    c_pause constant interval := interval '10 minutes';
begin
    perform private.wish_dialer_removals(array(
        select export.id
        from public.dialer_exports as export
        join public.integrations as integration
            on integration.tenant_id = export.tenant_id and integration.id = export.integration_id
        where integration.is_active
          and export.id in (
              select contact.export_id from public.dialer_export_rows as contact
              where contact.status = 'removing' and contact.task_id is null
          )
          and not exists (
              select from private.dialer_tasks as task
              where task.export_id = export.id and task.tenant_id = export.tenant_id
                and task.kind = 'remove' and task.status = 'failed'
                and task.done_at > private.now() - c_pause
                and (task.error_code <> 'configuration' or integration.failing_since is not null)
          )
    ));
end;
$function$;

CREATE OR REPLACE FUNCTION private.words_condition(search private.client_search)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select string_agg(format('clients.name_key like ((($1).search).words)[%s]', place), ' and ')
    from generate_series(1, cardinality(search.words)) as place
$function$;

CREATE OR REPLACE FUNCTION private.works_here(tenant_id uuid, user_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    select exists (
        select from public.memberships as member
        where member.tenant_id = works_here.tenant_id and member.user_id = works_here.user_id
          and member.revoked_at is null
    )
$function$;

CREATE OR REPLACE FUNCTION private.write_as_import(v_plan private.import_plans, v_chunk private.import_chunks)
 RETURNS private.chunk_outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_wrote private.chunk_outcome;
begin
    discard plans;  -- as in plan_portfolio
    perform set_config('cobranca.import_id', v_plan.import_id::text, true);
    update private.import_plans as plan set writer = pg_current_xact_id()
    where plan.import_id = v_plan.import_id;
    if v_plan.creditors <> '[]' then
        perform private.write_planned_creditors(v_plan);
    end if;
    v_wrote := private.write_chunk(v_chunk);
    perform set_config('cobranca.import_id', '', true);
    return v_wrote;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_chunk(chunk private.import_chunks)
 RETURNS private.chunk_outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_outcome private.chunk_outcome;
    v_people record;
    v_debts record;
begin
    select * into v_people from private.write_chunk_people(chunk);
    select * into v_debts from private.write_chunk_debts(v_people.chunk);
    v_outcome.clients_created := v_people.created;
    v_outcome.clients_updated := cardinality(v_people.touched);
    v_outcome.clients_touched := (
        select count(distinct person.id)
        from unnest(v_people.touched || v_debts.touched) as person (id)
    );
    v_outcome.debts_created := v_debts.created;
    v_outcome.changes := v_people.changes || v_debts.changes;
    return private.count_title_changes(v_outcome);
end;
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
    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select chunk.tenant_id, planned.client_id, planned.creditor_id, planned.contract,
        planned.installment, planned.due_on, planned.principal_cents, chunk.import_id, v_now, v_now
    from unnest(chunk.debts) as planned
    where planned.action = 'new';
    get diagnostics created = row_count;

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
    insert into public.client_phones (tenant_id, client_id, phone, kind, position, created_at)
    select chunk.tenant_id, planned.client_id, numbers.phone, private.phone_kind_of(numbers.phone),
        numbers.place - 1, v_now
    from unnest(chunk.clients) as planned
    cross join unnest(planned.phones) with ordinality as numbers (phone, place)
    where planned.is_new
    order by planned.document;
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
            error_code = null, error_detail = null
        -- Only what nobody has begun to send.
        where message.status = 'queued'
        returning message.id, message.client_id
    ),
    leased as (
        update public.batch_recipients as recipient
        set status = 'claimed', reason = null, message_id = outgoing.id,
            lease_until = private.now() + make_interval(secs => write_claims.lease_seconds)
        from outgoing
        where recipient.batch_id = write_claims.batch_id
          and recipient.client_id = outgoing.client_id
        returning recipient.message_id
    )
    select coalesce(array_agg(leased.message_id), '{}') from leased
$function$;

CREATE OR REPLACE FUNCTION private.write_rollback(v_import public.imports, listed integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
    v_kept jsonb := private.list_kept_rows(listed);
    v_restored jsonb := private.restore_changed_rows();
    v_debts int;
    v_phones int;
    v_people int;
begin
    perform private.pass_rows_on(v_import);
    -- In one statement: totals and reach are kept for people who are still there when it ends, and
    -- most of these are not.
    with gone_debts as (
        delete from public.debts using pg_temp.rollback as item
        where item.table_name = 'debts' and item.is_created and item.reason is null
          and debts.id = item.id
        returning debts.id
    ),
    gone_phones as (
        delete from public.client_phones
        where client_phones.id in (
            select item.id from pg_temp.rollback as item
            where item.table_name = 'client_phones' and item.reason is null
            union all
            select phones.id
            from pg_temp.rollback as item
            join public.client_phones as phones
                on phones.tenant_id = v_import.tenant_id and phones.client_id = item.id
            where item.table_name = 'clients' and item.is_created and item.reason is null
        )
        returning client_phones.id
    ),
    gone_people as (
        delete from public.clients using pg_temp.rollback as item
        where item.table_name = 'clients' and item.is_created and item.reason is null
          and clients.id = item.id
        returning clients.id
    )
    select (select count(*) from gone_debts), (select count(*) from gone_phones),
        (select count(*) from gone_people)
    into v_debts, v_phones, v_people;
    delete from private.import_touches as touched
    using pg_temp.rollback_rows as person
    where person.table_name = 'clients' and touched.tenant_id = v_import.tenant_id
      and touched.import_id = v_import.id and touched.client_id = person.id
      and not exists (
          select from pg_temp.rollback as item
          where item.client_id = person.id and item.reason is not null
      );
    drop table pg_temp.rollback, pg_temp.rollback_rows, pg_temp.rollback_layers,
        pg_temp.rollback_fields;
    return jsonb_build_object(
        'deleted', jsonb_build_object(
            'debts', v_debts, 'clients', v_people, 'phones', v_phones
        ),
        'restored', v_restored, 'kept', v_kept
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.wrong_contact_reason()
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
AS $function$
    select $sql$
        when contact.last_disposition_type is not null and not exists (
            select from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id and phones.client_id = clients.id
              and not private.is_wrong_number(($1).tenant_id, clients.id, phones.phone)
        ) then 'wrong_contact'$sql$
$function$;

CREATE OR REPLACE FUNCTION public.archive_team(team_id uuid)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.archive_team(team_id) $function$;

CREATE OR REPLACE FUNCTION public.assign_callback(callback_id uuid, user_id uuid)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.assign_callback(callback_id, user_id) $function$;

CREATE OR REPLACE FUNCTION public.batch_results(batch_id uuid, filter jsonb DEFAULT '{}'::jsonb, after uuid DEFAULT NULL::uuid, page_size integer DEFAULT 100)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.batch_results(batch_id, filter, after, page_size) $function$;

CREATE OR REPLACE FUNCTION public.begin_service(client_id uuid, call_id uuid DEFAULT NULL::uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.begin_service(client_id, call_id) $function$;

CREATE OR REPLACE FUNCTION public.callback_days(filter jsonb)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.callback_days(filter) $function$;

CREATE OR REPLACE FUNCTION public.callback_hours(callback_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.callback_hours(callback_id) $function$;

CREATE OR REPLACE FUNCTION public.cancel_callback(callback_id uuid, reason text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.cancel_callback(callback_id, reason) $function$;

CREATE OR REPLACE FUNCTION public.cancel_dialer_export(export_id uuid)
 RETURNS text
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.cancel_dialer_export(export_id) $function$;

CREATE OR REPLACE FUNCTION public.change_message_batch(batch_id uuid, change text, reason text DEFAULT NULL::text)
 RETURNS text
 LANGUAGE sql
 SET search_path TO ''
 SET statement_timeout TO '5min'
AS $function$ select private.change_message_batch(batch_id, change, reason) $function$;

CREATE OR REPLACE FUNCTION public.conversation_counts()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.conversation_counts() $function$;

CREATE OR REPLACE FUNCTION public.conversation_page(conversation_id uuid, before text DEFAULT NULL::text, page_size integer DEFAULT 50)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.conversation_page(conversation_id, before, page_size) $function$;

CREATE OR REPLACE FUNCTION public.conversation_templates(conversation_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.conversation_templates(conversation_id) $function$;

CREATE OR REPLACE FUNCTION public.count_failures()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.count_failures() $function$;

CREATE OR REPLACE FUNCTION public.create_client_for_call(call_id uuid, document text, name text, phone text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.create_client_for_call(call_id, document, name, phone) $function$;

CREATE OR REPLACE FUNCTION public.create_message_batch(id uuid, selection jsonb, sender_id uuid, template_id uuid, name text, scheduled_at timestamp with time zone DEFAULT NULL::timestamp with time zone, includes_agreements boolean DEFAULT false)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
 SET statement_timeout TO '5min'
AS $function$
    select private.create_message_batch(
        id, selection, sender_id, template_id, name, scheduled_at, includes_agreements
    )
$function$;

CREATE OR REPLACE FUNCTION public.delete_disposition_type(key text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.delete_disposition_type(key) $function$;

CREATE OR REPLACE FUNCTION public.dialer_export_results(export_id uuid, filter jsonb DEFAULT '{}'::jsonb, after integer DEFAULT NULL::integer, page_size integer DEFAULT 100)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.dialer_export_results(export_id, filter, after, page_size) $function$;

CREATE OR REPLACE FUNCTION public.dialer_overview()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.dialer_overview() $function$;

CREATE OR REPLACE FUNCTION public.dispose_call(call_id uuid, disposition_type text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.dispose_call(call_id, disposition_type) $function$;

CREATE OR REPLACE FUNCTION public.disposition_effects(client_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.disposition_effects(client_id) $function$;

CREATE OR REPLACE FUNCTION public.dry_run_rule(rule_id uuid, from_date date, to_date date)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
 SET statement_timeout TO '5min'
AS $function$ select private.dry_run_rule(rule_id, from_date, to_date) $function$;

CREATE OR REPLACE FUNCTION public.end_service(client_id uuid)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.end_service(client_id) $function$;

CREATE OR REPLACE FUNCTION public.find_client_for_call(identifier text DEFAULT ''::text, phone text DEFAULT ''::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.find_client_for_call(identifier, phone) $function$;

CREATE OR REPLACE FUNCTION public.ignore_conversation(conversation_id uuid, is_ignored boolean DEFAULT true)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.ignore_conversation(conversation_id, is_ignored) $function$;

CREATE OR REPLACE FUNCTION public.integration_page()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.integration_page() $function$;

CREATE OR REPLACE FUNCTION public.lawful_hours()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.lawful_hours() $function$;

CREATE OR REPLACE FUNCTION public.link_call(call_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.link_call(call_id, client_id) $function$;

CREATE OR REPLACE FUNCTION public.link_conversation(conversation_id uuid, client_id uuid)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.link_conversation(conversation_id, client_id) $function$;

CREATE OR REPLACE FUNCTION public.list_callbacks(filter jsonb DEFAULT '{}'::jsonb, after text DEFAULT NULL::text, page_size integer DEFAULT 60)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.list_callbacks(filter, after, page_size) $function$;

CREATE OR REPLACE FUNCTION public.list_conversations(filter jsonb DEFAULT '{}'::jsonb, after text DEFAULT NULL::text, page_size integer DEFAULT 40)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.list_conversations(filter, after, page_size) $function$;

CREATE OR REPLACE FUNCTION public.list_failures(kinds text[] DEFAULT NULL::text[], after text DEFAULT NULL::text, page_size integer DEFAULT 50)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.list_failures(kinds, after, page_size) $function$;

CREATE OR REPLACE FUNCTION public.list_message_batches(filter jsonb DEFAULT '{}'::jsonb, after text DEFAULT NULL::text, page_size integer DEFAULT 30)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.list_message_batches(filter, after, page_size) $function$;

CREATE OR REPLACE FUNCTION public.list_people()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.list_people() $function$;

CREATE OR REPLACE FUNCTION public.list_templates(search text DEFAULT ''::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.list_templates(search) $function$;

CREATE OR REPLACE FUNCTION public.message_batch(batch_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.message_batch(batch_id) $function$;

CREATE OR REPLACE FUNCTION public.my_open_calls()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.my_open_calls() $function$;

CREATE OR REPLACE FUNCTION public.next_client(leaving uuid DEFAULT NULL::uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.next_client(leaving) $function$;

CREATE OR REPLACE FUNCTION public.notification_bell(after text DEFAULT NULL::text, page_size integer DEFAULT 30)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.notification_bell(after, page_size) $function$;

CREATE OR REPLACE FUNCTION public.open_conversation(client_id uuid, sender_id uuid DEFAULT NULL::uuid)
 RETURNS uuid
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.open_conversation(client_id, sender_id) $function$;

CREATE OR REPLACE FUNCTION public.order_disposition_types(keys text[])
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.order_disposition_types(keys) $function$;

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

CREATE OR REPLACE FUNCTION public.preview_message_batch(selection jsonb, sender_id uuid, template_id uuid, includes_agreements boolean DEFAULT false, scheduled_at timestamp with time zone DEFAULT NULL::timestamp with time zone)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$
    select private.preview_message_batch(
        selection, sender_id, template_id, includes_agreements, scheduled_at
    )
$function$;

CREATE OR REPLACE FUNCTION public.preview_template(template_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.preview_template(template_id, client_id) $function$;

CREATE OR REPLACE FUNCTION public.rate_card()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.rate_card() $function$;

CREATE OR REPLACE FUNCTION public.read_conversation(conversation_id uuid, message_id uuid DEFAULT NULL::uuid)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.read_conversation(conversation_id, message_id) $function$;

CREATE OR REPLACE FUNCTION public.rename_me(name text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.rename_me(name) $function$;

CREATE OR REPLACE FUNCTION public.render_canned_reply(reply_id uuid, client_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$ select private.render_canned_reply(reply_id, client_id) $function$;

CREATE OR REPLACE FUNCTION public.renew_invitation(invitation_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.renew_invitation(invitation_id) $function$;

CREATE OR REPLACE FUNCTION public.reprocess_failures(items jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
 SET statement_timeout TO '5min'
AS $function$ select private.reprocess_failures(items) $function$;

CREATE OR REPLACE FUNCTION public.request_dialer_export(selection jsonb, campaign_id bigint, campaign_name text DEFAULT ''::text, list_name text DEFAULT ''::text, weight integer DEFAULT 1)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$
    select private.request_dialer_export(
        selection, campaign_id, campaign_name, list_name, weight
    )
$function$;

CREATE OR REPLACE FUNCTION public.resume_dialer_export(export_id uuid)
 RETURNS text
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.resume_dialer_export(export_id) $function$;

CREATE OR REPLACE FUNCTION public.retry_message_batch(batch_id uuid)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO ''
 SET statement_timeout TO '5min'
AS $function$ select private.retry_message_batch(batch_id) $function$;

CREATE OR REPLACE FUNCTION public.revoke_membership(membership_id uuid, hand_to uuid DEFAULT NULL::uuid)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.revoke_membership(membership_id, hand_to) $function$;

CREATE OR REPLACE FUNCTION public.rotate_webhook_key(provider public.provider_name, ends_old_now boolean DEFAULT false)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.rotate_webhook_key(provider, ends_old_now) $function$;

CREATE OR REPLACE FUNCTION public.save_dialer_agent(agent_id bigint, user_id uuid, agent_name text DEFAULT NULL::text, extension text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
    perform private.require_role('admin');
    delete from public.dialer_agents as seat
    where seat.tenant_id = private.tenant_id()
      and (seat.agent_id = save_dialer_agent.agent_id or seat.user_id = save_dialer_agent.user_id);
    if save_dialer_agent.user_id is not null then
        insert into public.dialer_agents (agent_id, user_id, agent_name, extension)
        values (
            save_dialer_agent.agent_id, save_dialer_agent.user_id,
            left(save_dialer_agent.agent_name, 200), nullif(save_dialer_agent.extension, '')
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION public.save_dialer_qualification(campaign_id bigint, disposition_type text, qualification_id bigint, qualification_name text DEFAULT ''::text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
    perform private.require_role('admin');
    delete from public.dialer_qualifications as word
    where word.tenant_id = private.tenant_id()
      and word.campaign_id = save_dialer_qualification.campaign_id
      and word.disposition_type = save_dialer_qualification.disposition_type;
    if save_dialer_qualification.qualification_id is not null then
        insert into public.dialer_qualifications
            (campaign_id, disposition_type, qualification_id, qualification_name)
        values (
            save_dialer_qualification.campaign_id, save_dialer_qualification.disposition_type,
            save_dialer_qualification.qualification_id,
            left(save_dialer_qualification.qualification_name, 200)
        );
    end if;
end;
$function$;

CREATE OR REPLACE FUNCTION public.save_disposition_type(key text, fields jsonb)
 RETURNS text
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.save_disposition_type(key, fields) $function$;

CREATE OR REPLACE FUNCTION public.save_rule(rule_id uuid, definition jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.save_rule(rule_id, definition) $function$;

CREATE OR REPLACE FUNCTION public.save_sender(sender jsonb)
 RETURNS uuid
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.save_sender(sender) $function$;

CREATE OR REPLACE FUNCTION public.save_team(team jsonb)
 RETURNS uuid
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.save_team(team) $function$;

CREATE OR REPLACE FUNCTION public.send_chat_message(conversation_id uuid, message_id uuid, body text DEFAULT NULL::text, template_id uuid DEFAULT NULL::uuid)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.send_chat_message(conversation_id, message_id, body, template_id) $function$;

CREATE OR REPLACE FUNCTION public.set_member_scope(membership_id uuid, creditor_ids uuid[] DEFAULT NULL::uuid[])
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.set_member_scope(membership_id, creditor_ids) $function$;

CREATE OR REPLACE FUNCTION public.set_rule_enabled(rule_id uuid, is_enabled boolean)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.set_rule_enabled(rule_id, is_enabled) $function$;

CREATE OR REPLACE FUNCTION public.set_sender_state(sender_id uuid, state public.sender_state)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.set_sender_state(sender_id, state) $function$;

CREATE OR REPLACE FUNCTION public.take_conversation(conversation_id uuid, user_id uuid DEFAULT auth.uid())
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.take_conversation(conversation_id, user_id) $function$;

CREATE OR REPLACE FUNCTION public.take_over_service(client_id uuid, reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.take_over_service(client_id, reason) $function$;

CREATE OR REPLACE FUNCTION public.undo_disposition(disposition_id uuid)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
AS $function$ select private.undo_disposition(disposition_id) $function$;

ALTER TABLE "private"."batch_moves" ADD CONSTRAINT "batch_moves_pkey" PRIMARY KEY (from_status, to_status);

ALTER TABLE "private"."client_offers" ADD CONSTRAINT "client_offers_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."client_offers" ADD CONSTRAINT "client_offers_operator_fkey" FOREIGN KEY (operator_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE "private"."dialer_tasks" ADD CONSTRAINT "dialer_tasks_integration_fkey" FOREIGN KEY (tenant_id, integration_id) REFERENCES public.integrations(tenant_id, id);

ALTER TABLE "private"."download_tickets" ADD CONSTRAINT "download_tickets_purpose_is_known" CHECK ((purpose = ANY (ARRAY['portfolio-export'::text, 'portfolio-rejects'::text, 'batch-results'::text])));

ALTER TABLE "private"."import_rollbacks" ADD CONSTRAINT "import_rollbacks_import_fkey" FOREIGN KEY (tenant_id, import_id) REFERENCES public.imports(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."import_touches" ADD CONSTRAINT "import_touches_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."import_touches" ADD CONSTRAINT "import_touches_import_fkey" FOREIGN KEY (tenant_id, import_id) REFERENCES public.imports(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."panel_days" ADD CONSTRAINT "panel_days_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_dirty" ADD CONSTRAINT "panel_dirty_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_facts" ADD CONSTRAINT "panel_facts_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."panel_reach" ADD CONSTRAINT "panel_reach_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "private"."rollback_chunks" ADD CONSTRAINT "rollback_chunks_rollback_fkey" FOREIGN KEY (tenant_id, import_id) REFERENCES private.import_rollbacks(tenant_id, import_id) ON DELETE CASCADE;

ALTER TABLE "private"."rule_sweeps" ADD CONSTRAINT "rule_sweeps_rule_fkey" FOREIGN KEY (tenant_id, rule_id) REFERENCES public.collection_rules(tenant_id, id);

ALTER TABLE "private"."whatsapp_forms" ADD CONSTRAINT "whatsapp_forms_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "public"."automation_runs" ADD CONSTRAINT "automation_runs_have_one_target" CHECK (((num_nonnulls(disposition_id, target_id) = 1) AND ((target_id IS NULL) = (on_date IS NULL))));

ALTER TABLE "public"."automation_runs" ADD CONSTRAINT "automation_runs_one_per_day" UNIQUE (rule_id, target_id, on_date);

ALTER TABLE "public"."batch_recipients" ADD CONSTRAINT "batch_recipients_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id);

ALTER TABLE "public"."batch_recipients" ADD CONSTRAINT "batch_recipients_message_fkey" FOREIGN KEY (tenant_id, message_id) REFERENCES public.message_logs(tenant_id, id);

ALTER TABLE "public"."call_sweeps" ADD CONSTRAINT "call_sweeps_integration_fkey" FOREIGN KEY (tenant_id, integration_id) REFERENCES public.integrations(tenant_id, id);

ALTER TABLE "public"."callbacks" ADD CONSTRAINT "callbacks_cancelled_has_reason" CHECK (((cancel_reason IS NULL) OR ((status = 'cancelled'::public.callback_status) AND (btrim(cancel_reason) <> ''::text))));

ALTER TABLE "public"."callbacks" ADD CONSTRAINT "callbacks_kept_by_fkey" FOREIGN KEY (tenant_id, kept_by) REFERENCES public.call_dispositions(tenant_id, id);

ALTER TABLE "public"."callbacks" ADD CONSTRAINT "callbacks_released_from_fkey" FOREIGN KEY (released_from) REFERENCES auth.users(id);

ALTER TABLE "public"."calls" ADD CONSTRAINT "calls_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id);

ALTER TABLE "public"."calls" ADD CONSTRAINT "calls_disposition_fkey" FOREIGN KEY (tenant_id, disposition_id) REFERENCES public.call_dispositions(tenant_id, id);

ALTER TABLE "public"."calls" ADD CONSTRAINT "calls_integration_fkey" FOREIGN KEY (tenant_id, integration_id) REFERENCES public.integrations(tenant_id, id);

ALTER TABLE "public"."calls" ADD CONSTRAINT "calls_operator_fkey" FOREIGN KEY (operator_id) REFERENCES auth.users(id);

ALTER TABLE "public"."calls" ADD CONSTRAINT "calls_outcome_type_fkey" FOREIGN KEY (tenant_id, outcome_type) REFERENCES public.disposition_types(tenant_id, key);

ALTER TABLE "private"."dialer_tasks" ADD CONSTRAINT "dialer_tasks_call_fkey" FOREIGN KEY (tenant_id, call_id) REFERENCES public.calls(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."client_services" ADD CONSTRAINT "client_services_call_fkey" FOREIGN KEY (tenant_id, call_id) REFERENCES public.calls(tenant_id, id);

ALTER TABLE "public"."client_services" ADD CONSTRAINT "client_services_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."client_services" ADD CONSTRAINT "client_services_operator_fkey" FOREIGN KEY (operator_id) REFERENCES auth.users(id);

ALTER TABLE "public"."client_services" ADD CONSTRAINT "client_services_taken_from_fkey" FOREIGN KEY (taken_from) REFERENCES auth.users(id);

ALTER TABLE "public"."collection_rules" ADD CONSTRAINT "collection_rules_cap_allows_something" CHECK (((daily_cap >= 1) AND (daily_cap <= 1000000)));

ALTER TABLE "public"."collection_rules" ADD CONSTRAINT "collection_rules_disposition_is_said" CHECK ((num_nonnulls(disposition_type, disposition_meaning) =
CASE trigger
    WHEN 'disposition'::public.rule_trigger THEN 1
    ELSE 0
END));

ALTER TABLE "public"."collection_rules" ADD CONSTRAINT "collection_rules_filter_is_object" CHECK ((jsonb_typeof(filter) = 'object'::text));

ALTER TABLE "public"."collection_rules" ADD CONSTRAINT "collection_rules_meaning_is_known" CHECK ((disposition_meaning = ANY (ARRAY['human_answered'::text, 'right_party'::text, 'is_callback'::text, 'unworkable'::text, 'opens_negotiation'::text])));

ALTER TABLE "public"."collection_rules" ADD CONSTRAINT "collection_rules_offset_is_said" CHECK ((((day_offset IS NOT NULL) = (trigger <> 'disposition'::public.rule_trigger)) AND ((COALESCE(day_offset, 0) >= '-30'::integer) AND (COALESCE(day_offset, 0) <= 1825))));

ALTER TABLE "public"."collection_rules" ADD CONSTRAINT "collection_rules_period_within_a_year" CHECK (((repeat_days >= 1) AND (repeat_days <= 365)));

ALTER TABLE "public"."collection_rules" ADD CONSTRAINT "collection_rules_priority_has_three_digits" CHECK (((priority >= 1) AND (priority <= 999)));

ALTER TABLE "public"."collection_rules" ADD CONSTRAINT "collection_rules_window_is_whole" CHECK (((num_nonnulls(opens, closes) <> 1) AND COALESCE((opens < closes), true)));

ALTER TABLE "public"."conversation_events" ADD CONSTRAINT "conversation_events_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id);

ALTER TABLE "public"."conversations" ADD CONSTRAINT "conversations_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id);

ALTER TABLE "public"."conversations" ADD CONSTRAINT "conversations_owner_fkey" FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE SET NULL;

ALTER TABLE "public"."conversation_events" ADD CONSTRAINT "conversation_events_conversation_fkey" FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE "public"."dialer_agents" ADD CONSTRAINT "dialer_agents_user_fkey" FOREIGN KEY (user_id) REFERENCES auth.users(id);

ALTER TABLE "public"."dialer_export_rows" ADD CONSTRAINT "dialer_export_rows_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id);

ALTER TABLE "public"."dialer_export_rows" ADD CONSTRAINT "dialer_export_rows_say_why" CHECK (((status <> ALL (ARRAY['excluded'::public.dialer_row_status, 'filtered'::public.dialer_row_status])) OR (reason IS NOT NULL)));

ALTER TABLE "public"."dialer_exports" ADD CONSTRAINT "dialer_exports_integration_fkey" FOREIGN KEY (tenant_id, integration_id) REFERENCES public.integrations(tenant_id, id);

ALTER TABLE "private"."dialer_tasks" ADD CONSTRAINT "dialer_tasks_export_fkey" FOREIGN KEY (tenant_id, export_id) REFERENCES public.dialer_exports(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."dialer_export_rows" ADD CONSTRAINT "dialer_export_rows_export_fkey" FOREIGN KEY (tenant_id, export_id) REFERENCES public.dialer_exports(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."disposition_types" ADD CONSTRAINT "disposition_types_color_is_of_palette" CHECK ((color = ANY (ARRAY['gray'::text, 'orange'::text, 'red'::text, 'blue'::text, 'green'::text, 'teal'::text, 'violet'::text, 'yellow'::text])));

ALTER TABLE "public"."disposition_types" ADD CONSTRAINT "disposition_types_label_is_short" CHECK ((length(label) <= 40));

ALTER TABLE "public"."disposition_undos" ADD CONSTRAINT "disposition_undos_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id);

ALTER TABLE "public"."disposition_undos" ADD CONSTRAINT "disposition_undos_disposition_fkey" FOREIGN KEY (tenant_id, disposition_id) REFERENCES public.call_dispositions(tenant_id, id);

ALTER TABLE "public"."disposition_undos" ADD CONSTRAINT "disposition_undos_undone_by_fkey" FOREIGN KEY (undone_by) REFERENCES auth.users(id);

ALTER TABLE "public"."imports" ADD CONSTRAINT "imports_file_name_is_short" CHECK ((length(file_name) <= 255));

ALTER TABLE "public"."integrations" ADD CONSTRAINT "integrations_previous_key_is_unique" UNIQUE (previous_key_hash);

ALTER TABLE "public"."memberships" ADD CONSTRAINT "memberships_creditors_are_some" CHECK ((cardinality(creditor_ids) > 0));

ALTER TABLE "public"."message_batches" ADD CONSTRAINT "message_batches_cancelled_by_fkey" FOREIGN KEY (cancelled_by) REFERENCES auth.users(id);

ALTER TABLE "public"."message_batches" ADD CONSTRAINT "message_batches_confirmed_by_fkey" FOREIGN KEY (confirmed_by) REFERENCES auth.users(id);

ALTER TABLE "public"."message_batches" ADD CONSTRAINT "message_batches_created_by_fkey" FOREIGN KEY (created_by) REFERENCES auth.users(id);

ALTER TABLE "public"."message_batches" ADD CONSTRAINT "message_batches_ends_with_time" CHECK (((finished_at IS NOT NULL) = (status = ANY (ARRAY['done'::public.batch_status, 'cancelled'::public.batch_status]))));

ALTER TABLE "public"."message_batches" ADD CONSTRAINT "message_batches_template_fkey" FOREIGN KEY (tenant_id, template_id) REFERENCES public.message_templates(tenant_id, id);

ALTER TABLE "public"."message_batches" ADD CONSTRAINT "message_batches_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "public"."batch_recipients" ADD CONSTRAINT "batch_recipients_batch_fkey" FOREIGN KEY (tenant_id, batch_id) REFERENCES public.message_batches(tenant_id, id);

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_batch_fkey" FOREIGN KEY (tenant_id, batch_id) REFERENCES public.message_batches(tenant_id, id);

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_conversation_fkey" FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_media_is_object" CHECK ((jsonb_typeof(media) = 'object'::text));

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_one_per_recipient" UNIQUE (batch_id, client_id);

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_other_form_fkey" FOREIGN KEY (tenant_id, other_form_of) REFERENCES public.message_logs(tenant_id, id);

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_other_form_once" UNIQUE (tenant_id, other_form_of);

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_out_has_a_number" CHECK (((direction = 'in'::public.message_direction) OR (phone IS NOT NULL)));

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_retried_batch_fkey" FOREIGN KEY (tenant_id, retried_batch_id) REFERENCES public.message_batches(tenant_id, id);

ALTER TABLE "public"."message_media" ADD CONSTRAINT "message_media_kept_is_whole" CHECK (((status = 'kept'::public.media_status) = ((kept_at IS NOT NULL) AND (size_bytes IS NOT NULL))));

ALTER TABLE "public"."message_media" ADD CONSTRAINT "message_media_message_fkey" FOREIGN KEY (tenant_id, message_id) REFERENCES public.message_logs(tenant_id, id);

ALTER TABLE "private"."media_files" ADD CONSTRAINT "media_files_media_fkey" FOREIGN KEY (tenant_id, message_id) REFERENCES public.message_media(tenant_id, message_id);

ALTER TABLE "public"."message_templates" ADD CONSTRAINT "message_templates_are_unique" UNIQUE (tenant_id, provider, provider_template_id);

ALTER TABLE "public"."message_templates" ADD CONSTRAINT "message_templates_header_link_is_public" CHECK (((header_link ~ '^https://[^[:space:]]+$'::text) AND ((length(header_link) >= 12) AND (length(header_link) <= 2000))));

ALTER TABLE "public"."message_templates" ADD CONSTRAINT "message_templates_header_name_is_short" CHECK (((length(btrim(header_name)) >= 1) AND (length(btrim(header_name)) <= 100)));

ALTER TABLE "public"."message_templates" ADD CONSTRAINT "message_templates_name_is_unique" UNIQUE (tenant_id, provider, name, language);

ALTER TABLE "public"."rule_dry_run_lines" ADD CONSTRAINT "rule_dry_run_lines_client_fkey" FOREIGN KEY (tenant_id, client_id) REFERENCES public.clients(tenant_id, id);

ALTER TABLE "public"."rule_dry_runs" ADD CONSTRAINT "rule_dry_runs_created_by_fkey" FOREIGN KEY (created_by) REFERENCES auth.users(id);

ALTER TABLE "public"."rule_dry_runs" ADD CONSTRAINT "rule_dry_runs_rule_fkey" FOREIGN KEY (tenant_id, rule_id) REFERENCES public.collection_rules(tenant_id, id);

ALTER TABLE "public"."rule_dry_run_lines" ADD CONSTRAINT "rule_dry_run_lines_dry_run_fkey" FOREIGN KEY (tenant_id, dry_run_id) REFERENCES public.rule_dry_runs(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."rule_steps" ADD CONSTRAINT "rule_steps_rule_fkey" FOREIGN KEY (tenant_id, rule_id) REFERENCES public.collection_rules(tenant_id, id);

ALTER TABLE "public"."rule_steps" ADD CONSTRAINT "rule_steps_template_fkey" FOREIGN KEY (tenant_id, template_id) REFERENCES public.message_templates(tenant_id, id);

ALTER TABLE "public"."rule_versions" ADD CONSTRAINT "rule_versions_edited_by_fkey" FOREIGN KEY (edited_by) REFERENCES auth.users(id);

ALTER TABLE "public"."rule_versions" ADD CONSTRAINT "rule_versions_rule_fkey" FOREIGN KEY (tenant_id, rule_id) REFERENCES public.collection_rules(tenant_id, id);

ALTER TABLE "public"."senders" ADD CONSTRAINT "senders_integration_fkey" FOREIGN KEY (tenant_id, integration_id) REFERENCES public.integrations(tenant_id, id);

ALTER TABLE "public"."senders" ADD CONSTRAINT "senders_pause_has_a_reason" CHECK (((state = 'paused'::public.sender_state) = (paused_reason IS NOT NULL)));

ALTER TABLE "private"."sender_buckets" ADD CONSTRAINT "sender_buckets_sender_fkey" FOREIGN KEY (tenant_id, sender_id) REFERENCES public.senders(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."conversations" ADD CONSTRAINT "conversations_sender_fkey" FOREIGN KEY (tenant_id, sender_id) REFERENCES public.senders(tenant_id, id);

ALTER TABLE "public"."message_batches" ADD CONSTRAINT "message_batches_sender_fkey" FOREIGN KEY (tenant_id, sender_id) REFERENCES public.senders(tenant_id, id);

ALTER TABLE "public"."message_logs" ADD CONSTRAINT "message_logs_sender_fkey" FOREIGN KEY (tenant_id, sender_id) REFERENCES public.senders(tenant_id, id);

ALTER TABLE "public"."team_members" ADD CONSTRAINT "team_members_user_fkey" FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE "public"."teams" ADD CONSTRAINT "teams_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

ALTER TABLE "public"."team_members" ADD CONSTRAINT "team_members_team_fkey" FOREIGN KEY (tenant_id, team_id) REFERENCES public.teams(tenant_id, id);

CREATE INDEX client_offers_of_operator ON private.client_offers USING btree (operator_id);

CREATE INDEX dialer_tasks_of_call ON private.dialer_tasks USING btree (tenant_id, call_id);

CREATE INDEX dialer_tasks_of_export ON private.dialer_tasks USING btree (tenant_id, export_id);

CREATE INDEX dialer_tasks_of_integration ON private.dialer_tasks USING btree (tenant_id, integration_id);

CREATE INDEX import_changes_of_row ON private.import_changes USING btree (tenant_id, row_id) WHERE (row_id IS NOT NULL);

CREATE INDEX import_touches_of_client ON private.import_touches USING btree (tenant_id, client_id, import_id);

CREATE INDEX media_files_of_media ON private.media_files USING btree (tenant_id, message_id);

CREATE INDEX panel_dirty_of_tenant ON private.panel_dirty USING btree (tenant_id, day);

CREATE INDEX provider_events_refused ON private.provider_events USING btree (tenant_id, received_at DESC) WHERE (error IS NOT NULL);

CREATE INDEX rollback_chunks_of_tenant ON private.rollback_chunks USING btree (tenant_id, import_id);

CREATE INDEX rule_sweeps_of_rule ON private.rule_sweeps USING btree (tenant_id, rule_id);

CREATE INDEX sender_buckets_of_sender ON private.sender_buckets USING btree (tenant_id, sender_id);

CREATE INDEX agreement_events_of_breaks ON public.agreement_events USING btree (tenant_id, on_date) WHERE (to_status = 'broken'::public.agreement_status);

CREATE INDEX agreements_by_formalised ON public.agreements USING btree (tenant_id, formalised_at) WHERE (formalised_at IS NOT NULL);

CREATE INDEX audit_log_of_picked ON public.audit_log USING gin (((after #> '{selection,ids}'::text[]))) WHERE (action = 'bulk'::text);

CREATE INDEX automation_runs_by_client_of_rule ON public.automation_runs USING btree (rule_id, client_id) WHERE (status = ANY (ARRAY['running'::public.run_status, 'done'::public.run_status]));

CREATE INDEX automation_runs_sent_by_rule ON public.automation_runs USING btree (rule_id, finished_at) WHERE (status = 'done'::public.run_status);

CREATE INDEX batch_recipients_leased ON public.batch_recipients USING btree (batch_id, lease_until) WHERE (status = 'claimed'::public.recipient_status);

CREATE INDEX batch_recipients_left_out ON public.batch_recipients USING btree (batch_id, client_id) WHERE (status = ANY (ARRAY['skipped'::public.recipient_status, 'excluded'::public.recipient_status]));

CREATE INDEX batch_recipients_of_batch ON public.batch_recipients USING btree (tenant_id, batch_id);

CREATE INDEX batch_recipients_of_client ON public.batch_recipients USING btree (tenant_id, client_id);

CREATE INDEX batch_recipients_of_message ON public.batch_recipients USING btree (tenant_id, message_id);

CREATE INDEX call_dispositions_by_day ON public.call_dispositions USING brin (created_at) WITH (autosummarize='true');

CREATE INDEX call_sweeps_read ON public.call_sweeps USING btree (integration_id, until_at DESC) WHERE (finished_at IS NOT NULL);

CREATE INDEX callbacks_due ON public.callbacks USING btree (tenant_id, due_at, id) WHERE (status = 'scheduled'::public.callback_status);

CREATE INDEX callbacks_kept ON public.callbacks USING btree (tenant_id, kept_by) WHERE (kept_by IS NOT NULL);

CREATE INDEX callbacks_of_anyone ON public.callbacks USING btree (tenant_id, due_at, id) WHERE ((status = 'scheduled'::public.callback_status) AND (operator_id IS NULL));

CREATE INDEX callbacks_of_person ON public.callbacks USING btree (tenant_id, operator_id, due_at, id) WHERE (status = 'scheduled'::public.callback_status);

CREATE INDEX callbacks_released ON public.callbacks USING btree (released_from) WHERE (released_from IS NOT NULL);

CREATE INDEX callbacks_to_release ON public.callbacks USING btree (due_at) WHERE ((status = 'scheduled'::public.callback_status) AND (operator_id IS NOT NULL));

CREATE INDEX callbacks_to_remind ON public.callbacks USING btree (due_at) WHERE ((status = 'scheduled'::public.callback_status) AND (reminded_for IS DISTINCT FROM due_at));

CREATE INDEX calls_by_day ON public.calls USING brin (called_at) WITH (autosummarize='true');

CREATE UNIQUE INDEX calls_by_external_id ON public.calls USING btree (integration_id, external_id) WHERE (external_id IS NOT NULL);

CREATE UNIQUE INDEX calls_by_telephony_id ON public.calls USING btree (integration_id, telephony_id) WHERE (telephony_id IS NOT NULL);

CREATE INDEX calls_of_client ON public.calls USING btree (tenant_id, client_id, called_at DESC);

CREATE INDEX calls_of_integration ON public.calls USING btree (tenant_id, integration_id, called_at DESC);

CREATE INDEX calls_of_operator ON public.calls USING btree (operator_id, called_at DESC);

CREATE INDEX calls_of_outcome ON public.calls USING btree (tenant_id, outcome_type) WHERE (outcome_type IS NOT NULL);

CREATE UNIQUE INDEX calls_one_per_disposition ON public.calls USING btree (tenant_id, disposition_id);

CREATE INDEX client_phones_to_forgive ON public.client_phones USING btree (whatsapp_retry_at) WHERE (whatsapp_retry_at IS NOT NULL);

CREATE INDEX client_services_of_call ON public.client_services USING btree (tenant_id, call_id);

CREATE INDEX client_services_of_operator ON public.client_services USING btree (operator_id);

CREATE INDEX client_services_taken ON public.client_services USING btree (taken_from);

CREATE INDEX conversations_of_client ON public.conversations USING btree (tenant_id, client_id);

CREATE INDEX conversations_of_owner ON public.conversations USING btree (owner_id, tenant_id);

CREATE INDEX conversations_of_sender ON public.conversations USING btree (tenant_id, sender_id);

CREATE UNIQUE INDEX conversations_one_per_user ON public.conversations USING btree (sender_id, business_user_id) WHERE (business_user_id IS NOT NULL);

CREATE INDEX conversations_unread ON public.conversations USING btree (tenant_id, owner_id) WHERE ((unread > 0) AND (ignored_at IS NULL));

CREATE INDEX dialer_agents_of_user ON public.dialer_agents USING btree (user_id);

CREATE INDEX dialer_export_rows_in_the_dialer ON public.dialer_export_rows USING btree (tenant_id, client_id) WHERE (status = ANY (ARRAY['waiting'::public.dialer_row_status, 'loaded'::public.dialer_row_status]));

CREATE INDEX dialer_export_rows_leaving ON public.dialer_export_rows USING btree (export_id, task_id) WHERE (status = 'removing'::public.dialer_row_status);

CREATE INDEX dialer_export_rows_of_client ON public.dialer_export_rows USING btree (tenant_id, client_id, export_id);

CREATE INDEX dialer_export_rows_of_export ON public.dialer_export_rows USING btree (tenant_id, export_id);

CREATE INDEX dialer_export_rows_of_part ON public.dialer_export_rows USING btree (export_id, part) WHERE (part IS NOT NULL);

CREATE INDEX dialer_exports_of_integration ON public.dialer_exports USING btree (tenant_id, integration_id);

CREATE UNIQUE INDEX dialer_exports_once_a_day ON public.dialer_exports USING btree (tenant_id, campaign_id, selection_hash, on_date) WHERE (status <> ALL (ARRAY['failed'::public.dialer_export_status, 'cancelled'::public.dialer_export_status]));

CREATE INDEX disposition_undos_of_client ON public.disposition_undos USING btree (tenant_id, client_id);

CREATE INDEX disposition_undos_of_disposition ON public.disposition_undos USING btree (tenant_id, disposition_id);

CREATE INDEX disposition_undos_of_person ON public.disposition_undos USING btree (undone_by);

CREATE INDEX installments_by_day ON public.installments USING btree (tenant_id, effective_due_on);

CREATE INDEX job_runs_failed ON public.job_runs USING btree (tenant_id, finished_at DESC) WHERE (failures > 0);

CREATE INDEX message_batches_by_sender ON public.message_batches USING btree (tenant_id, sender_id);

CREATE INDEX message_batches_moving ON public.message_batches USING btree (status) WHERE (status = ANY (ARRAY['scheduled'::public.batch_status, 'sending'::public.batch_status]));

CREATE INDEX message_batches_of_author ON public.message_batches USING btree (created_by);

CREATE INDEX message_batches_of_canceller ON public.message_batches USING btree (cancelled_by);

CREATE INDEX message_batches_of_confirmer ON public.message_batches USING btree (confirmed_by);

CREATE INDEX message_batches_of_template ON public.message_batches USING btree (tenant_id, template_id);

CREATE INDEX message_logs_by_day ON public.message_logs USING brin (submitted_at) WITH (autosummarize='true');

CREATE INDEX message_logs_failed_of_batch ON public.message_logs USING btree (batch_id, client_id) WHERE ((status = ANY (ARRAY['failed'::public.message_status, 'unknown'::public.message_status])) AND (batch_id IS NOT NULL));

CREATE INDEX message_logs_failed ON public.message_logs USING btree (tenant_id, failed_at DESC) WHERE ((status = 'failed'::public.message_status) AND (direction = 'out'::public.message_direction) AND (automation_run_id IS NULL) AND (retried_run_id IS NULL) AND (batch_id IS NULL));

CREATE INDEX message_logs_of_batch ON public.message_logs USING btree (tenant_id, batch_id, id) WHERE (batch_id IS NOT NULL);

CREATE INDEX message_logs_of_conversation ON public.message_logs USING btree (tenant_id, conversation_id, created_at DESC, id DESC) WHERE (conversation_id IS NOT NULL);

CREATE INDEX message_logs_of_retried_batch ON public.message_logs USING btree (tenant_id, retried_batch_id) WHERE (retried_batch_id IS NOT NULL);

CREATE INDEX message_logs_of_sender ON public.message_logs USING btree (tenant_id, sender_id);

CREATE INDEX message_logs_unknown ON public.message_logs USING btree (sending_at) WHERE ((status = ANY (ARRAY['sending'::public.message_status, 'unknown'::public.message_status])) AND (batch_id IS NOT NULL));

CREATE INDEX notifications_of_callback ON public.notifications USING btree (((payload ->> 'callback_id'::text))) WHERE ((kind = 'callback_due'::text) AND (read_at IS NULL));

CREATE INDEX notifications_unread ON public.notifications USING btree (user_id, tenant_id) WHERE (read_at IS NULL);

CREATE INDEX rule_dry_run_lines_of_client ON public.rule_dry_run_lines USING btree (tenant_id, client_id);

CREATE INDEX rule_dry_run_lines_of_dry_run ON public.rule_dry_run_lines USING btree (tenant_id, dry_run_id, verdict, place);

CREATE INDEX rule_dry_runs_of_author ON public.rule_dry_runs USING btree (created_by);

CREATE INDEX rule_dry_runs_of_rule ON public.rule_dry_runs USING btree (tenant_id, rule_id, version, frozen_at DESC);

CREATE INDEX rule_steps_of_rule ON public.rule_steps USING btree (tenant_id, rule_id);

CREATE INDEX rule_steps_of_template ON public.rule_steps USING btree (tenant_id, template_id);

CREATE INDEX rule_versions_of_editor ON public.rule_versions USING btree (edited_by);

CREATE INDEX rule_versions_of_rule ON public.rule_versions USING btree (tenant_id, rule_id);

CREATE INDEX senders_of_integration ON public.senders USING btree (tenant_id, integration_id);

CREATE UNIQUE INDEX senders_one_default ON public.senders USING btree (tenant_id) WHERE is_default;

CREATE INDEX team_members_of_user ON public.team_members USING btree (user_id, tenant_id);

CREATE UNIQUE INDEX teams_one_alive_per_name ON public.teams USING btree (tenant_id, lower(name)) WHERE (archived_at IS NULL);

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.agenda_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.agenda_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.agenda_policies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _300_notify AFTER INSERT ON public.agreement_events REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_agreement_events__notify();

CREATE TRIGGER _700_panel_insert AFTER INSERT ON public.agreement_events REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_agreement_events__panel();

CREATE TRIGGER _400_own_talks AFTER INSERT ON public.agreements REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_agreements__own_talks();

CREATE TRIGGER _410_leave_dialer_insert AFTER INSERT ON public.agreements REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_agreements__leave_dialer();

CREATE TRIGGER _410_leave_dialer_update AFTER UPDATE ON public.agreements REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_agreements__leave_dialer();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.agreements REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_agreements__panel();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.automation_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.automation_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.automation_policies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _300_count_insert AFTER INSERT ON public.batch_recipients REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_batch_recipients__count();

CREATE TRIGGER _300_count_update AFTER UPDATE ON public.batch_recipients REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_batch_recipients__count();

CREATE TRIGGER _600_qualify AFTER INSERT ON public.call_dispositions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_call_dispositions__qualify();

CREATE TRIGGER _400_quiet_reminders AFTER UPDATE ON public.callbacks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_callbacks__quiet_reminders();

CREATE TRIGGER _500_broadcast_insert AFTER INSERT ON public.callbacks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_callbacks__broadcast();

CREATE TRIGGER _500_broadcast AFTER UPDATE ON public.callbacks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_callbacks__broadcast();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.callbacks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('reminded_for');

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.callbacks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('reminded_for');

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.callbacks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('reminded_for');

CREATE TRIGGER _200_broadcast_insert AFTER INSERT ON public.calls REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_broadcast('call_changed');

CREATE TRIGGER _200_broadcast_update AFTER UPDATE ON public.calls REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_calls__broadcast();

CREATE TRIGGER _700_panel_insert AFTER INSERT ON public.calls REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_calls__panel();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.calls REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_calls__panel();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.canned_replies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.canned_replies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.canned_replies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.client_tags REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.client_tags REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.client_tags REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _410_leave_dialer AFTER UPDATE ON public.clients REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_clients__leave_dialer();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.contact_caps REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.contact_caps REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.contact_caps REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _500_broadcast_insert AFTER INSERT ON public.conversations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_conversations__broadcast();

CREATE TRIGGER _500_broadcast_update AFTER UPDATE ON public.conversations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_conversations__broadcast();

CREATE TRIGGER _700_panel_delete AFTER DELETE ON public.debts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_debts__panel();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.dialer_agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.dialer_agents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.dialer_agents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _100_touch_updated_at BEFORE UPDATE ON public.dialer_exports FOR EACH ROW EXECUTE FUNCTION private.tg_touch_updated_at();

CREATE TRIGGER _200_broadcast_insert AFTER INSERT ON public.dialer_exports REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_dialer_exports__broadcast();

CREATE TRIGGER _200_broadcast_update AFTER UPDATE ON public.dialer_exports REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_dialer_exports__broadcast();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.dialer_qualifications REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.dialer_qualifications REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.dialer_qualifications REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _300_keep_whole_delete AFTER DELETE ON public.disposition_types REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_disposition_types__keep_whole();

CREATE TRIGGER _300_keep_whole_update AFTER UPDATE ON public.disposition_types REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_disposition_types__keep_whole();

CREATE TRIGGER _300_tell_insert AFTER INSERT ON public.disposition_types REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_disposition_types__tell();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.disposition_types REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_disposition_types__panel();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.imports REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('phase', 'rows_read', 'rows_valid', 'rows_written', 'rows_total', 'rows_per_second', 'seconds_left', 'answer', 'differences', 'writing_at', 'undo_done', 'undo_total', 'rolled_back');

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.installments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_installments__panel();

CREATE TRIGGER _300_sender_insert AFTER INSERT ON public.integrations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_integrations__sender();

CREATE TRIGGER _300_sender_update AFTER UPDATE ON public.integrations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_integrations__sender();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.integrations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('last_event_at', 'awaiting_since', 'paused_until');

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.integrations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('last_event_at', 'awaiting_since', 'paused_until');

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.integrations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('last_event_at', 'awaiting_since', 'paused_until');

CREATE TRIGGER _300_release_callbacks AFTER UPDATE ON public.memberships REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_memberships__release_callbacks();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.message_batches REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('last_progress_at', 'rate_per_second', 'alerted_at');

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.message_batches REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('last_progress_at', 'rate_per_second', 'alerted_at');

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.message_batches REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('last_progress_at', 'rate_per_second', 'alerted_at');

CREATE TRIGGER _100_conversation BEFORE INSERT ON public.message_logs FOR EACH ROW WHEN (((new.direction = 'out'::public.message_direction) AND (new.batch_id IS NULL))) EXECUTE FUNCTION private.tg_message_logs__conversation();

CREATE TRIGGER _300_count_insert AFTER INSERT ON public.message_logs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_message_logs__count();

CREATE TRIGGER _300_count_update AFTER UPDATE ON public.message_logs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_message_logs__count();

CREATE TRIGGER _400_own AFTER INSERT ON public.message_logs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_message_logs__own();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.message_logs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_message_logs__panel();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.message_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.message_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.message_policies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _050_preferences BEFORE INSERT ON public.notifications FOR EACH ROW EXECUTE FUNCTION private.tg_notifications__preferences();

CREATE TRIGGER _700_panel_insert AFTER INSERT ON public.payment_allocations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_payment_allocations__panel();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.rate_cards REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.rate_cards REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.rate_cards REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _300_notify AFTER UPDATE ON public.reconciliations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_reconciliations__notify();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.senders REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('paused_until');

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.senders REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('paused_until');

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.senders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit('paused_until');

CREATE TRIGGER _410_leave_dialer AFTER INSERT ON public.suppressions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_suppressions__leave_dialer();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.team_members REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.team_members REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.team_members REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.teams REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.teams REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.teams REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_delete AFTER DELETE ON public.tenant_calling_windows REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_insert AFTER INSERT ON public.tenant_calling_windows REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _900_audit_update AFTER UPDATE ON public.tenant_calling_windows REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_audit();

CREATE TRIGGER _700_panel_update AFTER UPDATE ON public.tenants REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_tenants__panel();

CREATE POLICY "agreement_debts_select_member" ON "public"."agreement_debts" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.agreements
  WHERE (agreements.id = agreement_debts.agreement_id))))));

CREATE POLICY "agreement_events_select_member" ON "public"."agreement_events" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.agreements
  WHERE (agreements.id = agreement_events.agreement_id))))));

CREATE POLICY "agreements_select_member" ON "public"."agreements" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (creditor_id = ANY (( SELECT private.creditor_scope() AS creditor_scope)::uuid[])))));

CREATE POLICY "automation_runs_select_member" ON "public"."automation_runs" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = automation_runs.client_id))))));

CREATE POLICY "batch_recipients_select_member" ON "public"."batch_recipients" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = batch_recipients.client_id))))));

CREATE POLICY "call_dispositions_insert_self" ON "public"."call_dispositions" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (operator_id = ( SELECT auth.uid() AS uid)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = call_dispositions.client_id))))));

CREATE POLICY "call_dispositions_select_member" ON "public"."call_dispositions" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = call_dispositions.client_id))))));

CREATE POLICY "call_sweeps_select_supervisor" ON "public"."call_sweeps" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "callbacks_select_member" ON "public"."callbacks" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = callbacks.client_id))))));

CREATE POLICY "calls_select_member" ON "public"."calls" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (client_id IS NULL) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = calls.client_id))))));

CREATE POLICY "charges_select_member" ON "public"."charges" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.agreements
  WHERE (agreements.id = charges.agreement_id))))));

CREATE POLICY "client_addresses_delete_supervisor" ON "public"."client_addresses" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_addresses.client_id))))));

CREATE POLICY "client_addresses_insert_supervisor" ON "public"."client_addresses" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_addresses.client_id))))));

CREATE POLICY "client_addresses_select_member" ON "public"."client_addresses" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_addresses.client_id))))));

CREATE POLICY "client_addresses_update_supervisor" ON "public"."client_addresses" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_addresses.client_id)))))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_addresses.client_id))))));

CREATE POLICY "client_assignments_select_member" ON "public"."client_assignments" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_assignments.client_id))))));

CREATE POLICY "client_phones_delete_supervisor" ON "public"."client_phones" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_phones.client_id))))));

CREATE POLICY "client_phones_insert_supervisor" ON "public"."client_phones" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_phones.client_id))))));

CREATE POLICY "client_phones_select_member" ON "public"."client_phones" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_phones.client_id))))));

CREATE POLICY "client_phones_update_supervisor" ON "public"."client_phones" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_phones.client_id)))))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_phones.client_id))))));

CREATE POLICY "client_services_select_member" ON "public"."client_services" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_services.client_id))))));

CREATE POLICY "client_tags_delete_member" ON "public"."client_tags" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_tags.client_id))))));

CREATE POLICY "client_tags_insert_member" ON "public"."client_tags" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (created_by = ( SELECT auth.uid() AS uid)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_tags.client_id))))));

CREATE POLICY "client_tags_select_member" ON "public"."client_tags" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = client_tags.client_id))))));

CREATE POLICY "clients_insert_supervisor" ON "public"."clients" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (creditor_ids && ( SELECT private.creditor_scope() AS creditor_scope)))));

CREATE POLICY "clients_select_member" ON "public"."clients" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (creditor_ids && ( SELECT private.creditor_scope() AS creditor_scope)))));

CREATE POLICY "clients_update_supervisor" ON "public"."clients" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (creditor_ids && ( SELECT private.creditor_scope() AS creditor_scope))))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (creditor_ids && ( SELECT private.creditor_scope() AS creditor_scope)))));

CREATE POLICY "conversation_events_select_member" ON "public"."conversation_events" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (client_id IS NULL) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = conversation_events.client_id))))));

CREATE POLICY "conversations_select_member" ON "public"."conversations" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (client_id IS NULL) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = conversations.client_id))))));

CREATE POLICY "creditors_select_member" ON "public"."creditors" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (id = ANY (( SELECT private.creditor_scope() AS creditor_scope)::uuid[])))));

CREATE POLICY "debt_marks_select_member" ON "public"."debt_marks" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.debts
  WHERE (debts.id = debt_marks.debt_id))))));

CREATE POLICY "debts_select_member" ON "public"."debts" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (creditor_id = ANY (( SELECT private.creditor_scope() AS creditor_scope)::uuid[])))));

CREATE POLICY "dialer_export_rows_select_supervisor" ON "public"."dialer_export_rows" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = dialer_export_rows.client_id))))));

CREATE POLICY "dialer_exports_select_supervisor" ON "public"."dialer_exports" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "disposition_undos_select_member" ON "public"."disposition_undos" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = disposition_undos.client_id))))));

CREATE POLICY "import_rejects_select_supervisor" ON "public"."import_rejects" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.imports
  WHERE (imports.id = import_rejects.import_id))))));

CREATE POLICY "imports_select_member" ON "public"."imports" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (creditor_id = ANY (( SELECT private.creditor_scope() AS creditor_scope)::uuid[])))));

CREATE POLICY "installments_select_member" ON "public"."installments" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.agreements
  WHERE (agreements.id = installments.agreement_id))))));

CREATE POLICY "manual_settlements_select_member" ON "public"."manual_settlements" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = manual_settlements.client_id))))));

CREATE POLICY "message_batches_select_member" ON "public"."message_batches" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "message_logs_select_member" ON "public"."message_logs" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (client_id IS NULL) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = message_logs.client_id))))));

CREATE POLICY "message_media_select_member" ON "public"."message_media" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.message_logs
  WHERE (message_logs.id = message_media.message_id))))));

CREATE POLICY "negotiation_drafts_delete_own" ON "public"."negotiation_drafts" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = negotiation_drafts.client_id))))));

CREATE POLICY "negotiation_drafts_insert_own" ON "public"."negotiation_drafts" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = negotiation_drafts.client_id))))));

CREATE POLICY "negotiation_drafts_select_own" ON "public"."negotiation_drafts" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = negotiation_drafts.client_id))))));

CREATE POLICY "negotiation_drafts_update_own" ON "public"."negotiation_drafts" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = negotiation_drafts.client_id)))))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = negotiation_drafts.client_id))))));

CREATE POLICY "payment_allocations_select_member" ON "public"."payment_allocations" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.payments
  WHERE (payments.id = payment_allocations.payment_id))))));

CREATE POLICY "payment_cases_select_member" ON "public"."payment_cases" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = payment_cases.client_id))))));

CREATE POLICY "payment_courses_select_member" ON "public"."payment_courses" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.payments
  WHERE (payments.id = payment_courses.payment_id))))));

CREATE POLICY "payment_reversals_select_member" ON "public"."payment_reversals" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.payments
  WHERE (payments.id = payment_reversals.payment_id))))));

CREATE POLICY "payments_select_member" ON "public"."payments" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR ((EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = payments.client_id))) AND ((charge_id IS NULL) OR (EXISTS ( SELECT
   FROM public.charges
  WHERE (charges.id = payments.charge_id))))))));

CREATE POLICY "rule_dry_run_lines_select_supervisor" ON "public"."rule_dry_run_lines" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = rule_dry_run_lines.client_id))))));

CREATE POLICY "rule_dry_runs_select_supervisor" ON "public"."rule_dry_runs" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "rule_steps_select_member" ON "public"."rule_steps" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "rule_versions_select_member" ON "public"."rule_versions" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "senders_select_member" ON "public"."senders" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "suppressions_delete_admin" ON "public"."suppressions" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role) AND (( SELECT private.sees_everything() AS sees_everything) OR (client_id IS NULL) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = suppressions.client_id))))));

CREATE POLICY "suppressions_insert_member" ON "public"."suppressions" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (client_id IS NULL) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = suppressions.client_id))))));

CREATE POLICY "suppressions_select_member" ON "public"."suppressions" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (( SELECT private.sees_everything() AS sees_everything) OR (client_id IS NULL) OR (EXISTS ( SELECT
   FROM public.clients
  WHERE (clients.id = suppressions.client_id))))));

CREATE POLICY "team_members_select_member" ON "public"."team_members" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "teams_select_member" ON "public"."teams" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

COMMENT ON FUNCTION "private"."begin_batch_messages"(uuid[], integer[]) IS 'The ids that may be sent, each exactly once per attempt; commit, then call the provider.';

COMMENT ON FUNCTION "private"."begin_dialer_task"(uuid, integer) IS 'True exactly once per attempt; commit, then call the provider.';

COMMENT ON FUNCTION "private"."capped_until"(uuid, uuid, public.channel, timestamp with time zone) IS 'The instant at which the agency''s caps allow the next attempt; null: now.';

COMMENT ON FUNCTION "private"."claim_batch_messages"(integer, integer, uuid) IS 'Messages to send, leased for lease_seconds (product time). Commit, begin, and send each no earlier
than starts_in seconds after the claim and gap seconds after the last of its sender. Empty: nothing
is due, or no sender may send this moment (ask batch_pause).';

COMMENT ON FUNCTION "private"."claim_dialer_tasks"(integer, integer) IS 'Tasks leased for lease_seconds; commit, then begin each. body by kind: list {campaign_id, name};
part {campaign_id, list_id}; file {campaign_id, name}; weight {campaign_id, list_ids, weight};
remove {campaign_id}; qualify {agent_id, call_id, mode, qualification_id, note}.';

COMMENT ON FUNCTION "private"."claim_media"(integer, integer) IS 'Files to fetch now, leased for lease_seconds. Commit before fetching.';

COMMENT ON FUNCTION "private"."contact_decision"(uuid, uuid, public.channel, timestamp with time zone) IS 'reason: null | outside_hours | attempt_cap | suppressed. next_allowed_at is `at` when allowed, null
when never.';

COMMENT ON FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer) IS 'Lawful intervals [opens_at, closes_at) in a state (null: not known) from the local day of `since`,
for that many days.';

COMMENT ON FUNCTION "private"."creditor_scope"() IS 'Creditors the caller is limited to; null for everybody who is not.';

COMMENT ON FUNCTION "private"."dialer_account"() IS 'Supervisor. PT409 dialer_not_connected.';

COMMENT ON FUNCTION "private"."dialer_seat"() IS 'PT409 dialer_seat_missing.';

COMMENT ON FUNCTION "private"."dialer_task_rows"(uuid, integer) IS 'Contacts of a part, file or removal that was begun; is_wanted: to be loaded.';

COMMENT ON FUNCTION "private"."forget_provider_events"() IS 'Number of events deleted, those received more than 90 days ago.';

COMMENT ON FUNCTION "private"."integration_to_test"(public.provider_name) IS 'Admin. PT404 integration_not_found.';

COMMENT ON FUNCTION "private"."may_join"(text) IS 'Topics: tenant:<id> for members of the tenant, client:<id> for those of them who see the client,
user:<id> for that person.';

COMMENT ON FUNCTION "private"."next_source"(text) IS 'Codes in the order of the queue: callback_mine callback_anyone reply_waiting installment_due
agreement_broken oldest_contact.';

COMMENT ON FUNCTION "private"."open_batch_export"(uuid, jsonb) IS 'Supervisor: the SELECT to COPY in this same transaction, of everybody or of filter: {outcome,
reason} as in batch_results; the audit is written.';

COMMENT ON FUNCTION "private"."open_day"(public.collection_rules, date, date, timestamp with time zone) IS 'How many runs it opened.';

COMMENT ON FUNCTION "private"."other_form"(text) IS 'A Brazilian mobile with its ninth digit for one without, and the reverse; null: it has one form.';

COMMENT ON FUNCTION "private"."plan_dialer_export"(integer) IS 'Clients planned; 0 = no export is waiting for it. Commit and call again.';

COMMENT ON FUNCTION "private"."plan_targets"(private.rule_target[], timestamp with time zone) IS 'One verdict per target. not_before is a first guess where several delays meet: it is asked again
then.';

COMMENT ON FUNCTION "private"."rate_of"(uuid, public.provider_name, text, date) IS 'The tenant''s own price of that day, else the published one; null: nobody knows.';

COMMENT ON FUNCTION "private"."receive_call_event"(text, text, text, jsonb) IS 'True when new; PT401 webhook_key_unknown. kind: call_connected | call_finished | other.';

COMMENT ON FUNCTION "private"."record_call"(uuid, jsonb, timestamp with time zone) IS 'recorded | known | payload_invalid.';

COMMENT ON FUNCTION "private"."refresh_panel"() IS 'Days kept. The numbers are exact without it, and slow.';

COMMENT ON FUNCTION "private"."release_callbacks"() IS 'How many became anyone''s.';

COMMENT ON FUNCTION "private"."release_held"() IS 'Whether something was due.';

COMMENT ON FUNCTION "private"."remind_callbacks"() IS 'How many promised calls have come due since the last run.';

COMMENT ON FUNCTION "private"."require_callable"(text, text) IS 'PT409 client_suppressed, contact_not_allowed (detail: the reason), PT404 client_not_found.';

COMMENT ON FUNCTION "private"."run_schedules"() IS 'How many runs it opened.';

COMMENT ON FUNCTION "private"."sees_everything"() IS 'True unless the caller is limited to some creditors. Policies ask it first: the rest of their
condition is then never computed.';

COMMENT ON FUNCTION "private"."service_window"(uuid, uuid, text) IS 'Until when free text may go to that number through that sender; null: nobody wrote.';

COMMENT ON FUNCTION "private"."settle_dialer_task"(uuid, integer, text, jsonb, text, text, integer) IS 'answer: list, file {list_id, …}; part, file {imported, filtered: [{phone, identifier, reason}]}.';

COMMENT ON FUNCTION "private"."take_templates"(uuid, jsonb) IS 'A whole list in the words of providers/whatsapp.py KnownTemplate → {listed, gone}.';

COMMENT ON FUNCTION "private"."template_headers"(uuid[]) IS '{kind, url, name} of providers/whatsapp.py Media; no row for a message without a file.';

COMMENT ON FUNCTION "private"."template_obstacle"(public.message_templates) IS 'gone, not_approved, header_unknown, header_missing, unbound; null: it may be sent.';

COMMENT ON FUNCTION "public"."assign_callback"(uuid, uuid) IS 'Null: anyone''s. Errors: callback_not_found, callback_of_another, callback_ended, member_not_found,
not_allowed.';

COMMENT ON FUNCTION "public"."batch_results"(uuid, jsonb, uuid, integer) IS '{rows, next} of recipients; filter: outcome (queued sent delivered read answered failed unknown
skipped excluded), reason; pages of up to 1000.';

COMMENT ON FUNCTION "public"."begin_service"(uuid, uuid) IS '{client_id, operator_id, operator, since, call_id, is_mine}: who has the client now. Also the sign
of life, once a minute. 404 client_not_found.';

COMMENT ON FUNCTION "public"."callback_days"(jsonb) IS 'filter as list_callbacks, with from and to (14 days at most) → [{day, count, overdue, rows}]';

COMMENT ON FUNCTION "public"."callback_hours"(uuid) IS '[{date, from, to}]: when its client may be called in the coming days. 404 callback_not_found.';

COMMENT ON FUNCTION "public"."cancel_callback"(uuid, text) IS 'Nobody will call. Errors: callback_not_found, callback_of_another, callback_ended,
reason_missing.';

COMMENT ON FUNCTION "public"."change_message_batch"(uuid, text, text) IS 'Supervisor: confirm (not the author) | refuse (not the author, with a reason) | pause | resume |
cancel → the new status.';

COMMENT ON FUNCTION "public"."client_timeline"(uuid, text, integer) IS '{items: [{kind, id, at, actor, …}], next}; kinds: disposition message automation callback
call conversation import agreement payment reversal.';

COMMENT ON FUNCTION "public"."conversation_counts"() IS 'Unread talks: {mine, nobody, unknown}, each 100 at most.';

COMMENT ON FUNCTION "public"."conversation_page"(uuid, text, integer) IS '{conversation, items newest first, next, draft, events, people, composer, contact}.';

COMMENT ON FUNCTION "public"."conversation_templates"(uuid) IS '[{id, name, category, body, reason, next_allowed_at, cost: {currency, price_micros, is_own}}].';

COMMENT ON FUNCTION "public"."count_failures"() IS 'Supervisor: {kind: how many, 1000 at most}.';

COMMENT ON FUNCTION "public"."create_client_for_call"(uuid, text, text, text) IS 'Answers as my_open_calls; without a call {id: null, client_id}. 400 field_invalid.';

COMMENT ON FUNCTION "public"."create_message_batch"(uuid, jsonb, uuid, uuid, text, timestamp with time zone, boolean) IS 'Supervisor: {id, status, is_repeated}; the same id again is the same batch.';

COMMENT ON FUNCTION "public"."delete_disposition_type"(text) IS 'Admin: one that nothing points to. PT400 disposition_type_unknown; PT409
disposition_in_rule, disposition_used, disposition_meaning_lost.';

COMMENT ON FUNCTION "public"."dialer_export_results"(uuid, jsonb, integer, integer) IS 'Supervisor: {rows: [{place, client_id, name, document, phone (null: the whole client), outcome,
reason}], next, counts: [{outcome, reason, contacts}] (first page)}. 404 dialer_export_not_found.';

COMMENT ON FUNCTION "public"."dialer_overview"() IS 'Supervisor: {connected, health, exports (newest 50), agents}.';

COMMENT ON FUNCTION "public"."dispose_call"(uuid, text) IS 'A call of an unknown number; answers as my_open_calls. 400 disposition_type_unknown, 404
call_not_found, 409 call_disposed, disposition_needs_client.';

COMMENT ON FUNCTION "public"."disposition_effects"(uuid) IS '{undo_seconds, effects: [{disposition_type, rule, action, template, verdict, reason, not_before}]}
of the rules that are on. Errors: client_not_found.';

COMMENT ON FUNCTION "public"."dry_run_rule"(uuid, date, date) IS 'Supervisor → {id, rule_id, version, frozen_at, from_date, to_date, counts: [{verdict, reason,
count}], price_micros, currency}; its lines are rows of rule_dry_run_lines. Errors: rule_not_found,
period_invalid, dry_run_too_large.';

COMMENT ON FUNCTION "public"."find_client_for_call"(text, text) IS '{client_id, phone, candidates: [{id, name, document}]}; client_id null when nobody or several.';

COMMENT ON FUNCTION "public"."ignore_conversation"(uuid, boolean) IS 'Puts a stranger aside, or takes them back; PT409 conversation_known.';

COMMENT ON FUNCTION "public"."import_differences"(uuid) IS 'Supervisor or admin: {fields: {"table.field": count}, rows: first 200 with before and after, kept:
first 200 titles left alone}; null until it is done, and of one that ended before this was kept.';

COMMENT ON FUNCTION "public"."imports_alive"() IS 'Marks the tenant''s imports whose process died as interrupted, and has them continued, or as failed
(process_died) when they were still being read; answers how many. Has rollbacks continued, too.';

COMMENT ON FUNCTION "public"."integration_page"() IS 'Admin: [{provider, fields: [{field, is_secret, is_required, pattern}], connected: null | {id,
settings, is_active, secrets: [{field, ends?, at?}], last_event_at, silent_since, failing_since,
failure_detail, paused_until, previous_key_until, tested_at, test_verdict}}].';

COMMENT ON FUNCTION "public"."lawful_hours"() IS '[{uf | null: every other state, weekday (ISO), opens, closes, source}].';

COMMENT ON FUNCTION "public"."link_call"(uuid, uuid) IS 'Answers as my_open_calls. 404 call_not_found, client_not_found, 409 call_disposed.';

COMMENT ON FUNCTION "public"."list_callbacks"(jsonb, text, integer) IS 'filter {whose: me|anyone|all|user id, from, to (days)} → {rows: [{id, due_at, is_overdue, note,
made_at, made_by, operator, released_from, is_mine, may_change, client, window: {allowed, opens_at,
closes_at, reason}, in_service}], total: {overdue, later} on the first page, next}';

COMMENT ON FUNCTION "public"."list_conversations"(jsonb, text, integer) IS '{rows, next}; filter: owner (me|none|uuid), client_id, unread, known, ignored (left out: false).';

COMMENT ON FUNCTION "public"."list_failures"(text[], text, integer) IS 'Supervisor: {rows: [{kind, id, failed_at, client_id, client_name, title, reason, detail,
may_retry}], next}, newest first; kinds: automation message charge import dialer_export job webhook.
Errors: filter_invalid, invalid_cursor.';

COMMENT ON FUNCTION "public"."list_message_batches"(jsonb, text, integer) IS '{rows, next}, newest first; filter: status, q (of the name), mine.';

COMMENT ON FUNCTION "public"."list_people"() IS 'Admin: {people:[{membership_id,user_id,name,email,role,since,last_seen_at,is_me,is_last_admin,
creditor_ids,scope,work:{clients,callbacks,talks}}], invitations:[{id,email,role,name,state: open |
expired | revoked,created_at,expires_at,mailed_at,invited_by}], past:[…], teams:[{id,name,
creditor_ids,user_ids}], creditors:[{id,name}]}; creditor_ids null is every creditor.';

COMMENT ON FUNCTION "public"."list_templates"(text) IS '{rows: [{id, provider, name, language, category, body, variables, status, provider_status,
header_type, header_link, header_name, synced_at, obstacle}], has_more}; obstacle as in
private.template_obstacle.';

COMMENT ON FUNCTION "public"."message_batch"(uuid) IS 'One bulk send with its numbers: queued held sent delivered read answered failed unknown skipped
excluded, rate, seconds left, spent, reasons, retryable.';

COMMENT ON FUNCTION "public"."my_open_calls"() IS '[{id, client_id, client, phone, campaign, status, called_at, ended_at, …}] of the caller, newest
first: connected and without an outcome.';

COMMENT ON FUNCTION "public"."next_client"(uuid) IS 'Holds the client as begin_service does. {client_id, code: callback_mine | callback_anyone |
reply_waiting | installment_due | agreement_broken | oldest_contact, at, callback_id}; `at`: due,
written, broken or last spoken with (null: never). Nobody: {client_id: null, next_callback_at,
opens_at (while nobody may be contacted)}.';

COMMENT ON FUNCTION "public"."notification_bell"(text, integer) IS '{unread (100 = more than 99), rows: [{id, kind, payload, client_name, created_at,
read_at}], next}';

COMMENT ON FUNCTION "public"."open_conversation"(uuid, uuid) IS 'Its id. PT409 no_reachable_phone; number_of_another, number_shared (detail: the talk to link).';

COMMENT ON FUNCTION "public"."open_download"(text, jsonb) IS 'Supervisor: a ticket for one GET /functions/v1/<purpose>?ticket=… within a minute. portfolio-export
{selection}, portfolio-rejects {import_id, format?}, batch-results
{batch_id, outcome?, reason?, format?}. PT400 download_unknown, PT404 import_not_found.';

COMMENT ON FUNCTION "public"."order_disposition_types"(text[]) IS 'Admin: the order of the operator''s buttons, first to last.';

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

COMMENT ON FUNCTION "public"."preview_message_batch"(jsonb, uuid, uuid, boolean, timestamp with time zone) IS 'Supervisor: {selected, eligible, is_estimate, excluded: [{reason, count}], waits: [{reason, uf,
opens_at, count}], seconds, examples: [{client_id, name, body, params, missing}], cost: {category,
currency, price_micros, valid_from, is_own, in_window, is_free_in_window, total_micros} | null,
confirmation: {above, is_needed, people}}.';

COMMENT ON FUNCTION "public"."preview_template"(uuid, uuid) IS '{body, params, missing}: missing names the variables without a value for this client.';

COMMENT ON FUNCTION "public"."rate_card"() IS '[{provider, category, currency, price_micros, is_free_in_window, valid_from, is_own, is_current,
source}]: own prices and published ones, newest first.';

COMMENT ON FUNCTION "public"."read_conversation"(uuid, uuid) IS 'Read up to that message (null: all of it), by its owner or while it is nobody''s.';

COMMENT ON FUNCTION "public"."render_canned_reply"(uuid, uuid) IS '{body, missing}: missing names the fields this client has no value for; they read "…".';

COMMENT ON FUNCTION "public"."reprocess_failures"(jsonb) IS 'Supervisor: [{kind, id}] → [{kind, id, outcome}], outcome done or the area''s refusal
(run_not_retryable, charge_not_failed, dialer_export_not_failed, not_retryable …). Errors:
selection_invalid.';

COMMENT ON FUNCTION "public"."request_dialer_export"(jsonb, bigint, text, text, integer) IS 'Supervisor → {id, status, is_new}; the same selection and campaign on one day is one export.
409 dialer_not_connected, 400 campaign_invalid, weight_invalid, selection_invalid.';

COMMENT ON FUNCTION "public"."reschedule_callback"(uuid, timestamp with time zone) IS 'Errors: callback_not_found, callback_of_another, callback_ended, callback_in_past,
callback_outside_hours (detail: the next lawful instant), client_suppressed.';

COMMENT ON FUNCTION "public"."resume_dialer_export"(uuid) IS 'Supervisor; 404 dialer_export_not_found, 409 dialer_export_not_failed, dialer_export_replaced.';

COMMENT ON FUNCTION "public"."retry_message_batch"(uuid) IS 'Supervisor: tries the transient failures again → how many.';

COMMENT ON FUNCTION "public"."revoke_membership"(uuid, uuid) IS 'Ends it at once, everywhere; hand_to: who gets the person''s clients, talks and callbacks, null for
nobody. Errors: membership_not_found, last_admin, member_not_found.';

COMMENT ON FUNCTION "public"."rollback_import"(uuid) IS 'Supervisor or admin: {import_id, status: rolled_back, deleted, restored, kept: {count, rows: first
200}}; of many people {import_id, status: rolling_back, clients}: imports.rolled_back holds the rest
when it is over. Of a cancelled or failed import whose taking-back stopped, goes on with that, and
the status at the end is the import''s own. PT404 import_not_found, PT409 import_not_done, import_unfinished.';

COMMENT ON FUNCTION "public"."rotate_webhook_key"(public.provider_name, boolean) IS 'Admin: {webhook_key, previous_until}. The key is shown here and never again; the one before it
lives 24 hours more, unless ends_old_now. PT404 integration_not_found.';

COMMENT ON FUNCTION "public"."save_dialer_agent"(bigint, uuid, text, text) IS 'Admin. Seats an operator at an agent, and leaves no other seat to either; user_id null: nobody.';

COMMENT ON FUNCTION "public"."save_dialer_qualification"(bigint, text, bigint, text) IS 'Admin. What a disposition is called in a campaign (0: in every one without its own); null: it is
not told.';

COMMENT ON FUNCTION "public"."save_disposition_type"(text, jsonb) IS 'Admin; key null for a new one → key. fields: {label, hotkey, color, human_answered, right_party,
is_callback, unworkable, opens_negotiation, is_active}, left out = as it was. PT400
disposition_type_unknown, field_unknown, disposition_type_invalid; PT409 hotkey_taken,
disposition_in_rule (detail: the rules), disposition_meaning_lost (detail: the meaning).';

COMMENT ON FUNCTION "public"."save_rule"(uuid, jsonb) IS 'Admin; an id of the caller''s for a new rule → {id, version, is_enabled}. definition: {name,
trigger, disposition_type | disposition_meaning | day_offset, filter, opens, closes, daily_cap,
repeat_days, priority, steps}. Errors: rule_invalid, rule_not_found, template_not_found,
unknown_filter, filter_invalid.';

COMMENT ON FUNCTION "public"."save_sender"(jsonb) IS 'Admin: {provider, name, phone, account, throughput_per_second?, is_default?} → id; the account
names it, so that saving again changes it.';

COMMENT ON FUNCTION "public"."save_team"(jsonb) IS 'Admin; {id?, name, creditor_ids: [] | null, user_ids: []}. Errors: team_name_invalid,
team_name_taken, team_not_found, member_not_found, creditor_not_found, malformed_payload.';

COMMENT ON FUNCTION "public"."send_chat_message"(uuid, uuid, text, uuid) IS '{message_id, status}; message_id is the click''s own. PT409 window_closed, suppressed,
no_reachable_phone, integration_inactive, template_not_sendable, variable_missing, outside_hours,
attempt_cap.';

COMMENT ON FUNCTION "public"."set_member_scope"(uuid, uuid[]) IS 'Admin; null: by team, else every creditor. Errors: membership_not_found, creditor_not_found,
admin_sees_everything.';

COMMENT ON FUNCTION "public"."set_rule_enabled"(uuid, boolean) IS 'Admin. Errors: rule_not_found, rule_invalid, dry_run_needed.';

COMMENT ON FUNCTION "public"."set_sender_state"(uuid, public.sender_state) IS 'Supervisor: active forgets why it was paused and goes on.';

COMMENT ON FUNCTION "public"."take_conversation"(uuid, uuid) IS 'Becomes the owner of what is free (supervisor: of any, for anybody); null lets go; logged.';

COMMENT ON FUNCTION "public"."take_over_service"(uuid, text) IS 'Supervisor; answers as begin_service. 400 reason_missing.';

COMMENT ON FUNCTION "public"."undo_disposition"(uuid) IS 'Who made it, within automation_policies.undo_seconds; again is no error. Errors:
disposition_not_found, not_allowed, undo_too_late.';

COMMENT ON TABLE "private"."area_codes" IS 'State of each area code, for clients without an address.';

COMMENT ON TABLE "private"."batch_counts" IS 'Folded numbers of bulk sends.';

COMMENT ON TABLE "private"."batch_deltas" IS 'Changes of those numbers that nobody has folded yet.';

COMMENT ON TABLE "private"."client_offers" IS 'Clients the queue has opened, for a day.';

COMMENT ON TABLE "private"."import_rollbacks" IS 'Imports that are being taken back.';

COMMENT ON TABLE "private"."import_touches" IS 'Imports of a client that its titles do not name.';

COMMENT ON TABLE "private"."panel_days" IS 'Days whose facts are kept.';

COMMENT ON TABLE "private"."panel_dirty" IS 'Days whose kept facts are not true any more.';

COMMENT ON TABLE "private"."panel_facts" IS 'Derived: sums of a day''s events.';

COMMENT ON TABLE "private"."panel_kpis" IS 'KPIs: definition cards and what each is made of.';

COMMENT ON TABLE "private"."panel_reach" IS 'Derived: clients of a day''s events.';

COMMENT ON TABLE "private"."rollback_chunks" IS 'People whose rows wait to go back, by document.';

COMMENT ON TABLE "private"."sender_buckets" IS 'How many messages each sender may send now; below zero, how many were lent ahead.';

COMMENT ON TABLE "public"."agenda_policies" IS 'After how many minutes somebody''s overdue callback becomes anyone''s.';

COMMENT ON TABLE "public"."automation_policies" IS 'Undo window and kill switches of an agency''s rules. Stopped: what falls due is skipped.';

COMMENT ON TABLE "public"."batch_recipients" IS 'Who gets a bulk send, and why somebody does not.';

COMMENT ON TABLE "public"."call_sweeps" IS 'Reconciliations with the dialer''s own list of calls.';

COMMENT ON TABLE "public"."calls" IS 'Calls of the dialer, one row each.';

COMMENT ON TABLE "public"."canned_replies" IS 'Texts a tenant uses again and again, by shortcut.';

COMMENT ON TABLE "public"."client_services" IS 'Clients in service, and by whom.';

COMMENT ON TABLE "public"."collection_rules" IS 'What follows a disposition or a day automatically.';

COMMENT ON TABLE "public"."contact_caps" IS 'At most `attempts` in `days` days, per client and channel.';

COMMENT ON TABLE "public"."conversation_drafts" IS 'Unsent texts, one per person and conversation.';

COMMENT ON TABLE "public"."conversation_events" IS 'Assignments, takeovers, links and opt-outs of conversations.';

COMMENT ON TABLE "public"."conversations" IS 'Talks on WhatsApp, one per person and number of ours.';

COMMENT ON TABLE "public"."dialer_agents" IS 'Operators and their agents at the dialer.';

COMMENT ON TABLE "public"."dialer_export_rows" IS 'A phone loaded into the dialer, or a client (phone null) or phone left out, with the reason.';

COMMENT ON TABLE "public"."dialer_exports" IS 'Selections pushed to the dialer, and what came of them.';

COMMENT ON TABLE "public"."dialer_qualifications" IS 'What a disposition is called at the dialer, per campaign.';

COMMENT ON TABLE "public"."disposition_undos" IS 'Dispositions that were taken back in time.';

COMMENT ON TABLE "public"."message_batches" IS 'Bulk sends and where they stand.';

COMMENT ON TABLE "public"."message_media" IS 'How far the keeping of each inbound file came.';

COMMENT ON TABLE "public"."message_policies" IS 'From which size on a bulk send needs a second person.';

COMMENT ON TABLE "public"."notification_preferences" IS 'Topics a person does not want, and whether reminders sound. No row: everything, with sound.';

COMMENT ON TABLE "public"."notifications" IS 'Kinds and their topics: private.notification_topic; sentences: web/src/features/notifications.';

COMMENT ON TABLE "public"."rate_cards" IS 'A tenant''s prices per message, each from a day on.';

COMMENT ON TABLE "public"."rule_dry_run_lines" IS 'Each client of a dry run: what, or why not.';

COMMENT ON TABLE "public"."rule_dry_runs" IS 'Rehearsals of rules; set_rule_enabled asks for one.';

COMMENT ON TABLE "public"."rule_steps" IS 'Actions of each version of a rule.';

COMMENT ON TABLE "public"."rule_versions" IS 'Definitions a rule has had.';

COMMENT ON TABLE "public"."senders" IS 'Numbers of ours, their pace and their state.';

COMMENT ON TABLE "public"."team_members" IS 'Who belongs to which team; a person may be in several.';

COMMENT ON TABLE "public"."teams" IS 'Groups of members; creditor_ids null is every creditor.';

COMMENT ON TABLE "public"."tenant_calling_windows" IS 'An agency''s hours of contact, within the law''s.';

REVOKE ALL ON FUNCTION "private"."add_called_phone"(uuid, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."add_counts"(jsonb, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."adopt_history"(public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."advance_rollback"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."announce_import"(uuid, text, text, text, text, text, uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."announce_import"(uuid, text, text, text, text, text, uuid, boolean) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."apply_call_event"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_template_event"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."archive_team"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."archive_team"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."are_template_variables"(text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."are_template_variables"(text[]) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."assign_callback"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."assign_callback"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."await_word"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."batch_cost"(text, private.rate, bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."batch_exclusion"(text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."batch_export_sql"(uuid, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."batch_numbers"(public.message_batches) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."batch_pause"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."batch_pause"() TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."batch_results"(uuid, jsonb, uuid, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."batch_results"(uuid, jsonb, uuid, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."batch_row"(public.message_batches) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_batch_messages"(uuid[], integer[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_batch_messages"(uuid[], integer[]) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."begin_call_sweeps"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_call_sweeps"() TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."begin_dialer_loading"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_dialer_task"(uuid, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_dialer_task"(uuid, integer) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."begin_rollback"(public.imports, public.import_status, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_service"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."begin_service"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."bulk_change"(text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."call_card"(public.calls) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."call_rank"(public.call_status) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."call_timeline"(uuid, uuid, timestamp with time zone, uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."callback_days"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."callback_days"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."callback_hours"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."callback_hours"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."callback_owner_sql"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."callback_page_sql"(text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."callback_rows"(uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."cancel_batch"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."cancel_callback"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."cancel_callback"(uuid, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."cancel_dialer_export"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."cancel_dialer_export"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."capped_until"(uuid, uuid, public.channel, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."change_message_batch"(uuid, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."change_message_batch"(uuid, text, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."chat_obstacles"(public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."chunk_people_changes"(private.import_chunks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."chunk_title_changes"(private.import_chunks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."claim_batch_messages"(integer, integer, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."claim_batch_messages"(integer, integer, uuid) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."claim_dialer_tasks"(integer, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."claim_dialer_tasks"(integer, integer) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."claim_media"(integer, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."claim_media"(integer, integer) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."claim_of_sender"(uuid, integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."client_of_call"(uuid, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."client_of_inbound"(private.provider_events, public.conversations, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."client_on_screen"(uuid, bigint, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."client_rows"(uuid, uuid[], date, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."confirmation_limit"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."confirmation_of"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."contact_attempts"(uuid, uuid, public.channel, timestamp with time zone, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."contact_hours_in"(uuid, text, timestamp with time zone, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."contact_uf"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_counts"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."conversation_counts"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."conversation_history"(public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_item"(public.message_logs) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_page"(uuid, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."conversation_page"(uuid, text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."conversation_row"(public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_templates"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."conversation_templates"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."count_changed_fields"(jsonb, private.import_change[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_failures"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."count_failures"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."count_rolled_back"(private.import_rollbacks, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_title_changes"(private.chunk_outcome) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."create_client_for_call"(uuid, text, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."create_client_for_call"(uuid, text, text, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."create_message_batch"(uuid, jsonb, uuid, uuid, text, timestamp with time zone, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."create_message_batch"(uuid, jsonb, uuid, uuid, text, timestamp with time zone, boolean) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."creditor_scope"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."creditor_scope"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."creditor_scope_of"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."day_obstacle"(public.collection_rules, uuid, public.clients, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."definition_of"(public.collection_rules, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."delete_disposition_type"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."delete_disposition_type"(text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."dialer_account"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."dialer_account"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."dialer_export_results"(uuid, jsonb, integer, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."dialer_export_results"(uuid, jsonb, integer, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."dialer_file_parts"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."dialer_overview"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."dialer_overview"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."dialer_part_size"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."dialer_rows_of"(private.dialer_tasks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."dialer_seat"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."dialer_seat"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."dialer_task_body"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."dialer_task_rows"(uuid, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."dialer_task_rows"(uuid, integer) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."dispose_call"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."dispose_call"(uuid, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."disposition_effects"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."disposition_effects"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."drop_waiting"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."dry_run_rule"(uuid, date, date) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."dry_run_rule"(uuid, date, date) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."end_batch"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."end_callback"(uuid, public.callback_status, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."end_callback"(uuid, public.callback_status, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."end_service"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."end_service"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."end_taken_back"(public.imports, public.import_status, text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."fail_dialer_task"(private.dialer_tasks, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."failed_work"(uuid, text[], timestamp with time zone, text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."failure_class"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."failure_kinds"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."find_client_for_call"(text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."find_client_for_call"(text, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."find_conversation"(uuid, uuid, text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."finish_call_sweep"(uuid, integer, integer, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."finish_call_sweep"(uuid, integer, integer, text) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."finish_dialer_removal"(private.dialer_tasks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."finish_rollback"(private.import_rollbacks, public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."first_rejects"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."fold_batch_counts"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."fold_batch_counts"() TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."follow_dialer_task"(private.dialer_tasks, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_provider_events"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_rehearsals"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forgive_numbers"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."free_dialer_removal"(private.dialer_tasks, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."free_disposition_key"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."give_back_call"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."give_back_callbacks"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."give_rollback_up"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."go_on_with_bulk"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."halt_batch"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hand_over"(uuid, uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."has_cap"(uuid, public.channel) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."has_living_agreement"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."has_repeated"(uuid, uuid, uuid, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."held_work"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ids_in"(jsonb, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ignore_conversation"(uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."ignore_conversation"(uuid, boolean) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."integration_of_key"(public.provider_name, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."integration_page"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."integration_page"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."integration_to_test"(public.provider_name) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."integration_to_test"(public.provider_name) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."integrations_to_sync"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."integrations_to_sync"(uuid) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."invitation_state"(public.invitations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_of_rule"(public.collection_rules, public.disposition_types) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_open_for_number"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_opt_out"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_over_cap"(uuid, uuid, public.channel, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_returned_by_file"(public.debts) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_shown"(public.message_logs, public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_undone"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_wrong_number"(uuid, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."judge_changed_rows"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."judge_created_clients"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."judge_debts"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."judge_rollback"(public.imports, uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_panel_days"(uuid, date[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_rehearsal"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."keep_rehearsal"(uuid, jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."last_seen"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lawful_hours"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."lawful_hours"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."learn_form"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."leave_agency"(uuid, uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."leave_dialer"(uuid, uuid[], text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."leave_wrong_numbers"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."link_call"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."link_call"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."link_conversation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."link_conversation"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_callbacks"(jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_callbacks"(jsonb, text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_changed_rows"(private.import_change[], integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."list_conversations"(jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_conversations"(jsonb, text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_failures"(text[], text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_failures"(text[], text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_import_kept"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."list_kept_rows"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."list_message_batches"(jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_message_batches"(jsonb, text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_people"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_people"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."list_templates"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_templates"(text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."listed_changes"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."listed_kept_rows"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_limited_rules"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_rollback_people"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mark_agreements"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mark_answered"(public.conversations, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mark_panel_days"(uuid, date[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mark_panel_since"(uuid, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."may_be_next"(uuid, uuid, text, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."meanings_of"(public.disposition_types) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."message_batch"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."message_batch"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."message_price"(uuid, uuid, uuid, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."message_tally"(public.message_logs) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."move_batch"(uuid, public.batch_status) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."my_open_calls"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."my_open_calls"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."negotiator_of"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."next_client"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."next_client"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."next_common_sql"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."next_mine_sql"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."next_source"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_chunk_changes"(private.import_chunks, private.import_change[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_integration_test"(public.provider_name, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."note_integration_test"(public.provider_name, text, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."note_invitation_mail"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."note_invitation_mail"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."note_loaded_rows"(private.dialer_tasks, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_offer"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_progress"(uuid, double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_qualification"(uuid, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."note_schedule"(uuid, date, bigint, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."notification_bell"(text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."notification_bell"(text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."notification_topic"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."offer_rest"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."open_batch_export"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."open_batch_export"(uuid, jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."open_conversation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."open_conversation"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."open_day"(public.collection_rules, date, date, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."opens_again_at"(public.collection_rules, text, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."opt_out"(public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."order_disposition_types"(text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."order_disposition_types"(text[]) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."other_form"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."outcome_condition"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."own_talks"(uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."page_and_next_sql"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_agreements"(uuid, text, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_board"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."panel_board"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."panel_breaks"(uuid, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_cards"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."panel_cards"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."panel_days_with"(private.panel_scope, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_events"(uuid, date, date, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_families"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_is_reach"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_kept_days"(private.panel_scope) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."panel_live_events"(private.panel_scope, date[]) FROM PUBLIC;

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

REVOKE ALL ON FUNCTION "private"."panel_waiting"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."pass_rows_on"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."pause_sender"(uuid, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."people_of_talk"(public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."places_in_filter"(private.rule_target[], timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."plan_chat_message"(public.message_logs) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."plan_dialer_export"(integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."plan_dialer_export"(integer) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."plan_recipients"(uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."plan_targets"(private.rule_target[], timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."planned_rows"(text, private.client_filter) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."pop_screen"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."preview_message_batch"(jsonb, uuid, uuid, boolean, timestamp with time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."preview_message_batch"(jsonb, uuid, uuid, boolean, timestamp with time zone) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."preview_template"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."preview_template"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."put_back"(uuid, timestamp with time zone, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."qualification_of"(uuid, bigint, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."qualify_call"(uuid, bigint, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rank_walk"(private.client_filter, private.client_sort, text[], integer, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rate_at"(uuid, public.provider_name, text, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rate_card"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."rate_card"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."rate_of"(uuid, public.provider_name, text, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_callback_filter"(uuid, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_conversation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_conversation"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."read_media"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_media"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."read_panel_filter"(uuid, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_rule"(uuid, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_steps"(uuid, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."receive_call_event"(text, text, text, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."receive_call_event"(text, text, text, jsonb) TO "postgres", "webhook";

REVOKE ALL ON FUNCTION "private"."recheck_dialer_rows"(private.dialer_tasks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."record_call"(uuid, jsonb, timestamp with time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."record_call"(uuid, jsonb, timestamp with time zone) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."recover_leases"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refresh_last_contact"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refresh_panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refresh_panel_of"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_beside_unfinished"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_chat"(private.message_plan, public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rehearse_chunk"(private.import_chunks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_after"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_batch"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_callbacks"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_held"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."remind_callbacks"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rename_me"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."rename_me"(text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."render_canned_reply"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."render_canned_reply"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."renew_invitation"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."renew_invitation"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."repeat_dialer_task"(private.dialer_tasks, text, text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."reply_variables"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."reply_variables"(text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."reprocess_failure"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."reprocess_failures"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."reprocess_failures"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."request_dialer_export"(jsonb, bigint, text, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."request_dialer_export"(jsonb, bigint, text, text, integer) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."requeue_recipient"(public.message_logs) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_batch_means"(uuid, uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_callable"(text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."require_callable"(text, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."require_conversation"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_creditors"(uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_lawful_callback"(uuid, uuid, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_meanings"(uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_no_rule"(uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."restore_changed_rows"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."resume_dialer_export"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."resume_dialer_export"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."retry_batch_message"(uuid, text, text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."retry_message_batch"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."retry_message_batch"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."retry_pause"(integer, integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."revoke_membership"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."revoke_membership"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."rollback_chunk_size"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rollback_creditors"(public.imports) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rotate_webhook_key"(public.provider_name, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."rotate_webhook_key"(public.provider_name, boolean) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."rule_candidates"(public.collection_rules, date, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rule_targets"(public.collection_rules, date, date, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."run_schedules"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."save_disposition_type"(text, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."save_disposition_type"(text, jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."save_rule"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."save_rule"(uuid, jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."save_sender"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."save_sender"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."save_team"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."save_team"(jsonb) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."seat_team"(uuid, uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."seen_client"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."seen_client"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."sees_client"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sees_everything"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sees_everything"() TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."send_chat_message"(uuid, uuid, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."send_chat_message"(uuid, uuid, text, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."send_settings_change"(text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sender_account"(public.provider_name, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sender_for"(uuid, uuid, public.provider_name) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sender_of_event"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sender_settings"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sends_whatsapp"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sent_today"(public.collection_rules, text, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."service_patience"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."service_state"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."service_window"(uuid, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."set_member_scope"(uuid, uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."set_member_scope"(uuid, uuid[]) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."set_rule_enabled"(uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."set_rule_enabled"(uuid, boolean) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."set_sender_state"(uuid, public.sender_state) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."set_sender_state"(uuid, public.sender_state) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."settle_batch_messages"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."settle_batch_messages"(jsonb) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."settle_dialer_task"(uuid, integer, text, jsonb, text, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."settle_dialer_task"(uuid, integer, text, jsonb, text, text, integer) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."settle_media"(uuid, integer, text, text, text, bytea) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."settle_media"(uuid, integer, text, text, text, bytea) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."show_rollback_progress"(private.import_rollbacks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."silent_since"(public.integrations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."steps_of"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sweep_callbacks"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sweep_dialer"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sweep_media"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sweep_rules"(uuid, text, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_conversation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."take_conversation"(uuid, uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."take_next"(uuid, uuid, text, timestamp with time zone, uuid, text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_over_service"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."take_over_service"(uuid, text) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."take_templates"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."take_templates"(uuid, jsonb) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."take_tokens"(uuid, integer, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_dialer_export"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_integration_failing"(uuid, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_membership"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_of_inbound"(public.conversations, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_service"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_supervisors"(uuid, text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."template_headers"(uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."template_headers"(uuid[]) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."template_name"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."template_name"(uuid) TO "postgres", "worker";

REVOKE ALL ON FUNCTION "private"."template_obstacle"(public.message_templates) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."template_values"(uuid, text[], uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_agreement_events__notify"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_agreement_events__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_agreements__leave_dialer"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_agreements__own_talks"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_agreements__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_batch_recipients__count"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_call_dispositions__qualify"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_callbacks__broadcast"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_callbacks__quiet_reminders"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_calls__broadcast"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_calls__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_clients__leave_dialer"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_conversations__broadcast"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_debts__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_dialer_exports__broadcast"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_disposition_types__keep_whole"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_disposition_types__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_disposition_types__tell"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_installments__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_integrations__sender"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_memberships__release_callbacks"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_message_logs__conversation"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_message_logs__count"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_message_logs__own"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_message_logs__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_notifications__preferences"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_payment_allocations__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_reconciliations__notify"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_suppressions__leave_dialer"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_tenants__panel"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_other_form"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."uf_of"(uuid, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."undo_disposition"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."undo_disposition"(uuid) TO "authenticated", "postgres";

REVOKE ALL ON FUNCTION "private"."undo_window"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unfinished_import"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."update_chunk_people"(private.import_chunks, timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."wa_id_of"(jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."want_media"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."watch_batches"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."watch_integrations"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."webhook_secret"(public.provider_name, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."webhook_secret"(public.provider_name, text, text) TO "postgres", "webhook";

REVOKE ALL ON FUNCTION "private"."whatsapp_contact"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."whatsapp_form"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."window_until"(public.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."wish_dialer_removals"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."wish_dialer_task"(uuid, text, text, uuid, uuid, integer, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."wish_failed_removals"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."words_condition"(private.client_search) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."works_here"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_as_import"(private.import_plans, private.import_chunks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_chunk"(private.import_chunks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_chunk_debts"(private.import_chunks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_chunk_people"(private.import_chunks) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_claims"(uuid, private.recipient_plan[], integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_rollback"(public.imports, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."wrong_contact_reason"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "public"."archive_team"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."archive_team"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."assign_callback"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."assign_callback"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."batch_results"(uuid, jsonb, uuid, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."batch_results"(uuid, jsonb, uuid, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."begin_service"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."begin_service"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."callback_days"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."callback_days"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."callback_hours"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."callback_hours"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."cancel_callback"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."cancel_callback"(uuid, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."cancel_dialer_export"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."cancel_dialer_export"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."change_message_batch"(uuid, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."change_message_batch"(uuid, text, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."conversation_counts"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."conversation_counts"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."conversation_page"(uuid, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."conversation_page"(uuid, text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."conversation_templates"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."conversation_templates"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."count_failures"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."count_failures"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."create_client_for_call"(uuid, text, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."create_client_for_call"(uuid, text, text, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."create_message_batch"(uuid, jsonb, uuid, uuid, text, timestamp with time zone, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."create_message_batch"(uuid, jsonb, uuid, uuid, text, timestamp with time zone, boolean) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."delete_disposition_type"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."delete_disposition_type"(text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."dialer_export_results"(uuid, jsonb, integer, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."dialer_export_results"(uuid, jsonb, integer, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."dialer_overview"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."dialer_overview"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."dispose_call"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."dispose_call"(uuid, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."disposition_effects"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."disposition_effects"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."dry_run_rule"(uuid, date, date) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."dry_run_rule"(uuid, date, date) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."end_service"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."end_service"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."find_client_for_call"(text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."find_client_for_call"(text, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."ignore_conversation"(uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."ignore_conversation"(uuid, boolean) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."integration_page"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."integration_page"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."lawful_hours"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."lawful_hours"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."link_call"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."link_call"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."link_conversation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."link_conversation"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_callbacks"(jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_callbacks"(jsonb, text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_conversations"(jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_conversations"(jsonb, text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_failures"(text[], text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_failures"(text[], text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_message_batches"(jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_message_batches"(jsonb, text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_people"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_people"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."list_templates"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."list_templates"(text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."message_batch"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."message_batch"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."my_open_calls"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."my_open_calls"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."next_client"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."next_client"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."notification_bell"(text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."notification_bell"(text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."open_conversation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."open_conversation"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."order_disposition_types"(text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."order_disposition_types"(text[]) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_board"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_board"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_cards"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_cards"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_numbers"(jsonb, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_numbers"(jsonb, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."panel_rows"(text, text, jsonb, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."panel_rows"(text, text, jsonb, text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."preview_message_batch"(jsonb, uuid, uuid, boolean, timestamp with time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."preview_message_batch"(jsonb, uuid, uuid, boolean, timestamp with time zone) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."preview_template"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."preview_template"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."rate_card"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."rate_card"() TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."read_conversation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."read_conversation"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."rename_me"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."rename_me"(text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."render_canned_reply"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."render_canned_reply"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."renew_invitation"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."renew_invitation"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."reprocess_failures"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."reprocess_failures"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."request_dialer_export"(jsonb, bigint, text, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."request_dialer_export"(jsonb, bigint, text, text, integer) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."resume_dialer_export"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."resume_dialer_export"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."retry_message_batch"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."retry_message_batch"(uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."revoke_membership"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."revoke_membership"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."rotate_webhook_key"(public.provider_name, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."rotate_webhook_key"(public.provider_name, boolean) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."save_dialer_agent"(bigint, uuid, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."save_dialer_agent"(bigint, uuid, text, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."save_dialer_qualification"(bigint, text, bigint, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."save_dialer_qualification"(bigint, text, bigint, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."save_disposition_type"(text, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."save_disposition_type"(text, jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."save_rule"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."save_rule"(uuid, jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."save_sender"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."save_sender"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."save_team"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."save_team"(jsonb) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."send_chat_message"(uuid, uuid, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."send_chat_message"(uuid, uuid, text, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."set_member_scope"(uuid, uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."set_member_scope"(uuid, uuid[]) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."set_rule_enabled"(uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."set_rule_enabled"(uuid, boolean) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."set_sender_state"(uuid, public.sender_state) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."set_sender_state"(uuid, public.sender_state) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."take_conversation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."take_conversation"(uuid, uuid) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."take_over_service"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."take_over_service"(uuid, text) TO "authenticated", "postgres", "service_role";

REVOKE ALL ON FUNCTION "public"."undo_disposition"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."undo_disposition"(uuid) TO "authenticated", "postgres", "service_role";

GRANT INSERT ("id") ON TABLE "public"."agenda_policies" TO "authenticated";

GRANT INSERT ("release_after_minutes"), UPDATE ("release_after_minutes") ON TABLE "public"."agenda_policies" TO "authenticated";

GRANT SELECT ON TABLE "public"."agenda_policies" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."agenda_policies" TO "postgres", "service_role";

GRANT INSERT ("id") ON TABLE "public"."automation_policies" TO "authenticated";

GRANT INSERT ("is_stopped"), UPDATE ("is_stopped") ON TABLE "public"."automation_policies" TO "authenticated";

GRANT INSERT ("stopped_channels"), UPDATE ("stopped_channels") ON TABLE "public"."automation_policies" TO "authenticated";

GRANT INSERT ("undo_seconds"), UPDATE ("undo_seconds") ON TABLE "public"."automation_policies" TO "authenticated";

GRANT SELECT ON TABLE "public"."automation_policies" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."automation_policies" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."batch_recipients" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."batch_recipients" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."call_sweeps" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."call_sweeps" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."calls" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."calls" TO "postgres", "service_role";

GRANT INSERT ("body"), UPDATE ("body") ON TABLE "public"."canned_replies" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."canned_replies" TO "authenticated";

GRANT INSERT ("shortcut"), UPDATE ("shortcut") ON TABLE "public"."canned_replies" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."canned_replies" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."canned_replies" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."client_services" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."client_services" TO "postgres", "service_role";

GRANT INSERT ("attempts"), UPDATE ("attempts") ON TABLE "public"."contact_caps" TO "authenticated";

GRANT INSERT ("channel") ON TABLE "public"."contact_caps" TO "authenticated";

GRANT INSERT ("days") ON TABLE "public"."contact_caps" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."contact_caps" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."contact_caps" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."contact_caps" TO "postgres", "service_role";

GRANT INSERT ("body"), UPDATE ("body") ON TABLE "public"."conversation_drafts" TO "authenticated";

GRANT INSERT ("conversation_id") ON TABLE "public"."conversation_drafts" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."conversation_drafts" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."conversation_drafts" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."conversation_events" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."conversation_events" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."conversations" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."conversations" TO "postgres", "service_role";

GRANT INSERT ("agent_id"), UPDATE ("agent_id") ON TABLE "public"."dialer_agents" TO "authenticated";

GRANT INSERT ("agent_name"), UPDATE ("agent_name") ON TABLE "public"."dialer_agents" TO "authenticated";

GRANT INSERT ("extension"), UPDATE ("extension") ON TABLE "public"."dialer_agents" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."dialer_agents" TO "authenticated";

GRANT INSERT ("user_id"), UPDATE ("user_id") ON TABLE "public"."dialer_agents" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."dialer_agents" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."dialer_agents" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."dialer_export_rows" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."dialer_export_rows" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."dialer_exports" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."dialer_exports" TO "postgres", "service_role";

GRANT INSERT ("campaign_id") ON TABLE "public"."dialer_qualifications" TO "authenticated";

GRANT INSERT ("disposition_type") ON TABLE "public"."dialer_qualifications" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."dialer_qualifications" TO "authenticated";

GRANT INSERT ("qualification_id"), UPDATE ("qualification_id") ON TABLE "public"."dialer_qualifications" TO "authenticated";

GRANT INSERT ("qualification_name"), UPDATE ("qualification_name") ON TABLE "public"."dialer_qualifications" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."dialer_qualifications" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."dialer_qualifications" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."disposition_undos" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."disposition_undos" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."message_batches" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."message_batches" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."message_media" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."message_media" TO "postgres", "service_role";

GRANT INSERT ("confirm_above_recipients"), UPDATE ("confirm_above_recipients") ON TABLE "public"."message_policies" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."message_policies" TO "authenticated";

GRANT SELECT ON TABLE "public"."message_policies" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."message_policies" TO "postgres", "service_role";

REVOKE ALL ("header_link") ON TABLE "public"."message_templates" FROM "authenticated";

GRANT UPDATE ("header_link") ON TABLE "public"."message_templates" TO "authenticated";

REVOKE ALL ("header_name") ON TABLE "public"."message_templates" FROM "authenticated";

GRANT UPDATE ("header_name") ON TABLE "public"."message_templates" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."notification_preferences" TO "authenticated";

GRANT INSERT ("muted_topics"), UPDATE ("muted_topics") ON TABLE "public"."notification_preferences" TO "authenticated";

GRANT INSERT ("plays_sound"), UPDATE ("plays_sound") ON TABLE "public"."notification_preferences" TO "authenticated";

GRANT SELECT ON TABLE "public"."notification_preferences" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."notification_preferences" TO "postgres", "service_role";

GRANT INSERT ("category") ON TABLE "public"."rate_cards" TO "authenticated";

GRANT INSERT ("currency") ON TABLE "public"."rate_cards" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."rate_cards" TO "authenticated";

GRANT INSERT ("is_free_in_window") ON TABLE "public"."rate_cards" TO "authenticated";

GRANT INSERT ("price_micros") ON TABLE "public"."rate_cards" TO "authenticated";

GRANT INSERT ("provider") ON TABLE "public"."rate_cards" TO "authenticated";

GRANT INSERT ("valid_from") ON TABLE "public"."rate_cards" TO "authenticated";

GRANT SELECT ON TABLE "public"."rate_cards" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."rate_cards" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."rule_dry_run_lines" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."rule_dry_run_lines" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."rule_dry_runs" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."rule_dry_runs" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."rule_steps" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."rule_steps" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."rule_versions" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."rule_versions" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."senders" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."senders" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."team_members" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."team_members" TO "postgres", "service_role";

GRANT SELECT ON TABLE "public"."teams" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."teams" TO "postgres", "service_role";

GRANT INSERT ("closes"), UPDATE ("closes") ON TABLE "public"."tenant_calling_windows" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."tenant_calling_windows" TO "authenticated";

GRANT INSERT ("opens"), UPDATE ("opens") ON TABLE "public"."tenant_calling_windows" TO "authenticated";

GRANT INSERT ("weekday"), UPDATE ("weekday") ON TABLE "public"."tenant_calling_windows" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."tenant_calling_windows" TO "authenticated";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."tenant_calling_windows" TO "postgres", "service_role";

CREATE INDEX client_offers_old ON private.client_offers USING btree (offered_at);

CREATE INDEX dialer_tasks_due ON private.dialer_tasks USING btree (next_attempt_at) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text]));

ALTER TABLE "public"."agenda_policies" ADD CONSTRAINT "agenda_policies_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE POLICY "agenda_policies_insert_admin" ON "public"."agenda_policies" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "agenda_policies_select_member" ON "public"."agenda_policies" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "agenda_policies_update_admin" ON "public"."agenda_policies" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id"), UPDATE ("tenant_id") ON TABLE "public"."agenda_policies" TO "authenticated";

ALTER TABLE "public"."automation_policies" ADD CONSTRAINT "automation_policies_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE POLICY "automation_policies_insert_admin" ON "public"."automation_policies" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "automation_policies_select_member" ON "public"."automation_policies" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "automation_policies_update_admin" ON "public"."automation_policies" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id"), UPDATE ("tenant_id") ON TABLE "public"."automation_policies" TO "authenticated";

CREATE INDEX batch_recipients_due ON public.batch_recipients USING btree (batch_id, not_before, client_id) WHERE (status = 'waiting'::public.recipient_status);

CREATE INDEX call_sweeps_newest ON public.call_sweeps USING btree (tenant_id, integration_id, started_at DESC);

ALTER TABLE "public"."canned_replies" ADD CONSTRAINT "canned_replies_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE POLICY "canned_replies_delete_supervisor" ON "public"."canned_replies" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "canned_replies_insert_supervisor" ON "public"."canned_replies" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

CREATE POLICY "canned_replies_select_member" ON "public"."canned_replies" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "canned_replies_update_supervisor" ON "public"."canned_replies" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('supervisor'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id") ON TABLE "public"."canned_replies" TO "authenticated";

ALTER TABLE "public"."contact_caps" ADD CONSTRAINT "contact_caps_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE POLICY "contact_caps_delete_admin" ON "public"."contact_caps" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "contact_caps_insert_admin" ON "public"."contact_caps" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "contact_caps_select_member" ON "public"."contact_caps" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "contact_caps_update_admin" ON "public"."contact_caps" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id") ON TABLE "public"."contact_caps" TO "authenticated";

ALTER TABLE "public"."conversation_drafts" ADD CONSTRAINT "conversation_drafts_conversation_fkey" FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

CREATE INDEX conversation_drafts_of_conversation ON public.conversation_drafts USING btree (tenant_id, conversation_id);

GRANT INSERT ("tenant_id") ON TABLE "public"."conversation_drafts" TO "authenticated";

ALTER TABLE "public"."conversation_drafts" ADD CONSTRAINT "conversation_drafts_user_fkey" FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

CREATE INDEX conversation_drafts_of_user ON public.conversation_drafts USING btree (user_id);

CREATE POLICY "conversation_drafts_delete_own" ON "public"."conversation_drafts" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid))));

CREATE POLICY "conversation_drafts_insert_own" ON "public"."conversation_drafts" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid))));

CREATE POLICY "conversation_drafts_select_own" ON "public"."conversation_drafts" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid))));

CREATE POLICY "conversation_drafts_update_own" ON "public"."conversation_drafts" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid)))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid))));

GRANT INSERT ("user_id") ON TABLE "public"."conversation_drafts" TO "authenticated";

GRANT UPDATE ("updated_at") ON TABLE "public"."conversation_drafts" TO "authenticated";

CREATE INDEX conversation_events_of_client ON public.conversation_events USING btree (tenant_id, client_id, created_at DESC, id DESC);

CREATE INDEX conversation_events_of_conversation ON public.conversation_events USING btree (tenant_id, conversation_id, created_at DESC);

ALTER TABLE "public"."conversations" ADD COLUMN "phone_key" text GENERATED ALWAYS AS (private.phone_match(phone)) STORED;

CREATE INDEX conversations_newest ON public.conversations USING btree (tenant_id, last_message_at DESC, id DESC);

ALTER TABLE "public"."dialer_agents" ADD CONSTRAINT "dialer_agents_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE POLICY "dialer_agents_delete_admin" ON "public"."dialer_agents" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "dialer_agents_insert_admin" ON "public"."dialer_agents" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role) AND (EXISTS ( SELECT
   FROM public.memberships
  WHERE ((memberships.tenant_id = dialer_agents.tenant_id) AND (memberships.user_id = dialer_agents.user_id))))));

CREATE POLICY "dialer_agents_select_member" ON "public"."dialer_agents" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "dialer_agents_update_admin" ON "public"."dialer_agents" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role) AND (EXISTS ( SELECT
   FROM public.memberships
  WHERE ((memberships.tenant_id = dialer_agents.tenant_id) AND (memberships.user_id = dialer_agents.user_id))))));

GRANT INSERT ("tenant_id") ON TABLE "public"."dialer_agents" TO "authenticated";

ALTER TABLE "public"."dialer_exports" ADD CONSTRAINT "dialer_exports_created_by_fkey" FOREIGN KEY (created_by) REFERENCES auth.users(id);

CREATE INDEX dialer_exports_of_author ON public.dialer_exports USING btree (created_by);

CREATE INDEX dialer_exports_newest ON public.dialer_exports USING btree (tenant_id, created_at DESC, id DESC);

CREATE INDEX dialer_exports_to_plan ON public.dialer_exports USING btree (created_at) WHERE (status = 'planning'::public.dialer_export_status);

ALTER TABLE "public"."dialer_qualifications" ADD CONSTRAINT "dialer_qualifications_type_fkey" FOREIGN KEY (tenant_id, disposition_type) REFERENCES public.disposition_types(tenant_id, key);

CREATE POLICY "dialer_qualifications_delete_admin" ON "public"."dialer_qualifications" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "dialer_qualifications_insert_admin" ON "public"."dialer_qualifications" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "dialer_qualifications_select_member" ON "public"."dialer_qualifications" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "dialer_qualifications_update_admin" ON "public"."dialer_qualifications" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id") ON TABLE "public"."dialer_qualifications" TO "authenticated";

CREATE INDEX message_batches_newest ON public.message_batches USING btree (tenant_id, created_at DESC, id DESC);

CREATE INDEX message_batches_of_sender ON public.message_batches USING btree (tenant_id, sender_id, created_at) WHERE (status = 'sending'::public.batch_status);

CREATE INDEX message_media_due ON public.message_media USING btree (next_attempt_at) WHERE (status = 'waiting'::public.media_status);

ALTER TABLE "public"."message_policies" ADD CONSTRAINT "message_policies_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE POLICY "message_policies_insert_admin" ON "public"."message_policies" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "message_policies_select_member" ON "public"."message_policies" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "message_policies_update_admin" ON "public"."message_policies" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id") ON TABLE "public"."message_policies" TO "authenticated";

ALTER TABLE "public"."notification_preferences" ADD CONSTRAINT "notification_preferences_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

GRANT INSERT ("tenant_id"), UPDATE ("tenant_id") ON TABLE "public"."notification_preferences" TO "authenticated";

ALTER TABLE "public"."notification_preferences" ADD CONSTRAINT "notification_preferences_user_fkey" FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

CREATE INDEX notification_preferences_of_user ON public.notification_preferences USING btree (user_id);

CREATE POLICY "notification_preferences_insert_own" ON "public"."notification_preferences" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid))));

CREATE POLICY "notification_preferences_select_own" ON "public"."notification_preferences" FOR SELECT TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid))));

CREATE POLICY "notification_preferences_update_own" ON "public"."notification_preferences" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid)))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND (user_id = ( SELECT auth.uid() AS uid))));

GRANT INSERT ("user_id"), UPDATE ("user_id") ON TABLE "public"."notification_preferences" TO "authenticated";

ALTER TABLE "public"."rate_cards" ADD CONSTRAINT "rate_cards_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE POLICY "rate_cards_insert_admin" ON "public"."rate_cards" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "rate_cards_select_member" ON "public"."rate_cards" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

GRANT INSERT ("tenant_id") ON TABLE "public"."rate_cards" TO "authenticated";

ALTER TABLE "public"."tenant_calling_windows" ADD CONSTRAINT "tenant_calling_windows_tenant_fkey" FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);

CREATE POLICY "tenant_calling_windows_delete_admin" ON "public"."tenant_calling_windows" FOR DELETE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "tenant_calling_windows_insert_admin" ON "public"."tenant_calling_windows" FOR INSERT TO "authenticated" WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

CREATE POLICY "tenant_calling_windows_select_member" ON "public"."tenant_calling_windows" FOR SELECT TO "authenticated" USING ((tenant_id = ( SELECT private.tenant_id() AS tenant_id)));

CREATE POLICY "tenant_calling_windows_update_admin" ON "public"."tenant_calling_windows" FOR UPDATE TO "authenticated" USING (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role))) WITH CHECK (((tenant_id = ( SELECT private.tenant_id() AS tenant_id)) AND ( SELECT private.has_role('admin'::public.member_role) AS has_role)));

GRANT INSERT ("tenant_id") ON TABLE "public"."tenant_calling_windows" TO "authenticated";

ALTER TABLE "public"."canned_replies" ADD CONSTRAINT "canned_replies_variables_are_known" CHECK ((private.are_template_variables(private.reply_variables(body)) AND (''::text <> ALL (private.reply_variables(body))) AND (body !~ '\{\{charge\.'::text)));

ALTER TABLE "public"."message_templates" ADD CONSTRAINT "message_templates_variables_are_known" CHECK (private.are_template_variables(variables));

CREATE INDEX clients_by_open_value ON public.clients USING btree (tenant_id, open_cents DESC, id DESC) INCLUDE (name_key);

CREATE UNIQUE INDEX conversations_one_per_number ON public.conversations USING btree (sender_id, phone_key) WHERE (phone IS NOT NULL);

CREATE INDEX message_logs_of_phone ON public.message_logs USING btree (tenant_id, private.phone_match(phone), created_at DESC);

-- Rows of reference tables and jobs, which a differ does not see.
insert into private.calling_windows (uf, weekday, opens, closes, source)
select
    law.uf,
    days.weekday,
    law.opens,
    law.closes,
    law.source
from (
    values
    (null, 1, 5, '08:00'::time, '20:00'::time, 'hours of SP Lei 15.426/2014'),
    (null, 6, 6, '08:00', '14:00', 'hours of SP Lei 15.426/2014'),
    ('SP', 1, 5, '08:00', '20:00', 'Lei 15.426/2014, consolidated by Lei 17.832/2023'),
    ('SP', 6, 6, '08:00', '14:00', 'Lei 15.426/2014, consolidated by Lei 17.832/2023'),
    ('AL', 1, 5, '08:00', '20:00', 'Lei 7.782/2016, text messages included'),
    ('AL', 6, 6, '08:00', '14:00', 'Lei 7.782/2016, text messages included'),
    -- The three below are told by efic.com.br, not read in the law; each takes the narrower
    -- reading.
    ('RJ', 1, 5, '09:00', '19:00', 'Lei 6.854/2014, changed by Lei 7.868/2018; second-hand'),
    ('ES', 1, 5, '08:00', '19:00', 'Lei 10.626/2017; second-hand'),
    ('AM', 1, 5, '08:00', '19:00', 'Lei 306/2016, which names only the end; second-hand')
) as law (uf, from_day, to_day, opens, closes, source)
cross join lateral generate_series(law.from_day, law.to_day) as days (weekday);

insert into private.area_codes (area_code, uf)
select
    unnest(string_to_array(plan.codes, ' ')) as area_code,
    plan.uf
from (
    values
    ('SP', '11 12 13 14 15 16 17 18 19'), ('RJ', '21 22 24'), ('ES', '27 28'),
    ('MG', '31 32 33 34 35 37 38'), ('PR', '41 42 43 44 45 46'), ('SC', '47 48 49'),
    ('RS', '51 53 54 55'), ('DF', '61'), ('GO', '62 64'), ('TO', '63'), ('MT', '65 66'),
    ('MS', '67'), ('AC', '68'), ('RO', '69'), ('BA', '71 73 74 75 77'), ('SE', '79'),
    ('PE', '81 87'), ('AL', '82'), ('PB', '83'), ('RN', '84'), ('CE', '85 88'), ('PI', '86 89'),
    ('PA', '91 93 94'), ('AM', '92 97'), ('RR', '95'), ('AP', '96'), ('MA', '98 99')
) as plan (uf, codes);

select cron.schedule('release-held', '2 seconds', 'select private.release_held()');

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

insert into private.integration_fields (provider, field, is_secret, is_required, pattern)
values
('gupshup', 'app_id', false, false, '^[A-Za-z0-9-]{8,64}$'),
('meta', 'waba_id', false, true, '^[0-9]{5,30}$'),
('meta', 'phone_number_id', false, true, '^[0-9]{5,30}$'),
('meta', 'source', false, true, '^[1-9][0-9]{9,14}$'),
('meta', 'api_version', false, false, '^v[0-9]{1,3}\.[0-9]$'),
('meta', 'access_token', true, true, '^\S{8,}$'),
('meta', 'app_secret', true, true, '^\S{8,200}$'),
('meta', 'verify_token', true, true, '^\S{8,200}$');

insert into private.published_rates (
    provider, category, currency, price_micros, is_free_in_window, valid_from, source
)
select
    company.name::public.provider_name,
    rate.category,
    'USD' as currency,
    rate.price_micros,
    rate.is_free,
    rate.valid_from,
    rate.source
from (values ('gupshup'), ('meta')) as company (name)
cross join (
    values
    ('marketing', 25000, false, date '2025-07-01', 'SleekFlow calculator, 2026-09-20'),
    ('utility', 3400, true, date '2025-07-01', 'SleekFlow calculator, 2026-09-20'),
    ('authentication', 3400, false, date '2025-07-01', 'SleekFlow calculator, 2026-09-20'),
    ('service', 0, true, date '2025-07-01', 'Meta, pricing updates of July 2025'),
    ('utility', 3400, false, date '2026-10-01', 'YCloud, 2026-07-02'),
    ('service', 3400, false, date '2026-10-01', 'YCloud, 2026-07-02')
) as rate (category, price_micros, is_free, valid_from, source);

insert into private.batch_moves (from_status, to_status)
values
('awaiting_confirmation', 'scheduled'), ('awaiting_confirmation', 'sending'),
('awaiting_confirmation', 'cancelled'), ('scheduled', 'sending'), ('scheduled', 'paused'),
('scheduled', 'cancelled'), ('sending', 'paused'), ('sending', 'cancelled'),
('paused', 'sending'), ('paused', 'scheduled'), ('paused', 'cancelled'),
-- What failed in passing is tried once more.
('done', 'sending');

select cron.schedule('watch-batches', '* * * * *', 'select private.watch_batches()');

select cron.schedule('forgive-numbers', '17 5 * * *', 'select private.forgive_numbers()');

insert into private.outcome_words (code, word)
values
('agreement_running', 'com acordo em andamento e em dia'),
('attempt_cap', 'já foram feitas todas as tentativas permitidas no período'),
('cancelled', 'o disparo foi cancelado antes'),
('configuration', 'integração configurada de forma errada'),
('just_written', 'esta pessoa acabou de receber outra mensagem'),
('no_phone', 'sem telefone'),
('no_whatsapp', 'sem celular que possa ter WhatsApp'),
('nothing_owed', 'não há mais nada em aberto'),
('number_invalid', 'número sem WhatsApp'),
('opted_out', 'a pessoa pediu para não receber mensagens'),
('outcome_unknown', 'o provedor não confirmou se enviou'),
('outside_hours', 'fora do horário permitido para contato'),
('policy', 'recusada pela política do WhatsApp'),
('provider_unavailable', 'o provedor não respondeu depois de várias tentativas'),
('rate_limited', 'limite de envio do provedor atingido'),
('retried', 'será tentada de novo'),
('template_rejected', 'modelo recusado pelo provedor'),
('unclassified', 'recusada pelo provedor sem motivo conhecido'),
('variable_missing', 'falta um dado que o modelo usa');

insert into private.opt_out_words (words)
values
('sair'), ('parar'), ('pare'), ('para'), ('stop'), ('sai'), ('descadastrar'), ('descadastre'),
('remover'), ('remova'), ('bloquear'), ('unsubscribe'), ('opt out'), ('optout'),
('nao quero'), ('nao quero mais'), ('nao quero receber'), ('nao quero mais receber'),
('nao quero receber mais'), ('nao quero mensagem'), ('nao quero mensagens'),
('nao quero mais mensagem'), ('nao quero mais mensagens'), ('nao quero receber mensagem'),
('nao quero receber mensagens'), ('nao quero receber mais mensagens'),
('nao quero mais receber mensagem'), ('nao quero mais receber mensagens'),
('nao quero mais receber suas mensagens'), ('nao quero receber cobranca'),
('nao quero receber cobrancas'), ('nao quero mais receber cobrancas'), ('nao quero contato'),
('nao quero mais contato'), ('nao me mande mais'), ('nao me mande mensagem'),
('nao me mande mensagens'), ('nao me mande mais mensagem'), ('nao me mande mais mensagens'),
('nao mande mais'), ('nao mande mensagem'), ('nao mande mais mensagem'),
('nao mande mais mensagens'), ('nao me mandem mais mensagens'), ('nao mandem mais mensagens'),
('nao envie mais'), ('nao envie mais mensagens'), ('nao me envie mais mensagens'),
('nao me chame mais'), ('nao me incomode'), ('nao me incomode mais'), ('nao me perturbe'),
('me deixa em paz'), ('me deixe em paz'), ('pare de me mandar mensagem'),
('pare de me mandar mensagens'), ('para de me mandar mensagem'), ('para de me mandar mensagens'),
('pare de mandar mensagem'), ('pare de mandar mensagens'), ('para de mandar mensagem'),
('para de mandar mensagens'), ('parem de me mandar mensagens'), ('parem de mandar mensagens'),
('parar de receber'), ('parar de receber mensagens'), ('parar mensagens'),
('parar as mensagens'), ('pare com as mensagens'), ('pare agora'), ('parar agora'),
('cancelar inscricao'),
('cancelar mensagens'), ('cancelar recebimento'), ('sair da lista'), ('sair dessa lista'),
('me tira da lista'), ('me tire da lista'), ('me tira dessa lista'), ('me tire dessa lista'),
('me remova da lista'), ('me remove da lista'), ('tira meu numero'), ('tire meu numero'),
('tira meu numero da lista'), ('tire meu numero da lista'), ('remover meu numero'),
('remova meu numero'), ('remove meu numero'), ('apaga meu numero'), ('apague meu numero'),
('exclua meu numero'), ('excluir meu numero');

select cron.schedule('sweep-media', '* * * * *', 'select private.sweep_media()');

insert into private.integration_fields (provider, field, is_secret, is_required, pattern)
values
-- The company's own host; nothing else is ever called with its token.
('threecplus', 'host', false, true, '^[a-z0-9-]+\.3c\.(plus|fluxoti\.com)$'),
-- Service tokens alone are answered since 2026-10-01; a person's token would be a 401.
('threecplus', 'api_token', true, true, '^3cs_[A-Za-z0-9_-]{8,200}$'),
-- Role "Agente": qualifies, pauses and dials for the agent named in X-Agent-Id.
('threecplus', 'agent_token', true, false, '^3cs_[A-Za-z0-9_-]{8,200}$'),
-- mailing_sync.json tells which phones were filtered, mailing.json tells nothing.
('threecplus', 'load_report', false, false, '^(sync|none)$'),
-- Whether click2call wants 55 before the number.
('threecplus', 'click2call_prefix', false, false, '^(none|55)$'),
-- Which of a call's ids its qualification is addressed by.
('threecplus', 'qualify_call_id', false, false, '^(telephony_id|id)$'),
-- Qualifications that the dialer's timer gives; ids below zero always are.
('threecplus', 'automatic_qualifications', false, false, '^-?[0-9]{1,9}(,-?[0-9]{1,9})*$'),
-- Of the company at the dialer: its call_date has no zone.
('threecplus', 'time_zone', false, false, '^[A-Za-z]+/[A-Za-z_]+$');

select cron.schedule('sweep-dialer', '* * * * *', 'select private.sweep_dialer()');

select cron.schedule(
    'reconcile-calls', '*/10 * * * *',
    $$select private.wake_function('3cplus-reconcile')
      where exists (
          select from public.integrations
          where integrations.provider = 'threecplus' and integrations.is_active
      )$$
);

select cron.schedule('forget-events', '43 4 * * *', 'select private.forget_provider_events()');

select cron.schedule('sweep-callbacks', '15 seconds', 'select private.sweep_callbacks()');

select cron.schedule('watch-integrations', '*/10 * * * *', 'select private.watch_integrations()');

select cron.schedule('run-schedules', '*/10 * * * *', 'select private.run_schedules()');

-- Numbers connected before senders existed: the trigger makes each one's sender.
update public.integrations set settings = settings where provider in ('gupshup', 'meta');

-- Which clients an import touched, from what earlier imports noted.
insert into private.import_touches
select distinct noted.tenant_id, noted.import_id, clients.id
from private.import_changes as noted
left join public.debts on debts.id = noted.row_id and noted.table_name = 'debts'
join public.clients on clients.id = case noted.table_name when 'clients' then noted.row_id else debts.client_id end
where noted.row_id is not null
on conflict do nothing;

insert into public.rule_steps (tenant_id, rule_id, template_id)
select tenant_id, rule_id, template_id from steps_before;
