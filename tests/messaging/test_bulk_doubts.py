"""Haste in a bulk send: two at one person, a worker that must go, an answer nobody got."""

import asyncio
import concurrent.futures
import os
import signal
import time
import uuid
from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from kit import http
from outbox import bulk, stopping
from tests.automation import TENANT, WaitUntil
from tests.messaging.rig import SUPERVISOR, Rig

BEGIN = "select private.begin_batch_messages(%s, %s) as id"
STATES = "select status::text, reason from public.batch_recipients where batch_id = %s"
RETRY = "select public.retry_doubtful_messages(%s, %s, %s)"


def cap(rig: Rig, attempts: int) -> None:
    rig.owner.execute(
        "insert into public.contact_caps (tenant_id, channel, days, attempts)"
        " values (%s, 'whatsapp', 7, %s)",
        (TENANT, attempts),
    )


def claimed_at_once(
    rig: Rig, database: str, people: list[uuid.UUID]
) -> list[tuple[uuid.UUID, list[uuid.UUID], list[int]]]:
    """Two sends to the same people through two numbers, claimed before either is committed."""
    batches = [rig.batch(people), rig.batch(people, "meta")]
    senders = [rig.sender(), rig.sender("meta")]
    links = [psycopg.connect(database, row_factory=namedtuple_row) for _ in batches]
    got = []
    for link, sender in zip(links, senders, strict=True):
        claim = "select private.claim_of_sender(%s, 10, 60) as ids"
        got.append(link.execute(claim, (sender,)).fetchall()[0][0])
    for link in links:
        link.commit()
        link.close()
    assert [len(ids) for ids in got] == [len(people), len(people)]
    return [(batch, ids, [1] * len(ids)) for batch, ids in zip(batches, got, strict=True)]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_sends_claimed_in_one_instant_a_cap_of_one_lets_one_begin(
    rig: Rig, fresh_database: str, wait_until: WaitUntil, first: int
) -> None:
    cap(rig, 1)
    claims = claimed_at_once(rig, fresh_database, rig.people(3))
    (_, *mine), (other, *theirs) = claims[first], claims[1 - first]
    with (
        psycopg.connect(fresh_database, row_factory=namedtuple_row) as quick,
        psycopg.connect(fresh_database, row_factory=namedtuple_row, autocommit=True) as slow,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        assert len(quick.execute(BEGIN, mine).fetchall()) == 3
        waiting = pool.submit(lambda: slow.execute(BEGIN, theirs).fetchall())
        wait_until(lambda: rig.one(
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        ) == 1)  # fmt: skip
        quick.commit()
        assert waiting.result(30) == []
    assert Counter(row["status"] for row in rig.rows(STATES, other)) == {"waiting": 3}
    rig.elapse(7)  # past the pause between two messages to one person
    rig.drain()
    assert rig.gupshup.messages() == rig.meta.messages() == []
    assert {(row["status"], row["reason"]) for row in rig.rows(STATES, other)} == {
        ("waiting", "attempt_cap")
    }


@pytest.mark.parametrize("waited", ["0 seconds", "3 days"])
def test_two_numbers_of_ours_do_not_write_to_one_telephone_in_one_instant(
    rig: Rig, fresh_database: str, waited: str
) -> None:
    (_, mine, first), (_, theirs, once) = claimed_at_once(rig, fresh_database, rig.people(2))
    # Put back by a pause or a 429, a message keeps its row.
    older = "update public.message_logs set created_at = created_at - %s::interval"
    rig.owner.execute(f"{older} where id = any(%s)".encode(), (waited, mine))
    assert len(rig.rows(BEGIN, mine, first)) == 2
    assert rig.rows(BEGIN, theirs, once) == []
    assert rig.rows("select * from private.claim_batch_messages(10, 60)") == []
    rig.elapse(7)
    again = rig.rows("select * from private.claim_batch_messages(10, 60)")
    assert {row["message_id"] for row in again} == set(theirs)
    assert len(rig.rows(BEGIN, theirs, [row["attempt"] for row in again])) == 2


def test_a_person_in_two_sends_of_one_group_is_begun_once(rig: Rig, fresh_database: str) -> None:
    cap(rig, 1)
    (_, mine, one), (_, theirs, two) = claimed_at_once(rig, fresh_database, rig.people(2))
    assert len(rig.rows(BEGIN, mine + theirs, one + two)) == 2
    assert len(rig.rows("select from public.batch_recipients where status = 'waiting'")) == 2
    assert rig.rows(BEGIN, theirs, two) == []
    assert rig.one("select count(*) from public.batch_recipients where status = 'claimed'") == 2


def test_what_a_paused_send_holds_waits_again_at_once(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(2))
    [one, two] = rig.rows("select * from private.claim_batch_messages(10, 60)")
    rig.ask("select public.change_message_batch(%s, 'pause')", batch_id)
    ids, attempts = [one["message_id"], two["message_id"]], [one["attempt"], two["attempt"]]
    assert rig.rows(BEGIN, ids, attempts) == []
    rig.ask("select public.change_message_batch(%s, 'resume')", batch_id)
    rig.drain()  # no lease is waited for
    assert len(rig.gupshup.messages()) == 2
    assert rig.rows(BEGIN, ids, attempts) == []  # the attempt is over, whoever holds the old one


def test_who_is_asked_to_stop_gives_back_what_it_has_not_called(rig: Rig) -> None:
    rig.pace(20)
    batch_id = rig.batch(rig.people(40))

    async def stopped_early() -> bulk.Drain:
        async with http.session(bulk.CONNECTIONS) as session:
            drain = bulk.Drain(session, time.monotonic() + 50)
            send = drain.send

            async def last(message: Any, not_before: float) -> None:
                await send(message, not_before)
                drain.stop()

            drain.send = last  # type: ignore[method-assign]  # stops in the middle, whatever the load
            await drain.run()
        return drain

    drain = asyncio.run(stopped_early())
    left = Counter(row["status"] for row in rig.rows(STATES, batch_id))
    assert drain.uncalled
    assert left["waiting"] > 0
    assert left["claimed"] == 0
    assert rig.one("select count(*) from public.message_logs where batch_id = %s"
                   " and status in ('sending', 'unknown')", batch_id) == 0  # fmt: skip
    rig.pace(1000)
    rig.drain()
    assert Counter(m["phone"] for m in rig.gupshup.messages()).most_common(1)[0][1] == 1
    assert len(rig.gupshup.messages()) == 40


def test_everybody_at_work_hears_the_host_say_stop_and_the_server_does_too() -> None:
    heard: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("server"))
    try:
        with stopping.told(lambda: heard.append("one")), stopping.told(lambda: heard.append("two")):
            os.kill(os.getpid(), signal.SIGTERM)
        with stopping.told(lambda: heard.append("three")):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == ["one", "two", "server", "server"]


def in_doubt(rig: Rig, count: int) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """A batch that is over and of which nobody knows whether anything arrived."""
    people = rig.people(count)
    batch_id = rig.batch(people)
    rows = rig.rows("select * from private.claim_batch_messages(10, 60)")
    rig.rows(BEGIN, [row["message_id"] for row in rows], [row["attempt"] for row in rows])
    rig.elapse(961)
    for _ in range(2):  # the lease ends, then the wait for a receipt
        rig.owner.execute("select private.watch_batches()")
    numbers = rig.numbers(batch_id)
    assert (numbers["status"], numbers["doubtful"], numbers["retryable"]) == ("done", count, 0)
    return batch_id, people


def test_doubtful_ones_go_again_only_to_whom_somebody_accepts_it_twice(rig: Rig) -> None:
    batch_id, people = in_doubt(rig, 3)
    assert rig.ask("select public.retry_message_batch(%s)", batch_id) == 0
    for refused in (False, None):
        with pytest.raises(psycopg.Error, match="doubles_not_accepted"):
            rig.ask(RETRY, batch_id, None, refused, by=SUPERVISOR)
    assert rig.ask(RETRY, batch_id, people[:1], True, by=SUPERVISOR) == 1
    rig.drain()
    assert len(rig.gupshup.messages()) == 1
    assert (rig.numbers(batch_id)["doubtful"], rig.numbers(batch_id)["status"]) == (2, "done")
    assert rig.ask(RETRY, batch_id, None, True, by=SUPERVISOR) == 2
    rig.drain()
    rig.drain()
    assert Counter(m["phone"] for m in rig.gupshup.messages()).most_common(1)[0][1] == 1
    assert (len(rig.gupshup.messages()), rig.numbers(batch_id)["doubtful"]) == (3, 0)
    assert rig.ask(RETRY, batch_id, None, True, by=SUPERVISOR) == 0
    told = rig.rows(
        "select actor, after from public.audit_log where table_name = 'message_batches'"
        " and row_id = %s and after ? 'doubtful_sent_again' order by id", str(batch_id),
    )  # fmt: skip
    assert [(row["actor"], len(row["after"]["doubtful_sent_again"])) for row in told] == [
        (SUPERVISOR, 1), (SUPERVISOR, 2),
    ]  # fmt: skip


def test_a_doubt_that_a_receipt_ended_is_not_sent_again(rig: Rig) -> None:
    batch_id, _ = in_doubt(rig, 1)
    rig.owner.execute(
        "select private.advance_message(id, 'delivered', private.now())"
        " from public.message_logs where batch_id = %s", (batch_id,),
    )  # fmt: skip
    assert rig.ask(RETRY, batch_id, None, True) == 0
    rig.drain()
    assert rig.gupshup.messages() == []


def test_who_waits_with_a_message_that_was_begun_is_in_doubt_and_may_be_sent_again(
    rig: Rig,
) -> None:
    batch_id = rig.batch(rig.people(2))
    one, _ = rig.rows("select * from private.claim_batch_messages(10, 60)")
    rig.rows(BEGIN, [one["message_id"]], [one["attempt"]])
    rig.owner.execute(  # a lease that ran out in the moment of the beginning
        "update public.batch_recipients set status = 'waiting' where batch_id = %s", (batch_id,)
    )
    rig.drain()
    assert len(rig.gupshup.messages()) == 1
    assert Counter(row["status"] for row in rig.rows(STATES, batch_id)) == {"done": 1, "claimed": 1}
    rig.elapse(961)
    for _ in range(2):  # nobody settles it, then no receipt comes
        rig.owner.execute("select private.watch_batches()")
    numbers = rig.numbers(batch_id)
    assert (numbers["status"], numbers["doubtful"]) == ("done", 1)
    assert rig.ask(RETRY, batch_id, None, True, by=SUPERVISOR) == 1
    rig.drain()
    assert len(rig.gupshup.messages()) == 2


def test_tokens_that_nobody_needs_free_the_number_for_another_worker(rig: Rig) -> None:
    rig.batch(rig.people(3))
    one, another = uuid.uuid4(), uuid.uuid4()
    claim = "select * from private.claim_batch_messages(1000, 60, %s)"
    assert len(rig.rows(claim, one)) == 3
    rig.batch(rig.people(2, first=10))
    rig.owner.execute(
        "update private.sender_buckets set refilled_at = refilled_at - interval '0.2 seconds',"
        " lent_until = lent_until - interval '0.2 seconds'"
    )
    assert len(rig.rows(claim, another)) == 2


def test_who_asks_for_silence_after_the_claim_gets_nothing(rig: Rig) -> None:
    loud, silent = people = rig.people(2)
    batch_id = rig.batch(people)
    rows = rig.rows("select * from private.claim_batch_messages(10, 60)")
    rig.owner.execute(
        "insert into public.suppressions (tenant_id, client_id, channel, reason)"
        " values (%s, %s, 'whatsapp', 'opted_out')", (TENANT, silent),
    )  # fmt: skip
    begun = rig.rows(BEGIN, [row["message_id"] for row in rows], [row["attempt"] for row in rows])
    assert len(begun) == 1
    rig.drain()
    told = rig.ask("select public.batch_results(%s)", batch_id)["rows"]
    fates = {row["client_id"]: (row["outcome"], row["reason"]) for row in told}
    assert (fates[str(loud)][0], fates[str(silent)]) == ("sending", ("skipped", "opted_out"))


def test_what_was_claimed_before_the_hours_ended_is_not_begun_after(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(1))
    rig.elapse(rig.one(
        "select extract(epoch from (private.today(%s) + time '19:59:50')"
        " at time zone 'America/Sao_Paulo' - private.now())::float", TENANT,
    ))  # fmt: skip
    [row] = rig.rows("select * from private.claim_batch_messages(10, 60)")
    rig.elapse(15)
    assert rig.rows(BEGIN, [row["message_id"]], [row["attempt"]]) == []
    assert rig.drain()["claimed"] == 0
    assert rig.rows(STATES, batch_id) == [{"status": "waiting", "reason": "outside_hours"}]


def test_what_a_stopped_number_held_for_days_is_an_attempt_of_the_day_it_leaves(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(1))
    [row] = rig.rows("select * from private.claim_batch_messages(10, 60)")
    rig.rows("select private.release_batch_messages(%s, %s)", [row["message_id"]], [row["attempt"]])
    rig.owner.execute(
        "update public.message_logs set created_at = created_at - interval '10 days'"
        " where batch_id = %s", (batch_id,),
    )  # fmt: skip
    rig.drain()
    assert rig.one(
        "select count(*) from private.contact_attempts(%s, (select client_id from"
        " public.message_logs where batch_id = %s), 'whatsapp', private.now() - interval '1 day',"
        " private.now())", TENANT, batch_id,
    ) == 1  # fmt: skip
