"""A queue's worker in a process of its own: `worker.py ours|pgqueuer|procrastinate fill|work URL`.

Each as its own documentation runs it fastest in one process; jobs do nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine

JOBS_AT_ONCE = 24  # as many as graphile-worker runs beside it
BATCH = 500  # of one read; pgqueuer's own benches use 100, and it gains nothing above
LEASE_SECONDS = 5  # of ours; the functions' own is 60
POLL_SECONDS = 0.05


def ours(what: str, url: str, jobs: int) -> None:
    """Read by lanes, retried by lease, dead letters after five reads, acknowledged by batch."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as db:
        if what == "fill":
            db.execute(
                "insert into pgmq.q_automations (vt, message) select clock_timestamp(),"
                " jsonb_build_object('n', n) from generate_series(1, %s) as n",
                (jobs,),
            )
            return
        while True:
            rows = db.execute(
                "select item.msg_id, item.read_ct"
                " from unnest(private.read_runs(%s, %s)) as taken (id)"
                " join pgmq.q_automations as item on item.msg_id = taken.id",
                (BATCH, LEASE_SECONDS),
            ).fetchall()
            done = [msg_id for msg_id, reads in rows if reads <= 5 and nothing(msg_id)]
            poisoned = [msg_id for msg_id, reads in rows if reads > 5]
            if poisoned:
                db.execute("select pgmq.archive('automations', %s)", (poisoned,))
            if done:
                db.execute("select pgmq.delete('automations', %s)", (done,))
            else:
                time.sleep(POLL_SECONDS)


def nothing(_: object) -> bool:
    return True


async def pgqueuer(what: str, url: str, jobs: int) -> None:
    import asyncpg
    from pgqueuer import PgQueuer
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.queries import Queries

    connection = await asyncpg.connect(url)
    driver = AsyncpgDriver(connection)
    if what == "fill":
        queries = Queries(driver)
        await queries.install()
        await queries.enqueue(["noop"] * jobs, [b'{"n": %d}' % n for n in range(jobs)], [0] * jobs)
        return
    worker = PgQueuer(driver)

    async def noop(_: object) -> None:
        """Nothing."""

    worker.entrypoint("noop")(noop)
    await worker.run(batch_size=100)


async def procrastinate(what: str, url: str, jobs: int) -> None:
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=url))

    async def noop(n: int) -> None:
        """Nothing."""

    task = app.task(name="noop")(noop)
    async with app.open_async():
        if what == "fill":
            await app.schema_manager.apply_schema_async()
            await task.batch_defer_async(*[{"n": n} for n in range(jobs)])
        else:
            await app.run_worker_async(concurrency=JOBS_AT_ONCE, delete_jobs="always")


RIVALS: dict[str, Callable[[str, str, int], Coroutine[None, None, None]]] = {
    "pgqueuer": pgqueuer,
    "procrastinate": procrastinate,
}


def main(name: str, what: str, url: str, jobs: str = "0") -> None:
    """`fill` makes the schema and the jobs; `work` works until it is killed."""
    if name == "ours":
        ours(what, url, int(jobs))
    else:
        asyncio.run(RIVALS[name](what, url, int(jobs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
