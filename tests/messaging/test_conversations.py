"""Somebody writes to us, and the right person of the right agency is told."""

import json
import uuid
from typing import Any

import psycopg
import pytest

from tests.automation import TENANT
from tests.messaging.rig import ADMIN, OTHER_TENANT, SUPERVISOR, Rig
from tests.simulators import APP, NUMBER

WaitUntil = Any
OPERATOR = "operador@demo.test"


def hear(rig: Rig, wait_until: WaitUntil, count: int) -> list[dict[str, Any]]:
    """The inbound messages, once that many have come in."""
    inbound = (
        "select id, tenant_id::text, client_id, conversation_id, body, media"
        " from public.message_logs where direction = 'in' order by created_at"
    )

    def have_come() -> list[dict[str, Any]]:
        rig.drain("run-automations")
        found = rig.rows(inbound)
        return found if len(found) >= count else []

    found: list[dict[str, Any]] = wait_until(have_come)
    return found


def phone_of(rig: Rig, client: uuid.UUID) -> str:
    found: str = rig.one("select phone from public.client_phones where client_id = %s", client)
    return found.removeprefix("+")


def test_two_agencies_with_the_same_debtor_never_see_each_others_messages(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [ours], [theirs] = rig.people(1), rig.people(1, OTHER_TENANT)
    phone = phone_of(rig, ours)
    assert phone == phone_of(rig, theirs)
    rig.gupshup.reply(APP, phone, "para a primeira")
    rig.meta.reply(NUMBER, phone, "para a segunda")
    found = {row["body"]: row for row in hear(rig, wait_until, 2)}
    assert found["para a primeira"]["client_id"] == ours
    assert found["para a segunda"]["client_id"] == theirs
    # Who writes has it; nothing else was known of the number.
    assert rig.one("select has_whatsapp from public.clients where id = %s", ours) is True
    for tenant, own, foreign in (
        (TENANT, "primeira", "segunda"),
        (OTHER_TENANT, "segunda", "primeira"),
    ):
        seen = json.dumps(rig.ask("select public.list_conversations()", by=ADMIN[tenant]))
        assert own in seen
        assert foreign not in seen


@pytest.mark.parametrize("has_nine", [True, False])
def test_the_ninth_digit_makes_no_stranger(rig: Rig, wait_until: WaitUntil, has_nine: bool) -> None:
    rig.listen()
    [client] = rig.people(1)
    phone = phone_of(rig, client)
    short = phone[:4] + phone[5:]
    rig.owner.execute(
        "update public.client_phones set phone = %s where client_id = %s",
        ("+" + (short if has_nine else phone), client),
    )
    rig.gupshup.reply(APP, phone if has_nine else short, "oi")
    [message] = hear(rig, wait_until, 1)
    assert message["client_id"] == client


def test_a_number_of_two_people_is_nobodys_until_a_person_says_whose(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    one, other = rig.people(2)
    rig.owner.execute(
        "update public.client_phones set phone = '+5511987650000' where client_id = any(%s)",
        ([one, other],),
    )
    rig.gupshup.reply(APP, "5511987650000", "quem fala?")
    [message] = hear(rig, wait_until, 1)
    assert message["client_id"] is None
    rig.ask("select public.link_conversation(%s, %s)::text", message["conversation_id"], other)
    rig.gupshup.reply(APP, "5511987650000", "sou eu")
    assert [m["client_id"] for m in hear(rig, wait_until, 2)] == [other, other]


def test_a_stranger_opens_an_unknown_conversation(rig: Rig, wait_until: WaitUntil) -> None:
    rig.listen()
    rig.gupshup.reply(APP, "5521999998888", "quem é?")
    [message] = hear(rig, wait_until, 1)
    assert message["client_id"] is None
    seen = rig.ask('select public.list_conversations(\'{"known": "false"}\')')
    assert [row["phone"] for row in seen["rows"]] == ["+5521999998888"]


def test_a_reply_to_a_bulk_message_is_counted_and_shows_what_it_answers(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    batch_id = rig.batch([client])
    rig.drain()
    rig.gupshup.reply(APP, phone_of(rig, client), "quero negociar")
    [message] = hear(rig, wait_until, 1)
    assert rig.numbers(batch_id)["answered"] == 1
    page = rig.ask("select public.conversation_page(%s)", message["conversation_id"])
    assert [item["direction"] for item in page["items"]] == ["in", "out"]
    assert page["conversation"]["client"]["id"] == str(client)
    assert page["conversation"]["unread"] == 1


@pytest.mark.parametrize(
    "words",
    ["Sair", "PARAR", "não quero", "NAO QUERO.", "  pare!  ", "Stop", "Pára!!!", "SAIR 🙏",
     "por favor, parar", "quero sair, obrigada", "Não quero mais receber mensagens.",
     "remova meu número", "me deixa em paz", "pfv pare de me mandar mensagem"],
)  # fmt: skip
def test_words_that_ask_us_to_stop(rig: Rig, words: str) -> None:
    assert rig.one("select private.is_opt_out(%s)", words) is True


@pytest.mark.parametrize(
    "words",
    ["não quero pagar hoje", "vou sair agora", "não", "", "não quero parcelar",
     "quando vou sair dessa dívida?", "quero parar de dever", "não quero agora", "para quando é?",
     "para pagar onde?", "quero quitar", "obrigado", "pode parar de correr juros?"],
)  # fmt: skip
def test_words_that_only_contain_one_are_no_opt_out(rig: Rig, words: str) -> None:
    assert rig.one("select private.is_opt_out(%s)", words) is False


def test_an_opt_out_suppresses_at_once_and_the_timeline_says_so(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    phone = phone_of(rig, client)
    rig.owner.execute(
        "insert into public.client_phones (tenant_id, client_id, phone, kind)"
        " values (%s, %s, '+5511977776666', 'mobile')", (TENANT, client),
    )  # fmt: skip
    rig.gupshup.reply(APP, phone, "Não quero mais!")
    talk = hear(rig, wait_until, 1)[0]["conversation_id"]
    # By the person's other number neither.
    with pytest.raises(psycopg.Error, match="batch_empty"):
        rig.batch([client])
    with pytest.raises(psycopg.Error, match="suppressed"):
        rig.ask("select public.send_chat_message(%s, %s, 'Olá')", talk, uuid.uuid4())
    composer = rig.ask("select public.conversation_page(%s)", talk)["composer"]
    assert (composer["text"], composer["template"]) == ("suppressed", "suppressed")
    items = rig.ask("select public.client_timeline(%s)", client)["items"]
    assert [i["event"] for i in items if i["kind"] == "conversation"] == ["opted_out"]


def test_whoever_opts_out_as_a_stranger_is_held_to_it_when_they_become_a_client(
    rig: Rig, wait_until: WaitUntil
) -> None:
    """By a word of theirs, and by the provider's, of whom there is no talk at all."""
    rig.listen()
    rig.gupshup.reply(APP, "5511966665555", "sair")
    [heard] = hear(rig, wait_until, 1)
    assert heard["client_id"] is None
    rig.owner.execute("select private.opt_out_phone(%s, '+5511966664444')", (TENANT,))
    people = rig.people(2)
    for client, phone in zip(people, ["+5511966665555", "+5511966664444"], strict=True):
        rig.owner.execute("update public.client_phones set phone = %s where client_id = %s",
                          (phone, client))  # fmt: skip
        with pytest.raises(psycopg.Error, match="batch_empty"):
            rig.batch([client])
        items = rig.ask("select public.client_timeline(%s)", client)["items"]
        told = [i["reason"] for i in items if i["kind"] == "suppression"]
        assert told == ["opted_out"]


@pytest.mark.parametrize("channel", ["whatsapp", None])
def test_an_opt_out_outlives_a_block_that_was_only_for_a_while(
    rig: Rig, wait_until: WaitUntil, channel: str | None
) -> None:
    rig.listen()
    [client] = rig.people(1)
    phone = phone_of(rig, client)
    rig.owner.execute(
        "insert into public.suppressions (tenant_id, client_id, phone, channel, reason, expires_at)"
        " select %s, block.client_id, block.phone, %s, 'férias', private.now() + interval '1 day'"
        " from (values (%s::uuid, null), (null, %s)) as block (client_id, phone)",
        (TENANT, channel, client, "+" + phone),
    )
    rig.gupshup.reply(APP, phone, "Sair")
    hear(rig, wait_until, 1)
    rig.elapse(2 * 24 * 3600)
    said = "select private.is_suppressed(%s, %s, %s, 'whatsapp', private.now())"
    assert rig.one(said, TENANT, client, None)
    assert rig.one(said, TENANT, None, "+" + phone)


def test_who_answers_owns_it_and_a_takeover_is_logged(rig: Rig, wait_until: WaitUntil) -> None:
    rig.listen()
    [client] = rig.people(1)
    rig.gupshup.reply(APP, phone_of(rig, client), "oi")
    talk = hear(rig, wait_until, 1)[0]["conversation_id"]
    send = "select public.send_chat_message(%s, %s, 'Bom dia!')"
    message_id = uuid.uuid4()
    for _ in range(2):
        assert rig.ask(send, talk, message_id, by=OPERATOR)["message_id"] == str(message_id)
    rig.drain("send-message")
    assert [m["text"] for m in rig.gupshup.messages() if m["direction"] == "in"] == ["Bom dia!"]
    rig.gupshup.reply(APP, phone_of(rig, client), "de novo")
    hear(rig, wait_until, 2)
    told = rig.rows(
        "select users.email from public.notifications join auth.users on users.id = user_id"
        " where kind = 'message_received'"
    )
    rig.ask("select public.read_conversation(%s)::text", talk, by=OPERATOR)
    assert told == []  # it was unread already; the next one rings
    rig.gupshup.reply(APP, phone_of(rig, client), "e agora")
    hear(rig, wait_until, 3)
    assert rig.one(
        "select string_agg(users.email, ',') from public.notifications"
        " join auth.users on users.id = user_id where kind = 'message_received'"
    ) == OPERATOR  # fmt: skip
    with pytest.raises(psycopg.errors.Error, match="not_allowed"):
        rig.ask("select public.take_conversation(%s)::text", talk, by="operador2@demo.test")
    rig.ask("select public.take_conversation(%s)::text", talk, by=SUPERVISOR)
    events = rig.ask("select public.conversation_page(%s)", talk)["events"]
    assert [event["kind"] for event in events] == ["taken_over", "assigned"]


def test_free_text_outside_the_24_hours_is_refused_and_a_template_goes(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    rig.gupshup.reply(APP, phone_of(rig, client), "oi")
    talk = hear(rig, wait_until, 1)[0]["conversation_id"]
    rig.elapse(24 * 3_600)
    with pytest.raises(psycopg.Error, match="window_closed"):
        rig.ask("select public.send_chat_message(%s, %s, 'Olá')", talk, uuid.uuid4())
    assert rig.ask("select public.conversation_page(%s)", talk)["composer"]["text"] == (
        "window_closed"
    )
    with_template = "select public.send_chat_message(%s, %s, template_id => %s)"
    template = rig.template()
    rig.ask(with_template, talk, uuid.uuid4(), template)
    rig.drain("send-message")
    assert "R$ 150,00" in rig.gupshup.messages()[-1]["text"]
    rig.owner.execute(
        "insert into public.suppressions (tenant_id, client_id, reason) values (%s, %s, 'pediu')",
        (TENANT, client),
    )
    with pytest.raises(psycopg.Error, match="suppressed"):
        rig.ask(with_template, talk, uuid.uuid4(), template)


def test_a_chat_through_meta_goes_both_ways_with_its_picture(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1, OTHER_TENANT)
    rig.meta.reply(NUMBER, phone_of(rig, client), "comprovante", media="image")
    [message] = hear(rig, wait_until, 1)
    assert message["client_id"] == client
    assert message["media"]["type"] == "image"
    assert "provider_media_id" not in message["media"]
    by = ADMIN[OTHER_TENANT]
    send = "select public.send_chat_message(%s, %s, 'Recebido!')"
    rig.ask(send, message["conversation_id"], uuid.uuid4(), by=by)
    rig.drain("send-message")
    assert rig.meta.messages()[-1]["text"] == "Recebido!"


def test_the_templates_of_the_provider_are_taken_over_and_bindings_stay(rig: Rig) -> None:
    rig.listen()
    mine = rig.template()
    rig.owner.execute(
        "update public.message_templates set synced_at = now() where id = %s", (mine,)
    )
    integration = rig.one("select integration_id from public.senders where id = %s", rig.sender())
    listed = [
        {"provider_template_id": "lote-lembrete", "name": "lembrete", "language": "pt_BR",
         "category": "marketing", "status": "approved", "provider_status": "APPROVED",
         "body": "Oi {{1}}, {{2}} e {{3}}", "variables": 3, "header_type": None},
    ]  # fmt: skip
    take = "select private.take_templates(%s, %s::jsonb, %s)"
    rig.one(take, integration, json.dumps(listed), [APP])
    [known] = rig.rows(
        "select category, variables, status::text from public.message_templates where id = %s", mine
    )
    assert known == {
        "category": "marketing",
        "variables": ["client.first_name", "client.open_total", ""],
        "status": "approved",
    }
    with pytest.raises(psycopg.Error, match="template_unbound"):
        rig.batch(rig.people(1), template=mine)
    other = [listed[0] | {"provider_template_id": "outro", "name": "outro"}]
    rig.one(take, integration, json.dumps(other), [APP])
    assert (
        rig.one("select status::text from public.message_templates where id = %s", mine) == "paused"
    )


def tell_of_move(rig: Rig, old: str, moved_to: str) -> None:
    """WhatsApp's own note that whoever had one number has another."""
    system = {"type": "user_changed_number", "wa_id": moved_to, "body": "mudou"}
    said = {"from": old, "id": "wamid.moved", "type": "system", "system": system}
    body = {"entry": [{"changes": [{"field": "messages", "value": {"messages": [said]}}]}]}
    told = rig.functions.post(f"/gupshup-webhook?key={rig.keys[TENANT, 'gupshup']}", json=body)
    assert told.status_code == 202
    rig.drain("run-automations")


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_changed_number_is_followed_unless_somebody_else_has_it_and_keeps_its_silence(
    rig: Rig, wait_until: WaitUntil, is_taken: bool
) -> None:
    rig.listen()
    client, other = rig.people(2)
    old, moved_to = phone_of(rig, client), phone_of(rig, other) if is_taken else "5511988887777"
    rig.gupshup.reply(APP, old, "sair")
    [message] = hear(rig, wait_until, 1)
    tell_of_move(rig, old, moved_to)
    phones = "select phone, has_whatsapp from public.client_phones where client_id = %s order by 1"
    found = {row["phone"]: row["has_whatsapp"] for row in rig.rows(phones, client)}
    assert found == {"+" + old: False} | ({} if is_taken else {"+" + moved_to: None})
    page = rig.ask("select public.conversation_page(%s)", message["conversation_id"])
    assert page["events"][0]["kind"] == "number_changed"
    # No answer of the person: no message, and no window.
    assert len(page["items"]) == 1
    silent = "select private.is_suppressed(%s, %s, %s, 'whatsapp', private.now())"
    assert rig.one(silent, TENANT, client, "+" + moved_to) is True


def test_of_a_number_that_two_have_by_now_a_change_is_told_and_moves_nothing(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    client, other = rig.people(2)
    old = phone_of(rig, client)
    rig.gupshup.reply(APP, old, "oi")
    [message] = hear(rig, wait_until, 1)
    phones = "select client_id, phone, has_whatsapp from public.client_phones order by 1, 2"
    share = "insert into public.client_phones (tenant_id, client_id, phone, kind, position)"
    rig.owner.execute(
        f"{share} values (%s, %s, %s, 'mobile', 1)".encode(), (TENANT, other, "+" + old)
    )
    before = rig.rows(phones)
    tell_of_move(rig, old, "5511988887777")
    assert rig.rows(phones) == before
    page = rig.ask("select public.conversation_page(%s)", message["conversation_id"])
    assert page["events"][0]["kind"] == "number_changed"


def test_a_proof_waits_for_nobody_and_is_not_lost(
    rig: Rig, fresh_database: str, wait_until: WaitUntil
) -> None:
    rig.listen()
    held, free = rig.people(2)
    proved = "select client_id from public.client_phones where has_whatsapp and client_id = any(%s)"
    with psycopg.connect(fresh_database) as importing:
        importing.execute("select from public.clients where id = %s for no key update", (held,))
        for client in (held, free):
            rig.gupshup.reply(APP, phone_of(rig, client), "oi")
        hear(rig, wait_until, 2)
        assert [row["client_id"] for row in rig.rows(proved, [held, free])] == [free]
    rig.owner.execute("select private.apply_provider_events(1)")
    assert len(rig.rows(proved, [held, free])) == 2
