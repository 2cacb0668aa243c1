"""Imports as the deployed function makes them: a holder, a transaction to read, one a chunk."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg

_idle: dict[str, list[psycopg.Connection[Any]]] = {}


class Agency:
    """A tenant of the bench's own with admin@demo.test, who imports into it."""

    def __init__(self, owner: psycopg.Connection[Any], functions_url: str) -> None:
        self.url, self.id = functions_url, str(uuid.uuid4())
        [(self.user,)] = owner.execute(
            "select id::text from auth.users where email = 'admin@demo.test'"
        )
        owner.execute("insert into public.tenants (id, name) values (%s, 'Bancada')", (self.id,))
        owner.execute(
            "insert into public.memberships (tenant_id, user_id, role, display_name)"
            " values (%s, %s, 'admin', 'Bancada')",
            (self.id, self.user),
        )
        owner.commit()

    @contextlib.contextmanager
    def opened(self) -> Iterator[psycopg.Connection[Any]]:
        """A transaction of the admin's, as kit.db.as_person opens one: on a connection that was
        idle, because a backend that is new with each chunk would compile everything anew."""
        idle = _idle.setdefault(self.url, [])
        connection = idle.pop() if idle else psycopg.connect(self.url, prepare_threshold=None)
        try:
            connection.execute(
                "select set_config('role', 'authenticated', true),"
                " set_config('request.jwt.claims', %s, true),"
                " set_config('request.headers', %s, true)",
                (
                    json.dumps({"sub": self.user, "role": "authenticated"}),
                    json.dumps({"x-tenant-id": self.id}),
                ),
            )
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            idle.append(connection)

    def imports(self, upload: Any) -> dict[str, Any]:
        """The answer of the import of a portfolio.uploads.Upload, all its progress included."""
        from portfolio import staging
        from portfolio.journal import Journal
        from portfolio.options import Options

        journal = Journal(self.opened, str(uuid.uuid4()))
        with self.opened() as holder:
            return staging.watched(holder, upload, Options(), journal)[0]
