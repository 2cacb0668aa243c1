"""How the stack begins, ends and breaks: one sentence each, and nothing left behind."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import pytest

from local_platform import services, settings
from local_platform.errors import StackError
from local_platform.settings import ROOT, Platform
from tests.conftest import WaitUntil

from .conftest import Running, StartUp, descendants, is_alive, log_path

LAUNCH = ROOT / "supabase" / "local" / "launch.py"


def nothing_is_left_of(running: Running) -> bool:
    return not any(is_alive(pid) for pid in running.tree)


def listening_addresses(pids: set[int]) -> set[str]:
    """The addresses on which these processes listen, as /proc writes them (hexadecimal)."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            cells = line.split()
            if cells[3] == "0A" and cells[9] in inodes:  # 0A: listening
                found.add(cells[1].split(":")[0])
    return found


def test_it_says_where_it_is_and_who_may_sign_in(start_up: StartUp) -> None:
    running = start_up().wait_ready()
    with urllib.request.urlopen(f"{running.url}/health") as answer:
        assert answer.status == 200
    assert "operador@demo.test" in running.output
    assert "demo-demo-123" in running.output
    environment = (running.data / "env").read_text()
    for name in ("URL", "PUBLISHABLE_KEY", "SECRET_KEY"):
        assert f"SUPABASE_{name}=" in environment
    assert "DATABASE_URL=postgresql://postgres:" in environment


def test_nothing_listens_beyond_loopback(start_up: StartUp) -> None:
    running = start_up().wait_ready()
    assert listening_addresses({running.process.pid, *running.tree}) == {"0100007F"}  # 127.0.0.1


def test_it_refuses_to_listen_on_another_address(start_up: StartUp, tmp_path: Path) -> None:
    running = start_up(prefix=("env", "HOST=0.0.0.0"))
    assert running.wait_ended() != 0
    assert "loopback" in running.output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_it_leaves_no_process(
    start_up: StartUp, how: signal.Signals, wait_until: WaitUntil
) -> None:
    running = start_up().wait_ready()
    running.process.send_signal(how)
    assert running.wait_ended() != 0
    wait_until(lambda: nothing_is_left_of(running))
    assert "Traceback" not in running.output


def test_interrupted_while_it_starts_it_leaves_no_process(
    start_up: StartUp, wait_until: WaitUntil
) -> None:
    running = start_up()
    wait_until(lambda: "postgres" in running.output)
    running.tree = descendants(running.process.pid)
    running.process.send_signal(signal.SIGINT)
    assert running.wait_ended() != 0
    assert "Traceback" not in running.output
    wait_until(lambda: nothing_is_left_of(running))


@pytest.mark.parametrize(
    "name", ["postgrest", "auth.mjs", "local_platform.gateway", "bin/postgres"]
)
def test_a_child_that_dies_ends_it_with_its_log(
    start_up: StartUp, name: str, wait_until: WaitUntil
) -> None:
    running = start_up().wait_ready()
    os.kill(running.child(name), signal.SIGKILL)
    assert running.wait_ended() == 1
    assert log_path(running.output).exists()
    assert "Traceback" not in running.output
    wait_until(lambda: nothing_is_left_of(running))


def test_killed_outright_it_takes_its_children_along(
    start_up: StartUp, wait_until: WaitUntil
) -> None:
    running = start_up().wait_ready()
    running.process.kill()
    wait_until(lambda: nothing_is_left_of(running), 20)


def test_after_the_whole_tree_was_killed_it_recovers(start_up: StartUp) -> None:
    first = start_up().wait_ready()
    with psycopg.connect(database_url(first.data), autocommit=True) as connection:
        connection.execute("create table public.kept as select 42 as answer")
    for pid in (first.process.pid, *first.tree):
        with contextlib.suppress(ProcessLookupError):  # died with its parent a moment before
            os.kill(pid, signal.SIGKILL)
    first.wait_ended()
    second = start_up(first.data).wait_ready()
    with psycopg.connect(database_url(second.data)) as connection:
        assert connection.execute("select answer from public.kept").fetchone() == (42,)


def test_a_stale_pid_file_that_names_a_stranger_is_no_obstacle(start_up: StartUp) -> None:
    first = start_up().wait_ready()
    lock = first.data / "postgres" / "postmaster.pid"
    written, owner = lock.read_text(), lock.stat().st_uid
    first.process.send_signal(signal.SIGTERM)
    first.wait_ended()
    # Of the server's own user: Postgres itself steps over the processes of others.
    other_user = owner if owner != os.geteuid() else None
    with subprocess.Popen(["sleep", "600"], user=other_user) as stranger:
        lock.write_text(f"{stranger.pid}\n" + written.split("\n", 1)[1])
        try:
            start_up(first.data).wait_ready()
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_port_in_use_is_one_sentence(start_up: StartUp) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        running = start_up(port=port)
        assert running.wait_ended() == 1
    assert f"error: port {port} is in use" in running.output
    assert "Traceback" not in running.output


def test_a_data_folder_in_use_is_one_sentence(start_up: StartUp) -> None:
    first = start_up().wait_ready()
    second = start_up(first.data)
    assert second.wait_ended() == 1
    assert f"is in use by process {first.process.pid}" in second.output
    with urllib.request.urlopen(f"{first.url}/health") as answer:
        assert answer.status == 200


def test_a_data_folder_of_another_version_is_one_sentence(
    start_up: StartUp, tmp_path: Path
) -> None:
    cluster = tmp_path / "data" / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("16\n")
    running = start_up(tmp_path / "data")
    assert running.wait_ended() == 1
    assert "made by Postgres 16" in running.output
    assert "make reset" in running.output


def test_a_missing_node_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "node_program", lambda: None)
    with pytest.raises(StackError, match="Node 20 or newer is missing"):
        services.auth(Platform.create(tmp_path, 0))


def test_an_old_node_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.19.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    assert settings.node_program() is None


def test_two_stacks_run_side_by_side_in_a_path_with_spaces(
    start_up: StartUp, tmp_path: Path
) -> None:
    one = start_up(tmp_path / "first agency" / "local data")
    two = start_up(tmp_path / "second agency" / "local data")
    keys = []
    for running in (one, two):
        running.wait_ready()
        keys.append((running.data / "env").read_text().split("PUBLISHABLE_KEY=")[1].split()[0])
    request = urllib.request.Request(f"{one.url}/rest/v1/tenants", headers={"apikey": keys[1]})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user already runs every other test")
def test_an_ordinary_user_may_run_it(start_up: StartUp, tmp_path: Path) -> None:
    account = pwd.getpwnam("nobody")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, account.pw_uid, account.pw_gid)
    # The launcher's one capability lets the other user walk to a clone below a closed folder.
    launcher = (str(LAUNCH), str(os.getpid()), "9", str(account.pw_uid), "1")
    python = Path(sys.executable)
    start_up(data, prefix=(str(python), "-I", "-S", *launcher)).wait_ready()
    assert (data / "postgres").stat().st_uid == account.pw_uid


def reset(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local_platform", "reset", "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_reset_folder_begins_anew(prepared_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    subprocess.run(["cp", "-a", str(prepared_data), str(data)], check=True)
    assert reset(data).returncode == 0
    assert not (data / "postgres").exists()
    assert not (data / "secrets.json").exists()


def test_a_running_stack_is_not_reset(start_up: StartUp) -> None:
    running = start_up().wait_ready()
    answer = reset(running.data)
    assert answer.returncode == 1
    assert "is in use" in answer.stderr
    assert (running.data / "postgres" / "PG_VERSION").exists()


def test_a_folder_with_anything_of_others_is_not_reset(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "thesis.odt").write_text("three years of work")
    answer = reset(tmp_path)
    assert answer.returncode == 1
    assert "thesis.odt" in answer.stderr
    assert (tmp_path / "postgres").exists()


def database_url(data: Path) -> str:
    lines = (data / "env").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("DATABASE_URL="))
