"""The deployed unit on one machine: every function of `functions/main.py` under its own path.

Each is `functions_framework.create_app(target, source)`, the very app that is deployed, be it Flask
or, for a function of `functions_framework.aio`, Starlette; only the server around them is a
development one (a thread per request).
"""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import flask
import functions_framework
from starlette.applications import Starlette
from werkzeug.serving import WSGIRequestHandler, make_server

from local_platform.asgi import WSGIApp, as_wsgi
from local_platform.settings import LOOPBACK, ROOT


def path_of(target: str) -> str:
    """The URL name of a Python name: no identifier can begin with the digit of `3cplus`."""
    return target.replace("threecplus", "3cplus").replace("_", "-")


def load(source: Path) -> dict[str, WSGIApp]:
    """URL name → app, for all that `main.py` lists."""
    sys.path.insert(0, str(source.parent))
    import main as table_of_contents

    names: list[str] = table_of_contents.__all__
    return {path_of(name): app_of(name, source) for name in names}


def app_of(target: str, source: Path) -> WSGIApp:
    """One function as it is deployed, whether it is asynchronous (`functions_framework.aio`)."""
    create_app: Callable[[str, str], flask.Flask | Starlette] = functions_framework.create_app
    app = create_app(target, str(source))
    return app.wsgi_app if isinstance(app, flask.Flask) else as_wsgi(app)


def mounted(apps: dict[str, WSGIApp]) -> WSGIApp:
    """One WSGI app that hands each request to the function its first path segment names."""

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        _, name, *rest = environ["PATH_INFO"].split("/", 2)
        app = apps.get(name)
        if app is None:
            start_response("404 Not Found", [("Content-Type", "application/json")])
            return [b'{"error": "function_not_found", "detail": "see functions/main.py"}']
        environ["SCRIPT_NAME"] = f"/functions/v1/{name}"
        environ["PATH_INFO"] = "/" + (rest[0] if rest else "")
        return app(environ, start_response)

    return dispatch


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open and writes no access log: paths can carry what logs must not."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the functions log what matters, by id."""


def main() -> None:
    apps = load(ROOT / "functions" / "main.py")
    port = int(os.environ["LOCAL_FUNCTIONS_PORT"])
    server = make_server(LOOPBACK, port, mounted(apps), threaded=True, request_handler=QuietHandler)
    server.serve_forever()


if __name__ == "__main__":
    main()
