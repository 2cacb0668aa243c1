"""Files that operators send: kept first, fetched by the provider, never beyond what it takes."""

import time
import uuid
from typing import Any

import httpx
import jwt
import pytest

from tests.automation import TENANT
from tests.messaging.rig import ADMIN, OTHER_TENANT, Rig
from tests.messaging.test_chat_files import get
from tests.messaging.test_conversations import hear, phone_of
from tests.simulators import APP, NUMBER

WaitUntil = Any
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + b"boleto" * 100
PROVIDERS = [("gupshup", TENANT), ("meta", OTHER_TENANT)]


@pytest.fixture
def talk(rig: Rig, wait_until: WaitUntil) -> dict[str, Any]:
    """Of each agency a person who wrote a moment ago: {tenant: conversation id}."""
    rig.listen()
    # Where a provider fetches files: the same functions that the tests call.
    url = str(rig.functions.base_url).rstrip("/")
    rig.one("select vault.create_secret(%s, 'functions_url')", url)
    [ours], [theirs] = rig.people(1), rig.people(1, OTHER_TENANT)
    rig.gupshup.reply(APP, phone_of(rig, ours), "oi")
    rig.meta.reply(NUMBER, phone_of(rig, theirs), "oi")
    found = hear(rig, wait_until, 2)
    return {str(row["tenant_id"]): row["conversation_id"] for row in found}


def send(
    rig: Rig, talk_id: object, content: bytes, by: str, message_id: uuid.UUID | None = None,
    name: str = "comprovante.png", caption: str = "",
) -> httpx.Response:  # fmt: skip
    user_id = rig.one("select id from auth.users where email = %s", by)
    said = {"sub": str(user_id), "email": by, "role": "authenticated", "aud": "authenticated",
            "exp": int(time.time()) + 600}  # fmt: skip
    token = jwt.encode(said, str(rig.settings.jwt_secret), "HS256")
    form = {"conversation_id": str(talk_id), "message_id": str(message_id or uuid.uuid4()),
            "caption": caption}  # fmt: skip
    return rig.functions.post(
        "/send-file", data=form, files={"file": (name, content)},
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip


def sent_to(form: dict[str, Any], provider: str) -> dict[str, Any]:
    """kind, url, caption and name as the provider was told."""
    if provider == "meta":
        kind = form["type"]
        return {"kind": kind, "url": form[kind]["link"], "caption": form[kind].get("caption")}
    said = httpx.Response(200, content=form["message"]).json()
    address = said.get("url") or said.get("originalUrl")
    return {"kind": said["type"], "url": address, "caption": said.get("caption")}


@pytest.mark.parametrize(("provider", "tenant"), PROVIDERS)
@pytest.mark.parametrize(
    ("content", "mime_type", "kind"),
    [(PNG, "image/png", "image"), (PDF, "application/pdf", "document")],
)
def test_a_file_is_kept_and_fetched_by_the_provider_and_shown_in_the_talk(
    rig: Rig, talk: dict[str, Any], provider: str, tenant: str, content: bytes, mime_type: str,
    kind: str,
) -> None:  # fmt: skip
    click = uuid.uuid4()
    for _ in range(2):  # the second answer got lost: the same click again
        answer = send(rig, talk[tenant], content, ADMIN[tenant], click, caption="segue")
        assert (answer.status_code, answer.json()["message_id"]) == (200, str(click)), answer.text
    rig.drain("send-message")
    phones = rig.gupshup if provider == "gupshup" else rig.meta
    [message] = [m for m in phones.messages() if m["text"] == "segue"]
    told = sent_to(message["form"], provider)
    assert told["kind"] in (kind, "file")
    fetched = httpx.get(told["url"])
    assert (fetched.status_code, fetched.content) == (200, content)
    assert fetched.headers["Content-Type"].startswith(mime_type)
    assert get(rig, click, ADMIN[tenant]).content == content
    page = rig.ask("select public.conversation_page(%s)", talk[tenant], by=ADMIN[tenant])
    assert page["items"][0]["media"] == {
        "type": kind, "mime_type": mime_type, "name": "comprovante.png", "caption": "segue",
        "status": "kept", "size_bytes": len(content), "reason": None,
    }  # fmt: skip
    rig.elapse(3_601)
    assert httpx.get(told["url"]).status_code == 404


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"MZ\x90\x00" * 100, 415, "media_type_refused"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "media_type_refused"),
        (PNG + bytes(5 * 1024**2), 413, "media_too_large"),
        (b"%PDF-1.7" + bytes(17 * 1024**2), 413, "payload_too_large"),
        (b"", 415, "media_type_refused"),
    ],
)
def test_what_whatsapp_does_not_take_is_refused_before_anything_is_kept(
    rig: Rig, talk: dict[str, Any], content: bytes, status: int, code: str
) -> None:
    answer = send(rig, talk[TENANT], content, ADMIN[TENANT])
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert rig.one("select count(*) from private.media_files") == 0
    rig.drain("send-message")
    assert [m["text"] for m in rig.gupshup.messages()] == ["oi"]


def test_neither_a_closed_window_nor_another_agency_nor_a_stranger_sends_a_file(
    rig: Rig, talk: dict[str, Any]
) -> None:
    refused = send(rig, talk[TENANT], PNG, ADMIN[OTHER_TENANT])
    assert (refused.status_code, refused.json()["error"]) == (404, "conversation_not_found")
    assert rig.functions.post("/send-file", content=PNG).status_code == 401
    assert rig.functions.get("/sent-media", params={"key": "a" * 64}).status_code == 404
    rig.elapse(25 * 3_600)
    closed = send(rig, talk[TENANT], PNG, ADMIN[TENANT])
    assert (closed.status_code, closed.json()["error"]) == (409, "window_closed")
    assert rig.one("select count(*) from public.message_logs where direction = 'out'") == 0


def test_members_never_read_the_providers_address_and_a_file_ends_after_five_years(
    rig: Rig, talk: dict[str, Any], wait_until: WaitUntil
) -> None:
    phone = rig.one("select phone from public.conversations where id = %s", talk[TENANT])
    rig.gupshup.reply(APP, phone[1:], "", media="image")
    [_, _, message] = hear(rig, wait_until, 3)
    rig.drain("fetch-media")
    everything = "select to_jsonb(m)::text from public.message_logs m where id = %s"
    assert "http" not in rig.ask(everything, message["id"])
    assert rig.one("select count(*) from private.media_sources") == 0
    assert rig.one("select private.forget_media()") == 0
    rig.elapse((5 * 365 + 3) * 86_400)
    assert rig.one("select private.forget_media()") == 1
    assert rig.one("select count(*) from private.media_files") == 0
    page = rig.ask("select public.conversation_page(%s)", talk[TENANT])
    assert page["items"][0]["media"]["status"] == "forgotten"
    assert get(rig, message["id"], ADMIN[TENANT]).status_code == 404
