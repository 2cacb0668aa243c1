"""A portfolio (CSV, XLSX, JSON) comes in; its rows become clients, phones and debts."""

import functools
import time

import flask
import functions_framework

from kit import db, errors, log
from portfolio import callers, options, uploads


@functions_framework.http
@errors.as_http
def portfolio_import(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST a file, an array or lines of JSON, by a person's session or a tenant's API key.

    200 {"import_id", "status", "rows", "accepted", "rejected", …}: private.import_answer;
    step=preview: portfolio.preview.show.
    """
    if request.method != "POST":
        raise errors.MethodNotAllowed("send the file with POST")
    options.check(request.args)
    caller = callers.known(request)  # nobody unknown makes us read a file
    opened = functools.partial(db.as_person, caller.claims, caller.tenant)
    started = time.monotonic()

    from portfolio import journal, preview, staging  # polars: only these calls pay for loading it

    with uploads.received(request) as upload:
        key = request.headers.get("Idempotency-Key")
        said = options.read(request.args, upload.mapping, key, caller.api_key_id)
        with opened() as connection:
            if request.args.get("step") == "preview":
                return preview.show(connection, upload, said)
            watched = journal.Journal(opened, said.import_id)
            answer, is_replayed = staging.watched(connection, upload, said, watched)
    duration_ms = int((time.monotonic() - started) * 1000)
    log.event("imported", rows=answer["rows"], duration_ms=duration_ms)
    return answer, 200, {"Idempotency-Replayed": "true"} if is_replayed else {}
