"""The file of a request: where it lies, how large it may be, what it may not be."""

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from kit import errors

# A million rows of eleven columns are about 130 MB, and twice that in UTF-16.
FILE_BYTES = 300 * 1024 * 1024
TOO_LARGE = f"at most {FILE_BYTES // 1024**2} MB; split the file and send the parts"
CHUNK_BYTES = 1024 * 1024  # large enough that the loop costs nothing, small beside the memory limit
IN_MEMORY_BYTES = 8 * 1024 * 1024  # larger uploads wait on disk
RAW_TYPES = ("text/csv", "application/csv", "text/plain", "application/octet-stream")
# What people send by mistake, by its first bytes.
FOREIGN = {
    b"PK\x03\x04": "xlsx",
    b"\xd0\xcf\x11\xe0": "xls",
    b"%PDF": "pdf",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"\x1f\x8b": "gzip",
    b"Rar!": "rar",
    b"{\\rtf": "rtf",
}


class FileRefused(errors.AppError):
    """A file that cannot be a portfolio; the detail says what to send instead."""

    status, code = 400, "file_not_csv"


class FileTooLarge(errors.PayloadTooLarge):
    code = "file_too_large"


@dataclass(frozen=True)
class Upload:
    """A received file: its binary handle (at the start), its name, its SHA-256 in hex."""

    file: IO[bytes]
    name: str
    sha256: str


@contextlib.contextmanager
def received(request: flask.Request) -> Iterator[Upload]:
    """The one file of a multipart request, or the body of a text/csv one; 4xx for anything else."""
    if (request.content_length or 0) > FILE_BYTES:
        raise FileTooLarge(TOO_LARGE)
    request.max_content_length = FILE_BYTES  # for a body that does not say its length
    with contextlib.ExitStack() as opened:
        try:
            if request.mimetype == "multipart/form-data":
                upload = fingerprinted(*_attached(request))
                opened.callback(upload.file.close)
            else:
                spool = opened.enter_context(
                    tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)
                )
                _copy_body(request, spool)
                upload = fingerprinted(spool, "")
        except RequestEntityTooLarge as error:
            request.stream = io.BytesIO()  # whoever reads on would meet the same exception
            raise FileTooLarge(TOO_LARGE) from error
        yield upload


def _attached(request: flask.Request) -> tuple[IO[bytes], str]:
    files = [file for _, file in request.files.items(multi=True)]
    if len(files) != 1 or request.form:
        raise FileRefused(
            "send exactly one file and no other fields; options go into the query",
            code="file_missing",
        )
    return files[0].stream, (files[0].filename or "").replace("\0", "")  # SQL's text has no NUL


def _copy_body(request: flask.Request, file: IO[bytes]) -> None:
    if request.mimetype not in RAW_TYPES:
        raise FileRefused(
            "send multipart/form-data with a file, or a text/csv body",
            code="file_type_unsupported",
            status=415,
        )
    while chunk := request.stream.read(CHUNK_BYTES):
        file.write(chunk)


def fingerprinted(file: IO[bytes], name: str) -> Upload:
    """The file with its hash, unless its first bytes say that it is no text."""
    file.seek(0)
    head = file.read(8)
    for magic, kind in FOREIGN.items():
        if head.startswith(magic):
            raise FileRefused(
                f"this is a {kind} file; save the table as CSV and send that",
                code="file_type_unsupported",
                status=415,
            )
    digest = hashlib.sha256(head)
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return Upload(file, name, digest.hexdigest())
