"""Thousands of random debts: the database and a Decimal reference agree to the cent."""

import itertools
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.money import reference
from tests.money.deals import settle
from tests.money.reference import Terms
from tests.money.world import World
from tests.proof import examples

PERCENT = st.decimals(0, 100, places=4)
RATE = st.one_of(st.sampled_from([Decimal("0.5"), Decimal(1), Decimal("0.0333")]), PERCENT)
DAY = st.dates(date(2019, 1, 1), date(2029, 12, 31))
OWN_HOLIDAYS = frozenset({date(2026, 3, 19), date(2027, 6, 24), date(2028, 2, 2)})
# A few published months with deflation, a gap, and an end: later months take the last one.
INDEX = {
    date(2019, 3, 1): Decimal("0.75"),
    date(2020, 5, 1): Decimal("-0.38"),
    date(2021, 10, 1): Decimal("1.25"),
    date(2022, 7, 1): Decimal("-0.68"),
    date(2022, 8, 1): Decimal("-0.36"),
    date(2023, 2, 1): Decimal("0.84"),
    date(2024, 4, 1): Decimal("0.000001"),
    date(2025, 1, 1): Decimal("0.16"),
}
TERMS = st.builds(
    Terms,
    fine=st.one_of(st.just(Decimal(2)), PERCENT),
    interest=RATE,
    fee=RATE,
    rule=st.sampled_from(["daily_30", "actual_365", "months_and_days"]),
    fine_on_corrected=st.booleans(),
    from_nominal=st.booleans(),
    grace=st.sampled_from([0, 0, 3, 30]),
    due_rule=st.sampled_from(["following", "following", "preceding", "none"]),
    uf=st.sampled_from([None, "SP", "RJ", "BA", "RS"]),
    index=st.sampled_from([None, INDEX]),
    own_holidays=st.just(OWN_HOLIDAYS),
)
CASE = st.tuples(st.integers(1, 10**9), DAY, DAY, TERMS)

QUERY = """
    select effective.day, (owed.accrual).correction_cents, (owed.accrual).fine_cents,
        (owed.accrual).interest_cents, (owed.accrual).collection_fee_cents,
        (owed.accrual).total_cents
    from unnest(%s::bigint[], %s::date[], %s::date[], %s::jsonb[])
        with ordinality as given (principal, due, day, policy, position)
    cross join lateral (
        select jsonb_populate_record(null::public.charge_policies, given.policy) as policy
    ) as terms
    cross join lateral (
        select private.next_business_day(
            (terms.policy).tenant_id, (terms.policy).holiday_uf, given.due,
            (terms.policy).due_rule
        ) as day
    ) as effective
    cross join lateral (
        select private.accrue(
            private.new_position(given.principal), terms.policy, given.due, effective.day, given.day
        ) as accrual
    ) as owed
    order by given.position
"""


def as_policy(terms: Terms, tenant: object) -> str:
    return json.dumps(
        {
            "tenant_id": str(tenant),
            "fine_percent": str(terms.fine),
            "interest_percent": str(terms.interest),
            "collection_fee_percent": str(terms.fee),
            "interest_rule": terms.rule,
            "is_fine_on_corrected": terms.fine_on_corrected,
            "counts_from_nominal": terms.from_nominal,
            "grace_days": terms.grace,
            "due_rule": terms.due_rule,
            "holiday_uf": terms.uf,
            "index_name": "ipca" if terms.index is not None else None,
        }
    )


@pytest.fixture
def calculating(world: World) -> World:
    world.set_today(date(2019, 1, 1))  # so that the tenant's own days lie in the future
    for day in OWN_HOLIDAYS:
        world.insert("tenant_holidays", {"tenant_id": world.tenant, "day": day, "name": "Dia"})
    for month, percent in INDEX.items():
        world.insert(
            "index_factors",
            {
                "tenant_id": world.tenant,
                "index_name": "ipca",
                "month": month,
                "percent": percent,
                "revision": 1,
            },
        )
    return world


# Batches of up to 60 debts: some two thousand cases a run, forty round trips.
@pytest.mark.proof
@settings(
    max_examples=examples(15, 800),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # the fixture holds no state an example changes
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(cases=st.lists(CASE, min_size=20, max_size=60))
def test_the_database_agrees_with_the_reference_to_the_cent(
    calculating: World, cases: list[tuple[int, date, date, Terms]]
) -> None:
    answers = calculating.run(
        QUERY,
        [case[0] for case in cases],
        [case[1] for case in cases],
        [case[2] for case in cases],
        [as_policy(case[3], calculating.tenant) for case in cases],
    ).fetchall()
    expected = []
    for principal, due, on, terms in cases:
        owed = reference.charges(principal, due, on, terms)
        expected.append(
            (owed.effective, owed.correction, owed.fine, owed.interest, owed.fee, owed.total)
        )
    assert answers == expected


@pytest.mark.proof
@settings(
    max_examples=examples(8, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # as above
)
@given(
    principal=st.integers(1, 10**9),
    due=DAY,
    terms=TERMS,
    rule=st.sampled_from(["daily_30", "actual_365", "months_and_days"]),
)
def test_charges_never_shrink_from_one_day_to_the_next(
    calculating: World, principal: int, due: date, terms: Terms, rule: str
) -> None:
    """Without an index that falls: deflation is the one lawful exception."""
    terms = replace(terms, index=None, rule=rule)
    days = [date.fromordinal(due.toordinal() + ahead) for ahead in range(0, 800, 7)]
    policy = as_policy(terms, calculating.tenant)
    answers = calculating.run(
        QUERY, [principal] * len(days), [due] * len(days), days, [policy] * len(days)
    ).fetchall()
    for earlier, later in itertools.pairwise(answers):
        assert all(a <= b for a, b in zip(earlier[1:], later[1:], strict=True))
    assert min(min(answer[1:]) for answer in answers) >= 0


# Payments straight to a title: days after it was due, and which share of what is owed then.
PAYMENTS = st.lists(
    st.tuples(st.integers(-20, 500), st.sampled_from([0.02, 0.1, 0.4, 0.9])), max_size=4
)


@pytest.mark.proof
@settings(
    max_examples=examples(15, 600),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # undone after each example
)
@given(
    principal=st.integers(100, 10**8),
    due=st.dates(date(2023, 6, 1), date(2026, 6, 1)),
    terms=TERMS,
    payments=PAYMENTS,
    wait=st.integers(0, 200),
)
def test_part_payments_agree_with_the_reference_component_by_component(
    calculating: World,
    principal: int,
    due: date,
    terms: Terms,
    payments: list[tuple[int, float]],
    wait: int,
) -> None:
    # Deflation may take back a correction that was paid; who gets that cent is nobody's rule.
    if terms.index is not None:
        terms = replace(terms, index={month: abs(p) for month, p in INDEX.items()})
    with calculating.connection.transaction(force_rollback=True):
        calculating.run(
            "insert into public.index_factors (tenant_id, index_name, month, percent, revision)"
            " select tenant_id, index_name, month, abs(percent), revision + 1"
            " from public.index_factors where percent < 0"
        )
        policy = json.loads(as_policy(terms, calculating.tenant))
        if policy["fine_percent"] != "2":
            policy["is_consumer"] = False
        calculating.policy(**policy)
        client = calculating.new_client()
        debt = calculating.debt(principal, due, client=client)
        account = reference.Account(principal, due, terms)
        day = due
        for days, share in sorted(payments):
            day = due + timedelta(days)
            owed = sum(account.owed(day).values())
            # A title that is paid whole is closed, and has no statement to compare.
            amount = min(max(1, int(owed * share)), owed - 1)
            if amount < 1:
                continue
            calculating.set_today(day)
            settle(calculating, {"debt_ids": [debt]}, amount, client=client)
            account.pay(amount, day)
        day += timedelta(wait)
        calculating.set_today(day)
        [stated] = calculating.rpc("operator", "debt_statement", client_id=client)["debts"]
        told = {
            name: stated[f"{name}_cents"]
            for name in ("principal", "correction", "fine", "interest")
        }
        assert told | {"fee": stated["collection_fee_cents"]} == account.owed(day)
        assert sum(line["result_cents"] for line in stated["lines"]) == stated["total_cents"]


def test_easter_is_the_same_by_both_methods(world: World) -> None:
    years = list(range(1900, 2200))
    answers = world.run("select private.easter(y) from unnest(%s::int[]) as y", years).fetchall()
    assert [answer[0] for answer in answers] == [reference.easter(year) for year in years]


@pytest.mark.parametrize(
    ("day", "uf", "name"),
    [
        ("2026-02-16", None, "Carnival Monday"),
        ("2026-02-17", None, "Carnival Tuesday"),
        ("2026-04-03", None, "Good Friday"),
        ("2026-06-04", None, "Corpus Christi"),
        ("2026-11-20", None, "Consciência Negra"),
        ("2026-07-09", "SP", "the state's own day"),
    ],
)
def test_no_due_date_falls_on(world: World, day: str, uf: str | None, name: str) -> None:
    query = "select private.is_business_day(%s, %s, %s)"
    assert world.one(query, world.tenant, uf, day) is False, name


@pytest.mark.parametrize(
    ("day", "uf"),
    [
        ("2026-02-18", None),  # Ash Wednesday: banks open at noon
        ("2023-11-20", None),  # not national before 2024
        ("2026-07-09", "RJ"),  # São Paulo's holiday is not Rio's
        ("2026-12-31", None),
    ],
)
def test_a_due_date_may_fall_on(world: World, day: str, uf: str | None) -> None:
    assert world.one("select private.is_business_day(%s, %s, %s)", world.tenant, uf, day) is True


def test_a_tenant_cannot_make_a_holiday_of_a_past_day(world: World) -> None:
    insert = "insert into public.tenant_holidays (day, name) values (%s, 'Ponto facultativo')"
    with world.acting("admin"):
        world.run(insert, "2026-03-20")
    with pytest.raises(psycopg.Error, match="holiday_in_past"), world.acting("admin"):
        world.run(insert, "2026-03-06")
