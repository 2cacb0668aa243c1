"""What an import touched is found by it for good: in the carteira's filter and on the timeline."""

import json
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
ANA, BRUNO = "52998224725", "11144477735"


def found(agency: Agency, import_id: str) -> set[str]:
    """Documents of whom the filter picks."""
    listed = agency.rpc("list_clients", json.dumps({"import_id": import_id}), who="operador")
    totals = agency.rpc(
        "selection_totals", json.dumps({"filter": {"import_id": import_id}}), who="operador"
    )
    assert totals["clients"] == len(listed["rows"])
    return {row["document"] for row in listed["rows"]}


def told(agency: Agency, document: str) -> list[str]:
    """Files on the timeline of that person, newest first."""
    profile = agency.rpc("client_profile", document, who="operador")
    return [item["file_name"] for item in profile["timeline"]["items"] if item["kind"] == "import"]


def counted(agency: Agency, import_id: str) -> Any:
    options = agency.rpc("filter_options", who="operador")
    return {each["id"]: each["clients"] for each in options["imports"]}.get(import_id)


def test_one_that_a_later_import_overwrote_still_finds_its_people(agency: Agency) -> None:
    first = agency(table([{}, OTHER_PERSON]), name="um.csv")["import_id"]
    second = agency(table([{"Valor": "2.000,00"}]), name="dois.csv")["import_id"]
    assert found(agency, first) == {ANA, BRUNO}
    assert found(agency, second) == {ANA}
    assert told(agency, ANA) == ["dois.csv", "um.csv"]
    assert told(agency, BRUNO) == ["um.csv"]
    assert (counted(agency, first), counted(agency, second)) == (2, 1)


def test_one_that_changed_only_a_person_or_a_number_finds_them(agency: Agency) -> None:
    agency(table([{}, OTHER_PERSON]), name="um.csv")
    person = agency(table([{"E-mail": "nova@exemplo.com.br"}]), name="pessoa.csv")["import_id"]
    number = agency(table([OTHER_PERSON | {"Celular": "(21) 3333-4444"}]), name="telefone.csv")[
        "import_id"
    ]
    extra = agency(table([{"Loja": "Centro"}], (*COLUMNS, "Loja")), name="extra.csv")["import_id"]
    assert [found(agency, each) for each in (person, number, extra)] == [{ANA}, {BRUNO}, {ANA}]
    assert told(agency, ANA) == ["extra.csv", "pessoa.csv", "um.csv"]
    assert told(agency, BRUNO) == ["telefone.csv", "um.csv"]


def test_one_that_only_returned_a_title_finds_its_person(agency: Agency) -> None:
    agency(table([{}, OTHER_PERSON]))
    second = agency(table([{}]), absent="return")["import_id"]
    assert found(agency, second) == {BRUNO}


def test_who_was_named_and_stayed_the_same_is_not_found(agency: Agency) -> None:
    agency(table([{}]), name="um.csv")
    again = agency(table([{}]), name="de novo.csv")["import_id"]
    assert found(agency, again) == set()
    assert told(agency, ANA) == ["um.csv"]
    assert counted(agency, again) == 0


def test_taken_back_it_finds_only_whom_it_left(agency: Agency) -> None:
    agency(table([{}, OTHER_PERSON]), name="um.csv")
    second = agency(
        table([{"E-mail": "nova@exemplo.com.br"}, OTHER_PERSON | {"UF": "RJ"}]), name="dois.csv"
    )["import_id"]
    agency.owner.execute(
        "update public.clients set uf = 'MG' where tenant_id = %s and document = %s",
        (agency.tenant_id, BRUNO),
    )
    agency.rpc("rollback_import", second)
    assert found(agency, second) == {BRUNO}
    assert told(agency, ANA) == ["um.csv"]
    assert counted(agency, second) is None


def test_another_agencys_import_finds_nobody(agency: Agency, open_agency: OpenAgency) -> None:
    first = agency(table([{}]))["import_id"]
    agency(table([{"Valor": "2.000,00"}]))
    other = open_agency(agency.owner)
    assert found(other, first) == set()


@st.composite
def _files(draw: st.DrawFn) -> list[tuple[Any, str]]:
    absences = st.sampled_from(["leave", "return"])
    return draw(st.lists(st.tuples(tables, absences), min_size=2, max_size=4))


def _portrait(agency: Agency) -> dict[str, Any]:
    """All there is to know of each person, as text."""
    rows = agency.rows(
        "select document, (to_jsonb(clients) - array['updated_at'])::text, (select"
        " jsonb_agg(to_jsonb(debts) - array['updated_at', 'import_id'] order by debts.id)::text"
        " from public.debts where client_id = clients.id), (select jsonb_agg(to_jsonb(phones)"
        " order by phones.id)::text from public.client_phones as phones"
        " where client_id = clients.id) from public.clients where tenant_id = %(tenant)s"
    )
    return {document: rest for document, *rest in rows}


@pytest.mark.proof
@given(_files())
@settings(
    max_examples=examples(5, 100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_it_finds_exactly_those_whom_it_changed_however_many_came_after(
    agency: Agency, open_agency: OpenAgency, files: list[tuple[Any, str]]
) -> None:
    with agency.owner.transaction(force_rollback=True):
        fresh = open_agency(agency.owner)
        touched: dict[str, set[str]] = {}
        for rows, absent in files:
            before = _portrait(fresh)
            answer = fresh(written(rows, NARROW), "Credor do Parâmetro", absent=absent)
            after = _portrait(fresh)
            touched[answer["import_id"]] = {who for who in after if after[who] != before.get(who)}
        for import_id, people in touched.items():
            assert found(fresh, import_id) == people
            assert counted(fresh, import_id) == len(people)
