"""Who is limited to creditors sees nothing of the others: not in a table, not from a function."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar
from tests.sql.scoped import LIMITED, draw_limit, limit, owe
from tests.sql.test_permissions import api_tables

# Tables whose rows do not follow the creditor, and why. Everything else has to.
UNLIMITED = {
    "agenda_policies": "the agency's own rules",
    "agreement_policies": "rules of a creditor, not of a debtor",
    "agreement_templates": "same",
    "api_keys": "admins only, and they see everything",
    "approval_limits": "rules of a creditor, not of a debtor",
    "audit_log": "admins only",
    "automation_policies": "the agency's own rules",
    "call_sweeps": "counts",
    "canned_replies": "the agency's own words",
    "charge_policies": "rules of a creditor, not of a debtor",
    "collection_rules": "the agency's own rules",
    "contact_caps": "same",
    "conversation_drafts": "one's own",
    "cost_rates": "prices of the agency",
    "dialer_agents": "colleagues",
    "dialer_exports": "counts; its rows are limited",
    "dialer_qualifications": "the dialer's words",
    "disposition_types": "the agency's own words",
    "import_mappings": "names of columns",
    "index_factors": "published numbers",
    "integrations": "the agency's own",
    "invitations": "admins only",
    "job_runs": "counts",
    "memberships": "colleagues",
    "message_batches": "counts; its recipients are limited",
    "message_policies": "the agency's own rules",
    "message_templates": "the agency's own words",
    "notification_preferences": "one's own",
    "notifications": "one's own",
    "operator_states": "colleagues",
    "privacy_requests": "admins only",
    "rate_cards": "prices of messages",
    "reconciliations": "counts",
    "rule_dry_runs": "counts; its lines are limited",
    "rule_steps": "the agency's own rules",
    "rule_versions": "same",
    "segments": "filters, which are limited when they are asked",
    "senders": "the agency's own numbers",
    "tags": "the agency's own words",
    "team_members": "colleagues",
    "teams": "same",
    "tenant_calling_windows": "the agency's own rules",
    "tenant_holidays": "same",
    "tenants": "the agency itself",
}
# Rows of nobody in particular: a number that no client has.
NOBODYS = {"calls", "conversation_events", "conversations", "message_logs", "suppressions"}


@pytest.fixture
def limited(db: psycopg.Connection, world: World) -> psycopg.Connection:
    draw_limit(db, world)
    return db


def test_every_table_follows_the_creditor_or_says_why_not(db: psycopg.Connection) -> None:
    following = {
        table
        for (table,) in db.execute(
            "select tablename from pg_policies where schemaname = 'public' and cmd = 'SELECT'"
            " and qual ~ 'sees_everything'"
        )
    }
    assert sorted(following | set(UNLIMITED)) == api_tables(db)
    assert not following & set(UNLIMITED)


@pytest.mark.parametrize("persona", LIMITED)
def test_no_table_shows_what_belongs_to_other_creditors(
    limited: psycopg.Connection, world: World, persona: str
) -> None:
    strange = ""
    for table in api_tables(limited):
        if table in UNLIMITED:
            continue
        has_client = scalar(
            limited,
            "select count(*) from pg_attribute where attrelid = %s::regclass"
            " and attname = 'client_id'",
            f"public.{table}",
        )
        whose = " where client_id is not null" if has_client and table in NOBODYS else ""
        with acting(limited, world, "admin", undo=True):
            everything = scalar(limited, f"select count(*) from public.{table}{whose}")
        with acting(limited, world, persona, undo=True):
            seen = scalar(limited, f"select count(*) from public.{table}{whose}")
        # Their own client, their title and their creditor.
        own = {"clients", "debts", "creditors"}
        if seen != (1 if table in own else 0) or not everything:
            strange += f"{table}: {seen} of {everything}; "
    assert strange == ""


def test_an_admin_is_never_limited(limited: psycopg.Connection, world: World) -> None:
    limited.execute(
        "update public.memberships set creditor_ids ="
        " '{c0000000-0000-4000-8000-0000000000aa}' where user_id = %s",
        (world.users["admin"],),
    )
    with acting(limited, world, "admin"):
        assert scalar(limited, "select count(*) > 1 from public.clients")


# What a parameter of that name is given: a row that exists, of another creditor.
NAMES = {
    "client_id": "client", "agreement_id": "agreement", "installment_id": "installment",
    "payment_id": "payment", "disposition_id": "disposition", "import_id": "import",
    "message_id": "message", "suppression_id": "suppression", "tag_id": "tag", "leaving": "client",
}  # fmt: skip
TABLES = {
    "callback_id": "callbacks", "charge_id": "charges", "conversation_id": "conversations",
    "batch_id": "message_batches", "export_id": "dialer_exports", "run_id": "automation_runs",
    "call_id": "calls", "case_id": "payment_cases", "settlement_id": "manual_settlements",
    "rule_id": "collection_rules", "template_id": "message_templates", "sender_id": "senders",
    "reply_id": "canned_replies",
}  # fmt: skip
SELECTION: dict[str, dict[str, str]] = {"filter": {}}


def given(db: psycopg.Connection, world: World, name: str, kind: str) -> Any:
    if name in NAMES:
        return world.ids[NAMES[name]]
    if name in TABLES:
        order = "client_id is null," if name in ("call_id", "conversation_id") else ""
        return scalar(
            db,
            f"select id from public.{TABLES[name]} where tenant_id = %s"
            f" order by {order} id limit 1",
            TENANT,
        )
    if name == "debt_ids":
        return [world.ids["debt"]]
    if name == "installment_ids":
        return [world.ids["installment"]]
    if name == "document":
        return scalar(db, "select document from public.clients where id = %s", world.ids["client"])
    if name == "phone":
        return "+5511987650001"
    if name == "selection":
        return json.dumps(SELECTION)
    if name == "reason":
        return "porque sim"
    if name in ("patch", "settlement", "address", "proposal"):
        return json.dumps({"client_id": str(world.ids["client"])})
    return {"date": "2026-02-10", "jsonb": "{}", "text": "x"}.get(kind)


def page_functions(db: psycopg.Connection) -> list[tuple[str, list[str], list[str], int]]:
    return [
        (name, names, kinds, optional)
        for name, names, kinds, optional in db.execute(
            "select proname, coalesce(proargnames[1:pronargs], '{}'), array(select"
            " format_type(kind, null) from unnest(proargtypes::oid[]) as kind), pronargdefaults"
            " from pg_proc where pronamespace = 'public'::regnamespace"
            " and has_function_privilege('authenticated', oid, 'execute') order by 1"
        )
    ]


def secrets_of_others(db: psycopg.Connection) -> list[str]:
    """Names, documents and ids of everybody's people and papers but theirs."""
    return [
        text
        for (text,) in db.execute(
            "select unnest(array[id::text, document, name]) from public.clients"
            " where id <> 'c1000000-0000-4000-8000-0000000000aa'"
            " union select id::text from public.debts where contract <> 'DELES/1'"
            " union select id::text from public.agreements"
            " union select id::text from public.installments"
            " union select id::text from public.payments"
            " union select id::text from public.call_dispositions"
            # One export's number is also a title's in the world.
            " except select id::text from public.dialer_exports"
        )
    ]


@pytest.mark.parametrize("persona", LIMITED)
def test_no_function_tells_of_what_belongs_to_other_creditors(
    limited: psycopg.Connection, world: World, persona: str
) -> None:
    told: dict[str, str] = {}
    hidden = secrets_of_others(limited)
    for name, names, kinds, optional in page_functions(limited):
        required = len(names) - optional
        arguments = {
            each: given(limited, world, each, kind)
            for place, (each, kind) in enumerate(zip(names, kinds, strict=True))
            if place < required or each in NAMES or each in TABLES
        }
        listed = ", ".join(f'"{each}" => %({each})s' for each in arguments)
        try:
            with acting(limited, world, persona, undo=True):
                answer = str(
                    limited.execute(f"select public.{name}({listed})::text".encode(), arguments)
                    .fetchall()
                )  # fmt: skip
        except psycopg.Error as refusal:
            if (refusal.sqlstate or "").startswith("XX"):
                raise
            continue
        leaks = [each for each in hidden if each in answer]
        if leaks:
            told[name] = answer[max(0, answer.index(leaks[0]) - 80) :][:140]
    assert told == {}


def test_of_a_shared_client_only_their_part_is_told(
    limited: psycopg.Connection, world: World
) -> None:
    owe(limited, world.ids["client"], "DELES/2", 4200)
    with acting(limited, world, "operator", undo=True):
        screen: Any = scalar(limited, "select public.service_screen(%s)", world.ids["client"])
        [row] = [
            row
            for row in scalar(limited, "select public.list_clients()")["rows"]  # type: ignore[index]
            if row["id"] == str(world.ids["client"])
        ]
        agreements: Any = scalar(limited, "select public.list_agreements()")
    assert [debt["contract"] for debt in screen["debts"]] == ["DELES/2"]
    assert [each["name"] for each in screen["creditors"]] == ["Credor só deles"]
    assert screen["client"]["open_cents"] == row["open_cents"] == 4200
    assert agreements["rows"] == []


def test_a_disposition_of_somebody_out_of_sight_is_refused(
    limited: psycopg.Connection, world: World
) -> None:
    with refused("42501"), acting(limited, world, "operator"):
        limited.execute(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'dropped')",
            (world.ids["client"],),
        )


def test_a_team_limits_its_people_unless_another_does_not(
    limited: psycopg.Connection, world: World
) -> None:
    limit(limited, world, None)
    people = [str(world.users["operator"])]
    narrow = {
        "name": "Deles",
        "user_ids": people,
        "creditor_ids": ["c0000000-0000-4000-8000-0000000000aa"],
    }
    everything = {
        "name": "Todos",
        "user_ids": people,
        "creditor_ids": None,
        "limits": dict.fromkeys(people),
    }
    counted = []
    for team in (narrow, everything):
        with acting(limited, world, "admin"):
            limited.execute("select public.save_team(%s)", (json.dumps(team),))
        with acting(limited, world, "operator", undo=True):
            counted.append(scalar(limited, "select count(*) from public.clients"))
    assert counted[0] == 1
    assert int(str(counted[1])) > 1


@pytest.mark.parametrize("persona", LIMITED)
def test_nobody_but_an_admin_draws_limits_or_teams(
    limited: psycopg.Connection, world: World, persona: str
) -> None:
    mine = scalar(
        limited, "select id from public.memberships where user_id = %s", world.users[persona]
    )
    for call in (
        f"select public.set_member_scope('{mine}')",
        """select public.save_team('{"name": "x", "user_ids": []}')""",
        "select public.list_people()",
    ):
        with refused("not_allowed"), acting(limited, world, persona):
            limited.execute(call.encode())


def test_an_admin_is_not_to_be_limited(db: psycopg.Connection, world: World) -> None:
    mine = scalar(db, "select id from public.memberships where user_id = %s", world.users["admin"])
    creditor = scalar(db, "select id from public.creditors where tenant_id = %s limit 1", TENANT)
    with refused("admin_sees_everything"), acting(db, world, "admin"):
        db.execute("select public.set_member_scope(%s, array[%s]::uuid[])", (mine, creditor))


def test_a_creditor_of_another_agency_limits_nobody(db: psycopg.Connection, world: World) -> None:
    mine = scalar(
        db, "select id from public.memberships where user_id = %s", world.users["operator"]
    )
    foreign = scalar(db, "select id from public.creditors where tenant_id <> %s limit 1", TENANT)
    with refused("creditor_not_found"), acting(db, world, "admin"):
        db.execute("select public.set_member_scope(%s, array[%s]::uuid[])", (mine, foreign))


def test_for_who_is_not_limited_the_limit_is_never_computed(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "operator", undo=True):
        plan: Any = scalar(
            db,
            "explain (analyze, format json) select id from public.clients"
            " order by open_cents desc, id desc limit 60",
        )
    limits = [
        node
        for node in nodes(plan[0]["Plan"])
        if "creditor_scope" in str(node.get("Output", "")) or "InitPlan" in str(node)
    ]
    loops = {
        node["Subplan Name"]: node["Actual Loops"] for node in limits if "Subplan Name" in node
    }
    assert sorted(loops.values()) == [0, 1, 1], "tenant and sees_everything are asked once"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)
