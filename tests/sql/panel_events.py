"""What the panel counts, as the naive reference has it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class Event:
    measure: str
    day: date
    client: UUID | None
    operator: UUID | None
    creditors: frozenset[UUID]
    source_id: str
    amount: int


@dataclass(frozen=True)
class Seat:
    """Days on which somebody counts for a team."""

    team: UUID
    person: UUID
    first: date
    last: date

    def holds(self, event: Event) -> bool:
        return self.person == event.operator and self.first <= event.day <= self.last


@dataclass(frozen=True)
class Scope:
    first: date
    last: date
    creditor: UUID | None = None
    operator: UUID | None = None
    # What the asking person is limited to; none of the filter's.
    allowed: frozenset[UUID] | None = None
    team: UUID | None = None
    seats: tuple[Seat, ...] = ()

    def teams(self, event: Event) -> list[UUID]:
        return [seat.team for seat in self.seats if seat.holds(event)]

    def counts_for(self, creditor: UUID) -> bool:
        return self.creditor in (None, creditor) and (
            self.allowed is None or creditor in self.allowed
        )

    def holds(self, event: Event) -> bool:
        is_whole = self.creditor is None and self.allowed is None
        return (
            self.first <= event.day <= self.last
            and (is_whole or any(self.counts_for(creditor) for creditor in event.creditors))
            and self.operator in {None, event.operator}
            and (self.team is None or self.team in self.teams(event))
        )


def keys(event: Event, scope: Scope, split_by: str) -> list[str]:
    """Under which heads of a table the event is counted."""
    if split_by == "creditor":
        return [str(creditor) for creditor in event.creditors if scope.counts_for(creditor)]
    if split_by == "team":
        return [str(team) for team in scope.teams(event)] or [""]
    return [{"": "", "day": str(event.day), "operator": str(event.operator or "")}[split_by]]
