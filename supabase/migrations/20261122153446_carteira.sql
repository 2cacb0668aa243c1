-- Why, which locks, and what must be deployed first:
--

set local check_function_bodies = off;

DROP TRIGGER "_900_audit_delete" ON "public"."clients";

DROP TRIGGER "_900_audit_insert" ON "public"."clients";

DROP TRIGGER "_900_audit_update" ON "public"."clients";

DROP TRIGGER "_900_audit_update" ON "public"."imports";

ALTER TABLE "public"."audit_log" DROP CONSTRAINT "audit_log_action_is_known";

DROP FUNCTION "private"."add_import_phones"(uuid, timestamp with time zone);

DROP FUNCTION "private"."client_by_document"(text);

DROP FUNCTION "private"."client_filter"(uuid, jsonb);

DROP FUNCTION "private"."client_row"(public.clients);

DROP FUNCTION "private"."client_totals"(uuid, text, boolean);

DROP FUNCTION "private"."import_portfolio"(uuid, jsonb);

DROP FUNCTION "private"."like_word"(text);

DROP FUNCTION "private"."list_clients"(jsonb, text, integer);

DROP FUNCTION "private"."open_import"(text, text, text);

DROP FUNCTION "private"."prefix_range"(text, text);

DROP FUNCTION "private"."search_condition"(uuid, text);

DROP FUNCTION "public"."client_by_document"(text);

DROP FUNCTION "public"."list_clients"(jsonb, text, integer);

CREATE TABLE "private"."client_contacts" ("tenant_id" uuid NOT NULL, "client_id" uuid NOT NULL, "last_contact_at" timestamp with time zone, "last_disposition_type" text, "call_blocked_until" timestamp with time zone, "whatsapp_blocked_until" timestamp with time zone, CONSTRAINT "client_contacts_pkey" PRIMARY KEY (tenant_id, client_id));

ALTER TABLE "private"."client_contacts" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."client_contacts" FORCE ROW LEVEL SECURITY;

ALTER TABLE "private"."client_contacts" SET (fillfactor=80);

CREATE TABLE "private"."import_changes" ("id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL, "tenant_id" uuid NOT NULL, "import_id" uuid NOT NULL, "table_name" text NOT NULL, "created_ids" uuid[], "row_id" uuid, "before" jsonb, "after" jsonb, CONSTRAINT "import_changes_is_one_kind" CHECK ((((created_ids IS NULL) = (row_id IS NOT NULL)) AND ((row_id IS NULL) = (before IS NULL)) AND ((row_id IS NULL) = (after IS NULL)))), CONSTRAINT "import_changes_pkey" PRIMARY KEY (id));

ALTER TABLE "private"."import_changes" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "private"."import_changes" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."api_keys" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "name" text NOT NULL, "prefix" text NOT NULL, "key_hash" text NOT NULL, "created_by" uuid NOT NULL, "last_used_at" timestamp with time zone, "revoked_at" timestamp with time zone, CONSTRAINT "api_keys_key_hash_is_unique" UNIQUE (key_hash), CONSTRAINT "api_keys_name_has_length" CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 80))), CONSTRAINT "api_keys_pkey" PRIMARY KEY (id), CONSTRAINT "api_keys_tenant_id_key" UNIQUE (tenant_id, id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."api_keys" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."api_keys" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."client_addresses" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "client_id" uuid NOT NULL, "street" text NOT NULL, "number" text, "complement" text, "district" text, "city" text NOT NULL, "uf" text NOT NULL, "cep" text COLLATE pg_catalog."C", "source" text NOT NULL DEFAULT 'person'::text, CONSTRAINT "client_addresses_cep_has_shape" CHECK ((cep ~ '^[0-9]{8}$'::text)), CONSTRAINT "client_addresses_city_is_filled" CHECK ((btrim(city) <> ''::text)), CONSTRAINT "client_addresses_lines_are_short" CHECK ((GREATEST(length(street), length(number), length(complement), length(district), length(city)) <= 200)), CONSTRAINT "client_addresses_pkey" PRIMARY KEY (id), CONSTRAINT "client_addresses_source_is_known" CHECK ((source = ANY (ARRAY['person'::text, 'import'::text]))), CONSTRAINT "client_addresses_street_is_filled" CHECK ((btrim(street) <> ''::text)), CONSTRAINT "client_addresses_uf_has_shape" CHECK ((uf ~ '^[A-Z]{2}$'::text)), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."client_addresses" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."client_addresses" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."client_assignments" ("tenant_id" uuid NOT NULL, "client_id" uuid NOT NULL, "user_id" uuid NOT NULL, "assigned_by" uuid, CONSTRAINT "client_assignments_pkey" PRIMARY KEY (tenant_id, client_id), "assigned_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."client_assignments" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."client_assignments" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."client_tags" ("client_id" uuid NOT NULL, "tag_id" uuid NOT NULL, "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "client_tags_pkey" PRIMARY KEY (tenant_id, tag_id, client_id), "created_by" uuid DEFAULT auth.uid(), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."client_tags" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."client_tags" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."import_mappings" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "tenant_id" uuid NOT NULL, "creditor_id" uuid, "header_key" text NOT NULL, "mapping" jsonb NOT NULL, "updated_by" uuid, CONSTRAINT "import_mappings_has_size" CHECK (((length(header_key) <= 30000) AND (length((mapping)::text) <= 60000))), CONSTRAINT "import_mappings_is_unique" UNIQUE NULLS NOT DISTINCT (tenant_id, creditor_id, header_key), CONSTRAINT "import_mappings_mapping_is_object" CHECK ((jsonb_typeof(mapping) = 'object'::text)), CONSTRAINT "import_mappings_pkey" PRIMARY KEY (id), "updated_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."import_mappings" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."import_mappings" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."segments" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "name" text NOT NULL, "filter" jsonb NOT NULL, "sort" text NOT NULL DEFAULT '-open_cents'::text, "is_shared" boolean NOT NULL DEFAULT false, CONSTRAINT "segments_name_is_filled" CHECK ((btrim(name) <> ''::text)), CONSTRAINT "segments_name_is_short" CHECK ((length(name) <= 80)), CONSTRAINT "segments_pkey" PRIMARY KEY (id), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), "owner_id" uuid NOT NULL DEFAULT auth.uid(), CONSTRAINT "segments_name_is_unique" UNIQUE (tenant_id, owner_id, name), "created_at" timestamp with time zone NOT NULL DEFAULT private.now(), "updated_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."segments" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."segments" FORCE ROW LEVEL SECURITY;

CREATE TABLE "public"."tags" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "name" text NOT NULL, "color" text NOT NULL DEFAULT 'gray'::text, CONSTRAINT "tags_color_has_shape" CHECK ((color ~ '^[a-z]{3,20}$'::text)), CONSTRAINT "tags_name_is_filled" CHECK ((btrim(name) <> ''::text)), CONSTRAINT "tags_name_is_short" CHECK ((length(name) <= 40)), CONSTRAINT "tags_pkey" PRIMARY KEY (id), "tenant_id" uuid NOT NULL DEFAULT private.tenant_id(), CONSTRAINT "tags_tenant_id_key" UNIQUE (tenant_id, id), "created_at" timestamp with time zone NOT NULL DEFAULT private.now());

ALTER TABLE "public"."tags" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."tags" FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."clients" ADD COLUMN "has_phone" boolean NOT NULL DEFAULT false;

ALTER TABLE "public"."clients" ADD COLUMN "has_whatsapp" boolean DEFAULT false;

ALTER TABLE "public"."import_rejects" ADD COLUMN "cells" text[] NOT NULL DEFAULT '{}'::text[];

ALTER TABLE "public"."imports" ADD COLUMN "source" text NOT NULL DEFAULT 'csv'::text;

ALTER TABLE "public"."imports" ADD COLUMN "api_key_id" uuid;

ALTER TABLE "public"."imports" ADD COLUMN "idempotency_key" text;

ALTER TABLE "public"."imports" ADD COLUMN "request_fingerprint" text;

ALTER TABLE "public"."imports" ADD COLUMN "answer" jsonb;

ALTER TABLE "public"."imports" ADD COLUMN "header" text[] NOT NULL DEFAULT '{}'::text[];

ALTER TABLE "public"."imports" ADD COLUMN "debts_absent" integer NOT NULL DEFAULT 0;

ALTER TABLE "public"."imports" ADD COLUMN "debts_returned" integer NOT NULL DEFAULT 0;

ALTER TABLE "public"."imports" ADD COLUMN "error_code" text;

ALTER TABLE "public"."imports" ADD COLUMN "cancel_requested_at" timestamp with time zone;

ALTER TABLE "public"."imports" ADD COLUMN "started_at" timestamp with time zone;

ALTER TABLE "public"."imports" ADD COLUMN "phase" text;

ALTER TABLE "public"."imports" ADD COLUMN "rows_read" integer NOT NULL DEFAULT 0;

ALTER TABLE "public"."imports" ADD COLUMN "rows_valid" integer NOT NULL DEFAULT 0;

ALTER TABLE "public"."imports" ADD COLUMN "rows_written" integer NOT NULL DEFAULT 0;

ALTER TABLE "public"."imports" ADD COLUMN "rows_total" integer;

ALTER TABLE "public"."imports" ADD COLUMN "rows_per_second" integer;

ALTER TABLE "public"."imports" ADD COLUMN "seconds_left" integer;

CREATE TYPE "private"."client_search" AS ("typed" text, "words" text[], "name_prefix" text, "name_key" text, "phrase" text, "email" text, "code" text, "document" text, "phone" text, "foreign_phone" text, "phone_tail" text, "is_broad" boolean);

CREATE TYPE "private"."client_filter" AS ("tenant_id" uuid, "is_all" boolean, "search" private.client_search, "creditor_ids" uuid[], "statuses" public.debt_status[], "aged_from" date[], "aged_to" date[], "min_cents" bigint, "max_cents" bigint, "due_from" date, "due_to" date, "ufs" text[], "contact_from" timestamp with time zone, "contact_before" timestamp with time zone, "is_never_contacted" boolean, "disposition_types" text[], "has_phone" boolean, "whatsapp" text[], "is_opted_out" boolean, "now_at" timestamp with time zone, "import_id" uuid, "tag_ids" uuid[], "operator_ids" uuid[], "is_unassigned" boolean, "ids" uuid[], "except_ids" uuid[]);

CREATE TYPE "private"."client_sort" AS ("name" text, "expression" text, "type_name" text, "is_nullable" boolean, "is_descending" boolean);

ALTER TYPE "public"."import_status" ADD VALUE 'queued' AFTER 'failed';
