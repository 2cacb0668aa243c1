"""The launcher: another user, no more rights than needed, no life of its own."""

import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_platform.settings import ROOT
from tests.conftest import WaitUntil

from .conftest import is_alive

LAUNCHER = [sys.executable, "-I", "-S", str(ROOT / "supabase" / "local" / "launch.py")]
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to give up")


def launch(*program: str, uid: int | None = None, may_read_all: bool = False) -> list[str]:
    user = "-" if uid is None else str(uid)
    return [*LAUNCHER, str(os.getpid()), "9", user, str(int(may_read_all)), *program]


@pytest.fixture
def closed_program(tmp_path: Path) -> Path:
    """An executable below a folder that only its owner may walk, as CI clones often are."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    program = folder / "program"
    program.write_text("#!/bin/sh\nid -u\n")
    program.chmod(0o755)
    return program


@only_root
def test_another_user_walks_below_a_closed_folder_when_allowed(closed_program: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    asks_access = f"import os; print(os.access({str(closed_program)!r}, os.X_OK))"
    command = launch(sys.executable, "-I", "-S", "-c", asks_access, uid=nobody, may_read_all=True)
    assert subprocess.run(command, capture_output=True, text=True).stdout == "True\n"


@only_root
def test_another_user_does_not_walk_there_otherwise(closed_program: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    command = launch("/bin/sh", "-c", str(closed_program), uid=nobody)
    assert "Permission denied" in subprocess.run(command, capture_output=True, text=True).stderr


@only_root
def test_the_other_user_writes_nothing_of_roots(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    (tmp_path / "roots").write_text("untouched")
    command = launch("/bin/sh", "-c", f"echo x > '{tmp_path}/roots'", uid=nobody, may_read_all=True)
    assert subprocess.run(command, capture_output=True).returncode != 0
    assert (tmp_path / "roots").read_text() == "untouched"


def test_it_dies_with_its_parent(wait_until: WaitUntil) -> None:
    program = (
        "import subprocess, sys, os;"
        f"child = subprocess.Popen({LAUNCHER!r} + [str(os.getpid()), '9', '-', '0',"
        " '/bin/sleep', '600']); print(child.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_until(lambda: "sleep" in Path(f"/proc/{child}/comm").read_text())
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_alive(child))


def test_a_parent_that_is_gone_already_starts_nothing() -> None:
    strangers_pid = "1"
    command = [*LAUNCHER, strangers_pid, "9", "-", "0", "/bin/echo", "started"]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.stdout == ""
    assert answer.returncode == -signal.SIGKILL
