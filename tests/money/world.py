"""A collection agency small enough to know by heart: who is who, what is owed, what day it is."""

import contextlib
import json
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

MONDAY = date(2026, 3, 9)
Row = dict[str, Any]


class World:
    """Writes as the schema's owner, asks as a person. Today is Monday, 9 March 2026."""

    def __init__(self, connection: psycopg.Connection, name: str = "Agência") -> None:
        self.connection = connection
        self.tenant = self.one("insert into public.tenants (name) values (%s) returning id", name)
        self.people = {
            role: self.person(name, role)
            for name, role in (("admin", "admin"), ("supervisor", "supervisor"))
        }
        self.people["operator"] = self.person("operator", "operator")
        self.people["colleague"] = self.person("colleague", "operator")
        self.creditor = self.new_creditor("Banco Ipê")
        self.client = self.new_client()
        self.set_today(MONDAY)

    def person(self, name: str, role: str) -> uuid.UUID:
        user = uuid.uuid4()
        self.run(
            "insert into auth.users (id, email, email_confirmed_at, aud, role)"
            " values (%s, %s, now(), 'authenticated', 'authenticated')",
            user,
            f"{name}-{user.hex}@example.test",
        )
        self.run(
            "insert into public.memberships (tenant_id, user_id, role, display_name)"
            " values (%s, %s, %s, %s)",
            self.tenant,
            user,
            role,
            name.capitalize(),
        )
        return user

    def new_creditor(self, name: str) -> uuid.UUID:
        return self.new_id(
            "insert into public.creditors (tenant_id, name, document, address)"
            " values (%s, %s, '11222333000181', 'Rua A, 1') returning id",
            self.tenant,
            name,
        )

    def new_client(self, name: str = "Ana Souza") -> uuid.UUID:
        document = f"{uuid.uuid4().int % 10**11:011}"
        return self.new_id(
            "insert into public.clients (tenant_id, document, name) values (%s, %s, %s)"
            " returning id",
            self.tenant,
            document,
            name,
        )

    def debt(
        self,
        cents: int = 100_000,
        due: date = MONDAY,
        creditor: uuid.UUID | None = None,
        client: uuid.UUID | None = None,
    ) -> uuid.UUID:
        return self.new_id(
            "insert into public.debts"
            " (tenant_id, client_id, creditor_id, contract, due_on, principal_cents)"
            " values (%s, %s, %s, %s, %s, %s) returning id",
            self.tenant,
            client or self.client,
            creditor or self.creditor,
            uuid.uuid4().hex[:12],
            due,
            cents,
        )

    def policy(self, **fields: Any) -> uuid.UUID:
        """The market's convention (2 % fine, 1 % a month by days) unless told otherwise."""
        fields = {
            "tenant_id": self.tenant,
            "creditor_id": self.creditor,
            "valid_from": date(2000, 1, 1),
            "version": 1,
            "fine_percent": 2,
            "interest_percent": 1,
        } | fields
        return self.insert("charge_policies", fields)

    def insert(self, table: str, fields: Row) -> uuid.UUID:
        query = sql.SQL("insert into public.{} ({}) values ({}) returning id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, fields)),
            sql.SQL(", ").join(sql.Placeholder() * len(fields)),
        )
        return self.new_id(query, *fields.values())

    def change(self, table: str, where: Row, **fields: Any) -> None:
        """Owner's update, for settings only: `world.change("approval_limits", {...}, …)`."""
        pairs = sql.SQL(", ").join(
            sql.SQL("{} = %s").format(sql.Identifier(name)) for name in fields
        )
        conditions = sql.SQL(" and ").join(
            sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where
        )
        query = sql.SQL("update public.{} set {} where {}").format(
            sql.Identifier(table), pairs, conditions
        )
        self.connection.execute(query, [*fields.values(), *where.values()])

    # Time

    def set_today(self, day: date) -> None:
        """Noon of that day in São Paulo."""
        self.run(
            "update private.clock set shift ="
            " (%s::date + time '12:00') at time zone 'America/Sao_Paulo' - clock_timestamp()",
            day,
        )
        self.today = day

    # Asking

    def run(self, query: Any, *values: Any) -> psycopg.Cursor[Any]:
        return self.connection.execute(query, values)

    def one(self, query: Any, *values: Any) -> Any:
        row = self.run(query, *values).fetchone()
        return row[0] if row else None

    def new_id(self, query: Any, *values: Any) -> uuid.UUID:
        made: uuid.UUID = self.one(query, *values)
        return made

    def rows(self, query: Any, *values: Any) -> list[Row]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, values).fetchall()

    @contextlib.contextmanager
    def acting(self, who: str | uuid.UUID | None, role: str = "authenticated") -> Iterator[None]:
        """Statements run as that person (None: nobody signed in), as PostgREST would run them."""
        user = self.people[who] if isinstance(who, str) else who
        claims = json.dumps({"sub": str(user), "role": role}) if user else "{}"
        try:
            with self.connection.transaction():
                self.run(
                    "select set_config('request.jwt.claims', %s, true),"
                    " set_config('role', %s, true)",
                    claims,
                    role,
                )
                yield
        finally:
            self.run(
                "select set_config('role', 'none', true),"
                " set_config('request.jwt.claims', '', true)"
            )

    def rpc(self, who: str | uuid.UUID | None, function: str, **arguments: Any) -> Any:
        """What the page calls: `world.rpc("operator", "debt_statement", client_id=…)`."""
        names = sql.SQL(", ").join(
            sql.SQL("{} => %s").format(sql.Identifier(name)) for name in arguments
        )
        query = sql.SQL("select public.{}({})").format(sql.Identifier(function), names)
        values = [Jsonb(v) if isinstance(v, dict) else v for v in arguments.values()]
        with self.acting(who):
            return self.one(query, *values)

    def refused(self, who: str | uuid.UUID | None, function: str, **arguments: Any) -> str:
        """The code of the refusal; fails when it was allowed."""
        with pytest.raises(psycopg.Error) as caught:
            self.rpc(who, function, **arguments)
        assert (caught.value.sqlstate or "").startswith("PT"), caught.value
        return caught.value.diag.message_primary or ""
