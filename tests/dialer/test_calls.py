"""What the dialer tells: one call, one row, the right screen, and never another agency's."""

import json
import uuid
from typing import Any

import pytest

from local_platform.providers import threecplus_calls as shapes
from tests.dialer.test_export import dispose
from tests.dialing import OPERATOR_AGENT, Floor, connect_dialer
from tests.money.world import World

WaitUntil = Any
AT = 1_772_000_000.0


def told(floor: Floor, client: uuid.UUID | None = None, **how: Any) -> dict[str, Any]:
    """A call of agent 77, as the simulator keeps it."""
    contact = client and {
        "identifier": str(client), "campaign_id": 123, "list_id": 9, "phone": "11980000001",
        "data": {},
    }  # fmt: skip
    return {
        "telephony_id": f"1772.{uuid.uuid4().int % 10**9}", "_id": uuid.uuid4().hex,
        "phone": "11980000001", "agent": {"id": OPERATOR_AGENT, "name": "A", "extension": 1001},
        "mode": "dialer", "contact": contact, "campaign": {"id": 123, "name": "Ativa"},
        "at": AT, "ended_at": AT + 95, "qualification": None, "status": 7,
    } | how  # fmt: skip


def popped(floor: Floor) -> list[dict[str, Any]]:
    rows = floor.world.rows(
        "select topic, payload from realtime.messages where event = 'call_connected'"
        " order by inserted_at"
    )
    return [{"topic": row["topic"]} | row["payload"] for row in rows]


def test_a_connected_call_opens_the_operators_screen_in_the_same_transaction(floor: Floor) -> None:
    client = floor.person(1)
    answer = floor.callback(shapes.connected(told(floor, client)))
    assert (answer.status_code, answer.content) == (200, b"")
    [pop] = popped(floor)
    [call] = floor.calls()
    assert pop["topic"] == f"user:{floor.world.people['operator']}"
    assert (pop["call_id"], pop["client_id"]) == (str(call["id"]), str(client))
    assert call["status"] == "connected"
    # The queue has nothing left to do.
    assert not floor.world.rows("select msg_id from pgmq.q_provider_events")
    assert not floor.world.rows("select id from private.provider_events where handled_at is null")
    # Ids alone travel.
    assert "11980000001" not in json.dumps(pop)
    [mine] = floor.world.rpc("operator", "my_open_calls")
    assert (mine["client"], mine["phone"]) == ("Pessoa 1", "+5511980000001")
    assert floor.world.rpc("colleague", "my_open_calls") == []


def test_a_repeated_event_opens_nothing_again(floor: Floor) -> None:
    body = shapes.connected(told(floor, floor.person(1)))
    for _ in range(3):
        assert floor.callback(body).status_code == 200
    assert (len(popped(floor)), len(floor.calls())) == (1, 1)


@pytest.mark.parametrize("shape", ["2024", "2025"])
def test_both_events_in_any_order_end_in_one_finished_call(floor: Floor, shape: str) -> None:
    client = floor.person(1)
    for order in ((0, 1), (1, 0), (1, 1, 0, 0)):
        call = told(floor, client)
        bodies = [shapes.connected(call), shapes.history(call, shape)]
        for which in order:
            floor.callback(bodies[which])
            floor.apply()
        [row] = [c for c in floor.calls() if c["telephony_id"] == call["telephony_id"]]
        assert (row["status"], row["external_id"]) == ("finished", call["_id"])
        assert (row["talk_seconds"], row["list_id"], row["client_id"]) == (95, 9, client)


def test_the_operators_secrets_are_not_kept(floor: Floor) -> None:
    floor.callback(shapes.connected(told(floor)))
    [event] = floor.world.rows("select payload from private.provider_events")
    kept = json.dumps(event["payload"])
    assert "segredo-do-agente" not in kept
    assert "senha-do-ramal" not in kept


def test_two_agencies_with_the_same_number_never_see_each_others_calls(floor: Floor) -> None:
    other = World(floor.world.connection, "Outra")
    floor.world.set_today(floor.world.today)
    _, other_key = connect_dialer(other)
    theirs = other.new_client("Fulana")
    other.insert(
        "client_phones",
        {"tenant_id": other.tenant, "client_id": theirs, "phone": "+5511980000001",
         "kind": "mobile", "position": 0},
    )  # fmt: skip
    ours = floor.person(1)
    floor.callback(shapes.connected(told(floor)))
    # Their event names our client; it is nobody's there.
    floor.callback(shapes.connected(told(floor, ours)), other_key)
    calls = {call["tenant_id"]: call["client_id"] for call in floor.calls()}
    assert calls == {floor.world.tenant: ours, other.tenant: theirs}
    for world, mine in ((floor.world, ours), (other, theirs)):
        with world.acting("operator"):
            seen = world.rows("select client_id from public.calls")
        assert [row["client_id"] for row in seen] == [mine]
    # Agent 77 is mapped in our agency alone.
    assert len(popped(floor)) == 1


def test_an_unknown_number_is_linked_or_created_and_disposed_of(floor: Floor) -> None:
    floor.callback(shapes.connected(told(floor, phone="11999990000")))
    [call] = floor.calls()
    assert call["client_id"] is None
    world = floor.world
    known = floor.person(1)
    linked = world.rpc("operator", "link_call", call_id=call["id"], client_id=known)
    assert linked["client_id"] == str(known)
    dispose(floor, known, "negotiate")
    assert floor.calls()[0]["disposition_id"] is not None
    assert world.rpc("operator", "my_open_calls") == []
    again = floor.person(2)
    assert (
        world.refused("operator", "link_call", call_id=call["id"], client_id=again)
        == "call_disposed"
    )
    assert (
        world.refused("colleague", "link_call", call_id=call["id"], client_id=again)
        == "call_not_found"
    )
    floor.callback(shapes.connected(told(floor, phone="11999990001")))
    [second] = world.rpc("operator", "my_open_calls")
    made = world.rpc(
        "operator", "create_client_for_call", call_id=second["id"], document="529.982.247-25",
        name="Nova Pessoa",
    )  # fmt: skip
    found = world.rpc("operator", "find_client_for_call", identifier="", phone="11999990001")
    assert found["client_id"] == made["client_id"]


def test_the_stable_address_finds_the_client_and_never_guesses(floor: Floor) -> None:
    one, two = floor.person(1), floor.person(2)
    three = floor.person(3, phones=["+5555987654321"])

    def find(**said: str) -> dict[str, Any]:
        found: dict[str, Any] = floor.world.rpc("operator", "find_client_for_call", **said)
        return found

    assert find(identifier=str(one), phone="")["client_id"] == str(one)
    assert find(identifier="nope", phone="5511980000002")["client_id"] == str(two)
    # Area code 55 is Rio Grande do Sul, not Brazil.
    assert find(identifier="", phone="55987654321")["client_id"] == str(three)
    floor.person(4, phones=["+5511980000002"])
    shared = find(identifier="", phone="11980000002")
    assert (shared["client_id"], len(shared["candidates"])) == (None, 2)


def test_a_disposition_is_told_to_the_dialer_in_the_campaigns_words(floor: Floor) -> None:
    world, client = floor.world, floor.person(1)
    for campaign, word in ((0, 32), (123, 31)):
        world.insert(
            "dialer_qualifications",
            {"tenant_id": world.tenant, "campaign_id": campaign, "qualification_id": word,
             "disposition_type": "negotiate"},
        )  # fmt: skip
    floor.export()
    floor.finish()
    telephony_id = floor.connect(identifier=str(client))
    floor.register(webhook_url=None)
    call = next(c for c in floor.held()["calls"] if c["telephony_id"] == telephony_id)
    floor.callback(shapes.connected(call))
    dispose(floor, client, "negotiate")
    floor.finish()
    [theirs] = floor.held()["calls"]
    assert theirs["qualification"]["id"] == 31
    floor.callback(shapes.history(theirs | {"ended_at": theirs["at"] + 9}, "2025"))
    floor.apply()
    [ours] = floor.calls()
    assert (ours["qualify_status"], ours["qualification_source"]) == ("done", "ours")


def test_the_dialers_own_words_come_back_marked(floor: Floor) -> None:
    client = floor.person(1)
    for word, source in ((shapes.TIMED_OUT, "automatic"), ({"id": 33, "name": "X"}, "dialer")):
        call = told(floor, client, qualification=word)
        floor.callback(shapes.history(call, "2025"))
        floor.apply()
        [row] = [c for c in floor.calls() if c["telephony_id"] == call["telephony_id"]]
        assert row["qualification_source"] == source


def test_a_disposition_without_its_word_or_token_says_so(floor: Floor) -> None:
    client = floor.person(1)
    floor.callback(shapes.connected(told(floor, client)))
    dispose(floor, client, "voicemail")
    assert floor.calls()[0]["qualify_status"] == "no_mapping"


def test_a_wrong_number_leaves_the_mailing_and_the_clients_other_number_stays(
    floor: Floor,
) -> None:
    client = floor.person(1, phones=["+5511980000001", "+5511980000009"])
    floor.export()
    floor.finish()
    floor.callback(shapes.connected(told(floor, client)))
    dispose(floor, client, "wrong_contact")
    floor.finish()
    assert set(floor.loaded()) == {(str(client), "11980000009")}


def test_reconciliation_finds_what_webhooks_lost_and_says_so_once_a_day(floor: Floor) -> None:
    client = floor.person(1)
    floor.world.run("update public.integrations set created_at = private.now() - interval '1 day'")
    floor.export()
    floor.finish()
    for _ in range(2):
        floor.hang_up(floor.connect(identifier=str(client)))
    assert floor.job("3cplus-reconcile") == {"found": 2, "recovered": 2, "failed": 0}
    assert floor.job("3cplus-reconcile")["recovered"] == 0
    assert {(c["status"], c["client_id"]) for c in floor.calls()} == {("finished", client)}
    floor.hang_up(floor.connect(identifier=str(client)))
    assert floor.job("3cplus-reconcile")["recovered"] == 1
    told_of = floor.world.rows(
        "select user_id from public.notifications where kind = 'dialer_silent'"
    )
    assert len(told_of) == len({row["user_id"] for row in told_of}) == 2


def test_a_list_that_could_not_be_read_is_read_again_from_where_it_was(floor: Floor) -> None:
    floor.world.run("update public.integrations set created_at = private.now() - interval '1 day'")
    floor.misbehave("answer", "calls", status=500)
    assert floor.job("3cplus-reconcile")["failed"] == 1
    floor.hang_up(floor.connect(phone="11980000001"))
    assert floor.job("3cplus-reconcile")["recovered"] == 1


def test_the_webhook_of_the_simulator_itself_opens_the_screen(
    floor: Floor, wait_until: WaitUntil
) -> None:
    url = floor.functions.base_url.join(f"/3cplus-webhook?key={floor.webhook_key}")
    floor.register(webhook_url=str(url))
    floor.habits(copies=2)
    telephony_id = floor.connect(phone="11980000001")
    wait_until(lambda: popped(floor))
    floor.hang_up(telephony_id, qualification_id=-3)

    def is_finished() -> bool:
        floor.apply()
        return bool(floor.calls()[0]["status"] == "finished")

    wait_until(is_finished)
    assert len(floor.calls()) == 1


def test_click_to_call_asks_the_law_first(floor: Floor) -> None:
    client = floor.person(1)
    call = {"action": "call", "phone": "+5511980000001"}
    assert floor.ask("operator", "POST", "/3cplus-agent", json=call).status_code == 200
    [made] = floor.held()["calls"]
    assert (made["phone"], made["mode"]) == ("11980000001", "manual")
    answer = floor.ask("operator", "POST", "/3cplus-agent", json=call)
    assert (answer.status_code, answer.json()["error"]) == (409, "agent_not_idle")
    floor.world.run("update private.clock set shift = shift + interval '10 hours'")
    answer = floor.ask("operator", "POST", "/3cplus-agent", json=call)
    assert (answer.status_code, answer.json()["error"]) == (409, "contact_not_allowed")
    stranger = {"action": "call", "phone": "+5511955554444"}
    answer = floor.ask("operator", "POST", "/3cplus-agent", json=stranger)
    assert answer.json()["error"] == "contact_not_allowed"
    floor.world.insert(
        "suppressions",
        {"tenant_id": floor.world.tenant, "client_id": client, "reason": "pediu"},
    )
    answer = floor.ask("operator", "POST", "/3cplus-agent", json=call)
    assert answer.json()["error"] == "client_suppressed"
    assert len(floor.held()["calls"]) == 1


def test_an_operator_pauses_and_returns_and_one_without_a_seat_does_neither(
    floor: Floor,
) -> None:
    assert floor.ask("operator", "POST", "/3cplus-agent", json={"action": "breaks"}).json() == {
        "breaks": [{"id": 1, "name": "Almoço"}, {"id": 2, "name": "Café"}]
    }
    for action, status in (({"action": "pause", "interval_id": 1}, 6), ({"action": "resume"}, 1)):
        assert floor.ask("operator", "POST", "/3cplus-agent", json=action).status_code == 200
        assert floor.held()["agents"][0]["status"] == status
    answer = floor.ask("operator", "POST", "/3cplus-agent", json={"action": "pause"})
    assert answer.status_code == 400
    answer = floor.ask("colleague", "POST", "/3cplus-agent", json={"action": "resume"})
    assert (answer.status_code, answer.json()["error"]) == (409, "dialer_seat_missing")
