"""An agency with a week behind it, for the panel: calls, messages, agreements, money.

What is planted goes in without triggers, before anything is kept; what is done to it later goes
through them, as in life.
"""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from tests.sql.panel_events import Seat
from tests.sql.queue_world import Agency

ZONE = ZoneInfo("America/Sao_Paulo")
FIRST = date(2026, 11, 16)
DAYS = 8
# Around midnight of São Paulo, of UTC and of Noronha; two hours after; and noon.
EDGES = (0, 1, 7_199, 7_200, 43_200, 75_600, 75_599, 82_800, 86_399)
WORDS = {
    "voicemail": (False, False, False),
    "dropped": (True, False, False),
    "wrong_contact": (True, False, True),
    "negotiate": (True, True, False),
}
CALLS = ("dialing", "connected", "not_answered", "abandoned", "finished", "finished", "voicemail")
RECEIPTS = ("submitted", "sent", "delivered", "read", "failed")
FAILURES = ("number_invalid", "policy", "opted_out", "configuration", None)
DEALS = ("active", "active", "overdue", "broken", "settled", "lapsed", "cancelled")


class PanelWorld:
    def __init__(self, db: psycopg.Connection, random: Random) -> None:
        self.db, self.random = db, random
        self.agency = Agency(db, 2)
        self.tenant, self.people = self.agency.tenant, self.agency.people
        self.row = self.agency.row
        self.run("update public.tenants set created_at = %s where id = %s", self.at(0), self.tenant)
        self.run(
            "update public.memberships set role = 'supervisor' where user_id = %s", self.people[0]
        )
        self.creditors = [self.new(), self.new(), self.new()]
        for number, creditor in enumerate(self.creditors):
            self.row("creditors", id=creditor, name=f"Credor {number}")
        for key, flags in WORDS.items():
            names: dict[str, Any] = dict(
                zip(("human_answered", "right_party", "unworkable"), flags, strict=True)
            )
            self.row("disposition_types", key=key, label=key, **names)
        # Nobody presses it: whatever the others come to mean, the catalogue stays whole (0971).
        self.row(
            "disposition_types", key="spare", label="Reserva", human_answered=True, unworkable=True
        )
        self.integration, self.policy = self.new(), self.new()
        self.row("integrations", id=self.integration, provider="threecplus", webhook_key_hash="-")
        self.row("agreement_policies", id=self.policy, version=1, provisional_after_days=2)
        self.template = self.new()
        self.row(
            "message_templates", id=self.template, name="t", provider="gupshup", body="Olá",
            provider_template_id="t", category="marketing",
        )  # fmt: skip
        self.clients = [self.client(number) for number in range(random.randint(1, 4))]
        self.seats = self.seat()

    def new(self) -> UUID:
        # Of the example's own chance, so that the same seed tells the same story.
        return UUID(int=self.random.getrandbits(128), version=4)

    def run(self, query: str, *values: Any) -> list[Any]:
        found = self.db.execute(query.encode(), values)
        return found.fetchall() if found.description else []

    def at(self, day: int, seconds: int | None = None) -> datetime:
        if seconds is None:
            seconds = self.random.choice(EDGES)
        start = datetime.combine(FIRST + timedelta(day), time(), ZONE)
        return start + timedelta(seconds=seconds)

    def some(self, day: int | None = None) -> datetime:
        return self.at(self.random.randrange(DAYS - 1) if day is None else day)

    def day(self) -> date:
        return FIRST + timedelta(self.random.randrange(DAYS + 2))

    def who(self) -> UUID | None:
        return self.random.choice([*self.people, None])

    def pick(self, table: str, condition: str = "true") -> UUID | None:
        found = self.run(
            f"select id from public.{table} where tenant_id = %s and {condition} order by id",
            self.tenant,
        )
        return self.random.choice(found)[0] if found else None

    def client(self, number: int) -> UUID:
        client = self.new()
        self.row("clients", id=client, document=str(client.int % 10**11).zfill(11), name="Pessoa")
        for contract in range(self.random.randint(0, 3)):
            self.row(
                "debts", client_id=client, creditor_id=self.random.choice(self.creditors),
                contract=f"{number}/{contract}", due_on=FIRST, principal_cents=10_000,
                created_at=self.some(),
            )  # fmt: skip
        return client

    def seat(self) -> tuple[Seat, ...]:
        """Two teams; who sits in them changes from day to day, and may be in both."""
        seats = []
        for number in range(2):
            team = self.new()
            self.row("teams", id=team, name=f"Turno {number}")
            for person in self.people:
                first = self.random.choice((date(2026, 1, 1), self.day()))
                last = self.random.choice((date(2099, 1, 1), first + timedelta(2)))
                self.run(
                    "insert into private.team_seats values (%s, %s, %s, %s, %s, %s)",
                    self.tenant, team, person, first, last, FIRST,
                )  # fmt: skip
                seats.append(Seat(team, person, first, last))
        return tuple(seats)

    def plant(self) -> None:
        for _ in range(self.random.randint(0, 6)):
            self.call(self.some())
        for _ in range(self.random.randint(0, 4)):
            self.disposition(self.some())
        if self.random.random() < 0.3:
            self.taken_back()
        for _ in range(self.random.randint(0, 4)):
            self.message(self.some())
        for _ in range(self.random.randint(0, 3)):
            self.deal(self.some())
        for _ in range(self.random.randint(0, 4)):
            self.payment()
        for _ in range(self.random.randint(0, 3)):
            self.callback()
        for _ in range(self.random.randint(0, 2)):
            self.opt_out()
        for _ in range(self.random.randint(0, 5)):
            self.stood(self.some())
        for _ in range(self.random.randint(0, 3)):
            self.price()
        if self.random.random() < 0.3:
            self.row(
                "rate_cards", provider="gupshup", category="service", price_micros=70_000,
                is_free_in_window=True, valid_from=self.day(),
            )  # fmt: skip

    def callback(self) -> None:
        status = self.random.choice(("scheduled", "done", "cancelled"))
        self.row(
            "callbacks", id=self.new(), client_id=self.random.choice(self.clients),
            disposition_id=self.disposition(self.some()), operator_id=self.who(),
            due_at=self.some(), status=status,
            ended_at=None if status == "scheduled" else self.some(),
        )  # fmt: skip

    def stood(self, since: datetime) -> None:
        """An interval of up to three hours, whose page may never have said that it ended."""
        state = self.random.choice(("available", "serving", "paused"))
        seen = since + timedelta(seconds=self.random.choice((0, 1, 59, 3_600, 10_800)))
        self.row(
            "operator_states", id=self.new(), user_id=self.random.choice(self.people), state=state,
            reason="meal" if state == "paused" else None, since=since, seen_at=seen, until_at=seen,
        )  # fmt: skip

    def opt_out(self) -> None:
        self.row(
            "suppressions", id=self.new(), client_id=self.random.choice(self.clients),
            reason=self.random.choice(("opted_out", "pediu por telefone")),
            channel=self.random.choice((None, "call", "whatsapp")), created_at=self.some(),
            expires_at=self.random.choice((None, self.some())),
        )  # fmt: skip

    def price(self) -> None:
        kind = self.random.choice(("voice_minute", "licence_month", "labour_month", "exchange"))
        self.row(
            "cost_rates", kind=kind, price_micros=self.random.choice((0, 150_001, 5_500_000)),
            currency="USD" if kind == "exchange" else "BRL", valid_from=self.day(),
            created_by=self.people[0], created_at=self.some(),
        )  # fmt: skip

    def disposition(self, at: datetime) -> UUID:
        new = self.new()
        self.row(
            "call_dispositions", id=new, client_id=self.random.choice(self.clients),
            operator_id=self.random.choice(self.people), created_at=at,
            disposition_type=self.random.choice(list(WORDS)),
        )  # fmt: skip
        return new

    def taken_back(self) -> None:
        """In its own day, so nothing of the past changes."""
        client = self.random.choice(self.clients)
        self.row(
            "disposition_undos", disposition_id=self.disposition(self.some()), client_id=client,
            undone_by=self.people[0],
        )  # fmt: skip

    def call(self, at: datetime, *, is_late: bool = False) -> None:
        random = self.random
        # Nobody can back-date a disposition.
        told = random.choice(("outcome" if is_late else "disposition", "outcome", None, None))
        self.row(
            "calls", id=self.new(), integration_id=self.integration,
            external_id=self.new().hex, called_at=at,
            client_id=random.choice([*self.clients, None]), operator_id=self.who(),
            status=random.choice(CALLS), agent_id=random.choice((7, None)),
            connected_at=random.choice((at, None)), talk_seconds=random.choice((0, 61, None)),
            wrap_seconds=random.choice((0, 17, None)),
            disposition_id=self.disposition(at) if told == "disposition" else None,
            outcome_type=random.choice(list(WORDS)) if told == "outcome" else None,
            qualification_source=random.choice(("ours", "automatic", None)),
            phone=random.choice(("+5511900000001", "+5511900000002", None)),
        )  # fmt: skip

    def message(self, at: datetime) -> None:
        random = self.random
        is_out = random.random() < 0.8
        status = random.choice(RECEIPTS) if is_out else "received"
        self.row(
            "message_logs", id=self.new(), client_id=random.choice([*self.clients, None]),
            direction="out" if is_out else "in", provider="gupshup", phone="+5511900000000",
            status=status, submitted_at=random.choice((at, at, None)), created_by=self.who(),
            delivered_at=random.choice((at, None)), created_at=at,
            template_id=self.template if is_out and random.random() < 0.5 else None,
            error_code=random.choice(FAILURES) if status == "failed" else None,
        )  # fmt: skip

    def deal(self, at: datetime) -> None:
        random, deal = self.random, self.new()
        status = random.choice(DEALS)
        discount = random.choice((0, 700))
        client = random.choice(self.clients)
        is_over = status in ("broken", "settled", "lapsed", "cancelled")
        self.row(
            "agreements", id=deal, client_id=client, creditor_id=random.choice(self.creditors),
            status=status, priced="{}", proposal_hash=deal.hex, statement="{}", base_on=FIRST,
            valid_until=FIRST, original_cents=9_000, discount_cents=discount,
            total_cents=9_000 - discount, discount_percent=0, installments=2, first_due_on=FIRST,
            last_due_on=FIRST, policy_id=self.policy, created_by=self.who(),
            created_at=self.some(),
            formalised_at=random.choice((at, at, None)), closed_at=self.some() if is_over else None,
        )  # fmt: skip
        title = self.pick("debts", f"client_id = '{client}'")
        if title is not None:
            self.row(
                "agreement_debts", agreement_id=deal, debt_id=title, position=1,
                principal_cents=5_000, correction_cents=0, fine_cents=300,
                interest_cents=random.choice((0, 900)), collection_fee_cents=700,
                discount_principal_cents=random.choice((0, 1_234)), discount_correction_cents=0,
                discount_fine_cents=random.choice((0, 300)), discount_interest_cents=0,
                discount_collection_fee_cents=random.choice((0, 1)),
            )  # fmt: skip
        if status == "broken":
            self.broke(deal)
        for number in (1, 2):
            state = random.choice(("open", "paid", "cancelled"))
            reasons = (f"agreement_{status}", "agreement_broken", "pedido do cliente")
            self.row(
                "installments", id=self.new(), agreement_id=deal, client_id=client, number=number,
                kind="installment", due_on=FIRST, effective_due_on=self.day(), amount_cents=4_000,
                method="pix", status=state, paid_cents=4_000 if state == "paid" else 0,
                paid_on=self.day() if state == "paid" else None,
                cancel_reason=random.choice(reasons) if state == "cancelled" else None,
            )  # fmt: skip

    def broke(self, deal: UUID) -> None:
        self.row(
            "agreement_events", agreement_id=deal, kind="transition", from_status="overdue",
            to_status="broken", on_date=self.day(),
        )  # fmt: skip

    def payment(self) -> None:
        payment, paid_on = self.new(), self.day()
        self.row(
            "payments", id=payment, client_id=self.random.choice(self.clients),
            payment_key=payment.hex, amount_cents=5_000, paid_on=paid_on,
        )  # fmt: skip
        for _ in range(self.random.randint(0, 3)):
            self.allocation(payment, paid_on)

    def allocation(self, payment: UUID, paid_on: date) -> None:
        book = self.random.choice(("installments", "debts"))
        target = self.pick(book)
        if target is not None:
            target_column: dict[str, Any] = {book.removesuffix("s") + "_id": target}
            self.row(
                "payment_allocations", payment_id=payment, paid_on=paid_on,
                principal_cents=self.random.choice((1, 1_000)), before_cents=0, after_cents=0,
                position_after="{}", **target_column,
            )  # fmt: skip
