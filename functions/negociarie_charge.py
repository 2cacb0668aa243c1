"""Drains the charges that people asked for or took back: create, look up, cancel at the provider.

Woken by the database and swept by its cron. Several may run at once: a claim is a lease, and
`begin_charge` says yes once per attempt, whoever asks. What became of a call that got no answer is
looked up by our own number before anything is sent again; SQL decides that, and counts the
provider's 60 calls a minute while claiming.
"""

import json
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from outbox import drain
from providers import negociarie

SENDERS = 5  # the concurrency production code uses there without complaints
BATCH = SENDERS  # nobody waits: a lease must outlast only one charge's own calls
LEASE_SECONDS = 90  # two logins and two calls of 13 s at the worst, and the database between


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
    return drain.drain(
        "select * from private.claim_charges(%s, %s)",
        perform,
        senders=SENDERS,
        batch=BATCH,
        lease_seconds=LEASE_SECONDS,
        hear=drain.apply_events,
    )
