"""Drains what people sent to one client: a payment link now, with the words SQL chose.

Woken by the click and swept by the database's cron; the fences are those of run-automations.
Whether it is still lawful, and the charge still payable, SQL asked while claiming.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import gupshup

SEND_TEMPLATE = {"gupshup": gupshup.send_template}
SEND_TEXT = {"gupshup": gupshup.send_text}

BUDGET_SECONDS = 45  # a sweep comes every 60 s and should find the last one gone
SENDERS = 4  # people click; what sends in bulk is run-automations
BATCH, LEASE_SECONDS = 8, 60  # two calls per sender, of 23 s at the worst, end within the lease


def send(message: Any) -> None:
    """One claimed message: commit the intent, ask the provider once, record the answer."""
    with db.as_worker() as tx:
        begin = "select private.begin_sending(%s, %s), private.integration_secret(%s, 'api_key')"
        ids = (message.message_id, message.attempt, message.integration_id)
        [(may_send, api_key)] = tx.execute(begin, ids).fetchall()
    if not may_send:
        return  # another worker has this attempt, or the money came
    account = (message.settings, api_key, message.destination)
    if message.template_provider_id:
        template = (message.template_provider_id, message.params)
        result = SEND_TEMPLATE[message.provider](*account, *template)
    else:
        result = SEND_TEXT[message.provider](*account, message.body)
    with db.as_worker() as tx:
        settle = "select private.settle_message(%s, %s, %s, %s, %s, %s, %s)"
        tx.execute(settle, (message.message_id, message.attempt, *result))
    log.event("message_settled", outcome=result.outcome, message_id=str(message.message_id))


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
            for attempt in [senders.submit(send, message) for message in messages]:
                attempt.result()
            claimed += len(messages)
            if not messages:
                break
    return {"claimed": claimed}
