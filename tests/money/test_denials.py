"""What a near-identical product let happen to money (lessons.md, its defects at the end), denied.

Those that stand elsewhere by their own name: R$ 1 and R$ 120 (test_payments), the boleto of a
cancelled installment (test_charges), the 31st (test_offer), the weekly interval and three of five
titles (test_proposal), the filter that reaches the query (test_pages).
"""

import uuid
from datetime import date, timedelta

import psycopg
import pytest

from tests.money.deals import age, agree, charge, paid_item, parts, record, settle, simulate, status
from tests.money.world import MONDAY, World


def test_told_again_or_swept_again_it_credits_nothing_twice_and_only_its_creditors_debts(
    world: World,
) -> None:
    mine = world.debt(30_000)
    other = world.debt(30_000, creditor=world.new_creditor("Banco Jatobá"))
    agreement = agree(world, debt_ids=[mine], installments=1)
    made = charge(world, parts(world, agreement)[0]["id"])
    item = paid_item(made["reference"], 30_000, world.today)
    for source in ("lookup", "sweep", "lookup", "sweep", "sweep"):
        record(world, made["integration_id"], item, source)
    assert world.one("select count(*) from public.payments") == 1
    paid = "select status, abated_cents from public.debts where id = %s"
    assert world.run(paid, mine).fetchone() == ("settled", 30_000)
    assert world.run(paid, other).fetchone() == ("open", 0)


def test_one_open_installment_does_not_abort_a_batch_that_completes_others(world: World) -> None:
    agreements = []
    for _ in range(3):
        world.client = world.new_client()
        world.debt(20_000)
        agreements.append(agree(world, installments=2, first_due_date=MONDAY + timedelta(days=1)))
    for agreement in (agreements[0], agreements[2]):
        for part in parts(world, agreement):
            settle(
                world, {"installment_id": part["id"]}, part["amount_cents"],
                client=part["client_id"],
            )  # fmt: skip
    age(world, MONDAY + timedelta(days=3))
    assert [status(world, one) for one in agreements] == [
        "settled", "awaiting_first_payment", "settled",
    ]  # fmt: skip


def test_a_job_that_fails_for_one_tenant_is_read_by_somebody(world: World) -> None:
    healthy = World(world.connection, "Sadia")
    world.debt(30_000)
    agree(world, installments=1)
    # A rule that holds for everybody and that this agency's data break.
    world.run(
        "create function pg_temp.fail() returns trigger language plpgsql as $$ begin"
        " raise exception 'broken'; end $$"
    )
    world.run(
        "create trigger _999_fail before update on public.agreements for each row"
        " execute function pg_temp.fail()"
    )
    world.set_today(MONDAY + timedelta(days=40))
    world.run("call private.run_money_jobs(false)")
    told = "select count(*) from public.notifications where tenant_id = %s and kind = 'job_failed'"
    assert world.one(told, world.tenant) >= 1
    assert world.one(told, healthy.tenant) == 0
    done = "select count(*) from public.job_runs where tenant_id = %s and failures = 0"
    assert world.one(done, healthy.tenant) >= 1


@pytest.mark.parametrize("hour", ["20:59", "21:00", "23:59"])
def test_today_is_the_tenants_day_also_after_21_h(world: World, hour: str) -> None:
    world.policy()
    world.debt(100_000, MONDAY)
    world.run(
        "update private.clock set shift ="
        " (%s::date + %s::time) at time zone 'America/Sao_Paulo' - clock_timestamp()",
        MONDAY, hour,
    )  # fmt: skip
    statement = world.rpc("operator", "debt_statement", client_id=world.client)
    assert statement["on_date"] == MONDAY.isoformat()
    assert statement["totals"]["total_cents"] == 100_000
    offer = simulate(world, installments=1)
    assert offer["base_on"] == MONDAY.isoformat()


@pytest.mark.parametrize(
    "statement",
    [
        "update public.agreements set status = 'active'",
        "update public.agreements set decided_by = auth.uid()",
        "update public.installments set status = 'paid'",
        "update public.installments set paid_cents = amount_cents",
        "update public.debts set status = 'settled'",
        "update public.debts set abated_cents = principal_cents",
        "update public.charges set status = 'paid'",
        "update public.manual_settlements set status = 'approved'",
        "delete from public.payment_cases",
        "insert into public.payments (tenant_id, client_id, payment_key, amount_cents, paid_on)"
        " select tenant_id, id, 'x', 1, current_date from public.clients",
    ],
)
def test_nobody_marks_anything_paid_through_the_rest_api(world: World, statement: str) -> None:
    world.debt(30_000)
    agree(world, installments=1)
    for who in ("operator", "supervisor", "admin"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), world.acting(who):
            world.run(statement)


def test_an_operator_neither_approves_nor_confirms_a_payment(world: World) -> None:
    world.debt(30_000)
    agreement = agree(world, installments=1)
    request = {
        "id": str(uuid.uuid4()), "client_id": str(world.client), "amount_cents": 30_000,
        "installment_id": str(parts(world, agreement)[0]["id"]), "evidence": "recibo",
        "paid_on": date.isoformat(world.today),
    }  # fmt: skip
    world.rpc("operator", "settle_manually", settlement=request)
    for who in ("operator", "colleague"):
        code = world.refused(
            who, "decide_settlement", settlement_id=request["id"], decision="approve"
        )
        assert code == "not_allowed"
    assert world.one("select count(*) from public.payments") == 0
