"""The demo: two agencies of synthetic people, ready for the first call."""

import psycopg
import pytest

from local_platform import database as databases
from local_platform.settings import ROOT
from tests.sql.personas import OTHER_TENANT, TENANT, scalar


def cpf_is_valid(document: str) -> bool:
    digits = [int(digit) for digit in document]
    for length in (9, 10):
        total = sum(d * (length + 1 - i) for i, d in enumerate(digits[:length]))
        if digits[length] != (total * 10 % 11) % 10:
            return False
    return len(set(digits)) > 1


def demo_clients(db: psycopg.Connection) -> list[tuple[str, str]]:
    return db.execute(
        "select document, name from public.clients where external_id like 'EXT-%'"
    ).fetchall()


def test_every_document_is_a_valid_cpf(db: psycopg.Connection) -> None:
    assert all(cpf_is_valid(document) for document, _ in demo_clients(db))


def test_nobody_could_be_taken_for_a_real_person(db: psycopg.Connection) -> None:
    marks = {"Exemplo", "Modelo", "Fictícia", "Amostra", "Ensaio"}
    assert all(marks & set(name.split()) for _, name in demo_clients(db))
    addresses = "select count(*) from public.clients where email not like '%.test'"
    assert scalar(db, addresses) == 0


@pytest.mark.parametrize(("tenant", "count"), [(TENANT, 48), (OTHER_TENANT, 10)])
def test_each_agency_has_its_people(db: psycopg.Connection, tenant: object, count: int) -> None:
    people = (
        "select count(*) from public.clients where tenant_id = %s and external_id like 'EXT-%%'"
    )
    assert scalar(db, people, tenant) == count


def test_everybody_can_be_sent_a_message_somewhere(db: psycopg.Connection) -> None:
    mobiles = (
        "select count(distinct client_id) from public.client_phones where kind = 'mobile'"
        " and client_id in (select id from public.clients where external_id like 'EXT-%')"
    )
    assert scalar(db, mobiles) == 58


def test_the_demo_people_are_members_by_invitation(db: psycopg.Connection) -> None:
    rows = db.execute(
        "select users.email, memberships.role from public.memberships"
        " join auth.users on users.id = memberships.user_id"
        " where revoked_at is null order by 1"
    ).fetchall()
    assert rows == [
        ("admin@demo.test", "admin"),
        ("admin@outra.test", "admin"),
        ("operador2@demo.test", "operator"),
        ("operador@demo.test", "operator"),
        ("supervisor@demo.test", "supervisor"),
    ]


def test_the_rule_sends_the_reminder_after_a_voicemail(db: psycopg.Connection) -> None:
    row = db.execute(
        "select disposition_type, is_enabled, message_templates.name, status"
        " from public.collection_rules"
        " join public.rule_steps on rule_steps.rule_id = collection_rules.id"
        " join public.message_templates on message_templates.id = rule_steps.template_id"
        " where collection_rules.tenant_id = %s",
        (TENANT,),
    ).fetchone()
    assert row == ("voicemail", True, "lembrete", "approved")


def test_planting_it_twice_changes_nothing(db: psycopg.Connection) -> None:
    tables = ("tenants", "clients", "client_phones", "debts", "creditors", "collection_rules")
    count = " + ".join(f"(select count(*) from public.{table})" for table in tables)
    before = scalar(db, f"select {count}")
    databases.run(db, (ROOT / "supabase/seed.sql").read_text())
    assert scalar(db, f"select {count}") == before
