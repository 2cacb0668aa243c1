"""What is inside the server: the platform's own roles and schemas, our migrations, the seed."""

import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from local_platform.errors import StackError
from local_platform.postgres import SUPERUSER, Postgres
from local_platform.settings import DATABASE_NAME, node_program

HERE = Path(__file__).parent
# Every database of ours begins as a copy of this one, as every hosted project begins alike.
TEMPLATE = "template_platform"


def run(connection: psycopg.Connection, text: str) -> None:
    """Execute a script of our own making; psycopg's type wants a literal, a file is as safe."""
    connection.execute(text.encode())


def bootstrap(server: Postgres) -> None:
    """Make a fresh cluster look like a hosted project before its first migration."""
    with server.connect(SUPERUSER, "template1") as connection:
        done = connection.execute(
            "select 1 from pg_database where datname = %s and datistemplate", (TEMPLATE,)
        )
        if done.fetchone():
            _set_passwords(server, connection)
            return
        run(connection, f"drop database if exists {TEMPLATE}")
        if not connection.execute("select 1 from pg_roles where rolname = 'anon'").fetchone():
            with connection.transaction():
                run(connection, (HERE / "bootstrap.sql").read_text())
        _set_passwords(server, connection)
        run(connection, f"create database {TEMPLATE}")
    with server.connect(SUPERUSER, TEMPLATE) as connection, connection.transaction():
        run(connection, (HERE / "bootstrap_database.sql").read_text())
        run(connection, f"grant create on database {TEMPLATE} to supabase_auth_admin")
        run(connection, "set local role supabase_auth_admin")
        run(connection, auth_schema())
        run(connection, "reset role")
        run(connection, (HERE / "bootstrap_auth.sql").read_text())
        run(connection, (HERE / "bootstrap_realtime.sql").read_text())
    with server.connect(SUPERUSER, "template1") as connection:
        run(connection, f"drop database {DATABASE_NAME}")
        create_database(connection, DATABASE_NAME)
        run(connection, f"alter database {TEMPLATE} is_template true")


def set_passwords(server: Postgres) -> None:
    """Give every login role that exists this data folder's password for it."""
    with server.connect(SUPERUSER, "template1") as connection:
        _set_passwords(server, connection)


def _set_passwords(server: Postgres, connection: psycopg.Connection) -> None:
    secrets = server.settings.secrets
    passwords = {
        "postgres": secrets.postgres_password,
        "authenticator": secrets.authenticator_password,
        "supabase_auth_admin": secrets.auth_password,
        "functions": secrets.functions_password,  # made by our migrations
    }
    known = connection.execute("select rolname from pg_roles").fetchall()
    for role in passwords.keys() & {row[0] for row in known}:
        connection.execute(
            sql.SQL("alter role {} password {}").format(
                sql.Identifier(role), sql.Literal(passwords[role])
            )
        )


def auth_schema() -> str:
    """The SQL of the auth service's own tables, asked of the service itself."""
    node = node_program()
    if node is None:
        raise StackError(
            "Node 20 or newer is missing: install it, or run `make up`, which fetches one"
        )
    answer = subprocess.run(
        [node, str(HERE / "auth.mjs"), "--schema"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if answer.returncode != 0:
        raise StackError(f"the auth service cannot tell its schema: {answer.stderr.strip()}")
    return answer.stdout


def create_database(connection: psycopg.Connection, name: str, template: str = TEMPLATE) -> None:
    """A new database, owned by `postgres`: as a hosted project has it, or a copy of another.

    Copying the files costs a tenth of the default, which writes every page to the log as well
    (measured on 16 MB: 35 ms against 360 ms).
    """
    connection.execute(
        sql.SQL("create database {} owner postgres template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """Whoever is connected is cut off."""
    connection.execute(
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    )


def apply_migrations(server: Postgres, database: str | None = None) -> list[str]:
    """Apply what `supabase/migrations` has and the database has not; answer the new versions.

    Each file is one transaction together with its row in the history.
    """
    folder = server.settings.root / "supabase" / "migrations"
    with server.connect("postgres", database) as connection:
        rows = connection.execute(
            "select version, statements from supabase_migrations.schema_migrations"
        )
        applied: dict[str, list[str]] = dict(rows.fetchall())
        new = []
        for path in sorted(folder.glob("*.sql")):
            version, _, name = path.stem.partition("_")
            text = path.read_text()
            if version in applied:
                if applied[version] != [text]:
                    raise StackError(
                        f"{path.name} was changed after it was applied here: "
                        "write a new migration, or run `make reset`"
                    )
                continue
            _apply(connection, path, text)
            new.append(version)
            connection.execute(
                "insert into supabase_migrations.schema_migrations (version, statements, name) "
                "values (%s, %s, %s)",
                (version, [text], name),
            )
    return new


def apply_schema(server: Postgres, database: str | None = None) -> None:
    """Build a database straight from `sql/schema`, file by file in order of their numbers."""
    folder = server.settings.root / "sql" / "schema"
    with server.connect("postgres", database) as connection:
        for path in sorted(folder.glob("*.sql")):
            _apply(connection, path, path.read_text())


def migrate(server: Postgres, database: str | None = None) -> list[str]:
    """`apply_migrations`; before the first one exists, `sql/schema` where nothing is yet."""
    if any((server.settings.root / "supabase" / "migrations").glob("*.sql")):
        return apply_migrations(server, database)
    with server.connect("postgres", database) as connection:
        made = connection.execute("select to_regnamespace('private') is not null").fetchone()
    if made is None or not made[0]:
        apply_schema(server, database)
    return []


def _apply(connection: psycopg.Connection, path: Path, text: str) -> None:
    try:
        with connection.transaction():
            run(connection, text)
    except psycopg.Error as error:
        raise StackError(describe(path, text, error)) from error


def describe(path: Path, text: str, error: psycopg.Error) -> str:
    """One sentence with file and line: where Postgres stopped reading a script of ours."""
    position = error.diag.statement_position
    line = text.encode()[: int(position)].count(b"\n") + 1 if position else None
    where = f"{path.name}:{line}" if line else path.name
    context = f" ({error.diag.context.splitlines()[0]})" if error.diag.context else ""
    detail = f" - {error.diag.message_detail}" if error.diag.message_detail else ""
    return f"{where}: {error.diag.message_primary or error}{detail}{context}"
