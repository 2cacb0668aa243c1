"""A worker killed between any two steps: one message at most, none lost, the right end state."""

import multiprocessing
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing.context import ForkServerContext

import pytest

from tests.automation import JOBS_KEY, Thread, WaitUntil
from tests.functions.crashing import run_and_die
from tests.proof import examples

LEASE_SECONDS = 60
RECEIPT_SECONDS = 900  # how long an unknown outcome waits for its receipt
MOST_BOUNDARIES = 200  # one drain of one message has about forty
STEP = examples(2, 1)  # every boundary in a proof, each second in the suite

CrashAt = Callable[[int], int | None]


@pytest.fixture(scope="session")
def forkserver() -> ForkServerContext:
    """Children that start in milliseconds, from a process that holds no connection of ours."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.functions.crashing", "httpx", "psycopg_pool", "run_automations"]
    )
    return context


@pytest.fixture
def crash_at(thread: Thread, forkserver: ForkServerContext) -> CrashAt:
    """Drain in a child killed at the n-th boundary; its exit code, -9 if it was killed."""

    def crash(boundary: int) -> int | None:
        child = forkserver.Process(target=run_and_die, args=(thread.settings, boundary, JOBS_KEY))
        child.start()
        child.join(300)
        return child.exitcode

    return crash


@pytest.mark.proof
def test_a_kill_between_any_two_steps_doubles_and_loses_nothing(
    thread: Thread, crash_at: CrashAt, wait_until: WaitUntil
) -> None:
    ends: dict[tuple[int, str, str | None], int] = {}
    for boundary in range(1, MOST_BOUNDARIES, STEP):
        before = len(thread.phone.messages())
        [disposition] = thread.dispose(skip=boundary % 30)
        code = crash_at(boundary)
        assert code in (0, -signal.SIGKILL)

        accepted = len(thread.phone.messages()) - before
        assert accepted <= 1
        for pause in (LEASE_SECONDS + 1, RECEIPT_SECONDS + 1, LEASE_SECONDS + 1):
            if accepted:  # its receipts are on their way: whoever asks finds them
                wait_until(partial(is_read_by_now, thread, disposition))
            thread.elapse(pause)
            thread.drain()

        sent = len(thread.phone.messages()) - before
        [run] = thread.rows(
            "select status, reason from public.automation_runs where disposition_id = %s",
            disposition,
        )
        assert sent <= 1, f"doubled after a kill at boundary {boundary}"
        if sent:
            wait_until(partial(is_read_by_now, thread, disposition))
            assert run["status"] == "done"
        else:
            # The only way not to send: the call was announced, and nobody can know.
            assert (run["status"], run["reason"]) == ("failed", "outcome_unknown")
        assert thread.queued() == 0
        ends[sent, run["status"], run["reason"]] = boundary
        # The clock must not run into the evening.
        thread.elapse(-(2 * LEASE_SECONDS + RECEIPT_SECONDS + 3))
        if code == 0:
            break
    else:
        pytest.fail("the worker never came to an end by itself")
    assert set(ends) == {(1, "done", None), (0, "failed", "outcome_unknown")}


def is_read_by_now(thread: Thread, disposition: str) -> bool:
    thread.drain()
    rows = thread.rows(
        "select message.status from public.message_logs as message"
        " join public.automation_runs as run on run.id = message.automation_run_id"
        " where run.disposition_id = %s",
        disposition,
    )
    return [row["status"] for row in rows] == ["read"]


def test_a_worker_killed_while_the_provider_holds_its_call_sends_once(
    thread: Thread, forkserver: ForkServerContext, wait_until: WaitUntil
) -> None:
    thread.phone.receipts(latency={"enqueued": 0.5, "sent": 0.5, "delivered": 0.6, "read": 0.7})
    thread.phone.misbehave("hang", accept=True)
    [disposition] = thread.dispose()
    never = 10**6
    child = forkserver.Process(target=run_and_die, args=(thread.settings, never, JOBS_KEY))
    child.start()
    wait_until(thread.phone.messages)
    child.kill()
    child.join(120)
    thread.elapse(LEASE_SECONDS + 1)
    wait_until(partial(is_read_by_now, thread, disposition))
    thread.elapse(RECEIPT_SECONDS + 1)
    thread.drain()
    assert thread.phone.calls() == 1
    assert thread.runs()[0]["status"] == "done"


def test_a_batch_whose_worker_dies_midway_is_finished_by_the_next(
    thread: Thread, crash_at: CrashAt, wait_until: WaitUntil
) -> None:
    thread.dispose(20)
    assert crash_at(60) == -signal.SIGKILL  # some are sent, some begun, some only claimed
    for pause in (LEASE_SECONDS + 1, RECEIPT_SECONDS + 1):
        thread.elapse(pause)
        thread.drain()
    phones = [message["phone"] for message in thread.phone.messages()]
    assert len(phones) == len(set(phones))
    unknown = [run for run in thread.runs() if run["reason"] == "outcome_unknown"]
    assert len(phones) + len(unknown) >= 20
    wait_until(
        lambda: (
            thread.drain() is not None
            and {run["status"] for run in thread.runs()} <= {"done", "failed"}
            and sum(run["status"] == "done" for run in thread.runs()) == len(phones)
        )
    )
