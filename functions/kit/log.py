"""Structured log lines that cannot carry personal data: only the fields listed here are written."""

import json
import logging
import sys
from typing import TypedDict, Unpack


class Fields(TypedDict, total=False):
    """Every field a log line may have. Ids, codes, counts and durations; never what a person is
    called, how to reach them, what they owe, or anything a caller could have typed."""

    function: str
    status: int
    error: str
    where: str
    provider: str
    outcome: str
    reason: str
    run_id: str
    message_id: str
    tenant_id: str
    import_id: str
    charge_id: str
    integration_id: str
    attempt: int
    claimed: int
    applied: int
    stored: int
    rows: int
    found: int
    recovered: int
    duration_ms: int


_logger = logging.getLogger("cobranca")


def event(name: str, /, level: int = logging.INFO, **fields: Unpack[Fields]) -> None:
    """Write one line of JSON: {"event": name, "severity": …, <fields>}.

    The type checker refuses an unlisted field; at run time one is dropped rather than raised,
    because a log line is never worth a failed message.
    """
    line: dict[str, object] = {"event": name, "severity": logging.getLevelName(level)}
    line |= {key: value for key, value in fields.items() if key in Fields.__annotations__}
    _logger.log(level, json.dumps(line, default=str))


def where(error: BaseException) -> str:
    """The innermost frames of a failure as file:line, without its message or its locals."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(frames[-6:])  # six frames reach from the handler into the driver


def _write_to_standard_error() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _logger.addHandler(handler)
    _logger.setLevel(logging.INFO)
    # httpx logs every URL it calls at INFO; ours may one day hold a number or a key.
    logging.getLogger("httpx").setLevel(logging.WARNING)


_write_to_standard_error()
