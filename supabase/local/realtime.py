"""The realtime service as far as this product uses it: broadcast, from the database, privately.

Implemented: joining and leaving private channels, heartbeats, `access_token`, broadcasts that
`realtime.send()` wrote. Deliberately absent: public channels, presence, postgres_changes, and
broadcasts sent by clients (they are ignored, as without a write policy on a hosted project).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from aiohttp import WSMsgType, web
from psycopg_pool import AsyncConnectionPool

from local_platform.realtime_access import Claims, Pool, Refused, may_read, verify
from local_platform.realtime_protocol import Frame, broadcast, system_error
from local_platform.settings import Platform

log = logging.getLogger(__name__)

# Messages are a few hundred bytes of ids; a reader 256 behind has left, and refetches on return.
QUEUE_FRAMES = 256
# Clients send a heartbeat every 25 s; the hosted service hangs up after 60 s of silence.
SILENCE_SECONDS = 60
# The largest frame a client has reason to send is a join with its token.
FRAME_BYTES = 100_000
RECONNECT_SECONDS = 0.5
LISTENER_CHECK_SECONDS = 30


@dataclass(eq=False)
class Channel:
    """One joining of one topic by one socket."""

    socket: "Socket"
    topic: str
    join_ref: str | None
    claims: Claims
    expiry: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        return self.topic.removeprefix("realtime:")


@dataclass(eq=False)
class Socket:
    """One connected client with its channels and the frames it has not read yet."""

    ws: web.WebSocketResponse
    request: web.Request
    version: str
    default_token: str
    channels: dict[str, Channel] = field(default_factory=dict)
    outbox: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES))

    def offer(self, frame: Frame) -> None:
        """Queue a frame; a client that stopped reading is cut off, so that nobody waits for it."""
        try:
            self.outbox.put_nowait(frame.encode(self.version))
        except asyncio.QueueFull:
            log.warning("a slow reader was cut off")
            self.cut_off()

    def cut_off(self) -> None:
        if self.request.transport is not None:
            self.request.transport.abort()

    async def write_forever(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self.ws.send_str(await self.outbox.get())


class Realtime:
    """All sockets of the stack, and the one connection that listens for new messages."""

    def __init__(self, settings: Platform) -> None:
        self.settings = settings
        self.sockets: set[Socket] = set()
        self.topics: dict[str, set[Channel]] = {}
        self.pool: Pool = AsyncConnectionPool(
            settings.database_url("supabase_admin"),
            min_size=1,
            max_size=6,
            timeout=10,
            open=False,
            kwargs={"application_name": "realtime"},
            check=AsyncConnectionPool.check_connection,
        )

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """aiohttp's start-up and clean-up in one."""
        await self.pool.open()
        listener = asyncio.create_task(self._listen_forever())
        yield
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
        for socket in list(self.sockets):
            await socket.ws.close(code=1012, message=b"service restart")
        await self.pool.close()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One client, from its handshake to its end. The gateway has checked the API key."""
        ws = web.WebSocketResponse(
            receive_timeout=SILENCE_SECONDS, max_msg_size=FRAME_BYTES, compress=False
        )
        await ws.prepare(request)
        socket = Socket(ws, request, request.query.get("vsn", "1.0.0"), request["api_token"])
        self.sockets.add(socket)
        writer = asyncio.create_task(socket.write_forever())
        try:
            await self._read(socket)
        finally:
            writer.cancel()
            for channel in list(socket.channels.values()):
                self._forget(channel)
            self.sockets.discard(socket)
        return ws

    async def _read(self, socket: Socket) -> None:
        with contextlib.suppress(asyncio.TimeoutError, ConnectionError):
            async for message in socket.ws:
                if message.type is not WSMsgType.TEXT:
                    continue  # a client's own broadcast: nobody may write to our topics
                try:
                    frame = Frame.decode(message.data)
                except ValueError:
                    await socket.ws.close(code=1007, message=b"not a Phoenix frame")
                    return
                await self._answer(socket, frame)

    async def _answer(self, socket: Socket, frame: Frame) -> None:
        if frame.topic == "phoenix" and frame.event == "heartbeat":
            socket.offer(frame.reply("ok", {}))
        elif frame.event == "phx_join":
            await self._join(socket, frame)
        elif frame.event == "phx_leave":
            socket.offer(frame.reply("ok", {}))
            if frame.topic in socket.channels:
                self._close(socket.channels[frame.topic])
        elif frame.event == "access_token" and frame.topic in socket.channels:
            await self._renew(socket.channels[frame.topic], frame.payload.get("access_token"))
        elif frame.event == "broadcast" or frame.event == "presence":
            return  # ignored: see the module's first lines
        elif frame.ref is not None:
            socket.offer(frame.reply("error", {"reason": "unmatched topic"}))

    async def _join(self, socket: Socket, frame: Frame) -> None:
        try:
            claims = await self._admit(socket, frame)
        except Refused as refusal:
            socket.offer(frame.reply("error", {"reason": str(refusal)}))
            return
        if frame.topic in socket.channels:
            self._forget(socket.channels[frame.topic])
        channel = Channel(socket, frame.topic, frame.join_ref or frame.ref, claims)
        socket.channels[frame.topic] = channel
        self.topics.setdefault(channel.name, set()).add(channel)
        self._end_with_token(channel)
        socket.offer(frame.reply("ok", {"postgres_changes": []}))

    async def _admit(self, socket: Socket, frame: Frame) -> Claims:
        name = frame.topic.removeprefix("realtime:")
        if not frame.topic.startswith("realtime:") or not name:
            raise Refused("TopicNameRequired: You must provide a topic name")
        if frame.payload.get("config", {}).get("private") is not True:
            raise Refused("PrivateOnly: This project only allows private channels")
        token = frame.payload.get("access_token") or socket.default_token
        if token.startswith("sb_"):
            token = socket.default_token
        claims = verify(token, self.settings.secrets.jwt_secret)
        if not await self._may_read(name, claims):
            raise Refused(
                "Unauthorized: You do not have permissions to read from this Channel topic: " + name
            )
        return claims

    async def _may_read(self, name: str, claims: Claims) -> bool:
        try:
            return await may_read(self.pool, name, claims)
        except psycopg.Error as error:
            log.warning("cannot ask the database about a topic: %s", type(error).__name__)
            return False

    async def _renew(self, channel: Channel, token: Any) -> None:
        """A refreshed token replaces the old one; one that may no longer read ends the channel."""
        if not isinstance(token, str) or token.startswith("sb_"):
            return
        try:
            channel.claims = verify(token, self.settings.secrets.jwt_secret)
        except Refused as refusal:
            self._shut(channel, str(refusal))
            return
        self._end_with_token(channel)
        if not await self._may_read(channel.name, channel.claims):
            self._shut(channel, revoked(channel))

    def _end_with_token(self, channel: Channel) -> None:
        if channel.expiry is not None:
            channel.expiry.cancel()
        left = max(0.0, channel.claims.expires_at - time.time())
        message = "Token has expired 0 seconds ago"
        channel.expiry = asyncio.get_running_loop().call_later(left, self._shut, channel, message)

    def _shut(self, channel: Channel, message: str) -> None:
        channel.socket.offer(system_error(channel.topic, message))
        self._close(channel)

    def _close(self, channel: Channel) -> None:
        ref = channel.join_ref
        channel.socket.offer(Frame(ref, ref, channel.topic, "phx_close", {}))
        self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        if channel.expiry is not None:
            channel.expiry.cancel()
        if channel.socket.channels.get(channel.topic) is channel:
            del channel.socket.channels[channel.topic]
        members = self.topics.get(channel.name, set())
        members.discard(channel)
        if not members:
            self.topics.pop(channel.name, None)

    async def _listen_forever(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                log.warning("listening was interrupted: %s", type(error).__name__)
            # What was said meanwhile is lost here as it may be there: clients come back, join
            # again and fetch, which is how they catch up.
            for socket in list(self.sockets):
                socket.cut_off()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        url = self.settings.database_url("supabase_admin")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("listen local_realtime")
            while True:
                async for note in connection.notifies(timeout=LISTENER_CHECK_SECONDS):
                    await self._deliver(note.payload.split(","))
                await connection.execute("select 1")  # raises when the server has gone

    async def _deliver(self, ids: list[str]) -> None:
        async with self.pool.connection() as connection:
            found = await connection.execute(
                "select topic, event, payload, id::text from unnest(%s::uuid[]) with ordinality"
                " as wanted(id, place) join realtime.messages using (id)"
                " where private order by place",
                (ids,),
            )
            rows = await found.fetchall()
        for topic, event, payload, message_id in rows:
            members = list(self.topics.get(topic, ()))
            answers = await asyncio.gather(*(self._may_read(topic, c.claims) for c in members))
            for channel, allowed in zip(members, answers, strict=True):
                # Stricter than the hosted service, which asks again only with a new token: a
                # revoked membership hears nothing more from this moment on.
                if allowed:
                    channel.socket.offer(broadcast(channel.topic, event, payload, message_id))
                else:
                    self._shut(channel, revoked(channel))


def revoked(channel: Channel) -> str:
    return f"You no longer have permission to read from this Channel topic: {channel.name}"
