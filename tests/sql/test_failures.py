"""What failed is in one list with its cause, and is tried again once however often it is asked."""

import json
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock
from tests.sql.scoped import draw_limit
from tests.sql.thread import NOON, claim, row_of, send, settle


@pytest.fixture
def failed(db: psycopg.Connection, world: World) -> UUID:
    """A run of a rule that the provider refused."""
    set_clock(db, NOON)
    message, attempt = send(db, world)
    settle(db, message, attempt, "failed", error_code="policy")
    return UUID(str(row_of(db, "public.message_logs", id=message)["automation_run_id"]))


def listed(db: psycopg.Connection, world: World, **asked: object) -> dict[str, Any]:
    names = ", ".join(f"{name} => %s" for name in asked)
    with acting(db, world, "supervisor"):
        page = scalar(db, f"select public.list_failures({names})", *asked.values())
    assert isinstance(page, dict)
    return page


def again(db: psycopg.Connection, world: World, *items: tuple[str, object]) -> list[str]:
    asked = json.dumps([{"kind": kind, "id": str(name)} for kind, name in items])
    with acting(db, world, "supervisor"):
        told = scalar(db, "select public.reprocess_failures(%s)", asked)
    assert isinstance(told, list)
    return [item["outcome"] for item in told]


def test_a_failed_run_is_listed_with_its_cause(
    db: psycopg.Connection, world: World, failed: UUID
) -> None:
    [row] = listed(db, world, kinds=["automation"])["rows"]
    assert (row["id"], row["reason"], row["may_retry"]) == (str(failed), "policy", True)
    assert row["client_id"] == str(world.ids["client"])
    with acting(db, world, "supervisor"):
        counts = scalar(db, "select public.count_failures()")
    assert isinstance(counts, dict)
    assert counts["automation"] == 1


def test_a_rules_message_is_not_listed_twice(
    db: psycopg.Connection, world: World, failed: UUID
) -> None:
    assert listed(db, world, kinds=["message"])["rows"] == []


def test_every_kind_has_its_row_and_is_set_aside(
    db: psycopg.Connection, world: World, failed: UUID
) -> None:
    for change in (
        "update public.charges set status = 'failed', error_code = 'payer_invalid'",
        "update public.imports set status = 'failed', error_code = 'file_unreadable',"
        " finished_at = now()",
        "update public.dialer_exports set status = 'failed', error_code = 'refused'",
        "update public.job_runs set failures = 1, finished_at = now(),"
        " on_date = private.today(tenant_id)",
        "update private.provider_events set error = 'payload_invalid'",
        "update public.message_logs set status = 'failed', failed_at = now(),"
        " error_code = 'policy' where automation_run_id is null and batch_id is null",
        "delete from private.batch_counts",
        "insert into private.batch_counts"
        " select id, 'failed:policy', 1 from public.message_batches",
    ):
        db.execute(change.encode())
    rows = listed(db, world, page_size=200)["rows"]
    assert {row["kind"] for row in rows} == {
        "automation", "message", "charge", "batch", "import", "dialer_export", "job", "webhook",
    }  # fmt: skip
    assert all(row["reason"] for row in rows)
    items = json.dumps([{"kind": row["kind"], "id": row["id"]} for row in rows])
    with acting(db, world, "supervisor"):
        assert scalar(db, "select public.set_aside_failures(%s)", items) == len(rows)
    assert listed(db, world)["rows"] == []
    aside = listed(db, world, aside=True, page_size=200)["rows"]
    assert aside == rows
    with acting(db, world, "supervisor"):
        board = scalar(db, "select public.panel_board() -> 'waiting'")
        assert isinstance(board, list)
        assert not [each for each in board if each["kind"].endswith("_failed")]
        assert scalar(db, "select public.bring_back_failures(%s)", items) == len(rows)
        assert scalar(db, "select public.bring_back_failures(%s)", items) == 0
        board = scalar(db, "select public.panel_board() -> 'waiting'")
    assert isinstance(board, list)
    assert {each["kind"] for each in board if each["kind"].endswith("_failed")} == {
        "automations_failed", "charges_failed", "imports_failed", "jobs_failed",
    }  # fmt: skip
    assert listed(db, world, aside=True)["rows"] == []
    assert listed(db, world, page_size=200)["rows"] == rows
    told = db.execute(
        "select action, actor_id, count(*) from public.audit_log"
        " where table_name = 'failures_set_aside' group by action, actor_id order by action"
    ).fetchall()
    who = world.users["supervisor"]
    assert told == [("delete", who, len(rows)), ("insert", who, len(rows))]


def test_a_bulk_send_is_one_row_that_leads_to_it(
    db: psycopg.Connection, world: World, failed: UUID
) -> None:
    db.execute("delete from private.batch_counts")
    assert listed(db, world, kinds=["batch"])["rows"] == []
    batch, name = db.execute(
        "select id, name from public.message_batches where tenant_id = %s limit 1", (TENANT,)
    ).fetchall()[0]
    for key, amount in (("failed:no_whatsapp", 7), ("failed:policy", 2), ("failed:spam", 0)):
        db.execute("insert into private.batch_counts values (%s, %s, %s)", (batch, key, amount))
    [row] = listed(db, world, kinds=["batch"])["rows"]
    assert (row["id"], row["title"], row["reason"]) == (str(batch), f"{name} (9)", "no_whatsapp")
    assert row["may_retry"] is False
    assert again(db, world, ("batch", batch)) == ["not_retryable"]


def test_what_is_set_aside_stays_away_until_it_fails_anew(
    db: psycopg.Connection, world: World, failed: UUID
) -> None:
    items = json.dumps([{"kind": "automation", "id": str(failed)}])
    with acting(db, world, "supervisor"):
        assert scalar(db, "select public.set_aside_failures(%s)", items) == 1
        assert scalar(db, "select public.set_aside_failures(%s)", items) == 1
    assert listed(db, world, kinds=["automation"])["rows"] == []
    db.execute(
        "update public.automation_runs set finished_at = private.now() + interval '1 second'"
        " where id = %s",
        (failed,),
    )
    assert len(listed(db, world, kinds=["automation"])["rows"]) == 1
    draw_limit(db, world)
    with acting(db, world, "supervisor"):
        assert scalar(db, "select public.set_aside_failures(%s)", items) == 0
        assert scalar(db, "select public.bring_back_failures(%s)", items) == 0
    assert scalar(db, "select count(*) from private.failures_set_aside") == 1


def test_a_message_of_nobody_is_set_aside_by_whoever_it_is_listed_for(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "update public.message_logs set status = 'failed', failed_at = now(), client_id = null,"
        " error_code = 'policy' where automation_run_id is null and batch_id is null"
        " and direction = 'out' and tenant_id = %s", (TENANT,),
    )  # fmt: skip
    draw_limit(db, world)
    rows = listed(db, world, kinds=["message"])["rows"]
    items = json.dumps([{"kind": row["kind"], "id": row["id"]} for row in rows])
    with acting(db, world, "supervisor"):
        assert scalar(db, "select public.set_aside_failures(%s)", items) == len(rows) > 0


def test_what_is_out_of_sight_is_not_done_again(
    db: psycopg.Connection, world: World, failed: UUID
) -> None:
    db.execute("update public.charges set status = 'failed', error_code = 'payer_invalid'")
    charge = scalar(db, "select id from public.charges where tenant_id = %s limit 1", TENANT)
    draw_limit(db, world)
    items = [("automation", failed), ("charge", charge), ("message", world.ids["message"])]
    items += [("import", world.ids["import"])]
    hidden = [again(db, world, item)[0] for item in items]
    nobodys = [again(db, world, (kind, uuid4()))[0] for kind, _ in items]
    assert hidden == nobodys
    assert row_of(db, "public.automation_runs", id=failed)["status"] == "failed"


def test_pages_neither_repeat_nor_lose(db: psycopg.Connection, world: World, failed: UUID) -> None:
    db.execute("update private.provider_events set error = 'payload_invalid'")
    db.execute("update public.job_runs set failures = 1")
    whole = [row["id"] for row in listed(db, world, page_size=200)["rows"]]
    paged: list[str] = []
    after = None
    while True:
        page = listed(db, world, after=after, page_size=1)
        paged += [row["id"] for row in page["rows"]]
        after = page["next"]
        if after is None:
            break
    assert paged == whole
    assert len(whole) >= 3


def test_again_twice_is_once(db: psycopg.Connection, world: World, failed: UUID) -> None:
    assert again(db, world, ("automation", failed), ("automation", failed)) == ["done"]
    assert again(db, world, ("automation", failed)) == ["run_not_retryable"]
    assert len(claim(db)) == 1
    assert claim(db) == []


def test_one_that_refuses_holds_up_no_other(
    db: psycopg.Connection, world: World, failed: UUID
) -> None:
    outcomes = again(
        db, world, ("automation", uuid4()), ("automation", failed), ("webhook", uuid4())
    )
    assert sorted(outcomes) == ["done", "not_retryable", "run_not_found"]


@pytest.mark.parametrize("items", ["{}", '[{"kind": "moon", "id": "1"}]', '[{"kind": "charge"}]'])
def test_what_is_no_list_is_refused(db: psycopg.Connection, world: World, items: str) -> None:
    with refused("selection_invalid"), acting(db, world, "supervisor"):
        db.execute("select public.reprocess_failures(%s)", (items,))


def test_strangers_see_and_do_nothing(db: psycopg.Connection, world: World, failed: UUID) -> None:
    with acting(db, world, "other_tenant"):
        page = scalar(db, "select public.list_failures(array['automation'])")
        asked = json.dumps([{"kind": "automation", "id": str(failed)}])
        told = scalar(db, "select public.reprocess_failures(%s)", asked)
    assert isinstance(page, dict)
    assert str(failed) not in [row["id"] for row in page["rows"]]
    assert isinstance(told, list)
    assert told[0]["outcome"] == "run_not_found"
    for call in (
        "list_failures()",
        "count_failures()",
        "reprocess_failures('[]')",
        "set_aside_failures('[]')",
        "bring_back_failures('[]')",
    ):
        with refused("not_allowed"), acting(db, world, "operator"):
            db.execute(f"select public.{call}".encode())


def refused_event(db: psycopg.Connection, world: World) -> UUID:
    """A webhook that changed nothing, waiting for a person."""
    event = uuid4()
    db.execute(
        "insert into private.provider_events (id, provider, external_id, tenant_id,"
        " integration_id, kind, payload, handled_at, error) values (%s, 'gupshup', %s, %s, %s,"
        " 'message_status', '{}', private.now(), 'message_not_found')",
        (event, str(event), TENANT, world.ids["integration"]),
    )
    db.execute("delete from pgmq.q_provider_events")
    return event


def test_a_webhook_is_applied_once_more_and_once(db: psycopg.Connection, world: World) -> None:
    event = refused_event(db, world)
    assert again(db, world, ("webhook", event)) == ["done"]
    assert again(db, world, ("webhook", event)) == ["not_retryable"]
    queued = "select count(*) from pgmq.q_provider_events where message ->> 'event_id' = %s"
    assert scalar(db, queued, str(event)) == 1


@pytest.mark.parametrize(
    ("status", "outcome"), [("interrupted", "done"), ("failed", "import_not_interrupted")]
)
def test_an_import_goes_on_where_it_was_cut_off(
    db: psycopg.Connection, world: World, status: str, outcome: str
) -> None:
    db.execute(
        "update public.imports set status = %s::public.import_status, finished_at = private.now()"
        " where id = %s",
        (status, world.ids["import"]),
    )
    rows = listed(db, world, kinds=["import"])["rows"]
    [row] = [row for row in rows if row["id"] == str(world.ids["import"])]
    assert row["may_retry"] is (status == "interrupted")
    assert again(db, world, ("import", world.ids["import"])) == [outcome]
