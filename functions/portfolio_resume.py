"""Continues imports whose process died, and takes large ones back: each where its last commit was.

Woken by the database's sweep and by the page. What somebody is at is let alone: its lock is held,
and so is its tenant's turn.
"""

import time

import flask
import functions_framework

from kit import db, errors, http, log

BUDGET_SECONDS = 240  # a host ends a request after five minutes; the next sweep goes on


def resume(import_id: str, deadline: float) -> str:
    """Step by step until it has ended or the time is over; answers the status then."""
    with db.as_worker() as tx:
        begin = "select private.begin_resumption(%s)"
        [(step,)] = tx.execute(begin, (import_id,)).fetchall()
    while step["status"] == "running" and time.monotonic() < deadline:
        with db.as_worker() as tx:
            advance = "select private.advance_import(%s)"
            [(step,)] = tx.execute(advance, (import_id,)).fetchall()
    return str(step["status"])


@functions_framework.http
@errors.as_http
def portfolio_resume(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    deadline = time.monotonic() + BUDGET_SECONDS
    resumed = 0
    while time.monotonic() < deadline:
        with db.as_worker() as holder:  # held beside the writing ones: it says that we live
            [(import_id,)] = holder.execute("select private.claim_import()").fetchall()
            if import_id is None:
                break
            log.event(
                "import_resumed", import_id=str(import_id), outcome=resume(import_id, deadline)
            )
            resumed += 1
    return {"resumed": resumed}
