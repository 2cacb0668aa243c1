"""Words for what happens to agreements, so that a test reads as the story it tells."""

import uuid
from datetime import date, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from tests.money.world import World

Answer = dict[str, Any]


def simulate(world: World, who: str = "operator", **arguments: Any) -> Answer:
    """An offer over all of the client's debts unless `debt_ids` says otherwise."""
    arguments.setdefault("client_id", world.client)
    if "debt_ids" not in arguments:
        arguments["debt_ids"] = [
            row[0]
            for row in world.run(
                "select id from public.debts where client_id = %s order by due_on, id",
                arguments["client_id"],
            )
        ]
    if isinstance(arguments.get("down_payments"), list):
        arguments["down_payments"] = Jsonb(arguments["down_payments"])
    return world.rpc(who, "simulate_agreement", **arguments)  # type: ignore[no-any-return]  # JSON


def propose(world: World, who: str = "operator", **arguments: Any) -> Answer:
    offer = simulate(world, who, **arguments)
    return world.rpc(  # type: ignore[no-any-return]  # JSON
        who,
        "propose_agreement",
        proposal=offer["proposal"],
        proposal_hash=offer["proposal_hash"],
    )


def agree(world: World, who: str = "operator", **arguments: Any) -> uuid.UUID:
    """A formalised agreement; approved by the supervisor when it needs that."""
    answer = propose(world, who, **arguments)
    assert answer["outcome"] in {"active", "pending_approval"}, answer
    if answer["outcome"] == "pending_approval":
        world.rpc(
            "supervisor",
            "decide_agreement",
            agreement_id=answer["agreement_id"],
            decision="approve",
        )
    return uuid.UUID(answer["agreement_id"])


def status(world: World, agreement: uuid.UUID) -> str:
    return str(world.one("select status from public.agreements where id = %s", agreement))


def parts(world: World, agreement: uuid.UUID) -> list[Answer]:
    return world.rows(
        "select * from public.installments where agreement_id = %s order by number", agreement
    )


def everything_forgiven(world: World) -> None:
    """A supervisor who may give all: for stories that are not about limits."""
    supervisor = {"tenant_id": world.tenant, "role": "supervisor"}
    world.change("approval_limits", supervisor, principal_percent=100)


def connect_provider(world: World, **settings: str) -> uuid.UUID:
    """Negociarie, as an admin connects it; and an address and a phone for the client."""
    found = world.one(
        "select id from public.integrations where tenant_id = %s and provider = 'negociarie'",
        world.tenant,
    )
    if found is None:
        answer = world.rpc(
            "admin",
            "save_integration",
            provider="negociarie",
            settings={"client_id": "7", "methods": "boleto,pix"} | settings,
            secrets={"client_secret": "a-secret-of-theirs"},
        )
        found = uuid.UUID(answer["integration_id"])
    give_address(world)
    return uuid.UUID(str(found))


def give_address(world: World, client: uuid.UUID | None = None) -> None:
    world.insert(
        "client_addresses",
        {
            "tenant_id": world.tenant,
            "client_id": client or world.client,
            "cep": "01001000",
            "street": "Praça da Sé",
            "number": "1",
            "district": "Sé",
            "city": "São Paulo",
            "uf": "SP",
        },
    )
    world.insert(
        "client_phones",
        {
            "tenant_id": world.tenant,
            "client_id": client or world.client,
            "phone": f"+55119{uuid.uuid4().int % 10**8:08}",
            "kind": "mobile",
        },
    )


def charge(world: World, installment: uuid.UUID, **arguments: Any) -> Answer:
    """Ask for it and let the provider register it."""
    integration = connect_provider(world)
    [asked] = world.rpc("operator", "request_charges", installment_ids=[installment], **arguments)
    [row] = world.rows("select * from public.charges where id = %s", asked["charge_id"])
    world.run("update public.charges set status = 'open' where id = %s", row["id"])
    return row | {"integration_id": integration}


def paid_item(reference: str, cents: int, on: date, **more: Any) -> Answer:
    """What the adapter makes of a paid line of the provider."""
    return {
        "reference": reference,
        "status_code": "801",
        "status_text": "Liquidação",
        "paid_on": on.isoformat(),
        "paid_cents": cents,
    } | more


def record(world: World, integration: uuid.UUID, item: Answer, source: str = "sweep") -> str:
    return str(
        world.one(
            "select private.record_payment_event(%s, %s, %s)", integration, source, Jsonb(item)
        )
    )


def settle(
    world: World,
    target: Answer,
    cents: int,
    on: date | None = None,
    client: Any = None,
) -> Answer:
    """By hand: an operator asks, the supervisor confirms."""
    request = {
        "id": str(uuid.uuid4()),
        "client_id": str(client or world.client),
        "amount_cents": cents,
        "paid_on": (on or world.today).isoformat(),
        "evidence": "recibo 12",
        **{k: plain(v) for k, v in target.items()},
    }
    world.rpc("operator", "settle_manually", settlement=request)
    return world.rpc(  # type: ignore[no-any-return]  # JSON
        "supervisor", "decide_settlement", settlement_id=request["id"], decision="approve"
    )


def plain(value: Any) -> Any:
    return [str(v) for v in value] if isinstance(value, list) else str(value)


def age(world: World, day: date) -> Answer:
    """The clock strikes on that day."""
    world.set_today(day)
    return world.one(  # type: ignore[no-any-return]  # JSON
        "select private.age_agreements(%s, %s)", world.tenant, day
    )


def live(world: World, days: int) -> None:
    """Day after day, as the cron would."""
    for _ in range(days):
        age(world, world.today + timedelta(1))


def owed(world: World, client: Any = None, on: date | None = None) -> int:
    """What the client's open titles really cost."""
    return int(
        world.one(
            "select coalesce(sum((title.accrual).total_cents), 0)"
            " from private.owed(%s, %s, %s, null) as title",
            world.tenant,
            client or world.client,
            on or world.today,
        )
    )


def ledger_differences(world: World, client: Any = None) -> Any:
    return world.one(
        "select private.client_ledger_differences(%s, %s)", world.tenant, client or world.client
    )
