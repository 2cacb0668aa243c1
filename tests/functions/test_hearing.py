"""A drain hears all that providers told before it goes on sending."""

from types import SimpleNamespace

import pytest

from outbox import drain


@pytest.mark.parametrize(
    ("turns", "heard"), [([20, 20, 5, 0], 45), ([0], 0), ([None], None), ([20, None], 20)]
)
def test_a_turn_is_followed_by_the_next_until_nothing_is_left(
    turns: list[int | None], heard: int | None
) -> None:
    left = iter(turns)
    assert drain.hear_out(lambda: next(left)) == heard
    assert next(left, "none") == "none"


def test_whoever_tells_without_end_does_not_keep_messages_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = iter([0.0, 0.2, 0.4, 0.6])
    monkeypatch.setattr(drain, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    assert drain.hear_out(lambda: 20) == 60
