"""An import that dies is continued where it stopped: by whoever comes, to the same end."""

import contextlib
import functools
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portfolio import staging
from portfolio.journal import ImportCancelled, Journal
from portfolio.options import Options
from tests.portfolio.conftest import Agency, Endpoint, OpenAgency, table, upload
from tests.portfolio.dialects_of_tables import NARROW, tables, written
from tests.proof import examples

PEOPLE = ("529.982.247-25", "111.444.777-35", "390.533.447-05", "168.995.350-09")
FOUR = table(
    [
        {"CPF/CNPJ": cpf, "Nome do Devedor": f"Pessoa {place}", "Contrato": f"A{place}"}
        for place, cpf in enumerate(PEOPLE)
    ]
)


class Killed(Exception):
    """The process is gone: nothing of it runs on, its connections are closed by the server."""


@dataclass
class Process:
    """A process that imports into an agency through connections of its own, and may be killed."""

    agency: Agency
    who: str = "admin"

    @contextlib.contextmanager
    def opened(self) -> Iterator[psycopg.Connection[Any]]:
        email = f"{self.who}@demo.test"
        info = self.agency.owner.info
        [(user_id,)] = self.agency.owner.execute(
            "select id from auth.users where email = %s", (email,)
        )
        claims = {"sub": str(user_id), "email": email, "role": "authenticated"}
        with psycopg.connect(info.dsn, password=info.password) as connection:
            connection.execute(
                "select set_config('role', 'authenticated', true),"
                " set_config('request.jwt.claims', %s, true),"
                " set_config('request.headers', %s, true)",
                (json.dumps(claims), json.dumps({"x-tenant-id": self.agency.tenant_id})),
            )
            yield connection

    def imports(self, data: bytes, **options: Any) -> dict[str, Any]:
        journal = Journal(self.opened, str(uuid.uuid4()))
        with self.opened() as holder:
            return staging.watched(holder, upload(data), Options(**options), journal)[0]

    def dies(self, data: bytes, steps: int, *, inside: bool, **options: Any) -> str:
        """Import until so many chunks are committed, and die: between two, or inside the next."""
        import_id = str(uuid.uuid4())
        with contextlib.suppress(Killed), self.opened() as holder:
            holder.execute("select private.hold_import(%s)", (import_id,))
            journal = Journal(self.opened, import_id)
            said = Options(**options)
            journal.announce(upload(data), said)
            staging.await_turn(holder, self.opened)
            with self.opened() as connection:
                staging._Import(connection, upload(data), said, journal).read()
            for step in range(steps + inside):
                with self.opened() as connection:
                    connection.execute("select private.write_import_chunk(%s)", (import_id,))
                    if inside and step == steps:
                        raise Killed
            raise Killed
        return import_id


@pytest.fixture
def process(
    fresh_database: str, open_agency: OpenAgency, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Process]:
    monkeypatch.setattr(staging, "CHUNK_ROWS", 3)  # a person with a phone and a title
    with psycopg.connect(fresh_database, autocommit=True) as owner:
        yield Process(open_agency(owner))


def by_the_job(process: Process, import_id: str) -> None:
    """As the function portfolio-resume, step by step in transactions of their own."""
    owner = process.agency.owner
    with owner.transaction():
        [(claimed,)] = owner.execute("select private.claim_import()")
    assert str(claimed) == import_id
    [(step,)] = owner.execute("select private.begin_resumption(%s)", (import_id,))
    while step["status"] == "running":
        [(step,)] = owner.execute("select private.advance_import(%s)", (import_id,))


def by_the_next_import(process: Process, import_id: str) -> None:
    process.imports(table([{"Contrato": "Z9"}]))


def by_the_same_file_again(process: Process, import_id: str) -> None:
    process.imports(FOUR)


def status(process: Process, import_id: str) -> tuple[Any, ...]:
    [row] = process.agency.owner.execute(
        "select status::text, error_code, rows_written, rows_kept"
        " from public.imports where id = %s",
        (import_id,),
    )
    return tuple(row)


def left_over(process: Process) -> list[tuple[Any, ...]]:
    return process.agency.rows(
        "select 'plan' from private.import_plans where tenant_id = %(tenant)s"
        " union all select 'chunk' from private.import_chunks where tenant_id = %(tenant)s"
    )


@pytest.mark.parametrize("inside", [False, True], ids=["between chunks", "inside a chunk"])
@pytest.mark.parametrize("resumed", [by_the_job, by_the_next_import, by_the_same_file_again])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_dead_import_is_continued_by_whoever_comes(
    process: Process, steps: int, resumed: Callable[[Process, str], None], inside: bool
) -> None:
    import_id = process.dies(FOUR, steps, inside=inside)
    assert process.agency.counts()["debts"] < 4
    resumed(process, import_id)
    assert status(process, import_id) == ("done", None, 4, 0)
    contracts = {debt[1] for debt in process.agency.state()["debts"]}
    assert contracts - {"Z9"} == {"A0", "A1", "A2", "A3"}
    assert left_over(process) == []


@pytest.mark.proof
@given(
    st.lists(tables, min_size=2, max_size=2),
    st.sampled_from(["leave", "return"]),
    st.integers(0, 4),
    st.booleans(),
)
@settings(
    max_examples=examples(3, 100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_wherever_it_dies_the_end_is_as_if_it_had_not(
    process: Process,
    open_agency: OpenAgency,
    files: list[list[dict[str, str]]],
    absent: str,
    steps: int,
    inside: bool,
) -> None:
    """Same portfolio, same counts, same undo log: taken back, it is what was there before."""
    owner = process.agency.owner
    calm, shaken = Process(open_agency(owner)), Process(open_agency(owner))
    creditor = "Credor do Parâmetro"
    for one in (calm, shaken):
        one.imports(written(files[0], NARROW), creditor=creditor)
    before = shaken.agency.state()
    second = written(files[1], NARROW)
    answer = calm.imports(second, creditor=creditor, absent=absent)
    import_id = shaken.dies(second, steps, inside=inside, creditor=creditor, absent=absent)
    if left_over(shaken):
        by_the_job(shaken, import_id)
    assert shaken.agency.state() == calm.agency.state()
    assert shaken.agency.misderived() == []
    counts = [name for name in answer if isinstance(answer[name], int)]
    [(found,)] = owner.execute(
        "select to_jsonb(i) from public.imports as i where id = %s",
        (import_id,),
    )
    for name in [*counts, "reject_reasons", "warnings", "differences"]:
        assert found[name] == answer[name], name
    shaken.agency.rpc("rollback_import", import_id)
    assert shaken.agency.state() == before


def test_one_that_dies_while_reading_has_written_nothing_and_says_so(process: Process) -> None:
    import_id = str(uuid.uuid4())
    with contextlib.suppress(Killed), process.opened() as holder:
        holder.execute("select private.hold_import(%s)", (import_id,))
        Journal(process.opened, import_id).announce(upload(FOUR), Options())
        raise Killed
    assert process.agency.rpc("imports_alive", who="operador") == 1
    assert status(process, import_id)[:2] == ("failed", "process_died")
    assert process.imports(FOUR)["debts_created"] == 4


def test_an_interrupted_import_is_shown_as_such_and_not_while_somebody_is_at_it(
    process: Process,
) -> None:
    import_id = process.dies(FOUR, 2, inside=False)
    with process.opened() as holder:
        holder.execute("select private.hold_import(%s)", (import_id,))
        assert process.agency.rpc("imports_alive") == 0
        [(claimed,)] = process.agency.owner.execute("select private.claim_import()")
        assert claimed is None
    assert process.agency.rpc("imports_alive") == 1
    assert status(process, import_id) == ("interrupted", None, 2, 0)
    assert process.agency.rpc("resume_import", import_id) == {"status": "interrupted"}


def test_what_the_next_import_is_finishing_is_not_interrupted(process: Process) -> None:
    """Its own lock is free then; the one that takes it on holds the agency's turn."""
    import_id = process.dies(FOUR, 2, inside=False)
    with process.opened() as holder:
        [(left,)] = holder.execute("select private.await_import_turn()")
        assert str(left) == import_id
        process.agency.owner.execute("select private.sweep_imports()")
        assert status(process, import_id)[0] == "running"
    process.agency.owner.execute("select private.sweep_imports()")
    assert status(process, import_id)[0] == "interrupted"


def refused(call: Callable[[], Any], sqlstate: str, code: str) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        call()
    assert (refusal.value.sqlstate, refusal.value.diag.message_primary) == (sqlstate, code)


def test_nobody_else_continues_it(process: Process, open_agency: OpenAgency) -> None:
    import_id = process.dies(FOUR, 1, inside=False)
    other = open_agency(process.agency.owner)
    agency = process.agency
    not_allowed = ("PT403", "not_allowed")
    refused(lambda: agency.rpc("resume_import", import_id, who="operador"), *not_allowed)
    refused(lambda: other.rpc("resume_import", import_id), "PT404", "import_not_found")
    for stranger, refusal in (
        (Process(other), ("PT404", "import_not_found")),
        (Process(agency, "operador"), not_allowed),
    ):
        with stranger.opened() as connection:
            refused(
                lambda: connection.execute("select private.write_import_chunk(%s)", (import_id,)),
                *refusal,
            )
    for call in ("advance_import(%s)", "begin_resumption(%s)"):
        with process.opened() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"select private.{call}".encode(), (import_id,))
    assert agency.counts()["debts"] == 1


def test_a_finished_import_is_not_continued(process: Process) -> None:
    import_id = process.imports(FOUR)["import_id"]
    again = functools.partial(process.agency.rpc, "resume_import", import_id)
    refused(again, "PT409", "import_not_interrupted")


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_cancelled_import_leaves_nothing_however_far_it_was(process: Process, steps: int) -> None:
    process.imports(table([{"Contrato": "antes", "Valor": "1,00"}]))
    before = process.agency.state()
    import_id = process.dies(FOUR, steps, inside=False)
    process.agency.rpc("cancel_import", import_id, who="supervisor")
    by_the_job(process, import_id)
    assert status(process, import_id) == ("cancelled", "import_cancelled", 0, 0)
    assert process.agency.state() == before
    assert left_over(process) == []
    assert process.agency.counts()["import_rejects"] == 0


def test_cancelled_while_it_writes_it_stops_between_chunks_and_leaves_nothing(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, seen = staging._value, list[int]()

    def watched(connection: Any, statement: str, *values: object) -> Any:
        if "write_import_chunk" in statement:
            seen.append(process.agency.counts()["debts"])
            if len(seen) == 3:
                process.agency.rpc("cancel_import", values[0])
        return value(connection, statement, *values)

    monkeypatch.setattr(staging, "_value", watched)
    with pytest.raises(ImportCancelled) as refusal:
        process.imports(FOUR)
    assert (refusal.value.code, seen) == ("import_cancelled", [0, 1, 2, 2, 0])
    assert process.agency.counts() == dict.fromkeys(process.agency.counts(), 0) | {"imports": 1}


def test_what_somebody_acted_on_stays_and_is_counted(process: Process) -> None:
    import_id = process.dies(FOUR, 2, inside=False)
    process.agency.owner.execute(
        "insert into public.call_dispositions (id, tenant_id, client_id, operator_id,"
        " disposition_type) select gen_random_uuid(), tenant_id, id, (select id from auth.users"
        " where email = 'operador@demo.test'), 'voicemail' from public.clients"
        " where tenant_id = %s limit 1",
        (process.agency.tenant_id,),
    )
    process.agency.rpc("cancel_import", import_id)
    by_the_job(process, import_id)
    # A person, a title, and the creditor.
    assert status(process, import_id) == ("cancelled", "import_cancelled_in_part", 0, 3)
    assert (process.agency.counts()["clients"], process.agency.counts()["debts"]) == (1, 1)


def test_an_edit_between_two_chunks_is_not_overwritten(process: Process) -> None:
    """The plan knew no e-mail and the file names none: what a person typed meanwhile stays."""
    process.imports(table([{"E-mail": "", "UF": ""}]))
    import_id = process.dies(table([{"E-mail": "", "UF": "RJ"}]), 0, inside=False)
    process.agency.owner.execute(
        "update public.clients set email = 'digitado@exemplo.com.br' where tenant_id = %s",
        (process.agency.tenant_id,),
    )
    by_the_job(process, import_id)
    assert process.agency.state()["clients"][0][2:4] == ("digitado@exemplo.com.br", "RJ")


def test_somebody_added_by_hand_between_two_chunks_is_recognised(process: Process) -> None:
    import_id = process.dies(FOUR, 1, inside=False)
    process.agency.owner.execute(
        "insert into public.clients (tenant_id, document, name) values (%s, %s, 'À mão')",
        (process.agency.tenant_id, "39053344705"),
    )
    by_the_job(process, import_id)
    assert status(process, import_id)[0] == "done"
    state = process.agency.state()
    assert len(state["clients"]) == len(state["debts"]) == len(state["phones"]) == 4
    process.agency.rpc("rollback_import", import_id)
    assert [client[:2] for client in process.agency.state()["clients"]] == [
        ("39053344705", "À mão")
    ]


def test_nothing_is_taken_back_while_a_plan_counts_on_it(process: Process) -> None:
    first = process.imports(table([{}]))["import_id"]
    second = process.dies(FOUR, 1, inside=False)
    take_back = functools.partial(process.agency.rpc, "rollback_import")
    refused(lambda: take_back(first), "PT409", "import_unfinished")
    by_the_job(process, second)
    take_back(second)
    take_back(first)


def test_a_chunk_that_can_never_be_written_takes_the_import_back(process: Process) -> None:
    owner = process.agency.owner
    import_id = process.dies(FOUR, 2, inside=False)
    owner.execute(
        "create function private.tg_fail() returns trigger language plpgsql as"
        " $$ begin raise exception 'disk full'; end $$;"
        "create trigger _999_fail after insert on public.debts"
        " for each statement execute function private.tg_fail()"
    )
    for _ in range(5):
        with pytest.raises(psycopg.errors.RaiseException):
            by_the_job(process, import_id)
    by_the_job(process, import_id)
    assert status(process, import_id)[:2] == ("failed", "internal")
    assert process.agency.counts()["clients"] == 0


def test_a_program_that_asks_again_with_the_same_key_gets_the_finished_import(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK_ROWS", 3)
    process = Process(endpoint.agency)
    import_id = process.dies(FOUR, 2, inside=True, idempotency_key="k1")
    answer = process.imports(FOUR, idempotency_key="k1")
    assert (answer["import_id"], answer["debts_created"]) == (import_id, 4)
    assert endpoint.agency.counts()["imports"] == 1


def test_the_job_continues_all_that_is_interrupted(
    endpoint: Endpoint, open_agency: OpenAgency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK_ROWS", 3)
    agencies = [endpoint.agency, open_agency(endpoint.agency.owner)]
    for agency in agencies:
        Process(agency).dies(FOUR, 1, inside=True)
    woken = functools.partial(endpoint, None, who=None, function="portfolio_resume")
    assert woken(headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert agencies[0].counts()["debts"] == 1
    done = woken(headers={"Authorization": "Bearer unused"})
    assert done.get_json() == {"resumed": 2}
    assert [agency.counts()["debts"] for agency in agencies] == [4, 4]
