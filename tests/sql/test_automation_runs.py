"""One disposition, one rule, one message: whatever workers do, and only while it is lawful."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock, working
from tests.sql.thread import (
    NOON,
    begin,
    claim,
    dispose,
    message_and_run,
    pass_time,
    row_of,
    send,
    settle,
)


@pytest.fixture(autouse=True)
def noon(db: psycopg.Connection) -> None:
    set_clock(db, NOON)


def run_of(db: psycopg.Connection, disposition: UUID) -> dict[str, Any]:
    return row_of(db, "public.automation_runs", disposition_id=disposition)


def test_a_claim_hands_out_everything_a_sender_needs(db: psycopg.Connection, world: World) -> None:
    dispose(db, world)
    [claimed] = claim(db)
    assert claimed.destination == "+5511987650001"
    assert claimed.template_provider_id == "c6aecef6-bcb0-4fb1-8100-28c094e3bc6b"
    # The text goes on with a dot, so the name gives up its own.
    assert claimed.params == ["Zélia", "Demo Cobranças", "Banco Aurora S.A", "R$ 123,45"]
    assert claimed.settings == {"app_name": "App1", "source": "5511400000000"}
    assert (claimed.provider, claimed.language, claimed.attempt) == ("gupshup", "pt_BR", 1)
    message = row_of(db, "public.message_logs", id=claimed.message_id)
    assert message["body"].startswith("Olá, Zélia! Aqui é da Demo Cobranças.")
    assert "{{" not in message["body"]


def test_what_is_leased_is_not_handed_out_twice(db: psycopg.Connection, world: World) -> None:
    dispose(db, world)
    assert len(claim(db)) == 1
    assert claim(db) == []


def test_a_worker_that_died_before_sending_is_replaced(
    db: psycopg.Connection, world: World
) -> None:
    dispose(db, world)
    [dead] = claim(db)
    pass_time(db, "61 seconds")
    [alive] = claim(db)
    assert (alive.message_id, alive.attempt) == (dead.message_id, dead.attempt + 1)
    assert not begin(db, dead.message_id, dead.attempt), "the dead one must not send any more"
    assert begin(db, alive.message_id, alive.attempt)


def test_sending_begins_once(db: psycopg.Connection, world: World) -> None:
    message, attempt = send(db, world)
    assert not begin(db, message, attempt)


def test_a_worker_that_died_while_sending_is_not_repeated(
    db: psycopg.Connection, world: World
) -> None:
    message, _ = send(db, world)
    pass_time(db, "61 seconds")
    assert claim(db) == []
    assert message_and_run(db, message) == ("unknown", "running", "outcome_unknown")


def test_a_silence_of_a_quarter_of_an_hour_is_a_visible_failure(
    db: psycopg.Connection, world: World
) -> None:
    message, attempt = send(db, world)
    assert settle(db, message, attempt, "unknown", error_detail="timeout")
    pass_time(db, "16 minutes")
    assert claim(db) == []
    assert message_and_run(db, message) == ("failed", "failed", "outcome_unknown")
    told = db.execute(
        "select count(*) from public.notifications where kind = 'automation_failed'"
        " and user_id = any(%s)",
        ([world.users[who] for who in ("operator", "supervisor", "admin")],),
    ).fetchone()
    assert told == (3,)


@pytest.mark.parametrize("late", ["61 seconds", "16 minutes"])
def test_an_acceptance_is_believed_however_late(
    db: psycopg.Connection, world: World, late: str
) -> None:
    message, attempt = send(db, world)
    for _ in range(2):
        pass_time(db, late)
        claim(db)
    assert settle(db, message, attempt, "submitted", provider_message_id="gs-1")
    assert message_and_run(db, message) == ("submitted", "done", None)


def test_an_acceptance_ends_run_and_queue_message(db: psycopg.Connection, world: World) -> None:
    message, attempt = send(db, world)
    assert settle(db, message, attempt, "submitted", provider_message_id="gs-1")
    assert message_and_run(db, message) == ("submitted", "done", None)
    assert scalar(db, "select count(*) from pgmq.q_automations") == 0


@pytest.mark.parametrize("outcome", ["submitted", "failed", "retry", "unknown"])
def test_nobody_settles_what_was_never_begun(
    db: psycopg.Connection, world: World, outcome: str
) -> None:
    dispose(db, world)
    [claimed] = claim(db)
    assert not settle(db, claimed.message_id, claimed.attempt, outcome)


@pytest.mark.parametrize("outcome", ["failed", "retry", "unknown"])
def test_a_stale_worker_settles_nothing(db: psycopg.Connection, world: World, outcome: str) -> None:
    message, attempt = send(db, world)
    assert settle(db, message, attempt, "retry", error_code="provider_unavailable")
    pass_time(db, "1 minute")
    [again] = claim(db)
    assert begin(db, again.message_id, again.attempt)
    assert not settle(db, message, attempt, outcome)
    assert message_and_run(db, message)[0] == "sending"


def test_a_refusal_fails_the_run_with_its_reason(db: psycopg.Connection, world: World) -> None:
    message, attempt = send(db, world)
    assert settle(db, message, attempt, "failed", error_code="policy", error_detail="131049")
    assert message_and_run(db, message) == ("failed", "failed", "policy")


def test_five_errors_of_the_provider_are_enough(db: psycopg.Connection, world: World) -> None:
    message, attempt = send(db, world)
    for failures in range(1, 6):
        assert settle(db, message, attempt, "retry", error_code="provider_unavailable")
        if failures < 5:
            assert message_and_run(db, message) == ("queued", "queued", "provider_unavailable")
            pass_time(db, "1 minute")
            [again] = claim(db)
            attempt = again.attempt
            assert begin(db, message, attempt)
    assert message_and_run(db, message) == ("failed", "failed", "provider_unavailable")


def test_too_many_requests_cost_no_attempt_and_wait_as_told(
    db: psycopg.Connection, world: World
) -> None:
    message, attempt = send(db, world)
    for _ in range(8):
        assert settle(
            db, message, attempt, "retry", error_code="rate_limited", retry_after_seconds=30
        )
        assert claim(db) == [], "not before the pause is over"
        pass_time(db, "38 seconds")
        [again] = claim(db)
        attempt = again.attempt
        assert begin(db, message, attempt)
    assert settle(db, message, attempt, "submitted", provider_message_id="gs-1")


def test_a_message_that_kills_its_readers_is_put_aside(
    db: psycopg.Connection, world: World
) -> None:
    disposition = dispose(db, world)
    for _ in range(5):
        assert len(claim(db)) == 1
        pass_time(db, "61 seconds")
    assert claim(db) == []
    run = run_of(db, disposition)
    assert (run["status"], run["reason"]) == ("failed", "poisoned")
    assert scalar(db, "select count(*) from pgmq.q_automations") == 0


@pytest.mark.parametrize("poison", ["{}", '{"run_id": 7}', '{"disposition_id": "x"}', "[]", "null"])
def test_a_malformed_message_does_not_hold_back_the_batch(
    db: psycopg.Connection, world: World, poison: str
) -> None:
    dispose(db, world)
    db.execute("select pgmq.send('automations', %s::jsonb)", (poison,))
    assert len(claim(db)) == 1
    letters = scalar(db, "select count(*) from pgmq.a_automations where message = %s", poison)
    assert letters == 1, "kept as a dead letter"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update public.collection_rules set is_enabled = false", "rule_disabled"),
        ("update public.message_templates set status = 'paused'", "template_not_approved"),
        ("update public.integrations set is_active = false", "integration_inactive"),
        ("update public.debts set status = 'settled'", "nothing_owed"),
        ("delete from public.client_phones", "no_reachable_phone"),
        ("update public.client_phones set kind = 'landline'", "no_reachable_phone"),
        ("update public.client_phones set has_whatsapp = false", "no_reachable_phone"),
        (
            "insert into public.suppressions (tenant_id, client_id, reason)"
            " select tenant_id, id, 'pediu' from public.clients",
            "suppressed",
        ),
        (
            # The same line without the ninth digit.
            "insert into public.suppressions (tenant_id, phone, reason)"
            " select id, '+551187650001', 'pediu' from public.tenants",
            "no_reachable_phone",
        ),
    ],
)
def test_asks_at_the_last_moment_and_says_why_not(
    db: psycopg.Connection, world: World, change: str, reason: str
) -> None:
    disposition = dispose(db, world)
    db.execute(change.encode())
    assert claim(db) == []
    run = run_of(db, disposition)
    assert (run["status"], run["reason"]) == ("skipped", reason)
    assert scalar(db, "select count(*) from pgmq.q_automations") == 0


def test_a_week_later_it_is_too_late(db: psycopg.Connection, world: World) -> None:
    disposition = dispose(db, world)
    pass_time(db, "7 days 1 minute")
    assert claim(db) == []
    assert run_of(db, disposition)["reason"] == "expired"


def test_outside_calling_hours_it_waits_for_the_next_lawful_instant(
    db: psycopg.Connection, world: World
) -> None:
    set_clock(db, "2026-11-21 15:00-03")  # Saturday after 14 h
    disposition = dispose(db, world)
    assert claim(db) == []
    run = run_of(db, disposition)
    assert (run["status"], run["reason"]) == ("queued", "outside_hours")
    assert scalar(db, "select %s = '2026-11-23 08:00-03'::timestamptz", run["next_attempt_at"])
    pass_time(db, "41 hours 1 minute")
    assert len(claim(db)) == 1


def test_an_expired_suppression_and_another_channels_do_not_bind(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "insert into public.suppressions (tenant_id, client_id, channel, reason, expires_at)"
        " values (%s, %s, 'call', 'x', null), (%s, %s, null, 'x', private.now())",
        (TENANT, world.ids["client"]) * 2,
    )
    dispose(db, world)
    assert len(claim(db)) == 1


def test_two_rules_make_two_messages(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "with rule as ("
        "  insert into public.collection_rules (tenant_id, name, disposition_type, is_enabled)"
        "  values (%s, 'Outra', 'voicemail', true) returning *)"
        " insert into public.rule_steps (tenant_id, rule_id, template_id)"
        " select tenant_id, id, %s from rule",
        (TENANT, world.ids["template"]),
    )
    dispose(db, world)
    claimed = claim(db) + claim(db)
    assert len({item.message_id for item in claimed}) == 2


def test_one_failing_rule_does_not_stop_another_agency(
    db: psycopg.Connection, world: World
) -> None:
    db.execute("delete from pgmq.q_automations")
    for persona, client in (("operator", "client"), ("other_tenant", "other_client")):
        with acting(db, world, persona):
            db.execute(
                "insert into public.call_dispositions (client_id, disposition_type)"
                " values (%s, 'voicemail')",
                (world.ids[client],),
            )
    db.execute("update public.integrations set is_active = (tenant_id <> %s)", (TENANT,))
    [claimed] = claim(db)
    assert claimed.tenant_id != TENANT


def test_an_unread_message_becomes_visible_while_the_function_is_down(
    db: psycopg.Connection, world: World
) -> None:
    disposition = dispose(db, world)
    db.execute("update pgmq.q_automations set enqueued_at = now() - interval '1 minute'")
    db.execute("select private.sweep_queues()")
    assert run_of(db, disposition)["status"] == "queued"
    assert len(claim(db)) == 1


def failed_run(db: psycopg.Connection, world: World) -> UUID:
    message, attempt = send(db, world)
    settle(db, message, attempt, "failed", error_code="policy")
    return UUID(str(row_of(db, "public.message_logs", id=message)["automation_run_id"]))


def test_a_supervisor_runs_it_again_with_a_new_message(
    db: psycopg.Connection, world: World
) -> None:
    run = failed_run(db, world)
    with acting(db, world, "supervisor"):
        db.execute("select public.retry_automation_run(%s)", (run,))
    [claimed] = claim(db)
    assert claimed.run_id == run
    old = row_of(db, "public.message_logs", retried_run_id=run)
    assert (old["status"], old["automation_run_id"]) == ("failed", None)
    assert begin(db, claimed.message_id, claimed.attempt)
    assert settle(db, claimed.message_id, claimed.attempt, "submitted", provider_message_id="2")
    assert message_and_run(db, claimed.message_id) == ("submitted", "done", None)


@pytest.mark.parametrize(
    ("persona", "code"),
    [("operator", "not_allowed"), ("other_tenant", "run_not_found"), ("revoked", "not_allowed")],
)
def test_is_not_run_again_by(db: psycopg.Connection, world: World, persona: str, code: str) -> None:
    run = failed_run(db, world)
    with refused(code), acting(db, world, persona):
        db.execute("select public.retry_automation_run(%s)", (run,))


def test_what_is_under_way_is_not_run_again(db: psycopg.Connection, world: World) -> None:
    message, _ = send(db, world)
    run = row_of(db, "public.message_logs", id=message)["automation_run_id"]
    with refused("run_not_retryable"), acting(db, world, "supervisor"):
        db.execute("select public.retry_automation_run(%s)", (run,))


def test_a_word_that_is_no_outcome_is_refused(db: psycopg.Connection) -> None:
    with refused("outcome_invalid"), working(db, "worker"):
        db.execute("select private.settle_message(%s, 1, 'ok')", (uuid4(),))


def test_a_rule_speaks_through_the_number_they_wrote_to(
    db: psycopg.Connection, world: World
) -> None:
    sender = scalar(
        db,
        "insert into public.senders (tenant_id, integration_id, provider, name, phone, account)"
        " select tenant_id, id, provider, 'Segundo', '+551150000000', 'Segundo'"
        " from public.integrations where id = %s returning id",
        world.ids["integration"],
    )
    talk = scalar(
        db,
        "insert into public.conversations (tenant_id, sender_id, client_id, phone,"
        " last_inbound_at) values (%s, %s, %s, '+5511987650001', private.now()) returning id",
        TENANT, sender, world.ids["client"],
    )  # fmt: skip
    dispose(db, world)
    [claimed] = claim(db)
    assert claimed.settings == {"app_name": "Segundo", "source": "551150000000"}
    message = row_of(db, "public.message_logs", id=claimed.message_id)
    assert (message["sender_id"], message["conversation_id"]) == (sender, talk)


def test_a_paused_number_makes_rules_wait_and_a_disabled_one_sends_nothing(
    db: psycopg.Connection, world: World
) -> None:
    disposition = dispose(db, world)
    change = "update public.senders set state = %s, paused_reason = %s where integration_id = %s"
    db.execute(change, ("paused", "configuration", world.ids["integration"]))
    assert claim(db) == []
    run = run_of(db, disposition)
    assert (run["status"], run["reason"]) == ("queued", "sender_paused")
    db.execute(change, ("active", None, world.ids["integration"]))
    pass_time(db, "16 minutes")
    assert len(claim(db)) == 1
    db.execute(change, ("disabled", None, world.ids["integration"]))
    disposition = dispose(db, world)
    assert claim(db) == []
    assert run_of(db, disposition)["reason"] == "integration_inactive"
