"""pg_net, pg_cron and Vault: the signatures of the real ones, and what they promise."""

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest

from local_platform.stack import Stack
from tests.conftest import WaitUntil


@dataclass
class Receiver:
    """A server that remembers what was asked of it."""

    url: str
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    seen = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.requests.append((self.command, self.path, dict(self.headers), body))
            self.send_response(202)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(b"recebido")

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        seen.url = f"http://127.0.0.1:{server.server_port}"
        yield seen
        server.shutdown()
        thread.join()


@pytest.fixture
def owner(stack: Stack) -> Iterator[psycopg.Connection]:
    """The migrations' owner, committing; each test removes what it made."""
    with stack.server.connect() as connection:
        yield connection


def one(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def test_a_post_leaves_after_the_commit_with_its_body_and_headers(
    owner: psycopg.Connection, receiver: Receiver, wait_until: WaitUntil
) -> None:
    request = one(
        owner,
        "select net.http_post(url := %s, body := jsonb_build_object('text', 'ação'),"
        ' params := \'{"q": "a b&c"}\', headers := \'{"Authorization": "Bearer k"}\')',
        f"{receiver.url}/hook",
    )
    wait_until(lambda: receiver.requests)
    [(method, path, headers, body)] = receiver.requests
    assert (method, path) == ("POST", "/hook?q=a%20b%26c")
    assert headers["Authorization"] == "Bearer k"
    assert body.decode() == '{"text": "ação"}'
    found = wait_until(
        lambda: owner.execute(
            "select status_code, content, timed_out, error_msg from net._http_response"
            " where id = %s",
            (request,),
        ).fetchone()
    )
    assert found == (202, "recebido", False, None)


def test_a_request_of_a_rolled_back_transaction_never_leaves(
    owner: psycopg.Connection, receiver: Receiver, wait_until: WaitUntil
) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute("select net.http_get(%s)", (f"{receiver.url}/undone",))
    owner.execute("select net.http_get(%s)", (f"{receiver.url}/done",))
    wait_until(lambda: receiver.requests)
    assert [path for _, path, _, _ in receiver.requests] == ["/done"]


def test_a_server_that_is_not_there_is_an_error_in_the_response_table(
    owner: psycopg.Connection, wait_until: WaitUntil
) -> None:
    request = one(owner, "select net.http_post('http://127.0.0.1:9/')")
    found = wait_until(
        lambda: owner.execute(
            "select status_code, error_msg from net._http_response where id = %s", (request,)
        ).fetchone()
    )
    assert found is not None
    assert found[0] is None
    assert found[1]


def test_requests_made_while_the_executor_was_down_leave_when_it_is_back(
    stack: Stack, owner: psycopg.Connection, receiver: Receiver, wait_until: WaitUntil
) -> None:
    stack.kill("executor")
    owner.execute("select net.http_get(%s)", (f"{receiver.url}/later",))
    stack.restart("executor")
    wait_until(lambda: receiver.requests)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_a_callers_role_sends_no_request(database: psycopg.Connection, role: str) -> None:
    database.execute(f"set local role {role}".encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("select net.http_get('http://127.0.0.1:9/')")


def test_a_cron_job_runs_and_leaves_a_row(owner: psycopg.Connection, wait_until: WaitUntil) -> None:
    job = one(owner, "select cron.schedule('test-job', '1 second', 'select 1/1')")
    try:
        wait_until(
            lambda: owner.execute(
                "select 1 from cron.job_run_details where jobid = %s and status = 'succeeded'"
                " and username = 'postgres' and end_time >= start_time",
                (job,),
            ).fetchone()
        )
    finally:
        assert one(owner, "select cron.unschedule('test-job')") is True


def test_a_cron_job_that_fails_says_why(owner: psycopg.Connection, wait_until: WaitUntil) -> None:
    job = one(owner, "select cron.schedule('test-failure', '1 second', 'select 1/0')")
    try:
        found = wait_until(
            lambda: owner.execute(
                "select return_message from cron.job_run_details"
                " where jobid = %s and status = 'failed'",
                (job,),
            ).fetchone()
        )
        assert "division by zero" in str(found)
    finally:
        owner.execute("select cron.unschedule(%s::bigint)", (job,))


def test_scheduling_a_name_again_replaces_its_job(database: psycopg.Connection) -> None:
    first = one(database, "select cron.schedule('twice', '* * * * *', 'select 1')")
    second = one(database, "select cron.schedule('twice', '0 * * * *', 'select 2')")
    assert first == second
    assert one(database, "select command from cron.job where jobid = %s", first) == "select 2"


@pytest.mark.parametrize("schedule", ["every day", "99 seconds", "* * * *"])
def test_a_schedule_that_cannot_be_read_is_refused(
    database: psycopg.Connection, schedule: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        database.execute("select cron.schedule('x', %s, 'select 1')", (schedule,))


def test_unscheduling_what_is_not_there_is_an_error(database: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="could not find"):
        database.execute("select cron.unschedule('nobody')")


SECRET = "a-secret-nobody-may-find-4f2a"


def test_a_secret_comes_back_through_the_view_alone(database: psycopg.Connection) -> None:
    key = one(database, "select vault.create_secret(%s, 'test:secret')", SECRET)
    found = database.execute(
        "select decrypted_secret, secret from vault.decrypted_secrets where id = %s", (key,)
    ).fetchone()
    assert found is not None
    assert found[0] == SECRET
    assert SECRET not in found[1]
    database.execute("select vault.update_secret(%s, 'another')", (key,))
    changed = "select decrypted_secret from vault.decrypted_secrets where name = 'test:secret'"
    assert one(database, changed) == "another"


def test_no_file_of_the_data_folder_holds_a_secret_in_clear(
    stack: Stack, owner: psycopg.Connection
) -> None:
    owner.execute("select vault.create_secret(%s, 'test:at-rest')", (SECRET,))
    try:
        with stack.server.connect("supabase_admin") as superuser:
            superuser.execute("checkpoint")
        found = subprocess.run(
            ["grep", "-rlF", "-e", SECRET, str(stack.settings.data)], capture_output=True, text=True
        )
        assert found.stdout == ""
    finally:
        owner.execute("delete from vault.secrets where name = 'test:at-rest'")


def test_the_vaults_key_is_nowhere_in_the_database(stack: Stack) -> None:
    key = stack.settings.secrets.vault_key
    found = subprocess.run(
        ["grep", "-rlF", "-e", key, str(stack.settings.data / "postgres")],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert found.stdout == ""


def test_a_ciphertext_moved_to_another_row_does_not_open(stack: Stack) -> None:
    with (
        stack.server.connect("supabase_admin") as superuser,
        superuser.transaction(force_rollback=True),
    ):
        superuser.execute("select vault.create_secret('one', 'test:1')")
        superuser.execute("select vault.create_secret('two', 'test:2')")
        superuser.execute(
            "update vault.secrets set secret = (select secret from vault.secrets"
            " where name = 'test:1') where name = 'test:2'"
        )
        with pytest.raises(psycopg.errors.RaiseException, match="another secret"):
            superuser.execute(
                "select decrypted_secret from vault.decrypted_secrets where name = 'test:2'"
            )


@pytest.mark.parametrize(
    "query",
    [
        "select * from vault.secrets",
        "select * from vault.decrypted_secrets",
        "select vault.create_secret('x')",
        "select vault._key()",
    ],
)
@pytest.mark.parametrize("role", ["anon", "authenticated", "functions"])
def test_no_callers_role_opens_the_vault(stack: Stack, role: str, query: str) -> None:
    with (
        stack.server.connect("supabase_admin") as superuser,
        superuser.transaction(force_rollback=True),
    ):
        superuser.execute(f"set local role {role}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            superuser.execute(query.encode())


def test_not_even_the_migrations_owner_reads_the_key(database: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("select vault._key()")


def test_the_queue_is_the_real_pgmq(database: psycopg.Connection) -> None:
    database.execute("select pgmq.create('test_queue')")
    database.execute(
        "select pgmq.send_batch('test_queue', array['{\"n\": 1}', '{\"n\": 2}']::jsonb[])"
    )
    assert one(database, "select count(*) from pgmq.read('test_queue', 30, 10)") == 2
    assert one(database, "select count(*) from pgmq.read('test_queue', 30, 10)") == 0
