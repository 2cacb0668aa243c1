"""A file that somebody sent us, for the caller: nobody else's agency gets a byte of it.

A stranger chose both the bytes and their name. What a browser can only show is shown as that; all
else is a download of unknown type, in a sandbox, so that no file runs in the page's name.
"""

import io
import uuid

import flask
import functions_framework

from kit import db, errors, http
from providers import callbacks

BODY_BYTES = 1_000  # one id
SHOWN = {
    "image/jpeg", "image/png", "image/webp", "image/gif",
    "audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/opus", "audio/wav",
    "video/mp4", "video/3gpp",
}  # fmt: skip
SECONDS = 86_400  # it never changes; a day is what one person works with it


@functions_framework.http
@errors.as_http
def message_media(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST {message_id}."""
    if request.method != "POST":
        raise errors.MethodNotAllowed("ask with POST")
    http.claims(request)  # before anything else is read
    said = callbacks.json_object(http.body(request, BODY_BYTES))
    try:
        message_id = uuid.UUID(str(said.get("message_id")))
    except ValueError as error:
        raise errors.MalformedPayload("message_id is a UUID") from error

    with db.as_caller(request) as tx:
        read = "select * from private.read_media(%b)"
        file = tx.execute(read, (message_id,), binary=True).fetchone()
    if file is None:
        raise errors.AppError("no such file is kept", code="media_not_found", status=404)

    is_shown = file.mime_type in SHOWN
    response = flask.send_file(
        io.BytesIO(file.content),
        mimetype=file.mime_type if is_shown else "application/octet-stream",
        as_attachment=not is_shown,
        download_name=file.name or f"arquivo-{message_id}",
        max_age=SECONDS,
    )
    response.headers["Cache-Control"] = f"private, max-age={SECONDS}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
