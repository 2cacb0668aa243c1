"""Segments are somebody's, tags are the team's, and a client's page is whole."""

from typing import Any

import psycopg
import pytest

from tests.sql.carteira import NOON, ask, listed
from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock


def save(db: psycopg.Connection, world: World, persona: str, name: str, **columns: Any) -> str:
    shared, filters = columns.get("is_shared", False), columns.get("filter", '{"uf": "SP"}')
    with acting(db, world, persona):
        return str(
            scalar(
                db,
                "insert into public.segments (name, filter, sort, is_shared)"
                " values (%s, %s, %s, %s) returning id",
                name,
                filters,
                columns.get("sort", "name"),
                shared,
            )
        )


def names(db: psycopg.Connection, world: World, persona: str) -> set[str]:
    with acting(db, world, persona):
        return {name for (name,) in db.execute("select name from public.segments")}


def test_a_private_segment_is_its_owners_alone(db: psycopg.Connection, world: World) -> None:
    mine = save(db, world, "operator", "Minha")
    assert "Minha" in names(db, world, "operator")
    for other in ("supervisor", "admin", "other_tenant"):
        assert "Minha" not in names(db, world, other)
        with acting(db, world, other):
            assert not db.execute(
                "update public.segments set name = 'Tua' where id = %s", (mine,)
            ).rowcount
            assert not db.execute("delete from public.segments where id = %s", (mine,)).rowcount


def test_sharing_is_a_supervisors(db: psycopg.Connection, world: World) -> None:
    with refused("42501"):
        save(db, world, "operator", "De todos", is_shared=True)
    mine = save(db, world, "operator", "Ainda minha")
    with refused("42501"), acting(db, world, "operator"):
        db.execute("update public.segments set is_shared = true where id = %s", (mine,))
    shared = save(db, world, "supervisor", "De todos", is_shared=True)
    for persona in ("operator", "admin"):
        assert "De todos" in names(db, world, persona)
    assert "De todos" not in names(db, world, "other_tenant")
    for persona, touched in (("operator", 0), ("admin", 1)):
        with acting(db, world, persona, undo=True):
            assert (
                db.execute("delete from public.segments where id = %s", (shared,)).rowcount
                == touched
            )


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"filter": '{"cor": "azul"}'}, "unknown_filter"),
        ({"filter": '{"aging": ["2-3"]}'}, "filter_invalid"),
        ({"filter": "[]"}, "filter_invalid"),
        ({"filter": '"SP"'}, "filter_invalid"),
        ({"sort": "cor"}, "sort_invalid"),
    ],
)
def test_a_segment_that_no_list_would_take_is_not_stored(
    db: psycopg.Connection, world: World, columns: dict[str, str], code: str
) -> None:
    with refused(code):
        save(db, world, "operator", "Quebrada", **columns)
    whole = save(db, world, "operator", "Inteira")
    column, value = next(iter(columns.items()))
    with refused(code), acting(db, world, "operator"):
        db.execute(f"update public.segments set {column} = %s where id = %s".encode(),
                   (value, whole))  # fmt: skip


def test_a_segment_cannot_be_put_in_another_persons_name(
    db: psycopg.Connection, world: World
) -> None:
    with refused("42501"), acting(db, world, "operator"):
        db.execute(
            "insert into public.segments (owner_id, name, filter) values (%s, 'x', '{}')",
            (world.users["admin"],),
        )


def test_a_tag_is_one_whatever_its_spelling(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "supervisor"):
        db.execute("insert into public.tags (name) values ('Acordo à vista')")
    with refused("tags_name_is_unique"), acting(db, world, "supervisor"):
        db.execute("insert into public.tags (name) values ('ACORDO  A VISTA')")
    with acting(db, world, "other_tenant"):
        db.execute("insert into public.tags (name) values ('Acordo à vista')")


def test_an_operator_tags_one_client_in_the_own_name(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.client_tags (client_id, tag_id) values (%s, %s)",
            (world.ids["client"], world.ids["new_tag"]),
        )
    [row] = listed(db, world, q="MUNDO-1")["rows"]
    assert [tag["name"] for tag in row["tags"]] == ["Ainda de ninguém", "Mundo"]
    for foreign in ("other_client", "other_tag"):
        ids = world.ids | {"client": world.ids["client"], "tag": world.ids["new_tag"]}
        ids[foreign.removeprefix("other_")] = world.ids[foreign]
        with refused("23503"), acting(db, world, "operator"):
            db.execute(
                "insert into public.client_tags (client_id, tag_id) values (%s, %s)",
                (ids["client"], ids["tag"]),
            )


def test_a_tag_that_goes_leaves_its_clients(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "supervisor"):
        db.execute("delete from public.tags where id = %s", (world.ids["tag"],))
    [row] = listed(db, world, q="MUNDO-1")["rows"]
    assert row["tags"] == []


def profile(db: psycopg.Connection, world: World, persona: str = "operator") -> dict[str, Any]:
    return dict(ask(db, world, persona, "client_profile('888.888.888-01')"))


def test_a_clients_page_holds_everything(db: psycopg.Connection, world: World) -> None:
    set_clock(db, NOON)
    answer = profile(db, world)
    assert answer["client"]["days_late"] == 165
    assert answer["client"]["assigned_to"]["name"] == "Ana Administradora"
    assert [tag["name"] for tag in answer["client"]["tags"]] == ["Mundo"]
    assert [debt["contract"] for debt in answer["debts"]] == ["MUNDO/1"]
    assert [address["city"] for address in answer["addresses"]] == ["São Paulo"]
    assert [call["note"] for call in answer["callbacks"]] == ["ligar amanhã"]
    assert answer["contact"]["allowed"] is True
    assert [each["status"] for each in answer["agreements"]] == ["active"]
    assert [each["is_reversed"] for each in answer["payments"]] == [True]
    assert {item["kind"] for item in answer["timeline"]["items"]} >= {"import", "message"}


def test_a_phone_tells_what_its_messages_taught(db: psycopg.Connection, world: World) -> None:
    set_clock(db, NOON)
    [phone] = profile(db, world)["phones"]
    assert (phone["last_reply_at"], phone["last_failure"], phone["opted_out"]) == (
        None, None, False,
    )  # fmt: skip
    db.execute(
        "insert into public.message_logs (tenant_id, client_id, direction, provider, phone, status,"
        " delivered_at, read_at, failed_at, error_code)"
        " select %s, %s, direction::public.message_direction, 'gupshup', phone,"
        " status::public.message_status, delivered, read, failed, code from (values"
        # The same line as people write it without the ninth digit, and another one.
        " ('in', '+551187650001', 'received', null, null, null, null),"
        " ('out', '+5511987650001', 'read', timestamptz '2026-07-01', timestamptz '2026-07-02',"
        "   null, null),"
        " ('out', '+5511987650001', 'failed', null, null, timestamptz '2026-06-01', 'policy'),"
        " ('out', '+5511900000000', 'failed', null, null, timestamptz '2026-07-09', 'opted_out'))"
        " as told (direction, phone, status, delivered, read, failed, code)",
        (TENANT, world.ids["client"]),
    )
    db.execute(
        "insert into public.call_dispositions (tenant_id, client_id, operator_id, disposition_type)"
        " values (%s, %s, %s, 'wrong_contact')",
        (TENANT, world.ids["client"], world.users["operator"]),
    )
    db.execute(
        "insert into public.suppressions (tenant_id, phone, reason)"
        " values (%s, '+551187650001', 'pediu')",
        (TENANT,),
    )
    answer = profile(db, world)
    [phone] = answer["phones"]
    assert phone["last_reply_at"] is not None
    assert phone["last_read_at"].startswith("2026-07-02")
    assert phone["last_delivered_at"].startswith("2026-07-01")
    assert phone["last_failure"]["code"] == "policy"
    assert phone["opted_out"] is True
    assert answer["wrong_contact"]["reports"] == 1


def update(db: psycopg.Connection, world: World, patch: str, persona: str = "supervisor") -> Any:
    return ask(db, world, persona, "update_client(%s, %s)", str(world.ids["client"]), patch)


def test_an_edit_is_stored_audited_and_found(db: psycopg.Connection, world: World) -> None:
    client = update(
        db,
        world,
        '{"name": " Zélia Nova ", "email": "NOVA@mundo.test", "external_id": "M-2", "uf": "RJ",'
        ' "extra": {"matricula": 7, "turno": "noite"}}',
    )
    assert (client["name"], client["email"]) == ("Zélia Nova", "nova@mundo.test")
    row = db.execute(
        "select before, after, actor from public.audit_log where table_name = 'clients'"
        " and row_id = %s order by id desc limit 1",
        (str(world.ids["client"]),),
    ).fetchone()
    assert row is not None
    assert row[0]["external_id"] == "MUNDO-1"
    assert row[1]["external_id"] == "M-2"
    assert row[2] == "supervisor@demo.test"
    assert [found["name"] for found in listed(db, world, q="M-2")["rows"]] == ["Zélia Nova"]
    kept = update(db, world, '{"extra": {"turno": null}, "email": "", "uf": null}')
    assert (kept["extra"], kept["email"], kept["uf"]) == ({"matricula": 7}, None, None)


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ('{"document": "11122233344"}', "field_unknown"),
        ('{"open_cents": 0}', "field_unknown"),
        ('{"name": ""}', "field_invalid"),
        ('{"name": "  "}', "field_invalid"),
        ('{"name": null}', "field_invalid"),
        ('{"name": 5}', "field_invalid"),
        ('{"email": "x"}', "field_invalid"),
        ('{"uf": "XX"}', "field_invalid"),
        ('{"extra": []}', "field_invalid"),
        ('{"extra": null}', "field_invalid"),
        ('{"name": "' + "a" * 201 + '"}', "field_invalid"),
        ("[]", "field_invalid"),
    ],
)
def test_an_edit_that_is_not_understood_changes_nothing(
    db: psycopg.Connection, world: World, patch: str, code: str
) -> None:
    with refused(code):
        update(db, world, patch)


def test_an_edit_is_a_supervisors(db: psycopg.Connection, world: World) -> None:
    with refused("not_allowed"):
        update(db, world, '{"name": "Outra"}', "operator")
    with refused("client_not_found"):
        update(db, world, '{"name": "Outra"}', "other_tenant")
