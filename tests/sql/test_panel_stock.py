"""What the portfolio was is written down once a day, and nothing is told of days before that."""

import json
from collections import Counter
from datetime import date
from random import Random
from typing import Any

import psycopg
import pytest

from tests.sql.panel_world import PanelWorld
from tests.sql.personas import scalar, set_clock
from tests.sql.test_panel import ask

BANDS = (0, 30, 60, 90, 120, 180, 360, 720, 1800)
STATUSES = ("open", "open", "in_agreement", "on_hold", "prescribed", "settled", "returned")
HELD = {"open", "in_agreement", "on_hold"}


@pytest.fixture
def agency(db: psycopg.Connection) -> PanelWorld:
    """Sixty titles of all ages and statuses, on 2 November 2026 at noon."""
    world = PanelWorld(db, Random(4))  # noqa: S311  # a story, no secret
    random = world.random
    for number in range(60):
        world.row(
            "debts", id=world.new(), client_id=random.choice(world.clients),
            creditor_id=random.choice(world.creditors), contract=f"s{number}",
            due_on=date.fromordinal(date(2026, 11, 2).toordinal() - random.randint(-40, 2_000)),
            principal_cents=random.randint(100, 9_000), abated_cents=random.choice((0, 0, 50)),
            status=random.choice(STATUSES),
        )  # fmt: skip
    # Nothing of it came after its first record.
    world.run(
        "update public.debts set created_at = '2026-10-01' where tenant_id = %s", world.tenant
    )
    db.execute("set local session_replication_role = origin")
    go_to(world, "2026-11-02")
    return world


def go_to(world: PanelWorld, day: str) -> None:
    set_clock(world.db, f"{day} 12:00:00-03")


def take(world: PanelWorld) -> object:
    return scalar(world.db, "select private.take_panel_stock(%s)", world.tenant)


def portfolio(world: PanelWorld, **more: object) -> Any:
    period = {"from": "2026-11-01", "to": "2026-12-31"} | {k: str(v) for k, v in more.items()}
    return ask(world.db, world.people[0], "select public.panel_portfolio(%s)", json.dumps(period))


def kpis(world: PanelWorld, split_by: str = "", **more: object) -> Any:
    period = {"from": "2026-11-02", "to": "2026-11-02"} | {k: str(v) for k, v in more.items()}
    found = ask(
        world.db, world.people[0], "select public.panel_numbers(%s, %s)", json.dumps(period),
        split_by,
    )  # fmt: skip
    return {group["key"]: group["kpis"] for group in found["groups"]}


def debts(world: PanelWorld) -> list[Any]:
    return world.run(
        "select id, creditor_id, due_on, principal_cents - abated_cents, status, client_id"
        " from public.debts where tenant_id = %s",
        world.tenant,
    )


def band(days: int) -> int:
    return sum(days > edge for edge in BANDS)


def test_the_stock_is_every_title_on_the_books_by_its_age(agency: PanelWorld) -> None:
    assert take(agency) is True
    told: Counter[int] = Counter()
    for _, _, due_on, cents, status, _ in debts(agency):
        if status in HELD:
            told[band((date(2026, 11, 2) - due_on).days)] += cents
    found = portfolio(agency)
    assert (found["day"], found["since"]) == ("2026-11-02", "2026-11-02")
    assert [each["cents"] for each in found["bands"]] == [told[place] for place in sorted(told)]
    assert kpis(agency)[""]["balance"]["value"] == sum(told.values())


def test_a_day_has_one_stock_whatever_changes_after_it(agency: PanelWorld) -> None:
    take(agency)
    before = portfolio(agency)
    agency.run("update public.debts set status = 'returned' where tenant_id = %s", agency.tenant)
    assert take(agency) is False
    assert portfolio(agency) == before


def test_of_days_before_the_first_record_nothing_is_told_instead_of_zero(
    agency: PanelWorld,
) -> None:
    take(agency)
    earlier = {"from": "2026-10-01", "to": "2026-10-31"}
    found = ask(agency.db, agency.people[0], "select public.panel_numbers(%s)", json.dumps(earlier))
    told = found["groups"][0]["kpis"]
    assert found["stock_since"] == "2026-11-02"
    for code in ("eligible", "balance", "penetration", "recovery"):
        assert "value" not in told[code]
    # The month began before the first record, so there is no balance to recover from.
    month = kpis(agency, **{"from": "2026-11-01"})[""]
    assert "value" in month["eligible"]
    assert "value" not in month["recovery"]


def test_eligible_is_who_may_and_can_be_contacted(agency: PanelWorld) -> None:
    reachable, silenced, without_phone, halfway = (
        agency.client(100 + number) for number in range(4)
    )
    agency.run("delete from public.debts where client_id = any(%s)", [
        reachable, silenced, without_phone, halfway,
    ])  # fmt: skip
    agency.run("update public.debts set status = 'settled' where tenant_id = %s", agency.tenant)
    for client in (reachable, silenced, without_phone, halfway):
        for creditor in agency.creditors[:2]:
            agency.row(
                "debts", client_id=client, creditor_id=creditor, contract=str(client),
                due_on=date(2026, 1, 1), principal_cents=100,
            )  # fmt: skip
        if client != without_phone:
            agency.row(
                "client_phones", client_id=client, phone=f"+55119{client.int % 10**8:08d}",
                kind="mobile",
            )  # fmt: skip
    for client, channel in ((silenced, None), (halfway, "call")):
        agency.row("suppressions", client_id=client, channel=channel, reason="opted_out")
    take(agency)
    assert kpis(agency)[""]["eligible"]["value"] == 2
    assert kpis(agency, creditor_id=agency.creditors[0])[""]["eligible"]["value"] == 2
    # Of an operator there is no portfolio.
    assert "value" not in kpis(agency, operator_id=agency.people[0])[""]["eligible"]


def test_where_a_months_balance_went_adds_up_to_it(agency: PanelWorld) -> None:
    take(agency)
    held = [each for each in debts(agency) if each[4] in HELD and each[3] > 0]
    paid, left, agreed, part = (
        [each for each in held if each[4] == "open"][place] for place in range(4)
    )
    agency.run("update public.debts set status = 'settled' where id = %s", paid[0])
    agency.run("update public.debts set status = 'returned' where id = %s", left[0])
    agency.run("update public.debts set status = 'in_agreement' where id = %s", agreed[0])
    agency.run("update public.debts set abated_cents = abated_cents + 10 where id = %s", part[0])
    go_to(agency, "2026-12-01")
    take(agency)
    found = portfolio(agency)
    assert (found["rolled_from"], found["rolled_to"]) == ("2026-11-02", "2026-12-01")
    whole: Counter[str] = Counter()
    for row in found["rolls"]:
        assert sum(row["outcomes"].values()) == row["cents"]
        whole += Counter(row["outcomes"])
    assert sum(whole.values()) == sum(each[3] for each in held)
    assert (whole["paid"], whole["left"], whole["cured"]) == (paid[3] + 10, left[3], agreed[3])
    rolled = sum(
        each[3]
        for each in held
        if each[0] not in (paid[0], left[0], agreed[0])
        and band((date(2026, 12, 1) - each[2]).days) > band((date(2026, 11, 2) - each[2]).days)
    )
    is_part_rolling = band((date(2026, 12, 1) - part[2]).days) > band(
        (date(2026, 11, 2) - part[2]).days
    )
    assert whole["forward"] == rolled - 10 * is_part_rolling


def test_a_month_that_was_missed_is_no_months_roll(agency: PanelWorld) -> None:
    take(agency)
    go_to(agency, "2027-01-01")
    assert take(agency) is True
    found = ask(
        agency.db, agency.people[0], "select public.panel_portfolio(%s)",
        json.dumps({"from": "2027-01-01", "to": "2027-01-31"}),
    )  # fmt: skip
    assert (found["rolled_to"], found["rolls"]) == (None, [])


def test_the_job_writes_the_stock_down_and_says_so(agency: PanelWorld) -> None:
    agency.db.execute("call private.refresh_panel(false)")
    result = scalar(
        agency.db,
        "select result from public.job_runs where job = 'refresh_panel' and tenant_id = %s",
        agency.tenant,
    )
    assert isinstance(result, dict)
    assert result["stock"] is True
    assert portfolio(agency)["day"] == "2026-11-02"


def test_a_team_counts_what_its_people_did_and_who_is_in_two_counts_in_both(
    agency: PanelWorld,
) -> None:
    teams = [agency.new(), agency.new()]
    for number, (team, people) in enumerate(
        zip(teams, (agency.people, agency.people[:1]), strict=True)
    ):
        agency.row("teams", id=team, name=f"Equipe {number}")
        for person in people:
            agency.row("team_members", team_id=team, user_id=person)
    for person in agency.people:
        agency.row(
            "call_dispositions", client_id=agency.clients[0], operator_id=person,
            disposition_type="negotiate", created_at=agency.at(-14, 43_200),
        )  # fmt: skip

    def attempts(**more: object) -> object:
        return kpis(agency, "", **more)[""]["attempts"]["value"]

    by_team = kpis(agency, "team")
    assert [by_team[str(team)]["attempts"]["value"] for team in teams] == [len(agency.people), 1]
    assert [attempts(team_id=team) for team in teams] == [len(agency.people), 1]
    assert attempts(team_id=teams[1], operator_id=agency.people[1]) == 0
    assert attempts() == len(agency.people)


def test_an_attempt_beyond_the_agencys_cap_is_counted_from_the_first_too_many(
    agency: PanelWorld,
) -> None:
    agency.row("contact_caps", channel="call", days=1, attempts=2)
    for seconds in range(4):
        agency.row(
            "call_dispositions", client_id=agency.clients[0], operator_id=agency.people[0],
            disposition_type="voicemail", created_at=agency.at(-14, 43_200 + seconds),
        )  # fmt: skip
    assert kpis(agency)[""]["over_cap"]["value"] == 2


def paid(world: PanelWorld, debt: object, day: str, cents: int) -> None:
    payment = world.new()
    world.row(
        "payments", id=payment, client_id=world.clients[0], payment_key=payment.hex,
        amount_cents=5_000, paid_on=day,
    )  # fmt: skip
    world.row(
        "payment_allocations", payment_id=payment, paid_on=day, debt_id=debt,
        principal_cents=cents, before_cents=0, after_cents=0, position_after="{}",
    )  # fmt: skip


def test_what_a_band_recovered_is_what_its_titles_of_the_opening_paid(agency: PanelWorld) -> None:
    take(agency)
    told: Counter[int] = Counter()
    for number, (debt, _, due_on, *_) in enumerate(debts(agency)):
        day = ("2026-11-01", "2026-11-02", "2026-11-30", "2026-12-01")[number % 4]
        paid(agency, debt, day, number + 1)
        if number % 4 in (1, 2):
            told[band((date(2026, 11, 2) - due_on).days)] += number + 1
    new = agency.new()
    agency.row(
        "debts", id=new, client_id=agency.clients[0], creditor_id=agency.creditors[0],
        contract="novo", due_on="2026-01-01", principal_cents=900, created_at="2026-11-10",
    )  # fmt: skip
    paid(agency, new, "2026-11-20", 77)
    november = {"from": "2026-11-02", "to": "2026-11-30"}
    found = portfolio(agency, **november)
    gained = {each["band"]: each for each in found["recovered"]}
    names = [name for (name,) in agency.run("select band from private.aging_bands()")]
    assert {name: each["received_cents"] for name, each in gained.items()} == {
        name: told[place] for place, name in enumerate(names) if name in gained
    }
    assert sum(told.values()) == sum(each["received_cents"] for each in gained.values())
    assert found["entered_cents"] == 77
    opening = {each["band"]: each["cents"] for each in found["bands"]}
    assert {name: each["opening_cents"] for name, each in gained.items() if name in opening} == (
        opening
    )
    # No stock was written down on the day before, so there is nothing to divide by.
    earlier = portfolio(agency, **(november | {"from": "2026-11-01"}))
    assert earlier["has_opening"] is False
    assert not any(each["opening_cents"] for each in earlier["recovered"])


def test_money_that_was_taken_back_is_recovered_from_no_band(agency: PanelWorld) -> None:
    debt = debts(agency)[0][0]
    paid(agency, debt, "2026-11-05", 300)
    [(booking, payment)] = agency.run(
        "select id, payment_id from public.payment_allocations where tenant_id = %s", agency.tenant
    )
    agency.row(
        "payment_allocations", payment_id=payment, paid_on="2026-11-05", debt_id=debt,
        reverses_id=booking, principal_cents=-300, before_cents=0, after_cents=0,
        position_after="{}",
    )  # fmt: skip
    assert not any(each["received_cents"] for each in portfolio(agency)["recovered"])
