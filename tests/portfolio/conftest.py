"""Imports into an agency of the test's own, as one of its people; all of it is undone."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import flask
import functions_framework
import jwt
import psycopg
import pytest
from psycopg import sql
from werkzeug.test import Client, TestResponse

from kit import config, db
from local_platform.settings import ROOT
from local_platform.stack import Stack
from portfolio import staging, uploads
from portfolio.options import Options

T = TypeVar("T")
DATA = Path(__file__).parent / "data"
COLUMNS = ("CPF/CNPJ", "Nome do Devedor", "Celular", "Telefone Fixo", "E-mail", "Credor",
           "Contrato", "Parcela", "Vencimento", "Valor", "UF")  # fmt: skip
# A right row; tests say only what they change.
ROW = {
    "CPF/CNPJ": "529.982.247-25", "Nome do Devedor": "Ana Souza", "Celular": "(11) 98765-4321",
    "Telefone Fixo": "", "E-mail": "ana@exemplo.com.br", "Credor": "Banco Aurora S.A.",
    "Contrato": "A1", "Parcela": "1", "Vencimento": "10/01/2026", "Valor": "1.234,56", "UF": "SP",
}  # fmt: skip
TABLES = ("creditors", "clients", "client_phones", "debts", "imports", "import_rejects")
COUNTS = ("clients_created", "clients_updated", "debts_created", "debts_updated",
          "creditors_created")  # fmt: skip


def table(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> bytes:
    """A CSV of ROW with each row's changes, as an agency's system writes it."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, delimiter=";", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(ROW | dict(row) for row in rows)
    return file.getvalue().encode("cp1252")


def upload(data: bytes, name: str = "carteira.csv") -> uploads.Upload:
    return uploads.fingerprinted(io.BytesIO(data), name)


@dataclass
class Agency:
    """A tenant with admin@demo.test, supervisor@demo.test and operador@demo.test, and no data."""

    owner: psycopg.Connection[Any]
    tenant_id: str

    def __call__(
        self,
        data: bytes,
        creditor: str | None = None,
        *,
        who: str = "admin",
        name: str = "carteira.csv",
        **options: Any,
    ) -> dict[str, Any]:
        """Import as that person and answer what the function would."""
        return self.acting(
            who, lambda: staging.run(self.owner, upload(data, name), Options(creditor, **options))
        )

    def rpc(self, name: str, *values: object, who: str = "admin") -> Any:
        """Call a function of the API as that person."""
        places = ", ".join(["%s"] * len(values))
        statement = f"select public.{name}({places})".encode()
        [answer] = self.acting(who, lambda: self.owner.execute(statement, values).fetchone()) or [
            None
        ]
        return answer

    def acting(self, who: str, call: Callable[[], T]) -> T:
        """Run `call` in a savepoint as one of the agency's people."""
        email = f"{who}@demo.test"
        [(user_id,)] = self.owner.execute("select id from auth.users where email = %s", (email,))
        claims = {"sub": str(user_id), "email": email, "role": "authenticated"}
        settings = {
            "request.jwt.claims": json.dumps(claims),
            "request.headers": json.dumps({"x-tenant-id": self.tenant_id}),
            "role": "authenticated",
        }
        try:
            with self.owner.transaction():
                for name, value in settings.items():
                    self.owner.execute("select set_config(%s, %s, true)", (name, value))
                return call()
        finally:
            self.owner.execute("reset role")

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a query that names the tenant as %(tenant)s, as the owner."""
        return self.owner.execute(statement, {"tenant": self.tenant_id}).fetchall()

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that an import writes, without ids and times: equal states are equal portfolios."""
        queries = {
            "creditors": "select name from public.creditors where tenant_id = %(tenant)s",
            "clients": """
                select document, name, email, uf, external_id, open_cents, open_debts,
                    oldest_due_on, debt_status, cardinality(creditor_ids), extra
                from public.clients where tenant_id = %(tenant)s""",
            "phones": """
                select document, phone, kind, position
                from public.client_phones as phones join public.clients on clients.id = client_id
                where phones.tenant_id = %(tenant)s""",
            "debts": """
                select creditors.name, contract, installment, clients.document, due_on,
                    principal_cents, status
                from public.debts
                join public.clients on clients.id = client_id
                join public.creditors on creditors.id = creditor_id
                where debts.tenant_id = %(tenant)s""",
        }
        return {name: sorted(self.rows(query), key=repr) for name, query in queries.items()}

    def misderived(self) -> list[tuple[Any, ...]]:
        """Documents of people whose derived columns are not what their titles and numbers say."""
        return self.rows(
            """
            select clients.document
            from public.clients
            left join lateral (
                select coalesce(sum(greatest(principal_cents - abated_cents, 0))
                        filter (where status = 'open'), 0) as cents,
                    count(*) filter (where status = 'open') as debts,
                    min(due_on) filter (where status = 'open') as oldest,
                    coalesce(array_agg(distinct creditor_id), '{}') as creditors,
                    min(status) as status
                from public.debts where debts.client_id = clients.id
            ) as owed on true
            left join lateral (
                select count(*) > 0 as has_phone, case when bool_or(has_whatsapp) then true
                    when not bool_or(has_whatsapp is null) or count(*) = 0 then false
                    end as has_whatsapp
                from public.client_phones where client_phones.client_id = clients.id
            ) as reach on true
            where tenant_id = %(tenant)s
              and (open_cents, open_debts, oldest_due_on, creditor_ids, debt_status,
                   clients.has_phone, clients.has_whatsapp)
                  is distinct from (owed.cents, owed.debts, owed.oldest, owed.creditors,
                   owed.status, reach.has_phone, reach.has_whatsapp)
            """
        )

    def counts(self) -> dict[str, int]:
        """Rows of every table an import writes."""
        each = sql.SQL("(select count(*) from public.{table} where tenant_id = %(tenant)s)")
        query = sql.SQL("select ") + sql.SQL(", ").join(
            each.format(table=sql.Identifier(name)) for name in TABLES
        )
        [row] = self.owner.execute(query, {"tenant": self.tenant_id})
        return dict(zip(TABLES, row, strict=True))


class OpenAgency(Protocol):
    def __call__(self, connection: psycopg.Connection[Any]) -> Agency: ...


@pytest.fixture(scope="session")
def open_agency() -> OpenAgency:
    """Found an agency through an owner's connection."""

    def found(connection: psycopg.Connection[Any]) -> Agency:
        [(tenant_id,)] = connection.execute(
            "insert into public.tenants (name) values ('Agência do teste') returning id"
        )
        for email, role in (
            ("admin", "admin"),
            ("supervisor", "supervisor"),
            ("operador", "operator"),
        ):
            connection.execute(
                "insert into public.memberships (tenant_id, user_id, role, display_name)"
                " select %s, id, %s, email from auth.users where email = %s",
                (tenant_id, role, f"{email}@demo.test"),
            )
        return Agency(connection, str(tenant_id))

    return found


@pytest.fixture
def agency(database: psycopg.Connection[Any], open_agency: OpenAgency) -> Agency:
    return open_agency(database)


@dataclass
class Endpoint:
    """The deployed functions on a database of the test's own."""

    agency: Agency
    clients: Mapping[str, Client]
    jwt_secret: str

    @property
    def client(self) -> Client:
        return self.clients["portfolio_import"]

    def token(self, email: str) -> str:
        [(user_id,)] = self.agency.owner.execute(
            "select id from auth.users where email = %s", (email,)
        )
        claims = {"sub": str(user_id), "role": "authenticated", "aud": "authenticated",
                  "exp": 4102444800}  # fmt: skip
        return jwt.encode(claims, self.jwt_secret, algorithm="HS256")

    def __call__(
        self,
        data: Any = None,
        query: str = "",
        *,
        who: str | None = "admin@demo.test",
        content_type: str = "text/csv",
        tenant_id: str | None = None,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        function: str = "portfolio_import",
    ) -> TestResponse:
        sent = {"x-tenant-id": tenant_id or self.agency.tenant_id}
        if who:
            sent["Authorization"] = f"Bearer {self.token(who)}"
        return self.clients[function].open(
            f"/?{query}",
            method=method,
            data=data,
            headers=sent | dict(headers or {}),
            content_type=content_type,
        )


FUNCTIONS = ("portfolio_import", "portfolio_rejects", "portfolio_export", "portfolio_resume")


@pytest.fixture
def endpoint(
    stack: Stack, fresh_database: str, open_agency: OpenAgency, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Endpoint]:
    secret = stack.settings.secrets.jwt_secret
    settings = config.read(
        {
            "FUNCTIONS_DATABASE_URL": stack.settings.database_url(
                "functions", fresh_database.rsplit("/", 1)[1]
            ),
            "JOBS_KEY": "unused",
            "SUPABASE_JWT_SECRET": secret,
        }
    )
    monkeypatch.setattr(config, "settings", lambda: settings)
    db.close()
    # The framework has no types of its own.
    create_app: Callable[[str, str], flask.Flask] = functions_framework.create_app
    source = str(ROOT / "functions" / "main.py")
    clients = {name: create_app(name, source).test_client() for name in FUNCTIONS}
    with psycopg.connect(fresh_database, autocommit=True) as owner:
        yield Endpoint(open_agency(owner), clients, secret)
    db.close()
