"""The dialer on a database of the test's own, with 3C Plus simulated."""

import pytest

from kit import http
from tests.dialing import floor
from tests.money.conftest import (
    copied_url,
    schema_database,
    schema_url,
    server_url,
    session,
    world,
)

__all__ = [
    "copied_url", "floor", "schema_database", "schema_url", "server_url", "session", "world",
]  # fmt: skip


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on the dialer after 300 ms instead of ten seconds."""
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)
