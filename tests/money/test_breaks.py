"""An agreement that is not kept: late, broken for now, broken for good, and what is owed again."""

import uuid
from datetime import date, timedelta

import pytest

from tests.money.deals import (
    age,
    agree,
    charge,
    ledger_differences,
    live,
    owed,
    paid_item,
    parts,
    record,
    settle,
    status,
)
from tests.money.world import MONDAY, World


@pytest.fixture
def deal(world: World) -> tuple[World, uuid.UUID]:
    """R$ 900.00 in three monthly installments, the first due on Tuesday, 10 March."""
    world.policy()
    world.debt(90_000)
    return world, agree(world, installments=3, first_due_date=date(2026, 3, 10))


def test_late_by_a_day_is_overdue_and_by_four_provisionally_broken(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    seen = []
    for day in range(8, 18):  # the second is due on Friday, 10 April
        age(world, date(2026, 4, day))
        seen.append(status(world, agreement))
    assert seen == ["active"] * 3 + ["overdue"] * 3 + ["broken_provisionally"] * 4


def test_a_provisional_break_reverts_alone_when_paid(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    first, second, _ = parts(world, agreement)
    settle(world, {"installment_id": first["id"]}, 30_000)
    age(world, date(2026, 4, 16))
    assert status(world, agreement) == "broken_provisionally"
    settle(world, {"installment_id": second["id"]}, 30_000)
    assert status(world, agreement) == "active"


def test_a_provisional_break_reverts_alone_when_rescheduled(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    first, second, _ = parts(world, agreement)
    settle(world, {"installment_id": first["id"]}, 30_000)
    age(world, date(2026, 4, 16))
    call = {"installment_id": second["id"], "due_on": date(2026, 4, 25), "reason": "recebe dia 25"}
    assert world.refused("operator", "reschedule_installment", **call) == "not_allowed"
    world.rpc("supervisor", "reschedule_installment", **call)
    assert status(world, agreement) == "active"
    assert parts(world, agreement)[1]["effective_due_on"] == date(2026, 4, 27)  # a Monday
    assert parts(world, agreement)[1]["amount_cents"] == 30_000


def test_a_definitive_break_waits_for_compensation(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    # Due Friday 10 April; the tenth day of tolerance is Monday 20 April, 21 April is a holiday:
    # two business days of compensation end on Thursday 23 April.
    seen = {}
    for day in range(20, 26):
        counts = age(world, date(2026, 4, day))
        seen[day] = (status(world, agreement), counts.get("compensating"))
    assert seen[21] == ("broken_provisionally", 1)
    assert seen[23] == ("broken_provisionally", 1)
    assert seen[24][0] == "broken"


def test_a_break_gives_the_titles_back_at_their_real_balance(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000, MONDAY)
    live(world, 60)
    assert status(world, agreement) == "broken"
    # Paid on the due date, so without charges: 600.00 of principal are left.
    assert world.one("select principal_cents - abated_cents from public.debts") == 60_000
    assert world.one("select status from public.debts") == "open"
    assert owed(world) == 60_000 + 1200 + 60_000 * 60 // 3000  # fine 2 %, 60 days of interest
    kinds = [part["status"] for part in parts(world, agreement)]
    assert kinds == ["paid", "cancelled", "cancelled"]
    [event] = world.rows("select details from public.agreement_events where to_status = 'broken'")
    assert event["details"]["paid_cents"] == 30_000
    assert ledger_differences(world) == []


def test_the_forfeited_discount_is_told_and_owed_again(world: World) -> None:
    world.policy()
    world.debt(100_000, date(2026, 2, 9))
    agreement = agree(world, installments=2, discounts={"principal": 10, "fine": 100})
    first = parts(world, agreement)[0]
    settle(world, {"installment_id": first["id"]}, first["amount_cents"])
    live(world, 60)
    [event] = world.rows("select details from public.agreement_events where to_status = 'broken'")
    assert event["details"]["forfeited_discount_cents"] == 12_000
    # 1,000.00 + 20.00 fine + 9.33 interest of 28 days - what was paid on that day.
    after_payment = 100_000 + 2000 + 933 - first["amount_cents"]
    assert world.one("select principal_cents - abated_cents from public.debts") == after_payment
    assert event["details"]["restored_cents"] >= after_payment


def test_a_down_payment_that_never_came_lapses_and_does_not_break(world: World) -> None:
    world.policy()
    world.debt(90_000)
    agreement = agree(world, installments=3, first_due_date=date(2026, 3, 10))
    live(world, 20)
    assert status(world, agreement) == "lapsed"
    assert world.one("select status from public.debts") == "open"
    assert (
        world.one(
            "select count(*) from public.agreement_events where to_status::text like 'broken%%'"
        )
        == 0
    )


def test_where_money_comes_through_a_provider_a_break_waits_for_its_reconciliation(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    first, second, _ = parts(world, agreement)
    settle(world, {"installment_id": first["id"]}, 30_000)
    made = charge(world, second["id"])
    live(world, 60)
    assert status(world, agreement) == "broken_provisionally"
    assert age(world, world.today) == {"reconciliation_late": 1}
    assert (
        world.one(
            "select count(*) from public.notifications where kind = 'reconciliation_late'"
            " and user_id = %s",
            world.people["supervisor"],
        )
        >= 1
    )
    # The days somebody must sweep are told to the job.
    wanted = {row["day"] for row in world.rows("select day from private.reconciliation_days(1)")}
    assert {date(2026, 4, 10) + timedelta(n) for n in range(11)} < wanted
    for day in sorted(wanted):
        world.run(
            "select private.finish_reconciliation( private.begin_reconciliation(%s, %s), 0, 0, 0)",
            made["integration_id"],
            day,
        )
    age(world, world.today)
    assert status(world, agreement) == "broken"


def test_a_failed_sweep_reconciles_nothing(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    first, second, _ = parts(world, agreement)
    settle(world, {"installment_id": first["id"]}, 30_000)
    made = charge(world, second["id"])
    live(world, 60)
    for (day,) in world.run("select day from private.reconciliation_days(1)").fetchall():
        world.run(
            "select private.finish_reconciliation("
            " private.begin_reconciliation(%s, %s), 0, 0, 0, 'provider down')",
            made["integration_id"],
            day,
        )
    age(world, world.today)
    assert status(world, agreement) == "broken_provisionally"


def test_a_payment_of_the_last_day_that_arrives_late_prevents_the_break(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    first, second, _ = parts(world, agreement)
    settle(world, {"installment_id": first["id"]}, 30_000)
    made = charge(world, second["id"])
    age(world, date(2026, 4, 22))
    assert status(world, agreement) == "broken_provisionally"
    item = paid_item(made["reference"], 30_000, date(2026, 4, 20))
    assert record(world, made["integration_id"], item) == "recorded"
    assert status(world, agreement) == "active"


def test_a_break_takes_the_charges_back(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    made = charge(world, parts(world, agreement)[0]["id"])
    world.rpc("operator", "cancel_agreement", agreement_id=agreement, reason="desistiu")
    [row] = world.rows("select * from public.charges where id = %s", made["id"])
    assert (row["is_wanted"], row["cancel_reason"]) == (False, "agreement_cancelled")
    task = world.rows("select * from private.claim_charges(10, 60)")
    assert [(one["charge_id"], one["action"]) for one in task] == [(made["id"], "cancel")]


def test_two_installments_may_be_late_where_the_policy_says_two(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    world.rpc(
        "admin",
        "save_agreement_policy",
        policy={"max_overdue_installments": 2},
        applies_to="existing",
    )
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    live(world, 60)  # 8 May: the second is 28 days late, the third not yet due
    assert status(world, agreement) == "broken_provisionally"
    live(world, 20)
    assert status(world, agreement) == "broken"


def test_one_agreement_that_fails_does_not_stop_the_others(world: World) -> None:
    world.policy()
    agreements = []
    for _ in range(3):
        client = world.new_client()
        world.debt(90_000, client=client)
        agreements.append(agree(world, client_id=client, first_due_date=date(2026, 3, 10)))
    # A status nobody may leave: the database's own guard refuses this one.
    world.run(
        "alter table public.agreements add constraint broken_on_purpose"
        " check (id <> {} or status <> 'lapsed')".format(f"'{agreements[1]}'")
    )
    live(world, 12)
    assert [status(world, one) for one in agreements] == [
        "lapsed",
        "awaiting_first_payment",
        "lapsed",
    ]
    [run] = world.rows("select * from public.job_runs order by id desc limit 1")
    assert run["failures"] == 1
    assert run["result"]["failures"][0]["agreement_id"] == str(agreements[1])
    assert (
        world.one(
            "select count(*) from public.notifications where kind = 'job_failed' and user_id = %s",
            world.people["admin"],
        )
        >= 1
    )
