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
         "carteira", "panel", "rules")  # fmt: skip


def main(wanted: list[str]) -> None:
    """`python -m tests.bench [area …]` runs all areas or the named ones, durably, on free ports."""
    sys.path.insert(0, str(FUNCTIONS))
    areas = [importlib.import_module(f"tests.bench.{area}") for area in wanted or AREAS]
    with (
        tempfile.TemporaryDirectory() as data,
        Stack(Platform.create(Path(data), 0)) as stack,
    ):
        stack.start_all()
        rows = [row for area in areas for row in area.rows(stack)]
    sys.stdout.write(table.as_table(rows) + "\n")


main(sys.argv[1:])
