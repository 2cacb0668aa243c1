"""`sql/tests`: policies and triggers told in SQL, each file as one transaction that is undone."""

from pathlib import Path

import psycopg
import pytest

from local_platform import database as databases
from local_platform.settings import ROOT
from tests.sql.personas import set_clock

# Calls are promised for lawful hours: a Monday, well before its evening.
NOON = "2026-11-23 12:00-03"
FILES = sorted((ROOT / "sql" / "tests").glob("*.sql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_holds(db: psycopg.Connection, path: Path) -> None:
    set_clock(db, NOON)
    databases.run(db, path.read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_goes_red_when_the_policy_is_gone(db: psycopg.Connection, path: Path) -> None:
    set_clock(db, NOON)
    db.execute("drop policy clients_select_member on public.clients")
    with pytest.raises(psycopg.Error):
        databases.run(db, path.read_text())
