"""What somebody may offer alone, what needs another person, and what nobody may approve."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.money.deals import simulate
from tests.money.world import World


def codes(offer: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in offer["approval_reasons"]]


@pytest.fixture
def late(world: World) -> World:
    """R$ 1,000.00 late by 45 days: fine 20.00, interest 15.00, fee 10 % of it all = 103.50."""
    world.policy(collection_fee_percent=10)
    world.debt(100_000, date(2026, 3, 10))
    world.set_today(date(2026, 4, 24))
    return world


def test_principal_needs_the_supervisor_and_charges_do_not(late: World) -> None:
    allowed = simulate(late, discounts={"interest": 40}, installments=6)
    assert (allowed["is_allowed"], allowed["approval_role"]) == (True, None)
    offer = simulate(late, discounts={"interest": 40, "principal": 10}, installments=6)
    assert (offer["is_allowed"], offer["approval_role"]) == (False, "supervisor")
    [reason] = offer["approval_reasons"]
    assert reason == {
        "code": "discount_above_limit",
        "component": "principal",
        "asked": "10.00",
        "limit": "0.0000",
    }
    assert simulate(late, "supervisor", discounts={"principal": 10})["is_allowed"]
    assert simulate(late, discounts={"principal": 30})["approval_role"] == "admin"
    assert simulate(late, discounts={"principal": 90})["approval_role"] is None


def test_a_rounded_cent_is_nobodys_excess(world: World) -> None:
    """50 % of an interest of one cent rounds up to the cent: still within a limit of 50 %."""
    world.policy(fine_percent=0)
    world.debt(3000, date(2026, 3, 6))  # Friday; three days late on Monday: 3 cents of interest
    offer = simulate(world, discounts={"interest": 50})
    assert offer["totals"]["discount"]["interest_cents"] == 2
    assert offer["is_allowed"]


def test_what_is_inside_a_template_needs_nobody(late: World) -> None:
    template = late.insert(
        "agreement_templates",
        {
            "tenant_id": late.tenant,
            "name": "30% à vista",
            "principal_percent": 30,
            "aging_from_days": 31,
            "aging_to_days": 90,
            "validity_days": 5,
        },
    )
    offer = simulate(late, template_id=template, first_due_date=late.today + timedelta(9))
    assert (offer["is_allowed"], offer["total_cents"]) == (True, 113_850 - 30_000)
    assert offer["valid_until"] == (late.today + timedelta(5)).isoformat()


def test_a_discount_for_cash_is_not_had_in_installments(late: World) -> None:
    template = late.insert(
        "agreement_templates",
        {
            "tenant_id": late.tenant,
            "name": "30% à vista",
            "principal_percent": 30,
        },
    )
    offer = simulate(late, template_id=template, installments=6)
    assert codes(offer) == ["installments_above_limit"]
    late.change("agreement_templates", {"id": template}, max_installments=6)
    assert simulate(late, template_id=template, installments=6)["is_allowed"]


def test_a_template_of_another_aging_band_gives_nothing(late: World) -> None:
    template = late.insert(
        "agreement_templates",
        {
            "tenant_id": late.tenant,
            "name": "antigos",
            "principal_percent": 30,
            "aging_from_days": 46,
        },
    )
    offer = simulate(late, template_id=template)
    assert codes(offer) == ["discount_above_limit", "template_not_applicable"]


def test_each_limit_left_is_named(late: World) -> None:
    late.change(
        "approval_limits",
        {"tenant_id": late.tenant, "role": "operator"},
        max_installments=3,
        min_installment_cents=30_000,
        min_down_payment_percent=20,
        max_first_due_days=10,
        max_last_due_days=60,
        total_percent=1,
    )
    offer = simulate(
        late,
        installments=4,
        first_due_date=late.today + timedelta(11),
        discounts={"fine": 100, "interest": 50},
    )
    assert codes(offer) == [
        "total_discount_above_limit",
        "installments_above_limit",
        "installment_below_minimum",
        "down_payment_below_minimum",
        "first_due_too_far",
        "last_due_too_far",
    ]


def test_the_best_offer_is_the_lowest_this_person_may_give(late: World) -> None:
    best = simulate(late)["best"]
    assert (best["source"], best["total_cents"]) == ("limits", 113_850 - 2000 - 750)
    late.insert(
        "agreement_templates",
        {
            "tenant_id": late.tenant,
            "name": "5% à vista",
            "principal_percent": 5,
        },
    )
    best = simulate(late)["best"]
    assert (best["name"], best["total_cents"]) == ("5% à vista", 113_850 - 5000)
    assert simulate(late, "supervisor")["best"]["source"] == "limits"


def test_prescribed_and_disputed_debts_are_obstacles_no_role_may_approve(world: World) -> None:
    old = world.debt(due=date(2021, 3, 1))
    disputed = world.debt()
    world.rpc("operator", "hold_debts", debt_ids=[disputed], reason="não reconhece a compra")
    offer = simulate(world, "admin")
    assert not offer["is_allowed"]
    assert {(o["debt_id"], o["code"]) for o in offer["obstacles"]} == {
        (str(old), "debt_prescribed"),
        (str(disputed), "debt_on_hold"),
    }
