"""Reading what a provider wrote without trusting its shape: nothing here raises for a wrong one."""

import json
from datetime import UTC, datetime
from typing import Any

LONGEST_ID = 200  # characters; theirs have 36 to 80, and an endless one would not fit an index


def object_of(text: str) -> dict[str, Any]:
    """The JSON object in `text`, empty for anything else."""
    try:
        return as_dict(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def any_id(fields: dict[str, Any], *names: str) -> str | None:
    """The first of the named fields that can be an id."""
    for name in names:
        found = as_text(fields.get(name))
        if found and len(found) <= LONGEST_ID:
            return found
    return None


def digits(value: Any) -> str | None:
    found = "".join(letter for letter in as_text(value) or "" if letter in "0123456789")
    return found or None


def phone_digits(value: Any) -> str | None:
    """The digits of a number; None for a user id such as `BR.1502`, which is not one."""
    written = as_text(value) or ""
    return None if any(letter.isalpha() for letter in written) else digits(written)


def instant(value: Any) -> str | None:
    """An ISO 8601 instant from epoch seconds or milliseconds; None for anything else."""
    written = as_text(value) or ""
    if not (written.isascii() and written.isdigit() and len(written) in (10, 13)):
        return None
    seconds = int(written) / (1000 if len(written) == 13 else 1)
    return datetime.fromtimestamp(seconds, UTC).isoformat()
