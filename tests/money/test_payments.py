"""Money that comes in: early, late, short, too much, twice, for nobody, after the end, and back."""

import uuid
from datetime import date, timedelta

import psycopg
import pytest

from tests.money.deals import (
    Answer,
    agree,
    connect_provider,
    ledger_differences,
    owed,
    paid_item,
    parts,
    propose,
    record,
    settle,
    status,
)
from tests.money.paying import Deal, change_policy
from tests.money.world import World


@pytest.fixture
def deal(world: World) -> Deal:
    return Deal(world)


def test_a_payment_pays_the_installment_its_charge_belongs_to(deal: Deal) -> None:
    assert deal.paid(2, 30_000) == "recorded"
    assert [part["status"] for part in deal.parts()] == ["open", "paid", "open"]


def test_a_payment_told_again_credits_nothing_twice(deal: Deal) -> None:
    assert [deal.paid(1, 30_000) for _ in range(3)] == ["recorded", "repeated", "repeated"]
    assert deal.world.one("select count(*) from public.payments") == 1
    assert deal.world.one("select sum(paid_cents) from public.installments") == 30_000
    assert deal.world.one("select abated_cents from public.debts") == 30_000


def test_a_payment_credits_only_the_debts_of_its_own_creditor(deal: Deal) -> None:
    other = deal.world.debt(90_000, creditor=deal.world.new_creditor("Outro"))
    deal.paid(1, 30_000)
    assert deal.world.one("select abated_cents from public.debts where id = %s", other) == 0


def test_one_real_does_not_settle_an_installment_of_120(world: World) -> None:
    world.debt(12_000)
    agreement = agree(world)
    settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 100)
    [part] = parts(world, agreement)
    assert (part["status"], part["paid_cents"]) == ("open", 100)
    assert status(world, agreement) == "awaiting_first_payment"


def test_a_partial_payment_leaves_the_rest_open_and_a_second_completes_it(deal: Deal) -> None:
    deal.paid(1, 10_000)
    assert next((p["status"], p["paid_cents"]) for p in deal.parts()) == ("open", 10_000)
    deal.paid(1, 20_000, deal.world.today + timedelta(1))
    assert deal.parts()[0]["status"] == "paid"
    assert deal.cases() == []


@pytest.mark.parametrize(("missing", "status_after"), [(100, "paid"), (101, "open")])
def test_a_trifle_within_the_tolerance_settles_and_is_recorded(
    deal: Deal, missing: int, status_after: str
) -> None:
    """R$ 1.00, or 0.5 % of 300.00 = 1.50: the smaller counts."""
    deal.paid(1, 30_000 - missing)
    first = deal.parts()[0]
    assert first["status"] == status_after
    assert first["adjustment_cents"] == (missing if status_after == "paid" else 0)


def test_more_than_the_installment_goes_to_the_next(deal: Deal) -> None:
    deal.paid(1, 45_000)
    assert [part["paid_cents"] for part in deal.parts()] == [30_000, 15_000, 0]


def test_more_than_the_installment_goes_where_the_policy_says(deal: Deal) -> None:
    for mode, paid in (
        ("last", [30_000, 0, 15_000]),
        ("spread", [30_000, 7_500, 7_500]),
        ("credit", [30_000, 0, 0]),
    ):
        with deal.world.connection.transaction(force_rollback=True):
            change_policy(deal, surplus_mode=mode)
            deal.paid(1, 45_000)
            assert [part["paid_cents"] for part in deal.parts()] == paid
            assert [case["kind"] for case in deal.cases()] == (
                ["overpayment"] if mode == "credit" else []
            )


def test_more_than_everything_is_a_refund_with_a_clock(deal: Deal) -> None:
    deal.paid(1, 95_000)
    assert deal.status == "settled"
    [case] = deal.cases()
    assert (case["kind"], case["amount_cents"]) == ("overpayment", 5_000)
    assert case["due_on"] == deal.world.today + timedelta(10)
    deal.resolve("return")
    assert deal.cases() == []
    deal.world.run(
        "select private.rebuild_ledger(%s, %s, %s)",
        deal.world.tenant,
        deal.world.client,
        deal.world.today,
    )
    assert deal.cases() == []  # what was decided is not asked again


def test_paying_late_what_was_scheduled_settles_it_and_the_difference_stays_visible(
    deal: Deal,
) -> None:
    deal.world.set_today(date(2026, 3, 13))
    deal.paid(1, 30_000)
    first = deal.parts()[0]
    assert (first["status"], first["late_cents"]) == ("paid", 0)
    [row] = deal.world.rows(
        "select before_cents, after_cents from private.living_allocations"
        " where installment_id = %s",
        first["id"],
    )
    assert row == {"before_cents": 30_630, "after_cents": 630}  # fine 6.00, interest 0.30


def test_late_charges_that_were_paid_are_no_surplus(deal: Deal) -> None:
    deal.world.set_today(date(2026, 3, 13))
    deal.paid(1, 30_630)
    assert [(p["paid_cents"], p["late_cents"]) for p in deal.parts()] == [
        (30_000, 630),
        (0, 0),
        (0, 0),
    ]


def test_where_lateness_is_charged_the_schedule_alone_does_not_settle(deal: Deal) -> None:
    change_policy(deal, is_late_charged=True)
    deal.world.set_today(date(2026, 3, 13))
    deal.paid(1, 30_000)
    first = deal.parts()[0]
    assert (first["status"], first["paid_cents"], first["late_cents"]) == ("open", 29_370, 630)
    deal.paid(1, 630)
    assert deal.parts()[0]["status"] == "paid"


def test_an_early_payment_is_early_and_nothing_else(deal: Deal) -> None:
    deal.paid(3, 30_000)
    assert [part["status"] for part in deal.parts()] == ["open", "open", "paid"]
    assert deal.status == "active"


def test_a_second_full_payment_waits_for_a_person(deal: Deal) -> None:
    deal.paid(1, 30_000)
    assert deal.paid(1, 30_000, deal.world.today + timedelta(1)) == "recorded"
    [case] = deal.cases()
    assert (case["kind"], case["amount_cents"]) == ("duplicate", 30_000)
    assert deal.world.one("select sum(paid_cents) from public.installments") == 30_000
    deal.resolve("advance")
    assert [part["status"] for part in deal.parts()] == ["paid", "paid", "open"]


def test_a_charge_that_a_day_s_list_names_twice_was_paid_twice(deal: Deal) -> None:
    told = [deal.paid(1, 30_000, copy=copy) for copy in (1, 2, 1, 2)]
    assert told == ["recorded", "recorded", "repeated", "repeated"]
    # Whoever asks for the charge alone is told of one.
    assert deal.paid(1, 30_000) == "repeated"
    [case] = deal.cases()
    assert (case["kind"], case["amount_cents"]) == ("duplicate", 30_000)
    assert deal.world.one("select sum(amount_cents) from public.payments") == 60_000
    assert deal.world.one("select sum(paid_cents) from public.installments") == 30_000


def test_a_duplicate_that_is_sent_back_pays_nothing(deal: Deal) -> None:
    deal.paid(1, 30_000)
    deal.paid(1, 30_000, deal.world.today + timedelta(1))
    deal.resolve("return")
    assert deal.world.one("select sum(paid_cents) from public.installments") == 30_000
    assert deal.world.one("select abated_cents from public.debts") == 30_000


def test_nobodys_money_waits_until_somebody_knows_whose_it_is(deal: Deal) -> None:
    item = paid_item("not-one-of-ours", 30_000, deal.world.today)
    assert record(deal.world, deal.integration, item) == "orphan"
    [case] = deal.cases()
    assert (case["kind"], case["client_id"]) == ("orphan", None)
    deal.resolve("assign", installment_id=str(deal.parts()[1]["id"]))
    assert [part["status"] for part in deal.parts()] == ["open", "paid", "open"]
    assert record(deal.world, deal.integration, item) == "repeated"


def test_a_reversal_undoes_what_the_payment_did(deal: Deal) -> None:
    before = owed(deal.world)
    deal.paid(1, 30_000)
    payment = deal.world.one("select id from public.payments")
    assert deal.status == "active"
    call = {"payment_id": payment, "reason": "MED: devolvido pelo banco"}
    assert deal.world.refused("operator", "reverse_payment", **call) == "not_allowed"
    deal.world.rpc("supervisor", "reverse_payment", **call)
    assert deal.status == "awaiting_first_payment"
    assert owed(deal.world) == before
    assert deal.world.refused("supervisor", "reverse_payment", **call) == "payment_reversed"
    assert deal.world.one("select count(*) from public.payments") == 1  # the fact stays
    assert ledger_differences(deal.world) == []


def test_a_reversal_reopens_what_was_settled(deal: Deal) -> None:
    for number in (1, 2, 3):
        deal.paid(number, 30_000)
    assert deal.status == "settled"
    payment = deal.world.one(
        "select id from public.payments where charge_id = %s", deal.charges[2]["id"]
    )
    deal.world.rpc("supervisor", "reverse_payment", payment_id=payment, reason="chargeback")
    assert deal.status == "active"
    assert deal.world.one("select status from public.debts") == "in_agreement"
    assert deal.world.one("select principal_cents - abated_cents from public.debts") == 30_000


def test_a_reversal_makes_the_duplicate_the_payment(deal: Deal) -> None:
    deal.paid(1, 30_000)
    first = deal.world.one("select id from public.payments")
    deal.paid(1, 30_000, deal.world.today + timedelta(1))
    assert [case["kind"] for case in deal.cases()] == ["duplicate"]
    deal.world.rpc("supervisor", "reverse_payment", payment_id=first, reason="MED")
    assert deal.cases() == []
    assert deal.parts()[0]["status"] == "paid"


@pytest.mark.parametrize(
    ("item", "outcome"),
    [
        ({"status_text": "Em Aberto"}, "contradiction"),
        ({"status_text": "", "status_code": "801"}, "contradiction"),
        ({"paid_on": None}, "contradiction"),
        ({"paid_cents": 0}, "contradiction"),
        ({"status_text": "Baixa"}, "contradiction"),
        ({"paid_on": "2026-03-20"}, "contradiction"),
        ({"status_text": "Em Ser", "paid_on": None, "paid_cents": None}, "open"),
        (
            {"status_text": "Aguardando registro", "paid_on": None, "paid_cents": None},
            "registering",
        ),
        ({"status_text": "Baixado", "paid_on": None, "paid_cents": None}, "cancelled"),
        ({"status_text": "LIQUIDAÇÃO"}, "recorded"),
        ({"status_text": "paga"}, "recorded"),
    ],
)
def test_paid_is_a_day_an_amount_and_words_together(deal: Deal, item: Answer, outcome: str) -> None:
    told = paid_item(deal.charges[0]["reference"], 30_000, deal.world.today) | item
    assert record(deal.world, deal.integration, told) == outcome
    paid = deal.world.one("select count(*) from public.payments")
    assert paid == (1 if outcome == "recorded" else 0)
    assert [case["kind"] for case in deal.cases()] == (
        ["contradiction"] if outcome == "contradiction" else []
    )


def test_a_code_means_paid_only_where_the_tenant_said_so(deal: Deal) -> None:
    deal.world.run(
        'update public.integrations set settings = settings || \'{"paid_codes": "800,801"}\''
    )
    told = paid_item(deal.charges[0]["reference"], 30_000, deal.world.today, status_text="")
    assert record(deal.world, deal.integration, told) == "recorded"


def test_a_contradiction_told_again_is_one_case_and_a_person_resolves_it(deal: Deal) -> None:
    for _ in range(3):
        deal.paid(1, 30_000, status_text="Em Aberto")
    deal.resolve("assign")
    assert deal.parts()[0]["status"] == "paid"
    assert deal.paid(1, 30_000, status_text="Em Aberto") == "contradiction"
    assert deal.cases() == []
    assert deal.paid(1, 30_000) == "repeated"


def test_a_callback_alone_moves_no_money(deal: Deal) -> None:
    """It makes us ask; the answer to our question is what counts."""
    key = deal.world.rpc(
        "admin",
        "save_integration",
        provider="negociarie",
        settings={"client_id": "7", "methods": "boleto,pix"},
        secrets={},
    )
    assert key["webhook_key"] is None
    deal.world.run(
        "insert into private.provider_events"
        " (provider, external_id, tenant_id, integration_id, kind, payload)"
        " values ('negociarie', 'e1', %s, %s, 'charge_changed', %s)",
        deal.world.tenant,
        deal.integration,
        psycopg.types.json.Jsonb({"charge": {"references": [deal.charges[0]["reference"]]}}),
    )
    event = deal.world.one("select id from private.provider_events")
    assert deal.world.one("select private.apply_charge_event(%s)", event) is None
    assert deal.world.one("select count(*) from public.payments") == 0
    [task] = deal.world.rows("select * from private.claim_charges(10, 60)")
    assert (task["charge_id"], task["action"]) == (deal.charges[0]["id"], "lookup")


def test_the_ledger_is_append_only(deal: Deal) -> None:
    deal.paid(1, 30_000)
    for table in ("payments", "payment_allocations", "payment_courses"):
        for statement in (
            f"delete from public.{table}",  # noqa: S608 - a constant of this test
            f"update public.{table} set created_at = now()",  # noqa: S608 - same
        ):
            # A payment that was booked is also held by what refers to it.
            with (
                pytest.raises(psycopg.Error, match=r"append_only|payment_courses_payment_fkey"),
                deal.world.connection.transaction(),
            ):
                deal.world.run(statement)


def test_the_nightly_check_finds_a_cent_that_was_moved(deal: Deal) -> None:
    deal.paid(1, 30_000)
    check = "select private.check_ledger(%s, %s)"
    assert deal.world.one(check, deal.world.tenant, deal.world.today) == []
    deal.world.run("update public.debts set abated_cents = abated_cents + 1")
    deal.world.run("update public.installments set paid_cents = paid_cents - 1 where number = 1")
    [found] = deal.world.one(check, deal.world.tenant, deal.world.today)
    assert {difference["code"] for difference in found["differences"]} == {
        "debt_differs",
        "installment_differs",
    }
    [run] = deal.world.rows("select * from public.job_runs order by id desc limit 1")
    assert (run["job"], run["failures"]) == ("check_ledger", 1)


def test_a_pending_agreement_takes_no_money(world: World) -> None:
    world.debt(90_000)
    answer = propose(world, discounts={"principal": 10})
    [part] = parts(world, uuid.UUID(answer["agreement_id"]))
    refusal = world.refused(
        "supervisor",
        "settle_manually",
        settlement={
            "id": str(uuid.uuid4()),
            "client_id": str(world.client),
            "installment_id": str(part["id"]),
            "amount_cents": 100,
            "paid_on": world.today.isoformat(),
            "evidence": "recibo",
        },
    )
    assert refusal == "agreement_not_living"


def test_connecting_twice_keeps_the_account(world: World) -> None:
    assert connect_provider(world) == connect_provider(world)


def test_every_kind_of_waiting_money_is_told_once_to_those_who_decide(deal: Deal) -> None:
    deal.paid(3, 30_000, status_text="Em Aberto")
    deal.paid(1, 30_000)
    deal.paid(1, 30_001)
    deal.paid(2, 30_000)
    deal.paid(3, 45_000)
    record(deal.world, deal.integration, paid_item("nobody's", 3_000, deal.world.today))
    told = deal.world.rows(
        "select kind, count(*) as times from public.notifications"
        " where user_id = %s and kind like 'payment%%' group by kind",
        deal.world.people["supervisor"],
    )
    kinds = {row["kind"] for row in deal.world.rows("select kind from public.payment_cases")}
    assert kinds == {"contradiction", "duplicate", "overpayment", "orphan"}
    assert {row["kind"]: row["times"] for row in told} == {f"payment_{kind}": 1 for kind in kinds}
