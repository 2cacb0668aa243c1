"""Adapters against their simulators; no database."""

from collections.abc import Iterator

import pytest

from kit import config, http
from tests.simulators import GupshupPhone, gupshup_phone

__all__ = ["gupshup_phone"]


@pytest.fixture
def provider(
    gupshup_phone: GupshupPhone, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GupshupPhone]:
    """The simulator, with the adapter pointed at it."""
    settings = config.read(
        {
            "FUNCTIONS_DATABASE_URL": "unused",
            "JOBS_KEY": "unused",
            "SUPABASE_JWT_SECRET": "unused",
            "SIMULATORS_URL": gupshup_phone.url,
        }
    )
    monkeypatch.setattr(config, "settings", lambda: settings)
    yield gupshup_phone
    http.client().close()
    http._client.cache_clear()
