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
class Scope:
    first: date
    last: date
    creditor: UUID | None = None
    operator: UUID | None = None
    # What the asking person is limited to; none of the filter's.
    allowed: frozenset[UUID] | None = None
    team: frozenset[UUID] | None = None

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
            and (self.team is None or event.operator in self.team)
        )


def keys(event: Event, scope: Scope, split_by: str) -> list[str]:
    """Under which heads of a table the event is counted."""
    if split_by == "creditor":
        return [str(creditor) for creditor in event.creditors if scope.counts_for(creditor)]
    return [{"": "", "day": str(event.day), "operator": str(event.operator or "")}[split_by]]
