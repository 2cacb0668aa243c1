"""Every KPI of the panel, computed the long way: whole tables, one loop, no days kept.

Written from the definition cards and not from the SQL: what is an attempt, an alô, a promise.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from tests.sql.panel_catalogue import KPIS, OWN, PER_HOUR, PERCENT, STOCK
from tests.sql.panel_events import Event, Scope, keys
from tests.sql.panel_rules import Costs, Law
from tests.sql.panel_talks import answers, of_failure, of_phones

__all__ = ["KPIS", "STOCK", "Reference"]
Row = dict[str, Any]
# As the catalogue calls them, and as the table does.
COMPONENTS = {
    "principal": "principal", "correction": "correction", "fine": "fine", "interest": "interest",
    "fee": "collection_fee",
}  # fmt: skip
OVER = {
    "ended", "not_answered", "abandoned", "finished", "failed", "voicemail", "outside_hours",
}  # fmt: skip


class Reference:
    def __init__(self, db: psycopg.Connection, tenant: UUID) -> None:
        self.db, self.tenant = db, tenant
        [zone] = self.table("tenants", "id")
        self.zone = ZoneInfo(zone["time_zone"])
        self.words = {row["key"]: row for row in self.table("disposition_types")}
        self.debts = {row["id"]: row for row in self.table("debts")}
        self.deals = {row["id"]: row for row in self.table("agreements")}
        self.parts = {row["id"]: row for row in self.table("installments")}
        self.undone = {row["disposition_id"] for row in self.table("disposition_undos")}
        self.mail = self.table("message_logs")
        self.priced = self.table("agreement_debts")
        self.law = Law(self)
        self.found = [
            *self.voice(), *self.messages(), *self.agreements(), *self.breaks(), *self.promises(),
            *self.payments(), *self.callbacks(), *Costs(self).fixed(), *self.hours(),
            *answers(self), *of_phones(self),
        ]  # fmt: skip
        begun = [row["since"] for row in self.table("operator_states")]
        hours_since = min(map(self.day, begun), default=date.max)
        self.found += [
            replace(event, measure=f"own_{event.measure}")
            for event in self.found
            if event.measure in OWN and event.operator and event.day >= hours_since
        ]

    def table(self, name: str, column: str = "tenant_id") -> list[Row]:
        with self.db.cursor(row_factory=dict_row) as cursor:
            query = f"select * from public.{name} where {column} = %s"
            return cursor.execute(query.encode(), (self.tenant,)).fetchall()

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def creditors(self, client: UUID | None, day: date) -> frozenset[UUID]:
        return frozenset(
            debt["creditor_id"]
            for debt in self.debts.values()
            if debt["client_id"] == client and self.day(debt["created_at"]) <= day
        )

    def voice(self) -> Iterable[Event]:
        done = {
            row["id"]: row
            for row in self.table("call_dispositions")
            if row["id"] not in self.undone
        }
        costs = Costs(self)
        for call in self.table("calls"):
            said = done.pop(call["disposition_id"], None)
            word = self.words.get(said["disposition_type"] if said else call["outcome_type"])
            if word is None and call["status"] not in OVER:
                continue
            measures = {"voice_attempt": 0} | ({"disposition": 0} if said else {})
            if call["client_id"]:
                measures["attempt"] = 0
            day = self.day(call["called_at"])
            measures |= self.meaning(word, call["client_id"], day)
            if word is None and (call["connected_at"] or call["status"] == "abandoned"):
                measures["alo"] = 0
            if (call["talk_seconds"] or 0) > 0:
                measures["talked"] = call["talk_seconds"]
            if call["wrap_seconds"]:
                measures["wrapped"] = call["wrap_seconds"]
            if handled := (call["talk_seconds"] or 0) + (call["wrap_seconds"] or 0):
                measures["handled"] = handled
            if call["agent_id"] is not None:
                measures["call"] = 0
                if call["qualification_source"] == "automatic":
                    measures["auto_closed"] = 0
            measures |= costs.of_call(call, day)
            measures |= self.law.broken("call", call["client_id"], call["called_at"])
            operator = said["operator_id"] if said else call["operator_id"]
            yield from self.contact(measures, day, call["client_id"], operator, call["id"])
        for said in done.values():
            measures = {"voice_attempt": 0, "attempt": 0, "disposition": 0}
            day = self.day(said["created_at"])
            measures |= self.meaning(self.words[said["disposition_type"]], said["client_id"], day)
            broken = self.law.broken("call", said["client_id"], said["created_at"])
            if "right_party" in measures and self.was_written_to(said):
                measures["right_party_written"] = 0
                broken.pop("outside_hours", None)
            measures |= broken
            yield from self.contact(
                measures, day, said["client_id"], said["operator_id"], said["id"]
            )

    def meaning(self, word: Row | None, client: UUID | None, day: date) -> dict[str, int]:
        flags = {"alo": "human_answered", "right_party": "right_party", "wrong_party": "unworkable"}
        said = {name: 0 for name, flag in flags.items() if word and word[flag]}
        if "right_party" in said and any(
            deal["client_id"] == client
            and deal["formalised_at"]
            and self.day(deal["created_at"]) == day
            for deal in self.deals.values()
        ):
            said["right_party_accepted"] = 0
        return said

    def was_written_to(self, said: Row) -> bool:
        """Whether the client wrote in the hour before the disposition."""
        return any(
            row["direction"] == "in"
            and row["client_id"] == said["client_id"]
            and timedelta() <= said["created_at"] - row["created_at"] < timedelta(hours=1)
            for row in self.mail
        )

    def contact(
        self, measures: dict[str, int], day: date, client: UUID | None, operator: UUID | None,
        source_id: UUID,
    ) -> Iterable[Event]:  # fmt: skip
        creditors = self.creditors(client, day)
        for name, value in measures.items():
            yield Event(name, day, client, operator, creditors, str(source_id), value)

    def messages(self) -> Iterable[Event]:
        costs = Costs(self)
        for row in self.mail:
            if row["direction"] == "in" or row["submitted_at"] is None:
                continue
            is_read = row["read_at"] is not None or row["status"] == "read"
            measures = {"message_accepted": 0}
            if row["client_id"]:
                measures["attempt"] = 0
            if is_read or row["delivered_at"] is not None or row["status"] == "delivered":
                measures["message_delivered"] = 0
            if is_read:
                measures["message_read"] = 0
            measures |= of_failure(row)
            day = self.day(row["submitted_at"])
            measures |= costs.of_message(row, day)
            broken = self.law.broken("whatsapp", row["client_id"], row["submitted_at"])
            if row["template_id"] is None:
                broken.pop("outside_hours", None)
            measures |= broken
            yield from self.contact(measures, day, row["client_id"], row["created_by"], row["id"])

    def callbacks(self) -> Iterable[Event]:
        tried = [
            (row["client_id"], row["created_at"], row["id"])
            for row in self.table("call_dispositions")
            if row["id"] not in self.undone
        ] + [
            (row["client_id"], row["called_at"], row["disposition_id"])
            for row in self.table("calls")
        ]
        for row in self.table("callbacks"):
            if row["status"] == "cancelled":
                continue
            measures = {"callback": 0}
            if any(
                client == row["client_id"]
                and abs(at - row["due_at"]) <= timedelta(minutes=10)
                and (told is None or told != row["disposition_id"])
                for client, at, told in tried
            ):
                measures["callback_in_time"] = 0
            who = row["operator_id"] or row["released_from"]
            day = self.day(row["due_at"])
            yield from self.contact(measures, day, row["client_id"], who, row["id"])

    def hours(self) -> Iterable[Event]:
        """Each interval's seconds on each of the days that it touches."""
        for row in self.table("operator_states"):
            begins, end = row["since"], row["until_at"] or row["seen_at"]
            while begins < end:
                day = self.day(begins)
                midnight = datetime.combine(day + timedelta(1), time(), self.zone)
                seconds = int((min(end, midnight) - begins).total_seconds())
                names = {"logged", "paused" if row["state"] == "paused" else "productive"}
                if row["state"] == "serving":
                    names.add("serving")
                for name in names if seconds else ():
                    yield Event(
                        name, day, None, row["user_id"], frozenset(), f"{row['id']}:{day}", seconds
                    )
                begins = midnight

    def parts_of(self, deal: Row) -> list[Row]:
        return [part for part in self.parts.values() if part["agreement_id"] == deal["id"]]

    def of_deal(self, name: str, day: date, deal: Row, source_id: object, value: int) -> Event:
        creditors = frozenset([deal["creditor_id"]])
        who = deal["client_id"], deal["created_by"]
        return Event(name, day, *who, creditors, str(source_id), value)

    def agreements(self) -> Iterable[Event]:
        for deal in self.deals.values():
            if deal["formalised_at"] is None:
                continue
            total = deal["total_cents"]
            measures = {
                "agreement": total,
                "agreement_value": deal["original_cents"],
                "agreement_discount": deal["discount_cents"],
            }
            for title in self.priced:
                if title["agreement_id"] == deal["id"]:
                    for told, column in COMPONENTS.items():
                        name = f"agreement_value_{told}"
                        measures[name] = measures.get(name, 0) + title[f"{column}_cents"]
                        name = f"agreement_discount_{told}"
                        off = title[f"discount_{column}_cents"]
                        measures[name] = measures.get(name, 0) + off
            if any(part["paid_on"] for part in self.parts_of(deal)):
                measures["agreement_effective"] = total
                fate = {"active": "kept", "settled": "settled", "broken": "broken"}
                if deal["status"] in fate:
                    measures["agreement_" + fate[deal["status"]]] = total
            if deal["status"] == "lapsed":
                measures["agreement_lapsed"] = total
            for name, value in measures.items():
                if value or name.count("_") < 2:
                    day = self.day(deal["formalised_at"])
                    yield self.of_deal(name, day, deal, deal["id"], value)

    def breaks(self) -> Iterable[Event]:
        for event in self.table("agreement_events"):
            if event["to_status"] == "broken":
                deal = self.deals[event["agreement_id"]]
                left = deal["total_cents"] - sum(p["paid_cents"] for p in self.parts_of(deal))
                yield self.of_deal("broke", event["on_date"], deal, event["id"], left)
                unpaid = [p["number"] for p in self.parts_of(deal) if p["status"] != "paid"]
                if unpaid:
                    told = f"broke_{min(unpaid)}" if min(unpaid) < 4 else "broke_later"
                    yield self.of_deal(told, event["on_date"], deal, event["id"], left)

    def promises(self) -> Iterable[Event]:
        policies = {row["id"]: row for row in self.table("agreement_policies")}
        for part in self.parts.values():
            deal = self.deals[part["agreement_id"]]
            due = part["effective_due_on"]
            if deal["formalised_at"] is None:
                continue
            if part["status"] == "cancelled" and not (
                part["cancel_reason"] in ("agreement_broken", "agreement_lapsed")
                and deal["closed_at"]
                and due <= self.day(deal["closed_at"])
            ):
                continue
            value = part["amount_cents"]
            yield self.of_deal("promise", due, deal, part["id"], value)
            grace = policies[deal["policy_id"]]["provisional_after_days"]
            if part["status"] == "paid" and (part["paid_on"] - due).days < grace:
                yield self.of_deal("promise_kept", due, deal, part["id"], value)

    def payments(self) -> Iterable[Event]:
        booked = self.table("payment_allocations")
        for payment in self.table("payments"):
            rows = [row for row in booked if row["payment_id"] == payment["id"]]
            # (creditor, author) → cents, in either book of the ledger.
            schedule: dict[UUID, int] = {}
            titles: dict[UUID, int] = {}
            for row in rows:
                if row["installment_id"]:
                    deal_id = self.parts[row["installment_id"]]["agreement_id"]
                    schedule[deal_id] = schedule.get(deal_id, 0) + row["total_cents"]
                else:
                    creditor = self.debts[row["debt_id"]]["creditor_id"]
                    titles[creditor] = titles.get(creditor, 0) + row["total_cents"]
            whose: dict[tuple[UUID, UUID | None], int] = {}
            if any(schedule.values()):
                for deal_id, cents in schedule.items():
                    deal = self.deals[deal_id]
                    key = deal["creditor_id"], deal["created_by"]
                    if cents:
                        whose[key] = whose.get(key, 0) + cents
            else:
                whose = {(creditor, None): cents for creditor, cents in titles.items() if cents}
            for (creditor, author), cents in whose.items():
                source_id = ":".join(str(x) for x in (payment["id"], creditor, author) if x)
                yield Event(
                    "payment", payment["paid_on"], payment["client_id"], author,
                    frozenset([creditor]), source_id, cents,
                )  # fmt: skip

    def numbers(self, scope: Scope, split_by: str) -> dict[str, dict[str, Row]]:
        groups: dict[str, list[Event]] = {"": []} if split_by == "" else {}
        for event in filter(scope.holds, self.found):
            for key in keys(event, scope, split_by):
                groups.setdefault(key, []).append(event)
        return {
            key: {code: self.kpi(code, found) for code in KPIS} for key, found in groups.items()
        }

    @staticmethod
    def kpi(code: str, found: list[Event]) -> Row:
        above, below = KPIS[code]
        top = above(found)
        if below is None:
            return {"numerator": top, "value": top}
        bottom = below(found)
        told: Row = {"numerator": top, "denominator": bottom}
        if bottom:
            places = 100 if code in PERCENT or code == "spin" else 1
            exact = Fraction(top, bottom) * places * (100 if code in PERCENT else 1)
            if code == "cost_per_received":
                # Millionths by cents, told in ten-thousandths.
                places, exact = 10_000, Fraction(top, bottom)
            if code in PER_HOUR or code == "received_per_hour":
                places = 100 if code in PER_HOUR else 1
                exact = Fraction(top * 3_600 * places, bottom)
            # Half away from zero, as Postgres rounds.
            told["value"] = float(Fraction(int(abs(exact) + Fraction(1, 2)), places))
        return told
