"""Webhooks as Meta documents them, field by field (payloads/meta), and their signature."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import gupshup, meta
from providers.events import EventKind
from tests.providers.contract import CallbackContract

PAYLOADS = Path(__file__).with_name("payloads") / "meta"
WAMID = "wamid.HBgNNTUxMTk4NzY1NDMyMRUCABEYEkQ2"
NUMBER = "106540352242922"


class TestCallbacks(CallbackContract):
    parse = staticmethod(meta.parse_events)


def raw(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def told(name: str) -> Any:
    [event] = meta.parse_events(raw(name))
    return event


@pytest.mark.parametrize("status", ["sent", "delivered", "read", "failed"])
def test_a_receipt_names_message_number_and_moment(status: str) -> None:
    event = told(f"message_{status}")
    message = event.payload["message"]
    assert event.kind is EventKind.MESSAGE_STATUS
    assert (message["status"], message["wamid"], message["account"]) == (status, WAMID, NUMBER)
    assert (message["destination"], message["at"]) == ("5511987654321", "2025-11-22T13:00:01+00:00")


def test_what_we_gave_along_comes_back() -> None:
    message = told("message_read").payload["message"]
    assert message["reference"] == "0d9c5e3a-6f61-4a8f-9a35-6b9c2f1b7a10"


@pytest.mark.parametrize(
    ("name", "failure"),
    [("message_failed", "number_invalid"), ("message_failed_unknown_code", "unclassified")],
)
def test_a_failure_says_why_in_our_words_and_keeps_theirs(name: str, failure: str) -> None:
    message = told(name).payload["message"]
    assert message["error_code"] == failure
    assert message["error_detail"].split()[0].isdigit()


def test_an_answer_is_read_with_who_wrote_and_what_it_replies_to() -> None:
    assert told("inbound_text").payload["inbound"] == {
        "wamid": WAMID + "IN",
        "phone": "5511987654321",
        "wa_id": "5511987654321",
        "user_id": "BR.1502576394655843",
        "name": "João",
        "type": "text",
        "text": "já paguei",
        "media": None,
        "media_url": None,
        "replies_to": WAMID,
        "account": NUMBER,
        "at": "2025-11-22T13:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("inbound_button", "Quero negociar"),
        ("inbound_interactive", "Segunda via"),
        ("inbound_image", "comprovante"),
        ("inbound_unsupported", None),
    ],
)
def test_every_kind_of_answer_carries_its_words(name: str, words: str | None) -> None:
    assert told(name).payload["inbound"]["text"] == words


def test_a_picture_keeps_what_it_takes_to_fetch_it() -> None:
    media = told("inbound_image").payload["inbound"]["media"]
    assert (media["type"], media["provider_media_id"]) == ("image", "2754859441498128")


def test_a_person_with_a_user_name_may_have_no_number() -> None:
    inbound = told("inbound_without_phone").payload["inbound"]
    assert (inbound["phone"], inbound["wa_id"]) == (None, None)
    assert inbound["user_id"] == "BR.1502576394655843"


def test_a_template_that_was_paused_says_so() -> None:
    event = told("template_paused")
    assert event.kind is EventKind.TEMPLATE_CHANGED
    assert event.payload["template"]["status"] == "PAUSED"


@pytest.mark.parametrize("name", ["account_update", "value_errors"])
def test_events_that_change_no_message_are_kept_whole(name: str) -> None:
    event = told(name)
    assert event.kind is EventKind.OTHER
    assert event.payload == {"raw": json.loads(raw(name))}


def test_one_body_may_hold_several_facts() -> None:
    body = json.loads(raw("message_sent"))
    body["entry"] += json.loads(raw("inbound_text"))["entry"]
    kinds = [event.kind for event in meta.parse_events(json.dumps(body).encode())]
    assert kinds == [EventKind.MESSAGE_STATUS, EventKind.MESSAGE_RECEIVED]


def test_the_same_envelope_passed_on_by_gupshup_says_the_same() -> None:
    body = json.loads(raw("inbound_text")) | {"gs_app_id": "app-1"}
    [event] = gupshup.parse_events(json.dumps(body).encode())
    assert event.payload["inbound"] == told("inbound_text").payload["inbound"]


@given(body=st.binary(max_size=200), secret=st.text(st.characters(codec="utf-8"), min_size=1))
def test_only_the_app_secret_signs(body: bytes, secret: str) -> None:
    right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert meta.is_signed(body, right, secret)
    assert not meta.is_signed(body + b" ", right, secret)
    for wrong in (None, "", right[:-1], right.removeprefix("sha256="), "sha256=", "ä"):
        assert not meta.is_signed(body, wrong, secret)
    assert not meta.is_signed(body, right, None)
    assert not meta.is_signed(body, right, "")


@pytest.mark.parametrize("happened", ["user_changed_number", "user_id_update"])
@pytest.mark.parametrize("number", [{}, {"wa_id": "5511988887777"}])
def test_a_notice_of_whatsapp_is_no_answer_of_the_person(
    happened: str, number: dict[str, str]
) -> None:
    body = json.loads(raw("inbound_text"))
    [message] = body["entry"][0]["changes"][0]["value"]["messages"]
    del message["text"]
    message |= {"type": "system", "system": {"type": happened, "body": "João mudou"} | number}
    [event] = meta.parse_events(json.dumps(body).encode())
    if number and happened == "user_changed_number":
        inbound = event.payload["inbound"]
        assert (inbound["phone"], inbound["moved_to"]) == (message["from"], "5511988887777")
        assert not {"text", "at", "media"} & inbound.keys()
    else:
        assert event.kind is EventKind.OTHER
        assert event.payload == {"raw": body}
