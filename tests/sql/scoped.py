"""A limit drawn through the world: some work for one creditor, others for all of them."""

from uuid import UUID

import psycopg

from tests.sql.personas import TENANT, World

LIMITED = ("operator", "supervisor")


def draw_limit(db: psycopg.Connection, world: World) -> None:
    """Operator and supervisor work for one creditor, which has one client of its own."""
    db.execute(
        "insert into public.creditors (id, tenant_id, name)"
        " values ('c0000000-0000-4000-8000-0000000000aa', %s, 'Credor só deles')",
        (TENANT,),
    )
    db.execute(
        "insert into public.clients (id, tenant_id, document, name)"
        " values ('c1000000-0000-4000-8000-0000000000aa', %s, '52998224725', 'Vista Deles')",
        (TENANT,),
    )
    db.execute(
        "insert into public.suppressions (tenant_id, client_id, reason) values (%s, %s, 'pediu')",
        (TENANT, world.ids["client"]),
    )
    owe(db, "c1000000-0000-4000-8000-0000000000aa", "DELES/1", 700)
    limit(db, world, "c0000000-0000-4000-8000-0000000000aa")


def owe(db: psycopg.Connection, client: UUID | str, contract: str, cents: int) -> None:
    db.execute(
        "insert into public.debts"
        " (tenant_id, client_id, creditor_id, contract, due_on, principal_cents)"
        " values (%s, %s, 'c0000000-0000-4000-8000-0000000000aa', %s, '2026-01-31', %s)",
        (TENANT, client, contract, cents),
    )


def limit(db: psycopg.Connection, world: World, creditor: str | None) -> None:
    db.execute(
        "update public.memberships set creditor_ids = %s::uuid[] where user_id = any(%s)",
        ([creditor] if creditor else None, [world.users[persona] for persona in LIMITED]),
    )
