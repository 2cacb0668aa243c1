"""Asks a provider something harmless with the tenant's saved settings, and tells what came of it.

POST {"provider"} as an admin → {"provider", "verdict", "detail"}; the verdict is one of
providers/events.py Verdict. An integration that is switched off can be tested, too.
"""

import flask
import functions_framework

from kit import db, errors, http, log
from providers import callbacks, probes

BODY_BYTES = 1_000  # one word


@functions_framework.http
@errors.as_http
def test_integration(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "POST":
        raise errors.MethodNotAllowed("a test is posted")
    http.claims(request)
    provider = str(callbacks.json_object(http.body(request, BODY_BYTES)).get("provider"))
    try:
        fields = probes.secrets_of(provider)
    except LookupError as error:
        raise errors.MalformedPayload("nobody's name") from error
    with db.as_caller(request) as tx:
        ask = "select * from private.integration_to_test(%s)"
        [found] = tx.execute(ask, (provider,)).fetchall()
    secrets = {}
    with db.as_worker() as tx:
        for field in fields:
            read = "select private.integration_secret(%s, %s)"
            [(secrets[field],)] = tx.execute(read, (found.integration_id, field)).fetchall()

    told = probes.probe(provider, found.settings, secrets)

    with db.as_caller(request) as tx:
        note = "select private.note_integration_test(%s, %s, %s)"
        tx.execute(note, (provider, told.verdict, told.quality))
    log.event("integration_tested", provider=provider, outcome=told.verdict)
    return {"provider": provider, "verdict": told.verdict, "detail": told.detail}
