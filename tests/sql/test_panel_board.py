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


def limit(db: psycopg.Connection, world: World, creditor: object) -> None:
    db.execute(
        "update public.memberships set creditor_ids = array[%s::uuid]"
        " where user_id = %s and tenant_id = %s",
        (creditor, world.users["supervisor"], TENANT),
    )


def kinds(db: psycopg.Connection, world: World) -> dict[str, int]:
    with acting(db, world, "supervisor"):
        board = scalar(db, "select public.panel_board()")
    assert isinstance(board, dict)
    told = [*board["waiting"], *board["queues"]]
    return {each["kind"]: each["count"] for each in told}


# Of nobody's client and of no creditor.
OF_THE_AGENCY = {"batches_to_confirm", "jobs_failed", "dialer_exports"}


def test_what_waits_is_counted_as_far_as_somebody_may_see(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "update public.automation_runs set status = 'failed', finished_at = private.now()"
        " where tenant_id = %s",
        (TENANT,),
    )
    db.execute(
        "update public.callbacks set status = 'scheduled', ended_at = null,"
        " due_at = private.now() - interval '1 hour' where tenant_id = %s",
        (TENANT,),
    )
    whole = kinds(db, world)
    assert {"automations_failed", "callbacks_overdue", "settlements_to_decide"} <= whole.keys()
    # Every creditor but none of somebody's.
    limit(db, world, scalar(db, "select gen_random_uuid()"))
    assert kinds(db, world).keys() <= OF_THE_AGENCY
    [*creditors] = [
        each for (each,) in db.execute(
            "select id from public.creditors where tenant_id = %s", (TENANT,)
        )
    ]  # fmt: skip
    db.execute(
        "update public.memberships set creditor_ids = %s where user_id = %s and tenant_id = %s",
        (creditors, world.users["supervisor"], TENANT),
    )
    seen = kinds(db, world)
    assert seen["callbacks_overdue"] == whole["callbacks_overdue"]
    assert seen["automations_failed"] == whole["automations_failed"]


def test_a_disposition_that_was_taken_back_is_nobodys_last(
    db: psycopg.Connection, world: World
) -> None:
    def last() -> object:
        with acting(db, world, "supervisor"):
            board = scalar(db, "select public.panel_board()")
        assert isinstance(board, dict)
        [mine] = [each for each in board["people"] if each["id"] == str(world.users["operator"])]
        return mine["last_disposition_at"]

    before = last()
    with acting(db, world, "operator"):
        done = scalar(
            db,
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'voicemail') returning id",
            world.ids["client"],
        )
    assert last() != before
    db.execute(
        "insert into public.disposition_undos (tenant_id, disposition_id, client_id, undone_by)"
        " values (%s, %s, %s, %s)",
        (TENANT, done, world.ids["client"], world.users["operator"]),
    )
    assert last() == before
