"""The rows of an export as they come from the database."""

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import flask

from kit import errors, http

if TYPE_CHECKING:
    import psycopg

BODY_BYTES = 1024 * 1024  # a selection of 10,000 ids has 400 kB
BLOCK_BYTES = 64 * 1024  # small enough to arrive soon, large enough that the loop costs nothing
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


def rows(
    opening: "contextlib.AbstractContextManager[psycopg.Connection[Any]]", selection: str
) -> Iterator[bytes]:
    """The day of the tenant first, once nothing can be refused any more; then the file."""
    with opening as connection:
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
