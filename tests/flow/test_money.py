"""The demo, from the debt's explanation to the broken agreement, with nobody turning a crank."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from local_platform import demo, demo_clock
from local_platform.errors import StackError
from local_platform.settings import Platform
from local_platform.stack import Stack
from tests.automation import WaitUntil
from tests.memory import quick_folder

EXAMPLE = "CT-EXEMPLO"


class Person:
    """Somebody at the page: what they may call, with their own token."""

    def __init__(self, stack: Stack, email: str) -> None:
        self.http = httpx.Client(
            base_url=stack.settings.url,
            headers={
                "apikey": stack.settings.secrets.publishable_key,
                "Authorization": f"Bearer {demo.token(stack.settings, email)}",
            },
            timeout=30,
        )

    def rpc(self, name: str, **arguments: Any) -> Any:
        answer = self.http.post(f"/rest/v1/rpc/{name}", json=arguments)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.content else None

    def rows(self, table: str, **where: str) -> list[dict[str, Any]]:
        answer = self.http.get(f"/rest/v1/{table}", params=where)
        assert answer.status_code == 200, answer.text
        return list(answer.json())


@pytest.fixture(scope="module")
def demo_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A demo of its own, whose clock nobody else reads."""
    with (
        quick_folder(tmp_path_factory.mktemp("money")) as data,
        Stack(Platform.create(data, 0, durable=False)) as running,
    ):
        running.start_all()
        yield running


@pytest.fixture
def person(demo_stack: Stack) -> Iterator[Callable[[str], Person]]:
    people: list[Person] = []

    def sign_in(name: str) -> Person:
        people.append(Person(demo_stack, f"{name}@demo.test"))
        return people[-1]

    yield sign_in
    for somebody in people:
        somebody.http.close()


def owner(stack: Stack) -> psycopg.Connection[Any]:
    return psycopg.connect(stack.settings.database_url(), autocommit=True)


def pay(person: Person, charge: dict[str, Any]) -> None:
    """The debtor pays at the bank."""
    body = {"id_parcela": charge["reference"]}
    paid = person.http.post("/simulators/negociarie/_control/pay", json=body)
    assert paid.status_code == 200, paid.text


def test_the_demo_tells_the_whole_story(
    demo_stack: Stack, person: Callable[[str], Person], wait_until: WaitUntil
) -> None:
    operator, supervisor = person("operador"), person("supervisor")
    [debt] = operator.rows("debts", contract=f"eq.{EXAMPLE}")
    client = debt["client_id"]

    statement = operator.rpc("debt_statement", client_id=client)
    assert [one["principal_cents"] for one in statement["debts"]] == [100_000]
    assert statement["totals"]["total_cents"] == 102_733
    assert "Total em" in statement["text"]

    offer = partial(operator.rpc, "simulate_agreement", client_id=client, debt_ids=[debt["id"]])
    plain = offer(discounts={"interest": 40}, installments=6)
    assert (plain["is_allowed"], plain["approval_reasons"]) == (True, [])
    generous = offer(discounts={"interest": 40, "principal": 5}, installments=6)
    assert generous["approval_role"] == "supervisor"

    proposed = operator.rpc(
        "propose_agreement",
        proposal=generous["proposal"],
        proposal_hash=generous["proposal_hash"],
    )
    assert proposed["outcome"] == "pending_approval"
    supervisor.rpc("decide_agreement", agreement_id=proposed["agreement_id"], decision="approve")
    parts = operator.rows(
        "installments", agreement_id=f"eq.{proposed['agreement_id']}", order="number"
    )
    assert len(parts) == 6

    [asked] = operator.rpc("request_charges", installment_ids=[parts[0]["id"]], method="pix")

    def charge() -> dict[str, Any]:
        return operator.rows("charges", id=f"eq.{asked['charge_id']}")[0]

    wait_until(lambda: charge()["status"] == "open", seconds=30)
    sent = operator.rpc("send_charge", charge_id=asked["charge_id"])

    def message() -> dict[str, Any]:
        return operator.rows("message_logs", id=f"eq.{sent['message_id']}")[0]

    wait_until(lambda: message()["status"] == "read", seconds=30)
    assert charge()["pix_code"] in message()["body"]

    pay(operator, charge())  # the callback, the question, the payment: by themselves

    def part() -> dict[str, Any]:
        return operator.rows("installments", id=f"eq.{parts[0]['id']}")[0]

    wait_until(lambda: part()["status"] == "paid", seconds=30)
    [agreement] = operator.rows("agreements", id=f"eq.{proposed['agreement_id']}")
    assert agreement["status"] == "active"
    with owner(demo_stack) as connection:
        told = connection.execute(
            "select distinct event from realtime.messages where topic = %s", (f"client:{client}",)
        ).fetchall()
    changed = {"agreement_changed", "charge_changed", "installment_changed", "payment_changed"}
    assert changed | {"message_changed"} <= {event for (event,) in told}

    # The second is not paid: late, then broken, and the title is back at what is really owed.
    demo_clock.move(demo_stack.settings.data, 36)
    demo_clock.move(demo_stack.settings.data, 14)
    [agreement] = supervisor.rows("agreements", id=f"eq.{proposed['agreement_id']}")
    assert agreement["status"] == "broken"
    [debt] = operator.rows("debts", contract=f"eq.{EXAMPLE}")
    assert debt["status"] == "open"
    # Charges first, principal after: R$ 1.027,33 less what was paid stands as principal.
    assert debt["principal_cents"] - debt["abated_cents"] == 102_733 - part()["paid_cents"]


@pytest.mark.parametrize(("days", "says"), [(0, "a day at least"), (5, "`make up` first")])
def test_a_clock_that_cannot_be_moved_is_one_sentence(tmp_path: Path, days: int, says: str) -> None:
    with pytest.raises(StackError, match=says):
        demo_clock.move(tmp_path, days)


def test_the_second_agency_has_its_own_offers_and_sees_none_of_this(
    demo_stack: Stack, person: Callable[[str], Person]
) -> None:
    assert person("operador").rows("charges")
    stranger = Person(demo_stack, "admin@outra.test")
    for table in ("charges", "agreements", "installments", "payments", "message_logs"):
        assert stranger.rows(table) == []
    offers = {row["name"] for row in stranger.rows("agreement_templates")}
    assert offers == {"20% à vista", "Entrada + 3x"}
    stranger.http.close()
