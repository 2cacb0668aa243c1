"""Bulk sends as people look at them: the list, the results, the file; and who may not."""

import csv
import io
import json
import re
import uuid
from typing import Any

import httpx
import openpyxl
import psycopg
import pytest

from local_platform.settings import ROOT
from tests.automation import TENANT
from tests.messaging.rig import ADMIN, OTHER_TENANT, SUPERVISOR, Rig

OPERATOR = "operador@demo.test"
STRANGER = ADMIN[OTHER_TENANT]


def sent(rig: Rig) -> uuid.UUID:
    """Four people: one refused by the provider, one without a phone, two served."""
    people = rig.people(4)
    rig.owner.execute("delete from public.client_phones where client_id = %s", (people[0],))
    rig.owner.execute("update public.clients set name = '=1+1' where id = %s", (people[1],))
    rig.refuse(people[1], 1002)
    batch_id = rig.batch(people)
    for _ in range(2):  # without the ninth digit it is tried once more
        rig.drain()
        rig.elapse(7)
    return batch_id


def listed(rig: Rig, batch_id: uuid.UUID, **filter: str) -> list[dict[str, Any]]:
    told = rig.ask("select public.batch_results(%s, %s)", batch_id, json.dumps(filter))
    return list(told["rows"])


def ticket(rig: Rig, batch_id: uuid.UUID, by: str = SUPERVISOR, **more: str) -> str:
    arguments = json.dumps({"batch_id": str(batch_id)} | more)
    return str(rig.ask("select public.open_download('batch-results', %s)", arguments, by=by))


def fetch(rig: Rig, secret: str) -> httpx.Response:
    return rig.functions.get("/batch-results", params={"ticket": secret})


def test_each_number_leads_to_the_people_it_counts(rig: Rig) -> None:
    batch_id = sent(rig)
    numbers = rig.numbers(batch_id)
    names = ("queued", "sent", "delivered", "read", "answered", "failed", "unknown", "skipped")
    for outcome in (*names, "excluded"):
        assert len(listed(rig, batch_id, outcome=outcome)) == numbers[outcome], outcome
    assert (numbers["sent"], numbers["failed"], numbers["excluded"]) == (2, 1, 1)
    [refused] = listed(rig, batch_id, outcome="failed", reason="number_invalid")
    assert (refused["failure"], refused["reason"]) == ("number_invalid", "number_invalid")
    assert listed(rig, batch_id, outcome="failed", reason="policy") == []
    for wrong in ({"outcome": "maybe"}, {"reason": "x' or true"}):
        with pytest.raises(psycopg.Error, match="filter_invalid"):
            listed(rig, batch_id, **wrong)


def test_results_come_in_pages_without_a_gap(rig: Rig) -> None:
    batch_id, after, seen = rig.batch(rig.people(7)), None, []
    while True:
        page = rig.ask("select public.batch_results(%s, '{}', %s, 3)", batch_id, after)
        seen += [row["client_id"] for row in page["rows"]]
        if (after := page["next"]) is None:
            break
    assert len(seen) == len(set(seen)) == 7


def test_the_list_is_found_by_state_name_and_author_and_paged(rig: Rig) -> None:
    first, second = rig.batch(rig.people(1)), rig.batch(rig.people(1, first=9), by=SUPERVISOR)
    rig.ask("select public.change_message_batch(%s, 'pause')", first)

    def ids(filter: dict[str, Any], by: str = SUPERVISOR) -> list[str]:
        told = rig.ask("select public.list_message_batches(%s)", json.dumps(filter), by=by)
        return [row["id"] for row in told["rows"]]

    assert ids({}) == [str(second), str(first)]
    assert ids({"status": "paused"}) == [str(first)]
    assert ids({"mine": True}) == [str(second)]
    assert ids({"q": "LOT"}) == [str(second), str(first)]
    assert ids({"q": "100%"}) == []
    page = rig.ask("select public.list_message_batches('{}', null, 1)")
    rest = rig.ask("select public.list_message_batches('{}', %s, 1)", page["next"])
    assert [rest["rows"][0]["id"], rest["next"]] == [str(first), None]
    with pytest.raises(psycopg.Error, match="filter_invalid"):
        ids({"status": "perhaps"})
    with pytest.raises(psycopg.Error, match="unknown_filter"):
        ids({"colour": "blue"})


def test_who_waits_is_counted_by_the_reason(rig: Rig) -> None:
    batch_id = rig.batch(rig.people(3))
    rig.owner.execute(
        "update private.clock set shift = shift + (select max(closes_at) - private.now()"
        " from private.contact_hours_in(%s, 'SP', private.now(), 1))",
        (TENANT,),
    )
    rig.drain()
    numbers = rig.numbers(batch_id)
    assert (numbers["queued"], numbers["held"], numbers["seconds_left"]) == (3, 3, None)
    assert [row["kind"] + row["reason"] for row in numbers["reasons"]] == ["waitingoutside_hours"]
    assert numbers["next_due_at"] == rig.one("select to_jsonb(min(not_before))"
                                             " from public.batch_recipients")  # fmt: skip


def test_the_file_says_in_words_what_became_of_everybody_and_runs_no_formula(rig: Rig) -> None:
    batch_id = sent(rig)
    answer = fetch(rig, ticket(rig, batch_id))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert sorted(row["Situação"] for row in rows) == [
        "Aceita", "Aceita", "Falhou", "Fora do disparo",
    ]  # fmt: skip
    assert "'=1+1" in {row["Nome"] for row in rows}
    reasons = {row["Situação"]: row["Motivo"] for row in rows}
    assert reasons["Falhou"] == "número sem WhatsApp"
    assert reasons["Fora do disparo"] == "sem telefone"
    local = rig.one(
        "select to_char(failed_at at time zone 'America/Sao_Paulo', 'DD/MM/YYYY HH24:MI:SS')"
        " from public.message_logs where batch_id = %s and status = 'failed'", batch_id,
    )  # fmt: skip
    assert local in {row["Falhou em"] for row in rows}

    book = fetch(rig, ticket(rig, batch_id, outcome="failed", format="xlsx"))
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert len(table) == 2
    assert table[1][table[0].index("Motivo")] == "número sem WhatsApp"
    audit = rig.rows(
        "select action, after from public.audit_log where table_name = 'message_batches'"
        " and action = 'export' order by id"
    )
    assert [row["after"]["filter"] for row in audit] == [{}, {"outcome": "failed"}]


def test_a_ticket_opens_once_and_only_for_those_who_may(rig: Rig) -> None:
    batch_id = sent(rig)
    secret = ticket(rig, batch_id)
    assert [fetch(rig, secret).status_code for _ in range(2)] == [200, 410]
    with pytest.raises(psycopg.Error, match="not_allowed"):
        ticket(rig, batch_id, by=OPERATOR)
    with pytest.raises(psycopg.Error, match="batch_not_found"):
        ticket(rig, batch_id, by=STRANGER)
    with pytest.raises(psycopg.Error, match="filter_invalid"):
        ticket(rig, batch_id, outcome="maybe")
    late = ticket(rig, batch_id)
    rig.owner.execute(
        "update public.memberships set revoked_at = private.now() where user_id ="
        " (select id from auth.users where email = %s)", (SUPERVISOR,),
    )  # fmt: skip
    assert fetch(rig, late).status_code == 403


def test_another_agency_sees_nothing_of_a_bulk_send_and_moves_nothing(rig: Rig) -> None:
    batch_id = sent(rig)
    assert rig.ask("select public.list_message_batches()", by=STRANGER)["rows"] == []
    assert rig.ask("select count(*) from public.batch_recipients", by=STRANGER) == 0
    for statement in (
        "select public.message_batch(%s)", "select public.batch_results(%s)",
        "select public.change_message_batch(%s, 'pause')", "select public.retry_message_batch(%s)",
        "select private.open_batch_export(%s, '{}')",
        "select public.retry_doubtful_messages(%s, accepts_doubles => true)",
    ):  # fmt: skip
        with pytest.raises(psycopg.Error, match="batch_not_found"):
            rig.ask(statement, batch_id, by=STRANGER)


def test_an_operator_looks_and_does_nothing(rig: Rig) -> None:
    batch_id = sent(rig)
    told = rig.ask("select public.message_batch(%s)", batch_id, by=OPERATOR)
    assert (told["numbers"]["sent"], told["may_confirm"]) == (2, False)
    selection = json.dumps({"filter": {}})
    for statement, *values in (
        ("select public.preview_message_batch(%s, %s, %s)", selection, rig.sender(),
         rig.template()),
        ("select public.create_message_batch(%s, %s, %s, %s, 'x')", uuid.uuid4(), selection,
         rig.sender(), rig.template()),
        ("select public.change_message_batch(%s, 'cancel')", batch_id),
        ("select public.retry_message_batch(%s)", batch_id),
        ("select private.open_batch_export(%s, '{}')", batch_id),
        ("select public.retry_doubtful_messages(%s, accepts_doubles => true)", batch_id),
    ):  # fmt: skip
        with pytest.raises(psycopg.Error, match="not_allowed"):
            rig.ask(str(statement), *values, by=OPERATOR)


def test_file_and_screen_say_the_same_words(rig: Rig) -> None:
    words = (ROOT / "web" / "src" / "lib" / "reasons.ts").read_text()
    screen = dict(re.findall(r'^  (\w+): "(.+)",$', words, re.MULTILINE))
    file = {row["code"]: row["word"] for row in rig.rows("select * from private.outcome_words")}
    assert {code: screen.get(code) for code in file} == file
