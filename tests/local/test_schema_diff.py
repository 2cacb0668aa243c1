"""`make migration` and `make types`: what is generated, and that nothing committed is stale."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local_platform import database, database_types, schema_diff
from local_platform.errors import StackError
from local_platform.postgres import Postgres
from local_platform.settings import ROOT
from local_platform.stack import Stack

MIGRATIONS = Path("supabase") / "migrations"
SCHEMA = Path("sql") / "schema"


# Alike in both, and small: to compare our own schema takes ten times as long.
COMMON = (
    "create extension pg_cron;"
    "create table public.kept (id uuid primary key);"
    "select cron.schedule('sweep', '*/5 * * * *', 'select 1');"
)


@pytest.fixture
def server_of(stack: Stack, tmp_path: Path) -> Callable[[str], Postgres]:
    """The running server, but reading a small schema with a file that has no migration yet."""

    def copy(extra_schema: str) -> Postgres:
        for folder in (MIGRATIONS, SCHEMA):
            (tmp_path / folder).mkdir(parents=True)
        (tmp_path / MIGRATIONS / "20260101000000_first.sql").write_text(COMMON)
        (tmp_path / SCHEMA / "0100_common.sql").write_text(COMMON)
        (tmp_path / SCHEMA / "9999_extra.sql").write_text(extra_schema)
        return Postgres(replace(stack.settings, root=tmp_path))

    return copy


def test_migrations_and_schema_build_the_same_database(stack: Stack) -> None:
    assert schema_diff.difference(stack.server) == []


def test_a_table_without_a_migration_is_found(server_of: Callable[[str], Postgres]) -> None:
    server = server_of(
        "create table public.notes (id uuid primary key, body text);"
        "alter table public.notes enable row level security;"
        "create policy notes_select on public.notes for select to authenticated using (false);"
    )
    [text] = schema_diff.difference(server)
    assert 'CREATE TABLE "public"."notes"' in text
    assert "ENABLE ROW LEVEL SECURITY" in text
    assert "notes_select" in text


def test_a_changed_cron_job_is_found(server_of: Callable[[str], Postgres]) -> None:
    server = server_of("select cron.schedule('sweep', '*/7 * * * *', 'select 1')")
    assert "*/7 * * * *" in "".join(schema_diff.difference(server))


def test_a_written_migration_closes_the_difference(server_of: Callable[[str], Postgres]) -> None:
    server = server_of("create table public.notes (id uuid primary key)")
    [path] = schema_diff.write(server, "add_notes", datetime(2999, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert path.name == "29990102030405_add_notes.sql"
    assert schema_diff.difference(server) == []


def test_a_migration_is_never_numbered_before_the_last(
    server_of: Callable[[str], Postgres],
) -> None:
    server = server_of("create table public.notes (id uuid primary key)")
    [path] = schema_diff.write(server, "add_notes", datetime(2001, 1, 1, tzinfo=UTC))
    assert path == max(path.parent.glob("*.sql"))


@pytest.mark.parametrize("name", ["", "Add Notes", "../escape", "1st"])
def test_a_migration_needs_a_plain_name(stack: Stack, name: str) -> None:
    with pytest.raises(StackError, match="snake_case"):
        schema_diff.write(stack.server, name)


def test_an_applied_migration_that_was_edited_is_refused(
    server_of: Callable[[str], Postgres],
) -> None:
    server = server_of("select 1")
    with schema_diff.empty_database(server, "edited") as name:
        database.apply_migrations(server, name)
        [first, *_] = sorted((server.settings.root / MIGRATIONS).glob("*.sql"))
        first.write_text(first.read_text() + "-- an afterthought\n")
        with pytest.raises(StackError, match="was changed after it was applied"):
            database.apply_migrations(server, name)


def test_a_broken_schema_file_is_named_with_its_line(
    server_of: Callable[[str], Postgres],
) -> None:
    server = server_of("select 1;\n\nselect no_such_column from pg_class;")
    with (
        schema_diff.empty_database(server, "broken") as name,
        pytest.raises(StackError, match=r"9999_extra\.sql:3: .*no_such_column"),
    ):
        database.apply_schema(server, name)


def test_the_pages_types_are_those_of_the_schema(stack: Stack) -> None:
    with schema_diff.empty_database(stack.server, "typed") as name:
        database.apply_schema(stack.server, name)
        with stack.server.connect("postgres", name) as connection:
            assert (ROOT / database_types.TARGET).read_text() == database_types.generate(connection)


def test_types_tell_nullable_optional_and_generated_columns_apart(
    server_of: Callable[[str], Postgres],
) -> None:
    server = server_of(
        "create type public.mood as enum ('calm', 'angry');"
        "create table public.typed (a bigint not null, b text, c uuid not null default"
        " gen_random_uuid(), d bigint generated always as (a) stored, e public.mood[] not null);"
        "create function public.typed_function(first int, second text default null)"
        " returns setof public.typed language sql stable as 'select * from public.typed';"
    )
    with schema_diff.empty_database(server, "typed") as name:
        database.apply_schema(server, name)
        with server.connect("postgres", name) as connection:
            text = database_types.generate(connection)
    row, insert = text.split("      typed: {")[1].split("Update: {")[0].split("Insert: {")
    assert "b: string | null;" in row
    assert "a: number;" in insert
    assert "b?: string | null;" in insert
    assert "c?: string;" in insert
    assert "d?: never;" in insert
    assert 'e: Database["public"]["Enums"]["mood"][];' in insert
    assert "second?: string;" in text.split("typed_function: {")[1]
    assert 'Returns: Database["public"]["Tables"]["typed"]["Row"][];' in text
