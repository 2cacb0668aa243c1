"""The mailbox of one machine: what the auth service sent lies here until somebody reads it.

GET /                a page with the newest mails
GET /messages?to=    [{"to", "subject", "html", "at"}], newest first
"""

import html
import json
from pathlib import Path
from typing import Any

from aiohttp import web

from local_platform.providers import Platform

SHOWN = 50  # a demo's mailbox; older ones stay on the disk

PAGE = """<!doctype html><html lang="pt-BR"><meta charset="utf-8"><title>Correio simulado</title>
<style>body{{font:15px system-ui;max-width:720px;margin:24px auto;padding:0 16px}}
article{{border:1px solid #ccc;border-radius:8px;padding:12px 16px;margin:12px 0}}</style>
<h1>Correio simulado</h1>{mails}</html>"""
MAIL = "<article><p><strong>{to}</strong> · {subject} · {at}</p>{body}</article>"
NONE = "<p>Nenhum e-mail ainda.</p>"


def create_app(platform: Platform) -> web.Application:
    folder = platform.data / "mail"

    async def messages(request: web.Request) -> web.Response:
        return web.json_response(newest(folder, request.query.get("to")))

    async def page(_: web.Request) -> web.Response:
        mails = "".join(
            MAIL.format(
                to=html.escape(mail["to"]),
                subject=html.escape(mail["subject"]),
                at=html.escape(mail["at"]),
                body=mail["html"],
            )
            for mail in newest(folder, None)
        )
        return web.Response(text=PAGE.format(mails=mails or NONE), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/messages", messages)
    return app


def newest(folder: Path, to: str | None) -> list[dict[str, Any]]:
    """The newest mails, to one address if it is named; names begin with the moment of sending."""
    found = []
    for path in sorted(folder.glob("*.json"), reverse=True):
        mail = json.loads(path.read_text())
        if to is None or mail["to"] == to.lower():
            found.append(mail)
        if len(found) == SHOWN:
            break
    return found
