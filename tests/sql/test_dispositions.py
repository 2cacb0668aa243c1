"""A disposition is recorded once, truly, by its operator, and never changes."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import OTHER_TENANT, World, acting, refused, scalar, set_clock

INSERT = (
    "insert into public.call_dispositions"
    " (id, client_id, disposition_type, notes, scheduled_callback)"
    " values (%s, %s, %s, %s, %s)"
)
WaitUntil = Callable[..., Any]
NOON = "2026-11-23 12:00-03"  # a Monday


def dispose(
    db: psycopg.Connection,
    world: World,
    disposition: UUID,
    *,
    kind: str = "dropped",
    notes: str | None = None,
    callback: str | None = None,
) -> int:
    return db.execute(INSERT, (disposition, world.ids["client"], kind, notes, callback)).rowcount


def test_operator_and_agency_default_to_the_callers(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "operator"):
        dispose(db, world, disposition := uuid4())
    row = db.execute(
        "select operator_id, tenant_id from public.call_dispositions where id = %s", (disposition,)
    ).fetchone()
    assert row == (world.users["operator"], UUID("d0000000-0000-4000-8000-000000000001"))


def test_a_colleagues_name_cannot_be_used(db: psycopg.Connection, world: World) -> None:
    with refused("42501"), acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type, operator_id)"
            " values (%s, 'dropped', %s)",
            (world.ids["client"], world.users["supervisor"]),
        )


def test_the_moment_cannot_be_chosen(db: psycopg.Connection, world: World) -> None:
    with refused("42501"), acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type, created_at)"
            " values (%s, 'dropped', now())",
            (world.ids["client"],),
        )


def test_another_agencys_client_cannot_be_disposed(db: psycopg.Connection, world: World) -> None:
    with refused("call_dispositions_client_fkey"), acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'dropped')",
            (world.ids["other_client"],),
        )


def test_a_retry_changes_nothing(db: psycopg.Connection, world: World) -> None:
    disposition = uuid4()
    with acting(db, world, "operator"):
        assert dispose(db, world, disposition, kind="voicemail", notes="tocou") == 1
        assert dispose(db, world, disposition, kind="voicemail", notes="tocou") == 0
    assert (
        scalar(
            db,
            "select count(*) from pgmq.q_automations where message ->> 'disposition_id' = %s",
            str(disposition),
        )
        == 1
    )


@pytest.mark.parametrize(
    "other", [{"notes": "outra"}, {"kind": "voicemail"}, {"kind": "callback", "callback": NOON}]
)
def test_an_id_is_not_reused_for_other_content(
    db: psycopg.Connection, world: World, other: dict[str, str]
) -> None:
    set_clock(db, "2026-11-20 12:00-03")
    with acting(db, world, "operator"):
        dispose(db, world, disposition := uuid4())
    with refused("disposition_id_reused"), acting(db, world, "operator"):
        dispose(db, world, disposition, **other)


@pytest.mark.parametrize("persona", ["supervisor", "other_tenant"])
def test_an_id_is_not_reused_by_another_person(
    db: psycopg.Connection, world: World, persona: str
) -> None:
    with acting(db, world, "operator"):
        dispose(db, world, disposition := uuid4())
    with refused("disposition_id_reused"), acting(db, world, persona):
        dispose(db, world, disposition)


def test_two_copies_at_the_same_moment_make_one(world: World, wait_until: WaitUntil) -> None:
    disposition = uuid4()
    second: list[int] = []

    def repeat() -> None:
        with psycopg.connect(world.url) as connection, acting(connection, world, "operator"):
            second.append(dispose(connection, world, disposition))

    with psycopg.connect(world.url) as first, psycopg.connect(world.url, autocommit=True) as watch:
        with acting(first, world, "operator"):
            assert dispose(first, world, disposition) == 1
        thread = threading.Thread(target=repeat)
        thread.start()
        wait_until(lambda: scalar(watch, "select count(*) from pg_locks where not granted"))
        first.commit()
        thread.join(300)
        assert second == [0]
        count = "select count(*) from public.call_dispositions where id = %s"
        assert scalar(watch, count, disposition) == 1


@pytest.mark.parametrize(
    ("kind", "callback", "code"),
    [
        ("callback", None, "callback_needs_time"),
        ("callback", "2026-11-23 11:59-03", "callback_in_past"),
        ("callback", NOON, "callback_in_past"),
        ("dropped", "2026-11-24 10:00-03", "callback_not_expected"),
        ("nonsense", None, "disposition_type_unknown"),
    ],
)
def test_is_refused_by_name(
    db: psycopg.Connection, world: World, kind: str, callback: str | None, code: str
) -> None:
    set_clock(db, NOON)
    with refused(code), acting(db, world, "operator"):
        dispose(db, world, uuid4(), kind=kind, callback=callback)


def test_a_retired_type_cannot_be_pressed(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        db.execute("update public.disposition_types set is_active = false where key = 'dropped'")
    with refused("disposition_type_unknown"), acting(db, world, "operator"):
        dispose(db, world, uuid4())


def test_a_callback_is_kept_for_its_operator(db: psycopg.Connection, world: World) -> None:
    set_clock(db, NOON)
    with acting(db, world, "operator"):
        dispose(
            db,
            world,
            disposition := uuid4(),
            kind="callback",
            notes="às dez",
            callback="2026-11-24 10:00-03",
        )
    row = db.execute(
        "select operator_id, status, note, due_at = '2026-11-24 10:00-03' from public.callbacks"
        " where disposition_id = %s",
        (disposition,),
    ).fetchone()
    assert row == (world.users["operator"], "scheduled", "às dez", True)


def test_a_retry_after_the_callbacks_time_is_still_a_retry(
    db: psycopg.Connection, world: World
) -> None:
    set_clock(db, NOON)
    disposition, callback = uuid4(), "2026-11-23 12:30-03"
    with acting(db, world, "operator"):
        dispose(db, world, disposition, kind="callback", callback=callback)
    set_clock(db, "2026-11-23 13:00-03")
    with acting(db, world, "operator"):
        assert dispose(db, world, disposition, kind="callback", callback=callback) == 0


def test_other_agencies_rules_do_not_run(db: psycopg.Connection, world: World) -> None:
    db.execute("update public.collection_rules set is_enabled = (tenant_id = %s)", (OTHER_TENANT,))
    with acting(db, world, "operator"):
        dispose(db, world, disposition := uuid4(), kind="voicemail")
    queued = "select count(*) from pgmq.q_automations where message ->> 'disposition_id' = %s"
    assert scalar(db, queued, str(disposition)) == 0


def test_enqueues_in_its_own_transaction_and_wakes_once(
    db: psycopg.Connection, world: World
) -> None:
    for name in ("functions_url", "jobs_key"):
        db.execute("select private.put_secret(%s, 'http://127.0.0.1:9')", (name,))
    before = scalar(db, "select count(*) from net.http_request_queue")
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " select %s, 'voicemail' from generate_series(1, 20)",
            (world.ids["client"],),
        )
    assert scalar(db, "select count(*) from net.http_request_queue") == int(str(before)) + 1


def test_the_direct_insert_makes_what_the_queues_own_function_makes(db: psycopg.Connection) -> None:
    """The trigger writes pgmq's table itself; this fails when a new pgmq changes the layout."""
    db.execute("select private.enqueue_run(gen_random_uuid(), private.now())")
    db.execute("select pgmq.send('automations', '{}')")
    ours, theirs = db.execute(
        "select read_ct, enqueued_at <= now(), last_read_at, vt <= clock_timestamp(), headers"
        " from pgmq.q_automations order by msg_id desc limit 2"
    ).fetchall()
    assert ours == theirs


@pytest.mark.parametrize(
    "statement",
    ["update public.call_dispositions set notes = 'x'", "delete from public.call_dispositions"],
)
def test_nobody_changes_or_removes_one(
    db: psycopg.Connection, world: World, statement: str
) -> None:
    for persona in ("operator", "supervisor", "admin"):
        with refused("42501"), acting(db, world, persona):
            db.execute(statement.encode())
