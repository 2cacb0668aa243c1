"""A bulk send above the agency's limit: what the preview says, and who says yes or no to it."""

import json
from typing import Any

import psycopg
import pytest

from tests.automation import TENANT
from tests.messaging.rig import ADMIN, SUPERVISOR, Rig


def test_above_the_limit_a_second_person_confirms(rig: Rig) -> None:
    rig.owner.execute(
        "insert into public.message_policies (tenant_id, confirm_above_recipients) values (%s, 2)",
        (TENANT,),
    )
    batch_id = rig.batch(rig.people(3), by=SUPERVISOR)
    change = "select public.change_message_batch(%s, %s)"
    rig.drain()
    assert rig.gupshup.messages() == []
    with pytest.raises(psycopg.Error, match="approval_by_author"):
        rig.ask(change, batch_id, "confirm", by=SUPERVISOR)
    with pytest.raises(psycopg.Error, match="batch_not_movable"):
        rig.ask(change, batch_id, "resume", by=SUPERVISOR)
    with pytest.raises(psycopg.Error, match="not_allowed"):
        rig.ask(change, batch_id, "confirm", by="operador@demo.test")
    assert rig.ask(change, batch_id, "confirm") == "sending"
    rig.drain()
    assert len(rig.gupshup.messages()) == 3


def test_one_persons_sends_of_the_day_are_counted_together(rig: Rig) -> None:
    """Six sends of five thousand are thirty thousand."""
    rig.owner.execute(
        "insert into public.message_policies (tenant_id, confirm_above_recipients) values (%s, 5)",
        (TENANT,),
    )
    status = "select status::text from public.message_batches where id = %s"
    people = rig.people(12)
    tomorrow = rig.one("select private.now() + interval '1 day'")
    made = [
        rig.one(status, rig.batch(people[:3], by=SUPERVISOR)),
        rig.one(status, rig.batch(people[3:5], by=SUPERVISOR)),
        rig.one(status, rig.batch(people[5:6], by=SUPERVISOR)),
        rig.one(status, rig.batch(people[6:9])),  # another person's day
        rig.one(status, rig.batch(people[9:], by=SUPERVISOR, scheduled_at=tomorrow)),
    ]
    assert made == ["sending", "sending", "awaiting_confirmation", "sending", "scheduled"]
    asked = "select public.preview_message_batch(%s::jsonb, %s, %s)"
    selection = json.dumps({"ids": [str(people[6])]})
    seen = rig.ask(asked, selection, rig.sender(), rig.template(), by=SUPERVISOR)
    assert (seen["confirmation"]["already"], seen["confirmation"]["is_needed"]) == (5, True)


def test_a_second_person_refuses_with_a_reason_and_the_author_hears_it(rig: Rig) -> None:
    rig.owner.execute(
        "insert into public.message_policies (tenant_id, confirm_above_recipients) values (%s, 2)",
        (TENANT,),
    )
    batch_id = rig.batch(rig.people(3), by=SUPERVISOR)
    refuse = "select public.change_message_batch(%s, 'refuse', %s)"
    with pytest.raises(psycopg.Error, match="approval_by_author"):
        rig.ask(refuse, batch_id, "me arrependi", by=SUPERVISOR)
    with pytest.raises(psycopg.Error, match="reason_missing"):
        rig.ask(refuse, batch_id, "  ")
    assert rig.ask(refuse, batch_id, "texto errado") == "cancelled"
    told = rig.ask("select public.message_batch(%s)", batch_id, by=SUPERVISOR)
    assert (told["refusal_reason"], told["cancelled_by"]["name"]) == (
        "texto errado",
        rig.one("select display_name from public.memberships m join auth.users u"
                " on u.id = m.user_id where u.email = %s", ADMIN[TENANT]),
    )  # fmt: skip
    assert (
        rig.one(
            "select u.email from public.notifications n join auth.users u on u.id = n.user_id"
            " where n.kind = 'batch_refused'"
        )
        == SUPERVISOR
    )
    rig.drain()
    assert rig.gupshup.messages() == []


def test_the_preview_says_who_waits_for_the_hour_of_the_schedule_and_who_may_confirm(
    rig: Rig,
) -> None:
    people = rig.people(4)
    rig.owner.execute("update public.clients set uf = 'AM' where id = %s", (people[0],))
    rig.owner.execute(
        "insert into public.contact_caps (tenant_id, channel, days, attempts)"
        " values (%s, 'whatsapp', 7, 1)",
        (TENANT,),
    )
    selection = json.dumps({"ids": [str(client) for client in people]})
    template = rig.template()

    def preview(at: Any = None) -> Any:
        ask = "select public.preview_message_batch(%s::jsonb, %s, %s, scheduled_at => %s)"
        return rig.ask(ask, selection, rig.sender(), template, at, by=SUPERVISOR)

    assert preview()["waits"] == []
    closes = rig.one(
        "select closes_at from private.contact_hours_in(%s, 'SP', private.now(), 1)", TENANT
    )
    waits = {(row["uf"], row["reason"]): row for row in preview(closes)["waits"]}
    assert {key: row["count"] for key, row in waits.items()} == {
        ("AM", "outside_hours"): 1, ("SP", "outside_hours"): 3,
    }  # fmt: skip
    assert waits["SP", "outside_hours"]["opens_at"] == rig.one(
        "select to_jsonb(min(opens_at)) from private.contact_hours_in(%s, 'SP', %s, 15)"
        " where opens_at > %s", TENANT, closes, closes,
    )  # fmt: skip
    rig.batch(people[:1])
    rig.drain()
    [capped] = preview()["waits"]
    assert (capped["reason"], capped["count"]) == ("attempt_cap", 1)
    assert preview()["confirmation"] == {
        "above": 5000, "already": 0, "is_needed": False,
        "people": [rig.one("select display_name from public.memberships m join auth.users u"
                           " on u.id = m.user_id where u.email = %s", ADMIN[TENANT])],
    }  # fmt: skip
