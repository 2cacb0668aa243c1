"""One message to one person: what rules send and what people send go the same way."""

from typing import Any

from kit import db, log
from providers import gupshup

SEND_TEMPLATE = {"gupshup": gupshup.send_template}
SEND_TEXT = {"gupshup": gupshup.send_text}


def send(message: Any, text: str | None = None) -> None:
    """Commit the intent, ask the provider once, record the answer.

    message  a claimed row
    text     goes as it is where the row names no template; rules never have one
    """
    with db.as_worker() as tx:
        begin = "select private.begin_sending(%s, %s), private.integration_secret(%s, 'api_key')"
        ids = (message.message_id, message.attempt, message.integration_id)
        [(may_send, api_key)] = tx.execute(begin, ids).fetchall()
    if not may_send:
        return  # another worker has this attempt, or a later one, or the money came
    account = (message.settings, api_key, message.destination)
    if text is None or message.template_provider_id:
        template = (message.template_provider_id, message.params)
        result = SEND_TEMPLATE[message.provider](*account, *template)
    else:
        result = SEND_TEXT[message.provider](*account, text)
    with db.as_worker() as tx:
        settle = "select private.settle_message(%s, %s, %s, %s, %s, %s, %s)"
        tx.execute(settle, (message.message_id, message.attempt, *result))
    log.event("message_settled", outcome=result.outcome, message_id=str(message.message_id))
