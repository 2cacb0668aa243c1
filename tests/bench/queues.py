"""Our queue beside graphile-worker, pgqueuer and procrastinate: the same jobs, the same Postgres.

What only this bench needs is pinned in rivals/ and installed by it, when its locks have changed.
Every job does nothing; each worker is one process, and is watched from outside, by what it leaves.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local_platform import database as databases
from local_platform.stack import Stack
from tests.bench.table import BenchRow

RIVALS = Path(__file__).parent / "rivals"
PACKAGES = Path(sys.prefix) / "rivals"
JOBS = 5_000
LOOK_SECONDS = 0.01
# Longer than our lease; what a dead worker holds beyond it, it holds for minutes or hours.
PATIENCE_SECONDS = 15
# Of the slowest arm: beyond this the bench is stuck.
LONGEST_SECONDS = 300


@dataclass(frozen=True)
class Arm:
    """A queue: how it is run, and what counts the jobs it has not finished."""

    name: str
    command: list[str]
    left: str
    goal: str


def arms() -> list[Arm]:
    worker = [sys.executable, str(RIVALS / "worker.py")]
    node = shutil.which(
        "node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    return [
        Arm("ours", [*worker, "ours"], "select count(*) from pgmq.q_automations", ""),
        Arm(
            "graphile-worker, batched",
            [str(node), str(RIVALS / "worker.mjs")],
            "select count(*) from graphile_worker._private_jobs",
            "≥ 1.0 ×",
        ),
        Arm("pgqueuer", [*worker, "pgqueuer"], "select count(*) from pgqueuer", "≥ 5 ×"),
        Arm(
            "procrastinate",
            [*worker, "procrastinate"],
            "select count(*) from procrastinate_jobs where status in ('todo', 'doing')",
            "≥ 50 ×",
        ),
    ]


def rows(stack: Stack, jobs: int = JOBS) -> list[BenchRow]:
    """Throughput of each, ours as a ratio of it, and what a killed worker's jobs wait for."""
    install()
    stack.kill("executor")
    found = [(arm, *measured(stack, arm, jobs)) for arm in arms()]
    stack.restart("executor")
    [(_, ours, again), *rivals] = found
    return [
        BenchRow(
            f"{jobs:,} jobs that do nothing, one process",
            f"{rate:,.0f}/s {arm.name}", f"{ours:,.0f}/s", f"{ours / rate:.1f} ×", arm.goal,
        )
        for arm, rate, _ in rivals
    ] + [
        BenchRow(
            "the same, the worker killed at half and another begun: until none is left",
            f"{told} {arm.name}", again, "—", "our lease (5 s) + 1 s",
        )
        for arm, _, told in rivals
    ]  # fmt: skip


def install() -> None:
    """Into the environment's own folder, never among the packages of the product."""
    locks = [RIVALS / "requirements.txt", RIVALS / "package-lock.json"]
    mark = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()
    stamp = PACKAGES / ".installed"
    if stamp.exists() and stamp.read_text() == mark and (RIVALS / "node_modules").exists():
        return
    shutil.rmtree(PACKAGES, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes"]
    subprocess.run([*pip, "--target", str(PACKAGES), "-r", str(locks[0])], check=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    npm = shutil.which("npm", path=path) or "npm"
    subprocess.run(
        [npm, "ci", "--silent"], cwd=RIVALS, check=True, env={**os.environ, "PATH": path}
    )
    stamp.write_text(mark)


def measured(stack: Stack, arm: Arm, jobs: int) -> tuple[float, str]:
    """Jobs per second of a whole run, and in words what a kill costs, each on a new database."""
    rate = drained(arm, new_database(stack, arm, "drained"), jobs)
    return rate, killed(arm, new_database(stack, arm, "killed"), jobs)


def new_database(stack: Stack, arm: Arm, how: str) -> str:
    name = f"bench_{arm.name.split('-')[0].split(',')[0]}_{how}"
    with stack.server.connect("supabase_admin", "template1") as connection:
        databases.create_database(connection, name)
    if arm.name == "ours":
        databases.migrate(stack.server, name)
    return stack.settings.database_url("supabase_admin", name)


def begin(arm: Arm, what: str, url: str, *more: str) -> subprocess.Popen[bytes]:
    """In a session of its own, so that a kill takes all of it."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES)}
    command = [*arm.command, what, url, *more]
    return subprocess.Popen(command, cwd=RIVALS, env=environment, start_new_session=True)


def fill(arm: Arm, url: str, jobs: int) -> None:
    if begin(arm, "fill", url, str(jobs)).wait(LONGEST_SECONDS):
        raise RuntimeError(f"{arm.name} could not be filled")


def end(worker: subprocess.Popen[bytes]) -> None:
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def left(arm: Arm, db: psycopg.Connection) -> int:
    row = db.execute(arm.left.encode()).fetchone()
    assert row is not None
    return int(row[0])


def until(arm: Arm, db: psycopg.Connection, most: int, seconds: float) -> tuple[float, int]:
    """The clock when at most so many are left, or when time is up; and how many are left then."""
    deadline = time.perf_counter() + seconds
    while (found := left(arm, db)) > most and time.perf_counter() < deadline:
        time.sleep(LOOK_SECONDS)
    return time.perf_counter(), found


def drained(arm: Arm, url: str, jobs: int) -> float:
    """Per second, from the first that is seen done to the last: its start is not its speed."""
    fill(arm, url, jobs)
    with psycopg.connect(url, autocommit=True) as db:
        worker = begin(arm, "work", url)
        started, first = until(arm, db, jobs - 1, LONGEST_SECONDS)
        ended, last = until(arm, db, 0, LONGEST_SECONDS)
        end(worker)
    if last:
        raise RuntimeError(f"{arm.name} did not finish")
    return first / (ended - started)


def killed(arm: Arm, url: str, jobs: int) -> str:
    fill(arm, url, jobs)
    with psycopg.connect(url, autocommit=True) as db:
        worker = begin(arm, "work", url)
        until(arm, db, jobs // 2, LONGEST_SECONDS)
        end(worker)
        killed_at = time.perf_counter()
        other = begin(arm, "work", url)
        ended, held = until(arm, db, 0, PATIENCE_SECONDS)
        # Whoever is slow is no less safe: only what nobody has taken for so long is held.
        while held:
            ended, still = until(arm, db, 0, PATIENCE_SECONDS)
            if still == held:
                break
            held = still
        end(other)
    if held:
        return f"{held:,} still held after {ended - killed_at:.0f} s"
    return f"{ended - killed_at:.1f} s"
