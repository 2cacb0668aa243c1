"""A click on "enviar" reaches the debtor's WhatsApp once, whatever dies on the way."""

import json
import multiprocessing
import signal
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from kit import db, errors
from outbox import message
from tests.automation import JOBS_KEY, TENANT, Thread, WaitUntil, serving
from tests.functions.crashing import run_and_die
from tests.proof import PROVING

MOST_BOUNDARIES = 60
LEASE_SECONDS = 60
RECEIPT_SECONDS = 900  # how long an unknown outcome waits for its receipt


@dataclass
class Outbox:
    """Charges that are payable, and the function that sends them."""

    thread: Thread
    functions: httpx.Client

    def charge(self) -> str:
        """Of a new agreement of a new client; registered at the provider."""
        client, phone = uuid.uuid4(), f"+55119{uuid.uuid4().int % 10**8:08}"
        row = self.thread.rows("select id from public.creditors where tenant_id = %s", TENANT)[0]
        run = self.thread.owner.execute
        run(
            "insert into public.clients (id, tenant_id, document, name) values (%s, %s, %s, 'Ana')",
            (client, TENANT, f"{uuid.uuid4().int % 10**11:011}"),
        )
        run(
            "insert into public.client_phones (tenant_id, client_id, phone, kind)"
            " values (%s, %s, %s, 'mobile')",
            (TENANT, client, phone),
        )
        run(
            "insert into public.debts (tenant_id, client_id, creditor_id, contract, due_on,"
            " principal_cents) values (%s, %s, %s, %s, private.today(%s) - 5, 30000)",
            (TENANT, client, row["id"], uuid.uuid4().hex, TENANT),
        )
        run(
            "insert into public.client_addresses (tenant_id, client_id, cep, street, number,"
            " district, city, uf)"
            " values (%s, %s, '01001000', 'Rua A', '1', 'Sé', 'São Paulo', 'SP')",
            (TENANT, client),
        )
        act = partial(self.thread.as_person, "operador@demo.test")
        [[offer]] = act(
            "select public.simulate_agreement(%s, array(select id from public.debts"
            " where client_id = %s))",
            client, client,
        )  # fmt: skip
        [[agreed]] = act(
            "select public.propose_agreement(%s::jsonb, %s)",
            json.dumps(offer["proposal"]), offer["proposal_hash"],
        )  # fmt: skip
        [[asked]] = act(
            "select public.request_charges(array(select id from public.installments"
            " where agreement_id = %s))",
            agreed["agreement_id"],
        )
        run(
            "update public.charges set status = 'open', link = 'https://pague.test/1'"
            " where id = %s",
            (asked[0]["charge_id"],),
        )
        return str(asked[0]["charge_id"])

    def click(self, charge: str) -> dict[str, Any]:
        """Asks as the operator's page would."""
        query = "select public.send_charge(%s, %s)"
        [[sent]] = self.thread.as_person("operador@demo.test", query, charge, str(uuid.uuid4()))
        return dict(sent)

    def drain(self) -> int:
        headers = {"Authorization": f"Bearer {JOBS_KEY}"}
        answer = self.functions.post("/send-message", headers=headers)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["claimed"])

    def message(self, sent: dict[str, Any]) -> dict[str, Any]:
        query = "select * from public.message_logs where id = %s"
        return self.thread.rows(query, sent["message_id"])[0]

    def elapse(self, seconds: float) -> None:
        self.thread.elapse(seconds)
        self.thread.owner.execute(
            "update pgmq.q_messages set vt = vt - make_interval(secs => %s)", (seconds,)
        )


@pytest.fixture
def outbox(thread: Thread) -> Iterator[Outbox]:
    thread.as_person(
        "admin@demo.test",
        "select public.save_integration('negociarie', %s::jsonb, %s::jsonb)",
        json.dumps({"client_id": "7"}),
        json.dumps({"client_secret": "a-secret-of-theirs"}),
    )
    thread.owner.execute(
        "insert into public.message_templates (tenant_id, name, provider_template_id, body,"
        " variables) values (%s, 'link dos testes', 'of-the-tests', 'Pague {{1}} em {{2}}',"
        " array['charge.amount', 'charge.link'])",
        (TENANT,),
    )
    with (
        serving(["send_message"]) as url,
        httpx.Client(base_url=url, timeout=300) as functions,
    ):
        yield Outbox(thread, functions)


def test_a_click_reaches_the_phone_and_its_receipts_come_back(
    outbox: Outbox, wait_until: WaitUntil
) -> None:
    sent = outbox.click(outbox.charge())
    assert outbox.drain() == 1
    [there] = outbox.thread.phone.messages()
    assert there["kind"] == "template"
    wait_until(
        lambda: outbox.thread.drain() is not None and outbox.message(sent)["status"] == "read"
    )
    assert outbox.drain() == 0


def test_within_a_day_of_their_message_it_goes_as_text(outbox: Outbox) -> None:
    charge = outbox.charge()
    outbox.thread.owner.execute(
        "insert into public.conversations (tenant_id, sender_id, client_id, phone,"
        " last_inbound_at) select sender.tenant_id, sender.id, known.client_id, known.phone,"
        " private.now() from public.charges as charge join public.client_phones as known"
        " on known.client_id = charge.client_id join public.senders as sender"
        " on sender.tenant_id = charge.tenant_id where charge.id = %s",
        (charge,),
    )
    outbox.click(charge)
    outbox.drain()
    [there] = outbox.thread.phone.messages()
    assert there["kind"] == "session"
    assert "https://pague.test/1" in there["text"]


def test_without_the_jobs_key_nothing_is_sent(outbox: Outbox) -> None:
    outbox.click(outbox.charge())
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert outbox.functions.post("/send-message", headers=headers).status_code == 401
    assert outbox.thread.phone.messages() == []


def test_what_the_provider_refuses_for_now_is_sent_later_and_once(outbox: Outbox) -> None:
    outbox.thread.phone.misbehave("answer", status=503)
    sent = outbox.click(outbox.charge())
    outbox.drain()
    assert outbox.message(sent)["status"] == "queued"
    outbox.elapse(60)
    outbox.drain()
    assert len(outbox.thread.phone.messages()) == 1
    assert outbox.message(sent)["status"] == "submitted"


def test_an_answer_survives_a_database_that_is_away_for_a_moment(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    real = db.as_worker

    def away_after_the_call() -> AbstractContextManager[Any]:
        nonlocal asked
        asked += 1
        if asked in {2, 3}:  # the first begins, the second records the answer
            raise errors.DatabaseUnavailable("every connection is busy; try again")
        return real()

    sent = outbox.click(outbox.charge())
    monkeypatch.setattr(message, "db", SimpleNamespace(as_worker=away_after_the_call))
    monkeypatch.setattr(message, "PAUSE_SECONDS", 0)
    outbox.drain()
    assert len(outbox.thread.phone.messages()) == 1
    assert outbox.message(sent)["status"] == "submitted"
    assert asked == 4


@pytest.mark.proof
def test_a_kill_between_any_two_steps_doubles_and_loses_no_link(outbox: Outbox) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.functions.crashing", "httpx", "send_message"])
    for boundary in range(1, MOST_BOUNDARIES):
        before = len(outbox.thread.phone.messages())
        sent = outbox.click(outbox.charge())
        child = context.Process(
            target=run_and_die,
            args=(outbox.thread.settings, boundary, JOBS_KEY, "send_message", not PROVING),
        )
        child.start()
        child.join(300)
        assert child.exitcode in (0, -signal.SIGKILL)
        for pause in (LEASE_SECONDS + 1, RECEIPT_SECONDS + 1):
            outbox.elapse(pause)
            outbox.drain()
        came = len(outbox.thread.phone.messages()) - before
        told = outbox.message(sent)
        assert came <= 1, f"doubled after a kill at boundary {boundary}"
        # Announced and never answered is the only way to stay unknown, and a person sees it.
        ends = {("submitted", None), ("failed", "outcome_unknown")}
        assert (told["status"], told["error_code"]) in ends, f"killed at {boundary}"
        assert came or told["error_code"] == "outcome_unknown"
        assert outbox.thread.rows("select 1 from pgmq.q_messages") == []
        outbox.elapse(-(LEASE_SECONDS + RECEIPT_SECONDS + 2))  # not into the evening
        if child.exitcode == 0:
            return
    pytest.fail("the worker never came to an end by itself")
