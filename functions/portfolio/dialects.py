"""How a CSV is written: encoding, quotes, line ends, delimiter and where its header stands."""

import codecs
import contextlib
import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from portfolio import headers
from portfolio.uploads import CHUNK_BYTES, IN_MEMORY_BYTES, FileRefused

DELIMITERS = (";", ",", "\t", "|")
# Reports put a title, a date and a few blank lines above the header; more is another document.
HEADER_WITHIN_ROWS = 20
HEADER_BYTES = 65_536  # the header and what stands above it; 300 long column names fit
COLUMNS = 300  # the widest creditor file seen has 90
REQUIRED = ("contract", "due_on", "principal")


@dataclass(frozen=True)
class Dialect:
    """How to read the file's bytes.

    encoding     a codec's name
    delimiter    one character
    is_quoted    cells may stand in double quotes; false where the quotes do not pair up
    has_bare_cr  lines may end in a lone carriage return
    header_row   the header's place as a spreadsheet counts, 1 for the first
    header_lines text lines up to and with the header
    """

    encoding: str
    delimiter: str
    is_quoted: bool
    has_bare_cr: bool
    header_row: int
    header_lines: int


@contextlib.contextmanager
def as_utf8(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The file itself, or a UTF-8 copy of it when it is UTF-16 (Excel's "Unicode text")."""
    head = file.read(256)
    file.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(head) >= 8 and not any(head[1:64:2]):
        encoding = "utf-16-le"
    elif len(head) >= 8 and not any(head[0:64:2]):
        encoding = "utf-16-be"
    else:
        yield file
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as copy:
        try:
            while chunk := file.read(CHUNK_BYTES):
                copy.write(decoder.decode(chunk).encode())
            copy.write(decoder.decode(b"", final=True).encode())
        except UnicodeError as error:
            raise FileRefused(
                "the file begins as UTF-16 and breaks off; export it again"
            ) from error
        copy.seek(0)
        yield copy


def detect(file: IO[bytes]) -> tuple[Dialect, headers.Layout]:
    """Look through the whole file once (an accent may come in the last line), and back again."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, quotes, returns, pairs, size, last = True, 0, 0, 0, 0, b""
    while chunk := file.read(CHUNK_BYTES):
        if b"\0" in chunk:
            raise FileRefused("the file holds NUL bytes; it is damaged or not a text file")
        if is_utf8:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
        quotes += chunk.count(b'"')
        returns += chunk.count(b"\r")
        pairs += (last + chunk).count(b"\r\n")
        last = chunk[-1:] if chunk.endswith(b"\r") else b""
        size += len(chunk)
    file.seek(0)
    head = file.read(HEADER_BYTES)
    file.seek(0)
    if not head.strip():
        raise FileRefused("the file is empty", code="file_empty")
    encoding = "utf-8-sig" if is_utf8 else _eight_bit(head)
    sample = io.StringIO(head.decode(encoding, "replace"), newline=None).read()
    delimiter, header_row, header_lines, layout = _header(sample, is_quoted=quotes % 2 == 0)
    dialect = Dialect(
        encoding=encoding,
        delimiter=delimiter,
        is_quoted=quotes > 0 and quotes % 2 == 0,
        has_bare_cr=returns != pairs,
        header_row=header_row,
        header_lines=header_lines,
    )
    return dialect, layout


def _eight_bit(head: bytes) -> str:
    """Windows-1252, or Latin-1 where a byte has no meaning in Windows-1252."""
    try:
        head.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _header(sample: str, *, is_quoted: bool) -> tuple[str, int, int, headers.Layout]:
    """The row that names most of our columns, and the delimiter that makes it so."""
    best: tuple[int, int, str, int, int, list[str]] | None = None
    for delimiter in DELIMITERS:
        reader = csv.reader(
            io.StringIO(sample),
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE,
        )
        try:
            for number, cells in enumerate(reader, start=1):
                if number > HEADER_WITHIN_ROWS:
                    break
                # The earliest of equals: a data row may hold the word "Cliente" by chance.
                score = (headers.recognised(cells), -number)
                if best is None or score > best[:2]:
                    best = (*score, delimiter, number, reader.line_num, cells)
        except csv.Error as error:
            raise FileRefused(f"the first rows cannot be read as CSV: {error}") from error
    if best is None or best[0] == 0:
        raise FileRefused(
            "no row with column names was found; the first row must name the columns, "
            "for example CPF/CNPJ;Nome;Contrato;Vencimento;Valor"
        )
    _, _, delimiter, number, lines, cells = best
    if len(cells) > COLUMNS:
        raise FileRefused(f"the header has {len(cells)} columns; at most {COLUMNS} are read")
    layout = headers.layout(cells)
    if not layout.documents:
        raise FileRefused(
            "no column holds the CPF or CNPJ; name one CPF/CNPJ", code="document_column_missing"
        )
    missing = [field for field in REQUIRED if field not in layout.fields]
    if missing:
        wanted = {"contract": "Contrato", "due_on": "Vencimento", "principal": "Valor"}
        raise FileRefused(
            "name the columns " + ", ".join(wanted[field] for field in missing),
            code="columns_missing",
        )
    return delimiter, number, lines, layout
