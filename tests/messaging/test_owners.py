"""Whose talk it is: owners, strangers, shared numbers, and who has read what."""

import json
import uuid
from typing import Any

import psycopg
import pytest

from tests.automation import TENANT
from tests.messaging.rig import ADMIN, OTHER_TENANT, SUPERVISOR, Rig
from tests.messaging.test_conversations import OPERATOR, hear, phone_of
from tests.simulators import APP

WaitUntil = Any
SECOND = "operador2@demo.test"
PAGE = "select public.conversation_page(%s)"
SEND = "select public.send_chat_message(%s, %s, %s)"


def owner(rig: Rig, talk: uuid.UUID) -> str | None:
    found: str | None = rig.one(
        "select (select email from auth.users where id = owner_id)"
        " from public.conversations where id = %s", talk,
    )  # fmt: skip
    return found


def begun(rig: Rig, wait_until: WaitUntil, client: uuid.UUID, text: str = "oi") -> uuid.UUID:
    rig.gupshup.reply(APP, phone_of(rig, client), text)
    found: uuid.UUID = hear(rig, wait_until, 1)[0]["conversation_id"]
    return found


def propose(rig: Rig, client: uuid.UUID, by: str) -> None:
    simulated = rig.ask(
        "select public.simulate_agreement(%s, array(select id from public.debts"
        " where client_id = %s))", client, client, by=by,
    )  # fmt: skip
    rig.ask(
        "select public.propose_agreement(%s::jsonb, %s)", json.dumps(simulated["proposal"]),
        simulated["proposal_hash"], by=by,
    )  # fmt: skip


def test_who_negotiates_takes_the_talk_over_from_who_answered_and_it_is_logged(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    talk = begun(rig, wait_until, client)
    rig.ask(SEND, talk, uuid.uuid4(), "olá", by=OPERATOR)
    assert owner(rig, talk) == OPERATOR
    propose(rig, client, SECOND)
    assert owner(rig, talk) == SECOND
    newest = rig.ask(PAGE, talk, by=OPERATOR)["events"][0]
    names = {row["email"]: row["name"] for row in rig.rows(
        "select email, private.actor_name(%s, id) as name from auth.users", TENANT
    )}  # fmt: skip
    assert (newest["kind"], newest["from"], newest["to"], newest["actor"]) == (
        "taken_over", names[OPERATOR], names[SECOND], names[SECOND],
    )  # fmt: skip
    # Who only writes takes nothing back, and the next word rings at who negotiates.
    rig.ask(SEND, talk, uuid.uuid4(), "eu de novo", by=OPERATOR)
    rig.ask("select public.read_conversation(%s)::text", talk, by=SECOND)
    rig.gupshup.reply(APP, phone_of(rig, client), "fechado")
    hear(rig, wait_until, 2)
    rung = (
        "select array_agg(email::text) from public.notifications join auth.users on users.id ="
        " user_id where kind = 'message_received'"
    )
    assert rig.one(rung) == [SECOND]


def test_who_negotiates_owns_the_talk_and_who_sends_in_bulk_does_not(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    rig.batch([client])
    rig.drain()
    talk = begun(rig, wait_until, client)
    assert owner(rig, talk) is None
    propose(rig, client, SECOND)
    assert owner(rig, talk) == SECOND
    rig.ask(SEND, talk, uuid.uuid4(), "eu também", by=OPERATOR)
    assert owner(rig, talk) == SECOND


def test_a_talk_of_somebody_who_left_is_free(rig: Rig, wait_until: WaitUntil) -> None:
    rig.listen()
    [client] = rig.people(1)
    talk = begun(rig, wait_until, client)
    rig.ask(SEND, talk, uuid.uuid4(), "olá", by=OPERATOR)
    with pytest.raises(psycopg.errors.Error, match="not_allowed"):
        rig.ask("select public.take_conversation(%s)::text", talk, by=SECOND)
    rig.owner.execute(
        "update public.memberships set revoked_at = private.now() where user_id ="
        " (select id from auth.users where email = %s)", (OPERATOR,),
    )  # fmt: skip
    assert rig.ask(PAGE, talk, by=SECOND)["conversation"]["owner"]["is_here"] is False
    rig.ask("select public.take_conversation(%s)::text", talk, by=SECOND)
    assert owner(rig, talk) == SECOND


def test_a_talk_is_given_by_a_supervisor_alone_and_the_new_owner_hears_of_it(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    talk = begun(rig, wait_until, client)
    to = rig.one("select id from auth.users where email = %s", SECOND)
    give = "select public.take_conversation(%s, %s)::text"
    with pytest.raises(psycopg.errors.Error, match="not_allowed"):
        rig.ask(give, talk, to, by=OPERATOR)
    stranger = rig.one("select id from auth.users where email = %s", ADMIN[OTHER_TENANT])
    with pytest.raises(psycopg.errors.Error, match="member_not_found"):
        rig.ask(give, talk, stranger, by=SUPERVISOR)
    rig.ask(give, talk, to, by=SUPERVISOR)
    assert owner(rig, talk) == SECOND
    assert rig.one(
        "select count(*) from public.notifications where kind = 'conversation_given'"
        " and user_id = %s", to,
    ) == 1  # fmt: skip


def test_reading_counts_up_to_what_was_seen_and_only_by_its_owner(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    talk = begun(rig, wait_until, client, "um")
    rig.ask("select public.take_conversation(%s)::text", talk, by=OPERATOR)
    first = rig.ask(PAGE, talk)["items"][0]["id"]
    rig.gupshup.reply(APP, phone_of(rig, client), "dois")
    hear(rig, wait_until, 2)
    read = "select public.read_conversation(%s, %s)::text"

    def unread() -> int:
        return int(rig.ask(PAGE, talk)["conversation"]["unread"])

    rig.ask(read, talk, None, by=SUPERVISOR)
    assert unread() == 2
    rig.ask(read, talk, first, by=OPERATOR)
    assert unread() == 1
    assert rig.ask("select public.conversation_counts()", by=OPERATOR)["mine"] == 1
    assert rig.ask("select public.conversation_counts()", by=SECOND)["mine"] == 0
    rig.ask(read, talk, None, by=OPERATOR)
    assert unread() == 0


def test_a_second_debtor_with_the_number_never_sees_the_first_ones_words(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    first, second = rig.people(2)
    talk = begun(rig, wait_until, first, "minha dívida é segredo")
    phone = "+" + phone_of(rig, first)
    rig.owner.execute(
        "update public.client_phones set phone = %s where client_id = %s", (phone, second)
    )
    with pytest.raises(psycopg.errors.Error, match="number_of_another") as refused:
        rig.ask("select public.open_conversation(%s)", second)
    assert refused.value.diag.message_detail == str(talk)
    page = rig.ask(PAGE, talk)
    assert {person["id"] for person in page["people"]} == {str(first), str(second)}
    rig.ask("select public.link_conversation(%s, %s)::text", talk, second)
    rig.gupshup.reply(APP, phone.removeprefix("+"), "agora sou eu")
    hear(rig, wait_until, 2)
    said = [item["body"] for item in rig.ask(PAGE, talk)["items"]]
    assert said == ["agora sou eu"]
    assert rig.ask("select public.open_conversation(%s)", second) == talk


def test_a_shared_number_that_wrote_is_linked_before_anybody_writes_back_as_one_of_them(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    first, second = rig.people(2)
    rig.owner.execute(
        "update public.client_phones set phone = '+5511987651111' where client_id = any(%s)",
        ([first, second],),
    )
    rig.gupshup.reply(APP, "5511987651111", "quem fala?")
    [message] = hear(rig, wait_until, 1)
    assert message["client_id"] is None
    with pytest.raises(psycopg.errors.Error, match="number_shared"):
        rig.ask("select public.open_conversation(%s)", first)
    assert rig.ask('select public.list_conversations(\'{"known": "false"}\')')["rows"]


def test_a_person_who_hides_the_number_stays_who_they_are_and_cannot_be_written_to_without_one(
    rig: Rig, wait_until: WaitUntil
) -> None:
    [known] = rig.people(1)
    sender = rig.sender()
    hidden = "select (private.find_conversation(%s, %s, %s, %s::jsonb)).id"
    person = json.dumps({"user_id": "BR.1", "name": "joao"})
    first = rig.one(hidden, TENANT, sender, "+" + phone_of(rig, known), person)
    assert rig.one(hidden, TENANT, sender, None, person) == first
    stranger = rig.one(hidden, TENANT, sender, None, json.dumps({"user_id": "BR.2"}))
    assert stranger != first
    assert rig.ask(PAGE, stranger)["composer"]["text"] == "no_reachable_phone"
    with pytest.raises(psycopg.errors.Error, match="no_reachable_phone"):
        rig.ask(SEND, stranger, uuid.uuid4(), "olá")


def test_a_stranger_put_aside_rings_no_bell_and_comes_back_with_a_name(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    rig.gupshup.reply(APP, "5521999998888", "promoção!")
    talk = hear(rig, wait_until, 1)[0]["conversation_id"]
    rig.ask("select public.ignore_conversation(%s)::text", talk, by=OPERATOR)
    rig.gupshup.reply(APP, "5521999998888", "mais uma")
    hear(rig, wait_until, 2)
    assert rig.ask("select public.list_conversations()")["rows"] == []
    assert rig.ask("select public.conversation_counts()")["unknown"] == 0
    ignored = rig.ask('select public.list_conversations(\'{"ignored": "true"}\')')["rows"]
    assert [row["id"] for row in ignored] == [str(talk)]
    [client] = rig.people(1)
    rig.ask("select public.link_conversation(%s, %s)::text", talk, client)
    assert len(rig.ask("select public.list_conversations()")["rows"]) == 1
    with pytest.raises(psycopg.errors.Error, match="conversation_known"):
        rig.ask("select public.ignore_conversation(%s)::text", talk)


def test_templates_are_offered_as_the_person_would_read_them_with_todays_price(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    talk = begun(rig, wait_until, client)
    wanted = rig.template()
    rig.template(provider_template_id="outro", variables=["client.first_name", "client.extra.nada"])
    offered = {row["id"]: row for row in rig.ask("select public.conversation_templates(%s)", talk)}
    mine = offered[str(wanted)]
    assert mine["body"] == "Olá, Pessoa! O valor em aberto é R$ 150,00."
    assert mine["reason"] is None
    assert (mine["cost"]["currency"], mine["cost"]["price_micros"]) == ("USD", 3400)
    assert "variable_missing" in {row["reason"] for row in offered.values()}
    with pytest.raises(psycopg.errors.Error, match="conversation_not_found"):
        rig.ask("select public.conversation_templates(%s)", talk, by=ADMIN[OTHER_TENANT])


def test_a_stranger_gets_answers_and_no_template(rig: Rig, wait_until: WaitUntil) -> None:
    rig.listen()
    rig.gupshup.reply(APP, "5521999997777", "quem é?")
    talk = hear(rig, wait_until, 1)[0]["conversation_id"]
    composer = rig.ask(PAGE, talk)["composer"]
    assert (composer["text"], composer["template"]) == (None, "client_unknown")
    with_template = "select public.send_chat_message(%s, %s, template_id => %s)"
    with pytest.raises(psycopg.errors.Error, match="template_not_sendable"):
        rig.ask(with_template, talk, uuid.uuid4(), rig.template())
    rig.ask(SEND, talk, uuid.uuid4(), "Aqui é da cobrança. Com quem falo?")
    rig.drain("send-message")
    assert rig.gupshup.messages()[-1]["text"] == "Aqui é da cobrança. Com quem falo?"
