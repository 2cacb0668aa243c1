"""The provider simulators, each under /simulators/<provider>/, in a process of their own."""

import importlib
import os
import pkgutil
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from local_platform import providers
from local_platform.settings import LOOPBACK, Platform


@dataclass(frozen=True)
class Surroundings:
    """What a simulator may know of the stack."""

    data: Path


def create_app(settings: Platform) -> web.Application:
    folder = settings.data / "simulators"
    folder.mkdir(parents=True, exist_ok=True)
    app = web.Application(client_max_size=64 * 1024**2)  # a file of contacts
    for module in pkgutil.iter_modules(providers.__path__):
        if module.name.startswith("threecplus_"):
            continue  # the words of another
        simulator = importlib.import_module(f"{providers.__name__}.{module.name}")
        app.router.add_get(f"/simulators/{module.name}", to_its_page)
        app.add_subapp(f"/simulators/{module.name}/", simulator.create_app(Surroundings(folder)))
    app.router.add_get("/health", health)
    return app


async def to_its_page(request: web.Request) -> web.Response:
    """The page's own links are relative to the folder."""
    raise web.HTTPFound(request.path + "/")


async def health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def main() -> None:
    settings = Platform.from_json(os.environ["LOCAL_PLATFORM"])
    web.run_app(
        create_app(settings), host=LOOPBACK, port=settings.simulators_port,
        print=None, access_log=None, handler_cancellation=True, shutdown_timeout=1,
    )  # fmt: skip


if __name__ == "__main__":
    main()
