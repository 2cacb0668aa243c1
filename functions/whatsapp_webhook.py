"""Hears every WhatsApp provider that has no address of its own: /whatsapp-webhook/<provider>?key=…

What is the provider's own (its words, its signature) is the adapter's.
"""

import json
from typing import cast

import flask
import functions_framework

from kit import db, errors, http, log
from providers import callbacks, whatsapp

BODY_BYTES = 3_000_000  # WhatsApp's documented maximum for a webhook (3 MB)


@functions_framework.http
@errors.as_http
def whatsapp_webhook(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "POST":
        raise errors.MethodNotAllowed("callbacks are posted")
    key = callbacks.webhook_key(request)
    provider = request.path.rstrip("/").rpartition("/")[2]
    try:
        adapter = whatsapp.adapter(provider)
    except LookupError as error:
        raise errors.NotAuthenticated("no provider of that name") from error
    if adapter.DECLARES.webhook != "whatsapp-webhook":
        # One door each: who has an address of their own proves there what they say, not here.
        raise errors.NotAuthenticated("this provider has another address")
    raw = http.body(request, BODY_BYTES)
    if adapter.DECLARES.verified_by:
        with db.as_webhook() as tx:
            read = "select private.webhook_secret(%s, %s, %s) as secret"
            secrets = {
                field: tx.execute(read, (provider, key, field)).fetchall()[0].secret
                for field in adapter.DECLARES.verified_by
            }
        if not cast(whatsapp.Signing, adapter).is_genuine(raw, dict(request.headers), secrets):
            raise errors.NotAuthenticated("the signature is missing or wrong")
    events = adapter.parse_events(raw)
    with db.as_webhook() as tx:
        for event in events:
            tx.execute(
                "select private.receive_provider_event(%s, %s, %s, %s, %s::jsonb)",
                (provider, key, event.external_id, event.kind, json.dumps(event.payload)),
            )

    log.event("callback_stored", provider=provider, stored=len(events))
    return "", 200
