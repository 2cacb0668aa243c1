"""One row of `make bench`: two arms of the same run, compared as a ratio.

Absolute times move with the machine; ratios of arms that were interleaved in one run hold.
Nothing here is asserted.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg


@dataclass(frozen=True)
class BenchRow:
    """A subject in words, both arms with their unit, their ratio, the design's goal: all text."""

    subject: str
    baseline: str
    candidate: str
    ratio: str
    goal: str


class Spent(NamedTuple):
    """Of one statement or transaction, in seconds: by the clock, and of the backend's processor."""

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.clock:.2f} s, {self.processor:.2f} s of CPU"


def interleaved(
    arms: dict[str, Callable[[], object]], rounds: int, inner: int = 1
) -> dict[str, float]:
    """Median seconds per call of each arm; the order of the arms turns with each round.

    The first round is thrown away: it pays for caches and plans.
    """
    names = list(arms)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        order = names[turn % len(names) :] + names[: turn % len(names)]
        for name in order:
            gc.collect()
            started = time.perf_counter()
            for _ in range(inner):
                arms[name]()
            if turn > 0:
                seconds[name].append((time.perf_counter() - started) / inner)
    return {name: statistics.median(values) for name, values in seconds.items()}


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the sample lies, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def processor(connection: psycopg.Connection) -> float:
    """Seconds of processor the connection's backend has used: they say the same at any load."""
    nanoseconds = Path(f"/proc/{connection.info.backend_pid}/schedstat").read_text().split()[0]
    return int(nanoseconds) / 1e9


def as_table(rows: list[BenchRow]) -> str:
    """Markdown, so that the same text goes into docs/performance.md."""
    head = "| what | reference | ours | ratio | goal |\n|---|---|---|---|---|"
    body = [
        f"| {row.subject} | {row.baseline} | {row.candidate} | {row.ratio} | {row.goal} |"
        for row in rows
    ]
    return "\n".join([head, *body])
