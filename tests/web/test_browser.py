"""The page in a real browser, against the whole platform: runs `web/e2e` with Playwright."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from local_platform.settings import ROOT
from local_platform.stack import Stack
from tests.web.second_tries import Report, read

WEB = ROOT / "web"
# Forty-odd specs of seconds each, on a machine that others share; a browser that hangs is ended.
LIMIT_SECONDS = 1_800
# Of one part's specs; a machine that stands still for a moment explains no more.
SECOND_TRIES = 2
SAID_CHARACTERS = 2_000


def run(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of the page's packages, to its end."""
    # npm's node, or the one that the environment brought along.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    node = shutil.which("node", path=path)
    assert node, "no Node: `make test` installs one"
    return subprocess.run(
        [node, str(WEB / "node_modules" / program), *arguments],
        cwd=WEB,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def judge(report: Report, status: int, said: str) -> None:
    """Fail with the reasons alone; a second try is forgiven, but told by name."""
    failed = [*map(str, report.of("unexpected")), *report.errors]
    if failed or (status != 0 and not report.of("flaky")):
        pytest.fail("\n".join(failed) or said[-SAID_CHARACTERS:], pytrace=False)
    second = [*map(str, report.of("flaky"))]
    if len(second) > SECOND_TRIES:
        told = [f"{len(second)} specs passed only at the second try:", *second]
        pytest.fail("\n".join(told), pytrace=False)
    for spec in second:
        warnings.warn(f"passed only at the second try: {spec}", stacklevel=1)


# Three parts, each on a worker and a stack of its own: together they would last longest by far.
# Specs with the tag @proof are left out, unless the proofs are asked for: then they alone run.
@pytest.mark.proof
@pytest.mark.parametrize("part", ["1/3", "2/3", "3/3"])
def test_people_work_in_a_browser(stack: Stack, tmp_path: Path, part: str) -> None:
    report = tmp_path / "report.json"
    ran = run(
        "@playwright/test/cli.js",
        "test",
        f"--shard={part}",
        "--pass-with-no-tests",
        E2E_BASE_URL=stack.settings.url,
        # The demo's clock is moved by the owner alone.
        E2E_DATABASE_URL=stack.settings.database_url(),
        E2E_OUTPUT=str(tmp_path / "output"),
        E2E_REPORT=str(report),
    )
    said = ran.stdout + ran.stderr
    assert report.exists(), said[-SAID_CHARACTERS:]
    judge(read(report), ran.returncode, said)
