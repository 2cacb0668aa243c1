"""A client in service is somebody's: seen by all, taken over by a supervisor, forgotten in time."""

import psycopg

from tests.sql.personas import World, acting, refused, scalar, set_clock


def hold(db: psycopg.Connection, world: World, who: str) -> dict[str, object]:
    with acting(db, world, who):
        found = scalar(db, "select public.begin_service(%s)", world.ids["client"])
    assert isinstance(found, dict)
    return found


def test_the_first_has_the_client_and_a_second_is_told_who(
    db: psycopg.Connection, world: World
) -> None:
    db.execute("delete from public.client_services")
    assert hold(db, world, "operator")["is_mine"] is True
    seen = hold(db, world, "supervisor")
    assert (seen["is_mine"], seen["operator"]) == (False, "Otávio Operador")
    with acting(db, world, "operator"):
        assert scalar(db, "select public.end_service(%s)", world.ids["client"]) is True
    assert hold(db, world, "supervisor")["is_mine"] is True


def test_who_gives_no_sign_of_life_is_forgotten(db: psycopg.Connection, world: World) -> None:
    db.execute("delete from public.client_services")
    set_clock(db, "2026-11-23 12:00-03")
    hold(db, world, "operator")
    set_clock(db, "2026-11-23 12:02-03")
    assert hold(db, world, "supervisor")["is_mine"] is False
    hold(db, world, "operator")
    set_clock(db, "2026-11-23 12:04-03")
    assert hold(db, world, "supervisor")["is_mine"] is False
    set_clock(db, "2026-11-23 12:06-03")
    assert hold(db, world, "supervisor")["is_mine"] is True


def test_a_takeover_is_a_supervisors_with_a_reason_and_in_the_audit(
    db: psycopg.Connection, world: World
) -> None:
    db.execute("delete from public.client_services")
    hold(db, world, "operator")
    take = "select public.take_over_service(%s, %s)"
    with refused("not_allowed"), acting(db, world, "operator"):
        db.execute(take, (world.ids["client"], "quero"))
    with refused("reason_missing"), acting(db, world, "supervisor"):
        db.execute(take, (world.ids["client"], " "))
    with acting(db, world, "supervisor"):
        taken = scalar(db, take, world.ids["client"], "Operador saiu")
    assert isinstance(taken, dict)
    assert taken["is_mine"] is True
    told = db.execute(
        "select actor_id, after ->> 'reason' from public.audit_log"
        " where table_name = 'client_services'"
    ).fetchall()
    assert told == [(world.users["supervisor"], "Operador saiu")]
    assert hold(db, world, "operator")["is_mine"] is False


def test_a_stranger_holds_nobody(db: psycopg.Connection, world: World) -> None:
    with refused("client_not_found"), acting(db, world, "other_tenant"):
        db.execute("select public.begin_service(%s)", (world.ids["client"],))
