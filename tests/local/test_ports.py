"""A number chosen for a stack is nobody else's, from that moment until the stack ends."""

import json
import shutil
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from local_platform.errors import StackError
from local_platform.settings import LOOPBACK, Platform

from .conftest import StartUp, copy_data

IP_LOCAL_PORT_RANGE = (
    51  # linux/in.h: the "any free port" of one socket, as (last << 16) | first, unsigned
)

only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a second socket cannot bind a kept number"
)


def numbers(platform: Platform) -> list[int]:
    return [
        platform.port,
        platform.postgres_port,
        platform.auth_port,
        platform.rest_port,
        platform.functions_port,
        platform.simulators_port,
    ]


def any_port_of(number: int) -> socket.socket:
    """A socket for which the kernel's choice of "any free port" is this one or none."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        both_ends = struct.pack("I", number << 16 | number)
        asking.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, both_ends)
    except OSError:
        asking.close()
        pytest.skip("this kernel cannot narrow one socket's choice (Linux 6.3 and newer can)")
    return asking


@only_linux
def test_a_program_that_asks_for_any_port_is_given_none_of_ours(tmp_path: Path) -> None:
    platform = Platform.create(tmp_path, 0)
    for number in numbers(platform):
        with any_port_of(number) as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((LOOPBACK, 0))


@only_linux
def test_an_outgoing_connection_takes_none_of_ours(tmp_path: Path) -> None:
    platform = Platform.create(tmp_path, 0)
    with socket.create_server((LOOPBACK, 0)) as listening:
        for number in numbers(platform):
            with any_port_of(number) as stranger, pytest.raises(OSError, match="assign requested"):
                stranger.connect(listening.getsockname())


@only_linux
def test_a_program_that_asks_for_one_of_ours_is_refused(tmp_path: Path) -> None:
    platform = Platform.create(tmp_path, 0)
    for number in numbers(platform):
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((LOOPBACK, number))


@only_linux
def test_a_child_binds_what_its_stack_keeps(tmp_path: Path) -> None:
    platform = Platform.create(tmp_path, 0)
    for number in numbers(platform):
        socket.create_server((LOOPBACK, number)).close()


@only_linux
def test_another_stack_cannot_promise_one_of_ours(tmp_path: Path) -> None:
    platform = Platform.create(tmp_path / "one", 0)
    for number in numbers(platform):
        with pytest.raises(StackError, match=f"port {number} is in use"):
            Platform.create(tmp_path / "two", number)


@only_linux
def test_a_copy_of_a_running_folder_takes_another_port_for_its_server(tmp_path: Path) -> None:
    one = Platform.create(tmp_path / "one", 0)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    two = Platform.create(tmp_path / "two", 0)
    assert one.postgres_port != two.postgres_port


def test_the_server_keeps_its_port_from_one_start_to_the_next(tmp_path: Path) -> None:
    before = Platform.create(tmp_path, 0)
    before.ports.close()
    assert Platform.create(tmp_path, 0).postgres_port == before.postgres_port


def test_stacks_made_at_the_same_moment_share_no_number(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as at_once:
        platforms = list(at_once.map(lambda n: Platform.create(tmp_path / str(n), 0), range(40)))
    found = [number for platform in platforms for number in numbers(platform)]
    assert len(set(found)) == len(found)


def test_copies_of_one_folder_started_together_each_answer_for_themselves(
    start_up: StartUp, prepared_data: Path, tmp_path: Path
) -> None:
    """All of them remember the same port for Postgres; each has an API key of its own."""
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        copy_data(prepared_data, folder)
        kept = json.loads((folder / "secrets.json").read_text())
        del kept["publishable_key"]
        (folder / "secrets.json").write_text(json.dumps(kept))
    for running in [start_up(folder) for folder in folders]:
        running.wait_ready()
        key = json.loads((running.data / "secrets.json").read_text())["publishable_key"]
        assert httpx.get(f"{running.url}/rest/v1/", headers={"apikey": key}, timeout=120).is_success
    assert len({(folder / "postgres.port").read_text() for folder in folders}) == len(folders)
