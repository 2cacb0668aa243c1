"""Functions of both kinds under one roof: each the app that is deployed, at its host's root."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from werkzeug.serving import make_server

from local_platform import functions_host
from local_platform.settings import LOOPBACK

FUNCTIONS = '''
import asyncio

import flask
import functions_framework
import functions_framework.aio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

arrived: list[asyncio.Event] = []


@functions_framework.http
def in_turn(request: flask.Request) -> dict[str, str]:
    return {"path": request.path, "said": request.get_data(as_text=True)}


@functions_framework.aio.http
async def at_once(request: Request) -> Response:
    body = await request.body()
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "name": request.query_params.get("name"),
            "token": request.headers.get("authorization"),
            "kind": request.headers.get("content-type"),
            "said": body.decode(),
        },
        status_code=202,
        headers={"x-answered-by": "at_once"},
    )


@functions_framework.aio.http
async def meeting(request: Request) -> dict[str, int]:
    """Answers only when a second call is here too: both must be in the one loop."""
    mine = asyncio.Event()
    arrived.append(mine)
    if len(arrived) == 2:
        for event in arrived:
            event.set()
    await mine.wait()
    return {"loop": id(asyncio.get_running_loop())}


@functions_framework.aio.http
async def broken(request: Request) -> dict[str, str]:
    raise ValueError("a secret of the request")
'''


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    source = tmp_path_factory.mktemp("functions") / "both_kinds.py"
    source.write_text(FUNCTIONS)
    names = ("in_turn", "at_once", "meeting", "broken")
    apps = {functions_host.path_of(name): functions_host.app_of(name, source) for name in names}
    server = make_server(
        LOOPBACK,
        0,
        functions_host.mounted(apps),
        threaded=True,
        request_handler=functions_host.QuietHandler,
    )
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    with httpx.Client(base_url=f"http://{LOOPBACK}:{server.server_port}", timeout=120) as client:
        yield client
    server.shutdown()
    serving.join()
    server.server_close()


def test_an_asynchronous_function_hears_the_whole_request(host: httpx.Client) -> None:
    answer = host.put(
        "/at-once/deeper/caf%C3%A9?name=Jo%C3%A3o",
        content="olá",
        headers={"Authorization": "Bearer t", "Content-Type": "text/plain"},
    )
    assert answer.status_code == 202
    assert answer.headers["x-answered-by"] == "at_once"
    assert answer.json() == {
        "method": "PUT",
        "path": "/deeper/café",
        "name": "João",
        "token": "Bearer t",
        "kind": "text/plain",
        "said": "olá",
    }


def test_a_body_of_unknown_length_arrives_too(host: httpx.Client) -> None:
    answer = host.post("/at-once", content=iter([b"in ", b"pieces"]))
    assert answer.json()["said"] == "in pieces"


def test_calls_at_the_same_time_share_one_loop(host: httpx.Client) -> None:
    with ThreadPoolExecutor(2) as callers:
        answers = list(callers.map(lambda _: host.get("/meeting"), range(2)))
    assert answers[0].json() == answers[1].json()


def test_its_failure_tells_the_caller_nothing(host: httpx.Client) -> None:
    answer = host.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_an_ordinary_function_answers_beside_it(host: httpx.Client) -> None:
    assert host.post("/in-turn/x", content="oi").json() == {"path": "/x", "said": "oi"}


def test_a_name_that_is_not_deployed_is_not_found(host: httpx.Client) -> None:
    answer = host.get("/nobody")
    assert answer.status_code == 404
    assert answer.json()["error"] == "function_not_found"
