"""Sweeps what the provider lists as paid on the last days, and records what callbacks lost."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import negociarie
from providers.events import FailureClass

SWEEPERS = 5  # the concurrency production code uses there without complaints
BUDGET_SECONDS = 240  # the host ends a request after 300 s, a day that began ends within 30 s
COUNTS = ("found", "recovered", "quarantined")
DAYS = 4  # today and three back: a payment is listed up to two banking days late


def record(integration_id: Any, item: dict[str, Any]) -> str:
    said = "select private.record_payment_event(%s, 'sweep', %s::jsonb)"
    try:
        with db.as_worker() as tx:
            return str(tx.execute(said, (integration_id, json.dumps(item))).fetchall()[0][0])
    except errors.RefusedByDatabase as refusal:
        if refusal.code != "payment_event_invalid":
            raise
    return "unreadable"  # this line; the others of the day are recorded


def sweep(day: Any) -> Counter[str]:
    """One day of one account; one not read whole stays unreconciled, with the reason."""
    with db.as_worker() as tx:
        begin = (
            "select private.begin_reconciliation(%(id)s, %(day)s), private.take_calls(%(id)s, 1),"
            " private.integration_secret(%(id)s, 'client_secret')"
        )
        ids = {"id": day.integration_id, "day": day.day}
        [(run, calls, client_secret)] = tx.execute(begin, ids).fetchall()
    unasked = negociarie.PaidDay([], failure=FailureClass.RATE_LIMITED)
    listed = negociarie.list_paid(day.settings, client_secret, day.day) if calls else unasked
    seen = Counter(record(day.integration_id, item) for item in listed.items)
    told = (len(listed.items), seen["recorded"] + seen["orphan"], seen["contradiction"])
    is_partly_read = listed.unreadable + seen["unreadable"] > 0
    why = listed.failure or ("lines_unreadable" if is_partly_read else None)
    with db.as_worker() as tx:
        tx.execute("select private.finish_reconciliation(%s, %s, %s, %s, %s)", (run, *told, why))
    return Counter(dict(zip(COUNTS, told, strict=True)) | {"days": 1, "failed": 1 if why else 0})


@functions_framework.http
@errors.as_http
def reconcile_payments(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    with db.as_worker() as tx:
        days = tx.execute("select * from private.reconciliation_days(%s)", (DAYS,)).fetchall()
    with ThreadPoolExecutor(SWEEPERS) as sweepers:
        sweeps = [sweepers.submit(sweep, day) for day in days]  # all are tried, whatever fails
        wait(sweeps, BUDGET_SECONDS)
        sweepers.shutdown(cancel_futures=True)  # what is left, SQL names first next time
    swept = [one for one in sweeps if not one.cancelled()]
    total = sum((one.result() for one in swept), Counter(left=len(sweeps) - len(swept)))
    log.event("payments_reconciled", found=total["found"], recovered=total["recovered"])
    return {name: total[name] for name in ("days", "failed", "left", *COUNTS)}
