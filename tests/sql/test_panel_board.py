"""The board tells supervisors, and them alone, who begins and who ends with a client."""

import psycopg
import pytest

from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, scalar

JOINS = "select private.may_join('panel:' || %s)"
TOLD = (
    "select count(*)::int from realtime.messages"
    f" where event = 'board_changed' and topic = 'panel:{TENANT}'"
)


@pytest.mark.parametrize(
    ("persona", "joins"),
    [("admin", True), ("supervisor", True), ("operator", False), ("revoked", False)],
)
def test_the_boards_news_is_for_supervisors(
    db: psycopg.Connection, world: World, persona: str, joins: bool
) -> None:
    with acting(db, world, persona):
        assert scalar(db, JOINS, TENANT) is joins
        assert scalar(db, JOINS, OTHER_TENANT) is False


def test_beginning_and_ending_are_news_and_signs_of_life_are_none(
    db: psycopg.Connection, world: World
) -> None:
    db.execute("delete from public.client_services")
    before = scalar(db, TOLD)
    assert isinstance(before, int)
    client = world.ids["client"]
    for _ in range(3):
        with acting(db, world, "operator"):
            db.execute("select public.begin_service(%s)", (client,))
    assert scalar(db, TOLD) == before + 1
    with acting(db, world, "operator"):
        db.execute("select public.end_service(%s)", (client,))
    assert scalar(db, TOLD) == before + 2


def test_who_works_for_other_creditors_sees_that_somebody_is_busy_but_not_with_whom(
    db: psycopg.Connection, world: World
) -> None:
    db.execute("delete from public.client_services")
    with acting(db, world, "operator"):
        db.execute("select public.begin_service(%s)", (world.ids["client"],))
    db.execute(
        "update public.memberships set creditor_ids = array[gen_random_uuid()]"
        " where user_id = %s and tenant_id = %s",
        (world.users["supervisor"], TENANT),
    )
    with acting(db, world, "supervisor"):
        board = scalar(db, "select public.panel_board()")
    assert isinstance(board, dict)
    [serving] = [each["serving"] for each in board["people"] if each["serving"]]
    assert serving["since"]
    assert (serving["client_id"], serving["client"], serving["document"]) == (None, None, None)
    assert "agreements_to_approve" not in {each["kind"] for each in board["waiting"]}


def test_what_is_on_its_way_out_is_counted_with_its_oldest(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "supervisor"):
        before = scalar(db, "select public.panel_board() -> 'queues'")
    db.execute(
        "update public.automation_runs set status = 'queued', finished_at = null"
        " where tenant_id = %s and status <> 'queued'",
        (TENANT,),
    )
    with acting(db, world, "supervisor"):
        after = scalar(db, "select public.panel_board() -> 'queues'")
    assert isinstance(before, list)
    assert isinstance(after, list)
    runs = db.execute(
        "select count(*) from public.automation_runs where tenant_id = %s", (TENANT,)
    ).fetchone()
    assert runs is not None
    [told] = [each for each in after if each["kind"] == "automations"]
    assert told["count"] == runs[0] > 0
    assert told["oldest_at"]
