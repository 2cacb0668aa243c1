"""Port numbers that are a stack's own from the moment they are chosen until the stack ends.

A number that was merely free a moment ago is anybody's: another program, or another stack that
starts at the same time, takes it before our child binds it, and then answers in our child's place.
"""

import socket
import sys
import weakref

from local_platform.errors import StackError

LOOPBACK = "127.0.0.1"


class Ports:
    """The sockets that keep a stack's numbers; they are closed with it, or when it is forgotten.

    A kept socket is bound but does not listen, so that a child (all of ours set SO_REUSEADDR) can
    bind the number beside it, also after it was killed, while the kernel gives the number to
    nobody: not to a program that asks for any free port, not to an outgoing connection, not to one
    that binds it without SO_REUSEADDR. Between stacks, which all set it, an abstract Unix socket of
    the number's name decides.
    """

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self.close = weakref.finalize(self, close_all, self._sockets)

    def any(self) -> int:
        """A number nobody has."""
        while True:
            try:
                return self.take(0)
            except StackError:
                continue  # another stack holds its name and is about to bind it

    def take(self, number: int) -> int:
        """Keep this number; a StackError when somebody has it."""
        kept = socket.socket()
        self._sockets.append(kept)
        try:
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.bind((LOOPBACK, number))
            number = int(kept.getsockname()[1])
            if sys.platform == "linux":
                name = socket.socket(socket.AF_UNIX)
                self._sockets.append(name)
                name.bind(f"\0cobranca-port-{number}")
            else:
                # Elsewhere no second socket may bind the number: it is ours by good luck only.
                kept.close()
        except OSError as error:
            raise StackError(f"port {number} is in use") from error
        return number


def close_all(sockets: list[socket.socket]) -> None:
    while sockets:
        sockets.pop().close()
