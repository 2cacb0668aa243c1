"""What the simulated WhatsApp companies share: people's phones, receipts, moods and bad weather.

Messages are accepted, kept on disk (a real provider survives our crashes) and followed by
receipts of their own latency. `/` shows the phones; `/_control` is for tests and the stack:

    POST /_control/misbehave     {"do": "answer" | "hang" | "reset" | "garbage" | "slow",
                                  "accept": false, "status", "body", "retry_after", "times": 1,
                                  "phone": only its next send, digits}
    PUT  /_control/weather       {"faults": {name: share of calls}, "seed", "hang_seconds"}; names
                                  of WEATHER below, for thousands of calls at once
    PUT  /_control/receipts      any of RECEIPTS below
    PUT  /_control/pace          {"answer_seconds", "rate_per_second"}
    GET  /_control/messages      ?destination=…&phone=…; oldest first
    GET  /_control/calls         {"count"} of send requests, refused ones included
    POST /_control/reply         {"app", "phone", "text" | "media", "name"}: the person answers;
                                  media: image, sticker, audio, document, location, contacts, with
                                  "file" (base64), "mime_type", "file_name" for bytes of one's own
"""

import asyncio
import base64
import json
import random
import time
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from local_platform.calling_back import CallingBack, Store
from local_platform.samples import SAMPLES

ANSWER_SECONDS = 0.08  # what a provider's host takes from São Paulo on a good day
RATE_PER_SECOND = 80  # Meta's default throughput of one number; Gupshup publishes none
HANG_SECONDS = 120  # longer than any sender waits
REDELIVERIES = 12  # callbacks are offered again while our side is down, then given up

RECEIPTS: dict[str, Any] = {
    "latency": {"enqueued": 0.15, "sent": 0.7, "delivered": 1.6, "read": 4.0},  # seconds
    "copies": 1,  # 2 delivers every receipt twice
    "shuffle": False,  # deliver a message's receipts in any order, all at once
    "drop": [],  # receipts never delivered, by name
    # {"code": 1002, "reason": "…", "phones": only theirs, digits}: `failed` instead of sent,
    # delivered and read
    "fail": None,
}
# What may happen to a share of the calls; "taken" ones reached the company all the same.
WEATHER: dict[str, dict[str, Any]] = {
    "429": {"do": "answer", "status": 429, "retry_after": 1},
    "500": {"do": "answer", "status": 500},
    "reset": {"do": "reset"},
    "reset_taken": {"do": "reset", "accept": True},
    "hang": {"do": "hang"},
    "hang_taken": {"do": "hang", "accept": True},
}

SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists accounts (
    name text primary key, api_key text, source text, callback_url text, templates text,
    more text);
create table if not exists messages (
    seq integer primary key, id text unique, app text, phone text, direction text, kind text,
    text text, form text, wamid text, status text, at real);
create index if not exists messages_by_phone on messages (phone);
create table if not exists receipts (
    seq integer primary key, app text, body text, message_id text, status text, due_at real,
    tries integer default 0, is_done integer default 0);
create table if not exists files (id text primary key, mime_type text, content blob);
create index if not exists receipts_due on receipts (due_at) where is_done = 0;
"""


class Phones(Store):
    """The file, with the accounts in it."""

    def account(self, name: str) -> dict[str, Any] | None:
        return next(iter(self.all("select * from accounts where name = ?", name)), None)


class Company(CallingBack):
    """A simulated company: its accounts, its moods, and the task that delivers callbacks.

    A subclass writes the documented requests and answers, and the bodies of its callbacks.
    """

    name: str
    DUE = (
        "select receipts.*, callback_url, more from receipts join accounts on name = app"
        " where is_done = 0 and due_at <= ? order by due_at, seq limit 50"
    )
    NEXT = "select min(due_at) as at from receipts where is_done = 0"

    def __init__(self, data_folder: Path) -> None:
        self.store = Phones(data_folder / f"simulator_{self.name}.sqlite3", SCHEMA)
        super().__init__(self.store)
        self.receipts = dict(RECEIPTS)
        self.moods: deque[dict[str, Any]] = deque()
        self.weather: dict[str, float] = {}
        self.dice = random.Random(0)  # noqa: S311 - faults, not secrets
        self.hang_seconds: float = HANG_SECONDS
        self.answer_seconds: float = ANSWER_SECONDS
        self.rate_per_second = RATE_PER_SECOND
        self.calls = 0
        self.recent: dict[str, deque[float]] = {}

    # --- what a company says in its own words ---------------------------------------------

    def accepted(self, message_id: str, phone: str) -> web.Response:
        raise NotImplementedError

    def receipt_body(
        self, account: dict[str, Any], status: str, message: dict[str, Any], at: float
    ) -> object:
        raise NotImplementedError

    def inbound_body(
        self, account: dict[str, Any], wamid: str, given: dict[str, Any], at: float
    ) -> object:
        raise NotImplementedError

    def callback_headers(self, account: dict[str, Any], body: bytes) -> dict[str, str]:
        return {"Content-Type": "application/json"}

    # --- taking a message -------------------------------------------------------------------

    async def take(
        self, request: web.Request, refusal: web.Response | None, message: dict[str, Any]
    ) -> web.StreamResponse:
        """Answer one send request. message: {account, phone, kind, text, form}."""
        self.calls += 1
        mood = self.mood_for(message["phone"]) or self.bad_luck()
        if mood is None:
            if refusal is not None:
                await asyncio.sleep(self.answer_seconds)
                return refusal
            taken = self.accept(**message)
            await asyncio.sleep(self.answer_seconds)  # taken, not told yet: callers die in between
            return self.accepted(taken, message["phone"])
        taken = self.accept(**message) if mood.get("accept") and refusal is None else ""
        return await self.misbehave(request, mood, taken, message["phone"])

    def mood_for(self, phone: str, on: str = "send") -> dict[str, Any] | None:
        """The oldest mood for anybody or for this phone; each is for one send, or one question."""
        for mood in self.moods:
            if mood.get("on", "send") == on and mood.get("phone", phone) == phone:
                self.moods.remove(mood)
                return mood
        return None

    def bad_luck(self) -> dict[str, Any] | None:
        if not self.weather:
            return None
        thrown = self.dice.random()
        for name, share in self.weather.items():
            if thrown < share:
                return WEATHER[name]
            thrown -= share
        return None

    def is_too_fast(self, account: str) -> bool:
        window = self.recent.setdefault(account, deque())
        now = time.monotonic()
        while window and window[0] < now - 1:
            window.popleft()
        if len(window) >= self.rate_per_second:
            return True
        window.append(now)
        return False

    def accept(self, account: str, phone: str, kind: str, text: str, form: dict[str, Any]) -> str:
        """Keep the message and plan its receipts; the returned id is the company's."""
        found = self.store.account(account) or {}
        wamid, now = f"wamid.{uuid.uuid4().hex.upper()}", time.time()
        message_id = self.message_id(wamid)
        message = {"id": message_id, "wamid": wamid, "phone": phone, "kind": kind, "form": form}
        db = self.store.db
        db.execute("begin immediate")
        db.execute(
            "insert into messages (id, app, phone, direction, kind, text, form, wamid, status, at)"
            " values (?, ?, ?, 'in', ?, ?, ?, ?, 'submitted', ?)",
            (message_id, account, phone, kind, text, json.dumps(form), wamid, now),
        )
        for status, after in self.planned(str(message["phone"])):
            body = self.receipt_body(found, status, message, now + after)
            for _ in range(self.receipts["copies"]):
                self.plan(account, body, message_id, status, now + after)
        db.execute("commit")
        self.something_due.set()
        return message_id

    def message_id(self, wamid: str) -> str:
        return str(uuid.uuid4())

    def planned(self, phone: str) -> list[tuple[str, float]]:
        """(status, seconds from now) of every receipt a message to that number will get."""
        how = self.receipts
        fails = how["fail"] and phone in how["fail"].get("phones", [phone])
        latency = RECEIPTS["latency"] | how["latency"]
        steps = ["enqueued", "failed"] if fails else ["enqueued", "sent", "delivered", "read"]
        kept = [step for step in steps if step not in how["drop"]]
        if how["shuffle"]:
            self.dice.shuffle(kept)
        wait = {step: latency.get(step, latency["sent"]) for step in kept}
        return [(step, 0.0 if how["shuffle"] else wait[step]) for step in kept]

    def plan(self, account: str, body: object, message_id: str, status: str, due: float) -> None:
        self.store.db.execute(
            "insert into receipts (app, body, message_id, status, due_at) values (?, ?, ?, ?, ?)",
            (account, json.dumps(body), message_id, status, due),
        )

    # --- calling back -----------------------------------------------------------------------

    async def deliver(self, session: aiohttp.ClientSession, receipt: dict[str, Any]) -> None:
        url, body = receipt["callback_url"], receipt["body"].encode()
        headers = self.callback_headers(receipt, body)
        try:
            async with session.post(url, data=body, headers=headers) as got:
                taken = got.status < 300
        except (aiohttp.ClientError, TimeoutError):
            taken = False
        tries = receipt["tries"] + 1
        again_at = time.time() + min(0.25 * 2**tries, 10)
        self.store.db.execute(
            "update receipts set tries = ?, is_done = ?, due_at = ? where seq = ?",
            (tries, taken or tries > REDELIVERIES, again_at, receipt["seq"]),
        )
        if taken and receipt["status"]:
            self.store.db.execute(
                "update messages set status = ? where id = ?",
                (receipt["status"], receipt["message_id"]),
            )

    async def tell(self, request: web.Request, told: web.Response) -> web.StreamResponse:
        """Answer one question, or misbehave if told to (a mood on `list`)."""
        mood = self.mood_for("", on="list")
        return await self.misbehave(request, mood, "", "") if mood else told

    async def misbehave(
        self, request: web.Request, mood: dict[str, Any], taken: str, phone: str
    ) -> web.StreamResponse:
        match mood["do"]:
            case "hang":
                await asyncio.sleep(self.hang_seconds)
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
            case "answer" if taken and mood.get("status", 202) < 300:
                return self.accepted(taken, phone)
        headers = {"Retry-After": str(mood["retry_after"])} if "retry_after" in mood else {}
        body = mood.get("body", self.failure_body(mood.get("status", 500)))
        return web.json_response(body, status=mood.get("status", 500), headers=headers)

    def failure_body(self, status: int) -> object:
        return {"status": "error", "message": "Internal Server Error"}

    # --- control and the human page -----------------------------------------------------

    async def post_mood(self, request: web.Request) -> web.Response:
        mood = await request.json()
        self.moods.extend([mood] * int(mood.get("times", 1)))
        return web.Response(status=204)

    async def put_weather(self, request: web.Request) -> web.Response:
        given = await request.json()
        if unknown := given["faults"].keys() - WEATHER.keys():
            return web.json_response({"unknown": sorted(unknown)}, status=400)
        self.weather = given["faults"]
        self.dice.seed(given.get("seed", 0))
        self.hang_seconds = given.get("hang_seconds", HANG_SECONDS)
        return web.Response(status=204)

    async def put_receipts(self, request: web.Request) -> web.Response:
        given = await request.json()
        if unknown := given.keys() - RECEIPTS.keys():
            return web.json_response({"unknown": sorted(unknown)}, status=400)
        self.receipts = RECEIPTS | given
        return web.Response(status=204)

    async def put_pace(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.answer_seconds = given.get("answer_seconds", self.answer_seconds)
        self.rate_per_second = given.get("rate_per_second", self.rate_per_second)
        return web.Response(status=204)

    async def get_messages(self, request: web.Request) -> web.Response:
        phone = request.query.get("destination")
        found = self.store.all(
            "select * from messages where phone = coalesce(?, phone) order by seq", phone
        )
        return web.json_response([m | {"form": json.loads(m["form"] or "{}")} for m in found])

    async def get_calls(self, _: web.Request) -> web.Response:
        return web.json_response({"count": self.calls})

    async def post_reply(self, request: web.Request) -> web.Response:
        given = await request.json()
        account = self.store.account(given["app"])
        if account is None:
            return web.json_response({"unknown": given["app"]}, status=404)
        text, now = given.get("text") or f"[{given.get('media', '?')}]", time.time()
        wamid = f"wamid.{uuid.uuid4().hex.upper()}"
        given |= self.keep_file(given)
        self.store.db.execute(
            "insert into messages (id, app, phone, direction, kind, text, wamid, at)"
            " values (?, ?, ?, 'out', 'text', ?, ?, ?)",
            (wamid, account["name"], given["phone"], text, wamid, now),
        )
        body = self.inbound_body(account, wamid, given, now)
        self.plan(account["name"], body, wamid, "", now)
        self.something_due.set()
        return web.json_response({"wamid": wamid}, status=202)

    def keep_file(self, given: dict[str, Any]) -> dict[str, Any]:
        """{"file_id", "mime_type", "file_name"} of what the person sends along, kept to be got."""
        if given.get("media") not in SAMPLES:
            return {}
        mime_type, name, content = SAMPLES[given["media"]]()
        if "file" in given:
            content = base64.b64decode(given["file"])
        mime_type, name = given.get("mime_type", mime_type), given.get("file_name", name)
        file_id = uuid.uuid4().hex
        values = (file_id, mime_type, content)
        self.store.db.execute("insert into files values (?, ?, ?)", values)
        return {"file_id": file_id, "mime_type": mime_type, "file_name": name}

    def file(self, file_id: str) -> web.Response:
        mood = self.mood_for("", on="file") or {}
        found = self.store.all("select * from files where id = ?", file_id)
        if not found or mood:
            return web.Response(status=mood.get("status", 404))
        return web.Response(body=found[0]["content"], content_type=found[0]["mime_type"])

    async def page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(Path(__file__).with_name("phones.html"))

    def application(self, routes: list[web.RouteDef]) -> web.Application:
        """The simulator, to be mounted at /simulators/<name>/."""
        app = web.Application()
        app.cleanup_ctx.append(self.deliver_forever)
        app.add_routes(
            [
                *routes,
                web.post("/_control/misbehave", self.post_mood),
                web.put("/_control/weather", self.put_weather),
                web.put("/_control/receipts", self.put_receipts),
                web.put("/_control/pace", self.put_pace),
                web.get("/_control/messages", self.get_messages),
                web.get("/_control/calls", self.get_calls),
                web.post("/_control/reply", self.post_reply),
                web.get("/", self.page),
            ]
        )
        return app


def filled(body: str, params: list[str]) -> str:
    """A template's text with its numbered variables replaced."""
    for index, value in enumerate(params, 1):
        body = body.replace("{{" + str(index) + "}}", value)
    return body
