"""Every night erasures are gone over again: one that fails stops nobody's, and is read of."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import EMAILS, TENANT, World, acting, scalar
from tests.sql.test_privacy import NAME, erase, night, settled, talkative

DOCUMENTS = ("12345678909", "52998224725", "11144477735")


def asked_for(db: psycopg.Connection, author: object) -> list[UUID]:
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
            (TENANT, client, author),
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
    people = asked_for(db, world.users["admin"])
    broken = sorted(people)[1]
    refuse(db, broken)
    assert night(db) == 2
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
    assert night(db) == 1


def test_a_crash_between_two_people_leaves_the_first_gone_and_the_rest_for_the_next_night(
    fresh_database: str,
) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as db:
        admin = scalar(db, "select id from auth.users where email = %s", EMAILS["admin"])
        people = sorted(asked_for(db, admin))
        db.execute(
            "create function public.dies() returns trigger language plpgsql as $$ begin"
            " perform pg_terminate_backend(pg_backend_pid()); return new; end $$"
        )
        db.execute(
            "create trigger dies before update on public.clients for each row"
            f" when (old.id = '{people[1]}') execute function public.dies()"
        )
        with (
            psycopg.connect(fresh_database, autocommit=True) as dying,
            pytest.raises(psycopg.OperationalError),
        ):
            dying.execute("call private.repeat_erasures()")
        named = "select id from public.clients where id = any(%s) and document not like 'ZZ%%'"
        assert db.execute(named + " order by id", (people,)).fetchall() == [
            (client,) for client in people[1:]
        ]
        db.execute("drop trigger dies on public.clients")
        db.execute("call private.repeat_erasures()")
        assert db.execute(named, (people,)).fetchall() == []
        runs = db.execute(
            "select finished_at is not null, result #>> '{counts,people}' from public.job_runs"
            " where job = 'erasures' order by id"
        ).fetchall()
        assert runs == [(False, None), (True, "2")]


def test_a_long_audit_is_not_read_for_one_person(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "insert into public.audit_log (tenant_id, actor, table_name, row_id, action, after)"
        " select %s, 'x', t, gen_random_uuid()::text, 'update',"
        " jsonb_build_object('client_id', gen_random_uuid(), 'phone', gen_random_uuid())"
        " from generate_series(1, 6000), unnest('{clients,suppressions}'::text[]) as t",
        (TENANT,),
    )
    db.execute("analyze public.audit_log")
    whole = (
        "select seq_scan from pg_stat_xact_all_tables where relid = 'public.audit_log'::regclass"
    )
    read = (
        "select sum(idx_tup_fetch)::int from pg_stat_xact_all_tables"
        " where relid = 'public.audit_log'::regclass"
    )
    before, fetched = scalar(db, whole), scalar(db, read)
    db.execute("select private.erase_client(%s, %s, true)", (TENANT, world.ids["client"]))
    assert scalar(db, whole) == before
    assert int(str(scalar(db, read))) - int(str(fetched)) < 2_000


def test_what_the_audit_tells_of_a_telephone_that_is_gone_is_erased(
    db: psycopg.Connection, world: World
) -> None:
    """A changed row is told by what changed: only its first line names whose it was."""
    for sql in (
        "insert into public.client_phones (tenant_id, client_id, phone, kind)"
        " values (%(t)s, %(c)s, '+5511955554444', 'mobile')",
        "update public.client_phones set phone = '+5511955553333' where phone = '+5511955554444'",
        "delete from public.client_phones where phone = '+5511955553333'",
    ):
        db.execute(sql.encode(), {"t": TENANT, "c": world.ids["client"]})
    named = "select count(*) from public.audit_log where concat(before, after) ~ '1195555[34]'"
    assert scalar(db, named) == 3
    erase(db, world)
    assert scalar(db, named) == 0


def test_who_is_kept_leaves_no_line_of_audit_night_after_night(
    db: psycopg.Connection, world: World
) -> None:
    talkative(db, world)
    assert erase(db, world)["person"] == "kept"
    lines = "select count(*) from public.audit_log where action = 'bulk'"
    before = scalar(db, lines)
    for _ in range(3):
        assert night(db) == 1
    assert scalar(db, lines) == before
    # What a file brings is gone the next night, and that is told.
    db.execute(
        'update public.clients set extra = \'{"mae": "Dona"}\' where id = %s',
        (world.ids["client"],),
    )
    before = scalar(db, lines)
    night(db)
    assert scalar(db, lines) == int(str(before)) + 1


def test_a_filter_goes_on_finding_the_one_it_found(db: psycopg.Connection, world: World) -> None:
    settled(db)
    talkative(db, world)
    db.execute(
        "insert into public.segments (tenant_id, owner_id, name, filter) values"
        """ (%s, %s, 'Marias', '{"q": "Conceição Mundo", "uf": ["SP"]}')""",
        (TENANT, world.users["admin"]),
    )
    erase(db, world)
    kept: dict[str, str] = dict(
        db.execute("select name, filter ->> 'q' from public.segments").fetchall()
    )
    named = scalar(db, "select document from public.clients where id = %s", world.ids["client"])
    assert kept["A da Zona Sul"] == named
    assert kept["Marias"] == "Conceição Mundo", "part of a name is many people's"
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
