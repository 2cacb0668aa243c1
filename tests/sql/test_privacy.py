"""LGPD: everything held is handed over, what no law keeps is gone everywhere, and no sum moves."""

import json
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.personas import TENANT, World, acting, refused, scalar

DOCUMENT, NAME, PHONE, EMAIL = (
    "88888888801",
    "Zélia da Conceição Mundo",
    "11987650001",
    "zelia@mundo",
)
SAID = "perdeu o emprego em março"
# What may name a debtor, by the name of its column.
TELLING = [
    *("client_id", "phone", "document", "payload", "body", "cells", "notes", "note", "email"),
    *("content", "wa_id", "contact_name", "identifier", "before", "after", "params"),
]
# Tables with such a column that hold nothing of a debtor's: why.
NOT_PERSONAL = {
    "private.erased_people": "keyed hashes, and the client that has no name any more",
    "private.import_chunks": "staged rows, gone when the import ends",
    "private.import_upload_parts": "a file between its looks, gone an hour after the last",
    "private.settings_tables": "names of tables",
    "public.canned_replies": "the agency's own words",
    "public.creditors": "companies",
    "public.invitations": "colleagues",
    "public.memberships": "colleagues",
    "public.message_templates": "the agency's own words",
    "public.notifications": "ids alone",
    "public.privacy_requests": "the register itself",
    "public.senders": "the agency's own numbers",
}


def settled(db: psycopg.Connection) -> None:
    """Nothing is left to collect from the world's client."""
    for statement in (
        "update public.debts set status = 'settled' where tenant_id = %s",
        "update public.agreements set status = 'settled', closed_at = now() where tenant_id = %s",
        "update public.payment_cases set resolved_at = now(), resolution = 'dismiss'"
        " where tenant_id = %s",
    ):
        db.execute(statement.encode(), (TENANT,))


def talkative(db: psycopg.Connection, world: World) -> None:
    """Their words and numbers in every place that takes some."""
    listed = Jsonb({"rows": [{"document": DOCUMENT, "name": NAME}], "kept": []})
    ids = {"t": TENANT, "c": world.ids["client"], "said": SAID, "raw": Jsonb({"to": "55" + PHONE})}
    ids["listed"] = listed
    for statement in (
        """update public.clients set extra = '{"mae": "Dona Zélia da Conceição Mundo"}'"""
        " where id = %(c)s",
        "update public.call_dispositions set notes = %(said)s where client_id = %(c)s",
        "update public.callbacks set note = %(said)s, phone = '+5511987650001'"
        " where client_id = %(c)s",
        "insert into private.dialer_tasks (tenant_id, integration_id, kind, task_key, call_id,"
        " payload) select tenant_id, integration_id, 'qualify', 'qualify:' || id, id,"
        " jsonb_build_object('qualification_id', 7, 'note', %(said)s::text)"
        " from public.calls where client_id = %(c)s",
        "insert into private.media_sources (message_id, tenant_id, source)"
        " select message_id, tenant_id, jsonb_build_object('caption', %(said)s::text)"
        " from public.message_media where tenant_id = %(t)s",
        # Of the person, not of whoever answers at the number.
        "insert into public.suppressions (tenant_id, client_id, phone, reason, lift_reason,"
        " lifted_at, expires_at)"
        " values (%(t)s, %(c)s, '+5511987650001', %(said)s, %(said)s, now(), now())",
        "update public.message_logs set body = %(said)s where client_id = %(c)s",
        """update public.message_batches set selection = '{"filter": {"q": "888.888.888-01"}}'""",
        "update public.dialer_exports set selection ="
        """ '{"filter": {"q": "zelia  da Conceição MUNDO"}}'""",
        """update public.collection_rules set filter = '{"q": "zélia da conceição mundo"}'
            where tenant_id = %(t)s""",
        "update public.rule_versions set definition ="
        """ '{"filter": {"q": "88888888801", "uf": ["PE"]}}' where tenant_id = %(t)s""",
        "update public.import_rejects set cells = array['888.888.888-01', %(said)s]"
        " where tenant_id = %(t)s",
        """update public.imports set differences = %(listed)s,
            answer = jsonb_build_object('rows', 7, 'differences', %(listed)s,
                'rejects', '[{"value": "888.888.888-01"}]'::jsonb),
            rolled_back = jsonb_build_object('kept', %(listed)s) where tenant_id = %(t)s""",
        "update private.provider_events set payload = %(raw)s, handled_at = now()"
        " where tenant_id = %(t)s",
        "insert into public.client_addresses (tenant_id, client_id, street, city, uf)"
        " values (%(t)s, %(c)s, 'Rua de Zélia da Conceição Mundo', 'Recife', 'PE')",
        "update public.calls set identifier = '11987650001' where client_id = %(c)s",
        # Of their number, and linked to nobody.
        "insert into public.calls (tenant_id, integration_id, telephony_id, phone, status,"
        " qualification_note, called_at) select tenant_id, integration_id, 'sem-cliente',"
        " '+551187650001', 'ended', %(said)s, now() from public.calls where client_id = %(c)s"
        " limit 1",
        "insert into public.message_logs (tenant_id, direction, provider, phone, body, status)"
        " values (%(t)s, 'in', 'meta', '+5511987650001', %(said)s, 'received')",
        "insert into public.senders (id, tenant_id, integration_id, provider, name, phone, account)"
        " select '5e4de500-0000-4000-8000-000000000001', tenant_id, id, provider, 'Outro',"
        " '+551140007777', 'outro' from public.integrations where tenant_id = %(t)s"
        " and provider in ('meta', 'gupshup') limit 1",
        "insert into public.conversations (tenant_id, sender_id, phone, contact_name) values"
        " (%(t)s, '5e4de500-0000-4000-8000-000000000001', '+5511987650001', %(said)s)",
        # Looked for, kept in a filter, exported.
        "insert into public.segments (tenant_id, owner_id, name, filter) select tenant_id, user_id,"
        """ 'A da Zona Sul', '{"q": "888.888.888-01"}' from public.memberships"""
        " where tenant_id = %(t)s limit 1",
        "insert into public.audit_log (tenant_id, actor, table_name, row_id, action, after) values"
        " (%(t)s, 'x', 'clients', 'export', 'export', jsonb_build_object('selection',"
        """ '{"filter": {"q": "Zelia da Conceição Mundo", "uf": ["SP"]}}'::jsonb))""",
    ):
        db.execute(statement.encode(), ids)


def erase(db: psycopg.Connection, world: World, name: str = NAME) -> dict[str, object]:
    with acting(db, world, "admin"):
        answer = scalar(db, "select public.erase_person(%s, %s)", world.ids["client"], name)
    assert isinstance(answer, dict)
    return {part["area"]: part["decision"] for part in answer["outcome"]}


def night(db: psycopg.Connection) -> int:
    """How many people a night of erasures went over without a failure."""
    last = scalar(db, "select coalesce(max(id), 0) from public.job_runs")
    db.execute("call private.repeat_erasures(false)")
    return int(str(scalar(
        db, "select coalesce(sum((result #>> '{counts,people}')::int - failures), 0)"
        " from public.job_runs where job = 'erasures' and id > %s", last,
    )))  # fmt: skip


def tables(db: psycopg.Connection) -> list[str]:
    return [
        name
        for (name,) in db.execute(
            "select nspname || '.' || relname from pg_class join pg_namespace n on n.oid ="
            " relnamespace where nspname in ('public', 'private', 'pgmq', 'net')"
            " and relkind in ('r', 'p') order by 1"
        )
    ]


def everywhere(db: psycopg.Connection) -> dict[str, str]:
    """Every row of the first agency, as text, by table."""
    found = {}
    for table in tables(db):
        text = scalar(
            db,
            "select coalesce(string_agg(item::text, ' ' order by item::text), '') from"
            f" (select to_jsonb(kept) as item from {table} as kept) as rows"
            " where coalesce(item ->> 'tenant_id', %s) = %s",
            str(TENANT), str(TENANT),
        )  # fmt: skip
        found[table] = str(text)
    return found


def sums(db: psycopg.Connection) -> list[object]:
    """What is counted and added up anywhere: the ledger, and the panel's events."""
    return [
        scalar(db, query)
        for query in (
            "select jsonb_agg(to_jsonb(deal) - 'updated_at' order by id)"
            " from public.agreements deal",
            "select jsonb_agg(to_jsonb(part) - 'updated_at' order by id)"
            " from public.installments part",
            "select jsonb_agg(to_jsonb(paid) order by id) from public.payments paid",
            "select jsonb_agg(to_jsonb(part) order by id) from public.payment_allocations part",
            "select jsonb_agg(to_jsonb(debt) - 'updated_at' order by id) from public.debts debt",
            "select jsonb_agg(to_jsonb(event) order by to_jsonb(event)::text) from"
            f" private.panel_events('{TENANT}', '2020-01-01', '2030-01-01') as event",
            "select count(*) from public.clients",
            "select count(*) from public.message_logs",
            "select jsonb_agg(to_jsonb(total) order by total::text) from private.portfolio_totals"
            " as total",
        )
    ]


def test_every_table_that_may_name_a_debtor_is_on_the_list(db: psycopg.Connection) -> None:
    telling = {
        name
        for (name,) in db.execute(
            "select distinct nspname || '.' || relname from pg_class"
            " join pg_namespace n on n.oid = relnamespace"
            " join pg_attribute a on a.attrelid = pg_class.oid"
            " where nspname in ('public', 'private') and relkind in ('r', 'p') and attnum > 0"
            " and (attname = any(%s) or attname = 'source' and atttypid = 'jsonb'::regtype)",
            (TELLING,),
        )
    }
    listed = {name for (name,) in db.execute("select table_name from private.personal_tables")}
    assert telling - listed - NOT_PERSONAL.keys() == set(), (
        "a new table that may hold a debtor's data: put it into private.personal_tables (0976)"
    )


def test_nothing_that_names_the_person_is_left_anywhere(
    db: psycopg.Connection, world: World
) -> None:
    settled(db)
    talkative(db, world)
    told = everywhere(db)
    assert sum(PHONE in text for text in told.values()) > 4, "else this proves nothing"
    assert erase(db, world)["person"] == "erased"
    left = {
        table: needle
        for table, text in everywhere(db).items()
        for needle in (DOCUMENT, NAME, PHONE, EMAIL, SAID, "888.888.888-01", "zelia da conceicao")
        if needle in text
    }
    assert left == {}


def test_no_sum_and_no_count_moves(db: psycopg.Connection, world: World) -> None:
    settled(db)
    talkative(db, world)
    before = sums(db)
    erase(db, world)
    for was, became in zip(before, sums(db), strict=True):
        assert became == was


def test_a_second_time_changes_nothing(db: psycopg.Connection, world: World) -> None:
    settled(db)
    erase(db, world)
    before = everywhere(db)
    assert erase(db, world, "Pessoa apagada")["person"] == "erased"
    assert night(db) == 0
    after = everywhere(db)
    # Their `updated_at`, and the record of the second time.
    moving = {"public.audit_log", "public.privacy_requests", "public.clients", "public.charges"}
    assert {t for t in after if after[t] != before[t]} <= moving


def test_what_may_be_collected_is_kept_with_its_basis_and_goes_when_it_is_paid(
    db: psycopg.Connection, world: World
) -> None:
    talkative(db, world)
    assert erase(db, world) == {"raw": "erased", "person": "kept", "ledger": "kept"}
    assert not scalar(db, "select count(*) from private.erased_people"), "nobody was erased yet"
    told = everywhere(db)
    assert NAME in told["public.clients"]
    assert "888.888.888-01" not in told["public.import_rejects"]
    with acting(db, world, "admin"):
        kept = scalar(
            db, "select outcome -> 1 from public.privacy_requests order by created_at desc limit 1"
        )
    assert isinstance(kept, dict)
    assert kept["basis"] == "credit_protection"
    assert kept["until"] == "2031-01-31"
    settled(db)
    assert night(db) == 1
    assert NAME not in json.dumps(everywhere(db), ensure_ascii=False)


def test_who_was_erased_is_not_contacted_when_a_file_brings_them_again(
    db: psycopg.Connection, world: World
) -> None:
    settled(db)
    erase(db, world)
    again, other = uuid4(), uuid4()
    db.execute(
        "insert into public.clients (id, tenant_id, document, name) values"
        " (%s, %s, %s, 'Zélia de Novo'), (%s, %s, '12345678909', 'Outra Pessoa')",
        (again, TENANT, DOCUMENT, other, TENANT),
    )
    reasons = [
        scalar(
            db,
            "select reason from private.contact_decision(%s, %s, 'whatsapp', private.now())",
            TENANT, client,
        )
        for client in (again, other)
    ]  # fmt: skip
    assert reasons[0] == "suppressed"
    assert reasons[1] != "suppressed"
    assert night(db) == 1
    assert DOCUMENT not in everywhere(db)["public.clients"]


def test_another_client_with_the_same_number_keeps_it(db: psycopg.Connection, world: World) -> None:
    settled(db)
    other = uuid4()
    db.execute(
        "insert into public.clients (id, tenant_id, document, name)"
        " values (%s, %s, '12345678909', 'Irmã')", (other, TENANT),
    )  # fmt: skip
    db.execute(
        "insert into public.client_phones (tenant_id, client_id, phone, kind)"
        " values (%s, %s, '+5511987650001', 'mobile')", (TENANT, other),
    )  # fmt: skip
    erase(db, world)
    assert scalar(db, "select phone from public.client_phones where client_id = %s", other)


def is_suppressed(db: psycopg.Connection, phone: str) -> object:
    return scalar(
        db, "select private.is_suppressed(%s, %s, %s, 'whatsapp', private.now())",
        TENANT, uuid4(), phone,
    )  # fmt: skip


def test_who_answers_at_a_number_is_not_called_again_because_somebody_was_erased(
    db: psycopg.Connection, world: World
) -> None:
    settled(db)
    db.execute(
        "insert into public.suppressions (tenant_id, phone, reason, lift_reason)"
        " values (%s, '+5511987650001', %s, %s)", (TENANT, SAID, SAID),
    )  # fmt: skip
    erase(db, world)
    assert is_suppressed(db, "+5511987650001"), "said by whoever answers there"
    assert SAID not in everywhere(db)["public.suppressions"]
    assert not is_suppressed(db, "+5511987650002")


def test_a_file_that_is_still_being_fetched_is_not_kept_after_the_erasure(
    db: psycopg.Connection, world: World
) -> None:
    settled(db)
    talkative(db, world)
    [(message, attempt)] = db.execute(
        "select message_id, attempt from private.claim_media(9, 60)"
    ).fetchall()
    erase(db, world)
    settled_late = scalar(
        db, "select private.settle_media(%s, %s, 'kept', null, 'image/png', %s)",
        message, attempt, b"foto",
    )  # fmt: skip
    assert settled_late is False
    assert not scalar(db, "select count(*) from private.media_files")
    db.execute("update public.message_media set lease_until = null")
    assert db.execute("select from private.claim_media(9, 60)").fetchall() == []


def test_the_name_confirms_and_only_an_admin_may(db: psycopg.Connection, world: World) -> None:
    settled(db)
    with refused("name_differs"):
        erase(db, world, "Zélia")
    for persona, code in (
        ("operator", "not_allowed"),
        ("supervisor", "not_allowed"),
        ("other_tenant", "client_not_found"),
    ):
        with refused(code), acting(db, world, persona):
            db.execute("select public.erase_person(%s, %s)", (world.ids["client"], NAME))
        with refused(code), acting(db, world, persona):
            db.execute("select public.privacy_preview(%s)", (world.ids["client"],))
    assert NAME in everywhere(db)["public.clients"]


def test_a_payment_that_is_not_booked_yet_is_not_lost(db: psycopg.Connection, world: World) -> None:
    settled(db)
    talkative(db, world)
    db.execute(
        "update private.provider_events set handled_at = null where tenant_id = %s", (TENANT,)
    )
    erase(db, world)
    assert PHONE in everywhere(db)["private.provider_events"]


def test_everything_held_is_handed_over_and_nobody_else_s(
    db: psycopg.Connection, world: World
) -> None:
    talkative(db, world)
    other = scalar(
        db, "select name from public.clients where tenant_id = %s and id <> %s limit 1",
        TENANT, world.ids["client"],
    )  # fmt: skip
    with acting(db, world, "admin"):
        request = scalar(db, "select public.request_person_export(%s)", world.ids["client"])
        ticket = scalar(
            db, "select public.open_download('privacy-export', %s)",
            Jsonb({"request_id": str(request)}),
        )  # fmt: skip
        held = scalar(db, "select private.person_export(%s)", request)
    assert ticket
    assert isinstance(held, dict)
    text = json.dumps(held, ensure_ascii=False)
    for needle in (DOCUMENT, NAME, PHONE, EMAIL, SAID, "888.888.888-01", "Rua de Zélia"):
        assert needle in text
    assert str(other) not in text
    # Its address may carry the account's token.
    assert "media_sources" not in text
    parts = {part["table"] for part in held["parts"]}
    assert {"clients", "client_phones", "message_logs", "debts", "agreements", "calls"} <= parts
    with refused("privacy_request_not_found"), acting(db, world, "other_tenant"):
        db.execute("select private.person_export(%s)", (request,))
    with refused("not_allowed"), acting(db, world, "supervisor"):
        db.execute(
            "select public.open_download('privacy-export', %s)",
            (Jsonb({"request_id": str(request)}),),
        )


@pytest.mark.parametrize("table", ["client_addresses", "client_phones", "clients"])
def test_a_fault_half_way_leaves_everything_as_it_was(
    db: psycopg.Connection, world: World, table: str
) -> None:
    settled(db)
    talkative(db, world)
    db.execute(
        "create function pg_temp.fault() returns trigger language plpgsql as"
        " $$ begin raise exception 'the server died'; end $$"
    )
    db.execute(
        f"create trigger fault before delete or update on public.{table}"
        " for each row execute function pg_temp.fault()".encode()
    )
    before = everywhere(db)
    with refused("P0001"):
        erase(db, world)
    assert everywhere(db) == before
