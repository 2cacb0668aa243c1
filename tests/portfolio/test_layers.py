"""Imports lie over each other: taken back in any order they leave what was there before them all,
or say exactly what stays, and why."""

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.portfolio.conftest import COLUMNS, Agency, OpenAgency, table
from tests.portfolio.dialects_of_tables import NARROW, tables, written
from tests.proof import examples

OTHER_PERSON = {
    "CPF/CNPJ": "111.444.777-35", "Nome do Devedor": "Bruno Lima", "Contrato": "B1",
    "E-mail": "", "Celular": "",
}  # fmt: skip
WITH_EXTRA = (*COLUMNS, "Loja", "Turno")
# What a second file may do to what a first one made.
LATER: dict[str, list[dict[str, str]]] = {
    "another value": [{"Valor": "2.000,00"}],
    "another day": [{"Vencimento": "11/02/2026"}],
    "another e-mail": [{"E-mail": "nova@exemplo.com.br"}],
    "a number": [{"Celular": "(21) 3333-4444"}],
    "a title": [{}, {"Contrato": "A2"}],
    "a title alone": [{"Contrato": "A2"}],
    "a title of another creditor": [{"Credor": "Outro"}],
    "another person": [OTHER_PERSON],
    "everything": [
        {"Valor": "9,00", "E-mail": "x@y.com.br", "Celular": "(21) 3333-4444"},
        {"Contrato": "A2", "Credor": "Outro"},
        OTHER_PERSON,
    ],
    "extra data": [{"Loja": "Centro"}],
    "nothing": [{}],
}


def whole(agency: Agency) -> dict[str, list[tuple[Any, ...]]]:
    """The state, and which import each title says wrote it last."""
    last = "select contract, installment, import_id from public.debts where tenant_id = %(tenant)s"
    return agency.state() | {"written by": sorted(agency.rows(last), key=repr)}


def back(agency: Agency, import_id: str) -> list[tuple[str, str | None, str]]:
    """What stays when it is taken back: table, contract or name, reason."""
    answer = agency.rpc("rollback_import", import_id, who="supervisor")
    assert answer["status"] == "rolled_back"
    assert answer["kept"]["count"] == len(answer["kept"]["rows"])
    return [
        (row["table"], row["contract"] or row["name"], row["reason"])
        for row in answer["kept"]["rows"]
    ]


@pytest.mark.parametrize("absent", ["leave", "return"])
@pytest.mark.parametrize("later", LATER)
def test_two_imports_taken_back_in_reverse_order_leave_nothing(
    agency: Agency, later: str, absent: str
) -> None:
    before = whole(agency)
    first = agency(table([{"Loja": "", "Turno": "Tarde"}], WITH_EXTRA))["import_id"]
    between = whole(agency)
    second = agency(table(LATER[later], WITH_EXTRA), absent=absent)["import_id"]
    assert back(agency, second) == []
    assert whole(agency) == between
    assert back(agency, first) == []
    assert whole(agency) == before


@pytest.mark.parametrize("absent", ["leave", "return"])
@pytest.mark.parametrize("later", LATER)
def test_the_first_taken_back_first_leaves_what_the_second_needs_and_then_nothing(
    agency: Agency, later: str, absent: str
) -> None:
    before = whole(agency)
    first = agency(table([{"Turno": "Tarde"}], WITH_EXTRA))["import_id"]
    second = agency(table(LATER[later], WITH_EXTRA), absent=absent)["import_id"]
    rows = agency.counts()
    kept = back(agency, first)
    assert {reason for *_, reason in kept} <= {"imported_since"}
    assert len(kept) <= rows["clients"] + rows["debts"] + rows["creditors"]
    if later == "nothing":
        assert whole(agency) == before
    assert back(agency, second) == []
    assert whole(agency) == before


def test_what_a_later_file_changed_stays_with_its_values_and_is_listed(agency: Agency) -> None:
    first = agency(table([{}, OTHER_PERSON]))["import_id"]
    agency(table([{"Valor": "2.000,00"}]))
    assert back(agency, first) == [
        ("clients", "Ana Souza", "imported_since"),
        ("debts", "A1", "imported_since"),
        ("creditors", "Banco Aurora S.A.", "imported_since"),
    ]
    assert [(debt[1], debt[5]) for debt in agency.state()["debts"]] == [("A1", 200000)]


def test_a_value_that_three_files_changed_goes_back_past_the_one_in_the_middle(
    agency: Agency,
) -> None:
    agency(table([{"Valor": "1,00"}]))
    start = whole(agency)
    second, third = (agency(table([{"Valor": value}]))["import_id"] for value in ("2,00", "3,00"))
    assert back(agency, second) == []
    assert agency.state()["debts"][0][5] == 300
    assert back(agency, third) == []
    assert whole(agency) == start


def test_a_value_a_person_typed_between_two_files_is_what_the_second_gives_back(
    agency: Agency,
) -> None:
    agency(table([{"E-mail": "um@exemplo.com.br"}]))
    second = agency(table([{"E-mail": "dois@exemplo.com.br"}]))["import_id"]
    agency.owner.execute(
        "update public.clients set email = 'digitado@exemplo.com.br' where tenant_id = %s",
        (agency.tenant_id,),
    )
    third = agency(table([{"E-mail": "tres@exemplo.com.br"}]))["import_id"]
    assert back(agency, second) == [("clients", "Ana Souza", "changed_since")]
    assert back(agency, third) == []
    assert agency.state()["clients"][0][2] == "digitado@exemplo.com.br"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_extra_data_of_two_files_part_in_either_order(
    agency: Agency, order: tuple[int, int]
) -> None:
    agency(table([{}], WITH_EXTRA))
    start = whole(agency)
    imports = [
        agency(table([row], WITH_EXTRA))["import_id"]
        for row in ({"Loja": "Centro"}, {"Turno": "Tarde"})
    ]
    kept = [row for place in order for row in back(agency, imports[place])]
    assert kept == ([("clients", "Ana Souza", "imported_since")] if order == (0, 1) else [])
    assert whole(agency) == start


def test_a_name_that_a_person_changed_on_a_creditor_keeps_the_creditor(agency: Agency) -> None:
    first = agency(table([{}]))["import_id"]
    agency.owner.execute(
        "update public.creditors set name = 'Aurora' where tenant_id = %s", (agency.tenant_id,)
    )
    assert back(agency, first) == [("creditors", "Aurora", "changed_since")]


def test_a_title_that_only_grew_old_goes_back(agency: Agency) -> None:
    """Nobody did anything: the clock's own job marked it."""
    before = whole(agency)
    first = agency(table([{"Vencimento": "10/01/2019"}]))["import_id"]
    agency.owner.execute(
        "select private.age_debts(%s, %s, null)", (agency.tenant_id, datetime.date(2026, 11, 22))
    )
    assert agency.state()["debts"][0][6] == "prescribed"
    assert back(agency, first) == []
    assert whole(agency) == before


def test_a_number_a_person_added_keeps_the_person_and_not_the_titles(agency: Agency) -> None:
    first = agency(table([{}]))["import_id"]
    agency.owner.execute(
        "insert into public.client_phones (tenant_id, client_id, phone, kind, created_at)"
        " select tenant_id, id, '+552133334444', 'landline', created_at + interval '1 minute'"
        " from public.clients where tenant_id = %s",
        (agency.tenant_id,),
    )
    assert back(agency, first) == [("clients", "Ana Souza", "in_use")]
    assert agency.counts() == dict.fromkeys(agency.counts(), 0) | {
        "clients": 1, "client_phones": 2, "imports": 1,
    }  # fmt: skip


def test_who_takes_a_row_over_takes_it_along_only_if_nobody_else_needs_it(agency: Agency) -> None:
    first, second, third = (
        agency(table([{"Contrato": contract}]))["import_id"] for contract in ("A1", "A2", "A3")
    )
    kept = back(agency, first)
    assert kept == [
        ("clients", "Ana Souza", "imported_since"),
        ("creditors", "Banco Aurora S.A.", "imported_since"),
    ]
    assert [debt[1] for debt in agency.state()["debts"]] == ["A2", "A3"]
    for each, left in ((third, ["A2"]), (second, [])):
        back(agency, each)
        assert [debt[1] for debt in agency.state()["debts"]] == left
    assert agency.counts() == dict.fromkeys(agency.counts(), 0) | {"imports": 3}


Deed = tuple[str, int]
DEEDS = st.tuples(st.sampled_from(["speak", "edit", "number", "hold", "tag"]), st.integers(0, 3))
STEPS = st.lists(
    st.one_of(tables.map(lambda rows: ("import", rows)), DEEDS), min_size=1, max_size=4
)


def done(agency: Agency, what: str, place: int) -> None:
    """Something a person does with the nth client there is, if there are so many."""
    rows = agency.rows(
        "select id from public.clients where tenant_id = %(tenant)s order by document"
    )
    if place >= len(rows):
        return
    statement = {
        "speak": "insert into public.call_dispositions (id, tenant_id, client_id, operator_id,"
        " disposition_type) select gen_random_uuid(), tenant_id, id, (select id from auth.users"
        " where email = 'operador@demo.test'), 'voicemail' from public.clients where id = %s",
        "edit": "update public.clients set email = 'mao' || clock_timestamp() where id = %s",
        "number": "insert into public.client_phones (tenant_id, client_id, phone, kind, created_at)"
        " select tenant_id, id, '+552133334444', 'landline', created_at + interval '1 minute'"
        " from public.clients where id = %s on conflict do nothing",
        "hold": "update public.debts set status = 'on_hold' where id = (select id from public.debts"
        " where client_id = %s and status = 'open' order by contract limit 1)",
        "tag": "insert into public.client_addresses (tenant_id, client_id, street, city, uf)"
        " select tenant_id, id, 'Rua A', 'Recife', 'PE' from public.clients where id = %s",
    }[what]
    agency.owner.execute(statement.encode(), rows[place])


def ids(agency: Agency) -> set[tuple[str, str]]:
    """Every row an import may have made, by table and id."""
    return {
        (name, str(row_id))
        for name, row_id in agency.rows(
            "select 'clients', id from public.clients where tenant_id = %(tenant)s union all"
            " select 'debts', id from public.debts where tenant_id = %(tenant)s union all"
            " select 'creditors', id from public.creditors where tenant_id = %(tenant)s"
        )
    }


@pytest.mark.proof
@given(
    tables,
    st.lists(st.tuples(tables, st.sampled_from(["leave", "return"])), min_size=2, max_size=4),
    st.randoms(use_true_random=False),
)
@settings(
    max_examples=examples(5, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_imports_taken_back_in_any_order_leave_what_was_there_before_them(
    agency: Agency,
    open_agency: OpenAgency,
    first: list[dict[str, str]],
    files: list[tuple[list[dict[str, str]], str]],
    chance: Any,
) -> None:
    with agency.owner.transaction(force_rollback=True):
        fresh = open_agency(agency.owner)
        fresh(written(first, NARROW), "Credor do Parâmetro")
        start = whole(fresh)
        imports = [
            fresh(written(rows, NARROW), "Credor do Parâmetro", absent=absent)["import_id"]
            for rows, absent in files
        ]
        chance.shuffle(imports)
        for import_id in imports:
            assert {reason for *_, reason in back(fresh, import_id)} <= {"imported_since"}
        assert whole(fresh) == start


@pytest.mark.proof
@given(tables, STEPS, st.randoms(use_true_random=False))
@settings(
    max_examples=examples(5, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_stays_after_people_worked_is_listed_row_by_row(
    agency: Agency,
    open_agency: OpenAgency,
    first: list[dict[str, str]],
    steps: Sequence[Any],
    chance: Any,
) -> None:
    with agency.owner.transaction(force_rollback=True):
        fresh = open_agency(agency.owner)
        fresh(written(first, NARROW), "Credor do Parâmetro")
        start = ids(fresh)
        imports = []
        for what, how in steps:
            if what == "import":
                answer = fresh(written(how, NARROW), "Credor do Parâmetro")
                imports.append(answer["import_id"])
            else:
                done(fresh, what, how)
        chance.shuffle(imports)
        listed: dict[tuple[str, str], str] = {}
        for import_id in imports:
            answer = fresh.rpc("rollback_import", import_id)
            listed |= {(row["table"], row["id"]): row["reason"] for row in answer["kept"]["rows"]}
        left = ids(fresh) - start
        assert {row for row in left if row not in listed} == set()
        assert "imported_since" not in {listed[row] for row in left if row[0] != "creditors"}
        assert start <= ids(fresh)
