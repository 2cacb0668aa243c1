"""What a limit forbids at the beginning nobody reaches by a detour later."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.money.deals import (
    agree,
    charge,
    connect_provider,
    live,
    owed,
    parts,
    propose,
    settle,
    simulate,
    status,
)
from tests.money.world import World

A_DAY = timedelta(days=1)


def cancel(world: World, who: str, installment: uuid.UUID) -> Any:
    call = {"installment_id": installment, "reason": "cortesia"}
    return world.rpc(who, "cancel_installment", **call)["status"]


def refusal(world: World, who: str, installment: uuid.UUID) -> str:
    call = {"installment_id": installment, "reason": "cortesia"}
    return world.refused(who, "cancel_installment", **call)


def test_cancelling_installments_is_a_discount_and_has_its_limit(world: World) -> None:
    world.debt(60_000)
    deal = agree(world, installments=6, first_due_date=world.today + A_DAY)
    *rest, last = (part["id"] for part in parts(world, deal))

    # A supervisor's 20 % hold one of six; an admin's 60 % three.
    assert cancel(world, "supervisor", rest[0]) == "cancelled"
    assert refusal(world, "supervisor", rest[1]) == "approval_above_role"
    assert [cancel(world, "admin", part) for part in rest[1:3]] == ["cancelled"] * 2
    assert refusal(world, "admin", rest[3]) == "above_every_limit"

    settle(world, {"installment_id": last}, 10_000)
    assert status(world, deal) == "active"


def test_one_that_is_being_cancelled_counts_as_cancelled(world: World) -> None:
    connect_provider(world)
    world.debt(60_000)
    deal = agree(world, installments=6, first_due_date=world.today + A_DAY)
    first, second = (part["id"] for part in parts(world, deal)[:2])
    charge(world, first)

    assert cancel(world, "supervisor", first) == "cancelling"
    assert refusal(world, "supervisor", second) == "approval_above_role"


def test_what_was_forgiven_in_the_offer_counts_with_what_is_cancelled(world: World) -> None:
    world.debt(60_000)
    deal = agree(
        world,
        "supervisor",
        discounts={"principal": 20},
        installments=12,
        first_due_date=world.today + A_DAY,
    )

    assert refusal(world, "supervisor", parts(world, deal)[0]["id"]) == "approval_above_role"
    assert cancel(world, "admin", parts(world, deal)[0]["id"]) == "cancelled"


def revive(world: World, who: str, agreement: uuid.UUID, **more: Any) -> Any:
    call = {"agreement_id": agreement, "reason": "voltou", **more}
    return world.rpc(who, "reactivate_agreement", **call)["status"]


def revival_refused(world: World, who: str, agreement: uuid.UUID, **more: Any) -> str:
    call = {"agreement_id": agreement, "reason": "voltou", **more}
    return world.refused(who, "reactivate_agreement", **call)


def test_an_agreement_above_a_limit_does_not_come_back_by_a_smaller_hand(world: World) -> None:
    world.debt(60_000)
    first = world.today + A_DAY
    asked = propose(world, discounts={"principal": 40}, installments=2, first_due_date=first)
    deal = uuid.UUID(asked["agreement_id"])
    world.rpc("admin", "decide_agreement", agreement_id=deal, decision="approve")
    world.rpc("supervisor", "cancel_agreement", agreement_id=deal, reason="desistiu")
    assert owed(world) == 60_000

    assert revival_refused(world, "supervisor", deal) == "approval_above_role"
    assert (status(world, deal), owed(world)) == ("cancelled", 60_000)
    assert revive(world, "admin", deal) == "awaiting_first_payment"


def test_what_the_titles_owe_by_now_is_forgiven_within_a_limit_too(world: World) -> None:
    world.policy(interest_percent=10)
    world.debt(60_000, world.today - 30 * A_DAY)
    deal = agree(world, installments=2, first_due_date=world.today + A_DAY)
    settle(
        world,
        {"installment_id": parts(world, deal)[0]["id"]},
        parts(world, deal)[0]["amount_cents"],
    )
    live(world, 90)
    assert status(world, deal) == "broken"
    careful = {"tenant_id": world.tenant, "role": "supervisor"}
    world.change("approval_limits", careful, interest_percent=10)

    soon = world.today + A_DAY
    assert revival_refused(world, "supervisor", deal, first_due_on=soon) == "approval_above_role"
    far = world.today + 31 * A_DAY
    assert revival_refused(world, "admin", deal, first_due_on=far) == "above_every_limit"
    assert revive(world, "admin", deal, first_due_on=soon) == "active"


@pytest.mark.parametrize(
    ("days", "reasons"), [(61, []), (62, ["last_due_too_far"]), (1825, ["last_due_too_far"])]
)
def test_a_cent_paid_at_once_buys_no_years_for_the_rest(
    world: World, days: int, reasons: list[str]
) -> None:
    world.debt(90_000)
    offer = simulate(
        world,
        down_payments=[{"amount_cents": 1}],
        installments=1,
        first_due_date=world.today + days * A_DAY,
    )

    assert [reason["code"] for reason in offer["approval_reasons"]] == reasons
    assert offer["is_allowed"] == (not reasons)


def test_who_may_give_nothing_after_a_break_is_told_of_no_best_offer(world: World) -> None:
    world.debt(90_000)
    deal = agree(world, installments=3, first_due_date=world.today + A_DAY)
    settle(world, {"installment_id": parts(world, deal)[0]["id"]}, 30_000)
    live(world, 90)
    assert status(world, deal) == "broken"

    offer = simulate(world)
    assert offer["approval_role"] == "supervisor"
    assert offer["best"] is None
    assert simulate(world, "supervisor")["best"]["total_cents"] < owed(world)


def test_a_charge_of_an_overdue_installment_is_due_today_and_the_page_says_so(
    world: World,
) -> None:
    connect_provider(world)
    world.debt(90_000)
    deal = agree(world, installments=3, first_due_date=world.today + A_DAY)
    first, second, _ = parts(world, deal)
    # Saturday: no bank takes that day.
    world.set_today(world.today + 5 * A_DAY)
    monday = world.today + 2 * A_DAY

    asked = {"installment_ids": [first["id"], second["id"]]}
    charges = world.rpc("operator", "request_charges", **asked)

    days = [
        row["due_on"] for row in world.rows("select due_on from public.charges order by due_on")
    ]
    assert days == [monday, second["due_on"]]
    page = world.rpc("operator", "agreement_page", agreement_id=deal)
    assert page["schedule"][0]["charges"][0]["due_on"] == monday.isoformat()
    assert world.rpc("operator", "request_charges", **asked) == charges


def test_a_minute_is_any_sixty_seconds(world: World) -> None:
    take = "select private.take_calls(%s, %s)"
    account = connect_provider(world)
    assert world.one(take, account, 20) == 20
    world.run(
        "update private.call_budgets set taken = array_fill(clock_timestamp() - interval"
        " '61 seconds', array[10]) || array_fill(clock_timestamp() - interval '55 seconds',"
        " array[40])"
    )

    assert world.one(take, account, 30) == 20
    assert world.one(take, account, 1) == 0
