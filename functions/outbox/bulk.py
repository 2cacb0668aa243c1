"""The bulk sender's engine: claims from SQL, hundreds of calls at once, settles by the handful.

Several instances may run at once, and any may die at any point. A message is begun (committed)
right before its call, as far ahead as beginning takes and no further, so that little more than
what was in the air when somebody died is in doubt. Who is asked to stop gives back the rest.

Tokens are lent ahead, so that the pace does not hang on how long a claim takes: the next claim is
made while the last is being begun, and each call waits for its own moment.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar
from uuid import UUID, uuid4

from kit import db, errors, http, log
from providers import whatsapp
from providers.events import SendResult
from providers.whatsapp import Account, Media, Template

CONNECTIONS = 500  # Meta grants 1,000 messages/s, and answers within half a second
CLAIM = 1000  # a second's worth at the highest pace: what a claim on a busy machine takes
CLAIM_EVERY = 0.25  # seconds: fewer and larger claims, far within what is lent ahead
GROUP = 40  # messages begun by one transaction
GROUP_SECONDS = 0.05  # between its first call and its last: all of it is in doubt when we die
BEGINS = 4  # such transactions at once; beside a claim and a settle, all that the threads hold
# Seconds before the first call of a group: twice what begins take, for the slow ones among them. At
# most what a busy machine needs; who is later than that is late.
BEGIN_AHEAD, LEAST_AHEAD, MOST_AHEAD = 2.0, 0.01, 0.3
FORGET = 0.2  # of the mean, with each begin: the last dozen count
LEASE_SECONDS = 60  # a call takes 10 s at the worst, and waits for its connection no longer
AWAY_SECONDS = 0.5  # then a claim is tried again
SETTLE_EVERY = 0.1  # seconds: ten transactions a second, however many answers
PATIENCE_SECONDS = 5.0  # a drain waits that long for a token or a pause, then the sweep takes over

Answer = TypeVar("Answer")


async def in_thread(work: Callable[[], Answer]) -> Answer:
    """A short transaction, without holding the loop."""
    return await asyncio.to_thread(work)


class Drain:
    """One run of the bulk sender, until nothing is due or the deadline (monotonic seconds)."""

    def __init__(self, session: "http.Session", deadline: float) -> None:
        self.session, self.deadline = session, deadline
        self.id = uuid4()
        self.slots = asyncio.Semaphore(CONNECTIONS)
        self.answers: list[dict[str, Any]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.begins, self.queue = asyncio.Semaphore(BEGINS), asyncio.Lock()
        self.due = 0  # groups whose moment has come and that have not begun
        self.begin_seconds = MOST_AHEAD / BEGIN_AHEAD  # a mean; nothing is measured yet
        self.is_stopping = False
        self.uncalled: list[Any] = []  # claimed or begun, and given back because we stop
        self.free_at: dict[UUID, float] = {}  # by sender: when the next may leave
        self.keys: dict[UUID, str] = {}
        self.headers: dict[UUID, Media] = {}
        self.claimed = self.settled = 0
        self.is_over = asyncio.Event()

    async def run(self) -> None:
        settling = asyncio.create_task(self.settle_until_over())
        try:
            while time.monotonic() < self.deadline and not self.is_stopping:
                if self.due < BEGINS:
                    try:
                        messages = await in_thread(self.claim)
                        claimed_at = time.monotonic()
                        if not messages and not await self.is_worth_waiting():
                            break
                    except errors.DatabaseUnavailable:
                        # Every connection is busy, or it restarts: no reason to wait for a sweep.
                        await asyncio.sleep(AWAY_SECONDS)
                        continue
                    for group in groups(messages):
                        self.keep(self.begin(group, claimed_at))
                await asyncio.sleep(CLAIM_EVERY)
        finally:
            # Whatever happened, what left is settled; a bug in one call surfaces after.
            failures: list[BaseException] = []
            while self.tasks:  # a begin leaves calls behind
                ended, self.tasks = self.tasks, set()
                said = await asyncio.gather(*ended, return_exceptions=True)
                failures += [each for each in said if isinstance(each, BaseException)]
            self.is_over.set()
            await settling
            if self.uncalled:
                await in_thread(self.release)
        for failure in failures:
            raise failure

    def stop(self) -> None:
        """Claim no more and call no more: what is in the air is waited for, the rest given back."""
        self.is_stopping = True

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.task_done)

    def task_done(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or task.exception() is None:
            self.tasks.discard(task)  # a failed one is kept, to be raised at the end

    def claim(self) -> list[Any]:
        with db.as_worker() as tx:
            claim = "select * from private.claim_batch_messages(%s, %s, %s)"
            messages = tx.execute(claim, (CLAIM, LEASE_SECONDS, self.id)).fetchall()
            # Asked anew with each claim: a key that was changed holds from then on.
            fields = {m.integration_id: whatsapp.adapter(m.provider).KEY_FIELD for m in messages}
            for integration_id, field in fields.items():
                read = "select private.integration_secret(%s, %s)"
                [(key,)] = tx.execute(read, (integration_id, field)).fetchall()
                self.keys[integration_id] = key or ""
            ids = [message.message_id for message in messages]
            files = tx.execute("select * from private.template_headers(%s)", (ids,)).fetchall()
            self.headers |= {row.message_id: Media(**row.header) for row in files}
        self.claimed += len(messages)
        return messages

    async def is_worth_waiting(self) -> bool:
        """Sleeps until a sender may send again; False when that is not soon."""
        # Who was only told to wait, or left out, is counted here: no answer will do it.
        ask = "select private.batch_pause() as pause, private.fold_batch_counts() as folded"
        [(pause, _)] = await in_thread(lambda: self.ask(ask))
        if pause is None or pause > PATIENCE_SECONDS:
            return False
        await asyncio.sleep(pause)
        return True

    def ask(self, statement: str, *values: object) -> list[Any]:
        with db.as_worker() as tx:
            return tx.execute(statement.encode(), values).fetchall()

    async def begin(self, group: list[Any], claimed_at: float) -> None:
        """Commit the intent of these messages when their time is near, then let their calls go."""
        ahead = min(max(BEGIN_AHEAD * self.begin_seconds, LEAST_AHEAD), MOST_AHEAD)
        await asyncio.sleep(claimed_at + group[0].starts_in - ahead - time.monotonic())
        if self.is_stopping:
            self.uncalled += group
            return
        held, begun = 0, set[UUID]()
        self.due += 1
        try:
            async with self.queue:  # two that each held half of the connections would wait for ever
                for _ in group:
                    await self.slots.acquire()
                    held += 1
            began = time.monotonic()  # waiting for the others is part of what it takes
            async with self.begins:
                begun = await in_thread(lambda: self.announce(group))
            self.begin_seconds += FORGET * (time.monotonic() - began - self.begin_seconds)
        finally:
            self.due -= 1
            # Paused meanwhile, or another worker's by now.
            for _ in range(held - len(begun)):
                self.slots.release()
        for message in group:
            if message.message_id in begun:
                self.keep(self.send(message, claimed_at + message.starts_in))

    def announce(self, group: list[Any]) -> set[UUID]:
        """Who may be sent. Nobody when the database is away: they wait for their lease to end."""
        begin = "select private.begin_batch_messages(%s, %s) as id"
        values = ([message.message_id for message in group], [m.attempt for m in group])
        try:
            return {row.id for row in self.ask(begin, *values)}
        except errors.DatabaseUnavailable:
            log.event("begin_postponed", logging.WARNING, found=len(group))
            return set()

    async def send(self, message: Any, not_before: float) -> None:
        # Who is late stays late: two claims never bunch up in one second.
        at = max(not_before, self.free_at.get(message.sender_id, 0.0), time.monotonic())
        self.free_at[message.sender_id] = at + message.gap
        try:
            await asyncio.sleep(at - time.monotonic())
            if self.is_stopping:
                self.uncalled.append(message)
                return
            adapter = whatsapp.adapter(message.provider)
            account = Account(message.settings, self.keys[message.integration_id])
            template = Template(
                message.template_provider_id, message.template_name, message.language,
                message.params, self.headers.pop(message.message_id, None),
            )  # fmt: skip
            result: SendResult = await whatsapp.ask_among_others(
                self.session,
                lambda: adapter.template_call(
                    account, message.destination, template, str(message.message_id)
                ),
                adapter.read_answer,
            )
        finally:
            self.slots.release()
        self.answers.append(
            {
                "message_id": str(message.message_id),
                "attempt": message.attempt,
                "outcome": result.outcome,
                "provider_message_id": result.provider_message_id,
                "error_code": result.failure,
                "error_detail": result.detail,
                "retry_after_seconds": result.retry_after_seconds,
            }
        )

    def release(self) -> None:
        """Nothing is lost without it: the lease ends, and who was begun is in doubt."""
        ids = [message.message_id for message in self.uncalled]
        attempts = [message.attempt for message in self.uncalled]
        release = "select private.release_batch_messages(%s, %s) as found"
        with contextlib.suppress(errors.DatabaseUnavailable):
            [(found,)] = self.ask(release, ids, attempts)
            log.event("messages_released", found=found)

    async def settle_until_over(self) -> None:
        while not (self.is_over.is_set() and not self.answers):
            if not self.answers:
                try:
                    await asyncio.wait_for(self.is_over.wait(), SETTLE_EVERY)
                except TimeoutError:
                    continue  # look again
                continue
            batch, self.answers = self.answers, []
            try:
                settled = await asyncio.to_thread(self.settle, batch)
            except errors.DatabaseUnavailable:
                # What was answered is known nowhere else: kept until the lease has surely run out.
                if time.monotonic() > self.deadline + LEASE_SECONDS:
                    raise
                settled = set()
            self.settled += len(settled)
            # Held by a receipt at this moment: with the next handful.
            self.answers += [said for said in batch if UUID(said["message_id"]) not in settled]
            await asyncio.sleep(SETTLE_EVERY)

    def settle(self, answers: list[dict[str, Any]]) -> set[UUID]:
        with db.as_worker() as tx:
            settle = "select private.settle_batch_messages(%s::jsonb) as id"
            settled = {row.id for row in tx.execute(settle, (storable(answers),)).fetchall()}
            tx.execute("select private.fold_batch_counts()")
        log.event("messages_settled", logging.INFO, found=len(settled))
        return settled


def groups(messages: list[Any]) -> Iterator[list[Any]]:
    """Those that leave nearly together, in the order in which they leave."""
    group: list[Any] = []
    for message in messages:
        is_late = group and message.starts_in > group[0].starts_in + GROUP_SECONDS
        if len(group) == GROUP or is_late:
            yield group
            group = []
        group.append(message)
    if group:
        yield group


def storable(answers: list[dict[str, Any]]) -> str:
    """JSON that Postgres takes: a provider's sentence may hold what jsonb refuses (NUL)."""
    return json.dumps(answers).replace("\\u0000", "\\ufffd")
