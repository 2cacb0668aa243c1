"""The dialer around a database of the test's own: real functions, simulated 3C Plus.

Nothing wakes the functions here; a test drains when it wants to, and moves time when it wants to.
"""

import dataclasses
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
import pytest

from kit import config
from local_platform.providers import threecplus as simulator
from tests.automation import JOBS_KEY, serving
from tests.money.world import MONDAY, World
from tests.simulators import serving as simulating

HOST = "simulada.3c.plus"
MANAGER, AGENT = "3cs_manager-of-the-tests", "3cs_agent-of-the-tests"
JWT_SECRET = "a-secret-of-the-tests-with-32-bytes"
FUNCTIONS = [
    "threecplus_agent", "threecplus_campaigns", "threecplus_export", "threecplus_reconcile",
    "threecplus_webhook",
]  # fmt: skip
OPERATOR_AGENT = 77


@dataclasses.dataclass
class Floor:
    """An agency with the dialer connected, its operator sitting at agent 77."""

    world: World
    dialer: httpx.Client
    functions: httpx.Client
    integration: uuid.UUID
    webhook_key: str

    # Our side

    def person(self, n: int = 1, **fields: Any) -> uuid.UUID:
        """A client of São Paulo who owes something and has one mobile number, 11 9<n>."""
        phones = fields.pop("phones", [f"+55119{80_000_000 + n}"])
        cents = fields.pop("cents", 10_000)
        document = f"{n:011}"
        client: uuid.UUID = self.world.insert(
            "clients",
            {"tenant_id": self.world.tenant, "document": document, "name": f"Pessoa {n}",
             "uf": "SP"} | fields,
        )  # fmt: skip
        for position, phone in enumerate(phones):
            self.world.insert(
                "client_phones",
                {"tenant_id": self.world.tenant, "client_id": client, "phone": phone,
                 "kind": "mobile", "position": position},
            )  # fmt: skip
        if cents:
            self.world.debt(cents, date(2026, 1, 5), client=client)
        return client

    def crowd(self, count: int) -> None:
        """Many such people at once."""
        self.world.run(
            "with made as (insert into public.clients (tenant_id, document, name, uf)"
            " select %s, lpad((10000000 + n)::text, 11, '0'), 'Pessoa ' || n, 'SP'"
            " from generate_series(1, %s) as n returning id, tenant_id, document),"
            " phoned as (insert into public.client_phones"
            " (tenant_id, client_id, phone, kind, position)"
            " select tenant_id, id, '+5511970' || right(document, 6), 'mobile', 0 from made)"
            " insert into public.debts"
            " (tenant_id, client_id, creditor_id, contract, due_on, principal_cents)"
            " select tenant_id, id, %s, document, '2026-01-05', 10000 from made",
            self.world.tenant, count, self.world.creditor,
        )  # fmt: skip

    def export(self, selection: dict[str, Any] | None = None, **how: Any) -> str:
        asked = {"campaign_id": 123, "campaign_name": "Cobrança ativa"} | how
        told = self.world.rpc(
            "supervisor", "request_dialer_export", selection=selection or {"filter": {}}, **asked
        )
        return str(told["id"])

    def job(self, name: str = "3cplus-export") -> dict[str, int]:
        answer = self.functions.post(f"/{name}", headers={"Authorization": f"Bearer {JOBS_KEY}"})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def elapse(self) -> None:
        """Leases run out and pauses end."""
        self.world.run(
            "update private.dialer_tasks set next_attempt_at = private.now(),"
            " lease_until = least(lease_until, private.now())"
            " where status in ('queued', 'sending')"
        )
        self.world.run("update public.integrations set paused_until = null")
        self.world.run("update pgmq.q_provider_events set vt = clock_timestamp()")

    def finish(self) -> None:
        """Drain until nothing is left to do, however long that would take."""
        for _ in range(40):
            self.elapse()
            if not any(self.job().values()):
                return
        raise AssertionError("the worker never comes to an end")

    def shown(self, export_id: str) -> dict[str, Any]:
        [row] = self.world.rows("select * from public.dialer_exports where id = %s", export_id)
        return row

    def fates(self, export_id: str) -> Counter[tuple[str, str | None]]:
        rows = self.world.rows(
            "select status, reason from public.dialer_export_rows where export_id = %s", export_id
        )
        return Counter((row["status"], row["reason"]) for row in rows)

    def calls(self) -> list[dict[str, Any]]:
        return self.world.rows("select * from public.calls order by called_at, id")

    def apply(self) -> None:
        self.elapse()
        self.world.run("select private.apply_provider_events(500)")

    def callback(self, body: object, key: str | None = None) -> httpx.Response:
        params = {"key": self.webhook_key if key is None else key}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.functions.post("/3cplus-webhook", params=params, content=content)

    def ask(self, who: str, method: str, path: str, **how: Any) -> httpx.Response:
        claims = {
            "sub": str(self.world.people[who]), "role": "authenticated", "aud": "authenticated",
            "exp": int(time.time()) + 600,
        }  # fmt: skip
        token = jwt.encode(claims, JWT_SECRET, "HS256")
        headers = {"Authorization": f"Bearer {token}"}
        return self.functions.request(method, path, headers=headers, **how)

    # Their side

    def connect(self, **how: Any) -> str:
        """A call reaches an agent; the connection's id."""
        said = {"host": HOST, "agent_id": OPERATOR_AGENT} | how
        answer = self.dialer.post("/_control/call", json=said)
        answer.raise_for_status()
        return str(answer.json()["telephony_id"])

    def hang_up(self, telephony_id: str, **how: Any) -> None:
        said = {"telephony_id": telephony_id} | how
        self.dialer.post("/_control/hangup", json=said).raise_for_status()

    def register(self, **how: Any) -> None:
        account = {"tokens": {MANAGER: "manager", AGENT: "agent"}} | how
        self.dialer.put(f"/_control/companies/{HOST}", json=account).raise_for_status()

    def misbehave(self, do: str, on: str, **how: Any) -> None:
        said = {"do": do, "on": on} | how
        self.dialer.post("/_control/misbehave", json=said).raise_for_status()

    def habits(self, **how: Any) -> None:
        self.dialer.put("/_control/habits", json=how).raise_for_status()

    def held(self) -> dict[str, Any]:
        """What the dialer has: lists, contacts, calls, failures."""
        found: dict[str, Any] = self.dialer.get("/_control/state", params={"host": HOST}).json()
        return dict(found["companies"][0])

    def counts(self) -> dict[str, int]:
        return dict(self.dialer.get("/_control/state").json()["counts"])

    def loaded(self) -> Counter[tuple[str, str]]:
        """How often the dialer holds each contact."""
        return Counter((item["identifier"], item["phone"]) for item in self.held()["contacts"])


def connect_dialer(world: World, **secrets: str) -> tuple[uuid.UUID, str]:
    told = world.rpc(
        "admin", "save_integration", provider="threecplus", settings={"host": HOST},
        secrets={"api_token": MANAGER, "agent_token": AGENT} | secrets,
    )  # fmt: skip
    return uuid.UUID(told["integration_id"]), told["webhook_key"]


@pytest.fixture
def floor(
    server_url: Callable[[str], str],
    copied_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Floor]:
    with (
        simulating(simulator, tmp_path) as simulators,
        httpx.Client(base_url=f"{simulators}/threecplus", timeout=10) as dialer,
        psycopg.connect(copied_url, autocommit=True) as owner,
    ):
        functions_url = server_url("functions").rpartition("/")[0]
        settings = config.read(
            {
                "FUNCTIONS_DATABASE_URL": f"{functions_url}/{copied_url.rpartition('/')[2]}",
                "JOBS_KEY": JOBS_KEY,
                "SUPABASE_JWT_SECRET": JWT_SECRET,
                "SIMULATORS_URL": simulators,
            }
        )
        monkeypatch.setattr(config, "settings", lambda: settings)
        world = World(owner)
        world.set_today(MONDAY)
        world.run("delete from public.clients where id = %s", world.client)
        integration, key = connect_dialer(world)
        # Nothing is held: what can be taken back is told by tests/sql/test_undo.py.
        world.insert("automation_policies", {"tenant_id": world.tenant, "undo_seconds": 0})
        world.insert(
            "dialer_agents",
            {"tenant_id": world.tenant, "agent_id": OPERATOR_AGENT, "extension": "1001",
             "user_id": world.people["operator"], "agent_name": "Agente"},
        )  # fmt: skip
        with serving(FUNCTIONS) as url, httpx.Client(base_url=url, timeout=60) as functions:
            floor = Floor(world, dialer, functions, integration, key)
            floor.register()
            yield floor
