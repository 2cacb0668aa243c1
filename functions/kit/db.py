"""Postgres, always as somebody: the caller, the webhook receiver or the worker.

The login `functions` may do nothing itself; each transaction takes the one role it needs.
"""

import contextlib
import functools
import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import flask

from kit import config, errors, http

if TYPE_CHECKING:  # the driver costs a fifth of a cold start; only calls that need it pay
    import psycopg
    from psycopg_pool import ConnectionPool

    Transaction = psycopg.Connection[Any]

# Sixteen senders, one drain, and a margin; times the number of instances this must stay under
# the pooler's limit (200 on the smallest hosted project).
POOL_SIZE = 20
POOL_WAIT_SECONDS = 5.0  # a caller who waits longer is better told that the database is away
IDLE_SECONDS = 60.0  # connections of a burst are given back after a minute


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


@contextlib.contextmanager
def _transaction(role: str, claims: str = "", headers: str = "") -> Iterator["Transaction"]:
    """Begin, take `role`, commit at the end. Refusals raised by SQL (errcode PTnnn) come out as
    RefusedByDatabase, a missing right as NotAllowed, a lost server as DatabaseUnavailable."""
    import psycopg

    try:
        with pool().connection() as connection:
            # One round trip for begin, role and claims; the pool commits or rolls back. Not
            # `transaction()` inside the pipeline: that keeps the pipeline, which cannot COPY.
            with connection.pipeline():
                connection.execute(
                    "select set_config('role', %s, true) as role,"
                    " set_config('request.jwt.claims', %s, true) as claims,"
                    " set_config('request.headers', %s, true) as headers",
                    (role, claims, headers),
                )
            yield connection
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


def pool() -> "ConnectionPool[Transaction]":
    """The process's one pool; opened by the first request that needs the database."""
    with _making:  # `cache` alone lets two threads make two
        return _pool()


_making = threading.Lock()


@functools.cache
def _pool() -> "ConnectionPool[Transaction]":
    from psycopg.rows import namedtuple_row
    from psycopg_pool import ConnectionPool

    return ConnectionPool(
        config.settings().database_url,
        open=True,
        min_size=0,  # an idle instance holds nothing
        max_size=POOL_SIZE,
        timeout=POOL_WAIT_SECONDS,
        max_idle=IDLE_SECONDS,
        check=ConnectionPool.check_connection,  # after a restart no caller meets a dead connection
        # A transaction pooler gives every transaction another server: nothing prepared survives.
        kwargs={
            "prepare_threshold": None,
            "row_factory": namedtuple_row,
            "application_name": "functions",
        },
    )
