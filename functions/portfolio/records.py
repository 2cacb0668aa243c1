"""A program's JSON (an array of objects, or one object a line) as the CSV that the reader knows."""

import contextlib
import csv
import io
import itertools
import json
import math
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from portfolio.uploads import IN_MEMORY_BYTES, FileRefused

# An array is parsed whole, at about eight times its size; lines are parsed one by one.
ARRAY_BYTES = 16 * 1024 * 1024
LINE_BYTES = 1024 * 1024  # a row with every field we know takes less than a thousandth of it
KEYS = 300  # as a file's columns


class JsonRefused(FileRefused):
    """A body that is no list of rows; the detail says where it stops being one."""

    status, code = 400, "json_invalid"


@contextlib.contextmanager
def as_csv(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The rows as UTF-8 CSV under a header of all their keys; record n + 1 is row n."""
    first = file.read(64).lstrip()[:1]
    file.seek(0)
    keys: dict[str, None] = {}
    for record in _records(file, first):
        keys |= dict.fromkeys(record)
        if len(keys) > KEYS:
            raise JsonRefused(f"the rows have more than {KEYS} different keys")
    if not keys:
        raise FileRefused("there is not one row", code="file_empty")
    file.seek(0)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as copy:
        text = io.TextIOWrapper(copy, "utf-8", newline="")
        writer = csv.writer(text, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL)
        try:
            writer.writerow(keys)
            writer.writerows(
                [_cell(record.get(key)) for key in keys] for record in _records(file, first)
            )
            text.flush()
        except UnicodeEncodeError as error:
            raise JsonRefused("a text holds half a character (a lone surrogate)") from error
        text.detach()
        copy.seek(0)
        yield copy


def _records(file: IO[bytes], first: bytes) -> Iterator[dict[str, Any]]:
    rows: Iterable[tuple[int, Any]]
    if first == b"[":
        raw = file.read(ARRAY_BYTES + 1)
        if len(raw) > ARRAY_BYTES:
            raise JsonRefused(
                f"an array of at most {ARRAY_BYTES // 1024**2} MB is read; send one object a line "
                "(application/x-ndjson)",
                code="file_too_large",
                status=413,
            )
        rows = enumerate(_parsed(raw, "the body"), start=1)
    else:
        rows = _lines(file)
    for number, row in rows:
        if not isinstance(row, dict):
            raise JsonRefused(f"row {number} is no object")
        yield row


def _lines(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    for number in itertools.count(1):
        line = file.readline(LINE_BYTES + 1)
        if not line:
            return
        if len(line) > LINE_BYTES:
            raise JsonRefused(f"line {number} is longer than {LINE_BYTES} bytes")
        if line.strip():
            yield number, _parsed(line, f"line {number}")


def _parsed(raw: bytes, where: str) -> Any:
    try:
        return json.loads(raw)
    # A million opening brackets exhaust the parser's recursion.
    except (ValueError, RecursionError) as error:
        raise JsonRefused(f"{where} is not JSON") from error


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value):
        # Three decimals would be read as thousands; noughts behind them tell.
        return f"{value:.8f}" if value != int(value) else str(int(value))
    if isinstance(value, list):
        return " / ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
