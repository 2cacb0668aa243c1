"""What one attempt to send comes to, for every way in which Gupshup can answer or fail to."""

import dataclasses
import json
from typing import Any

import pytest

from kit import config, http
from providers import gupshup
from providers.events import FailureClass, MessageStatus, Outcome, SendResult
from tests.simulators import API_KEY, APP, SOURCE, GupshupPhone

TO = "+5511987654321"
SETTINGS = {"app_name": APP, "source": SOURCE}


def lembrete(settings: dict[str, str] = SETTINGS, key: str = API_KEY, to: str = TO) -> SendResult:
    return gupshup.send_template(settings, key, to, "lembrete", ["João", "R$ 150,00"])


def test_a_template_leaves_with_exactly_the_documented_fields(provider: GupshupPhone) -> None:
    result = lembrete()
    [message] = provider.messages(TO)
    assert result == SendResult(Outcome.SUBMITTED, provider_message_id=message["id"])
    template = json.loads(message["form"].pop("template"))
    assert template == {"id": "lembrete", "params": ["João", "R$ 150,00"]}
    assert message["form"] == {
        "channel": "whatsapp",
        "source": SOURCE,
        "destination": "5511987654321",
        "src.name": APP,
    }


def test_free_text_leaves_as_a_session_message(provider: GupshupPhone) -> None:
    assert gupshup.send_text(SETTINGS, API_KEY, TO, "Olá").outcome is Outcome.SUBMITTED
    [message] = provider.messages(TO)
    assert json.loads(message["form"]["message"]) == {"type": "text", "text": "Olá"}
    assert message["form"]["disablePreview"] == "true"


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (SETTINGS, "wrong-key"),
        (SETTINGS | {"app_name": "OutroApp"}, API_KEY),
        (SETTINGS | {"source": "5511000000000"}, API_KEY),
        ({}, API_KEY),
        (SETTINGS, ""),
        (SETTINGS, "chave com acentuação"),
    ],
)
def test_a_wrong_account_is_our_configuration_and_is_not_tried_again(
    provider: GupshupPhone, settings: dict[str, str], key: str
) -> None:
    result = lembrete(settings, key)
    assert (result.outcome, result.failure) == (Outcome.FAILED, FailureClass.CONFIGURATION)
    assert provider.messages() == []


@pytest.mark.parametrize(
    ("mood", "outcome", "failure"),
    [
        ({"do": "answer", "status": 500}, Outcome.RETRY, FailureClass.PROVIDER_UNAVAILABLE),
        ({"do": "answer", "status": 503}, Outcome.RETRY, FailureClass.PROVIDER_UNAVAILABLE),
        ({"do": "answer", "status": 502}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
        ({"do": "answer", "status": 504}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
        ({"do": "reset"}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
        ({"do": "reset", "accept": True}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
        ({"do": "hang"}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
        ({"do": "slow", "accept": True}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
        ({"do": "garbage"}, Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
        (
            {"do": "answer", "status": 400, "body": {"status": "error", "code": 4001}},
            Outcome.RETRY,
            FailureClass.RATE_LIMITED,
        ),
        (
            {"do": "answer", "status": 200, "body": {"status": "error", "code": "1002"}},
            Outcome.FAILED,
            FailureClass.NUMBER_INVALID,
        ),
        (
            {"do": "answer", "status": 400, "body": {"status": "error", "code": 1012}},
            Outcome.FAILED,
            FailureClass.OPTED_OUT,
        ),
        (
            {"do": "answer", "status": 400, "body": {"status": "error", "code": 31337}},
            Outcome.FAILED,
            FailureClass.UNCLASSIFIED,
        ),
    ],
    ids=str,
)
def test_each_fault_has_its_one_meaning(
    provider: GupshupPhone,
    monkeypatch: pytest.MonkeyPatch,
    mood: dict[str, Any],
    outcome: Outcome,
    failure: FailureClass,
) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", 0.6)
    provider.misbehave(**mood)
    result = lembrete()
    assert (result.outcome, result.failure) == (outcome, failure)


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [("7", 7), ("0", 1), ("999999999", 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", 5), ("٣", 5)],
)
def test_a_rate_limit_waits_as_long_as_it_is_told_within_reason(
    retry_after: str, waits: int
) -> None:
    answer = http.Answer(429, {"Retry-After": retry_after}, "Too Many Requests")
    result = gupshup.read_answer(answer)
    assert result.outcome is Outcome.RETRY
    assert (result.failure, result.retry_after_seconds) == (FailureClass.RATE_LIMITED, waits)


def test_sending_too_fast_is_answered_with_a_wait_and_sends_nothing(
    provider: GupshupPhone,
) -> None:
    provider.pace(rate_per_second=1)
    results = [lembrete(), lembrete()]
    assert [result.failure for result in results] == [None, FailureClass.RATE_LIMITED]
    assert results[1].retry_after_seconds == 1
    assert len(provider.messages(TO)) == 1


def test_a_server_that_is_not_there_was_told_nothing(
    provider: GupshupPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dataclasses.replace(config.settings(), simulators_url="http://127.0.0.1:9")
    monkeypatch.setattr(config, "settings", lambda: settings)
    result = lembrete()
    assert (result.outcome, result.failure) == (Outcome.RETRY, FailureClass.PROVIDER_UNAVAILABLE)


def test_submitted_and_success_are_the_same_word() -> None:
    for word in ("submitted", "success"):
        answer = http.Answer(202, {}, json.dumps({"status": word, "messageId": "m-1"}))
        assert gupshup.read_answer(answer) == SendResult(Outcome.SUBMITTED, "m-1")


def test_an_http_success_that_says_error_is_no_success() -> None:
    answer = http.Answer(202, {}, '{"status": "error", "message": "Invalid App Details"}')
    assert gupshup.read_answer(answer).failure is FailureClass.CONFIGURATION


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"status": 1}', "<html>", '{"status":"queued"}'])
def test_no_answer_without_the_word_is_taken_for_a_success(text: str) -> None:
    for status in range(200, 600):
        result = gupshup.read_answer(http.Answer(status, {}, text))
        assert result.outcome is not Outcome.SUBMITTED, status
        assert result.failure in set(FailureClass), status


def test_every_code_of_the_table_has_a_class_and_every_receipt_a_status() -> None:
    assert set(gupshup._FAILURE.values()) <= set(FailureClass)
    assert set(gupshup._STATUS.values()) == set(MessageStatus)
