"""Fetches the files that people sent, and keeps them where only their agency can read them.

Woken by the message and swept every minute; the claim is a lease and the attempt a fence, so that
a file is kept once. An address a callback names is followed only to the provider's own hosts.
"""

from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from outbox import drain
from providers import whatsapp
from providers.whatsapp import Account

FETCHERS = 2  # each may hold 16 MB, and the smallest hosts have 256
BATCH, LEASE_SECONDS = 4, 180  # two files per fetcher: 50 s each at the worst
FILE_SECONDS = 40.0  # 16 MB at 3.2 Mbit/s


@functions_framework.http
@errors.as_http
def fetch_media(request: flask.Request) -> flask.typing.ResponseReturnValue:
    http.require_jobs_key(request)
    claim = "select * from private.claim_media(%s, %s)"
    return drain.drain(claim, fetch, senders=FETCHERS, batch=BATCH, lease_seconds=LEASE_SECONDS)


def fetch(claimed: Any) -> None:
    adapter = whatsapp.adapter(claimed.provider)
    with db.as_worker() as tx:
        read = "select private.integration_secret(%s, %s)"
        secret = (claimed.integration_id, adapter.KEY_FIELD)
        [(key,)] = tx.execute(read, secret).fetchall()
    account, answer = Account(claimed.settings, key or ""), None
    try:
        where = adapter.locate_call(account, claimed.media)
        located = http.perform(where) if where else None
        status = located.status if located else 200
        if status == 200:
            answer = http.download(adapter.file_call(account, claimed.media, located), FILE_SECONDS)
            status = answer.status
        # A token that somebody is renewing, an address that grew old: asked again later.
        outcome, reason = {
            200: ("kept", None), 404: ("failed", "gone"), 410: ("failed", "gone"),
        }.get(status, ("retry", "provider_unavailable"))  # fmt: skip
    except whatsapp.Incomplete:
        outcome, reason = "failed", "configuration"
    except http.TooLong:
        outcome, reason = "refused", "too_large"
    except (http.NothingSent, http.OutcomeUnknown):
        outcome, reason = "retry", "provider_unavailable"

    file = answer if answer and outcome == "kept" else None
    said = file.headers.get("Content-Type", "") if file else ""
    with db.as_worker() as tx:
        settle = "select private.settle_media(%s, %s, %s, %s, %s, %b)"
        values = (claimed.message_id, claimed.attempt, outcome, reason,
                  said.partition(";")[0].strip().lower() or None)  # fmt: skip
        tx.execute(settle, (*values, file.content if file else None))
    log.event("media_settled", outcome=outcome, message_id=str(claimed.message_id))
