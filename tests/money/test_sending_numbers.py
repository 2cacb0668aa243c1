"""A payment link leaves through the number of ours that its debtor wrote to, if that may send."""

import uuid
from typing import Any

import pytest

from tests.money.deals import agree
from tests.money.test_sending import (
    a_charge,
    claim,
    desk,
    hear,
    message,
    queued,
    refusal,
    send,
)
from tests.money.world import World

__all__ = ["desk"]

META = {
    "waba_id": "900900900900900",
    "phone_number_id": "700700700700700",
    "source": "551130000000",
}


def connect_meta(world: World) -> None:
    secrets = {"access_token": "t" * 64, "app_secret": "a" * 32, "verify_token": "verify-me-please"}
    world.rpc("admin", "save_integration", provider="meta", settings=META, secrets=secrets)


@pytest.fixture
def meta_desk(world: World) -> World:
    """Connected to Meta alone, without a template that brings a charge."""
    world.debt(90_000)
    world.agreement = agree(world, installments=2)  # type: ignore[attr-defined]  # the tests' own
    connect_meta(world)
    return world


def second_number(world: World, **fields: Any) -> None:
    sender = {"provider": "gupshup", "name": "Segundo", "phone": "+551150000000",
              "account": "Segundo"} | fields  # fmt: skip
    world.rpc("admin", "save_sender", sender=sender)


def set_state(world: World, account: str, state: str) -> None:
    [row] = world.rows(
        "select id from public.senders where tenant_id = %s and account = %s", world.tenant, account
    )
    world.rpc("supervisor", "set_sender_state", sender_id=row["id"], state=state)


def test_an_agency_with_meta_alone_sends_a_pix_inside_the_day(meta_desk: World) -> None:
    made = a_charge(meta_desk)
    assert refusal(meta_desk, made) == "template_missing"
    talk = hear(meta_desk, account=META["phone_number_id"])
    sent = send(meta_desk, made)
    assert message(meta_desk, sent)["conversation_id"] == talk
    [task] = claim(meta_desk)
    assert (task["provider"], task["template_provider_id"]) == ("meta", None)
    assert task["settings"]["phone_number_id"] == META["phone_number_id"]


def test_of_two_numbers_the_one_they_wrote_to_answers(desk: World) -> None:
    second_number(desk)
    made = a_charge(desk)
    talk = hear(desk, account="Segundo")
    sent = send(desk, made)
    [task] = claim(desk)
    assert task["template_provider_id"] is None
    assert (task["settings"]["app_name"], task["settings"]["source"]) == ("Segundo", "551150000000")
    assert message(desk, sent)["conversation_id"] == talk


def test_of_two_providers_the_one_they_wrote_to_answers(desk: World) -> None:
    connect_meta(desk)
    made = a_charge(desk)
    hear(desk, account=META["phone_number_id"])
    send(desk, made)
    assert claim(desk)[0]["provider"] == "meta"


def test_the_window_of_a_number_that_may_not_send_is_none_for_another(desk: World) -> None:
    second_number(desk)
    made = a_charge(desk)
    hear(desk, account="Segundo")
    set_state(desk, "Segundo", "disabled")
    send(desk, made)
    [task] = claim(desk)
    assert task["template_provider_id"]
    assert task["settings"]["app_name"] == "Agencia"


@pytest.mark.parametrize("state", ["paused", "disabled"])
@pytest.mark.parametrize("is_heard", [True, False])
def test_a_number_that_was_stopped_sends_no_link(desk: World, state: str, is_heard: bool) -> None:
    made = a_charge(desk)
    if is_heard:
        hear(desk)
    sent = send(desk, made)
    set_state(desk, "Agencia", state)
    assert claim(desk) == []
    assert message(desk, sent)["error_code"] == "integration_inactive"
    assert refusal(desk, a_charge(desk, 2)) == "integration_inactive"


def test_a_number_asked_for_patience_sends_the_link_later(desk: World) -> None:
    sent = send(desk, a_charge(desk))
    desk.run("update public.senders set paused_until = private.now() + interval '5 minutes'")
    assert claim(desk) == []
    assert (message(desk, sent)["status"], queued(desk)) == ("queued", 1)
    desk.run("update private.clock set shift = shift + interval '6 minutes'")
    desk.run("update pgmq.q_messages set vt = clock_timestamp() - interval '1 second'")
    assert [task["message_id"] for task in claim(desk)] == [uuid.UUID(sent["message_id"])]
