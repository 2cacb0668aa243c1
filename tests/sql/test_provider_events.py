"""What a provider tells us is stored once, belongs to one agency, and is never lost."""

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.personas import OTHER_TENANT, TENANT, World, refused, scalar, set_clock, working
from tests.sql.thread import NOON, message_and_run, pass_time, row_of, send, settle

KEY, OTHER_KEY = "webhook-key-1", "webhook-key-2"


@pytest.fixture(autouse=True)
def noon(db: psycopg.Connection) -> None:
    set_clock(db, NOON)


def receive(
    db: psycopg.Connection,
    external_id: str,
    payload: Any,
    kind: str = "message_status",
    key: str = KEY,
) -> bool:
    with working(db, "webhook"):
        return bool(
            scalar(
                db,
                "select private.receive_provider_event('gupshup', %s, %s, %s, %s)",
                key,
                external_id,
                kind,
                json.dumps(payload),
            )
        )


def receipt(status: str, **more: object) -> dict[str, Any]:
    said = {"status": status, "at": "2026-11-23T15:00:00Z", "destination": "5511987650001"}
    return {"message": said | more, "raw": {}}


def apply(db: psycopg.Connection) -> int:
    with working(db, "worker"):
        return int(str(scalar(db, "select private.apply_provider_events(100)")))


def error_of(db: psycopg.Connection, external_id: str) -> object:
    event = row_of(db, "private.provider_events", external_id=external_id)
    assert event["handled_at"] is not None
    return event["error"]


def test_a_repeated_event_is_stored_once(db: psycopg.Connection) -> None:
    assert receive(db, "e1", receipt("sent"))
    assert not receive(db, "e1", receipt("sent"))
    assert scalar(db, "select count(*) from pgmq.q_provider_events") == 1


def test_all_events_of_one_request_wake_the_drain_once(db: psycopg.Connection) -> None:
    db.execute(
        "select vault.create_secret('http://127.0.0.1:9', 'functions_url'),"
        " vault.create_secret('key', 'jobs_key')"
    )
    for external_id in ("e1", "e2", "e3"):
        receive(db, external_id, receipt("sent"))
    assert scalar(db, "select count(*) from net.http_request_queue") == 1


def test_one_agency_cannot_hide_anothers_event(db: psycopg.Connection) -> None:
    assert receive(db, "e1", receipt("sent"), key=OTHER_KEY)
    assert receive(db, "e1", receipt("sent"))


@pytest.mark.parametrize("key", ["", "webhook-key-3", "webhook-key-1 "])
def test_a_wrong_key_opens_nothing(db: psycopg.Connection, key: str) -> None:
    with refused("webhook_key_unknown"):
        receive(db, "e1", receipt("sent"), key=key)


def test_another_providers_key_opens_nothing(db: psycopg.Connection) -> None:
    with refused("webhook_key_unknown"), working(db, "webhook"):
        db.execute("select private.receive_provider_event('meta', %s, 'e', 'other', '{}')", (KEY,))


@pytest.mark.parametrize(
    "call",
    [
        "private.claim_automation_runs(1, 1)",
        "private.integration_secret('{integration}', 'api_key')",
        "private.apply_provider_events(1)",
    ],
)
def test_a_webhook_cannot_do_a_workers_work(
    db: psycopg.Connection, world: World, call: str
) -> None:
    with refused("42501"), working(db, "webhook"):
        db.execute(f"select {call.format(**world.ids)}".encode())


def test_a_receipt_finds_its_message_by_the_providers_id(
    db: psycopg.Connection, world: World
) -> None:
    message, attempt = send(db, world)
    settle(db, message, attempt, "submitted", provider_message_id="gs-1")
    receive(db, "e1", receipt("submitted", provider_message_id="gs-1", wamid="w-1"))
    receive(db, "e2", receipt("delivered", wamid="w-1", destination=None))
    assert apply(db) == 2
    assert message_and_run(db, message)[0] == "delivered"
    assert error_of(db, "e2") is None


def test_a_receipt_never_crosses_to_another_agency(db: psycopg.Connection, world: World) -> None:
    message, attempt = send(db, world)
    settle(db, message, attempt, "submitted", provider_message_id="gs-1")
    receive(db, "e1", receipt("read", provider_message_id="gs-1"), key=OTHER_KEY)
    apply(db)
    assert message_and_run(db, message)[0] == "submitted"


def test_a_receipt_that_overtakes_our_note_of_the_id_comes_back(
    db: psycopg.Connection, world: World
) -> None:
    receive(db, "e1", receipt("delivered", provider_message_id="gs-1", destination="0"))
    message, attempt = send(db, world)
    assert apply(db) == 0
    settle(db, message, attempt, "submitted", provider_message_id="gs-1")
    pass_time(db, "3 seconds")
    assert apply(db) == 1
    assert message_and_run(db, message)[0] == "delivered"


@pytest.mark.parametrize("number", ["5511987650001", "551187650001", "+5511987650001"])
def test_a_message_of_unknown_outcome_is_adopted_by_its_receipt(
    db: psycopg.Connection, world: World, number: str
) -> None:
    """With and without the ninth digit: WhatsApp drops it for many area codes."""
    message, attempt = send(db, world)
    settle(db, message, attempt, "unknown")
    receive(db, "e1", receipt("sent", provider_message_id="gs-7", destination=number))
    apply(db)
    assert message_and_run(db, message) == ("sent", "done", None)
    row = row_of(db, "public.message_logs", id=message)
    assert row["provider_message_id"] == "gs-7"


def test_of_two_candidates_none_is_adopted(db: psycopg.Connection, world: World) -> None:
    first, attempt = send(db, world)
    settle(db, first, attempt, "unknown")
    second, attempt = send(db, world)
    receive(db, "e1", receipt("sent", provider_message_id="gs-7"))
    assert apply(db) == 0
    # The second's own answer tells them apart.
    settle(db, second, attempt, "submitted", provider_message_id="gs-8")
    pass_time(db, "3 seconds")
    apply(db)
    assert message_and_run(db, first)[0] == "sent"
    assert message_and_run(db, second)[0] == "submitted"


def test_another_number_adopts_nothing(db: psycopg.Connection, world: World) -> None:
    message, attempt = send(db, world)
    settle(db, message, attempt, "unknown")
    # The last eight digits of another area code: a different debtor.
    receive(db, "e1", receipt("sent", provider_message_id="x", destination="5521987650001"))
    apply(db)
    assert message_and_run(db, message)[0] == "unknown"


def test_an_event_without_a_message_is_kept_with_its_reason(db: psycopg.Connection) -> None:
    receive(db, "e1", receipt("sent", provider_message_id="nobody", destination="1"))
    for _ in range(9):
        apply(db)
        pass_time(db, "10 minutes")
    assert error_of(db, "e1") == "message_not_found"
    assert scalar(db, "select count(*) from pgmq.q_provider_events") == 0


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("message_status", {}),
        ("message_status", {"message": "x"}),
        ("message_status", {"message": {"status": "queued"}}),
        ("message_status", {"message": {"status": "nonsense"}}),
        ("message_received", {"inbound": {"phone": "abc"}}),
        ("message_received", {}),
        ("consent_changed", {"consent": {}}),
    ],
)
def test_a_malformed_event_is_kept_and_does_not_hold_back_the_batch(
    db: psycopg.Connection, world: World, kind: str, payload: Any
) -> None:
    message, attempt = send(db, world)
    settle(db, message, attempt, "submitted", provider_message_id="gs-1")
    receive(db, "bad", payload, kind)
    receive(db, "good", receipt("read", provider_message_id="gs-1"))
    assert apply(db) == 2
    assert error_of(db, "bad") == "payload_invalid"
    assert message_and_run(db, message)[0] == "read"


def test_a_receipt_that_contradicts_another_stops_nobodys_messages(
    db: psycopg.Connection, world: World
) -> None:
    ids = ("gs-1", "gs-2")
    messages = []
    for provider_id in ids:
        message, attempt = send(db, world)
        settle(db, message, attempt, "submitted", provider_message_id=provider_id)
        messages.append(message)
    for provider_id in ids:
        receive(db, provider_id, receipt("sent", provider_message_id=provider_id, wamid="w-1"))
    receive(db, "good", receipt("read", provider_message_id="gs-2"))
    assert apply(db) == 3
    assert (error_of(db, "gs-1"), error_of(db, "gs-2")) == (None, "payload_invalid")
    assert [message_and_run(db, message)[0] for message in messages] == ["sent", "read"]


@pytest.mark.parametrize("at", [None, "", "yesterdayish", "2999-01-01T00:00:00Z"])
def test_a_receipt_without_a_believable_time_happened_when_it_came(
    db: psycopg.Connection, world: World, at: str | None
) -> None:
    message, attempt = send(db, world)
    settle(db, message, attempt, "submitted", provider_message_id="gs-1")
    receive(db, "e1", receipt("read", provider_message_id="gs-1", at=at))
    apply(db)
    received = row_of(db, "private.provider_events", external_id="e1")["received_at"]
    assert row_of(db, "public.message_logs", id=message)["read_at"] == received


def test_a_providers_clock_is_read_in_the_products_time(
    db: psycopg.Connection, world: World
) -> None:
    """The demo's clock is ahead of the real one; what a provider tells is on the real one."""
    message, attempt = send(db, world)
    settle(db, message, attempt, "submitted", provider_message_id="gs-1")
    told = scalar(db, "select (clock_timestamp() - interval '2 seconds')::text")
    receive(db, "e1", receipt("read", provider_message_id="gs-1", at=told))
    apply(db)
    row = row_of(db, "public.message_logs", id=message)
    assert (row["created_at"] - row["read_at"]).total_seconds() < 60
    assert scalar(
        db, "select %s = %s::timestamptz + shift from private.clock", row["read_at"], told
    )


def test_an_unknown_kind_is_kept_and_changes_nothing(db: psycopg.Connection) -> None:
    receive(db, "e1", {"raw": {"what": 1}}, "other")
    assert apply(db) == 1
    assert error_of(db, "e1") is None


def inbound(db: psycopg.Connection, wamid: str, phone: str = "551187650001") -> dict[str, Any]:
    said = {"wamid": wamid, "phone": phone, "type": "text", "text": "já paguei"}
    receive(db, f"in-{wamid}", {"inbound": said}, "message_received")
    apply(db)
    return row_of(db, "public.message_logs", wamid=wamid)


def test_an_answer_appears_at_its_client(db: psycopg.Connection, world: World) -> None:
    row = inbound(db, "w-in")
    assert (row["client_id"], row["direction"], row["status"], row["body"]) == (
        world.ids["client"],
        "in",
        "received",
        "já paguei",
    )


def test_an_answer_from_a_shared_number_appears_at_nobody(
    db: psycopg.Connection, world: World
) -> None:
    other = scalar(
        db,
        "select id from public.clients where tenant_id = %s and id <> %s limit 1",
        TENANT,
        world.ids["client"],
    )
    db.execute(
        "insert into public.client_phones (tenant_id, client_id, phone, kind)"
        " values (%s, %s, '+5511987650001', 'mobile')",
        (TENANT, other),
    )
    assert inbound(db, "w-in")["client_id"] is None


def test_a_repeated_answer_is_one_message(db: psycopg.Connection) -> None:
    inbound(db, "w-in")
    receive(
        db, "again", {"inbound": {"wamid": "w-in", "phone": "551187650001"}}, "message_received"
    )
    assert apply(db) == 1
    row_of(db, "public.message_logs", wamid="w-in")


def test_an_opt_out_stops_that_agencys_messages_only(db: psycopg.Connection) -> None:
    said = {"consent": {"phone": "5511987650001", "state": "opted_out"}}
    receive(db, "c1", said, "consent_changed")
    apply(db)
    suppressed = (
        "select private.is_suppressed(%s, null, '+551187650001', 'whatsapp', private.now())"
    )
    assert scalar(db, suppressed, TENANT) is True
    assert scalar(db, suppressed, OTHER_TENANT) is False


def test_calls_that_are_over_hold_up_nobodys_opt_out(db: psycopg.Connection) -> None:
    db.execute(
        "select private.receive_provider_event('gupshup', %s, 'c' || n, 'call_finished', '{}')"
        " from generate_series(1, 1000) as n",
        (KEY,),
    )
    said = {"wamid": "w-sair", "phone": "551187650001", "type": "text", "text": "sair"}
    receive(db, "sair", {"inbound": said}, "message_received")
    # One turn: it, and twenty of the thousand.
    assert apply(db) == 21
    suppressed = (
        "select private.is_suppressed(%s, null, '+551187650001', 'whatsapp', private.now())"
    )
    assert scalar(db, suppressed, TENANT) is True
    assert scalar(db, "select count(*) from pgmq.q_provider_events") == 980


def test_an_opt_in_lifts_nothing_and_the_talk_says_stop_once(db: psycopg.Connection) -> None:
    told = "select count(*) from public.conversation_events where kind = 'opted_out'"
    before = int(str(scalar(db, told)))
    for state in ("opted_out", "opted_in"):
        said = {"consent": {"phone": "5511987650001", "state": state}}
        receive(db, state, said, "consent_changed")
    apply(db)
    # The number's and, through the talk it has, the person's.
    assert scalar(db, "select count(*) from public.suppressions where reason = 'opted_out'") == 2
    assert scalar(db, told) == before + 1


def test_the_settings_page_sees_when_the_provider_last_spoke(
    db: psycopg.Connection, world: World
) -> None:
    receive(db, "e1", {"raw": {}}, "other")
    seen: UUID = world.ids["integration"]
    assert row_of(db, "public.integrations", id=seen)["last_event_at"] is not None
