"""An asynchronous function (`functions_framework.aio`) beside the others, which speak WSGI.

As deployed, all requests of the process share one event loop, so a client that the function keeps
between calls (aiohttp's session) works here too. Deliberately absent: streaming; a request and its
answer are whole, because the asynchronous functions are jobs with small bodies.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import cache
from http import HTTPStatus
from typing import Any

from werkzeug.wsgi import get_input_stream

Message = MutableMapping[str, Any]
ASGIApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The process's one loop, running in a thread that ends with the process."""
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, name="functions' loop", daemon=True).start()
    return made


def as_wsgi(app: ASGIApp) -> WSGIApp:
    """The same app for a WSGI server; each request waits in its own thread for the loop."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = get_input_stream(environ).read()
        asked = asyncio.run_coroutine_threadsafe(_ask(app, scope_of(environ), body), loop())
        status, headers, content = asked.result()
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [content]

    return answer


async def _ask(
    app: ASGIApp, scope: Message, body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    status, headers, content = 500, [], bytearray()
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    forever = asyncio.Event()  # nobody hangs up before the answer

    async def receive() -> Message:
        if not incoming:
            await forever.wait()
        return incoming.pop()

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in message["headers"]]
        else:
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    return status, headers, bytes(content)


def scope_of(environ: dict[str, Any]) -> Message:
    """What a server of its own would tell the function, which is deployed at the root of a host."""
    headers = [
        (name[5:].replace("_", "-").lower().encode(), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers.append((name.replace("_", "-").lower().encode(), environ[name].encode()))
    # WSGI carries the bytes of the path as Latin-1 characters (PEP 3333).
    path = environ["PATH_INFO"].encode("latin-1")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "root_path": "",
        "headers": headers,
        "client": (environ["REMOTE_ADDR"], int(environ.get("REMOTE_PORT") or 0)),
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
    }
