"""A promised call rings once, at its moment, for its person; then it is anyone's."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.proof import examples
from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, refused, scalar, set_clock

MONDAY_NOON = "2026-11-23 12:00-03"
NOON = datetime.fromisoformat(MONDAY_NOON)


@pytest.fixture(autouse=True)
def _monday(db: psycopg.Connection) -> None:
    set_clock(db, MONDAY_NOON)
    db.execute("delete from public.callbacks")
    db.execute("delete from public.notifications")


def promise(db: psycopg.Connection, world: World, who: str | None, minutes: int) -> UUID:
    disposition = uuid4()
    db.execute("set local session_replication_role = replica")
    db.execute(
        "insert into public.call_dispositions (id, client_id, tenant_id, operator_id,"
        " disposition_type) values (%s, %s, %s, %s, 'callback')",
        (disposition, world.ids["client"], TENANT, world.users["operator"]),
    )
    found = scalar(
        db,
        "insert into public.callbacks (tenant_id, client_id, disposition_id, operator_id, due_at)"
        " values (%s, %s, %s, %s, %s) returning id",
        TENANT, world.ids["client"], disposition, who and world.users[who],
        NOON + timedelta(minutes=minutes),
    )  # fmt: skip
    db.execute("set local session_replication_role = origin")
    assert isinstance(found, UUID)
    return found


def bells(db: psycopg.Connection, world: World) -> Counter[tuple[str, str]]:
    names = {user: name for name, user in world.users.items()}
    return Counter(
        (names[user], kind)
        for user, kind in db.execute("select user_id, kind from public.notifications")
    )


def sweep(db: psycopg.Connection) -> None:
    db.execute("select private.sweep_callbacks()")


def test_it_rings_at_its_moment_once_for_its_person(db: psycopg.Connection, world: World) -> None:
    promise(db, world, "operator", 5)
    sweep(db)
    assert not bells(db, world)
    set_clock(db, "2026-11-23 12:05:01-03")
    for _ in range(3):
        sweep(db)
    assert bells(db, world) == {("operator", "callback_due"): 1}


def test_the_demos_clock_moved_ahead_rings_what_it_passed(
    db: psycopg.Connection, world: World
) -> None:
    promise(db, world, "operator", 3 * 24 * 60)
    set_clock(db, "2026-11-30 09:00-03")
    sweep(db)
    assert bells(db, world) == {("operator", "callback_due"): 1}


def test_after_an_outage_many_are_one_bell_that_says_how_many(
    db: psycopg.Connection, world: World
) -> None:
    for minute in range(40):
        promise(db, world, "operator", -minute)
    promise(db, world, "supervisor", -1)
    sweep(db)
    sweep(db)
    assert bells(db, world) == {
        ("operator", "callbacks_overdue"): 1,
        ("supervisor", "callback_due"): 1,
    }
    [(told,)] = db.execute(
        "select payload from public.notifications where kind = 'callbacks_overdue'"
    )
    assert told["count"] == 40


def test_moved_to_another_moment_it_rings_again_and_the_old_bell_is_quiet(
    db: psycopg.Connection, world: World
) -> None:
    callback = promise(db, world, "operator", -1)
    sweep(db)
    with acting(db, world, "operator"):
        db.execute("select public.reschedule_callback(%s, '2026-11-23 13:00-03')", (callback,))
    assert scalar(db, "select count(*) from public.notifications where read_at is null") == 0
    set_clock(db, "2026-11-23 13:00:01-03")
    sweep(db)
    assert bells(db, world) == {("operator", "callback_due"): 2}


@pytest.mark.parametrize("end", ["complete_callback(%s)", "cancel_callback(%s, 'pagou')"])
def test_what_has_ended_neither_rings_nor_waits_to_be_read(
    db: psycopg.Connection, world: World, end: str
) -> None:
    told, silent = promise(db, world, "operator", -1), promise(db, world, "operator", 5)
    sweep(db)
    with acting(db, world, "operator"):
        for callback in (told, silent):
            db.execute(f"select public.{end}", (callback,))
    set_clock(db, "2026-11-23 12:06-03")
    sweep(db)
    assert bells(db, world) == {("operator", "callback_due"): 1}
    assert scalar(db, "select count(*) from public.notifications where read_at is null") == 0


def test_nobody_elses_bell_rings(db: psycopg.Connection, world: World) -> None:
    promise(db, world, None, -1)
    promise(db, world, "revoked", -1)
    sweep(db)
    assert not bells(db, world)


def test_a_run_that_dies_before_its_end_rings_in_the_next_one_and_once(
    fresh_database: str,
) -> None:
    rounds = examples(2, 20)
    with psycopg.connect(fresh_database, autocommit=True) as owner:
        for _ in range(rounds):
            plant(owner, 7)
            with psycopg.connect(fresh_database) as dying:
                dying.execute("select private.remind_callbacks()")
                pid = dying.info.backend_pid
                owner.execute("select pg_terminate_backend(%s, 10000)", (pid,))
                with pytest.raises(psycopg.OperationalError):
                    dying.execute("select 1")
            assert reminded(owner) == (0, 0)
            owner.execute("select private.remind_callbacks()")
            assert reminded(owner) == (7, 1)
            owner.execute("delete from public.callbacks")
            owner.execute("delete from public.notifications")


def test_two_runs_at_once_ring_once(fresh_database: str) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as owner:
        plant(owner, 200)
        runs = 4
        start = threading.Barrier(runs)

        def run() -> None:
            with psycopg.connect(fresh_database, autocommit=True) as mine:
                start.wait()
                mine.execute("select private.remind_callbacks()")

        threads = [threading.Thread(target=run) for _ in range(runs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = owner.execute(
            "select coalesce(sum(coalesce((payload ->> 'count')::int, 1)), 0)"
            " from public.notifications where kind like 'callback%'"
        ).fetchone()
        assert told == (200,)


def plant(owner: psycopg.Connection, count: int) -> None:
    """So many overdue callbacks of one operator of the demo, with a client of the seed."""
    owner.execute(
        "insert into public.call_dispositions (id, client_id, tenant_id, operator_id,"
        " disposition_type, scheduled_callback)"
        " select gen_random_uuid(), client.id, client.tenant_id, member.user_id, 'callback',"
        "   (select opens_at from private.contact_hours(client.tenant_id, client.id,"
        "     private.now() + interval '1 day', 15) limit 1)"
        " from (select * from public.clients where tenant_id = %s and uf = 'SP' limit 1) as client"
        " cross join (select user_id from public.memberships where tenant_id = %s"
        "   and role = 'operator' limit 1) as member"
        " cross join generate_series(1, %s)",
        (TENANT, TENANT, count),
    )
    owner.execute(
        "update public.callbacks set due_at = private.now() - interval '1 minute'"
        " where status = 'scheduled'"
    )


def reminded(owner: psycopg.Connection) -> tuple[object, ...]:
    row = owner.execute(
        "select (select count(*) from public.callbacks where reminded_for is not null),"
        " (select count(*) from public.notifications where kind like 'callback%')"
    ).fetchone()
    assert row is not None
    return row


def holder(db: psycopg.Connection, callback: UUID) -> tuple[object, ...]:
    row = db.execute(
        "select operator_id, released_from from public.callbacks where id = %s", (callback,)
    ).fetchone()
    assert row is not None
    return row


def test_after_a_quarter_of_an_hour_it_is_anyones(db: psycopg.Connection, world: World) -> None:
    callback = promise(db, world, "operator", 0)
    db.execute("delete from public.agenda_policies")
    set_clock(db, "2026-11-23 12:14:50-03")
    sweep(db)
    assert holder(db, callback) == (world.users["operator"], None)
    set_clock(db, "2026-11-23 12:15:01-03")
    sweep(db)
    assert holder(db, callback) == (None, world.users["operator"])
    # Its bell has nothing to say to them any more.
    assert scalar(db, "select count(*) from public.notifications where read_at is null") == 0


def test_the_agency_says_how_long_a_promise_waits(db: psycopg.Connection, world: World) -> None:
    callback = promise(db, world, "operator", 0)
    db.execute(
        "update public.agenda_policies set release_after_minutes = 90 where tenant_id = %s",
        (TENANT,),
    )
    set_clock(db, "2026-11-23 13:20-03")
    sweep(db)
    assert holder(db, callback)[0] == world.users["operator"]
    set_clock(db, "2026-11-23 13:31-03")
    sweep(db)
    assert holder(db, callback)[0] is None


@pytest.mark.parametrize("minutes", [0, -1, 1441])
def test_never_is_no_answer(db: psycopg.Connection, world: World, minutes: int) -> None:
    with refused("agenda_policies_release_within_a_day"), acting(db, world, "admin"):
        db.execute("update public.agenda_policies set release_after_minutes = %s", (minutes,))


def test_who_leaves_takes_no_promise_along(db: psycopg.Connection, world: World) -> None:
    callback = promise(db, world, "operator", 600)
    [(membership,)] = db.execute(
        "select id from public.memberships where user_id = %s and tenant_id = %s",
        (world.users["operator"], TENANT),
    )
    with acting(db, world, "admin"):
        db.execute("select public.revoke_membership(%s)", (membership,))
    assert holder(db, callback) == (None, world.users["operator"])


def test_another_agencys_clock_is_its_own(db: psycopg.Connection, world: World) -> None:
    """One agency's patience says nothing of the other's."""
    callback = promise(db, world, "operator", 0)
    db.execute(
        "update public.agenda_policies set release_after_minutes = 1 where tenant_id = %s",
        (OTHER_TENANT,),
    )
    set_clock(db, "2026-11-23 12:10-03")
    sweep(db)
    assert holder(db, callback)[0] == world.users["operator"]
