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
