"""The queue gives the most urgent lawful client, says why, and never the same one to two people."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proof import examples
from tests.sql.personas import World, acting, refused, scalar, set_clock
from tests.sql.queue_reference import Queue
from tests.sql.queue_world import Agency, Callback, Client, Deal, Talk

MONDAY_NOON = "2026-11-23 12:00-03"
MOMENTS = (
    MONDAY_NOON,
    "2026-11-23 08:30-03",  # Rio and Manaus still sleep
    "2026-11-23 19:30-03",  # Rio has closed, Manaus has not
    "2026-11-28 10:00-03",  # Saturday
    "2026-11-29 12:00-03",  # Sunday: nobody
)
STATUSES = ("open", "open", "open", "in_agreement", "on_hold", "prescribed", "settled", None)
DEALS = ("active", "overdue", "broken_provisionally", "broken", "settled", "pending_approval")


def ask(db: psycopg.Connection, who: UUID, leaving: UUID | None = None) -> dict[str, Any]:
    db.execute(
        "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
        (json.dumps({"sub": str(who), "role": "authenticated"}), "authenticated"),
    )
    found = scalar(db, "select public.next_client(%s)", leaving)
    db.execute(
        "select set_config('request.jwt.claims', '', true), set_config('role', 'none', true)"
    )
    assert isinstance(found, dict)
    return found


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Any]:
    """People are 0 (who asks) and 1; every moment is told apart from every other."""
    minutes = st.integers(0, 60 * 48)
    stamps = iter(draw(st.lists(minutes, min_size=60, max_size=60, unique=True)))
    person = st.sampled_from((0, 0, 1, None))

    def ago() -> timedelta:
        return timedelta(minutes=next(stamps), seconds=17)

    def client() -> dict[str, Any]:
        return {
            "uf": draw(st.sampled_from(("SP", "SP", "RJ", "AM", None))),
            "status": draw(st.sampled_from(STATUSES)),
            "has_phone": draw(st.sampled_from((True, True, True, False))),
            "assignee": draw(person),
            "last_contact": draw(st.sampled_from((None, 1))) and ago(),
            "suppressed": draw(st.sampled_from((None, None, None, "call", "whatsapp", "all"))),
            "held": draw(st.sampled_from((None, None, (0, 1), (1, 1), (1, 4)))),
            "offered": draw(st.sampled_from((None, None, (0, 5), (0, 20), (1, 5)))),
            "callbacks": [
                {"owner": draw(person), "due_ago": ago() - timedelta(hours=12),
                 "status": draw(st.sampled_from(("scheduled", "scheduled", "done")))}
                for _ in range(draw(st.integers(0, 2)))
            ],
            "talks": [
                {"unread": draw(st.integers(0, 2)), "owner": draw(person), "waited": ago(),
                 "opted_out": draw(st.booleans())}
                for _ in range(draw(st.integers(0, 1)))
            ],
            "deals": [
                {"status": draw(st.sampled_from(DEALS)), "author": draw(person), "since": ago(),
                 "due_in": draw(st.sampled_from((0, 0, 1, -1))), "amount": next(stamps) + 1}
                for _ in range(draw(st.integers(0, 2)))
            ],
        }  # fmt: skip

    return {
        "now": draw(st.sampled_from(MOMENTS)),
        "cap": draw(st.sampled_from((None, None, 1))),
        "clients": [client() for _ in range(draw(st.integers(1, 6)))],
    }


def build(agency: Agency, told: dict[str, Any]) -> Client:
    def somebody(number: int | None) -> UUID | None:
        return None if number is None else agency.people[number]

    def lately(pair: tuple[int, int] | None) -> tuple[UUID, timedelta] | None:
        return pair and (agency.people[pair[0]], timedelta(minutes=pair[1]))

    return Client(
        **(told | {
            "assignee": somebody(told["assignee"]),
            "held": lately(told["held"]),
            "offered": lately(told["offered"]),
            "callbacks": [
                Callback(**c | {"owner": somebody(c["owner"])}) for c in told["callbacks"]
            ],
            "talks": [Talk(**t | {"owner": somebody(t["owner"])}) for t in told["talks"]],
            "deals": [Deal(**d | {"author": somebody(d["author"])}) for d in told["deals"]],
        })
    )  # fmt: skip


@pytest.mark.proof
@settings(
    max_examples=examples(12, 2_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories())
def test_the_queue_is_the_one_on_paper(
    db: psycopg.Connection, world: World, history: dict[str, Any]
) -> None:
    with db.transaction(force_rollback=True):
        agency = Agency(db, people=2)
        set_clock(db, history["now"])
        now = datetime.fromisoformat(history["now"])
        clients = [build(agency, told) for told in history["clients"]]
        for client in clients:
            agency.add(client, now)
        if history["cap"]:
            agency.cap(history["cap"])
        me = agency.people[0]
        expected = Queue(clients, me, now, history["cap"])
        leaving = None
        for _ in range(len(clients) + 1):
            # The clock walks on by itself; moments of the history are 17 seconds past a minute.
            set_clock(db, history["now"])
            found = ask(db, me, leaving)
            leaving = UUID(found["client_id"]) if found["client_id"] else None
            assert (leaving and (leaving, found["code"])) == expected.next()


@pytest.fixture
def agency(db: psycopg.Connection, world: World) -> Iterator[Agency]:
    set_clock(db, MONDAY_NOON)
    yield Agency(db, people=2)
    db.execute("set local session_replication_role = origin")


def plain(agency: Agency, **more: Any) -> Client:
    """Somebody of the asking operator's portfolio, whom nothing forbids to call."""
    usual: dict[str, Any] = {
        "uf": "SP", "status": "open", "has_phone": True, "assignee": agency.people[0],
        "last_contact": None, "suppressed": None, "held": None, "offered": None,
    }  # fmt: skip
    return Client(**usual | more)


NOON = datetime.fromisoformat(MONDAY_NOON)


def test_a_client_is_in_service_of_whom_it_was_given_to(
    db: psycopg.Connection, agency: Agency
) -> None:
    client = plain(agency)
    agency.add(client, NOON)
    assert ask(db, agency.people[0])["client_id"] == str(client.id)
    [(holder,)] = db.execute(
        "select operator_id from public.client_services where client_id = %s", (client.id,)
    )
    assert holder == agency.people[0]


def test_the_client_on_the_screen_is_not_the_next(db: psycopg.Connection, agency: Agency) -> None:
    client = plain(agency)
    agency.add(client, NOON)
    assert ask(db, agency.people[0], leaving=client.id)["client_id"] is None


def test_whose_every_number_was_wrong_is_nobodys_next(
    db: psycopg.Connection, agency: Agency
) -> None:
    client = plain(agency)
    agency.add(client, NOON)
    agency.row(
        "disposition_types", key="wrong", label="Errado", human_answered=True, unworkable=True
    )
    agency.row(
        "call_dispositions", client_id=client.id, operator_id=agency.people[0],
        disposition_type="wrong", created_at=NOON - timedelta(days=3),
    )  # fmt: skip
    assert ask(db, agency.people[0])["client_id"] is None


def test_nobody_to_call_says_when_there_will_be(db: psycopg.Connection, agency: Agency) -> None:
    client = plain(agency, callbacks=[Callback(agency.people[0], timedelta(hours=-2), "scheduled")],
                   last_contact=timedelta(minutes=5))  # fmt: skip
    agency.add(client, NOON)
    found = ask(db, agency.people[0])
    assert found["client_id"] is None
    assert datetime.fromisoformat(found["next_callback_at"]) == NOON + timedelta(hours=2)
    assert found["opens_at"] is None
    set_clock(db, "2026-11-29 12:00-03")
    found = ask(db, agency.people[0])
    assert datetime.fromisoformat(found["opens_at"]).isoformat() == "2026-11-30T11:00:00+00:00"


def test_a_stranger_is_given_nobody(db: psycopg.Connection, world: World) -> None:
    for persona in ("no_membership", "revoked"):
        with refused("not_allowed"), acting(db, world, persona):
            db.execute("select public.next_client()")


@pytest.mark.proof
def test_many_operators_at_once_never_get_the_same(fresh_database: str) -> None:
    people, clients = 6, 30
    with psycopg.connect(fresh_database.replace("postgres:", "postgres:", 1)) as owner:
        [(shift_to,)] = owner.execute("select %s::timestamptz", (MONDAY_NOON,))
        owner.execute("update private.clock set shift = %s - clock_timestamp()", (shift_to,))
        [(tenant,)] = owner.execute(
            "insert into public.tenants (name) values ('Corrida') returning id"
        )
        users = [
            row[0]
            for number in range(people)
            for row in owner.execute(
                "insert into auth.users (id, email, aud, role) values"
                " (gen_random_uuid(), %s, 'authenticated', 'authenticated') returning id",
                (f"corrida-{number}@fila.test",),
            )
        ]
        for number, user in enumerate(users):
            owner.execute(
                "insert into public.memberships (tenant_id, user_id, role, display_name)"
                " values (%s, %s, 'operator', %s)",
                (tenant, user, f"Pessoa {number}"),
            )
        owner.execute(
            "insert into public.creditors (tenant_id, name) values (%s, 'Credor')", (tenant,)
        )
        owner.execute(
            "insert into public.clients (tenant_id, document, name, uf)"
            " select %s, lpad(n::text, 11, '0'), 'Pessoa', 'SP' from generate_series(1, %s) as n",
            (tenant, clients),
        )
        owner.execute(
            "insert into public.client_phones (tenant_id, client_id, phone, kind)"
            " select tenant_id, id, '+551133334444', 'landline' from public.clients"
            " where tenant_id = %s",
            (tenant,),
        )
        owner.execute(
            "insert into public.debts (tenant_id, client_id, creditor_id, contract, due_on,"
            " principal_cents) select clients.tenant_id, clients.id, creditors.id,"
            " clients.document, current_date, 1000 from public.clients"
            " join public.creditors using (tenant_id) where clients.tenant_id = %s",
            (tenant,),
        )
        # Anyone's callbacks: everybody wants the same ones in the same order.
        owner.execute(
            "insert into public.call_dispositions (tenant_id, client_id, operator_id,"
            " disposition_type, scheduled_callback) select tenant_id, id, %s, 'callback',"
            " private.now() + interval '1 minute' from public.clients where tenant_id = %s",
            (users[0], tenant),
        )
        owner.execute(
            "update public.callbacks set operator_id = null where tenant_id = %s", (tenant,)
        )
        owner.execute("update private.clock set shift = shift + interval '2 minutes'")
    given: Counter[str] = Counter()
    start = threading.Barrier(people)

    def work(user: UUID) -> None:
        with psycopg.connect(fresh_database, autocommit=True) as mine:
            start.wait()
            while True:
                with mine.transaction():
                    found = ask(mine, user)
                if found["client_id"] is None:
                    return
                given[found["client_id"]] += 1

    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Whoever finds a client locked for a moment goes on; what is left then is nobody's loss.
    assert set(given.values()) == {1}
    assert len(given) == clients
