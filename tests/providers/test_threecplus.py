"""3C Plus in its own words: two webhook shapes, two ways to write a duration, one odd report."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from kit import http
from local_platform.providers import threecplus_calls as shapes
from providers import threecplus
from providers import threecplus_wire as wire
from providers.events import CallStatus, DialerOutcome, EventKind, FailureClass, ProviderEvent
from providers.threecplus_account import Account, read_answer
from tests.providers.contract import CallbackContract

CALL: dict[str, Any] = {
    "telephony_id": "1727.5", "_id": "66f0aa", "phone": "11987654321",
    "agent": {"id": 77, "name": "A", "extension": 1001}, "mode": "dialer",
    "contact": {"identifier": "contrato-28394", "campaign_id": 123, "list_id": 456,
                "phone": "11987654321", "data": {"Nome": "Fulano"}},
    "campaign": {"id": 123, "name": "Carteira A"}, "at": 1_763_650_000.0,
    "ended_at": 1_763_650_095.0, "status": 7,
    "qualification": {"id": 31, "name": "Promessa de pagamento"},
}  # fmt: skip


class TestThreeCPlusCallbacks(CallbackContract):
    @staticmethod
    def parse(raw: bytes) -> list[ProviderEvent]:
        return threecplus.parse_events(raw)


def events(body: object) -> list[ProviderEvent]:
    return threecplus.parse_events(json.dumps(body).encode())


@pytest.mark.parametrize("shape", ["2024", "2025"])
def test_a_finished_call_is_read_from_either_shape(shape: str) -> None:
    [event] = events(shapes.history(CALL, shape))
    assert (event.kind, event.external_id) == (
        EventKind.CALL_FINISHED, "call-history-was-created:66f0aa",
    )  # fmt: skip
    call = event.payload["call"]
    assert call["number"] == "+5511987654321"
    assert (call["identifier"], call["agent_id"], call["list_id"]) == ("contrato-28394", 77, 456)
    assert (call["status"], call["talk_seconds"]) == (CallStatus.FINISHED, 95)
    assert call["qualification"] == {
        "id": 31, "name": "Promessa de pagamento", "is_unknown": False,
    }  # fmt: skip


def test_agent_zero_is_nobody_and_an_empty_sid_no_id() -> None:
    nobody = CALL | {"agent": {"id": 0, "name": ""}, "_id": ""}
    [event] = events(shapes.history(nobody, "2025"))
    assert "agent_id" not in event.payload["call"]
    assert event.external_id == "call-history-was-created:1727.5"


def test_a_connected_call_without_its_own_id_is_known_by_the_tail_of_the_long_one() -> None:
    body = shapes.connected(CALL)
    del body["call-was-connected"]["call"]["telephony_id"]
    [event] = events(body)
    assert (event.kind, event.payload["call"]["telephony_id"]) == (
        EventKind.CALL_CONNECTED, "1727.5",
    )  # fmt: skip


def test_two_events_in_one_body_are_two() -> None:
    both = shapes.connected(CALL) | shapes.history(CALL, "2025")
    assert {event.kind for event in events(both)} == {
        EventKind.CALL_CONNECTED, EventKind.CALL_FINISHED,
    }  # fmt: skip


def test_the_list_of_calls_says_the_same_in_other_words() -> None:
    told = wire.call_of_history(shapes.listed(CALL), "America/Sao_Paulo")
    [event] = events(shapes.history(CALL, "2025"))
    same = ("external_id", "number", "identifier", "agent_id", "status", "talk_seconds",
            "campaign_id")  # fmt: skip
    assert {name: told[name] for name in same} == {
        name: event.payload["call"][name] for name in same
    }
    # By the record's id alone: the connection's is not among the documented fields.
    assert "telephony_id" not in told
    without_zone = {"call_date": "2026-03-09 12:00:00", "id": "x", "status_id": 5}
    call = wire.call_of_history(without_zone, "America/Manaus")
    assert (call["called_at"], call["status"]) == (
        "2026-03-09T12:00:00-04:00", CallStatus.NOT_ANSWERED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "seconds"), [("01:02:03", 3723), (95, 95), ("95", 95), ("x", None), (None, None)]
)
def test_durations(said: object, seconds: int | None) -> None:
    assert wire.seconds(said) == seconds


@pytest.mark.parametrize(
    ("said", "national"),
    [
        ("5511987654321", "11987654321"), ("+55 (11) 3333-4444", "1133334444"),
        # Area code 55 is Rio Grande do Sul.
        ("55987654321", "55987654321"), ("5533334444", "5533334444"),
        ("5555987654321", "55987654321"), ("123", None), ("0011987654321", None),
    ],
)  # fmt: skip
def test_the_country_is_stripped_only_where_it_is_one(said: str, national: str | None) -> None:
    assert wire.national(said) == national


@pytest.mark.parametrize(
    "detail",
    [
        {"phone": "11987654321", "reason": "blacklist"},
        {"number": "5511987654321", "motivo": "blacklist"},
        {"telefone": "(11) 98765-4321", "type": "blacklist"},
    ],
)
def test_a_report_is_read_whatever_its_inner_names(detail: dict[str, str]) -> None:
    said = {"data": {"imported": {"quantity": 98},
                     "filtered": {"quantity": 1, "details": [detail, None, {"x": 1}]}}}  # fmt: skip
    report = wire.read_report(said)
    assert report == wire.Report(98, [{"phone": "11987654321", "reason": "blacklist"}])


def test_the_csv_is_for_a_machine() -> None:
    contact = SimpleNamespace(
        identifier="id-1", phone="11987654321", name="=HYPERLINK(1);x", amount="1250,00",
        is_wanted=True,
    )  # fmt: skip
    assert wire.csv_file([contact]) == b'id-1;11987654321;"=HYPERLINK(1);x";1250,00\n'
    assert wire.csv_form("Lista")["header[1]"] == "areacodephone"


@pytest.mark.parametrize(
    ("status", "outcome", "failure"),
    [
        (204, DialerOutcome.DONE, None),
        (401, DialerOutcome.FAILED, FailureClass.CONFIGURATION),
        (403, DialerOutcome.FAILED, FailureClass.CONFIGURATION),
        (422, DialerOutcome.FAILED, FailureClass.UNCLASSIFIED),
        (429, DialerOutcome.RETRY, FailureClass.RATE_LIMITED),
        (502, DialerOutcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN),
    ],
)
def test_what_an_answer_means(
    status: int, outcome: DialerOutcome, failure: FailureClass | None
) -> None:
    result, _ = read_answer(http.Answer(status, {}, "" if status == 204 else '{"detail": "x"}'))
    assert (result.outcome, result.failure) == (outcome, failure)


@pytest.mark.parametrize("host", ["", "evil.example", "a.3c.plus.evil.example", "a/b.3c.plus"])
def test_a_token_leaves_for_no_other_host(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> http.Answer:
        raise AssertionError("it was sent")

    monkeypatch.setattr(http, "call_json", never)
    account = Account({"host": host}, "3cs_secret-token")
    assert threecplus.campaigns(account).failure is FailureClass.CONFIGURATION
