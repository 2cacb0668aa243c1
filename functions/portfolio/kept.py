"""A file that was sent once: kept in the database from the look at its columns to the import."""

import contextlib
import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import flask

from kit import errors, log
from portfolio.journal import Opener
from portfolio.options import SWITCH, known_id
from portfolio.uploads import IN_MEMORY_BYTES, Upload, received

if TYPE_CHECKING:
    import psycopg

PART_BYTES = 4 * 1024 * 1024  # of the file; the largest has 75 (private.import_upload_parts)
LEVEL = 1  # a CSV shrinks to a fifth at some 100 MB/s; more would cost more than the disk it saves


class UploadExpired(errors.AppError):
    """As SQL says of a file that is not there."""

    status, code = 410, "upload_expired"


@contextlib.contextmanager
def opened(request: flask.Request, opener: Opener) -> Iterator[tuple[Upload, str | None]]:
    """The request's own file, or the kept one that ?upload= names, and that one's id.

    410 upload_expired: not there (any more), not whole, or somebody else's; 400 for both at once.
    """
    upload_id = known_id("upload", request.args.get("upload"))
    if upload_id is None:
        with received(request) as upload:
            yield upload, None
        return
    if request.content_length:
        raise errors.MalformedPayload("send a file, or name the one that is kept in ?upload=")
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as spool:
        with opener() as connection:
            known = connection.execute(
                "select file_name, file_sha256, kind, parts from private.open_upload(%s)",
                (upload_id,),
            ).fetchone()
            if known is None:
                raise RuntimeError("open_upload answers one row or refuses")
            digest = hashlib.sha256()
            for place in range(known.parts):
                [(body,)] = connection.execute(
                    "select private.upload_part(%s, %s)", (upload_id, place)
                ).fetchall()
                if body is None:
                    raise UploadExpired("a part of it is gone; send the file itself")
                part = zlib.decompress(body)
                digest.update(part)
                spool.write(part)
        if digest.hexdigest() != known.file_sha256:
            raise UploadExpired("it is not what was sent; send the file itself")
        spool.seek(0)
        yield Upload(spool, known.file_name or "", known.file_sha256, known.kind), upload_id


def wanted(request: flask.Request) -> bool:
    """Whether the caller will ask for this file again."""
    return SWITCH[request.args.get("keep", "").lower()]


def keep(connection: "psycopg.Connection[Any]", upload: Upload) -> str | None:
    """The id by which the same person asks for the file again, within an hour each time.

    None where the agency keeps as many bytes as it may: then the file itself comes again.
    """
    import psycopg

    try:
        with connection.transaction():
            return _kept(connection, upload)
    except psycopg.DatabaseError as refused:
        if refused.diag.message_primary != "uploads_full":
            raise
        return None


def _kept(connection: "psycopg.Connection[Any]", upload: Upload) -> str:
    [(upload_id,)] = connection.execute(
        "select private.keep_upload(%s, %s, %s)", (upload.name or None, upload.sha256, upload.kind)
    ).fetchall()
    upload.file.seek(0)
    place = 0
    while part := upload.file.read(PART_BYTES):
        connection.execute(
            "select private.add_upload_part(%s, %s, %s)",
            (upload_id, place, zlib.compress(part, LEVEL)),
        )
        place += 1
    return str(upload_id)


def drop(opener: Opener, upload_id: str) -> None:
    """It is imported. What cannot go now goes within the hour (private.forget_uploads)."""
    try:
        with opener() as connection:
            connection.execute("select private.drop_upload(%s)", (upload_id,))
    except errors.AppError as lost:
        log.event("upload_left", error=lost.code)
