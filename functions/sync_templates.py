"""Takes over what the providers list as a tenant's templates, when a supervisor asks for it."""

import json
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import whatsapp
from providers.events import FailureClass
from providers.whatsapp import Account

PAGES = 50  # of a hundred; Meta allows 6,000 templates at most, and more is a fault of theirs


@functions_framework.http
@errors.as_http
def sync_templates(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "POST":
        raise errors.MethodNotAllowed("a synchronisation is posted")
    with db.as_caller(request) as tx:
        [(tenant_id,)] = tx.execute("select private.require_role('supervisor')").fetchall()
    with db.as_worker() as tx:
        list_them = "select * from private.integrations_to_sync(%s)"
        integrations = tx.execute(list_them, (tenant_id,)).fetchall()

    told: list[dict[str, Any]] = []
    for integration in integrations:
        adapter = whatsapp.adapter(integration.provider)
        with db.as_worker() as tx:
            read = "select private.integration_secret(%s, %s)"
            secret = (integration.integration_id, adapter.KEY_FIELD)
            [(key,)] = tx.execute(read, secret).fetchall()
        account, page, found = Account(integration.settings, key or ""), None, []
        try:
            for _ in range(PAGES):
                call = adapter.templates_call(account, page)
                listed = adapter.read_templates(http.perform(call))
                found += [template._asdict() for template in listed.templates]
                page = listed.next
                if listed.failure or not page:
                    break
            failure = listed.failure
        except (whatsapp.Incomplete, http.NothingSent, http.OutcomeUnknown):
            failure = FailureClass.PROVIDER_UNAVAILABLE
        # Half a list would pause the other half.
        if failure:
            told.append({"provider": integration.provider, "error": failure})
            continue
        with db.as_worker() as tx:
            take = "select private.take_templates(%s, %s::jsonb)"
            values = (integration.integration_id, json.dumps(found))
            [(taken,)] = tx.execute(take, values).fetchall()
        told.append({"provider": integration.provider, "error": None} | taken)
        log.event("templates_taken", provider=integration.provider, found=len(found))
    return {"synced": told}
