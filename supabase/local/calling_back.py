"""What the simulated companies keep in a file, and how they call back until somebody listens."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

CALL_SECONDS = 10  # a callback not answered by then is offered again


class Store:
    """Everything a simulator must not forget, in one SQLite file: a real provider survives us."""

    def __init__(self, path: Path, schema: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made in one thread, used by the one that runs the event loop; never by two.
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(schema)

    def all(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self.db.execute(sql, values)]


class CallingBack:
    """The task that delivers planned callbacks. A subclass names them and makes one call."""

    DUE: str  # the callbacks due at a time (s since 1970), its only parameter
    NEXT: str  # `at`: when the next one is due; null when none waits

    def __init__(self, store: Store) -> None:
        self.kept = store
        self.something_due = asyncio.Event()

    async def deliver(self, session: aiohttp.ClientSession, planned: dict[str, Any]) -> None:
        raise NotImplementedError

    async def deliver_forever(self, _: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._work())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.kept.db.close()

    async def _work(self) -> None:
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                due = self.kept.all(self.DUE, time.time())
                await asyncio.gather(*(self.deliver(session, planned) for planned in due))
                if not due:
                    await self._wait_for_next()

    async def _wait_for_next(self) -> None:
        self.something_due.clear()
        [row] = self.kept.all(self.NEXT)
        wait = 60.0 if row["at"] is None else max(row["at"] - time.time(), 0.001)
        try:
            await asyncio.wait_for(self.something_due.wait(), wait)
        except TimeoutError:
            return  # the next one is due
