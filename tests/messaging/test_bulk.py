"""A bulk send from the selection to the last receipt, whatever happens on the way."""

import itertools
import json
import uuid
from collections import Counter
from typing import Any

import psycopg
import pytest

from tests.automation import TENANT
from tests.messaging.rig import ADMIN, OTHER_TENANT, Rig
from tests.proof import examples

WaitUntil = Any


def outcomes(rig: Rig, batch_id: uuid.UUID) -> Counter[tuple[str, str | None]]:
    return Counter(
        (row["outcome"], row["reason"])
        for row in rig.ask("select public.batch_results(%s, page_size => 1000)", batch_id)["rows"]
    )


def settle(rig: Rig, client: uuid.UUID) -> None:
    rig.owner.execute("update public.debts set status = 'settled' where client_id = %s", (client,))


@pytest.mark.parametrize(("provider", "tenant"), [("gupshup", TENANT), ("meta", OTHER_TENANT)])
def test_everybody_gets_exactly_one_message_and_the_numbers_say_so(
    rig: Rig, wait_until: WaitUntil, provider: str, tenant: str
) -> None:
    rig.listen()
    people = rig.people(12, tenant)
    by = ADMIN[tenant]
    batch_id = rig.batch(people, provider, tenant)
    rig.drain()
    phones = rig.gupshup if provider == "gupshup" else rig.meta
    assert Counter(m["phone"] for m in phones.messages()).most_common(1)[0][1] == 1
    assert len(phones.messages()) == 12
    assert "Olá, Pessoa! O valor em aberto é R$ 150,00." in phones.messages()[0]["text"]

    def is_read() -> bool:
        rig.drain("run-automations")
        seen = rig.ask("select public.message_batch(%s)", batch_id, by=by)["numbers"]
        return bool(seen["read"] == 12)

    wait_until(is_read)
    told = rig.ask("select public.message_batch(%s)", batch_id, by=by)
    numbers = told["numbers"]
    assert told["status"] == "done"
    assert (numbers["sent"], numbers["delivered"], numbers["queued"], numbers["failed"]) == (
        12, 12, 0, 0,
    )  # fmt: skip
    assert numbers["spent_micros"] > 0
    assert rig.drain()["claimed"] == 0


def test_who_may_not_get_it_is_left_out_with_the_reason(rig: Rig) -> None:
    people = rig.people(8)
    rig.owner.execute("delete from public.client_phones where client_id = %s", (people[0],))
    rig.owner.execute(
        "update public.client_phones set has_whatsapp = false where client_id = %s", (people[1],)
    )
    rig.owner.execute(
        "insert into public.suppressions (tenant_id, client_id, channel, reason)"
        " values (%s, %s, 'whatsapp', 'pediu')",
        (TENANT, people[2]),
    )
    rig.owner.execute(
        "update public.debts set status = 'settled' where client_id = %s", (people[3],)
    )
    rig.owner.execute(
        'update public.clients set extra = \'{"vendedor": "Ana"}\' where id = any(%s)',
        (people[5:],),
    )
    template = rig.template(variables=["client.first_name", "client.extra.vendedor"])
    selection = json.dumps({"ids": [str(client) for client in people]})
    seen = rig.ask(
        "select public.preview_message_batch(%s::jsonb, %s, %s)", selection, rig.sender(), template
    )
    wanted = {
        "no_phone": 1, "no_whatsapp": 1, "opted_out": 1, "nothing_owed": 1, "variable_missing": 1,
    }  # fmt: skip
    assert {row["reason"]: row["count"] for row in seen["excluded"]} == wanted
    assert (seen["selected"], seen["eligible"], seen["is_estimate"]) == (8, 3, False)
    assert {each["body"] for each in seen["examples"]} == {"Olá, Pessoa! O valor em aberto é Ana."}
    assert {each["client_id"] for each in seen["examples"]} == {str(one) for one in people[5:]}
    assert seen["cost"]["total_micros"] == 3 * seen["cost"]["price_micros"]

    batch_id = rig.batch(people, template=template)
    rig.drain()
    found = outcomes(rig, batch_id)
    assert found == {("submitted", None): 3} | {("excluded", r): n for r, n in wanted.items()}


def test_what_becomes_forbidden_after_the_creation_is_not_sent(rig: Rig) -> None:
    people = rig.people(4)
    batch_id = rig.batch(people)
    rig.owner.execute(
        "insert into public.suppressions (tenant_id, client_id, reason) values (%s, %s, 'pediu')",
        (TENANT, people[0]),
    )
    rig.owner.execute(
        "update public.debts set status = 'settled' where client_id = %s", (people[1],)
    )
    rig.owner.execute("delete from public.client_phones where client_id = %s", (people[2],))
    rig.drain()
    assert outcomes(rig, batch_id) == {
        ("skipped", "opted_out"): 1,
        ("skipped", "nothing_owed"): 1,
        ("skipped", "no_whatsapp"): 1,
        ("submitted", None): 1,
    }


def test_outside_lawful_hours_nothing_leaves_and_in_the_morning_all_does(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(3))
    rig.owner.execute(
        "update private.clock set shift = shift + (select max(closes_at) - private.now()"
        " from private.contact_hours_in(%s, 'SP', private.now(), 1))",
        (TENANT,),
    )
    rig.drain()
    assert rig.gupshup.messages() == []
    assert outcomes(rig, batch_id) == {("waiting", "outside_hours"): 3}
    late = rig.batch(rig.people(2, first=50))
    assert outcomes(rig, late) == {("waiting", "outside_hours"): 2}
    assert (rig.numbers(late)["held"], rig.numbers(late)["queued"]) == (2, 2)
    # Nobody is due before the morning: no claim looks at them, and no worker stays up.
    assert rig.one("select min(not_before) > private.now() + interval '5 hours'"
                   " from public.batch_recipients")  # fmt: skip
    assert rig.one("select private.batch_pause() > 5 * 3600")
    assert rig.rows("select * from private.claim_batch_messages(100, 60)") == []
    opens = rig.one("select min(not_before) from public.batch_recipients")
    rig.owner.execute("update private.clock set shift = %s - clock_timestamp()", (opens,))
    # The minute's watch sees that somebody is due, and the worker is woken by itself.
    assert rig.one("select private.batch_pause() < 60")
    rig.drain()
    assert len(rig.gupshup.messages()) == 5
    assert rig.numbers(late)["held"] == 0


def test_the_same_id_is_the_same_batch_and_another_wish_is_refused(rig: Rig) -> None:
    people, batch_id = rig.people(2), uuid.uuid4()
    template = rig.template()
    for _ in range(3):
        rig.batch(people, id=batch_id, template=template)
    assert rig.one("select count(*) from public.batch_recipients") == 2
    with pytest.raises(psycopg.Error, match="batch_id_reused"):
        rig.batch(people[:1], id=batch_id, template=template)


def test_a_template_that_speaks_of_a_charge_and_a_retired_number_are_refused(rig: Rig) -> None:
    people = rig.people(1)
    bill = rig.template(variables=["client.first_name", "charge.amount"])
    with pytest.raises(psycopg.Error, match="template_not_sendable"):
        rig.batch(people, template=bill)
    rig.ask("select public.set_sender_state(%s, 'disabled')::text", rig.sender())
    with pytest.raises(psycopg.Error, match="sender_not_found"):
        rig.batch(people)


def test_cancelled_while_a_worker_holds_them_nobody_stays_in_the_queue(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(5))
    rig.owner.execute("select * from private.claim_batch_messages(3, 60)")
    rig.ask("select public.change_message_batch(%s, 'cancel')", batch_id)
    assert rig.numbers(batch_id)["queued"] == 3
    rig.elapse(61)
    rig.owner.execute("select private.watch_batches()")
    assert outcomes(rig, batch_id) == {("skipped", "cancelled"): 5}
    assert rig.one("select count(*) from public.message_logs where batch_id = %s", batch_id) == 0
    assert (rig.numbers(batch_id)["queued"], rig.numbers(batch_id)["status"]) == (0, "cancelled")


def test_a_paused_batch_rests_a_resumed_one_goes_on_a_cancelled_one_is_over(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(4))
    change = "select public.change_message_batch(%s, %s)"
    rig.ask(change, batch_id, "pause")
    rig.drain()
    assert rig.gupshup.messages() == []
    rig.ask(change, batch_id, "resume")
    rig.drain()
    assert len(rig.gupshup.messages()) == 4
    other = rig.batch(rig.people(2, first=100))
    rig.ask(change, other, "cancel")
    rig.drain()
    assert outcomes(rig, other) == {("skipped", "cancelled"): 2}
    with pytest.raises(psycopg.Error, match="batch_not_movable"):
        rig.ask(change, other, "resume")


def test_only_transient_failures_are_tried_again(rig: Rig) -> None:
    people = rig.people(3)
    batch_id = rig.batch(people)
    rig.refuse(people[0], 1002)
    rig.refuse(people[1], 1008)
    for _ in range(2):  # without the ninth digit it is tried once more
        rig.drain()
        rig.elapse(7)
    message = rig.one(
        "select id from public.message_logs where batch_id = %s and status = 'submitted'", batch_id
    )
    rig.owner.execute(
        "update public.message_logs set status = 'failed', failed_at = private.now(),"
        " error_code = 'provider_unavailable' where id = %s",
        (message,),
    )
    rig.owner.execute("select private.fold_batch_counts()")
    assert rig.numbers(batch_id)["retryable"] == 1
    assert rig.ask("select public.retry_message_batch(%s)", batch_id) == 1
    rig.drain()
    assert len(rig.gupshup.messages()) == 2  # the first acceptance, and the retry
    assert outcomes(rig, batch_id) == {
        ("failed", "number_invalid"): 1, ("failed", "policy"): 1, ("submitted", None): 1,
    }  # fmt: skip
    assert rig.ask("select public.retry_message_batch(%s)", batch_id) == 0


def test_an_account_error_stops_the_number_tells_somebody_and_fails_nobody(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(3))
    rig.gupshup.misbehave("answer", status=400, body={"status": "error", "code": 1003}, times=3)
    rig.drain()
    assert rig.rows(
        "select state, paused_reason from public.senders where id = %s", rig.sender()
    ) == [{"state": "paused", "paused_reason": "configuration"}]
    assert rig.one(
        "select count(*) from public.notifications where kind = 'sender_paused'"
    ) == rig.one(
        "select count(*) from public.memberships where tenant_id = %s and role >= 'supervisor'",
        TENANT,
    )
    assert rig.numbers(batch_id)["failed"] == 0
    rig.drain()
    assert rig.gupshup.messages() == []
    rig.ask("select public.set_sender_state(%s, 'active')::text", rig.sender())
    rig.drain()
    assert len(rig.gupshup.messages()) == 3


def test_a_number_without_whatsapp_is_closed_for_a_quarter_and_no_longer(rig: Rig) -> None:
    [client] = rig.people(1)
    rig.batch([client])
    rig.refuse(client, 1002)
    for _ in range(2):  # without the ninth digit it is tried once more
        rig.drain()
        rig.elapse(7)
    known = "select has_whatsapp from public.client_phones where client_id = %s"
    assert rig.one(known, client) is False
    rig.owner.execute("select private.forgive_numbers()")
    assert rig.one(known, client) is False
    rig.elapse(91 * 86_400)
    rig.owner.execute("select private.forgive_numbers()")
    assert rig.one(known, client) is None


def test_no_second_holds_more_than_was_granted_however_many_instances(rig: Rig) -> None:
    rig.pace(40)
    rig.batch(rig.people(100))
    for _ in range(2):
        rig.drain()
    assert len(rig.gupshup.messages()) == 100
    # Nothing was refused for haste, but for what a busy machine let pile up: a quarter at most.
    assert rig.gupshup.calls() <= 125


def test_a_claim_borrows_a_seconds_worth_and_another_worker_cannot_borrow_beside_it(
    rig: Rig,
) -> None:
    """A pace of 80 must not hang on how long a claim takes on a busy machine."""
    rig.batch(rig.people(200))
    claim = "select * from private.claim_batch_messages(400, 60, %s)"
    one, other = uuid.uuid4(), uuid.uuid4()
    claimed = rig.rows(claim, one)
    assert 72 <= len(claimed) <= 116
    starts = [row["starts_in"] for row in claimed]
    assert {round((b - a) * 72, 6) for a, b in itertools.pairwise(starts)} == {1}
    assert rig.rows(claim, other) == []


def test_a_small_agency_does_not_wait_for_a_large_one(rig: Rig) -> None:
    rig.batch(rig.people(300))
    rig.batch(rig.people(5, OTHER_TENANT), "meta", OTHER_TENANT)
    with rig.owner.transaction():
        claimed = rig.rows("select * from private.claim_batch_messages(10, 60)")
        assert Counter(str(row["tenant_id"]) for row in claimed) == {TENANT: 5, OTHER_TENANT: 5}
        raise psycopg.Rollback


def test_when_nothing_moves_somebody_is_told_once(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(2))
    told = "select count(*) from public.notifications where kind = 'batch_stalled'"
    rig.owner.execute("select private.watch_batches()")
    assert rig.one(told) == 0
    rig.elapse(301)
    for _ in range(2):
        rig.owner.execute("select private.watch_batches()")
    assert rig.one(told) == 2  # the supervisor and the admin
    assert rig.ask("select public.message_batch(%s)", batch_id)["is_stalled"]


def test_who_is_only_put_back_again_and_again_has_not_moved(rig: Rig) -> None:
    """A 429 costs no attempt: without this the provider could say "later" for ever, unnoticed."""
    batch_id = rig.batch(rig.people(1))
    told = "select count(*) from public.notifications where kind = 'batch_stalled'"
    rig.gupshup.misbehave("answer", status=429, retry_after=100, times=9)
    for _ in range(4):
        rig.drain()
        rig.owner.execute("select private.fold_batch_counts(), private.watch_batches()")
        rig.elapse(126)
    rig.owner.execute("select private.watch_batches()")
    assert rig.numbers(batch_id)["sent"] == 0
    assert rig.one(told) == 2


def test_a_scheduled_batch_begins_at_its_time(rig: Rig) -> None:
    at = rig.one("select private.now() + interval '1 hour'")
    batch_id = rig.batch(rig.people(2), scheduled_at=at)
    rig.owner.execute("select private.watch_batches()")
    rig.drain()
    assert rig.gupshup.messages() == []
    assert rig.numbers(batch_id)["status"] == "scheduled"
    rig.elapse(3_601)
    rig.owner.execute("select private.watch_batches()")
    rig.drain()
    assert len(rig.gupshup.messages()) == 2


@pytest.mark.proof
@pytest.mark.parametrize(("provider", "tenant"), [("gupshup", TENANT), ("meta", OTHER_TENANT)])
def test_faults_lose_nobody_and_double_nothing(
    rig: Rig, wait_until: WaitUntil, provider: str, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = examples(150, 10_000)
    monkeypatch.setattr("kit.http.CALL_SECONDS", 1.0)
    rig.owner.execute(
        "insert into public.message_policies (tenant_id, confirm_above_recipients)"
        " values (%s, 1000000)", (tenant,),
    )  # fmt: skip
    rig.listen()
    rig.pace(1000)
    phones = rig.gupshup if provider == "gupshup" else rig.meta
    phones.receipts(latency=dict.fromkeys(("enqueued", "sent"), 0.01), drop=["delivered", "read"])
    phones.weather(
        {"429": 0.02, "500": 0.02, "reset": 0.01, "reset_taken": 0.01, "hang": 0.005,
         "hang_taken": 0.005},
        seed=count, hang_seconds=2,
    )  # fmt: skip
    people = rig.people(count, tenant)
    people_of = {row["phone"]: row["client_id"] for row in rig.rows(
        "select client_id, phone from public.client_phones where client_id = any(%s)", people
    )}  # fmt: skip
    batch_id = rig.batch(people[: min(count, 10_000)], provider, tenant)
    for _ in range(40):
        rig.drain()
        rig.elapse(61)
        rig.drain("run-automations")
        left = rig.one(
            "select count(*) from public.batch_recipients where batch_id = %s"
            " and status in ('waiting', 'claimed')", batch_id,
        )  # fmt: skip
        if not left:
            break
    taken = Counter(people_of["+" + m["phone"]] for m in phones.messages())
    assert max(taken.values()) == 1, "somebody got it twice"

    def are_receipts_in() -> bool:
        rig.drain("run-automations")
        return bool(
            rig.one(
                "select count(*) from public.message_logs where batch_id = %s"
                " and client_id = any(%s) and status not in ('sent', 'delivered', 'read')",
                batch_id, list(taken),
            ) == 0
        )  # fmt: skip

    wait_until(are_receipts_in, seconds=120)
    rig.elapse(901)
    rig.owner.execute("select private.watch_batches()")
    states = Counter(
        (row["status"], row["error_code"])
        for row in rig.rows(
            "select status::text, error_code from public.message_logs where batch_id = %s", batch_id
        )
    )
    # Who did not get it is somebody whose connection was cut or hung: known as such, never resent.
    assert states == Counter({("sent", None): len(taken)}) + Counter(
        {("failed", "outcome_unknown"): count - len(taken)}
    )
    assert rig.one("select count(distinct client_id) from public.message_logs"
                   " where batch_id = %s", batch_id) == count  # fmt: skip
