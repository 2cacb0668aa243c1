"""Of records that did not count something yet, or lost their rows to age, nothing is told."""

import json
from datetime import date
from typing import Any

import pytest

from tests.sql.panel_world import PanelWorld
from tests.sql.test_panel import ask
from tests.sql.test_panel_stock import agency, go_to, kpis, portfolio, take
from tests.sql.test_panel_stock_rows import PERIOD, Record, records

__all__ = ["agency", "records"]


@pytest.fixture
def before(agency: PanelWorld) -> PanelWorld:
    """A record of the release before: without rows, open titles, debtors, late installments."""
    take(agency)
    agency.run("update private.panel_stock_days set has_rows = false")
    agency.run("update private.panel_eligible set titles = null, debtors = null")
    agency.run("delete from private.panel_titles where tenant_id = %s", agency.tenant)
    agency.run("delete from private.panel_reachable where tenant_id = %s", agency.tenant)
    return agency


def test_what_an_old_record_did_not_count_is_not_zero(before: PanelWorld) -> None:
    told = kpis(before)[""]
    assert told["balance"]["value"] > 0
    assert "value" in told["eligible"]
    for code in ("eligible_titles", "provisional", "debt_ticket", "cei", "entries"):
        assert "value" not in told[code], code
    assert "denominator" not in told["debt_ticket"]
    by_creditor = kpis(before, "creditor")
    assert not [key for key, each in by_creditor.items() if "value" in each["eligible_titles"]]


def test_of_several_creditors_an_old_record_knows_nobody(before: PanelWorld) -> None:
    before.run(
        "update public.memberships set role = 'supervisor', creditor_ids = %s where user_id = %s",
        before.creditors[:2], before.people[0],
    )  # fmt: skip
    told = kpis(before)[""]
    assert told["balance"]["value"] > 0
    for code in ("eligible", "penetration", "localisation"):
        assert not {"value", "denominator"} & set(told[code]), code


def rolled(world: PanelWorld, band: str, outcome: str) -> Any:
    return ask(
        world.db, world.people[0], "select public.panel_stock_rows('rolled', %s, %s, %s)", band,
        json.dumps(PERIOD), outcome,
    )  # fmt: skip


def test_of_an_old_roll_only_the_sums_are_left_and_the_page_says_so(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    found = portfolio(agency, **PERIOD)["rolls"][0]
    outcome = next(iter(found["outcomes"]))
    page = rolled(agency, found["band"], outcome)
    assert (page["day"], bool(page["rows"])) == ("2026-12-01", True)
    go_to(agency, "2027-12-15")
    take(agency)
    assert portfolio(agency, **PERIOD)["rolls"][0] == found
    page = rolled(agency, found["band"], outcome)
    assert (page["asked_day"], page["day"], page["rows"]) == ("2026-12-01", None, [])
    page = ask(
        agency.db, agency.people[0], "select public.panel_rows('cei', 'numerator', %s)",
        json.dumps(PERIOD),
    )  # fmt: skip
    assert (page["day"], page["rows"]) == (None, [])


def test_the_month_that_was_under_way_has_the_rows_of_its_opening(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    found = portfolio(agency, **PERIOD)["rolls"][0]
    agency.run("update private.panel_stock_days set has_rows = false where day < '2026-12-01'")
    assert rolled(agency, found["band"], next(iter(found["outcomes"])))["rows"]


def test_a_record_that_counted_none_says_none(agency: PanelWorld) -> None:
    take(agency)
    assert kpis(agency)[""]["provisional"]["value"] == 0


def test_a_persons_work_has_no_titles_of_the_stock(
    agency: PanelWorld, records: dict[date, Record]
) -> None:
    of_one = json.dumps(PERIOD | {"operator_id": str(agency.people[1])})
    for kpi in ("balance", "cei", "eligible"):
        page = ask(
            agency.db, agency.people[0], "select public.panel_rows(%s, 'numerator', %s)", kpi,
            of_one,
        )  # fmt: skip
        assert page["rows"] == []
