"""What the plan allowed is asked once more at the door: caps between rules, switches, hours."""

import itertools
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from tests.sql.personas import TENANT, World, acting, scalar, set_clock, working
from tests.sql.rules import dry_run, only_rule, save, switch
from tests.sql.test_rule_events import approve, charging, make_payable
from tests.sql.thread import NOON, begin, claim, dispose, pass_time, row_of, settle


@pytest.fixture(autouse=True)
def noon(db: psycopg.Connection) -> None:
    set_clock(db, NOON)
    db.execute("delete from pgmq.q_automations")


def cap(db: psycopg.Connection, attempts: int) -> None:
    db.execute("delete from public.contact_caps where tenant_id = %s", (TENANT,))
    db.execute(
        "update public.message_logs set created_at = '2026-01-31', sending_at = null"
        " where direction = 'out'"
    )
    db.execute(
        "insert into public.contact_caps (tenant_id, channel, days, attempts)"
        " values (%s, 'whatsapp', 1, %s)",
        (TENANT, attempts),
    )


def two_rules(db: psycopg.Connection, world: World) -> list[UUID]:
    """Both follow one disposition, one by its type and one by its meaning."""
    first = only_rule(db, world, disposition_type="dropped")
    meaning = {"disposition_type": None, "disposition_meaning": "human_answered"}
    save(db, world, second := uuid4(), **meaning)
    dry_run(db, world, second)
    switch(db, world, second)
    return [first, second]


def claim_one(db: psycopg.Connection) -> Any:
    with working(db, "worker"), db.cursor(row_factory=namedtuple_row) as cursor:
        [one] = cursor.execute("select * from private.claim_automation_runs(1, 60)").fetchall()
    return one


def claim_link(db: psycopg.Connection) -> Any:
    with working(db, "worker"), db.cursor(row_factory=namedtuple_row) as cursor:
        [one] = cursor.execute("select * from private.claim_messages(10, 60)").fetchall()
    return one


def states(db: psycopg.Connection, rules: list[UUID]) -> list[tuple[Any, ...]]:
    return db.execute(
        "select status, reason from public.automation_runs where rule_id = any(%s)"
        " order by status, reason nulls first",
        (rules,),
    ).fetchall()


WAITS = ("queued", "attempt_cap")


@pytest.mark.parametrize("order", list(itertools.permutations((0, 1))))
def test_two_rules_of_two_workers_share_one_contact(
    db: psycopg.Connection, world: World, order: tuple[int, int]
) -> None:
    rules = two_rules(db, world)
    cap(db, 1)
    dispose(db, world, "dropped")
    claimed = [claim_one(db), claim_one(db)]
    begun = [begin(db, claimed[n].message_id, claimed[n].attempt) for n in order]
    assert begun == [True, False]
    assert states(db, rules) == [WAITS, ("running", None)]
    went = claimed[order[0]]
    assert settle(db, went.message_id, went.attempt, "submitted", provider_message_id="one")
    assert claim(db) == []
    pass_time(db, "20 hours 1 minute")  # the next morning
    [later] = claim(db)
    assert later.message_id == claimed[order[1]].message_id
    assert begin(db, later.message_id, later.attempt)


@pytest.mark.parametrize(("attempts", "leave"), [(1, 1), (2, 2)])
def test_two_rules_of_one_batch_share_what_the_cap_leaves(
    db: psycopg.Connection, world: World, attempts: int, leave: int
) -> None:
    rules = two_rules(db, world)
    cap(db, attempts)
    dispose(db, world, "dropped")
    db.execute("select private.open_runs(array(select msg_id from pgmq.q_automations))")
    claimed = claim(db)
    assert [begin(db, one.message_id, one.attempt) for one in claimed] == [True] * leave
    assert states(db, rules).count(WAITS) == 2 - leave


def test_what_was_sent_the_day_after_it_was_planned_counts_for_that_day(
    db: psycopg.Connection, world: World
) -> None:
    rules = two_rules(db, world)
    cap(db, 1)
    dispose(db, world, "dropped")
    one, two = claim_one(db), claim_one(db)
    for pause in ("20 hours 1 minute", "1 day"):
        pass_time(db, pause)
        for late in claim(db):
            begin(db, late.message_id, late.attempt)
    assert {one.run_id, two.run_id} == {
        row[0]
        for row in db.execute(
            "select automation_run_id from public.message_logs where sending_at is not null"
        ).fetchall()
    }
    days = "select count(distinct sending_at::date), count(*) from public.message_logs where "
    sent = db.execute(days + "automation_run_id in (%s, %s)", (one.run_id, two.run_id)).fetchone()
    assert sent == (2, 2)
    assert len(rules) == 2


@pytest.mark.parametrize(
    ("change", "last"),
    [
        ("update public.collection_rules set is_enabled = false", ("skipped", "rule_disabled")),
        (
            "update public.automation_policies set is_stopped = true",
            ("skipped", "automations_stopped"),
        ),
        (
            "update public.automation_policies set stopped_channels = '{whatsapp}'",
            ("skipped", "channel_stopped"),
        ),
        (
            "insert into public.suppressions (tenant_id, client_id, reason)"
            " select tenant_id, id, 'pediu' from public.clients",
            ("skipped", "suppressed"),
        ),
        (
            "insert into public.suppressions (tenant_id, phone, reason)"
            " select id, '+551187650001', 'pediu' from public.tenants",
            ("skipped", "suppressed"),
        ),
        (
            "update private.clock set shift = shift + interval '8 hours 1 minute'",
            ("queued", "outside_hours"),
        ),
        ("update public.collection_rules set opens = '08:00', closes = '11:00'",
         ("queued", "outside_window")),
    ],
)  # fmt: skip
def test_what_was_said_after_the_claim_still_counts(
    db: psycopg.Connection, world: World, change: str, last: tuple[str, str]
) -> None:
    rule = only_rule(db, world)
    dispose(db, world)
    [claimed] = claim(db)
    db.execute(change.encode())
    assert not begin(db, claimed.message_id, claimed.attempt)
    assert states(db, [rule]) == [last]
    message = row_of(db, "public.message_logs", id=claimed.message_id)["status"]
    assert message == ("failed" if last[0] == "skipped" else "queued")


@pytest.mark.parametrize(
    ("policy", "last"),
    [
        ("is_stopped = true", ("failed", "automations_stopped")),
        ("stopped_channels = '{whatsapp}'", ("failed", "channel_stopped")),
        ("is_stopped = false", ("sending", None)),
    ],
)
def test_a_charges_link_on_its_way_obeys_the_switches(
    db: psycopg.Connection, world: World, policy: str, last: tuple[str, str | None]
) -> None:
    charging(db, world)
    approve(db, world)
    claim(db)
    make_payable(db)
    pass_time(db, "6 minutes")
    claim(db)
    with acting(db, world, "admin"):
        db.execute(f"update public.automation_policies set {policy}".encode())
    link = claim_link(db)
    assert begin(db, link.message_id, link.attempt) is (last[0] == "sending")
    became = row_of(db, "public.message_logs", id=link.message_id)
    assert (became["status"], became["error_code"]) == last


def test_a_charges_link_waits_for_its_rules_window(db: psycopg.Connection, world: World) -> None:
    rule = charging(db, world)
    approve(db, world)
    claim(db)
    make_payable(db)
    pass_time(db, "6 minutes")
    claim(db)
    db.execute(
        "update public.collection_rules set opens = '09:00', closes = '12:00' where id = %s",
        (rule,),
    )
    link = claim_link(db)
    assert not begin(db, link.message_id, link.attempt)
    waits = row_of(db, "public.message_logs", id=link.message_id)
    assert waits["status"] == "queued"
    assert scalar(db, "select %s = '2026-11-24 09:00-03'::timestamptz", waits["next_attempt_at"])
