"""Bulk sends, rules, charges and people share the pace of a number, whatever the mix."""

import json
import random
import threading
import uuid
from collections import Counter
from typing import Any

import pytest

from tests.automation import WaitUntil
from tests.messaging.rig import Rig
from tests.messaging.test_conversations import hear
from tests.proof import examples

PACES = (1, 3, 7, 20, 80, 1000)  # messages a second


class Leaving:
    """When each message may leave, in seconds of a clock that the test moves."""

    def __init__(self, rig: Rig, pace: int) -> None:
        self.rig, self.now, self.at = rig, 0.0, list[float]()
        rig.owner.execute("delete from private.sender_buckets")
        rig.owner.execute("update public.senders set throughput_per_second = %s", (pace,))
        self.sender = rig.sender()
        self.workers = [uuid.uuid4() for _ in range(2)]

    def elapse(self, seconds: float) -> None:
        self.now += seconds
        self.rig.owner.execute(
            "update private.sender_buckets set refilled_at = refilled_at - make_interval(secs =>"
            " %(s)s), lent_until = lent_until - make_interval(secs => %(s)s)",
            {"s": seconds},
        )

    def instant(self) -> float:
        return self.now + float(self.rig.one("select extract(epoch from clock_timestamp())"))

    def bulk(self, worker: uuid.UUID, wanted: int) -> int:
        [lent] = self.rig.rows(
            "select * from private.take_tokens(%s, %s, %s)", self.sender, wanted, worker
        )
        asked = self.instant()
        self.at += [asked + max(lent["starts_in"] + n * lent["gap"], 0)
                    for n in range(lent["taken"])]  # fmt: skip
        return int(lent["taken"])

    def turn(self, patience: float, is_rule: bool = False) -> float:
        ask = "select private.take_turn(%s, %s, %s)"
        wait = float(self.rig.one(ask, self.sender, patience, is_rule))
        if wait <= patience:
            self.at.append(self.instant() + wait)
        return wait

    def most_in_a_second(self) -> int:
        at = sorted(self.at)
        # What the statements themselves took is no haste: a hundredth of a second of grace.
        return max(sum(1 for other in at if 0 <= other - one < 0.99) for one in at)


@pytest.mark.proof
def test_no_second_holds_more_than_was_granted_whatever_the_mix(rig: Rig) -> None:
    for seed in range(examples(2, 30)):
        dice = random.Random(seed)  # noqa: S311  # no secret hangs on it
        for pace in PACES:
            leaving = Leaving(rig, pace)
            for _ in range(25):
                match dice.randrange(4):
                    case 0:
                        leaving.bulk(dice.choice(leaving.workers), dice.choice([1, 40, 1000]))
                    case 1:
                        for _ in range(dice.choice([1, 5, 30])):
                            patience = dice.choice([2.0, 5.0])
                            leaving.turn(patience, is_rule=patience < 5)
                    case _:
                        leaving.elapse(dice.choice([0.01, 0.1, 0.4, 1.5]))
            assert leaving.most_in_a_second() <= pace, (seed, pace)


def test_a_person_waits_for_what_is_lent_and_a_bulk_send_waits_for_the_person(rig: Rig) -> None:
    """At one a second, so that a slow machine's own seconds change nothing."""
    leaving = Leaving(rig, 1)
    one = leaving.workers[0]
    assert leaving.bulk(one, 1000) == 2  # one lay ready, one is lent
    waits = [leaving.turn(5.0) for _ in range(3)]
    assert waits == sorted(waits)
    assert 1 < waits[0] < waits[-1] <= 5
    assert leaving.bulk(one, 1000) == 0
    # Rules have less patience than people, who therefore never wait behind a thousand rules.
    leaving.elapse(2.5)
    assert leaving.turn(2.0) > 2.0
    assert leaving.turn(5.0) <= 5.0


def test_rules_and_a_bulk_send_share_a_number_and_people_come_first(rig: Rig) -> None:
    """However many of each want it: of a minute's tokens neither class gets less than a third."""
    leaving = Leaving(rig, 20)
    turns: Counter[str] = Counter()
    for _ in range(120):
        leaving.elapse(0.5)
        rig.owner.execute(
            "update private.sender_buckets set last_claimed_at = last_claimed_at"
            " - interval '0.5 seconds'"
        )
        for _ in range(12):  # runs that were postponed come back in handfuls
            turns["rules"] += leaving.turn(2.0, is_rule=True) <= 2.0
        turns["bulk"] += leaving.bulk(leaving.workers[0], 1000)
        turns["people"] += leaving.turn(5.0) <= 5.0
    assert turns["people"] == 120
    assert min(turns["rules"], turns["bulk"]) >= 0.9 * 20 * 60 / 3
    assert leaving.most_in_a_second() <= 20


def test_what_rules_sent_before_a_bulk_send_is_not_held_against_them(rig: Rig) -> None:
    leaving = Leaving(rig, 20)
    for _ in range(60):
        leaving.elapse(0.5)
        for _ in range(12):
            leaving.turn(2.0, is_rule=True)
    taken = 0
    for _ in range(40):
        leaving.elapse(0.5)
        rig.owner.execute(
            "update private.sender_buckets set last_claimed_at = last_claimed_at"
            " - interval '0.5 seconds'"
        )
        leaving.bulk(leaving.workers[0], 1000)
        taken += sum(leaving.turn(2.0, is_rule=True) <= 2.0 for _ in range(12))
    assert taken >= 0.9 * 20 * 20 / 3


def test_rules_alone_have_the_whole_number(rig: Rig) -> None:
    leaving = Leaving(rig, 20)
    taken = 0
    for _ in range(20):
        leaving.elapse(0.5)
        for _ in range(12):
            taken += leaving.turn(2.0, is_rule=True) <= 2.0
    assert taken >= 0.9 * 20 * 9


def test_what_people_write_during_a_bulk_send_goes_out_beside_it_each_once(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    rig.pace(40)
    people = rig.people(70)
    [talker] = rig.people(1, first=500)
    phone = rig.one("select phone from public.client_phones where client_id = %s", talker)
    rig.gupshup.reply("DemoCobrancas", phone[1:], "oi")
    [heard] = hear(rig, wait_until, 1)
    talk = heard["conversation_id"]
    rig.batch(people)
    bulk = threading.Thread(target=rig.drain)
    bulk.start()
    for n in range(12):
        said: dict[str, Any] = rig.ask(
            "select public.send_chat_message(%s, %s, %s)", talk, uuid.uuid4(), f"mensagem {n}"
        )
        assert said["status"] == "queued", json.dumps(said)

    rig.drain("send-message")
    bulk.join(120)

    def have_all_come() -> bool:
        # What a busy machine let pile up was told to come later.
        rig.drain("send-message")
        rig.drain()
        return len(rig.gupshup.messages()) >= 1 + 70 + 12

    wait_until(have_all_come)
    texts = Counter(message["text"] for message in rig.gupshup.messages())
    assert [texts[f"mensagem {n}"] for n in range(12)] == [1] * 12
    assert len(rig.gupshup.messages()) == 1 + 70 + 12
