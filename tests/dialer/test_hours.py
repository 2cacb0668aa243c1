"""The machine calls nobody whose state has closed, and everybody again when it opens."""

import uuid
from datetime import date
from typing import Any

import pytest

from local_platform.providers import threecplus_calls as shapes
from tests.dialing import HOST, MANAGER, Floor
from tests.money.deals import agree


def at(floor: Floor, day: str, hour: str) -> None:
    """That local time in São Paulo; then a minute's job, and all it asks for."""
    set_clock(floor, day, hour)
    keep(floor)


def set_clock(floor: Floor, day: str, hour: str) -> None:
    floor.world.run(
        "update private.clock set shift ="
        " (%s::date + %s::time) at time zone 'America/Sao_Paulo' - clock_timestamp()", day, hour,
    )  # fmt: skip


def keep(floor: Floor) -> None:
    """As many minutes as it takes; the job comes every one of them."""
    for _ in range(3):
        minute(floor)
        floor.finish()


def minute(floor: Floor) -> None:
    """What the clock calls every minute."""
    floor.world.run("select private.silence_closed_lists()")
    floor.world.run("call private.keep_dialer_hours()")
    floor.world.run("select private.sweep_dialer()")


def weights(floor: Floor) -> list[int]:
    return [item["weight"] for item in floor.held()["lists"]]


def inside(floor: Floor) -> set[str]:
    return {name for name, _ in floor.loaded()}


def state(floor: Floor, export: str) -> tuple[str, int, int]:
    shown = floor.shown(export)
    return shown["hours_state"], shown["loaded"], shown["removed"]


@pytest.fixture
def mixed(floor: Floor) -> tuple[Floor, str, str, str]:
    """Three of São Paulo and one of Rio, loaded on a Tuesday at noon with weight 7."""
    for n in range(1, 4):
        floor.person(n)
    rio = str(floor.person(9, uf="RJ", phones=["+5521980000009"]))
    sao_paulo = str(floor.world.one("select min(id::text) from public.clients where uf = 'SP'"))
    at(floor, "2026-03-10", "12:00")
    export = floor.export(weight=7)
    floor.finish()
    keep(floor)
    assert (len(inside(floor)), weights(floor)) == (4, [7])
    return floor, export, rio, sao_paulo


def test_the_few_of_a_state_that_closes_are_taken_out_and_come_back(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, export, rio, _ = mixed
    at(floor, "2026-03-10", "19:01")  # Rio closes at 19, São Paulo at 20
    assert rio not in inside(floor)
    assert (len(inside(floor)), weights(floor)) == (3, [7])
    assert floor.fates(export)["removed", "outside_hours"] == 1
    at(floor, "2026-03-11", "09:01")
    assert rio in inside(floor)
    assert state(floor, export) == ("open", 4, 0)
    assert set(floor.loaded().values()) == {1}


def test_who_could_not_be_put_back_is_tried_again_at_the_next_opening(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, export, rio, _ = mixed
    at(floor, "2026-03-10", "19:01")
    floor.misbehave("answer", "load", status=422)
    at(floor, "2026-03-11", "09:01")
    assert rio not in inside(floor)
    assert floor.fates(export)["removed", "outside_hours"] == 1
    assert state(floor, export) == ("open", 4, 1)
    at(floor, "2026-03-11", "19:01")
    at(floor, "2026-03-12", "09:01")
    assert rio in inside(floor)
    assert state(floor, export) == ("open", 4, 0)


def test_where_most_are_closed_the_list_is_silent_and_keeps_its_people(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, export, _, _ = mixed
    at(floor, "2026-03-10", "20:01")
    assert (len(inside(floor)), weights(floor)) == (4, [0])
    assert state(floor, export)[0] == "silent"
    # At eight São Paulo opens; Rio, which opens at nine, is out before anybody is called.
    at(floor, "2026-03-11", "08:01")
    assert (len(inside(floor)), weights(floor)) == (3, [7])
    at(floor, "2026-03-11", "09:01")
    assert (len(inside(floor)), weights(floor)) == (4, [7])


@pytest.mark.parametrize(
    ("day", "hour"),
    [("2026-03-15", "12:00"), ("2026-04-03", "12:00"), ("2026-03-14", "14:01")],
    ids=["Sunday", "Good Friday", "Saturday afternoon"],
)
def test_sundays_holidays_and_saturday_afternoons_are_silent(
    mixed: tuple[Floor, str, str, str], day: str, hour: str
) -> None:
    floor, _, _, _ = mixed
    at(floor, day, hour)
    assert weights(floor) == [0]


def test_an_agencys_own_holiday_is_silent(mixed: tuple[Floor, str, str, str]) -> None:
    floor, _, _, _ = mixed
    day = {"tenant_id": floor.world.tenant, "day": date(2026, 3, 11), "name": "Aniversário",
           "created_by": floor.world.people["admin"]}  # fmt: skip
    floor.world.insert("tenant_holidays", day)
    at(floor, "2026-03-11", "12:00")
    assert weights(floor) == [0]


def test_asked_again_nothing_more_is_asked_of_the_dialer(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, _, _, _ = mixed
    for hour in ("19:01", "20:01"):
        at(floor, "2026-03-10", hour)
        before = floor.counts()
        keep(floor)
        assert floor.counts() == before


def test_who_agreed_meanwhile_does_not_come_back(mixed: tuple[Floor, str, str, str]) -> None:
    floor, export, rio, _ = mixed
    at(floor, "2026-03-10", "19:01")
    floor.world.policy()
    agree(floor.world, client_id=uuid.UUID(rio), installments=1)
    at(floor, "2026-03-11", "09:01")
    assert rio not in inside(floor)
    assert floor.fates(export)["excluded", "agreement_running"] == 1


def test_who_spoke_meanwhile_does_not_come_back(mixed: tuple[Floor, str, str, str]) -> None:
    floor, export, rio, _ = mixed
    floor.connect(identifier=rio)
    floor.callback(shapes.connected(floor.held()["calls"][-1]))
    at(floor, "2026-03-10", "19:01")
    at(floor, "2026-03-11", "09:01")
    assert rio not in inside(floor)
    assert floor.fates(export)["removed", "outside_hours"] == 1


def test_a_list_that_the_dialer_will_not_silence_is_told_and_tried_until_it_is(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, export, _, _ = mixed
    floor.misbehave("answer", "weight", status=422)
    at(floor, "2026-03-10", "20:01")
    assert weights(floor) == [7]
    told: list[dict[str, Any]] = floor.world.rows(
        "select user_id, payload from public.notifications where kind = 'dialer_silence_failed'"
    )
    assert floor.world.people["supervisor"] in {row["user_id"] for row in told}
    assert {row["payload"]["export_id"] for row in told} == {export}
    floor.world.run("update private.dialer_tasks set done_at = done_at - interval '10 minutes'")
    keep(floor)
    assert weights(floor) == [0]


def test_the_silence_of_last_night_is_not_said_in_the_morning(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, _, _, _ = mixed
    floor.misbehave("answer", "weight", status=422)
    at(floor, "2026-03-10", "20:01")
    at(floor, "2026-03-11", "10:00")
    floor.world.run("update private.dialer_tasks set done_at = done_at - interval '10 minutes'")
    keep(floor)
    assert weights(floor) == [7]
    assert len(inside(floor)) == 4


def loudest(floor: Floor, export: str) -> int:
    name = floor.shown(export)["list_name"]
    return max(int(item["weight"]) for item in floor.held()["lists"] if name in item["name"])


def test_at_closing_nobody_is_dialled_before_the_lists_are_compared(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, export, rio, _ = mixed
    # A minute before Rio closes: silent first, and only then asked about its people.
    set_clock(floor, "2026-03-10", "18:59:30")
    floor.world.run("select private.silence_closed_lists()")
    floor.finish()
    assert (len(inside(floor)), weights(floor)) == (4, [0])
    keep(floor)
    assert rio not in inside(floor)
    assert (len(inside(floor)), weights(floor)) == (3, [7])
    assert state(floor, export)[0] == "open"


def test_a_comparison_that_comes_before_the_silence_takes_nobody_out_of_a_loud_list(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, export, rio, _ = mixed
    set_clock(floor, "2026-03-10", "18:59:30")
    floor.world.run("call private.keep_dialer_hours()")
    assert state(floor, export)[0] == "opening"
    floor.world.run("select private.silence_closed_lists()")
    keep(floor)
    assert rio not in inside(floor)
    assert weights(floor) == [7]
    assert state(floor, export)[0] == "open"


def test_a_list_without_anybody_of_the_state_that_closes_is_dialled_on(floor: Floor) -> None:
    floor.person(1)
    at(floor, "2026-03-10", "12:00")
    floor.export(weight=7)
    floor.finish()
    keep(floor)
    set_clock(floor, "2026-03-10", "19:01")
    assert floor.world.one("select private.silence_closed_lists()") == 0
    before = floor.counts()
    keep(floor)
    assert floor.counts() == before
    assert weights(floor) == [7]


def test_a_list_that_errs_does_not_keep_the_others_loud(floor: Floor) -> None:
    floor.person(1)
    at(floor, "2026-03-10", "12:00")
    exports = [
        floor.export(campaign_id=campaign, list_name=name, weight=7)
        for campaign, name in ((123, "Quebrada"), (124, "Inteira"))
    ]
    floor.finish()
    keep(floor)
    floor.world.run(
        "create function private.break_a_list() returns trigger language plpgsql as"
        " 'begin if new.list_name = ''Quebrada'' then raise ''broken''; end if; return new; end'"
    )
    floor.world.run(
        "create trigger break_a_list before update on public.dialer_exports"
        " for each row execute function private.break_a_list()"
    )
    at(floor, "2026-03-10", "20:01")
    assert [loudest(floor, export) for export in exports] == [7, 0]
    told = floor.world.rows("select result, failures from public.job_runs where job ="
                            " 'dialer_hours'")  # fmt: skip
    # Three minutes have failed; it is said once.
    assert [(row["result"]["export_id"], row["failures"]) for row in told] == [(exports[0], 1)]
    floor.world.run("drop trigger break_a_list on public.dialer_exports")
    keep(floor)
    assert [loudest(floor, export) for export in exports] == [0, 0]


def take(floor: Floor, kind: str) -> tuple[uuid.UUID, int]:
    """The next task, begun by a worker that takes its time."""
    [task] = floor.world.rows("select * from private.claim_dialer_tasks(1, 180)")
    assert task["kind"] == kind
    ids = task["task_id"], task["attempt"]
    assert floor.world.one("select private.begin_dialer_task(%s, %s)", *ids)
    return ids


def test_a_list_that_is_ready_just_after_closing_stays_silent(floor: Floor) -> None:
    floor.person(1)
    set_clock(floor, "2026-03-10", "19:50")
    export = floor.export(weight=7)
    floor.misbehave("answer", "load", status=500)
    floor.job()
    floor.elapse()
    loading = take(floor, "part")
    # São Paulo closes, and no minute's job has looked yet.
    set_clock(floor, "2026-03-10", "20:00:05")
    done = "select private.settle_dialer_task(%s, %s, 'done', '{\"imported\": 1}')"
    assert floor.world.one(done, *loading)
    floor.finish()
    assert floor.shown(export)["status"] == "done"
    assert weights(floor) == [0]
    at(floor, "2026-03-11", "08:01")
    assert weights(floor) == [7]


def test_an_opening_said_late_does_not_open_a_closed_list(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, _, _, _ = mixed
    at(floor, "2026-03-10", "20:01")
    assert weights(floor) == [0]
    set_clock(floor, "2026-03-11", "09:01")
    minute(floor)
    take(floor, "weight")
    set_clock(floor, "2026-03-11", "20:01")
    floor.world.run("select private.silence_closed_lists()")
    # The one before is not known to be over: it is said again, and says what holds now.
    [again] = floor.world.rows("select * from private.claim_dialer_tasks(4, 180)")
    assert again["body"]["weight"] == 0
    floor.finish()
    assert weights(floor) == [0]


def test_a_list_deleted_at_the_dialer_is_asked_for_no_more(
    mixed: tuple[Floor, str, str, str],
) -> None:
    floor, export, _, _ = mixed
    [held] = floor.held()["lists"]
    floor.dialer.delete(
        f"/{HOST}/api/v1/campaigns/123/lists/{held['id']}",
        headers={"Authorization": f"Bearer {MANAGER}"},
    ).raise_for_status()
    at(floor, "2026-03-10", "20:01")
    assert state(floor, export)[0] == "gone"
    assert not floor.world.rows(
        "select id from public.notifications where kind = 'dialer_silence_failed'"
    )
    before = floor.counts()
    at(floor, "2026-03-11", "10:00")
    assert floor.counts() == before


def test_a_list_of_last_month_is_silent_for_good(mixed: tuple[Floor, str, str, str]) -> None:
    floor, export, _, _ = mixed
    at(floor, "2026-04-13", "12:00")
    assert state(floor, export)[0] == "expired"
    assert weights(floor) == [0]
    before = floor.counts()
    at(floor, "2026-04-14", "12:00")
    assert floor.counts() == before


def test_many_are_taken_out_and_brought_back_in_steps(floor: Floor) -> None:
    for n in range(5):
        floor.person(n, uf="RJ")
    at(floor, "2026-03-10", "12:00")
    export = floor.export()
    floor.finish()
    step = "(export, %s, 2) from public.dialer_exports as export where id = %s"
    out = "select private.take_out_closed" + step
    assert [floor.world.one(out, ["RJ"], export) for _ in range(4)] == [2, 2, 1, 0]
    floor.finish()
    assert not floor.loaded()
    back = "select private.bring_back_opened" + step
    assert [floor.world.one(back, [], export) for _ in range(4)] == [2, 2, 1, 0]
    floor.finish()
    assert len(floor.loaded()) == 5
