"""The carteira at full size: lists, search, screens, selections and export.

Beside 49 smaller agencies stands one with a million clients, and one of the size for which a
rival's times are known. "As owner" is what the list runs as one statement with its values written
into it, by the role that no policy binds; ours is the call a browser makes, session and all.
Ours keeps the plan of the statement that reads a page's rows: so does a second owner.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from local_platform import database as databases
from local_platform.stack import Stack
from tests.bench import carteira_data, carteira_work
from tests.bench.carteira_arms import (
    OWNERS_SQL,
    PAGE,
    ROUNDS,
    Bench,
    against_owner,
    only,
    sign_in,
    some_filters,
)
from tests.bench.carteira_data import MILLION, RIVAL
from tests.bench.table import BenchRow, interleaved

PEOPLE = ("supervisor@demo.test", "operador@demo.test", "operador2@demo.test")
CALLER = PEOPLE[0]
DEEP = 10_000  # the page that is compared with the first


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
        user = only(owner, "select id from auth.users where email = %s", CALLER)
        bench = Bench(caller, owner, MILLION, user)
        sign_in(bench)
        found = [*_lists(bench), *_deep(bench), *_orders(bench)]
        found += [*_names(bench), *_policies(bench)]
        found += [*carteira_work.screens(bench), *carteira_work.selections(bench)]
        found += carteira_work.export(bench)
        bench.tenant = RIVAL
        sign_in(bench)
        return [*found, *carteira_work.rival(bench)]


def _lists(bench: Bench) -> list[BenchRow]:
    """The medians of all filters, then one row a filter."""
    found, ratios, kept = [], [], []
    for name, filters in some_filters(bench).items():
        seconds = interleaved(bench.arms(filters), ROUNDS, inner=3)
        ratios.append(seconds["ours"] / seconds["owner"])
        kept.append(seconds["ours"] / seconds["kept"])
        found.append(against_owner(f"carteira page, 1,000,000 clients, {name}", seconds))
    medians = [
        BenchRow(
            f"carteira page, median of {len(ratios)} filters",
            reference,
            f"{min(many):.2f} to {max(many):.2f} ×",
            f"{sorted(many)[len(many) // 2]:.2f} ×",
            goal,
        )
        for reference, many, goal in (
            ("the same SQL as owner", ratios, "≤ 1.10 ×"),
            ("as owner, the rows' plan kept", kept, "—"),
        )
    ]
    return [*medians, *found]


def _deep(bench: Bench) -> list[BenchRow]:
    """The first page and the ten thousandth; its cursor is made as the page before would."""
    found = []
    for sort, column, way in (
        ("-open_cents", "open_cents", "desc"),
        ("name", 'name_key collate "C"', "asc"),
        ("oldest_due_on", "oldest_due_on", "asc"),
        ("-open_debts", "open_debts", "desc"),
    ):
        query = (
            f"select concat_ws('|', %s::text, '', 'false', id, {column}) from public.clients"
            f" where tenant_id = %s order by {column} {way}, id {way} offset %s limit 1"
        )
        after = only(bench.owner, query, sort, bench.tenant, PAGE * (DEEP - 1) - 1)

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


def _orders(bench: Bench) -> list[BenchRow]:
    """Orders whose value stands in another table, against the list's own."""
    found = []
    for sort in ("phone", "-phone", "creditor", "-creditor"):

        def ours(sort: str = sort) -> object:
            return bench.list({}, sort)

        seconds = interleaved({"own": lambda: bench.list({}), "ours": ours}, ROUNDS)
        found.append(
            BenchRow(
                f"page by {sort}",
                f"{seconds['own'] * 1000:.1f} ms by open value",
                f"{seconds['ours'] * 1000:.1f} ms",
                f"{seconds['ours'] / seconds['own']:.2f} ×",
                "—",
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
        found.append(against_owner(f"name search, “{typed}”", seconds, "≤ 3 ×"))
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
    return [against_owner("plain SELECT of 61 under the policy", seconds, "—")]
