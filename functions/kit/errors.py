"""Failures a caller can mend, and the one place that turns any outcome into an answer."""

import functools
import io
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import flask

from kit import config, log

if TYPE_CHECKING:  # only asynchronous functions bring it along
    from starlette.requests import Request
    from starlette.responses import Response

# Thrice the largest upload; who sends more does not wait for an answer.
DISCARDED_BYTES = 1024**3

Handler = Callable[[flask.Request], flask.typing.ResponseReturnValue]
AsyncHandler = Callable[["Request"], Awaitable["Response | dict[str, object]"]]


class AppError(Exception):
    """A refusal with a stable code (docs/error_codes.md), an HTTP status and a sentence."""

    status = 400
    code = "bad_request"

    def __init__(self, detail: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.status = status or self.status


class MalformedPayload(AppError):
    code = "malformed_payload"


class NotAuthenticated(AppError):
    status, code = 401, "not_authenticated"


class NotAllowed(AppError):
    status, code = 403, "not_allowed"


class MethodNotAllowed(AppError):
    status, code = 405, "method_not_allowed"


class PayloadTooLarge(AppError):
    status, code = 413, "payload_too_large"


class RefusedByDatabase(AppError):
    """A rule in SQL said no; code, status and detail are the ones it raised (errcode PTnnn)."""


class DatabaseUnavailable(AppError):
    """Try again later: a provider that gets this for a webhook sends it once more."""

    status, code = 503, "database_unavailable"


def as_http(handler: Handler) -> Handler:
    """Answer refusals as {"error", "detail"} with their status, and anything else as a bare 500.

    The 500 is logged as the kind of failure and where it happened: the message of an unknown
    exception may quote a row or a request.
    """

    @functools.wraps(handler)
    def answer(request: flask.Request) -> flask.typing.ResponseReturnValue:
        try:
            is_preflight = request.method == "OPTIONS"  # a browser asking before a cross-host call
            response = flask.make_response(("", 204) if is_preflight else handler(request))
        except AppError as refusal:
            response = flask.make_response(_refused(handler.__name__, refusal))
        except Exception as bug:  # noqa: BLE001  (the edge: left alone, its text would be logged)
            response = flask.make_response(_failed(handler.__name__, bug))
        _discard_body(request)
        return _allow_web_origin(response)

    return answer


def as_async_http(handler: AsyncHandler) -> AsyncHandler:
    """`as_http` for an asynchronous function: a job of the database, so without CORS."""

    @functools.wraps(handler)
    async def answer(request: "Request") -> "Response | dict[str, object]":
        from starlette.responses import JSONResponse

        try:
            return await handler(request)
        except AppError as refusal:
            return JSONResponse(*_refused(handler.__name__, refusal))
        except Exception as bug:  # noqa: BLE001  (the edge: left alone, its text would be logged)
            return JSONResponse(*_failed(handler.__name__, bug))

    return answer


def _refused(function: str, refusal: AppError) -> tuple[dict[str, str], int]:
    """Log it; its body and status."""
    log.event(
        "refused",
        logging.WARNING if refusal.status >= 500 else logging.INFO,
        function=function,
        error=refusal.code,
        status=refusal.status,
        reason=type(refusal.__cause__).__name__,
    )
    return {"error": refusal.code, "detail": refusal.detail}, refusal.status


def _failed(function: str, bug: Exception) -> tuple[dict[str, str], int]:
    """Log a bug's kind and place; the bare answer."""
    log.event(
        "failed", logging.ERROR, function=function, error=type(bug).__name__, where=log.where(bug)
    )
    return {"error": "internal", "detail": "the failure was logged"}, 500


def _discard_body(request: flask.Request) -> None:
    """Read what a refused caller is still sending, without keeping it.

    The framework reads the rest too, so that the caller hears the answer, but all into memory:
    two gigabytes from somebody without a token would end the process.
    """
    read = 0
    while read < DISCARDED_BYTES and (chunk := request.stream.read(65_536)):
        read += len(chunk)
    request.stream = io.BytesIO()


def _allow_web_origin(response: flask.Response) -> flask.Response:
    """Let the page call from its own host, where it is configured to live on another."""
    origin = config.settings().web_origin
    if origin:
        response.headers["Vary"] = "Origin"
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = (
            "authorization, apikey, content-type, idempotency-key, x-client-info, x-tenant-id"
        )
    return response
