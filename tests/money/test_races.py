"""Two tabs, two people, two deliveries at the same moment: one agreement, charge, settlement."""

import functools
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.money.deals import (
    Answer,
    agree,
    charge,
    connect_provider,
    ledger_differences,
    paid_item,
    parts,
    propose,
    simulate,
)
from tests.money.world import World


class Racers:
    """Sessions of their own on a committed world; each runs one statement as somebody."""

    def __init__(self, url: str, world: World) -> None:
        self.url, self.world = url, world

    def call(self, who: str | None, query: str, *values: Any) -> Answer | str:
        """The answer, or the word of the refusal."""
        claims = json.dumps({"sub": str(self.world.people[who])}) if who else ""
        with psycopg.connect(self.url) as connection:
            try:
                if who:
                    connection.execute(
                        "select set_config('request.jwt.claims', %s, true),"
                        " set_config('role', 'authenticated', true)",
                        (claims,),
                    )
                row = connection.execute(query, values).fetchone()
            except psycopg.Error as error:
                connection.rollback()
                return error.diag.message_primary or str(error)
            return row[0] if row else ""

    def together(self, *calls: Callable[[], Any]) -> list[Any]:
        """All at once, each in its own session."""
        barrier = threading.Barrier(len(calls))
        answers: list[Any] = [None] * len(calls)

        def run(place: int, call: Callable[[], Any]) -> None:
            barrier.wait(timeout=120)
            answers[place] = call()

        threads = [
            threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=300)
        return answers


@pytest.fixture
def racing(copied_url: str) -> Iterator[Racers]:
    with psycopg.connect(copied_url) as connection:
        world = World(connection)
        world.policy()
        connect_provider(world)
        world.debt(90_000, date(2026, 2, 9))
        connection.commit()
        yield Racers(copied_url, world)


PROPOSE = "select public.propose_agreement(%s, %s)"


def test_a_double_click_on_propose_is_one_agreement(racing: Racers) -> None:
    offer = simulate(racing.world)
    racing.world.connection.commit()
    answers = racing.together(
        *[
            lambda: racing.call(
                "operator", PROPOSE, Jsonb(offer["proposal"]), offer["proposal_hash"]
            )
            for _ in range(4)
        ]
    )
    assert len({answer["agreement_id"] for answer in answers}) == 1
    assert racing.world.one("select count(*) from public.agreements") == 1


def test_two_people_who_propose_different_offers_make_one_agreement(racing: Racers) -> None:
    offers = [simulate(racing.world, installments=n) for n in (1, 2, 3)]
    racing.world.connection.commit()
    sides = zip(("operator", "colleague", "supervisor"), offers, strict=True)
    answers = racing.together(
        *[
            functools.partial(
                racing.call, who, PROPOSE, Jsonb(offer["proposal"]), offer["proposal_hash"]
            )
            for who, offer in sides
        ]
    )
    made = [answer for answer in answers if isinstance(answer, dict)]
    assert len(made) == 1
    assert [answer for answer in answers if isinstance(answer, str)] == ["debt_in_agreement"] * 2
    assert racing.world.one("select count(*) from public.agreement_debts where is_live") == 1


def test_two_supervisors_decide_once(racing: Racers) -> None:
    answer = propose(racing.world, discounts={"principal": 10})
    racing.world.connection.commit()
    decide = "select public.decide_agreement(%s, %s, 'x')"
    answers = racing.together(
        lambda: racing.call("supervisor", decide, answer["agreement_id"], "approve"),
        lambda: racing.call("admin", decide, answer["agreement_id"], "reject"),
    )
    assert sorted(isinstance(answer, dict) for answer in answers) == [False, True]
    assert "agreement_not_pending" in answers


def test_two_tabs_ask_for_one_charge(racing: Racers) -> None:
    agreement = agree(racing.world, installments=2)
    part = parts(racing.world, agreement)[0]["id"]
    racing.world.connection.commit()
    ask = "select public.request_charges(array[%s]::uuid[])"
    answers = racing.together(
        *[
            lambda who=who: racing.call(who, ask, part)
            for who in ("operator", "operator", "colleague")
        ]
    )
    assert len({answer[0]["charge_id"] for answer in answers}) == 1
    assert racing.world.one("select count(*) from public.charges") == 1


def test_two_workers_claim_a_charge_once(racing: Racers) -> None:
    agreement = agree(racing.world, installments=2)
    racing.world.rpc(
        "operator",
        "request_charges",
        installment_ids=[part["id"] for part in parts(racing.world, agreement)],
    )
    racing.world.connection.commit()
    claim = (
        "select coalesce(array_agg(task.charge_id::text), '{}')"
        " from private.claim_charges(10, 60) as task"
    )
    answers = racing.together(*[lambda: racing.call(None, claim) for _ in range(3)])
    claimed = [charge_id for answer in answers for charge_id in answer]
    assert len(claimed) == len(set(claimed)) == 2


def test_two_people_settle_an_installment_once(racing: Racers) -> None:
    agreement = agree(racing.world, installments=2)
    part = parts(racing.world, agreement)[0]
    racing.world.rpc(
        "admin",
        "save_agreement_policy",
        policy={"manual_limit_cents": 1_000_000},
        applies_to="existing",
    )
    racing.world.connection.commit()

    def request() -> Jsonb:
        return Jsonb(
            {
                "id": str(uuid.uuid4()),
                "client_id": str(racing.world.client),
                "installment_id": str(part["id"]),
                "amount_cents": part["amount_cents"],
                "paid_on": "2026-03-09",
                "evidence": "recibo",
            }
        )

    settle = "select public.settle_manually(%s)"
    answers = racing.together(
        lambda: racing.call("supervisor", settle, request()),
        lambda: racing.call("admin", settle, request()),
        lambda: racing.call("operator", settle, request()),
    )
    # Whoever came first has the only one; the operator's waits for a second person.
    [settled] = racing.world.rows("select id, status from public.manual_settlements")
    if settled["status"] == "pending":
        racing.world.rpc(
            "supervisor", "decide_settlement", settlement_id=settled["id"], decision="approve"
        )
    paid = racing.world.one("select sum(paid_cents) from public.installments")
    assert paid == part["amount_cents"]
    assert racing.world.one("select count(*) from public.payments") == 1
    assert {answer for answer in answers if isinstance(answer, str)} <= {
        "installment_not_open",
        "settlement_pending",
    }


def test_the_same_payment_told_by_four_at_once_is_one(racing: Racers) -> None:
    agreement = agree(racing.world, installments=2)
    made = charge(racing.world, parts(racing.world, agreement)[0]["id"])
    racing.world.connection.commit()
    item = Jsonb(paid_item(made["reference"], made["amount_cents"], date(2026, 3, 9)))
    tell = "select private.record_payment_event(%s, 'sweep', %s)"
    answers = racing.together(
        *[lambda: racing.call(None, tell, made["integration_id"], item) for _ in range(4)]
    )
    assert sorted(answers) == ["recorded", "repeated", "repeated", "repeated"]
    assert (
        racing.world.one("select sum(paid_cents) from public.installments")
        == (made["amount_cents"])
    )
    assert ledger_differences(racing.world) == []


def test_a_break_and_a_payment_at_one_moment_end_in_one_of_two_ways(racing: Racers) -> None:
    agreement = agree(racing.world, installments=2, first_due_date=date(2026, 3, 10))
    first = parts(racing.world, agreement)[0]
    made = charge(racing.world, first["id"])
    racing.world.connection.commit()
    cancel = "select public.cancel_agreement(%s, 'desistiu')"
    tell = "select private.record_payment_event(%s, 'sweep', %s)"
    item = Jsonb(paid_item(made["reference"], first["amount_cents"], date(2026, 3, 9)))
    racing.together(
        lambda: racing.call("supervisor", cancel, agreement),
        lambda: racing.call(None, tell, made["integration_id"], item),
    )
    [row] = racing.world.rows("select status from public.agreements")
    paid = racing.world.one("select sum(paid_cents) from public.installments")
    cases = racing.world.one("select count(*) from public.payment_cases")
    assert row["status"] == "cancelled"
    assert (paid, cases) in {(first["amount_cents"], 0), (0, 1)}
    assert ledger_differences(racing.world) == []
