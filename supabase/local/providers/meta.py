"""Meta's Cloud API on one machine: answers as its documentation says, or as badly as told to.

The numbers are told by the stack and by tests; the rest of `/_control` is in local_platform.phones.

    PUT  /_control/numbers/{phone_number_id}
         {"access_token", "app_secret", "waba_id", "display_phone_number", "callback_url",
          "templates": [{"id", "name", "language", "category", "status", "body", "header"?,
                        "button"?}]}
    POST /_control/verify/{phone_number_id}   {"verify_token"}: asks our address for its challenge
"""

import hashlib
import hmac
import json
import uuid
from typing import Any

import aiohttp
from aiohttp import web

from local_platform.phones import Company, filled
from local_platform.providers import Platform

# Area codes whose WhatsApp ids keep the ninth digit; elsewhere the id is one digit shorter.
NINE_DIGIT_AREAS = {str(area) for area in (*range(11, 20), 21, 22, 24, 27, 28)}
PARAMETERS_WRONG, TEMPLATE_UNKNOWN, TEMPLATE_PAUSED, TOO_FAST = 132000, 132001, 132015, 130429
FORMAT_WRONG = 132012  # a file for a header that has none, or none for one that wants it


class Meta(Company):
    name = "meta"

    # --- the documented API -------------------------------------------------------------

    async def send(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["number"]
        try:
            said = await request.json()
        except ValueError:
            said = None
        account = self.store.account(number)
        refusal = self.refusal(request, account, said)
        is_ours = refusal is None and account is not None
        message = {
            "account": number,
            "phone": str(said.get("to", "")) if isinstance(said, dict) else "",
            "kind": said.get("type", "") if is_ours else "",
            "text": shown_text(said, known_templates(account)) if is_ours else "",
            "form": said if is_ours else {},
        }
        return await self.take(request, refusal, message)

    def refusal(
        self, request: web.Request, account: dict[str, Any] | None, said: Any
    ) -> web.Response | None:
        if (stranger := self.unknown_caller(request, account)) is not None:
            return stranger
        if not isinstance(said, dict) or said.get("messaging_product") != "whatsapp":
            return error(400, 100, "(#100) The parameter messaging_product is required.")
        if not (str(said.get("to", "")).isdigit() and isinstance(said.get(said.get("type")), dict)):
            return error(400, 100, "(#100) Invalid parameter")
        if said["type"] == "template" and (wrong := template_fault(said, known_templates(account))):
            return wrong
        if account is not None and self.is_too_fast(account["name"]):
            return error(429, TOO_FAST, "(#130429) Rate limit hit")
        return None

    async def list_templates(self, request: web.Request) -> web.StreamResponse:
        return await self.tell(request, self.templates_of(request))

    def templates_of(self, request: web.Request) -> web.Response:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        accounts = [
            account
            for account in self.store.all("select * from accounts where api_key = ?", bearer)
            if json.loads(account["more"])["waba_id"] == request.match_info["waba"]
        ]
        if not accounts:
            return error(401, 190, "Invalid OAuth access token")
        listed = [
            {"id": t["id"], "name": t["name"], "language": t["language"], "status": t["status"],
             "category": t["category"], "components": components_of(t)}
            for t in known_templates(accounts[0])
        ]  # fmt: skip
        start, size = int(request.query.get("after", 0)), int(request.query.get("limit", 25))
        paging: dict[str, Any] = {"cursors": {"after": str(start + size)}}
        if start + size < len(listed):
            paging["next"] = str(request.url.update_query(after=str(start + size)))
        return web.json_response({"data": listed[start : start + size], "paging": paging})

    async def tell_number(self, request: web.Request) -> web.StreamResponse:
        """The fields of a number, asked by whoever wants to know whether a token is good."""
        account = self.store.account(request.match_info["number"])
        if (refusal := self.unknown_caller(request, account)) is None and account is not None:
            number = {"id": account["name"], "quality_rating": "GREEN",
                      "display_phone_number": f"+{account['source']}"}  # fmt: skip
            refusal = web.json_response(number)
        return await self.tell(request, refusal or error(400, 100, "Unsupported", subcode=33))

    def unknown_caller(
        self, request: web.Request, account: dict[str, Any] | None
    ) -> web.Response | None:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.store.all("select 1 from accounts where api_key = ?", bearer):
            return error(401, 190, "Invalid OAuth access token")
        if account is None or account["api_key"] != bearer:
            return error(400, 100, "Unsupported request", subcode=33)
        return None

    # --- what it tells us -----------------------------------------------------------------

    def message_id(self, wamid: str) -> str:
        return wamid

    def accepted(self, message_id: str, phone: str) -> web.Response:
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": phone, "wa_id": wa_id_of(phone)}],
                "messages": [{"id": message_id, "message_status": "accepted"}],
            }
        )

    def failure_body(self, status: int) -> object:
        code = {429: TOO_FAST, 500: 131000}.get(status, 2)
        return {"error": {"message": f"(#{code})", "type": "OAuthException", "code": code}}

    def planned(self, phone: str) -> list[tuple[str, float]]:
        return [step for step in super().planned(phone) if step[0] != "enqueued"]

    def receipt_body(
        self, account: dict[str, Any], status: str, message: dict[str, Any], at: float
    ) -> object:
        said = {"id": message["wamid"], "status": status, "timestamp": str(int(at)),
                "recipient_id": wa_id_of(message["phone"])}  # fmt: skip
        if reference := message["form"].get("biz_opaque_callback_data"):
            said["biz_opaque_callback_data"] = reference
        if status == "failed":
            told = self.receipts["fail"]
            said["errors"] = [{"code": told["code"], "title": told.get("reason", "")}]
        elif status != "read":
            said["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular",
                               "category": "utility"}  # fmt: skip
        return envelope(account, {"statuses": [said]})

    def inbound_body(
        self, account: dict[str, Any], wamid: str, given: dict[str, Any], at: float
    ) -> object:
        wa_id, kind = wa_id_of(given["phone"]), given.get("media")
        person = {"profile": {"name": given.get("name", "Cliente")}, "wa_id": wa_id,
                  "user_id": f"BR.{wa_id}"}  # fmt: skip
        content: dict[str, Any] = {"text": {"body": given.get("text", "")}}
        if kind:
            content = {kind: shared(given) or {
                "id": given["file_id"], "mime_type": given["mime_type"],
                "caption": given.get("text"), "filename": given["file_name"],
            }}  # fmt: skip
        message = {"from": wa_id, "id": wamid, "timestamp": str(int(at)),
                   "type": kind or "text"} | content  # fmt: skip
        return envelope(account, {"contacts": [person], "messages": [message]})

    def callback_headers(self, account: dict[str, Any], body: bytes) -> dict[str, str]:
        secret = json.loads(account["more"])["app_secret"]
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return super().callback_headers(account, body) | {
            "X-Hub-Signature-256": f"sha256={signature}"
        }

    async def locate(self, request: web.Request) -> web.Response:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.store.all("select 1 from accounts where api_key = ?", bearer):
            return error(401, 190, "Invalid OAuth access token")
        file_id = request.match_info["media"]
        found = self.store.all("select * from files where id = ?", file_id)
        if not found:
            return error(404, 100, "Unsupported get request", subcode=33)
        url = f"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={file_id}"
        said = {"id": file_id, "url": url, "mime_type": found[0]["mime_type"],
                "file_size": len(found[0]["content"]), "messaging_product": "whatsapp"}  # fmt: skip
        return web.json_response(said)

    async def attachment(self, request: web.Request) -> web.Response:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return web.Response(status=401)
        return self.file(request.query.get("mid", ""))

    async def put_number(self, request: web.Request) -> web.Response:
        given = await request.json()
        more = {name: given[name] for name in ("app_secret", "waba_id")}
        self.store.db.execute(
            "insert or replace into accounts values (?, ?, ?, ?, ?, ?)",
            (request.match_info["number"], given["access_token"], given["display_phone_number"],
             given["callback_url"], json.dumps(given.get("templates", [])), json.dumps(more)),
        )  # fmt: skip
        return web.Response(status=204)

    async def verify(self, request: web.Request) -> web.Response:
        given, account = await request.json(), self.store.account(request.match_info["number"])
        challenge = str(uuid.uuid4().int)
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge,
                 "hub.verify_token": given["verify_token"]}  # fmt: skip
        url = (account or {}).get("callback_url", "")
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.get(url, params=asked) as got,
        ):
            is_theirs = got.status == 200 and await got.text() == challenge
        return web.json_response({"verified": is_theirs, "status": got.status})


def create_app(platform: Platform) -> web.Application:
    """The simulator, to be mounted at /simulators/meta/; keeps its file in `platform.data`."""
    meta = Meta(platform.data)
    return meta.application(
        [
            web.put("/_control/numbers/{number}", meta.put_number),
            web.post("/_control/verify/{number}", meta.verify),
            web.post("/{version:v[0-9]+[.][0-9]+}/{number}/messages", meta.send),
            web.get("/{version:v[0-9]+[.][0-9]+}/{waba}/message_templates", meta.list_templates),
            web.get("/{version:v[0-9]+[.][0-9]+}/{media:[0-9a-f]{32}}", meta.locate),
            web.get("/whatsapp_business/attachments/", meta.attachment),
            web.get("/{version:v[0-9]+[.][0-9]+}/{number}", meta.tell_number),
        ]
    )


def shared(given: dict[str, Any]) -> object:
    """A place or people, in Meta's words; nothing for files."""
    if given["media"] == "location":
        return {"latitude": -23.5614, "longitude": -46.6559, "name": "Avenida Paulista",
                "address": "Bela Vista, São Paulo"}  # fmt: skip
    if given["media"] == "contacts":
        return [{"name": {"formatted_name": "Contato de Teste"}, "phones": []}]
    return None


def wa_id_of(phone: str) -> str:
    """Outside of some states WhatsApp knows a Brazilian mobile by its number of old."""
    if len(phone) == 13 and phone.startswith("55") and phone[2:4] not in NINE_DIGIT_AREAS:
        return phone[:4] + phone[5:]
    return phone


def components_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    """As Meta lists them: header and button where the template has one, and its text."""
    header = {"type": "HEADER", "format": template.get("header")}
    button = {"type": "URL", "text": "Abrir", "url": template.get("button")}
    parts = [header] if template.get("header") else []
    parts += [{"type": "BODY", "text": template["body"]}]
    return parts + ([{"type": "BUTTONS", "buttons": [button]}] if template.get("button") else [])


def known_templates(account: dict[str, Any] | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((account or {}).get("templates") or "[]")
    return found


def chosen_template(
    said: dict[str, Any], known: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, list[str]]:
    asked = said["template"]
    params = [
        str(parameter.get("text", ""))
        for component in asked.get("components", [])
        if component.get("type") == "body"
        for parameter in component.get("parameters", [])
    ]
    wanted = (asked.get("name"), asked.get("language", {}).get("code"))
    return next((t for t in known if (t["name"], t["language"]) == wanted), None), params


def template_fault(said: dict[str, Any], known: list[dict[str, Any]]) -> web.Response | None:
    template, params = chosen_template(said, known)
    if template is None:
        return error(404, TEMPLATE_UNKNOWN, "(#132001) Template name does not exist")
    if template["status"] != "APPROVED":
        return error(400, TEMPLATE_PAUSED, "(#132015) Template is Paused")
    headers = [part for part in said["template"].get("components", []) if part["type"] == "header"]
    if bool(headers) != bool(template.get("header")):
        return error(400, FORMAT_WRONG, "(#132012) Parameter format does not match")
    if "{{" in filled(template["body"], params) or any(not value.strip() for value in params):
        return error(400, PARAMETERS_WRONG, "(#132000) Number of parameters does not match")
    return None


def shown_text(said: dict[str, Any], known: list[dict[str, Any]]) -> str:
    """What the person reads."""
    if said["type"] == "template":
        template, params = chosen_template(said, known)
        return filled(template["body"], params) if template else ""
    content = said[said["type"]]
    return str(content.get("body") or content.get("caption") or f"[{said['type']}]")


def envelope(account: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    more = json.loads(account["more"])
    metadata = {"display_phone_number": account["source"], "phone_number_id": account["name"]}
    value = {"messaging_product": "whatsapp", "metadata": metadata} | value
    changes = [{"field": "messages", "value": value}]
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": more["waba_id"], "changes": changes}],
    }


def error(status: int, code: int, message: str, subcode: int = 0) -> web.Response:
    said = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode,
            "error_data": {"messaging_product": "whatsapp", "details": message},
            "fbtrace_id": uuid.uuid4().hex[:16]}  # fmt: skip
    return web.json_response({"error": said}, status=status)
