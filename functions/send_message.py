"""Drains what people sent to one client: a payment link now, with the words SQL chose.

Woken by the click and swept by the database's cron; the fences are those of run-automations.
Whether it is still lawful, and the charge still payable, SQL asked while claiming.
"""

import flask
import functions_framework

from kit import errors, http
from outbox import drain, message

SENDERS = 4  # people click; what sends in bulk is run-automations
BATCH, LEASE_SECONDS = 8, 60  # two calls per sender, of 23 s at the worst, end within the lease


@functions_framework.http
@errors.as_http
def send_message(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    return drain.drain(
        "select * from private.claim_messages(%s, %s)",
        lambda claimed: message.send(claimed, claimed.body, claimed.media),
        senders=SENDERS,
        batch=BATCH,
        lease_seconds=LEASE_SECONDS,
    )
