"""Every change of a setting is a version to read and to bring back, and no setting is left out."""

import json
from typing import Any

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar

# Audited, and no setting of the agency's: why.
NOT_SETTINGS = {
    "agreements": "work; agreement_events is its history",
    "callbacks": "work",
    "client_addresses": "a client's; client_history tells it",
    "client_assignments": "same",
    "client_phones": "same",
    "client_tags": "same",
    "clients": "same",
    "debt_marks": "a title's",
    "debts": "a client's",
    "import_mappings": "learned from files, not set",
    "imports": "work",
    "installments": "work",
    "manual_settlements": "work",
    "message_batches": "work",
    "payment_cases": "work",
    "segments": "a person's own list",
    "suppressions": "a client's; lifted one by one",
    "tags": "a word on clients; deleted with them",
}

# How an admin changes each setting that can be brought back. `{tenant}` is the first agency.
EDITS = {
    "agenda_policies": "update public.agenda_policies set release_after_minutes = 77",
    "agreement_policies": "select public.save_agreement_policy("
    """'{"tolerance_cents": 77}', 'new')""",
    "agreement_templates": "update public.agreement_templates set position = 77",
    "approval_limits": "update public.approval_limits set max_installments = 7",
    "automation_policies": "update public.automation_policies set undo_seconds = 33",
    "canned_replies": "update public.canned_replies set body = 'Outro texto'",
    "charge_policies": """select public.save_charge_policy('{"grace_days": 7}')""",
    "contact_caps": "update public.contact_caps set attempts = 77",
    "cost_rates": "insert into public.cost_rates (kind, currency, price_micros, valid_from)"
    " select kind, currency, price_micros + 7, '2099-01-01' from public.cost_rates limit 1",
    "creditors": "update public.creditors set name = name || ' S.A.', address = 'Rua Nova, 7'",
    "dialer_agents": "update public.dialer_agents set extension = '777'",
    "dialer_qualifications": "update public.dialer_qualifications set qualification_id = 777",
    "disposition_types": "update public.disposition_types set label = label || '!', color = 'teal'",
    "integrations": "select public.save_integration('gupshup',"
    """ '{"app_name": "Outro", "source": "5511400000007"}', '{"api_key": "segredo-777-zz7a"}')""",
    "message_policies": "update public.message_policies set confirm_above_recipients = 77",
    "message_templates": "update public.message_templates set header_name = 'fatura.pdf'",
    "rate_cards": "insert into public.rate_cards (provider, category, price_micros, valid_from)"
    " select provider, category, price_micros + 7, '2099-01-01' from public.rate_cards limit 1",
    "senders": "select public.save_sender(jsonb_build_object('provider', provider, 'name', 'Outro',"
    " 'phone', phone, 'account', account)) from public.senders limit 1",
    "tenant_calling_windows": "update public.tenant_calling_windows set closes = '17:07'",
    "tenant_holidays": "update public.tenant_holidays set revoked_at = '2026-01-01 00:00+00'",
    "tenants": "update public.tenants set name = 'Outro Nome', time_zone = 'America/Manaus'",
}


def settings(db: psycopg.Connection) -> dict[str, tuple[str, str]]:
    return {
        table: (room, restore)
        for table, room, restore in db.execute(
            "select table_name, room, restore from private.settings_tables"
        )
    }


def history(db: psycopg.Connection, world: World, room: str) -> list[dict[str, object]]:
    with acting(db, world, "admin"):
        page = scalar(db, "select public.settings_history(%s, null, 100)", room)
    assert isinstance(page, dict)
    return list(page["items"])


def told_fields(version: dict[str, object]) -> list[tuple[str, object]]:
    changes: Any = version["changes"]
    return [(change["field"], change["to"]) for change in changes]


def now(db: psycopg.Connection, table: str) -> list[dict[str, object]]:
    """What people read of the agency's rows; of a series, of its newest."""
    column = "id" if table == "tenants" else "tenant_id"
    rows = scalar(
        db,
        "select coalesce(jsonb_agg(private.told_part(to_jsonb(kept)) order by kept::text), '[]')"
        f" from public.{table} as kept where {column} = %s",
        TENANT,
    )
    assert isinstance(rows, list)
    return rows


def test_every_setting_has_versions(db: psycopg.Connection) -> None:
    audited = {
        name
        for (name,) in db.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p') and oid in (select tgrelid from pg_trigger"
            " where tgfoid = 'private.tg_audit'::regproc)"
        )
    }
    known = settings(db)
    assert audited == known.keys() | NOT_SETTINGS.keys(), (
        "a new table that admins write: put it into private.settings_tables (0973)"
    )
    assert not known.keys() & NOT_SETTINGS.keys()


def test_whatever_only_admins_write_is_a_setting(db: psycopg.Connection) -> None:
    written_by_admins = {
        name
        for (name,) in db.execute(
            "select distinct tablename from pg_policies where schemaname = 'public'"
            " and cmd in ('INSERT', 'UPDATE')"
            " and coalesce(qual, '') || coalesce(with_check, '') like '%''admin''%'"
        )
    }
    assert written_by_admins <= settings(db).keys()


def test_every_setting_that_can_be_brought_back_is_tried(db: psycopg.Connection) -> None:
    assert EDITS.keys() == {
        table for table, (_, restore) in settings(db).items() if restore != "never"
    }


@pytest.mark.parametrize("table", sorted(EDITS))
def test_a_change_is_told_and_taken_back(db: psycopg.Connection, world: World, table: str) -> None:
    room, restore = settings(db)[table]
    before, newest = now(db, table), scalar(db, "select max(id) from public.audit_log")
    assert before, f"{table}: without a row this proves nothing"
    with acting(db, world, "admin"):
        db.execute(EDITS[table].encode())
    assert now(db, table) != before
    told = [item for item in history(db, world, room) if item["table"] == table]
    fresh = [item for item in told if int(str(item["id"])) > int(str(newest))]
    assert fresh
    assert fresh[0]["is_current"]
    assert not fresh[0]["can_restore"]
    assert all(item["actor"] == "Ana Administradora" and item["changes"] for item in fresh)
    old = [item for item in told if item not in fresh]
    back = [item for item in old if item["can_restore"]]
    latest = {str(item["title"]): item for item in reversed(back)}
    assert latest, f"{table}: nothing to go back to"
    for item in latest.values():
        with acting(db, world, "admin"):
            db.execute("select public.restore_setting(%s)", (item["id"],))
    if restore == "row":
        assert now(db, table) == before
    else:
        changed = {field["field"] for item in fresh for field in item["changes"]}  # type: ignore[attr-defined]
        after = now(db, table)
        assert any(
            all(
                row.get(field) == was.get(field)
                for field in changed - {"secret_notes", "secret_hint"}
            )
            for row in after[-1:] + after
            for was in before
        )


def test_a_creditor_is_told_by_name(db: psycopg.Connection, world: World) -> None:
    [(one, name)] = db.execute(
        "select id, name from public.creditors where tenant_id = %s limit 1", (TENANT,)
    ).fetchall()
    with acting(db, world, "admin"):
        db.execute("select public.invite('nova@pessoa.test', 'operator', null, %s)", ([one],))
    [newest, *_] = history(db, world, "people")
    assert ("creditor_ids", [name]) in told_fields(newest)
    # The demo's creditors have charges of their own.
    charging = [told_fields(item) for item in history(db, world, "charging")]
    assert any(("creditor_id", name) in fields for fields in charging)


def test_what_was_deleted_comes_back_as_it_was(db: psycopg.Connection, world: World) -> None:
    before = now(db, "canned_replies")
    ids = scalar(db, "select array_agg(id) from public.canned_replies where tenant_id = %s", TENANT)
    with acting(db, world, "supervisor"):
        db.execute("delete from public.canned_replies")
    for item in history(db, world, "whatsapp"):
        if item["table"] == "canned_replies" and item["action"] == "delete":
            with acting(db, world, "admin"):
                db.execute("select public.restore_setting(%s)", (item["id"],))
    assert now(db, "canned_replies") == before
    again = "select array_agg(id) from public.canned_replies where tenant_id = %s"
    assert scalar(db, again, TENANT) == ids


def test_no_version_of_the_undo_window_switches_the_rules_on_again(
    db: psycopg.Connection, world: World
) -> None:
    first = next(
        item for item in history(db, world, "automation") if item["table"] == "automation_policies"
    )
    with acting(db, world, "admin"):
        db.execute("update public.automation_policies set undo_seconds = 33")
        db.execute("update public.automation_policies set is_stopped = true, stopped_channels ="
                   " '{whatsapp}'")  # fmt: skip
        db.execute("select public.restore_setting(%s)", (first["id"],))
    kept = "select undo_seconds, is_stopped, stopped_channels::text from public.automation_policies"
    [row] = db.execute(f"{kept} where tenant_id = %s".encode(), (TENANT,)).fetchall()
    assert row[0] != 33
    assert row[1:] == (True, "{whatsapp}")
    told = [item for item in history(db, world, "automation") if item["action"] == "update"]
    switched = [
        item for item in told
        if {change["field"] for change in item["changes"]} == {"is_stopped", "stopped_channels"}  # type: ignore[attr-defined]
    ]  # fmt: skip
    assert [item["can_restore"] for item in switched] == [False]


def test_what_is_no_longer_valid_is_refused(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "supervisor"):
        db.execute("insert into public.canned_replies (shortcut, body) values ('nova', 'Olá')")
        db.execute("delete from public.canned_replies where shortcut = 'nova'")
        db.execute("insert into public.canned_replies (shortcut, body) values ('nova', 'Oi')")
    deleted = next(item for item in history(db, world, "whatsapp") if item["action"] == "delete")
    with refused("version_no_longer_valid"), acting(db, world, "admin"):
        db.execute("select public.restore_setting(%s)", (deleted["id"],))


def test_saving_s_own_refusal_is_what_is_said(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        key = scalar(db, "select public.save_disposition_type(null, %s)",
                     json.dumps({"label": "Recado", "hotkey": 9, "is_active": False}))  # fmt: skip
        scalar(db, "select public.save_disposition_type(%s, %s)", key,
               json.dumps({"is_active": True}))  # fmt: skip
    db.execute(
        "insert into public.collection_rules (tenant_id, name, disposition_type, is_enabled)"
        " values (%s, 'Recado: lembrete', %s, true)", (TENANT, key),
    )  # fmt: skip
    first = [item for item in history(db, world, "dispositions") if item["title"] == "Recado"][-1]
    with refused("disposition_in_rule"), acting(db, world, "admin"):
        db.execute("select public.restore_setting(%s)", (first["id"],))


def test_no_secret_is_in_a_version(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "admin"):
        db.execute(EDITS["integrations"].encode())
    told = json.dumps([history(db, world, room) for room, _ in set(settings(db).values())])
    assert "segredo-777" not in told
    assert "hash" not in told
    vault = "select array_agg(name order by name) from vault.secrets"
    before = scalar(db, vault)
    item = next(i for i in history(db, world, "integrations") if i["can_restore"])
    with acting(db, world, "admin"):
        db.execute("select public.restore_setting(%s)", (item["id"],))
    assert scalar(db, vault) == before


@pytest.mark.parametrize("table", ["api_keys", "collection_rules", "memberships"])
def test_what_must_not_come_back_does_not(db: psycopg.Connection, world: World, table: str) -> None:
    entry = scalar(
        db, "select max(id) from public.audit_log where tenant_id = %s and table_name = %s",
        TENANT, table,
    )  # fmt: skip
    with refused("version_not_restorable"), acting(db, world, "admin"):
        db.execute("select public.restore_setting(%s)", (entry,))


def test_a_client_s_history_is_no_version_of_a_setting(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "supervisor"):
        db.execute("update public.clients set name = 'Outra' where id = %s", (world.ids["client"],))
    entry = scalar(db, "select max(id) from public.audit_log where table_name = 'clients'")
    with refused("version_not_found"), acting(db, world, "admin"):
        db.execute("select public.restore_setting(%s)", (entry,))


@pytest.mark.parametrize("persona", ["operator", "supervisor", "other_tenant", "revoked"])
def test_nobody_else_reads_or_brings_back(
    db: psycopg.Connection, world: World, persona: str
) -> None:
    with acting(db, world, "admin"):
        db.execute(EDITS["creditors"].encode())
    entry = scalar(
        db, "select max(id) from public.audit_log where tenant_id = %s and table_name = 'creditors'"
        " and action = 'insert'", TENANT,
    )  # fmt: skip
    before = now(db, "creditors")
    with (
        refused("version_not_found" if persona == "other_tenant" else "not_allowed"),
        acting(db, world, persona),
    ):
        db.execute("select public.restore_setting(%s)", (entry,))
    assert now(db, "creditors") == before
