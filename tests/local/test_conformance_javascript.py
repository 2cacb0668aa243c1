"""@supabase/supabase-js against the running stack: each claim of conformance.mjs is a test."""

import json
import re
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local_platform import demo
from local_platform.settings import ROOT, node_program
from local_platform.stack import Stack

PROGRAM = Path(__file__).with_name("conformance.mjs")
CLAIMS = re.findall(r'^check\("(.+)", async', PROGRAM.read_text(), re.MULTILINE)
WHOLE_RUN_SECONDS = 600


class Control:
    """What the program may ask of the database's owner and of the supervisor."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def run(self, command: str, body: dict[str, Any]) -> None:
        commands: dict[str, Callable[[dict[str, Any]], object]] = {
            "broadcast": self.broadcast,
            "restart-gateway": lambda _: self.stack.restart("gateway"),
            "revoke": lambda body: self.set_revoked(body["email"], True),
            "restore": lambda body: self.set_revoked(body["email"], False),
        }
        commands[command](body)

    def broadcast(self, body: dict[str, Any]) -> None:
        with (
            self.stack.server.connect() as connection,
            connection.transaction(force_rollback=body.get("rollback", False)),
        ):
            connection.execute(
                "select realtime.send(%s, %s, %s, true)",
                (json.dumps(body["payload"]), body["event"], body["topic"]),
            )

    def set_revoked(self, email: str, is_revoked: bool) -> None:
        with self.stack.server.connect() as connection:
            connection.execute(
                "update public.memberships set revoked_at = case when %s then now() end"
                " where user_id = (select id from auth.users where email = %s)",
                (is_revoked, email),
            )


@pytest.fixture(scope="module")
def control(stack: Stack) -> Iterator[str]:
    """URL at which `Control`'s commands are taken."""
    commands = Control(stack)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            commands.run(self.path.removeprefix("/"), body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet: pytest shows what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def problems(stack: Stack, control: str, notes_table: str) -> dict[str, str | None]:
    """What went wrong by claim; one run of the program for all of them."""
    invited = f"convidada-{uuid.uuid4()}@demo.test"
    with stack.server.connect() as connection:
        tenant_id = connection.execute(
            "select id from public.tenants where name = %s", (next(iter(demo.TENANTS)),)
        ).fetchone()
        assert tenant_id is not None
        connection.execute(
            "insert into public.invitations (tenant_id, email, role, expires_at)"
            " values (%s, %s, 'operator', now() + interval '1 day')",
            (tenant_id[0], invited),
        )
    secrets = stack.settings.secrets
    settings = {
        "url": stack.settings.url,
        "publishableKey": secrets.publishable_key,
        "secretKey": secrets.secret_key,
        "jwtSecret": secrets.jwt_secret,
        "password": demo.PASSWORD,
        "tenantId": str(tenant_id[0]),
        "invitedEmail": invited,
        "control": control,
        "packages": str(ROOT / "supabase" / "local" / "package.json"),
    }
    node = node_program()
    assert node is not None
    answer = subprocess.run(
        [node, "--experimental-websocket", str(PROGRAM)],
        env={"CONFORMANCE": json.dumps(settings)},
        capture_output=True,
        text=True,
        timeout=WHOLE_RUN_SECONDS,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    lines = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith('{"claim"')]
    return {line["claim"]: line["problem"] for line in lines}


@pytest.mark.parametrize("claim", CLAIMS)
def test_claim(claim: str, problems: dict[str, str | None]) -> None:
    assert claim in problems, "the program did not come this far"
    assert problems[claim] is None, problems[claim]
