"""A rule is changed as a version, seen before it is on, and held to its limits when it acts."""

import json
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock
from tests.sql.rules import PERIOD, definition, dry_run, only_rule, save, switch
from tests.sql.thread import NOON, begin, claim, dispose, pass_time, row_of, settle


@pytest.fixture(autouse=True)
def noon(db: psycopg.Connection) -> None:
    set_clock(db, NOON)


def run_of(db: psycopg.Connection, disposition: UUID) -> tuple[Any, Any]:
    run = row_of(db, "public.automation_runs", disposition_id=disposition)
    return run["status"], run["reason"]


def sent(db: psycopg.Connection, world: World) -> UUID:
    """A disposition whose message the provider took."""
    disposition = dispose(db, world)
    [claimed] = claim(db)
    assert begin(db, claimed.message_id, claimed.attempt)
    assert settle(
        db, claimed.message_id, claimed.attempt, "submitted", provider_message_id=str(uuid4())
    )
    return disposition


def test_a_new_rule_is_off_until_it_was_seen(db: psycopg.Connection, world: World) -> None:
    rule = uuid4()
    assert save(db, world, rule) == {"id": str(rule), "version": 1, "is_enabled": False}
    with refused("dry_run_needed"):
        switch(db, world, rule)
    dry_run(db, world, rule)
    switch(db, world, rule)
    assert row_of(db, "public.collection_rules", id=rule)["is_enabled"]


def test_a_change_switches_it_off_and_asks_for_another_look(
    db: psycopg.Connection, world: World
) -> None:
    rule = only_rule(db, world)
    assert save(db, world, rule, priority=5) == {
        "id": str(rule),
        "version": 2,
        "is_enabled": False,
    }
    with refused("dry_run_needed"):
        switch(db, world, rule)


def test_saving_the_same_words_changes_nothing(db: psycopg.Connection, world: World) -> None:
    rule = only_rule(db, world, filter={"uf": ["SP"]})
    saved = save(db, world, rule, filter={"uf": ["SP"]})
    assert (saved["version"], saved["is_enabled"]) == (1, True)


def test_every_edit_can_be_read_and_restored(db: psycopg.Connection, world: World) -> None:
    save(db, world, rule := uuid4(), priority=5)
    save(db, world, rule, priority=6)
    versions = db.execute(
        "select version, definition, edited_by from public.rule_versions where rule_id = %s"
        " order by version",
        (rule,),
    ).fetchall()
    assert [(row[0], row[1]["priority"]) for row in versions] == [(1, 5), (2, 6)]
    assert {row[2] for row in versions} == {world.users["admin"]}
    with acting(db, world, "admin"):
        saved = scalar(db, "select public.save_rule(%s, %s)", rule, json.dumps(versions[0][1]))
    assert isinstance(saved, dict)
    assert saved["version"] == 3
    assert row_of(db, "public.collection_rules", id=rule)["priority"] == 5


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"steps": []}, "rule_invalid"),
        ({"steps": [{"action": "launch_rocket"}]}, "rule_invalid"),
        (
            {"steps": [{"action": "send_template", "template_id": str(uuid4())}]},
            "template_not_found",
        ),
        ({"is_enabled": True}, "rule_invalid"),
        ({"name": " "}, "rule_invalid"),
        ({"disposition_type": None}, "rule_invalid"),
        ({"disposition_type": "nonsense"}, "rule_invalid"),
        ({"disposition_meaning": "right_party"}, "rule_invalid"),
        ({"disposition_type": None, "disposition_meaning": "is_active"}, "rule_invalid"),
        ({"trigger": "debt_due"}, "rule_invalid"),
        ({"day_offset": 3}, "rule_invalid"),
        ({"opens": "10:00"}, "rule_invalid"),
        ({"opens": "18:00", "closes": "10:00"}, "rule_invalid"),
        ({"opens": "25:00", "closes": "26:00"}, "rule_invalid"),
        ({"daily_cap": 0}, "rule_invalid"),
        ({"repeat_days": "many"}, "rule_invalid"),
        ({"filter": {"moon": "full"}}, "unknown_filter"),
        ({"filter": {"assigned_to": ["me"]}}, "filter_invalid"),
    ],
)
def test_what_is_no_rule_is_refused(
    db: psycopg.Connection, world: World, change: dict[str, Any], code: str
) -> None:
    rule = uuid4()
    with refused(code):
        save(db, world, rule, **change)
    assert scalar(db, "select count(*) from public.collection_rules where id = %s", rule) == 0


@pytest.mark.parametrize(
    ("statement", "least"),
    [
        ("select public.save_rule(%s, to_jsonb(%s::text))", "admin"),
        ("select public.set_rule_enabled(%s, %s = '')", "admin"),
        ("select public.dry_run_rule(%s, current_date, (%s || '2026-01-01')::date)", "supervisor"),
    ],
)
def test_nobody_below_may(db: psycopg.Connection, world: World, statement: str, least: str) -> None:
    for persona in ("operator", "supervisor", "revoked"):
        if persona == least:
            continue
        with refused("not_allowed"), acting(db, world, persona):
            db.execute(statement.encode(), (uuid4(), ""))


def test_another_agencys_rule_is_not_there(db: psycopg.Connection, world: World) -> None:
    save(db, world, rule := uuid4())
    with refused("rule_not_found"), acting(db, world, "other_tenant"):
        db.execute("select public.set_rule_enabled(%s, true)", (rule,))
    with refused("rule_not_found"), acting(db, world, "other_tenant"):
        db.execute("select public.dry_run_rule(%s, %s, %s)", (rule, *PERIOD))


CHANGES = [
    "select 1",
    "update public.message_templates set status = 'paused'",
    "update public.integrations set is_active = false",
    "update public.debts set status = 'settled'",
    "delete from public.client_phones",
    "insert into public.suppressions (tenant_id, client_id, reason)"
    " select tenant_id, id, 'pediu' from public.clients",
    "update private.clock set shift = shift + interval '10 hours'",
    "update public.integrations set paused_until = private.now() + interval '1 hour'",
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "limits", [{}, {"filter": {"uf": ["AC"]}}, {"opens": "14:00", "closes": "15:00"}]
)
def test_the_rehearsal_says_what_the_run_then_does(
    db: psycopg.Connection, world: World, change: str, limits: dict[str, Any]
) -> None:
    rule = only_rule(db, world, **limits)
    disposition = dispose(db, world)
    db.execute(change.encode())
    told = dry_run(db, world, rule)
    lines = db.execute(
        "select verdict, reason, phone, body from public.rule_dry_run_lines"
        " where dry_run_id = %s and client_id = %s",
        (told["id"], world.ids["client"]),
    ).fetchall()
    assert len(set(lines)) == 1, "all of one client's are judged alike"
    verdict, reason, phone, body = lines[0]
    claimed = claim(db)
    if verdict == "send":
        assert [item.destination for item in claimed] == [phone]
        assert row_of(db, "public.message_logs", id=claimed[0].message_id)["body"] == body
    else:
        assert claimed == []
        status = {"skip": "skipped", "postpone": "queued"}[verdict]
        assert run_of(db, disposition) == (status, reason)


def test_a_rehearsal_writes_nothing_but_itself(db: psycopg.Connection, world: World) -> None:
    save(db, world, rule := uuid4())
    dispose(db, world)
    tables = ("automation_runs", "message_logs", "notifications", "callbacks", "audit_log")
    count = " + ".join(f"(select count(*) from public.{table})" for table in tables)
    before = scalar(db, f"select {count} + (select count(*) from pgmq.q_automations)")
    told = dry_run(db, world, rule)
    assert scalar(db, f"select {count} + (select count(*) from pgmq.q_automations)") == before
    assert told["version"] == 1
    assert {"position", "action", "verdict", "reason", "count"} == set(told["counts"][0])


@pytest.mark.parametrize(
    ("limits", "verdicts"),
    [
        ({}, ["send", "send", "attempt_cap", "send"]),
        ({"daily_cap": 1}, ["send", "send", "daily_cap", "send"]),
        ({"repeat_days": 2}, ["send", "send", "repeated", "repeated"]),
    ],
)
def test_a_rehearsal_of_days_counts_each_day_by_itself(
    db: psycopg.Connection, world: World, limits: dict[str, Any], verdicts: list[str]
) -> None:
    rule = only_rule(db, world, **limits)
    db.execute("update public.call_dispositions set created_at = '2026-01-05'")
    db.execute("delete from public.contact_caps")
    if not limits:
        db.execute(
            "insert into public.contact_caps (tenant_id, channel, days, attempts)"
            " values (%s, 'whatsapp', 1, 1)",
            (TENANT,),
        )
    for day in (19, 21, 21, 22):
        set_clock(db, f"2026-11-{day} 12:00-03")
        dispose(db, world)
    set_clock(db, NOON)
    told = dry_run(db, world, rule)
    lines = db.execute(
        "select case verdict when 'send' then verdict else reason end"
        " from public.rule_dry_run_lines where dry_run_id = %s order by place",
        (told["id"],),
    ).fetchall()
    assert [line for (line,) in lines] == verdicts


def test_a_template_edited_afterwards_asks_for_another_look(
    db: psycopg.Connection, world: World
) -> None:
    rule = only_rule(db, world)
    switch(db, world, rule, on=False)
    db.execute("update public.message_templates set status = 'paused'")
    switch(db, world, rule)
    switch(db, world, rule, on=False)
    db.execute("update public.message_templates set body = body || ' Até logo.'")
    with acting(db, world, "admin"):
        listed: Any = scalar(db, "select public.list_rules()")
    assert [each["may_enable"] for each in listed if each["id"] == str(rule)] == [False]
    with refused("dry_run_needed"):
        switch(db, world, rule)
    dry_run(db, world, rule)
    switch(db, world, rule)


def test_a_rule_that_is_on_stays_on_and_its_people_hear_of_the_new_words(
    db: psycopg.Connection, world: World
) -> None:
    rule = only_rule(db, world)
    db.execute("update public.message_templates set status = 'paused'")
    assert not scalar(db, "select count(*) from public.notifications where kind = 'rule_notice'")
    with acting(db, world, "admin"):
        db.execute(
            "update public.message_templates set body = body || ' Até logo.' where id = %s",
            (world.ids["template"],),
        )
    db.execute("update public.message_templates set body = body || ' Até amanhã.'")
    assert row_of(db, "public.collection_rules", id=rule)["is_enabled"]
    told = db.execute(
        "select user_id, count(*) from public.notifications"
        " where kind = 'rule_notice' and payload ->> 'rule_id' = %s and payload ? 'template'"
        " group by user_id",
        (str(rule),),
    ).fetchall()
    # The admin edited the first time and knew; nobody is told twice before looking.
    assert {(world.users["supervisor"], 1), (world.users["admin"], 1)} == set(told)


def test_a_rehearsal_knows_the_price(db: psycopg.Connection, world: World) -> None:
    rule = only_rule(db, world)
    dispose(db, world)
    told = dry_run(db, world, rule)
    [going] = [entry["count"] for entry in told["counts"] if entry["verdict"] == "send"]
    assert (told["price_micros"], told["currency"]) == (20000 * going, "BRL")


def test_a_meaning_catches_every_type_that_has_it(db: psycopg.Connection, world: World) -> None:
    rule = only_rule(db, world, disposition_type=None, disposition_meaning="human_answered")
    disposition = dispose(db, world, "dropped")
    assert [item.destination for item in claim(db)] == ["+5511987650001"]
    assert row_of(db, "public.automation_runs", disposition_id=disposition)["rule_id"] == rule
    dispose(db, world, "voicemail")
    assert claim(db) == []


def test_who_left_the_conditions_is_left_alone(db: psycopg.Connection, world: World) -> None:
    only_rule(db, world, filter={"open_cents": {"min": 100}})
    disposition = dispose(db, world)
    db.execute("update public.debts set abated_cents = principal_cents - 50")
    assert claim(db) == []
    assert run_of(db, disposition) == ("skipped", "filter_left")


def test_once_per_client_within_the_period(db: psycopg.Connection, world: World) -> None:
    only_rule(db, world, repeat_days=3)
    sent(db, world)
    again = dispose(db, world)
    assert claim(db) == []
    assert run_of(db, again) == ("skipped", "repeated")
    pass_time(db, "3 days 1 minute")
    dispose(db, world)
    assert len(claim(db)) == 1


def test_two_at_once_are_one_within_the_period(db: psycopg.Connection, world: World) -> None:
    only_rule(db, world, repeat_days=3)
    dispose(db, world)
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'voicemail')",
            (world.ids["client"],),
        )
    assert len(claim(db)) == 1


def test_the_daily_cap_sends_the_rest_tomorrow(db: psycopg.Connection, world: World) -> None:
    only_rule(db, world, daily_cap=1)
    sent(db, world)
    rest = dispose(db, world)
    assert claim(db) == []
    assert run_of(db, rest) == ("queued", "daily_cap")
    pass_time(db, "20 hours 1 minute")
    assert len(claim(db)) == 1


def test_outside_its_own_hours_a_rule_waits(db: psycopg.Connection, world: World) -> None:
    only_rule(db, world, opens="14:00", closes="15:00")
    disposition = dispose(db, world)
    assert claim(db) == []
    run = row_of(db, "public.automation_runs", disposition_id=disposition)
    assert (run["status"], run["reason"]) == ("queued", "outside_window")
    assert scalar(db, "select %s = '2026-11-23 14:00-03'::timestamptz", run["next_attempt_at"])
    pass_time(db, "2 hours 1 minute")
    assert len(claim(db)) == 1


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("is_stopped = true", "automations_stopped"),
        ("stopped_channels = '{whatsapp}'", "channel_stopped"),
    ],
)
def test_the_big_switches_stop_what_is_on_its_way(
    db: psycopg.Connection, world: World, policy: str, reason: str
) -> None:
    disposition = dispose(db, world)
    with acting(db, world, "admin"):
        db.execute(f"update public.automation_policies set {policy}".encode())
    assert claim(db) == []
    assert run_of(db, disposition) == ("skipped", reason)


def test_a_run_keeps_the_words_it_began_with(db: psycopg.Connection, world: World) -> None:
    rule = only_rule(db, world)
    dispose(db, world)
    db.execute("select private.open_runs(array(select msg_id from pgmq.q_automations))")
    other = scalar(
        db,
        "insert into public.message_templates (tenant_id, name, provider_template_id, body, status)"
        " values (%s, 'outro', 'x', 'Outro texto', 'approved') returning id",
        TENANT,
    )
    steps = [{"action": "send_template", "template_id": str(other)}]
    assert save(db, world, rule, steps=steps)["version"] == 2
    dry_run(db, world, rule)
    switch(db, world, rule)
    [claimed] = claim(db)
    assert row_of(db, "public.message_logs", id=claimed.message_id)["body"] != "Outro texto"


def test_a_definition_is_what_the_editor_gets_back(db: psycopg.Connection, world: World) -> None:
    save(db, world, rule := uuid4(), opens="09:00", closes="18:00", filter={"uf": ["SP"]})
    kept = row_of(db, "public.rule_versions", rule_id=rule)["definition"]
    assert kept["steps"] == [
        {**step, "wait_minutes": 0, "goes_on": True} for step in definition(world)["steps"]
    ]
    assert (kept["opens"], kept["filter"]) == ("09:00:00", {"uf": ["SP"]})
