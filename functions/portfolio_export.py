"""A selection of clients as a spreadsheet, streamed from the database as it comes."""

import functools
import json

import flask
import functions_framework

from kit import db, errors, http
from portfolio import callers, exports, options


@functions_framework.http
@errors.as_http
def portfolio_export(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """GET ?selection=<json>, POST {"selection": {…}} or GET ?ticket= → text/csv with semicolons.

    The statement, its audit and what it may show are private.open_export's; refusals come before
    the first byte.
    """
    if request.method not in ("GET", "POST"):
        raise errors.MethodNotAllowed("ask with GET or POST")
    ticket = callers.ticketed(request, "portfolio-export")
    caller, said = ticket or (None, {})
    claims = caller.claims if caller else http.claims(request)
    selection = json.dumps(said["selection"]) if ticket else exports.selection(request)
    tenant = caller.tenant if caller else request.headers.get("x-tenant-id")
    opened = functools.partial(db.as_person, claims, tenant)
    # The page chooses the id by which it asks how the download ended.
    rows = exports.of_clients(opened, selection, options.import_id(str(said.get("run_id") or "")))
    day = next(rows).decode()
    return flask.Response(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="carteira-{day}.csv"',
            "Cache-Control": "no-store",
        },
    )
