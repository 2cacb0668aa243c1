"""The host takes this process away: what a long request may still do about it."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_listeners: "list[Callable[[], None]]" = []


@contextlib.contextmanager
def told(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` when the host sends SIGTERM, before whatever the server does about it.

    A host gives ten seconds from there to the kill. Only the main thread can be told, which is
    where an asynchronous server runs; elsewhere nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    if before is not _heard:  # several requests are under way at once, and all are told
        _chain(before)
    _listeners.append(stop)
    try:
        yield
    finally:
        _listeners.remove(stop)


_before: "Callable[[int, FrameType | None], object] | None" = None


def _chain(before: object) -> None:
    global _before
    _before = before if callable(before) else None
    signal.signal(signal.SIGTERM, _heard)


def _heard(number: int, frame: FrameType | None) -> None:
    for stop in list(_listeners):
        stop()
    if _before:
        _before(number, frame)
    elif not _listeners:  # nobody would end for it
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
