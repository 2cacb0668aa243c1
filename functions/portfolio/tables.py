"""Whatever came in, as the one kind of CSV that the rest reads."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from portfolio import dialects, records, workbooks
from portfolio.dialects import Dialect
from portfolio.uploads import Upload


@dataclass(frozen=True)
class Table:
    """A readable file: its text, its dialect, its header, and its sheet if it had one."""

    file: IO[bytes]
    dialect: Dialect
    header: list[str]
    sheet: str | None

    @property
    def size(self) -> int:
        """Bytes of the text."""
        place = self.file.tell()
        size = self.file.seek(0, 2)
        self.file.seek(place)
        return size


@contextlib.contextmanager
def read(upload: Upload, sheet: str | None) -> Iterator[Table]:
    """The upload's rows. Raises FileRefused for what cannot be a portfolio."""
    with contextlib.ExitStack() as opened:
        name = None
        if upload.kind == "xlsx":
            file, name = opened.enter_context(workbooks.as_csv(upload.file, sheet))
        elif upload.kind == "json":
            file = opened.enter_context(records.as_csv(upload.file))
        else:
            file = opened.enter_context(dialects.as_utf8(upload.file))
        yield Table(file, *dialects.detect(file), name)
