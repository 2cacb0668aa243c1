"""Whoever is erased from whatever history: no number of the panel and no sum of the books moves."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proof import examples
from tests.sql.panel_events import Scope
from tests.sql.panel_story import Story
from tests.sql.panel_world import DAYS, FIRST, PanelWorld
from tests.sql.personas import set_clock
from tests.sql.test_panel import LAST, in_a_history, numbers

SETTLED = (
    "update public.debts set status = 'settled' where tenant_id = %s",
    "update public.agreements set status = 'settled', closed_at = private.now()"
    " where tenant_id = %s and (private.is_living(status) or status = 'pending_approval')",
    "update public.payment_cases set resolved_at = private.now(), resolution = 'dismiss'"
    " where tenant_id = %s and resolved_at is null",
)
BOOKS = (
    "select count(*), sum(principal_cents), sum(abated_cents) from public.debts"
    " where tenant_id = %s",
    "select status, count(*), sum(total_cents), sum(discount_cents) from public.agreements"
    " where tenant_id = %s group by status order by status",
    "select status, count(*), sum(amount_cents), sum(paid_cents) from public.installments"
    " where tenant_id = %s group by status order by status",
    "select count(*), sum(amount_cents) from public.payments where tenant_id = %s",
    "select count(*), sum(total_cents) from public.payment_allocations where tenant_id = %s",
    "select count(*) from public.clients where tenant_id = %s",
)


def told_of(world: PanelWorld) -> list[Any]:
    panel: list[Any] = [
        numbers(world, Scope(FIRST, LAST), split_by)
        for split_by in ("", "day", "operator", "creditor")
    ]
    return panel + [world.run(query, world.tenant) for query in BOOKS]


@pytest.mark.proof
@settings(
    max_examples=examples(4, 400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 10))
def test_no_number_moves(db: psycopg.Connection, seed: int, steps: int) -> None:
    def told(world: PanelWorld) -> None:
        story = Story(world)
        for _ in range(steps):
            story.go()
        # An attempt of tomorrow, after today's erasure, would rightly count as one too many.
        set_clock(db, world.at(DAYS + 1).isoformat())
        for statement in SETTLED:
            world.run(statement, world.tenant)
        before = told_of(world)
        gone = world.random.sample(world.clients, world.random.randint(1, len(world.clients)))
        for client in gone:
            world.run("select private.erase_client(%s, %s, false)", world.tenant, client)
        assert world.run(
            "select count(*) from public.clients where tenant_id = %s and name = 'Pessoa apagada'",
            world.tenant,
        ) == [(len(gone),)]
        assert told_of(world) == before
        story.keep_all()
        assert told_of(world) == before

    in_a_history(db, seed, told)
