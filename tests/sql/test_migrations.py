"""`sql/schema` says what is, `supabase/migrations` how it got there: both must build the same.

Asked of the catalog itself, with what a schema differ does not see: rows of reference tables, jobs,
queues, comments and default rights.
"""

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest

from local_platform import database as databases
from local_platform.stack import Stack

OURS = "('public'::regnamespace, 'private'::regnamespace)"

CATALOG = {
    "columns": "select attrelid::regclass::text, attname, format_type(atttypid, atttypmod),"
    " attnotnull, attcollation::regcollation::text, attgenerated::text, attidentity::text,"
    " attacl::text, (select pg_get_expr(adbin, adrelid) from pg_attrdef"
    "   where adrelid = attrelid and adnum = attnum)"
    " from pg_attribute join pg_class on pg_class.oid = attrelid"
    f" where relnamespace in {OURS} and attnum > 0 and not attisdropped",
    "tables": "select oid::regclass::text, relkind::text, relrowsecurity, relforcerowsecurity,"
    f" relacl::text, reloptions::text from pg_class where relnamespace in {OURS}",
    "constraints": "select conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
    f" from pg_constraint where connamespace in {OURS}",
    "indexes": "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index"
    f" join pg_class on pg_class.oid = indrelid where relnamespace in {OURS}",
    "functions": "select oid::regprocedure::text, pg_get_functiondef(oid), proacl::text"
    f" from pg_proc where pronamespace in {OURS} and prokind = 'f'",
    "triggers": "select tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled::text"
    " from pg_trigger where not tgisinternal",
    "policies": "select tablename, policyname, cmd, roles::text, qual, with_check from pg_policies",
    "types": "select typname, typtype::text, array(select enumlabel::text from pg_enum"
    "   where enumtypid = pg_type.oid order by enumsortorder)"
    f" from pg_type where typnamespace in {OURS}",
    "comments": "select classoid::regclass::text, case classoid"
    "   when 'pg_proc'::regclass then objoid::regprocedure::text"
    "   when 'pg_class'::regclass then objoid::regclass::text else '' end, objsubid, description"
    " from pg_description where (classoid = 'pg_proc'::regclass and objoid in"
    f"   (select oid from pg_proc where pronamespace in {OURS}))"
    "  or (classoid = 'pg_class'::regclass and objoid in"
    f"   (select oid from pg_class where relnamespace in {OURS}))",
    "default rights": "select defaclnamespace::regnamespace::text, defaclobjtype::text,"
    " defaclacl::text from pg_default_acl",
    "schemas": f"select nspname, nspacl::text from pg_namespace where oid in {OURS}",
    "extensions": "select extname, extnamespace::regnamespace::text from pg_extension",
    "members": "select roleid::regrole::text, member::regrole::text, inherit_option, set_option"
    " from pg_auth_members",
    "queues": "select queue_name, is_unlogged from pgmq.meta",
    "queues' storage": "select relname, reloptions::text from pg_class"
    " where relnamespace = 'pgmq'::regnamespace and relkind = 'r'",
    "queues' indexes": "select pg_get_indexdef(indexrelid) from pg_index"
    " join pg_class on pg_class.oid = indrelid where relnamespace = 'pgmq'::regnamespace",
    "jobs": "select jobname, schedule, command from cron.job",
    "clock": "select shift::text from private.clock",
    "calling windows": "select * from private.calling_windows",
    "holidays": "select * from private.holidays",
    "time zones": "select * from private.uf_time_zones",
    "integration fields": "select * from private.integration_fields",
    "words of fields": "select * from private.field_words",
    "WhatsApp providers": "select * from private.whatsapp_providers",
    "personal tables": "select * from private.personal_tables",
}

Build = Callable[[Callable[[str], object]], str]


@pytest.fixture
def built(stack: Stack) -> Iterator[Build]:
    """`built(fill)` is the URL of an empty platform database after `fill(its name)`."""
    names: list[str] = []

    def build(fill: Callable[[str], object]) -> str:
        name = f"built_{uuid.uuid4().hex}"
        with stack.server.connect("supabase_admin", "template1") as connection:
            databases.create_database(connection, name)
        names.append(name)
        fill(name)
        return stack.settings.database_url("supabase_admin", name)

    yield build
    with stack.server.connect("supabase_admin", "template1") as connection:
        for name in names:
            databases.drop_database(connection, name)


def catalog(connection: psycopg.Connection) -> dict[str, set[str]]:
    return {
        part: {repr(row) for row in connection.execute(query.encode())}
        for part, query in CATALOG.items()
    }


def test_both_build_the_same_database(stack: Stack, built: Build) -> None:
    schema = built(lambda name: databases.apply_schema(stack.server, name))
    migrations = built(lambda name: databases.apply_migrations(stack.server, name))
    with psycopg.connect(schema) as is_now, psycopg.connect(migrations) as became:
        wanted, found = catalog(is_now), catalog(became)
    for part in CATALOG:
        assert found[part] == wanted[part], f"{part}: run `make migration name=…`"


@pytest.mark.parametrize(
    "change",
    [
        "alter table public.clients add column nickname text",
        "alter table public.debts alter column due_on drop not null",
        "create index extra on public.debts (due_on)",
        "grant select on public.clients to anon",
        "grant update (document) on public.clients to authenticated",
        "alter policy clients_select_member on public.clients using (true)",
        "alter function private.today(uuid) volatile",
        "drop trigger _100_accept on public.call_dispositions",
        "comment on table public.clients is 'outra coisa'",
        "insert into private.holidays (name, month, day) values ('Nova', 1, 2)",
        "update cron.job set schedule = '*/7 * * * *' where jobname = 'sweep-queues'",
        "alter type public.debt_status add value 'lost'",
        "drop index pgmq.q_provider_events_of_calls",
        "update private.field_words set label = 'Outra palavra' where provider = 'meta'",
    ],
)
def test_a_difference_is_seen(db: psycopg.Connection, change: str) -> None:
    before = catalog(db)
    db.execute(change.encode())
    assert catalog(db) != before


def test_migrations_are_numbered_by_the_moment(stack: Stack) -> None:
    names = [
        path.name.partition("_") for path in (stack.settings.root / "supabase/migrations").iterdir()
    ]
    assert names
    assert all(len(number) == 14 and number.isdigit() for number, _, _ in names)
