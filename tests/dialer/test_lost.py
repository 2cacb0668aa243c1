"""What gets lost between the dialer and us: a call stays one call, a bad export fails alone."""

import json
import uuid
from collections import Counter
from typing import Any

import psycopg
import pytest

import threecplus_reconcile
from local_platform.providers import threecplus_calls as shapes
from outbox import dialing
from providers import threecplus
from tests.dialing import HOST, MANAGER, Floor


def connected(floor: Floor, **how: Any) -> dict[str, Any]:
    """A call that the webhook of its connection told of."""
    floor.connect(**how)
    made = floor.held()["calls"][-1]
    floor.callback(shapes.connected(made))
    return dict(made)


def ended(floor: Floor, made: dict[str, Any]) -> dict[str, Any]:
    floor.hang_up(made["telephony_id"])
    found = [c for c in floor.held()["calls"] if c["telephony_id"] == made["telephony_id"]]
    return dict(found[0])


def swept(floor: Floor) -> dict[str, int]:
    floor.world.run("update public.integrations set created_at = private.now() - interval '1 day'")
    return floor.job("3cplus-reconcile")


def test_a_call_whose_history_was_lost_is_ended_by_the_sweep_and_stays_one(floor: Floor) -> None:
    client = floor.person(1)
    made = connected(floor, phone="11980000001")
    ended(floor, made)
    assert swept(floor) == {"found": 1, "recovered": 0, "failed": 0}
    [call] = floor.calls()
    assert (call["client_id"], call["status"], call["external_id"]) == (
        client, "finished", made["_id"],
    )  # fmt: skip
    assert call["ended_at"] is not None


def test_two_calls_of_one_agent_to_one_number_stay_two(floor: Floor) -> None:
    floor.person(1)
    for _ in range(2):
        ended(floor, connected(floor, phone="11980000001"))
    assert swept(floor)["recovered"] == 0
    assert len(floor.calls()) == 2
    assert {call["status"] for call in floor.calls()} == {"finished"}


def test_a_history_that_comes_after_the_sweep_makes_no_second_call(floor: Floor) -> None:
    floor.person(1)
    made = connected(floor, phone="11980000001")
    finished = ended(floor, made)
    swept(floor)
    floor.callback(shapes.history(finished, "2025"))
    floor.apply()
    assert len(floor.calls()) == 1


def test_a_connection_told_after_the_sweep_is_the_swept_call(floor: Floor) -> None:
    floor.person(1)
    floor.connect(phone="11980000001")
    made = floor.held()["calls"][-1]
    ended(floor, made)
    assert swept(floor)["recovered"] == 1
    floor.callback(shapes.connected(made))
    [call] = floor.calls()
    assert (call["telephony_id"], call["status"]) == (made["telephony_id"], "finished")


def test_two_rows_of_one_call_become_one_that_keeps_the_outcome(floor: Floor) -> None:
    client = floor.person(1)
    made = connected(floor, phone="11980000001")
    done = uuid.uuid4()
    with floor.world.acting("operator"):
        floor.world.run(
            "insert into public.call_dispositions (id, client_id, disposition_type)"
            " values (%s, %s, 'voicemail')", done, client,
        )  # fmt: skip
    finished = ended(floor, made)
    # As they were left by a clock more than three minutes off.
    floor.world.run("update public.calls set called_at = called_at - interval '10 minutes'")
    assert swept(floor)["recovered"] == 1
    floor.callback(shapes.history(finished, "2025"))
    floor.apply()
    [call] = floor.calls()
    assert (call["disposition_id"], call["status"], call["external_id"]) == (
        done, "finished", made["_id"],
    )  # fmt: skip


def test_three_rows_of_one_call_become_one(floor: Floor) -> None:
    floor.person(1)
    made = connected(floor, phone="11980000001")
    finished = ended(floor, made)
    # A list told of it by each of its ids, under a clock of its own.
    for named in (made["_id"], made["telephony_id"]):
        floor.world.run(
            "insert into public.calls (tenant_id, integration_id, external_id, phone, status,"
            " called_at) values (%s, %s, %s, '+5511980000001', 'ended', '2026-01-05')",
            floor.world.tenant, floor.integration, named,
        )  # fmt: skip
    floor.callback(shapes.history(finished, "2025"))
    floor.apply()
    [call] = floor.calls()
    assert (call["external_id"], call["status"]) == (made["_id"], "finished")
    assert not floor.world.rows("select error from private.provider_events where error <> ''")


def test_of_two_rows_of_one_call_whatever_either_knows_is_kept(floor: Floor) -> None:
    """Every column: a new one is red until it is merged."""
    client = floor.person(1)
    told = {
        "external_id": "e1", "telephony_id": "t1", "client_id": client, "phone": "+5511980000001",
        "identifier": "i1", "campaign_id": 123, "campaign_name": "Ativa", "list_id": 9,
        "agent_id": 77, "operator_id": floor.world.people["operator"], "status": "finished",
        "mode": "dialer", "outcome_type": "voicemail", "qualification_id": 31,
        "qualification_name": "Recado", "qualification_source": "ours", "qualification_note": "x",
        "qualify_status": "done", "hangup_cause": 16, "talk_seconds": 95, "billed_seconds": 96,
        "wrap_seconds": 12, "is_recorded": True,
    }  # fmt: skip
    bare = {"telephony_id": "t0", "status": "connected", "is_recorded": False}
    ids = [
        floor.world.insert(
            "calls",
            {"tenant_id": floor.world.tenant, "integration_id": floor.integration,
             "called_at": "2026-01-05", **columns},
        )
        for columns in (bare, told)
    ]  # fmt: skip
    floor.world.run(
        "update public.calls set connected_at = called_at, ended_at = called_at where id = %s",
        ids[1],
    )
    [_, twin] = sorted(floor.calls(), key=lambda call: bool(call["identifier"]))
    assert None not in {twin[name] for name in twin if name != "disposition_id"}
    floor.world.run("select private.merge_calls(%s, %s)", *ids)
    [kept] = floor.calls()
    own = {"id": ids[0], "telephony_id": "t0", "created_at": kept["created_at"]}
    assert kept == twin | own


def test_a_sweep_holds_no_number_longer_than_its_call(floor: Floor) -> None:
    for n in range(3):
        floor.person(n)
        floor.connect(phone=f"119{80_000_000 + n}")
        ended(floor, floor.held()["calls"][-1])
    assert swept(floor)["recovered"] == 3
    assert floor.world.one("select count(distinct xmin::text) from public.calls") == 3


def test_a_turn_of_the_queue_holds_few_numbers_and_loses_none(floor: Floor) -> None:
    floor.world.run(
        "select private.receive_provider_event('threecplus', %s, 'n:' || n, 'call_finished',"
        " jsonb_build_object('call', jsonb_build_object('external_id', 'e' || n, 'status',"
        " 'finished', 'number', '+551198000' || (1000 + n))))"
        " from generate_series(1, 45) as n", floor.webhook_key,
    )  # fmt: skip
    turn = "select private.apply_provider_events(500)"
    assert [floor.world.one(turn) for _ in range(4)] == [20, 20, 5, 0]
    assert len(floor.calls()) == 45


def test_a_number_somebody_writes_of_delays_the_screen_and_loses_nothing(
    floor: Floor, copied_url: str
) -> None:
    client = floor.person(1)
    floor.connect(phone="11980000001")
    made = floor.held()["calls"][-1]
    with psycopg.connect(copied_url) as other:
        other.execute(
            "select pg_advisory_xact_lock(hashtextextended('call:' ||"
            " private.phone_match('+5511980000001'), 0))"
        )
        assert floor.callback(shapes.connected(made)).status_code == 200
        assert not floor.calls()
        # The queue looks again in a moment, and a drain stays for it.
        floor.apply()
        [waits] = floor.world.rows(
            "select vt - clock_timestamp() as pause from pgmq.q_provider_events"
        )
        assert waits["pause"].total_seconds() < 0.2
        floor.world.run("delete from private.event_wakes")
        floor.world.run(
            "update pgmq.q_provider_events set vt = clock_timestamp() + interval '0.9 s'"
        )
        assert 0 < floor.world.one("select private.events_pause()") < 0.9
    floor.apply()
    [call] = floor.calls()
    assert (call["client_id"], call["status"]) == (client, "connected")
    topics = floor.world.rows("select topic from realtime.messages where event = 'call_connected'")
    assert not floor.world.rows("select msg_id from pgmq.q_provider_events")
    assert [row["topic"] for row in topics] == [f"user:{floor.world.people['operator']}"]


def test_a_sweep_out_of_time_goes_on_where_it_stopped(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(floor, connected(floor, phone="11980000001"))
    monkeypatch.setattr(threecplus_reconcile, "BUDGET_SECONDS", 0.001)
    floor.world.run("update public.integrations set created_at = created_at - interval '2 hours'")
    asked = 0
    for _ in range(20):
        floor.job("3cplus-reconcile")
        [[until, now]] = [
            (row["until_at"], row["now"])
            for row in floor.world.rows(
                "select max(until_at) as until_at, private.now() as now from public.call_sweeps"
            )
        ]
        asked += 1
        if floor.calls()[0]["status"] == "finished" and (now - until).total_seconds() < 60:
            break
    assert floor.calls()[0]["status"] == "finished"
    assert 1 < asked <= 20


def test_an_export_that_cannot_be_planned_fails_alone_and_can_be_resumed(floor: Floor) -> None:
    floor.person(1)
    bad = floor.export()
    # A selection that was valid when it was asked for.
    floor.world.run(
        'update public.dialer_exports set selection = \'{"filter": {"gone": 1}}\' where id = %s',
        bad,
    )
    good = floor.export(campaign_id=124)
    floor.finish()
    assert (floor.shown(bad)["status"], floor.shown(good)["status"]) == ("failed", "done")
    assert floor.shown(bad)["error_detail"]
    told = floor.world.rows("select payload from public.notifications")
    assert {"export_id": bad, "status": "failed"} in [row["payload"] for row in told]
    floor.world.run("update public.dialer_exports set selection = '{\"filter\": {}}'")
    told = floor.world.rpc("supervisor", "resume_dialer_export", export_id=bad)
    assert told == "planning"
    floor.finish()
    assert floor.shown(bad)["status"] == "done"


def failing_since(floor: Floor) -> object:
    return floor.world.one("select failing_since from public.integrations")


def test_what_answers_again_is_not_said_to_fail(floor: Floor) -> None:
    floor.person(1)
    floor.register(tokens={})
    export = floor.export()
    floor.finish()
    assert failing_since(floor) is not None
    floor.register()
    floor.world.rpc("supervisor", "resume_dialer_export", export_id=export)
    floor.finish()
    assert failing_since(floor) is None


def test_a_refused_agents_token_is_not_healed_by_the_managers(floor: Floor) -> None:
    client = floor.person(1)
    floor.world.rpc(
        "admin", "save_dialer_qualification", campaign_id=0, disposition_type="voicemail",
        qualification_id=34,
    )  # fmt: skip
    connected(floor, phone="11980000001")
    floor.register(tokens={MANAGER: "manager"})
    with floor.world.acting("operator"):
        floor.world.run(
            "insert into public.call_dispositions (id, client_id, disposition_type)"
            " values (%s, %s, 'voicemail')", uuid.uuid4(), client,
        )  # fmt: skip
    floor.finish()
    assert failing_since(floor) is not None
    floor.export()
    floor.finish()
    assert failing_since(floor) is not None
    assert swept(floor)["failed"] == 0
    assert failing_since(floor) is not None


def test_a_cancelled_list_that_is_not_silenced_is_told_and_silenced_later(floor: Floor) -> None:
    floor.person(1)
    export = floor.export()
    floor.finish()
    floor.misbehave("answer", "weight", status=422)
    floor.world.rpc("supervisor", "cancel_dialer_export", export_id=export)
    floor.finish()
    assert [item["weight"] for item in floor.held()["lists"]] == [1]
    told = floor.world.rows("select kind from public.notifications")
    assert "dialer_silence_failed" in {row["kind"] for row in told}
    floor.world.run("update private.dialer_tasks set done_at = done_at - interval '10 minutes'")
    floor.world.run("select private.sweep_dialer()")
    floor.finish()
    assert [item["weight"] for item in floor.held()["lists"]] == [0]


def test_a_file_is_written_down_in_pieces_and_a_crash_between_them_loses_nobody(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialing, "WRITTEN", 4_000)
    floor.crowd(10_001)
    export = floor.export()
    real = threecplus.perform
    died: list[uuid.UUID] = []

    def perform(task: Any, *rest: Any) -> Any:
        told = real(task, *rest)
        if task.kind == "file" and not died:
            died.append(task.task_id)
            # One piece is written down, and the worker is gone.
            floor.world.run(
                "select private.note_dialer_rows(%s, %s, %s::jsonb, 4000)",
                task.task_id, task.attempt, json.dumps(dict(told.answer)),
            )  # fmt: skip
            floor.world.run("update private.dialer_tasks set attempt = attempt + 1")
        return told

    monkeypatch.setattr(threecplus, "perform", perform)
    floor.finish()
    assert died
    assert floor.shown(export)["loaded"] == 10_001
    assert Counter(floor.loaded().values()) == {1: 10_001}
    assert len(floor.held()["lists"]) == 1
    assert HOST
