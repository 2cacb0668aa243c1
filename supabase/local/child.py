"""One supervised program: started with a log of its own, polled until ready, always ended."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from local_platform.errors import StackError

LAUNCHER = Path(__file__).with_name("launch.py")
# Linux signals a "death of the parent" when the thread that started the child ends: children are
# started by one thread that lives as long as the program, whoever asks.
SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
# Between two looks at whether a child is ready: below what a person notices, and cheap.
POLL_SECONDS = 0.03
# Postgres writes a checkpoint on the way out; on a busy two-core machine that took up to 4 s.
STOP_SECONDS = 60
TAIL_CHARACTERS = 2_000  # of a log: the end of a traceback


@dataclass
class Child:
    """A program of the stack. `stop_signal` asks it to end in good order."""

    name: str
    argv: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    uid: int | None = None
    may_read_all: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    pass_fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise StackError(f"{self.name} was not started")
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        return None if self.process is None else self.process.poll()

    def start(self) -> None:
        """Start without waiting; the program gets a session of its own, so that a Ctrl-C in the
        terminal reaches the supervisor alone and the children end in order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())]
        launcher += [str(int(self.stop_signal)), "-" if self.uid is None else str(self.uid)]
        launcher += ["1" if self.may_read_all else "0"]
        SPAWNER.submit(self._spawn, [*launcher, *self.argv]).result()

    def _spawn(self, command: list[str]) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.folder or Path("/"),
                start_new_session=True,
                pass_fds=self.pass_fds,
            )

    def died(self) -> StackError:
        error = StackError(
            f"{self.name} ended by itself (code {self.exit_code}); its log: {self.log}"
        )
        # A person is shown one sentence; a failed test also shows this.
        error.add_note(self.log.read_text(errors="replace")[-TAIL_CHARACTERS:])
        return error

    def wait_until(self, ready: Callable[[], bool], within_seconds: float) -> None:
        """Poll `ready`; a child that dies meanwhile, or is late, is a StackError.

        Asked before the child's own life: an answer in place of a dead child is somebody else's.
        """
        deadline = time.monotonic() + within_seconds
        while True:
            is_ready = ready()
            if self.exit_code is not None:
                raise self.died()
            if is_ready:
                return
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} is not ready after {within_seconds:.0f} s; its log: {self.log}"
                )
            time.sleep(POLL_SECONDS)

    def wait_ended(self, within_seconds: float) -> int:
        """The exit code of a program that is meant to end by itself."""
        if self.process is None:
            raise StackError(f"{self.name} was not started")
        return self.process.wait(within_seconds)

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Ask, wait, and if that does not help kill; afterwards nothing of it is left."""
        if self.process is None:
            return
        self.ask_to_stop()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """SIGKILL to the child and its own children."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
