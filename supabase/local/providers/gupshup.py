"""Gupshup on one machine: answers as its documentation says, or as badly as it is told to.

Messages are accepted, kept on disk (a real provider survives our crashes) and followed by
receipts of their own latency. `/` shows the phones; `/_control` is for tests and the stack:

    PUT  /_control/apps/{name}   {"api_key", "source", "callback_url", "templates": {id: body}}
    POST /_control/misbehave     {"do": "answer" | "hang" | "reset" | "garbage" | "slow",
                                  "accept": false, "status", "body", "retry_after", "times": 1,
                                  "phone": only its next send, digits}
    PUT  /_control/receipts      any of RECEIPTS below
    GET  /_control/messages      ?destination=…&phone=…; oldest first
    GET  /_control/calls         {"count"} of send requests, refused ones included
    POST /_control/reply         {"app", "phone", "text", "name"}: the person answers
"""

import asyncio
import json
import random
import sqlite3
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from local_platform.providers import Platform

ANSWER_SECONDS = 0.08  # what api.gupshup.io takes from São Paulo on a good day
RATE_PER_SECOND = 80  # Meta's default throughput of one number; Gupshup publishes none
HANG_SECONDS = 120  # longer than any sender waits
REDELIVERIES = 12  # callbacks are offered again while our side is down, then given up

RECEIPTS: dict[str, Any] = {
    "latency": {"enqueued": 0.15, "sent": 0.7, "delivered": 1.6, "read": 4.0},  # seconds
    "copies": 1,  # 2 delivers every receipt twice
    "shuffle": False,  # deliver a message's receipts in any order, all at once
    "drop": [],  # receipts never delivered, by name
    "fail": None,  # {"code": 1002, "reason": "…"}: `failed` instead of sent, delivered and read
}

SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists apps (
    name text primary key, api_key text, source text, callback_url text, templates text);
create table if not exists messages (
    seq integer primary key, id text unique, app text, phone text, direction text, kind text,
    text text, form text, wamid text, status text, at real);
create table if not exists receipts (
    seq integer primary key, app text, body text, message_id text, status text, due_at real,
    tries integer default 0, is_done integer default 0);
"""


class Phones:
    """Everything the simulator must not forget, in one SQLite file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made in one thread, used by the one that runs the event loop; never by two.
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(SCHEMA)

    def all(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self.db.execute(sql, values)]

    def app(self, name: str) -> dict[str, Any] | None:
        return next(iter(self.all("select * from apps where name = ?", name)), None)


class Gupshup:
    """The simulated company: its accounts, its moods, and the task that delivers callbacks."""

    def __init__(self, data_folder: Path) -> None:
        self.phones = Phones(data_folder / "simulator_gupshup.sqlite3")
        self.receipts = dict(RECEIPTS)
        self.moods: deque[dict[str, Any]] = deque()
        self.calls = 0
        self.recent: dict[str, deque[float]] = {}
        self.something_due = asyncio.Event()

    # --- the documented API -------------------------------------------------------------

    async def send_template(self, request: web.Request) -> web.StreamResponse:
        return await self.send(request, "template")

    async def send_session(self, request: web.Request) -> web.StreamResponse:
        return await self.send(request, "session")

    async def send(self, request: web.Request, kind: str) -> web.StreamResponse:
        self.calls += 1
        form = {key: str(value) for key, value in (await request.post()).items()}
        mood = self.mood_for(form.get("destination", ""))
        refusal = self.refusal(request, form, kind)
        if mood is None:
            answer = refusal or submitted(self.accept(form, kind))
            await asyncio.sleep(ANSWER_SECONDS)  # taken, and not told yet: callers die in between
            return answer
        message_id = self.accept(form, kind) if mood.get("accept") and refusal is None else None
        return await misbehave(request, mood, message_id)

    def mood_for(self, phone: str) -> dict[str, Any] | None:
        """The oldest mood for anybody or for this phone; each is for one send."""
        for mood in self.moods:
            if mood.get("phone", phone) == phone:
                self.moods.remove(mood)
                return mood
        return None

    def refusal(self, request: web.Request, form: dict[str, str], kind: str) -> web.Response | None:
        """What the documentation says is refused at once; the rest fails by a receipt."""
        key = request.headers.get("apikey", "")
        if not key or not self.phones.all("select 1 from apps where api_key = ?", key):
            return error(401, "Authentication Failed")
        app = self.phones.app(form.get("src.name", ""))
        if app is None or app["api_key"] != key or app["source"] != form.get("source"):
            return error(400, "Invalid App Details")
        if request.content_type != "application/x-www-form-urlencoded":
            return error(415, "Unsupported Media Type")
        if form.get("channel") != "whatsapp":
            return error(400, "Invalid Channel")
        if not (
            form.get("destination", "").isdigit() and len(form["destination"]) in range(10, 16)
        ):
            return error(400, "Invalid Destination")
        if not is_content(form, kind):
            return error(400, f"Invalid {'Template' if kind == 'template' else 'Message'}")
        window = self.recent.setdefault(app["name"], deque())
        now = time.monotonic()
        while window and window[0] < now - 1:
            window.popleft()
        if len(window) >= RATE_PER_SECOND:
            return error(429, "Too Many Requests", code=4001, headers={"Retry-After": "1"})
        window.append(now)
        return None

    async def list_templates(self, request: web.Request) -> web.Response:
        app = self.phones.app(request.match_info["app"])
        if app is None or app["api_key"] != request.headers.get("apikey"):
            return error(401, "Authentication Failed")
        templates = [
            {"id": key, "elementName": key, "languageCode": "pt_BR", "category": "UTILITY",
             "status": "APPROVED", "templateType": "TEXT", "data": body}
            for key, body in json.loads(app["templates"] or "{}").items()
        ]  # fmt: skip
        return web.json_response({"status": "success", "templates": templates})

    # --- what happens after an acceptance -----------------------------------------------

    def accept(self, form: dict[str, str], kind: str) -> str:
        """Keep the message and plan its receipts; the returned id is Gupshup's messageId."""
        app = self.phones.app(form["src.name"]) or {}
        message_id, wamid = str(uuid.uuid4()), f"wamid.{uuid.uuid4().hex.upper()}"
        phone, text, now = form["destination"], shown_text(form, kind, app), time.time()
        db = self.phones.db
        db.execute("begin immediate")
        db.execute(
            "insert into messages (id, app, phone, direction, kind, text, form, wamid, status, at)"
            " values (?, ?, ?, 'in', ?, ?, ?, ?, 'submitted', ?)",
            (message_id, app["name"], phone, kind, text, json.dumps(form), wamid, now),
        )
        for status, after, payload in planned(self.receipts, message_id, wamid, phone, kind):
            body = envelope(app["name"], "message-event", payload, now + after)
            for _ in range(self.receipts["copies"]):
                self.plan(app["name"], body, message_id, status, now + after)
        db.execute("commit")
        self.something_due.set()
        return message_id

    def plan(self, app: str, body: object, message_id: str, status: str, due_at: float) -> None:
        self.phones.db.execute(
            "insert into receipts (app, body, message_id, status, due_at) values (?, ?, ?, ?, ?)",
            (app, json.dumps(body), message_id, status, due_at),
        )

    async def deliver_forever(self, _: web.Application) -> AsyncIterator[None]:
        async def work() -> None:
            timeout = aiohttp.ClientTimeout(total=10)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                while True:
                    due = self.phones.all(
                        "select receipts.*, callback_url from receipts join apps on name = app"
                        " where is_done = 0 and due_at <= ? order by due_at, seq limit 50",
                        time.time(),
                    )
                    await asyncio.gather(*(self.deliver(session, receipt) for receipt in due))
                    if not due:
                        await self.wait_for_next()

        task = asyncio.create_task(work())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.phones.db.close()

    async def wait_for_next(self) -> None:
        self.something_due.clear()
        [row] = self.phones.all("select min(due_at) as at from receipts where is_done = 0")
        wait = 60.0 if row["at"] is None else max(row["at"] - time.time(), 0.001)
        try:
            await asyncio.wait_for(self.something_due.wait(), wait)
        except TimeoutError:
            return  # the next receipt is due

    async def deliver(self, session: aiohttp.ClientSession, receipt: dict[str, Any]) -> None:
        url, headers = receipt["callback_url"], {"Content-Type": "application/json"}
        try:
            async with session.post(url, data=receipt["body"], headers=headers) as got:
                taken = got.status < 300
        except (aiohttp.ClientError, TimeoutError):
            taken = False
        tries = receipt["tries"] + 1
        again_at = time.time() + min(0.25 * 2**tries, 10)
        self.phones.db.execute(
            "update receipts set tries = ?, is_done = ?, due_at = ? where seq = ?",
            (tries, taken or tries > REDELIVERIES, again_at, receipt["seq"]),
        )
        if taken and receipt["status"]:
            self.phones.db.execute(
                "update messages set status = ? where id = ?",
                (receipt["status"], receipt["message_id"]),
            )

    # --- control and the human page -----------------------------------------------------

    async def put_app(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.phones.db.execute(
            "insert or replace into apps values (?, ?, ?, ?, ?)",
            (request.match_info["name"], given["api_key"], given["source"].removeprefix("+"),
             given["callback_url"], json.dumps(given.get("templates", {}))),
        )  # fmt: skip
        return web.Response(status=204)

    async def post_mood(self, request: web.Request) -> web.Response:
        mood = await request.json()
        self.moods.extend([mood] * int(mood.get("times", 1)))
        return web.Response(status=204)

    async def put_receipts(self, request: web.Request) -> web.Response:
        given = await request.json()
        if unknown := given.keys() - RECEIPTS.keys():
            return error(400, f"unknown: {', '.join(sorted(unknown))}")
        self.receipts = RECEIPTS | given
        return web.Response(status=204)

    async def get_messages(self, request: web.Request) -> web.Response:
        phone = request.query.get("destination")
        found = self.phones.all(
            "select * from messages where phone = coalesce(?, phone) order by seq", phone
        )
        return web.json_response([m | {"form": json.loads(m["form"] or "{}")} for m in found])

    async def get_calls(self, _: web.Request) -> web.Response:
        return web.json_response({"count": self.calls})

    async def post_reply(self, request: web.Request) -> web.Response:
        given = await request.json()
        app = self.phones.app(given["app"])
        if app is None:
            return error(404, "Invalid App Details")
        phone, text, now = given["phone"], given["text"], time.time()
        wamid = f"wamid.{uuid.uuid4().hex.upper()}"
        sender = {"phone": phone, "name": given.get("name", "Cliente"), "country_code": phone[:2],
                  "dial_code": phone[2:]}  # fmt: skip
        payload = {"id": wamid, "source": phone, "type": "text", "payload": {"text": text},
                   "sender": sender}  # fmt: skip
        self.phones.db.execute(
            "insert into messages (id, app, phone, direction, kind, text, wamid, at)"
            " values (?, ?, ?, 'out', 'text', ?, ?, ?)",
            (wamid, app["name"], phone, text, wamid, now),
        )
        body = envelope(app["name"], "message", payload, now)
        self.plan(app["name"], body, wamid, "", now)
        self.something_due.set()
        return web.json_response({"wamid": wamid}, status=202)

    async def page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(Path(__file__).with_name("gupshup.html"))


def create_app(platform: Platform) -> web.Application:
    """The simulator, to be mounted at /simulators/gupshup/; keeps its file in `platform.data`."""
    gupshup = Gupshup(platform.data)
    app = web.Application()
    app.cleanup_ctx.append(gupshup.deliver_forever)
    app.add_routes(
        [
            web.post("/wa/api/v1/template/msg", gupshup.send_template),
            web.post("/wa/api/v1/msg", gupshup.send_session),
            web.get("/wa/app/{app}/template", gupshup.list_templates),
            web.put("/_control/apps/{name}", gupshup.put_app),
            web.post("/_control/misbehave", gupshup.post_mood),
            web.put("/_control/receipts", gupshup.put_receipts),
            web.get("/_control/messages", gupshup.get_messages),
            web.get("/_control/calls", gupshup.get_calls),
            web.post("/_control/reply", gupshup.post_reply),
            web.get("/", gupshup.page),
        ]
    )
    return app


def planned(
    how: dict[str, Any], message_id: str, wamid: str, phone: str, kind: str
) -> list[tuple[str, float, dict[str, Any]]]:
    """(status, seconds from now, callback payload) of every receipt a message will get."""
    latency = RECEIPTS["latency"] | how["latency"]
    plan: list[tuple[str, dict[str, Any]]] = [
        ("enqueued", {"id": message_id, "payload": {"whatsappMessageId": wamid, "type": kind}})
    ]
    by_whatsapp = {"id": wamid, "gsId": message_id}
    if how["fail"]:
        plan.append(("failed", by_whatsapp | {"payload": how["fail"]}))
    else:
        for status in ("sent", "delivered", "read"):
            ts = int(time.time() + latency[status])
            plan.append((status, by_whatsapp | {"payload": {"ts": ts}}))
    kept = [step for step in plan if step[0] not in how["drop"]]
    if how["shuffle"]:
        random.shuffle(kept)
    return [
        (
            status,
            0.0 if how["shuffle"] else latency.get(status, latency["sent"]),
            {"type": status, "destination": phone} | payload,
        )
        for status, payload in kept
    ]


def envelope(app: str, kind: str, payload: dict[str, Any], at: float) -> dict[str, Any]:
    """Callback v2; `timestamp` in milliseconds, unlike the seconds of `ts` inside."""
    return {"app": app, "timestamp": int(at * 1000), "version": 2, "type": kind, "payload": payload}


async def misbehave(
    request: web.Request, mood: dict[str, Any], message_id: str | None
) -> web.StreamResponse:
    match mood["do"]:
        case "hang":
            await asyncio.sleep(HANG_SECONDS)
        case "reset":
            if request.transport is not None:
                request.transport.abort()
        case "garbage":
            return web.Response(status=202, text="<html>Bad gateway</html>")
        case "slow":  # a byte a second: each read succeeds, the whole never does
            response = web.StreamResponse(status=202)
            await response.prepare(request)
            for _ in range(HANG_SECONDS):
                await response.write(b" ")
                await asyncio.sleep(1)
        case "answer" if message_id and mood.get("status", 202) < 300:
            return submitted(message_id)
    headers = {"Retry-After": str(mood["retry_after"])} if "retry_after" in mood else {}
    body = mood.get("body", {"status": "error", "message": "Internal Server Error"})
    return web.json_response(body, status=mood.get("status", 500), headers=headers)


def submitted(message_id: str) -> web.Response:
    return web.json_response({"status": "submitted", "messageId": message_id}, status=202)


def error(
    status: int, message: str, headers: dict[str, str] | None = None, **more: Any
) -> web.Response:
    body = {"status": "error", "message": message} | more
    return web.json_response(body, status=status, headers=headers)


def is_content(form: dict[str, str], kind: str) -> bool:
    try:
        content = json.loads(form.get("template" if kind == "template" else "message", ""))
    except ValueError:
        return False
    if not isinstance(content, dict):
        return False
    if kind == "session":
        return bool(content.get("type"))
    params = content.get("params")
    is_params = isinstance(params, list) and all(isinstance(value, str) for value in params)
    return bool(content.get("id")) and is_params


def shown_text(form: dict[str, str], kind: str, app: dict[str, Any]) -> str:
    """What the person reads: the session text, or the template with its variables filled in."""
    if kind == "session":
        return str(json.loads(form["message"]).get("text", ""))
    template = json.loads(form["template"])
    known = json.loads(app.get("templates") or "{}")
    text = str(
        known.get(template["id"], "[" + template["id"] + "] " + " · ".join(template["params"]))
    )
    for index, value in enumerate(template["params"], 1):
        text = text.replace("{{" + str(index) + "}}", value)
    return text
