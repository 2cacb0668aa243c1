"""Meta's WhatsApp Cloud API: sends templates, texts and media, lists templates, reads webhooks.

Wire contract: developers.facebook.com/docs/whatsapp/cloud-api (messages, webhooks,
message_templates, support/error-codes). The version of the API is the tenant's setting.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from kit import config, http
from providers import callbacks, whatsapp_wire
from providers.declaration import Declaration, Field
from providers.events import FailureClass, Outcome, Probe, ProviderEvent, SendResult, Verdict
from providers.reading import any_id, as_dict, as_list, as_text, object_of
from providers.whatsapp import (
    COMMON_FILES,
    FILE_BYTES,
    Account,
    Incomplete,
    KnownTemplate,
    Media,
    Template,
    TemplatePage,
    is_key,
    own_address,
    verdict_of,
)

DECLARES = Declaration(
    label="Meta (WhatsApp Cloud API)",
    what="WhatsApp direto com a Meta, sem intermediário.",
    guide="No app da Meta: WhatsApp → Configuração → Webhook; o token de verificação é o do"
    " formulário.",
    account="phone_number_id",
    account_label="ID do número (phone_number_id)",
    says_account=False,  # nobody knows a number by Meta's id of it
    listed_by="waba_id",
    fields=(
        Field("waba_id", "ID da conta do WhatsApp Business", "^[0-9]{5,30}$",
              help="WABA ID, só números."),
        Field("phone_number_id", "ID do número de telefone", "^[0-9]{5,30}$",
              help="phone_number_id: não é o telefone."),
        Field("source", "Número de envio", "^[1-9][0-9]{9,14}$", placeholder="5511999990000",
              help="Com 55 e DDD, só números."),
        Field("api_version", "Versão da API", r"^v[0-9]{1,3}\.[0-9]$", is_required=False,
              placeholder="v25.0"),
        Field("access_token", "Token de acesso", r"^\S{8,}$", is_secret=True,
              help="De um usuário do sistema, sem data de fim."),
        Field("app_secret", "Chave secreta do app", r"^\S{8,200}$", is_secret=True,
              help="Com ela conferimos a assinatura de cada aviso."),
        Field("verify_token", "Token de verificação", r"^\S{8,200}$", is_secret=True,
              help="Uma palavra sua; a Meta a repete ao ligar o webhook."),
    ),
    verified_by=("app_secret", "verify_token"),
    webhook="meta-webhook",
)  # fmt: skip
API = "https://graph.facebook.com"
FILES = COMMON_FILES
KEY_FIELD = "access_token"
FILE_HOSTS = r"(?:[a-z0-9-]+\.)*(?:fbsbx\.com|fbcdn\.net|whatsapp\.net)"
DEFAULT_VERSION = "v25.0"  # seen in production in 2026; a setting of the integration
TEMPLATES_A_PAGE = 100
TEMPLATES_BYTES = 2_000_000  # a hundred templates with buttons and examples

# 130429 and 80007 name no delay; the throughput is counted per second, an account's calls per hour.
DEFAULT_WAIT_SECONDS = 5
PAIR_WAIT_SECONDS = 6  # 131056: about one message per 6 s to the same person
LONGEST_WAIT_SECONDS = 3600
_TEMPLATE_STATUS = {"APPROVED": "approved", "REJECTED": "rejected", "DISABLED": "rejected"}


def template_call(
    account: Account, to: str, template: Template, reference: str | None
) -> http.Call:
    components: list[dict[str, Any]] = []
    if template.header is not None:
        kind, url, _, name = template.header
        file = {"link": url} | ({"filename": name} if name else {})
        components.append({"type": "header", "parameters": [{"type": kind, kind: file}]})
    if template.params:
        values = [{"type": "text", "text": value} for value in template.params]
        components.append({"type": "body", "parameters": values})
    said = {"name": template.name, "language": {"code": template.language}}
    content = {"type": "template", "template": said | {"components": components}}
    return _message(account, to, content, reference)


def text_call(account: Account, to: str, text: str, reference: str | None) -> http.Call:
    content = {"type": "text", "text": {"preview_url": False, "body": text}}
    return _message(account, to, content, reference)


def media_call(account: Account, to: str, media: Media, reference: str | None) -> http.Call:
    file = {"link": media.url}
    if media.caption and media.kind != "audio":
        file["caption"] = media.caption
    if media.name and media.kind == "document":
        file["filename"] = media.name
    return _message(account, to, {"type": media.kind, media.kind: file}, reference)


def locate_call(account: Account, file: Mapping[str, str]) -> http.Call | None:
    media_id = file.get("provider_media_id")
    if not (is_key(account.key) and media_id):
        raise Incomplete("the sender lacks a usable token, or the file an id")
    return http.Call("GET", _url(account, media_id), _bearer(account))


def file_call(account: Account, file: Mapping[str, str], located: http.Answer | None) -> http.Call:
    """The address lives for five minutes and wants the token, so it is asked for each time."""
    url = as_text(object_of(located.text).get("url")) if located else None
    path, simulators = own_address(url, FILE_HOSTS), config.settings().simulators_url
    at = f"{simulators}/meta{path}" if simulators else str(url)
    return http.Call("GET", at, _bearer(account), limit=FILE_BYTES)


def _message(
    account: Account, to: str, content: Mapping[str, Any], reference: str | None
) -> http.Call:
    number = account.settings.get("phone_number_id")
    if not (is_key(account.key) and number):
        raise Incomplete("the sender lacks a usable token or phone number id")
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to.removeprefix("+"),
        **content,
    }
    if reference:  # comes back with every receipt
        body["biz_opaque_callback_data"] = reference
    return http.Call("POST", _url(account, number, "messages"), _bearer(account), json=body)


def _url(account: Account, *parts: str) -> str:
    simulators = config.settings().simulators_url
    base = f"{simulators}/meta" if simulators else API
    version = account.settings.get("api_version") or DEFAULT_VERSION
    return "/".join([base, *(http.path_part(part) for part in (version, *parts))])


def _bearer(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.key}"}


def read_answer(answer: http.Answer) -> SendResult:
    """What one answer of `messages` means."""
    said = object_of(answer.text)
    message = as_dict(next(iter(as_list(said.get("messages"))), None))
    wamid, problem = any_id(message, "id"), as_dict(said.get("error"))
    # `held_for_quality_assessment` and `paused` are taken, too: their receipts tell the rest.
    if answer.status < 300 and wamid:
        return SendResult(Outcome.SUBMITTED, provider_message_id=wamid)
    code = as_text(problem.get("code"))
    words = as_text(as_dict(problem.get("error_data")).get("details"))
    text = words or as_text(problem.get("message")) or answer.text[:200]
    detail = f"{code or answer.status} {text}"
    if code is None and _is_silent(answer.status):
        return SendResult(Outcome.UNKNOWN, failure=FailureClass.OUTCOME_UNKNOWN, detail=detail)

    # The path's object is not there or not this token's: a mistyped number, not a bad parameter.
    is_number = code == "100" and as_text(problem.get("error_subcode")) == "33"
    failure = _classify(answer.status, "33" if is_number else code)
    if failure not in whatsapp_wire.WORTH_ASKING_AGAIN:
        return SendResult(Outcome.FAILED, failure=failure, detail=detail)
    wait = None
    if failure is FailureClass.RATE_LIMITED:
        asked = answer.headers.get("Retry-After", "").strip()
        default = PAIR_WAIT_SECONDS if code == "131056" else DEFAULT_WAIT_SECONDS
        seconds = int(asked) if asked.isascii() and asked.isdigit() else default
        wait = min(max(seconds, 1), LONGEST_WAIT_SECONDS)
    return SendResult(Outcome.RETRY, failure=failure, detail=detail, retry_after_seconds=wait)


def _is_silent(status: int) -> bool:
    """A success that says nothing, or a gateway that gave up waiting: perhaps it was taken."""
    return status < 300 or status == 408 or (status >= 500 and status != 503)


def _classify(status: int, code: str | None) -> FailureClass:
    # Logic hangs on the code, as Meta asks; the status decides only where there is none.
    if code in whatsapp_wire.FAILURE:
        return whatsapp_wire.FAILURE[code]
    if status == 429:
        return FailureClass.RATE_LIMITED
    if status in (401, 403):
        return FailureClass.CONFIGURATION
    return FailureClass.PROVIDER_UNAVAILABLE if status >= 500 else FailureClass.UNCLASSIFIED


def templates_call(account: Account, page: str | None) -> http.Call:
    """Lists the business account's templates; `page` is the cursor of the page before."""
    waba = account.settings.get("waba_id")
    if not (is_key(account.key) and waba):
        raise Incomplete("the integration lacks a usable token or account id")
    asked = {
        "fields": "id,name,language,status,category,components,rejected_reason",
        "limit": str(TEMPLATES_A_PAGE),
    } | ({"after": page} if page else {})
    url = f"{_url(account, waba, 'message_templates')}?{http.query(**asked)}"
    return http.Call("GET", url, _bearer(account), limit=TEMPLATES_BYTES)


def probe_call(account: Account) -> http.Call:
    """The number itself: it needs the token and the number's id, and moves nothing."""
    number = account.settings.get("phone_number_id")
    if not (is_key(account.key) and number):
        raise Incomplete("the integration lacks a usable token or phone number id")
    url = f"{_url(account, number)}?{http.query(fields='display_phone_number,quality_rating')}"
    return http.Call("GET", url, _bearer(account))


def read_probe(answer: http.Answer) -> Probe:
    said = object_of(answer.text)
    if answer.status < 300 and any_id(said, "id"):
        quality = whatsapp_wire.QUALITY.get(as_text(said.get("quality_rating")) or "")
        return Probe(Verdict.WORKS, as_text(said.get("display_phone_number")), quality)
    result, code = read_answer(answer), as_text(as_dict(said.get("error")).get("code"))
    if code in ("0", "190"):  # answered with 400 or 401
        return Probe(Verdict.KEY_REFUSED, result.detail)
    if code in ("33", "100", "803"):  # no such object, or not one that this token may see
        return Probe(Verdict.ACCOUNT_UNKNOWN, result.detail)
    return Probe(verdict_of(answer.status, result.failure), result.detail)


def read_templates(answer: http.Answer) -> TemplatePage:
    said = object_of(answer.text)
    if answer.status >= 300 or not isinstance(said.get("data"), list):
        result = read_answer(answer)
        return TemplatePage([], failure=result.failure, detail=result.detail)
    found = [template for item in as_list(said["data"]) if (template := _template(item))]
    paging = as_dict(said.get("paging"))
    cursor = any_id(as_dict(paging.get("cursors")), "after") if paging.get("next") else None
    return TemplatePage(found, cursor)


def _template(item: Any) -> KnownTemplate | None:
    said = as_dict(item)
    template_id, name = any_id(said, "id"), any_id(said, "name")
    parts = {
        (as_text(as_dict(part).get("type")) or "").upper(): as_dict(part)
        for part in as_list(said.get("components"))
    }
    body = as_text(parts.get("BODY", {}).get("text"))
    if not (template_id and name and body):
        return None
    status = as_text(said.get("status")) or ""
    header = as_text(parts.get("HEADER", {}).get("format")) or "TEXT"
    # Values for a header's or a button's own variables are nothing of ours: sent without, Meta
    # refuses the message (132000), so the template is marked as what cannot be sent.
    words = as_text(parts.get("HEADER", {}).get("text")) or ""
    if "{{" in words or "{{" in json.dumps(as_list(parts.get("BUTTONS", {}).get("buttons"))):
        header = "VARIABLE"
    return KnownTemplate(
        template_id,
        name,
        as_text(said.get("language")) or "pt_BR",
        (as_text(said.get("category")) or "utility").lower(),
        _TEMPLATE_STATUS.get(status.upper(), "paused"),
        status,
        body,
        whatsapp_wire.variables_of(body),
        None if header.upper() == "TEXT" else header.lower(),
    )


def is_signed(raw: bytes, signature: str | None, app_secret: str | None) -> bool:
    """Whether Meta wrote these bytes: HMAC-SHA256 with the app's secret, compared in constant
    time. False without a secret: the endpoint is closed until one is configured."""
    if not app_secret:
        return False
    expected = hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}".encode(), (signature or "").encode())


def parse_events(raw: bytes) -> list[ProviderEvent]:
    """The events of one webhook body; an unknown kind comes out as OTHER.

    Raises MalformedPayload only for a body that is not a JSON object.
    """
    body = callbacks.without_secrets(callbacks.json_object(raw))
    return list(whatsapp_wire.events(body)) or [whatsapp_wire.other(body)]
