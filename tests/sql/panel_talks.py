"""What clients answered and which telephones found them, the long way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.sql.panel_events import Event

if TYPE_CHECKING:
    from tests.sql.panel_reference import Reference

Row = dict[str, Any]
NAMED = {"number_invalid": "number", "policy": "policy", "opted_out": "opt_out"}


def of_failure(message: Row) -> dict[str, int]:
    if message["status"] != "failed":
        return {}
    return {"message_failed": 0, f"message_failed_{NAMED.get(message['error_code'], 'other')}": 0}


def answers(reference: Reference) -> Iterable[Event]:
    """A client's first word within a day of ours, and their wish to hear no more."""
    said = sorted(
        (row for row in reference.mail if row["direction"] == "in" or row["submitted_at"]),
        key=lambda row: (row["created_at"], row["id"]),
    )
    found = []
    for row in said:
        if row["direction"] == "out" or row["client_id"] is None:
            continue
        earlier = [
            other
            for other in said
            if other["client_id"] == row["client_id"]
            and (other["created_at"], other["id"]) < (row["created_at"], row["id"])
        ]
        if (
            earlier
            and earlier[-1]["direction"] == "out"
            and row["created_at"] - earlier[-1]["created_at"] < timedelta(hours=24)
        ):
            found.append(("message_answered", row))
    wishes = reference.table("suppressions")
    found += [("message_opted_out", row) for row in wishes if row["reason"] == "opted_out"]
    for name, row in found:
        day = reference.day(row["created_at"])
        yield from reference.contact({name: 0}, day, row["client_id"], None, row["id"])


def of_phones(reference: Reference) -> Iterable[Event]:
    """Each number of a client once a day: its first call, and the first that found its owner."""
    seen: set[tuple[str, date, UUID | None, str]] = set()
    calls = {str(row["id"]): row for row in reference.table("calls")}
    voice = [event for event in reference.voice() if event.source_id in calls]
    for measure, told in (("voice_attempt", "phone_tried"), ("right_party", "phone_hit")):
        of_measure = [event for event in voice if event.measure == measure]
        for event in sorted(
            of_measure, key=lambda each: (calls[each.source_id]["called_at"], each.source_id)
        ):
            phone = calls[event.source_id]["phone"]
            if phone and (told, event.day, event.client, phone) not in seen:
                seen.add((told, event.day, event.client, phone))
                yield Event(
                    told, event.day, event.client, event.operator, event.creditors,
                    event.source_id, 0,
                )  # fmt: skip
