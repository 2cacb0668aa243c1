"""Pushes selections into the dialer's campaigns, takes people out again, and qualifies calls.

Woken by the database and swept by its cron; what a lost answer left in doubt is undone first.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import flask
import functions_framework

from kit import db, errors, http
from outbox import dialing

BUDGET_SECONDS = 45  # a sweep comes every 60 s and should find the last one gone
PLANNED = 5_000  # clients judged in one transaction of about a second
SENDERS = 4  # files of 4 MB in memory at a time
LEASE_SECONDS = 180  # lookups, an upload of 60 s and a weight at the worst


@functions_framework.http
@errors.as_http
def threecplus_export(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    deadline = time.monotonic() + BUDGET_SECONDS
    planned = claimed = 0
    with ThreadPoolExecutor(SENDERS) as senders:
        while time.monotonic() < deadline:
            # First what is to be done: no plan of one agency holds up another's removal.
            with db.as_worker() as tx:
                claim = "select * from private.claim_dialer_tasks(%s, %s)"
                tasks = tx.execute(claim, (SENDERS, LEASE_SECONDS)).fetchall()
            attempts = [senders.submit(dialing.perform, task) for task in tasks]
            with db.as_worker() as tx:
                plan = "select private.plan_dialer_export(%s)"
                [(clients,)] = tx.execute(plan, (PLANNED,)).fetchall()
            # Every task of the batch is tried; the first failure that is a bug surfaces after.
            for attempt in attempts:
                attempt.result()
            planned, claimed = planned + clients, claimed + len(tasks)
            if not (tasks or clients):
                break
    return {"planned": planned, "claimed": claimed}
