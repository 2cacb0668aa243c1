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
NAME_CHARACTERS = 255  # what a disk holds, and imports.file_name
EXTENSION_CHARACTERS = 10  # longer is no extension
ZIP = b"PK\x03\x04"
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON_TYPES = ("application/json", "application/x-ndjson", "application/ndjson")
RAW_TYPES = (
    "text/csv", "application/csv", "text/plain", "application/octet-stream", WORKBOOK_TYPE,
    *JSON_TYPES,
)  # fmt: skip
# What people send by mistake, by its first bytes.
FOREIGN = {
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
    """A received file: its binary handle (at the start), its name, its SHA-256 in hex, its kind by
    its first bytes (csv, xlsx) or by what the caller calls it (json), and the form's mapping."""

    file: IO[bytes]
    name: str
    sha256: str
    kind: str = "csv"
    mapping: str | None = None


@contextlib.contextmanager
def received(request: flask.Request) -> Iterator[Upload]:
    """The one file of a multipart request, or the body of a text/csv one; 4xx for anything else."""
    if (request.content_length or 0) > FILE_BYTES:
        raise FileTooLarge(TOO_LARGE)
    request.max_content_length = FILE_BYTES  # for a body that does not say its length
    with contextlib.ExitStack() as opened:
        try:
            if request.mimetype == "multipart/form-data":
                file, name = _attached(request)
                upload = fingerprinted(file, name, mapping=request.form.get("mapping"))
                opened.callback(upload.file.close)
            else:
                spool = opened.enter_context(
                    tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)
                )
                _copy_body(request, spool)
                upload = fingerprinted(spool, "", is_json=request.mimetype in JSON_TYPES)
        except RequestEntityTooLarge as error:
            request.stream = io.BytesIO()  # whoever reads on would meet the same exception
            raise FileTooLarge(TOO_LARGE) from error
        yield upload


def _attached(request: flask.Request) -> tuple[IO[bytes], str]:
    files = [file for _, file in request.files.items(multi=True)]
    if len(files) != 1 or set(request.form) - {"mapping"}:
        raise FileRefused(
            "send exactly one file, and no field but `mapping`; other options go into the query",
            code="file_missing",
        )
    return files[0].stream, clipped(files[0].filename or "")


def clipped(name: str) -> str:
    """At most NAME_CHARACTERS of a file's name; of a long one its beginning and its extension."""
    plain = name.replace("\0", "")  # SQL's text has no NUL
    stem, dot, extension = plain.rpartition(".")
    if len(plain) <= NAME_CHARACTERS:
        return plain
    if not stem or len(extension) > EXTENSION_CHARACTERS:
        return plain[:NAME_CHARACTERS]
    return stem[: NAME_CHARACTERS - len(extension) - 1] + dot + extension


def _copy_body(request: flask.Request, file: IO[bytes]) -> None:
    if request.mimetype not in RAW_TYPES:
        raise FileRefused(
            "send multipart/form-data with a file, or a CSV, XLSX, JSON or NDJSON body",
            code="file_type_unsupported",
            status=415,
        )
    while chunk := request.stream.read(CHUNK_BYTES):
        file.write(chunk)


def fingerprinted(
    file: IO[bytes], name: str, *, is_json: bool = False, mapping: str | None = None
) -> Upload:
    """The file with its hash, unless its first bytes say that it is no text."""
    file.seek(0)
    head = file.read(8)
    for magic, kind in FOREIGN.items():
        if head.startswith(magic):
            raise FileRefused(
                f"this is a {kind} file; save the table as XLSX or CSV and send that",
                code="file_type_unsupported",
                status=415,
            )
    digest = hashlib.sha256(head)
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    is_json |= name.lower().endswith((".json", ".ndjson", ".jsonl"))
    kind = "xlsx" if head.startswith(ZIP) else "json" if is_json else "csv"
    return Upload(file, name, digest.hexdigest(), kind, mapping)
