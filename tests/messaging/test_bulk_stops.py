"""A bulk send that meets a stop in the middle: a template, a lease, a telephone, a database."""

import json
from typing import Any

import pytest

from kit import errors
from outbox import bulk
from tests.messaging.rig import Rig


def test_a_claim_that_finds_the_database_away_is_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.batch(rig.people(2))
    claim, tried = bulk.Drain.claim, []

    def busy_once(drain: bulk.Drain) -> list[Any]:
        tried.append(1)
        if len(tried) == 1:
            raise errors.DatabaseUnavailable("every connection is busy; try again")
        return claim(drain)

    monkeypatch.setattr(bulk.Drain, "claim", busy_once)
    rig.drain()
    assert len(rig.gupshup.messages()) == 2


def test_a_template_stopped_in_the_middle_stops_the_batch_and_fails_nobody(rig: Rig) -> None:
    template = rig.template()
    batch_id = rig.batch(rig.people(3), template=template)
    told = "select count(*) from public.notifications where kind = 'batch_stalled'"
    state = "update public.message_templates set status = %s where id = %s"
    rig.owner.execute(state, ("paused", template))
    rig.drain()
    assert rig.gupshup.messages() == []
    assert (rig.numbers(batch_id)["status"], rig.one(told)) == ("paused", 2)
    rig.owner.execute(state, ("approved", template))
    resume = "select public.change_message_batch(%s, 'resume')"
    rig.ask(resume, batch_id)
    refusal = {"status": "error", "code": 4005}
    rig.gupshup.misbehave("answer", status=400, body=refusal, times=3)
    rig.drain()
    numbers = rig.numbers(batch_id)
    assert (numbers["status"], numbers["failed"], rig.one(told)) == ("paused", 0, 4)
    rig.ask(resume, batch_id)
    rig.drain()
    assert len(rig.gupshup.messages()) == 3


def test_who_lost_the_lease_begins_nothing_and_whose_batch_was_over_waits_again(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(2))
    claimed = rig.rows("select * from private.claim_batch_messages(10, 60)")
    begin = "select private.begin_batch_messages(%s, %s) as id"
    first, second = claimed
    assert rig.rows(begin, [first["message_id"]], [first["attempt"]])
    rig.elapse(61)
    assert rig.rows(begin, [second["message_id"]], [second["attempt"]]) == []
    rig.drain()
    rig.owner.execute("select private.fold_batch_counts()")
    assert rig.numbers(batch_id)["status"] == "done"
    late = {"message_id": str(first["message_id"]), "attempt": first["attempt"],
            "outcome": "retry", "error_code": "rate_limited", "retry_after_seconds": 1}  # fmt: skip
    rig.owner.execute("select private.settle_batch_messages(%s::jsonb)", (json.dumps([late]),))
    assert rig.numbers(batch_id)["status"] == "sending"
    rig.elapse(2)
    rig.drain()
    assert len(rig.gupshup.messages()) == 2


def test_two_people_with_one_telephone_are_not_written_to_in_one_instant(rig: Rig) -> None:
    people = rig.people(2)
    rig.owner.execute("update public.client_phones set phone = '+5511988887777'"
                      " where client_id = any(%s)", (people,))  # fmt: skip
    rig.batch(people)
    for expected in (1, 0, 1):
        claimed = rig.rows("select * from private.claim_batch_messages(10, 60)")
        assert len(claimed) == expected
        if expected == 0:
            rig.elapse(7)


def test_a_batch_behind_another_and_one_of_a_sleeping_account_make_no_noise(rig: Rig) -> None:
    first, second = rig.batch(rig.people(1)), rig.batch(rig.people(1, first=10))
    rig.elapse(301)
    moves = "update public.message_batches set last_progress_at = private.now() where id = %s"
    rig.owner.execute(moves, (first,))
    rig.owner.execute("select private.watch_batches()")
    assert not rig.ask("select public.message_batch(%s)", second)["is_stalled"]
    assert rig.one("select private.batch_pause() is not null")
    rig.owner.execute("update public.integrations set is_active = false")
    assert rig.one("select private.batch_pause() is null")
