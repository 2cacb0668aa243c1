"""From spawning a function to its first answer, against a hello-world on the same framework."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from local_platform.stack import Stack
from tests.bench.table import BenchRow

FUNCTIONS = Path(__file__).parents[2] / "functions"
STARTS = 7  # per function; the first pays for the disk cache and is thrown away
PATIENCE_SECONDS = 20
HELLO = """
import functions_framework
@functions_framework.http
def hello(request):
    return "", 200
"""


def rows(stack: Stack) -> list[BenchRow]:
    """One row per deployed function; any answer counts, a refusal is one too."""
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder) / "main.py"
        hello.write_text(HELLO)
        targets = {"hello": hello} | {
            name: FUNCTIONS / "main.py"
            for name in ("run_automations", "gupshup_webhook", "portfolio_import")
        }
        seconds: dict[str, list[float]] = {name: [] for name in targets}
        for turn in range(STARTS):
            names = sorted(targets, reverse=turn % 2 == 0)
            for name in names:
                spent = _first_answer(name, targets[name], stack)
                if turn > 0:
                    seconds[name].append(spent)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    return [
        BenchRow(
            f"cold start of {name.replace('_', '-')}",
            f"{median['hello'] * 1000:.0f} ms hello-world",
            f"{median[name] * 1000:.0f} ms",
            f"{median[name] / median['hello']:.2f} ×",
            "≤ 1.3 ×",
        )
        for name in targets
        if name != "hello"
    ]


def _first_answer(target: str, source: Path, stack: Stack) -> float:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "FUNCTIONS_DATABASE_URL": stack.settings.database_url("functions"),
        "SUPABASE_JWT_SECRET": "x" * 40,
        "JOBS_KEY": "x" * 40,
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "functions_framework", "--host", "127.0.0.1"),
            *("--port", str(port), "--target", target, "--source", str(source)),
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - started < PATIENCE_SECONDS:
            try:
                httpx.post(f"http://127.0.0.1:{port}/", timeout=5)
            except httpx.TransportError:
                continue
            return time.perf_counter() - started
    finally:
        process.kill()
        process.wait()
    raise TimeoutError(f"{target} did not answer within {PATIENCE_SECONDS} s")
