"""Workbooks against openpyxl, and what a million rows cost the function in memory.

The file is made from the row's number: every debt another contract, three debts to a person.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import psycopg

from local_platform.stack import Stack
from tests.bench.table import BenchRow, interleaved

ROWS = 100_000  # of each arm's file
MEMORY_ROWS = 1_000_000
HEADER = ("CPF/CNPJ", "Nome do Devedor", "Celular", "Telefone Fixo", "E-mail", "Credor",
          "Contrato", "Parcela", "Vencimento", "Valor", "UF")  # fmt: skip
ADMIN = "admin@demo.test"


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
        f"{day:%d/%m/%Y}", f"{1 + number % 900}.{number % 900 + 100},{number % 100:02}", "SP",
    ]  # fmt: skip


def _write(path: Path, rows: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(_row(number) for number in range(rows))


def rows(stack: Stack) -> list[BenchRow]:
    stack.kill("executor")  # what the writes wake would compete for the same two cores
    with tempfile.TemporaryDirectory() as folder:
        found = [_workbook(Path(folder)), _memory(stack, Path(folder))]
    stack.restart("executor")
    return found


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
    plain_seconds, our_seconds = seconds["plain"], seconds["ours"]
    return BenchRow(
        "XLSX, guard and all",
        f"{ROWS / plain_seconds:,.0f} rows/s openpyxl",
        f"{ROWS / our_seconds:,.0f} rows/s",
        f"{plain_seconds / our_seconds:.1f} ×",
        "≥ 12 ×",
    )


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


def _memory(stack: Stack, folder: Path) -> BenchRow:
    path = folder / "million.csv"
    _write(path, MEMORY_ROWS)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.workbooks", stack.settings.database_url(), str(path)],
        stdout=subprocess.PIPE, text=True, check=True, timeout=1800,
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
