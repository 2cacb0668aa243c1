"""With a hundred thousand promised calls a page of the agenda reads an index and little of it."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.sql.personas import TENANT, World, scalar, swollen

CALLBACKS = 100_000
LARGE = f"""
set session_replication_role = replica;
insert into public.callbacks (tenant_id, client_id, disposition_id, operator_id, due_at)
select '{TENANT}', clients.id, gen_random_uuid(),
    case n % 200 when 0 then null when 1 then '{TENANT}' else gen_random_uuid() end,
    private.now() + make_interval(mins => n - {CALLBACKS // 2})
from generate_series(1, {CALLBACKS}) as n
cross join (select id from public.clients where tenant_id = '{TENANT}' limit 1) as clients;
set session_replication_role = origin;
analyze public.callbacks;
"""


@pytest.fixture(scope="module")
def large(world: World) -> Iterator[psycopg.Connection]:
    with swollen(world, LARGE) as connection:
        yield connection


def plan(db: psycopg.Connection, statement: str, values: dict[int, str]) -> dict[str, Any]:
    """What it does when it runs with these in place of its parameters."""
    for number, value in values.items():
        statement = statement.replace(f"${number}", value)
    answer = scalar(db, f"explain (analyze, timing off, format json) {statement}")
    assert isinstance(answer, list)
    return dict(answer[0]["Plan"])


def read(node: dict[str, Any]) -> list[tuple[str, str, float]]:
    """Every reading of callbacks: how, by which index, how many rows."""
    here = (
        [(node["Node Type"], node.get("Index Name", ""), node["Actual Rows"])]
        if node.get("Relation Name") == "callbacks"
        else []
    )
    return here + [found for child in node.get("Plans", ()) for found in read(child)]


PAGE = 60
SOMEBODY = f"uuid '{TENANT}'"
AMID = "private.now()"
PARAMETERS = {1: SOMEBODY, 2: "timestamptz '-infinity'", 3: "timestamptz 'infinity'", 4: str(PAGE)}
OWNERS = {
    "all": ("callbacks_due", ""),
    "me": ("callbacks_of_person", f" and promised.operator_id = ''{TENANT}''"),
    "anyone": ("callbacks_of_anyone", " and promised.operator_id is null"),
}


@pytest.mark.parametrize("is_later", [False, True])
@pytest.mark.parametrize("whose", OWNERS)
def test_a_page_reads_no_more_than_it_shows(
    large: psycopg.Connection, whose: str, is_later: bool
) -> None:
    index, owner = OWNERS[whose]
    statement = str(scalar(large, f"select private.callback_page_sql('{owner}', {is_later})"))
    found = plan(large, statement, PARAMETERS | {5: AMID, 6: SOMEBODY})
    [(how, name, rows)] = read(found)
    assert how.startswith("Index")
    assert name == index
    assert rows <= PAGE + 1


@pytest.mark.parametrize("code", ["callback_mine", "callback_anyone"])
def test_the_queue_finds_its_first_by_an_index(large: psycopg.Connection, code: str) -> None:
    source = str(scalar(large, "select private.next_source(%s)", code))
    found = plan(
        large, f"select * from ({source} limit 1) as first",
        {1: SOMEBODY, 2: SOMEBODY, 3: AMID, 4: "date '2026-11-23'", 5: SOMEBODY, 6: "null::uuid"},
    )  # fmt: skip
    readings = [reading for reading in read(found) if reading[2] > 0]
    assert all(how.startswith("Index") and rows <= 2 for how, _, rows in readings), readings


@pytest.mark.parametrize("job", ["callbacks_to_remind", "callbacks_to_release"])
def test_the_job_has_an_index_of_its_own(large: psycopg.Connection, job: str) -> None:
    condition = {
        "callbacks_to_remind": "reminded_for is distinct from due_at",
        "callbacks_to_release": "operator_id is not null",
    }[job]
    answer = scalar(
        large,
        "explain (format json) select id from public.callbacks where status = 'scheduled'"
        f" and {condition} and due_at <= private.now() - interval '1 hour'"
        " order by due_at limit 10",
    )
    assert job in json.dumps(answer)
