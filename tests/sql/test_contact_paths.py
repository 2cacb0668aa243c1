"""Nothing goes around the law of contact: every way out is named here, asks, and is tried at night.

A way out is a function of the database that writes a message to send, promises a call or fills the
dialer, and a function of ours that dials. They are found in the catalog and in the code: a new one
is red until it is named with where it asks and with the test that tries it.
"""

import re
from typing import NamedTuple

import psycopg
import pytest

from local_platform.settings import ROOT

# Whoever asks one of these has asked: allowed or not, and when next.
DECISIONS = {"contact_decision", "require_lawful_callback"}
# The same for sets of clients: hours by state, the agency's caps, opt-outs.
DECISIONS_OF_SETS = {"contact_hours_in", "closed_ufs"}
CAPS_OF_SETS = {"is_over_cap", "capped_until"}
OPT_OUTS = {"is_suppressed"}


class Path(NamedTuple):
    # Where it asks: itself, or whoever stands before it.
    asks: str
    # File and test that try it outside the hours.
    tried: str


PATHS = {
    # A promised call follows from its disposition, whose trigger asks first.
    "make_callbacks": Path(
        "tg_call_dispositions__accept",
        "sql/test_contact_hours.py::test_a_callback_is_promised_only_for_a_lawful_hour",
    ),
    "reschedule_callback": Path(
        "reschedule_callback",
        "sql/test_callbacks.py::test_it_is_not_moved_to_a_moment_that_is_past_or_unlawful",
    ),
    "claim_automation_runs": Path(
        "plan_targets",
        "functions/test_run_automations.py"
        "::test_outside_calling_hours_the_message_waits_for_the_morning",
    ),
    "promise_callback": Path(
        "promise_callback",
        "sql/test_rule_steps.py::test_a_callback_that_would_ring_at_night_rings_in_the_morning",
    ),
    "charge_and_send": Path(
        "plan_charge_message",
        "sql/test_rule_events.py::test_at_night_no_charge_is_made_and_no_link_is_sent",
    ),
    "write_claims": Path(
        "plan_recipients",
        "messaging/test_bulk.py"
        "::test_outside_lawful_hours_nothing_leaves_and_in_the_morning_all_does",
    ),
    "send_charge": Path(
        "plan_charge_message",
        "money/test_sending.py::test_outside_the_lawful_hours_it_says_when_and_a_queued_one_waits",
    ),
    "queue_chat": Path(
        "plan_chat_message",
        "messaging/test_conversations.py"
        "::test_free_text_outside_the_24_hours_is_refused_and_a_template_goes",
    ),
    # The same message in the number's other form; its claim asks again.
    "try_other_form": Path(
        "claim_messages",
        "money/test_sending.py::test_the_window_that_closes_between_click_and_sending_closes_it",
    ),
    "plan_export_batch": Path(
        "plan_export_batch",
        "dialer/test_export.py::test_outside_the_hours_of_a_state_its_people_are_left_out",
    ),
    "dialer_task_rows": Path(
        "begin_dialer_task", "dialer/test_leaving.py::test_the_cap_is_asked_again_for_every_part"
    ),
    "require_callable": Path(
        "require_callable", "dialer/test_calls.py::test_click_to_call_asks_the_law_first"
    ),
}
# What arrives is no contact of ours.
INBOUND = {"apply_inbound"}

WAYS_OUT = (
    r"insert into public\.(message_logs|callbacks|dialer_export_rows)\M"
    r"|update public\.callbacks\M[^;]*\mset due_at\M"
)
# Handed to the dialer by these: they write no row, they read rows out.
HANDED_OUT = {"dialer_task_rows", "require_callable"}
# Python that makes somebody's phone ring or a message leave, and the SQL it asks before.
PROGRAMS = {
    "run_automations.py": "claim_automation_runs",
    "send_message.py": "claim_messages",
    "outbox/bulk.py": "claim_batch_messages",
    "threecplus_agent.py": "require_callable",
    "outbox/dialing.py": "begin_dialer_task",
}


@pytest.fixture
def sources(db: psycopg.Connection) -> dict[str, str]:
    rows = db.execute(
        "select proname, string_agg(prosrc, E'\\n') from pg_proc"
        " where pronamespace in ('public'::regnamespace, 'private'::regnamespace)"
        " group by proname"
    ).fetchall()
    return dict(rows)


def reached_from(name: str, sources: dict[str, str]) -> set[str]:
    """Every function of ours that it may come to."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        here = waiting.pop()
        if here in seen or here not in sources:
            continue
        seen.add(here)
        waiting += re.findall(r"\mprivate\.(\w+)".replace(r"\m", r"\b"), sources[here])
    return seen


def asks(name: str, sources: dict[str, str]) -> bool:
    reached = reached_from(name, sources)
    for_sets = (DECISIONS_OF_SETS, CAPS_OF_SETS, OPT_OUTS)
    return bool(reached & DECISIONS) or all(reached & kind for kind in for_sets)


def test_every_way_out_is_named(db: psycopg.Connection) -> None:
    rows = db.execute(
        "select proname from pg_proc where prosrc ~ %s"
        " and pronamespace in ('public'::regnamespace, 'private'::regnamespace)",
        (WAYS_OUT,),
    ).fetchall()
    assert {name for (name,) in rows} - INBOUND == PATHS.keys() - HANDED_OUT


@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_way_out_asks_the_law(sources: dict[str, str], path: str) -> None:
    assert asks(PATHS[path].asks, sources)


def test_who_asks_nobody_is_found(db: psycopg.Connection, sources: dict[str, str]) -> None:
    careless = "begin insert into public.message_logs default values; end"
    db.execute(f"create function private.careless() returns void language plpgsql as '{careless}'")
    assert not asks("careless", sources | {"careless": careless})
    with pytest.raises(AssertionError):
        test_every_way_out_is_named(db)


@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_way_out_is_tried_outside_the_hours(path: str) -> None:
    file, _, test = PATHS[path].tried.partition("::")
    assert f"def {test}(" in (ROOT / "tests" / file).read_text()


def test_every_program_that_calls_or_writes_asks_first() -> None:
    rings = re.compile(
        r"click_to_call|begin_dialer_task|claim_automation_runs|claim_messages|claim_batch_messages"
    )
    folder = ROOT / "functions"
    files = [*folder.glob("*.py"), *folder.glob("outbox/*.py")]
    texts = {str(file.relative_to(folder)): file.read_text() for file in files}
    assert {name for name, text in texts.items() if rings.search(text)} == PROGRAMS.keys()
    for name, question in PROGRAMS.items():
        assert question in texts[name], name
    # Asked before it rings.
    agent = texts["threecplus_agent.py"]
    assert agent.index("require_callable") < agent.index("click_to_call")
