"""A charge on its way to the provider: made once, found again, taken back, whatever fails."""

from typing import Any

import pytest

from kit import http
from tests.charging import Desk


def test_a_boleto_is_made_and_registered(desk: Desk) -> None:
    reference = desk.ask()
    desk.finish()
    charge = desk.charge(reference)
    assert charge["status"] == "open"
    assert charge["link"]
    assert charge["digitable_line"]
    assert [held["id_parcela"] for held in desk.bank.charges()] == [reference]


def test_a_pix_comes_with_its_code(desk: Desk) -> None:
    reference = desk.ask(method="pix")
    desk.finish()
    assert desk.charge(reference)["pix_code"].startswith("000201")


def test_without_the_jobs_key_nothing_is_drained(desk: Desk) -> None:
    desk.ask()
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        for path in ("/negociarie-charge", "/reconcile-payments"):
            assert desk.functions.post(path, headers=headers).status_code == 401
    assert desk.bank.charges() == []


@pytest.mark.parametrize(
    "mood",
    [
        {"do": "hang"}, {"do": "hang", "accept": True}, {"do": "reset"},
        {"do": "reset", "accept": True}, {"do": "page"}, {"do": "page", "accept": True},
        {"do": "answer", "status": 500, "accept": True}, {"do": "answer", "status": 503},
    ],
    ids=str,
)  # fmt: skip
def test_a_call_without_an_answer_is_looked_up_before_it_is_made_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, mood: dict[str, Any]
) -> None:
    desk.bank.misbehave(**mood, on="create")
    monkeypatch.setattr(http, "CALL_SECONDS", 0.5)
    reference = desk.ask()
    desk.drain()
    assert (desk.charge(reference)["status"], desk.bank.calls("create")) == ("unknown", 1)
    desk.finish()
    assert desk.charge(reference)["status"] == "open"
    assert len(desk.bank.charges()) == 1
    assert desk.bank.calls("create") == (1 if mood.get("accept") else 2)
    assert desk.bank.calls("lookup") >= 1


def test_an_address_the_provider_refuses_is_not_sent_again(desk: Desk) -> None:
    desk.bank.misbehave("answer", status=422, body={"mensagem": "Erro desconhecido"})
    reference = desk.ask()
    desk.finish()
    charge = desk.charge(reference)
    assert (charge["status"], charge["error_code"]) == ("failed", "payer_invalid")
    assert desk.bank.calls("create") == 1


def test_a_charge_that_is_taken_back_is_cancelled_there_also_when_it_is_gone(desk: Desk) -> None:
    references = [desk.ask(number) for number in (1, 2, 3)]
    desk.finish()
    desk.bank.misbehave("answer", on="cancel", status=404)
    desk.bank.misbehave("answer", on="cancel", status=500)
    desk.world.rpc("supervisor", "cancel_agreement", agreement_id=desk.agreement, reason="desistiu")
    desk.finish()
    assert {desk.charge(reference)["status"] for reference in references} == {"cancelled"}


def test_the_minutes_budget_is_never_overdrawn(desk: Desk) -> None:
    desk.world.run("delete from private.call_budgets")
    desk.world.run(
        "insert into private.call_budgets values (%s, clock_timestamp(), 59)", desk.integration
    )
    references = [desk.ask(number) for number in (1, 2, 3)]
    desk.drain()
    desk.drain()
    assert desk.bank.calls("create") + desk.bank.calls("lookup") == 1
    desk.finish()
    assert {desk.charge(reference)["status"] for reference in references} == {"open"}
