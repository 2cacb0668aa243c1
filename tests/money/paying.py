"""An agreement with open charges, and the provider that tells of their payments."""

from datetime import date
from typing import Any

from tests.money.deals import (
    Answer,
    agree,
    charge,
    paid_item,
    parts,
    record,
    status,
)
from tests.money.world import World


class Deal:
    """R$ 900.00 in three installments of 300.00 from 10 March on, a charge open for each."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.policy()
        self.debt = world.debt(90_000)
        self.agreement = agree(world, installments=3, first_due_date=date(2026, 3, 10))
        self.charges = [charge(world, part["id"]) for part in parts(world, self.agreement)]
        self.integration = self.charges[0]["integration_id"]

    def paid(self, number: int, cents: int, on: date | None = None, **more: Any) -> str:
        """The provider tells that charge `number` was paid."""
        item = paid_item(
            self.charges[number - 1]["reference"], cents, on or self.world.today, **more
        )
        return record(self.world, self.integration, item)

    def parts(self) -> list[Answer]:
        return parts(self.world, self.agreement)

    @property
    def status(self) -> str:
        return status(self.world, self.agreement)

    def cases(self) -> list[Answer]:
        return self.world.rows(
            "select * from public.payment_cases where resolved_at is null order by opened_at"
        )

    def resolve(self, resolution: str, **target: Any) -> Answer:
        [case] = self.cases()
        return self.world.rpc(  # type: ignore[no-any-return]  # JSON
            "supervisor",
            "resolve_payment_case",
            case_id=case["id"],
            resolution=resolution,
            reason="combinado por telefone",
            target=target,
        )


def change_policy(deal: Deal, **fields: Any) -> None:
    deal.world.rpc("admin", "save_agreement_policy", policy=fields, applies_to="existing")
