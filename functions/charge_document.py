"""A charge's Pix code as QR, for the caller."""

import io
import uuid

import flask
import functions_framework

from kit import db, errors, http
from providers import callbacks

BODY_BYTES = 1_000  # one id and one word
TYPES = {"svg": "image/svg+xml", "png": "image/png"}
DOT_PIXELS = 8  # a code of 57 dots and its margin is 520 pixels wide: sharp on a phone


@functions_framework.http
@errors.as_http
def charge_document(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST {charge_id, format: "svg" | "png"}."""
    if request.method != "POST":
        raise errors.MethodNotAllowed("ask with POST")
    http.claims(request)  # before anything else is read
    said = callbacks.json_object(http.body(request, BODY_BYTES))
    kind = said.get("format", "svg")
    if kind not in TYPES:
        raise errors.MalformedPayload("format is svg or png")
    try:
        charge_id = uuid.UUID(str(said.get("charge_id")))
    except ValueError as error:
        raise errors.MalformedPayload("charge_id is a UUID") from error

    with db.as_caller(request) as tx:
        ask = (
            "select pix_code, private.is_payable(charges) as is_payable"
            " from public.charges where id = %s and tenant_id = private.tenant_id()"
        )
        charge = tx.execute(ask, (charge_id,)).fetchone()
    if charge is None:
        raise errors.AppError("no such charge", code="charge_not_found", status=404)
    if not charge.pix_code:
        raise errors.AppError("it has no Pix code", code="charge_without_pix", status=409)
    if not charge.is_payable:
        raise errors.AppError("it is not payable", code="charge_not_payable", status=409)

    import segno

    code, image = segno.make(charge.pix_code, error="m", micro=False), io.BytesIO()
    code.save(image, kind=kind, scale=DOT_PIXELS)
    image.seek(0)
    name = f"pix-{charge_id}.{kind}"
    return flask.send_file(image, mimetype=TYPES[kind], download_name=name, max_age=0)
