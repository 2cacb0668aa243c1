"""A connection is tested with a harmless question; its webhook's key changes without a loss."""

import json
from typing import Any

import pytest

from kit import http
from tests.messaging.office import (
    ADMIN,
    FORMS,
    OPERATOR,
    OTHER_ADMIN,
    SUPERVISOR,
    Office,
)

PROVIDERS = sorted(FORMS)
WRONG_KEYS = {
    "gupshup": {"api_key": "another-key-of-somebody"},
    "meta": {"access_token": "EAAB-of-somebody-else"},
    "threecplus": {"api_token": "3cs_of-somebody-else"},
    "negociarie": {"client_secret": "a-secret-of-others"},
}
# A mood of the provider, and what the button says of it.
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"do": "answer", "status": 500}, "no_answer"),
    ({"do": "answer", "status": 503}, "no_answer"),
    ({"do": "answer", "status": 429}, "busy"),
    ({"do": "reset"}, "no_answer"),
    ({"do": "hang"}, "no_answer"),
]
CALL = {"call-was-connected": {"call": {"telephony_id": "t-1", "phone": "5511999990000"}}}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_right_works_and_is_remembered(office: Office, provider: str) -> None:
    office.connect(provider)
    assert office.page(provider)["test_verdict"] is None
    assert office.test(provider)[0] == "works"
    assert office.page(provider)["test_verdict"] == "works"
    [row] = office.rows(
        "select actor, after from public.audit_log where table_name = 'integrations'"
        " and after ? 'test_verdict' and action = 'update' order by id desc limit 1"
    )
    assert (row["actor"], row["after"]["test_verdict"]) == (ADMIN, "works")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wrong_key_is_told_from_a_provider_that_is_down(office: Office, provider: str) -> None:
    office.connect(provider, **WRONG_KEYS[provider])
    assert office.test(provider)[0] == "key_refused"
    office.misbehave(provider, "answer", status=502, **on_login(provider))
    assert office.test(provider)[0] == "no_answer"


def on_login(provider: str) -> dict[str, str]:
    """Negociarie answers a wrong secret before anything else can be asked."""
    return {"on": "login"} if provider == "negociarie" else {}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_fault_has_its_plain_answer(
    office: Office, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", 0.6)
    office.connect(provider)
    for mood, verdict in FAULTS:
        office.misbehave(provider, **mood)
        assert office.test(provider)[0] == verdict, mood


def test_a_number_that_is_not_the_tokens_own_is_an_unknown_account(office: Office) -> None:
    office.connect("meta", phone_number_id="4711000")
    assert office.test("meta")[0] == "account_unknown"


@pytest.mark.parametrize("answer", [{"status": 404, "body": {}}, {"status": 200, "body": "Olá"}])
def test_somebody_else_at_the_dialers_address_is_a_wrong_host(
    office: Office, answer: dict[str, Any]
) -> None:
    office.connect("threecplus")
    office.misbehave("threecplus", "answer", **answer)
    assert office.test("threecplus")[0] == "host_wrong"


def test_a_host_outside_the_providers_pattern_is_never_saved(office: Office) -> None:
    for host in ("169.254.169.254", "evil.test", "simulada.3c.plus.evil.test", "a/b.3c.plus"):
        with pytest.raises(Exception, match="integration_field_invalid"):
            office.connect("threecplus", host=host)


@pytest.mark.parametrize("provider", ["gupshup", "meta"])
def test_an_answer_nobody_knows_is_kept_as_it_is_without_the_key(
    office: Office, provider: str
) -> None:
    office.connect(provider)
    [key] = [FORMS[provider][1][name] for name in WRONG_KEYS[provider]]
    body = {"message": f"odd {key}", "error": {"code": 7, "message": f"odd {key}"}}
    office.misbehave(provider, "answer", status=418, body=body)
    verdict, detail = office.test(provider)
    assert (verdict, "odd" in str(detail), key in str(detail)) == ("unclear", True, False)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_only_the_tenants_own_admin_may_test(office: Office, provider: str) -> None:
    office.connect(provider)
    for person, status in ((None, 401), (OPERATOR, 403), (SUPERVISOR, 403), (OTHER_ADMIN, 404)):
        answer = office.post("test-integration", {"provider": provider}, by=person)
        assert answer.status_code == status, person
    assert office.page(provider)["test_verdict"] is None


@pytest.mark.parametrize("body", [{}, {"provider": None}, {"provider": "../x"}, [], "meta", 7])
def test_what_is_no_provider_is_malformed(office: Office, body: object) -> None:
    answer = office.post("test-integration", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "malformed_payload")


def test_a_key_lives_a_day_beside_its_successor(office: Office) -> None:
    old = office.connect("threecplus")["webhook_key"]
    new = office.ask("select public.rotate_webhook_key('threecplus')")
    assert office.page("threecplus")["previous_key_until"] == new["previous_until"]
    assert [called(office, key) for key in (old, new["webhook_key"], "x")] == [200, 200, 401]
    elapse(office, "24 hours")
    assert [called(office, key) for key in (old, new["webhook_key"])] == [401, 200]
    assert office.page("threecplus")["previous_key_until"] is None


def test_a_leaked_key_ends_at_once_also_when_it_was_changed_before(office: Office) -> None:
    first = office.connect("threecplus")["webhook_key"]
    second = office.ask("select public.rotate_webhook_key('threecplus')")["webhook_key"]
    third = office.ask("select public.rotate_webhook_key('threecplus', true)")["webhook_key"]
    assert [called(office, key) for key in (first, second, third)] == [401, 401, 200]


def called(office: Office, key: str) -> int:
    return office.functions.post("/3cplus-webhook", params={"key": key}, json=CALL).status_code


def elapse(office: Office, pause: str) -> None:
    ahead = "update private.clock set shift = shift + %s::interval returning shift"
    office.rows(ahead, pause)


def test_a_key_of_one_provider_opens_no_other(office: Office) -> None:
    key = office.connect("gupshup")["webhook_key"]
    assert called(office, key) == 401
    office.ask("select public.rotate_webhook_key('gupshup')")
    assert called(office, key) == 401


@pytest.mark.parametrize("person", [OPERATOR, SUPERVISOR])
def test_only_an_admin_sees_the_page_or_changes_a_key(office: Office, person: str) -> None:
    office.connect("gupshup")
    for statement in ("public.integration_page()", "public.rotate_webhook_key('gupshup')"):
        with pytest.raises(Exception, match="not_allowed"):
            office.ask(f"select {statement}", by=person)


def test_another_agency_has_neither_the_page_nor_the_key(office: Office) -> None:
    key = office.connect("threecplus")["webhook_key"]
    with pytest.raises(Exception, match="integration_not_found"):
        office.ask("select public.rotate_webhook_key('threecplus', true)", by=OTHER_ADMIN)
    assert office.page("threecplus", by=OTHER_ADMIN) is None
    assert called(office, key) == 200


def test_the_page_and_the_log_tell_of_secrets_and_never_one(office: Office) -> None:
    for provider in PROVIDERS:
        office.connect(provider)
        office.test(provider)
        office.ask("select public.rotate_webhook_key(%s)", provider)
    shown = json.dumps(office.ask("select public.integration_page()"))
    log = json.dumps(office.rows("select * from public.audit_log"), default=str)
    for _, secrets in FORMS.values():
        for secret in secrets.values():
            assert secret not in shown + log
    assert "key_hash" not in shown + log
    told = {note["field"]: note["ends"] for note in office.page("meta")["secrets"]}
    assert told == {name: value[-4:] for name, value in FORMS["meta"][1].items()}


def test_a_replaced_secret_is_noted_and_the_others_keep_their_day(office: Office) -> None:
    office.connect("meta")
    before = {note["field"]: note["at"] for note in office.page("meta")["secrets"]}
    elapse(office, "1 hour")
    settings = json.dumps(FORMS["meta"][0])
    token = json.dumps({"access_token": "EAAB-the-new-one"})
    office.ask("select public.save_integration('meta', %s::jsonb, %s::jsonb)", settings, token)
    after = {note["field"]: note for note in office.page("meta")["secrets"]}
    assert after["access_token"]["ends"] == "-one"
    assert after["access_token"]["at"] > before["access_token"]
    assert after["app_secret"]["at"] == before["app_secret"]


def test_silence_is_an_alarm_once_a_day_and_ends_with_the_next_event(office: Office) -> None:
    saved = office.connect("gupshup")
    await_word = "select private.await_word(array[%s]::uuid[])"
    office.rows(await_word, saved["integration_id"])
    assert silent_since(office) is None
    elapse(office, "31 minutes")
    assert silent_since(office) is not None
    office.rows("select private.watch_integrations()")
    office.rows("select private.watch_integrations()")
    told = office.rows(
        "select users.email from public.notifications"
        " join auth.users on users.id = notifications.user_id where kind = 'integration_silent'"
    )
    assert sorted(row["email"] for row in told) == [ADMIN, SUPERVISOR]
    event = {"app": "x", "type": "system-event", "payload": {}}
    url = "/gupshup-webhook"
    office.functions.post(url, params={"key": saved["webhook_key"]}, json=event)
    assert silent_since(office) is None
    office.rows(await_word, saved["integration_id"])
    elapse(office, "29 minutes")
    assert silent_since(office) is None


def silent_since(office: Office) -> Any:
    return office.page("gupshup")["silent_since"]


def test_what_is_switched_off_raises_no_alarm_and_can_be_tested(office: Office) -> None:
    saved = office.connect("gupshup")
    office.rows("select private.await_word(array[%s]::uuid[])", saved["integration_id"])
    elapse(office, "2 hours")
    office.rows("update public.integrations set is_active = false returning id")
    assert silent_since(office) is None
    assert office.test("gupshup")[0] == "works"


def test_the_number_is_asked_for_and_not_another(office: Office) -> None:
    office.connect("meta")
    assert office.test("meta")[1] == "+551130000000"
    [sender] = office.rows("select quality::text from public.senders where provider = 'meta'")
    assert sender["quality"] == "green"
