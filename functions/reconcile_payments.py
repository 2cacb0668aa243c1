"""Sweeps what the provider lists as paid on the last days, and records what callbacks lost.

Twice a day and on demand. A day that could not be read whole stays unreconciled, with the reason;
a day that fails in a way nobody foresaw keeps no other day and no other account from being swept.
"""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import negociarie
from providers.events import FailureClass

SWEEPERS = 5  # the concurrency production code uses there without complaints
DAYS = 4  # today and three back: a payment is listed up to two banking days late


def record(integration_id: Any, item: dict[str, Any]) -> str:
    """One listed line: what became of it, or `unreadable`."""
    try:
        with db.as_worker() as tx:
            said = "select private.record_payment_event(%s, 'sweep', %s::jsonb)"
            [(outcome,)] = tx.execute(said, (integration_id, json.dumps(item))).fetchall()
    except errors.RefusedByDatabase as refusal:
        if refusal.code != "payment_event_invalid":
            raise
        return "unreadable"
    return str(outcome)


def sweep(day: Any) -> Counter[str]:
    """One day of one account, begun and finished as one row of public.reconciliations."""
    with db.as_worker() as tx:
        begin = (
            "select private.begin_reconciliation(%(id)s, %(day)s), private.take_calls(%(id)s, 1),"
            " private.integration_secret(%(id)s, 'client_secret')"
        )
        ids = {"id": day.integration_id, "day": day.day}
        [(sweep_id, calls, client_secret)] = tx.execute(begin, ids).fetchall()
    listed = negociarie.PaidDay([], failure=FailureClass.RATE_LIMITED)
    if calls:
        listed = negociarie.list_paid(day.settings, client_secret, day.day)
    seen = Counter(record(day.integration_id, item) for item in listed.items)
    seen["unreadable"] += listed.unreadable
    seen["recovered"] = seen["recorded"] + seen["orphan"]
    problem = listed.failure or ("lines_unreadable" if seen["unreadable"] else None)
    counts = (len(listed.items), seen["recovered"], seen["contradiction"], problem)
    with db.as_worker() as tx:
        tx.execute("select private.finish_reconciliation(%s, %s, %s, %s, %s)", (sweep_id, *counts))
    return seen + Counter(found=len(listed.items), days=1, failed=1 if problem else 0)


@functions_framework.http
@errors.as_http
def reconcile_payments(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    with db.as_worker() as tx:
        wanted = "select * from private.reconciliation_days(%s)"
        days = tx.execute(wanted, (DAYS,)).fetchall()
    with ThreadPoolExecutor(SWEEPERS) as sweepers:
        sweeps = [sweepers.submit(sweep, day) for day in days]
    # Every day was tried; the first failure that is a bug surfaces now.
    total: Counter[str] = sum((one.result() for one in sweeps), Counter())
    total["quarantined"] = total["contradiction"]
    log.event("payments_reconciled", found=total["found"], recovered=total["recovered"])
    return {n: total[n] for n in ("days", "failed", "found", "recovered", "quarantined")}
