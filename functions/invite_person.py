"""Invites somebody by e-mail, or sends the mail once more.

POST {"email", "role", "name"} or {"invitation_id"} as an admin → {"id", "outcome"}; the outcome is
`mailed`, or `joined` for who has an account already and needs no mail. The invitation stands also
where the auth service refuses the mail (mail_not_sent, mail_too_soon): it can be sent again.
"""

import flask
import functions_framework

from kit import config, db, errors, http, log
from providers import callbacks

BODY_BYTES = 2_000  # an address, a role and a name

INVITE = "select public.invite(%(email)s, %(role)s::public.member_role, %(name)s)"
RENEW = "select public.renew_invitation(%(invitation_id)s::uuid) ->> 'id'"
FIND = "select id::text, email, display_name, accepted_at from public.invitations where id = %s"


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
    with db.as_caller(request) as tx:
        [(made,)] = tx.execute(RENEW if fields["invitation_id"] else INVITE, fields).fetchall()
        [sent] = tx.execute(FIND, (made,)).fetchall()
    if sent.accepted_at:
        return {"id": sent.id, "outcome": "joined"}

    settings = config.settings()
    if not settings.auth_url or not settings.secret_key:
        raise errors.AppError("no secret key here", code="mail_not_sent", status=502)
    try:
        answer = http.call_json(
            "POST",
            f"{settings.auth_url}/invite",
            {"email": sent.email, "data": {"name": sent.display_name or ""}},
            {"apikey": settings.secret_key},
        )
    except (http.NothingSent, http.OutcomeUnknown) as lost:
        raise errors.AppError("no answer", code="mail_not_sent", status=502) from lost
    if answer.status == 429:
        raise errors.AppError("wait a minute", code="mail_too_soon", status=429)
    if answer.status >= 300:
        raise errors.AppError(f"status {answer.status}", code="mail_not_sent", status=502)

    with db.as_caller(request) as tx:
        tx.execute("select private.note_invitation_mail(%s)", (sent.id,))
    log.event("person_invited", outcome="mailed")
    return {"id": sent.id, "outcome": "mailed"}
