"""Creditors as an admin keeps them: what holds for each, and none is lost that somebody is owed."""

from uuid import uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar


def overview(db: psycopg.Connection, world: World) -> dict[str, dict[str, object]]:
    with acting(db, world, "admin"):
        rows = scalar(db, "select public.creditor_overview()")
    assert isinstance(rows, list)
    return {row["id"]: row for row in rows}


def creditor_with_debts(db: psycopg.Connection) -> str:
    return str(
        scalar(db, "select creditor_id from public.debts where tenant_id = %s limit 1", TENANT)
    )


def test_a_creditor_of_its_own_rules_says_so(db: psycopg.Connection, world: World) -> None:
    creditor = str(uuid4())
    with acting(db, world, "admin"):
        db.execute("insert into public.creditors (id, name) values (%s, 'Novo')", (creditor,))
    assert not overview(db, world)[creditor]["charge"]["is_own"]  # type: ignore[index]
    with acting(db, world, "admin"):
        db.execute(
            "select public.save_charge_policy(jsonb_build_object("
            "'creditor_id', %s::text, 'fine_percent', 1.5))", (creditor,),
        )  # fmt: skip
    charge = overview(db, world)[creditor]["charge"]
    assert isinstance(charge, dict)
    assert (charge["is_own"], float(charge["fine_percent"])) == (True, 1.5)


def test_who_is_owed_cannot_be_deleted(db: psycopg.Connection, world: World) -> None:
    creditor = creditor_with_debts(db)
    assert overview(db, world)[creditor]["has_debts"]
    with refused("creditor_used"), acting(db, world, "admin"):
        db.execute("select public.delete_creditor(%s)", (creditor,))


def test_one_that_nothing_names_goes_and_comes_back(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        creditor = str(uuid4())
        db.execute("insert into public.creditors (id, name) values (%s, 'Engano')", (creditor,))
        db.execute("select public.delete_creditor(%s)", (creditor,))
        page = scalar(db, "select public.settings_history('creditors')")
        assert isinstance(page, dict)
        db.execute("select public.restore_setting(%s)", (page["items"][0]["id"],))
    assert overview(db, world)[creditor]["name"] == "Engano"


@pytest.mark.parametrize("persona", ["operator", "supervisor"])
def test_only_admins_see_the_rules_of_all(
    db: psycopg.Connection, world: World, persona: str
) -> None:
    with refused("not_allowed"), acting(db, world, persona):
        db.execute("select public.creditor_overview()")


def test_another_agency_s_creditor_is_unknown(db: psycopg.Connection, world: World) -> None:
    creditor = creditor_with_debts(db)
    with refused("creditor_not_found"), acting(db, world, "other_tenant"):
        db.execute("select public.delete_creditor(%s)", (creditor,))
