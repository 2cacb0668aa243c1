"""The debt explained to the cent: golden vectors, the calendar, the memória de cálculo."""

from datetime import date, timedelta

import pytest

from tests.money.world import World

# domain: fine 2 %, interest 1 % a month simple by days/30, no index, counted from the effective
# due date. P, due, day of calculation, effective due, days, fine, interest, total.
GOLDEN = [
    ("1000.00", "2026-03-10", "2026-03-10", "2026-03-10", 0, "0.00", "0.00", "1000.00"),
    ("1000.00", "2026-03-10", "2026-03-11", "2026-03-10", 1, "20.00", "0.33", "1020.33"),
    ("1000.00", "2026-03-10", "2026-03-31", "2026-03-10", 21, "20.00", "7.00", "1027.00"),
    ("1000.00", "2026-03-10", "2026-04-01", "2026-03-10", 22, "20.00", "7.33", "1027.33"),
    ("1000.00", "2026-03-10", "2026-04-24", "2026-03-10", 45, "20.00", "15.00", "1035.00"),
    ("1000.00", "2026-01-31", "2026-02-02", "2026-02-02", 0, "0.00", "0.00", "1000.00"),
    ("1000.00", "2026-01-31", "2026-02-03", "2026-02-02", 1, "20.00", "0.33", "1020.33"),
    ("1570.37", "2025-11-05", "2026-04-24", "2025-11-05", 170, "31.41", "88.99", "1690.77"),
    ("129.90", "2026-04-20", "2026-04-27", "2026-04-20", 7, "2.60", "0.30", "132.80"),
]


def cents(text: str) -> int:
    return int(text.replace(".", ""))


@pytest.mark.parametrize("vector", GOLDEN, ids=lambda v: f"{v[0]}-{v[1]}-{v[2]}")
def test_golden_vector(world: World, vector: tuple[str, ...]) -> None:
    principal, due, on, effective, days, fine, interest, total = vector
    world.policy()
    world.debt(cents(principal), date.fromisoformat(due))
    statement = world.rpc("operator", "debt_statement", client_id=world.client, on_date=on)
    [debt] = statement["debts"]
    assert (
        debt["effective_due_date"],
        debt["days_late"],
        debt["fine_cents"],
        debt["interest_cents"],
        debt["correction_cents"],
        debt["total_cents"],
    ) == (effective, days, cents(fine), cents(interest), 0, cents(total))
    assert statement["totals"]["total_cents"] == cents(total)


def test_golden_vector_with_an_index_of_1_0231(world: World) -> None:
    world.policy(index_name="ipca")
    # One month holds the whole change; the months around it none.
    for month, percent in (("2025-11", 0), ("2025-12", "2.31"), ("2026-01", 0)):
        world.insert(
            "index_factors",
            {
                "tenant_id": world.tenant,
                "index_name": "ipca",
                "month": f"{month}-01",
                "percent": percent,
                "revision": 1,
            },
        )
    world.debt(157_037, date(2025, 11, 5))
    [debt] = world.rpc("operator", "debt_statement", client_id=world.client, on_date="2026-04-24")[
        "debts"
    ]
    assert (
        debt["correction_cents"],
        debt["fine_cents"],
        debt["interest_cents"],
        debt["total_cents"],
    ) == (3628, 3141, 9104, 172_910)
    [correction] = [line for line in debt["lines"] if line["component"] == "correction"]
    assert correction["factor"] == "1.0231000000"
    assert correction["is_provisional"]  # April is not published: January's value is taken


def test_every_line_says_base_rate_days_and_rounding(world: World) -> None:
    world.policy(collection_fee_percent=10)
    world.debt(100_000, date(2026, 3, 10))
    [debt] = world.rpc("operator", "debt_statement", client_id=world.client, on_date="2026-04-01")[
        "debts"
    ]
    lines = {line["component"]: line for line in debt["lines"]}
    assert lines["fine"]["base_cents"] == 100_000
    assert lines["fine"]["percent"] == "2.0000"
    assert lines["interest"]["days"] == 22
    assert lines["interest"]["exact_cents"] == "733.33333333"
    assert lines["interest"]["rounding"] == "half_up"
    assert lines["collection_fee"]["base_cents"] == 102_733
    assert sum(line["result_cents"] for line in debt["lines"]) == debt["total_cents"]
    assert debt["policy_version"] == 1
    assert "Multa de 2%: R$ 20,00." in debt["text"]
    assert "22 dias de atraso" in debt["text"]
    assert debt["creditor"]["address"] == "Rua A, 1"


def test_nothing_is_charged_that_nobody_configured(world: World) -> None:
    world.debt(100_000, date(2020, 3, 10))
    statement = world.rpc("operator", "debt_statement", client_id=world.client)
    assert statement["totals"]["total_cents"] == 100_000
    assert statement["debts"][0]["policy_version"] is None


def test_nothing_is_charged_within_the_grace_and_everything_after_it(world: World) -> None:
    world.policy(grace_days=5)
    world.debt(100_000, date(2026, 3, 10))

    def total(day: str) -> int:
        answer = world.rpc("operator", "debt_statement", client_id=world.client, on_date=day)
        return int(answer["totals"]["total_cents"])

    assert total("2026-03-15") == 100_000
    assert total("2026-03-16") == 100_000 + 2000 + 200  # six days, not one


def test_a_policy_of_tomorrow_does_not_count_today(world: World) -> None:
    world.policy(fine_percent=0, interest_percent=0)
    world.policy(version=2, valid_from=date(2026, 3, 20))
    world.debt(100_000, date(2026, 3, 10))

    def debt(day: str) -> dict[str, int]:
        answer = world.rpc("operator", "debt_statement", client_id=world.client, on_date=day)
        return answer["debts"][0]  # type: ignore[no-any-return]  # JSON of the RPC

    assert debt("2026-03-19")["total_cents"] == 100_000
    assert debt("2026-03-20")["policy_version"] == 2
    assert debt("2026-03-20")["fine_cents"] == 2000


def test_a_creditors_own_policy_beats_the_tenants(world: World) -> None:
    world.policy(creditor_id=None, fine_percent=1)
    world.policy(fine_percent=2)
    other = world.new_creditor("Outro Credor")
    for creditor in (world.creditor, other):
        world.debt(100_000, date(2026, 3, 10), creditor)
    answer = world.rpc("operator", "debt_statement", client_id=world.client, on_date="2026-03-11")
    fines = {debt["creditor"]["name"]: debt["fine_cents"] for debt in answer["debts"]}
    assert fines == {"Banco Ipê": 2000, "Outro Credor": 1000}


def test_a_consumer_is_never_fined_more_than_two_percent(world: World) -> None:
    refusal = world.refused(
        "admin",
        "save_charge_policy",
        policy={"creditor_id": str(world.creditor), "fine_percent": 2.01},
    )
    assert refusal == "policy_invalid"


def test_a_second_version_may_not_begin_in_the_past(world: World) -> None:
    policy = {"creditor_id": str(world.creditor), "fine_percent": 2, "valid_from": "2020-01-01"}
    first = world.rpc("admin", "save_charge_policy", policy=policy)
    assert first["version"] == 1
    assert world.refused("admin", "save_charge_policy", policy=policy) == "policy_in_past"
    del policy["valid_from"]
    assert world.rpc("admin", "save_charge_policy", policy=policy)["version"] == 2


def test_an_operator_cannot_save_a_policy_or_load_an_index(world: World) -> None:
    assert world.refused("operator", "save_charge_policy", policy={}) == "not_allowed"
    refusal = world.refused(
        "supervisor", "load_index_factors", index_name="ipca", factors={"2026-01": "0.5"}
    )
    assert refusal == "not_allowed"


def test_loading_the_same_index_twice_changes_nothing(world: World) -> None:
    factors = {"2026-01": "0.33", "2026-02": "-0.10"}
    loaded = [
        world.rpc("admin", "load_index_factors", index_name="ipca", factors=factors)
        for _ in range(2)
    ]
    assert loaded == [2, 0]
    factors["2026-02"] = "0.20"
    assert world.rpc("admin", "load_index_factors", index_name="ipca", factors=factors) == 1


def test_a_typing_error_in_a_policy_is_an_error_and_no_default(world: World) -> None:
    assert world.refused("admin", "save_charge_policy", policy={"fine": 2}) == "field_unknown"


def test_prescribed_debts_are_marked_and_no_longer_open(world: World) -> None:
    old, young = world.debt(due=date(2021, 3, 8)), world.debt(due=date(2021, 3, 9))
    world.run("select private.age_debts(%s, %s)", world.tenant, world.today)
    answer = world.rpc("operator", "debt_statement", client_id=world.client)
    marked = {debt["debt_id"]: (debt["is_prescribed"], debt["status"]) for debt in answer["debts"]}
    assert marked == {str(old): (True, "prescribed"), str(young): (False, "open")}


def test_in_a_leap_year_a_title_is_marked_on_the_day_it_prescribes(world: World) -> None:
    debt = world.debt(due=date(2019, 2, 28))
    status = "select status from public.debts where id = %s"

    world.run("select private.age_debts(%s, %s)", world.tenant, date(2024, 2, 28))
    assert world.one(status, debt) == "open"
    world.run("select private.age_debts(%s, %s)", world.tenant, date(2024, 2, 29))
    assert world.one(status, debt) == "prescribed"


def test_only_an_admin_reopens_a_prescribed_debt_and_only_with_a_reason(world: World) -> None:
    old = world.debt(due=date(2021, 3, 8))
    world.run("select private.age_debts(%s, %s)", world.tenant, world.today)
    call = {"debt_ids": [old], "reason": "reconhecida por escrito"}
    assert world.refused("supervisor", "override_prescription", **call) == "not_allowed"
    refusal = world.refused("admin", "override_prescription", debt_ids=[old], reason=" ")
    assert refusal == "reason_missing"
    assert world.rpc("admin", "override_prescription", **call) == 1
    [debt] = world.rpc("operator", "debt_statement", client_id=world.client)["debts"]
    assert (debt["is_prescribed"], debt["status"]) == (False, "open")
    world.run("select private.age_debts(%s, %s)", world.tenant, world.today)
    assert world.one("select status from public.debts where id = %s", old) == "open"


def test_a_stranger_reads_no_statement(world: World) -> None:
    world.debt()
    other = World(world.connection, "Outra")
    call = {"client_id": world.client}
    assert world.refused(other.people["admin"], "debt_statement", **call) == "client_not_found"
    theirs = other.debt()
    refusal = world.refused("operator", "debt_statement", client_id=world.client, debt_ids=[theirs])
    assert refusal == "debt_not_found"


def test_the_slider_agrees_with_the_statement_of_each_day(world: World) -> None:
    world.policy()
    world.debt(98_765, date(2026, 3, 2))
    days = world.rpc("operator", "statement_days", client_id=world.client, days=30)
    assert len(days) == 31
    for day in days[::10]:
        answer = world.rpc(
            "operator", "debt_statement", client_id=world.client, on_date=day["on_date"]
        )
        assert answer["totals"]["total_cents"] == day["total_cents"]
    assert days[0]["on_date"] == world.today.isoformat()
    assert days[-1]["on_date"] == (world.today + timedelta(30)).isoformat()
