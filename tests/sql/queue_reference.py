"""The order of the queue as one would write it on paper: every client asked every question."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.sql.queue_world import Client

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
# Hours by state: weekdays, Saturdays; None: the whole country's.
HOURS: dict[str | None, tuple[str, tuple[int, int], tuple[int, int] | None]] = {
    "SP": ("America/Sao_Paulo", (8, 20), (8, 14)),
    "RJ": ("America/Sao_Paulo", (9, 19), None),
    "AM": ("America/Manaus", (8, 19), None),
    None: ("America/Sao_Paulo", (8, 20), (8, 14)),
}
LIVING = {"awaiting_first_payment", "active", "overdue", "broken_provisionally"}
KEPT = {"pending_approval", "awaiting_first_payment", "active"}


@dataclass
class Queue:
    """The next clients of `me`, most urgent reason first."""

    clients: list[Client]
    me: UUID
    now: datetime
    cap: int | None
    shown: list[UUID] = field(default_factory=list)

    def next(self) -> tuple[UUID, str] | None:
        for code, ordered in self.reasons():
            for client in ordered:
                if self.is_free(client) and self.may(client, code):
                    self.shown.append(client.id)
                    return client.id, code
        return None

    def reasons(self) -> Iterator[tuple[str, list[Client]]]:
        for code, owner in (("callback_mine", self.me), ("callback_anyone", None)):
            due = [
                (self.now - promised.due_ago, client)
                for client in self.clients
                for promised in client.callbacks
                if promised.owner == owner and promised.status == "scheduled"
                and promised.due_ago >= timedelta()
            ]  # fmt: skip
            yield code, self.sort(due)
        yield "reply_waiting", self.sort([
            (self.now - talk.waited, client)
            for client in self.clients
            for talk in client.talks
            if talk.unread and not talk.opted_out
            and (talk.owner or client.assignee or self.me) == self.me
        ])  # fmt: skip
        today = self.now.astimezone(SAO_PAULO).date()
        yield "installment_due", self.sort([
            (-deal.amount, client)
            for client in self.clients
            for deal in client.deals
            if deal.status in LIVING and deal.due_in == 0
            and (client.assignee or deal.author) == self.me
            and not (
                client.last_contact is not None
                and (self.now - client.last_contact).astimezone(SAO_PAULO).date() >= today
            )
        ])  # fmt: skip
        yield "agreement_broken", self.sort([
            (self.now - deal.since, client)
            for client in self.clients
            for deal in client.deals
            if deal.status in ("broken", "broken_provisionally")
            and not any(other.status in KEPT for other in client.deals)
            and (client.last_contact is None or client.last_contact > deal.since)
            and (client.assignee or deal.author) == self.me
        ])  # fmt: skip
        yield "oldest_contact", self.sort([
            (self.now - client.last_contact if client.last_contact else datetime.min, client)
            for client in self.clients
            if client.assignee == self.me
            and (client.last_contact is None or client.last_contact >= timedelta(hours=4))
            and not any(deal.status in KEPT for deal in client.deals)
        ], by_client=True)  # fmt: skip

    def sort(self, found: list, *, by_client: bool = False) -> list[Client]:  # type: ignore[type-arg]
        """Generated moments differ, except where nobody was ever spoken with."""
        return [
            client
            for _, client in sorted(
                found,
                key=lambda pair: (
                    str(pair[0]) if by_client else pair[0], str(pair[1].id) if by_client else "",
                ),
            )
        ]  # fmt: skip

    def is_free(self, client: Client) -> bool:
        held_by_another = (
            client.held and client.held[0] != self.me and client.held[1] < timedelta(minutes=3)
        )
        just_shown = (
            client.offered and client.offered[0] == self.me
            and client.offered[1] < timedelta(minutes=15)
        )  # fmt: skip
        return client.id not in self.shown and not held_by_another and not just_shown

    def may(self, client: Client, code: str) -> bool:
        if not self.is_open(client.uf):
            return False
        channel = "whatsapp" if code == "reply_waiting" else "call"
        if client.suppressed in (channel, "all"):
            return False
        if code == "reply_waiting":
            return True
        if client.status not in ("open", "in_agreement") or not client.has_phone:
            return False
        return code.startswith("callback") or not self.is_capped(client)

    def is_capped(self, client: Client) -> bool:
        """One attempt at most is known of each: the last contact."""
        if self.cap != 1 or client.last_contact is None:
            return False
        then = (self.now - client.last_contact).astimezone(SAO_PAULO).date()
        return then == self.now.astimezone(SAO_PAULO).date()

    def is_open(self, uf: str | None) -> bool:
        zone, weekdays, saturday = HOURS[uf]
        there = self.now.astimezone(ZoneInfo(zone))
        hours = weekdays if there.weekday() < 5 else saturday if there.weekday() == 5 else None
        return hours is not None and time(hours[0]) <= there.time() < time(hours[1])
