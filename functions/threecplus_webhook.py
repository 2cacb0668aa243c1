"""3C Plus posts here when a call reaches an operator, and when a call is over.

It switches a webhook off after 50 failures, so whatever is a JSON object with our key in the URL is
taken. A connected call opens the operator's screen in this very transaction; the rest is worked on
from the queue.
"""

import json

import flask
import functions_framework

from kit import db, errors, http, log
from providers import callbacks, threecplus

BODY_BYTES = 1_000_000  # a call with its mailing data is 10 kB; none has been seen above 50


@functions_framework.http
@errors.as_http
def threecplus_webhook(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "POST":
        raise errors.MethodNotAllowed("callbacks are posted")
    key = callbacks.webhook_key(request)
    events = threecplus.parse_events(http.body(request, BODY_BYTES))

    with db.as_webhook() as tx:
        for event in events:
            tx.execute(
                "select private.receive_call_event(%s, %s, %s, %s::jsonb)",
                (key, event.external_id, event.kind, json.dumps(event.payload)),
            )

    log.event("callback_stored", provider="threecplus", stored=len(events))
    return "", 200
