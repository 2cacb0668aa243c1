"""A file as large as the worker makes them is taken whole."""

from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from kit import config, http
from local_platform.providers import threecplus as simulator
from providers import threecplus
from providers.events import DialerOutcome
from tests.dialing import HOST, MANAGER
from tests.providers.conftest import point_at
from tests.simulators import serving

CONTACTS = 50_000


def test_a_file_of_fifty_thousand_contacts_is_loaded_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(simulator, tmp_path) as url:
        point_at(url, monkeypatch)
        control = f"{config.settings().simulators_url}/threecplus/_control/companies/{HOST}"
        httpx.put(control, json={"tokens": {MANAGER: "manager"}}).raise_for_status()
        task = SimpleNamespace(
            kind="file", is_doubtful=False, settings={"host": HOST},
            body={"campaign_id": 123, "name": "Lista (1/1)"},
        )  # fmt: skip
        rows = [
            SimpleNamespace(
                identifier=f"id-{n}", phone=f"119{80_000_000 + n}", name=f"Pessoa {n}",
                amount="100,00", is_wanted=True,
            )
            for n in range(CONTACTS)
        ]  # fmt: skip
        result = threecplus.perform(task, (MANAGER, None), rows)
        http.client().close()
        http._client.cache_clear()
    assert result.outcome is DialerOutcome.DONE, result.detail
    assert result.answer["imported"] == CONTACTS
