"""A change of a past day that commits while the day is being kept is never lost."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.sql.personas import TENANT, scalar

KEEP = "select private.refresh_panel_of(%s)"
CALLS_OF_LAST_WEEK = """
    select coalesce(sum(events), 0)::int from private.panel_sums(
        (%s, private.today(%s) - 7, private.today(%s), null, null, null)::private.panel_scope, ''
    )
    where measure = 'voice_attempt'
"""
LATE_CALL = """
    insert into public.calls (tenant_id, integration_id, external_id, status, called_at)
    select tenant_id, id, 'late', 'finished', private.now() - interval '3 days'
    from public.integrations where tenant_id = %s limit 1
"""


@pytest.fixture
def two(fresh_database: str) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    with ExitStack() as stack:
        keeper, writer = (stack.enter_context(psycopg.connect(fresh_database)) for _ in range(2))
        writer.execute(
            "update public.tenants set created_at = private.now() - interval '9 days'"
            " where id = %s",
            (TENANT,),
        )
        writer.execute(
            "insert into public.integrations (tenant_id, provider, webhook_key_hash)"
            " values (%s, 'threecplus', repeat('0', 64))",
            (TENANT,),
        )
        writer.commit()
        yield keeper, writer


def calls(connection: psycopg.Connection) -> object:
    found = scalar(connection, CALLS_OF_LAST_WEEK, TENANT, TENANT, TENANT)
    connection.rollback()
    return found


def test_what_was_not_yet_committed_when_its_day_was_kept_is_counted(
    two: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    keeper, writer = two
    writer.execute(LATE_CALL, (TENANT,))
    assert scalar(keeper, KEEP, TENANT)
    keeper.commit()
    assert calls(keeper) == 0
    writer.commit()
    assert calls(keeper) == 1
    assert scalar(keeper, KEEP, TENANT) == 1
    keeper.commit()
    assert calls(keeper) == 1


def test_what_commits_between_the_keepers_reading_and_its_end_is_counted(
    two: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    keeper, writer = two
    scalar(keeper, KEEP, TENANT)
    writer.execute(LATE_CALL, (TENANT,))
    writer.commit()
    assert calls(writer) == 1
    keeper.commit()
    assert calls(writer) == 1
    assert scalar(keeper, KEEP, TENANT) == 1
    keeper.commit()
    assert calls(writer) == 1


def test_two_keepers_do_not_keep_the_same_days(
    two: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    keeper, other = two
    assert scalar(keeper, KEEP, TENANT)
    assert scalar(other, KEEP, TENANT) == 0


def test_an_agency_that_is_held_or_dies_keeps_no_other_back(fresh_database: str) -> None:
    with ExitStack() as stack:
        db, holder, refresher = (
            stack.enter_context(psycopg.connect(fresh_database, autocommit=True)) for _ in range(3)
        )
        tenants = [each for (each,) in db.execute("select id from public.tenants order by id")]
        # Five seconds, but for a test.
        db.execute("alter function private.refresh_panel_for(uuid) set lock_timeout = '100ms'")
        db.execute(
            "create function public.dies() returns trigger language plpgsql as $$ begin"
            " perform pg_terminate_backend(pg_backend_pid()); return new; end $$"
        )
        db.execute(
            "create trigger dies before insert on private.panel_stock_days for each row"
            f" when (new.tenant_id = '{tenants[-1]}') execute function public.dies()"
        )
        with pytest.raises(psycopg.OperationalError):
            refresher.execute("call private.refresh_panel()")
        taken = "select tenant_id from private.panel_stock_days order by tenant_id"
        assert [each for (each,) in db.execute(taken)] == tenants[:-1]
        db.execute("drop trigger dies on private.panel_stock_days")
        db.execute("truncate private.panel_stock_days cascade")
        holder.autocommit = False
        holder.execute(
            "insert into private.panel_stock_days (tenant_id, day)"
            " values (%s, private.today(%s))", (tenants[0], tenants[0]),
        )  # fmt: skip
        db.execute("call private.refresh_panel()")
        assert [each for (each,) in db.execute(taken)] == tenants[1:]
        failed = db.execute(
            "select tenant_id, result ->> 'code' from public.job_runs where failures > 0"
            " and job = 'refresh_panel'"
        ).fetchall()
        assert failed == [(tenants[0], "55P03")]
        holder.rollback()
        db.execute("call private.refresh_panel()")
        assert [each for (each,) in db.execute(taken)] == tenants
