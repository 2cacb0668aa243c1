"""Steps of the automation's thread as the jobs take them, for tests of its rules in SQL."""

from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row, namedtuple_row

from tests.sql.personas import World, acting, scalar, working

NOON = "2026-11-23 12:00-03"  # a Monday, lawful everywhere


class Attempt(NamedTuple):
    message: UUID
    attempt: int


def dispose(db: psycopg.Connection, world: World, kind: str = "voicemail") -> UUID:
    """A disposition by the operator; the world's queue is emptied first."""
    db.execute("delete from pgmq.q_automations")
    disposition = uuid4()
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (id, client_id, disposition_type)"
            " values (%s, %s, %s)",
            (disposition, world.ids["client"], kind),
        )
    return disposition


def claim(db: psycopg.Connection, *, lease: int = 60) -> list[Any]:
    """What a worker gets to send."""
    with working(db, "worker"), db.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(
            "select * from private.claim_automation_runs(500, %s)", (lease,)
        ).fetchall()


def begin(db: psycopg.Connection, message: UUID, attempt: int) -> bool:
    with working(db, "worker"):
        return bool(
            scalar(
                db,
                "select private.begin_turn(%s, %s, true) is not distinct from 0",
                message,
                attempt,
            )
        )


def settle(db: psycopg.Connection, message: UUID, attempt: int, outcome: str, **more: Any) -> bool:
    names = "".join(f", {name} => %s" for name in more)
    with working(db, "worker"):
        return bool(
            scalar(
                db,
                f"select private.settle_message(%s, %s, %s{names})",
                message,
                attempt,
                outcome,
                *more.values(),
            )
        )


def send(db: psycopg.Connection, world: World) -> Attempt:
    """A message that a worker has begun to send."""
    dispose(db, world)
    [sent] = claim(db)
    assert begin(db, sent.message_id, sent.attempt)
    return Attempt(sent.message_id, sent.attempt)


def row_of(db: psycopg.Connection, table: str, **where: object) -> dict[str, Any]:
    """The only row of a table with these values."""
    condition = " and ".join(f"{name} = %s" for name in where)
    with db.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"select * from {table} where {condition}".encode(), tuple(where.values())
        ).fetchall()
    assert len(rows) == 1, f"{len(rows)} rows of {table} with {where}"
    return rows[0]


def message_and_run(db: psycopg.Connection, message: UUID) -> tuple[Any, Any, Any]:
    """Status of the message, and status and reason of its run."""
    row = db.execute(
        "select message.status, run.status, run.reason from public.message_logs as message"
        " join public.automation_runs as run on run.id = message.automation_run_id"
        " where message.id = %s",
        (message,),
    ).fetchone()
    assert row is not None
    return row


def pass_time(db: psycopg.Connection, interval: str) -> None:
    """Let the product's clock and the queues' clock go on together."""
    db.execute("update private.clock set shift = shift + %s::interval", (interval,))
    for queue in ("q_automations", "q_provider_events"):
        db.execute(f"update pgmq.{queue} set vt = vt - %s::interval".encode(), (interval,))
