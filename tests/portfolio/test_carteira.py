"""carteira_2000.csv, looked at as a person would: Latin-1, semicolons, and every kind of oddity."""

from collections import Counter

import pytest

from tests.portfolio import reference
from tests.portfolio.conftest import DATA, Agency

FILE = DATA / "carteira_2000.csv"


@pytest.fixture(scope="module")
def expected() -> reference.Portfolio:
    return reference.read(reference.rows_of(str(FILE), "latin-1", ";"))


def test_the_expected_counts_and_why(agency: Agency) -> None:
    answer = agency(FILE.read_bytes())

    assert answer["rows"] == 2048
    assert answer["reject_reasons"] == {
        # 48 times 111.111.111-11 (also the line whose name is a formula): passes the arithmetic
        # and belongs to nobody. 23 bare CPFs of eleven digits and one bare CNPJ of fourteen whose
        # check digits do not fit: a digit was mistyped, and which debtor is meant is a guess.
        "document_invalid": 72,
        "document_missing": 12,  # an empty cell: whose debt it is cannot be known
        "due_date_invalid": 37,  # 31/02/2026: no such day, and no neighbour is surer than another
        "value_missing": 14,  # an empty cell; the fifteenth has no document either
        "value_not_positive": 13,  # -50,00: nothing is owed; the fourteenth has no valid document
    }
    # The rest is kept: documents that lost their zeros (2782724606, 571727905), CNPJs with letters,
    # amounts as 434.03 and R$ 1.130,88, dates as 2026-06-24 and 30/12/24, people without a phone.
    assert answer["rejected"] == 72 + 12 + 37 + 14 + 13
    assert answer["accepted"] == 2048 - 148
    assert answer["duplicates"] == 45  # 48 lines stand twice, three of them among the rejected
    assert answer["debts_created"] == 1900 - 45
    assert answer["clients_created"] == 1021  # people, not lines
    assert answer["creditors_created"] == 5
    # =HYPERLINK(…) is nobody's name, but the CPF stands on other lines with the name: the debt is
    # kept, the formula is not. An eighth such line has the CPF of repeated digits.
    assert answer["warnings"] == {"name_invalid": 7, "email_invalid": 0, "phone_invalid": 0}


def test_refuses_the_lines_the_patient_reader_refuses_and_no_other(
    agency: Agency, expected: reference.Portfolio
) -> None:
    agency(FILE.read_bytes())
    found = dict(
        agency.rows("select line, reason from public.import_rejects where tenant_id = %(tenant)s")
    )
    assert found == expected.refused


def test_stores_the_debts_names_and_phones_the_patient_reader_sees(
    agency: Agency, expected: reference.Portfolio
) -> None:
    agency(FILE.read_bytes())
    state = agency.state()

    debts = {
        (reference.key(creditor), contract, installment): (document, due_on, cents)
        for creditor, contract, installment, document, due_on, cents, _ in state["debts"]
    }
    assert debts == expected.debts
    assert {client[0]: client[1] for client in state["clients"]} == expected.names
    addresses = {client[0]: client[2] for client in state["clients"] if client[2]}
    assert addresses == expected.emails
    phones = Counter(phone[0] for phone in state["phones"])
    assert {(phone[0], phone[1]) for phone in state["phones"]} == {
        (document, number) for document, numbers in expected.phones.items() for number in numbers
    }
    assert sum(phones.values()) == sum(map(len, expected.phones.values()))


def test_every_reject_names_its_column_as_the_file_does_and_shows_the_cell(agency: Agency) -> None:
    agency(FILE.read_bytes())
    rejects = {
        line: rest
        for line, *rest in agency.rows(
            "select line, column_name, value, reason from public.import_rejects"
            " where tenant_id = %(tenant)s"
        )
    }
    assert rejects[17] == ["Vencimento", "31/02/2026", "due_date_invalid"]
    assert rejects[19] == ["CPF/CNPJ", "111.111.111-11", "document_invalid"]
    assert rejects[26] == ["Valor", None, "value_missing"]


def test_no_formula_becomes_a_name(agency: Agency) -> None:
    agency(FILE.read_bytes())
    assert not agency.rows(
        "select from public.clients where tenant_id = %(tenant)s and name ~ '^[=+@-]'"
    )
    assert agency.rows(
        "select name from public.clients where tenant_id = %(tenant)s and document = '32682425100'"
    ) == [("Daniel Santana Dias",)]


def test_the_same_file_again_changes_nothing(agency: Agency) -> None:
    first = agency(FILE.read_bytes())
    before = agency.state()
    again = agency(FILE.read_bytes())

    assert agency.state() == before
    assert [again[count] for count in again if count.endswith(("_created", "_updated"))] == [0] * 5
    assert {again[key] == first[key] for key in ("rows", "accepted", "rejected", "duplicates")} == {
        True
    }


def test_a_dry_run_answers_as_the_real_run_and_leaves_nothing(agency: Agency) -> None:
    before = agency.counts()
    dry = agency(FILE.read_bytes(), dry_run=True)
    assert agency.counts() == before

    real = agency(FILE.read_bytes())
    assert dry.pop("import_id") is None
    assert real.pop("import_id") is not None
    assert dry == real


def test_derived_totals_equal_the_debts(agency: Agency) -> None:
    agency(FILE.read_bytes())
    assert agency.misderived() == []
