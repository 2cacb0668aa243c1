"""What every callback goes through before its provider's own words: its key, its JSON, its name."""

import hashlib
import json
from typing import Any

import flask

from kit import errors

# 3C Plus sends an operator's `api_token` and `extension_password` with every connected call.
_SECRET_FIELDS = ("apikey", "api_key", "authorization", "password", "secret", "token")
# Real callbacks nest eight levels; the bound keeps a hostile body from exhausting the stack.
DEEPEST_CALLBACK = 40


def webhook_key(request: flask.Request) -> str:
    """The key in the callback's URL (`?key=` or the last path segment), to be checked by SQL,
    which alone knows it (as a hash). Raises NotAuthenticated when there is none."""
    key = request.args.get("key") or request.path.rstrip("/").rpartition("/")[2]
    if not (key and key.isascii() and key.isprintable()) or len(key) > 200:
        raise errors.NotAuthenticated("the callback URL carries no usable key")
    return key


def json_object(raw: bytes) -> dict[str, Any]:
    """The body as Postgres can store it; MalformedPayload for all that is no JSON object."""
    try:
        body = json.loads(raw, parse_constant=_refuse_constant, parse_float=_as_finite)
        body = _storable(body, DEEPEST_CALLBACK)
    except (ValueError, RecursionError) as error:
        raise errors.MalformedPayload("a JSON object is required") from error
    if not isinstance(body, dict):
        raise errors.MalformedPayload("a JSON object is required")
    return body


def without_secrets(value: Any) -> Any:
    """A copy whose keys, tokens and passwords are blanked, to be kept."""
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    if isinstance(value, dict):
        return {
            key: "[removed]" if key.lower().endswith(_SECRET_FIELDS) else without_secrets(item)
            for key, item in value.items()
        }
    return value


def fingerprint(body: dict[str, Any]) -> str:
    """An id for events that carry none: the same body told again is the same event."""
    canonical = json.dumps(body, sort_keys=True).encode()
    return "sha256:" + hashlib.sha256(canonical).hexdigest()


def _storable(value: Any, depth: int) -> Any:
    """`value` without what jsonb refuses (NUL, lone surrogates)."""
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_storable(key, depth): _storable(item, depth - 1) for key, item in value.items()}
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _as_finite(literal: str) -> float | str:
    number = float(literal)
    return number if abs(number) < float("inf") else literal
