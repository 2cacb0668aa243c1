"""What an operator asks the dialer for from our screen: to call a number, and to pause.

POST {"action": "call", "phone": "+55…"} | {"action": "pause", "interval_id": 3} |
{"action": "resume"} → {}; {"action": "breaks"} → {"breaks": [{id, name}]}.
"""

import flask
import functions_framework

from kit import db, errors, http
from providers import callbacks, threecplus
from providers import threecplus_wire as wire
from providers.events import DialerOutcome, DialerResult, FailureClass
from providers.threecplus_account import Account

BODY_BYTES = 10_000  # an action and a number


def refuse_unless_done(result: DialerResult) -> None:
    if result.outcome is DialerOutcome.DONE:
        return
    if (result.detail or "").startswith("422"):
        raise errors.AppError("the agent is not idle", code="agent_not_idle", status=409)
    if result.failure is FailureClass.CONFIGURATION:
        raise errors.AppError(result.detail or "", code="dialer_refused", status=409)
    raise errors.AppError(result.detail or "", code="dialer_refused", status=502)


@functions_framework.http
@errors.as_http
def threecplus_agent(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.method != "POST":
        raise errors.MethodNotAllowed("actions are posted")
    asked = callbacks.json_object(http.body(request, BODY_BYTES))
    action, phone = asked.get("action"), wire.e164(wire.text(asked.get("phone")))
    with db.as_caller(request) as tx:
        [seat] = tx.execute("select * from private.dialer_seat()").fetchall()
        if action == "call":
            tx.execute("select private.require_callable(%s)", (phone,))
    with db.as_worker() as tx:
        secrets = (
            "select private.integration_secret(%(id)s, 'api_token') as manager,"
            " private.integration_secret(%(id)s, 'agent_token') as agent"
        )
        [tokens] = tx.execute(secrets, {"id": seat.integration_id}).fetchall()
    account = Account(seat.settings, *tokens)

    if action == "call" and phone and seat.extension:
        refuse_unless_done(threecplus.click_to_call(account, seat.extension, phone))
    elif action == "breaks":
        return {"breaks": threecplus.breaks(account, seat.agent_id).items}
    elif action == "pause" and (interval := wire.number_of(asked.get("interval_id"))):
        refuse_unless_done(threecplus.pause(account, seat.agent_id, interval))
    elif action == "resume":
        refuse_unless_done(threecplus.pause(account, seat.agent_id, None))
    else:
        raise errors.AppError(
            "call (with phone and extension), pause, resume", code="field_invalid"
        )
    return {}
