"""Why each test failed, once more and short, as the last thing that a run prints.

A record of a run keeps the end of it; pytest's own summary cuts a reason off at the line's end.
"""

import pytest

LINES = 30
CHARACTERS = 3_000


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The message of what was raised; the end of whatever there is where nothing was."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return report.longreprtext[-CHARACTERS:]
    lines = [line for line in crash.message.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[:LINES])[:CHARACTERS]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    failed = [
        report
        for outcome in ("error", "failed")
        for report in terminalreporter.stats.get(outcome, [])
    ]
    if not failed:
        return
    terminalreporter.section("reasons")
    for report in failed:
        terminalreporter.write_line(report.nodeid)
        terminalreporter.write_line(reason(report))
