"""What a file does to an agency's portfolio: created, updated, refused, left alone."""

import datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.portfolio import reference
from tests.portfolio.conftest import Agency, OpenAgency, table
from tests.portfolio.dialects_of_tables import DIALECTS, NARROW, Dialect, tables, written
from tests.proof import examples

OTHER_PERSON = {"CPF/CNPJ": "111.444.777-35", "Nome do Devedor": "Bruno Lima"}


def only(rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    [row] = rows
    return row


def test_a_new_file_creates_creditor_client_phones_and_debt(agency: Agency) -> None:
    answer = agency(table([{}]))
    assert answer | {"import_id": None} == {
        "import_id": None, "status": "done", "rows": 1, "accepted": 1, "rejected": 0,
        "duplicates": 0, "clients_created": 1, "clients_updated": 0, "debts_created": 1,
        "debts_updated": 0, "creditors_created": 1, "reject_reasons": {},
        "debts_absent": 0, "debts_returned": 0, "debts_reopened": 0, "debts_kept": {},
        "differences": {"fields": {}, "rows": [], "kept": []}, "rejects": [],
        "warnings": {"name_invalid": 0, "email_invalid": 0, "phone_invalid": 0},
    }  # fmt: skip
    due_on = datetime.date(2026, 1, 10)
    assert agency.state() == {
        "creditors": [("Banco Aurora S.A.",)],
        "clients": [("52998224725", "Ana Souza", "ana@exemplo.com.br", "SP", None,
                     123456, 1, due_on, "open", 1, {})],
        "phones": [("52998224725", "+5511987654321", "mobile", 0)],
        "debts": [("Banco Aurora S.A.", "A1", 1, "52998224725", due_on, 123456, "open")],
    }  # fmt: skip


def test_another_value_or_date_for_the_same_key_updates_the_debt(agency: Agency) -> None:
    agency(table([{}]))
    answer = agency(table([{"Valor": "2.000,00", "Vencimento": "11/01/2026"}]))
    assert (answer["debts_created"], answer["debts_updated"]) == (0, 1)
    assert only(agency.state()["debts"])[4:6] == (datetime.date(2026, 1, 11), 200000)
    assert only(agency.state()["clients"])[5] == 200000


def test_a_debt_that_is_settled_is_not_touched_by_a_later_file(agency: Agency) -> None:
    agency(table([{}]))
    agency.owner.execute(
        "update public.debts set status = 'settled' where tenant_id = %s", (agency.tenant_id,)
    )
    answer = agency(table([{"Valor": "2.000,00"}]))
    assert (answer["accepted"], answer["debts_updated"]) == (1, 0)
    assert only(agency.state()["debts"])[5:] == (123456, "settled")


def test_an_empty_cell_never_erases_what_is_known(agency: Agency) -> None:
    agency(table([{}]))
    before = agency.state()
    answer = agency(
        table([{"E-mail": "", "UF": "", "Celular": "", "Nome do Devedor": "=HYPERLINK(1;2)"}])
    )
    assert (answer["accepted"], answer["clients_updated"]) == (1, 0)
    assert agency.state() == before


def test_the_same_name_in_capitals_is_no_change(agency: Agency) -> None:
    agency(table([{}]))
    assert agency(table([{"Nome do Devedor": " ANA  SOUZA "}]))["clients_updated"] == 0
    assert only(agency.state()["clients"])[1] == "Ana Souza"


def test_a_new_phone_goes_behind_the_known_ones_and_counts_as_an_update(agency: Agency) -> None:
    agency(table([{}]))
    answer = agency(table([{"Celular": "(21) 3333-4444 / (11) 98765-4321"}]))
    assert answer["clients_updated"] == 1
    assert agency.state()["phones"] == [
        ("52998224725", "+5511987654321", "mobile", 0),
        ("52998224725", "+552133334444", "landline", 1),
    ]


def test_spellings_of_one_creditor_are_one_creditor(agency: Agency) -> None:
    answer = agency(
        table(
            [
                {"Credor": "Telefônica Ipê"},
                {"Credor": "TELEFONICA  IPE", "Contrato": "A2"},
                {"Credor": "telefônica ipe"},
            ]
        )
    )
    assert answer["creditors_created"] == 1
    assert (answer["debts_created"], answer["duplicates"]) == (2, 1)


def test_lines_that_contradict_each_other_all_go_back(agency: Agency) -> None:
    answer = agency(table([{}, {"Valor": "1.000,00"}, {"Contrato": "A2"}]))
    assert answer["reject_reasons"] == {"repeated_with_difference": 2}
    assert [debt[1] for debt in agency.state()["debts"]] == ["A2"]
    assert agency.rows(
        "select line, column_name, value from public.import_rejects"
        " where tenant_id = %(tenant)s order by line"
    ) == [(2, "Valor", "1234.56"), (3, "Valor", "1000.00")]


def test_lines_that_differ_only_in_the_person_are_one_debt(agency: Agency) -> None:
    answer = agency(table([{}, {"Celular": "(21) 3333-4444", "E-mail": ""}]))
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (2, 1, 0)
    assert len(agency.state()["phones"]) == 2


def test_a_contract_does_not_move_to_another_person(agency: Agency) -> None:
    agency(table([{}]))
    before = agency.state()
    answer = agency(table([OTHER_PERSON]))
    assert answer["reject_reasons"] == {"debt_of_another_client": 1}
    assert agency.state() == before


def test_a_debt_of_nobody_known_by_name_goes_back(agency: Agency) -> None:
    answer = agency(
        table(
            [{"Nome do Devedor": "=1+1"}, OTHER_PERSON | {"Contrato": "A2", "Nome do Devedor": ""}]
        )
    )
    assert answer["reject_reasons"] == {"name_invalid": 1, "name_missing": 1}
    assert agency.rows(
        "select value from public.import_rejects where tenant_id = %(tenant)s and line = 2"
    ) == [("=1+1",)]
    assert agency.state()["clients"] == []


def test_a_file_without_names_is_good_for_known_people(agency: Agency) -> None:
    agency(table([{}]))
    columns = ("CPF/CNPJ", "Credor", "Contrato", "Vencimento", "Valor")
    answer = agency(table([{"Contrato": "A2"}], columns))
    assert (answer["accepted"], answer["debts_created"]) == (1, 1)


def test_the_parameter_names_the_creditor_where_the_file_does_not(agency: Agency) -> None:
    columns = ("CPF/CNPJ", "Nome do Devedor", "Contrato", "Vencimento", "Valor")
    agency(table([{}], columns), "Lojas Primavera")
    agency(table([{"Credor": ""}, {"Contrato": "A2"}]), "lojas  primavera")
    assert [debt[:2] for debt in agency.state()["debts"]] == [
        ("Banco Aurora S.A.", "A2"),
        ("Lojas Primavera", "A1"),
    ]


def test_the_parameter_may_be_the_creditors_id(agency: Agency) -> None:
    agency(table([{}]))
    [(creditor_id,)] = agency.rows("select id from public.creditors where tenant_id = %(tenant)s")
    answer = agency(table([{"Credor": "", "Contrato": "A2"}]), str(creditor_id).upper())
    assert (answer["creditors_created"], answer["debts_created"]) == (0, 1)


def test_nothing_comes_in_for_a_creditor_that_is_switched_off(agency: Agency) -> None:
    agency(table([{}]))
    [(creditor_id, name)] = agency.rows(
        "update public.creditors set is_active = false where tenant_id = %(tenant)s"
        " returning id, name"
    )
    before = agency.counts()
    for rows, said in (
        ([{"Contrato": "A2"}], None),
        ([{"Credor": "", "Contrato": "A2"}], str(creditor_id)),
        ([{"Credor": "", "Contrato": "A2"}], name.upper()),
    ):
        refused(lambda r=rows, s=said: agency(table(r), s), "PT409", "creditor_inactive")
    assert agency.counts() == before


def refused(call: Any, sqlstate: str, code: str) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        call()
    assert (refusal.value.sqlstate, refusal.value.diag.message_primary) == (sqlstate, code)


def test_a_supervisor_imports_but_creates_no_creditor(agency: Agency) -> None:
    before = agency.counts()
    refused(lambda: agency(table([{}]), who="supervisor"), "PT404", "creditor_not_found")
    refused(lambda: agency(table([{}]), "Novo", who="supervisor"), "PT404", "creditor_not_found")
    assert agency.counts() == before
    agency(table([{}]))
    assert agency(table([{"Contrato": "A2"}]), who="supervisor")["debts_created"] == 1


def test_an_operator_imports_nothing(agency: Agency) -> None:
    refused(lambda: agency(table([{}]), who="operador"), "PT403", "not_allowed")
    assert agency.counts() == dict.fromkeys(agency.counts(), 0)


def test_another_agencys_creditor_is_not_found_by_its_id(
    agency: Agency, open_agency: OpenAgency
) -> None:
    agency(table([{}]))
    [(creditor_id,)] = agency.rows("select id from public.creditors where tenant_id = %(tenant)s")
    other = open_agency(agency.owner)
    refused(lambda: other(table([{}]), str(creditor_id)), "PT404", "creditor_not_found")


def test_a_column_that_is_no_creditor_does_not_create_hundreds(agency: Agency) -> None:
    rows = [{"Credor": f"Rua {number}", "Contrato": f"A{number}"} for number in range(101)]
    refused(lambda: agency(table(rows)), "PT409", "too_many_new_creditors")
    assert agency.counts()["creditors"] == 0


def test_one_agencys_import_is_nothing_to_another(agency: Agency, open_agency: OpenAgency) -> None:
    other = open_agency(agency.owner)
    agency(table([{}]))
    assert set(other.counts().values()) == {0}
    assert other(table([{}]))["clients_created"] == 1


def test_the_merge_reads_no_staging_table_of_the_callers_own_making(agency: Agency) -> None:
    owner = agency.owner
    with owner.transaction(force_rollback=True):
        [(user_id,)] = owner.execute("select id from auth.users where email = 'admin@demo.test'")
        [(import_id,)] = owner.execute(
            "insert into public.imports (tenant_id) values (%s) returning id", (agency.tenant_id,)
        )
        owner.execute(
            "select set_config('request.jwt.claims', %s, true),"
            " set_config('request.headers', %s, true), set_config('role', 'authenticated', true)",
            (f'{{"sub": "{user_id}"}}', f'{{"x-tenant-id": "{agency.tenant_id}"}}'),
        )
        owner.execute("create temp table import_rows (line int)")
        refused(
            lambda: owner.execute(
                "select private.plan_portfolio(%s, '{}', 'leave', 1, '{}')", (import_id,)
            ),
            "PT409",
            "import_not_open",
        )


def test_an_import_is_audited_as_one_row_and_not_as_thousands(agency: Agency) -> None:
    answer = agency(table([{}, {"Contrato": "A2"}]))
    audited = agency.rows(
        "select table_name, row_id from public.audit_log where tenant_id = %(tenant)s"
        " and table_name in ('imports', 'clients', 'debts', 'client_phones')"
    )
    assert set(audited) == {("imports", answer["import_id"])}


@pytest.mark.proof
@given(tables, st.sampled_from(DIALECTS))
@settings(
    max_examples=examples(6, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_tables_in_any_dialect_become_what_the_patient_reader_sees(
    agency: Agency, open_agency: OpenAgency, rows: list[dict[str, str]], dialect: Dialect
) -> None:
    """Into an empty agency, after a dry run that answers the same; again, it changes nothing."""
    # Each example gives its locks back: an import makes temporary tables.
    with agency.owner.transaction(force_rollback=True):
        fresh = open_agency(agency.owner)
        expected = reference.read(enumerate(rows, start=2), "Credor do Parâmetro")
        dry = fresh(written(rows, dialect), "Credor do Parâmetro", dry_run=True)
        answer = fresh(written(rows, dialect), "Credor do Parâmetro")

        assert dry == answer | {"import_id": None}
        assert (answer["rows"], answer["rejected"]) == (expected.rows, len(expected.refused))
        assert answer["duplicates"] == expected.duplicates
        state = fresh.state()
        assert {
            (reference.key(creditor), contract, number): (document, due_on, cents)
            for creditor, contract, number, document, due_on, cents, _ in state["debts"]
        } == expected.debts
        assert {client[0]: client[1] for client in state["clients"]} == expected.names
        assert fresh.misderived() == []

        again = fresh(written(rows, NARROW), "Credor do Parâmetro")
        assert [again[count] for count in again if count.endswith(("_created", "_updated"))] == [
            0
        ] * 5
        assert fresh.state() == state


def test_strategies_reach_both_good_and_bad_rows() -> None:
    """A property over rejects alone would prove little."""
    reasons = {reference.problem(row, "Credor") for row in _sample()}
    assert None in reasons
    assert len(reasons) >= 7


def _sample() -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    @given(tables)
    @settings(max_examples=200, database=None, derandomize=True)
    def collect(rows: list[dict[str, str]]) -> None:
        found.extend(rows)

    collect()
    return found
