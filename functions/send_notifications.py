"""Drains bulk sends: asynchronous, because one process holds hundreds of calls in the air.

Woken when a batch starts and swept every minute. What may be sent, to whom, when and how fast is
decided in SQL at the moment of sending; here it is only carried out.
"""

import time

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from kit import errors, http
from outbox import bulk, stopping

BUDGET_SECONDS = 50  # a sweep comes every 60 s and should find the last one gone


@functions_framework.aio.http
@errors.as_async_http
async def send_notifications(request: Request) -> Response | dict[str, object]:
    http.require_jobs_key(request)
    deadline = time.monotonic() + BUDGET_SECONDS
    async with http.session(bulk.CONNECTIONS) as session:
        drain = bulk.Drain(session, deadline)
        with stopping.told(drain.stop):
            await drain.run()
    return {"claimed": drain.claimed, "settled": drain.settled}
