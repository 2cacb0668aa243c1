"""The law and the prices, the long way: raw tables, one attempt at a time."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.sql.panel_events import Event

if TYPE_CHECKING:
    from tests.sql.panel_reference import Reference

Row = dict[str, Any]


def rows(reference: Reference, query: str) -> list[tuple[Any, ...]]:
    return reference.db.execute(query.encode()).fetchall()


class Law:
    """Of clients whose state nobody knows: the agency's zone, the country's hours and holidays."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.hours = rows(
            reference,
            "select weekday, opens, closes from private.calling_windows where uf is null",
        )
        self.holidays = {
            (month, day)
            for month, day in rows(
                reference, "select month, day from private.holidays where uf is null"
            )
        }
        self.suppressions = reference.table("suppressions")

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(self.reference.zone)
        return (local.month, local.day) not in self.holidays and any(
            weekday == local.isoweekday() and opens <= local.time() < closes
            for weekday, opens, closes in self.hours
        )

    def broken(self, channel: str, client: UUID | None, at: datetime) -> dict[str, int]:
        if client is None:
            return {}
        is_out = any(
            row["client_id"] == client
            and row["channel"] in (None, channel)
            and row["created_at"] < at
            and (row["expires_at"] is None or row["expires_at"] > at)
            for row in self.suppressions
        )
        found = {} if self.is_open(at) else {"outside_hours": 0}
        return found | ({"after_opt_out": 0} if is_out else {})


class Costs:
    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.rates = reference.table("cost_rates")
        self.own = reference.table("rate_cards")
        self.templates = {row["id"]: row for row in reference.table("message_templates")}

    def in_force(self, kind: str, day: date) -> Row | None:
        known = [row for row in self.rates if row["kind"] == kind and row["valid_from"] <= day]
        return max(known, key=lambda row: (row["valid_from"], row["created_at"]), default=None)

    def price(self, kind: str, day: date) -> int | None:
        rate = self.in_force(kind, day)
        return rate["price_micros"] if rate else None

    @staticmethod
    def told(kind: str, cost: int | None) -> dict[str, int]:
        if cost is None:
            return {"cost_unknown": 0}
        return {"cost": cost, kind: cost} if cost > 0 else {}

    def of_call(self, call: Row, day: date) -> dict[str, int]:
        seconds = call["billed_seconds"] or call["talk_seconds"] or 0
        price = self.price("voice_minute", day)
        if seconds == 0:
            return {}
        return self.told("cost_voice", None if price is None else price * seconds // 60)

    def of_message(self, message: Row, day: date) -> dict[str, int]:
        template = self.templates.get(message["template_id"])
        category = template["category"] if template else "service"
        own = [row for row in self.own if row["category"] == category and row["valid_from"] <= day]
        if message["status"] == "failed":
            return {}
        if own:
            rate = max(own, key=lambda row: row["valid_from"])
            currency, price = rate["currency"], rate["price_micros"]
            if rate["is_free_in_window"] and self.wrote_lately(message):
                return {}
        else:
            # Published since October 2026: none of them is free in the window.
            currency, price = "USD", {"marketing": 25_000}.get(category, 3_400)
        if currency == "BRL":
            return self.told("cost_message", price)
        abroad = self.price("exchange", day)
        return self.told("cost_message", None if abroad is None else price * abroad // 1_000_000)

    def wrote_lately(self, message: Row) -> bool:
        return any(
            row["direction"] == "in"
            and row["client_id"] == message["client_id"] is not None
            and timedelta() <= message["submitted_at"] - row["created_at"] < timedelta(hours=24)
            for row in self.reference.mail
        )

    def fixed(self) -> Iterable[Event]:
        for kind in ("licence_month", "labour_month"):
            for ahead in range(60):
                day = date(2026, 11, 1) + timedelta(ahead)
                rate = self.in_force(kind, day)
                if rate is None or rate["price_micros"] == 0:
                    continue
                days = monthrange(day.year, day.month)[1]
                cost = int(Fraction(rate["price_micros"], days) + Fraction(1, 2))
                for measure in ("cost", "cost_fixed"):
                    source_id = f"{rate['id']}:{day}"
                    yield Event(measure, day, None, None, frozenset(), source_id, cost)
