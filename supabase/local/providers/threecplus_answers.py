"""How the simulated 3C Plus answers: pages, errors, and misbehaviour on demand."""

import asyncio
from typing import Any

from aiohttp import web

HANG_SECONDS = 120  # longer than any caller waits


def paged(request: web.Request, page_size: int, items: list[dict[str, Any]]) -> web.Response:
    size = int(request.query.get("per_page", page_size))
    page = int(request.query.get("page", 1))
    paging = {"total": len(items), "per_page": size, "current_page": page,
              "total_pages": max(1, -(-len(items) // size))}  # fmt: skip
    found = items[(page - 1) * size : page * size]
    return web.json_response({"data": found, "meta": {"pagination": paging}})


async def misbehave(request: web.Request, mood: dict[str, Any]) -> web.StreamResponse:
    match mood["do"]:
        case "hang":
            await asyncio.sleep(HANG_SECONDS)
        case "reset":
            if request.transport is not None:
                request.transport.abort()
    headers = {"Retry-After": str(mood["retry_after"])} if "retry_after" in mood else {}
    body = mood.get("body", {"status": mood.get("status", 500), "title": "Erro", "detail": "Erro"})
    return web.json_response(body, status=mood.get("status", 500), headers=headers)


def error(status: int, detail: str, errors: dict[str, list[str]] | None = None) -> web.Response:
    body = {"status": status, "title": detail, "detail": detail, "transaction_id": "simulado"}
    return web.json_response(body | ({"errors": errors} if errors else {}), status=status)
