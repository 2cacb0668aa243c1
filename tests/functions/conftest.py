"""Functions on a real database of the test's own, with the provider simulated."""

import pytest

from kit import http
from tests.automation import thread
from tests.simulators import gupshup_phone

__all__ = ["gupshup_phone", "thread"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a provider after 300 ms instead of ten seconds."""
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)
