"""Charges at a simulated Negociarie: what leaves us, and what every fault of theirs comes to."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from kit import http
from providers import negociarie
from providers.events import ChargeOutcome, ChargeResult, FailureClass
from tests.simulators import CLIENT_ID, CLIENT_SECRET, NegociarieBank

PAYER = {
    "document": "52998224725", "name": "JOÃO DOS SANTOS", "email": "x@y.com",
    "phone": "+5517999999999", "cep": "14784011", "street": "Avenida Brasil", "number": "100",
    "complement": None, "district": "Centro", "city": "Barretos", "uf": "SP",
}  # fmt: skip
DUE = date(2026, 12, 10)


@dataclasses.dataclass(frozen=True)
class Charge:
    """A row of claim_charges."""

    action: str = "create"
    reference: str = "d0000000-0000-4000-8000-00000000000a"
    provider_group: str | None = None
    method: str = "boleto"
    amount_cents: int = 30_001
    due_on: date = DUE
    payer: Mapping[str, Any] = dataclasses.field(default_factory=lambda: dict(PAYER))
    terms: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: {"fine_percent": 2.0, "interest_percent": 1.0}
    )
    description: str = "Acordo com Banco Ipê, parcela 1 de 3"
    settings: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {"client_id": CLIENT_ID}
    )


def give_up_soon(mood: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing will come, half a second instead of ten; a client made earlier has its ten."""
    if mood["do"] == "hang":
        monkeypatch.setattr(http, "CALL_SECONDS", 0.5)
        http.client().close()
        http._client.cache_clear()


def perform(action: str = "create", **how: Any) -> ChargeResult:
    return negociarie.perform(Charge(action=action, **how), CLIENT_SECRET)


def test_a_boleto_leaves_with_exactly_the_documented_fields(bank: NegociarieBank) -> None:
    assert perform().outcome is ChargeOutcome.DONE
    [charge] = bank.charges()
    assert charge["body"] == {
        "cliente": {
            "documento": "52998224725", "nome": "JOÃO DOS SANTOS", "razao_social": "",
            "cep": "14784-011", "endereco": "Avenida Brasil", "numero": "100", "complemento": "",
            "bairro": "Centro", "cidade": "Barretos", "uf": "SP", "celular": "(17)99999-9999",
            "telefones": ["17999999999"], "email": "x@y.com",
        },
        "id_geral": Charge.reference,
        "parcelas": [
            {
                "id_parcela": Charge.reference, "data_vencimento": "2026-12-10", "valor": 300.01,
                "mensagem": "Acordo com Banco Ipê, parcela 1 de 3",
                "valor_multa": 6.0, "valor_mora_dia": 0.1,
            }
        ],
    }  # fmt: skip


@pytest.mark.parametrize("method", ["pix", "card"])
def test_pix_and_card_leave_in_their_own_shape(bank: NegociarieBank, method: str) -> None:
    result = perform(method=method)
    assert result.outcome is ChargeOutcome.DONE
    assert result.answer["link"]
    assert bool(result.answer["pix_code"]) == (method == "pix")
    [charge] = bank.charges()
    assert charge["method"] == method
    assert charge["body"]["devedor"]["razao_social"] == "JOÃO DOS SANTOS"
    assert charge["body"]["parcelas"][0]["id_parcela"] == Charge.reference


def test_fine_and_interest_leave_in_the_unit_the_tenant_was_told(bank: NegociarieBank) -> None:
    units = {"client_id": CLIENT_ID, "fine_unit": "percent", "interest_unit": "percent"}
    perform(settings=units)
    [part] = bank.charges()[0]["body"]["parcelas"]
    assert (part["valor_multa"], part["valor_mora_dia"]) == (2.0, 0.0333)


def test_what_was_not_agreed_is_not_charged(bank: NegociarieBank) -> None:
    perform(terms={"fine_percent": None, "interest_percent": 0})
    [part] = bank.charges()[0]["body"]["parcelas"]
    assert not part.keys() & {"valor_multa", "valor_mora_dia"}


def test_a_created_charge_is_found_by_its_number_alone(bank: NegociarieBank) -> None:
    perform()
    result = perform("lookup")
    assert result.outcome is ChargeOutcome.FOUND
    assert (result.answer["status_text"], result.answer["amount_cents"]) == ("Em Ser", 30_001)
    assert result.answer["digitable_line"]
    assert perform("lookup", reference="other").outcome is ChargeOutcome.NOT_FOUND


def test_creating_twice_is_never_two_charges(bank: NegociarieBank) -> None:
    perform()
    assert perform().outcome is ChargeOutcome.UNKNOWN
    assert len(bank.charges()) == 1


def test_cancelling_twice_or_what_never_was_is_done(bank: NegociarieBank) -> None:
    perform()
    results = [perform("cancel"), perform("cancel"), perform("cancel", reference="a/b?c")]
    assert {result.outcome for result in results} == {ChargeOutcome.DONE}
    assert bank.charges()[0]["state"] == "cancelled"


def test_the_paid_of_a_day_are_listed_and_of_another_day_not(bank: NegociarieBank) -> None:
    perform()
    bank.pay(Charge.reference, data_pagamento="2026-12-11", valor_pago=310.5)
    settings = {"client_id": CLIENT_ID}
    [item] = negociarie.list_paid(settings, CLIENT_SECRET, date(2026, 12, 11)).items
    assert (item["reference"], item["paid_on"], item["paid_cents"]) == (
        Charge.reference, "2026-12-11", 31_050
    )  # fmt: skip
    assert negociarie.list_paid(settings, CLIENT_SECRET, DUE).items == []


def test_what_a_day_s_list_says_twice_is_numbered(
    bank: NegociarieBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"id_parcela": "a", "data_pagamento": "2026-12-11", "valor_pago": 10.0}
    lines = [line, {**line, "valor_pago": 11.0}, line, {**line, "id_parcela": "b"}, line]
    body = {"qtd_parcelas_pagas": len(lines), "parcelas_pagas": lines}
    bank.misbehave(do="answer", status=200, body=body, on="paid")
    day = negociarie.list_paid({"client_id": CLIENT_ID}, CLIENT_SECRET, DUE)
    assert [item["copy"] for item in day.items] == [1, 1, 2, 1, 3]


@pytest.mark.parametrize(
    "mood",
    [
        {"do": "page"}, {"do": "answer", "status": 500}, {"do": "reset"}, {"do": "hang"},
        {"do": "answer", "status": 200, "body": {"parcelas": []}},
        {"do": "answer", "status": 200, "body": {"qtd_parcelas_pagas": 2, "parcelas_pagas": []}},
    ],
    ids=str,
)  # fmt: skip
def test_a_failed_listing_never_says_nobody_paid(
    bank: NegociarieBank, monkeypatch: pytest.MonkeyPatch, mood: dict[str, Any]
) -> None:
    negociarie.perform(Charge(action="lookup"), CLIENT_SECRET)  # its token is there already
    give_up_soon(mood, monkeypatch)
    bank.misbehave(**mood, on="paid")
    day = negociarie.list_paid({"client_id": CLIENT_ID}, CLIENT_SECRET, DUE)
    assert day.failure is not None


@pytest.mark.parametrize(
    ("mood", "outcome"),
    [
        ({"do": "hang"}, ChargeOutcome.UNKNOWN),
        ({"do": "reset", "accept": True}, ChargeOutcome.UNKNOWN),
        ({"do": "page", "accept": True}, ChargeOutcome.UNKNOWN),
        ({"do": "page", "status": 503}, ChargeOutcome.UNKNOWN),
        ({"do": "answer", "status": 500}, ChargeOutcome.UNKNOWN),
        ({"do": "answer", "status": 422}, ChargeOutcome.FAILED),
        ({"do": "answer", "status": 403}, ChargeOutcome.FAILED),
        ({"do": "answer", "status": 429, "retry_after": 9}, ChargeOutcome.RETRY),
    ],
    ids=str,
)
def test_each_fault_of_a_creation_has_its_one_meaning(
    bank: NegociarieBank,
    monkeypatch: pytest.MonkeyPatch,
    mood: dict[str, Any],
    outcome: ChargeOutcome,
) -> None:
    perform("lookup")
    give_up_soon(mood, monkeypatch)
    bank.misbehave(**mood, on="create")
    assert perform().outcome is outcome


def test_one_login_serves_many_calls(bank: NegociarieBank) -> None:
    for number in range(5):
        perform(reference=f"p-{number}")
    assert bank.calls("login") == 1


def test_a_token_that_ended_early_is_asked_for_once_more_and_the_call_is_made_once(
    bank: NegociarieBank,
) -> None:
    perform("lookup")
    bank.register()  # their side forgot every token
    assert perform().outcome is ChargeOutcome.DONE
    assert (bank.calls("login"), len(bank.charges())) == (2, 1)


def test_a_token_refused_for_ever_is_not_asked_for_for_ever(bank: NegociarieBank) -> None:
    bank.misbehave("answer", on="create", status=401, times=9)
    result = perform()
    assert (result.outcome, result.failure) == (ChargeOutcome.FAILED, FailureClass.CONFIGURATION)
    assert bank.calls("create") == 2


@pytest.mark.parametrize("secret", ["wrong-secret", "", None])
def test_a_wrong_account_is_our_configuration(bank: NegociarieBank, secret: str | None) -> None:
    result = negociarie.perform(Charge(), secret)
    assert (result.outcome, result.failure) == (ChargeOutcome.FAILED, FailureClass.CONFIGURATION)
    assert bank.charges() == []


@pytest.mark.parametrize("how", [{"do": "page"}, {"do": "reset"}, {"do": "answer", "status": 500}])
def test_a_login_that_failed_sent_no_charge(bank: NegociarieBank, how: dict[str, Any]) -> None:
    bank.misbehave(**how, on="login")
    assert perform().outcome is ChargeOutcome.RETRY
    assert bank.calls("create") == 0


def test_the_sixty_first_call_of_a_minute_waits(bank: NegociarieBank) -> None:
    bank.habits(calls_per_minute=1)
    results = [perform("lookup"), perform("lookup")]
    assert (results[1].failure, results[1].retry_after_seconds) == (FailureClass.RATE_LIMITED, 60)
