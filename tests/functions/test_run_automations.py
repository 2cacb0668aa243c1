"""One disposition, one message, the right end, whatever provider, queue or person does."""

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from kit import config, http
from tests.automation import JOBS_KEY, TENANT, Thread, WaitUntil


def test_a_disposition_becomes_one_message_that_is_read(
    thread: Thread, wait_until: WaitUntil
) -> None:
    thread.dispose()
    assert thread.drain()["claimed"] == 1
    wait_until(lambda: thread.drain() and thread.messages()[0]["status"] == "read")
    [run], [message], [accepted] = thread.runs(), thread.messages(), thread.phone.messages()
    assert (run["status"], run["reason"]) == ("done", None)
    assert message["provider_message_id"] == accepted["id"]
    assert message["wamid"] == accepted["wamid"]
    assert message["phone"] == "+" + accepted["phone"]
    assert json.loads(accepted["form"]["template"])["params"] == message["params"]
    assert thread.queued() == 0


def test_a_drain_without_work_sends_nothing(thread: Thread) -> None:
    thread.dispose()
    thread.drain()
    calls = thread.phone.calls()
    for _ in range(3):
        thread.elapse(120)
        assert thread.drain()["claimed"] == 0
    assert thread.phone.calls() == calls == 1


def test_forty_dispositions_are_forty_messages_to_forty_people(thread: Thread) -> None:
    thread.dispose(40)
    drained = thread.drain()["claimed"]
    phones = [message["phone"] for message in thread.phone.messages()]
    assert drained == len(phones) == len(set(phones)) == len(thread.runs())


def test_drains_side_by_side_send_nothing_twice(thread: Thread) -> None:
    thread.dispose(30)
    with ThreadPoolExecutor(4) as drains:
        claimed = sum(drains.map(lambda _: thread.drain()["claimed"], range(4)))
    phones = [message["phone"] for message in thread.phone.messages()]
    assert claimed == len(phones) == len(set(phones)) == len(thread.runs())


@pytest.mark.parametrize("key", [None, "", "Bearer", "Bearer wrong", "Basic am9icw=="])
def test_nobody_else_starts_the_drain(thread: Thread, key: str | None) -> None:
    thread.dispose()
    headers = {} if key is None else {"Authorization": key}
    answer = thread.functions.post("/run-automations", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"] == "not_authenticated"
    assert thread.phone.calls() == 0


def test_an_answered_500_is_asked_again_later_and_sends_once(thread: Thread) -> None:
    thread.dispose()
    thread.phone.misbehave("answer", status=500)
    thread.drain()
    [run] = thread.runs()
    assert (run["status"], run["reason"], run["failures"]) == ("queued", "provider_unavailable", 1)
    thread.drain()
    assert thread.phone.calls() == 1  # not before its pause is over
    thread.elapse(10)
    thread.drain()
    assert len(thread.phone.messages()) == 1
    assert thread.runs()[0]["status"] == "done"


def test_a_provider_that_stays_down_fails_the_run_with_its_reason(thread: Thread) -> None:
    thread.dispose()
    thread.phone.misbehave("answer", status=503, times=50)
    for _ in range(12):
        thread.drain()
        thread.elapse(120)
    [run] = thread.runs()
    assert (run["status"], run["reason"]) == ("failed", "provider_unavailable")
    assert thread.phone.calls() == 5
    assert thread.messages()[0]["status"] == "failed"
    assert thread.queued() == 0


def test_a_rate_limit_is_waited_out_and_costs_no_attempt(thread: Thread) -> None:
    thread.dispose()
    thread.phone.misbehave("answer", status=429, retry_after=30, times=8)
    for number in range(1, 9):
        thread.drain()
        assert thread.phone.calls() == number
        assert thread.runs()[0]["failures"] == 0
        thread.elapse(25)
        thread.drain()
        assert thread.phone.calls() == number  # 25 s are not 30
        thread.elapse(15)
    thread.drain()
    assert len(thread.phone.messages()) == 1
    assert thread.runs()[0]["status"] == "done"


@pytest.mark.parametrize("do", ["hang", "reset", "garbage"])
def test_an_unknown_outcome_is_settled_by_its_receipt_and_never_sent_again(
    thread: Thread, wait_until: WaitUntil, impatient: None, do: str
) -> None:
    thread.dispose()
    thread.phone.receipts(latency={"enqueued": 1.0, "sent": 1.1, "delivered": 1.2, "read": 1.3})
    thread.phone.misbehave(do, accept=True)
    thread.drain()
    assert thread.messages()[0]["status"] == "unknown"
    assert thread.runs()[0]["reason"] == "outcome_unknown"
    wait_until(lambda: thread.drain() and thread.messages()[0]["status"] == "read")
    thread.elapse(3600)
    thread.drain()
    assert thread.phone.calls() == len(thread.phone.messages()) == 1
    assert thread.runs()[0]["status"] == "done"
    assert thread.messages()[0]["provider_message_id"] == thread.phone.messages()[0]["id"]


def test_an_outcome_that_stays_unknown_waits_for_a_person_and_not_for_luck(
    thread: Thread, impatient: None
) -> None:
    thread.dispose()
    thread.phone.misbehave("hang")
    thread.drain()
    for _ in range(4):
        thread.elapse(600)
        thread.drain()
    [run] = thread.runs()
    assert (run["status"], run["reason"]) == ("failed", "outcome_unknown")
    assert thread.phone.calls() == 1
    thread.as_person("supervisor@demo.test", "select public.retry_automation_run(%s)", run["id"])
    thread.drain()
    assert thread.runs()[0]["status"] == "done"
    assert len(thread.phone.messages()) == 1


def test_a_wrong_key_fails_the_run_at_once_and_names_the_configuration(thread: Thread) -> None:
    thread.dispose()
    thread.phone.control.put(
        "/_control/apps/DemoCobrancas",
        json={"api_key": "changed-yesterday", "source": "551140000000", "callback_url": ""},
    )
    thread.drain()
    [run], [message] = thread.runs(), thread.messages()
    assert (run["status"], run["reason"]) == ("failed", "configuration")
    assert message["error_detail"] == "401 Authentication Failed"
    thread.elapse(600)
    thread.drain()
    assert thread.phone.calls() == 1


def test_a_number_without_whatsapp_is_not_asked_again(thread: Thread) -> None:
    thread.dispose()
    body = {"status": "error", "code": 1002, "message": "Number Does Not Exist On WhatsApp"}
    # In neither of its forms, with the ninth digit and without.
    thread.phone.misbehave("answer", status=400, body=body, times=2)
    thread.drain()
    thread.drain()
    [run] = thread.runs()
    assert (run["status"], run["reason"]) == ("failed", "number_invalid")
    thread.dispose()
    thread.drain()
    assert [run["reason"] for run in thread.runs()] == ["number_invalid", "no_reachable_phone"]
    assert thread.phone.calls() == 2


def test_a_refusal_by_receipt_ends_the_run_as_failed(thread: Thread, wait_until: WaitUntil) -> None:
    thread.phone.receipts(fail={"code": 131049, "reason": "healthy ecosystem"}, latency={"sent": 0})
    thread.dispose()
    thread.drain()
    wait_until(lambda: thread.drain() and thread.messages()[0]["status"] == "failed")
    [run] = thread.runs()
    assert (run["status"], run["reason"]) == ("failed", "policy")


@pytest.mark.parametrize(
    "poison",
    [
        {},
        {"run_id": None},
        {"run_id": "no uuid"},
        {"run_id": "00000000-0000-4000-8000-000000000000"},
        [],
        "x",
        None,
    ],
    ids=str,
)
def test_a_poisoned_queue_message_holds_nothing_back(thread: Thread, poison: object) -> None:
    thread.owner.execute("select pgmq.send('automations', %s::jsonb)", (json.dumps(poison),))
    thread.dispose()
    thread.drain()
    assert len(thread.phone.messages()) == 1
    assert thread.rows("select 1 from pgmq.q_automations") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update public.message_templates set status = 'paused'", "template_not_approved"),
        ("update public.message_templates set variables[1] = ''", "template_unbound"),
        (
            "update public.message_templates set variables[1] = 'client.extra.placa'",
            "variable_missing",
        ),
        ("update public.collection_rules set is_enabled = false", "rule_disabled"),
        ("update public.integrations set is_active = false", "integration_inactive"),
        ("delete from public.client_phones", "no_reachable_phone"),
        ("update public.debts set status = 'settled'", "nothing_owed"),
    ],
)
def test_what_became_wrong_after_the_disposition_is_not_sent(
    thread: Thread, change: str, reason: str
) -> None:
    thread.dispose()
    thread.owner.execute(change)
    thread.drain()
    [run] = thread.runs()
    assert (run["status"], run["reason"]) == ("skipped", reason)
    assert thread.phone.calls() == 0


def test_outside_calling_hours_the_message_waits_for_the_morning(thread: Thread) -> None:
    thread.elapse(14 * 3600)
    thread.dispose()
    thread.drain()
    [run] = thread.runs()
    assert (run["status"], run["reason"]) == ("queued", "outside_hours")
    assert thread.phone.calls() == 0
    [later] = thread.rows(
        "select extract(epoch from next_attempt_at - private.now())::float as seconds"
        " from public.automation_runs"
    )
    thread.elapse(later["seconds"] + 1)
    thread.drain()
    assert len(thread.phone.messages()) == 1


def test_one_person_who_asked_for_silence_gets_none_of_it(thread: Thread) -> None:
    thread.dispose(2)
    thread.owner.execute(
        "insert into public.suppressions (tenant_id, client_id, reason)"
        " select tenant_id, client_id, 'requested' from public.call_dispositions limit 1"
    )
    thread.drain()
    assert sorted(str(run["reason"]) for run in thread.runs()) == ["None", "suppressed"]
    assert thread.phone.calls() == 1


def test_a_worker_that_lost_its_lease_can_neither_send_nor_settle(thread: Thread) -> None:
    thread.dispose()
    claim = "select * from private.claim_automation_runs(10, 1)"
    [slow] = thread.owner.execute(claim).fetchall()
    thread.elapse(2)
    [quick] = thread.owner.execute(claim).fetchall()
    assert quick.attempt > slow.attempt
    begin, settle = (
        "select private.begin_turn(%s, %s, true) is not distinct from 0",
        "select private.settle_message(%s, %s, %s)",
    )
    answers = [
        thread.owner.execute(begin, (slow.message_id, slow.attempt)).fetchone(),
        thread.owner.execute(begin, (quick.message_id, quick.attempt)).fetchone(),
        thread.owner.execute(begin, (quick.message_id, quick.attempt)).fetchone(),
        thread.owner.execute(settle, (slow.message_id, slow.attempt, "failed")).fetchone(),
        thread.owner.execute(settle, (quick.message_id, quick.attempt, "submitted")).fetchone(),
    ]
    assert [answer and answer[0] for answer in answers] == [False, True, False, False, True]


def test_two_workers_at_one_door_let_one_in_as_the_cap_says(
    thread: Thread, fresh_database: str, wait_until: WaitUntil
) -> None:
    thread.owner.execute(
        "insert into public.contact_caps (tenant_id, channel, days, attempts)"
        " values (%s, 'whatsapp', 1, 1)",
        (TENANT,),
    )
    for _ in range(2):
        thread.dispose()
    claim = "select * from private.claim_automation_runs(1, 60)"
    first, second = (thread.owner.execute(claim).fetchall()[0] for _ in range(2))
    begin = "select private.begin_turn(%s, %s, true)"
    waits = "select 1 from pg_locks where locktype = 'advisory' and not granted"
    with (
        psycopg.connect(fresh_database) as quick,
        psycopg.connect(fresh_database) as slow,
        ThreadPoolExecutor(1) as worker,
    ):
        begun = quick.execute(begin, (first.message_id, first.attempt)).fetchone()
        late = worker.submit(
            lambda: slow.execute(begin, (second.message_id, second.attempt)).fetchone()
        )
        wait_until(lambda: thread.rows(waits))
        quick.commit()
        assert (begun, late.result()) == ((0.0,), (None,))
    assert sorted((str(run["status"]), run["reason"]) for run in thread.runs()) == [
        ("queued", "attempt_cap"),
        ("running", None),
    ]


def test_the_database_away_is_a_503_and_not_a_bug(
    thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = dataclasses.replace(thread.settings, database_url="postgresql://127.0.0.1:9/x")
    with monkeypatch.context() as away:
        away.setattr(config, "settings", lambda: nowhere)
        answer = thread.functions.post(
            "/run-automations", headers={"Authorization": f"Bearer {JOBS_KEY}"}
        )
        assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")
    assert thread.drain() == {"applied": 0, "claimed": 0}


def test_connections_that_died_while_idle_are_met_by_nobody(thread: Thread) -> None:
    thread.dispose()
    thread.drain()
    killed = thread.owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'functions' and datname = current_database()"
    ).fetchall()
    assert killed
    thread.dispose(skip=1)
    assert thread.drain()["claimed"] == 1


def test_an_unreachable_provider_was_told_nothing_and_is_asked_again(
    thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(url: str, **_: object) -> object:
        raise httpx.ConnectError("refused")

    thread.dispose()
    with monkeypatch.context() as broken:
        broken.setattr(http.client(), "stream", lambda *a, **k: refuse("", **k))
        thread.drain()
    assert thread.runs()[0]["reason"] == "provider_unavailable"
    thread.elapse(10)
    thread.drain()
    assert len(thread.phone.messages()) == 1


def test_a_crowd_that_must_not_be_written_to_does_not_stop_the_drain(thread: Thread) -> None:
    many = 100  # three batches of runs that are all skipped
    [client] = thread.owner.execute(
        "select id from public.clients where tenant_id = %s order by document desc limit 1",
        (TENANT,),
    ).fetchall()
    thread.owner.execute("delete from public.client_phones where client_id = %s", (client.id,))
    thread.as_person(
        "operador@demo.test",
        "insert into public.call_dispositions (id, client_id, disposition_type)"
        " select gen_random_uuid(), %s, 'voicemail' from generate_series(1, %s)",
        client.id,
        many,
    )
    thread.dispose()
    assert thread.drain()["claimed"] == 1
    assert len(thread.phone.messages()) == 1
    assert len(thread.runs()) == many + 1


def test_a_rate_limit_holds_the_whole_account(thread: Thread) -> None:
    thread.dispose()
    thread.phone.misbehave("answer", status=429, retry_after=30)
    thread.drain()
    thread.dispose(5, skip=1)
    thread.drain()
    assert thread.phone.calls() == 1
    assert {run["reason"] for run in thread.runs()} == {"rate_limited"}
    thread.elapse(45)
    thread.drain()
    assert len(thread.phone.messages()) == 6


def test_an_account_that_fails_says_so_until_it_works_again(thread: Thread) -> None:
    def failing() -> object:
        [row] = thread.rows("select failing_since, failure_detail from public.integrations")
        return row["failing_since"] and row["failure_detail"]

    thread.dispose()
    body = {"status": "error", "message": "Invalid App Details"}
    thread.phone.misbehave("answer", status=400, body=body)
    thread.drain()
    assert failing() == "400 Invalid App Details"
    thread.dispose(skip=1)
    thread.drain()
    assert [run["reason"] for run in thread.runs()] == ["configuration", "sender_paused"]
    assert thread.phone.calls() == 1, "a number that was stopped asks nobody"
    thread.as_person(
        "supervisor@demo.test",
        "select public.set_sender_state(sender.id, 'active') from public.senders as sender"
        " where sender.state = 'paused'",
    )
    thread.elapse(16 * 60)
    thread.drain()
    assert failing() is None
    assert len(thread.phone.messages()) == 1


def test_two_rules_for_one_outcome_are_two_runs_and_two_messages(thread: Thread) -> None:
    thread.owner.execute(
        "with rule as ("
        "  insert into public.collection_rules (tenant_id, name, disposition_type, is_enabled)"
        "  values (%s, 'outra regra', 'voicemail', true) returning *)"
        " insert into public.rule_steps (tenant_id, rule_id, template_id)"
        " select rule.tenant_id, rule.id, step.template_id"
        " from rule join public.rule_steps as step using (tenant_id)"
        " where step.template_id is not null",
        (TENANT,),
    )
    thread.dispose()
    thread.drain()
    assert [run["status"] for run in thread.runs()] == ["done", "done"]
    assert len(thread.phone.messages()) == 2
