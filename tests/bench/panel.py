"""The panel at ten million contacts a year for 300,000 clients, against counting anew.

What is compared is the CPU time of the server's backend: the wall clock belongs to whoever else
works on the machine.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path

import psycopg

from local_platform.stack import Stack
from tests.bench import panel_data
from tests.bench.table import BenchRow

ROUNDS = 5
# One-row writes of an arm: a tick of /proc is 10 ms, so that many are counted together.
WRITES = 1_000
Work = Callable[[psycopg.Connection], object]


def rows(stack: Stack, clients: int = panel_data.CLIENTS) -> list[BenchRow]:
    """Periods of a portfolio of so many clients; then what the panel costs whoever writes."""
    size = panel_data.Size(clients)
    stack.kill("executor")
    with psycopg.connect(stack.settings.database_url("supabase_admin"), autocommit=True) as db:
        panel_data.build(db, size)
        kept = _cpu(db, lambda one: one.execute(panel_data.KEEP_A_DAY))
        table = [
            BenchRow(
                f"panel, {clients:,} clients: keep a day of {size.contacts:,} contacts", "—",
                f"{kept * 1000:.0f} ms of CPU", "—", "—",
            ),
            *(_period(db, *each) for each in _periods()),
            *_writes(db),
        ]  # fmt: skip
    stack.restart("executor")
    return table


def _periods() -> list[tuple[str, int, str, bool]]:
    """Subject, days, split, and whether the raw arm is run (a year of it would last minutes)."""
    return [
        ("a day", 1, "", True),
        ("a month", 31, "", True),
        ("a month, by operator", 31, "operator", True),
        ("a quarter (two months of it copies)", 90, "", False),
        ("a year (eleven months of it copies)", 365, "", False),
        ("a year, by operator", 365, "operator", False),
        ("a year, by creditor", 365, "creditor", False),
        ("a year, by day", 365, "day", False),
    ]


def _period(
    db: psycopg.Connection, subject: str, days: int, split_by: str, is_compared: bool
) -> BenchRow:
    ours = _cpu(db, lambda one: _numbers(one, days, split_by))
    raw = _cpu(db, lambda one: _raw(one, days, split_by), rounds=1) if is_compared else None
    return BenchRow(
        f"panel: {subject}",
        f"{raw * 1000:.0f} ms from events" if raw else "—",
        f"{ours * 1000:.0f} ms of CPU",
        f"{ours / raw:.3f} ×" if raw else "—",
        "—",
    )


def _numbers(db: psycopg.Connection, days: int, split_by: str) -> None:
    with db.transaction():
        db.execute(
            "select set_config('request.jwt.claims', %s, true)",
            (json.dumps({"sub": str(panel_data.PEOPLE[0]), "role": "authenticated"}),),
        )
        db.execute(
            "select private.panel_numbers(%s, %s)",
            (json.dumps(panel_data.period(db, days)), split_by),
        )


def _raw(db: psycopg.Connection, days: int, split_by: str) -> None:
    """The same with nothing kept: every day is read from its events."""
    with db.transaction(force_rollback=True):
        db.execute("delete from private.panel_days where tenant_id = %s", (panel_data.TENANT,))
        _numbers(db, days, split_by)


def _writes(db: psycopg.Connection) -> list[BenchRow]:
    return [
        _write(db, subject, panel_data.WRITES[subject], switch)
        for subject, switch in (
            ("call", "alter table public.calls {} trigger _700_panel_insert"),
            (
                "receipt of a message",
                "alter table public.message_logs {} trigger _700_panel_update",
            ),
        )
    ] + [_disposition(db)]


def _write(db: psycopg.Connection, subject: str, statement: str, switch: str) -> BenchRow:
    seconds: dict[str, list[float]] = {"enable": [], "disable": []}
    for turn in range(2 * ROUNDS):
        state = ("enable", "disable")[turn % 2]
        db.execute(switch.format(state).encode())
        seconds[state].append(_cpu(db, lambda one: _many(one, statement), rounds=1))
    db.execute(switch.format("enable").encode())
    return _ratio(f"panel: {subject}", seconds["disable"], seconds["enable"], "trigger")


def _disposition(db: psycopg.Connection) -> BenchRow:
    """No trigger of the panel's: what is paid is the BRIN index."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * ROUNDS):
        with db.transaction(force_rollback=True):
            if turn % 2:
                db.execute("drop index public.call_dispositions_by_day")
            found[turn % 2 == 0].append(
                _cpu(db, lambda one: _many(one, panel_data.WRITES["disposition"]), rounds=1)
            )
    return _ratio("panel: disposition", found[False], found[True], "index")


def _ratio(subject: str, bare: list[float], ours: list[float], what: str) -> BenchRow:
    without, with_it = (statistics.median(each) / WRITES for each in (bare, ours))
    return BenchRow(
        subject, f"{without * 1e6:.0f} µs without the {what}", f"{with_it * 1e6:.0f} µs",
        f"{with_it / without:.2f} ×", "—",
    )  # fmt: skip


def _many(db: psycopg.Connection, statement: str) -> None:
    with db.transaction(force_rollback=True):
        for number in range(WRITES):
            db.execute(statement.encode(), {"number": number, "tenant": panel_data.TENANT})


def _cpu(db: psycopg.Connection, work: Work, rounds: int = ROUNDS) -> float:
    """Median seconds of user and system time that the backend spends on it."""
    [[pid]] = db.execute("select pg_backend_pid()").fetchall()
    seconds = []
    for _ in range(rounds):
        before = _ticks(pid)
        work(db)
        seconds.append((_ticks(pid) - before) / os.sysconf("SC_CLK_TCK"))
    return statistics.median(seconds)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    # utime and stime, the 14th and 15th fields of the line.
    return int(fields[11]) + int(fields[12])
