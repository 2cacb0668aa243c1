"""`python -m local_platform <command>`, behind the Makefile."""

import argparse
import contextlib
import ipaddress
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from local_platform import database, database_types, demo, demo_clock, schema_diff
from local_platform.errors import StackError
from local_platform.postgres import Postgres
from local_platform.settings import LOOPBACK, ROOT, Platform
from local_platform.stack import Stack, lock

DEFAULT_PORT = 54321
# What a data folder may hold; `reset` touches no folder with anything else in it.
OWN_NAMES = frozenset(
    {"env", "initdb.password", "install.lock", "lock", "logs"}
    | {f"{provider}.webhook-key" for provider in demo.ACCOUNTS}
    | {"postgres", "postgres.new", "postgres.port", "scratch", "secrets.json", "simulators"}
    | {"vault.key"}
)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def scratch(arguments: argparse.Namespace) -> None:
    """Postgres, auth and PostgREST alone, for work on the schema."""
    settings = Platform.create(arguments.data, 0, durable=False)
    if arguments.port:
        first = arguments.port
        settings = replace(
            settings, postgres_port=first, rest_port=first + 1, auth_port=first + 2, port=first + 3
        )
    with Stack(settings, say) as stack:
        stack.start_postgres()
        if arguments.from_schema:
            database.apply_schema(stack.server)
        else:
            database.apply_migrations(stack.server)
        stack.start_auth()
        stack.start_rest()
        settings.write_environment()
        say(f"environment: {settings.data / 'env'}")
        say(f"database:    {settings.database_url()}")
        say(f"superuser:   {settings.database_url('supabase_admin')}")
        say(f"rest:        http://127.0.0.1:{settings.rest_port}")
        say(f"auth:        http://127.0.0.1:{settings.auth_port}/auth/v1")
        say("ready: Ctrl-C ends it")
        stack.wait()


def up(arguments: argparse.Namespace) -> None:
    """Everything, with the demo, until Ctrl-C."""
    refuse_other_hosts()
    begun = time.monotonic()
    settings = Platform.create(arguments.data, arguments.port)
    with Stack(settings, lambda line: say(f"  {line}")) as stack:
        stack.start_all()
        if stack.shifted_seconds:
            say(clock_line(stack.shifted_seconds))
        say(f"ready: {settings.url}  ({time.monotonic() - begun:.1f} s)")
        for tenant, emails in demo.TENANTS.items():
            say(f"  {tenant}: {', '.join(emails)}")
        say(f"  password of all: {demo.PASSWORD}")
        stack.wait()


def refuse_other_hosts() -> None:
    """Many tools take their address from HOST; this one has public passwords and says no."""
    host = os.environ.get("HOST", LOOPBACK)
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return  # a machine's name, which some shells export as HOST: nothing was asked of us
    if not is_loopback:
        raise StackError(f"HOST={host}: the local platform listens on loopback ({LOOPBACK}) only")


def clock_line(shifted_seconds: int) -> str:
    there = datetime.now(ZoneInfo("America/Sao_Paulo")) + timedelta(seconds=shifted_seconds)
    return f"  outside calling hours: the demo's clock says {there:%a %d %b %H:%M} in São Paulo"


def reset(arguments: argparse.Namespace) -> None:
    """Throw the data away; the next `make up` begins anew."""
    data = arguments.data
    if not data.exists():
        return
    strange = {path.name for path in data.iterdir()} - OWN_NAMES
    if strange:
        raise StackError(f"{data} holds what no stack made ({min(strange)}): nothing was removed")
    with lock(data):
        for path in data.iterdir():
            if path.name in {"lock", "install.lock"}:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    say(f"{data} is empty")


def clock(arguments: argparse.Namespace) -> None:
    """Move a running demo that many days ahead, and let its jobs do what time would have done."""
    there = demo_clock.move(arguments.data, arguments.days)
    say(f"the demo's clock says {there:%a %d %b %Y %H:%M} in São Paulo")


@contextlib.contextmanager
def throwaway_server() -> Iterator[Postgres]:
    """A server of its own, for commands that compare or read schemas; no data is touched."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Platform.create(Path(folder), 0, durable=False), say) as stack,
    ):
        stack.start_postgres()
        yield stack.server


def migration(arguments: argparse.Namespace) -> None:
    """Write the next migration from the difference between supabase/migrations and sql/schema."""
    with throwaway_server() as server:
        written = schema_diff.write(server, arguments.name)
    for path in written:
        say(f"wrote {path.relative_to(ROOT)}: read it, trim it, say why")
    if not written:
        say("supabase/migrations and sql/schema agree: nothing to write")


def types(_: argparse.Namespace) -> None:
    """Write the page's types of the database."""
    with (
        throwaway_server() as server,
        schema_diff.empty_database(server, "from_schema") as name,
    ):
        database.apply_schema(server, name)
        with server.connect("postgres", name) as connection:
            text = database_types.generate(connection)
    path = ROOT / database_types.TARGET
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    say(f"wrote {database_types.TARGET}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="local_platform")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("scratch", help=scratch.__doc__)
    command.add_argument("--port", type=int, default=0, help="Postgres here; REST and auth next")
    command.add_argument("--data", type=Path, default=ROOT / ".local" / "scratch")
    command.add_argument("--from-schema", action="store_true")
    command.set_defaults(run=scratch)
    command = commands.add_parser("up", help=up.__doc__)
    command.add_argument("--port", type=int, default=DEFAULT_PORT)
    command.add_argument("--data", type=Path, default=ROOT / ".local")
    command.set_defaults(run=up)
    command = commands.add_parser("reset", help=reset.__doc__)
    command.add_argument("--data", type=Path, default=ROOT / ".local")
    command.set_defaults(run=reset)
    command = commands.add_parser("clock", help=clock.__doc__)
    command.add_argument("days", type=int)
    command.add_argument("--data", type=Path, default=ROOT / ".local")
    command.set_defaults(run=clock)
    command = commands.add_parser("migration", help=migration.__doc__)
    command.add_argument("name")
    command.set_defaults(run=migration)
    command = commands.add_parser("types", help=types.__doc__)
    command.set_defaults(run=types)
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        arguments.run(arguments)
    except StackError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
