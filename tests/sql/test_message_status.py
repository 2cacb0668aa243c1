"""Receipts come late, twice and in any order; the message ends the same."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proof import examples
from tests.sql.personas import World, scalar, set_clock
from tests.sql.thread import (
    NOON,
    begin,
    claim,
    message_and_run,
    row_of,
    send,
    settle,
)

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TIMES = ("submitted_at", "sent_at", "delivered_at", "read_at", "failed_at")

receipts = st.lists(
    st.tuples(
        st.sampled_from(["submitted", "sent", "delivered", "read", "failed"]),
        st.integers(0, 3),  # minutes after START: a few, so that two share an instant
        st.sampled_from(["policy", "number_invalid", "unclassified"]),
    ),
    min_size=1,
    max_size=8,
)


def advance(
    db: psycopg.Connection, message: UUID, status: str, minute: int = 0, code: str | None = None
) -> bool:
    return bool(
        scalar(
            db,
            "select private.advance_message(%s, %s, %s, null, null, %s)",
            message,
            status,
            START + timedelta(minutes=minute),
            code if status == "failed" else None,
        )
    )


def end_state(
    db: psycopg.Connection, message: UUID, order: list[tuple[str, int, str]]
) -> tuple[Any, ...]:
    """Where these receipts in this order lead; forgotten at once."""
    with db.transaction(force_rollback=True):
        for receipt in order:
            advance(db, message, *receipt)
        row = row_of(db, "public.message_logs", id=message)
        return (
            *message_and_run(db, message),
            row["error_code"],
            *(row[name] for name in TIMES),
        )


@pytest.mark.proof
@settings(
    max_examples=examples(20, 1500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=receipts, seed=st.randoms(use_true_random=False))
def test_every_order_of_receipts_leads_to_the_same_end(
    message: UUID, db: psycopg.Connection, order: list[tuple[str, int, str]], seed: random.Random
) -> None:
    with_one_form(db, message)
    shuffled = order + seed.choices(order, k=2)  # some come twice
    seed.shuffle(shuffled)
    assert end_state(db, message, shuffled) == end_state(db, message, order)


@pytest.fixture
def message(db: psycopg.Connection, world: World) -> UUID:
    """One that a worker is sending."""
    set_clock(db, NOON)
    return send(db, world).message


@pytest.mark.parametrize(
    ("first", "then", "ends"),
    [
        ("read", "delivered", "read"),
        ("read", "failed", "read"),
        ("delivered", "failed", "delivered"),
        ("sent", "submitted", "sent"),
        ("failed", "sent", "failed"),
        ("failed", "delivered", "delivered"),
        ("sent", "failed", "failed"),
    ],
)
def test_a_late_event_never_takes_one_back(
    db: psycopg.Connection, message: UUID, first: str, then: str, ends: str
) -> None:
    advance(db, message, first, 0, "policy")
    advance(db, message, then, 1, "policy")
    status, run, _ = message_and_run(db, message)
    assert status == ends
    assert run == ("failed" if ends == "failed" else "done")


def test_a_repeated_receipt_moves_nothing(db: psycopg.Connection, message: UUID) -> None:
    assert advance(db, message, "delivered")
    assert not advance(db, message, "delivered", 2)
    assert row_of(db, "public.message_logs", id=message)["delivered_at"] == START


def test_the_workers_own_answer_does_not_downgrade_a_receipt(
    db: psycopg.Connection, message: UUID
) -> None:
    advance(db, message, "delivered")
    assert settle(db, message, 1, "submitted", provider_message_id="gs-9")
    row = row_of(db, "public.message_logs", id=message)
    assert (row["status"], row["provider_message_id"]) == ("delivered", "gs-9")
    assert not settle(db, message, 1, "retry", error_code="provider_unavailable")
    assert message_and_run(db, message)[0] == "delivered"


def test_a_receipt_knows_better_than_our_guess(db: psycopg.Connection, message: UUID) -> None:
    db.execute(
        "update public.message_logs set status = 'failed', error_code = 'outcome_unknown',"
        " failed_at = private.now() where id = %s",
        (message,),
    )
    advance(db, message, "sent")
    assert message_and_run(db, message) == ("sent", "done", None)
    assert row_of(db, "public.message_logs", id=message)["error_code"] is None


def test_an_inbound_message_has_no_status_to_move(db: psycopg.Connection, message: UUID) -> None:
    db.execute(
        "update public.message_logs set direction = 'in', status = 'received' where id = %s",
        (message,),
    )
    assert not advance(db, message, "read")


@pytest.mark.parametrize(
    ("status", "proved"), [("delivered", True), ("read", True), ("sent", None), ("failed", None)]
)
def test_a_message_that_arrived_proves_its_number_and_no_other(
    db: psycopg.Connection, world: World, message: UUID, status: str, proved: bool | None
) -> None:
    audited = scalar(db, "select count(*) from public.audit_log")
    advance(db, message, status, 0, "policy")
    db.execute("select private.take_proofs()")
    for phone, learned in (("phone", proved), ("other_phone", None)):
        row = row_of(db, "public.client_phones", id=world.ids[phone])
        assert row["has_whatsapp"] is learned
    assert row_of(db, "public.clients", id=world.ids["client"])["has_whatsapp"] is proved
    assert scalar(db, "select count(*) from public.audit_log") == audited


def test_what_arrived_before_a_refusal_reopens_nothing_and_what_the_number_wrote_does(
    db: psycopg.Connection, world: World, message: UUID
) -> None:
    number = row_of(db, "public.client_phones", id=world.ids["phone"])
    learn = "update public.client_phones set has_whatsapp = %s where id = %s"
    note = "select private.prove_whatsapp(%s, %s, %s, %s)"
    owner = [number["tenant_id"], number["client_id"], number["phone"]]
    # Known when it was noted, known when it is taken, whether it wrote: what is known then.
    for noted, taken, wrote, learned in (
        (None, None, False, True), (None, False, False, False), (False, False, False, False),
        (None, False, True, True), (False, False, True, True),
    ):  # fmt: skip
        db.execute(learn, (noted, number["id"]))
        db.execute(note, [*owner, wrote])
        db.execute(learn, (taken, number["id"]))
        db.execute("select private.take_proofs()")
        phone = row_of(db, "public.client_phones", id=number["id"])
        assert phone["has_whatsapp"] is learned, (noted, taken, wrote)
        assert scalar(db, "select count(*) from private.proved_numbers") == 0


def test_messages_of_before_an_upgrade_prove_in_steps_until_all_is_asked(
    db: psycopg.Connection, world: World, message: UUID
) -> None:
    phone = world.ids["phone"]
    db.execute(
        "update public.message_logs set status = 'read',"
        " created_at = private.now() - interval '1 year' where id = %s", (message,),
    )  # fmt: skip
    db.execute("select private.prove_before()")
    assert row_of(db, "public.client_phones", id=phone)["has_whatsapp"] is None
    db.execute("insert into private.proof_backlog values (%s)", (UUID(int=0),))
    db.execute("select private.prove_before()")
    assert row_of(db, "public.client_phones", id=phone)["has_whatsapp"] is True
    assert row_of(db, "public.client_phones", id=world.ids["other_phone"])["has_whatsapp"] is None
    assert scalar(db, "select count(*) from private.proof_backlog") == 0


@pytest.mark.parametrize(("known", "learned"), [(None, True), (False, False)])
def test_the_night_proves_what_was_passed_over_and_reopens_nothing(
    db: psycopg.Connection, world: World, message: UUID, known: bool | None, learned: bool
) -> None:
    phone = world.ids["phone"]
    advance(db, message, "read")
    db.execute("update public.client_phones set has_whatsapp = %s where id = %s", (known, phone))
    db.execute(
        "update public.message_logs set submitted_at = private.now() - interval '3 days'"
        " where id = %s",
        (message,),
    )
    db.execute("select private.prove_numbers('2 days')")
    assert row_of(db, "public.client_phones", id=phone)["has_whatsapp"] is known
    db.execute("select private.prove_numbers('4 days')")
    assert row_of(db, "public.client_phones", id=phone)["has_whatsapp"] is learned


def test_the_night_proves_who_wrote_while_an_import_held_them(
    db: psycopg.Connection, world: World, message: UUID
) -> None:
    db.execute(
        "update public.message_logs set direction = 'in', status = 'received',"
        " submitted_at = null, created_at = private.now() - interval '3 days' where id = %s",
        (message,),
    )
    for lately, proved in (("2 days", None), ("4 days", True)):
        db.execute("select private.prove_numbers(%s)", (lately,))
        phone = row_of(db, "public.client_phones", id=world.ids["phone"])
        assert phone["has_whatsapp"] is proved


def with_one_form(db: psycopg.Connection, message: UUID) -> None:
    """It is the second try, to the number's other form (tests/messaging/test_ninth_digit.py)."""
    db.execute("update public.message_logs set other_form_of = id where id = %s", (message,))


def test_a_wrong_number_is_not_tried_again(
    db: psycopg.Connection, world: World, message: UUID
) -> None:
    with_one_form(db, message)
    advance(db, message, "failed", 0, "number_invalid")
    for phone, learned in (("phone", False), ("other_phone", None)):
        row = row_of(db, "public.client_phones", id=world.ids[phone])
        assert row["has_whatsapp"] is learned


def test_a_wrong_number_leaves_its_run_to_the_other_form_and_closes_nothing(
    db: psycopg.Connection, world: World, message: UUID
) -> None:
    run = row_of(db, "public.message_logs", id=message)["automation_run_id"]
    advance(db, message, "failed", 0, "number_invalid")
    assert row_of(db, "public.client_phones", id=world.ids["phone"])["has_whatsapp"] is None
    assert row_of(db, "public.message_logs", id=message)["retried_run_id"] == run
    [again] = claim(db)
    assert (again.run_id, again.message_id == message) == (run, False)
    told = row_of(db, "public.message_logs", id=message)["phone"]
    assert len(told) - len(again.destination) == 1
    assert begin(db, again.message_id, again.attempt)
    settle(db, again.message_id, again.attempt, "failed", error_code="number_invalid")
    assert message_and_run(db, again.message_id) == ("failed", "failed", "number_invalid")
    assert row_of(db, "public.client_phones", id=world.ids["phone"])["has_whatsapp"] is False
    assert claim(db) == []


def test_an_opt_out_suppresses_the_number_and_its_person_once(
    db: psycopg.Connection, message: UUID
) -> None:
    for _ in range(2):
        advance(db, message, "failed", 0, "opted_out")
    count = (
        "select count(*) filter (where client_id is null) || ' ' || count(client_id)"
        " from public.suppressions where reason = 'opted_out'"
    )
    assert scalar(db, count) == "1 1"


def test_every_status_of_a_message_out_has_a_rank(db: psycopg.Connection) -> None:
    unranked = db.execute(
        "select status from unnest(enum_range(null::public.message_status)) as status"
        " where private.message_rank(status) is null"
    ).fetchall()
    assert unranked == [("received",)]
