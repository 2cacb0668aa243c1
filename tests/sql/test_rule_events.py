"""What happens to agreements, money, messages and callbacks sets rules off, once, and is asked for
again when the rule's turn comes."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, refused, scalar, set_clock
from tests.sql.rules import dry_run, only_rule, save, switch
from tests.sql.thread import NOON, claim, pass_time


@pytest.fixture(autouse=True)
def noon(db: psycopg.Connection) -> None:
    set_clock(db, NOON)
    db.execute("delete from pgmq.q_automations")


def on(db: psycopg.Connection, world: World, trigger: str, **more: object) -> UUID:
    named = {"disposition_type": None, "steps": [{"action": "leave_dialer"}]}
    return only_rule(db, world, **({"trigger": trigger} | named | more))


def tell(db: psycopg.Connection, world: World, kind: str = "transition", **more: object) -> None:
    words = {"from_status": None, "to_status": None, "details": "{}"} | more
    db.execute(
        "select private.tell_agreement(%(agreement)s, %(kind)s, '2026-11-23', null,"
        " %(details)s::jsonb, %(from_status)s::public.agreement_status,"
        " %(to_status)s::public.agreement_status)",
        words | {"agreement": world.ids["agreement"], "kind": kind},
    )


def approve(db: psycopg.Connection, world: World) -> None:
    tell(db, world, from_status="pending_approval", to_status="awaiting_first_payment")


def become(db: psycopg.Connection, world: World, status: str) -> None:
    db.execute(
        "update public.agreements set status = %s::public.agreement_status where id = %s",
        (status, world.ids["agreement"]),
    )


def runs(db: psycopg.Connection, rule: UUID) -> list[tuple[Any, ...]]:
    return db.execute(
        "select target_id, status, reason from public.automation_runs where rule_id = %s"
        " order by created_at",
        (rule,),
    ).fetchall()


@pytest.mark.parametrize(
    ("event", "was", "status"),
    [
        ("approved", "pending_approval", "awaiting_first_payment"),
        ("approved", "draft", "awaiting_first_payment"),
        ("rejected", "pending_approval", "rejected"),
        ("broken", "overdue", "broken"),
        ("broken", "awaiting_first_payment", "lapsed"),
        ("settled", "active", "settled"),
        ("cancelled", "active", "cancelled"),
    ],
)
def test_each_turn_of_an_agreement_has_its_rules(
    db: psycopg.Connection, world: World, event: str, was: str, status: str
) -> None:
    rule = on(db, world, "agreement_event", event=event)
    become(db, world, status)
    tell(db, world, from_status=was, to_status=status)
    tell(db, world, from_status=was, to_status=status)
    assert runs(db, rule) == [(world.ids["agreement"], "queued", None)]
    claim(db)
    assert runs(db, rule) == [(world.ids["agreement"], "done", None)]


def test_a_payment_back_to_life_is_no_approval(db: psycopg.Connection, world: World) -> None:
    rule = on(db, world, "agreement_event", event="approved")
    tell(db, world, from_status="broken", to_status="awaiting_first_payment")
    assert runs(db, rule) == []


def test_what_has_turned_again_is_past(db: psycopg.Connection, world: World) -> None:
    rule = on(db, world, "agreement_event", event="approved")
    approve(db, world)
    become(db, world, "cancelled")
    claim(db)
    assert runs(db, rule) == [(world.ids["agreement"], "skipped", "event_passed")]


@pytest.mark.parametrize(("course", "count"), [("apply", 1), ("parked", 0)])
def test_money_that_came_in_sets_off_its_rules(
    db: psycopg.Connection, world: World, course: str, count: int
) -> None:
    rule = on(db, world, "payment_event", event="received")
    payment = uuid4()
    details = f'{{"payment_id": "{payment}", "course": "{course}"}}'
    tell(db, world, "payment_received", details=details)
    claim(db)
    assert runs(db, rule) == [(payment, "done", None)] * count


def test_money_taken_back_is_not_thanked_for(db: psycopg.Connection, world: World) -> None:
    """The world's payment was reversed."""
    rule = on(db, world, "payment_event", event="received")
    payment = world.ids["payment"]
    details = f'{{"payment_id": "{payment}", "course": "apply"}}'
    tell(db, world, "payment_received", details=details)
    claim(db)
    assert runs(db, rule) == [(payment, "skipped", "event_passed")]


def hear(db: psycopg.Connection, world: World, direction: str = "in") -> None:
    db.execute(
        "insert into public.message_logs"
        " (tenant_id, client_id, direction, provider, integration_id, phone, body, status)"
        " values (%s, %s, %s, 'gupshup', %s, '+5511987650001', 'oi', %s)",
        (
            TENANT,
            world.ids["client"],
            direction,
            world.ids["integration"],
            "received" if direction == "in" else "submitted",
        ),
    )


def test_a_debtor_who_writes_is_answered_once_a_day(db: psycopg.Connection, world: World) -> None:
    rule = on(db, world, "message_received")
    for _ in range(2):
        hear(db, world)
        hear(db, world, "out")
        claim(db)
    assert [run[1:] for run in runs(db, rule)] == [("done", None), ("skipped", "repeated")]
    pass_time(db, "25 hours")
    hear(db, world)
    claim(db)
    assert runs(db, rule)[-1][1:] == ("done", None)


@pytest.mark.parametrize(("ended", "last"), [(False, "done"), (True, "skipped")])
def test_a_callback_that_falls_due_sets_off_its_rules_once(
    db: psycopg.Connection, world: World, ended: bool, last: str
) -> None:
    db.execute("delete from public.callbacks")
    rule = on(db, world, "callback_due")
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type,"
            " scheduled_callback) values (%s, 'callback', private.now() + interval '1 hour')",
            (world.ids["client"],),
        )
    scalar(db, "select private.sweep_callbacks()")
    assert runs(db, rule) == []
    pass_time(db, "61 minutes")
    for _ in range(2):
        scalar(db, "select private.sweep_callbacks()")
    if ended:
        db.execute("update public.callbacks set status = 'done', ended_at = private.now()")
    claim(db)
    assert [run[1] for run in runs(db, rule)] == [last]


@pytest.mark.parametrize(
    ("trigger", "event", "last"),
    [
        ("message_received", None, "nothing_owed"),
        ("agreement_event", "broken", "nothing_owed"),
        # Spoken of all the same; these words name a debt.
        ("agreement_event", "settled", "variable_missing"),
    ],
)
def test_who_owes_nothing_any_more_is_not_written_to(
    db: psycopg.Connection, world: World, trigger: str, event: str | None, last: str
) -> None:
    steps = [{"action": "send_template", "template_id": str(world.ids["template"])}]
    rule = on(db, world, trigger, event=event, steps=steps)
    become(db, world, event or "cancelled")
    if event:
        tell(db, world, from_status="active", to_status=event)
    else:
        hear(db, world)
    db.execute("update public.debts set status = 'settled'")
    assert claim(db) == []
    assert [run[2] for run in runs(db, rule)] == [last]


def charging(db: psycopg.Connection, world: World) -> UUID:
    """The world's installment has a charge the provider is still making; answers the rule."""
    db.execute(
        "insert into public.integrations (tenant_id, provider, settings, webhook_key_hash)"
        " values (%s, 'negociarie', '{\"methods\": \"pix\"}', %s)",
        (TENANT, "1" * 64),
    )
    db.execute("update public.client_addresses set number = '1', district = 'Centro'")
    db.execute(
        "insert into public.message_templates"
        " (tenant_id, name, provider_template_id, body, variables, status)"
        " values (%s, 'pague', 'p', 'Pague {{1}}', '{charge.link}', 'approved')",
        (TENANT,),
    )
    return on(db, world, "agreement_event", event="approved", steps=[{"action": "create_charge"}])


def make_payable(db: psycopg.Connection) -> None:
    db.execute(
        "update public.charges set status = 'open', link = 'https://pague.test/1', pix_code = 'x'"
        " where is_wanted and tenant_id = %s",
        (TENANT,),
    )


def sent(db: psycopg.Connection) -> list[tuple[Any, ...]]:
    return db.execute(
        "select status, template_id is not null from public.message_logs"
        " where charge_id is not null and tenant_id = %s",
        (TENANT,),
    ).fetchall()


def test_an_approved_agreement_gets_its_charge_and_then_its_link_once(
    db: psycopg.Connection, world: World
) -> None:
    rule = charging(db, world)
    approve(db, world)
    claim(db)
    assert runs(db, rule) == [(world.ids["agreement"], "queued", "charge_not_ready")]
    assert sent(db) == []
    make_payable(db)
    pass_time(db, "6 minutes")
    claim(db)
    assert runs(db, rule) == [(world.ids["agreement"], "done", None)]
    assert sent(db) == [("queued", True)]
    charges = "select count(*) from public.charges where is_wanted and installment_id = %s"
    assert scalar(db, charges, world.ids["installment"]) == 1
    claim(db)
    assert len(sent(db)) == 1


def test_at_night_no_charge_is_made_and_no_link_is_sent(
    db: psycopg.Connection, world: World
) -> None:
    rule = charging(db, world)
    charges = "select count(*) from public.charges where installment_id = %s"
    before = scalar(db, charges, world.ids["installment"])
    set_clock(db, "2026-11-23 22:30-03")
    approve(db, world)
    claim(db)
    assert runs(db, rule) == [(world.ids["agreement"], "queued", "outside_hours")]
    assert scalar(db, charges, world.ids["installment"]) == before
    assert sent(db) == []


def test_a_person_who_was_faster_has_said_it(db: psycopg.Connection, world: World) -> None:
    rule = charging(db, world)
    approve(db, world)
    claim(db)
    make_payable(db)
    with acting(db, world, "operator"):
        scalar(
            db,
            "select public.send_charge(id) from public.charges where is_wanted"
            " and status = 'open' limit 1",
        )
    pass_time(db, "6 minutes")
    claim(db)
    assert [run[1] for run in runs(db, rule)] == ["done"]
    assert len(sent(db)) == 1


def test_a_rehearsal_tells_what_the_events_of_the_period_would_do(
    db: psycopg.Connection, world: World
) -> None:
    rule = on(db, world, "agreement_event", event="approved")
    approve(db, world)
    told = dry_run(db, world, rule)
    assert told["counts"] == [
        {"position": 1, "action": "leave_dialer", "verdict": "act", "reason": None, "count": 1}
    ]


@pytest.mark.parametrize(
    "definition",
    [
        {"trigger": "agreement_event"},
        {"trigger": "agreement_event", "event": "received"},
        {"trigger": "payment_event", "event": "approved"},
        {"trigger": "message_received", "event": "approved"},
        {"trigger": "callback_due", "day_offset": 1},
        {"trigger": "message_received", "steps": [{"action": "quarantine_phone"}]},
        {"trigger": "callback_due", "steps": [{"action": "schedule_callback"}]},
    ],
)
def test_what_is_no_trigger_is_refused(
    db: psycopg.Connection, world: World, definition: dict[str, Any]
) -> None:
    named = {"disposition_type": None, "steps": [{"action": "leave_dialer"}]}
    with refused("rule_invalid"):
        save(db, world, uuid4(), **(named | definition))


def listed(db: psycopg.Connection, world: World, who: str = "admin") -> list[dict[str, Any]]:
    with acting(db, world, who):
        rules = scalar(db, "select public.list_rules()")
    assert isinstance(rules, list)
    return rules


def test_five_rules_come_with_every_agency_and_are_off(
    db: psycopg.Connection, world: World
) -> None:
    tenant = scalar(db, "insert into public.tenants (name) values ('Nova') returning id")
    kits = "select kit, is_enabled from public.collection_rules where tenant_id = %s order by kit"
    names = ["callback", "dropped", "negotiate", "voicemail", "wrong_contact"]
    for agency in (tenant, TENANT, OTHER_TENANT):
        shipped = [row for row in db.execute(kits, (agency,)).fetchall() if row[0]]
        assert shipped == [(name, False) for name in names]


def test_what_is_not_chosen_yet_keeps_a_rule_off(db: psycopg.Connection, world: World) -> None:
    [rule] = [rule for rule in listed(db, world) if rule["kit"] == "voicemail"]
    assert (rule["missing"], rule["may_enable"]) == (["template_id"], False)
    told = dry_run(db, world, rule["id"])
    assert {entry["reason"] for entry in told["counts"] if entry["position"] == 1} <= {
        "template_missing",
        "expired",
    }
    with refused("rule_incomplete"):
        switch(db, world, rule["id"])


def test_a_listed_rule_is_saved_as_it_is_read(db: psycopg.Connection, world: World) -> None:
    for rule in listed(db, world):
        saved = save(db, world, rule["id"], **rule["definition"])
        assert saved["version"] == rule["version"]


def test_the_log_tells_every_step_page_by_page(db: psycopg.Connection, world: World) -> None:
    rule = on(db, world, "message_received")
    for _ in range(3):
        hear(db, world)
        claim(db)
    pages: list[dict[str, Any]] = []
    after = None
    with acting(db, world, "operator"):
        while True:
            page: Any = scalar(db, "select public.list_rule_runs(%s, null, %s, 2)", rule, after)
            pages += page["rows"]
            if (after := page["next"]) is None:
                break
    assert [row["status"] for row in pages] == ["skipped", "skipped", "done"]
    assert {row["client_name"] for row in pages} == {"Zélia da Conceição Mundo"}
    with acting(db, world, "supervisor"):
        counted: Any = scalar(
            db, "select public.count_rule_runs(%s, '2026-11-23', '2026-11-23')", rule
        )
    assert [(line["status"], line["reason"], line["count"]) for line in counted] == [
        ("done", None, 1),
        ("skipped", "repeated", 2),
    ]


@pytest.mark.parametrize("stranger", ["no_membership", "revoked"])
def test_a_stranger_is_refused_the_log(db: psycopg.Connection, world: World, stranger: str) -> None:
    rule = on(db, world, "message_received")
    with refused("not_allowed"), acting(db, world, stranger):
        scalar(db, "select public.list_rule_runs(%s)", rule)


def test_another_agency_reads_no_run(db: psycopg.Connection, world: World) -> None:
    rule = on(db, world, "message_received")
    hear(db, world)
    with acting(db, world, "other_tenant"):
        page: Any = scalar(db, "select public.list_rule_runs(%s)", rule)
    assert page == {"rows": [], "next": None}
