"""A portfolio file (CSV) comes in; its rows become clients, phones and debts of the caller."""

import time

import flask
import functions_framework

from kit import db, errors, http, log

SWITCH = {"true": True, "1": True, "false": False, "0": False, "": False}
# `apikey` is the platform's own; the gateway reads it here or in the header.
OPTIONS = frozenset({"dry_run", "creditor", "apikey"})


@functions_framework.http
@errors.as_http
def portfolio_import(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST ?dry_run=true|false&creditor=<name or id>, a multipart file or a text/csv body.

    200 {"import_id", "status", "rows", "accepted", "rejected", …}: private.import_portfolio.
    """
    if request.method != "POST":
        raise errors.MethodNotAllowed("send the file with POST")
    http.claims(request)  # nobody unknown makes us read a file
    dry_run, creditor = _options(request)
    started = time.monotonic()

    from portfolio import staging, uploads  # polars: only this function's calls pay for loading it

    with uploads.received(request) as upload, db.as_caller(request) as connection:
        answer = staging.run(connection, upload, creditor, dry_run=dry_run)

    duration_ms = int((time.monotonic() - started) * 1000)
    log.event("imported", rows=answer["rows"], duration_ms=duration_ms)
    return answer


def _options(request: flask.Request) -> tuple[bool, str | None]:
    # A misspelt ?dryrun=true must not import in earnest.
    if unknown := set(request.args) - OPTIONS:
        raise errors.MalformedPayload(f"unknown option: {', '.join(sorted(unknown))}")
    switch = request.args.get("dry_run", "").lower()
    if switch not in SWITCH:
        raise errors.MalformedPayload("dry_run is true or false")
    creditor = " ".join(request.args.get("creditor", "").split())
    if "\0" in creditor:
        raise errors.MalformedPayload("creditor is a name or an id, without NUL")
    return SWITCH[switch], creditor or None
