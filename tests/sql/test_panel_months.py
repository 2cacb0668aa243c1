"""A month whose days are all kept is read as one set of clients, and says what its days say."""

from dataclasses import replace
from datetime import date

import psycopg
import pytest

from tests.proof import examples
from tests.sql.panel_events import Scope
from tests.sql.panel_reference import Reference
from tests.sql.panel_story import Story
from tests.sql.panel_world import PanelWorld
from tests.sql.personas import scalar, set_clock
from tests.sql.test_panel import in_a_history, numbers, prove

# November 2026 whole, with a day of October before it and two of December after.
FIRST, LAST = date(2026, 10, 31), date(2026, 12, 2)
MONTHS = "select count(*) from private.panel_sets where is_month and tenant_id = %s"
# Of the story's steps, those that move a client into a day or out of it, and two that do not.
LATE = ("late_call", "call_is_whose", "call_ends", "decided", "meaning", "zone", "receipt", "money")


def keep_the_month(world: PanelWorld) -> Story:
    story = Story(world)
    world.run("update public.tenants set created_at = %s where id = %s", FIRST, world.tenant)
    set_clock(world.db, "2026-12-03 12:00:00-03")
    for _ in range(2):
        story.keep_all()
    return story


@pytest.mark.parametrize("step", LATE)
def test_a_month_says_what_its_days_say_whatever_comes_late(
    db: psycopg.Connection, step: str
) -> None:
    def told(world: PanelWorld) -> None:
        story = keep_the_month(world)
        prove(world, ["kept"], FIRST, LAST)
        for _ in range(2):
            getattr(story, step)()
        prove(world, [step], FIRST, LAST)
        story.keep_all()
        story.keep_all()
        prove(world, [step, "kept"], FIRST, LAST)

    for seed in range(examples(2, 60)):
        in_a_history(db, seed, told)


def test_the_month_is_read_and_not_its_days(db: psycopg.Connection) -> None:
    def told(world: PanelWorld) -> None:
        keep_the_month(world)
        assert scalar(db, MONTHS, world.tenant)
        truth = Reference(db, world.tenant)
        world.run("delete from private.panel_sets where not is_month")
        world.run("delete from private.panel_facts")
        november = Scope(date(2026, 11, 1), date(2026, 11, 30), seats=world.seats)
        scopes = (
            november,
            replace(november, operator=world.people[1]),
            replace(november, creditor=world.creditors[0]),
        )
        for scope in scopes:
            for split_by in ("", "operator", "creditor"):
                assert numbers(world, scope, split_by) == truth.numbers(scope, split_by)
        # A day less, and the days are asked, which say nothing any more.
        part = numbers(world, replace(november, first=date(2026, 11, 2)), "")[""]
        assert part["clients_attempted"]["numerator"] == 0

    in_a_history(db, 11, told)


def test_a_day_that_reached_the_same_people_leaves_its_month_alone(db: psycopg.Connection) -> None:
    def told(world: PanelWorld) -> None:
        story = keep_the_month(world)
        written = "select min(xmin::text) from private.panel_sets where is_month"
        before = scalar(db, written)
        with db.transaction():
            story.money()
            story.keep_all()
        assert scalar(db, written) == before
        with db.transaction():
            for _ in range(3):
                story.late_call()
            story.keep_all()
        assert scalar(db, written) != before

    in_a_history(db, 11, told)


def test_of_a_month_with_an_open_day_nothing_is_kept(db: psycopg.Connection) -> None:
    def told(world: PanelWorld) -> None:
        keep_the_month(world)
        set_clock(db, "2026-11-30 12:00:00-03")
        Story.keep_all(story := Story(world))
        set_clock(db, "2026-11-30 12:00:00-03")
        prove(world, [story.go()], FIRST, LAST)

    in_a_history(db, 11, told)


@pytest.mark.parametrize("members", [[0], [31], [32], [0, 33, 64], list(range(0, 4_000, 3))])
def test_bits_are_the_members_they_were_made_of(db: psycopg.Connection, members: list[int]) -> None:
    found = db.execute(
        "select place from (select private.panel_bits(%s) as bits) as made,"
        " generate_series(0, length(bits) - 1) as place where get_bit(bits, place) = 1",
        (members,),
    ).fetchall()
    assert [place for (place,) in found] == members


def test_a_month_in_which_nobody_was_contacted_is_kept_like_any_other(
    db: psycopg.Connection,
) -> None:
    tenant = scalar(
        db,
        "insert into public.tenants (name, created_at) values ('Parada', '2026-10-01 12:00-03')"
        " returning id",
    )
    set_clock(db, "2026-12-03 12:00:00-03")
    while scalar(db, "select private.refresh_panel_of(%s)", tenant):
        pass
    kept = "select count(*) from private.panel_days where tenant_id = %s"
    assert scalar(db, kept, tenant) == 63  # 1 October to 2 December
