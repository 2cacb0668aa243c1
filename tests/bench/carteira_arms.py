"""Two ways to ask one question: as a browser does, and as the owner of the tables would."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.bench.table import BenchRow

Filter = dict[str, Any]

PAGE = 60
ROUNDS = 9  # odd: the median is one that was measured

# What the list runs for a filter, an order and a cursor, its values written in: the statement that
# finds a page, and the one that reads its rows.
OWNERS_SQL = """
create function pg_temp.page_sql(tenant_id uuid, filter jsonb, sort text, after text)
returns text language plpgsql as $$
declare
    v_filter private.client_filter :=
        private.weigh_search(private.read_client_filter(tenant_id, filter));
    v_cursor text[] := string_to_array(after, '|');
begin
    return replace(replace(replace(replace(
        private.page_and_next_sql(
            private.client_page_sql(v_filter, private.read_client_sort(sort), v_cursor)
        ),
        '$1', quote_literal(v_filter::text) || '::private.client_filter'),
        '$2', coalesce(quote_literal(v_cursor::text), 'null') || '::text[]'),
        '$3', '61'), '$4', quote_literal(sort));
end;
$$;
create function pg_temp.rows_sql(tenant_id uuid, ids text) returns text language sql as $$
    select replace(replace(replace(replace(replace(substring(prosrc from 'return \\((.*)\\);'),
        'v_scope', 'null::uuid[]'),
        'client_rows.tenant_id', quote_literal(tenant_id) || '::uuid'), 'client_rows.ids', ids),
        'client_rows.today', quote_literal(private.today(tenant_id)) || '::date'),
        'client_rows.now_at', quote_literal(private.now()) || '::timestamptz')
    from pg_proc
    where oid = 'private.client_rows(uuid, uuid[], date, timestamptz)'::regprocedure
$$
"""


@dataclass
class Bench:
    """Two connections to one database: the browser's, in one agency, and the owner's."""

    caller: psycopg.Connection
    owner: psycopg.Connection
    tenant: uuid.UUID
    user: uuid.UUID

    def ask(self, call: str, *parameters: object) -> Any:
        return only(self.caller, f"select public.{call}", *parameters)

    def list(self, filters: Filter, sort: str = "-open_cents", after: str | None = None) -> Any:
        return self.ask("list_clients(%s, %s, %s, %s)", json.dumps(filters), after, PAGE, sort)

    def arms(
        self, filters: Filter, sort: str = "-open_cents", after: str | None = None
    ) -> dict[str, Callable[[], object]]:
        """The owner's statement, the owner's with the plan of the rows kept, and ours.

        All answer the same.
        """
        page_sql = only(
            self.owner,
            "select pg_temp.page_sql(%s, %s, %s, %s)",
            self.tenant,
            json.dumps(filters),
            sort,
            after,
        )
        rows_sql = "select pg_temp.rows_sql(%s, %s)"
        found_ids = "(select found.ids[:60] from found)"
        whole = (
            f"with found (ids, next) as materialized ({page_sql}) select json_build_object("
            f"'rows', ({only(self.owner, rows_sql, self.tenant, found_ids)}), 'next', found.next)"
            " from found"
        ).encode()
        kept = only(self.owner, rows_sql, self.tenant, "%s::uuid[]").encode()

        def as_owner() -> Any:
            return self.owner.execute(whole, prepare=False).fetchone()

        def kept_by_owner() -> Any:
            found = self.owner.execute(page_sql.encode(), prepare=False).fetchone()
            assert found is not None
            ids = (found[0] or [])[:PAGE]
            return self.owner.execute(kept, (ids,), prepare=True).fetchone()

        ours = self.list(filters, sort, after)
        assert as_owner()[0]["rows"] == kept_by_owner()[0] == ours["rows"]
        return {
            "owner": as_owner,
            "kept": kept_by_owner,
            "ours": lambda: self.list(filters, sort, after),
        }


def sign_in(bench: Bench) -> None:
    """What the API sets for a request of this person in this agency."""
    bench.caller.execute("reset role")
    bench.caller.execute(
        "select set_config('request.jwt.claims', %s, false),"
        " set_config('request.headers', %s, false), set_config('role', 'authenticated', false)",
        (
            json.dumps({"sub": str(bench.user), "role": "authenticated"}),
            json.dumps({"x-tenant-id": str(bench.tenant)}),
        ),
    )


def some_filters(bench: Bench) -> dict[str, Filter]:
    creditor, tag, load = (
        str(only(bench.owner, "select md5(%s || %s)::uuid", str(bench.tenant), what))
        for what in (" creditor 1", " tag 1", " import 1")
    )
    return {
        "none": {},
        "creditor": {"creditor_id": creditor},
        "status": {"status": "settled"},
        "aging 61-90": {"aging": "61-90"},
        "open value": {"open_cents": {"min": 50_000, "max": 60_000}},
        "due date": {"due_on": {"from": "2026-01-01", "to": "2026-01-31"}},
        "uf": {"uf": ["SP", "RJ"]},
        "last contact": {"last_contact": {"never": True}},
        "last disposition": {"last_disposition": "negotiate"},
        "no phone": {"has_phone": False},
        "whatsapp": {"has_whatsapp": True},
        "opted out": {"opted_out": True},
        "agreement living": {"agreement": "living"},
        "no agreement": {"agreement": "none"},
        "import": {"import_id": load},
        "tag": {"tag_id": tag},
        "mine": {"assigned_to": str(bench.user)},
        "six at once": {
            "creditor_id": creditor,
            "aging": "61-90",
            "open_cents": {"min": 50_000},
            "uf": "SP",
            "has_whatsapp": True,
            "opted_out": False,
        },
    }


def against_owner(subject: str, seconds: dict[str, float], goal: str = "≤ 1.10 ×") -> BenchRow:
    return BenchRow(
        subject,
        f"{seconds['owner'] * 1000:.1f} ms as owner",
        f"{seconds['ours'] * 1000:.1f} ms",
        f"{seconds['ours'] / seconds['owner']:.2f} ×",
        goal,
    )


def only(connection: psycopg.Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query.encode(), parameters or None).fetchone()
    assert row is not None, query
    return row[0]
