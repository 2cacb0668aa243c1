"""A large import goes back in chunks: watched, continued after a crash, each row once."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portfolio import staging
from tests.portfolio.conftest import Agency, Endpoint, OpenAgency, table
from tests.portfolio.dialects_of_tables import NARROW, tables, written
from tests.portfolio.test_resume import (
    FOUR,
    PEOPLE,
    Killed,
    Process,
    by_the_job,
    by_the_next_import,
    left_over,
    refused,
)
from tests.proof import examples

# A chunk of one person: what a million people take half a thousand steps for takes a few here.
ONE_BY_ONE = (
    "create or replace function private.rollback_chunk_size() returns int language sql immutable"
    " set search_path = '' as 'select 1'"
)


@pytest.fixture
def process(
    fresh_database: str, open_agency: OpenAgency, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Process]:
    monkeypatch.setattr(staging, "CHUNK_ROWS", 3)
    with psycopg.connect(fresh_database, autocommit=True) as owner:
        owner.execute(ONE_BY_ONE.encode())
        yield Process(open_agency(owner))


def undone(process: Process, import_id: str) -> tuple[Any, ...]:
    [row] = process.agency.owner.execute(
        "select status::text, undo_done, undo_total, error_code from public.imports where id = %s",
        (import_id,),
    )
    return tuple(row)


def pending(process: Process) -> int:
    [(chunks,)] = process.agency.owner.execute("select count(*)::int from private.rollback_chunks")
    return int(chunks)


def steps(process: Process, import_id: str, number: int, *, inside: bool = False) -> None:
    """So many steps of the job, each committed; then it dies, perhaps in the middle of the next."""
    owner = process.agency.owner
    for _ in range(number):
        owner.execute("select private.advance_import(%s)", (import_id,))
    with contextlib.suppress(Killed), owner.transaction():
        if inside:
            owner.execute("select private.advance_import(%s)", (import_id,))
            raise Killed


def test_a_large_rollback_begins_and_tells_how_far_it_is(process: Process) -> None:
    import_id = process.imports(FOUR)["import_id"]
    assert process.agency.rpc("rollback_import", import_id, who="supervisor") == {
        "import_id": import_id, "status": "rolling_back", "clients": 4,
    }  # fmt: skip
    seen = []
    for _ in range(4):
        seen.append((*undone(process, import_id)[:3], process.agency.counts()["clients"]))
        steps(process, import_id, 1)
    assert seen == [("rolling_back", done, 4, 4 - done) for done in range(4)]
    by_the_job(process, import_id)
    assert undone(process, import_id) == ("rolled_back", 4, 4, None)
    [(outcome,)] = process.agency.rows(
        "select rolled_back from public.imports where tenant_id = %(tenant)s"
    )
    assert outcome == {
        "deleted": {"debts": 4, "clients": 4, "phones": 4, "creditors": 1},
        "restored": {"debts": 0, "clients": 0}, "kept": {"count": 0, "rows": []},
    }  # fmt: skip
    assert process.agency.counts() == dict.fromkeys(process.agency.counts(), 0) | {"imports": 1}


@pytest.mark.parametrize("inside", [False, True], ids=["between chunks", "inside a chunk"])
@pytest.mark.parametrize("resumed", [by_the_job, by_the_next_import])
@pytest.mark.parametrize("number", [0, 2, 4])
def test_a_rollback_killed_in_the_middle_is_continued_by_whoever_comes(
    process: Process, number: int, resumed: Callable[[Process, str], None], inside: bool
) -> None:
    agency = process.agency
    process.imports(table([{"Contrato": "antes"}]))
    state = agency.state()
    import_id = process.imports(FOUR)["import_id"]
    agency.rpc("rollback_import", import_id)
    steps(process, import_id, number, inside=inside)
    assert undone(process, import_id)[:2] == ("rolling_back", number)
    resumed(process, import_id)
    assert undone(process, import_id)[0] == "rolled_back"
    assert pending(process) == 0
    if resumed is by_the_job:
        assert agency.state() == state
    else:
        assert [debt[1] for debt in agency.state()["debts"]] == ["Z9", "antes"]
    [(deleted,)] = agency.owner.execute(
        "select rolled_back -> 'deleted' from public.imports where id = %s", (import_id,)
    )
    assert (deleted["debts"], deleted["clients"]) == (4, 3), "each of them once"


def test_a_rollback_under_way_is_nobody_elses_and_not_begun_twice(
    process: Process, open_agency: OpenAgency
) -> None:
    import_id = process.imports(FOUR)["import_id"]
    agency = process.agency
    agency.rpc("rollback_import", import_id)
    other = open_agency(agency.owner)
    refused(functools.partial(other.rpc, "rollback_import", import_id), "PT404", "import_not_found")
    for call, code in (
        ("rollback_import", "import_unfinished"),
        ("cancel_import", "import_not_running"),
        ("resume_import", "import_not_interrupted"),
    ):
        refused(functools.partial(agency.rpc, call, import_id), "PT409", code)
    with Process(agency, "operador").opened() as connection:
        refused(
            lambda: connection.execute("select private.write_import_chunk(%s)", (import_id,)),
            "PT403",
            "not_allowed",
        )
    assert undone(process, import_id)[:2] == ("rolling_back", 0)


def test_one_line_of_audit_stands_for_all_chunks_and_says_who(process: Process) -> None:
    import_id = process.imports(FOUR)["import_id"]
    process.agency.rpc("rollback_import", import_id, who="supervisor")
    by_the_job(process, import_id)
    assert process.agency.rows(
        "select row_id, actor, after #>> '{deleted,debts}', after ? 'state'"
        " from public.audit_log where tenant_id = %(tenant)s"
        " and table_name in ('clients', 'client_phones', 'debts')"
    ) == [("import_rollback", "supervisor@demo.test", "4", False)]


def test_what_somebody_does_between_two_chunks_counts(process: Process) -> None:
    import_id = process.imports(FOUR)["import_id"]
    process.agency.rpc("rollback_import", import_id)
    steps(process, import_id, 2)
    process.agency.owner.execute(
        "insert into public.call_dispositions (id, tenant_id, client_id, operator_id,"
        " disposition_type) select gen_random_uuid(), tenant_id, id, (select id from auth.users"
        " where email = 'operador@demo.test'), 'voicemail' from public.clients"
        " where tenant_id = %s order by document desc limit 1",
        (process.agency.tenant_id,),
    )
    by_the_job(process, import_id)
    [(kept,)] = process.agency.rows(
        "select rolled_back -> 'kept' from public.imports where tenant_id = %(tenant)s"
    )
    assert [(row["table"], row["reason"]) for row in kept["rows"]] == [
        ("clients", "in_use"), ("debts", "contacted_since"), ("creditors", "in_use"),
    ]  # fmt: skip
    assert kept["count"] == 3
    assert process.agency.counts()["clients"] == 1


@contextlib.contextmanager
def full_disk(process: Process) -> Iterator[None]:
    """No title can be deleted."""
    process.agency.owner.execute(
        "create function private.tg_fail() returns trigger language plpgsql as"
        " $$ begin raise exception 'disk full'; end $$;"
        "create trigger _999_fail after delete on public.debts"
        " for each statement execute function private.tg_fail()"
    )
    yield
    process.agency.owner.execute("drop trigger _999_fail on public.debts")


def never(process: Process, import_id: str) -> None:
    """The job tries five times to take back what cannot go, and gives it up."""
    with full_disk(process):
        for _ in range(5):
            with pytest.raises(psycopg.errors.RaiseException):
                by_the_job(process, import_id)
        by_the_job(process, import_id)


def test_a_chunk_that_can_never_go_back_ends_the_rollback_and_it_may_be_asked_again(
    process: Process,
) -> None:
    import_id = process.imports(FOUR)["import_id"]
    process.agency.rpc("rollback_import", import_id)
    steps(process, import_id, 2)
    never(process, import_id)
    assert undone(process, import_id)[::3] == ("done", "rollback_stopped")
    assert process.agency.counts()["clients"] == 2
    process.agency.rpc("rollback_import", import_id)
    by_the_job(process, import_id)
    assert undone(process, import_id) == ("rolled_back", 2, 2, None)
    assert process.agency.counts()["clients"] == 0
    [(deleted,)] = process.agency.rows(
        "select rolled_back -> 'deleted' from public.imports where tenant_id = %(tenant)s"
    )
    assert deleted == {"debts": 4, "clients": 4, "phones": 4, "creditors": 1}  # both halves


@pytest.mark.parametrize("people", [1, 100], ids=["in chunks", "at once"])
def test_a_cancelled_import_that_could_not_go_back_may_be_asked_again(
    process: Process, people: int
) -> None:
    import_id = process.dies(FOUR, 3, inside=False)
    process.agency.rpc("cancel_import", import_id)
    steps(process, import_id, 1)
    never(process, import_id)
    assert undone(process, import_id)[::3] == ("cancelled", "rollback_stopped")
    assert people_of(process.agency) == 3
    process.agency.owner.execute(ONE_BY_ONE.replace("select 1", f"select {people}").encode())
    answer = process.agency.rpc("rollback_import", import_id, who="supervisor")
    if people == 1:
        assert answer["status"] == "rolling_back"
        by_the_job(process, import_id)
    else:
        assert (answer["status"], answer["deleted"]["clients"]) == ("cancelled", 3)
    assert undone(process, import_id) == ("cancelled", 3, 3, "import_cancelled")
    assert people_of(process.agency) == 0
    refused(
        functools.partial(process.agency.rpc, "rollback_import", import_id),
        "PT409",
        "import_not_done",
    )


def test_a_key_answers_nothing_while_what_it_brought_goes_back(process: Process) -> None:
    import_id = process.imports(FOUR, idempotency_key="k1")["import_id"]
    again = functools.partial(process.imports, FOUR, idempotency_key="k1")
    process.agency.rpc("rollback_import", import_id)
    steps(process, import_id, 1)
    refused(again, "PT409", "import_in_progress")
    never(process, import_id)
    refused(again, "PT409", "import_unfinished")
    process.agency.rpc("rollback_import", import_id)
    by_the_job(process, import_id)
    assert again()["clients_created"] == 4


def test_an_import_behind_a_rollback_that_cannot_go_on_is_asked_to_come_later(
    process: Process,
) -> None:
    import_id = process.imports(FOUR)["import_id"]
    process.agency.rpc("rollback_import", import_id)
    with full_disk(process), pytest.raises(staging.ImportUnfinished):
        process.imports(table([{"Contrato": "Z9"}]))
    assert process.agency.rows(
        "select status::text, error_code from public.imports where tenant_id = %(tenant)s"
        " order by created_at desc limit 1"
    ) == [("failed", "import_unfinished")]
    by_the_next_import(process, import_id)
    assert undone(process, import_id)[0] == "rolled_back"


def test_a_second_press_is_refused_at_once_while_the_job_has_the_turn(process: Process) -> None:
    import_id = process.imports(FOUR)["import_id"]
    process.agency.rpc("rollback_import", import_id)
    with process.opened() as job, process.opened() as hurried:
        job.execute("select private.await_import_turn()")
        hurried.execute("set local statement_timeout = '2s'")
        refused(
            lambda: hurried.execute("select private.rollback_import(%s)", (import_id,)),
            "PT409",
            "import_unfinished",
        )


def test_the_job_takes_back_all_of_it_in_one_go(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK_ROWS", 3)
    endpoint.agency.owner.execute(ONE_BY_ONE.encode())
    process = Process(endpoint.agency)
    import_id = process.imports(FOUR)["import_id"]
    process.agency.rpc("rollback_import", import_id)
    done = endpoint(
        None, who=None, function="portfolio_resume", headers={"Authorization": "Bearer unused"}
    )
    assert done.get_json() == {"resumed": 1}
    assert undone(process, import_id)[0] == "rolled_back"
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
def test_wherever_a_rollback_dies_the_end_is_what_was_there_before(
    process: Process,
    open_agency: OpenAgency,
    files: list[list[dict[str, str]]],
    absent: str,
    number: int,
    inside: bool,
) -> None:
    fresh = Process(open_agency(process.agency.owner))
    fresh.imports(written(files[0], NARROW), creditor="Credor do Parâmetro")
    before = fresh.agency.state()
    real = fresh.imports(written(files[1], NARROW), creditor="Credor do Parâmetro", absent=absent)
    answer = fresh.agency.rpc("rollback_import", real["import_id"])
    if answer["status"] == "rolling_back":
        [(chunks,)] = fresh.agency.rows(
            "select count(*) from private.rollback_chunks where tenant_id = %(tenant)s"
        )
        steps(fresh, real["import_id"], min(number, chunks), inside=inside)
        by_the_job(fresh, real["import_id"])
    assert fresh.agency.state() == before


def people_of(agency: Agency) -> int:
    return len(agency.state()["clients"])


def test_a_cancelled_import_goes_back_in_chunks_too(process: Process) -> None:
    import_id = process.dies(FOUR, 3, inside=False)
    process.agency.rpc("cancel_import", import_id)
    owner = process.agency.owner
    seen = []
    for _ in range(2):
        owner.execute("select private.advance_import(%s)", (import_id,))
        seen.append(people_of(process.agency))
    assert seen == [3, 2], "first the plan of it, then a person at a time"
    # The process dies here: the job finds the rest.
    by_the_job(process, import_id)
    assert people_of(process.agency) == 0
    [(status, code)] = process.agency.rows(
        "select status::text, error_code from public.imports where tenant_id = %(tenant)s"
    )
    assert (status, code) == ("cancelled", "import_cancelled")
    assert len(PEOPLE) == 4
