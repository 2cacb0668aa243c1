"""Facts that filters ask of a client stay equal to the rows they come from, whatever happens."""

import random

import psycopg
import pytest

from tests.sql.carteira import NOON, ask, listed
from tests.sql.personas import TENANT, World, acting, scalar, set_clock

# Recomputed from the truth; the demo and the world are in both.
REACH = (
    "select clients.id from public.clients where (has_phone, has_whatsapp) is distinct from ("
    " exists (select from public.client_phones where client_id = clients.id),"
    " case when exists (select from public.client_phones where client_id = clients.id"
    "     and has_whatsapp) then true"
    "   when not exists (select from public.client_phones where client_id = clients.id"
    "     and has_whatsapp is null) then false end)"
)
CONTACTS = (
    "select clients.id from public.clients"
    " left join private.client_contacts as kept on kept.client_id = clients.id"
    " left join lateral (select * from public.call_dispositions where client_id = clients.id"
    "   order by created_at desc, id desc limit 1) as call on true"
    " where (kept.last_contact_at, kept.last_disposition_type)"
    "   is distinct from (call.created_at, call.disposition_type)"
)
BLOCKS = (
    "select clients.id, way from public.clients"
    " cross join unnest(enum_range(null::public.channel)) as way"
    " left join private.client_contacts as kept on kept.client_id = clients.id"
    " where case way when 'call' then kept.call_blocked_until"
    "     else kept.whatsapp_blocked_until end is distinct from ("
    "   select max(coalesce(rule.expires_at, 'infinity')) from public.suppressions as rule"
    "   where rule.tenant_id = clients.tenant_id and coalesce(rule.channel, way) = way"
    "   and (rule.client_id is null or rule.client_id = clients.id)"
    "   and (rule.phone is null or exists (select from public.client_phones as phones"
    "     where phones.client_id = clients.id"
    "     and private.phone_match(phones.phone) = private.phone_match(rule.phone)))"
    "   and (rule.client_id is not null or rule.phone is not null))"
)
CLIENT = (
    f"(select id from public.clients where tenant_id = '{TENANT}' order by document"
    " limit 1 offset {n})"
)
CHANGES = [
    "insert into public.client_phones (tenant_id, client_id, phone, kind)"
    f" values ('{TENANT}', {CLIENT}, '+55119{{m:08}}', 'mobile') on conflict do nothing",
    f"update public.client_phones set has_whatsapp = true where client_id = {CLIENT}",
    f"update public.client_phones set has_whatsapp = false where client_id = {CLIENT}",
    f"update public.client_phones set phone = '+55218{{m:08}}' where id = (select id from"
    f" public.client_phones where client_id = {CLIENT} limit 1)",
    f"delete from public.client_phones where client_id = {CLIENT}",
    f"insert into public.suppressions (tenant_id, client_id, reason) values ('{TENANT}', {CLIENT},"
    " 'x')",
    "insert into public.suppressions (tenant_id, phone, channel, reason, expires_at)"
    f" select '{TENANT}', replace(phone, '+55119', '+5511'), 'whatsapp', 'x', '2026-12-31'"
    f" from public.client_phones where client_id = {CLIENT} limit 1",
    f"insert into public.suppressions (tenant_id, client_id, phone, channel, reason)"
    f" values ('{TENANT}', {CLIENT}, '+55119{{m:08}}', 'call', 'x')",
    "delete from public.suppressions where id = (select id from public.suppressions"
    f" where tenant_id = '{TENANT}' order by id limit 1)",
    "insert into public.call_dispositions (tenant_id, client_id, operator_id, disposition_type,"
    " created_at) select tenant_id, client_id, operator_id, 'dropped',"
    " timestamptz '2026-06-01' + make_interval(hours => {m}) from public.call_dispositions"
    " limit 1",
    "insert into public.call_dispositions (tenant_id, client_id, operator_id, disposition_type)"
    f" select '{TENANT}', id, (select operator_id from public.call_dispositions limit 1),"
    f" 'negotiate' from public.clients where tenant_id = '{TENANT}' and document > '5'",
]


@pytest.mark.parametrize("seed", range(6))
def test_facts_follow_any_history(db: psycopg.Connection, world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  a repeatable draw of cases, no secret
    history = []
    for _ in range(25):
        change = chance.choice(CHANGES).format(n=chance.randrange(6), m=chance.randrange(30))
        history.append(change)
        # Nobody in particular: the triggers are what is tested, not the rules before them.
        db.execute(change.encode())
        for truth in (REACH, CONTACTS, BLOCKS):
            assert db.execute(truth.encode()).fetchall() == [], history


def test_an_older_call_told_late_is_not_the_last(db: psycopg.Connection, world: World) -> None:
    client = world.ids["client"]
    last = scalar(
        db, "select last_contact_at from private.client_contacts where client_id = %s", client
    )
    db.execute(
        "insert into public.call_dispositions"
        " (tenant_id, client_id, operator_id, disposition_type, created_at)"
        " values (%s, %s, %s, 'negotiate', '2020-01-01')",
        (TENANT, client, world.users["operator"]),
    )
    assert last == scalar(
        db, "select last_contact_at from private.client_contacts where client_id = %s", client
    )


def test_a_disposition_does_not_wait_for_an_import_that_holds_its_client(
    db: psycopg.Connection, world: World
) -> None:
    client = world.ids["client"]
    with psycopg.connect(world.url) as importing:
        importing.execute("update public.clients set name = 'Outra' where id = %s", (client,))
        db.execute("set local lock_timeout = '1s'")
        with acting(db, world, "operator"):
            db.execute(
                "insert into public.call_dispositions (client_id, disposition_type)"
                " values (%s, 'dropped')",
                (client,),
            )
            db.execute(
                "insert into public.suppressions (client_id, reason) values (%s, 'pediu')",
                (client,),
            )
        importing.rollback()
    [row] = listed(db, world, q="MUNDO-1")["rows"]
    assert (row["last_disposition"]["type"], row["opted_out"]) == ("dropped", True)


def test_an_opt_out_ends_when_it_was_to_end(db: psycopg.Connection, world: World) -> None:
    client = str(world.ids["client"])
    set_clock(db, NOON)
    db.execute(
        "insert into public.suppressions (tenant_id, client_id, reason, expires_at)"
        " values (%s, %s, 'férias', '2026-07-20')",
        (TENANT, client),
    )
    for instant, is_out in ((NOON, True), ("2026-07-21 12:00-03:00", False)):
        set_clock(db, instant)
        found = {row["id"] for row in listed(db, world, size=200, opted_out=True)["rows"]}
        assert (client in found) == is_out
        profile = ask(db, world, "operator", "client_profile('88888888801')")
        assert profile["client"]["opted_out"] == is_out


def test_a_portfolio_of_thousands_is_counted_and_given_whole(
    db: psycopg.Connection, world: World
) -> None:
    """More than a page of the API, more than a list of ids: the whole of it, and nobody else's."""
    people = 2_500
    db.execute(
        "insert into public.clients (tenant_id, document, name, uf)"
        " select %s, lpad((70000000000 + n)::text, 11, '0'), 'Pessoa ' || n, 'TO'"
        " from generate_series(1, %s) as n",
        (TENANT, people),
    )
    everybody = {"filter": {"uf": "TO"}}
    assert ask(db, world, "operator", "selection_totals(%s)", everybody)["clients"] == people
    operator = str(world.users["operator"])
    answer = ask(db, world, "supervisor", "bulk_assign(%s, %s)", everybody, operator)
    assert answer == {"selected": people, "changed": people, "hidden": 0}
    assert (
        scalar(
            db,
            "select count(*) from public.client_assignments where tenant_id <> %s and user_id = %s",
            TENANT,
            operator,
        )
        == 0
    )
