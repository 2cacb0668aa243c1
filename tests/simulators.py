"""The provider simulators as fixtures, for tests that do not need the whole stack."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from aiohttp import web

from local_platform.providers import gupshup, meta, negociarie

APP, API_KEY, SOURCE = "DemoCobrancas", "simulated-key", "551140000000"
NUMBER, TOKEN, APP_SECRET = "106540352242922", "EAAB-simulated", "app-secret-of-the-tests"
WABA = "102290129340398"
META_TEMPLATE = {
    "id": "900", "name": "lembrete", "language": "pt_BR", "category": "UTILITY",
    "status": "APPROVED", "body": "Olá, {{1}}! O valor em aberto é {{2}}.",
}  # fmt: skip
CLIENT_ID, CLIENT_SECRET = "7", "a-secret-of-theirs"


@dataclass
class Phones:
    """A running simulator: `url` is what SIMULATORS_URL must be, the rest drives it."""

    url: str
    control: httpx.Client

    def misbehave(self, do: str, **how: Any) -> None:
        self.control.post("/_control/misbehave", json={"do": do} | how).raise_for_status()

    def weather(self, faults: dict[str, float], **how: Any) -> None:
        said = {"faults": faults} | how
        self.control.put("/_control/weather", json=said).raise_for_status()

    def pace(self, **how: Any) -> None:
        self.control.put("/_control/pace", json=how).raise_for_status()

    def reply(self, app: str, phone: str, text: str, **how: Any) -> None:
        said = {"app": app, "phone": phone, "text": text} | how
        self.control.post("/_control/reply", json=said).raise_for_status()

    def receipts(self, **how: Any) -> None:
        self.control.put("/_control/receipts", json=how).raise_for_status()

    def messages(self, destination: str | None = None) -> list[dict[str, Any]]:
        params = {"destination": destination.removeprefix("+")} if destination else {}
        found: list[dict[str, Any]] = self.control.get("/_control/messages", params=params).json()
        return found

    def calls(self) -> int:
        return int(self.control.get("/_control/calls").json()["count"])


class GupshupPhone(Phones):
    def register(self, callback_url: str, templates: dict[str, str] | None = None) -> None:
        account = {"api_key": API_KEY, "source": SOURCE, "callback_url": callback_url}
        body = account | {"templates": templates or {}}
        self.control.put(f"/_control/apps/{APP}", json=body).raise_for_status()


class MetaPhone(Phones):
    def register(
        self, callback_url: str, number: str = NUMBER, templates: list[dict[str, str]] | None = None
    ) -> None:
        account = {
            "access_token": TOKEN, "app_secret": APP_SECRET, "waba_id": WABA,
            "display_phone_number": "551130000000", "callback_url": callback_url,
            "templates": templates or [META_TEMPLATE],
        }  # fmt: skip
        self.control.put(f"/_control/numbers/{number}", json=account).raise_for_status()


@dataclass
class NegociarieBank:
    """A running simulator of Negociarie, one account registered; drives it as `GupshupPhone`."""

    url: str
    control: httpx.Client

    def register(self, callback_url: str | None = None) -> None:
        account = {"client_secret": CLIENT_SECRET, "callback_url": callback_url}
        self.control.put(f"/_control/accounts/{CLIENT_ID}", json=account).raise_for_status()

    def misbehave(self, do: str, **how: Any) -> None:
        self.control.post("/_control/misbehave", json={"do": do} | how).raise_for_status()

    def habits(self, **how: Any) -> None:
        self.control.put("/_control/habits", json=how).raise_for_status()

    def pay(self, reference: str, **how: Any) -> None:
        said = {"id_parcela": reference} | how
        self.control.post("/_control/pay", json=said).raise_for_status()

    def charges(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control.get("/_control/charges").json()
        return found

    def calls(self, kind: str) -> int:
        return int(self.control.get("/_control/calls").json().get(kind, 0))


@pytest.fixture
def gupshup_phone(tmp_path: Path) -> Iterator[GupshupPhone]:
    """The Gupshup simulator on a port of its own, one account registered, nothing called back
    until a test registers a callback URL that answers."""
    with (
        serving(gupshup, tmp_path) as base,
        httpx.Client(base_url=f"{base}/gupshup", timeout=60) as control,
    ):
        phone = GupshupPhone(base, control)
        phone.register("http://127.0.0.1:9/nobody-listens")
        yield phone


@pytest.fixture
def meta_phone(tmp_path: Path) -> Iterator[MetaPhone]:
    """The Meta simulator on a port of its own, one number registered, as `gupshup_phone`."""
    with (
        serving(meta, tmp_path) as base,
        httpx.Client(base_url=f"{base}/meta", timeout=10) as control,
    ):
        phone = MetaPhone(base, control)
        phone.register("http://127.0.0.1:9/nobody-listens")
        yield phone


@pytest.fixture
def whatsapp_phones(tmp_path: Path) -> Iterator[tuple[GupshupPhone, MetaPhone]]:
    """Both WhatsApp simulators under one URL, one account registered at each."""
    with (
        serving(gupshup, tmp_path, meta) as base,
        httpx.Client(base_url=f"{base}/gupshup", timeout=30) as one,
        httpx.Client(base_url=f"{base}/meta", timeout=30) as other,
    ):
        phones = GupshupPhone(base, one), MetaPhone(base, other)
        for phone in phones:
            phone.register("http://127.0.0.1:9/nobody-listens")
        yield phones


@pytest.fixture
def negociarie_bank(tmp_path: Path) -> Iterator[NegociarieBank]:
    """The Negociarie simulator on a port of its own; it calls nobody back until registered."""
    with (
        serving(negociarie, tmp_path) as base,
        httpx.Client(base_url=f"{base}/negociarie", timeout=60) as control,
    ):
        bank = NegociarieBank(base, control)
        bank.register()
        bank.habits(registration_seconds=0)
        yield bank


@contextlib.contextmanager
def serving(simulator: ModuleType, folder: Path, *others: ModuleType) -> Iterator[str]:
    """The simulators' base URL (what SIMULATORS_URL must be) while they run in a thread."""

    class Folder:
        data = folder

    loop = asyncio.new_event_loop()
    app = web.Application(client_max_size=64 * 1024**2)  # a file of contacts
    for module in (simulator, *others):
        name = module.__name__.rpartition(".")[2]
        app.add_subapp(f"/simulators/{name}/", module.create_app(Folder()))
    runner = web.AppRunner(
        app, handler_cancellation=True, shutdown_timeout=0.1
    )  # hanging requests are what is simulated
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    port = runner.addresses[0][1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/simulators"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(120)
        loop.close()
