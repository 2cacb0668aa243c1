"""A worker that dies at its n-th boundary, run in a process of its own (forkserver).

A boundary is the moment before or after a statement, a commit or a provider's call. Production
code has no hook for this: the driver and the client are wrapped here. Coarsely, only the moments
that leave something behind count: a commit has happened, a provider has been called.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from werkzeug.test import Client

from kit import config, http
from local_platform import functions_host
from local_platform.settings import ROOT


def run_and_die(
    settings: config.Settings,
    boundary: int,
    jobs_key: str,
    function: str = "run_automations",
    is_coarse: bool = False,
) -> None:
    """Run one drain; SIGKILL ourselves at that boundary, or exit 0 when there are fewer."""
    passed = 0
    counting = threading.Lock()  # an asynchronous drain asks the database from threads

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if not is_coarse:
                tick()
            result = call(*args, **kwargs)
            tick()
            return result

        return wrapper

    def tick() -> None:
        nonlocal passed
        with counting:
            passed += 1
            if passed == boundary:
                os.kill(os.getpid(), signal.SIGKILL)

    perform_on = http.perform_on

    async def ask(client: "http.Session", call: http.Call) -> http.Answer:
        if not is_coarse:
            tick()
        answer = await perform_on(client, call)
        tick()
        return answer

    if not is_coarse:
        psycopg.Connection.execute = guarded(psycopg.Connection.execute)  # type: ignore[method-assign]  # the wrap is the test
    psycopg.Connection.commit = guarded(psycopg.Connection.commit)  # type: ignore[method-assign]  # the wrap is the test
    http.post_form, http.call_json = guarded(http.post_form), guarded(http.call_json)
    http.perform, http.perform_on = guarded(http.perform), ask
    config.settings = lambda: settings  # type: ignore[assignment]  # the test's, not the machine's
    app = functions_host.app_of(function, ROOT / "functions" / "main.py")
    headers = {"Authorization": f"Bearer {jobs_key}"}
    answer = Client(app).post("/", headers=headers, environ_base={"REMOTE_ADDR": "127.0.0.1"})
    os._exit(0 if answer.status_code == 200 else 1)
