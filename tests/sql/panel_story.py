"""What may happen to an agency's past after its days were kept, one step at a time."""

from datetime import date
from uuid import UUID

from tests.sql.panel_world import RECEIPTS, WORDS, PanelWorld
from tests.sql.personas import set_clock


class Story:
    def __init__(self, world: PanelWorld) -> None:
        self.world, self.random = world, world.random
        self.today = self.random.randrange(10)
        set_clock(world.db, world.at(self.today).isoformat())
        self.steps = [
            self.keep, self.keep, self.time_passes, self.receipt, self.receipt, self.late_call,
            self.call_ends, self.call_is_whose, self.money, self.money_back, self.paid, self.moved,
            self.decided, self.breaks, self.meaning, self.zone, self.title_goes, self.promised,
            self.priced,
        ]  # fmt: skip

    def go(self) -> str:
        """Does one thing; answers its name."""
        step = self.random.choice(self.steps)
        step()
        return step.__name__

    def change(self, table: str, change: str, *values: object, condition: str = "true") -> None:
        row = self.world.pick(table, condition)
        if row is not None:
            self.world.run(f"update public.{table} set {change} where id = %s", *values, row)

    def keep(self) -> None:
        limit = self.random.choice((1, 3, 31))
        self.world.run("select private.refresh_panel_of(%s, %s)", self.world.tenant, limit)

    def keep_all(self) -> None:
        self.world.run("select private.refresh_panel_of(%s)", self.world.tenant)

    def time_passes(self) -> None:
        self.today = min(self.today + self.random.randint(0, 3), 9)
        set_clock(self.world.db, self.world.at(self.today).isoformat())

    def receipt(self) -> None:
        at = self.world.some()
        change = self.random.choice(("status", "submitted_at", "delivered_at", "read_at"))
        self.change(
            "message_logs", f"{change} = %s",
            self.random.choice(RECEIPTS) if change == "status" else at,
            condition="direction = 'out'",
        )  # fmt: skip

    def late_call(self) -> None:
        self.world.call(self.world.some(), is_late=True)

    def call_ends(self) -> None:
        self.change("calls", "status = 'finished', connected_at = called_at, talk_seconds = 30")

    def call_is_whose(self) -> None:
        self.change("calls", "client_id = %s", self.random.choice(self.world.clients))

    def money(self) -> None:
        self.world.payment()

    def money_back(self) -> None:
        taken = self.world.run(
            "select id, payment_id, paid_on, installment_id, debt_id, principal_cents"
            " from private.living_allocations where tenant_id = %s order by id",
            self.world.tenant,
        )
        if taken:
            row, payment, paid_on, installment, debt, cents = self.random.choice(taken)
            self.world.row(
                "payment_allocations", payment_id=payment, paid_on=paid_on, reverses_id=row,
                principal_cents=-cents, before_cents=0, after_cents=0, position_after="{}",
                installment_id=installment, debt_id=debt,
            )  # fmt: skip

    def paid(self) -> None:
        day: date | None = self.random.choice((self.world.day(), None))
        status, cents = ("paid", 4_000) if day else ("open", 0)
        self.change(
            "installments", "status = %s, paid_on = %s, paid_cents = %s", status, day, cents,
            condition="status <> 'cancelled'",
        )  # fmt: skip

    def moved(self) -> None:
        self.change("installments", "effective_due_on = %s", self.world.day())

    def decided(self) -> None:
        self.change(
            "agreements", "status = %s, formalised_at = coalesce(formalised_at, %s)",
            self.random.choice(("active", "overdue", "settled")), self.world.some(),
            condition="status not in ('broken', 'lapsed')",
        )  # fmt: skip

    def breaks(self) -> None:
        deal: UUID | None = self.world.pick("agreements", "status in ('active', 'overdue')")
        if deal is not None:
            self.world.run(
                "update public.agreements set status = 'broken', closed_at = %s where id = %s",
                self.world.some(), deal,
            )  # fmt: skip
            self.world.run(
                "update public.installments set status = 'cancelled',"
                " cancel_reason = 'agreement_broken' where agreement_id = %s and status = 'open'",
                deal,
            )
            self.world.broke(deal)

    def promised(self) -> None:
        self.change("callbacks", "due_at = %s", self.world.some())

    def priced(self) -> None:
        self.world.price()

    def meaning(self) -> None:
        self.world.run(
            "update public.disposition_types set unworkable = not unworkable"
            " where tenant_id = %s and key = %s",
            self.world.tenant, self.random.choice(list(WORDS)),
        )  # fmt: skip

    def zone(self) -> None:
        zone = self.random.choice(("America/Sao_Paulo", "America/Noronha", "UTC"))
        self.world.run(
            "update public.tenants set time_zone = %s where id = %s", zone, self.world.tenant
        )

    def title_goes(self) -> None:
        gone = self.world.pick(
            "debts", "id not in (select debt_id from public.payment_allocations"
            " where debt_id is not null)"
            " and id not in (select debt_id from public.agreement_debts)"
        )  # fmt: skip
        self.world.run("delete from public.debts where id = %s", gone)
