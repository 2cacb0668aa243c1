"""A portfolio (CSV, XLSX, JSON) comes in; its rows become clients, phones and debts."""

import functools
import time

import flask
import functions_framework

from kit import db, errors, log

SWITCH = {"true": True, "1": True, "false": False, "0": False, "": False}
# `apikey` is the platform's own; the gateway reads it here or in the header.
OPTIONS = frozenset(
    {"dry_run", "creditor", "apikey", "step", "absent", "mapping", "sheet", "import_id"}
)
STEPS = ("import", "preview")
POLICIES = ("leave", "return")


@functions_framework.http
@errors.as_http
def portfolio_import(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST a file, an array or lines of JSON, by a person's session or a tenant's API key.

    200 {"import_id", "status", "rows", "accepted", "rejected", …}: private.close_import;
    step=preview: portfolio.preview.show.
    """
    if request.method != "POST":
        raise errors.MethodNotAllowed("send the file with POST")
    _check(request)
    started = time.monotonic()

    # polars: only this function's calls pay for loading it
    from portfolio import callers, journal, preview, staging, uploads
    from portfolio import options as said

    caller = callers.known(request)  # nobody unknown makes us read a file
    opened = functools.partial(db.as_person, caller.claims, caller.tenant)
    is_program = caller.api_key_id is not None
    with uploads.received(request) as upload:
        options = said.Options(
            creditor=" ".join(request.args.get("creditor", "").split()) or None,
            dry_run=SWITCH[request.args.get("dry_run", "").lower()],
            absent=request.args.get("absent", "leave"),
            mapping=said.mapping(upload.mapping or request.args.get("mapping")),
            sheet=request.args.get("sheet") or None,
            import_id=said.import_id(request.args.get("import_id")),
            idempotency_key=said.idempotency_key(
                request.headers.get("Idempotency-Key"), is_required=is_program
            ),
            api_key_id=caller.api_key_id,
        )
        if request.args.get("step") == "preview":
            with opened() as connection:
                return preview.show(connection, upload, options)
        with opened() as connection:
            answer, is_replayed = staging.watched(
                connection, upload, options, journal.Journal(opened, options.import_id)
            )
    duration_ms = int((time.monotonic() - started) * 1000)
    log.event("imported", rows=answer["rows"], duration_ms=duration_ms)
    return answer, 200, {"Idempotency-Replayed": "true"} if is_replayed else {}


def _check(request: flask.Request) -> None:
    # A misspelt ?dryrun=true must not import in earnest.
    if unknown := set(request.args) - OPTIONS:
        raise errors.MalformedPayload(f"unknown option: {', '.join(sorted(unknown))}")
    if request.args.get("dry_run", "").lower() not in SWITCH:
        raise errors.MalformedPayload("dry_run is true or false")
    for name, words in (("step", STEPS), ("absent", POLICIES)):
        if request.args.get(name, words[0]) not in words:
            raise errors.MalformedPayload(f"{name} is one of: {', '.join(words)}")
