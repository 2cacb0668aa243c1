"""What separates `supabase/migrations` from `sql/schema`, as SQL: the next migration's draft."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_platform import database
from local_platform.errors import StackError
from local_platform.postgres import SUPERUSER, Postgres
from local_platform.settings import node_program

PROGRAM = Path(__file__).parent / "node_modules" / "@supabase" / "pg-delta" / "dist/cli/main.js"
NO_DIFFERENCE = 3  # `pgdelta render` has no action to write
DIFF_SECONDS = 300
NAME = re.compile(r"[a-z][a-z0-9_]*")
NOT_IN_A_TRANSACTION = "-- pg-delta: transaction=false"


@contextmanager
def empty_database(server: Postgres, name: str) -> Iterator[str]:
    """A database as a hosted project begins, gone afterwards."""
    with server.connect(SUPERUSER, "template1") as connection:
        database.drop_database(connection, name)
        database.create_database(connection, name)
        try:
            yield name
        finally:
            database.drop_database(connection, name)


def difference(server: Postgres) -> list[str]:
    """The SQL that would bring the migrations' database to the schema's, one text per
    transaction; empty when they agree."""
    with (
        empty_database(server, "from_migrations") as source,
        empty_database(server, "from_schema") as desired,
        tempfile.TemporaryDirectory() as folder,
    ):
        database.apply_migrations(server, source)
        database.apply_schema(server, desired)
        for name in (source, desired):
            with server.connect(SUPERUSER, name) as connection:
                # A job remembers its database; the two differ in nothing else.
                connection.execute("update cron.job set database = 'postgres'")
        plan, draft = Path(folder) / "plan.json", Path(folder) / "draft.sql"
        urls = [server.settings.database_url(SUPERUSER, name) for name in (source, desired)]
        run("plan", "--source", urls[0], "--desired", urls[1], "--out", str(plan),
            "--profile", "supabase", "--renames", "off")  # fmt: skip
        run("render", "--plan", str(plan), "--out", str(draft), "--allow-drops")
        return [path.read_text() for path in sorted(Path(folder).glob("draft*.sql"))]


def run(*arguments: str) -> None:
    node = node_program()
    if node is None:
        raise StackError("Node 20 or newer is missing")
    answer = subprocess.run(
        [node, str(PROGRAM), *arguments],
        capture_output=True, text=True, check=False, timeout=DIFF_SECONDS,
    )  # fmt: skip
    if answer.returncode not in {0, NO_DIFFERENCE}:
        raise StackError(f"pgdelta {arguments[0]} failed: {answer.stderr.strip()}")


def write(server: Postgres, name: str, now: datetime | None = None) -> list[Path]:
    """Write the difference below `supabase/migrations`; the new files, none if nothing differs."""
    if not NAME.fullmatch(name):
        raise StackError("a migration needs a name in snake_case: make migration name=add_notes")
    folder = server.settings.root / "supabase" / "migrations"
    version = now or datetime.now(UTC)
    last = max((path.stem.partition("_")[0] for path in folder.glob("*.sql")), default="")
    if f"{version:%Y%m%d%H%M%S}" <= last:
        version = datetime.strptime(last, "%Y%m%d%H%M%S").replace(tzinfo=UTC) + timedelta(seconds=1)
    written = []
    for number, text in enumerate(difference(server)):
        if text.startswith(NOT_IN_A_TRANSACTION):
            raise StackError(
                "the difference needs a statement outside a transaction: write it by hand"
            )
        path = folder / f"{version + timedelta(seconds=number):%Y%m%d%H%M%S}_{name}.sql"
        path.write_text(
            f"-- Why, which locks, and what must be deployed first:\n--\n\n{text.lstrip()}"
        )
        written.append(path)
    return written
