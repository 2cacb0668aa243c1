"""Contact is lawful by construction, in the debtor's own time."""

from contextlib import nullcontext
from datetime import date, timedelta
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proof import examples
from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock

DECIDE = (
    "select allowed, next_allowed_at::text, reason"
    " from private.contact_decision(%s, %s, 'whatsapp', %s::timestamptz)"
)


@pytest.mark.parametrize(
    ("at", "next_allowed"),
    [
        # Monday to Friday from 8 to 20, the first instant in, the last one out.
        ("2026-11-23 08:00-03", None),
        ("2026-11-23 19:59:59-03", None),
        ("2026-11-23 20:00-03", "2026-11-24 08:00-03"),
        ("2026-11-23 07:59:59-03", "2026-11-23 08:00-03"),
        # Saturday until 14, never on Sunday.
        ("2026-11-21 13:59-03", None),
        ("2026-11-21 14:00-03", "2026-11-23 08:00-03"),
        ("2026-11-22 10:00-03", "2026-11-23 08:00-03"),
        # Fixed and movable holidays, alone and beside a weekend.
        ("2026-12-25 10:00-03", "2026-12-26 08:00-03"),
        ("2026-04-03 10:00-03", "2026-04-04 08:00-03"),
        ("2027-01-01 10:00-03", "2027-01-02 08:00-03"),
        ("2026-11-02 09:00-03", "2026-11-03 08:00-03"),
        # Late evening in Brasília is already tomorrow in UTC.
        ("2026-11-23 21:30-03", "2026-11-24 08:00-03"),
    ],
)
def test_golden_instants(
    db: psycopg.Connection, world: World, at: str, next_allowed: str | None
) -> None:
    row = db.execute(DECIDE, (TENANT, world.ids["client"], at)).fetchone()
    assert row is not None
    allowed, found, reason = row
    assert (allowed, reason) == (
        next_allowed is None,
        None if next_allowed is None else "outside_hours",
    )
    assert scalar(db, "select %s::timestamptz = %s::timestamptz", found, next_allowed or at)


@pytest.mark.parametrize(
    ("uf", "opens"),
    [
        ("SP", "08:00-03"),
        ("AC", "08:00-05"),
        ("AM", "08:00-04"),
        ("MT", "08:00-04"),
        ("RR", "08:00-04"),
        ("BA", "08:00-03"),
    ],
)
def test_hours_are_the_debtors_own(
    db: psycopg.Connection, world: World, uf: str, opens: str
) -> None:
    db.execute("update public.clients set uf = %s where id = %s", (uf, world.ids["client"]))
    row = db.execute(
        "select opens_at = %s::timestamptz from private.contact_hours(%s, %s, %s, 1)",
        (f"2026-11-23 {opens}", TENANT, world.ids["client"], "2026-11-23 12:00-03"),
    ).fetchone()
    assert row == (True,)


def test_without_a_state_the_agencys_zone_counts(db: psycopg.Connection, world: World) -> None:
    db.execute("update public.tenants set time_zone = 'America/Manaus' where id = %s", (TENANT,))
    db.execute("update public.clients set uf = null where id = %s", (world.ids["client"],))
    db.execute("delete from public.client_addresses")
    db.execute("delete from public.client_phones where client_id = %s", (world.ids["client"],))
    row = db.execute(DECIDE, (TENANT, world.ids["client"], "2026-11-23 08:30-03")).fetchone()
    assert row is not None
    assert row[0] is False


def test_a_states_own_window_replaces_the_default(db: psycopg.Connection, world: World) -> None:
    db.execute("update public.clients set uf = 'BA' where id = %s", (world.ids["client"],))
    db.execute("insert into private.calling_windows values ('BA', 1, '09:00', '19:00', 'a law')")
    hours = db.execute(
        "select day::text from private.contact_hours(%s, %s, '2026-11-23 12:00-03', 7)",
        (TENANT, world.ids["client"]),
    ).fetchall()
    assert hours == [("2026-11-23",)], "only Mondays are left"


def test_a_states_holiday_is_not_the_countrys(db: psycopg.Connection, world: World) -> None:
    db.execute("insert into private.holidays (name, uf, month, day) values ('Local', 'BA', 7, 2)")
    for uf, is_open in (("BA", False), ("SP", True), (None, True)):
        db.execute("update public.clients set uf = %s where id = %s", (uf, world.ids["client"]))
        hours = db.execute(
            "select day from private.contact_hours(%s, %s, '2026-07-02 12:00-03', 1)",
            (TENANT, world.ids["client"]),
        ).fetchall()
        assert bool(hours) is is_open


def test_never_suppressed_people(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "insert into public.suppressions (tenant_id, client_id, reason) values (%s, %s, 'pediu')",
        (TENANT, world.ids["client"]),
    )
    row = db.execute(DECIDE, (TENANT, world.ids["client"], "2026-11-23 12:00-03")).fetchone()
    assert row == (False, None, "suppressed")


def test_a_suppressed_phone_leaves_the_other_one(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "insert into public.suppressions (tenant_id, client_id, phone, reason)"
        " values (%s, %s, '+5511987650001', 'não é meu')",
        (TENANT, world.ids["client"]),
    )
    ask = "select private.is_suppressed(%s, %s, %s, 'whatsapp', private.now())"
    for phone, is_suppressed in (("+551187650001", True), ("+5511987650002", False)):
        assert scalar(db, ask, TENANT, world.ids["client"], phone) is is_suppressed
    assert scalar(db, ask, TENANT, uuid4(), "+5511987650001") is False, "a relative's same phone"


EASTERS = {
    2024: "2024-03-31",
    2025: "2025-04-20",
    2026: "2026-04-05",
    2027: "2027-03-28",
    2038: "2038-04-25",
    2285: "2285-03-22",
}


@pytest.mark.parametrize("year", EASTERS)
def test_easter(db: psycopg.Connection, year: int) -> None:
    assert str(scalar(db, "select private.easter(%s)", year)) == EASTERS[year]


@pytest.mark.proof
@settings(
    max_examples=examples(20, 1500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    day=st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    minute=st.integers(0, 24 * 60 - 1),
    uf=st.sampled_from([None, "SP", "AC", "AM", "RJ"]),
)
def test_the_next_lawful_instant_is_lawful_and_not_past(
    db: psycopg.Connection, world: World, day: date, minute: int, uf: str | None
) -> None:
    db.execute("update public.clients set uf = %s where id = %s", (uf, world.ids["client"]))
    at = f"{day} {timedelta(minutes=minute)}-03"
    row = db.execute(
        "select next_allowed_at >= %s::timestamptz, again.allowed, allowed = (next_allowed_at = %s)"
        " from private.contact_decision(%s, %s, 'call', %s) as first,"
        " lateral (select allowed from private.contact_decision(%s, %s, 'call',"
        "   first.next_allowed_at)) as again (allowed)".replace("allowed = (", "first.allowed = ("),
        (at, at, TENANT, world.ids["client"], at, TENANT, world.ids["client"]),
    ).fetchone()
    assert row == (True, True, True)


def test_the_business_day_is_the_agencys(db: psycopg.Connection) -> None:
    """At 22 h in São Paulo it is tomorrow in UTC; it is today for the agency."""
    db.execute(
        "update private.clock set shift = '2026-11-23 22:00-03'::timestamptz - clock_timestamp()"
    )
    assert str(scalar(db, "select private.today(%s)", TENANT)) == "2026-11-23"


def test_people_cannot_move_the_clock(db: psycopg.Connection, world: World) -> None:
    granted = db.execute(
        "select role from unnest(array['anon','authenticated','worker','webhook','functions'])"
        " as role where has_table_privilege(role, 'private.clock', 'select,insert,update,delete')"
    ).fetchall()
    assert granted == []


@pytest.mark.parametrize(
    ("uf", "at", "opens"),
    [
        # Rio: 9 to 19 on weekdays; Saturdays and evenings are closed.
        ("RJ", "2026-11-23 08:59-03", "2026-11-23 09:00-03"),
        ("RJ", "2026-11-23 19:00-03", "2026-11-24 09:00-03"),
        ("RJ", "2026-11-28 10:00-03", "2026-11-30 09:00-03"),
        ("ES", "2026-11-23 19:30-03", "2026-11-24 08:00-03"),
        ("AM", "2026-11-23 19:00-04", "2026-11-24 08:00-04"),
        ("AL", "2026-11-28 14:00-03", "2026-11-30 08:00-03"),
    ],
)
def test_states_with_a_law_of_their_own(
    db: psycopg.Connection, world: World, uf: str, at: str, opens: str
) -> None:
    db.execute("update public.clients set uf = %s where id = %s", (uf, world.ids["client"]))
    row = db.execute(DECIDE, (TENANT, world.ids["client"], at)).fetchone()
    assert row is not None
    assert (row[0], row[2]) == (False, "outside_hours")
    assert scalar(db, "select %s::timestamptz = %s::timestamptz", row[1], opens)


def test_every_window_names_its_source(db: psycopg.Connection) -> None:
    laws = "select distinct uf from private.calling_windows where source ~ 'Lei' and uf is not null"
    assert {uf for (uf,) in db.execute(laws)} == {"SP", "AL", "RJ", "ES", "AM"}


def test_without_an_address_the_area_code_says_the_state(
    db: psycopg.Connection, world: World
) -> None:
    client = world.ids["client"]
    db.execute("update public.clients set uf = null where id = %s", (client,))
    db.execute("delete from public.client_addresses where client_id = %s", (client,))
    assert scalar(db, "select private.contact_uf(%s, %s)", TENANT, client) == "SP"
    db.execute("update public.client_phones set phone = '+5568987650001' where client_id = %s",
               (client,))  # fmt: skip
    assert scalar(db, "select private.contact_uf(%s, %s)", TENANT, client) == "AC"
    assert scalar(db, "select count(*) from private.area_codes") == 67


def test_an_agency_can_only_be_stricter(db: psycopg.Connection, world: World) -> None:
    db.execute("update public.tenant_calling_windows set opens = '10:00', closes = '23:00'")
    db.execute("delete from public.tenant_calling_windows where weekday = 2")
    ask = "select day::text, opens_at, closes_at from private.contact_hours_in(%s, 'SP', %s, 6)"
    hours = db.execute(ask, (TENANT, "2026-11-23 12:00-03")).fetchall()
    assert [day for day, _, _ in hours] == [
        "2026-11-23", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28",
    ]  # fmt: skip
    assert (hours[0][1].hour, hours[0][2] - hours[0][1]) == (13, timedelta(hours=10))


def test_the_agencys_own_holidays_close(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "insert into public.tenant_holidays (tenant_id, day, name) values (%s, '2099-03-10', 'X')",
        (TENANT,),
    )
    ask = "select count(*) from private.contact_hours_in(%s, 'SP', '2099-03-10 12:00-03', 1)"
    assert scalar(db, ask, TENANT) == 0


def test_a_cap_counts_the_clients_attempts_and_names_the_next_day(
    db: psycopg.Connection, world: World
) -> None:
    # A Monday that is nobody's today: what the world was made with counts on its own day.
    client = world.ids["client"]
    db.execute("delete from public.contact_caps")
    db.execute("delete from public.calls")
    db.execute("delete from public.callbacks")
    db.execute(
        "insert into public.contact_caps (tenant_id, channel, days, attempts)"
        " values (%s, 'call', 1, 2), (%s, 'call', 7, 5)", (TENANT, TENANT),
    )  # fmt: skip
    decide = (
        "select allowed, next_allowed_at = '2035-05-08 08:00-03', reason"
        " from private.contact_decision(%s, %s, 'call', '2035-05-07 15:00-03')"
    )
    for hour in (9, 10):
        assert db.execute(decide, (TENANT, client)).fetchone() == (True, False, None)
        db.execute(
            "insert into public.calls"
            " (tenant_id, integration_id, external_id, client_id, status, called_at)"
            " values (%s, %s, %s, %s, 'not_answered', %s)",
            (TENANT, world.ids["integration"], f"cap-{hour}", client, f"2035-05-07 {hour}:00-03"),
        )
    assert db.execute(decide, (TENANT, client)).fetchone() == (False, True, "attempt_cap")


@pytest.mark.parametrize(
    ("at", "code"),
    [("2026-11-24 20:30-03", "callback_outside_hours"), ("2026-11-29 10:00-03",
      "callback_outside_hours"), ("2026-11-24 10:00-03", None)],
)  # fmt: skip
def test_a_callback_is_promised_only_for_a_lawful_hour(
    db: psycopg.Connection, world: World, at: str, code: str | None
) -> None:
    set_clock(db, "2026-11-23 12:00-03")
    promise = (
        "insert into public.call_dispositions (client_id, disposition_type, scheduled_callback)"
        " values (%s, 'callback', %s)"
    )
    with refused(code) if code else nullcontext(), acting(db, world, "operator"):
        db.execute(promise, (world.ids["client"], at))


def test_who_must_not_be_called_gets_no_callback(db: psycopg.Connection, world: World) -> None:
    set_clock(db, "2026-11-23 12:00-03")
    db.execute(
        "insert into public.suppressions (tenant_id, client_id, reason) values (%s, %s, 'pediu')",
        (TENANT, world.ids["client"]),
    )
    with refused("client_suppressed"), acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type, scheduled_callback)"
            " values (%s, 'callback', '2026-11-24 10:00-03')", (world.ids["client"],),
        )  # fmt: skip
