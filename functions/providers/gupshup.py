"""Gupshup, the WhatsApp provider: sends templates and texts, reads callbacks v2 and v3.

Wire contract: docs.gupshup.io, pages template-messages, session-messages, callbacks and
error-and-status-messages. Gupshup signs nothing, so a callback is known by the key in its URL.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kit import config, http
from providers import callbacks
from providers.events import (
    EventKind,
    FailureClass,
    MessageStatus,
    Outcome,
    ProviderEvent,
    SendResult,
)

API = "https://api.gupshup.io"
TEMPLATE_PATH, SESSION_PATH = "/wa/api/v1/template/msg", "/wa/api/v1/msg"

# "429 without Retry-After" and error 4001 name no delay; Meta's bucket refills within seconds.
DEFAULT_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 3600  # a larger Retry-After is a fault of theirs; ask again in an hour

_FAILURE: dict[str, FailureClass] = {
    # Gupshup's own codes
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
    # Meta's codes, passed through (developers.facebook.com, cloud-api/support/error-codes)
    "470": FailureClass.POLICY,
    "130429": FailureClass.RATE_LIMITED,
    "130472": FailureClass.POLICY,
    "130497": FailureClass.POLICY,
    "131026": FailureClass.NUMBER_INVALID,
    "131042": FailureClass.CONFIGURATION,
    "131047": FailureClass.POLICY,
    "131048": FailureClass.POLICY,
    "131049": FailureClass.POLICY,
    "131050": FailureClass.OPTED_OUT,
    "131051": FailureClass.TEMPLATE_REJECTED,
    "131052": FailureClass.TEMPLATE_REJECTED,
    "131053": FailureClass.TEMPLATE_REJECTED,
    "131056": FailureClass.RATE_LIMITED,
    "131057": FailureClass.PROVIDER_UNAVAILABLE,
    "132000": FailureClass.TEMPLATE_REJECTED,
    "132001": FailureClass.TEMPLATE_REJECTED,
    "132005": FailureClass.TEMPLATE_REJECTED,
    "132007": FailureClass.TEMPLATE_REJECTED,
    "132012": FailureClass.TEMPLATE_REJECTED,
    "132015": FailureClass.TEMPLATE_REJECTED,
    "132016": FailureClass.TEMPLATE_REJECTED,
    "133010": FailureClass.CONFIGURATION,
    "133016": FailureClass.CONFIGURATION,
    "139200": FailureClass.CONFIGURATION,
}

_STATUS: dict[str, MessageStatus] = {
    "enqueued": MessageStatus.SUBMITTED,
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.READ,
    "failed": MessageStatus.FAILED,
}

# The message was certainly not taken, and the same request may succeed later.
_WORTH_ASKING_AGAIN = frozenset({FailureClass.RATE_LIMITED, FailureClass.PROVIDER_UNAVAILABLE})

LONGEST_ID = 200


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
    template = json.dumps({"id": template_id, "params": list(params)}, ensure_ascii=False)
    return _send(TEMPLATE_PATH, settings, api_key, destination, {"template": template})


def send_text(settings: Mapping[str, str], api_key: str, destination: str, text: str) -> SendResult:
    """Ask Gupshup once to send free text; WhatsApp takes it only within 24 h of their message."""
    message = json.dumps({"type": "text", "text": text}, ensure_ascii=False)
    form = {"message": message, "disablePreview": "true"}
    return _send(SESSION_PATH, settings, api_key, destination, form)


def _send(
    path: str, settings: Mapping[str, str], api_key: str, destination: str, form: dict[str, str]
) -> SendResult:
    source, app_name = settings.get("source"), settings.get("app_name")
    if not (api_key and source and app_name and api_key.isascii() and api_key.isprintable()):
        detail = "the integration lacks a usable key, app name or number"
        return SendResult(Outcome.FAILED, failure=FailureClass.CONFIGURATION, detail=detail)
    envelope = {
        "channel": "whatsapp",
        "source": source.removeprefix("+"),
        "destination": destination.removeprefix("+"),
        "src.name": app_name,
    }
    simulators = config.settings().simulators_url
    base = f"{simulators}/gupshup" if simulators else API
    try:
        answer = http.post_form(base + path, envelope | form, {"apikey": api_key})
    except http.NothingSent as error:
        return SendResult(
            Outcome.RETRY, failure=FailureClass.PROVIDER_UNAVAILABLE, detail=str(error)
        )
    except http.OutcomeUnknown as error:
        return SendResult(Outcome.UNKNOWN, failure=FailureClass.OUTCOME_UNKNOWN, detail=str(error))
    return read_answer(answer)


def read_answer(answer: http.Answer) -> SendResult:
    """What one answer of the send endpoints means; the body's status decides, not HTTP alone."""
    said = _object(answer.text)
    word = said.get("status")
    text = _text(said.get("message")) or answer.text[:200]
    code = _text(said.get("code")) or str(answer.status)
    detail = f"{code} {text}"

    if answer.status < 300 and word in ("submitted", "success"):
        # Some pages of the documentation show a plain id, so anything but text is "no id".
        return SendResult(Outcome.SUBMITTED, provider_message_id=_text(said.get("messageId")))
    # A gateway gave up waiting for Gupshup, or a 2xx says nothing readable: perhaps it was taken.
    gave_up = answer.status == 408 or (answer.status > 500 and answer.status != 503)
    if gave_up or (answer.status < 300 and word != "error"):
        return SendResult(Outcome.UNKNOWN, failure=FailureClass.OUTCOME_UNKNOWN, detail=detail)

    failure = _classify_answer(answer.status, _text(said.get("code")), text)
    if failure not in _WORTH_ASKING_AGAIN:
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
    events = list(_v3_events(body)) if "entry" in body else [_v2_event(body)]
    return events or [_other(body)]


def _v2_event(body: dict[str, Any]) -> ProviderEvent:
    payload = _dict(body.get("payload"))
    at = _instant(_dict(payload.get("payload")).get("ts")) or _instant(body.get("timestamp"))
    match body.get("type"), payload.get("type"):
        case "message-event", str(word) if word in _STATUS and _any_id(payload, "gsId", "id"):
            return _v2_status(payload, _STATUS[word], at, body)
        case "message", _ if _any_id(payload, "id"):
            return _v2_inbound(payload, at, body)
        case "user-event", ("opted-in" | "opted-out") as state if _text(payload.get("phone")):
            consent = {
                "phone": _digits(payload["phone"]),
                "state": state.replace("-", "_"),
                "at": at,
            }
            return ProviderEvent(
                callbacks.fingerprint(body),
                EventKind.CONSENT_CHANGED,
                {"consent": consent, "raw": body},
            )
    return _other(body)


def _v2_status(
    payload: dict[str, Any], status: MessageStatus, at: str | None, body: dict[str, Any]
) -> ProviderEvent:
    """`payload.id` is Gupshup's id on `enqueued` and on a synchronous failure, WhatsApp's id
    otherwise, where Gupshup's own is `gsId`, left out a week after sending."""
    own, other = _any_id(payload, "gsId"), _any_id(payload, "id")
    inner = _dict(payload.get("payload"))
    is_own = status is MessageStatus.SUBMITTED or (status is MessageStatus.FAILED and not own)
    return _status_event(
        status,
        provider_message_id=own or (other if is_own else None),
        wamid=_any_id(inner, "whatsappMessageId") or (None if is_own else other),
        destination=payload.get("destination"),
        code=_text(inner.get("code")),
        reason=_text(inner.get("reason")),
        at=at,
        raw=body,
    )


def _v2_inbound(payload: dict[str, Any], at: str | None, body: dict[str, Any]) -> ProviderEvent:
    inner, sender = _dict(payload.get("payload")), _dict(payload.get("sender"))
    inbound = {
        "wamid": _any_id(payload, "id"),
        # WhatsApp user names (2026) leave the phone out; then only the user id is left, in raw.
        "phone": _digits(payload.get("source") or sender.get("phone")),
        "name": _text(sender.get("name")),
        "type": _text(payload.get("type")),
        "text": _text(inner.get("text"))
        or _text(inner.get("title"))
        or _text(inner.get("caption")),
        "media_url": _text(inner.get("url")),
        "replies_to": _any_id(_dict(payload.get("context")), "gsId"),
        "at": at,
    }
    return ProviderEvent(
        f"message:{payload['id']}",
        EventKind.MESSAGE_RECEIVED,
        {"inbound": inbound, "raw": body},
    )


def _v3_events(body: dict[str, Any]) -> Iterator[ProviderEvent]:
    """Meta's envelope passed through, with Gupshup's id as `gs_id` in each status."""
    for entry in _list(body.get("entry")):
        for change in _list(_dict(entry).get("changes")):
            for item in _list(_dict(_dict(change).get("value")).get("statuses")):
                said = _dict(item)
                status = _STATUS.get(str(said.get("status")))
                if status and _any_id(said, "gs_id", "id"):
                    problem = _dict(next(iter(_list(said.get("errors"))), said))
                    yield _status_event(
                        status,
                        provider_message_id=_any_id(said, "gs_id"),
                        wamid=_any_id(said, "id"),
                        destination=said.get("recipient_id"),
                        code=_text(problem.get("code")),
                        reason=_text(problem.get("title")) or _text(problem.get("reason")),
                        at=_instant(said.get("timestamp")),
                        raw=said,
                    )


def _status_event(
    status: MessageStatus,
    *,
    provider_message_id: str | None,
    wamid: str | None,
    destination: Any,
    code: str | None,
    reason: str | None,
    at: str | None,
    raw: dict[str, Any],
) -> ProviderEvent:
    is_failure = status is MessageStatus.FAILED
    message = {
        "provider_message_id": provider_message_id,
        "wamid": wamid,
        "status": status.value,
        "destination": _digits(destination),
        "error_code": _FAILURE.get(code or "", FailureClass.UNCLASSIFIED) if is_failure else None,
        "error_detail": f"{code or '?'} {reason or ''}".strip() if is_failure else None,
        "at": at,
    }
    # A message reaches a status once, whatever the rest of the envelope says the second time.
    fact = f"{status}:{provider_message_id or wamid}"
    return ProviderEvent(fact, EventKind.MESSAGE_STATUS, {"message": message, "raw": raw})


def _other(body: dict[str, Any]) -> ProviderEvent:
    return ProviderEvent(callbacks.fingerprint(body), EventKind.OTHER, {"raw": body})


def _instant(value: Any) -> str | None:
    """An ISO 8601 instant from epoch seconds or milliseconds; None for anything else."""
    digits = _text(value) or ""
    if not (digits.isascii() and digits.isdigit() and len(digits) in (10, 13)):
        return None
    seconds = int(digits) / (1000 if len(digits) == 13 else 1)
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _any_id(fields: dict[str, Any], *names: str) -> str | None:
    """The first of the named fields that can be an id: theirs have 36 to 80 characters, and an
    endless one would not fit an index."""
    for name in names:
        found = _text(fields.get(name))
        if found and len(found) <= LONGEST_ID:
            return found
    return None


def _digits(value: Any) -> str | None:
    found = "".join(letter for letter in _text(value) or "" if letter in "0123456789")
    return found or None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(text: str) -> dict[str, Any]:
    try:
        return _dict(json.loads(text))
    except (ValueError, RecursionError):
        return {}
