"""Asks the dialer for its list of calls, and records those that no webhook told of."""

import json
from collections import Counter
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import threecplus
from providers.threecplus_account import Account

WRITTEN = 200  # calls recorded in one transaction


def sweep(begun: Any) -> Counter[str]:
    """One account's calls since its last whole sweep."""
    with db.as_worker() as tx:
        secret = "select private.integration_secret(%s, 'api_token')"  # noqa: S105  (a statement)
        [(token,)] = tx.execute(secret, (begun.integration_id,)).fetchall()
    listed = threecplus.calls(Account(begun.settings, token), begun.from_at, begun.until_at)
    seen: Counter[str] = Counter()
    for start in range(0, len(listed.items), WRITTEN):
        with db.as_worker() as tx:
            for call in listed.items[start : start + WRITTEN]:
                said = "select private.record_call(%s, %s::jsonb)"
                [(outcome,)] = tx.execute(said, (begun.integration_id, json.dumps(call))).fetchall()
                seen[outcome] += 1
    counts = (len(listed.items), seen["recorded"], listed.failure)
    with db.as_worker() as tx:
        finish = "select private.finish_call_sweep(%s, %s, %s, %s)"
        tx.execute(finish, (begun.sweep_id, *counts))
    return seen + Counter(found=len(listed.items), failed=1 if listed.failure else 0)


@functions_framework.http
@errors.as_http
def threecplus_reconcile(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    with db.as_worker() as tx:
        accounts = tx.execute("select * from private.begin_call_sweeps()").fetchall()
    total: Counter[str] = sum((sweep(account) for account in accounts), Counter())
    log.event("calls_reconciled", found=total["found"], recovered=total["recorded"])
    return {"found": total["found"], "recovered": total["recorded"], "failed": total["failed"]}
