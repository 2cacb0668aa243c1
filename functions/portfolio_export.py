"""A selection of clients as a spreadsheet, streamed from the database as it comes."""

import json

import flask
import functions_framework

from kit import db, errors
from portfolio import callers, exports


@functions_framework.http
@errors.as_http
def portfolio_export(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """GET ?selection=<json>, POST {"selection": {…}} or GET ?ticket= → text/csv with semicolons.

    The statement, its audit and what it may show are private.open_export's; refusals come before
    the first byte.
    """
    if request.method not in ("GET", "POST"):
        raise errors.MethodNotAllowed("ask with GET or POST")
    if ticket := callers.ticketed(request, "portfolio-export"):
        caller, said = ticket
        opened, selection = (
            db.as_person(caller.claims, caller.tenant),
            json.dumps(said["selection"]),
        )
    else:
        opened, selection = db.as_caller(request), exports.selection(request)
    rows = exports.rows(opened, "select private.open_export(%s)", (selection,))
    day = next(rows).decode()
    return flask.Response(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="carteira-{day}.csv"',
            "Cache-Control": "no-store",
        },
    )
