"""Whoever need not or must not be called leaves the mailing by themselves, on every path."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.dialer.test_export import dispose
from tests.dialing import HOST, MANAGER, Floor
from tests.money.deals import agree, live, parts, settle, status

Story = Callable[[Floor, uuid.UUID], None]


def first_debt(floor: Floor, client: uuid.UUID) -> uuid.UUID:
    found: uuid.UUID = floor.world.one(
        "select id from public.debts where client_id = %s order by due_on, id limit 1", client
    )
    return found


def pays_by_hand(floor: Floor, client: uuid.UUID) -> None:
    owed = floor.world.one(
        "select sum((title.accrual).total_cents) from private.owed(%s, %s, %s, null) as title",
        floor.world.tenant, client, floor.world.today,
    )  # fmt: skip
    settle(floor.world, {"debt_ids": [first_debt(floor, client)]}, int(owed), client=client)


def is_settled(floor: Floor, client: uuid.UUID) -> None:
    floor.world.run("update public.debts set status = 'settled' where client_id = %s", client)


def agrees_on_everything(floor: Floor, client: uuid.UUID) -> None:
    agree(floor.world, client_id=client, installments=2)


def agrees_on_one_of_two_titles(floor: Floor, client: uuid.UUID) -> None:
    floor.world.debt(20_000, floor.world.today - timedelta(90), client=client)
    agree(floor.world, client_id=client, debt_ids=[first_debt(floor, client)], installments=1)
    # The other title is still owed: nothing but the agreement can have said so.
    open_debts = "select open_debts from public.clients where id = %s"
    assert floor.world.one(open_debts, client) == 1


def opts_out(floor: Floor, client: uuid.UUID) -> None:
    floor.world.insert(
        "suppressions",
        {"tenant_id": floor.world.tenant, "client_id": client, "reason": "pediu"},
    )


def opts_out_by_number(floor: Floor, client: uuid.UUID) -> None:
    phone = floor.world.one("select phone from public.client_phones where client_id = %s", client)
    floor.world.insert(
        "suppressions",
        {"tenant_id": floor.world.tenant, "phone": phone, "channel": "call", "reason": "pediu"},
    )


def is_somebody_else(floor: Floor, client: uuid.UUID) -> None:
    dispose(floor, client, "wrong_contact")


def is_returned(floor: Floor, client: uuid.UUID) -> None:
    floor.world.run("update public.debts set status = 'returned' where client_id = %s", client)


def is_called_as_often_as_allowed(floor: Floor, client: uuid.UUID) -> None:
    cap = {"tenant_id": floor.world.tenant, "channel": "call", "days": 1, "attempts": 1}
    floor.world.insert("contact_caps", cap)
    floor.register(webhook_url=None)
    floor.connect(identifier=str(client))
    floor.hang_up(floor.held()["calls"][-1]["telephony_id"])
    floor.world.run("update public.integrations set created_at = private.now() - interval '1 day'")
    floor.job("3cplus-reconcile")


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        (pays_by_hand, "nothing_owed"),
        (is_settled, "nothing_owed"),
        (is_returned, "nothing_owed"),
        (agrees_on_everything, "agreement_running"),
        (agrees_on_one_of_two_titles, "agreement_running"),
        (opts_out, "opted_out"),
        (opts_out_by_number, "opted_out"),
        (is_somebody_else, "wrong_contact"),
        (is_called_as_often_as_allowed, "attempt_cap"),
    ],
)
def test_who_need_not_be_called_leaves_the_mailing(floor: Floor, story: Story, reason: str) -> None:
    leaves, stays = floor.person(1), floor.person(2)
    floor.world.policy()
    export = floor.export()
    floor.finish()
    assert len(floor.loaded()) == 2
    story(floor, leaves)
    floor.finish()
    assert {name for name, _ in floor.loaded()} == {str(stays)}
    assert floor.fates(export)["removed", reason] == 1


def test_who_pays_an_overdue_agreement_leaves_though_no_title_was_open(floor: Floor) -> None:
    late, stays = floor.person(1), floor.person(2)
    world = floor.world
    world.policy()
    deal = agree(world, client_id=late, installments=2)
    first, second = parts(world, deal)
    settle(world, {"agreement_id": deal}, first["amount_cents"], client=late)
    while world.today <= second["due_on"] or world.today.isoweekday() > 5:
        live(world, 1)
    assert status(world, deal) == "overdue"
    assert world.one("select open_debts from public.clients where id = %s", late) == 0
    export = floor.export()
    floor.finish()
    # Late with a promise, so called.
    assert {name for name, _ in floor.loaded()} == {str(late), str(stays)}
    settle(world, {"agreement_id": deal}, second["amount_cents"], client=late)
    assert status(world, deal) == "settled"
    floor.finish()
    assert {name for name, _ in floor.loaded()} == {str(stays)}
    assert floor.fates(export)["removed", "nothing_owed"] == 1


def test_an_agreement_called_off_takes_nobody_out(floor: Floor) -> None:
    client = floor.person(1)
    world = floor.world
    world.policy()
    deal = agree(world, client_id=client, installments=1)
    world.rpc("operator", "cancel_agreement", agreement_id=deal, reason="desistiu")
    floor.export()
    floor.finish()
    assert {name for name, _ in floor.loaded()} == {str(client)}


def test_the_cap_is_asked_again_for_every_part(floor: Floor) -> None:
    floor.crowd(600)
    capped = floor.person(1)
    export = floor.export()
    floor.world.run("select private.plan_dialer_export(5000)")
    cap = {"tenant_id": floor.world.tenant, "channel": "call", "days": 1, "attempts": 1}
    floor.world.insert("contact_caps", cap)
    # The attempt is made between the plan and the loading.
    dispose(floor, capped, "voicemail")
    floor.finish()
    assert floor.fates(export)["excluded", "attempt_cap"] == 1
    assert floor.shown(export)["loaded"] == 600
    assert str(capped) not in {name for name, _ in floor.loaded()}


def told_of_removals(floor: Floor) -> list[dict[str, Any]]:
    return floor.world.rows(
        "select user_id, payload from public.notifications where kind = 'dialer_removal_failed'"
    )


def test_a_refused_removal_is_told_and_leaves_with_the_next(floor: Floor) -> None:
    first, second, stays = floor.person(1), floor.person(2), floor.person(3)
    export = floor.export()
    floor.finish()
    floor.misbehave("answer", "remove", status=422)
    opts_out(floor, first)
    floor.finish()
    assert str(first) in {name for name, _ in floor.loaded()}
    told = told_of_removals(floor)
    assert floor.world.people["supervisor"] in {row["user_id"] for row in told}
    assert floor.world.people["operator"] not in {row["user_id"] for row in told}
    assert {str(row["payload"]["export_id"]) for row in told} == {export}
    opts_out(floor, second)
    floor.finish()
    assert {name for name, _ in floor.loaded()} == {str(stays)}
    assert floor.fates(export)["removed", "opted_out"] == 2


def test_a_refused_removal_is_made_again_after_a_pause(floor: Floor) -> None:
    leaves = floor.person(1)
    floor.export()
    floor.finish()
    # Ten minutes of outage, to the last attempt.
    floor.misbehave("answer", "remove", status=500, times=8)
    opts_out(floor, leaves)
    floor.finish()
    floor.world.run("select private.sweep_dialer()")
    floor.finish()
    assert len(floor.loaded()) == 1
    floor.world.run("update private.dialer_tasks set done_at = done_at - interval '10 minutes'")
    floor.world.run("select private.sweep_dialer()")
    floor.finish()
    assert not floor.loaded()


def test_a_removal_refused_for_its_token_is_made_again_once_that_is_mended(floor: Floor) -> None:
    leaves = floor.person(1)
    floor.export()
    floor.finish()
    floor.misbehave("answer", "remove", status=401)
    opts_out(floor, leaves)
    floor.finish()
    floor.world.run("select private.sweep_dialer()")
    floor.finish()
    assert len(floor.loaded()) == 1
    floor.world.rpc(
        "admin", "save_integration", provider="threecplus", settings={"host": HOST},
        secrets={"api_token": MANAGER},
    )  # fmt: skip
    floor.world.run("select private.sweep_dialer()")
    floor.finish()
    assert not floor.loaded()
