"""The panel's numbers are those of a long way round, whatever is kept and whatever came late."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proof import examples
from tests.sql.panel_events import Scope
from tests.sql.panel_reference import KPIS, STOCK, Reference
from tests.sql.panel_story import Story
from tests.sql.panel_world import DAYS, FIRST, PanelWorld
from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock

HISTORIES = settings(
    max_examples=examples(6, 1_500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LAST = FIRST + timedelta(DAYS + 3)
WEEK = {"from": "2026-11-16", "to": "2026-11-22"}


def ask(db: psycopg.Connection, who: UUID, query: str, *values: object) -> Any:
    db.execute(
        "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
        (json.dumps({"sub": str(who), "role": "authenticated"}), "authenticated"),
    )
    found = scalar(db, query, *values)
    db.execute(
        "select set_config('request.jwt.claims', '', true), set_config('role', 'none', true)"
    )
    return found


def as_filter(scope: Scope) -> str:
    told = {
        "from": scope.first, "to": scope.last, "creditor_id": scope.creditor,
        "operator_id": scope.operator, "team_id": scope.team,
    }  # fmt: skip
    return json.dumps({key: str(value) for key, value in told.items() if value})


def numbers(world: PanelWorld, scope: Scope, split_by: str) -> dict[str, Any]:
    found = ask(
        world.db, world.people[0], "select public.panel_numbers(%s, %s)", as_filter(scope), split_by
    )
    return {
        group["key"]: {code: told for code, told in group["kpis"].items() if code not in STOCK}
        for group in found["groups"]
    }


def rows(world: PanelWorld, scope: Scope, kpi: str, part: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    after = None
    while True:
        page = ask(
            world.db, world.people[0], "select public.panel_rows(%s, %s, %s, %s, 3)",
            kpi, part, as_filter(scope), after,
        )  # fmt: skip
        listed += page["rows"]
        after = page["next"]
        if after is None:
            return listed


def some_scope(world: PanelWorld) -> Scope:
    random = world.random
    first = FIRST + timedelta(random.randrange(-1, DAYS))
    return Scope(
        first,
        first + timedelta(random.randrange(DAYS)),
        random.choice((None, *world.creditors)),
        random.choice((None, None, *world.people)),
        random.choice((None, frozenset(world.creditors[:2]))),
        random.choice((None, None, world.seats[0].team)),
        world.seats,
    )


def prove(world: PanelWorld, said: list[str], first: date = FIRST, last: date = LAST) -> None:
    truth = Reference(world.db, world.tenant)
    for scope in (Scope(first, last, seats=world.seats), some_scope(world)):
        world.run(
            "update public.memberships set creditor_ids = %s where user_id = %s",
            list(scope.allowed) if scope.allowed else None, world.people[0],
        )  # fmt: skip
        for split_by in ("", "day", "operator", "team", "creditor"):
            assert numbers(world, scope, split_by) == truth.numbers(scope, split_by), (
                scope, split_by, said,
            )  # fmt: skip


def in_a_history(db: psycopg.Connection, seed: int, told: Callable[[PanelWorld], None]) -> None:
    with db.transaction(force_rollback=True):
        world = PanelWorld(db, Random(seed))  # noqa: S311  # a story, no secret
        world.plant()
        # From here on everything goes through its triggers.
        db.execute("set local session_replication_role = origin")
        set_clock(db, world.at(0).isoformat())
        told(world)


@pytest.mark.proof
@HISTORIES
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 14))
def test_every_number_is_the_naive_one_whatever_is_kept_and_comes_late(
    db: psycopg.Connection, seed: int, steps: int
) -> None:
    def told(world: PanelWorld) -> None:
        story = Story(world)
        said: list[str] = []
        for _ in range(steps):
            said.append(story.go())
        prove(world, said)
        story.keep()
        prove(world, [*said, "keep"])

    in_a_history(db, seed, told)


LATE = (
    "receipt", "late_call", "call_ends", "call_is_whose", "money", "money_back", "paid", "moved",
    "decided", "breaks", "meaning", "zone", "title_goes", "promised", "priced",
)  # fmt: skip


@pytest.mark.parametrize("step", LATE)
def test_what_comes_after_every_day_was_kept_is_seen_at_once(
    db: psycopg.Connection, step: str
) -> None:
    def told(world: PanelWorld) -> None:
        story = Story(world)
        set_clock(db, world.at(DAYS + 1).isoformat())
        story.keep_all()
        for _ in range(4):
            getattr(story, step)()
        prove(world, [step])

    for seed in range(examples(3, 60)):
        in_a_history(db, seed, told)


PARTS = ("numerator", "denominator")


@pytest.mark.proof
@HISTORIES
@given(seed=st.integers(0, 2**32))
def test_the_rows_behind_a_number_are_what_it_counts(db: psycopg.Connection, seed: int) -> None:
    def told(world: PanelWorld) -> None:
        story = Story(world)
        for _ in range(6):
            story.go()
        truth = Reference(db, world.tenant)
        drawn = world.random.choice(list(KPIS)), replace(some_scope(world), allowed=None)
        # The first has rows in every history.
        asked = [
            (*each, part) for each in (("attempts", Scope(FIRST, LAST)), drawn) for part in PARTS
        ]
        for kpi, scope, part in asked:
            if part == "denominator" and KPIS[kpi][1] is None:
                continue
            listed = rows(world, scope, kpi, part)
            assert len({(row["source"], row["source_id"]) for row in listed}) == len(listed)
            measure = scalar(db, f"select {part} from private.panel_kpis where code = %s", kpi)
            meant = [e for e in truth.found if scope.holds(e) and e.measure == measure]
            assert sorted((row["source_id"], row["amount"]) for row in listed) == sorted(
                (event.source_id, event.amount) for event in meant
            )
            assert [row["day"] for row in listed] == sorted(
                (row["day"] for row in listed), reverse=True
            )

    in_a_history(db, seed, told)


def test_what_is_kept_is_read_and_not_computed_again(db: psycopg.Connection) -> None:
    def told(world: PanelWorld) -> None:
        set_clock(db, world.at(DAYS + 1).isoformat())
        world.run("select private.refresh_panel_of(%s)", world.tenant)
        db.execute("update private.panel_facts set events = 77 where measure = 'attempt'")
        week = Scope(FIRST, FIRST + timedelta(DAYS - 2))
        assert numbers(world, week, "")[""]["attempts"]["numerator"] % 77 == 0
        assert numbers(world, week, "")[""]["attempts"]["numerator"] > 0

    in_a_history(db, 7, told)


def test_a_day_stays_open_until_two_in_the_morning(db: psycopg.Connection) -> None:
    def told(world: PanelWorld) -> None:
        for seconds, days in ((7_199, 0), (7_200, 1)):
            set_clock(db, world.at(1, seconds).isoformat())
            found = world.run("select private.refresh_panel_of(%s)", world.tenant)
            assert found == [(days,)]

    in_a_history(db, 7, told)


def test_every_card_of_the_catalogue_has_a_naive_twin(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "supervisor"):
        cards = scalar(db, "select public.panel_cards()")
    assert isinstance(cards, list)
    assert [card["code"] for card in cards if card["code"] not in STOCK] == list(KPIS)
    assert {card["code"] for card in cards} == {*KPIS, *STOCK}


CALLS = (
    "select public.panel_board()",
    "select public.panel_cards()",
    f"select public.panel_numbers('{json.dumps(WEEK)}')",
    f"select public.panel_portfolio('{json.dumps(WEEK)}')",
    f"select public.panel_rows('attempts', 'numerator', '{json.dumps(WEEK)}')",
    f"select public.panel_cohorts('{json.dumps(WEEK)}')",
    f"select public.panel_stock_rows('bands', null, '{json.dumps(WEEK)}')",
)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("persona", ["operator", "no_membership", "revoked"])
def test_the_panel_is_not_for_operators(
    db: psycopg.Connection, world: World, persona: str, call: str
) -> None:
    with refused("not_allowed"), acting(db, world, persona):
        db.execute(call.encode())


def test_another_agencys_creditor_and_operator_tell_nothing(
    db: psycopg.Connection, world: World
) -> None:
    creditor = scalar(db, "select id from public.creditors where tenant_id = %s limit 1", TENANT)
    today = str(scalar(db, "select private.today(%s)", TENANT))
    period = {"from": today, "to": today}
    for more in ({"creditor_id": str(creditor)}, {"operator_id": str(world.users["admin"])}):
        with acting(db, world, "supervisor"):
            own = scalar(db, "select public.panel_numbers(%s)", json.dumps(period | more))
        with acting(db, world, "other_tenant"):
            foreign = scalar(db, "select public.panel_numbers(%s)", json.dumps(period | more))
        assert isinstance(own, dict)
        assert isinstance(foreign, dict)
        assert own["groups"][0]["kpis"]["attempts"]["numerator"] > 0
        assert not any(kpi.get("numerator") for kpi in foreign["groups"][0]["kpis"].values())


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({}, "filter_invalid"),
        ({"from": "2026-11-22", "to": "2026-11-16"}, "filter_invalid"),
        ({"from": "2025-11-16", "to": "2026-11-17"}, "filter_invalid"),
        ({"from": "2026-11-16", "to": "amanhã"}, "filter_invalid"),
        (WEEK | {"squad": "a"}, "unknown_filter"),
    ],
)
def test_a_filter_nobody_understands_is_refused_and_not_left_out(
    db: psycopg.Connection, world: World, wrong: dict[str, str], word: str
) -> None:
    with refused(word), acting(db, world, "supervisor"):
        db.execute("select public.panel_numbers(%s)", (json.dumps(wrong),))


def test_a_number_nobody_defined_has_no_rows(db: psycopg.Connection, world: World) -> None:
    for kpi, part in (("x", "numerator"), ("attempts", "denominator"), ("attempts", "y")):
        with refused("panel_kpi_unknown"), acting(db, world, "supervisor"):
            db.execute("select public.panel_rows(%s, %s, %s)", (kpi, part, json.dumps(WEEK)))


def test_the_board_says_who_serves_whom_and_what_waits(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "supervisor"):
        board = scalar(db, "select public.panel_board()")
    assert isinstance(board, dict)
    [serving] = [each["serving"] for each in board["people"] if each["serving"]]
    assert serving["client_id"] == str(world.ids["client"])
    waiting = {each["kind"] for each in board["waiting"]}
    assert {"payments_to_decide", "settlements_to_decide"} <= waiting
    assert str(world.users["other_tenant"]) not in {each["id"] for each in board["people"]}
    assert [each["provider"] for each in board["providers"]]


def test_one_agency_that_cannot_be_read_does_not_stop_the_rest(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "create or replace function private.panel_since(tenant_id uuid) returns date"
        " language sql set search_path = '' as"
        " $$ select private.today(tenant_id) - 3"
        f" / case when tenant_id = '{TENANT}' then 0 else 1 end $$"
    )
    db.execute("call private.refresh_panel(false)")
    assert scalar(db, "select count(*) from private.panel_days where tenant_id <> %s", TENANT)
    failed = db.execute(
        "select tenant_id from public.job_runs where job = 'refresh_panel' and failures = 1"
    ).fetchall()
    assert failed == [(TENANT,)]
