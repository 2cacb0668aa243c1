"""pg_cron's schedules: five fields in UTC, `30 seconds`, or `@hourly` and its like."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
NAMES = {
    name: number
    for names, first in (
        ("jan feb mar apr may jun jul aug sep oct nov dec", 1),
        ("sun mon tue wed thu fri sat", 0),
    )
    for number, name in enumerate(names.split(), first)
}
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
SECONDS = re.compile(r"([1-9]|[1-5][0-9]) seconds?", re.IGNORECASE)


def numbers(text: str, first: int, last: int) -> frozenset[int]:
    """The numbers a field stands for: `*`, `5`, `1-5`, `*/10`, and lists of these."""
    found: set[int] = set()
    for part in text.lower().split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        begin = first if low == "*" else NAMES.get(low, -1) if low.isalpha() else int(low)
        if high:
            end = NAMES.get(high, -1) if high.isalpha() else int(high)
        else:
            end = last if low == "*" or step else begin
        if not first <= begin <= end <= last:
            raise ValueError(f"not within {first}-{last}: {part}")
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


@dataclass(frozen=True)
class Schedule:
    """When a job runs: every `seconds`, or in the minutes its five fields match."""

    seconds: int | None
    fields: tuple[frozenset[int], ...] = ()
    any_day: bool = True
    any_weekday: bool = True

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError for what cannot be read."""
        text = MACROS.get(text.strip().lower(), text.strip())
        if match := SECONDS.fullmatch(text):
            return cls(int(match[1]))
        parts = text.split()
        if len(parts) != len(RANGES):
            raise ValueError(f"five fields are needed: {text}")
        fields = tuple(numbers(part, *span) for part, span in zip(parts, RANGES, strict=True))
        return cls(None, fields, parts[2].startswith("*"), parts[4].startswith("*"))

    def is_due(self, now: datetime, last: datetime | None) -> bool:
        """Whether to run at `now` (UTC) given when it last started."""
        if self.seconds is not None:
            return last is None or now - last >= timedelta(seconds=self.seconds)
        if last is not None and last.replace(second=0, microsecond=0) >= now.replace(
            second=0, microsecond=0
        ):
            return False
        minute, hour, day, month, weekday = self.fields
        if now.minute not in minute or now.hour not in hour or now.month not in month:
            return False
        on_day = now.day in day
        on_weekday = now.isoweekday() % 7 in {n % 7 for n in weekday}
        # Cron's old rule: with both days restricted either may match.
        if not self.any_day and not self.any_weekday:
            return on_day or on_weekday
        return on_day and on_weekday
