"""What the generated stories of money share: their titles, and all that can be seen afterwards."""

import uuid
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

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


def open_titles(world: World, titles: list[uuid.UUID]) -> list[uuid.UUID]:
    """Those not paid yet: a settled one takes no settlement by hand."""
    rows = world.run(
        "select id from public.debts where id = any(%s) and status <> 'settled'", titles
    )
    return [row[0] for row in rows]
