"""Sweeps what the provider lists as paid on the last days, twice a day and on demand, and records
what callbacks lost. A day that could not be read whole stays unreconciled, with the reason."""

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
    unasked = negociarie.PaidDay([], failure=FailureClass.RATE_LIMITED)
    listed = negociarie.list_paid(day.settings, client_secret, day.day) if calls else unasked
    seen = Counter(record(day.integration_id, item) for item in listed.items)
    new, doubtful = seen["recorded"] + seen["orphan"], seen["contradiction"]
    is_partly_read = listed.unreadable + seen["unreadable"] > 0
    problem = listed.failure or ("lines_unreadable" if is_partly_read else None)
    counts = (len(listed.items), new, doubtful, problem)
    with db.as_worker() as tx:
        tx.execute("select private.finish_reconciliation(%s, %s, %s, %s, %s)", (sweep_id, *counts))
    told = {"found": len(listed.items), "recovered": new, "quarantined": doubtful}
    return Counter(told | {"days": 1, "failed": 1 if problem else 0})


@functions_framework.http
@errors.as_http
def reconcile_payments(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    with db.as_worker() as tx:
        days = tx.execute("select * from private.reconciliation_days(%s)", (DAYS,)).fetchall()
    with ThreadPoolExecutor(SWEEPERS) as sweepers:
        sweeps = [sweepers.submit(sweep, day) for day in days]  # all are tried, whatever fails
    total: Counter[str] = sum((one.result() for one in sweeps), Counter())
    log.event("payments_reconciled", found=total["found"], recovered=total["recovered"])
    return {n: total[n] for n in ("days", "failed", "found", "recovered", "quarantined")}
