"""The one port: who may pass, what is passed on, and what a broken part looks like."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local_platform import demo, page
from local_platform.functions_host import path_of
from local_platform.stack import Stack

MEGABYTE = 1024 * 1024


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.settings.url, timeout=120) as client:
        yield client


@pytest.fixture
def key(stack: Stack) -> dict[str, str]:
    return {"apikey": stack.settings.secrets.publishable_key}


def test_a_name_that_is_not_loopback_is_refused(http: httpx.Client) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"):
        assert http.get("/health", headers={"Host": host}).status_code == 403
    for host in ("localhost", "localhost:54321", "127.0.0.1", "[::1]:1"):
        assert http.get("/health", headers={"Host": host}).status_code == 200


def test_another_address_of_this_machine_is_not_answered(stack: Stack) -> None:
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", stack.settings.port), 2).close()


def test_a_key_in_the_query_is_as_good_and_goes_no_further(
    http: httpx.Client, key: dict[str, str]
) -> None:
    # PostgREST would take an unknown parameter for a filter and fail.
    answer = http.get("/rest/v1/rpc/session_context", params=key)
    assert answer.json().get("message") != "No API key found in request"
    assert "apikey" not in answer.text


def test_the_key_in_place_of_a_token_is_the_keys_role_and_not_an_error(
    stack: Stack, http: httpx.Client
) -> None:
    secret = stack.settings.secrets.secret_key
    headers = {"apikey": secret, "Authorization": f"Bearer {secret}"}
    answer = http.get("/rest/v1/tenants", headers=headers, params={"select": "name"})
    assert answer.status_code == 200
    assert len(answer.json()) >= 2


def test_a_token_alone_opens_nothing(http: httpx.Client, stack: Stack) -> None:
    token = stack.settings.secrets.api_token("service_role")
    answer = http.get("/rest/v1/tenants", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_the_auth_service_has_no_admin_door(http: httpx.Client, stack: Stack) -> None:
    person = demo.token(stack.settings, "admin@demo.test")
    for token in (stack.settings.secrets.api_token("service_role"), person):
        headers = {"apikey": stack.settings.secrets.secret_key, "Authorization": f"Bearer {token}"}
        answer = http.get("/auth/v1/admin/users", headers=headers)
        assert answer.status_code in {401, 403, 404}
        assert "demo.test" not in answer.text


@pytest.mark.parametrize("climb", ["../..", "%2e%2e/%2E%2E", "..%2f..", "./.."])
def test_no_path_climbs_out_of_its_service(stack: Stack, climb: str) -> None:
    with socket.create_connection(("127.0.0.1", stack.settings.port), 10) as raw:
        raw.sendall(
            f"GET /auth/v1/{climb}/rest/v1/clients HTTP/1.1\r\nHost: localhost\r\n"
            f"apikey: {stack.settings.secrets.secret_key}\r\nConnection: close\r\n\r\n".encode()
        )
        assert raw.recv(100).split()[1] == b"400"


def test_a_browser_of_another_origin_may_ask_first(http: httpx.Client) -> None:
    answer = http.options(
        "/rest/v1/clients",
        headers={
            "Origin": "http://localhost:5173",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "apikey,authorization,x-tenant-id",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-tenant-id" in answer.headers["access-control-allow-headers"]


def test_an_error_of_the_gateway_can_be_read_by_another_origin(http: httpx.Client) -> None:
    answer = http.get("/rest/v1/clients", headers={"Origin": "http://localhost:5173"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "*"


def test_an_unknown_function_is_named(http: httpx.Client) -> None:
    answer = http.post("/functions/v1/no-such-function")
    assert answer.status_code == 404
    assert answer.json()["error"] == "function_not_found"


def test_a_function_whose_name_begins_with_a_digit_has_its_url() -> None:
    assert path_of("threecplus_webhook") == "3cplus-webhook"
    assert path_of("run_automations") == "run-automations"


def test_a_part_that_is_down_is_a_503_and_comes_back(
    stack: Stack, http: httpx.Client, key: dict[str, str]
) -> None:
    stack.kill("postgrest")
    answer = http.get("/rest/v1/tenants", headers=key)
    assert answer.status_code == 503
    assert answer.json()["error"] == "service_unavailable"
    stack.restart("postgrest")
    assert http.get("/rest/v1/tenants", headers=key).status_code != 503


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_large_upload_does_not_stay_in_the_gateway(stack: Stack) -> None:
    """A function that reads nothing: what piles up anywhere would pile up in the gateway."""
    pid = stack.children["gateway"].pid
    before = resident_bytes(pid)
    with socket.create_connection(("127.0.0.1", stack.settings.port), 10) as sender:
        length = 2048 * MEGABYTE
        sender.sendall(
            f"POST /functions/v1/no-such-function HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
        )
        sender.settimeout(1)
        sent, block = 0, bytes(MEGABYTE)
        deadline = time.monotonic() + 10
        try:
            while sent < 200 * MEGABYTE and time.monotonic() < deadline:
                sent += sender.send(block)
        except OSError:
            pass  # the answer came first and the connection was closed: nothing was kept either
        assert resident_bytes(pid) - before < 64 * MEGABYTE


def test_sixteen_slow_requests_do_not_keep_out_the_seventeenth(stack: Stack) -> None:
    address = ("127.0.0.1", stack.settings.port)
    slow = []
    for _ in range(16):
        sender = socket.create_connection(address, 10)
        sender.sendall(
            b"POST /functions/v1/run-automations HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 1000\r\n\r\nx"
        )
        slow.append(sender)
    try:
        answer = httpx.post(f"{stack.settings.url}/functions/v1/run-automations", timeout=60)
        assert answer.status_code == 401
    finally:
        for sender in slow:
            sender.close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "app-1a2b.js").write_text("1")
    (folder / "index.html").write_text(
        '<meta name="supabase-url" content="%VITE_SUPABASE_URL%" />'
        '<meta name="supabase-publishable-key" content="%VITE_SUPABASE_PUBLISHABLE_KEY%" />'
    )
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def test_the_page_is_told_the_key_of_the_stack_that_serves_it(stack: Stack, dist: Path) -> None:
    text = page.index(dist, stack.settings)
    assert f'content="{stack.settings.secrets.publishable_key}"' in text
    assert "%VITE" not in text
    assert stack.settings.secrets.secret_key not in text


@pytest.mark.parametrize("path", ["/../secret.txt", "/assets/../../secret.txt", "/", "/carteira"])
def test_nothing_outside_the_built_page_is_a_file_of_it(dist: Path, path: str) -> None:
    assert page.find(dist, path) is None


def test_a_hashed_asset_is_a_file_of_the_page(dist: Path) -> None:
    assert page.find(dist, "/assets/app-1a2b.js") == dist / "assets" / "app-1a2b.js"


def test_a_route_of_the_app_is_the_page_and_a_missing_file_is_not(http: httpx.Client) -> None:
    route = http.get("/carteira")
    assert route.status_code in {200, 503}  # 503 says that the page is not built
    assert http.get("/assets/missing.js").status_code == 404
    assert http.post("/carteira").status_code == 405
