"""The file of a request: where it lies, how large it may be, what it may not be."""

import hashlib
import tempfile
from dataclasses import dataclass
from typing import IO

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from kit import errors

# A million rows of eleven columns are about 130 MB, and twice that in UTF-16.
FILE_BYTES = 300 * 1024 * 1024
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


@dataclass(frozen=True)
class Upload:
    """A received file: its binary handle (at the start), its name, its SHA-256 in hex."""

    file: IO[bytes]
    name: str
    sha256: str


def receive(request: flask.Request) -> Upload:
    """The one file of a multipart request, or the body of a text/csv one; 4xx for anything else."""
    request.max_content_length = FILE_BYTES
    try:
        return _fingerprinted(*_opened(request))
    except RequestEntityTooLarge as error:
        raise errors.PayloadTooLarge(
            f"at most {FILE_BYTES // 1024**2} MB; split the file and send the parts",
            code="file_too_large",
        ) from error


def _opened(request: flask.Request) -> tuple[IO[bytes], str]:
    if request.mimetype == "multipart/form-data":
        files = [file for _, file in request.files.items(multi=True)]
        if len(files) != 1 or request.form:
            raise FileRefused(
                "send exactly one file and no other fields; options go into the query",
                code="file_missing",
            )
        return files[0].stream, files[0].filename or ""
    if request.mimetype not in RAW_TYPES:
        raise FileRefused(
            "send multipart/form-data with a file, or a text/csv body",
            code="file_type_unsupported",
            status=415,
        )
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  (closed with the request's last reference)
    while chunk := request.stream.read(CHUNK_BYTES):
        spool.write(chunk)
        if spool.tell() > FILE_BYTES:
            raise RequestEntityTooLarge
    return spool, ""


def _fingerprinted(file: IO[bytes], name: str) -> Upload:
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
