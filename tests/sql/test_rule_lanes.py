"""What somebody has just done never stands behind a day's ruler, nor the ruler behind that."""

from uuid import uuid4

import psycopg
import pytest

from tests.sql.personas import World, scalar, set_clock
from tests.sql.rules import only_rule
from tests.sql.thread import NOON, claim, dispose, row_of

CROWD = 400


@pytest.fixture(autouse=True)
def noon(db: psycopg.Connection) -> None:
    set_clock(db, NOON)
    db.execute("delete from pgmq.q_automations")


def crowd(db: psycopg.Connection, is_background: bool) -> None:
    """Messages that nobody will know: read, they become dead letters."""
    db.execute(
        "insert into pgmq.q_automations (vt, message)"
        " select clock_timestamp() - interval '1 hour',"
        "  jsonb_build_object('run_id', gen_random_uuid())"
        "  || case when %s then '{\"is_background\": true}' else '{}'::jsonb end"
        " from generate_series(1, %s)",
        (is_background, CROWD),
    )


def read(db: psycopg.Connection, most: int) -> list[bool]:
    """Of what one look gives, whether each is of the background."""
    rows = db.execute(
        "select (item.message ? 'is_background') is true from unnest(private.read_runs(%s, 60))"
        " as got (id) join pgmq.q_automations as item on item.msg_id = got.id",
        (most,),
    ).fetchall()
    return [row[0] for row in rows]


def test_a_disposition_is_not_behind_a_mornings_ruler(db: psycopg.Connection, world: World) -> None:
    only_rule(db, world)
    disposition = dispose(db, world)
    crowd(db, is_background=True)
    db.execute("select private.claim_automation_runs(4, 60)")
    assert row_of(db, "public.automation_runs", disposition_id=disposition)["status"] == "running"


@pytest.mark.parametrize("most", [1, 4, 32])
def test_neither_lane_starves_the_other(db: psycopg.Connection, world: World, most: int) -> None:
    for is_background in (True, False):
        crowd(db, is_background)
    looks = [read(db, most) for _ in range(4)]
    assert [len(look) for look in looks] == [most] * 4
    background = sum(sum(look) for look in looks)
    assert background == most // 4 * 4, "a quarter is theirs"


@pytest.mark.parametrize("is_background", [True, False])
def test_what_one_lane_leaves_is_the_others(
    db: psycopg.Connection, world: World, is_background: bool
) -> None:
    crowd(db, is_background)
    assert read(db, 32) == [is_background] * 32


def test_a_read_message_is_hidden_for_its_lease(db: psycopg.Connection, world: World) -> None:
    crowd(db, is_background=False)
    seen = [read(db, CROWD // 2), read(db, CROWD), read(db, CROWD)]
    assert [len(look) for look in seen] == [CROWD // 2, CROWD // 2, 0]


def test_a_rulers_run_stays_in_the_background_whatever_postpones_it(
    db: psycopg.Connection, world: World
) -> None:
    only_rule(db, world, trigger="debt_due", disposition_type=None, day_offset=0, filter={"q": "x"})
    rule = scalar(db, "select id from public.collection_rules where is_enabled limit 1")
    run = uuid4()
    db.execute(
        "insert into public.automation_runs (id, tenant_id, rule_id, client_id, target_id, on_date,"
        " queue_msg_id) select %s, tenant_id, %s, id, id, '2026-11-23',"
        " private.enqueue_run(%s, private.now(), true) from public.clients where id = %s",
        (run, rule, run, world.ids["client"]),
    )
    scalar(db, "select private.postpone_run(%s, private.now() + interval '1 hour', null)", run)
    message = scalar(
        db,
        "select item.message from pgmq.q_automations as item"
        " join public.automation_runs as run on run.queue_msg_id = item.msg_id where run.id = %s",
        run,
    )
    assert message == {"run_id": str(run), "is_background": True}
    assert claim(db) == []


def test_a_look_reads_what_is_due_and_nothing_else(db: psycopg.Connection, world: World) -> None:
    """A hundred thousand that wait for the morning are not passed over at each look."""
    for is_background in (True, False):
        crowd(db, is_background)
    db.execute("update pgmq.q_automations set vt = vt + interval '1 day'")
    db.execute("analyze pgmq.q_automations")
    db.execute("set local enable_seqscan = off")
    for word in ("is true", "is not true"):
        plan = db.execute(
            "explain select msg_id from pgmq.q_automations where vt <= clock_timestamp()"
            f" and (message ? 'is_background') {word} order by vt limit 8 for update skip locked"
        ).fetchall()
        text = "\n".join(row[0] for row in plan)
        assert "q_automations_background" in text or "q_automations_at_once" in text, text
        assert "Sort" not in text
