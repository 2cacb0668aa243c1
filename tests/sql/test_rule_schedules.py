"""A day's rule speaks once to whoever has come to its day, and never by the wrong ruler."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, scalar, set_clock
from tests.sql.rules import only_rule, switch
from tests.sql.thread import NOON, claim, pass_time, row_of

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def three_days_late(db: psycopg.Connection, world: World) -> None:
    """The client has one open title, due three days ago, and no agreement."""
    set_clock(db, NOON)
    db.execute("delete from pgmq.q_automations")
    db.execute(
        "update public.agreements set status = 'cancelled' where client_id = %s",
        (world.ids["client"],),
    )
    db.execute(
        "update public.debts set status = case when id = %s then 'open' else 'settled' end"
        "::public.debt_status, due_on = %s where client_id = %s",
        (world.ids["debt"], TODAY - timedelta(3), world.ids["client"]),
    )


def late(db: psycopg.Connection, world: World, **more: object) -> UUID:
    """Only the world's client: the seed has others who come to their day."""
    named = {"disposition_type": None, "filter": {"q": "Zélia"}}
    return only_rule(db, world, **({"trigger": "debt_due", "day_offset": 3} | named | more))


def sweep(db: psycopg.Connection) -> object:
    return scalar(db, "select private.run_schedules()")


def runs(db: psycopg.Connection, world: World) -> list[tuple[Any, ...]]:
    return db.execute(
        "select run.status, run.reason, run.on_date from public.automation_runs as run"
        " where run.client_id = %s and run.target_id is not null order by run.on_date",
        (world.ids["client"],),
    ).fetchall()


def test_on_its_day_a_client_is_spoken_to_once(db: psycopg.Connection, world: World) -> None:
    late(db, world)
    assert sweep(db) == 1
    assert sweep(db) == 0
    [claimed] = claim(db)
    assert claimed.destination == "+5511987650001"
    assert runs(db, world) == [("running", None, TODAY)]
    assert sweep(db) == 0


@pytest.mark.parametrize("offset", [-3, 0, 2, 4])
def test_on_no_other_day(db: psycopg.Connection, world: World, offset: int) -> None:
    late(db, world, day_offset=offset)
    sweep(db)
    assert runs(db, world) == []


def test_before_the_due_date_too(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "update public.debts set due_on = %s where id = %s",
        (TODAY + timedelta(3), world.ids["debt"]),
    )
    late(db, world, day_offset=-3)
    sweep(db)
    assert runs(db, world) == [("queued", None, TODAY)]


def test_whoever_has_an_agreement_never_hears_the_title_ruler(
    db: psycopg.Connection, world: World
) -> None:
    late(db, world)
    db.execute(
        "update public.agreements set status = 'active' where id = %s", (world.ids["agreement"],)
    )
    sweep(db)
    assert runs(db, world) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update public.agreements set status = 'active'", "agreement_running"),
        ("update public.debts set status = 'settled'", "nothing_owed"),
        ("update public.debts set due_on = due_on - 1", "day_passed"),
        ("update public.collection_rules set is_enabled = false", "rule_disabled"),
    ],
)
def test_what_changed_after_the_sweep_is_asked_again(
    db: psycopg.Connection, world: World, change: str, reason: str
) -> None:
    late(db, world)
    sweep(db)
    db.execute(change.encode())
    assert claim(db) == []
    assert runs(db, world) == [("skipped", reason, TODAY)]


def test_a_reminder_from_before_the_due_date_is_not_said_after_it(
    db: psycopg.Connection, world: World
) -> None:
    late(db, world, day_offset=-1)
    db.execute(
        "update public.debts set due_on = %s where id = %s",
        (TODAY + timedelta(1), world.ids["debt"]),
    )
    sweep(db)
    db.execute("update public.collection_rules set opens = '13:00', closes = '14:00'")
    for day in (0, 1, 2):  # of the due date, and after it
        assert claim(db) == []
        wait = ("queued", "outside_window", TODAY) if day < 2 else ("skipped", "day_passed", TODAY)
        assert runs(db, world) == [wait]
        pass_time(db, "1 day")


def test_an_installment_has_its_own_ruler(db: psycopg.Connection, world: World) -> None:
    late(db, world, trigger="installment_due", day_offset=-2)
    db.execute(
        "update public.agreements set status = 'active' where id = %s", (world.ids["agreement"],)
    )
    db.execute(
        "update public.installments set effective_due_on = %s where id = %s",
        (TODAY + timedelta(2), world.ids["installment"]),
    )
    sweep(db)
    assert runs(db, world) == [("queued", None, TODAY)]
    db.execute("update public.agreements set status = 'cancelled'")
    assert claim(db) == []
    assert runs(db, world) == [("skipped", "installment_ended", TODAY)]


def test_nothing_is_opened_before_the_hours_of_the_day(
    db: psycopg.Connection, world: World
) -> None:
    late(db, world, opens="14:00", closes="18:00")
    assert sweep(db) == 0
    pass_time(db, "2 hours 1 minute")
    assert sweep(db) == 1


def test_a_missed_day_is_made_up_for_and_never_doubles(
    db: psycopg.Connection, world: World
) -> None:
    rule = late(db, world)
    db.execute(
        "insert into private.rule_sweeps (rule_id, tenant_id, swept_on) values (%s, %s, %s)",
        (rule, TENANT, TODAY - timedelta(1)),
    )
    set_clock(db, "2026-11-25 12:00-03")  # nobody swept on the 23rd and 24th
    sweep(db)
    assert runs(db, world) == [("queued", None, TODAY)]
    assert claim(db) == [], "spread over the hour, not all at once"
    pass_time(db, "1 hour 1 second")
    assert len(claim(db)) == 1


def test_only_the_newest_of_the_missed_days_speaks(db: psycopg.Connection, world: World) -> None:
    first = late(db, world, day_offset=3)
    second = late(db, world, day_offset=5)
    switch(db, world, first)
    for rule in (first, second):
        db.execute(
            "insert into private.rule_sweeps (rule_id, tenant_id, swept_on) values (%s, %s, %s)",
            (rule, TENANT, TODAY - timedelta(1)),
        )
    set_clock(db, "2026-11-25 12:00-03")  # the 5th day; the 3rd was missed
    sweep(db)
    assert runs(db, world) == [("queued", None, TODAY + timedelta(2))]


def test_the_days_a_rule_was_off_are_not_made_up_for(db: psycopg.Connection, world: World) -> None:
    rule = late(db, world)
    db.execute(
        "insert into private.rule_sweeps (rule_id, tenant_id, swept_on) values (%s, %s, %s)",
        (rule, TENANT, TODAY - timedelta(1)),
    )
    switch(db, world, rule, on=False)
    set_clock(db, "2026-11-25 12:00-03")
    switch(db, world, rule)
    sweep(db)
    assert runs(db, world) == []


def test_a_stopped_agency_opens_nothing(db: psycopg.Connection, world: World) -> None:
    late(db, world)
    with acting(db, world, "admin"):
        db.execute("update public.automation_policies set is_stopped = true")
    assert sweep(db) == 0


@pytest.mark.parametrize("stops", [True, False])
def test_what_a_stopped_agency_missed_is_not_made_up_for(
    db: psycopg.Connection, world: World, stops: bool
) -> None:
    rule = late(db, world)
    db.execute(
        "insert into private.rule_sweeps (rule_id, tenant_id, swept_on) values (%s, %s, %s)",
        (rule, TENANT, TODAY - timedelta(1)),
    )
    with acting(db, world, "admin"):
        db.execute("update public.automation_policies set is_stopped = %s", (stops,))
    set_clock(db, "2026-11-25 12:00-03")
    with acting(db, world, "admin"):
        db.execute("update public.automation_policies set is_stopped = false")
    sweep(db)
    # Whoever was never stopped catches up: only the switch forgets the days.
    assert bool(runs(db, world)) is not stops


def test_the_sweep_leaves_its_record(db: psycopg.Connection, world: World) -> None:
    late(db, world)
    sweep(db)
    sweep(db)
    record = row_of(db, "public.job_runs", tenant_id=TENANT, job="rules")
    assert (record["result"], record["failures"], record["on_date"]) == ({"opened": 1}, 0, TODAY)
