"""What JSON can spell and a database cannot hold is the caller's mistake, no failure of ours."""

import json
from urllib.parse import quote

import pytest

from portfolio import rejects
from tests.portfolio.conftest import Endpoint, table
from tests.portfolio.test_programs import error

ROW = '{"cpf": "529.982.247-25", "nome": "Ana", "credor": "Aurora", "contrato": "A1", %s}'
DUE = '"vencimento": "10/01/2026", "valor": '


@pytest.mark.parametrize(
    "selection",
    [
        r'{"filter": {"q": "\u0000"}}',
        r'{"filter": {"q": "\ud800"}}',
        r'{"filter": {"\ud800": 1}}',
        '{"filter": {"open_cents": {"min": 1e400}}}',
        '{"filter": {"open_cents": {"min": NaN}}}',
    ],
)
def test_a_selection_that_no_database_holds_is_refused(endpoint: Endpoint, selection: str) -> None:
    query = f"selection={quote(selection)}"
    asked = endpoint(None, query, method="GET", function="portfolio_export")
    assert error(asked) == (400, "malformed_payload")
    sent = endpoint(
        f'{{"selection": {selection}}}', content_type="application/json",
        function="portfolio_export",
    )  # fmt: skip
    assert error(sent) == (400, "malformed_payload")


@pytest.mark.parametrize(
    "row",
    [
        ROW % (DUE + r'"1,00", "obs": "\ud800"'),
        ROW % (DUE + r'"1,00", "\ud800": "x"'),
    ],
)
def test_half_a_character_is_no_row(endpoint: Endpoint, row: str) -> None:
    before = endpoint.agency.state()
    sent = endpoint(f"[{row}]", content_type="application/json")
    assert error(sent) == (400, "json_invalid")
    assert endpoint.agency.state() == before


@pytest.mark.parametrize(
    ("value", "reason"),
    [("Infinity", "value_invalid"), ("-1e400", "value_invalid"), ("NaN", "value_missing")],
)
def test_what_is_no_number_is_a_refused_value(endpoint: Endpoint, value: str, reason: str) -> None:
    sent = endpoint(f"[{ROW % (DUE + value)}]", content_type="application/json")
    assert sent.get_json()["reject_reasons"] == {reason: 1}


def test_a_mapping_of_half_a_character_is_refused(endpoint: Endpoint) -> None:
    query = f"mapping={quote(json.dumps({chr(0xD800): 'extra'}))}"
    assert error(endpoint(table([{}]), query)) == (400, "mapping_invalid")


@pytest.mark.parametrize("purpose", ["portfolio_export", "portfolio_rejects"])
def test_a_ticket_with_nul_opens_nothing(endpoint: Endpoint, purpose: str) -> None:
    sent = endpoint(None, "ticket=%00", method="GET", function=purpose, who=None)
    assert error(sent) == (410, "ticket_used")


def test_a_ticket_for_a_format_that_is_no_word_is_refused(endpoint: Endpoint) -> None:
    import_id = endpoint(table([{"Valor": "x"}])).get_json()["import_id"]
    arguments = json.dumps({"import_id": import_id, "format": ["csv"]})
    ticket = endpoint.agency.rpc("open_download", "portfolio-rejects", arguments)
    sent = endpoint(None, f"ticket={ticket}", method="GET", function="portfolio_rejects", who=None)
    assert error(sent) == (400, "malformed_payload")


@pytest.mark.parametrize("hidden", ["", "\x01", " \x02\t", "\x00 "])
def test_nothing_invisible_hides_a_formula(hidden: str) -> None:
    [_, row] = rejects.rows(["Obs."], [(2, "value_missing", "", None, [f"{hidden}=1+1"])])
    assert row[-1].startswith("'")


def test_a_downloads_name_is_short_and_plain() -> None:
    assert rejects.file_name("../a\r\nX-Evil: 1.csv", "csv") == "recusados-a-X-Evil-1.csv"
    assert len(rejects.file_name("x" * 5000, "xlsx")) < 128
    assert rejects.file_name("=\u202e", "csv") == "recusados-carteira.csv"
