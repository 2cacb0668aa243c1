"""Pushes selections into the dialer's campaigns, takes people out again, and qualifies calls.

Woken by the database and swept by its cron; what a lost answer left in doubt is undone first.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import threecplus

BUDGET_SECONDS = 45  # a sweep comes every 60 s and should find the last one gone
PLANNED = 5_000  # clients judged in one transaction of about a second
SENDERS = 4  # files of 4 MB in memory at a time
LEASE_SECONDS = 180  # lookups, an upload of 60 s and a weight at the worst


def perform(task: Any) -> None:
    """One claimed task: commit the intent, ask the dialer, record the answer."""
    with db.as_worker() as tx:
        begin = (
            "select private.begin_dialer_task(%(id)s, %(attempt)s),"
            " private.integration_secret(%(account)s, 'api_token') as manager,"
            " private.integration_secret(%(account)s, 'agent_token') as agent"
        )
        ids = {"id": task.task_id, "attempt": task.attempt, "account": task.integration_id}
        [(may_call, *tokens)] = tx.execute(begin, ids).fetchall()
        contacts = "select * from private.dialer_task_rows(%(id)s, %(attempt)s)"
        rows = tx.execute(contacts, ids).fetchall() if may_call else []
    if not may_call:
        return
    outcome, answer, *problem = threecplus.perform(task, tokens, rows)
    with db.as_worker() as tx:
        settle = "select private.settle_dialer_task(%s, %s, %s, %s::jsonb, %s, %s, %s)"
        result = (outcome, json.dumps(dict(answer)), *problem)
        tx.execute(settle, (task.task_id, task.attempt, *result))
    log.event("dialer_task_settled", outcome=outcome, reason=task.kind, rows=len(rows))


@functions_framework.http
@errors.as_http
def threecplus_export(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    deadline = time.monotonic() + BUDGET_SECONDS
    planned = claimed = 0
    with ThreadPoolExecutor(SENDERS) as senders:
        while time.monotonic() < deadline:
            with db.as_worker() as tx:
                plan = "select private.plan_dialer_export(%s)"
                [(clients,)] = tx.execute(plan, (PLANNED,)).fetchall()
            with db.as_worker() as tx:
                claim = "select * from private.claim_dialer_tasks(%s, %s)"
                tasks = tx.execute(claim, (SENDERS, LEASE_SECONDS)).fetchall()
            # Every task of the batch is tried; the first failure that is a bug surfaces after.
            for attempt in [senders.submit(perform, task) for task in tasks]:
                attempt.result()
            planned, claimed = planned + clients, claimed + len(tasks)
            if not (tasks or clients):
                break
    return {"planned": planned, "claimed": claimed}
