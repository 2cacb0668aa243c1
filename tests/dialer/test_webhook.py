"""3C Plus's address: closed without its key, and in one piece whatever is posted."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_platform.providers import threecplus_calls as shapes
from tests.dialer.test_calls import told
from tests.dialing import Floor
from tests.proof import examples

any_text = st.text(st.characters())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=10,
)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a body."""
    inner = value.items() if isinstance(value, dict) else []
    return [here, *(place for key, item in inner for place in places(item, (*here, key)))]


@st.composite
def almost(draw: st.DrawFn, bodies: list[dict[str, Any]]) -> Any:
    """A real body in which a few places hold anything, or nothing."""
    body: Any = {"": copy.deepcopy(draw(st.sampled_from(bodies)))}
    for _ in range(draw(st.integers(1, 3))):
        place: tuple[Any, ...] = ("", *draw(st.sampled_from(places(body.get("")))))
        way, last = place[:-1], place[-1]
        holder = body
        for key in way:
            holder = holder.get(key, {}) if isinstance(holder, dict) else {}
        if isinstance(holder, dict):
            if draw(st.booleans()):
                holder[last] = draw(json_values)
            else:
                holder.pop(last, None)
    return body.get("", {})


def test_without_the_key_nothing_is_stored(floor: Floor) -> None:
    body = shapes.connected(told(floor))
    for key in ("", "wrong", "' or 1=1", "ä", "x" * 5_000):
        assert floor.callback(body, key).status_code == 401
    assert floor.world.rows("select 1 from private.provider_events") == []
    assert (
        floor.functions.get("/3cplus-webhook", params={"key": floor.webhook_key}).status_code == 405
    )
    answer = floor.functions.post(f"/3cplus-webhook/{floor.webhook_key}", json=body)
    assert answer.status_code == 200


def test_what_is_no_json_object_is_refused_and_what_is_unknown_is_kept(floor: Floor) -> None:
    for body in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 9_999, b'{"a": NaN}'):
        assert floor.callback(body).status_code == 400
    assert floor.callback(b'{"a": "' + b"x" * 1_000_000 + b'"}').status_code == 413
    assert floor.callback({"call-was-invented": {"x": 1}}).status_code == 200
    floor.apply()
    [event] = floor.world.rows("select kind, error, handled_at from private.provider_events")
    assert (event["kind"], event["error"]) == ("other", None)
    assert event["handled_at"] is not None


@pytest.mark.proof
def test_no_body_whatever_makes_it_fail(floor: Floor) -> None:
    client = floor.person(1)
    call = told(floor, client, qualification={"id": 31, "name": "Promessa"})
    bodies = [
        shapes.connected(call), shapes.history(call, "2024"), shapes.history(call, "2025"),
        shapes.connected(call) | shapes.history(call, "2025"),
    ]  # fmt: skip

    @settings(
        max_examples=examples(30, 2_000),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.binary(max_size=200) | json_values | almost(bodies))
    def fuzz(body: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert floor.callback(raw).status_code in (200, 400)

    fuzz()
    floor.apply()
    assert floor.world.rows("select 1 from private.provider_events where handled_at is null") == []


@pytest.mark.parametrize(("days", "kept"), [(91, 0), (89, 1)])
def test_what_a_provider_told_us_is_forgotten_after_ninety_days(
    floor: Floor, days: int, kept: int
) -> None:
    world = floor.world
    world.run(
        "insert into private.provider_events"
        " (provider, external_id, tenant_id, integration_id, kind, payload, received_at)"
        " values ('threecplus', 'old', %s, %s, 'unknown', '{\"name\": \"Pessoa\"}',"
        " private.now() - make_interval(days => %s))",
        world.tenant, floor.integration, days,
    )  # fmt: skip
    forgotten = world.one("select private.forget_provider_events()")
    assert forgotten == 1 - kept
    assert world.one("select count(*) from private.provider_events") == kept


def test_done_tasks_are_forgotten_but_those_of_an_export_that_may_be_resumed(floor: Floor) -> None:
    floor.person(1)
    done = floor.export()
    floor.finish()
    failed = floor.export(campaign_id=124)
    floor.misbehave("answer", "load", status=422)
    floor.finish()
    floor.world.run("update private.dialer_tasks set done_at = done_at - interval '91 days'")
    floor.world.run("select private.forget_provider_events()")
    kept = floor.world.rows("select export_id, kind, status from private.dialer_tasks")
    assert {(str(row["export_id"]), row["kind"], row["status"]) for row in kept} == {
        (failed, "list", "done"), (failed, "part", "failed"),
    }  # fmt: skip
    floor.world.rpc("supervisor", "resume_dialer_export", export_id=failed)
    floor.finish()
    assert {floor.shown(each)["status"] for each in (done, failed)} == {"done"}


def test_after_half_a_year_of_an_export_stay_its_sums(floor: Floor) -> None:
    floor.person(1)
    floor.person(2, phones=[])
    old, new = floor.export(), floor.export(campaign_id=124)
    floor.finish()
    results = "select public.dialer_export_results(%s)"
    with floor.world.acting("supervisor"):
        before = floor.world.one(results, old)
    floor.world.run(
        "update public.dialer_exports set finished_at = finished_at - interval '181 days'"
        " where id = %s", old,
    )  # fmt: skip
    assert floor.world.one("select private.forget_dialer_results()") == len(before["rows"]) == 2
    with floor.world.acting("supervisor"):
        after = floor.world.one(results, old)
        kept = floor.world.one(results, new)
    assert (after["rows"], after["counts"]) == ([], before["counts"])
    assert len(kept["rows"]) == 2
    assert floor.shown(old)["loaded"] == 1
    # Sums cannot be told apart by creditor: whoever is limited is not told them.
    floor.world.run(
        "update public.memberships set creditor_ids = array[%s::uuid] where user_id = %s",
        floor.world.new_creditor("Outro"), floor.world.people["supervisor"],
    )  # fmt: skip
    with floor.world.acting("supervisor"):
        assert floor.world.one(results, old)["counts"] == []
        overview = floor.world.one("select public.dialer_overview()")
    assert {export["id"]: export["results"] for export in overview["exports"]} == {
        old: [], new: None,
    }  # fmt: skip
