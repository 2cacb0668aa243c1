"""Through the gateway: whoever belongs to another agency, or to none, gets nothing of ours."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import postgrest
import psycopg
import pytest
import supabase

from local_platform.stack import Stack
from tests.carteira.conftest import Agency, SignIn

Both = tuple[Agency, Agency]


def call(client: supabase.Client, name: str, **parameters: Any) -> Any:
    return client.rpc(name, parameters).execute().data


def filters_of(agency: Agency) -> list[dict[str, Any]]:
    """Filters that name rows of this agency."""
    return [
        {"q": agency.document},
        {"creditor_id": agency.creditor},
        {"tag_id": agency.tag},
        {"assigned_to": agency.operator},
    ]


def test_our_own_ids_find_our_own_people(sign_in: SignIn, agencies: Both) -> None:
    """Without this the rest would prove nothing."""
    ours, _ = agencies
    client = sign_in("supervisor@demo.test")
    for filters in filters_of(ours):
        found = {row["id"] for row in call(client, "list_clients", filter=filters)["rows"]}
        assert ours.client in found, filters
    assert call(client, "selection_totals", selection={"ids": [ours.client]})["clients"] == 1
    assert call(client, "client_profile", document=ours.document)["client"]["id"] == ours.client


def test_ids_of_another_agency_find_nobody(sign_in: SignIn, agencies: Both) -> None:
    ours, _ = agencies
    stranger = sign_in("admin@outra.test")
    for filters in filters_of(ours):
        rows = call(stranger, "list_clients", filter=filters)["rows"]
        assert rows == [], filters
    picked = {"ids": [ours.client]}
    assert call(stranger, "selection_totals", selection=picked)["clients"] == 0
    assert call(stranger, "bulk_eligibility", selection=picked, action="dialer")["selected"] == 0


def test_nothing_can_be_done_to_another_agencys_clients(sign_in: SignIn, agencies: Both) -> None:
    ours, theirs = agencies
    stranger = sign_in("admin@outra.test")
    picked = {"ids": [ours.client, theirs.client]}
    assert call(stranger, "bulk_tag", selection=picked, tag_id=theirs.tag)["selected"] == 1
    given = call(stranger, "bulk_assign", selection=picked, user_id=theirs.operator)
    assert given["selected"] == 1
    refusals: list[tuple[str, dict[str, Any], str]] = [
        ("bulk_tag", {"selection": picked, "tag_id": ours.tag}, "tag_not_found"),
        ("bulk_assign", {"selection": picked, "user_id": ours.operator}, "member_not_found"),
        ("client_profile", {"document": ours.document}, "client_not_found"),
        ("update_client", {"id": ours.client, "patch": {"name": "X"}}, "client_not_found"),
        ("client_timeline", {"client_id": ours.client}, "client_not_found"),
        ("service_screen", {"client_id": ours.client}, "client_not_found"),
    ]
    for name, parameters, code in refusals:
        with pytest.raises(postgrest.APIError) as refusal:
            call(stranger, name, **parameters)
        assert refusal.value.message == code


def test_tables_show_no_row_of_another_agency(sign_in: SignIn, agencies: Both) -> None:
    ours, theirs = agencies
    stranger = sign_in("admin@outra.test")
    for table, column, foreign, own in (
        ("tags", "id", ours.tag, theirs.tag),
        ("client_tags", "tag_id", ours.tag, theirs.tag),
        ("client_assignments", "client_id", ours.client, theirs.client),
        ("segments", "id", ours.segment, theirs.segment),
    ):
        found: Any = stranger.table(table).select("*").in_(column, [foreign, own]).execute().data
        assert {row[column] for row in found} == {own}, table
        if table != "client_assignments":
            gone = stranger.table(table).delete().eq(column, foreign).execute().data
            assert gone == []


def test_options_and_counts_are_of_ones_own_agency(sign_in: SignIn, agencies: Both) -> None:
    ours, _ = agencies
    stranger = sign_in("admin@outra.test")
    told = json.dumps([call(stranger, "filter_options"), call(stranger, "filter_counts")])
    for foreign in (ours.creditor, ours.tag, ours.operator):
        assert foreign not in told


def test_an_export_holds_ones_own_agency(stack: Stack, sign_in: SignIn, agencies: Both) -> None:
    ours, theirs = agencies
    url = f"{stack.settings.url}/functions/v1/portfolio-export"
    for email, wanted, unwanted in (
        ("supervisor@demo.test", ours, theirs),
        ("admin@outra.test", theirs, ours),
    ):
        session = sign_in(email).auth.get_session()
        assert session is not None
        answer = httpx.get(
            url,
            params={"selection": json.dumps({"ids": [ours.client, theirs.client]})},
            headers={
                "apikey": stack.settings.secrets.publishable_key,
                "Authorization": f"Bearer {session.access_token}",
            },
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        lines = answer.text.removeprefix("\ufeff").strip().splitlines()
        assert len(lines) == 2
        assert lines[1].startswith(wanted.document)
        assert unwanted.document not in answer.text


def test_an_operator_cannot_export_assign_tag_or_edit(sign_in: SignIn, agencies: Both) -> None:
    ours, _ = agencies
    operator = sign_in("operador@demo.test")
    picked = {"ids": [ours.client]}
    for name, parameters in (
        ("bulk_assign", {"selection": picked, "user_id": ours.operator}),
        ("bulk_tag", {"selection": picked, "tag_id": ours.tag}),
        ("update_client", {"id": ours.client, "patch": {"name": "X"}}),
    ):
        with pytest.raises(postgrest.APIError) as refusal:
            call(operator, name, **parameters)
        assert refusal.value.message == "not_allowed"
    with pytest.raises(postgrest.APIError):
        operator.table("client_assignments").insert(
            {"client_id": ours.client, "user_id": ours.operator}
        ).execute()


def test_without_a_session_no_call_answers(
    stack: Stack, new_client: Callable[[], supabase.Client]
) -> None:
    with psycopg.connect(stack.settings.database_url()) as connection:
        calls: dict[str, list[str]] = dict(
            connection.execute(
                "select proname, coalesce(proargnames[1:pronargs], '{}') from pg_proc"
                " where pronamespace = 'public'::regnamespace"
            ).fetchall()
        )
    assert {"list_clients", "bulk_assign", "client_profile"} <= set(calls)
    anonymous = new_client()
    for name, arguments in calls.items():
        with pytest.raises(postgrest.APIError) as refusal:
            anonymous.rpc(name, dict.fromkeys(arguments)).execute()
        assert refusal.value.code == "42501", (name, refusal.value)


def test_a_long_bulk_action_outlives_the_apis_patience(stack: Stack) -> None:
    """What the API hoists from a function before it runs: a whole portfolio takes its time."""
    with psycopg.connect(stack.settings.database_url()) as connection:
        patient = {
            name
            for (name,) in connection.execute(
                "select proname from pg_proc where pronamespace = 'public'::regnamespace"
                " and 'statement_timeout=5min' = any(proconfig)"
            )
        }
    bulk_messages = {
        "create_message_batch", "change_message_batch", "retry_message_batch",
        "retry_doubtful_messages",
    }  # fmt: skip
    assert (
        patient == {"bulk_assign", "bulk_tag", "dry_run_rule", "reprocess_failures"} | bulk_messages
    )
