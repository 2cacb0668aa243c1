"""What the panel says was received is what the agreements' pages and the payments say."""

import uuid
from datetime import date
from typing import Any

import pytest

from tests.money.deals import age, agree, connect_provider, parts, settle
from tests.money.paying import Deal
from tests.money.world import World

PERIOD = {"from": "2026-03-01", "to": "2026-12-31"}
DEALS = 4


def panel(world: World, code: str, split_by: str = "", **more: Any) -> Any:
    found = world.rpc("supervisor", "panel_numbers", filter=PERIOD | more, split_by=split_by)
    told = {group["key"]: group["kpis"][code].get("value", 0) for group in found["groups"]}
    return told if split_by else told[""]


def received_by_pages(world: World) -> int:
    """The list's own total, and the lateness that each agreement's installments show."""
    listed = world.rpc("operator", "list_agreements", filter={})
    late = sum(part["late_cents"] for row in listed["rows"] for part in parts(world, row["id"]))
    return int(listed["total"]["paid_cents"] + late)


def booked(world: World) -> int:
    """What of the payments is left once refunds and reversals are taken out."""
    return int(
        world.one(
            "select coalesce(sum(total_cents), 0) from private.living_allocations"
            " where tenant_id = %s and installment_id is not null",
            world.tenant,
        )
    )


@pytest.fixture
def busy(world: World) -> World:
    """Four agreements of R$ 300.00 in three, paid in part, late, and taken back."""
    world.policy()
    connect_provider(world)
    for number in range(DEALS):
        world.client = world.new_client(f"Cliente {number}")
        world.debt(30_000)
        agreement = agree(world, installments=3, first_due_date=date(2026, 3, 10))
        for part in parts(world, agreement)[:number]:
            settle(world, {"installment_id": part["id"]}, 10_000)
    return world


def test_received_is_the_agreements_total_and_the_payments_sum(busy: World) -> None:
    assert panel(busy, "received") == received_by_pages(busy) == booked(busy) == 6 * 10_000
    assert panel(busy, "payments") == 6
    assert panel(busy, "agreements") == DEALS
    assert panel(busy, "agreed") == busy.rpc("operator", "list_agreements")["total"]["total_cents"]


def test_late_money_counts_with_its_lateness_everywhere(world: World) -> None:
    deal = Deal(world)
    deal.paid(1, 30_000)
    age(world, date(2026, 4, 12))
    deal.paid(2, 30_630)
    assert sum(part["late_cents"] for part in deal.parts()) > 0
    assert panel(world, "received") == received_by_pages(world) == booked(world) == 60_630


def test_what_is_taken_back_is_nowhere_received(busy: World) -> None:
    payment = busy.one(
        "select id from public.payments where tenant_id = %s order by id limit 1", busy.tenant
    )
    busy.rpc("supervisor", "reverse_payment", payment_id=payment, reason="MED")
    assert panel(busy, "received") == received_by_pages(busy) == booked(busy) == 5 * 10_000


def test_the_parts_of_a_split_add_up_to_the_whole_before_and_after_days_are_kept(
    busy: World,
) -> None:
    whole = panel(busy, "received")
    for is_kept in (False, True):
        if is_kept:
            busy.set_today(date(2026, 6, 1))
            busy.run(
                "update public.tenants set created_at = '2026-03-01' where id = %s", busy.tenant
            )
            assert busy.one("select private.refresh_panel_of(%s, 400)", busy.tenant) > 0
        for split_by in ("day", "operator", "creditor"):
            assert sum(panel(busy, "received", split_by).values()) == whole
    assert panel(busy, "received") == whole


def test_the_rows_behind_the_number_are_the_payments_themselves(busy: World) -> None:
    page = busy.rpc(
        "supervisor", "panel_rows", kpi="received", part="numerator", filter=PERIOD, page_size=100
    )
    assert sum(row["amount"] for row in page["rows"]) == panel(busy, "received")
    paid = busy.rows("select id from public.payments where tenant_id = %s", busy.tenant)
    assert {uuid.UUID(row["source_id"].split(":")[0]) for row in page["rows"]} == {
        payment["id"] for payment in paid
    }
