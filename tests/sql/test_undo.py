"""Within its window a disposition is taken back whole; after it, nothing is."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock
from tests.sql.rules import only_rule
from tests.sql.thread import NOON, claim, dispose, pass_time, row_of


@pytest.fixture(autouse=True)
def ten_seconds(db: psycopg.Connection) -> None:
    set_clock(db, NOON)
    db.execute("update public.automation_policies set undo_seconds = 10")


def undo(db: psycopg.Connection, world: World, disposition: UUID, who: str = "operator") -> None:
    with acting(db, world, who):
        db.execute("select public.undo_disposition(%s)", (disposition,))


def runs(db: psycopg.Connection, disposition: UUID) -> list[tuple[Any, ...]]:
    return db.execute(
        "select status, reason from public.automation_runs where disposition_id = %s",
        (disposition,),
    ).fetchall()


def test_nothing_leaves_before_the_window_is_over(db: psycopg.Connection, world: World) -> None:
    dispose(db, world)
    assert claim(db) == []
    assert not scalar(db, "select private.release_held()")
    pass_time(db, "11 seconds")
    assert scalar(db, "select private.release_held()")
    assert len(claim(db)) == 1


def test_what_is_taken_back_sends_nothing(db: psycopg.Connection, world: World) -> None:
    disposition = dispose(db, world)
    undo(db, world, disposition)
    pass_time(db, "11 seconds")
    assert claim(db) == []
    assert runs(db, disposition) == []
    assert scalar(db, "select count(*) from pgmq.q_automations") == 0


def test_taking_it_back_twice_is_once(db: psycopg.Connection, world: World) -> None:
    disposition = dispose(db, world)
    undo(db, world, disposition)
    pass_time(db, "1 hour")
    undo(db, world, disposition)
    undone = "select count(*) from public.disposition_undos where disposition_id = %s"
    assert scalar(db, undone, disposition) == 1


@pytest.mark.parametrize("late", ["10 seconds", "1 day"])
def test_after_the_window_it_stands(db: psycopg.Connection, world: World, late: str) -> None:
    disposition = dispose(db, world)
    pass_time(db, late)
    with refused("undo_too_late"):
        undo(db, world, disposition)


def test_what_has_begun_stands(db: psycopg.Connection, world: World) -> None:
    disposition = dispose(db, world)
    db.execute("select private.open_runs(array(select msg_id from pgmq.q_automations))")
    with refused("undo_too_late"):
        undo(db, world, disposition)


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("supervisor", "not_allowed"),
        ("admin", "not_allowed"),
        ("other_tenant", "disposition_not_found"),
        ("revoked", "not_allowed"),
    ],
)
def test_nobody_else_takes_it_back(
    db: psycopg.Connection, world: World, who: str, code: str
) -> None:
    disposition = dispose(db, world)
    with refused(code):
        undo(db, world, disposition, who)


def promise(db: psycopg.Connection, world: World, due: str) -> UUID:
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions"
            " (id, client_id, disposition_type, scheduled_callback)"
            " values (%s, %s, 'callback', %s)",
            (disposition := uuid4(), world.ids["client"], due),
        )
    return disposition


def test_the_callback_it_promised_is_not_promised(db: psycopg.Connection, world: World) -> None:
    disposition = promise(db, world, "2026-11-24 10:00-03")
    undo(db, world, disposition)
    callback = row_of(db, "public.callbacks", disposition_id=disposition)
    assert (callback["status"], callback["cancel_reason"]) == ("cancelled", "Tabulação desfeita")


def test_the_callback_it_kept_is_to_be_kept(db: psycopg.Connection, world: World) -> None:
    promised = promise(db, world, "2026-11-23 12:30-03")
    pass_time(db, "25 minutes")
    kept = dispose(db, world, "dropped")
    assert row_of(db, "public.callbacks", disposition_id=promised)["status"] == "done"
    undo(db, world, kept)
    callback = row_of(db, "public.callbacks", disposition_id=promised)
    assert (callback["status"], callback["ended_at"], callback["ended_by"]) == (
        "scheduled",
        None,
        None,
    )
    assert callback["operator_id"] == world.users["operator"]


def test_the_last_contact_is_the_one_before(db: psycopg.Connection, world: World) -> None:
    dispose(db, world, "dropped")
    pass_time(db, "1 minute")
    disposition = dispose(db, world, "voicemail")
    last = "select last_disposition_type from private.client_contacts where client_id = %s"
    assert scalar(db, last, world.ids["client"]) == "voicemail"
    undo(db, world, disposition)
    assert scalar(db, last, world.ids["client"]) == "dropped"


def test_a_wrong_number_taken_back_is_a_number_again(db: psycopg.Connection, world: World) -> None:
    wrong = "select private.is_wrong_number(tenant_id, client_id, phone) from public.client_phones"
    wrong += " where client_id = %s limit 1"
    disposition = dispose(db, world, "wrong_contact")
    assert scalar(db, wrong, world.ids["client"])
    undo(db, world, disposition)
    assert not scalar(db, wrong, world.ids["client"])


def test_the_history_says_that_it_was_taken_back(db: psycopg.Connection, world: World) -> None:
    disposition = dispose(db, world)
    undo(db, world, disposition)
    item = scalar(
        db,
        "select item from private.timeline_items(%s, %s, 'infinity', %s, 50) where id = %s",
        TENANT,
        world.ids["client"],
        UUID(int=2**128 - 1),
        disposition,
    )
    assert isinstance(item, dict)
    assert item["undone_at"] is not None


def test_a_key_says_what_it_will_do(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "operator"):
        told = scalar(db, "select public.disposition_effects(%s)", world.ids["client"])
    assert isinstance(told, dict)
    assert told["undo_seconds"] == 10
    [effect] = told["effects"]
    assert (effect["disposition_type"], effect["verdict"]) == ("voicemail", "send")
    with refused("client_not_found"), acting(db, world, "other_tenant"):
        db.execute("select public.disposition_effects(%s)", (world.ids["client"],))


def called(db: psycopg.Connection, world: World) -> UUID:
    """The operator has a call with this client that the dialer waits to hear of."""
    call = uuid4()
    db.execute(
        "insert into public.calls (id, tenant_id, integration_id, telephony_id, client_id, phone,"
        " agent_id, campaign_id, status, called_at, operator_id)"
        " values (%s, %s, %s, %s, %s, '+5511987650001', 77, 1, 'finished', private.now(), %s)",
        (
            call,
            TENANT,
            world.ids["integration"],
            str(call),
            world.ids["client"],
            world.users["operator"],
        ),
    )
    secret = f"integration:{world.ids['integration']}:agent_token"
    db.execute("select private.put_secret(%s, 'token')", (secret,))
    db.execute(
        "insert into public.dialer_qualifications (tenant_id, disposition_type, qualification_id)"
        " values (%s, 'voicemail', 5), (%s, 'wrong_contact', 6)",
        (TENANT, TENANT),
    )
    return call


def words(db: psycopg.Connection, call: UUID) -> list[tuple[Any, ...]]:
    """What the dialer is to be told, and whether it may be told now."""
    return db.execute(
        "select (payload ->> 'qualification_id')::int, next_attempt_at <= private.now()"
        " from private.dialer_tasks where call_id = %s",
        (call,),
    ).fetchall()


def test_the_dialer_is_told_when_it_stands(db: psycopg.Connection, world: World) -> None:
    call = called(db, world)
    dispose(db, world)
    assert words(db, call) == [(5, False)]
    pass_time(db, "11 seconds")
    assert words(db, call) == [(5, True)]


def test_the_dialer_never_hears_what_was_taken_back(db: psycopg.Connection, world: World) -> None:
    call = called(db, world)
    undo(db, world, dispose(db, world))
    assert words(db, call) == []
    assert row_of(db, "public.calls", id=call)["qualify_status"] is None
    dispose(db, world, "wrong_contact")
    assert words(db, call) == [(6, False)]


@pytest.mark.parametrize(("taken_back", "status"), [(False, "removing"), (True, "loaded")])
def test_a_wrong_number_leaves_the_mailing_when_it_stands(
    db: psycopg.Connection, world: World, taken_back: bool, status: str
) -> None:
    call = called(db, world)
    db.execute(
        "update public.dialer_export_rows set status = 'loaded' where client_id = %s",
        (world.ids["client"],),
    )
    disposition = dispose(db, world, "wrong_contact")
    assert row_of(db, "public.calls", id=call)["disposition_id"] == disposition
    if taken_back:
        undo(db, world, disposition)
    rows = "select status from public.dialer_export_rows where client_id = %s"
    assert scalar(db, rows, world.ids["client"]) == "loaded"
    pass_time(db, "11 seconds")
    scalar(db, "select private.release_held()")
    assert scalar(db, rows, world.ids["client"]) == status


@pytest.mark.parametrize(
    "change",
    [
        "update public.disposition_types set human_answered = false where key = 'dropped'",
        "update public.collection_rules set is_enabled = false",
        "update public.collection_rules set priority = 1000 - priority",
        "update public.automation_policies set undo_seconds = 7",
    ],
)
def test_what_a_key_looks_up_follows_every_change(
    db: psycopg.Connection, world: World, change: str
) -> None:
    only_rule(db, world, disposition_type=None, disposition_meaning="human_answered")
    kept = "select * from private.disposition_rules order by tenant_id, disposition_type"
    before = db.execute(kept.encode()).fetchall()
    db.execute(change.encode())
    after = db.execute(kept.encode()).fetchall()
    db.execute("select private.refresh_disposition_rules(id) from public.tenants")
    assert after == db.execute(kept.encode()).fetchall()
    assert before
    assert after != before or "priority" in change
