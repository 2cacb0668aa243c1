"""The page in a real browser, against the whole platform: runs `web/e2e` with Playwright."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from local_platform.settings import ROOT
from local_platform.stack import Stack

WEB = ROOT / "web"
# Thirty-odd tests of a few seconds; a browser that hangs is ended and named.
LIMIT_SECONDS = 900


def test_people_work_in_a_browser(stack: Stack, tmp_path: Path) -> None:
    # npm's node, or the one that the environment brought along.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    node = shutil.which("node", path=path)
    assert node, "no Node: `make test` installs one"
    playwright = WEB / "node_modules" / "@playwright" / "test" / "cli.js"
    ran = subprocess.run(
        [node, str(playwright), "test"],
        cwd=WEB,
        env=os.environ
        | {"PATH": path, "E2E_BASE_URL": stack.settings.url, "E2E_OUTPUT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-5_000:]
