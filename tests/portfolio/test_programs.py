"""The import as its callers see it: pages, programs, and people who watch, cancel and mend."""

import csv
import io
import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from portfolio import journal, reading, rejects
from tests.portfolio.conftest import COLUMNS, ROW, Endpoint, table
from tests.portfolio.workbook_writer import workbook

JSON_ROW = {
    "document": "529.982.247-25", "name": "Ana Souza", "phone": ["11987654321", "1133334444"],
    "email": "ana@exemplo.com.br", "creditor": "Banco Aurora S.A.", "contract": "A1",
    "due_on": "2026-01-10", "principal": 1234.56, "loja": "Centro",
}  # fmt: skip


def error(response: Any) -> tuple[int, str]:
    return response.status_code, response.get_json()["error"]


def api_key(endpoint: Endpoint) -> tuple[str, str]:
    made = endpoint.agency.rpc("create_api_key", "ERP do credor")
    return made["id"], made["key"]


def by_key(
    endpoint: Endpoint, key: str, body: bytes, name: str | None = "1", query: str = ""
) -> Any:
    headers = {"Authorization": f"Bearer {key}"} | ({"Idempotency-Key": name} if name else {})
    return endpoint(body, query, who=None, content_type="application/json", headers=headers)


def test_the_preview_shows_rows_and_asks_only_what_it_could_not_guess(endpoint: Endpoint) -> None:
    columns = ("CPF/CNPJ", "Nome do Devedor", "Operação", "Vencimento", "Valor", "Loja")
    seen = endpoint(table([{"Operação": "OP7", "Loja": "1"}], columns), "step=preview").get_json()
    assert (seen["format"], seen["sheet"], seen["header_row"], seen["source"]) == (
        "csv", None, 1, "guess",
    )  # fmt: skip
    assert seen["columns"][0] == {
        "title": "CPF/CNPJ", "field": "document", "samples": ["529.982.247-25"],
    }  # fmt: skip
    assert seen["rows"] == [["529.982.247-25", "Ana Souza", "OP7", "10/01/2026", "1.234,56", "1"]]
    assert [(asked["field"], asked["candidates"]) for asked in seen["questions"]] == [
        ("contract", ["Operação", "Loja"]), ("creditor", ["Operação", "Loja"]),
    ]  # fmt: skip
    assert seen["unknown"] == ["Operação", "Loja"]
    assert endpoint.agency.counts()["imports"] == 0


def test_the_preview_names_creditors_that_only_an_admin_may_bring(endpoint: Endpoint) -> None:
    endpoint(table([{"Credor": "Banco Aurora"}]))
    data = table([{"Credor": name} for name in ("BANCO  AURORA", "Loja Ipê", "loja ipe", "")])
    for who in ("supervisor@demo.test", "admin@demo.test"):
        seen = endpoint(data, "step=preview&creditor=aurora", who=who).get_json()
        assert seen["new_creditors"] == ["Loja Ipê"]


def test_what_was_said_once_is_not_asked_again(endpoint: Endpoint) -> None:
    columns = ("CPF/CNPJ", "Nome do Devedor", "Operação", "Vencimento", "Valor")
    data = table([{"Operação": "OP7"}], columns)
    file = {"file": (io.BytesIO(data), "junho.csv"), "mapping": '{"Operação": "contract"}'}
    done = endpoint(file, "creditor=Aurora", content_type="multipart/form-data")
    assert done.status_code == 200, done.get_json()
    seen = endpoint(data, "step=preview&creditor=aurora").get_json()
    assert (seen["source"], seen["questions"]) == ("saved", [])


def test_a_complete_workbook_has_no_questions(endpoint: Endpoint) -> None:
    data = workbook(Capa=[["Olá"]], Dados=[["Relatório"], list(COLUMNS), list(ROW.values())])
    seen = endpoint(data, "step=preview").get_json()
    assert (seen["sheet"], seen["sheets"], seen["header_row"]) == ("Dados", ["Capa", "Dados"], 2)
    assert (seen["questions"], seen["unknown"]) == ([], [])


def test_two_portfolios_in_one_workbook_are_a_question(endpoint: Endpoint) -> None:
    data = workbook(
        Um=[list(COLUMNS), list(ROW.values())], Dois=[list(COLUMNS), list(ROW.values())]
    )
    [question] = endpoint(data, "step=preview").get_json()["questions"]
    assert question == {"field": "sheet", "required": True, "candidates": ["Um", "Dois"]}


@pytest.mark.parametrize("as_lines", [True, False])
def test_a_program_sends_json_and_gets_the_same_answer_as_a_file(
    endpoint: Endpoint, as_lines: bool
) -> None:
    _, key = api_key(endpoint)
    rows = [JSON_ROW, JSON_ROW | {"contract": "A2", "principal": None}]
    body = "\n".join(map(json.dumps, rows)) if as_lines else json.dumps(rows)
    answer = by_key(endpoint, key, body.encode()).get_json()
    assert (answer["rows"], answer["debts_created"], answer["reject_reasons"]) == (
        2, 1, {"value_missing": 1},
    )  # fmt: skip
    assert len(endpoint.agency.state()["phones"]) == 2
    assert endpoint.agency.rows(
        "select source, api_key_id is not null, extra from public.imports join public.clients"
        " using (tenant_id) where tenant_id = %(tenant)s"
    ) == [("api", True, {"loja": "Centro"})]


def test_a_repeated_request_gets_the_first_answer_and_another_body_is_refused(
    endpoint: Endpoint,
) -> None:
    _, key = api_key(endpoint)
    body = json.dumps([JSON_ROW]).encode()
    first, again = by_key(endpoint, key, body), by_key(endpoint, key, body)
    assert first.get_json() == again.get_json()
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (
        None, "true",
    )  # fmt: skip
    other = json.dumps([JSON_ROW | {"contract": "A2"}]).encode()
    assert error(by_key(endpoint, key, other)) == (409, "idempotency_key_reused")
    assert error(by_key(endpoint, key, body, query="absent=return")) == (
        409, "idempotency_key_reused",
    )  # fmt: skip
    assert error(by_key(endpoint, key, body, name=None)) == (400, "idempotency_key_missing")
    assert endpoint.agency.counts()["imports"] == 1


def test_a_failed_import_gives_its_key_back(endpoint: Endpoint) -> None:
    _, key = api_key(endpoint)
    assert error(by_key(endpoint, key, b"[{}]"))[0] == 400
    assert by_key(endpoint, key, json.dumps([JSON_ROW]).encode()).status_code == 200


@pytest.mark.parametrize(
    "body", [b"[1]", b'{"a"', b'"x"', b"[" * 100_000, b'[{"a":1},2]'], ids=range(5)
)
def test_what_is_no_list_of_rows_is_refused(endpoint: Endpoint, body: bytes) -> None:
    assert error(endpoint(body, content_type="application/json")) == (400, "json_invalid")
    assert endpoint.agency.counts()["clients"] == 0


def test_a_revoked_key_and_a_key_of_somebody_who_left_open_nothing(endpoint: Endpoint) -> None:
    body = json.dumps([JSON_ROW]).encode()
    key_id, key = api_key(endpoint)
    endpoint.agency.rpc("revoke_api_key", key_id)
    assert error(by_key(endpoint, key, body)) == (401, "api_key_unknown")
    assert error(by_key(endpoint, "cbk_" + "0" * 64, body)) == (401, "api_key_unknown")
    assert error(endpoint(body, who=None, headers={"x-api-key": "abc"})) == (401, "api_key_unknown")
    _, second = api_key(endpoint)
    endpoint.agency.owner.execute(
        "update public.memberships set revoked_at = now() where tenant_id = %s",
        (endpoint.agency.tenant_id,),
    )
    assert error(by_key(endpoint, second, body)) == (401, "api_key_unknown")


def test_a_key_opens_its_own_agency_whatever_the_header_says(endpoint: Endpoint) -> None:
    _, key = api_key(endpoint)
    other = endpoint.agency.rows("select id from public.tenants where id <> %(tenant)s limit 1")
    headers = {"x-api-key": key, "Idempotency-Key": "1"}
    sent = endpoint(
        json.dumps([JSON_ROW]), who=None, content_type="application/json", headers=headers,
        tenant_id=str(other[0][0]),
    )  # fmt: skip
    assert sent.status_code == 200
    assert endpoint.agency.counts()["clients"] == 1


def test_a_key_is_never_readable_again(endpoint: Endpoint) -> None:
    _, key = api_key(endpoint)
    agency = endpoint.agency
    stored = agency.rows("select k::text from public.api_keys k where tenant_id = %(tenant)s")
    audited = agency.rows("select a::text from public.audit_log a where tenant_id = %(tenant)s")
    assert key not in str(stored + audited)
    assert stored[0][0].count(key[:10]) == 1
    for name in ("supervisor", "operador"):
        with pytest.raises(psycopg.Error, match="not_allowed"):
            agency.rpc("create_api_key", "x", who=name)


@contextmanager
def another_import(endpoint: Endpoint) -> Any:
    """The tenant's import lock, held as a running import holds it."""
    lock = (f"import_portfolio:{endpoint.agency.tenant_id}",)
    endpoint.agency.owner.execute("select pg_advisory_lock(hashtextextended(%s, 0))", lock)
    yield
    endpoint.agency.owner.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", lock)


def started(call: Callable[[], Any]) -> Callable[[], Any]:
    """Run in a thread; the answer waits for it."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()

    def answer() -> Any:
        thread.join(300)
        return found[0]

    return answer


def statuses(endpoint: Endpoint) -> list[tuple[Any, ...]]:
    return endpoint.agency.rows(
        "select status::text, error_code from public.imports where tenant_id = %(tenant)s"
    )


def test_a_second_import_waits_for_the_first_and_is_alive_meanwhile(
    endpoint: Endpoint, wait_until: Any
) -> None:
    with another_import(endpoint):
        answer = started(lambda: endpoint(table([{}])))
        wait_until(lambda: statuses(endpoint) == [("queued", None)])
        assert endpoint.agency.rpc("imports_alive", who="operador") == 0
    assert answer().status_code == 200
    assert statuses(endpoint) == [("done", None)]


def test_a_waiting_import_is_cancelled_and_writes_nothing(
    endpoint: Endpoint, wait_until: Any
) -> None:
    import_id = "6e2b4a4e-58e3-4a4b-9d59-1f1f5d1f0b11"
    with another_import(endpoint):
        answer = started(lambda: endpoint(table([{}]), f"import_id={import_id}"))
        wait_until(lambda: statuses(endpoint) == [("queued", None)])
        assert endpoint.agency.rpc("cancel_import", import_id) == {"status": "cancelled"}
    assert error(answer()) == (409, "import_cancelled")
    assert (statuses(endpoint)[0][0], endpoint.agency.counts()["clients"]) == ("cancelled", 0)


def test_a_running_import_shows_its_progress_and_is_cancelled(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency, blocks = endpoint.agency, reading.blocks
    seen: list[tuple[Any, ...]] = []

    def watched(*arguments: Any) -> Any:
        for frame in blocks(*arguments):
            yield frame
            seen.extend(
                agency.rows(
                    "select id, status::text, phase, rows_read, rows_valid, rows_total"
                    " from public.imports where tenant_id = %(tenant)s"
                )
            )
            agency.rpc("cancel_import", seen[0][0])

    monkeypatch.setattr(reading, "blocks", watched)
    monkeypatch.setattr(journal, "REPORT_SECONDS", 0)
    assert error(endpoint(table([{}, {"Valor": "x"}]))) == (409, "import_cancelled")
    assert seen[0][1:] == ("running", "reading", 2, 1, 2)
    assert (statuses(endpoint), agency.counts()["clients"]) == (
        [("cancelled", "import_cancelled")], 0,
    )  # fmt: skip


def test_an_import_whose_process_died_is_told_and_may_be_sent_again(endpoint: Endpoint) -> None:
    endpoint.agency.owner.execute(
        "insert into public.imports (tenant_id, status) values (%s, 'running')",
        (endpoint.agency.tenant_id,),
    )
    assert endpoint.agency.rpc("imports_alive", who="operador") == 1
    assert statuses(endpoint) == [("failed", "process_died")]
    assert endpoint(table([{}])).status_code == 200


def test_a_refused_file_leaves_a_failed_import(endpoint: Endpoint) -> None:
    assert error(endpoint(b"Nome;Valor\nAna;1\n")) == (400, "document_column_missing")
    assert statuses(endpoint) == [("failed", "document_column_missing")]
    assert error(endpoint(table([{}]), who="supervisor@demo.test")) == (404, "creditor_not_found")
    assert ("failed", "creditor_not_found") in statuses(endpoint)


FORMULA = '=HYPERLINK("http://x";"y")'


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_refused_rows_come_back_as_they_stood_and_mended_go_in(
    endpoint: Endpoint, kind: str
) -> None:
    columns = (*COLUMNS, "Obs.")
    rows = [
        {"Vencimento": "ontem", "Obs.": FORMULA},
        {"Contrato": "A2"},
        {"Contrato": "A3", "Valor": "-1"},
    ]
    import_id = endpoint(table(rows, columns)).get_json()["import_id"]
    sent = endpoint(
        None, f"import_id={import_id}&format={kind}", method="GET", function="portfolio_rejects"
    )
    assert (sent.status_code, sent.headers["Content-Disposition"]) == (
        200, f"attachment; filename=recusados-carteira.{kind}",
    )  # fmt: skip
    if kind == "csv":
        header, first, second = csv.reader(
            io.StringIO(sent.data.decode("utf-8-sig")), delimiter=";"
        )
        assert header == ["Linha do arquivo", "Motivo da recusa", *columns]
        assert first == ["2", "Vencimento: o vencimento não é uma data",
                         *(ROW | {"Vencimento": "ontem"}).values(), "'" + FORMULA]  # fmt: skip
        assert second[0] == "4"
        assert second[columns.index("Valor") + 2] == "'-1"
    again = endpoint(sent.data).get_json()
    assert (again["rows"], again["reject_reasons"]) == (
        2, {"due_date_invalid": 1, "value_not_positive": 1},
    )  # fmt: skip
    if kind == "csv":
        mended = sent.data.replace(b"ontem", b"10/01/2026").replace(b"'-1", b"1,00")
        assert endpoint(mended).get_json()["debts_created"] == 2
        extra = endpoint.agency.rows(
            "select extra from public.clients where tenant_id = %(tenant)s"
        )
        assert extra == [({"Obs.": FORMULA},)]


def test_refused_rows_are_not_for_operators_nor_for_others(endpoint: Endpoint) -> None:
    import_id = endpoint(table([{"Valor": "x"}])).get_json()["import_id"]
    query = f"import_id={import_id}"
    for who in ("operador@demo.test", "admin@outra.test"):
        sent = endpoint(None, query, who=who, method="GET", function="portfolio_rejects")
        assert error(sent) == (404, "import_not_found")
    sent = endpoint(None, query, who=None, method="GET", function="portfolio_rejects")
    assert error(sent) == (401, "not_authenticated")


def test_every_reason_has_a_sentence() -> None:
    assert all(sentence[0].islower() for sentence in rejects.REASONS.values())


def export(endpoint: Endpoint, selection: Any, who: str = "supervisor@demo.test") -> Any:
    body = json.dumps({"selection": selection})
    return endpoint(body, who=who, content_type="application/json", function="portfolio_export")


def test_an_export_holds_the_selection_as_text_and_is_audited(endpoint: Endpoint) -> None:
    endpoint(
        table([{"Nome do Devedor": "-Ana Souza"}, {"CPF/CNPJ": "111.444.777-35", "Contrato": "B1"}])
    )
    sent = export(endpoint, {"filter": {"q": "52998224725"}})
    assert (sent.status_code, sent.content_type) == (200, "text/csv; charset=utf-8")
    header, *rows = csv.reader(io.StringIO(sent.data.decode("utf-8-sig")), delimiter=";")
    assert header[:2] == ["Documento", "Nome"]
    assert [row[:2] for row in rows] == [["52998224725", "'-Ana Souza"]]
    assert endpoint.agency.rows(
        "select after ->> 'selected' from public.audit_log where tenant_id = %(tenant)s"
        " and action = 'export'"
    ) == [("1",)]


def test_an_export_is_not_for_operators_and_not_for_a_wrong_selection(endpoint: Endpoint) -> None:
    endpoint(table([{}]))
    assert error(export(endpoint, {"filter": {}}, "operador@demo.test")) == (403, "not_allowed")
    assert error(export(endpoint, {})) == (400, "selection_invalid")
    assert error(export(endpoint, {"filter": {"colour": 1}})) == (400, "unknown_filter")
    assert error(export(endpoint, [])) == (400, "malformed_payload")
    assert error(export(endpoint, {"filter": {}}, "admin@outra.test"))[0] == 403


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"%PDF-1.7 ...", 415, "file_type_unsupported"),
        (b"CPF;Contrato;Vencimento;Valor\n\0\0;1;2;3\n", 400, "file_not_csv"),
        (b";".join(b"c%d" % n for n in range(1_000_000)) + b"\n1\n", 400, "file_not_csv"),
        (table([{}]) + b'"' + b"x" * (10 * 1024 * 1024) + b'";"', 400, "row_too_long"),
    ],
    ids=["wrong extension", "NUL bytes", "a million columns", "10 MB cell"],
)
def test_what_would_hurt_is_a_clear_refusal_and_stores_nothing(
    endpoint: Endpoint, data: bytes, status: int, code: str
) -> None:
    if len(data) < 1000:
        file = {"file": (io.BytesIO(data), "carteira.xlsx")}
        sent = endpoint(file, content_type="multipart/form-data")
    else:
        sent = endpoint(data)
    assert error(sent) == (status, code)
    assert endpoint.agency.counts() == dict.fromkeys(endpoint.agency.counts(), 0) | {
        "imports": endpoint.agency.counts()["imports"]
    }
