"""A workbook (.xlsx) as the CSV that the reader knows, once it is proved to be no bomb.

A workbook is a zip of XML. Everything it holds is inflated once, counting, before a parser that
keeps cells in memory sees any of it: what an entry declares about itself is only a claim.
"""

import contextlib
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import polars as pl

from portfolio import headers
from portfolio.uploads import CHUNK_BYTES, IN_MEMORY_BYTES, FileRefused

if TYPE_CHECKING:
    import fastexcel

# 100,000 rows of eleven columns are 6 MB zipped and 80 MB inflated.
FILE_BYTES = 64 * 1024 * 1024
INFLATED_BYTES = 512 * 1024 * 1024
SHARED_BYTES = 96 * 1024 * 1024  # texts used by several cells; the parser holds all of them
RATIO = 250  # the same row repeated 100,000 times inflates 60 times
RATIO_FROM_BYTES = 8 * 1024 * 1024  # small entries may be as repetitive as they like
ENTRIES = 1000  # a workbook of 300 sheets
# The parser holds a rectangle up to the last row and column in use, 30 bytes for each place.
CELLS = 6_000_000
SHEETS = 50
HEAD_ROWS = 40  # twice as far as a header is looked for
WORKBOOK = "xl/workbook.xml"
# Cell references beyond Z99999; those within need no counting.
_LARGE = re.compile(rb"""r\s*=\s*["'](?:([A-Z]{2,3})([0-9]{1,7})|[A-Z]([0-9]{6,7}))["']""")
_INSIDE_COLUMNS, _INSIDE_ROWS = 26, 99_999
_OVERLAP = 64  # bytes; no reference or word looked for is longer


class WorkbookRefused(FileRefused):
    """A workbook that is damaged, or larger inside than anybody's portfolio."""

    status, code = 400, "workbook_refused"


@contextlib.contextmanager
def as_csv(file: IO[bytes], sheet: str | None) -> Iterator[tuple[IO[bytes], str]]:
    """The named sheet, or the one that holds a portfolio, as UTF-8 CSV; and its name.

    Row n of the sheet is record n of the CSV. Formulas come as the value they last had.
    """
    with _opened(file) as reader:
        name = _chosen(reader, sheet)
        frame = _texts(reader, name)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as copy:
        frame.write_csv(copy, include_header=False, separator=";")
        del frame
        copy.seek(0)
        yield copy, name


def sheets(file: IO[bytes]) -> list[str]:
    """Names of the visible sheets that hold rows."""
    with _opened(file) as reader:
        return _filled(reader)


def guard(file: IO[bytes]) -> None:
    """Raise WorkbookRefused for what is no workbook or would not fit into memory."""
    file.seek(0, 2)
    if file.tell() > FILE_BYTES:
        raise WorkbookRefused(
            f"a workbook of at most {FILE_BYTES // 1024**2} MB is read; save it as CSV",
            code="file_too_large",
            status=413,
        )
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            _check_entries(archive)
            inflated = 0
            for entry in archive.infolist():
                inflated += _inflate(archive, entry, INFLATED_BYTES - inflated)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WorkbookRefused("the workbook is damaged or cut off; save it again") from error
    finally:
        file.seek(0)


def _check_entries(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > ENTRIES or len(names) < len(entries):
        raise WorkbookRefused(f"a workbook has at most {ENTRIES} different parts")
    if WORKBOOK not in names:
        raise WorkbookRefused("this is a zip without a workbook; send the .xlsx itself")
    if any(entry.flag_bits & 1 for entry in entries):
        raise WorkbookRefused("the workbook has a password; save it without one")
    if sum(entry.file_size for entry in entries) > INFLATED_BYTES:
        raise WorkbookRefused(f"the workbook is larger inside than {INFLATED_BYTES // 1024**2} MB")


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, allowed: int) -> int:
    """Read one part to its end, counting; its size. Parts declare sizes, bombs declare lies."""
    is_sheet = entry.filename.startswith("xl/worksheets/")
    limit = min(allowed, SHARED_BYTES) if entry.filename == "xl/sharedStrings.xml" else allowed
    size, last, columns, rows = 0, b"", _INSIDE_COLUMNS, _INSIDE_ROWS
    with archive.open(entry) as part:
        while chunk := part.read(CHUNK_BYTES):
            size += len(chunk)
            is_dense = size > RATIO_FROM_BYTES and size > RATIO * max(entry.compress_size, 1)
            if size > limit or is_dense:
                raise WorkbookRefused("the workbook is far larger inside than outside; save as CSV")
            window = last + chunk
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window or window.startswith(_UTF_16):
                raise WorkbookRefused("the workbook defines entities, which no spreadsheet does")
            if is_sheet:
                for letters, row, other in _LARGE.findall(window):
                    columns = max(columns, _column(letters))
                    rows = max(rows, int(row or other))
                if columns * rows > CELLS:
                    raise WorkbookRefused(
                        "the sheet is in use up to a far row or column; delete what is empty "
                        "there, or save as CSV"
                    )
            last = window[-_OVERLAP:]
    return size


_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"\0<", b"<\0")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


@contextlib.contextmanager
def _opened(file: IO[bytes]) -> Iterator["fastexcel.ExcelReader"]:
    import fastexcel

    guard(file)
    # By path, so that the parser reads the zip piece by piece.
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as copy:
        while chunk := file.read(CHUNK_BYTES):
            copy.write(chunk)
        copy.flush()
        file.seek(0)
        try:
            yield fastexcel.read_excel(copy.name)
        except fastexcel.FastExcelError as error:
            raise WorkbookRefused("the workbook is damaged; save it again") from error


def _filled(reader: "fastexcel.ExcelReader") -> list[str]:
    if len(reader.sheet_names) > SHEETS:
        raise WorkbookRefused(f"the workbook has more than {SHEETS} sheets; save one as CSV")
    found = []
    for name in reader.sheet_names:
        sheet = reader.load_sheet(name, header_row=None, n_rows=HEAD_ROWS, dtypes="string")
        if sheet.visible == "visible" and sheet.height:
            found.append(name)
    return found


def _chosen(reader: "fastexcel.ExcelReader", wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in reader.sheet_names:
            raise FileRefused(
                "the sheets are " + ", ".join(reader.sheet_names), code="sheet_unknown"
            )
        return wanted
    filled = _filled(reader) if len(reader.sheet_names) > 1 else reader.sheet_names
    whole = [name for name in filled if len(filled) == 1 or _is_portfolio(reader, name)]
    if len(whole) > 1:
        raise FileRefused(
            "several sheets hold portfolios, name one in ?sheet=: " + ", ".join(whole),
            code="sheet_ambiguous",
        )
    if not filled:
        raise FileRefused("the workbook is empty", code="file_empty")
    return whole[0] if whole else filled[0]


def portfolios(file: IO[bytes]) -> list[str]:
    """Names of the sheets whose header names all that a portfolio needs."""
    with _opened(file) as reader:
        return [name for name in _filled(reader) if _is_portfolio(reader, name)]


def _is_portfolio(reader: "fastexcel.ExcelReader", name: str) -> bool:
    head = _texts(reader, name, rows=HEAD_ROWS)
    return any(
        not headers.missing(headers.layout([cell or "" for cell in row])) for row in head.rows()
    )


def _texts(reader: "fastexcel.ExcelReader", name: str, rows: int | None = None) -> pl.DataFrame:
    sheet = reader.load_sheet(name, header_row=None, skip_rows=0, n_rows=rows, dtypes="string")
    frame = sheet.to_polars()
    return frame.with_columns(_decimals_apart(column) for column in frame.get_columns())


def _decimals_apart(column: pl.Series) -> pl.Series:
    """Numbers with three decimals, told from the thousands of people's notation.

    A cell's number comes as text with a dot: 1234.567 would be read as a million. Where other
    numbers of the column have decimals behind a dot, and nobody writes a comma, these are decimals
    too; noughts behind them say so to whoever reads money.
    """
    three = column.str.contains(r"^-?[0-9]+\.[0-9]{3}$").fill_null(False)
    if not three.any():
        return column
    others = column.str.contains(r"^-?[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})$").fill_null(False)
    if not others.any() or column.str.contains(r"[0-9],[0-9]{2}$").any():
        return column
    return column.zip_with(~three, column + "00000")
