"""Who sends a portfolio: a signed-in person, or a tenant's program with its API key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import flask

from kit import db, errors, http

KEY_PREFIX = "cbk_"


@dataclass(frozen=True)
class Caller:
    """Whose rights count: the claims RLS sees, the tenant asked for, and the key if it was one."""

    claims: Mapping[str, Any]
    tenant: str | None
    api_key_id: str | None = None


def known(request: flask.Request) -> Caller:
    """The caller of the request; 401 for anybody else. A key speaks for its own tenant only."""
    key = request.headers.get("x-api-key", "").strip()
    if not key and request.headers.get("Authorization", "").lower().startswith("bearer cbk_"):
        key = http.bearer(request)
    if not key:
        return Caller(http.claims(request), request.headers.get("x-tenant-id"))
    if not key.startswith(KEY_PREFIX):
        raise errors.NotAuthenticated("no such API key", code="api_key_unknown")
    with db.as_webhook() as connection:
        row = connection.execute(
            "select api_key_id, tenant_id, user_id, email from private.use_api_key(%s)", (key,)
        ).fetchone()
    if row is None:
        raise errors.NotAuthenticated("no such API key", code="api_key_unknown")
    return Caller(_claims(row.user_id, row.email), str(row.tenant_id), str(row.api_key_id))


def ticketed(request: flask.Request, purpose: str) -> tuple[Caller, dict[str, Any]] | None:
    """Who holds the request's ticket and what it was given for; None without one.

    410 ticket_used for a ticket that opens nothing (any more): private.use_download.
    """
    ticket = request.args.get("ticket")
    if ticket is None:
        return None
    with db.as_webhook() as connection:
        row = connection.execute(
            "select tenant_id, user_id, email, arguments from private.use_download(%s, %s)",
            (ticket.replace("\0", " "), purpose),  # SQL's text has no NUL, and no ticket a space
        ).fetchone()
    if row is None:
        raise RuntimeError("use_download answers one row or refuses")
    return Caller(_claims(row.user_id, row.email), str(row.tenant_id)), row.arguments


def _claims(user_id: object, email: str) -> dict[str, str]:
    """What the person's own session would say."""
    return {"sub": str(user_id), "role": "authenticated", "email": email}
