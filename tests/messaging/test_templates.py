"""Templates are the provider's: taken over whole or not at all, bound by people, sent complete."""

import json
import uuid
from typing import Any

import pytest

from kit import http
from tests.automation import JOBS_KEY
from tests.messaging.office import ADMIN, OPERATOR, OTHER_ADMIN, SUPERVISOR, Office
from tests.messaging.rig import OTHER_TENANT, Rig
from tests.simulators import API_KEY, META_TEMPLATE

LINK = "https://exemplo.test/fatura.pdf"
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"do": "answer", "status": 401, "body": {"error": {"code": 190}}}, "configuration"),
    ({"do": "answer", "status": 429}, "rate_limited"),
    ({"do": "answer", "status": 503}, "provider_unavailable"),
    ({"do": "answer", "status": 200, "body": {"data": "x"}}, "outcome_unknown"),
    ({"do": "garbage"}, "outcome_unknown"),
    ({"do": "reset"}, "provider_unavailable"),
    ({"do": "hang"}, "provider_unavailable"),
]


def synced(office: Office, by: str = ADMIN) -> dict[str, Any]:
    answer = office.post("sync-templates", {}, by=by)
    assert answer.status_code == 200, answer.text
    return {told["provider"]: told for told in answer.json()["synced"]}


def listed(office: Office, search: str = "", by: str = ADMIN) -> dict[str, dict[str, Any]]:
    page = office.ask("select public.list_templates(%s)", search, by=by)
    return {row["name"]: row for row in page["rows"]}


def test_both_providers_are_listed_and_nothing_is_bound_by_itself(office: Office) -> None:
    office.connect("gupshup")
    office.connect("meta")
    office.list_at_gupshup({"g-1": "Oi, {{1}}.", "g-2": "Oi."})
    office.list_at_meta([{"id": "1", "name": "um"}, {"id": "2", "name": "dois", "body": "Oi."}])
    assert {name: told["listed"] for name, told in synced(office).items()} == {
        "gupshup": 2, "meta": 2,
    }  # fmt: skip
    found = listed(office)
    assert (found["um"]["variables"], found["um"]["obstacle"]) == (["", ""], "unbound")
    assert (found["g-2"]["provider"], found["dois"]["obstacle"]) == ("gupshup", None)
    assert list(listed(office, "DOIS")) == ["dois"]


def test_every_number_is_listed_by_its_own_account_and_once_a_day_by_itself(
    office: Office,
) -> None:
    office.connect("gupshup")
    second = {"provider": "gupshup", "name": "Segundo", "phone": "+551140000001",
              "account": "OutroApp"}  # fmt: skip
    office.ask("select public.save_sender(%s::jsonb)::text", json.dumps(second))
    office.list_at_gupshup({"g-1": "Oi."})
    office.tell(
        "/gupshup/_control/apps/OutroApp",
        {"api_key": API_KEY, "source": "551140000001", "callback_url": "http://127.0.0.1:9/",
         "templates": {"g-2": "Oi, {{1}}."}},
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {JOBS_KEY}"}
    answer = office.functions.post("/sync-templates", headers=headers)
    assert [told["listed"] for told in answer.json()["synced"]] == [2], answer.text
    assert listed(office).keys() >= {"g-1", "g-2"}
    assert office.functions.post("/sync-templates").status_code == 401
    [job] = office.rows("select schedule from cron.job where jobname = 'sync-templates'")
    assert job["schedule"] == "23 4 * * *"
    # One account that does not answer: what it had is not taken for gone.
    office.tell("/gupshup/_control/apps/OutroApp",
                {"api_key": "another", "source": "551140000001",
                 "callback_url": "http://127.0.0.1:9/", "templates": {}})  # fmt: skip
    office.list_at_gupshup({"g-3": "Oi."})
    # The other account's new one is taken, and its old one is gone, all the same.
    assert synced(office)["gupshup"] == {
        "provider": "gupshup", "error": "configuration", "listed": 1, "gone": 1,
        "accounts": ["OutroApp"],
    }  # fmt: skip
    found = listed(office)
    assert [found[name]["obstacle"] for name in ("g-1", "g-2", "g-3")] == ["gone", "unbound", None]


@pytest.mark.parametrize("provider", ["gupshup", "meta"])
def test_half_a_list_changes_nothing_and_the_other_provider_is_taken(
    office: Office, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", 0.6)
    office.connect("gupshup")
    office.connect("meta")
    office.list_at_gupshup({"g-1": "Oi."})
    synced(office)
    kept = "select * from public.message_templates where provider = %s order by id"
    before = office.rows(kept, provider)
    for mood, word in FAULTS:
        office.misbehave(provider, **mood)
        told = synced(office)
        assert told.pop(provider)["error"] == word, mood
        assert [rest["error"] for rest in told.values()] == [None]
        assert office.rows(kept, provider) == before


def test_a_binding_survives_and_what_is_gone_is_told(office: Office) -> None:
    office.connect("meta")
    office.list_at_meta([{"id": "1", "name": "um"}, {"id": "2", "name": "dois"}])
    synced(office)
    bind(office, "um", variables=["client.first_name", "client.extra.placa"])
    office.list_at_meta([{"id": "1", "name": "um", "category": "MARKETING"}])
    assert synced(office)["meta"] == {"provider": "meta", "error": None, "listed": 1, "gone": 1,
                                       "accounts": []}  # fmt: skip
    found = listed(office)
    assert found["um"]["variables"] == ["client.first_name", "client.extra.placa"]
    assert (found["um"]["category"], found["um"]["obstacle"]) == ("marketing", None)
    assert found["dois"]["obstacle"] == "gone"


def test_of_two_accounts_with_one_name_the_known_template_stays_ours(office: Office) -> None:
    office.connect("meta")
    first, second = ({"id": place, "name": "boas_vindas"} for place in ("1", "2"))
    kept = "select id, provider_template_id from public.message_templates where name = %s"
    office.list_at_meta([second])
    synced(office)
    [before] = office.rows(kept, "boas_vindas")
    for _ in range(2):
        office.list_at_meta([first, second])
        assert synced(office)["meta"]["error"] is None
        assert office.rows(kept, "boas_vindas") == [before]
    # Gone from its account, the other's takes its place and its bindings.
    office.list_at_meta([first])
    assert synced(office)["meta"]["gone"] == 0
    assert office.rows(kept, "boas_vindas") == [before | {"provider_template_id": "1"}]


LISTED = {
    "language": "pt_BR", "category": "utility", "status": "approved",
    "provider_status": "APPROVED", "body": "Oi.", "variables": 0, "header_type": None,
}  # fmt: skip


def take(rig: Rig, *templates: tuple[str, str, str], accounts: list[str]) -> dict[str, Any]:
    """What the database makes of a list of (account, id, name)."""
    told = [LISTED | {"account": account, "provider_template_id": ref, "name": name}
            for account, ref, name in templates]  # fmt: skip
    taken: dict[str, Any] = rig.one(
        "select private.take_templates(integration_id, %s::jsonb, %s) from public.senders"
        " where id = %s", json.dumps(told), accounts, rig.sender(),
    )  # fmt: skip
    return taken


def second_account(rig: Rig) -> uuid.UUID:
    second = {"provider": "gupshup", "name": "Segundo", "phone": "+551140000001",
              "account": "OutroApp"}  # fmt: skip
    rig.ask("select public.save_sender(%s::jsonb)::text", json.dumps(second))
    found: uuid.UUID = rig.one("select id from public.senders where account = 'OutroApp'")
    return found


def test_one_name_in_two_accounts_is_two_templates_each_for_its_own_number(rig: Rig) -> None:
    other = second_account(rig)
    both = [("DemoCobrancas", "g-1", "aviso"), ("OutroApp", "g-2", "aviso")]
    for _ in range(2):
        taken = take(rig, *both, accounts=["DemoCobrancas", "OutroApp"])
        assert (taken["error"], taken["listed"]) == (None, 2)
    ids = {row["account"]: row["id"] for row in rig.rows(
        "select id, account from public.message_templates where name = 'aviso'"
    )}  # fmt: skip
    page = rig.ask("select public.list_templates('aviso')")["rows"]
    assert {row["id"]: row["sender_ids"] for row in page} == {
        str(ids["DemoCobrancas"]): [str(rig.sender())], str(ids["OutroApp"]): [str(other)],
    }  # fmt: skip
    people = rig.people(2)
    with pytest.raises(Exception, match="template_of_other_account"):
        rig.batch(people, template=ids["OutroApp"])
    rig.batch(people, template=ids["OutroApp"], sender=other)
    # A talk through one number offers that number's templates, and takes no other.
    talk = rig.ask("select public.open_conversation(%s, %s)", people[0], rig.sender())
    offered = rig.ask("select public.conversation_templates(%s)", talk)
    assert str(ids["OutroApp"]) not in {each["id"] for each in offered}
    assert str(ids["DemoCobrancas"]) in {each["id"] for each in offered}
    with pytest.raises(Exception, match="template_not_sendable"):
        rig.ask("select public.send_chat_message(%s, %s, null, %s)", talk, uuid.uuid4(),
                ids["OutroApp"])  # fmt: skip
    # Rules and charges choose no number: it is chosen by the template.
    chosen = "select sender_id from private.sender_for(%s, %s, 'gupshup', %s)"
    tenant = rig.one("select tenant_id from public.senders where id = %s", other)
    assert rig.one(chosen, tenant, people[1], "OutroApp") == other
    assert rig.one(chosen, tenant, people[1], "DemoCobrancas") == rig.sender()
    assert rig.one(chosen, tenant, people[1], "Ninguém") is None


def test_a_template_of_before_its_account_was_known_gets_it_and_keeps_its_bindings(
    rig: Rig,
) -> None:
    known = rig.template(variables=[], body="Oi.", provider_template_id="g-1")
    rig.rows("update public.message_templates set name = 'aviso' where id = %s returning id", known)
    take(rig, ("OutroApp", "g-9", "aviso"), ("DemoCobrancas", "g-1", "aviso"),
         accounts=["DemoCobrancas", "OutroApp"])  # fmt: skip
    assert rig.rows("select account, provider_template_id from public.message_templates"
                    " where id = %s", known) == [
        {"account": "DemoCobrancas", "provider_template_id": "g-1"}
    ]  # fmt: skip


def test_an_account_that_lists_nothing_any_more_keeps_what_it_had_and_stops_no_other(
    rig: Rig,
) -> None:
    accounts = ["DemoCobrancas", "OutroApp"]
    one, three = (("DemoCobrancas", *rest) for rest in (("g-1", "um"), ("g-3", "três")))
    two = ("OutroApp", "g-2", "dois")
    take(rig, one, two, accounts=accounts)
    kept = "select * from public.message_templates order by id"
    before = rig.rows(kept)
    missing = {"error": "templates_missing", "listed": 0, "gone": 0, "accounts": accounts}
    assert take(rig, accounts=accounts) == missing
    assert rig.rows(kept) == before
    missing |= {"listed": 1, "gone": 1, "accounts": ["OutroApp"]}
    assert take(rig, three, accounts=accounts) == missing
    states = "select name, provider_status from public.message_templates where name = any(%s)"
    told = {row["name"]: row["provider_status"] for row in rig.rows(states, ["um", "dois", "três"])}
    assert told == {"um": "GONE", "dois": "APPROVED", "três": "APPROVED"}
    # Whose number is gone is not asked any more: then its templates are, too.
    assert take(rig, three, accounts=accounts[:1])["gone"] == 1


def test_a_list_that_the_database_refuses_does_not_stop_the_next(office: Office) -> None:
    office.connect("gupshup")
    office.connect("meta")
    office.list_at_gupshup({"g-1": " "})
    office.list_at_meta([{"id": "1", "name": "um"}])
    told = synced(office)
    assert told["gupshup"] == {"provider": "gupshup", "error": "outcome_unknown"}
    assert told["meta"]["listed"] == 1
    assert "um" in listed(office)


def bind(office: Office, name: str, by: str = ADMIN, **columns: Any) -> int:
    given = {"variables": None, "header_link": None, "header_name": None} | columns
    statement = (
        "with bound as (update public.message_templates"
        " set variables = coalesce(%s::text[], variables),"
        " header_link = coalesce(%s, header_link), header_name = coalesce(%s, header_name)"
        " where name = %s returning 1) select count(*) from bound"
    )
    return int(office.ask(statement, *given.values(), name, by=by))


@pytest.mark.parametrize(
    "variables", [["client.document"], ["client.extra."], ["client.extra.a.b"], ["now()"]]
)
def test_a_variable_outside_the_closed_list_is_refused(
    office: Office, variables: list[str]
) -> None:
    office.connect("meta")
    synced(office)
    with pytest.raises(Exception, match="message_templates_variables_are_known"):
        bind(office, META_TEMPLATE["name"], variables=variables)


@pytest.mark.parametrize("person", [OPERATOR, SUPERVISOR, OTHER_ADMIN])
def test_nobody_but_the_agencys_admin_binds(office: Office, person: str) -> None:
    office.connect("meta")
    office.list_at_meta([{"name": "so_nosso"}])
    synced(office)
    assert bind(office, "so_nosso", by=person, header_link=LINK) == 0
    assert ("so_nosso" in listed(office, by=person)) == (person != OTHER_ADMIN)


def test_an_operator_asks_no_provider(office: Office) -> None:
    office.connect("meta")
    for person, status in ((OPERATOR, 403), (None, 401)):
        assert office.post("sync-templates", {}, by=person).status_code == status
    assert listed(office, META_TEMPLATE["body"]) == {}


def test_what_cannot_be_sent_says_why(office: Office) -> None:
    office.connect("meta")
    office.list_at_meta(
        [
            {"id": "1", "name": "pendente", "status": "PENDING", "body": "Oi."},
            {"id": "2", "name": "com_arquivo", "header": "DOCUMENT", "body": "Oi."},
            {"id": "3", "name": "com_lugar", "header": "LOCATION", "body": "Oi."},
            {"id": "4", "name": "botao", "button": "https://a.test/{{1}}", "body": "Oi."},
        ]
    )
    synced(office)
    assert {name: row["obstacle"] for name, row in listed(office).items() if row["synced_at"]} == {
        "pendente": "not_approved", "com_arquivo": "header_missing", "com_lugar": "header_unknown",
        "botao": "header_unknown",
    }  # fmt: skip
    with pytest.raises(Exception, match="header_link_is_public"):
        bind(office, "com_arquivo", header_link="http://10.0.0.1/x")
    bind(office, "com_arquivo", header_link=LINK, header_name="fatura.pdf")
    assert listed(office)["com_arquivo"]["obstacle"] is None


def test_a_file_goes_with_every_message_of_its_template(rig: Rig) -> None:
    url = str(rig.functions.base_url)
    rig.meta.register(url, templates=[META_TEMPLATE | {"header": "DOCUMENT"}])
    clients = rig.people(3, OTHER_TENANT)
    template = rig.template("meta", OTHER_TENANT)
    rig.rows("update public.message_templates set header_type = 'document' returning id")
    with pytest.raises(Exception, match="template_not_sendable"):
        rig.batch(clients, "meta", OTHER_TENANT, template=template)
    rig.ask(
        "with given as (update public.message_templates set header_link = %s,"
        " header_name = 'fatura.pdf' where id = %s returning 1) select count(*) from given",
        LINK, template, by=OTHER_ADMIN,
    )  # fmt: skip
    rig.batch(clients, "meta", OTHER_TENANT, template=template)
    rig.drain()
    talk = rig.ask("select public.open_conversation(%s)", clients[0], by=OTHER_ADMIN)
    rig.rows(
        "update public.message_logs set created_at = created_at - interval '2 days' returning id"
    )
    rig.ask(
        "select public.send_chat_message(%s, %s, null, %s)", talk, uuid.uuid4(), template,
        by=OTHER_ADMIN,
    )  # fmt: skip
    rig.drain("send-message")
    parts = [message["form"]["template"]["components"][0] for message in rig.meta.messages()]
    file = {"link": LINK, "filename": "fatura.pdf"}
    header = {"type": "header", "parameters": [{"type": "document", "document": file}]}
    assert parts == [header] * 4


def test_a_canned_reply_reads_as_the_client_would(office: Office) -> None:
    add = "insert into public.canned_replies (shortcut, body) values ('oi', %s) returning id"
    [client] = office.rows(
        "select clients.id, clients.name from public.clients join public.tenants on tenants.id ="
        " clients.tenant_id where tenants.name = 'Demo Cobranças' order by document limit 1"
    )
    body = "Olá, {{client.first_name}}! Placa {{client.extra.placa}}."
    reply = office.ask(add, body, by=SUPERVISOR)
    read = "select public.render_canned_reply(%s, %s)"
    told = office.ask(read, reply, client["id"], by=OPERATOR)
    first = client["name"].split()[0].capitalize()
    assert told == {"body": f"Olá, {first}! Placa ….", "missing": ["client.extra.placa"]}
    with pytest.raises(Exception, match="canned_reply_not_found"):
        office.ask(read, reply, client["id"], by=OTHER_ADMIN)
    for wrong in ("{{client.document}}", "{{charge.link}}", "{{}}", "{{ client.name }}"):
        with pytest.raises(Exception, match="canned_replies_variables_are_known"):
            office.ask(add, wrong, by=SUPERVISOR)
    with pytest.raises(Exception, match="row-level security"):
        office.ask(add, "Olá", by=OPERATOR)


def test_the_newest_own_price_holds_from_its_day_on(office: Office) -> None:
    add = (
        "insert into public.rate_cards (provider, category, price_micros, valid_from)"
        " values ('meta', 'utility', %s, private.today(private.tenant_id()) + %s) returning id"
    )
    for price, days in ((30_000, -10), (35_000, 0), (40_000, 5)):
        office.ask(add, price, days)
    current = [
        price
        for price in office.ask("select public.rate_card()", by=OPERATOR)
        if price["is_current"] and (price["provider"], price["category"]) == ("meta", "utility")
    ]
    assert [price["price_micros"] for price in current] == [35_000]
    assert len(office.ask("select public.rate_card()")) == len(
        office.ask("select public.rate_card()", by=OTHER_ADMIN)
    ) + 3  # fmt: skip


def test_the_laws_hours_are_anybodys_of_an_agency_to_read(office: Office) -> None:
    hours = office.ask("select public.lawful_hours()", by=OPERATOR)
    assert {row["uf"] for row in hours} >= {None, "SP", "RJ"}
    assert all(row["source"] and row["opens"] < row["closes"] for row in hours)
