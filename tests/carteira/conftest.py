"""The running platform with people of two agencies, asked through the gateway as a browser asks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import supabase

from local_platform.stack import Stack
from sql.personas import OTHER_TENANT, TENANT

SignIn = Callable[..., supabase.Client]


@dataclass(frozen=True)
class Agency:
    """Ids of rows that exist in one agency, one of each kind."""

    client: str
    document: str
    creditor: str
    tag: str
    operator: str
    segment: str


@pytest.fixture
def agencies(stack: Stack) -> Iterator[tuple[Agency, Agency]]:
    """Ours and theirs, each with a tag on a client, an assignment and a shared segment."""
    with psycopg.connect(stack.settings.database_url(), autocommit=True) as connection:
        made = tuple(_plant(connection, str(tenant)) for tenant in (TENANT, OTHER_TENANT))
        yield made[0], made[1]
        connection.execute("delete from public.segments where name = 'Da prova'")
        connection.execute("delete from public.tags where name = 'Da prova'")
        connection.execute("delete from public.client_assignments")


def _plant(connection: psycopg.Connection, tenant: str) -> Agency:
    def one(query: str, *parameters: Any) -> Any:
        row = connection.execute(query.encode(), parameters).fetchone()
        assert row is not None, query
        return row

    client, document, creditor = one(
        "select id::text, document, creditor_ids[1]::text from public.clients"
        # Two agencies may know one person; whom only one knows proves more.
        " as ours where tenant_id = %s and not exists (select from public.clients as theirs"
        "   where theirs.document = ours.document and theirs.tenant_id <> ours.tenant_id)"
        " order by document limit 1",
        tenant,
    )
    [operator] = one(
        "select user_id::text from public.memberships where tenant_id = %s and revoked_at is null"
        " order by role desc limit 1",
        tenant,
    )
    [tag] = one(
        "insert into public.tags (tenant_id, name) values (%s, 'Da prova') returning id::text",
        tenant,
    )
    connection.execute(
        "insert into public.client_tags (tenant_id, client_id, tag_id) values (%s, %s, %s)",
        (tenant, client, tag),
    )
    connection.execute(
        "insert into public.client_assignments (tenant_id, client_id, user_id) values (%s, %s, %s)",
        (tenant, client, operator),
    )
    [segment] = one(
        "insert into public.segments (tenant_id, owner_id, name, filter, is_shared)"
        " values (%s, %s, 'Da prova', '{}', true) returning id::text",
        tenant,
        operator,
    )
    return Agency(client, document, creditor, tag, operator, segment)
