"""What Negociarie's answers and callbacks mean, from the published ones to the hostile ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import config, http
from providers import negociarie
from providers import negociarie_wire as wire
from providers.events import ChargeOutcome, EventKind, FailureClass, ProviderEvent
from tests.providers.contract import CallbackContract

GOLDEN = Path(__file__).parent / "payloads" / "negociarie"
PAGE = "<html><body>502 Bad Gateway</body></html>"


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production: no simulator, so only addresses with a certificate count."""
    names = ("FUNCTIONS_DATABASE_URL", "JOBS_KEY", "SUPABASE_JWT_SECRET")
    settings = config.read(dict.fromkeys(names, "unused"))
    monkeypatch.setattr(config, "settings", lambda: settings)


def golden(name: str, status: int = 200) -> http.Answer:
    return http.Answer(status, {}, (GOLDEN / f"{name}.json").read_text())


def parse(raw: bytes) -> list[ProviderEvent]:
    return [negociarie.parse_callback(raw).event]


class TestCallbacks(CallbackContract):
    parse = staticmethod(parse)


def test_a_created_boleto_comes_with_its_link_and_the_providers_group() -> None:
    result = negociarie.read_created(golden("created_boleto"), "8723")
    assert result.outcome is ChargeOutcome.DONE
    assert result.answer == {
        "link": "https://sistema.example/boleto-8723.pdf",
        "pdf_url": "https://sistema.example/boletos-55.pdf",
        "digitable_line": None,
        "pix_code": None,
        "provider_group": "55",
    }


def test_a_created_pix_comes_with_its_code() -> None:
    result = negociarie.read_created(golden("created_pix"), "8723")
    assert result.outcome is ChargeOutcome.DONE
    assert str(result.answer["pix_code"]).startswith("000201")


def test_a_success_about_another_parcel_is_no_success() -> None:
    result = negociarie.read_created(golden("created_boleto"), "8724")
    assert (result.outcome, result.failure) == (
        ChargeOutcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "{}", "[]", PAGE, '{"mensagem":"ok"}', '{"sucesso":1}'])
def test_no_answer_without_a_parcel_or_a_link_is_taken_for_a_creation(text: str) -> None:
    for status in range(200, 600):
        result = negociarie.read_created(http.Answer(status, {}, text), "8723")
        assert result.outcome is not ChargeOutcome.DONE
        assert result.failure in set(FailureClass)


@pytest.mark.parametrize("status", [200, 201, 404, 408, 500, 502, 503, 504])
def test_a_page_instead_of_an_answer_leaves_the_creation_unknown(status: int) -> None:
    result = negociarie.read_created(http.Answer(status, {}, PAGE), "8723")
    assert result.outcome is ChargeOutcome.UNKNOWN


def test_an_invalid_payer_is_not_asked_for_again() -> None:
    for name, status in (("refused_document", 400), ("refused_unknown_error", 422)):
        result = negociarie.read_created(golden(name, status), "8723")
        assert (result.outcome, result.failure) == (
            ChargeOutcome.FAILED, FailureClass.PAYER_INVALID
        )  # fmt: skip
    assert "CEP não encontrado" in (result.detail or "")


def test_a_number_that_is_already_there_is_looked_up_and_not_given_up() -> None:
    said = '{"mensagem": "id_parcela já existe", "sucesso": 0}'
    for status in (200, 400, 406, 422):
        result = negociarie.read_created(http.Answer(status, {}, said), "8723")
        assert result.outcome is ChargeOutcome.UNKNOWN


def test_a_rate_limit_waits_for_the_next_minute_unless_told() -> None:
    for headers, waits in (({}, 60), ({"Retry-After": "7"}, 7), ({"Retry-After": "9" * 9}, 3600)):
        result = negociarie.read_created(http.Answer(429, headers, PAGE), "8723")
        assert (result.outcome, result.failure, result.retry_after_seconds) == (
            ChargeOutcome.RETRY, FailureClass.RATE_LIMITED, waits
        )  # fmt: skip


def test_a_charge_is_found_by_our_number_among_others() -> None:
    result = negociarie.read_found(golden("consult"), "8723")
    assert result.outcome is ChargeOutcome.FOUND
    assert result.answer["status_text"] == "EM ABERTO"
    assert (result.answer["paid_on"], result.answer["paid_cents"]) == (None, 0)


def test_the_line_with_two_statuses_keeps_its_code_and_its_words() -> None:
    result = negociarie.read_found(golden("consult"), "8724")
    assert (result.answer["status_code"], result.answer["status_text"]) == ("800", "PAGA")
    assert (result.answer["paid_on"], result.answer["paid_cents"]) == ("2026-12-12", 10_300)
    assert (result.answer["interest_cents"], result.answer["fine_cents"]) == (200, 100)


def test_two_words_that_contradict_each_other_are_both_kept() -> None:
    text = '{"parcelas": [{"id_parcela": "1", "status": "PAGA", "status": "EM ABERTO"}]}'
    result = negociarie.read_found(http.Answer(200, {}, text), "1")
    assert result.answer["status_text"] == "PAGA / EM ABERTO"


def test_only_the_providers_own_words_say_that_a_charge_is_not_there() -> None:
    for status in (200, 404):
        result = negociarie.read_found(golden("consult_missing", status), "8723")
        assert result.outcome is ChargeOutcome.NOT_FOUND


@pytest.mark.parametrize("status", [200, 301, 400, 404, 422, 429, 500, 503])
@pytest.mark.parametrize("text", ["", PAGE, "{}", '{"parcelas": [{"id_parcela": "other"}]}'])
def test_a_failed_look_up_never_says_not_there(status: int, text: str) -> None:
    result = negociarie.read_found(http.Answer(status, {}, text), "8723")
    assert result.outcome is ChargeOutcome.RETRY


def test_a_charge_that_is_already_gone_is_cancelled() -> None:
    for status, text in ((404, "{}"), (404, PAGE), (204, ""), (200, '{"sucesso": 1}')):
        result = negociarie.read_cancelled(http.Answer(status, {}, text), "8723")
        assert result.outcome is ChargeOutcome.DONE


def test_a_cancellation_that_was_not_confirmed_is_not_believed() -> None:
    for status, text in ((200, PAGE), (500, PAGE), (200, '{"sucesso": 0}'), (409, "{}")):
        result = negociarie.read_cancelled(http.Answer(status, {}, text), "8723")
        assert result.outcome is not ChargeOutcome.DONE


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://evil.example/x", "https://a\nb", "//x", 7, None, "x"]
)
def test_what_is_no_web_page_with_a_certificate_is_no_link(link: object) -> None:
    line = wire.read_line({"id_parcela": "1", "link": link})
    assert line is not None
    assert line["link"] is None


@pytest.mark.parametrize(
    ("told", "cents"),
    [
        ("100.90", 10_090), ("100,90", 10_090), ("1.234,56", 123_456), (0, 0), (103, 10_300),
        ("0.1", 10), ("", None), (None, None), (True, None), ("12,345", None), ("-1", None),
        ("NaN", None), ("1e999999999", None), ("R$ 5", None), ([], None), ({}, None),
    ],
)  # fmt: skip
def test_an_amount_is_exact_or_nothing(told: object, cents: int | None) -> None:
    assert wire.cents(told) == cents


@given(st.integers(0, 10**12))
def test_every_amount_survives_the_way_there_and_back(cents: int) -> None:
    line = wire.json_object(json.dumps({"valor": wire.reais(cents)}))
    assert wire.cents(line["valor"]) == cents


@pytest.mark.parametrize("day", ["0000-00-00", "", None, "12/12/2026", "2026-02-30", 20261212, []])
def test_what_is_no_date_is_no_payment_day(day: object) -> None:
    line = wire.read_line({"id_parcela": "1", "data_pagamento": day})
    assert line is not None
    assert line["paid_on"] is None


def test_a_callback_names_its_charges_and_keeps_no_token() -> None:
    callback = negociarie.parse_callback((GOLDEN / "callback.json").read_bytes())
    assert callback.token == "5b3b5b0a3a1f0c7e3f8f8f1d1a2c3e4d5f6a7b8c"
    assert callback.event.kind is EventKind.CHARGE_CHANGED
    assert callback.event.payload["charge"] == {"references": ["8723"]}
    assert callback.token not in json.dumps(callback.event.payload)


def test_a_callback_without_a_readable_charge_is_about_none() -> None:
    unreadable: list[Any] = [None, [], {}, "x", [None], [{"id_parcela": ""}]]
    for lines in [*unreadable, [{"id_parcela": "x" * 300}]]:
        callback = negociarie.parse_callback(json.dumps({"parcelas": lines}).encode())
        assert (callback.token, callback.event.kind) == ("", EventKind.OTHER)
