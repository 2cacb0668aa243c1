"""Who leaves an agency is out at the next statement, and nothing they held is lost."""

import threading
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, refused, scalar

Leave = Callable[..., None]
HELD = {
    "client_services": "operator_id",
    "callbacks": "operator_id",
    "conversations": "owner_id",
    "client_assignments": "user_id",
    "dialer_agents": "user_id",
    "team_members": "user_id",
}


def membership(db: psycopg.Connection, world: World, persona: str) -> UUID:
    query = "select id from public.memberships where user_id = %s and revoked_at is null limit 1"
    return UUID(str(scalar(db, query, world.users[persona])))


@pytest.fixture
def leave(db: psycopg.Connection, world: World) -> Leave:
    """The operator holds one of everything, and is removed by an admin."""
    operator = world.users["operator"]
    for table, column in HELD.items():
        if table == "team_members":
            statement = (
                "insert into public.team_members (tenant_id, team_id, user_id)"
                " select tenant_id, id, %s from public.teams where tenant_id = %s limit 1"
                " on conflict do nothing"
            )
        else:
            statement = f"update public.{table} set {column} = %s where tenant_id = %s"
        db.execute(statement.encode(), (operator, TENANT))
    assert all(held(db, operator).values()), "holding nothing proves nothing"

    def go(hand_to: str | None = None) -> None:
        member = membership(db, world, "operator")
        to = world.users[hand_to] if hand_to else None
        with acting(db, world, "admin"):
            db.execute("select public.revoke_membership(%s, %s)", (member, to))

    return go


def held(db: psycopg.Connection, user: UUID) -> dict[str, object]:
    open_ones = {"callbacks": " and status = 'scheduled'"}
    return {
        table: scalar(
            db,
            f"select count(*) from public.{table} where {column} = %s and tenant_id = %s"
            + open_ones.get(table, ""),
            user,
            TENANT,
        )
        for table, column in HELD.items()
    }


def test_whoever_leaves_reads_nothing_with_the_next_statement(
    db: psycopg.Connection, world: World, leave: Leave
) -> None:
    with acting(db, world, "operator"):
        assert scalar(db, "select count(*) from public.clients")
    leave()
    with acting(db, world, "operator"):
        assert scalar(db, "select count(*) from public.clients") == 0
    with refused("not_allowed"), acting(db, world, "operator"):
        db.execute("select public.list_clients()")


def test_work_goes_back_to_nobody(db: psycopg.Connection, world: World, leave: Leave) -> None:
    leave()
    assert set(held(db, world.users["operator"]).values()) == {0}


def test_work_goes_to_the_colleague_who_was_named(
    db: psycopg.Connection, world: World, leave: Leave
) -> None:
    before = held(db, world.users["operator"])
    leave("supervisor")
    after = held(db, world.users["supervisor"])
    handed = ("callbacks", "conversations", "client_assignments")
    assert {table: after[table] for table in handed} == {table: before[table] for table in handed}
    assert after["client_services"] == 0


@pytest.mark.parametrize("stranger", ["other_tenant", "no_membership", "operator"])
def test_work_is_not_given_to_a_stranger_or_to_whoever_leaves(
    db: psycopg.Connection, world: World, leave: Leave, stranger: str
) -> None:
    with refused("member_not_found"):
        leave(stranger)


def test_the_last_agency_ends_the_sign_in(
    db: psycopg.Connection, world: World, leave: Leave
) -> None:
    operator = world.users["operator"]
    db.execute(
        "insert into auth.sessions (id, user_id) values (gen_random_uuid(), %s)", (operator,)
    )
    leave()
    assert scalar(db, "select count(*) from auth.sessions where user_id = %s", operator) == 0


def test_who_works_elsewhere_too_keeps_that_and_the_sign_in(
    db: psycopg.Connection, world: World, leave: Leave
) -> None:
    operator = world.users["operator"]
    db.execute(
        "insert into public.memberships (tenant_id, user_id, role, display_name)"
        " values (%s, %s, 'operator', 'Também lá')",
        (OTHER_TENANT, operator),
    )
    db.execute(
        "insert into auth.sessions (id, user_id) values (gen_random_uuid(), %s)", (operator,)
    )
    member = scalar(
        db,
        "select id from public.memberships where user_id = %s and tenant_id = %s",
        operator,
        TENANT,
    )
    with acting(db, world, "admin"):
        db.execute("select public.revoke_membership(%s)", (member,))
    assert scalar(db, "select count(*) from auth.sessions where user_id = %s", operator)
    with acting(db, world, "operator"):
        assert scalar(db, "select array_agg(distinct tenant_id) from public.clients") == [
            OTHER_TENANT
        ]


def test_keys_of_whoever_leaves_are_revoked(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "update public.api_keys set created_by = %s, revoked_at = null where tenant_id = %s",
        (world.users["supervisor"], TENANT),
    )
    member = membership(db, world, "supervisor")
    with acting(db, world, "admin"):
        db.execute("select public.revoke_membership(%s)", (member,))
    alive = "select count(*) from public.api_keys where created_by = %s and revoked_at is null"
    assert scalar(db, alive, world.users["supervisor"]) == 0


def test_the_page_of_whoever_leaves_is_told(
    db: psycopg.Connection, world: World, leave: Leave
) -> None:
    leave()
    told = "select count(*) from realtime.messages where topic = %s and event = %s"
    own = f"user:{world.users['operator']}"
    assert scalar(db, told, own, "membership_changed") == 1
    assert scalar(db, told, f"tenant:{TENANT}", "people_changed") == 1


def test_why_an_agency_is_closed_is_told_to_the_person_alone(
    db: psycopg.Connection, world: World, leave: Leave
) -> None:
    leave()
    with acting(db, world, "operator"):
        why = scalar(db, "select public.session_context() -> 'ended' -> 0 ->> 'why'")
    assert why == "removed"
    with acting(db, world, "no_membership"):
        assert scalar(db, "select public.session_context() -> 'ended'") == []


def test_a_colleague_who_is_limited_inherits_what_they_see_and_the_rest_is_free(
    db: psycopg.Connection, world: World, leave: Leave
) -> None:
    supervisor = world.users["supervisor"]
    db.execute(
        "update public.clients set creditor_ids = '{}' where id = %s", (world.ids["client"],)
    )
    db.execute(
        "update public.memberships set creditor_ids = array[%s]::uuid[] where user_id = %s",
        (scalar(db, "select id from public.creditors where tenant_id = %s limit 1", TENANT),
         supervisor),
    )  # fmt: skip
    seen = (
        "select count(*) from public.{} as held where {} = %s and client_id is not null"
        " and not private.person_sees_client(held.tenant_id, %s, client_id)"
    )
    leave("supervisor")
    for table in ("callbacks", "conversations", "client_assignments"):
        assert scalar(db, seen.format(table, HELD[table]), supervisor, supervisor) == 0
    assert set(held(db, world.users["operator"]).values()) == {0}
    released = "select count(*) from public.callbacks where released_from = %s"
    assert scalar(db, released, world.users["operator"])


def test_who_gives_a_client_and_who_removes_the_colleague_wait_for_each_other(
    world: World, wait_until: Callable[..., object]
) -> None:
    operator, refusals = world.users["operator"], []

    def assign() -> None:
        with psycopg.connect(world.url) as connection:
            try:
                with acting(connection, world, "supervisor"):
                    connection.execute(
                        "select public.bulk_assign(%s, %s)", ('{"filter": {}}', operator)
                    )
            except psycopg.Error as refusal:
                refusals.append(refusal.diag.message_primary)
            connection.rollback()

    with psycopg.connect(world.url) as db, psycopg.connect(world.url, autocommit=True) as watch:
        member = membership(db, world, "operator")
        with acting(db, world, "admin"):
            db.execute("select public.revoke_membership(%s)", (member,))
        thread = threading.Thread(target=assign)
        thread.start()
        wait_until(lambda: scalar(watch, "select count(*) from pg_locks where not granted"))
        db.commit()
        thread.join(300)
        assert refusals == ["member_not_found"]
        db.execute("update public.memberships set revoked_at = null where id = %s", (member,))
        db.commit()


def test_who_removes_a_colleague_does_not_hold_up_who_gives_them_a_client(
    world: World, wait_until: Callable[..., object]
) -> None:
    """The gift holds the seat, the removal the agency; neither waits in a ring."""
    errors = []

    def remove(member: object) -> None:
        with psycopg.connect(world.url) as connection:
            try:
                with acting(connection, world, "admin"):
                    connection.execute("select public.revoke_membership(%s)", (member,))
            except psycopg.Error as error:
                errors.append(error.diag.message_primary)
            connection.rollback()

    with psycopg.connect(world.url) as db, psycopg.connect(world.url, autocommit=True) as watch:
        member = membership(db, world, "operator")
        db.execute("select from public.memberships where id = %s for share", (member,))
        thread = threading.Thread(target=remove, args=(member,))
        thread.start()
        wait_until(lambda: scalar(watch, "select count(*) from pg_locks where not granted"))
        with acting(db, world, "supervisor"):
            db.execute(
                "select public.bulk_assign(%s, %s)",
                ('{"filter": {}}', world.users["operator"]),
            )
        db.rollback()
        thread.join(300)
    assert errors == []
