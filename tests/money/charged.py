"""A provider of charges that forgets nothing, and an agreement whose charges it makes."""

import uuid
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from tests.money.deals import (
    Answer,
    agree,
    connect_provider,
    everything_forgiven,
    parts,
)
from tests.money.world import World

STEPS = ["claimed", "begun", "sent", "settled"]


class Provider:
    """What Negociarie holds, and how often it was told each thing."""

    def __init__(self) -> None:
        self.held: dict[str, Answer] = {}
        self.created: list[str] = []
        self.cancelled: list[str] = []

    def call(self, task: Answer) -> tuple[str, Answer]:
        reference = task["reference"]
        if task["action"] == "create":
            self.created.append(reference)
            assert reference not in self.held, "the provider refuses a reference twice"
            self.held[reference] = {
                "reference": reference,
                "status_text": "Em Ser",
                "link": f"https://pay.example/{reference}",
            }
            return "done", {"link": self.held[reference]["link"]}
        if task["action"] == "cancel":
            self.cancelled.append(reference)
            if reference in self.held:
                self.held[reference]["status_text"] = "Baixado"
            return "done", {}
        found = self.held.get(reference)
        return ("found", found) if found else ("not_found", {})


class Deal:
    def __init__(self, world: World) -> None:
        self.world = world
        self.integration = connect_provider(world)
        everything_forgiven(world)
        world.debt(90_000)
        self.agreement = agree(world, installments=3, first_due_date=date(2026, 3, 10))
        self.provider = Provider()

    @property
    def first(self) -> uuid.UUID:
        return uuid.UUID(str(parts(self.world, self.agreement)[0]["id"]))

    def ask(self, *ids: uuid.UUID, who: str = "operator", **arguments: Any) -> list[Answer]:
        return self.world.rpc(  # type: ignore[no-any-return]  # JSON
            who, "request_charges", installment_ids=list(ids or [self.first]), **arguments
        )

    def work(self, stop_after: str = "settled", answer: str | None = None, **more: Any) -> int:
        """One drain of the worker; it dies after the step named."""
        tasks = self.world.rows("select * from private.claim_charges(50, 60)")
        for task in tasks if stop_after != "claimed" else []:
            begun = self.world.one(
                "select private.begin_charge(%s, %s)", task["charge_id"], task["attempt"]
            )
            if not begun or stop_after == "begun":
                continue
            outcome, content = self.provider.call(task) if answer is None else (answer, {})
            if stop_after != "sent":
                self.settle(task, outcome, content, **more)
        return len(tasks)

    def settle(
        self,
        task: Answer,
        outcome: str,
        content: Answer | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> bool:
        return bool(
            self.world.one(
                "select private.settle_charge(%s, %s, %s, %s, %s, %s)",
                task["charge_id"],
                task["attempt"],
                outcome,
                Jsonb(content or {}),
                code,
                detail,
            )
        )

    def time_passes(self) -> None:
        """Leases run out, pauses end, and the minute of calls is a new one."""
        self.world.run("update pgmq.q_charges set vt = clock_timestamp() - interval '1 second'")
        self.world.run(
            "update public.charges set lease_until = private.now() - interval '1 s'"
            " where lease_until is not null"
        )
        self.world.run("delete from private.call_budgets")

    def drain(self) -> None:
        """Until nothing is left to do, however long that takes."""
        for _ in range(40):
            self.time_passes()
            if not self.work():
                return
        raise AssertionError("the worker never comes to an end")

    def rows(self) -> list[Answer]:
        return self.world.rows("select * from public.charges order by sequence, created_at")

    def events(self) -> list[str]:
        return [
            row["kind"]
            for row in self.world.rows("select kind from public.agreement_events order by id")
        ]
