"""Acme, a WhatsApp provider nobody has heard of: all that a third one is, in one file."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from kit import http
from providers import callbacks
from providers.declaration import Declaration, Field
from providers.events import (
    EventKind,
    FailureClass,
    MessageStatus,
    Outcome,
    Probe,
    ProviderEvent,
    SendResult,
    Verdict,
)
from providers.reading import any_id, as_text, phone_digits
from providers.whatsapp import (
    COMMON_FILES,
    Account,
    Incomplete,
    KnownTemplate,
    Media,
    Template,
    TemplatePage,
)
from providers.whatsapp_wire import other, status_event

DECLARES = Declaration(
    label="Acme Mensagens",
    what="WhatsApp pela Acme.",
    guide="No painel da Acme: Avisos → Endereço.",
    account="line",
    account_label="Linha na Acme",
    listed_by="line",
    fields=(
        Field("line", "Linha", "^[a-z0-9-]{1,40}$", help="Como está no painel."),
        Field("source", "Número de envio", "^[0-9]{10,15}$"),
        Field("base", "Endereço", r"^http://127\.0\.0\.1:[0-9]{1,5}$"),
        Field("token", "Chave", r"^\S{8,200}$", is_secret=True),
        Field("seal", "Selo dos avisos", r"^\S{8,200}$", is_secret=True),
    ),
    says_account=False,
    verified_by=("seal",),
)
KEY_FIELD = "token"
FILES = COMMON_FILES


def template_call(
    account: Account, to: str, template: Template, reference: str | None
) -> http.Call:
    return _say(account, to, {"template": template.id, "params": list(template.params)}, reference)


def text_call(account: Account, to: str, text: str, reference: str | None) -> http.Call:
    return _say(account, to, {"text": text}, reference)


def media_call(account: Account, to: str, media: Media, reference: str | None) -> http.Call:
    return _say(account, to, {"file": media.url}, reference)


def locate_call(account: Account, file: Mapping[str, str]) -> http.Call | None:
    return None


def file_call(account: Account, file: Mapping[str, str], located: http.Answer | None) -> http.Call:
    raise Incomplete("Acme keeps no files")


def read_answer(answer: http.Answer) -> SendResult:
    if answer.status == 200:
        return SendResult(Outcome.SUBMITTED, json.loads(answer.text)["id"])
    return SendResult(Outcome.FAILED, failure=FailureClass.UNCLASSIFIED, detail=str(answer.status))


def templates_call(account: Account, page: str | None) -> http.Call:
    return http.Call("GET", account.settings["base"] + "/templates", _headers(account))


def read_templates(answer: http.Answer) -> TemplatePage:
    return TemplatePage([
        KnownTemplate(each["id"], each["id"], "pt_BR", "utility", "approved", "ok", each["body"],
                      each["body"].count("{{"), None)
        for each in json.loads(answer.text)
    ])  # fmt: skip


def probe_call(account: Account) -> http.Call:
    return templates_call(account, None)


def read_probe(answer: http.Answer) -> Probe:
    return Probe(Verdict.WORKS if answer.status == 200 else Verdict.KEY_REFUSED)


def is_genuine(raw: bytes, headers: Mapping[str, str], secrets: Mapping[str, str | None]) -> bool:
    wanted = hmac.new((secrets["seal"] or "").encode(), raw, hashlib.sha256).hexdigest()
    told = headers.get("X-Seal", "").encode()  # bytes: a header may hold any letter
    return bool(secrets["seal"]) and hmac.compare_digest(told, wanted.encode())


def parse_events(raw: bytes) -> list[ProviderEvent]:
    said = callbacks.without_secrets(callbacks.json_object(raw))
    its_id, text = any_id(said, "id"), as_text(said.get("text"))
    if not its_id:
        return [other(said)]
    if text:
        inbound = {"wamid": its_id, "phone": phone_digits(any_id(said, "from")), "type": "text",
                   "text": text, "account": any_id(said, "line")}  # fmt: skip
        payload = {"inbound": inbound, "raw": said}
        return [ProviderEvent(f"message:{its_id}", EventKind.MESSAGE_RECEIVED, payload)]
    return [status_event(
        MessageStatus.DELIVERED, provider_message_id=its_id, wamid=None, destination=None,
        code=None, reason=None, at=None, raw=said,
    )]  # fmt: skip


def _say(account: Account, to: str, what: dict[str, object], reference: str | None) -> http.Call:
    said = what | {"to": to, "line": account.settings["line"], "ours": reference}
    return http.Call("POST", account.settings["base"] + "/send", _headers(account), json=said)


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": account.key}
