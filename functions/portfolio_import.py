"""A portfolio (CSV, XLSX, JSON) comes in; its rows become clients, phones and debts."""

import functools
import time

import flask
import functions_framework

from kit import db, errors, log
from portfolio import callers, options


@functions_framework.http
@errors.as_http
def portfolio_import(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST a file, an array or lines of JSON, by a person's session or a tenant's API key.

    200 {"import_id", "status", "rows", "accepted", "rejected", …}: private.import_answer;
    step=preview: portfolio.preview.show, and with keep=true {"upload": id}, where there is room
    for it: who looks, rehearses and imports names it in ?upload= and sends the file once.
    """
    if request.method != "POST":
        raise errors.MethodNotAllowed("send the file with POST")
    options.check(request.args)
    caller = callers.known(request)  # nobody unknown makes us read a file
    opened = functools.partial(db.as_person, caller.claims, caller.tenant)
    started = time.monotonic()

    # polars: only these calls pay for loading it
    from portfolio import journal, kept, preview, staging

    with kept.opened(request, opened) as (upload, upload_id):
        key = request.headers.get("Idempotency-Key")
        said = options.read(request.args, upload.mapping, key, caller.api_key_id)
        with opened() as connection:
            if request.args.get("step") == "preview":
                shown = preview.show(connection, upload, said)
                if upload_id is None and kept.wanted(request):
                    upload_id = kept.keep(connection, upload)
                return shown | ({"upload": upload_id} if upload_id else {})
            watched = journal.Journal(opened, said.import_id)
            answer, is_replayed = staging.watched(connection, upload, said, watched)
    if upload_id and not said.dry_run:
        kept.drop(opened, upload_id)
    duration_ms = int((time.monotonic() - started) * 1000)
    log.event("imported", rows=answer["rows"], duration_ms=duration_ms)
    return answer, 200, {"Idempotency-Replayed": "true"} if is_replayed else {}
