"""The rows of an export as they come from the database."""

import contextlib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import flask

from kit import errors, http

if TYPE_CHECKING:
    import psycopg

    from portfolio.journal import Opener

    Opening = contextlib.AbstractContextManager[psycopg.Connection[Any]]

BODY_BYTES = 1024 * 1024  # a selection of 10,000 ids has 400 kB
BLOCK_BYTES = 64 * 1024  # small enough to arrive soon, large enough that the loop costs nothing
FETCHED_ROWS = 2000  # some hundred kB at once
SHEET = "Resultados"
MARK = b"\xef\xbb\xbf"  # by it a spreadsheet knows UTF-8


def selection(request: flask.Request) -> str:
    """The selection as sent, in the query or in the body."""
    text: str | bytes = request.args.get("selection", "")
    if request.method == "POST":
        text = http.body(request, BODY_BYTES)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.MalformedPayload("the selection is JSON") from error
    if request.method == "POST":
        said = said.get("selection") if isinstance(said, dict) else None
    if not isinstance(said, dict):
        raise errors.MalformedPayload("the selection is an object")
    try:
        written = json.dumps(said, ensure_ascii=False, allow_nan=False)
        written.encode()
    except ValueError as error:  # 1e400, or half a character
        raise errors.MalformedPayload("the selection holds what is no text or number") from error
    if "\\u0000" in written:  # SQL's text has no NUL
        raise errors.MalformedPayload("the selection holds NUL")
    return written


def of_clients(opened: "Opener", selected: str, run_id: str) -> Iterator[bytes]:
    """The day of the tenant first, once nothing can be refused any more; then the file.

    The audit is committed before anything leaves, and says at the end whether all of it did. What
    breaks in between breaks the answer, too: it tells no length and never comes to its end.
    """
    with opened() as connection:
        connection.execute("select private.begin_export(%s, %s)", (run_id, selected))
    ask = "select private.open_export(%s, %s)"
    end = "select private.close_export(%s, true)"
    try:
        yield from rows(opened(), ask, (selected, run_id), (end, run_id))
    except BaseException:
        # The sweep says it as well, a minute later: this is for whoever is looking at the page.
        with contextlib.suppress(errors.AppError), opened() as connection:
            connection.execute("select private.close_export(%s, false)", (run_id,))
        raise


def rows(
    opening: "Opening", ask: str, values: tuple[object, ...], end: tuple[str, str] | None = None
) -> Iterator[bytes]:
    """The day of the tenant first, once nothing can be refused any more; then the file.

    `ask` is a query for the statement to COPY, which writes the audit in the same transaction
    unless it is begun already; `end` what is said, and of what, when the last byte was taken.
    """
    with opening as connection:
        opened = _opened(connection, ask, values)
        statement = f"copy ({opened.statement}) to stdout (format csv, header, delimiter ';')"
        yield opened.day.encode()
        try:
            with connection.transaction(), connection.cursor().copy(statement.encode()) as copy:
                block = MARK
                for line in copy:
                    block += line
                    if len(block) >= BLOCK_BYTES:
                        yield block
                        block = b""
                yield block
        except GeneratorExit:
            connection.commit()  # who hangs up before the end has still been given what came
            raise
        if end is not None:
            connection.execute(end[0].encode(), (end[1],))


def workbook(opening: "Opening", ask: str, values: tuple[object, ...]) -> Iterator[bytes]:
    """The same as a workbook of texts, built on disk before its first byte: its index is its end.

    Raises file_too_large (413) for more rows than a sheet has.
    """
    from portfolio import rejects  # a workbook is asked for seldom

    with opening as connection:
        opened = _opened(connection, ask, values)
        # A cursor of the server's: the rows never are in memory together.
        with connection.cursor(name="export") as cursor:
            cursor.itersize = FETCHED_ROWS
            cursor.execute(opened.statement.encode())
            titles = [column.name for column in cursor.description or []]
            table = itertools.chain([titles], cursor)
            file = rejects.as_xlsx(_texts(table, rejects.SHEET_ROWS), SHEET)
    yield opened.day.encode()
    yield from rejects.blocks(file)


def _opened(connection: "psycopg.Connection[Any]", ask: str, values: tuple[object, ...]) -> Any:
    day = "private.today(private.tenant_id())::text as day"
    row = connection.execute(f"select ({ask}) as statement, {day}".encode(), values).fetchone()
    if row is None:
        raise RuntimeError("an export answers one statement")
    return row


def _texts(table: Iterable[Sequence[object]], most: int) -> Iterator[list[str]]:
    for number, cells in enumerate(table, start=1):
        if number > most:
            raise errors.AppError("more than a sheet holds", code="file_too_large", status=413)
        yield ["" if cell is None else str(cell) for cell in cells]
