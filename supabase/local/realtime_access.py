"""May this token read this topic? Row-level security on `realtime.messages` decides, as hosted."""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
import psycopg
from psycopg_pool import AsyncConnectionPool

# What an API token may act as; a claim that names another role is a forged idea, not a user.
ROLES = frozenset({"anon", "authenticated", "service_role"})

Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]


class Refused(Exception):
    """The channel stays closed; the message says why, in the words of the hosted service."""


@dataclass(frozen=True)
class Claims:
    """A verified token: all its claims, its role, and when it ends (seconds since 1970)."""

    all: dict[str, Any]
    role: str
    expires_at: float


def verify(token: str, secret: str) -> Claims:
    """Check signature, end and role."""
    try:
        claims = jwt.decode(
            token, secret, algorithms=["HS256"], options={"verify_aud": False, "require": ["exp"]}
        )
    except jwt.ExpiredSignatureError as error:
        ended = jwt.decode(token, options={"verify_signature": False})["exp"]
        ago = max(0, int(time.time() - ended))
        raise Refused(f"InvalidJWTToken: Token has expired {ago} seconds ago") from error
    except jwt.InvalidSignatureError as error:
        raise Refused("JwtSignatureError: Failed to validate JWT signature") from error
    except jwt.MissingRequiredClaimError as error:
        raise Refused("InvalidJWTToken: Fields `role` and `exp` are required in JWT") from error
    except jwt.InvalidTokenError as error:
        raise Refused("MalformedJWT: The token provided is not a valid JWT") from error
    if claims.get("role") not in ROLES:
        raise Refused("InvalidJWTToken: Fields `role` and `exp` are required in JWT")
    return Claims(claims, claims["role"], float(claims["exp"]))


async def may_read(pool: Pool, topic: str, claims: Claims) -> bool:
    """Whether the policies let these claims see a broadcast of `topic`.

    The way of the hosted service: write one message of the topic, look whether the caller's role
    can read it, roll back.
    """
    async with pool.connection() as connection, connection.transaction(force_rollback=True):
        probe = uuid.uuid4()
        settings = {
            "role": claims.role,
            "realtime.topic": topic,
            "request.jwt.claims": json.dumps(claims.all),
            "request.jwt.claim.sub": str(claims.all.get("sub", "")),
            "request.jwt.claim.role": claims.role,
            "request.headers": "{}",
        }
        setting_calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
        async with connection.pipeline():
            await connection.execute(
                "insert into realtime.messages (id, topic, extension, private) "
                "values (%s, %s, 'broadcast', true)",
                (probe, topic),
            )
            # One statement: the role changes only after all the others are set.
            await connection.execute(
                "select " + setting_calls,
                [part for pair in reversed(settings.items()) for part in pair],
            )
            try:
                found = await connection.execute(
                    "select 1 from realtime.messages where id = %s", (probe,)
                )
                return await found.fetchone() is not None
            except psycopg.errors.InsufficientPrivilege:
                return False
