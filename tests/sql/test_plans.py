"""At the size of a large agency every question finds its index; nothing scans the portfolio."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, scalar

PEOPLE = 60_000  # enough that a scan costs the planner more than any index

# Without triggers and foreign keys: only the shape matters, and the clock of whoever waits.
LARGE = f"""
set session_replication_role = replica;
insert into public.clients (tenant_id, document, name, email, external_id, open_cents, open_debts,
    debt_status, creditor_ids)
select '{TENANT}', lpad((n * 7919)::text, 11, '0'),
    (array['Ana','Bruno','Carla','Diego','Edna','Fabio','Gilda','Hugo']) [1 + n % 8] || ' '
    || substr(md5(n::text), 1, 6) || ' '
    || (array['Souza','Lima','Costa','Alves','Rocha']) [1 + n % 5],
    'p' || n || '@grande.test', 'G' || n, n % 100000, 1,
    (array['open','open','open','settled'])[1 + n % 4]::public.debt_status,
    array[case when n % 500 = 0 then 'cccccccc-0000-4000-8000-000000000001'
        else 'cccccccc-0000-4000-8000-000000000002' end::uuid]
from generate_series(1, {PEOPLE}) as n;
insert into public.client_phones (tenant_id, client_id, phone, kind)
select tenant_id, id, '+5511' || (900000000 + row_number() over ())::text, 'mobile'
from public.clients where external_id like 'G%';
insert into public.debts (tenant_id, client_id, creditor_id, contract, due_on, principal_cents)
select tenant_id, id, creditor_ids[1], 'K' || external_id, '2026-01-01', 1000
from public.clients where external_id like 'G%';
insert into public.call_dispositions (tenant_id, client_id, operator_id, disposition_type)
select tenant_id, id, id, 'dropped' from public.clients where external_id like 'G%';
set session_replication_role = origin;
analyze public.clients, public.client_phones, public.debts, public.call_dispositions;
"""
BIG = {"clients", "client_phones", "debts", "call_dispositions"}


@pytest.fixture(scope="module")
def large(world: World) -> Iterator[psycopg.Connection]:
    """The world with one large agency, for this module only."""
    with psycopg.connect(world.url) as connection:
        connection.execute(LARGE.encode())
        yield connection
        connection.rollback()


def scans(plan: dict[str, Any]) -> set[str]:
    """Big tables that a plan reads from end to end."""
    found = {plan["Relation Name"]} & BIG if plan["Node Type"] == "Seq Scan" else set()
    return found.union(*(scans(child) for child in plan.get("Plans", ())))


def plan_of(db: psycopg.Connection, query: str) -> dict[str, Any]:
    answer = scalar(db, f"explain (format json) {query}")
    assert isinstance(answer, list)
    return dict(answer[0]["Plan"])


FILTERS: list[dict[str, str]] = [
    {},
    {"status": "open"},
    {"status": "settled"},
    {"creditor_id": "cccccccc-0000-4000-8000-000000000001"},
    {"creditor_id": "cccccccc-0000-4000-8000-000000000002"},
    {"q": "00000791900"},
    {"q": "000007"},
    {"q": "11 90000-1234"},
    {"q": "90001234"},
    {"q": "KG123"},
    {"q": "G4321"},
    {"q": "p77@grande"},
    {"q": "bruno souza"},
    {"q": "c4ca42"},
    {"q": "c4ca42", "status": "open"},
]


@pytest.mark.parametrize("filters", FILTERS, ids=json.dumps)
def test_a_page_of_the_list_reads_an_index(
    large: psycopg.Connection, filters: dict[str, str]
) -> None:
    condition = scalar(large, "select private.client_filter(%s, %s)", TENANT, json.dumps(filters))
    query = (
        f"select * from public.clients where {condition}"
        " order by clients.open_cents desc, clients.id desc limit 61"
    )
    assert scans(plan_of(large, query)) == set()


def test_a_scan_would_be_seen(large: psycopg.Connection) -> None:
    """The same search under row security, where its operator is not leakproof."""
    assert scans(plan_of(large, "select * from public.clients where name ilike '%c4ca42%'")) == {
        "clients"
    }


def test_a_late_page_costs_what_the_first_does(large: psycopg.Connection) -> None:
    query = (
        "select * from public.clients where clients.tenant_id = '{0}' {1}"
        " order by clients.open_cents desc, clients.id desc limit 61"
    )
    late = "and (clients.open_cents, clients.id) < (500, 'ffffffff-ffff-ffff-ffff-ffffffffffff')"
    first_plan, late_plan = (
        plan_of(large, query.format(TENANT, condition)) for condition in ("", late)
    )
    for plan in (first_plan, late_plan):
        node = plan["Plans"][0]
        assert (node["Node Type"], node["Index Name"]) == ("Index Scan", "clients_by_open_value")


@pytest.mark.parametrize(
    "table", ["clients", "client_phones", "debts", "call_dispositions", "message_logs"]
)
def test_row_security_is_computed_once_and_keeps_the_index(
    large: psycopg.Connection, world: World, table: str
) -> None:
    column = "id" if table == "clients" else "client_id"
    query = f"select * from public.{table} where {column} = '{world.ids['client']}'"
    with acting(large, world, "operator"):
        plan = plan_of(large, query)
    assert scans(plan) == set()
    assert "private.tenant_id()" not in json.dumps([plan.get("Filter"), plan.get("Index Cond")])


@pytest.mark.parametrize(
    "call",
    [
        "service_screen('{client}')",
        "client_timeline('{client}')",
        "client_by_document('88888888801')",
        "list_clients('{{}}')",
        """list_clients('{{"q": "c4ca42"}}')""",
    ],
)
def test_a_screen_touches_few_rows_of_a_large_agency(
    large: psycopg.Connection, world: World, call: str
) -> None:
    """Counted by the database itself: tuples fetched by scans from end to end."""
    read = (
        "select coalesce(sum(seq_tup_read), 0) from pg_stat_xact_user_tables"
        " where schemaname = 'public' and relname = any(%s)"
    )
    with acting(large, world, "operator"):
        large.execute(f"select public.{call.format(**world.ids)}".encode())  # warm the plans
    before = scalar(large, read, list(BIG))
    with acting(large, world, "operator"):
        large.execute(f"select public.{call.format(**world.ids)}".encode())
    assert scalar(large, read, list(BIG)) == before


def test_a_large_filtered_total_is_an_estimate_and_says_so(
    large: psycopg.Connection, world: World
) -> None:
    def total(filters: dict[str, str]) -> dict[str, Any]:
        with acting(large, world, "operator"):
            answer = scalar(large, "select public.list_clients(%s)", json.dumps(filters))
        assert isinstance(answer, dict)
        return dict(answer["total"])

    common = total({"creditor_id": "cccccccc-0000-4000-8000-000000000002"})
    assert common["is_estimate"] is True
    assert abs(common["clients"] - PEOPLE) < PEOPLE / 10
    assert common["open_cents"] is None
    rare = total({"creditor_id": "cccccccc-0000-4000-8000-000000000001"})
    assert (rare["clients"], rare["is_estimate"]) == (PEOPLE // 500, False)
