"""One order of locks: client, agreement, titles, charges. Who waits, waits holding nothing."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.money.deals import (
    Answer,
    agree,
    charge,
    connect_provider,
    ledger_differences,
    paid_item,
    parts,
    record,
)
from tests.money.world import World

WaitUntil = Callable[..., Any]
A_MONTH = timedelta(days=31)


class Second:
    """Another session, which runs one statement as somebody, in a thread of its own."""

    def __init__(self, url: str, world: World, who: str, query: str, *values: Any) -> None:
        self.answer: Any = None
        self.pid = 0
        claims = json.dumps({"sub": str(world.people[who])})

        def run() -> None:
            with psycopg.connect(url) as connection:
                self.pid = connection.info.backend_pid
                connection.execute(
                    "select set_config('request.jwt.claims', %s, true),"
                    " set_config('role', 'authenticated', true)",
                    (claims,),
                )
                try:
                    [self.answer] = connection.execute(query, values).fetchone() or [None]
                except psycopg.Error as error:
                    self.answer = error.diag.message_primary

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def waits(self, observer: psycopg.Connection) -> bool:
        found = observer.execute(
            "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s", (self.pid,)
        ).fetchone()
        return bool(found and found[0])

    def end(self) -> Any:
        self.thread.join(timeout=300)
        assert not self.thread.is_alive()
        return self.answer


@pytest.fixture
def desk(copied_url: str) -> Iterator[tuple[str, World, psycopg.Connection]]:
    """A committed world with an agreement, and a session that looks on."""
    with (
        psycopg.connect(copied_url) as connection,
        psycopg.connect(copied_url, autocommit=True) as observer,
    ):
        world = World(connection)
        connect_provider(world)
        world.debt(90_000)
        agree(world, installments=3, first_due_date=world.today + timedelta(days=1))
        connection.commit()
        yield copied_url, world, observer


def test_a_dispute_waits_for_the_client_and_holds_no_title_meanwhile(
    desk: tuple[str, World, psycopg.Connection], wait_until: WaitUntil
) -> None:
    url, world, observer = desk
    debt = world.debt(5_000)
    world.connection.commit()
    world.run("select private.lock_client(%s, %s)", world.tenant, world.client)

    second = Second(
        url, world, "operator", "select public.hold_debts(array[%s]::uuid[], 'contesta')", debt
    )
    wait_until(lambda: second.waits(observer))

    world.run("select from public.debts where id = %s for update nowait", debt)
    world.connection.commit()
    assert second.end() == 1


def test_a_question_about_a_charge_waits_for_the_client_and_holds_no_charge(
    desk: tuple[str, World, psycopg.Connection], wait_until: WaitUntil
) -> None:
    url, world, observer = desk
    agreement = world.one("select id from public.agreements")
    issued = charge(world, parts(world, agreement)[0]["id"])
    world.connection.commit()
    world.run("select private.lock_client(%s, %s)", world.tenant, world.client)

    second = Second(url, world, "operator", "select public.refresh_charge(%s)", issued["id"])
    wait_until(lambda: second.waits(observer))

    world.run("select from public.charges where id = %s for update nowait", issued["id"])
    world.connection.commit()
    second.end()
    assert world.one("select needs_lookup from public.charges where id = %s", issued["id"])


def test_a_callback_waits_for_no_charge_and_comes_back(
    desk: tuple[str, World, psycopg.Connection],
) -> None:
    _, world, observer = desk
    agreement = world.one("select id from public.agreements")
    issued = charge(world, parts(world, agreement)[0]["id"])
    event = world.one(
        "insert into private.provider_events"
        " (tenant_id, integration_id, provider, external_id, kind, payload)"
        " values (%s, %s, 'negociarie', %s, 'charge_changed', %s) returning id",
        world.tenant,
        issued["integration_id"],
        uuid.uuid4().hex,
        Jsonb({"charge": {"references": [issued["reference"]]}}),
    )
    world.run("select pgmq.send('provider_events', %s)", Jsonb({"event_id": str(event)}))
    world.connection.commit()
    world.run("select from public.charges where id = %s for update", issued["id"])

    def drained() -> tuple[Any, ...] | None:
        observer.execute("update pgmq.q_provider_events set vt = clock_timestamp()")
        observer.execute("select private.apply_provider_events(10)")
        return observer.execute(
            "select event.handled_at is not null, event.error from private.provider_events"
            " as event where event.id = %s",
            (event,),
        ).fetchone()

    assert drained() == (False, None)
    world.connection.commit()
    assert drained() == (True, None)
    assert world.one("select needs_lookup from public.charges where id = %s", issued["id"])


def test_a_payment_taken_back_while_its_owner_is_found_pays_nothing(
    desk: tuple[str, World, psycopg.Connection], wait_until: WaitUntil
) -> None:
    url, world, observer = desk
    debt = str(world.debt(5_000))
    record(world, connect_provider(world), paid_item("nobody's", 3_000, world.today))
    [(case, payment)] = world.run("select id, payment_id from public.payment_cases").fetchall()
    world.connection.commit()

    world.run("select")
    target: Answer = {"client_id": str(world.client), "debt_ids": [debt]}
    world.rpc(
        "supervisor",
        "resolve_payment_case",
        case_id=case,
        resolution="assign",
        reason="recibo",
        target=target,
    )
    second = Second(url, world, "supervisor", "select public.reverse_payment(%s, 'MED')", payment)
    wait_until(lambda: second.waits(observer))
    world.connection.commit()

    second.end()
    assert world.one("select abated_cents from public.debts where id = %s", debt) == 0
    assert ledger_differences(world) == []


def test_the_clock_waits_for_nobody_and_comes_again(
    desk: tuple[str, World, psycopg.Connection],
) -> None:
    _, world, observer = desk
    late = world.today + timedelta(days=60)
    strike = "select private.age_agreements(%s, %s)"
    world.run("select private.lock_client(%s, %s)", world.tenant, world.client)

    assert observer.execute(strike, (world.tenant, late)).fetchone() == ({"busy": 1},)
    world.connection.commit()
    assert observer.execute(strike, (world.tenant, late)).fetchone() == ({"lapsed": 1},)


def test_money_of_one_client_holds_up_no_other_clients(
    desk: tuple[str, World, psycopg.Connection], wait_until: WaitUntil
) -> None:
    url, world, _ = desk
    other = world.new_client("Bruno Lima")
    debt = world.debt(50_000, client=other)
    world.connection.commit()
    world.run("select private.age_agreements(%s, %s)", world.tenant, world.today + A_MONTH * 2)

    second = Second(
        url, world, "operator", "select public.hold_debts(array[%s]::uuid[], 'contesta')", debt
    )
    wait_until(lambda: not second.thread.is_alive())

    assert second.answer == 1


def test_the_clock_lets_go_of_each_client_before_it_takes_the_next(
    desk: tuple[str, World, psycopg.Connection], wait_until: WaitUntil
) -> None:
    url, world, observer = desk
    world.client = world.new_client("Bruno Lima")
    world.debt(90_000)
    agree(world, installments=3, first_due_date=world.today + timedelta(days=1))
    [first, last] = world.rows("select id, client_id from public.agreements order by client_id")
    world.run(
        "create function private.stand_still() returns trigger language plpgsql as $$ begin"
        " perform pg_advisory_xact_lock(4711); return new; end $$"
    )
    world.run(
        "create trigger stand_still before update on public.agreements for each row"
        f" when (new.id = '{last['id']}') execute function private.stand_still()"
    )
    world.set_today(world.today + A_MONTH * 2)
    world.connection.commit()
    world.run("select pg_advisory_xact_lock(4711)")

    def strike() -> None:
        with psycopg.connect(url, autocommit=True) as clock:
            clock.execute("call private.run_money_jobs()")

    clock = threading.Thread(target=strike)
    clock.start()
    of = "select status from public.agreements where id = %s"
    wait_until(lambda: observer.execute(of, (first["id"],)).fetchone() == ("lapsed",))
    world.run("select from public.clients where id = %s for update nowait", first["client_id"])
    assert observer.execute(of, (last["id"],)).fetchone() == ("awaiting_first_payment",)

    world.connection.commit()
    clock.join(timeout=300)
    assert observer.execute(of, (last["id"],)).fetchone() == ("lapsed",)
    told = "select result -> 'counts', failures from public.job_runs where finished_at is not null"
    assert observer.execute(told).fetchall() == [({"lapsed": 2}, 0)]


def test_an_import_waits_for_the_client_and_holds_no_title_meanwhile(
    desk: tuple[str, World, psycopg.Connection], wait_until: WaitUntil
) -> None:
    url, world, observer = desk
    debt = world.debt(5_000)
    world.connection.commit()
    chunk = {
        "tenant_id": str(world.tenant),
        "clients": [],
        "debts": [{"action": "changed", "debt_id": str(debt), "principal_cents": 6_000}],
    }
    world.run("select private.lock_client(%s, %s)", world.tenant, world.client)
    pids: list[int] = []

    def write() -> None:
        with psycopg.connect(url) as connection:
            pids.append(connection.info.backend_pid)
            connection.execute(
                "select private.write_chunk_people(chunk) from"
                " jsonb_populate_record(null::private.import_chunks, %s) as chunk",
                (Jsonb(chunk),),
            )

    writer = threading.Thread(target=write)
    writer.start()
    waits = "select wait_event_type = 'Lock' from pg_stat_activity where pid = any(%s)"
    wait_until(lambda: observer.execute(waits, (pids,)).fetchone() == (True,))

    world.run("select from public.debts where id = %s for update nowait", debt)
    world.connection.commit()
    writer.join(timeout=300)
    assert not writer.is_alive()


def test_an_agreement_being_changed_lets_others_point_to_it(
    desk: tuple[str, World, psycopg.Connection],
) -> None:
    _, world, observer = desk
    agreement = world.one("select id from public.agreements")
    world.connection.commit()
    world.run("select private.agreement_for_change(%s, %s)", world.tenant, agreement)

    observer.execute("set lock_timeout = '5s'")
    observer.execute(
        "select private.tell_agreement(%s, 'charge_failed', %s)", (agreement, world.today)
    )
