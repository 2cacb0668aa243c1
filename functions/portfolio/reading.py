"""A file as blocks of raw cells, so that a million rows need no more memory than sixty thousand."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import IO

import polars as pl

from portfolio.dialects import Dialect
from portfolio.uploads import FileRefused

# About 60,000 rows: polars is at its full speed, and each copy of a block costs only megabytes.
BLOCK_BYTES = 8 * 1024 * 1024
# UTF-8 of zero-width and text-direction characters, which come along when numbers are pasted.
MARKS = (b"\xe2\x80", b"\xe2\x81\xa0", b"\xef\xbb\xbf")
INVISIBLE = re.compile(rb"\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81\xa0|\xef\xbb\xbf")


def blocks(file: IO[bytes], dialect: Dialect, columns: int) -> Iterator[pl.DataFrame]:
    """The rows below the header, in order.

    Each frame has `line` (the row as a spreadsheet counts it) and c0 … c<columns>, text or null.
    The last of them is one more than the header names: it is filled only where a row is longer
    than the header. Blank rows are counted in `line` and left out.
    """
    line = dialect.header_row + 1
    for text in _records(file, dialect):
        if any(mark in text for mark in MARKS):
            text = INVISIBLE.sub(b"", text)
        cells = _cells(text, dialect, columns + 1)
        if dialect.delimiter == ",":
            cells = _with_long_rows_marked(cells, text, columns)
        frame = cells.with_row_index("line", offset=line)
        line += len(frame)
        yield _without_blank(frame)


def _without_blank(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows with anything in them; few are blank, and those begin with an empty cell."""
    start = frame["c0"].str.strip_chars(' \t"')
    doubtful = start.is_null() | (start.str.len_bytes() == 0)
    if not doubtful.any():
        return frame
    rest = frame.filter(doubtful).drop("line")
    whole = rest.select(pl.concat_str(pl.all(), ignore_nulls=True)).to_series()
    is_filled = whole.str.contains(r'[^\s"]').fill_null(False)
    return frame.filter((~doubtful).scatter(doubtful.arg_true(), is_filled))


def _records(file: IO[bytes], dialect: Dialect) -> Iterator[bytes]:
    """The data as UTF-8 with \\n line ends, cut only between records."""
    rest = b""
    to_skip = dialect.header_lines
    for block in _utf8(file, dialect):
        rest += block
        while to_skip and (end := rest.find(b"\n")) >= 0:
            rest, to_skip = rest[end + 1 :], to_skip - 1
        if to_skip:
            continue
        end = rest.rfind(b"\n") + 1
        # Inside a quoted cell the quotes so far are odd in number.
        while end and dialect.is_quoted and rest.count(b'"', 0, end) % 2:
            end = rest.rfind(b"\n", 0, end - 1) + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > BLOCK_BYTES:
            raise FileRefused(
                f"a row is longer than {BLOCK_BYTES // 1024**2} MB; a quote is left open, or the "
                "file is damaged",
                code="row_too_long",
            )
    if rest.strip() and not to_skip:
        yield rest


def _utf8(file: IO[bytes], dialect: Dialect) -> Iterator[bytes]:
    decode = codecs.getincrementaldecoder(dialect.encoding)("replace")
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    while block := file.read(BLOCK_BYTES):
        if dialect.encoding == "utf-8-sig" and not dialect.has_bare_cr:
            yield block
        elif dialect.has_bare_cr:
            yield newlines.decode(decode.decode(block)).encode()
        else:
            yield decode.decode(block).encode()


def _cells(text: bytes, dialect: Dialect, columns: int) -> pl.DataFrame:
    """Split records into cells, all text. What polars calls malformed, the slower `csv` can read:
    a quote in the middle of a cell is a quote."""
    names = [f"c{place}" for place in range(columns)]
    schema = dict.fromkeys(names, pl.String)
    try:
        return pl.read_csv(
            text,
            has_header=False,
            separator=dialect.delimiter,
            quote_char='"' if dialect.is_quoted else None,
            schema=schema,
            truncate_ragged_lines=True,
            missing_columns="insert",
        )
    except pl.exceptions.ComputeError:
        rows = csv.reader(io.StringIO(text.decode(), newline=""), delimiter=dialect.delimiter)
        try:
            padded = list(zip_longest(*rows, fillvalue=None))
        except csv.Error as error:
            raise FileRefused(f"the rows cannot be read as CSV: {error}") from error
        found = {name: list(cells) for name, cells in zip(names, padded, strict=False)}
        height = len(padded[0]) if padded else 0
        return pl.DataFrame({name: found.get(name, [None] * height) for name in names}, schema)


def _with_long_rows_marked(cells: pl.DataFrame, text: bytes, columns: int) -> pl.DataFrame:
    """In a comma file, fill the last column of rows with a comma too many even if it is empty.

    1.234,56 without quotes moves every cell behind it one place on: 1.234 would be read as the
    value. With an empty last cell nothing else would tell.
    """
    lines = pl.Series(text.decode().removesuffix("\n").split("\n"), dtype=pl.String)
    if len(lines) != len(cells):  # line breaks inside quotes; whoever quotes, quotes commas too
        return cells
    is_long = lines.str.count_matches(",", literal=True) >= columns
    is_long &= ~lines.str.contains('"', literal=True)
    last = f"c{columns}"
    marked = cells[last].set((is_long & cells[last].is_null()).fill_null(False), ",")
    return cells.with_columns(marked.alias(last))
