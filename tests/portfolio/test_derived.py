"""What an import brings with its rows is what the triggers would derive, and only where it is."""

import uuid
from typing import Any

import psycopg
import pytest

from local_platform.stack import Stack
from tests.portfolio.conftest import Agency, OpenAgency, table
from tests.portfolio.test_resume import FOUR, Process, by_the_job, process

__all__ = ["process"]

BRUNO = {"CPF/CNPJ": "111.444.777-35", "Nome do Devedor": "Bruno Lima", "Contrato": "B1"}
CARLA = {"CPF/CNPJ": "390.533.447-05", "Nome do Devedor": "Carla Nunes", "Contrato": "C1"}


def test_new_and_known_people_of_one_file_come_to_what_they_owe(agency: Agency) -> None:
    """Of the known ones a title more and a first number, of a new one two titles."""
    agency(table([{"Celular": ""}, BRUNO]))
    agency(
        table(
            [
                {"Contrato": "A2", "Valor": "10,00", "Vencimento": "01/12/2025"},
                BRUNO | {"Contrato": "B2", "Telefone Fixo": "(21) 3333-4444", "Credor": "Outro"},
                CARLA | {"Celular": ""},
                CARLA | {"Contrato": "C2", "Celular": ""},
            ]
        )
    )
    assert agency.misderived() == []
    assert [client[5:7] for client in agency.state()["clients"]] == [
        (246912, 2), (246912, 2), (124456, 2),
    ]  # fmt: skip


def test_who_was_added_by_hand_meanwhile_is_not_taken_for_new(process: Process) -> None:
    """Their own title and number count, whatever the plan came to."""
    import_id = process.dies(FOUR, 1, inside=False)
    owner, tenant = process.agency.owner, process.agency.tenant_id
    owner.execute(
        "insert into public.clients (tenant_id, document, name)"
        " values (%s, '39053344705', 'À mão')",
        (tenant,),
    )
    owner.execute(
        "insert into public.debts"
        " (tenant_id, client_id, creditor_id, contract, due_on, principal_cents)"
        " select %s, clients.id, creditors.id, 'à mão', '2024-01-01', 700"
        " from public.clients join public.creditors using (tenant_id)"
        " where tenant_id = %s and clients.document = '39053344705'",
        (tenant, tenant),
    )
    by_the_job(process, import_id)
    assert process.agency.misderived() == []
    [by_hand] = [row for row in process.agency.state()["clients"] if row[0] == "39053344705"]
    assert by_hand[5:7] == (123456 + 700, 2)


def blocked(agency: Agency) -> list[tuple[Any, ...]]:
    return agency.rows(
        "select document, whatsapp_blocked_until::text from private.client_contacts"
        " join public.clients on clients.id = client_id where clients.tenant_id = %(tenant)s"
    )


def test_a_new_person_with_a_number_that_opted_out_is_left_in_peace(
    agency: Agency, open_agency: OpenAgency
) -> None:
    """And not by another agency's list."""
    other = open_agency(agency.owner)
    agency.owner.execute(
        "insert into public.suppressions (tenant_id, phone, reason)"
        " values (%s, '+5511987654321', 'pediu')",
        (agency.tenant_id,),
    )
    for one in (agency, other):
        one(table([{}, BRUNO | {"Celular": ""}]))
    assert blocked(agency) == [("52998224725", "infinity")]
    assert blocked(other) == []


def test_nobody_else_says_that_totals_and_reach_are_given(agency: Agency) -> None:
    """The setting alone does nothing: not without an import that is being written now."""
    import_id = agency(table([{"Celular": ""}]))["import_id"]
    for named in (import_id, str(uuid.uuid4()), ""):
        agency.owner.execute(
            "select set_config('cobranca.import_id', %s, true),"
            " set_config('cobranca.is_derived_already', 'true', true)",
            (named,),
        )
        agency.owner.execute(
            "insert into public.client_phones (tenant_id, client_id, phone, kind)"
            " select tenant_id, id, '+55119' || left(translate(gen_random_uuid()::text,"
            " '-abcdef', ''), 8), 'mobile' from public.clients where tenant_id = %s",
            (agency.tenant_id,),
        )
        agency.owner.execute(
            "insert into public.debts"
            " (tenant_id, client_id, creditor_id, contract, due_on, principal_cents)"
            " select tenant_id, client_id, creditor_id, gen_random_uuid()::text, due_on, 1"
            " from public.debts where tenant_id = %s limit 1",
            (agency.tenant_id,),
        )
        assert agency.misderived() == []


def test_only_the_last_step_of_an_import_waits_for_the_disk(process: Process) -> None:
    """A step that a crash of Postgres takes back is in the plan still; the end is not."""
    import_id = process.dies(FOUR, 1, inside=False)
    waits = []
    status = "running"
    while status == "running":
        with process.opened() as connection:
            connection.execute("set local synchronous_commit = 'on'")  # tests run without
            [(step,)] = connection.execute("select private.write_import_chunk(%s)", (import_id,))
            [(waited,)] = connection.execute("show synchronous_commit")
            status = step["status"]
            waits.append((status, waited))
    assert waits == [("running", "off")] * 3 + [("done", "on")]


def statistics_taken(database: psycopg.Connection[Any]) -> int:
    database.execute("select pg_stat_clear_snapshot()")
    [(count,)] = database.execute("select pg_stat_get_analyze_count('public.debts'::regclass)")
    return int(count)


@pytest.mark.parametrize(
    ("debts_created", "ago", "is_analyzed"),
    [(10_001, "0", True), (10_000, "0", False), (10_001, "3 minutes", False)],
    ids=["large", "small", "of a while ago"],
)
def test_statistics_are_taken_after_a_large_import(
    database: psycopg.Connection[Any],
    agency: Agency,
    debts_created: int,
    ago: str,
    is_analyzed: bool,
) -> None:
    database.execute(
        "insert into public.imports (tenant_id, status, finished_at, debts_created)"
        " values (%s, 'done', private.now() - %s::interval, %s)",
        (agency.tenant_id, ago, debts_created),
    )

    taken = [statistics_taken(database)]
    for _ in range(2):  # a minute later it is not looked at again
        database.execute("select private.analyze_imported()")
        taken.append(statistics_taken(database))
    assert [count - taken[0] for count in taken[1:]] == [is_analyzed] * 2


def test_no_vacuum_is_held_up_for_statistics(
    database: psycopg.Connection[Any], agency: Agency, stack: Stack
) -> None:
    """Who waits for an automatic one ends it. They are taken when it is through."""
    database.execute(
        "insert into public.imports (tenant_id, status, finished_at, debts_created)"
        " values (%s, 'done', private.now(), 10001)",
        (agency.tenant_id,),
    )
    database.execute("set local lock_timeout = '5s'")  # instead of waiting for ever
    before = statistics_taken(database)
    with psycopg.connect(stack.settings.database_url()) as vacuum:
        vacuum.execute("lock table public.debts in share update exclusive mode")
        database.execute("select private.analyze_imported()")
        assert statistics_taken(database) == before
    database.execute("select private.analyze_imported()")
    assert statistics_taken(database) == before + 1
