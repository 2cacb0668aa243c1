"""The ground under the functions: settings, who the caller is, and how refusals are told."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import flask
import jwt
import psycopg
import pytest

from kit import config, db, errors, http
from tests.automation import Thread

SECRET = "a-secret-long-enough-for-hs512-too-which-nobody-accepts-in-this-place-anyway"
COMPLETE = {
    "FUNCTIONS_DATABASE_URL": "postgresql://functions@127.0.0.1/x",
    "JOBS_KEY": "k",
    "SUPABASE_JWT_SECRET": SECRET,
}


def test_everything_missing_is_named_at_once() -> None:
    with pytest.raises(config.IncompleteConfiguration) as refusal:
        config.read({"JOBS_KEY": "  "})
    for name in ("FUNCTIONS_DATABASE_URL", "JOBS_KEY", "SUPABASE_JWT_SECRET or SUPABASE_URL"):
        assert name in str(refusal.value)


@pytest.mark.parametrize("url", ["http://simulators.example", "http://10.0.0.1/simulators", "x"])
def test_a_tenants_key_is_never_sent_to_a_simulator_elsewhere(url: str) -> None:
    with pytest.raises(config.IncompleteConfiguration, match="SIMULATORS_URL"):
        config.read(COMPLETE | {"SIMULATORS_URL": url})


def test_without_a_simulator_the_real_provider_is_meant() -> None:
    assert config.read(COMPLETE).simulators_url is None


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> flask.Flask:
    settings = config.read(COMPLETE)
    monkeypatch.setattr(config, "settings", lambda: settings)
    return flask.Flask("kit")


@pytest.fixture
def claims_of(application: flask.Flask) -> Callable[[str], dict[str, Any]]:
    def read(authorization: str) -> dict[str, Any]:
        headers = {"Authorization": authorization}
        with application.test_request_context("/", headers=headers):
            return http.claims(flask.request)

    return read


def token(key: str = SECRET, algorithm: str = "HS256", **changed: Any) -> str:
    claims = {"sub": "u-1", "role": "authenticated", "aud": "authenticated",
              "exp": int(time.time()) + 600}  # fmt: skip
    kept = {name: value for name, value in (claims | changed).items() if value is not None}
    return "Bearer " + jwt.encode(kept, key, algorithm=algorithm)


def test_a_signed_in_caller_is_known(claims_of: Callable[[str], dict[str, Any]]) -> None:
    assert claims_of(token())["sub"] == "u-1"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer x.y.z",
        "Basic dTpw",
        token(key="another-" + SECRET),
        token(key="", algorithm="none"),
        token(algorithm="HS512"),
        token(exp=int(time.time()) - 60),
        token(exp=None),
        token(sub=None),
        token(aud="somebody-else"),
        token(role="anon"),
        token(role="service_role"),
        token(role=None),
    ],
)
def test_nobody_else_is_taken_for_one(
    claims_of: Callable[[str], dict[str, Any]], authorization: str
) -> None:
    with pytest.raises(errors.NotAuthenticated):
        claims_of(authorization)


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (errors.MalformedPayload("m"), 400, "malformed_payload"),
        (errors.NotAuthenticated("m"), 401, "not_authenticated"),
        (errors.NotAllowed("m"), 403, "not_allowed"),
        (errors.PayloadTooLarge("m"), 413, "payload_too_large"),
        (errors.DatabaseUnavailable("m"), 503, "database_unavailable"),
        (errors.RefusedByDatabase("m", code="last_admin", status=409), 409, "last_admin"),
        (ZeroDivisionError("João 529.982.247-25"), 500, "internal"),
    ],
)
def test_a_refusal_is_told_in_one_shape_and_a_bug_tells_nothing(
    application: flask.Flask,
    caplog: pytest.LogCaptureFixture,
    raised: Exception,
    status: int,
    code: str,
) -> None:
    @errors.as_http
    def broken(_: flask.Request) -> str:
        raise raised

    with application.test_request_context("/", method="POST"):
        answer = flask.make_response(broken(flask.request))
    assert answer.status_code == status
    assert set(answer.get_json()) == {"error", "detail"}
    assert answer.get_json()["error"] == code
    assert "João" not in answer.get_data(as_text=True) + caplog.text
    assert '"where": "' in caplog.text or status < 500 or status == 503


def test_the_page_may_call_from_its_configured_origin_and_from_no_other(
    application: flask.Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    @errors.as_http
    def fine(_: flask.Request) -> str:
        return "ok"

    with application.test_request_context("/", method="OPTIONS"):
        assert "Access-Control-Allow-Origin" not in flask.make_response(fine(flask.request)).headers
    elsewhere = config.read(COMPLETE | {"WEB_ORIGIN": "https://app.example"})
    monkeypatch.setattr(config, "settings", lambda: elsewhere)
    with application.test_request_context("/", method="OPTIONS"):
        answer = flask.make_response(fine(flask.request))
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"


def test_the_caller_sees_what_row_level_security_shows(thread: Thread) -> None:
    def seen(email: str) -> set[str]:
        [(user,)] = thread.owner.execute("select id from auth.users where email = %s", (email,))
        secret = thread.settings.jwt_secret or ""
        headers = {"Authorization": token(key=secret, sub=str(user), email=email)}
        with (
            flask.Flask("kit").test_request_context("/", headers=headers),
            db.as_caller(flask.request) as tx,
        ):
            return {row.name for row in tx.execute("select name from public.tenants").fetchall()}

    assert seen("operador@demo.test") == {"Demo Cobranças"}
    assert seen("admin@outra.test") == {"Outra Assessoria"}


@pytest.mark.parametrize("identity", ["as_webhook", "as_worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "select * from public.clients",
        "select * from vault.decrypted_secrets",
        "select * from private.provider_events",
        "update public.message_logs set status = 'read'",
        "select private.require_role('operator')",
    ],
)
def test_a_job_may_do_its_job_and_read_nothing(
    thread: Thread, identity: str, statement: str
) -> None:
    with pytest.raises(errors.NotAllowed), getattr(db, identity)() as tx:
        tx.execute(statement)


def test_what_one_transaction_put_on_the_next_does_not_wear(thread: Thread) -> None:
    with db.as_worker() as tx:
        [(worker,)] = tx.execute("select current_user").fetchall()
    with db._transaction("none") as tx:
        [(nobody, claims)] = tx.execute(
            "select current_user, current_setting('request.jwt.claims', true)"
        ).fetchall()
    assert (worker, nobody, claims) == ("worker", "functions", "")


def test_a_failure_inside_leaves_nothing_behind(thread: Thread) -> None:
    event = ("gupshup", thread.webhook_key, "e-1", "other", json.dumps({"raw": {}}))
    receive = "select private.receive_provider_event(%s, %s, %s, %s, %s::jsonb)"

    def fail(statement: str) -> None:
        with db.as_webhook() as tx:
            tx.execute(receive, event)
            tx.execute(statement)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail("select 1")
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        fail("select 'x'::int")
    assert thread.rows("select 1 from private.provider_events") == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(socket.EAI_NONAME, http.HostUnknown), (socket.EAI_AGAIN, http.NothingSent)],
)
def test_a_name_that_nobody_has_is_told_from_a_name_service_that_is_silent(
    answer: int, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(answer, "as the resolver says")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(http.NothingSent) as told:
        http.call_json("GET", "https://ninguem.3c.plus/api/v1/campaigns", None, {})
    assert type(told.value) is kind
