"""The whole stack as one context: `make up`, the scratch command and the tests compose the same."""

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local_platform import database, services
from local_platform.child import Child
from local_platform.errors import StackError
from local_platform.postgres import Postgres
from local_platform.settings import LOOPBACK, Platform

READY_SECONDS = 30
# How late a dead child may be noticed; looking costs a few microseconds.
WATCH_SECONDS = 0.3


class Stack:
    """Starts parts in order, remembers them, ends them in reverse."""

    def __init__(self, settings: Platform, say: Callable[[str], None] = lambda _: None) -> None:
        self.settings = settings
        self.say = say
        self.server = Postgres(settings)
        self.children: dict[str, Child] = {}
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        self._exit.enter_context(lock(self.settings.data))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._exit.close()

    def stop(self) -> None:
        for child in reversed(self.children.values()):
            child.ask_to_stop()
            child.stop()
        self.children.clear()

    def start_postgres(self) -> None:
        self.children["postgres"] = self.server.child
        self.server.start()
        database.bootstrap(self.server)

    def start(self, child: Child, probe: str | None) -> None:
        """Start a child; with a URL, wait until it answers there."""
        self.children[child.name] = child
        child.start()
        if probe is not None:
            child.wait_until(services.answers(probe), READY_SECONDS)

    def start_auth(self) -> None:
        self.start(services.auth(self.settings), f"http://{LOOPBACK}:{self.settings.auth_port}/auth/v1/health")

    def start_rest(self) -> None:
        self.start(services.rest(self.settings), f"http://{LOOPBACK}:{self.settings.rest_port}/")

    def wait(self) -> None:
        """Until a signal ends us; a child that dies meanwhile is a StackError."""
        while True:
            for child in self.children.values():
                if child.exit_code is not None:
                    raise child.died()
            time.sleep(WATCH_SECONDS)


def lock(data: Path) -> IO[str]:
    """Own the data folder, or say who does. The kernel lets go of it however we end."""
    file = (data / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip() or "another process"
        file.close()
        raise StackError(f"{data} is in use by {owner}: stop it, or choose another folder") from error
    file.truncate(0)
    file.write(f"process {os.getpid()}")
    file.flush()
    return file
