"""What every adapter promises about callbacks, whoever the provider is.

A provider's test module subclasses CallbackContract and defines the fixture `parse`: raw bytes
to events. Golden payloads lie in payloads/<provider>/, one real callback a file.
"""

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import errors
from providers.events import EventKind, FailureClass, MessageStatus, ProviderEvent

Parse = Callable[[bytes], list[ProviderEvent]]

STORABLE_ID = 250  # characters; longer ones would not fit the unique index

any_text = st.text(st.characters())  # lone surrogates and NUL included
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=20,
)


def is_storable(event: ProviderEvent) -> bool:
    """Whether Postgres would take the event: jsonb refuses NUL, lone surrogates and infinity."""
    text = json.dumps(event.payload, allow_nan=False, ensure_ascii=False)
    text.encode()  # raises for a lone surrogate
    holds_nul = re.search(r"(?<!\\)(\\\\)*\\u0000", text)
    return not holds_nul and len(event.external_id) <= STORABLE_ID


# How long making an example takes says how busy the machine is, not how good the adapter.
# And one contract is run for each provider, in one process, by design.
UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)


class CallbackContract:
    parse: Parse

    # The properties are functions inside: hypothesis wants one method to run in one class.
    def test_no_json_object_is_refused(self) -> None:
        @UNHURRIED
        @given(body=st.dictionaries(any_text, json_values, max_size=6))
        def holds(body: dict[str, Any]) -> None:
            try:
                raw = json.dumps(body, allow_nan=False).encode()
            except ValueError:  # NaN is not JSON
                return
            events = type(self).parse(raw)
            assert events
            assert all(is_storable(event) for event in events)

        holds()

    def test_bytes_that_are_no_json_object_are_refused_as_malformed(self) -> None:
        @UNHURRIED
        @given(raw=st.binary(max_size=300))
        def holds(raw: bytes) -> None:
            with contextlib.suppress(errors.MalformedPayload):  # anything else fails the test
                assert type(self).parse(raw)

        holds()

    @pytest.mark.parametrize(
        "raw",
        [
            b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 5_000,
            b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"n": NaN}', b'{"n": ' + b"9" * 5_000 + b"}",
        ],
    )  # fmt: skip
    def test_hostile_bodies_do_not_get_past_the_parser(self, raw: bytes) -> None:
        with pytest.raises(errors.MalformedPayload):
            type(self).parse(raw)

    def test_an_unknown_event_is_kept_and_not_raised(self) -> None:
        [event] = type(self).parse(b'{"type": "invented-tomorrow", "payload": {"x": 1}}')
        assert event.kind is EventKind.OTHER
        assert event.payload["raw"]["payload"] == {"x": 1}

    def test_secrets_are_not_stored(self) -> None:
        body = {"type": "x", "apikey": "K-1", "payload": {"Authorization": "K-2", "token": ["K-3"]}}
        [event] = type(self).parse(json.dumps(body).encode())
        assert "K-" not in json.dumps(event.payload)

    def test_the_same_bytes_are_the_same_event(self) -> None:
        raw = b'{"type": "invented-tomorrow", "payload": {"x": 1}}'
        assert type(self).parse(raw) == type(self).parse(raw)

    def test_words_outside_the_vocabulary_do_not_leave_the_adapter(self) -> None:
        raw = b'{"type":"message-event","payload":{"type":"failed","id":"1","payload":{"code":7}}}'
        for event in type(self).parse(raw):
            assert event.kind in EventKind
            for message in [event.payload.get("message")]:
                if message:
                    assert message["status"] in set(MessageStatus)
                    assert message["error_code"] in {None, *FailureClass}
