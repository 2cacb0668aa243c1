"""What holds for all money, whatever happens: generated stories against the real database."""

from datetime import date, timedelta

import psycopg
import psycopg.sql
import pytest
from hypothesis import given
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
from tests.money.stories import CENTS, DEBTS, DUE, STORY, open_titles, plant
from tests.money.world import World


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
