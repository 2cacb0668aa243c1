"""Who may do what with every table: asked of the catalog, answered for every kind of caller."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from tests.sql.personas import (
    OTHER_TENANT,
    PERSONAS,
    STRANGERS,
    TENANT,
    World,
    acting,
    refused,
    scalar,
)

OPERATOR_UP = {"operator", "supervisor", "admin"}
SUPERVISOR_UP = {"supervisor", "admin"}
ADMIN = {"admin"}
NOBODY: set[str] = set()


@dataclass
class Rights:
    """The callers who may read, add, change and remove their own agency's rows."""

    select: set[str]
    insert: set[str]
    update: set[str]
    delete: set[str]


RIGHTS = {
    "agenda_policies": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    "agreement_debts": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "agreement_events": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "agreement_policies": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "agreement_templates": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    "agreements": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "api_keys": Rights(ADMIN, NOBODY, NOBODY, NOBODY),
    "approval_limits": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    "audit_log": Rights(ADMIN, NOBODY, NOBODY, NOBODY),
    "batch_recipients": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "canned_replies": Rights(OPERATOR_UP, SUPERVISOR_UP, SUPERVISOR_UP, SUPERVISOR_UP),
    # One's own; the world's are the admins'.
    "conversation_drafts": Rights(ADMIN, OPERATOR_UP, ADMIN, ADMIN),
    "conversation_events": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "conversations": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "message_batches": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "message_policies": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    "rate_cards": Rights(OPERATOR_UP, ADMIN, NOBODY, NOBODY),
    # What people earn is in it.
    "cost_rates": Rights(SUPERVISOR_UP, ADMIN, NOBODY, NOBODY),
    "senders": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "automation_runs": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "call_dispositions": Rights(OPERATOR_UP, OPERATOR_UP, NOBODY, NOBODY),
    "callbacks": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "charge_policies": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "charges": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "client_addresses": Rights(OPERATOR_UP, SUPERVISOR_UP, SUPERVISOR_UP, SUPERVISOR_UP),
    "client_assignments": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "client_phones": Rights(OPERATOR_UP, SUPERVISOR_UP, SUPERVISOR_UP, SUPERVISOR_UP),
    "client_tags": Rights(OPERATOR_UP, OPERATOR_UP, NOBODY, OPERATOR_UP),
    "clients": Rights(OPERATOR_UP, SUPERVISOR_UP, SUPERVISOR_UP, NOBODY),
    "automation_policies": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    "collection_rules": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "disposition_undos": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "rule_dry_run_lines": Rights(SUPERVISOR_UP, NOBODY, NOBODY, NOBODY),
    "rule_dry_runs": Rights(SUPERVISOR_UP, NOBODY, NOBODY, NOBODY),
    "rule_steps": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "rule_versions": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "creditors": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    "debt_marks": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "debts": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "disposition_types": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    "import_mappings": Rights(SUPERVISOR_UP, NOBODY, NOBODY, SUPERVISOR_UP),
    "import_rejects": Rights(SUPERVISOR_UP, NOBODY, NOBODY, NOBODY),
    "imports": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "index_factors": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "installments": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "integrations": Rights(SUPERVISOR_UP, NOBODY, ADMIN, NOBODY),
    "invitations": Rights(ADMIN, NOBODY, NOBODY, NOBODY),
    "job_runs": Rights(SUPERVISOR_UP, NOBODY, NOBODY, NOBODY),
    "manual_settlements": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "memberships": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "message_logs": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "message_media": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "message_templates": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    # One's own; the world's are the admins'.
    "negotiation_drafts": Rights(ADMIN, OPERATOR_UP, ADMIN, ADMIN),
    # One's own; the world's are the admins'.
    "notification_preferences": Rights(ADMIN, OPERATOR_UP, ADMIN, NOBODY),
    "notifications": Rights(OPERATOR_UP, NOBODY, OPERATOR_UP, NOBODY),
    # One's own; the world's are the admins'.
    "operator_states": Rights(SUPERVISOR_UP, NOBODY, NOBODY, NOBODY),
    "payment_allocations": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "payment_cases": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "payment_courses": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "payment_reversals": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "privacy_requests": Rights(ADMIN, NOBODY, NOBODY, NOBODY),
    "payments": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "reconciliations": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    # The one of world.sql is the admin's, and shared.
    "segments": Rights(OPERATOR_UP, OPERATOR_UP, ADMIN, ADMIN),
    "suppressions": Rights(OPERATOR_UP, OPERATOR_UP, NOBODY, NOBODY),
    "tags": Rights(OPERATOR_UP, SUPERVISOR_UP, SUPERVISOR_UP, SUPERVISOR_UP),
    "tenant_holidays": Rights(OPERATOR_UP, ADMIN, ADMIN, NOBODY),
    "team_members": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "teams": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "tenants": Rights(OPERATOR_UP, NOBODY, ADMIN, NOBODY),
    "call_sweeps": Rights(SUPERVISOR_UP, NOBODY, NOBODY, NOBODY),
    "calls": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "client_services": Rights(OPERATOR_UP, NOBODY, NOBODY, NOBODY),
    "contact_caps": Rights(OPERATOR_UP, ADMIN, ADMIN, ADMIN),
    "dialer_agents": Rights(OPERATOR_UP, ADMIN, ADMIN, ADMIN),
    "dialer_export_rows": Rights(SUPERVISOR_UP, NOBODY, NOBODY, NOBODY),
    "dialer_exports": Rights(SUPERVISOR_UP, NOBODY, NOBODY, NOBODY),
    "dialer_qualifications": Rights(OPERATOR_UP, ADMIN, ADMIN, ADMIN),
    "tenant_calling_windows": Rights(OPERATOR_UP, ADMIN, ADMIN, ADMIN),
}

# What a new row says, where anybody may add one: `{tenant}` and ids of that agency's rows.
NEW_ROWS = {
    # The agency has its one row: adding to it is changing it.
    "agenda_policies": "(tenant_id, release_after_minutes) values ('{tenant}', 9)"
    " on conflict (tenant_id) do update set release_after_minutes = 9",
    "automation_policies": "(tenant_id, undo_seconds) values ('{tenant}', 9)"
    " on conflict (tenant_id) do update set undo_seconds = 9",
    "notification_preferences": "(tenant_id, plays_sound) values ('{tenant}', false)"
    " on conflict (tenant_id, user_id) do update set plays_sound = false",
    "agreement_templates": "(tenant_id, name) values ('{tenant}', 'Oferta nova')",
    # A creditor nobody has: rights are asked before references.
    "approval_limits": "(tenant_id, creditor_id, role) values ('{tenant}', '{client}', 'operator')",
    "canned_replies": "(tenant_id, shortcut, body) values ('{tenant}', 'novo', 'Olá')",
    # A conversation nobody has: rights are asked before references.
    "conversation_drafts": "(tenant_id, conversation_id, body)"
    " values ('{tenant}', '{client}', 'Olá')",
    # The agency has its one row: adding to it is changing it.
    "message_policies": "(tenant_id, confirm_above_recipients) values ('{tenant}', 9)"
    " on conflict (tenant_id) do update set confirm_above_recipients = 9",
    "rate_cards": "(tenant_id, provider, category, price_micros, valid_from)"
    " values ('{tenant}', 'meta', 'utility', 1, '2099-01-01')",
    "cost_rates": "(tenant_id, kind, price_micros, valid_from)"
    " values ('{tenant}', 'voice_minute', 1, '2099-01-01')",
    "call_dispositions": "(tenant_id, client_id, disposition_type)"
    " values ('{tenant}', '{client}', 'dropped')",
    "client_addresses": "(tenant_id, client_id, street, city, uf)"
    " values ('{tenant}', '{client}', 'Rua Nova', 'Recife', 'PE')",
    "client_phones": "(tenant_id, client_id, phone, kind)"
    " values ('{tenant}', '{client}', '+5511911112222', 'mobile')",
    "client_tags": "(tenant_id, client_id, tag_id) values ('{tenant}', '{client}', '{new_tag}')",
    "clients": "(tenant_id, document, name) values ('{tenant}', '98765432100', 'Nova Pessoa')",
    "creditors": "(tenant_id, name) values ('{tenant}', 'Credor Novo')",
    "disposition_types": "(tenant_id, key, label) values ('{tenant}', 'novo', 'Novo')",
    "message_templates": "(tenant_id, name, provider_template_id, body)"
    " values ('{tenant}', 'novo', 'x', 'Olá')",
    "negotiation_drafts": "(tenant_id, client_id, content) values ('{tenant}', '{client}', '{{}}')",
    "segments": "(tenant_id, name, filter) values ('{tenant}', 'Novo', '{{}}')",
    "suppressions": "(tenant_id, phone, reason) values ('{tenant}', '+5511911113333', 'pediu')",
    "tags": "(tenant_id, name) values ('{tenant}', 'Nova')",
    "tenant_holidays": "(tenant_id, day, name) values ('{tenant}', '2099-01-01', 'Longe')",
    "contact_caps": "(tenant_id, channel, days, attempts) values ('{tenant}', 'call', 30, 9)",
    # A stranger does not even see whom to name; the policy is asked before the null is.
    "dialer_agents": "(tenant_id, agent_id, user_id) values ('{tenant}', 999, ("
    "select user_id from public.memberships where tenant_id = '{tenant}'"
    " and role = 'operator' limit 1))",
    "dialer_qualifications": "(tenant_id, campaign_id, disposition_type, qualification_id)"
    " values ('{tenant}', 9, 'dropped', 9)",
    "tenant_calling_windows": "(tenant_id, weekday, opens, closes)"
    " values ('{tenant}', 7, '09:00', '18:00')",
}


def api_tables(db: psycopg.Connection) -> list[str]:
    """Every table and view that PostgREST would show."""
    return [
        name
        for (name,) in db.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p', 'v', 'm', 'f') order by relname"
        )
    ]


def own_row(table: str) -> sql.Composed:
    """Condition for rows of the first agency."""
    column = "id" if table == "tenants" else "tenant_id"
    return sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(TENANT))


def updatable_column(db: psycopg.Connection, table: str) -> str:
    """A column the API may update, else any: then the refusal is what is tested."""
    found = db.execute(
        "select attname from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped"
        " and attgenerated = '' and attidentity = ''"
        " order by has_column_privilege('authenticated', attrelid, attnum, 'update') desc, attnum"
        " limit 1",
        (f"public.{table}",),
    ).fetchone()
    assert found is not None
    return str(found[0])


def new_row(world: World, table: str, tenant: UUID) -> sql.Composed:
    """An insert into that agency; without any grant to insert, one that could not say more."""
    prefix = "other_" if tenant == OTHER_TENANT else ""
    ids = {name: world.ids[prefix + name] for name in ("client", "template", "new_tag")}
    return sql.SQL("insert into {} ").format(sql.Identifier("public", table)) + sql.SQL(
        NEW_ROWS.get(table, "default values").format(tenant=tenant, **ids)
    )


def attempt(db: psycopg.Connection, world: World, persona: str, statement: sql.Composed) -> bool:
    """Whether the caller may: rows were touched, and neither grant, policy nor rule said no."""
    try:
        with acting(db, world, persona, undo=True):
            return bool(db.execute(statement).rowcount > 0)
    except psycopg.errors.ForeignKeyViolation:
        # Permission was passed; history points at the row.
        return True
    except psycopg.Error as error:
        # Neither grant nor policy let it pass; or, before they were asked, a rule of the table.
        if error.sqlstate in ("42501", "PT400"):
            return False
        raise


def answers(db: psycopg.Connection, world: World, table: str) -> dict[str, set[str]]:
    """Who can really do what with the first agency's rows of a table."""
    name = sql.Identifier("public", table)
    column = sql.Identifier(updatable_column(db, table))
    statements = {
        "select": sql.SQL("select 1 from {} where {}").format(name, own_row(table)),
        "update": sql.SQL("update {} set {} = {} where {}").format(
            name, column, column, own_row(table)
        ),
        "delete": sql.SQL("delete from {} where {}").format(name, own_row(table)),
        "insert": new_row(world, table, TENANT),
    }
    return {
        command: {p for p in PERSONAS if attempt(db, world, p, statement)}
        for command, statement in statements.items()
    }


def test_every_table_has_said_who_may_do_what(db: psycopg.Connection) -> None:
    assert api_tables(db) == sorted(RIGHTS), "name the new table in RIGHTS"


@pytest.mark.parametrize("table", sorted(RIGHTS))
def test_each_caller_can_do_what_is_said_and_no_more(
    db: psycopg.Connection, world: World, table: str
) -> None:
    assert scalar(db, f"select count(*) from public.{table}"), "an empty table proves nothing"
    assert answers(db, world, table) == vars(RIGHTS[table])


@pytest.mark.parametrize("persona", PERSONAS)
def test_nobody_reads_a_row_of_another_agency(
    db: psycopg.Connection, world: World, persona: str
) -> None:
    foreign = TENANT if persona == "other_tenant" else OTHER_TENANT
    seen: dict[str, object] = {}
    for table in RIGHTS:
        column = "id" if table == "tenants" else "tenant_id"
        count = f"select count(*) from public.{table} where {column} = %s"
        assert scalar(db, count, foreign), f"{table}: without a foreign row this proves nothing"
        try:
            with acting(db, world, persona, undo=True):
                seen[table] = scalar(db, count, foreign)
        except psycopg.errors.InsufficientPrivilege:
            seen[table] = 0
    assert seen == dict.fromkeys(RIGHTS, 0)


BREAKAGES = {
    "a policy too many": (
        "clients",
        "create policy everybody on public.clients for select to anon, authenticated using (true);"
        "grant select on public.clients to anon",
    ),
    "row security switched off": ("debts", "alter table public.debts disable row level security"),
    "a grant too many": (
        "audit_log",
        "grant delete on public.audit_log to authenticated;"
        "create policy audit_log_delete on public.audit_log for delete to authenticated"
        " using (tenant_id = (select private.tenant_id()))",
    ),
    "a policy that forgets the role": (
        "creditors",
        "drop policy creditors_insert_admin on public.creditors;"
        "create policy creditors_insert on public.creditors for insert to authenticated"
        " with check (tenant_id = (select private.tenant_id()))",
    ),
    "a policy that forgets the tenant": (
        "imports",
        "drop policy imports_select_member on public.imports;"
        "create policy imports_select on public.imports for select to authenticated"
        " using ((select private.has_role('operator')))",
    ),
    "a policy that is missing": ("callbacks", "drop policy callbacks_select_member on callbacks"),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_the_matrix_sees(db: psycopg.Connection, world: World, breakage: str) -> None:
    table, statements = BREAKAGES[breakage]
    db.execute(statements.encode())
    assert answers(db, world, table) != vars(RIGHTS[table])


@pytest.mark.parametrize("table", sorted(set(RIGHTS) - {"tenants"}))
def test_no_update_moves_a_row_to_another_agency(
    db: psycopg.Connection, world: World, table: str
) -> None:
    move = sql.SQL("update {} set tenant_id = {} where tenant_id = {}").format(
        sql.Identifier("public", table), sql.Literal(OTHER_TENANT), sql.Literal(TENANT)
    )
    with refused("42501"), acting(db, world, "admin", undo=True):
        db.execute(move)
    # Also where a careless grant lets the column be named: then the policy is what refuses.
    if RIGHTS[table].update:
        db.execute(
            sql.SQL("grant update (tenant_id) on {} to authenticated").format(
                sql.Identifier("public", table)
            )
        )
        with refused("42501"), acting(db, world, "admin", undo=True):
            db.execute(move)


@pytest.mark.parametrize("table", sorted(NEW_ROWS))
def test_nobody_adds_a_row_to_an_agency_that_is_not_theirs(
    db: psycopg.Connection, world: World, table: str
) -> None:
    with refused("42501"), acting(db, world, "admin", undo=True):
        db.execute(new_row(world, table, OTHER_TENANT))


@pytest.mark.parametrize("header", [OTHER_TENANT, "not-a-uuid", uuid4(), "' or true --"])
def test_a_forged_tenant_header_gives_nothing(
    db: psycopg.Connection, world: World, header: UUID | str
) -> None:
    for table in api_tables(db):
        if "admin" not in RIGHTS[table].select:
            continue
        with acting(db, world, "admin", tenant_id=header, undo=True):
            assert scalar(db, f"select count(*) from public.{table}") == 0


@pytest.mark.parametrize("persona", STRANGERS)
def test_a_stranger_who_names_the_tenant_is_still_a_stranger(
    db: psycopg.Connection, world: World, persona: str
) -> None:
    try:
        with acting(db, world, persona, tenant_id=TENANT, undo=True):
            assert scalar(db, "select count(*) from public.clients") == 0
    except psycopg.errors.InsufficientPrivilege:
        assert persona == "anon"


def test_a_revoked_membership_is_powerless_at_once(db: psycopg.Connection, world: World) -> None:
    with acting(db, world, "operator"):
        assert scalar(db, "select count(*) from public.clients")
    db.execute(
        "update public.memberships set revoked_at = now() where user_id = %s",
        (world.users["operator"],),
    )
    with acting(db, world, "operator"):
        assert scalar(db, "select count(*) from public.clients") == 0
