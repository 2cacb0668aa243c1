"""`make up` as a child process, to be interrupted, killed and started again."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from local_platform.settings import Platform
from local_platform.stack import Stack
from tests.conftest import WaitUntil

READY_SECONDS = 300  # 2 s on a quiet machine; deadlines end what hangs
STOP_SECONDS = 120


def descendants(pid: int) -> set[int]:
    """All living processes below `pid`, by /proc (the tests of processes run on Linux)."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after_name = stat.read_text().rpartition(")")[2].split()
            if after_name[0] != "Z":
                parents[int(stat.parent.name)] = int(after_name[1])
    found: set[int] = set()
    layer = {pid}
    while layer:
        layer = {child for child, parent in parents.items() if parent in layer}
        found |= layer
    return found


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@dataclass
class Running:
    """A started `up`; `output` grows while it runs."""

    process: subprocess.Popen[str]
    data: Path
    output: str = ""
    tree: set[int] = field(default_factory=set)

    @property
    def url(self) -> str:
        found = re.search(r"ready: (http://127\.0\.0\.1:[0-9]+)", self.output)
        assert found is not None, self.output
        return found[1]

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def wait_ready(self) -> "Running":
        deadline = time.monotonic() + READY_SECONDS
        while "ready: " not in self.output or "password of all" not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            threading.Event().wait(0.02)
        self.tree = descendants(self.process.pid)
        return self

    def wait_ended(self) -> int:
        return self.process.wait(STOP_SECONDS)

    def child(self, name: str) -> int:
        """The pid of a program of the tree by a word of its command line."""
        for pid in self.tree:
            with contextlib.suppress(OSError):
                if name in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                    return pid
        raise AssertionError(f"no {name} below {self.process.pid}")


StartUp = Callable[..., Running]


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the stack once ran: a copy of it starts in a third of the time."""
    data = tmp_path_factory.mktemp("prepared") / "data"
    with Stack(Platform.create(data, 0)) as stack:
        stack.start_all()
    return data


def copy_data(prepared: Path, data: Path) -> None:
    """With owners and times: the server's files belong to its own account."""
    subprocess.run(["cp", "-a", str(prepared), str(data)], check=True)


@pytest.fixture
def start_up(tmp_path: Path, prepared_data: Path) -> Iterator[StartUp]:
    """`start_up(data, port)` begins `python -m local_platform up`; whatever is left is killed.

    Without `data` it gets a copy of the prepared folder, without `port` one that nobody has.
    """
    started: list[Running] = []

    def start(data: Path | None = None, port: int = 0, prefix: tuple[str, ...] = ()) -> Running:
        if data is None:
            data = tmp_path / "data"
            copy_data(prepared_data, data)
        command = [*prefix, sys.executable, "-m", "local_platform", "up"]
        process = subprocess.Popen(
            [*command, "--port", str(port), "--data", str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        running = Running(process, data)
        threading.Thread(target=running.read).start()
        started.append(running)
        return running

    yield start
    for running in started:
        for pid in {running.process.pid, *running.tree}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        running.process.wait(STOP_SECONDS)
        if running.process.stdout is not None:
            with contextlib.suppress(ValueError):
                running.process.stdout.close()


@pytest.fixture(scope="session")
def notes_table(stack: Stack, wait_until: WaitUntil) -> Iterator[str]:
    """A table that a signed-in user may read and write but not delete from, known to the API."""
    name = "conformance_notes"
    with stack.server.connect() as connection:
        connection.execute(
            f"create table public.{name} (id uuid primary key, text text);"
            f"revoke all on public.{name} from anon, authenticated;"
            f"grant select, insert, update on public.{name} to authenticated;"
        )
    key = stack.settings.secrets.secret_key
    # Reading works before PostgREST knows the table; writing needs its schema cache, which is read
    # anew meanwhile (till then: 404 `{}`). OPTIONS is answered from that cache alone.
    address = f"{stack.settings.url}/rest/v1/{name}"
    wait_until(lambda: httpx.options(address, headers={"apikey": key}).is_success)
    yield name
    with stack.server.connect() as connection:
        connection.execute(f"drop table public.{name}")


def log_path(output: str) -> Path:
    """The log that an error sentence names."""
    found = re.search(r"its log: (\S.*\.log)", output)
    assert found is not None, output
    return Path(found[1])
