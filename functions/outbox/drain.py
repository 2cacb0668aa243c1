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
HEAR_SECONDS = 0.5  # what somebody's message may wait for events, of which a turn takes a few
LOOK_SECONDS = 0.25  # what a receipt may wait while the drain that was woken stays
BUSY_LOOKS = 3  # another drain that is at the events for longer has found some, and looks again


def apply_events() -> int | None:
    """One transaction of what providers told: how many, or None when another drain is at it."""
    with db.as_worker() as tx:
        apply = "select private.apply_provider_events(%s)"
        [(events,)] = tx.execute(apply, (EVENTS,)).fetchall()
    return None if events is None else int(events)


def hear_out(hear: Callable[[], int | None]) -> int | None:
    """Everything that `hear` finds in half a second; None when another is at it."""
    deadline = time.monotonic() + HEAR_SECONDS
    heard = hear()
    events = heard
    while heard and time.monotonic() < deadline:
        heard = hear()
        events = (events or 0) + (heard or 0)
    return events


def events_pause() -> float:
    """Seconds for which events come without a wake; 0 when one more look is enough."""
    with db.as_worker() as tx:
        [(pause,)] = tx.execute("select private.events_pause()").fetchall()
    return float(pause)


def drain(
    claim: str,
    perform: Callable[[Any], None],
    *,
    senders: int,
    batch: int,
    lease_seconds: int,
    hear: Callable[[], int | None] | None = None,
) -> dict[str, int]:
    """{"claimed": items tried} and, with `hear`, {"applied": what it answered, in all}.

    claim  SELECT of due items, whose parameters are `batch` and `lease_seconds`
    hear   applies what providers told, before each claim
    """
    deadline = time.monotonic() + BUDGET_SECONDS
    applied = claimed = busy = 0
    is_last = hear is None
    with ThreadPoolExecutor(senders) as pool:
        while time.monotonic() < deadline and busy < BUSY_LOOKS:
            events = hear_out(hear) if hear else 0
            with db.as_worker() as tx:
                items = tx.execute(claim, (batch, lease_seconds)).fetchall()
            # Every item of the batch is tried; the first failure that is a bug surfaces after.
            for attempt in [pool.submit(perform, item) for item in items]:
                attempt.result()
            applied, claimed = applied + (events or 0), claimed + len(items)
            if items or events:
                is_last, busy = hear is None, 0
            elif events is None:
                busy += 1
                time.sleep(LOOK_SECONDS)
            elif is_last:
                break
            else:
                pause = events_pause()
                is_last = pause == 0
                time.sleep(min(pause, LOOK_SECONDS))
    return {"claimed": claimed} | ({"applied": applied} if hear else {})
