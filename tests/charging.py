"""Charges around a database of the test's own: real functions, simulated Negociarie.

Nothing wakes the functions here; a test drains when it wants to, and moves time when it wants to.
"""

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from kit import config
from local_platform.stack import Stack
from providers import negociarie
from tests.automation import JOBS_KEY, serving
from tests.money.deals import agree, connect_provider, parts
from tests.money.world import World
from tests.simulators import CLIENT_ID, CLIENT_SECRET, NegociarieBank

FUNCTIONS = ["negociarie_callback", "negociarie_charge", "reconcile_payments"]
TOKEN = hashlib.sha1(f"{CLIENT_ID}{CLIENT_SECRET}".encode()).hexdigest()  # noqa: S324  (theirs)


@dataclasses.dataclass
class Desk:
    """One agreement of three times R$ 300,00 whose installments are charged at the provider."""

    world: World
    bank: NegociarieBank
    functions: httpx.Client
    settings: config.Settings
    integration: uuid.UUID
    agreement: uuid.UUID
    webhook_key: str

    def ask(self, number: int = 1, **how: Any) -> str:
        """Ask for one installment's charge; its reference at the provider."""
        part = parts(self.world, self.agreement)[number - 1]
        [asked] = self.world.rpc("operator", "request_charges", installment_ids=[part["id"]], **how)
        query = "select reference from public.charges where id = %s"
        return str(self.world.one(query, asked["charge_id"]))

    def drain(self) -> dict[str, int]:
        return self.job("/negociarie-charge")

    def job(self, path: str) -> dict[str, int]:
        answer = self.functions.post(path, headers={"Authorization": f"Bearer {JOBS_KEY}"})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def callback(self, body: object, key: str | None = None) -> httpx.Response:
        params = {"key": self.webhook_key if key is None else key}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.functions.post("/negociarie-callback", params=params, content=content)

    def told(self, *references: str, **line: Any) -> dict[str, Any]:
        """A callback that says whatever a test wants about those charges."""
        lines = [{"id_parcela": reference} | line for reference in references]
        return {"client_id": CLIENT_ID, "token": TOKEN, "parcelas": lines}

    def elapse(self) -> None:
        """Leases run out, pauses end, and the minute of calls is a new one."""
        self.world.run("update pgmq.q_charges set vt = clock_timestamp() - interval '1 second'")
        self.world.run("update pgmq.q_provider_events set vt = clock_timestamp()")
        self.world.run(
            "update public.charges set lease_until = private.now() - interval '1 second'"
            " where lease_until is not null"
        )
        self.world.run("delete from private.call_budgets")

    def finish(self) -> None:
        """Drain until nothing is left to do, however long that would take."""
        for _ in range(40):
            self.elapse()
            if not any(self.drain().values()):
                return
        raise AssertionError("the worker never comes to an end")

    def charge(self, reference: str) -> dict[str, Any]:
        query = "select * from public.charges where reference = %s"
        [row] = self.world.rows(query, reference)
        return row

    def payments(self) -> list[tuple[str, int, date]]:
        rows = self.world.rows("select * from public.payments order by paid_on, reference")
        return [(row["reference"], row["amount_cents"], row["paid_on"]) for row in rows]

    def cases(self) -> list[str]:
        return [row["kind"] for row in self.world.rows("select kind from public.payment_cases")]


@pytest.fixture
def desk(
    stack: Stack,
    copied_url: str,
    negociarie_bank: NegociarieBank,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    name = copied_url.rsplit("/", 1)[1]
    settings = config.read(
        {
            "FUNCTIONS_DATABASE_URL": stack.settings.database_url("functions", name),
            "JOBS_KEY": JOBS_KEY,
            "SUPABASE_JWT_SECRET": stack.settings.secrets.jwt_secret,
            "SIMULATORS_URL": negociarie_bank.url,
        }
    )
    monkeypatch.setattr(config, "settings", lambda: settings)
    negociarie._tokens.clear()
    with (
        serving(FUNCTIONS) as url,
        psycopg.connect(copied_url, autocommit=True) as owner,
        httpx.Client(base_url=url, timeout=300) as functions,
    ):
        world = World(owner)
        integration = connect_provider(world)
        key = uuid.uuid4().hex
        world.run(
            "update public.integrations set webhook_key_hash = private.webhook_key_hash(%s)"
            " where id = %s",
            key, integration,
        )  # fmt: skip
        world.debt(90_000)
        agreement = agree(world, installments=3, first_due_date=world.today + timedelta(days=1))
        yield Desk(world, negociarie_bank, functions, settings, integration, agreement, key)
