"""The whole platform, an import under way, and something that is killed for good."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest
import supabase

from local_platform.stack import Stack
from portfolio import staging
from tests.portfolio import reference
from tests.portfolio.conftest import table

# A person, a phone and a title each: a bit more than two chunks, of which one is written when it
# happens.
PEOPLE = 2 * staging.CHUNK_ROWS // 3 + 1
IMPORT_ID = "3f0a4b1e-7c55-4f0e-9d5e-0d9a51f0c0de"
ALL_OF_IT = 120  # seconds; a busy machine needs a tenth of a second for a hundred rows


@pytest.fixture
def admin(sign_in: Callable[[str], supabase.Client]) -> supabase.Client:
    return sign_in("admin@demo.test")


@pytest.fixture
def creditor(stack: Stack, admin: supabase.Client, wait_until: Any) -> Iterator[str]:
    """Taken out of the demo again, as the import it came with."""
    yield "Credor da Queda"
    if row(stack)[0] == "done":
        admin.rpc("rollback_import", {"import_id": IMPORT_ID}).execute()
    wait_until(lambda: row(stack)[0] == "rolled_back", ALL_OF_IT)
    with psycopg.connect(stack.settings.database_url(), autocommit=True) as owner:
        owner.execute("delete from public.imports where id = %s", (IMPORT_ID,))


def portfolio(creditor: str) -> bytes:
    nines = [f"{710_000_000 + number}" for number in range(PEOPLE)]
    return table(
        [
            {"CPF/CNPJ": nine + reference.cpf_digits(nine), "Nome do Devedor": "Ana Queda",
             "Contrato": f"QUEDA{nine}", "Credor": creditor}
            for nine in nines
        ]
    )  # fmt: skip


def row(stack: Stack) -> tuple[Any, ...]:
    """Status, rows written, debts there are; nothing while the server is away."""
    try:
        with psycopg.connect(stack.settings.database_url()) as owner:
            return tuple(
                owner.execute(
                    "select status::text, rows_written, (select count(*)::int from public.debts"
                    " where contract like 'QUEDA%%') from public.imports where id = %s",
                    (IMPORT_ID,),
                ).fetchone()
                or ()
            )
    except psycopg.OperationalError:
        return ()


@pytest.mark.parametrize("victim", ["functions", "postgres"])
def test_what_is_killed_while_it_writes_or_takes_back_goes_on_to_its_end(
    stack: Stack, admin: supabase.Client, creditor: str, wait_until: Any, victim: str
) -> None:
    """One import's whole life: its rows are written once for both kills, which is what costs."""
    import_through_a_kill(stack, admin, creditor, wait_until, victim)
    roll_back_through_a_kill(stack, admin, wait_until, victim)


def import_through_a_kill(
    stack: Stack, admin: supabase.Client, creditor: str, wait_until: Any, victim: str
) -> None:
    token = admin.auth.get_session().access_token  # type: ignore[union-attr]  # signed in above
    url = f"{stack.settings.url}/functions/v1/portfolio-import"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    answers: list[int] = []

    def send() -> None:
        query = {"import_id": IMPORT_ID}
        with httpx.Client(timeout=ALL_OF_IT) as client:
            try:
                sent = client.post(url, params=query, headers=headers, content=portfolio(creditor))
                answers.append(sent.status_code)
            except httpx.HTTPError:
                answers.append(0)

    sender = threading.Thread(target=send)
    sender.start()
    wait_until(lambda: (row(stack) or (0, 0))[1] > 0, ALL_OF_IT)
    with psycopg.connect(stack.settings.database_url()) as owner:
        # So that the next chunk is inside its transaction when it happens.
        owner.execute("lock table public.debts in exclusive mode")
        keep_what_was_committed(stack)
        stack.kill(victim)
        owner.close()
    sender.join(ALL_OF_IT)
    stack.restart(victim)
    assert answers[0] != 200
    written = wait_until(lambda: row(stack))[1]
    assert 0 < written < PEOPLE
    wait_until(lambda: seen_from_the_page(stack, admin) == "done", ALL_OF_IT)
    assert row(stack) == ("done", PEOPLE, PEOPLE)


def seen_from_the_page(stack: Stack, admin: supabase.Client) -> str:
    """The import's status, asked as the page does when it opens: that wakes the job."""
    try:
        admin.rpc("imports_alive").execute()
    except (httpx.HTTPError, supabase.PostgrestAPIError):
        return ""  # the doors come back one by one
    return str((row(stack) or ("",))[0])


def keep_what_was_committed(stack: Stack) -> None:
    """A stack of the tests may forget its last half second (synchronous_commit is off there)."""
    with stack.server.connect("supabase_admin", "template1") as connection:
        connection.execute("checkpoint")


def undone(stack: Stack) -> int:
    with psycopg.connect(stack.settings.database_url()) as owner:
        [(people,)] = owner.execute(
            "select undo_done from public.imports where id = %s", (IMPORT_ID,)
        )
    return int(people)


def roll_back_through_a_kill(
    stack: Stack, admin: supabase.Client, wait_until: Any, victim: str
) -> None:
    begun = admin.rpc("rollback_import", {"import_id": IMPORT_ID}).execute()
    assert begun.data == {"import_id": IMPORT_ID, "status": "rolling_back", "clients": PEOPLE}
    wait_until(lambda: undone(stack) > 0, ALL_OF_IT)
    with psycopg.connect(stack.settings.database_url()) as owner:
        # So that the next chunk is inside its transaction when it happens.
        owner.execute("lock table public.debts in exclusive mode")
        keep_what_was_committed(stack)
        stack.kill(victim)
        owner.close()
    stack.restart(victim)
    left = wait_until(lambda: row(stack))
    assert left[0] == "rolling_back"
    assert 0 < left[2] < PEOPLE
    wait_until(lambda: seen_from_the_page(stack, admin) == "rolled_back", ALL_OF_IT)
    with psycopg.connect(stack.settings.database_url()) as owner:
        [(outcome,)] = owner.execute(
            "select rolled_back from public.imports where id = %s", (IMPORT_ID,)
        )
    assert outcome["deleted"] == {
        "debts": PEOPLE, "clients": PEOPLE, "phones": PEOPLE, "creditors": 1,
    }  # fmt: skip
    assert row(stack)[2] == 0
