"""What a person sent in talks is handed over whole, while memory holds a block of it."""

import contextlib
import json
import tempfile
import tracemalloc
import zipfile
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from documents import person_pack
from tests.sql.personas import TENANT, World, acting, refused, scalar

MEGABYTE = 1024 * 1024
FILES, FILE_BYTES = 3, 8 * MEGABYTE


def sent(db: psycopg.Connection, client: UUID | None, content: bytes) -> UUID:
    """A picture that came from the person's number."""
    message = uuid4()
    db.execute(
        "insert into public.message_logs (id, tenant_id, client_id, direction, provider, phone,"
        " status) values (%s, %s, %s, 'in', 'meta', '+5511987650001', 'received')",
        (message, TENANT, client),
    )
    db.execute(
        "insert into public.message_media (message_id, tenant_id, status, mime_type, size_bytes,"
        " kept_at) values (%s, %s, 'kept', 'image/png', %s, now())",
        (message, TENANT, len(content)),
    )
    db.execute("insert into private.media_files values (%s, %s, %s)", (message, TENANT, content))
    return message


def asked(db: psycopg.Connection, world: World) -> UUID:
    with acting(db, world, "admin"):
        request = scalar(db, "select public.request_person_export(%s)", world.ids["client"])
    return UUID(str(request))


@contextlib.contextmanager
def packed(
    db: psycopg.Connection, world: World, request: UUID
) -> Iterator[tuple[zipfile.ZipFile, int]]:
    """The archive, and the most that Python held while the files were packed, in bytes."""
    with tempfile.TemporaryFile() as archive:
        rest = person_pack.blocks(acting(db, world, "admin"), request)
        next(rest)
        archive.write(next(rest))
        tracemalloc.start()
        try:
            archive.writelines(rest)
            _, held = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        yield zipfile.ZipFile(archive), held


def test_every_file_is_in_it_whole_and_memory_holds_less_than_one(
    db: psycopg.Connection, world: World
) -> None:
    half = uuid4().bytes * (FILE_BYTES // 16)
    messages = [sent(db, world.ids["client"], half) for _ in range(FILES - 1)]
    messages.append(sent(db, None, half))  # of their number, linked to nobody
    with packed(db, world, asked(db, world)) as (pack, held):
        told = json.loads(pack.read("dados.json"))
        assert pack.read("dados.pdf").startswith(b"%PDF")
        for file in told["files"]:
            if UUID(file["message_id"]) in messages:
                assert file["file"] == f"arquivos/{file['message_id']}.png"
                assert pack.read(file["file"]) == half
    assert {part["table"] for part in told["parts"]}.isdisjoint({"media_files", "media_sources"})
    assert {str(message) for message in messages} <= {one["message_id"] for one in told["files"]}
    assert held < FILE_BYTES


@pytest.mark.parametrize("persona", ["supervisor", "operator", "anon"])
def test_a_file_is_for_admins_alone(db: psycopg.Connection, world: World, persona: str) -> None:
    message, request = sent(db, world.ids["client"], b"foto"), asked(db, world)
    code = "42501" if persona == "anon" else "not_allowed"
    with refused(code), acting(db, world, persona):
        db.execute("select private.person_file(%s, %s, 0, 9)", (request, message))


def test_nobody_else_s_file_comes_by_somebody_s_request(
    db: psycopg.Connection, world: World
) -> None:
    other = uuid4()
    db.execute(
        "insert into public.clients (id, tenant_id, document, name)"
        " values (%s, %s, '12345678909', 'Outra')", (other, TENANT),
    )  # fmt: skip
    theirs, own, request = (
        sent(db, other, b"dela"), sent(db, world.ids["client"], b"foto"), asked(db, world)
    )  # fmt: skip
    file = "select private.person_file(%s, %s, 1, 2)"
    with acting(db, world, "admin"):
        assert scalar(db, file, request, theirs) == b""
        assert scalar(db, file, request, own) == b"ot"
    with acting(db, world, "other_tenant"):
        assert scalar(db, file, request, own) == b""
