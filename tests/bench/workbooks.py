"""Workbooks against openpyxl, and what a million rows cost the function in memory.

The file is made from the row's number: every debt another contract, three debts to a person.
"""

from __future__ import annotations

import csv
import datetime
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from local_platform.stack import Stack
from tests.bench.importing import Agency
from tests.bench.table import BenchRow, interleaved

ROWS = 100_000  # of each arm's file
MEMORY_ROWS = 1_000_000
HEADER = ("CPF/CNPJ", "Nome do Devedor", "Celular", "Telefone Fixo", "E-mail", "Credor",
          "Contrato", "Parcela", "Vencimento", "Valor", "UF")  # fmt: skip


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
        book, million = Path(folder) / "carteira.xlsx", Path(folder) / "million.csv"
        found = [_workbook(book), _whole(stack, book, ROWS)]
        _write(million, MEMORY_ROWS)
        found.append(_whole(stack, million, MEMORY_ROWS))
    stack.restart("executor")
    return found


def _workbook(path: Path) -> BenchRow:
    import openpyxl

    from portfolio import workbooks

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


def _whole(stack: Stack, path: Path, rows: int) -> BenchRow:
    """A file to committed rows in a process of its own, so that its peak is the import's."""
    urls = [stack.settings.database_url(role) for role in ("postgres", "functions")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.workbooks", *urls, str(path), str(rows)],
        stdout=subprocess.PIPE, text=True, check=True, timeout=3600,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    return BenchRow(
        f"import of {rows:,} rows {path.suffix[1:].upper()}: memory of the function",
        "—",
        f"{answer['megabytes']} MB, {rows / answer['seconds']:,.0f} rows/s",
        "—",
        "≤ 512 MB",
    )


def main(owner_url: str, functions_url: str, path: Path, rows: int) -> None:
    """Print {"megabytes", "seconds"} of one import."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "functions"))
    from portfolio import uploads

    with psycopg.connect(owner_url) as owner, path.open("rb") as file:
        agency = Agency(owner, functions_url)
        started = time.perf_counter()
        answer = agency.imports(uploads.fingerprinted(file, path.name))
        seconds = round(time.perf_counter() - started, 1)
    if answer["debts_created"] != rows:
        raise AssertionError({name: answer[name] for name in ("accepted", "reject_reasons")})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps({"megabytes": peak, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:3], Path(sys.argv[3]), int(sys.argv[4]))
