"""In whatever parts, order and repetition payments are told, the money ends the same."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.money.deals import (
    agree,
    charge,
    ledger_differences,
    owed,
    paid_item,
    parts,
    record,
    settle,
)
from tests.money.stories import CENTS, DEBTS, DUE, STORY, open_titles, plant, position
from tests.money.world import World


@pytest.mark.proof
@STORY
@given(
    debts=DEBTS,
    day=st.integers(0, 300),
    data=st.data(),
    cuts=st.lists(st.floats(0, 1), max_size=4),
)
def test_any_split_on_one_day_leaves_the_same(
    agency: World,
    debts: list[tuple[int, int]],
    day: int,
    data: st.DataObject,
    cuts: list[float],
) -> None:
    with agency.connection.transaction(force_rollback=True):
        titles = plant(agency, debts)
        agency.set_today(DUE + timedelta(day))
        total = data.draw(st.integers(1, owed(agency)))
        marks = sorted({0, total, *(int(cut * total) for cut in cuts)})
        pieces = [b - a for a, b in itertools.pairwise(marks)]
        outcomes = []
        for split in ([total], pieces):
            with agency.connection.transaction(force_rollback=True):
                for piece in split:
                    settle(agency, {"debt_ids": open_titles(agency, titles)}, piece)
                later = agency.today + timedelta(45)
                outcomes.append(
                    (
                        owed(agency),
                        owed(agency, on=later),
                        agency.run(
                            "select abated_cents, status from public.debts"
                            " where client_id = %s order by id",
                            agency.client,
                        ).fetchall(),
                    )
                )
        assert outcomes[0] == outcomes[1]


# What the provider may tell: which installment, how much of it, on which day, how often.
TOLD = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([0.3, 0.5, 1.0, 1.0, 1.0, 1.7, 4.0]),
        st.integers(0, 40),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=6,
)
MODES = st.sampled_from(["next", "last", "spread", "credit"])


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[Any], list[int]]:
    told = draw(TOLD)
    deliveries = [n for n, item in enumerate(told) for _ in range(item[3])]
    return told, draw(st.permutations(deliveries))


@pytest.mark.proof
@STORY
@given(story=shuffled(), mode=MODES, charged=st.booleans(), cents=CENTS)
def test_any_order_and_any_repetition_of_what_we_are_told_ends_the_same(
    agency: World, story: tuple[list[Any], list[int]], mode: str, charged: bool, cents: int
) -> None:
    told, order = story
    with agency.connection.transaction(force_rollback=True):
        plant(agency, [(cents, 30), (cents // 2 + 1, 60)])
        agency.rpc(
            "admin",
            "save_agreement_policy",
            policy={
                "surplus_mode": mode,
                "is_late_charged": charged,
                "provisional_after_days": 100,
                "definitive_after_days": 200,
            },
        )
        agency.set_today(DUE + timedelta(1))
        agreement = agree(agency, installments=3, first_due_date=DUE + timedelta(3))
        made = [charge(agency, part["id"]) for part in parts(agency, agreement)]
        agency.set_today(DUE + timedelta(50))
        items = [
            paid_item(
                made[n]["reference"],
                max(1, int(made[n]["amount_cents"] * share)),
                DUE + timedelta(2 + day),
            )
            for n, share, day, _ in told
        ]
        ends = []
        for deliveries in (range(len(items)), order):
            with agency.connection.transaction(force_rollback=True):
                for n in deliveries:
                    record(agency, made[0]["integration_id"], items[n])
                ends.append(position(agency))
                assert ledger_differences(agency) == []
        assert ends[0] == ends[1]


@pytest.mark.proof
@STORY
@given(debts=DEBTS, told=TOLD, taken=st.integers(0, 5))
def test_a_payment_and_its_reversal_leave_everything_as_it_was(
    agency: World, debts: list[tuple[int, int]], told: list[Any], taken: int
) -> None:
    with agency.connection.transaction(force_rollback=True):
        plant(agency, debts)
        agency.set_today(DUE + timedelta(1))
        agreement = agree(agency, installments=3, first_due_date=DUE + timedelta(3))
        made = [charge(agency, part["id"]) for part in parts(agency, agreement)]
        agency.set_today(DUE + timedelta(50))
        items = {
            (n, share, day): paid_item(
                made[n]["reference"],
                max(1, int(made[n]["amount_cents"] * share)),
                DUE + timedelta(2 + day),
            )
            for n, share, day, _ in told
        }
        chosen = list(items)[taken % len(items)]
        extra = items.pop(chosen)
        for item in items.values():
            record(agency, made[0]["integration_id"], item)
        before = position(agency)
        assert record(agency, made[0]["integration_id"], extra) == "recorded"
        payment = agency.one(
            "select id from public.payments where client_id = %s order by created_at desc, id"
            " limit 1",
            agency.client,
        )
        fact = agency.one("select payment_key from public.payments where id = %s", payment)
        agency.rpc("supervisor", "reverse_payment", payment_id=payment, reason="MED")
        after = position(agency)
        # The fact stays in the book of facts; everything that followed from it is gone.
        assert [row for row in after[4] if row[2] != fact] == list(before[4])
        assert (*after[:4], after[5]) == (*before[:4], before[5])
        assert ledger_differences(agency) == []
