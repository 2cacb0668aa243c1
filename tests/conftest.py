"""The local stack as fixtures: the same context managers that `make up` composes.

stack            everything on one port, seeded with the demo, once per session
database         a connection as the migrations' owner, rolled back after the test
as_user, as_anon act on `database` as PostgREST would for that person
fresh_database   URL of a migrated and seeded database of the test's own, for what must commit
sign_in          the official client, signed in through the gateway
wait_until       poll a condition with a deadline; there is no sleeping in tests
"""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
import psycopg
import pytest
import supabase

from local_platform import database as databases
from local_platform import demo
from local_platform.settings import Platform
from local_platform.stack import Stack
from tests.memory import quick_folder
from tests.reasons import pytest_terminal_summary
from tests.workers import pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_terminal_summary",
    "pytest_xdist_make_scheduler",
]

POLL_SECONDS = 0.02
ANSWER_SECONDS = 120  # longer than any answer of ours; a hang fails the test by name
# A machine that others share is that much slower than a quiet one. A deadline ends what hangs;
# where things work, its length costs nothing.
PATIENCE = 6


T = TypeVar("T")


class WaitUntil(Protocol):
    def __call__(self, condition: Callable[[], T], seconds: float = 10) -> T: ...


class AsUser(Protocol):
    def __call__(
        self, email: str, tenant_id: uuid.UUID | str | None = None
    ) -> contextlib.AbstractContextManager[psycopg.Connection]: ...


@pytest.fixture(scope="session")
def wait_until() -> WaitUntil:
    """Poll `condition` until it is truthy and answer it; fail when it is not in time.

    `seconds` are those of a quiet machine.
    """

    def wait(condition: Callable[[], T], seconds: float = 10) -> T:
        deadline = time.monotonic() + seconds * PATIENCE
        while not (found := condition()):
            assert time.monotonic() < deadline, (
                f"not true within {seconds * PATIENCE} s: {condition}"
            )
            time.sleep(POLL_SECONDS)
        return found

    return wait


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole platform on free ports, with a data folder that is thrown away."""
    with (
        quick_folder(tmp_path_factory.mktemp("stack")) as data,
        Stack(Platform.create(data, 0, durable=False)) as running,
    ):
        running.start_all()
        yield running


@pytest.fixture
def database(stack: Stack) -> Iterator[psycopg.Connection]:
    """A transaction of the schema's owner in the demo's database; nothing of it stays."""
    with psycopg.connect(stack.settings.database_url()) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def as_user(database: psycopg.Connection) -> AsUser:
    """`with as_user("operador@demo.test"): …` runs `database`'s statements as that person."""

    @contextlib.contextmanager
    def act(email: str, tenant_id: uuid.UUID | str | None = None) -> Iterator[psycopg.Connection]:
        found = database.execute("select id from auth.users where email = %s", (email,)).fetchone()
        assert found is not None, f"nobody signed up as {email}"
        claims = {"sub": str(found[0]), "email": email, "role": "authenticated"}
        headers = {"x-tenant-id": str(tenant_id)} if tenant_id else {}
        with acting(database, "authenticated", claims, headers):
            yield database

    return act


@pytest.fixture
def as_anon(
    database: psycopg.Connection,
) -> Callable[[], contextlib.AbstractContextManager[psycopg.Connection]]:
    """`with as_anon(): …` runs `database`'s statements as a caller without a session."""

    @contextlib.contextmanager
    def act() -> Iterator[psycopg.Connection]:
        with acting(database, "anon", {"role": "anon"}, {}):
            yield database

    return act


@contextlib.contextmanager
def acting(
    connection: psycopg.Connection, role: str, claims: dict[str, Any], headers: dict[str, str]
) -> Iterator[None]:
    """Set what PostgREST sets, inside a savepoint, so that a refusal does not end the test."""
    try:
        with connection.transaction():
            connection.execute(
                "select set_config('request.jwt.claims', %s, true),"
                " set_config('request.headers', %s, true), set_config('role', %s, true)",
                (json.dumps(claims), json.dumps(headers), role),
            )
            yield
    finally:
        # A committed savepoint keeps its settings until the transaction ends.
        connection.execute(
            "select set_config('role', 'none', true), set_config('request.jwt.claims', '', true),"
            " set_config('request.headers', '', true)"
        )


@pytest.fixture(scope="session")
def seeded_template(stack: Stack) -> str:
    """Name of a database with our migrations, the seed and the demo's people, to copy from."""
    name = "template_seeded"
    with stack.server.connect("supabase_admin", "template1") as connection:
        databases.create_database(connection, name)
    databases.migrate(stack.server, name)
    demo.plant(stack.server, name)
    with stack.server.connect("supabase_admin", name) as connection:
        for email in demo.USERS:
            connection.execute(
                "insert into auth.users (id, email, email_confirmed_at, aud, role)"
                " values (gen_random_uuid(), %s, now(), 'authenticated', 'authenticated')",
                (email,),
            )
    return name


@pytest.fixture
def fresh_database(stack: Stack, seeded_template: str) -> Iterator[str]:
    """A copy of the seeded database (about 40 ms), dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    with stack.server.connect("supabase_admin", "template1") as connection:
        databases.create_database(connection, name, seeded_template)
        yield stack.settings.database_url("postgres", name)
        databases.drop_database(connection, name)


@pytest.fixture
def new_client(stack: Stack) -> Iterator[Callable[[], supabase.Client]]:
    """`new_client()` is the official client without a session; it ends with the test."""
    with contextlib.ExitStack() as connections:

        def make() -> supabase.Client:
            options = supabase.ClientOptions(
                auto_refresh_token=False,  # no timer thread that outlives the test
                httpx_client=connections.enter_context(httpx.Client(timeout=ANSWER_SECONDS)),
            )
            secrets = stack.settings.secrets
            return supabase.create_client(stack.settings.url, secrets.publishable_key, options)

        yield make


@pytest.fixture
def sign_in(new_client: Callable[[], supabase.Client]) -> Callable[..., supabase.Client]:
    """`sign_in("operador@demo.test")` is the official client with that person's session."""

    def connect(email: str, password: str = demo.PASSWORD) -> supabase.Client:
        client = new_client()
        client.auth.sign_in_with_password({"email": email, "password": password})
        return client

    return connect


@pytest.fixture
def stack_log(stack: Stack) -> Callable[[str], str]:
    """What a child wrote so far: `stack_log("functions")`."""

    def read(name: str) -> str:
        path: Path = stack.settings.log(name)
        return path.read_text(errors="replace") if path.exists() else ""

    return read
