"""Adapters against their simulators; no database."""

from collections.abc import Iterator

import pytest

from kit import config, http
from providers import negociarie
from tests.simulators import (
    GupshupPhone,
    MetaPhone,
    NegociarieBank,
    gupshup_phone,
    meta_phone,
    negociarie_bank,
)

__all__ = ["gupshup_phone", "meta_phone", "negociarie_bank"]


@pytest.fixture
def provider(
    gupshup_phone: GupshupPhone, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GupshupPhone]:
    """The simulator, with the adapter pointed at it."""
    point_at(gupshup_phone.url, monkeypatch)
    yield gupshup_phone
    http.client().close()
    http._client.cache_clear()


@pytest.fixture
def cloud(meta_phone: MetaPhone, monkeypatch: pytest.MonkeyPatch) -> Iterator[MetaPhone]:
    """The simulator of Meta, with the adapter pointed at it."""
    point_at(meta_phone.url, monkeypatch)
    yield meta_phone
    http.client().close()
    http._client.cache_clear()


@pytest.fixture
def bank(
    negociarie_bank: NegociarieBank, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NegociarieBank]:
    """The simulator, with the adapter pointed at it and no token from another test."""
    point_at(negociarie_bank.url, monkeypatch)
    negociarie._tokens.clear()
    yield negociarie_bank
    http.client().close()
    http._client.cache_clear()


def point_at(simulators_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config.read(
        {
            "FUNCTIONS_DATABASE_URL": "unused",
            "JOBS_KEY": "unused",
            "SUPABASE_JWT_SECRET": "unused",
            "SIMULATORS_URL": simulators_url,
        }
    )
    monkeypatch.setattr(config, "settings", lambda: settings)
