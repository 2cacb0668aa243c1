"""Meta verifies this address with a challenge, then posts signed receipts and messages to it."""

import hmac
import json

import flask
import functions_framework

from kit import db, errors, http, log
from providers import callbacks, meta

BODY_BYTES = 3_000_000  # Meta's documented maximum for a webhook (3 MB)


@functions_framework.http
@errors.as_http
def meta_webhook(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method not in ("GET", "POST"):
        raise errors.MethodNotAllowed("challenges are got, callbacks are posted")
    key = callbacks.webhook_key(request)
    field = "verify_token" if request.method == "GET" else "app_secret"
    with db.as_webhook() as tx:
        read = "select private.webhook_secret('meta', %s, %s)"
        [(secret,)] = tx.execute(read, (key, field)).fetchall()

    if request.method == "GET":
        told = request.args.get("hub.verify_token", "")
        is_known = secret and hmac.compare_digest(told.encode(), secret.encode())
        if request.args.get("hub.mode") != "subscribe" or not is_known:
            raise errors.NotAllowed("the verify token is not this account's")
        return request.args.get("hub.challenge", ""), 200, {"Content-Type": "text/plain"}

    raw = http.body(request, BODY_BYTES)
    if not meta.is_signed(raw, request.headers.get("X-Hub-Signature-256"), secret):
        raise errors.NotAuthenticated("the signature is missing or wrong")
    events = meta.parse_events(raw)
    with db.as_webhook() as tx:
        for event in events:
            tx.execute(
                "select private.receive_provider_event('meta', %s, %s, %s, %s::jsonb)",
                (key, event.external_id, event.kind, json.dumps(event.payload)),
            )

    log.event("callback_stored", provider="meta", stored=len(events))
    return "", 200
