"""The life of an agreement, driven by the clock: late, broken, lapsed, settled, back to life."""

import uuid
from datetime import date

import psycopg
import pytest

from tests.money.deals import (
    age,
    agree,
    charge,
    ledger_differences,
    live,
    owed,
    paid_item,
    parts,
    propose,
    record,
    settle,
    simulate,
    status,
)
from tests.money.world import World

STATUSES = [
    "draft",
    "pending_approval",
    "rejected",
    "expired",
    "awaiting_first_payment",
    "active",
    "overdue",
    "broken_provisionally",
    "broken",
    "settled",
    "cancelled",
    "replaced",
    "lapsed",
]
LEGAL = {
    "draft": {"pending_approval", "awaiting_first_payment"},
    "pending_approval": {"awaiting_first_payment", "rejected", "expired", "cancelled"},
    "awaiting_first_payment": {
        "active",
        "overdue",
        "broken_provisionally",
        "settled",
        "lapsed",
        "broken",
        "cancelled",
        "replaced",
    },
    "active": {
        "awaiting_first_payment",
        "overdue",
        "broken_provisionally",
        "broken",
        "settled",
        "cancelled",
        "replaced",
    },
    "overdue": {
        "awaiting_first_payment",
        "active",
        "broken_provisionally",
        "broken",
        "settled",
        "cancelled",
        "replaced",
    },
    "broken_provisionally": {
        "awaiting_first_payment",
        "active",
        "overdue",
        "broken",
        "settled",
        "cancelled",
        "replaced",
    },
    "broken": {"awaiting_first_payment"},
    "lapsed": {"awaiting_first_payment"},
    "cancelled": {"awaiting_first_payment"},
    "settled": {"awaiting_first_payment", "active", "overdue", "broken_provisionally"},
}


@pytest.fixture
def deal(world: World) -> tuple[World, uuid.UUID]:
    """R$ 900.00 in three monthly installments, the first due on Tuesday, 10 March."""
    world.policy()
    world.debt(90_000)
    return world, agree(world, installments=3, first_due_date=date(2026, 3, 10))


@pytest.mark.parametrize("before", STATUSES)
def test_every_transition_is_legal_or_refused_by_name(
    deal: tuple[World, uuid.UUID], before: str
) -> None:
    world, agreement = deal
    world.change("agreements", {"id": agreement}, status=before, decision_reason="because")
    if before in {"broken", "cancelled", "lapsed", "settled"}:
        world.run("update public.agreement_debts set is_live = false")
        world.run("update public.debts set status = 'open'")
    move = "select private.transition_agreement(%s, %s, 'because', %s)"
    for after in STATUSES:
        with world.connection.transaction(force_rollback=True):
            if after not in LEGAL.get(before, set()):
                with (
                    pytest.raises(psycopg.Error, match="transition_illegal"),
                    world.connection.transaction(),
                ):
                    world.run(move, agreement, after, world.today)
                assert status(world, agreement) == before
                continue
            world.run(move, agreement, after, world.today)
            assert status(world, agreement) == after
            [event] = world.rows(
                "select from_status, to_status, reason from public.agreement_events"
                " order by id desc limit 1"
            )
            assert event == {"from_status": before, "to_status": after, "reason": "because"}


def test_the_first_payment_makes_it_active(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    assert status(world, agreement) == "active"


def test_a_year_in_seconds(world: World) -> None:
    """Twelve installments, each paid on its day; every day the clock strikes."""
    world.policy()
    world.debt(120_000)
    agreement = agree(world, installments=12, first_due_date=date(2026, 3, 31))
    seen = set()
    by_day = {part["effective_due_on"]: part for part in parts(world, agreement)}
    while world.today < date(2027, 3, 5):
        if world.today in by_day:
            settle(world, {"installment_id": by_day[world.today]["id"]}, 10_000)
        live(world, 1)
        seen.add(status(world, agreement))
    assert seen == {"awaiting_first_payment", "active", "settled"}
    assert world.one("select status from public.debts") == "settled"
    assert ledger_differences(world) == []


def test_renegotiation_starts_from_what_was_really_paid(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    offer = simulate(world, "supervisor", installments=2, replaces_agreement_id=agreement)
    assert offer["original_cents"] == 60_000
    new = agree(world, "supervisor", installments=2, replaces_agreement_id=agreement)
    assert status(world, agreement) == "replaced"
    [row] = world.rows("select * from public.agreements where id = %s", new)
    assert (row["replaces_id"], row["generation"]) == (agreement, 1)
    assert world.one("select status from public.debts") == "in_agreement"


def test_renegotiation_after_a_break_keeps_the_lineage(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    live(world, 60)
    offer = simulate(world)
    assert {r["code"] for r in offer["approval_reasons"]} == {
        "renegotiation_above_limit",
        "client_broke_before",
    }
    new = agree(world, "supervisor")
    [row] = world.rows("select * from public.agreements where id = %s", new)
    assert (row["replaces_id"], row["generation"]) == (agreement, 1)
    assert row["original_cents"] == owed(world)


def test_an_old_charge_paid_after_renegotiation_pays_the_new_agreement(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    made = charge(world, parts(world, agreement)[0]["id"])
    new = agree(world, "supervisor", installments=2, replaces_agreement_id=agreement)
    item = paid_item(made["reference"], 30_000, world.today)
    assert record(world, made["integration_id"], item) == "recorded"
    assert parts(world, new)[0]["paid_cents"] == 30_000
    assert parts(world, agreement)[0]["paid_cents"] == 0
    assert status(world, new) == "awaiting_first_payment"  # 300.00 of 450.00


def test_cancelling_wants_a_reason_and_after_a_payment_a_supervisor(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    call = {"agreement_id": agreement}
    assert world.refused("operator", "cancel_agreement", **call, reason=" ") == "reason_missing"
    long = {"reason": "a" * 501}
    assert world.refused("operator", "cancel_agreement", **call, **long) == "reason_too_long"
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    assert world.refused("operator", "cancel_agreement", **call, reason="x") == "not_allowed"
    world.rpc("supervisor", "cancel_agreement", **call, reason="pediu por escrito")
    assert status(world, agreement) == "cancelled"
    assert world.one("select principal_cents - abated_cents from public.debts") == 60_000


def test_reactivation_wants_a_day_when_something_is_overdue(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    live(world, 60)
    call = {"agreement_id": agreement, "reason": "pagará no dia 20"}
    assert world.refused("operator", "reactivate_agreement", **call) == "not_allowed"
    assert world.refused("supervisor", "reactivate_agreement", **call) == "first_due_missing"
    answer = world.rpc("supervisor", "reactivate_agreement", **call, first_due_on=date(2026, 5, 20))
    assert answer["status"] == "active"
    assert [part["due_on"] for part in parts(world, agreement)] == [
        date(2026, 3, 10),
        date(2026, 5, 20),
        date(2026, 6, 20),
    ]
    assert world.one("select status from public.debts") == "in_agreement"


def test_what_was_never_approved_is_not_reactivated(world: World) -> None:
    world.debt(90_000)
    answer = propose(world, discounts={"principal": 10})
    world.rpc(
        "operator", "cancel_agreement", agreement_id=answer["agreement_id"], reason="desistiu"
    )
    refusal = world.refused(
        "admin", "reactivate_agreement", agreement_id=answer["agreement_id"], reason="voltou"
    )
    assert refusal == "transition_illegal"


def test_an_agreement_is_not_revived_over_another_one(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    world.rpc("operator", "cancel_agreement", agreement_id=agreement, reason="outro plano")
    agree(world, installments=2)
    refusal = world.refused(
        "supervisor", "reactivate_agreement", agreement_id=agreement, reason="voltou"
    )
    assert refusal == "debt_in_agreement"


def test_a_shorter_deadline_asks_for_whom_it_counts(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    world.set_today(date(2026, 4, 20))
    policy = {"definitive_after_days": 5, "compensation_days": 0}
    assert world.refused("admin", "save_agreement_policy", policy=policy) == "policy_scope_missing"
    preview = world.rpc("admin", "preview_agreement_policy", policy=policy)
    assert (preview["living"], preview["would_break"]) == (1, 1)
    world.rpc("admin", "save_agreement_policy", policy=policy, applies_to="new")
    assert "broken" not in age(world, world.today)
    world.rpc("admin", "save_agreement_policy", policy=policy, applies_to="existing")
    assert age(world, world.today)["broken"] == preview["would_break"]


def test_titles_may_stay_with_the_dialer_until_the_first_payment(world: World) -> None:
    world.rpc("admin", "save_agreement_policy", policy={"is_locking_at_once": False})
    world.debt(90_000)
    agreement = agree(world, installments=3)
    assert world.one("select status from public.debts") == "open"
    assert world.one("select is_live from public.agreement_debts")
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    assert world.one("select status from public.debts") == "in_agreement"


def test_the_clock_struck_twice_changes_nothing(deal: tuple[World, uuid.UUID]) -> None:
    world, _ = deal
    age(world, date(2026, 3, 12))
    count = world.one("select count(*) from public.agreement_events")
    assert age(world, date(2026, 3, 12)) == {"unchanged": 1}
    assert world.one("select count(*) from public.agreement_events") == count


def test_history_is_never_rewritten(deal: tuple[World, uuid.UUID]) -> None:
    world, _ = deal
    for statement in (
        "update public.agreement_events set reason = 'other'",
        "delete from public.agreement_events",
    ):
        with pytest.raises(psycopg.Error, match="append_only"), world.connection.transaction():
            world.run(statement)


def test_an_agreement_is_not_revived_over_titles_another_one_settled(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    world.rpc("operator", "cancel_agreement", agreement_id=agreement, reason="outro plano")
    [part] = parts(world, agree(world, discounts={"target_total_cents": 90_000}))
    settle(world, {"installment_id": part["id"]}, 90_000)
    refusal = world.refused(
        "supervisor", "reactivate_agreement", agreement_id=agreement, reason="voltou"
    )
    assert refusal == "debt_closed"


def test_a_dispute_during_an_unlocked_agreement_does_not_stop_its_money(world: World) -> None:
    world.rpc("admin", "save_agreement_policy", policy={"is_locking_at_once": False})
    debt = world.debt(90_000)
    agreement = agree(world, installments=3)
    world.rpc("operator", "hold_debts", debt_ids=[debt], reason="diz que pagou")
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    assert status(world, agreement) == "active"
    assert world.one("select status from public.debts") == "on_hold"


def test_a_title_does_not_prescribe_while_its_agreement_runs(world: World) -> None:
    world.rpc("admin", "save_agreement_policy", policy={"is_locking_at_once": False})
    world.debt(90_000, date(2021, 3, 9))
    agree(world, first_due_date=date(2026, 3, 20))
    world.run("select private.age_debts(%s, %s)", world.tenant, date(2026, 3, 11))
    assert world.one("select status from public.debts") == "open"
