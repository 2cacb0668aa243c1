"""Realtime below the official clients: frames, strangers, slow readers, a server that goes away."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jwt
import pytest
import supabase

from local_platform import demo
from local_platform.realtime import QUEUE_FRAMES
from local_platform.realtime_protocol import Frame
from local_platform.stack import Stack
from tests.conftest import WaitUntil

SECONDS = 60


@pytest.fixture
def token(sign_in: Callable[..., supabase.Client]) -> str:
    session = sign_in("operador@demo.test").auth.get_session()
    assert session is not None
    return session.access_token


@pytest.fixture
def topic(stack: Stack) -> str:
    with stack.server.connect() as connection:
        row = connection.execute(
            "select 'tenant:' || id from public.tenants where name = %s",
            (next(iter(demo.TENANTS)),),
        ).fetchone()
    assert row is not None
    return str(row[0])


@asynccontextmanager
async def connected(
    stack: Stack, version: str = "2.0.0"
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = f"{stack.settings.url}/realtime/v1/websocket"
    query = {"apikey": stack.settings.secrets.publishable_key, "vsn": version}
    async with aiohttp.ClientSession() as session, session.ws_connect(url, params=query) as ws:
        yield ws


async def ask(ws: aiohttp.ClientWebSocketResponse, *message: Any) -> list[Any]:
    """Send a 2.0.0 frame, answer the reply to it."""
    await ws.send_str(json.dumps(message))
    while True:
        frame = await ws.receive_json(timeout=SECONDS)
        if frame[1] == message[1]:
            return list(frame)


def join_payload(token: str | None, *, private: bool = True) -> dict[str, Any]:
    return {"config": {"private": private}, "access_token": token}


def send(stack: Stack, topic: str, count: int = 1, padding: int = 0) -> None:
    with stack.server.connect() as connection:
        connection.execute(
            "select realtime.send(jsonb_build_object('n', n, 'x', repeat('x', %s)),"
            " 'client_changed', %s, true) from generate_series(1, %s) as n",
            (padding, topic, count),
        )


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_a_frame_survives_both_forms(version: str) -> None:
    frame = Frame("1", "2", "realtime:x", "phx_join", {"config": {"private": True}})
    assert Frame.decode(frame.encode(version)) == frame


@pytest.mark.parametrize("text", ["", "1", "[]", "[1, 2, 3]", '{"topic": 1}', "[null,null,1,2,{}]"])
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Frame.decode(text)


def test_a_socket_without_a_key_is_refused(stack: Stack) -> None:
    async def knock() -> int:
        async with aiohttp.ClientSession() as session:
            url = f"{stack.settings.url}/realtime/v1/websocket"
            async with session.get(url) as answer:
                return answer.status

    assert asyncio.run(knock()) == 401


def test_a_heartbeat_is_answered_in_either_protocol(stack: Stack) -> None:
    async def beat() -> None:
        async with connected(stack) as ws:
            reply = await ask(ws, None, "7", "phoenix", "heartbeat", {})
            assert reply[4] == {"status": "ok", "response": {}}
        async with connected(stack, "1.0.0") as ws:
            beat = {"topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": "8"}
            await ws.send_str(json.dumps(beat))
            answer = await ws.receive_json(timeout=SECONDS)
            assert (answer["event"], answer["ref"]) == ("phx_reply", "8")

    asyncio.run(beat())


def test_garbage_ends_one_socket_and_no_other(stack: Stack, token: str, topic: str) -> None:
    async def disturb() -> None:
        async with connected(stack) as good, connected(stack) as bad:
            reply = await ask(good, "1", "1", f"realtime:{topic}", "phx_join", join_payload(token))
            assert reply[4]["status"] == "ok"
            await bad.send_str("{not json")
            assert (await bad.receive(timeout=SECONDS)).type is aiohttp.WSMsgType.CLOSE
            send(stack, topic)
            assert (await good.receive_json(timeout=SECONDS))[3] == "broadcast"

    asyncio.run(disturb())


def forged(stack: Stack, token: str, **changes: Any) -> str:
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    return jwt.encode(claims, stack.settings.secrets.jwt_secret, algorithm="HS256")


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda stack, token: None, "Unauthorized"),
        (lambda stack, token: "sb_publishable_x", "Unauthorized"),
        (lambda stack, token: "nonsense", "MalformedJWT"),
        (lambda stack, token: token[:-6] + "AAAAAA", "JwtSignatureError"),
        (lambda stack, token: forged(stack, token, exp=int(time.time()) - 60), "expired"),
        (lambda stack, token: forged(stack, token, role="supabase_admin"), "InvalidJWTToken"),
        (lambda stack, token: forged(stack, token, sub="00000000-0000-4000-8000-000000000000"),
            "Unauthorized"),
        (lambda stack, token: jwt.encode({"role": "authenticated", "exp": 9999999999}, "",
            algorithm="none"), "MalformedJWT"),
    ],
)  # fmt: skip
def test_a_join_that_has_no_right_to_the_topic_says_why_not(
    stack: Stack, token: str, topic: str, forge: Callable[[Stack, str], str | None], reason: str
) -> None:
    async def knock() -> list[Any]:
        async with connected(stack) as ws:
            payload = join_payload(forge(stack, token))
            return await ask(ws, "1", "1", f"realtime:{topic}", "phx_join", payload)

    reply = asyncio.run(knock())
    assert reply[4]["status"] == "error"
    assert reason in reply[4]["response"]["reason"]


@pytest.mark.parametrize("name", ["", "tenant:not-a-uuid", "tenant:' or true --", "unknown:1"])
def test_a_topic_that_makes_no_sense_is_refused(stack: Stack, token: str, name: str) -> None:
    async def knock() -> list[Any]:
        async with connected(stack) as ws:
            return await ask(ws, "1", "1", f"realtime:{name}", "phx_join", join_payload(token))

    assert asyncio.run(knock())[4]["status"] == "error"


def test_after_leaving_nothing_more_is_heard(stack: Stack, token: str, topic: str) -> None:
    async def leave() -> None:
        async with connected(stack) as ws:
            await ask(ws, "1", "1", f"realtime:{topic}", "phx_join", join_payload(token))
            await ask(ws, "1", "2", f"realtime:{topic}", "phx_leave", {})
            send(stack, topic)
            await ask(ws, None, "3", "phoenix", "heartbeat", {})
            reply = await ask(ws, None, "4", "phoenix", "heartbeat", {})
            assert reply[3] == "phx_reply"

    asyncio.run(leave())


def test_messages_of_one_transaction_arrive_complete_and_in_order(
    stack: Stack, token: str, topic: str
) -> None:
    async def listen() -> list[int]:
        async with connected(stack) as ws:
            await ask(ws, "1", "1", f"realtime:{topic}", "phx_join", join_payload(token))
            send(stack, topic, count=150)
            return [(await ws.receive_json(timeout=SECONDS))[4]["payload"]["n"] for _ in range(150)]

    assert asyncio.run(listen()) == list(range(1, 151))


def test_a_reader_that_stopped_reading_is_cut_off_and_holds_up_nobody(
    stack: Stack, token: str, topic: str
) -> None:
    async def flood() -> None:
        async with connected(stack) as quick:
            await ask(quick, "1", "1", f"realtime:{topic}", "phx_join", join_payload(token))
            slow = await sleeping_member(stack, topic, token)
            try:
                # Twice what a queue holds, each larger than what the kernel would hide.
                wanted = 2 * QUEUE_FRAMES
                sender = asyncio.create_task(
                    asyncio.to_thread(send, stack, topic, wanted, 64 * 1024)
                )
                heard = 0
                while heard < wanted:
                    frame = await quick.receive_json(timeout=SECONDS)
                    heard += frame[3] == "broadcast"
                await sender
                assert await is_cut_off(slow)
            finally:
                slow.close()

    asyncio.run(flood())


async def sleeping_member(stack: Stack, topic: str, token: str) -> socket.socket:
    """A raw websocket that joined and then never reads again."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", stack.settings.port))
    key = stack.settings.secrets.publishable_key
    await loop.sock_sendall(
        raw,
        f"GET /realtime/v1/websocket?apikey={key}&vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode(),
    )
    assert b"101" in await loop.sock_recv(raw, 4096)
    text = json.dumps(["1", "1", f"realtime:{topic}", "phx_join", join_payload(token)]).encode()
    # A masked text frame with a 16-bit length and a mask of zeros.
    await loop.sock_sendall(raw, b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text)
    assert b'"ok"' in await loop.sock_recv(raw, 4096)
    return raw


async def is_cut_off(raw: socket.socket) -> bool:
    """Whether the server hung up: reading on ends in an error or in nothing."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(SECONDS):
        try:
            while await loop.sock_recv(raw, 1024 * 1024):
                pass
        except ConnectionError:
            pass
    return True


def test_after_the_database_went_away_sockets_are_closed_so_that_clients_catch_up(
    stack: Stack, token: str, topic: str, wait_until: WaitUntil
) -> None:
    async def outlive() -> None:
        async with connected(stack) as ws:
            await ask(ws, "1", "1", f"realtime:{topic}", "phx_join", join_payload(token))
            stack.kill("postgres")
            message = await ws.receive(timeout=SECONDS)
            assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE,
                aiohttp.WSMsgType.ERROR}  # fmt: skip
        stack.restart("postgres")

    asyncio.run(outlive())

    async def join_again() -> bool:
        async with connected(stack) as ws:
            payload = join_payload(token)
            reply = await ask(ws, "1", "1", f"realtime:{topic}", "phx_join", payload)
            return bool(reply[4]["status"] == "ok")

    wait_until(lambda: asyncio.run(join_again()))
