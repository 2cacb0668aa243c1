"""Pass a request on to another program and its answer back, as streams: nothing is buffered."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

# RFC 9110 §7.6.1: these speak about one connection, not about the message.
HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "proxy-connection", "host",
    }
)  # fmt: skip
CONNECT_SECONDS = 5
CHUNK_BYTES = 64 * 1024


async def session(app: web.Application) -> AsyncIterator[None]:
    """One client session per process; connections to the services are kept open."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    app[SESSION] = aiohttp.ClientSession(
        timeout=timeout,
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    yield
    await app[SESSION].close()


SESSION = web.AppKey("session", aiohttp.ClientSession)


async def forward(
    request: web.Request, target: URL, headers: Mapping[str, str | None]
) -> web.StreamResponse:
    """Send `request` to `target`; `headers` replaces headers, or drops them where None."""
    outgoing = CIMultiDict(
        (k, v) for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP
    )
    for name, value in headers.items():
        outgoing.popall(name, None)
        if value is not None:
            outgoing[name] = value
    body = request.content.iter_chunked(CHUNK_BYTES) if request.can_read_body else None
    try:
        async with request.app[SESSION].request(
            request.method, target, headers=outgoing, data=body, allow_redirects=False
        ) as answer:
            return await _relay(request, answer)
    except (TimeoutError, aiohttp.ClientError, ConnectionError):
        return web.json_response(
            {
                "error": "service_unavailable",
                "message": "This part of the local platform does not answer.",
                "detail": f"{request.method} {request.path}: see the logs of the stack",
            },
            status=503,
            headers={"Retry-After": "1"},
        )


async def _relay(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = CIMultiDict((k, v) for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP)
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
            await response.write(chunk)
    except (aiohttp.ClientError, ConnectionError):
        # Half an answer must not look like a whole one: break the connection instead.
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response
