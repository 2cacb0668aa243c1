"""An agency's settings room: every provider simulated, and the functions that its admin calls."""

import contextlib
import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from psycopg.rows import dict_row, namedtuple_row

from kit import config
from local_platform.providers import gupshup, meta, negociarie, threecplus
from local_platform.stack import Stack
from tests.automation import JOBS_KEY, serving
from tests.simulators import (
    API_KEY,
    APP,
    APP_SECRET,
    CLIENT_ID,
    CLIENT_SECRET,
    META_TEMPLATE,
    NUMBER,
    SOURCE,
    TOKEN,
    WABA,
)
from tests.simulators import serving as simulating

ADMIN, SUPERVISOR, OPERATOR = "admin@demo.test", "supervisor@demo.test", "operador@demo.test"
OTHER_ADMIN = "admin@outra.test"
HOST, MANAGER = "simulada.3c.plus", "3cs_manager-of-the-tests"
FUNCTIONS = [
    "gupshup_webhook", "meta_webhook", "negociarie_callback", "sync_templates", "test_integration",
    "threecplus_webhook",
]  # fmt: skip
FORMS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "gupshup": ({"app_name": APP, "source": SOURCE}, {"api_key": API_KEY}),
    "meta": (
        {"waba_id": WABA, "phone_number_id": NUMBER, "source": "551130000000"},
        {"access_token": TOKEN, "app_secret": APP_SECRET, "verify_token": "verify-me-please"},
    ),
    "threecplus": ({"host": HOST}, {"api_token": MANAGER}),
    "negociarie": ({"client_id": CLIENT_ID}, {"client_secret": CLIENT_SECRET}),
}
# What each simulator answers to: kind of question, and where moods are told.
QUESTIONS = {"gupshup": "list", "meta": "list", "threecplus": "campaigns", "negociarie": "paid"}


@dataclasses.dataclass
class Office:
    owner: psycopg.Connection[Any]
    functions: httpx.Client
    simulators: httpx.Client
    jwt_secret: str

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self.owner.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement.encode(), values or None).fetchall()

    def claims(self, email: str) -> dict[str, Any]:
        [user] = self.rows("select id from auth.users where email = %s", email)
        return {"sub": str(user["id"]), "email": email, "role": "authenticated"}

    def ask(self, statement: str, *values: object, by: str = ADMIN) -> Any:
        """The one value of a statement as PostgREST would run it for that person."""
        with self.owner.transaction():
            self.owner.execute(
                "select set_config('role', 'authenticated', true) as role,"
                " set_config('request.jwt.claims', %s, true) as claims",
                (json.dumps(self.claims(by)),),
            )
            [[value]] = self.owner.execute(statement.encode(), values).fetchall()
        return value

    def connect(self, provider: str, by: str = ADMIN, **changes: str) -> dict[str, Any]:
        """Fill the provider's form; `changes` are fields of it with another value."""
        settings, secrets = FORMS[provider]
        settings = settings | {key: value for key, value in changes.items() if key in settings}
        secrets = secrets | {key: value for key, value in changes.items() if key in secrets}
        saved: dict[str, Any] = self.ask(
            "select public.save_integration(%s, %s::jsonb, %s::jsonb)",
            provider,
            json.dumps(settings),
            json.dumps(secrets),
            by=by,
        )
        return saved

    def post(self, function: str, body: object, by: str | None = ADMIN) -> httpx.Response:
        headers = {}
        if by:
            said = self.claims(by) | {"aud": "authenticated", "exp": int(time.time()) + 600}
            headers["Authorization"] = f"Bearer {jwt.encode(said, self.jwt_secret, 'HS256')}"
        return self.functions.post(f"/{function}", json=body, headers=headers)

    def test(self, provider: str) -> tuple[str, str | None]:
        answer = self.post("test-integration", {"provider": provider})
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["provider"] == provider
        return said["verdict"], said["detail"]

    def misbehave(self, provider: str, do: str, **how: Any) -> None:
        said = {"do": do, "on": QUESTIONS[provider]} | how
        url = f"/{provider}/_control/misbehave"
        self.simulators.post(url, json=said).raise_for_status()

    def tell(self, path: str, body: object) -> None:
        self.simulators.put(path, json=body).raise_for_status()

    def page(self, provider: str, by: str = ADMIN) -> dict[str, Any]:
        """What the page of integrations shows of one provider."""
        found = {
            row["provider"]: row for row in self.ask("select public.integration_page()", by=by)
        }
        connected: dict[str, Any] = found[provider]["connected"]
        return connected

    def list_at_meta(self, templates: list[dict[str, Any]]) -> None:
        self.tell(
            f"/meta/_control/numbers/{NUMBER}",
            {"access_token": TOKEN, "app_secret": APP_SECRET, "waba_id": WABA,
             "display_phone_number": "551130000000", "callback_url": "http://127.0.0.1:9/",
             "templates": [META_TEMPLATE | template for template in templates]},
        )  # fmt: skip

    def list_at_gupshup(self, templates: dict[str, str]) -> None:
        self.tell(
            f"/gupshup/_control/apps/{APP}",
            {"api_key": API_KEY, "source": SOURCE, "callback_url": "http://127.0.0.1:9/",
             "templates": templates},
        )  # fmt: skip


@pytest.fixture
def office(
    stack: Stack, fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    secret = stack.settings.secrets.jwt_secret
    name = fresh_database.rsplit("/", 1)[1]
    with contextlib.ExitStack() as open_things:
        base = open_things.enter_context(
            simulating(gupshup, tmp_path, meta, negociarie, threecplus)
        )
        settings = config.read(
            {
                "FUNCTIONS_DATABASE_URL": stack.settings.database_url("functions", name),
                "JOBS_KEY": JOBS_KEY,
                "SUPABASE_JWT_SECRET": secret,
                "SIMULATORS_URL": base,
            }
        )
        monkeypatch.setattr(config, "settings", lambda: settings)
        url = open_things.enter_context(serving(FUNCTIONS))
        found = Office(
            open_things.enter_context(
                psycopg.connect(fresh_database, autocommit=True, row_factory=namedtuple_row)
            ),
            open_things.enter_context(httpx.Client(base_url=url, timeout=60)),
            open_things.enter_context(httpx.Client(base_url=base, timeout=60)),
            secret,
        )
        found.list_at_gupshup({})
        found.list_at_meta([{}])
        found.tell(f"/negociarie/_control/accounts/{CLIENT_ID}", {"client_secret": CLIENT_SECRET})
        found.tell(f"/threecplus/_control/companies/{HOST}", {"tokens": {MANAGER: "manager"}})
        yield found
