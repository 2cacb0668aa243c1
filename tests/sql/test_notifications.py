"""The bell counts what a person wants to hear, and nothing of anybody else's."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from local_platform.settings import ROOT
from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, refused, scalar

FEATURE = ROOT / "web" / "src" / "features" / "notifications"
TOPICS = {"callbacks", "agreements", "payments", "messages", "imports", "sends", "failures"}


@pytest.fixture(autouse=True)
def _silence(db: psycopg.Connection) -> None:
    db.execute("delete from public.notifications")


def tell(db: psycopg.Connection, world: World, who: str, kind: str, tenant: UUID = TENANT) -> None:
    db.execute(
        "insert into public.notifications (tenant_id, user_id, kind) values (%s, %s, %s)",
        (tenant, world.users[who], kind),
    )


def bell(
    db: psycopg.Connection, world: World, who: str, after: str | None = None, size: int = 30
) -> dict[str, Any]:
    with acting(db, world, who):
        found = scalar(db, "select public.notification_bell(%s, %s)", after, size)
    assert isinstance(found, dict)
    return found


def test_the_count_is_right_beyond_what_the_list_shows(
    db: psycopg.Connection, world: World
) -> None:
    for _ in range(40):
        tell(db, world, "operator", "import_finished")
    tell(db, world, "supervisor", "import_finished")
    found = bell(db, world, "operator")
    assert (found["unread"], len(found["rows"])) == (40, 30)
    rest = bell(db, world, "operator", found["next"])
    assert (len(rest["rows"]), rest["next"]) == (10, None)
    assert not {row["id"] for row in found["rows"]} & {row["id"] for row in rest["rows"]}
    with acting(db, world, "operator"):
        db.execute("select public.mark_notifications_read()")
    assert bell(db, world, "operator")["unread"] == 0
    assert bell(db, world, "supervisor")["unread"] == 1


def test_another_agencys_news_is_not_counted(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "insert into public.notifications (tenant_id, user_id, kind) values (%s, %s, 'x')",
        (OTHER_TENANT, world.users["operator"]),
    )
    assert bell(db, world, "operator")["unread"] == 0
    for persona in ("no_membership", "revoked"):
        with refused("not_allowed"):
            bell(db, world, persona)


def mute(db: psycopg.Connection, world: World, who: str, topic: str) -> None:
    with acting(db, world, who):
        db.execute(
            "insert into public.notification_preferences (muted_topics) values (array[%s])"
            " on conflict (tenant_id, user_id) do update set muted_topics = excluded.muted_topics",
            (topic,),
        )


def test_what_somebody_muted_is_written_for_others_alone(
    db: psycopg.Connection, world: World
) -> None:
    mute(db, world, "operator", "imports")
    for who in ("operator", "supervisor"):
        tell(db, world, who, "import_finished")
        tell(db, world, who, "callback_due")
    assert [row["kind"] for row in bell(db, world, "operator")["rows"]] == ["callback_due"]
    assert bell(db, world, "supervisor")["unread"] == 2


@pytest.mark.parametrize("topic", ["failures", "tudo"])
def test_failures_are_told_whatever_one_would_rather_hear(
    db: psycopg.Connection, world: World, topic: str
) -> None:
    with refused("notification_preferences_topics_are_known"):
        mute(db, world, "supervisor", topic)


def test_nobody_mutes_a_colleague(db: psycopg.Connection, world: World) -> None:
    with refused("42501"), acting(db, world, "admin"):
        db.execute(
            "insert into public.notification_preferences (user_id, muted_topics)"
            " values (%s, '{callbacks}')",
            (world.users["operator"],),
        )


def kinds_that_are_told() -> set[str]:
    """Every kind that stands in the schema beside an insert into notifications, or a telling."""
    found: set[str] = set()
    for path in (ROOT / "sql" / "schema").glob("*.sql"):
        for piece in re.findall(
            r"(?:insert into public\.notifications|tell_supervisors\()[^;]*", path.read_text()
        ):
            found |= set(re.findall(r"'([a-z]+(?:_[a-z]+)+)'", piece))
    words = {"import_finished", "batch_finished", "callback_due", "callbacks_overdue"}
    assert words <= found
    return found


def test_every_kind_has_a_topic_of_the_pages(db: psycopg.Connection) -> None:
    page = (FEATURE / "topics.ts").read_text()
    for kind in kinds_that_are_told():
        topic = scalar(db, "select private.notification_topic(%s)", kind)
        assert topic in TOPICS
        assert topic == "failures" or f'"{topic}"' in page


def test_every_kind_of_the_issue_has_its_sentence() -> None:
    sentences = "".join(Path(path).read_text() for path in FEATURE.glob("*sentences*.ts"))
    for kind in (
        "agreement_pending_approval", "agreement_awaiting_first_payment", "agreement_rejected",
        "agreement_broken", "payment_received", "message_received", "callback_due",
        "callbacks_overdue", "import_finished", "batch_finished", "batch_stalled",
        "batch_awaits_confirmation", "dialer_export_finished", "integration_failing",
        "sender_paused", "dialer_removal_failed", "dialer_silent",
    ):  # fmt: skip
        assert f"{kind}:" in sentences or f'"{kind}"' in sentences, kind


def test_money_that_comes_in_is_told_to_the_author_and_to_whom_the_client_is_given(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "update public.client_assignments set user_id = %s where client_id = %s",
        (world.users["operator"], world.ids["client"]),
    )
    for course in ("apply", "parked"):
        db.execute(
            "select private.tell_agreement(%s, 'payment_received', '2026-11-23', null, %s)",
            (
                world.ids["agreement"],
                f'{{"payment_id": "{uuid4()}", "amount_cents": 500, "course": "{course}"}}',
            ),
        )
    told = db.execute(
        "select user_id, payload -> 'amount_cents' from public.notifications"
        " where kind = 'payment_received'"
    ).fetchall()
    assert sorted(told, key=str) == sorted(
        [(world.users["admin"], 500), (world.users["operator"], 500)], key=str
    )


def test_a_provider_that_fails_is_told_once_a_day_to_those_who_can_mend_it(
    db: psycopg.Connection, world: World
) -> None:
    for _ in range(3):
        sweep = scalar(
            db,
            "select private.begin_reconciliation(%s, '2026-11-23')",
            world.ids["integration"],
        )
        db.execute(
            "select private.finish_reconciliation(%s, 0, 0, 0, 'provider_unauthorized')", (sweep,)
        )
    told = db.execute(
        "select user_id from public.notifications where kind = 'integration_failing'"
    ).fetchall()
    assert {user for (user,) in told} == {world.users["supervisor"], world.users["admin"]}
    assert len(told) == 2
