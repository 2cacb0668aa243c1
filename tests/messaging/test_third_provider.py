"""A third WhatsApp provider is one file: dropped in, it is offered, sends, is heard and talks."""

import hashlib
import hmac
import json
import sys
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers import declaration, probes, whatsapp
from tests.automation import JOBS_KEY, TENANT
from tests.messaging import third_provider
from tests.messaging.rig import Rig
from tests.messaging.test_meta_webhook import dumped, json_values

BODY = "Olá, {{1}}! Em aberto: {{2}}."
SEAL, TOKEN, LINE = "selo-da-acme", "chave-da-acme", "linha-1"


class Acme(BaseHTTPRequestHandler):
    """The provider itself: keeps what it was told, lists one template."""

    told: list[dict[str, Any]]

    def do_GET(self) -> None:
        self.answer([{"id": "aviso", "body": BODY}])

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.told.append(said)
        self.answer({"id": f"acme-{len(self.told)}"})

    def answer(self, body: object) -> None:
        status = 200 if self.headers["Authorization"] == TOKEN else 401
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its address and what it was told; its adapter is a module of `providers`, as any."""
    monkeypatch.setitem(sys.modules, "providers.acme", third_provider)
    Acme.told = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Acme)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Acme.told
    server.shutdown()
    thread.join()
    server.server_close()


def hear(
    rig: Rig, key: str, body: dict[str, Any] | bytes, seal: str = SEAL, provider: str = "acme"
) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Seal": hmac.new(seal.encode(), raw, hashlib.sha256).hexdigest()}
    url = f"/whatsapp-webhook/{provider}?key={key}"
    return rig.functions.post(url, content=raw, headers=headers)


def connected(rig: Rig, base: str) -> str:
    """Its webhook's key, once its form is saved."""
    # All that is not in its file: the word and the rows that its file writes.
    for statement in declaration.migration("acme", third_provider.DECLARES):
        rig.owner.execute(statement.encode())
    saved: dict[str, str] = rig.ask(
        "select public.save_integration('acme', %s::jsonb, %s::jsonb)",
        json.dumps({"line": LINE, "source": "551150000000", "base": base}),
        json.dumps({"token": TOKEN, "seal": SEAL}),
    )
    return saved["webhook_key"]


def test_a_third_provider_is_one_file(rig: Rig, acme: tuple[str, list[dict[str, Any]]]) -> None:
    base, told = acme
    key = connected(rig, base)
    offered = {row["provider"]: row for row in rig.ask("select public.integration_page()")}["acme"]
    assert offered["words"] == {
        "name": "Acme Mensagens", "what": "WhatsApp pela Acme.", "account": "Linha na Acme",
        "where": "No painel da Acme: Avisos → Endereço.", "webhook": "whatsapp-webhook/acme",
    }  # fmt: skip
    assert {field["field"]: field["label"] for field in offered["fields"]} == {
        field.name: field.label for field in third_provider.DECLARES.fields
    }
    assert probes.secrets_of("acme") == ("token",)
    assert probes.probe("acme", {"base": base}, {"token": TOKEN}).verdict == "works"
    [sender] = rig.rows("select id, name, account from public.senders where provider = 'acme'")
    assert (sender["name"], sender["account"]) == ("Acme 551150000000", LINE)

    jobs = {"Authorization": f"Bearer {JOBS_KEY}"}
    synced = rig.functions.post("/sync-templates", headers=jobs).json()["synced"]
    assert [each["listed"] for each in synced if each["provider"] == "acme"] == [1]
    template = rig.one(
        "update public.message_templates set variables = %s where provider = 'acme' returning id",
        ["client.first_name", "client.open_total"],
    )
    people = rig.people(3)
    batch_id = rig.batch(people, sender=sender["id"], template=template)
    rig.drain()
    assert [(said["template"], said["params"]) for said in told] == [
        ("aviso", ["Pessoa", "R$ 150,00"])
    ] * 3

    assert hear(rig, key, {"id": "acme-1"}, seal="outro-selo").status_code == 401
    strange = rig.functions.post(
        f"/whatsapp-webhook/acme?key={key}", content=b"{}", headers={b"X-Seal": b"\xe9"}
    )
    assert strange.status_code == 401
    assert hear(rig, "outra-chave", {"id": "acme-1"}).status_code == 401
    phone = rig.one("select phone from public.client_phones where client_id = %s", people[0])
    answer = {"id": "a1", "from": phone[1:], "text": "oi", "line": LINE}
    for body in ({"id": "acme-1"}, answer):
        assert hear(rig, key, body).status_code == 200
    rig.drain("run-automations")
    assert (rig.numbers(batch_id)["delivered"], rig.numbers(batch_id)["answered"]) == (1, 1)
    [talk] = rig.ask("select public.list_conversations()")["rows"]
    assert (talk["client"]["id"], talk["sender"]["id"]) == (str(people[0]), str(sender["id"]))
    send = "select public.send_chat_message(%s, %s, 'tudo bem?')"
    rig.ask(send, talk["id"], uuid.uuid4())
    rig.drain("send-message")
    assert (told[-1]["text"], told[-1]["line"]) == ("tudo bem?", LINE)


@pytest.mark.parametrize("provider", ["gupshup", "meta"])
def test_what_an_adapter_declares_is_what_the_database_holds(rig: Rig, provider: str) -> None:
    declared = declaration.rows(provider, whatsapp.adapter(provider).DECLARES)
    for table, rows in declared.items():
        columns = declaration.COLUMNS[table].split(", ")
        schema, _, name = table.partition(".")
        held = psycopg.sql.Identifier(schema, name)
        kept = psycopg.sql.SQL("select row_to_json(kept) as kept from {} as kept").format(held)
        found = [[row.kept[each] for each in columns] for row in rig.owner.execute(kept)]
        assert sorted(map(str, (each for each in found if each[0] == provider))) == sorted(
            str(list(row)) for row in rows
        ), table


def test_a_name_that_is_no_adapter_is_nobodys(rig: Rig) -> None:
    for name in ("events", "nobody", "threecplus", "%00"):
        with pytest.raises(LookupError):
            whatsapp.adapter(name)
        assert rig.functions.post(f"/whatsapp-webhook/{name}?key=k").status_code == 401


@pytest.mark.parametrize("provider", ["gupshup", "meta"])
def test_who_has_an_address_of_their_own_is_not_heard_here(rig: Rig, provider: str) -> None:
    for key in ("k", rig.keys[TENANT, provider]):
        told = rig.functions.post(
            f"/whatsapp-webhook/{provider}?key={key}", json={"type": "message"}
        )
        assert told.status_code == 401
    assert rig.rows("select from private.provider_events") == []


def test_no_signed_body_whatever_makes_it_fail(
    rig: Rig, acme: tuple[str, list[dict[str, Any]]]
) -> None:
    keys = {"acme": connected(rig, acme[0]), "meta": rig.keys[TENANT, "meta"],
            "gupshup": rig.keys[TENANT, "gupshup"]}  # fmt: skip

    @settings(max_examples=40, deadline=None,
              suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
    @given(
        st.binary(max_size=200) | st.dictionaries(
            st.sampled_from(["id", "from", "text", "line"]), json_values, max_size=4
        ).map(dumped),
        st.sampled_from(sorted(keys)),
    )  # fmt: skip
    def survives(raw: bytes, provider: str) -> None:
        told = hear(rig, keys[provider], raw, provider=provider)
        assert told.status_code in ((200, 400) if provider == "acme" else (401,))

    survives()
    rig.drain("run-automations")
