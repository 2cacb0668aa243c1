"""What an operator asks the dialer for from our screen: how they stand, to call a number, to pause.

POST {"action": "call", "phone": "+55…", "client_id"?} | {"action": "pause", "interval_id": 3} |
{"action": "resume"} → {}; {"action": "state"} → {"state"}; {"action": "breaks"} → {"breaks":
[{id, name}]}. States: offline idle on_call wrap_up manual paused unknown.
"""

import flask
import functions_framework

from kit import db, errors, http
from providers import callbacks, threecplus
from providers import threecplus_wire as wire
from providers.events import DialerResult, FailureClass
from providers.threecplus_account import Account, Listed

BODY_BYTES = 10_000  # an action and a number


def refuse_unless_done(told: DialerResult | Listed) -> None:
    if told.failure is None:
        return
    if (told.detail or "").startswith("422"):
        raise errors.AppError("the agent is not idle", code="agent_not_idle", status=409)
    status = 409 if told.failure is FailureClass.CONFIGURATION else 502
    raise errors.AppError(told.detail or "", code="dialer_refused", status=status)


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
            may_call = "select private.require_callable(%s, %s)"
            tx.execute(may_call, (phone, wire.text(asked.get("client_id"))))
    with db.as_worker() as tx:
        secrets = (
            "select private.integration_secret(%(id)s, 'api_token') as manager,"
            " private.integration_secret(%(id)s, 'agent_token') as agent"
        )
        [tokens] = tx.execute(secrets, {"id": seat.integration_id}).fetchall()
    account = Account(seat.settings, *tokens)

    match action, wire.number_of(asked.get("interval_id")):
        case "state", _:
            refuse_unless_done(agents := threecplus.agent_states(account))
            return {"state": wire.agent_state(agents.items, seat.agent_id)}
        case "breaks", _:
            refuse_unless_done(breaks := threecplus.breaks(account, seat.agent_id))
            return {"breaks": breaks.items}
        case "call", _ if phone and seat.extension:
            refuse_unless_done(threecplus.click_to_call(account, seat.extension, phone))
        case ("pause", int() as interval) | ("resume", _ as interval):
            resumed = None if action == "resume" else interval
            refuse_unless_done(threecplus.pause(account, seat.agent_id, resumed))
        case _:
            wanted = "call (with phone, from an extension), pause, resume, state, breaks"
            raise errors.AppError(wanted, code="field_invalid")
    return {}
