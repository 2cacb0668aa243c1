"""Gupshup posts every receipt and every inbound message to this function."""

import json

import flask
import functions_framework

from kit import db, errors, http, log
from providers import callbacks, gupshup

BODY_BYTES = 3_000_000  # WhatsApp's documented maximum for a callback (3 MB)


@functions_framework.http
@errors.as_http
def gupshup_webhook(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "POST":
        raise errors.MethodNotAllowed("callbacks are posted")
    key = callbacks.webhook_key(request)
    events = gupshup.parse_events(http.body(request, BODY_BYTES))

    with db.as_webhook() as tx:
        for event in events:
            tx.execute(
                "select private.receive_provider_event('gupshup', %s, %s, %s, %s::jsonb)",
                (key, event.external_id, event.kind, json.dumps(event.payload)),
            )

    log.event("callback_stored", provider="gupshup", stored=len(events))
    return "", 202
