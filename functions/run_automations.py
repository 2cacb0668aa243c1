"""Drains what Postgres queued: receipts are applied, and due automation runs are sent.

Woken by the database and swept by its cron. Several may run at once: a claim is a lease, and
`begin_sending` says yes once per attempt, whoever asks.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import flask
import functions_framework

from kit import db, errors, http
from messaging import single

BUDGET_SECONDS = 45  # a sweep comes every 60 s and should find the last one gone
SENDERS = 16  # 160 messages/s at 100 ms each; Meta's ceiling is 80 per number
BATCH, LEASE_SECONDS = 32, 60  # two calls per sender, of 23 s at the worst, end within the lease
EVENTS = 500  # receipts applied in one transaction


@functions_framework.http
@errors.as_http
def run_automations(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    deadline = time.monotonic() + BUDGET_SECONDS
    applied = claimed = 0
    with ThreadPoolExecutor(SENDERS) as senders:
        while time.monotonic() < deadline:
            with db.as_worker() as tx:
                apply = "select private.apply_provider_events(%s)"
                [(events,)] = tx.execute(apply, (EVENTS,)).fetchall()
            with db.as_worker() as tx:
                claim = "select * from private.claim_automation_runs(%s, %s)"
                runs = tx.execute(claim, (BATCH, LEASE_SECONDS)).fetchall()
            # Every run of the batch is tried; the first failure that is a bug surfaces after.
            for attempt in [senders.submit(single.send, run) for run in runs]:
                attempt.result()
            applied, claimed = applied + events, claimed + len(runs)
            if not runs and not events:
                break
    return {"applied": applied, "claimed": claimed}
