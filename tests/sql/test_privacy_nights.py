"""Every night erasures are gone over again: one that fails stops nobody's, and is read of."""

from typing import Any
from uuid import UUID, uuid4

import psycopg

from tests.sql.personas import TENANT, World, acting, scalar
from tests.sql.test_privacy import NAME, erase, settled, talkative

DOCUMENTS = ("12345678909", "52998224725", "11144477735")


def asked_for(db: psycopg.Connection, world: World) -> list[UUID]:
    """Three more people of whom a file brought something after their erasure was asked."""
    people = [uuid4() for _ in DOCUMENTS]
    for client, document in zip(people, DOCUMENTS, strict=True):
        db.execute(
            "insert into public.clients (id, tenant_id, document, name, extra)"
            """ values (%s, %s, %s, 'Pessoa Pedida', '{"x": "y"}')""",
            (client, TENANT, document),
        )
        db.execute(
            "insert into public.privacy_requests (tenant_id, client_id, kind, asked_on, created_by)"
            " values (%s, %s, 'erase', current_date, %s)",
            (TENANT, client, world.users["admin"]),
        )
    return people


def refuse(db: psycopg.Connection, client: UUID) -> None:
    """A row that no longer passes some check."""
    db.execute(
        "create function pg_temp.refuses() returns trigger language plpgsql as $$ begin"
        " raise check_violation using message = 'Pessoa Pedida não passa'; end $$"
    )
    db.execute(
        "create trigger refuses before update on public.clients for each row"
        f" when (old.id = '{client}') execute function pg_temp.refuses()"
    )


def test_one_that_fails_stops_nobody_else_and_is_told_without_a_name(
    db: psycopg.Connection, world: World
) -> None:
    people = asked_for(db, world)
    broken = sorted(people)[1]
    refuse(db, broken)
    assert scalar(db, "select private.repeat_erasures()") == 2
    left = db.execute(
        "select id from public.clients where id = any(%s) and document not like 'ZZ%%'", (people,)
    ).fetchall()
    assert left == [(broken,)]
    with acting(db, world, "supervisor"):
        told: Any = scalar(db, "select public.list_failures(array['job']) -> 'rows' -> 0")
    assert (told["title"], told["detail"]) == ("erasures", "23514")
    result = scalar(db, "select result from public.job_runs where job = 'erasures'")
    assert isinstance(result, dict)
    assert result["failed"] == [str(broken)]
    db.execute("drop trigger refuses on public.clients")
    assert scalar(db, "select private.repeat_erasures()") == 1


def test_who_is_kept_leaves_no_line_of_audit_night_after_night(
    db: psycopg.Connection, world: World
) -> None:
    talkative(db, world)
    assert erase(db, world)["person"] == "kept"
    lines = "select count(*) from public.audit_log where action = 'bulk'"
    before = scalar(db, lines)
    for _ in range(3):
        assert scalar(db, "select private.repeat_erasures()") == 1
    assert scalar(db, lines) == before
    # What a file brings is gone the next night, and that is told.
    db.execute(
        'update public.clients set extra = \'{"mae": "Dona"}\' where id = %s',
        (world.ids["client"],),
    )
    before = scalar(db, lines)
    scalar(db, "select private.repeat_erasures()")
    assert scalar(db, lines) == int(str(before)) + 1


def test_a_filter_goes_on_finding_the_one_it_found(db: psycopg.Connection, world: World) -> None:
    settled(db)
    talkative(db, world)
    db.execute(
        "insert into public.segments (tenant_id, owner_id, name, filter) values"
        """ (%s, %s, 'Marias', '{"q": "mun", "uf": ["SP"]}')""",
        (TENANT, world.users["admin"]),
    )
    erase(db, world)
    kept: dict[str, str] = dict(
        db.execute("select name, filter ->> 'q' from public.segments").fetchall()
    )
    named = scalar(db, "select document from public.clients where id = %s", world.ids["client"])
    assert kept["A da Zona Sul"] == named
    assert kept["Marias"] == "mun", "a few letters are many people's"
    exported: Any = scalar(db, "select after from public.audit_log where action = 'export' limit 1")
    assert exported["selection"]["filter"] == {"q": named, "uf": ["SP"]}
    assert NAME not in str(exported)


def test_a_removal_that_fails_waits_and_lets_the_others_go(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "insert into private.held_removals (disposition_id, tenant_id, client_id, due_at)"
        " select id, tenant_id, client_id, now() - interval '1 minute'"
        " from public.call_dispositions where tenant_id = %s limit 2", (TENANT,),
    )  # fmt: skip
    held = scalar(db, "select count(*) from private.held_removals")
    assert held
    db.execute(
        "create or replace function private.leave_wrong_numbers(tenant_id uuid, client_id uuid)"
        " returns void language plpgsql as $$ begin raise check_violation; end $$"
    )
    for _ in range(2):
        assert scalar(db, "select private.release_removals()") == 0
    assert scalar(db, "select count(*) from private.held_removals where due_at > now()") == held
    told = db.execute(
        "select failures from public.job_runs where job = 'release_removals'"
    ).fetchall()
    assert told == [(held,)]
    notices = (
        "select count(distinct payload ->> 'run_id') from public.notifications"
        " where kind = 'job_failed'"
    )
    assert scalar(db, notices) == 1


def test_the_scheduler_s_own_log_is_forgotten_after_a_week(db: psycopg.Connection) -> None:
    db.execute("delete from cron.job_run_details")
    db.execute(
        "insert into cron.job_run_details (jobid, command, username, start_time, end_time) values"
        " (1, 'old', 'postgres', now() - interval '8 days', now() - interval '8 days'),"
        " (1, 'cut off', 'postgres', now() - interval '9 days', null),"
        " (1, 'young', 'postgres', now() - interval '6 days', now() - interval '6 days')"
    )
    db.execute("select private.forget_provider_events()")
    assert db.execute("select command from cron.job_run_details").fetchall() == [("young",)]
