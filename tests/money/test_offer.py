"""An offer: discounts, schedule, limits, seal. Nothing of it is written anywhere."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.money.deals import simulate
from tests.money.world import World
from tests.proof import examples


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
    max_examples=examples(20, 800),
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
