"""Nothing that names or reaches a person, and no key, is written to a log."""

import logging

import pytest

from kit import log
from tests.automation import JOBS_KEY, Thread, WaitUntil
from tests.simulators import API_KEY


def test_a_whole_day_of_the_thread_leaves_no_personal_data_in_the_logs(
    thread: Thread,
    wait_until: WaitUntil,
    impatient: None,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    thread.dispose(6)
    thread.phone.misbehave("answer", status=500)
    thread.phone.misbehave("answer", status=400, body={"status": "error", "code": 1002})
    thread.phone.misbehave("hang")
    thread.phone.misbehave("reset")
    thread.drain()
    wait_until(lambda: thread.drain() and "read" in [m["status"] for m in thread.messages()])
    accepted = thread.phone.messages()[0]
    reply = {"app": accepted["app"], "phone": accepted["phone"], "text": "segredo do cliente"}
    thread.phone.control.post("/_control/reply", json=reply).raise_for_status()
    wait_until(lambda: thread.drain() and [m for m in thread.messages() if m["direction"] == "in"])
    thread.callback(b"{broken " + accepted["phone"].encode())
    thread.callback({"type": accepted["phone"]}, key="wrong-key-of-somebody")
    thread.owner.execute(
        "alter table private.provider_events add constraint broken check (false) not valid"
    )
    assert thread.callback({"type": accepted["phone"]}).status_code == 500

    written = "\n".join(record.getMessage() for record in caplog.records if is_ours(record))
    written += "".join(capfd.readouterr())
    assert "message_settled" in written
    assert '"failed"' in written
    people = thread.rows(
        "select name, document, phone, email from public.clients"
        " join public.client_phones on client_phones.client_id = clients.id"
    )
    secrets = {API_KEY, JOBS_KEY, thread.webhook_key, "wrong-key-of-somebody", "segredo"}
    for person in people:
        secrets |= {str(value).lstrip("+") for value in person.values()}
    assert [secret for secret in secrets if secret in written] == []


def is_ours(record: logging.LogRecord) -> bool:
    """The test's own client and the simulator are not what is deployed."""
    return not record.name.startswith(("asyncio", "aiohttp", "httpcore", "hypothesis"))


def test_a_field_outside_the_list_is_not_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log.event("tried", phone="5511987654321", status=200)  # type: ignore[call-arg]  # the point
    [record] = caplog.records
    assert record.getMessage() == '{"event": "tried", "severity": "INFO", "status": 200}'
