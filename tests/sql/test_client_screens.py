"""One call per screen, complete, bounded, and of one agency."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, refused, scalar, set_clock
from tests.sql.thread import NOON, begin, claim, dispose, settle


def ask(db: psycopg.Connection, world: World, persona: str, call: str, *parameters: object) -> Any:
    with acting(db, world, persona):
        return scalar(db, f"select public.{call}", *parameters)


def screen(db: psycopg.Connection, world: World) -> dict[str, Any]:
    answer = ask(db, world, "operator", "service_screen(%s)", world.ids["client"])
    assert isinstance(answer, dict)
    return answer


def test_the_operators_screen_holds_everything(db: psycopg.Connection, world: World) -> None:
    set_clock(db, NOON)
    answer = screen(db, world)
    assert answer["client"]["document"] == "88888888801"
    assert [phone["phone"] for phone in answer["phones"]] == ["+5511987650001"]
    assert [debt["contract"] for debt in answer["debts"]] == ["MUNDO/1"]
    assert answer["open_cents"] == 12345
    assert [creditor["name"] for creditor in answer["creditors"]] == ["Banco Aurora S.A."]
    assert answer["contact"]["allowed"] is True
    assert len(answer["contact"]["hours"]) == 7, "eight days, one of them a Sunday"
    assert [callback["note"] for callback in answer["callbacks"]] == ["ligar amanhã"]


def test_the_five_dispositions_have_their_keys_and_meaning(
    db: psycopg.Connection, world: World
) -> None:
    types = screen(db, world)["disposition_types"]
    assert [(kind["hotkey"], kind["key"], kind["label"]) for kind in types] == [
        (1, "voicemail", "Caixa Postal"),
        (2, "dropped", "Ligação Interrompida"),
        (3, "wrong_contact", "Contato Incorreto"),
        (4, "callback", "Retornar Ligação"),
        (5, "negotiate", "Negociar"),
    ]
    meanings = {
        kind["key"]: {name for name, value in kind.items() if value is True} - {"is_active"}
        for kind in types
    }
    assert meanings == {
        "voicemail": set(),
        "dropped": {"human_answered"},
        "wrong_contact": {"human_answered", "unworkable"},
        "callback": {"human_answered", "is_callback"},
        "negotiate": {"human_answered", "right_party", "opens_negotiation"},
    }


def test_a_new_agency_starts_with_the_five(db: psycopg.Connection) -> None:
    tenant = scalar(db, "insert into public.tenants (name) values ('Nova') returning id")
    keys = (
        "select array_agg(key order by hotkey) from public.disposition_types where tenant_id = %s"
    )
    assert scalar(db, keys, tenant) == [
        "voicemail",
        "dropped",
        "wrong_contact",
        "callback",
        "negotiate",
    ]


@pytest.mark.parametrize("typed", ["88888888801", "888.888.888-01"])
def test_a_file_opens_by_document(db: psycopg.Connection, world: World, typed: str) -> None:
    answer = ask(db, world, "operator", "client_profile(%s)", typed)
    assert answer["client"]["id"] == str(world.ids["client"])
    assert answer["totals"] == {"open_cents": 12345, "open_debts": 1, "oldest_due_on": "2026-01-31"}


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        ("service_screen(%s)", "other_client"),
        ("client_timeline(%s)", "other_client"),
        ("service_screen(%s)", None),
        ("client_timeline(%s)", None),
        ("client_profile(%s)", "88888888802"),
        ("client_profile(%s)", ""),
    ],
)
def test_another_agencys_client_is_not_found(
    db: psycopg.Connection, world: World, call: str, parameter: str | None
) -> None:
    value = world.ids.get(parameter or "", parameter if parameter is not None else uuid4())
    with refused("client_not_found"):
        ask(db, world, "operator", call, value)


def items(db: psycopg.Connection, world: World) -> list[dict[str, Any]]:
    return list(ask(db, world, "operator", "client_timeline(%s)", world.ids["client"])["items"])


def test_the_timeline_tells_every_kind_newest_first(db: psycopg.Connection, world: World) -> None:
    set_clock(db, NOON)
    dispose(db, world)
    [claimed] = claim(db)
    begin(db, claimed.message_id, claimed.attempt)
    settle(db, claimed.message_id, claimed.attempt, "submitted", provider_message_id="1")
    told = items(db, world)
    assert {item["kind"] for item in told} == {
        "disposition",
        "message",
        "automation",
        "callback",
        "call",
        "import",
        "conversation",
        "agreement",
        "payment",
        "reversal",
    }
    assert [item["at"] for item in told] == sorted((item["at"] for item in told), reverse=True)
    [disposition] = [
        i for i in told if i.get("type") == "voicemail" and i["actor"] != "Ana Administradora"
    ]
    assert disposition["actor"] == "Otávio Operador"
    assert (disposition["label"], disposition["color"]) == ("Caixa Postal", "gray")
    [message] = [i for i in told if i["id"] == str(claimed.message_id)]
    assert (message["status"], message["template"]) == ("submitted", "lembrete")
    [run] = [
        i for i in told if i.get("run_id") == str(claimed.run_id) and i["kind"] == "automation"
    ]
    assert (run["rule"], run["status"]) == ("Caixa postal: enviar lembrete", "done")


def test_the_timeline_pages_without_a_gap_or_an_overlap(
    db: psycopg.Connection, world: World
) -> None:
    # One instant for all: the id decides, and no page may lose a twin.
    db.execute(
        "insert into public.call_dispositions"
        " (client_id, tenant_id, operator_id, disposition_type, created_at)"
        " select %s, %s, %s, 'dropped', '2026-01-01' from generate_series(1, 25)",
        (world.ids["client"], TENANT, world.users["operator"]),
    )
    whole = [item["id"] for item in items(db, world)]
    paged: list[str] = []
    before = None
    while True:
        page = ask(db, world, "operator", "client_timeline(%s, %s, 4)", world.ids["client"], before)
        paged += [item["id"] for item in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert paged == whole
    assert len(whole) == len(set(whole)) > 25


@pytest.mark.parametrize("cursor", ["", "x|y", "2026-01-01", "2026-01-01|x"])
def test_a_cursor_of_somebody_elses_making_is_refused(
    db: psycopg.Connection, world: World, cursor: str
) -> None:
    with refused("invalid_cursor"):
        ask(db, world, "operator", "client_timeline(%s, %s)", world.ids["client"], cursor)


def test_a_colleague_who_left_keeps_the_name(db: psycopg.Connection, world: World) -> None:
    dispose(db, world, "dropped")
    db.execute(
        "update public.memberships set revoked_at = now() where user_id = %s",
        (world.users["operator"],),
    )
    told = ask(db, world, "admin", "client_timeline(%s)", world.ids["client"])["items"]
    assert "Otávio Operador" in {item["actor"] for item in told}


RPCS = {
    # Every function the page can call: arguments, and who is let in.
    "bulk_assign": ("'{everybody}', null", {"supervisor", "admin", "other_tenant"}),
    "bulk_eligibility": (
        "'{everybody}', 'dialer'",
        {"operator", "supervisor", "admin", "other_tenant"},
    ),
    "bulk_tag": ("'{everybody}', '{tag}'", {"supervisor", "admin"}),
    "assign_callback": ("'{callback}', null", {"operator", "supervisor", "admin"}),
    "callback_days": (
        """'{{"from": "2026-11-23", "to": "2026-11-29"}}'""",
        {"operator", "supervisor", "admin", "other_tenant"},
    ),
    "callback_hours": ("'{callback}'", {"operator", "supervisor", "admin"}),
    "cancel_callback": ("'{callback}', 'pagou'", {"operator", "supervisor", "admin"}),
    "cancel_import": ("'{running_import}'", {"supervisor", "admin"}),
    "client_history": ("'{client}'", {"admin"}),
    "client_profile": ("'88888888801'", {"operator", "supervisor", "admin"}),
    "client_timeline": ("'{client}'", {"operator", "supervisor", "admin"}),
    "complete_callback": ("'{callback}'", {"operator", "supervisor", "admin"}),
    "create_api_key": ("'Sistema'", {"admin", "other_tenant"}),
    "creditor_overview": ("", {"admin", "other_tenant"}),
    "delete_creditor": ("gen_random_uuid()", set()),
    "erase_person": ("'{client}', 'Zélia da Conceição Mundo'", {"admin"}),
    # Of an export of nobody's it says that it waits.
    "export_outcome": ("gen_random_uuid()", {"supervisor", "admin", "other_tenant"}),
    "filter_counts": ("", {"operator", "supervisor", "admin", "other_tenant"}),
    "filter_options": ("", {"operator", "supervisor", "admin", "other_tenant"}),
    # Of another agency's import it tells nothing.
    "import_differences": ("'{running_import}'", {"supervisor", "admin", "other_tenant"}),
    "imports_alive": ("", {"operator", "supervisor", "admin", "other_tenant"}),
    "invite": ("'nova@pessoa.test', 'operator'", {"admin", "other_tenant"}),
    "list_callbacks": ("", {"operator", "supervisor", "admin", "other_tenant"}),
    "list_clients": ("", {"operator", "supervisor", "admin", "other_tenant"}),
    "mark_notifications_read": (
        "",
        {"operator", "supervisor", "admin", "other_tenant", "no_membership", "revoked"},
    ),
    "next_client": ("", {"operator", "supervisor", "admin", "other_tenant"}),
    "notification_bell": ("", {"operator", "supervisor", "admin", "other_tenant"}),
    "open_download": (
        """'portfolio-export', '{{"selection": {everybody}}}'""",
        {"supervisor", "admin", "other_tenant"},
    ),
    "order_disposition_types": ("'{{dropped,voicemail}}'", {"admin", "other_tenant"}),
    "reschedule_callback": (
        "'{callback}', '2030-01-07 10:00-03'",
        {"operator", "supervisor", "admin"},
    ),
    "retry_automation_run": ("'{run}'", {"supervisor", "admin"}),
    "privacy_preview": ("'{client}'", {"admin"}),
    "request_person_export": ("'{client}'", {"admin"}),
    # A version of the agency's own name; another agency's admin finds none.
    "restore_setting": ("{setting_version}", {"admin"}),
    "revoke_api_key": ("'{api_key}'", {"admin"}),
    "revoke_invitation": ("'{invitation}'", {"admin"}),
    "revoke_membership": ("'{membership}'", {"admin"}),
    "rollback_import": ("'{import}'", {"supervisor", "admin"}),
    "save_disposition_type": (
        """null, '{{"label": "Sem interesse"}}'""",
        {"admin", "other_tenant"},
    ),
    "save_integration": (
        """'gupshup', '{{"app_name": "A", "source": "5511400000000"}}'""",
        {"admin", "other_tenant"},
    ),
    "selection_totals": (
        "'{everybody}'",
        {"operator", "supervisor", "admin", "other_tenant"},
    ),
    "settings_history": ("'general'", {"admin", "other_tenant"}),
    "service_screen": ("'{client}'", {"operator", "supervisor", "admin"}),
    # Of the address of each; none of them is invited, so the letter is found by nobody.
    "answer_invitation": ("gen_random_uuid(), true", set()),
    "my_invitations": (
        "",
        {"operator", "supervisor", "admin", "other_tenant", "no_membership", "revoked"},
    ),
    "session_context": (
        "",
        {"operator", "supervisor", "admin", "other_tenant", "no_membership", "revoked"},
    ),
    "set_member_role": ("'{membership}', 'operator'", {"admin"}),
    "update_client": ("""'{client}', '{{"name": "Zélia Mundo"}}'""", {"supervisor", "admin"}),
}

# Called by the tests of their own folders, which have agreements, talks, calls and imports to call
# them with; here they refuse strangers.
ELSEWHERE = (
    "agreement_page", "approval_inbox", "archive_team", "batch_results",
    "begin_service", "bring_back_failures",
    "cancel_agreement", "cancel_dialer_export", "cancel_installment", "change_message_batch",
    "conversation_counts", "conversation_page", "conversation_templates", "count_failures",
    "count_rule_runs", "create_client_for_call", "create_message_batch", "debt_statement",
    "decide_agreement", "decide_settlement", "delete_disposition_type", "dialer_export_results",
    "dispose_wrong_number",
    "dialer_overview", "dispose_call", "disposition_effects", "dry_run_rule", "end_break",
    "end_service",
    "find_client_for_call", "first_steps", "hide_first_steps", "hold_debts",
    "ignore_conversation", "integration_page", "lawful_hours", "lift_suppression", "link_call",
    "link_conversation", "list_agreements", "list_conversations", "list_failures",
    "list_message_batches", "list_people", "list_rule_runs", "list_rules", "list_templates",
    "load_index_factors", "message_batch", "my_open_calls", "negotiation_context",
    "note_panel_read", "open_conversation", "override_prescription", "panel_board",
    "panel_cards", "panel_cohorts", "panel_numbers", "panel_portfolio", "panel_rows",
    "panel_stock_rows", "payment_queue",
    "preview_agreement_policy", "preview_message_batch", "preview_template",
    "propose_agreement", "rate_card", "reactivate_agreement", "read_conversation",
    "refresh_charge", "release_debts", "rename_me", "render_canned_reply", "renew_invitation",
    "reprocess_failures", "request_charges", "request_dialer_export", "request_reconciliation",
    "reschedule_installment", "resolve_payment_case", "resume_dialer_export", "resume_import",
    "retry_charge", "retry_doubtful_messages", "retry_message_batch", "reverse_payment",
    "rotate_webhook_key",
    "save_agreement_policy", "save_charge_policy", "save_client_address", "save_dialer_agent",
    "save_dialer_qualification", "save_rule", "save_sender", "save_team", "send_charge",
    "send_chat_message", "set_aside_failures", "set_member_scope", "set_rule_enabled",
    "set_sender_state",
    "settle_manually", "sign_of_life", "simulate_agreement", "statement_days", "suppress_contact",
    "suppressions_of", "take_break", "take_conversation", "take_over_service", "undo_disposition",
)  # fmt: skip


def rpc_ids(db: psycopg.Connection, world: World) -> dict[str, UUID | str]:
    """Rows that exist for the calls: a failed run, an open invitation, a colleague."""
    db.execute(
        "update public.automation_runs set status = 'failed', finished_at = now()"
        " where tenant_id = %s",
        (TENANT,),
    )
    with acting(db, world, "admin"):
        invitation = scalar(db, "select public.invite('convite@pessoa.test', 'operator')")
    return world.ids | {
        "everybody": '{"filter": {}}',
        "run": str(
            scalar(db, "select id from public.automation_runs where tenant_id = %s limit 1", TENANT)
        ),
        "invitation": str(invitation),
        "callback": str(
            scalar(
                db,
                "update public.callbacks set operator_id = null where tenant_id = %s returning id",
                TENANT,
            )
        ),
        "api_key": str(
            scalar(db, "select id from public.api_keys where tenant_id = %s limit 1", TENANT)
        ),
        "setting_version": str(
            scalar(
                db,
                "select min(id) from public.audit_log"
                " where table_name = 'tenants' and tenant_id = %s",
                TENANT,
            )
        ),
        "running_import": str(
            scalar(
                db,
                "insert into public.imports (tenant_id, status) values (%s, 'running')"
                " returning id",
                TENANT,
            )
        ),
        "membership": str(
            scalar(
                db,
                "select id from public.memberships where user_id = %s",
                world.users["operator"],
            )
        ),
    }


def test_every_call_has_said_who_may_make_it(db: psycopg.Connection) -> None:
    names = db.execute(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace order by 1"
    ).fetchall()
    known = sorted({*RPCS, *ELSEWHERE})
    assert [name for (name,) in names] == known, "name the new function in RPCS"


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("stranger", ["no_membership", "revoked", "anon"])
def test_a_stranger_is_refused_before_anything_is_looked_at(
    db: psycopg.Connection, world: World, name: str, stranger: str
) -> None:
    arguments = scalar(
        db,
        "select array_to_string(array_fill('null'::text, array[pronargs::int]), ', ') from pg_proc"
        " where pronamespace = 'public'::regnamespace and proname = %s",
        name,
    )
    with pytest.raises(psycopg.Error) as refusal, acting(db, world, stranger):
        db.execute(f"select public.{name}({arguments})".encode())
    assert refusal.value.sqlstate in ("42501", "PT403")


@pytest.mark.parametrize("name", RPCS)
def test_each_caller_can_call_what_is_said_and_no_more(
    db: psycopg.Connection, world: World, name: str
) -> None:
    arguments, allowed = RPCS[name]
    call = f"select public.{name}({arguments.format(**rpc_ids(db, world))})"
    let_in = set()
    for persona in (*world.users, "anon"):
        try:
            with acting(db, world, persona, undo=True):
                db.execute(call.encode())
        except psycopg.Error as error:
            if error.sqlstate not in ("42501", "PT403", "PT404"):
                raise
        else:
            let_in.add(persona)
    assert let_in == allowed
