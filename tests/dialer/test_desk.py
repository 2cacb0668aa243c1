"""The operator's desk and the supervisor's panel: seats, words, results, calls on a timeline."""

import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from local_platform.providers import threecplus_calls as shapes
from tests.dialer.test_calls import told
from tests.dialer.test_export import dispose
from tests.dialing import OPERATOR_AGENT, Floor


def calls_of(floor: Floor, client: uuid.UUID) -> list[dict[str, Any]]:
    told_of = floor.world.rpc("operator", "client_timeline", client_id=client)
    return [item for item in told_of["items"] if item["kind"] == "call"]


def ask(floor: Floor, who: str = "operator", **action: Any) -> tuple[int, dict[str, Any]]:
    answer = floor.ask(who, "POST", "/3cplus-agent", json=action)
    return answer.status_code, answer.json()


def map_word(floor: Floor, kind: str, word: int, campaign: int = 0) -> None:
    floor.world.rpc(
        "admin", "save_dialer_qualification", campaign_id=campaign, disposition_type=kind,
        qualification_id=word, qualification_name=f"palavra {word}",
    )  # fmt: skip


def test_the_agents_state_is_the_dialers_and_a_way_out_of_a_pause_survives(floor: Floor) -> None:
    assert ask(floor, action="state") == (200, {"state": "idle"})
    ask(floor, action="pause", interval_id=1)
    assert ask(floor, action="state") == (200, {"state": "paused"})
    ask(floor, action="resume")
    telephony_id = floor.connect(phone="11980000001")
    assert ask(floor, action="state") == (200, {"state": "on_call"})
    floor.hang_up(telephony_id)
    agents = floor.held()["agents"]
    floor.register(agents=[agent | {"status": 0} for agent in agents])
    assert ask(floor, action="state") == (200, {"state": "offline"})


def test_what_the_dialer_refuses_is_no_empty_list(floor: Floor) -> None:
    floor.misbehave("answer", "breaks", status=500)
    assert ask(floor, action="breaks") == (502, {"error": "dialer_refused", "detail": "500 Erro"})
    floor.misbehave("answer", "states", status=503)
    assert ask(floor, action="state")[0] == 502
    agents = floor.held()["agents"]
    floor.register(agents=[agent | {"active": False} for agent in agents])
    status, told_of = ask(floor, action="pause", interval_id=1)
    assert (status, told_of["error"]) == (409, "dialer_refused")


def test_click_to_call_asks_for_the_client_on_the_screen(floor: Floor) -> None:
    shared = "+5511980000001"
    mine, other = floor.person(1), floor.person(2, phones=[shared])
    opted_out = {"tenant_id": floor.world.tenant, "client_id": other, "reason": "pediu"}
    floor.world.insert("suppressions", opted_out)
    # Of the number alone, whoever has it is asked.
    status, told_of = ask(floor, action="call", phone=shared)
    assert (status, told_of["error"]) == (409, "client_suppressed")
    status, told_of = ask(floor, action="call", phone=shared, client_id=str(other))
    assert (status, told_of["error"]) == (409, "client_suppressed")
    for stranger in (str(uuid.uuid4()), "x", "' or 1=1"):
        status, told_of = ask(floor, action="call", phone=shared, client_id=stranger)
        assert (status, told_of["error"]) == (404, "client_not_found")
    assert ask(floor, action="call", phone=shared, client_id=str(mine)) == (200, {})


def test_a_cap_refuses_the_hand_as_well_as_the_machine(floor: Floor) -> None:
    client = floor.person(1)
    cap = {"tenant_id": floor.world.tenant, "channel": "call", "days": 1, "attempts": 1}
    floor.world.insert("contact_caps", cap)
    dispose(floor, client, "voicemail")
    status, told_of = ask(floor, action="call", phone="+5511980000001", client_id=str(client))
    assert (status, told_of) == (409, {"error": "contact_not_allowed", "detail": "attempt_cap"})
    assert floor.held()["calls"] == []


def test_a_call_made_by_hand_is_the_clients_on_the_screen_though_two_share_the_number(
    floor: Floor,
) -> None:
    shared = "+5511980000001"
    mine, _ = floor.person(1), floor.person(2, phones=[shared])
    floor.world.rpc("operator", "begin_service", client_id=mine)
    floor.callback(shapes.connected(told(floor, mode="manual")))
    [call] = floor.calls()
    assert call["client_id"] == mine
    # Nobody has the other one on the screen: nobody is guessed.
    floor.world.rpc("operator", "end_service", client_id=mine)
    floor.callback(shapes.connected(told(floor, mode="manual")))
    assert [call["client_id"] for call in floor.calls()].count(None) == 1


def test_a_call_of_nobody_is_disposed_of_without_touching_anybody(floor: Floor) -> None:
    map_word(floor, "voicemail", 34)
    floor.register(webhook_url=None)
    telephony_id = floor.connect(phone="11999990000")
    [held] = floor.held()["calls"]
    floor.callback(shapes.connected(held))
    [mine] = floor.world.rpc("operator", "my_open_calls")
    end = {"call_id": mine["id"], "disposition_type": "voicemail"}
    for kind in ("callback", "negotiate"):
        assert floor.world.refused(
            "operator", "dispose_call", **end | {"disposition_type": kind}
        ) == "disposition_needs_client"  # fmt: skip
    assert floor.world.refused("colleague", "dispose_call", **end) == "call_not_found"
    told_of = floor.world.rpc("operator", "dispose_call", **end)
    assert (told_of["outcome_type"], told_of["qualify_status"]) == ("voicemail", "queued")
    assert floor.world.refused("operator", "dispose_call", **end) == "call_disposed"
    assert floor.world.rpc("operator", "my_open_calls") == []
    floor.finish()
    [theirs] = floor.held()["calls"]
    assert (theirs["telephony_id"], theirs["qualification"]["id"]) == (telephony_id, 34)
    assert floor.world.rows("select 1 from public.call_dispositions") == []


def test_a_link_without_a_call_makes_a_client_with_the_number(floor: Floor) -> None:
    made = floor.world.rpc(
        "operator", "create_client_for_call", call_id=None, document="529.982.247-25",
        name="Nova Pessoa", phone="+5511999990001",
    )  # fmt: skip
    found = floor.world.rpc("operator", "find_client_for_call", identifier="", phone="11999990001")
    assert found["client_id"] == made["client_id"]


def test_a_call_is_on_the_timeline_with_its_time_its_word_and_who_said_it(floor: Floor) -> None:
    client = floor.person(1)
    floor.callback(shapes.connected(told(floor, client)))
    [running] = calls_of(floor, client)
    assert (running["status"], running["talk_seconds"]) == ("connected", None)
    for word, source in ((shapes.TIMED_OUT, "automatic"), ({"id": 33, "name": "X"}, "dialer")):
        call = told(floor, client, qualification=word)
        floor.callback(shapes.history(call, "2025"))
        floor.apply()
        [item] = [item for item in calls_of(floor, client) if item["qualification"] == word["name"]]
        assert (item["qualification_source"], item["talk_seconds"]) == (source, 95)


def test_our_word_replaces_the_timers_when_the_dialer_takes_it(floor: Floor) -> None:
    map_word(floor, "voicemail", 34)
    client = floor.person(1)
    floor.register(webhook_url=None)
    floor.connect(phone="11980000001")
    [held] = floor.held()["calls"]
    timed_out = held | {"qualification": shapes.TIMED_OUT, "ended_at": held["at"] + 9, "status": 7}
    floor.callback(shapes.history(timed_out, "2025"))
    floor.apply()
    assert calls_of(floor, client)[0]["qualification_source"] == "automatic"
    dispose(floor, client, "voicemail")
    floor.finish()
    [item] = calls_of(floor, client)
    assert (item["qualification"], item["qualification_source"]) == ("palavra 34", "ours")
    assert item["qualify_status"] == "done"


def test_an_operator_sits_at_one_agent_and_an_agent_serves_one_operator(floor: Floor) -> None:
    world = floor.world

    def seats() -> dict[int, uuid.UUID]:
        rows = world.rows("select agent_id, user_id from public.dialer_agents")
        return {row["agent_id"]: row["user_id"] for row in rows}

    operator, colleague = world.people["operator"], world.people["colleague"]
    world.rpc("admin", "save_dialer_agent", agent_id=78, user_id=operator, extension="1002")
    assert seats() == {78: operator}
    world.rpc("admin", "save_dialer_agent", agent_id=78, user_id=colleague)
    assert seats() == {78: colleague}
    assert world.refused(
        "supervisor", "save_dialer_agent", agent_id=78, user_id=operator
    ) == "not_allowed"  # fmt: skip
    # Who is no member is seated nowhere, and nobody else loses the seat.
    with pytest.raises(psycopg.Error):
        world.rpc("admin", "save_dialer_agent", agent_id=78, user_id=uuid.uuid4())
    assert seats() == {78: colleague}
    world.rpc("admin", "save_dialer_agent", agent_id=78, user_id=None)
    assert seats() == {}


def test_a_campaigns_own_word_wins_and_without_it_the_common_one_holds(floor: Floor) -> None:
    def word(campaign: int) -> int | None:
        found: int | None = floor.world.one(
            "select private.qualification_of(%s, %s, 'voicemail')", floor.world.tenant, campaign
        )
        return found

    map_word(floor, "voicemail", 34)
    map_word(floor, "voicemail", 35, campaign=123)
    map_word(floor, "voicemail", 31, campaign=123)
    assert (word(123), word(124)) == (31, 34)
    floor.world.rpc(
        "admin", "save_dialer_qualification", campaign_id=123, disposition_type="voicemail",
        qualification_id=None,
    )  # fmt: skip
    assert word(123) == 34
    assert floor.world.refused(
        "supervisor", "save_dialer_qualification", campaign_id=0, disposition_type="voicemail",
        qualification_id=1,
    ) == "not_allowed"  # fmt: skip


def test_the_words_of_all_campaigns_are_those_of_any(floor: Floor) -> None:
    told_of = floor.ask("supervisor", "GET", "/3cplus-campaigns?campaign=0").json()
    assert [item["id"] for item in told_of["qualifications"]] == [31, 32, 33, 34, 35]
    # Both campaigns use one list: it is read once.
    assert floor.counts()["qualifications"] == 1


def test_results_tell_of_each_person_what_became_of_them(floor: Floor) -> None:
    floor.person(1)
    floor.person(2)
    floor.person(3, phones=[])
    floor.register(blacklist=["11980000002"])
    export = floor.export()
    floor.finish()
    results = floor.world.rpc("supervisor", "dialer_export_results", export_id=export)
    fates = Counter((row["name"], row["outcome"], row["reason"]) for row in results["rows"])
    assert fates == Counter(
        {("Pessoa 1", "loaded", None): 1, ("Pessoa 2", "filtered", "blacklist"): 1,
         ("Pessoa 3", "excluded", "no_phone"): 1}
    )  # fmt: skip
    assert sum(count["contacts"] for count in results["counts"]) == 3
    only = floor.world.rpc(
        "supervisor", "dialer_export_results", export_id=export, filter={"outcome": "filtered"}
    )
    assert [row["phone"] for row in only["rows"]] == ["+5511980000002"]


def test_results_come_in_pages_without_gap_or_repeat(floor: Floor) -> None:
    floor.crowd(25)
    export = floor.export()
    floor.finish()
    seen: list[int] = []
    after: int | None = None
    while True:
        page = floor.world.rpc(
            "supervisor", "dialer_export_results", export_id=export, after=after, page_size=10
        )
        seen += [row["place"] for row in page["rows"]]
        after = page["next"]
        if after is None:
            break
        assert len(page["rows"]) == 10
    assert seen == list(range(1, 26))


def test_results_are_a_supervisors_of_that_agency(floor: Floor) -> None:
    floor.person(1)
    export = floor.export()
    ask_for = {"export_id": export}
    assert floor.world.refused("operator", "dialer_export_results", **ask_for) == "not_allowed"
    assert floor.world.refused(
        "supervisor", "dialer_export_results", export_id=uuid.uuid4()
    ) == "dialer_export_not_found"  # fmt: skip
    assert floor.world.refused(
        "supervisor", "dialer_export_results", **ask_for, filter={"nope": 1}
    ) == "unknown_filter"  # fmt: skip


def test_a_silent_webhook_is_an_alarm_until_it_speaks_again(floor: Floor) -> None:
    def silent_since() -> str | None:
        found: str | None = floor.world.rpc("supervisor", "dialer_overview")["health"][
            "silent_since"
        ]
        return found

    client = floor.person(1)
    floor.world.run("update public.integrations set created_at = private.now() - interval '1 day'")
    assert silent_since() is None
    floor.hang_up(floor.connect(phone="11980000001"))
    floor.job("3cplus-reconcile")
    assert silent_since() is not None
    floor.world.run("update private.clock set shift = shift + interval '1 minute'")
    floor.callback(shapes.connected(told(floor, client)))
    assert silent_since() is None


def test_the_webhook_is_switched_off_after_fifty_failures_and_on_again(
    floor: Floor, wait_until: Any
) -> None:
    url = str(floor.functions.base_url.join("/3cplus-webhook?key=wrong"))
    floor.register(webhook_url=url)
    for _ in range(51):
        floor.connect(phone="11980000001")
    wait_until(lambda: floor.held()["failures"] >= 50)
    good = str(floor.functions.base_url.join(f"/3cplus-webhook?key={floor.webhook_key}"))
    [first] = {call["agent"]["id"] for call in floor.held()["calls"]}
    assert first == OPERATOR_AGENT
    floor.register(webhook_url=good)
    assert floor.held()["failures"] == 0
    floor.connect(phone="11980000001")
    wait_until(lambda: len(floor.calls()) == 1)


def test_untold_dispositions_are_counted_by_why(floor: Floor) -> None:
    client = floor.person(1)
    at = (floor.world.one("select private.now()") - timedelta(minutes=5)).timestamp()
    floor.callback(shapes.connected(told(floor, client, at=at)))
    dispose(floor, client, "voicemail")
    health = floor.world.rpc("supervisor", "dialer_overview")["health"]
    assert health["untold_today"] == {"no_mapping": 1}
