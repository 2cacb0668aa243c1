"""Twenty rules of a day over a portfolio, evaluated as sets: from the sweep to the queued runs.

The reference writes as many rows of the queue and of the runs as the sweep does, chosen by nobody.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, LiteralString

import psycopg

from local_platform.stack import Stack
from tests.bench.table import BenchRow, Spent, processor

CLIENTS = 1_000_000
RULES = 20
TENANT = uuid.UUID("b0000000-0000-4000-8000-000000000009")
# Due dates over a year, a third of the clients in São Paulo, an agreement with one in fifty.
PORTFOLIO = """
insert into public.tenants (id, name) values (%(tenant)s, 'Agência das regras');
insert into public.creditors (id, tenant_id, name) values (%(tenant)s, %(tenant)s, 'Credor');
insert into public.clients (
    id, tenant_id, document, name, uf, open_cents, open_debts, oldest_due_on, creditor_ids,
    debt_status, has_phone
)
select gen_random_uuid(), %(tenant)s, lpad(n::text, 11, '0'), 'Pessoa ' || n,
    case n %% 3 when 0 then 'SP' when 1 then 'RJ' else 'BA' end, 10000, 1,
    private.today(%(tenant)s) - (n %% 365), array[%(tenant)s::uuid], 'open', true
from generate_series(1, %(clients)s) as n;
insert into public.agreements (
    tenant_id, client_id, creditor_id, status, priced, proposal_hash, statement, base_on,
    valid_until, original_cents, discount_cents, total_cents, discount_percent, installments,
    first_due_on, last_due_on, policy_id
)
select tenant_id, id, creditor_ids[1], 'active', '{}', id::text, '{}', oldest_due_on,
    oldest_due_on, 1000, 0, 1000, 0, 1, oldest_due_on, oldest_due_on, id
from public.clients where tenant_id = %(tenant)s and document::bigint %% 50 = 0;
insert into public.collection_rules (
    id, tenant_id, name, trigger, day_offset, filter, is_enabled, opens, closes
)
select md5('rule ' || n)::uuid, %(tenant)s, 'Régua ' || n, 'debt_due', n,
    case n %% 2 when 0 then '{}' else %(filter)s::jsonb end, true, '00:00', '23:59'
from generate_series(1, %(rules)s) as n;
insert into public.rule_steps (tenant_id, rule_id, action)
select tenant_id, id, 'leave_dialer' from public.collection_rules where tenant_id = %(tenant)s
"""
COPY_OF_RUNS = """
create temp table as_many as select * from public.automation_runs where tenant_id = %(tenant)s;
delete from public.automation_runs where tenant_id = %(tenant)s;
truncate pgmq.q_automations
"""
BARE = """
with queued as (
    insert into pgmq.q_automations (vt, message)
    select clock_timestamp(), jsonb_build_object('run_id', id) from as_many
    returning msg_id
)
insert into public.automation_runs select * from as_many where (select count(*) from queued) > 0
"""


def rows(stack: Stack, clients: int = CLIENTS) -> list[BenchRow]:
    """The first sweep of a day, and one that finds everything opened."""
    stack.kill("executor")
    named = {
        "tenant": str(TENANT),
        "clients": clients,
        "rules": RULES,
        "filter": json.dumps({"uf": ["SP"]}),
    }
    with psycopg.connect(stack.settings.database_url("supabase_admin"), autocommit=True) as db:
        db.execute("set session_replication_role = replica")
        with psycopg.ClientCursor(db) as cursor:
            cursor.execute(PORTFOLIO, named)
        db.execute("set session_replication_role = origin")
        db.execute("analyze public.clients")
        first, opened = _sweep(db)
        again, none = _sweep(db)
        with psycopg.ClientCursor(db) as cursor:
            cursor.execute(COPY_OF_RUNS, named)
        bare = _timed(db, BARE)[0]
    stack.restart("executor")
    size = f"{RULES} rules × {clients:,} clients"
    return [
        BenchRow(
            f"rules of a day, {size}: {opened:,} runs opened",
            f"{bare} for the bare rows", str(first),
            f"{first.processor / bare.processor:.2f} × by CPU",
            "seconds",
        ),
        BenchRow(f"the same sweep again: {none:,} runs opened", "—", str(again), "—", "seconds"),
    ]  # fmt: skip


def _sweep(db: psycopg.Connection) -> tuple[Spent, int]:
    spent, [swept] = _timed(
        db,
        "select private.sweep_rules(%s, 'America/Sao_Paulo', private.now())",
        TENANT,
    )
    return spent, swept[0]


def _timed(
    db: psycopg.Connection, statement: LiteralString, *values: object
) -> tuple[Spent, list[tuple[Any, ...]]]:
    clock, used = time.perf_counter(), processor(db)
    found = db.execute(statement, values)
    rows = found.fetchall() if found.description else []
    return Spent(time.perf_counter() - clock, processor(db) - used), rows
