"""A stack for people in browsers, who leave it full of their work."""

from collections.abc import Iterator

import pytest

from local_platform.settings import Platform
from local_platform.stack import Stack
from tests.memory import quick_folder


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Of their own: other tests on this worker find the demo as it was planted."""
    with (
        quick_folder(tmp_path_factory.mktemp("browser")) as data,
        Stack(Platform.create(data, 0, durable=False)) as running,
    ):
        running.start_all()
        yield running
