"""A selection is its clients exactly, and what is done to it is one line of the audit."""

import datetime
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.sql.carteira import (
    Filter,
    Row,
    agreement_words,
    ask,
    last_audit,
    listed,
    truth,
)
from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock

Selection = dict[str, Any]
# Agreements whose other party has nothing to be reminded of.
KEPT = {"pending_approval", "awaiting_first_payment", "active"}


@pytest.fixture
def db(people_with_a_past: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A savepoint behind the facts; nothing of a test stays."""
    with people_with_a_past.transaction(force_rollback=True):
        yield people_with_a_past


def totals(db: psycopg.Connection, world: World, selection: Selection) -> dict[str, Any]:
    return dict(ask(db, world, "operator", "selection_totals(%s)", selection))


def summed(rows: list[Row]) -> dict[str, Any]:
    return {
        "clients": len(rows),
        "debts": sum(row["open_debts"] for row in rows),
        "open_cents": sum(row["open_cents"] for row in rows),
        "is_estimate": False,
    }


def test_a_selection_is_its_filter_without_the_exceptions(
    db: psycopg.Connection, world: World
) -> None:
    rows = truth(db)
    in_sp = [row for row in rows if row["uf"] == "SP"]
    but = [in_sp[0]["id"], in_sp[1]["id"], rows[0]["id"]]
    for filters in ({}, {"uf": "SP"}):
        kept = [row for row in (in_sp if filters else rows) if row["id"] not in but]
        assert totals(db, world, {"filter": filters, "except": but}) == summed(kept)
        assert totals(db, world, {"filter": filters, "except": []}) == summed(
            in_sp if filters else rows
        )


def test_a_selection_of_ids_holds_no_stranger_and_nobody_twice(
    db: psycopg.Connection, world: World
) -> None:
    rows = truth(db)[:3]
    ids = [row["id"] for row in rows]
    asked = [*ids, ids[0], str(world.ids["other_client"]), str(uuid4())]
    assert totals(db, world, {"ids": asked}) == summed(rows)
    assert totals(db, world, {"ids": []}) == summed([])


@pytest.mark.parametrize(
    "selection",
    [
        {},
        {"filter": {}, "ids": []},
        {"ids": [], "except": []},
        {"filter": {}, "only": []},
        {"except": []},
        {"ids": ["x"]},
        {"ids": [None]},
        {"ids": "all"},
        {"ids": ["d0000000-0000-4000-8000-000000000001"] * 10_001},
        [],
        "all",
    ],
    ids=lambda selection: json.dumps(selection)[:40],
)
@pytest.mark.parametrize(
    "call",
    [
        "selection_totals(%s)",
        "bulk_eligibility(%s, 'tag')",
        "bulk_assign(%s, null)",
        "bulk_tag(%s, '{tag}')",
    ],
)
def test_what_is_no_selection_is_refused_and_never_everybody(
    db: psycopg.Connection, world: World, selection: object, call: str
) -> None:
    with refused("selection_invalid"):
        ask(db, world, "supervisor", call.format(**world.ids), json.dumps(selection))


def eligible(
    db: psycopg.Connection, world: World, action: str, filters: Filter | None = None
) -> dict[str, Any]:
    return dict(
        ask(db, world, "operator", "bulk_eligibility(%s, %s)", {"filter": filters or {}}, action)
    )


@pytest.mark.parametrize("action", ["assign", "tag", "export"])
def test_everybody_can_be_assigned_tagged_and_exported(
    db: psycopg.Connection, world: World, action: str
) -> None:
    people = len(truth(db))
    assert eligible(db, world, action) == {
        "action": action,
        "selected": people,
        "eligible": people,
        "is_estimate": False,
        "excluded": [],
        "next_allowed_at": None,
    }


def test_a_preview_says_why_the_others_are_left_out(db: psycopg.Connection, world: World) -> None:
    blocked = {
        channel: {
            client
            for (client,) in db.execute(
                "select client_id::text from public.suppressions where tenant_id = %s"
                " and client_id is not null and channel is distinct from %s"
                " and (expires_at is null or expires_at > private.now())",
                (TENANT, "call" if channel == "whatsapp" else "whatsapp"),
            )
        }
        for channel in ("whatsapp", "call")
    }
    mobiles = {
        client
        for (client,) in db.execute(
            "select client_id::text from public.client_phones where tenant_id = %s"
            " and kind = 'mobile' and has_whatsapp is not false and not exists (select from"
            "   public.suppressions where phone = client_phones.phone)",
            (TENANT,),
        )
    }
    for action, channel in (("whatsapp", "whatsapp"), ("dialer", "call")):
        reasons: dict[str, int] = {}
        for row in truth(db):
            reason = "eligible"
            if row["id"] in blocked[channel]:
                reason = "opted_out"
            elif KEPT & set(row["agreements"]):
                reason = "agreement_running"
            elif row["open_debts"] == 0 and "living" not in agreement_words(row):
                reason = "nothing_owed"
            elif not row["whatsapps"]:
                reason = "no_phone"
            elif action == "whatsapp" and row["id"] not in mobiles:
                reason = "no_whatsapp"
            reasons[reason] = reasons.get(reason, 0) + 1
        answer = eligible(db, world, action)
        assert answer["eligible"] == reasons.pop("eligible")
        assert {left["reason"]: left["count"] for left in answer["excluded"]} == reasons
        assert answer["selected"] == answer["eligible"] + sum(reasons.values())
        assert answer["next_allowed_at"] is None
        assert {
            "opted_out", "agreement_running", "nothing_owed", "no_phone"
        } <= set(reasons), "proves nothing"  # fmt: skip


def free(db: psycopg.Connection, client: str) -> None:
    """Nothing of the client's past keeps anybody from calling."""
    db.execute("delete from public.suppressions where client_id = %s", (client,))
    db.execute("update public.agreements set status = 'settled' where client_id = %s", (client,))


def test_an_overdue_agreement_keeps_nobody_from_reminding(
    db: psycopg.Connection, world: World
) -> None:
    client = str(world.ids["client"])
    free(db, client)
    # What is in an agreement is not open: only the agreement tells that it is owed.
    db.execute("update public.debts set status = 'in_agreement' where client_id = %s", (client,))
    for status, reason in (
        ("overdue", []), ("broken_provisionally", []), ("active", ["agreement_running"]),
        ("pending_approval", ["agreement_running"]), ("settled", ["nothing_owed"]),
        ("lapsed", ["nothing_owed"]),
    ):  # fmt: skip
        db.execute(
            "update public.agreements set status = %s::public.agreement_status"
            " where client_id = %s",
            (status, client),
        )
        answer = ask(db, world, "operator", "bulk_eligibility(%s, 'dialer')", {"ids": [client]})
        assert [left["reason"] for left in answer["excluded"]] == reason, status


def test_one_number_of_two_that_opted_out_leaves_the_other(
    db: psycopg.Connection, world: World
) -> None:
    client = str(world.ids["client"])
    db.execute(
        "insert into public.client_phones (tenant_id, client_id, phone, kind)"
        " values (%s, %s, '+5511987650002', 'mobile')",
        (TENANT, client),
    )

    def reasons() -> list[str]:
        answer = ask(db, world, "operator", "bulk_eligibility(%s, 'dialer')", {"ids": [client]})
        return [left["reason"] for left in answer["excluded"]]

    free(db, client)
    assert reasons() == []
    for number, wanted in (("+5511987650001", []), ("+5511987650002", ["opted_out"])):
        db.execute(
            "insert into public.suppressions (tenant_id, phone, reason) values (%s, %s, 'x')",
            (TENANT, number),
        )
        assert reasons() == wanted


def test_outside_hours_is_judged_by_state(db: psycopg.Connection, world: World) -> None:
    set_clock(db, "2026-07-15 08:30-03:00")  # half past seven in Cuiabá
    client = str(world.ids["client"])
    free(db, client)
    asked = {"ids": [client]}
    assert ask(db, world, "operator", "bulk_eligibility(%s, 'dialer')", asked)["eligible"] == 1
    db.execute("update public.clients set uf = 'MT' where id = %s", (client,))
    answer = ask(db, world, "operator", "bulk_eligibility(%s, 'dialer')", asked)
    assert answer["excluded"] == [{"reason": "outside_hours", "count": 1}]
    opens = datetime.datetime.fromisoformat(answer["next_allowed_at"])
    assert opens == datetime.datetime.fromisoformat("2026-07-15T08:00:00-04:00")
    set_clock(db, "2026-07-19 12:00-03:00")  # a Sunday
    answer = eligible(db, world, "whatsapp")
    assert answer["eligible"] == 0
    assert answer["next_allowed_at"] is not None


def test_an_action_nobody_knows_is_refused(db: psycopg.Connection, world: World) -> None:
    for action in ("delete", "", None):
        with refused("action_unknown"):
            ask(db, world, "operator", "bulk_eligibility(%s, %s)", {"filter": {}}, action)


def test_assigning_gives_exactly_the_selection_and_one_line_of_audit(
    db: psycopg.Connection, world: World
) -> None:
    before = {row["id"]: row["assigned_to"] for row in truth(db)}
    in_sp = {row["id"] for row in truth(db) if row["uf"] == "SP"}
    but = min(in_sp)
    selection = {"filter": {"uf": "SP"}, "except": [but]}
    lines = scalar(db, "select count(*) from public.audit_log")
    operator = str(world.users["operator"])
    answer = ask(db, world, "supervisor", "bulk_assign(%s, %s)", selection, operator)
    given = in_sp - {but}
    assert answer == {
        "selected": len(given),
        "changed": sum(before[client] != operator for client in given),
        "hidden": 0,
    }
    after = {row["id"]: row["assigned_to"] for row in truth(db)}
    assert after == before | dict.fromkeys(given, operator)
    assert last_audit(db) == {
        "row_id": "assign",
        "action": "bulk",
        "actor": "supervisor@demo.test",
        "after": {"selection": selection, "assigned_to": operator, **answer},
    }
    assert scalar(db, "select count(*) from public.audit_log") == int(str(lines)) + 1

    again = ask(db, world, "supervisor", "bulk_assign(%s, %s)", selection, operator)
    assert again == {"selected": len(given), "changed": 0, "hidden": 0}
    nobody = ask(db, world, "supervisor", "bulk_assign(%s, null)", {"filter": {"uf": "SP"}})
    assert nobody["changed"] == len(given) + (before[but] is not None)
    assert (
        listed(db, world, uf="SP", assigned_to="none", size=200)["rows"]
        == (listed(db, world, uf="SP", size=200)["rows"])
    )


def test_no_client_is_given_to_somebody_who_does_not_see_them(
    db: psycopg.Connection, world: World
) -> None:
    """The others are; the preview tells how many stay, and why."""
    operator = str(world.users["operator"])
    creditor = scalar(
        db, "insert into public.creditors (tenant_id, name) values (%s, 'Outro') returning id",
        TENANT,
    )  # fmt: skip
    db.execute(
        "update public.memberships set creditor_ids = array[%s]::uuid[] where user_id = %s",
        (creditor, operator),
    )
    owner = str(world.users["admin"])
    everybody: dict[str, Any] = {"filter": {}}
    ask(db, world, "supervisor", "bulk_assign(%s, %s)", everybody, owner)
    db.execute(
        "update public.clients set creditor_ids = creditor_ids || %s where id = %s",
        (creditor, world.ids["client"]),
    )
    hidden = len(truth(db)) - 1
    preview = ask(
        db, world, "supervisor", "bulk_eligibility(%s, 'assign', %s)", everybody, operator
    )
    assert (preview["eligible"], preview["excluded"]) == (
        1, [{"reason": "assignee_limited", "count": hidden}],
    )  # fmt: skip
    assert ask(db, world, "supervisor", "bulk_assign(%s, %s)", everybody, operator) == {
        "selected": 1, "changed": 1, "hidden": hidden,
    }  # fmt: skip
    assert len(listed(db, world, persona="admin", assigned_to=owner, size=200)["rows"]) == hidden
    # Of colleagues who see everything, and without one, all are eligible.
    for args in ((everybody,), (everybody, owner)):
        call = f"bulk_eligibility(%s, 'assign'{', %s' * (len(args) - 1)})"
        assert ask(db, world, "supervisor", call, *args)["eligible"] == hidden + 1


def test_clients_are_given_to_colleagues_alone(db: psycopg.Connection, world: World) -> None:
    for stranger in ("other_tenant", "no_membership", "revoked"):
        with refused("member_not_found"):
            ask(
                db, world, "admin", "bulk_assign(%s, %s)", {"filter": {}},
                str(world.users[stranger]),
            )  # fmt: skip


def test_a_colleague_who_leaves_keeps_the_clients_until_they_are_given_away(
    db: psycopg.Connection, world: World
) -> None:
    operator = str(world.users["operator"])
    mine = listed(db, world, assigned_to=operator, size=200)["rows"]
    assert mine
    db.execute("update public.memberships set revoked_at = now() where user_id = %s", (operator,))
    assert listed(db, world, persona="admin", assigned_to=operator, size=200)["rows"] == mine
    assert mine[0]["assigned_to"]["name"] == "Otávio Operador"


def test_a_tag_goes_on_and_off_exactly_the_selection(db: psycopg.Connection, world: World) -> None:
    tag = str(world.ids["new_tag"])
    worn = {row["id"] for row in truth(db) if tag in row["tags"]}
    in_rj = {row["id"] for row in truth(db) if row["uf"] == "RJ"}
    answer = ask(db, world, "supervisor", "bulk_tag(%s, %s)", {"filter": {"uf": "RJ"}}, tag)
    assert answer == {"selected": len(in_rj), "changed": len(in_rj - worn)}
    assert {row["id"] for row in truth(db) if tag in row["tags"]} == worn | in_rj
    assert last_audit(db)["after"]["tag_id"] == tag
    off = ask(db, world, "supervisor", "bulk_tag(%s, %s, true)", {"ids": sorted(in_rj)}, tag)
    assert off == {"selected": len(in_rj), "changed": len(in_rj)}
    assert last_audit(db)["row_id"] == "untag"
    assert {row["id"] for row in truth(db) if tag in row["tags"]} == worn - in_rj
    with refused("tag_not_found"):
        ask(
            db, world, "supervisor", "bulk_tag(%s, %s)", {"filter": {}},
            str(world.ids["other_tag"]),
        )  # fmt: skip


def test_the_line_of_a_bulk_action_silences_nothing_after_it(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "admin"):
        scalar(db, "select public.bulk_tag(%s, %s)", '{"filter": {}}', world.ids["tag"])
        line = scalar(db, "select max(id) from public.audit_log")
        db.execute("select set_config('cobranca.bulk_audit_id', %s, true)", (str(line),))
        db.execute("update public.clients set name = 'Z' where id = %s", (world.ids["client"],))
    assert last_audit(db)["after"] == {"name": "Z"}
