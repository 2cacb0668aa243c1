"""An admin reads who changed a client, and a download's ticket opens one door once."""

from typing import Any

import psycopg
import pytest

from tests.sql.carteira import ask
from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, refused, scalar


def history(db: psycopg.Connection, world: World, *more: object) -> dict[str, Any]:
    marks = ", %s" * len(more)
    answer = ask(db, world, "admin", f"client_history(%s{marks})", world.ids["client"], *more)
    return dict(answer)


def test_every_edit_is_told_with_its_author_and_both_values(
    db: psycopg.Connection, world: World
) -> None:
    client = str(world.ids["client"])
    db.execute("update public.clients set uf = 'SP' where id = %s", (client,))
    ask(
        db, world, "supervisor", "update_client(%s, %s)", client,
        {"uf": "RJ", "extra": {"turno": "noite"}},
    )  # fmt: skip
    with acting(db, world, "supervisor"):
        address = scalar(
            db,
            "insert into public.client_addresses (client_id, street, city, uf)"
            " values (%s, 'Rua Nova', 'Niterói', 'RJ') returning id",
            client,
        )
        db.execute("delete from public.client_addresses where id = %s", (address,))
    removed, added, edited = history(db, world)["items"][:3]
    assert [(each["table"], each["action"]) for each in (removed, added, edited)] == [
        ("client_addresses", "delete"),
        ("client_addresses", "insert"),
        ("clients", "update"),
    ]
    assert {each["actor"] for each in (removed, added, edited)} == {"Sônia Supervisora"}
    assert {"field": "street", "from": "Rua Nova", "to": None} in removed["changes"]
    assert edited["changes"] == [
        {"field": "uf", "from": "SP", "to": "RJ"},
        {"field": "extra.turno", "from": None, "to": "noite"},
    ]


def test_who_gave_a_client_to_whom_and_put_a_tag_on_it_is_told(
    db: psycopg.Connection, world: World
) -> None:
    client, tag = str(world.ids["client"]), str(world.ids["tag"])
    operator = str(world.users["operator"])
    picked = {"ids": [client]}
    before = len(history(db, world)["items"])
    ask(db, world, "supervisor", "bulk_assign(%s, %s)", picked, operator)
    ask(db, world, "supervisor", "bulk_tag(%s, %s, true)", picked, tag)
    ask(db, world, "supervisor", "bulk_tag(%s, %s)", {"filter": {}}, tag)
    ask(db, world, "supervisor", "bulk_tag(%s, %s)", {"filter": {}}, tag)  # changes nobody
    ask(db, world, "supervisor", "bulk_tag(%s, %s, true)", {"filter": {}, "except": [client]}, tag)
    with acting(db, world, "operator"):
        off = "delete from public.client_tags where client_id = %s and tag_id = %s"
        db.execute(off, (client, tag))
        on = "insert into public.client_tags (client_id, tag_id) values (%s, %s)"
        db.execute(on, (client, tag))
    ask(db, world, "supervisor", "bulk_assign(%s, null)", picked)
    told = history(db, world)["items"]
    assert [(item["table"], item["action"]) for item in told[: len(told) - before]] == [
        ("client_assignments", "delete"),
        ("client_tags", "insert"),
        ("client_tags", "delete"),
        ("client_tags", "insert"),
        ("client_tags", "delete"),
        ("client_assignments", "insert"),
    ]
    assert told[5]["changes"] == [{"field": "user_id", "from": None, "to": operator}]
    assert told[4]["changes"] == [{"field": "tag_id", "from": tag, "to": None}]
    assert told[3]["changes"] == [{"field": "tag_id", "from": None, "to": tag}]
    assert {"field": "tag_id", "from": None, "to": tag} in told[1]["changes"]
    assert {told[place]["actor"] for place in (3, 4, 5)} == {"Sônia Supervisora"}


def test_of_many_that_a_filter_found_everybody_and_nobody_else_is_told(
    db: psycopg.Connection, world: World
) -> None:
    """More than one row holds, in an agency that does it again and again."""
    tag, operator = str(world.ids["tag"]), str(world.users["operator"])
    db.execute(
        "insert into public.clients (tenant_id, document, name, uf)"
        " select %s, lpad(n::text, 11, '0'), 'Pessoa ' || n, case when n > 2500 then 'AC' end"
        " from generate_series(1, 2600) as n",
        (TENANT,),
    )
    ask(db, world, "supervisor", "bulk_assign(%s, %s)", {"filter": {}}, operator)
    ask(db, world, "supervisor", "bulk_tag(%s, %s)", {"filter": {"uf": "AC"}}, tag)
    known = db.execute(
        "select id, uf is not distinct from 'AC' from public.clients where tenant_id = %s"
        " and document < '00000002600' order by document desc limit 200",
        (TENANT,),
    ).fetchall()
    for client_id, is_tagged in known[::20]:
        items = ask(db, world, "admin", "client_history(%s)", str(client_id))["items"]
        tables = [item["table"] for item in items]
        assert tables[: 1 + is_tagged] == ["client_tags", "client_assignments"][1 - is_tagged :]


def test_whom_an_action_changed_is_told_for_two_years_and_what_was_done_for_good(
    db: psycopg.Connection, world: World
) -> None:
    db.execute("delete from public.client_tags")
    ask(db, world, "supervisor", "bulk_tag(%s, %s)", {"filter": {}}, str(world.ids["tag"]))
    kept = "select count(*) from private.bulk_touches"
    grow_old = (
        "update public.audit_log set created_at = private.now() - %s::interval"
        " where action = 'bulk' and id in (select audit_id from private.bulk_touches)"
    )
    db.execute(grow_old, ("1 year 364 days",))
    db.execute("select private.forget_bulk_touches()")
    assert scalar(db, kept) != 0
    db.execute(grow_old, ("2 years 2 days",))
    db.execute("select private.forget_bulk_touches()")
    assert scalar(db, kept) == 0
    assert scalar(
        db, "select count(*) from public.audit_log where action = 'bulk' and row_id = 'tag'"
    )


def test_a_tag_that_is_deleted_is_one_line_however_many_wear_it(
    db: psycopg.Connection, world: World
) -> None:
    lines = "select count(*) from public.audit_log"
    ask(db, world, "supervisor", "bulk_tag(%s, %s)", {"filter": {}}, str(world.ids["tag"]))
    before = int(str(scalar(db, lines)))
    with acting(db, world, "supervisor"):
        db.execute("delete from public.tags where id = %s", (world.ids["tag"],))
    assert int(str(scalar(db, lines))) == before + 1


def test_the_history_pages_without_a_gap(db: psycopg.Connection, world: World) -> None:
    for name in ("Um", "Dois", "Três", "Quatro", "Cinco"):
        ask(db, world, "admin", "update_client(%s, %s)", str(world.ids["client"]), {"name": name})
    whole = [item["id"] for item in history(db, world)["items"]]
    paged: list[int] = []
    before = None
    while True:
        page = history(db, world, before, 2)
        paged += [item["id"] for item in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert paged == whole
    assert len(whole) >= 5


@pytest.mark.parametrize("persona", ["operator", "supervisor"])
def test_the_history_is_an_admins(db: psycopg.Connection, world: World, persona: str) -> None:
    with refused("not_allowed"):
        ask(db, world, persona, "client_history(%s)", world.ids["client"])


def test_another_agencys_history_is_not_there(db: psycopg.Connection, world: World) -> None:
    with refused("client_not_found"):
        ask(db, world, "other_tenant", "client_history(%s)", world.ids["client"])


def ticket(db: psycopg.Connection, world: World, persona: str = "supervisor") -> str:
    selection = {"selection": {"filter": {"uf": "SP"}}}
    return str(ask(db, world, persona, "open_download('portfolio-export', %s)", selection))


def use(db: psycopg.Connection, secret: str, purpose: str = "portfolio-export") -> Any:
    query = "select tenant_id, user_id, arguments from private.use_download(%s, %s)"
    return db.execute(query, (secret, purpose)).fetchone()


def test_a_ticket_names_its_person_and_is_stored_as_a_hash(
    db: psycopg.Connection, world: World
) -> None:
    secret = ticket(db, world)
    stored = scalar(
        db, "select count(*) from private.download_tickets where secret_hash = %s", secret
    )
    assert stored == 0
    row = use(db, secret)
    assert (row[0], row[1]) == (TENANT, world.users["supervisor"])
    assert row[2] == {"selection": {"filter": {"uf": "SP"}}}


def test_a_ticket_opens_once(db: psycopg.Connection, world: World) -> None:
    secret = ticket(db, world)
    use(db, secret)
    with refused("ticket_used"):
        use(db, secret)


def test_a_ticket_opens_nothing_else(db: psycopg.Connection, world: World) -> None:
    secret = ticket(db, world)
    with refused("ticket_used"):
        use(db, secret, "portfolio-rejects")


def test_a_minute_later_a_ticket_opens_nothing(db: psycopg.Connection, world: World) -> None:
    secret = ticket(db, world)
    db.execute("update private.download_tickets set expires_at = private.now()")
    with refused("ticket_used"):
        use(db, secret)


def test_an_operator_gets_no_ticket(db: psycopg.Connection, world: World) -> None:
    with refused("not_allowed"):
        ticket(db, world, "operator")


@pytest.mark.parametrize(
    ("purpose", "arguments", "code"),
    [
        ("secrets", {}, "download_unknown"),
        ("portfolio-export", {}, "selection_invalid"),
        ("portfolio-export", {"selection": {"filter": {"cor": "azul"}}}, "unknown_filter"),
        ("portfolio-rejects", {"import_id": str(OTHER_TENANT)}, "import_not_found"),
    ],
)
def test_what_would_be_refused_is_refused_before_the_link(
    db: psycopg.Connection, world: World, purpose: str, arguments: dict[str, Any], code: str
) -> None:
    with refused(code):
        ask(db, world, "supervisor", "open_download(%s, %s)", purpose, arguments)
