"""Who changed what: before and after, without secrets, and nobody rewrites it."""

import json

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar


def last_entry(db: psycopg.Connection, table: str) -> tuple[object, ...]:
    row = db.execute(
        "select actor_id, actor, action, before, after from public.audit_log"
        " where table_name = %s and tenant_id = %s order by id desc limit 1",
        (table, TENANT),
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_an_update_is_told_with_its_actor_and_only_what_changed(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "supervisor"):
        db.execute(
            "update public.clients set email = 'nova@mundo.test' where id = %s",
            (world.ids["client"],),
        )
    assert last_entry(db, "clients") == (
        world.users["supervisor"],
        "supervisor@demo.test",
        "update",
        {"email": "zelia@mundo.test"},
        {"email": "nova@mundo.test"},
    )


def test_an_insert_and_a_delete_are_told_whole(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        db.execute("insert into public.suppressions (phone, reason) values ('+5511911110000', 'x')")
    _, _, action, before, after = last_entry(db, "suppressions")
    assert (action, before) == ("insert", None)
    assert isinstance(after, dict)
    assert after["phone"] == "+5511911110000"
    # Nobody may; the trigger tells it all the same.
    db.execute("delete from public.suppressions where phone = '+5511911110000'")
    _, _, action, before, after = last_entry(db, "suppressions")
    assert (action, after) == ("delete", None)
    assert isinstance(before, dict)


def test_a_change_of_nothing_is_no_news(db: psycopg.Connection, world: World) -> None:
    before = scalar(db, "select count(*) from public.audit_log")
    with acting(db, world, "supervisor"):
        db.execute("update public.clients set name = name")
    assert scalar(db, "select count(*) from public.audit_log") == before


def test_derived_totals_are_no_news(db: psycopg.Connection, world: World) -> None:
    count = "select count(*) from public.audit_log where table_name = 'clients'"
    before = scalar(db, count)
    db.execute("update public.debts set principal_cents = principal_cents + 1")
    assert scalar(db, count) == before


def test_each_row_of_a_statement_is_told(db: psycopg.Connection, world: World) -> None:
    count = "select count(*) from public.audit_log where table_name = 'creditors'"
    before, rows = scalar(db, count), scalar(db, "select count(*) from public.creditors")
    db.execute("update public.creditors set address = 'Rua Nova, 1'")
    assert scalar(db, count) == int(str(before)) + int(str(rows))


def test_no_secret_is_in_the_log(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        answer = scalar(
            db,
            "select public.save_integration('gupshup',"
            """ '{"app_name": "Nova", "source": "5511400000001"}',"""
            """ '{"api_key": "segredo-999-zz9a"}')""",
        )
    assert isinstance(answer, dict)
    log = json.dumps(db.execute("select before, after from public.audit_log").fetchall())
    assert "zz9a" in log, "the hint tells that the key was changed"
    assert "segredo-999" not in log
    assert "webhook_key" not in log


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        ('{"a": {"api_key": "x", "b": 1}, "token": "y"}', {"a": {"b": 1}}),
        ('{"secret_hint": "4f2a", "webhook_key_hash": "z"}', {"secret_hint": "4f2a"}),
        ('{"Authorization": "Bearer x", "senha": "x"}', None),
    ],
)
def test_secrets_are_stripped_at_any_depth(
    db: psycopg.Connection, document: str, kept: object
) -> None:
    assert scalar(db, "select private.without_secrets(%s)", document) == kept


@pytest.mark.parametrize(
    "statement",
    [
        "insert into public.audit_log (tenant_id, actor, table_name, row_id, action)"
        " values (gen_random_uuid(), 'eu', 'clients', '1', 'update')",
        "update public.audit_log set actor = 'ninguém'",
        "delete from public.audit_log",
        "truncate public.audit_log",
    ],
)
def test_not_even_an_admin_rewrites_it(
    db: psycopg.Connection, world: World, statement: str
) -> None:
    with refused("42501"), acting(db, world, "admin"):
        db.execute(statement.encode())


PLAN = (
    "insert into private.import_plans (import_id, tenant_id, writer, is_rehearsal, creditors,"
    " mapping, header, rows, accepted, rejected, duplicates, reject_reasons, warnings,"
    " debts_absent, rows_written)"
    " values (%s, %s, pg_current_xact_id(), false, '[]', '{}', '{}', 0, 0, 0, 0, '{}', '{}', 0, 0)"
)


def test_a_bulk_import_is_told_by_its_own_row(db: psycopg.Connection, world: World) -> None:
    """Only while the import's plan names this very transaction as its writer."""
    db.execute("select set_config('cobranca.import_id', %s, true)", (str(world.ids["import"]),))
    db.execute(PLAN, (world.ids["import"], TENANT))
    before = scalar(db, "select count(*) from public.audit_log")
    db.execute("update public.clients set name = name || ' Filho'")
    assert scalar(db, "select count(*) from public.audit_log") == before
    for another in ("null", "'1'"):
        db.execute(f"update private.import_plans set writer = {another}".encode())
        before = scalar(db, "select count(*) from public.audit_log")
        db.execute("update public.clients set name = name || ' Neto'")
        assert scalar(db, "select count(*) from public.audit_log") != before


@pytest.mark.parametrize("value", ["", "00000000-0000-4000-8000-000000000000", None])
def test_the_setting_alone_silences_nothing(
    db: psycopg.Connection, world: World, value: str | None
) -> None:
    """Only an import that is running may speak for its rows; a finished one may not."""
    named = str(world.ids["import"]) if value is None else value
    db.execute("select set_config('cobranca.import_id', %s, true)", (named,))
    before = scalar(db, "select count(*) from public.audit_log")
    db.execute("update public.clients set name = 'X' where id = %s", (world.ids["client"],))
    assert scalar(db, "select count(*) from public.audit_log") == int(str(before)) + 1
