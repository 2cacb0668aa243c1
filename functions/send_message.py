"""Drains what people sent to one client: a payment link now, with the words SQL chose.

Woken by the click and swept by the database's cron; the fences are those of run-automations.
Whether it is still lawful, and the charge still payable, SQL asked while claiming.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import flask
import functions_framework

from kit import db, errors, http
from messaging import single

BUDGET_SECONDS = 45  # a sweep comes every 60 s and should find the last one gone
SENDERS = 4  # people click; what sends in bulk is run-automations
BATCH, LEASE_SECONDS = 8, 60  # two calls per sender, of 23 s at the worst, end within the lease


@functions_framework.http
@errors.as_http
def send_message(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    deadline = time.monotonic() + BUDGET_SECONDS
    claimed = 0
    with ThreadPoolExecutor(SENDERS) as senders:
        while time.monotonic() < deadline:
            with db.as_worker() as tx:
                claim = "select * from private.claim_messages(%s, %s)"
                messages = tx.execute(claim, (BATCH, LEASE_SECONDS)).fetchall()
            # Every message of the batch is tried; the first failure that is a bug surfaces after.
            for attempt in [
                senders.submit(single.send, message, message.body) for message in messages
            ]:
                attempt.result()
            claimed += len(messages)
            if not messages:
                break
    return {"claimed": claimed}
