"""`make bench`: one stack, every area's rows, one table."""

import importlib
import sys
import tempfile
from pathlib import Path

from local_platform.settings import Platform
from local_platform.stack import Stack
from tests.bench import table

FUNCTIONS = Path(__file__).parents[2] / "functions"
# Each a module beside this one; imported only when wanted, because some load half the product.
AREAS = ("dispositions", "thread", "bulk", "dialer", "cold_start", "portfolio", "workbooks",
         "carteira", "panel", "rules", "queues")  # fmt: skip


def main(wanted: list[str]) -> None:
    """`python -m tests.bench [area[=size] …]`: all or the named areas, durably, on free ports."""
    sys.path.insert(0, str(FUNCTIONS))
    asked = [each.partition("=") for each in wanted or AREAS]
    areas = [
        (importlib.import_module(f"tests.bench.{area}"), [int(size)] if size else [])
        for area, _, size in asked
    ]
    with (
        tempfile.TemporaryDirectory() as data,
        Stack(Platform.create(Path(data), 0)) as stack,
    ):
        stack.start_all()
        rows = [row for area, size in areas for row in area.rows(stack, *size)]
    sys.stdout.write(table.as_table(rows) + "\n")


main(sys.argv[1:])
