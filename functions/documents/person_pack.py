"""One person's data as a zip that is written as it is sent: memory holds a block of it."""

import contextlib
import json
import mimetypes
import uuid
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from documents import person

if TYPE_CHECKING:
    import psycopg

    Opening = contextlib.AbstractContextManager[psycopg.Connection[Any]]

BLOCK_BYTES = 1024 * 1024  # sixteen of the largest file that a talk may hold
# Photographs, audio and PDF are compressed already: one pass that finds nothing is enough.
LEAST = 1
FILE = "select private.person_file(%s, %s, %s, %s)"


class _Sink:
    """What an archive writes to, emptied after each block; it cannot go back, and need not."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def write(self, data: bytes, /) -> int:
        self._kept += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits behind it."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        given, self._kept = bytes(self._kept), bytearray()
        return given


def blocks(opening: "Opening", request_id: uuid.UUID) -> Iterator[bytes]:
    """The day of the request first, once nothing can be refused any more; then the archive.

    dados.json, dados.pdf, and in arquivos/ what was sent in talks; `private.person_export` says
    what is in it, writes the audit and answers the request in the same transaction.
    """
    with opening as tx:
        [(held,)] = tx.execute("select private.person_export(%s)", (request_id,)).fetchall()
        for file in held["files"]:
            kind = mimetypes.guess_extension(file["mime_type"] or "") or ""
            file["file"] = f"arquivos/{file['message_id']}{kind}"
        yield held["made_at"][:10].encode()
        try:
            yield from _archive(tx, held, request_id)
        except GeneratorExit:
            tx.commit()  # who hangs up before the end has still been given what came
            raise


def _archive(
    tx: "psycopg.Connection[Any]", held: dict[str, Any], request_id: uuid.UUID
) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=LEAST) as pack:
        pack.writestr("dados.json", json.dumps(held, ensure_ascii=False, indent=2))
        pack.writestr("dados.pdf", person.render(held))
        yield sink.taken()
        for file in held["files"]:
            with pack.open(file["file"], "w") as entry:
                for start in range(0, file["size_bytes"], BLOCK_BYTES):
                    asked = (request_id, file["message_id"], start, BLOCK_BYTES)
                    [(part,)] = tx.execute(FILE, asked, binary=True).fetchall()
                    entry.write(part)
                    yield sink.taken()
    yield sink.taken()
