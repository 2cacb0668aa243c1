"""Half an export is never taken for a whole one: by the browser, the page or the audit."""

import functools
import uuid
from typing import Any

import pytest

from kit import db, errors
from portfolio import exports
from tests.portfolio.conftest import Endpoint, table

ALL = '{"filter": {}}'
PEOPLE = [{}, {"CPF/CNPJ": "111.444.777-35", "Nome do Devedor": "Bruno Lima", "Contrato": "B1"}]


@pytest.fixture
def begun(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Begin an export of two people as the supervisor: its id and its blocks, a row each."""
    monkeypatch.setattr(exports, "BLOCK_BYTES", 1)
    assert endpoint(table(PEOPLE)).status_code == 200
    [(user_id,)] = endpoint.agency.owner.execute(
        "select id from auth.users where email = 'supervisor@demo.test'"
    )
    claims = {"sub": str(user_id), "role": "authenticated"}
    opened = functools.partial(db.as_person, claims, endpoint.agency.tenant_id)
    run_id = str(uuid.uuid4())
    return run_id, exports.of_clients(opened, ALL, run_id)


def told(endpoint: Endpoint, run_id: str, who: str = "supervisor") -> Any:
    return endpoint.agency.rpc("export_outcome", run_id, who=who)


def audited(endpoint: Endpoint) -> Any:
    return endpoint.agency.rows(
        "select after ->> 'state', after ->> 'selected' from public.audit_log"
        " where tenant_id = %(tenant)s and action = 'export'"
    )


def test_an_export_is_audited_before_its_first_byte_and_complete_after_its_last(
    endpoint: Endpoint, begun: Any
) -> None:
    run_id, blocks = begun
    assert told(endpoint, run_id)["state"] == "waiting"
    assert audited(endpoint) == []
    next(blocks)
    assert audited(endpoint) == [("running", None)]
    assert told(endpoint, run_id)["state"] == "running"
    assert len(b"".join(blocks).decode("utf-8-sig").splitlines()) == 3
    assert audited(endpoint) == [(None, "2")]
    assert told(endpoint, run_id) == {"state": "complete", "clients": 2}


def test_an_export_whose_database_goes_away_breaks_and_is_told_incomplete(
    endpoint: Endpoint, begun: Any
) -> None:
    run_id, blocks = begun
    next(blocks)
    next(blocks)
    endpoint.agency.owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename = 'functions' and state <> 'idle' and datname = current_database()"
    )
    with pytest.raises(errors.DatabaseUnavailable):
        list(blocks)
    assert told(endpoint, run_id)["state"] == "incomplete"
    assert audited(endpoint) == [("incomplete", None)]


def test_an_export_somebody_hangs_up_on_is_told_incomplete(endpoint: Endpoint, begun: Any) -> None:
    run_id, blocks = begun
    next(blocks)
    next(blocks)
    blocks.close()
    assert told(endpoint, run_id)["state"] == "incomplete"
    assert audited(endpoint) == [("incomplete", None)]


def test_an_export_whose_process_was_killed_is_told_incomplete_by_the_sweep(
    endpoint: Endpoint, begun: Any
) -> None:
    run_id, blocks = begun
    next(blocks)  # the one that streams holds its lock
    owner = endpoint.agency.owner
    owner.execute("update private.export_runs set started_at = started_at - interval '2 minutes'")
    owner.execute("select private.settle_exports()")
    assert audited(endpoint) == [("running", None)]
    owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename = 'functions' and state <> 'idle' and datname = current_database()"
    )

    def settled() -> bool:
        owner.execute("select private.settle_exports()")
        return bool(audited(endpoint) == [("incomplete", None)])

    assert settled() or settled()
    assert told(endpoint, run_id)["state"] == "incomplete"
    with pytest.raises(errors.DatabaseUnavailable):
        list(blocks)


def test_how_it_ended_is_told_to_nobody_else(endpoint: Endpoint, begun: Any) -> None:
    run_id, blocks = begun
    list(blocks)
    assert told(endpoint, run_id, "admin") == {"state": "waiting", "clients": None}


def test_an_export_is_begun_once(endpoint: Endpoint, begun: Any) -> None:
    run_id, blocks = begun
    list(blocks)
    with pytest.raises(Exception, match="begun already"):
        endpoint.agency.acting(
            "admin",
            lambda: endpoint.agency.owner.execute("select private.begin_export(%s, %s)",
                                                  (run_id, ALL)),
        )  # fmt: skip
    assert told(endpoint, run_id)["state"] == "complete"
