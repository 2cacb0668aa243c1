"""What holds for all money, whatever happens: generated stories against the real database."""

import itertools
import uuid
from datetime import date, timedelta
from typing import Any

import psycopg
import psycopg.sql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.money.deals import (
    Answer,
    agree,
    charge,
    ledger_differences,
    owed,
    paid_item,
    parts,
    record,
    settle,
    simulate,
    status,
)
from tests.money.world import World
from tests.proof import examples

STORY = settings(
    max_examples=examples(8, 250),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # every example is undone
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
DUE = date(2026, 1, 12)
CENTS = st.integers(500, 2_000_000)
DEBTS = st.lists(st.tuples(CENTS, st.integers(0, 400)), min_size=1, max_size=3)


@pytest.fixture
def agency(world: World) -> World:
    """Late charges of every kind; the operator may grant almost anything."""
    world.policy(collection_fee_percent=10)
    world.change(
        "approval_limits",
        {"tenant_id": world.tenant},
        principal_percent=90,
        fine_percent=100,
        interest_percent=100,
        collection_fee_percent=100,
        max_installments=60,
        min_installment_cents=0,
        max_renegotiations=9,
        may_follow_break=True,
    )
    return world


def plant(world: World, debts: list[tuple[int, int]]) -> list[uuid.UUID]:
    """Titles of a new client: cents, and days before 12 January."""
    world.client = world.new_client()
    return [world.debt(cents, DUE - timedelta(days)) for cents, days in debts]


def position(world: World) -> tuple[Any, ...]:
    """Everything about the client's money that a person or a program can see."""
    return tuple(
        tuple(map(tuple, world.run(query, world.client).fetchall()))
        for query in (
            "select number, status, paid_cents, late_cents, adjustment_cents, paid_on"
            " from public.installments where client_id = %s order by agreement_id, number",
            "select status, abated_cents from public.debts where client_id = %s order by id",
            "select status from public.agreements where client_id = %s order by id",
            "select kind, amount_cents, case_key like '%%%%' from public.payment_cases"
            " where client_id = %s and resolved_at is null order by kind, amount_cents",
            "select paid_on, amount_cents, payment_key from public.payments"
            " where client_id = %s order by payment_key",
            "select payment.payment_key, part.number, standing.debt_id, standing.principal_cents,"
            " standing.fine_cents, standing.interest_cents, standing.collection_fee_cents,"
            " standing.after_cents"
            " from private.living_allocations as standing"
            " join public.payments as payment on payment.id = standing.payment_id"
            " left join public.installments as part on part.id = standing.installment_id"
            " where payment.client_id = %s order by 1, 2, 3",
        )
    )


@pytest.mark.proof
@STORY
@given(debts=DEBTS, day=st.integers(0, 500), fine=st.integers(0, 100), rest=st.integers(0, 90))
def test_no_component_is_ever_negative_and_all_add_up(
    agency: World, debts: list[tuple[int, int]], day: int, fine: int, rest: int
) -> None:
    with agency.connection.transaction(force_rollback=True):
        plant(agency, debts)
        agency.set_today(DUE + timedelta(day))
        offer = simulate(
            agency, "admin", discounts={"fine": fine, "interest": rest, "principal": rest // 2}
        )
        names = ["principal", "correction", "fine", "interest", "collection_fee"]
        for moment in offer["totals"].values():
            assert min(moment.values()) >= 0
            assert sum(moment[f"{name}_cents"] for name in names) == moment["total_cents"]
        before, discount, after = (offer["totals"][k] for k in ("before", "discount", "after"))
        assert all(before[key] - discount[key] == after[key] for key in before)
        assert sum(row["amount_cents"] for row in offer["schedule"]) == offer["total_cents"]


@pytest.mark.proof
@STORY
@given(debts=DEBTS, count=st.integers(1, 5), day=st.integers(0, 300))
def test_paying_all_leaves_nothing(
    agency: World, debts: list[tuple[int, int]], count: int, day: int
) -> None:
    with agency.connection.transaction(force_rollback=True):
        plant(agency, debts)
        agency.set_today(DUE + timedelta(day))
        agreement = agree(agency, installments=count, discounts={"interest": 50})
        for part in parts(agency, agreement):
            settle(agency, {"installment_id": part["id"]}, part["amount_cents"])
        assert status(agency, agreement) == "settled"
        assert owed(agency) == 0
        assert {
            row["status"]
            for row in agency.rows(
                "select status from public.debts where client_id = %s", agency.client
            )
        } == {"settled"}
        assert agency.one("select open_cents from public.clients where id = %s", agency.client) == 0
        assert ledger_differences(agency) == []


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


def open_titles(world: World, titles: list[uuid.UUID]) -> list[uuid.UUID]:
    """Those not paid yet: a settled one takes no settlement by hand."""
    rows = world.run(
        "select id from public.debts where id = any(%s) and status <> 'settled'", titles
    )
    return [row[0] for row in rows]


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


@pytest.mark.proof
@STORY
@given(
    debts=DEBTS,
    shares=st.lists(st.floats(0, 1.2), min_size=0, max_size=3),
    discount=st.integers(0, 60),
    wait=st.integers(0, 60),
)
def test_a_break_gives_back_what_was_owed_less_what_was_paid(
    agency: World, debts: list[tuple[int, int]], shares: list[float], discount: int, wait: int
) -> None:
    """As if there had never been an agreement: the same payments made straight to the titles."""
    with agency.connection.transaction(force_rollback=True):
        titles = plant(agency, debts)
        agency.set_today(DUE + timedelta(1))
        first = agency.today + timedelta(1)
        paid: list[tuple[date, int]] = []
        with agency.connection.transaction(force_rollback=True):
            agreement = agree(
                agency, installments=4, first_due_date=first, discounts={"principal": discount}
            )
            for n, share in enumerate(shares):
                agency.set_today(first + timedelta(7 * n))
                part = parts(agency, agreement)[n]
                amount = int(part["amount_cents"] * share)
                if amount and part["status"] == "open":
                    settle(agency, {"installment_id": part["id"]}, amount)
                    paid.append((agency.today, amount))
            if status(agency, agreement) == "settled":
                return
            agency.set_today(first + timedelta(30 + wait))
            agency.rpc("supervisor", "cancel_agreement", agreement_id=agreement, reason="quebra")
            after_break = (
                owed(agency),
                agency.run(
                    "select id, abated_cents, status from public.debts where client_id = %s"
                    " order by id",
                    agency.client,
                ).fetchall(),
            )
            assert ledger_differences(agency) == []
        for day, amount in paid:
            agency.set_today(day)
            settle(agency, {"debt_ids": open_titles(agency, titles)}, amount)
        agency.set_today(first + timedelta(30 + wait))
        assert after_break == (
            owed(agency),
            agency.run(
                "select id, abated_cents, status from public.debts where client_id = %s"
                " order by id",
                agency.client,
            ).fetchall(),
        )


@pytest.mark.proof
@STORY
@given(cents=st.lists(CENTS, min_size=1, max_size=3), share=st.floats(0, 0.99))
def test_without_charges_a_break_restores_the_original_less_the_payments(
    world: World, cents: list[int], share: float
) -> None:
    with world.connection.transaction(force_rollback=True):
        world.client = world.new_client()
        for amount in cents:
            world.debt(amount)
        agreement = agree(world)
        paid = int(sum(cents) * share)
        [part] = parts(world, agreement)
        if paid:
            settle(world, {"installment_id": part["id"]}, paid)
        if status(world, agreement) == "settled":
            return
        world.rpc("supervisor", "cancel_agreement", agreement_id=agreement, reason="quebra")
        assert owed(world) == sum(cents) - paid


@pytest.mark.proof
@STORY
@given(debts=DEBTS, change=st.sampled_from(["installments", "first", "discount", "method", "none"]))
def test_the_seal_changes_if_and_only_if_money_or_a_date_does(
    agency: World, debts: list[tuple[int, int]], change: str
) -> None:
    with agency.connection.transaction(force_rollback=True):
        plant(agency, debts)
        agency.set_today(DUE + timedelta(40))
        words: Answer = {"installments": 2, "first_due_date": agency.today + timedelta(3)}
        changes: dict[str, Answer] = {
            "installments": {"installments": 3},
            "first": {"first_due_date": agency.today + timedelta(4)},
            "discount": {"discounts": {"principal": {"cents": 1}}},
            "method": {"method": "pix"},
            "none": {},
        }
        other = words | changes[change]
        seals = [simulate(agency, **w)["proposal_hash"] for w in (words, other)]
        assert (seals[0] == seals[1]) == (change in {"method", "none"})


@pytest.mark.proof
@STORY
@given(debts=DEBTS)
def test_one_agency_never_sees_anothers_money(agency: World, debts: list[tuple[int, int]]) -> None:
    with agency.connection.transaction(force_rollback=True):
        plant(agency, debts)
        agency.set_today(DUE + timedelta(40))
        agreement = agree(agency, installments=2)
        made = charge(agency, parts(agency, agreement)[0]["id"])
        record(
            agency,
            made["integration_id"],
            paid_item(made["reference"], made["amount_cents"], agency.today),
        )
        stranger = World(agency.connection, "Outra").people["admin"]
        tables = [
            row[0]
            for row in agency.run(
                "select relname from pg_class where relnamespace = 'public'::regnamespace"
                " and relkind = 'r' and relname ~"
                " '^(agreement|approval|charge|payment|installment|manual|debt|index|job)'"
            )
        ]
        assert len(tables) >= 18
        with agency.acting(stranger):
            for table in tables:
                query = psycopg.sql.SQL("select count(*) from public.{} where tenant_id = %s")
                count = agency.one(query.format(psycopg.sql.Identifier(table)), agency.tenant)
                assert count == 0, table
