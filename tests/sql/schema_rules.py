"""Rules that hold for the whole schema, each a query that lists who breaks it.

`breaks` is a statement that breaks the rule; the test of the test runs it and wants to see red.
"""

from dataclasses import dataclass

from tests.sql.schema_exceptions import DEFINERS_OF_PEOPLE, FUNCTIONS_OF_JOBS, UNAUDITED

# Tables, functions and policies of ours; extensions' own do not count.
OURS = "('public'::regnamespace, 'private'::regnamespace)"


def words(names: object) -> str:
    """A list of names as SQL; they are constants of schema_exceptions."""
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
    Rule(
        # An import's writers plan without hashes, and what they set holds for the triggers they
        # fire; and a plan made when there was nothing to compare is kept for ten thousand rows,
        # which would then be compared each with each.
        "a trigger that compares a chunk's old rows with the new ones does it by hash or groups",
        "select distinct tgfoid::regproc from pg_trigger join pg_proc on pg_proc.oid = tgfoid"
        " where tgrelid in ('public.clients'::regclass, 'public.debts'::regclass,"
        "   'public.client_phones'::regclass)"
        r" and prosrc ~ '(join|from (old|new)_rows,) (old_rows|new_rows)\M'"
        " and not coalesce(proconfig @> '{enable_hashjoin=on,enable_nestloop=off}', false)",
        "alter function private.tg_broadcast_status() reset enable_nestloop",
    ),
]
