"""A refused number is tried once in its other form, whatever sent the message."""

import re
import uuid
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.automation import TENANT
from tests.messaging.rig import Rig
from tests.messaging.test_conversations import hear, phone_of
from tests.simulators import APP

WaitUntil = Any
INVALID = {"status": "error", "message": "Number is not on WhatsApp", "code": 1002}
mobiles = st.from_regex(r"\+55[1-9][1-9]9[6-9][0-9]{7}", fullmatch=True)


def refuse(rig: Rig, phone: str, times: int = 1) -> None:
    rig.gupshup.misbehave(
        "answer", status=400, body=INVALID, phone=phone.removeprefix("+"), times=times
    )


def short(phone: str) -> str:
    return phone[:5] + phone[6:] if phone.startswith("+") else phone[:4] + phone[5:]


def taken(rig: Rig) -> list[str]:
    return [m["phone"] for m in rig.gupshup.messages() if m["direction"] == "in"]


@pytest.mark.parametrize(
    ("phone", "other"),
    [
        ("+5551987654321", "+555187654321"),
        ("+555187654321", "+5551987654321"),
        ("+551134567890", None),
        ("+14155550100", None),
        ("+551187654", None),
    ],
)
def test_a_mobile_has_two_forms_and_nothing_else_has(
    rig: Rig, phone: str, other: str | None
) -> None:
    assert rig.one("select private.other_form(%s)", phone) == other


def test_the_other_form_of_the_other_form_is_the_number(rig: Rig) -> None:
    @settings(max_examples=50, deadline=None)
    @given(mobiles)
    def holds(phone: str) -> None:
        other = rig.one("select private.other_form(%s)", phone)
        assert rig.one("select private.other_form(%s)", other) == phone
        assert rig.one("select private.phone_match(%s) = private.phone_match(%s)", phone, other)

    holds()


def talk_with(rig: Rig, wait_until: WaitUntil, client: uuid.UUID) -> uuid.UUID:
    rig.gupshup.reply(APP, phone_of(rig, client), "oi")
    found: uuid.UUID = hear(rig, wait_until, 1)[0]["conversation_id"]
    return found


def test_a_chat_message_goes_out_once_in_the_other_form_and_that_is_remembered(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    rig.gupshup.receipts(drop=["enqueued", "sent", "delivered", "read"])
    [client] = rig.people(1)
    phone = phone_of(rig, client)
    talk = talk_with(rig, wait_until, client)
    refuse(rig, phone)
    send = "select public.send_chat_message(%s, %s, %s)"
    rig.ask(send, talk, uuid.uuid4(), "primeira")
    for _ in range(3):
        rig.drain("send-message")
    assert taken(rig) == [short(phone)]
    shown = rig.ask("select public.conversation_page(%s)", talk)["items"]
    assert [item["body"] for item in shown] == ["primeira", "oi"]
    assert rig.one(
        "select has_whatsapp from public.client_phones where client_id = %s", client
    ) is not False  # fmt: skip
    rig.ask(send, talk, uuid.uuid4(), "segunda")
    rig.drain("send-message")
    assert taken(rig) == [short(phone)] * 2


def test_a_number_refused_in_both_forms_is_given_up_after_two_tries(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    phone = phone_of(rig, client)
    talk = talk_with(rig, wait_until, client)
    refuse(rig, phone, times=5)
    refuse(rig, short(phone), times=5)
    rig.ask("select public.send_chat_message(%s, %s, 'oi')", talk, uuid.uuid4())
    before = rig.gupshup.calls()
    for _ in range(4):
        rig.drain("send-message")
    assert rig.gupshup.calls() - before == 2
    assert taken(rig) == []
    states = rig.rows(
        "select status::text, error_code from public.message_logs where direction = 'out'"
    )
    assert [tuple(row.values()) for row in states] == [("failed", "number_invalid")] * 2
    assert rig.one(
        "select has_whatsapp from public.client_phones where client_id = %s", client
    ) is False  # fmt: skip


def test_a_refusal_that_comes_later_by_receipt_is_the_same(rig: Rig, wait_until: WaitUntil) -> None:
    rig.listen()
    [client] = rig.people(1)
    phone = phone_of(rig, client)
    talk = talk_with(rig, wait_until, client)
    fast = {"enqueued": 0.01, "sent": 0.02}
    rig.gupshup.receipts(fail={"code": 1002, "reason": "not on WhatsApp"}, latency=fast, copies=2)
    rig.ask("select public.send_chat_message(%s, %s, 'oi')", talk, uuid.uuid4())
    rig.drain("send-message")

    def is_refused() -> bool:
        rig.drain("run-automations")
        return bool(rig.one("select count(*) from public.message_logs where status = 'failed'"))

    wait_until(is_refused)
    rig.gupshup.receipts(drop=["enqueued", "sent", "delivered", "read"])
    for _ in range(3):
        rig.drain("send-message")
        rig.drain("run-automations")
    assert taken(rig) == [phone, short(phone)]


def test_everybody_of_a_bulk_send_gets_it_once_in_one_of_the_forms(rig: Rig) -> None:
    rig.listen()
    people = rig.people(6)
    phones = [phone_of(rig, client) for client in people]
    for phone in phones[:3]:
        refuse(rig, phone)
    refuse(rig, short(phones[0]))
    batch_id = rig.batch(people)
    for _ in range(4):
        rig.drain()
    assert Counter(taken(rig)) == Counter([short(p) for p in phones[1:3]] + phones[3:])
    numbers = rig.numbers(batch_id)
    assert (numbers["status"], numbers["failed"], numbers["queued"]) == ("done", 1, 0)
    outcomes = Counter(
        row["outcome"]
        for row in rig.ask("select public.batch_results(%s, page_size => 100)", batch_id)["rows"]
    )
    assert outcomes["failed"] == 1
    assert sum(outcomes.values()) == 6


def test_the_number_that_whatsapp_delivered_to_is_the_one_used_from_then_on(rig: Rig) -> None:
    [client] = rig.people(1)
    phone = phone_of(rig, client)
    learn = "select private.learn_form(%s, %s)::text"
    message = rig.one(
        "insert into public.message_logs (tenant_id, client_id, direction, provider, phone, status)"
        " values (%s, %s, 'out', 'gupshup', %s, 'sent') returning id",
        TENANT, client, "+" + phone,
    )  # fmt: skip
    form = "select private.whatsapp_form(%s, %s)"
    rig.one(learn, message, "5521999999999")
    assert rig.one(form, TENANT, "+" + phone) == "+" + phone
    rig.one(learn, message, short(phone))
    assert rig.one(form, TENANT, "+" + phone) == short("+" + phone)
    assert re.fullmatch(r"\+55\d{10}", rig.one(form, TENANT, "+" + phone))
