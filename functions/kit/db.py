"""Postgres, always as somebody: the caller, the webhook receiver or the worker.

The login `functions` may do nothing itself; each transaction takes the one role it needs.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import flask

from kit import config, errors, http

if TYPE_CHECKING:  # the driver costs a fifth of a cold start; only calls that need it pay
    import psycopg

    Transaction = psycopg.Connection[Any]

# Sixteen senders, one drain, and a margin; times the number of instances this must stay under
# the pooler's limit (200 on the smallest hosted project).
PLACES = 20
KEPT = 8  # idle connections an instance may hold; the rest of a burst is given back at once
WAIT_SECONDS = 5  # a caller who waits longer is better told that the database is away

_places = threading.BoundedSemaphore(PLACES)
_idle: "list[Transaction]" = []


def as_caller(request: flask.Request) -> contextlib.AbstractContextManager["Transaction"]:
    """One transaction in which row-level security sees the signed-in caller of `request`.

    Sets what PostgREST sets (role, claims, the tenant header), so that the same policies decide.
    Raises NotAuthenticated without a valid user token.
    """
    claims = json.dumps(http.claims(request))
    tenant = request.headers.get("x-tenant-id")
    return _transaction(
        "authenticated", claims, json.dumps({"x-tenant-id": tenant} if tenant else {})
    )


def as_webhook() -> contextlib.AbstractContextManager["Transaction"]:
    """One transaction that may only hand in provider events."""
    return _transaction("webhook")


def as_worker() -> contextlib.AbstractContextManager["Transaction"]:
    """One transaction that may only run the private functions of jobs."""
    return _transaction("worker")


def close() -> None:
    """Close what is idle, when the process ends or points elsewhere."""
    while _idle:
        _idle.pop().close()


@contextlib.contextmanager
def _transaction(role: str, claims: str = "", headers: str = "") -> Iterator["Transaction"]:
    """Begin, take `role`, commit at the end. Refusals raised by SQL (errcode PTnnn) come out as
    RefusedByDatabase, a missing right as NotAllowed, a lost server as DatabaseUnavailable."""
    import psycopg

    if not _places.acquire(timeout=WAIT_SECONDS):
        raise errors.DatabaseUnavailable("every connection is busy; try again")
    try:
        connection = _begin((role, claims, headers))
        try:
            yield connection
            connection.commit()
        finally:
            _give_back(connection)
    except psycopg.errors.InsufficientPrivilege as refusal:
        raise errors.NotAllowed("your role may not do this") from refusal
    except psycopg.OperationalError as lost:
        raise errors.DatabaseUnavailable("the database does not answer; try again") from lost
    except psycopg.Error as refusal:
        if not (refusal.sqlstate or "").startswith("PT"):
            raise
        raise errors.RefusedByDatabase(
            refusal.diag.message_detail or "",
            code=refusal.diag.message_primary or "refused",
            status=int((refusal.sqlstate or "")[2:]),
        ) from refusal
    finally:
        _places.release()


def _begin(identity: tuple[str, str, str]) -> "Transaction":
    """A connection with a transaction begun as `identity`: an idle one if it still lives.

    A pool that reconnects in the background would keep refusing for seconds after the server is
    back; here the first request finds out by itself.
    """
    import psycopg
    from psycopg.rows import namedtuple_row

    while (connection := _pop_idle()) is not None:
        try:
            _take_role(connection, identity)
        except psycopg.OperationalError:
            connection.close()  # the server went away meanwhile; nothing was done yet
        else:
            return connection
    connection = psycopg.connect(
        config.settings().database_url,
        # A transaction pooler gives every transaction another server: nothing prepared survives.
        prepare_threshold=None,
        row_factory=namedtuple_row,
        application_name="functions",
        connect_timeout=WAIT_SECONDS,
    )
    _take_role(connection, identity)
    return connection


def _take_role(connection: "Transaction", identity: tuple[str, str, str]) -> None:
    # One round trip for begin, role and claims. Not `transaction()` inside the pipeline: that
    # keeps the pipeline, which cannot COPY.
    with connection.pipeline():
        connection.execute(
            "select set_config('role', %s, true) as role,"
            " set_config('request.jwt.claims', %s, true) as claims,"
            " set_config('request.headers', %s, true) as headers",
            identity,
        )


def _pop_idle() -> "Transaction | None":
    with contextlib.suppress(IndexError):  # another thread was quicker
        return _idle.pop()
    return None


def _give_back(connection: "Transaction") -> None:
    import psycopg

    with contextlib.suppress(psycopg.OperationalError):  # it broke: closing it is all that is left
        connection.rollback()  # does nothing after a commit
        if len(_idle) < KEPT:
            _idle.append(connection)
            return
    connection.close()
