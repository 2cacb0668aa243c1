"""Money that comes in: early, late, short, too much, twice, for nobody, after the end, and back."""

import uuid
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from tests.money.deals import (
    Answer,
    agree,
    charge,
    connect_provider,
    ledger_differences,
    live,
    owed,
    paid_item,
    parts,
    propose,
    record,
    settle,
    status,
)
from tests.money.world import MONDAY, World


class Deal:
    """R$ 900.00 in three installments of 300.00 from 10 March on, a charge open for each."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.policy()
        self.debt = world.debt(90_000)
        self.agreement = agree(world, installments=3, first_due_date=date(2026, 3, 10))
        self.charges = [charge(world, part["id"]) for part in parts(world, self.agreement)]
        self.integration = self.charges[0]["integration_id"]

    def paid(self, number: int, cents: int, on: date | None = None, **more: Any) -> str:
        """The provider tells that charge `number` was paid."""
        item = paid_item(
            self.charges[number - 1]["reference"], cents, on or self.world.today, **more
        )
        return record(self.world, self.integration, item)

    def parts(self) -> list[Answer]:
        return parts(self.world, self.agreement)

    @property
    def status(self) -> str:
        return status(self.world, self.agreement)

    def cases(self) -> list[Answer]:
        return self.world.rows(
            "select * from public.payment_cases where resolved_at is null order by opened_at"
        )

    def resolve(self, resolution: str, **target: Any) -> Answer:
        [case] = self.cases()
        return self.world.rpc(  # type: ignore[no-any-return]  # JSON
            "supervisor",
            "resolve_payment_case",
            case_id=case["id"],
            resolution=resolution,
            reason="combinado por telefone",
            target=target,
        )


@pytest.fixture
def deal(world: World) -> Deal:
    return Deal(world)


def change_policy(deal: Deal, **fields: Any) -> None:
    deal.world.rpc("admin", "save_agreement_policy", policy=fields, applies_to="existing")


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


@pytest.fixture
def broken(deal: Deal) -> Deal:
    """The first was paid on its day, then nothing for two months."""
    deal.paid(1, 30_000, MONDAY)
    deal.world.run("delete from public.charges where false")
    live(deal.world, 60)
    for (day,) in deal.world.run("select day from private.reconciliation_days(1)").fetchall():
        deal.world.run(
            "select private.finish_reconciliation( private.begin_reconciliation(%s, %s), 0, 0, 0)",
            deal.integration,
            day,
        )
    live(deal.world, 1)
    assert deal.status == "broken"
    return deal


def test_money_after_the_break_is_kept_and_put_before_a_person(broken: Deal) -> None:
    before = owed(broken.world)
    assert broken.paid(2, 30_000) == "recorded"
    [case] = broken.cases()
    assert case["kind"] == "paid_after_break"
    assert owed(broken.world) == before
    assert broken.status == "broken"
    told = broken.world.rows(
        "select distinct user_id from public.notifications where kind = 'payment_paid_after_break'"
    )
    assert {row["user_id"] for row in told} == {
        broken.world.people[name] for name in ("admin", "supervisor", "operator")
    }


def test_an_operator_does_not_decide_about_it(broken: Deal) -> None:
    broken.paid(2, 30_000)
    [case] = broken.cases()
    refusal = broken.world.refused(
        "operator", "resolve_payment_case", case_id=case["id"], resolution="abate", reason="x"
    )
    assert refusal == "not_allowed"


def test_first_button_the_agreement_comes_back(broken: Deal) -> None:
    broken.paid(2, 30_000)
    broken.resolve("reactivate", first_due_on="2026-05-20")
    assert broken.status == "active"
    assert [part["status"] for part in broken.parts()] == ["paid", "paid", "open"]
    assert broken.world.one("select status from public.debts") == "in_agreement"


def test_second_button_the_titles_are_abated(broken: Deal) -> None:
    before = owed(broken.world)
    broken.paid(2, 30_000)
    broken.resolve("abate")
    assert owed(broken.world) == before - 30_000
    assert broken.status == "broken"


def test_third_button_it_goes_back(broken: Deal) -> None:
    before = owed(broken.world)
    broken.paid(2, 30_000)
    broken.resolve("return")
    assert owed(broken.world) == before
    assert broken.cases() == []


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


# By hand.


def request(deal: Deal, **fields: Any) -> Answer:
    return {
        "id": str(uuid.uuid4()),
        "client_id": str(deal.world.client),
        "installment_id": str(deal.parts()[0]["id"]),
        "amount_cents": 30_000,
        "paid_on": deal.world.today.isoformat(),
        "evidence": "recibo 12",
    } | fields


def test_a_settlement_by_hand_needs_evidence(deal: Deal) -> None:
    refusal = deal.world.refused(
        "supervisor", "settle_manually", settlement=request(deal, evidence="  ")
    )
    assert refusal == "evidence_missing"


def test_a_settlement_by_hand_needs_a_second_person(deal: Deal) -> None:
    wanted = request(deal)
    answer = deal.world.rpc("supervisor", "settle_manually", settlement=wanted)
    assert answer["status"] == "pending"
    assert deal.parts()[0]["status"] == "open"
    call = {"settlement_id": wanted["id"], "decision": "approve"}
    assert deal.world.refused("operator", "decide_settlement", **call) == "not_allowed"
    assert deal.world.refused("supervisor", "decide_settlement", **call) == "approval_by_author"
    assert deal.world.rpc("admin", "decide_settlement", **call)["status"] == "approved"
    assert deal.parts()[0]["status"] == "paid"


def test_up_to_the_limit_a_supervisor_settles_alone_and_an_operator_never(deal: Deal) -> None:
    change_policy(deal, manual_limit_cents=30_000)
    asked = deal.world.rpc("operator", "settle_manually", settlement=request(deal))
    assert asked["status"] == "pending"
    deal.world.rpc(
        "supervisor",
        "decide_settlement",
        settlement_id=asked["settlement_id"],
        decision="reject",
        reason="recibo ilegível",
    )
    done = deal.world.rpc("supervisor", "settle_manually", settlement=request(deal))
    assert done["status"] == "approved"
    over = request(deal, installment_id=str(deal.parts()[1]["id"]), amount_cents=30_001)
    assert deal.world.rpc("supervisor", "settle_manually", settlement=over)["status"] == "pending"


def test_a_double_click_and_a_second_person_are_one_settlement(deal: Deal) -> None:
    wanted = request(deal)
    first = deal.world.rpc("operator", "settle_manually", settlement=wanted)
    assert deal.world.rpc("operator", "settle_manually", settlement=wanted) == first
    refusal = deal.world.refused("colleague", "settle_manually", settlement=wanted)
    assert refusal == "settlement_id_reused"
    refusal = deal.world.refused("colleague", "settle_manually", settlement=request(deal))
    assert refusal == "settlement_pending"
    deal.paid(1, 30_000)
    refusal = deal.world.refused(
        "supervisor", "decide_settlement", settlement_id=wanted["id"], decision="approve"
    )
    assert refusal == "installment_not_open"
    assert deal.world.one("select sum(paid_cents) from public.installments") == 30_000


@pytest.mark.parametrize(
    "fields",
    [
        {"amount_cents": 0},
        {"amount_cents": "x"},
        {"paid_on": "2026-03-10"},
        {"paid_on": None},
        {"installment_id": None},
        {"debt_ids": []},
        {"id": None},
    ],
)
def test_a_senseless_settlement_is_refused(deal: Deal, fields: Answer) -> None:
    wanted = request(deal) | fields
    refusal = deal.world.refused("operator", "settle_manually", settlement=wanted)
    assert refusal == "settlement_invalid"


def test_a_debt_without_agreement_is_settled_by_hand_directly(world: World) -> None:
    world.policy()
    debt = world.debt(10_000, date(2026, 2, 9))
    before = owed(world)
    settle(world, {"debt_ids": [debt]}, 5_000)
    assert owed(world) == before - 5_000
    [row] = world.rows("select * from private.living_allocations")
    # Fine and interest first, then principal (Civil Code 354).
    assert (row["fine_cents"], row["interest_cents"]) == (200, 93)
    assert (row["principal_cents"], row["before_cents"]) == (4_707, before)


def test_the_oldest_title_is_abated_first_whatever_its_id(world: World) -> None:
    debts = sorted(world.debt(10_000) for _ in range(4))
    for age, debt in enumerate(debts):  # the greatest id is the oldest
        world.change("debts", {"id": debt}, due_on=date(2026, 3, 9) + timedelta(10 - age))
    settle(world, {"debt_ids": debts}, 15_000)
    abated = dict(world.run("select id, abated_cents from public.debts").fetchall())
    assert [abated[debt] for debt in reversed(debts)] == [10_000, 5_000, 0, 0]


def test_what_was_booked_is_not_booked_again_by_a_later_payment(world: World) -> None:
    """Nor by an index month published since: it would move cents that were receipted."""
    world.policy(index_name="ipca")
    factor = {"tenant_id": world.tenant, "index_name": "ipca", "revision": 1}
    world.insert("index_factors", factor | {"month": date(2025, 12, 1), "percent": 1})
    debt = world.debt(100_000, date(2026, 1, 12))
    settle(world, {"debt_ids": [debt]}, 20_000)
    first = world.rows("select * from private.living_allocations")
    world.insert("index_factors", factor | {"month": date(2026, 2, 1), "percent": 5})
    world.set_today(date(2026, 3, 20))
    settle(world, {"debt_ids": [debt]}, 10_000)
    assert world.rows("select * from private.living_allocations order by id")[:1] == first
    assert (
        world.one("select count(*) from public.payment_allocations where reverses_id is not null")
        == 0
    )


def test_a_part_paid_in_grace_does_not_excuse_the_rest_from_its_days(world: World) -> None:
    world.policy(grace_days=5)
    debt = world.debt(100_000, date(2026, 3, 9))
    world.set_today(date(2026, 3, 12))
    settle(world, {"debt_ids": [debt]}, 40_000)
    assert owed(world) == 60_000
    # Ten days from the due date, not seven from the payment: fine 12.00, interest 2.00.
    assert owed(world, on=date(2026, 3, 19)) == 60_000 + 1200 + 200


def test_a_payment_that_turns_up_late_is_booked_on_its_own_day(world: World) -> None:
    """Money paid first counts first, and what came after it is booked anew."""
    world.policy()
    debt = world.debt(100_000, date(2026, 1, 12))
    settle(world, {"debt_ids": [debt]}, 30_000, date(2026, 3, 9))
    settle(world, {"debt_ids": [debt]}, 30_000, date(2026, 2, 9))
    rows = world.rows(
        "select paid_on, total_cents, after_cents from private.living_allocations order by paid_on"
    )
    assert [row["paid_on"] for row in rows] == [date(2026, 2, 9), date(2026, 3, 9)]
    # 1,000.00 + 20.00 + 9.33 of 28 days - 300.00, then 28 days of interest on that.
    assert rows[0]["after_cents"] == 72_933
    assert rows[1]["after_cents"] == 72_933 + 681 - 30_000


def test_a_debt_paid_in_full_by_hand_is_settled(world: World) -> None:
    debt = world.debt(10_000)
    settle(world, {"debt_ids": [debt]}, 10_000)
    assert world.one("select status from public.debts where id = %s", debt) == "settled"
    assert world.one("select open_debts from public.clients where id = %s", world.client) == 0


def test_a_title_in_an_agreement_or_closed_is_not_settled_beside_it(deal: Deal) -> None:
    wanted = request(deal) | {"installment_id": None, "debt_ids": [str(deal.debt)]}
    call = {"settlement": wanted}
    assert deal.world.refused("operator", "settle_manually", **call) == "debt_in_agreement"
    for number in (1, 2, 3):
        deal.paid(number, 30_000)
    assert deal.world.refused("operator", "settle_manually", **call) == "debt_closed"


def test_nothing_is_settled_in_another_agency(deal: Deal) -> None:
    other = World(deal.world.connection, "Outra")
    refusal = deal.world.refused(other.people["admin"], "settle_manually", settlement=request(deal))
    assert refusal == "client_not_found"


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
