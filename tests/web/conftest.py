"""A stack for people in browsers, who leave it full of their work."""

from collections.abc import Iterator

import pytest

from local_platform.settings import Platform
from local_platform.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Of their own: other tests on this worker find the demo as it was planted."""
    settings = Platform.create(tmp_path_factory.mktemp("browser"), 0, durable=False)
    with Stack(settings) as running:
        running.start_all()
        yield running
