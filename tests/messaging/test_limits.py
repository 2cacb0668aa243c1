"""Who works for some creditors says nothing of the others: neither their name nor their money."""

import json
import uuid
from typing import Any

import pytest

from tests.automation import TENANT
from tests.messaging.rig import SUPERVISOR, Rig

OPERATOR = "operador@demo.test"
VARIABLES = ["creditor.name", "client.open_total", "client.open_debts", "client.oldest_due_on"]
BODY = "{{1}}: {{2}} em {{3}} desde {{4}}"
THEIRS = "Banco Deles: R$ 25,00 em 1 desde 01/09/2026"
OWE = (
    "insert into public.debts (tenant_id, client_id, creditor_id, contract, installment, due_on,"
    " principal_cents) select %s, person.id, %s, 'DELES-' || person.place, 1, '2026-09-01', 2500"
    " from unnest(%s) with ordinality as person (id, place) returning id"
)
SETTLE = (
    "update public.debts set status = 'settled' where client_id = %s and creditor_id = %s"
    " returning id"
)


@pytest.fixture
def theirs(rig: Rig) -> uuid.UUID:
    """The one creditor that supervisor and operator work for."""
    made: uuid.UUID = rig.one(
        "insert into public.creditors (tenant_id, name) values (%s, 'Banco Deles') returning id",
        TENANT,
    )
    rig.rows(
        "update public.memberships set creditor_ids = array[%s::uuid] where user_id in"
        " (select id from auth.users where email = any(%s)) returning id",
        made, [SUPERVISOR, OPERATOR],
    )  # fmt: skip
    return made


def speaking(rig: Rig) -> uuid.UUID:
    return rig.template(body=BODY, variables=VARIABLES)


def bodies(rig: Rig) -> list[str]:
    said = "select body from public.message_logs where direction = 'out' order by created_at"
    return [row["body"] for row in rig.rows(said)]


def test_what_is_previewed_is_of_the_creditors_in_sight(rig: Rig, theirs: uuid.UUID) -> None:
    both, ended, _ = people = rig.people(3)
    rig.rows(OWE, TENANT, theirs, [both, ended])
    rig.rows(SETTLE, ended, theirs)
    template = speaking(rig)
    ask = "select public.preview_template(%s, %s)"
    for limited in (SUPERVISOR, OPERATOR):
        assert rig.ask(ask, template, both, by=limited)["body"] == THEIRS
    assert "R$ 175,00 em 2 desde 01/08/2026" in rig.ask(ask, template, both)["body"]
    preview = "select public.preview_message_batch(%s, %s, %s)"
    chosen = json.dumps({"ids": [str(client) for client in people]})
    told = rig.ask(preview, chosen, rig.sender(), template, by=SUPERVISOR)
    # Of who owes to others alone, not even that they were chosen.
    assert (told["selected"], told["excluded"]) == (2, [{"reason": "nothing_owed", "count": 1}])
    assert [example["body"] for example in told["examples"]] == [THEIRS]
    assert rig.ask(preview, chosen, rig.sender(), template)["eligible"] == 3


def test_a_bulk_send_speaks_of_its_authors_creditors_and_asks_only_who_still_owes_them(
    rig: Rig, theirs: uuid.UUID
) -> None:
    rig.listen()
    both, paid = people = rig.people(2)
    rig.rows(OWE, TENANT, theirs, people)
    batch_id = rig.batch(people, template=speaking(rig), by=SUPERVISOR)
    rig.rows(SETTLE, paid, theirs)
    rig.drain()
    assert bodies(rig) == [THEIRS]
    told: Any = rig.ask("select public.batch_results(%s)", batch_id)
    fates = {row["client_id"]: (row["outcome"], row["reason"]) for row in told["rows"]}
    assert fates[str(paid)] == ("skipped", "nothing_owed")
    assert fates[str(both)][0] == "submitted"


def test_what_an_operator_writes_is_of_their_creditors(rig: Rig, theirs: uuid.UUID) -> None:
    rig.listen()
    [client] = people = rig.people(1)
    rig.rows(OWE, TENANT, theirs, people)
    template = speaking(rig)
    talk = rig.ask("select public.open_conversation(%s)", client, by=OPERATOR)
    offered = rig.ask("select public.conversation_templates(%s)", talk, by=OPERATOR)
    assert THEIRS in [each["body"] for each in offered if each["id"] == str(template)]
    reply = rig.one(
        "insert into public.canned_replies (tenant_id, shortcut, body) values"
        " (%s, 'oi', '{{creditor.name}}: {{client.open_total}}') returning id",
        TENANT,
    )
    read = "select public.render_canned_reply(%s, %s)"
    assert rig.ask(read, reply, client, by=OPERATOR)["body"] == "Banco Deles: R$ 25,00"
    send = "select public.send_chat_message(%s, %s, null, %s)"
    rig.ask(send, talk, uuid.uuid4(), template, by=OPERATOR)
    # The worker, who is limited to nothing, asks for the values again.
    rig.drain("send-message")
    assert bodies(rig) == [THEIRS]
    sent = "select params from public.message_logs where direction = 'out'"
    assert rig.one(sent)[:2] == ["Banco Deles", "R$ 25,00"]


def test_who_is_limited_tries_again_whom_they_see_and_counts_no_others(
    rig: Rig, theirs: uuid.UUID
) -> None:
    seen, _ = people = rig.people(2)
    rig.rows(OWE, TENANT, theirs, [seen])
    batch_id = rig.batch(people)
    rig.rows("select * from private.claim_batch_messages(10, 60)")
    ask = "select public.message_batch(%s)"
    for code, count, retry in (
        ("outcome_unknown", "doubtful",
         "select public.retry_doubtful_messages(%s, accepts_doubles => true)"),
        ("rate_limited", "retryable", "select public.retry_message_batch(%s)"),
    ):  # fmt: skip
        rig.owner.execute(
            "update public.batch_recipients set status = 'done', message_id = (select id from"
            " public.message_logs as m where m.client_id = batch_recipients.client_id limit 1)"
            " where batch_id = %s", (batch_id,),
        )  # fmt: skip
        rig.owner.execute(
            "update public.message_logs set status = 'failed', error_code = %s, batch_id = %s,"
            " retried_batch_id = null where direction = 'out' and client_id = any(%s)",
            (code, batch_id, people),
        )  # fmt: skip
        rig.owner.execute("select private.fold_batch_counts()")
        assert rig.ask(ask, batch_id)["numbers"][count] == 2
        assert rig.ask(ask, batch_id, by=SUPERVISOR)["numbers"][count] == 1
        assert rig.ask(retry, batch_id, by=SUPERVISOR) == 1
        assert rig.ask(ask, batch_id)["numbers"][count] == 1
