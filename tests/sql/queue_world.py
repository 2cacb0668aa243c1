"""A small agency with histories, for the queue: made without triggers, every fact is given."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg


@dataclass
class Talk:
    unread: int
    owner: UUID | None
    waited: timedelta
    opted_out: bool


@dataclass
class Deal:
    status: str
    author: UUID | None
    # Since when it has its status.
    since: timedelta
    # Of its one open installment, in days from today.
    due_in: int
    amount: int


@dataclass
class Callback:
    owner: UUID | None
    # Before now; negative: still to come.
    due_ago: timedelta
    status: str


@dataclass
class Client:
    uf: str | None
    status: str | None
    has_phone: bool
    assignee: UUID | None
    last_contact: timedelta | None
    # None: nothing; else the channel, "all" for every one.
    suppressed: str | None
    # (who, how long ago they were last seen)
    held: tuple[UUID, timedelta] | None
    offered: tuple[UUID, timedelta] | None
    callbacks: list[Callback] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    id: UUID = field(default_factory=uuid4)


class Agency:
    """Writes what is told, as the superuser; the caller rolls everything back."""

    def __init__(self, db: psycopg.Connection, people: int) -> None:
        self.db = db
        db.execute("set local session_replication_role = replica")
        [(tenant,)] = db.execute("insert into public.tenants (name) values ('Fila') returning id")
        self.tenant: UUID = tenant
        self.people = [self.person(number) for number in range(people)]
        self.creditor, self.sender = uuid4(), uuid4()

    def person(self, number: int) -> UUID:
        user = uuid4()
        self.db.execute(
            "insert into auth.users (id, email, aud, role) values (%s, %s, 'authenticated', 'x')",
            (user, f"{user.hex}@fila.test"),
        )
        self.row("memberships", user_id=user, role="operator", display_name=f"Pessoa {number}")
        return user

    def row(self, table: str, schema: str = "public", **values: Any) -> None:
        values = {"tenant_id": self.tenant} | values
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        self.db.execute(
            f"insert into {schema}.{table} ({names}) values ({marks})".encode(),
            list(values.values()),
        )

    def cap(self, attempts: int) -> None:
        self.row("contact_caps", channel="call", days=1, attempts=attempts)

    def add(self, client: Client, now: datetime) -> None:
        self.row(
            "clients", id=client.id, document=str(client.id.int % 10**11).zfill(11),
            name="Pessoa", uf=client.uf, debt_status=client.status, has_phone=client.has_phone,
        )  # fmt: skip
        if client.has_phone:
            self.row(
                "client_phones", client_id=client.id, phone="+551133334444", kind="landline",
                created_at="2020-01-01",
            )  # fmt: skip
        if client.assignee:
            self.row("client_assignments", client_id=client.id, user_id=client.assignee)
        if client.last_contact is not None:
            at = now - client.last_contact
            self.row("client_contacts", "private", client_id=client.id, last_contact_at=at)
            self.row(
                "call_dispositions", client_id=client.id, operator_id=self.people[0],
                disposition_type="voicemail", created_at=at,
            )  # fmt: skip
        if client.suppressed:
            channel = None if client.suppressed == "all" else client.suppressed
            self.row("suppressions", client_id=client.id, channel=channel, reason="pediu")
        if client.held:
            who, ago = client.held
            self.row("client_services", client_id=client.id, operator_id=who, seen_at=now - ago)
        if client.offered:
            who, ago = client.offered
            self.row(
                "client_offers", "private", client_id=client.id, operator_id=who,
                offered_at=now - ago,
            )  # fmt: skip
        self.promises(client, now)
        self.talks(client, now)
        self.deals(client, now)

    def promises(self, client: Client, now: datetime) -> None:
        for promised in client.callbacks:
            self.row(
                "callbacks", client_id=client.id, disposition_id=uuid4(),
                operator_id=promised.owner, due_at=now - promised.due_ago, status=promised.status,
                ended_at=None if promised.status == "scheduled" else now,
            )  # fmt: skip

    def talks(self, client: Client, now: datetime) -> None:
        for talk in client.talks:
            self.row(
                "conversations", client_id=client.id, sender_id=uuid4(), phone="+5511999990000",
                unread=talk.unread, owner_id=talk.owner, last_inbound_at=now - talk.waited,
                opted_out_at=now if talk.opted_out else None,
            )  # fmt: skip

    def deals(self, client: Client, now: datetime) -> None:
        for deal in client.deals:
            agreement = uuid4()
            self.row(
                "agreements", id=agreement, client_id=client.id, creditor_id=self.creditor,
                status=deal.status, priced="{}", proposal_hash=agreement.hex, statement="{}",
                base_on="2026-01-01", valid_until="2026-01-02", original_cents=1000,
                discount_cents=0, total_cents=1000, discount_percent=0, installments=1,
                first_due_on="2026-01-02", last_due_on="2026-01-02", policy_id=uuid4(),
                created_by=deal.author,
            )  # fmt: skip
            self.row(
                "agreement_events", agreement_id=agreement, kind="transition",
                to_status=deal.status, on_date="2026-01-02", created_at=now - deal.since,
            )  # fmt: skip
            due_on = (now + timedelta(days=deal.due_in)).date()
            self.row(
                "installments", agreement_id=agreement, client_id=client.id, number=1,
                kind="installment", due_on=due_on, effective_due_on=due_on,
                amount_cents=deal.amount, method="pix",
            )  # fmt: skip
