"""The wizard's first step: what the file looks like, and what only a person can say about it."""

from typing import TYPE_CHECKING, Any

import polars as pl

from portfolio import cells, headers, reading, staging, tables, workbooks
from portfolio.options import Options
from portfolio.uploads import FileRefused, Upload

if TYPE_CHECKING:
    import psycopg

ROWS = 20  # of the file, shown; enough to see what a column holds
SAMPLES = 5
CELL_CHARACTERS = 200
NEW_CREDITORS = 20  # named; an agency works for tens of them


def show(connection: "psycopg.Connection[Any]", upload: Upload, options: Options) -> dict[str, Any]:
    """{"format", "sheet", "sheets", "header_row", "columns", "rows", "mapping", "source",
    "questions", "unknown", "new_creditors"}; writes nothing. `columns[].field` is a field, extra
    or ignore."""
    row = connection.execute(
        "select id from public.creditors where tenant_id = private.tenant_id()"
        " and (id::text = lower(%s) or name_key = private.search_key(%s))",
        (options.creditor, options.creditor),
    ).fetchone()
    sheets = workbooks.sheets(upload.file) if upload.kind == "xlsx" else []
    questions: list[dict[str, Any]] = []
    sheet = options.sheet
    if sheet is None and len(sheets) > 1:
        whole = workbooks.portfolios(upload.file)
        if len(whole) > 1:
            questions.append({"field": "sheet", "required": True, "candidates": whole})
            sheet = whole[0]
    with tables.read(upload, sheet) as table:
        said = dict(options.mapping)
        saved = (
            {} if said else staging.saved_mapping(connection, row[0] if row else None, table.header)
        )
        layout = headers.layout(table.header, said or saved)
        if not headers.recognised(table.header) and len(layout.header) < len(headers.REQUIRED) + 1:
            raise FileRefused("no row looks like a header with the columns of a portfolio")
        block = _first_block(table, len(layout.header))
    cell = pl.col(r"^c\d+$").str.slice(0, CELL_CHARACTERS)
    frame = block.head(ROWS).with_columns(cell)
    meanings = _meanings(layout, said or saved)
    free = [
        title
        for column, title in enumerate(layout.header)
        if column in layout.extra and title not in said
    ]
    questions += [
        {"field": field, "required": True, "candidates": free} for field in headers.missing(layout)
    ]
    if options.creditor is None and "creditor" not in layout.fields:
        questions.append({"field": "creditor", "required": True, "candidates": free})
    return {
        "format": upload.kind,
        "sheet": table.sheet,
        "sheets": sheets,
        "header_row": table.dialect.header_row,
        "columns": [
            {"title": title, "field": meanings.get(column), "samples": _samples(frame, column)}
            for column, title in enumerate(layout.header)
        ],
        "rows": [list(cells[:-1]) for _, *cells in frame.iter_rows()],
        "mapping": {
            layout.header[column]: meaning
            for column, meaning in meanings.items()
            if layout.header[column]
        },
        "source": "saved" if saved else "guess",
        "questions": questions,
        "unknown": [layout.header[column] for column in layout.extra],
        "new_creditors": _new_creditors(connection, block, layout),
    }


def _first_block(table: tables.Table, columns: int) -> pl.DataFrame:
    for frame in reading.blocks(table.file, table.dialect, columns):
        if len(frame):
            return frame
    raise FileRefused("the file names its columns and has no rows", code="file_empty")


def _new_creditors(
    connection: "psycopg.Connection[Any]", block: pl.DataFrame, layout: headers.Layout
) -> list[str]:
    """Names of the first block (of most files that is all) that no creditor of the tenant has:
    only an admin's import may bring them."""
    if "creditor" not in layout.fields:
        return []
    named = cells.creditor(block[f"c{layout.fields['creditor']}"]).drop_nulls().unique()
    return [
        name
        for (name,) in connection.execute(
            "select min(written.name) from unnest(%s::text[]) as written (name)"
            " where not exists (select from public.creditors"
            " where creditors.tenant_id = private.tenant_id()"
            " and creditors.name_key = private.search_key(written.name))"
            " group by private.search_key(written.name) order by 1 limit %s",
            (named.to_list(), NEW_CREDITORS),
        )
    ]


def _samples(frame: pl.DataFrame, column: int) -> list[str]:
    cells = frame[f"c{column}"].str.strip_chars().replace("", None).drop_nulls()
    return cells.unique(maintain_order=True).head(SAMPLES).to_list()


def _meanings(layout: headers.Layout, said: dict[str, str]) -> dict[int, str]:
    """Column → what it will be taken for."""
    found = {column: field for field, column in layout.fields.items()}
    found |= dict.fromkeys(layout.documents, "document")
    for area_code, number in layout.phones:
        found[number] = "phone"
        if area_code is not None:
            found[area_code] = "phone"
    found |= dict.fromkeys(layout.extra, headers.EXTRA)
    ignored = {title for title, meaning in said.items() if meaning == headers.IGNORE}
    found |= {
        column: headers.IGNORE
        for column, title in enumerate(layout.header)
        if title in ignored or headers.fold(title) in headers.OWN_TITLES
    }
    return found
