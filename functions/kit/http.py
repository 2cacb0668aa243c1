"""Both directions of HTTP: reading what came in, and one bounded call to what is outside."""

import contextlib
import functools
import hmac
import socket
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import flask

from kit import config, errors

if (
    TYPE_CHECKING
):  # aiohttp, httpx and PyJWT cost a third of a cold start; only calls that need them pay
    import aiohttp
    import httpx
    import jwt
    from starlette.requests import Request

    Session = aiohttp.ClientSession

CONNECT_SECONDS = 3.0  # a provider that does not even accept by then is down
CALL_SECONDS = 10.0  # for the answer to begin, and for all of it to have come; a wait may overlap
ANSWER_BYTES = 262_144  # a provider's answer is a short JSON; more is a fault, not data
POOL_SIZE = 32  # twice the senders of run-automations, so that none waits for a connection


@dataclass(frozen=True)
class Answer:
    """What a server replied: HTTP status, headers (case-insensitive) and the body's text."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class File:
    """What a server handed over: HTTP status, headers (case-insensitive) and the body's bytes."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class Call:
    """One request, written but not sent. At most one of `form` and `json` is set; `limit` is how
    many bytes of the answer are read."""

    method: str
    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None
    json: object = None
    limit: int = ANSWER_BYTES


class NothingSent(Exception):
    """The connection never came about: the server cannot have acted on the call."""


class HostUnknown(NothingSent):
    """Nobody has that name: the address is wrong, not the server down."""


class OutcomeUnknown(Exception):
    """The call left, and no complete answer came back: the server may have acted on it."""


class TooLong(OutcomeUnknown):
    """The answer is longer than was asked for; the rest of it was not read."""


def client() -> "httpx.Client":
    """The process's one client; safe across threads, connections reused between requests."""
    with _making:  # `cache` alone lets two threads make two
        return _client()


_making = threading.Lock()


@functools.cache
def _client() -> "httpx.Client":
    import httpx

    return httpx.Client(
        timeout=httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=POOL_SIZE, max_keepalive_connections=POOL_SIZE),
        follow_redirects=False,  # a redirect would carry a tenant's key to another host
    )


def post_form(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    """POST a form and read the whole answer within CALL_SECONDS.

    Raises NothingSent or OutcomeUnknown, never an error of the client library: what matters to
    a sender is only whether the other side may have acted.
    """
    return _exchange("POST", url, headers, ANSWER_BYTES, data=form)


def call_json(
    method: str,
    url: str,
    body: object,
    headers: Mapping[str, str],
    limit: int = ANSWER_BYTES,
) -> Answer:
    """One call with a JSON body (None: no body); bounds and failures as in `post_form`.

    limit  bytes of the answer; lists are longer than the answers senders get
    """
    content: dict[str, Any] = {} if body is None else {"json": body}
    return _exchange(method, url, headers, limit, **content)


def post_files(
    url: str,
    form: Mapping[str, str],
    files: Mapping[str, tuple[str, bytes, str]],
    headers: Mapping[str, str],
    seconds: float,
) -> Answer:
    """POST a multipart form; files by field: name, content, media type. Failures as in `post_form`.

    seconds  for the answer: who is given a file reads it first
    """
    return _exchange("POST", url, headers, ANSWER_BYTES, seconds, data=form, files=files)


def _exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    limit: int,
    seconds: float | None = None,
    **content: Any,
) -> Answer:
    got = _read(method, url, headers, limit, seconds, **content)
    return Answer(got.status, got.headers, got.content.decode("utf-8", "replace"))


def _read(
    method: str,
    url: str,
    headers: Mapping[str, str],
    limit: int,
    seconds: float | None,
    **content: Any,
) -> File:
    import httpx

    deadline = time.monotonic() + (seconds or CALL_SECONDS)
    if seconds is not None:
        content["timeout"] = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
    try:
        with client().stream(method, url, headers=headers, **content) as response:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > limit:
                    raise TooLong(f"more than {limit} bytes")
                if time.monotonic() > deadline:
                    raise OutcomeUnknown("answer too slow")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        kind = HostUnknown if _is_nameless(error) else NothingSent
        raise kind(type(error).__name__) from error
    except httpx.HTTPError as error:
        raise OutcomeUnknown(type(error).__name__) from error
    return File(response.status_code, response.headers, body)


def download(call: Call, seconds: float) -> File:
    """Read a file of at most `call.limit` bytes within `seconds`; TooLong beyond, else the failures
    of `post_form`."""
    return _read(call.method, call.url, call.headers, call.limit, seconds)


def _is_nameless(error: BaseException | None) -> bool:
    """Whether the name service answered that there is no such name; its silence says nothing."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return error.errno == socket.EAI_NONAME
        error = error.__cause__ or error.__context__
    return False


def perform(call: Call) -> Answer:
    """Send it and read the whole answer; bounds and failures as in `post_form`."""
    content: dict[str, Any] = {"data": call.form} if call.form is not None else {}
    if call.json is not None:
        content = {"json": call.json}
    return _exchange(call.method, call.url, call.headers, call.limit, **content)


@contextlib.asynccontextmanager
async def session(connections: int) -> AsyncIterator["Session"]:
    """A client for hundreds of calls at once, which httpx's pool is not made for (measured: 107
    against 1,700 requests/s at 100 connections)."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=connections, ttl_dns_cache=300)
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS)
    jar = aiohttp.DummyCookieJar()  # tenants share the session: what one is told is not the next's
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as made:
        yield made


async def perform_on(client: "Session", call: Call) -> Answer:
    """`perform` on a session: the same bounds, the same two failures."""
    import aiohttp

    content: dict[str, Any] = {} if call.json is None else {"json": call.json}
    headers = call.headers
    if call.form is not None:  # written here: aiohttp's own form takes a seventh of a message's CPU
        content = {"data": urlencode(call.form).encode()}
        headers = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    try:
        async with client.request(
            call.method, call.url, headers=headers, allow_redirects=False, **content
        ) as response:
            text = await response.content.read(call.limit + 1)
            while len(text) <= call.limit and not response.content.at_eof():
                text += await response.content.read(call.limit + 1 - len(text))
            if len(text) > call.limit:
                raise OutcomeUnknown("answer too long")
            return Answer(response.status, response.headers, text.decode("utf-8", "replace"))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise NothingSent(type(error).__name__) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise OutcomeUnknown(type(error).__name__) from error


def query(**fields: str) -> str:
    """The fields as a query string."""
    return urlencode(fields)


def path_part(value: str) -> str:
    """`value` as one segment of a path, whatever it contains."""
    return quote(value, safe="")


def body(request: flask.Request, limit: int) -> bytes:
    """The raw body, refused with 413 beyond `limit` bytes without reading the rest."""
    raw = request.stream.read(limit + 1)
    if len(raw) > limit:
        raise errors.PayloadTooLarge(f"at most {limit} bytes")
    return raw


def bearer(request: "flask.Request | Request") -> str:
    """The bearer token of the request; 401 without one."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise errors.NotAuthenticated("a bearer token is required")
    return token.strip()


def require_jobs_key(request: "flask.Request | Request") -> None:
    """Let only the database's own wake-ups through; compared in constant time."""
    expected = config.settings().jobs_key
    if not hmac.compare_digest(bearer(request).encode(), expected.encode()):
        raise errors.NotAuthenticated("the jobs key is required")


def claims(request: flask.Request) -> dict[str, Any]:
    """The verified claims of the signed-in caller; 401 for anybody else.

    HS256 with the shared secret, or the auth service's public keys (ES256, RS256) when no
    secret is configured; never whatever algorithm the token itself names.
    """
    import jwt

    token, settings = bearer(request), config.settings()
    try:
        if settings.jwt_secret:
            found = _decode(token, settings.jwt_secret, ["HS256"])
        else:
            key = _public_keys().get_signing_key_from_jwt(token)
            found = _decode(token, key.key, ["ES256", "RS256"])
    except jwt.PyJWTError as error:
        raise errors.NotAuthenticated(type(error).__name__) from error
    if found.get("role") != "authenticated":
        raise errors.NotAuthenticated("a signed-in user is required")
    return found


def _decode(token: str, key: Any, algorithms: list[str]) -> dict[str, Any]:
    import jwt

    # The clocks of two hosts differ by a few seconds; a token outlives its hour by no more.
    return jwt.decode(
        token,
        key,
        algorithms=algorithms,
        audience="authenticated",
        leeway=5,
        options={"require": ["exp", "sub"]},
    )


@functools.cache
def _public_keys() -> "jwt.PyJWKClient":
    import jwt

    return jwt.PyJWKClient(config.settings().jwks_url or "", lifespan=600, timeout=5)
