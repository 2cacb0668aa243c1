"""Where somebody could be believed too easily: a form, a provider, a name for a limit."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.money.deals import (
    agree,
    charge,
    connect_provider,
    paid_item,
    parts,
    record,
    simulate,
    status,
)
from tests.money.world import World

A_DAY = timedelta(days=1)


@pytest.fixture
def deal(world: World) -> uuid.UUID:
    world.debt(90_000)
    return agree(world, installments=3, first_due_date=world.today + A_DAY)


def request(world: World, **fields: Any) -> dict[str, Any]:
    """A settlement by hand of R$ 400,00 today."""
    return {
        "id": str(uuid.uuid4()),
        "client_id": str(world.client),
        "amount_cents": 40_000,
        "paid_on": world.today.isoformat(),
        "evidence": "recibo 12",
    } | fields


def codes(offer: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in offer["approval_reasons"]]


def test_installments_called_down_payments_are_installments(world: World) -> None:
    world.debt(140_000)
    monthly = [
        {"amount_cents": 10_000, "due_on": (world.today + 31 * n * A_DAY).isoformat()}
        for n in range(12)
    ]

    offer = simulate(
        world, down_payments=monthly, installments=2, first_due_date=world.today + 380 * A_DAY
    )

    assert codes(offer) == ["installments_above_limit"]
    [reason] = offer["approval_reasons"]
    assert (reason["asked"], reason["limit"]) == ("13", "12")
    monthly.append(monthly[-1])
    too_many = {"client_id": world.client, "debt_ids": [offer["debts"][0]["debt_id"]]}
    assert (
        world.refused("operator", "simulate_agreement", down_payments=Jsonb(monthly), **too_many)
        == "down_payment_invalid"
    )


def test_the_discount_for_cash_is_not_had_in_down_payments(world: World) -> None:
    world.debt(100_000)
    template = world.insert(
        "agreement_templates",
        {"tenant_id": world.tenant, "name": "30% à vista", "principal_percent": 30},
    )
    later = [
        {"amount_cents": 35_000, "due_on": (world.today + 60 * n * A_DAY).isoformat()}
        for n in (1, 2)
    ]

    offer = simulate(world, template_id=template, down_payments=later, installments=0)

    assert "installments_above_limit" in codes(offer)


def test_a_week_costs_a_weeks_part_of_the_months_rate(world: World) -> None:
    world.debt(90_000)
    template = world.insert(
        "agreement_templates",
        {"tenant_id": world.tenant, "name": "6x", "max_installments": 6, "financing_percent": 2},
    )
    weekly = simulate(world, template_id=template, installments=6, interval="weekly")
    # 900.00 at 2 % · 7/30 a week: i = 0.0046667, PMT = 152.4642…
    assert [part["amount_cents"] for part in weekly["schedule"]] == [15_246] * 6


def test_an_agreement_is_not_replaced_by_one_of_another_creditor(
    world: World, deal: uuid.UUID
) -> None:
    elsewhere = world.debt(50_000, creditor=world.new_creditor("Outro Banco"))

    refusal = world.refused(
        "operator",
        "simulate_agreement",
        client_id=world.client,
        debt_ids=[elsewhere],
        replaces_agreement_id=deal,
    )

    assert refusal == "agreement_not_replaceable"


def test_a_settlement_is_judged_again_when_it_is_confirmed(world: World) -> None:
    debt = world.debt(90_000)
    of_title = request(world, debt_ids=[str(debt)])
    world.rpc("operator", "settle_manually", settlement=of_title)
    deal = agree(world, installments=3)
    of_deal = request(world, agreement_id=str(deal))
    world.rpc("operator", "settle_manually", settlement=of_deal)

    def approve(what: dict[str, Any]) -> str:
        answer = {"settlement_id": what["id"], "decision": "approve"}
        return world.refused("supervisor", "decide_settlement", **answer)

    assert approve(of_title) == "debt_in_agreement"
    world.rpc("operator", "cancel_agreement", agreement_id=deal, reason="desistiu")
    assert approve(of_deal) == "agreement_not_living"


@pytest.mark.parametrize(
    "fields",
    [
        {"amount_cents": 90_000},
        {"paid_on": "2026-03-06"},
        {"evidence": "recibo 13"},
        {"installment_id": None, "agreement_id": "theirs"},
    ],
)
def test_the_same_id_with_other_words_is_not_the_same_request(
    world: World, deal: uuid.UUID, fields: dict[str, Any]
) -> None:
    first = request(world, installment_id=str(parts(world, deal)[0]["id"]))
    world.rpc("operator", "settle_manually", settlement=first)
    if "agreement_id" in fields:
        fields = fields | {"agreement_id": str(deal)}

    refusal = world.refused("operator", "settle_manually", settlement=first | fields)

    assert refusal == "settlement_id_reused"


@pytest.mark.parametrize(
    "fields",
    [
        {"debt_ids": []},
        {"debt_ids": ["of the client"], "paid_on": "-infinity"},
        {"debt_ids": ["of the client"], "paid_on": "0001-01-01"},
        {"debt_ids": ["of the client"], "amount_cents": 9_223_372_036_854_775_807},
    ],
)
def test_no_settlement_waits_that_nobody_could_confirm(
    world: World, fields: dict[str, Any]
) -> None:
    debt = world.debt(90_000)
    if fields["debt_ids"]:
        fields = fields | {"debt_ids": [str(debt)]}

    refusal = world.refused("operator", "settle_manually", settlement=request(world, **fields))

    assert refusal == "settlement_invalid"


@pytest.mark.parametrize(("times", "days"), [(10, 0), (100, 0), (1, 400)])
def test_another_magnitude_or_a_day_before_the_charge_goes_before_a_person(
    world: World, deal: uuid.UUID, times: int, days: int
) -> None:
    issued = charge(world, parts(world, deal)[0]["id"])
    told = paid_item(issued["reference"], 30_000 * times, world.today - days * A_DAY)

    assert record(world, issued["integration_id"], told) == "contradiction"
    assert record(world, issued["integration_id"], told) == "contradiction"

    [case] = world.rpc("supervisor", "payment_queue")["cases"]
    assert (case["kind"], status(world, deal)) == ("contradiction", "awaiting_first_payment")


def test_nobodys_money_does_not_pass_by_the_agreement_of_its_titles(
    world: World, deal: uuid.UUID
) -> None:
    record(world, connect_provider(world), paid_item("nobody's", 3_000, world.today))
    [case] = world.rpc("supervisor", "payment_queue")["cases"]
    [(held,)] = world.run("select id from public.debts").fetchall()

    refusal = world.refused(
        "supervisor",
        "resolve_payment_case",
        case_id=case["id"],
        resolution="assign",
        reason="recibo",
        target={"client_id": str(world.client), "debt_ids": [str(held)]},
    )

    assert refusal == "debt_in_agreement"


@pytest.mark.parametrize("day", ["2999-01-01", "infinity", "-infinity"])
def test_nobody_confirms_a_payment_of_a_day_that_has_not_been(
    world: World, deal: uuid.UUID, day: str
) -> None:
    issued = charge(world, parts(world, deal)[0]["id"])
    silent = {"reference": issued["reference"], "status_text": "Liquidação"}
    assert record(world, issued["integration_id"], silent) == "contradiction"
    [case] = world.rpc("supervisor", "payment_queue")["cases"]

    refusal = world.refused(
        "supervisor",
        "resolve_payment_case",
        case_id=case["id"],
        resolution="assign",
        reason="extrato",
        target={"paid_on": day, "amount_cents": 30_000},
    )

    assert refusal == "target_missing"


def test_on_one_day_the_payment_that_names_its_installment_goes_first(
    world: World, deal: uuid.UUID
) -> None:
    # Their keys sort the other way round.
    at_large, named = str(uuid.UUID(int=1)), str(uuid.UUID(int=2**128 - 1))
    first = str(parts(world, deal)[0]["id"])
    for what in (
        request(world, id=at_large, agreement_id=str(deal)),
        request(world, id=named, installment_id=first, amount_cents=30_000),
    ):
        world.rpc("operator", "settle_manually", settlement=what)
    world.rpc("supervisor", "decide_settlement", settlement_id=named, decision="approve")
    world.rpc("supervisor", "decide_settlement", settlement_id=at_large, decision="approve")

    assert [part["paid_cents"] for part in parts(world, deal)] == [30_000, 30_000, 10_000]
    assert world.rpc("supervisor", "payment_queue")["cases"] == []


def test_the_list_counts_days_as_the_tenant_does_and_money_whatever_became_of_it(
    world: World, deal: uuid.UUID
) -> None:
    # 22:30 of the 9th in São Paulo.
    world.change("agreements", {"id": deal}, created_at="2026-03-10 01:30+00")
    connect_provider(world)
    world.rpc(
        "operator",
        "settle_manually",
        settlement=(asked := request(world, agreement_id=str(deal), amount_cents=90_000)),
    )
    world.rpc("supervisor", "decide_settlement", settlement_id=asked["id"], decision="approve")
    assert status(world, deal) == "settled"

    def found(**filters: str) -> int:
        return len(world.rpc("operator", "list_agreements", filter=filters)["rows"])

    assert (found(created_to="2026-03-09"), found(created_from="2026-03-10")) == (1, 0)
    total = world.rpc("operator", "list_agreements", filter={})["total"]
    assert (total["paid_cents"], total["open_cents"]) == (90_000, 0)


@pytest.mark.parametrize(
    ("who", "function", "arguments", "code"),
    [
        ("operator", "debt_statement", {"debt_ids": [None]}, "debt_not_found"),
        ("operator", "debt_statement", {"on_date": "infinity"}, "field_invalid"),
        ("operator", "debt_statement", {"on_date": "9999-01-01"}, "field_invalid"),
        ("operator", "simulate_agreement", {"first_due_date": "infinity"}, "installments_invalid"),
        ("operator", "simulate_agreement", {"first_due_date": "-infinity"}, "due_date_in_past"),
        ("operator", "simulate_agreement", {"down_payment_cents": -5}, "down_payment_invalid"),
        ("operator", "simulate_agreement", {"due_on": "infinity"}, "down_payment_invalid"),
        ("operator", "simulate_agreement", {"due_on": "tomorrow"}, "down_payment_invalid"),
        ("operator", "list_agreements", {"filter": Jsonb([])}, "filter_invalid"),
        ("supervisor", "decide_agreement", {"decision": None}, "decision_unknown"),
        ("supervisor", "decide_settlement", {"decision": None}, "decision_unknown"),
    ],
)
def test_a_senseless_value_is_refused_by_name(
    world: World, who: str, function: str, arguments: dict[str, Any], code: str
) -> None:
    debt = world.debt(90_000, due=date(2026, 2, 2))
    common: dict[str, dict[str, Any]] = {
        "debt_statement": {"client_id": world.client},
        "simulate_agreement": {"client_id": world.client, "debt_ids": [debt]},
        "decide_agreement": {"agreement_id": uuid.uuid4()},
        "decide_settlement": {"settlement_id": uuid.uuid4()},
    }
    if "due_on" in arguments:
        arguments = {"down_payments": Jsonb([{"amount_cents": 1} | arguments])}

    assert world.refused(who, function, **(common.get(function, {}) | arguments)) == code
