"""Charges: one per installment, sent once, looked up when in doubt, taken back for certain."""

from datetime import date

import pytest
from psycopg.types.json import Jsonb

from tests.money.charged import STEPS, Deal
from tests.money.deals import (
    agree,
    connect_provider,
    live,
    paid_item,
    parts,
    settle,
    status,
)
from tests.money.world import World


@pytest.fixture
def deal(world: World) -> Deal:
    return Deal(world)


def test_a_charge_is_asked_for_at_once_and_made_later(deal: Deal) -> None:
    [asked] = deal.ask()
    assert asked["status"] == "queued"
    deal.drain()
    [row] = deal.rows()
    assert (row["status"], row["reference"]) == ("open", str(deal.first))
    assert row["link"] == f"https://pay.example/{deal.first}"
    assert deal.provider.created == [str(deal.first)]


def test_the_worker_is_told_all_it_needs(deal: Deal) -> None:
    deal.ask(method="pix")
    [task] = deal.world.rows("select * from private.claim_charges(10, 60)")
    assert (task["action"], task["method"], task["amount_cents"], task["due_on"]) == (
        "create",
        "pix",
        30_000,
        date(2026, 3, 10),
    )
    assert task["payer"]["cep"] == "01001000"
    assert task["payer"]["phone"].startswith("+55")
    assert task["terms"] == {"fine_percent": 2.0, "interest_percent": 1.0}
    assert "secret" not in str(task["settings"])


def test_two_clicks_and_two_people_are_one_charge(deal: Deal) -> None:
    answers = [deal.ask(), deal.ask(), deal.ask(who="colleague")]
    assert len({answer[0]["charge_id"] for answer in answers}) == 1
    deal.drain()
    assert deal.ask()[0]["charge_id"] == answers[0][0]["charge_id"]
    assert len(deal.provider.created) == 1


def test_twelve_installments_are_asked_for_in_one_request(world: World) -> None:
    connect_provider(world)
    world.debt(120_000)
    agreement = agree(world, installments=12)
    asked = world.rpc(
        "operator",
        "request_charges",
        installment_ids=[part["id"] for part in parts(world, agreement)],
    )
    assert len(asked) == 12
    assert len(world.rows("select * from private.claim_charges(50, 60)")) == 12


def test_the_method_chosen_is_the_method_charged(deal: Deal) -> None:
    deal.ask()
    deal.drain()
    deal.ask(method="pix")
    deal.drain()
    assert [(row["method"], row["status"]) for row in deal.rows()] == [
        ("boleto", "cancelled"),
        ("pix", "open"),
    ]
    assert deal.rows()[1]["reference"] == f"{deal.first}-2"
    assert parts(deal.world, deal.agreement)[0]["method"] == "pix"
    refusal = deal.world.refused(
        "operator", "request_charges", installment_ids=[deal.first], method="card"
    )
    assert refusal == "method_not_offered"


def test_the_address_is_asked_for_before_the_provider_is_called(world: World) -> None:
    connect_provider(world)
    client = world.new_client()
    world.debt(90_000, client=client)
    agreement = agree(world, client_id=client)
    [part] = parts(world, agreement)
    call = {"installment_ids": [part["id"]]}
    assert world.refused("operator", "request_charges", **call) == "address_missing"
    address = {
        "cep": "01001-000",
        "street": "Praça da Sé",
        "number": "1",
        "district": "Sé",
        "city": "São Paulo",
        "uf": "sp",
    }
    broken = address | {"cep": "123"}
    assert (
        world.refused("operator", "save_client_address", client_id=client, address=broken)
        == "address_invalid"
    )
    world.rpc("operator", "save_client_address", client_id=client, address=address)
    assert world.refused("operator", "request_charges", **call) == "phone_missing"
    world.insert(
        "client_phones",
        {
            "tenant_id": world.tenant,
            "client_id": client,
            "phone": "+5511988887777",
            "kind": "mobile",
        },
    )
    assert len(world.rpc("operator", "request_charges", **call)) == 1


def test_without_a_provider_nothing_is_queued(world: World) -> None:
    world.debt(90_000)
    [part] = parts(world, agree(world))
    refusal = world.refused("operator", "request_charges", installment_ids=[part["id"]])
    assert refusal == "provider_not_connected"


@pytest.mark.parametrize("dies_after", STEPS)
def test_a_worker_that_dies_creates_one_charge_all_the_same(deal: Deal, dies_after: str) -> None:
    deal.ask()
    deal.work(stop_after=dies_after)
    deal.drain()
    assert deal.provider.created == [str(deal.first)]
    assert [row["status"] for row in deal.rows()] == ["open"]


@pytest.mark.parametrize("dies_after", STEPS)
def test_a_worker_that_dies_cancels_all_the_same(deal: Deal, dies_after: str) -> None:
    deal.ask()
    deal.drain()
    deal.world.rpc("operator", "cancel_agreement", agreement_id=deal.agreement, reason="x")
    deal.work(stop_after=dies_after)
    deal.drain()
    assert [row["status"] for row in deal.rows()] == ["cancelled"]
    assert deal.provider.held[str(deal.first)]["status_text"] == "Baixado"


def test_an_unknown_outcome_is_looked_up_and_never_sent_again_blindly(deal: Deal) -> None:
    deal.ask()
    [task] = deal.world.rows("select * from private.claim_charges(10, 60)")
    deal.world.one("select private.begin_charge(%s, %s)", task["charge_id"], task["attempt"])
    deal.provider.call(task)  # it arrived; the answer did not
    assert deal.settle(task, "unknown")
    deal.time_passes()
    [again] = deal.world.rows("select * from private.claim_charges(10, 60)")
    assert again["action"] == "lookup"


def test_a_stale_worker_neither_begins_nor_settles(deal: Deal) -> None:
    deal.ask()
    [old] = deal.world.rows("select * from private.claim_charges(10, 60)")
    deal.time_passes()
    [new] = deal.world.rows("select * from private.claim_charges(10, 60)")
    begin = "select private.begin_charge(%s, %s)"
    assert deal.world.one(begin, old["charge_id"], old["attempt"]) is False
    assert deal.world.one(begin, new["charge_id"], new["attempt"]) is True
    assert deal.world.one(begin, new["charge_id"], new["attempt"]) is False
    assert deal.settle(old, "failed") is False
    assert deal.settle(new, "done") is True
    assert deal.settle(new, "failed") is False


def test_a_charge_nobody_wants_any_more_is_not_begun(deal: Deal) -> None:
    deal.ask()
    [task] = deal.world.rows("select * from private.claim_charges(10, 60)")
    deal.world.rpc("operator", "cancel_agreement", agreement_id=deal.agreement, reason="x")
    begun = deal.world.one(
        "select private.begin_charge(%s, %s)", task["charge_id"], task["attempt"]
    )
    assert begun is False
    deal.drain()
    assert deal.provider.created == []
    assert [row["status"] for row in deal.rows()] == ["cancelled"]


def test_a_refusal_is_shown_and_mended_by_a_person(deal: Deal) -> None:
    deal.ask()
    deal.work(answer="failed", code="payer_invalid", detail="422 CEP inválido")
    [row] = deal.rows()
    assert (row["status"], row["error_code"]) == ("failed", "payer_invalid")
    assert "charge_failed" in deal.events()
    deal.world.rpc("operator", "retry_charge", charge_id=row["id"])
    deal.drain()
    assert [row["status"] for row in deal.rows()] == ["open"]
    assert len(deal.provider.created) == 1
    refusal = deal.world.refused("operator", "retry_charge", charge_id=row["id"])
    assert refusal == "charge_not_failed"


def test_what_failed_after_it_was_sent_is_looked_up_before_another_is_made(deal: Deal) -> None:
    deal.ask()
    [task] = deal.world.rows("select * from private.claim_charges(10, 60)")
    deal.world.one("select private.begin_charge(%s, %s)", task["charge_id"], task["attempt"])
    deal.provider.call(task)
    deal.settle(task, "failed", code="unclassified")
    deal.ask()
    deal.drain()
    assert deal.provider.created == [str(deal.first)]
    assert [(row["sequence"], row["status"]) for row in deal.rows()] == [(1, "open")]


def test_a_provider_that_is_down_is_asked_again_and_at_last_somebody_is_told(deal: Deal) -> None:
    deal.ask()
    for _ in range(8):
        deal.time_passes()
        deal.work(answer="retry", code="provider_unavailable")
    assert [(row["status"], row["error_code"]) for row in deal.rows()] == [
        ("failed", "provider_unavailable")
    ]
    assert (
        deal.world.one(
            "select count(*) from public.notifications where kind = 'charge_failed'"
            " and user_id = %s",
            deal.world.people["operator"],
        )
        == 1
    )


def test_too_many_requests_cost_no_attempt(deal: Deal) -> None:
    deal.ask()
    for _ in range(12):
        deal.time_passes()
        deal.work(answer="retry", code="rate_limited")
    assert [row["status"] for row in deal.rows()] == ["queued"]
    deal.drain()
    assert [row["status"] for row in deal.rows()] == ["open"]


def test_no_more_than_sixty_calls_a_minute_per_account(deal: Deal) -> None:
    take = "select private.take_calls(%s, %s)"
    assert deal.world.one(take, deal.integration, 59) == 59
    assert deal.world.one(take, deal.integration, 5) == 1
    deal.ask()
    assert deal.world.rows("select * from private.claim_charges(10, 60)") == []
    deal.drain()
    assert [row["status"] for row in deal.rows()] == ["open"]


def test_cancelling_an_installment_makes_its_boleto_unpayable_first(deal: Deal) -> None:
    deal.ask()
    deal.drain()
    answer = deal.world.rpc(
        "supervisor", "cancel_installment", installment_id=deal.first, reason="cobrada a mais"
    )
    assert answer["status"] == "cancelling"
    assert parts(deal.world, deal.agreement)[0]["status"] == "open"
    deal.drain()
    assert parts(deal.world, deal.agreement)[0]["status"] == "cancelled"
    assert deal.provider.held[str(deal.first)]["status_text"] == "Baixado"


def test_or_it_says_that_it_could_not(deal: Deal) -> None:
    deal.ask()
    deal.drain()
    deal.world.rpc(
        "supervisor", "cancel_installment", installment_id=deal.first, reason="cobrada a mais"
    )
    deal.work(answer="failed", code="unclassified")
    first = parts(deal.world, deal.agreement)[0]
    assert (first["status"], first["cancelling_reason"]) == ("open", None)
    assert "installment_not_cancelled" in deal.events()
    assert [(row["status"], row["is_wanted"]) for row in deal.rows()] == [("open", True)]


def test_an_installment_without_a_charge_is_cancelled_at_once(deal: Deal) -> None:
    call = {"installment_id": deal.first, "reason": "cobrada a mais"}
    assert deal.world.refused("operator", "cancel_installment", **call) == "not_allowed"
    answer = deal.world.rpc("supervisor", "cancel_installment", **call)
    assert answer["status"] == "cancelled"
    for part in parts(deal.world, deal.agreement)[1:]:
        settle(deal.world, {"installment_id": part["id"]}, part["amount_cents"])
    assert status(deal.world, deal.agreement) == "settled"


def test_the_last_installment_is_not_cancelled_alone(deal: Deal) -> None:
    first, second, third = (part["id"] for part in parts(deal.world, deal.agreement))
    for part in (first, second):
        deal.world.rpc("supervisor", "cancel_installment", installment_id=part, reason="x")
    refusal = deal.world.refused(
        "supervisor", "cancel_installment", installment_id=third, reason="x"
    )
    assert refusal == "last_installment"


def test_a_payment_that_overtakes_the_cancellation_is_kept(deal: Deal) -> None:
    deal.ask()
    deal.drain()
    deal.world.rpc(
        "supervisor", "cancel_installment", installment_id=deal.first, reason="cobrada a mais"
    )
    deal.provider.held[str(deal.first)] |= paid_item(str(deal.first), 30_000, deal.world.today)
    [row] = deal.rows()
    deal.world.rpc("operator", "refresh_charge", charge_id=row["id"])
    [task] = deal.world.rows("select * from private.claim_charges(10, 60)")
    assert task["action"] == "cancel"
    deal.world.one("select private.begin_charge(%s, %s)", task["charge_id"], task["attempt"])
    deal.world.one(
        "select private.record_payment_event(%s, 'sweep', %s)",
        deal.integration,
        Jsonb(deal.provider.held[str(deal.first)]),
    )
    deal.settle(task, "done")
    assert deal.rows()[0]["status"] == "paid"
    assert parts(deal.world, deal.agreement)[0]["status"] == "paid"


def test_paying_by_hand_takes_the_open_charge_back(deal: Deal) -> None:
    deal.ask()
    deal.drain()
    settle(deal.world, {"installment_id": deal.first}, 30_000)
    deal.drain()
    assert [row["status"] for row in deal.rows()] == ["cancelled"]
    assert deal.provider.cancelled == [str(deal.first)]


def test_another_day_takes_the_old_link_back_and_makes_a_new_one(deal: Deal) -> None:
    deal.ask()
    deal.drain()
    deal.world.rpc(
        "supervisor",
        "reschedule_installment",
        installment_id=deal.first,
        due_on=date(2026, 3, 20),
        reason="recebe dia 20",
    )
    deal.drain()
    assert [(row["due_on"], row["status"]) for row in deal.rows()] == [
        (date(2026, 3, 10), "cancelled"),
        (date(2026, 3, 20), "open"),
    ]


def test_a_charge_the_provider_took_back_by_itself_is_told(deal: Deal) -> None:
    deal.ask()
    deal.drain()
    deal.provider.held[str(deal.first)]["status_text"] = "Baixa"
    deal.world.rpc("operator", "refresh_charge", charge_id=deal.rows()[0]["id"])
    deal.drain()
    assert [(row["status"], row["is_wanted"]) for row in deal.rows()] == [("cancelled", False)]
    assert "charge_cancelled_by_provider" in deal.events()


def test_the_boleto_of_a_lapsed_agreement_is_unpayable(deal: Deal) -> None:
    deal.ask()
    deal.drain()
    live(deal.world, 15)
    for (day,) in deal.world.run("select day from private.reconciliation_days(1)").fetchall():
        deal.world.run(
            "select private.finish_reconciliation( private.begin_reconciliation(%s, %s), 0, 0, 0)",
            deal.integration,
            day,
        )
    live(deal.world, 1)
    assert status(deal.world, deal.agreement) == "lapsed"
    deal.drain()
    assert [row["status"] for row in deal.rows()] == ["cancelled"]


def test_nobody_charges_in_another_agency(deal: Deal) -> None:
    other = World(deal.world.connection, "Outra")
    connect_provider(other)
    admin = other.people["admin"]
    refusal = other.refused(admin, "request_charges", installment_ids=[deal.first])
    assert refusal == "installment_not_found"
    [asked] = deal.ask()
    refusal = other.refused(admin, "refresh_charge", charge_id=asked["charge_id"])
    assert refusal == "charge_not_found"


def test_a_charge_left_in_the_queue_wakes_the_worker_again(deal: Deal) -> None:
    for name, secret in (("functions_url", "http://127.0.0.1:1/functions/v1"), ("jobs_key", "k")):
        deal.world.run("select private.put_secret(%s, %s)", name, secret)
    deal.ask()
    called = "select count(*) from net.http_request_queue"
    before = deal.world.one(called)
    deal.world.run("select private.sweep_charges()")
    assert deal.world.one(called) == before + 1
    deal.drain()
    deal.world.run("delete from net.http_request_queue")
    deal.world.run("select private.sweep_charges()")
    assert deal.world.one(called) == 0
