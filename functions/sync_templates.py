"""Takes over what the providers list as templates: when a supervisor asks, and for all each day."""

import json
import logging
from typing import Any

import flask
import functions_framework

from kit import db, errors, http, log
from providers import whatsapp
from providers.whatsapp import Account


@functions_framework.http
@errors.as_http
def sync_templates(request: flask.Request) -> flask.typing.ResponseReturnValue:
    import psycopg  # only a job and a rare click pay for it

    if request.method != "POST":
        raise errors.MethodNotAllowed("a synchronisation is posted")
    tenant_id = None
    try:
        http.require_jobs_key(request)
    except errors.NotAuthenticated:  # a person, then, who asks for their own agency
        with db.as_caller(request) as tx:
            [(tenant_id,)] = tx.execute("select private.require_role('supervisor')").fetchall()
    with db.as_worker() as tx:
        list_them = "select * from private.integrations_to_sync(%s)"
        integrations = tx.execute(list_them, (tenant_id,)).fetchall()

    told: list[dict[str, Any]] = []
    for integration in integrations:
        try:
            told.append({"provider": integration.provider} | _taken_over(integration))
        except psycopg.Error as failure:  # a list that the database refuses stops no other agency's
            whose, kind = str(integration.integration_id), type(failure).__name__
            log.event("templates_refused", logging.ERROR, integration_id=whose, error=kind)
            told.append({"provider": integration.provider, "error": "outcome_unknown"})
    return {"synced": told}


def _taken_over(integration: Any) -> dict[str, Any]:
    """{error, listed, gone, accounts}: `accounts` listed nothing or could not be asked, for the
    last `error`, and keep what they had; the error alone when none could be asked."""
    adapter = whatsapp.adapter(integration.provider)
    with db.as_worker() as tx:
        read = "select private.integration_secret(%s, %s)"
        secret = (integration.integration_id, adapter.KEY_FIELD)
        [(key,)] = tx.execute(read, secret).fetchall()
    named = zip(integration.names, integration.accounts, strict=True)
    accounts = {name: Account(said, key or "") for name, said in named}
    found, silent = whatsapp.list_accounts(adapter, accounts)
    answered = [name for name in integration.names if name not in silent]
    if not answered:
        return {"error": list(silent.values())[-1]}
    with db.as_worker() as tx:
        take = "select private.take_templates(%s, %s::jsonb, %s, %s)"
        lists = (json.dumps(found), answered, list(silent))
        [(taken,)] = tx.execute(take, (integration.integration_id, *lists)).fetchall()
    for name, failure in silent.items():
        taken |= {"error": failure, "accounts": [*taken["accounts"], name]}
    level = logging.WARNING if taken["error"] else logging.INFO
    log.event("templates_taken", level, provider=integration.provider, found=len(found))
    return dict(taken)
