"""3C Plus's words for calls, contacts and reports, read without believing more than they say."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from providers.events import CallStatus

LONGEST_ID = 200
LONGEST_TEXT = 500
LARGEST_ID = 2**53  # beyond it a JSON number is no longer an id somebody assigned

# GET /calls and the webhooks count alike (help.3cplus.com.br; 10 to 13 are consultations).
_STATUS = {
    "1": CallStatus.DIALING,
    "2": CallStatus.ANSWERED,
    "3": CallStatus.CONNECTED,
    "4": CallStatus.ENDED,
    "5": CallStatus.NOT_ANSWERED,
    "6": CallStatus.ABANDONED,
    "7": CallStatus.FINISHED,
    "8": CallStatus.FAILED,
    "9": CallStatus.VOICEMAIL,
    "10": CallStatus.TRANSFERRED,
    "11": CallStatus.TRANSFERRED,
    "12": CallStatus.TRANSFERRED,
    "13": CallStatus.TRANSFERRED,
    "14": CallStatus.OUTSIDE_HOURS,
    "15": CallStatus.VOICEMAIL,
}


# Of GET /agents/status; 21 and 22 are the wrap-up of calls made by hand.
_AGENT_STATES = {
    0: "offline",
    1: "idle",
    2: "on_call",
    3: "wrap_up",
    4: "manual",
    5: "on_call",
    6: "paused",
    21: "wrap_up",
    22: "wrap_up",
}


class Contact(Protocol):
    """One row of private.dialer_task_rows."""

    @property
    def identifier(self) -> str: ...  # our client's id
    @property
    def phone(self) -> str: ...  # national: area code and number, 10 or 11 digits
    @property
    def name(self) -> str: ...
    @property
    def amount(self) -> str: ...  # "1250,00"
    @property
    def is_wanted(self) -> bool: ...  # false: only to be taken out again


class Report(NamedTuple):
    """What the dialer says of contacts it was given; `imported` None when it says nothing."""

    imported: int | None
    filtered: list[dict[str, str]]


def mailing(contacts: Iterable[Contact]) -> list[dict[str, Any]]:
    """The root array of mailing.json."""
    return [
        {
            "identifier": contact.identifier,
            "phone": contact.phone,
            "data": {"Nome": contact.name, "Valor": contact.amount},
        }
        for contact in contacts
    ]


def removal(contacts: Iterable[Contact]) -> list[dict[str, str]]:
    """The body of DELETE …/mailing/delete."""
    return [{"phone": contact.phone, "identifier": contact.identifier} for contact in contacts]


CSV_HEADER = ("identifier", "areacodephone", "Nome", "Valor")


def csv_file(contacts: Iterable[Contact]) -> bytes:
    """The file of …/lists/csv, without a header line: the form names the columns.

    For a machine: digits as they are, no apostrophe before formulas.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    for contact in contacts:
        writer.writerow((contact.identifier, contact.phone, contact.name, contact.amount))
    return text.getvalue().encode()


def csv_form(name: str) -> dict[str, str]:
    columns = {f"header[{place}]": column for place, column in enumerate(CSV_HEADER)}
    return columns | {"name": name, "delimiter": ";", "separator": ";", "has_header": "0"}


def read_report(said: Mapping[str, Any]) -> Report:
    """Readers in the wild disagree on the inner names; whatever is missing is not guessed."""
    data = fields(said.get("data")) or said
    imported, filtered = fields(data.get("imported")), fields(data.get("filtered"))
    details = filtered.get("details")
    found = []
    for item in details if isinstance(details, list) else []:
        line = fields(item)
        phone = text(line.get("phone") or line.get("number") or line.get("telefone"))
        if phone:
            identifier = text(line.get("identifier"))
            reason = text(line.get("reason") or line.get("motivo") or line.get("type"))
            kept = {"phone": national(phone) or phone, "reason": reason or "refused"}
            found.append(kept | ({"identifier": identifier} if identifier else {}))
    return Report(whole(imported.get("quantity")), found)


def national(phone: str) -> str | None:
    """Area code and number. 12 or 13 digits hold the country; 55 is also an area code."""
    digits = re.sub(r"[^0-9]", "", phone)
    if len(digits) in (12, 13) and digits.startswith("55"):
        digits = digits[2:]
    return digits if re.fullmatch(r"[1-9][0-9]{9,10}", digits) else None


def e164(phone: str | None) -> str | None:
    number = national(phone) if phone else None
    return f"+55{number}" if number else None


def agent_state(agents: Iterable[Mapping[str, Any]], agent_id: int) -> str:
    """How an agent stands: offline idle on_call wrap_up manual paused unknown.

    The list holds who is logged in: an agent it does not name is offline.
    """
    for agent in agents:
        if agent_id in (number_of(agent), number_of(agent.get("agent_id"))):
            told = agent.get("status")
            if isinstance(told, dict):
                told = told.get("id")
            number = whole(told)
            return "unknown" if number is None else _AGENT_STATES.get(number, "unknown")
    return "offline"


def status(value: Any) -> CallStatus | None:
    return _STATUS.get(text(value) or "")


def seconds(value: Any) -> int | None:
    """Whole seconds of webhooks, HH:MM:SS of REST."""
    told = text(value) or ""
    if match := re.fullmatch(r"([0-9]{1,4}):([0-9]{2}):([0-9]{2})", told):
        hours, minutes, rest = (int(part) for part in match.groups())
        return hours * 3600 + minutes * 60 + rest
    # A week is longer than any call, and fits the column.
    return min(int(told), 604_800) if re.fullmatch(r"[0-9]{1,9}", told) else None


def instant(value: Any, time_zone: str) -> str | None:
    """ISO 8601 with its offset; a time without one is the company's own."""
    told = text(value)
    if not told or len(told) > 40:
        return None
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone(time_zone))
    return found.isoformat()


def zone(time_zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("America/Sao_Paulo")


def local(moment: datetime, time_zone: str) -> str:
    """ "Y-m-d H:i:s" of the company's clock, as GET /calls wants it."""
    return moment.astimezone(zone(time_zone)).strftime("%Y-%m-%d %H:%M:%S")


def call_of_history(said: Mapping[str, Any], time_zone: str) -> dict[str, Any]:
    """A finished call, from a webhook (2025 or 2024 shape) or from a line of GET /calls."""
    agent, campaign, listed = (said.get(name) for name in ("agent", "campaign", "list"))
    contact = fields(said.get("mailing_data"))
    qualification = fields(said.get("qualification"))
    speaking = said.get("speaking_with_agent_time")
    if speaking is None:
        speaking = said.get("speaking_time")
    moment = said.get("call_date_rfc3339") or said.get("call_date")
    return without_nothing(
        {
            "external_id": identity(said.get("_id") or said.get("id")),
            "telephony_id": identity(said.get("telephony_id")),
            "number": e164(text(said.get("number")) or text(contact.get("phone"))),
            "identifier": identity(contact.get("identifier") or said.get("identifier")),
            "campaign_id": number_of(campaign) or number_of(said.get("campaign_id")),
            "campaign_name": name_of(campaign),
            "list_id": number_of(listed) or number_of(said.get("list_id")),
            "agent_id": number_of(agent) or number_of(said.get("agent_id")),
            "status": status(said.get("status") or said.get("status_id")) or CallStatus.ENDED,
            "mode": identity(said.get("call_mode") or said.get("mode")),
            "called_at": instant(moment, time_zone),
            "talk_seconds": seconds(speaking),
            "billed_seconds": seconds(said.get("billed_time")),
            "wrap_seconds": seconds(said.get("acw_time")),
            "hangup_cause": whole(said.get("hangup_cause")),
            "is_recorded": bool(said.get("recorded") or said.get("recording")),
            "qualification": read_qualification(qualification),
            "qualification_note": text(said.get("qualification_note")),
        }
    )


def call_of_connection(said: Mapping[str, Any]) -> dict[str, Any]:
    """A call that has just reached an operator."""
    call, agent = fields(said.get("call")), fields(said.get("agent"))
    # Its id ends in the one of the connection, after company and campaign.
    tail = (text(call.get("id")) or "").rpartition(":")[2]
    return without_nothing(
        {
            "telephony_id": identity(call.get("telephony_id")) or identity(tail),
            "number": e164(text(call.get("phone")) or text(call.get("number"))),
            "identifier": identity(call.get("identifier")),
            "campaign_id": number_of(call.get("campaign_id")),
            "campaign_name": name_of(said.get("campaign")),
            "agent_id": number_of(agent),
            "status": CallStatus.CONNECTED,
            "mode": identity(call.get("call_mode")),
        }
    )


def read_qualification(said: Mapping[str, Any]) -> dict[str, Any] | None:
    found = number_of(said, lowest=-LARGEST_ID)
    if found is None:
        return None
    return {"id": found, "name": name_of(said), "is_unknown": bool(said.get("is_unknown"))}


def without_nothing(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value is not None}


def identity(value: Any) -> str | None:
    """An id as text; an empty one, or one too long to be one, is none."""
    found = text(value)
    return found if found and len(found) <= LONGEST_ID else None


def number_of(value: Any, lowest: int = 1) -> int | None:
    """The numeric id of a thing, or of a field `id` in it; 0 is how they say "none"."""
    found = whole(fields(value).get("id") if isinstance(value, dict) else value)
    return found if found is not None and lowest <= found <= LARGEST_ID else None


def name_of(value: Any) -> str | None:
    found = text(fields(value).get("name") if isinstance(value, dict) else value)
    return found[:LONGEST_TEXT] if found else None


def whole(value: Any) -> int | None:
    told = text(value) or ""
    return int(told) if re.fullmatch(r"-?[0-9]{1,15}", told) else None


def json_answer(answer: str) -> dict[str, Any]:
    """The JSON object of an answer; {} for a page or anything else."""
    try:
        return fields(json.loads(answer))
    except (ValueError, RecursionError):
        return {}


def text(value: Any) -> str | None:
    """A text or whole number as storable text; None for anything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        told = str(value)
    except ValueError:  # an integer of more digits than Python writes
        return None
    return told.replace("\0", "").encode("utf-8", "replace").decode().strip()[:2_000] or None


def fields(value: Any) -> dict[str, Any]:
    """The value if it is an object; {} for anything else."""
    return value if isinstance(value, dict) else {}
