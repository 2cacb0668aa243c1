"""From offer to agreement: who may, once, never on an old price, never without the right person."""

import uuid
from datetime import date, timedelta

import psycopg
import pytest

from tests.money.deals import age, agree, connect_provider, parts, propose, settle, simulate, status
from tests.money.world import World


@pytest.fixture
def late(world: World) -> World:
    """R$ 1,000.00 late by 45 days, fine 20.00 and interest 15.00."""
    world.policy()
    world.debt(100_000, date(2026, 3, 10))
    world.set_today(date(2026, 4, 24))
    return world


def test_what_is_within_limits_is_formalised_at_once(late: World) -> None:
    answer = propose(late, installments=3)
    assert (answer["outcome"], answer["status"]) == ("active", "awaiting_first_payment")
    [row] = late.rows("select * from public.agreements")
    assert (row["original_cents"], row["total_cents"]) == (103_500, 103_500)
    assert [part["amount_cents"] for part in parts(late, row["id"])] == [34_500] * 3
    assert row["statement"]["totals"]["total_cents"] == 103_500
    assert late.one("select status from public.debts") == "in_agreement"


def test_what_is_above_limits_waits_and_holds_nothing(late: World) -> None:
    answer = propose(late, discounts={"principal": 10})
    assert (answer["outcome"], answer["approval_role"]) == ("pending_approval", "supervisor")
    assert late.one("select status from public.debts") == "open"
    assert late.one("select count(*) from public.agreement_debts where is_live") == 0


def test_no_payment_link_exists_before_approval(late: World) -> None:
    connect_provider(late)
    answer = propose(late, discounts={"principal": 10})
    [part] = parts(late, uuid.UUID(answer["agreement_id"]))
    refusal = late.refused("admin", "request_charges", installment_ids=[part["id"]])
    assert refusal == "charge_before_approval"
    assert late.one("select count(*) from public.charges") == 0


def test_a_supervisor_approves_what_an_operator_proposed(late: World) -> None:
    agreement = agree(late, discounts={"principal": 10})
    [row] = late.rows("select * from public.agreements where id = %s", agreement)
    assert row["status"] == "awaiting_first_payment"
    assert row["decided_by"] == late.people["supervisor"]
    assert late.one("select status from public.debts") == "in_agreement"


def test_nobody_approves_their_own_proposal(late: World) -> None:
    answer = propose(late, "supervisor", discounts={"principal": 30})
    call = {"agreement_id": answer["agreement_id"], "decision": "approve"}
    assert late.refused("supervisor", "decide_agreement", **call) == "approval_by_author"
    assert late.rpc("admin", "decide_agreement", **call)["outcome"] == "approved"


def test_an_operator_cannot_approve_nor_write_a_status_through_the_api(late: World) -> None:
    answer = propose(late, discounts={"principal": 10})
    call = {"agreement_id": answer["agreement_id"], "decision": "approve"}
    assert late.refused("colleague", "decide_agreement", **call) == "not_allowed"
    for table in ("agreements", "installments", "payments", "payment_allocations", "debts"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), late.acting("admin"):
            late.run(f"update public.{table} set tenant_id = tenant_id")  # noqa: S608 - a constant


def test_nobody_approves_above_their_own_limits(late: World) -> None:
    answer = propose(late, discounts={"principal": 30})
    assert answer["approval_role"] == "admin"
    call = {"agreement_id": answer["agreement_id"], "decision": "approve"}
    assert late.refused("supervisor", "decide_agreement", **call) == "approval_above_role"
    assert late.rpc("admin", "decide_agreement", **call)["outcome"] == "approved"


def test_what_no_role_may_grant_is_not_even_stored(late: World) -> None:
    offer = simulate(late, discounts={"principal": 90})
    refusal = late.refused(
        "operator",
        "propose_agreement",
        proposal=offer["proposal"],
        proposal_hash=offer["proposal_hash"],
    )
    assert refusal == "above_every_limit"
    assert late.one("select count(*) from public.agreements") == 0


def test_a_rejection_wants_a_reason_and_is_told_to_the_author(late: World) -> None:
    answer = propose(late, discounts={"principal": 10})
    call = {"agreement_id": answer["agreement_id"], "decision": "reject"}
    assert late.refused("supervisor", "decide_agreement", **call) == "reason_missing"
    late.rpc("supervisor", "decide_agreement", **call, reason="cliente tem renda")
    assert status(late, answer["agreement_id"]) == "rejected"
    assert late.rows(
        "select kind from public.notifications where user_id = %s", late.people["operator"]
    ) == [{"kind": "agreement_rejected"}]


def test_an_expired_proposal_is_priced_again_and_not_approved(late: World) -> None:
    answer = propose(late, discounts={"principal": 10}, first_due_date=late.today + timedelta(10))
    late.set_today(late.today + timedelta(3))
    decided = late.rpc(
        "supervisor", "decide_agreement", agreement_id=answer["agreement_id"], decision="approve"
    )
    assert decided["outcome"] == "expired"
    assert decided["simulation"]["base_on"] == late.today.isoformat()
    assert decided["simulation"]["original_cents"] == 100_000 + 2000 + 1600
    assert status(late, answer["agreement_id"]) == "expired"


def test_an_offer_of_last_week_is_priced_again_before_it_is_written(late: World) -> None:
    offer = simulate(late, first_due_date=late.today + timedelta(1))
    late.set_today(late.today + timedelta(7))
    answer = late.rpc(
        "operator",
        "propose_agreement",
        proposal=offer["proposal"],
        proposal_hash=offer["proposal_hash"],
    )
    assert answer["outcome"] == "repriced"
    assert answer["simulation"]["schedule"][0]["due_on"] == "2026-05-02"
    assert late.one("select count(*) from public.agreements") == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_on", "2026-03-10"),
        ("installments", 2),
        ("first_due_date", "2026-12-24"),
        ("discounts", {"interest": {"percent": 50}}),
    ],
)
def test_a_proposal_that_was_tampered_with_is_priced_again(
    late: World, field: str, value: object
) -> None:
    offer = simulate(late)
    answer = late.rpc(
        "operator",
        "propose_agreement",
        proposal=offer["proposal"] | {field: value},
        proposal_hash=offer["proposal_hash"],
    )
    assert answer["outcome"] == "repriced"
    assert late.one("select count(*) from public.agreements") == 0


def test_a_payment_since_the_offer_reprices_it(late: World) -> None:
    offer = simulate(late, first_due_date=late.today + timedelta(5))
    [debt] = offer["proposal"]["debt_ids"]
    late.set_today(late.today + timedelta(1))
    settle(late, {"debt_ids": [debt]}, 50_000)
    answer = late.rpc(
        "operator",
        "propose_agreement",
        proposal=offer["proposal"],
        proposal_hash=offer["proposal_hash"],
    )
    assert answer["outcome"] == "repriced"
    assert answer["simulation"]["original_cents"] < 60_000


def test_a_double_click_is_one_agreement(late: World) -> None:
    offer = simulate(late)
    answers = [
        late.rpc(
            "operator",
            "propose_agreement",
            proposal=offer["proposal"],
            proposal_hash=offer["proposal_hash"],
        )
        for _ in range(2)
    ]
    assert answers[0]["agreement_id"] == answers[1]["agreement_id"]
    assert [answer["is_repeated"] for answer in answers] == [False, True]
    assert late.one("select count(*) from public.agreements") == 1


def test_a_debt_is_in_one_agreement(late: World) -> None:
    first = simulate(late, installments=2)
    pending = propose(late, discounts={"principal": 10})
    late.rpc(
        "colleague",
        "propose_agreement",
        proposal=first["proposal"],
        proposal_hash=first["proposal_hash"],
    )
    refusal = late.refused(
        "operator",
        "simulate_agreement",
        client_id=late.client,
        debt_ids=first["proposal"]["debt_ids"],
    )
    assert refusal == "debt_in_agreement"
    refusal = late.refused(
        "supervisor",
        "decide_agreement",
        agreement_id=pending["agreement_id"],
        decision="approve",
    )
    assert refusal == "debt_in_agreement"


def test_prescribed_debts_are_closed_until_an_admin_says_why(world: World) -> None:
    old = world.debt(due=date(2021, 3, 1))
    offer = simulate(world, "admin")
    call = {"proposal": offer["proposal"], "proposal_hash": offer["proposal_hash"]}
    assert world.refused("admin", "propose_agreement", **call) == "debt_prescribed"
    world.rpc("admin", "override_prescription", debt_ids=[old], reason="confessada em 2024")
    assert world.rpc("admin", "propose_agreement", **call)["outcome"] == "active"


def test_a_disputed_debt_is_not_collected_until_released(world: World) -> None:
    debt = world.debt()
    world.rpc("operator", "hold_debts", debt_ids=[debt], reason="diz que pagou")
    offer = simulate(world)
    call = {"proposal": offer["proposal"], "proposal_hash": offer["proposal_hash"]}
    assert world.refused("operator", "propose_agreement", **call) == "debt_on_hold"
    assert world.refused("operator", "release_debts", debt_ids=[debt], reason="x") == "not_allowed"
    world.rpc("supervisor", "release_debts", debt_ids=[debt], reason="comprovante é de outra")
    assert world.rpc("operator", "propose_agreement", **call)["outcome"] == "active"


def test_an_unanswered_proposal_expires_by_the_clock(late: World) -> None:
    answer = propose(late, discounts={"principal": 10}, first_due_date=late.today + timedelta(9))
    assert age(late, late.today + timedelta(2)) == {"unchanged": 1}
    assert age(late, late.today + timedelta(1)) == {"expired": 1}
    assert status(late, answer["agreement_id"]) == "expired"


@pytest.mark.parametrize(("interval", "weeks"), [("weekly", 1), ("biweekly", 2)])
def test_a_weekly_interval_is_what_the_saved_agreement_holds(
    late: World, interval: str, weeks: int
) -> None:
    agreement = agree(late, installments=3, interval=interval)
    due = [part["due_on"] for part in parts(late, agreement)]
    assert [later - due[0] for later in due] == [timedelta(7 * weeks * k) for k in range(3)]


def test_three_of_five_titles_are_what_the_saved_agreement_holds(world: World) -> None:
    debts = [world.debt(10_000 + n) for n in range(5)]
    agreement = agree(world, debt_ids=debts[:3])
    held = world.run(
        "select debt_id from public.agreement_debts where agreement_id = %s", agreement
    )
    assert {row[0] for row in held} == set(debts[:3])
    statuses = dict(world.run("select id, status from public.debts").fetchall())
    assert [statuses[debt] for debt in debts] == ["in_agreement"] * 3 + ["open"] * 2


def test_a_stranger_neither_proposes_nor_decides(late: World) -> None:
    offer = simulate(late)
    pending = propose(late, discounts={"principal": 10})
    other = World(late.connection, "Outra")
    other.set_today(late.today)
    refusal = late.refused(
        other.people["admin"],
        "propose_agreement",
        proposal=offer["proposal"],
        proposal_hash=offer["proposal_hash"],
    )
    assert refusal == "client_not_found"
    refusal = late.refused(
        other.people["admin"],
        "decide_agreement",
        agreement_id=pending["agreement_id"],
        decision="approve",
    )
    assert refusal == "agreement_not_found"
