"""A database with the schema alone, and a small world in it that a test may change at will."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from local_platform import database as databases
from local_platform.stack import Stack
from tests.money.world import World

SCHEMA = Path(__file__).parents[2] / "sql" / "schema"
HERE = Path(__file__).parent
WaitUntil = Callable[..., Any]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the look back last, and leave it out when not everything before it is run."""
    here = [item for item in items if item.path.parent == HERE]
    last = [item for item in here if item.path.name == "test_every_function.py"]
    rest = [item for item in items if item not in last]
    is_whole = {item.path for item in here} == set(HERE.glob("test_*.py")) and not (
        config.option.keyword
        or config.option.markexpr
        or config.option.deselect
        or any("::" in argument for argument in config.args)
    )
    items[:] = rest + (last if is_whole else [])


ServerUrl = Callable[[str], str]

# Saves the stack's start while working on these tests: the two URLs that
# `python -m local_platform scratch` prints, of its superuser and of its database's owner.
if "SCRATCH_SUPERUSER_URL" in os.environ:

    @pytest.fixture(scope="session")
    def server_url() -> ServerUrl:
        """URL of the scratch server for a login."""
        return {
            "supabase_admin": os.environ["SCRATCH_SUPERUSER_URL"],
            "postgres": os.environ["SCRATCH_DATABASE_URL"],
            "functions": os.environ.get("SCRATCH_FUNCTIONS_URL", ""),
        }.__getitem__

else:

    @pytest.fixture(scope="session")
    def server_url(stack: Stack) -> ServerUrl:
        """URL of the stack's Postgres for a login."""
        return stack.settings.database_url


@pytest.fixture(scope="session")
def schema_database(server_url: ServerUrl) -> Iterator[str]:
    """Name of a database built from sql/schema, to copy."""
    name = f"money_{uuid.uuid4().hex}"
    owner = server_url("postgres")
    with psycopg.connect(owner, autocommit=True) as connection:
        databases.create_database(connection, name)
        with psycopg.connect(at(owner, name), autocommit=True) as inside:
            for path in sorted(SCHEMA.glob("*.sql")):
                with inside.transaction():
                    inside.execute(path.read_bytes())
    yield name
    # A connection of now: other tests kill the server under those of then.
    with psycopg.connect(owner, autocommit=True) as connection:
        databases.drop_database(connection, name)


@pytest.fixture(scope="session")
def schema_url(server_url: ServerUrl, schema_database: str) -> Iterator[str]:
    """URL of one to work in: nobody may be connected to what is copied."""
    name = f"money_{uuid.uuid4().hex}"
    owner = server_url("postgres")
    with psycopg.connect(owner, autocommit=True) as connection:
        databases.create_database(connection, name, schema_database)
    with psycopg.connect(server_url("supabase_admin"), autocommit=True) as superuser:
        # Counted for test_every_function.py.
        superuser.execute(
            sql.SQL("alter database {} set track_functions = 'all'").format(sql.Identifier(name))
        )
    yield at(owner, name)
    with psycopg.connect(owner, autocommit=True) as connection:
        databases.drop_database(connection, name)


@pytest.fixture(scope="package")
def session(schema_url: str) -> Iterator[psycopg.Connection]:
    """One for all tests of the folder: a new one would compile every function anew."""
    # What a test prepares, the next one's tables may no longer fit.
    with psycopg.connect(schema_url, prepare_threshold=None) as connection:
        yield connection


@pytest.fixture
def world(session: psycopg.Connection) -> Iterator[World]:
    """One agency with an admin, a supervisor and two operators, in a transaction that is undone."""
    yield World(session)
    session.rollback()


@pytest.fixture
def agency(world: World) -> World:
    """Late charges of every kind; the operator may grant almost anything."""
    world.policy(collection_fee_percent=10)
    world.change(
        "approval_limits",
        {"tenant_id": world.tenant},
        principal_percent=90,
        fine_percent=100,
        interest_percent=100,
        collection_fee_percent=100,
        max_installments=60,
        min_installment_cents=0,
        max_renegotiations=9,
        may_follow_break=True,
    )
    return world


@pytest.fixture
def copied_url(server_url: ServerUrl, schema_database: str) -> Iterator[str]:
    """URL of a database of the test's own, for what must commit (two sessions at once)."""
    name = f"money_{uuid.uuid4().hex}"
    owner = server_url("postgres")
    with psycopg.connect(owner, autocommit=True) as connection:
        databases.create_database(connection, name, schema_database)
        yield at(owner, name)
        databases.drop_database(connection, name)


def at(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"
