"""Gupshup on one machine: answers as its documentation says, or as badly as it is told to.

The account is told by the stack and by tests; the rest of `/_control` is in local_platform.phones.

    PUT  /_control/apps/{name}   {"api_key", "source", "callback_url", "templates": {id: body}}
"""

import json
from typing import Any

from aiohttp import web

from local_platform.phones import Company, filled
from local_platform.providers import Platform


class Gupshup(Company):
    name = "gupshup"

    # --- the documented API -------------------------------------------------------------

    async def send_template(self, request: web.Request) -> web.StreamResponse:
        return await self.send(request, "template")

    async def send_session(self, request: web.Request) -> web.StreamResponse:
        return await self.send(request, "session")

    async def send(self, request: web.Request, kind: str) -> web.StreamResponse:
        form = {key: str(value) for key, value in (await request.post()).items()}
        refusal = self.refusal(request, form, kind)
        app = (self.store.account(form.get("src.name", "")) or {}) if refusal is None else {}
        message = {
            "account": form.get("src.name", ""),
            "phone": form.get("destination", ""),
            "kind": kind,
            "text": shown_text(form, kind, app) if refusal is None else "",
            "form": form,
        }
        return await self.take(request, refusal, message)

    def refusal(self, request: web.Request, form: dict[str, str], kind: str) -> web.Response | None:
        """What the documentation says is refused at once; the rest fails by a receipt."""
        key = request.headers.get("apikey", "")
        if not key or not self.store.all("select 1 from accounts where api_key = ?", key):
            return error(401, "Authentication Failed")
        app = self.store.account(form.get("src.name", ""))
        if app is None or app["api_key"] != key or app["source"] != form.get("source"):
            return error(400, "Invalid App Details")
        if request.content_type != "application/x-www-form-urlencoded":
            return error(415, "Unsupported Media Type")
        if form.get("channel") != "whatsapp":
            return error(400, "Invalid Channel")
        if not (
            form.get("destination", "").isdigit() and len(form["destination"]) in range(10, 16)
        ):
            return error(400, "Invalid Destination")
        if not is_content(form, kind):
            return error(400, f"Invalid {'Template' if kind == 'template' else 'Message'}")
        if self.is_too_fast(app["name"]):
            return error(429, "Too Many Requests", code=4001, headers={"Retry-After": "1"})
        return None

    async def list_templates(self, request: web.Request) -> web.StreamResponse:
        return await self.tell(request, self.templates_of(request))

    def templates_of(self, request: web.Request) -> web.Response:
        app = self.store.account(request.match_info["app"])
        if app is None or app["api_key"] != request.headers.get("apikey"):
            return error(401, "Authentication Failed")
        templates = [
            {"id": key, "elementName": key, "languageCode": "pt_BR", "category": "UTILITY",
             "status": "APPROVED", "templateType": "TEXT", "data": body}
            for key, body in json.loads(app["templates"] or "{}").items()
        ]  # fmt: skip
        return web.json_response({"status": "success", "templates": templates})

    # --- what it tells us -----------------------------------------------------------------

    def accepted(self, message_id: str, phone: str) -> web.Response:
        return web.json_response({"status": "submitted", "messageId": message_id}, status=202)

    def receipt_body(
        self, account: dict[str, Any], status: str, message: dict[str, Any], at: float
    ) -> object:
        if status == "enqueued":
            told = {"whatsappMessageId": message["wamid"], "type": message["kind"]}
            ids = {"id": message["id"], "payload": told}
        else:
            told = {"ts": int(at)}
            if status == "failed":
                told = {key: self.receipts["fail"][key] for key in self.receipts["fail"]
                        if key != "phones"}  # fmt: skip
            ids = {"id": message["wamid"], "gsId": message["id"], "payload": told}
        payload = {"type": status, "destination": message["phone"]} | ids
        return envelope(account["name"], "message-event", payload, at)

    def inbound_body(
        self, account: dict[str, Any], wamid: str, given: dict[str, Any], at: float
    ) -> object:
        phone = given["phone"]
        sender = {"phone": phone, "name": given.get("name", "Cliente"), "country_code": phone[:2],
                  "dial_code": phone[2:]}  # fmt: skip
        kind = given.get("media")
        content = {"text": given.get("text")}
        if kind:
            content = shared(given) or {
                "url": f"https://filemanager.gupshup.io/wa/media/{given['file_id']}",
                "caption": given.get("text"), "contentType": given["mime_type"],
                "name": given["file_name"],
            }  # fmt: skip
            kind = {"document": "file", "contacts": "contact"}.get(kind, kind)
        payload = {"id": wamid, "source": phone, "type": kind or "text", "payload": content,
                   "sender": sender}  # fmt: skip
        return envelope(account["name"], "message", payload, at)

    async def media(self, request: web.Request) -> web.Response:
        return self.file(request.match_info["file"])

    async def put_app(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.store.db.execute(
            "insert or replace into accounts values (?, ?, ?, ?, ?, '{}')",
            (request.match_info["name"], given["api_key"], given["source"].removeprefix("+"),
             given["callback_url"], json.dumps(given.get("templates", {}))),
        )  # fmt: skip
        return web.Response(status=204)


def create_app(platform: Platform) -> web.Application:
    """The simulator, to be mounted at /simulators/gupshup/; keeps its file in `platform.data`."""
    gupshup = Gupshup(platform.data)
    return gupshup.application(
        [
            web.post("/wa/api/v1/template/msg", gupshup.send_template),
            web.post("/wa/api/v1/msg", gupshup.send_session),
            web.get("/wa/app/{app}/template", gupshup.list_templates),
            web.get("/sm/api/v1/template/list/{app}", gupshup.list_templates),
            web.get("/wa/media/{file}", gupshup.media),
            web.put("/_control/apps/{name}", gupshup.put_app),
        ]
    )


def shared(given: dict[str, Any]) -> dict[str, Any] | None:
    """A place or people; nothing for files."""
    if given["media"] == "location":
        return {"latitude": "-23.5614", "longitude": "-46.6559", "name": "Avenida Paulista"}
    if given["media"] == "contacts":
        return {"contacts": [{"name": {"formatted_name": "Contato de Teste"}}]}
    return None


def envelope(app: str, kind: str, payload: dict[str, Any], at: float) -> dict[str, Any]:
    """Callback v2; `timestamp` in milliseconds, unlike the seconds of `ts` inside."""
    return {"app": app, "timestamp": int(at * 1000), "version": 2, "type": kind, "payload": payload}


def error(
    status: int, message: str, headers: dict[str, str] | None = None, **more: Any
) -> web.Response:
    body = {"status": "error", "message": message} | more
    return web.json_response(body, status=status, headers=headers)


def is_content(form: dict[str, str], kind: str) -> bool:
    try:
        content = json.loads(form.get("template" if kind == "template" else "message", ""))
    except ValueError:
        return False
    if not isinstance(content, dict):
        return False
    if kind == "session":
        return bool(content.get("type"))
    params = content.get("params")
    is_params = isinstance(params, list) and all(isinstance(value, str) for value in params)
    return bool(content.get("id")) and is_params


def shown_text(form: dict[str, str], kind: str, app: dict[str, Any]) -> str:
    """What the person reads: the session text, or the template with its variables filled in."""
    if kind == "session":
        said = json.loads(form["message"])
        return str(said.get("text") or said.get("caption") or f"[{said.get('type')}]")
    template = json.loads(form["template"])
    known = json.loads(app.get("templates") or "{}")
    unknown = "[" + template["id"] + "] " + " · ".join(template["params"])
    return filled(str(known.get(template["id"], unknown)), template["params"])
