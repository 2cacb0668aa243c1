"""What Playwright's JSON report says: specs that failed, with their reason, and second tries."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# The message, what was received, the call log's end: what follows is the same again as a picture.
REASON_LINES = 24


@dataclass(frozen=True)
class Spec:
    """One browser test: `outcome` is expected, unexpected, flaky or skipped."""

    name: str
    outcome: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}\n{self.reason}" if self.reason else self.name


@dataclass(frozen=True)
class Report:
    specs: list[Spec]
    # What went wrong around the specs: a config that does not load, a server that is not there.
    errors: list[str]

    def of(self, outcome: str) -> list[Spec]:
        return [spec for spec in self.specs if spec.outcome == outcome]


def read(path: Path) -> Report:
    told = json.loads(path.read_text())
    specs = [spec for suite in told["suites"] for spec in specs_of(suite)]
    return Report(specs, [short(error) for error in told.get("errors", [])])


def specs_of(suite: dict[str, Any]) -> Iterator[Spec]:
    for inner in suite.get("suites", []):
        yield from specs_of(inner)
    for spec in suite.get("specs", []):
        for test in spec["tests"]:
            # Of two failures the last one is told: it had the stack more to itself.
            failures = [short(error) for tried in test["results"] for error in tried["errors"]]
            name = f"{spec['file']}:{spec['line']} › {spec['title']}"
            yield Spec(name, test["status"], failures[-1] if failures else "")


def short(error: dict[str, Any]) -> str:
    lines = COLOUR.sub("", error.get("message", "")).splitlines()
    return "\n".join(f"    {line}" for line in lines[:REASON_LINES] if line.strip())
