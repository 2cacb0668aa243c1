"""The callback endpoint: closed without its key, quick, and in one piece whatever is posted."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers import gupshup
from tests.automation import Thread, WaitUntil
from tests.proof import examples

PAYLOADS = sorted((Path(__file__).parents[1] / "providers/payloads/gupshup").glob("*.json"))
UNKNOWN = {"type": "invented-tomorrow", "payload": {"x": 1}}

# One database serves all examples: what an example stores does not disturb the next.
on_one_database = settings(
    max_examples=examples(12, 600),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
any_text = st.text(st.characters())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=10,
)


def test_every_documented_callback_is_stored_once_and_answered_empty(thread: Thread) -> None:
    facts: set[str] = set()
    for payload in PAYLOADS:
        facts |= {event.external_id for event in gupshup.parse_events(payload.read_bytes())}
        for _ in range(3):
            answer = thread.callback(payload.read_bytes())
            assert (answer.status_code, answer.content) == (202, b""), payload.stem
    stored = thread.rows("select external_id from private.provider_events")
    assert sorted(row["external_id"] for row in stored) == sorted(facts)


def test_without_the_key_nothing_is_stored(thread: Thread) -> None:
    for key in ("", "wrong", "' or 1=1", "ä", "\0", "x" * 5_000):
        for raw in (json.dumps(UNKNOWN).encode(), b'{"entry": []}'):
            answer = thread.callback(raw, key)
            assert answer.status_code == 401
            assert answer.json()["error"] in ("webhook_key_unknown", "not_authenticated")
    assert thread.rows("select 1 from private.provider_events") == []


def test_the_key_may_be_the_last_part_of_the_path(thread: Thread) -> None:
    answer = thread.functions.post(f"/gupshup-webhook/{thread.webhook_key}", json=UNKNOWN)
    assert answer.status_code == 202
    answer = thread.functions.post("/gupshup-webhook/not-the-key", json=UNKNOWN)
    assert answer.status_code == 401


def test_what_is_no_json_object_is_refused_as_malformed(thread: Thread) -> None:
    for body in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 9_999, b'{"a": NaN}'):
        answer = thread.callback(body)
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed_payload")


def test_a_body_beyond_three_megabytes_is_refused(thread: Thread) -> None:
    answer = thread.callback(b'{"a": "' + b"x" * 3_000_000 + b'"}')
    assert (answer.status_code, answer.json()["error"]) == (413, "payload_too_large")
    assert thread.callback({"a": "x" * 2_900_000}).status_code == 202


def test_only_posts_are_callbacks(thread: Thread) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        params = {"key": thread.webhook_key}
        answer = thread.functions.request(method, "/gupshup-webhook", params=params)
        assert answer.status_code == 405


@pytest.mark.proof
def test_no_body_whatever_makes_it_fail(thread: Thread) -> None:
    @on_one_database
    @given(
        st.binary(max_size=200)
        | st.dictionaries(any_text, json_values, max_size=4)
        | st.fixed_dictionaries(
            {
                "type": st.sampled_from(["message-event", "message", "user-event"]) | any_text,
                "timestamp": json_values,
                "payload": st.fixed_dictionaries(
                    {"type": st.sampled_from(["sent", "failed", "opted-out"]) | json_values},
                    optional={
                        "id": json_values, "gsId": json_values, "payload": json_values,
                        "phone": json_values, "source": json_values, "destination": json_values,
                    },
                ),
            }
        )
    )  # fmt: skip
    def fuzz(body: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert thread.callback(raw).status_code in (202, 400)
        thread.drain()

    fuzz()
    # Whatever was stored was worked on, and none of it is stuck.
    thread.elapse(3600)
    thread.drain()
    assert thread.rows("select 1 from private.provider_events where handled_at is null") == []


def receipts_of(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The callbacks Gupshup would send for an accepted message, by status."""

    def told(status: str, **payload: Any) -> dict[str, Any]:
        base = {"type": status, "destination": message["phone"]}
        return {"app": "DemoCobrancas", "timestamp": 1763816400123, "version": 2,
                "type": "message-event", "payload": base | payload}  # fmt: skip

    ids = {"id": message["wamid"], "gsId": message["id"]}
    return {
        "enqueued": told(
            "enqueued", id=message["id"], payload={"whatsappMessageId": message["wamid"]}
        ),
        "sent": told("sent", **ids, payload={"ts": 1763816401}),
        "delivered": told("delivered", **ids, payload={"ts": 1763816402}),
        "read": told("read", **ids, payload={"ts": 1763816403}),
        "failed": told("failed", **ids, payload={"code": 131049, "reason": "healthy ecosystem"}),
    }


HIGHEST = ["enqueued", "sent", "failed", "delivered", "read"]
SHOWN = {"enqueued": "submitted"}


@pytest.mark.proof
def test_receipts_in_any_order_and_number_end_in_the_same_state(thread: Thread) -> None:
    thread.phone.receipts(drop=["enqueued", "sent", "delivered", "read"])
    people = itertools.count()

    @on_one_database
    @given(st.data())
    def shuffle(data: st.DataObject) -> None:
        before = len(thread.phone.messages())
        thread.dispose(skip=next(people) % 20)
        thread.drain()
        [accepted] = thread.phone.messages()[before:]
        callbacks = receipts_of(accepted)
        told = data.draw(st.lists(st.sampled_from(HIGHEST), min_size=1, max_size=9))
        for status in told:
            assert thread.callback(callbacks[status]).status_code == 202
            if data.draw(st.booleans()):
                thread.drain()
        thread.drain()
        highest = max(told, key=HIGHEST.index)
        [message] = thread.rows(
            "select * from public.message_logs where provider_message_id = %s", accepted["id"]
        )
        assert message["status"] == SHOWN.get(highest, highest)
        [run] = thread.rows(
            "select status from public.automation_runs where id = %s", message["automation_run_id"]
        )
        assert run["status"] == ("failed" if highest == "failed" else "done")

    shuffle()
    assert thread.queued() == 0


def test_a_receipt_that_overtakes_the_answer_is_not_lost(
    thread: Thread, wait_until: WaitUntil
) -> None:
    thread.phone.receipts(latency={"enqueued": 0, "sent": 0, "delivered": 0, "read": 0}, copies=2)
    thread.dispose(5)
    thread.drain()
    wait_until(lambda: thread.drain() and {m["status"] for m in thread.messages()} == {"read"})
    assert len(thread.phone.messages()) == 5


def test_another_tenants_key_moves_nothing_here(thread: Thread) -> None:
    thread.phone.receipts(drop=["enqueued", "sent", "delivered", "read"])
    thread.dispose()
    thread.drain()
    [accepted] = thread.phone.messages()
    [[theirs]] = thread.as_person(
        "admin@outra.test",
        "select public.save_integration('gupshup',"
        """ '{"app_name": "Outra", "source": "5521400000000"}', '{"api_key": "outra-key"}')""",
    )
    callback = receipts_of(accepted)["read"]
    assert thread.callback(callback, theirs["webhook_key"]).status_code == 202
    thread.drain()
    assert thread.messages()[0]["status"] == "submitted"
    # Nor does the stranger's claim hide the real receipt.
    assert thread.callback(callback).status_code == 202
    thread.drain()
    assert thread.messages()[0]["status"] == "read"


def test_an_answer_appears_at_the_person_who_wrote_it(
    thread: Thread, wait_until: WaitUntil
) -> None:
    thread.dispose()
    thread.drain()
    [accepted] = thread.phone.messages()
    reply = {"app": accepted["app"], "phone": accepted["phone"], "text": "já paguei"}
    thread.phone.control.post("/_control/reply", json=reply).raise_for_status()
    wait_until(lambda: thread.drain() and [m for m in thread.messages() if m["direction"] == "in"])
    [outgoing] = [m for m in thread.messages() if m["direction"] == "out"]
    [incoming] = [m for m in thread.messages() if m["direction"] == "in"]
    assert (incoming["body"], incoming["status"]) == ("já paguei", "received")
    assert incoming["client_id"] == outgoing["client_id"]


def test_who_opted_out_at_the_provider_gets_nothing_more(thread: Thread) -> None:
    thread.dispose()
    [phone] = thread.rows(
        "select phone from public.client_phones join public.call_dispositions using (client_id)"
        " where kind = 'mobile'"
    )
    body = {"type": "user-event", "payload": {"phone": phone["phone"][1:], "type": "opted-out"}}
    assert thread.callback(body).status_code == 202
    thread.drain()
    assert thread.runs()[0]["status"] == "skipped"
    assert thread.phone.calls() == 0
