"""A selection becomes a list of the dialer: everybody once, or left out with the reason."""

import uuid
from collections import Counter
from typing import Any

import pytest

from tests.dialing import HOST, Floor


def test_a_selection_becomes_one_list_with_our_identifier_and_its_weight(floor: Floor) -> None:
    people = {str(floor.person(n)) for n in range(3)}
    export = floor.export(weight=7, list_name="Faixa 61–90")
    floor.finish()
    held = floor.held()
    [made] = held["lists"]
    assert made["name"].startswith("Faixa 61–90")
    assert (made["weight"], made["campaign_id"]) == (7, 123)
    assert {item["identifier"] for item in held["contacts"]} == people
    assert {"Nome": "Pessoa 0", "Valor": "100,00"} in [item["data"] for item in held["contacts"]]
    # National, as the provider wants it.
    assert all(len(item["phone"]) == 11 for item in held["contacts"])
    shown = floor.shown(export)
    assert (shown["status"], shown["loaded"], shown["is_reported"]) == ("done", 3, True)
    assert shown["list_ids"] == [made["id"]]


def test_nobody_is_dialled_before_everything_is_loaded(floor: Floor) -> None:
    floor.crowd(600)
    floor.export()
    floor.misbehave("answer", "load", status=500, times=9)
    floor.job()
    assert [item["weight"] for item in floor.held()["lists"]] == [0]


def test_who_must_not_be_called_is_left_out_with_the_reason(floor: Floor) -> None:
    world = floor.world
    fine = floor.person(1)
    floor.person(2, cents=0)
    settled = floor.person(3)
    world.run("update public.debts set status = 'settled' where client_id = %s", settled)
    kept = floor.person(4)
    world.run("update public.debts set status = 'in_agreement' where client_id = %s", kept)
    floor.person(5, phones=[])
    silent = floor.person(6)
    world.insert(
        "suppressions", {"tenant_id": world.tenant, "client_id": silent, "reason": "pediu"}
    )
    wrong = floor.person(7)
    dispose(floor, wrong, "wrong_contact")
    floor.person(8, phones=["+14155550100"])
    export = floor.export()
    floor.finish()
    shown = floor.shown(export)
    assert shown["excluded"] == {
        "nothing_owed": 3, "no_phone": 1, "opted_out": 1, "wrong_contact": 1,
    }  # fmt: skip
    assert floor.fates(export)["excluded", "phone_foreign"] == 1
    assert floor.loaded() == Counter({(str(fine), "11980000001"): 1})


def test_outside_the_hours_of_a_state_its_people_are_left_out(floor: Floor) -> None:
    near, far = floor.person(1, uf="SP"), floor.person(2, uf="AC")
    area_only = floor.person(3, uf=None, phones=["+5568980000003"])
    # 9 in São Paulo is 7 in Acre.
    floor.world.run("update private.clock set shift = shift - interval '3 hours'")
    export = floor.export()
    floor.finish()
    assert floor.shown(export)["excluded"] == {"outside_hours": 2}
    assert {name for name, _ in floor.loaded()} == {str(near)}
    assert {far, area_only}


def test_whoever_is_limited_sends_what_is_owed_to_their_creditors_and_nobody_else(
    floor: Floor,
) -> None:
    world = floor.world
    theirs = world.new_creditor("Banco deles")
    world.run(
        "update public.memberships set creditor_ids = array[%s::uuid] where user_id = %s",
        theirs, world.people["supervisor"],
    )  # fmt: skip
    shared, ended = floor.person(1), floor.person(2)
    floor.person(3)  # of others alone
    world.debt(2_500, world.today, client=shared, creditor=theirs)
    world.debt(9_900, world.today, client=ended, creditor=theirs)
    paid = "update public.debts set status = 'settled' where client_id = %s and creditor_id = %s"
    world.run(paid, ended, theirs)
    limited = floor.export()
    floor.finish()
    [sent] = floor.held()["contacts"]
    assert (sent["identifier"], sent["data"]["Valor"]) == (str(shared), "25,00")
    assert floor.shown(limited)["excluded"] == {"nothing_owed": 1}
    whole = world.rpc(
        "admin", "request_dialer_export", selection={"filter": {}}, campaign_id=124,
        campaign_name="Toda",
    )["id"]  # fmt: skip
    floor.finish()
    assert floor.shown(whole)["loaded"] == 3
    with world.acting("supervisor"):
        told = world.one("select public.dialer_export_results(%s)", whole)
    # Of the others' people not even how many there are.
    assert sum(each["contacts"] for each in told["counts"]) == len(told["rows"]) == 2
    # Theirs is settled: the limited list ends, what others are owed is still called for.
    world.run(paid, shared, theirs)
    floor.finish()
    assert floor.fates(limited)["removed", "nothing_owed"] == 1
    assert floor.shown(whole)["removed"] == 0


def test_a_payment_asks_once_of_a_person_and_the_same_creditors(floor: Floor) -> None:
    world = floor.world
    theirs = world.new_creditor("Banco deles")
    world.run(
        "update public.memberships set creditor_ids = array[%s::uuid] where user_id = %s",
        theirs, world.people["supervisor"],
    )  # fmt: skip
    shared = floor.person(1)
    world.debt(2_500, world.today, client=shared, creditor=theirs)
    exports = [floor.export(campaign_id=campaign) for campaign in range(123, 128)]
    floor.finish()
    state = "update public.dialer_exports set hours_state = %s where id = %s"
    world.run(state, "expired", exports[0])
    world.run(state, "gone", exports[1])
    world.rpc("supervisor", "cancel_dialer_export", export_id=exports[2])
    world.run("create sequence private.asked")
    world.run(
        "create or replace function private.owed_in_scope("
        " tenant_id uuid, client_id uuid, scope uuid[], out cents bigint, out is_owing boolean)"
        " language plpgsql security definer as"
        " 'begin perform nextval(''private.asked''); is_owing := false; end'"
    )
    world.run(
        "update public.debts set status = 'settled' where client_id = %s and creditor_id = %s",
        shared, theirs,
    )  # fmt: skip
    # Two lists are dialled, and one answer does for both.
    assert world.rows("select last_value, is_called from private.asked") == [
        {"last_value": 1, "is_called": True}
    ]
    left = [floor.fates(export)["removing", "nothing_owed"] for export in exports]
    assert left == [0, 0, 0, 1, 1]


def test_the_same_selection_and_campaign_is_one_export(floor: Floor) -> None:
    floor.person(1)
    first, again = floor.export(), floor.export()
    other = floor.export(campaign_id=124)
    floor.finish()
    assert (first == again, first == other) == (True, False)
    assert floor.counts()["create"] == 2


def test_what_the_dialer_filters_is_told_per_phone(floor: Floor) -> None:
    floor.person(1)
    floor.person(2)
    floor.register(blacklist=["11980000002"])
    export = floor.export()
    floor.finish()
    assert floor.fates(export) == Counter({("loaded", None): 1, ("filtered", "blacklist"): 1})
    shown = floor.shown(export)
    assert (shown["loaded"], shown["filtered"]) == (1, 1)


def test_without_the_report_the_documented_call_is_used(floor: Floor) -> None:
    floor.person(1)
    floor.habits(sync=False)
    export = floor.export()
    floor.finish()
    shown = floor.shown(export)
    assert (shown["loaded"], shown["is_reported"]) == (1, False)


def test_above_ten_thousand_contacts_files_are_sent(floor: Floor) -> None:
    floor.crowd(10_001)
    export = floor.export()
    floor.finish()
    counts = floor.counts()
    assert (counts["csv"], counts.get("load")) == (1, None)
    assert (floor.shown(export)["loaded"], len(floor.held()["contacts"])) == (10_001, 10_001)
    assert floor.held()["lists"][0]["name"].endswith("(1/1)")


@pytest.mark.parametrize("kind", ["create", "load", "weight"])
@pytest.mark.parametrize(
    "fault",
    [
        {"do": "reset", "accept": True},  # done, and the answer was lost
        {"do": "answer", "accept": True, "status": 502},
        {"do": "answer", "status": 429, "retry_after": 1},
        {"do": "reset"},
    ],
)
def test_whatever_is_lost_at_any_step_nobody_is_loaded_twice(
    floor: Floor, kind: str, fault: dict[str, Any]
) -> None:
    floor.crowd(700)
    export = floor.export()
    floor.misbehave(on=kind, **fault, times=2)
    floor.finish()
    assert floor.shown(export)["status"] == "done"
    assert Counter(floor.loaded().values()) == {1: 700}
    assert len(floor.held()["lists"]) == 1


def test_a_file_whose_answer_was_lost_is_not_doubled(floor: Floor) -> None:
    floor.crowd(10_001)
    export = floor.export()
    floor.misbehave("reset", "csv", accept=True)
    floor.finish()
    assert floor.shown(export)["status"] == "done"
    assert Counter(floor.loaded().values()) == {1: 10_001}
    assert len(floor.held()["lists"]) == 1


def test_a_worker_that_dies_while_loading_leaves_nothing_twice(floor: Floor) -> None:
    floor.crowd(600)
    export = floor.export()
    floor.job()
    # It claimed, began and called, and died before it could write the answer down.
    floor.world.run(
        "update private.dialer_tasks set status = 'sending', done_at = null, is_doubtful = true"
        " where kind = 'part'"
    )
    floor.world.run(
        "update public.dialer_export_rows set status = 'waiting' where export_id = %s", export
    )
    floor.world.run("update public.dialer_exports set status = 'loading', loaded = 0")
    floor.world.run("delete from private.dialer_tasks where kind = 'weight'")
    floor.finish()
    assert Counter(floor.loaded().values()) == {1: 600}
    assert floor.shown(export)["loaded"] == 600


def test_a_refused_token_stops_the_export_and_is_resumed_after_mending(floor: Floor) -> None:
    floor.person(1)
    floor.register(tokens={})
    export = floor.export()
    floor.finish()
    shown = floor.shown(export)
    assert (shown["status"], shown["error_code"]) == ("failed", "configuration")
    [failing] = floor.world.rows("select failing_since from public.integrations")
    assert failing["failing_since"] is not None
    told = floor.world.rows("select kind from public.notifications")
    assert {row["kind"] for row in told} == {"dialer_export_finished"}
    floor.register()
    assert floor.world.rpc("supervisor", "resume_dialer_export", export_id=export) == "loading"
    floor.finish()
    assert floor.shown(export)["status"] == "done"
    assert Counter(floor.loaded().values()) == {1: 1}


def test_a_cancelled_export_is_silent(floor: Floor) -> None:
    floor.crowd(600)
    export = floor.export()
    floor.finish()
    floor.world.rpc("supervisor", "cancel_dialer_export", export_id=export)
    floor.finish()
    assert [item["weight"] for item in floor.held()["lists"]] == [0]
    assert floor.shown(export)["status"] == "cancelled"
    # What the hours once could not say is said again, and makes it no louder.
    floor.world.run("select private.weigh_for_hours(one, 0) from public.dialer_exports as one")
    floor.world.run(
        "update private.dialer_tasks set status = 'failed',"
        " done_at = private.now() - interval '1 hour' where payload ? 'hours'"
    )
    floor.world.run("select private.sweep_dialer()")
    floor.finish()
    assert [item["weight"] for item in floor.held()["lists"]] == [0]


def test_who_pays_or_says_no_leaves_the_mailing(floor: Floor) -> None:
    payer, _, stays = floor.person(1), floor.person(2), floor.person(3)
    export = floor.export()
    floor.finish()
    floor.world.run("update public.debts set status = 'settled' where client_id = %s", payer)
    floor.world.insert(
        "suppressions",
        {"tenant_id": floor.world.tenant, "phone": "+5511980000002", "reason": "pediu"},
    )
    floor.finish()
    assert {name for name, _ in floor.loaded()} == {str(stays)}
    assert floor.fates(export)["removed", "nothing_owed"] == 1
    assert floor.fates(export)["removed", "opted_out"] == 1
    assert floor.shown(export)["removed"] == 2


def test_who_pays_between_the_plan_and_the_loading_is_not_loaded(floor: Floor) -> None:
    payer, stays = floor.person(1), floor.person(2)
    export = floor.export()
    floor.world.run("select private.plan_dialer_export(5000)")
    floor.world.run("update public.debts set status = 'settled' where client_id = %s", payer)
    floor.finish()
    assert {name for name, _ in floor.loaded()} == {str(stays)}
    assert floor.fates(export)["excluded", "nothing_owed"] == 1


def test_operators_export_nothing_and_see_no_exports(floor: Floor) -> None:
    assert floor.world.refused(
        "operator", "request_dialer_export", selection={"filter": {}}, campaign_id=1
    ) == "not_allowed"  # fmt: skip
    floor.export()
    with floor.world.acting("operator"):
        assert floor.world.rows("select id from public.dialer_exports") == []


def test_a_selection_or_campaign_that_is_none_is_refused(floor: Floor) -> None:
    ask = {"selection": {"filter": {}}, "campaign_id": 1}
    for wrong, code in (
        ({"selection": {"filter": {"nope": 1}}}, "unknown_filter"),
        ({"campaign_id": 0}, "campaign_invalid"),
        ({"weight": 0}, "weight_invalid"),
    ):
        assert floor.world.refused("supervisor", "request_dialer_export", **ask | wrong) == code
    floor.world.run("update public.integrations set is_active = false")
    assert (
        floor.world.refused("supervisor", "request_dialer_export", **ask) == "dialer_not_connected"
    )


def test_campaigns_and_lists_are_read_live_by_supervisors_alone(floor: Floor) -> None:
    floor.person(1)
    floor.export()
    floor.finish()
    told = floor.ask("supervisor", "GET", "/3cplus-campaigns").json()
    assert [item["id"] for item in told["campaigns"]] == [123, 124]
    assert [item["id"] for item in told["agents"]] == [77, 78]
    told = floor.ask("supervisor", "GET", "/3cplus-campaigns?campaign=123").json()
    assert [item["total"] for item in told["lists"]] == [1]
    assert 31 in [item["id"] for item in told["qualifications"]]
    assert floor.ask("operator", "GET", "/3cplus-campaigns").status_code == 403
    assert floor.functions.get("/3cplus-campaigns").status_code == 401
    floor.register(tokens={})
    answer = floor.ask("supervisor", "GET", "/3cplus-campaigns")
    assert (answer.status_code, answer.json()["error"]) == (502, "dialer_refused")


def test_a_host_that_is_not_the_providers_is_refused(floor: Floor) -> None:
    for host in ("evil.example", "x.3c.plus.evil.example", "a/b.3c.plus", "127.0.0.1", "3c.plus"):
        assert floor.world.refused(
            "admin", "save_integration", provider="threecplus", settings={"host": host}
        ) == "integration_field_invalid"  # fmt: skip
    assert HOST.endswith(".3c.plus")


def dispose(floor: Floor, client: uuid.UUID, kind: str) -> uuid.UUID:
    done = uuid.uuid4()
    with floor.world.acting("operator"):
        floor.world.run(
            "insert into public.call_dispositions (id, client_id, disposition_type)"
            " values (%s, %s, %s)", done, client, kind,
        )  # fmt: skip
    return done
