"""A picture or a document that a person sends in a talk, from the composer.

Kept and queued in one transaction; what provider, which takes which files, is that of the talk.
"""

import io
import uuid

import flask
import functions_framework
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from kit import db, errors, http
from providers import whatsapp

BODY_BYTES = whatsapp.FILE_BYTES + 16_384  # the other fields and the borders of a form


@functions_framework.http
@errors.as_http
def send_file(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST a form: conversation_id, message_id (the click's own), caption, file → {message_id,
    status}."""
    if request.method != "POST":
        raise errors.MethodNotAllowed("send the file with POST")
    http.claims(request)  # nobody unknown makes us read a file
    request.max_content_length = BODY_BYTES
    try:
        talk_id, message_id = (
            uuid.UUID(request.form.get(name, "")) for name in ("conversation_id", "message_id")
        )
        files = list(request.files.values())
    except RequestEntityTooLarge as error:
        request.stream = io.BytesIO()  # whoever reads on would meet the same exception
        raise errors.PayloadTooLarge(f"at most {BODY_BYTES} bytes") from error
    except (BadRequest, ValueError) as error:
        raise errors.MalformedPayload("conversation_id and message_id are UUIDs") from error
    if len(files) != 1:
        raise errors.AppError("exactly one file", code="file_missing")
    content = files[0].read()
    with db.as_caller(request) as tx:
        read = (
            "select sender.provider::text from public.conversations as talk"
            " join public.senders as sender on sender.id = talk.sender_id where talk.id = %s"
        )
        found = tx.execute(read, (talk_id,)).fetchone()
        if found is None:
            raise errors.AppError("not in the tenant", code="conversation_not_found", status=404)
        known = whatsapp.rule_of(whatsapp.adapter(found.provider), content)
        if known is None:
            raise errors.AppError("JPEG, PNG or PDF", code="media_type_refused", status=415)
        mime_type, rule = known
        if len(content) > rule.most_bytes:
            detail = f"{rule.kind}: at most {rule.most_bytes} bytes"
            raise errors.AppError(detail, code="media_too_large", status=413)
        send = "select private.send_chat_file(%s, %s, %s, %s, %s, %s, %b)"
        name, caption = files[0].filename or rule.kind, request.form.get("caption", "")
        values = (talk_id, message_id, rule.kind, mime_type, name, caption, content)
        [(sent,)] = tx.execute(send, values).fetchall()
    return dict(sent)
