"""The deployed function: who may call it, with what, and what is left when it says no."""

import io
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from werkzeug.test import Client

from portfolio import reading, uploads
from tests.portfolio.conftest import DATA, Endpoint, OpenAgency, table

CARTEIRA = (DATA / "carteira_2000.csv").read_bytes()
FIELDS = {
    "import_id", "status", "rows", "accepted", "rejected", "clients_created", "clients_updated",
    "debts_created", "debts_updated", "duplicates", "creditors_created", "reject_reasons",
    "warnings", "debts_absent", "debts_returned", "debts_reopened", "debts_kept", "differences",
    "rejects",
}  # fmt: skip


def empty(endpoint: Endpoint) -> bool:
    """Nothing of a portfolio is stored; that somebody tried is."""
    counts = endpoint.agency.counts()
    return not any(count for table_name, count in counts.items() if table_name != "imports")


def test_a_text_body_is_imported(endpoint: Endpoint) -> None:
    answer = endpoint(CARTEIRA)
    assert answer.status_code == 200
    assert set(answer.json or {}) == FIELDS
    assert endpoint.agency.counts()["debts"] == 1855


def test_a_multipart_file_is_imported_and_keeps_its_name(endpoint: Endpoint) -> None:
    answer = endpoint(
        {"file": (io.BytesIO(table([{}])), "junho.csv")}, content_type="multipart/form-data"
    )
    assert answer.status_code == 200
    assert endpoint.agency.rows(
        "select file_name, status::text, finished_at is not null, length(file_sha256)"
        " from public.imports where tenant_id = %(tenant)s"
    ) == [("junho.csv", "done", True, 64)]


def test_a_nul_in_the_files_name_is_left_out(endpoint: Endpoint) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="jun\0ho.csv"\r\n\r\n'
    body = form + table([{}]) + b"\r\n--x--\r\n"
    assert endpoint(body, content_type="multipart/form-data; boundary=x").status_code == 200
    assert endpoint.agency.rows(
        "select file_name from public.imports where tenant_id = %(tenant)s"
    ) == [("junho.csv",)]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a" * 300 + ".xlsx", "a" * 250 + ".xlsx"),
        ("ç" * 300 + ".csv", "ç" * 251 + ".csv"),
        ("a" * 300, "a" * 255),
        ("a." + "b" * 300, "a." + "b" * 253),
        ("a" * 251 + ".csv", "a" * 251 + ".csv"),
    ],
    ids=["xlsx", "accents", "no extension", "no name", "just so"],
)
def test_a_long_name_is_clipped_and_keeps_its_extension(
    endpoint: Endpoint, name: str, kept: str
) -> None:
    file = (io.BytesIO(table([{}])), name)
    answer = endpoint({"file": file}, content_type="multipart/form-data")
    assert answer.status_code == 200
    assert endpoint.agency.rows(
        "select file_name from public.imports where tenant_id = %(tenant)s"
    ) == [(kept,)]


def test_a_dry_run_writes_nothing(endpoint: Endpoint) -> None:
    answer = endpoint(CARTEIRA, "dry_run=true").json
    assert answer is not None
    assert (answer["import_id"], answer["debts_created"]) == (None, 1855)
    assert empty(endpoint)


def test_a_misspelt_option_is_not_an_import(endpoint: Endpoint) -> None:
    for query in (
        "dryrun=true",
        "dry_run=sim",
        "creditor=%00",
        "dry_run=true&creditor=" + "C" * 5000,
    ):
        answer = endpoint(CARTEIRA, query)
        assert (answer.status_code, (answer.json or {})["error"]) == (400, "malformed_payload")
    assert empty(endpoint)


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        (None, 401, "not_authenticated"),
        ("operador@demo.test", 403, "not_allowed"),
        ("admin@outra.test", 403, "not_allowed"),  # not a member of the tenant in the header
    ],
)
def test_nobody_else_imports(endpoint: Endpoint, who: str | None, status: int, code: str) -> None:
    answer = endpoint(CARTEIRA, who=who)
    assert (answer.status_code, (answer.json or {})["error"]) == (status, code)
    assert empty(endpoint)


def test_a_forged_token_imports_nothing(endpoint: Endpoint) -> None:
    endpoint.jwt_secret = "another secret of sufficient length for HS256"
    assert endpoint(CARTEIRA).status_code == 401
    assert empty(endpoint)


HEADER = b"CPF/CNPJ;Nome;Contrato;Vencimento;Valor\n"


@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        (b"", "text/csv", 400, "file_empty"),
        (table([]), "text/csv", 400, "file_empty"),  # a header and no rows
        (b"ol\xe1, mundo", "text/csv", 400, "file_not_csv"),
        (b"PK\x03\x04rest", "text/csv", 400, "workbook_refused"),
        (table([{}]), "application/json", 400, "json_invalid"),
        (b"Nome;Valor\nAna;1\n", "text/csv", 400, "document_column_missing"),
        (HEADER + b"529.982.247-25;Ana;A1;10/01/2026;1\n", "text/csv", 400, "creditor_missing"),
        (HEADER + b"529\x00982", "text/csv", 400, "file_not_csv"),
    ],
)
def test_bad_input_is_refused_by_name_and_nothing_is_stored(
    endpoint: Endpoint, data: bytes, content_type: str, status: int, code: str
) -> None:
    answer = endpoint(data, content_type=content_type)
    assert (answer.status_code, (answer.json or {})["error"]) == (status, code)
    assert (answer.json or {})["detail"]
    assert empty(endpoint)


def test_two_files_or_none_are_refused(endpoint: Endpoint) -> None:
    two = {"a": (io.BytesIO(table([{}])), "a.csv"), "b": (io.BytesIO(table([{}])), "b.csv")}
    for files in (two, {}):
        answer = endpoint(files, content_type="multipart/form-data")
        assert (answer.status_code, (answer.json or {})["error"]) == (400, "file_missing")
    assert empty(endpoint)


def test_a_file_too_large_is_refused_before_it_is_read(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert uploads.FILE_BYTES < 2 * 1024**3, "two gigabytes are never read"
    monkeypatch.setattr(uploads, "FILE_BYTES", 1000)
    form = {"file": (io.BytesIO(CARTEIRA), "carteira.csv")}
    for data, content_type in ((CARTEIRA, "text/csv"), (form, "multipart/form-data")):
        answer = endpoint(data, content_type=content_type)
        assert (answer.status_code, (answer.json or {})["error"]) == (413, "file_too_large")
    assert empty(endpoint)


def test_a_creditor_nobody_has_is_refused(endpoint: Endpoint) -> None:
    unknown = "creditor=00000000-0000-4000-8000-000000000000"
    answer = endpoint(table([{}]), unknown)
    assert (answer.status_code, (answer.json or {})["error"]) == (404, "creditor_not_found")
    assert empty(endpoint)


def test_a_get_is_refused(endpoint: Endpoint) -> None:
    assert endpoint(None, method="GET").status_code == 405


def test_a_failure_in_the_middle_leaves_nothing(endpoint: Endpoint) -> None:
    owner = endpoint.agency.owner
    owner.execute(
        "create function private.tg_fail() returns trigger language plpgsql as"
        " $$ begin raise exception 'disk full'; end $$"
    )
    owner.execute(
        "create trigger _999_fail after insert on public.debts"
        " for each statement execute function private.tg_fail()"
    )
    answer = endpoint(CARTEIRA)
    assert (answer.status_code, answer.json) == (
        500,
        {"error": "internal", "detail": "the failure was logged"},
    )
    assert empty(endpoint)


def test_a_file_that_breaks_off_in_the_middle_leaves_nothing(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(reading, "BLOCK_BYTES", 50_000)
    answer = endpoint(CARTEIRA + b'"' + b"x" * 200_000 + b'"\r\n')
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "row_too_long")
    assert empty(endpoint)


def test_logs_name_nobody(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    endpoint(CARTEIRA)
    endpoint(table([{}]) + b"x", "creditor=Ana%20Souza", who="supervisor@demo.test")
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "imported" in text
    assert not [
        word for word in ("Ana Souza", "916.784.650", "91678465054", "Igor") if word in text
    ]


def test_two_imports_of_one_agency_queue_up_instead_of_colliding(
    endpoint: Endpoint, wait_until: Callable[..., Any]
) -> None:
    """The second waits for the first's commit, then finds everything already there."""
    agency, answers = endpoint.agency, list[int]()
    headers = {
        "Authorization": f"Bearer {endpoint.token('admin@demo.test')}",
        "x-tenant-id": agency.tenant_id,
    }

    def send() -> None:
        client = Client(endpoint.client.application)
        answer = client.post("/", data=table([{}]), headers=headers, content_type="text/csv")
        answers.append((answer.json or {})["debts_created"])

    def both_wait() -> bool:
        [(waiting,)] = agency.owner.execute(
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        )
        return bool(waiting == 2)

    with psycopg.connect(agency.owner.info.dsn, password=agency.owner.info.password) as holder:
        holder.execute(
            "select pg_advisory_xact_lock(hashtextextended('import_portfolio:' || %s, 0))",
            (agency.tenant_id,),
        )
        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(both_wait)
    for thread in threads:
        thread.join(300)
    assert sorted(answers) == [0, 1]
    assert agency.counts()["debts"] == 1


def test_the_staging_table_never_outlives_its_request(
    endpoint: Endpoint, open_agency: OpenAgency
) -> None:
    """One pooled connection serves many requests, and agencies."""
    for _ in range(3):
        assert endpoint(table([{}])).status_code == 200
    other = open_agency(endpoint.agency.owner)
    assert endpoint(table([{}]), tenant_id=other.tenant_id).status_code == 200
    assert other.counts()["debts"] == 1
