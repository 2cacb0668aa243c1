"""A selection of clients as a spreadsheet, streamed from the database as it comes."""

import contextlib
import json
from collections.abc import Iterator

import flask
import functions_framework

from kit import db, errors, http

BODY_BYTES = 1024 * 1024  # a selection of 10,000 ids has 400 kB
BLOCK_BYTES = 64 * 1024  # small enough to arrive soon, large enough that the loop costs nothing
MARK = b"\xef\xbb\xbf"  # by it a spreadsheet knows UTF-8


@functions_framework.http
@errors.as_http
def portfolio_export(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """GET ?selection=<json> or POST {"selection": {…}} → text/csv with semicolons.

    The statement, its audit and what it may show are private.open_export's; refusals come before
    the first byte.
    """
    if request.method not in ("GET", "POST"):
        raise errors.MethodNotAllowed("ask with GET or POST")
    selection = _selection(request)
    rows = _rows(request, selection)
    day = next(rows).decode()
    return flask.Response(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="carteira-{day}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _selection(request: flask.Request) -> str:
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
    return json.dumps(said)


def _rows(request: flask.Request, selection: str) -> Iterator[bytes]:
    """The day of the tenant first, once nothing can be refused any more; then the file."""
    with contextlib.ExitStack() as opened:
        connection = opened.enter_context(db.as_caller(request))
        row = connection.execute(
            "select private.open_export(%s) as statement,"
            " private.today(private.tenant_id())::text as day",
            (selection,),
        ).fetchone()
        if row is None:
            raise RuntimeError("open_export answers one row")
        statement = f"copy ({row.statement}) to stdout (format csv, header, delimiter ';')"
        yield row.day.encode()
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
