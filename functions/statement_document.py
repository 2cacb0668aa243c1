"""The debt's statement as PDF, for the caller: what they may not see is not in it."""

import io
import uuid
from datetime import date

import flask
import functions_framework

from kit import db, errors, http
from providers import callbacks

BODY_BYTES = 100_000  # the ids of two thousand titles


@functions_framework.http
@errors.as_http
def statement_document(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST {client_id, on_date?, debt_ids?}; `today` and everything still owed when left out."""
    if request.method != "POST":
        raise errors.MethodNotAllowed("ask with POST")
    http.claims(request)  # before anything else is read
    said = callbacks.json_object(http.body(request, BODY_BYTES))
    try:
        client_id = uuid.UUID(str(said.get("client_id")))
        on_date = date.fromisoformat(str(said["on_date"])) if said.get("on_date") else None
        ids = [uuid.UUID(str(one)) for one in said.get("debt_ids") or []] or None
    except (TypeError, ValueError) as error:
        raise errors.MalformedPayload("client_id, on_date?, debt_ids?") from error

    with db.as_caller(request) as tx:
        ask = "select public.debt_statement(%s, %s, %s)"
        [(statement,)] = tx.execute(ask, (client_id, on_date, ids)).fetchall()
        about = (
            "select clients.name, clients.document, tenants.name as agency"
            " from public.clients join public.tenants on tenants.id = clients.tenant_id"
            " where clients.id = %s"
        )
        [person] = tx.execute(about, (client_id,)).fetchall()

    from documents import statement as paper  # a fifth of a second that only this call pays

    client = {"name": person.name, "document": person.document}
    return flask.send_file(
        io.BytesIO(paper.render(statement, client, person.agency)),
        mimetype="application/pdf",
        download_name=f"demonstrativo-{statement['on_date']}.pdf",
        max_age=0,
    )
