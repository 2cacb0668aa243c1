"""A payment link goes to its debtor once, lawfully, and never after the money came."""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.money.deals import Answer, agree, charge, give_address, paid_item, parts, record, settle
from tests.money.test_races import Racers
from tests.money.world import World

Sent = dict[str, Any]


@pytest.fixture
def desk(world: World) -> World:
    """An agreement of two installments, and a WhatsApp account with a template for links."""
    world.debt(90_000)
    world.agreement = agree(world, installments=2)  # type: ignore[attr-defined]  # the tests' own
    connect_whatsapp(world)
    return world


def connect_whatsapp(world: World) -> None:
    world.rpc(
        "admin",
        "save_integration",
        provider="gupshup",
        settings={"app_name": "Agencia", "source": "551140000000"},
        secrets={"api_key": "key-of-the-tests"},
    )
    template(world)


def template(world: World, *variables: str, **fields: Any) -> Any:
    names = list(variables or ("client.first_name", "charge.amount", "charge.link"))
    body = "Olá! " + " ".join(f"{{{{{n}}}}}" for n in range(1, len(names) + 1))
    return world.insert(
        "message_templates",
        {
            "tenant_id": world.tenant, "name": f"link {uuid.uuid4().hex[:6]}",
            "provider_template_id": uuid.uuid4().hex, "body": body, "variables": names,
        } | fields,
    )  # fmt: skip


def a_charge(world: World, number: int = 1, **fields: Any) -> Answer:
    """Registered at the provider, with a link and a Pix code."""
    part = parts(world, world.agreement)[number - 1]  # type: ignore[attr-defined]  # the fixture's
    made = charge(world, part["id"])
    known = {"link": "https://pague.test/1", "pix_code": "000201PIX"} | fields
    world.change("charges", {"id": made["id"]}, **known)
    return made


def send(world: World, made: Answer, who: str = "operator", **arguments: Any) -> Sent:
    return world.rpc(who, "send_charge", charge_id=made["id"], **arguments)  # type: ignore[no-any-return]  # JSON


def refusal(world: World, made: Answer, who: str = "operator", **arguments: Any) -> str:
    return world.refused(who, "send_charge", charge_id=made["id"], **arguments)


def message(world: World, sent: Sent) -> Answer:
    [row] = world.rows("select * from public.message_logs where id = %s", sent["message_id"])
    return row


def claim(world: World) -> list[Answer]:
    return world.rows("select * from private.claim_messages(10, 60)")


def hear(world: World, minutes: int = 5, account: str = "Agencia") -> uuid.UUID:
    """The client wrote that long ago to this number of ours; answers the talk."""
    return world.new_id(
        "insert into public.conversations (tenant_id, sender_id, client_id, phone,"
        " last_inbound_at) select sender.tenant_id, sender.id, known.client_id, known.phone,"
        " private.now() - make_interval(mins => %s) from public.client_phones as known"
        " join public.senders as sender on sender.tenant_id = known.tenant_id"
        " where known.client_id = %s and sender.account = %s limit 1 returning id",
        minutes, world.client, account,
    )  # fmt: skip


def queued(world: World) -> int:
    return int(world.one("select count(*) from pgmq.q_messages"))


def test_a_link_is_queued_at_once_and_sent_by_the_template_outside_the_day(desk: World) -> None:
    made = a_charge(desk)
    sent = send(desk, made)
    assert sent["status"] == "queued"
    [task] = claim(desk)
    assert task["template_provider_id"]
    assert task["params"] == ["Ana", "R$ 450,00", "https://pague.test/1"]
    assert message(desk, sent)["body"] == "Olá! Ana R$ 450,00 https://pague.test/1"
    assert message(desk, sent)["created_by"] == desk.people["operator"]


def test_within_a_day_of_their_message_it_is_free_text_with_the_code_alone_in_its_line(
    desk: World,
) -> None:
    made = a_charge(desk)
    hear(desk)
    send(desk, made)
    [task] = claim(desk)
    assert task["template_provider_id"] is None
    assert "\n000201PIX\n" in task["body"]
    assert "R$ 450,00" in task["body"]
    assert "parcela 1 de 2" in task["body"]
    assert task["body"].endswith("https://pague.test/1")


def test_a_day_and_a_minute_later_free_text_is_not_sent(desk: World) -> None:
    made = a_charge(desk)
    hear(desk, 24 * 60 + 1)
    send(desk, made)
    assert claim(desk)[0]["template_provider_id"]


def test_the_window_that_closes_between_click_and_sending_closes_it(desk: World) -> None:
    made = a_charge(desk)
    hear(desk, 24 * 60 - 1)
    send(desk, made)
    desk.run("update private.clock set shift = shift + interval '2 minutes'")
    assert claim(desk)[0]["template_provider_id"]


def test_a_double_click_is_one_message(desk: World) -> None:
    made = a_charge(desk)
    click = uuid.uuid4()
    first = send(desk, made, message_id=click)
    assert send(desk, made, message_id=click) == first
    assert send(desk, made, message_id=uuid.uuid4())["message_id"] == first["message_id"]
    assert send(desk, made)["message_id"] == first["message_id"]
    assert queued(desk) == 1


def test_the_same_click_after_it_was_paid_answers_what_became_of_it(desk: World) -> None:
    made = a_charge(desk)
    click = uuid.uuid4()
    send(desk, made, message_id=click)
    item = paid_item(made["reference"], made["amount_cents"], desk.today)
    record(desk, made["integration_id"], item)
    assert send(desk, made, message_id=click)["status"] == "failed"
    assert refusal(desk, made, message_id=uuid.uuid4()) == "charge_not_payable"


def test_sent_and_clicked_again_it_is_a_second_message(desk: World) -> None:
    made = a_charge(desk)
    first = send(desk, made)
    [task] = claim(desk)
    desk.run(
        "select private.begin_turn(%s, %s, true) is not distinct from 0",
        task["message_id"],
        task["attempt"],
    )
    desk.run(
        "select private.settle_message(%s, %s, 'submitted', 'gs-1')",
        task["message_id"], task["attempt"],
    )  # fmt: skip
    assert message(desk, first)["status"] == "submitted"
    assert queued(desk) == 0
    assert send(desk, made)["message_id"] != first["message_id"]


@pytest.mark.parametrize("way", ["provider", "by_hand", "agreement_cancelled"])
def test_a_paid_or_settled_debt_leaves_every_queued_message_at_once(desk: World, way: str) -> None:
    made = a_charge(desk)
    sent = send(desk, made)
    if way == "provider":
        item = paid_item(made["reference"], made["amount_cents"], desk.today)
        record(desk, made["integration_id"], item)
    elif way == "by_hand":
        settle(desk, {"installment_id": made["installment_id"]}, made["amount_cents"])
    else:
        desk.rpc(
            "supervisor", "cancel_agreement", agreement_id=made["agreement_id"], reason="desistiu"
        )
    row = message(desk, sent)
    assert (row["status"], row["error_code"]) == ("failed", "charge_not_payable")
    assert queued(desk) == 0
    assert claim(desk) == []


def test_paid_between_claim_and_call_it_is_not_sent(desk: World) -> None:
    made = a_charge(desk)
    send(desk, made)
    [task] = claim(desk)
    item = paid_item(made["reference"], made["amount_cents"], desk.today)
    record(desk, made["integration_id"], item)
    begin = "select private.begin_turn(%s, %s, true) is not distinct from 0"
    assert desk.one(begin, task["message_id"], task["attempt"]) is False


def test_what_is_missing_is_refused_by_name(desk: World) -> None:
    bare = a_charge(desk, link=None, pix_code=None)
    assert refusal(desk, bare) == "charge_not_ready"
    made = a_charge(desk, 2)
    assert refusal(desk, made, channel="call") == "channel_not_offered"
    assert desk.refused("operator", "send_charge", charge_id=uuid.uuid4()) == "charge_not_found"
    desk.run("update public.message_templates set status = 'paused'")
    assert refusal(desk, made) == "template_not_sendable"
    desk.run(
        "update public.message_templates set status = 'approved', variables = variables || '{\"\"}'"
    )
    assert refusal(desk, made) == "template_unbound"
    desk.run("update public.message_templates set variables = array_replace(variables, '',"
             " 'client.extra.unknown')")  # fmt: skip
    assert refusal(desk, made) == "variable_missing"
    desk.run("update public.message_templates set variables ="
             " array_remove(variables, 'client.extra.unknown')")  # fmt: skip
    desk.run("update public.integrations set is_active = false where provider = 'gupshup'")
    assert refusal(desk, made) == "integration_inactive"
    desk.run("update public.integrations set is_active = true")
    desk.run("update public.client_phones set kind = 'landline'")
    assert refusal(desk, made) == "no_reachable_phone"


def test_a_pix_is_not_sent_with_a_template_that_wants_a_digitable_line(desk: World) -> None:
    desk.run("delete from public.message_templates")
    template(desk, "charge.digitable_line")
    made = a_charge(desk)
    assert refusal(desk, made) == "template_missing"
    template(desk, "charge.pix_code")
    send(desk, made)
    assert claim(desk)[0]["params"] == ["000201PIX"]


def test_who_opted_out_is_left_in_peace_at_the_click_and_after_it(desk: World) -> None:
    made = a_charge(desk)
    sent = send(desk, made)
    desk.insert(
        "suppressions", {"tenant_id": desk.tenant, "client_id": desk.client, "reason": "pediu"}
    )
    assert claim(desk) == []
    assert message(desk, sent)["error_code"] == "suppressed"
    assert refusal(desk, made) == "suppressed"


def test_outside_the_lawful_hours_it_says_when_and_a_queued_one_waits(desk: World) -> None:
    made = a_charge(desk)
    sent = send(desk, made)
    desk.run("update private.clock set shift = shift + interval '9 hours'")  # 21 h
    assert claim(desk) == []
    row = message(desk, sent)
    assert row["status"] == "queued"
    assert row["next_attempt_at"].astimezone().isoformat() > desk.today.isoformat()
    other = a_charge(desk, 2)
    with pytest.raises(Exception, match="outside_hours") as caught:
        send(desk, other)
    tomorrow = (desk.today + timedelta(days=1)).isoformat()
    assert caught.value.diag.message_detail.startswith(tomorrow)  # type: ignore[attr-defined]  # psycopg's


def test_another_agency_finds_no_charge_and_no_message(desk: World) -> None:
    made = a_charge(desk)
    click = uuid.uuid4()
    send(desk, made, message_id=click)
    stranger = World(desk.connection, "Outra")
    give_address(stranger)
    assert stranger.refused("admin", "send_charge", charge_id=made["id"]) == "charge_not_found"
    assert (
        stranger.refused("admin", "send_charge", charge_id=made["id"], message_id=click)
        == "message_id_reused"
    )


def test_an_id_of_another_message_is_not_this_click(desk: World) -> None:
    click = uuid.uuid4()
    send(desk, a_charge(desk), message_id=click)
    assert refusal(desk, a_charge(desk, 2), message_id=click) == "message_id_reused"


def test_a_rule_cannot_send_a_template_that_speaks_of_a_charge(desk: World) -> None:
    assert desk.one(
        "select private.template_values(%s, array['charge.link', 'charge.amount'])", desk.client
    ) == [None, None]


@pytest.mark.parametrize(
    ("outcome", "code", "ends"),
    [("retry", "provider_unavailable", "queued"), ("failed", "template_rejected", "failed"),
     ("unknown", None, "unknown")],
)  # fmt: skip
def test_every_answer_has_its_end(desk: World, outcome: str, code: str | None, ends: str) -> None:
    sent = send(desk, a_charge(desk))
    [task] = claim(desk)
    desk.run(
        "select private.begin_turn(%s, %s, true) is not distinct from 0",
        task["message_id"],
        task["attempt"],
    )
    desk.run(
        "select private.settle_message(%s, %s, %s, null, %s)",
        task["message_id"], task["attempt"], outcome, code,
    )  # fmt: skip
    row = message(desk, sent)
    assert row["status"] == ends
    assert queued(desk) == (0 if ends == "failed" else 1)
    # Only what certainly did not go may be sent by another click.
    made = {"id": row["charge_id"]}
    assert (send(desk, made)["message_id"] == sent["message_id"]) == (ends != "failed")


def test_five_failures_of_the_provider_end_it(desk: World) -> None:
    sent = send(desk, a_charge(desk))
    for _ in range(5):
        desk.run("update pgmq.q_messages set vt = clock_timestamp() - interval '1 second'")
        [task] = claim(desk)
        desk.run(
            "select private.begin_turn(%s, %s, true) is not distinct from 0",
            task["message_id"],
            task["attempt"],
        )
        desk.run(
            "select private.settle_message(%s, %s, 'retry', null, 'provider_unavailable')",
            task["message_id"], task["attempt"],
        )  # fmt: skip
    row = message(desk, sent)
    assert (row["status"], row["error_code"], queued(desk)) == ("failed", "provider_unavailable", 0)


def test_four_clicks_at_one_moment_are_one_message(copied_url: str) -> None:
    with psycopg.connect(copied_url) as connection:
        world = World(connection)
        world.debt(90_000)
        world.agreement = agree(world, installments=2)  # type: ignore[attr-defined]  # the tests' own
        connect_whatsapp(world)
        made = a_charge(world)
        connection.commit()
        racers = Racers(copied_url, world)
        click = partial(racers.call, "operator", "select public.send_charge(%s, %s)", made["id"])
        answers = racers.together(*[partial(click, uuid.uuid4()) for _ in range(4)])
        assert len({answer["message_id"] for answer in answers}) == 1
        assert queued(world) == 1
