"""The provider simulators as fixtures, for tests that do not need the whole stack."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from local_platform.providers import gupshup

APP, API_KEY, SOURCE = "DemoCobrancas", "simulated-key", "551140000000"


@dataclass
class GupshupPhone:
    """A running simulator: `url` is what SIMULATORS_URL must be, the rest drives it."""

    url: str
    control: httpx.Client

    def register(self, callback_url: str, templates: dict[str, str] | None = None) -> None:
        account = {"api_key": API_KEY, "source": SOURCE, "callback_url": callback_url}
        body = account | {"templates": templates or {}}
        self.control.put(f"/_control/apps/{APP}", json=body).raise_for_status()

    def misbehave(self, do: str, **how: Any) -> None:
        self.control.post("/_control/misbehave", json={"do": do} | how).raise_for_status()

    def receipts(self, **how: Any) -> None:
        self.control.put("/_control/receipts", json=how).raise_for_status()

    def messages(self, destination: str | None = None) -> list[dict[str, Any]]:
        params = {"destination": destination.removeprefix("+")} if destination else {}
        found: list[dict[str, Any]] = self.control.get("/_control/messages", params=params).json()
        return found

    def calls(self) -> int:
        return int(self.control.get("/_control/calls").json()["count"])


@pytest.fixture
def gupshup_phone(tmp_path: Path) -> Iterator[GupshupPhone]:
    """The Gupshup simulator on a port of its own, one account registered, nothing called back
    until a test registers a callback URL that answers."""

    class Folder:
        data = tmp_path

    loop = asyncio.new_event_loop()
    app = web.Application()
    app.add_subapp("/simulators/gupshup/", gupshup.create_app(Folder()))
    runner = web.AppRunner(
        app, handler_cancellation=True, shutdown_timeout=0.1
    )  # hanging requests are what is simulated
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    port = runner.addresses[0][1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{port}/simulators"
    try:
        with httpx.Client(base_url=f"{base}/gupshup", timeout=10) as control:
            phone = GupshupPhone(base, control)
            phone.register("http://127.0.0.1:9/nobody-listens")
            yield phone
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
