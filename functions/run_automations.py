"""Drains what Postgres queued: receipts are applied, and due automation runs are sent.

Woken by the database and swept by its cron. Several may run at once: a claim is a lease, and
`begin_sending` says yes once per attempt, whoever asks.
"""

import flask
import functions_framework

from kit import errors, http
from outbox import drain, message

SENDERS = 16  # 160 messages/s at 100 ms each; Meta's ceiling is 80 per number
BATCH, LEASE_SECONDS = 32, 60  # two calls per sender, of 23 s at the worst, end within the lease


@functions_framework.http
@errors.as_http
def run_automations(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    return drain.drain(
        "select * from private.claim_automation_runs(%s, %s)",
        message.send,
        senders=SENDERS,
        batch=BATCH,
        lease_seconds=LEASE_SECONDS,
        hear=drain.apply_events,
    )
