"""Negociarie posts here when something happened to a charge.

Nothing it says moves money: the charge is looked up at the provider by the next drain. Its token is
the same on every call and signs no body, so the key in our own URL is required as well.
"""

import json

import flask
import functions_framework

from kit import db, errors, http, log
from providers import callbacks, negociarie

BODY_BYTES = 1_000_000  # a callback of 2 000 parcels; none has been seen with more than a few


@functions_framework.http
@errors.as_http
def negociarie_callback(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "POST":
        raise errors.MethodNotAllowed("callbacks are posted")
    key = callbacks.webhook_key(request)
    token, event = negociarie.parse_callback(http.body(request, BODY_BYTES))

    with db.as_webhook() as tx:
        known = "select private.is_callback_token(%s, %s)"
        [(is_theirs,)] = tx.execute(known, (key, token)).fetchall()
        if not is_theirs:
            raise errors.NotAuthenticated("the callback's token is not this account's")
        tx.execute(
            "select private.receive_provider_event('negociarie', %s, %s, %s, %s::jsonb)",
            (key, event.external_id, event.kind, json.dumps(event.payload)),
        )

    log.event("callback_stored", provider="negociarie", stored=1)
    return "", 202
