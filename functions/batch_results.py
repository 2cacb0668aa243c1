"""What became of a bulk send's recipients, as a spreadsheet, for the person who asks."""

import json
import uuid

import flask
import functions_framework

from kit import db, errors
from portfolio import callers, exports

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@functions_framework.http
@errors.as_http
def batch_results(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """GET ?batch_id=<uuid>&outcome=&reason=&format=csv|xlsx, or ?ticket= that says all of it.

    The statement, its audit and what it may show are private.open_batch_export's; refusals come
    before the first byte. CSV is streamed from the database as it comes.
    """
    if request.method != "GET":
        raise errors.MethodNotAllowed("ask with GET")
    ticket = callers.ticketed(request, "batch-results")
    caller, said = ticket or (None, request.args)
    kind = str(said.get("format", "csv"))  # a ticket's may be any JSON
    if kind not in TYPES:
        raise errors.MalformedPayload("format is csv or xlsx")
    try:
        batch_id = uuid.UUID(str(said.get("batch_id")))
    except ValueError as error:
        raise errors.MalformedPayload("batch_id is a UUID") from error
    wish = {key: str(said[key]) for key in ("outcome", "reason") if said.get(key)}
    opened = db.as_person(caller.claims, caller.tenant) if caller else db.as_caller(request)
    read = exports.workbook if kind == "xlsx" else exports.rows
    rows = read(opened, "select private.open_batch_export(%s, %s)", (batch_id, json.dumps(wish)))
    day = next(rows).decode()
    return flask.Response(
        rows,
        content_type=TYPES[kind],
        headers={
            "Content-Disposition": f'attachment; filename="disparo-{day}.{kind}"',
            "Cache-Control": "no-store",
        },
    )
