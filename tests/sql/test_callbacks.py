"""A promised call is made, called off or moved by whom it was promised to, and by a supervisor."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import World, acting, refused, set_clock

MONDAY_NOON = "2026-11-23 12:00-03"
TUESDAY_TEN = "2026-11-24 10:00-03"
SUNDAY_TEN = "2026-11-29 10:00-03"


@pytest.fixture
def promised(db: psycopg.Connection, world: World) -> UUID:
    """A callback of the operator for tomorrow at ten, and none else of that client."""
    db.execute("delete from public.callbacks where client_id = %s", (world.ids["client"],))
    set_clock(db, MONDAY_NOON)
    with acting(db, world, "operator"):
        dispose(db, world, "callback", TUESDAY_TEN)
    [(found,)] = db.execute(
        "select id from public.callbacks where client_id = %s", (world.ids["client"],)
    )
    return UUID(str(found))


def dispose(
    db: psycopg.Connection, world: World, kind: str = "dropped", callback: str | None = None
) -> None:
    db.execute(
        "insert into public.call_dispositions (id, client_id, disposition_type, scheduled_callback)"
        " values (%s, %s, %s, %s)",
        (uuid4(), world.ids["client"], kind, callback),
    )


def state(db: psycopg.Connection, callback: UUID) -> tuple[Any, ...]:
    row = db.execute(
        "select status, ended_by, private.now() - ended_at < '1 hour' from public.callbacks"
        " where id = %s",
        (callback,),
    ).fetchone()
    assert row is not None
    return row


STILL_SCHEDULED = ("scheduled", None, None)


@pytest.mark.parametrize("moment", [TUESDAY_TEN, "2026-11-24 09:51-03", "2026-11-25 15:00-03"])
def test_a_call_made_when_it_is_due_keeps_it(
    db: psycopg.Connection, world: World, promised: UUID, moment: str
) -> None:
    set_clock(db, moment)
    with acting(db, world, "operator"):
        dispose(db, world, "voicemail")
    assert state(db, promised) == ("done", world.users["operator"], True)


def test_a_call_made_long_before_leaves_it(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    set_clock(db, "2026-11-24 09:49-03")
    with acting(db, world, "operator"):
        dispose(db, world)
    assert state(db, promised) == STILL_SCHEDULED


def test_a_colleagues_call_leaves_it(db: psycopg.Connection, world: World, promised: UUID) -> None:
    set_clock(db, TUESDAY_TEN)
    with acting(db, world, "supervisor"):
        dispose(db, world)
    assert state(db, promised) == STILL_SCHEDULED


def test_what_was_promised_by_nobody_in_person_is_kept_by_anybody(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    db.execute("update public.callbacks set operator_id = null where id = %s", (promised,))
    set_clock(db, TUESDAY_TEN)
    with acting(db, world, "supervisor"):
        dispose(db, world)
    assert state(db, promised)[0] == "done"


def test_a_call_that_promises_again_keeps_the_old_and_makes_the_new(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    set_clock(db, TUESDAY_TEN)
    with acting(db, world, "operator"):
        dispose(db, world, "callback", "2026-11-24 10:05-03")
    rows = db.execute(
        "select status from public.callbacks where client_id = %s order by due_at",
        (world.ids["client"],),
    ).fetchall()
    assert rows == [("done",), ("scheduled",)]


@pytest.mark.parametrize(("call", "end"), [("complete", "done"), ("cancel", "cancelled")])
@pytest.mark.parametrize("who", ["operator", "supervisor"])
def test_its_operator_and_a_supervisor_end_it(
    db: psycopg.Connection, world: World, promised: UUID, call: str, end: str, who: str
) -> None:
    with acting(db, world, who):
        for _ in range(2):  # a double click
            db.execute(f"select public.{call}_callback(%s)", (promised,))
    assert state(db, promised) == (end, world.users[who], True)


def test_what_was_called_off_is_not_done_any_more(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    with acting(db, world, "operator"):
        db.execute("select public.cancel_callback(%s)", (promised,))
    for call in ("complete_callback(%s)", "reschedule_callback(%s, '2026-11-25 10:00-03')"):
        with refused("callback_ended"), acting(db, world, "operator"):
            db.execute(f"select public.{call}", (promised,))
    assert state(db, promised)[0] == "cancelled"


@pytest.mark.parametrize(
    "call",
    ["complete_callback(%s)", "cancel_callback(%s)",
     "reschedule_callback(%s, '2026-11-25 10:00-03')"],
)  # fmt: skip
def test_a_colleague_changes_nothing_of_it(
    db: psycopg.Connection, world: World, promised: UUID, call: str
) -> None:
    db.execute(
        "update public.callbacks set operator_id = %s where id = %s",
        (world.users["admin"], promised),
    )
    with refused("callback_of_another"), acting(db, world, "operator"):
        db.execute(f"select public.{call}", (promised,))
    with refused("callback_not_found"), acting(db, world, "other_tenant"):
        db.execute(f"select public.{call}", (promised,))
    assert state(db, promised) == STILL_SCHEDULED


def test_it_is_moved_to_another_lawful_moment(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    with acting(db, world, "operator"):
        db.execute("select public.reschedule_callback(%s, '2026-11-25 10:00-03')", (promised,))
    [(due_at,)] = db.execute(
        "select due_at = '2026-11-25 10:00-03' from public.callbacks where id = %s", (promised,)
    )
    assert due_at
    assert state(db, promised) == STILL_SCHEDULED


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (MONDAY_NOON, "callback_in_past"),
        (None, "callback_in_past"),
        (SUNDAY_TEN, "outside_hours"),
        ("2026-11-24 23:00-03", "outside_hours"),
    ],
)
def test_it_is_not_moved_to_a_moment_that_is_past_or_unlawful(
    db: psycopg.Connection, world: World, promised: UUID, moment: str | None, code: str
) -> None:
    with refused(code), acting(db, world, "operator"):
        db.execute("select public.reschedule_callback(%s, %s)", (promised, moment))
    [(due_at,)] = db.execute(
        f"select due_at = '{TUESDAY_TEN}' from public.callbacks where id = %s", (promised,)
    )
    assert due_at


def test_nobody_writes_the_table_around_these(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    with refused("42501"), acting(db, world, "admin"):
        db.execute("update public.callbacks set status = 'done' where id = %s", (promised,))


def test_the_clients_window_is_told(db: psycopg.Connection, world: World, promised: UUID) -> None:
    with acting(db, world, "operator"):
        db.execute("select public.complete_callback(%s)", (promised,))
    found = db.execute(
        "select topic from realtime.messages where event = 'callback_changed'"
    ).fetchall()
    assert found == [(f"client:{world.ids['client']}",)]
