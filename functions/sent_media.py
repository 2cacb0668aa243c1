"""A file that we send, for the provider that fetches it: whoever holds its address has an hour."""

import flask
import functions_framework

from kit import db, errors
from providers import callbacks


@functions_framework.http
@errors.as_http
def sent_media(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """GET ?key=<the secret of private.link_media>."""
    if request.method not in ("GET", "HEAD"):
        raise errors.MethodNotAllowed("ask with GET")
    with db.as_webhook() as tx:
        read = "select * from private.read_sent_media(%s)"
        file = tx.execute(read, (callbacks.webhook_key(request),), binary=True).fetchone()
    if file is None:
        raise errors.AppError("no such file, or no longer", code="media_not_found", status=404)
    response = flask.make_response(file.content)
    response.headers["Content-Type"] = file.mime_type
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
