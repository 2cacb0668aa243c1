"""Bulk WhatsApp, queue and state included, against one message at a time through httpx.

Both arms do the same for each message: intent committed, one call of 100 ms, answer settled.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg

from kit import config, db, http
from local_platform import demo
from local_platform.stack import Stack
from outbox import bulk
from providers import gupshup
from providers.whatsapp import Account, Template
from tests.bench.table import BenchRow

ANSWER_SECONDS = 0.1  # the latency the goal is written for
PACE = 1000  # messages/s, the highest that Meta grants to a number
OURS, ONE_BY_ONE = 3_000, 60  # messages; the slow arm needs no more to be known
BUDGET_SECONDS = 120
CRASH_PACE, CRASHED = 80, 1_200  # the default of a number: a rate that this machine surely holds
LOOK_SECONDS = 0.05  # between two looks at how far it is: a twentieth of what is told
TENANT = "d0000000-0000-4000-8000-000000000001"
# More than the demo's own people, documents far from theirs.
PEOPLE = """
with made as (
    insert into public.clients (tenant_id, document, name, uf)
    select %(tenant)s, lpad((70000000000 + %(first)s + n)::text, 11, '0'), 'Lote ' || n, 'SP'
    from generate_series(1, %(count)s) as n returning id, document
),
phones as (
    insert into public.client_phones (tenant_id, client_id, phone, kind)
    select %(tenant)s, id, '+55119' || right(document, 8), 'mobile' from made
),
debts as (
    insert into public.debts
        (tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents)
    select %(tenant)s, id,
        (select id from public.creditors where tenant_id = %(tenant)s order by name limit 1),
        'BENCH-' || document, 1, '2026-08-01', 15000
    from made
)
select id::text from made
"""


def rows(stack: Stack) -> list[BenchRow]:
    """Messages per second of both arms, and the CPU of ours per message."""
    configure(stack)
    with psycopg.connect(stack.settings.database_url(), autocommit=True) as owner:
        prepare(owner, stack)
        seconds, alone = one_by_one(stack)
        reference = ONE_BY_ONE / seconds
        with resting(owner):
            wall, cpu, sent = ours(owner)
        crashed = after_a_kill(owner)
        told = with_receipts(owner, stack)
    rate = sent / wall
    return [
        BenchRow(
            "bulk WhatsApp, provider 100 ms",
            f"{reference:.0f} messages/s one by one,"
            f" {alone / ONE_BY_ONE * 1000:.2f} ms of CPU each",
            f"{rate:.0f} messages/s, {cpu / max(sent, 1) * 1000:.2f} ms of CPU each",
            f"{rate / reference:.0f} ×",
            "≥ 10 ×, ≤ 0.5 ms",
        ),
        crashed,
        told,
    ]


def configure(stack: Stack) -> None:
    settings = stack.settings
    read = config.read(
        {
            "FUNCTIONS_DATABASE_URL": settings.database_url("functions"),
            "JOBS_KEY": "bench",
            "SUPABASE_JWT_SECRET": settings.secrets.jwt_secret,
            "SIMULATORS_URL": f"http://127.0.0.1:{settings.simulators_port}/simulators",
        }
    )
    config.settings = lambda: read  # type: ignore[assignment]  # the bench's stack, not the machine's


def prepare(owner: psycopg.Connection[Any], stack: Stack) -> None:
    """The pace is granted on both sides, and no receipt disturbs the measurement."""
    base = f"http://127.0.0.1:{stack.settings.simulators_port}/simulators/gupshup/_control"
    pace = {"answer_seconds": ANSWER_SECONDS, "rate_per_second": 10 * PACE}
    httpx.put(f"{base}/pace", json=pace, timeout=5).raise_for_status()
    drop = ["enqueued", "sent", "delivered", "read"]
    httpx.put(f"{base}/receipts", json={"drop": drop}, timeout=5).raise_for_status()
    owner.execute("update public.senders set throughput_per_second = %s", (PACE,))
    owner.execute(
        "insert into public.message_policies (tenant_id, confirm_above_recipients)"
        " values (%s, 1000000) on conflict do nothing",
        (TENANT,),
    )


def one_by_one(stack: Stack) -> tuple[float, float]:
    """Seconds and CPU seconds for ONE_BY_ONE messages, each with two transactions and one call."""
    account = Account(demo.GUPSHUP, demo.GUPSHUP_API_KEY)
    template = Template("lembrete", "lembrete", "pt_BR", ["Ana", "R$ 1,00"])
    with psycopg.connect(stack.settings.database_url(), autocommit=True) as plain:
        plain.execute("create temporary table sent (id uuid primary key, status text)")
        started, cpu = time.perf_counter(), time.process_time()
        for number in range(ONE_BY_ONE):
            message_id = uuid.uuid4()
            plain.execute("insert into sent values (%s, 'sending')", (message_id,))
            call = gupshup.template_call(account, f"+55119{60_000_000 + number}", template, None)
            result = gupshup.read_answer(http.perform(call))
            plain.execute("update sent set status = %s where id = %s", (result.outcome, message_id))
        return time.perf_counter() - started, time.process_time() - cpu


def ours(owner: psycopg.Connection[Any]) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds of this process, and messages accepted."""
    batch_id = begun(owner, OURS, 0)
    wall, cpu = time.perf_counter(), time.process_time()
    drain()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall, cpu, submitted(owner, batch_id)


def submitted(owner: psycopg.Connection[Any], batch_id: uuid.UUID) -> int:
    [(sent,)] = owner.execute(
        "select count(*) from public.message_logs where batch_id = %s and status = 'submitted'",
        (batch_id,),
    )
    return int(sent)


def drain() -> None:
    """As send-notifications does it, until nothing is due."""

    async def run() -> None:
        async with http.session(bulk.CONNECTIONS) as session:
            await bulk.Drain(session, time.monotonic() + BUDGET_SECONDS).run()

    asyncio.run(run())


def sweep() -> None:
    """Drains again and again, as those that the database wakes."""
    until = time.monotonic() + BUDGET_SECONDS
    while time.monotonic() < until:
        drain()
        time.sleep(LOOK_SECONDS)


def after_a_kill(owner: psycopg.Connection[Any]) -> BenchRow:
    """The sender is killed at half of a batch and another begins at once: its rate against that
    before, and how long the last of what the dead one held takes to be somebody's again."""
    owner.execute("update public.senders set throughput_per_second = %s", (CRASH_PACE,))
    processes, alone = multiprocessing.get_context("fork"), resting(owner)
    db.close()  # a connection is nobody's twice
    with alone:
        batch_id = begun(owner, CRASHED, OURS)

        def reached(count: Callable[[], bool]) -> float:
            until = time.perf_counter() + BUDGET_SECONDS
            while not count() and time.perf_counter() < until:
                time.sleep(LOOK_SECONDS)
            return time.perf_counter()

        first = processes.Process(target=drain)
        first.start()
        began = reached(lambda: submitted(owner, batch_id) > 0)
        half = reached(lambda: submitted(owner, batch_id) >= CRASHED // 2)
        before = submitted(owner, batch_id) / (half - began)
        os.kill(first.pid or 0, signal.SIGKILL)
        first.join()
        killed, known = time.perf_counter(), submitted(owner, batch_id)
        [(held,)] = owner.execute(
            "select count(*) from public.batch_recipients where batch_id = %s"
            " and status = 'claimed'", (batch_id,),
        )  # fmt: skip
        second = processes.Process(target=sweep)
        second.start()
        resumed = reached(lambda: submitted(owner, batch_id) > known)
        again, free = submitted(owner, batch_id), CRASHED - held
        ended = reached(lambda: submitted(owner, batch_id) >= free)
        after = (submitted(owner, batch_id) - again) / (ended - resumed)
        left = (
            "select count(*) from public.batch_recipients where batch_id = %s"
            " and status in ('waiting', 'claimed')"
        )
        whole = reached(lambda: owner.execute(left, (batch_id,)).fetchall() == [(0,)])
        second.kill()
        second.join()
        [(doubtful,)] = owner.execute(
            "select count(*) from public.message_logs where batch_id = %s"
            " and status in ('sending', 'unknown')", (batch_id,),
        )  # fmt: skip
    return BenchRow(
        "the same at 80/s, sender killed at half",
        f"{before:.1f} messages/s before",
        f"{after:.1f} messages/s after, first after {resumed - killed:.1f} s; the {held} it held"
        f" after {whole - killed:.1f} s; {doubtful} in doubt",
        f"{after / before:.2f} ×",
        f"≥ 0.95 ×, ≤ {bulk.LEASE_SECONDS + 1} s",
    )


def with_receipts(owner: psycopg.Connection[Any], stack: Stack) -> BenchRow:
    """At a number's default pace, four receipts of each message: seconds from the last message
    that was accepted to the last that was read, of numbers known to have WhatsApp and of new ones,
    which their first receipt proves. Sent by whoever the database wakes, as always."""
    control = f"http://127.0.0.1:{stack.settings.simulators_port}/simulators/gupshup/_control"
    httpx.put(f"{control}/receipts", json={"drop": []}, timeout=5).raise_for_status()
    owner.execute("update public.senders set throughput_per_second = %s", (CRASH_PACE,))
    arms = []
    for arm, known in enumerate((True, None)):
        first = OURS + CRASHED * (1 + arm)
        batch_id = begun(owner, CRASHED, first, known)

        def all_are(statuses: list[str], batch_id: uuid.UUID = batch_id) -> float:
            count = "select count(*) from public.message_logs where batch_id = %s and status::text"
            until = time.perf_counter() + BUDGET_SECONDS
            while time.perf_counter() < until:
                found = owner.execute(f"{count} = any(%s)".encode(), (batch_id, statuses))
                if found.fetchall() == [(CRASHED,)]:
                    break
                time.sleep(LOOK_SECONDS)
            return time.perf_counter()

        started = time.perf_counter()
        sent = all_are(["submitted", "sent", "delivered", "read"])
        read = all_are(["read"])
        arms.append((CRASHED / (sent - started), read - sent))
    [(proved,)] = owner.execute(
        "select count(*) from public.batch_recipients as recipient"
        " join public.client_phones as phone using (client_id)"
        " where batch_id = %s and has_whatsapp", (batch_id,),
    )  # fmt: skip
    known_arm, new_arm = (
        f"{rate:.0f} messages/s, all read {after:.1f} s after" for rate, after in arms
    )
    return BenchRow(
        f"{CRASHED} at 80/s with four receipts each, numbers known and new",
        f"known: {known_arm}",
        f"new: {new_arm}, {proved} proved",
        f"{arms[1][1] / arms[0][1]:.2f} ×",
        "—",
    )


@contextlib.contextmanager
def resting(owner: psycopg.Connection[Any]) -> Iterator[None]:
    """The stack's own senders are not woken: the one that is killed is the only one."""
    rename = "select vault.update_secret(id, null, %s) from vault.secrets where name = %s"
    owner.execute(rename, ("functions_url of the bench", "functions_url"))
    try:
        yield
    finally:
        owner.execute(rename, ("functions_url", "functions_url of the bench"))


def begun(
    owner: psycopg.Connection[Any], count: int, first: int, known: bool | None = None
) -> uuid.UUID:
    """A batch to that many people, whose documents begin after `first` of the bench's, and of whose
    numbers is `known` whether they have WhatsApp."""
    values = {"tenant": TENANT, "count": count, "first": first}
    people = owner.execute(PEOPLE.encode(), values).fetchall()
    if known is not None:
        owner.execute(
            "update public.client_phones set has_whatsapp = %s where client_id = any(%s::uuid[])",
            (known, [client_id for (client_id,) in people]),
        )
    owner.execute("analyze")
    batch_id = uuid.uuid4()
    [(admin,)] = owner.execute("select id from auth.users where email = 'admin@demo.test'")
    claims = json.dumps({"sub": str(admin), "role": "authenticated"})
    selection = json.dumps({"ids": [client_id for (client_id,) in people]})
    with owner.transaction():
        owner.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        owner.execute(
            "select public.create_message_batch(%s, %s::jsonb, sender.id, template.id, 'Bench')"
            " from public.senders as sender, public.message_templates as template"
            " where sender.tenant_id = %s and sender.provider = 'gupshup'"
            " and template.tenant_id = sender.tenant_id and template.name = 'lembrete'",
            (batch_id, selection, TENANT),
        )
    return batch_id
