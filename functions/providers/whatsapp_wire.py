"""WhatsApp's own webhook envelope and error codes, which Meta sends and Gupshup's v3 passes on.

Sources: developers.facebook.com, cloud-api/webhooks/components and cloud-api/support/error-codes
(updated 2026-05); business-scoped-user-ids (2026-05-28).
"""

import re
from collections.abc import Iterator
from typing import Any

from providers import callbacks
from providers.events import EventKind, FailureClass, MessageStatus, ProviderEvent
from providers.reading import (
    any_id,
    as_dict,
    as_list,
    as_text,
    digits,
    instant,
    phone_digits,
)

FAILURE: dict[str, FailureClass] = {
    "0": FailureClass.CONFIGURATION,  # token expired or revoked
    "1": FailureClass.PROVIDER_UNAVAILABLE,
    "2": FailureClass.PROVIDER_UNAVAILABLE,
    "3": FailureClass.CONFIGURATION,  # capability or permission
    "4": FailureClass.RATE_LIMITED,  # the app's calls
    "10": FailureClass.CONFIGURATION,
    "33": FailureClass.CONFIGURATION,  # the phone number id was deleted
    "100": FailureClass.TEMPLATE_REJECTED,  # a parameter of this message
    "190": FailureClass.CONFIGURATION,
    "368": FailureClass.CONFIGURATION,  # blocked for policy
    "470": FailureClass.POLICY,
    "80007": FailureClass.RATE_LIMITED,  # the account's calls
    "130429": FailureClass.RATE_LIMITED,  # the number's throughput
    "130472": FailureClass.POLICY,  # the person is in an experiment
    "130497": FailureClass.POLICY,  # not in this country
    "131000": FailureClass.PROVIDER_UNAVAILABLE,
    "131005": FailureClass.CONFIGURATION,
    "131016": FailureClass.PROVIDER_UNAVAILABLE,
    "131026": FailureClass.NUMBER_INVALID,
    "131031": FailureClass.CONFIGURATION,  # account locked
    "131037": FailureClass.CONFIGURATION,  # display name not approved
    "131042": FailureClass.CONFIGURATION,  # payment
    "131045": FailureClass.CONFIGURATION,  # registration
    "131047": FailureClass.POLICY,  # 24 hours are over
    # Too many people blocked this number: every further message makes it worse, so it stops.
    "131048": FailureClass.CONFIGURATION,
    "131049": FailureClass.POLICY,  # "healthy ecosystem": not again soon
    "131050": FailureClass.OPTED_OUT,
    "131051": FailureClass.TEMPLATE_REJECTED,
    "131052": FailureClass.TEMPLATE_REJECTED,
    "131053": FailureClass.TEMPLATE_REJECTED,
    "131056": FailureClass.RATE_LIMITED,  # this one recipient; SQL knows the code
    "131057": FailureClass.PROVIDER_UNAVAILABLE,  # maintenance
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
} | {str(code): FailureClass.CONFIGURATION for code in range(200, 300)}  # permissions

STATUS: dict[str, MessageStatus] = {
    "enqueued": MessageStatus.SUBMITTED,
    "accepted": MessageStatus.SUBMITTED,
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.READ,
    "played": MessageStatus.READ,  # a voice message heard
    "failed": MessageStatus.FAILED,
}

# The message was certainly not taken, and the same request may succeed later.
WORTH_ASKING_AGAIN = frozenset({FailureClass.RATE_LIMITED, FailureClass.PROVIDER_UNAVAILABLE})

# Meta's word, and that of its older versions.
NUMBER_CHANGED = ("user_changed_number", "customer_changed_number")
MEDIA_TYPES = ("image", "document", "audio", "video", "sticker")
_DEGREES = {"latitude": 90, "longitude": 180}
# Names of the quality an account's number has, in our enum's words.
QUALITY = {"GREEN": "green", "YELLOW": "yellow", "RED": "red"}


def variables_of(body: str) -> int:
    """How many numbered variables a template's body has."""
    return max((int(number) for number in re.findall(r"\{\{(\d{1,2})\}\}", body)), default=0)


def events(
    body: dict[str, Any], failures: dict[str, FailureClass] | None = None
) -> Iterator[ProviderEvent]:
    """Every fact in one envelope; changes that touch neither message nor template are left out.

    failures  the provider's table of codes where it has its own
    """
    for entry in as_list(body.get("entry")):
        for change in as_list(as_dict(entry).get("changes")):
            field = as_text(as_dict(change).get("field"))
            value = as_dict(as_dict(change).get("value"))
            metadata = as_dict(value.get("metadata"))
            # Routes within the tenant: the number of ours that it happened to.
            account = any_id(metadata, "phone_number_id") or any_id(body, "gs_app_id")
            for item in as_list(value.get("statuses")):
                yield from _status(as_dict(item), account, failures)
            people = {
                any_id(as_dict(person), "wa_id", "user_id"): as_dict(person)
                for person in as_list(value.get("contacts"))
            }
            for item in as_list(value.get("messages")):
                yield from _message(as_dict(item), people, account)
            if field == "message_template_status_update":
                yield _template(value)


def _status(
    said: dict[str, Any], account: str | None, failures: dict[str, FailureClass] | None
) -> Iterator[ProviderEvent]:
    status = STATUS.get(str(said.get("status")))
    if not (status and any_id(said, "gs_id", "id")):
        return
    problem = as_dict(next(iter(as_list(said.get("errors"))), said))
    yield status_event(
        status,
        provider_message_id=any_id(said, "gs_id"),
        wamid=any_id(said, "id"),
        destination=said.get("recipient_id"),
        code=as_text(problem.get("code")),
        reason=as_text(problem.get("title")) or as_text(problem.get("reason")),
        at=instant(said.get("timestamp")),
        raw=said,
        failures=failures,
        account=account,
        reference=any_id(said, "biz_opaque_callback_data"),
        user_id=any_id(said, "recipient_user_id", "user_id"),
    )


def _message(
    said: dict[str, Any], people: dict[str | None, dict[str, Any]], account: str | None
) -> Iterator[ProviderEvent]:
    wamid, kind = any_id(said, "id"), as_text(said.get("type"))
    sender = any_id(said, "from")
    if kind == "system" and wamid:
        # A notice of WhatsApp's own is not written by the person: no window opens.
        notice = as_dict(said.get("system"))
        moved_to = phone_digits(any_id(notice, "wa_id", "new_wa_id"))
        if moved_to and as_text(notice.get("type")) in NUMBER_CHANGED:
            moved = {"wamid": wamid, "phone": phone_digits(any_id(notice, "customer") or sender),
                     "type": kind, "moved_to": moved_to, "account": account}  # fmt: skip
            fact = {"inbound": moved, "raw": said}
            yield ProviderEvent(f"message:{wamid}", EventKind.MESSAGE_RECEIVED, fact)
        return
    if not wamid:
        return
    person = people.get(sender) or next(iter(people.values()), {})
    content = as_dict(said.get(kind or ""))
    chosen = as_dict(content.get("button_reply")) or as_dict(content.get("list_reply"))
    words = (
        as_text(content.get("body"))
        or as_text(content.get("text"))  # a template's button
        or as_text(content.get("caption"))
        or as_text(content.get("emoji"))
        or as_text(chosen.get("title"))
        or as_text(content.get("name"))
    )
    media = None
    if kind in MEDIA_TYPES:
        media = {
            "type": kind,
            # The address is asked for with this id when somebody opens it; it lives five minutes.
            "provider_media_id": any_id(content, "id"),
            "url": as_text(content.get("url")),
            "mime_type": as_text(content.get("mime_type")),
            "caption": as_text(content.get("caption")),
            "name": as_text(content.get("filename")),
        }
    else:
        media = shared(kind, said.get(kind or ""))
    inbound = {
        "wamid": wamid,
        # A person with a user name (2026) may show neither; then the user id is all there is.
        "phone": phone_digits(sender),
        "wa_id": phone_digits(any_id(person, "wa_id") or sender),
        "user_id": any_id(said, "from_user_id", "user_id") or any_id(person, "user_id"),
        "name": as_text(as_dict(person.get("profile")).get("name")),
        "type": kind,
        "text": words,
        "media": media,
        "media_url": media.get("url") if media else None,
        "replies_to": any_id(as_dict(said.get("context")), "gs_id", "id"),
        "account": account,
        "at": instant(said.get("timestamp")),
    }
    payload = {"inbound": inbound, "raw": said}
    yield ProviderEvent(f"message:{wamid}", EventKind.MESSAGE_RECEIVED, payload)


def shared(kind: str | None, content: Any) -> dict[str, Any] | None:
    """A place or people that somebody sent, as the talk shows them; None for other kinds."""
    if kind == "location":
        place = as_dict(content)
        at = [_degrees(place.get(name), most) for name, most in _DEGREES.items()]
        name, address = as_text(place.get("name")), as_text(place.get("address"))
        return {"type": kind, "latitude": at[0], "longitude": at[1], "name": name,
                "address": address} if None not in at else None  # fmt: skip
    if kind == "contacts":
        people = [as_dict(as_dict(person).get("name")) for person in as_list(content)]
        names = [as_text(name.get("formatted_name")) for name in people]
        return {"type": kind, "name": ", ".join(name for name in names if name) or None}
    return None


def _degrees(value: Any, most: int) -> float | None:
    try:
        degrees = float(value)
    except (OverflowError, TypeError, ValueError):
        return None
    return degrees if abs(degrees) <= most else None  # also what is not a number


def _template(value: dict[str, Any]) -> ProviderEvent:
    template = {
        "provider_template_id": any_id(value, "message_template_id"),
        "name": any_id(value, "message_template_name"),
        "language": as_text(value.get("message_template_language")),
        "status": as_text(value.get("event")),
        "reason": as_text(value.get("reason")),
    }
    return ProviderEvent(
        callbacks.fingerprint(value),
        EventKind.TEMPLATE_CHANGED,
        {"template": template, "raw": value},
    )


def status_event(
    status: MessageStatus,
    *,
    provider_message_id: str | None,
    wamid: str | None,
    destination: Any,
    code: str | None,
    reason: str | None,
    at: str | None,
    raw: dict[str, Any],
    failures: dict[str, FailureClass] | None = None,
    account: str | None = None,
    reference: str | None = None,
    user_id: str | None = None,
) -> ProviderEvent:
    """A receipt; `failures` is the provider's own table of codes when it has one."""
    is_failure = status is MessageStatus.FAILED
    known = FAILURE if failures is None else failures
    message = {
        "provider_message_id": provider_message_id,
        "wamid": wamid,
        "status": status.value,
        "destination": digits(destination),
        "error_code": known.get(code or "", FailureClass.UNCLASSIFIED) if is_failure else None,
        "error_detail": f"{code or '?'} {reason or ''}".strip() if is_failure else None,
        "at": at,
    }
    optional = {"account": account, "reference": reference, "user_id": user_id}
    message |= {name: value for name, value in optional.items() if value}
    # A message reaches a status once, whatever the rest of the envelope says the second time.
    fact = f"{status}:{provider_message_id or wamid}"
    return ProviderEvent(fact, EventKind.MESSAGE_STATUS, {"message": message, "raw": raw})


def other(body: dict[str, Any]) -> ProviderEvent:
    return ProviderEvent(callbacks.fingerprint(body), EventKind.OTHER, {"raw": body})
