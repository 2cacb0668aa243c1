"""How an operator stood is known interval by interval, and never beyond the last sign of life."""

from typing import Any

import psycopg
import pytest

from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, refused, scalar, set_clock

NOON = "2026-11-25 12:{:02}:00-03"
INTERVALS = """
    select state, reason, extract(epoch from since at time zone 'America/Sao_Paulo'
            - timestamp '2026-11-25 12:00') / 60 as from_minute,
        extract(epoch from (until_at - since)) / 60 as minutes
    from public.operator_states where user_id = %s and tenant_id = %s order by since
"""


@pytest.fixture(autouse=True)
def _nobody_at_work(db: psycopg.Connection) -> None:
    db.execute("delete from public.operator_states")
    db.execute("delete from public.client_services")


def says(
    db: psycopg.Connection, world: World, call: str, minute: int, who: str = "operator"
) -> Any:
    set_clock(db, NOON.format(minute))
    with acting(db, world, who):
        return scalar(db, f"select public.{call}")


def intervals(db: psycopg.Connection, world: World, who: str = "operator") -> list[tuple[Any, ...]]:
    return [
        (state, reason, round(float(since)), None if minutes is None else round(float(minutes)))
        for state, reason, since, minutes in db.execute(INTERVALS, (world.users[who], TENANT))
    ]


def test_signs_of_life_are_one_interval(db: psycopg.Connection, world: World) -> None:
    for minute in range(4):
        told = says(db, world, "sign_of_life()", minute)
    assert told["state"] == "available"
    assert intervals(db, world) == [("available", None, 0, None)]


def test_a_closed_laptop_ends_the_interval_at_its_last_sign_of_life(
    db: psycopg.Connection, world: World
) -> None:
    for minute in (0, 1, 2, 40, 41):
        says(db, world, "sign_of_life()", minute)
    assert intervals(db, world) == [("available", None, 0, 2), ("available", None, 40, None)]


def test_a_client_on_the_screen_is_an_interval_of_its_own(
    db: psycopg.Connection, world: World
) -> None:
    client = world.ids["client"]
    says(db, world, "sign_of_life()", 0)
    says(db, world, f"begin_service('{client}')", 1)
    says(db, world, "sign_of_life()", 2)
    says(db, world, f"end_service('{client}')", 3)
    assert intervals(db, world) == [
        ("available", None, 0, 1), ("serving", None, 1, 2), ("available", None, 3, None),
    ]  # fmt: skip


def test_a_pause_lasts_until_its_end_is_said(db: psycopg.Connection, world: World) -> None:
    says(db, world, "sign_of_life()", 0)
    says(db, world, "take_break('meal')", 1)
    says(db, world, "sign_of_life('idle')", 2)
    says(db, world, f"begin_service('{world.ids['client']}')", 3)
    says(db, world, "end_break()", 4)
    assert intervals(db, world) == [
        ("available", None, 0, 1), ("paused", "meal", 1, 3), ("serving", None, 4, None),
    ]  # fmt: skip


def test_the_dialers_pause_ends_when_the_dialer_says_so(
    db: psycopg.Connection, world: World
) -> None:
    says(db, world, "sign_of_life('paused')", 0)
    says(db, world, "sign_of_life()", 1)
    says(db, world, "sign_of_life('unknown')", 2)
    says(db, world, "sign_of_life('idle')", 3)
    says(db, world, "take_break('Café', true)", 4)
    says(db, world, "sign_of_life('paused')", 5)
    says(db, world, "sign_of_life('on_call')", 6)
    assert intervals(db, world) == [
        ("paused", "dialer", 0, 3), ("available", None, 3, 1), ("paused", "Café", 4, 2),
        ("available", None, 6, None),
    ]  # fmt: skip


def test_who_leads_is_at_work_while_serving_and_else_is_not_counted(
    db: psycopg.Connection, world: World
) -> None:
    client = world.ids["client"]
    assert says(db, world, "sign_of_life()", 0, "supervisor") is None
    says(db, world, f"begin_service('{client}')", 1, "supervisor")
    says(db, world, f"end_service('{client}')", 3, "supervisor")
    assert says(db, world, "sign_of_life()", 4, "supervisor") is None
    assert intervals(db, world, "supervisor") == [("serving", None, 1, 2)]


def test_no_interval_spans_two_mornings(db: psycopg.Connection, world: World) -> None:
    for moment in ("25 23:59:00", "26 00:00:30", "26 00:02:00"):
        set_clock(db, f"2026-11-{moment}-03")
        with acting(db, world, "operator"):
            db.execute("select public.sign_of_life()")
    days = db.execute(
        "select (since at time zone 'America/Sao_Paulo')::date::text, until_at is null"
        " from public.operator_states order by since"
    ).fetchall()
    assert days == [("2026-11-25", False), ("2026-11-26", True)]


def board(db: psycopg.Connection, world: World) -> dict[str, Any]:
    with acting(db, world, "supervisor"):
        told = scalar(db, "select public.panel_board()")
    assert isinstance(told, dict)
    [mine] = [each for each in told["people"] if each["id"] == str(world.users["operator"])]
    found: dict[str, Any] = mine
    return found


def test_the_board_says_how_somebody_stands_and_since_when(
    db: psycopg.Connection, world: World
) -> None:
    says(db, world, "sign_of_life()", 0)
    says(db, world, "take_break('meal')", 2)
    says(db, world, "sign_of_life()", 4)
    told = board(db, world)["state"]
    assert (told["state"], told["reason"], told["since"][14:16]) == ("paused", "meal", "02")
    set_clock(db, NOON.format(8))
    gone = board(db, world)
    assert gone["state"] is None
    assert gone["seen_at"][14:16] == "04"


@pytest.mark.parametrize(
    ("begins", "at_second", "is_stuck"),
    [
        ("sign_of_life('paused')", 50, False),
        ("sign_of_life('paused')", 61, True),
        # Whoever says why is not stuck, however long it takes.
        ("take_break('meal')", 179, False),
        ("sign_of_life()", 179, False),
    ],
)
def test_a_pause_without_a_reason_is_flagged_after_a_minute(
    db: psycopg.Connection, world: World, begins: str, at_second: int, is_stuck: bool
) -> None:
    says(db, world, begins, 0)
    set_clock(db, f"2026-11-25 12:{at_second // 60:02}:{at_second % 60:02}-03")
    alarm = board(db, world)["alarm"]
    assert (alarm is not None) is is_stuck
    assert alarm is None or alarm["kind"] == "pause"


@pytest.mark.parametrize(
    ("after_talks_of", "at_second", "is_stuck"),
    [(None, 110, False), (None, 121, True), (40, 70, False), (40, 81, True)],
)
def test_who_takes_twice_the_usual_after_a_talk_is_flagged(
    db: psycopg.Connection, world: World, after_talks_of: int | None, at_second: int,
    is_stuck: bool,
) -> None:  # fmt: skip
    if after_talks_of is not None:
        db.execute(
            "insert into private.panel_facts (tenant_id, day, measure, events, amount)"
            " values (%s, '2026-11-20', 'wrapped', 3, 3 * %s::int)",
            (TENANT, after_talks_of),
        )
    db.execute(
        "insert into public.calls (tenant_id, integration_id, telephony_id, client_id, operator_id,"
        " status, called_at, connected_at, ended_at)"
        " select %s, id, 'wrap', %s, %s, 'ended', '2026-11-25 11:55-03', '2026-11-25 11:55-03',"
        " '2026-11-25 12:00-03' from public.integrations where tenant_id = %s limit 1",
        (TENANT, world.ids["client"], world.users["operator"], TENANT),
    )
    moment = f"2026-11-25 12:{at_second // 60:02}:{at_second % 60:02}-03"
    set_clock(db, moment)
    with acting(db, world, "operator"):
        db.execute("select public.begin_service(%s)", (world.ids["client"],))
    alarm = board(db, world)["alarm"]
    assert (alarm is not None) is is_stuck
    if alarm is not None:
        assert (alarm["kind"], alarm["usual_seconds"]) == ("wrap_up", after_talks_of or 60)
    # An outcome ends it.
    db.execute("update public.calls set outcome_type = 'voicemail' where telephony_id = 'wrap'")
    assert board(db, world)["alarm"] is None


def test_the_board_counts_dispositions_and_not_what_a_rule_sent(
    db: psycopg.Connection, world: World
) -> None:
    before = board(db, world)["dispositions"]
    with acting(db, world, "operator"):
        done = scalar(
            db,
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'voicemail') returning id",
            world.ids["client"],
        )
    assert board(db, world)["dispositions"] == before + 1
    db.execute(
        "insert into public.disposition_undos (tenant_id, disposition_id, client_id, undone_by)"
        " values (%s, %s, %s, %s)",
        (TENANT, done, world.ids["client"], world.users["operator"]),
    )
    assert board(db, world)["dispositions"] == before


def test_hours_are_forgotten_after_two_years_but_for_the_agencys_first(
    db: psycopg.Connection, world: World
) -> None:
    for since in ("2020-01-01", "2024-11-20", "2024-11-26", "2026-11-24"):
        db.execute(
            "insert into public.operator_states (tenant_id, user_id, state, since, seen_at,"
            " until_at) values (%s, %s, 'available', %s, %s, %s)",
            (TENANT, world.users["operator"], since, since, since),
        )
    set_clock(db, NOON.format(0))
    assert scalar(db, "select private.forget_operator_states()") == 1
    assert [
        day for (day,) in db.execute(
            "select (since at time zone 'UTC')::date::text from public.operator_states"
            " order by since"
        )
    ] == ["2020-01-01", "2024-11-26", "2026-11-24"]  # fmt: skip


NEWS = (
    "select count(*)::int from realtime.messages"
    f" where event = 'board_changed' and topic = 'panel:{TENANT}'"
)


def test_the_board_hears_of_a_pause_and_not_of_every_sign_of_life(
    db: psycopg.Connection, world: World
) -> None:
    says(db, world, "sign_of_life()", 0)
    before = scalar(db, NEWS)
    assert isinstance(before, int)
    says(db, world, "sign_of_life()", 1)
    assert scalar(db, NEWS) == before
    says(db, world, "take_break('rest')", 2)
    says(db, world, "end_break()", 3)
    assert scalar(db, NEWS) == before + 2


@pytest.mark.parametrize("reason", ["''", "'  '", "null", f"'{'x' * 61}'"])
def test_a_pause_without_a_word_for_it_is_refused(
    db: psycopg.Connection, world: World, reason: str
) -> None:
    with refused("reason_missing"), acting(db, world, "operator"):
        db.execute(f"select public.take_break({reason})".encode())


def test_an_operator_reads_their_own_hours_alone_and_writes_none(
    db: psycopg.Connection, world: World
) -> None:
    says(db, world, "sign_of_life()", 0)
    says(db, world, f"begin_service('{world.ids['client']}')", 1, "admin")
    rows = "select count(*)::int from public.operator_states"
    for who, seen in (("operator", 1), ("supervisor", 2), ("other_tenant", 0)):
        with acting(db, world, who):
            assert scalar(db, rows) == seen
    with refused("42501"), acting(db, world, "operator"):
        db.execute("update public.operator_states set since = since - interval '1 hour'")


def test_somebody_of_two_agencies_works_for_the_one_they_look_at(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "insert into public.memberships (tenant_id, user_id, role, display_name)"
        " values (%s, %s, 'operator', 'Duas')",
        (OTHER_TENANT, world.users["operator"]),
    )
    with acting(db, world, "operator", tenant_id=OTHER_TENANT):
        db.execute("select public.sign_of_life()")
    assert intervals(db, world) == []
