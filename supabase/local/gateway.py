"""The one port: API keys become roles, requests go to their service, the page to everybody else.

Loopback only: a development tool with the doors of a development tool.
"""

import hmac
import json
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from aiohttp import web
from yarl import URL

from local_platform import page, proxy
from local_platform.realtime import Realtime
from local_platform.settings import LOOPBACK, Platform

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
# Links in e-mails and public keys are opened by programs that know no API key.
OPEN_AUTH_PATHS = ("/verify", "/callback", "/authorize", "/.well-known/", "/health")
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS",
    "Access-Control-Expose-Headers": "Content-Range, Content-Profile, Preference-Applied, Location",
    "Access-Control-Max-Age": "3600",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refused(status: int, message: str, hint: str) -> web.HTTPException:
    """An error in the shape of the hosted gateway."""
    kinds = {401: web.HTTPUnauthorized, 403: web.HTTPForbidden}
    body = json.dumps({"message": message, "hint": hint})
    return kinds[status](text=body, content_type="application/json", headers=CORS)


class Gateway:
    """Routes and keys of one stack."""

    def __init__(self, settings: Platform) -> None:
        self.settings = settings
        self.realtime = Realtime(settings)
        self.tokens = {
            settings.secrets.publishable_key: settings.secrets.api_token("anon"),
            settings.secrets.secret_key: settings.secrets.api_token("service_role"),
        }

    def app(self) -> web.Application:
        app = web.Application(middlewares=[only_loopback, cross_origin], client_max_size=0)
        app.cleanup_ctx.extend([proxy.session, self.realtime.run])
        app.router.add_route("*", "/rest/v1{path:(/.*)?}", self.rest)
        app.router.add_route("*", "/auth/v1{path:(/.*)?}", self.auth)
        app.router.add_get("/realtime/v1/websocket", self.socket)
        app.router.add_route("*", "/functions/v1{path:/.*}", self.functions)
        app.router.add_route("*", "/simulators{path:/.*}", self.simulators)
        app.router.add_get("/health", self.health)
        app.router.add_route("*", "/{path:.*}", self.page)
        return app

    def key(self, request: web.Request) -> str:
        """The API key of the request, once it is known to be one of ours."""
        key = request.headers.get("apikey") or request.query.get("apikey")
        if not key:
            raise refused(
                401,
                "No API key found in request",
                "No `apikey` request header or url param was found.",
            )
        known = [k for k in self.tokens if hmac.compare_digest(k.encode(), key.encode())]
        if not known:
            raise refused(401, "Invalid API key", "Double check the publishable or secret API key.")
        agent = request.headers.get("User-Agent", "")
        if known[0].startswith("sb_secret_") and agent.startswith("Mozilla/"):
            raise refused(
                401,
                "Forbidden use of secret API key in browser",
                "Secret API keys can only be used in a protected environment.",
            )
        return known[0]

    def bearer(self, request: web.Request, key: str) -> str | None:
        """The caller's own token; None where they sent none, or the key in its place."""
        authorization = request.headers.get("Authorization")
        return None if authorization in (None, f"Bearer {key}") else authorization

    async def rest(self, request: web.Request) -> web.StreamResponse:
        key = self.key(request)
        token = self.bearer(request, key) or f"Bearer {self.tokens[key]}"
        target = inner_url(request, self.settings.rest_port, "/rest/v1")
        return await proxy.forward(request, target, {"Authorization": token, "apikey": None})

    async def auth(self, request: web.Request) -> web.StreamResponse:
        headers: dict[str, str | None] = {"apikey": None}
        if not request.match_info["path"].startswith(OPEN_AUTH_PATHS):
            key = self.key(request)
            # As hosted: the secret key is the admin's token, the publishable one nobody's.
            own = f"Bearer {self.tokens[key]}" if key.startswith("sb_secret_") else None
            headers["Authorization"] = self.bearer(request, key) or own
        target = inner_url(request, self.settings.auth_port, "")
        return await proxy.forward(request, target, headers)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        request["api_token"] = self.tokens[self.key(request)]
        return await self.realtime.handle(request)

    async def functions(self, request: web.Request) -> web.StreamResponse:
        """No key at this door: providers call here, and each function checks its own caller."""
        target = inner_url(request, self.settings.functions_port, "/functions/v1")
        return await proxy.forward(request, target, {"Host": request.host})

    async def simulators(self, request: web.Request) -> web.StreamResponse:
        target = inner_url(request, self.settings.simulators_port, "")
        return await proxy.forward(request, target, {})

    async def health(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "ok"})

    async def page(self, request: web.Request) -> web.StreamResponse:
        return await page.serve(request, self.settings)


def inner_url(request: web.Request, port: int, prefix: str) -> URL:
    """The same path and query at an inner service, byte for byte; the key stays at the door."""
    path, _, query = request.raw_path.partition("?")
    if {".", ".."} & set(unquote(path).split("/")):
        # The inner service would resolve them and answer for a path that was not checked here.
        raise web.HTTPBadRequest(text="dot segments are not passed on", headers=CORS)
    kept = "&".join(part for part in query.split("&") if not part.startswith("apikey="))
    url = f"http://{LOOPBACK}:{port}{path.removeprefix(prefix) or '/'}"
    return URL(f"{url}?{kept}" if kept else url, encoded=True)


@web.middleware
async def only_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nobody else's page may reach this machine's stack by a name that points at 127.0.0.1."""
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if name not in LOOPBACK_NAMES or request.remote not in {"127.0.0.1", "::1"}:
        raise refused(403, "The local platform answers on loopback only", f"Open {LOOPBACK}.")
    return await handler(request)


@web.middleware
async def cross_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Browsers of another origin may call the API, as hosted; functions answer for themselves."""
    if not request.path.startswith(("/rest/v1", "/auth/v1")):
        return await handler(request)
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        asked = request.headers.get("Access-Control-Request-Headers", "*")
        return web.Response(headers=CORS | {"Access-Control-Allow-Headers": asked})
    return await handler(request)


async def allow_origin(request: web.Request, response: web.StreamResponse) -> None:
    """Before the headers leave, because the answers are streams."""
    if request.path.startswith(("/rest/v1", "/auth/v1")):
        for name, value in CORS.items():
            response.headers.setdefault(name, value)


def main() -> None:
    """Serve on the socket that the supervisor opened, so that the port is ours from the start."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    settings = Platform.from_json(os.environ["LOCAL_PLATFORM"])
    listening = socket.socket(fileno=int(os.environ["LOCAL_GATEWAY_SOCKET"]))
    app = Gateway(settings).app()
    app.on_response_prepare.append(allow_origin)
    web.run_app(
        app, sock=listening, print=None, access_log=None, handler_cancellation=True,
        shutdown_timeout=2,  # seconds for answers under way; Ctrl-C should feel immediate
    )  # fmt: skip


if __name__ == "__main__":
    main()
