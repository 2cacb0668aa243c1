"""Everything held about one person, for the person: to be read, and to be taken elsewhere."""

import uuid

import flask
import functions_framework

from kit import db, errors
from portfolio import callers


@functions_framework.http
@errors.as_http
def privacy_export(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """GET ?request_id=<uuid> or ?ticket= → application/zip: dados.json, dados.pdf, and in arquivos/
    the files of their talks, streamed one after another.

    What is in it, who may have it, its audit and its answer in the register are
    private.person_export's; refusals come before the first byte.
    """
    if request.method != "GET":
        raise errors.MethodNotAllowed("ask with GET")
    ticket = callers.ticketed(request, "privacy-export")
    caller, said = ticket or (None, request.args)
    try:
        request_id = uuid.UUID(str(said.get("request_id")))
    except ValueError as error:
        raise errors.MalformedPayload("request_id is a UUID") from error
    opened = db.as_person(caller.claims, caller.tenant) if caller else db.as_caller(request)

    from documents import person_pack  # a fifth of a second that only this call pays

    rows = person_pack.blocks(opened, request_id)
    day = next(rows).decode()
    return flask.Response(
        rows,
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="dados-pessoais-{day}.zip"',
            "Cache-Control": "no-store",
        },
    )
