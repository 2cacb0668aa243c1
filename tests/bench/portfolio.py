"""The import against the plainest way to do each of its parts: a row loop, COPY, upsert, openpyxl.

Files are made from the row's number: every debt another contract, three debts to a person.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from local_platform.stack import Stack

from tests.bench.table import BenchRow, interleaved

ROWS = 100_000  # of each arm's file
MEMORY_ROWS = 1_000_000
ROUNDS = 3  # of imports, each into an agency of its own
HEADER = ("CPF/CNPJ", "Nome do Devedor", "Celular", "Telefone Fixo", "E-mail", "Credor",
          "Contrato", "Parcela", "Vencimento", "Valor", "UF")  # fmt: skip
ADMIN = "admin@demo.test"
TABLES = ("clients", "client_phones", "debts")


def _cpf(number: int) -> str:
    digits = f"{number:09}"
    for length in (10, 11):
        pairs = zip(digits, range(length, 1, -1), strict=True)
        rest = sum(int(digit) * weight for digit, weight in pairs) % 11
        digits += "0" if rest < 2 else str(11 - rest)
    return digits


def _row(number: int) -> list[str]:
    person = 100_000_000 + number // 3
    day = datetime.date(2024, 1, 1) + datetime.timedelta(number % 700)
    return [
        _cpf(person), f"Pessoa de Nome {person}", f"(11) 9{person % 100_000_000:08}",
        "(11) 3333-4444", f"p{person}@exemplo.com.br", f"Credor {number % 7}", f"C{number:08}", "1",
        f"{day:%d/%m/%Y}", f"{1 + number % 9000}.{number % 900 + 100},{number % 100:02}", "SP",
    ]  # fmt: skip


def _write(path: Path, rows: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(_row(number) for number in range(rows))


def rows(stack: Stack) -> list[BenchRow]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "portfolio"))
    stack.kill("executor")  # what the writes wake would compete for the same two cores
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "carteira.csv"
        _write(file, ROWS)
        found = [
            _validation(file),
            _workbook(Path(folder)),
            *_imports(stack, file),
            _memory(stack, Path(folder)),
        ]
    stack.restart("executor")
    return found


def _ratio(
    subject: str, seconds: dict[str, float], count: int, words: tuple[str, str], goal: str
) -> BenchRow:
    plain, ours = seconds["plain"], seconds["ours"]
    return BenchRow(
        subject,
        f"{count / plain:,.0f} rows/s {words[0]}",
        f"{count / ours:,.0f} rows/s {words[1]}",
        f"{plain / ours:.2f} ×",
        goal,
    )


def _validation(path: Path) -> BenchRow:
    import reference
    from portfolio import checking, dialects, headers, reading

    def plain() -> None:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                reference.problem(row, None)
                reference.phones([row["Celular"], row["Telefone Fixo"]])
                reference.name(row["Nome do Devedor"])
                reference.email(row["E-mail"])

    def ours() -> None:
        with path.open("rb") as file:
            dialect, header = dialects.detect(file)
            layout = headers.layout(header)
            for frame in reading.blocks(file, dialect, len(header)):
                checking.staged(checking.without_totals(frame, layout), layout, None)

    seconds = interleaved({"plain": plain, "ours": ours}, 3)
    return _ratio("parse and validate a CSV", seconds, ROWS, ("row loop", "blocks"), "≥ 10 ×")


def _workbook(folder: Path) -> BenchRow:
    import openpyxl
    from portfolio import workbooks

    path = folder / "carteira.xlsx"
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Carteira")
    sheet.append(HEADER)
    for number in range(ROWS):
        sheet.append(_row(number))
    book.save(path)

    def plain() -> None:
        found = openpyxl.load_workbook(path, read_only=True)
        for _ in found.worksheets[0].iter_rows(values_only=True):
            pass
        found.close()

    def ours() -> None:
        with path.open("rb") as file, workbooks.as_csv(file, None):
            pass

    seconds = interleaved({"plain": plain, "ours": ours}, 2)
    return _ratio("XLSX, guard and all", seconds, ROWS, ("openpyxl", "to CSV"), "≥ 12 ×")


class _Agency:
    """A tenant of the bench's own, and imports into it as its admin."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url)
        self.id = uuid.uuid4()
        [(self.user,)] = self.connection.execute(
            "select id::text from auth.users where email = %s", (ADMIN,)
        )
        self.connection.execute(
            "insert into public.tenants (id, name) values (%s, 'Bench')", (self.id,)
        )
        self.connection.execute(
            "insert into public.memberships (tenant_id, user_id, role, display_name)"
            " values (%s, %s, 'admin', 'Bench')",
            (self.id, self.user),
        )
        self.connection.commit()

    def imports(self, path: Path) -> dict[str, Any]:
        from portfolio import staging
        from portfolio.options import Options
        from portfolio.uploads import Upload

        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            self.connection.execute(
                "select set_config('request.jwt.claims', %s, true),"
                " set_config('request.headers', %s, true), set_config('role', %s, true)",
                (
                    json.dumps({"sub": self.user, "role": "authenticated"}),
                    json.dumps({"x-tenant-id": str(self.id)}),
                    "authenticated",
                ),
            )
            answer = staging.run(self.connection, Upload(file, path.name, digest), Options())
            self.connection.commit()
        return answer

    def dump(self, table: str) -> bytes:
        file = io.BytesIO()
        statement = f"copy (select * from public.{table} where tenant_id = '{self.id}') to stdout"  # noqa: S608  (our own names)
        with self.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for block in copy:
                file.write(block)
        return file.getvalue()


def _imports(stack: Stack, path: Path) -> list[BenchRow]:
    url = stack.settings.database_url()
    new: dict[str, list[float]] = {"plain": [], "ours": []}
    again: dict[str, list[float]] = {"plain": [], "ours": []}
    with psycopg.connect(url, autocommit=True) as owner:
        for _ in range(ROUNDS):
            agency = _Agency(url)
            new["ours"].append(_timed(lambda: agency.imports(path)))  # noqa: B023  (called at once)
            dumps = {table: agency.dump(table) for table in TABLES}
            agency.connection.rollback()
            owner.execute("drop schema if exists bench cascade")
            owner.execute("create schema bench")
            for table in TABLES:
                owner.execute(
                    f"create table bench.{table} (like public.{table}"  # type: ignore[arg-type]  # our own names
                    " including defaults including constraints including indexes)"
                )
            new["plain"].append(_timed(lambda: _copy(owner, "bench.", dumps)))  # noqa: B023  (called at once)
            again["ours"].append(_timed(lambda: agency.imports(path)))  # noqa: B023  (called at once)
            again["plain"].append(_timed(lambda: _upsert(owner, dumps)))  # noqa: B023  (called at once)
            agency.connection.close()
        owner.execute("drop schema bench cascade")
    first = {name: sorted(values)[len(values) // 2] for name, values in new.items()}
    second = {name: sorted(values)[len(values) // 2] for name, values in again.items()}
    return [
        _ratio("import of new rows, file to commit", first, ROWS,
               ("COPY of the same rows into the same indexed tables", "import"), "≥ 0.6 ×"),
        _ratio("unchanged import again", second, ROWS, ("plain upsert", "import"), "≥ 2.5 ×"),
    ]  # fmt: skip


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _copy(owner: psycopg.Connection[Any], prefix: str, dumps: dict[str, bytes]) -> None:
    with owner.transaction(), owner.cursor() as cursor:
        for table, data in dumps.items():
            with cursor.copy(f"copy {prefix}{table} from stdin".encode()) as copy:
                copy.write(data)


def _upsert(owner: psycopg.Connection[Any], dumps: dict[str, bytes]) -> None:
    """What a first version does: stage, then insert with every conflict an update."""
    with owner.transaction():
        for table in TABLES:
            owner.execute(
                f"create temp table staged_{table} (like bench.{table}) on commit drop".encode()
            )
        _copy(owner, "pg_temp.staged_", dumps)
        for table, key, columns in (
            ("clients", "tenant_id, document", ("name", "email", "uf", "external_id")),
            ("client_phones", "tenant_id, client_id, phone", ("position",)),
            ("debts", "tenant_id, creditor_id, contract, installment",
             ("due_on", "principal_cents", "import_id")),
        ):  # fmt: skip
            changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
            owner.execute(
                f"insert into bench.{table} select * from pg_temp.staged_{table}"  # noqa: S608  (our own names)
                f" on conflict ({key}) do update set {changes}".encode()
            )


def _memory(stack: Stack, folder: Path) -> BenchRow:
    path = folder / "million.csv"
    _write(path, MEMORY_ROWS)
    done = subprocess.run(  # noqa: S603  (this module)
        [sys.executable, "-m", "tests.bench.portfolio", stack.settings.database_url(), str(path)],
        capture_output=True, text=True, check=True, timeout=1800,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    return BenchRow(
        f"import of {MEMORY_ROWS:,} rows: memory of the function",
        "—",
        f"{answer['megabytes']} MB, {MEMORY_ROWS / answer['seconds']:,.0f} rows/s",
        "—",
        "≤ 512 MB",
    )


def main(url: str, path: Path) -> None:
    """A process of its own, so that its peak is the import's."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "functions"))
    agency = _Agency(url)
    started = time.perf_counter()
    answer = agency.imports(path)
    if answer["debts_created"] != MEMORY_ROWS:
        raise AssertionError(answer)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = round(time.perf_counter() - started, 1)
    sys.stdout.write(json.dumps({"megabytes": peak, "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
