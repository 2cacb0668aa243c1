"""One database for the tests of SQL, made once per session; every test's work is rolled back."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local_platform import database as databases
from local_platform.stack import Stack
from tests.sql.carteira import FACTS, NOON
from tests.sql.personas import EMAILS, OTHER_TENANT, TENANT, World, set_clock

# The names of the rows that `world.sql` makes for each agency.
ROWS = (
    "integration",
    "client",
    "phone",
    "import",
    "debt",
    "disposition",
    "callback_disposition",
    "message",
    "suppression",
    "tag",
    "new_tag",
    "segment",
    "team",
    "agreement",
    "installment",
    "payment",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the look back last, and leave it out when not everything before it is run."""
    folder = Path(__file__).parent
    here = [item for item in items if item.path.parent == folder]
    last = [item for item in here if item.path.name == "test_every_function.py"]
    rest = [item for item in items if item not in last]
    is_whole = {item.path for item in here} == set(folder.glob("test_*.py")) and not (
        config.option.keyword
        or config.option.markexpr
        or config.option.deselect
        or any("::" in argument for argument in config.args)
    )
    items[:] = rest + (last if is_whole else [])


@pytest.fixture(scope="session")
def world(stack: Stack, seeded_template: str) -> Iterator[World]:
    """A copy of the seeded demo in which every table has rows of both agencies."""
    name = f"sql_{uuid.uuid4().hex}"
    with stack.server.connect("supabase_admin", "template1") as connection:
        databases.create_database(connection, name, seeded_template)
    # Counted for test_every_function.py.
    url = stack.settings.database_url("supabase_admin", name) + "?options=-ctrack_functions%3Dall"
    with psycopg.connect(url) as connection:
        made = _plant(connection, url)
    yield made
    with stack.server.connect("supabase_admin", "template1") as connection:
        databases.drop_database(connection, name)


@pytest.fixture(scope="package")
def session(world: World) -> Iterator[psycopg.Connection]:
    """One for all tests of the folder: a new one would compile every function anew."""
    # What a test prepares, the next one's tables may no longer fit.
    with psycopg.connect(world.url, prepare_threshold=None) as connection:
        yield connection


@pytest.fixture
def db(session: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The superuser's transaction in the world; nothing of it stays."""
    yield session
    session.rollback()


@pytest.fixture(scope="module")
def people_with_a_past(session: psycopg.Connection, world: World) -> Iterator[psycopg.Connection]:
    """The demo's people, each with facts that filters ask for; planted once for a whole file."""
    set_clock(session, NOON)
    parameters = {"t": TENANT, **world.users, **world.ids}
    for statement in FACTS.split(";\n"):
        session.execute(statement.encode(), parameters)
    yield session
    session.rollback()


def _plant(connection: psycopg.Connection, url: str) -> World:
    """People without a home, one whose membership was revoked, and rows for both agencies."""
    connection.execute(
        "insert into public.invitations (tenant_id, email, role) values (%s, %s, 'admin')",
        (TENANT, EMAILS["revoked"]),
    )
    for email in (EMAILS["no_membership"], EMAILS["revoked"]):
        connection.execute(
            "insert into auth.users (id, email, email_confirmed_at, aud, role)"
            " values (gen_random_uuid(), %s, now(), 'authenticated', 'authenticated')",
            (email,),
        )
    users: dict[str, uuid.UUID] = dict(
        connection.execute(
            "select email, id from auth.users where email = any(%s)", (list(EMAILS.values()),)
        ).fetchall()
    )
    world = World(url, {persona: users[email] for persona, email in EMAILS.items()})
    connection.execute(
        "update public.memberships set revoked_at = now() where user_id = %s",
        (world.users["revoked"],),
    )
    text = (Path(__file__).parent / "world.sql").read_text()
    for prefix, tenant, admin, digit in (
        ("", TENANT, "admin", "1"),
        ("other_", OTHER_TENANT, "other_tenant", "2"),
    ):
        ids = {name: uuid.uuid4() for name in ROWS}
        world.ids |= {prefix + name: value for name, value in ids.items()}
        world.ids[prefix + "template"] = uuid.UUID(_template(connection, tenant))
        parameters = ids | {"tenant": tenant, "admin": world.users[admin], "digit": digit}
        for statement in text.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode(), parameters)
    databases.run(connection, "analyze")
    return world


def _template(connection: psycopg.Connection, tenant: uuid.UUID) -> str:
    row = connection.execute(
        "select id::text from public.message_templates where tenant_id = %s", (tenant,)
    ).fetchone()
    assert row is not None
    return str(row[0])
