"""A dry run writes nothing, and its answer lies with its row for who lost the connection."""

from typing import Any

import psycopg
import pytest

from portfolio import journal, staging
from tests.portfolio.conftest import Endpoint, table

OTHER_PERSON = {"CPF/CNPJ": "111.444.777-35", "Nome do Devedor": "Bruno Lima", "Contrato": "B1"}
FILE = table([{"Nome do Devedor": "Ana S. Souza", "Valor": "9,00"}, OTHER_PERSON, {"Valor": "x"}])
WRITTEN = ("clients", "client_phones", "debts", "creditors")


def rehearsals(endpoint: Endpoint) -> list[tuple[Any, ...]]:
    return endpoint.agency.rows(
        "select status::text, error_code, answer from public.imports"
        " where tenant_id = %(tenant)s and is_rehearsal"
    )


def test_its_answer_is_kept_with_its_row_and_nothing_of_the_portfolio(endpoint: Endpoint) -> None:
    endpoint(table([{}]))
    before = endpoint.agency.state(), endpoint.agency.counts()
    answer = endpoint(FILE, "dry_run=true").get_json()
    assert (answer["clients_updated"], answer["debts_created"]) == (1, 1)
    assert answer["rejects"] == [
        {"line": 4, "column_name": "Valor", "value": "x", "reason": "value_invalid"}
    ]
    assert rehearsals(endpoint) == [("rehearsed", None, answer)]
    after = endpoint.agency.state(), endpoint.agency.counts()
    assert after == (before[0], before[1] | {"imports": 2})
    assert endpoint(FILE).get_json() | {"import_id": None} == answer


def test_it_touches_no_row_of_the_portfolio(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even to take it back: a million dead rows are work for everybody."""
    endpoint(table([{}]))
    owner, steps = endpoint.agency.owner, staging._last_step
    seen: list[int] = []

    def counted(connection: psycopg.Connection[Any], *given: Any) -> dict[str, Any]:
        step = steps(connection, *given)
        [(rows,)] = connection.execute(
            "select sum(n_tup_ins + n_tup_upd + n_tup_del)::int from pg_stat_xact_user_tables"
            " where schemaname = 'public' and relname = any(%s)",
            (list(WRITTEN),),
        )
        seen.append(rows)
        return step

    monkeypatch.setattr(staging, "_last_step", counted)
    assert endpoint(FILE, "dry_run=true").status_code == 200
    assert seen == [0]
    assert owner.execute("select count(*) from private.import_plans").fetchone() == (0,)


def test_a_cancelled_one_has_no_answer(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    agency, rehearsed = endpoint.agency, journal.Journal.rehearsed

    def too_late(self: journal.Journal, answer: dict[str, Any]) -> None:
        agency.rpc("cancel_import", self.import_id)
        rehearsed(self, answer)

    monkeypatch.setattr(journal.Journal, "rehearsed", too_late)
    answer = endpoint(FILE, "dry_run=true")
    assert (answer.status_code, answer.get_json()["error"]) == (409, "import_cancelled")
    assert rehearsals(endpoint) == [("cancelled", "import_cancelled", None)]


def test_it_is_no_import_that_could_be_taken_back_filtered_by_or_failed_work(
    endpoint: Endpoint,
) -> None:
    agency = endpoint.agency
    endpoint(FILE, "dry_run=true")
    [(import_id,)] = agency.rows("select id from public.imports where tenant_id = %(tenant)s")
    with pytest.raises(psycopg.Error, match="import_not_done"):
        agency.rpc("rollback_import", import_id)
    assert agency.rpc("filter_options")["imports"] == []
    assert endpoint(b"Nome;Valor\nAna;1\n", "dry_run=true").status_code == 400
    failed = "select count(*) from public.notifications where tenant_id = %(tenant)s"
    assert agency.rows(failed) == [(0,)]


def test_a_day_later_it_is_gone_and_the_audit_names_nobody(endpoint: Endpoint) -> None:
    owner = endpoint.agency.owner
    endpoint(table([{}]))
    endpoint(FILE, "dry_run=true")
    owner.execute("select private.sweep_imports()")
    assert len(rehearsals(endpoint)) == 1
    owner.execute(
        "update public.imports set created_at = created_at - interval '25 hours' where is_rehearsal"
    )
    owner.execute("select private.sweep_imports()")
    assert rehearsals(endpoint) == []
    told = endpoint.agency.rows(
        "select coalesce(before, '{}')::text || coalesce(after, '{}')::text from public.audit_log"
        " where tenant_id = %(tenant)s and table_name = 'imports'"
    )
    assert told
    assert not [line for (line,) in told if "Ana S. Souza" in line]
