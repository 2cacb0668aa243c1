"""Two agencies with a number each, one at Gupshup and one at Meta; real functions around them.

Nothing wakes the functions here; a test drains when it wants to, and moves time when it wants to.
"""

import contextlib
import dataclasses
import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row, namedtuple_row

from kit import config
from local_platform.stack import Stack
from tests.automation import JOBS_KEY, LAWFUL_MORNING, TENANT, serving
from tests.simulators import (
    API_KEY,
    APP,
    APP_SECRET,
    META_TEMPLATE,
    NUMBER,
    SOURCE,
    TOKEN,
    WABA,
    GupshupPhone,
    MetaPhone,
    Phones,
)

OTHER_TENANT = "d0000000-0000-4000-8000-000000000002"
ADMIN = {TENANT: "admin@demo.test", OTHER_TENANT: "admin@outra.test"}
SUPERVISOR = "supervisor@demo.test"
FUNCTIONS = [
    "send_notifications", "send_message", "run_automations", "gupshup_webhook", "meta_webhook",
    "batch_results", "fetch_media", "message_media", "send_file", "sent_media", "sync_templates",
    "whatsapp_webhook",
]  # fmt: skip
FAST = {"enqueued": 0.01, "sent": 0.02, "delivered": 0.03, "read": 0.04}
BODY = "Olá, {{1}}! O valor em aberto é {{2}}."

CONNECT = {
    "gupshup": (
        {"app_name": APP, "source": SOURCE},
        {"api_key": API_KEY},
    ),
    "meta": (
        {"waba_id": WABA, "phone_number_id": NUMBER, "source": "551130000000"},
        {"access_token": TOKEN, "app_secret": APP_SECRET, "verify_token": "verify-me-please"},
    ),
}

# People with a mobile number and an open title each; numbers and documents count up from `first`.
PEOPLE = """
with made as (
    insert into public.clients (tenant_id, document, name, uf)
    select %(tenant)s, lpad((50000000000 + %(first)s + n)::text, 11, '0'),
        'Pessoa ' || n, 'SP'
    from generate_series(1, %(count)s) as n
    returning id, document
),
phones as (
    insert into public.client_phones (tenant_id, client_id, phone, kind)
    select %(tenant)s, made.id, '+55119' || right(made.document, 8), 'mobile' from made
),
debts as (
    insert into public.debts
        (tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents)
    select %(tenant)s, made.id,
        (select id from public.creditors where tenant_id = %(tenant)s order by name limit 1),
        'LOTE-' || made.document, 1, '2026-08-01', 15000
    from made
)
select id from made order by document
"""


@dataclasses.dataclass
class Rig:
    """Drives both agencies: `tenant` picks whose turn it is, the first by default."""

    owner: psycopg.Connection[Any]
    gupshup: GupshupPhone
    meta: MetaPhone
    functions: httpx.Client
    settings: config.Settings
    keys: dict[tuple[str, str], str]

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self.owner.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement.encode(), values or None).fetchall()

    def one(self, statement: str, *values: object) -> Any:
        [row] = self.rows(statement, *values)
        [value] = row.values()
        return value

    def ask(self, statement: str, *values: object, by: str = ADMIN[TENANT]) -> Any:
        """The one value of a statement as PostgREST would run it for that person."""
        user_id = self.one("select id from auth.users where email = %s", by)
        claims = json.dumps({"sub": str(user_id), "email": by, "role": "authenticated"})
        with self.owner.transaction():
            self.owner.execute(
                "select set_config('role', 'authenticated', true) as role,"
                " set_config('request.jwt.claims', %s, true) as claims",
                (claims,),
            )
            [[value]] = self.owner.execute(statement.encode(), values).fetchall()
        return value

    def people(self, count: int, tenant: str = TENANT, first: int = 0) -> list[uuid.UUID]:
        values = {"tenant": tenant, "count": count, "first": first}
        return [row.id for row in self.owner.execute(PEOPLE.encode(), values).fetchall()]

    def sender(self, provider: str = "gupshup", tenant: str = TENANT) -> uuid.UUID:
        found: uuid.UUID = self.one(
            "select id from public.senders where tenant_id = %s and provider::text = %s"
            " order by created_at limit 1",
            tenant,
            provider,
        )
        return found

    def template(self, provider: str = "gupshup", tenant: str = TENANT, **more: Any) -> uuid.UUID:
        """A template of two variables that the provider knows."""
        said = {
            "name": "lembrete",
            "provider_template_id": "900" if provider == "meta" else "lote-lembrete",
            "body": META_TEMPLATE["body"] if provider == "meta" else BODY,
            "variables": ["client.first_name", "client.open_total"],
        } | more
        found: uuid.UUID = self.one(
            "insert into public.message_templates (tenant_id, provider, name,"
            " provider_template_id, body, variables) values (%s, %s, %s, %s, %s, %s)"
            " on conflict on constraint message_templates_are_unique do update set name = "
            " excluded.name returning id",
            tenant,
            provider,
            said["name"] if provider == "meta" else f"{said['name']} {uuid.uuid4().hex[:6]}",
            said["provider_template_id"],
            said["body"],
            said["variables"],
        )
        return found

    def batch(
        self,
        clients: list[uuid.UUID],
        provider: str = "gupshup",
        tenant: str = TENANT,
        by: str | None = None,
        **how: Any,
    ) -> uuid.UUID:
        """A bulk send to these clients, begun unless it needs somebody or a time."""
        batch_id = how.pop("id", uuid.uuid4())
        self.ask(
            "select public.create_message_batch(%s, %s::jsonb, %s, %s, 'Lote', %s, %s)",
            batch_id,
            json.dumps({"ids": [str(client) for client in clients]}),
            how.pop("sender", None) or self.sender(provider, tenant),
            how.pop("template", None) or self.template(provider, tenant),
            how.pop("scheduled_at", None),
            how.pop("includes_agreements", False),
            by=by or ADMIN[tenant],
        )
        assert not how
        return batch_id  # type: ignore[no-any-return]  # from **how

    def drain(self, name: str = "send-notifications") -> dict[str, int]:
        headers = {"Authorization": f"Bearer {JOBS_KEY}"}
        answer = self.functions.post(f"/{name}", headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def numbers(self, batch_id: uuid.UUID) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("select public.message_batch(%s)", batch_id)
        numbers: dict[str, Any] = found["numbers"]
        return numbers | {"status": found["status"]}

    def elapse(self, seconds: float) -> None:
        pause = f"{seconds} seconds"
        self.owner.execute("update private.clock set shift = shift + %s::interval", (pause,))
        self.owner.execute("update pgmq.q_automations set vt = vt - %s::interval", (pause,))
        self.owner.execute("update pgmq.q_provider_events set vt = vt - %s::interval", (pause,))

    def pace(self, per_second: int) -> None:
        """The pace granted to every number, at the provider and in our books."""
        self.owner.execute("update public.senders set throughput_per_second = %s", (per_second,))
        for phone in (self.gupshup, self.meta):
            phone.pace(rate_per_second=per_second, answer_seconds=0.01)

    def listen(self) -> None:
        """From now on the providers' callbacks reach our webhooks."""
        url = str(self.functions.base_url).rstrip("/")
        self.gupshup.register(
            f"{url}/gupshup-webhook?key={self.keys[TENANT, 'gupshup']}", {"lote-lembrete": BODY}
        )
        self.meta.register(f"{url}/meta-webhook?key={self.keys[OTHER_TENANT, 'meta']}")
        for phone in (self.gupshup, self.meta):
            phone.receipts(latency=FAST)

    def refuse(self, client: uuid.UUID, code: int) -> None:
        """Gupshup's answer to this person's message, in either form of the ninth digit."""
        phone = self.one("select phone from public.client_phones where client_id = %s", client)
        for form in (phone[1:], phone[1:5] + phone[6:]):
            refusal = {"status": "error", "code": code}
            self.gupshup.misbehave("answer", status=400, body=refusal, phone=form)

    def phones(self) -> tuple[Phones, Phones]:
        return self.gupshup, self.meta


@pytest.fixture
def rig(
    stack: Stack,
    fresh_database: str,
    whatsapp_phones: tuple[GupshupPhone, MetaPhone],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rig]:
    settings = config.read(
        {
            "FUNCTIONS_DATABASE_URL": stack.settings.database_url(
                "functions", fresh_database.rsplit("/", 1)[1]
            ),
            "JOBS_KEY": JOBS_KEY,
            "SUPABASE_JWT_SECRET": stack.settings.secrets.jwt_secret,
            "SIMULATORS_URL": whatsapp_phones[0].url,
        }
    )
    monkeypatch.setattr(config, "settings", lambda: settings)
    with contextlib.ExitStack() as open_things:
        url = open_things.enter_context(serving(FUNCTIONS))
        owner = open_things.enter_context(
            psycopg.connect(fresh_database, autocommit=True, row_factory=namedtuple_row)
        )
        functions = open_things.enter_context(httpx.Client(base_url=url, timeout=120))
        owner.execute(LAWFUL_MORNING, (TENANT,))
        found = Rig(owner, *whatsapp_phones, functions, settings, {})
        for tenant, provider in ((TENANT, "gupshup"), (TENANT, "meta"), (OTHER_TENANT, "meta")):
            said, secrets = CONNECT[provider]
            if tenant == TENANT and provider == "meta":
                said = said | {"phone_number_id": "99999999", "source": "551130000009"}
            saved = found.ask(
                "select public.save_integration(%s, %s::jsonb, %s::jsonb)",
                provider,
                json.dumps(said),
                json.dumps(secrets),
                by=ADMIN[tenant],
            )
            found.keys[tenant, provider] = saved["webhook_key"]
        yield found
