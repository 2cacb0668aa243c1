"""A worker killed between any two steps of a charge's life: one charge there, one truth here."""

import multiprocessing
import signal
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.context import ForkServerContext

import pytest

from tests.automation import JOBS_KEY
from tests.charging import Desk
from tests.functions.crashing import run_and_die
from tests.money.deals import agree, parts
from tests.proof import PROVING, examples

MOST_BOUNDARIES = 120  # one drain of one charge has about thirty, a sweep about eighty
STEP = examples(2, 1)  # every boundary in a proof, each second of the coarse ones in the suite

KillEverywhere = Callable[[Desk, str, Callable[[int], Callable[[], None]]], None]


@pytest.fixture(scope="session")
def forkserver() -> ForkServerContext:
    """Children that start in milliseconds, from a process that holds no connection of ours."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.functions.crashing", "httpx", "negociarie_charge", "reconcile_payments"]
    )
    return context


@pytest.fixture
def kill_everywhere(forkserver: ForkServerContext) -> KillEverywhere:
    """For every boundary: `prepare(n)` makes work and answers its check; a worker is killed at its
    n-th boundary; others finish; the check looks. Ends with the worker that nobody had to kill."""

    def run(desk: Desk, function: str, prepare: Callable[[int], Callable[[], None]]) -> None:
        desk.bank.habits(registration_seconds=0, answer_seconds=0, calls_per_minute=10**6)
        for boundary in range(1, MOST_BOUNDARIES, STEP):
            check = prepare(boundary)
            desk.elapse()
            child = forkserver.Process(
                target=run_and_die, args=(desk.settings, boundary, JOBS_KEY, function, not PROVING)
            )
            child.start()
            child.join(300)
            assert child.exitcode in (0, -signal.SIGKILL), f"at boundary {boundary}"
            if function == "reconcile_payments":
                desk.elapse()
                desk.job("/reconcile-payments")
            desk.finish()
            check()
            if child.exitcode == 0:
                return
        pytest.fail("the worker never came to an end by itself")

    return run


def another(desk: Desk, number: int) -> str:
    """A new agreement over a new debt, and the charge of its only installment."""
    debt = desk.world.debt(10_000 + number)
    desk.agreement = agree(
        desk.world,
        debt_ids=[debt],
        installments=1,
        first_due_date=desk.world.today + timedelta(days=1),
    )
    assert len(parts(desk.world, desk.agreement)) == 1
    return desk.ask()


def at_the_bank(desk: Desk, reference: str) -> list[str]:
    return [held["state"] for held in desk.bank.charges() if held["id_parcela"] == reference]


@pytest.mark.proof
def test_a_kill_between_any_two_steps_makes_one_charge(
    desk: Desk, kill_everywhere: KillEverywhere
) -> None:
    def prepare(number: int) -> Callable[[], None]:
        reference = another(desk, number)

        def check() -> None:
            assert desk.charge(reference)["status"] == "open", f"killed at {number}"
            assert at_the_bank(desk, reference) == ["open"], f"killed at {number}"

        return check

    kill_everywhere(desk, "negociarie_charge", prepare)


@pytest.mark.proof
def test_a_kill_between_any_two_steps_takes_a_charge_back(
    desk: Desk, kill_everywhere: KillEverywhere
) -> None:
    def prepare(number: int) -> Callable[[], None]:
        reference = another(desk, number)
        desk.finish()
        agreement = desk.agreement
        desk.world.rpc("supervisor", "cancel_agreement", agreement_id=agreement, reason="desistiu")

        def check() -> None:
            assert desk.charge(reference)["status"] == "cancelled", f"killed at {number}"
            assert at_the_bank(desk, reference) == ["cancelled"], f"killed at {number}"

        return check

    kill_everywhere(desk, "negociarie_charge", prepare)


@pytest.mark.proof
def test_a_kill_between_any_two_steps_books_a_payment_once(
    desk: Desk, kill_everywhere: KillEverywhere
) -> None:
    def prepare(number: int) -> Callable[[], None]:
        reference = another(desk, number)
        desk.finish()
        desk.bank.pay(reference, data_pagamento=desk.world.today.isoformat())
        assert desk.callback(desk.told(reference)).status_code == 202
        return lambda: assert_paid_once(desk, reference)

    kill_everywhere(desk, "negociarie_charge", prepare)


@pytest.mark.proof
def test_a_kill_between_any_two_steps_of_a_sweep_books_a_lost_payment_once(
    desk: Desk, kill_everywhere: KillEverywhere
) -> None:
    def prepare(number: int) -> Callable[[], None]:
        # Out of the days that are swept, so that one line stands in them.
        desk.world.set_today(desk.world.today + timedelta(days=7))
        reference = another(desk, number)
        desk.finish()
        desk.bank.pay(reference, data_pagamento=desk.world.today.isoformat())
        return lambda: assert_paid_once(desk, reference)

    kill_everywhere(desk, "reconcile_payments", prepare)


def assert_paid_once(desk: Desk, reference: str) -> None:
    charge = desk.charge(reference)
    booked = [cents for known, cents, _ in desk.payments() if known == reference]
    assert (charge["status"], booked) == ("paid", [charge["amount_cents"]])
    query = "select status from public.agreements where id = %s"
    assert desk.world.one(query, charge["agreement_id"]) == "settled"
