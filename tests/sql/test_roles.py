"""Which role each function and each page asks for, written once and compared with what happens.

Functions are found in the catalog, pages in the routes: a new one is red here until it is named.
"""

import re

import psycopg
import pytest

from local_platform.settings import ROOT
from tests.sql.personas import World, acting
from tests.sql.test_scope import page_functions

# Everybody else may call what is not named here; test_client_screens keeps strangers out of all.
ADMINS_ONLY = (
    "archive_team", "client_history", "create_api_key", "creditor_overview", "delete_creditor",
    "delete_disposition_type", "erase_person", "hide_first_steps", "integration_page", "invite",
    "lift_suppression", "list_people", "load_index_factors", "note_panel_read",
    "order_disposition_types", "override_prescription", "preview_agreement_policy",
    "privacy_preview", "renew_invitation", "request_person_export", "restore_setting",
    "revoke_api_key", "revoke_invitation", "revoke_membership", "rotate_webhook_key",
    "save_agreement_policy", "save_charge_policy", "save_dialer_agent",
    "save_dialer_qualification", "save_disposition_type", "save_integration", "save_rule",
    "save_sender", "save_team", "set_member_role", "set_member_scope", "set_rule_enabled",
    "settings_history",
)  # fmt: skip
SUPERVISORS_UP = (
    "approval_inbox", "bring_back_failures", "bulk_assign", "bulk_tag", "cancel_dialer_export",
    "cancel_import",
    "cancel_installment", "change_message_batch", "count_failures", "create_message_batch",
    "decide_agreement", "decide_settlement", "dialer_export_results", "dialer_overview",
    "dry_run_rule", "export_outcome", "import_differences", "list_failures", "open_download",
    "panel_board", "panel_cards", "panel_cohorts", "panel_numbers", "panel_portfolio", "panel_rows",
    "panel_stock_rows",
    "preview_message_batch", "reactivate_agreement", "release_debts", "reprocess_failures",
    "request_dialer_export", "request_reconciliation", "reschedule_installment",
    "resolve_payment_case", "resume_dialer_export", "resume_import", "retry_automation_run",
    "retry_doubtful_messages", "retry_message_batch", "reverse_payment", "rollback_import",
    "set_aside_failures", "set_sender_state", "take_over_service", "update_client",
)  # fmt: skip
# The least role that finds a page open: its own gate, or the door's. All others are everybody's.
PAGES = {
    "/configuracoes": "admin",
    "/painel": "supervisor",
}
ROUTE = re.compile(r"""room\(\s*"([^"]+)",\s*\(\)\s*=>\s*import\("@/([^"]+)"\)""")


def refusals(db: psycopg.Connection, world: World, persona: str) -> set[str]:
    """Functions that say not_allowed to this person before they look at anything."""
    refused = set()
    for name, names, kinds, _ in page_functions(db):
        nulls = ", ".join(
            f'"{each}" => null::{kind}' for each, kind in zip(names, kinds, strict=True)
        )
        try:
            with acting(db, world, persona, undo=True):
                db.execute(f"select public.{name}({nulls})".encode())
        except psycopg.Error as refusal:
            if refusal.sqlstate == "42501" or refusal.diag.message_primary == "not_allowed":
                refused.add(name)
    return refused


def test_each_function_asks_for_the_role_that_is_written_here(
    db: psycopg.Connection, world: World
) -> None:
    assert refusals(db, world, "admin") == set()
    assert refusals(db, world, "supervisor") == set(ADMINS_ONLY)
    assert refusals(db, world, "operator") == {*ADMINS_ONLY, *SUPERVISORS_UP}


def test_a_function_that_forgets_its_role_is_seen(db: psycopg.Connection, world: World) -> None:
    db.execute(
        "create or replace function public.list_people() returns jsonb language sql stable"
        " set search_path = '' as $$ select '{}'::jsonb $$"
    )
    assert refusals(db, world, "supervisor") == set(ADMINS_ONLY) - {"list_people"}


def routes() -> list[tuple[str, str]]:
    return ROUTE.findall((ROOT / "web/src/app/rooms.tsx").read_text())


def test_every_route_is_found() -> None:
    rooms = (ROOT / "web/src/app/rooms.tsx").read_text()
    assert len(routes()) == len(re.findall(r'room\(\s*"/', rooms)) > 20


@pytest.mark.parametrize(("path", "module"), [pair for pair in routes()])
def test_a_page_of_some_role_has_a_gate(path: str, module: str) -> None:
    wanted = next((role for prefix, role in PAGES.items() if path.startswith(prefix)), None)
    if wanted is None:
        return
    text = (ROOT / f"web/src/{module}.tsx").read_text()
    # A room of two features is gated by the one it shows.
    texts = [text] + [
        (ROOT / f"web/src/{inner}.tsx").read_text()
        for inner in re.findall(r'"@/(features/[^"]+-page)"', text)
    ]
    gates = ("<SettingsRoom", f'useHasRole("{wanted}")')
    assert any(gate in each for each in texts for gate in gates)
