"""A provider is connected by a form; its secrets go in and never come out to a person."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar, working

FORM = {"app_name": "MinhaApp", "source": "5511400001111"}


def save(
    db: psycopg.Connection,
    world: World,
    settings: Mapping[str, object],
    secrets: Mapping[str, object],
    persona: str = "admin",
) -> dict[str, Any]:
    with acting(db, world, persona):
        answer = scalar(
            db,
            "select public.save_integration('gupshup', %s, %s)",
            json.dumps(settings),
            json.dumps(secrets),
        )
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
def nothing_connected(db: psycopg.Connection) -> None:
    # What refers to the demo's accounts (charges, messages, …) is left dangling, and undone after.
    db.execute("set local session_replication_role = replica")
    db.execute("delete from public.integrations")
    db.execute("set local session_replication_role = origin")


def secret(db: psycopg.Connection, integration: str) -> object:
    with working(db, "worker"):
        return scalar(db, "select private.integration_secret(%s, 'api_key')", integration)


@pytest.mark.usefixtures("nothing_connected")
def test_the_first_save_shows_the_webhook_key_once(db: psycopg.Connection, world: World) -> None:
    first = save(db, world, FORM, {"api_key": "chave-secreta-4f2a"})
    assert first["secret_hint"] == "4f2a"
    assert len(first["webhook_key"]) == 48
    again = save(db, world, FORM | {"app_name": "Outra"}, {})
    assert again["webhook_key"] is None
    assert (again["integration_id"], again["secret_hint"]) == (first["integration_id"], "4f2a")
    assert secret(db, first["integration_id"]) == "chave-secreta-4f2a"
    with working(db, "webhook"):
        assert scalar(
            db,
            "select private.receive_provider_event('gupshup', %s, 'e', 'other', '{}')",
            first["webhook_key"],
        )


@pytest.mark.usefixtures("nothing_connected")
def test_a_new_key_replaces_the_old(db: psycopg.Connection, world: World) -> None:
    first = save(db, world, FORM, {"api_key": "chave-secreta-4f2a"})
    assert save(db, world, FORM, {"api_key": "chave-secreta-9c1d"})["secret_hint"] == "9c1d"
    assert secret(db, first["integration_id"]) == "chave-secreta-9c1d"


@pytest.mark.usefixtures("nothing_connected")
@pytest.mark.parametrize(
    ("settings", "secrets"),
    [
        (FORM, {}),
        ({"app_name": "A"}, {"api_key": "12345678"}),
        (FORM | {"source": "+55 11"}, {"api_key": "12345678"}),
        (FORM | {"source": 5511400001111}, {"api_key": "12345678"}),
        (FORM | {"url": "http://169.254.169.254/"}, {"api_key": "12345678"}),
        (FORM | {"api_key": "12345678"}, {"api_key": "12345678"}),
        (FORM, {"api_key": "curta"}),
        (FORM, {"api_key": None}),
        (FORM | {"app_name": {"a": 1}}, {"api_key": "12345678"}),
    ],
)
def test_what_the_form_does_not_ask_for_is_refused(
    db: psycopg.Connection, world: World, settings: dict[str, object], secrets: dict[str, object]
) -> None:
    with refused("integration_field_invalid"):
        save(db, world, settings, secrets)


def test_a_provider_without_an_adapter_is_not_connected(
    db: psycopg.Connection, world: World
) -> None:
    with refused("integration_field_invalid"), acting(db, world, "admin"):
        db.execute("select public.save_integration('meta', '{}')")


def test_no_person_reads_a_secret_or_a_keys_hash(db: psycopg.Connection, world: World) -> None:
    for question in (
        "select private.integration_secret(id, 'api_key') from public.integrations",
        "select webhook_key_hash from public.integrations",
        "select * from public.integrations",
        "select decrypted_secret from vault.decrypted_secrets",
        "select secret from vault.secrets",
    ):
        with refused("42501"), acting(db, world, "admin"):
            db.execute(question.encode())


def test_secrets_are_encrypted_where_they_lie(db: psycopg.Connection) -> None:
    stored = db.execute("select secret from vault.secrets where name like 'integration:%'")
    assert all("key-" not in secret for (secret,) in stored)


def test_settings_do_not_cross_to_another_agency(db: psycopg.Connection, world: World) -> None:
    before = "select settings from public.integrations where tenant_id = %s"
    untouched = scalar(db, before, TENANT)
    save(db, world, FORM, {}, persona="other_tenant")
    assert scalar(db, before, TENANT) == untouched
