"""The fixtures that every other test stands on."""

import psycopg

from local_platform.stack import Stack


def test_what_a_test_writes_is_gone_after_it(database: psycopg.Connection) -> None:
    database.execute("create table public.left_behind ()")


def test_nothing_of_another_test_is_seen(database: psycopg.Connection) -> None:
    found = database.execute("select to_regclass('public.left_behind')").fetchone()
    assert found == (None,)


def test_a_fresh_database_is_no_copy_of_the_stacks(stack: Stack, fresh_database: str) -> None:
    with psycopg.connect(fresh_database) as connection:
        connection.execute("create table public.own ()")
        connection.commit()
    with stack.server.connect() as connection:
        assert connection.execute("select to_regclass('public.own')").fetchone() == (None,)
