"""Money that comes after the end: kept, put before a person, and the three ways out."""

import pytest

from tests.money.deals import (
    live,
    owed,
)
from tests.money.paying import Deal
from tests.money.world import MONDAY, World


@pytest.fixture
def deal(world: World) -> Deal:
    return Deal(world)


@pytest.fixture
def broken(deal: Deal) -> Deal:
    """The first was paid on its day, then nothing for two months."""
    deal.paid(1, 30_000, MONDAY)
    deal.world.run("delete from public.charges where false")
    live(deal.world, 60)
    for (day,) in deal.world.run("select day from private.reconciliation_days(1)").fetchall():
        deal.world.run(
            "select private.finish_reconciliation( private.begin_reconciliation(%s, %s), 0, 0, 0)",
            deal.integration,
            day,
        )
    live(deal.world, 1)
    assert deal.status == "broken"
    return deal


def test_money_after_the_break_is_kept_and_put_before_a_person(broken: Deal) -> None:
    before = owed(broken.world)
    assert broken.paid(2, 30_000) == "recorded"
    [case] = broken.cases()
    assert case["kind"] == "paid_after_break"
    assert owed(broken.world) == before
    assert broken.status == "broken"
    told = broken.world.rows(
        "select distinct user_id from public.notifications where kind = 'payment_paid_after_break'"
    )
    assert {row["user_id"] for row in told} == {
        broken.world.people[name] for name in ("admin", "supervisor", "operator")
    }


def test_an_operator_does_not_decide_about_it(broken: Deal) -> None:
    broken.paid(2, 30_000)
    [case] = broken.cases()
    refusal = broken.world.refused(
        "operator", "resolve_payment_case", case_id=case["id"], resolution="abate", reason="x"
    )
    assert refusal == "not_allowed"


def test_first_button_the_agreement_comes_back(broken: Deal) -> None:
    broken.paid(2, 30_000)
    broken.resolve("reactivate", first_due_on="2026-05-20")
    assert broken.status == "active"
    assert [part["status"] for part in broken.parts()] == ["paid", "paid", "open"]
    assert broken.world.one("select status from public.debts") == "in_agreement"


def test_second_button_the_titles_are_abated(broken: Deal) -> None:
    before = owed(broken.world)
    broken.paid(2, 30_000)
    broken.resolve("abate")
    assert owed(broken.world) == before - 30_000
    assert broken.status == "broken"


def test_third_button_it_goes_back(broken: Deal) -> None:
    before = owed(broken.world)
    broken.paid(2, 30_000)
    broken.resolve("return")
    assert owed(broken.world) == before
    assert broken.cases() == []
