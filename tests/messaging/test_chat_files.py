"""Files that people send: kept once, shown to their agency, and harmless whatever they are."""

import base64
import time
import uuid
from typing import Any

import httpx
import jwt
import pytest

from tests.automation import TENANT
from tests.messaging.rig import ADMIN, OTHER_TENANT, Rig
from tests.messaging.test_conversations import hear, phone_of
from tests.simulators import APP, NUMBER

WaitUntil = Any
PROVIDERS = [("gupshup", TENANT), ("meta", OTHER_TENANT)]


def get(rig: Rig, message_id: uuid.UUID, by: str) -> httpx.Response:
    user_id = rig.one("select id from auth.users where email = %s", by)
    said = {"sub": str(user_id), "email": by, "role": "authenticated", "aud": "authenticated",
            "exp": int(time.time()) + 600}  # fmt: skip
    token = jwt.encode(said, str(rig.settings.jwt_secret), "HS256")
    headers = {"Authorization": f"Bearer {token}"}
    body = {"message_id": str(message_id)}
    return rig.functions.post("/message-media", json=body, headers=headers)


def send(rig: Rig, provider: str, phone: str, media: str, content: bytes, mime_type: str) -> None:
    file = {"media": media, "file": base64.b64encode(content).decode(), "mime_type": mime_type}
    phones = rig.gupshup if provider == "gupshup" else rig.meta
    phones.reply(APP if provider == "gupshup" else NUMBER, phone, "", **file)


def states(rig: Rig) -> list[tuple[str, str | None]]:
    return [
        (row["status"], row["reason"])
        for row in rig.rows("select status::text, reason from public.message_media order by 1")
    ]


@pytest.mark.parametrize(("provider", "tenant"), PROVIDERS)
def test_a_picture_is_kept_once_and_only_its_agency_gets_it(
    rig: Rig, wait_until: WaitUntil, provider: str, tenant: str
) -> None:
    rig.listen()
    [client] = rig.people(1, tenant)
    content = b"\x89PNG" + bytes(range(256)) * 40
    send(rig, provider, phone_of(rig, client), "image", content, "image/png")
    [message] = hear(rig, wait_until, 1)
    assert rig.drain("fetch-media") == {"claimed": 1}
    assert rig.drain("fetch-media") == {"claimed": 0}
    assert states(rig) == [("kept", None)]
    own, foreign = ADMIN[tenant], ADMIN[TENANT if tenant == OTHER_TENANT else OTHER_TENANT]
    answer = get(rig, message["id"], own)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["Content-Type"] == "image/png"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    refused = get(rig, message["id"], foreign)
    assert (refused.status_code, refused.json()["error"]) == (404, "media_not_found")
    page = rig.ask("select public.conversation_page(%s)", message["conversation_id"], by=own)
    [item] = page["items"]
    assert item["media"]["status"] == "kept"
    assert item["media"].keys().isdisjoint({"url", "provider_media_id"})


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", "application/pdf", "x/y; a=b"])
def test_what_a_browser_could_run_is_only_ever_a_download(
    rig: Rig, wait_until: WaitUntil, mime_type: str
) -> None:
    rig.listen()
    [client] = rig.people(1)
    script = b"<script>alert(document.domain)</script>"
    send(rig, "gupshup", phone_of(rig, client), "document", script, mime_type.partition(";")[0])
    [message] = hear(rig, wait_until, 1)
    rig.drain("fetch-media")
    answer = get(rig, message["id"], ADMIN[TENANT])
    assert answer.content == script
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_provider_that_is_down_is_asked_again_and_one_that_has_it_no_more_is_not(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    send(rig, "gupshup", phone_of(rig, client), "image", b"one", "image/png")
    hear(rig, wait_until, 1)
    rig.gupshup.misbehave("answer", on="file", status=503)
    assert rig.drain("fetch-media") == {"claimed": 1}
    assert states(rig) == [("waiting", None)] or states(rig)[0][0] == "waiting"
    assert rig.drain("fetch-media") == {"claimed": 0}
    rig.elapse(21)
    rig.drain("fetch-media")
    assert states(rig) == [("kept", None)]
    send(rig, "gupshup", phone_of(rig, client), "image", b"two", "image/png")
    hear(rig, wait_until, 2)
    rig.gupshup.misbehave("answer", on="file", status=404)
    rig.drain("fetch-media")
    assert ("failed", "gone") in states(rig)
    rig.elapse(3_600)
    assert rig.drain("fetch-media") == {"claimed": 0}


def test_more_than_sixteen_megabytes_are_refused_and_never_held(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    big = bytes(16 * 1024**2 + 1)
    send(rig, "gupshup", phone_of(rig, client), "document", big, "application/pdf")
    hear(rig, wait_until, 1)
    rig.drain("fetch-media")
    assert states(rig) == [("refused", "too_large")]
    assert rig.one("select count(*) from private.media_files") == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://filemanager.gupshup.io/wa/media/x",
        "https://gupshup.io.evil.test/x",
        "https://evil.test/https://gupshup.io/x",
        "https://user@gupshup.io/x",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_an_address_that_is_not_the_providers_is_never_asked(
    rig: Rig, wait_until: WaitUntil, url: str
) -> None:
    rig.listen()
    [client] = rig.people(1)
    send(rig, "gupshup", phone_of(rig, client), "image", b"one", "image/png")
    [message] = hear(rig, wait_until, 1)
    rig.owner.execute(
        "update private.media_sources set source = source || jsonb_build_object('url', %s::text)"
        " where message_id = %s", (url, message["id"]),
    )  # fmt: skip
    rig.drain("fetch-media")
    assert states(rig) == [("failed", "configuration")]


def test_a_late_worker_does_not_keep_a_file_again(rig: Rig, wait_until: WaitUntil) -> None:
    rig.listen()
    [client] = rig.people(1)
    send(rig, "gupshup", phone_of(rig, client), "image", b"one", "image/png")
    [message] = hear(rig, wait_until, 1)
    claim = "select attempt from private.claim_media(4, 180)"
    first = rig.one(claim)
    rig.elapse(181)
    second = rig.one(claim)
    settle = "select private.settle_media(%s, %s, 'kept', null, 'image/png', 'x')"
    assert rig.one(settle, message["id"], first) is False
    assert rig.one(settle, message["id"], second) is True
    assert rig.one(settle, message["id"], second) is False


def test_a_place_and_a_contact_are_told_without_any_file(rig: Rig, wait_until: WaitUntil) -> None:
    rig.listen()
    [ours], [theirs] = rig.people(1), rig.people(1, OTHER_TENANT)
    for media in ("location", "contacts"):
        rig.gupshup.reply(APP, phone_of(rig, ours), "", media=media)
        rig.meta.reply(NUMBER, phone_of(rig, theirs), "", media=media)
    found = hear(rig, wait_until, 4)
    places = [row["media"] for row in found if row["media"]["type"] == "location"]
    assert [(place["latitude"], place["longitude"]) for place in places] == [
        (-23.5614, -46.6559)
    ] * 2
    assert [r["media"]["name"] for r in found if r["media"]["type"] == "contacts"] == [
        "Contato de Teste"
    ] * 2
    assert states(rig) == []


def test_a_file_whose_address_nobody_knows_is_given_up_and_wakes_nobody(
    rig: Rig, wait_until: WaitUntil
) -> None:
    rig.listen()
    [client] = rig.people(1)
    send(rig, "gupshup", phone_of(rig, client), "image", b"\x89PNG", "image/png")
    hear(rig, wait_until, 1)
    rig.owner.execute("delete from private.media_sources")
    assert rig.drain("fetch-media") == {"claimed": 0}
    assert states(rig) == [("failed", "gone")]
