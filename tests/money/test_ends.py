"""What has ended stays ended: no link stays payable behind it, and no money stays settled in it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.money.deals import (
    agree,
    charge,
    connect_provider,
    ledger_differences,
    live,
    owed,
    parts,
    settle,
    status,
)
from tests.money.world import World

A_DAY = timedelta(days=1)


@pytest.fixture
def deal(world: World) -> uuid.UUID:
    """Three times R$ 300,00 from tomorrow on, with a provider to charge them."""
    connect_provider(world)
    world.debt(90_000)
    return agree(world, installments=3, first_due_date=world.today + A_DAY)


def work(world: World, *answers: tuple[str, str | None]) -> list[str]:
    """A worker that gets these answers (outcome, error code), one claim each; what it was to do."""
    done = []
    for outcome, error in answers:
        world.run("update pgmq.q_charges set vt = clock_timestamp() - interval '1 second'")
        world.run("update public.charges set lease_until = null")
        tasks = world.rows("select * from private.claim_charges(10, 60)")
        for task in tasks:
            fence = (task["charge_id"], task["attempt"])
            assert world.one("select private.begin_charge(%s, %s)", *fence)
            world.run("select private.settle_charge(%s, %s, %s, '{}', %s)", *fence, outcome, error)
            done.append(task["action"])
    return done


def asked(world: World, installment: dict[str, Any], **how: Any) -> uuid.UUID:
    [answer] = world.rpc("operator", "request_charges", installment_ids=[installment["id"]], **how)
    return uuid.UUID(answer["charge_id"])


def charges(world: World) -> list[tuple[str, bool]]:
    rows = world.rows("select status, is_wanted from public.charges order by sequence")
    return [(row["status"], row["is_wanted"]) for row in rows]


def test_a_replaced_charge_that_cannot_be_taken_back_stops_no_worker(
    world: World, deal: uuid.UUID
) -> None:
    first = parts(world, deal)[0]
    charge(world, first["id"])
    asked(world, first, method="pix")
    world.run("delete from pgmq.q_charges where msg_id = (select max(msg_id) from pgmq.q_charges)")

    assert work(world, ("failed", "unclassified")) == ["cancel"]

    assert charges(world) == [("open", False), ("queued", True)]


def test_a_failed_charge_of_an_ended_agreement_is_not_tried_again(
    world: World, deal: uuid.UUID
) -> None:
    failed = asked(world, parts(world, deal)[0])
    work(world, ("failed", "payer_invalid"))
    world.rpc("operator", "cancel_agreement", agreement_id=deal, reason="desistiu")

    assert world.refused("operator", "retry_charge", charge_id=failed) == "agreement_not_living"
    assert work(world, ("not_found", None), ("done", None)) == ["lookup"]
    assert charges(world) == [("cancelled", False)]


def test_a_charge_that_failed_unheard_is_looked_up_before_its_installment_is_cancelled(
    world: World, deal: uuid.UUID
) -> None:
    first = parts(world, deal)[0]
    asked(world, first)
    work(world, ("unknown", None), *[("retry", "provider_unavailable")] * 7)
    assert charges(world) == [("failed", True)]

    answer = world.rpc(
        "supervisor", "cancel_installment", installment_id=first["id"], reason="erro"
    )

    assert answer["status"] == "cancelling"
    assert work(world, ("not_found", None)) == ["lookup"]
    assert parts(world, deal)[0]["status"] == "cancelled"


def test_an_installment_being_cancelled_gets_neither_a_link_nor_a_day(
    world: World, deal: uuid.UUID
) -> None:
    first = parts(world, deal)[0]
    charge(world, first["id"])
    world.rpc("supervisor", "cancel_installment", installment_id=first["id"], reason="erro")

    ask = {"installment_ids": [first["id"]], "method": "pix"}
    assert world.refused("operator", "request_charges", **ask) == "installment_not_open"
    move = {"installment_id": first["id"], "due_on": world.today + 9 * A_DAY, "reason": "pediu"}
    assert world.refused("supervisor", "reschedule_installment", **move) == "installment_not_open"


def test_the_last_two_installments_are_not_cancelled_together(
    world: World, deal: uuid.UUID
) -> None:
    for part in parts(world, deal):
        charge(world, part["id"])
    first, second, third = (part["id"] for part in parts(world, deal))
    world.rpc("supervisor", "cancel_installment", installment_id=first, reason="erro")
    world.rpc("supervisor", "cancel_installment", installment_id=second, reason="erro")

    again = world.refused("supervisor", "cancel_installment", installment_id=third, reason="erro")

    assert again == "last_installment"


def test_what_a_cancelled_installment_had_been_paid_is_counted_once(
    world: World, deal: uuid.UUID
) -> None:
    last = parts(world, deal)[2]["id"]
    settle(world, {"installment_id": last}, 5_000)

    world.rpc("supervisor", "cancel_installment", installment_id=last, reason="erro")

    assert [part["paid_cents"] for part in parts(world, deal)] == [5_000, 0, 0]
    assert ledger_differences(world) == []


@pytest.mark.parametrize(("installments", "ends"), [(1, "lapsed"), (2, "broken")])
def test_a_payment_taken_back_long_after_reopens_what_it_had_settled(
    world: World, installments: int, ends: str
) -> None:
    world.debt(90_000)
    deal = agree(world, installments=installments, first_due_date=world.today + A_DAY)
    paid = [
        settle(world, {"installment_id": part["id"]}, part["amount_cents"])
        for part in parts(world, deal)
    ]
    assert (status(world, deal), owed(world)) == ("settled", 0)
    world.set_today(world.today + 120 * A_DAY)

    world.rpc("supervisor", "reverse_payment", payment_id=paid[-1]["payment_id"], reason="MED")
    live(world, 3)

    assert status(world, deal) == ends
    assert owed(world) == 90_000 // installments


def test_a_payment_taken_back_after_the_end_opens_no_installment(
    world: World, deal: uuid.UUID
) -> None:
    paid = settle(world, {"installment_id": parts(world, deal)[0]["id"]}, 30_000)
    world.rpc("supervisor", "cancel_agreement", agreement_id=deal, reason="desistiu")

    world.rpc("supervisor", "reverse_payment", payment_id=paid["payment_id"], reason="MED")

    assert {part["status"] for part in parts(world, deal)} == {"cancelled"}
    assert owed(world) == 90_000
    world.rpc("supervisor", "reactivate_agreement", agreement_id=deal, reason="voltou")
    assert {part["status"] for part in parts(world, deal)} == {"open"}


def test_only_what_has_ended_is_reactivated(world: World, deal: uuid.UUID) -> None:
    days = [part["due_on"] for part in parts(world, deal)]
    settle(world, {"installment_id": parts(world, deal)[0]["id"]}, 30_000)
    again = {"agreement_id": deal, "reason": "x", "first_due_on": world.today + 40 * A_DAY}

    assert world.refused("supervisor", "reactivate_agreement", **again) == "transition_illegal"
    assert [part["due_on"] for part in parts(world, deal)] == days
    settle(world, {"agreement_id": deal}, 60_000)
    assert status(world, deal) == "settled"
    assert world.refused("supervisor", "reactivate_agreement", **again) == "transition_illegal"


def test_a_surplus_that_was_sent_back_is_not_used_again(world: World, deal: uuid.UUID) -> None:
    first, second, third = (part["id"] for part in parts(world, deal))
    early = settle(world, {"installment_id": first}, 30_000, world.today - 2 * A_DAY)
    settle(world, {"installment_id": second}, 30_000, world.today - A_DAY)
    settle(world, {"installment_id": third}, 45_000)
    [case] = world.rpc("supervisor", "payment_queue")["cases"]
    resolve = {"case_id": case["id"], "resolution": "return", "reason": "devolvido"}
    world.rpc("supervisor", "resolve_payment_case", **resolve)

    world.rpc("supervisor", "reverse_payment", payment_id=early["payment_id"], reason="MED")

    assert [part["paid_cents"] for part in parts(world, deal)] == [0, 30_000, 30_000]
    assert (ledger_differences(world), owed(world)) == ([], 30_000)
