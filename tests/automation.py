"""The automation thread around a database of the test's own: real functions, simulated Gupshup.

Nothing wakes the functions here; a test drains when it wants to, and moves time when it wants to.
"""

import contextlib
import dataclasses
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row, namedtuple_row
from werkzeug.serving import make_server

from kit import config, db, http
from local_platform import functions_host
from local_platform.settings import ROOT
from local_platform.stack import Stack
from tests.simulators import API_KEY, APP, SOURCE, GupshupPhone

WaitUntil = Callable[..., Any]  # the fixture of tests/conftest.py: (condition, seconds=10)
TENANT = "d0000000-0000-4000-8000-000000000001"
JOBS_KEY = "jobs-key-of-the-tests"

# The next opening plus two hours: lawful in every state, and hours ahead of the next closing.
LAWFUL_MORNING = """
update private.clock set shift = (
    select opening.opens_at + interval '2 hours' - clock_timestamp()
    from private.contact_hours(%s, null, clock_timestamp(), 15) as opening
    where opening.opens_at > clock_timestamp()
    order by opening.opens_at limit 1
)
"""


@dataclasses.dataclass
class Thread:
    """One tenant's automation, from the disposition to the last receipt."""

    owner: psycopg.Connection[Any]
    phone: GupshupPhone
    functions: httpx.Client
    settings: config.Settings
    webhook_key: str

    def as_person(self, email: str, statement: str, *values: object) -> list[Any]:
        """Run one statement as PostgREST would for that person."""
        [(user_id,)] = self.owner.execute("select id from auth.users where email = %s", (email,))
        claims = json.dumps({"sub": str(user_id), "email": email, "role": "authenticated"})
        with self.owner.transaction():
            self.owner.execute(
                "select set_config('role', 'authenticated', true) as role,"
                " set_config('request.jwt.claims', %s, true) as claims",
                (claims,),
            )
            cursor = self.owner.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def dispose(self, count: int = 1, skip: int = 0) -> list[str]:
        """`count` people are not reached; answers the dispositions' ids."""
        clients = self.owner.execute(
            "select id from public.clients where tenant_id = %s and open_debts > 0"
            " order by document limit %s offset %s",
            (TENANT, count, skip),
        ).fetchall()
        ids = [str(uuid.uuid4()) for _ in clients]
        for disposition_id, client in zip(ids, clients, strict=True):
            self.as_person(
                "operador@demo.test",
                "insert into public.call_dispositions (id, client_id, disposition_type)"
                " values (%s, %s, 'voicemail')",
                disposition_id,
                client.id,
            )
        return ids

    def drain(self) -> dict[str, int]:
        headers = {"Authorization": f"Bearer {JOBS_KEY}"}
        answer = self.functions.post("/run-automations", headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def callback(self, body: object, key: str | None = None) -> httpx.Response:
        params = {"key": self.webhook_key if key is None else key}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.functions.post("/gupshup-webhook", params=params, content=content)

    def elapse(self, seconds: float) -> None:
        """Let that much time pass for the queues and for every rule that asks the clock."""
        pause = f"{seconds} seconds"
        self.owner.execute("update private.clock set shift = shift + %s::interval", (pause,))
        self.owner.execute("update pgmq.q_automations set vt = vt - %s::interval", (pause,))
        self.owner.execute("update pgmq.q_provider_events set vt = vt - %s::interval", (pause,))

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self.owner.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()

    def runs(self) -> list[dict[str, Any]]:
        return self.rows("select * from public.automation_runs order by created_at, id")

    def messages(self) -> list[dict[str, Any]]:
        return self.rows("select * from public.message_logs order by created_at, id")

    def queued(self) -> int:
        [row] = self.rows(
            "select (select count(*) from pgmq.q_automations)"
            " + (select count(*) from pgmq.q_provider_events) as count"
        )
        return int(row["count"])


@contextlib.contextmanager
def serving(names: list[str]) -> Iterator[str]:
    """The URL under which those functions answer, with the settings the test has given."""
    source = ROOT / "functions" / "main.py"
    apps = {functions_host.path_of(name): functions_host.app_of(name, source) for name in names}
    server = make_server(
        "127.0.0.1",
        0,
        functions_host.mounted(apps),
        threaded=True,
        request_handler=functions_host.QuietHandler,
    )
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join(120)
        server.server_close()
        db.close()
        http.client().close()
        http._client.cache_clear()


@pytest.fixture
def thread(
    stack: Stack,
    fresh_database: str,
    gupshup_phone: GupshupPhone,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Thread]:
    settings = config.read(
        {
            "FUNCTIONS_DATABASE_URL": stack.settings.database_url(
                "functions", fresh_database.rsplit("/", 1)[1]
            ),
            "JOBS_KEY": JOBS_KEY,
            "SUPABASE_JWT_SECRET": stack.settings.secrets.jwt_secret,
            "SIMULATORS_URL": gupshup_phone.url,
        }
    )
    monkeypatch.setattr(config, "settings", lambda: settings)
    with (
        serving(["run_automations", "gupshup_webhook"]) as url,
        psycopg.connect(fresh_database, autocommit=True, row_factory=namedtuple_row) as owner,
        httpx.Client(base_url=url, timeout=300) as functions,
    ):
        owner.execute(LAWFUL_MORNING, (TENANT,))
        # Nothing is held: what can be taken back is told by tests/sql/test_undo.py.
        owner.execute(
            "insert into public.automation_policies (tenant_id, undo_seconds)"
            " select id, 0 from public.tenants"
        )
        found = Thread(owner, gupshup_phone, functions, settings, "")
        [[saved]] = found.as_person(
            "admin@demo.test",
            "select public.save_integration('gupshup', %s::jsonb, %s::jsonb)",
            json.dumps({"app_name": APP, "source": SOURCE}),
            json.dumps({"api_key": API_KEY}),
        )
        found.webhook_key = saved["webhook_key"]
        gupshup_phone.register(f"{url}/gupshup-webhook?key={found.webhook_key}")
        gupshup_phone.receipts(
            latency={"enqueued": 0.01, "sent": 0.02, "delivered": 0.03, "read": 0.04}
        )
        yield found
