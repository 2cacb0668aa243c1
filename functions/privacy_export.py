"""Everything held about one person, for the person: to be read, and to be taken elsewhere."""

import io
import json
import uuid
import zipfile

import flask
import functions_framework

from kit import db, errors
from portfolio import callers


@functions_framework.http
@errors.as_http
def privacy_export(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """GET ?request_id=<uuid> or ?ticket= → application/zip: dados.json and dados.pdf.

    What is in it, who may have it, its audit and its answer in the register are
    private.person_export's. One person's data: kilobytes, and the files that they sent.
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
    with opened as tx:
        [(held,)] = tx.execute("select private.person_export(%s)", (request_id,)).fetchall()

    from documents import person  # a fifth of a second that only this call pays

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("dados.json", json.dumps(held, ensure_ascii=False, indent=2))
        pack.writestr("dados.pdf", person.render(held))
    packed.seek(0)
    answer = flask.send_file(
        packed,
        mimetype="application/zip",
        as_attachment=True,
        download_name=f"dados-pessoais-{held['made_at'][:10]}.zip",
        max_age=0,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
