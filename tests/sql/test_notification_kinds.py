"""Each kind of news arrives once, at whom it concerns, and at nobody who may not know of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest

from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, scalar

Happens = Callable[[psycopg.Connection, World], None]


def agreement(to_status: str, from_status: str = "pending_approval") -> Happens:
    def happens(db: psycopg.Connection, world: World) -> None:
        db.execute(
            "update public.agreements set created_by = %s, approval_role = 'supervisor'"
            " where id = %s",
            (world.users["operator"], world.ids["agreement"]),
        )
        db.execute(
            "select private.notify_agreement(%s, %s, %s, 'motivo')",
            (world.ids["agreement"], from_status, to_status),
        )

    return happens


def paid(db: psycopg.Connection, world: World) -> None:
    db.execute("delete from public.client_assignments")
    db.execute(
        "update public.agreements set created_by = %s where id = %s",
        (world.users["operator"], world.ids["agreement"]),
    )
    db.execute(
        "select private.tell_agreement(%s, 'payment_received', '2026-11-23', null,"
        ' \'{"amount_cents": 500, "course": "apply"}\')',
        (world.ids["agreement"],),
    )


def answered(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "update public.conversations set owner_id = %s, unread = 1, ignored_at = null,"
        " client_id = %s where tenant_id = %s",
        (world.users["operator"], world.ids["client"], TENANT),
    )
    db.execute(
        "select private.tell_of_inbound(talk, gen_random_uuid()) from public.conversations as talk"
        " where talk.tenant_id = %s limit 1",
        (TENANT,),
    )


def came_due(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "delete from public.callbacks where tenant_id <> %s"
        " or id <> (select min(id::text)::uuid from public.callbacks where tenant_id = %s)",
        (TENANT, TENANT),
    )
    db.execute(
        "update public.callbacks set operator_id = %s, status = 'scheduled', ended_at = null,"
        " reminded_for = null, due_at = private.now() - interval '1 minute', client_id = %s",
        (world.users["operator"], world.ids["client"]),
    )
    for _ in range(2):
        db.execute("select private.remind_callbacks()")


def imported(db: psycopg.Connection, world: World) -> None:
    change = "update public.imports set status = %s, is_rehearsal = false, created_by = %s"
    for status in ("running", "done"):
        db.execute(
            f"{change} where id = (select min(id::text)::uuid from public.imports"
            " where tenant_id = %s)".encode(),
            (status, world.users["supervisor"], TENANT),
        )


def sent(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "update public.message_batches set status = 'sending', created_by = %s,"
        " finished_at = null"
        " where tenant_id = %s",
        (world.users["supervisor"], TENANT),
    )
    for _ in range(2):
        db.execute(
            "select private.end_batch(id) from public.message_batches where tenant_id = %s",
            (TENANT,),
        )


def exported(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "update public.dialer_exports set created_by = %s, status = 'done' where tenant_id = %s",
        (world.users["supervisor"], TENANT),
    )
    db.execute(
        "select private.tell_dialer_export(min(id::text)::uuid) from public.dialer_exports"
        " where tenant_id = %s",
        (TENANT,),
    )


def failing(db: psycopg.Connection, world: World) -> None:
    for _ in range(2):
        db.execute(
            "select private.tell_integration_failing(%s, 'negociarie', 'provider_unauthorized')",
            (TENANT,),
        )


@dataclass(frozen=True)
class Kind:
    name: str
    happens: Happens
    hear: frozenset[str]
    # Of a client or an agreement: not for who is limited to other creditors.
    is_of_a_client: bool = True
    topic: str | None = None


OPERATOR = frozenset({"operator"})
SUPERVISOR = frozenset({"supervisor"})
LEADERS = frozenset({"supervisor", "admin"})
KINDS = (
    Kind("agreement_pending_approval", agreement("pending_approval"), LEADERS, True, "agreements"),
    Kind(
        "agreement_awaiting_first_payment",
        agreement("awaiting_first_payment"),
        OPERATOR,
        True,
        "agreements",
    ),
    Kind("agreement_rejected", agreement("rejected"), OPERATOR, True, "agreements"),
    Kind("agreement_broken", agreement("broken", "active"), OPERATOR | LEADERS, True, "agreements"),
    Kind("payment_received", paid, OPERATOR, True, "payments"),
    Kind("message_received", answered, OPERATOR, True, "messages"),
    Kind("callback_due", came_due, OPERATOR, True, "callbacks"),
    Kind("import_finished", imported, SUPERVISOR, False, "imports"),
    Kind("batch_finished", sent, SUPERVISOR, False, "sends"),
    Kind("dialer_export_finished", exported, SUPERVISOR, False, "sends"),
    Kind("integration_failing", failing, LEADERS, False),
)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture(autouse=True)
def _silence(db: psycopg.Connection) -> None:
    db.execute("delete from public.notifications")
    db.execute("delete from realtime.messages")


def bells(db: psycopg.Connection, world: World, kind: Kind) -> Counter[str]:
    names = {user: name for name, user in world.users.items()}
    return Counter(
        names[user]
        for (user,) in db.execute(
            "select user_id from public.notifications where kind = %s", (kind.name,)
        )
    )


def unread(db: psycopg.Connection, world: World, who: str) -> object:
    with acting(db, world, who):
        return scalar(db, "select (public.notification_bell() ->> 'unread')::int")


def limit(db: psycopg.Connection, world: World, who: str) -> None:
    """To a creditor that has none of these clients."""
    db.execute(
        "update public.memberships set creditor_ids = array[gen_random_uuid()]"
        " where user_id = %s and tenant_id = %s",
        (world.users[who], TENANT),
    )


@every_kind
def test_it_arrives_once_at_whom_it_concerns(
    db: psycopg.Connection, world: World, kind: Kind
) -> None:
    kind.happens(db, world)
    assert bells(db, world, kind) == Counter(dict.fromkeys(kind.hear, 1))
    for who in ("operator", "supervisor", "admin"):
        assert unread(db, world, who) == (who in kind.hear)
    foreign = "select count(*)::int from public.notifications where tenant_id <> %s"
    assert scalar(db, foreign, TENANT) == 0


@every_kind
def test_who_works_for_other_creditors_does_not_hear_of_it(
    db: psycopg.Connection, world: World, kind: Kind
) -> None:
    limited = {"operator", "supervisor"}
    for who in limited:
        limit(db, world, who)
    kind.happens(db, world)
    expected = kind.hear - limited if kind.is_of_a_client else kind.hear
    assert set(bells(db, world, kind)) == expected
    # Nor by the way of the channel, which tells that something came.
    told = db.execute(
        "select topic from realtime.messages where event = 'notification_changed'"
    ).fetchall()
    assert kind.is_of_a_client is False or not {f"user:{world.users[who]}" for who in limited} & {
        topic for (topic,) in told
    }


@every_kind
def test_who_muted_its_topic_does_not_hear_of_it(
    db: psycopg.Connection, world: World, kind: Kind
) -> None:
    if kind.topic is None:
        # Failures cannot be muted (test_notifications).
        return
    for who in kind.hear:
        with acting(db, world, who):
            db.execute(
                "insert into public.notification_preferences (muted_topics) values (array[%s])"
                " on conflict (tenant_id, user_id) do update"
                " set muted_topics = excluded.muted_topics",
                (kind.topic,),
            )
    kind.happens(db, world)
    assert not bells(db, world, kind)


def test_who_shares_the_client_and_not_the_agreements_creditor_does_not_hear_of_it(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "update public.clients set creditor_ids = creditor_ids || gen_random_uuid() where id = %s",
        (world.ids["client"],),
    )
    db.execute(
        "update public.memberships set creditor_ids = (select array[creditor_ids[cardinality("
        "creditor_ids)]] from public.clients where id = %s)"
        " where user_id = %s and tenant_id = %s",
        (world.ids["client"], world.users["supervisor"], TENANT),
    )
    kind = KINDS[3]
    kind.happens(db, world)
    assert set(bells(db, world, kind)) == kind.hear - SUPERVISOR


def test_who_belongs_to_two_agencies_is_told_in_each_of_its_own(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "insert into public.memberships (tenant_id, user_id, role, display_name)"
        " values (%s, %s, 'supervisor', 'Duas')",
        (OTHER_TENANT, world.users["supervisor"]),
    )
    failing(db, world)
    for tenant, count in ((TENANT, 1), (OTHER_TENANT, 0)):
        with acting(db, world, "supervisor", tenant_id=tenant):
            assert scalar(db, "select (public.notification_bell() ->> 'unread')::int") == count
