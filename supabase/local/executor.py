"""What pg_net's and pg_cron's background workers do, for the stand-ins: send requests, run jobs."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psycopg
from psycopg import sql

from local_platform.cron_schedule import Schedule
from local_platform.settings import Platform

log = logging.getLogger(__name__)

REQUESTS_AT_ONCE = 200  # pg_net's own batch size
TICK_SECONDS = 1.0
RETRY_SECONDS = 0.5
ANSWER_BYTES = 1_000_000  # kept of an answer, for a person who looks into net._http_response
KEEP_RESPONSES = "6 hours"  # as pg_net
KEEP_MESSAGES = "3 days"  # as Realtime keeps its partitions
NO_SUCH = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)

Connection = psycopg.AsyncConnection[Any]


class Executor:
    """Both workers of one database."""

    def __init__(self, settings: Platform) -> None:
        self.url = settings.database_url("supabase_admin")
        self.running: set[int] = set()
        self.last_start: dict[int, datetime] = {}
        self.started_at = datetime.now(UTC)
        self.tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await asyncio.gather(
                self._forever(lambda connection: self._send_requests(connection, session)),
                self._forever(self._run_jobs),
                self._forever(self._sweep),
            )

    async def _forever(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        """Keep a connection and work on it; a lost server or a missing extension is waited for."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self.url, autocommit=True, connect_timeout=5, application_name="executor"
                ) as connection:
                    await work(connection)
            except NO_SUCH:
                await asyncio.sleep(TICK_SECONDS)
            except psycopg.OperationalError as error:
                log.warning("the database does not answer: %s", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _send_requests(self, connection: Connection, session: aiohttp.ClientSession) -> None:
        await connection.execute("listen local_net")
        while True:
            taken = await connection.execute(
                "delete from net.http_request_queue where id in (select id from"
                " net.http_request_queue order by id limit %s for update skip locked)"
                " returning id, method, url, headers, body, timeout_milliseconds",
                (REQUESTS_AT_ONCE,),
            )
            rows = await taken.fetchall()
            for row in rows:
                self._spawn(self._send(session, *row))
            if not rows:
                async for _ in connection.notifies(timeout=TICK_SECONDS, stop_after=1):
                    pass

    async def _send(
        self,
        session: aiohttp.ClientSession,
        request_id: int,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        timeout_milliseconds: int,
    ) -> None:
        limit = aiohttp.ClientTimeout(total=timeout_milliseconds / 1000)
        answer: dict[str, Any] = {"timed_out": False}
        try:
            async with session.request(
                method, url, headers=headers, data=body, timeout=limit
            ) as response:
                content = await response.content.read(ANSWER_BYTES)
                answer |= {
                    "status_code": response.status,
                    "content_type": response.content_type,
                    "headers": json.dumps(dict(response.headers)),
                    "content": content.decode(errors="replace").replace("\0", ""),
                }
        except TimeoutError:
            answer |= {
                "timed_out": True,
                "error_msg": f"Timeout of {timeout_milliseconds} ms reached",
            }
        except (aiohttp.ClientError, ValueError) as error:
            answer |= {"error_msg": str(error) or type(error).__name__}
        await self._record(request_id, answer)

    async def _record(self, request_id: int, answer: dict[str, Any]) -> None:
        names = ("status_code", "content_type", "headers", "content", "timed_out", "error_msg")
        try:
            async with await psycopg.AsyncConnection.connect(
                self.url, autocommit=True
            ) as connection:
                await connection.execute(
                    "insert into net._http_response (id, status_code, content_type, headers,"
                    " content, timed_out, error_msg) values (%s, %s, %s, %s, %s, %s, %s)",
                    [request_id, *(answer.get(name) for name in names)],
                )
        except psycopg.OperationalError:
            log.warning("the answer to request %s could not be recorded", request_id)

    async def _run_jobs(self, connection: Connection) -> None:
        while True:
            now = datetime.now(UTC)
            jobs = await connection.execute(
                "select jobid, schedule, command, username from cron.job"
                " where active and database = current_database()"
            )
            for job_id, schedule, command, username in await jobs.fetchall():
                # A job never overlaps itself, as in pg_cron.
                if job_id not in self.running and self._is_due(job_id, schedule, now):
                    self.last_start[job_id] = now
                    self.running.add(job_id)
                    self._spawn(self._run_job(job_id, command, username))
            await asyncio.sleep(TICK_SECONDS)

    def _is_due(self, job_id: int, schedule: str, now: datetime) -> bool:
        try:
            parsed = Schedule.parse(schedule)
        except ValueError as error:
            log.warning("job %s has a schedule that cannot be read: %s", job_id, error)
            return False
        # The start of the executor counts as a run: the minute it starts in is not made up for.
        return parsed.is_due(now, self.last_start.get(job_id, self.started_at))

    async def _run_job(self, job_id: int, command: str, username: str) -> None:
        try:
            await self._run_as(job_id, command, username)
        except psycopg.OperationalError as error:
            log.warning("job %s was interrupted: %s", job_id, type(error).__name__)
        finally:
            self.running.discard(job_id)

    async def _run_as(self, job_id: int, command: str, username: str) -> None:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            begun = await connection.execute(
                "insert into cron.job_run_details (jobid, job_pid, database, username, command,"
                " status, start_time) values (%s, pg_backend_pid(), current_database(), %s, %s,"
                " 'running', clock_timestamp()) returning runid",
                (job_id, username, command),
            )
            [run_id] = await begun.fetchone() or [None]
            try:
                await connection.execute(
                    sql.SQL("set session authorization {}").format(sql.Identifier(username))
                )
                done = await connection.execute(command.encode())
                status, message = "succeeded", done.statusmessage
            except psycopg.OperationalError:
                raise
            except psycopg.Error as error:
                status, message = "failed", f"ERROR: {error.diag.message_primary or error}"
            await connection.execute("reset session authorization")
            await connection.execute(
                "update cron.job_run_details set status = %s, return_message = %s,"
                " end_time = clock_timestamp() where runid = %s",
                (status, message, run_id),
            )

    async def _sweep(self, connection: Connection) -> None:
        """Forget what the hosted services forget."""
        while True:
            await connection.execute(
                "delete from realtime.messages where inserted_at < now() - %s::interval",
                (KEEP_MESSAGES,),
            )
            await connection.execute(
                "delete from net._http_response where created < now() - %s::interval",
                (KEEP_RESPONSES,),
            )
            await asyncio.sleep(3600)  # an hour: what is kept is counted in hours


async def run(settings: Platform) -> None:
    """Until SIGTERM; requests under way are given up, as when a server goes down."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    work = asyncio.create_task(Executor(settings).run())
    stop = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    if work in done:
        work.result()
    work.cancel()


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    asyncio.run(run(Platform.from_json(os.environ["LOCAL_PLATFORM"])))


if __name__ == "__main__":
    main()
