"""Invites somebody by e-mail, or sends the mail once more.

POST {"email", "role", "name", "creditor_ids"} or {"invitation_id"} as an admin → {"id", "outcome":
"mailed"}. Who has an account already gets no mail and is asked in the page; the answer is the same,
so that no admin learns who works for another agency. The invitation stands also where the auth
service refuses the mail (mail_not_sent, mail_too_soon): it can be sent again.
"""

import uuid

import flask
import functions_framework

from kit import config, db, errors, http, log
from providers import callbacks

BODY_BYTES = 10_000  # an address, a role, a name, and the ids of some two hundred creditors
ROLES = ("operator", "supervisor", "admin")
TAKEN = 422  # who has the address signed up long ago

INVITE = (
    "select public.invite("
    "%(email)s, %(role)s::public.member_role, %(name)s, %(creditor_ids)s::uuid[])"
)
RENEW = "select public.renew_invitation(%(invitation_id)s::uuid) ->> 'id'"
FIND = "select id::text, email, display_name from public.invitations where id = %s"


@functions_framework.http
@errors.as_http
def invite_person(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "POST":
        raise errors.MethodNotAllowed("an invitation is posted")
    http.claims(request)
    asked = callbacks.json_object(http.body(request, BODY_BYTES))
    fields = {key: asked.get(key) for key in ("email", "role", "name", "invitation_id")}
    if any(value is not None and not isinstance(value, str) for value in fields.values()):
        raise errors.MalformedPayload("email, role, name and invitation_id are texts")
    limit, renewed = asked.get("creditor_ids"), fields["invitation_id"]
    try:
        fields["creditor_ids"] = limit and [str(uuid.UUID(creditor)) for creditor in limit]
        fields["invitation_id"] = renewed and str(uuid.UUID(renewed))
    except (AttributeError, TypeError, ValueError) as error:
        raise errors.MalformedPayload("invitation_id and creditor_ids are UUIDs") from error
    if not renewed and fields["role"] not in ROLES:
        raise errors.MalformedPayload(f"role is one of {', '.join(ROLES)}")
    with db.as_caller(request) as tx:
        [(made,)] = tx.execute(RENEW if renewed else INVITE, fields).fetchall()
        [sent] = tx.execute(FIND, (made,)).fetchall()

    settings = config.settings()
    key = settings.secret_key
    if not settings.auth_url or not key:
        raise errors.AppError("no secret key here", code="mail_not_sent", status=502)
    try:
        answer = http.call_json(
            "POST",
            f"{settings.auth_url}/invite",
            {"email": sent.email, "data": {"name": sent.display_name or ""}},
            # Projects made before 2025 have a key that is itself a token, and is asked for as one.
            {"apikey": key} | ({"Authorization": f"Bearer {key}"} if key.startswith("eyJ") else {}),
        )
    except (http.NothingSent, http.OutcomeUnknown) as lost:
        raise errors.AppError("no answer", code="mail_not_sent", status=502) from lost
    if answer.status == 429:
        raise errors.AppError("wait a minute", code="mail_too_soon", status=429)
    if answer.status >= 300 and not (answer.status == TAKEN and "email_exists" in answer.text):
        raise errors.AppError(f"status {answer.status}", code="mail_not_sent", status=502)

    with db.as_caller(request) as tx:
        tx.execute("select private.note_invitation_mail(%s)", (sent.id,))
    log.event("person_invited", outcome="mailed")
    return {"id": sent.id, "outcome": "mailed"}
