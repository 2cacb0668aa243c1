"""Who asks, in tests of the database: seven kinds of callers of two agencies that share it."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
import pytest

MEMBERS = ("operator", "supervisor", "admin")
# Each of these must get nothing of the first agency, whatever they ask.
STRANGERS = ("other_tenant", "no_membership", "revoked", "anon")
PERSONAS = MEMBERS + STRANGERS

EMAILS = {
    "operator": "operador@demo.test",
    "supervisor": "supervisor@demo.test",
    "admin": "admin@demo.test",
    "other_tenant": "admin@outra.test",
    "no_membership": "ninguem@exemplo.test",
    "revoked": "revogado@exemplo.test",
}
TENANT = UUID("d0000000-0000-4000-8000-000000000001")
OTHER_TENANT = UUID("d0000000-0000-4000-8000-000000000002")


@dataclass
class World:
    """A database of the tests' own, with at least one row of either agency in every table.

    `ids` names rows: ids["client"] is one of the first agency, ids["other_client"] of the second.
    """

    url: str
    users: dict[str, UUID]
    ids: dict[str, UUID] = field(default_factory=dict)


@contextlib.contextmanager
def acting(
    db: psycopg.Connection,
    world: World,
    persona: str,
    *,
    tenant_id: UUID | str | None = None,
    undo: bool = False,
) -> Iterator[psycopg.Connection]:
    """Set what PostgREST sets for this caller, inside a savepoint; `undo` forgets what was done."""
    user = world.users.get(persona)
    claims = {"role": "authenticated" if user else "anon"} | ({"sub": str(user)} if user else {})
    headers = {"x-tenant-id": str(tenant_id)} if tenant_id else {}
    reset(db)
    try:
        with db.transaction(force_rollback=undo):
            db.execute(
                "select set_config('request.jwt.claims', %s, true),"
                " set_config('request.headers', %s, true), set_config('role', %s, true)",
                (json.dumps(claims), json.dumps(headers), claims["role"]),
            )
            yield db
    finally:
        reset(db)


@contextlib.contextmanager
def swollen(world: World, rows: str) -> Iterator[psycopg.Connection]:
    """A transaction in the world with these many `rows`, which go without a trace.

    Rolled back, they would still lie in the tables, and every later test would read past them.
    """
    with psycopg.connect(world.url) as connection:
        connection.execute(rows.encode())
        yield connection
        connection.rollback()
        connection.autocommit = True
        connection.execute("vacuum")


@contextlib.contextmanager
def working(db: psycopg.Connection, role: str) -> Iterator[psycopg.Connection]:
    """Put on the hat of a job or a webhook: `worker` or `webhook`."""
    reset(db)
    try:
        with db.transaction():
            db.execute("select set_config('role', %s, true)", (role,))
            yield db
    finally:
        reset(db)


def reset(db: psycopg.Connection) -> None:
    """Nobody in particular again, and inside a transaction, so that the next block is a savepoint.

    A committed savepoint keeps its settings until the transaction ends.
    """
    db.execute(
        "select set_config('role', 'none', true), set_config('request.jwt.claims', '', true),"
        " set_config('request.headers', '', true)"
    )


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    """The block must fail with this SQLSTATE, constraint, or word of our register; nothing else."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    error = caught.value
    found = {error.sqlstate, error.diag.message_primary, error.diag.constraint_name}
    assert code in found, f"expected {code}, got {error.sqlstate}: {error}"


def set_clock(db: psycopg.Connection, instant: str) -> None:
    """Move the product's clock to this instant."""
    db.execute("update private.clock set shift = %s::timestamptz - clock_timestamp()", (instant,))


def scalar(db: psycopg.Connection, query: str, *parameters: object) -> object:
    """The first column of the only row."""
    row = db.execute(query.encode(), parameters or None).fetchone()
    assert row is not None, query
    return row[0]
