"""Behind every number of the stock stand its titles and people, of whichever day it was taken."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest

from tests.sql.panel_world import PanelWorld
from tests.sql.personas import scalar
from tests.sql.test_panel import ask
from tests.sql.test_panel_stock import HELD, agency, band, go_to, kpis, paid, portfolio, take

__all__ = ["agency"]
DAYS = (date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 5), date(2026, 12, 1))
PERIOD = {"from": "2026-11-02", "to": "2026-12-01"}


class Title(NamedTuple):
    client: UUID
    creditor: UUID
    due_on: date
    status: str
    cents: int
    is_reachable: bool


Record = dict[UUID, Title]
BANDS = ("0", "1-30", "31-60", "61-90", "91-120", "121-180", "181-360", "361-720", "721-1800",
         "1800+")  # fmt: skip


def look(world: PanelWorld) -> Record:
    """Every title as it stands, the long way."""
    return {
        row[0]: Title(*row[1:])
        for row in world.run(
            "select d.id, d.client_id, d.creditor_id, d.due_on, d.status::text,"
            " greatest(d.principal_cents - d.abated_cents, 0), c.has_phone"
            " from public.debts as d join public.clients as c on c.id = d.client_id"
            " where d.tenant_id = %s order by d.contract",
            world.tenant,
        )
    }


@pytest.fixture
def records(agency: PanelWorld) -> dict[date, Record]:
    """Four records with a month's changes between them."""
    random = agency.random
    for client in agency.clients:
        agency.row(
            "client_phones", client_id=client, phone=f"+55119{client.int % 10**8:08d}",
            kind="mobile",
        )  # fmt: skip
    agency.client(7)
    told = {}
    for number, day in enumerate(DAYS):
        go_to(agency, str(day))
        agency.row(
            "debts", id=agency.new(), client_id=agency.clients[0], due_on="2027-01-01",
            creditor_id=agency.creditors[number % 3], contract=f"n{number}",
            principal_cents=700, created_at=f"{day} 10:00-03",
        )  # fmt: skip
        for debt in random.sample(list(look(agency)), 9):
            agency.run(
                random.choice((
                    "update public.debts set status = 'settled' where id = %s",
                    "update public.debts set status = 'returned' where id = %s",
                    "update public.debts set status = 'open' where id = %s",
                    "update public.debts set status = 'in_agreement' where id = %s",
                    "update public.debts set abated_cents = abated_cents + 10 where id = %s",
                    "update public.debts set due_on = due_on + 45 where id = %s",
                )),
                debt,
            )  # fmt: skip
        take(agency)
        told[day] = look(agency)
    return told


def listed(world: PanelWorld, call: str, *values: object) -> list[dict[str, Any]]:
    """All rows, three at a time."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = ask(
            world.db, world.people[0], f"select public.{call}, after => %s, page_size => 3)",
            *values, after,
        )  # fmt: skip
        found += page["rows"]
        after = page["next"]
        if after is None:
            assert len({(row["source"], row["source_id"]) for row in found}) == len(found)
            return found


def behind(world: PanelWorld, kpi: str, part: str, period: dict[str, str]) -> list[dict[str, Any]]:
    return listed(world, "panel_rows(%s, %s, %s", kpi, part, json.dumps(period))


def of_part(
    world: PanelWorld, part: str, band: str | None, outcome: str | None = None, **more: str
) -> list[dict[str, Any]]:
    return listed(
        world, "panel_stock_rows(%s, %s, %s, %s", part, band, json.dumps(PERIOD | more), outcome
    )


def held(record: Record) -> Record:
    return {debt: title for debt, title in record.items() if title.status in HELD}


def amounts(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["source_id"]: row["amount"] for row in rows}


def cents(record: Record) -> dict[str, int]:
    return {str(debt): title.cents for debt, title in record.items()}


@pytest.mark.parametrize("creditor", [False, True])
def test_the_titles_behind_a_balance_are_those_of_its_day(
    agency: PanelWorld, records: dict[date, Record], creditor: bool
) -> None:
    only = agency.creditors[0] if creditor else None
    more = {"creditor_id": str(only)} if only else {}
    for day, record in records.items():
        period = {"from": str(day), "to": str(day)} | more
        meant = {d: t for d, t in held(record).items() if only in (None, t.creditor)}
        rows = behind(agency, "balance", "numerator", period)
        assert amounts(rows) == cents(meant)
        assert [row["title"]["due_on"] for row in rows] == sorted(
            row["title"]["due_on"] for row in rows
        )
        assert amounts(behind(agency, "recovery", "denominator", period)) == cents(meant)
        told = kpis(agency, **period)[""]
        assert told["balance"]["value"] == sum(title.cents for title in meant.values())
        assert told["debt_ticket"]["denominator"] == len({t.client for t in meant.values()})


def test_the_people_behind_the_eligible_are_those_of_its_day(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    for day, record in records.items():
        period = {"from": str(day), "to": str(day)}
        meant = {d: t for d, t in record.items() if t.status == "open" and t.is_reachable}
        people = behind(agency, "eligible", "numerator", period)
        assert {row["client"]["id"] for row in people} == {str(t.client) for t in meant.values()}
        assert kpis(agency, **period)[""]["eligible"]["value"] == len(people) > 0
        assert amounts(behind(agency, "eligible_titles", "numerator", period)) == cents(meant)
        assert kpis(agency, **period)[""]["eligible_titles"]["value"] == len(meant)
        assert behind(agency, "penetration", "denominator", period) == people


def test_who_works_for_two_creditors_counts_a_client_of_both_once(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    mine = agency.creditors[:2]
    agency.run(
        "update public.memberships set creditor_ids = %s where user_id = %s",
        mine, agency.people[0],
    )  # fmt: skip
    day, record = DAYS[0], records[DAYS[0]]
    meant = {d: t for d, t in held(record).items() if t.creditor in mine}
    told = kpis(agency)[""]
    assert told["debt_ticket"]["denominator"] == len({t.client for t in meant.values()})
    people = behind(agency, "eligible", "numerator", {"from": str(day), "to": str(day)})
    assert told["eligible"]["value"] == len(people) == len({
        t.client for t in meant.values() if t.status == "open" and t.is_reachable
    })  # fmt: skip
    assert amounts(behind(agency, "balance", "numerator", PERIOD | {"to": str(day)})) == cents(
        meant
    )


def test_a_band_is_the_titles_of_its_age(agency: PanelWorld, records: dict[date, Record]) -> None:
    last = records[DAYS[-1]]
    for each in portfolio(agency, **PERIOD)["bands"]:
        meant = {
            debt: title
            for debt, title in held(last).items()
            if BANDS[band((DAYS[-1] - title.due_on).days)] == each["band"]
        }
        rows = of_part(agency, "bands", each["band"])
        assert amounts(rows) == cents(meant)
        assert (each["titles"], each["cents"]) == (len(rows), sum(amounts(rows).values()))


def test_where_a_band_went_is_told_title_by_title(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    rolls = portfolio(agency, **PERIOD)["rolls"]
    seen: Counter[str] = Counter()
    for roll in rolls:
        assert sum(amounts(of_part(agency, "rolled", roll["band"])).values()) == roll["cents"]
        for outcome, value in roll["outcomes"].items():
            rows = of_part(agency, "rolled", roll["band"], outcome)
            assert sum(amounts(rows).values()) == value > 0
            seen += Counter({outcome: len(rows)})
            for row in rows:
                now = records[DAYS[-1]][UUID(row["source_id"])]
                assert (outcome == "left") == (now.status in ("returned", "prescribed"))
                assert outcome != "cured" or now.status == "in_agreement"
    assert set(seen) > {"forward", "same", "paid", "left"}


def test_what_came_and_what_was_collected_add_up_title_by_title(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    first, last = held(records[DAYS[0]]), held(records[DAYS[-1]])
    came: Counter[UUID] = Counter()
    before: Record = records[DAYS[0]]
    for day in DAYS[1:]:
        for debt, title in held(records[day]).items():
            if debt not in held(before):
                came[debt] += title.cents
        before = records[day]
    not_due = sum(t.cents for t in last.values() if t.due_on >= DAYS[-1])
    opening, closing = (sum(t.cents for t in each.values()) for each in (first, last))
    told = kpis(agency, **PERIOD)[""]
    assert told["entries"]["value"] == sum(came.values()) > 0
    assert told["cei"]["numerator"] == opening + sum(came.values()) - closing
    assert told["cei"]["denominator"] == opening + sum(came.values()) - not_due
    days = (DAYS[-1] - DAYS[0]).days
    assert float(told["dso"]["value"]) == pytest.approx(
        closing * days / sum(came.values()), abs=0.05
    )
    for kpi, part in (("entries", "numerator"), ("cei", "numerator"), ("cei", "denominator")):
        rows = behind(agency, kpi, part, PERIOD)
        assert sum(amounts(rows).values()) == told[kpi][part], (kpi, part)


def test_what_a_band_recovered_is_listed_payment_by_payment(agency: PanelWorld) -> None:
    take(agency)
    for number, debt in enumerate(sorted(look(agency))):
        paid(agency, debt, f"2026-11-{2 + number % 20:02d}", number + 1)
    period = {"from": "2026-11-02", "to": "2026-11-30"}
    for each in portfolio(agency, **period)["recovered"]:
        rows = of_part(agency, "recovered", each["band"], **period)
        assert sum(amounts(rows).values()) == each["received_cents"]
        assert not rows or rows[0]["title"]["contract"]
    assert of_part(agency, "recovered", None, **period) == []


def test_a_month_of_entry_shows_its_titles_and_what_each_month_paid(agency: PanelWorld) -> None:
    debts = sorted(look(agency))
    for number, debt in enumerate(debts):
        entered = date(2026, 8 + number % 4, 3)
        agency.run("update public.debts set created_at = %s where id = %s", entered, debt)
        paid(agency, debt, str(entered + timedelta(31 * (number % 3))), number + 1)
    truth: Counter[tuple[str, int]] = Counter()
    for number in range(len(debts)):
        entered = date(2026, 8 + number % 4, 3)
        on = entered + timedelta(31 * (number % 3))
        if on <= date(2026, 12, 1):
            months = (on.year - entered.year) * 12 + on.month - entered.month
            truth[(entered.strftime("%Y-%m"), months)] += number + 1
    found = ask(agency.db, agency.people[0], "select public.panel_cohorts(%s)", json.dumps(PERIOD))
    assert {
        (each["month"], int(since)): value
        for each in found
        for since, value in each["paid"].items()
    } == truth
    for each in found:
        rows = of_part(agency, "cohort", each["month"])
        assert (len(rows), sum(amounts(rows).values())) == (each["titles"], each["cents"])
        for since, value in each["paid"].items():
            paying = of_part(agency, "cohort_paid", each["month"], since)
            assert sum(amounts(paying).values()) == value


def test_of_a_day_whose_rows_went_the_nearest_are_shown_and_named(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    agency.run(
        "update private.panel_stock_days set has_rows = false where day = any(%s)", list(DAYS[:2])
    )
    page = ask(
        agency.db, agency.people[0], "select public.panel_rows('balance', 'numerator', %s)",
        json.dumps({"from": str(DAYS[0]), "to": str(DAYS[1])}),
    )  # fmt: skip
    assert (page["asked_day"], page["day"]) == (str(DAYS[1]), str(DAYS[2]))
    assert len(page["rows"]) == len(held(records[DAYS[2]]))


def test_what_does_not_change_is_written_once(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    lines = scalar(
        agency.db, "select count(*)::int from private.panel_titles where tenant_id = %s",
        agency.tenant,
    )  # fmt: skip
    assert isinstance(lines, int)
    # Nine titles are touched and one comes new before each of the three later records.
    assert lines <= len(records[DAYS[-1]]) + 3 * 9


def first_import(agency: PanelWorld) -> None:
    """A file that came in the course of the first day, and its end."""
    agency.run("update public.debts set created_at = '2026-11-02 10:00-03'")
    agency.row("imports", id=agency.new(), file_name="a.csv", status="running", debts_created=60)
    agency.run("update public.imports set status = 'done', finished_at = private.now()")


def retaken(agency: PanelWorld) -> None:
    agency.run("update public.debts set created_at = '2026-11-02 12:00:01-03'")
    go_to(agency, "2026-11-02 12:05:00-03"[:10])
    agency.run("select private.take_panel_stock(%s)", agency.tenant)


@pytest.mark.parametrize("comes", [first_import, retaken])
def test_the_first_portfolio_is_on_the_panel_the_day_it_comes(
    agency: PanelWorld, comes: Callable[[PanelWorld], None]
) -> None:
    whole = look(agency)
    agency.run("update public.debts set status = 'returned' where tenant_id = %s", agency.tenant)
    agency.run("delete from public.debts where tenant_id = %s", agency.tenant)
    take(agency)
    assert kpis(agency)[""]["eligible"]["value"] == 0
    for debt, title in whole.items():
        agency.row(
            "debts", id=debt, client_id=title.client, creditor_id=title.creditor,
            contract=str(debt), due_on=title.due_on, principal_cents=title.cents + 1,
            status=title.status,
        )  # fmt: skip
    comes(agency)
    assert kpis(agency)[""]["balance"]["value"] == sum(
        t.cents + 1 for t in whole.values() if t.status in HELD
    )
    # What comes on a later day is the next morning's.
    go_to(agency, "2026-11-03")
    assert take(agency) is True
    agency.run("update public.debts set created_at = '2026-11-03 13:00-03'")
    assert take(agency) is False


def test_a_late_installment_is_provisionally_broken_for_a_week(agency: PanelWorld) -> None:
    deal = agency.new()
    agency.row(
        "agreements", id=deal, client_id=agency.clients[0], creditor_id=agency.creditors[0],
        status="overdue", priced="{}", proposal_hash=deal.hex, statement="{}",
        base_on="2026-10-01", valid_until="2026-10-01", original_cents=9_000, discount_cents=0,
        total_cents=9_000, discount_percent=0, installments=2, first_due_on="2026-10-20",
        last_due_on="2026-10-30", policy_id=agency.policy, created_by=agency.people[1],
        formalised_at="2026-10-01 12:00-03",
    )  # fmt: skip
    # The policy of this agency begins on D+2; nobody said when it ends, so D+11.
    late = {number: agency.new() for number in (1, 2, 10, 11)}
    for days, part in late.items():
        due_on = date(2026, 11, 2) - timedelta(days)
        agency.row(
            "installments", id=part, agreement_id=deal, client_id=agency.clients[0], number=days,
            kind="installment", due_on=due_on, effective_due_on=due_on, amount_cents=1_000 + days,
            paid_cents=1, method="pix",
        )  # fmt: skip
    take(agency)
    period = {"from": "2026-11-02", "to": "2026-11-02"}
    meant = {str(late[2]): 1_001, str(late[10]): 1_009}
    assert amounts(behind(agency, "provisional", "numerator", period)) == meant
    for more, value in (
        ({}, 2_010), ({"operator_id": agency.people[1]}, 2_010),
        ({"operator_id": agency.people[0]}, 0), ({"creditor_id": agency.creditors[1]}, 0),
    ):  # fmt: skip
        assert kpis(agency, "", **more)[""]["provisional"]["value"] == value


def test_another_agencys_titles_are_nobody_elses(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    agency.run(
        "update public.integrations set webhook_key_hash = '*' where tenant_id = %s", agency.tenant
    )
    mine = {str(debt) for debt in look(agency)} | {str(client) for client in agency.clients}
    other = PanelWorld(agency.db, agency.random)
    for call in (
        "panel_rows('balance', 'numerator', %s)", "panel_rows('eligible', 'numerator', %s)",
        "panel_stock_rows('bands', null, %s)", "panel_stock_rows('cohort', '2026-11', %s)",
    ):  # fmt: skip
        page = ask(agency.db, other.people[0], f"select public.{call}", json.dumps(PERIOD))
        assert not {row["source_id"] for row in page["rows"]} & mine


@pytest.mark.parametrize(
    ("part", "name", "word"),
    [("x", None, "panel_kpi_unknown"), ("bands", "2-3", "filter_invalid"),
     ("cohort", "nov", "filter_invalid")],
)  # fmt: skip
def test_a_part_or_a_band_nobody_knows_is_refused(
    agency: PanelWorld, part: str, name: str | None, word: str
) -> None:
    with pytest.raises(psycopg.Error, match=word):
        ask(
            agency.db, agency.people[0], "select public.panel_stock_rows(%s, %s, %s)", part, name,
            json.dumps(PERIOD),
        )  # fmt: skip
