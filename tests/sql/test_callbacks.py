"""A promised call is made, called off or moved by whom it was promised to, and by a supervisor."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock

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


def test_several_at_once_keep_and_make_callbacks_and_end_calls_each_its_own(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    second, silent = uuid4(), uuid4()
    clients = (world.ids["client"], second, silent)
    for client, document in ((second, "52998224725"), (silent, "11144477735")):
        db.execute(
            "insert into public.clients (id, tenant_id, document, name) values (%s, %s, %s, 'X')",
            (client, TENANT, document),
        )
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (id, client_id, disposition_type,"
            " scheduled_callback) values (gen_random_uuid(), %s, 'callback', %s)",
            (second, TUESDAY_TEN),
        )
    other = scalar(db, "select id from public.callbacks where client_id = %s", second)
    set_clock(db, TUESDAY_TEN)
    db.execute("delete from public.calls where client_id = any(%s)", (list(clients),))
    calls = {client: uuid4() for client in clients[:2]}
    for client, call in calls.items():
        db.execute(
            "insert into public.calls (id, tenant_id, integration_id, telephony_id, client_id,"
            " phone, status, called_at, operator_id) values (%s, %s, %s, %s, %s,"
            " '+5511987650001', 'finished', private.now(), %s)",
            (call, TENANT, world.ids["integration"], str(call), client, world.users["operator"]),
        )
    done = [uuid4() for _ in clients]
    db.execute(
        "insert into public.call_dispositions (id, tenant_id, client_id, operator_id,"
        " disposition_type, scheduled_callback) select each.id, %s, each.client_id, %s,"
        " case when each.at is null then 'voicemail' else 'callback' end, each.at"
        " from unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) as each (id, client_id, at)",
        (
            TENANT, world.users["operator"], done, list(clients),
            [None, "2026-11-24 15:00-03", "2026-11-24 16:00-03"],
        ),
    )  # fmt: skip
    kept = db.execute(
        "select id, status::text, kept_by from public.callbacks where id = any(%s)",
        ([promised, other],),
    ).fetchall()
    assert set(kept) == {(promised, "done", done[0]), (other, "done", done[1])}
    made = db.execute(
        "select client_id, disposition_id from public.callbacks where status = 'scheduled'"
        " and client_id = any(%s)", (list(clients),),
    ).fetchall()  # fmt: skip
    assert set(made) == {(second, done[1]), (silent, done[2])}
    ended = db.execute(
        "select id, disposition_id from public.calls where client_id = any(%s)", (list(clients),)
    ).fetchall()
    assert set(ended) == {(calls[clients[0]], done[0]), (calls[second], done[1])}


@pytest.mark.parametrize(
    ("call", "end"),
    [("complete_callback(%s)", "done"), ("cancel_callback(%s, 'pagou')", "cancelled")],
)
@pytest.mark.parametrize("who", ["operator", "supervisor"])
def test_its_operator_and_a_supervisor_end_it(
    db: psycopg.Connection, world: World, promised: UUID, call: str, end: str, who: str
) -> None:
    with acting(db, world, who):
        for _ in range(2):  # a double click
            db.execute(f"select public.{call}", (promised,))
    assert state(db, promised) == (end, world.users[who], True)


def test_what_was_called_off_is_not_done_any_more(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    with acting(db, world, "operator"):
        db.execute("select public.cancel_callback(%s, 'pagou')", (promised,))
    for call in ("complete_callback(%s)", "reschedule_callback(%s, '2026-11-25 10:00-03')"):
        with refused("callback_ended"), acting(db, world, "operator"):
            db.execute(f"select public.{call}", (promised,))
    assert state(db, promised)[0] == "cancelled"


@pytest.mark.parametrize(
    "call",
    ["complete_callback(%s)", "cancel_callback(%s, 'pagou')", "assign_callback(%s, null)",
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
        (SUNDAY_TEN, "callback_outside_hours"),
        ("2026-11-24 23:00-03", "callback_outside_hours"),
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


def test_the_agenda_is_told_of_what_is_made_and_of_what_ends(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    with acting(db, world, "operator"):
        db.execute("select public.complete_callback(%s)", (promised,))
    found = db.execute(
        "select topic, payload -> 'client_ids' ->> 0 from realtime.messages"
        " where event = 'callback_changed' and payload ->> 'client_ids' like '%%' || %s || '%%'",
        (str(world.ids["client"]),),
    ).fetchall()
    assert found[-2:] == [(f"tenant:{TENANT}", str(world.ids["client"]))] * 2


def test_calling_off_wants_a_reason_and_keeps_it(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    for reason in (None, "", "  "):
        with refused("reason_missing"), acting(db, world, "operator"):
            db.execute("select public.cancel_callback(%s, %s)", (promised, reason))
    assert state(db, promised) == STILL_SCHEDULED
    with acting(db, world, "operator"):
        db.execute("select public.cancel_callback(%s, ' pagou ontem ')", (promised,))
    [(reason,)] = db.execute(
        "select cancel_reason from public.callbacks where id = %s", (promised,)
    )
    assert reason == "pagou ontem"


def test_the_agencys_cap_opens_no_unlawful_hour(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    """The cap's reason used to hide that of the hour."""
    db.execute("update public.contact_caps set attempts = 1 where channel = 'call'")
    with refused("callback_outside_hours"), acting(db, world, "operator"):
        db.execute("select public.reschedule_callback(%s, %s)", (promised, SUNDAY_TEN))


def test_whoever_must_not_be_called_is_promised_no_other_hour(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    db.execute(
        "insert into public.suppressions (tenant_id, client_id, reason) values (%s, %s, 'pediu')",
        (TENANT, world.ids["client"]),
    )
    with refused("client_suppressed"), acting(db, world, "operator"):
        db.execute("select public.reschedule_callback(%s, '2026-11-25 10:00-03')", (promised,))


def owner(db: psycopg.Connection, callback: UUID) -> object:
    return scalar(db, "select operator_id from public.callbacks where id = %s", callback)


def test_anyones_is_taken_by_anybody_and_anothers_by_a_supervisor(
    db: psycopg.Connection, world: World, promised: UUID
) -> None:
    take = "select public.assign_callback(%s, %s)"
    with acting(db, world, "operator"):
        db.execute(take, (promised, None))
    assert owner(db, promised) is None
    with acting(db, world, "admin"):
        db.execute(take, (promised, world.users["admin"]))
    with refused("callback_of_another"), acting(db, world, "operator"):
        db.execute(take, (promised, world.users["operator"]))
    with acting(db, world, "supervisor"):
        db.execute(take, (promised, world.users["operator"]))
    assert owner(db, promised) == world.users["operator"]


@pytest.mark.parametrize(
    ("giver", "taker", "code"),
    [
        ("operator", "supervisor", "not_allowed"),
        ("supervisor", "other_tenant", "member_not_found"),
        ("supervisor", "revoked", "member_not_found"),
    ],
)
def test_nobody_is_given_what_is_not_theirs_to_get(
    db: psycopg.Connection, world: World, promised: UUID, giver: str, taker: str, code: str
) -> None:
    with refused(code), acting(db, world, giver):
        db.execute("select public.assign_callback(%s, %s)", (promised, world.users[taker]))
    assert owner(db, promised) == world.users["operator"]
