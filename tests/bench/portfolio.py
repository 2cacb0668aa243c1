"""A portfolio file: reading it against a row loop, writing it against COPY and a plain upsert."""

from __future__ import annotations

import csv
import datetime
import functools
import hashlib
import io
import random
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from local_platform.stack import Stack
from portfolio import checking, dialects, headers, reading, uploads
from tests.bench.importing import Agency
from tests.bench.table import BenchRow, interleaved
from tests.portfolio import reference

Settle = Callable[[], object]
Copies = dict[str, tuple[sql.Composed, bytes]]  # by table: its COPY and what it sends

UPSERTS: dict[str, tuple[str, str]] = {  # natural key, what is overwritten
    "clients": (
        "tenant_id, document",
        "name = excluded.name, email = excluded.email, updated_at = excluded.updated_at",
    ),
    "client_phones": ("tenant_id, client_id, phone", "position = excluded.position"),
    "debts": (
        "tenant_id, creditor_id, contract, installment",
        "due_on = excluded.due_on, principal_cents = excluded.principal_cents,"
        " import_id = excluded.import_id, updated_at = excluded.updated_at",
    ),
}
READ_ROWS, READ_ROUNDS = 100_000, 3
WRITE_ROWS, WRITE_ROUNDS = 50_000, 3
NAMES = (
    ("José", "Ana", "Célia", "Antônio", "Maria", "Luiz"),
    ("Lima", "Souza", "D'Ávila", "Ferreira", "Gonçalves"),
    ("Araújo", "Nunes", "Carvalho", "Sant'Anna"),
)
NEW_PERSON = 0.55  # of the rows; portfolios hold about two titles a person
TABLES = {  # in the order of their foreign keys, and the order in which the import writes them
    "clients": 'order by document collate "C"',
    "client_phones": "order by ctid",
    "debts": "order by creditor_id, contract, installment",
}


def rows(stack: Stack) -> list[BenchRow]:
    """Validation and import, each against its reference in the same run."""
    stack.kill("executor")  # nothing here is to be woken
    try:
        with (
            psycopg.connect(stack.settings.database_url(), autocommit=True) as owner,
            stack.server.connect("supabase_admin") as admin,
        ):
            # Before each arm: what the one before left dirty is not paid by the next.
            settle = functools.partial(admin.execute, "checkpoint")
            functions_url = stack.settings.database_url("functions")
            return [_validation(), *_import(owner, functions_url, settle)]
    finally:
        stack.restart("executor")


def _file(count: int, seed: int) -> bytes:
    """A creditor's file as agencies get them: Latin-1, masked documents, one bad row in fifty."""
    draw = random.Random(seed)  # noqa: S311  (made-up people, not keys)
    lines = [
        "CPF/CNPJ;Nome do Devedor;Celular;Telefone Fixo;E-mail;Credor;Contrato;Parcela;"
        "Vencimento;Valor"
    ]
    people: list[tuple[str, str]] = []
    for number in range(count):
        if not people or draw.random() < NEW_PERSON:
            nine = f"{draw.randrange(10**9):09}"
            cpf = nine + reference.cpf_digits(nine)
            if draw.random() < 0.01:
                cpf = "11111111111"
            name = " ".join(draw.choice(words) for words in NAMES)
            people.append((f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}", name))
            person = people[-1]
        else:
            person = draw.choice(people[-2000:])
        area, mobile = draw.choice(sorted(reference.AREA_CODES)), draw.randrange(10**8)
        landline = f"({area}) 3{mobile % 1000:03}-{mobile % 9999:04}" if mobile % 3 == 0 else ""
        due_on = datetime.date(2024, 1, 1) + datetime.timedelta(days=draw.randrange(900))
        cents = draw.randrange(2_000, 300_000)
        value = f"{cents / 100:,.2f}".translate(str.maketrans(",.", ".,")) if cents % 100 else ""
        lines.append(
            f"{person[0]};{person[1]};({area}) 9{mobile // 10000:04}-{mobile % 10000:04};"
            f"{landline};{f'p{number}@exemplo.com.br' if mobile % 2 else ''};"
            f"Banco {draw.randrange(4)};C{seed}{number:08};1;{due_on:%d/%m/%Y};{value}"
        )
    return "\r\n".join(lines).encode("cp1252")


def _validation() -> BenchRow:
    """The same accept and reject sets from the row loop and from the columns."""
    data = _file(READ_ROWS, seed=1)

    def row_loop() -> dict[int, str]:
        reader = csv.DictReader(io.StringIO(data.decode("cp1252")), delimiter=";")
        refused = {}
        for line, row in enumerate(reader, start=2):
            if reason := reference.problem(row, None):
                refused[line] = reason
            else:
                reference.phones((row["Celular"], row["Telefone Fixo"]))
                reference.name(row["Nome do Devedor"])
                reference.email(row["E-mail"])
        return refused

    def columns() -> dict[int, str]:
        refused: dict[int, str] = {}
        with dialects.as_utf8(io.BytesIO(data)) as file:
            dialect, header = dialects.detect(file)
            layout = headers.layout(header)
            for block in reading.blocks(file, dialect, len(layout.header)):
                staged = checking.staged(block, layout, None)
                bad = staged.filter(staged["reason"].is_not_null())
                refused |= dict(zip(bad["line"].to_list(), bad["reason"].to_list(), strict=True))
        return refused

    if row_loop() != columns():
        raise AssertionError("the two readers disagree; compare nothing")
    seconds = interleaved({"loop": row_loop, "columns": columns}, READ_ROUNDS)
    return BenchRow(
        "parse and validate a CSV",
        f"{READ_ROWS / seconds['loop']:,.0f} rows/s csv.DictReader loop",
        f"{READ_ROWS / seconds['columns']:,.0f} rows/s",
        f"{seconds['loop'] / seconds['columns']:.1f} ×",
        "≥ 10 ×",
    )


def _import(owner: psycopg.Connection[Any], functions_url: str, settle: Settle) -> list[BenchRow]:
    """New rows against COPY of what they became into copies of the tables with all their indexes,
    checks and foreign keys (but no triggers), and as full; the unchanged file against a plain
    upsert of them."""
    data = _file(WRITE_ROWS, seed=2)

    def imported(agency: Agency) -> float:
        upload = uploads.Upload(io.BytesIO(data), "bench.csv", hashlib.sha256(data).hexdigest())
        settle()
        started = time.perf_counter()
        agency.imports(upload)
        return time.perf_counter() - started

    known = Agency(owner, functions_url)
    imported(known)
    copies = _copies(owner, known.id)
    arms: dict[str, Callable[[], float]] = {
        "copy": lambda: _copy(owner, copies, known.id, settle),
        "new": lambda: imported(Agency(owner, functions_url)),
        "upsert": lambda: _upsert(owner, copies, settle),
        "again": lambda: imported(known),
    }
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(WRITE_ROUNDS + 1):
        pairs = [["copy", "new"], ["upsert", "again"]]  # an upsert needs what the copy left
        for name in (name for pair in pairs for name in (pair[::-1] if turn % 2 else pair)):
            took = arms[name]()
            if turn > 0:  # the first round pays for caches
                seconds[name].append(took)
    each = {name: WRITE_ROWS / statistics.median(times) for name, times in seconds.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return [
        BenchRow(
            f"import of new rows (this process peaked at {peak} MB)",
            f"{each['copy']:,.0f} rows/s COPY",
            f"{each['new']:,.0f} rows/s",
            f"{each['new'] / each['copy']:.2f} ×",
            "≥ 0.6 ×",
        ),
        BenchRow(
            "import of an unchanged file",
            f"{each['upsert']:,.0f} rows/s plain upsert",
            f"{each['again']:,.0f} rows/s",
            f"{each['again'] / each['upsert']:.2f} ×",
            "≥ 2.5 ×",
        ),
    ]


def _copies(owner: psycopg.Connection[Any], tenant: str) -> Copies:
    """Side tables like ours, and for each its COPY statement with the tenant's rows as text."""
    owner.execute("create schema bench")
    copies: Copies = {}
    for name, order in TABLES.items():
        ours, side = sql.Identifier("public", name), sql.Identifier("bench", name)
        owner.execute(sql.SQL("create table {} (like {} including all)").format(side, ours))
        for constraint, definition in owner.execute(
            "select conname, pg_get_constraintdef(oid) from pg_constraint"
            " where conrelid = %s::regclass and contype = 'f'",
            (f"public.{name}",),
        ).fetchall():
            definition = definition.replace("public.clients", "bench.clients").replace(
                "REFERENCES clients", "REFERENCES bench.clients"
            )
            owner.execute(
                sql.SQL("alter table {} add constraint {} ").format(
                    side, sql.Identifier(constraint)
                )
                + sql.SQL(definition)
            )
        columns = sql.SQL(", ").join(
            sql.Identifier(column)
            for (column,) in owner.execute(
                "select attname from pg_attribute where attrelid = %s::regclass"
                " and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
                (f"public.{name}",),
            ).fetchall()
        )
        query = sql.SQL("copy (select {} from {} where tenant_id = {} {}) to stdout").format(
            columns, ours, sql.Literal(tenant), sql.SQL(order)
        )
        with owner.cursor().copy(query) as copy:
            data = b"".join(bytes(block) for block in copy)
        copies[name] = (sql.SQL("copy {} ({}) from stdin").format(side, columns), data)
    return copies


def _copy(owner: psycopg.Connection[Any], copies: Copies, tenant: str, settle: Settle) -> float:
    owner.execute("truncate bench.clients, bench.client_phones, bench.debts")
    for name, (statement, _) in copies.items():
        # What ours holds by now of other agencies: an index is as deep for both.
        ours, side = sql.Identifier("public", name), sql.Identifier("bench", name)
        columns = sql.SQL(statement.as_string(owner).partition("(")[2].partition(")")[0])
        owner.execute(
            sql.SQL("insert into {} ({}) select {} from {} where tenant_id <> {}").format(
                side, columns, columns, ours, sql.Literal(tenant)
            )
        )
        owner.execute(sql.SQL("analyze {}").format(side))
    # A foreign key's plan that was made for an empty table scans the full one.
    owner.execute("discard plans")
    settle()
    started = time.perf_counter()
    with owner.transaction():
        for statement, data in copies.values():
            with owner.cursor().copy(statement) as copy:
                copy.write(data)
    return time.perf_counter() - started


def _upsert(owner: psycopg.Connection[Any], copies: Copies, settle: Settle) -> float:
    """What most write: stage, then `on conflict do update`, whatever is there already."""
    settle()
    started = time.perf_counter()
    with owner.transaction():
        for name, (key, changes) in UPSERTS.items():
            statement, data = copies[name]
            side, staged = sql.Identifier("bench", name), sql.Identifier(f"staged_{name}")
            owner.execute(
                sql.SQL("create temp table {} (like {} including generated) on commit drop").format(
                    staged, side
                )
            )
            columns = statement.as_string(owner).partition("(")[2].partition(")")[0]
            with owner.cursor().copy(
                sql.SQL("copy {} ({}) from stdin").format(staged, sql.SQL(columns))
            ) as copy:
                copy.write(data)
            owner.execute(
                sql.SQL(
                    "insert into {} ({}) select {} from {} on conflict ({}) do update set {}"
                ).format(
                    side, sql.SQL(columns), sql.SQL(columns), staged, sql.SQL(key), sql.SQL(changes)
                )
            )
    return time.perf_counter() - started
