"""Asks the dialer for its list of calls, and records those that no webhook told of."""

import json
import time
from collections import Counter
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import threecplus
from providers.threecplus_account import Account

BUDGET_SECONDS = 45  # of all accounts; the next sweep, ten minutes later, goes on from there


def sweep(begun: Any, deadline: float) -> Counter[str]:
    """One account's calls since its last sweep, page by page; as far as the time allows."""
    with db.as_worker() as tx:
        secret = "select private.integration_secret(%s, 'api_token')"  # noqa: S105  (a statement)
        [(token,)] = tx.execute(secret, (begun.integration_id,)).fetchall()
    seen: Counter[str] = Counter()
    read_until, failure = begun.from_at, None
    pages = threecplus.call_pages(Account(begun.settings, token), begun.from_at, begun.until_at)
    for page in pages:
        for call in page.calls:
            # A call's number is held to the end of its transaction: nobody's screen waits for more.
            with db.as_worker() as tx:
                said = "select private.record_call(%s, %s::jsonb)"
                [(outcome,)] = tx.execute(said, (begun.integration_id, json.dumps(call))).fetchall()
            seen[outcome] += 1
        read_until, failure = page.read_until or read_until, page.failure
        if failure or time.monotonic() > deadline:
            break
    with db.as_worker() as tx:
        finish = "select private.finish_call_sweep(%s, %s, %s, %s, %s)"
        counts = (seen.total(), seen["recorded"], failure, read_until)
        tx.execute(finish, (begun.sweep_id, *counts))
    return Counter(found=seen.total(), recovered=seen["recorded"], failed=1 if failure else 0)


@functions_framework.http
@errors.as_http
def threecplus_reconcile(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    deadline = time.monotonic() + BUDGET_SECONDS
    swept: list[Any] = []
    total: Counter[str] = Counter(found=0, recovered=0, failed=0)
    while time.monotonic() < deadline:
        with db.as_worker() as tx:
            begin = "select * from private.begin_call_sweep(%s)"
            begun = tx.execute(begin, (swept,)).fetchone()
        if begun is None:
            break
        swept.append(begun.integration_id)
        total.update(sweep(begun, deadline))
    log.event("calls_reconciled", found=total["found"], recovered=total["recovered"])
    return dict(total)
