"""Gupshup, the WhatsApp provider: sends templates, texts and media, reads callbacks v2 and v3.

Wire contract: docs.gupshup.io, pages template-messages, session-messages, callbacks and
error-and-status-messages. Gupshup signs nothing, so a callback is known by the key in its URL.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kit import config, http
from providers import callbacks, whatsapp_wire
from providers.declaration import Declaration, Field
from providers.events import (
    EventKind,
    FailureClass,
    MessageStatus,
    Outcome,
    Probe,
    ProviderEvent,
    SendResult,
)
from providers.reading import (
    any_id,
    as_dict,
    as_list,
    as_text,
    digits,
    instant,
    object_of,
    phone_digits,
)
from providers.whatsapp import (
    COMMON_FILES,
    FILE_BYTES,
    Account,
    Incomplete,
    KnownTemplate,
    Media,
    Template,
    TemplatePage,
    ask,
    is_key,
    own_address,
    verdict_of,
)

DECLARES = Declaration(
    label="Gupshup",
    what="WhatsApp: disparos, conversas e recibos pela Gupshup.",
    guide="No painel da Gupshup: o app → Webhooks → Callback URL, com todos os eventos.",
    account="app_name",
    account_label="Nome do app na Gupshup",
    listed_by="app_name",
    fields=(
        Field("app_name", "Nome do app", "^[A-Za-z0-9 _-]{1,100}$",
              help="Como está no painel da Gupshup, letra por letra."),
        Field("source", "Número de envio", "^[0-9]{10,15}$",
              help="Com 55 e DDD, só números. Outros números do mesmo provedor entram em WhatsApp.",
              placeholder="5511999990000"),
        Field("api_key", "Chave da API (apikey)", r"^\S{8,200}$", is_secret=True),
        Field("app_id", "ID do app", "^[A-Za-z0-9-]{8,64}$", is_required=False,
              help="Opcional; com ele os modelos são lidos em páginas."),
    ),
    webhook="gupshup-webhook",
)  # fmt: skip
API = "https://api.gupshup.io"
FILES = COMMON_FILES
KEY_FIELD = "api_key"
FILE_HOSTS = r"(?:[a-z0-9-]+\.)*gupshup\.(?:io|com)"
TEMPLATE_PATH, SESSION_PATH = "/wa/api/v1/template/msg", "/wa/api/v1/msg"
TEMPLATES_A_PAGE = 100

# "429 without Retry-After" and error 4001 name no delay; Meta's bucket refills within seconds.
DEFAULT_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 3600  # a larger Retry-After is a fault of theirs; ask again in an hour

# Gupshup's own codes, on top of Meta's, which it passes through.
_FAILURE: dict[str, FailureClass] = whatsapp_wire.FAILURE | {
    "500": FailureClass.PROVIDER_UNAVAILABLE,
    "1001": FailureClass.CONFIGURATION,  # the source number belongs to another app
    "1002": FailureClass.NUMBER_INVALID,
    "1003": FailureClass.CONFIGURATION,  # wallet is low: every further message fails as well
    "1004": FailureClass.POLICY,  # no session within 24 h
    "1005": FailureClass.POLICY,
    "1006": FailureClass.POLICY,  # not opted in; unlike 1012 nobody said no
    "1008": FailureClass.POLICY,
    "1010": FailureClass.TEMPLATE_REJECTED,  # media address
    "1011": FailureClass.TEMPLATE_REJECTED,  # media size
    "1012": FailureClass.OPTED_OUT,
    "4001": FailureClass.RATE_LIMITED,
    "4002": FailureClass.PROVIDER_UNAVAILABLE,
    "4003": FailureClass.TEMPLATE_REJECTED,
    "4005": FailureClass.TEMPLATE_REJECTED,
}
_STATUS = whatsapp_wire.STATUS
_TEMPLATE_STATUS = {"APPROVED": "approved", "REJECTED": "rejected", "DISABLED": "rejected"}
# Names of the file's address and text in a session message, by kind.
_ADDRESS = {"image": "originalUrl"}


def template_call(
    account: Account, to: str, template: Template, reference: str | None
) -> http.Call:
    """`reference` is not carried: receipts name the id that the answer told."""
    said = {"id": template.id, "params": list(template.params)}
    form = {"template": json.dumps(said, ensure_ascii=False)}
    if template.header is not None:
        kind, url, _, name = template.header
        file = {"link": url} | ({"filename": name} if name else {})
        form["message"] = json.dumps({"type": kind, kind: file}, ensure_ascii=False)
    return _message(TEMPLATE_PATH, account, to, form)


def text_call(account: Account, to: str, text: str, reference: str | None) -> http.Call:
    message = json.dumps({"type": "text", "text": text}, ensure_ascii=False)
    return _message(SESSION_PATH, account, to, {"message": message, "disablePreview": "true"})


def media_call(account: Account, to: str, media: Media, reference: str | None) -> http.Call:
    kind = "file" if media.kind == "document" else media.kind
    said: dict[str, str] = {"type": kind, _ADDRESS.get(kind, "url"): media.url}
    if kind == "image":
        said["previewUrl"] = media.url
    if media.name and kind == "file":
        said["filename"] = media.name
    if media.caption and kind != "audio":
        said["caption"] = media.caption
    return _message(SESSION_PATH, account, to, {"message": json.dumps(said, ensure_ascii=False)})


def locate_call(account: Account, file: Mapping[str, str]) -> http.Call | None:
    """The callback itself says where; nothing is asked."""
    return None


def file_call(account: Account, file: Mapping[str, str], located: http.Answer | None) -> http.Call:
    """Addresses are public while they live, so they get no key."""
    path, simulators = own_address(file.get("url"), FILE_HOSTS), config.settings().simulators_url
    at = f"{simulators}/gupshup{path}" if simulators else str(file.get("url"))
    return http.Call("GET", at, {}, limit=FILE_BYTES)


def send_template(
    settings: Mapping[str, str],
    api_key: str,
    destination: str,
    template_id: str,
    params: Sequence[str],
) -> SendResult:
    """Ask Gupshup once to send an approved template; never raises for what Gupshup does.

    settings     {"app_name", "source"} of the tenant's integration
    destination  E.164; params are the body's variables in order
    """
    template = Template(template_id, "", "", params)
    account = Account(settings, api_key)
    return ask(lambda: template_call(account, destination, template, None), read_answer)


def send_text(settings: Mapping[str, str], api_key: str, destination: str, text: str) -> SendResult:
    """Ask Gupshup once to send free text; WhatsApp takes it only within 24 h of their message."""
    account = Account(settings, api_key)
    return ask(lambda: text_call(account, destination, text, None), read_answer)


def _message(path: str, account: Account, to: str, form: dict[str, str]) -> http.Call:
    source, app_name = account.settings.get("source"), account.settings.get("app_name")
    if not (is_key(account.key) and source and app_name):
        raise Incomplete("the integration lacks a usable key, app name or number")
    envelope = {
        "channel": "whatsapp",
        "source": source.removeprefix("+"),
        "destination": to.removeprefix("+"),
        "src.name": app_name,
    }
    return http.Call("POST", _base() + path, {"apikey": account.key}, form=envelope | form)


def _base() -> str:
    simulators = config.settings().simulators_url
    return f"{simulators}/gupshup" if simulators else API


def templates_call(account: Account, page: str | None) -> http.Call:
    """Lists by app id where the tenant gave it, else by the app's name, as the older page does,
    which knows no pages."""
    app_id, app_name = account.settings.get("app_id"), account.settings.get("app_name")
    if not (is_key(account.key) and (app_id or app_name)):
        raise Incomplete("the integration lacks a usable key or app")
    asked = http.query(pageNo=page or "1", pageSize=str(TEMPLATES_A_PAGE))
    path = f"/sm/api/v1/template/list/{http.path_part(app_name or '')}"
    if app_id:
        path = f"/wa/app/{http.path_part(app_id)}/template?{asked}"
    return http.Call("GET", _base() + path, {"apikey": account.key})


def probe_call(account: Account) -> http.Call:
    """The list of templates: it needs both the key and the app, and moves nothing."""
    return templates_call(account, None)


def read_probe(answer: http.Answer) -> Probe:
    listed = read_templates(answer)
    return Probe(verdict_of(answer.status, listed.failure), listed.detail)


def read_templates(answer: http.Answer) -> TemplatePage:
    said = object_of(answer.text)
    if answer.status >= 300 or said.get("status") == "error" or "templates" not in said:
        result = read_answer(answer)
        return TemplatePage([], failure=result.failure, detail=result.detail)
    found = [template for item in as_list(said["templates"]) if (template := _template(item))]
    total, page = as_text(said.get("totalPages")), as_text(said.get("pageNo"))
    is_more = bool(total and page and total.isdigit() and page.isdigit() and int(page) < int(total))
    return TemplatePage(found, str(int(page or 0) + 1) if is_more else None)


def _template(item: Any) -> KnownTemplate | None:
    said = as_dict(item)
    template_id, name = any_id(said, "id"), any_id(said, "elementName")
    body = as_text(said.get("data"))
    if not (template_id and name and body):
        return None
    status, kind = as_text(said.get("status")) or "", as_text(said.get("templateType")) or "TEXT"
    return KnownTemplate(
        template_id,
        name,
        as_text(said.get("languageCode")) or "pt_BR",
        (as_text(said.get("category")) or "utility").lower(),
        _TEMPLATE_STATUS.get(status.upper(), "paused"),
        status,
        body,
        whatsapp_wire.variables_of(body),
        None if kind.upper() == "TEXT" else kind.lower(),
    )


def read_answer(answer: http.Answer) -> SendResult:
    """What one answer of the send endpoints means; the body's status decides, not HTTP alone."""
    said = object_of(answer.text)
    word = said.get("status")
    text = as_text(said.get("message")) or answer.text[:200]
    code = as_text(said.get("code")) or str(answer.status)
    detail = f"{code} {text}"

    if answer.status < 300 and word in ("submitted", "success"):
        # Some pages of the documentation show a plain id, so anything but text is "no id".
        return SendResult(Outcome.SUBMITTED, provider_message_id=as_text(said.get("messageId")))
    # A gateway gave up waiting for Gupshup, or a 2xx says nothing readable: perhaps it was taken.
    gave_up = answer.status == 408 or (answer.status > 500 and answer.status != 503)
    if gave_up or (answer.status < 300 and word != "error"):
        return SendResult(Outcome.UNKNOWN, failure=FailureClass.OUTCOME_UNKNOWN, detail=detail)

    failure = _classify_answer(answer.status, as_text(said.get("code")), text)
    if failure not in whatsapp_wire.WORTH_ASKING_AGAIN:
        return SendResult(Outcome.FAILED, failure=failure, detail=detail)
    wait = _wait_seconds(answer.headers) if failure is FailureClass.RATE_LIMITED else None
    return SendResult(Outcome.RETRY, failure=failure, detail=detail, retry_after_seconds=wait)


def _classify_answer(status: int, code: str | None, text: str) -> FailureClass:
    if status == 429:
        return FailureClass.RATE_LIMITED
    if status in (401, 403) or "invalid app details" in text.lower():
        return FailureClass.CONFIGURATION
    if code in _FAILURE:
        return _FAILURE[code]
    return FailureClass.PROVIDER_UNAVAILABLE if status >= 500 else FailureClass.UNCLASSIFIED


def _wait_seconds(headers: Mapping[str, str]) -> int:
    asked = headers.get("Retry-After", "").strip()
    # RFC 9110 also allows a date; Gupshup sends seconds, and a date falls to the default.
    seconds = int(asked) if asked.isascii() and asked.isdigit() else DEFAULT_WAIT_SECONDS
    return min(max(seconds, 1), LONGEST_WAIT_SECONDS)


def parse_events(raw: bytes) -> list[ProviderEvent]:
    """The events of one callback body, v2 or v3; an unknown kind comes out as OTHER.

    Raises MalformedPayload only for a body that is not a JSON object.
    """
    body = callbacks.without_secrets(callbacks.json_object(raw))
    events = list(whatsapp_wire.events(body, _FAILURE)) if "entry" in body else [_v2_event(body)]
    return events or [whatsapp_wire.other(body)]


def _v2_event(body: dict[str, Any]) -> ProviderEvent:
    payload = as_dict(body.get("payload"))
    at = instant(as_dict(payload.get("payload")).get("ts")) or instant(body.get("timestamp"))
    match body.get("type"), payload.get("type"):
        case "message-event", str(word) if word in _STATUS and any_id(payload, "gsId", "id"):
            return _v2_status(payload, _STATUS[word], at, body)
        case "message", _ if any_id(payload, "id"):
            return _v2_inbound(payload, at, body)
        case "user-event", ("opted-in" | "opted-out") as state if as_text(payload.get("phone")):
            consent = {
                "phone": digits(payload["phone"]),
                "state": state.replace("-", "_"),
                "at": at,
            }
            return ProviderEvent(
                callbacks.fingerprint(body),
                EventKind.CONSENT_CHANGED,
                {"consent": consent, "raw": body},
            )
    return whatsapp_wire.other(body)


def _v2_status(
    payload: dict[str, Any], status: MessageStatus, at: str | None, body: dict[str, Any]
) -> ProviderEvent:
    """`payload.id` is Gupshup's id on `enqueued` and on a synchronous failure, WhatsApp's id
    otherwise, where Gupshup's own is `gsId`, left out a week after sending."""
    own, other = any_id(payload, "gsId"), any_id(payload, "id")
    inner = as_dict(payload.get("payload"))
    is_own = status is MessageStatus.SUBMITTED or (status is MessageStatus.FAILED and not own)
    return whatsapp_wire.status_event(
        status,
        failures=_FAILURE,
        provider_message_id=own or (other if is_own else None),
        wamid=any_id(inner, "whatsappMessageId") or (None if is_own else other),
        destination=payload.get("destination"),
        code=as_text(inner.get("code")),
        reason=as_text(inner.get("reason")),
        at=at,
        raw=body,
        account=any_id(body, "app"),
    )


def _v2_inbound(payload: dict[str, Any], at: str | None, body: dict[str, Any]) -> ProviderEvent:
    inner, sender = as_dict(payload.get("payload")), as_dict(payload.get("sender"))
    kind, url = as_text(payload.get("type")), as_text(inner.get("url"))
    kind = {"file": "document", "contact": "contacts"}.get(kind or "", kind)
    words = as_text(inner.get("text")) or as_text(inner.get("title"))
    media = None
    if kind in whatsapp_wire.MEDIA_TYPES:
        media = {
            "type": kind,
            "provider_media_id": None,
            "url": url,
            "mime_type": as_text(inner.get("contentType")),
            "caption": as_text(inner.get("caption")),
            "name": as_text(inner.get("name")),
        }
    else:
        media = whatsapp_wire.shared(kind, inner.get("contacts") or inner)
    phone = phone_digits(payload.get("source")) or phone_digits(sender.get("phone"))
    inbound = {
        "wamid": any_id(payload, "id"),
        # WhatsApp user names (2026) leave the phone out; then only the user id is left.
        "phone": phone,
        "wa_id": phone,
        "user_id": any_id(sender, "userId"),
        "name": as_text(sender.get("name")),
        "type": kind,
        "text": words or as_text(inner.get("caption")),
        "media": media,
        "media_url": url,
        "replies_to": any_id(as_dict(payload.get("context")), "gsId", "id"),
        "account": any_id(body, "app"),
        "at": at,
    }
    return ProviderEvent(
        f"message:{payload['id']}",
        EventKind.MESSAGE_RECEIVED,
        {"inbound": inbound, "raw": body},
    )
