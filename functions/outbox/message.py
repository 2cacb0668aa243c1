"""One message to one person: what rules send and what people send go the same way."""

import time
from typing import Any

from kit import db, errors, log
from providers import whatsapp
from providers.events import SendResult
from providers.whatsapp import Account, Media, Template

SETTLE_SECONDS = 60  # the claim's lease: later somebody else has called it unknown
PAUSE_SECONDS = 0.5  # a restarting Postgres refuses at once, a busy pool after 5 s


def send(message: Any, text: str | None = None, media: dict[str, Any] | None = None) -> None:
    """Await the number's pace, commit the intent, ask the provider once, record the answer.

    message  a claimed row; without a template_provider_id `text` is sent as it is, or the file that
             `media` says (the fields of providers/whatsapp.py Media)
    """
    adapter = whatsapp.adapter(message.provider)
    begun = begin(message, adapter, has_turn=False)
    if begun.wait:
        time.sleep(begun.wait)  # seconds, at most five: SQL postpones what would wait longer
        begun = begin(message, adapter, has_turn=True)
    if begun.wait is None:
        return  # another worker has this attempt, a later one, or there is nothing to say any more
    account, reference = Account(message.settings, begun.key or ""), str(message.message_id)
    header = Media(**begun.header) if begun.header else None
    template = Template(
        message.template_provider_id, begun.name, message.language, message.params, header
    )
    if message.template_provider_id:
        result = whatsapp.ask(
            lambda: adapter.template_call(account, message.destination, template, reference),
            adapter.read_answer,
        )
    elif media:
        file = Media(**media)
        result = whatsapp.ask(
            lambda: adapter.media_call(account, message.destination, file, reference),
            adapter.read_answer,
        )
    else:
        result = whatsapp.ask(
            lambda: adapter.text_call(account, message.destination, text or "", reference),
            adapter.read_answer,
        )
    settle(message, result)


def begin(message: Any, adapter: whatsapp.Adapter, *, has_turn: bool) -> Any:
    """`wait` as private.begin_turn says it, and what the request is made of."""
    with db.as_worker() as tx:
        ask = (
            "select private.begin_turn(%s, %s, %s) as wait,"
            " private.integration_secret(%s, %s) as key, private.template_name(%s) as name,"
            " (select header from private.template_headers(array[%s]::uuid[])) as header"
        )
        ids = (message.message_id, message.attempt, has_turn)
        secret = (message.integration_id, adapter.KEY_FIELD)
        [begun] = tx.execute(ask, (*ids, *secret, *[message.message_id] * 2)).fetchall()
    return begun


def settle(message: Any, result: SendResult) -> None:
    """Record the answer; it is known nowhere else, so a database that is away is asked again."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            with db.as_worker() as tx:
                record = "select private.settle_message(%s, %s, %s, %s, %s, %s, %s)"
                tx.execute(record, (message.message_id, message.attempt, *result))
            break
        except errors.DatabaseUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
    log.event("message_settled", outcome=result.outcome, message_id=str(message.message_id))
