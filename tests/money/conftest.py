"""A database with the schema alone, and a small world in it that a test may change at will."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from money.world import World

SCHEMA = Path(__file__).parents[2] / "sql" / "schema"


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> str:
    """The stack's Postgres; or, to save its start, the one named by SCRATCH_DATABASE_URL
    (`python -m local_platform scratch` prints it)."""
    url = os.environ.get("SCRATCH_DATABASE_URL")
    return url or request.getfixturevalue("stack").settings.database_url()


@pytest.fixture(scope="session")
def schema_database(server_url: str) -> Iterator[str]:
    """Name of a database built from sql/schema, to work in or to copy."""
    name = f"money_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        identifier = sql.Identifier(name)
        connection.execute(
            sql.SQL("create database {} template template_platform").format(identifier)
        )
        with psycopg.connect(at(server_url, name), autocommit=True) as inside:
            for path in sorted(SCHEMA.glob("*.sql")):
                with inside.transaction():
                    inside.execute(path.read_bytes())
        yield name
        connection.execute(sql.SQL("drop database {} with (force)").format(identifier))


@pytest.fixture(scope="session")
def schema_url(server_url: str, schema_database: str) -> str:
    return at(server_url, schema_database)


@pytest.fixture
def world(schema_url: str) -> Iterator[World]:
    """One agency with an admin, a supervisor and two operators, in a transaction that is undone."""
    with psycopg.connect(schema_url) as connection:
        yield World(connection)
        connection.rollback()


@pytest.fixture
def copied_url(server_url: str, schema_database: str) -> Iterator[str]:
    """URL of a database of the test's own, for what must commit (two sessions at once)."""
    name = f"money_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        identifier = sql.Identifier(name)
        connection.execute(
            sql.SQL("create database {} template {}").format(
                identifier, sql.Identifier(schema_database)
            )
        )
        yield at(server_url, name)
        connection.execute(sql.SQL("drop database {} with (force)").format(identifier))


def at(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"
