"""“Não contatar”: said once by anybody, kept by everything, taken back by an admin alone."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.dialing import Floor

FIRST, SECOND = "+5511980000001", "+5511980000002"


def suppress(floor: Floor, who: str = "operator", **said: Any) -> dict[str, Any]:
    told: dict[str, Any] = floor.world.rpc(
        who, "suppress_contact", **{"reason": "pediu por telefone"} | said
    )
    return told


def lift(floor: Floor, held: dict[str, Any]) -> None:
    floor.world.rpc("admin", "lift_suppression", suppression_id=held["id"], reason="mudou de ideia")


def holding(floor: Floor, client: uuid.UUID) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = floor.world.rpc("operator", "suppressions_of", client_id=client)
    return told


def lines(floor: Floor, client: uuid.UUID) -> list[tuple[str, str | None, str | None]]:
    told = floor.world.rpc("operator", "client_timeline", client_id=client)
    return [
        (item["kind"], item["reason"], item["actor"])
        for item in told["items"]
        if item["kind"].startswith("suppression")
    ]


def is_closed(floor: Floor, client: uuid.UUID, phone: str | None, channel: str) -> bool:
    asked = "select private.is_suppressed(%s, %s, %s, %s, private.now())"
    return bool(floor.world.one(asked, floor.world.tenant, client, phone, channel))


def test_what_an_operator_says_leaves_the_mailing_and_bulk_at_once(floor: Floor) -> None:
    leaves, stays = floor.person(1), floor.person(2)
    floor.export()
    floor.finish()
    suppress(floor, client_id=leaves)
    floor.finish()
    assert {name for name, _ in floor.loaded()} == {str(stays)}
    for action in ("dialer", "whatsapp"):
        told = floor.world.rpc(
            "supervisor", "bulk_eligibility", selection={"filter": {}}, action=action
        )
        assert {"reason": "opted_out", "count": 1} in told["excluded"]


def test_one_number_is_closed_for_whoever_has_it_and_the_other_stays_open(floor: Floor) -> None:
    both, sharer = floor.person(1, phones=[FIRST, SECOND]), floor.person(3, phones=[FIRST])
    floor.export()
    floor.finish()
    suppress(floor, client_id=both, phone=FIRST, channel="call")
    floor.finish()
    assert set(floor.loaded()) == {(str(both), SECOND.removeprefix("+55"))}
    assert [(row["phone"], row["channel"]) for row in holding(floor, sharer)] == [(FIRST, "call")]
    assert not is_closed(floor, both, FIRST, "whatsapp")
    assert not is_closed(floor, both, SECOND, "call")


def test_a_channel_alone_leaves_the_other_open(floor: Floor) -> None:
    client = floor.person(1)
    suppress(floor, client_id=client, channel="whatsapp")
    assert is_closed(floor, client, FIRST, "whatsapp")
    assert not is_closed(floor, client, FIRST, "call")


def test_the_last_day_counts_whole_and_no_day_longer(floor: Floor) -> None:
    client = floor.person(1)
    told = suppress(floor, client_id=client, until_on=floor.world.today)
    assert is_closed(floor, client, None, "call")
    assert told["author"]
    floor.world.run("update private.clock set shift = shift + interval '1 day'")
    assert not is_closed(floor, client, None, "call")
    assert holding(floor, client) == []


def test_said_again_it_is_one_and_for_longer_it_is_another(floor: Floor) -> None:
    client = floor.person(1)
    short = suppress(floor, client_id=client, until_on=floor.world.today + timedelta(9))
    assert suppress(floor, client_id=client, until_on=floor.world.today)["id"] == short["id"]
    assert suppress(floor, client_id=client)["id"] != short["id"]
    assert len(holding(floor, client)) == 2


def test_operators_and_supervisors_lift_nothing(floor: Floor) -> None:
    client = floor.person(1)
    held = suppress(floor, client_id=client)
    for who in ("operator", "supervisor"):
        assert floor.world.refused(
            who, "lift_suppression", suppression_id=held["id"], reason="x"
        ) == "not_allowed"  # fmt: skip
    assert is_closed(floor, client, None, "call")


def test_an_admin_lifts_it_and_timeline_and_audit_say_who_and_why(floor: Floor) -> None:
    client = floor.person(1)
    held = suppress(floor, client_id=client)
    assert [line[:2] for line in lines(floor, client)] == [("suppression", "pediu por telefone")]
    lift(floor, held)
    assert not is_closed(floor, client, None, "call")
    assert [line[:2] for line in lines(floor, client)] == [
        ("suppression_lifted", "mudou de ideia"), ("suppression", "pediu por telefone"),
    ]  # fmt: skip
    assert all(actor for *_, actor in lines(floor, client))
    audit = floor.world.rows(
        "select actor_id, action from public.audit_log where table_name = 'suppressions'"
        " order by id"
    )
    assert [(row["actor_id"], row["action"]) for row in audit] == [
        (floor.world.people["operator"], "insert"), (floor.world.people["admin"], "update"),
    ]  # fmt: skip
    assert floor.world.refused(
        "admin", "lift_suppression", suppression_id=held["id"], reason="x"
    ) == "suppression_ended"  # fmt: skip


def test_the_line_is_on_the_timeline_of_everybody_whose_number_it_is(floor: Floor) -> None:
    first, second = floor.person(1, phones=[FIRST]), floor.person(2, phones=[FIRST])
    suppress(floor, client_id=first, phone=FIRST)
    assert [line[0] for line in lines(floor, second)] == ["suppression"]


def test_a_number_of_nobody_can_be_closed(floor: Floor) -> None:
    assert suppress(floor, phone="+5511970001111")["phone"] == "+5511970001111"
    known = floor.world.rpc("operator", "suppressions_of", phone="+5511970001111")
    assert len(known) == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, "client_not_found"),
        ({"phone": "11 98000-0001"}, "field_invalid"),
        ({"phone": FIRST, "channel": "fax"}, "field_invalid"),
        ({"phone": FIRST, "reason": "  "}, "field_invalid"),
        ({"phone": FIRST, "until_on": "2020-01-01"}, "suppression_in_past"),
        ({"client_id": uuid.UUID(int=7)}, "client_not_found"),
    ],
)
def test_what_names_nobody_or_says_nothing_is_refused(
    floor: Floor, said: dict[str, Any], code: str
) -> None:
    asked = {"reason": "pediu"} | said
    assert floor.world.refused("operator", "suppress_contact", **asked) == code


def test_another_agency_reads_and_lifts_nothing(floor: Floor) -> None:
    held = suppress(floor, client_id=floor.person(1))
    floor.world.run(
        "update public.suppressions set tenant_id = tenant_id where id = %s", held["id"]
    )
    unknown = uuid.uuid4()
    assert floor.world.refused(
        "admin", "lift_suppression", suppression_id=unknown, reason="x"
    ) == "suppression_not_found"  # fmt: skip
