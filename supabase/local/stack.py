"""The whole stack as one context: `make up`, the scratch command and the tests compose the same."""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local_platform import database, demo, services
from local_platform.child import Child
from local_platform.errors import StackError
from local_platform.postgres import Postgres
from local_platform.settings import LOOPBACK, Platform, in_use

READY_SECONDS = 240  # they need 1 s; a machine that also ran three test suites made it 30
BACKLOG = 512  # connections that wait while a killed gateway is started again
# How late a dead child may be noticed; looking costs a few microseconds.
WATCH_SECONDS = 0.3


class Stack:
    """Starts parts in order, remembers them, ends them in reverse."""

    def __init__(self, settings: Platform, say: Callable[[str], None] = lambda _: None) -> None:
        self.settings = settings
        self.say = say
        self.server = Postgres(settings)
        self.children: dict[str, Child] = {}
        self.shifted_seconds = 0
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        self._exit.callback(self.settings.ports.close)
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
        self.start(services.auth(self.settings), services.probes(self.settings)["auth"])

    def start_rest(self) -> None:
        self.start(services.rest(self.settings), services.probes(self.settings)["postgrest"])

    def start_all(self, *, seed: bool = True) -> None:
        """Everything, in the order of what needs what; slow starters run side by side."""
        settings = self.settings
        self._listen()
        self.say("postgres")
        self.start_postgres()
        for version in database.migrate(self.server):
            self.say(f"migration {version}")
        database.set_passwords(self.server)
        demo.write_secrets(self.server)
        self.say("auth, rest, functions, simulators, executor")
        for child in (
            services.functions(settings),
            services.simulators(settings),
            services.auth(settings),
            services.rest(settings),
            services.executor(settings),
            services.gateway(settings, self._listening.fileno()),
        ):
            self.start(child, None)
        for name, probe in services.probes(settings).items():
            self.children[name].wait_until(services.answers(probe), READY_SECONDS)
        if seed:
            self._seed()
        settings.write_environment()

    def _seed(self) -> None:
        is_new = demo.plant(self.server)
        if is_new:
            self.say("demo data")
            demo.sign_up(self.settings)
            demo.connect_providers(self.settings)
            demo.seat_operators(self.server)
        demo.register_accounts(self.server)
        self.shifted_seconds = demo.set_clock(self.server)
        if is_new:
            demo.redate(self.server)

    def _listen(self) -> None:
        """Open the promised port before anything else starts; a restarted gateway finds it open."""
        self._listening = socket.socket()
        self._exit.callback(self._listening.close)
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listening.bind((LOOPBACK, self.settings.port))
            self._listening.listen(BACKLOG)
        except OSError as error:
            raise in_use(self.settings.port) from error

    def kill(self, name: str) -> None:
        """SIGKILL one child, as a test of what survives it."""
        self.children[name].kill()

    def restart(self, name: str) -> None:
        """Start a child that was killed or ended, and wait until it answers."""
        if name == "postgres":
            self.server.start()
            return
        child = self.children[name]
        child.kill()
        child.start()
        probe = services.probes(self.settings).get(name)
        if probe is not None:
            child.wait_until(services.answers(probe), READY_SECONDS)

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
        raise StackError(
            f"{data} is in use by {owner}: stop it, or choose another folder"
        ) from error
    file.truncate(0)
    file.write(f"process {os.getpid()}")
    file.flush()
    return file
