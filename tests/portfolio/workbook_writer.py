"""Workbooks as programs write them, by hand: what the code under test reads is not what made it."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from portfolio import rejects

Cell = str | int | float | None
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet_xml(rows: Sequence[Sequence[Cell]]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for place, cell in enumerate(row):
            name = f"{chr(65 + place)}{number}"
            if isinstance(cell, str):
                cells.append(f'<c r="{name}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>')
            elif cell is not None:
                cells.append(f'<c r="{name}"><v>{cell!r}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?><worksheet'
        ' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{''.join(lines)}</sheetData></worksheet>"
    )


def parts(sheets: Mapping[str, str]) -> dict[str, str]:
    """The files of a workbook whose sheets have these names and this XML."""
    one = rejects.PARTS
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(sheets, start=1)
    )
    linked = "".join(
        f'<Relationship Id="rId{number}" Type="http://schemas.openxmlformats.org/officeDocument/'
        f'2006/relationships/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    workbook = one["xl/workbook.xml"]
    relations = one["xl/_rels/workbook.xml.rels"]
    return {
        **one,
        "xl/workbook.xml": workbook[: workbook.index("<sheet ")] + listed + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations[: relations.index("<Relationship ")]
        + linked
        + "</Relationships>",
        **{
            f"xl/worksheets/sheet{number}.xml": xml
            for number, xml in enumerate(sheets.values(), start=1)
        },
    }


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


def workbook(**sheets: Sequence[Sequence[Cell]]) -> bytes:
    return zipped(parts({name: sheet_xml(rows) for name, rows in sheets.items()}))


def read(path: str) -> list[list[str]]:
    """Rows of the first sheet of a file without shared strings, dates as Excel's day numbers."""
    with zipfile.ZipFile(path) as archive:
        # Our own file of test data.
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    rows = []
    for row in root.iter(f"{SPREADSHEET}row"):
        cells: dict[int, str] = {}
        for cell in row.iter(f"{SPREADSHEET}c"):
            letter = cell.attrib["r"][0]
            shown = cell.find(f"{SPREADSHEET}v")
            text = "".join(part.text or "" for part in cell.iter(f"{SPREADSHEET}t"))
            cells[ord(letter) - 65] = text or (shown.text or "" if shown is not None else "")
        rows.append([cells.get(place, "") for place in range(max(cells, default=-1) + 1)])
    return rows
