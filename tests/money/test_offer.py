"""An offer: discounts, schedule, limits, seal. Nothing of it is written anywhere."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.money.world import World
from tests.proof import examples


def simulate(world: World, who: str = "operator", **arguments: Any) -> dict[str, Any]:
    arguments.setdefault("client_id", world.client)
    if "debt_ids" not in arguments:
        arguments["debt_ids"] = [
            row[0]
            for row in world.run(
                "select id from public.debts where client_id = %s", arguments["client_id"]
            )
        ]
    return world.rpc(who, "simulate_agreement", **arguments)  # type: ignore[no-any-return]  # JSON


def codes(offer: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in offer["approval_reasons"]]


@pytest.fixture
def late(world: World) -> World:
    """R$ 1,000.00 late by 45 days: fine 20.00, interest 15.00, fee 10 % of it all = 103.50."""
    world.policy(collection_fee_percent=10)
    world.debt(100_000, date(2026, 3, 10))
    world.set_today(date(2026, 4, 24))
    return world


def test_discounts_are_a_vector_and_the_effective_one_is_told(late: World) -> None:
    offer = simulate(late, discounts={"principal": 10, "fine": 100, "interest": {"percent": 50}})
    assert offer["totals"]["before"]["total_cents"] == 113_850
    assert offer["totals"]["after"] == {
        "principal_cents": 90_000,
        "correction_cents": 0,
        "fine_cents": 0,
        "interest_cents": 750,
        "collection_fee_cents": 10_350,
        "total_cents": 101_100,
    }
    assert offer["discount_percent"] == "11.20"
    assert offer["total_cents"] == 101_100


@pytest.mark.parametrize(
    ("total", "parts", "amounts"),
    [
        (100_000, 3, [33_334, 33_333, 33_333]),
        (123_457, 7, [17_637] * 5 + [17_636] * 2),
    ],
)
def test_residual_cents_go_to_the_first_installments(
    world: World, total: int, parts: int, amounts: list[int]
) -> None:
    world.debt(total)
    offer = simulate(world, installments=parts)
    assert [row["amount_cents"] for row in offer["schedule"]] == amounts


def test_a_price_table_rounds_each_payment(world: World) -> None:
    world.debt(90_000)
    template = world.insert(
        "agreement_templates",
        {
            "tenant_id": world.tenant,
            "name": "6x",
            "max_installments": 6,
            "financing_percent": 2,
        },
    )
    offer = simulate(world, template_id=template, installments=6)
    assert [row["amount_cents"] for row in offer["schedule"]] == [16_067] * 6
    assert (offer["total_cents"], offer["financing_cents"]) == (96_402, 6_402)
    assert offer["totals"]["after"]["fine_cents"] == 0


def test_the_31st_plus_a_month_is_the_28th_and_never_the_3rd(world: World) -> None:
    world.debt()
    world.set_today(date(2026, 1, 15))
    offer = simulate(world, installments=4, first_due_date=date(2026, 1, 31))
    assert [row["due_on"] for row in offer["schedule"]] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]


def test_a_due_day_of_31_comes_back_after_february(world: World) -> None:
    world.debt()
    world.set_today(date(2026, 2, 2))
    offer = simulate(world, installments=3, first_due_date=date(2026, 2, 28), due_day=31)
    assert [row["due_on"] for row in offer["schedule"]] == [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]
    assert simulate(world, due_day=31)["schedule"][0]["due_on"] == "2026-02-28"
    assert simulate(world, due_day=2)["schedule"][0]["due_on"] == "2026-03-02"


def test_due_dates_fall_on_business_days(world: World) -> None:
    world.policy()
    world.debt()
    # Saturday; Carnival is over; Good Friday 3 April and the weekend follow.
    offer = simulate(world, installments=2, first_due_date=date(2026, 3, 14), due_day=3)
    assert [(row["due_on"], row["effective_due_on"]) for row in offer["schedule"]] == [
        ("2026-03-14", "2026-03-16"),
        ("2026-04-03", "2026-04-06"),
    ]


@pytest.mark.parametrize(("interval", "days"), [("weekly", 7), ("biweekly", 14)])
def test_weeks_are_weeks(world: World, interval: str, days: int) -> None:
    world.debt()
    offer = simulate(world, installments=3, interval=interval, first_due_date=date(2026, 3, 10))
    due = [date.fromisoformat(row["due_on"]) for row in offer["schedule"]]
    assert due == [date(2026, 3, 10) + timedelta(days) * k for k in range(3)]
    assert offer["proposal"]["interval"] == interval


def test_several_down_payments_keep_their_own_day_and_method(world: World) -> None:
    world.debt(100_000)
    downs = [
        {"amount_cents": 20_000, "due_on": "2026-03-10", "method": "pix"},
        {"amount_cents": 10_000, "due_on": "2026-03-17", "method": "card"},
    ]
    offer = world.rpc(
        "operator",
        "simulate_agreement",
        client_id=world.client,
        debt_ids=[world.one("select id from public.debts where client_id = %s", world.client)],
        installments=3,
        down_payments=as_json(downs),
    )
    assert [
        (row["number"], row["kind"], row["amount_cents"], row["due_on"], row["method"])
        for row in offer["schedule"]
    ] == [
        (1, "down_payment", 20_000, "2026-03-10", "pix"),
        (2, "down_payment", 10_000, "2026-03-17", "card"),
        (3, "installment", 23_334, "2026-04-17", "boleto"),
        (4, "installment", 23_333, "2026-05-17", "boleto"),
        (5, "installment", 23_333, "2026-06-17", "boleto"),
    ]


def as_json(value: Any) -> Any:
    from psycopg.types.json import Jsonb

    return Jsonb(value)


def test_a_down_payment_alone_is_an_agreement(world: World) -> None:
    world.debt(50_000)
    offer = simulate(world, installments=0, down_payment_cents=50_000)
    assert [row["amount_cents"] for row in offer["schedule"]] == [50_000]
    call = {"client_id": world.client, "debt_ids": [offer["debts"][0]["debt_id"]]}
    short = world.refused(
        "operator", "simulate_agreement", **call, installments=0, down_payment_cents=49_999
    )
    assert short == "down_payment_short"
    over = world.refused("operator", "simulate_agreement", **call, down_payment_cents=50_001)
    assert over == "down_payment_exceeds_total"


def test_a_discount_in_reais_is_that_amount_to_the_cent(late: World) -> None:
    late.debt(33_333, date(2026, 3, 10))
    late.debt(33_334, date(2026, 3, 11))
    offer = simulate(late, discounts={"principal": {"cents": 12_345}})
    assert offer["discount_cents"] == 12_345
    assert sum(debt["discount"]["principal_cents"] for debt in offer["debts"]) == 12_345


def test_a_wanted_total_exhausts_the_charges_before_the_principal(late: World) -> None:
    offer = simulate(late, discounts={"target_total_cents": 100_000})
    discount = offer["totals"]["discount"]
    assert offer["total_cents"] == 100_000
    assert (discount["fine_cents"], discount["interest_cents"]) == (2000, 1500)
    assert (discount["principal_cents"], discount["collection_fee_cents"]) == (10_350, 0)


@pytest.mark.parametrize(
    "discounts",
    [
        {"principal": 101},
        {"principal": -1},
        {"principal": "10"},
        {"principal": 0.12345},
        {"principal": {"cents": 1.5}},
        {"principal": {"cents": 100_001}},
        {"principle": 1},
        {"target_total_cents": 113_851},
        {"target_total_cents": 1, "fine": 100},
        {"principal": {"percent": 1, "cents": 1}},
    ],
)
def test_a_senseless_discount_is_refused(late: World, discounts: dict[str, Any]) -> None:
    debt = late.new_id("select id from public.debts where client_id = %s", late.client)
    refusal = late.refused(
        "operator",
        "simulate_agreement",
        client_id=late.client,
        debt_ids=[debt],
        discounts=discounts,
    )
    assert refusal in {"discount_invalid", "field_unknown"}


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


def test_titles_of_two_creditors_are_two_agreements(world: World) -> None:
    debts = [world.debt(), world.debt(creditor=world.new_creditor("Outro"))]
    refusal = world.refused(
        "operator", "simulate_agreement", client_id=world.client, debt_ids=debts
    )
    assert refusal == "debts_of_several_creditors"


def test_an_offer_about_another_tenants_debt_is_not_found(world: World) -> None:
    other = World(world.connection, "Outra")
    refusal = world.refused(
        "operator", "simulate_agreement", client_id=other.client, debt_ids=[other.debt()]
    )
    assert refusal == "client_not_found"


def test_the_seal_changes_with_money_and_dates_and_with_nothing_else(late: World) -> None:
    plain = simulate(late, installments=2, first_due_date=late.today + timedelta(1))
    first = late.today + timedelta(1)
    assert (
        simulate(late, installments=2, first_due_date=first)["proposal_hash"]
        == (plain["proposal_hash"])
    )
    by_pix = simulate(late, installments=2, first_due_date=first, method="pix")
    assert by_pix["proposal_hash"] == plain["proposal_hash"]
    changes: list[dict[str, Any]] = [
        {"installments": 3},
        {"discounts": {"fine": {"cents": 1}}},
        {"first_due_date": late.today + timedelta(2)},
        {"interval": "weekly"},
        {"down_payment_cents": 1},
    ]
    for change in changes:
        words: dict[str, Any] = {"installments": 2, "first_due_date": first} | change
        other = simulate(late, **words)
        assert other["proposal_hash"] != plain["proposal_hash"], change


# Any debts, any offer: the schedule is exact.
@pytest.mark.proof
@settings(
    max_examples=examples(50, 800),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # undone after each example
)
@given(
    amounts=st.lists(st.integers(5_000, 10**8), min_size=1, max_size=4),
    percents=st.lists(st.integers(0, 90), min_size=3, max_size=3),
    installments=st.integers(1, 60),
    down=st.integers(0, 499),  # less than what nine tenths of discount leave of the smallest title
    interval=st.sampled_from(["weekly", "biweekly", "monthly"]),
    due_day=st.one_of(st.none(), st.integers(1, 31)),
)
def test_the_schedule_adds_up_to_the_cent(
    late: World,
    amounts: list[int],
    percents: list[int],
    installments: int,
    down: int,
    interval: str,
    due_day: int | None,
) -> None:
    with late.connection.transaction(force_rollback=True):
        client = late.new_client()
        for place, amount in enumerate(amounts):
            late.debt(amount, date(2026, 1, 5 + place), client=client)
        offer = simulate(
            late,
            client_id=client,
            installments=installments,
            down_payment_cents=down,
            interval=interval,
            due_day=due_day,
            discounts=dict(zip(("principal", "fine", "interest"), percents, strict=True)),
        )
    schedule = offer["schedule"]
    parts = [row["amount_cents"] for row in schedule if row["kind"] == "installment"]
    assert sum(row["amount_cents"] for row in schedule) == offer["total_cents"]
    assert offer["total_cents"] == offer["original_cents"] - offer["discount_cents"]
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)
    due = [row["due_on"] for row in schedule]
    assert due == sorted(due)
    assert [row["number"] for row in schedule] == list(range(1, len(schedule) + 1))
    for moment in ("before", "discount", "after"):
        assert min(offer["totals"][moment].values()) >= 0
