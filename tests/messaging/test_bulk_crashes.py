"""A bulk sender killed between any two of its steps: everybody once, or known to be in doubt."""

import multiprocessing
import signal
from collections import Counter

import pytest

from kit import config
from tests.automation import JOBS_KEY
from tests.functions.crashing import run_and_die
from tests.messaging.rig import Rig
from tests.proof import PROVING, examples

PEOPLE = 3
GROUP = 2  # so that a death finds some sent, some begun, some only claimed, some waiting
MOST_BOUNDARIES = 400
STEP = examples(3, 1)  # every boundary in a proof, each third of the coarse ones in the suite
LEASE_SECONDS, RECEIPT_SECONDS = 61, 901  # a moment longer than the product waits


def die(settings: config.Settings, boundary: int) -> None:
    """In a process of its own: one drain, killed at that boundary."""
    from outbox import bulk

    bulk.GROUP = GROUP
    run_and_die(settings, boundary, JOBS_KEY, "send_notifications", is_coarse=not PROVING)


@pytest.mark.proof
def test_a_kill_between_any_two_steps_doubles_nobody_and_loses_nobody(rig: Rig) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.messaging.test_bulk_crashes", "send_notifications"])
    seen: set[tuple[str, str | None]] = set()
    for boundary in range(1, MOST_BOUNDARIES, STEP):
        before = len(rig.gupshup.messages())
        batch_id = rig.batch(rig.people(PEOPLE, first=boundary * PEOPLE))
        child = context.Process(target=die, args=(rig.settings, boundary))
        child.start()
        child.join(300)
        assert child.exitcode in (0, -signal.SIGKILL)
        rig.elapse(LEASE_SECONDS)
        rig.drain()
        rig.elapse(RECEIPT_SECONDS)
        rig.owner.execute("select private.watch_batches()")
        rig.elapse(-LEASE_SECONDS - RECEIPT_SECONDS)  # not into the evening

        taken = Counter("+" + message["phone"] for message in rig.gupshup.messages()[before:])
        assert max(taken.values()) == 1, f"doubled after a kill at boundary {boundary}"
        told = {
            row["phone"]: (row["status"], row["error_code"])
            for row in rig.rows(
                "select phone, status::text, error_code from public.message_logs"
                " where batch_id = %s", batch_id,
            )
        }  # fmt: skip
        assert len(told) == PEOPLE, f"lost after a kill at boundary {boundary}"
        for phone, end in told.items():
            # Announced and never answered is the only doubt, and a person sees it.
            assert end in {("submitted", None), ("failed", "outcome_unknown")}, boundary
            assert phone in taken or end[1] == "outcome_unknown"
        assert rig.numbers(batch_id)["status"] == "done"
        seen |= set(told.values())
        if child.exitcode == 0:
            assert len(seen) == 2, "no kill ever left anybody in doubt"
            return
    pytest.fail("the sender never came to an end by itself")
