"""A quarter of a million clients pushed into the dialer: what it costs the function in memory.

The function runs in a process of its own, so that the peak is the export's; beside it somebody
looks how long its transactions last.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
import uuid
from typing import Any

import httpx
import psycopg
from psycopg import sql
from werkzeug.test import Client

from local_platform import database as databases
from local_platform import functions_host
from local_platform.settings import ROOT
from local_platform.stack import Stack
from tests.bench.table import BenchRow

CLIENTS = 250_000
HOST, TOKEN = "bancada.3c.plus", "3cs_manager-of-the-bench"
TENANT, USER = uuid.UUID(int=0xB3C), uuid.UUID(int=0xB3D)
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 3600

AGENCY = """
insert into auth.users (id, email, email_confirmed_at, aud, role)
values (%(user)s, 'bancada@demo.test', now(), 'authenticated', 'authenticated');
insert into public.tenants (id, name) values (%(tenant)s, 'Bancada');
insert into public.memberships (tenant_id, user_id, role, display_name)
values (%(tenant)s, %(user)s, 'admin', 'Bancada');
insert into public.creditors (id, tenant_id, name) values (%(user)s, %(tenant)s, 'Credor');
update private.clock set shift = (
    select opens_at + interval '2 hours' - clock_timestamp()
    from private.contact_hours(%(tenant)s, null, clock_timestamp(), 15)
    where opens_at > clock_timestamp() order by opens_at limit 1
);
set session_replication_role = replica;
insert into public.clients (
    tenant_id, document, name, uf, open_cents, open_debts, oldest_due_on, creditor_ids,
    debt_status, has_phone, has_whatsapp
)
select %(tenant)s, lpad(n::text, 11, '0'), 'Pessoa ' || n, 'SP', 10000, 1, '2026-01-05',
    array[%(user)s::uuid], 'open', true, null
from generate_series(1, %(clients)s) as n;
insert into public.client_phones (tenant_id, client_id, phone, kind, position)
select tenant_id, id, '+55119' || right(document, 8), 'mobile', 0 from public.clients;
insert into public.debts (tenant_id, client_id, creditor_id, contract, due_on, principal_cents)
select tenant_id, id, %(user)s, document, '2026-01-05', 10000 from public.clients;
insert into private.portfolio_totals (tenant_id, clients, open_debts, open_cents)
select %(tenant)s, count(*), sum(open_debts), sum(open_cents) from public.clients;
set session_replication_role = origin
"""
LONGEST = """
select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float
from pg_stat_activity where datname = current_database() and application_name = 'functions'
"""


def rows(stack: Stack) -> list[BenchRow]:
    """In a database of its own, which is dropped again."""
    name = "bench_dialer"
    with stack.server.connect("supabase_admin", "template1") as connection:
        databases.create_database(connection, name)
    try:
        databases.apply_migrations(stack.server, name)
        with stack.server.connect("supabase_admin", name) as owner:
            owner.autocommit = True
            simulators = f"http://127.0.0.1:{stack.settings.simulators_port}/simulators"
            prepare(owner, simulators)
            return [measure(owner, stack.settings.database_url("functions", name), simulators)]
    finally:
        with stack.server.connect("supabase_admin", "template1") as connection:
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )


def prepare(owner: psycopg.Connection[Any], simulators: str) -> None:
    values = {"tenant": TENANT, "user": USER, "clients": CLIENTS}
    for statement in AGENCY.split(";\n"):
        owner.execute(statement.encode(), values)
    owner.execute("vacuum analyze")
    company = {"tokens": {TOKEN: "manager"}}
    url = f"{simulators}/threecplus/_control/companies/{HOST}"
    httpx.put(url, json=company, timeout=10).raise_for_status()
    settings, secrets = json.dumps({"host": HOST}), json.dumps({"api_token": TOKEN})
    as_admin(owner, "save_integration('threecplus', %s, %s)", settings, secrets)


def as_admin(owner: psycopg.Connection[Any], call: str, *values: str) -> Any:
    claims = json.dumps({"sub": str(USER), "role": "authenticated"})
    with owner.transaction():
        owner.execute(
            "select set_config('role', 'authenticated', true),"
            " set_config('request.jwt.claims', %s, true)",
            (claims,),
        )
        [[answer]] = owner.execute(f"select public.{call}".encode(), values).fetchall()
    return answer


def measure(owner: psycopg.Connection[Any], functions_url: str, simulators: str) -> BenchRow:
    asked = as_admin(owner, """request_dialer_export('{"filter": {}}', 123, 'Bancada')""")
    longest = 0.0
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.dialer", functions_url, simulators],
        stdout=subprocess.PIPE, text=True,
    ) as worker:  # fmt: skip
        deadline = time.monotonic() + PATIENCE_SECONDS
        while worker.poll() is None and time.monotonic() < deadline:
            [[lasted]] = owner.execute(LONGEST.encode()).fetchall()
            longest = max(longest, lasted)
            time.sleep(LOOK_SECONDS)
        worker.kill()
        answer = json.loads(worker.communicate()[0])
    [(status, loaded)] = owner.execute(
        "select status::text, loaded from public.dialer_exports where id = %s", (asked["id"],)
    ).fetchall()
    if (status, loaded) != ("done", CLIENTS):
        raise AssertionError((status, loaded))
    state = httpx.get(
        f"{simulators}/threecplus/_control/state", params={"host": HOST}, timeout=120
    ).json()
    held = state["companies"][0]["contacts"]
    if len({contact["identifier"] for contact in held}) != len(held) or len(held) != CLIENTS:
        raise AssertionError(f"the dialer holds {len(held)} contacts")
    return BenchRow(
        f"{CLIENTS:,} clients into the dialer, a simulated one: memory of the function",
        f"{answer['idle_megabytes']} MB before the first",
        f"{answer['megabytes']} MB, {CLIENTS / answer['seconds']:,.0f} clients/s,"
        f" longest transaction {longest:.1f} s",
        "—",
        "memory flat",
    )


def main(functions_url: str, simulators: str) -> None:
    """Print {"idle_megabytes", "megabytes", "seconds"} of draining all that is due."""
    sys.path.insert(0, str(ROOT / "functions"))
    from kit import config

    read = config.read(
        {
            "FUNCTIONS_DATABASE_URL": functions_url,
            "JOBS_KEY": "bench",
            "SUPABASE_JWT_SECRET": "bench",
            "SIMULATORS_URL": simulators,
        }
    )
    config.settings = lambda: read  # type: ignore[assignment]  # the bench's stack, not the machine's
    function = functions_host.app_of("threecplus_export", ROOT / "functions" / "main.py")

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    idle, started = peak(), time.perf_counter()
    while any(post(function).values()):
        pass  # each call works for its budget, as a sweep would let it
    spent = round(time.perf_counter() - started, 1)
    sys.stdout.write(json.dumps({"idle_megabytes": idle, "megabytes": peak(), "seconds": spent}))


def post(function: Any) -> dict[str, int]:
    answer = Client(function).post(
        "/", headers={"Authorization": "Bearer bench"}, environ_base={"REMOTE_ADDR": "127.0.0.1"}
    )
    if answer.status_code != 200:
        raise AssertionError(answer.text)
    return dict(answer.get_json())


if __name__ == "__main__":
    main(*sys.argv[1:3])
