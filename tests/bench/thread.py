"""From the operator's key to the provider's door: the whole thread, through the gateway."""

from __future__ import annotations

import time
import uuid

import httpx
import psycopg
import supabase

from local_platform import demo
from local_platform.stack import Stack
from tests.bench.table import BenchRow, percentile

OPERATOR = "operador@demo.test"
DISPOSITIONS = 40  # one per client of the demo, so that no per-client rule interferes
PATIENCE_SECONDS = 30


def rows(stack: Stack) -> list[BenchRow]:
    """Milliseconds from before the REST insert until the simulator has accepted the message."""
    with psycopg.connect(stack.settings.database_url()) as connection:
        # Ten seconds are the operator's to change their mind; what is measured begins after them.
        connection.execute(
            "insert into public.automation_policies (tenant_id, undo_seconds)"
            " select id, 0 from public.tenants"
            " on conflict (tenant_id) do update set undo_seconds = 0"
        )
        clients = connection.execute(
            "select distinct on (client_phones.client_id)"
            " client_phones.client_id::text, client_phones.phone"
            " from public.client_phones"
            " join public.memberships using (tenant_id)"
            " join auth.users on users.id = memberships.user_id"
            " where users.email = %s"
            " order by client_phones.client_id, client_phones.position limit %s",
            (OPERATOR, DISPOSITIONS),
        ).fetchall()
    client = supabase.create_client(stack.settings.url, stack.settings.secrets.publishable_key)
    client.auth.sign_in_with_password({"email": OPERATOR, "password": demo.PASSWORD})
    spent = [
        _until_accepted(stack, client, client_id, phone.removeprefix("+"))
        for client_id, phone in clients
    ]
    reached = [milliseconds for milliseconds in spent if milliseconds is not None]
    return [
        BenchRow(
            "disposition by REST → provider has the request",
            f"{len(reached)} of {len(spent)} sent",
            f"p50 {percentile(reached, 0.5):.0f} ms, p95 {percentile(reached, 0.95):.0f} ms",
            "—",
            "p95 ≤ 250 ms",
        )
    ]


def _until_accepted(
    stack: Stack, client: supabase.Client, client_id: str, digits: str
) -> float | None:
    """None for a client whom the rule may not write to (opted out, no phone)."""
    started = time.time()
    disposition = {"id": str(uuid.uuid4()), "client_id": client_id, "disposition_type": "voicemail"}
    client.table("call_dispositions").insert(disposition).execute()
    while time.time() - started < PATIENCE_SECONDS:
        sent = httpx.get(
            f"{stack.settings.url}/simulators/gupshup/_control/messages",
            params={"destination": digits},
            timeout=5,
        ).json()
        if sent:
            return (float(sent[-1]["at"]) - started) * 1000
        skipped = (
            client.table("automation_runs")
            .select("status")
            .eq("client_id", client_id)
            .in_("status", ["skipped", "failed"])
            .execute()
        )
        if skipped.data:
            return None
    raise TimeoutError("a message neither left nor was skipped")
