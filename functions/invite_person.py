"""Invites somebody by e-mail, or sends the mail once more.

POST {"email", "role", "name", "creditor_ids"} or {"invitation_id"} as an admin → {"id", "outcome":
"mailed"}. Who has an account already gets another mail, and is asked in the page; the answer is the
same, so that no admin learns who works for another agency. The invitation stands also where the
auth service refuses the mail (mail_not_sent, mail_too_soon): it can be sent again.
"""

import uuid

import flask
import functions_framework

from kit import db, errors, http, log
from providers import auth_mail, callbacks

BODY_BYTES = 10_000  # an address, a role, a name, and the ids of some two hundred creditors
ROLES = ("operator", "supervisor", "admin")

INVITE = (
    "select public.invite("
    "%(email)s, %(role)s::public.member_role, %(name)s, %(creditor_ids)s::uuid[])"
)
RENEW = "select public.renew_invitation(%(invitation_id)s::uuid) ->> 'id'"
ADDRESS = "select email, name, agency from private.address_invitation(%s)"


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
    with db.as_caller(request) as tx:
        [to] = tx.execute(ADDRESS, (made,)).fetchall()

    said = {"name": to.name, "agency": to.agency, "invitation_id": str(made)}
    auth_mail.invite(to.email, said)
    with db.as_caller(request) as tx:
        tx.execute("select private.note_invitation_mail(%s)", (made,))
    log.event("person_invited", outcome="mailed")
    return {"id": str(made), "outcome": "mailed"}
