"""Money that a person books: with evidence, by two people, up to a limit, on its own day."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from tests.money.deals import (
    Answer,
    owed,
    settle,
)
from tests.money.paying import Deal, change_policy
from tests.money.world import World


@pytest.fixture
def deal(world: World) -> Deal:
    return Deal(world)


def request(deal: Deal, **fields: Any) -> Answer:
    return {
        "id": str(uuid.uuid4()),
        "client_id": str(deal.world.client),
        "installment_id": str(deal.parts()[0]["id"]),
        "amount_cents": 30_000,
        "paid_on": deal.world.today.isoformat(),
        "evidence": "recibo 12",
    } | fields


def test_a_settlement_by_hand_needs_evidence(deal: Deal) -> None:
    refusal = deal.world.refused(
        "supervisor", "settle_manually", settlement=request(deal, evidence="  ")
    )
    assert refusal == "evidence_missing"


def test_a_settlement_by_hand_needs_a_second_person(deal: Deal) -> None:
    wanted = request(deal)
    answer = deal.world.rpc("supervisor", "settle_manually", settlement=wanted)
    assert answer["status"] == "pending"
    assert deal.parts()[0]["status"] == "open"
    call = {"settlement_id": wanted["id"], "decision": "approve"}
    assert deal.world.refused("operator", "decide_settlement", **call) == "not_allowed"
    assert deal.world.refused("supervisor", "decide_settlement", **call) == "approval_by_author"
    assert deal.world.rpc("admin", "decide_settlement", **call)["status"] == "approved"
    assert deal.parts()[0]["status"] == "paid"


def test_up_to_the_limit_a_supervisor_settles_alone_and_an_operator_never(deal: Deal) -> None:
    change_policy(deal, manual_limit_cents=30_000)
    asked = deal.world.rpc("operator", "settle_manually", settlement=request(deal))
    assert asked["status"] == "pending"
    deal.world.rpc(
        "supervisor",
        "decide_settlement",
        settlement_id=asked["settlement_id"],
        decision="reject",
        reason="recibo ilegível",
    )
    done = deal.world.rpc("supervisor", "settle_manually", settlement=request(deal))
    assert done["status"] == "approved"
    over = request(deal, installment_id=str(deal.parts()[1]["id"]), amount_cents=30_001)
    assert deal.world.rpc("supervisor", "settle_manually", settlement=over)["status"] == "pending"


def test_a_double_click_and_a_second_person_are_one_settlement(deal: Deal) -> None:
    wanted = request(deal)
    first = deal.world.rpc("operator", "settle_manually", settlement=wanted)
    assert deal.world.rpc("operator", "settle_manually", settlement=wanted) == first
    refusal = deal.world.refused("colleague", "settle_manually", settlement=wanted)
    assert refusal == "settlement_id_reused"
    refusal = deal.world.refused("colleague", "settle_manually", settlement=request(deal))
    assert refusal == "settlement_pending"
    deal.paid(1, 30_000)
    refusal = deal.world.refused(
        "supervisor", "decide_settlement", settlement_id=wanted["id"], decision="approve"
    )
    assert refusal == "installment_not_open"
    assert deal.world.one("select sum(paid_cents) from public.installments") == 30_000


@pytest.mark.parametrize(
    "fields",
    [
        {"amount_cents": 0},
        {"amount_cents": "x"},
        {"paid_on": "2026-03-10"},
        {"paid_on": None},
        {"installment_id": None},
        {"debt_ids": []},
        {"id": None},
    ],
)
def test_a_senseless_settlement_is_refused(deal: Deal, fields: Answer) -> None:
    wanted = request(deal) | fields
    refusal = deal.world.refused("operator", "settle_manually", settlement=wanted)
    assert refusal == "settlement_invalid"


def test_a_debt_without_agreement_is_settled_by_hand_directly(world: World) -> None:
    world.policy()
    debt = world.debt(10_000, date(2026, 2, 9))
    before = owed(world)
    settle(world, {"debt_ids": [debt]}, 5_000)
    assert owed(world) == before - 5_000
    [row] = world.rows("select * from private.living_allocations")
    # Fine and interest first, then principal (Civil Code 354).
    assert (row["fine_cents"], row["interest_cents"]) == (200, 93)
    assert (row["principal_cents"], row["before_cents"]) == (4_707, before)


def test_the_oldest_title_is_abated_first_whatever_its_id(world: World) -> None:
    debts = sorted(world.debt(10_000) for _ in range(4))
    for age, debt in enumerate(debts):  # the greatest id is the oldest
        world.change("debts", {"id": debt}, due_on=date(2026, 3, 9) + timedelta(10 - age))
    settle(world, {"debt_ids": debts}, 15_000)
    abated = dict(world.run("select id, abated_cents from public.debts").fetchall())
    assert [abated[debt] for debt in reversed(debts)] == [10_000, 5_000, 0, 0]


def test_what_was_booked_is_not_booked_again_by_a_later_payment(world: World) -> None:
    """Nor by an index month published since: it would move cents that were receipted."""
    world.policy(index_name="ipca")
    factor = {"tenant_id": world.tenant, "index_name": "ipca", "revision": 1}
    world.insert("index_factors", factor | {"month": date(2025, 12, 1), "percent": 1})
    debt = world.debt(100_000, date(2026, 1, 12))
    settle(world, {"debt_ids": [debt]}, 20_000)
    first = world.rows("select * from private.living_allocations")
    world.insert("index_factors", factor | {"month": date(2026, 2, 1), "percent": 5})
    world.set_today(date(2026, 3, 20))
    settle(world, {"debt_ids": [debt]}, 10_000)
    assert world.rows("select * from private.living_allocations order by id")[:1] == first
    assert (
        world.one("select count(*) from public.payment_allocations where reverses_id is not null")
        == 0
    )


def test_a_part_paid_in_grace_does_not_excuse_the_rest_from_its_days(world: World) -> None:
    world.policy(grace_days=5)
    debt = world.debt(100_000, date(2026, 3, 9))
    world.set_today(date(2026, 3, 12))
    settle(world, {"debt_ids": [debt]}, 40_000)
    assert owed(world) == 60_000
    # Ten days from the due date, not seven from the payment: fine 12.00, interest 2.00.
    assert owed(world, on=date(2026, 3, 19)) == 60_000 + 1200 + 200


def test_a_payment_that_turns_up_late_is_booked_on_its_own_day(world: World) -> None:
    """Money paid first counts first, and what came after it is booked anew."""
    world.policy()
    debt = world.debt(100_000, date(2026, 1, 12))
    settle(world, {"debt_ids": [debt]}, 30_000, date(2026, 3, 9))
    settle(world, {"debt_ids": [debt]}, 30_000, date(2026, 2, 9))
    rows = world.rows(
        "select paid_on, total_cents, after_cents from private.living_allocations order by paid_on"
    )
    assert [row["paid_on"] for row in rows] == [date(2026, 2, 9), date(2026, 3, 9)]
    # 1,000.00 + 20.00 + 9.33 of 28 days - 300.00, then 28 days of interest on that.
    assert rows[0]["after_cents"] == 72_933
    assert rows[1]["after_cents"] == 72_933 + 681 - 30_000


def test_a_debt_paid_in_full_by_hand_is_settled(world: World) -> None:
    debt = world.debt(10_000)
    settle(world, {"debt_ids": [debt]}, 10_000)
    assert world.one("select status from public.debts where id = %s", debt) == "settled"
    assert world.one("select open_debts from public.clients where id = %s", world.client) == 0


def test_a_title_in_an_agreement_or_closed_is_not_settled_beside_it(deal: Deal) -> None:
    wanted = request(deal) | {"installment_id": None, "debt_ids": [str(deal.debt)]}
    call = {"settlement": wanted}
    assert deal.world.refused("operator", "settle_manually", **call) == "debt_in_agreement"
    for number in (1, 2, 3):
        deal.paid(number, 30_000)
    assert deal.world.refused("operator", "settle_manually", **call) == "debt_closed"


def test_nothing_is_settled_in_another_agency(deal: Deal) -> None:
    other = World(deal.world.connection, "Outra")
    refusal = deal.world.refused(other.people["admin"], "settle_manually", settlement=request(deal))
    assert refusal == "client_not_found"
