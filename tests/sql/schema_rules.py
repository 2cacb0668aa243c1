"""Rules that hold for the whole schema, each a query that lists who breaks it.

`breaks` is a statement that breaks the rule; the test of the test runs it and wants to see red.
"""

from dataclasses import dataclass

# Tables, functions and policies of ours; extensions' own do not count.
OURS = "('public'::regnamespace, 'private'::regnamespace)"

# Definer functions that a signed-in person reaches, and why each must run as its owner. Every other
# definer function is granted to nobody, or to the jobs alone.
DEFINERS_OF_PEOPLE = {
    "private.now": "default of created_at; the clock's table is nobody's",
    "private.today": "same",
    "private.tenant_id": "policies ask it; memberships must not ask themselves",
    "private.member_role": "same",
    "private.has_role": "same",
    "private.require_role": "same, for functions",
    "private.may_join": "asked by Realtime before any tenant is known",
    "private.creditor_scope": "policies ask it; memberships must not ask themselves",
    "private.sees_everything": "same",
    "private.first_steps": "looks at facts of every room; tenant inside",
    "private.note_first_step": "admin; the table is private",
    "private.session_context": "lists the tenants of a person across tenants",
    "private.invite": "admin; writes invitations and looks an e-mail up in auth.users",
    "private.revoke_invitation": "admin; invitations are granted to nobody",
    "private.revoke_membership": "admin; guards the last admin",
    "private.set_member_role": "admin; guards the last admin",
    "private.set_member_scope": "admin; nobody is granted to write memberships",
    "private.save_team": "admin; teams are granted to nobody",
    "private.archive_team": "same",
    "private.list_people": "admin; e-mail addresses lie in auth.users",
    "private.rename_me": "the caller's own name",
    "private.renew_invitation": "admin; invitations are granted to nobody",
    "private.note_invitation_mail": "same",
    "private.save_integration": "admin; writes the Vault",
    "private.end_callback": "operator; nobody is granted to write callbacks",
    "private.reschedule_callback": "same",
    "private.cancel_callback": "same",
    "private.assign_callback": "same",
    "private.list_callbacks": "one screen, one plan; tenant inside",
    "private.callback_days": "same",
    "private.callback_hours": "same",
    "private.next_client": "an operator's one way to be given a client; holds it as begin_service",
    "private.notification_bell": "the caller's own; tenant inside",
    "private.retry_automation_run": "supervisor; writes run and queue",
    "private.list_clients": "search operators are not leakproof",
    "private.service_screen": "one screen, one plan; tenant inside",
    "private.client_timeline": "same",
    "private.selection_totals": "same as list_clients",
    "private.filter_counts": "same",
    "private.filter_options": "one panel, one call; tenant inside",
    "private.client_profile": "one screen, one plan; tenant inside",
    "private.client_history": "admin; the log of rows that are gone",
    "private.open_download": "supervisor; the tickets are private",
    "private.is_client_list": "a constraint of segments asks what list_clients would accept",
    "private.bulk_eligibility": "same as list_clients; asks suppressions by phone",
    "private.bulk_assign": "supervisor; nobody is granted to write assignments",
    "private.bulk_tag": "supervisor; one line of audit for a whole selection",
    "private.open_export": "supervisor; finds ids, writes the audit; rows are read under RLS",
    "private.open_import": "supervisor; bulk writes of the import",
    "private.plan_portfolio": "same",
    "private.write_import_chunk": "same",
    "private.abandon_import": "same; takes back what cannot be written",
    "private.await_import_turn": "supervisor; sees what an import left unfinished",
    "private.resume_import": "supervisor; wakes a job",
    "private.hold_import": "supervisor; the lock by which an import is known to live",
    "private.announce_import": "supervisor; nobody is granted a write of imports",
    "private.report_import": "same",
    "private.end_import": "same",
    "private.keep_rehearsal": "same",
    "private.open_reject_cells": "same; the table is the owner's, as in open_import",
    "private.keep_reject_cells": "same",
    "private.imports_alive": "marks what died; nobody is granted a write of imports",
    "private.cancel_import": "supervisor; same",
    "private.import_differences": "supervisor; before-images are private",
    "private.rollback_import": "supervisor; writes what nobody is granted",
    "private.create_api_key": "admin; nobody is granted a write of api_keys",
    "private.revoke_api_key": "same",
    "private.agreement_page": "one screen, one plan; tenant inside",
    "private.approval_inbox": "supervisor; same",
    "private.cancel_agreement": "writes agreements, titles and the outbox",
    "private.cancel_installment": "supervisor; same",
    "private.debt_statement": "prices with tables nobody may write; tenant inside",
    "private.decide_agreement": "supervisor, not the author; writes agreements",
    "private.decide_settlement": "supervisor, not the requester; writes the ledger",
    "private.hold_debts": "writes titles, which are granted to nobody",
    "private.list_agreements": "search operators are not leakproof",
    "private.load_index_factors": "admin; revisions are numbered under a lock",
    "private.negotiation_context": "one screen, one plan; tenant inside",
    "private.override_prescription": "admin; writes titles",
    "private.payment_queue": "one screen, one plan; tenant inside",
    "private.preview_agreement_policy": "admin; asks the clock's own function",
    "private.propose_agreement": "writes agreements, whose seal only the owner can make",
    "private.reactivate_agreement": "supervisor; writes agreements and titles",
    "private.refresh_charge": "writes charge and queue",
    "private.release_debts": "supervisor; writes titles",
    "private.request_charges": "writes charges and queue",
    "private.request_reconciliation": "supervisor; wakes a job",
    "private.reschedule_installment": "supervisor; writes the schedule",
    "private.resolve_payment_case": "supervisor; writes the ledger",
    "private.retry_charge": "writes charge and queue",
    "private.reverse_payment": "supervisor; writes the ledger",
    "private.save_agreement_policy": "admin; versions are numbered under a lock",
    "private.save_charge_policy": "admin; same",
    "private.save_client_address": "an operator's one way to write an address",
    "private.send_charge": "writes message and queue",
    "private.settle_manually": "writes the ledger, or a request to",
    "private.simulate_agreement": "prices as propose does",
    "private.statement_days": "as debt_statement",
    "private.save_sender": "admin; senders are granted to nobody",
    "private.set_sender_state": "supervisor; same",
    "private.open_conversation": "an operator's one way to begin a talk",
    "private.take_conversation": "writes owner and history; another's is a supervisor's",
    "private.ignore_conversation": "writes talk and history",
    "private.link_conversation": "writes talk, messages and history",
    "private.read_conversation": "writes a talk's unread count",
    "private.list_conversations": "one screen, one plan; tenant inside",
    "private.conversation_page": "same",
    "private.conversation_counts": "same",
    "private.conversation_templates": "renders as the sender does; tenant inside",
    "private.send_chat_file": "the bytes are private; tenant inside",
    "private.read_media": "the bytes are private; tenant inside",
    "private.send_chat_message": "writes message and queue",
    "private.preview_template": "renders as the sender does; tenant inside",
    "private.list_templates": "one page, one plan; tenant inside",
    "private.render_canned_reply": "same as preview_template",
    "private.rate_card": "the published prices are private",
    "private.lawful_hours": "the law's tables are private",
    "private.panel_numbers": "supervisor; facts and their definitions are private",
    "private.panel_cards": "same",
    "private.panel_rows": "same",
    "private.panel_portfolio": "same",
    "private.panel_board": "supervisor; queues and their ages are private",
    "private.integration_page": "admin; says which secrets lie in the Vault",
    "private.rotate_webhook_key": "admin; a key's hash is nobody's to write",
    "private.integration_to_test": "admin; names the integration a function asks",
    "private.note_integration_test": "admin; writes what a test found",
    "private.preview_message_batch": "supervisor; same as bulk_eligibility",
    "private.create_message_batch": "supervisor; writes a row per selected client",
    "private.change_message_batch": "supervisor; a second person confirms",
    "private.retry_message_batch": "supervisor; writes recipients and messages",
    "private.list_message_batches": "one screen, one plan; numbers are private",
    "private.message_batch": "same",
    "private.batch_results": "same",
    "private.open_batch_export": "supervisor; writes the audit; rows are read under RLS",
    "private.begin_service": "an operator's one way to hold a client",
    "private.cancel_dialer_export": "supervisor; writes exports and tasks",
    "private.create_client_for_call": "an operator makes a client for a call of theirs",
    "private.dialer_account": "supervisor; names the integration a function asks",
    "private.dialer_overview": "supervisor; one screen, one plan; tenant inside",
    "private.dialer_export_results": "same",
    "private.suppress_contact": "an operator's one way to stop contact; tenant inside",
    "private.lift_suppression": "admin; nobody may change a suppression's row",
    "private.suppressions_of": "asks by number; tenant inside",
    "private.dispose_call": "an operator's one way to end a call of nobody's",
    "private.dialer_seat": "the caller's own agent; integrations are supervisors' to read",
    "private.end_service": "as begin_service",
    "private.find_client_for_call": "looks a number up by its tail; tenant inside",
    "private.link_call": "an operator's one way to say whose a call is",
    "private.my_open_calls": "the caller's own; tenant inside",
    "private.request_dialer_export": "supervisor; writes exports and the audit",
    "private.require_callable": "asks suppressions and hours by number; tenant inside",
    "private.resume_dialer_export": "supervisor; writes exports and tasks",
    "private.take_over_service": "supervisor; writes the lock and the audit",
    "private.disposition_effects": "plans as the sender does; tenant inside",
    "private.count_failures": "supervisor; events are private; tenant inside",
    "private.list_failures": "same",
    "private.reprocess_failures": "supervisor; each area's own retry",
    "private.dry_run_rule": "supervisor; plans as the sender does and writes what it found",
    "private.save_rule": "admin; rules are granted to nobody, every edit is a version",
    "private.set_rule_enabled": "admin; asks for a dry run first",
    "private.list_rules": "counts runs and reads rehearsals; tenant inside, names nobody",
    "private.creditor_overview": "admin; one page, one plan; tenant inside",
    "private.delete_creditor": "admin; nobody is granted a delete",
    "private.erase_person": "admin; writes what nobody is granted",
    "private.privacy_preview": "admin; says what an erasure would keep",
    "private.request_person_export": "admin; nobody is granted a write of the register",
    "private.person_export": "admin; reads private copies, too",
    "private.settings_history": "admin; as client_history, for settings",
    "private.setting_version": "same; what restore_setting writes as the caller",
    "private.save_disposition_type": "admin; finds a free key, names what was wrong",
    "private.order_disposition_types": "admin; one statement for all of them",
    "private.delete_disposition_type": "admin; nobody is granted a delete",
    "private.undo_disposition": "who made it; gives back callback and call",
}
FUNCTIONS_OF_JOBS = {
    "worker": {
        "private.now",
        "private.today",
        "private.claim_automation_runs",
        "private.begin_turn",
        "private.events_pause",
        "private.settle_message",
        "private.apply_provider_events",
        "private.integration_secret",
        "private.claim_charges",
        "private.claim_messages",
        "private.claim_media",
        "private.settle_media",
        "private.begin_charge",
        "private.batch_pause",
        "private.begin_batch_messages",
        "private.claim_batch_messages",
        "private.fold_batch_counts",
        "private.integrations_to_sync",
        "private.settle_batch_messages",
        "private.take_templates",
        "private.template_name",
        "private.template_headers",
        "private.settle_charge",
        "private.record_payment_event",
        "private.take_calls",
        "private.reconciliation_days",
        "private.begin_reconciliation",
        "private.finish_reconciliation",
        "private.begin_call_sweep",
        "private.begin_dialer_task",
        "private.claim_dialer_tasks",
        "private.dialer_task_rows",
        "private.finish_call_sweep",
        "private.note_dialer_rows",
        "private.plan_dialer_export",
        "private.record_call",
        "private.settle_dialer_task",
        "private.claim_import",
        "private.begin_resumption",
        "private.advance_import",
    },
    "webhook": {
        "private.receive_provider_event",
        "private.is_callback_token",
        "private.receive_call_event",
        "private.use_api_key",
        "private.webhook_secret",
        "private.use_download",
        "private.read_sent_media",
    },
}
# Why a table has no audit trigger.
UNAUDITED = {
    "batch_recipients": "the row and its message are the record",
    "conversation_drafts": "what was not sent is no history",
    "conversation_events": "append-only; is the record itself",
    "conversations": "conversation_events is its history",
    "call_sweeps": "is the record itself",
    "calls": "carries every step's time; written by the dialer's events alone",
    "client_services": "coming and going is no history; a takeover is audited by name",
    "dialer_export_rows": "is the record itself",
    "dialer_exports": "carries its author and every count; the request is audited by name",
    "agreement_debts": "prices never change, the flag follows the agreement's status",
    "agreement_events": "append-only; is the record itself",
    "charges": "carries every step's time",
    "index_factors": "append-only; every revision names its author",
    "job_runs": "is the record itself",
    "negotiation_drafts": "what was not proposed is no history",
    "payment_allocations": "append-only; is the record itself",
    "payment_courses": "append-only; every decision names its author",
    "payment_reversals": "append-only; same",
    "privacy_requests": "is the record itself",
    "payments": "append-only; is the record itself",
    "reconciliations": "is the record itself",
    "audit_log": "is the audit",
    "automation_runs": "carries every step's time and reason",
    "disposition_undos": "append-only; says who and when",
    "rule_dry_run_lines": "nothing happened",
    "rule_dry_runs": "nothing happened; names its author",
    "rule_steps": "append-only; of one version",
    "rule_versions": "append-only; is the record itself",
    "call_dispositions": "immutable and signed by its operator",
    "import_rejects": "is the record itself",
    "message_logs": "carries every step's time",
    "message_media": "is the record itself",
    "notification_preferences": "what somebody wants to hear is nobody's business",
    "notifications": "reading is nobody's business",
}


def words(names: object) -> str:
    """A list of names as SQL; they are constants of this file."""
    return "(" + ", ".join(f"'{name}'" for name in sorted(names)) + ")"  # type: ignore[call-overload]


@dataclass(frozen=True)
class Rule:
    claim: str
    offenders: str
    breaks: str


RULES = [
    Rule(
        "every table has row security enabled and forced",
        f"select oid::regclass from pg_class where relnamespace in {OURS} and relkind in ('r', 'p')"
        " and not (relrowsecurity and relforcerowsecurity)",
        "create table public.broken (id int primary key);"
        "alter table public.broken enable row level security",
    ),
    Rule(
        "every table of an agency says which agency",
        "select oid::regclass from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p') and relname <> 'tenants' and not exists ("
        "   select from pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id'"
        "   and attnotnull and atttypid = 'uuid'::regtype)",
        "create table public.broken (id int primary key, tenant_id uuid)",
    ),
    Rule(
        "a foreign key between two tables of an agency holds the agency",
        "select conname from pg_constraint where contype = 'f'"
        f" and connamespace in {OURS} and confrelid in ("
        "   select attrelid from pg_attribute where attname = 'tenant_id' and attnum > 0)"
        " and not exists (select from pg_attribute where attrelid = conrelid"
        "   and attnum = any(conkey) and attname = 'tenant_id')",
        "alter table public.client_phones add constraint broken foreign key (client_id)"
        " references public.clients (id)",
    ),
    Rule(
        "one policy per table, command and role",
        "select schemaname, tablename, cmd from pg_policies"
        " where schemaname in ('public', 'private')"
        " group by 1, 2, 3 having count(*) > 1",
        "create policy again on public.clients for select to authenticated using (false)",
    ),
    Rule(
        "a policy is for one command and for signed-in people",
        "select policyname from pg_policies where schemaname in ('public', 'private', 'realtime')"
        " and (cmd = 'ALL' or roles <> '{authenticated}' or permissive <> 'PERMISSIVE')",
        "create policy broken on public.debts for all to public using (false)",
    ),
    Rule(
        "a policy computes its helpers once per query",
        "select policyname from pg_policies"
        " where schemaname in ('public', 'private', 'realtime') and regexp_replace("
        r"   coalesce(qual, '') || coalesce(with_check, ''), '\( SELECT [^()]*\((\S*|[^()]*)\)"
        r"[^()]*( AS \w+)?\)', '', 'g')"
        r" ~ '(private|auth|realtime)\.\w+\(|current_setting'",
        "create policy broken on public.debts for insert to authenticated"
        " with check (tenant_id = private.tenant_id())",
    ),
    Rule(
        "no policy trusts what a user may edit",
        "select policyname from pg_policies"
        " where coalesce(qual, '') || coalesce(with_check, '') ~ 'user_metadata|jwt'",
        "create policy broken on public.debts for insert to authenticated"
        " with check ((auth.jwt() -> 'user_metadata') is not null)",
    ),
    Rule(
        "no policy that writes is always true",
        "select policyname from pg_policies where schemaname in ('public', 'private')"
        " and cmd <> 'SELECT' and 'true' in (qual, with_check)",
        "create policy broken on public.debts for insert to authenticated with check (true)",
    ),
    Rule(
        "a table with row security has a policy, if the API may see it at all",
        "select oid::regclass from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p')"
        " and not exists (select from pg_policy where polrelid = pg_class.oid)",
        "create table public.broken (id int primary key);"
        "alter table public.broken enable row level security, force row level security",
    ),
    Rule(
        "without a session nothing can be read or written",
        f"select oid::regclass from pg_class where relnamespace in {OURS}"
        " and relkind in ('r', 'p', 'v', 'm', 'S') and exists ("
        "   select from aclexplode(relacl) as acl"
        "   where acl.grantee in (0, 'anon'::regrole))",
        "grant select on public.clients to anon",
    ),
    Rule(
        "without a session nothing can be executed",
        f"select oid::regprocedure from pg_proc where pronamespace in {OURS}"
        " and has_function_privilege('anon', oid, 'execute')",
        "create function public.broken() returns int language sql as 'select 1';"
        "grant execute on function public.broken() to public",
    ),
    Rule(
        "nothing in private is a table of the API",
        "select oid::regclass from pg_class where relnamespace = 'private'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'm') and exists (select from aclexplode(relacl) as acl"
        "   where acl.grantee in (0, 'anon'::regrole, 'authenticated'::regrole,"
        "   'worker'::regrole, 'webhook'::regrole))",
        "grant select on private.clock to authenticated",
    ),
    Rule(
        "no function of public runs with its owner's rights",
        "select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace"
        " and prosecdef",
        "create function public.broken() returns int language sql security definer"
        " set search_path = '' as 'select 1'",
    ),
    Rule(
        "a definer function that people reach is on the list, with its reason",
        f"select oid::regprocedure from pg_proc where pronamespace in {OURS} and prosecdef"
        " and has_function_privilege('authenticated', oid, 'execute')"
        f" and pronamespace::regnamespace || '.' || proname not in {words(DEFINERS_OF_PEOPLE)}",
        "grant execute on function private.wake_function(text) to authenticated",
    ),
    Rule(
        "the list of definer functions names no function that is gone",
        f"select listed from unnest(array[{words(DEFINERS_OF_PEOPLE)[1:-1]}]) as listed"
        " where not exists (select from pg_proc"
        "   where pronamespace::regnamespace || '.' || proname = listed and prosecdef)",
        "drop function public.session_context(); drop function private.session_context()",
    ),
    Rule(
        "a job can execute its own functions and no other",
        " union all ".join(
            f"select '{role}: ' || oid::regprocedure from pg_proc where pronamespace in {OURS}"
            f" and has_function_privilege('{role}', oid, 'execute')"
            f" and pronamespace::regnamespace || '.' || proname not in {words(listed)}"
            for role, listed in FUNCTIONS_OF_JOBS.items()
        ),
        "grant execute on function private.integration_secret(uuid, text) to webhook",
    ),
    Rule(
        "a secret is read by the worker alone",
        "select grantee::regrole from pg_proc, aclexplode(proacl)"
        " where oid = 'private.integration_secret(uuid, text)'::regprocedure"
        " and grantee not in (proowner, 'worker'::regrole)",
        "grant execute on function private.integration_secret(uuid, text) to authenticated",
    ),
    Rule(
        "every function pins its search path to nothing",
        # Postgres refuses a commit to a procedure that sets anything.
        f"select oid::regprocedure from pg_proc where pronamespace in {OURS} and prokind <> 'p'"
        " and not coalesce('search_path=\"\"' = any(proconfig), false)"
        " and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')",
        "create function private.broken() returns int language sql as 'select 1'",
    ),
    Rule(
        "every foreign key has an index that begins with it",
        "select conname from pg_constraint"
        f" where contype = 'f' and connamespace in {OURS} and not exists ("
        "   select from pg_index where indrelid = conrelid"
        "   and (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(conkey)] @> conkey"
        "   and (indpred is null or pg_get_expr(indpred, indrelid)"
        "     ~ ('^\\(' || (select attname from pg_attribute where attrelid = conrelid"
        "       and attnum = conkey[cardinality(conkey)]) || ' IS NOT NULL\\)$')))",
        "drop index public.debts_of_import",
    ),
    Rule(
        "no two indexes are the same",
        "select array_agg(indexrelid::regclass) from pg_index"
        " join pg_class on pg_class.oid = indrelid"
        f" where relnamespace in {OURS}"
        " group by indrelid, indkey::text, indclass::text, indoption::text,"
        " coalesce(indexprs::text, ''), coalesce(indpred::text, '') having count(*) > 1",
        "create index broken on public.debts (tenant_id, contract)",
    ),
    Rule(
        "every table has a primary key, or says what is unique",
        f"select oid::regclass from pg_class where relnamespace in {OURS} and relkind in ('r', 'p')"
        " and not exists (select from pg_index where indrelid = pg_class.oid and indisunique)",
        "create table private.broken (id int)",
    ),
    Rule(
        "a view asks with its reader's rights",
        f"select oid::regclass from pg_class where relnamespace in {OURS} and (relkind = 'm'"
        " or relkind = 'v' and not coalesce('security_invoker=true' = any(reloptions), false))",
        "create view public.broken as select id from public.clients",
    ),
    Rule(
        "no extension lives in the API's schema",
        "select extname from pg_extension where extnamespace = 'public'::regnamespace",
        "drop extension btree_gin cascade; create extension btree_gin with schema public",
    ),
    Rule(
        "queues are out of everybody's reach",
        "select oid::regclass from pg_class where relnamespace = 'pgmq'::regnamespace"
        " and relname ~ '^[qa]_' and exists (select from aclexplode(relacl) as acl"
        "   where acl.grantee in (0, 'anon'::regrole, 'authenticated'::regrole,"
        "   'worker'::regrole, 'webhook'::regrole))",
        "grant select on pgmq.q_automations to authenticated",
    ),
    Rule(
        "every change to a table is audited, or there is a reason why not",
        "select oid::regclass from pg_class where relnamespace = 'public'::regnamespace"
        f" and relkind in ('r', 'p') and relname not in {words(UNAUDITED)}"
        " and 28 is distinct from (select bit_or(tgtype & 28) from pg_trigger"
        "   where tgrelid = pg_class.oid and tgfoid = 'private.tg_audit'::regproc"
        "   and tgenabled = 'O')",
        "drop trigger _900_audit_delete on public.creditors",
    ),
    Rule(
        "a trigger with work per row is the exception",
        "select tgrelid::regclass, tgname from pg_trigger"
        " where not tgisinternal and tgtype & 1 = 1"
        f" and tgrelid in (select oid from pg_class where relnamespace in {OURS})"
        " and tgname not in"
        # The first drops what its person muted, which only a row's trigger can. The last joins a
        # message to its talk; bulk sends say it themselves.
        " ('_050_preferences', '_100_touch_updated_at', '_100_accept',"
        "  '_200_ship_disposition_types', '_210_ship_rules', '_100_conversation')",
        "create trigger broken after insert on public.debts"
        " for each row execute function private.tg_touch_updated_at()",
    ),
    Rule(
        "every raise has a word and a status for HTTP",
        f"select oid::regprocedure from pg_proc where pronamespace in {OURS} and prolang = ("
        "   select oid from pg_language where lanname = 'plpgsql')"
        " and (select count(*) from regexp_matches(prosrc, 'raise exception', 'gi'))"
        " <> (select count(*) from regexp_matches(prosrc,"
        r"   'raise exception ''[a-z_]+'' using errcode = ''PT4\d\d''', 'g'))",
        "create function private.broken() returns void language plpgsql set search_path = ''"
        " as $$ begin raise exception 'no %', 1; end; $$",
    ),
]
