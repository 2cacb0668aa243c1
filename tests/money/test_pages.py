"""What the screens ask: one call each, the tenant inside, totals from SQL."""

import uuid
from datetime import date, timedelta

import pytest
from psycopg.types.json import Jsonb

from tests.money.deals import (
    agree,
    charge,
    connect_provider,
    live,
    paid_item,
    parts,
    propose,
    record,
    settle,
)
from tests.money.world import World


@pytest.fixture
def busy(world: World) -> World:
    """Six clients, each with an agreement of R$ 300.00 in three; two paid their first."""
    world.policy()
    for n in range(6):
        world.client = world.new_client(f"Cliente {n}")
        world.debt(30_000)
        agreement = agree(world, installments=3, first_due_date=date(2026, 3, 10))
        if n < 2:
            settle(world, {"installment_id": parts(world, agreement)[0]["id"]}, 10_000)
    return world


def test_the_list_pages_without_gaps_and_counts_once(busy: World) -> None:
    first = busy.rpc("operator", "list_agreements", page_size=4)
    assert first["total"] == {
        "agreements": 6,
        "total_cents": 180_000,
        "paid_cents": 20_000,
        "open_cents": 160_000,
        "overdue_cents": 0,
    }
    second = busy.rpc("operator", "list_agreements", page_size=4, after=first["next"])
    assert (second["next"], second["total"]) == (None, None)
    names = [row["client"]["name"] for row in first["rows"] + second["rows"]]
    assert sorted(names) == [f"Cliente {n}" for n in range(6)]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({}, 6),
        ({"status": "active"}, 2),
        ({"status": ["active", "awaiting_first_payment"]}, 6),
        ({"status": "broken"}, 0),
        ({"q": "cliente 3"}, 1),
        ({"created_by": "me"}, 6),
        ({"created_from": "2026-03-09", "created_to": "2026-03-09"}, 6),
        ({"created_to": "2026-03-08"}, 0),
        ({"due_from": "2026-04-01"}, 2),
        ({"due_to": "2026-03-31"}, 4),
        ({"status": [], "q": ""}, 6),
    ],
)
def test_a_filter_shown_reaches_the_query(
    busy: World, filter_: dict[str, object], found: int
) -> None:
    answer = busy.rpc("operator", "list_agreements", filter=filter_)
    assert (len(answer["rows"]), answer["total"]["agreements"]) == (found, found)


@pytest.mark.parametrize(
    ("filter_", "code"),
    [
        ({"estado": "active"}, "unknown_filter"),
        ({"status": "quebrado"}, "filter_invalid"),
        ({"creditor_id": "x"}, "filter_invalid"),
        ({"due_to": "31/12"}, "filter_invalid"),
        ({"created_by": "x' or true --"}, "filter_invalid"),
    ],
)
def test_an_unknown_filter_is_an_error_and_not_the_whole_list(
    busy: World, filter_: dict[str, object], code: str
) -> None:
    assert busy.refused("operator", "list_agreements", filter=filter_) == code


def test_a_cursor_of_another_list_is_refused(busy: World) -> None:
    assert busy.refused("operator", "list_agreements", after="1|2|3") == "invalid_cursor"


def test_overdue_money_is_counted_by_the_day(busy: World) -> None:
    live(busy, 3)  # Thursday 12 March; four of six have missed Tuesday
    answer = busy.rpc("operator", "list_agreements")
    assert answer["total"]["overdue_cents"] == 40_000
    assert sum(row["overdue_installments"] for row in answer["rows"]) == 4


def test_the_inbox_shows_the_whole_calculation_soonest_to_expire_first(world: World) -> None:
    world.policy()
    for days in (2, 1):
        world.client = world.new_client()
        world.debt(100_000, date(2026, 1, 12))
        propose(world, discounts={"principal": 10}, first_due_date=world.today + timedelta(days))
    inbox = world.rpc("supervisor", "approval_inbox")
    assert inbox["count"] == 2
    until = [row["valid_until"] for row in inbox["rows"]]
    assert until == sorted(until)
    row = inbox["rows"][0]
    assert (row["may_approve"], row["is_mine"], row["is_expired"]) == (True, False, False)
    assert row["approval_reasons"][0]["component"] == "principal"
    assert row["statement"]["debts"][0]["lines"][1]["component"] == "fine"
    assert world.refused("operator", "approval_inbox") == "not_allowed"


def test_what_is_above_my_role_i_see_and_cannot_approve(world: World) -> None:
    world.debt(100_000)
    propose(world, discounts={"principal": 30})
    [row] = world.rpc("supervisor", "approval_inbox")["rows"]
    assert (row["may_approve"], row["approval_role"]) == (False, "admin")


def test_the_page_of_an_agreement_tells_everything(world: World) -> None:
    world.policy()
    debt = world.debt(90_000)
    agreement = agree(world, installments=3, first_due_date=date(2026, 3, 10))
    first = parts(world, agreement)[0]
    made = charge(world, first["id"])
    record(world, made["integration_id"], paid_item(made["reference"], 30_000, world.today))
    page = world.rpc("operator", "agreement_page", agreement_id=agreement)
    assert page["agreement"]["status"] == "active"
    assert page["agreement"]["paid_cents"] == 30_000
    assert page["schedule"][0]["charges"][0]["status"] == "paid"
    [payment] = page["payments"]
    books = {
        (row["installment_id"], row["debt_id"]): (row["before_cents"], row["after_cents"])
        for row in payment["allocations"]
    }
    assert books == {
        (str(first["id"]), None): (30_000, 0),
        (None, str(debt)): (90_000, 60_000),
    }
    kinds = [event["kind"] for event in reversed(page["history"])]
    assert kinds == ["transition", "charge_requested", "payment_received", "transition"] or (
        kinds.count("transition") == 2 and "payment_received" in kinds
    )
    assert page["history"][-1]["actor"] == "Operator"
    assert page["statement"]["totals"]["total_cents"] == 90_000


def test_the_queue_suggests_whose_money_it_may_be(world: World) -> None:
    world.debt(90_000)
    agreement = agree(world, installments=3)
    integration = connect_provider(world)
    record(world, integration, paid_item("unknown", 30_000, world.today))
    queue = world.rpc("operator", "payment_queue")
    assert queue["count"] == 1
    [case] = queue["cases"]
    assert case["resolutions"] == ["assign", "return"]
    assert [row["installment_id"] for row in case["suggestions"]] == [
        str(part["id"]) for part in parts(world, agreement)
    ]


def test_the_queue_shows_settlements_and_whose_they_are(world: World) -> None:
    world.debt(90_000)
    [part] = parts(world, agree(world))
    world.rpc(
        "operator",
        "settle_manually",
        settlement={
            "id": str(uuid.uuid4()),
            "client_id": str(world.client),
            "installment_id": str(part["id"]),
            "amount_cents": 90_000,
            "paid_on": world.today.isoformat(),
            "evidence": "recibo 7",
        },
    )
    for who, mine in (("operator", True), ("supervisor", False)):
        [request] = world.rpc(who, "payment_queue")["settlements"]
        assert (request["is_mine"], request["requested_by"]) == (mine, "Operator")


def test_the_panel_opens_with_one_call(world: World) -> None:
    world.policy()
    connect_provider(world)
    other = world.new_creditor("Outro Credor")
    debts = [world.debt(100_000, date(2026, 1, 12)), world.debt(50_000, creditor=other)]
    world.insert(
        "agreement_templates",
        {
            "tenant_id": world.tenant,
            "name": "5% à vista",
            "principal_percent": 5,
        },
    )
    context = world.rpc("operator", "negotiation_context", client_id=world.client)
    assert context["role"] == "operator"
    assert context["statement"]["totals"]["debts"] == 2
    by_creditor = {offer["creditor"]["name"]: offer for offer in context["offers"]}
    assert {name: offer["debt_ids"] for name, offer in by_creditor.items()} == {
        "Banco Ipê": [str(debts[0])],
        "Outro Credor": [str(debts[1])],
    }
    ours = by_creditor["Banco Ipê"]
    assert ours["limits"]["interest_percent"] == 50
    assert ours["templates"][0]["is_applicable"]
    assert ours["best"]["total_cents"] < 100_000
    assert context["methods"] == ["boleto", "pix"]
    assert context["payer"]["cep"] == "01001000"
    assert context["draft"] is None


def test_a_draft_is_kept_and_is_ones_own(world: World) -> None:
    insert = "insert into public.negotiation_drafts (client_id, content) values (%s, %s)"
    with world.acting("operator"):
        world.run(insert, world.client, Jsonb({"installments": 6}))
    draft = world.rpc("operator", "negotiation_context", client_id=world.client)["draft"]
    assert draft == {"installments": 6}
    colleague = world.rpc("colleague", "negotiation_context", client_id=world.client)["draft"]
    assert colleague is None
    with world.acting("colleague"):
        assert world.one("select count(*) from public.negotiation_drafts") == 0


def test_strangers_see_no_page(busy: World) -> None:
    agreement = busy.one("select id from public.agreements limit 1")
    admin = World(busy.connection, "Outra").people["admin"]
    assert busy.rpc(admin, "list_agreements")["rows"] == []
    assert busy.rpc(admin, "approval_inbox")["rows"] == []
    assert busy.rpc(admin, "payment_queue")["count"] == 0
    refusal = busy.refused(admin, "agreement_page", agreement_id=agreement)
    assert refusal == "agreement_not_found"
    refusal = busy.refused(admin, "negotiation_context", client_id=busy.client)
    assert refusal == "client_not_found"


def test_the_daily_jobs_do_every_tenant_and_one_that_fails_stops_nobody(world: World) -> None:
    other = World(world.connection, "Outra")
    debts = [home.debt(due=date(2021, 3, 1)) for home in (world, other)]
    world.run(
        "create function pg_temp.fail() returns trigger language plpgsql as"
        " $$ begin raise exception 'on purpose'; end $$"
    )
    world.run(
        "create trigger fail before update on public.debts for each row"
        f" when (new.tenant_id = '{world.tenant}') execute function pg_temp.fail()"
    )
    world.run("call private.run_money_jobs(false)")
    statuses = [world.one("select status from public.debts where id = %s", d) for d in debts]
    assert statuses == ["open", "prescribed"]
    [run] = world.rows(
        "select * from public.job_runs where tenant_id = %s and job = 'age_agreements'",
        world.tenant,
    )
    assert run["failures"] == 1
    assert run["result"]["failures"][0]["error"] == "on purpose"
    assert world.one("select private.run_ledger_checks()") == 0
    jobs = [
        row["job"]
        for row in world.rows(
            "select job from public.job_runs where tenant_id = %s order by id", other.tenant
        )
    ]
    assert jobs == ["age_agreements", "check_ledger"]


def test_what_a_sweep_had_no_time_for_is_asked_for_again_and_no_longer(world: World) -> None:
    account = connect_provider(world)
    for name in ("functions_url", "jobs_key"):
        world.run("select vault.create_secret('http://functions.test', %s)", name)
    asked = "select count(*) from net.http_request_queue where url like '%%/reconcile-payments'"
    days = [row["day"] for row in world.rows("select day from private.reconciliation_days(4)")]
    for day in days[:3]:
        world.run("select private.begin_reconciliation(%s, %s)", account, day)

    world.run("select private.continue_reconciliation()")
    assert world.one(asked) == 1
    left = world.rows("select day from private.reconciliation_days(4)")
    assert left[0]["day"] == days[3]

    world.run("select private.begin_reconciliation(%s, %s)", account, days[3])
    world.run("select private.continue_reconciliation()")
    assert world.one(asked) == 1


def test_a_sweep_is_asked_for_by_a_supervisor(world: World) -> None:
    assert world.refused("operator", "request_reconciliation") == "not_allowed"
    assert world.refused("supervisor", "request_reconciliation") == "provider_not_connected"
    connect_provider(world)
    world.rpc("supervisor", "request_reconciliation")


def test_an_installment_page_of_two_down_payments_numbers_both(world: World) -> None:
    world.debt(100_000)
    agreement = agree(
        world,
        installments=2,
        down_payments=[
            {"amount_cents": 10_000, "method": "pix"},
            {"amount_cents": 10_000},
        ],
    )
    schedule = world.rpc("operator", "agreement_page", agreement_id=agreement)["schedule"]
    assert [(row["number"], row["kind"], row["method"]) for row in schedule] == [
        (1, "down_payment", "pix"),
        (2, "down_payment", "boleto"),
        (3, "installment", "boleto"),
        (4, "installment", "boleto"),
    ]


def test_whoever_has_paid_leaves_every_queue_at_once(world: World) -> None:
    template = world.insert(
        "message_templates",
        {"tenant_id": world.tenant, "name": "lembrete", "provider_template_id": "x", "body": "Oi"},
    )
    rule = world.insert(
        "collection_rules",
        {
            "tenant_id": world.tenant,
            "name": "lembrar",
            "disposition_type": "voicemail",
            "is_enabled": True,
        },
    )
    world.run(
        "insert into public.rule_steps (tenant_id, rule_id, template_id) values (%s, %s, %s)",
        world.tenant,
        rule,
        template,
    )
    debt = world.debt(10_000)
    with world.acting("operator"):
        world.run(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'voicemail')",
            world.client,
        )
    world.run("select private.open_runs(array(select msg_id from pgmq.q_automations))")
    reason = "select status, reason from public.automation_runs where client_id = %s"
    assert world.rows(reason, world.client) == [{"status": "queued", "reason": None}]
    settle(world, {"debt_ids": [debt]}, 10_000)
    assert world.rows(reason, world.client) == [{"status": "skipped", "reason": "nothing_owed"}]
