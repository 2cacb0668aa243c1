"""The loop of a drain: claim a batch, try each item once, until nothing is due or the time is over.

Several may run at once: a claim is a lease, and SQL's fence says yes once per attempt.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kit import db

BUDGET_SECONDS = 45  # a sweep comes every 60 s and should find the last one gone
EVENTS = 500  # receipts and callbacks applied in one transaction


def apply_events() -> int:
    """One transaction of what providers told; answers how many."""
    with db.as_worker() as tx:
        apply = "select private.apply_provider_events(%s)"
        [(events,)] = tx.execute(apply, (EVENTS,)).fetchall()
    return int(events)


def drain(
    claim: str,
    perform: Callable[[Any], None],
    *,
    senders: int,
    batch: int,
    lease_seconds: int,
    hear: Callable[[], int] | None = None,
) -> dict[str, int]:
    """{"claimed": items tried} and, with `hear`, {"applied": what it answered, in all}.

    claim  SELECT of due items, whose parameters are `batch` and `lease_seconds`
    hear   applies what providers told, before each claim
    """
    deadline = time.monotonic() + BUDGET_SECONDS
    applied = claimed = 0
    with ThreadPoolExecutor(senders) as pool:
        while time.monotonic() < deadline:
            events = hear() if hear else 0
            with db.as_worker() as tx:
                items = tx.execute(claim, (batch, lease_seconds)).fetchall()
            # Every item of the batch is tried; the first failure that is a bug surfaces after.
            for attempt in [pool.submit(perform, item) for item in items]:
                attempt.result()
            applied, claimed = applied + events, claimed + len(items)
            if not items and not events:
                break
    return {"claimed": claimed} | ({"applied": applied} if hear else {})
