"""One task at the dialer: commit the intent, ask 3C Plus, record the answer."""

import json
from typing import Any

from kit import db, log
from providers import threecplus
from providers.events import DialerOutcome

WRITTEN = 5_000  # rows of a file recorded in one transaction of a few hundred milliseconds


def perform(task: Any) -> None:
    """Do one row of private.claim_dialer_tasks; a newer attempt's rows are left to it."""
    with db.as_worker() as tx:
        begin = (
            "select private.begin_dialer_task(%(id)s, %(attempt)s),"
            " private.integration_secret(%(account)s, 'api_token') as manager,"
            " private.integration_secret(%(account)s, 'agent_token') as agent"
        )
        ids = {"id": task.task_id, "attempt": task.attempt, "account": task.integration_id}
        [(may_call, *tokens)] = tx.execute(begin, ids).fetchall()
        contacts = "select * from private.dialer_task_rows(%(id)s, %(attempt)s)"
        rows = tx.execute(contacts, ids).fetchall() if may_call else []
    if not may_call:
        return
    outcome, answer, *problem = threecplus.perform(task, tokens, rows)
    said = json.dumps(dict(answer))
    while outcome is DialerOutcome.DONE and len(rows) > WRITTEN:
        with db.as_worker() as tx:
            note = "select private.note_dialer_rows(%s, %s, %s::jsonb, %s)"
            [(noted,)] = tx.execute(note, (task.task_id, task.attempt, said, WRITTEN)).fetchall()
        if noted < WRITTEN:
            break
    with db.as_worker() as tx:
        settle = "select private.settle_dialer_task(%s, %s, %s, %s::jsonb, %s, %s, %s)"
        tx.execute(settle, (task.task_id, task.attempt, outcome, said, *problem))
    log.event("dialer_task_settled", outcome=outcome, reason=task.kind, rows=len(rows))
