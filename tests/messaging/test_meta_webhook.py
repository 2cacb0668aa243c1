"""Meta's address: closed without its secrets, and in one piece whatever is posted."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.automation import TENANT
from tests.messaging.rig import OTHER_TENANT, Rig
from tests.simulators import APP_SECRET, NUMBER

PAYLOADS = sorted((Path(__file__).parents[1] / "providers/payloads/meta").glob("*.json"))
any_text = st.text(st.characters())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=10,
)


def post(
    rig: Rig, raw: bytes, signature: str | None = None, key: str | None = None
) -> httpx.Response:
    if signature is None:
        signature = "sha256=" + hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return rig.functions.post(
        "/meta-webhook",
        params={"key": rig.keys[OTHER_TENANT, "meta"] if key is None else key},
        content=raw,
        headers={"X-Hub-Signature-256": signature},
    )


def test_every_documented_webhook_is_stored_once(rig: Rig) -> None:
    for payload in PAYLOADS * 2:
        answer = post(rig, payload.read_bytes())
        assert (answer.status_code, answer.content) == (200, b""), payload.stem
    count = rig.one("select count(*) from private.provider_events where provider = 'meta'")
    assert 0 < count <= len(PAYLOADS)


def test_without_key_or_signature_nothing_is_stored(rig: Rig) -> None:
    raw = PAYLOADS[0].read_bytes()
    other = "sha256=" + hmac.new(b"another-secret", raw, hashlib.sha256).hexdigest()
    for signature in ("", "sha256=", "sha256=00", other, other[7:]):
        assert post(rig, raw, signature).status_code == 401
    for key in ("", "wrong", rig.keys[TENANT, "gupshup"]):
        assert post(rig, raw, key=key).status_code == 401
    assert rig.rows("select 1 from private.provider_events") == []


def test_the_challenge_is_answered_only_to_who_knows_the_token(rig: Rig) -> None:
    asked = {"key": rig.keys[OTHER_TENANT, "meta"], "hub.mode": "subscribe",
             "hub.challenge": "1158201444"}  # fmt: skip
    answer = rig.functions.get(
        "/meta-webhook", params=asked | {"hub.verify_token": "verify-me-please"}
    )
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["Content-Type"].startswith("text/plain")
    for wrong in ("", "verify-me", "ä"):
        answer = rig.functions.get("/meta-webhook", params=asked | {"hub.verify_token": wrong})
        assert answer.status_code == 403
    rig.listen()
    said = rig.meta.control.post(
        f"/_control/verify/{NUMBER}", json={"verify_token": "verify-me-please"}
    )
    assert said.json()["verified"] is True


def test_an_event_of_a_number_that_is_not_ours_changes_nothing(rig: Rig) -> None:
    body = json.loads((PAYLOADS[0].parent / "inbound_text.json").read_bytes())
    body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "4711000"
    assert post(rig, json.dumps(body).encode()).status_code == 200
    rig.drain("run-automations")
    assert rig.rows("select 1 from public.message_logs where direction = 'in'") == []
    assert rig.one("select error from private.provider_events") == "sender_unknown"


def test_no_signed_body_whatever_makes_it_fail(rig: Rig) -> None:
    @settings(max_examples=40, deadline=None,
              suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
    @given(
        st.binary(max_size=200)
        | st.dictionaries(any_text, json_values, max_size=4).map(dumped)
        | st.fixed_dictionaries(
            {"entry": st.lists(st.fixed_dictionaries({"changes": st.lists(
                st.fixed_dictionaries({"field": any_text, "value": st.fixed_dictionaries({
                    "statuses": json_values, "messages": st.lists(st.fixed_dictionaries(
                        {"id": any_text, "from": any_text, "type": any_text, "text": json_values}
                    ), max_size=2), "contacts": json_values, "metadata": json_values,
                })}), max_size=2)}), max_size=2)}
        ).map(dumped)
    )  # fmt: skip
    def survives(raw: bytes) -> None:
        assert post(rig, raw).status_code in (200, 400)

    survives()
    rig.drain("run-automations")


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()
