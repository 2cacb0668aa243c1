"""The life of an agreement, driven by the clock: late, broken, lapsed, settled, back to life."""

import uuid
from datetime import date, timedelta

import psycopg
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
    propose,
    record,
    settle,
    simulate,
    status,
)
from tests.money.world import MONDAY, World

STATUSES = [
    "draft",
    "pending_approval",
    "rejected",
    "expired",
    "awaiting_first_payment",
    "active",
    "overdue",
    "broken_provisionally",
    "broken",
    "settled",
    "cancelled",
    "replaced",
    "lapsed",
]
LEGAL = {
    "draft": {"pending_approval", "awaiting_first_payment"},
    "pending_approval": {"awaiting_first_payment", "rejected", "expired", "cancelled"},
    "awaiting_first_payment": {
        "active",
        "overdue",
        "broken_provisionally",
        "settled",
        "lapsed",
        "broken",
        "cancelled",
        "replaced",
    },
    "active": {
        "awaiting_first_payment",
        "overdue",
        "broken_provisionally",
        "broken",
        "settled",
        "cancelled",
        "replaced",
    },
    "overdue": {
        "awaiting_first_payment",
        "active",
        "broken_provisionally",
        "broken",
        "settled",
        "cancelled",
        "replaced",
    },
    "broken_provisionally": {
        "awaiting_first_payment",
        "active",
        "overdue",
        "broken",
        "settled",
        "cancelled",
        "replaced",
    },
    "broken": {"awaiting_first_payment"},
    "lapsed": {"awaiting_first_payment"},
    "cancelled": {"awaiting_first_payment"},
    "settled": {"awaiting_first_payment", "active", "overdue", "broken_provisionally"},
}


@pytest.fixture
def deal(world: World) -> tuple[World, uuid.UUID]:
    """R$ 900.00 in three monthly installments, the first due on Tuesday, 10 March."""
    world.policy()
    world.debt(90_000)
    return world, agree(world, installments=3, first_due_date=date(2026, 3, 10))


@pytest.mark.parametrize("before", STATUSES)
def test_every_transition_is_legal_or_refused_by_name(
    deal: tuple[World, uuid.UUID], before: str
) -> None:
    world, agreement = deal
    world.change("agreements", {"id": agreement}, status=before, decision_reason="because")
    if before in {"broken", "cancelled", "lapsed", "settled"}:
        world.run("update public.agreement_debts set is_live = false")
        world.run("update public.debts set status = 'open'")
    move = "select private.transition_agreement(%s, %s, 'because', %s)"
    for after in STATUSES:
        with world.connection.transaction(force_rollback=True):
            if after not in LEGAL.get(before, set()):
                with (
                    pytest.raises(psycopg.Error, match="transition_illegal"),
                    world.connection.transaction(),
                ):
                    world.run(move, agreement, after, world.today)
                assert status(world, agreement) == before
                continue
            world.run(move, agreement, after, world.today)
            assert status(world, agreement) == after
            [event] = world.rows(
                "select from_status, to_status, reason from public.agreement_events"
                " order by id desc limit 1"
            )
            assert event == {"from_status": before, "to_status": after, "reason": "because"}


def test_the_first_payment_makes_it_active(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    assert status(world, agreement) == "active"


def test_a_year_in_seconds(world: World) -> None:
    """Twelve installments, each paid on its day; every day the clock strikes."""
    world.policy()
    world.debt(120_000)
    agreement = agree(world, installments=12, first_due_date=date(2026, 3, 31))
    seen = set()
    by_day = {part["effective_due_on"]: part for part in parts(world, agreement)}
    while world.today < date(2027, 3, 5):
        if world.today in by_day:
            settle(world, {"installment_id": by_day[world.today]["id"]}, 10_000)
        live(world, 1)
        seen.add(status(world, agreement))
    assert seen == {"awaiting_first_payment", "active", "settled"}
    assert world.one("select status from public.debts") == "settled"
    assert ledger_differences(world) == []


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


def test_renegotiation_starts_from_what_was_really_paid(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    offer = simulate(world, "supervisor", installments=2, replaces_agreement_id=agreement)
    assert offer["original_cents"] == 60_000
    new = agree(world, "supervisor", installments=2, replaces_agreement_id=agreement)
    assert status(world, agreement) == "replaced"
    [row] = world.rows("select * from public.agreements where id = %s", new)
    assert (row["replaces_id"], row["generation"]) == (agreement, 1)
    assert world.one("select status from public.debts") == "in_agreement"


def test_renegotiation_after_a_break_keeps_the_lineage(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    live(world, 60)
    offer = simulate(world)
    assert {r["code"] for r in offer["approval_reasons"]} == {
        "renegotiation_above_limit",
        "client_broke_before",
    }
    new = agree(world, "supervisor")
    [row] = world.rows("select * from public.agreements where id = %s", new)
    assert (row["replaces_id"], row["generation"]) == (agreement, 1)
    assert row["original_cents"] == owed(world)


def test_an_old_charge_paid_after_renegotiation_pays_the_new_agreement(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    made = charge(world, parts(world, agreement)[0]["id"])
    new = agree(world, "supervisor", installments=2, replaces_agreement_id=agreement)
    item = paid_item(made["reference"], 30_000, world.today)
    assert record(world, made["integration_id"], item) == "recorded"
    assert parts(world, new)[0]["paid_cents"] == 30_000
    assert parts(world, agreement)[0]["paid_cents"] == 0
    assert status(world, new) == "awaiting_first_payment"  # 300.00 of 450.00


def test_cancelling_wants_a_reason_and_after_a_payment_a_supervisor(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    call = {"agreement_id": agreement}
    assert world.refused("operator", "cancel_agreement", **call, reason=" ") == "reason_missing"
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    assert world.refused("operator", "cancel_agreement", **call, reason="x") == "not_allowed"
    world.rpc("supervisor", "cancel_agreement", **call, reason="pediu por escrito")
    assert status(world, agreement) == "cancelled"
    assert world.one("select principal_cents - abated_cents from public.debts") == 60_000


def test_reactivation_wants_a_day_when_something_is_overdue(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    live(world, 60)
    call = {"agreement_id": agreement, "reason": "pagará no dia 20"}
    assert world.refused("operator", "reactivate_agreement", **call) == "not_allowed"
    assert world.refused("supervisor", "reactivate_agreement", **call) == "first_due_missing"
    answer = world.rpc("supervisor", "reactivate_agreement", **call, first_due_on=date(2026, 5, 20))
    assert answer["status"] == "active"
    assert [part["due_on"] for part in parts(world, agreement)] == [
        date(2026, 3, 10),
        date(2026, 5, 20),
        date(2026, 6, 20),
    ]
    assert world.one("select status from public.debts") == "in_agreement"


def test_what_was_never_approved_is_not_reactivated(world: World) -> None:
    world.debt(90_000)
    answer = propose(world, discounts={"principal": 10})
    world.rpc(
        "operator", "cancel_agreement", agreement_id=answer["agreement_id"], reason="desistiu"
    )
    refusal = world.refused(
        "admin", "reactivate_agreement", agreement_id=answer["agreement_id"], reason="voltou"
    )
    assert refusal == "transition_illegal"


def test_an_agreement_is_not_revived_over_another_one(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    world.rpc("operator", "cancel_agreement", agreement_id=agreement, reason="outro plano")
    agree(world, installments=2)
    refusal = world.refused(
        "supervisor", "reactivate_agreement", agreement_id=agreement, reason="voltou"
    )
    assert refusal == "debt_in_agreement"


def test_a_shorter_deadline_asks_for_whom_it_counts(deal: tuple[World, uuid.UUID]) -> None:
    world, agreement = deal
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    world.set_today(date(2026, 4, 20))
    policy = {"definitive_after_days": 5, "compensation_days": 0}
    assert world.refused("admin", "save_agreement_policy", policy=policy) == "policy_scope_missing"
    preview = world.rpc("admin", "preview_agreement_policy", policy=policy)
    assert (preview["living"], preview["would_break"]) == (1, 1)
    world.rpc("admin", "save_agreement_policy", policy=policy, applies_to="new")
    assert "broken" not in age(world, world.today)
    world.rpc("admin", "save_agreement_policy", policy=policy, applies_to="existing")
    assert age(world, world.today)["broken"] == preview["would_break"]


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


def test_titles_may_stay_with_the_dialer_until_the_first_payment(world: World) -> None:
    world.rpc("admin", "save_agreement_policy", policy={"is_locking_at_once": False})
    world.debt(90_000)
    agreement = agree(world, installments=3)
    assert world.one("select status from public.debts") == "open"
    assert world.one("select is_live from public.agreement_debts")
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    assert world.one("select status from public.debts") == "in_agreement"


def test_the_clock_struck_twice_changes_nothing(deal: tuple[World, uuid.UUID]) -> None:
    world, _ = deal
    age(world, date(2026, 3, 12))
    count = world.one("select count(*) from public.agreement_events")
    assert age(world, date(2026, 3, 12)) == {"unchanged": 1}
    assert world.one("select count(*) from public.agreement_events") == count


def test_history_is_never_rewritten(deal: tuple[World, uuid.UUID]) -> None:
    world, _ = deal
    for statement in (
        "update public.agreement_events set reason = 'other'",
        "delete from public.agreement_events",
    ):
        with pytest.raises(psycopg.Error, match="append_only"), world.connection.transaction():
            world.run(statement)


def test_an_agreement_is_not_revived_over_titles_another_one_settled(
    deal: tuple[World, uuid.UUID],
) -> None:
    world, agreement = deal
    world.rpc("operator", "cancel_agreement", agreement_id=agreement, reason="outro plano")
    [part] = parts(world, agree(world, discounts={"target_total_cents": 90_000}))
    settle(world, {"installment_id": part["id"]}, 90_000)
    refusal = world.refused(
        "supervisor", "reactivate_agreement", agreement_id=agreement, reason="voltou"
    )
    assert refusal == "debt_closed"


def test_a_dispute_during_an_unlocked_agreement_does_not_stop_its_money(world: World) -> None:
    world.rpc("admin", "save_agreement_policy", policy={"is_locking_at_once": False})
    debt = world.debt(90_000)
    agreement = agree(world, installments=3)
    world.rpc("operator", "hold_debts", debt_ids=[debt], reason="diz que pagou")
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 30_000)
    assert status(world, agreement) == "active"
    assert world.one("select status from public.debts") == "on_hold"


def test_a_title_does_not_prescribe_while_its_agreement_runs(world: World) -> None:
    world.rpc("admin", "save_agreement_policy", policy={"is_locking_at_once": False})
    world.debt(90_000, date(2021, 3, 9))
    agree(world, first_due_date=date(2026, 3, 20))
    world.run("select private.age_debts(%s, %s)", world.tenant, date(2026, 3, 11))
    assert world.one("select status from public.debts") == "open"
