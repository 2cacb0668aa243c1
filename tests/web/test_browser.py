"""The page in a real browser, against the whole platform: runs `web/e2e` with Playwright."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local_platform.settings import ROOT
from local_platform.stack import Stack

WEB = ROOT / "web"
# Sixty-odd tests of seconds each, on a machine that others share; a browser that hangs is ended.
LIMIT_SECONDS = 1_800


def run(program: str, *arguments: str, **environment: str) -> None:
    """A program of the page's packages; what it said when it fails."""
    # npm's node, or the one that the environment brought along.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    node = shutil.which("node", path=path)
    assert node, "no Node: `make test` installs one"
    ran = subprocess.run(
        [node, str(WEB / "node_modules" / program), *arguments],
        cwd=WEB,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-5_000:]


# Three parts, each on a worker and a stack of its own: together they would last longest by far.
# Specs with the tag @proof are left out, unless the proofs are asked for: then they alone run.
@pytest.mark.proof
@pytest.mark.parametrize("part", ["1/3", "2/3", "3/3"])
def test_people_work_in_a_browser(stack: Stack, tmp_path: Path, part: str) -> None:
    run(
        "@playwright/test/cli.js",
        "test",
        f"--shard={part}",
        "--pass-with-no-tests",
        E2E_BASE_URL=stack.settings.url,
        # The demo's clock is moved by the owner alone.
        E2E_DATABASE_URL=stack.settings.database_url(),
        E2E_OUTPUT=str(tmp_path),
    )
