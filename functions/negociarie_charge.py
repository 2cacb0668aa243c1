"""Drains the charges that people asked for or took back: create, look up, cancel at the provider.

Woken by the database and swept by its cron. Several may run at once: a claim is a lease, and
`begin_charge` says yes once per attempt, whoever asks. What became of a call that got no answer is
looked up by our own number before anything is sent again; SQL decides that, and counts the
provider's 60 calls a minute while claiming.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import negociarie

BUDGET_SECONDS = 45  # a sweep comes every 60 s and should find the last one gone
SENDERS = 5  # the concurrency production code uses there without complaints
BATCH = SENDERS  # nobody waits: a lease must outlast only one charge's own calls
LEASE_SECONDS = 90  # two logins and two calls of 13 s at the worst, and the database between
EVENTS = 500  # callbacks applied in one transaction


def perform(task: Any) -> None:
    """One claimed charge: commit the intent, ask the provider once, record the answer."""
    with db.as_worker() as tx:
        begin = "select private.begin_charge(%s, %s), private.integration_secret(%s, %s)"
        ids = (task.charge_id, task.attempt, task.integration_id, "client_secret")
        [(may_call, client_secret)] = tx.execute(begin, ids).fetchall()
    if not may_call:
        return  # another worker has this attempt, or it is no longer wanted
    result = negociarie.perform(task, client_secret)
    with db.as_worker() as tx:
        settle = "select private.settle_charge(%s, %s, %s, %s::jsonb, %s, %s, %s)"
        outcome, answer, *problem = result
        answer_text = json.dumps(dict(answer))
        tx.execute(settle, (task.charge_id, task.attempt, outcome, answer_text, *problem))
    log.event("charge_settled", outcome=result.outcome, charge_id=str(task.charge_id))


@functions_framework.http
@errors.as_http
def negociarie_charge(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    deadline = time.monotonic() + BUDGET_SECONDS
    applied = claimed = 0
    with ThreadPoolExecutor(SENDERS) as senders:
        while time.monotonic() < deadline:
            with db.as_worker() as tx:
                apply = "select private.apply_provider_events(%s)"
                [(events,)] = tx.execute(apply, (EVENTS,)).fetchall()
            with db.as_worker() as tx:
                claim = "select * from private.claim_charges(%s, %s)"
                tasks = tx.execute(claim, (BATCH, LEASE_SECONDS)).fetchall()
            # Every charge of the batch is tried; the first failure that is a bug surfaces after.
            for attempt in [senders.submit(perform, task) for task in tasks]:
                attempt.result()
            applied, claimed = applied + events, claimed + len(tasks)
            if not tasks and not events:
                break
    return {"applied": applied, "claimed": claimed}
