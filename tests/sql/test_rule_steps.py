"""A rule does its steps in order, each once, and asks again when the turn of each comes."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock
from tests.sql.rules import dry_run, only_rule, save, switch
from tests.sql.scoped import draw_limit
from tests.sql.thread import NOON, begin, claim, dispose, pass_time, row_of, settle

CAMPAIGN = 123


@pytest.fixture(autouse=True)
def noon(db: psycopg.Connection) -> None:
    set_clock(db, NOON)
    db.execute("delete from public.notifications")


def does(db: psycopg.Connection, world: World, *steps: dict[str, Any], **more: object) -> UUID:
    return only_rule(db, world, steps=list(steps), **more)


def runs(db: psycopg.Connection, rule: UUID) -> list[tuple[Any, ...]]:
    return db.execute(
        "select position, status, reason from public.automation_runs where rule_id = %s"
        " order by created_at, position",
        (rule,),
    ).fetchall()


def template(world: World, **more: object) -> dict[str, Any]:
    return {"action": "send_template", "template_id": str(world.ids["template"])} | more


def tag(world: World, **more: object) -> dict[str, Any]:
    return {"action": "tag", "tag_id": str(world.ids["new_tag"])} | more


def connect_dialer(db: psycopg.Connection) -> None:
    db.execute(
        "insert into public.integrations (tenant_id, provider, settings, webhook_key_hash)"
        " values (%s, 'threecplus', '{}', %s)"
        " on conflict do nothing",
        (TENANT, "0" * 64),
    )


def worn(db: psycopg.Connection, world: World) -> object:
    return scalar(
        db,
        "select count(*) from public.client_tags where client_id = %s and tag_id = %s",
        world.ids["client"],
        world.ids["new_tag"],
    )


def test_steps_of_the_database_are_done_at_once_and_once(
    db: psycopg.Connection, world: World
) -> None:
    rule = does(db, world, tag(world), {"action": "assign"})
    dispose(db, world)
    assert claim(db) == []
    assert runs(db, rule) == [(1, "done", None), (2, "done", None)]
    assert worn(db, world) == 1
    owner = row_of(db, "public.client_assignments", client_id=world.ids["client"])
    assert (owner["user_id"], owner["assigned_by"]) == (world.users["operator"], None)
    assert claim(db) == []
    assert len(runs(db, rule)) == 2


def test_the_next_step_waits_its_minutes_after_the_one_before(
    db: psycopg.Connection, world: World
) -> None:
    rule = does(db, world, template(world), tag(world, wait_minutes=90))
    dispose(db, world)
    [sent] = claim(db)
    assert begin(db, sent.message_id, sent.attempt)
    assert settle(db, sent.message_id, sent.attempt, "submitted", provider_message_id="a")
    pass_time(db, "89 minutes")
    assert claim(db) == []
    assert (runs(db, rule)[1], worn(db, world)) == ((2, "queued", None), 0)
    pass_time(db, "1 minute")
    claim(db)
    assert (runs(db, rule)[1], worn(db, world)) == ((2, "done", None), 1)


def test_a_first_step_may_wait_too(db: psycopg.Connection, world: World) -> None:
    does(db, world, tag(world, wait_minutes=10))
    dispose(db, world)
    claim(db)
    assert worn(db, world) == 0
    pass_time(db, "10 minutes")
    claim(db)
    assert worn(db, world) == 1


@pytest.mark.parametrize(("goes_on", "tagged"), [(True, 1), (False, 0)])
def test_a_skipped_step_holds_up_the_next_only_if_it_says_so(
    db: psycopg.Connection, world: World, goes_on: bool, tagged: int
) -> None:
    db.execute("delete from public.client_phones where client_id = %s", (world.ids["client"],))
    rule = does(db, world, template(world, goes_on=goes_on), tag(world))
    dispose(db, world)
    claim(db)
    assert runs(db, rule)[0] == (1, "skipped", "no_reachable_phone")
    assert worn(db, world) == tagged


def test_what_makes_the_rule_void_ends_all_of_it(db: psycopg.Connection, world: World) -> None:
    rule = does(db, world, template(world), tag(world), filter={"uf": ["AC"]})
    dispose(db, world)
    claim(db)
    assert runs(db, rule) == [(1, "skipped", "filter_left")]


def test_a_rule_switched_off_does_no_further_step(db: psycopg.Connection, world: World) -> None:
    rule = does(db, world, tag(world), {"action": "leave_dialer", "wait_minutes": 5})
    dispose(db, world)
    claim(db)
    switch(db, world, rule, on=False)
    pass_time(db, "5 minutes")
    claim(db)
    assert runs(db, rule)[1] == (2, "skipped", "rule_disabled")


def test_a_run_ends_under_the_steps_it_began_with(db: psycopg.Connection, world: World) -> None:
    rule = does(db, world, tag(world), tag(world, wait_minutes=5))
    dispose(db, world)
    claim(db)
    save(db, world, rule, steps=[{"action": "leave_dialer"}])
    dry_run(db, world, rule)
    switch(db, world, rule)
    pass_time(db, "5 minutes")
    claim(db)
    assert runs(db, rule) == [(1, "done", None), (2, "done", None)]


def test_one_number_goes_into_quarantine_and_no_other(db: psycopg.Connection, world: World) -> None:
    rule = does(db, world, {"action": "quarantine_phone", "days": 30})
    db.execute(
        "update public.automation_policies set undo_seconds = 10 where tenant_id = %s", (TENANT,)
    )
    called = "+5511987650001"
    db.execute(
        "insert into public.client_phones (tenant_id, client_id, phone, kind, position)"
        " values (%s, %s, '+5511987650002', 'mobile', 2)",
        (TENANT, world.ids["client"]),
    )
    disposition = dispose(db, world)
    db.execute(
        "update public.calls set disposition_id = %s where client_id = %s",
        (disposition, world.ids["client"]),
    )
    assert not suppressed(db, world, called)
    pass_time(db, "11 seconds")
    claim(db)
    assert runs(db, rule) == [(1, "done", None)]
    assert suppressed(db, world, called)
    assert not suppressed(db, world, "+5511987650002")
    pass_time(db, "31 days")
    assert not suppressed(db, world, called)


def suppressed(db: psycopg.Connection, world: World, phone: str) -> object:
    ask = "select private.is_suppressed(%s, %s, %s, 'call', private.now())"
    return scalar(db, ask, TENANT, world.ids["client"], phone)


def test_whose_number_it_was_nobody_guesses(db: psycopg.Connection, world: World) -> None:
    db.execute("delete from public.calls where client_id = %s", (world.ids["client"],))
    db.execute(
        "insert into public.client_phones (tenant_id, client_id, phone, kind)"
        " values (%s, %s, '+5511987650002', 'mobile')",
        (TENANT, world.ids["client"]),
    )
    rule = does(db, world, {"action": "quarantine_phone"})
    dispose(db, world)
    claim(db)
    assert runs(db, rule) == [(1, "skipped", "phone_unknown")]


def test_a_callback_is_promised_for_a_lawful_moment(db: psycopg.Connection, world: World) -> None:
    rule = does(db, world, {"action": "schedule_callback", "minutes": 10, "release_minutes": 5})
    dispose(db, world)
    claim(db)
    run = row_of(db, "public.automation_runs", rule_id=rule)
    promised = row_of(db, "public.callbacks", run_id=run["id"])
    assert (promised["operator_id"], promised["status"]) == (world.users["operator"], "scheduled")
    due = "select due_at - private.now() from public.callbacks where id = %s"
    assert 590 < scalar(db, due, promised["id"]).total_seconds() <= 600  # type: ignore[attr-defined]
    pass_time(db, "16 minutes")
    scalar(db, "select private.sweep_callbacks()")
    assert row_of(db, "public.callbacks", run_id=run["id"])["operator_id"] is None


def test_a_callback_that_would_ring_at_night_rings_in_the_morning(
    db: psycopg.Connection, world: World
) -> None:
    rule = does(db, world, {"action": "schedule_callback", "minutes": 600})
    dispose(db, world)
    claim(db)
    run = row_of(db, "public.automation_runs", rule_id=rule)
    due = row_of(db, "public.callbacks", run_id=run["id"])["due_at"]
    assert scalar(db, "select %s = '2026-11-24 08:00-03'::timestamptz", due)


def test_a_promised_callback_keeps_its_moment_and_gets_its_patience(
    db: psycopg.Connection, world: World
) -> None:
    does(
        db,
        world,
        {"action": "schedule_callback", "release_minutes": 45},
        disposition_type="callback",
    )
    disposition = uuid4()
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions"
            " (id, client_id, disposition_type, scheduled_callback)"
            " values (%s, %s, 'callback', private.now() + interval '1 hour')",
            (disposition, world.ids["client"]),
        )
    claim(db)
    promised = row_of(db, "public.callbacks", disposition_id=disposition)
    assert (promised["release_minutes"], promised["operator_id"]) == (45, world.users["operator"])


def test_a_bell_rings_for_the_operator_who_disposed(db: psycopg.Connection, world: World) -> None:
    does(db, world, {"action": "remind_operator", "note": "Conferir e-mail"})
    dispose(db, world)
    claim(db)
    told = row_of(db, "public.notifications", kind="rule_reminder")
    assert (told["user_id"], told["payload"]["note"]) == (
        world.users["operator"],
        "Conferir e-mail",
    )


def test_a_crowd_is_one_piece_of_news(db: psycopg.Connection, world: World) -> None:
    does(db, world, {"action": "notify_supervisor"})
    for _ in range(3):
        dispose(db, world)
        claim(db)
    counts = db.execute(
        "select (payload ->> 'count')::int from public.notifications where kind = 'rule_notice'"
    ).fetchall()
    assert {row[0] for row in counts} == {3}


def test_who_may_not_see_the_client_is_not_told_that_there_is_one_more(
    db: psycopg.Connection, world: World
) -> None:
    does(db, world, {"action": "notify_supervisor"})
    dispose(db, world)
    claim(db)
    draw_limit(db, world)
    db.execute(
        "insert into public.call_dispositions (tenant_id, client_id, operator_id, disposition_type)"
        " values (%s, %s, %s, 'voicemail')",
        (TENANT, world.ids["client"], world.users["admin"]),
    )
    claim(db)
    counts: dict[Any, Any] = dict(
        db.execute(
            "select user_id, (payload ->> 'count')::int from public.notifications"
            " where kind = 'rule_notice'"
        ).fetchall()
    )
    assert (counts[world.users["supervisor"]], counts[world.users["admin"]]) == (1, 2)


def test_redials_gather_in_one_list_until_it_is_planned(
    db: psycopg.Connection, world: World
) -> None:
    connect_dialer(db)
    rule = does(db, world, {"action": "send_to_dialer", "campaign_id": CAMPAIGN})
    for _ in range(2):
        dispose(db, world)
        claim(db)
    export = row_of(db, "public.dialer_exports", rule_id=rule)
    assert export["selection"] == {"ids": [str(world.ids["client"])]}
    assert export["created_by"] == world.users["admin"]


def test_no_more_redials_than_said(db: psycopg.Connection, world: World) -> None:
    connect_dialer(db)
    step = {"action": "send_to_dialer", "campaign_id": CAMPAIGN, "max_attempts": 2}
    rule = does(db, world, step)
    for _ in range(3):
        dispose(db, world)
        claim(db)
    assert [run[1:] for run in runs(db, rule)] == [
        ("done", None),
        ("done", None),
        ("skipped", "attempts_exhausted"),
    ]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"action": "send_to_dialer", "campaign_id": CAMPAIGN}, "dialer_not_connected"),
        ({"action": "create_charge"}, "provider_not_connected"),
    ],
)
def test_without_the_provider_it_says_so(
    db: psycopg.Connection, world: World, step: dict[str, Any], reason: str
) -> None:
    db.execute(
        "update public.integrations set is_active = false where tenant_id = %s"
        " and provider in ('threecplus', 'negociarie')",
        (TENANT,),
    )
    rule = does(db, world, step)
    dispose(db, world)
    claim(db)
    assert runs(db, rule) == [(1, "skipped", reason)]


@pytest.mark.parametrize("phase", ["suppressed", "outside_hours"])
def test_nobody_is_redialled_who_may_not_be_called(
    db: psycopg.Connection, world: World, phase: str
) -> None:
    connect_dialer(db)
    rule = does(db, world, {"action": "send_to_dialer", "campaign_id": CAMPAIGN})
    dispose(db, world)
    if phase == "suppressed":
        db.execute(
            "insert into public.suppressions (tenant_id, client_id, reason) values (%s, %s, 'não')",
            (TENANT, world.ids["client"]),
        )
    else:
        set_clock(db, "2026-11-23 23:00-03")
    claim(db)
    [(_, status, reason)] = runs(db, rule)
    assert (status, reason) == ("skipped" if phase == "suppressed" else "queued", phase)
    assert scalar(db, "select count(*) from public.dialer_exports where rule_id = %s", rule) == 0


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{"action": "dance"}],
        [{"action": "tag"}],
        [{"action": "tag", "tag_id": "1"}],
        [{"action": "leave_dialer", "note": "x"}],
        [{"action": "leave_dialer", "wait_minutes": -1}],
        [{"action": "leave_dialer", "wait_minutes": 43201}],
        [{"action": "leave_dialer", "goes_on": None}],
        [{"action": "schedule_callback", "minutes": 0}],
        [{"action": "schedule_callback", "who": "me"}],
        [{"action": "send_to_dialer", "max_attempts": 21}],
        [{"action": "send_to_dialer", "campaign_id": 1.5}],
        [{"action": "remind_operator", "note": "x" * 201}],
        [{"action": "create_charge", "method": "cash"}],
        [{"action": "quarantine_phone", "days": 0}],
        [{"action": "leave_dialer"}] * 9,
    ],
)
def test_what_is_no_step_is_refused(
    db: psycopg.Connection, world: World, steps: list[dict[str, Any]]
) -> None:
    with refused("rule_invalid"):
        save(db, world, uuid4(), steps=steps)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"action": "tag", "tag_id": "00000000-0000-4000-8000-000000000000"}, "tag_not_found"),
        (
            {"action": "assign", "user_id": "00000000-0000-4000-8000-000000000000"},
            "member_not_found",
        ),
    ],
    ids=["tag", "member"],
)
def test_what_a_step_names_is_the_agencys_own(
    db: psycopg.Connection, world: World, step: dict[str, Any], code: str
) -> None:
    with refused(code):
        save(db, world, uuid4(), steps=[step])
