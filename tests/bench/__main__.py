"""`make bench`: one stack, every area's rows, one table."""

import sys
import tempfile
from pathlib import Path

from local_platform.settings import Platform
from local_platform.stack import Stack
from tests.bench import cold_start, dispositions, portfolio, table, thread

AREAS = {
    "dispositions": dispositions.rows,
    "thread": thread.rows,
    "cold_start": cold_start.rows,
    "portfolio": portfolio.rows,
}


def main(wanted: list[str]) -> None:
    """`python -m tests.bench [area …]` runs all areas or the named ones, durably, on free ports."""
    with (
        tempfile.TemporaryDirectory() as data,
        Stack(Platform.create(Path(data), 0)) as stack,
    ):
        stack.start_all()
        rows = [row for area in wanted or AREAS for row in AREAS[area](stack)]
    sys.stdout.write(table.as_table(rows) + "\n")


main(sys.argv[1:])
