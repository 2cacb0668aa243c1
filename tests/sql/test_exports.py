"""An export is its selection in words people read, with nothing a spreadsheet would run."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.sql.carteira import (
    last_audit,
    truth,
    whatsapp,
)
from tests.sql.personas import OTHER_TENANT, World, acting, refused, scalar

Selection = dict[str, Any]


@pytest.fixture
def db(people_with_a_past: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A savepoint behind the facts; nothing of a test stays."""
    with people_with_a_past.transaction(force_rollback=True):
        yield people_with_a_past


def exported(
    db: psycopg.Connection, world: World, selection: Selection, persona: str = "supervisor"
) -> list[dict[str, str]]:
    with acting(db, world, persona):
        statement = scalar(db, "select private.open_export(%s)", json.dumps(selection))
        copy = f"copy ({statement}) to stdout (format csv, header, delimiter ';')"
        with db.cursor().copy(copy.encode()) as rows:
            text = b"".join(rows).decode()
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_an_export_holds_the_selection_in_peoples_words(
    db: psycopg.Connection, world: World
) -> None:
    rows = {row["document"]: row for row in truth(db) if row["uf"] == "SP"}
    sheet = exported(db, world, {"filter": {"uf": "SP"}})
    assert {line["Documento"] for line in sheet} == set(rows)
    amounts = [int(line["Valor em aberto"].replace(",", "")) for line in sheet]
    assert amounts == sorted(amounts, reverse=True)
    for line in sheet:
        row = rows[line["Documento"]]
        assert line["Nome"] == row["name"]
        assert int(line["Valor em aberto"].replace(",", "")) == row["open_cents"]
        assert int(line["Títulos em aberto"]) == row["open_debts"]
        due = row["oldest_due_on"]
        assert line["Vencimento mais antigo"] == (due.strftime("%d/%m/%Y") if due else "")
        assert (
            line["WhatsApp"]
            == {"true": "Sim", "false": "Não", "unknown": "Não se sabe"}[whatsapp(row)]
        )
    told = last_audit(db)
    assert (told["action"], told["after"]["selected"]) == ("export", len(rows))


def test_an_export_says_every_status_in_words(db: psycopg.Connection, world: World) -> None:
    client = world.ids["client"]
    said = set()
    statuses = [s for (s,) in db.execute("select unnest(enum_range(null::public.debt_status))")]
    for status in statuses:
        db.execute("update public.clients set debt_status = %s where id = %s", (status, client))
        [line] = exported(db, world, {"ids": [str(client)]})
        said.add(line["Situação"])
    assert "" not in said
    assert len(said) == len(statuses)


def test_an_export_runs_no_formula(db: psycopg.Connection, world: World) -> None:
    client = world.ids["client"]
    for evil in ("=1+1", "+55 11", "-2", "@SUM(A1)", "  =cmd", "\t=x", "|calc", "%x"):
        db.execute(
            "update public.clients set name = %s, external_id = %s, email = %s where id = %s",
            (f"{evil} Silva", evil, evil, client),
        )
        [line] = exported(db, world, {"ids": [str(client)]})
        assert line["Nome"] == f"'{evil} Silva"
        assert line["Código externo"] == line["E-mail"] == f"'{evil}"


def test_an_export_is_a_supervisors_and_of_one_agency(db: psycopg.Connection, world: World) -> None:
    with refused("not_allowed"):
        exported(db, world, {"filter": {}}, "operator")
    ours = exported(db, world, {"filter": {}})
    theirs = exported(db, world, {"filter": {}}, "other_tenant")
    assert len(ours) == len(truth(db))
    assert len(theirs) == scalar(
        db, "select count(*) from public.clients where tenant_id = %s", OTHER_TENANT
    )
    assert exported(db, world, {"ids": [str(world.ids["other_client"])]}) == []


def test_the_exports_rows_are_read_with_the_callers_own_rights(
    db: psycopg.Connection, world: World
) -> None:
    """The list of ids alone opens nothing: forged ones of another agency give no row."""
    with acting(db, world, "supervisor"):
        statement = scalar(db, "select private.open_export(%s)", '{"filter": {}}')
    db.execute(
        "update pg_temp.export_clients set tenant_id = %s, client_id = %s",
        (OTHER_TENANT, world.ids["other_client"]),
    )
    with acting(db, world, "supervisor"):
        assert db.execute(str(statement).encode()).fetchall() == []
