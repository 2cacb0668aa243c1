"""A file goes to disk by a plain link that opens once, and says nothing of who asked."""

import io
import json
import threading
import uuid
import zipfile
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from postgrest.exceptions import APIError
from pypdf import PdfReader

from local_platform.stack import Stack
from tests.carteira.conftest import Agency, SignIn
from tests.sql.personas import TENANT

Both = tuple[Agency, Agency]


def link(stack: Stack, ticket: str, purpose: str = "portfolio-export") -> str:
    return f"{stack.settings.url}/functions/v1/{purpose}?{urlencode({'ticket': ticket})}"


def export_ticket(sign_in: SignIn, email: str, *clients: str) -> str:
    arguments = {"selection": {"ids": list(clients)}}
    asked = {"purpose": "portfolio-export", "arguments": arguments}
    return str(sign_in(email).rpc("open_download", asked).execute().data)


def test_a_link_without_any_session_downloads_what_its_ticket_says(
    stack: Stack, sign_in: SignIn, agencies: Both
) -> None:
    ours, theirs = agencies
    # Both were asked for; whose they are is decided when the file is made.
    ticket = export_ticket(sign_in, "supervisor@demo.test", ours.client, theirs.client)
    answer = httpx.get(link(stack, ticket))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    assert ours.document in answer.text
    assert theirs.document not in answer.text


def test_a_link_opens_once_even_for_two_at_the_same_time(
    stack: Stack, sign_in: SignIn, agencies: Both
) -> None:
    url = link(stack, export_ticket(sign_in, "supervisor@demo.test", agencies[0].client))
    statuses: list[int] = []
    together = [
        threading.Thread(target=lambda: statuses.append(httpx.get(url, timeout=60).status_code))
        for _ in range(4)
    ]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert sorted(statuses) == [200, 410, 410, 410]
    assert httpx.get(url).json()["error"] == "ticket_used"


def test_a_ticket_of_somebody_who_left_downloads_nothing(
    stack: Stack, sign_in: SignIn, agencies: Both
) -> None:
    ticket = export_ticket(sign_in, "supervisor@demo.test", agencies[0].client)
    with psycopg.connect(stack.settings.database_url(), autocommit=True) as connection:
        leave = (
            "update public.memberships set revoked_at = {} where tenant_id = %s and user_id ="
            " (select id from auth.users where email = 'supervisor@demo.test')"
        )
        connection.execute(leave.format("now()").encode(), (TENANT,))
        try:
            answer = httpx.get(link(stack, ticket))
        finally:
            connection.execute(leave.format("null").encode(), (TENANT,))
    assert answer.status_code == 403
    assert agencies[0].document not in answer.text


@pytest.mark.parametrize("ticket", ["", "x", str(uuid.UUID(int=0)), "0" * 64])
@pytest.mark.parametrize("purpose", ["portfolio-export", "portfolio-rejects"])
def test_an_invented_ticket_opens_nothing(stack: Stack, ticket: str, purpose: str) -> None:
    answer = httpx.get(link(stack, ticket, purpose))
    assert (answer.status_code, answer.json()["error"]) == (410, "ticket_used")


def test_a_person_s_data_is_a_link_that_opens_once_and_for_admins_alone(
    stack: Stack, sign_in: SignIn, agencies: Both
) -> None:
    ours, theirs = agencies
    asked = {"client_id": ours.client}
    with pytest.raises(APIError, match="not_allowed"):
        sign_in("supervisor@demo.test").rpc("request_person_export", asked).execute()
    admin = sign_in("admin@demo.test")
    request = admin.rpc("request_person_export", asked).execute().data
    wanted = {"purpose": "privacy-export", "arguments": {"request_id": request}}
    with pytest.raises(APIError, match="not_allowed"):
        sign_in("supervisor@demo.test").rpc("open_download", wanted).execute()
    url = link(stack, str(admin.rpc("open_download", wanted).execute().data), "privacy-export")
    answer = httpx.get(url, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
        held = json.loads(pack.read("dados.json"))
        paper = "".join(page.extract_text() for page in PdfReader(pack.open("dados.pdf")).pages)
    assert held["document"] == ours.document
    assert theirs.document not in json.dumps(held)
    assert "Cadastro" in paper
    assert "Dados pessoais" in paper
    assert httpx.get(url).json()["error"] == "ticket_used"
