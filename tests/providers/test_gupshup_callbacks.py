"""Callbacks as Gupshup really sends them, field by field (payloads/gupshup)."""

import json
from pathlib import Path
from typing import Any

import pytest

from providers import gupshup
from providers.events import EventKind
from tests.providers.contract import CallbackContract

PAYLOADS = Path(__file__).with_name("payloads") / "gupshup"
GS_ID = "6a1f8f0e-8c55-4d0b-9d3b-2f6f6a0c1b11"
WAMID = "wamid.HBgNNTUxMTk4NzY1NDMyMRUCABEYEkQ2"


class TestCallbacks(CallbackContract):
    parse = staticmethod(gupshup.parse_events)


def told(name: str) -> Any:
    [event] = gupshup.parse_events((PAYLOADS / f"{name}.json").read_bytes())
    return event


@pytest.mark.parametrize(
    ("name", "status", "provider_message_id", "wamid"),
    [
        ("message_enqueued", "submitted", GS_ID, WAMID),
        ("message_sent", "sent", GS_ID, WAMID),
        ("message_delivered", "delivered", GS_ID, WAMID),
        ("message_read", "read", GS_ID, WAMID),
        ("message_read_after_a_week", "read", None, WAMID),
        ("message_failed_at_once", "failed", GS_ID, None),
        ("message_failed_later", "failed", GS_ID, WAMID),
        ("v3_delivered", "delivered", GS_ID, WAMID),
        ("v3_failed", "failed", GS_ID, WAMID),
    ],
)
def test_a_receipt_names_the_message_by_the_right_id(
    name: str, status: str, provider_message_id: str | None, wamid: str | None
) -> None:
    event = told(name)
    assert event.kind is EventKind.MESSAGE_STATUS
    message = event.payload["message"]
    assert (message["status"], message["provider_message_id"], message["wamid"]) == (
        status,
        provider_message_id,
        wamid,
    )
    assert message["destination"] == "5511987654321"


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("message_failed_at_once", "number_invalid"),
        ("message_failed_later", "policy"),
        ("message_failed_unknown_code", "unclassified"),
        ("v3_failed", "number_invalid"),
    ],
)
def test_a_failure_says_why_in_our_words_and_keeps_theirs(name: str, failure: str) -> None:
    message = told(name).payload["message"]
    assert message["error_code"] == failure
    assert message["error_detail"].split()[0].isdigit()


def test_seconds_inside_and_milliseconds_outside_are_told_apart() -> None:
    assert told("message_sent").payload["message"]["at"] == "2025-11-22T13:00:01+00:00"
    assert told("message_enqueued").payload["message"]["at"] == "2025-11-22T13:00:00.123000+00:00"
    assert told("v3_failed").payload["message"]["at"] == "2025-11-22T13:00:02+00:00"


def test_an_answer_is_read_with_what_it_replies_to() -> None:
    event = told("inbound_text")
    assert event.kind is EventKind.MESSAGE_RECEIVED
    assert event.payload["inbound"] == {
        "wamid": WAMID + "IN",
        "phone": "5511987654321",
        "wa_id": "5511987654321",
        "user_id": "BR.1",
        "account": "DemoCobrancas",
        "name": "João",
        "type": "text",
        "text": "já paguei",
        "media": None,
        "media_url": None,
        "replies_to": GS_ID,
        "at": "2025-11-22T13:00:00.123000+00:00",
    }


def test_a_button_and_an_image_carry_their_words() -> None:
    assert told("inbound_button").payload["inbound"]["text"] == "Quero negociar"
    image = told("inbound_image").payload["inbound"]
    assert (image["text"], image["media_url"][:8]) == ("comprovante", "https://")


def test_an_answer_without_a_phone_is_not_refused() -> None:
    event = told("inbound_without_phone")
    assert event.kind is EventKind.MESSAGE_RECEIVED
    assert event.payload["inbound"]["phone"] is None
    assert event.payload["inbound"]["user_id"] == "BR.1234567890"


@pytest.mark.parametrize("state", ["opted_out", "opted_in"])
def test_consent_is_told_by_phone(state: str) -> None:
    event = told(f"user_{state}")
    assert event.kind is EventKind.CONSENT_CHANGED
    consent = event.payload["consent"]
    assert (consent["phone"], consent["state"]) == ("5511987654321", state)


@pytest.mark.parametrize(
    "name", ["billing", "template_event", "message_deleted", "sandbox_start", "v3_set_callback"]
)
def test_events_that_change_no_message_are_kept_whole(name: str) -> None:
    event = told(name)
    assert event.kind is EventKind.OTHER
    assert event.payload == {"raw": json.loads((PAYLOADS / f"{name}.json").read_bytes())}


def test_a_receipt_repeated_in_another_envelope_is_the_same_event() -> None:
    body = json.loads((PAYLOADS / "message_read.json").read_bytes())
    again = body | {"timestamp": body["timestamp"] + 5_000}
    ids = {gupshup.parse_events(json.dumps(b).encode())[0].external_id for b in (body, again)}
    assert len(ids) == 1


def test_two_statuses_of_one_message_are_not_the_same_event() -> None:
    names = ["message_enqueued", "message_sent", "message_delivered", "message_read"]
    assert len({told(name).external_id for name in names}) == 4


def test_a_v3_body_with_two_statuses_is_two_events() -> None:
    body = json.loads((PAYLOADS / "v3_delivered.json").read_bytes())
    statuses = body["entry"][0]["changes"][0]["value"]["statuses"]
    statuses.append(statuses[0] | {"status": "read"})
    kinds = [event.external_id for event in gupshup.parse_events(json.dumps(body).encode())]
    assert kinds == [f"delivered:{GS_ID}", f"read:{GS_ID}"]
