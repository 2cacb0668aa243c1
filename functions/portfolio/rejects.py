"""The refused rows as a spreadsheet to mend and send again: why, where, and the row as it stood."""

import csv
import io
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO
from xml.sax.saxutils import escape

from portfolio import headers
from portfolio.uploads import IN_MEMORY_BYTES

BLOCK_BYTES = 64 * 1024  # small enough to arrive soon, large enough that the loop costs nothing
SHEET_ROWS = 1_048_576  # the rows of a sheet
NAME_CHARACTERS = 100  # a name goes into a header, and a file system takes 255 bytes
# What a spreadsheet would run. An apostrophe makes it text; the import takes it off again.
_RUNS = re.compile(r"^\s*[=+\-@|%\t\r]")
# Not allowed in XML 1.0.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
REASONS = {
    "columns_misplaced": "a linha tem mais colunas que o cabeçalho",
    "document_missing": "falta o CPF ou CNPJ",
    "document_invalid": "o CPF ou CNPJ não confere",
    "creditor_missing": "falta o credor",
    "contract_missing": "falta o contrato",
    "contract_invalid": "o contrato foi arredondado pela planilha ou é longo demais",
    "installment_invalid": "a parcela não é um número",
    "due_date_missing": "falta o vencimento",
    "due_date_invalid": "o vencimento não é uma data",
    "value_missing": "falta o valor",
    "value_invalid": "o valor não se entende",
    "value_not_positive": "o valor não é maior que zero",
    "name_missing": "falta o nome e a pessoa ainda não é conhecida",
    "name_invalid": "o nome não serve e a pessoa ainda não é conhecida",
    "repeated_with_difference": "o mesmo título aparece em outra linha com dados diferentes",
    "debt_of_another_client": "o título já está na carteira em nome de outra pessoa",
    "debt_paid_in_part": "o título já recebeu pagamentos, e o valor dele não muda por arquivo",
}
PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="Recusados" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

Reject = tuple[int, str, str, str | None, Sequence[str]]


def plain(cell: str) -> str:
    """The cell as text for every spreadsheet, without what would vanish from before a formula."""
    cell = _CONTROL.sub("", cell)
    return "'" + cell if _RUNS.match(cell) else cell


def rows(header: Sequence[str], rejects: Iterable[Reject]) -> Iterator[list[str]]:
    """The sheet's rows, its header first. `rejects` are (line, reason, column, value, cells)."""
    own = [place for place, title in enumerate(header) if headers.fold(title) in headers.OWN_TITLES]
    keep = [place for place in range(len(header)) if place not in own]
    yield [headers.LINE_TITLE, headers.REASON_TITLE, *(plain(header[place]) for place in keep)]
    for line, reason, column, value, cells in rejects:
        sentence = REASONS.get(reason, reason)
        where = f"{column}: {sentence}" if column else sentence
        shown = where if value is None or cells else f"{where} ({value})"
        original = [cells[place] if place < len(cells) else "" for place in keep]
        yield [str(line), plain(shown), *map(plain, original)]


def as_csv(table: Iterable[list[str]]) -> IO[bytes]:
    """The table as a Brazilian spreadsheet opens it: UTF-8 with a mark, semicolons."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  (the answer)
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    csv.writer(text, delimiter=";").writerows(table)
    text.flush()
    text.detach()
    file.seek(0)
    return file


def as_xlsx(table: Iterable[list[str]], title: str = "Recusados") -> IO[bytes]:
    """The table as a workbook of one sheet; every cell is text, so that no zero is eaten."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  (the answer)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in PARTS.items():
            archive.writestr(name, _DECLARATION + text.replace("Recusados", title))
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(
                (
                    _DECLARATION + "<worksheet"
                    ' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
                ).encode()
            )
            for number, cells in enumerate(table, start=1):
                if number <= SHEET_ROWS:
                    sheet.write(_row(number, cells).encode())
            sheet.write(b"</sheetData></worksheet>")
    file.seek(0)
    return file


def _row(number: int, cells: Sequence[str]) -> str:
    written = "".join(
        f'<c r="{_letters(place)}{number}" t="inlineStr"><is>'
        f'<t xml:space="preserve">{escape(cell)}</t></is></c>'
        for place, cell in enumerate(cells)
        if cell
    )
    return f'<row r="{number}">{written}</row>'


def _letters(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def blocks(file: IO[bytes]) -> Iterator[bytes]:
    """The file in pieces, closed behind the last."""
    with file:
        while block := file.read(BLOCK_BYTES):
            yield block


def file_name(original: str | None, kind: str) -> str:
    """What the download is called, in letters that every system takes."""
    stem = (original or "carteira").rpartition("/")[2].partition(".")[0]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    short = re.sub(r"[^A-Za-z0-9_-]+", "-", plain)[:NAME_CHARACTERS].strip("-")
    return f"recusados-{short or 'carteira'}.{kind}"
