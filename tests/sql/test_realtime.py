"""Changes are announced to who may know, with ids only, and once per statement."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.sql.personas import MEMBERS, PERSONAS, STRANGERS, TENANT, World, acting, refused, scalar

SECRETS = ("Zélia", "88888888801", "+5511987650001", "caiu na caixa", "zelia@mundo.test")


def said(db: psycopg.Connection) -> list[tuple[str, str, dict[str, Any]]]:
    return db.execute(
        "select topic, event, payload from realtime.messages where inserted_at >= now()::timestamp"
        " order by inserted_at, event"
    ).fetchall()


def may_join(db: psycopg.Connection, world: World, persona: str, topic: str) -> bool:
    """As Realtime asks: one row of the topic, read under the policy, forgotten at once."""
    with db.transaction(force_rollback=True):
        db.execute(
            "insert into realtime.messages (topic, extension, event, private)"
            " values (%s, 'broadcast', 'probe', true)",
            (topic,),
        )
        try:
            with acting(db, world, persona):
                db.execute("select set_config('realtime.topic', %s, true)", (topic,))
                found = scalar(db, "select count(*) from realtime.messages where topic = %s", topic)
        except psycopg.errors.InsufficientPrivilege:
            return False
        return found != 0


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_clients_and_an_agencys_channel_are_its_members(
    db: psycopg.Connection, world: World, persona: str
) -> None:
    for topic in (f"client:{world.ids['client']}", f"tenant:{TENANT}"):
        assert may_join(db, world, persona, topic) == (persona in MEMBERS)


@pytest.mark.parametrize("persona", ["operator", "no_membership"])
def test_a_persons_channel_is_that_persons(
    db: psycopg.Connection, world: World, persona: str
) -> None:
    assert may_join(db, world, persona, f"user:{world.users[persona]}")
    assert not may_join(db, world, persona, f"user:{world.users['admin']}")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "client",
        "client:",
        "client:x",
        "client:00000000-0000-4000-8000-000000000000",
        "everything:{client}",
        "client:{client}:more",
        "CLIENT:{client}",
        "tenant:{client}",
        "tenant:' or true --",
    ],
)
def test_a_topic_that_is_none_is_nobodys(db: psycopg.Connection, world: World, topic: str) -> None:
    named = topic.replace("{client}", str(world.ids["client"]))
    assert not may_join(db, world, "admin", named)


def test_a_revoked_member_cannot_join_any_more(db: psycopg.Connection, world: World) -> None:
    topic = f"tenant:{TENANT}"
    assert may_join(db, world, "operator", topic)
    db.execute(
        "update public.memberships set revoked_at = now() where user_id = %s",
        (world.users["operator"],),
    )
    assert not may_join(db, world, "operator", topic)


@pytest.mark.parametrize("persona", ["admin", *STRANGERS])
def test_nobody_may_say_anything(db: psycopg.Connection, world: World, persona: str) -> None:
    with refused("42501"), acting(db, world, persona):
        db.execute(
            "insert into realtime.messages (topic, extension, event, private)"
            " values (%s, 'broadcast', 'x', true)",
            (f"tenant:{TENANT}",),
        )


def test_one_client_is_told_on_its_own_channel(db: psycopg.Connection, world: World) -> None:
    disposition = uuid4()
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (id, client_id, disposition_type, notes)"
            " values (%s, %s, 'dropped', 'segredo do devedor')",
            (disposition, world.ids["client"]),
        )
    [(topic, event, payload)] = said(db)
    assert (topic, event) == (f"client:{world.ids['client']}", "disposition_changed")
    assert set(payload) - {"id", "client_id", "at"} <= {"id"}
    assert payload["client_id"] == str(world.ids["client"])


def test_many_are_told_once_on_the_agencys_channel(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " select id, 'dropped' from public.clients"
        )
    [(topic, event, payload)] = said(db)
    clients = scalar(db, "select count(*) from public.clients where tenant_id = %s", TENANT)
    assert (topic, event) == (f"tenant:{TENANT}", "disposition_changed")
    assert payload["count"] == len(payload["client_ids"]) == clients


def test_a_statement_over_two_agencies_tells_each_its_own(db: psycopg.Connection) -> None:
    db.execute("update public.clients set name = name || ' Neto'")
    assert len({topic for topic, _, _ in said(db)}) == len(said(db)) == 2


def test_a_statement_that_touches_nothing_says_nothing(db: psycopg.Connection) -> None:
    db.execute("update public.clients set name = 'x' where false")
    assert said(db) == []


def test_bookkeeping_of_jobs_is_no_news(db: psycopg.Connection) -> None:
    db.execute("update public.automation_runs set lease_until = now()")
    db.execute("update public.message_logs set attempt = attempt + 1")
    assert said(db) == []


def test_no_payload_tells_who_or_what(db: psycopg.Connection, world: World) -> None:
    for statement in (
        "update public.clients set name = name || ' Neta'",
        "update public.client_phones set position = 3",
        "update public.message_logs set status = 'sent'",
        "update public.imports set rows = 1",
        "update public.notifications set read_at = now()",
        "update public.automation_runs set status = 'failed', finished_at = now()",
    ):
        db.execute(statement.encode())
    told = repr(said(db))
    assert len(said(db)) > 6
    assert not [word for word in SECRETS if word in told]
