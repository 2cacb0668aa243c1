"""Callbacks and sweeps: closed without key and token, and never the reason that money moves."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.automation import JOBS_KEY
from tests.charging import TOKEN, Desk
from tests.proof import examples

any_text = st.text(st.characters())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=10,
)
# What the provider says before, at and after the payment, true or stale.
OPEN = {"id_status": 800, "status": "Em Ser"}
PAID = {"id_status": 801, "status": "Liquidação", "data_pagamento": "2026-03-09", "valor_pago": 300}
GONE = {"id_status": 810, "status": "Baixa"}


def paid(desk: Desk, reference: str, on: date | None = None, **how: Any) -> None:
    desk.bank.pay(reference, data_pagamento=(on or desk.world.today).isoformat(), **how)


def test_a_payment_is_booked_once_after_it_was_looked_up(desk: Desk) -> None:
    reference = desk.ask()
    desk.finish()
    paid(desk, reference)
    asked = desk.bank.calls("lookup")
    for _ in range(3):
        assert desk.callback(desk.told(reference, **PAID)).status_code == 202
    assert desk.payments() == []  # nothing was asked yet
    desk.finish()
    assert desk.payments() == [(reference, 30_000, desk.world.today)]
    assert desk.bank.calls("lookup") == asked + 1
    assert desk.charge(reference)["status"] == "paid"


def test_a_question_that_got_no_answer_is_asked_again(desk: Desk) -> None:
    reference = desk.ask()
    desk.finish()
    paid(desk, reference)
    for fault in ({"do": "reset"}, {"do": "page"}, {"do": "answer", "status": 503}):
        desk.bank.misbehave(on="lookup", **fault)
    assert desk.callback(desk.told(reference, **PAID)).status_code == 202
    desk.finish()
    assert desk.payments() == [(reference, 30_000, desk.world.today)]


def test_a_callback_about_money_the_provider_does_not_have_moves_none(desk: Desk) -> None:
    reference = desk.ask()
    desk.finish()
    assert desk.callback(desk.told(reference, **PAID)).status_code == 202
    desk.finish()
    assert desk.payments() == []
    assert desk.charge(reference)["status"] == "open"


def test_without_the_key_or_the_token_nothing_is_stored(desk: Desk) -> None:
    reference = desk.ask()
    good = desk.told(reference, **PAID)
    for key in ("", "wrong", "' or 1=1", "ä", "x" * 5_000):
        assert desk.callback(good, key).status_code == 401
    for token in ("", "wrong", TOKEN.upper(), TOKEN[:-1], None, 7, [TOKEN], {"a": TOKEN}, "\0"):
        assert desk.callback(good | {"token": token}).status_code == 401
    missing = {name: value for name, value in good.items() if name != "token"}
    assert desk.callback(missing).status_code == 401
    assert desk.world.rows("select 1 from private.provider_events") == []


def test_the_token_of_another_account_opens_nothing_here(desk: Desk) -> None:
    desk.world.run(
        "update public.integrations set settings = settings || '{\"client_id\": \"8\"}'"
        " where id = %s", desk.integration,
    )  # fmt: skip
    assert desk.callback(desk.told("x", **PAID)).status_code == 401


def test_the_token_is_not_kept(desk: Desk) -> None:
    assert desk.callback(desk.told("x", **PAID)).status_code == 202
    [event] = desk.world.rows("select payload from private.provider_events")
    assert TOKEN not in json.dumps(event["payload"])


def test_only_posts_are_callbacks_and_only_objects_are_bodies(desk: Desk) -> None:
    for method in ("GET", "PUT", "DELETE"):
        params = {"key": desk.webhook_key}
        answer = desk.functions.request(method, "/negociarie-callback", params=params)
        assert answer.status_code == 405
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 9_999, b'{"a": NaN}'):
        assert desk.callback(body).status_code == 400
    assert desk.callback(b'{"a": "' + b"x" * 1_000_000 + b'"}').status_code == 413


def test_callbacks_in_any_order_and_number_end_in_one_state(desk: Desk) -> None:
    reference = desk.ask()
    desk.finish()
    paid(desk, reference)
    for order in permutations([OPEN, PAID, GONE, PAID]):
        for line in order:
            assert desk.callback(desk.told(reference, **line)).status_code == 202
        desk.finish()
        assert desk.payments() == [(reference, 30_000, desk.world.today)]
        assert desk.charge(reference)["status"] == "paid"


@pytest.mark.proof
def test_no_body_whatever_makes_it_fail(desk: Desk) -> None:
    desk.ask()

    @settings(
        max_examples=examples(15, 1000),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.binary(max_size=200)
        | st.fixed_dictionaries(
            {"token": st.just(TOKEN) | json_values},
            optional={
                "parcelas": json_values
                | st.lists(st.fixed_dictionaries({"id_parcela": json_values}), max_size=3),
                "client_id": json_values,
            },
        )
    )
    def fuzz(body: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert desk.callback(raw).status_code in (202, 400, 401)

    fuzz()
    desk.finish()
    stuck = "select 1 from private.provider_events where handled_at is null"
    assert desk.world.rows(stuck) == []


def test_callbacks_of_the_provider_itself_book_the_payment(
    desk: Desk, wait_until: Callable[..., Any]
) -> None:
    ours = desk.functions.base_url.join(f"/negociarie-callback/{desk.webhook_key}")
    desk.bank.register(str(ours))
    desk.bank.habits(registration_seconds=0, callback_seconds=0.05, copies=2, shuffle=True)
    reference = desk.ask()
    desk.finish()
    paid(desk, reference)

    def booked() -> bool:
        desk.elapse()
        desk.drain()
        return bool(desk.payments())

    wait_until(booked)
    desk.finish()
    assert desk.payments() == [(reference, 30_000, desk.world.today)]


def test_a_payment_without_its_words_goes_before_a_person(desk: Desk) -> None:
    desk.bank.habits(registration_seconds=0, paid_word="", paid_code=801)
    reference = desk.ask()
    desk.finish()
    paid(desk, reference)
    desk.callback(desk.told(reference, **PAID))
    desk.finish()
    assert desk.payments() == []
    assert desk.cases() == ["contradiction"]


def sweep(desk: Desk) -> dict[str, int]:
    desk.elapse()
    return desk.job("/reconcile-payments")


def test_a_sweep_books_what_callbacks_lost_and_says_so_once(desk: Desk) -> None:
    references = [desk.ask(1), desk.ask(2)]
    desk.finish()
    desk.world.set_today(desk.world.today + timedelta(days=2))
    paid(desk, references[0])
    paid(desk, references[1], desk.world.today - timedelta(days=2), valor_pago=299.99)
    first, second = sweep(desk), sweep(desk)
    assert (first["found"], first["recovered"], first["failed"]) == (2, 2, 0)
    assert (second["found"], second["recovered"], second["failed"]) == (2, 0, 0)
    assert [cents for _, cents, _ in desk.payments()] == [29_999, 30_000]
    found = "select sum(found) as found, sum(recovered) as recovered from public.reconciliations"
    assert desk.world.rows(found) == [{"found": 4, "recovered": 2}]


def test_a_sweep_after_the_callback_recovers_nothing(desk: Desk) -> None:
    reference = desk.ask()
    desk.finish()
    paid(desk, reference)
    desk.callback(desk.told(reference, **PAID))
    desk.finish()
    assert sweep(desk)["recovered"] == 0
    assert len(desk.payments()) == 1


def test_a_day_that_could_not_be_listed_is_not_reconciled(desk: Desk) -> None:
    desk.bank.misbehave("page", on="paid", times=2)
    desk.bank.misbehave("answer", on="paid", status=200, body={"parcelas": []})
    told = sweep(desk)
    assert (told["days"], told["failed"]) == (4, 3)
    open_days = "select count(*) from public.reconciliations where finished_on is null"
    assert desk.world.one(open_days) == 3


def test_a_sweep_beyond_the_minutes_budget_asks_nothing(desk: Desk) -> None:
    desk.world.run("delete from private.call_budgets")
    desk.world.run(
        "insert into private.call_budgets values (%s, array_fill(clock_timestamp(), array[60]))",
        desk.integration,
    )
    told = desk.job("/reconcile-payments")
    assert told["failed"] == told["days"] == 4
    assert desk.bank.calls("paid") == 0


def test_a_sweep_without_time_leaves_the_rest_to_the_next_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconcile_payments.SWEEPERS", 1)
    monkeypatch.setattr("reconcile_payments.BUDGET_SECONDS", 0)
    days = "select day from public.reconciliations order by day"
    rest = 4
    while rest:
        told = sweep(desk)
        rest -= told["days"]
        assert told["days"] > 0
        assert told["left"] == 4 - told["days"]
    assert len({row["day"] for row in desk.world.rows(days)}) == 4


def test_a_line_nobody_can_read_leaves_its_day_open_and_the_others_booked(desk: Desk) -> None:
    reference = desk.ask()
    desk.finish()
    line = {"id_parcela": reference, "valor": 300} | PAID
    body = {"parcelas_pagas": [{"id_parcela": None}, line]}
    desk.bank.misbehave("answer", on="paid", status=200, body=body)
    told = sweep(desk)
    assert (told["failed"], told["recovered"]) == (1, 1)
    assert desk.payments() == [(reference, 30_000, desk.world.today)]


def test_a_day_that_fails_stops_no_other_day(desk: Desk) -> None:
    references = [desk.ask(1), desk.ask(2)]
    desk.finish()
    desk.world.set_today(desk.world.today + timedelta(days=1))
    paid(desk, references[0], desk.world.today - timedelta(days=1))
    paid(desk, references[1])
    desk.world.run(
        "create function public.fail() returns trigger language plpgsql as $$"
        "begin raise division_by_zero; end $$;"
        "create trigger fail before insert on public.payments for each row"
        " when (new.paid_on = '2026-03-09') execute function public.fail()"
    )
    desk.elapse()
    answer = desk.functions.post(
        "/reconcile-payments", headers={"Authorization": f"Bearer {JOBS_KEY}"}
    )
    assert answer.status_code == 500
    assert desk.payments() == [(references[1], 30_000, desk.world.today)]
    swept = "select count(*) from public.reconciliations where finished_on is not null"
    assert desk.world.one(swept) == 3


def test_money_for_nothing_of_ours_is_kept_for_a_person(desk: Desk) -> None:
    line = {"id_parcela": "of-somebody-else", "valor": 300} | PAID
    body = {"parcelas_pagas": [line], "qtd_parcelas_pagas": 1}
    desk.bank.misbehave("answer", on="paid", status=200, body=body)
    assert sweep(desk)["recovered"] == 1
    assert desk.cases() == ["orphan"]
