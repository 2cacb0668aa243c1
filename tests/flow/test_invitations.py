"""An invitation's mail says who invites, and its link leads into that agency and into no other."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import supabase

from local_platform.stack import Stack

SignIn = Callable[[str], supabase.Client]
HOSTILE = "Silva & <b>Filhos</b>"


@pytest.fixture
def post(stack: Stack, sign_in: SignIn) -> Callable[..., dict[str, Any]]:
    """An admin's `invite-person`, and what it answers."""

    def ask(admin: str, **said: object) -> dict[str, Any]:
        session = sign_in(admin).auth.get_session()
        assert session is not None
        answer = httpx.post(
            f"{stack.settings.url}/functions/v1/invite-person",
            headers={"Authorization": f"Bearer {session.access_token}"},
            json=said,
            timeout=60,
        )
        return {"status": answer.status_code, **answer.json()}

    return ask


def mails(stack: Stack, email: str) -> list[str]:
    """What the address got, the newest first."""
    url = f"{stack.settings.url}/simulators/mail/messages"
    return [mail["html"] for mail in httpx.get(url, params={"to": email}, timeout=60).json()]


@pytest.fixture
def agency_name(stack: Stack) -> Any:
    """The demo's other agency has a name that would be markup, until the test ends."""
    rename = "update public.tenants set name = %s where name = %s"
    with psycopg.connect(stack.settings.database_url("postgres"), autocommit=True) as owner:
        owner.execute(rename, (HOSTILE, "Outra Assessoria"))
        yield HOSTILE
        owner.execute(rename, ("Outra Assessoria", HOSTILE))


def test_of_two_agencies_only_the_one_whose_link_was_followed_gets_a_member(
    stack: Stack,
    post: Callable[..., dict[str, Any]],
    new_client: Callable[[], supabase.Client],
    agency_name: str,
) -> None:
    email = f"nova.{uuid4()}@pessoa.test"
    first = post("admin@demo.test", email=email, role="operator", name="Nova")
    second = post("admin@outra.test", email=email, role="operator", name="Nova")
    assert (first["outcome"], second["outcome"]) == ("mailed", "mailed")
    theirs, ours = mails(stack, email)
    assert "Demo Cobranças convidou" in ours
    assert f"/convite/{first['id']}?token=" in ours
    assert agency_name not in theirs, "a name is no markup"
    assert "Silva &#38; &#60;b&#62;Filhos&#60;/b&#62; convidou" in theirs
    assert "Demo" not in theirs

    [link] = [part for part in theirs.split('"') if "/convite/" in part]
    invitation, token = link.split("/convite/")[1].split("?token=")
    assert invitation == second["id"]
    client = new_client()
    client.auth.verify_otp({"token_hash": token, "type": "invite"})
    assert client.table("memberships").select("id").execute().data == []
    client.rpc("answer_invitation", {"invitation_id": invitation, "accepts": True}).execute()
    told: Any = client.rpc("session_context", {}).execute().data
    assert [tenant["name"] for tenant in told["tenants"]] == [agency_name]
    asked: Any = client.rpc("my_invitations", {}).execute().data
    assert [each["id"] for each in asked] == [first["id"]]


def test_who_has_an_account_gets_a_mail_too_and_no_way_in_with_it(
    stack: Stack, post: Callable[..., dict[str, Any]]
) -> None:
    before = mails(stack, "operador@demo.test")
    made = post("admin@outra.test", email="operador@demo.test", role="operator")
    assert (made["status"], made["outcome"]) == (200, "mailed")
    mail, *rest = mails(stack, "operador@demo.test")
    assert rest == before
    assert "Outra Assessoria convidou operador@demo.test" in mail
    assert "token" not in mail
    # One mail a minute, whoever it is: the refusal tells nothing of an account either.
    unknown = f"nova.{uuid4()}@pessoa.test"
    new = post("admin@outra.test", email=unknown, role="operator")
    for invitation in (made["id"], new["id"]):
        again = post("admin@outra.test", invitation_id=invitation)
        assert (again["status"], again["error"]) == (429, "mail_too_soon")


def test_revoked_and_invited_again_at_once_nobody_tells_who_has_an_account(
    stack: Stack, post: Callable[..., dict[str, Any]], sign_in: SignIn
) -> None:
    known, unknown = "supervisor@demo.test", f"nova.{uuid4()}@pessoa.test"
    admin = sign_in("admin@outra.test")
    answers = []
    for email in (known, unknown):
        for _ in range(2):
            made = post("admin@outra.test", email=email, role="operator")
            answers.append((made["status"], made["outcome"]))
            admin.rpc("revoke_invitation", {"invitation_id": made["id"]}).execute()
    assert answers == [(200, "mailed")] * 4
