"""Functions on a real database of the test's own, with the provider simulated."""

import pytest

from kit import http
from tests.automation import thread
from tests.charging import desk
from tests.money.conftest import copied_url, schema_database, server_url
from tests.simulators import gupshup_phone, negociarie_bank

__all__ = [
    "copied_url", "desk", "gupshup_phone", "negociarie_bank", "schema_database", "server_url",
    "thread",
]  # fmt: skip


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a provider after 300 ms instead of ten seconds."""
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)
