"""The agenda shows each promised call once, in its order, with its lawful hours, to its agency."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock

MONDAY_NOON = "2026-11-23 12:00-03"
NOON = datetime.fromisoformat(MONDAY_NOON)


@pytest.fixture(autouse=True)
def _monday(db: psycopg.Connection) -> None:
    set_clock(db, MONDAY_NOON)
    db.execute("delete from public.callbacks where tenant_id = %s", (TENANT,))


def promise(
    db: psycopg.Connection, world: World, who: str | None, minutes: float, note: str = ""
) -> str:
    """A callback of that person so many minutes from noon, as the triggers would have made it."""
    disposition = uuid4()
    db.execute("set local session_replication_role = replica")
    db.execute(
        "insert into public.call_dispositions (id, client_id, tenant_id, operator_id,"
        " disposition_type) values (%s, %s, %s, %s, 'callback')",
        (disposition, world.ids["client"], TENANT, world.users["admin"]),
    )
    found = scalar(
        db,
        "insert into public.callbacks (tenant_id, client_id, disposition_id, operator_id, due_at,"
        " note) values (%s, %s, %s, %s, %s, %s) returning id::text",
        TENANT, world.ids["client"], disposition, who and world.users[who],
        NOON + timedelta(minutes=minutes), note,
    )  # fmt: skip
    db.execute("set local session_replication_role = origin")
    return str(found)


def listed(
    db: psycopg.Connection,
    world: World,
    who: str = "operator",
    filters: dict[str, str] | None = None,
    *,
    after: str | None = None,
    size: int = 60,
) -> dict[str, Any]:
    with acting(db, world, who):
        found = scalar(
            db, "select public.list_callbacks(%s, %s, %s)", Jsonb(filters or {}), after, size
        )
    assert isinstance(found, dict)
    return found


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["rows"]]


def test_the_earliest_comes_first_and_whose_is_a_filter(
    db: psycopg.Connection, world: World
) -> None:
    later = promise(db, world, "operator", 60)
    overdue = promise(db, world, "operator", -30)
    anyones = promise(db, world, None, -90)
    colleagues = promise(db, world, "supervisor", 90)
    assert ids(listed(db, world)) == [anyones, overdue, later, colleagues]
    assert ids(listed(db, world, filters={"whose": "me"})) == [overdue, later]
    assert ids(listed(db, world, filters={"whose": "anyone"})) == [anyones]
    assert ids(listed(db, world, filters={"whose": str(world.users["supervisor"])})) == [colleagues]
    assert listed(db, world, filters={"whose": "me"})["total"] == {"overdue": 1, "later": 1}


def test_a_line_tells_all_a_call_needs(db: psycopg.Connection, world: World) -> None:
    promise(db, world, "operator", -5, "prefere à tarde")
    [row] = listed(db, world)["rows"]
    assert row["note"] == "prefere à tarde"
    assert (row["is_overdue"], row["is_mine"], row["may_change"]) == (True, True, True)
    assert row["made_by"] == "Ana Administradora"
    assert row["client"]["name"] == "Zélia da Conceição Mundo"
    assert row["client"]["phone"] == "+5511987650001"
    assert row["client"]["open_cents"] >= 0
    assert row["client"]["creditor"]
    assert row["window"] == {
        "allowed": True,
        "reason": None,
        "opens_at": "2026-11-23T11:00:00+00:00",
        "closes_at": "2026-11-23T23:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("moment", "opens", "closes"),
    [
        ("2026-11-23 21:00-03", "2026-11-24T11:00:00+00:00", "2026-11-24T23:00:00+00:00"),
        ("2026-11-28 15:00-03", "2026-11-30T11:00:00+00:00", "2026-11-30T23:00:00+00:00"),
    ],
)
def test_outside_the_hours_it_says_from_when_until_when_and_why(
    db: psycopg.Connection, world: World, moment: str, opens: str, closes: str
) -> None:
    promise(db, world, "operator", -5)
    set_clock(db, moment)
    [row] = listed(db, world)["rows"]
    assert row["window"] == {
        "allowed": False, "reason": "outside_hours", "opens_at": opens, "closes_at": closes,
    }  # fmt: skip


def test_whoever_must_not_be_called_has_no_hours_at_all(
    db: psycopg.Connection, world: World
) -> None:
    promise(db, world, "operator", -5)
    db.execute(
        "insert into public.suppressions (tenant_id, client_id, channel, reason)"
        " values (%s, %s, 'call', 'pediu')",
        (TENANT, world.ids["client"]),
    )
    [row] = listed(db, world)["rows"]
    assert row["window"] == {"allowed": False, "reason": "suppressed"}


def test_pages_join_without_a_gap_where_many_have_one_moment(
    db: psycopg.Connection, world: World
) -> None:
    made = {promise(db, world, "operator", minute // 4) for minute in range(11)}
    seen: list[str] = []
    after = None
    while True:
        page = listed(db, world, after=after, size=3)
        seen += ids(page)
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 11
    assert set(seen) == made


def test_a_day_is_the_agencys_also_after_nine_at_night(
    db: psycopg.Connection, world: World
) -> None:
    evening = promise(db, world, "operator", 10 * 60)  # 22:00, already tomorrow in UTC
    assert ids(listed(db, world, filters={"from": "2026-11-23", "to": "2026-11-23"})) == [evening]
    assert ids(listed(db, world, filters={"from": "2026-11-24"})) == []


def test_the_calendar_counts_each_day_and_shows_its_first_calls(
    db: psycopg.Connection, world: World
) -> None:
    for minute in range(10):
        promise(db, world, "operator", minute - 2.5)
    promise(db, world, "supervisor", 24 * 60)
    asked = Jsonb({"from": "2026-11-23", "to": "2026-11-24", "whose": "me"})
    with acting(db, world, "operator"):
        days = scalar(db, "select public.callback_days(%s)", asked)
    assert isinstance(days, list)
    assert [(day["day"], day["count"], day["overdue"]) for day in days] == [
        ("2026-11-23", 10, 3),
        ("2026-11-24", 0, 0),
    ]
    assert len(days[0]["rows"]) == 8


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"whose": "todos"}, "filter_invalid"),
        ({"from": "amanhã"}, "filter_invalid"),
        ({"status": "done"}, "unknown_filter"),
    ],
)
def test_a_filter_nobody_knows_is_an_error(
    db: psycopg.Connection, world: World, filters: dict[str, str], code: str
) -> None:
    with refused(code):
        listed(db, world, filters=filters)
    with refused("filter_invalid"), acting(db, world, "operator"):
        db.execute('select public.callback_days(\'{"from": "2026-01-01"}\')')


def test_a_forged_cursor_is_refused(db: psycopg.Connection, world: World) -> None:
    with refused("invalid_cursor"):
        listed(db, world, after="ontem|x")


def test_another_agency_sees_and_moves_nothing(db: psycopg.Connection, world: World) -> None:
    callback = promise(db, world, "operator", -5)
    assert callback not in ids(listed(db, world, "other_tenant"))
    with refused("callback_not_found"), acting(db, world, "other_tenant"):
        db.execute("select public.callback_hours(%s)", (callback,))
    for persona in ("no_membership", "revoked"):
        with refused("not_allowed"):
            listed(db, world, persona)


def test_a_colleagues_is_seen_and_not_changed(db: psycopg.Connection, world: World) -> None:
    promise(db, world, "supervisor", 5)
    [row] = listed(db, world)["rows"]
    assert (row["is_mine"], row["may_change"]) == (False, False)
    [row] = listed(db, world, "admin")["rows"]
    assert row["may_change"]


def test_the_hours_to_move_a_call_into_are_the_clients(
    db: psycopg.Connection, world: World
) -> None:
    callback = promise(db, world, "operator", 5)
    db.execute("update public.clients set uf = 'RJ' where id = %s", (world.ids["client"],))
    with acting(db, world, "operator"):
        hours = scalar(db, "select public.callback_hours(%s)", callback)
    assert isinstance(hours, list)
    assert hours[0] == {
        "date": "2026-11-23",
        "from": "2026-11-23T12:00:00+00:00",
        "to": "2026-11-23T22:00:00+00:00",
    }
