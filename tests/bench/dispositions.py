"""A disposition with all it sets off, against the same insert with its triggers switched off.

Both arms run as the operator under row-level security, and last until the insert is committed
durably: that is what the operator waits for. The bare arm keeps keys, indexes and policies. Each
press of a key is another client's, as in a day's work.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time

import psycopg

from local_platform.stack import Stack
from tests.bench.table import BenchRow, Spent, processor

OPERATOR = "operador@demo.test"
ROUNDS = 7  # the first is thrown away
SINGLES = 150  # one-row transactions per round and arm
BULK = 1000  # rows of the one-statement arm
INSERT = (
    "insert into public.call_dispositions (id, client_id, disposition_type)"
    " select gen_random_uuid(), of_each.client_id, 'voicemail'"
    " from unnest(%s::uuid[]) as of_each (client_id)"
)


def rows(stack: Stack) -> list[BenchRow]:
    """Ratio of medians for one row and for a thousand; the rule voicemail → lembrete is enabled."""
    # Only the insert is measured: what it wakes would compete for the same two cores.
    stack.kill("executor")
    with psycopg.connect(stack.settings.database_url(), autocommit=True) as connection:
        user, clients = _people(connection)
        thousand = list(itertools.islice(itertools.cycle(clients), BULK))
        single: dict[bool, list[Spent]] = {True: [], False: []}
        bulk: dict[bool, list[Spent]] = {True: [], False: []}
        for turn in range(ROUNDS):
            for with_triggers in (True, False) if turn % 2 else (False, True):
                _switch(connection, on=with_triggers)
                times = [_insert(connection, user, [client]) for client in thousand[:SINGLES]]
                at_once = _insert(connection, user, thousand)
                if turn > 0:
                    single[with_triggers] += times
                    bulk[with_triggers].append(at_once)
        _switch(connection, on=True)
    stack.restart("executor")
    return [
        _row("disposition insert, one row", single, "≤ 1.15 ×"),
        _row("disposition insert, a thousand rows", bulk, "≤ 2.2 ×"),
    ]


def _row(subject: str, spent: dict[bool, list[Spent]], goal: str) -> BenchRow:
    bare, ours = _medians(spent[False]), _medians(spent[True])
    return BenchRow(
        subject,
        f"{bare.clock * 1000:.2f} ms bare, {bare.processor * 1000:.2f} ms of CPU",
        f"{ours.clock * 1000:.2f} ms, {ours.processor * 1000:.2f} ms of CPU",
        f"{ours.clock / bare.clock:.2f} ×, by CPU {ours.processor / bare.processor:.2f} ×",
        goal,
    )


def _medians(spent: list[Spent]) -> Spent:
    return Spent(
        statistics.median(each.clock for each in spent),
        statistics.median(each.processor for each in spent),
    )


def _people(connection: psycopg.Connection) -> tuple[str, list[str]]:
    """The operator's id, and the clients of the operator's tenant."""
    found = connection.execute(
        "select memberships.user_id::text, clients.id::text"
        " from public.memberships"
        " join auth.users on users.id = memberships.user_id"
        " join public.clients using (tenant_id)"
        " where users.email = %s order by 2",
        (OPERATOR,),
    ).fetchall()
    if not found:
        raise LookupError("the demo has no operator or no client")
    return found[0][0], [client for _, client in found]


def _switch(connection: psycopg.Connection, *, on: bool) -> None:
    state = "enable" if on else "disable"
    connection.execute(f"alter table public.call_dispositions {state} trigger user")
    connection.execute("truncate pgmq.q_automations")


def _insert(connection: psycopg.Connection, user: str, clients: list[str]) -> Spent:
    """Of one insert until its commit; becoming the operator is not counted."""
    claims = json.dumps({"sub": user, "role": "authenticated"})
    with connection.transaction():
        connection.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
            (claims, "authenticated"),
        )
        spent, clock = processor(connection), time.perf_counter()
        connection.execute(INSERT, (clients,))
    return Spent(time.perf_counter() - clock, processor(connection) - spent)
