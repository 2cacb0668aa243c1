"""The dispositions an admin edits: renaming breaks nothing, and what others need cannot go."""

import json
from uuid import uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar

FLAGS = ("human_answered", "right_party", "is_callback", "unworkable", "opens_negotiation")


def save(db: psycopg.Connection, world: World, key: str | None, **fields: object) -> object:
    with acting(db, world, "admin"):
        return scalar(db, "select public.save_disposition_type(%s, %s)", key, json.dumps(fields))


def kind(db: psycopg.Connection, key: str) -> dict[str, object]:
    row = scalar(
        db,
        "select to_jsonb(kind) from public.disposition_types as kind"
        " where tenant_id = %s and key = %s",
        TENANT, key,
    )  # fmt: skip
    assert isinstance(row, dict)
    return row


def rule_for(db: psycopg.Connection, key: str, *, enabled: bool) -> str:
    """A rule that waits for the type, and no other that does."""
    db.execute(
        "update public.collection_rules set is_enabled = false where tenant_id = %s", (TENANT,)
    )
    name = f"Regra {uuid4()}"
    db.execute(
        "insert into public.collection_rules (tenant_id, name, disposition_type, is_enabled)"
        " values (%s, %s, %s, %s)",
        (TENANT, name, key, enabled),
    )
    return name


def test_a_new_label_is_read_in_the_history_of_the_old_one(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (id, client_id, disposition_type)"
            " values (%s, %s, 'voicemail')",
            (uuid4(), world.ids["client"]),
        )
    save(db, world, "voicemail", label="Secretária eletrônica", color="violet", hotkey=9)
    with acting(db, world, "operator"):
        page = scalar(db, "select public.client_timeline(%s)", world.ids["client"])
    assert isinstance(page, dict)
    told = {item["label"] for item in page["items"] if item.get("type") == "voicemail"}
    assert told == {"Secretária eletrônica"}


def test_a_new_type_gets_a_free_key_and_the_last_place(
    db: psycopg.Connection, world: World
) -> None:
    keys = [save(db, world, None, label="2ª via: não recebeu!", hotkey=None) for _ in range(2)]
    assert keys == ["via_nao_recebeu_", "via_nao_recebeu__2"]
    places = [kind(db, str(key))["position"] for key in ("negotiate", *keys)]
    assert places == sorted(places, key=lambda place: int(str(place)))


def test_a_key_is_of_one_shown_type_alone(db: psycopg.Connection, world: World) -> None:
    with refused("hotkey_taken"):
        save(db, world, None, label="Sem interesse", hotkey=1)
    assert save(db, world, None, label="Sem interesse", hotkey=1, is_active=False)
    with refused("hotkey_taken"):
        save(db, world, "sem_interesse", is_active=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"color": "#ffff00"},
        {"label": "   "},
        {"label": "x" * 41},
        {"hotkey": 10},
        {"hotkey": "um"},
        {"right_party": True, "human_answered": False},
        {"label": None},
    ],
)
def test_a_field_that_cannot_be_is_refused(
    db: psycopg.Connection, world: World, wrong: dict[str, object]
) -> None:
    with refused("disposition_type_invalid"):
        save(db, world, "voicemail", **wrong)


@pytest.mark.parametrize(
    "attempt",
    [
        "select public.delete_disposition_type(%s)",
        """select public.save_disposition_type(%s, '{"is_active": false}')""",
        "update public.disposition_types set is_active = false where key = %s",
    ],
)
def test_a_type_that_a_rule_waits_for_stays_and_the_rule_is_named(
    db: psycopg.Connection, world: World, attempt: str
) -> None:
    key = str(save(db, world, None, label="Sem interesse"))
    name = rule_for(db, key, enabled=True)
    with pytest.raises(psycopg.Error) as refusal, acting(db, world, "admin"):
        db.execute(attempt.encode(), (key,))
    assert refusal.value.diag.message_primary == "disposition_in_rule"
    assert refusal.value.diag.message_detail == name
    save(db, world, key, label="Sem interesse agora")


def test_a_rule_that_is_off_keeps_it_from_being_deleted_but_not_from_being_retired(
    db: psycopg.Connection, world: World
) -> None:
    key = str(save(db, world, None, label="Sem interesse"))
    rule_for(db, key, enabled=False)
    save(db, world, key, is_active=False)
    with refused("disposition_used"), acting(db, world, "admin"):
        db.execute("select public.delete_disposition_type(%s)", (key,))


def test_only_what_nothing_points_to_is_deleted(db: psycopg.Connection, world: World) -> None:
    key = str(save(db, world, None, label="Sem interesse"))
    used = scalar(
        db, "select disposition_type from public.call_dispositions where tenant_id = %s limit 1",
        TENANT,
    )  # fmt: skip
    db.execute("update public.collection_rules set is_enabled = false")
    with refused("disposition_used"), acting(db, world, "admin"):
        db.execute("select public.delete_disposition_type(%s)", (used,))
    with acting(db, world, "admin"):
        db.execute("select public.delete_disposition_type(%s)", (key,))
    with refused("disposition_type_unknown"), acting(db, world, "admin"):
        db.execute("select public.delete_disposition_type(%s)", (key,))


@pytest.mark.parametrize("flag", FLAGS)
def test_the_last_type_of_a_meaning_keeps_it(
    db: psycopg.Connection, world: World, flag: str
) -> None:
    db.execute(
        "update public.collection_rules set is_enabled = false where tenant_id = %s", (TENANT,)
    )
    meant = [
        key for (key,) in db.execute(
            f"select key from public.disposition_types where tenant_id = %s and {flag}"
            " and is_active order by right_party, key".encode(), (TENANT,)
        )
    ]  # fmt: skip
    *others, last = meant
    change = {flag: False, **({"right_party": False} if flag == "human_answered" else {})}
    twin = {"right_party": True, "human_answered": True, flag: True}
    for key in others:
        save(db, world, key, **change)
    with refused("disposition_meaning_lost"):
        save(db, world, last, **change)
    with refused("disposition_meaning_lost"):
        save(db, world, last, is_active=False)
    save(db, world, None, label="O mesmo", **twin)
    if last != "negotiate":
        save(db, world, last, **change)


def test_whoever_is_on_the_telephone_is_told_at_once(db: psycopg.Connection, world: World) -> None:
    topic = f"tenant:{TENANT}"
    count = "select count(*) from realtime.messages where topic = %s and event = 'settings_changed'"
    before = scalar(db, count, topic)
    save(db, world, "voicemail", label="Secretária")
    save(db, world, None, label="Sem interesse")
    with acting(db, world, "admin"):
        db.execute("select public.order_disposition_types('{negotiate,voicemail}')")
    assert scalar(db, count, topic) == int(str(before)) + 3
    with acting(db, world, "operator"):
        screen = scalar(db, "select public.service_screen(%s)", world.ids["client"])
    assert isinstance(screen, dict)
    shown = [each["label"] for each in screen["disposition_types"]]
    assert shown.index("Negociar") < shown.index("Secretária")


@pytest.mark.parametrize("persona", ["operator", "supervisor", "other_tenant"])
def test_nobody_else_edits_it(db: psycopg.Connection, world: World, persona: str) -> None:
    before = kind(db, "voicemail")
    try:
        with acting(db, world, persona):
            scalar(db, """select public.save_disposition_type('voicemail', '{"label": "X"}')""")
    except psycopg.Error as error:
        assert error.sqlstate == "PT403"  # noqa: PT017  (another agency's admin edits its own)
    assert kind(db, "voicemail") == before
