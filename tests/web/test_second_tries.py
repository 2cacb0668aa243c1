"""A spec that passes only at the second try is named, and too many of them are a failure."""

import json
from pathlib import Path

import pytest

from tests.web.second_tries import read
from tests.web.test_browser import SECOND_TRIES, judge


def report(folder: Path, *outcomes: str, error: str | None = None) -> Path:
    """As Playwright writes it: a suite per file, a failure in colours."""
    failure = {"message": "\x1b[31mError: too late\x1b[39m\n\nReceived: 2"}
    specs = [
        {
            "title": f"claim {number}", "file": "a.spec.ts", "line": number,
            "tests": [{
                "status": outcome,
                "results": [{"errors": [] if outcome == "expected" else [failure]}],
            }],
        }
        for number, outcome in enumerate(outcomes, 1)
    ]  # fmt: skip
    path = folder / "report.json"
    errors = [{"message": error}] if error else []
    path.write_text(json.dumps({"suites": [{"suites": [{"specs": specs}]}], "errors": errors}))
    return path


def test_what_passes_at_once_says_nothing(tmp_path: Path) -> None:
    judge(read(report(tmp_path, "expected", "expected")), 0, "")


def test_a_second_try_is_named_and_forgiven(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="a.spec.ts:2 › claim 2") as told:
        judge(read(report(tmp_path, "expected", "flaky")), 0, "")
    assert "Error: too late" in str(told[0].message)


def test_more_second_tries_than_bad_luck_explains_are_a_failure(tmp_path: Path) -> None:
    flaky = ["flaky"] * (SECOND_TRIES + 1)
    with pytest.raises(pytest.fail.Exception, match="only at the second try"):
        judge(read(report(tmp_path, *flaky)), 0, "")


def test_a_spec_that_fails_tells_why_without_colours(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="claim 1\n    Error: too late"):
        judge(read(report(tmp_path, "unexpected", "expected")), 1, "")


@pytest.mark.parametrize("error", [None, "no such file"])
def test_a_run_that_ended_otherwise_is_a_failure(tmp_path: Path, error: str | None) -> None:
    with pytest.raises(pytest.fail.Exception, match=error or "what it said"):
        judge(read(report(tmp_path, "expected", error=error)), 1, "what it said")
