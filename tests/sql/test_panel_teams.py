"""A team's number of days that are over does not change when somebody comes, goes or is moved."""

import json
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.panel_world import PanelWorld
from tests.sql.personas import set_clock
from tests.sql.test_panel import ask


@pytest.fixture
def agency(db: psycopg.Connection) -> PanelWorld:
    """Two people with an attempt on each of 2, 3 and 4 November; it is the morning of the 5th."""
    world = PanelWorld(db, Random(4))  # noqa: S311  # a story, no secret
    world.run("delete from private.team_seats")
    world.run("delete from public.teams where tenant_id = %s", world.tenant)
    world.run("update public.tenants set created_at = '2026-11-01' where id = %s", world.tenant)
    for person in world.people:
        for day in (-14, -13, -12):
            world.row(
                "call_dispositions", client_id=world.clients[0], operator_id=person,
                disposition_type="voicemail", created_at=world.at(day, 43_200),
            )  # fmt: skip
    db.execute("set local session_replication_role = origin")
    go_to(world, "2026-11-05")
    return world


def go_to(agency: PanelWorld, day: str) -> None:
    set_clock(agency.db, f"{day} 08:00:00-03")


def new_team(agency: PanelWorld, name: str, *people: UUID) -> UUID:
    team = agency.new()
    agency.row("teams", id=team, name=name)
    for person in people:
        agency.row("team_members", team_id=team, user_id=person)
    return team


def leave(agency: PanelWorld, team: UUID, person: UUID) -> None:
    agency.run("delete from public.team_members where team_id = %s and user_id = %s", team, person)


def attempts(agency: PanelWorld, team: UUID, first: str = "2026-11-02", last: str = "") -> Any:
    period = {"from": first, "to": last or "2026-11-04", "team_id": str(team)}
    found = ask(agency.db, agency.people[0], "select public.panel_numbers(%s)", json.dumps(period))
    return found["groups"][0]["kpis"]["attempts"]["value"]


def works(agency: PanelWorld, person: UUID, day: str) -> None:
    agency.row(
        "call_dispositions", client_id=agency.clients[0], operator_id=person,
        disposition_type="voicemail", created_at=f"{day} 12:00:00-03",
    )  # fmt: skip


def test_who_comes_to_their_first_team_takes_their_past_along(agency: PanelWorld) -> None:
    assert attempts(agency, new_team(agency, "A", *agency.people)) == 6


def test_a_closed_months_number_stays_when_somebody_leaves(agency: PanelWorld) -> None:
    team = new_team(agency, "A", *agency.people)
    go_to(agency, "2026-12-10")
    agency.run("select private.refresh_panel_of(%s)", agency.tenant)
    leave(agency, team, agency.people[1])
    assert attempts(agency, team) == 6
    assert attempts(agency, team, "2026-11-01", "2026-11-30") == 6


def test_a_closed_months_number_stays_when_somebody_leaves_the_agency(agency: PanelWorld) -> None:
    team = new_team(agency, "A", *agency.people)
    go_to(agency, "2026-12-10")
    agency.run("select private.leave_agency(%s, %s)", agency.tenant, agency.people[1])
    assert agency.run("select from public.team_members where user_id = %s", agency.people[1]) == []
    assert attempts(agency, team) == 6


def test_who_is_moved_counts_once_a_day_and_leaves_the_past_behind(agency: PanelWorld) -> None:
    person = agency.people[1]
    old, new = new_team(agency, "A", *agency.people), new_team(agency, "B")
    go_to(agency, "2026-11-06")
    leave(agency, old, person)
    agency.row("team_members", team_id=new, user_id=person)
    for day in ("2026-11-06", "2026-11-07"):
        works(agency, person, day)
    days = ("2026-11-06", "2026-11-07")
    assert attempts(agency, old) == 6
    assert attempts(agency, new) == 0
    assert [attempts(agency, old, day, day) for day in days] == [1, 0]
    assert [attempts(agency, new, day, day) for day in days] == [0, 1]


def test_a_seat_given_by_mistake_was_never_there(agency: PanelWorld) -> None:
    person = agency.people[1]
    wrong = new_team(agency, "A", person)
    leave(agency, wrong, person)
    right = new_team(agency, "B", person)
    assert (attempts(agency, wrong), attempts(agency, right)) == (0, 3)


def test_taken_out_and_put_back_on_one_day_is_nothing_that_happened(agency: PanelWorld) -> None:
    team = new_team(agency, "A", *agency.people)
    go_to(agency, "2026-11-06")
    leave(agency, team, agency.people[1])
    agency.row("team_members", team_id=team, user_id=agency.people[1])
    [(last,)] = agency.run(
        "select distinct until_on = 'infinity' from private.team_seats where team_id = %s", team
    )
    assert last is True
    works(agency, agency.people[1], "2026-11-07")
    assert attempts(agency, team, "2026-11-02", "2026-11-07") == 7


def test_who_comes_back_counts_for_the_days_of_either_seat(agency: PanelWorld) -> None:
    person, team = agency.people[1], new_team(agency, "A", agency.people[1])
    for day, is_there in (("2026-11-06", False), ("2026-11-09", True)):
        go_to(agency, day)
        if is_there:
            agency.row("team_members", team_id=team, user_id=person)
        else:
            leave(agency, team, person)
    for number in range(6, 11):
        works(agency, person, str(date(2026, 11, number)))
    # The 6th to its end, the 9th and the 10th.
    assert attempts(agency, team, "2026-11-05", "2026-11-10") == 3
