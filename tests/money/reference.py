"""The rules of lateness a second time, from the law and the contract clauses, not from the SQL.

Decimal with sixty digits, its own calendar and its own Easter; slow and plain on purpose.
"""

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

DIGITS = 60  # far more than any product of rates needs to stay exact at the cent
ONE_DAY = timedelta(1)


@dataclass(frozen=True)
class Terms:
    fine: Decimal = Decimal(0)  # per cent, once
    interest: Decimal = Decimal(0)  # per cent a month, simple
    fee: Decimal = Decimal(0)  # per cent of everything
    rule: str = "daily_30"
    fine_on_corrected: bool = False
    from_nominal: bool = False
    grace: int = 0
    due_rule: str = "following"
    uf: str | None = None
    index: dict[date, Decimal] | None = None  # first of month → per cent
    own_holidays: frozenset[date] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Charges:
    effective: date
    principal: int
    correction: int
    fine: int
    interest: int
    fee: int

    @property
    def total(self) -> int:
        return self.principal + self.correction + self.fine + self.interest + self.fee


def cent(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_UP))


def easter(year: int) -> date:
    """Gauss, with Lichtenberg's exceptions."""
    k = year // 100
    m = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25
    s = 2 - (3 * k + 3) // 4
    a = year % 19
    d = (19 * a + m) % 30
    r = (d + a // 11) // 29
    first_sunday = 21 + d - r
    g = 7 - (year + year // 4 + s - 7) % 7
    march = first_sunday + (7 - (first_sunday - g) % 7)
    return date(year, 3, 1) + timedelta(march - 1)


STATE_DAYS = {"SP": (7, 9), "RJ": (4, 23), "BA": (7, 2), "RS": (9, 20)}


def is_business_day(day: date, terms: Terms) -> bool:
    fixed = {(1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25)}
    if day.year >= 2024:
        fixed.add((11, 20))
    if terms.uf in STATE_DAYS:
        fixed.add(STATE_DAYS[terms.uf])
    carnival_friday_corpus = (-48, -47, -2, 60)
    return not (
        day.weekday() >= 5
        or (day.month, day.day) in fixed
        or (day - easter(day.year)).days in carnival_friday_corpus
        or day in terms.own_holidays
    )


def effective_due(due: date, terms: Terms) -> date:
    if terms.due_rule == "none":
        return due
    step = ONE_DAY if terms.due_rule == "following" else -ONE_DAY
    while not is_business_day(due, terms):
        due += step
    return due


def index_factor(since: date, until: date, index: dict[date, Decimal]) -> Decimal:
    """Day after day, each month's change by the share of its days; unpublished = last published."""
    days_of_month: dict[date, int] = {}
    day = since + ONE_DAY
    while day <= until:
        first = day.replace(day=1)
        days_of_month[first] = days_of_month.get(first, 0) + 1
        day += ONE_DAY
    factor = Decimal(1)
    for first, days in days_of_month.items():
        published = [month for month in index if month <= first]
        if published:
            length = calendar.monthrange(first.year, first.month)[1]
            factor *= 1 + index[max(published)] / 100 * days / length
    return factor


def add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_late(since: date, until: date, rule: str) -> Decimal:
    if rule == "daily_30":
        return Decimal((until - since).days) / 30
    if rule == "actual_365":
        return Decimal((until - since).days) * 12 / 365
    whole = 0
    while add_months(since, whole + 1) <= until:
        whole += 1
    begins, ends = add_months(since, whole), add_months(since, whole + 1)
    return whole + Decimal((until - begins).days) / (ends - begins).days


def charges(principal: int, due: date, on: date, terms: Terms) -> Charges:
    """What `principal` cents due on `due` cost on `on`."""
    with localcontext() as context:
        context.prec = DIGITS
        effective = effective_due(due, terms)
        if on <= effective + timedelta(terms.grace):
            return Charges(effective, principal, 0, 0, 0, 0)
        since = due if terms.from_nominal else effective
        correction = 0
        if terms.index is not None:
            factor = index_factor(since, on, terms.index)
            correction = max(cent(principal * (factor - 1)), 0)
        corrected = principal + correction
        fine = cent((corrected if terms.fine_on_corrected else principal) * terms.fine / 100)
        interest = cent(corrected * terms.interest / 100 * months_late(since, on, terms.rule))
        fee = cent((corrected + fine + interest) * terms.fee / 100)
        return Charges(effective, principal, correction, fine, interest, fee)


class Account:
    """One debt and its payments: charges first (fine, interest, correction, fee), then principal.

    Charges of a stretch of days with one principal are one sum, rounded once at its end.
    """

    ORDER = ("fine", "interest", "correction", "fee", "principal")

    def __init__(self, principal: int, due: date, terms: Terms) -> None:
        self.due, self.terms, self.principal = due, terms, principal
        self.effective = effective_due(due, terms)
        self.counted_from = due if terms.from_nominal else self.effective
        self.stretch_begins = self.counted_from
        self.ended = dict.fromkeys(self.ORDER, 0)  # charges of stretches that are over
        self.paid = dict.fromkeys(self.ORDER, 0)
        self.was_charged = False

    def running(self, on: date) -> dict[str, int]:
        """Charges of the present stretch until `on`."""
        if on <= self.effective + timedelta(self.terms.grace) or not self.principal:
            return dict.fromkeys(self.ORDER, 0)
        with localcontext() as context:
            context.prec = DIGITS
            since, terms = max(self.stretch_begins, self.counted_from), self.terms
            correction = 0
            if terms.index is not None:
                factor = index_factor(since, on, terms.index)
                correction = max(cent(self.principal * (factor - 1)), 0)
            corrected = self.principal + correction
            months = months_late(self.counted_from, on, terms.rule) - months_late(
                self.counted_from, since, terms.rule
            )
            interest = cent(corrected * terms.interest / 100 * months)
            fine = 0
            if not self.was_charged:
                base = corrected if terms.fine_on_corrected else self.principal
                fine = cent(base * terms.fine / 100)
            base = correction + fine + interest + (0 if self.was_charged else self.principal)
            return {
                "fine": fine, "interest": interest, "correction": correction,
                "fee": cent(base * terms.fee / 100), "principal": 0,
            }  # fmt: skip

    def owed(self, on: date) -> dict[str, int]:
        running = self.running(on)
        charges_owed = {
            name: max(self.ended[name] + running[name] - self.paid[name], 0) for name in self.ORDER
        }
        return charges_owed | {"principal": self.principal}

    def pay(self, amount: int, on: date) -> None:
        owed, running = self.owed(on), self.running(on)
        parts = {}
        for name in self.ORDER:
            parts[name] = min(amount, owed[name])
            amount -= parts[name]
        for name in self.ORDER[:-1]:
            self.paid[name] += parts[name]
        if parts["principal"]:
            self.principal -= parts["principal"]
            if on > self.effective + timedelta(self.terms.grace):
                for name in self.ORDER[:-1]:
                    self.ended[name] += running[name]
                self.stretch_begins, self.was_charged = on, True
