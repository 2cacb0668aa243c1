"""The carteira at full size: lists, search, screens, selections and export.

Beside 49 smaller agencies stands one with a million clients, and one of the size for which a
rival's times are known. "As owner" is the very statement the list runs, with its values written
into it, by the role that no policy binds; ours is the call a browser makes, session and all.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from local_platform import database as databases
from local_platform.stack import Stack
from tests.bench import carteira_data
from tests.bench.carteira_data import MILLION, RIVAL
from tests.bench.table import BenchRow, interleaved, percentile

Filter = dict[str, Any]

PEOPLE = ("supervisor@demo.test", "operador@demo.test", "operador2@demo.test")
CALLER = PEOPLE[0]
ROUNDS = 9  # odd: the median is one that was measured
PAGE = 60
DEEP = 10_000  # the page that is compared with the first
SCREENS = 300  # clients opened for a p95

# The list's statement for a filter, an order and a cursor, its parameters written into it.
OWNERS_SQL = """
create function pg_temp.owners_sql(tenant_id uuid, filter jsonb, sort text, after text)
returns text language plpgsql as $$
declare
    v_filter private.client_filter :=
        private.weigh_search(private.read_client_filter(tenant_id, filter));
    v_sort private.client_sort := private.read_client_sort(sort);
    v_sql text := private.client_rows_sql(
        private.client_page_sql(v_filter, v_sort, string_to_array(after, '|'))
    );
begin
    return replace(replace(replace(replace(replace(v_sql,
        '$1', quote_literal(v_filter::text) || '::private.client_filter'),
        '$2', coalesce(quote_literal(string_to_array(after, '|')::text), 'null') || '::text[]'),
        '$3', '61'),
        '$4', quote_literal(private.today(tenant_id)::text)),
        '$5', quote_literal(sort));
end;
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
        return _only(self.caller, f"select public.{call}", *parameters)

    def list(self, filters: Filter, sort: str = "-open_cents", after: str | None = None) -> Any:
        return self.ask("list_clients(%s, %s, %s, %s)", json.dumps(filters), after, PAGE, sort)

    def arms(
        self, filters: Filter, sort: str = "-open_cents", after: str | None = None
    ) -> dict[str, Callable[[], object]]:
        """The owner's statement and ours; the two must answer the same."""
        text = _only(
            self.owner,
            "select pg_temp.owners_sql(%s, %s, %s, %s)",
            self.tenant,
            json.dumps(filters),
            sort,
            after,
        )
        statement = text.encode()

        def as_owner() -> Any:
            row = self.owner.execute(statement, prepare=False).fetchone()
            assert row is not None
            return row[0]

        assert as_owner()["rows"] == self.list(filters, sort, after)["rows"]
        return {"owner": as_owner, "ours": lambda: self.list(filters, sort, after)}


def rows(stack: Stack) -> list[BenchRow]:
    """Build the portfolios in a database of their own (minutes), measure, drop it."""
    name = "bench_carteira"
    with stack.server.connect("supabase_admin", "template1") as connection:
        databases.create_database(connection, name)
    try:
        databases.apply_migrations(stack.server, name)
        with stack.server.connect("supabase_admin", name) as connection:
            prepare(connection)
        return measure(
            stack.settings.database_url("supabase_admin", name),
            stack.settings.database_url("postgres", name),
        )
    finally:
        with stack.server.connect("supabase_admin", "template1") as connection:
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )


def prepare(connection: psycopg.Connection, million: int = 1_000_000, rival: int = 100_000) -> None:
    """People, portfolios, and the first person a supervisor of both agencies."""
    connection.autocommit = True
    for email in PEOPLE:
        connection.execute(
            "insert into auth.users (id, email, email_confirmed_at, aud, role)"
            " values (gen_random_uuid(), %s, now(), 'authenticated', 'authenticated')",
            (email,),
        )
    carteira_data.build(connection, million, rival)
    connection.execute(
        "insert into public.memberships (tenant_id, user_id, role, display_name)"
        " select tenant_id, users.id, 'supervisor', 'Bancada'"
        " from unnest(%s::uuid[]) as tenant_id, auth.users where email = %s",
        ([MILLION, RIVAL], CALLER),
    )
    connection.execute("vacuum analyze")


def measure(caller_url: str, owner_url: str) -> list[BenchRow]:
    with (
        psycopg.connect(caller_url, autocommit=True) as caller,
        psycopg.connect(owner_url, autocommit=True) as owner,
    ):
        owner.execute(OWNERS_SQL.encode())
        # As the functions run, so that the two arms differ in nothing but rights and rooms.
        owner.execute("set jit = off")
        owner.execute("set enable_seqscan = off")
        user = _only(owner, "select id from auth.users where email = %s", CALLER)
        bench = Bench(caller, owner, MILLION, user)
        _sign_in(bench)
        found = [*_lists(bench), *_deep(bench), *_names(bench), *_policies(bench)]
        found += [*_screens(bench), *_selections(bench), *_export(bench)]
        bench.tenant = RIVAL
        _sign_in(bench)
        return [*found, *_rival(bench)]


def _sign_in(bench: Bench) -> None:
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


def _filters(bench: Bench) -> dict[str, Filter]:
    creditor, tag, load = (
        str(_only(bench.owner, "select md5(%s || %s)::uuid", str(bench.tenant), what))
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


def _lists(bench: Bench) -> list[BenchRow]:
    """One row a filter; the last says the median of all."""
    found, ratios = [], []
    for name, filters in _filters(bench).items():
        seconds = interleaved(bench.arms(filters), ROUNDS)
        ratios.append(seconds["ours"] / seconds["owner"])
        found.append(_against_owner(f"carteira page, 1,000,000 clients, {name}", seconds))
    middle = sorted(ratios)[len(ratios) // 2]
    return [
        BenchRow(
            f"carteira page, median of {len(ratios)} filters",
            "the same SQL as owner",
            f"worst {max(ratios):.2f} ×",
            f"{middle:.2f} ×",
            "≤ 1.10 ×",
        ),
        *found,
    ]


def _against_owner(subject: str, seconds: dict[str, float], goal: str = "≤ 1.10 ×") -> BenchRow:
    return BenchRow(
        subject,
        f"{seconds['owner'] * 1000:.1f} ms as owner",
        f"{seconds['ours'] * 1000:.1f} ms",
        f"{seconds['ours'] / seconds['owner']:.2f} ×",
        goal,
    )


def _deep(bench: Bench) -> list[BenchRow]:
    """The first page and the ten thousandth; its cursor is made as the page before would."""
    found = []
    for sort, column, way in (
        ("-open_cents", "open_cents", "desc"),
        ("name", 'name_key collate "C"', "asc"),
        ("oldest_due_on", "oldest_due_on", "asc"),
    ):
        query = (
            f"select concat_ws('|', %s::text, '', 'false', id, {column}) from public.clients"
            f" where tenant_id = %s order by {column} {way}, id {way} offset %s limit 1"
        )
        after = _only(bench.owner, query, sort, bench.tenant, PAGE * (DEEP - 1) - 1)

        def late(sort: str = sort, after: str = after) -> object:
            return bench.list({}, sort, after)

        def first(sort: str = sort) -> object:
            return bench.list({}, sort)

        seconds = interleaved({"first": first, "late": late}, ROUNDS * 2 + 1)
        found.append(
            BenchRow(
                f"page {DEEP:,} by {sort}",
                f"{seconds['first'] * 1000:.1f} ms page 1",
                f"{seconds['late'] * 1000:.1f} ms",
                f"{seconds['late'] / seconds['first']:.2f} ×",
                "≤ 1.3 ×",
            )
        )
    return found


def _names(bench: Bench) -> list[BenchRow]:
    """Ours ranks every match; the owner's query takes the best of them by amount."""
    found = []
    for typed in ("maria", "maria silva", "jose carlos nogueira", "xavier"):
        words = [f"%{word}%" for word in typed.split()]
        like = " and ".join("name_key like %s" for _ in words)
        query = (
            "select id, name, document, open_cents from public.clients"
            f" where tenant_id = %s and {like} order by open_cents desc, id desc limit 61"
        ).encode()

        def owner(query: bytes = query, words: list[str] = words) -> object:
            return bench.owner.execute(query, (bench.tenant, *words), prepare=False).fetchall()

        def ours(typed: str = typed) -> object:
            return bench.list({"q": typed})

        seconds = interleaved({"owner": owner, "ours": ours}, ROUNDS)
        found.append(_against_owner(f"name search, “{typed}”", seconds, "≤ 3 ×"))
    return found


def _policies(bench: Bench) -> list[BenchRow]:
    """A plain SELECT of the newest page under the policy, against the owner's with the tenant."""
    text = (
        "select id, document, name, open_cents from public.clients {}"
        " order by open_cents desc, id desc limit 61"
    )
    owner_sql = text.format("where tenant_id = %s").encode()
    seconds = interleaved(
        {
            "owner": lambda: bench.owner.execute(
                owner_sql, (bench.tenant,), prepare=False
            ).fetchall(),
            "ours": lambda: bench.caller.execute(
                text.format("").encode(), prepare=False
            ).fetchall(),
        },
        ROUNDS * 2 + 1,
        inner=5,
    )
    return [_against_owner("plain SELECT of 61 under the policy", seconds, "—")]


def _screens(bench: Bench) -> list[BenchRow]:
    """The p95 of opening clients at random, each for the first time in this run."""
    people = bench.owner.execute(
        "select id::text, document from public.clients where tenant_id = %s"
        " and id >= %s order by id limit %s",
        (bench.tenant, uuid.UUID(int=random.Random(1).getrandbits(128)), SCREENS * 2),  # noqa: S311
    ).fetchall()
    found = []
    for name, calls in (
        ("service_screen", [("service_screen(%s)", row[0]) for row in people[::2]]),
        ("client_profile", [("client_profile(%s)", row[1]) for row in people[1::2]]),
    ):
        spent = []
        for call, parameter in calls:
            started = time.perf_counter()
            bench.ask(call, parameter)
            spent.append((time.perf_counter() - started) * 1000)
        found.append(
            BenchRow(
                f"{name}, {len(spent)} clients of 1,000,000",
                "—",
                f"p50 {percentile(spent, 0.5):.1f} ms, p95 {percentile(spent, 0.95):.1f} ms",
                "—",
                "p95 ≤ 15 ms",
            )
        )
    return found


def _selections(bench: Bench) -> list[BenchRow]:
    """The bar under the list, the filter panel, a preview, and giving away what was selected."""
    everybody = json.dumps({"filter": {}})
    common = json.dumps({"filter": {"uf": "SP"}})
    rare = json.dumps({"filter": _filters(bench)["six at once"]})
    found = []
    for subject, call, parameters in (
        ("totals of everybody", "selection_totals(%s)", (everybody,)),
        ("totals of one in six (estimate)", "selection_totals(%s)", (common,)),
        ("totals of six filters at once", "selection_totals(%s)", (rare,)),
        ("counts of one facet", "filter_counts(%s, '{uf}')", (json.dumps({"status": "open"}),)),
        ("preview of a send to one in six", "bulk_eligibility(%s, 'whatsapp')", (common,)),
    ):

        def ask(call: str = call, parameters: tuple[str, ...] = parameters) -> object:
            return bench.ask(call, *parameters)

        found.append(_alone(subject, interleaved({"ours": ask}, ROUNDS)["ours"]))
    with bench.caller.transaction(force_rollback=True):
        started = time.perf_counter()
        given = bench.ask("bulk_assign(%s, %s)", common, bench.user)["changed"]
        found.append(_alone(f"assign {given:,} clients", time.perf_counter() - started))
    return found


def _alone(subject: str, seconds: float) -> BenchRow:
    return BenchRow(subject, "—", f"{seconds * 1000:.0f} ms", "—", "—")


def _export(bench: Bench) -> list[BenchRow]:
    """The export as the caller against the same columns and joins as owner, cells as they are."""
    selection = json.dumps({"filter": {"uf": ["SP", "RS"]}})
    rates: dict[str, list[float]] = {"owner": [], "ours": []}
    for turn in range(4):  # the first pays for the cache
        with bench.caller.transaction(force_rollback=True):
            text = _only(bench.caller, "select private.open_export(%s)", selection)
            people = _only(bench.caller, "select count(*) from pg_temp.export_clients")
            seconds = {"ours": _copy(bench.caller, text)}
            bench.caller.execute("reset role")
            bench.caller.execute("set local role postgres")
            seconds["owner"] = _copy(bench.caller, _bare(bench.owner, text))
        if turn > 0:
            for arm, spent in seconds.items():
                rates[arm].append(people / spent)
    ours, owner = (percentile(rates[arm], 0.5) for arm in ("ours", "owner"))
    return [
        BenchRow(
            f"export of {people:,} clients",
            f"{owner / 1000:.0f}k rows/s COPY as owner, unescaped",
            f"{ours / 1000:.0f}k rows/s",
            f"{ours / owner:.2f} ×",
            "≥ 0.8 ×",
        )
    ]


def _bare(owner: psycopg.Connection, text: str) -> str:
    """The export's statement with each escaped cell as it is."""
    for cell in ("clients.name", "clients.external_id", "clients.email", "owed.creditors",
                 "worn.tags", "people.display_name"):  # fmt: skip
        text = text.replace(_only(owner, "select private.plain_cell(%s)", cell), cell)
    return text


def _copy(connection: psycopg.Connection, text: str) -> float:
    started = time.perf_counter()
    with connection.cursor().copy(f"copy ({text}) to stdout (format csv, header)".encode()) as copy:
        while copy.read():
            pass
    return time.perf_counter() - started


def _rival(bench: Bench) -> list[BenchRow]:
    """The size of lessons.md's last paragraph; its times were measured there, on two cores."""
    document = _only(
        bench.owner, "select document from public.clients where tenant_id = %s limit 1", RIVAL
    )
    found = []
    for subject, known, filters in (
        ("list of a creditor", "2.3-2.7 s", _filters(bench)["creditor"]),
        ("search by document", "1.1-1.2 s", {"q": document}),
        ("search by name", "0.7-0.9 s", {"q": "maria silva"}),
        ("list without a filter", "14-15 s", {}),
    ):
        seconds = interleaved(bench.arms(filters), ROUNDS)
        found.append(_against_rival(subject, known, seconds["ours"]))
        found.append(_against_owner(f"the same beside the owner's SQL: {subject}", seconds))
    totals = json.dumps({"filter": _filters(bench)["creditor"]})
    seconds = interleaved({"ours": lambda: bench.ask("selection_totals(%s)", totals)}, ROUNDS)
    found.append(_against_rival("count of a selection", "6.5-7.3 s", seconds["ours"]))
    with bench.caller.transaction(force_rollback=True):
        started = time.perf_counter()
        bench.ask("bulk_assign(%s, %s)", json.dumps({"filter": {}}), bench.user)
        found.append(
            _against_rival(
                "select all 100,000 and assign", "22 min to select", time.perf_counter() - started
            )
        )
    return found


def _against_rival(subject: str, known: str, seconds: float) -> BenchRow:
    return BenchRow(
        f"100,000 people, 300,000 debts: {subject}",
        f"{known} the rival",
        f"{seconds * 1000:.0f} ms",
        "—", "—",
    )  # fmt: skip


def _only(connection: psycopg.Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query.encode(), parameters or None).fetchone()
    assert row is not None, query
    return row[0]
