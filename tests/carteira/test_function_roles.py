"""Every HTTP function for every kind of caller, through the gateway: who is refused, and who not.

Functions are those that are deployed: a new one is red here until it is named.
"""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import supabase

import main
from local_platform.demo import PASSWORD
from local_platform.stack import Stack
from tests.carteira.conftest import Agency, SignIn

NOBODY = str(uuid.uuid4())
FILE = (
    "CPF/CNPJ;Nome;Credor;Contrato;Vencimento;Valor\n12345678909;Ana;Matriz;M1;01/02/2026;10,00\n"
)
RANK = {"stranger": -1, "operador": 0, "supervisor": 1, "admin": 2}
Ask = dict[str, Any]
# name: (the least role, method, what a request with the right to it says)
ASKED: dict[str, tuple[str, str, Ask]] = {
    "3cplus-agent": ("operador", "POST", {"json": {"action": "stand"}}),
    "3cplus-campaigns": ("supervisor", "GET", {}),
    "batch-results": ("supervisor", "GET", {"params": {"batch_id": NOBODY}}),
    "charge-document": ("operador", "POST", {"json": {"charge_id": NOBODY, "format": "svg"}}),
    "invite-person": ("admin", "POST", {"json": {"email": "sem-arroba", "role": "operator"}}),
    "message-media": ("operador", "POST", {"json": {"message_id": NOBODY}}),
    "portfolio-export": ("supervisor", "GET", {"params": {"selection": '{"filter": {"q": "zz"}}'}}),
    "portfolio-import": (
        "supervisor", "POST", {"params": {"dry_run": "true"}, "content": FILE.encode()},
    ),
    "portfolio-rejects": ("supervisor", "GET", {"params": {"import_id": NOBODY, "format": "csv"}}),
    "privacy-export": ("admin", "GET", {"params": {"request_id": NOBODY}}),
    "send-file": (
        "operador", "POST",
        {"data": {"conversation_id": NOBODY, "message_id": NOBODY, "caption": ""},
         "files": {"file": ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")}},
    ),
    "statement-document": ("operador", "POST", {"json": {"client_id": NOBODY}}),
    "sync-templates": ("supervisor", "POST", {}),
    "test-integration": ("admin", "POST", {"json": {"provider": "negociarie"}}),
}  # fmt: skip
# Woken by the database with a key of its own, or called by providers with the account's.
NOBODYS = {
    "3cplus-export", "3cplus-reconcile", "3cplus-webhook", "fetch-media", "gupshup-webhook",
    "meta-webhook", "negociarie-callback", "negociarie-charge", "portfolio-resume",
    "reconcile-payments", "run-automations", "send-message", "send-notifications", "sent-media",
    "whatsapp-webhook",
}  # fmt: skip
REFUSED = (401, 403, 404)


def names() -> set[str]:
    return {name.replace("threecplus", "3cplus").replace("_", "-") for name in main.__all__}


@pytest.fixture
def answer(stack: Stack) -> Callable[..., int]:
    def ask(name: str, method: str, said: Ask, client: supabase.Client | None = None) -> int:
        session = client.auth.get_session() if client else None
        token = {"Authorization": f"Bearer {session.access_token}"} if session else {}
        url = f"{stack.settings.url}/functions/v1/{name}"
        return httpx.request(method, url, headers=token, timeout=60, **said).status_code

    return ask


def test_every_function_is_named() -> None:
    assert ASKED.keys() | NOBODYS == names()
    assert not ASKED.keys() & NOBODYS


@pytest.mark.parametrize("who", RANK)
def test_a_function_answers_from_its_role_on(
    answer: Callable[..., int],
    sign_in: SignIn,
    new_client: Callable[[], supabase.Client],
    who: str,
) -> None:
    if who == "stranger":
        client = new_client()
        client.auth.sign_up({"email": f"{uuid.uuid4()}@exemplo.test", "password": PASSWORD})
    else:
        client = sign_in(f"{who}@demo.test")
    wrong = {}
    for name, (least, method, said) in ASKED.items():
        status = answer(name, method, said, client)
        allowed = RANK[who] >= RANK[least]
        if status >= 500 or (status in (401, 403) if allowed else status not in REFUSED):
            wrong[name] = status
    assert wrong == {}


def test_nobody_without_a_session_is_answered(answer: Callable[..., int]) -> None:
    statuses = {name: answer(name, method, said) for name, (_, method, said) in ASKED.items()}
    assert set(statuses.values()) == {401}, statuses


@pytest.mark.parametrize("who", ["admin", "operador", None])
def test_what_is_not_for_people_refuses_them_all(
    answer: Callable[..., int], sign_in: SignIn, who: str | None
) -> None:
    client = sign_in(f"{who}@demo.test") if who else None
    statuses = {name: answer(name, "POST", {"json": {}}, client) for name in NOBODYS}
    assert {name for name, status in statuses.items() if not 401 <= status < 500} == set(), statuses


def test_ids_of_another_agency_open_nothing(
    answer: Callable[..., int], sign_in: SignIn, agencies: tuple[Agency, Agency]
) -> None:
    ours, _ = agencies
    stranger = sign_in("admin@outra.test")
    export = sign_in("admin@demo.test").rpc("request_person_export", {"client_id": ours.client})
    request = str(export.execute().data)
    assert (
        answer("statement-document", "POST", {"json": {"client_id": ours.client}}, stranger) == 404
    )
    assert answer("privacy-export", "GET", {"params": {"request_id": request}}, stranger) == 404
